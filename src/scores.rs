//! The scores: schedules, rounds, answers and what they are worth, in a database.
//!
//! What is worth points is an event, and events are only added; every board is a sum over them.

pub mod answers;
pub mod boards;
pub mod database;
pub mod gaps;
pub mod gone;
pub mod guilds;
mod kept;
mod ledger;
pub mod lookup;
pub mod measured;
mod migrations;
pub mod moving;
pub mod people;
mod pool;
pub mod postgres;
pub mod queue;
pub mod recaps;
pub mod reviews;
pub mod round;
mod rounds;
pub mod schedules;
pub mod sqlite;
mod sums;
pub mod traces;

use std::sync::atomic::AtomicU32;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use jiff::civil::Date;

use database::{Database, Row, StoreError, Transaction, Value};

/// The scores. A clone is another handle on the same ones. Calls block.
#[derive(Clone)]
pub struct Scores {
    database: Arc<dyn Database>,
    /// Answers that were recorded from here since all were folded.
    n_pending: Arc<AtomicU32>,
}

impl std::fmt::Debug for Scores {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Scores").finish_non_exhaustive()
    }
}

/// Who does something to a server's quiz, when, and by which event of the chat: what an event has
/// done once it does not do again, whichever process hears it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct By {
    /// Who; 0 for the bot.
    pub actor: u64,
    /// When.
    pub at: Timestamp,
    /// The chat's own number for the event; none for what happens by itself.
    pub event: Option<u64>,
}

impl Scores {
    /// The scores in this database.
    #[must_use]
    pub fn new(database: Arc<dyn Database>) -> Self {
        Self {
            database,
            n_pending: Arc::default(),
        }
    }

    /// Does work that writes, and gives what it found. It lasts once this returns.
    fn write<T: Send + 'static>(
        &self,
        mut work: impl FnMut(&mut dyn Transaction) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let found = Arc::new(Mutex::new(None));
        let give = Arc::clone(&found);
        self.database.write(Box::new(move |transaction| {
            let made = work(transaction)?;
            *give.lock().unwrap_or_else(PoisonError::into_inner) = Some(made);
            Ok(())
        }))?;
        let mut found = found.lock().unwrap_or_else(PoisonError::into_inner);
        found.take().ok_or_else(undone)
    }

    /// Does work that only reads, on one state.
    fn read<T: Send>(
        &self,
        mut work: impl FnMut(&mut dyn Transaction) -> Result<T, StoreError> + Send,
    ) -> Result<T, StoreError> {
        let mut found = None;
        self.database.read(&mut |transaction| {
            found = Some(work(transaction)?);
            Ok(())
        })?;
        found.ok_or_else(undone)
    }
}

fn undone() -> StoreError {
    StoreError::Damaged("a transaction ended without its work".to_owned())
}

/// One of Discord's numbers, which are below 2^63, as the database holds it.
fn of_id(id: u64) -> Value {
    Value::Int(id.cast_signed())
}

/// The number again.
fn to_id(number: i64) -> u64 {
    number.cast_unsigned()
}

fn of_flag(flag: bool) -> Value {
    Value::Int(i64::from(flag))
}

fn of_time(at: Timestamp) -> Value {
    Value::Int(at.as_millisecond())
}

fn to_time(millis: i64) -> Result<Timestamp, StoreError> {
    Timestamp::from_millisecond(millis).map_err(|_| strange("a time"))
}

fn of_day(day: Date) -> Value {
    Value::Text(day.to_string())
}

fn to_day(text: &str) -> Result<Date, StoreError> {
    text.parse().map_err(|_| strange("a day"))
}

/// A number that counts something.
fn to_count(number: i64) -> u32 {
    u32::try_from(number).unwrap_or_default()
}

fn strange(what: &str) -> StoreError {
    StoreError::Damaged(format!("{what} cannot be read"))
}

/// The only row of a statement that gives one.
fn only(rows: Vec<Row>) -> Result<Row, StoreError> {
    rows.into_iter().next().ok_or_else(|| strange("a sum"))
}
