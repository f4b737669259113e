//! What a database of PostgreSQL promises on top: many servers at once, connections that break.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};
use std::{env, thread};

use secrecy::{ExposeSecret, SecretString};
use studyhall::scores::database::{Row, StoreError, Transaction};
use studyhall::scores::postgres::Postgres;

use super::{NEWER, NEWER_SAID, make_table, names, put, rows, write};

/// A database of its own on the server of the tests; it goes at the end.
pub(crate) struct OwnDatabase {
    server: String,
    name: String,
}

impl OwnDatabase {
    pub(crate) fn new() -> Self {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let server = env::var("STUDYHALL_TEST_POSTGRES")
            .expect("STUDYHALL_TEST_POSTGRES: the URL of a server whose databases may be made");
        let number = NUMBER.fetch_add(1, Ordering::SeqCst);
        let name = format!("studyhall_test_{}_{number}", std::process::id());
        let own = Self { server, name };
        own.on_server(&format!("CREATE DATABASE {}", own.name));
        own
    }

    fn on_server(&self, sql: &str) {
        // The caller's thread may drive a runtime, which this client cannot stand.
        let run = || {
            let client = postgres::Client::connect(&self.server, postgres::NoTls);
            client.and_then(|mut client| client.batch_execute(sql))
        };
        let ran = std::thread::scope(|scope| scope.spawn(run).join());
        ran.expect("no panic").expect("a server that does this");
    }

    /// The server's URL with this database in the place of the one it names.
    pub(crate) fn url(&self) -> SecretString {
        let (before, options) = match self.server.split_once('?') {
            Some((before, options)) => (before, format!("?{options}")),
            None => (self.server.as_str(), String::new()),
        };
        let (host, _) = before.rsplit_once('/').expect("a URL with a database");
        format!("{host}/{}{options}", self.name).into()
    }

    pub(crate) fn open(&self) -> Postgres {
        Postgres::open(&self.url()).expect("a database")
    }

    pub(crate) fn sql(&self, sql: &str) {
        let client = postgres::Client::connect(self.url().expose_secret(), postgres::NoTls);
        client
            .and_then(|mut client| client.batch_execute(sql))
            .expect("a database that does this");
    }
}

impl Drop for OwnDatabase {
    fn drop(&mut self) {
        self.on_server(&format!("DROP DATABASE {} WITH (FORCE)", self.name));
    }
}

#[test]
#[ignore = "needs a PostgreSQL server: STUDYHALL_TEST_POSTGRES"]
fn what_was_written_lasts() {
    let own = OwnDatabase::new();
    let first = own.open();
    make_table(&first);
    write(&first, |t| put(t, "lasts")).expect("a write");
    drop(first);
    assert_eq!(names(&own.open()), ["lasts"]);
}

#[test]
#[ignore = "needs a PostgreSQL server: STUDYHALL_TEST_POSTGRES"]
fn a_newer_version_is_refused() {
    let own = OwnDatabase::new();
    drop(own.open());
    own.sql(NEWER);
    let opened = Postgres::open(&own.url()).expect_err("newer");
    assert_eq!(opened.to_string(), NEWER_SAID);
}

#[test]
#[ignore = "needs a PostgreSQL server: STUDYHALL_TEST_POSTGRES"]
fn many_may_start_at_once() {
    let own = OwnDatabase::new();
    thread::scope(|scope| {
        let starts: Vec<_> = (0..8).map(|_| scope.spawn(|| own.open())).collect();
        for start in starts {
            start.join().expect("a database");
        }
    });
    let versions = rows(&own.open(), "SELECT version FROM schema_version", &[]);
    assert_eq!(versions, [Row(vec![1.into()])]);
}

#[test]
#[ignore = "needs a PostgreSQL server: STUDYHALL_TEST_POSTGRES"]
fn broken_connections_are_replaced_and_the_work_done_once() {
    let own = OwnDatabase::new();
    let database = own.open();
    make_table(&database);
    let cut = "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity \
        WHERE datname = current_database() AND pid <> pg_backend_pid()";
    own.sql(cut);
    write(&database, |t| put(t, "idle")).expect("a write on another connection");
    let (n_runs, own_url) = (Arc::new(AtomicUsize::new(0)), own.url());
    let counted = Arc::clone(&n_runs);
    write(&database, move |t| {
        put(t, "during")?;
        if counted.fetch_add(1, Ordering::SeqCst) == 0 {
            postgres::Client::connect(own_url.expose_secret(), postgres::NoTls)
                .and_then(|mut other| other.batch_execute(cut))
                .expect("a cut");
        }
        put(t, "after")
    })
    .expect("a work that was run again");
    assert_eq!(n_runs.load(Ordering::SeqCst), 2);
    assert_eq!(names(&database), ["after", "during", "idle"]);
}

