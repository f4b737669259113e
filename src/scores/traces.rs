//! What is kept about one person besides answers and cards: the rows that an export lists too.

use jiff::Timestamp;

use super::database::{Row, StoreError};
use super::ledger::to_streak;
use super::people::Practice;
use super::{Scores, of_id, to_count, to_id, to_time};
use crate::quiz::streak::Streak;

/// All of it, in every server.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Traces {
    /// Streaks, and whether the person is on boards.
    pub memberships: Vec<Membership>,
    /// Practices under way: the server, the practice, when it began.
    pub practices: Vec<(u64, Practice, Timestamp)>,
    /// Questions that the person reported: the server, the round, when.
    pub reports: Vec<(u64, i64, Timestamp)>,
    /// What the person did as an organiser.
    pub acts: Vec<Act>,
    /// Schedules that the person set up: the server and the name.
    pub schedules: Vec<(u64, String)>,
}

/// A person in a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Membership {
    /// The server.
    pub guild: u64,
    /// The streak as it is kept.
    pub streak: Streak,
    /// Whether the person wants to be on no board.
    pub is_hidden: bool,
    /// Whether the person has left.
    pub has_departed: bool,
}

/// Something that an organiser did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Act {
    /// The server.
    pub guild: u64,
    /// When.
    pub at: Timestamp,
    /// What.
    pub what: String,
    /// To what, and why.
    pub detail: String,
}

impl Traces {
    /// The number of rows.
    #[must_use]
    pub fn n_rows(&self) -> usize {
        self.memberships.len()
            + self.practices.len()
            + self.reports.len()
            + self.acts.len()
            + self.schedules.len()
    }
}

impl Scores {
    /// What is kept about a person besides [`Scores::events`] and [`Scores::written_reviews`]. Sums
    /// are not listed: they follow from the events.
    ///
    /// # Errors
    /// The store fails.
    pub fn traces(&self, member: u64) -> Result<Traces, StoreError> {
        self.read(|transaction| {
            let mut rows = |sql| transaction.query(sql, &[of_id(member)]);
            Ok(Traces {
                memberships: all(
                    &rows(
                        "SELECT guild, hidden, departed, streak, streak_best, freezes, n_toward, \
                         last_day FROM member WHERE id = ?1 ORDER BY guild",
                    )?,
                    |row| {
                        Ok(Membership {
                            guild: to_id(row.int(0)?),
                            is_hidden: row.int(1)? != 0,
                            has_departed: row.int(2)? != 0,
                            streak: to_streak(row, 3)?,
                        })
                    },
                )?,
                practices: all(
                    &rows(
                        "SELECT guild, questions, place, n_right, started_at FROM practice \
                         WHERE member = ?1 ORDER BY guild",
                    )?,
                    |row| {
                        let practice = to_practice(row, 1)?;
                        Ok((to_id(row.int(0)?), practice, to_time(row.int(4)?)?))
                    },
                )?,
                reports: all(
                    &rows(
                        "SELECT guild, round, at FROM report WHERE member = ?1 ORDER BY at, round",
                    )?,
                    |row| Ok((to_id(row.int(0)?), row.int(1)?, to_time(row.int(2)?)?)),
                )?,
                acts: all(
                    &rows("SELECT guild, at, what, detail FROM act WHERE actor = ?1 ORDER BY id")?,
                    |row| {
                        Ok(Act {
                            guild: to_id(row.int(0)?),
                            at: to_time(row.int(1)?)?,
                            what: row.text(2)?.to_owned(),
                            detail: row.text(3)?.to_owned(),
                        })
                    },
                )?,
                schedules: all(
                    &rows(
                        "SELECT guild, name FROM schedule WHERE organiser = ?1 ORDER BY guild, name",
                    )?,
                    |row| Ok((to_id(row.int(0)?), row.text(1)?.to_owned())),
                )?,
            })
        })
    }
}

fn all<T>(
    rows: &[Row],
    read: impl Fn(&Row) -> Result<T, StoreError>,
) -> Result<Vec<T>, StoreError> {
    rows.iter().map(read).collect()
}

/// A practice that stands in a row from this column on.
pub(super) fn to_practice(row: &Row, first: usize) -> Result<Practice, StoreError> {
    let questions = row.text(first)?;
    Ok(Practice {
        questions: questions.split(',').map(str::to_owned).collect(),
        place: to_count(row.int(first + 1)?),
        n_right: to_count(row.int(first + 2)?),
    })
}
