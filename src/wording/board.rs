//! What the bot says of points: boards, somebody's standing, the recap of a week, and privacy.

use jiff::civil::Date;
use studyhall_index::SectionKey;

use super::{calendar, question, said, text};
use crate::chat::{
    Audience, Button, File, LABEL_MAX, Message, Press, TITLE_MAX, member_name, topic_key,
};
use crate::quiz::Question;
use crate::quiz::period::{Period, Span};
use crate::scores::boards::{Board, PAGE_MAX, Place};
use crate::scores::people::Standing;

/// Topics listed in somebody's standing, at most.
const TOPICS_MAX: usize = 12;

/// A page of a board.
#[must_use]
pub fn board(
    board: &Board,
    period: Period,
    topic: Option<&str>,
    page: u32,
    asker: u64,
    today: Date,
) -> Message {
    let mut lines: Vec<String> = board.places.iter().map(|place| row(place, asker)).collect();
    if board.n_places == 0 {
        lines.push("Nobody has points here yet.".to_owned());
    } else if lines.is_empty() {
        lines.push("The board ends before this page.".to_owned());
    }
    if !board.own.is_empty() {
        lines.push("…".to_owned());
        lines.extend(board.own.iter().map(|place| row(place, asker)));
    }
    let n_pages = board.n_places.div_ceil(PAGE_MAX).max(1);
    let press = |page: u32| Press::Board {
        span: period.span,
        day: day_number(day_in(period, today)),
        topic: topic.map(topic_key),
        page: u16::try_from(page).unwrap_or(u16::MAX),
    };
    let turn = |label: &str, page: u32, enabled: bool| Button {
        label: label.to_owned(),
        press: press(page),
        enabled,
    };
    let mut buttons = Vec::new();
    if page > 0 {
        buttons.push(turn("◀ Better", page - 1, true));
    }
    if page + 1 < n_pages {
        buttons.push(turn("Further ▶", page + 1, true));
    }
    let title = match topic {
        Some(topic) => format!("Leaderboard · {} · {topic}", named(period)),
        None => format!("Leaderboard · {}", named(period)),
    };
    Message {
        title: Some(text::plain(&title, TITLE_MAX)),
        footer: Some(format!(
            "page {} of {n_pages} · {} on the board",
            page + 1,
            board.n_places
        )),
        buttons: vec![buttons]
            .into_iter()
            .filter(|row| !row.is_empty())
            .collect(),
        ..said(Audience::Channel, lines.join("\n"))
    }
}

/// How somebody does, with a picture of the last weeks.
#[must_use]
pub fn standing(standing: &Standing, member: u64, rank: Option<u32>, today: Date) -> Message {
    let name = member_name(member);
    let mut lines = vec![match rank {
        Some(rank) => {
            format!(
                "{name} has **{} points** of all time: rank **{rank}**.",
                standing.points
            )
        }
        None => format!("{name} has **{} points** of all time.", standing.points),
    }];
    lines.push(format!(
        "{} of {} right ({} %) · streak {} days, longest {} · freezes {}",
        standing.n_right,
        standing.n_answered,
        percent(standing.n_right, standing.n_answered),
        standing.streak,
        standing.kept.best,
        standing.kept.freezes
    ));
    let mut topics = standing.topics.clone();
    topics.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    if !topics.is_empty() {
        lines.push("\n**By topic**".to_owned());
    }
    lines.extend(
        topics
            .iter()
            .take(TOPICS_MAX)
            .map(|(topic, n_answered, n_right)| {
                let topic = text::quoted(topic, 40);
                format!(
                    "{topic} · {n_right} of {n_answered} ({} %)",
                    percent(*n_right, *n_answered)
                )
            }),
    );
    let calendar = calendar::of(&standing.days, today);
    lines.push(format!(
        "\n**The last {} weeks**\n```\n{}\n```",
        calendar::N_WEEKS,
        calendar.text
    ));
    Message {
        title: Some("How it goes".to_owned()),
        file: calendar.picture.map(|bytes| File {
            name: "calendar.png".to_owned(),
            bytes,
            alt: Some(calendar.alt.clone()),
        }),
        ..said(Audience::Person, lines.join("\n"))
    }
}

/// Somebody does not want to be seen.
#[must_use]
pub fn hidden() -> Message {
    person("This member keeps their standing to themselves.")
}

