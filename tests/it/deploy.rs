//! What `deploy/` says of the program is true: settings, commands, exit codes and metrics that it names
//! exist, and every alert says what to do.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use serde_json::Value;
use studyhall::config::{FILE_VARIABLE, KEYS, LOG_VARIABLE};
use studyhall::{discord, meters};

/// The user that the container runs as.
const USER: &str = "65532";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|e| panic!("{path}: {e}"))
}

/// All files below `deploy/`, by path.
fn deployed() -> Vec<(String, String)> {
    let mut open = vec![root().join("deploy")];
    let mut files = Vec::new();
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(&folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.ends_with("secrets") {
                continue;
            }
            if path.is_dir() {
                open.push(path);
                continue;
            }
            let text = fs::read_to_string(&path).expect("a file of UTF-8");
            let name = path.strip_prefix(root()).expect("a path below the root");
            files.push((name.display().to_string(), text));
        }
    }
    assert!(files.len() > 10, "{} files", files.len());
    files
}

/// The words of the text that are made of these characters and begin so.
fn words<'a>(text: &'a str, start: &str, is_part: fn(char) -> bool) -> BTreeSet<&'a str> {
    text.split(|c| !is_part(c))
        .filter(|word| word.starts_with(start))
        .collect()
}

#[test]
fn settings_that_are_named_exist() {
    let mut known: BTreeSet<String> = KEYS.iter().map(|key| key.variable()).collect();
    known.extend([FILE_VARIABLE, LOG_VARIABLE].map(str::to_owned));
    let mut n_named = 0;
    for (path, text) in deployed() {
        let is_part = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
        for name in words(&text, "STUDYHALL_", is_part) {
            assert!(
                name == "STUDYHALL_" || known.contains(name),
                "{path}: {name}"
            );
            n_named += 1;
        }
    }
    assert!(n_named > 20, "{n_named} settings are named");
    let toml = words(&read("deploy/runbook.md"), "discord.", |c| {
        c.is_ascii_lowercase() || c == '_' || c == '.'
    })
    .into_iter()
    .map(str::to_owned)
    .collect::<Vec<_>>();
    for key in toml.iter().filter(|key| !key.starts_with("discord.com")) {
        assert!(KEYS.iter().any(|known| known.name == key), "{key}");
    }
}

/// The program's own metrics, and whether each is a histogram, whose series have longer names.
fn metrics() -> BTreeMap<&'static str, bool> {
    // These are listed once there is something to say.
    meters::connected(false);
    meters::backed_up(0);
    meters::data_free(0.5);
    meters::called("GET", Some(200), "discord.example", Duration::ZERO);
    meters::transacted("read", "sqlite", Duration::ZERO);
    let text = meters::text();
    let is_histogram = |name: &&'static str| {
        let listed = name.strip_suffix("_total").unwrap_or(name);
        let start = format!("# TYPE {listed} ");
        let kind = text.lines().find_map(|line| line.strip_prefix(&start));
        (*name, kind.expect(name) == "histogram")
    };
    meters::NAMES.iter().map(is_histogram).collect()
}

/// The metrics that a text names. Each exists.
#[track_caller]
fn metrics_in(place: &str, text: &str) -> BTreeSet<&'static str> {
    let metrics = metrics();
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let starts = ["studyhall_", "http_client_", "db_client_"];
    let named = starts.iter().flat_map(|start| words(text, start, is_part));
    let exists = |name: &str| {
        let base = ["_bucket", "_sum", "_count"]
            .iter()
            .find_map(|suffix| name.strip_suffix(suffix));
        let known = metrics.get_key_value(base.unwrap_or(name));
        let known = known.filter(|(_, is_histogram)| **is_histogram == base.is_some());
        *known.unwrap_or_else(|| panic!("{place}: {name}")).0
    };
    named.map(exists).collect()
}

#[test]
fn metrics_that_are_looked_at_exist_and_all_are_on_a_panel() {
    let alerts = metrics_in("the alerts", &read("deploy/alerts.yaml"));
    assert!(alerts.len() > 10, "{alerts:?}");
    let board: Value = serde_json::from_str(&read("deploy/grafana-dashboard.json")).expect("JSON");
    metrics_in("the dashboard", &board.to_string());
    let panels = board["panels"].as_array().expect("panels").iter();
    let shown: BTreeSet<&str> = panels
        .flat_map(|panel| metrics_in("a panel", &panel["targets"].to_string()))
        .collect();
    for name in meters::NAMES {
        assert!(shown.contains(name), "no panel shows {name}");
    }
}

