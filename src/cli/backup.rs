//! `studyhall backup` and `studyhall restore`: a copy of the scores, and the way back.

use std::io::Write;
use std::path::PathBuf;

use super::Outcome;
use super::output::{Output, note};
use super::store::{self, Place};
use crate::config::Settings;
use crate::scores::sqlite::backup::{self, Overwrite};

const BACKUP_EXAMPLES: &str = "\
Examples:
  studyhall backup scores-2026-03-02.backup
  studyhall restore --check scores-2026-03-02.backup

The file is a database of SQLite with a line behind it that holds its SHA-256.";

const RESTORE_EXAMPLES: &str = "\
Examples:
  studyhall restore --check scores-2026-03-02.backup
  studyhall restore scores-2026-03-02.backup

Stop the bot first. The scores that are there now are kept beside the restored ones.";

/// Copy the scores to a file, while the bot runs
#[derive(Debug, clap::Args)]
#[command(after_help = BACKUP_EXAMPLES)]
pub(super) struct Backup {
    /// Where the copy is to be
    file: PathBuf,
    /// Overwrite what is there, once the new copy is whole
    #[arg(long)]
    force: bool,
}

/// Put the scores of a backup in the place of the present ones
#[derive(Debug, clap::Args)]
#[command(after_help = RESTORE_EXAMPLES)]
pub(super) struct Restore {
    /// The backup
    file: PathBuf,
    /// Only look whether it could be restored
    #[arg(long)]
    check: bool,
}

/// The file whose time says when the scores were last copied; none where they are on a server.
pub(super) fn mark(settings: &Settings) -> Option<PathBuf> {
    match store::place(settings) {
        Place::File(_) => Some(settings.data_dir.join("last-backup")),
        Place::Server(_) => None,
    }
}

pub(super) fn run(
    backup: &Backup,
    settings: &Settings,
    out: &mut Output,
) -> anyhow::Result<Outcome> {
    let why = "with PostgreSQL, use pg_dump";
    let file = store::only_file(settings, why)?;
    let overwrite = match backup.force {
        true => Overwrite::Yes,
        false => Overwrite::No,
    };
    let made = backup::back_up(&file, &backup.file, overwrite)?;
    if let Some(mark) = mark(settings)
        && let Err(error) = std::fs::write(mark, [])
    {
        tracing::warn!(%error, "the bot's metrics will not tell of this copy");
    }
    let shown = backup.file.display();
    writeln!(
        out,
        "{shown}: {} bytes, SHA-256 {}",
        made.bytes, made.sha256
    )?;
    Ok(Outcome::Done)
}

pub(super) fn restore(
    restore: &Restore,
    settings: &Settings,
    out: &mut Output,
) -> anyhow::Result<Outcome> {
    let shown = restore.file.display();
    if restore.check {
        let found = backup::check(&restore.file)?;
        writeln!(
            out,
            "{shown} is whole: {} bytes, schema {}",
            found.bytes, found.schema
        )?;
        return Ok(Outcome::Done);
    }
    let why = "with PostgreSQL, use pg_restore";
    let file = store::only_file(settings, why)?;
    let (_, kept) = backup::restore(&restore.file, &file)?;
    writeln!(out, "{} holds the scores of {shown}", file.display())?;
    if let Some(kept) = kept {
        note(format_args!(
            "What stood there is kept as {}.",
            kept.display()
        ));
    }
    note(
        "Whoever asked to be forgotten since the backup is known again: \
         `studyhall person forget` each of them.",
    );
    Ok(Outcome::Done)
}
