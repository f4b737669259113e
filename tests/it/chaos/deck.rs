//! The ways in which Discord fails, dealt by chance.

use std::time::Duration;

use crate::fake::{Break, Fault};
use crate::kills::Dice;

/// One way to fail.
#[derive(Clone, Debug)]
pub(crate) enum Card {
    /// The gateway's line ends or says something odd; the session can go on.
    Line(Break),
    /// The session is lost.
    Session(Break),
    /// No heartbeat is acknowledged until the bot has left the line.
    Deaf,
    /// No heartbeat is acknowledged until the process has given up.
    DeafForLong,
    /// Requests to routes that start like this fail.
    Rest(&'static str, Fault, Lasts),
}

/// For how long requests fail.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Lasts {
    /// So many of them.
    Times(usize),
    /// So long.
    During(Duration),
    /// One of them; then the bot is to stay away for a minute, as nobody says for how long.
    AMinute,
}

impl Card {
    /// Whether the bot needs a new session afterwards.
    pub(crate) fn costs_a_session(&self) -> bool {
        matches!(self, Self::Session(_) | Self::DeafForLong)
    }

    /// Whether it lasts for a minute or so.
    pub(crate) fn is_long(&self) -> bool {
        matches!(self, Self::DeafForLong | Self::Rest(_, _, Lasts::AMinute))
    }
}

/// All ways to fail, each once.
fn all() -> Vec<Card> {
    let seconds = |n| Lasts::During(Duration::from_secs(n));
    // Longer than the bot waits for an answer.
    let too_slow = Fault::SlowAnswer(Duration::from_secs(11));
    let messages = "POST /channels";
    let answers = "POST /interactions";
    let rest = [
        (messages, Fault::Status(500), seconds(3)),
        ("", Fault::Status(502), seconds(2)),
        ("", Fault::Page(502), seconds(2)),
        (messages, Fault::RouteLimit(2.0), seconds(2)),
        (answers, Fault::RouteLimit(0.5), Lasts::Times(3)),
        (messages, Fault::GlobalLimit(3.0), seconds(3)),
        (messages, Fault::GarbledLimit, Lasts::AMinute),
        ("", Fault::Banned, Lasts::AMinute),
        (messages, Fault::Hang, Lasts::Times(1)),
        (answers, Fault::Hang, Lasts::Times(1)),
        (messages, Fault::Lost, Lasts::Times(2)),
        (messages, Fault::AnswerLost, Lasts::Times(2)),
        (answers, Fault::AnswerLost, Lasts::Times(2)),
        (messages, too_slow, Lasts::Times(1)),
    ];
    let lines = [
        Break::Reset,
        Break::Finish,
        Break::Hang,
        Break::Reconnect,
        Break::Invalid(true),
        Break::Babble,
    ];
    let codes = [4_000, 4_001, 4_002, 4_005, 4_008].map(Break::Close);
    let sessions = [4_003, 4_007, 4_009].map(Break::Close);
    let mut all = vec![Card::Deaf, Card::DeafForLong];
    all.extend(lines.into_iter().chain(codes).map(Card::Line));
    all.push(Card::Session(Break::Invalid(false)));
    all.extend(sessions.map(Card::Session));
    let rest = rest.map(|(route, fault, lasts)| Card::Rest(route, fault, lasts));
    all.extend(rest);
    all
}

/// What is still to come; where nothing is left that may be dealt, all is shuffled anew.
pub(crate) struct Deck {
    left: Vec<Card>,
}

impl Deck {
    pub(crate) fn new() -> Self {
        Self { left: Vec::new() }
    }

    /// A way to fail that may be dealt now.
    pub(crate) fn deal(&mut self, dice: &mut Dice, may: impl Fn(&Card) -> bool) -> Card {
        if !self.left.iter().any(&may) {
            let mut fresh = all();
            self.left.clear();
            while !fresh.is_empty() {
                let card = fresh.swap_remove(dice.pick(fresh.len()));
                self.left.push(card);
            }
        }
        let at = self.left.iter().position(may);
        self.left.remove(at.expect("most may always be dealt"))
    }
}
