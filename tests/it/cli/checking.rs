//! `studyhall check`, `config` and `doctor`: what is wrong, and what is set.

use serde_json::json;

use super::{CANARY, Desk, Ended};

#[test]
fn check_prints_what_is_wrong_with_the_settings() {
    let desk = Desk::new();
    desk.write("studyhall.toml", "notes_dri = \"notes\"\n");
    let ended = desk.run(&["check"]);
    assert_eq!(ended.code, 1, "{ended:?}");
    let expected = "studyhall.toml:1:1: error[unknown-key]: unknown key";
    assert!(ended.out.starts_with(expected), "{ended:?}");
    let ended = desk.run(&["check", "--format", "json"]);
    assert_eq!(ended.json()[0]["code"], json!("unknown-key"));
    let ended = desk.run(&["check", "--format", "github"]);
    let expected = "::error file=studyhall.toml,line=1,col=1,title=unknown-key::unknown key";
    assert!(ended.out.starts_with(expected), "{ended:?}");
}

#[test]
fn check_looks_at_the_questions_and_sums_up() {
    let desk = Desk::new();
    let ended = desk.run(&["check"]);
    let expected = "notes      1 with 3 sections\nerrors     0\nwarnings   0\n";
    assert_eq!((ended.code, ended.out.as_str()), (0, expected));

    let question = "---\ntopic: queues\n---\n## How long at most? {#timeout-most}\n\n- [x] 12 hours\n\
                    - [ ] 12 days\n\n> See [the timeout](../queues.md#visibility-timeout).\n\n\
                    difficulty: easy\n";
    desk.write("notes/quiz/queues.md", question);
    desk.write(
        "notes/quiz/more.md",
        &question
            .replace("timeout-most", "lost")
            .replace("#visibility", "#x"),
    );
    let ended = desk.run(&["check"]);
    let expected = "\
notes/quiz/more.md:4:1: error[quiz-broken-link]: no heading of queues.md has the anchor #x-timeout
notes/quiz/queues.md:4:1: warning[quiz-near-duplicate]: asks nearly the same as lost; drop one

notes      1 with 3 sections
questions  2 in 2 files
difficulty easy 2 (100 %), medium 0 (0 %), hard 0 (0 %)
choose-all 0 (0 %)
right      A 2; the longest in 100 %, the shortest in 0 %
topics     queues 2
errors     1
warnings   1
";
    assert_eq!((ended.code, ended.out.as_str()), (1, expected));
    let indexed = desk.run(&["index", "--json"]).json();
    assert_eq!(indexed["questions"], json!(2));
}

#[test]
fn check_explains_each_code() {
    let desk = Desk::new();
    for (code, word) in [
        ("quiz-stem-key", "error"),
        ("broken-link", "warning"),
        ("unknown-key", "error"),
    ] {
        let ended = desk.run(&["check", "--explain", code]);
        assert_eq!(ended.code, 0, "{ended:?}");
        assert!(
            ended.out.starts_with(&format!("{code} ({word})\n\n")),
            "{ended:?}"
        );
    }
    let ended = desk.run(&["check", "--explain", "quiz-stem"]);
    assert_eq!(ended.code, 2);
    assert!(
        ended.err.contains("did you mean quiz-stem-key?"),
        "{ended:?}"
    );
}

#[test]
fn config_shows_values_with_their_origin_and_masks_secrets() {
    let desk = Desk::new();
    desk.write("studyhall.toml", "notes_url = \"https://example.org\"\n");
    let config = |arguments: &[&str]| {
        let mut command = desk.command(arguments);
        command.env("STUDYHALL_DISCORD__TOKEN", CANARY);
        Ended::of(command.output().unwrap())
    };
    let text = config(&["config", "--data-dir", "elsewhere"]);
    let rows: Vec<Vec<&str>> = text
        .out
        .lines()
        .map(|line| line.split_whitespace().collect())
        .collect();
    assert!(
        rows.contains(&vec!["data_dir", "elsewhere", "flag", "--data-dir"]),
        "{text:?}"
    );
    assert!(rows.contains(&vec![
        "notes_url",
        "https://example.org",
        "file:studyhall.toml"
    ]));
    assert!(rows.contains(&vec![
        "discord.token",
        "(set)",
        "env",
        "STUDYHALL_DISCORD__TOKEN"
    ]));
    let json = config(&["config", "--json"]).json();
    assert_eq!(json["discord.token"]["value"], json!("(set)"));
    assert_eq!(
        json["notes_dir"],
        json!({"value": "notes", "origin": "default"})
    );
}

#[test]
fn doctor_ends_with_1_where_something_fails() {
    let desk = Desk::new();
    let well = desk.run(&["doctor"]);
    assert_eq!(well.code, 0, "{well:?}");
    assert!(
        well.out
            .lines()
            .any(|l| l.starts_with("warning") && l.contains("token"))
    );
    let ill = desk.run(&["--notes-dir", "elsewhere", "doctor", "--json"]);
    assert_eq!(ill.code, 1, "{ill:?}");
    let findings = ill.json();
    let notes = findings
        .as_array()
        .unwrap()
        .iter()
        .find(|f| f["about"] == "notes")
        .unwrap();
    assert_eq!(notes["level"], json!("failure"));
}