#[test]
fn every_alert_says_what_to_do_and_is_tried() {
    let (alerts, runbook) = (read("deploy/alerts.yaml"), read("deploy/runbook.md"));
    let tried = read("deploy/alerts.test.yaml");
    let mut names = BTreeSet::new();
    for alert in alerts.split("- alert: ").skip(1) {
        let name = alert.lines().next().expect("a name").trim();
        let anchor = format!("deploy/runbook.md#{}\n", name.to_lowercase());
        assert!(alert.contains(&anchor), "{name} does not name its section");
        assert!(alert.contains("summary: "), "{name} has no summary");
        let section = format!("\n### {name}\n");
        assert!(runbook.contains(&section), "the runbook lacks {name}");
        let fires = format!("alertname=\"{name}\"");
        assert!(tried.contains(&fires), "{name} is not tried");
        names.insert(name);
    }
    assert!(names.len() > 10, "{} alerts", names.len());
    for section in runbook.split("\n### ").skip(1) {
        let name = section.lines().next().expect("a heading");
        assert!(names.contains(name), "no alert is called {name}");
    }
}

#[test]
fn the_dashboard_can_be_imported() {
    let board: Value = serde_json::from_str(&read("deploy/grafana-dashboard.json")).expect("JSON");
    let panels = board["panels"].as_array().expect("panels");
    let mut ids = BTreeSet::new();
    for panel in panels {
        assert!(ids.insert(panel["id"].as_u64().expect("an id")), "{panel}");
        let place = &panel["gridPos"];
        let right = place["x"]
            .as_u64()
            .zip(place["w"].as_u64())
            .map(|(x, w)| x + w);
        assert!(right.is_some_and(|right| right <= 24), "{panel}");
        if panel["type"] != "row" {
            let targets = panel["targets"].as_array().expect("targets");
            assert!(
                targets.iter().all(|target| target["expr"].is_string()),
                "{panel}"
            );
        }
    }
    assert!(panels.len() > 10, "{} panels", panels.len());
}

/// The program's command with these names, and whether it exists.
fn exists(names: &[&str]) -> bool {
    let output = Command::new(env!("CARGO_BIN_EXE_studyhall"))
        .args(names)
        .arg("--help")
        .output()
        .expect("the program runs");
    output.status.success()
}

#[test]
fn commands_and_flags_that_are_named_exist() {
    let mut n_commands = 0;
    for (path, text) in deployed() {
        let lines = text
            .lines()
            .filter(|line| !line.trim_start().starts_with('#'));
        for line in lines {
            for start in ["as_bot ", "studyhall "] {
                for (at, _) in line.match_indices(start) {
                    let mut rest = line[at + start.len()..].split([' ', '`', '"', '\'', ';', ',']);
                    let Some(command) = rest.next().filter(|word| is_command(word)) else {
                        continue;
                    };
                    let flags: Vec<&str> = rest
                        .take_while(|word| !word.is_empty())
                        .filter(|word| word.starts_with("--"))
                        .collect();
                    let names: Vec<&str> = [command].into_iter().chain(flags).collect();
                    assert!(exists(&names), "{path}: {line}");
                    n_commands += 1;
                }
            }
        }
    }
    assert!(n_commands > 15, "{n_commands} commands are named");
}

/// Whether a word behind the program's name is one of its commands. Prose goes on in other words.
fn is_command(word: &str) -> bool {
    [
        "backup",
        "config",
        "doctor",
        "healthcheck",
        "index",
        "migrate-store",
        "person",
        "restore",
        "serve",
    ]
    .contains(&word)
}

#[test]
fn the_unit_heeds_what_the_bot_exits_with() {
    let unit = read("deploy/studyhall.service");
    let prevented = format!(
        "\nRestartPreventExitStatus={}\n",
        discord::EXIT_CONFIGURATION
    );
    for line in [
        prevented.as_str(),
        "\nType=notify\n",
        "\nRestart=on-failure\n",
        "\nLimitCORE=0\n",
    ] {
        assert!(unit.contains(line), "{}", line.trim());
    }
    let second = |key: &str| -> u64 {
        let value = unit.split(&format!("\n{key}=")).nth(1).expect(key);
        let number = value.split(['s', '\n']).next().expect("a value");
        number.parse().expect("seconds")
    };
    // Found and started again within 90 seconds, and never cut short by a stop of 20.
    assert!(second("WatchdogSec") + second("RestartSec") <= 90);
    assert!(second("TimeoutStopSec") > 20);
}

