//! `studyhall quiz preview` as people and programs meet it.

use std::fs;
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;

const QUESTIONS: &str = "\
---
topic: s3
---
## Is an object a file? {#s3-object}

A line that is not shown.

- [x] Nearly
- [ ] No

> See [objects](../s3.md#objects).

difficulty: easy

## Is a bucket a folder? {#s3-bucket}

- [ ] Yes
- [x] No

> See [buckets](../s3.md#objects).

difficulty: medium

## Is a user a person? {#iam-user}

- [x] Not always
- [ ] Always

> See [users](../s3.md#objects).

difficulty: hard
topic: iam
";

struct Ended {
    code: i32,
    out: String,
    err: String,
}

impl Ended {
    fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|e| panic!("{e}: {} {}", self.out, self.err))
    }
}

fn notes() -> TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    fs::create_dir_all(folder.path().join("notes/quiz")).expect("a folder for questions");
    fs::write(folder.path().join("notes/quiz/all.md"), QUESTIONS).expect("a file of questions");
    folder
}

fn run_in(folder: &TempDir, arguments: &[&str]) -> Ended {
    let mut command = Command::new(env!("CARGO_BIN_EXE_studyhall"));
    command.args(["quiz", "preview"]).args(arguments);
    command.current_dir(folder.path()).stdin(Stdio::null());
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("STUDYHALL_") {
            command.env_remove(name);
        }
    }
    let output = command.output().expect("a command that runs");
    Ended {
        code: output.status.code().expect("not killed"),
        out: String::from_utf8(output.stdout).expect("UTF-8"),
        err: String::from_utf8(output.stderr).expect("UTF-8"),
    }
}

/// Runs a preview on three questions.
fn run(arguments: &str) -> Ended {
    let arguments: Vec<&str> = arguments.split_whitespace().collect();
    run_in(&notes(), &arguments)
}

#[track_caller]
fn check(arguments: &str, expected: &[&str]) {
    let ended = run(arguments);
    assert_eq!((ended.code, ended.err.as_str()), (0, ""));
    assert_eq!(ended.out.lines().collect::<Vec<_>>(), expected);
}

/// The command refuses, and says these words.
#[track_caller]
fn refuses(arguments: &str, words: &[&str]) {
    let ended = run(arguments);
    assert_eq!((ended.code, ended.out.as_str()), (2, ""), "{}", ended.err);
    for word in words {
        assert!(ended.err.contains(word), "{word} is not in {}", ended.err);
    }
}

#[test]
fn a_line_is_a_post_and_clock_changes_are_noted() {
    check(
        "--timezone Europe/Zurich --days mon-fri --from 2027-03-25 -n 5",
        &[
            "2027-03-25  Thu  09:00 +01:00  2027-03-25 08:00Z  s3-object  s3   easy    Is an object a file?",
            "2027-03-26  Fri  09:00 +01:00  2027-03-26 08:00Z  iam-user   iam  hard    Is a user a person?",
            "clocks go forward in Europe/Zurich on 2027-03-28",
            "2027-03-29  Mon  09:00 +02:00  2027-03-29 07:00Z  s3-bucket  s3   medium  Is a bucket a folder?",
            "The pool of 3 questions runs dry: the first comes again on 2027-03-30.",
        ],
    );
}

#[test]
fn a_time_that_clocks_skip_is_shown_as_it_will_be() {
    let ended = run("--time 02:30 --timezone europe/zurich --from 2027-03-28 -n 1");
    assert!(
        ended.out.contains("03:30 +02:00  2027-03-28 01:30Z"),
        "{}",
        ended.out
    );
    let ended = run("--time 02:30 --timezone Europe/Zurich --from 2027-10-31 -n 2");
    assert!(
        ended.out.contains("02:30 +02:00  2027-10-31 00:30Z"),
        "{}",
        ended.out
    );
    let note = "clocks go back in Europe/Zurich on 2027-10-31\n2027-11-01";
    assert!(ended.out.contains(note), "{}", ended.out);
}

#[test]
fn a_date_that_the_zone_leaves_out_is_skipped() {
    let ended = run("--timezone Pacific/Apia --from 2011-12-29 -n 3");
    let lines: Vec<&str> = ended.out.lines().collect();
    assert_eq!(ended.code, 0);
    assert!(
        lines[0].contains("2011-12-29  Thu  09:00 -10:00  2011-12-29 19:00Z"),
        "{lines:?}"
    );
    assert_eq!(
        lines[1],
        "2011-12-30  Fri  skipped: in Pacific/Apia this day has no 09:00"
    );
    assert_eq!(lines[2], "clocks go forward in Pacific/Apia on 2011-12-31");
    assert!(
        lines[3].contains("2011-12-31  Sat  09:00 +14:00  2011-12-30 19:00Z"),
        "{lines:?}"
    );
}

