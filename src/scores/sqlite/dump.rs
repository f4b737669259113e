//! All rows of a file of scores, table by table, on one state.

use std::path::Path;

use rusqlite::{Connection, params_from_iter};

use super::super::database::{Row, StoreError};
use super::super::migrations;
use super::super::moving::{After, Table};
use super::session::{self, of_error};

/// A file that is read on the state of the moment when it was opened.
#[derive(Debug)]
pub struct Dump(Connection);

impl Dump {
    /// Opens it to read.
    ///
    /// # Errors
    /// It cannot be opened.
    pub fn open(file: &Path) -> Result<Self, StoreError> {
        let connection = session::open_to_read(file)?;
        session::run(&connection, "BEGIN DEFERRED")?;
        Ok(Self(connection))
    }

    /// Its tables, in the order of their names; the one of the migrations done aside.
    ///
    /// # Errors
    /// It cannot be read, or a table has no primary key.
    pub fn tables(&self) -> Result<Vec<Table>, StoreError> {
        let names = "SELECT name FROM sqlite_schema WHERE type = 'table' \
            AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND name <> ?1 ORDER BY name";
        let mut names = self.0.prepare(names).map_err(of_error)?;
        let names = names.query_map([migrations::TABLE], |row| row.get::<_, String>(0));
        let names: Result<Vec<String>, _> = names.map_err(of_error)?.collect();
        names
            .map_err(of_error)?
            .into_iter()
            .map(|name| self.table(name))
            .collect()
    }

    fn table(&self, name: String) -> Result<Table, StoreError> {
        let columns = "SELECT name, pk FROM pragma_table_info(?1) ORDER BY cid";
        let mut columns = self.0.prepare(columns).map_err(of_error)?;
        let columns = columns.query_map([&name], |row| {
            Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?))
        });
        let columns: Result<Vec<_>, _> = columns.map_err(of_error)?.collect();
        let columns = columns.map_err(of_error)?;
        let mut key: Vec<(i64, usize)> = Vec::new();
        for (at, (_, place)) in columns.iter().enumerate() {
            if *place > 0 {
                key.push((*place, at));
            }
        }
        key.sort_unstable();
        if key.is_empty() {
            let why = format!("the table {name} has no primary key");
            return Err(StoreError::Refused(why.into()));
        }
        Ok(Table {
            name,
            columns: columns.into_iter().map(|(name, _)| name).collect(),
            key: key.into_iter().map(|(_, at)| at).collect(),
        })
    }

    /// Up to `n` rows of a table, in the order of its key.
    ///
    /// # Errors
    /// They cannot be read.
    pub(in crate::scores) fn rows(
        &self,
        table: &Table,
        after: &After<'_>,
        n: usize,
    ) -> Result<Vec<Row>, StoreError> {
        let mut statement = self
            .0
            .prepare_cached(&table.select(after, n))
            .map_err(of_error)?;
        let key = match after {
            After::Nothing => &[],
            After::Key(key) => *key,
        };
        let n_columns = table.columns.len();
        let mut found = statement.query(params_from_iter(key)).map_err(of_error)?;
        let mut rows = Vec::new();
        while let Some(row) = found.next().map_err(of_error)? {
            let values = 0..n_columns;
            let values = values.map(|at| session::value(row.get_ref(at).map_err(of_error)?));
            rows.push(Row(values.collect::<Result<_, _>>()?));
        }
        Ok(rows)
    }
}
