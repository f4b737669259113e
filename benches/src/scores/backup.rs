//! A backup of a million answers while somebody answers, and the statement of SQLite that it stands on.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow, ensure};
use rusqlite::Connection;
use serde_json::json;
use studyhall::scores::Scores;
use studyhall::scores::answers::{Answer, Recorded};
use studyhall::scores::sqlite::Sqlite;
use studyhall::scores::sqlite::backup::{self, Overwrite};

use super::boards::{self, N_ANSWERS, N_DAYS};
use super::made::{self, Open};
use crate::{child, corpus};

/// Times each side copies the file, in turns.
const N_ROUNDS: usize = 7;
/// How long is answered without a backup, to know how long an answer waits by itself.
const CALM: Duration = Duration::from_secs(1);

/// What one side needed, copy by copy.
#[derive(Debug, Default)]
struct Times {
    s: Vec<f64>,
    stall_ms: Vec<f64>,
    per_s: Vec<f64>,
}

/// Somebody who answers without a pause.
struct Answers {
    scores: Scores,
    round: Open,
    n_given: u64,
}

impl Answers {
    /// Answers while something is done, and notes how long both took.
    fn during(&mut self, times: &mut Times, doing: impl FnOnce() -> Result<()>) -> Result<()> {
        let is_over = AtomicBool::new(false);
        let started = Instant::now();
        let (done, waits) = thread::scope(|scope| {
            let answering = scope.spawn(|| self.give(&is_over));
            let done = doing().map(|()| started.elapsed().as_secs_f64());
            is_over.store(true, Ordering::SeqCst);
            (done, answering.join())
        });
        let (s, waits) = (done?, waits.map_err(|_| anyhow!("who answers panicked"))??);
        times.s.push(s);
        times.per_s.push(waits.len() as f64 / s);
        times.stall_ms.push(waits.into_iter().fold(0.0, f64::max));
        Ok(())
    }

    /// Answers until it is over; how long each answer took, in milliseconds.
    fn give(&mut self, is_over: &AtomicBool) -> Result<Vec<f64>> {
        let mut waits = Vec::new();
        while !is_over.load(Ordering::SeqCst) {
            self.n_given += 1;
            let answer = Answer {
                round: self.round.id,
                member: made::member(self.n_given),
                choices: made::right(),
                at: self.round.opened_at,
                event: N_ANSWERS as u64 + self.n_given,
            };
            let started = Instant::now();
            let recorded = self.scores.record(answer)?;
            waits.push(started.elapsed().as_secs_f64() * 1e3);
            ensure!(
                matches!(recorded, Recorded::Counts { .. }),
                "an answer does not count: {recorded:?}"
            );
        }
        Ok(waits)
    }
}

/// The task of the process that backs up.
pub(crate) fn back_up_all(work: &Path) -> Result<()> {
    let made = boards::made_file(work)?;
    let folder = work.join("backup");
    corpus::clear(&folder)?;
    fs::create_dir_all(&folder)?;
    let file = folder.join("scores.db");
    fs::copy(made, &file)?;
    // What the disk still has to write of it is nobody's to wait for.
    fs::File::open(&file)?.sync_all()?;
    let scores = Scores::new(Arc::new(Sqlite::open(&file)?));
    let round = made::open_rounds(&scores, N_DAYS..N_DAYS + 1)?.remove(0);
    let mut answers = Answers {
        scores,
        round,
        n_given: 0,
    };
    let (mut ours, mut bare, mut calm) = (Times::default(), Times::default(), Times::default());
    let mut restored_s = Vec::new();
    let to = folder.join("copy");
    for _ in 0..N_ROUNDS {
        answers.during(&mut ours, || {
            backup::back_up(&file, &to, Overwrite::No)?;
            Ok(())
        })?;
        let started = Instant::now();
        backup::restore(&to, &folder.join("restored").join("scores.db"))?;
        restored_s.push(started.elapsed().as_secs_f64());
        corpus::clear(&folder.join("restored"))?;
        fs::remove_file(&to)?;
        answers.during(&mut bare, || vacuum(&file, &to))?;
        fs::remove_file(&to)?;
        answers.during(&mut calm, || {
            thread::sleep(CALM);
            Ok(())
        })?;
    }
    corpus::clear(&folder)?;
    let sides =
        |times: Times| json!({"s": times.s, "stall_ms": times.stall_ms, "per_s": times.per_s});
    child::report(&json!({
        "ours": sides(ours), "bare": sides(bare), "calm_ms": calm.stall_ms,
        "restored_s": restored_s,
    }))
}

/// The copy that SQLite makes in one statement; nobody looks at it, and no disk need hold it.
fn vacuum(file: &Path, to: &Path) -> Result<()> {
    let to = to
        .to_str()
        .ok_or_else(|| anyhow!("a name that is not UTF-8"))?;
    Connection::open(file)?.execute("VACUUM INTO ?1", [to])?;
    Ok(())
}
