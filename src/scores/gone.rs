//! Servers that the bot is no longer in: since when, and how all that is kept of one goes.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

use super::database::{StoreError, Transaction};
use super::people::owe_scrub;
use super::sums::alone;
use super::{Scores, of_id, of_time, to_id, to_time};

/// Between two looks at which servers the bot is in.
pub const LOOK_EVERY: SignedDuration = SignedDuration::from_hours(24);
/// How long what is kept of a server stays once a look has not found the bot there.
pub const KEPT_FOR: SignedDuration = SignedDuration::from_hours(30 * 24);

/// A server of which something is kept although the bot is not in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gone {
    /// The server.
    pub guild: u64,
    /// The first of the looks that did not find the bot there.
    pub since: Timestamp,
}

/// Every server of which something is kept. What people practise in direct messages is under 0.
const KNOWN: &str = "SELECT id FROM guild UNION SELECT guild FROM schedule UNION SELECT guild FROM round \
     UNION SELECT guild FROM board UNION SELECT guild FROM member UNION SELECT guild FROM act \
     UNION SELECT guild FROM review UNION SELECT guild FROM practice";

/// Takes the note of servers where an organiser did something meanwhile, or somebody began a practice or
/// answered a review: such commands work without the bot being a member, and what they keep is in use.
const IN_USE: &str = "DELETE FROM gone WHERE \
     EXISTS (SELECT 1 FROM act WHERE act.guild = gone.guild AND actor <> 0 AND at >= since) \
     OR EXISTS (SELECT 1 FROM review WHERE review.guild = gone.guild AND at >= since) \
     OR EXISTS (SELECT 1 FROM practice WHERE practice.guild = gone.guild AND started_at >= since)";

/// All that is kept of server `?1`, those rows first that are found by others.
const KEPT: &[&str] = &[
    "DELETE FROM event WHERE round IN (SELECT id FROM round WHERE guild = ?1)",
    "DELETE FROM pending WHERE round IN (SELECT id FROM round WHERE guild = ?1)",
    "DELETE FROM sealed WHERE round IN (SELECT id FROM round WHERE guild = ?1)",
    "DELETE FROM report WHERE guild = ?1",
    "DELETE FROM total WHERE board IN (SELECT id FROM board WHERE guild = ?1)",
    "DELETE FROM step WHERE board IN (SELECT id FROM board WHERE guild = ?1)",
    "DELETE FROM board WHERE guild = ?1",
    "DELETE FROM pin WHERE schedule IN (SELECT id FROM schedule WHERE guild = ?1)",
    // A process that had not heard of the end may have claimed a round of a schedule that was gone.
    "DELETE FROM drawn WHERE schedule IN (SELECT id FROM schedule WHERE guild = ?1 \
     UNION SELECT schedule FROM round WHERE guild = ?1)",
    "DELETE FROM schedule WHERE guild = ?1",
    "DELETE FROM round WHERE guild = ?1",
    "DELETE FROM member WHERE guild = ?1",
    "DELETE FROM review WHERE guild = ?1",
    "DELETE FROM practice WHERE guild = ?1",
    "DELETE FROM act WHERE guild = ?1",
    "DELETE FROM guild WHERE id = ?1",
    "DELETE FROM gone WHERE guild = ?1",
];

impl Scores {
    /// Whether it is time to look at which servers the bot is in, [`LOOK_EVERY`] after the last time.
    /// Who is told so has the turn, and nobody else. New scores wait for their first.
    ///
    /// # Errors
    /// The store fails.
    pub fn look_due(&self, now: Timestamp) -> Result<bool, StoreError> {
        let last = self.read(|transaction| last_look(transaction))?;
        if last.is_some_and(|last| now.duration_since(last).abs() < LOOK_EVERY) {
            return Ok(false);
        }
        self.write(move |transaction| {
            let looked = now.as_millisecond().to_string();
            let Some(last) = last else {
                transaction.execute(
                    "INSERT INTO setting (name, value) VALUES ('looked', ?1) \
                     ON CONFLICT (name) DO NOTHING",
                    &[looked.into()],
                )?;
                return Ok(false);
            };
            let n_changed = transaction.execute(
                "UPDATE setting SET value = ?1 WHERE name = 'looked' AND value = ?2",
                &[looked.into(), last.as_millisecond().to_string().into()],
            )?;
            Ok(n_changed > 0)
        })
    }

    /// Notes which servers the bot is not in, by all that it is in. Those of which something is kept.
    ///
    /// # Errors
    /// The store fails.
    pub fn looked(&self, is_in: BTreeSet<u64>, now: Timestamp) -> Result<Vec<Gone>, StoreError> {
        self.write(move |transaction| {
            transaction.execute(IN_USE, &[])?;
            let mut gone = Vec::new();
            for row in transaction.query(KNOWN, &[])? {
                let guild = to_id(row.int(0)?);
                let value = of_id(guild);
                if guild == 0 || is_in.contains(&guild) {
                    transaction.execute("DELETE FROM gone WHERE guild = ?1", &[value])?;
                    continue;
                }
                transaction.execute(
                    "INSERT INTO gone (guild, since) VALUES (?1, ?2) ON CONFLICT (guild) DO NOTHING",
                    &[value.clone(), of_time(now)],
                )?;
                let rows =
                    transaction.query("SELECT since FROM gone WHERE guild = ?1", &[value])?;
                let since = to_time(super::only(rows)?.int(0)?)?;
                gone.push(Gone { guild, since });
            }
            Ok(gone)
        })
    }

    /// Deletes all that is kept of a server that is gone, unless somebody used it meanwhile; whether it
    /// did. Nothing else changes: what its members practised elsewhere stays. In a file of SQLite the
    /// bytes remain until [`Scores::scrub_owed`] has done its part. `mark` is a number that no other call
    /// has.
    ///
    /// # Errors
    /// The store fails; all is there as before.
    pub fn purge(&self, gone: Gone, mark: i64) -> Result<bool, StoreError> {
        self.write(move |transaction| {
            // What is added to sums meanwhile would stay.
            alone(transaction)?;
            transaction.execute(IN_USE, &[])?;
            let rows = transaction.query(
                "SELECT since FROM gone WHERE guild = ?1 AND since = ?2",
                &[of_id(gone.guild), of_time(gone.since)],
            )?;
            if rows.is_empty() {
                return Ok(false);
            }
            for statement in KEPT {
                transaction.execute(statement, &[of_id(gone.guild)])?;
            }
            owe_scrub(transaction, mark)?;
            Ok(true)
        })
    }
}

fn last_look(transaction: &mut dyn Transaction) -> Result<Option<Timestamp>, StoreError> {
    let rows = transaction.query("SELECT value FROM setting WHERE name = 'looked'", &[])?;
    let Some(row) = rows.first() else {
        return Ok(None);
    };
    let millis = row.text(0)?.parse();
    to_time(millis.map_err(|_| super::strange("a time"))?).map(Some)
}
