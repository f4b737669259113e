//! Sums that boards are read from: kept by adding many events at a time, before anybody looks.
//!
//! An event is pending from its own transaction on, until a fold adds it to the sums. Who reads sums
//! folds first, so that no board is behind an answer that counts. What belongs to a sealed round is
//! pending from the round's close on: a sum that grew before would tell who was right.

use std::sync::atomic::Ordering;

use jiff::Timestamp;

use super::Scores;
use super::database::{Row, StoreError, Transaction};
use super::guilds::to_season;
use super::round::RoundId;
use super::{of_time, only, to_day};
use crate::quiz::period::{Period, Span};

/// Answers of this process that may be pending before some are folded although nobody looks.
const PENDING_MAX: u32 = 10_000;
/// Events that are folded in one transaction, at most: nobody who answers waits for more.
const FOLD_MAX: u32 = 250;

/// The sums that are kept, without and with the topic. Other boards are summed when asked for.
pub(super) const KEPT: [(Span, bool); 5] = [
    (Span::Week, false),
    (Span::Season, false),
    (Span::All, false),
    (Span::Season, true),
    (Span::All, true),
];

/// Of a round in a statement: nobody may be told yet who was right.
macro_rules! not_told {
    () => {
        "(round.feedback = 'sealed' AND round.state IN ('posting', 'open'))"
    };
}
pub(super) use not_told;

impl Scores {
    /// Adds what is pending to the sums. Whoever reads sums does so first; done now and then, it
    /// leaves them little to wait for.
    ///
    /// # Errors
    /// The store fails; what was not folded is pending as before then.
    pub fn fold(&self) -> Result<(), StoreError> {
        while self.is_pending()? {
            self.fold_some()?;
        }
        self.n_pending.store(0, Ordering::Relaxed);
        Ok(())
    }

    fn fold_some(&self) -> Result<(), StoreError> {
        self.write(|transaction| fold(transaction, i64::from(FOLD_MAX)))
    }

    fn is_pending(&self) -> Result<bool, StoreError> {
        self.read(|transaction| {
            let any = transaction.query("SELECT id FROM pending LIMIT 1", &[])?;
            Ok(!any.is_empty())
        })
    }

    /// Counts one more answer that is pending, and folds some where there are many.
    pub(super) fn count_pending(&self) {
        let n_pending = self.n_pending.fetch_add(1, Ordering::Relaxed);
        if n_pending < PENDING_MAX || !n_pending.is_multiple_of(FOLD_MAX) {
            return;
        }
        if let Err(error) = self.fold_some() {
            // The answers last all the same, and whoever looks tries again.
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "answers are not in the sums of the boards yet"
            );
        }
    }

    /// Has what is sealed count where its round is over. Every round sees to its own as it closes; only an
    /// answer that was under way at that very moment can be left.
    ///
    /// # Errors
    /// The store fails; what is sealed then stays so until the next time.
    pub fn unseal_over(&self) -> Result<(), StoreError> {
        let over = self.read(|transaction| {
            let rows = transaction.query(
                concat!(
                    "SELECT id FROM round WHERE id IN (SELECT round FROM sealed) AND NOT ",
                    not_told!()
                ),
                &[],
            )?;
            let rounds = rows.iter().map(|row| Ok(RoundId(row.int(0)?)));
            rounds.collect::<Result<Vec<RoundId>, StoreError>>()
        })?;
        for round in over {
            self.write(move |transaction| unseal(transaction, round))?;
        }
        Ok(())
    }

    /// Makes a server's sums anew from its events.
    ///
    /// # Errors
    /// The store fails.
    pub fn sum_anew(&self, guild: u64) -> Result<(), StoreError> {
        self.write(move |transaction| sum_anew(transaction, guild.cast_signed()))
    }
}

/// Has the next fold add an event to the sums.
pub(super) fn add(
    transaction: &mut dyn Transaction,
    round: RoundId,
    member: i64,
    number: i64,
) -> Result<(), StoreError> {
    transaction.execute(
        "INSERT INTO pending (round, member, number, taken) VALUES (?1, ?2, ?3, 0)",
        &[round.0.into(), member.into(), number.into()],
    )?;
    Ok(())
}

