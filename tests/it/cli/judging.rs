//! `studyhall index`, `eval` and `gaps`: what the notes hold, how well they answer, and what they lack.

use std::fs;

use serde_json::json;
use studyhall::scores::gaps::Event;

use super::{Desk, Ended};
use crate::group::scores_in;

#[test]
fn index_tells_what_it_did() {
    let desk = Desk::new();
    let rows = |ended: &Ended| -> Vec<String> {
        let rows = ended.out.lines().filter(|line| !line.starts_with("time"));
        rows.map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
            .collect()
    };
    let built = desk.run(&["index"]);
    assert_eq!(built.code, 0, "{built:?}");
    let expected = [
        "files 1",
        "sections 3",
        "questions 0",
        "changed 1",
        "removed 0",
        "warnings 0",
    ];
    assert_eq!(rows(&built), expected);
    let again = desk.run(&["index", "--json"]).json();
    assert_eq!((&again["files"], &again["changed"]), (&json!(1), &json!(0)));
    let rebuilt = desk.run(&["index", "--rebuild"]);
    assert_eq!(rows(&rebuilt), expected);
    fs::remove_file(desk.path().join("notes/queues.md")).unwrap();
    let emptied = desk.run(&["index"]);
    assert_eq!(rows(&emptied)[4], "removed 1");
    assert!(emptied.err.contains("no Markdown files"), "{emptied:?}");
}

#[test]
fn eval_measures_judged_questions() {
    let desk = Desk::new();
    desk.write(
        "judged.jsonl",
        "{\"query\": \"default visibility timeout\", \"expect\": [\"queues.md\"], \"kind\": \"a\"}\n\
         {\"query\": \"dead-letter queue\", \"expect\": [\"queues.md#gone\"], \"kind\": \"b\"}\n\
         {\"query\": \"sourdough bread\", \"expect\": []}\n",
    );
    let ended = desk.run(&["eval", "--json", "--failures", "judged.jsonl"]);
    assert_eq!(ended.code, 0, "{ended:?}");
    let measured = ended.json();
    assert_eq!(measured["n"], json!(3));
    assert_eq!(measured["hit@1"], json!(0.5));
    assert_eq!(measured["kinds"]["a"]["hit@1"], json!(1.0));
    assert_eq!(measured["wrong_answers"], json!(0));
    assert_eq!(measured["failures"][0]["line"], json!(2));

    assert!(
        ended.err.contains("line 2 expects queues.md#gone"),
        "{ended:?}"
    );

    desk.write(
        "judged.jsonl",
        "{\"query\": \"DLQ\", \"expect\": []}\n{\"query\": \"DLQ\"}\n",
    );
    let ended = desk.run(&["eval", "judged.jsonl"]);
    assert_eq!((ended.code, ended.out.as_str()), (2, ""));
    assert!(ended.err.contains("judged.jsonl:2"), "{ended:?}");
}

#[test]
fn eval_guards_floors() {
    let desk = Desk::new();
    desk.write(
        "judged.jsonl",
        "{\"query\": \"visibility timeout\", \"expect\": [\"queues.md#visibility-timeout\"]}\n\
         {\"query\": \"dead-letter queue\", \"expect\": [\"queues.md#queues\"]}\n\
         {\"query\": \"visibility timeout\", \"expect\": []}\n\
         {\"query\": \"sourdough bread\", \"expect\": []}\n",
    );
    let run = |hit1: &str, refused: &str| {
        let floors = ["--min-hit1", hit1, "--min-refused", refused];
        desk.run(&[&["eval", "judged.jsonl"][..], &floors[..]].concat())
    };
    let held = run("0.5", "0.5");
    assert_eq!((held.code, held.out.lines().count()), (0, 2), "{held:?}");
    let missed = run("0.51", "0.5");
    assert_eq!(missed.code, 1, "{missed:?}");
    assert!(
        missed.out.contains("line 2: not among ten: dead-letter"),
        "{missed:?}"
    );
    assert!(
        missed
            .err
            .contains("hit@1 is 0.5000, below its floor of 0.51"),
        "{missed:?}"
    );
    let missed = run("0.5", "1");
    assert_eq!(missed.code, 1, "{missed:?}");
    assert!(missed.out.contains("line 3: wrong answer"), "{missed:?}");
    assert_eq!(run("95", "0.5").code, 2);
}

#[test]
fn eval_reads_collections_in_trecs_manner() {
    let desk = Desk::new();
    desk.write(
        "notes/bread.md",
        "# Bread\n\nSourdough bread needs a starter.\n",
    );
    desk.write("queries.tsv", "1\tdead-letter queue\n2\tsourdough bread\n");
    desk.write("qrels", "1 0 queues 3\n2 0 queues 1\n2 0 bread 0\n");
    let ended = desk.run(&[
        "eval",
        "--json",
        "--queries",
        "queries.tsv",
        "--qrels",
        "qrels",
    ]);
    assert_eq!(ended.code, 0, "{ended:?}");
    assert_eq!(ended.json(), json!({"n": 2, "ndcg@10": 0.5}));
}

#[test]
fn gaps_lists_what_people_missed() {
    let desk = Desk::new();
    let at = "2027-03-01T08:00:00Z".parse().expect("an instant");
    let none = desk.run(&["gaps"]);
    assert_eq!((none.code, none.out.as_str()), (0, ""));
    assert_eq!(desk.run(&["gaps", "--json"]).json(), json!([]));
    let said = desk.feed(&["rehearse"], "/ask who rehearses?\n/quit\n");
    assert_eq!(said.code, 0, "{said:?}");
    let question = Event::Unanswered("how do I bake sourdough bread");
    let asked = scores_in(&desk.path().join(".studyhall")).note_gap(at, question);
    asked.expect("scores that can be written");
    let gaps = desk.run(&["gaps", "--json"]).json();
    assert_eq!(gaps[0]["question"], json!("how do I bake sourdough bread"));
    assert_eq!(gaps[0]["n_met"], json!(1));
    assert!(
        desk.run(&["gaps"])
            .out
            .contains("no answer: how do I bake sourdough bread")
    );
}
