//! Rounds looked up, and what is counted of them: answers below a post, and reports.

use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::civil::Date;

use super::database::{Row, StoreError, Transaction};
use super::kept::to_question;
use super::ledger::{to_choices, to_difficulty};
use super::round::{Asks, Round, RoundId, RoundState, to_rules};
use super::schedules::ScheduleId;
use super::{Scores, of_day, of_id, of_time, only, strange, to_count, to_day, to_id, to_time};

/// Rounds that one look finds at most; the rest is found by the next.
pub const ROUNDS_MAX: i64 = 1_000;

/// A statement that gives rounds, as [`to_round`] reads them.
macro_rules! select_round {
    ($rest:literal) => {
        concat!(
            "SELECT id, schedule, guild, day, number, question, topic, difficulty, shown, \
             right_choices, feedback, may_change, grading, open_minutes, state, reason, due_at, \
             first_try_at, opened_at, closes_at, channel, message, generation, epoch, counted, \
             voided, texts FROM round ",
            $rest
        )
    };
}

impl Scores {
    /// The ids of the questions that rounds of a server ask now.
    ///
    /// # Errors
    /// The store fails.
    pub fn asked_now(&self, guild: u64) -> Result<BTreeSet<String>, StoreError> {
        self.read(|transaction| asked_now(transaction, guild))
    }

    /// A round by its number.
    ///
    /// # Errors
    /// The store fails.
    pub fn round(&self, id: RoundId) -> Result<Option<Round>, StoreError> {
        self.read(|transaction| find(transaction, id))
    }

    /// Rounds that need somebody now, the longest waiting first, at most [`ROUNDS_MAX`].
    ///
    /// # Errors
    /// The store fails.
    pub fn waking(&self, now: Timestamp) -> Result<Vec<Round>, StoreError> {
        self.read(|transaction| {
            let rows = transaction.query(
                select_round!("WHERE wake_at <= ?1 ORDER BY wake_at, id LIMIT ?2"),
                &[of_time(now), ROUNDS_MAX.into()],
            )?;
            rows.iter().map(to_round).collect()
        })
    }

    /// When the next round will need somebody.
    ///
    /// # Errors
    /// The store fails.
    pub fn wakes_next(&self) -> Result<Option<Timestamp>, StoreError> {
        self.read(|transaction| {
            let rows = transaction.query(
                "SELECT MIN(wake_at) FROM round WHERE wake_at IS NOT NULL",
                &[],
            )?;
            only(rows)?.opt_int(0)?.map(to_time).transpose()
        })
    }

    /// The newest rounds of a server, the newest first.
    ///
    /// # Errors
    /// The store fails.
    pub fn newest(&self, guild: u64, n: u32) -> Result<Vec<Round>, StoreError> {
        self.read(|transaction| {
            let rows = transaction.query(
                select_round!("WHERE guild = ?1 ORDER BY day DESC, due_at DESC, id LIMIT ?2"),
                &[of_id(guild), i64::from(n).into()],
            )?;
            rows.iter().map(to_round).collect()
        })
    }

    /// How many rounds a schedule has on a day.
    ///
    /// # Errors
    /// The store fails.
    pub fn n_on(&self, schedule: ScheduleId, day: Date) -> Result<u32, StoreError> {
        self.read(|transaction| {
            let rows = transaction.query(
                "SELECT COALESCE(MAX(number), 0) FROM round WHERE schedule = ?1 AND day = ?2",
                &[schedule.0.into(), of_day(day)],
            )?;
            Ok(to_count(only(rows)?.int(0)?))
        })
    }

    /// Rounds of a server within these days, both included, that were posted and are over: of an open one
    /// nothing may be given away.
    ///
    /// # Errors
    /// The store fails.
    pub fn closed_between(
        &self,
        guild: u64,
        first: Date,
        last: Date,
    ) -> Result<Vec<Round>, StoreError> {
        self.read(|transaction| {
            let rows = transaction.query(
                select_round!(
                    "WHERE guild = ?1 AND day >= ?2 AND day <= ?3 AND opened_at IS NOT NULL \
                     AND state IN ('closing', 'closed') ORDER BY day, due_at, id LIMIT ?4"
                ),
                &[of_id(guild), of_day(first), of_day(last), ROUNDS_MAX.into()],
            )?;
            rows.iter().map(to_round).collect()
        })
    }

