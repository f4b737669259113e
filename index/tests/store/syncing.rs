//! After every edit the index holds exactly the sections of the notes.

use std::collections::BTreeSet;
use std::fs::{self, File};

use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use studyhall_index::{Index, IndexError, NOTE_MAX, SectionKey};

use crate::world::{World, held, hits, ids, lines};

const EBS: &str = "# EBS\n\nBlock storage.\n\n## Snapshots\n\nIncremental copies.\n";
const EFS: &str = "# EFS\n\nFile storage for many instances.\n";

fn codes(synced: &studyhall_index::Synced) -> Vec<(&str, &str)> {
    let warnings = synced.warnings.iter();
    warnings
        .map(|warning| (warning.path.as_str(), warning.warning.code))
        .collect()
}

fn paths(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

#[test]
fn the_first_sync_takes_in_every_note() {
    let world = World::new(&[("ebs.md", EBS), ("storage/efs.md", EFS)]);
    let index = world.open();
    assert!(!index.is_built());
    assert_eq!(index.n_sections(), 0);
    assert_eq!(hits(&index, "snapshots"), Vec::<String>::new());
    let synced = world.sync(&index);
    assert_eq!((synced.n_notes, synced.n_sections), (2, 3));
    assert_eq!((synced.n_changed, synced.n_removed), (2, 0));
    assert_eq!(codes(&synced), []);
    assert!(index.is_built());
    assert_eq!(
        ids(&held(&index)),
        ["ebs.md#ebs", "ebs.md#snapshots", "storage/efs.md#efs"]
    );
    world.check(&index);
}

#[test]
fn progress_ends_with_all_notes() {
    let world = World::new(&[("ebs.md", EBS), ("efs.md", EFS)]);
    let seen = std::sync::Mutex::new(Vec::new());
    let watch = |progress: studyhall_index::Progress| {
        let mut seen = seen.lock().expect("no thread panicked");
        seen.push((progress.done, progress.total));
    };
    world
        .open()
        .sync(&world.notes(), &watch)
        .expect("a sync succeeds");
    assert_eq!(
        seen.into_inner().expect("no thread panicked"),
        [(1, 2), (2, 2)]
    );
}

#[test]
fn unchanged_notes_are_not_written_again() {
    let world = World::new(&[("ebs.md", EBS), ("empty.md", ""), ("efs.md", EFS)]);
    let index = world.built();
    let files = crate::world::files_of(&world.build());
    world.write("ebs.md", EBS);
    let synced = world.sync(&index);
    assert_eq!((synced.n_changed, synced.n_removed), (0, 0));
    assert_eq!((synced.n_notes, synced.n_sections), (3, 3));
    assert_eq!(crate::world::files_of(&world.build()), files);
    let synced = world.sync(&world.open());
    assert_eq!((synced.n_changed, synced.n_removed), (0, 0));
    world.check(&index);
}

#[test]
fn an_edited_note_is_as_it_is_now() {
    let world = World::new(&[("ebs.md", EBS), ("efs.md", EFS)]);
    let index = world.built();
    world.write(
        "ebs.md",
        "# EBS\n\n## Volumes\n\nAttached to an instance.\n",
    );
    let synced = world.sync(&index);
    assert_eq!((synced.n_changed, synced.n_removed), (1, 0));
    assert_eq!(synced.n_sections, 3);
    world.check(&index);
    assert_eq!(hits(&index, "volumes"), ["ebs.md#volumes"]);
    assert_eq!(hits(&index, "incremental copies"), Vec::<String>::new());
}

#[test]
fn many_edits_leave_an_answer_as_sure_as_it_was() {
    let text = |version: usize| {
        let sections = (0..8).map(|n| format!("## S3 part {n}\n\nS3 in version {version}.\n\n"));
        format!(
            "# S3\n\nStorage for objects.\n\n{}",
            sections.collect::<String>()
        )
    };
    let world = World::new(&[("s3.md", &text(0)), ("ebs.md", EBS), ("efs.md", EFS)]);
    let index = world.built();
    let sure = |question: &str| crate::world::search(&index, question).confidence;
    let questions = ["S3", "part of S3"];
    let before = questions.map(sure);
    assert!(before.iter().all(|before| *before > 0.5), "{before:?}");
    for version in 1..9 {
        world.write("s3.md", &text(version));
        world.sync(&index);
        for (question, before) in questions.into_iter().zip(before) {
            let now = sure(question);
            assert!(now > before - 0.05, "{version}: {question}: {before} {now}");
        }
    }
}

#[test]
fn a_removed_note_takes_its_sections_along() {
    let world = World::new(&[("ebs.md", EBS), ("efs.md", EFS)]);
    let index = world.built();
    world.remove("ebs.md");
    let synced = world.sync(&index);
    assert_eq!((synced.n_changed, synced.n_removed), (0, 1));
    assert_eq!((synced.n_notes, synced.n_sections), (1, 1));
    world.check(&index);
    world.remove("efs.md");
    let synced = world.sync(&index);
    assert_eq!((synced.n_notes, synced.n_sections), (0, 0));
    world.check(&index);
    assert_eq!(hits(&index, "storage"), Vec::<String>::new());
    world.write("ebs.md", EBS);
    world.sync(&index);
    world.check(&index);
}

#[test]
fn a_moved_note_keeps_its_text_under_the_new_path() {
    let world = World::new(&[("ebs.md", EBS), ("efs.md", EFS)]);
    let index = world.built();
    fs::create_dir(world.file("old")).expect("a folder can be made");
    fs::rename(world.file("ebs.md"), world.file("old/ebs.md")).expect("a note can be moved");
    let synced = world.sync(&index);
    assert_eq!((synced.n_changed, synced.n_removed), (1, 1));
    world.check(&index);
    assert_eq!(hits(&index, "snapshots"), ["old/ebs.md#snapshots"]);
}

#[test]
fn two_notes_of_the_same_text_are_two_notes() {
    let world = World::new(&[("a.md", EBS), ("b.md", EBS)]);
    let index = world.built();
    world.check(&index);
    world.remove("a.md");
    world.sync(&index);
    world.check(&index);
    assert_eq!(ids(&held(&index)), ["b.md#ebs", "b.md#snapshots"]);
}

#[test]
fn a_note_that_cannot_be_read_keeps_its_sections() {
    let world = World::new(&[("ebs.md", EBS), ("efs.md", EFS)]);
    let index = world.built();
    let before = held(&index);
    let huge = File::create(world.file("ebs.md")).expect("a file can be made");
    huge.set_len(NOTE_MAX + 1).expect("a file of nothing");
    let synced = world.sync(&index);
    assert_eq!(codes(&synced), [("ebs.md", "unreadable")]);
    assert_eq!((synced.n_changed, synced.n_removed), (0, 0));
    assert_eq!(lines(&held(&index)), lines(&before));
    let only = index.sync_notes(&world.notes(), &paths(&["ebs.md"]));
    let only = only.expect("a sync succeeds");
    assert_eq!(codes(&only), [("ebs.md", "unreadable")]);
    assert_eq!(lines(&held(&index)), lines(&before));
    world.write("ebs.md", "# EBS\n\nMended.\n");
    let synced = world.sync(&index);
    assert_eq!((synced.n_changed, codes(&synced).len()), (1, 0));
    world.check(&index);
}

#[test]
fn a_new_note_that_cannot_be_read_costs_nothing_else() {
    let world = World::new(&[("efs.md", EFS)]);
    let huge = File::create(world.file("huge.md")).expect("a file can be made");
    huge.set_len(NOTE_MAX + 1).expect("a file of nothing");
    let index = world.open();
    let synced = world.sync(&index);
    assert_eq!(codes(&synced), [("huge.md", "unreadable")]);
    assert_eq!(ids(&held(&index)), ["efs.md#efs"]);
    assert_eq!(index.n_sections(), 1);
}

#[test]
fn a_folder_in_a_notes_place_is_no_note() {
    let world = World::new(&[("ebs.md", EBS), ("efs.md", EFS)]);
    let index = world.built();
    world.remove("ebs.md");
    world.write(
        "ebs.md/inside.md",
        "# Inside\n\nA note in a folder named so.\n",
    );
    let synced = world.sync(&index);
    assert_eq!((synced.n_changed, synced.n_removed), (1, 1));
    world.check(&index);
    let only = index.sync_notes(&world.notes(), &paths(&["ebs.md", "efs.md"]));
    assert_eq!(only.expect("a sync succeeds").n_changed, 0);
    world.check(&index);
}

#[cfg(unix)]
#[test]
fn a_link_in_a_notes_place_is_never_followed() {
    let world = World::new(&[("ebs.md", EBS), ("efs.md", EFS)]);
    let index = world.built();
    world.remove("ebs.md");
    let secret = world.folder().join("secret.md");
    fs::write(&secret, "# Secret\n\nNobody's business.\n").expect("a file can be written");
    std::os::unix::fs::symlink(&secret, world.file("ebs.md")).expect("a link can be made");
    let synced = world.sync(&index);
    assert_eq!(codes(&synced), [("ebs.md", "not-a-file")]);
    assert_eq!(hits(&index, "secret business"), Vec::<String>::new());
    assert_eq!(ids(&held(&index)), ["efs.md#efs"]);
    let only = index.sync_notes(&world.notes(), &paths(&["ebs.md", "../index/secret.md"]));
    only.expect("a sync succeeds");
    assert_eq!(hits(&index, "secret business"), Vec::<String>::new());
}

#[test]
fn notes_without_text_count_no_sections() {
    let world = World::new(&[("empty.md", ""), ("blank.md", " \n\n\t\n"), ("ebs.md", EBS)]);
    let index = world.open();
    let synced = world.sync(&index);
    assert_eq!((synced.n_notes, synced.n_sections), (3, 2));
    world.check(&index);
    let again = world.sync(&index);
    assert_eq!((again.n_changed, again.n_sections), (0, 2));
    world.write("ebs.md", "");
    let emptied = world.sync(&index);
    assert_eq!((emptied.n_changed, emptied.n_sections), (1, 0));
    world.check(&index);
    world.write("empty.md", EFS);
    world.sync(&index);
    world.check(&index);
}

#[test]
fn named_notes_alone_are_synced() {
    let world = World::new(&[
        ("ebs.md", EBS),
        ("efs.md", EFS),
        ("fsx.md", "# FSx\n\nLustre.\n"),
    ]);
    let index = world.built();
    world.write("ebs.md", "# EBS\n\nNew.\n");
    world.write("efs.md", "# EFS\n\nNew too, but not named.\n");
    world.write("new.md", "# New\n\nA note that was not there.\n");
    world.remove("fsx.md");
    let named = paths(&["ebs.md", "fsx.md", "new.md", "never-there.md"]);
    let synced = index
        .sync_notes(&world.notes(), &named)
        .expect("a sync succeeds");
    assert_eq!((synced.n_changed, synced.n_removed), (2, 1));
    assert_eq!(synced.n_sections, 3);
    assert_eq!(
        lines(&held(&index)),
        [
            "ebs.md#ebs \"New.\"",
            "efs.md#efs \"File storage for many instances.\"",
            "new.md#new \"A note that was not there.\"",
        ]
    );
    world.sync(&index);
    world.check(&index);
}

#[test]
fn named_notes_of_an_index_not_yet_built_build_it_all() {
    let world = World::new(&[("ebs.md", EBS), ("efs.md", EFS)]);
    let index = world.open();
    let synced = index
        .sync_notes(&world.notes(), &paths(&["ebs.md"]))
        .expect("a sync succeeds");
    assert_eq!(synced.n_notes, 2);
    world.check(&index);
}

#[test]
fn no_notes_named_change_nothing() {
    let world = World::new(&[("ebs.md", EBS)]);
    let index = world.built();
    let synced = index
        .sync_notes(&world.notes(), &BTreeSet::new())
        .expect("a sync succeeds");
    assert_eq!(
        (synced.n_changed, synced.n_removed, synced.n_sections),
        (0, 0, 2)
    );
    world.check(&index);
}

#[test]
fn a_notes_folder_that_is_gone_is_an_error_and_costs_no_section() {
    let world = World::new(&[("ebs.md", EBS)]);
    let index = world.built();
    let before = held(&index);
    fs::rename(world.notes(), world.root.path().join("away")).expect("a folder can be moved");
    let error = index.sync(&world.notes(), &|_| ()).expect_err("no folder");
    assert!(matches!(error, IndexError::Notes { .. }), "{error:?}");
    let error = index
        .rebuild(&world.notes(), &|_| ())
        .expect_err("no folder");
    assert!(matches!(error, IndexError::Notes { .. }), "{error:?}");
    assert_eq!(held(&index), before);
    assert_eq!(held(&world.open()), before);
    fs::rename(world.root.path().join("away"), world.notes()).expect("a folder can be moved");
    world.sync(&index);
    world.check(&index);
}

#[test]
fn a_rebuild_leaves_one_build() {
    let world = World::new(&[("ebs.md", EBS), ("efs.md", EFS)]);
    let index = world.built();
    for _ in 0..3 {
        let rebuilt = world.rebuild(&index);
        assert_eq!((rebuilt.n_changed, rebuilt.n_sections), (2, 3));
        world.check(&index);
    }
    assert_eq!(world.builds().len(), 1);
    world.check(&world.open());
}

#[test]
fn a_folder_that_is_a_file_is_refused_in_words() {
    let world = World::new(&[("ebs.md", EBS)]);
    fs::write(world.folder(), "not a folder").expect("a file can be written");
    let error = Index::open(&world.folder()).expect_err("a file is no folder");
    assert!(matches!(error, IndexError::Folder { .. }), "{error:?}");
    let folder = world.folder().display().to_string();
    assert_eq!(
        error.to_string(),
        format!("cannot use the index folder {folder}")
    );
}

/// One change to the notes.
#[derive(Clone, Debug)]
enum Edit {
    Write(usize, Vec<(usize, usize)>),
    Remove(usize),
    Move(usize, usize),
    Copy(usize, usize),
}

const PATHS: [&str; 6] = [
    "a.md",
    "b.md",
    "deep/a.md",
    "deep/er/c.md",
    "d.MD",
    "e.markdown",
];
const HEADINGS: [&str; 7] = [
    "",
    "# Storage\n",
    "## Volumes\n",
    "## Volumes\n",
    "#### Deep\n",
    "---\ntitle: Named\naliases: [Other]\n---\n",
    "Set\n===\n",
];
const TEXTS: [&str; 5] = [
    "",
    "Some text of its own.\n\n",
    "- one\n- two\n\n",
    "| a | b |\n|---|---|\n| 1 | 2 |\n\n",
    "```\n# no heading\n```\n\n",
];

fn edits() -> impl Strategy<Value = Vec<Edit>> {
    let path = || 0..PATHS.len();
    let pieces = prop::collection::vec((0..HEADINGS.len(), 0..TEXTS.len()), 0..6);
    let edit = prop_oneof![
        5 => (path(), pieces).prop_map(|(path, pieces)| Edit::Write(path, pieces)),
        2 => path().prop_map(Edit::Remove),
        1 => (path(), path()).prop_map(|(from, to)| Edit::Move(from, to)),
        1 => (path(), path()).prop_map(|(from, to)| Edit::Copy(from, to)),
    ];
    prop::collection::vec(edit, 50)
}

fn apply(world: &World, edit: &Edit) {
    let text = |at: usize| fs::read_to_string(world.file(PATHS[at])).ok();
    match edit {
        Edit::Write(path, pieces) => {
            let pieces = pieces.iter();
            let text: String = pieces
                .map(|(heading, text)| format!("{}\n{}", HEADINGS[*heading], TEXTS[*text]))
                .collect();
            world.write(PATHS[*path], &text);
        }
        Edit::Remove(path) => {
            let _ = fs::remove_file(world.file(PATHS[*path]));
        }
        Edit::Move(from, to) => {
            if let Some(text) = text(*from) {
                world.remove(PATHS[*from]);
                world.write(PATHS[*to], &text);
            }
        }
        Edit::Copy(from, to) => {
            if let Some(text) = text(*from) {
                world.write(PATHS[*to], &text);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3, rng_seed: RngSeed::Fixed(7), max_shrink_iters: 40, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn after_any_edits_the_index_holds_the_notes(edits in edits(), first in 0_usize..50) {
        let world = World::new(&[]);
        for edit in &edits[..first] {
            apply(&world, edit);
        }
        let index = world.built();
        for (at, edit) in edits[first..].iter().enumerate() {
            apply(&world, edit);
            // Every other edit reaches the index by name, as from the watcher.
            if at % 2 == 0 {
                let all = paths(&PATHS);
                index.sync_notes(&world.notes(), &all).expect("a sync succeeds");
            } else {
                world.sync(&index);
            }
            world.check(&index);
        }
        world.check(&world.open());
    }
}

#[test]
fn a_key_of_nothing_opens_nothing() {
    let world = World::new(&[("ebs.md", EBS)]);
    let index = world.built();
    for at in 0..20 {
        world.write(&format!("{at}.md"), &format!("# Note {at}\n\nText.\n"));
        world.sync(&index);
        for number in 0..50 {
            let key = SectionKey::of(&format!("never#{number}"));
            let found = index.section(key).expect("a look succeeds");
            assert!(found.is_none(), "{number}: {found:?}");
        }
        world.check(&index);
    }
}
