//! People press buttons, share, open notes by name and look through the topics.

use studyhall::chat::command::Suggest;
use studyhall::chat::{Audience, Message, Press, Reply, Request, SUGGESTIONS_MAX, Suggestion};
use studyhall::scores::gaps::About;
use studyhall_index::SectionKey;

use crate::world::{World, button, s3_and_sqs, said};

fn offers(reply: Reply) -> Vec<Suggestion> {
    match reply {
        Reply::Offer(offers) => offers,
        Reply::Say(message) | Reply::Replace(message) => {
            panic!("offers were expected, not {message:?}")
        }
    }
}

fn open(message: &Message) -> SectionKey {
    match button(message, "Helped").press {
        Press::Helped { section } => section,
        other => panic!("{other:?} under “Helped”"),
    }
}

#[test]
fn only_private_answers_can_be_shared() {
    let mut world = s3_and_sqs();
    let public = world.ask("which class suits data that is read once a year");
    assert!(
        public
            .buttons
            .concat()
            .iter()
            .all(|button| button.label != "Share")
    );
    let private = said(world.hear(
        "Ada",
        Request::Ask {
            question: "which class suits data that is read once a year".to_owned(),
            topic: None,
            private: true,
        },
    ));
    let Reply::Say(shared) = world.press("Ada *A*", button(&private, "Share").press, true) else {
        panic!("sharing says something new")
    };
    assert_eq!(shared.audience, Audience::Channel);
    assert_eq!(shared.title, private.title);
    assert_eq!(
        shared.body,
        format!("-# Shared by Ada \\*A\\*\n\n{}", private.body)
    );
    assert!(
        shared
            .buttons
            .concat()
            .iter()
            .any(|button| button.label == "Helped")
    );
}

#[test]
fn a_press_changes_nobody_elses_view() {
    let mut world = s3_and_sqs();
    let public = world.ask("visibility timeout");
    let press = button(&public, "Next").press;
    let Reply::Say(for_ben) = world.press("Ben", press, false) else {
        panic!("a public message is left alone")
    };
    assert_eq!(for_ben.audience, Audience::Person);
    assert_eq!(for_ben.title.as_deref(), Some("SQS › Dead letter queue"));
    let Reply::Replace(back) = world.press("Ben", button(&for_ben, "Previous").press, true) else {
        panic!("a private message turns in place")
    };
    assert_eq!(back.audience, Audience::Person);
    assert_eq!(back.title, public.title);
}

#[test]
fn there_is_nothing_before_the_first_and_after_the_last() {
    let mut world = s3_and_sqs();
    let note = |section: &str| Request::Note {
        section: section.to_owned(),
    };
    let last = said(world.hear("Ada", note("Dead letter queue")));
    assert!(!button(&last, "Next").enabled);
    assert!(button(&last, "Previous").enabled);
    let reply = world.press("Ada", button(&last, "Next").press, true);
    assert!(said(reply).body.contains("The note ends here"));

    let first = said(world.hear("Ada", note("sqs.md#sqs")));
    assert_eq!(first.title.as_deref(), Some("SQS"));
    assert!(!button(&first, "Previous").enabled);
    assert!(button(&first, "Next").enabled);
}

#[test]
fn buttons_outlive_the_process() {
    let mut world = s3_and_sqs();
    let answer = world.ask("visibility timeout");
    let presses: Vec<Press> = answer
        .buttons
        .concat()
        .iter()
        .map(|button| button.press)
        .collect();
    world.restart();
    world.sync();
    for press in presses {
        let message = said(world.press("Ben", press, false));
        assert!(
            !message.body.contains("no longer in the notes"),
            "{press:?}"
        );
    }
}

#[test]
fn a_section_that_has_gone_is_said_to_be_gone() {
    let mut world = s3_and_sqs();
    let answer = world.ask("visibility timeout");
    world.remove("sqs.md");
    world.sync();
    for button in answer.buttons.concat() {
        match button.press {
            Press::Helped { .. } | Press::Open { .. } | Press::Topics { .. } => continue,
            Press::Next { .. }
            | Press::Previous { .. }
            | Press::Share { .. }
            | Press::DidNotHelp { .. } => {}
            other => panic!("{other:?} stands below no section"),
        }
        let Reply::Say(message) = world.press("Ben", button.press, true) else {
            panic!("what was shown stays in view")
        };
        assert_eq!(message.audience, Audience::Person);
        assert!(
            message.body.contains("no longer in the notes"),
            "{}",
            message.body
        );
    }
    assert!(world.gaps().is_empty());
}

#[test]
fn the_topics_are_listed_and_open() {
    let mut world = s3_and_sqs();
    let topics = said(world.hear("Ada", Request::Topics));
    assert_eq!(topics.audience, Audience::Person);
    assert!(
        topics.body.contains("**S3** · 3 sections"),
        "{}",
        topics.body
    );
    let opened = said(world.press("Ada", button(&topics, "S3").press, true));
    assert_eq!(opened.title.as_deref(), Some("S3"));
    // The tag and the note begin with the same section.
    let opened = said(world.press("Ada", button(&topics, "1, 3 · messaging").press, true));
    assert_eq!(opened.title.as_deref(), Some("SQS"));
}

