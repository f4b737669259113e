//! The way of a round, from the claim to its end.
//!
//! Whoever works on a round holds it for a while, by an epoch that grows with every taking: what
//! an earlier holder still writes falls on the floor.

use jiff::Timestamp;
use jiff::civil::Date;

use super::database::{StoreError, Transaction};
use super::kept::of_question;
use super::ledger::{note, noted};
use super::lookup::find;
use super::queue::draw;
use super::round::{Asks, Feedback, Lease, NewRound, Round, RoundId, RoundState, of_minutes};
use super::schedules::ScheduleId;
use super::sums::unseal;
use super::{By, Scores, of_day, of_flag, of_id, of_time};

impl Scores {
    /// Claims a day for a round, and keeps the question that it will ask with all its texts; whoever
    /// comes second gets none. The question counts as drawn, and leaves the schedule's pins.
    ///
    /// # Errors
    /// The store fails; nothing may be posted then.
    pub fn claim(&self, round: NewRound, lease: Lease) -> Result<Option<Round>, StoreError> {
        self.write(move |transaction| {
            let n_claimed = insert(transaction, &round, &lease)?;
            if n_claimed == 0 {
                return Ok(None);
            }
            draw(
                transaction,
                round.schedule,
                &round.asks.question.id,
                round.day,
            )?;
            find(transaction, round.id)
        })
    }

    /// Adds a round that is posted at the next look: an organiser wants it now. Whether it is there.
    ///
    /// # Errors
    /// The store fails.
    pub fn post_now(&self, round: NewRound, by: By) -> Result<bool, StoreError> {
        self.write(move |transaction| {
            if noted(transaction, by)?.is_some() {
                return Ok(true);
            }
            let lease = Lease {
                owner: String::new(),
                at: by.at,
                until: by.at,
            };
            let n_claimed = insert(transaction, &round, &lease)?;
            if n_claimed > 0 {
                draw(
                    transaction,
                    round.schedule,
                    &round.asks.question.id,
                    round.day,
                )?;
                let guild = round.guild.cast_signed();
                note(transaction, guild, by, "post-now", &round.asks.question.id)?;
            }
            Ok(n_claimed > 0)
        })
    }

    /// Takes a round whose holder's time is up, or whose time has come. None where somebody else
    /// did, or nothing is left to do.
    ///
    /// # Errors
    /// The store fails.
    pub fn take(&self, round: &Round, lease: Lease) -> Result<Option<Round>, StoreError> {
        let (id, epoch, feedback) = (round.id, round.epoch, round.rules.feedback);
        self.write(move |transaction| {
            let n_taken = transaction.execute(
                "UPDATE round SET owner = ?1, epoch = epoch + 1, wake_at = ?2, \
                 state = CASE WHEN state = 'open' THEN 'closing' ELSE state END \
                 WHERE id = ?3 AND epoch = ?4 AND wake_at <= ?5",
                &[
                    lease.owner.as_str().into(),
                    of_time(lease.until),
                    id.0.into(),
                    i64::from(epoch).into(),
                    of_time(lease.at),
                ],
            )?;
            if n_taken == 0 {
                return Ok(None);
            }
            let round = find(transaction, id)?;
            let is_over = |round: &Round| round.state == RoundState::Closing;
            if feedback == Feedback::Sealed && round.as_ref().is_some_and(is_over) {
                unseal(transaction, id)?;
            }
            Ok(round)
        })
    }

    /// Says that the round is in the chat, in this message. Whether it was still ours to say.
    ///
    /// # Errors
    /// The store fails.
    pub fn opened(
        &self,
        round: &Round,
        message: u64,
        at: Timestamp,
        closes_at: Timestamp,
    ) -> Result<bool, StoreError> {
        let (id, epoch, schedule) = (round.id, round.epoch, round.schedule);
        self.write(move |transaction| {
            let n_changed = transaction.execute(
                "UPDATE round SET state = 'open', message = ?1, opened_at = ?2, closes_at = ?3, \
                 wake_at = ?4, reason = NULL WHERE id = ?5 AND epoch = ?6 AND state = 'posting'",
                &[
                    of_id(message),
                    of_time(at),
                    of_time(closes_at),
                    of_time(closes_at),
                    id.0.into(),
                    i64::from(epoch).into(),
                ],
            )?;
            if n_changed > 0 {
                let values = [schedule.0.into()];
                transaction.execute("UPDATE schedule SET n_failed = 0 WHERE id = ?1", &values)?;
            }
            Ok(n_changed > 0)
        })
    }

    /// Begins to post the round anew, under another nonce and as long as a new lease: the earlier
    /// posting left no trace.
    ///
    /// # Errors
    /// The store fails.
    pub fn post_anew(&self, round: &Round, lease: Lease) -> Result<Option<Round>, StoreError> {
        let (id, epoch) = (round.id, round.epoch);
        self.write(move |transaction| {
            let n_changed = transaction.execute(
                "UPDATE round SET generation = generation + 1, first_try_at = ?1, wake_at = ?2 \
                 WHERE id = ?3 AND epoch = ?4 AND state = 'posting'",
                &[
                    of_time(lease.at),
                    of_time(lease.until),
                    id.0.into(),
                    i64::from(epoch).into(),
                ],
            )?;
            if n_changed == 0 {
                Ok(None)
            } else {
                find(transaction, id)
            }
        })
    }

