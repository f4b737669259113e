//! The command line as people and programs meet it: exit codes, forms, what goes where.

mod answering;
mod checking;
mod judging;

use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::thread;

use serde_json::Value;
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

/// The doctor's line about something, with a variable set.
fn doctors_line(desk: &Desk, about: &str, (name, value): (&str, &str)) -> String {
    let mut command = desk.command(&["doctor"]);
    command.env("STUDYHALL_DISCORD__SHARDS", "0-1/4");
    command.env(name, value);
    let ended = Ended::of(command.output().expect("a command that runs"));
    let mut lines = ended.out.lines();
    let line = lines.find(|line| line.split_whitespace().nth(1) == Some(about));
    line.unwrap_or_else(|| panic!("{ended:?}")).to_owned()
}

#[test]
fn the_doctor_knows_that_a_file_is_not_for_several_processes() {
    let desk = Desk::new();
    for (url, level) in [
        ("", "warning"),
        ("sqlite:other.sqlite", "warning"),
        ("postgres://ada@127.0.0.1:9/x", "ok"),
    ] {
        let line = doctors_line(&desk, "transport", ("STUDYHALL_DATABASE_URL", url));
        assert!(line.starts_with(level), "{url}: {line}");
        assert_eq!(line.contains("PostgreSQL"), level == "warning", "{line}");
    }
}

#[test]
fn the_doctor_tells_who_has_the_address() {
    let desk = Desk::new();
    let somebody = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = somebody.local_addr().unwrap().to_string();
    // Whoever it is hangs up, once.
    let hanging_up = thread::spawn(move || drop(somebody.accept().unwrap()));
    let line = || doctors_line(&desk, "http", ("STUDYHALL_HTTP__LISTEN", &address));
    let taken = line();
    assert!(
        taken.starts_with("warning") && taken.contains("name a free address as `http.listen`"),
        "{taken}"
    );
    hanging_up.join().unwrap();
    let free = line();
    assert!(
        free.starts_with("ok") && free.ends_with("is free"),
        "{free}"
    );
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