#[test]
fn many_topics_have_pages() {
    let mut world = World::new();
    for n in 10..43 {
        world.write(&format!("{n}.md"), &format!("# Topic {n}\n\nText.\n"));
    }
    world.sync();
    let mut page = said(world.hear("Ada", Request::Topics));
    let mut seen = page.body.lines().count();
    while page
        .buttons
        .concat()
        .iter()
        .any(|button| button.label.starts_with("More topics"))
    {
        let press = button(&page, "More topics").press;
        let Reply::Replace(next) = world.press("Ada", press, true) else {
            panic!("a private list turns in place")
        };
        seen += next.body.lines().count();
        page = next;
    }
    assert_eq!(seen, 33);
    assert_eq!(page.footer.as_deref(), Some("page 4 of 4"));
    let beyond = said(world.press("Ada", Press::Topics { page: u16::MAX }, true));
    assert_eq!(beyond, page);
}

#[test]
fn every_offer_opens_what_it_offers() {
    let mut world = s3_and_sqs();
    for typed in ["", "v", "vis", "dead let", "s3", "queue", "storage c"] {
        let suggest = Request::Suggest(Suggest::Question {
            typed: typed.to_owned(),
        });
        let of_question = offers(world.hear("Ada", suggest));
        let suggest = Request::Suggest(Suggest::Section {
            typed: typed.to_owned(),
        });
        let of_note = offers(world.hear("Ada", suggest));
        assert!(of_question.len() <= SUGGESTIONS_MAX);
        assert!(
            typed.is_empty() || !of_question.is_empty(),
            "nothing for “{typed}”"
        );
        for offer in of_question {
            assert_eq!(world.ask(&offer.value).title, Some(offer.name));
        }
        for offer in of_note {
            let note = Request::Note {
                section: offer.value,
            };
            assert_eq!(said(world.hear("Ada", note)).title, Some(offer.name));
        }
    }
    let suggest = Request::Suggest(Suggest::Topic {
        typed: "MESS".to_owned(),
    });
    let topics = offers(world.hear("Ada", suggest));
    assert_eq!(topics.len(), 1);
    assert_eq!(topics[0].value, "messaging");
}

#[test]
fn a_picked_section_that_has_gone_is_no_question() {
    let mut world = s3_and_sqs();
    let picked = format!("§{}", SectionKey::of("sqs.md#visibility-timeout"));
    assert_eq!(
        world.ask(&picked).title.as_deref(),
        Some("SQS › Visibility timeout")
    );
    world.remove("sqs.md");
    world.sync();
    assert!(world.ask(&picked).body.contains("no longer in the notes"));
    let note = Request::Note { section: picked };
    assert!(
        said(world.hear("Ada", note))
            .body
            .contains("no longer in the notes")
    );
    assert!(world.gaps().is_empty());
}

#[test]
fn a_long_section_has_pages_that_hold_all_of_it() {
    let paragraphs: Vec<String> = (0..60)
        .map(|n| format!("Paragraph {n} speaks of the zeppelin and its mooring mast."))
        .collect();
    let note = format!("# Airships\n\n## Zeppelin\n\n{}\n", paragraphs.join("\n\n"));
    let mut world = World::with(&[("air.md", &note)]);
    let mut message = said(world.hear(
        "Ada",
        Request::Note {
            section: "Zeppelin".to_owned(),
        },
    ));
    let first = message.clone();
    let mut all = message.body.clone();
    while message
        .buttons
        .concat()
        .iter()
        .any(|button| button.label == "More")
    {
        message = said(world.press("Ada", button(&message, "More").press, true));
        all.push('\n');
        all.push_str(&message.body);
    }
    for paragraph in &paragraphs {
        assert_eq!(all.matches(paragraph.as_str()).count(), 1, "{paragraph}");
    }
    let section = open(&first);
    let beyond = Press::Open {
        section,
        page: u16::MAX,
    };
    assert_eq!(said(world.press("Ada", beyond, true)).body, message.body);
    while message
        .buttons
        .concat()
        .iter()
        .any(|button| button.label == "Back")
    {
        message = said(world.press("Ada", button(&message, "Back").press, true));
    }
    assert_eq!(message, first);
}

#[test]
fn feedback_reaches_the_note_keeper_and_nobody_else() {
    let mut world = s3_and_sqs();
    let answer = world.ask("visibility timeout");
    for (member, label) in [
        ("Ben", "Did not help"),
        ("Ada", "Helped"),
        ("Cleo", "Did not help"),
    ] {
        let Reply::Say(thanks) = world.press(member, button(&answer, label).press, false) else {
            panic!("the answer stays")
        };
        assert_eq!(thanks.audience, Audience::Person);
        assert!(
            thanks.body.to_lowercase().contains("thank you"),
            "{}",
            thanks.body
        );
    }
    let gaps = world.gaps();
    assert_eq!(gaps.len(), 1);
    assert_eq!(
        gaps[0].about,
        About::Section("sqs.md#visibility-timeout".to_owned())
    );
    assert_eq!((gaps[0].n_met, gaps[0].n_helped), (2, 1));
}

#[test]
fn other_hits_are_a_press_away() {
    let mut world = s3_and_sqs();
    let answer = world.ask("read once a month or once a year, or a deleted file brought back");
    let others = answer.buttons[0].clone();
    assert!(others[0].label.starts_with("2 · "), "{others:?}");
    for other in others {
        let opened = said(world.press("Ben", other.press, false));
        let title = opened.title.expect("a title");
        let heading = other.label.split_once(" · ").expect("a number").1;
        assert!(title.ends_with(heading), "{heading} opened {title}");
    }
}
