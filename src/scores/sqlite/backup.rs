//! A copy of the file of scores while a bot serves from it, and the way back.
//!
//! A backup is one file: a database of SQLite, and behind it a line with the SHA-256 of all that
//! stands before. SQLite takes no notice of the line.

use std::any::Any;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use rusqlite::Connection;
use rusqlite::backup::StepResult;
use sha2::{Digest, Sha256};

use super::super::database::StoreError;
use super::{lock, session};

/// What the last line of a backup begins with.
const MARK: &str = "studyhall backup, sha256 ";
/// Bytes of the last line: the mark, the digits, and the ends of this line and of the one before.
const SEAL_BYTES: usize = 1 + MARK.len() + 64 + 1;
/// While a copy is written, the time between two looks at what the disk does not hold yet.
const BETWEEN_SYNCS: Duration = Duration::from_millis(20);
/// Bytes that are read at a time.
const CHUNK_BYTES: usize = 1 << 20;
/// Files that restoring may leave beside the scores, at most.
const KEPT_MAX: u32 = 10_000;

/// What is known of a backup that is whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Backup {
    /// Its size.
    pub bytes: u64,
    /// Its newest migration.
    pub schema: i64,
    /// The SHA-256 of the database in it, in hexadecimal.
    pub sha256: String,
}

/// What a file of scores looks like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Look {
    /// Its size, without the log beside it.
    pub bytes: u64,
    /// Its newest migration.
    pub schema: i64,
}

/// Why there is no backup, or why it was not restored.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// There is nothing to copy.
    #[error("there are no scores in {0}")]
    NoScores(PathBuf),
    /// The place is taken.
    #[error("{0} is there already; name another file, or overwrite it with --force")]
    IsThere(PathBuf),
    /// The file is no backup, or no longer the one that was made.
    #[error("{0} is not a whole backup: {1}; take another one")]
    Broken(PathBuf, String),
    /// A file could not be read or written.
    #[error("cannot {0} {1}")]
    Io(&'static str, PathBuf, #[source] io::Error),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Whether a file that stands where the backup is to be goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overwrite {
    /// It goes, once the new backup is whole.
    Yes,
    /// It stays, and there is no new backup.
    No,
}

/// Looks at a file of scores, and for damage that is found quickly; none where there is no file.
///
/// # Errors
/// It is damaged or cannot be opened.
pub fn look(file: &Path) -> Result<Option<Look>, StoreError> {
    let Ok(metadata) = fs::metadata(file) else {
        return Ok(None);
    };
    let connection = session::open_present(file)?;
    session::check(&connection)?;
    Ok(Some(Look {
        bytes: metadata.len(),
        schema: session::schema(&connection)?,
    }))
}

/// Copies the scores as they are at one instant to `to`, and has the disk hold them. Neither a bot
/// that serves nor anybody who answers meanwhile has to wait. Whatever goes wrong, `to` is whole or
/// what it was.
///
/// # Errors
/// There are no scores, the place is taken, the scores are damaged, or a file cannot be written.
pub fn back_up(file: &Path, to: &Path, overwrite: Overwrite) -> Result<Backup, BackupError> {
    if !file.exists() {
        return Err(BackupError::NoScores(file.to_owned()));
    }
    if to.exists() && (overwrite == Overwrite::No || !to.is_file()) {
        return Err(BackupError::IsThere(to.to_owned()));
    }
    let partial = Partial::beside(to)?;
    let failed = |e| BackupError::Io("write", to.to_owned(), e);
    // While one thread copies, another has the disk hold what is there; while one looks for damage,
    // another sums up.
    let is_copied = AtomicBool::new(false);
    let copied = thread::scope(|scope| {
        let keeping = scope.spawn(|| keep_on_disk(&partial.0, &is_copied));
        let copied = copy(file, &partial.0);
        is_copied.store(true, Ordering::Relaxed);
        keeping.join().unwrap_or_else(resume).map_err(failed)?;
        Ok::<_, BackupError>(copied?)
    });
    copied?;
    let (looked, summed) = thread::scope(|scope| {
        let looking = scope.spawn(|| look_quickly(&partial.0));
        let summed = sum_up(&partial.0);
        (looking.join().unwrap_or_else(resume), summed)
    });
    let schema = looked?;
    let sha256 = summed.map_err(failed)?;
    seal(&partial.0, &sha256).map_err(failed)?;
    let bytes = fs::metadata(&partial.0).map_err(failed)?.len();
    if overwrite == Overwrite::No && to.exists() {
        return Err(BackupError::IsThere(to.to_owned()));
    }
    partial.become_whole(to)?;
    Ok(Backup {
        bytes,
        schema,
        sha256,
    })
}

