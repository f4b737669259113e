//! The scores in a database of PostgreSQL, for more than one process at a time.

pub mod load;
mod session;
mod tls;

use std::fmt;
use std::thread;

use ::postgres::IsolationLevel;
use secrecy::{ExposeSecret, SecretString};

use super::database::{Database, StoreError, Work};
use super::pool::Pool;
use session::{Failure, Session, Way};

/// Connections to the server, at most.
const CONNECTIONS_MAX: usize = 8;
/// How often a work is run where the database asks for it again, or the connection breaks before
/// anything was to last.
const RUNS_MAX: usize = 10;

/// A database of PostgreSQL with the scores. Threads that call it block.
pub struct Postgres {
    way: Way,
    sessions: Pool<Session>,
}

impl Postgres {
    /// Connects to the database at this URL and brings it up to date. Any number of processes may
    /// do so at the same time.
    ///
    /// # Errors
    /// The URL cannot be read, the server cannot be reached or refuses, or a newer program wrote
    /// the database. None of them holds the URL.
    pub fn open(url: &SecretString) -> Result<Self, StoreError> {
        let postgres = Self {
            way: session::way(url.expose_secret())?,
            sessions: Pool::new(CONNECTIONS_MAX),
        };
        let mut session = postgres.sessions.take(|| Session::connect(&postgres.way))?;
        session.migrate()?;
        session.give_back();
        Ok(postgres)
    }

    /// The newest migration of the database at this URL, 0 for none. Nothing is changed there.
    ///
    /// # Errors
    /// The URL cannot be read, or the server cannot be reached or refuses. None of them holds the
    /// URL.
    pub fn look(url: &SecretString) -> Result<i64, StoreError> {
        Session::connect(&session::way(url.expose_secret())?)?.schema()
    }

    /// Does the work on a thread of its own: the client blocks by a runtime, which a thread that
    /// drives another runtime may not enter.
    fn apart(&self, level: IsolationLevel, work: &mut Work<'_>) -> Result<(), StoreError> {
        thread::scope(|scope| {
            let apart = thread::Builder::new()
                .name("scores".to_owned())
                .spawn_scoped(scope, || self.run(level, work))
                .map_err(|e| StoreError::Unavailable(Box::new(e)))?;
            match apart.join() {
                Ok(result) => result,
                Err(panic) => std::panic::resume_unwind(panic),
            }
        })
    }

    /// Does the work, again from its start where that is asked for and safe.
    fn run(&self, level: IsolationLevel, work: &mut Work<'_>) -> Result<(), StoreError> {
        let mut n_runs = 0;
        loop {
            n_runs += 1;
            let mut session = self.sessions.take(|| Session::connect(&self.way))?;
            let result = session.transact(level, work);
            match &result {
                // What is wrong with one connection is with the others.
                _ if session.is_closed() => self.sessions.clear(),
                Err(Failure::Stale(_)) => self.sessions.clear(),
                _ => session.give_back(),
            }
            match result {
                Ok(()) => return Ok(()),
                Err(Failure::Again(_) | Failure::Stale(_)) if n_runs < RUNS_MAX => {}
                Err(Failure::Again(error) | Failure::Stale(error) | Failure::Final(error)) => {
                    return Err(error);
                }
            }
        }
    }
}

impl Database for Postgres {
    fn write(&self, mut work: Box<Work<'static>>) -> Result<(), StoreError> {
        self.apart(IsolationLevel::ReadCommitted, &mut *work)
    }

    fn read(&self, work: &mut Work<'_>) -> Result<(), StoreError> {
        self.apart(IsolationLevel::RepeatableRead, work)
    }
}

impl fmt::Debug for Postgres {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Postgres").finish_non_exhaustive()
    }
}
