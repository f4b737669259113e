//! The house is in order: who names whom, no dead files, every file says what it is for.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Which floor a module of `src/` stands on. A module names only what stands below it.
const FLOORS: &[(&str, u8)] = &[
    ("config", 1),
    ("meters", 1),
    ("quiz", 1),
    ("chat", 2),
    ("scores", 2),
    ("answer", 3),
    ("wording", 4),
    ("bot", 5),
    ("console", 6),
    ("discord", 6),
    ("ops", 6),
    ("web", 6),
    ("cli", 7),
    ("main", 8),
];

/// Crates that are named in one place alone.
const HOMES: &[(&str, &[&str])] = &[
    ("serenity", &["src/discord"]),
    ("ed25519_dalek", &["src/discord", "benches/"]),
    ("axum", &["src/web", "benches/"]),
    ("hyper", &["src/web"]),
    ("prometheus_client", &["src/meters.rs"]),
    ("tantivy", &["index/src/", "benches/"]),
    ("pulldown_cmark", &["index/src/", "benches/"]),
    ("rusqlite", &["src/scores/sqlite", "benches/"]),
    ("rustix", &["index/src/folder.rs", "src/ops/"]),
    ("postgres", &["src/scores/postgres"]),
    ("tokio_postgres_rustls", &["src/scores/postgres"]),
];

/// The file that a crate begins with, for each crate of the workspace.
const ROOTS: &[&str] = &[
    "src/lib.rs",
    "src/main.rs",
    "index/src/lib.rs",
    "tests/it/main.rs",
    "benches/src/main.rs",
];

/// A file of Rust: its path below the workspace, and its code without comments and texts.
struct Source {
    path: String,
    text: String,
    code: String,
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// All files of Rust under the named folders.
fn sources(folders: &[&str]) -> Vec<Source> {
    let mut open: Vec<PathBuf> = folders.iter().map(|folder| root().join(folder)).collect();
    let mut sources = Vec::new();
    while let Some(folder) = open.pop() {
        let Ok(entries) = fs::read_dir(&folder) else {
            continue;
        };
        for entry in entries {
            let path = entry.expect("a folder that can be read").path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|e| e == "rs") {
                sources.push(source(&path));
            }
        }
    }
    assert!(!sources.is_empty(), "no sources under {folders:?}");
    sources
}

fn source(path: &Path) -> Source {
    let text = fs::read_to_string(path).expect("a file of UTF-8");
    let path = path.strip_prefix(root()).expect("a path below the root");
    Source {
        path: path.to_str().expect("a path of UTF-8").replace('\\', "/"),
        code: code_of(&text),
        text,
    }
}

/// The code without comments, without what stands in texts, and with single blanks.
fn code_of(text: &str) -> String {
    let mut code = String::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let skipped = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            rest.find("*/").map_or(rest.len(), |at| at + 2)
        } else if let Some(hashes) = raw_text_hashes(rest) {
            let end = format!("\"{}", "#".repeat(hashes));
            let start = 1 + hashes + 1;
            rest[start..]
                .find(&end)
                .map_or(rest.len(), |at| start + at + end.len())
        } else if c == '"' {
            text_length(rest)
        } else if rest.starts_with("'\"'") || rest.starts_with("'\\\"'") {
            rest[1..].find('\'').unwrap_or(0) + 2
        } else {
            0
        };
        if skipped > 0 {
            code.push(' ');
            rest = &rest[skipped..];
        } else {
            code.push(c);
            rest = &rest[c.len_utf8()..];
        }
    }
    code.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// For the beginning of a raw text (`r#"`) the number of its hashes.
fn raw_text_hashes(rest: &str) -> Option<usize> {
    let after = rest.strip_prefix('r')?;
    let hashes = after.len() - after.trim_start_matches('#').len();
    after[hashes..].starts_with('"').then_some(hashes)
}

/// Bytes of the text that begins here, with its quotes.
fn text_length(rest: &str) -> usize {
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    rest.len()
}

/// The first names behind each `prefix::` in the code; all of them where a list in braces follows.
fn named_behind(code: &str, prefix: &str) -> BTreeSet<String> {
    let is_name = |c: char| c.is_alphanumeric() || c == '_';
    let start = format!("{prefix}::");
    let mut names = BTreeSet::new();
    for (at, _) in code.match_indices(&start) {
        let before = code[..at].chars().next_back();
        if before.is_some_and(|c| is_name(c) || c == ':') {
            continue;
        }
        let rest = &code[at + start.len()..];
        let Some(list) = rest.strip_prefix('{') else {
            names.extend(rest.split(|c| !is_name(c)).next().map(str::to_owned));
            continue;
        };
        let mut depth = 0;
        let mut item = String::new();
        for c in list.chars() {
            match c {
                '}' if depth == 0 => break,
                ',' if depth == 0 => names.extend(Some(std::mem::take(&mut item))),
                '{' => depth += 1,
                '}' => depth -= 1,
                _ if depth == 0 => item.push(c),
                _ => {}
            }
        }
        names.extend(Some(item));
    }
    let first = |name: String| name.trim().split(|c| !is_name(c)).next().map(str::to_owned);
    names
        .into_iter()
        .filter_map(first)
        .filter(|name| !name.is_empty())
        .collect()
}

