//! The command line as people and programs meet it: exit codes, forms, what goes where.

use std::fs;
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;

const CANARY: &str = "canary-7f3a";

/// A folder with notes, and the command to run in it.
struct Desk {
    folder: TempDir,
}

impl Desk {
    fn new() -> Self {
        let desk = Self {
            folder: tempfile::tempdir().expect("a temporary folder"),
        };
        desk.write(
            "notes/queues.md",
            "# Queues\n\n## Visibility timeout\n\nThe default visibility timeout is 30 seconds. \
             The maximum is 12 hours.\n\n## Dead-letter queue\n\nA dead-letter queue (DLQ) keeps \
             messages that could not be processed.\n",
        );
        desk
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.folder.path().join(path);
        fs::create_dir_all(path.parent().expect("a folder that can be made"))
            .expect("a folder that can be made");
        fs::write(path, text).expect("a file that can be written");
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_studyhall"));
        command.args(arguments).current_dir(self.path());
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("STUDYHALL_") {
                command.env_remove(name);
            }
        }
        command.env_remove("CREDENTIALS_DIRECTORY");
        command.stdin(Stdio::null());
        command
    }

    fn run(&self, arguments: &[&str]) -> Ended {
        Ended::of(
            self.command(arguments)
                .output()
                .expect("a command that runs"),
        )
    }

    fn feed(&self, arguments: &[&str], input: &str) -> Ended {
        let mut child = self
            .command(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("a command that starts");
        let mut stdin = child.stdin.take().expect("standard input");
        stdin
            .write_all(input.as_bytes())
            .expect("a command that reads");
        drop(stdin);
        Ended::of(child.wait_with_output().expect("a command that ends"))
    }
}

/// How a command ended.
#[derive(Debug)]
struct Ended {
    code: i32,
    out: String,
    err: String,
}

impl Ended {
    fn of(output: Output) -> Self {
        Self {
            code: output.status.code().expect("not killed"),
            out: String::from_utf8(output.stdout).expect("UTF-8"),
            err: String::from_utf8(output.stderr).expect("UTF-8"),
        }
    }

    fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|e| panic!("{e}: {self:?}"))
    }
}

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

#[test]
fn what_is_typed_wrong_ends_with_2() {
    let desk = Desk::new();
    for arguments in [
        &["ask"][..],
        &["ask", "-n", "0", "x"],
        &["ask", "--batch", "-", "x"],
        &["ask", "--batch", "nowhere.jsonl"],
        &["eval"],
        &["eval", "--queries", "q.tsv"],
        &["frobnicate"],
        &[],
    ] {
        let ended = desk.run(arguments);
        assert_eq!(
            (ended.code, ended.out.as_str()),
            (2, ""),
            "{arguments:?}: {ended:?}"
        );
        assert!(!ended.err.is_empty(), "{arguments:?}");
    }
}

#[test]
fn a_missing_notes_folder_is_said_with_the_mend() {
    let desk = Desk::new();
    for command in ["ask", "index", "check"] {
        let mut arguments = vec!["--notes-dir", "elsewhere", command];
        arguments.extend((command == "ask").then_some("DLQ"));
        let ended = desk.run(&arguments);
        assert_eq!((ended.code, ended.out.as_str()), (2, ""), "{ended:?}");
        assert!(ended.err.contains("elsewhere"), "{ended:?}");
        assert!(ended.err.contains("--notes-dir"), "{ended:?}");
    }
}

