//! Sums that boards are read from: kept by adding many events at a time, before anybody looks.
//!
//! What an event adds lies in `pending` from the event's own transaction on, until a fold adds it to
//! the sums. Who reads sums folds first, so that no board is behind an answer that counts.

use std::sync::atomic::Ordering;

use super::Scores;
use super::database::{StoreError, Transaction, Value};
use super::guilds::season;
use super::ledger::Asked;
use super::round::RoundId;
use super::to_day;
use crate::quiz::period::{Period, Season, Span};

/// Answers of this process that may be pending before they are folded although nobody looks.
const PENDING_MAX: u32 = 10_000;
/// Events that are folded in one transaction, at most: nobody who answers waits for more.
const FOLD_MAX: i64 = 1_000;

/// The sums that are kept, without and with the topic. Other boards are summed when asked for.
pub(super) const KEPT: [(Span, bool); 5] = [
    (Span::Week, false),
    (Span::Season, false),
    (Span::All, false),
    (Span::Season, true),
    (Span::All, true),
];

impl Scores {
    /// Adds what is pending to the sums. Whoever reads sums does so first; done now and then, it
    /// leaves them little to wait for.
    ///
    /// # Errors
    /// The store fails; what was not folded is pending as before then.
    pub fn fold(&self) -> Result<(), StoreError> {
        while self.is_pending()? {
            self.write(|transaction| fold(transaction, FOLD_MAX))?;
        }
        Ok(())
    }

    fn is_pending(&self) -> Result<bool, StoreError> {
        self.read(|transaction| {
            let any = transaction.query("SELECT round FROM pending LIMIT 1", &[])?;
            Ok(!any.is_empty())
        })
    }

    /// Counts one more answer that is pending, and folds where they are many.
    pub(super) fn count_pending(&self) {
        let n_recorded = self
            .n_recorded
            .fetch_add(1, Ordering::Relaxed)
            .wrapping_add(1);
        if n_recorded.is_multiple_of(PENDING_MAX)
            && let Err(error) = self.fold()
        {
            // The answers last all the same, and whoever looks tries again.
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "answers are not in the sums of the boards yet"
            );
        }
    }

    /// Makes a server's sums anew from its events.
    ///
    /// # Errors
    /// The store fails.
    pub fn sum_anew(&self, guild: u64) -> Result<(), StoreError> {
        self.write(move |transaction| {
            let guild = guild.cast_signed();
            let season = season(transaction, guild)?;
            sum_anew(transaction, guild, season)
        })
    }
}

/// What an event adds to the sums of its member.
pub(super) struct Worth {
    pub(super) member: i64,
    /// The event's number within its round and member.
    pub(super) number: i64,
    pub(super) points: i64,
    pub(super) n_answered: i64,
    pub(super) n_right: i64,
    /// When the points were reached, 0 where there are none.
    pub(super) reached_at: Value,
}

/// Puts what an event adds where the next fold finds it.
pub(super) fn add(
    transaction: &mut dyn Transaction,
    round: RoundId,
    asked: &Asked,
    worth: Worth,
) -> Result<(), StoreError> {
    let key = |span| Value::from(Period::of(span, asked.day, asked.season).key());
    transaction.execute(
        "INSERT INTO pending (round, member, number, guild, week, season, topic, points, \
         n_answered, n_right, reached_at, taken) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 0)",
        &[
            round.0.into(),
            worth.member.into(),
            worth.number.into(),
            asked.guild.into(),
            key(Span::Week),
            key(Span::Season),
            asked.topic.as_str().into(),
            worth.points.into(),
            worth.n_answered.into(),
            worth.n_right.into(),
            worth.reached_at,
        ],
    )?;
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
    // What others add from here on, another fold takes.
    transaction.execute(
        "UPDATE pending SET taken = 1 WHERE (round, member, number) IN \
         (SELECT round, member, number FROM pending ORDER BY round, member, number LIMIT $1)",
        &[n_max.into()],
    )?;
    transaction.execute(
        "INSERT INTO total (guild, member, period, topic, points, n_answered, n_right, reached_at, \
         shown) \
         SELECT part.guild, part.member, part.period, part.topic, \
         CAST(SUM(part.points) AS BIGINT), CAST(SUM(part.n_answered) AS BIGINT), \
         CAST(SUM(part.n_right) AS BIGINT), MAX(part.reached_at), MIN(COALESCE(member.shown, 1)) \
         FROM (\
         SELECT guild, member, week AS period, '' AS topic, points, n_answered, n_right, reached_at \
         FROM pending WHERE taken = 1 \
         UNION ALL SELECT guild, member, season, '', points, n_answered, n_right, reached_at \
         FROM pending WHERE taken = 1 \
         UNION ALL SELECT guild, member, 'all', '', points, n_answered, n_right, reached_at \
         FROM pending WHERE taken = 1 \
         UNION ALL SELECT guild, member, season, topic, points, n_answered, n_right, reached_at \
         FROM pending WHERE taken = 1 \
         UNION ALL SELECT guild, member, 'all', topic, points, n_answered, n_right, reached_at \
         FROM pending WHERE taken = 1) AS part \
         LEFT JOIN member ON member.guild = part.guild AND member.id = part.member \
         WHERE 1 = 1 GROUP BY part.guild, part.member, part.period, part.topic \
         ON CONFLICT (guild, member, period, topic) DO UPDATE SET \
         points = total.points + excluded.points, \
         n_answered = total.n_answered + excluded.n_answered, \
         n_right = total.n_right + excluded.n_right, \
         reached_at = CASE WHEN excluded.reached_at > total.reached_at \
         THEN excluded.reached_at ELSE total.reached_at END",
        &[],
    )?;
    transaction.execute("DELETE FROM pending WHERE taken = 1", &[])?;
    Ok(())
}

/// Makes a server's sums anew: all its events are pending once more, and folded.
pub(super) fn sum_anew(
    transaction: &mut dyn Transaction,
    guild: i64,
    season: Season,
) -> Result<(), StoreError> {
    alone(transaction)?;
    transaction.execute("DELETE FROM total WHERE guild = $1", &[guild.into()])?;
    let rounds = transaction.query(
        "SELECT id, day FROM round WHERE guild = $1 AND question IS NOT NULL",
        &[guild.into()],
    )?;
    for row in &rounds {
        let (round, day) = (row.int(0)?, to_day(row.text(1)?)?);
        let key = |span| Value::from(Period::of(span, day, season).key());
        transaction.execute(
            "INSERT INTO pending (round, member, number, guild, week, season, topic, points, \
             n_answered, n_right, reached_at, taken) \
             SELECT round, member, number, guild, $2, $3, topic, points, n_answered, n_right, \
             CASE points WHEN 0 THEN 0 ELSE at END, 0 FROM event WHERE round = $1 \
             ON CONFLICT (round, member, number) DO UPDATE SET season = excluded.season",
            &[round.into(), key(Span::Week), key(Span::Season)],
        )?;
    }
    fold(transaction, i64::MAX)
}
