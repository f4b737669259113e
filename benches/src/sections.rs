//! The split that the alternatives index: at every heading, and nothing more.

use std::ops::Range;

use pulldown_cmark::{Event, HeadingLevel, Options, Parser, Tag, TagEnd};

/// A heading with the text up to the next heading.
#[derive(Debug)]
pub(crate) struct Piece<'a> {
    pub(crate) heading: &'a str,
    /// Every parent heading and the own one, with ` > ` between.
    pub(crate) heading_path: String,
    pub(crate) body: &'a str,
}

/// What the plain parser is asked to understand.
pub(crate) fn options() -> Options {
    Options::ENABLE_TABLES
        | Options::ENABLE_FOOTNOTES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_TASKLISTS
        | Options::ENABLE_YAML_STYLE_METADATA_BLOCKS
}

/// Cuts a note at its headings.
pub(crate) fn split(text: &str, each: &mut dyn FnMut(Piece<'_>)) {
    let mut parents: Vec<(HeadingLevel, String)> = Vec::new();
    let mut body_start = 0;
    let mut heading: Option<(Range<usize>, String)> = None;
    for (event, range) in Parser::new_ext(text, options()).into_offset_iter() {
        match (event, &mut heading) {
            (Event::Start(Tag::Heading { .. }), _) => {
                emit(
                    &parents,
                    &text[body_start..range.start.max(body_start)],
                    each,
                );
                heading = Some((range, String::new()));
            }
            (Event::Text(words) | Event::Code(words), Some((_, name))) => name.push_str(&words),
            (Event::End(TagEnd::Heading(level)), _) => {
                if let Some((range, name)) = heading.take() {
                    parents.retain(|(parent, _)| *parent < level);
                    parents.push((level, name));
                    body_start = range.end;
                }
            }
            _ => {}
        }
    }
    emit(&parents, &text[body_start..], each);
}

fn emit(parents: &[(HeadingLevel, String)], body: &str, each: &mut dyn FnMut(Piece<'_>)) {
    let body = body.trim();
    if parents.is_empty() && body.is_empty() {
        return;
    }
    let names: Vec<_> = parents.iter().map(|(_, name)| name.as_str()).collect();
    each(Piece {
        heading: names.last().copied().unwrap_or_default(),
        heading_path: names.join(" > "),
        body,
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_heading_opens_a_section_below_its_parents() {
        let mut seen = Vec::new();
        split(
            "before\n# A\none\n### B `c`\n## D\ntwo\n# E\n",
            &mut |piece| {
                seen.push(format!("{}|{}", piece.heading_path, piece.body));
            },
        );
        assert_eq!(seen, ["|before", "A|one", "A > B c|", "A > D|two", "E|"]);
    }
}
