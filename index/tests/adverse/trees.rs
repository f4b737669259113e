//! Folders of notes made to mislead: links, pipes, sockets, files and folders of any size and name.
//! Nothing outside is read, nothing hangs, and the good notes are found.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::Command;

use studyhall_index::{Index, NOTE_MAX, question_files};

use crate::times;
use crate::world::{Dice, World, held, hits, ids};

/// How many trees are tried, and how many where the variable says nothing.
const TREES: &str = "STUDYHALL_TEST_TREES";
const TREES_USUAL: usize = 60;
/// Things in a tree, at most.
const THINGS_MAX: usize = 14;
/// Levels of folders: more than are read.
const LEVELS: usize = 40;
/// Stands in every file outside.
const SECRET: &str = "zqsecret";

/// What lies outside, below the same folder as the notes.
fn outside(world: &World) -> std::path::PathBuf {
    let outside = world.root.path().join("outside");
    fs::create_dir_all(outside.join("deep")).expect("a folder");
    let secret = format!("# {SECRET}\n\nThe {SECRET} itself.\n");
    for name in ["secret.md", "deep/secret.md", ".env"] {
        fs::write(outside.join(name), &secret).expect("a file");
    }
    outside
}

fn pipe(path: &Path) {
    let made = Command::new("mkfifo").arg(path).status();
    assert!(made.expect("mkfifo of coreutils").success());
}

/// Puts something odd below a folder.
fn grow(dice: &mut Dice, number: usize, folder: &Path, outside: &Path) {
    let name = |ending: &str| folder.join(format!("thing {number}{ending}"));
    let done = match dice.below(17) {
        0 => symlink(outside.join("secret.md"), name(".md")),
        1 => symlink(outside, name("")),
        2 => symlink(outside, name(".md")),
        3 => symlink("..", name("")),
        4 => symlink("../outside/secret.md", name(".markdown")),
        5 => symlink(name(".md"), name(".md")),
        6 => symlink("/proc/self/environ", name(".md")),
        7 => symlink("/dev/zero", name(".md")),
        8 => {
            // A link to a link, by a folder that is a link.
            symlink(outside.join("deep"), name(" via")).expect("a link");
            symlink(name(" via").join("secret.md"), name(".md"))
        }
        9 => {
            pipe(&name(".md"));
            Ok(())
        }
        10 => UnixListener::bind(name(".md")).map(drop),
        11 => File::create(name(".md")).and_then(|file| file.set_len(NOTE_MAX + 1)),
        12 => fs::create_dir(name(".md")),
        13 => {
            let mut deep = name("");
            deep.extend((0..LEVELS).map(|_| "d"));
            fs::create_dir_all(&deep).expect("folders");
            fs::write(deep.join("too deep.md"), "# Too deep\n\nText.\n")
        }
        14 => fs::write(
            folder
                .join(OsStr::from_bytes(
                    format!("n{number}\u{e9}").as_bytes().split_at(3).0,
                ))
                .with_extension("md"),
            "# Odd\n\nA name cut in the middle of a letter.\n",
        ),
        15 => fs::write(
            folder.join(OsStr::from_bytes(&[b'x', 0xff, b'.', b'm', b'd'])),
            "# Odd\n\nNo name in UTF-8.\n",
        ),
        _ => symlink(outside, folder.join(format!(".hidden {number}"))),
    };
    // A name may be taken already.
    if let Err(error) = done {
        assert_eq!(error.kind(), std::io::ErrorKind::AlreadyExists, "{error}");
    }
}

/// Fails where anything from outside is in the index.
#[track_caller]
fn assert_inside(index: &Index) {
    for section in held(index) {
        let text = format!("{section:?}");
        assert!(!text.contains(SECRET), "{text}");
        assert!(!section.path.contains("too deep"), "{text}");
    }
    assert_eq!(hits(index, SECRET), Vec::<String>::new());
}

#[test]
fn no_tree_leads_outside_or_hides_the_good_notes() {
    let mut dice = Dice(0x7ee5);
    for tree in 0..times(TREES, TREES_USUAL) {
        let world = World::new(&[
            ("good.md", "# Good\n\nThe one plain sentence.\n"),
            ("in/good.md", "# Also good\n\nAnother plain sentence.\n"),
        ]);
        let outside = outside(&world);
        let quiz = world.file("quiz");
        if tree % 7 == 0 {
            symlink(&outside, &quiz).expect("a link");
        } else {
            fs::create_dir(&quiz).expect("a folder");
        }
        for number in 0..1 + dice.below(THINGS_MAX) {
            let mut folders = vec![world.notes(), world.file("in")];
            folders.extend((tree % 7 > 0).then(|| quiz.clone()));
            let folder = &folders[dice.below(folders.len())];
            grow(&mut dice, number, folder, &outside);
        }
        let index = world.built();
        assert_inside(&index);
        let good = ids(&held(&index));
        for id in ["good.md#good", "in/good.md#also-good"] {
            assert!(good.iter().any(|held| held == id), "tree {tree}: {good:?}");
        }
        // What names a path, such as a look at the folder's changes, leads no further.
        let named = [
            "../outside/secret.md",
            "in/../../outside/secret.md",
            "thing 0/secret.md",
            "thing 0.md/secret.md",
            "thing 0 via/secret.md",
            "quiz/secret.md",
            "/etc/passwd.md",
            "",
        ];
        let named: BTreeSet<String> = named.iter().map(|path| (*path).to_owned()).collect();
        let synced = index.sync_notes(&world.notes(), &named);
        synced.expect("a sync succeeds");
        assert_inside(&index);
        match question_files(&world.notes()) {
            Ok(found) => {
                let text = format!("{:?}", found.files);
                assert!(!text.contains(SECRET), "tree {tree}: {text}");
            }
            Err(error) => assert_eq!(error.kind(), std::io::ErrorKind::NotADirectory, "{error}"),
        }
    }
}
