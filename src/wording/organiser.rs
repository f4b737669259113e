//! What the bot says to those who run the quiz.

use jiff::Timestamp;
use jiff::civil::Date;

use super::schedule::{
    Coming, Left, described, is_fatal, lacking, line, questions_left, quoted, state, stem,
};
use super::{said, text};
use crate::chat::command::Lack;
use crate::chat::{Audience, Button, Message, Press, member_name, moment};
use crate::quiz::Question;
use crate::scores::guilds::{Act, Guild};
use crate::scores::round::Round;
use crate::scores::schedules::{Schedule, ScheduleId, ScheduleState};

/// Only organisers may do this.
#[must_use]
pub fn not_allowed() -> Message {
    person("Only members who may manage this server can do that.")
}

/// A quiz needs a server.
#[must_use]
pub fn only_in_servers() -> Message {
    person("That works in a server only: the scores belong to one.")
}

/// There is no quiz here yet.
#[must_use]
pub fn no_schedule() -> Message {
    person("This server has no quiz yet. An organiser starts one with `/setup`.")
}

/// No schedule has this name.
#[must_use]
pub fn no_such_schedule(name: &str, schedules: &[Schedule]) -> Message {
    let names: Vec<String> = schedules
        .iter()
        .map(|schedule| quoted(&schedule.name))
        .collect();
    person(&format!(
        "There is no schedule called {}. This server has {}.",
        quoted(name),
        names.join(", ")
    ))
}

/// Several schedules: which one?
#[must_use]
pub fn which_schedule(schedules: &[Schedule]) -> Message {
    let names: Vec<String> = schedules
        .iter()
        .map(|schedule| quoted(&schedule.name))
        .collect();
    person(&format!(
        "This server has several schedules: {}. Name one with `schedule`.",
        names.join(", ")
    ))
}

/// Something that was typed makes no sense; the sentence says what and how to mend it.
#[must_use]
pub fn mistake(sentence: &str) -> Message {
    person(&text::plain(sentence, 500))
}

