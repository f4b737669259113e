//! Scores that are copied, brought back, moved to PostgreSQL, and freed of a person.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use jiff::SignedDuration;
use studyhall::chat::command::Setup;
use studyhall::chat::{Heard, Member, Message, Place, Press, Reply, Request};
use studyhall::quiz::review::Card;
use studyhall::scores::Scores;
use studyhall::scores::database::{Database, StoreError, Work};
use studyhall::scores::gone::Gone;
use studyhall::scores::moving::{MoveError, Target, bring_over};
use studyhall::scores::people::Practice;
use studyhall::scores::postgres::Postgres;
use studyhall::scores::round::RoundId;
use studyhall::scores::sqlite::Sqlite;
use studyhall::scores::sqlite::backup::{self, BackupError, Overwrite};
use tempfile::TempDir;

use crate::database::OwnDatabase;
use crate::group::{CHANNEL, GUILD, Group, by};

/// A person whose number has eight bytes like no other's.
const PERSON: u64 = 0x0f1e_2d3c_4b5a_6978;

const PUT: &str = "INSERT INTO event (round, member, number, guild, kind, points, n_answered, \
    n_right, day, topic, at) VALUES (?1, 2, 0, 1, 'answer', 10, 1, 1, '2027-03-01', 's3', ?1)";

/// A folder with scores in it.
struct Desk {
    folder: TempDir,
}

impl Desk {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        Self { folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The file of scores.
    fn file(&self) -> PathBuf {
        self.path("scores.sqlite")
    }

    /// Adds events with these numbers.
    fn put(&self, numbers: std::ops::Range<i64>) {
        let database = Sqlite::open_beside(&self.file()).expect("a file of scores");
        for number in numbers {
            put(&database, number);
        }
    }

    /// A backup of 40 events.
    fn backup(&self) -> PathBuf {
        self.put(0..40);
        let to = self.path("scores.backup");
        backup::back_up(&self.file(), &to, Overwrite::No).expect("a backup");
        to
    }

    /// The numbers of the events that are there.
    fn numbers(&self) -> Vec<i64> {
        let database = Sqlite::open_beside(&self.file()).expect("a file of scores");
        let mut numbers = Vec::new();
        let sql = "SELECT round FROM event ORDER BY round";
        database
            .read(&mut |t| {
                let rows = t.query(sql, &[])?;
                numbers = rows
                    .iter()
                    .map(|row| row.int(0))
                    .collect::<Result<_, _>>()?;
                Ok(())
            })
            .expect("a read");
        numbers
    }

    fn sql(&self, sql: &str) {
        let connection = rusqlite::Connection::open(self.file()).expect("a file");
        connection.execute_batch(sql).expect("a statement");
    }

    /// Runs the program; its exit code, what it printed, and what it said.
    fn run(&self, arguments: &[&str], url: Option<&str>) -> (i32, String, String) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_studyhall"));
        command.args(arguments).current_dir(self.folder.path());
        without_settings(&mut command);
        command.env("STUDYHALL_DATA_DIR", self.folder.path());
        if let Some(url) = url {
            command.env("STUDYHALL_DATABASE_URL", url);
        }
        let ended = command.stdin(Stdio::null()).output().expect("a command");
        let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
        let code = ended.status.code().expect("not killed");
        (code, text(ended.stdout), text(ended.stderr))
    }
}

/// Takes from a command the settings that the tests run with.
fn without_settings(command: &mut Command) {
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("STUDYHALL_") {
            command.env_remove(name);
        }
    }
}

fn put(database: &dyn Database, number: i64) {
    let work: Box<Work<'static>> = Box::new(move |t| t.execute(PUT, &[number.into()]).map(drop));
    database.write(work).expect("a write");
}

/// Numbers that look like chance and are the same each time.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % n as u64).expect("a small number")
    }
}