/// Whether a backup can be restored: its SHA-256, its whole inside, its version.
///
/// # Errors
/// It is broken, a newer program wrote it, or it cannot be read.
pub fn check(from: &Path) -> Result<Backup, BackupError> {
    let cannot = |e| BackupError::Io("read", from.to_owned(), e);
    let mut input = File::open(from).map_err(cannot)?;
    let (bytes, sha256) = read_sealed(&mut input, &mut io::sink(), from)?;
    let connection = session::open_to_read(from)?;
    let schema = look_inside(&connection, session::check_all, from)?;
    Ok(Backup {
        bytes,
        schema,
        sha256,
    })
}

/// Puts the scores of a backup in the place of `file`, brought up to date and with new indexes. What stood there is kept
/// beside it, under the name given back. A crash leaves the old scores or the new.
///
/// # Errors
/// As for [`check`]; a bot serves from the file; or a file cannot be written.
pub fn restore(from: &Path, file: &Path) -> Result<(Backup, Option<PathBuf>), BackupError> {
    restore_to(from, file, session::migrate)
}

/// The same, brought up to date by this.
pub(super) fn restore_to(
    from: &Path,
    file: &Path,
    migrate: impl FnOnce(&mut Connection) -> Result<(), StoreError>,
) -> Result<(Backup, Option<PathBuf>), BackupError> {
    let _lock = lock(file)?.ok_or_else(|| StoreError::InUse(file.to_owned()))?;
    let cannot = |e| BackupError::Io("read", from.to_owned(), e);
    let failed = |e| BackupError::Io("write", file.to_owned(), e);
    let mut input = File::open(from).map_err(cannot)?;
    let partial = Partial::beside(file)?;
    let mut output = File::create(&partial.0).map_err(failed)?;
    let (bytes, sha256) = read_sealed(&mut input, &mut output, from)?;
    output.sync_all().map_err(failed)?;
    drop(output);
    let mut connection = session::open_present(&partial.0)?;
    let schema = look_inside(&connection, session::check, from)?;
    // Where an entry of an index is not its row's, the row is right.
    session::reindex(&connection)?;
    session::check_all(&connection)?;
    migrate(&mut connection)?;
    drop(connection);
    let kept = match file.exists() {
        true => Some(keep(file).map_err(failed)?),
        false => None,
    };
    partial.become_whole(file)?;
    let backup = Backup {
        bytes,
        schema,
        sha256,
    };
    Ok((backup, kept))
}

/// The version of the scores in a database that was just compared with its SHA-256.
fn look_inside(
    database: &Connection,
    check: fn(&Connection) -> Result<(), StoreError>,
    from: &Path,
) -> Result<i64, BackupError> {
    check(database)?;
    // Whether a newer program wrote them is said here.
    session::pending(database)?;
    match session::schema(database)? {
        0 => {
            let why = "there are no scores in it".to_owned();
            Err(BackupError::Broken(from.to_owned(), why))
        }
        schema => Ok(schema),
    }
}

/// Copies the database, page by page, as it is at one instant.
fn copy(file: &Path, to: &Path) -> Result<(), StoreError> {
    let from = session::open_present(file)?;
    let mut copy = Connection::open(to).map_err(session::of_error)?;
    // Nobody needs what a copy that did not come about has left.
    copy.execute_batch("PRAGMA synchronous = OFF; PRAGMA journal_mode = OFF")
        .map_err(session::of_error)?;
    let copying = rusqlite::backup::Backup::new(&from, &mut copy).map_err(session::of_error)?;
    // In one step: a copy in several begins anew whenever somebody has answered meanwhile.
    let step = copying.step(-1).map_err(session::of_error)?;
    drop(copying);
    if step != StepResult::Done {
        return Err(StoreError::Unavailable(
            "the scores could not be copied, for another process kept them to itself".into(),
        ));
    }
    // The copy is a file of its own, without a log that would have to lie beside it.
    copy.execute_batch("PRAGMA journal_mode = DELETE")
        .map_err(session::of_error)
}

/// Has the disk hold a file bit by bit while it grows. Otherwise whoever answers when all of it is
/// put there at once waits as long as that takes.
fn keep_on_disk(file: &Path, is_over: &AtomicBool) -> io::Result<()> {
    let file = File::open(file)?;
    while !is_over.load(Ordering::Relaxed) {
        file.sync_data()?;
        thread::sleep(BETWEEN_SYNCS);
    }
    Ok(())
}

fn resume<T>(panic: Box<dyn Any + Send>) -> T {
    std::panic::resume_unwind(panic)
}

/// The version of the scores in a fresh copy. That each entry of an index is its row's is not looked
/// at, for it takes long: `restore` makes the indexes anew.
fn look_quickly(database: &Path) -> Result<i64, StoreError> {
    let connection = session::open_to_read(database)?;
    session::check(&connection)?;
    session::schema(&connection)
}

