//! A schedule in words: what it does, what comes, what is left to ask, and what it lacks.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::text;
use crate::chat::command::Lack;
use crate::quiz::grade::Grading;
use crate::quiz::{Question, zones};
use crate::scores::round::Feedback;
use crate::scores::schedules::{Schedule, ScheduleState};

/// UTF-16 units of a stem in a list, at most.
const STEM_MAX: usize = 90;

/// A post to come.
#[derive(Clone, Debug)]
pub struct Coming<'a> {
    /// The day.
    pub day: Date,
    /// When; nothing where the zone has no such time on that day.
    pub due: Option<Timestamp>,
    /// The question.
    pub question: Option<&'a Question>,
}

/// How many questions a schedule has left.
#[derive(Clone, Copy, Debug)]
pub struct Left {
    /// Questions that fit.
    pub n_pool: usize,
    /// Posts until one comes again.
    pub n_left: usize,
}

/// What a schedule does, in words.
pub(super) fn described(schedule: &Schedule) -> String {
    let list = |texts: Vec<String>, all: &str| match texts.is_empty() {
        true => all.to_owned(),
        false => texts.join(", "),
    };
    let topics = schedule
        .topics
        .iter()
        .map(|topic| text::quoted(topic, 40))
        .collect();
    let difficulties = schedule
        .difficulties
        .iter()
        .map(|difficulty| difficulty.name().to_owned());
    let rules = schedule.rules;
    let feedback = match rules.feedback {
        Feedback::Instant => "answers are explained at once",
        Feedback::Sealed => "answers are explained at the close",
    };
    let change = if rules.may_change {
        "can be changed until then"
    } else {
        "the first one counts"
    };
    let grading = match rules.grading {
        Grading::AllOrNothing => "all or nothing",
        Grading::Balanced => "right less wrong",
        Grading::Any => "any of them",
    };
    let ping = schedule
        .ping_role
        .map_or_else(String::new, |role| format!(" · calls <@&{role}>"));
    format!(
        "{} · {}\n<#{}> · {} at {} {} · open {}{ping}\ntopics: {} · difficulty: {}\n{feedback}, {change} · \
         several right choices: {grading} · thread: {}",
        quoted(&schedule.name),
        state(schedule),
        schedule.channel,
        schedule.weekdays,
        schedule.time.strftime("%H:%M"),
        text::quoted(&schedule.zone, 60),
        hours(rules.open_for),
        list(topics, "all"),
        list(difficulties.collect(), "all"),
        if schedule.thread { "yes" } else { "no" },
    )
}

pub(super) fn state(schedule: &Schedule) -> String {
    match (schedule.state, schedule.reason.as_deref()) {
        (ScheduleState::Suspended, Some(reason)) => {
            format!("suspended: {}", text::quoted(reason, 100))
        }
        (state, _) => state.name().to_owned(),
    }
}

pub(super) fn quoted(name: &str) -> String {
    format!("**{}**", text::quoted(name, 60))
}

pub(super) fn stem(question: &Question) -> String {
    format!(
        "“{}” (`{}`)",
        text::quoted(&question.stem, STEM_MAX),
        question.id
    )
}

pub(super) fn line(coming: &Coming<'_>, zone: &str) -> String {
    let when = match coming.due {
        Some(due) => {
            let local = due.to_zoned(zones::zone(zone).unwrap_or(TimeZone::UTC));
            local.strftime("%a %-d %b %H:%M").to_string()
        }
        None => format!("{} (no such time)", coming.day.strftime("%a %-d %b")),
    };
    match coming.question {
        Some(question) => format!(
            "`{when}` {} · {}",
            question.topic,
            text::quoted(&question.stem, STEM_MAX)
        ),
        None => format!("`{when}` nothing fits"),
    }
}

pub(super) fn questions_left(left: Left) -> String {
    match left {
        Left { n_pool: 0, .. } => "no question fits".to_owned(),
        Left { n_pool, n_left: 0 } => {
            format!("all {n_pool} questions have been asked; they repeat")
        }
        Left { n_pool, n_left } => format!("{n_left} of {n_pool} questions have not been asked"),
    }
}

pub(super) fn is_fatal(lack: Lack) -> bool {
    match lack {
        Lack::See | Lack::Send | Lack::Embed | Lack::Channel => true,
        Lack::History | Lack::Threads => false,
    }
}

pub(super) fn lacking(lack: Lack) -> &'static str {
    match lack {
        Lack::See => "I cannot see the channel: allow me “View Channel”.",
        Lack::Send => "I cannot write there: allow me “Send Messages”.",
        Lack::Embed => "I cannot show questions there: allow me “Embed Links”.",
        Lack::History => {
            "I cannot read what was posted: allow me “Read Message History”, so that after a \
                          fault I can tell whether a question was posted."
        }
        Lack::Threads => {
            "I cannot open threads: allow me “Create Public Threads”, or set `thread` to false."
        }
        Lack::Channel => "There is no such channel, or it holds no messages.",
    }
}

fn hours(time: SignedDuration) -> String {
    match (time.as_mins() / 60, time.as_mins() % 60) {
        (hours, 0) => format!("{hours} h"),
        (0, minutes) => format!("{minutes} min"),
        (hours, minutes) => format!("{hours} h {minutes} min"),
    }
}
