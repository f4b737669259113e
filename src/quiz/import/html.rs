//! HTML in imported texts, as Markdown.

use std::fmt::Write;

use studyhall_index::blocks::{Block, Inline, blocks};

use super::markdown;

/// Characters between the `&` and the `;` of an entity, at most.
const ENTITY_MAX: usize = 32;

/// A piece of a line in one style.
#[derive(Default)]
struct Run {
    text: String,
    strong: bool,
    emphasis: bool,
    code: bool,
}

/// A line, or a block of code.
enum Piece {
    Line { item: bool, runs: Vec<Run> },
    Code(String),
}

/// HTML as Markdown: lines, lists, emphasis and code are kept, other marks are dropped. What is no
/// mark of HTML is text.
pub(super) fn to_markdown(html: &str) -> String {
    let mut reader = Reader {
        pieces: Vec::new(),
        strong: 0,
        emphasis: 0,
        code: 0,
        pre: false,
        address: None,
    };
    let mut rest = html;
    // Where no `>` or `-->` follows there is no mark either, and none is looked for again.
    let (mut has_end, mut has_comment_end) = (true, true);
    while let Some(at) = rest.find('<') {
        reader.text(&rest[..at]);
        rest = &rest[at..];
        if let Some(comment) = rest.strip_prefix("<!--").filter(|_| has_comment_end) {
            match comment.find("-->") {
                Some(end) => rest = &comment[end + 3..],
                None => {
                    reader.text("<");
                    rest = &rest[1..];
                    has_comment_end = false;
                }
            }
            continue;
        }
        let name = name(rest);
        let end = (has_end && is_known(&name)).then(|| rest.find('>'));
        match end {
            Some(Some(end)) => {
                reader.tag(&name, &rest[1..end]);
                rest = &rest[end + 1..];
            }
            no_end => {
                has_end &= no_end.is_none();
                reader.text("<");
                rest = &rest[1..];
            }
        }
    }
    reader.text(rest);
    written(&reader.pieces)
}

/// The text with the entities of HTML as what they stand for.
pub(super) fn read_entities(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find('&') {
        out.push_str(&rest[..start]);
        rest = &rest[start..];
        let end = rest.bytes().take(ENTITY_MAX).position(|b| b == b';');
        let known = end.and_then(|end| entity(&rest[..=end]).map(|known| (known, end + 1)));
        match known {
            Some((known, n_bytes)) => {
                out.push_str(&known);
                rest = &rest[n_bytes..];
            }
            None => {
                out.push('&');
                rest = &rest[1..];
            }
        }
    }
    out.push_str(rest);
    out
}

/// What `&…;` stands for. Those that are met all the time are told here, the others by whoever
/// reads Markdown, which has all of HTML's.
fn entity(entity: &str) -> Option<String> {
    let known = match entity {
        "&amp;" => "&",
        "&lt;" => "<",
        "&gt;" => ">",
        "&quot;" => "\"",
        "&#039;" | "&#39;" | "&apos;" => "'",
        "&nbsp;" => "\u{a0}",
        _ => {
            let is_named = |b: u8| b.is_ascii_alphanumeric() || b == b'#';
            let name = &entity[1..entity.len() - 1];
            if name.is_empty() || !name.bytes().all(is_named) {
                return None;
            }
            let read = blocks(&format!("x{entity}x"));
            let Some(Block::Paragraph(inlines)) = read.first() else {
                return None;
            };
            let texts = inlines.iter().map(|inline| match inline {
                Inline::Text(text) => text.as_str(),
                _ => "",
            });
            let text: String = texts.collect();
            let inner = text.strip_prefix('x')?.strip_suffix('x')?;
            return (inner != entity).then(|| inner.to_owned());
        }
    };
    Some(known.to_owned())
}

struct Reader {
    pieces: Vec<Piece>,
    strong: u32,
    emphasis: u32,
    code: u32,
    pre: bool,
    /// Where the link being read leads.
    address: Option<String>,
}

impl Reader {
    fn text(&mut self, html: &str) {
        if html.is_empty() {
            return;
        }
        let text = read_entities(html);
        if let (true, Some(Piece::Code(code))) = (self.pre, self.pieces.last_mut()) {
            return code.push_str(&text);
        }
        let style = (self.strong > 0, self.emphasis > 0, self.code > 0);
        let runs = self.runs();
        match runs.last_mut() {
            Some(run) if (run.strong, run.emphasis, run.code) == style => run.text.push_str(&text),
            _ => runs.push(Run {
                text,
                strong: style.0,
                emphasis: style.1,
                code: style.2,
            }),
        }
    }

    fn runs(&mut self) -> &mut Vec<Run> {
        if !matches!(self.pieces.last(), Some(Piece::Line { .. })) {
            self.line(false);
        }
        match self.pieces.last_mut() {
            Some(Piece::Line { runs, .. }) => runs,
            _ => unreachable!("a line was begun above"),
        }
    }

    fn line(&mut self, item: bool) {
        self.pieces.push(Piece::Line {
            item,
            runs: Vec::new(),
        });
    }

