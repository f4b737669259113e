//! Text that is too long for one section is cut into parts that are Markdown of their own.

use std::ops::Range;

use pulldown_cmark::{Event, Parser};

use super::lines::{LineCounter, count_lines, line_end, line_start, trim_blank_lines};
use super::outline::{OPTIONS, UnitKind, unit_kind};
use super::split::split;

/// Levels of quotes and lists that are opened to find a place to cut.
const DEPTH_MAX: usize = 4;

/// A part of a long text.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Part {
    /// Lines between the beginning of the whole and the part.
    pub(super) line: u32,
    /// Its Markdown.
    pub(super) text: String,
}

/// Cuts Markdown into parts of at most `limit` characters, one at least: between blocks and list
/// items where that will do, else between the lines of code, the rows of a table, sentences, words.
pub(super) fn cut(markdown: &str, limit: usize) -> Vec<Part> {
    let mut parts = Parts::default();
    parts.blocks(markdown, limit, 0, 0);
    if parts.list.is_empty() {
        parts.list.push(Part::default());
    }
    parts.list
}

/// A block or list item with all that stands before the next one.
struct Block {
    kind: UnitKind,
    range: Range<usize>,
    /// Where a paragraph that is too long may be cut, counted from its start.
    places: Vec<Range<usize>>,
}

/// The blocks of the text, in which paragraphs of more than `limit` bytes have their places.
fn blocks(markdown: &str, limit: usize) -> Vec<Block> {
    if let Some(kind) = only_block(markdown) {
        return vec![Block {
            kind,
            range: 0..markdown.len(),
            places: Vec::new(),
        }];
    }
    let mut found: Vec<Block> = Vec::new();
    let mut depth = 0_usize;
    let mut is_first_item = false;
    let mut is_long_paragraph = false;
    for (event, span) in Parser::new_ext(markdown, OPTIONS).into_offset_iter() {
        let is_place = matches!(
            event,
            Event::Text(_) | Event::SoftBreak | Event::HardBreak if is_long_paragraph && depth == 1
        );
        let kind = match event {
            Event::Start(tag) => {
                let kind = unit_kind(&tag, depth, &mut is_first_item);
                depth += 1;
                kind
            }
            Event::End(_) => {
                depth -= 1;
                None
            }
            Event::Rule if depth == 0 => Some(UnitKind::Other),
            _ => None,
        };
        if let Some(kind) = kind {
            let range = line_start(markdown, span.start)..span.end;
            is_long_paragraph = kind == UnitKind::Paragraph && range.len() > limit;
            found.push(Block {
                kind,
                range,
                places: Vec::new(),
            });
        } else if let Some(block) = found.last_mut().filter(|_| is_place) {
            let start = block.range.start;
            block.places.push(span.start - start..span.end - start);
        }
    }
    with_the_rest(markdown, found)
}

/// The blocks, and with them what no block holds, such as the addresses of links.
fn with_the_rest(markdown: &str, found: Vec<Block>) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::with_capacity(found.len());
    let mut at = 0;
    let mut found = found.into_iter();
    loop {
        let next = found.next();
        let start = next
            .as_ref()
            .map_or(markdown.len(), |next| next.range.start);
        let has_text = !markdown[at..start.max(at)].trim().is_empty();
        match blocks.last_mut() {
            Some(last) if !has_text => last.range.end = start,
            _ if has_text => blocks.push(Block {
                kind: UnitKind::Html,
                range: at..start,
                places: Vec::new(),
            }),
            _ => {}
        }
        let Some(block) = next else {
            return blocks;
        };
        at = block.range.end;
        blocks.push(block);
    }
}

/// The kind of the only block, where that can be told without reading: all lines are of one quote,
/// or the only line is a list item or has no marks at all. So opening what nests deep costs little.
fn only_block(markdown: &str) -> Option<UnitKind> {
    let markdown = markdown.trim_end_matches('\n');
    let is_quote_line = |line: &str| unindented(line).is_some_and(|line| line.starts_with('>'));
    if !markdown.is_empty() && markdown.split('\n').all(is_quote_line) {
        return Some(UnitKind::Quote);
    }
    if markdown.starts_with(char::is_alphabetic) && has_no_marks(markdown) {
        return Some(UnitKind::Paragraph);
    }
    let mark = item_mark(unindented(markdown)?)?;
    let is_rule = markdown
        .bytes()
        .all(|byte| matches!(byte, b' ' | b'\t') || mark == [byte]);
    (!is_rule && !markdown.contains('\n')).then_some(UnitKind::FirstItem)
}

