//! A week of the quiz that plays by itself, with four people who know more and less.

use std::collections::BTreeSet;

use anyhow::Context;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use xxhash_rust::xxh3::xxh3_64;

use super::{Console, Origin, PLACE, clock, command};
use crate::bot::Bot;
use crate::chat::command::Setup;
use crate::chat::{Place, Press, Request};
use crate::quiz::grade::Choices;
use crate::quiz::period::Span;
use crate::scores::round::{Asks, Round, RoundId, RoundState};
use crate::scores::schedules::ScheduleState;

/// Somebody who answers.
struct Player {
    name: &'static str,
    /// Of a hundred questions, those that they know.
    n_known: u64,
    /// Of a hundred days, those on which they answer.
    n_there: u64,
}

const PLAYERS: [Player; 4] = [
    Player {
        name: command::ORGANISER,
        n_known: 85,
        n_there: 100,
    },
    Player {
        name: "bo",
        n_known: 65,
        n_there: 100,
    },
    Player {
        name: "cy",
        n_known: 35,
        n_there: 85,
    },
    Player {
        name: "di",
        n_known: 55,
        n_there: 70,
    },
];
const HOUR: SignedDuration = SignedDuration::from_hours(1);
const HOURS_OF_WEEK: i64 = 7 * 24;
/// How long after a post the people answer.
const THINKING: SignedDuration = SignedDuration::from_mins(7);
/// The hour of Monday up to which the week's last round and its recap come where the clocks are
/// UTC; and how many hours more they may take elsewhere.
const RECAP_BY: i64 = 8;
const RECAP_LATER: i64 = 24;
/// Rounds among which open ones are looked for.
const NEWEST: u32 = 20;

impl Console {
    /// Plays from the next Monday on for seven days, and shows how they went.
    pub(super) async fn week(&self, bot: &Bot) -> anyhow::Result<()> {
        let monday = clock::next_monday(self.now());
        self.print(&format!(
            "A week with ada, bo, cy and di, from {} on.",
            clock::stamp(monday)
        ))?;
        self.wait(bot, monday).await?;
        if !has_schedule(bot)? && !self.make_schedule(bot).await? {
            return Ok(());
        }
        let mut answered = BTreeSet::new();
        let mut first_day = None;
        for hour in 1..=HOURS_OF_WEEK {
            self.wait(bot, hours_after(monday, hour)?).await?;
            for round in open_rounds(bot)? {
                if answered.insert(round.id) {
                    let first = *first_day.get_or_insert(round.day);
                    self.answer(bot, &round, answered.len(), round.day == first)
                        .await?;
                }
            }
        }
        self.wait(bot, hours_after(monday, HOURS_OF_WEEK + RECAP_BY)?)
            .await?;
        for hour in 1..=RECAP_LATER {
            if is_recapped(bot, monday, &answered)? {
                break;
            }
            let hour = HOURS_OF_WEEK + RECAP_BY + hour;
            self.wait(bot, hours_after(monday, hour)?).await?;
        }
        let board = Request::Leaderboard {
            span: Span::Week,
            previous: true,
            topic: None,
        };
        self.hear(bot, origin(command::ORGANISER, PLACE), board)
            .await?;
        let stats = Request::Stats { of: None };
        self.hear(bot, origin(command::ORGANISER, PLACE), stats)
            .await
    }

    /// Makes a schedule as the organiser would; whether there is one then.
    async fn make_schedule(&self, bot: &Bot) -> anyhow::Result<bool> {
        let setup = Request::Setup(Setup {
            time: Some("09:00".to_owned()),
            zone: Some("UTC".to_owned()),
            days: Some("mon-sun".to_owned()),
            open_hours: Some(20),
            ..Setup::default()
        });
        let ada = origin(command::ORGANISER, PLACE);
        self.hear(bot, ada.clone(), setup).await?;
        let saves = |press| matches!(press, Press::SaveSchedule { .. });
        let save = self.room().offered(&ada.person, saves);
        let Some(save) = save else {
            return Ok(false);
        };
        let pressed = Some(save.number);
        self.hear(bot, Origin { pressed, ..ada }, save.request)
            .await?;
        Ok(true)
    }

