//! Plain text made safe for a chat: nothing becomes markup, nothing pings, nothing is too long.
//!
//! Lengths are counted in UTF-16 units, the longest of the ways in which a chat may count.

use std::borrow::Cow;

/// Shows nothing, and parts what must not be read as one.
pub const ZERO_WIDTH_SPACE: char = '\u{200b}';

/// What the text around a piece of text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Inside {
    /// Text, in which `<t:0>` and `<:name:0>` mean something too.
    Prose,
    /// Code, of which as little as possible is changed.
    Code,
}

/// How many UTF-16 units a text has.
#[must_use]
pub fn n_units(text: &str) -> usize {
    match text.is_ascii() {
        true => text.len(),
        false => text.chars().map(char::len_utf16).sum(),
    }
}

/// The text on one line, without markup's meaning being considered, at most `units_max` long.
/// For titles, labels and names.
#[must_use]
pub fn plain(text: &str, units_max: usize) -> String {
    let words: Vec<Cow<'_, str>> = text.split_whitespace().map(clean).collect();
    cut(calm(&words.join(" "), Inside::Prose).trim(), units_max)
}

/// The text on one line, at most `units_max` long before escaping, with every sign of markup
/// escaped. For words of people and notes within a sentence of ours.
#[must_use]
pub fn quoted(text: &str, units_max: usize) -> String {
    safe(&plain(text, units_max), Link::Outside).into_owned()
}

/// The text, cut at `units_max` with a mark that something is missing.
#[must_use]
pub fn cut(text: &str, units_max: usize) -> String {
    if n_units(text) <= units_max {
        return text.to_owned();
    }
    let mut units = 1;
    let kept: String = text
        .chars()
        .take_while(|c| {
            units += c.len_utf16();
            units <= units_max
        })
        .collect();
    format!("{}…", kept.trim_end())
}

/// The text without characters that cannot be seen: controls, and those that turn the direction
/// of writing for all that follows.
#[must_use]
pub fn clean(text: &str) -> Cow<'_, str> {
    let is_seen = |c: char| {
        let turns = matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        let control = c.is_control() && c != '\n' && c != '\t';
        !turns && !control && c != '\u{feff}'
    };
    match text.chars().all(is_seen) {
        true => Cow::Borrowed(text),
        false => text.chars().filter(|c| is_seen(*c)).collect(),
    }
}

/// The text with a [`ZERO_WIDTH_SPACE`] wherever a chat would read a mention.
#[must_use]
pub fn calm(text: &str, inside: Inside) -> Cow<'_, str> {
    if !text.contains(['@', '<']) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(['@', '<']) {
        let (before, after) = rest.split_at(at + 1);
        out.push_str(before);
        let mention = match before.ends_with('@') {
            true => starts_with(after, "everyone") || starts_with(after, "here"),
            false => means_something(after, inside),
        };
        if mention {
            out.push(ZERO_WIDTH_SPACE);
        }
        rest = after;
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// Whether text stands in a link's brackets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Link {
    /// In the brackets, where addresses would unmask the link.
    Inside,
    /// Elsewhere.
    Outside,
}

/// The text with every sign of markup escaped, but for those that only mean something at the
/// beginning of a line. Addresses outside of links stay as they are.
#[must_use]
pub fn escape(text: &str, link: Link) -> Cow<'_, str> {
    const SIGNS: [char; 8] = ['\\', '*', '_', '~', '|', '`', '[', ']'];
    if !text.contains(SIGNS) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + text.len() / 8);
    let mut rest = text;
    // An address may begin with each `h`.
    while let Some(at) = rest.find(['\\', '*', '_', '~', '|', '`', '[', ']', 'h']) {
        let (before, found) = rest.split_at(at);
        out.push_str(before);
        let address = match link {
            Link::Outside => address_at_start(found),
            Link::Inside => "",
        };
        let (found, after) = found.split_at(address.len().max(1));
        match (found, link) {
            // A chat takes the first bracket for the link's end, escaped or not.
            ("[", Link::Inside) => out.push('('),
            ("]", Link::Inside) => out.push(')'),
            ("\\" | "*" | "_" | "~" | "|" | "`" | "[" | "]", _) => out.extend(["\\", found]),
            _ => out.push_str(found),
        }
        rest = after;
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// The text with every sign of markup escaped, and no mention left.
#[must_use]
pub fn safe(text: &str, link: Link) -> Cow<'_, str> {
    match escape(text, link) {
        Cow::Borrowed(text) => calm(text, Inside::Prose),
        Cow::Owned(text) => Cow::Owned(calm(&text, Inside::Prose).into_owned()),
    }
}

/// Escapes what would make a heading, a quote or a list of a line that begins with this text.
#[must_use]
pub fn escape_line_start(text: &str) -> String {
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (number, rest) = text.split_at(digits);
    let special = match rest.chars().next() {
        Some('#' | '>' | '-' | '+') => digits == 0,
        Some('.' | ')') => digits > 0,
        _ => false,
    };
    if special {
        format!("{number}\\{rest}")
    } else {
        text.to_owned()
    }
}

/// A web address at the very beginning of the text, or nothing.
fn address_at_start(text: &str) -> &str {
    if !text.starts_with("https://") && !text.starts_with("http://") {
        return "";
    }
    let end = text
        .find(|c: char| {
            c.is_whitespace()
                || matches!(
                    c,
                    '<' | '>' | '`' | '|' | '*' | '[' | ']' | '(' | ')' | '\\' | '"'
                )
        })
        .unwrap_or(text.len());
    &text[..end]
}

fn means_something(rest: &str, inside: Inside) -> bool {
    if rest.starts_with(['@', '#']) {
        return true;
    }
    match inside {
        Inside::Code => false,
        Inside::Prose => {
            rest.starts_with([':', '/'])
                || starts_with(rest, "a:")
                || starts_with(rest, "t:")
                || starts_with(rest, "id:")
        }
    }
}

fn starts_with(text: &str, lower: &str) -> bool {
    text.get(..lower.len())
        .is_some_and(|start| start.eq_ignore_ascii_case(lower))
}