/// Whether no byte means something to Markdown inside a line, nor ends the line.
fn has_no_marks(text: &str) -> bool {
    let is_plain = |byte: u8| {
        let is_punctuation = (b'\''..=b';').contains(&byte) & (byte != b'*');
        let is_other = (byte == b' ') | (byte == b'?') | !byte.is_ascii();
        is_punctuation | is_other | byte.is_ascii_alphabetic()
    };
    // Whole chunks are looked at without a branch, which the compiler makes fast.
    let mut chunks = text.as_bytes().chunks(256);
    chunks.all(|chunk| chunk.iter().fold(true, |all, byte| all & is_plain(*byte)))
}

/// The line without the spaces before it, unless they are so many that they make code of it.
fn unindented(line: &str) -> Option<&str> {
    let unindented = line.trim_start_matches(' ');
    (line.len() - unindented.len() <= 3 && !unindented.starts_with('\t')).then_some(unindented)
}

/// The mark that makes a list item of this line.
fn item_mark(line: &str) -> Option<&[u8]> {
    let bytes = line.as_bytes();
    let n_digits = bytes
        .iter()
        .take_while(|byte| byte.is_ascii_digit())
        .count();
    let is_mark = matches!(
        (n_digits, bytes.get(n_digits)?),
        (0, b'-' | b'+' | b'*') | (1..=9, b'.' | b')')
    );
    let is_apart = matches!(bytes.get(n_digits + 1), Some(b' ' | b'\t'));
    (is_mark && is_apart).then_some(&bytes[..=n_digits])
}

#[derive(Default)]
struct Parts {
    list: Vec<Part>,
}

impl Parts {
    fn push(&mut self, line: u32, text: String) {
        if !text.trim().is_empty() {
            self.list.push(Part { line, text });
        }
    }

    /// Packs whole blocks into parts, and opens the blocks that are too long.
    fn blocks(&mut self, markdown: &str, limit: usize, line: u32, depth: usize) {
        let mut lines = LineCounter::new(markdown);
        let mut open = 0..0;
        let mut n_open = 0;
        for block in blocks(markdown, limit) {
            let n_chars = n_chars(&markdown[trim_blank_lines(markdown, block.range.clone())]);
            if n_open > 0 && n_open + n_chars > limit {
                self.slice(markdown, open.clone(), line, &mut lines);
                n_open = 0;
            }
            if n_chars > limit {
                let start = line + lines.line(block.range.start) - 1;
                self.inside(block, markdown, limit, start, depth);
                continue;
            }
            if n_open == 0 {
                open.start = block.range.start;
            }
            open.end = block.range.end;
            n_open += self::n_chars(&markdown[block.range]);
        }
        if n_open > 0 {
            self.slice(markdown, open, line, &mut lines);
        }
    }

    fn slice(
        &mut self,
        markdown: &str,
        range: Range<usize>,
        line: u32,
        lines: &mut LineCounter<'_>,
    ) {
        let range = trim_blank_lines(markdown, range);
        let line = line + lines.line(range.start) - 1;
        self.push(line, markdown[range].to_owned());
    }

    /// Cuts one block that is too long.
    fn inside(&mut self, block: Block, markdown: &str, limit: usize, line: u32, depth: usize) {
        let may_open = depth < DEPTH_MAX;
        let text = &markdown[block.range];
        match block.kind {
            UnitKind::FirstItem | UnitKind::Item if may_open => match item_content(text) {
                Some(content) => self.blocks(&content, limit, line, depth + 1),
                None => self.pieces(text, Vec::new(), limit, line),
            },
            UnitKind::Quote if may_open => self.quote(text, limit, line, depth),
            UnitKind::Code => self.code(text, limit, line),
            UnitKind::Table => self.table(text, limit, line),
            _ => self.pieces(text, block.places, limit, line),
        }
    }

    fn quote(&mut self, block: &str, limit: usize, line: u32, depth: usize) {
        let content: String = block
            .split_inclusive('\n')
            .map(|line| {
                let inner = line.trim_start_matches(' ').strip_prefix('>');
                inner.map_or(line, |inner| inner.strip_prefix(' ').unwrap_or(inner))
            })
            .collect();
        let first = self.list.len();
        // Two characters come back before each line, which doubles the shortest lines.
        self.blocks(&content, limit / 2, line, depth + 1);
        for part in &mut self.list[first..] {
            let lines: Vec<_> = part.text.lines().map(|line| format!("> {line}")).collect();
            part.text = lines.join("\n");
        }
    }

    /// Cuts code between its lines; each part has the fences of the whole.
    fn code(&mut self, block: &str, limit: usize, line: u32) {
        let block = block.trim_end();
        let (first, rest) = block.split_once('\n').unwrap_or((block, ""));
        let opening = first.trim();
        let mark = opening.chars().next().filter(|c| matches!(c, '`' | '~'));
        let Some(mark) = mark.filter(|_| !first.starts_with("    ")) else {
            return self.rows(block, "", "", limit, line);
        };
        let n_marks = opening.chars().take_while(|c| *c == mark).count();
        let closing: String = std::iter::repeat_n(mark, n_marks).collect();
        let (before_last, last) = rest.rsplit_once('\n').unwrap_or(("", rest));
        let is_closed = last.trim().starts_with(&closing) && last.trim().chars().all(|c| c == mark);
        self.rows(
            if is_closed { before_last } else { rest },
            &format!("{}\n", first.trim_end()),
            &format!("\n{closing}"),
            limit,
            line + 1,
        );
    }

