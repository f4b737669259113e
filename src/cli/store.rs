//! The scores that the settings name, and the bot that keeps them.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;

use super::index;
use crate::bot::{self, Bot, Questions};
use crate::config::Settings;
use crate::gaps::Gaps;
use crate::ops;
use crate::scores::Scores;
use crate::scores::postgres::Postgres;
use crate::scores::sqlite::Sqlite;

/// Name of the file of scores in the data folder.
pub(super) const FILE: &str = "scores.sqlite";

/// The file of scores, where the settings name no other database.
pub(super) fn file(settings: &Settings) -> PathBuf {
    settings.data_dir.join(FILE)
}

/// The scores, to serve from them.
pub(super) fn scores(settings: &Settings) -> anyhow::Result<Scores> {
    match &settings.database_url {
        Some(url) => Ok(Scores::new(Arc::new(Postgres::open(url)?))),
        None => in_file(&file(settings)),
    }
}

/// The scores in this file, to serve from it alone.
pub(super) fn in_file(file: &Path) -> anyhow::Result<Scores> {
    Ok(Scores::new(Arc::new(Sqlite::open(file)?)))
}

/// The bot that the settings describe, with these scores, on an index as new as the notes.
pub(super) fn bot(settings: &Settings, scores: Scores) -> anyhow::Result<Bot> {
    let questions = Questions::default();
    ops::read_questions(&questions, &settings.notes_dir);
    let secret = bot::secret(&scores, chance()).context("the scores cannot be used")?;
    // One process serves from a file, and takes up at once what the one before left; from a server,
    // each process works in a name of its own.
    let owner = match settings.database_url {
        Some(_) => format!("{:016x}", chance()),
        None => "the only one".to_owned(),
    };
    Ok(Bot {
        index: index::fresh(settings)?,
        gaps: Arc::new(Gaps::open(&settings.data_dir)?),
        notes_url: settings.notes_url.as_ref().map(|url| url.as_str().into()),
        questions,
        scores,
        secret,
        owner: owner.into(),
        nudge: Arc::default(),
        rhythm: Arc::default(),
    })
}

/// A number by chance, from the seed that the system gives every process's hash tables.
pub(super) fn chance() -> u64 {
    RandomState::new().build_hasher().finish()
}
