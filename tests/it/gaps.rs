//! What the notes failed to answer is kept, counted, and never grows without end.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::thread;

use jiff::{SignedDuration, Timestamp};
use studyhall::gaps::{self, About, Event, FILE, Gaps, QUESTION_MAX};

fn at(second: i64) -> Timestamp {
    Timestamp::UNIX_EPOCH + SignedDuration::from_secs(second)
}

fn list(dir: &Path) -> Vec<String> {
    let gaps = gaps::list(dir).expect("the file can be read");
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

#[test]
fn the_same_question_is_one_gap() {
    let dir = tempfile::tempdir().unwrap();
    let gaps = Gaps::open(dir.path()).unwrap();
    gaps.record(at(1), Event::Unanswered("what is  rust?"))
        .unwrap();
    gaps.record(at(2), Event::Unanswered("sourdough")).unwrap();
    gaps.record(at(3), Event::Unanswered("What is\nRust"))
        .unwrap();
    gaps.record(at(4), Event::Helped("s3.md#versioning"))
        .unwrap();
    gaps.record(at(5), Event::Helped("ec2.md")).unwrap();
    gaps.record(at(6), Event::DidNotHelp("s3.md#versioning"))
        .unwrap();
    assert_eq!(
        list(dir.path()),
        [
            "2 question What is Rust at 3, helped 0",
            "1 section s3.md#versioning at 6, helped 1",
            "1 question sourdough at 2, helped 0",
        ]
    );
}

#[test]
fn no_file_is_no_gap() {
    let dir = tempfile::tempdir().unwrap();
    assert!(list(dir.path()).is_empty());
    assert!(list(&dir.path().join("missing")).is_empty());
}

#[test]
fn members_are_not_kept_and_long_questions_are_cut() {
    let dir = tempfile::tempdir().unwrap();
    let gaps = Gaps::open(dir.path()).unwrap();
    let question = format!("<@123456> and <@!7>,<@&8>: {}", "é".repeat(5_000));
    gaps.record(at(1), Event::Unanswered(&question)).unwrap();
    let text = fs::read_to_string(dir.path().join(FILE)).unwrap();
    assert!(text.contains("<@> and <@>,<@>: é"), "{text}");
    let kept = &gaps::list(dir.path()).unwrap()[0];
    assert_eq!(kept.about.text().chars().count(), QUESTION_MAX);
}

#[test]
fn a_torn_line_costs_only_itself() {
    let dir = tempfile::tempdir().unwrap();
    let gaps = Gaps::open(dir.path()).unwrap();
    gaps.record(at(1), Event::Unanswered("first")).unwrap();
    let mut file = fs::OpenOptions::new()
        .append(true)
        .open(dir.path().join(FILE))
        .unwrap();
    file.write_all(b"{\"at\":\"1970-01-01T00:00:02Z\",\"kind\":\"unans\xff")
        .unwrap();
    gaps.record(at(3), Event::Unanswered("third")).unwrap();
    assert_eq!(
        list(dir.path()),
        [
            "1 question third at 3, helped 0",
            "1 question first at 1, helped 0",
        ]
    );
}

#[test]
fn the_file_stays_within_its_limit_and_keeps_the_newest() {
    let dir = tempfile::tempdir().unwrap();
    let bytes_max = 10_000;
    let gaps = Gaps::with_limit(dir.path(), bytes_max).unwrap();
    for n in 0..500 {
        gaps.record(at(n), Event::Unanswered(&format!("question {n} of many")))
            .unwrap();
        let n_bytes = fs::metadata(dir.path().join(FILE)).unwrap().len();
        assert!(n_bytes <= bytes_max, "{n_bytes} bytes after question {n}");
    }
    let kept = list(dir.path());
    assert_eq!(kept[0], "1 question question 499 of many at 499, helped 0");
    assert!(kept.len() >= 40, "only {} questions are left", kept.len());
}

#[test]
fn many_threads_lose_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let gaps = Gaps::open(dir.path()).unwrap();
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for n in 0..50 {
                    gaps.record(at(n), Event::Unanswered("the same")).unwrap();
                }
            });
        }
    });
    assert_eq!(list(dir.path()), ["400 question the same at 49, helped 0"]);
}