#[test]
fn a_backup_with_one_bit_wrong_is_refused() {
    let desk = Desk::new();
    let from = desk.backup();
    let whole = fs::read(&from).expect("a backup");
    let before = fs::read(desk.file()).expect("scores");
    let mut dice = Dice(0x5eed);
    // The last bits are those of the line with the SHA-256.
    let bits = (0..400).map(|n| match n % 8 {
        0 => whole.len() * 8 - 1 - dice.below(90 * 8),
        _ => dice.below(whole.len() * 8),
    });
    for bit in bits.collect::<Vec<_>>() {
        let mut flipped = whole.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        fs::write(&from, flipped).expect("a file");
        for refused in [
            backup::check(&from).map(drop),
            backup::restore(&from, &desk.file()).map(drop),
        ] {
            let is_broken = matches!(refused, Err(BackupError::Broken(..)));
            assert!(is_broken, "bit {bit}: {refused:?}");
        }
    }
    for n_bytes in [0, 1, 89, 4_096, whole.len() - 1] {
        fs::write(&from, &whole[..n_bytes]).expect("a file");
        let cut = backup::check(&from);
        assert!(matches!(cut, Err(BackupError::Broken(..))), "{cut:?}");
    }
    assert!(fs::read(desk.file()).expect("scores") == before);
    fs::write(&from, &whole).expect("a file");
    backup::check(&from).expect("whole again");
}

#[test]
fn a_backup_overwrites_only_what_it_is_told_to() {
    let desk = Desk::new();
    let to = desk.backup();
    let first = fs::read(&to).expect("a backup");
    desk.put(40..41);
    let refused = backup::back_up(&desk.file(), &to, Overwrite::No);
    assert!(
        matches!(refused, Err(BackupError::IsThere(_))),
        "{refused:?}"
    );
    assert!(fs::read(&to).expect("a backup") == first);
    backup::back_up(&desk.file(), &to, Overwrite::Yes).expect("a backup");
    assert!(fs::read(&to).expect("a backup") != first);
    backup::check(&to).expect("whole");
    let missing = backup::back_up(&desk.path("none"), &desk.path("to"), Overwrite::No);
    assert!(
        matches!(missing, Err(BackupError::NoScores(_))),
        "{missing:?}"
    );
    let left = fs::read_dir(desk.folder.path()).expect("a folder");
    let left = left.map(|e| e.expect("a file").file_name().into_string().expect("UTF-8"));
    let partial: Vec<String> = left.filter(|name| name.contains("partial")).collect();
    assert!(partial.is_empty(), "{partial:?}");
}

#[test]
fn what_a_backup_replaces_is_kept_and_nobody_may_serve_from_it() {
    let desk = Desk::new();
    let from = desk.backup();
    desk.put(40..50);
    let serving = Sqlite::open(&desk.file()).expect("a file of scores");
    let refused = backup::restore(&from, &desk.file());
    let in_use = matches!(refused, Err(BackupError::Store(StoreError::InUse(_))));
    assert!(in_use, "{refused:?}");
    drop(serving);
    for number in 1..=2 {
        let (_, kept) = backup::restore(&from, &desk.file()).expect("restored");
        let name = format!("scores.sqlite.before-restore-{number}");
        assert_eq!(kept, Some(desk.path(&name)));
        assert!(desk.numbers().into_iter().eq(0..40));
    }
    fs::copy(desk.path("scores.sqlite.before-restore-1"), desk.file()).expect("a copy");
    assert!(desk.numbers().into_iter().eq(0..50));
}

#[test]
fn damaged_scores_make_way_and_their_log_is_not_read_again() {
    let desk = Desk::new();
    let from = desk.backup();
    // The log of a process that was killed lies beside what it can no longer be put into.
    let killed = rusqlite::Connection::open(desk.file()).expect("a file");
    killed
        .execute_batch("PRAGMA journal_mode = WAL; DELETE FROM event")
        .expect("a log");
    let log = fs::read(desk.path("scores.sqlite-wal")).expect("a log");
    drop(killed);
    fs::write(desk.path("scores.sqlite-wal"), &log).expect("a log");
    fs::write(desk.file(), "no database".repeat(1_000)).expect("a file");
    let (_, kept) = backup::restore(&from, &desk.file()).expect("restored");
    assert!(desk.numbers().into_iter().eq(0..40));
    let kept = fs::read(kept.expect("a name")).expect("what was there");
    assert!(kept.starts_with(b"no database"));
    let kept_log = desk.path("scores.sqlite.before-restore-1-wal");
    assert!(fs::read(kept_log).expect("its log") == log);
}

