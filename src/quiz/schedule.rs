//! When a quiz is posted: days become instants, and instants become what is to be done.
//!
//! A plan has one slot for each of its days, named by the local date. All is worked out anew from
//! the plan, the instant and the newest slot, so that a process that was away needs no memory of it.

use std::iter;
use std::ops::RangeInclusive;

use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan};

use super::weekdays::Weekdays;

/// How long a quiz may be open.
pub const OPEN_FOR: RangeInclusive<SignedDuration> =
    SignedDuration::from_mins(10)..=SignedDuration::from_hours(7 * 24);
/// How long it is open unless told otherwise.
pub const OPEN_FOR_DEFAULT: SignedDuration = SignedDuration::from_hours(20);
/// How late a slot is still posted.
pub const LATE_MAX: SignedDuration = SignedDuration::from_hours(6);
/// What lies at least between a post and the next slot's time, also after a change of time or zone.
pub const APART_MIN: SignedDuration = SignedDuration::from_hours(12);
/// Days before today that are looked at; slots missed before then are not listed.
pub const LOOK_BACK_DAYS: i32 = 31;

/// When a server's quiz is posted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The time on the clocks of the zone.
    pub time: Time,
    /// Whose clocks.
    pub zone: TimeZone,
    /// On which days.
    pub weekdays: Weekdays,
    /// How long it can be answered, within [`OPEN_FOR`].
    pub open_for: SignedDuration,
    /// When the plan was made or resumed: slots before it do not exist.
    pub since: Timestamp,
}

/// A day of a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slot {
    /// The date in the plan's zone.
    pub day: Date,
    /// When to post. None where the zone skips that date, or the time on it so that the next
    /// instant is on another date.
    pub due: Option<Timestamp>,
}

/// The newest slot of a plan that is dealt with already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Last {
    /// Its day, posted or not.
    pub day: Date,
    /// When the plan posted last, on that day or before.
    pub posted_at: Option<Timestamp>,
}

/// What is to be done about one slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Post it now.
    Post {
        /// The slot.
        day: Date,
        /// When it was to be posted; now or up to [`LATE_MAX`] ago.
        due: Timestamp,
    },
    /// Leave it out and note why.
    Skip {
        /// The slot.
        day: Date,
        /// Why.
        why: Skipped,
    },
}

impl Step {
    /// The slot that it is about.
    #[must_use]
    pub fn day(self) -> Date {
        match self {
            Self::Post { day, .. } | Self::Skip { day, .. } => day,
        }
    }
}

/// Why a slot is left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Skipped {
    /// Nobody was there to post it, and now it is too late or a newer one is due.
    Missed,
    /// The date or the time does not exist in the zone.
    NoSuchTime,
    /// After a change of time or zone it came less than [`APART_MIN`] after a post.
    TooSoon,
}

/// What is to be done now, and when to ask again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Due {
    /// One step for each slot since the last, in order; one of them at most is a post.
    pub steps: Vec<Step>,
    /// When the next slot falls due, once the steps are done. None at the end of time.
    pub next: Option<Timestamp>,
}

/// What a plan asks for at an instant, where `last` is the newest slot that is dealt with.
///
/// A time that a clock change skips is shifted by as much as the clocks; of a time that occurs twice
/// the first counts.
#[must_use]
pub fn due(plan: &Plan, now: Timestamp, last: Option<Last>) -> Due {
    let today = plan.zone.to_datetime(now).date();
    let oldest = today.saturating_sub(LOOK_BACK_DAYS.days());
    let from = last.map_or(oldest, |last| last.day.max(oldest));
    let is_open = |day: Date| last.is_none_or(|last| day > last.day);
    let posted_at = last.and_then(|last| last.posted_at);
    let mut steps = Vec::new();
    let mut next = None;
    for planned in planned(plan, from).filter(|planned| is_open(planned.day)) {
        if planned.instant > now {
            next = Some(planned.instant);
            break;
        }
        steps.push(step(&planned, now, posted_at));
    }
    only_newest_posts(&mut steps);
    Due { steps, next }
}

/// The slots of a plan, from a day on.
pub fn slots(plan: &Plan, from: Date) -> impl Iterator<Item = Slot> {
    planned(plan, from).map(|planned| Slot {
        day: planned.day,
        due: planned.is_on_day.then_some(planned.instant),
    })
}

/// A slot with the instant at which it is looked at, whether it can be posted or not.
struct Planned {
    day: Date,
    instant: Timestamp,
    is_on_day: bool,
}

fn planned(plan: &Plan, from: Date) -> impl Iterator<Item = Planned> {
    // A day early, for zones whose clocks go back over midnight.
    let since = plan.zone.to_datetime(plan.since).date();
    let from = from.max(since.yesterday().unwrap_or(since));
    iter::successors(Some(from), |day| day.tomorrow().ok())
        .filter(|day| plan.weekdays.contains(day.weekday()))
        .filter_map(|day| {
            let instant = plan.zone.to_timestamp(day.to_datetime(plan.time)).ok()?;
            let is_on_day = plan.zone.to_datetime(instant).date() == day;
            Some(Planned {
                day,
                instant,
                is_on_day,
            })
        })
        .filter(|planned| planned.instant >= plan.since)
}

fn step(planned: &Planned, now: Timestamp, posted_at: Option<Timestamp>) -> Step {
    let Planned { day, instant, .. } = *planned;
    let is_too_soon = |posted_at| instant.duration_since(posted_at) < APART_MIN;
    let why = if !planned.is_on_day {
        Skipped::NoSuchTime
    } else if posted_at.is_some_and(is_too_soon) {
        Skipped::TooSoon
    } else if now.duration_since(instant) > LATE_MAX {
        Skipped::Missed
    } else {
        return Step::Post { day, due: instant };
    };
    Step::Skip { day, why }
}

/// Two posts at once would be a burst: the older ones are missed.
fn only_newest_posts(steps: &mut [Step]) {
    let posts = steps.iter_mut().rev();
    let posts = posts.filter(|step| matches!(step, Step::Post { .. }));
    for step in posts.skip(1) {
        *step = Step::Skip {
            day: step.day(),
            why: Skipped::Missed,
        };
    }
}

/// A text that is no time of day.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{typed}` is no time of day; write it as 09:00 or 17:30")]
pub struct TimeError {
    /// The text.
    pub typed: String,
}

/// A time of day from `HH:MM`, on a clock of 24 hours.
///
/// # Errors
///
/// Where the text is of another form, or beyond 23:59.
pub fn time_of_day(text: &str) -> Result<Time, TimeError> {
    let read = || {
        let (hour, minute) = text.trim().split_once(':')?;
        let number = |digits: &str, lengths: RangeInclusive<usize>| {
            let is_number = digits.bytes().all(|b| b.is_ascii_digit());
            let fits = is_number && lengths.contains(&digits.len());
            fits.then(|| digits.parse().ok()).flatten()
        };
        Time::new(number(hour, 1..=2)?, number(minute, 2..=2)?, 0, 0).ok()
    };
    read().ok_or_else(|| TimeError {
        typed: text.to_owned(),
    })
}
