//! What a file of SQLite promises on top: one server, groups of works, damage found.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::{fs, thread};

use studyhall::scores::database::{Database, StoreError, Work};
use studyhall::scores::sqlite::Sqlite;

use super::{
    NAMES, NEWER, NEWER_SAID, expected_of_fifty, fifty_at_once, make_table, names, put, write,
};

/// A folder for a file of SQLite.
pub(super) fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a folder")
}

pub(super) fn open(folder: &Path) -> Sqlite {
    Sqlite::open(&folder.join("data").join("scores.db")).expect("a file of scores")
}

#[test]
fn what_was_written_lasts_and_one_file_remains() {
    let folder = folder();
    let first = open(folder.path());
    make_table(&first);
    write(&first, |t| put(t, "lasts")).expect("a write");
    drop(first);
    let left = fs::read_dir(folder.path().join("data")).expect("a folder");
    let left: BTreeSet<_> = left.map(|e| e.expect("a file").file_name()).collect();
    assert_eq!(Vec::from_iter(left), ["scores.db", "scores.db.lock"]);
    assert_eq!(names(&open(folder.path())), ["lasts"]);
}

/// Of files that are open under this name, as many as there are.
#[cfg(target_os = "linux")]
fn n_open(file: &Path) -> usize {
    let open = fs::read_dir("/proc/self/fd").expect("the files of this process");
    let at = open.filter_map(|entry| fs::read_link(entry.ok()?.path()).ok());
    at.filter(|at| at == file).count()
}

/// What a bot opens when it is first busy would be memory that grows late.
#[test]
#[cfg(target_os = "linux")]
fn whoever_serves_opens_all_connections_at_once_and_no_more_when_it_is_busy() {
    let folder = folder();
    let database = open(folder.path());
    let file = folder.path().join("data").join("scores.db");
    let log = folder.path().join("data").join("scores.db-wal");
    let before = [n_open(&file), n_open(&log)];
    assert_eq!(before, [5, 5], "one that writes and four that read");
    make_table(&database);
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| assert!(names(&database).is_empty()));
        }
    });
    assert_eq!([n_open(&file), n_open(&log)], before);
}

/// While one work holds the writer, fifty queue; they then share its transaction.
#[test]
fn in_one_group_a_failure_costs_itself_only() {
    let folder = folder();
    let database = Arc::new(open(folder.path()));
    make_table(&*database);
    let (let_go, held) = mpsc::channel::<()>();
    thread::scope(|scope| {
        let holder = Arc::clone(&database);
        scope.spawn(move || {
            let mut held = Some(held);
            write(&*holder, move |t| {
                put(t, "50")?;
                // The second time, after another of the group has failed, nobody waits.
                if let Some(held) = held.take() {
                    held.recv().expect("to be let go");
                }
                Ok(())
            })
            .expect("a write");
        });
        let waiting = Arc::clone(&database);
        scope.spawn(move || {
            while waiting.n_queued() < 51 {
                thread::yield_now();
            }
            let_go.send(()).expect("a work that waits");
        });
        while database.n_queued() < 1 {
            thread::yield_now();
        }
        // Where a reader sees nothing yet, all that a work sees is of the same transaction.
        let (n_together, reader) = (Arc::new(AtomicUsize::new(0)), Arc::clone(&database));
        let done = fifty_at_once(&Watched {
            database: &database,
            reader,
            n_together: Arc::clone(&n_together),
        });
        assert_eq!(Vec::from_iter(done), expected_of_fifty());
        let n_expected = expected_of_fifty().len();
        assert!(n_together.load(Ordering::SeqCst) + 10 > n_expected);
    });
    let mut expected = expected_of_fifty();
    expected.push("50".to_owned());
    assert_eq!(names(&*database), expected);
    assert_eq!(database.n_queued(), 0);
}

/// The database, with each work telling how many rows it sees while nobody else sees any.
struct Watched<'a> {
    database: &'a Sqlite,
    reader: Arc<Sqlite>,
    n_together: Arc<AtomicUsize>,
}

