//! Rounds: one question put to a server, from the claim to the reveal.
//!
//! Whoever works on a round holds it for a while, by an epoch that grows with every taking: what
//! an earlier holder still writes falls on the floor.

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};

use super::database::{Row, StoreError, Transaction, Value};
use super::guilds::ScheduleId;
use super::kept::{of_question, to_question};
use super::ledger::{note, noted, to_choices, to_difficulty};
use super::{
    By, Scores, of_day, of_flag, of_id, of_time, only, strange, to_count, to_day, to_id, to_time,
};
use crate::quiz::Question;
use crate::quiz::grade::{Choices, Grading};

/// Rounds that one look finds at most; the rest is found by the next.
pub const ROUNDS_MAX: i64 = 1_000;

/// The number of a round. It cannot be guessed from other rounds' numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RoundId(pub i64);

/// When people learn whether they were right.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Feedback {
    /// With their answer, privately.
    #[default]
    Instant,
    /// When the round closes.
    Sealed,
}

impl Feedback {
    /// The word for it in settings.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Instant => "instant",
            Self::Sealed => "sealed",
        }
    }

    /// The feedback of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        [Self::Instant, Self::Sealed]
            .into_iter()
            .find(|feedback| feedback.name() == name)
    }
}

/// How a round is played.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// When people learn whether they were right.
    pub feedback: Feedback,
    /// Whether an answer may be changed until the close.
    pub may_change: bool,
    /// How several right choices are graded.
    pub grading: Grading,
    /// How long it is open, in whole minutes.
    pub open_for: SignedDuration,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            feedback: Feedback::default(),
            may_change: false,
            grading: Grading::default(),
            open_for: SignedDuration::from_hours(20),
        }
    }
}

/// Where a round stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RoundState {
    /// Claimed, and on its way to the chat.
    Posting,
    /// In the chat, open for answers.
    Open,
    /// Its reveal is on the way.
    Closing,
    /// Revealed.
    Closed,
    /// The chat refused it.
    Failed,
    /// It may be in the chat or not, and nobody can tell: it is never posted again by itself.
    Uncertain,
    /// It was never posted.
    Skipped,
}

impl RoundState {
    const ALL: [Self; 7] = [
        Self::Posting,
        Self::Open,
        Self::Closing,
        Self::Closed,
        Self::Failed,
        Self::Uncertain,
        Self::Skipped,
    ];

    /// The word for it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Posting => "posting",
            Self::Open => "open",
            Self::Closing => "closing",
            Self::Closed => "closed",
            Self::Failed => "failed",
            Self::Uncertain => "uncertain",
            Self::Skipped => "skipped",
        }
    }

    /// The state of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }
}

/// What a round asks, as it was when the round was claimed: edits of the question files change
/// nothing of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asks {
    /// The question.
    pub question: Question,
    /// The places of its choices in the order in which they are shown.
    pub shown: Vec<u8>,
    /// The choices that count as right, by their places in the question; a regrade changes them.
    pub right: Choices,
}

/// A round.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Round {
    /// Its number.
    pub id: RoundId,
    /// The schedule that it belongs to.
    pub schedule: ScheduleId,
    /// The server.
    pub guild: u64,
    /// The day that it counts for, in the schedule's zone.
    pub day: Date,
    /// 0 for the day's own, more for those that the organiser posted besides.
    pub number: u32,
    /// What it asks; nothing where it was skipped.
    pub asks: Option<Asks>,
    /// How it is played.
    pub rules: Rules,
    /// Where it stands.
    pub state: RoundState,
    /// Why it stands there, where that needs saying.
    pub reason: Option<String>,
    /// When it was to be posted.
    pub due_at: Timestamp,
    /// When posting was first tried with this generation.
    pub first_try_at: Option<Timestamp>,
    /// When it was posted.
    pub opened_at: Option<Timestamp>,
    /// When it closes.
    pub closes_at: Option<Timestamp>,
    /// The channel.
    pub channel: u64,
    /// The message.
    pub message: Option<u64>,
    /// How often it was posted anew after a posting that left no trace.
    pub generation: u32,
    /// Grows with every taking.
    pub epoch: u32,
    /// How many answers the message says there are.
    pub counted: u32,
    /// Whether its points were taken back.
    pub is_voided: bool,
}

/// A round to be claimed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewRound {
    /// Its number.
    pub id: RoundId,
    /// The schedule that it belongs to.
    pub schedule: ScheduleId,
    /// The server.
    pub guild: u64,
    /// The day that it counts for.
    pub day: Date,
    /// 0 for the day's own, more for those that the organiser posts besides.
    pub number: u32,
    /// What it asks.
    pub asks: Asks,
    /// How it is played.
    pub rules: Rules,
    /// When it was to be posted.
    pub due_at: Timestamp,
    /// The channel.
    pub channel: u64,
}

