//! Operations on scores, by chance, and somebody who does them and shows what came of it.

use std::fmt::Write;

use jiff::civil::{Date, date};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use studyhall::quiz::grade::{Choices, Grading};
use studyhall::quiz::period::{Period, Season, Span};
use studyhall::quiz::review::{Card, Rating};
use studyhall::quiz::weekdays::Weekdays;
use studyhall::quiz::{Choice, Difficulty, Place, Question};
use studyhall::scores::Scores;
use studyhall::scores::answers::Answer;
use studyhall::scores::boards::Wanted;
use studyhall::scores::guilds::Guild;
use studyhall::scores::people::Practice;
use studyhall::scores::round::{
    Asks, Feedback, Lease, NewRound, Round, RoundId, RoundState, Rules,
};
use studyhall::scores::schedules::{Schedule, ScheduleId, ScheduleState};

use crate::group::by;

pub(super) const GUILDS: u64 = 2;
const MEMBERS: u64 = 12;
const TOPICS: [&str; 3] = ["ec2", "s3", "Zürich"];

/// Something that happens to the scores. Numbers are taken modulo what there is.
#[derive(Clone, Debug)]
pub(super) enum Op {
    Post {
        guild: u64,
        difficulty: usize,
        topic: usize,
        may_change: bool,
        balanced: bool,
    },
    Answer {
        round: usize,
        member: u64,
        choices: u16,
        minutes: i64,
        again: bool,
    },
    Close {
        round: usize,
    },
    Void {
        round: usize,
    },
    Regrade {
        round: usize,
        right: u16,
    },
    Hide {
        guild: u64,
        member: u64,
        hidden: bool,
    },
    Depart {
        guild: u64,
        member: u64,
        departed: bool,
    },
    Forget {
        member: u64,
    },
    Season {
        guild: u64,
        season: usize,
    },
    Report {
        round: usize,
        member: u64,
    },
    Practice {
        guild: u64,
        member: u64,
        place: u32,
    },
    Review {
        guild: u64,
        member: u64,
        question: usize,
        is_right: bool,
    },
    Pin {
        question: usize,
    },
    NextDay {
        days: i64,
    },
}

fn ops() -> impl Strategy<Value = Op> {
    let round = 0_usize..1_000;
    let member = 1..=MEMBERS;
    let guild = 1..=GUILDS;
    prop_oneof![
        4 => (guild.clone(), 0_usize..3, 0_usize..3, any::<bool>(), any::<bool>()).prop_map(
            |(guild, difficulty, topic, may_change, balanced)| Op::Post { guild, difficulty, topic, may_change, balanced }
        ),
        30 => (round.clone(), member.clone(), 1_u16..16, 0_i64..2_000, any::<bool>()).prop_map(
            |(round, member, choices, minutes, again)| Op::Answer { round, member, choices, minutes, again }
        ),
        3 => round.clone().prop_map(|round| Op::Close { round }),
        1 => round.clone().prop_map(|round| Op::Void { round }),
        2 => (round.clone(), 1_u16..16).prop_map(|(round, right)| Op::Regrade { round, right }),
        2 => (guild.clone(), member.clone(), any::<bool>()).prop_map(|(guild, member, hidden)| Op::Hide { guild, member, hidden }),
        1 => (guild.clone(), member.clone(), any::<bool>()).prop_map(|(guild, member, departed)| Op::Depart { guild, member, departed }),
        1 => member.clone().prop_map(|member| Op::Forget { member }),
        1 => (guild.clone(), 0_usize..3).prop_map(|(guild, season)| Op::Season { guild, season }),
        1 => (round, member.clone()).prop_map(|(round, member)| Op::Report { round, member }),
        1 => (guild.clone(), member.clone(), 0_u32..9).prop_map(|(guild, member, place)| Op::Practice { guild, member, place }),
        3 => (guild, member, 0_usize..9, any::<bool>()).prop_map(
            |(guild, member, question, is_right)| Op::Review { guild, member, question, is_right }
        ),
        1 => (0_usize..9).prop_map(|question| Op::Pin { question }),
        3 => (1_i64..4).prop_map(|days| Op::NextDay { days }),
    ]
}

/// Does operations on scores, and remembers what there is.
pub(super) struct Player {
    pub(super) scores: Scores,
    rounds: Vec<RoundId>,
    now: Timestamp,
    n_events: u64,
    /// Numbers that nobody has, for those who are forgotten.
    stranger: i64,
}