/// The week that has ended.
#[must_use]
pub fn recap(
    week: Period,
    winners: &[Place],
    n_answered: u32,
    missed: Option<(&Question, u32, u32)>,
    section: Option<SectionKey>,
) -> Message {
    let mut lines = vec![match n_answered {
        1 => "One answer this week.".to_owned(),
        n => format!("{n} answers this week."),
    }];
    for place in winners {
        let medal = match place.rank {
            1 => "🥇",
            2 => "🥈",
            _ => "🥉",
        };
        lines.push(format!(
            "{medal} {} · {} points",
            member_name(place.member),
            place.points
        ));
    }
    if let Some((question, n_right, n_answered)) = missed {
        lines.push(format!(
            "\n**Missed most:** “{}” ({n_right} of {n_answered} right). Read why:",
            text::quoted(&question.stem, 300)
        ));
    }
    let buttons = question::read_on(section.filter(|_| missed.is_some()));
    Message {
        title: Some(format!("The week of {}", week.first.strftime("%-d %B"))),
        buttons: vec![buttons]
            .into_iter()
            .filter(|row| !row.is_empty())
            .collect(),
        ..said(Audience::Channel, lines.join("\n"))
    }
}

/// All that is kept about somebody, as a file.
#[must_use]
pub fn exported(bytes: Vec<u8>, n_rows: usize) -> Message {
    Message {
        file: Some(File {
            name: "studyhall-export.json".to_owned(),
            bytes,
            alt: None,
        }),
        ..person(&format!(
            "This is all that I keep about you: {n_rows} rows, with numbers only. I keep no names \
             and no messages."
        ))
    }
}

/// The export would be too large for a message.
#[must_use]
pub fn export_too_large() -> Message {
    person(
        "Your export is too large for a message. The operator can make it with `studyhall person export`.",
    )
}

/// Nothing is kept about somebody.
#[must_use]
pub fn nothing_kept() -> Message {
    person("I keep nothing about you.")
}

/// Being forgotten cannot be undone.
#[must_use]
pub fn forget() -> Message {
    let button = Button {
        label: text::plain("Forget me for good", LABEL_MAX),
        press: Press::Forget,
        enabled: true,
    };
    Message {
        buttons: vec![vec![button]],
        ..person(
            "Your number is taken out of every answer, board and streak, in every server. The answers \
             stay without a name, so that nobody else's rank changes. This cannot be undone.",
        )
    }
}

/// Somebody is forgotten.
#[must_use]
pub fn forgotten(was_known: bool) -> Message {
    if was_known {
        person("You are forgotten. Copies in backups go when those expire.")
    } else {
        // Also said where the same press was heard twice, and the first has done it.
        person("Nothing is kept about you any more.")
    }
}

/// Somebody stands on boards, or on none.
#[must_use]
pub fn is_hidden(hidden: bool) -> Message {
    person(if hidden {
        "You stand on no board any more; your points go on counting for yourself. \
         `/privacy hide hidden:false` takes it back."
    } else {
        "You stand on the boards again."
    })
}

/// The day of a period as a button carries it: days since 1970.
#[must_use]
pub fn day_number(day: Date) -> i32 {
    let epoch = jiff::civil::date(1970, 1, 1);
    day.since(epoch).map_or(0, |span| span.get_days())
}

/// The day again.
#[must_use]
pub fn numbered_day(number: i32) -> Option<Date> {
    use jiff::ToSpan;
    jiff::civil::date(1970, 1, 1)
        .checked_add(number.days())
        .ok()
}

/// A day of the period that can be counted: all time has no first day.
fn day_in(period: Period, today: Date) -> Date {
    match period.span {
        Span::All => today,
        Span::Day | Span::Week | Span::Month | Span::Season => period.first,
    }
}

fn named(period: Period) -> String {
    match period.span {
        Span::All => "all time".to_owned(),
        Span::Day => period.first.strftime("%-d %B %Y").to_string(),
        Span::Week => format!("week of {}", period.first.strftime("%-d %B %Y")),
        Span::Month => period.first.strftime("%B %Y").to_string(),
        Span::Season => format!("season from {}", period.first.strftime("%-d %B %Y")),
    }
}

fn row(place: &Place, asker: u64) -> String {
    let line = format!(
        "**{}.** {} · {} points · {} of {} right",
        place.rank,
        member_name(place.member),
        place.points,
        place.n_right,
        place.n_answered
    );
    if place.member == asker {
        format!("{line} ◀ you")
    } else {
        line
    }
}

fn percent(part: u32, all: u32) -> u32 {
    (100 * part).checked_div(all).unwrap_or_default()
}

fn person(body: &str) -> Message {
    said(Audience::Person, body.to_owned())
}
