//! What a great many changed questions cost, asked of the shipped notes.
#![cfg(target_os = "linux")]

use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::{Config, RngSeed, TestRunner};
use studyhall_index::{HITS_MAX, Index};

use super::{cases, changed, root, seeds};
use crate::simulation::number;
use crate::soak::Held;

/// How many questions are asked of the shipped notes, and how many where nobody says so.
const QUESTIONS: &str = "STUDYHALL_TEST_QUESTIONS";
const QUESTIONS_USUAL: u64 = 20_000;
/// Changes of a question, fewer than so many: most stay about as long as people ask.
const N_CHANGES: usize = 4;
/// Threads that ask.
const N_ASKERS: u64 = 2;
/// Questions after which everything that is kept has been seen to, and memory a process may have on
/// top of what it had then.
const N_WARM_UP: u64 = 2_000;
const MORE_MEMORY_MAX_KIB: u64 = 50 << 10;

/// Asks so many changed questions, others for each number. The longest that one took, and which.
fn ask(index: &Index, seeds: &[Vec<u8>], n: u64, asker: u64) -> (Duration, String) {
    let mut runner = TestRunner::new(Config {
        rng_seed: RngSeed::Fixed(asker),
        ..Config::default()
    });
    let mut longest = (Duration::ZERO, String::new());
    for _ in 0..n {
        let case = cases(N_CHANGES).new_tree(&mut runner).expect("a case");
        let (seed, changes) = case.current();
        let typed = changed(seeds, seed, &changes);
        let typed = String::from_utf8_lossy(&typed).into_owned();
        let began = Instant::now();
        let found = index.search(&typed, None, HITS_MAX);
        let took = began.elapsed();
        let found = found.expect("the index can be read");
        assert!(
            (0.0..=1.0).contains(&found.confidence),
            "{typed:?}: {found:?}"
        );
        if took > longest.0 {
            longest = (took, typed);
        }
    }
    longest
}

#[test]
#[ignore = "takes minutes: STUDYHALL_TEST_QUESTIONS says how many are asked"]
fn whatever_is_asked_of_the_shipped_notes_costs_no_memory_that_is_kept() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let index = Index::open(&folder.path().join("index")).expect("an index");
    let notes = root().join("notes");
    index.sync(&notes, &|_| ()).expect("the index takes notes");
    let judged = fs::read_to_string(notes.join("eval.jsonl")).expect("judged questions");
    let judged = judged.lines().map(|line| {
        let judged: serde_json::Value = serde_json::from_str(line).expect("a line of JSON");
        let query = judged["query"].as_str().expect("a question");
        query.as_bytes().to_vec()
    });
    let seeds: Vec<Vec<u8>> = seeds("question")
        .into_iter()
        .map(|(_, bytes)| bytes)
        .chain(judged)
        .collect();
    let n = number(QUESTIONS).unwrap_or(QUESTIONS_USUAL);
    ask(&index, &seeds, N_WARM_UP, N_ASKERS);
    let before = Held::by(std::process::id());
    let longest = thread::scope(|scope| {
        let (index, seeds) = (&index, &seeds);
        let askers: Vec<_> = (0..N_ASKERS)
            .map(|asker| scope.spawn(move || ask(index, seeds, n.div_ceil(N_ASKERS), asker)))
            .collect();
        let all = askers.into_iter().map(|asker| asker.join().expect("asked"));
        all.max().expect("somebody asks")
    });
    let after = Held::by(std::process::id());
    eprintln!(
        "{n} questions, the longest took {:?}: {:?}; {} KiB before, {} KiB after",
        longest.0, longest.1, before.memory_kib, after.memory_kib
    );
    let more = after.memory_kib.saturating_sub(before.memory_kib);
    assert!(more <= MORE_MEMORY_MAX_KIB, "{more} KiB more");
}
