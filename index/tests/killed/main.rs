//! A process that is killed while it writes leaves the old content or the new, and no rubbish.
//!
//! A program of its own: a process that is just being started holds a copy of every lock that the
//! program holds at that instant, and other tests would find themselves locked out.

#[path = "../store/world.rs"]
#[expect(dead_code, reason = "the other tests need more of it")]
mod world;

use std::env;
use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use studyhall_index::Index;

use crate::world::{Dice, World, held, name_of};

/// Names the folder to write in, to the process that will be killed.
const FOLDER: &str = "STORE_TEST_WRITER_FOLDER";
const N_NOTES: usize = 4;
/// The environment variable that says how often to kill, and how often where it says nothing.
const KILLS: &str = "STUDYHALL_TEST_KILLS";
const KILLS_USUAL: usize = 40;
/// Bytes on the disk, at most, for each byte of the segments that answer.
const WASTE_MAX: u64 = 3;
/// Bytes that describe a build, at most.
const DESCRIPTION_MAX: u64 = 8 << 10;

fn text(note: usize, version: usize) -> String {
    let section = |at| format!("## Part {at}\n\nWords of version {version}.\n\n");
    let sections: String = (0..=version % 3).map(section).collect();
    format!("# Note {note}\n\nWords of version {version}.\n\n{sections}")
}

/// Writes all notes in a version; each file is whole at any instant.
fn write_notes(notes: &Path, version: usize) {
    for note in 0..N_NOTES {
        let draft = notes.join("draft");
        fs::write(&draft, text(note, version)).expect("a note can be written");
        fs::rename(&draft, notes.join(format!("{note}.md"))).expect("a note can be put in place");
    }
}

fn number(file: &Path) -> usize {
    let text = fs::read_to_string(file).unwrap_or_default();
    text.parse().unwrap_or(0)
}

/// The process to be killed: version after version it writes the notes and brings the index up.
#[test]
#[ignore = "is started, and killed, by the tests below"]
fn writer() {
    let Some(root) = env::var_os(FOLDER) else {
        return;
    };
    let root = Path::new(&root);
    let index = Index::open(&root.join("index")).expect("the index opens");
    let mut version = number(&root.join("begun"));
    loop {
        version += 1;
        let put = |name: &str| {
            let draft = root.join("number");
            fs::write(&draft, version.to_string()).expect("a number can be written");
            fs::rename(&draft, root.join(name)).expect("a number can be put in place");
        };
        put("begun");
        write_notes(&root.join("notes"), version);
        let notes = root.join("notes");
        let synced = match version % 3 {
            0 => index.rebuild(&notes, &|_| ()),
            _ => index.sync(&notes, &|_| ()),
        };
        synced.expect("a sync succeeds");
        put("done");
    }
}

fn start_writer(world: &World) -> Child {
    Command::new(env::current_exe().expect("this program has a path"))
        .args(["--exact", "writer", "--ignored", "--nocapture"])
        .env(FOLDER, world.root.path())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("a second process starts")
}

/// The version that all sections in the index carry; none where it holds none.
#[track_caller]
fn version_of(index: &Index) -> Option<usize> {
    let mut versions: Vec<(usize, String)> = held(index)
        .into_iter()
        .map(|section| {
            let version = section.body.trim_end_matches('.').rsplit(' ').next();
            let version = version.and_then(|version| version.parse().ok());
            (version.expect("each section has a version"), section.id())
        })
        .collect();
    let n_sections = versions.len();
    versions.dedup_by_key(|(version, _)| *version);
    assert!(versions.len() <= 1, "half an edit: {versions:?}");
    let version = versions.pop().map(|(version, _)| version)?;
    let whole: usize = N_NOTES * (version % 3 + 2);
    assert_eq!(n_sections, whole, "sections of version {version}");
    Some(version)
}

fn n_kills() -> usize {
    let said = env::var(KILLS).ok();
    said.map_or(KILLS_USUAL, |said| said.parse().expect("a number of kills"))
}

/// Bytes of all files below a folder.
fn bytes_below(folder: &Path) -> u64 {
    let files = crate::world::files_of(folder).into_iter();
    let bytes = files.map(|file| match file.is_dir() {
        true => bytes_below(&file),
        false => fs::metadata(&file).expect("the file is there").len(),
    });
    bytes.sum()
}

