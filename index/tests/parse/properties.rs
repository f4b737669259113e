//! What is true of every note, whatever its bytes.

use std::collections::{HashMap, HashSet};

use proptest::prelude::*;
use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};
use studyhall_index::blocks::{Block, DEPTH_MAX, Inline, blocks};
use studyhall_index::{BODY_MAX, Note, decode, parse};

/// The words that a reader of this Markdown sees.
fn words(markdown: &str) -> Vec<String> {
    let options =
        Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TASKLISTS;
    let mut text = String::new();
    let mut html = String::new();
    for event in Parser::new_ext(markdown, options) {
        match event {
            Event::Text(words) | Event::Code(words) => text.push_str(&words),
            Event::Html(words) => html.push_str(&words),
            Event::End(TagEnd::HtmlBlock) => text += &seen_of_html(&std::mem::take(&mut html)),
            Event::SoftBreak | Event::HardBreak => text.push(' '),
            Event::Start(Tag::Emphasis | Tag::Strong | Tag::Strikethrough | Tag::Link { .. }) => {}
            Event::End(
                TagEnd::Emphasis | TagEnd::Strong | TagEnd::Strikethrough | TagEnd::Link,
            ) => {}
            Event::Start(_) | Event::End(_) => text.push(' '),
            _ => {}
        }
    }
    plain_words(&text)
}

/// What is left of raw HTML without its comments and tags.
fn seen_of_html(html: &str) -> String {
    let mut seen = String::new();
    let mut rest = html;
    while let Some((text, markup)) = rest.split_once('<') {
        seen += text;
        seen.push(' ');
        let end = if markup.starts_with("!--") {
            "-->"
        } else {
            ">"
        };
        rest = markup.split_once(end).map_or("", |(_, after)| after);
    }
    seen + rest
}

fn plain_words(text: &str) -> Vec<String> {
    let words = text.split(|c: char| !c.is_alphanumeric());
    words
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect()
}

/// How deep quotes and lists nest. No line nests deeper than the tree may.
fn depth(blocks: &[Block]) -> usize {
    let below = blocks.iter().map(|block| match block {
        Block::Quote(blocks) => 1 + depth(blocks),
        Block::List { items, .. } => {
            1 + items
                .iter()
                .map(|item| depth(&item.blocks))
                .max()
                .unwrap_or(0)
        }
        Block::Heading { text, .. } | Block::Paragraph(text) => {
            assert!(line_depth(text) <= DEPTH_MAX);
            0
        }
        _ => 0,
    });
    below.max().unwrap_or(0)
}

fn line_depth(line: &[Inline]) -> usize {
    let below = line.iter().map(|inline| match inline {
        Inline::Strong(text) | Inline::Emphasis(text) | Inline::Strike(text) => {
            1 + line_depth(text)
        }
        Inline::Link { text, .. } => 1 + line_depth(text),
        _ => 0,
    });
    below.max().unwrap_or(0)
}

fn holds(note: &Note) {
    let mut ids = HashSet::new();
    let mut line = 0;
    for section in &note.sections {
        assert!(ids.insert(section.id()), "twice: {}", section.id());
        assert!(section.body.chars().count() <= BODY_MAX);
        assert!(section.line >= line.max(1), "{} after {line}", section.line);
        line = section.line;
        assert_eq!(section.heading_path.first(), Some(&note.title));
        assert!(!section.body.contains('\r'));
        assert!(depth(&blocks(&section.body)) <= DEPTH_MAX);
    }
}

/// Bits of Markdown that meet in odd ways.
fn soup() -> impl Strategy<Value = String> {
    let bit = prop::sample::select(vec![
        "# ",
        "## ",
        "###### ",
        "#",
        "\n",
        "\n",
        "\n\n",
        "- ",
        "* ",
        "1. ",
        "> ",
        "```",
        "~~~",
        "|",
        "|-|",
        "a",
        "b c",
        "Ab Cd (AC)",
        "<!--",
        "-->",
        "<div>",
        "<pre>",
        "[x]: y\n",
        "[x]",
        "[a](b)",
        "\t",
        "    ",
        "  ",
        "**",
        "_",
        "`",
        "---",
        "---\n",
        "===",
        "é",
        "字",
        "\r",
        "\r\n",
        "\0",
        "&amp;",
        "\\",
        "title: x\n",
        "🚀",
        "- [x] ",
        "![",
        "](",
        ")",
        "{#id}",
        "\u{feff}",
        "\u{2028}",
    ]);
    prop::collection::vec(bit, 0..60).prop_map(|bits| bits.concat())
}

