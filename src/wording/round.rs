//! What the bot says of a round: the question, what an answer is worth, and the reveal.

use jiff::civil::Date;
use studyhall_index::SectionKey;

use super::question::{
    Shown, ask, choices, explanation, letter_of, letters, points_text, read_on, right_letters,
    shown_text, site, stem, title,
};
use super::{said, text};
use crate::chat::{Audience, BODY_MAX, Button, Message, Press, member_name, moment};
use crate::quiz::grade::{Choices, Grade, points};

/// UTF-16 units of an explanation, at most, and at least where there is little room.
const EXPLANATION_MAX: usize = 1_000;
const EXPLANATION_MIN: usize = 200;
/// People named in one line, at most.
const NAMES_MAX: usize = 15;

/// How a closed round went.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// How many chose what, by the places in the question.
    pub n_chosen: Vec<u32>,
    /// All who answered.
    pub n_answered: u32,
    /// Those who were right.
    pub right: Vec<u64>,
    /// The longest streaks of those who answered, the longest first.
    pub streaks: Vec<(u64, u32)>,
}

/// The question, open for answers.
#[must_use]
pub fn open(shown: &Shown<'_>, n_answered: u32, calls: Option<u64>) -> Message {
    let mut small = vec![
        answered(n_answered),
        format!("closes {}", moment(shown.closes_at)),
    ];
    if shown.is_late {
        small.insert(0, "posted late; it stays open longer".to_owned());
    }
    let body = format!(
        "{}\n\n{}\n\n-# {}",
        stem(shown),
        choices(shown, |_, line| line),
        small.join(" · ")
    );
    let mut message = Message {
        title: Some(title(shown)),
        calls,
        ..said(Audience::Channel, body)
    };
    ask(
        &mut message,
        shown,
        Press::Answer {
            round: shown.round,
            shown: Choices::default(),
        },
    );
    message.buttons.push(vec![Button {
        label: "Report a mistake".to_owned(),
        press: Press::Report { round: shown.round },
        enabled: true,
    }]);
    message
}

/// The question after the close: the answer, why, and who knew it.
#[must_use]
pub fn revealed(shown: &Shown<'_>, outcome: &Outcome, section: Option<SectionKey>) -> Message {
    let count = |place: usize| outcome.n_chosen.get(place).copied().unwrap_or_default();
    let listed = choices(shown, |place, line| {
        let mark = if shown.right.has(place) { " ✅" } else { "" };
        match outcome.n_answered {
            0 => format!("{line}{mark}"),
            n => format!(
                "{line}{mark} · {} ({} %)",
                count(place),
                100 * count(place) / n
            ),
        }
    });
    let mut body = format!("{}\n\n{listed}", stem(shown));
    let mut end = vec![format!("-# {} · closed", answered(outcome.n_answered))];
    if shown.is_voided {
        end.insert(
            0,
            "**This round is void:** nobody gets points for it.".to_owned(),
        );
    }
    if !outcome.right.is_empty() {
        end.insert(
            0,
            format!("**Right:** {}", names(outcome.right.iter().copied())),
        );
    } else if outcome.n_answered > 0 {
        end.insert(0, "Nobody was right this time.".to_owned());
    }
    let streaks = outcome.streaks.iter().filter(|(_, days)| *days > 1);
    let streaks: Vec<String> = streaks
        .map(|(member, days)| format!("{} {days} days", member_name(*member)))
        .collect();
    if !streaks.is_empty() {
        end.insert(
            1.min(end.len()),
            format!("**Longest streaks:** {}", streaks.join(", ")),
        );
    }
    let end = end.join("\n");
    let room = BODY_MAX.saturating_sub(text::n_units(&body) + text::n_units(&end) + 8);
    let why = explanation(shown, room.clamp(EXPLANATION_MIN, EXPLANATION_MAX));
    body = format!("{body}\n\n{why}\n\n{end}");
    Message {
        title: Some(title(shown)),
        buttons: vec![read_on(section)]
            .into_iter()
            .filter(|row| !row.is_empty())
            .collect(),
        ..said(Audience::Channel, text::cut(&body, BODY_MAX))
    }
}

/// An answer was right or wrong, and why.
#[must_use]
pub fn graded(
    shown: &Shown<'_>,
    chosen: Choices,
    grade: Grade,
    streak: Option<u32>,
    section: Option<SectionKey>,
) -> Message {
    let verdict = match grade.points {
        n if grade.is_right => format!("✅ **Right.** {}.", points_text(n)),
        0 => not_right(shown),
        n => format!(
            "◐ **Partly right.** {} of {}. {} is the answer.",
            n,
            points(shown.question.difficulty),
            right_letters(shown, shown.right)
        ),
    };
    let streak = streak.filter(|days| *days > 1);
    let small = streak.map(|days| format!("Your streak: {days} days"));
    explained(shown, chosen, &verdict, small, section)
}

/// An answer for which there are no points was right or wrong, and why; with small print.
pub(super) fn checked(
    shown: &Shown<'_>,
    chosen: Choices,
    is_right: bool,
    small: String,
    section: Option<SectionKey>,
) -> Message {
    let verdict = match is_right {
        true => "✅ **Right.**".to_owned(),
        false => not_right(shown),
    };
    explained(shown, chosen, &verdict, Some(small), section)
}

