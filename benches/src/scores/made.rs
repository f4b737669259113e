//! A made-up server: its rounds and the people in it.

use std::ops::Range;

use anyhow::{Context as _, Result, ensure};
use jiff::civil::{Date, date};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan as _};
use studyhall::quiz::grade::Choices;
use studyhall::quiz::period::{Period, Season, Span};
use studyhall::quiz::{Choice, Difficulty, Place, Question};
use studyhall::scores::Scores;
use studyhall::scores::boards::Wanted;
use studyhall::scores::round::{Asks, Lease, NewRound, RoundId, Rules};
use studyhall::scores::schedules::ScheduleId;

use crate::random::Random;

/// The server.
pub(crate) const GUILD: u64 = 1_100_000_000_000_000_001;
/// The day of the first round, a Monday and the first of a month.
pub(crate) const FIRST_DAY: Date = date(2026, 6, 1);
/// What the questions are about, in turn.
pub(crate) const TOPICS: [&str; 8] = [
    "compute", "storage", "network", "database", "identity", "billing", "queues", "metrics",
];
/// A right choice, and a wrong one.
const RIGHT: u16 = 0b0010;
const WRONG: u16 = 0b0100;
/// How often people are right.
const SHARE_RIGHT: f64 = 0.7;

/// A round that is open.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Open {
    pub(crate) id: RoundId,
    pub(crate) day: Date,
    pub(crate) opened_at: Timestamp,
    pub(crate) topic: &'static str,
    pub(crate) difficulty: Difficulty,
}

/// Somebody's number, as Discord's are.
pub(crate) fn member(number: u64) -> u64 {
    200_000_000_000_000_000 + number * 17_179_869_183_551
}

/// What is right in every round.
pub(crate) fn right() -> Choices {
    Choices::from_bits(RIGHT)
}

/// What somebody chooses.
pub(crate) fn choices(random: &mut Random) -> Choices {
    Choices::from_bits(match random.chance(SHARE_RIGHT) {
        true => RIGHT,
        false => WRONG,
    })
}

/// Opens the round of each of these days, counted from the first.
pub(crate) fn open_rounds(scores: &Scores, days: Range<usize>) -> Result<Vec<Open>> {
    let mut random = Random::new(3 + days.start as u64);
    days.map(|number| open_round(scores, number, &mut random))
        .collect()
}

/// A question as long as they are in the notes.
fn question(number: usize, open: &Open) -> Question {
    let choice = |place: u16| Choice {
        text: format!("The service that does what the others of the {place} kind cannot do"),
        is_right: RIGHT >> place & 1 == 1,
        why: Some("It does so for one account, and costs more than the others do.".to_owned()),
    };
    Question {
        id: format!("question-{number}"),
        topic: open.topic.to_owned(),
        stem: "A company wants to keep what it has for ten years, and to pay as little for it as it can. \
               Which service does that with the least work?"
            .to_owned(),
        choices: (0..4).map(choice).collect(),
        explanation: "It is the cheapest of all that keep things for ten years. ".repeat(4),
        section: format!("{}.md#least-work", open.topic),
        difficulty: open.difficulty,
        until: None,
        place: Place::default(),
    }
}

fn open_round(scores: &Scores, number: usize, random: &mut Random) -> Result<Open> {
    let day = FIRST_DAY.checked_add(i64::try_from(number)?.days())?;
    let at = day.at(9, 0, 0, 0).to_zoned(TimeZone::UTC)?.timestamp();
    let open = Open {
        id: RoundId((random.next() >> 1).cast_signed()),
        day,
        opened_at: at,
        topic: TOPICS[number % TOPICS.len()],
        difficulty: Difficulty::ALL[number % Difficulty::ALL.len()],
    };
    let rules = Rules::default();
    let closes_at = at + rules.open_for;
    let round = NewRound {
        id: open.id,
        schedule: ScheduleId(1),
        guild: GUILD,
        day,
        number: 0,
        asks: Asks {
            question: question(number, &open),
            shown: vec![2, 0, 3, 1],
            right: right(),
        },
        rules,
        due_at: at,
        channel: 5,
    };
    let lease = Lease {
        owner: "benchmark".to_owned(),
        at,
        until: at + SignedDuration::from_mins(1),
    };
    let round = scores
        .claim(round, lease)?
        .with_context(|| format!("the round of {day} was claimed before"))?;
    let message = round.id.0.cast_unsigned();
    ensure!(
        scores.opened(&round, message, at, closes_at)?,
        "the round of {day} did not open"
    );
    Ok(open)
}

/// How many stand on the board of all time.
pub(crate) fn n_on_board(scores: &Scores) -> Result<u32> {
    let wanted = Wanted {
        guild: GUILD,
        period: Period::of(Span::All, FIRST_DAY, Season::Month),
        topic: None,
        page: 0,
        member: None,
    };
    Ok(scores.board(&wanted, Season::Month)?.n_places)
}
