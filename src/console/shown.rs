//! A message that stands in the terminal, and what can be pressed below it.

use jiff::Timestamp;

use crate::chat::{Audience, Button, Message, Place, Press, Request};
use crate::quiz::grade::Choices;

/// A message that stands in the terminal.
pub(super) struct Shown {
    pub(super) number: usize,
    /// The chat's own number for it.
    pub(super) id: u64,
    /// Where it stands.
    pub(super) place: Place,
    /// Under which key it was posted.
    pub(super) key: Option<String>,
    pub(super) posted_at: Timestamp,
    /// Whom it answers.
    pub(super) person: String,
    /// What it says, without its file and whom it called.
    pub(super) message: Message,
}

/// What somebody pressed, where, and the number of its message.
pub(super) struct Pressed {
    pub(super) request: Request,
    pub(super) place: Place,
    pub(super) number: usize,
}

impl Shown {
    pub(super) fn seen_by(&self, person: &str) -> bool {
        match self.message.audience {
            Audience::Channel => true,
            Audience::Person => self.person == person,
        }
    }

    pub(super) fn buttons(&self) -> impl Iterator<Item = &Button> {
        self.message.buttons.iter().flatten()
    }

    pub(super) fn presses(&self) -> impl Iterator<Item = Press> {
        let list = self.message.list.iter().map(|list| list.press);
        self.buttons().map(|button| button.press).chain(list)
    }

    pub(super) fn press(&self, letter: char) -> Result<Pressed, String> {
        let mut buttons = self.buttons().zip('a'..='z');
        match buttons.find(|(_, other)| *other == letter) {
            Some((button, _)) if button.enabled => Ok(self.pressed(button.press)),
            Some((button, _)) => Err(format!("“{}” leads nowhere from here.", button.label)),
            None => Err(format!(
                "Message m{} has no button [{letter}].",
                self.number
            )),
        }
    }

    /// Chooses lines of the list, counted from 1.
    pub(super) fn choose(&self, numbers: &[usize]) -> Result<Pressed, String> {
        let Some(list) = &self.message.list else {
            return Err(format!("Message m{} has no list.", self.number));
        };
        let n = list.lines.len();
        if let Some(wrong) = numbers.iter().find(|number| !(1..=n).contains(*number)) {
            return Err(format!(
                "The list of message m{} has no line {wrong}; it has 1 to {n}.",
                self.number
            ));
        }
        let chosen = Choices::of(numbers.iter().map(|number| number - 1));
        Ok(self.pressed(list.press.choosing(chosen)))
    }

    pub(super) fn pressed(&self, press: Press) -> Pressed {
        Pressed {
            request: Request::Press {
                press,
                on_private: self.message.audience == Audience::Person,
            },
            place: self.place,
            number: self.number,
        }
    }
}

/// A message as it is kept: without its file and whom it called.
pub(super) fn kept(message: &Message) -> Message {
    Message {
        audience: message.audience,
        title: message.title.clone(),
        url: message.url.clone(),
        body: message.body.clone(),
        footer: message.footer.clone(),
        buttons: message.buttons.clone(),
        list: message.list.clone(),
        file: None,
        calls: None,
    }
}

/// The line of the body that is another, where all else is the same.
pub(super) fn only_line_changed<'a>(before: &Message, now: &'a Message) -> Option<&'a str> {
    let is_same_around = Message {
        body: now.body.clone(),
        ..before.clone()
    } == *now;
    let is_as_long = before.body.lines().count() == now.body.lines().count();
    if !is_same_around || !is_as_long {
        return None;
    }
    let pairs = before.body.lines().zip(now.body.lines());
    let mut changed = pairs.filter(|(old, new)| old != new);
    let (_, line) = changed.next()?;
    changed.next().is_none().then_some(line)
}
