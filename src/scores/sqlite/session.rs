//! A connection to the file: how it is set up and checked, statements on it, and what its errors mean.

use std::path::Path;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{CachedStatement, Connection, ErrorCode, OpenFlags, ToSql, TransactionBehavior};

use super::super::database::{Row, StoreError, Transaction, Value, Work};
use super::super::migrations::{self, Dialect};

/// How long a statement waits for another process.
const BUSY_WAIT: Duration = Duration::from_secs(5);
/// Bytes of a page of a new file. An answer changes little on each of three pages, and all of them are
/// written.
const PAGE_BYTES: i64 = 2_048;
/// Memory for pages on each of several connections that read. Each commit empties it anyway.
const READER_CACHE_KIB: i64 = 512;
/// Statements kept ready on each connection.
const STATEMENTS_MAX: usize = 256;

/// What each connection is set to, and what SQLite then says that it is set to: a commit is on the
/// disk before it is acknowledged, and what is deleted is overwritten. The log goes into the file
/// every 1,000 pages (4 MiB): writing over a log that is as long already is quicker than making it
/// longer.
const SETTINGS: &[(&str, i64)] = &[
    ("synchronous", 2),
    ("foreign_keys", 1),
    ("secure_delete", 1),
    ("wal_autocheckpoint", 1_000),
];

pub(super) const DIALECT: Dialect = Dialect {
    id: "INTEGER NOT NULL PRIMARY KEY",
    serial: "INTEGER NOT NULL PRIMARY KEY",
    text: "TEXT",
    clustered: " WITHOUT ROWID",
};

/// A connection that may write. The file is made where it is missing.
pub(super) fn open(file: &Path) -> Result<Connection, StoreError> {
    connect(
        file,
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE,
    )
}

/// A connection that may write to a file that is there.
pub(super) fn open_present(file: &Path) -> Result<Connection, StoreError> {
    connect(file, OpenFlags::SQLITE_OPEN_READ_WRITE)
}

/// A connection that cannot write.
pub(super) fn open_to_read(file: &Path) -> Result<Connection, StoreError> {
    connect(file, OpenFlags::SQLITE_OPEN_READ_ONLY)
}

/// One of several connections that read in turns, for as long as a process lives: it holds little,
/// and what it holds in any case it holds from the start.
pub(super) fn open_reader(file: &Path) -> Result<Connection, StoreError> {
    let connection = open_to_read(file)?;
    // SQLite takes a negative number as KiB.
    set(&connection, "cache_size", -READER_CACHE_KIB)?;
    schema(&connection)?;
    Ok(connection)
}

/// Looks for damage that can be found quickly.
pub(super) fn check(connection: &Connection) -> Result<(), StoreError> {
    look_for_damage(connection, "PRAGMA quick_check(1)")
}

/// Looks for damage everywhere, also in what indexes hold, which takes about ten times as long.
pub(super) fn check_all(connection: &Connection) -> Result<(), StoreError> {
    look_for_damage(connection, "PRAGMA integrity_check(1)")
}

/// Makes all indexes anew from their tables.
pub(super) fn reindex(connection: &Connection) -> Result<(), StoreError> {
    run(connection, "REINDEX")
}

fn look_for_damage(connection: &Connection, sql: &str) -> Result<(), StoreError> {
    let first = |row: &rusqlite::Row<'_>| row.get::<_, String>(0);
    let found = connection.query_row(sql, [], first);
    match found.map_err(of_error)?.as_str() {
        "ok" => Ok(()),
        found => Err(StoreError::Damaged(found.to_owned())),
    }
}

/// What is missing for the file to be up to date.
pub(super) fn pending(connection: &Connection) -> Result<Vec<String>, StoreError> {
    migrations::pending(schema(connection)?, &DIALECT)
}

/// The number of the newest migration done, 0 for none.
pub(super) fn schema(connection: &Connection) -> Result<i64, StoreError> {
    let table = connection.table_exists(None, migrations::TABLE);
    let found = match table.map_err(of_error)? {
        true => connection.query_row(migrations::FOUND, [], |row| row.get(0)),
        false => Ok(0),
    };
    found.map_err(of_error)
}

