//! Files made to break a parser come out whole, with all their words.

use studyhall_index::blocks::blocks;
use studyhall_index::{BODY_MAX, Note, parse};

/// Parses, shows every section, and holds what is true of every note.
#[track_caller]
fn read(text: &str) -> Note {
    let note = parse("n.md", text);
    for section in &note.sections {
        assert!(section.body.chars().count() <= BODY_MAX);
        let _ = blocks(&section.body);
    }
    note
}

/// How often a word stands in the bodies.
fn count(note: &Note, word: &str) -> usize {
    note.sections
        .iter()
        .map(|s| s.body.matches(word).count())
        .sum()
}

#[test]
fn a_large_file() {
    let text =
        "## Heading\n\nSome words (SW) in **bold** and `code`.\n\n- an item\n  - another\n\n";
    let note = read(&text.repeat(5_000));
    assert_eq!(note.sections.len(), 5_000);
    assert_eq!(note.sections[4_999].anchor, "heading-4999");
    assert_eq!(note.sections[4_999].line, 4_999 * 7 + 1);
}

#[test]
fn very_many_headings() {
    let text: String = (0..100_000)
        .map(|n| format!("{} h{n}\n", "#".repeat(n % 6 + 1)))
        .collect();
    let note = read(&text);
    assert_eq!(note.sections.len(), 100_000);
    assert_eq!(note.sections[99_999].heading_path.last().unwrap(), "h99999");
}

#[test]
fn headings_that_take_each_others_numbers() {
    let text: String = (0..10_000).map(|n| format!("# a-{n}\n# a\n")).collect();
    let note = read(&text);
    let mut anchors: Vec<_> = note.sections.iter().map(|s| &s.anchor).collect();
    anchors.sort_unstable();
    anchors.dedup();
    assert_eq!(anchors.len(), 20_000);
}

#[test]
fn quotes_and_lists_ten_thousand_deep() {
    for mark in ["> ", "- ", "1. ", "> - "] {
        let note = read(&format!("# A\n{}bottom\n# B\n", mark.repeat(10_000)));
        assert_eq!(count(&note, "bottom"), 1, "{mark}");
        assert_eq!(note.sections.last().map(|s| s.anchor.as_str()), Some("b"));
    }
    let lines: String = (0..1_000)
        .map(|n| format!("{}- item{n}.\n", "  ".repeat(n)))
        .collect();
    let note = read(&lines);
    assert!((0..1_000).all(|n| count(&note, &format!("item{n}.")) == 1));
}

#[test]
fn marks_ten_thousand_deep() {
    for (open, close) in [
        ("*a ", "*"),
        ("[", "]"),
        ("![", "](x)"),
        ("<b>", "</b>"),
        ("(", ")"),
        ("`", "`"),
    ] {
        read(&format!(
            "# A\n{}middle{}\n",
            open.repeat(10_000),
            close.repeat(10_000)
        ));
        read(&open.repeat(10_000));
    }
}

#[test]
fn a_fence_that_is_never_closed() {
    let code = "code line\n".repeat(100_000);
    let note = read(&format!("# A\n```\n{code}"));
    assert_eq!(count(&note, "code line"), 100_000);
    let note = read(&format!("# A\n```\n{code}# B\n{code}"));
    assert_eq!(count(&note, "code line"), 200_000);
    assert!(note.sections.iter().any(|s| s.anchor == "b"));
}

#[test]
fn very_many_fences_that_are_never_closed() {
    for opener in ["```a", "~~~", "<!-- a", "<pre>", "<script>"] {
        let note = read(&format!("{opener}\n# h\n").repeat(10_001));
        // A bare fence closes the one before it, with the heading between them as its code.
        let expected = if opener == "~~~" { 5_001 } else { 10_001 };
        let n_headings = note
            .sections
            .iter()
            .filter(|s| s.anchor.starts_with('h'))
            .count();
        assert_eq!(n_headings, expected, "{opener}");
    }
    let shorter: String = (3..500)
        .rev()
        .map(|n| format!("{}a\n# h\n", "`".repeat(n)))
        .collect();
    let note = read(&shorter);
    assert!(!note.sections.is_empty());
}

#[test]
fn a_megabyte_on_one_line() {
    let note = read(&"word ".repeat(200_000));
    assert_eq!(count(&note, "word"), 200_000);
    let note = read(&"x".repeat(1_000_000));
    assert_eq!(count(&note, "x"), 1_000_000);
    let note = read(&format!("# {}\n", "word ".repeat(200_000)));
    assert_eq!(note.sections.len(), 1);
    read(&format!(
        "|{}\n|{}\n",
        "a|".repeat(20_000),
        "-|".repeat(20_000)
    ));
    read(&format!("- {}", "(ABC) ".repeat(100_000)));
}

#[test]
fn nothing_but_line_ends() {
    for end in ["\n", "\r", "\r\n", " \n", "\t\n", "\0\n"] {
        let note = read(&end.repeat(100_000));
        assert_eq!(note.sections.is_empty(), end != "\0\n", "{end:?}");
    }
}

#[test]
fn front_matter_that_explodes() {
    let mut bomb = "---\na: &a [x, x, x, x, x, x, x, x]\n".to_owned();
    for (name, before) in ('b'..='z').zip('a'..) {
        bomb += &format!("{name}: &{name} [{}]\n", format!("*{before}, ").repeat(8));
    }
    let note = read(&format!("{bomb}tags: *z\n---\n# A\nend\n"));
    assert_eq!(count(&note, "end"), 1);
    let note = read(&format!("---\ntags: {}\n---\nend\n", "[".repeat(50_000)));
    assert_eq!(count(&note, "end"), 1);
    let note = read(&format!("---\n{}", "a: b\n".repeat(100_000)));
    assert_eq!(count(&note, "a: b"), 100_000);
}

#[test]
fn blocks_of_every_kind_without_an_end() {
    let note = read(&format!("# A\n{}", "> word and more\n".repeat(50_000)));
    assert_eq!(count(&note, "word"), 50_000);
    let note = read(&format!(
        "# A\n|a|b|\n|-|-|\n{}",
        "|word|more|\n".repeat(50_000)
    ));
    assert_eq!(count(&note, "word"), 50_000);
    let note = read(&format!(
        "# A\n- a\n\n{}",
        "  word and more\n\n".repeat(50_000)
    ));
    assert_eq!(count(&note, "word"), 50_000);
    let note = read(&format!("# A\n<div>\n{}", "word and more\n".repeat(50_000)));
    assert_eq!(count(&note, "word"), 50_000);
    let note = read(&"[l]: http://word.example/\n".repeat(50_000));
    assert!(note.sections.is_empty());
}
