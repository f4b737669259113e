//! Boards over a million answers, and the same sums over the events with a plain `GROUP BY`.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Result, ensure};
use jiff::civil::{Date, date};
use rusqlite::{Connection, OpenFlags, params};
use serde_json::json;
use studyhall::quiz::grade::points;
use studyhall::quiz::period::{Period, Season, Span};
use studyhall::scores::Scores;
use studyhall::scores::boards::{PAGE_MAX, Wanted};
use studyhall::scores::sqlite::Sqlite;

use super::made::{self, GUILD, Open};
use crate::random::Random;
use crate::{child, corpus};

/// Changes with what is written into the file.
const VERSION: u32 = 5;
const N_PEOPLE: usize = 50_000;
pub(super) const N_ANSWERS: usize = 1_000_000;
/// From the first of June to the eighth of September.
pub(super) const N_DAYS: usize = 100;
/// A Tuesday whose week and month are complete.
const TODAY: Date = date(2026, 8, 25);
/// Times the two sides are asked in turns.
const N_ROUNDS: usize = 10;
/// Boards asked for in each of them, by somebody else each time; the plain query is asked once.
const N_ASKED: usize = 50;

/// A kind of board.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Kind {
    pub(crate) name: &'static str,
    span: Span,
    topic: Option<&'static str>,
    /// Whether its sums are kept, so that it must be fast.
    pub(crate) has_goal: bool,
}

pub(crate) const KINDS: [Kind; 6] = [
    kind("week", Span::Week, None, true),
    kind("season", Span::Season, None, true),
    kind("all time", Span::All, None, true),
    kind("season of a topic", Span::Season, Some("storage"), true),
    kind("week of a topic", Span::Week, Some("storage"), false),
    kind("day", Span::Day, None, false),
];

const fn kind(name: &'static str, span: Span, topic: Option<&'static str>, has_goal: bool) -> Kind {
    Kind {
        name,
        span,
        topic,
        has_goal,
    }
}