#[test]
fn an_index_that_has_gone_wrong_is_made_anew_when_a_backup_is_restored() {
    let desk = Desk::new();
    desk.put(0..40);
    desk.sql("INSERT INTO act (guild, actor, at, what, detail) VALUES (1, 2, 3, 'pause', 'daily')");
    let sql = "SELECT type, name, tbl_name, rootpage, sql FROM sqlite_schema \
        WHERE name = 'act_guild'";
    let open = || {
        let connection = rusqlite::Connection::open(desk.file()).expect("a file");
        let allowed = connection.execute_batch("PRAGMA writable_schema = ON");
        allowed.expect("a setting");
        connection
    };
    // A row changes while the index is not known.
    let before = open();
    let row: [rusqlite::types::Value; 5] = before
        .query_row(sql, [], |row| {
            Ok([
                row.get(0)?,
                row.get(1)?,
                row.get(2)?,
                row.get(3)?,
                row.get(4)?,
            ])
        })
        .expect("an index");
    let gone = "DELETE FROM sqlite_schema WHERE name = 'act_guild'";
    before.execute(gone, []).expect("no index");
    drop(before);
    let between = open();
    let changed = "UPDATE act SET guild = 3";
    between.execute(changed, []).expect("an event");
    let again = "INSERT INTO sqlite_schema VALUES (?1, ?2, ?3, ?4, ?5)";
    let values = rusqlite::params_from_iter(row);
    between.execute(again, values).expect("the index");
    drop(between);
    let is_whole = |file: &Path| -> String {
        let connection = rusqlite::Connection::open(file).expect("a file");
        let found = connection.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0));
        found.expect("a finding")
    };
    assert_ne!(is_whole(&desk.file()), "ok");
    let (to, restored) = (desk.path("b"), Desk::new());
    backup::back_up(&desk.file(), &to, Overwrite::No).expect("a backup");
    backup::restore(&to, &restored.file()).expect("restored");
    assert_eq!(is_whole(&restored.file()), "ok");
    assert!(restored.numbers().into_iter().eq(0..40));
}

#[test]
fn a_backup_of_a_newer_program_or_of_something_else_is_refused() {
    let newer = Desk::new();
    newer.put(0..3);
    newer.sql("INSERT INTO schema_version (version) VALUES (99)");
    let to = newer.path("scores.backup");
    backup::back_up(&newer.file(), &to, Overwrite::No).expect("a backup");
    let empty = Desk::new();
    empty.sql("CREATE TABLE recipe (name TEXT)");
    let other = empty.path("scores.backup");
    backup::back_up(&empty.file(), &other, Overwrite::No).expect("a backup");
    let target = Desk::new();
    for result in [
        backup::check(&to),
        backup::restore(&to, &target.file()).map(|(b, _)| b),
    ] {
        let is_newer = matches!(result, Err(BackupError::Store(StoreError::Newer { .. })));
        assert!(is_newer, "{result:?}");
    }
    let result = backup::restore(&other, &target.file());
    assert!(matches!(result, Err(BackupError::Broken(..))), "{result:?}");
    assert!(!target.file().exists());
}

#[test]
fn the_commands_copy_check_and_restore() {
    let desk = Desk::new();
    let (code, _, said) = desk.run(&["backup", "b"], None);
    assert_eq!(code, 2, "{said}");
    assert!(said.contains("there are no scores"), "{said}");
    desk.put(0..5);
    let (code, printed, said) = desk.run(&["backup", "b"], None);
    assert_eq!(code, 0, "{said}");
    assert!(printed.contains("SHA-256"), "{printed}");
    let (code, _, said) = desk.run(&["backup", "b"], None);
    assert_eq!(code, 2, "{said}");
    assert!(said.contains("--force"), "{said}");
    assert_eq!(desk.run(&["backup", "b", "--force"], None).0, 0);
    let (code, printed, _) = desk.run(&["restore", "b", "--check"], None);
    assert_eq!(code, 0);
    assert!(printed.contains("is whole"), "{printed}");
    assert!(!desk.path("scores.sqlite.before-restore-1").exists());
    desk.put(5..9);
    assert_eq!(desk.run(&["restore", "b"], None).0, 0);
    assert_eq!(desk.numbers(), [0, 1, 2, 3, 4]);
    // A file that `database_url` names is a file like another.
    let (code, _, said) = desk.run(&["restore", "b"], Some("sqlite:other.sqlite"));
    assert_eq!(code, 0, "{said}");
    assert!(desk.path("other.sqlite").exists());
    for command in [&["backup", "c"][..], &["restore", "b"]] {
        let (code, _, said) = desk.run(command, Some("postgres://ada:hunter2@127.0.0.1:9/x"));
        assert_eq!(code, 2, "{said}");
        assert!(said.contains("pg_") && !said.contains("hunter2"), "{said}");
    }
}

