//! Tables, which a chat cannot show: small ones become columns of code, others lists.

use studyhall_index::blocks::{Block, Inline, Item};
use unicode_width::UnicodeWidthStr;

use super::link::Site;
use super::run;
use super::text;

/// Columns of a screen that a table of code may fill, at most: what a telephone shows.
pub const WIDTH_MAX: usize = 60;
/// Stands between two columns.
const GAP: &str = "  ";

type Cells = [Vec<Inline>];

/// A table as the chat can show it.
#[must_use]
pub fn shown(head: &Cells, rows: &[Vec<Vec<Inline>>], site: &Site<'_>) -> Option<Block> {
    if head.iter().all(Vec::is_empty) && rows.iter().flatten().all(Vec::is_empty) {
        return None;
    }
    let linked = head
        .iter()
        .chain(rows.iter().flatten())
        .any(|cell| leads_on(cell));
    let columns = if linked {
        None
    } else {
        columns(head, rows, site)
    };
    Some(match columns {
        Some(text) => Block::Code {
            language: String::new(),
            text,
        },
        None => list(head, rows, site),
    })
}

/// The cells one below the other, or none where they need more than [`WIDTH_MAX`].
fn columns(head: &Cells, rows: &[Vec<Vec<Inline>>], site: &Site<'_>) -> Option<String> {
    let words = |cells: &Cells| -> Vec<String> {
        cells.iter().map(|cell| run::words(cell, site)).collect()
    };
    let head = words(head);
    let rows: Vec<Vec<String>> = rows.iter().map(|row| words(row)).collect();
    let n_columns = rows.iter().map(Vec::len).max().unwrap_or(0).max(head.len());
    let mut widths = vec![1; n_columns];
    for cells in rows.iter().chain([&head]) {
        for (width, cell) in widths.iter_mut().zip(cells) {
            *width = (*width).max(cell.width());
        }
        if cells.iter().any(|cell| text::n_units(cell) > 4 * WIDTH_MAX) {
            return None;
        }
    }
    let total = widths.iter().sum::<usize>() + GAP.len() * n_columns.saturating_sub(1);
    if total > WIDTH_MAX {
        return None;
    }
    let line = |cells: &[String]| -> String {
        let mut line = String::new();
        for (column, width) in widths.iter().enumerate() {
            let cell = cells.get(column).map_or("", String::as_str);
            let padding = width.saturating_sub(cell.width());
            line.push_str(&format!("{cell}{}{GAP}", " ".repeat(padding)));
        }
        line.trim_end().to_owned()
    };
    let mut lines = Vec::with_capacity(rows.len() + 2);
    if head.iter().any(|cell| !cell.is_empty()) {
        lines.push(line(&head));
        lines.push("─".repeat(total));
    }
    lines.extend(rows.iter().map(|row| line(row)));
    Some(lines.join("\n"))
}

/// One item a row; its cells below each other, each behind the head of its column.
fn list(head: &Cells, rows: &[Vec<Vec<Inline>>], site: &Site<'_>) -> Block {
    let says = |cell: &[Inline]| !run::words(cell, site).is_empty();
    if rows.is_empty() {
        let cells = head.iter().filter(|cell| says(cell));
        return bullets(cells.map(|cell| paragraph(cell.clone())).collect());
    }
    let mut items = Vec::with_capacity(rows.len());
    for row in rows {
        let said = row.iter().enumerate().filter(|(_, cell)| says(cell));
        let mut cells = said.map(|(column, cell)| match head.get(column) {
            Some(name) if says(name) => labelled(name, cell),
            Some(_) | None => cell.clone(),
        });
        let Some(first) = cells.next() else { continue };
        let rest: Vec<Item> = cells.map(paragraph).collect();
        let mut item = paragraph(first);
        if !rest.is_empty() {
            item.blocks.push(bullets(rest));
        }
        items.push(item);
    }
    bullets(items)
}

fn labelled(name: &[Inline], cell: &[Inline]) -> Vec<Inline> {
    let mut labelled = vec![Inline::Strong(name.to_vec()), Inline::Text(": ".to_owned())];
    labelled.extend_from_slice(cell);
    labelled
}

fn paragraph(text: Vec<Inline>) -> Item {
    Item {
        checked: None,
        blocks: vec![Block::Paragraph(text)],
    }
}

fn bullets(items: Vec<Item>) -> Block {
    Block::List { start: None, items }
}

fn leads_on(cell: &[Inline]) -> bool {
    cell.iter().any(|inline| match inline {
        Inline::Link { .. } | Inline::Image { .. } => true,
        Inline::Strong(inner) | Inline::Emphasis(inner) | Inline::Strike(inner) => leads_on(inner),
        Inline::Text(_) | Inline::Code(_) | Inline::Html(_) | Inline::Break => false,
    })
}
