//! What comes out for what a note says.

use studyhall_index::{BODY_MAX, decode, parse};

use crate::{check, check_warnings};

#[test]
fn a_heading_holds_the_text_up_to_the_next_one() {
    check(
        "# S3\nobjects\n\n## Versioning ##\n- keeps *all*\n\nClasses\n-------\n\n### Glacier\ncold\n## End",
        r#"1 #s3 [S3] "objects"
        4 #versioning [S3 > Versioning] "- keeps *all*"
        7 #classes [S3 > Classes] ""
        10 #glacier [S3 > Classes > Glacier] "cold"
        12 #end [S3 > End] """#,
    );
}

#[test]
fn links_find_their_addresses_in_other_sections() {
    check(
        "# A\nsee [x] and [y][1], [x]\n# B\nsee [x]\n\n[x]: http://x.example\n[1]: <y.md> 'why'\n",
        r#"1 #a [A] "see [x] and [y][1], [x]\n\n[x]: http://x.example\n[1]: <y.md> 'why'"
        3 #b [A > B] "see [x]\n\n[x]: http://x.example\n[1]: <y.md> 'why'""#,
    );
}

#[test]
fn text_before_the_first_heading_is_a_section() {
    check(
        "\n\nintro\n\n# Title\ntext\n",
        r#"3 # [Title] "intro"
        5 #title [Title] "text""#,
    );
    check(
        "<!-- a -->\n<!-- b -->\n\n# Title\n",
        r#"4 #title [Title] """#,
    );
    check(
        "<!-- a --> seen\n\n# Title\n",
        r#"1 # [Title] "<!-- a --> seen"
        3 #title [Title] """#,
    );
}

#[test]
fn without_a_title_the_file_gives_its_name() {
    check(
        "## B\nb\n# C\nc\n## D\nd",
        r#"1 #b [note > B] "b"
        3 #c [note > C] "c"
        5 #d [note > C > D] "d""#,
    );
}

#[test]
fn skipped_levels_nest_as_they_come() {
    check(
        "# T\n#### Deep\na\n### Less\nb\n## Two\nc",
        r#"1 #t [T] ""
        2 #deep [T > Deep] "a"
        4 #less [T > Less] "b"
        6 #two [T > Two] "c""#,
    );
}

#[test]
fn front_matter_speaks_for_the_note() {
    let text = "---\ntitle: Storage\naliases: [S3, \"Simple Storage\"]\ntags: '#aws, storage'\n\
                exam:\n  - saa\n  - 2024\nlanguage: no\nother: {a: [1, 2]}\n---\n# storage\nx\n# More\n";
    let note = parse("a/note.md", text);
    assert_eq!(note.title, "Storage");
    assert_eq!(note.aliases, ["S3", "Simple Storage"]);
    assert_eq!(note.tags, ["aws", "storage"]);
    assert_eq!(note.exam, ["saa", "2024"]);
    assert_eq!(note.language.as_deref(), Some("no"));
    check(
        text,
        r#"11 #storage [Storage] "x"
        13 #more [Storage > More] """#,
    );
}

#[test]
fn a_title_of_its_own_stands_above_the_first_heading() {
    check(
        "---\ntitle: Storage\n...\n# S3\nx\n## Classes\ny",
        r#"4 #s3 [Storage > S3] "x"
        6 #classes [Storage > S3 > Classes] "y""#,
    );
}

#[test]
fn wrong_front_matter_is_told_and_salvaged() {
    let text = "---\ntitle: AWS: the notes\ntags: [a, b]\naliases:\n- c\n---\n# H\n";
    let note = parse("a/note.md", text);
    assert_eq!(note.title, "AWS: the notes");
    assert_eq!(note.tags, ["a", "b"]);
    assert_eq!(note.aliases, ["c"]);
    check_warnings(text, &[(2, 11, "front-matter"), (7, 1, "empty-section")]);
}

