//! What the bot says while somebody reviews what they got wrong.

use jiff::Timestamp;
use studyhall_index::SectionKey;

use super::question::{Shown, ask, stem_and_choices};
use super::round;
use super::said;
use crate::chat::{Audience, Button, Message, Press, Tally, moment, question_key};
use crate::quiz::grade::Choices;

/// What comes after the questions that are due now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ahead {
    /// Questions that are due.
    pub n_due: usize,
    /// When the next ones are due that are not yet, and how many come then.
    pub next: Option<(Timestamp, usize)>,
    /// Questions that wait for the close of a round that asks them.
    pub n_waiting: usize,
}

/// A question of a review, which was answered so many times.
#[must_use]
pub fn asked(shown: &Shown<'_>, times: u32, tally: Tally) -> Message {
    let place = tally.n_done.saturating_add(1);
    let mut message = Message {
        title: Some(format!("Review · {place} of {}", tally.n)),
        ..person(&stem_and_choices(shown))
    };
    let press = Press::Review {
        question: question_key(&shown.question.id),
        times,
        tally,
        shown: Choices::default(),
    };
    ask(&mut message, shown, press);
    message
}

/// Whether an answer was right, why, and when the question comes back; the tally holds it already.
#[must_use]
pub fn graded(
    shown: &Shown<'_>,
    (chosen, is_right): (Choices, bool),
    due: Timestamp,
    section: Option<SectionKey>,
    tally: Tally,
) -> Message {
    let small = format!("This question comes back {}", moment(due));
    let mut message = round::checked(shown, chosen, is_right, small, section);
    let Tally { n, n_done, n_right } = tally;
    message.title = Some(format!("Review · {n_done} of {n} · {n_right} right"));
    let label = match n_done < n {
        true => "Next question",
        false => "How it went",
    };
    let next = Button {
        label: label.to_owned(),
        press: Press::ReviewNext { tally },
        enabled: true,
    };
    match message.buttons.first_mut() {
        Some(row) => row.insert(0, next),
        None => message.buttons.push(vec![next]),
    }
    message
}

/// A review is over.
#[must_use]
pub fn done(tally: Tally, ahead: &Ahead) -> Message {
    let Tally {
        n_done, n_right, ..
    } = tally;
    let more = match ahead.n_due {
        0 => coming(ahead),
        1 => "One more is due: `/quiz review` goes on.".to_owned(),
        n => format!("{n} more are due: `/quiz review` goes on."),
    };
    Message {
        title: Some("Review done".to_owned()),
        ..person(format!("{n_right} of {n_done} right. {more}").trim_end())
    }
}

/// Nothing is due now.
#[must_use]
pub fn nothing_due(ahead: &Ahead) -> Message {
    person(format!("Nothing is due now. {}", coming(ahead)).trim_end())
}

/// There is nothing to review at all.
#[must_use]
pub fn nothing() -> Message {
    person(
        "You have nothing to review. What you get wrong in a round comes back here after its close, \
         and what you get wrong in `/quiz practice` the day after.",
    )
}

/// When the next ones come.
fn coming(ahead: &Ahead) -> String {
    let mut said = Vec::new();
    if let Some((at, n)) = ahead.next {
        said.push(match n {
            1 => format!("The next question comes back {}.", moment(at)),
            n => format!("The next {n} questions come back {}.", moment(at)),
        });
    }
    match ahead.n_waiting {
        0 => {}
        1 => said.push("One waits until the round closes that is asking it now.".to_owned()),
        n => said.push(format!(
            "{n} wait until the rounds close that are asking them now."
        )),
    }
    said.join(" ")
}

fn person(body: &str) -> Message {
    said(Audience::Person, body.to_owned())
}
