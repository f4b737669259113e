//! A disk that fills up at some place of what is written: the refusal is told, what was there still
//! answers, and with room again the next sync goes on in the same process.

use std::env;
use std::error::Error;
use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::process::{self, Command};

use studyhall_index::{Index, IndexError};
use tempfile::TempDir;

use crate::times;
use crate::world::{Dice, World, files_of, held, lines, search};

/// How many places of the writing are tried, and how many where the variable says nothing.
const PLACES: &str = "STUDYHALL_TEST_FULL";
const PLACES_USUAL: usize = 40;
/// Names the folder to write in, to the process whose disk fills up.
const FOLDER: &str = "STORE_TEST_FULL_FOLDER";
const N_NOTES: usize = 12;
/// Sections of each note.
const N_SECTIONS: usize = 12;
/// Bytes of the disk that fills up, and of what it hands out at a time.
const DISK_BYTES: usize = 24 << 20;
const PAGE_BYTES: usize = 4_096;

fn write_notes(world: &World, version: usize) {
    for note in 0..N_NOTES {
        let section = |at: usize| {
            let words: String = (0..60)
                .map(|word| format!("w{} ", (word * 7 + at * 31 + note * 101) % 4_000))
                .collect();
            format!("## Part {at}\n\n{words}The zebra is of version{version}.\n\n")
        };
        let sections: String = (0..N_SECTIONS).map(section).collect();
        world.write(
            &format!("{note}.md"),
            &format!("# Note {note}\n\n{sections}"),
        );
    }
}

/// Bytes of all files below a folder, and of the longest of them.
fn sizes(folder: &Path) -> (usize, usize) {
    let (mut all, mut longest) = (0, 0);
    for file in files_of(folder) {
        let (sum, max) = match file.is_dir() {
            true => sizes(&file),
            false => {
                let len = fs::metadata(&file).map_or(0, |of| of.len());
                let len = usize::try_from(len).expect("a small file");
                (len, len)
            }
        };
        all += sum;
        longest = longest.max(max);
    }
    (all, longest)
}

/// An error with all its causes.
fn told(error: &IndexError) -> String {
    let mut told = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        told = format!("{told}: {error}");
        cause = error.source();
    }
    told
}

/// Fills the disk at many places of what is written, and judges. `fill` leaves so much room, and
/// `empty` makes much again.
#[expect(
    clippy::print_stdout,
    reason = "who runs this wants to know what it did"
)]
fn fill_at_many_places(world: &World, most: usize, fill: &dyn Fn(usize), empty: &dyn Fn()) {
    let n_places = times(PLACES, PLACES_USUAL);
    let mut dice = Dice(0xf111);
    let index = world.open();
    write_notes(world, 0);
    world.sync(&index);
    let (mut n_refused, mut n_done) = (0, 0);
    for place in 0..n_places {
        let before = held(&index);
        write_notes(world, place + 1);
        let room = (most * place / n_places + dice.below(most / n_places + 1)).min(most);
        fill(room);
        let tried = match place % 3 {
            0 => index.rebuild(&world.notes(), &|_| ()),
            _ => index.sync(&world.notes(), &|_| ()),
        };
        match &tried {
            Ok(_) => {
                n_done += 1;
                world.check(&index);
            }
            Err(error) => {
                n_refused += 1;
                let told = told(error);
                let causes = ["No space left on device", "File too large"];
                let is_told = causes.iter().any(|cause| told.contains(cause));
                assert!(is_told, "room {room}: the cause is not told: {told}");
                // What was there still answers, in this process and in one that begins now.
                assert_eq!(lines(&held(&index)), lines(&before), "room {room}");
                assert_eq!(search(&index, "zebra").hits.len(), 10, "room {room}");
                let opened = held(&world.open());
                let is_whole = opened == before || opened == world.expected();
                assert!(is_whole, "room {room}: half an edit: {:?}", lines(&opened));
            }
        }
        empty();
        world.sync(&index);
        world.check(&index);
        assert!(world.builds().len() <= 2, "{:?}", world.builds());
    }
    world.sync(&index);
    let damaged = index.damaged().expect("the index can be read");
    assert!(damaged.is_empty(), "{damaged:?}");
    println!("{n_refused} of {n_places} were refused, {n_done} had room enough");
    assert!(n_refused > n_places / 3, "only {n_refused} were refused");
}

