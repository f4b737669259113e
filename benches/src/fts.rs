//! SQLite's full-text search over the same sections.

use std::path::Path;

use anyhow::Result;
use rusqlite::{Connection, OpenFlags, params};

use crate::{corpus, sections};

/// Builds the database from the notes, in one transaction and as fast as SQLite can.
pub(crate) fn index(notes: &Path, file: &Path) -> Result<()> {
    let mut database = Connection::open(file)?;
    database.execute_batch(
        "PRAGMA journal_mode = OFF;
         PRAGMA synchronous = OFF;
         CREATE VIRTUAL TABLE section USING fts5(
             path UNINDEXED, heading_path UNINDEXED, title, body, tokenize = 'porter unicode61');",
    )?;
    let transaction = database.transaction()?;
    for note in corpus::notes(notes)? {
        let path = corpus::name(notes, &note)?;
        let mut insert =
            transaction.prepare_cached("INSERT INTO section VALUES (?1, ?2, ?3, ?4)")?;
        let mut outcome = Ok(0);
        sections::split(&corpus::read(&note)?, &mut |piece| {
            if outcome.is_ok() {
                outcome =
                    insert.execute(params![path, piece.heading_path, piece.heading, piece.body]);
            }
        });
        outcome?;
    }
    transaction.commit()?;
    Ok(())
}

/// The database, open for reading.
pub(crate) struct Searcher(Connection);

impl Searcher {
    pub(crate) fn open(file: &Path) -> Result<Self> {
        Ok(Self(Connection::open_with_flags(
            file,
            OpenFlags::SQLITE_OPEN_READ_ONLY,
        )?))
    }

    /// The best `n` sections that hold any of the words, as path, heading path and text.
    pub(crate) fn search(&self, question: &str, n: usize) -> Result<Vec<[String; 3]>> {
        let words: Vec<_> = question
            .split(|c: char| !c.is_alphanumeric())
            .filter(|word| !word.is_empty())
            .map(|word| format!("\"{word}\""))
            .collect();
        let mut select = self.0.prepare_cached(
            "SELECT path, heading_path, body FROM section
             WHERE section MATCH ?1 ORDER BY rank LIMIT ?2",
        )?;
        let rows = select.query_map(params![words.join(" OR "), n as i64], |row| {
            Ok([row.get(0)?, row.get(1)?, row.get(2)?])
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_by_stem_whatever_is_typed() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("a.md"), "# Cats\nThey were sleeping.\n").unwrap();
        let file = folder.path().join("fts.db");
        index(folder.path(), &file).unwrap();
        let searcher = Searcher::open(&file).unwrap();
        let found = searcher.search("NOT \"sleeps\" (", 10).unwrap();
        assert_eq!(found, [["a.md", "Cats", "They were sleeping."]]);
    }
}
