//! Organisers set schedules up: what they type is read as they mean it, and what they are told is true.

use studyhall::chat::command::{Lack, Setup};
use studyhall::chat::{Message, Reply, Request};

use crate::group::{CHANNEL, Group, ORGANISER, heard};

fn group() -> Group {
    Group::new("2027-03-01T07:00:00Z", 20)
}

fn with_topics(topics: &str) -> Request {
    Request::Setup(Setup {
        topics: Some(topics.to_owned()),
        ..Setup::default()
    })
}

#[test]
fn topics_are_found_however_they_are_spelt() {
    let mut group = group();
    let files = [("quiz/all.md".to_owned(), questions("Even", "IAM roles"))];
    assert_eq!(group.bot.questions.take(&files), []);
    let draft = group.hear(ORGANISER, with_topics("iam ROLES, even"));
    assert!(draft.body.contains("IAM roles, Even"), "{}", draft.body);
    let mistake = group.hear(ORGANISER, with_topics("iam"));
    assert!(
        mistake.body.starts_with("No question has the topic “iam”"),
        "{}",
        mistake.body
    );
}

/// Two questions, each of a topic.
fn questions(first: &str, second: &str) -> String {
    let text = crate::group::questions_text(2);
    text.replace("topic: even", &format!("topic: {first}"))
        .replace("topic: odd", &format!("topic: {second}"))
}

#[test]
fn what_the_bot_lacks_here_keeps_nobody_from_changing_a_schedule_elsewhere() {
    let mut group = group();
    group.set_up(Setup::default());
    let lacks = |channel: Option<u64>| Setup {
        channel,
        lacks: vec![Lack::Send],
        ..Setup::default()
    };
    let save = |message: &Message| message.buttons[0][0].enabled;
    assert!(!save(&group.hear(ORGANISER, Request::Setup(lacks(None)))));
    let elsewhere = |channel: Option<u64>| {
        let mut heard = heard(
            ORGANISER,
            Request::Setup(lacks(channel)),
            99,
            group.stage.now(),
        );
        heard.place.channel = CHANNEL + 1;
        match group.bot.hear(&heard) {
            Reply::Say(message) => message,
            other => panic!("{other:?}"),
        }
    };
    assert!(save(&elsewhere(None)));
    assert!(!save(&elsewhere(Some(CHANNEL))), "that was looked at");
}
