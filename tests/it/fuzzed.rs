//! What reads texts from outside, given the seeds of the fuzz targets and small changes to them.
//!
//! The targets themselves search for longer, guided by which code is reached: see "Development" in
//! the README. Both do what stands in `fuzz/src/lib.rs`.

#[path = "../../fuzz/src/lib.rs"]
#[expect(
    unreachable_pub,
    reason = "the file is also the crate of the fuzz targets"
)]
pub(crate) mod entries;
mod questions;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::TestRunner;

use entries::TARGETS;

/// Changes of one seed, at most.
const CHANGES_MAX: usize = 12;
/// Bytes that one change takes out or says again, at most.
const STRETCH_MAX: usize = 64;
/// Bytes of a changed seed, at most: as long as what the targets are given.
const BYTES_MAX: usize = 4_096;

/// What is put between the bytes of a seed: signs that mean something to one reader or another.
const SIGNS: &[&[u8]] = &[
    b"\n",
    b"\r\n",
    b"\r",
    b"\0",
    b"\t",
    b" ",
    b"#",
    b"# ",
    b"```",
    b"~~~",
    b"---\n",
    b"- ",
    b"> ",
    b"|",
    b"[",
    b"](",
    b")",
    b"<",
    b">",
    b"<!--",
    b"&#0;",
    b"*",
    b"**",
    b"_",
    b"`",
    b"\\",
    b"\"",
    b"'",
    b"{",
    b"}",
    b"{#",
    b"=",
    b"~",
    b"%",
    b":",
    b"::",
    b"-1",
    b"0",
    b"65535",
    b"65536",
    b"18446744073709551616",
    b"(",
    b"NOT ",
    b"@everyone",
    b"<@1>",
    b"\xff",
    b"\xef\xbb\xbf",
    "\u{202e}".as_bytes(),
    "\u{200d}".as_bytes(),
    "\u{1f600}".as_bytes(),
    "e\u{301}".as_bytes(),
];

/// A change of a seed. Places are shares of its length.
#[derive(Clone, Debug)]
enum Change {
    /// Some bits of a byte are others.
    Flip(Index, u8),
    /// A sign is put in.
    Sign(Index, Index),
    /// A stretch is taken out.
    Drop(Index, usize),
    /// A stretch is said again so often.
    Again(Index, usize, usize),
    /// What follows is another seed's.
    Other(Index, Index),
}

fn change() -> impl Strategy<Value = Change> {
    let at = any::<Index>;
    prop_oneof![
        3 => (at(), 1..=u8::MAX).prop_map(|(at, bits)| Change::Flip(at, bits)),
        4 => (at(), at()).prop_map(|(at, sign)| Change::Sign(at, sign)),
        2 => (at(), 1..STRETCH_MAX).prop_map(|(at, n)| Change::Drop(at, n)),
        2 => (at(), 1..STRETCH_MAX, 1..40_usize).prop_map(|(at, n, times)| Change::Again(at, n, times)),
        1 => (at(), at()).prop_map(|(at, other)| Change::Other(at, other)),
    ]
}

fn changed(seeds: &[Vec<u8>], seed: Index, changes: &[Change]) -> Vec<u8> {
    let mut bytes = seeds[seed.index(seeds.len())].clone();
    for change in changes {
        let len = bytes.len();
        let place = |at: &Index| at.index(len + 1);
        let stretch = |at: &Index, n: usize| place(at)..(place(at) + n).min(len);
        match change {
            Change::Flip(at, bits) => {
                if let Some(byte) = bytes.get_mut(at.index(len + 1)) {
                    *byte ^= bits;
                }
            }
            Change::Sign(at, sign) => {
                let sign = SIGNS[sign.index(SIGNS.len())];
                bytes.splice(place(at)..place(at), sign.iter().copied());
            }
            Change::Drop(at, n) => drop(bytes.drain(stretch(at, *n))),
            Change::Again(at, n, times) => {
                let again = bytes[stretch(at, *n)].repeat(*times);
                bytes.splice(place(at)..place(at), again);
            }
            Change::Other(at, other) => {
                let other = &seeds[other.index(seeds.len())];
                let from = at.index(other.len() + 1);
                bytes.truncate(place(at));
                bytes.extend(&other[from..]);
            }
        }
        bytes.truncate(BYTES_MAX);
    }
    bytes
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn entries_of(folder: &Path) -> Vec<PathBuf> {
    let listed = fs::read_dir(folder).unwrap_or_else(|error| panic!("{folder:?}: {error}"));
    let mut paths: Vec<PathBuf> = listed
        .map(|entry| entry.expect("an entry").path())
        .collect();
    paths.sort();
    paths
}

/// The seeds of a target, by their paths.
fn seeds(target: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let paths = entries_of(&root().join("fuzz/corpus").join(target));
    let seeds: Vec<_> = paths
        .into_iter()
        .map(|path| (path.clone(), fs::read(&path).expect("a seed")))
        .collect();
    assert!(seeds.len() >= 5, "{target} has {} seeds", seeds.len());
    seeds
}

/// Gives a target its seeds as they are, and then so many that are changed.
#[track_caller]
fn feed(target: &str, n_cases: u32) {
    let (_, make) = TARGETS
        .iter()
        .find(|(name, _)| *name == target)
        .expect("a target");
    let entry = make();
    let seeds = seeds(target);
    for (path, bytes) in &seeds {
        let fed = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| entry(bytes)));
        assert!(fed.is_ok(), "{target} fails on {}", path.display());
    }
    let seeds: Vec<Vec<u8>> = seeds.into_iter().map(|(_, bytes)| bytes).collect();
    let mut runner = TestRunner::new(ProptestConfig {
        cases: n_cases,
        failure_persistence: None,
        ..ProptestConfig::default()
    });
    let fed = runner.run(&cases(CHANGES_MAX), |(seed, changes)| {
        let bytes = changed(&seeds, seed, &changes);
        entry(&bytes);
        Ok(())
    });
    if let Err(proptest::test_runner::TestError::Fail(why, (seed, changes))) = &fed {
        let bytes = changed(&seeds, *seed, changes);
        panic!("{target}: {why}\nwith {}", bytes.escape_ascii());
    }
    fed.expect("the target is fed");
}

