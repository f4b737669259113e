//! A hundred backups made while people answer, each restored: it holds the answers up to an instant
//! during which it was made.

use std::collections::BTreeMap;
use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use studyhall::scores::Scores;
use studyhall::scores::answers::Recorded;
use studyhall::scores::round::RoundId;
use studyhall::scores::sqlite::Sqlite;
use studyhall::scores::sqlite::backup::{self, Overwrite};

use super::{answered, open_round, right};

const N_BACKUPS: usize = 100;
/// People who answer at the same time, each in rounds of their own.
const N_WRITERS: u32 = 2;
/// Between two answers of one: the file stays small, and a hundred copies of it are made quickly.
const PAUSE: Duration = Duration::from_millis(2);

/// One who answers for one member after the other, in the order of their numbers.
struct Writer {
    round: RoundId,
    n_begun: AtomicU64,
    n_told: AtomicU64,
}

impl Writer {
    fn answer(&self, scores: &Scores, is_over: &AtomicBool) {
        while !is_over.load(Ordering::SeqCst) {
            let member = self.n_begun.fetch_add(1, Ordering::SeqCst);
            let event = member * u64::from(N_WRITERS) + self.round.0.cast_unsigned();
            let recorded = scores.record(right(self.round, member, event));
            let counts = matches!(recorded, Ok(Recorded::Counts { .. }));
            assert!(counts, "{recorded:?}");
            self.n_told.fetch_add(1, Ordering::SeqCst);
            thread::sleep(PAUSE);
        }
    }
}

#[test]
fn each_of_a_hundred_backups_amid_answers_restores_all_up_to_an_instant() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("scores.sqlite");
    let scores = Scores::new(Arc::new(Sqlite::open(&file).expect("a file of scores")));
    let writer = |number| Writer {
        round: open_round(&scores, number),
        n_begun: AtomicU64::new(0),
        n_told: AtomicU64::new(0),
    };
    let writers: Vec<Writer> = (0..N_WRITERS).map(writer).collect();
    let is_over = AtomicBool::new(false);
    let counts = |of: fn(&Writer) -> &AtomicU64| -> Vec<u64> {
        let count = |writer| of(writer).load(Ordering::SeqCst);
        writers.iter().map(count).collect()
    };
    thread::scope(|scope| {
        for writer in &writers {
            let (scores, is_over) = (&scores, &is_over);
            scope.spawn(move || writer.answer(scores, is_over));
        }
        // They stop also where this thread fails.
        let _over = Over(&is_over);
        let (to, restored) = (folder.path().join("backup"), folder.path().join("restored"));
        let mut earlier = vec![0; writers.len()];
        for number in 0..N_BACKUPS {
            let told_before = counts(|writer| &writer.n_told);
            backup::back_up(&file, &to, Overwrite::Yes).expect("a backup");
            let begun_after = counts(|writer| &writer.n_begun);
            backup::restore(&to, &restored).expect("restored");
            let database = Sqlite::open(&restored).expect("a file of scores");
            let mut found: BTreeMap<i64, Vec<u64>> = BTreeMap::new();
            for (round, member) in answered(&database) {
                found.entry(round).or_default().push(member);
            }
            for (at, writer) in writers.iter().enumerate() {
                let members = found.remove(&writer.round.0).unwrap_or_default();
                let n = members.len() as u64;
                assert!(
                    members.into_iter().eq(0..n),
                    "backup {number}: not all up to {n}"
                );
                let range = told_before[at].max(earlier[at])..=begun_after[at];
                assert!(range.contains(&n), "backup {number}: {n} of {range:?}");
                earlier[at] = n;
            }
            drop(database);
            fs::remove_file(&restored).expect("a file");
        }
        assert!(earlier.iter().all(|n| *n > 0), "{earlier:?}");
    });
}

/// Whoever sees it go stops.
struct Over<'a>(&'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}