#[test]
fn the_doctor_looks_at_the_scores() {
    let desk = Desk::new();
    fs::create_dir(desk.path("notes")).expect("a folder");
    let line = |about: &str, url| {
        let (_, printed, _) = desk.run(&["doctor"], url);
        let mut lines = printed.lines();
        let line = lines.find(|line| line.contains(&format!(" {about} ")));
        line.unwrap_or_else(|| panic!("no line of {about}: {printed}"))
            .to_owned()
    };
    assert!(line("scores", None).contains("none yet"));
    assert!(!desk.file().exists());
    desk.put(0..5);
    let found = line("scores", None);
    assert!(
        found.starts_with("ok") && found.contains("schema 1"),
        "{found}"
    );
    let found = line("backup", None);
    let never = "the scores were never copied";
    assert!(
        found.starts_with("warning") && found.contains(never),
        "{found}"
    );
    assert_eq!(desk.run(&["backup", "copy"], None).0, 0);
    let found = line("backup", None);
    assert!(found.starts_with("ok") && found.ends_with("ago"), "{found}");
    fs::write(desk.file(), "no database".repeat(1_000)).expect("a file");
    assert!(line("scores", None).starts_with("failure"));
    let found = line("scores", Some("postgres://ada:hunter2@127.0.0.1:9/x"));
    assert!(
        found.starts_with("failure") && !found.contains("hunter2"),
        "{found}"
    );
}

/// What somebody who manages the server is told.
fn organise(group: &Group, request: Request, event: u64) -> Message {
    let heard = Heard {
        event,
        member: Member {
            id: PERSON,
            name: "Ada".to_owned(),
            is_organiser: true,
        },
        place: Place {
            guild: Some(GUILD),
            channel: CHANNEL,
        },
        at: group.stage.now(),
        request,
    };
    match group.bot.hear(&heard) {
        Reply::Say(message) | Reply::Replace(message) => message,
        Reply::Offer(_) => panic!("a message was expected"),
    }
}

/// How often a person's number stands in the files of the scores, as bytes and as digits.
fn n_traces(folder: &Path) -> usize {
    let count =
        |bytes: &[u8], what: &[u8]| bytes.windows(what.len()).filter(|w| *w == what).count();
    let files = fs::read_dir(folder).expect("a folder");
    let mut n = 0;
    for file in files {
        let path = file.expect("a file").path();
        let name = path
            .file_name()
            .expect("a name")
            .to_string_lossy()
            .into_owned();
        if name.starts_with("scores.sqlite") {
            let bytes = fs::read(&path).expect("a file");
            n += count(&bytes, &PERSON.to_be_bytes());
            n += count(&bytes, PERSON.to_string().as_bytes());
        }
    }
    n
}