#[test]
#[ignore = "needs a PostgreSQL server: STUDYHALL_TEST_POSTGRES"]
fn of_two_works_that_wait_for_each_other_one_is_run_again() {
    let own = OwnDatabase::new();
    let database = own.open();
    make_table(&database);
    write(&database, |t| put(t, "a").and_then(|()| put(t, "b"))).expect("a write");
    let (barrier, n_runs) = (Arc::new(Barrier::new(2)), Arc::new(AtomicUsize::new(0)));
    thread::scope(|scope| {
        for (first, second) in [("a", "b"), ("b", "a")] {
            let (barrier, n_runs) = (Arc::clone(&barrier), Arc::clone(&n_runs));
            let database = &database;
            let mut is_first = true;
            let work = move |t: &mut dyn Transaction| {
                let count = "UPDATE item SET n = n + 1 WHERE name = ?1";
                n_runs.fetch_add(1, Ordering::SeqCst);
                t.execute(count, &[first.into()])?;
                if std::mem::take(&mut is_first) {
                    barrier.wait();
                }
                t.execute(count, &[second.into()]).map(drop)
            };
            scope.spawn(move || write(database, work).expect("done in the end"));
        }
    });
    // The one that runs again may overtake the other, and both wait once more.
    assert!(n_runs.load(Ordering::SeqCst) >= 3);
    let found = rows(&database, "SELECT n FROM item", &[]);
    assert_eq!(found, [Row(vec![3.into()]), Row(vec![3.into()])]);
}

/// Whether the line is encrypted; none where it does not come about.
fn is_encrypted(own: &OwnDatabase, host: &str, options: &str) -> Option<bool> {
    let url = own.url();
    let (plain, _) = url
        .expose_secret()
        .split_once('?')
        .unwrap_or((url.expose_secret(), ""));
    let url = format!("{}?{options}", plain.replace("127.0.0.1", host));
    match Postgres::open(&url.into()) {
        Ok(database) => {
            let sql = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
            let found = rows(&database, sql, &[]);
            Some(found[0].int(0).expect("a truth") == 1)
        }
        Err(StoreError::Unavailable(_)) => None,
        Err(other) => panic!("{options}: {other:?}"),
    }
}

#[test]
#[ignore = "needs a PostgreSQL server with TLS: STUDYHALL_TEST_POSTGRES, STUDYHALL_TEST_POSTGRES_CA"]
fn a_line_is_encrypted_and_the_server_looked_at_as_the_url_says() {
    let own = OwnDatabase::new();
    let ca = env::var("STUDYHALL_TEST_POSTGRES_CA").expect("STUDYHALL_TEST_POSTGRES_CA: a file");
    let own_ca = |mode: &str| format!("sslmode={mode}&sslrootcert={ca}");
    for (host, options, wanted) in [
        ("localhost", own_ca("verify-full"), Some(true)),
        ("localhost", format!("sslrootcert={ca}"), Some(true)),
        // The certificate is for another name.
        ("127.0.0.1", own_ca("verify-full"), None),
        ("127.0.0.1", own_ca("verify-ca"), Some(true)),
        ("127.0.0.1", own_ca("require"), Some(true)),
        // No public authority made it.
        ("localhost", "sslmode=verify-full".to_owned(), None),
        ("localhost", "sslrootcert=system".to_owned(), None),
        ("127.0.0.1", "sslmode=require".to_owned(), Some(true)),
        ("127.0.0.1", "sslmode=prefer".to_owned(), Some(true)),
        ("127.0.0.1", "sslmode=disable".to_owned(), Some(false)),
    ] {
        let found = is_encrypted(&own, host, &options);
        assert_eq!(found, wanted, "{host}, {options}");
    }
}

#[test]
fn nothing_that_postgres_says_holds_the_password() {
    for url in [
        "postgres://bot:hunter2@127.0.0.1:1/scores",
        "postgres://bot:hunter2@127.0.0.1:1/scores?sslmode=require",
        "postgres://bot:hunter2@127.0.0.1:port/scores",
        "postgres://bot:hunter2/2@127.0.0.1/scores",
        "postgres://bot@127.0.0.1/scores?hunter2=1",
        "hunter2",
    ] {
        let error = Postgres::open(&SecretString::from(url)).expect_err("no server");
        let said = format!("{error} {error:?}");
        let said = format!("{said} {:#}", anyhow::Error::from(error));
        assert!(!said.contains("hunter2"), "{said}");
    }
}
