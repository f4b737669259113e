//! Days of a quiz in a moment, with faults at every step: processes die before and after each write,
//! the chat loses calls and answers, clocks jump, and two processes share the work. Whatever happens,
//! no round is posted twice and no answer that was acknowledged is lost or counted twice.
//!
//! A failure prints the seed; `STUDYHALL_SEED` runs that one alone, and `STUDYHALL_RUNS` says how many
//! are run.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use studyhall::bot::Bot;
use studyhall::chat::{Heard, Member, Place, Press, Refusal, Reply, Request};
use studyhall::quiz::grade::Choices;
use studyhall::quiz::period::{Period, Season, Span};
use studyhall::quiz::weekdays::Weekdays;
use studyhall::scores::Scores;
use studyhall::scores::boards::Wanted;
use studyhall::scores::database::Database;
use studyhall::scores::round::{Feedback, RoundState, Rules};
use studyhall::scores::schedules::{Schedule, ScheduleId, ScheduleState};
use studyhall::scores::sqlite::Sqlite;

use crate::group::{CHANNEL, GUILD, Life, Mortal, ORGANISER, bot_in, by};
use crate::stage::{Fate, Stage};

/// Runs where nobody says how many.
const RUNS: u64 = 300;
/// Days that a run lasts.
const DAYS: i64 = 3;
/// Members who answer.
const MEMBERS: u64 = 4;

/// Numbers by chance, the same for the same seed.
pub(crate) struct Chance(pub(crate) u64);

impl Chance {
    fn next(&mut self) -> u64 {
        // SplitMix64, by Steele, Lea and Flood (2014).
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }

    /// True once in `n` times.
    fn once_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }
}

/// A process: a bot in front of a database that ends like one.
struct Process {
    bot: Bot,
    mortal: Arc<Mortal>,
}

struct Run {
    chance: Chance,
    database: Arc<dyn Database>,
    /// A bot to copy, without a database of its own.
    blank: Bot,
    stage: Arc<Stage>,
    processes: Vec<Process>,
    runtime: tokio::runtime::Runtime,
    /// What was acknowledged: by round and member, the points said.
    acknowledged: BTreeMap<(i64, u64), bool>,
    n_events: u64,
    n_deaths: u32,
    n_processes: u64,
}

impl Run {
    fn new(seed: u64, blank: &Bot, database: Arc<dyn Database>) -> Self {
        let mut chance = Chance(seed);
        let start: Timestamp = "2027-03-26T00:00:00Z".parse().expect("an instant");
        let start = start + SignedDuration::from_mins(chance.below(1_440) as i64);
        let mut run = Self {
            stage: Arc::new(Stage::new(start)),
            blank: blank.clone(),
            database,
            processes: Vec::new(),
            runtime: tokio::runtime::Builder::new_current_thread()
                .build()
                .expect("a runtime"),
            acknowledged: BTreeMap::new(),
            n_events: 0,
            n_deaths: 0,
            n_processes: 1 + chance.below(2),
            chance,
        };
        let scores = Scores::new(Arc::clone(&run.database));
        let time = jiff::civil::time(run.chance.below(24) as i8, 30, 0, 0);
        let mut schedule = schedule(time, start);
        if run.chance.once_in(3) {
            schedule.rules.feedback = Feedback::Sealed;
        }
        let saved = scores.save_schedule(schedule, by(ORGANISER, start));
        saved.expect("scores").expect("a schedule");
        for _ in 0..run.n_processes {
            let process = run.process();
            run.processes.push(process);
        }
        run
    }

    /// A new process. Only an only one takes up what the one before left.
    fn process(&mut self) -> Process {
        let n_left = match self.chance.once_in(2) {
            true => 1 + self.chance.below(25) as u32,
            false => u32::MAX,
        };
        let life = Life {
            n_left,
            does_last: self.chance.once_in(2),
        };
        let mortal = Arc::new(Mortal::new(Arc::clone(&self.database), life));
        let owner = format!("process {}", self.chance.next());
        let is_only = self.n_processes == 1;
        let bot = Bot {
            scores: Scores::new(Arc::<Mortal>::clone(&mortal)),
            owner: if is_only {
                "the only one".into()
            } else {
                owner.into()
            },
            rhythm: Arc::default(),
            recent: Arc::default(),
            ..self.blank.clone()
        };
        if is_only {
            bot.take_up(self.stage.now()).ok();
        }
        Process { bot, mortal }
    }

