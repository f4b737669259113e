//! Random texts come back as they were, and no text at all makes a reader fall over.

use proptest::prelude::*;
use studyhall::quiz::import::{Format, write};
use studyhall_index::blocks::{Block, Inline, blocks};

use super::{bank, form};

/// Words in which Markdown and HTML see much.
fn words() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        "[a-zA-Zé0-9]{1,6}",
        "[-*_`~#>+=|\\\\\\[\\](){}<&;:.!$/\"']{1,4}",
        Just("&lt;".to_owned()),
        Just("&amp;copy;".to_owned()),
        Just("<b>".to_owned()),
        Just("1.".to_owned()),
        Just("23)".to_owned()),
        Just("- [x]".to_owned()),
        Just("*x*".to_owned()),
        Just("_x_".to_owned()),
        Just("~~x~~".to_owned()),
        Just("`x`".to_owned()),
        Just("* x".to_owned()),
        Just("---".to_owned()),
        Just("> x".to_owned()),
        Just("```".to_owned()),
        Just("## x".to_owned()),
        Just("{#id}".to_owned()),
        Just("a_b_c".to_owned()),
        Just("topic: x".to_owned()),
        Just("\u{a0}".to_owned()),
        Just("[x](y)".to_owned()),
    ];
    let joined = |pieces: Vec<String>| pieces.join(" ");
    let whole = proptest::collection::vec(piece.clone(), 1..6).prop_map(joined);
    let tight = proptest::collection::vec(piece, 1..6).prop_map(|pieces| pieces.concat());
    prop_oneof![whole, tight]
}

/// What a reader of the Markdown sees, paragraph by paragraph; nothing but plain text may be there.
fn seen(markdown: &str) -> Vec<String> {
    let paragraph = |block: &Block| match block {
        Block::Paragraph(inlines) => {
            let text = inlines.iter().map(|inline| match inline {
                Inline::Text(text) => text.as_str(),
                other => panic!("{other:?} in {markdown}"),
            });
            text.collect::<String>()
        }
        other => panic!("{other:?} in {markdown}"),
    };
    blocks(markdown).iter().map(paragraph).collect()
}

fn plain(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn plain_texts_are_read_back_as_they_were(
        lines in proptest::collection::vec(words(), 1..4),
        right in words(),
        wrong in proptest::collection::vec(words(), 1..4),
    ) {
        let stem: Vec<String> = lines.iter().map(|line| plain(line)).filter(|l| !l.is_empty()).collect();
        let json = serde_json::json!([{
            // Plain texts go through the encoding that has no entities.
            "type": "multiple",
            "question": encoded(&stem.join("\n")),
            "correct_answer": encoded(&right),
            "incorrect_answers": wrong.iter().map(|w| encoded(w)).collect::<Vec<_>>(),
            "category": "%20",
        }]);
        let written = write(Format::Opentdb.read(&json.to_string()), &form());
        let questions = bank(&written);
        prop_assert_eq!(questions.len() + written.problems.len(), 1);
        if let Some(question) = questions.first() {
            let mut read = seen(&question.stem);
            if let Some(last) = read.last_mut() {
                *last = last.trim_end_matches(" (Choose two.)").to_owned();
            }
            prop_assert_eq!(read, stem);
            let mut given: Vec<String> = wrong.iter().chain([&right]).map(|text| plain(text)).collect();
            let mut read: Vec<String> = question.choices.iter().flat_map(|c| seen(&c.text)).collect();
            given.sort();
            read.sort();
            prop_assert_eq!(read, given);
            let of_right = question.choices.iter().find(|choice| choice.is_right);
            prop_assert_eq!(seen(&of_right.expect("a right choice").text).concat(), plain(&right));
        } else {
            // Nothing but the rules of questions refuses one.
            let message = &written.problems[0].message;
            let rules = ["two choices", "no words", "the stem asks", "has no words"];
            prop_assert!(rules.iter().any(|rule| message.contains(rule)), "{}", message);
        }
    }

    #[test]
    fn feedback_is_read_back_as_it_was(
        why in words(),
        general in proptest::collection::vec(words(), 1..3),
    ) {
        let escaped = |text: &str| {
            let mut out = String::new();
            for c in text.chars() {
                if "~=#{}:\\".contains(c) {
                    out.push('\\');
                }
                out.push(c);
            }
            out
        };
        let general: Vec<String> = general.iter().map(|l| plain(l)).filter(|l| !l.is_empty()).collect();
        let lines: Vec<String> = general.iter().map(|line| escaped(line)).collect();
        let why_said = escaped(&plain(&why));
        let text = format!("[plain]What? {{=a#[plain]{why_said}\n~b####[plain]{}}}", lines.join("\\n"));
        let written = write(Format::Gift.read(&text), &form());
        let questions = bank(&written);
        prop_assert_eq!(questions.len(), 1, "{:?}", written.problems);
        let said = questions[0].choices[0].why.as_deref().map(seen).unwrap_or_default();
        prop_assert_eq!(said.concat(), plain(&why));
        let link = "See [retention](../sqs.md#retention).";
        let explanation = questions[0].explanation.strip_suffix(link).expect("the link");
        let expected = if general.is_empty() { vec!["The answer is a.".to_owned()] } else { general };
        prop_assert_eq!(seen(explanation.trim_end()), expected);
    }

    #[test]
    fn any_text_is_read_and_what_is_written_can_be_asked(
        pieces in proptest::collection::vec(hostile(), 0..40),
    ) {
        let text = pieces.concat();
        for format in Format::ALL {
            let written = write(format.read(&text), &form());
            bank(&written);
        }
        let _ = Format::of("txt", &text);
    }
}