impl Player {
    pub(super) fn new(scores: Scores) -> Self {
        let now: Timestamp = "2027-02-26T09:00:00Z".parse().expect("an instant");
        let player = Self {
            scores,
            rounds: Vec::new(),
            now,
            n_events: 0,
            stranger: -1,
        };
        for guild in 1..=GUILDS {
            let saved = player
                .scores
                .save_schedule(schedule(guild, now), by(9, now));
            saved.expect("a store").expect("a schedule");
        }
        player
    }

    pub(super) fn day(&self) -> Date {
        self.now.to_zoned(jiff::tz::TimeZone::UTC).date()
    }

    fn round(&self, round: usize) -> Option<RoundId> {
        self.rounds.get(round % self.rounds.len().max(1)).copied()
    }

    /// Does one operation; what the store said to it.
    pub(super) fn play(&mut self, op: &Op) -> String {
        self.now += SignedDuration::from_secs(7);
        let (now, scores) = (self.now, self.scores.clone());
        match op.clone() {
            Op::Post {
                guild,
                difficulty,
                topic,
                may_change,
                balanced,
            } => {
                let id = RoundId(self.rounds.len() as i64 + 1);
                let number = scores
                    .n_on(ScheduleId(guild as i64), self.day())
                    .expect("a store");
                let round = NewRound {
                    id,
                    schedule: ScheduleId(guild as i64),
                    guild,
                    day: self.day(),
                    number: number + u32::from(!self.rounds.is_empty()),
                    asks: Asks {
                        question: Question {
                            topic: TOPICS[topic].to_owned(),
                            difficulty: Difficulty::ALL[difficulty],
                            ..question(self.rounds.len() % 9)
                        },
                        shown: vec![1, 0, 3, 2],
                        right: Choices::from_bits(if balanced { 5 } else { 2 }),
                    },
                    rules: Rules {
                        feedback: match may_change {
                            true => Feedback::Sealed,
                            false => Feedback::Instant,
                        },
                        may_change,
                        grading: if balanced {
                            Grading::Balanced
                        } else {
                            Grading::AllOrNothing
                        },
                        open_for: SignedDuration::from_hours(20),
                    },
                    due_at: now,
                    channel: 5,
                };
                let lease = Lease {
                    owner: "one".to_owned(),
                    at: now,
                    until: now + SignedDuration::from_secs(60),
                };
                let asks = round.asks.clone();
                let claimed = scores.claim(round, lease).expect("a store");
                if let Some(round) = &claimed {
                    assert_eq!(round.asks.as_ref(), Some(&asks));
                    let closes_at = now + SignedDuration::from_hours(20);
                    assert!(
                        scores
                            .opened(round, id.0.cast_unsigned(), now, closes_at)
                            .expect("a store")
                    );
                    self.rounds.push(id);
                }
                format!("{claimed:?}")
            }
            Op::Answer {
                round,
                member,
                choices,
                minutes,
                again,
            } => {
                let Some(round) = self.round(round) else {
                    return String::new();
                };
                self.n_events += 1;
                let answer = Answer {
                    round,
                    member,
                    choices: Choices::from_bits(choices),
                    at: now + SignedDuration::from_mins(minutes % 60),
                    event: self.n_events,
                };
                let first = scores.record(answer).expect("a store");
                if again {
                    let second = scores.record(answer).expect("a store");
                    if matches!(first, studyhall::scores::answers::Recorded::Counts { .. }) {
                        assert_eq!(first, second, "the same event again");
                    }
                }
                format!("{first:?}")
            }
            Op::Close { round: number } => {
                let round = self
                    .round(number)
                    .and_then(|round| scores.round(round).expect("a store"));
                // Some come to their end by the way of a reveal, some are left on it.
                let lease = Lease {
                    owner: "one".to_owned(),
                    at: now + SignedDuration::from_hours(20),
                    until: now + SignedDuration::from_hours(21),
                };
                let round = match (round, number % 3) {
                    (Some(round), 1 | 2) => {
                        let taken = scores.take(&round, lease).expect("a store");
                        taken.filter(|_| number % 3 == 1)
                    }
                    (round, _) => round,
                };
                let ended = round.map(|round| {
                    scores
                        .end(&round, RoundState::Closed, None)
                        .expect("a store")
                });
                format!("{ended:?}")
            }
            Op::Void { round } => {
                let receipt = self
                    .round(round)
                    .map(|round| scores.void(round, by(9, now), "wrong").expect("a store"));
                format!("{receipt:?}")
            }
            Op::Regrade { round, right } => {
                let right = Choices::from_bits(right);
                let round = self.round(round);
                format!(
                    "{:?}",
                    round.map(|round| scores
                        .regrade(round, right, by(9, now), "better")
                        .expect("a store"))
                )
            }
            Op::Hide {
                guild,
                member,
                hidden,
            } => {
                format!("{:?}", scores.hide(guild, member, hidden).expect("a store"))
            }
            Op::Depart {
                guild,
                member,
                departed,
            } => {
                format!(
                    "{:?}",
                    scores.departed(guild, member, departed).expect("a store")
                )
            }
            Op::Forget { member } => {
                self.stranger -= 1;
                format!(
                    "{:?}",
                    scores.forget(member, self.stranger).expect("a store")
                )
            }
            Op::Season { guild, season } => {
                let guild = Guild {
                    season: Season::ALL[season],
                    ..Guild::new(guild)
                };
                format!(
                    "{:?}",
                    scores.save_guild(guild, by(9, now)).expect("a store")
                )
            }
            Op::Report { round, member } => {
                let round = self
                    .round(round)
                    .and_then(|round| scores.round(round).expect("a store"));
                format!(
                    "{:?}",
                    round.map(|round| scores.report(&round, member, now).expect("a store"))
                )
            }
            Op::Practice {
                guild,
                member,
                place,
            } => {
                let questions = vec!["question-1".to_owned(), "question-2".to_owned()];
                let practice = Practice {
                    questions,
                    place,
                    n_right: place / 2,
                };
                scores
                    .keep_practice(guild, member, practice.clone(), now)
                    .expect("a store");
                for _ in 0..2 {
                    scores
                        .step_practice(guild, member, practice.clone(), true, None)
                        .expect("a store");
                }
                format!("{:?}", scores.practice(guild, member).expect("a store"))
            }
            Op::Review {
                guild,
                member,
                question,
                is_right,
            } => {
                let question = format!("question-{question}");
                let zone = TimeZone::UTC;
                let reviews = scores.reviews(guild, member, &zone).expect("a store");
                let mut cards = reviews.cards.into_iter();
                let known = cards.find(|known| known.card.question == question);
                let rating = match is_right {
                    true => Rating::Good,
                    false => Rating::Again,
                };
                let (before, card) = match known {
                    Some(known) => (known.n_written, known.card.answered(rating, now, &zone)),
                    None => (0, Card::of_mistake(question, now)),
                };
                let kept = scores.keep_review(guild, member, before, card.clone());
                assert!(kept.expect("a store"));
                let twice = scores.keep_review(guild, member, before, card.clone());
                assert!(!twice.expect("a store"), "the same answer again");
                format!("{card:?}")
            }
            Op::Pin { question } => {
                let schedule = scores
                    .schedule(ScheduleId(1))
                    .expect("a store")
                    .expect("a schedule");
                format!(
                    "{:?}",
                    scores
                        .pin(&schedule, &format!("question-{question}"), by(9, now))
                        .expect("a store")
                )
            }
            Op::NextDay { days } => {
                self.now += SignedDuration::from_hours(24 * days);
                String::new()
            }
        }
    }

