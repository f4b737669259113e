//! What the bot says while somebody practices alone.

use studyhall_index::SectionKey;

use super::question::{self, Shown};
use super::round;
use super::{said, text};
use crate::chat::{Audience, Button, Message, Press};
use crate::quiz::grade::{Choices, Grade};

/// A question of a practice: the one at `place`, from 0, of `n`.
#[must_use]
pub fn asked(shown: &Shown<'_>, place: usize, n: usize) -> Message {
    let mut message = Message {
        title: Some(format!("Practice · {} of {n}", place + 1)),
        ..person(&question::stem_and_choices(shown))
    };
    let press = Press::Practice {
        place: u16::try_from(place).unwrap_or(u16::MAX),
        shown: Choices::default(),
    };
    question::ask(&mut message, shown, press);
    message
}

/// What an answer was worth, after `done` of `n` questions with so many right.
#[must_use]
pub fn graded(
    shown: &Shown<'_>,
    chosen: Choices,
    grade: Grade,
    section: Option<SectionKey>,
    (done, n, n_right): (usize, usize, u32),
) -> Message {
    let mut message = round::graded(shown, chosen, grade, None, section);
    message.title = Some(format!("Practice · {done} of {n} · {n_right} right"));
    let next = Button {
        label: if done < n {
            "Next question"
        } else {
            "How it went"
        }
        .to_owned(),
        press: Press::PracticeNext,
        enabled: true,
    };
    match message.buttons.first_mut() {
        Some(row) => row.insert(0, next),
        None => message.buttons.push(vec![next]),
    }
    message
}

/// Every question that was wanted is asked by a round now.
#[must_use]
pub fn all_asked_now() -> Message {
    person(
        "A round asks the only question there is now. Practise it once the round has closed, or choose \
         another topic.",
    )
}

/// A practice is over.
#[must_use]
pub fn done(n_right: u32, n: usize) -> Message {
    Message {
        title: Some("Practice done".to_owned()),
        ..person(&format!(
            "{n_right} of {n} right. `/quiz practice` begins another; practice changes no score. What \
             was wrong comes back in `/quiz review`."
        ))
    }
}

/// There is no practice to go on with.
#[must_use]
pub fn none() -> Message {
    person("You have no practice under way. `/quiz practice` begins one.")
}

/// There are no questions.
#[must_use]
pub fn no_questions() -> Message {
    person("There are no questions yet: the note keeper can write some below `quiz/` in the notes.")
}

/// No question has this topic.
#[must_use]
pub fn no_such_topic(topic: &str) -> Message {
    person(&format!(
        "There are no questions about “{}”. Pick a topic from the list that appears while you type.",
        text::quoted(topic, 100)
    ))
}

fn person(body: &str) -> Message {
    said(Audience::Person, body.to_owned())
}
