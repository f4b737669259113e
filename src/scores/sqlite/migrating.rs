//! Files that are brought up to date, and what is left of them where that broke off.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use rusqlite::Connection;

use super::super::database::StoreError;
use super::super::migrations;
use super::Sqlite;
use super::backup::{self, Overwrite};
use super::session::{DIALECT, keep_a_log, migrate, open, pending, run_all, schema};

/// The environment variable with the file that a process of the tests brings up to date.
const FILE: &str = "STUDYHALL_TEST_MIGRATES";
/// What it prints right before it does.
const BEGINS: &str = "it begins";
/// How often it is killed on the way to each version.
const N_KILLS: u32 = 100;

/// What the tables and their rows look like, in words.
fn state(connection: &Connection) -> String {
    let mut texts = Vec::new();
    let mut read = |sql: &str| {
        let mut statement = connection.prepare(sql).expect("a statement");
        let n_columns = statement.column_count();
        let mut rows = statement.query([]).expect("rows");
        while let Some(row) = rows.next().expect("a row") {
            for at in 0..n_columns {
                texts.push(format!("{:?}", row.get_ref(at).expect("a value")));
            }
        }
    };
    read("SELECT name, sql FROM sqlite_schema ORDER BY name");
    if connection.table_exists(None, "setting").expect("tables") {
        read("SELECT * FROM setting ORDER BY name");
        read("SELECT * FROM schema_version");
    }
    texts.join("\n")
}

/// The statements of a version that comes after the present one.
const NEXT: [&str; 4] = [
    "ALTER TABLE setting ADD COLUMN note TEXT",
    "UPDATE setting SET note = value",
    "CREATE TABLE wish (id BIGINT NOT NULL PRIMARY KEY, text {{text}} NOT NULL)",
    "CREATE INDEX wish_text ON wish (text)",
];

fn previous(file: &Path) -> Connection {
    let mut connection = open(file).expect("a file");
    keep_a_log(&connection).expect("a log");
    migrate(&mut connection).expect("tables");
    connection
        .execute_batch("INSERT INTO setting VALUES ('secret', '7'), ('other', '8')")
        .expect("rows");
    connection
}

#[test]
fn a_migration_that_ends_anywhere_leaves_the_old_tables_and_done_again_the_new_ones() {
    let folder = tempfile::tempdir().expect("a folder");
    let known = i64::try_from(migrations::n_known()).expect("a small number");
    let next = |statements: &[&str]| {
        let text = statements.join(";\n");
        migrations::with_next(&text, known, &DIALECT).expect("no newer one")
    };
    for n_done in 0..=NEXT.len() {
        let file = folder.path().join(format!("{n_done}.sqlite"));
        let mut connection = previous(&file);
        let old = state(&connection);
        let mut broken = NEXT.to_vec();
        broken.insert(n_done, "SELECT * FROM nowhere");
        let failed = run_all(&mut connection, |_| Ok(next(&broken)));
        assert!(failed.is_err());
        assert_eq!(state(&connection), old, "after {n_done}");
        // The process ends with the transaction open, as a kill leaves it.
        let cut = connection.execute_batch(&format!(
            "BEGIN IMMEDIATE; {}",
            NEXT[..n_done].join("; ").replace("{{text}}", "TEXT")
        ));
        cut.expect("statements");
        drop(connection);
        let mut connection = open(&file).expect("a file");
        assert_eq!(state(&connection), old, "cut after {n_done}");
        run_all(&mut connection, |_| Ok(next(&NEXT))).expect("done");
        assert_eq!(schema(&connection).expect("a version"), known + 1);
        let kept = connection.query_row(
            "SELECT note FROM setting WHERE name = 'secret'",
            [],
            |row| row.get::<_, String>(0),
        );
        assert_eq!(kept.expect("a row"), "7");
        let newer = pending(&connection);
        assert!(matches!(newer, Err(StoreError::Newer { .. })), "{newer:?}");
    }
}

/// The next version's texts for a file at `found`.
fn to_next(found: i64) -> Result<Vec<String>, StoreError> {
    migrations::with_next(&NEXT.join(";\n"), found, &DIALECT)
}

/// Which version a file goes to.
#[derive(Clone, Copy, Debug)]
enum Step {
    /// From no file at all to the present version.
    Present,
    /// From the present version to the next.
    Next,
}

