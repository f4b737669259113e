//! A file without headings becomes sections that are named by their first lines.

use std::ops::Range;

use pulldown_cmark::{Event, Parser};

use super::lines::{line_end, trim_blank_lines};
use super::outline::{OPTIONS, Stretch, Unit, UnitKind};

/// Bytes below which a section takes its neighbour in, unless a title stands between them.
const CHUNK_MIN: usize = 200;
/// Bytes above which a section takes no neighbour in.
const CHUNK_MAX: usize = 1_500;
/// Characters of a section's name.
const NAME_MAX: usize = 80;

/// A section in the making.
#[derive(Debug)]
pub(super) struct Chunk {
    pub(super) name: String,
    /// Where it starts, its title included.
    pub(super) start: usize,
    /// Its text, without the line that became its title.
    pub(super) body: Range<usize>,
}

/// Cuts the text at its blocks and top-level list items.
///
/// A line that looks like a title starts a section and holds all that follows up to the next
/// title. Elsewhere small neighbours are grouped until they are worth reading.
pub(super) fn chunks(text: &str, stretch: &Stretch) -> Vec<Chunk> {
    let mut chunks: Vec<Chunk> = Vec::new();
    let mut is_titled = false;
    for (n, unit) in stretch.units.iter().enumerate() {
        let next = stretch.units.get(n + 1);
        let end = next.map_or(stretch.body.end, |next| next.start);
        let title = title(text, unit.start..end, *unit, next);
        let may_join = match chunks.last() {
            None => false,
            Some(_) if title.is_some() => false,
            Some(_) if is_titled => true,
            Some(chunk) => {
                let len = chunk.body.len();
                len < CHUNK_MIN
                    || (len + (end - unit.start) <= CHUNK_MAX && !is_tree(text, *unit, end))
            }
        };
        match chunks.last_mut() {
            Some(chunk) if may_join => chunk.body.end = end,
            _ => {
                // Text before the first block, such as a link's address, goes with that block.
                let start = if chunks.is_empty() {
                    stretch.body.start
                } else {
                    unit.start
                };
                is_titled = title.is_some();
                let body = match title {
                    Some(_) => line_end(text, unit.start)..end,
                    None => start..end,
                };
                let name = title.unwrap_or_else(|| first_words(&text[body.clone()]));
                chunks.push(Chunk { name, start, body });
            }
        }
    }
    for chunk in &mut chunks {
        chunk.start = trim_blank_lines(text, chunk.start..chunk.body.end).start;
    }
    chunks
}

/// The words of a unit that looks like a title: one short line right above a list, a table or
/// code, or one line all in bold.
fn title(text: &str, range: Range<usize>, unit: Unit, next: Option<&Unit>) -> Option<String> {
    let line = text[range].trim();
    if unit.kind != UnitKind::Paragraph || line.len() > 4 * NAME_MAX || line.contains('\n') {
        return None;
    }
    let leads = next.is_some_and(|next| {
        matches!(
            next.kind,
            UnitKind::FirstItem | UnitKind::Table | UnitKind::Code
        )
    });
    let is_bold = line.len() > 4
        && ["**", "__"].iter().any(|mark| {
            line.strip_prefix(mark)
                .and_then(|rest| rest.strip_suffix(mark))
                .is_some_and(|inner| !inner.contains(mark))
        });
    if !(leads || is_bold) || line.ends_with(['.', '!', ',', ';']) {
        return None;
    }
    let words = plain_words(line.trim_end_matches(':'));
    let n_chars = words.chars().count();
    (1..=NAME_MAX).contains(&n_chars).then_some(words)
}

/// Whether the unit is a list item with more below its first line.
fn is_tree(text: &str, unit: Unit, end: usize) -> bool {
    matches!(unit.kind, UnitKind::FirstItem | UnitKind::Item)
        && text[unit.start..end].trim().contains('\n')
}

/// The first line that has words, cut at a word.
fn first_words(markdown: &str) -> String {
    for line in markdown.lines().take(20) {
        let head = match line.char_indices().nth(6 * NAME_MAX) {
            Some((at, _)) => &line[..at],
            None => line,
        };
        let words = plain_words(head.trim_start_matches(['|', ' ', '\t']));
        if words.chars().any(char::is_alphanumeric) {
            return shorten(&words);
        }
    }
    String::new()
}

/// What a reader sees of one line of Markdown.
fn plain_words(line: &str) -> String {
    let mut words = String::new();
    for event in Parser::new_ext(line, OPTIONS) {
        match event {
            Event::Text(text) | Event::Code(text) => words.push_str(&text),
            Event::SoftBreak | Event::HardBreak => words.push(' '),
            _ => {}
        }
    }
    words.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn shorten(words: &str) -> String {
    let Some((limit, _)) = words.char_indices().nth(NAME_MAX) else {
        return words.trim_end_matches([':', ' ']).to_owned();
    };
    let at_word_end = words[limit..].starts_with(' ').then_some(limit);
    let last_space = || words[..limit].rfind(' ').filter(|at| *at > limit / 2);
    let cut = at_word_end.or_else(last_space).unwrap_or(limit);
    let name = words[..cut].trim_end_matches(['.', ',', ';', ':', ' ']);
    format!("{name}…")
}