/// A group that the person set up, answers in, and is one of hundreds in.
fn known_group() -> Group {
    let mut group = Group::new("2027-03-01T07:00:00Z", 40);
    let setup = Setup {
        time: Some("09:00".to_owned()),
        zone: Some("Europe/Zurich".to_owned()),
        days: Some("daily".to_owned()),
        open_hours: Some(20),
        ..Setup::default()
    };
    let draft = organise(&group, Request::Setup(setup.clone()), 1_000_001);
    let buttons = draft.buttons.concat();
    let save = buttons.iter().find(|button| button.label == "Save");
    let press = save.expect("a button").press;
    let press = Request::Press {
        press,
        on_private: true,
    };
    organise(&group, press, 1_000_002);
    let another = Setup {
        name: Some("evening".to_owned()),
        ..setup
    };
    organise(&group, Request::Setup(another), 1_000_003);
    group.wait(SignedDuration::from_hours(2));
    let round = group.rounds()[0];
    for number in 0..150 {
        group.answer(PERSON - 150 + number, round, &[0]);
        group.answer(PERSON + 1 + number, round, &[1]);
    }
    group.answer(PERSON, round, &[0]);
    let card = Card::of_mistake("after-3".to_owned(), group.stage.now());
    let is_kept = group.bot.scores.keep_review(GUILD, PERSON, 0, card);
    assert!(is_kept.expect("a store"));
    let practice = Practice {
        questions: vec!["after-3".to_owned()],
        place: 0,
        n_right: 0,
    };
    let scores = &group.bot.scores;
    let kept = scores.keep_practice(GUILD, PERSON, practice, group.stage.now());
    kept.expect("a store");
    let round = scores.round(RoundId(round)).expect("a store");
    let reported = scores.report(&round.expect("a round"), PERSON, group.stage.now());
    reported.expect("a store");
    group
}

#[test]
fn whoever_is_forgotten_stands_in_no_file_while_the_bot_goes_on() {
    let group = known_group();
    assert!(n_traces(group.folder()) > 5, "{}", n_traces(group.folder()));
    assert!(!group.bot.scores.events(PERSON).expect("a store").is_empty());
    let press = Request::Press {
        press: Press::Forget,
        on_private: true,
    };
    organise(&group, press, 1_000_004);
    assert_eq!(n_traces(group.folder()), 0);
    assert!(group.bot.scores.events(PERSON).expect("a store").is_empty());
    assert!(
        !group
            .bot
            .scores
            .events(PERSON + 1)
            .expect("a store")
            .is_empty()
    );
}

#[test]
fn whoever_was_known_in_one_server_stands_in_no_file_once_it_is_purged() {
    let group = known_group();
    let at = group.stage.now() + SignedDuration::from_secs(1);
    let gone = group.bot.scores.looked(BTreeSet::new(), at);
    let gone = gone.expect("a store");
    assert_eq!(
        gone,
        [Gone {
            guild: GUILD,
            since: at
        }]
    );
    assert!(n_traces(group.folder()) > 5, "{}", n_traces(group.folder()));
    assert!(group.bot.scores.purge(gone[0], 1).expect("a store"));
    group.bot.scores.scrub_owed().expect("a store");
    assert_eq!(n_traces(group.folder()), 0);
}

#[test]
fn the_commands_export_and_forget_a_person() {
    let group = known_group();
    let id = PERSON.to_string();
    let folder = group.folder().to_str().expect("UTF-8").to_owned();
    let run = |what: &str| {
        let arguments = ["--data-dir", &folder, "person", what, &id];
        let mut command = Command::new(env!("CARGO_BIN_EXE_studyhall"));
        without_settings(&mut command);
        let ended = command.args(arguments).output();
        let ended = ended.expect("a command");
        let printed = String::from_utf8(ended.stdout).expect("UTF-8");
        (ended.status.code().expect("not killed"), printed)
    };
    let (code, printed) = run("export");
    let export: serde_json::Value = serde_json::from_str(&printed).expect("JSON");
    assert_eq!((code, &export["person"]), (0, &id.clone().into()));
    // Every table that names a person, but for sums.
    for (kind, n_rows) in [
        ("events", 1),
        ("reviews", 1),
        ("memberships", 1),
        ("practices", 1),
        ("reports", 1),
        ("acts", 3),
        ("schedules", 2),
    ] {
        let rows = export[kind].as_array().map(Vec::len);
        assert_eq!(rows, Some(n_rows), "{kind}: {printed}");
    }
    let (code, printed) = run("forget");
    assert_eq!(code, 0);
    assert!(printed.contains("is forgotten"), "{printed}");
    assert_eq!(n_traces(group.folder()), 0);
    assert_eq!(run("forget").0, 1);
}