impl Step {
    /// The name of the test that takes the step, as a process.
    fn test(self) -> &'static str {
        match self {
            Self::Present => "scores::sqlite::migrating::goes_to_the_present_version",
            Self::Next => "scores::sqlite::migrating::goes_to_the_next_version",
        }
    }

    fn leads_to(self) -> i64 {
        let known = i64::try_from(migrations::n_known()).expect("a small number");
        match self {
            Self::Present => known,
            Self::Next => known + 1,
        }
    }

    fn take(self, file: &Path) {
        match self {
            Self::Present => drop(Sqlite::open(file).expect("a file")),
            Self::Next => {
                let mut connection = open(file).expect("a file");
                keep_a_log(&connection).expect("a log");
                run_all(&mut connection, |c| to_next(schema(c)?)).expect("done");
            }
        }
    }
}

/// What the killed processes do.
fn take_as_told(step: Step) {
    let file = std::env::var_os(FILE).expect("the file that another test names");
    println!("\n{BEGINS}");
    step.take(Path::new(&file));
}

#[test]
#[ignore = "another test runs and kills it"]
fn goes_to_the_present_version() {
    take_as_told(Step::Present);
}

#[test]
#[ignore = "another test runs and kills it"]
fn goes_to_the_next_version() {
    take_as_told(Step::Next);
}

/// A process that takes the step and is right about to begin.
fn process(step: Step, file: &Path) -> Child {
    let mut process = Command::new(std::env::current_exe().expect("this program"))
        .args(["--exact", step.test(), "--ignored", "--nocapture"])
        .env(FILE, file)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("a process");
    let printed = process.stdout.take().expect("its output");
    let mut lines = BufReader::new(printed).lines().map_while(Result::ok);
    assert!(lines.any(|line| line == BEGINS), "it does not begin");
    process
}

/// Kills processes that take a step, from one to the next a little later where that was too early
/// and a little earlier where it was too late: most kills fall into the step.
fn kill_on_the_way(step: Step, prepare: impl Fn(&Path)) {
    let folder = tempfile::tempdir().expect("a folder");
    let new = step.leads_to();
    let whole = folder.path().join("whole.sqlite");
    prepare(&whole);
    let nothing = state(&open(&whole).expect("a file"));
    step.take(&whole);
    let all = state(&open(&whole).expect("a file"));
    assert_ne!(nothing, all);
    let (mut n_old, mut n_new) = (0, 0);
    let mut delay = Duration::from_millis(2);
    for number in 0..N_KILLS {
        let file = folder.path().join(format!("{number}.sqlite"));
        prepare(&file);
        let mut process = process(step, &file);
        // A third of them at any time, not only about the end.
        thread::sleep(match number % 3 {
            0 => delay * (number % 10) / 10,
            _ => delay,
        });
        process.kill().expect("a process of ours");
        process.wait().expect("a process of ours");
        let connection = open(&file).expect("a file");
        let is_new = schema(&connection).expect("a version") == new;
        let left = state(&connection);
        drop(connection);
        assert_eq!(
            left,
            if is_new { &all } else { &nothing }.as_str(),
            "kill {number}, {step:?}"
        );
        *if is_new { &mut n_new } else { &mut n_old } += 1;
        delay = delay.mul_f64(if is_new { 0.8 } else { 1.25 });
        step.take(&file);
        assert_eq!(state(&open(&file).expect("a file")), all);
    }
    assert!(
        n_old > 0 && n_new > 0,
        "{n_old} old and {n_new} new, {step:?}"
    );
}

#[test]
fn a_kill_on_the_way_to_the_present_version_leaves_nothing_or_all_of_it() {
    kill_on_the_way(Step::Present, |_| {});
}

#[test]
fn a_kill_on_the_way_to_the_next_version_leaves_the_old_or_the_new_one() {
    let folder = tempfile::tempdir().expect("a folder");
    let old = folder.path().join("old.sqlite");
    drop(previous(&old));
    kill_on_the_way(Step::Next, |file| {
        fs::copy(&old, file).expect("a copy");
    });
}

#[test]
fn an_older_backup_is_brought_up_to_date_when_it_is_restored() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name);
    drop(previous(&path("old.sqlite")));
    backup::back_up(&path("old.sqlite"), &path("backup"), Overwrite::No).expect("a backup");
    let next = |connection: &mut Connection| run_all(connection, |c| to_next(schema(c)?));
    backup::restore_to(&path("backup"), &path("new.sqlite"), next).expect("restored");
    let connection = open(&path("new.sqlite")).expect("a file");
    assert_eq!(
        schema(&connection).expect("a version"),
        Step::Next.leads_to()
    );
    let note = connection.query_row("SELECT note FROM setting WHERE name = 'other'", [], |row| {
        row.get::<_, String>(0)
    });
    assert_eq!(note.expect("a row"), "8");
}