/// What must be written for all the notes: bytes, and bytes of the longest file.
fn need() -> (usize, usize) {
    let world = World::new(&[]);
    write_notes(&world, 0);
    drop::<Index>(world.built());
    sizes(&world.folder())
}

/// Runs a test of this program by another program's leave, and fails as it does.
#[expect(
    clippy::print_stdout,
    reason = "who runs this wants to know what it did"
)]
#[track_caller]
fn run(test: &str, folder: &Path, through: &mut Command) {
    let program = env::current_exe().expect("this program has a path");
    let output = through
        .arg(program)
        .args(["--exact", test, "--ignored", "--nocapture"])
        .env(FOLDER, folder)
        .output()
        .expect("a second process starts");
    let said = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "{}\n{said}\n{errors}",
        output.status
    );
    assert!(said.contains("1 passed"), "{said}\n{errors}");
    assert!(said.contains("were refused"), "{said}\n{errors}");
    let count = said.lines().find(|line| line.contains("were refused"));
    println!("{}", count.unwrap_or_default());
}

#[test]
fn files_that_may_not_grow_are_told_and_the_old_index_answers() {
    let folder = TempDir::new().expect("a temporary folder");
    // A file that becomes too long would end the process; ignored, the signal is an error.
    let mut shell = Command::new("sh");
    shell.args(["-c", "trap '' XFSZ; exec \"$0\" \"$@\""]);
    run("full::writer_of_short_files", folder.path(), &mut shell);
}

#[test]
#[ignore = "is started by another test, deaf to the signal of files that may not grow"]
fn writer_of_short_files() {
    let Some(folder) = env::var_os(FOLDER) else {
        return;
    };
    let limit = |bytes: &str| {
        let limited = Command::new("prlimit")
            .args(["--pid", &process::id().to_string()])
            .arg(format!("--fsize={bytes}:unlimited"))
            .status();
        assert!(limited.expect("prlimit of util-linux").success());
    };
    let root = TempDir::new_in(folder).expect("a folder");
    let (_, longest) = need();
    fill_at_many_places(
        &World { root },
        longest,
        &|room| limit(&room.to_string()),
        &|| limit("unlimited"),
    );
}

#[test]
#[ignore = "needs leave to mount a disk: STUDYHALL_TEST_FULL"]
fn a_full_disk_is_told_and_the_old_index_answers() {
    let folder = TempDir::new().expect("a temporary folder");
    // The disk is seen by that process alone and goes with it.
    let mut mounted = Command::new("unshare");
    mounted.args(["--user", "--map-root-user", "--mount", "sh", "-ec"]);
    mounted.arg(format!(
        "mount -t tmpfs -o size={DISK_BYTES} tmpfs \"${FOLDER}\"; exec \"$0\" \"$@\""
    ));
    run("full::writer_on_a_small_disk", folder.path(), &mut mounted);
}

#[test]
#[ignore = "is started by another test, which mounts a disk"]
fn writer_on_a_small_disk() {
    let Some(folder) = env::var_os(FOLDER) else {
        return;
    };
    let root = TempDir::new_in(&folder).expect("a folder");
    let ballast = Path::new(&folder).join("ballast");
    let (bytes, _) = need();
    let fill = |room: usize| {
        let mut file = File::create(&ballast).expect("a file");
        let page = [1; PAGE_BYTES];
        let mut n_pages = 0;
        while file.write_all(&page).is_ok() {
            n_pages += 1;
            assert!(n_pages <= DISK_BYTES / PAGE_BYTES, "the disk is not small");
        }
        let kept = (n_pages * PAGE_BYTES).saturating_sub(room);
        file.set_len(kept as u64).expect("a file can be cut");
    };
    let empty = || fs::remove_file(&ballast).expect("the ballast is there");
    fill_at_many_places(&World { root }, bytes * 3 / 2, &fill, &empty);
}
