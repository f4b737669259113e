//! A damaged build is no reason to stop: it opens, and the next sync leaves a whole one.

use std::fs;
use std::path::{Path, PathBuf};

use studyhall_index::{Index, SectionKey};

use crate::world::{Dice, World, copy_folder, files_of, held, lines, name_of};

/// The environment variable that says how many bytes are flipped, and how many files cut, each in a
/// copy of its own, and how many where it says nothing.
const DAMAGES: &str = "STUDYHALL_TEST_DAMAGES";
const DAMAGES_USUAL: usize = 60;
/// Lengths to which each file is cut.
const CUTS: usize = 3;

fn world() -> World {
    let list = |name: &str| -> String {
        let item = |at| format!("- Item {at} of {name} with a word{at} of its own\n");
        (0..20).map(item).collect()
    };
    let note = |name: &str| {
        let list = list(name);
        format!(
            "---\naliases: [{name} service]\n---\n# {name}\n\nWhat Dead Letter Queue (DLQ) means.\n\n\
             ## Limits of {name}\n\n{list}\n## Prices\n\n| a | b |\n|---|---|\n| 1 | 2 |\n"
        )
    };
    let world = World::new(&[]);
    for name in ["Queues", "Topics", "Volumes"] {
        world.write(&format!("{name}.md"), &note(name));
    }
    world
}

/// Asks for everything that the build can be asked for. Errors are fine, panics are not.
fn look_around(index: &Index) {
    for question in [
        "dlq",
        "limits of queues",
        "wrd7 of its own",
        "dead letter queue",
    ] {
        let _ = index.search(question, None, 10);
        let _ = index.search(question, Some("queues"), 10);
    }
    for name in index.suggest("", 100).iter().chain(&index.suggest("li", 5)) {
        let _ = index.section(name.key);
    }
    let _ = index.section(SectionKey::of("Queues.md#prices"));
    for name in ["Queues.md#prices", "Queues.md", "prices", "queues service"] {
        let _ = index.resolve(name);
    }
    let _ = (index.topics(), index.n_sections(), index.is_built());
    let _ = index.damaged();
}

/// What happens to a build that is damaged like this: looked at, then synced.
#[track_caller]
fn check(world: &World, whole: &Path, what: &str, damage: impl FnOnce(&Path)) {
    fs::remove_dir_all(world.folder()).expect("the index can be removed");
    copy_folder(whole, &world.folder());
    damage(&world.folder());
    let index = world.open();
    look_around(&index);
    let synced = index.sync(&world.notes(), &|_| ());
    let synced = synced.unwrap_or_else(|error| panic!("{what}: {error:?}"));
    let expected = world.expected();
    assert_eq!(lines(&held(&index)), lines(&expected), "{what}");
    assert_eq!(held(&index), expected, "{what}");
    assert_eq!(synced.n_sections, expected.len(), "{what}");
    assert_eq!(
        index.search("dlq", None, 9).expect("a search").hits.len(),
        3,
        "{what}"
    );
    let damaged = index.damaged().expect("the index can be read");
    assert_eq!(damaged, Vec::<PathBuf>::new(), "{what}");
    assert_eq!(held(&world.open()), expected, "{what}: opened anew");
    assert_eq!(world.builds().len(), 1, "{what}: {:?}", world.builds());
}

/// A world, and a whole copy of its index.
fn whole() -> (World, PathBuf) {
    let world = world();
    world.built();
    let whole = world.root.path().join("whole");
    copy_folder(&world.folder(), &whole);
    (world, whole)
}

fn build_in(folder: &Path) -> PathBuf {
    let files = files_of(folder);
    let build = files.iter().rfind(|file| file.is_dir());
    build.expect("a build").clone()
}

fn n_damages() -> usize {
    let said = std::env::var(DAMAGES).ok();
    said.map_or(DAMAGES_USUAL, |said| said.parse().expect("a number"))
}

