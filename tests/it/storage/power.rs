//! The power goes while people answer: whatever the disk holds of what it was not told to keep, every
//! answer that was acknowledged is there.
//!
//! A process answers under `strace`, which writes down what it asks of the disk, in order. For an instant
//! between two answers the files are then laid down as a disk could hold them after a power cut there: all
//! that was written before a sync that had come back; of the rest any sectors, or none. That a file is
//! there at all, or gone, or cut to a length, is taken to last from the next sync of any file on, as on a
//! file system with a journal.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use studyhall::scores::Scores;
use studyhall::scores::answers::Recorded;
use studyhall::scores::sqlite::Sqlite;

use super::{answered, open_round, right};
use crate::kills::Dice;
use crate::simulation::number;

/// The environment variable that names the folder of the process that answers.
const FOLDER: &str = "STUDYHALL_TEST_POWER_FOLDER";
/// How often the power goes, and how often where nobody says so.
const CUTS: &str = "STUDYHALL_TEST_CUTS";
const CUTS_USUAL: u64 = 300;

const FILE: &str = "scores.sqlite";
/// The file in which the process says what was acknowledged, a line for each answer.
const TOLD: &str = "told";
/// People who answer at the same time, and answers in all: the log is copied into the file on the way.
const N_PEOPLE: u64 = 4;
const N_ANSWERS: u64 = 1_500;
/// Bytes of which a disk writes all or none.
const SECTOR: usize = 512;
/// Bytes that are written down of one write, at most: more than SQLite writes at once.
const WRITE_MAX: &str = "1000000";

#[test]
#[ignore = "another test runs it as a process"]
fn a_process_that_answers_and_says_what_it_was_told() {
    let folder = std::env::var_os(FOLDER).expect("another test names a folder");
    let folder = Path::new(&folder);
    let scores = Scores::new(Arc::new(
        Sqlite::open(&folder.join(FILE)).expect("a file of scores"),
    ));
    let round = open_round(&scores, 0);
    let next = AtomicU64::new(1);
    thread::scope(|scope| {
        for _ in 0..N_PEOPLE {
            scope.spawn(|| {
                let mut told = OpenOptions::new()
                    .create(true)
                    .append(true)
                    .open(folder.join(TOLD))
                    .expect("a file");
                loop {
                    let member = next.fetch_add(1, Ordering::SeqCst);
                    if member > N_ANSWERS {
                        return;
                    }
                    let recorded = scores.record(right(round, member, member));
                    assert!(matches!(recorded, Ok(Recorded::Counts { .. })));
                    let line = format!("{} {member}\n", round.0);
                    told.write_all(line.as_bytes()).expect("a line");
                }
            });
        }
    });
}

/// Something that the process asked for: between which lines of the log, and what.
struct Call {
    begun: usize,
    done: usize,
    file: String,
    what: What,
    /// The line from which on it lasts; none where nothing was synced after it.
    lasts_from: Option<usize>,
}

enum What {
    Create,
    Write { at: usize, bytes: Vec<u8> },
    Cut { len: usize },
    Remove,
    Sync,
}

/// What `strace -f -y -xx` wrote down of the files below a folder.
fn calls(log: &str, folder: &Path) -> Vec<Call> {
    let mut begun: BTreeMap<&str, (usize, String)> = BTreeMap::new();
    let mut calls = Vec::new();
    for (number, line) in log.lines().enumerate() {
        let (process, rest) = line.split_once(' ').expect("a process and what it did");
        let rest = rest.trim_start();
        let (first, whole) = if let Some(start) = rest.strip_suffix(" <unfinished ...>") {
            begun.insert(process, (number, start.to_owned()));
            continue;
        } else if let Some((_, end)) = rest.split_once(" resumed>") {
            let (first, start) = begun.remove(process).expect("a call that had begun");
            (first, start + end)
        } else {
            (number, rest.to_owned())
        };
        if let Some((file, what)) = call(&whole, folder) {
            calls.push(Call {
                begun: first,
                done: number,
                file,
                what,
                lasts_from: None,
            });
        }
    }
    let lasting: Vec<Option<usize>> = calls.iter().map(|call| lasts_from(call, &calls)).collect();
    for (call, lasting) in calls.iter_mut().zip(lasting) {
        call.lasts_from = lasting;
    }
    calls
}

