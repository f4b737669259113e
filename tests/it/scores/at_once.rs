//! Somebody answers while a round is voided or regraded, on a database where both go on at once.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use jiff::Timestamp;
use studyhall::quiz::grade::Choices;
use studyhall::scores::Scores;
use studyhall::scores::answers::Answer;
use studyhall::scores::database::{Database, Row, StoreError, Transaction, Value, Work};
use studyhall::scores::round::RoundId;

use super::player::{Op, Player};
use crate::database::OwnDatabase;
use crate::group::by;

const MEMBER: u64 = 3;
/// Transactions that wait for another.
const WAITING: &str = "SELECT COUNT(*) FROM pg_stat_activity \
                       WHERE datname = current_database() AND wait_event_type = 'Lock'";

/// A database whose first transaction to come so far stops before the statement that begins so.
struct Stopping {
    inner: Arc<dyn Database>,
    before: &'static str,
    stop: Arc<Mutex<Option<Stop>>>,
}

/// It says that it has stopped, and waits until it may go on.
struct Stop {
    stopped: Sender<()>,
    go_on: Receiver<()>,
}

impl Database for Stopping {
    fn write(&self, mut work: Box<Work<'static>>) -> Result<(), StoreError> {
        let (before, stop) = (self.before, Arc::clone(&self.stop));
        self.inner.write(Box::new(move |inner| {
            work(&mut UnderWay {
                inner,
                before,
                stop: &stop,
            })
        }))
    }

    fn read(&self, work: &mut Work<'_>) -> Result<(), StoreError> {
        self.inner.read(work)
    }
}

struct UnderWay<'a> {
    inner: &'a mut dyn Transaction,
    before: &'static str,
    stop: &'a Mutex<Option<Stop>>,
}

impl UnderWay<'_> {
    fn stop_before(&self, sql: &str) {
        if !sql.starts_with(self.before) {
            return;
        }
        let stop = self.stop.lock().expect("no panic").take();
        if let Some(Stop { stopped, go_on }) = stop {
            stopped.send(()).expect("somebody waits");
            go_on.recv().expect("somebody says so");
        }
    }
}

impl Transaction for UnderWay<'_> {
    fn execute(&mut self, sql: &'static str, values: &[Value]) -> Result<u64, StoreError> {
        self.stop_before(sql);
        self.inner.execute(sql, values)
    }

    fn query(&mut self, sql: &'static str, values: &[Value]) -> Result<Vec<Row>, StoreError> {
        self.stop_before(sql);
        self.inner.query(sql, values)
    }
}

fn now() -> Timestamp {
    "2027-02-26T09:10:00Z".parse().expect("an instant")
}

fn answer(scores: &Scores, round: RoundId) {
    let answer = Answer {
        round,
        member: MEMBER,
        choices: Choices::from_bits(2),
        at: now(),
        event: round.0.cast_unsigned(),
    };
    scores.record(answer).expect("a store");
}

fn void(scores: &Scores, round: RoundId) {
    let receipt = scores.void(round, by(9, now()), "wrong");
    receipt.expect("a store").expect("a round");
}

fn regrade(scores: &Scores, round: RoundId) {
    let right = Choices::from_bits(4);
    let receipt = scores.regrade(round, right, by(9, now()), "better");
    receipt.expect("a store").expect("a round");
}

fn n_waiting(database: &dyn Database) -> i64 {
    let mut n_waiting = 0;
    database
        .read(&mut |transaction| {
            n_waiting = transaction.query(WAITING, &[])?[0].int(0)?;
            Ok(())
        })
        .expect("a store");
    n_waiting
}

/// Does one in the middle of the other: to its end, or as far as it comes.
fn in_the_middle(
    own: &OwnDatabase,
    round: RoundId,
    (outer, before): (fn(&Scores, RoundId), &'static str),
    inner: fn(&Scores, RoundId),
) {
    let (stopped, has_stopped) = channel();
    let (says, go_on) = channel();
    let stopping = Scores::new(Arc::new(Stopping {
        inner: Arc::new(own.open()),
        before,
        stop: Arc::new(Mutex::new(Some(Stop { stopped, go_on }))),
    }));
    let database: Arc<dyn Database> = Arc::new(own.open());
    let scores = Scores::new(Arc::clone(&database));
    thread::scope(|scope| {
        scope.spawn(move || outer(&stopping, round));
        has_stopped.recv().expect("it comes so far");
        let other = scope.spawn(|| inner(&scores, round));
        while !other.is_finished() && n_waiting(database.as_ref()) == 0 {
            thread::sleep(Duration::from_millis(5));
        }
        says.send(()).expect("it waits");
    });
}

#[test]
#[ignore = "needs a PostgreSQL server: STUDYHALL_TEST_POSTGRES"]
fn no_answer_keeps_points_that_were_taken_back_while_it_was_written_postgres() {
    let own = OwnDatabase::new();
    let mut player = Player::new(Scores::new(Arc::new(own.open())));
    let changes: [fn(&Scores, RoundId); 2] = [void, regrade];
    let mut points = Vec::new();
    for (number, change) in (1..).step_by(2).zip(changes) {
        for (number, change_is_inner) in [(number, true), (number + 1, false)] {
            player.play(&Op::Post {
                guild: 1,
                difficulty: 0,
                topic: 0,
                may_change: false,
                balanced: false,
            });
            let round = RoundId(number);
            match change_is_inner {
                true => in_the_middle(&own, round, (answer, "INSERT INTO event"), change),
                false => in_the_middle(&own, round, (change, "UPDATE round SET"), answer),
            }
            let chosen = player.scores.chosen_by(round, MEMBER).expect("a store");
            points.push(chosen.map_or(0, |chosen| chosen.grade.points));
        }
    }
    assert_eq!(points, [0; 4]);
}