impl Database for Watched<'_> {
    fn write(&self, mut work: Box<Work<'static>>) -> Result<(), StoreError> {
        let (reader, n_together) = (Arc::clone(&self.reader), Arc::clone(&self.n_together));
        self.database.write(Box::new(move |t| {
            let n_seen = t.query(NAMES, &[])?.len();
            if names(&*reader).is_empty() {
                n_together.fetch_max(n_seen, Ordering::SeqCst);
            }
            work(t)
        }))
    }

    fn read(&self, work: &mut Work<'_>) -> Result<(), StoreError> {
        self.database.read(work)
    }
}

#[test]
fn a_work_cannot_wait_for_another_behind_it() {
    let folder = folder();
    let database = Arc::new(open(folder.path()));
    let inner = Arc::clone(&database);
    let nested = write(&*database, move |_| write(&*inner, |_| Ok(())));
    assert!(matches!(nested, Err(StoreError::Refused(_))), "{nested:?}");
}

#[test]
fn one_process_serves_from_a_file_and_commands_work_beside_it() {
    let folder = folder();
    let serving = open(folder.path());
    make_table(&serving);
    let file = folder.path().join("data").join("scores.db");
    let second = Sqlite::open(&file).expect_err("in use");
    assert!(
        matches!(&second, StoreError::InUse(path) if *path == file),
        "{second:?}"
    );
    let beside = Sqlite::open_beside(&file).expect("a second hand");
    write(&beside, |t| put(t, "beside")).expect("a write");
    write(&serving, |t| put(t, "serving")).expect("a write");
    assert_eq!(names(&beside), ["beside", "serving"]);
    drop(serving);
    // A command does not keep the bot from starting.
    assert_eq!(names(&open(folder.path())), ["beside", "serving"]);
    write(&beside, |t| put(t, "later")).expect("a write");
}

#[test]
fn a_file_of_a_newer_version_is_refused_and_left_alone() {
    let folder = folder();
    let file = folder.path().join("data").join("scores.db");
    drop(open(folder.path()));
    let other = rusqlite::Connection::open(&file).expect("a file");
    other.execute_batch(NEWER).expect("a newer version");
    drop(other);
    let before = fs::read(&file).expect("a file");
    for opened in [Sqlite::open(&file), Sqlite::open_beside(&file)] {
        assert_eq!(opened.expect_err("newer").to_string(), NEWER_SAID);
    }
    assert!(fs::read(&file).expect("a file") == before);
}

#[test]
fn a_command_does_not_change_the_tables_under_a_bot() {
    let folder = folder();
    let file = folder.path().join("data").join("scores.db");
    let serving = open(folder.path());
    let other = rusqlite::Connection::open(&file).expect("a file");
    other
        .execute_batch("DELETE FROM schema_version; INSERT INTO schema_version VALUES (0)")
        .expect("an older version");
    let opened = Sqlite::open_beside(&file);
    assert!(matches!(opened, Err(StoreError::InUse(_))), "{opened:?}");
    drop(serving);
}

#[test]
fn damage_is_found_on_opening() {
    let damaged = |what: &str, bytes: &[u8]| {
        let folder = folder();
        let file = folder.path().join("scores.db");
        fs::write(&file, bytes).expect("a file");
        let opened = Sqlite::open(&file);
        assert!(
            matches!(opened, Err(StoreError::Damaged(_))),
            "{what}: {opened:?}"
        );
        assert!(
            fs::read(&file).expect("a file") == bytes,
            "{what}: it was changed"
        );
    };
    damaged("garbage", "no database at all ".repeat(1_000).as_bytes());
    let folder = folder();
    let whole = open(folder.path());
    make_table(&whole);
    for number in 0..1_000 {
        write(&whole, move |t| put(t, &format!("{number:0200}"))).expect("a write");
    }
    drop(whole);
    let file = folder.path().join("data").join("scores.db");
    let bytes = fs::read(file).expect("a file");
    const PAGE: usize = 4_096;
    let mut flipped = bytes.clone();
    let middle = flipped.len() / PAGE / 2 * PAGE;
    flipped[middle..middle + PAGE]
        .iter_mut()
        .for_each(|b| *b = !*b);
    damaged("a flipped page", &flipped);
    damaged("half a file", &bytes[..middle]);
}
