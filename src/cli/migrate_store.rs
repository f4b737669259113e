//! `studyhall migrate-store`: the scores from their file to PostgreSQL.

use std::io::Write;
use std::path::PathBuf;

use anyhow::{bail, ensure};

use super::Outcome;
use super::output::{Output, note};
use super::store::{self, Place};
use crate::config::Settings;
use crate::scores::moving::{Target, bring_over};

const EXAMPLES: &str = "\
Examples:
  STUDYHALL_DATABASE_URL=postgres://studyhall@db/studyhall studyhall migrate-store

Stop the bot first. The file stays as it is; start the bot with the same `database_url` afterwards.";

/// Copy the scores from their file to the PostgreSQL database that `database_url` names
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct MigrateStore {
    /// The file [default: scores.sqlite in the data folder]
    #[arg(long, value_name = "FILE")]
    from: Option<PathBuf>,
    /// Go on with what was broken off
    #[arg(long)]
    resume: bool,
}

pub(super) fn run(
    migrate: &MigrateStore,
    settings: &Settings,
    out: &mut Output,
) -> anyhow::Result<Outcome> {
    let Place::Server(url) = store::place(settings) else {
        bail!("set `database_url` to the postgres://… that the scores are to go to");
    };
    let file = match &migrate.from {
        Some(file) => file.clone(),
        None => settings.data_dir.join(store::FILE),
    };
    ensure!(file.exists(), "there are no scores in {}", file.display());
    let target = match migrate.resume {
        true => Target::Begun,
        false => Target::Empty,
    };
    let mut told = |table: &str, n_rows| note(format_args!("{table}: {n_rows} rows"));
    let tables = bring_over(&file, &url, target, &mut told)?;
    for (table, n_rows) in tables {
        writeln!(out, "{table:9} {n_rows:9} rows, the same in both")?;
    }
    Ok(Outcome::Done)
}