/// Keeps an event out of the sums until its round closes.
pub(super) fn seal(
    transaction: &mut dyn Transaction,
    round: RoundId,
    at: Timestamp,
    member: i64,
    number: i64,
) -> Result<(), StoreError> {
    transaction.execute(
        "INSERT INTO sealed (round, at, member, number, taken) VALUES (?1, ?2, ?3, ?4, 0)",
        &[round.0.into(), of_time(at), member.into(), number.into()],
    )?;
    Ok(())
}

/// Has the next fold add what a round, which is over, kept out of the sums.
pub(super) fn unseal(transaction: &mut dyn Transaction, round: RoundId) -> Result<(), StoreError> {
    alone(transaction)?;
    for statement in [
        // What others seal from here on, another takes.
        "UPDATE sealed SET taken = 1 WHERE round = ?1",
        "INSERT INTO pending (round, member, number, taken) SELECT round, member, number, 0 \
         FROM sealed WHERE round = ?1 AND taken = 1 ORDER BY at, member, number",
        "DELETE FROM sealed WHERE round = ?1 AND taken = 1",
    ] {
        transaction.execute(statement, &[round.0.into()])?;
    }
    Ok(())
}

/// Waits until no other transaction changes sums, or who is shown, and has others wait for this one.
/// Where only one transaction writes at a time it changes nothing.
pub(super) fn alone(transaction: &mut dyn Transaction) -> Result<(), StoreError> {
    transaction.execute(
        "INSERT INTO setting (name, value) VALUES ('sums', '') \
         ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        &[],
    )?;
    Ok(())
}

/// Adds so many of the events that are pending to the sums: a row for each of [`KEPT`].
fn fold(transaction: &mut dyn Transaction, n_max: i64) -> Result<(), StoreError> {
    alone(transaction)?;
    let last = transaction.query(
        "SELECT MAX(id) FROM (SELECT id FROM pending ORDER BY id LIMIT ?1) AS first",
        &[n_max.into()],
    )?;
    let Some(last) = only(last)?.opt_int(0)? else {
        return Ok(());
    };
    // What others add from here on, another fold takes, also where its place is before the last.
    transaction.execute(
        "UPDATE pending SET taken = 1 WHERE id <= ?1",
        &[last.into()],
    )?;
    let rounds = transaction.query(
        "SELECT round.id, round.guild, round.day, round.topic, guild.season \
         FROM round LEFT JOIN guild ON guild.id = round.guild \
         WHERE round.id IN (SELECT round FROM pending WHERE id <= ?1 AND taken = 1) \
         ORDER BY round.id",
        &[last.into()],
    )?;
    for row in &rounds {
        fold_round(transaction, row, last)?;
    }
    transaction.execute(
        "DELETE FROM pending WHERE id <= ?1 AND taken = 1",
        &[last.into()],
    )?;
    Ok(())
}

/// Adds to the steps of board `?1` so many members: those on each whose events of round `?2` are taken,
/// up to place `?3`. Each is looked up by the primary key of `total`: asked for those who are shown,
/// PostgreSQL takes the index of the board and reads all of it for every member, until it has counted how
/// many are on one.
macro_rules! add_changed {
    ($n:literal) => {
        concat!(
            "WITH standing AS MATERIALIZED (SELECT \
             (SELECT CASE total.shown WHEN 1 THEN total.points END FROM total \
             WHERE total.member = changed.member AND total.board = ?1) AS points \
             FROM (SELECT DISTINCT member FROM pending \
             WHERE id <= ?3 AND taken = 1 AND round = ?2) AS changed) \
             INSERT INTO step (board, points, n_members) SELECT CAST(?1 AS BIGINT), points, ",
            $n,
            " FROM standing WHERE points IS NOT NULL GROUP BY points \
             ON CONFLICT (board, points) DO UPDATE SET n_members = step.n_members + excluded.n_members"
        )
    };
}

