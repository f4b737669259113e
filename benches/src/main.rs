//! Benchmarks of studyhall, side by side with named alternatives, as one table.

mod args;
mod measure;

mod corpus;
mod generate;
mod hostile;
mod questions;
mod random;
mod words;

mod bare;
mod fts;
mod sections;
mod studyhall;

mod http;
mod scores;

mod child;
mod numbers;
mod table;
mod tally;

use std::env;
use std::io::{self, Write as _};
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Result, bail};

use args::{Args, Part};
use corpus::Corpus;
use table::Row;
use tally::Tally;

fn main() -> Result<ExitCode> {
    let given: Vec<String> = env::args().skip(1).collect();
    if let Some((child::COMMAND, task)) = given
        .split_first()
        .map(|(first, rest)| (first.as_str(), rest))
    {
        work(task)?;
        return Ok(ExitCode::SUCCESS);
    }
    let args = match args::parse(&given) {
        Ok(args) => args,
        Err(error) => bail!("{error}\n\n{}", args::USAGE),
    };
    if args.help {
        writeln!(io::stdout(), "{}", args::USAGE)?;
        return Ok(ExitCode::SUCCESS);
    }
    let tally = run(&args)?;
    if let Some(trouble) = tally.trouble() {
        say(&trouble)?;
    }
    Ok(tally.exit_code())
}

fn run(args: &Args) -> Result<Tally> {
    let mut tally = Tally::default();
    if cfg!(debug_assertions) {
        say("this is a debug build: its numbers say nothing, use cargo run --release")?;
    }
    if args.parts.iter().any(|part| part.has_notes()) {
        match &args.notes {
            Some(folder) => measure_notes(args, &mut tally, || corpus::copied(folder, &args.work))?,
            None => args.sizes_mb.iter().try_for_each(|n_mb| {
                measure_notes(args, &mut tally, || corpus::generated(*n_mb, &args.work))
            })?,
        }
    }
    if args.parts.contains(&Part::Parse) {
        let mut rows = Vec::new();
        for name in hostile::names() {
            rows.extend(attempt(&mut tally, &format!("parsing {name}"), || {
                Ok(vec![hostile::row(name)?])
            })?);
        }
        print(args, "parsing one file", &rows)?;
    }
    if args.parts.contains(&Part::Scores) {
        let mut rows = attempt(&mut tally, "recording answers", || {
            scores::answers(&args.work)
        })?;
        rows.extend(attempt(&mut tally, "asking for boards", || {
            scores::boards(&args.work)
        })?);
        print(args, "scores in SQLite", &rows)?;
    }
    if args.parts.contains(&Part::Backup) {
        let rows = attempt(&mut tally, "backing up", || scores::backup(&args.work))?;
        print(args, "a backup of a million answers", &rows)?;
    }
    if args.parts.contains(&Part::Http) {
        let rows = attempt(&mut tally, "posting interactions", || {
            http::asked(&args.work)
        })?;
        print(args, "/ask as Discord posts it, signed", &rows)?;
    }
    if args.parts.contains(&Part::Ready) {
        let rows = attempt(&mut tally, "starting the bot", || http::ready(&args.work))?;
        print(args, "a start with a million answers", &rows)?;
    }
    Ok(tally)
}

fn measure_notes(
    args: &Args,
    tally: &mut Tally,
    corpus: impl Fn() -> Result<Corpus>,
) -> Result<()> {
    say("preparing notes ...")?;
    let corpus = corpus()?;
    let name = format!(
        "{}: {} files, {} sections, {:.1} MB",
        corpus.name,
        corpus.n_notes,
        corpus.n_sections,
        corpus.n_bytes as f64 / 1e6,
    );
    let has = |part| args.parts.contains(&part);
    let mut rows = Vec::new();
    if has(Part::Index) {
        rows.extend(attempt(tally, "indexing", || {
            measure::index(&corpus, measure::N_BUILDS)
        })?);
    } else if has(Part::Query) || has(Part::Edit) {
        attempt(tally, "indexing for the other measurements", || {
            measure::index(&corpus, 1).map(|_| Vec::new())
        })?;
    }
    if has(Part::Query) {
        rows.extend(attempt(tally, "asking", || measure::query(&corpus))?);
    }
    if has(Part::Edit) {
        rows.extend(attempt(tally, "editing", || measure::edit(&corpus))?);
    }
    if has(Part::Start) {
        rows.extend(attempt(tally, "starting the program", || {
            measure::start(&corpus)
        })?);
    }
    print(args, &name, &rows)
}

/// Measures, and says on the error stream what. A failure costs the rows of one part only.
fn attempt(
    tally: &mut Tally,
    what: &str,
    measure: impl FnOnce() -> Result<Vec<Row>>,
) -> Result<Vec<Row>> {
    say(&format!("{what} ..."))?;
    let measured = measure();
    tally.count(&measured);
    measured.or_else(|error| {
        say(&format!("not measured: {error:#}"))?;
        Ok(Vec::new())
    })
}

fn say(what: &str) -> Result<()> {
    writeln!(io::stderr(), "{what}")?;
    Ok(())
}

/// What a process that measures does, as [`child::run`] asked.
fn work(task: &[String]) -> Result<()> {
    let paths: Vec<_> = task.iter().skip(1).map(Path::new).collect();
    match (task.first().map(String::as_str), paths.as_slice()) {
        (Some("index-studyhall"), [notes, folder]) => studyhall::index(notes, folder)?,
        (Some("index-bare"), [notes, folder]) => bare::index(notes, folder)?,
        (Some("index-fts"), [notes, file]) => fts::index(notes, file)?,
        (Some("query"), [work]) => return measure::ask_all(work),
        (Some("edit"), [notes, work]) => return measure::edit_all(notes, work),
        (Some("scores-answers"), [work]) => return scores::record_all(work),
        (Some("scores-boards"), [work]) => return scores::ask_all(work),
        (Some("scores-backup"), [work]) => return scores::back_up_all(work),
        (Some(http::LOAD), [work]) => return http::load(work),
        (Some(http::START), [work, folder]) => return http::start(work, folder),
        (Some(http::INDEX), []) => return http::index_studyhall(),
        (Some(http::CONSTANT), []) => return http::serve_constant(),
        (Some(http::STUDYHALL), []) => return http::serve_studyhall(),
        (Some("parse"), _) => return hostile::measure(&task[1]),
        _ => bail!("no such task: {}", task.join(" ")),
    }
    child::report(&serde_json::Value::Null)
}

fn print(args: &Args, group: &str, rows: &[Row]) -> Result<()> {
    match args.json {
        true => table::print_json(group, rows),
        false => table::print(group, rows),
    }
}
