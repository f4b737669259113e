//! An index remembers what it looked up and read for questions: no answer may tell.

use std::collections::BTreeSet;

use studyhall_index::Index;

use crate::world::{World, search};

/// Questions whose reading depends on what notes say elsewhere, each in another way.
const QUESTIONS: [&str; 8] = [
    "dlq",
    "dead letter queue",
    "visibilty of messages",
    "autoscaling",
    "warehousing",
    "kms",
    "kumo bucket",
    "message lost after failures",
];

/// States of a note about it all, one after the other.
const STATES: [&str; 6] = [
    "# Queues\n\n## Dead Letter Queue (DLQ)\n\nFailed messages go there.\n\n## Visibility\n\nMessages are hidden.\n",
    "# Queues\n\n## Where failures go\n\nA dead letter is a lost message; a queue keeps it.\n\n## Visible\n\nShown.\n",
    "# Computing\n\n## Auto Scaling\n\nMore machines.\n\n## Data warehouses\n\nMany rows.\n",
    "# Keys\n\n## Key Management Service\n\nKeeps keys.\n\n## Autoscaling\n\nMore of it.\n",
    "# Kumo\n\n## Kumo bucket\n\nFiles.\n\n## Kumo queue\n\nDLQ: Data Loss Quota.\n\n## Kumo disk\n\nBlocks.\n\n\
     ## Kumo key\n\nLetters.\n\n## Kumo lock\n\nOne of them.\n\n## Kumo role\n\nRights.\n",
    "",
];

/// What an index answers to everything, in full.
fn answers(index: &Index) -> Vec<String> {
    let answer = |question: &&str| format!("{:?}", search(index, question));
    QUESTIONS.iter().map(answer).collect()
}

#[test]
fn an_index_that_has_answered_before_answers_like_a_new_one() {
    let world = World::new(&[
        ("storage.md", "# Storage\n\nA bucket holds files.\n"),
        (
            "mail.md",
            "# Mail\n\nA message may be lost after failures.\n",
        ),
    ]);
    let index = world.built();
    let mut seen = vec![BTreeSet::new(); QUESTIONS.len()];
    for state in STATES.iter().chain(&STATES) {
        world.write("all.md", state);
        world.sync(&index);
        // What the first time brings to light, the second time is remembered.
        let told = [answers(&index), answers(&index)];
        let expected = answers(&world.open());
        assert_eq!(told[0], expected, "{state}");
        assert_eq!(told[1], expected, "{state}");
        for (seen, answer) in seen.iter_mut().zip(expected) {
            seen.insert(answer);
        }
    }
    world.remove("all.md");
    world.sync(&index);
    assert_eq!(answers(&index), answers(&world.open()));
    for (question, seen) in QUESTIONS.iter().zip(seen) {
        assert!(seen.len() > 2, "{question} hardly depends on the notes");
    }
}

/// So few of many sections go that nothing is written anew: what was learnt must go all the same.
#[test]
fn a_phrase_is_forgotten_with_its_note() {
    let world = World::new(&[
        ("keys.md", "# Keys\n\n## Kept Master Secrets\n\nLetters.\n"),
        ("plan.md", "# Plan\n\nKept, a master of secrets.\n"),
    ]);
    for at in 0..40 {
        world.write(&format!("{at}.md"), &format!("# Note {at}\n\nText.\n"));
    }
    let index = world.built();
    let before = answers(&index);
    assert_eq!(before, answers(&world.open()));
    world.remove("keys.md");
    world.sync(&index);
    let after = answers(&index);
    assert_ne!(before, after);
    assert_eq!(after, answers(&world.open()));
}

#[test]
fn two_indexes_at_work_side_by_side_keep_their_words_apart() {
    let worlds = STATES.map(|state| World::new(&[("all.md", state)]));
    let indexes: Vec<Index> = worlds.iter().map(World::built).collect();
    let first: Vec<Vec<String>> = indexes.iter().map(answers).collect();
    let again: Vec<Vec<String>> = indexes.iter().map(answers).collect();
    assert_eq!(first, again);
    let fresh: Vec<Vec<String>> = worlds.iter().map(|world| answers(&world.open())).collect();
    assert_eq!(first, fresh);
}

/// What was learnt of a build reads its files: it goes when they do, not with the next question.
#[cfg(target_os = "linux")]
#[test]
fn no_file_is_held_that_is_gone() {
    let world = World::new(&[("all.md", STATES[0])]);
    let index = world.built();
    for state in STATES {
        answers(&index);
        world.write("all.md", state);
        world.sync(&index);
        let maps = std::fs::read_to_string("/proc/self/maps").expect("what this process maps");
        let folder = world.folder().display().to_string();
        let gone = |line: &&str| line.contains(&folder) && line.ends_with("(deleted)");
        let held: Vec<&str> = maps.lines().filter(gone).collect();
        assert!(held.is_empty(), "{held:#?}");
    }
}
