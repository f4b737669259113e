//! Runs of styled text, and how a line of them is written in the Markdown of a chat.

use std::borrow::Cow;
use std::rc::Rc;

use studyhall_index::blocks::Inline;

use super::html::{self, Left};
use super::link::Site;
use super::text::{self, Inside, Link, ZERO_WIDTH_SPACE};

/// Levels of styles within styles that are followed; deeper ones are plain.
const DEPTH_MAX: usize = 32;
/// Characters of a word that stay together when a long paragraph is cut.
const WORD_MAX: usize = 60;

/// How a piece of text looks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Style {
    /// Strong emphasis.
    pub strong: bool,
    /// Emphasis.
    pub emphasis: bool,
    /// Struck through.
    pub strike: bool,
    /// Code in a line.
    pub code: bool,
    /// Where it leads.
    pub link: Option<Rc<str>>,
}

/// A piece of a line in one style.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// The text, without markup.
    pub text: String,
    /// How it looks.
    pub style: Style,
}

/// A line of runs.
pub type Line = Vec<Run>;

/// The lines of a paragraph; none of them is empty.
#[must_use]
pub fn lines(inlines: &[Inline], site: &Site<'_>) -> Vec<Line> {
    styled_lines(inlines, &Style::default(), site)
}

/// The lines of a paragraph that is set in a style of its own.
#[must_use]
pub fn styled_lines(inlines: &[Inline], style: &Style, site: &Site<'_>) -> Vec<Line> {
    let mut lines = Lines {
        site,
        done: Vec::new(),
        open: Vec::new(),
    };
    lines.push_all(inlines, style, 0);
    lines.end();
    lines.done
}

/// The lines of a block of raw HTML.
#[must_use]
pub fn html_lines(html: &str, site: &Site<'_>) -> Vec<Line> {
    let mut lines = Lines {
        site,
        done: Vec::new(),
        open: Vec::new(),
    };
    lines.push_html(html, &Style::default());
    lines.end();
    lines.done
}

/// The words of runs without their styles.
#[must_use]
pub fn words(inlines: &[Inline], site: &Site<'_>) -> String {
    let lines = lines(inlines, site);
    let runs = lines.iter().map(|line| {
        line.iter()
            .map(|run| run.text.as_str())
            .collect::<String>()
            .trim()
            .to_owned()
    });
    runs.collect::<Vec<_>>().join(" ")
}

struct Lines<'a> {
    site: &'a Site<'a>,
    done: Vec<Line>,
    open: Line,
}

impl Lines<'_> {
    fn push_all(&mut self, inlines: &[Inline], style: &Style, depth: usize) {
        for inline in inlines {
            self.push(inline, style, depth);
        }
    }

    fn push(&mut self, inline: &Inline, style: &Style, depth: usize) {
        let mut inner = style.clone();
        match inline {
            Inline::Text(text) => self.push_text(text, style),
            Inline::Code(code) => {
                inner.code = true;
                self.push_text(code, &inner);
            }
            Inline::Html(html) => self.push_html(html, style),
            Inline::Break => self.end(),
            Inline::Image { alt, url } => self.push_image(alt, url, style),
            Inline::Strong(inlines) => {
                inner.strong = depth < DEPTH_MAX;
                self.push_all(inlines, &inner, depth + 1);
            }
            Inline::Emphasis(inlines) => {
                inner.emphasis = depth < DEPTH_MAX;
                self.push_all(inlines, &inner, depth + 1);
            }
            Inline::Strike(inlines) => {
                inner.strike = depth < DEPTH_MAX;
                self.push_all(inlines, &inner, depth + 1);
            }
            Inline::Link { text, url } => {
                if inner.link.is_none() {
                    inner.link = self.site.target(url).map(Rc::from);
                }
                self.push_all(text, &inner, depth + 1);
            }
        }
    }

    fn push_html(&mut self, html: &str, style: &Style) {
        for left in html::left(html) {
            match left {
                Left::Text(text) => self.push_text(&text, style),
                Left::Break => self.end(),
                Left::Image { alt, url } => self.push_image(&alt, &url, style),
            }
        }
    }

    fn push_image(&mut self, alt: &str, url: &str, style: &Style) {
        let mut inner = style.clone();
        if inner.link.is_none() {
            inner.link = self.site.target(url).map(Rc::from);
        }
        let name = match alt.trim() {
            "" => file_name(url),
            alt => alt,
        };
        self.push_text(&format!("🖼 {name}"), &inner);
    }

    /// Any white space becomes one space: the chat breaks lines where it must.
    fn push_text(&mut self, text: &str, style: &Style) {
        let mut kept = String::with_capacity(text.len());
        let after_space = match self.open.last() {
            Some(run) => run.text.ends_with(' '),
            None => true,
        };
        let mut space = after_space;
        for c in text::clean(text).chars() {
            let is_space = matches!(c, ' ' | '\t' | '\n' | '\u{2028}' | '\u{2029}');
            if !is_space {
                kept.push(c);
            } else if !space || style.code {
                kept.push(' ');
            }
            space = is_space;
        }
        if kept.is_empty() {
            return;
        }
        match self.open.last_mut() {
            Some(last) if last.style == *style => last.text.push_str(&kept),
            _ => self.open.push(Run {
                text: kept,
                style: style.clone(),
            }),
        }
    }

    fn end(&mut self) {
        let line = std::mem::take(&mut self.open);
        if line.iter().any(|run| !run.text.trim().is_empty()) {
            self.done.push(line);
        }
    }
}

