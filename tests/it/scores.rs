//! The scores keep their promises, whatever happens in which order, on both databases.

mod at_once;
mod player;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::date;
use studyhall::quiz::period::{Period, Season, Span};
use studyhall::scores::Scores;
use studyhall::scores::boards::Wanted;
use studyhall::scores::database::{Database, StoreError, Work};
use studyhall::scores::gone::Gone;
use studyhall::scores::round::RoundId;
use studyhall::scores::schedules::ScheduleId;
use studyhall::scores::sqlite::Sqlite;

use self::player::{GUILDS, Op, Player, trace};
use crate::database::{self, OwnDatabase};

pub(crate) use self::player::question;

/// A file of scores whose log is busy at the first scrub.
struct Busy {
    file: Sqlite,
    n_scrubs: AtomicU32,
}

impl Database for Busy {
    fn write(&self, work: Box<Work<'static>>) -> Result<(), StoreError> {
        self.file.write(work)
    }

    fn read(&self, work: &mut Work<'_>) -> Result<(), StoreError> {
        self.file.read(work)
    }

    fn scrub(&self) -> Result<(), StoreError> {
        match self.n_scrubs.fetch_add(1, Ordering::SeqCst) {
            0 => Err(StoreError::Unavailable("the log is busy".into())),
            _ => self.file.scrub(),
        }
    }
}

fn in_memory_of_a_file(dir: &std::path::Path) -> Scores {
    Scores::new(Arc::new(
        Sqlite::open(&dir.join("scores.sqlite")).expect("a file of scores"),
    ))
}

#[test]
fn sums_that_are_kept_are_the_sums_of_the_events() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let mut player = Player::new(in_memory_of_a_file(dir.path()));
    for op in trace(1_500) {
        player.play(&op);
    }
    let before = player.boards();
    assert!(
        before.contains("rank: 3") && before.len() > 10_000,
        "{before}"
    );
    for guild in 1..=GUILDS {
        player.scores.sum_anew(guild).expect("a store");
    }
    assert_eq!(player.boards(), before);
}

#[test]
fn everybodys_own_place_is_a_part_of_the_whole_board() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let mut player = Player::new(in_memory_of_a_file(dir.path()));
    let (mut n_own, mut n_tied) = (0, 0);
    for (number, op) in trace(1_500).iter().enumerate() {
        player.play(op);
        if number % 50 != 0 {
            continue;
        }
        let season = player.scores.guild(1).expect("a store").season;
        for (span, topic) in [
            (Span::Season, None),
            (Span::All, None),
            (Span::All, Some("s3")),
        ] {
            let board = |page, member| {
                let wanted = Wanted {
                    guild: 1,
                    period: Period::of(span, player.day(), season),
                    topic: topic.map(str::to_owned),
                    page,
                    member,
                };
                player.scores.board(&wanted, season).expect("a store")
            };
            let all: Vec<_> = (0..3).flat_map(|page| board(page, None).places).collect();
            for (at, place) in all.iter().enumerate() {
                // Nobody stands on a page this far, so that one's own place is told.
                let told = board(9, Some(place.member));
                let around = &all[at.saturating_sub(1)..(at + 2).min(all.len())];
                assert_eq!(told.own, around, "{span:?} {topic:?}");
                assert_eq!(told.n_places as usize, all.len(), "{span:?} {topic:?}");
                n_own += 1;
                n_tied += usize::from(
                    around
                        .iter()
                        .any(|other| other.member != place.member && other.points == place.points),
                );
            }
        }
    }
    assert!(n_own > 100 && n_tied > 10, "{n_own} places, {n_tied} ties");
}

#[test]
fn nobody_elses_rank_changes_when_somebody_is_forgotten() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let mut player = Player::new(in_memory_of_a_file(dir.path()));
    for op in trace(600)
        .iter()
        .filter(|op| !matches!(op, Op::Forget { .. }))
    {
        player.play(op);
    }
    let wanted = |page| Wanted {
        guild: 1,
        period: Period::of(Span::All, date(2027, 3, 1), Season::Month),
        topic: None,
        page,
        member: None,
    };
    let places = |player: &Player| {
        let pages = (0..3).flat_map(|page| {
            player
                .scores
                .board(&wanted(page), Season::Month)
                .expect("a store")
                .places
        });
        let mut places: Vec<(u64, u32, i64)> = pages
            .filter(|place| place.member != 3)
            .map(|place| (place.member, place.rank, place.points))
            .collect();
        places.sort_unstable();
        places
    };
    let before = places(&player);
    assert!(player.scores.forget(3, -77).expect("a store"));
    let after: Vec<_> = places(&player)
        .into_iter()
        .filter(|(member, _, _)| member.cast_signed() != -77)
        .collect();
    assert_eq!(after, before);
    assert!(
        !player.scores.forget(3, -78).expect("a store"),
        "there is nothing left"
    );
}