    /// Ends a round: closed, failed, uncertain or skipped. Whether it was still ours to end.
    ///
    /// # Errors
    /// The store fails.
    pub fn end(
        &self,
        round: &Round,
        state: RoundState,
        reason: Option<&str>,
    ) -> Result<bool, StoreError> {
        let (id, epoch, feedback) = (round.id, round.epoch, round.rules.feedback);
        let reason = reason.map(str::to_owned);
        self.write(move |transaction| {
            let n_changed = transaction.execute(
                "UPDATE round SET state = ?1, reason = ?2, wake_at = NULL \
                 WHERE id = ?3 AND epoch = ?4",
                &[
                    state.name().into(),
                    reason.clone().into(),
                    id.0.into(),
                    i64::from(epoch).into(),
                ],
            )?;
            if n_changed > 0 && feedback == Feedback::Sealed {
                unseal(transaction, id)?;
            }
            Ok(n_changed > 0)
        })
    }

    /// Lets the round rest until this time, when whoever looks may take it.
    ///
    /// # Errors
    /// The store fails.
    pub fn rest(&self, round: &Round, until: Timestamp) -> Result<(), StoreError> {
        let (id, epoch) = (round.id, round.epoch);
        self.write(move |transaction| {
            let values = [of_time(until), id.0.into(), i64::from(epoch).into()];
            transaction.execute(
                "UPDATE round SET wake_at = ?1 WHERE id = ?2 AND epoch = ?3 AND wake_at IS NOT NULL",
                &values,
            )?;
            Ok(())
        })
    }

    /// Writes down that a day had no round; whether nobody had done so before.
    ///
    /// # Errors
    /// The store fails.
    pub fn skip(
        &self,
        id: RoundId,
        schedule: ScheduleId,
        guild: u64,
        day: Date,
        at: Timestamp,
        reason: &str,
    ) -> Result<bool, StoreError> {
        let reason = reason.to_owned();
        self.write(move |transaction| {
            let n_added = transaction.execute(
                "INSERT INTO round (id, schedule, guild, day, number, feedback, may_change, grading, \
                 open_minutes, state, reason, due_at, channel, generation, owner, epoch, counted, \
                 voided) VALUES (?1, ?2, ?3, ?4, 0, 'instant', 0, 'all', 0, 'skipped', ?5, ?6, 0, 0, \
                 '', 0, 0, 0) ON CONFLICT (schedule, day, number) DO NOTHING",
                &[
                    id.0.into(),
                    schedule.0.into(),
                    of_id(guild),
                    of_day(day),
                    reason.as_str().into(),
                    of_time(at),
                ],
            )?;
            Ok(n_added > 0)
        })
    }

    /// Lets every round that `owner` holds be taken at once: for a process that starts anew under
    /// the same name, and knows that the one before has ended.
    ///
    /// # Errors
    /// The store fails.
    pub fn release(&self, owner: &str, now: Timestamp) -> Result<(), StoreError> {
        let owner = owner.to_owned();
        self.write(move |transaction| {
            transaction.execute(
                "UPDATE round SET wake_at = ?1 \
                 WHERE owner = ?2 AND state IN ('posting', 'closing') AND wake_at > ?3",
                &[of_time(now), owner.as_str().into(), of_time(now)],
            )?;
            Ok(())
        })
    }
}

fn insert(
    transaction: &mut dyn Transaction,
    round: &NewRound,
    lease: &Lease,
) -> Result<u64, StoreError> {
    let Asks {
        question,
        shown,
        right,
    } = &round.asks;
    let shown: Vec<String> = shown.iter().map(u8::to_string).collect();
    transaction.execute(
        "INSERT INTO round (id, schedule, guild, day, number, question, topic, difficulty, shown, \
         right_choices, feedback, may_change, grading, open_minutes, state, due_at, first_try_at, \
         channel, generation, owner, epoch, wake_at, counted, voided, texts) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, 'posting', ?15, ?16, \
         ?17, 0, ?18, 1, ?19, 0, 0, ?20) ON CONFLICT (schedule, day, number) DO NOTHING",
        &[
            round.id.0.into(),
            round.schedule.0.into(),
            of_id(round.guild),
            of_day(round.day),
            i64::from(round.number).into(),
            question.id.as_str().into(),
            question.topic.as_str().into(),
            question.difficulty.name().into(),
            shown.join(",").into(),
            i64::from(right.bits()).into(),
            round.rules.feedback.name().into(),
            of_flag(round.rules.may_change),
            round.rules.grading.name().into(),
            of_minutes(round.rules.open_for),
            of_time(round.due_at),
            of_time(lease.at),
            of_id(round.channel),
            lease.owner.as_str().into(),
            of_time(lease.until),
            of_question(question)?,
        ],
    )
}