/// Adds what is taken of a round to the sums; all of it stands up to the last place.
fn fold_round(transaction: &mut dyn Transaction, round: &Row, last: i64) -> Result<(), StoreError> {
    let (day, season) = (to_day(round.text(2)?)?, to_season(round.opt_text(4)?)?);
    for (span, is_by_topic) in KEPT {
        let topic = match is_by_topic {
            true => round.text(3)?,
            false => "",
        };
        let period = Period::of(span, day, season);
        let board = board_for(transaction, round.int(1)?, &period.key(), topic)?;
        let changed = [board.into(), round.int(0)?.into(), last.into()];
        transaction.execute(add_changed!("-COUNT(*)"), &changed)?;
        transaction.execute(
            "INSERT INTO total (member, board, points, n_answered, n_right, reached_at, shown) \
             SELECT event.member, CAST(?3 AS BIGINT), CAST(SUM(event.points) AS BIGINT), \
             CAST(SUM(event.n_answered) AS BIGINT), CAST(SUM(event.n_right) AS BIGINT), \
             MAX(CASE event.points WHEN 0 THEN 0 ELSE event.at END), MIN(COALESCE(member.shown, 1)) \
             FROM pending CROSS JOIN event \
             LEFT JOIN member ON member.guild = ?2 AND member.id = event.member \
             WHERE pending.id <= ?4 AND pending.taken = 1 AND pending.round = ?1 \
             AND event.round = pending.round AND event.member = pending.member \
             AND event.number = pending.number \
             GROUP BY event.member \
             ON CONFLICT (member, board) DO UPDATE SET \
             points = total.points + excluded.points, \
             n_answered = total.n_answered + excluded.n_answered, \
             n_right = total.n_right + excluded.n_right, \
             reached_at = CASE WHEN excluded.reached_at > total.reached_at \
             THEN excluded.reached_at ELSE total.reached_at END",
            &[
                round.int(0)?.into(),
                round.int(1)?.into(),
                board.into(),
                last.into(),
            ],
        )?;
        transaction.execute(add_changed!("COUNT(*)"), &changed)?;
    }
    Ok(())
}

/// Adds a member, where they are shown, to the steps on which they stand; or takes them away, where
/// `n` is -1.
pub(super) fn add_to_steps(
    transaction: &mut dyn Transaction,
    guild: i64,
    member: i64,
    n: i64,
) -> Result<(), StoreError> {
    transaction.execute(
        "INSERT INTO step (board, points, n_members) \
         SELECT board, points, CAST(?3 AS BIGINT) FROM total WHERE member = ?2 AND shown = 1 \
         AND board IN (SELECT id FROM board WHERE guild = ?1) \
         ON CONFLICT (board, points) DO UPDATE SET n_members = step.n_members + excluded.n_members",
        &[guild.into(), member.into(), n.into()],
    )?;
    Ok(())
}

/// The number of a board whose sums are kept; none where nobody ever stood on it.
pub(super) fn board(
    transaction: &mut dyn Transaction,
    guild: i64,
    period: &str,
    topic: &str,
) -> Result<Option<i64>, StoreError> {
    let rows = transaction.query(
        "SELECT id FROM board WHERE guild = ?1 AND period = ?2 AND topic = ?3",
        &[guild.into(), period.into(), topic.into()],
    )?;
    rows.first().map(|row| row.int(0)).transpose()
}

/// The number of a board that somebody is about to stand on.
fn board_for(
    transaction: &mut dyn Transaction,
    guild: i64,
    period: &str,
    topic: &str,
) -> Result<i64, StoreError> {
    if let Some(board) = board(transaction, guild, period, topic)? {
        return Ok(board);
    }
    let rows = transaction.query(
        "INSERT INTO board (guild, period, topic) VALUES (?1, ?2, ?3) RETURNING id",
        &[guild.into(), period.into(), topic.into()],
    )?;
    only(rows)?.int(0)
}