/// A piece of a well-made note; its size counts words.
#[derive(Clone, Debug)]
enum Piece {
    Heading(usize, usize),
    Paragraph(usize),
    List(usize),
    Quote(usize),
    Code(usize),
    Table(usize),
}

fn piece() -> impl Strategy<Value = Piece> {
    let size = prop_oneof![8 => 1..40_usize, 1 => 300..3_000_usize];
    (0..6_usize, 1..7_usize, size).prop_map(|(kind, level, size)| match kind {
        0 => Piece::Heading(level, size.min(12)),
        1 => Piece::Paragraph(size),
        2 => Piece::List(size),
        3 => Piece::Quote(size),
        4 => Piece::Code(size),
        _ => Piece::Table(size),
    })
}

/// Writes the pieces down with a number for each word, so that each word stands once.
fn write(pieces: &[Piece]) -> (String, usize) {
    let mut n = 0;
    let mut text = String::new();
    for piece in pieces {
        let mut word = || {
            n += 1;
            format!("w{n}")
        };
        match *piece {
            Piece::Heading(level, size) => {
                text += &"#".repeat(level);
                (0..size).for_each(|_| text += &format!(" {}", word()));
                text += "\n";
            }
            Piece::Paragraph(size) => {
                for at in 0..size {
                    text += &word();
                    text += [" ", ". ", "\n", " **bold** ", ", "][at % 5];
                }
                text = text.trim_end().to_owned() + "\n";
            }
            Piece::List(size) => {
                for at in 0..size {
                    text += &format!("{}- {} {}\n", "  ".repeat(at % 5), word(), word());
                }
            }
            Piece::Quote(size) => (0..size).for_each(|_| text += &format!("> {}\n", word())),
            Piece::Code(size) => {
                text += "```sh\n";
                (0..size).for_each(|_| text += &format!("  {} # {}\n", word(), word()));
                text += "```\n";
            }
            Piece::Table(size) => {
                text += "| head |\n|---|\n";
                (0..size).for_each(|_| text += &format!("| {} |\n", word()));
            }
        }
        text += "\n";
    }
    (text, n)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn any_bytes_make_a_note(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let (text, _) = decode(&bytes);
        holds(&parse("a/n.md", &text));
    }

    #[test]
    fn any_markdown_keeps_its_words(text in soup()) {
        // The address of a link is no text, and its brackets show only where it has none.
        let text = text.replace("]:", "] ");
        let note = parse("a/n.md", &text);
        holds(&note);
        let mut kept: HashMap<String, usize> = HashMap::new();
        for section in &note.sections {
            for word in words(&section.body).into_iter().chain(plain_words(section.heading())) {
                *kept.entry(word).or_default() += 1;
            }
        }
        // Front matter is no text of the note, and what follows an unclosed fence is read anew.
        let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
        let has_front_matter = text.starts_with("---");
        if has_front_matter || note.warnings.iter().any(|w| w.code.starts_with("unclosed")) {
            return Ok(());
        }
        for word in words(&text.replace("\r\n", "\n").replace('\r', "\n")) {
            let n = kept.entry(word.clone()).or_default();
            prop_assert!(*n > 0, "{word:?} is lost from {text:?}: {note:?}");
            *n -= 1;
        }
    }

    #[test]
    fn every_word_is_in_one_section(pieces in prop::collection::vec(piece(), 0..20)) {
        let (text, n) = write(&pieces);
        let note = parse("a/n.md", &text);
        holds(&note);
        let mut places: HashMap<String, Vec<String>> = HashMap::new();
        for section in &note.sections {
            let mut all = words(&section.body);
            let is_part = section.anchor.contains('~') || section.anchor.is_empty();
            if !is_part {
                all.extend(plain_words(section.heading()));
            }
            all.sort();
            all.dedup();
            for word in all.into_iter().filter(|word| word.starts_with('w')) {
                places.entry(word).or_default().push(section.id());
            }
        }
        for word in (1..=n).map(|n| format!("w{n}")) {
            let n_places = places.get(&word).map_or(0, Vec::len);
            prop_assert_eq!(n_places, 1, "{} in {:?}", word, places.get(&word));
        }
        let n_headings = pieces.iter().filter(|p| matches!(p, Piece::Heading(..))).count();
        let n_headed = note.sections.iter().filter(|s| !s.anchor.contains('~') && !s.anchor.is_empty()).count();
        prop_assert!(n_headings == 0 || n_headings == n_headed);
    }

    #[test]
    fn any_markdown_makes_blocks(text in soup()) {
        prop_assert!(depth(&blocks(&text)) <= DEPTH_MAX);
    }
}