/// What a drafted schedule would do, before it is kept.
#[must_use]
pub fn draft(
    schedule: &Schedule,
    draft: ScheduleId,
    coming: &[Coming<'_>],
    left: Left,
    lacks: &[Lack],
) -> Message {
    let mut lines = vec![described(schedule)];
    lines.extend(lacks.iter().map(|lack| format!("⚠️ {}", lacking(*lack))));
    if left.n_pool == 0 {
        lines.push("⚠️ No question fits these topics and difficulties.".to_owned());
    }
    lines.push("**What would be posted:**".to_owned());
    lines.extend(coming.iter().map(|coming| line(coming, &schedule.zone)));
    lines.push(questions_left(left));
    let is_possible = left.n_pool > 0 && !lacks.iter().any(|lack| is_fatal(*lack));
    let save = Button {
        label: "Save".to_owned(),
        press: Press::SaveSchedule { schedule: draft.0 },
        enabled: is_possible,
    };
    let cancel = Button {
        label: "Cancel".to_owned(),
        press: Press::DropSchedule { schedule: draft.0 },
        enabled: true,
    };
    Message {
        title: Some("The quiz as it would be".to_owned()),
        buttons: vec![vec![save, cancel]],
        ..person(&lines.join("\n"))
    }
}

/// The schedule is kept.
#[must_use]
pub fn saved(schedule: &Schedule, next: Option<Timestamp>) -> Message {
    let next = next.map_or_else(String::new, |next| {
        format!(" The first question comes {}.", moment(next))
    });
    person(&format!(
        "Saved: {}.{next} `/quiz preview` shows what comes, `/config show` what is set.",
        quoted(&schedule.name)
    ))
}

/// The draft is dropped.
#[must_use]
pub fn dropped() -> Message {
    person("Dropped. Nothing was changed.")
}

/// The draft is not there any more.
#[must_use]
pub fn no_draft() -> Message {
    person("This draft is gone: it was saved or dropped already, or another took its place.")
}

/// A draft is its maker's alone.
#[must_use]
pub fn not_your_draft() -> Message {
    person("Somebody else made this draft. Make your own with `/setup`.")
}

/// The name is taken.
#[must_use]
pub fn name_taken(name: &str) -> Message {
    person(&format!(
        "Another schedule of this server is called {}.",
        quoted(name)
    ))
}

/// There are too many schedules.
#[must_use]
pub fn too_many_schedules(max: i64) -> Message {
    person(&format!(
        "A server has at most {max} schedules. Change one of them instead."
    ))
}

/// The posts to come.
#[must_use]
pub fn preview(schedule: &Schedule, coming: &[Coming<'_>], left: Left) -> Message {
    let mut lines: Vec<String> = coming
        .iter()
        .map(|coming| line(coming, &schedule.zone))
        .collect();
    if schedule.state != ScheduleState::Active {
        lines.insert(0, format!("*{}*", state(schedule)));
    }
    lines.push(questions_left(left));
    Message {
        title: Some(format!("What comes in {}", text::plain(&schedule.name, 60))),
        ..person(&lines.join("\n"))
    }
}

/// A question is left out.
#[must_use]
pub fn skipped(question: &Question, next: Option<&Question>) -> Message {
    let next = next.map_or_else(
        || "No other question fits.".to_owned(),
        |next| format!("Next comes {}.", stem(next)),
    );
    person(&format!("Left out: {}. {next}", stem(question)))
}

/// A question comes next.
#[must_use]
pub fn pinned(question: &Question) -> Message {
    person(&format!("Pinned: {} comes next.", stem(question)))
}

/// No question has this id.
#[must_use]
pub fn no_such_question(id: &str) -> Message {
    person(&format!(
        "There is no question called {}. Pick one from the list that appears while you type.",
        quoted(id)
    ))
}

/// Too many are pinned.
#[must_use]
pub fn too_many_pins(max: i64) -> Message {
    person(&format!("At most {max} questions can be pinned at once."))
}

/// No question fits the schedule.
#[must_use]
pub fn no_question() -> Message {
    person("No question fits this schedule's topics and difficulties.")
}

/// A round is on its way.
#[must_use]
pub fn posting_now(channel: u64) -> Message {
    person(&format!("On its way to <#{channel}>."))
}

/// A schedule waits, or goes on.
#[must_use]
pub fn is_now(schedule: &Schedule, state: ScheduleState, next: Option<Timestamp>) -> Message {
    let name = quoted(&schedule.name);
    match state {
        ScheduleState::Active => {
            let next = next.map_or_else(String::new, |next| {
                format!(" The next question comes {}.", moment(next))
            });
            person(&format!("{name} goes on.{next}"))
        }
        ScheduleState::Draft | ScheduleState::Paused | ScheduleState::Suspended => {
            person(&format!(
                "{name} waits until `/quiz resume`. Open rounds still close on time, and no streak is broken."
            ))
        }
    }
}

/// What is pinned, and how many questions are left.
#[must_use]
pub fn queue(schedule: &Schedule, pins: &[&Question], left: Left) -> Message {
    let mut lines: Vec<String> = pins
        .iter()
        .zip(1..)
        .map(|(question, number)| format!("{number}. {}", stem(question)))
        .collect();
    if lines.is_empty() {
        lines.push("Nothing is pinned; `/quiz pin` puts a question next.".to_owned());
    }
    lines.push(questions_left(left));
    Message {
        title: Some(format!("Queue of {}", text::plain(&schedule.name, 60))),
        ..person(&lines.join("\n"))
    }
}

/// How the newest rounds went, and what organisers did.
#[must_use]
pub fn status(rounds: &[(Round, u32)], acts: &[Act]) -> Message {
    let mut lines = vec!["**Newest rounds**".to_owned()];
    for (round, n_reports) in rounds {
        let reason = round
            .reason
            .as_deref()
            .map(|reason| format!(" ({})", text::quoted(reason, 80)));
        let question = round
            .asks
            .as_ref()
            .map(|asks| format!(" · `{}`", asks.question.id));
        let reports = match n_reports {
            0 => String::new(),
            n => format!(" · ⚠️ reported by {n}"),
        };
        let void = if round.is_voided { " · void" } else { "" };
        lines.push(format!(
            "{} · {}{}{}{void}{reports}",
            round.day,
            round.state.name(),
            reason.unwrap_or_default(),
            question.unwrap_or_default()
        ));
    }
    if rounds.is_empty() {
        lines.push("none yet".to_owned());
    }
    lines.push("\n**What organisers did**".to_owned());
    for act in acts {
        let by = match act.actor {
            0 => "the bot".to_owned(),
            actor => member_name(actor),
        };
        lines.push(format!(
            "{} · {by} · {} · {}",
            moment(act.at),
            act.what,
            text::quoted(&act.detail, 100)
        ));
    }
    if acts.is_empty() {
        lines.push("nothing yet".to_owned());
    }
    Message {
        title: Some("How the quiz goes".to_owned()),
        ..person(&text::cut(&lines.join("\n"), crate::chat::BODY_MAX))
    }
}

/// What is set.
#[must_use]
pub fn config(guild: &Guild, schedules: &[Schedule]) -> Message {
    let mut lines = vec![format!(
        "Days begin in **{}** · seasons are **{}s** · weekly recap **{}**",
        text::quoted(&guild.zone, 60),
        guild.season.name(),
        if guild.recap { "on" } else { "off" }
    )];
    lines.extend(schedules.iter().map(described));
    if schedules.is_empty() {
        lines.push("No schedule yet: `/setup` starts one.".to_owned());
    }
    Message {
        title: Some("What is set".to_owned()),
        ..person(&lines.join("\n\n"))
    }
}

/// What keeps the quiz from being posted, line by line.
#[must_use]
pub fn doctor(schedules: &[(Schedule, Left)], n_questions: usize, lacks: &[Lack]) -> Message {
    let mut lines = vec![match n_questions {
        0 => "❌ There are no questions: write some below `quiz/` in the notes.".to_owned(),
        n => format!("✅ {n} questions"),
    }];
    lines.extend(
        lacks
            .iter()
            .map(|lack| format!("❌ here: {}", lacking(*lack))),
    );
    if lacks.is_empty() {
        lines.push("✅ I may post here.".to_owned());
    }
    for (schedule, left) in schedules {
        let name = quoted(&schedule.name);
        lines.push(match schedule.state {
            ScheduleState::Active if left.n_pool == 0 => {
                format!("❌ {name}: no question fits its topics and difficulties")
            }
            ScheduleState::Active => format!("✅ {name} posts; {}", questions_left(*left)),
            ScheduleState::Draft => format!("⚠️ {name} is a draft"),
            ScheduleState::Paused | ScheduleState::Suspended => {
                format!(
                    "⚠️ {name}: {}; mend that, then `/quiz resume`",
                    state(schedule)
                )
            }
        });
    }
    if schedules.is_empty() {
        lines.push("⚠️ No schedule yet: `/setup` starts one.".to_owned());
    }
    Message {
        title: Some("How I am".to_owned()),
        ..person(&lines.join("\n"))
    }
}

/// A schedule waits because the chat refused a round.
#[must_use]
pub fn suspended(schedule: &Schedule, reason: &str) -> Message {
    person(&format!(
        "I could not post the question of {} in <#{}>: {}. The schedule waits; nothing is lost. \
         When that is mended, say `/quiz resume` in the server.",
        quoted(&schedule.name),
        schedule.channel,
        text::plain(reason, 100)
    ))
}

/// A round may have been posted or not.
#[must_use]
pub fn uncertain(day: Date) -> Message {
    person(&format!(
        "I do not know whether the question of {day} was posted: I may not read the channel's history, or \
         too much was written there at that time. I do not post it again by myself. If it is missing, \
         say `/quiz post-now`; to avoid this, let me read the message history of a quiet channel."
    ))
}

/// Questions run low.
#[must_use]
pub fn low(schedule: &Schedule, n_left: usize) -> Message {
    person(&format!(
        "{} has new questions for {n_left} more days; then they begin to repeat. Write some, or choose \
         more topics with `/setup`.",
        quoted(&schedule.name)
    ))
}

/// What was meant for the organiser, who cannot be reached, for all to see.
#[must_use]
pub fn for_all(message: &Message) -> Message {
    let body = format!("For those who run the quiz: {}", message.body);
    said(Audience::Channel, text::cut(&body, crate::chat::BODY_MAX))
}

fn person(body: &str) -> Message {
    said(Audience::Person, body.to_owned())
}
