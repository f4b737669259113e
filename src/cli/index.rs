//! `studyhall index`: the built index is brought up to date with the notes.

use std::fs;
use std::io::{self, IsTerminal, Write};
use std::path::Path;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::json;
use studyhall_index::{
    Found, Index as Built, IndexError, NoteWarning, Progress, Survey, Synced, question_files,
};

use super::Outcome;
use super::output::{DOUBTFUL, Output, harmless, note, styled};
use crate::config::Settings;
use crate::quiz::Bank;

/// Work that is done sooner shows no progress bar.
const PATIENCE: Duration = Duration::from_millis(500);
/// Notes up to which all are looked at before a question is answered.
const LOOK_AT_ALL_MAX: usize = 2_000;

/// Bring the built index up to date with the notes
///
/// Notes that have not changed are not read again. Deleting the index loses nothing.
#[derive(Debug, clap::Args)]
pub(super) struct Index {
    /// Build it from nothing
    #[arg(long)]
    rebuild: bool,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

pub(super) fn run(index: &Index, settings: &Settings, out: &mut Output) -> anyhow::Result<Outcome> {
    let started = Instant::now();
    require_notes(&settings.notes_dir)?;
    let built = Built::open(&settings.index_dir())?;
    let synced = with_progress(|progress| match index.rebuild {
        true => built.rebuild(&settings.notes_dir, progress),
        false => built.sync(&settings.notes_dir, progress),
    })?;
    let duration = started.elapsed();
    note_if_empty(settings, &synced);
    let questions = question_files(&settings.notes_dir).context("cannot read the question bank")?;
    let n_questions = Bank::read(&questions.files)
        .0
        .map_or(0, |bank| bank.questions().len());
    if index.json {
        let object = json!({
            "files": synced.n_notes,
            "sections": synced.n_sections,
            "questions": n_questions,
            "changed": synced.n_changed,
            "removed": synced.n_removed,
            "warnings": synced.warnings.len(),
            "duration_ms": u64::try_from(duration.as_millis()).unwrap_or(u64::MAX),
        });
        writeln!(out, "{object}")?;
        return Ok(Outcome::Done);
    }
    for warning in &synced.warnings {
        note(warning_line(&settings.notes_dir, warning));
    }
    writeln!(out, "files     {}", synced.n_notes)?;
    writeln!(out, "sections  {}", synced.n_sections)?;
    writeln!(out, "questions {n_questions}")?;
    writeln!(out, "changed   {}", synced.n_changed)?;
    writeln!(out, "removed   {}", synced.n_removed)?;
    writeln!(out, "warnings  {}", synced.warnings.len())?;
    writeln!(out, "time      {:.2} s", duration.as_secs_f64())?;
    Ok(Outcome::Done)
}

/// What the index finds in the notes as they are now.
///
/// Looking at all notes takes longer than the answer where they are many. There only the notes
/// that answer are compared with their files; if one has changed, all are looked at after all.
pub(super) fn search(question: &str, n: usize, settings: &Settings) -> anyhow::Result<Found> {
    require_notes(&settings.notes_dir)?;
    let built = Built::open(&settings.index_dir())?;
    if built.is_built() && built.n_notes()? > LOOK_AT_ALL_MAX {
        let found = built.search(question, None, n)?;
        let paths = found.hits.iter().map(|hit| hit.section.path.as_str());
        if built.is_current(&settings.notes_dir, paths)? {
            return Ok(found);
        }
    }
    Ok(fresh(settings)?.search(question, None, n)?)
}

/// The index of the settings' notes, as new as the notes. Built where there is none.
pub(super) fn fresh(settings: &Settings) -> anyhow::Result<Built> {
    require_notes(&settings.notes_dir)?;
    let built = Built::open(&settings.index_dir())?;
    let is_first = !built.is_built();
    if is_first {
        let notes = settings.notes_dir.display();
        note(format_args!(
            "Building the index of {notes} for the first time."
        ));
    }
    match with_progress(|progress| built.sync(&settings.notes_dir, progress)) {
        Ok(synced) if is_first => {
            let (n_sections, n_notes) = (synced.n_sections, synced.n_notes);
            note(format_args!("{n_sections} sections in {n_notes} files."));
            note_if_empty(settings, &synced);
        }
        Ok(_) => {}
        Err(error @ IndexError::Busy) if !is_first => {
            note(format_args!("{error}. Answering from the index as it is."));
        }
        Err(error) => return Err(error.into()),
    }
    Ok(built)
}

fn note_if_empty(settings: &Settings, synced: &Synced) {
    if synced.n_notes == 0 {
        let folder = settings.notes_dir.display();
        note(format_args!(
            "There are no Markdown files (.md) in {folder}."
        ));
    }
}

/// What the notes hold, and what is odd in them.
pub(super) fn lint(folder: &Path) -> anyhow::Result<Survey> {
    require_notes(folder)?;
    Ok(studyhall_index::lint(folder)?)
}

/// A warning as compilers write it.
fn warning_line(notes_dir: &Path, warning: &NoteWarning) -> String {
    let path = notes_dir.join(&warning.path);
    let path = harmless(&path.display().to_string());
    let NoteWarning { warning, .. } = warning;
    format!(
        "{path}:{}:{}: {}: {}",
        warning.line,
        warning.column,
        styled(DOUBTFUL, format_args!("warning[{}]", warning.code)),
        harmless(&warning.message),
    )
}

/// Says how to name the notes folder where there is none.
pub(super) fn require_notes(folder: &Path) -> anyhow::Result<()> {
    let shown = folder.display();
    match fs::metadata(folder) {
        Ok(found) if found.is_dir() => Ok(()),
        Ok(_) => bail!("the notes folder {shown} is not a folder; name one with --notes-dir"),
        Err(error) if error.kind() == io::ErrorKind::NotFound => bail!(
            "there is no notes folder {shown}; name yours with --notes-dir, or as `notes_dir` in \
             studyhall.toml"
        ),
        Err(error) => Err(error).with_context(|| format!("cannot read the notes folder {shown}")),
    }
}

/// Does a piece of work and shows how far it has come, if that takes long and somebody watches.
fn with_progress<T>(work: impl FnOnce(&(dyn Fn(Progress) + Sync)) -> T) -> T {
    let started = Instant::now();
    let bar: OnceLock<ProgressBar> = OnceLock::new();
    let is_watched = io::stderr().is_terminal();
    let done = work(&|progress: Progress| {
        if is_watched && started.elapsed() >= PATIENCE {
            let bar = bar.get_or_init(new_bar);
            bar.set_length(progress.total as u64);
            bar.set_position(progress.done as u64);
        }
    });
    if let Some(bar) = bar.get() {
        bar.finish_and_clear();
    }
    done
}

fn new_bar() -> ProgressBar {
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    match ProgressStyle::with_template("Reading notes {bar:30} {pos}/{len}  {eta} left") {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}