#[test]
fn copies_of_the_scores_go_by_age_and_nothing_else_does() {
    let unit = read("deploy/studyhall-backup.service");
    let command = unit.split("\nExecStartPost=").nth(1).expect("a command");
    let command = command.lines().next().expect("a line");
    let dir = tempfile::tempdir().expect("a folder");
    let names = |folder: &str| -> BTreeSet<String> {
        let entries = fs::read_dir(dir.path().join(folder)).expect("a folder");
        let name = |entry: std::io::Result<fs::DirEntry>| entry.expect("an entry").file_name();
        entries
            .map(|entry| name(entry).into_string().expect("a name"))
            .collect()
    };
    for name in [
        "backups/scores-Mon.backup",
        "backups/before-upgrade-2026-09-01-101500.backup",
        "backups/a note of mine",
        "state/scores.sqlite",
        "state/scores.sqlite-wal",
        "state/scores.sqlite.before-restore-1",
        "state/scores.sqlite.before-restore-1-wal",
        "state/last-backup",
        "state/index/CURRENT",
    ] {
        let path = dir.path().join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, name).expect("a file");
    }
    let run = |age: &str| {
        let words: Vec<String> = command
            .replace("/var/backups/studyhall", "backups")
            .replace("%S/studyhall", "state")
            .replace("-ctime +28", age)
            .split(' ')
            .map(str::to_owned)
            .collect();
        let (program, arguments) = words.split_first().expect("a program");
        let found = Command::new(program)
            .args(arguments)
            .current_dir(dir.path())
            .status();
        assert!(found.expect("find").success());
    };
    let all = (names("backups"), names("state"));
    run("-ctime +28");
    assert_eq!((names("backups"), names("state")), all, "they are of today");
    run("-ctime -1");
    assert_eq!(names("backups"), ["a note of mine".to_owned()].into());
    let kept = ["index", "last-backup", "scores.sqlite", "scores.sqlite-wal"];
    assert_eq!(names("state"), kept.map(str::to_owned).into());
}

#[test]
fn containers_run_as_nobody_on_a_root_that_is_read_only() {
    let image = read("deploy/Dockerfile");
    let cargo = read("Cargo.toml");
    let rust = cargo.split("rust-version = \"").nth(1).expect("a version");
    let rust = rust.split('"').next().expect("a version");
    assert!(
        image.contains(&format!("FROM rust:{rust}.")),
        "another Rust than {rust}"
    );
    assert!(image.contains(&format!("\nUSER {USER}:{USER}\n")));
    assert!(image.contains("CMD [\"/usr/bin/studyhall\", \"healthcheck\"]"));
    for name in ["one", "many", "migrate-store"] {
        let manifest = read(&format!("deploy/kubernetes/{name}.yaml"));
        let n_pods = manifest.matches("containers:").count();
        for line in [
            "runAsNonRoot: true",
            "runAsUser: 65532",
            "readOnlyRootFilesystem: true",
            "allowPrivilegeEscalation: false",
            "automountServiceAccountToken: false",
            "enableServiceLinks: false",
            "drop: [ALL]",
            "type: RuntimeDefault",
        ] {
            assert_eq!(manifest.matches(line).count(), n_pods, "{name}: {line}");
        }
    }
    let one = read("deploy/kubernetes/one.yaml");
    assert!(one.contains("replicas: 1\n") && one.contains("type: Recreate\n"));
    let compose = read("deploy/compose.yaml");
    let n_services = compose.matches("    image: ").count();
    for line in [
        "read_only: true",
        "- ALL",
        "- no-new-privileges:true",
        "healthcheck:",
    ] {
        assert_eq!(compose.matches(line).count(), n_services, "compose: {line}");
    }
}

#[test]
fn no_secret_stands_in_what_is_deployed() {
    for (path, text) in deployed() {
        for given in [
            "STUDYHALL_DISCORD__TOKEN:",
            "STUDYHALL_DISCORD__TOKEN=",
            "POSTGRES_PASSWORD:",
        ] {
            assert!(!text.contains(given), "{path}: {given}");
        }
    }
    let ignored = [read(".gitignore"), read(".dockerignore")];
    assert!(ignored.iter().all(|text| text.contains("deploy/secrets")));
}
