//! All scores from a file of SQLite into a database of PostgreSQL.
//!
//! Rows go over in the order of their primary keys, many in one transaction each. What was broken
//! off goes on behind the greatest key that has arrived, and at the end all rows are compared.

use std::fmt::Write;
use std::path::Path;

use secrecy::SecretString;

use super::database::{Row, StoreError, Value};
use super::postgres::Postgres;
use super::postgres::load::Load;
use super::sqlite::Sqlite;
use super::sqlite::dump::Dump;

/// Rows that go over in one transaction.
const ROWS_MAX: usize = 10_000;

/// A table: its columns, and which of them are its primary key, in that order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// Its name.
    pub name: String,
    /// The names of its columns.
    pub columns: Vec<String>,
    /// The places of the primary key's columns among them.
    pub key: Vec<usize>,
}

/// Where the rows of a table are read. Both databases sort them alike.
pub(super) enum After<'a> {
    /// At the beginning.
    Nothing,
    /// Behind the row with this key.
    Key(&'a [Value]),
}

/// What may be in the database that the scores go to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// Nothing.
    Empty,
    /// What an earlier attempt has brought there.
    Begun,
}

/// Why the scores did not go over.
#[derive(Debug, thiserror::Error)]
pub enum MoveError {
    /// Something is there already.
    #[error(
        "the database that `database_url` names holds {n_rows} rows of scores already, in {table}; \
         name an empty one, or go on with what was broken off with --resume"
    )]
    NotEmpty {
        /// A table that holds something.
        table: String,
        /// Its rows.
        n_rows: u64,
    },
    /// At the end the two are not alike.
    #[error(
        "{table} does not hold the same in both databases; the one that `database_url` names held \
         something else before: empty it and begin again"
    )]
    Unlike {
        /// The first table in which they differ.
        table: String,
    },
    /// One of the databases failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Brings all scores over, and compares them. The rows of each table. Nothing changes in the file,
/// which no bot may serve from meanwhile.
///
/// # Errors
/// A bot serves from the file, the target holds something else, or one of the databases fails.
pub fn bring_over(
    file: &Path,
    url: &SecretString,
    target: Target,
    told: &mut dyn FnMut(&str, u64),
) -> Result<Vec<(String, u64)>, MoveError> {
    // Alone with the file, which is up to date then; and so is the other one.
    let alone = Sqlite::open(file)?;
    drop(Postgres::open(url)?);
    let (dump, mut load) = (Dump::open(file)?, Load::connect(url)?);
    let tables = dump.tables()?;
    if target == Target::Empty {
        for table in &tables {
            let n_rows = load.count(table)?;
            if n_rows > 0 {
                let table = table.name.clone();
                return Err(MoveError::NotEmpty { table, n_rows });
            }
        }
    }
    for table in &tables {
        let mut n_rows = load.count(table)?;
        let mut last = load.last_key(table)?;
        loop {
            let after = last.as_deref().map_or(After::Nothing, After::Key);
            let rows = dump.rows(table, &after, ROWS_MAX)?;
            let Some(row) = rows.last() else { break };
            load.put(table, &rows)?;
            n_rows += rows.len() as u64;
            told(&table.name, n_rows);
            last = Some(table.key_of(row));
        }
        load.count_on(table)?;
    }
    let mut n_rows = Vec::new();
    for table in &tables {
        n_rows.push((table.name.clone(), compare(&dump, &mut load, table)?));
    }
    drop(alone);
    Ok(n_rows)
}

/// The rows of a table that is the same in both: each row, and thereby every count and every sum.
fn compare(dump: &Dump, load: &mut Load, table: &Table) -> Result<u64, MoveError> {
    let mut n_rows = 0;
    let mut last: Option<Vec<Value>> = None;
    loop {
        let after = last.as_deref().map_or(After::Nothing, After::Key);
        let rows = dump.rows(table, &after, ROWS_MAX)?;
        if rows != load.rows(table, &after, ROWS_MAX)? {
            let table = table.name.clone();
            return Err(MoveError::Unlike { table });
        }
        let Some(row) = rows.last() else {
            return Ok(n_rows);
        };
        n_rows += rows.len() as u64;
        last = Some(table.key_of(row));
    }
}

impl Table {
    /// The key in a row that has all columns.
    fn key_of(&self, row: &Row) -> Vec<Value> {
        let values = self.key.iter().filter_map(|at| row.0.get(*at));
        values.cloned().collect()
    }

    /// The names of some columns, as both databases read them.
    fn list<'a>(&'a self, places: impl Iterator<Item = &'a usize>) -> String {
        let names = places.filter_map(|at| self.columns.get(*at));
        let names: Vec<String> = names.map(|name| format!("\"{name}\"")).collect();
        names.join(", ")
    }

    /// All columns.
    pub(super) fn all(&self) -> String {
        let places: Vec<usize> = (0..self.columns.len()).collect();
        self.list(places.iter())
    }

    /// The columns of the key.
    pub(super) fn keys(&self) -> String {
        self.list(self.key.iter())
    }

    /// The statement that reads up to `n` rows in the order of the key, with a `$` for each of its
    /// values where it begins behind one.
    pub(super) fn select(&self, after: &After<'_>, n: usize) -> String {
        let (all, keys) = (self.all(), self.keys());
        let mut sql = format!("SELECT {all} FROM \"{}\"", self.name);
        if let After::Key(key) = after {
            let values: Vec<String> = (1..=key.len()).map(|n| format!("${n}")).collect();
            // Writing to a text cannot fail.
            let _ = write!(sql, " WHERE ({keys}) > ({})", values.join(", "));
        }
        format!("{sql} ORDER BY {keys} LIMIT {n}")
    }
}
