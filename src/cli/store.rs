//! The scores that the settings name, and the bot that keeps them.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, bail};
use secrecy::{ExposeSecret, SecretString};

use super::index;
use crate::bot::{self, Bot, Questions};
use crate::config::Settings;
use crate::ops;
use crate::scores::Scores;
use crate::scores::measured::Measured;
use crate::scores::postgres::Postgres;
use crate::scores::sqlite::Sqlite;

/// Name of the file of scores in the data folder.
pub(super) const FILE: &str = "scores.sqlite";

/// What `database_url` begins with where it names a file.
const FILE_SCHEME: &str = "sqlite:";

/// Where the scores are.
pub(super) enum Place {
    /// In a file of SQLite.
    File(PathBuf),
    /// In a database of PostgreSQL, at this URL.
    Server(SecretString),
}

/// Where the settings say that the scores are.
pub(super) fn place(settings: &Settings) -> Place {
    match &settings.database_url {
        Some(url) => match url.expose_secret().strip_prefix(FILE_SCHEME) {
            Some(file) => Place::File(PathBuf::from(file)),
            None => Place::Server(url.clone()),
        },
        None => Place::File(settings.data_dir.join(FILE)),
    }
}

/// The file of scores; `instead` says what to do where they are on a server.
pub(super) fn only_file(settings: &Settings, instead: &str) -> anyhow::Result<PathBuf> {
    match place(settings) {
        Place::File(file) => Ok(file),
        Place::Server(_) => bail!("the scores are not in a file: {instead}"),
    }
}

/// The scores, to serve from them.
pub(super) fn scores(settings: &Settings) -> anyhow::Result<Scores> {
    match place(settings) {
        Place::File(file) => in_file(&file),
        Place::Server(url) => {
            let database = Arc::new(Postgres::open(&url)?);
            Ok(Scores::new(Arc::new(Measured::new(database, "postgresql"))))
        }
    }
}

/// The scores, beside a bot that may serve from them.
pub(super) fn scores_beside(settings: &Settings) -> anyhow::Result<Scores> {
    match place(settings) {
        Place::File(file) => Ok(Scores::new(Arc::new(Sqlite::open_beside(&file)?))),
        Place::Server(url) => Ok(Scores::new(Arc::new(Postgres::open(&url)?))),
    }
}

/// The scores in this file, to serve from it alone.
pub(super) fn in_file(file: &Path) -> anyhow::Result<Scores> {
    let database = Arc::new(Sqlite::open(file)?);
    Ok(Scores::new(Arc::new(Measured::new(database, "sqlite"))))
}

/// The bot that the settings describe, with these scores, on an index as new as the notes.
pub(super) fn bot(settings: &Settings, scores: Scores) -> anyhow::Result<Bot> {
    let questions = Questions::default();
    ops::read_questions(&questions, &settings.notes_dir);
    let secret = bot::secret(&scores, chance()).context("the scores cannot be used")?;
    // One process serves from a file, and takes up at once what the one before left; from a server,
    // each process works in a name of its own.
    let owner = match place(settings) {
        Place::Server(_) => format!("{:016x}", chance()),
        Place::File(_) => "the only one".to_owned(),
    };
    Ok(Bot {
        index: index::fresh(settings)?,
        notes_url: settings.notes_url.as_ref().map(|url| url.as_str().into()),
        questions,
        scores,
        secret,
        owner: owner.into(),
        nudge: Arc::default(),
        rhythm: Arc::default(),
        recent: Arc::default(),
    })
}

/// A number by chance, from the seed that the system gives every process's hash tables.
pub(super) fn chance() -> u64 {
    RandomState::new().build_hasher().finish()
}