/// A seed, and fewer than so many changes of it.
fn cases(n_changes: usize) -> impl Strategy<Value = (Index, Vec<Change>)> {
    let changes = prop::collection::vec(change(), 1..n_changes);
    (any::<Index>(), changes)
}

macro_rules! targets {
    ($($name:ident $n_cases:literal,)*) => {
        $(#[test]
        fn $name() {
            feed(stringify!($name), $n_cases);
        })*

        /// The targets that are fed here.
        const FED: &[&str] = &[$(stringify!($name)),*];
    };
}

// Changed seeds that each is given: so many that all take a few seconds.
targets! { note 2_000, reply 300, question 200, button 5_000, bank 1_000, settings 3_000, }

#[test]
fn every_target_is_fed_has_seeds_and_a_program() {
    let fed: BTreeSet<&str> = FED.iter().copied().collect();
    let named: BTreeSet<&str> = TARGETS.iter().map(|(name, _)| *name).collect();
    assert_eq!(fed, named);
    let stems = |folder: &str| -> BTreeSet<String> {
        let paths = entries_of(&root().join(folder)).into_iter();
        let stem = |path: PathBuf| path.file_stem().unwrap().to_str().unwrap().to_owned();
        paths.map(stem).collect()
    };
    let manifest = fs::read_to_string(root().join("fuzz/Cargo.toml")).unwrap();
    assert_eq!(manifest.matches("[[bin]]").count(), TARGETS.len());
    for name in &named {
        let program = format!("[[bin]]\nname = \"{name}\"\npath = \"targets/{name}.rs\"\n");
        assert!(manifest.contains(&program), "{name}");
        let program = fs::read_to_string(root().join(format!("fuzz/targets/{name}.rs"))).unwrap();
        assert!(
            program.contains(&format!("studyhall_fuzz::{name}")),
            "{name}"
        );
    }
    let named: BTreeSet<String> = named.into_iter().map(str::to_owned).collect();
    assert_eq!(stems("fuzz/targets"), named);
    assert_eq!(stems("fuzz/corpus"), named);
}

/// The packages of a lock file by name, each with its versions and the names of what it is linked with.
fn locked(path: &str) -> BTreeMap<String, (BTreeSet<String>, BTreeSet<String>)> {
    let text = fs::read_to_string(root().join(path)).expect(path);
    let mut packages: BTreeMap<String, (BTreeSet<String>, BTreeSet<String>)> = BTreeMap::new();
    for package in text.split("[[package]]\n").skip(1) {
        let value = |key: &str| {
            let mut lines = package.lines();
            let line = lines.find_map(|line| line.strip_prefix(key));
            line.expect(key).trim_matches('"').to_owned()
        };
        let (versions, names) = packages.entry(value("name = ")).or_default();
        versions.insert(value("version = "));
        // Where there are several of a name, its version stands behind it.
        let listed = package.lines().filter_map(|line| line.strip_prefix(" \""));
        names.extend(listed.map(|name| name.split([' ', '"']).next().expect("a name").to_owned()));
    }
    packages
}

/// The names in a section of a manifest.
fn section(manifest: &str, section: &str) -> BTreeSet<String> {
    let text = fs::read_to_string(root().join(manifest)).expect(manifest);
    let section = text.split(&format!("\n[{section}]\n")).nth(1);
    let section = section
        .expect(manifest)
        .split("\n[")
        .next()
        .unwrap_or_default();
    let lines = section.lines().filter(|line| !line.starts_with('#'));
    let names = lines.map(|line| line.split(['.', ' ', '=']).next().unwrap_or_default());
    names
        .filter(|name| !name.is_empty())
        .map(str::to_owned)
        .collect()
}

#[test]
fn the_targets_are_linked_with_what_the_program_is() {
    let (program, fuzzed) = (locked("Cargo.lock"), locked("fuzz/Cargo.lock"));
    for (name, manifest) in [
        ("studyhall", "Cargo.toml"),
        ("studyhall-index", "index/Cargo.toml"),
    ] {
        let used = section(manifest, "dependencies");
        let of_tests = section(manifest, "dev-dependencies");
        let (_, names) = &program[name];
        let is_used = |name: &&String| used.contains(*name) || !of_tests.contains(*name);
        let expected: BTreeSet<_> = names.iter().filter(is_used).collect();
        let (_, names) = &fuzzed[name];
        let names: BTreeSet<_> = names.iter().collect();
        let mend = "bring it up to date: cargo update --workspace --manifest-path fuzz/Cargo.toml";
        assert_eq!(names, expected, "{name} in fuzz/Cargo.lock; {mend}");
    }
    let mut n_same = 0;
    for (name, (versions, _)) in &fuzzed {
        if let Some((expected, _)) = program.get(name) {
            assert!(expected.is_superset(versions), "{name}: {versions:?}");
            n_same += 1;
        }
    }
    assert!(n_same > 100, "{n_same} packages");
}