/// Bytes of the files that the build in use is made of.
fn bytes_in_use(build: &Path) -> u64 {
    let index = tantivy::Index::open_in_dir(build).expect("the build opens");
    let segments = index.searchable_segment_metas().expect("segments");
    let ids: Vec<String> = segments
        .iter()
        .map(|segment| segment.id().uuid_string())
        .collect();
    let files = crate::world::files_of(build).into_iter();
    let used = files.filter(|file| ids.iter().any(|id| name_of(file).starts_with(id)));
    used.map(|file| fs::metadata(file).expect("the file is there").len())
        .sum()
}

#[test]
fn killed_at_any_instant_it_holds_the_old_or_the_new() {
    let world = World::new(&[]);
    let mut dice = Dice(0x5eed);
    for round in 0..n_kills() {
        if round % 8 == 0 {
            let _ = fs::remove_dir_all(world.folder());
            let _ = fs::remove_file(world.root.path().join("done"));
        }
        let mut writer = start_writer(&world);
        thread::sleep(Duration::from_millis(5 + dice.below(90) as u64));
        writer.kill().expect("the writer can be killed");
        let output = writer.wait_with_output().expect("the writer has ended");
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(!errors.contains("panicked"), "round {round}: {errors}");
        let begun = number(&world.root.path().join("begun"));
        let done = number(&world.root.path().join("done"));
        let index = world.open();
        let damaged = index.damaged().expect("the index can be read");
        assert!(damaged.is_empty(), "round {round}: {damaged:?}");
        let version = version_of(&index).unwrap_or(0);
        assert!(
            version == done || version == begun,
            "round {round}: version {version}, done were {done} of {begun}"
        );
        assert!(
            world.folder().is_dir() && world.builds().len() <= 2,
            "{:?}",
            world.builds()
        );
        // What is in the index counts as done, whether or not the writer lived to say so.
        let done = world.root.path().join("done");
        fs::write(done, version.to_string()).expect("a number can be written");
        // Every other round leaves the mending to the next writer.
        if round % 2 == 0 {
            let _ = fs::remove_file(world.notes().join("draft"));
            world.sync(&index);
            world.check(&index);
            world.check(&world.open());
            let current = fs::read_to_string(world.folder().join("CURRENT"));
            let build = world.folder().join(current.expect("a build is in use"));
            let (on_disk, in_use) = (bytes_below(&build), bytes_in_use(&build));
            assert!(
                on_disk < WASTE_MAX * in_use + DESCRIPTION_MAX,
                "round {round}: {on_disk} bytes for {in_use}"
            );
            let version = begun + 1;
            write_notes(&world.notes(), version);
            for name in ["begun", "done"] {
                fs::write(world.root.path().join(name), version.to_string())
                    .expect("a number can be written");
            }
            world.sync(&index);
        }
    }
    let index = world.open();
    let _ = fs::remove_file(world.notes().join("draft"));
    world.sync(&index);
    world.check(&index);
    world.rebuild(&index);
    world.check(&index);
    let left: Vec<String> = crate::world::files_of(&world.folder())
        .iter()
        .map(|file| name_of(file))
        .filter(|name| name != "CURRENT" && name != "LOCK")
        .collect();
    assert_eq!(left.len(), 1, "{left:?}");
    assert_eq!(
        index.damaged().expect("the index can be read"),
        Vec::<std::path::PathBuf>::new()
    );
}

#[test]
fn builds_that_were_never_finished_do_not_pile_up() {
    let world = World::new(&[("a.md", "# A\n\nText.\n")]);
    let index = world.built();
    let current = name_of(&world.build());
    let kind = current.rsplit_once('-').expect("a name with a number").0;
    for number in 7..12 {
        let half = world.folder().join(format!("{kind}-{number}"));
        fs::create_dir(&half).expect("a folder can be made");
        fs::write(half.join("meta.json"), "{").expect("a file can be written");
    }
    fs::create_dir(world.folder().join("not-a-build")).expect("a folder can be made");
    // What a killed writer leaves goes before anything new is built, not only after.
    let mut n_builds = 0;
    index
        .rebuild(&world.notes(), &|_| ())
        .expect("a rebuild succeeds");
    for name in world.builds() {
        n_builds += usize::from(name != "not-a-build");
    }
    assert_eq!(n_builds, 1, "{:?}", world.builds());
    assert!(
        world.folder().join("not-a-build").is_dir(),
        "not ours to remove"
    );
    world.check(&world.open());
}