fn encoded(text: &str) -> String {
    text.bytes().map(|b| format!("%{b:02X}")).collect()
}

/// Pieces of all formats, whole and broken.
fn hostile() -> impl Strategy<Value = String> {
    let known = proptest::sample::select(vec![
        "\n",
        "\n\n",
        "\r\n",
        "A. ",
        "B) ",
        "C.",
        "- A. x\n",
        "- [ ] ",
        "- [x] y\n",
        "ANSWER: B\n",
        "What?",
        "{",
        "}",
        "=",
        "~",
        "#",
        "####",
        "->",
        "%50%",
        "::",
        "\\",
        "$CATEGORY: a/b\n",
        "//",
        "[html]",
        "[markdown]",
        "T",
        "<details>",
        "</details>",
        "<summary>",
        "</summary>",
        "Correct answer: B",
        "Answer:\n- A\n- B\n",
        "```\n",
        "~~~\n",
        "## ",
        "**",
        "---\n",
        "1. ",
        "<b>",
        "<pre>",
        "</pre>",
        "<!--",
        "-->",
        "<a href='http://x'>",
        "&eacute;",
        "&#0;",
        "&#x110000;",
        "\t",
        "\"",
        ";",
        "#separator:tab\n",
        "#html:false\n",
        "#columns:Question\tA\tB\tAnswer\n",
        "#tags column:99\n",
        "[{\"question\":",
        "\u{0}",
        "\u{2028}",
        "é",
        "> ",
        "topic: x\n",
        "{#a-b-c}",
        "(Choose two.)",
    ]);
    prop_oneof![4 => known.prop_map(str::to_owned), 1 => any::<String>()]
}

#[test]
fn a_megabyte_of_one_piece_is_read() {
    // Were the time quadratic this would not end.
    const SIZE: usize = 1_000_000;
    for piece in [
        "{",
        "}",
        "=a ~b\n",
        "\\",
        "#",
        "<",
        "<b",
        "<b>",
        "<!--",
        "&",
        "&a",
        "A. x\n",
        "- A. x\n",
        "- [ ] x\n",
        "\"",
        "\t",
        "\n",
        "<details>",
        "<details></details>",
        "<details>\nAnswer:\n",
        "```\n",
        "*",
        "[",
        "Q {=a ~b}\n\n",
        "# x\n",
        "x\n\n",
        "B\n",
        "**x**\n",
    ] {
        let text = piece.repeat(SIZE / piece.len());
        for format in Format::ALL {
            let written = write(format.read(&text), &form());
            assert!(written.n_questions <= 1, "{piece} as {}", format.name());
        }
    }
}