#[test]
fn programs_get_one_object() {
    let ended = run(
        "--json --timezone Europe/Zurich --days weekends --difficulty easy --from 2027-03-27 -n 3",
    );
    assert_eq!(ended.code, 0, "{}", ended.err);
    let question = |is_repeat: bool| {
        json!({
            "id": "s3-object",
            "topic": "s3",
            "difficulty": "easy",
            "stem": "Is an object a file?\n\nA line that is not shown.",
            "is_repeat": is_repeat,
        })
    };
    let expected = json!({
        "time": "09:00",
        "timezone": "Europe/Zurich",
        "weekdays": "weekends",
        "questions": 1,
        "days": [
            {
                "date": "2027-03-27",
                "weekday": "sat",
                "local": "2027-03-27T09:00:00+01:00",
                "utc": "2027-03-27T08:00:00Z",
                "skipped": false,
                "clock_changes": [],
                "question": question(false),
            },
            {
                "date": "2027-03-28",
                "weekday": "sun",
                "local": "2027-03-28T09:00:00+02:00",
                "utc": "2027-03-28T07:00:00Z",
                "skipped": false,
                "clock_changes": [{"date": "2027-03-28", "forward_s": 3600}],
                "question": question(true),
            },
        ],
        "first_repeat": "2027-03-28",
    });
    assert_eq!(ended.json(), expected);
}

#[test]
fn the_day_on_which_the_pool_runs_dry_may_lie_beyond_the_days_shown() {
    let first_repeat = |arguments: &str| run(arguments).json()["first_repeat"].clone();
    assert_eq!(first_repeat("--json --from 2027-03-01 -n 1"), "2027-03-04");
    assert_eq!(
        first_repeat("--json --from 2027-03-01 --topics s3"),
        "2027-03-03"
    );
    assert_eq!(
        first_repeat("--json --from 2027-03-01 --topics S3,iam --days mon"),
        "2027-03-22"
    );
}

#[test]
fn a_seed_is_an_order() {
    let ids = |seed: u32| {
        let shown = run(&format!("--json --from 2027-03-01 -n 3 --seed {seed}")).json();
        let days = shown["days"].as_array().unwrap().clone();
        let ids = days.iter().map(|day| day["question"]["id"].to_string());
        ids.collect::<Vec<_>>()
    };
    assert_eq!(ids(1), ids(1));
    assert!((2..20).any(|seed| ids(seed) != ids(1)));
}

#[test]
fn two_weeks_from_today_are_shown_unless_told_otherwise() {
    let shown = run("--json").json();
    assert_eq!(shown["days"].as_array().unwrap().len(), 14);
    let utc = shown["days"][0]["utc"].as_str().unwrap();
    assert!(utc.ends_with("T09:00:00Z"), "{utc}");
}

#[test]
fn mistakes_are_told_with_the_way_to_mend_them() {
    refuses(
        "--timezone Europe/Zurch",
        &["Europe/Zurch", "Europe/Zurich"],
    );
    refuses("--time 9am", &["9am", "09:00"]);
    refuses("--days mon,someday", &["someday", "mon-fri"]);
    refuses("--from tomorrow", &["tomorrow", "2027-03-22"]);
    refuses("--difficulty simple", &["simple", "easy, medium and hard"]);
    refuses("--topics s4", &["`s4`", "iam, s3"]);
    refuses("--topics iam --difficulty easy", &["no question"]);
    refuses("-n 0", &["1..=3660"]);
}

#[test]
fn without_questions_there_is_nothing_to_show() {
    let folder = tempfile::tempdir().unwrap();
    let ended = run_in(&folder, &[]);
    assert_eq!(ended.code, 2);
    assert!(ended.err.contains("--notes-dir"), "{}", ended.err);
    fs::create_dir(folder.path().join("notes")).unwrap();
    let ended = run_in(&folder, &[]);
    assert_eq!(ended.code, 2);
    assert!(
        ended.err.contains("there are no questions in"),
        "{}",
        ended.err
    );
}

#[test]
fn a_day_without_a_question_is_an_honest_no() {
    let folder = notes();
    let dated = QUESTIONS.replace("difficulty: hard", "difficulty: hard\nuntil: 2027-03-01");
    fs::write(folder.path().join("notes/quiz/all.md"), dated).unwrap();
    let arguments = ["--topics", "iam", "--from", "2027-03-01", "-n", "2"];
    let ended = run_in(&folder, &arguments);
    assert_eq!(ended.code, 1);
    assert!(ended.out.contains("iam-user"), "{}", ended.out);
    let line = "2027-03-02  Tue  09:00 +00:00  no question: all are out of date by then";
    assert!(ended.out.contains(line), "{}", ended.out);
}
