//! A hundred thousand texts that no button of ours carries, put to the bot.

use std::sync::Arc;

use jiff::Timestamp;
use studyhall_index::Index;

use super::decode;
use crate::bot::{self, Bot, Questions};
use crate::chat::{Heard, Member, Place, Request};
use crate::quiz::grade::Choices;
use crate::quiz::{Choice, Difficulty, Question};
use crate::scores::database::Database;
use crate::scores::round::{Asks, NewRound, RoundId, Rules};
use crate::scores::schedules::{Schedule, ScheduleId, ScheduleState};
use crate::scores::sqlite::Sqlite;
use crate::scores::{By, Scores};

const N_TEXTS: usize = 100_000;
/// The letters that stand for what is pressed, and some that stand for nothing.
const KINDS: &[&str] = &[
    "a", "r", "k", "d", "b", "q", "m", "v", "w", "f", "o", "n", "p", "s", "y", "x", "t", "z", "",
];
/// The pieces that texts are made of.
const PIECES: &[&str] = &[
    "sh1",
    "sh1",
    "sh1",
    "sh1",
    "sh1",
    "sh1",
    "sh2",
    "a",
    "r",
    "k",
    "d",
    "b",
    "q",
    "m",
    "v",
    "f",
    "o",
    "n",
    "p",
    "s",
    "y",
    "x",
    "t",
    "0",
    "1",
    "2",
    "7",
    "ff",
    "-",
    "-1",
    "w",
    "all",
    "r1",
    "\u{202e}",
    "'",
    "9223372036854775807",
    "-9223372036854775808",
    "0123456789abcdef",
    "ffffffffffffffff",
];
/// A server, its schedule and its round, to whose numbers nothing random leads.
const GUILD: u64 = 77;
const NUMBER: i64 = 8_888_888_888_888_888;

/// Numbers by chance.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % n
    }

    fn text(&mut self) -> String {
        let mut text = match self.below(8) {
            0 => String::new(),
            _ => format!(
                "sh1:{}",
                KINDS[usize::try_from(self.below(KINDS.len() as u64)).unwrap()]
            ),
        };
        for _ in 0..self.below(5) {
            let at = self.below(PIECES.len() as u64 + 1);
            if self.below(20) > 0 {
                text.push(':');
            }
            match PIECES.get(usize::try_from(at).unwrap()) {
                Some(piece) => text.push_str(piece),
                None => text.push_str(&self.0.cast_signed().to_string()),
            }
        }
        text
    }
}

fn a_bot(dir: &std::path::Path, database: Arc<dyn Database>) -> Bot {
    let scores = Scores::new(database);
    Bot {
        index: Index::open(&dir.join("index")).unwrap(),
        notes_url: None,
        questions: Questions::default(),
        secret: bot::secret(&scores, 7).unwrap(),
        scores,
        owner: "one".into(),
        nudge: Arc::default(),
        rhythm: Arc::default(),
        recent: Arc::default(),
    }
}

fn fill(scores: &Scores, now: Timestamp) {
    let by = By {
        actor: 1,
        at: now,
        event: None,
    };
    let schedule = Schedule {
        id: ScheduleId(NUMBER),
        guild: GUILD,
        name: "daily".to_owned(),
        channel: 42,
        time: jiff::civil::time(9, 0, 0, 0),
        zone: "UTC".to_owned(),
        weekdays: "daily".parse().unwrap(),
        topics: Vec::new(),
        difficulties: Vec::new(),
        ping_role: None,
        rules: Rules::default(),
        thread: false,
        state: ScheduleState::Active,
        reason: None,
        since: now,
        organiser: 1,
        told_low: None,
    };
    scores.save_schedule(schedule, by).unwrap().unwrap();
    let round = NewRound {
        id: RoundId(NUMBER),
        schedule: ScheduleId(NUMBER),
        guild: GUILD,
        day: jiff::civil::date(2027, 3, 1),
        number: 1,
        asks: Asks {
            question: Question {
                id: "which".to_owned(),
                topic: "s3".to_owned(),
                stem: "Which one?".to_owned(),
                choices: vec![Choice::default(); 2],
                explanation: String::new(),
                section: String::new(),
                difficulty: Difficulty::Easy,
                until: None,
                place: crate::quiz::Place::default(),
            },
            shown: vec![1, 0],
            right: Choices::of([0]),
        },
        rules: Rules::default(),
        due_at: now,
        channel: 42,
    };
    assert!(scores.post_now(round, by).unwrap());
    // From the first sum on there is a row at which those who add up wait for one another.
    scores.sum_anew(GUILD).unwrap();
}

/// Every row of every table that a press could change, as one text.
fn all_rows(database: &dyn Database) -> String {
    let mut all = String::new();
    database
        .read(&mut |t| {
            for sql in [
                "SELECT * FROM setting",
                "SELECT * FROM guild",
                "SELECT * FROM schedule",
                "SELECT * FROM round",
                "SELECT * FROM drawn",
                "SELECT * FROM pin",
                "SELECT * FROM event",
                "SELECT * FROM total",
                "SELECT * FROM member",
                "SELECT * FROM report",
                "SELECT * FROM act",
                "SELECT * FROM practice",
                "SELECT * FROM review",
            ] {
                all.push_str(&format!("{sql}: {:?}\n", t.query(sql, &[])?));
            }
            Ok(())
        })
        .unwrap();
    all
}

#[test]
fn a_hundred_thousand_strange_buttons_break_and_write_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let database: Arc<dyn Database> =
        Arc::new(Sqlite::open(&dir.path().join("scores.sqlite")).unwrap());
    let bot = a_bot(dir.path(), Arc::clone(&database));
    let now: Timestamp = "2027-03-01T07:00:00Z".parse().unwrap();
    fill(&bot.scores, now);
    let before = all_rows(database.as_ref());
    assert!(before.contains("daily") && before.contains("which"));
    let mut dice = Dice(0xBAD);
    let mut n_read = 0;
    for event in 0..N_TEXTS {
        let Some(press) = decode(&dice.text()) else {
            continue;
        };
        n_read += 1;
        let heard = Heard {
            event: event as u64 + 1,
            member: Member {
                id: 5,
                name: "Eve".to_owned(),
                is_organiser: event % 2 == 0,
            },
            place: Place {
                guild: (event % 3 > 0).then_some(GUILD),
                channel: 42,
            },
            at: now,
            request: Request::Press {
                press,
                on_private: event % 5 == 0,
            },
        };
        drop(bot.hear(&heard));
    }
    assert!(n_read > 1_000, "only {n_read} were read as a press");
    let after = all_rows(database.as_ref());
    for (after, before) in after.lines().zip(before.lines()) {
        assert_eq!(after, before);
    }
}
