//! People ask; the notes answer, or honestly do not.

use std::sync::Arc;

use studyhall::chat::{Audience, QUESTION_MAX, Request};
use studyhall::scores::Scores;
use studyhall::scores::gaps::About;

use crate::group::Nothing;
use crate::world::{S3, SQS, World, button, s3_and_sqs, said};

#[test]
fn the_notes_answer() {
    let mut world = s3_and_sqs();
    let answer = world.ask("What is the default visibility timeout?");
    assert_eq!(answer.audience, Audience::Channel);
    assert_eq!(answer.title.as_deref(), Some("SQS › Visibility timeout"));
    assert!(
        answer
            .footer
            .as_deref()
            .is_some_and(|small| small.starts_with("sqs.md:8"))
    );
    assert_eq!(
        answer.body,
        "-# “What is the default visibility timeout?”\n\n\
         The default visibility timeout is 30 seconds; the maximum is 12 hours."
    );
    assert_eq!(answer.url, None);
    assert!(world.gaps().is_empty());
}

#[test]
fn the_quote_stands_before_the_section() {
    let mut world = s3_and_sqs();
    let answer = world.ask("which class suits data that is read once a year");
    assert_eq!(answer.title.as_deref(), Some("S3 › Storage classes"));
    assert!(
        answer
            .body
            .contains("\n\n> S3 Glacier Deep Archive suits data that is read once a year.\n\n"),
        "{}",
        answer.body
    );
    assert!(
        answer.body.contains("\n\nS3 Standard-IA suits"),
        "{}",
        answer.body
    );
}

#[test]
fn the_title_leads_to_the_note_on_the_web() {
    let mut world = World::with(&[("my notes/s3.md", S3)]);
    world.bot.notes_url = Some("https://notes.example/tree".into());
    let answer = world.ask("what does versioning keep");
    assert_eq!(
        answer.url.as_deref(),
        Some("https://notes.example/tree/my%20notes/s3.md#versioning")
    );
}

#[test]
fn what_the_notes_do_not_say_is_remembered() {
    let mut world = s3_and_sqs();
    for question in [
        "How do I bake sourdough bread?",
        "how do i bake  sourdough bread",
    ] {
        let answer = world.ask(question);
        assert_eq!(answer.title.as_deref(), Some("The notes do not say"));
        assert!(
            answer.body.contains("noted the question"),
            "{}",
            answer.body
        );
    }
    let gaps = world.gaps();
    assert_eq!(gaps.len(), 1);
    assert_eq!(gaps[0].n_met, 2);
    assert_eq!(
        gaps[0].about,
        About::Question("how do i bake sourdough bread".to_owned())
    );
}

#[test]
fn a_private_question_is_answered_privately() {
    let mut world = s3_and_sqs();
    let request = |question: &str| Request::Ask {
        question: question.to_owned(),
        topic: None,
        private: true,
    };
    let answer = said(world.hear("Ada", request("visibility timeout")));
    assert_eq!(answer.audience, Audience::Person);
    assert!(!answer.body.starts_with("-# "), "{}", answer.body);
    let unknown = said(world.hear("Ada", request("sourdough bread")));
    assert_eq!(unknown.audience, Audience::Person);
}

#[test]
fn a_question_that_comes_again_is_answered_from_the_notes_as_they_are() {
    let mut world = s3_and_sqs();
    let question = "what is the default visibility timeout";
    let first = world.ask(question);
    assert_eq!(world.ask(question), first);

    world.write("sqs.md", &SQS.replace("30 seconds", "45 seconds"));
    assert_eq!(world.ask(question), first, "the index has not changed yet");
    world.sync();
    let second = world.ask(question);
    assert!(second.body.contains("45 seconds"), "{}", second.body);
    assert_eq!(world.ask(question), second);

    world.write("a.md", "# Another note\n\nOf something else.");
    world.sync();
    assert_eq!(world.ask(question), second);
    world.remove("sqs.md");
    world.sync();
    for _ in 0..2 {
        let unknown = world.ask(question);
        assert_eq!(unknown.title.as_deref(), Some("The notes do not say"));
    }
    assert_eq!(world.gaps()[0].n_met, 2);
}

