//! Notes' Markdown becomes what a chat shows: readable, within limits, and harmless.

use proptest::prelude::*;
use studyhall::wording::html::{self, Left};
use studyhall::wording::link::Site;
use studyhall::wording::markdown::block_pages;
use studyhall::wording::page::PAGE_UNITS_MIN;
use studyhall::wording::text::{self, n_units};
use studyhall_index::blocks::{Block, Inline, Item};

use crate::fuzzed::entries::limits::is_harmless;

const SITE: Site<'_> = Site {
    notes_url: Some("https://notes.example/tree/"),
    path: "aws/s3 basics.md",
};

fn shown(blocks: &[Block]) -> String {
    block_pages(blocks, &SITE, 2_000)
        .join("\n=====\n")
        .replace('\u{200b}', "¦")
}

fn line(text: &str) -> Vec<Inline> {
    vec![Inline::Text(text.to_owned())]
}

fn paragraph(text: &str) -> Block {
    Block::Paragraph(line(text))
}

fn item(blocks: Vec<Block>) -> Item {
    Item {
        checked: None,
        blocks,
    }
}

fn link(text: Vec<Inline>, url: &str) -> Inline {
    Inline::Link {
        text,
        url: url.to_owned(),
    }
}

#[track_caller]
fn check(blocks: &[Block], expected: &str) {
    assert_eq!(shown(blocks), expected);
}

#[test]
fn plain_text_is_not_markup() {
    check(
        &[paragraph("# *a* _b_ ~c~ |d| `e` [f](g) \\h")],
        "\\# \\*a\\* \\_b\\_ \\~c\\~ \\|d\\| \\`e\\` \\[f\\](g) \\\\h",
    );
    for (text, expected) in [
        ("> quote", "\\> quote"),
        ("- item", "\\- item"),
        ("+ item", "\\+ item"),
        ("-# small", "\\-# small"),
        ("12. item", "12\\. item"),
        ("12) item", "12\\) item"),
        ("3.5 GB, on-demand > 1", "3\\.5 GB, on-demand > 1"),
        ("a # b", "a # b"),
    ] {
        check(&[paragraph(text)], expected);
    }
}

#[test]
fn nothing_pings() {
    check(
        &[paragraph(
            "@everyone @HERE <@1> <@&2> <#3> <:x:4> <a:x:5> <t:6> </ask:7> <id:home> a < b",
        )],
        "@¦everyone @¦HERE <¦@1> <¦@&2> <¦#3> <¦:x:4> <¦a:x:5> <¦t:6> <¦/ask:7> <¦id:home> a < b",
    );
    // Taking away what cannot be seen must not join what it parted.
    check(
        &[paragraph("@\u{202e}every\u{0}one <\u{2066}@1>")],
        "@¦everyone <¦@1>",
    );
    check(
        &[Block::Code {
            language: "html".to_owned(),
            text: "</b> @everyone <@1> ec2-user@host".to_owned(),
        }],
        "```html\n</b> @¦everyone <¦@1> ec2-user@host\n```",
    );
}

#[test]
fn styles_nest_and_touch() {
    let strong = |text: &str| Inline::Strong(line(text));
    let emphasis = |text: &str| Inline::Emphasis(line(text));
    check(
        &[Block::Paragraph(vec![
            strong("a "),
            emphasis("b"),
            strong("c"),
            Inline::Text("d".to_owned()),
            Inline::Strike(vec![strong("e")]),
        ])],
        "**a** *b*¦**c**d~~**e**~~",
    );
    check(
        &[Block::Paragraph(vec![
            Inline::Code("a".to_owned()),
            Inline::Code("b`c``d".to_owned()),
        ])],
        "`` ab`c`¦`d ``",
    );
    check(
        &[Block::Paragraph(vec![
            Inline::Code("a".to_owned()),
            Inline::Strong(vec![Inline::Code("b".to_owned())]),
        ])],
        "`a`¦**`b`**",
    );
}

#[test]
fn links_lead_to_the_web_or_nowhere() {
    for (url, expected) in [
        (
            "https://a.example/x_(y) z",
            "[see](https://a.example/x_%28y%29%20z)",
        ),
        (
            "#versioning",
            "[see](https://notes.example/tree/aws/s3%20basics.md#versioning)",
        ),
        ("ec2.md", "[see](https://notes.example/tree/aws/ec2.md)"),
        (
            "../iam.md#roles",
            "[see](https://notes.example/tree/iam.md#roles)",
        ),
        ("/iam.md", "[see](https://notes.example/tree/iam.md)"),
        ("../../outside.md", "see"),
        ("javascript:alert(1)", "see"),
        ("mailto:a@b.example", "see"),
        ("//evil.example", "see"),
        ("", "see"),
    ] {
        check(&[Block::Paragraph(vec![link(line("see"), url)])], expected);
    }
    let nowhere = Site {
        notes_url: None,
        ..SITE
    };
    let relative = [Block::Paragraph(vec![link(line("see"), "ec2.md")])];
    assert_eq!(block_pages(&relative, &nowhere, 2_000), ["see"]);
    check(
        &[Block::Paragraph(vec![link(
            line("https://bank.example/log_in"),
            "https://other.example",
        )])],
        "bank.example/log\\_in (<https://other.example>)",
    );
    check(
        &[paragraph("see https://a.example/b_c_d, *now*")],
        "see https://a.example/b_c_d, \\*now\\*",
    );
}