    /// Rounds that are open beyond an instant and whose message says another number of answers than
    /// there are, with that number: `n` at most, before all others those whose message is furthest
    /// off for the number that it says. So a round where few answer waits for busier ones but a while.
    ///
    /// # Errors
    /// The store fails.
    pub fn miscounted(
        &self,
        open_beyond: Timestamp,
        n: u32,
    ) -> Result<Vec<(Round, u32)>, StoreError> {
        self.read(|transaction| {
            let rows = transaction.query(
                "WITH live AS MATERIALIZED (\
                    SELECT id, counted, (SELECT COUNT(*) FROM event \
                        WHERE event.round = round.id AND event.number = 0) AS n_answers \
                    FROM round WHERE wake_at > ?1 AND state = 'open') \
                 SELECT id, n_answers FROM live WHERE n_answers <> counted \
                 ORDER BY ABS(n_answers - counted) * 1.0 / (counted + 1) DESC, id LIMIT ?2",
                &[of_time(open_beyond), i64::from(n).into()],
            )?;
            let mut found = Vec::with_capacity(rows.len());
            for row in &rows {
                let round = find(transaction, RoundId(row.int(0)?))?;
                found.extend(round.zip(Some(to_count(row.int(1)?))));
            }
            Ok(found)
        })
    }

    /// Writes down how many answers the message says there are.
    ///
    /// # Errors
    /// The store fails.
    pub fn counted(&self, id: RoundId, n: u32) -> Result<(), StoreError> {
        self.write(move |transaction| {
            let values = [i64::from(n).into(), id.0.into()];
            transaction.execute("UPDATE round SET counted = ?1 WHERE id = ?2", &values)?;
            Ok(())
        })
    }

    /// Notes that somebody thinks a round's question is wrong; how many do by now, and whether
    /// this one had not said so before.
    ///
    /// # Errors
    /// The store fails.
    pub fn report(
        &self,
        round: &Round,
        member: u64,
        at: Timestamp,
    ) -> Result<(u32, bool), StoreError> {
        let (id, guild) = (round.id, round.guild);
        self.write(move |transaction| {
            let n_new = transaction.execute(
                "INSERT INTO report (round, member, guild, at) VALUES (?1, ?2, ?3, ?4) \
                 ON CONFLICT (round, member) DO NOTHING",
                &[id.0.into(), of_id(member), of_id(guild), of_time(at)],
            )?;
            let values = [id.0.into()];
            let rows =
                transaction.query("SELECT COUNT(*) FROM report WHERE round = ?1", &values)?;
            Ok((to_count(only(rows)?.int(0)?), n_new > 0))
        })
    }

    /// How many think that a round's question is wrong.
    ///
    /// # Errors
    /// The store fails.
    pub fn n_reports(&self, round: RoundId) -> Result<u32, StoreError> {
        self.read(|transaction| {
            let values = [round.0.into()];
            let rows =
                transaction.query("SELECT COUNT(*) FROM report WHERE round = ?1", &values)?;
            Ok(to_count(only(rows)?.int(0)?))
        })
    }
}

/// A round by its number.
pub(super) fn find(
    transaction: &mut dyn Transaction,
    id: RoundId,
) -> Result<Option<Round>, StoreError> {
    let rows = transaction.query(select_round!("WHERE id = ?1"), &[id.0.into()])?;
    rows.first().map(to_round).transpose()
}

fn to_round(row: &Row) -> Result<Round, StoreError> {
    let time = |column: usize| row.opt_int(column)?.map(to_time).transpose();
    Ok(Round {
        id: RoundId(row.int(0)?),
        schedule: ScheduleId(row.int(1)?),
        guild: to_id(row.int(2)?),
        day: to_day(row.text(3)?)?,
        number: to_count(row.int(4)?),
        asks: to_asks(row)?,
        rules: to_rules(row, 10)?,
        state: RoundState::named(row.text(14)?).ok_or_else(|| strange("a round's state"))?,
        reason: row.opt_text(15)?.map(str::to_owned),
        due_at: to_time(row.int(16)?)?,
        first_try_at: time(17)?,
        opened_at: time(18)?,
        closes_at: time(19)?,
        channel: to_id(row.int(20)?),
        message: row.opt_int(21)?.map(to_id),
        generation: to_count(row.int(22)?),
        epoch: to_count(row.int(23)?),
        counted: to_count(row.int(24)?),
        is_voided: row.int(25)? != 0,
    })
}

fn to_asks(row: &Row) -> Result<Option<Asks>, StoreError> {
    let Some(id) = row.opt_text(5)? else {
        return Ok(None);
    };
    let difficulty = to_difficulty(row.text(7)?)?;
    let shown = row
        .text(8)?
        .split(',')
        .map(|place| place.parse().map_err(|_| strange("an order")));
    Ok(Some(Asks {
        question: to_question(id, row.text(6)?, difficulty, row.text(26)?)?,
        shown: shown.collect::<Result<_, _>>()?,
        right: to_choices(row.int(9)?)?,
    }))
}

/// The questions that rounds of a server ask now: whoever told their answers would spoil them.
pub(super) fn asked_now(
    transaction: &mut dyn Transaction,
    guild: u64,
) -> Result<BTreeSet<String>, StoreError> {
    let rows = transaction.query(
        "SELECT DISTINCT question FROM round \
         WHERE guild = ?1 AND state IN ('posting', 'open') AND question IS NOT NULL",
        &[of_id(guild)],
    )?;
    rows.iter()
        .map(|row| row.text(0).map(str::to_owned))
        .collect()
}
