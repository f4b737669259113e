//! Notes, names and questions that try to break the chat.

use std::thread;

use studyhall::chat::command::Suggest;
use studyhall::chat::{Press, QUESTION_MAX, Request};

pub(crate) use crate::fuzzed::entries::limits::assert_reply as assert_within_limits;
use crate::world::{World, ask, s3_and_sqs, said};

/// Texts that try to break the chat, each once as heading, as text, as code and as a cell.
fn nasty_texts() -> Vec<String> {
    let signs = [
        "@everyone",
        "@here",
        "<@1>",
        "<@&2>",
        "<#3>",
        "<:x:4>",
        "<t:5>",
        "```",
        "``` ```",
        "````",
        "~~~",
        "`",
        "**",
        "***",
        "__",
        "~~",
        "||",
        "[a](b)",
        "[a](javascript:b)",
        "![a](b)",
        "![](https://a.example/x.png)",
        "<script>",
        "<details>",
        "<!--",
        "&lt;@1&gt;",
        "&#64;everyone",
        "\\",
        "\u{202e}",
        "\u{2066}",
        "\u{200b}",
        "\u{0}",
        "👩‍👩‍👧‍👦",
        "漢字",
        "שלום",
        "| a | b |",
        "> > >",
        "- - -",
        "1. 2. 3.",
        "# # #",
        "[^1]",
        "https://a.example/_x_",
        "<https://a.example>",
        "\t\t",
        "$x$",
        "[[wiki]]",
        "- [ ] task",
        "\u{301}",
        "﷽",
        "%00",
        "{#id}",
    ];
    let mut texts = Vec::new();
    for (at, sign) in signs.iter().enumerate() {
        let other = signs[(at * 7 + 3) % signs.len()];
        texts.push((*sign).to_owned());
        texts.push(format!("{sign} {other} word"));
        // A few are very long; were all of them, the test would take a minute.
        let n_times = if at % 20 == 0 { 300 } else { 15 };
        texts.push(format!("{sign}{other}").repeat(n_times));
        texts.push(format!("{sign}\n{other}\n\n").repeat(n_times));
    }
    texts
}

#[test]
fn hostile_notes_and_questions_stay_within_every_limit() {
    let texts = nasty_texts();
    let mut world = World::new();
    for (n, text) in texts.iter().enumerate() {
        let line: String = text.replace('\n', " ").chars().take(400).collect();
        let note = format!(
            "# {line}\n\n{text}\n\n## {line} {line}\n\n- {line}\n  - {text}\n\n\
             | {line} | b |\n|---|---|\n| {line} | {line} |\n\n```{line}\n{text}\n```\n\n> {text}\n"
        );
        world.write(&format!("note {n}.md"), &note);
    }
    world.sync();
    let mut n_opened = 0;
    for text in &texts {
        let suggest = Request::Suggest(Suggest::Section {
            typed: text.clone(),
        });
        for request in [
            ask(text),
            Request::Note {
                section: text.clone(),
            },
            suggest,
        ] {
            assert_within_limits(&world.hear(text, request));
        }
    }
    let mut topics = world.hear("Ada", Request::Topics);
    loop {
        assert_within_limits(&topics);
        let page = said(topics);
        for topic in page.buttons.concat() {
            if matches!(topic.press, Press::Topics { .. }) {
                continue;
            }
            let mut section = world.press("Ada", topic.press, true);
            for _ in 0..30 {
                assert_within_limits(&section);
                n_opened += 1;
                let shown = said(section);
                let buttons = shown.buttons.concat();
                if let Some(share) = buttons.iter().find(|button| button.label == "Share") {
                    assert_within_limits(&world.press("@everyone `*", share.press, true));
                }
                let mut ways = buttons.iter().filter(|button| button.enabled);
                let way =
                    ways.find(|way| way.label == "More" || matches!(way.press, Press::Next { .. }));
                let Some(way) = way else { break };
                section = world.press("Ada", way.press, true);
            }
        }
        let buttons = page.buttons.concat();
        let Some(more) = buttons
            .iter()
            .find(|button| button.label.starts_with("More topics"))
        else {
            break;
        };
        topics = world.press("Ada", more.press, true);
    }
    assert!(n_opened >= texts.len(), "only {n_opened} pages were opened");
}

/// What was seen to end processes that hand questions to a query parser, each as long as a question
/// may be.
fn queries() -> Vec<String> {
    let full = |pattern: &str| -> String { pattern.chars().cycle().take(QUESTION_MAX).collect() };
    let words = |word: &dyn Fn(usize) -> String| -> String {
        let words: Vec<String> = (0..3_000).map(word).collect();
        words.join(" ").chars().take(QUESTION_MAX).collect()
    };
    vec![
        format!("{}sqs", "(".repeat(5_990)),
        format!("{}sqs{}", "(".repeat(2_990), ")".repeat(2_990)),
        format!("{}sqs", "NOT ".repeat(1_490)),
        format!("{}sqs", "-".repeat(5_990)),
        format!("{}sqs", "+(".repeat(2_990)),
        format!("\"{}\"~1000", "alpha beta ".repeat(540)),
        format!("\"{}\"~4294967295", "sqs queue ".repeat(590)),
        format!("sqs^{}", "9".repeat(5_000)),
        format!("sqs~{}", "9".repeat(5_000)),
        format!("/{}/", "(a*)*".repeat(1_190)),
        full("sqs AND "),
        full("heading:sqs OR "),
        full("[a TO z] "),
        full("IN [a b] "),
        full("*"),
        full("s*"),
        words(&|at| char::from_u32(0x4e00 + at as u32).map_or(String::new(), String::from)),
        words(&|at| format!("{}", at % 10)),
        full("e\u{301}\u{302}\u{303}"),
        full("\u{1f469}\u{200d}"),
        full("\u{202e}\u{2066}"),
        full("\u{fdfa}"),
        full("\u{0}\u{1f}"),
        full("SQS S3 DLQ "),
        full("visibilty timeot "),
    ]
}

#[test]
fn no_query_that_is_typed_ends_the_process() {
    // A thread of the size on which Discord's edge lets stories be told; deep recursion ends it.
    const STACK_BYTES: usize = 2 << 20;
    let asked = thread::Builder::new().stack_size(STACK_BYTES).spawn(|| {
        let mut world = s3_and_sqs();
        for query in queries() {
            assert!(query.chars().count() <= QUESTION_MAX);
            let message = Request::AnswerMessage {
                text: query.clone(),
            };
            let topic = Request::Ask {
                question: "sqs".to_owned(),
                topic: Some(query.clone()),
                private: true,
            };
            let note = Request::Note {
                section: query.clone(),
            };
            let suggest = Request::Suggest(Suggest::Section {
                typed: query.clone(),
            });
            for request in [ask(&query), message, topic, note, suggest] {
                let reply = world.hear("Ada", request);
                assert_within_limits(&reply);
                let text = format!("{reply:?}");
                assert!(!text.contains("Something went wrong"), "{text}");
            }
        }
        // And the next one is answered as ever.
        let answer = world.ask("What is the default visibility timeout?");
        assert!(answer.body.contains("30 seconds"), "{}", answer.body);
    });
    asked
        .expect("a thread")
        .join()
        .expect("every query is answered");
}
