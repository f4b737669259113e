//! Text that is too long for one section is cut into parts that are Markdown of their own.

use std::ops::Range;

use pulldown_cmark::{Event, Parser};

use super::lines::{LineCounter, count_lines, line_start, trim_blank_lines};
use super::outline::{OPTIONS, UnitKind, unit_kind};

/// Levels of quotes and lists that are opened to find a place to cut.
const DEPTH_MAX: usize = 4;
/// Characters that a forced cut steps back to find a word's beginning.
const STEP_BACK_MAX: usize = 200;

/// A part of a long text.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Part {
    /// Lines between the beginning of the whole and the part.
    pub(super) line: u32,
    /// Its Markdown.
    pub(super) text: String,
}

/// Cuts Markdown into parts of at most `limit` characters: between blocks and list items where
/// that will do, else between the lines of code, the rows of a table, sentences, words.
pub(super) fn cut(markdown: &str, limit: usize) -> Vec<Part> {
    let mut parts = Parts::default();
    parts.blocks(markdown, limit, 0, 0);
    parts.list
}

/// A block or list item with all that stands before the next one.
struct Block {
    kind: UnitKind,
    range: Range<usize>,
}

fn blocks(markdown: &str) -> Vec<Block> {
    let mut spans: Vec<(UnitKind, Range<usize>)> = Vec::new();
    let mut depth = 0_usize;
    let mut is_first_item = false;
    for (event, span) in Parser::new_ext(markdown, OPTIONS).into_offset_iter() {
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
            spans.push((kind, line_start(markdown, span.start)..span.end));
        }
    }
    let mut blocks: Vec<Block> = Vec::with_capacity(spans.len());
    let mut at = 0;
    for n in 0..=spans.len() {
        let start = spans.get(n).map_or(markdown.len(), |(_, span)| span.start);
        // What no block holds are the addresses of links; they go with the block before them.
        let has_text = !markdown[at..start.max(at)].trim().is_empty();
        match blocks.last_mut() {
            Some(last) if !has_text => last.range.end = start,
            _ if has_text => blocks.push(Block {
                kind: UnitKind::Html,
                range: at..start,
            }),
            _ => at = start,
        }
        if let Some((kind, span)) = spans.get(n) {
            blocks.push(Block {
                kind: *kind,
                range: span.clone(),
            });
            at = span.end;
        }
    }
    blocks
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
        for block in blocks(markdown) {
            let n_chars = n_chars(&markdown[trim_blank_lines(markdown, block.range.clone())]);
            if n_open > 0 && n_open + n_chars > limit {
                self.slice(markdown, open.clone(), line, &mut lines);
                n_open = 0;
            }
            if n_chars > limit {
                let start = line + lines.line(block.range.start) - 1;
                self.inside(
                    block.kind,
                    &markdown[block.range.clone()],
                    limit,
                    start,
                    depth,
                );
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
    fn inside(&mut self, kind: UnitKind, block: &str, limit: usize, line: u32, depth: usize) {
        let may_open = depth < DEPTH_MAX;
        match kind {
            UnitKind::FirstItem | UnitKind::Item if may_open => match item_content(block) {
                Some(content) => self.blocks(&content, limit, line, depth + 1),
                None => self.lines_and_words(block, limit, line),
            },
            UnitKind::Quote if may_open => self.quote(block, limit, line, depth),
            UnitKind::Code => self.code(block, limit, line),
            UnitKind::Table => self.table(block, limit, line),
            UnitKind::Paragraph => self.paragraph(block, limit, line),
            _ => self.lines_and_words(block, limit, line),
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
        let mut lines: Vec<&str> = block.trim_end().split('\n').collect();
        let opening = lines[0].trim();
        let mark = opening.chars().next().filter(|c| matches!(c, '`' | '~'));
        let Some(mark) = mark.filter(|_| !lines[0].starts_with("    ")) else {
            return self.rows(&lines, "", "", limit, line);
        };
        let n_marks = opening.chars().take_while(|c| *c == mark).count();
        let closing: String = std::iter::repeat_n(mark, n_marks).collect();
        let is_closed = lines.len() > 1
            && lines.last().is_some_and(|last| {
                last.trim().starts_with(&closing) && last.trim().chars().all(|c| c == mark)
            });
        lines.truncate(lines.len() - usize::from(is_closed));
        self.rows(
            &lines[1..],
            &format!("{}\n", lines[0].trim_end()),
            &format!("\n{closing}"),
            limit,
            line + 1,
        );
    }

    /// Cuts a table between its rows; each part has the head of the whole.
    fn table(&mut self, block: &str, limit: usize, line: u32) {
        let lines: Vec<&str> = block.trim_end().split('\n').collect();
        match lines.as_slice() {
            [head, rule, rows @ ..] => {
                self.rows(rows, &format!("{head}\n{rule}\n"), "", limit, line + 2);
            }
            _ => self.lines_and_words(block, limit, line),
        }
    }

    /// Packs lines into parts between `head` and `foot`. A line too long for that is cut at its
    /// words.
    fn rows(&mut self, lines: &[&str], head: &str, foot: &str, limit: usize, line: u32) {
        let n_around = n_chars(head) + n_chars(foot);
        if n_around * 2 > limit {
            let whole = format!("{head}{}{foot}", lines.join("\n"));
            let n_head = count_lines(head.as_bytes());
            return self.lines_and_words(&whole, limit, line - n_head);
        }
        let room = limit - n_around;
        let mut open = String::new();
        let mut n_open = 0;
        let mut first = line;
        for (row, line) in lines.iter().zip(line..) {
            let n_row = n_chars(row) + 1;
            if n_open + n_row > room && n_open > 0 {
                self.push(first, format!("{head}{}{foot}", open.trim_end()));
                open.clear();
                n_open = 0;
            }
            if n_row > room {
                for piece in split(row, room, Vec::new()) {
                    self.push(line, format!("{head}{}{foot}", row[piece].trim_end()));
                }
                continue;
            }
            if n_open == 0 {
                first = line;
            }
            open.push_str(row);
            open.push('\n');
            n_open += n_row;
        }
        if !open.trim().is_empty() {
            self.push(first, format!("{head}{}{foot}", open.trim_end()));
        }
    }

    /// Cuts a paragraph after a sentence, else after a line, else after a word; never inside a
    /// link, code or emphasis as long as there is another place.
    fn paragraph(&mut self, block: &str, limit: usize, line: u32) {
        let mut places = Vec::new();
        let mut depth = 0_usize;
        for (event, span) in Parser::new_ext(block, OPTIONS).into_offset_iter() {
            match event {
                Event::Start(_) => depth += 1,
                Event::End(_) => depth -= 1,
                Event::SoftBreak | Event::HardBreak if depth == 1 => {
                    places.push(span.start..span.end);
                }
                Event::Text(_) if depth == 1 => places.push(span),
                _ => {}
            }
        }
        let mut lines = LineCounter::new(block);
        for piece in split(block, limit, places) {
            self.slice(block, piece, line, &mut lines);
        }
    }

    fn lines_and_words(&mut self, block: &str, limit: usize, line: u32) {
        let mut lines = LineCounter::new(block);
        for piece in split(block, limit, Vec::new()) {
            self.slice(block, piece, line, &mut lines);
        }
    }
}

fn n_chars(text: &str) -> usize {
    text.chars().count()
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

/// Cuts text into pieces of at most `limit` characters. `places` are the stretches in which a cut
/// does no harm; where there are none, any white space will do.
fn split(text: &str, limit: usize, places: Vec<Range<usize>>) -> Vec<Range<usize>> {
    let is_free = places.is_empty();
    let places = if is_free {
        std::iter::once(0..text.len()).collect()
    } else {
        places
    };
    let mut splitter = Splitter::new(text, limit);
    for place in places {
        let mut from = place.start;
        while let Some(n) = text[from..place.end].find([' ', '\t', '\n']) {
            let blank = from + n;
            let next = text[blank..].trim_start_matches([' ', '\t', '\n']);
            let at = text.len() - next.len();
            from = at.min(place.end).max(blank + 1);
            let crosses_line = text[blank..at].contains('\n');
            if next.is_empty() || !(is_safe_start(next) || is_free && crosses_line) {
                continue;
            }
            // A cut keeps the indentation of the line that follows it.
            let at = if crosses_line {
                line_start(text, at)
            } else {
                at
            };
            let ends_sentence = text[..blank].ends_with(['.', '!', '?', '。', '！', '？']);
            let rank = match (ends_sentence, crosses_line) {
                (true, _) => 0,
                (_, true) => 1,
                _ => 2,
            };
            splitter.offer(at, rank);
        }
    }
    splitter.finish()
}

/// Whether text that starts like this is a paragraph rather than a list, a heading or a fence.
fn is_safe_start(text: &str) -> bool {
    let n_digits = text.bytes().take_while(u8::is_ascii_digit).count();
    match text[n_digits..].chars().next() {
        Some('.' | ')') if n_digits > 0 => false,
        Some(c) => n_digits > 0 || c.is_alphanumeric() || matches!(c, '(' | '"' | '\''),
        None => false,
    }
}

/// Chooses among the places offered, one piece after the other.
struct Splitter<'a> {
    text: &'a str,
    limit: usize,
    start: usize,
    /// Where the piece must end at the latest.
    window_end: usize,
    /// The last place offered of each rank; the lower the better.
    best: [usize; 3],
    pieces: Vec<Range<usize>>,
}

impl<'a> Splitter<'a> {
    fn new(text: &'a str, limit: usize) -> Self {
        let mut splitter = Self {
            text,
            limit: limit.max(1),
            start: 0,
            window_end: 0,
            best: [0; 3],
            pieces: Vec::new(),
        };
        splitter.window_end = splitter.window();
        splitter
    }

    fn window(&self) -> usize {
        self.text[self.start..]
            .char_indices()
            .nth(self.limit)
            .map_or(self.text.len(), |(at, _)| self.start + at)
    }

    fn offer(&mut self, at: usize, rank: usize) {
        while at > self.window_end {
            self.cut();
        }
        self.best[rank] = at;
    }

    fn cut(&mut self) {
        let middle = self.start + (self.window_end - self.start) / 2;
        let best = self.best;
        let at = best
            .into_iter()
            .find(|at| *at > middle)
            .or_else(|| best.into_iter().find(|at| *at > self.start))
            .unwrap_or_else(|| self.forced());
        self.pieces.push(self.start..at);
        self.start = at;
        self.window_end = self.window();
    }

    /// A place to cut where none was offered: before a letter if one is near.
    fn forced(&self) -> usize {
        let piece = &self.text[self.start..self.window_end];
        let mut near = piece.char_indices().rev().take(STEP_BACK_MAX);
        let mut after = self.text[self.window_end..].chars().next();
        let mut at = self.window_end;
        loop {
            let before = near.next();
            let at_word = after.is_some_and(char::is_alphabetic)
                && before.is_some_and(|(_, c)| !c.is_alphanumeric());
            match before {
                _ if at_word => return at,
                Some((n, c)) if n > 0 => {
                    at = self.start + n;
                    after = Some(c);
                }
                _ => return self.window_end,
            }
        }
    }

    fn finish(mut self) -> Vec<Range<usize>> {
        while self.window_end < self.text.len() {
            self.cut();
        }
        self.pieces.push(self.start..self.text.len());
        self.pieces
    }
}
