//! Schedules, as organisers set them up.

use jiff::civil::{Date, Time};
use jiff::{SignedDuration, Timestamp};

use super::database::{Row, StoreError, Transaction};
use super::guilds::Guild;
use super::ledger::{note, noted, of_texts, to_difficulty};
use super::round::{Rules, of_minutes, to_rules};
use super::{By, Scores, of_flag, of_id, of_time, only, strange, to_count, to_day, to_id, to_time};
use crate::quiz::Difficulty;
use crate::quiz::schedule::Last;
use crate::quiz::weekdays::Weekdays;

/// Schedules of one server, at most.
pub const SCHEDULES_MAX: i64 = 10;
/// Characters of a schedule's name, at most.
pub const NAME_MAX: usize = 32;
/// What the name of a draft begins with, before the number of whoever makes it and a slash. No
/// schedule's own name does.
pub const DRAFT: &str = "\u{1}";
/// How long a draft may lie before another may take its place: its buttons stand below a message that
/// only its maker sees, and not for long.
pub const DRAFT_LIFE: SignedDuration = SignedDuration::from_hours(24);
/// Schedules that are looked at, at most.
const ALL_MAX: i64 = 100_000;

/// The number of a schedule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ScheduleId(pub i64);

/// Whether a schedule posts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScheduleState {
    /// The organiser has seen what it would do, and has not said yes yet.
    Draft,
    /// It does.
    Active,
    /// The organiser said to wait.
    Paused,
    /// The chat refused too often; somebody must mend something first.
    Suspended,
}

impl ScheduleState {
    /// The word for it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Active => "active",
            Self::Paused => "paused",
            Self::Suspended => "suspended",
        }
    }

    fn named(name: &str) -> Option<Self> {
        [Self::Draft, Self::Active, Self::Paused, Self::Suspended]
            .into_iter()
            .find(|state| state.name() == name)
    }
}

/// When and where a server is asked what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// Its number.
    pub id: ScheduleId,
    /// The server.
    pub guild: u64,
    /// What the organiser calls it, at most [`NAME_MAX`] characters; no two of a server are alike.
    pub name: String,
    /// Where it posts.
    pub channel: u64,
    /// When, on the clock of its zone.
    pub time: Time,
    /// The zone, as the IANA calls it.
    pub zone: String,
    /// On which days.
    pub weekdays: Weekdays,
    /// Topics that it asks of; none means all.
    pub topics: Vec<String>,
    /// Difficulties that it asks; none means all.
    pub difficulties: Vec<Difficulty>,
    /// The role that a post calls.
    pub ping_role: Option<u64>,
    /// How its rounds are played.
    pub rules: Rules,
    /// Whether a closed round gets a thread to talk about it.
    pub thread: bool,
    /// Whether it posts.
    pub state: ScheduleState,
    /// Why it does not.
    pub reason: Option<String>,
    /// Days before this are none of its; for a draft, when it was made.
    pub since: Timestamp,
    /// Who set it up, and is told what goes wrong.
    pub organiser: u64,
    /// The day on which the organiser was last told that questions run low.
    pub told_low: Option<Date>,
}

impl Schedule {
    /// What the organiser calls it, also while it is a draft.
    #[must_use]
    pub fn own_name(&self) -> &str {
        match self.name.strip_prefix(DRAFT) {
            Some(draft) => draft.split_once('/').map_or("", |(_, name)| name),
            None => &self.name,
        }
    }

    /// Who drafts it; nobody where it is no draft.
    #[must_use]
    pub fn drafted_by(&self) -> Option<u64> {
        let (maker, _) = self.name.strip_prefix(DRAFT)?.split_once('/')?;
        maker.parse().ok()
    }
}

/// Why a schedule was not saved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotSaved {
    /// Another of the server has this name.
    NameTaken,
    /// The server has [`SCHEDULES_MAX`].
    TooMany,
    /// There is no such draft any more.
    NoDraft,
}

macro_rules! select_schedule {
    ($rest:literal) => {
        concat!(
            "SELECT id, guild, name, channel, local_time, zone, weekdays, topics, difficulties, \
             ping_role, feedback, may_change, grading, open_minutes, thread, state, reason, since, \
             told_low, organiser FROM schedule ",
            $rest
        )
    };
}