#[test]
fn images_and_html_become_words() {
    check(
        &[Block::Paragraph(vec![
            Inline::Image {
                alt: "A bucket".to_owned(),
                url: "https://a.example/b.png".to_owned(),
            },
            Inline::Html("<br>".to_owned()),
            Inline::Html("<kbd>".to_owned()),
            Inline::Text("Ctrl".to_owned()),
            Inline::Html("</kbd>".to_owned()),
            Inline::Image {
                alt: String::new(),
                url: "data:image/png;base64,AAAA".to_owned(),
            },
        ])],
        "[🖼 A bucket](https://a.example/b.png)\nCtrl🖼 picture",
    );
    check(
        &[Block::Html(
            "<details><summary>Hint &amp; help</summary>\nUse <b>S3</b><!-- no --><script>x</script>\
             <p>a < b</details>"
                .to_owned(),
        )],
        "Hint & help\nUse S3\na < b",
    );
    assert_eq!(
        html::left("<img alt='a > b' src=x.png>"),
        [Left::Image {
            alt: "a > b".to_owned(),
            url: "x.png".to_owned()
        }]
    );
}

#[test]
fn small_tables_are_columns_and_wide_ones_lists() {
    let row = |cells: [&str; 2]| cells.map(line).to_vec();
    let table = |rows: Vec<[&str; 2]>| Block::Table {
        head: row(["Class", "Price"]),
        rows: rows.into_iter().map(row).collect(),
    };
    check(
        &[table(vec![["Standard", "1"], ["氷河", "`0.1`"]])],
        "```\nClass     Price\n───────────────\nStandard  1\n氷河      `0.1`\n```",
    );
    let long = "for data that is read once a year and may take twelve hours to come back";
    check(
        &[table(vec![["Deep Archive", long], ["Standard", ""]])],
        &format!("- **Class**: Deep Archive\n  - **Price**: {long}\n- **Class**: Standard"),
    );
}

#[test]
fn lists_keep_their_shape() {
    check(
        &[Block::List {
            start: Some(9),
            items: vec![
                item(vec![
                    paragraph("one"),
                    paragraph("more"),
                    Block::List {
                        start: None,
                        items: vec![
                            Item {
                                checked: Some(true),
                                blocks: vec![paragraph("done")],
                            },
                            Item {
                                checked: Some(false),
                                blocks: vec![],
                            },
                        ],
                    },
                ]),
                item(vec![Block::Code {
                    language: "sh".to_owned(),
                    text: "aws s3 ls\n".to_owned(),
                }]),
            ],
        }],
        "9. one\n  more\n  - ☑ done\n  - ☐ …\n```sh\naws s3 ls\n```",
    );
}

#[test]
fn quotes_and_headings() {
    check(
        &[
            Block::Heading {
                level: 5,
                text: line("Deep"),
            },
            Block::Quote(vec![paragraph("a"), Block::Quote(vec![paragraph("b")])]),
            Block::Rule,
            paragraph("c"),
        ],
        "**Deep**\n\n> a\n> b\n\n───\n\nc",
    );
}

#[test]
fn fences_are_closed_and_reopened() {
    let code: String = (0..200)
        .map(|n| format!("line {n} ``` of code\n"))
        .collect();
    let blocks = [
        paragraph("before"),
        Block::Code {
            language: "rust".to_owned(),
            text: code,
        },
        paragraph("after"),
    ];
    let pages = block_pages(&blocks, &SITE, 1_000);
    assert!(pages.len() > 3);
    for page in &pages {
        assert_eq!(page.matches("```").count() % 2, 0, "{page}");
    }
    assert!(pages[1].starts_with("```rust\n"), "{}", pages[1]);
    let last = pages.last().unwrap();
    assert!(last.ends_with("\n```\n\nafter"), "{last}");
    let all = pages.concat();
    assert!((0..200).all(|n| all.contains(&format!("line {n} "))));
}

