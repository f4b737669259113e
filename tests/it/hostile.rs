//! Notes, names and questions that try to break the chat.

use studyhall::chat::command::Suggest;
use studyhall::chat::{
    BODY_MAX, LABEL_MAX, Press, ROW_MAX, Reply, Request, SUGGESTION_MAX, SUGGESTIONS_MAX, TITLE_MAX,
};
use studyhall::wording::FOOTER_MAX;
use studyhall::wording::text::n_units;

use crate::markdown::is_harmless;
use crate::world::{World, ask, said};

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

/// Fails where a reply breaks a limit of the chat, pings anyone, or says nothing.
#[track_caller]
pub(crate) fn assert_within_limits(reply: &Reply) {
    let message = match reply {
        Reply::Say(message) | Reply::Replace(message) => message,
        Reply::Offer(offers) => {
            assert!(offers.len() <= SUGGESTIONS_MAX);
            for offer in offers {
                assert!(
                    (1..=SUGGESTION_MAX).contains(&n_units(&offer.name)),
                    "{offer:?}"
                );
                assert!(
                    (1..=SUGGESTION_MAX).contains(&n_units(&offer.value)),
                    "{offer:?}"
                );
            }
            return;
        }
    };
    let body = &message.body;
    assert!(
        (1..=BODY_MAX).contains(&n_units(body)),
        "{} units",
        n_units(body)
    );
    assert!(!body.trim().is_empty());
    assert_eq!(body.matches("```").count() % 2, 0, "{body}");
    assert!(is_harmless(body), "{body}");
    if let Some(title) = &message.title {
        assert!((1..=TITLE_MAX).contains(&n_units(title)), "{title}");
        assert!(is_harmless(title), "{title}");
    }
    if let Some(footer) = &message.footer {
        assert!((1..=FOOTER_MAX).contains(&n_units(footer)), "{footer}");
    }
    assert!(message.buttons.len() <= ROW_MAX);
    let buttons = message.buttons.concat();
    for row in &message.buttons {
        assert!((1..=ROW_MAX).contains(&row.len()));
    }
    for (at, button) in buttons.iter().enumerate() {
        assert!(
            (1..=LABEL_MAX).contains(&n_units(&button.label)),
            "{button:?}"
        );
        let same = |other: &studyhall::chat::Button| other.press == button.press;
        assert!(
            !buttons[..at].iter().any(same),
            "{button:?} stands there twice"
        );
    }
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