impl Scores {
    /// Adds a schedule or keeps its changes, by its number. Where it is a draft, the server's drafts that
    /// were left behind go.
    ///
    /// # Errors
    /// The store fails.
    pub fn save_schedule(
        &self,
        schedule: Schedule,
        by: By,
    ) -> Result<Result<(), NotSaved>, StoreError> {
        self.write(move |transaction| {
            if noted(transaction, by)?.is_some() {
                return Ok(Ok(()));
            }
            if schedule.state == ScheduleState::Draft {
                drop_old_drafts(transaction, &schedule)?;
            }
            if let Err(why) = fits(transaction, &schedule)? {
                return unless_done(transaction, by, why);
            }
            save(transaction, &schedule)?;
            note_schedule(transaction, &schedule, by)?;
            Ok(Ok(()))
        })
    }

    /// Keeps a schedule in the place of the draft of it. A server's first gives it its zone.
    ///
    /// # Errors
    /// The store fails.
    pub fn keep_draft(
        &self,
        draft: ScheduleId,
        schedule: Schedule,
        by: By,
    ) -> Result<Result<(), NotSaved>, StoreError> {
        self.write(move |transaction| {
            if noted(transaction, by)?.is_some() {
                return Ok(Ok(()));
            }
            let guild = schedule.guild.cast_signed();
            let rows = transaction.query(
                "SELECT id FROM schedule WHERE id = ?1 AND guild = ?2 AND state = 'draft'",
                &[draft.0.into(), guild.into()],
            )?;
            if rows.is_empty() {
                return unless_done(transaction, by, NotSaved::NoDraft);
            }
            if let Err(why) = fits(transaction, &schedule)? {
                return unless_done(transaction, by, why);
            }
            begin_guild(transaction, &schedule)?;
            save(transaction, &schedule)?;
            remove(transaction, draft)?;
            note_schedule(transaction, &schedule, by)?;
            Ok(Ok(()))
        })
    }

    /// Whether this event of the chat has done what an organiser wanted of it.
    ///
    /// # Errors
    /// The store fails.
    pub fn has_acted(&self, by: By) -> Result<bool, StoreError> {
        self.read(|transaction| Ok(noted(transaction, by)?.is_some()))
    }

    /// Sets whether a schedule posts, and why not. Where it goes on, days before now are none of its.
    ///
    /// # Errors
    /// The store fails.
    pub fn set_state(
        &self,
        schedule: &Schedule,
        state: ScheduleState,
        reason: Option<&str>,
        by: By,
    ) -> Result<(), StoreError> {
        let (id, guild, name) = (schedule.id, schedule.guild, schedule.name.clone());
        let reason = reason.map(str::to_owned);
        self.write(move |transaction| {
            if noted(transaction, by)?.is_some() {
                return Ok(());
            }
            transaction.execute(
                "UPDATE schedule SET state = ?1, reason = ?2, n_failed = 0, \
                 since = CASE WHEN ?3 = 'active' THEN ?4 ELSE since END WHERE id = ?5",
                &[
                    state.name().into(),
                    reason.clone().into(),
                    state.name().into(),
                    of_time(by.at),
                    id.0.into(),
                ],
            )?;
            note(transaction, guild.cast_signed(), by, state.name(), &name)
        })
    }

    /// Takes a schedule away. Its rounds and their points stay.
    ///
    /// # Errors
    /// The store fails.
    pub fn remove_schedule(&self, schedule: &Schedule, by: By) -> Result<(), StoreError> {
        let (id, guild) = (schedule.id, schedule.guild);
        let name = schedule.own_name().to_owned();
        let what = match schedule.state {
            ScheduleState::Draft => "drop draft",
            ScheduleState::Active | ScheduleState::Paused | ScheduleState::Suspended => "remove",
        };
        self.write(move |transaction| {
            if noted(transaction, by)?.is_some() {
                return Ok(());
            }
            remove(transaction, id)?;
            note(transaction, guild.cast_signed(), by, what, &name)
        })
    }

    /// The schedules of a server and its drafts.
    ///
    /// # Errors
    /// The store fails.
    pub fn schedules(&self, guild: u64) -> Result<Vec<Schedule>, StoreError> {
        self.read(|transaction| {
            let rows = transaction.query(
                select_schedule!("WHERE guild = ?1 ORDER BY id LIMIT ?2"),
                &[of_id(guild), (2 * SCHEDULES_MAX).into()],
            )?;
            rows.iter().map(to_schedule).collect()
        })
    }

    /// A schedule by its number.
    ///
    /// # Errors
    /// The store fails.
    pub fn schedule(&self, id: ScheduleId) -> Result<Option<Schedule>, StoreError> {
        self.read(|transaction| {
            let rows = transaction.query(select_schedule!("WHERE id = ?1"), &[id.0.into()])?;
            rows.first().map(to_schedule).transpose()
        })
    }