#[test]
fn each_way_of_asking_has_its_own_answer() {
    let mut world = s3_and_sqs();
    let mut ask = |question: &str, topic: Option<&str>, private| {
        said(world.hear(
            "Ada",
            Request::Ask {
                question: question.to_owned(),
                topic: topic.map(str::to_owned),
                private,
            },
        ))
    };
    let open = ask("versioning", None, false);
    let aside = ask("versioning", None, true);
    let louder = ask("VERSIONING", None, false);
    let elsewhere = ask("versioning", Some("SQS"), false);
    for _ in 0..2 {
        assert_eq!(ask("versioning", None, false), open);
        assert_eq!(ask("versioning", None, true), aside);
        assert_eq!(ask("VERSIONING", None, false), louder);
        assert_eq!(ask("versioning", Some("SQS"), false), elsewhere);
    }
    assert_eq!(aside.audience, Audience::Person);
    assert!(
        louder.body.starts_with("-# “VERSIONING”"),
        "{}",
        louder.body
    );
    assert_ne!(elsewhere.title, open.title);
}

#[test]
fn a_topic_narrows_the_answer() {
    let mut world = s3_and_sqs();
    let about = |topic: &str| Request::Ask {
        question: "what is it".to_owned() + " versioning",
        topic: Some(topic.to_owned()),
        private: false,
    };
    let answer = said(world.hear("Ada", about("s3")));
    assert_eq!(answer.title.as_deref(), Some("S3 › Versioning"));
    let elsewhere = said(world.hear("Ada", about("SQS")));
    assert_ne!(elsewhere.title.as_deref(), Some("S3 › Versioning"));
    let nowhere = said(world.hear("Ada", about("cooking")));
    assert!(
        nowhere.body.contains("no topic called “cooking”"),
        "{}",
        nowhere.body
    );
    assert_eq!(nowhere.audience, Audience::Person);
}

#[test]
fn mistakes_are_told_with_their_mend() {
    let mut world = s3_and_sqs();
    for (question, mend) in [
        ("  ", "/ask"),
        (&"x".repeat(QUESTION_MAX + 1), "at most 6000"),
        (&"é".repeat(QUESTION_MAX + 1), "6001 characters"),
    ] {
        let answer = world.ask(question);
        assert_eq!(answer.audience, Audience::Person);
        assert!(answer.body.contains(mend), "{}", answer.body);
    }
    assert!(world.gaps().is_empty());
    let note = Request::Note {
        section: "zeppelins".to_owned(),
    };
    let unknown = said(world.hear("Ada", note));
    assert!(
        unknown
            .body
            .contains("No section of the notes is called “zeppelins”")
    );
    let empty = Request::Note {
        section: String::new(),
    };
    assert!(said(world.hear("Ada", empty)).body.contains("/note"));
}

#[test]
fn without_notes_there_is_an_answer_all_the_same() {
    let mut world = World::new();
    world.sync();
    assert_eq!(
        world.ask("s3").title.as_deref(),
        Some("The notes do not say")
    );
    assert!(
        said(world.hear("Ada", Request::Topics))
            .body
            .contains("no notes yet")
    );
}

#[test]
fn somebodys_message_is_answered_from_the_notes() {
    let mut world = s3_and_sqs();
    let answer = said(world.hear(
        "Ada",
        Request::AnswerMessage {
            text: "hey, what is the default visibility timeout?".to_owned(),
        },
    ));
    assert_eq!(answer.title.as_deref(), Some("SQS › Visibility timeout"));
    assert_eq!(answer.audience, Audience::Channel);
}

#[test]
fn scores_that_are_gone_cost_the_record_and_not_the_answer() {
    let mut world = s3_and_sqs();
    world.bot.scores = Scores::new(Arc::new(Nothing));
    let answer = world.ask("how do I bake sourdough bread");
    assert_eq!(answer.title.as_deref(), Some("The notes do not say"));
    assert!(answer.body.contains("could not note"), "{}", answer.body);
    let answer = world.ask("visibility timeout");
    let thanks = said(world.press("Ada", button(&answer, "Did not help").press, false));
    assert!(thanks.body.contains("could not note"), "{}", thanks.body);
}