/// The task of the process that asks for boards.
pub(crate) fn ask_all(work: &Path) -> Result<()> {
    let file = made_file(work)?;
    let plain = Connection::open_with_flags(&file, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let scores = Scores::new(Arc::new(Sqlite::open(&file)?));
    let mut random = Random::new(11);
    let mut report = serde_json::Map::new();
    for kind in KINDS {
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for _ in 0..N_ROUNDS {
            let mut first_page = Vec::new();
            for _ in 0..N_ASKED {
                let asker = made::member(random.below(N_PEOPLE) as u64);
                let wanted = Wanted {
                    guild: GUILD,
                    period: Period::of(kind.span, TODAY, Season::Month),
                    topic: kind.topic.map(str::to_owned),
                    page: 0,
                    member: Some(asker),
                };
                let started = Instant::now();
                let board = scores.board(&wanted, Season::Month)?;
                ours.push(started.elapsed().as_secs_f64() * 1e3);
                first_page = board
                    .places
                    .iter()
                    .map(|place| (place.member.cast_signed(), place.points))
                    .collect();
            }
            let started = Instant::now();
            let page = summed(&plain, kind)?;
            theirs.push(started.elapsed().as_secs_f64() * 1e3);
            ensure!(
                page.len() == PAGE_MAX as usize && page == first_page,
                "the board ({}) is not the sum of the events",
                kind.name
            );
        }
        report.insert(kind.name.to_owned(), json!({"ours": ours, "plain": theirs}));
    }
    child::report(&report.into())
}

/// The first page as anybody would write it down: members and their points.
fn summed(database: &Connection, kind: Kind) -> Result<Vec<(i64, i64)>> {
    let period = Period::of(kind.span, TODAY, Season::Month);
    let mut select = database.prepare_cached(
        "SELECT member, SUM(points), MAX(CASE WHEN points <> 0 THEN at END) FROM event \
         WHERE guild = ?1 AND day BETWEEN ?2 AND ?3 AND (?4 IS NULL OR topic = ?4) \
         GROUP BY member ORDER BY 2 DESC, 3, 1 LIMIT ?5",
    )?;
    let (first, last) = match kind.span {
        Span::All => ("0000".to_owned(), "9999".to_owned()),
        _ => (period.first.to_string(), period.last.to_string()),
    };
    let rows = select.query_map(
        params![GUILD.cast_signed(), first, last, kind.topic, PAGE_MAX],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The file with all answers, which is written once and kept.
pub(super) fn made_file(work: &Path) -> Result<PathBuf> {
    let folder = work.join(format!("boards-v{VERSION}"));
    if !folder.exists() {
        let unfinished = work.join("boards.unfinished");
        corpus::clear(&unfinished)?;
        write(&unfinished.join("scores.db"))?;
        fs::rename(&unfinished, &folder)?;
    }
    Ok(folder.join("scores.db"))
}

fn write(file: &Path) -> Result<()> {
    let open = || anyhow::Ok(Scores::new(Arc::new(Sqlite::open(file)?)));
    let rounds = made::open_rounds(&open()?, 0..N_DAYS)?;
    answer_all(file, &rounds)?;
    // The sums are the scores' own.
    open()?.sum_anew(GUILD)?;
    Ok(())
}

/// Writes the events in one transaction. Some people answer often and some hardly ever.
fn answer_all(file: &Path, rounds: &[Open]) -> Result<()> {
    let mut random = Random::new(13);
    let often: Vec<f64> = (0..N_PEOPLE).map(|_| random.unit().powi(3)).collect();
    let sum: f64 = often.iter().sum();
    // A few more than wanted are drawn, so that the last days have theirs.
    let scale = N_ANSWERS as f64 / (sum * rounds.len() as f64);
    let mut database = Connection::open(file)?;
    let transaction = database.transaction()?;
    let mut event = transaction.prepare(
        "INSERT INTO event (round, member, number, guild, kind, choices, points, n_answered, \
         n_right, day, topic, at, interaction) \
         VALUES (?1, ?2, 0, ?3, 'answer', ?4, ?5, 1, ?6, ?7, ?8, ?9, ?10)",
    )?;
    let mut n_answers = 0_usize;
    let right = made::right();
    for (number, round) in rounds.iter().enumerate() {
        let wanted = N_ANSWERS * (number + 1) / rounds.len();
        let mut order: Vec<usize> = (0..N_PEOPLE).collect();
        for at in (1..order.len()).rev() {
            order.swap(at, random.below(at + 1));
        }
        // Everybody has a day on which they come for certain, so that all stand on the board.
        let is_certain = |who: usize| who % rounds.len() == number;
        order.sort_by_key(|who| !is_certain(*who));
        // Who did not come the first time may come the second, until the day is full.
        let mut at = 0;
        while n_answers < wanted {
            let mut rest = Vec::with_capacity(order.len());
            for who in std::mem::take(&mut order) {
                let comes = is_certain(who) || random.chance(often[who] * scale);
                if n_answers == wanted || !comes {
                    rest.push(who);
                    continue;
                }
                let choices = made::choices(&mut random);
                let is_right = choices == right;
                event.execute(params![
                    round.id.0,
                    made::member(who as u64).cast_signed(),
                    GUILD.cast_signed(),
                    i64::from(choices.bits()),
                    if is_right {
                        points(round.difficulty)
                    } else {
                        0
                    },
                    is_right,
                    round.day.to_string(),
                    round.topic,
                    round.opened_at.as_millisecond() + at,
                    i64::try_from(n_answers)? + 1,
                ])?;
                at += 3;
                n_answers += 1;
            }
            order = rest;
        }
    }
    drop(event);
    let n_people = transaction.execute(
        "INSERT INTO member (guild, id, shown, hidden, departed, streak, streak_best, freezes, \
         n_toward, last_day) SELECT guild, member, 1, 0, 0, 1, 1, 0, 0, MAX(day) FROM event \
         GROUP BY guild, member",
        [],
    )?;
    ensure!(n_people == N_PEOPLE, "{n_people} people have answered");
    transaction.commit()?;
    Ok(())
}