fn cut(file: &Path, len: u64) {
    let file = fs::File::options().write(true).open(file);
    file.and_then(|file| file.set_len(len))
        .expect("a file can be cut");
}

#[test]
fn a_pointer_that_leads_nowhere() {
    let (world, whole) = whole();
    check(&world, &whole, "no CURRENT", |index| {
        fs::remove_file(index.join("CURRENT")).expect("CURRENT is there");
    });
    let garbage: [&[u8]; 9] = [
        b"",
        b"\n",
        b"../../notes",
        b"/",
        b"\xff\xfe\x00",
        b"1-v0.0.0-1",
        b"999-v0.27.0-1",
        b"1-v0.27.0-999",
        b"1-v0.27.0-",
    ];
    for garbage in garbage {
        let what = format!("CURRENT {:?}", String::from_utf8_lossy(garbage));
        check(&world, &whole, &what, |index| {
            fs::write(index.join("CURRENT"), garbage).expect("CURRENT can be written");
        });
    }
    check(&world, &whole, "LOCK has gone", |index| {
        fs::remove_file(index.join("LOCK")).expect("LOCK is there");
    });
}

#[test]
fn a_build_of_another_format() {
    let (world, whole) = whole();
    check(&world, &whole, "another format", |index| {
        let build = build_in(index);
        let other = index.join(format!(
            "0-{}",
            name_of(&build).split_once('-').expect("-").1
        ));
        fs::rename(&build, &other).expect("a build can be renamed");
        fs::write(index.join("CURRENT"), name_of(&other)).expect("CURRENT can be written");
    });
    check(&world, &whole, "a format of times to come", |index| {
        let build = build_in(index);
        let other = index.join(format!("99-v9.9.9-{}", u64::MAX - 1));
        fs::rename(&build, &other).expect("a build can be renamed");
        fs::write(index.join("CURRENT"), name_of(&other)).expect("CURRENT can be written");
    });
    check(&world, &whole, "an older one left beside", |index| {
        copy_folder(&build_in(index), &index.join("0-v0.22.0-12"));
        fs::create_dir(index.join("0-v0.22.0-13")).expect("a folder can be made");
        fs::remove_file(index.join("CURRENT")).expect("CURRENT is there");
    });
    check(&world, &whole, "the highest number there is", |index| {
        let kind = name_of(&build_in(index));
        let kind = kind.rsplit_once('-').expect("a number").0;
        let last = index.join(format!("{kind}-{}", u64::MAX));
        fs::create_dir(last).expect("a folder can be made");
        fs::remove_file(index.join("CURRENT")).expect("CURRENT is there");
    });
}

#[test]
fn a_build_of_another_schema() {
    use tantivy::schema::{STORED, Schema, TEXT};
    let (world, whole) = whole();
    let no_fields = Schema::builder().build();
    let mut other_fields = Schema::builder();
    other_fields.add_text_field("text", TEXT | STORED);
    other_fields.add_u64_field("key", STORED);
    for schema in [no_fields, other_fields.build()] {
        check(&world, &whole, "another schema", |index| {
            let build = build_in(index);
            fs::remove_dir_all(&build).expect("a build can be removed");
            fs::create_dir(&build).expect("a folder can be made");
            let other = tantivy::Index::create_in_dir(&build, schema).expect("an index");
            let mut writer = other.writer_with_num_threads::<tantivy::TantivyDocument>(1, 15 << 20);
            let writer = writer.as_mut().expect("a writer");
            writer.add_document(Default::default()).expect("a document");
            writer.commit().expect("a commit");
        });
    }
}

