//! Pieces of chat Markdown laid out on pages, cut where it hurts least.

use super::run::{self, Line};
use super::text::{self, Inside};

/// UTF-16 units of the smallest page. What cannot be cut (a margin, fences, an address) fits.
pub const PAGE_UNITS_MIN: usize = 700;

/// A block of text or code, to be kept on one page if it can.
#[derive(Clone, Debug)]
pub struct Piece {
    /// An empty line stands before it.
    pub after_blank: bool,
    /// It must not be the last of a page: a heading.
    pub keeps_next: bool,
    content: Content,
}

#[derive(Clone, Debug)]
enum Content {
    Text(Text),
    Code(Code),
}

/// Lines of text with what they begin with.
#[derive(Clone, Debug)]
pub struct Text {
    /// The lines.
    pub lines: Vec<Line>,
    /// What the first line begins with: a margin and perhaps a bullet.
    pub first: String,
    /// What the other lines begin with.
    pub rest: String,
}

#[derive(Clone, Debug)]
struct Code {
    language: String,
    lines: Vec<String>,
    margin: &'static str,
}

impl Piece {
    /// A piece of text.
    #[must_use]
    pub fn of_text(text: Text) -> Self {
        Self {
            after_blank: false,
            keeps_next: false,
            content: Content::Text(text),
        }
    }

    /// A piece of code.
    #[must_use]
    pub fn of_code(language: &str, code: &str, margin: &'static str) -> Self {
        let named = !language.is_empty()
            && language.len() <= 20
            && language
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '#' | '-' | '_'));
        let parted = run::part_backticks(code, 2);
        let safe = text::calm(&parted, Inside::Code);
        let lines = safe.trim_end().lines().map(str::to_owned);
        Self {
            after_blank: false,
            keeps_next: false,
            content: Content::Code(Code {
                language: if named {
                    language.to_owned()
                } else {
                    String::new()
                },
                lines: lines.skip_while(|line| line.trim().is_empty()).collect(),
                margin,
            }),
        }
    }
}

/// The pieces on pages of at most `units_max` UTF-16 units (but at least [`PAGE_UNITS_MIN`]).
/// No page is empty.
#[must_use]
pub fn pages(pieces: Vec<Piece>, units_max: usize) -> Vec<String> {
    let units_max = units_max.max(PAGE_UNITS_MIN);
    let mut book = Book {
        units_max,
        done: Vec::new(),
        open: Vec::new(),
        open_units: 0,
    };
    for piece in pieces {
        let written = piece.content.write();
        if text::n_units(&written) <= units_max {
            book.push(written, piece.after_blank, piece.keeps_next);
            continue;
        }
        for (at, part) in piece.content.parts(units_max).into_iter().enumerate() {
            book.push(part, at == 0 && piece.after_blank, false);
        }
    }
    book.turn();
    book.done
}

struct Book {
    units_max: usize,
    done: Vec<String>,
    open: Vec<Written>,
    open_units: usize,
}

struct Written {
    text: String,
    after_blank: bool,
    keeps_next: bool,
}

impl Written {
    /// Units on the page, with the line ends before it.
    fn n_units(&self) -> usize {
        text::n_units(&self.text) + 2
    }
}

impl Book {
    fn push(&mut self, text: String, after_blank: bool, keeps_next: bool) {
        let written = Written {
            text,
            after_blank,
            keeps_next,
        };
        let n_units = written.n_units();
        // The first of a page has no line ends before it.
        if self.open_units + n_units > self.units_max + 2 {
            let headings = self.open.iter().rev().take_while(|last| last.keeps_next);
            let n_kept = self.open.len() - headings.count();
            let mut taken = if n_kept > 0 {
                self.open.split_off(n_kept)
            } else {
                Vec::new()
            };
            let taken_units: usize = taken.iter().map(Written::n_units).sum();
            if taken_units + n_units > self.units_max + 2 {
                self.open.append(&mut taken);
            }
            self.turn();
            self.open_units = taken.iter().map(Written::n_units).sum();
            self.open = taken;
        }
        self.open_units += n_units;
        self.open.push(written);
    }