/// The line from which on a call lasts: a sync that began after it has come back.
fn lasts_from(call: &Call, calls: &[Call]) -> Option<usize> {
    let of_any = !matches!(call.what, What::Write { .. });
    let syncs = calls.iter().filter(|sync| {
        let is_sync = matches!(sync.what, What::Sync);
        is_sync && sync.begun > call.done && (of_any || sync.file == call.file)
    });
    syncs.map(|sync| sync.done).min()
}

/// One call; none of files elsewhere, and none that failed.
fn call(line: &str, folder: &Path) -> Option<(String, What)> {
    let (name, rest) = line.split_once('(')?;
    // Between the bracket and the sign there may be blanks.
    let (arguments, result) = rest.rsplit_once('=')?;
    let arguments = arguments.trim_end().strip_suffix(')')?;
    if result.trim_start().starts_with('-') {
        return None;
    }
    let texts: Vec<Vec<u8>> = arguments.split('"').skip(1).step_by(2).map(plain).collect();
    let described = || {
        let (_, path) = arguments.split_once('<')?;
        Some(plain(path.split_once('>')?.0))
    };
    let number = |argument: &str| argument.trim().parse::<usize>().ok();
    let mut last = arguments.rsplit(',');
    let (path, what) = match name {
        "openat" if arguments.contains("O_CREAT") => (texts.first()?.clone(), What::Create),
        "pwrite64" => (
            described()?,
            What::Write {
                at: number(last.next()?)?,
                bytes: texts.first()?.clone(),
            },
        ),
        // Only the lines of what was told are written at the end of a file.
        "write" => (
            described()?,
            What::Write {
                at: 0,
                bytes: texts.first()?.clone(),
            },
        ),
        "ftruncate" => (
            described()?,
            What::Cut {
                len: number(last.next()?)?,
            },
        ),
        "unlink" => (texts.first()?.clone(), What::Remove),
        "fsync" | "fdatasync" => (described()?, What::Sync),
        _ => return None,
    };
    let path = String::from_utf8(path).ok()?;
    let file = Path::new(&path).strip_prefix(folder).ok()?;
    Some((file.to_str()?.to_owned(), what))
}

/// The bytes of a text in which each is written `\x2f`, or as it is.
fn plain(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len() / 4);
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        if let Some(digits) = rest.strip_prefix("\\x") {
            bytes.push(u8::from_str_radix(&digits[..2], 16).expect("two digits"));
            rest = &digits[2..];
        } else {
            bytes.extend(first.to_string().bytes());
            rest = &rest[first.len_utf8()..];
        }
    }
    bytes
}

/// The files as a disk could hold them after a power cut behind line `at` of the log.
fn left(calls: &[Call], at: usize, dice: &mut Dice) -> BTreeMap<String, Vec<u8>> {
    let mut files: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    for call in calls.iter().filter(|call| call.begun <= at) {
        let is_kept = call.lasts_from.is_some_and(|line| line <= at);
        let mut happens = || is_kept || dice.below(2) == 0;
        match &call.what {
            What::Create => {
                if happens() {
                    files.entry(call.file.clone()).or_default();
                }
            }
            What::Remove => {
                if happens() {
                    files.remove(&call.file);
                }
            }
            What::Cut { len } => {
                if happens() {
                    files.entry(call.file.clone()).or_default().resize(*len, 0);
                }
            }
            What::Write { at, bytes } => {
                let file = files.entry(call.file.clone()).or_default();
                for (number, sector) in bytes.chunks(SECTOR).enumerate() {
                    if happens() {
                        let start = at + number * SECTOR;
                        let end = start + sector.len();
                        if file.len() < end {
                            file.resize(end, 0);
                        }
                        file[start..end].copy_from_slice(sector);
                    }
                }
            }
            What::Sync => {}
        }
    }
    files
}

