//! `studyhall ask`: one question, and many.

use serde_json::{Value, json};

use super::Desk;

#[test]
fn an_answer_names_its_source_and_stands_alone_on_standard_output() {
    let desk = Desk::new();
    let first = desk.run(&["ask", "default", "visibility", "timeout"]);
    assert_eq!(first.code, 0, "{first:?}");
    assert!(
        first.out.contains("Queues \u{203a} Visibility timeout"),
        "{first:?}"
    );
    assert!(first.out.contains("30 seconds"), "{first:?}");
    assert!(first.out.contains("notes/queues.md:3"), "{first:?}");
    assert!(first.err.contains("for the first time"), "{first:?}");
    assert!(
        !first.out.contains('\u{1b}'),
        "no colour in a pipe: {first:?}"
    );
    let second = desk.run(&["ask", "default", "visibility", "timeout"]);
    assert_eq!((second.code, second.err.as_str()), (0, ""));
}

#[test]
fn an_answer_for_machines_has_exactly_the_promised_form() {
    let desk = Desk::new();
    let ended = desk.run(&["ask", "--json", "-n", "1", "default visibility timeout"]);
    assert_eq!(ended.code, 0, "{ended:?}");
    let mut answer = ended.json();
    let score = answer["results"][0]["score"].take();
    assert!(score.is_f64(), "{score}");
    let quote = answer["results"][0]["quote"].take();
    assert!(quote.as_str().unwrap().contains("30 seconds"), "{quote}");
    let body = answer["results"][0]["body"].take();
    assert!(
        body.as_str().unwrap().contains("The maximum is 12 hours."),
        "{body}"
    );
    let expected = json!({
        "query": "default visibility timeout",
        "answered": true,
        "results": [{
            "section": "queues.md#visibility-timeout",
            "path": "queues.md",
            "anchor": "visibility-timeout",
            "line": 3,
            "heading_path": ["Queues", "Visibility timeout"],
            "score": null,
            "quote": null,
            "body": null,
        }],
    });
    assert_eq!(answer, expected);
}

#[test]
fn what_the_notes_do_not_hold_is_an_honest_no() {
    let desk = Desk::new();
    let ended = desk.run(&["ask", "how do I bake sourdough bread"]);
    assert_eq!(ended.code, 1, "{ended:?}");
    assert!(ended.out.starts_with("The notes do not say."), "{ended:?}");
    let ended = desk.run(&["ask", "--json", "how do I bake sourdough bread"]);
    assert_eq!((ended.code, &ended.json()["answered"]), (1, &json!(false)));
}

#[test]
fn a_batch_keeps_ids_and_order_and_survives_bad_lines() {
    let desk = Desk::new();
    let input = "{\"id\": \"q1\", \"query\": \"dead-letter queue\"}\n\
                 not json\n\n\
                 {\"id\": [2], \"query\": \" \"}\r\n\
                 {\"id\": 3}\n\
                 {\"id\": 7, \"query\": \"sourdough bread\"}";
    let ended = desk.feed(&["ask", "--batch", "-"], input);
    assert_eq!(ended.code, 1, "two lines had no question: {ended:?}");
    let lines: Vec<Value> = ended
        .out
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let ids: Vec<&Value> = lines.iter().map(|line| &line["id"]).collect();
    assert_eq!(json!(ids), json!(["q1", null, [2], 3, 7]));
    assert_eq!(lines[0]["answered"], json!(true));
    assert!(
        lines[1]["error"]
            .as_str()
            .unwrap()
            .starts_with("line 2: not JSON")
    );
    assert_eq!(lines[2]["error"], json!("line 4: the question is empty"));
    assert!(lines[3]["error"].as_str().unwrap().contains("`query`"));
    assert_eq!(lines[4]["answered"], json!(false));
    let good = desk.feed(
        &["ask", "--batch", "-"],
        "{\"query\": \"sourdough bread\"}\n",
    );
    assert_eq!(good.code, 0, "each line was dealt with: {good:?}");
}

#[test]
fn a_line_of_a_batch_without_end_is_refused_and_the_next_one_read() {
    let desk = Desk::new();
    let long = "x".repeat(1 << 20);
    let ended = desk.feed(
        &["ask", "--batch", "-"],
        &format!("{long}\n{{\"query\": \"DLQ\"}}"),
    );
    let errors: Vec<bool> = ended
        .out
        .lines()
        .map(|line| line.contains("\"error\""))
        .collect();
    assert_eq!(errors, [true, false], "{}", ended.err);
}

#[test]
fn a_question_has_a_length() {
    let desk = Desk::new();
    let most = "(".repeat(6_000);
    assert_eq!(desk.run(&["ask", &most]).code, 1);
    let ended = desk.run(&["ask", &format!("{most}(")]);
    assert_eq!(ended.code, 2);
    assert!(ended.err.contains("at most 6000"), "{ended:?}");
    assert_eq!(desk.run(&["ask", " "]).code, 2);
}