    fn miscounted(&self) -> Vec<(Round, u32)> {
        let ever = Timestamp::UNIX_EPOCH;
        self.scores.miscounted(ever, 30).expect("a store")
    }

    /// How many open rounds say a wrong number of answers, of the first thirty.
    pub(super) fn n_miscounted(&self) -> usize {
        self.miscounted().len()
    }

    /// Everything that can be asked of the scores, as text.
    pub(super) fn view(&self) -> String {
        let mut view = self.boards();
        for guild in 1..=GUILDS {
            for member in 1..=MEMBERS {
                let first = self.day().saturating_sub(12.weeks());
                let standing = self
                    .scores
                    .standing(guild, member, first, self.day())
                    .expect("a store");
                writeln!(view, "{guild} {member} {standing:?}").expect("text");
                let reviews = self.scores.reviews(guild, member, &TimeZone::UTC);
                writeln!(view, "{:?}", reviews.expect("a store")).expect("text");
            }
            writeln!(
                view,
                "{:?}",
                self.scores.newest(guild, 1_000).expect("a store")
            )
            .expect("text");
            writeln!(view, "{:?}", self.scores.acts(guild).expect("a store")).expect("text");
            writeln!(
                view,
                "{:?}",
                self.scores
                    .best_streaks(guild, self.day(), 9)
                    .expect("a store")
            )
            .expect("text");
        }
        writeln!(view, "{:?}", self.miscounted()).expect("text");
        for member in 1..=MEMBERS {
            writeln!(view, "{:?}", self.scores.events(member).expect("a store")).expect("text");
            let written = self.scores.written_reviews(member).expect("a store");
            writeln!(view, "{written:?}").expect("text");
        }
        writeln!(
            view,
            "{:?}",
            self.scores.pins(ScheduleId(1)).expect("a store")
        )
        .expect("text");
        let mut drawn: Vec<_> = self
            .scores
            .drawn(ScheduleId(1))
            .expect("a store")
            .into_iter()
            .collect();
        drawn.sort_by(|a, b| a.0.cmp(&b.0));
        writeln!(view, "{drawn:?}").expect("text");
        view
    }

