//! Several handles, threads and processes on one index: nobody sees half an edit, one writes.

use std::fs::File;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use studyhall_index::{Index, IndexError};

use crate::world::{World, held, hits, lines, search};

/// Sections of each note that carry a version.
const N_SECTIONS: usize = 5;

fn note(name: &str, version: usize) -> String {
    let section = |at| format!("## Part {at} of {name}\n\nThe zebra is of version{version}.\n\n");
    let sections: String = (1..N_SECTIONS).map(section).collect();
    format!("# {name}\n\nThe zebra is of version{version}.\n\n{sections}")
}

/// Tells the watchers to stop when it goes, even where a test fails.
struct Done<'a>(&'a AtomicBool);

impl Drop for Done<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Release);
    }
}

/// The one version that all of these texts carry.
#[track_caller]
fn version_of(bodies: impl Iterator<Item = String>) -> String {
    let mut bodies: Vec<String> = bodies.collect();
    assert_eq!(bodies.len(), 2 * N_SECTIONS, "{bodies:?}");
    bodies.dedup();
    assert_eq!(bodies.len(), 1, "half an edit: {bodies:?}");
    bodies.remove(0)
}

#[test]
fn nobody_sees_half_an_edit() {
    const EDITS: usize = 25;
    let world = World::new(&[("a.md", &note("A", 0)), ("b.md", &note("B", 0))]);
    let index = world.built();
    let done = AtomicBool::new(false);
    let n_looks = AtomicUsize::new(0);
    let versions = thread::scope(|scope| {
        let stop = Done(&done);
        let watch = || {
            let mut versions = Vec::new();
            while !done.load(Ordering::Acquire) {
                let found = index.search("zebra", None, 50);
                let hits = found.expect("a search succeeds").hits.into_iter();
                versions.push(version_of(hits.map(|hit| hit.section.body)));
                n_looks.fetch_add(1, Ordering::Release);
            }
            versions.dedup();
            versions
        };
        let watchers: Vec<_> = (0..2).map(|_| scope.spawn(watch)).collect();
        for version in 1..=EDITS {
            world.write("a.md", &note("A", version));
            world.write("b.md", &note("B", version));
            let before = n_looks.load(Ordering::Acquire);
            match version % 5 {
                0 => world.rebuild(&index),
                _ => world.sync(&index),
            };
            // Each version is looked at, however slow the machine, unless a watcher has failed.
            while n_looks.load(Ordering::Acquire) < before + 4
                && !watchers.iter().any(thread::ScopedJoinHandle::is_finished)
            {
                thread::yield_now();
            }
        }
        drop(stop);
        let join = |watcher: thread::ScopedJoinHandle<'_, Vec<String>>| watcher.join();
        watchers.into_iter().map(join).collect::<Vec<_>>()
    });
    for seen in versions {
        let seen = seen.expect("a watcher saw whole notes only");
        let numbers: Vec<usize> = seen
            .iter()
            .filter_map(|body| {
                body.trim_end_matches('.')
                    .rsplit("version")
                    .next()?
                    .parse()
                    .ok()
            })
            .collect();
        assert!(numbers.is_sorted(), "an edit was taken back: {numbers:?}");
        assert!(numbers.len() > EDITS / 2, "too few were seen: {numbers:?}");
    }
    world.check(&index);
}

#[test]
fn swapping_builds_amid_searches_fails_none() {
    const SWAPS: usize = 20;
    const ASKERS: usize = 4;
    /// Searches of each asker between one swap and the next, at least.
    const SEARCHES: usize = 8;
    let world = World::new(&[("a.md", &note("A", 0)), ("b.md", &note("B", 0))]);
    let index = world.built();
    // As another process does, it goes on with a build that is swept away under it.
    let stale = world.open();
    let done = AtomicBool::new(false);
    let n_searches: [AtomicUsize; ASKERS] = Default::default();
    thread::scope(|scope| {
        let stop = Done(&done);
        let ask = |asker: usize| {
            let index = if asker == 0 { &stale } else { &index };
            while !done.load(Ordering::Acquire) {
                let found = index.search("zebra", None, 50).expect("a search succeeds");
                version_of(found.hits.iter().map(|hit| hit.section.body.clone()));
                let name = &index.suggest("part 1 of a", 5)[0];
                let key = index.resolve("a.md#part-1-of-a").expect("a look succeeds");
                assert_eq!(key, Some(name.key));
                let placed = index.section(name.key).expect("a look succeeds");
                assert!(placed.is_some_and(|placed| placed.next.is_some()));
                n_searches[asker].fetch_add(1, Ordering::Release);
            }
        };
        let askers: Vec<_> = (0..ASKERS).map(|at| scope.spawn(move || ask(at))).collect();
        for swap in 1..=SWAPS {
            let before = world.build();
            world.write("a.md", &note("A", swap));
            world.write("b.md", &note("B", swap));
            world.rebuild(&index);
            assert_ne!(world.build(), before, "another build is in use");
            let want = swap * SEARCHES;
            let is_behind = |n: &AtomicUsize| n.load(Ordering::Acquire) < want;
            // However slow the machine, all ask of each build, unless one of them has failed.
            while n_searches.iter().any(is_behind)
                && !askers.iter().any(thread::ScopedJoinHandle::is_finished)
            {
                thread::yield_now();
            }
        }
        drop(stop);
        for asker in askers {
            asker.join().expect("no search failed");
        }
    });
    let all: usize = n_searches.iter().map(|n| n.load(Ordering::Acquire)).sum();
    assert!(all >= SWAPS * ASKERS * SEARCHES, "only {all} searches");
    world.check(&index);
    world.sync(&stale);
    world.check(&stale);
}

