//! Answers recorded through the scores, and the same rows in a table of SQLite and nothing more.

use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::Instant;

use anyhow::{Result, anyhow, ensure};
use rusqlite::{Connection, params};
use serde_json::json;
use studyhall::scores::Scores;
use studyhall::scores::answers::{Answer, Recorded};
use studyhall::scores::sqlite::Sqlite;

use super::made::{self, GUILD, Open};
use crate::random::Random;
use crate::{child, corpus};

/// People who answer at the same time.
pub(crate) const N_THREADS: usize = 8;
/// Times each side begins with an empty file, in turns.
const N_ROUNDS: usize = 9;
/// People, each of whom answers every day.
const N_PEOPLE: usize = 500;
const N_DAYS: usize = 8;

/// What one side needed.
#[derive(Debug, Default)]
struct Times {
    per_s: Vec<f64>,
    us: Vec<f64>,
    /// What an answer leaves for the boards to be added up, when somebody looks at one.
    sums_us: Vec<f64>,
}

impl Times {
    fn take(&mut self, n_answers: usize, wall_s: f64, us: Vec<f64>) {
        self.per_s.push(n_answers as f64 / wall_s);
        self.us.extend(us);
    }
}

/// The task of the process that records.
pub(crate) fn record_all(work: &Path) -> Result<()> {
    let folder = work.join("answers");
    let (mut one, mut many, mut bare) = (Times::default(), Times::default(), Times::default());
    for _ in 0..N_ROUNDS {
        corpus::clear(&folder)?;
        record(&folder.join("one.db"), 1, &mut one)?;
        insert(&folder.join("bare.db"), &mut bare)?;
        record(&folder.join("many.db"), N_THREADS, &mut many)?;
    }
    corpus::clear(&folder)?;
    child::report(&json!({
        "one": {"per_s": one.per_s, "us": one.us, "sums_us": one.sums_us},
        "many": {"per_s": many.per_s},
        "bare": {"per_s": bare.per_s, "us": bare.us},
    }))
}

/// What everybody answers, day after day.
fn answers(rounds: &[Open]) -> Vec<Answer> {
    let mut random = Random::new(5);
    let mut answers = Vec::with_capacity(N_PEOPLE * N_DAYS);
    for (day, round) in rounds.iter().enumerate() {
        for at in 0..N_PEOPLE {
            // Another order every day; 7 shares no factor with the number of people.
            let number = (at * 7 + day) % N_PEOPLE;
            answers.push(Answer {
                round: round.id,
                member: made::member(number as u64),
                choices: made::choices(&mut random),
                at: round.opened_at + std::time::Duration::from_millis(at as u64),
                event: answers.len() as u64 + 1,
            });
        }
    }
    answers
}

/// Records all answers in an empty file, from this many threads.
fn record(file: &Path, n_threads: usize, times: &mut Times) -> Result<()> {
    let scores = Scores::new(Arc::new(Sqlite::open(file)?));
    let answers = answers(&made::open_rounds(&scores, 0..N_DAYS)?);
    let started = Instant::now();
    let us = thread::scope(|scope| {
        let give = |first: usize| {
            let (scores, answers) = (&scores, &answers);
            scope.spawn(move || -> Result<Vec<f64>> {
                let mine = answers.iter().skip(first).step_by(n_threads);
                mine.map(|answer| record_one(scores, *answer)).collect()
            })
        };
        let threads: Vec<_> = (0..n_threads).map(give).collect();
        let mut all = Vec::with_capacity(answers.len());
        for thread in threads {
            all.extend(
                thread
                    .join()
                    .map_err(|_| anyhow!("a thread that answers panicked"))??,
            );
        }
        anyhow::Ok(all)
    })?;
    times.take(answers.len(), started.elapsed().as_secs_f64(), us);
    let started = Instant::now();
    let n_places = made::n_on_board(&scores)?;
    let sums_us = started.elapsed().as_secs_f64() * 1e6 / answers.len() as f64;
    times.sums_us.push(sums_us);
    ensure!(
        n_places as usize == N_PEOPLE,
        "{n_places} stand on the board"
    );
    Ok(())
}

fn record_one(scores: &Scores, answer: Answer) -> Result<f64> {
    let started = Instant::now();
    let recorded = scores.record(answer)?;
    let us = started.elapsed().as_secs_f64() * 1e6;
    ensure!(
        matches!(recorded, Recorded::Counts { .. }),
        "an answer does not count: {recorded:?}"
    );
    Ok(us)
}

/// Inserts a row for each answer into an empty file, each in a transaction of its own.
fn insert(file: &Path, times: &mut Times) -> Result<()> {
    let database = Connection::open(file)?;
    // What the scores' connections are set to.
    database.execute_batch(
        "PRAGMA journal_mode = WAL;
         PRAGMA synchronous = FULL;
         PRAGMA foreign_keys = ON;
         PRAGMA secure_delete = ON;
         CREATE TABLE event (
             round BIGINT NOT NULL, member BIGINT NOT NULL, number BIGINT NOT NULL,
             guild BIGINT NOT NULL, kind TEXT NOT NULL, choices BIGINT, points BIGINT NOT NULL,
             n_answered BIGINT NOT NULL, n_right BIGINT NOT NULL, day TEXT NOT NULL,
             topic TEXT NOT NULL, at BIGINT NOT NULL, interaction BIGINT, actor BIGINT,
             reason TEXT, PRIMARY KEY (round, member, number));",
    )?;
    let rounds = rounds(&file.with_extension("rounds"))?;
    let answers = answers(&rounds);
    let mut insert = database.prepare(
        "INSERT INTO event VALUES \
         (?1, ?2, 0, ?3, 'answer', ?4, 20, 1, 1, ?5, ?6, ?7, ?8, NULL, NULL)",
    )?;
    let started = Instant::now();
    let mut us = Vec::with_capacity(answers.len());
    for (at, answer) in answers.iter().enumerate() {
        let round = &rounds[at / N_PEOPLE];
        let started = Instant::now();
        insert.execute(params![
            answer.round.0,
            answer.member.cast_signed(),
            GUILD.cast_signed(),
            i64::from(answer.choices.bits()),
            round.day.to_string(),
            round.topic,
            answer.at.as_millisecond(),
            answer.event.cast_signed(),
        ])?;
        us.push(started.elapsed().as_secs_f64() * 1e6);
    }
    times.take(answers.len(), started.elapsed().as_secs_f64(), us);
    Ok(())
}

/// The rounds that the answers are for.
fn rounds(file: &Path) -> Result<Vec<Open>> {
    made::open_rounds(&Scores::new(Arc::new(Sqlite::open(file)?)), 0..N_DAYS)
}