    fn tag(&mut self, name: &str, tag: &str) {
        let opens = !tag.starts_with('/');
        let count = |n: &mut u32| *n = if opens { *n + 1 } else { n.saturating_sub(1) };
        match name {
            "pre" if opens => {
                self.pre = true;
                self.pieces.push(Piece::Code(String::new()));
            }
            "pre" => {
                self.pre = false;
                self.line(false);
            }
            "br" if self.pre => self.text("\n"),
            _ if self.pre => {}
            "b" | "strong" => count(&mut self.strong),
            "i" | "em" => count(&mut self.emphasis),
            "code" | "tt" | "kbd" | "samp" => count(&mut self.code),
            "li" if opens => self.line(true),
            "img" => {
                let (alt, source) = (attribute(tag, "alt"), attribute(tag, "src"));
                let words = if alt.is_empty() { source } else { alt };
                self.text(&format!("({words})"));
            }
            "a" if opens => self.address = Some(attribute(tag, "href")),
            "a" => {
                if let Some(address) = self.address.take().filter(|a| a.contains("://")) {
                    self.text(&format!(" ({address})"));
                }
            }
            "td" | "th" => self.text(" "),
            "span" | "font" | "u" | "s" | "sub" | "sup" | "small" | "big" | "mark" => {}
            _ => self.line(false),
        }
    }
}

/// Marks that are taken for HTML; what else stands in `<…>` is text.
fn is_known(name: &str) -> bool {
    matches!(
        name,
        "a" | "b"
            | "big"
            | "blockquote"
            | "br"
            | "code"
            | "div"
            | "em"
            | "font"
            | "h1"
            | "h2"
            | "h3"
            | "h4"
            | "h5"
            | "h6"
            | "hr"
            | "i"
            | "img"
            | "kbd"
            | "li"
            | "mark"
            | "ol"
            | "p"
            | "pre"
            | "s"
            | "samp"
            | "small"
            | "span"
            | "strong"
            | "sub"
            | "sup"
            | "table"
            | "tbody"
            | "td"
            | "th"
            | "thead"
            | "tr"
            | "tt"
            | "u"
            | "ul"
    )
}

fn name(tag: &str) -> String {
    let name = tag[1..].strip_prefix('/').unwrap_or(&tag[1..]);
    let letters = name
        .chars()
        .take_while(char::is_ascii_alphanumeric)
        .take(12);
    letters.collect::<String>().to_ascii_lowercase()
}

fn attribute(tag: &str, name: &str) -> String {
    let lower = tag.to_ascii_lowercase();
    let Some(at) = lower.find(&format!(" {name}=")) else {
        return String::new();
    };
    let value = &tag[at + name.len() + 2..];
    let value = match value.chars().next() {
        Some(quote @ ('"' | '\'')) => value[1..].split(quote).next(),
        _ => value.split([' ', '/']).next(),
    };
    value.unwrap_or_default().to_owned()
}

fn written(pieces: &[Piece]) -> String {
    let mut out = String::new();
    let mut after_item = false;
    for piece in pieces {
        let (text, is_item) = match piece {
            Piece::Code(code) => (fenced(code), false),
            Piece::Line { item, runs } => {
                let line = line(runs);
                let text = if *item && !line.is_empty() {
                    format!("- {line}")
                } else {
                    line
                };
                (text, *item)
            }
        };
        if text.is_empty() {
            continue;
        }
        if !out.is_empty() {
            out.push_str(if after_item && is_item { "\n" } else { "\n\n" });
        }
        out.push_str(&text);
        after_item = is_item;
    }
    out
}

fn line(runs: &[Run]) -> String {
    let mut out = String::new();
    for run in runs {
        let text = markdown::single_blanks(&run.text);
        if run.text.starts_with(char::is_whitespace) && !out.is_empty() && !out.ends_with(' ') {
            out.push(' ');
        }
        let mark = match (run.strong, run.emphasis) {
            _ if text.is_empty() || out.ends_with('*') => "",
            (true, true) => "***",
            (true, false) => "**",
            (false, true) => "*",
            (false, false) => "",
        };
        out.push_str(mark);
        match run.code && !text.is_empty() {
            true => {
                let ticks = "`".repeat(longest_ticks(&text) + 1);
                let pad = if text.contains('`') { " " } else { "" };
                // Writing into a text cannot fail.
                let _ = write!(out, "{ticks}{pad}{text}{pad}{ticks}");
            }
            false => markdown::escape(&mut out, &text),
        }
        out.push_str(mark);
        if run.text.ends_with(char::is_whitespace) && !out.ends_with(' ') && !out.is_empty() {
            out.push(' ');
        }
    }
    out.trim().to_owned()
}

fn fenced(code: &str) -> String {
    let code = code.trim_matches('\n').trim_end();
    if code.is_empty() {
        return String::new();
    }
    let fence = "`".repeat(longest_ticks(code).max(2) + 1);
    markdown::tidy(&format!("{fence}\n{code}\n{fence}"))
}

fn longest_ticks(text: &str) -> usize {
    let runs = text.split(|c| c != '`').map(str::len);
    runs.max().unwrap_or(0)
}
