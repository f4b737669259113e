//! What both databases of the scores promise, held against each of them.

mod postgres_only;
mod sqlite_only;

pub(crate) use postgres_only::OwnDatabase;

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicI64, Ordering};
use std::thread;

use studyhall::scores::database::{Database, Row, StoreError, Transaction, Value, Work};

pub(crate) const NEWER: &str = "INSERT INTO schema_version (version) VALUES (99)";

const NEWER_SAID: &str = "the scores were written by a newer studyhall (schema 99, this program \
    knows 1); run that version, or restore a backup from before";

/// A table for the tests, beside those of the scores.
const TABLE: &str = "CREATE TABLE item (name TEXT PRIMARY KEY, note TEXT, n BIGINT)";
const PUT: &str = "INSERT INTO item (name, note, n) VALUES (?1, ?2, ?3)";
const NAMES: &str = "SELECT name FROM item ORDER BY name";

fn write(
    database: &dyn Database,
    work: impl FnMut(&mut dyn Transaction) -> Result<(), StoreError> + Send + 'static,
) -> Result<(), StoreError> {
    database.write(Box::new(work) as Box<Work<'static>>)
}

fn make_table(database: &dyn Database) {
    write(database, |t| t.execute(TABLE, &[]).map(drop)).expect("a table");
}

fn put(t: &mut dyn Transaction, name: &str) -> Result<(), StoreError> {
    t.execute(PUT, &[name.into(), Value::Null, 1.into()])
        .map(drop)
}

pub(crate) fn rows(database: &dyn Database, sql: &'static str, values: &[Value]) -> Vec<Row> {
    let mut found = Vec::new();
    database
        .read(&mut |t| t.query(sql, values).map(|rows| found = rows))
        .expect("rows");
    found
}

fn names(database: &dyn Database) -> Vec<String> {
    let rows = rows(database, NAMES, &[]);
    let name = |row: &Row| row.text(0).expect("a name").to_owned();
    rows.iter().map(name).collect()
}

fn values_come_back_as_they_were(database: &dyn Database) {
    make_table(database);
    let texts = [
        "",
        "ä 猫 👩‍👩‍👧 \u{202e}x",
        "it's \"quoted\" \\ %_$1 ?1",
        "a\r\nb\t",
    ];
    let numbers = [i64::MIN, i64::MAX, 0, -1];
    for (text, number) in texts.into_iter().zip(numbers) {
        let given = [text.into(), text.into(), number.into()];
        let put = given.clone();
        write(database, move |t| {
            assert_eq!(t.execute(PUT, &put)?, 1);
            Ok(())
        })
        .expect("a write");
        let found = rows(
            database,
            "SELECT name, note, n FROM item WHERE n = ?2 AND name = ?1",
            &[text.into(), number.into()],
        );
        assert_eq!(found, [Row(given.to_vec())]);
    }
    write(database, |t| {
        t.execute(PUT, &["none".into(), Value::Null, Value::Null])
            .map(drop)
    })
    .expect("a write");
    let found = rows(
        database,
        "SELECT note, n, COUNT(*) OVER (), EXISTS (SELECT 1 FROM item) FROM item WHERE name = ?1",
        &["none".into()],
    );
    let nothing = [Value::Null, Value::Null, Value::Int(1), Value::Int(1)];
    assert_eq!(found, [Row(nothing.to_vec())]);
    // A value has a type of its own, not the one of a small number beside it.
    let sum = rows(database, "SELECT ?1 + 1", &[(i64::MAX - 1).into()]);
    assert_eq!(sum, [Row(vec![i64::MAX.into()])]);
    let updated = "UPDATE item SET n = ?2 WHERE name <> ?1";
    write(database, move |t| {
        assert_eq!(t.execute(updated, &["none".into(), 7.into()])?, 4);
        assert_eq!(t.execute(updated, &["none".into(), Value::Null])?, 4);
        Ok(())
    })
    .expect("a write");
}

fn statements_are_refused_that_one_of_the_databases_would_refuse(database: &dyn Database) {
    make_table(database);
    let refused = |sql: &'static str, values: Vec<Value>| {
        let result = write(database, move |t| t.execute(sql, &values).map(drop));
        assert!(
            matches!(result, Err(StoreError::Refused(_))),
            "{sql}: {result:?}"
        );
    };
    refused("INSERT INTO nowhere VALUES (1)", vec![]);
    refused("INSERT INTO", vec![]);
    refused(PUT, vec!["nul\0".into(), Value::Null, Value::Null]);
    refused(PUT, vec![Value::Null, Value::Null]);
    refused("INSERT INTO item (name) VALUES ('a'), ('a')", vec![]);
    let fraction = database.read(&mut |t| t.query("SELECT 1.5", &[]).map(drop));
    assert!(
        matches!(fraction, Err(StoreError::Refused(_))),
        "{fraction:?}"
    );
    let wrote = database.read(&mut |t| put(t, "read"));
    assert!(matches!(wrote, Err(StoreError::Refused(_))), "{wrote:?}");
    assert!(names(database).is_empty());
    write(database, |t| put(t, "after")).expect("a write");
    assert_eq!(names(database), ["after"]);
}