#[test]
fn a_build_whose_description_is_damaged() {
    let (world, whole) = whole();
    for name in ["meta.json", ".managed.json"] {
        for text in ["", "{", "null", "[]", "{\"segments\":[]}", "\u{1f4a5}"] {
            check(&world, &whole, &format!("{name} is {text:?}"), |index| {
                fs::write(build_in(index).join(name), text).expect("a file can be written");
            });
        }
        check(&world, &whole, &format!("{name} has gone"), |index| {
            fs::remove_file(build_in(index).join(name)).expect("a file can be removed");
        });
        check(&world, &whole, &format!("{name} is cut"), |index| {
            let file = build_in(index).join(name);
            let len = fs::metadata(&file).expect("the file is there").len();
            cut(&file, len / 2);
        });
    }
    check(&world, &whole, "the build is empty", |index| {
        let build = build_in(index);
        fs::remove_dir_all(&build).expect("a build can be removed");
        fs::create_dir(&build).expect("a folder can be made");
    });
    check(&world, &whole, "the build is a file", |index| {
        let build = build_in(index);
        fs::remove_dir_all(&build).expect("a build can be removed");
        fs::write(&build, "").expect("a file can be written");
    });
}

/// The files of a build that hold sections.
fn segment_files(whole: &Path) -> Vec<PathBuf> {
    let files = files_of(&build_in(whole)).into_iter();
    let files: Vec<PathBuf> = files
        .filter(|file| !name_of(file).ends_with(".json") && !name_of(file).ends_with(".lock"))
        .collect();
    assert!(files.len() >= 5, "{files:?}");
    files
}

#[test]
fn a_build_with_files_cut_or_gone() {
    let (world, whole) = whole();
    for file in segment_files(&whole) {
        let name = name_of(&file);
        let len = fs::metadata(&file).expect("the file is there").len();
        check(&world, &whole, &format!("{name} has gone"), |index| {
            fs::remove_file(build_in(index).join(&name)).expect("a file can be removed");
        });
        for at in 0..CUTS as u64 {
            let short = len * at / CUTS as u64;
            check(
                &world,
                &whole,
                &format!("{name} is cut to {short}"),
                |index| {
                    cut(&build_in(index).join(&name), short);
                },
            );
        }
    }
}

#[test]
fn a_build_cut_anywhere() {
    let (world, whole) = whole();
    let files = segment_files(&whole);
    let mut dice = Dice(0xc07);
    for round in 0..n_damages() {
        let file = &files[round % files.len()];
        let len = fs::metadata(file).expect("the file is there").len();
        let short = dice.below(usize::try_from(len).expect("a small file"));
        let name = name_of(file);
        let what = format!("{name} is cut from {len} to {short}");
        check(&world, &whole, &what, |index| {
            cut(&build_in(index).join(&name), short as u64);
        });
    }
}

#[test]
fn a_build_with_flipped_bytes() {
    let (world, whole) = whole();
    let files = segment_files(&whole);
    let mut dice = Dice(0xb17);
    for round in 0..n_damages() {
        let file = &files[round % files.len()];
        let name = name_of(file);
        let mut bytes = fs::read(file).expect("the file can be read");
        let at = match round / files.len() {
            // The end of a file holds where everything else lies.
            0 => bytes.len() - 1,
            1 => bytes.len() - 1 - dice.below(bytes.len().min(120)),
            _ => dice.below(bytes.len()),
        };
        bytes[at] ^= 1 << dice.below(8) | 1 << dice.below(8);
        let what = format!("byte {at} of {} of {name} is flipped", bytes.len());
        check(&world, &whole, &what, |index| {
            fs::write(build_in(index).join(&name), &bytes).expect("a file can be written");
        });
    }
}

#[test]
fn damage_while_it_answers() {
    let (world, whole) = whole();
    let index = world.open();
    for file in segment_files(&world.folder()) {
        let mut bytes = fs::read(&file).expect("the file can be read");
        for byte in &mut bytes {
            *byte = !*byte;
        }
        fs::write(&file, bytes).expect("a file can be written");
    }
    look_around(&index);
    world.sync(&index);
    world.check(&index);
    fs::remove_dir_all(world.folder()).expect("the index can be removed");
    look_around(&index);
    world.sync(&index);
    world.check(&index);
    world.check(&world.open());
    drop(whole);
}
