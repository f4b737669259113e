//! How a schedule comes to be: a draft that the organiser sees first, then saves or drops.

use jiff::SignedDuration;

use super::organise::{next_post, organiser_of};
use super::rounds::positive;
use super::{Bot, by};
use crate::chat::command::{Lack, Setup};
use crate::chat::{Heard, Message};
use crate::quiz::grade::Grading;
use crate::quiz::schedule::{OPEN_FOR, time_of_day};
use crate::quiz::weekdays::Weekdays;
use crate::quiz::{Bank, Difficulty, zones};
use crate::scores::database::StoreError;
use crate::scores::round::{Feedback, Rules};
use crate::scores::schedules::{
    DRAFT, NAME_MAX, NotSaved, SCHEDULES_MAX, Schedule, ScheduleId, ScheduleState,
};
use crate::wording;
use crate::wording::organiser;

/// What a schedule is called where nobody says.
const USUAL_NAME: &str = "daily";

impl Bot {
    pub(super) fn setup(&self, heard: &Heard, setup: &Setup) -> Result<Message, StoreError> {
        let guild = match organiser_of(heard) {
            Ok(guild) => guild,
            Err(why) => return Ok(why.said()),
        };
        let Some(bank) = self.bank() else {
            return Ok(wording::practice::no_questions());
        };
        let name = setup
            .name
            .as_deref()
            .map_or(USUAL_NAME, str::trim)
            .to_owned();
        if name.is_empty() || name.chars().count() > NAME_MAX {
            let sentence = format!("A schedule's name has 1 to {NAME_MAX} characters.");
            return Ok(organiser::mistake(&sentence));
        }
        let known = self.scores.schedules(guild)?.into_iter();
        let known = known.filter(|schedule| schedule.state != ScheduleState::Draft);
        let known = known.into_iter().find(|schedule| schedule.name == name);
        let before = known.unwrap_or_else(|| Schedule {
            id: self.schedule_id(guild, &name),
            ..usual(guild, &name, heard, &self.zone_of(guild))
        });
        let schedule = match drafted(&before, setup, &bank) {
            Ok(schedule) => schedule,
            Err(sentence) => return Ok(organiser::mistake(&sentence)),
        };
        let draft_name = draft_name(heard.member.id, &name);
        let draft = Schedule {
            id: self.schedule_id(guild, &draft_name),
            name: draft_name,
            state: ScheduleState::Draft,
            since: heard.at,
            ..schedule.clone()
        };
        let draft_id = draft.id;
        if let Err(why) = self.scores.save_schedule(draft, by(heard))? {
            return Ok(not_saved(why, &name));
        }
        let coming = self.coming(&bank, &schedule, heard.at)?;
        let left = self.left(&bank, &schedule, heard.at)?;
        // Where nobody named a channel, what is lacking is lacking here.
        let was_looked_at = setup.channel.is_some() || schedule.channel == heard.place.channel;
        let lacks: &[Lack] = if was_looked_at { &setup.lacks } else { &[] };
        Ok(organiser::draft(&schedule, draft_id, &coming, left, lacks))
    }

    pub(super) fn save_schedule(&self, heard: &Heard, id: i64) -> Result<Message, StoreError> {
        let guild = match organiser_of(heard) {
            Ok(guild) => guild,
            Err(why) => return Ok(why.said()),
        };
        let draft = match self.draft_of(guild, id)? {
            Some(draft) if draft.drafted_by() != Some(heard.member.id) => {
                return Ok(organiser::not_your_draft());
            }
            Some(draft) => draft,
            None => return self.saved_before(heard, guild, id),
        };
        let name = draft.own_name().to_owned();
        let known = self.scores.schedules(guild)?;
        let known = known.into_iter().find(|schedule| schedule.name == name);
        let id = known.as_ref().map(|known| known.id);
        let schedule = Schedule {
            id: id.unwrap_or_else(|| self.schedule_id(guild, &name)),
            name,
            state: ScheduleState::Active,
            reason: None,
            // Today's time may have gone by: the first round is the next one.
            since: heard.at,
            organiser: heard.member.id,
            ..draft.clone()
        };
        let kept = self
            .scores
            .keep_draft(draft.id, schedule.clone(), by(heard))?;
        if let Err(why) = kept {
            return Ok(not_saved(why, &schedule.name));
        }
        self.nudge.notify_one();
        Ok(organiser::saved(&schedule, next_post(&schedule, heard.at)))
    }

    /// What is said of a draft that is gone: where this very press has saved it, heard by another
    /// process, the same as there.
    fn saved_before(&self, heard: &Heard, guild: u64, draft: i64) -> Result<Message, StoreError> {
        if self.scores.has_acted(by(heard))? {
            for schedule in self.kept_schedules(guild)? {
                let name = draft_name(heard.member.id, &schedule.name);
                if self.schedule_id(guild, &name).0 == draft {
                    return Ok(organiser::saved(&schedule, next_post(&schedule, heard.at)));
                }
            }
        }
        Ok(organiser::no_draft())
    }

    /// The number of a server's schedule of this name: what it asks follows from it, so that a draft
    /// shows what will come.
    fn schedule_id(&self, guild: u64, name: &str) -> ScheduleId {
        let text = format!("{guild}/{name}");
        let hash = xxhash_rust::xxh3::xxh3_64_with_seed(text.as_bytes(), self.secret);
        ScheduleId(positive(hash))
    }