/// Who works on a round, and until when nobody else may.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    /// The process.
    pub owner: String,
    /// Now.
    pub at: Timestamp,
    /// Until when it is held.
    pub until: Timestamp,
}

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

    /// How many rounds a schedule has on a day.
    ///
    /// # Errors
    /// The store fails.
    pub fn n_on(&self, schedule: ScheduleId, day: Date) -> Result<u32, StoreError> {
        self.read(|transaction| {
            let rows = transaction.query(
                "SELECT COALESCE(MAX(number), 0) FROM round WHERE schedule = $1 AND day = $2",
                &[schedule.0.into(), of_day(day)],
            )?;
            Ok(to_count(only(rows)?.int(0)?))
        })
    }

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

    /// Takes a round whose holder's time is up, or whose time has come. None where somebody else
    /// did, or nothing is left to do.
    ///
    /// # Errors
    /// The store fails.
    pub fn take(&self, round: &Round, lease: Lease) -> Result<Option<Round>, StoreError> {
        let (id, epoch) = (round.id, round.epoch);
        self.write(move |transaction| {
            let n_taken = transaction.execute(
                "UPDATE round SET owner = $1, epoch = epoch + 1, wake_at = $2, \
                 state = CASE WHEN state = 'open' THEN 'closing' ELSE state END \
                 WHERE id = $3 AND epoch = $4 AND wake_at <= $5",
                &[
                    lease.owner.as_str().into(),
                    of_time(lease.until),
                    id.0.into(),
                    i64::from(epoch).into(),
                    of_time(lease.at),
                ],
            )?;
            if n_taken == 0 {
                Ok(None)
            } else {
                find(transaction, id)
            }
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
                "UPDATE round SET state = 'open', message = $1, opened_at = $2, closes_at = $3, \
                 wake_at = $4, reason = NULL WHERE id = $5 AND epoch = $6 AND state = 'posting'",
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
                transaction.execute("UPDATE schedule SET n_failed = 0 WHERE id = $1", &values)?;
            }
            Ok(n_changed > 0)
        })
    }

    /// Begins to post the round anew, under another nonce: the earlier posting left no trace.
    ///
    /// # Errors
    /// The store fails.
    pub fn post_anew(&self, round: &Round, at: Timestamp) -> Result<Option<Round>, StoreError> {
        let (id, epoch) = (round.id, round.epoch);
        self.write(move |transaction| {
            let n_changed = transaction.execute(
                "UPDATE round SET generation = generation + 1, first_try_at = $1 \
                 WHERE id = $2 AND epoch = $3 AND state = 'posting'",
                &[of_time(at), id.0.into(), i64::from(epoch).into()],
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
        let (id, epoch) = (round.id, round.epoch);
        let reason = reason.map(str::to_owned);
        self.write(move |transaction| {
            let n_changed = transaction.execute(
                "UPDATE round SET state = $1, reason = $2, wake_at = NULL \
                 WHERE id = $3 AND epoch = $4",
                &[
                    state.name().into(),
                    reason.clone().into(),
                    id.0.into(),
                    i64::from(epoch).into(),
                ],
            )?;
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
                "UPDATE round SET wake_at = $1 WHERE id = $2 AND epoch = $3 AND wake_at IS NOT NULL",
                &values,
            )?;
            Ok(())
        })
    }

    /// Writes down that a day had no round.
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
    ) -> Result<(), StoreError> {
        let reason = reason.to_owned();
        self.write(move |transaction| {
            transaction.execute(
                "INSERT INTO round (id, schedule, guild, day, number, feedback, may_change, grading, \
                 open_minutes, state, reason, due_at, channel, generation, owner, epoch, counted, \
                 voided) VALUES ($1, $2, $3, $4, 0, 'instant', 0, 'all', 0, 'skipped', $5, $6, 0, 0, \
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
            Ok(())
        })
    }

    /// Rounds that need somebody now, the longest waiting first, at most [`ROUNDS_MAX`].
    ///
    /// # Errors
    /// The store fails.
    pub fn waking(&self, now: Timestamp) -> Result<Vec<Round>, StoreError> {
        self.read(|transaction| {
            let rows = transaction.query(
                select_round!("WHERE wake_at <= $1 ORDER BY wake_at, id LIMIT $2"),
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

    /// A round by its number.
    ///
    /// # Errors
    /// The store fails.
    pub fn round(&self, id: RoundId) -> Result<Option<Round>, StoreError> {
        self.read(|transaction| find(transaction, id))
    }

    /// The newest rounds of a server, the newest first.
    ///
    /// # Errors
    /// The store fails.
    pub fn newest(&self, guild: u64, n: u32) -> Result<Vec<Round>, StoreError> {
        self.read(|transaction| {
            let rows = transaction.query(
                select_round!("WHERE guild = $1 ORDER BY day DESC, due_at DESC, id LIMIT $2"),
                &[of_id(guild), i64::from(n).into()],
            )?;
            rows.iter().map(to_round).collect()
        })
    }

    /// Rounds of a server within these days, both included, that were posted.
    ///
    /// # Errors
    /// The store fails.
    pub fn posted_between(
        &self,
        guild: u64,
        first: Date,
        last: Date,
    ) -> Result<Vec<Round>, StoreError> {
        self.read(|transaction| {
            let rows = transaction.query(
                select_round!(
                    "WHERE guild = $1 AND day >= $2 AND day <= $3 AND opened_at IS NOT NULL \
                     ORDER BY day, due_at, id LIMIT $4"
                ),
                &[of_id(guild), of_day(first), of_day(last), ROUNDS_MAX.into()],
            )?;
            rows.iter().map(to_round).collect()
        })
    }

    /// Open rounds whose message says another number of answers than there are, with that number.
    ///
    /// # Errors
    /// The store fails.
    pub fn miscounted(&self) -> Result<Vec<(Round, u32)>, StoreError> {
        self.read(|transaction| {
            let rows = transaction.query(
                select_round!("WHERE state = 'open' AND wake_at IS NOT NULL ORDER BY id LIMIT $1"),
                &[ROUNDS_MAX.into()],
            )?;
            let mut found = Vec::new();
            for row in &rows {
                let round = to_round(row)?;
                let n = transaction.query(
                    "SELECT COUNT(*) FROM event WHERE round = $1 AND number = 0",
                    &[round.id.0.into()],
                )?;
                let n = to_count(only(n)?.int(0)?);
                if n != round.counted {
                    found.push((round, n));
                }
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
            transaction.execute("UPDATE round SET counted = $1 WHERE id = $2", &values)?;
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
                "INSERT INTO report (round, member, guild, at) VALUES ($1, $2, $3, $4) \
                 ON CONFLICT (round, member) DO NOTHING",
                &[id.0.into(), of_id(member), of_id(guild), of_time(at)],
            )?;
            let values = [id.0.into()];
            let rows =
                transaction.query("SELECT COUNT(*) FROM report WHERE round = $1", &values)?;
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
                transaction.query("SELECT COUNT(*) FROM report WHERE round = $1", &values)?;
            Ok(to_count(only(rows)?.int(0)?))
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
                "UPDATE round SET wake_at = $1 \
                 WHERE owner = $2 AND state IN ('posting', 'closing') AND wake_at > $3",
                &[of_time(now), owner.as_str().into(), of_time(now)],
            )?;
            Ok(())
        })
    }

    /// Counts a refusal of the chat against the schedule; how many there were in a row.
    ///
    /// # Errors
    /// The store fails.
    pub fn refused(&self, schedule: ScheduleId) -> Result<u32, StoreError> {
        self.write(move |transaction| {
            let values = [schedule.0.into()];
            transaction.execute(
                "UPDATE schedule SET n_failed = n_failed + 1 WHERE id = $1",
                &values,
            )?;
            let rows = transaction.query("SELECT n_failed FROM schedule WHERE id = $1", &values)?;
            rows.first().map_or(Ok(0), |row| Ok(to_count(row.int(0)?)))
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
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, 'posting', $15, $16, \
         $17, 0, $18, 1, $19, 0, 0, $20) ON CONFLICT (schedule, day, number) DO NOTHING",
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

pub(super) fn draw(
    transaction: &mut dyn Transaction,
    schedule: ScheduleId,
    question: &str,
    day: Date,
) -> Result<(), StoreError> {
    transaction.execute(
        "INSERT INTO drawn (schedule, question, times, last_day) VALUES ($1, $2, 1, $3) \
         ON CONFLICT (schedule, question) DO UPDATE SET times = drawn.times + 1, \
         last_day = excluded.last_day",
        &[schedule.0.into(), question.into(), of_day(day)],
    )?;
    transaction.execute(
        "DELETE FROM pin WHERE schedule = $1 AND question = $2",
        &[schedule.0.into(), question.into()],
    )?;
    Ok(())
}

fn find(transaction: &mut dyn Transaction, id: RoundId) -> Result<Option<Round>, StoreError> {
    let rows = transaction.query(select_round!("WHERE id = $1"), &[id.0.into()])?;
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
        rules: Rules {
            feedback: Feedback::named(row.text(10)?).ok_or_else(|| strange("a feedback"))?,
            may_change: row.int(11)? != 0,
            grading: Grading::named(row.text(12)?).ok_or_else(|| strange("a grading"))?,
            open_for: SignedDuration::from_mins(row.int(13)?),
        },
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

pub(super) fn of_minutes(time: SignedDuration) -> Value {
    Value::Int(time.as_mins())
}
