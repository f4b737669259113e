//! What the notes failed to answer is kept, counted, and never grows without end.

use std::sync::Arc;
use std::thread;

use jiff::{SignedDuration, Timestamp};
use studyhall::scores::Scores;
use studyhall::scores::gaps::{About, Event, GAPS_MAX, QUESTION_MAX};

use crate::database::OwnDatabase;
use crate::group::scores_in;

fn at(second: i64) -> Timestamp {
    Timestamp::UNIX_EPOCH + SignedDuration::from_secs(second)
}

fn list(scores: &Scores) -> Vec<String> {
    let gaps = scores.gaps().expect("scores");
    let lines = gaps.into_iter().map(|gap| {
        let (what, text) = match &gap.about {
            About::Question(text) => ("question", text),
            About::Section(id) => ("section", id),
        };
        let second = gap.last.as_second();
        format!(
            "{} {what} {text} at {second}, helped {}",
            gap.n_met, gap.n_helped
        )
    });
    lines.collect()
}

fn the_same_question_is_one_gap(scores: &Scores) {
    for (second, event) in [
        (1, Event::Unanswered("what is  rust?")),
        (2, Event::Unanswered("sourdough")),
        (3, Event::Unanswered("What is\nRust")),
        (2, Event::Unanswered("heard late: what is rust")),
        (0, Event::Unanswered("WHAT IS RUST!")),
        (4, Event::Helped("s3.md#versioning")),
        (5, Event::Helped("ec2.md")),
        (6, Event::DidNotHelp("s3.md#versioning")),
        (7, Event::Unanswered("nothing\0here")),
    ] {
        scores.note_gap(at(second), event).expect("scores");
    }
    assert_eq!(
        list(scores),
        [
            "3 question What is Rust at 3, helped 0",
            "1 question nothing here at 7, helped 0",
            "1 section s3.md#versioning at 6, helped 1",
            "1 question heard late: what is rust at 2, helped 0",
            "1 question sourdough at 2, helped 0",
        ]
    );
}

#[test]
fn the_same_question_is_one_gap_in_a_file() {
    let dir = tempfile::tempdir().unwrap();
    let scores = scores_in(dir.path());
    assert!(list(&scores).is_empty());
    the_same_question_is_one_gap(&scores);
    drop(scores);
    assert_eq!(list(&scores_in(dir.path())).len(), 5, "after a restart");
}

#[test]
#[ignore = "needs a PostgreSQL server: STUDYHALL_TEST_POSTGRES"]
fn the_same_question_is_one_gap_on_postgres() {
    let own = OwnDatabase::new();
    the_same_question_is_one_gap(&Scores::new(Arc::new(own.open())));
}

#[test]
fn members_are_not_kept_and_long_questions_are_cut() {
    let dir = tempfile::tempdir().unwrap();
    let scores = scores_in(dir.path());
    let question = format!("<@123456> and <@!7>,<@&8>: {}", "é".repeat(5_000));
    scores
        .note_gap(at(1), Event::Unanswered(&question))
        .unwrap();
    let kept = &scores.gaps().unwrap()[0];
    let text = kept.about.text();
    assert!(text.starts_with("<@> and <@>,<@>: é"), "{text}");
    assert_eq!(text.chars().count(), QUESTION_MAX);
}

#[test]
fn the_gaps_that_were_met_last_are_kept() {
    let dir = tempfile::tempdir().unwrap();
    let scores = scores_in(dir.path());
    let n_more = 50;
    let note = |n: u32| {
        let question = format!("question {n} of many");
        let event = Event::Unanswered(&question);
        scores.note_gap(at(n.into()), event).unwrap();
    };
    thread::scope(|scope| {
        for from in 0..8 {
            scope.spawn(move || (from..GAPS_MAX).step_by(8).for_each(note));
        }
    });
    assert_eq!(list(&scores).len(), GAPS_MAX as usize);
    (GAPS_MAX..GAPS_MAX + n_more).for_each(note);
    let kept = list(&scores);
    assert_eq!(kept.len(), GAPS_MAX as usize);
    let last = kept.last().unwrap();
    assert!(
        last.contains(&format!("question {n_more} of many")),
        "{last}"
    );
}

#[test]
fn many_threads_lose_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let scores = scores_in(dir.path());
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for n in 0..50 {
                    scores
                        .note_gap(at(n), Event::Unanswered("the same"))
                        .unwrap();
                }
            });
        }
    });
    assert_eq!(list(&scores), ["400 question the same at 49, helped 0"]);
}
