//! What is measured on a folder of notes: indexing, questions, one edit, the program's start.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::time::Instant;

use anyhow::{Context as _, Result, ensure};
use serde_json::json;
use studyhall_index::Index;

use crate::corpus::{self, Corpus};
use crate::numbers::{median, numbers, percentile};
use crate::table::{Goal, Row, Unit};
use crate::{bare, child, fts, questions, studyhall};

/// Times each program indexes the notes.
pub(crate) const N_BUILDS: usize = 3;
/// Times each engine is asked all questions.
const N_ROUNDS: usize = 3;
const N_QUESTIONS: usize = 1_000;
/// Questions for FTS5, once: it looks at every section that holds any of the words.
const N_QUESTIONS_FTS: usize = 100;
/// Hits that are asked for, with their text.
const N_HITS: usize = 10;
/// Notes that are edited, one after the other.
const N_EDITS: usize = 10;
/// Times the program is started.
const N_STARTS: usize = 10;

const TANTIVY: &str = "bare Tantivy";
const FTS5: &str = "SQLite FTS5";

/// Indexing time and memory. Leaves an index of each kind behind for the other measurements.
pub(crate) fn index(corpus: &Corpus, n_builds: usize) -> Result<Vec<Row>> {
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..n_builds {
        for (task, outcomes) in [("studyhall", &mut ours), ("bare", &mut theirs)] {
            let folder = corpus.work.join(task);
            corpus::clear(&folder)?;
            outcomes.push(child::run(
                &format!("index-{task}"),
                &[&corpus.notes, &folder],
            )?);
        }
    }
    let middle = |outcomes: &[child::Outcome], value: fn(&child::Outcome) -> f64| {
        median(&outcomes.iter().map(value).collect::<Vec<_>>())
    };
    let row = |name: &str, unit, value| {
        Row::new(name, unit, middle(&ours, value)).against(TANTIVY, middle(&theirs, value))
    };
    let mut rows = vec![
        row("index: time", Unit::Seconds, |outcome| outcome.wall_s).goal(Goal::RatioAtMost(0.85)),
        row("index: processor time", Unit::Seconds, |outcome| {
            outcome.cpu_s
        }),
    ];
    let peak = row("index: peak memory", Unit::Megabytes, |outcome| {
        outcome.peak_mb
    });
    match peak.ours > 0.0 {
        true => rows.push(peak.goal(Goal::Below(250.0))),
        false => crate::say("left out: peak memory, of which the system does not tell")?,
    }
    Ok(rows)
}

/// Time to answer a question with ten sections.
pub(crate) fn query(corpus: &Corpus) -> Result<Vec<Row>> {
    let database = corpus.work.join("fts.db");
    if database.exists() {
        fs::remove_file(&database)?;
    }
    child::run("index-fts", &[&corpus.notes, &database])?;
    let asked = questions::draw(corpus, N_QUESTIONS)?;
    fs::write(corpus.work.join("questions.json"), json!(asked).to_string())?;
    let found = child::run("query", &[&corpus.work])?.found;
    let us = |engine: &str, share| percentile(&numbers(&found[engine]), share);
    let n_hits = |engine: &str| found[engine].as_f64().unwrap_or_default() / N_QUESTIONS as f64;
    let row = |name, ours, other, theirs, share| {
        Row::new(name, Unit::Micros, us(ours, share)).against(other, us(theirs, share))
    };
    Ok(vec![
        row("query: p50", "studyhall", TANTIVY, "bare", 0.5).goal(Goal::RatioAtMost(1.5)),
        row("query: p99", "studyhall", TANTIVY, "bare", 0.99),
        row("query: p50", "studyhall_few", FTS5, "fts", 0.5).goal(Goal::TimesLess(100.0)),
        row("query: p99", "studyhall_few", FTS5, "fts", 0.99),
        Row::new(
            "query: sections found, mean",
            Unit::Count,
            n_hits("studyhall_hits"),
        )
        .against(TANTIVY, n_hits("bare_hits")),
    ])
}

/// The task of the process that asks.
pub(crate) fn ask_all(work: &Path) -> Result<()> {
    let asked: Vec<String> = serde_json::from_slice(&fs::read(work.join("questions.json"))?)?;
    let ours = Index::open(&work.join("studyhall"))?;
    let mut bare = bare::Searcher::open(&work.join("bare"))?;
    let fts = fts::Searcher::open(&work.join("fts.db"))?;
    let mut ask_ours = |question: &str| Ok(ours.search(question, None, N_HITS)?.hits.len());
    let mut ask_bare = |question: &str| Ok(bare.search(question, N_HITS)?.len());
    let mut ask_fts = |question: &str| Ok(fts.search(question, N_HITS)?.len());
    // The first round warms up.
    let n_hits_ours: usize = asked
        .iter()
        .map(|question| ask_ours(question))
        .sum::<Result<_>>()?;
    let n_hits_bare: usize = asked
        .iter()
        .map(|question| ask_bare(question))
        .sum::<Result<_>>()?;
    ensure!(n_hits_ours > 0, "studyhall found nothing");
    let (mut times_ours, mut times_bare) = (Vec::new(), Vec::new());
    for _ in 0..N_ROUNDS {
        times_ours.extend(timed(&asked, &mut ask_ours)?);
        times_bare.extend(timed(&asked, &mut ask_bare)?);
    }
    let few = &asked[..N_QUESTIONS_FTS];
    timed(&few[..N_QUESTIONS_FTS / 10], &mut ask_fts)?;
    let times_fts = timed(few, &mut ask_fts)?;
    let times_few = timed(few, &mut ask_ours)?;
    child::report(&json!({
        "studyhall": times_ours,
        "studyhall_few": times_few,
        "studyhall_hits": n_hits_ours,
        "bare": times_bare,
        "bare_hits": n_hits_bare,
        "fts": times_fts,
    }))
}

