//! Links from one note to another.

use pulldown_cmark::{Event, Parser, Tag};
use unicode_normalization::UnicodeNormalization;

use crate::folder::is_note_path;
use crate::parse::OPTIONS;

/// A link in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// Byte at which the link begins.
    pub start: usize,
    /// Its address as a reader follows it, without the title.
    pub address: String,
}

/// Where an address leads, seen from a note.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// To a note, or to a section of one: `path` or `path#anchor`, below the notes folder.
    Note(String),
    /// Out of the notes folder, by a relative path.
    Outside,
    /// To the web, or to a file that is no note.
    Elsewhere,
}

/// The links of a Markdown text, in its order. Images are none.
#[must_use]
pub fn links(text: &str) -> Vec<Link> {
    let events = Parser::new_ext(text, OPTIONS).into_offset_iter();
    let link = |(event, span): (Event<'_>, std::ops::Range<usize>)| match event {
        Event::Start(Tag::Link { dest_url, .. }) => Some(Link {
            start: span.start,
            address: dest_url.into_string(),
        }),
        _ => None,
    };
    events.filter_map(link).collect()
}

/// Anchors that a text sets by HTML: `<a id="x">`, `<a name="x">`.
pub(crate) fn set_anchors(text: &str) -> Vec<String> {
    if !text.contains("id=") && !text.contains("name=") {
        return Vec::new();
    }
    let mut anchors = Vec::new();
    for event in Parser::new_ext(text, OPTIONS) {
        if let Event::Html(html) | Event::InlineHtml(html) = event {
            for mark in ["id=\"", "name=\"", "id='", "name='"] {
                let behind = html.split(mark).skip(1);
                anchors.extend(behind.filter_map(|rest| {
                    let end = rest.find(['"', '\''])?;
                    Some(rest[..end].to_owned())
                }));
            }
        }
    }
    anchors
}

/// Where an address leads from the note (or question file) with this path below the notes folder.
///
/// A path is relative to the file's own folder, as forges and editors take it; `%20` and its kin
/// mean the characters that they stand for.
#[must_use]
pub fn target(from: &str, address: &str) -> Target {
    if has_scheme(address) || address.starts_with("//") {
        return Target::Elsewhere;
    }
    let (path, anchor) = match address.split_once('#') {
        Some((path, anchor)) => (path, Some(anchor)),
        None => (address, None),
    };
    let path = path.split('?').next().unwrap_or_default();
    let path = match path {
        "" => from.to_owned(),
        _ => match joined(from, &decoded(path)) {
            None => return Target::Outside,
            Some(path) => path,
        },
    };
    if !is_note_path(&path) {
        return Target::Elsewhere;
    }
    Target::Note(match anchor.map(decoded) {
        Some(anchor) if !anchor.is_empty() => format!("{path}#{anchor}"),
        _ => path,
    })
}

/// Whether an address begins with the name of a protocol (RFC 3986, section 3.1).
fn has_scheme(address: &str) -> bool {
    address.split_once(':').is_some_and(|(scheme, _)| {
        scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'))
    })
}

/// The path below the notes folder, or none where it leads out of it.
fn joined(from: &str, path: &str) -> Option<String> {
    let mut names: Vec<&str> = match path.strip_prefix('/') {
        Some(_) => Vec::new(),
        None => from.split('/').collect(),
    };
    names.pop();
    for name in path.split('/') {
        match name {
            "" | "." => {}
            ".." => {
                names.pop()?;
            }
            name => names.push(name),
        }
    }
    Some(names.join("/"))
}

/// The text with `%XX` as the bytes that they stand for, in Unicode's composed form.
fn decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let hex = (*byte == b'%').then(|| text.get(at + 1..at + 3)).flatten();
        match hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) => {
                decoded.push(byte);
                at += 3;
            }
            None => {
                decoded.push(*byte);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&decoded).nfc().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn note(id: &str) -> Target {
        Target::Note(id.to_owned())
    }

    #[test]
    fn an_address_leads_from_where_it_stands() {
        assert_eq!(target("a/b.md", "c.md"), note("a/c.md"));
        assert_eq!(target("a/b.md", "../c.md#d-e"), note("c.md#d-e"));
        assert_eq!(target("a/b.md", "./c.md?plain=1#d"), note("a/c.md#d"));
        assert_eq!(target("a/b.md", "#d"), note("a/b.md#d"));
        assert_eq!(target("a/b.md", "/c.md#"), note("c.md"));
        assert_eq!(
            target("b.md", "my%20note.md#caf%C3%A9"),
            note("my note.md#café")
        );
        assert_eq!(target("b.md", "100%.md"), note("100%.md"));
        assert_eq!(target("a/b.md", "../../c.md"), Target::Outside);
        assert_eq!(target("b.md", "../c.png"), Target::Outside);
    }

    #[test]
    fn what_is_no_note_is_elsewhere() {
        for address in [
            "https://a.example/b.md",
            "mailto:a@b.example",
            "//a/b.md",
            "c.png",
            "d/",
        ] {
            assert_eq!(target("b.md", address), Target::Elsewhere, "{address}");
        }
    }

    #[test]
    fn links_are_found_with_their_places() {
        let text = "[a](b.md \"t\") ![i](i.png) [c][r]\n\n`[no](x.md)`\n\n[r]: d.md#e\n";
        let found: Vec<(usize, String)> = links(text)
            .into_iter()
            .map(|link| (link.start, link.address))
            .collect();
        assert_eq!(found, [(0, "b.md".to_owned()), (26, "d.md#e".to_owned())]);
        assert_eq!(set_anchors("<a id=\"x\"></a> <a name='y'>"), ["x", "y"]);
    }
}
