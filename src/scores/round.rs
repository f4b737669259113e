//! What a round is: one question put to a server, how it is played, and where it stands.

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};

use super::database::{Row, StoreError, Value};
use super::schedules::ScheduleId;
use super::strange;
use crate::quiz::Question;
use crate::quiz::grade::{Choices, Grading};

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

/// The rules in four columns of a row, the first of them here.
pub(super) fn to_rules(row: &Row, first: usize) -> Result<Rules, StoreError> {
    let (feedback, grading) = (row.text(first)?, row.text(first + 2)?);
    Ok(Rules {
        feedback: Feedback::named(feedback).ok_or_else(|| strange("a feedback"))?,
        may_change: row.int(first + 1)? != 0,
        grading: Grading::named(grading).ok_or_else(|| strange("a grading"))?,
        open_for: SignedDuration::from_mins(row.int(first + 3)?),
    })
}

pub(super) fn of_minutes(time: SignedDuration) -> Value {
    Value::Int(time.as_mins())
}