fn file_name(url: &str) -> &str {
    let path = url.split(['?', '#']).next().unwrap_or_default();
    match path.rsplit('/').next() {
        None | Some("") => "picture",
        Some(_) if url.starts_with("data:") => "picture",
        Some(name) => name,
    }
}

/// The runs cut into words, each with the space behind it, so that a line can be cut anywhere.
#[must_use]
pub fn cut_into_words(line: &[Run]) -> Line {
    let mut out = Vec::new();
    for run in line {
        let mut word = String::new();
        let mut n_chars = 0;
        for c in run.text.chars() {
            word.push(c);
            n_chars += 1;
            if c == ' ' || n_chars >= WORD_MAX {
                out.push(Run {
                    text: std::mem::take(&mut word),
                    style: run.style.clone(),
                });
                n_chars = 0;
            }
        }
        if !word.is_empty() {
            out.push(Run {
                text: word,
                style: run.style.clone(),
            });
        }
    }
    out
}

/// The line in the chat's Markdown.
#[must_use]
pub fn write(line: &[Run]) -> String {
    let mut out = String::new();
    for runs in line.chunk_by(|a, b| a.style.link == b.style.link) {
        let link = runs[0].style.link.as_deref();
        match link {
            None => out = append_styled(out, runs, Link::Outside),
            Some(url) => {
                let shown: String = runs.iter().map(|run| run.text.as_str()).collect();
                let inner = append_styled(String::new(), runs, Link::Inside);
                if shown.trim().is_empty() {
                    out.push_str(&shown);
                } else if shown.contains("://") {
                    // A chat does not mask an address behind another one.
                    out = append_styled(out, &without_scheme(runs, &shown), Link::Outside);
                    out.push_str(&format!(" (<{url}>)"));
                } else {
                    let (before, inner, after) = spaced(&inner);
                    out.push_str(&format!("{before}[{inner}]({url}){after}"));
                }
            }
        }
    }
    out.truncate(out.trim_end().len());
    out
}

/// The shown text without the scheme, so that the address that follows is the only one.
fn without_scheme(runs: &[Run], shown: &str) -> Line {
    let text = shown.trim().replace("https://", "").replace("http://", "");
    let style = Style {
        link: None,
        ..runs[0].style.clone()
    };
    vec![Run { text, style }]
}

fn append_styled(mut out: String, runs: &[Run], link: Link) -> String {
    for same in runs.chunk_by(|a, b| a.style == b.style) {
        let text: Cow<'_, str> = match same {
            [run] => Cow::Borrowed(&run.text),
            runs => runs.iter().map(|run| run.text.as_str()).collect(),
        };
        let style = &same[0].style;
        let (before, inner, after) = spaced(&text);
        if inner.is_empty() {
            out.push_str(&text);
            continue;
        }
        out.push_str(before);
        let inner = if style.code {
            Cow::Owned(code(inner))
        } else {
            text::safe(inner, link)
        };
        let marks = marks(style);
        let at_line_start = out.trim().is_empty() && link == Link::Outside;
        if marks.is_empty() && !style.code && at_line_start {
            out.push_str(&text::escape_line_start(&inner));
        } else {
            // Two marks that touch would be read as one.
            if out.ends_with(['*', '~', '`']) && (style.code || !marks.is_empty()) {
                out.push(ZERO_WIDTH_SPACE);
            }
            out.push_str(&marks);
            out.push_str(&inner);
            out.extend(marks.chars().rev());
        }
        out.push_str(after);
    }
    out
}

fn marks(style: &Style) -> String {
    let mut marks = String::new();
    if style.strike {
        marks.push_str("~~");
    }
    if style.strong {
        marks.push_str("**");
    }
    if style.emphasis {
        marks.push('*');
    }
    marks
}

/// Code in a line. Three backticks in a row would open a fence, whatever surrounds them.
fn code(text: &str) -> String {
    let text = text::calm(text, Inside::Code);
    if !text.contains('`') {
        return format!("`{text}`");
    }
    let text = part_backticks(&text, 1);
    format!("`` {text} ``")
}

/// The text with no more than `n_max` backticks in a row.
#[must_use]
pub fn part_backticks(text: &str, n_max: usize) -> String {
    let mut out = String::with_capacity(text.len());
    let mut n_row = 0;
    for c in text.chars() {
        n_row = if c == '`' { n_row + 1 } else { 0 };
        if n_row > n_max {
            out.push(ZERO_WIDTH_SPACE);
            n_row = 1;
        }
        out.push(c);
    }
    out
}

fn spaced(text: &str) -> (&str, &str, &str) {
    let inner = text.trim();
    if inner.is_empty() {
        return ("", "", text);
    }
    let start = text.len() - text.trim_start().len();
    (&text[..start], inner, &text[start + inner.len()..])
}