/// Has commits go to a log beside the file first, so that nobody who reads waits for one who writes.
pub(super) fn keep_a_log(connection: &Connection) -> Result<(), StoreError> {
    connection
        .pragma_update(None, "page_size", PAGE_BYTES)
        .map_err(of_error)?;
    let mode: String = connection
        .query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0))
        .map_err(of_error)?;
    taken("journal_mode", mode == "wal")
}

/// Brings the file up to date, in one transaction.
pub(super) fn migrate(connection: &mut Connection) -> Result<(), StoreError> {
    run_all(connection, pending)
}

/// Runs all texts in one transaction.
pub(super) fn run_all(
    connection: &mut Connection,
    texts: impl FnOnce(&Connection) -> Result<Vec<String>, StoreError>,
) -> Result<(), StoreError> {
    let transaction = connection
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .map_err(of_error)?;
    for sql in texts(&transaction)? {
        transaction.execute_batch(&sql).map_err(of_error)?;
    }
    transaction.commit().map_err(of_error)
}

/// Moves the log into the file and leaves it empty. Where somebody still reads, it is left for later.
pub(super) fn empty_log(connection: &Connection) {
    let emptied = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
    if let Err(error) = emptied {
        tracing::warn!(
            error = &error as &dyn std::error::Error,
            "the log of the scores could not be moved into their file"
        );
    }
}

/// Writes the file anew from what it holds, and leaves the log empty: what was deleted is gone, also
/// from the parts of pages that are in use no more.
pub(super) fn scrub(connection: &Connection) -> Result<(), StoreError> {
    connection.execute_batch("VACUUM").map_err(of_error)?;
    let is_busy = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0));
    match is_busy.map_err(of_error)? {
        0_i64 => Ok(()),
        _ => Err(StoreError::Unavailable(
            "the log cannot be emptied while somebody reads an earlier state".into(),
        )),
    }
}

/// Runs a statement that has neither values nor rows.
pub(super) fn run(connection: &Connection, sql: &'static str) -> Result<(), StoreError> {
    let mut statement = connection.prepare_cached(sql).map_err(of_error)?;
    statement.execute([]).map(drop).map_err(of_error)
}

/// Does a work in the transaction that has begun.
pub(super) fn write(connection: &Connection, work: &mut Work<'_>) -> Result<(), StoreError> {
    do_work(connection, Access::Write, work)
}

/// Does a work on one state, and cannot write.
pub(super) fn read(connection: &Connection, work: &mut Work<'_>) -> Result<(), StoreError> {
    run(connection, "BEGIN DEFERRED")?;
    let result = do_work(connection, Access::Read, work);
    run(connection, "ROLLBACK")?;
    result
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Access {
    Read,
    Write,
}

/// A transaction under way, and the first failure of a statement in it.
struct UnderWay<'a> {
    connection: &'a Connection,
    access: Access,
    failure: Option<String>,
}

fn do_work(connection: &Connection, access: Access, work: &mut Work<'_>) -> Result<(), StoreError> {
    let mut under_way = UnderWay {
        connection,
        access,
        failure: None,
    };
    work(&mut under_way)?;
    under_way
        .failure
        .map_or(Ok(()), |why| Err(StoreError::went_on(&why)))
}

impl UnderWay<'_> {
    fn prepare(
        &self,
        sql: &'static str,
        values: &[Value],
    ) -> Result<CachedStatement<'_>, StoreError> {
        let mut statement = self.connection.prepare_cached(sql).map_err(of_error)?;
        if self.access == Access::Read && !statement.readonly() {
            return Err(StoreError::Refused("a work that reads wrote".into()));
        }
        if statement.parameter_count() != values.len() {
            let (n_wanted, n_given) = (statement.parameter_count(), values.len());
            let why = format!("a statement with {n_wanted} values was given {n_given}");
            return Err(StoreError::Refused(why.into()));
        }
        for (value, at) in values.iter().zip(1..) {
            if matches!(value, Value::Text(text) if text.contains('\0')) {
                return Err(StoreError::Refused("a text holds NUL".into()));
            }
            statement.raw_bind_parameter(at, value).map_err(of_error)?;
        }
        Ok(statement)
    }

    fn noted<T>(&mut self, result: Result<T, StoreError>) -> Result<T, StoreError> {
        if let Err(error) = &result {
            self.failure.get_or_insert_with(|| error.to_string());
        }
        result
    }
}