#[test]
fn a_heading_is_not_the_last_of_its_page() {
    let heading = Block::Heading {
        level: 4,
        text: line("Heading"),
    };
    let blocks = [
        paragraph(&"a ".repeat(450)),
        heading,
        paragraph(&"b ".repeat(300)),
    ];
    let pages = block_pages(&blocks, &SITE, 1_000);
    assert_eq!(pages.len(), 2);
    assert!(pages[1].starts_with("**Heading**\n\nb "), "{}", pages[1]);
}

#[test]
fn right_to_left_text_stays() {
    check(
        &[paragraph("שלום עולם \u{202e}abc\u{202c}")],
        "שלום עולם abc",
    );
}

#[test]
fn cut_counts_as_the_strictest_chat() {
    assert_eq!(text::cut("🖼🖼🖼", 6), "🖼🖼🖼");
    assert_eq!(text::cut("🖼🖼🖼", 5), "🖼🖼…");
    assert_eq!(text::cut("abc def", 5), "abc…");
}

/// Text as hostile as it comes: markup, mentions, controls, wide and joined characters.
pub(crate) fn nasty() -> impl Strategy<Value = String> {
    let sign = prop::sample::select(vec![
        "@everyone",
        "@",
        "everyone",
        "here",
        "<",
        "<@1>",
        "```",
        "`",
        "``",
        "**",
        "*",
        "_",
        "~~",
        "||",
        "> ",
        "# ",
        "- ",
        "1. ",
        "\n",
        " ",
        "\t",
        "\\",
        "[",
        "]",
        "(",
        ")",
        "://",
        "https://a.example/",
        "\u{202e}",
        "\u{200b}",
        "\u{0}",
        "🖼",
        "👩‍👩‍👧",
        "é",
        "漢字",
        "שלום",
        "a",
        "word ",
        "<br>",
        "<img src=x>",
        "&amp;",
        "&lt;",
    ]);
    prop_oneof![
        prop::collection::vec(sign, 0..40).prop_map(|signs| signs.concat()),
        any::<String>(),
        "[a-z@<`*]{0,3000}",
    ]
}

fn inline() -> impl Strategy<Value = Inline> {
    let leaf = prop_oneof![
        nasty().prop_map(Inline::Text),
        nasty().prop_map(Inline::Code),
        nasty().prop_map(Inline::Html),
        (nasty(), nasty()).prop_map(|(alt, url)| Inline::Image { alt, url }),
        Just(Inline::Break),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        let inner = prop::collection::vec(inner, 0..4);
        let url = prop_oneof![
            nasty(),
            nasty().prop_map(|path| format!("https://a.example/{path}")),
        ];
        prop_oneof![
            inner.clone().prop_map(Inline::Strong),
            inner.clone().prop_map(Inline::Emphasis),
            inner.clone().prop_map(Inline::Strike),
            (inner, url).prop_map(|(text, url)| Inline::Link { text, url }),
        ]
    })
}

fn block() -> impl Strategy<Value = Block> {
    let text = || prop::collection::vec(inline(), 0..5);
    let leaf = prop_oneof![
        text().prop_map(Block::Paragraph),
        (1..=6_u8, text()).prop_map(|(level, text)| Block::Heading { level, text }),
        (nasty(), nasty()).prop_map(|(language, text)| Block::Code { language, text }),
        nasty().prop_map(Block::Html),
        Just(Block::Rule),
        (
            prop::collection::vec(text(), 0..4),
            prop::collection::vec(prop::collection::vec(text(), 0..4), 0..4)
        )
            .prop_map(|(head, rows)| Block::Table { head, rows }),
    ];
    leaf.prop_recursive(4, 16, 4, |inner| {
        let inner = prop::collection::vec(inner, 0..4);
        let item = (any::<Option<bool>>(), inner.clone())
            .prop_map(|(checked, blocks)| Item { checked, blocks });
        prop_oneof![
            inner.prop_map(Block::Quote),
            (any::<Option<u64>>(), prop::collection::vec(item, 0..4))
                .prop_map(|(start, items)| Block::List { start, items }),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_text_stays_within_limits_and_pings_nobody(
        blocks in prop::collection::vec(block(), 0..5),
        units_max in PAGE_UNITS_MIN..3_000_usize,
    ) {
        for page in block_pages(&blocks, &SITE, units_max) {
            prop_assert!(n_units(&page) <= units_max, "{} of {units_max}: {page}", n_units(&page));
            prop_assert!(!page.trim().is_empty());
            prop_assert_eq!(page.matches("```").count() % 2, 0, "{}", page);
            prop_assert!(is_harmless(&page), "{}", page);
        }
    }

    #[test]
    fn any_name_stays_within_limits(name in nasty(), units_max in 1..300_usize) {
        let plain = text::plain(&name, units_max);
        prop_assert!(n_units(&plain) <= units_max);
        prop_assert!(is_harmless(&plain));
        prop_assert!(!plain.contains('\n'));
    }
}
