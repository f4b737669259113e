//! HTML in notes, reduced to what a chat can show: text, line ends and pictures.

/// What is left of a piece of HTML.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Left {
    /// Text, with entities read.
    Text(String),
    /// A line end.
    Break,
    /// A picture.
    Image {
        /// What it shows, in words.
        alt: String,
        /// Where it lies.
        url: String,
    },
}

/// Elements whose text is not for readers.
const HIDDEN: [&str; 4] = ["script", "style", "template", "head"];
/// Elements that stand on lines of their own.
const BLOCKS: [&str; 29] = [
    "address",
    "article",
    "aside",
    "blockquote",
    "br",
    "dd",
    "details",
    "div",
    "dl",
    "dt",
    "figcaption",
    "figure",
    "footer",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "header",
    "hr",
    "li",
    "ol",
    "p",
    "pre",
    "section",
    "summary",
    "tr",
    "ul",
];

/// Reads HTML as leniently as can be: what is no tag is text, what is not closed ends at the end.
#[must_use]
pub fn left(html: &str) -> Vec<Left> {
    let mut out = Vec::new();
    let mut rest = html;
    while let Some(start) = rest.find('<') {
        push_text(&mut out, &rest[..start]);
        rest = &rest[start..];
        if let Some(comment) = rest.strip_prefix("<!--") {
            rest = comment.split_once("-->").map_or("", |(_, after)| after);
            continue;
        }
        if !rest[1..].starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '/' | '!' | '?'))
        {
            push_text(&mut out, "<");
            rest = &rest[1..];
            continue;
        }
        let end = tag_end(rest);
        let tag = &rest[1..end];
        rest = rest.get(end + 1..).unwrap_or_default();
        let name = tag_name(tag);
        if name == "img" {
            out.push(Left::Image {
                alt: attribute(tag, "alt"),
                url: attribute(tag, "src"),
            });
        } else if BLOCKS.contains(&name.as_str()) {
            push_break(&mut out);
        } else if HIDDEN.contains(&name.as_str()) && !tag.starts_with('/') {
            rest = after_closing(rest, &name);
        } else if matches!(name.as_str(), "td" | "th") && !tag.starts_with('/') {
            push_text(&mut out, " ");
        }
    }
    push_text(&mut out, rest);
    out
}

/// The text with the entities of HTML that notes use read as what they stand for.
#[must_use]
pub fn read_entities(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find('&') {
        out.push_str(&rest[..start]);
        rest = &rest[start..];
        match entity(rest) {
            Some((c, n_bytes)) => {
                out.push(c);
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

fn entity(text: &str) -> Option<(char, usize)> {
    let end = text.bytes().take(12).position(|byte| byte == b';')?;
    let name = text.get(1..end)?;
    let c = match name {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        "nbsp" => '\u{a0}',
        "mdash" => '—',
        "ndash" => '–',
        "hellip" => '…',
        "rarr" => '→',
        "larr" => '←',
        "times" => '×',
        "copy" => '©',
        "reg" => '®',
        "trade" => '™',
        "bull" => '•',
        "middot" => '·',
        "deg" => '°',
        "plusmn" => '±',
        "le" => '≤',
        "ge" => '≥',
        "ne" => '≠',
        _ => {
            let number = name.strip_prefix('#')?;
            let code = match number.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                None => number.parse().ok()?,
            };
            char::from_u32(code)?
        }
    };
    Some((c, end + 1))
}

/// Where the `>` stands that closes the tag at the text's beginning; quoted ones do not count.
fn tag_end(text: &str) -> usize {
    let mut quote = None;
    for (at, byte) in text.bytes().enumerate() {
        match (quote, byte) {
            (None, b'>') => return at,
            (None, b'"' | b'\'') => quote = Some(byte),
            (Some(open), byte) if open == byte => quote = None,
            _ => {}
        }
    }
    // A quote that never closes: the first `>` is the better guess.
    text.find('>').unwrap_or(text.len())
}

fn tag_name(tag: &str) -> String {
    tag.trim_start_matches('/')
        .chars()
        .take_while(char::is_ascii_alphanumeric)
        .take(16)
        .collect::<String>()
        .to_ascii_lowercase()
}

fn attribute(tag: &str, name: &str) -> String {
    let lower = tag.to_ascii_lowercase();
    let mut from = 0;
    while let Some(found) = lower[from..].find(name) {
        let start = from + found;
        from = start + name.len();
        let stands_alone = lower[..start].ends_with([' ', '\t', '\n', '"', '\'']);
        let Some(value) = tag[from..].trim_start().strip_prefix('=') else {
            continue;
        };
        if !stands_alone {
            continue;
        }
        let value = value.trim_start();
        let value = match value.chars().next() {
            Some(quote @ ('"' | '\'')) => value[1..].split(quote).next(),
            _ => value.split([' ', '\t', '\n', '>']).next(),
        };
        return read_entities(value.unwrap_or_default());
    }
    String::new()
}

fn after_closing<'a>(text: &'a str, name: &str) -> &'a str {
    let closing = format!("</{name}");
    let lower = text.to_ascii_lowercase();
    match lower.find(&closing) {
        Some(start) => {
            let end = text[start..]
                .find('>')
                .map_or(text.len(), |at| start + at + 1);
            &text[end..]
        }
        None => "",
    }
}

fn push_text(out: &mut Vec<Left>, text: &str) {
    if text.is_empty() {
        return;
    }
    match out.last_mut() {
        Some(Left::Text(last)) => last.push_str(&read_entities(text)),
        _ => out.push(Left::Text(read_entities(text))),
    }
}

fn push_break(out: &mut Vec<Left>) {
    if out.last() != Some(&Left::Break) {
        out.push(Left::Break);
    }
}