#[test]
fn a_scrub_that_failed_is_owed_until_it_is_done() {
    for is_asked_again in [true, false] {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let file = Sqlite::open(&dir.path().join("scores.sqlite")).expect("a file of scores");
        let busy = Arc::new(Busy {
            file,
            n_scrubs: AtomicU32::new(0),
        });
        let scores = Scores::new(Arc::<Busy>::clone(&busy));
        let n_scrubs = || busy.n_scrubs.load(Ordering::SeqCst);
        scores.hide(1, 3, true).expect("a store");
        assert!(scores.forget(3, -77).is_err());
        match is_asked_again {
            true => assert!(!scores.forget(3, -78).expect("a store"), "nothing is kept"),
            false => scores.scrub_owed().expect("a store"),
        }
        assert_eq!(n_scrubs(), 2);
        // It writes the whole file anew, and is not done for whoever likes to ask.
        assert!(!scores.forget(3, -79).expect("a store"));
        scores.scrub_owed().expect("a store");
        assert_eq!(n_scrubs(), 2);
    }
}

/// Two ways to close the second of two rounds: by its end alone, and by its reveal, which is not done.
const CLOSES: [Op; 2] = [Op::Close { round: 3 }, Op::Close { round: 5 }];

/// Answers a sealed round, changes them and grades them anew: nothing of it may show before its close.
fn a_sealed_round_tells_nothing_before_its_close(scores: Scores, close: &Op) {
    let mut player = Player::new(scores);
    let post = |may_change| Op::Post {
        guild: 1,
        difficulty: 0,
        topic: 0,
        may_change,
        balanced: false,
    };
    let answer = |round, member, choices| Op::Answer {
        round,
        member,
        choices,
        minutes: 0,
        again: false,
    };
    // One whose answers are told at once, and the sealed one.
    for op in [post(false), post(true)] {
        player.play(&op);
    }
    for member in 1..=3 {
        player.play(&answer(0, member, 2));
        player.play(&answer(1, member, 1));
    }
    let before = player.told();
    assert!(before.contains("points: 10"), "{before}");
    for op in [
        answer(1, 1, 2),
        answer(1, 2, 4),
        Op::Regrade { round: 1, right: 4 },
        Op::Regrade { round: 1, right: 2 },
    ] {
        let said = player.play(&op);
        assert!(
            said.contains("Changed") || said.contains("n_up: 1"),
            "{said}"
        );
    }
    player.scores.sum_anew(1).expect("a store");
    player.scores.unseal_over().expect("a store");
    // The export lists one's own changes, without points.
    let told = player.told();
    let unchanged = |told: &str| told.replace("[Some(10), None, None]", "[Some(10), None]");
    assert_eq!(unchanged(&told), before);

    player.play(close);
    let (after, day) = (player.told(), player.day());
    let standing = player.scores.standing(1, 1, day, day).expect("a store");
    assert_eq!((standing.points, standing.n_right), (20, 2));
    player.scores.sum_anew(1).expect("a store");
    assert_eq!(player.told(), after);
}

#[test]
fn a_sealed_round_tells_nothing_before_its_close_sqlite() {
    for close in CLOSES {
        let dir = tempfile::tempdir().expect("a temporary folder");
        a_sealed_round_tells_nothing_before_its_close(in_memory_of_a_file(dir.path()), &close);
    }
}

#[test]
#[ignore = "needs a PostgreSQL server: STUDYHALL_TEST_POSTGRES"]
fn a_sealed_round_tells_nothing_before_its_close_postgres() {
    for close in CLOSES {
        let own = OwnDatabase::new();
        let scores = Scores::new(Arc::new(own.open()));
        a_sealed_round_tells_nothing_before_its_close(scores, &close);
    }
}

#[test]
#[ignore = "needs a PostgreSQL server: STUDYHALL_TEST_POSTGRES"]
fn both_databases_tell_the_same_after_the_same_trace_postgres() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let mut here = Player::new(in_memory_of_a_file(dir.path()));
    let own = OwnDatabase::new();
    let mut there = Player::new(Scores::new(Arc::new(own.open())));
    for (number, op) in trace(10_000).iter().enumerate() {
        assert_eq!(here.play(op), there.play(op), "{number}: {op:?}");
        if number % 500 == 0 {
            assert_eq!(here.view(), there.view(), "{number}");
        }
    }
    assert_eq!(here.view(), there.view());
    assert!(here.n_miscounted() > 1, "there is an order to compare");
    let before = here.view();
    for player in [&here, &there] {
        purge_the_first(&player.scores);
    }
    assert_eq!(here.view(), there.view());
    assert_ne!(here.view(), before);
}

/// Rows of sums that were read otherwise than by their key, once the server knows of so many events.
const READ: &str = "SELECT total.seq_tup_read + board.idx_tup_read \
    FROM pg_stat_user_tables AS event, pg_stat_user_tables AS total, pg_stat_user_indexes AS board \
    WHERE event.relname = 'event' AND event.n_tup_ins = ?1 \
    AND total.relname = 'total' AND board.indexrelname = 'total_board'";

