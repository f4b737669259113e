//! `studyhall quiz import` as it is called.

use std::fs;
use std::process::{Command, Output};

use studyhall::quiz::Bank;

const GOOD: &str = "How long?\nA. One day\nB. Four days\nANSWER: B\n";

fn import(name: &str, content: &[u8], flags: &[&str]) -> (i32, String, String) {
    let dir = tempfile::tempdir().expect("a temporary folder");
    fs::write(dir.path().join(name), content).expect("a file");
    let mut command = Command::new(env!("CARGO_BIN_EXE_studyhall"));
    command
        .current_dir(dir.path())
        .args(["quiz", "import", name])
        .args(flags);
    let Output {
        status,
        stdout,
        stderr,
    } = command.output().expect("a command that runs");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    (
        status.code().expect("not killed"),
        text(stdout),
        text(stderr),
    )
}

#[test]
fn the_questions_go_to_standard_output_and_the_rest_to_standard_error() {
    let flags = [
        "--topic",
        "Message queues",
        "--prefix",
        "sqs",
        "--section",
        "sqs.md#retention",
    ];
    let (code, out, err) = import("a.txt", GOOD.as_bytes(), &flags);
    assert_eq!(
        (code, err.as_str()),
        (0, "1 question, 0 could not be converted.\n")
    );
    let expected = "\
---
topic: Message queues
---

## How long? {#sqs-how-long}

- [ ] One day
- [x] Four days

> The answer is Four days. See [retention](../sqs.md#retention).

difficulty: medium
";
    assert_eq!(out, expected);
    let (bank, findings) = Bank::read(&[("quiz/a.md".to_owned(), out)]);
    assert!(bank.is_some() && findings.is_empty(), "{findings:?}");
}

#[test]
fn without_a_section_the_summary_says_what_is_lacking() {
    let (code, out, err) = import("a.txt", GOOD.as_bytes(), &[]);
    assert_eq!(code, 0, "{err}");
    assert!(out.contains("\n> The answer is Four days.\n"), "{out}");
    assert!(err.contains("--section PATH#ANCHOR"), "{err}");
}

#[test]
fn what_is_not_converted_is_named_with_its_line() {
    let text = format!("{GOOD}\nNothing here.\n");
    let (code, out, err) = import("a.aiken", text.as_bytes(), &[]);
    assert_eq!(code, 1, "{err}");
    assert!(out.contains("## How long?"), "{out}");
    assert!(
        err.starts_with("a.aiken:6: this text has no choices"),
        "{err}"
    );
    assert!(
        err.contains("1 question, 1 could not be converted."),
        "{err}"
    );
}

#[test]
fn what_cannot_be_read_at_all_ends_with_two() {
    for (name, content, flags, says) in [
        (
            "a.txt",
            &b"Some words."[..],
            &[][..],
            "--format aiken|gift|opentdb|anki|details",
        ),
        (
            "a.txt",
            b"Nothing here.\n",
            &["--format", "aiken"],
            "a.txt:1: this text has no choices",
        ),
        ("a.gift", b"", &[], "holds no question"),
        (
            "a.gift",
            b"\n\n\xff",
            &[],
            "a.gift is not UTF-8 (see line 3)",
        ),
        (
            "a.gift",
            b"Q {=a ~b}",
            &["--section", "../out.md"],
            "s3.md#versioning",
        ),
        (
            "a.gift",
            b"Q {=a ~b}",
            &["--prefix", "S3 x"],
            "small letters",
        ),
    ] {
        let (code, out, err) = import(name, content, flags);
        assert_eq!((code, out.as_str()), (2, ""), "{err}");
        assert!(err.contains(says), "{err}");
    }
}

#[test]
fn ids_stay_the_same_and_differ() {
    let text = "Long question on the durability of things?\nA. One\nB. Two\nANSWER: A\n\n\
                Wie groß?\nA. One\nB. Two\nANSWER: A\n\nWhat?\nA. One\nB. Two\nANSWER: A\n\n\
                What!\nA. One\nB. Two\nANSWER: A\n\nWhat!\nA. One\nB. Three\nANSWER: A\n\n\
                Q?\nA. One\nB. Two\nANSWER: A\n\n\
                What?\nA. One\nB. Two\nANSWER: B\n\nQ?\nA. One\nB. Two\nANSWER: A\n";
    let (code, out, err) = import("a.aiken", text.as_bytes(), &[]);
    let ids: Vec<&str> = out
        .lines()
        .filter_map(|line| line.split_once("{#"))
        .map(|(_, id)| id)
        .collect();
    assert_eq!(code, 1, "{err}");
    for line in [31, 36] {
        let twice =
            format!("a.aiken:{line}: the same question, with the same choices, stands above");
        assert!(err.contains(&twice), "{err}");
    }
    assert_eq!(
        ids,
        [
            "long-question-on-the-7351b1d8}",
            "wie-9e3171f1}",
            "what}",
            "what-e6add2fd}",
            "what-07e21802}",
            "q-6a0b2d82}"
        ],
        "{err}"
    );
}
