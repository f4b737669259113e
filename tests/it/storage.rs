//! Scores while things go wrong below them: copies made amid answers, disks that fill up, servers
//! that go in the middle of a commit, processes that die while they bring a file up to date.

mod damaged;
mod drill;
mod full;
mod postgres;
mod power;

use jiff::civil::date;
use jiff::{SignedDuration, Timestamp};
use studyhall::quiz::grade::Choices;
use studyhall::scores::Scores;
use studyhall::scores::answers::Answer;
use studyhall::scores::database::{Database, Row};
use studyhall::scores::round::{Asks, Lease, NewRound, RoundId, Rules};
use studyhall::scores::schedules::ScheduleId;

use crate::group::{CHANNEL, GUILD};
use crate::scores::question;

/// The bits of the right choice.
const RIGHT: u16 = 2;

fn now() -> Timestamp {
    "2027-03-01T09:00:00Z".parse().expect("an instant")
}

/// Opens a round with this number.
fn open_round(scores: &Scores, number: u32) -> RoundId {
    let (id, rules) = (RoundId(i64::from(number) + 1), Rules::default());
    let round = NewRound {
        id,
        schedule: ScheduleId(1),
        guild: GUILD,
        day: date(2027, 3, 1),
        number,
        asks: Asks {
            question: question(number as usize),
            shown: vec![1, 0, 3, 2],
            right: Choices::from_bits(RIGHT),
        },
        rules,
        due_at: now(),
        channel: CHANNEL,
    };
    let lease = Lease {
        owner: "one".to_owned(),
        at: now(),
        until: now() + SignedDuration::from_mins(1),
    };
    let round = scores.claim(round, lease).expect("a store");
    let round = round.expect("a round that nobody claimed");
    let closes_at = now() + SignedDuration::from_hours(20);
    let opened = scores.opened(&round, id.0.cast_unsigned(), now(), closes_at);
    assert!(opened.expect("a store"));
    id
}

/// A member's right answer.
fn right(round: RoundId, member: u64, event: u64) -> Answer {
    Answer {
        round,
        member,
        choices: Choices::from_bits(RIGHT),
        at: now() + SignedDuration::from_secs(9),
        event,
    }
}

fn rows(database: &dyn Database, sql: &'static str) -> Vec<Row> {
    let mut found = Vec::new();
    let read = database.read(&mut |t| t.query(sql, &[]).map(|rows| found = rows));
    read.expect("rows");
    found
}

/// Who answered, by round and member; the sums, with what is pending, must be those of the answers.
fn answered(database: &dyn Database) -> Vec<(i64, u64)> {
    let events = "SELECT member, CAST(SUM(points) AS BIGINT), CAST(SUM(n_answered) AS BIGINT) \
        FROM event GROUP BY member ORDER BY member";
    let totals = "SELECT member, CAST(SUM(points) AS BIGINT), CAST(SUM(n_answered) AS BIGINT) FROM \
        (SELECT member, points, n_answered FROM total JOIN board ON board.id = total.board \
        WHERE period = 'all' AND topic = '' \
        UNION ALL SELECT event.member, event.points, event.n_answered FROM pending \
        JOIN event ON event.round = pending.round AND event.member = pending.member \
        AND event.number = pending.number) AS part \
        GROUP BY member ORDER BY member";
    assert_eq!(rows(database, events), rows(database, totals));
    let of_event = "SELECT round, member FROM event ORDER BY round, member";
    let number = |row: &Row, column| row.int(column).expect("a number");
    let pair = |row: &Row| (number(row, 0), number(row, 1).cast_unsigned());
    rows(database, of_event).iter().map(pair).collect()
}