#[test]
#[ignore = "needs a PostgreSQL server: STUDYHALL_TEST_POSTGRES"]
fn an_answer_adds_to_a_board_without_reading_all_of_it_postgres() {
    const N_MEMBERS: u64 = 1_000;
    let own = OwnDatabase::new();
    let mut player = Player::new(Scores::new(Arc::new(own.open())));
    player.play(&Op::Post {
        guild: 1,
        difficulty: 0,
        topic: 0,
        may_change: false,
        balanced: false,
    });
    for member in 1..=N_MEMBERS {
        player.play(&Op::Answer {
            round: 0,
            member,
            choices: 2,
            minutes: 0,
            again: false,
        });
        // As somebody does who looks at a board meanwhile.
        if member % 20 == 0 {
            player.scores.fold().expect("a store");
        }
    }
    // What a connection has read is told when it ends.
    drop(player);
    let database = own.open();
    let n_read = (0..100).find_map(|_| {
        thread::sleep(Duration::from_millis(100));
        let rows = database::rows(&database, READ, &[N_MEMBERS.cast_signed().into()]);
        rows.first().map(|row| row.int(0).expect("a number"))
    });
    let n_read = n_read.expect("the server says so soon");
    assert!(n_read < N_MEMBERS.cast_signed(), "{n_read} rows");
}

/// Deletes what is kept of the first server.
fn purge_the_first(scores: &Scores) {
    let at: Timestamp = "2200-01-01T00:00:00Z".parse().expect("an instant");
    let is_in: BTreeSet<u64> = (2..=GUILDS).collect();
    let gone = scores.looked(is_in.clone(), at).expect("a store");
    let guild = 1;
    assert_eq!(gone, [Gone { guild, since: at }]);
    assert!(scores.purge(gone[0], 1).expect("a store"));
    assert!(!scores.purge(gone[0], 2).expect("a store"), "it is no more");
    assert_eq!(scores.looked(is_in, at).expect("a store"), []);
}

/// The rows of each table: those of the first server, and the others.
fn rows_by_table(file: &Path) -> BTreeMap<String, (Vec<String>, Vec<String>)> {
    let connection = rusqlite::Connection::open(file).expect("a file of scores");
    let list = |sql: String| -> Vec<String> {
        let mut statement = connection.prepare(&sql).expect("a statement");
        let rows = statement.query_map([], |row| row.get(0));
        rows.expect("rows").map(|row| row.expect("a row")).collect()
    };
    let tables = list("SELECT name FROM sqlite_schema WHERE type = 'table'".to_owned());
    let tables = tables.into_iter().filter(|table| {
        !["setting", "gap", "schema_version", "sqlite_sequence"].contains(&table.as_str())
    });
    let rows = tables.map(|table| {
        let columns = list(format!("SELECT name FROM pragma_table_info('{table}')"));
        let has = |name: &str| columns.iter().any(|column| column == name);
        let its = match table.as_str() {
            "guild" => "id = 1",
            _ if has("guild") => "guild = 1",
            _ if has("round") => "round IN (SELECT id FROM round WHERE guild = 1)",
            _ if has("board") => "board IN (SELECT id FROM board WHERE guild = 1)",
            _ if has("schedule") => {
                "schedule IN (SELECT id FROM schedule WHERE guild = 1 \
                 UNION SELECT schedule FROM round WHERE guild = 1)"
            }
            _ => panic!("which rows of {table} belong to which server?"),
        };
        let row = columns.join(", ");
        let rows = |of: &str| {
            list(format!(
                "SELECT json_array({row}) FROM {table} WHERE {of} ORDER BY 1"
            ))
        };
        let both = (rows(its), rows(&format!("NOT ({its})")));
        (table, both)
    });
    rows.collect()
}

#[test]
fn a_server_that_is_purged_takes_its_own_rows_of_every_table() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let mut player = Player::new(in_memory_of_a_file(dir.path()));
    let mut trace = trace(1_500);
    trace.extend([
        Op::NextDay { days: 1 },
        Op::Post {
            guild: 1,
            difficulty: 0,
            topic: 0,
            may_change: true,
            balanced: false,
        },
    ]);
    for op in &trace {
        player.play(op);
    }
    let n_rounds = trace.iter().filter(|op| matches!(op, Op::Post { .. }));
    let last = n_rounds.count() - 1;
    for member in 1..=3 {
        player.play(&Op::Answer {
            round: last,
            member,
            choices: 1,
            minutes: 0,
            again: false,
        });
    }
    let file = dir.path().join("scores.sqlite");
    let before = rows_by_table(&file);
    let empty = before.iter().filter(|(_, (its, _))| its.is_empty());
    let empty: Vec<&str> = empty.map(|(table, _)| table.as_str()).collect();
    assert_eq!(empty, ["gone"]);
    purge_the_first(&player.scores);
    for (table, (its, others)) in rows_by_table(&file) {
        assert_eq!(its, [""; 0], "{table}");
        assert_eq!(others, before[&table].1, "{table}");
    }
}

#[test]
fn a_day_is_left_out_once_whoever_finds_it() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let scores = in_memory_of_a_file(dir.path());
    let at = "2027-03-01T08:00:00Z".parse().expect("an instant");
    let day = date(2027, 3, 1);
    let skip = || scores.skip(RoundId(1), ScheduleId(1), 1, day, at, "missed");
    assert!(skip().expect("a store"));
    assert!(!skip().expect("a store"), "another process was quicker");
}