/// Scores of a lively group: all tables but one or two hold something.
fn lively() -> Desk {
    let group = known_group();
    let desk = Desk::new();
    let from = desk.path("lively.backup");
    let file = group.folder().join("scores.sqlite");
    backup::back_up(&file, &from, Overwrite::No).expect("a backup");
    backup::restore(&from, &desk.file()).expect("restored");
    desk.sql(
        "INSERT INTO setting VALUES ('odd', 'tab\t back\\slash \\N \\. line\r\n ä 猫'); \
         INSERT INTO practice VALUES (1, -2, '', 9223372036854775807, 0, 5)",
    );
    desk
}

#[test]
#[ignore = "needs a PostgreSQL server: STUDYHALL_TEST_POSTGRES"]
fn all_scores_go_over_to_postgres_and_are_the_same() {
    let (desk, own) = (lively(), OwnDatabase::new());
    let mut told = |_: &str, _| {};
    let serving = Sqlite::open(&desk.file()).expect("a file of scores");
    let in_use = bring_over(&desk.file(), &own.url(), Target::Empty, &mut told);
    let is_in_use = matches!(in_use, Err(MoveError::Store(StoreError::InUse(_))));
    assert!(is_in_use, "{in_use:?}");
    drop(serving);
    let tables = bring_over(&desk.file(), &own.url(), Target::Empty, &mut told);
    let tables = tables.expect("moved");
    assert!(tables.contains(&("event".to_owned(), 301)), "{tables:?}");
    assert!(tables.contains(&("review".to_owned(), 1)), "{tables:?}");
    let again = bring_over(&desk.file(), &own.url(), Target::Empty, &mut told);
    assert!(
        matches!(again, Err(MoveError::NotEmpty { .. })),
        "{again:?}"
    );
    let here = Scores::new(std::sync::Arc::new(
        Sqlite::open(&desk.file()).expect("here"),
    ));
    let there = Scores::new(std::sync::Arc::new(
        Postgres::open(&own.url()).expect("there"),
    ));
    let secret = |scores: &Scores| scores.setting("secret", String::new()).expect("a store");
    assert_eq!(secret(&here), secret(&there));
    assert_eq!(
        here.events(PERSON).expect("here"),
        there.events(PERSON).expect("there")
    );
    let cards = there.written_reviews(PERSON).expect("there");
    assert_eq!(here.written_reviews(PERSON).expect("here"), cards);
    assert_eq!(cards.len(), 1);
    // The rounds with the texts of what they ask.
    let rounds = |scores: &Scores| scores.newest(GUILD, 10).expect("a store");
    assert!(rounds(&here).iter().any(|round| round.asks.is_some()));
    assert_eq!(rounds(&here), rounds(&there));
    let number = here.acts(GUILD).expect("here").len();
    assert!(number > 1);
    // What counts by itself goes on behind what came over.
    let mut guild = there.guild(GUILD).expect("there");
    guild.zone = "Europe/Paris".to_owned();
    let at = "2027-03-02T07:00:00Z".parse().expect("an instant");
    there
        .save_guild(guild, by(1, at))
        .expect("an act with a number of its own");
    assert_eq!(there.acts(GUILD).expect("there").len(), number + 1);
}

#[test]
#[ignore = "needs a PostgreSQL server: STUDYHALL_TEST_POSTGRES"]
fn a_move_to_postgres_that_broke_off_goes_on() {
    let (desk, own) = (lively(), OwnDatabase::new());
    let mut told = |_: &str, _| {};
    bring_over(&desk.file(), &own.url(), Target::Empty, &mut told).expect("moved");
    // As if it had been killed amid the events.
    own.sql(&format!(
        "DELETE FROM event WHERE member > {PERSON}; DELETE FROM total; DELETE FROM setting"
    ));
    let resumed = bring_over(&desk.file(), &own.url(), Target::Begun, &mut told);
    let resumed = resumed.expect("moved");
    assert!(resumed.contains(&("event".to_owned(), 301)), "{resumed:?}");
    // What is there and came from elsewhere is no beginning.
    own.sql(&format!(
        "UPDATE event SET points = points + 1 WHERE member = {PERSON}"
    ));
    let unlike = bring_over(&desk.file(), &own.url(), Target::Begun, &mut told);
    let is_unlike = matches!(&unlike, Err(MoveError::Unlike { table }) if table == "event");
    assert!(is_unlike, "{unlike:?}");
}