    /// All schedules that post, each with its newest day.
    ///
    /// # Errors
    /// The store fails.
    pub fn active(&self) -> Result<Vec<(Schedule, Option<Last>)>, StoreError> {
        self.read(|transaction| {
            let rows = transaction.query(
                select_schedule!("WHERE state = 'active' ORDER BY id LIMIT ?1"),
                &[ALL_MAX.into()],
            )?;
            let schedules = rows.iter().map(to_schedule);
            schedules
                .map(|schedule| {
                    let schedule = schedule?;
                    let last = last_round(transaction, schedule.id)?;
                    Ok((schedule, last))
                })
                .collect()
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
                "UPDATE schedule SET n_failed = n_failed + 1 WHERE id = ?1",
                &values,
            )?;
            let rows = transaction.query("SELECT n_failed FROM schedule WHERE id = ?1", &values)?;
            rows.first().map_or(Ok(0), |row| Ok(to_count(row.int(0)?)))
        })
    }
}

fn last_round(
    transaction: &mut dyn Transaction,
    schedule: ScheduleId,
) -> Result<Option<Last>, StoreError> {
    let rows = transaction.query(
        "SELECT MAX(day), MAX(opened_at) FROM round WHERE schedule = ?1 AND number = 0",
        &[schedule.0.into()],
    )?;
    let row = only(rows)?;
    let Some(day) = row.opt_text(0)? else {
        return Ok(None);
    };
    Ok(Some(Last {
        day: to_day(day)?,
        posted_at: row.opt_int(1)?.map(to_time).transpose()?,
    }))
}

/// What stands in the way of an event, unless this is what it has just done by another process, since
/// it was asked whether it had.
fn unless_done(
    transaction: &mut dyn Transaction,
    by: By,
    why: NotSaved,
) -> Result<Result<(), NotSaved>, StoreError> {
    let is_done = noted(transaction, by)?.is_some();
    Ok(if is_done { Ok(()) } else { Err(why) })
}

/// Whether a schedule can be kept beside the others of its server.
fn fits(
    transaction: &mut dyn Transaction,
    schedule: &Schedule,
) -> Result<Result<(), NotSaved>, StoreError> {
    let (id, guild) = (schedule.id.0, schedule.guild.cast_signed());
    let rows = transaction.query(
        "SELECT id FROM schedule WHERE guild = ?1 AND name = ?2",
        &[guild.into(), schedule.name.as_str().into()],
    )?;
    let other = rows.first().map(|row| row.int(0)).transpose()?;
    if other.is_some_and(|other| other != id) {
        return Ok(Err(NotSaved::NameTaken));
    }
    // Drafts are counted by themselves.
    let statement = match schedule.state {
        ScheduleState::Draft => {
            "SELECT COUNT(*) FROM schedule WHERE guild = ?1 AND id <> ?2 AND state = 'draft'"
        }
        ScheduleState::Active | ScheduleState::Paused | ScheduleState::Suspended => {
            "SELECT COUNT(*) FROM schedule WHERE guild = ?1 AND id <> ?2 AND state <> 'draft'"
        }
    };
    let rows = transaction.query(statement, &[guild.into(), id.into()])?;
    if only(rows)?.int(0)? >= SCHEDULES_MAX {
        return Ok(Err(NotSaved::TooMany));
    }
    Ok(Ok(()))
}

/// Takes away the drafts that had lain for [`DRAFT_LIFE`] when another of their server was made.
fn drop_old_drafts(transaction: &mut dyn Transaction, newest: &Schedule) -> Result<(), StoreError> {
    let Ok(since) = newest.since.checked_sub(DRAFT_LIFE) else {
        return Ok(());
    };
    let rows = transaction.query(
        "SELECT id FROM schedule WHERE guild = ?1 AND state = 'draft' AND since < ?2",
        &[of_id(newest.guild), of_time(since)],
    )?;
    for row in &rows {
        remove(transaction, ScheduleId(row.int(0)?))?;
    }
    Ok(())
}

/// Sees to it that there is a row for the server of a schedule that is about to be kept.
fn begin_guild(transaction: &mut dyn Transaction, schedule: &Schedule) -> Result<(), StoreError> {
    let (id, new) = (of_id(schedule.guild), Guild::new(schedule.guild));
    transaction.execute(
        "INSERT INTO guild (id, zone, season, recap) VALUES (?1, ?2, ?3, ?4) \
         ON CONFLICT (id) DO NOTHING",
        &[
            id.clone(),
            new.zone.into(),
            new.season.name().into(),
            of_flag(new.recap),
        ],
    )?;
    transaction.execute(
        "UPDATE guild SET zone = ?1 WHERE id = ?2 AND NOT EXISTS \
         (SELECT 1 FROM schedule WHERE guild = ?2 AND state <> 'draft')",
        &[schedule.zone.as_str().into(), id],
    )?;
    Ok(())
}