    /// Lets everybody answer the `n`th round.
    async fn answer(
        &self,
        bot: &Bot,
        round: &Round,
        n: usize,
        is_shown: bool,
    ) -> anyhow::Result<()> {
        let Some(asks) = &round.asks else {
            return Ok(());
        };
        self.reach(self.now().saturating_add(THINKING)?);
        let place = Place {
            guild: Some(round.guild),
            channel: round.channel,
        };
        for player in &PLAYERS {
            if luck(player, "there", n) >= player.n_there {
                continue;
            }
            let press = Press::Answer {
                round: round.id.0,
                shown: choice(asks, player, n),
            };
            let request = Request::Press {
                press,
                on_private: false,
            };
            let origin = Origin {
                is_shown,
                ..origin(player.name, place)
            };
            self.hear(bot, origin, request).await?;
        }
        Ok(())
    }
}

fn origin(person: &str, place: Place) -> Origin {
    Origin {
        person: person.to_owned(),
        place,
        pressed: None,
        is_shown: true,
    }
}

fn has_schedule(bot: &Bot) -> anyhow::Result<bool> {
    let schedules = bot.scores.schedules(PLACE.guild.unwrap_or_default())?;
    Ok(schedules
        .iter()
        .any(|schedule| schedule.state != ScheduleState::Draft))
}

fn open_rounds(bot: &Bot) -> anyhow::Result<Vec<Round>> {
    let mut rounds = bot.scores.newest(PLACE.guild.unwrap_or_default(), NEWEST)?;
    rounds.retain(|round| round.state == RoundState::Open);
    Ok(rounds)
}

/// Whether the recap of the week was posted, or none is to come.
fn is_recapped(bot: &Bot, monday: Timestamp, answered: &BTreeSet<RoundId>) -> anyhow::Result<bool> {
    let guild = bot.scores.guild(PLACE.guild.unwrap_or_default())?;
    let monday = monday.to_zoned(TimeZone::UTC).date();
    let is_done = guild.recapped.is_some_and(|week| week >= monday);
    Ok(is_done || !guild.recap || answered.is_empty())
}

fn hours_after(at: Timestamp, hours: i64) -> anyhow::Result<Timestamp> {
    let n = i32::try_from(hours).context("too many hours")?;
    Ok(at.checked_add(HOUR.checked_mul(n).context("too many hours")?)?)
}

/// A number below 100 that is the same in every rehearsal.
fn luck(player: &Player, what: &str, n: usize) -> u64 {
    xxh3_64(format!("{}/{what}/{n}", player.name).as_bytes()) % 100
}

/// What somebody chooses: the right ones, or nearly.
fn choice(asks: &Asks, player: &Player, n: usize) -> Choices {
    let places = asks.shown.iter().enumerate();
    let right: Vec<usize> = places
        .filter(|(_, place)| asks.right.has(usize::from(**place)))
        .map(|(at, _)| at)
        .collect();
    let luck = luck(player, "knows", n);
    match right.as_slice() {
        right if luck < player.n_known => Choices::of(right.iter().copied()),
        [] => Choices::of([0]),
        [only] => {
            let n_wrong = asks.shown.len().saturating_sub(1).max(1);
            let luck = usize::try_from(luck).unwrap_or_default();
            Choices::of([(only + 1 + luck % n_wrong) % asks.shown.len()])
        }
        [_, others @ ..] => Choices::of(others.iter().copied()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::quiz::{Difficulty, Place, Question};

    #[test]
    fn people_choose_the_right_ones_or_others_that_are_there() {
        let check = |shown: &[u8], right: &[usize]| {
            let asks = Asks {
                question: Question {
                    id: "q".to_owned(),
                    topic: "s3".to_owned(),
                    stem: String::new(),
                    choices: Vec::new(),
                    explanation: String::new(),
                    section: String::new(),
                    difficulty: Difficulty::Easy,
                    until: None,
                    place: Place::default(),
                },
                shown: shown.to_vec(),
                right: Choices::of(right.iter().copied()),
            };
            let places = shown.iter().enumerate();
            let all_right: Vec<usize> = places
                .filter(|(_, place)| right.contains(&usize::from(**place)))
                .map(|(at, _)| at)
                .collect();
            for (player, n) in PLAYERS.iter().flat_map(|p| (0..50).map(move |n| (p, n))) {
                let knows = luck(player, "knows", n) < player.n_known;
                let chosen = choice(&asks, player, n);
                assert_eq!(chosen == Choices::of(all_right.clone()), knows);
                let all = Choices::of(0..shown.len());
                assert!(!chosen.is_empty() && chosen.both(all) == chosen);
            }
        };
        check(&[2, 0, 3, 1], &[0]);
        check(&[1, 0], &[1]);
        check(&[4, 2, 0, 3, 1], &[0, 3]);
    }
}