    /// Sets what the chat does while this process works.
    fn cast(&mut self, at: usize, is_stormy: bool) {
        let mortal = Arc::clone(&self.processes[at].mortal);
        let mut chance = Chance(self.chance.next());
        self.stage.room().dice = Box::new(move || {
            if mortal.is_dead() {
                return Fate::NotSent;
            }
            if !is_stormy || !chance.once_in(3) {
                return Fate::Done;
            }
            match chance.below(20) {
                0..=7 => Fate::DoneAndLost,
                8..=13 => Fate::Lost,
                14..=18 => Fate::NotSent,
                _ => Fate::Refused(Refusal::Invalid),
            }
        });
    }

    fn step(&mut self, is_stormy: bool) {
        let at = self.chance.below(self.processes.len() as u64) as usize;
        self.cast(at, is_stormy);
        let stage = Arc::clone(&self.stage);
        let clock = move || stage.now();
        let bot = self.processes[at].bot.clone();
        let next = self.runtime.block_on(bot.tick(self.stage.as_ref(), &clock));
        if self.chance.once_in(3) {
            self.answer(at);
        }
        if self.processes[at].mortal.is_dead() {
            self.n_deaths += 1;
            self.processes[at] = self.process();
        }
        let now = self.stage.now();
        let far = now + SignedDuration::from_secs(1 + self.chance.below(3_600) as i64);
        let next = next
            .unwrap_or(far)
            .clamp(now + SignedDuration::from_secs(1), far);
        self.stage.room().now = match self.chance.below(40) {
            // The clock is set back, or forward.
            0 => next - SignedDuration::from_mins(self.chance.below(20) as i64),
            1 => next + SignedDuration::from_mins(self.chance.below(20) as i64),
            _ => next,
        };
    }

    /// A member answers some round in the chat, perhaps told twice.
    fn answer(&mut self, at: usize) {
        let rounds: Vec<i64> = {
            let room = self.stage.room();
            room.posts
                .values()
                .filter_map(|post| post.round())
                .collect()
        };
        if rounds.is_empty() {
            return;
        }
        let round = rounds[self.chance.below(rounds.len() as u64) as usize];
        let member = 1 + self.chance.below(MEMBERS);
        self.n_events += 1;
        let heard = Heard {
            event: self.n_events,
            member: Member {
                id: member,
                name: "somebody".to_owned(),
                is_organiser: false,
            },
            place: Place {
                guild: Some(GUILD),
                channel: CHANNEL,
            },
            at: self.stage.now(),
            request: Request::Press {
                press: Press::Answer {
                    round,
                    shown: Choices::of([self.chance.below(4) as usize]),
                },
                on_private: false,
            },
        };
        for _ in 0..=self.chance.below(2) {
            let Reply::Say(message) = self.processes[at].bot.hear(&heard) else {
                panic!("a message was expected");
            };
            for (words, is_right) in [("✅ **Right.**", true), ("❌ **Not right.**", false)] {
                if message.body.contains(words) {
                    let before = self.acknowledged.insert((round, member), is_right);
                    assert!(
                        before.is_none_or(|before| before == is_right),
                        "two verdicts"
                    );
                }
            }
        }
    }

    fn play(&mut self) {
        let end = self.stage.now() + SignedDuration::from_hours(24 * DAYS);
        let mut n_steps = 0;
        while self.stage.now() < end {
            let is_stormy = self.chance.once_in(2);
            self.step(is_stormy);
            n_steps += 1;
            assert!(n_steps < 20_000, "time stands still");
        }
        // The weather clears, and everything that is under way ends well.
        self.processes.truncate(1);
        let immortal = Life {
            n_left: u32::MAX,
            does_last: true,
        };
        let mortal = Arc::new(Mortal::new(Arc::clone(&self.database), immortal));
        self.processes[0].bot.scores = Scores::new(Arc::<Mortal>::clone(&mortal));
        self.processes[0].mortal = mortal;
        let end = self.stage.now() + SignedDuration::from_hours(30);
        while self.stage.now() < end {
            self.step(false);
        }
    }