#[test]
fn a_line_across_is_no_front_matter() {
    check(
        "---\ntitle: never closed\n\n# H\nx",
        r#"1 # [H] "---\ntitle: never closed"
        4 #h [H] "x""#,
    );
    check(
        "---\n\nJust prose here\n\n---\n# H\nx",
        r#"1 # [H] "---\n\nJust prose here\n\n---"
        6 #h [H] "x""#,
    );
    check("---\n---\n# H\nx", r#"3 #h [H] "x""#);
}

#[test]
fn anchors_are_those_of_github() {
    check(
        "# A `b` *c*!\n## Same\n## Same\n> ## Same\n\n## Same\n## [x](y) ![z](w)\n## 日本 – ok\n",
        r##"1 #a-b-c [A b c!] ""
        2 #same [A b c! > Same] ""
        3 #same-1 [A b c! > Same] "> ## Same"
        6 #same-3 [A b c! > Same] ""
        7 #x- [A b c! > x z] ""
        8 #日本--ok [A b c! > 日本 – ok] """##,
    );
}

#[test]
fn headings_in_lists_quotes_and_code_stay_text() {
    check(
        "# T\n- # a\n\n> # b\n\n```\n# c\n```\n    # d\n\\# e\n#f\n",
        r##"1 #t [T] "- # a\n\n> # b\n\n```\n# c\n```\n    # d\n\\# e\n#f""##,
    );
}

#[test]
fn all_line_ends_are_lines() {
    check(
        "\u{feff}# A\r\nb\rc\r\n\r\n## D\re\0f",
        "1 #a [A] \"b\\nc\"\n5 #d [A > D] \"e\u{fffd}f\"",
    );
    let (text, warning) = decode(b"# Caf\xe9\n");
    assert_eq!(parse("n.md", &text).title, "Café");
    assert_eq!(
        warning.map(|w| (w.line, w.column, w.code)),
        Some((1, 6, "not-utf8"))
    );
}

#[test]
fn an_unclosed_fence_ends_at_the_next_heading() {
    let text = "# A\n```sh\nls\n# B\nb\n~~~\nx\n~~~\n```\nrest\n## C\nc";
    // The fence of line 2 is closed in line 9.
    check(
        text,
        r##"1 #a [A] "```sh\nls\n# B\nb\n~~~\nx\n~~~\n```\nrest"
        11 #c [A > C] "c""##,
    );
    let text = "# A\n```sh\nls\n# B\nb\n```rust\nfn\n## C\nc\n";
    check(
        text,
        r#"1 #a [A] "```sh\nls"
        4 #b [A > B] "b\n```rust\nfn"
        8 #c [A > B > C] "c""#,
    );
    check_warnings(text, &[(2, 1, "unclosed-fence"), (6, 1, "unclosed-fence")]);
    check("# A\n```\nend", r#"1 #a [A] "```\nend""#);
}

#[test]
fn an_unclosed_comment_ends_at_the_next_heading() {
    let text = "# A\n<!-- never\n# B\n";
    check(
        text,
        r#"1 #a [A] "<!-- never"
        3 #b [A > B] """#,
    );
    check_warnings(
        text,
        &[
            (1, 1, "empty-section"),
            (2, 1, "unclosed-html"),
            (3, 1, "empty-section"),
        ],
    );
}

#[test]
fn a_file_without_headings_is_cut_where_lines_look_like_titles() {
    let text = "EFS \n- Data in AZs\n- Linux \n\t- POSIX\n\nSecurity Group: \n- stateful\n\n**Roles**\n\nassumed\n";
    check(
        text,
        r#"1 #efs [note > EFS] "- Data in AZs\n- Linux \n\t- POSIX"
        6 #security-group [note > Security Group] "- stateful"
        9 #roles [note > Roles] "assumed""#,
    );
    check_warnings(text, &[(1, 1, "no-heading")]);
}

#[test]
fn a_file_of_plain_text_is_cut_into_readable_sections() {
    let text = "A sentence of some length that says little, and then a little more. ".repeat(8);
    let text = format!("*First* words. {text}\n\n").repeat(9);
    let note = parse("a/note.md", &text);
    assert_eq!(note.sections.len(), 5);
    assert!(note.sections.iter().all(|s| s.body.len() <= 1_500));
    let name = "First words. A sentence of some length that says little, and then a little more…";
    assert_eq!(note.sections[0].heading_path, ["note", name]);
    assert_eq!(note.sections[1].line, 5);
    check(
        "just this",
        r#"1 #just-this [note > just this] "just this""#,
    );
}

#[test]
fn long_text_is_cut_between_blocks() {
    let paragraph = format!("{}\n\n", "word ".repeat(300).trim());
    let text = format!("# A\n\n{}## B\nb", paragraph.repeat(5));
    let note = parse("a/note.md", &text);
    let anchors: Vec<_> = note
        .sections
        .iter()
        .map(|s| (s.line, s.anchor.as_str()))
        .collect();
    assert_eq!(anchors, [(1, "a"), (7, "a~2"), (11, "a~3"), (13, "b")]);
    assert!(note.sections.iter().all(|s| s.heading_path[0] == "A"));
    check_warnings(&text, &[(1, 1, "long-section")]);
}

#[test]
fn long_blocks_are_cut_into_markdown() {
    let rows = "| word | and more |\n".repeat(400);
    let code = "let line = of_code();\n".repeat(400);
    let items = format!("- item\n{}", "  - nested item words\n".repeat(400));
    let quote = "> quoted words\n".repeat(600);
    for (block, start) in [
        (
            format!("| A | B |\n|---|---|\n{rows}"),
            "| A | B |\n|---|---|\n| word",
        ),
        (format!("```rust\n{code}```\n"), "```rust\nlet line"),
        (items, "- nested item"),
        (quote, "> quoted"),
    ] {
        let note = parse("a/note.md", &format!("# A\n{block}"));
        assert!(note.sections.len() > 1);
        for (n, section) in note.sections.iter().enumerate().skip(1) {
            assert!(
                section.body.starts_with(start),
                "{n}: {}",
                &section.body[..80]
            );
            assert!(section.body.chars().count() <= BODY_MAX);
            assert!(section.line > 1);
        }
    }
    let note = parse("n.md", &format!("# A\n```rust\n{code}```\n"));
    assert!(note.sections.iter().all(|s| s.body.ends_with("\n```")));
}

#[test]
fn long_paragraphs_are_cut_after_sentences() {
    let text = "One two three four. ".repeat(300);
    let note = parse("n.md", &format!("# A\n{text}"));
    assert_eq!(note.sections.len(), 2);
    assert!(note.sections.iter().all(|s| s.body.ends_with("four.")));
    let text = "字".repeat(9_000);
    let sizes: Vec<_> = parse("n.md", &format!("# A\n{text}"))
        .sections
        .iter()
        .map(|s| s.body.chars().count())
        .collect();
    assert_eq!(sizes, [4_000, 4_000, 1_000]);
}

#[test]
fn bold_names_and_abbreviations_are_kept() {
    let note = parse(
        "n.md",
        "# EBS - Elastic Block Store\n**Volume**: a __disk__. **Volume** **A sentence.**\n\
         A Dead Letter Queue (DLQ) and a dead letter queue (DLQ).\n",
    );
    assert_eq!(note.sections[0].bold, ["Volume", "disk"]);
    let pairs: Vec<_> = note
        .abbreviations
        .iter()
        .map(|a| (&*a.short, &*a.long))
        .collect();
    assert_eq!(
        pairs,
        [("EBS", "Elastic Block Store"), ("DLQ", "Dead Letter Queue")]
    );
}

#[test]
fn odd_headings_are_told() {
    check_warnings(
        "# T\nt\n## A\na\n#### B\nb\n## A\na\n##\nx\n## C\n",
        &[
            (5, 1, "skipped-level"),
            (7, 1, "duplicate-heading"),
            (9, 1, "empty-heading"),
            (11, 1, "empty-section"),
        ],
    );
    check_warnings("# T\n## A\n### S\ns\n## B\n### S\ns\n", &[]);
    check_warnings("", &[(1, 1, "empty-note")]);
    check_warnings("---\ntitle: x\n---\n\n", &[(1, 1, "empty-note")]);
}