/// Has the disk hold a database; the SHA-256 of it.
fn sum_up(file: &Path) -> io::Result<String> {
    let mut file = OpenOptions::new().read(true).write(true).open(file)?;
    let mut sum = Sha256::new();
    let mut chunk = vec![0; CHUNK_BYTES];
    loop {
        match file.read(&mut chunk)? {
            0 => break,
            n => sum.update(&chunk[..n]),
        }
    }
    file.sync_all()?;
    Ok(hexadecimal(sum))
}

/// Puts the last line behind a database, and has the disk hold it.
fn seal(file: &Path, sha256: &str) -> io::Result<()> {
    let mut file = OpenOptions::new().append(true).open(file)?;
    file.write_all(last_line(sha256).as_bytes())?;
    file.sync_all()
}

/// Writes the database of a backup to `output`, and compares it with its last line. The backup's
/// size and the SHA-256; what was written is worth nothing where this fails.
fn read_sealed(
    input: &mut File,
    output: &mut dyn Write,
    from: &Path,
) -> Result<(u64, String), BackupError> {
    let broken = |why: &str| BackupError::Broken(from.to_owned(), why.to_owned());
    let cannot = |e| BackupError::Io("copy", from.to_owned(), e);
    let bytes = input.metadata().map_err(cannot)?.len();
    let body = bytes
        .checked_sub(SEAL_BYTES as u64)
        .ok_or_else(|| broken("it is too short"))?;
    let mut sum = Sha256::new();
    let mut chunk = vec![0; CHUNK_BYTES];
    let mut left = body;
    while left > 0 {
        let wanted = usize::try_from(left).map_or(CHUNK_BYTES, |left| left.min(CHUNK_BYTES));
        input.read_exact(&mut chunk[..wanted]).map_err(cannot)?;
        sum.update(&chunk[..wanted]);
        output.write_all(&chunk[..wanted]).map_err(cannot)?;
        left -= wanted as u64;
    }
    let mut line = Vec::with_capacity(SEAL_BYTES);
    input.read_to_end(&mut line).map_err(cannot)?;
    let sha256 = hexadecimal(sum);
    if line == last_line(&sha256).as_bytes() {
        return Ok((bytes, sha256));
    }
    match line
        .get(1..)
        .is_some_and(|l| l.starts_with(MARK.as_bytes()))
    {
        true => Err(broken("its SHA-256 is another one, so that it has changed")),
        false => Err(broken(
            "it does not end as `studyhall backup` ends a file, or it was cut short",
        )),
    }
}

fn last_line(sha256: &str) -> String {
    format!("\n{MARK}{sha256}\n")
}

fn hexadecimal(sum: Sha256) -> String {
    let digits = sum.finalize();
    digits.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Keeps the present scores beside themselves. They stay in their place too, until others are put
/// there: at no instant is there nothing.
fn keep(file: &Path) -> io::Result<PathBuf> {
    let free = |n: &u32| !named(file, &format!(".before-restore-{n}")).exists();
    let number = (1..=KEPT_MAX).find(free);
    let number = number.ok_or_else(|| io::Error::other("too many files were kept already"))?;
    let kept = named(file, &format!(".before-restore-{number}"));
    // The log belongs into the file. Where that cannot be, for the file is damaged, it is kept too:
    // the new scores must not be read with it.
    if let Ok(connection) = session::open_present(file) {
        session::empty_log(&connection);
    }
    also(file, &kept)?;
    let log = named(file, "-wal");
    if log.exists() {
        also(&log, &named(&kept, "-wal"))?;
    }
    for ending in ["-wal", "-shm"] {
        match fs::remove_file(named(file, ending)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(kept)
}

/// Gives a file a second name; its own copy where the file system knows no second names.
fn also(file: &Path, name: &Path) -> io::Result<()> {
    if fs::hard_link(file, name).is_ok() {
        return Ok(());
    }
    fs::copy(file, name)?;
    File::open(name)?.sync_all()
}

fn named(file: &Path, ending: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

/// A file that is not whole yet. It is removed unless it becomes so.
struct Partial(PathBuf);

impl Partial {
    /// Makes it, empty and for this user alone, beside the file that it is to become.
    fn beside(file: &Path) -> Result<Self, BackupError> {
        let name = named(file, &format!(".{}.partial", std::process::id()));
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        match options.open(&name) {
            Ok(_) => Ok(Self(name)),
            Err(error) => Err(BackupError::Io("write", file.to_owned(), error)),
        }
    }

    /// It becomes the file, and the disk knows.
    fn become_whole(self, file: &Path) -> Result<(), BackupError> {
        let failed = |e| BackupError::Io("write", file.to_owned(), e);
        fs::rename(&self.0, file).map_err(failed)?;
        #[cfg(unix)]
        {
            let folder = file.parent().filter(|folder| *folder != Path::new(""));
            let folder = File::open(folder.unwrap_or(Path::new(".")));
            folder
                .and_then(|folder| folder.sync_all())
                .map_err(failed)?;
        }
        Ok(())
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        // Where it has become whole there is nothing of this name.
        let _ = fs::remove_file(&self.0);
    }
}