    fn judge(&self) {
        let scores = Scores::new(Arc::clone(&self.database));
        let room = self.stage.room();
        for (round, n) in &room.n_posted {
            assert!(*n <= 1, "round {round} stands in the chat {n} times");
        }
        let rounds = scores.newest(GUILD, 100).expect("scores");
        let mut days = BTreeSet::new();
        for round in &rounds {
            assert!(days.insert(round.day), "two rounds on {}", round.day);
            let n = room.n_posted.get(&round.id.0).copied().unwrap_or_default();
            match round.state {
                RoundState::Open | RoundState::Closed => assert_eq!(n, 1, "{round:?}"),
                RoundState::Skipped => assert_eq!(n, 0, "{round:?}"),
                RoundState::Failed => {}
                RoundState::Posting | RoundState::Closing | RoundState::Uncertain => {
                    panic!("left behind: {round:?}")
                }
            }
        }
        assert!(days.len() as i64 >= DAYS, "{days:?}");
        let (first, last) = (days.first().expect("a day"), days.last().expect("a day"));
        let between = first.until(*last).expect("a span").get_days();
        assert_eq!(days.len() as i32, between + 1, "a day is missing: {days:?}");
        self.judge_scores(&scores);
    }

    /// What was acknowledged is there, once, and the sums are those of the events.
    fn judge_scores(&self, scores: &Scores) {
        let mut points: BTreeMap<u64, i64> = BTreeMap::new();
        for member in 1..=MEMBERS {
            let mut answered = BTreeSet::new();
            for event in scores.events(member).expect("scores") {
                assert_eq!(event.kind, "answer");
                assert!(
                    answered.insert(event.round),
                    "{member} twice in {}",
                    event.round
                );
                // None while its round is sealed, which is on no board until its close either.
                *points.entry(member).or_default() += event.points.unwrap_or_default();
            }
            for ((round, _), is_right) in self
                .acknowledged
                .iter()
                .filter(|((_, who), _)| *who == member)
            {
                assert!(
                    answered.contains(round),
                    "an acknowledged answer of {member} is lost"
                );
                let id = studyhall::scores::round::RoundId(*round);
                let kept = scores
                    .chosen_by(id, member)
                    .expect("scores")
                    .expect("an answer");
                assert_eq!(kept.grade.is_right, *is_right);
            }
        }
        let day = jiff::civil::date(2027, 3, 26);
        let board = scores.board(
            &Wanted {
                guild: GUILD,
                period: Period::of(Span::All, day, Season::Month),
                topic: None,
                page: 0,
                member: None,
            },
            Season::Month,
        );
        for place in board.expect("scores").places {
            assert_eq!(points.remove(&place.member), Some(place.points));
        }
        let is_left: Vec<_> = points.iter().filter(|(_, points)| **points != 0).collect();
        assert!(is_left.is_empty(), "on no board: {is_left:?}");
    }
}

fn schedule(time: jiff::civil::Time, since: Timestamp) -> Schedule {
    Schedule {
        id: ScheduleId(5),
        guild: GUILD,
        name: "daily".to_owned(),
        channel: CHANNEL,
        time,
        // The clocks go forward on 28 March.
        zone: "Europe/Zurich".to_owned(),
        weekdays: Weekdays::DAILY,
        topics: Vec::new(),
        difficulties: Vec::new(),
        ping_role: None,
        rules: Rules::default(),
        thread: true,
        state: ScheduleState::Active,
        reason: None,
        since,
        organiser: ORGANISER,
        told_low: None,
    }
}

/// The number in an environment variable, if it is set.
pub(crate) fn number(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(
        text.parse()
            .unwrap_or_else(|_| panic!("{name} is no number: {text}")),
    )
}

#[test]
fn nothing_is_posted_twice_and_nothing_acknowledged_is_lost() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let blank_scores = Scores::new(Arc::new(
        Sqlite::open(&dir.path().join("blank.sqlite")).expect("a file"),
    ));
    let blank = bot_in(dir.path(), blank_scores, 40);
    let seeds: Vec<u64> = match number("STUDYHALL_SEED") {
        Some(seed) => vec![seed],
        None => (0..number("STUDYHALL_RUNS").unwrap_or(RUNS)).collect(),
    };
    let mut n_deaths = 0;
    let mut n_answers = 0;
    for seed in &seeds {
        let file = dir.path().join(format!("{seed}.sqlite"));
        let database: Arc<dyn Database> = Arc::new(Sqlite::open(&file).expect("a file"));
        let mut run = Run::new(*seed, &blank, database);
        let played = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            run.play();
            run.judge();
        }));
        if let Err(panic) = played {
            eprintln!("STUDYHALL_SEED={seed}");
            std::panic::resume_unwind(panic);
        }
        n_deaths += run.n_deaths;
        n_answers += run.acknowledged.len();
        drop(run);
        std::fs::remove_file(&file).expect("the file was there");
    }
    println!(
        "{} runs, {n_deaths} deaths, {n_answers} acknowledged answers",
        seeds.len()
    );
    assert!(
        seeds.len() < 50 || (n_deaths > 10 && n_answers > 50),
        "the faults did not happen"
    );
}
