//! What a schedule asks next: which questions it has drawn, and which are pinned.

use std::collections::HashMap;

use jiff::civil::Date;

use super::database::{StoreError, Transaction};
use super::ledger::{note, noted};
use super::schedules::{Schedule, ScheduleId};
use super::{By, Scores, of_day, only, to_count, to_day};
use crate::quiz::bag::Drawn;

/// Questions pinned for one schedule, at most.
pub const PINS_MAX: i64 = 25;

impl Scores {
    /// How often which question was drawn for a schedule.
    ///
    /// # Errors
    /// The store fails.
    pub fn drawn(&self, schedule: ScheduleId) -> Result<HashMap<String, Drawn>, StoreError> {
        self.read(|transaction| {
            let rows = transaction.query(
                "SELECT question, times, last_day FROM drawn WHERE schedule = ?1",
                &[schedule.0.into()],
            )?;
            let drawn = rows.iter().map(|row| {
                let drawn = Drawn {
                    times: to_count(row.int(1)?),
                    last: to_day(row.text(2)?)?,
                };
                Ok((row.text(0)?.to_owned(), drawn))
            });
            drawn.collect()
        })
    }

    /// The questions that the organiser wants next, in order.
    ///
    /// # Errors
    /// The store fails.
    pub fn pins(&self, schedule: ScheduleId) -> Result<Vec<String>, StoreError> {
        self.read(|transaction| {
            let rows = transaction.query(
                "SELECT question FROM pin WHERE schedule = ?1 ORDER BY place",
                &[schedule.0.into()],
            )?;
            rows.iter().map(|row| Ok(row.text(0)?.to_owned())).collect()
        })
    }

    /// Puts a question at the end of those that come next. False where there are
    /// [`PINS_MAX`] already.
    ///
    /// # Errors
    /// The store fails.
    pub fn pin(&self, schedule: &Schedule, question: &str, by: By) -> Result<bool, StoreError> {
        let (id, guild, question) = (schedule.id, schedule.guild, question.to_owned());
        self.write(move |transaction| {
            if noted(transaction, by)?.is_some() {
                return Ok(true);
            }
            let rows = transaction.query(
                "SELECT COUNT(*), COALESCE(MAX(place), 0) FROM pin WHERE schedule = ?1",
                &[id.0.into()],
            )?;
            let row = only(rows)?;
            if row.int(0)? >= PINS_MAX {
                return Ok(false);
            }
            transaction.execute(
                "INSERT INTO pin (schedule, place, question) VALUES (?1, ?2, ?3)",
                &[
                    id.0.into(),
                    (row.int(1)? + 1).into(),
                    question.as_str().into(),
                ],
            )?;
            note(transaction, guild.cast_signed(), by, "pin", &question)?;
            Ok(true)
        })
    }

    /// Counts a question as drawn without asking it. Which one: where the same event has done so
    /// before, the one of that time.
    ///
    /// # Errors
    /// The store fails.
    pub fn pass_over(
        &self,
        schedule: ScheduleId,
        guild: u64,
        question: &str,
        day: Date,
        by: By,
    ) -> Result<String, StoreError> {
        let question = question.to_owned();
        self.write(move |transaction| {
            if let Some(before) = noted(transaction, by)? {
                return Ok(before);
            }
            draw(transaction, schedule, &question, day)?;
            note(transaction, guild.cast_signed(), by, "skip", &question)?;
            Ok(question.clone())
        })
    }

    /// Writes down on which day the organiser was told that questions run low; none once there are
    /// enough again.
    ///
    /// # Errors
    /// The store fails.
    pub fn told_low(&self, schedule: ScheduleId, day: Option<Date>) -> Result<(), StoreError> {
        self.write(move |transaction| {
            let day = day.map(|day| day.to_string());
            let values = [day.into(), schedule.0.into()];
            transaction.execute("UPDATE schedule SET told_low = ?1 WHERE id = ?2", &values)?;
            Ok(())
        })
    }
}

/// Counts a question as drawn; it is pinned no longer.
pub(super) fn draw(
    transaction: &mut dyn Transaction,
    schedule: ScheduleId,
    question: &str,
    day: Date,
) -> Result<(), StoreError> {
    transaction.execute(
        "INSERT INTO drawn (schedule, question, times, last_day) VALUES (?1, ?2, 1, ?3) \
         ON CONFLICT (schedule, question) DO UPDATE SET times = drawn.times + 1, \
         last_day = excluded.last_day",
        &[schedule.0.into(), question.into(), of_day(day)],
    )?;
    transaction.execute(
        "DELETE FROM pin WHERE schedule = ?1 AND question = ?2",
        &[schedule.0.into(), question.into()],
    )?;
    Ok(())
}