impl Transaction for UnderWay<'_> {
    fn execute(&mut self, sql: &'static str, values: &[Value]) -> Result<u64, StoreError> {
        let result = self.prepare(sql, values).and_then(|mut statement| {
            let n_rows = statement.raw_execute().map_err(of_error)?;
            Ok(u64::try_from(n_rows).unwrap_or(u64::MAX))
        });
        self.noted(result)
    }

    fn query(&mut self, sql: &'static str, values: &[Value]) -> Result<Vec<Row>, StoreError> {
        let result = self.prepare(sql, values).and_then(|mut statement| {
            let n_columns = statement.column_count();
            let mut found = statement.raw_query();
            let mut rows = Vec::new();
            while let Some(row) = found.next().map_err(of_error)? {
                let mut values = Vec::with_capacity(n_columns);
                for at in 0..n_columns {
                    values.push(value(row.get_ref(at).map_err(of_error)?)?);
                }
                rows.push(Row(values));
            }
            Ok(rows)
        });
        self.noted(result)
    }
}

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Int(number) => ValueRef::Integer(*number),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
        }))
    }
}

pub(super) fn value(found: ValueRef<'_>) -> Result<Value, StoreError> {
    match found {
        ValueRef::Null => Ok(Value::Null),
        ValueRef::Integer(number) => Ok(Value::Int(number)),
        ValueRef::Text(bytes) => match std::str::from_utf8(bytes) {
            Ok(text) => Ok(Value::Text(text.to_owned())),
            Err(_) => Err(StoreError::Damaged("a text is not UTF-8".to_owned())),
        },
        ValueRef::Real(_) | ValueRef::Blob(_) => Err(StoreError::Refused(
            "a result is neither a whole number nor a text".into(),
        )),
    }
}

fn connect(file: &Path, access: OpenFlags) -> Result<Connection, StoreError> {
    let flags = access | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(file, flags).map_err(of_error)?;
    connection.busy_timeout(BUSY_WAIT).map_err(of_error)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS_MAX);
    // A statement keeps its plan whatever is put into it. Otherwise SQLite, as it is built here, plans
    // many anew each time, which took longer than running them.
    let keeps_plans = DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG;
    let kept = connection
        .set_db_config(keeps_plans, true)
        .map_err(of_error)?;
    taken("enable_qpsg", kept)?;
    for (name, wanted) in SETTINGS {
        set(&connection, name, *wanted)?;
    }
    let waits: i64 = connection
        .pragma_query_value(None, "busy_timeout", |row| row.get(0))
        .map_err(of_error)?;
    taken(
        "busy_timeout",
        u128::try_from(waits) == Ok(BUSY_WAIT.as_millis()),
    )?;
    Ok(connection)
}

fn set(connection: &Connection, name: &str, wanted: i64) -> Result<(), StoreError> {
    connection
        .pragma_update(None, name, wanted)
        .map_err(of_error)?;
    let found: i64 = connection
        .pragma_query_value(None, name, |row| row.get(0))
        .map_err(of_error)?;
    taken(name, found == wanted)
}

fn taken(setting: &str, is_taken: bool) -> Result<(), StoreError> {
    match is_taken {
        true => Ok(()),
        false => Err(StoreError::Unavailable(
            format!("SQLite does not take the setting {setting} for this file").into(),
        )),
    }
}

/// What an error of SQLite means for those who asked.
pub(super) fn of_error(error: rusqlite::Error) -> StoreError {
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
            StoreError::Damaged(error.to_string())
        }
        Some(
            ErrorCode::CannotOpen
            | ErrorCode::DatabaseBusy
            | ErrorCode::DatabaseLocked
            | ErrorCode::DiskFull
            | ErrorCode::FileLockingProtocolFailed
            | ErrorCode::NoLargeFileSupport
            | ErrorCode::OperationInterrupted
            | ErrorCode::OutOfMemory
            | ErrorCode::PermissionDenied
            | ErrorCode::ReadOnly
            | ErrorCode::SystemIoFailure,
        ) => StoreError::Unavailable(Box::new(error)),
        _ => StoreError::Refused(Box::new(error)),
    }
}
