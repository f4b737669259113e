//! Servers: what holds for all of one, and what its organisers did.

use jiff::Timestamp;
use jiff::civil::Date;

use super::database::{StoreError, Transaction};
use super::ledger::{note, noted};
use super::{By, Scores, of_flag, of_id, only, strange, to_day, to_id, to_time};
use crate::quiz::period::Season;

/// Acts of organisers that one look shows, at most.
pub const ACTS_MAX: i64 = 50;

/// What holds for a whole server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Guild {
    /// The server.
    pub id: u64,
    /// The zone in which its days begin, as the IANA calls it.
    pub zone: String,
    /// How long a season is.
    pub season: Season,
    /// Whether a recap of the week is posted.
    pub recap: bool,
    /// The first day of the week that was recapped last.
    pub recapped: Option<Date>,
}

impl Guild {
    /// A server of which nothing is known yet.
    #[must_use]
    pub fn new(id: u64) -> Self {
        Self {
            id,
            zone: "UTC".to_owned(),
            season: Season::default(),
            recap: true,
            recapped: None,
        }
    }
}

/// What an organiser did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Act {
    /// Who.
    pub actor: u64,
    /// When.
    pub at: Timestamp,
    /// What.
    pub what: String,
    /// More about it.
    pub detail: String,
}

impl Scores {
    /// What holds for a server.
    ///
    /// # Errors
    /// The store fails.
    pub fn guild(&self, id: u64) -> Result<Guild, StoreError> {
        self.read(|transaction| {
            let rows = transaction.query(
                "SELECT zone, season, recap, recapped FROM guild WHERE id = ?1",
                &[of_id(id)],
            )?;
            let Some(row) = rows.first() else {
                return Ok(Guild::new(id));
            };
            Ok(Guild {
                id,
                zone: row.text(0)?.to_owned(),
                season: Season::named(row.text(1)?).ok_or_else(|| strange("a season"))?,
                recap: row.int(2)? != 0,
                recapped: row.opt_text(3)?.map(to_day).transpose()?,
            })
        })
    }

    /// Keeps what holds for a server. Where its seasons change, its sums are made anew.
    ///
    /// # Errors
    /// The store fails.
    pub fn save_guild(&self, guild: Guild, by: By) -> Result<(), StoreError> {
        self.write(move |transaction| {
            if noted(transaction, by)?.is_some() {
                return Ok(());
            }
            let id = guild.id.cast_signed();
            let before = season(transaction, id)?;
            transaction.execute(
                "INSERT INTO guild (id, zone, season, recap) VALUES (?1, ?2, ?3, ?4) \
                 ON CONFLICT (id) DO UPDATE SET zone = excluded.zone, season = excluded.season, \
                 recap = excluded.recap",
                &[
                    id.into(),
                    guild.zone.as_str().into(),
                    guild.season.name().into(),
                    of_flag(guild.recap),
                ],
            )?;
            if before != guild.season {
                super::sums::sum_anew(transaction, id)?;
            }
            let detail = format!("zone {}, season {}", guild.zone, guild.season.name());
            note(transaction, id, by, "settings", &detail)
        })
    }

    /// What organisers of a server did last, the newest first, at most [`ACTS_MAX`].
    ///
    /// # Errors
    /// The store fails.
    pub fn acts(&self, guild: u64) -> Result<Vec<Act>, StoreError> {
        self.read(|transaction| {
            let rows = transaction.query(
                "SELECT actor, at, what, detail FROM act WHERE guild = ?1 ORDER BY id DESC LIMIT ?2",
                &[of_id(guild), ACTS_MAX.into()],
            )?;
            let acts = rows.iter().map(|row| {
                Ok(Act {
                    actor: to_id(row.int(0)?),
                    at: to_time(row.int(1)?)?,
                    what: row.text(2)?.to_owned(),
                    detail: row.text(3)?.to_owned(),
                })
            });
            acts.collect()
        })
    }

    /// A value that lasts as long as the store, made by `make` when first asked for.
    ///
    /// # Errors
    /// The store fails.
    pub fn setting(&self, name: &'static str, make: String) -> Result<String, StoreError> {
        self.write(move |transaction| {
            transaction.execute(
                "INSERT INTO setting (name, value) VALUES (?1, ?2) ON CONFLICT (name) DO NOTHING",
                &[name.into(), make.as_str().into()],
            )?;
            let rows =
                transaction.query("SELECT value FROM setting WHERE name = ?1", &[name.into()])?;
            Ok(only(rows)?.text(0)?.to_owned())
        })
    }

    /// Writes down the time, to see whether anything can be written.
    ///
    /// # Errors
    /// The store fails.
    pub fn touch(&self, at: Timestamp) -> Result<(), StoreError> {
        self.write(move |transaction| {
            let value = at.as_millisecond().to_string();
            transaction.execute(
                "INSERT INTO setting (name, value) VALUES ('touched', ?1) \
                 ON CONFLICT (name) DO UPDATE SET value = excluded.value",
                &[value.into()],
            )?;
            Ok(())
        })
    }
}

/// How long the seasons of a server are.
pub(super) fn season(transaction: &mut dyn Transaction, guild: i64) -> Result<Season, StoreError> {
    let rows = transaction.query("SELECT season FROM guild WHERE id = ?1", &[guild.into()])?;
    to_season(rows.first().map(|row| row.text(0)).transpose()?)
}

/// The season that a server has chosen, by its name.
pub(super) fn to_season(name: Option<&str>) -> Result<Season, StoreError> {
    name.map_or(Ok(Season::default()), |name| {
        Season::named(name).ok_or_else(|| strange("a season"))
    })
}
