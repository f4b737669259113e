//! The scores in a file of SQLite: one connection writes, a few read.

pub mod backup;
pub mod dump;
#[cfg(test)]
mod migrating;
mod session;
mod writer;

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::Connection;

use super::database::{Database, StoreError, Work};
use super::pool::Pool;
use writer::{Order, Writer};

/// Connections that read, at most.
const READERS_MAX: usize = 4;

/// A file of scores. Dropping it leaves one file without a log beside it.
#[derive(Debug)]
pub struct Sqlite {
    file: PathBuf,
    readers: Pool<Connection>,
    n_queued: AtomicUsize,
    writer: Writer,
    /// Held, where this serves from the file, until everything else has ended.
    lock: Option<File>,
}

impl Sqlite {
    /// Opens the file to serve from it: alone, checked and up to date. It and its folder are made
    /// where they are missing.
    ///
    /// # Errors
    /// Another process serves from it, it is damaged, a newer program wrote it, or it cannot be
    /// opened.
    pub fn open(file: &Path) -> Result<Self, StoreError> {
        let lock = lock(file)?.ok_or_else(|| StoreError::InUse(file.to_owned()))?;
        let opened = Self::start(file, Some(lock), Upkeep::UpToDate)?;
        opened.readers.fill(|| session::open_reader(file))?;
        Ok(opened)
    }

    /// Opens the file for a command, beside a process that may serve from it.
    ///
    /// # Errors
    /// It is damaged, a newer program wrote it, or it cannot be opened;
    /// [`StoreError::InUse`] where it must be brought up to date while another process serves.
    pub fn open_beside(file: &Path) -> Result<Self, StoreError> {
        match lock(file)? {
            // The lock is only for the opening: the bot may start while the command runs.
            Some(lock) => {
                let opened = Self::start(file, None, Upkeep::UpToDate);
                drop(lock);
                opened
            }
            None => Self::start(file, None, Upkeep::AsItIs),
        }
    }

    /// The number of works that wait to be written or are being written.
    #[must_use]
    pub fn n_queued(&self) -> usize {
        self.n_queued.load(Ordering::SeqCst)
    }

    fn start(file: &Path, lock: Option<File>, upkeep: Upkeep) -> Result<Self, StoreError> {
        let mut connection = session::open(file)?;
        session::check(&connection)?;
        let pending = session::pending(&connection)?;
        if upkeep == Upkeep::AsItIs && !pending.is_empty() {
            return Err(StoreError::InUse(file.to_owned()));
        }
        session::keep_a_log(&connection)?;
        session::migrate(&mut connection)?;
        Ok(Self {
            file: file.to_owned(),
            readers: Pool::new(READERS_MAX),
            n_queued: AtomicUsize::new(0),
            writer: Writer::new(connection),
            lock,
        })
    }
}

impl Database for Sqlite {
    fn write(&self, work: Box<Work<'static>>) -> Result<(), StoreError> {
        self.n_queued.fetch_add(1, Ordering::SeqCst);
        let reply = self.writer.give(Order::Do(work));
        self.n_queued.fetch_sub(1, Ordering::SeqCst);
        reply?.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    }

    fn read(&self, work: &mut Work<'_>) -> Result<(), StoreError> {
        let reader = self.readers.take(|| session::open_reader(&self.file))?;
        let result = session::read(&reader, work);
        if reader.is_autocommit() {
            reader.give_back();
        }
        result
    }

    fn scrub(&self) -> Result<(), StoreError> {
        let reply = self.writer.give(Order::Scrub);
        reply?.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    }
}

impl Drop for Sqlite {
    fn drop(&mut self) {
        self.readers.clear();
        if self.lock.is_some() {
            self.writer.empty_log();
        }
    }
}

/// What may be done to a file on opening it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Upkeep {
    /// It is brought up to date.
    UpToDate,
    /// Nothing: another process serves from it.
    AsItIs,
}

/// How long to wait for a process that is about to end, or that has just begun another one: for a
/// moment that one holds what the first had open.
const LOCK_WAIT: Duration = Duration::from_secs(1);
/// Between two tries.
const LOCK_REST: Duration = Duration::from_millis(20);

/// Makes the folder, and takes the lock beside the file; none where another keeps it. The lock ends
/// with the process; the file that bears it stays.
fn lock(file: &Path) -> Result<Option<File>, StoreError> {
    let unavailable = |e: std::io::Error| StoreError::Unavailable(Box::new(e));
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder).map_err(unavailable)?;
    }
    let mut beside = file.as_os_str().to_owned();
    beside.push(".lock");
    let lock = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(PathBuf::from(beside))
        .map_err(unavailable)?;
    let began = Instant::now();
    loop {
        match lock.try_lock() {
            Ok(()) => return Ok(Some(lock)),
            Err(TryLockError::WouldBlock) if began.elapsed() < LOCK_WAIT => {
                thread::sleep(LOCK_REST);
            }
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(e)) => return Err(unavailable(e)),
        }
    }
}
