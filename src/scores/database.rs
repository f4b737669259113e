//! The database as the scores see it: statements with values in, rows out, a transaction at a time.
//!
//! The statements are the same everywhere: `?1`, `?2`, … stand for values and `?` for nothing else,
//! whole numbers are `BIGINT`, times are milliseconds since 1970 in UTC, days are texts such as
//! `2026-03-29`. A result is a whole number, a text or nothing; a truth is 0 or 1, and what a database
//! makes of a sum or an average is cast: `CAST(SUM(points) AS BIGINT)`. Where nothing may stand for a
//! `?1` whose type the statement leaves open, it is cast too: `CAST(?1 AS BIGINT) IS NULL`. Texts hold
//! no NUL. How rows are held, where more than one transaction writes at a time, PostgreSQL alone is
//! told, in what is a comment elsewhere: `/*postgres FOR UPDATE */`.

use std::path::PathBuf;

/// What stands in a row, or for a `?1` in a statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// Nothing.
    Null,
    /// A whole number.
    Int(i64),
    /// A text.
    Text(String),
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Int(number)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// A row that a statement gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row(pub Vec<Value>);

impl Row {
    /// The number in this column, from 0.
    ///
    /// # Errors
    /// Something else stands there.
    pub fn int(&self, column: usize) -> Result<i64, StoreError> {
        match self.0.get(column) {
            Some(Value::Int(number)) => Ok(*number),
            _ => Err(self.strange(column)),
        }
    }

    /// The text in this column, from 0.
    ///
    /// # Errors
    /// Something else stands there.
    pub fn text(&self, column: usize) -> Result<&str, StoreError> {
        match self.0.get(column) {
            Some(Value::Text(text)) => Ok(text),
            _ => Err(self.strange(column)),
        }
    }

    /// The number in this column, or none.
    ///
    /// # Errors
    /// Something else stands there.
    pub fn opt_int(&self, column: usize) -> Result<Option<i64>, StoreError> {
        match self.0.get(column) {
            Some(Value::Null) => Ok(None),
            _ => self.int(column).map(Some),
        }
    }

    /// The text in this column, or none.
    ///
    /// # Errors
    /// Something else stands there.
    pub fn opt_text(&self, column: usize) -> Result<Option<&str>, StoreError> {
        match self.0.get(column) {
            Some(Value::Null) => Ok(None),
            _ => self.text(column).map(Some),
        }
    }

    fn strange(&self, column: usize) -> StoreError {
        StoreError::Damaged(format!(
            "column {column} of a row of {} holds something unforeseen",
            self.0.len()
        ))
    }
}

/// A transaction under way. It ends well when the work on it does and no statement failed, and
/// leaves no trace otherwise: a work cannot go on after a statement that failed.
pub trait Transaction {
    /// Runs a statement that gives no rows; the number of rows that it changed.
    ///
    /// # Errors
    /// The database refuses or fails.
    fn execute(&mut self, sql: &'static str, values: &[Value]) -> Result<u64, StoreError>;

    /// Runs a statement that gives rows.
    ///
    /// # Errors
    /// The database refuses or fails.
    fn query(&mut self, sql: &'static str, values: &[Value]) -> Result<Vec<Row>, StoreError>;
}

/// What is done in one transaction. It may be run again from its start where that transaction did not
/// come about, and must not begin another one that writes.
pub type Work<'a> = dyn FnMut(&mut dyn Transaction) -> Result<(), StoreError> + Send + 'a;

/// Where the scores are kept. Calls block; none may be made from an asynchronous task's thread.
pub trait Database: Send + Sync {
    /// Does the work in a transaction that writes. Once this returns `Ok`, its effects last, even
    /// if the process is killed or the power goes. A work that panics leaves no trace, and the
    /// panic goes on here.
    ///
    /// # Errors
    /// The work failed, or it could not be made to last; nothing of it remains then. After
    /// [`StoreError::Unavailable`] alone it may remain, where the connection was lost while the
    /// server was told to make it last: do the same again only if that does no harm.
    fn write(&self, work: Box<Work<'static>>) -> Result<(), StoreError>;

    /// Does the work on one consistent state. It must not write.
    ///
    /// # Errors
    /// The work failed.
    fn read(&self, work: &mut Work<'_>) -> Result<(), StoreError>;

    /// Sees to it that what was deleted or overwritten stands in no file of the database any more.
    /// A server does that by itself, in its own time.
    ///
    /// # Errors
    /// It could not be done now, for somebody still reads an earlier state, say. No score is lost.
    fn scrub(&self) -> Result<(), StoreError> {
        Ok(())
    }
}

/// The store could not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A newer version of the program wrote it.
    #[error(
        "the scores were written by a newer studyhall (schema {found}, this program knows {known}); \
         run that version, or restore a backup from before"
    )]
    Newer {
        /// The schema found.
        found: i64,
        /// The newest that this program knows.
        known: i64,
    },
    /// Another process serves from the same file.
    #[error(
        "another studyhall serves with the scores in {0}; stop it, or give this one another data_dir"
    )]
    InUse(PathBuf),
    /// What was read makes no sense.
    #[error("the scores are damaged: {0}; restore a backup with `studyhall restore`")]
    Damaged(String),
    /// The database cannot be reached or cannot write for now.
    #[error("the database of the scores cannot be used now")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// A statement failed.
    #[error("the database of the scores refused a statement")]
    Refused(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl StoreError {
    /// For a work that ended as if nothing had been, although a statement of it failed.
    pub(super) fn went_on(why: &str) -> Self {
        Self::Refused(format!("a work went on after a statement had failed: {why}").into())
    }
}
