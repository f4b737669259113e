//! How the tables came to be: one text for both databases, brought up to date in one transaction.
//!
//! A migration that has been released is never edited; the next is put behind it. What the two
//! databases say differently is marked: `{{id}}` is a primary key that is given, found as quickly as
//! the database can, `{{serial}}` one that counts by itself, `{{text}}` a text that sorts by its bytes,
//! and `{{clustered}}` behind a table asks for its rows in the order of its key, where the database has
//! that.

use super::database::StoreError;

/// The table of migrations done. It is read before anything else is.
pub(super) const TABLE: &str = "schema_version";
/// The newest migration done, 0 for none.
pub(super) const FOUND: &str = "SELECT COALESCE(MAX(version), 0) FROM schema_version";

/// All migrations; the first is version 1.
const MIGRATIONS: &[&str] = &[include_str!("migrations/V1__scores.sql")];

/// What a database calls the things that both have.
pub(super) struct Dialect {
    /// A primary key that is given.
    pub(super) id: &'static str,
    /// A primary key that counts by itself.
    pub(super) serial: &'static str,
    /// A text that sorts by its bytes.
    pub(super) text: &'static str,
    /// What keeps a table's rows in the order of its key.
    pub(super) clustered: &'static str,
}

/// What remains to be done on a database that stands at the version found, 0 for an empty one:
/// statements to run in one transaction, each migration with its record.
///
/// # Errors
/// A newer program wrote the database.
pub(super) fn pending(found: i64, dialect: &Dialect) -> Result<Vec<String>, StoreError> {
    of(MIGRATIONS, found, dialect)
}

/// The number of all migrations.
#[cfg(test)]
pub(super) fn n_known() -> usize {
    MIGRATIONS.len()
}

/// What remains to be done where this text is one more migration.
#[cfg(test)]
pub(super) fn with_next(
    next: &str,
    found: i64,
    dialect: &Dialect,
) -> Result<Vec<String>, StoreError> {
    of(&[MIGRATIONS, &[next]].concat(), found, dialect)
}

fn of(migrations: &[&str], found: i64, dialect: &Dialect) -> Result<Vec<String>, StoreError> {
    let known = i64::try_from(migrations.len()).unwrap_or(i64::MAX);
    if found > known {
        return Err(StoreError::Newer { found, known });
    }
    let table = format!("CREATE TABLE {TABLE} (version BIGINT PRIMARY KEY)");
    let first = (found == 0).then_some(table);
    let rest = migrations.iter().zip(1_i64..);
    let rest = rest.filter(|(_, version)| *version > found);
    let texts = rest.map(|(sql, version)| {
        let sql = sql
            .replace("{{id}}", dialect.id)
            .replace("{{serial}}", dialect.serial)
            .replace("{{text}}", dialect.text)
            .replace("{{clustered}}", dialect.clustered);
        format!("{sql};\nINSERT INTO {TABLE} (version) VALUES ({version})")
    });
    Ok(first.into_iter().chain(texts).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIALECT: Dialect = Dialect {
        id: "KEY",
        serial: "SERIAL",
        text: "TEXT",
        clustered: " IN ORDER",
    };

    #[test]
    fn only_what_is_missing_is_done_in_order() {
        let all = [
            "CREATE TABLE a (i {{id}}, n {{serial}}, t {{text}}){{clustered}}",
            "b",
        ];
        let texts = |found| of(&all, found, &DIALECT).expect("no newer one");
        let table = "CREATE TABLE schema_version (version BIGINT PRIMARY KEY)";
        let one = "CREATE TABLE a (i KEY, n SERIAL, t TEXT) IN ORDER;\n\
                   INSERT INTO schema_version (version) VALUES (1)";
        let two = "b;\nINSERT INTO schema_version (version) VALUES (2)";
        assert_eq!(texts(0), [table, one, two]);
        assert_eq!(texts(1), [two]);
        assert!(texts(2).is_empty());
        let newer = of(&all, 3, &DIALECT);
        let is_refused = matches!(newer, Err(StoreError::Newer { found: 3, known: 2 }));
        assert!(is_refused, "{newer:?}");
    }

    #[test]
    fn every_file_is_a_migration_and_has_no_marker_that_nobody_knows() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/scores/migrations");
        let files = std::fs::read_dir(folder).expect("the folder of migrations");
        assert_eq!(files.count(), MIGRATIONS.len());
        for text in pending(0, &DIALECT).expect("no newer one") {
            assert!(!text.contains("{{"), "{text}");
        }
    }
}
