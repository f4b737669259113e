//! A section's Markdown becomes the Markdown that a chat can show, in pages.

use studyhall_index::blocks::{Block, Item, blocks};

use super::link::Site;
use super::page::{self, Piece, Text};
use super::run::{self, Line, Run, Style};
use super::{table, text};

/// Levels of lists that are indented; deeper ones stand on the last of them.
const INDENT_LEVELS_MAX: usize = 5;
/// Levels of blocks in blocks that are followed; what lies deeper is left out.
const DEPTH_MAX: usize = 64;

/// The pages of a text, each at most `units_max` UTF-16 units and none empty. A text that shows
/// nothing has no pages.
#[must_use]
pub fn pages(markdown: &str, site: &Site<'_>, units_max: usize) -> Vec<String> {
    block_pages(&blocks(markdown), site, units_max)
}

/// As [`pages`], for a text that has been read.
#[must_use]
pub fn block_pages(blocks: &[Block], site: &Site<'_>, units_max: usize) -> Vec<String> {
    let mut pieces = Pieces {
        site,
        done: Vec::new(),
    };
    pieces.push_all(blocks, &Around::default(), 0);
    page::pages(pieces.done, units_max)
}

/// The pages of a sentence, list item or table row as a block quote.
#[must_use]
pub fn quote_pages(markdown: &str, site: &Site<'_>, units_max: usize) -> Vec<String> {
    let quoted = match one_item(blocks(markdown)) {
        Ok(item) => item.blocks,
        Err(blocks) => blocks,
    };
    block_pages(&[Block::Quote(quoted)], site, units_max)
}

/// The only item of the only list, where that is all there is.
fn one_item(mut blocks: Vec<Block>) -> Result<Item, Vec<Block>> {
    match blocks.as_mut_slice() {
        [Block::List { items, .. }] if items.len() == 1 => items.pop().ok_or(blocks),
        _ => Err(blocks),
    }
}

/// What a block stands in.
#[derive(Clone, Debug, Default)]
struct Around {
    in_quote: bool,
    list_level: usize,
}

impl Around {
    /// What every line begins with.
    fn margin(&self) -> String {
        let quote = if self.in_quote { "> " } else { "" };
        let level = self.list_level.min(INDENT_LEVELS_MAX);
        format!("{quote}{}", "  ".repeat(level))
    }

    fn is_top(&self) -> bool {
        !self.in_quote && self.list_level == 0
    }
}

struct Pieces<'a> {
    site: &'a Site<'a>,
    done: Vec<Piece>,
}

impl Pieces<'_> {
    fn push_all(&mut self, blocks: &[Block], around: &Around, depth: usize) {
        if depth > DEPTH_MAX {
            return;
        }
        for block in blocks {
            let first = self.done.len();
            self.push(block, around, depth);
            if around.is_top()
                && let Some(piece) = self.done.get_mut(first)
            {
                piece.after_blank = true;
            }
        }
    }

    fn push(&mut self, block: &Block, around: &Around, depth: usize) {
        match block {
            Block::Heading { text, .. } => {
                let strong = Style {
                    strong: true,
                    ..Style::default()
                };
                let lines = run::styled_lines(text, &strong, self.site);
                self.push_lines(lines, around, &around.margin());
                if let Some(piece) = self.done.last_mut() {
                    piece.keeps_next = true;
                }
            }
            Block::Paragraph(text) => {
                self.push_lines(run::lines(text, self.site), around, &around.margin());
            }
            Block::Html(html) => {
                self.push_lines(run::html_lines(html, self.site), around, &around.margin());
            }
            Block::List { start, items } => self.push_list(*start, items, around, depth),
            Block::Quote(blocks) => {
                let quoted = Around {
                    in_quote: true,
                    ..around.clone()
                };
                self.push_all(blocks, &quoted, depth + 1);
            }
            Block::Code { language, text } => self.push_code(language, text, around),
            Block::Table { head, rows } => {
                if let Some(shown) = table::shown(head, rows, self.site) {
                    self.push(&shown, around, depth + 1);
                }
            }
            Block::Rule => {
                let rule = vec![Run {
                    text: "───".to_owned(),
                    style: Style::default(),
                }];
                self.push_lines(vec![rule], around, &around.margin());
            }
        }
    }

    fn push_lines(&mut self, lines: Vec<Line>, around: &Around, first: &str) {
        if lines.is_empty() {
            return;
        }
        let rest = around.margin();
        self.done.push(Piece::of_text(Text {
            lines,
            first: first.to_owned(),
            rest,
        }));
    }

    fn push_code(&mut self, language: &str, code: &str, around: &Around) {
        let code = text::clean(code);
        if code.trim().is_empty() {
            return;
        }
        let margin = if around.in_quote { "> " } else { "" };
        self.done.push(Piece::of_code(language, &code, margin));
    }

    fn push_list(&mut self, start: Option<u64>, items: &[Item], around: &Around, depth: usize) {
        let mut number = start;
        for item in items {
            let mark = match number {
                Some(number) => format!("{number}. "),
                None => "- ".to_owned(),
            };
            number = number.map(|number| number.saturating_add(1));
            let bullet = match item.checked {
                None => mark,
                Some(true) => format!("{mark}☑ "),
                Some(false) => format!("{mark}☐ "),
            };
            self.push_item(item, &bullet, around, depth);
        }
    }

    /// The first paragraph stands behind the bullet, the other blocks below it.
    fn push_item(&mut self, item: &Item, bullet: &str, around: &Around, depth: usize) {
        let first = format!("{}{bullet}", around.margin());
        let inside = Around {
            list_level: around.list_level + 1,
            ..around.clone()
        };
        let mut rest = item.blocks.as_slice();
        let lines = match rest.first() {
            Some(Block::Paragraph(text)) => run::lines(text, self.site),
            Some(Block::Heading { text, .. }) => {
                let strong = Style {
                    strong: true,
                    ..Style::default()
                };
                run::styled_lines(text, &strong, self.site)
            }
            _ => Vec::new(),
        };
        if !lines.is_empty() {
            rest = &rest[1..];
            self.push_lines(lines, &inside, &first);
        } else if item.checked.is_some() {
            self.push_lines(vec![vec![placeholder()]], &inside, &first);
        }
        self.push_all(rest, &inside, depth + 1);
    }
}

/// Stands for a task without words, so that its box is seen.
fn placeholder() -> Run {
    Run {
        text: "…".to_owned(),
        style: Style::default(),
    }
}
