//! Many rows into a database of PostgreSQL at once.

use std::fmt::Write as _;
use std::io::Write as _;

use postgres::types::ToSql;
use secrecy::{ExposeSecret, SecretString};

use super::super::database::{Row, StoreError, Value};
use super::super::moving::{After, Table};
use super::session::{self, Session, of_error};

/// A connection for many rows.
pub struct Load(Session);

impl Load {
    /// Connects to the database at this URL, which is up to date.
    ///
    /// # Errors
    /// The server cannot be reached or refuses.
    pub fn connect(url: &SecretString) -> Result<Self, StoreError> {
        let way = session::way(url.expose_secret())?;
        Session::connect(&way).map(Self)
    }

    /// The rows that a table has.
    ///
    /// # Errors
    /// The server refuses.
    pub fn count(&mut self, table: &Table) -> Result<u64, StoreError> {
        let sql = format!("SELECT COUNT(*) FROM \"{}\"", table.name);
        let row = self.0.client().query_one(&sql, &[]).map_err(of_error)?;
        let n_rows: i64 = row.try_get(0).map_err(of_error)?;
        Ok(n_rows.unsigned_abs())
    }

    /// The greatest key of a table, if it has any rows.
    ///
    /// # Errors
    /// The server refuses.
    pub fn last_key(&mut self, table: &Table) -> Result<Option<Vec<Value>>, StoreError> {
        let keys = table.keys();
        let downwards = keys.replace(", ", " DESC, ");
        let sql = format!(
            "SELECT {keys} FROM \"{}\" ORDER BY {downwards} DESC LIMIT 1",
            table.name
        );
        let found = self.0.client().query_opt(&sql, &[]).map_err(of_error)?;
        found.map(|row| Ok(session::row(&row)?.0)).transpose()
    }

    /// Adds rows, all or none.
    ///
    /// # Errors
    /// The server refuses.
    pub fn put(&mut self, table: &Table, rows: &[Row]) -> Result<(), StoreError> {
        let sql = format!("COPY \"{}\" ({}) FROM STDIN", table.name, table.all());
        let mut text = String::new();
        for row in rows {
            line(&mut text, row);
        }
        let mut copy = self.0.client().copy_in(&sql).map_err(of_error)?;
        let written = copy.write_all(text.as_bytes());
        written.map_err(|e| StoreError::Unavailable(Box::new(e)))?;
        copy.finish().map(drop).map_err(of_error)
    }

    /// Has a column that counts by itself go on behind what is there.
    ///
    /// # Errors
    /// The server refuses.
    pub fn count_on(&mut self, table: &Table) -> Result<(), StoreError> {
        for column in &table.columns {
            let name = format!("\"{}\"", table.name);
            let counter = "SELECT pg_get_serial_sequence($1, $2)";
            let client = self.0.client();
            let row = client
                .query_one(counter, &[&name, column])
                .map_err(of_error)?;
            let counter: Option<String> = row.try_get(0).map_err(of_error)?;
            if let Some(counter) = counter {
                let greatest = format!(
                    "SELECT setval('{counter}', MAX(\"{column}\")) FROM {name} HAVING COUNT(*) > 0"
                );
                client.query(&greatest, &[]).map_err(of_error)?;
            }
        }
        Ok(())
    }

    /// Up to `n` rows of a table, in the order of its key.
    ///
    /// # Errors
    /// The server refuses.
    pub(in crate::scores) fn rows(
        &mut self,
        table: &Table,
        after: &After<'_>,
        n: usize,
    ) -> Result<Vec<Row>, StoreError> {
        let key = match after {
            After::Nothing => &[],
            After::Key(key) => *key,
        };
        let key: Vec<&(dyn ToSql + Sync)> = key.iter().map(|v| v as &(dyn ToSql + Sync)).collect();
        let found = self.0.client().query(&table.select(after, n), &key);
        found.map_err(of_error)?.iter().map(session::row).collect()
    }
}

impl std::fmt::Debug for Load {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Load").finish_non_exhaustive()
    }
}

/// Puts a row into the text that COPY reads.
fn line(text: &mut String, row: &Row) {
    for (at, value) in row.0.iter().enumerate() {
        if at > 0 {
            text.push('\t');
        }
        match value {
            Value::Null => text.push_str("\\N"),
            // Writing to a text cannot fail.
            Value::Int(number) => drop(write!(text, "{number}")),
            Value::Text(value) => {
                for c in value.chars() {
                    match c {
                        '\\' => text.push_str("\\\\"),
                        '\t' => text.push_str("\\t"),
                        '\n' => text.push_str("\\n"),
                        '\r' => text.push_str("\\r"),
                        c => text.push(c),
                    }
                }
            }
        }
    }
    text.push('\n');
}