/// The top-level module that a file of `src/` belongs to, and how deep below the crate it stands.
fn module_of(path: &str) -> Option<(&str, usize)> {
    let inner = path.strip_prefix("src/")?.strip_suffix(".rs")?;
    (inner != "lib").then(|| {
        (
            inner.split('/').next().unwrap_or(inner),
            inner.split('/').count(),
        )
    })
}

/// The modules of `src/` that a file names, its own aside.
fn modules_named(source: &Source, module: &str, depth: usize) -> BTreeSet<String> {
    let up = vec!["super"; depth].join("::");
    let known = |name: &String| name != module && FLOORS.iter().any(|(floor, _)| floor == name);
    ["crate", "studyhall", up.as_str()]
        .iter()
        .flat_map(|prefix| named_behind(&source.code, prefix))
        .filter(known)
        .collect()
}

/// Each naming that goes up or sideways, in words.
fn wrong_arrows(sources: &[Source]) -> Vec<String> {
    let floors: BTreeMap<&str, u8> = FLOORS.iter().copied().collect();
    let mut wrong = Vec::new();
    for source in sources {
        let Some((module, depth)) = module_of(&source.path) else {
            continue;
        };
        let Some(floor) = floors.get(module) else {
            wrong.push(format!("{} stands on no floor", source.path));
            continue;
        };
        for named in modules_named(source, module, depth) {
            if floors[named.as_str()] >= *floor {
                wrong.push(format!("{} names {named}", source.path));
            }
        }
    }
    wrong
}

#[test]
fn arrows_point_down() {
    let wrong = wrong_arrows(&sources(&["src"]));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn an_arrow_that_points_up_is_seen() {
    let source = |path: &str, text: &str| Source {
        path: path.to_owned(),
        text: text.to_owned(),
        code: code_of(text),
    };
    let wrong = wrong_arrows(&[
        source(
            "src/chat.rs",
            "use crate::config::Place; // crate::bot\nlet t = \"crate::cli::x\";",
        ),
        source("src/answer.rs", "fn f() { crate::bot::hear(); }"),
        source(
            "src/bot/tick.rs",
            "use crate::{answer::Answer, chat, discord::{self, Edge}};",
        ),
        source("src/scores.rs", "use super::chat;"),
        source(
            "src/discord/rest.rs",
            "use super::super::console; use super::gate;",
        ),
        source("src/attic.rs", ""),
    ]);
    let expected = [
        "src/answer.rs names bot",
        "src/bot/tick.rs names discord",
        "src/scores.rs names chat",
        "src/discord/rest.rs names console",
        "src/attic.rs stands on no floor",
    ];
    assert_eq!(wrong, expected);
}

/// Whether the code names the crate. A module of ours may bear the same name.
fn names_crate(code: &str, name: &str) -> bool {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    code.match_indices(name).any(|(at, _)| {
        let (before, after) = (&code[..at], &code[at + name.len()..]);
        let inside = before.strip_suffix("::").unwrap_or("");
        let is_ours = before.ends_with("mod ") || inside.ends_with(is_word);
        !before.ends_with(is_word) && !after.starts_with(is_word) && !is_ours
    })
}

#[test]
fn a_crate_is_told_from_a_module_of_its_name() {
    for code in ["use postgres::A;", "f(::postgres::A)", "use {b, postgres};"] {
        assert!(names_crate(code, "postgres"), "{code}");
    }
    for code in ["pub mod postgres;", "scores::postgres::A", "postgres_a"] {
        assert!(!names_crate(code, "postgres"), "{code}");
    }
}

#[test]
fn some_crates_have_one_home() {
    for source in sources(&["src", "index/src", "benches"]) {
        for (name, homes) in HOMES {
            let is_home = homes.iter().any(|home| source.path.starts_with(home));
            let is_named = names_crate(&source.code, name);
            assert!(is_home || !is_named, "{} names {name}", source.path);
        }
    }
}

#[test]
fn every_file_is_part_of_a_crate() {
    let all = sources(&["src", "index/src", "tests", "benches"]);
    let by_path: BTreeMap<&str, &Source> = all.iter().map(|s| (s.path.as_str(), s)).collect();
    let mut reached = BTreeSet::new();
    let mut open: Vec<String> = ROOTS.iter().map(|root| (*root).to_owned()).collect();
    while let Some(path) = open.pop() {
        let Some(source) = by_path.get(path.as_str()) else {
            continue;
        };
        if !reached.insert(source.path.as_str()) {
            continue;
        }
        let folder = match path.rsplit_once('/') {
            Some((folder, "lib.rs" | "main.rs" | "mod.rs")) => folder.to_owned(),
            _ => path.trim_end_matches(".rs").to_owned(),
        };
        for (at, _) in source.code.match_indices("mod ") {
            let name: &str = source.code[at + 4..]
                .split([';', ' ', '{'])
                .next()
                .unwrap_or("");
            open.push(format!("{folder}/{name}.rs"));
            open.push(format!("{folder}/{name}/mod.rs"));
        }
    }
    let orphans: Vec<&&str> = by_path
        .keys()
        .filter(|path| !reached.contains(*path))
        .collect();
    assert!(orphans.is_empty(), "no module names {orphans:?}");
}

#[test]
fn every_file_opens_by_saying_what_it_is_for() {
    let ours = [
        "src",
        "index",
        "tests",
        "benches",
        "fuzz/src",
        "fuzz/targets",
    ];
    for source in sources(&ours) {
        assert!(source.text.starts_with("//! "), "{} does not", source.path);
    }
}