    fn turn(&mut self) {
        let mut page = String::new();
        for written in self.open.drain(..) {
            if !page.is_empty() {
                page.push_str(if written.after_blank { "\n\n" } else { "\n" });
            }
            page.push_str(&written.text);
        }
        self.open_units = 0;
        if !page.trim().is_empty() {
            self.done.push(page);
        }
    }
}

impl Content {
    fn write(&self) -> String {
        match self {
            Self::Text(text) => text.write(),
            Self::Code(code) => code.write(&code.lines),
        }
    }

    /// The content in parts of at most `units_max`, each a whole of its own.
    fn parts(&self, units_max: usize) -> Vec<String> {
        match self {
            Self::Text(text) => text.parts(units_max),
            Self::Code(code) => code.parts(units_max),
        }
    }
}

impl Text {
    fn write(&self) -> String {
        let mut out = String::new();
        for (at, line) in self.lines.iter().enumerate() {
            if at > 0 {
                out.push('\n');
            }
            out.push_str(if at == 0 { &self.first } else { &self.rest });
            out.push_str(&run::write(line));
        }
        out
    }

    fn parts(&self, units_max: usize) -> Vec<String> {
        let mut parts = Vec::new();
        for (at, line) in self.lines.iter().enumerate() {
            let mut margin = if at == 0 { &self.first } else { &self.rest };
            let words = run::cut_into_words(line);
            let mut rest = words.as_slice();
            while !rest.is_empty() {
                let room = units_max.saturating_sub(text::n_units(margin));
                let n_words = fitting(rest, room);
                let (now, later) = rest.split_at(n_words);
                parts.push(format!("{margin}{}", run::write(now)));
                margin = &self.rest;
                rest = later;
            }
        }
        parts
    }
}

/// How many words fit, at least one.
fn fitting(words: &[run::Run], units_max: usize) -> usize {
    let fits = |n: usize| text::n_units(&run::write(&words[..n])) <= units_max;
    // Each word is a unit at least.
    let (mut fit, mut beyond) = (1, words.len().min(units_max) + 1);
    while beyond - fit > 1 {
        let middle = usize::midpoint(fit, beyond);
        if fits(middle) {
            fit = middle;
        } else {
            beyond = middle;
        }
    }
    fit
}

impl Code {
    fn write(&self, lines: &[String]) -> String {
        let margin = self.margin;
        let mut out = format!("{margin}```{}\n", self.language);
        for line in lines {
            out.push_str(&format!("{margin}{line}\n"));
        }
        out.push_str(&format!("{margin}```"));
        out
    }

    fn parts(&self, units_max: usize) -> Vec<String> {
        let room = units_max - text::n_units(&self.write(&[]));
        let line_units_max = room - 1 - self.margin.len();
        let mut parts = Vec::new();
        let mut open: Vec<String> = Vec::new();
        let mut open_units = 0;
        for line in self
            .lines
            .iter()
            .flat_map(|line| chopped(line, line_units_max))
        {
            let n_units = text::n_units(&line) + 1 + self.margin.len();
            if open_units + n_units > room {
                parts.push(self.write(&open));
                open.clear();
                open_units = 0;
            }
            open_units += n_units;
            open.push(line);
        }
        if open.iter().any(|line| !line.trim().is_empty()) {
            parts.push(self.write(&open));
        }
        parts
    }
}

/// The line in pieces of at most `units_max`.
fn chopped(line: &str, units_max: usize) -> Vec<String> {
    let mut out = vec![String::new()];
    let mut units = 0;
    for c in line.chars() {
        units += c.len_utf16();
        if units > units_max {
            out.push(String::new());
            units = c.len_utf16();
        }
        if let Some(last) = out.last_mut() {
            last.push(c);
        }
    }
    out
}