fn not_right(shown: &Shown<'_>) -> String {
    let right = right_letters(shown, shown.right);
    format!("❌ **Not right.** {right} is the answer.")
}

/// What was chosen, the verdict, and why.
fn explained(
    shown: &Shown<'_>,
    chosen: Choices,
    verdict: &str,
    small: Option<String>,
    section: Option<SectionKey>,
) -> Message {
    let site = site(shown);
    let mut lines = vec![format!("You chose {}. {verdict}", letters(shown, chosen))];
    for (place, choice) in shown.question.choices.iter().enumerate() {
        if let Some(why) = choice.why.as_deref().filter(|_| chosen.has(place)) {
            lines.push(format!(
                "**{}:** {}",
                letter_of(shown, place),
                shown_text(why, &site, 400)
            ));
        }
    }
    lines.push(explanation(shown, EXPLANATION_MAX));
    lines.extend(small.map(|small| format!("-# {small}")));
    Message {
        buttons: vec![read_on(section)]
            .into_iter()
            .filter(|row| !row.is_empty())
            .collect(),
        ..said(Audience::Person, text::cut(&lines.join("\n\n"), BODY_MAX))
    }
}

/// An answer is kept; whether it is right is said at the close.
#[must_use]
pub fn sealed(shown: &Shown<'_>, chosen: Choices, may_change: bool) -> Message {
    let change = if may_change {
        " Until then you can choose again."
    } else {
        ""
    };
    said(
        Audience::Person,
        format!(
            "Noted: {}. The answer is shown when the round closes, {}.{change}",
            letters(shown, chosen),
            moment(shown.closes_at)
        ),
    )
}

/// A changed answer is kept.
#[must_use]
pub fn changed(shown: &Shown<'_>, chosen: Choices) -> Message {
    said(
        Audience::Person,
        format!("Changed: your answer is now {}.", letters(shown, chosen)),
    )
}

/// The first answer counts.
#[must_use]
pub fn already(shown: &Shown<'_>, chosen: Choices) -> Message {
    said(
        Audience::Person,
        format!(
            "You have answered already: {}. The first answer counts.",
            letters(shown, chosen)
        ),
    )
}

/// The round was closed before the answer came.
#[must_use]
pub fn late() -> Message {
    said(
        Audience::Person,
        "This round is closed; the answer stands in the post. The next one comes soon.".to_owned(),
    )
}

/// The round was voided, so that no answer counts.
#[must_use]
pub fn is_void() -> Message {
    said(
        Audience::Person,
        "This round was voided: nobody gets points for it, and no streak breaks over it."
            .to_owned(),
    )
}

/// There is no such round.
#[must_use]
pub fn no_such_round() -> Message {
    said(
        Audience::Person,
        "I do not know this round: it belongs to another server or another time.".to_owned(),
    )
}

/// Nothing was chosen.
#[must_use]
pub fn nothing_chosen() -> Message {
    said(Audience::Person, "Choose at least one answer.".to_owned())
}

/// Thanks for a report.
#[must_use]
pub fn reported(n_reports: u32, is_new: bool) -> Message {
    let thanks = if is_new {
        "Thank you, noted."
    } else {
        "You have reported this already."
    };
    let count = match n_reports {
        1 => "Yours is the only report so far.".to_owned(),
        n => format!("{n} people have reported it."),
    };
    said(
        Audience::Person,
        format!(
            "{thanks} {count} The organiser sees it in `/quiz status`, and can regrade or void the round."
        ),
    )
}

/// What a void changed, for all to see.
#[must_use]
pub fn voided(day: Date, n_answered: u32, by: u64, reason: &str) -> Message {
    Message {
        title: Some("Round void".to_owned()),
        ..said(
            Audience::Channel,
            format!(
                "The round of {day} is void: the points of {} are taken back. Streaks stay.\n\n**Why:** {}\n-# by {}",
                people(n_answered),
                text::quoted(reason, 300),
                member_name(by)
            ),
        )
    }
}

/// What a regrade changed, for all to see; what is right now is told once nobody answers any more.
#[must_use]
pub fn regraded(
    shown: &Shown<'_>,
    right: Option<Choices>,
    n_up: u32,
    n_down: u32,
    by: u64,
    reason: &str,
) -> Message {
    let right = right.map_or_else(
        || "what is right shows at the close".to_owned(),
        |right| format!("right is {}", right_letters(shown, right)),
    );
    Message {
        title: Some("Round regraded".to_owned()),
        ..said(
            Audience::Channel,
            format!(
                "The round of {} is graded anew: {right}. {} gained points, {} lost some.\n\n**Why:** {}\n-# by {}",
                shown.day,
                people(n_up),
                people(n_down),
                text::quoted(reason, 300),
                member_name(by)
            ),
        )
    }
}

fn answered(n: u32) -> String {
    match n {
        0 => "nobody has answered yet".to_owned(),
        n => format!("{n} answered"),
    }
}

fn people(n: u32) -> String {
    match n {
        1 => "one person".to_owned(),
        n => format!("{n} people"),
    }
}

fn names(members: impl ExactSizeIterator<Item = u64>) -> String {
    let n_more = members.len().saturating_sub(NAMES_MAX);
    let mut names: Vec<String> = members.take(NAMES_MAX).map(member_name).collect();
    if n_more > 0 {
        names.push(format!("and {n_more} more"));
    }
    names.join(", ")
}