#[test]
fn names_and_sections_change_together() {
    const EDITS: usize = 15;
    let text = |version: usize| format!("# Name {version}\n\nOf version{version}.\n");
    let world = World::new(&[("a.md", &text(0))]);
    let index = world.built();
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let stop = Done(&done);
        let watcher = scope.spawn(|| {
            while !done.load(Ordering::Acquire) {
                let names = index.suggest("name", 10);
                assert_eq!(names.len(), 1, "{names:?}");
                assert_eq!(index.topics().len(), 1);
                // The name may be gone by now, but it never leads to another section.
                let section = index.section(names[0].key).expect("a look succeeds");
                if let Some(placed) = section {
                    assert_eq!(placed.section.heading_path, names[0].heading_path);
                    assert_eq!((placed.previous, placed.next), (None, None));
                }
            }
        });
        for version in 1..=EDITS {
            world.write("a.md", &text(version));
            world.sync(&index);
        }
        drop(stop);
        watcher.join().expect("names and sections fit");
    });
}

#[test]
fn a_second_handle_sees_what_the_first_wrote() {
    let world = World::new(&[("a.md", &note("A", 0)), ("b.md", &note("B", 0))]);
    let first = world.built();
    let second = world.open();
    world.check(&second);
    for version in 1..4 {
        world.write("a.md", &note("A", version));
        world.sync(&first);
        let synced = world.sync(&second);
        assert_eq!(synced.n_changed, 0, "the first handle has written it");
        world.check(&second);
        world.remove("a.md");
        world.sync(&second);
        world.sync(&first);
        world.check(&first);
    }
    world.check(&world.open());
}

#[test]
fn a_second_handle_follows_a_rebuild_of_the_first() {
    let world = World::new(&[("a.md", &note("A", 0))]);
    let first = world.built();
    let second = world.open();
    let before = held(&second);
    world.write("a.md", &note("A", 1));
    world.rebuild(&first);
    assert_eq!(lines(&held(&second)), lines(&before), "not yet synced");
    let synced = world.sync(&second);
    assert_eq!(synced.n_changed, 0, "the first handle has written it");
    world.check(&second);
    world.write("a.md", &note("A", 2));
    world.sync(&second);
    world.check(&second);
    world.sync(&first);
    world.check(&first);
    world.check(&world.open());
    assert_eq!(world.builds().len(), 1);
}

#[test]
fn a_handle_opened_before_the_first_build_takes_it_over() {
    let world = World::new(&[("a.md", &note("A", 0))]);
    let (first, second) = (world.open(), world.open());
    world.sync(&first);
    world.sync(&second);
    world.check(&second);
    world.write("a.md", &note("A", 1));
    world.sync(&first);
    world.check(&first);
    world.check(&world.open());
    assert_eq!(world.builds().len(), 1);
}

#[test]
fn one_writes_and_the_others_are_told() {
    let world = World::new(&[("a.md", &note("A", 0)), ("b.md", &note("B", 0))]);
    let index = world.built();
    let before = held(&index);
    let lock = File::options()
        .write(true)
        .open(world.folder().join("LOCK"))
        .expect("the lock's file is there");
    lock.lock().expect("the lock is free");
    world.write("a.md", &note("A", 1));
    let notes = world.notes();
    let busy = |index: &Index| {
        let named = std::iter::once("a.md".to_owned()).collect();
        for error in [
            index.sync(&notes, &|_| ()).expect_err("another writes"),
            index
                .sync_notes(&notes, &named)
                .expect_err("another writes"),
            index.rebuild(&notes, &|_| ()).expect_err("another writes"),
        ] {
            assert!(matches!(error, IndexError::Busy), "{error:?}");
        }
        assert_eq!(lines(&held(index)), lines(&before));
        assert_eq!(search(index, "zebra").hits.len(), 10);
    };
    busy(&index);
    busy(&world.open());
    lock.unlock().expect("the lock can be given back");
    world.sync(&index);
    world.check(&index);
}

#[test]
fn a_clone_is_the_same_index() {
    let world = World::new(&[("a.md", &note("A", 0))]);
    let index = world.open();
    let clone = index.clone();
    world.sync(&index);
    world.check(&clone);
    world.rebuild(&clone);
    world.check(&index);
    assert_eq!(hits(&index, "zebra").len(), N_SECTIONS);
}

#[test]
fn two_threads_that_sync_at_once_leave_the_notes() {
    let world = World::new(&[]);
    let index = world.built();
    for version in 0..8 {
        world.write("a.md", &note("A", version));
        world.write("b.md", &note("B", version));
        thread::scope(|scope| {
            for handle in [index.clone(), world.open()] {
                let notes = world.notes();
                scope.spawn(move || match handle.sync(&notes, &|_| ()) {
                    Ok(_) | Err(IndexError::Busy) => {}
                    Err(error) => panic!("{error:?}"),
                });
            }
        });
        world.sync(&index);
        world.check(&index);
    }
}