    pub(super) fn drop_schedule(&self, heard: &Heard, id: i64) -> Result<Message, StoreError> {
        let guild = match organiser_of(heard) {
            Ok(guild) => guild,
            Err(why) => return Ok(why.said()),
        };
        match self.draft_of(guild, id)? {
            Some(draft) if draft.drafted_by() != Some(heard.member.id) => {
                return Ok(organiser::not_your_draft());
            }
            Some(draft) => self.scores.remove_schedule(&draft, by(heard))?,
            None if self.scores.has_acted(by(heard))? => {}
            None => return Ok(organiser::no_draft()),
        }
        Ok(organiser::dropped())
    }

    fn draft_of(&self, guild: u64, id: i64) -> Result<Option<Schedule>, StoreError> {
        let draft = self.scores.schedule(ScheduleId(id))?;
        let is_draft =
            |draft: &Schedule| draft.state == ScheduleState::Draft && draft.guild == guild;
        Ok(draft.filter(is_draft))
    }

    fn zone_of(&self, guild: u64) -> String {
        self.scores
            .guild(guild)
            .map_or_else(|_| "UTC".to_owned(), |guild| guild.zone)
    }
}

/// What a draft is called: as no schedule can be, and each organiser's by itself.
fn draft_name(maker: u64, name: &str) -> String {
    format!("{DRAFT}{maker}/{name}")
}

fn not_saved(why: NotSaved, name: &str) -> Message {
    match why {
        NotSaved::NameTaken => organiser::name_taken(name),
        NotSaved::TooMany => organiser::too_many_schedules(SCHEDULES_MAX),
        NotSaved::NoDraft => organiser::no_draft(),
    }
}

/// A schedule as it is where nobody says otherwise.
fn usual(guild: u64, name: &str, heard: &Heard, zone: &str) -> Schedule {
    Schedule {
        id: ScheduleId(0),
        guild,
        name: name.to_owned(),
        channel: heard.place.channel,
        time: jiff::civil::time(9, 0, 0, 0),
        zone: zone.to_owned(),
        weekdays: Weekdays::MON_FRI,
        topics: Vec::new(),
        difficulties: Vec::new(),
        ping_role: None,
        rules: Rules::default(),
        thread: false,
        state: ScheduleState::Active,
        reason: None,
        since: heard.at,
        organiser: heard.member.id,
        told_low: None,
    }
}

/// The schedule with what was told; a sentence where something makes no sense.
fn drafted(before: &Schedule, setup: &Setup, bank: &Bank) -> Result<Schedule, String> {
    let mut schedule = before.clone();
    schedule.channel = setup.channel.unwrap_or(schedule.channel);
    if let Some(time) = &setup.time {
        schedule.time = time_of_day(time.trim()).map_err(|error| error.to_string())?;
    }
    if let Some(zone) = &setup.zone {
        zones::zone(zone.trim()).map_err(|error| error.to_string())?;
        zone.trim().clone_into(&mut schedule.zone);
    }
    if let Some(days) = &setup.days {
        schedule.weekdays = days
            .trim()
            .parse::<Weekdays>()
            .map_err(|error| error.to_string())?;
    }
    if let Some(topics) = &setup.topics {
        let mut known = bank.questions().iter().map(|question| &question.topic);
        let as_known = |topic: &String| {
            let found = known.clone().find(|known| known.to_lowercase() == *topic);
            found.cloned().ok_or_else(|| {
                let example = known.next().map_or("s3", String::as_str);
                format!(
                    "No question has the topic “{topic}”; write them as in `{example}`, with commas between."
                )
            })
        };
        schedule.topics = listed(topics)
            .iter()
            .map(as_known)
            .collect::<Result<_, _>>()?;
    }
    if let Some(difficulty) = &setup.difficulty {
        let named = |name: &String| {
            let found = Difficulty::ALL
                .into_iter()
                .find(|difficulty| difficulty.name() == name);
            found.ok_or_else(|| {
                format!("“{name}” is no difficulty: choose of easy, medium and hard.")
            })
        };
        schedule.difficulties = listed(difficulty)
            .iter()
            .map(named)
            .collect::<Result<_, _>>()?;
    }
    schedule.ping_role = setup.ping_role.or(schedule.ping_role);
    if let Some(feedback) = &setup.feedback {
        schedule.rules.feedback =
            Feedback::named(feedback.trim()).ok_or("Feedback is `instant` or `sealed`.")?;
    }
    if let Some(grading) = &setup.grading {
        schedule.rules.grading = Grading::named(grading.trim())
            .filter(|grading| *grading != Grading::Any)
            .ok_or("Grading is `all` or `balanced`.")?;
    }
    if let Some(hours) = setup.open_hours {
        schedule.rules.open_for = SignedDuration::from_hours(hours.clamp(0, 10_000));
        if !OPEN_FOR.contains(&schedule.rules.open_for) {
            return Err("A round is open for 1 to 168 hours.".to_owned());
        }
    }
    schedule.rules.may_change = setup.may_change.unwrap_or(schedule.rules.may_change);
    schedule.thread = setup.thread.unwrap_or(schedule.thread);
    if schedule.rules.may_change && schedule.rules.feedback == Feedback::Instant {
        return Err("Where answers are explained at once they cannot be changed: set `feedback` to `sealed`.".to_owned());
    }
    Ok(schedule)
}

/// The parts of a list with commas, in small letters; none for `all`.
fn listed(text: &str) -> Vec<String> {
    let parts = text.split(',').map(|part| part.trim().to_lowercase());
    parts
        .filter(|part| !part.is_empty() && part != "all")
        .collect()
}