/// The answers that were acknowledged, each with the line of the log at which somebody could know.
fn told(calls: &[Call]) -> Vec<(usize, (i64, u64))> {
    let of_told = calls.iter().filter(|call| call.file == TOLD);
    let line = |call: &Call| {
        let What::Write { bytes, .. } = &call.what else {
            return None;
        };
        let line = std::str::from_utf8(bytes).expect("a line");
        let (round, member) = line.trim().split_once(' ').expect("two numbers");
        let pair = (round.parse().ok()?, member.parse().ok()?);
        Some((call.begun, pair))
    };
    of_told.filter_map(line).collect()
}

#[test]
#[ignore = "needs strace and the right to use it; STUDYHALL_TEST_CUTS says how often the power goes"]
fn whenever_the_power_goes_what_was_acknowledged_is_there() {
    let folder = tempfile::tempdir().expect("a folder");
    let (home, log) = (folder.path().join("home"), folder.path().join("log"));
    fs::create_dir(&home).expect("a folder");
    let name = "storage::power::a_process_that_answers_and_says_what_it_was_told";
    let ended = Command::new("strace")
        .args(["-f", "-y", "-xx", "-s", WRITE_MAX, "-o"])
        .arg(&log)
        .args([
            "-e",
            "trace=openat,pwrite64,write,ftruncate,unlink,fsync,fdatasync",
        ])
        .arg(std::env::current_exe().expect("this program"))
        .args(["--exact", name, "--ignored"])
        .env(FOLDER, &home)
        .output()
        .expect("strace is installed: it is a package of that name");
    assert!(ended.status.success(), "{ended:?}");
    let log = fs::read_to_string(log).expect("what was written down");
    let calls = calls(&log, &home);
    let told = told(&calls);
    assert_eq!(told.len() as u64, N_ANSWERS);
    let copied = calls.iter().filter(|call| call.file == FILE);
    let n_copied = copied
        .filter(|call| matches!(call.what, What::Sync))
        .count();
    assert!(
        n_copied > 3,
        "the log is copied into the file on the way: {n_copied}"
    );

    let (first, last) = (told[0].0, told[told.len() - 1].0);
    let (mut dice, mut n_more) = (Dice(0x90_3E4), 0);
    let n_cuts = number(CUTS).unwrap_or(CUTS_USUAL);
    for cut in 0..n_cuts {
        let at = first + dice.below((last - first) as u64) as usize;
        let left_at = folder.path().join(format!("left-{cut}"));
        fs::create_dir(&left_at).expect("a folder");
        for (name, bytes) in left(&calls, at, &mut dice) {
            fs::write(left_at.join(name), bytes).expect("a file");
        }
        let database = Sqlite::open(&left_at.join(FILE)).expect("a file of scores");
        let found: BTreeSet<(i64, u64)> = answered(&database).into_iter().collect();
        let known = told.iter().filter(|(line, _)| *line <= at);
        let known: Vec<(i64, u64)> = known.map(|(_, pair)| *pair).collect();
        let lost: Vec<_> = known.iter().filter(|pair| !found.contains(pair)).collect();
        assert!(lost.is_empty(), "cut {cut}, behind line {at}: {lost:?}");
        n_more += found.len() - known.len();
        drop(database);
        fs::remove_dir_all(left_at).expect("a folder");
    }
    let n_syncs = calls.iter().filter(|call| matches!(call.what, What::Sync));
    eprintln!(
        "{n_cuts} cuts amid {} answers, {} calls and {} syncs: none lost; {n_more} not yet told were there",
        told.len(),
        calls.len(),
        n_syncs.count()
    );
}