/// Time from an edit until a search finds it, in a process that has the index open.
pub(crate) fn edit(corpus: &Corpus) -> Result<Vec<Row>> {
    let found = child::run("edit", &[&corpus.notes, &corpus.work])?.found;
    let ms = |name: &str| median(&numbers(&found[name]));
    Ok(vec![
        Row::new(
            "one note edited: searchable after",
            Unit::Millis,
            ms("studyhall"),
        )
        .against(TANTIVY, ms("bare"))
        .goal(Goal::Below(100.0)),
        Row::new("no note edited: sync", Unit::Millis, ms("unchanged")),
    ])
}

/// The task of the process that edits. Every note is as before when it ends.
pub(crate) fn edit_all(notes: &Path, work: &Path) -> Result<()> {
    let index = Index::open(&work.join("studyhall"))?;
    let mut editor = bare::Editor::open(&work.join("bare"))?;
    let files = corpus::notes(notes)?;
    let (mut ours, mut theirs, mut unchanged) = (Vec::new(), Vec::new(), Vec::new());
    // The first edit warms up.
    for number in 0..=N_EDITS {
        let file = &files[number * files.len() / (N_EDITS + 1)];
        let before = fs::read(file)?;
        let word = format!("zq{number}x7edited");
        let mut changed = before.clone();
        write!(
            changed,
            "\n\n## Edited {word}\n\nThe text of {word} is new.\n"
        )?;
        fs::write(file, changed)?;
        let edited = edit_one(&index, &mut editor, notes, file, &word);
        fs::write(file, before)?;
        let (ours_ms, theirs_ms) = edited?;
        editor.replace(notes, file)?;
        index.sync(notes, &|_| ())?;
        let started = Instant::now();
        index.sync(notes, &|_| ())?;
        if number > 0 {
            unchanged.push(millis(started));
            ours.push(ours_ms);
            theirs.push(theirs_ms);
        }
    }
    child::report(&json!({"studyhall": ours, "bare": theirs, "unchanged": unchanged}))
}

/// Indexes one edited note with both programs, until each finds the new word.
fn edit_one(
    index: &Index,
    editor: &mut bare::Editor,
    notes: &Path,
    file: &Path,
    word: &str,
) -> Result<(f64, f64)> {
    let changed = BTreeSet::from([corpus::name(notes, file)?]);
    let started = Instant::now();
    index.sync_notes(notes, &changed)?;
    let hits = index.search(word, None, N_HITS)?.hits;
    let ours_ms = millis(started);
    ensure!(
        hits.iter().any(|hit| hit.section.body.contains(word)),
        "the edit was not found"
    );
    let started = Instant::now();
    editor.replace(notes, file)?;
    let hits = editor.search(word, N_HITS)?;
    let theirs_ms = millis(started);
    ensure!(
        hits.iter().any(|hit| hit[2].contains(word)),
        "bare Tantivy did not find the edit"
    );
    Ok((ours_ms, theirs_ms))
}

/// Time of the whole program from its start to its end, with one question on a built index.
pub(crate) fn start(corpus: &Corpus) -> Result<Vec<Row>> {
    let program = studyhall::program()?.context(
        "the program is missing: cargo build --release, then run the benchmarks once more",
    )?;
    let data = corpus.work.join("data");
    corpus::clear(&data)?;
    let build_ms = studyhall::run(&program, &corpus.notes, &data, &["index"])?;
    let asked = questions::draw(corpus, N_STARTS)?;
    let ask = |question: &String| {
        studyhall::run(&program, &corpus.notes, &data, &["ask", "--json", question])
    };
    asked.iter().map(ask).collect::<Result<Vec<_>>>()?;
    let warm = asked.iter().map(ask).collect::<Result<Vec<_>>>()?;
    let mut rows = vec![
        Row::new("program: index", Unit::Seconds, build_ms / 1e3),
        Row::new(
            "program: first answer, files in memory",
            Unit::Millis,
            median(&warm),
        )
        .goal(Goal::Below(50.0)),
    ];
    let mut cold = Vec::new();
    for question in &asked {
        if studyhall::evict(&[&data, &program])? {
            cold.push(ask(question)?);
        }
    }
    if cold.is_empty() {
        crate::say("left out: files on disk, which dd could not make the system forget")?;
    } else {
        rows.push(Row::new(
            "program: first answer, files on disk",
            Unit::Millis,
            median(&cold),
        ));
    }
    Ok(rows)
}

fn timed(questions: &[String], ask: &mut dyn FnMut(&str) -> Result<usize>) -> Result<Vec<f64>> {
    questions
        .iter()
        .map(|question| {
            let started = Instant::now();
            std::hint::black_box(ask(question)?);
            Ok(started.elapsed().as_secs_f64() * 1e6)
        })
        .collect()
}

fn millis(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1e3
}