    /// What everybody can learn of how they and others did, as text.
    pub(super) fn told(&self) -> String {
        let mut told = self.boards();
        for member in 1..=MEMBERS {
            let first = self.day().saturating_sub(12.weeks());
            let standing = self.scores.standing(1, member, first, self.day());
            writeln!(told, "{member} {:?}", standing.expect("a store")).expect("text");
            let events = self.scores.events(member).expect("a store");
            let points: Vec<_> = events.iter().map(|event| event.points).collect();
            writeln!(told, "{points:?}").expect("text");
        }
        told
    }

    /// Every page of every board.
    pub(super) fn boards(&self) -> String {
        let mut view = String::new();
        for guild in 1..=GUILDS {
            let season = self.scores.guild(guild).expect("a store").season;
            for span in Span::ALL {
                let now = Period::of(span, self.day(), season);
                for period in [Some(now), now.previous(season)].into_iter().flatten() {
                    for topic in [None, Some(TOPICS[0]), Some(TOPICS[2])] {
                        for page in 0..2 {
                            let wanted = Wanted {
                                guild,
                                period,
                                topic: topic.map(str::to_owned),
                                page,
                                member: Some(3),
                            };
                            let board = self.scores.board(&wanted, season).expect("a store");
                            writeln!(view, "{guild} {period:?} {topic:?} {page} {board:?}")
                                .expect("text");
                        }
                    }
                }
            }
        }
        view
    }
}

/// A question with texts that are odd for a database.
pub(crate) fn question(number: usize) -> Question {
    let choice = |place: usize| Choice {
        text: format!("choice\t{place} \\N \"quoted\" 猫"),
        is_right: place == 1,
        why: (place > 1).then(|| format!("it isn't\r\n\\. {place}")),
    };
    Question {
        id: format!("question-{number}"),
        topic: TOPICS[0].to_owned(),
        stem: format!("Which\0 of\n\n`{number}`; -- $1?"),
        choices: (0..4).map(choice).collect(),
        explanation: "One more than before.".to_owned(),
        section: "s3.md#deep-archive".to_owned(),
        difficulty: Difficulty::Easy,
        until: number.is_multiple_of(2).then_some(date(2027, 5, 31)),
        place: Place::default(),
    }
}

fn schedule(guild: u64, since: Timestamp) -> Schedule {
    Schedule {
        id: ScheduleId(guild as i64),
        guild,
        name: "daily".to_owned(),
        channel: 5,
        time: jiff::civil::time(9, 0, 0, 0),
        zone: "UTC".to_owned(),
        weekdays: Weekdays::DAILY,
        topics: vec!["s3".to_owned(), "ec2".to_owned()],
        difficulties: vec![Difficulty::Hard],
        ping_role: None,
        rules: Rules::default(),
        thread: false,
        state: ScheduleState::Active,
        reason: None,
        since,
        organiser: 9,
        told_low: None,
    }
}

/// `n` operations, the same each time.
pub(super) fn trace(n: usize) -> Vec<Op> {
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[7; 32]);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let ops = proptest::collection::vec(ops(), n);
    ops.new_tree(&mut runner).expect("a trace").current()
}