/// Makes a server's sums anew: all its events but the sealed ones are pending once more, and folded.
pub(super) fn sum_anew(transaction: &mut dyn Transaction, guild: i64) -> Result<(), StoreError> {
    alone(transaction)?;
    for delete in [
        "DELETE FROM total WHERE board IN (SELECT id FROM board WHERE guild = ?1)",
        "DELETE FROM step WHERE board IN (SELECT id FROM board WHERE guild = ?1)",
    ] {
        transaction.execute(delete, &[guild.into()])?;
    }
    transaction.execute(
        "INSERT INTO pending (round, member, number, taken) \
         SELECT round, member, number, 0 FROM \
         (SELECT event.round, event.member, event.number FROM round \
         JOIN event ON event.round = round.id WHERE round.guild = ?1 \
         EXCEPT SELECT round, member, number FROM pending \
         EXCEPT SELECT round, member, number FROM sealed) AS summed",
        &[guild.into()],
    )?;
    fold(transaction, i64::MAX)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::sqlite::Sqlite;
    use super::*;

    fn scores(folder: &tempfile::TempDir) -> Scores {
        let database = Sqlite::open(&folder.path().join("scores.db"));
        Scores::new(Arc::new(database.expect("a file of scores")))
    }

    #[test]
    fn what_is_pending_when_sums_are_made_anew_is_added_once() {
        let folder = tempfile::tempdir().unwrap();
        let scores = scores(&folder);
        let points = || {
            let sums = "SELECT points FROM total JOIN board ON board.id = total.board \
                        WHERE board.period = 'all' AND board.topic = ''";
            scores.read(|t| t.query(sums, &[])).unwrap()
        };
        scores
            .write(|t| {
                t.execute(
                    "INSERT INTO round (id, schedule, guild, day, number, topic, feedback, \
                     may_change, grading, open_minutes, state, due_at, channel, generation, \
                     owner, epoch, counted, voided) VALUES (1, 1, 7, '2027-03-01', 0, 's3', \
                     'instant', 0, 'all', 60, 'open', 0, 1, 0, '', 0, 0, 0)",
                    &[],
                )?;
                for member in [2, 3] {
                    t.execute(
                        "INSERT INTO event (round, member, number, guild, kind, points, \
                         n_answered, n_right, day, topic, at) \
                         VALUES (1, ?1, 0, 7, 'answer', 10, 1, 1, '2027-03-01', 's3', 5)",
                        &[member.into()],
                    )?;
                }
                // The other's was added up before.
                add(t, RoundId(1), 2, 0)
            })
            .unwrap();
        scores.sum_anew(7).unwrap();
        assert_eq!(points(), [Row(vec![10.into()]), Row(vec![10.into()])]);
        assert!(!scores.is_pending().unwrap());
    }

    #[test]
    fn where_many_are_pending_some_are_folded_although_nobody_looks() {
        let folder = tempfile::tempdir().unwrap();
        let scores = scores(&folder);
        scores.write(|t| add(t, RoundId(1), 2, 0)).unwrap();
        scores.count_pending();
        assert!(scores.is_pending().unwrap());
        scores.n_pending.store(PENDING_MAX, Ordering::Relaxed);
        scores.count_pending();
        assert!(!scores.is_pending().unwrap());
    }

    #[test]
    fn what_was_sealed_at_the_moment_of_the_close_counts_all_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let scores = scores(&folder);
        let n_pending = || {
            let rows = scores.read(|t| t.query("SELECT id FROM pending", &[]));
            rows.unwrap().len()
        };
        scores
            .write(|t| {
                for (round, state) in [(1, "open"), (2, "closed")] {
                    t.execute(
                        "INSERT INTO round (id, schedule, guild, day, number, topic, feedback, \
                         may_change, grading, open_minutes, state, due_at, channel, generation, \
                         owner, epoch, counted, voided) VALUES (?1, ?1, 7, '2027-03-01', 0, 's3', \
                         'sealed', 0, 'all', 60, ?2, 0, 1, 0, '', 0, 0, 0)",
                        &[round.into(), state.into()],
                    )?;
                    seal(t, RoundId(round), Timestamp::UNIX_EPOCH, 3, 0)?;
                }
                Ok(())
            })
            .unwrap();
        for _ in 0..2 {
            scores.unseal_over().unwrap();
            assert_eq!(n_pending(), 1, "that of the round that is over");
        }
    }
}