fn a_work_that_fails_leaves_no_trace(database: &dyn Database) {
    make_table(database);
    write(database, |t| put(t, "there")).expect("a write");
    let failed = write(database, |t| {
        put(t, "failed")?;
        Err(StoreError::Refused("on second thoughts".into()))
    });
    assert!(matches!(failed, Err(StoreError::Refused(_))), "{failed:?}");
    // Whoever overlooks that a statement failed must not believe that the rest lasts.
    let overlooked = write(database, |t| {
        put(t, "overlooked")?;
        assert!(put(t, "there").is_err());
        Ok(())
    });
    assert!(
        matches!(overlooked, Err(StoreError::Refused(_))),
        "{overlooked:?}"
    );
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        write(database, |t| {
            put(t, "panicked")?;
            panic!("as the test asked")
        })
    }));
    let said = panicked.expect_err("the panic goes on");
    assert_eq!(said.downcast_ref(), Some(&"as the test asked"));
    let read = catch_unwind(AssertUnwindSafe(|| {
        database.read(&mut |_| panic!("as the test asked"))
    }));
    assert!(read.is_err());
    assert_eq!(names(database), ["there"]);
}

/// Fifty threads, of which every fifth fails and every seventh panics; those that were told that
/// theirs was done.
fn fifty_at_once(database: &dyn Database) -> BTreeSet<String> {
    let done = Mutex::new(BTreeSet::new());
    thread::scope(|scope| {
        for number in 0..50 {
            let done = &done;
            scope.spawn(move || {
                let name = format!("{number:02}");
                let own = name.clone();
                let result = catch_unwind(AssertUnwindSafe(|| {
                    write(database, move |t| {
                        put(t, &own)?;
                        assert!(number % 7 != 0, "as the test asked");
                        match number % 5 {
                            0 => Err(StoreError::Refused("as the test asked".into())),
                            _ => Ok(()),
                        }
                    })
                }));
                if matches!(result, Ok(Ok(()))) {
                    done.lock().expect("no panic").insert(name);
                }
            });
        }
    });
    done.into_inner().expect("no panic")
}

fn expected_of_fifty() -> Vec<String> {
    let fine = (0..50).filter(|n| n % 7 != 0 && n % 5 != 0);
    fine.map(|n| format!("{n:02}")).collect()
}

fn a_failure_costs_itself_only(database: &dyn Database) {
    make_table(database);
    let done = fifty_at_once(database);
    assert_eq!(Vec::from_iter(done), expected_of_fifty());
    assert_eq!(names(database), expected_of_fifty());
}

fn a_read_sees_one_state(database: &dyn Database) {
    make_table(database);
    let (before, after) = (AtomicI64::new(-1), AtomicI64::new(-1));
    let count = |t: &mut dyn Transaction| t.query("SELECT COUNT(*) FROM item", &[])?[0].int(0);
    database
        .read(&mut |t| {
            before.store(count(t)?, Ordering::SeqCst);
            write(database, |t| put(t, "between"))?;
            after.store(count(t)?, Ordering::SeqCst);
            Ok(())
        })
        .expect("a read");
    assert_eq!((before.into_inner(), after.into_inner()), (0, 0));
    assert_eq!(names(database), ["between"]);
}

macro_rules! for_both {
    ($($check:ident),+ $(,)?) => {
        mod on_sqlite {
            $(#[test]
            fn $check() {
                let folder = super::sqlite_only::folder();
                super::$check(&super::sqlite_only::open(folder.path()));
            })+
        }

        mod on_postgres {
            $(#[test]
            #[ignore = "needs a PostgreSQL server: STUDYHALL_TEST_POSTGRES"]
            fn $check() {
                let own = super::postgres_only::OwnDatabase::new();
                super::$check(&own.open());
            })+
        }
    };
}

for_both!(
    values_come_back_as_they_were,
    statements_are_refused_that_one_of_the_databases_would_refuse,
    a_work_that_fails_leaves_no_trace,
    a_failure_costs_itself_only,
    a_read_sees_one_state,
);