#[test]
fn an_unknown_setting_stops_every_command() {
    let desk = Desk::new();
    desk.write("studyhall.toml", "notes_dri = \"notes\"\n");
    for command in ["config", "index"] {
        let ended = desk.run(&[command]);
        assert_eq!((ended.code, ended.out.as_str()), (2, ""), "{ended:?}");
        let expected = "error: studyhall.toml:1:1: unknown key `notes_dri`; did you mean \
                        `notes_dir`?\n";
        assert_eq!(ended.err, expected);
    }
    let desk = Desk::new();
    let mut command = desk.command(&["config"]);
    let ended = Ended::of(command.env("STUDYHALL_HTTP__LISTN", "x").output().unwrap());
    assert_eq!(ended.code, 2);
    assert!(
        ended.err.contains("did you mean STUDYHALL_HTTP__LISTEN?"),
        "{ended:?}"
    );
}

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
fn no_command_prints_a_secret() {
    let desk = Desk::new();
    desk.write("judged.jsonl", "{\"query\": \"DLQ\", \"expect\": []}\n");
    for arguments in [
        &["config"][..],
        &["config", "--json"],
        &["doctor"],
        &["doctor", "--json"],
        &["check"],
        &["index"],
        &["ask", "DLQ"],
        &["eval", "judged.jsonl"],
    ] {
        let mut command = desk.command(arguments);
        command
            .env("STUDYHALL_DISCORD__TOKEN", CANARY)
            .env("STUDYHALL_DISCORD__API_URL", "http://127.0.0.1:9")
            .env(
                "STUDYHALL_DATABASE_URL",
                format!("postgres://ada:{CANARY}@db/x"),
            )
            .env("STUDYHALL_LOG", "trace");
        let ended = Ended::of(command.output().unwrap());
        assert!(
            !ended.out.contains("canary"),
            "{arguments:?}: {}",
            ended.out
        );
        assert!(
            !ended.err.contains("canary"),
            "{arguments:?}: {}",
            ended.err
        );
    }
}

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

#[test]
fn serve_says_what_it_lacks() {
    let desk = Desk::new();
    let ended = desk.run(&["serve"]);
    assert_eq!((ended.code, ended.out.as_str()), (2, ""), "{ended:?}");
    assert!(ended.err.contains("STUDYHALL_DISCORD__TOKEN"), "{ended:?}");
    desk.write("studyhall.toml", "discord.transport = \"http\"\n");
    let ended = desk.run(&["serve"]);
    assert_eq!(ended.code, 2, "{ended:?}");
    let needs = "`discord.transport = \"http\"` needs `discord.public_key`";
    assert!(ended.err.contains(needs), "{ended:?}");
    let doctor = desk.run(&["doctor"]);
    assert_eq!(doctor.code, 1, "{doctor:?}");
    assert!(doctor.out.contains(needs), "{doctor:?}");
}

#[test]
fn a_reader_that_leaves_early_is_no_fault() {
    let desk = Desk::new();
    let input = "{\"query\": \"dead-letter queue\"}\n".repeat(300);
    desk.write("many.jsonl", &input);
    let mut child = desk
        .command(&["ask", "--batch", "many.jsonl"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdout = child.stdout.take().unwrap();
    stdout.read_exact(&mut [0; 10]).unwrap();
    drop(stdout);
    let ended = Ended::of(child.wait_with_output().unwrap());
    assert_eq!(ended.code, 0, "{ended:?}");
    assert!(!ended.err.contains("error"), "{ended:?}");
}

#[test]
fn gaps_lists_what_people_missed() {
    let desk = Desk::new();
    let none = desk.run(&["gaps"]);
    assert_eq!((none.code, none.out.as_str()), (0, ""));
    assert_eq!(desk.run(&["gaps", "--json"]).json(), json!([]));
    let said = desk.feed(&["rehearse"], "/ask how do I bake sourdough bread\n/quit\n");
    assert_eq!(said.code, 0, "{said:?}");
    let gaps = desk.run(&["gaps", "--json"]).json();
    assert_eq!(gaps[0]["question"], json!("how do I bake sourdough bread"));
    assert_eq!(gaps[0]["n_met"], json!(1));
    assert!(
        desk.run(&["gaps"])
            .out
            .contains("no answer: how do I bake sourdough bread")
    );
}

#[test]
fn help_and_completions_are_there() {
    let desk = Desk::new();
    let help = desk.run(&["--help"]);
    assert_eq!((help.code, help.err.as_str()), (0, ""));
    for command in [
        "ask",
        "index",
        "eval",
        "check",
        "config",
        "doctor",
        "gaps",
        "rehearse",
        "serve",
        "backup",
        "restore",
        "person",
        "migrate-store",
        "completions",
    ] {
        assert!(help.out.contains(&format!("\n  {command}")), "{command}");
        assert_eq!(desk.run(&[command, "--help"]).code, 0);
    }
    assert_eq!(
        desk.run(&["--version"]).out,
        format!("studyhall {}\n", env!("CARGO_PKG_VERSION"))
    );
    for shell in ["bash", "zsh", "fish"] {
        assert!(desk.run(&["completions", shell]).out.contains("studyhall"));
    }
}
