//! Recaps of weeks: which week of a server was told last, and who is about to tell one.
//!
//! A recap carries no mark by which it could be found in the chat again. So a post of which nobody
//! knows whether it arrived is repeated only while the chat knows its key, and given up after that:
//! a week may go without its recap, and never has two.

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};

use super::database::StoreError;
use super::{Scores, of_day, of_id, of_time, to_time};

/// A recap that somebody set out to post.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecapTry {
    /// When it was first tried.
    pub first_at: Timestamp,
    /// Until when nobody else tries.
    pub until: Timestamp,
}

impl RecapTry {
    /// Whether nobody tried before.
    #[must_use]
    pub fn is_first(&self, hold: SignedDuration) -> bool {
        self.first_at.saturating_add(hold).ok() == Some(self.until)
    }
}

/// Whether a recap may be posted now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecapClaim {
    /// By whoever asked, and it is told how that went.
    Ours(RecapTry),
    /// Somebody else does, or has.
    NotOurs,
    /// Nobody knows whether an earlier try arrived, and it is too long ago to repeat it. It counts
    /// as posted from now on.
    Lost,
}

impl Scores {
    /// The try at the recap of the week that begins on `monday`; none where nobody tried.
    ///
    /// # Errors
    /// The store fails.
    pub fn recap_try(&self, guild: u64, monday: Date) -> Result<Option<RecapTry>, StoreError> {
        self.read(|transaction| {
            let rows = transaction.query(
                "SELECT recap_first_at, recap_until FROM guild WHERE id = ?1 AND recap_week = ?2",
                &[of_id(guild), of_day(monday)],
            )?;
            let tried = rows.first().map(|row| {
                Ok(RecapTry {
                    first_at: to_time(row.int(0)?)?,
                    until: to_time(row.int(1)?)?,
                })
            });
            tried.transpose()
        })
    }

    /// Claims the recap of the week that begins on `monday`, to be posted within `hold`. An earlier
    /// try that nobody has ended is repeated only until `again` after it was first made.
    ///
    /// # Errors
    /// The store fails; nothing may be posted then.
    pub fn claim_recap(
        &self,
        guild: u64,
        monday: Date,
        at: Timestamp,
        hold: SignedDuration,
        again: SignedDuration,
    ) -> Result<RecapClaim, StoreError> {
        self.write(move |transaction| {
            let until = at.saturating_add(hold).unwrap_or(at);
            let ours = |first_at| Ok(RecapClaim::Ours(RecapTry { first_at, until }));
            let week = of_day(monday);
            let n_new = transaction.execute(
                "UPDATE guild SET recap_week = ?1, recap_first_at = ?2, recap_until = ?3 \
                 WHERE id = ?4 AND (recapped IS NULL OR recapped < ?1) \
                 AND (recap_week IS NULL OR recap_week < ?1)",
                &[week.clone(), of_time(at), of_time(until), of_id(guild)],
            )?;
            if n_new > 0 {
                return ours(at);
            }
            let n_again = transaction.execute(
                "UPDATE guild SET recap_until = ?1 WHERE id = ?2 AND recap_week = ?3 \
                 AND (recapped IS NULL OR recapped < ?3) AND recap_until <= ?4",
                &[of_time(until), of_id(guild), week.clone(), of_time(at)],
            )?;
            if n_again == 0 {
                return Ok(RecapClaim::NotOurs);
            }
            let rows = transaction.query(
                "SELECT recap_first_at FROM guild WHERE id = ?1",
                &[of_id(guild)],
            )?;
            let first_at = to_time(super::only(rows)?.int(0)?)?;
            if at.duration_since(first_at) < again {
                return ours(first_at);
            }
            transaction.execute(
                "UPDATE guild SET recapped = ?1 WHERE id = ?2",
                &[week, of_id(guild)],
            )?;
            Ok(RecapClaim::Lost)
        })
    }

    /// The recap of the week that begins on `monday` needs nobody any more.
    ///
    /// # Errors
    /// The store fails.
    pub fn recapped(&self, guild: u64, monday: Date) -> Result<(), StoreError> {
        self.write(move |transaction| {
            transaction.execute(
                "UPDATE guild SET recapped = ?1 \
                 WHERE id = ?2 AND (recapped IS NULL OR recapped < ?1)",
                &[of_day(monday), of_id(guild)],
            )?;
            Ok(())
        })
    }

    /// This try, the first one, sent nothing: it is as though nobody had tried.
    ///
    /// # Errors
    /// The store fails.
    pub fn recap_not_sent(
        &self,
        guild: u64,
        monday: Date,
        tried: RecapTry,
    ) -> Result<(), StoreError> {
        self.write(move |transaction| {
            transaction.execute(
                "UPDATE guild SET recap_week = NULL \
                 WHERE id = ?1 AND recap_week = ?2 AND recap_until = ?3",
                &[of_id(guild), of_day(monday), of_time(tried.until)],
            )?;
            Ok(())
        })
    }
}
