//! Organisers set schedules up: what they type is read as they mean it, and what they are told is true.

use jiff::SignedDuration;
use studyhall::chat::command::{Lack, Quiz, Setup};
use studyhall::chat::{Message, Reply, Request};

use crate::group::{CHANNEL, GUILD, Group, ORGANISER, heard};
use crate::quiz_story::{daily, group};

fn without_quiz() -> Group {
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
    let mut group = without_quiz();
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
    let mut group = without_quiz();
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

#[test]
fn drafts_that_were_left_behind_are_in_nobodys_way() {
    let mut group = group();
    let draft = |group: &mut Group, name: &str| {
        let setup = Setup {
            name: Some(name.to_owned()),
            ..daily()
        };
        group.hear(ORGANISER, Request::Setup(setup)).body
    };
    // The first one changes a schedule that has been there for long.
    group.wait(SignedDuration::from_hours(48));
    let names = ["daily".to_owned()].into_iter();
    for name in names.chain((1..10).map(|number| format!("number {number}"))) {
        let body = draft(&mut group, &name);
        assert!(!body.contains("at most"), "{body}");
    }
    let refused = draft(&mut group, "one too many");
    assert!(refused.contains("at most 10 schedules"), "{refused}");
    group.wait(SignedDuration::from_hours(23));
    let refused = draft(&mut group, "one too many");
    assert!(refused.contains("at most 10 schedules"), "{refused}");
    group.wait(SignedDuration::from_hours(2));
    let taken = draft(&mut group, "one too many");
    assert!(!taken.contains("at most"), "{taken}");
    let schedules = group.bot.scores.schedules(GUILD).expect("scores");
    let names: Vec<&str> = schedules
        .iter()
        .map(|schedule| schedule.own_name())
        .collect();
    assert_eq!(names.len(), 2, "{names:?}");
}

#[test]
fn a_draft_shows_what_will_be_asked() {
    let mut group = Group::new("2027-03-01T07:00:00Z", 40);
    let draft = group.hear(ORGANISER, Request::Setup(daily()));
    let first = draft
        .body
        .lines()
        .find(|line| line.contains("09:00` "))
        .unwrap()
        .to_owned();
    group.press(ORGANISER, draft.buttons[0][0].press);
    let coming = group.hear(ORGANISER, Request::Quiz(Quiz::Preview { schedule: None }));
    assert_eq!(coming.body.lines().next(), Some(first.as_str()));
    group.wait(SignedDuration::from_hours(2));
    let stem = group.first_body();
    let stem = stem.lines().next().unwrap().to_owned();
    assert!(first.ends_with(&stem), "{first} / {stem}");
    let again = group.press(ORGANISER, draft.buttons[0][0].press);
    assert!(
        again.body.starts_with("This draft is gone"),
        "{}",
        again.body
    );
}