    /// Cuts a table between its rows; each part has the head of the whole.
    fn table(&mut self, block: &str, limit: usize, line: u32) {
        let block = block.trim_end();
        let head_end = line_end(block, line_end(block, 0));
        let (head, rows) = block.split_at(head_end);
        if head.bytes().filter(|byte| *byte == b'\n').count() < 2 {
            return self.pieces(block, Vec::new(), limit, line);
        }
        self.rows(rows, head, "", limit, line + 2);
    }

    /// Packs lines into parts between `head` and `foot`. A line too long for that is cut at its
    /// words.
    fn rows(&mut self, lines: &str, head: &str, foot: &str, limit: usize, line: u32) {
        let n_around = n_chars(head) + n_chars(foot);
        if n_around * 2 > limit {
            let whole = format!("{head}{lines}{foot}");
            let n_head = count_lines(head.as_bytes());
            return self.pieces(&whole, Vec::new(), limit, line - n_head);
        }
        let room = limit - n_around;
        let mut rest = lines;
        let mut line = line;
        while !rest.is_empty() {
            let (rows, after) = leading_rows(rest, room);
            let is_last = after.is_empty() && n_chars(rows) < room;
            if rows.is_empty() {
                let end = line_end(rest, 0);
                let row = rest[..end].trim_end_matches('\n');
                for piece in split(row, room, Vec::new()) {
                    self.push(line, format!("{head}{}{foot}", row[piece].trim_end()));
                }
                rest = &rest[end..];
                line += 1;
                continue;
            }
            let text = rows.trim_end();
            if !(is_last && text.trim().is_empty()) {
                self.push(line, format!("{head}{text}{foot}"));
            }
            line += count_lines(rows.as_bytes());
            rest = after;
        }
    }

    /// Cuts text after a sentence, else after a line, else after a word; where there are places
    /// for that, only there: never inside a link, code or emphasis as long as there is another.
    fn pieces(&mut self, block: &str, places: Vec<Range<usize>>, limit: usize, line: u32) {
        let mut lines = LineCounter::new(block);
        for piece in split(block, limit, places) {
            self.slice(block, piece, line, &mut lines);
        }
    }
}

fn n_chars(text: &str) -> usize {
    text.chars().count()
}

/// The whole lines that fit into `room` characters, their ends included, and what follows them.
fn leading_rows(lines: &str, room: usize) -> (&str, &str) {
    let mut chars = lines.chars();
    if room > 0 && chars.nth(room - 1).is_none() {
        return (lines, "");
    }
    let window = &lines[..lines.len() - chars.as_str().len()];
    lines.split_at(window.rfind('\n').map_or(0, |at| at + 1))
}

/// What an item holds, moved to the left margin line by line.
fn item_content(block: &str) -> Option<String> {
    let (first, rest) = block.split_once('\n').unwrap_or((block, ""));
    let indent = first.len() - first.trim_start_matches(' ').len();
    let after_indent = &first[indent..];
    let n_digits = after_indent.bytes().take_while(u8::is_ascii_digit).count();
    let mark = after_indent[n_digits..].chars().next()?;
    let is_mark = match n_digits {
        0 => matches!(mark, '-' | '+' | '*'),
        _ => matches!(mark, '.' | ')'),
    };
    if !is_mark {
        return None;
    }
    let marker_end = indent + n_digits + 1;
    let text = first[marker_end..].trim_start();
    let mut column = marker_end;
    for c in first[marker_end..first.len() - text.len()].chars() {
        column += if c == '\t' { 4 - column % 4 } else { 1 };
    }
    if text.is_empty() || column > marker_end + 4 {
        column = marker_end + 1;
    }
    let text = ["[ ] ", "[x] ", "[X] "]
        .iter()
        .find_map(|mark| text.strip_prefix(mark))
        .unwrap_or(text);
    let mut content = String::with_capacity(block.len());
    content.push_str(text);
    for line in rest.split('\n') {
        content.push('\n');
        dedent(line, column, &mut content);
    }
    Some(content)
}

/// Takes up to `columns` of white space off the line.
fn dedent(line: &str, columns: usize, out: &mut String) {
    let mut column = 0;
    let mut at = 0;
    for byte in line.bytes() {
        let width = match byte {
            b' ' => 1,
            b'\t' => 4 - column % 4,
            _ => break,
        };
        if column >= columns {
            break;
        }
        column += width;
        at += 1;
    }
    out.extend(std::iter::repeat_n(' ', column.saturating_sub(columns)));
    out.push_str(&line[at..]);
}