fn note_schedule(
    transaction: &mut dyn Transaction,
    schedule: &Schedule,
    by: By,
) -> Result<(), StoreError> {
    let what = match schedule.state {
        ScheduleState::Draft => "draft",
        ScheduleState::Active | ScheduleState::Paused | ScheduleState::Suspended => "schedule",
    };
    let detail = format!(
        "{}: {} {} {} in {}",
        schedule.own_name(),
        schedule.weekdays,
        schedule.time,
        schedule.zone,
        schedule.channel
    );
    note(transaction, schedule.guild.cast_signed(), by, what, &detail)
}

fn remove(transaction: &mut dyn Transaction, id: ScheduleId) -> Result<(), StoreError> {
    for statement in [
        "DELETE FROM pin WHERE schedule = ?1",
        "DELETE FROM drawn WHERE schedule = ?1",
        "DELETE FROM schedule WHERE id = ?1",
    ] {
        transaction.execute(statement, &[id.0.into()])?;
    }
    Ok(())
}

fn save(transaction: &mut dyn Transaction, schedule: &Schedule) -> Result<(), StoreError> {
    let difficulties: Vec<String> = schedule
        .difficulties
        .iter()
        .map(|difficulty| difficulty.name().to_owned())
        .collect();
    transaction.execute(
        "INSERT INTO schedule (id, guild, name, channel, local_time, zone, weekdays, topics, \
         difficulties, ping_role, feedback, may_change, grading, open_minutes, thread, state, \
         reason, n_failed, since, organiser) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, \
         ?14, ?15, ?16, ?17, 0, ?18, ?19) ON CONFLICT (id) DO UPDATE SET name = excluded.name, \
         channel = excluded.channel, local_time = excluded.local_time, zone = excluded.zone, \
         weekdays = excluded.weekdays, topics = excluded.topics, \
         difficulties = excluded.difficulties, ping_role = excluded.ping_role, \
         feedback = excluded.feedback, may_change = excluded.may_change, \
         grading = excluded.grading, open_minutes = excluded.open_minutes, \
         thread = excluded.thread, state = excluded.state, reason = excluded.reason, n_failed = 0, \
         organiser = excluded.organiser, since = excluded.since",
        &[
            schedule.id.0.into(),
            of_id(schedule.guild),
            schedule.name.as_str().into(),
            of_id(schedule.channel),
            schedule.time.strftime("%H:%M").to_string().into(),
            schedule.zone.as_str().into(),
            schedule.weekdays.to_string().into(),
            of_texts(&schedule.topics),
            of_texts(&difficulties),
            schedule.ping_role.map(u64::cast_signed).into(),
            schedule.rules.feedback.name().into(),
            of_flag(schedule.rules.may_change),
            schedule.rules.grading.name().into(),
            of_minutes(schedule.rules.open_for),
            of_flag(schedule.thread),
            schedule.state.name().into(),
            schedule.reason.as_deref().into(),
            of_time(schedule.since),
            of_id(schedule.organiser),
        ],
    )?;
    Ok(())
}

fn to_schedule(row: &Row) -> Result<Schedule, StoreError> {
    let texts = |column: usize| -> Result<Vec<String>, StoreError> {
        let texts = row.text(column)?.split(',').filter(|text| !text.is_empty());
        Ok(texts.map(str::to_owned).collect())
    };
    let difficulties = texts(8)?;
    Ok(Schedule {
        id: ScheduleId(row.int(0)?),
        guild: to_id(row.int(1)?),
        name: row.text(2)?.to_owned(),
        channel: to_id(row.int(3)?),
        time: Time::strptime("%H:%M", row.text(4)?).map_err(|_| strange("a time of day"))?,
        zone: row.text(5)?.to_owned(),
        weekdays: row.text(6)?.parse().map_err(|_| strange("weekdays"))?,
        topics: texts(7)?,
        difficulties: difficulties
            .iter()
            .map(|name| to_difficulty(name))
            .collect::<Result<_, _>>()?,
        ping_role: row.opt_int(9)?.map(to_id),
        rules: to_rules(row, 10)?,
        thread: row.int(14)? != 0,
        state: ScheduleState::named(row.text(15)?).ok_or_else(|| strange("a schedule's state"))?,
        reason: row.opt_text(16)?.map(str::to_owned),
        since: to_time(row.int(17)?)?,
        told_low: row.opt_text(18)?.map(to_day).transpose()?,
        organiser: to_id(row.int(19)?),
    })
}
