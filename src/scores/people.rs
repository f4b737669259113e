//! One person: what is kept about them, how they do, and how they are forgotten.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;

use super::database::{Row, StoreError, Transaction};
use super::ledger::{n_asked_between, streak};
use super::reviews;
use super::schedules::DRAFT;
use super::sums::{add_to_steps, alone, not_told};
use super::traces::to_practice;
use super::{Scores, of_day, of_flag, of_id, of_time, only, to_count, to_day, to_id, to_time};
use crate::quiz::review::Card;
use crate::quiz::streak::Streak;

/// Questions of one practice, at most.
pub const PRACTICE_MAX: usize = 50;

/// How somebody does.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// Points of all time.
    pub points: i64,
    /// Answers of all time.
    pub n_answered: u32,
    /// Right ones of all time.
    pub n_right: u32,
    /// The streak, as it would be after an answer on `today`.
    pub streak: u32,
    /// All that is kept of it.
    pub kept: Streak,
    /// By topic: answers and right ones, in the order of the names.
    pub topics: Vec<(String, u32, u32)>,
    /// By day, within the days asked for: answers and right ones.
    pub days: BTreeMap<Date, (u32, u32)>,
    /// Whether others may see it.
    pub is_hidden: bool,
}

/// An event of somebody's, as an export shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// The server.
    pub guild: u64,
    /// The round's number.
    pub round: i64,
    /// The question.
    pub question: Option<String>,
    /// What happened: an answer, a change, a regrade, a void.
    pub kind: String,
    /// What was chosen, as bits.
    pub choices: Option<i64>,
    /// Points that it gave or took; none while nobody may be told who was right.
    pub points: Option<i64>,
    /// The day that it counts for.
    pub day: Date,
    /// When.
    pub at: Timestamp,
    /// The organiser's reason.
    pub reason: Option<String>,
}

/// A practice under way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Practice {
    /// The questions' ids, in order.
    pub questions: Vec<String>,
    /// How many are done.
    pub place: u32,
    /// How many of these were right.
    pub n_right: u32,
}

impl Scores {
    /// How a member does, with the days between `first` and `today`.
    ///
    /// # Errors
    /// The store fails.
    pub fn standing(
        &self,
        guild: u64,
        member: u64,
        first: Date,
        today: Date,
    ) -> Result<Standing, StoreError> {
        self.fold()?;
        self.read(|transaction| {
            let (guild, member) = (guild.cast_signed(), member.cast_signed());
            let mut standing = Standing::default();
            let rows = transaction.query(
                "SELECT board.topic, total.points, total.n_answered, total.n_right \
                 FROM board JOIN total ON total.board = board.id AND total.member = ?2 \
                 WHERE board.guild = ?1 AND board.period = 'all' ORDER BY board.topic",
                &[guild.into(), member.into()],
            )?;
            for row in &rows {
                let (n_answered, n_right) = (to_count(row.int(2)?), to_count(row.int(3)?));
                match row.text(0)? {
                    "" => {
                        standing.points = row.int(1)?;
                        (standing.n_answered, standing.n_right) = (n_answered, n_right);
                    }
                    topic => standing
                        .topics
                        .push((topic.to_owned(), n_answered, n_right)),
                }
            }
            let rows = transaction.query(
                concat!(
                    "SELECT round.day, CAST(SUM(event.n_answered) AS BIGINT), \
                     CAST(SUM(event.n_right) AS BIGINT) \
                     FROM round JOIN event ON event.round = round.id AND event.member = ?2 \
                     WHERE round.guild = ?1 AND round.day >= ?3 AND round.day <= ?4 AND NOT ",
                    not_told!(),
                    " GROUP BY round.day"
                ),
                &[guild.into(), member.into(), of_day(first), of_day(today)],
            )?;
            for row in &rows {
                let counts = (to_count(row.int(1)?), to_count(row.int(2)?));
                standing.days.insert(to_day(row.text(0)?)?, counts);
            }
            standing.kept = streak(transaction, guild, member)?.unwrap_or_default();
            let n_missed = match standing.kept.last {
                Some(last) if last < today => n_asked_between(transaction, guild, last, today)?,
                Some(_) | None => 0,
            };
            standing.streak = standing.kept.now(n_missed);
            let rows = transaction.query(
                "SELECT hidden FROM member WHERE guild = ?1 AND id = ?2",
                &[guild.into(), member.into()],
            )?;
            standing.is_hidden = rows.first().map_or(Ok(false), |row| Ok(row.int(0)? != 0))?;
            Ok(standing)
        })
    }

    /// The longest streaks of a server at the end of `day`, the longest first.
    ///
    /// # Errors
    /// The store fails.
    pub fn best_streaks(
        &self,
        guild: u64,
        day: Date,
        n: u32,
    ) -> Result<Vec<(u64, u32)>, StoreError> {
        self.read(|transaction| {
            let rows = transaction.query(
                "SELECT id, streak FROM member WHERE guild = ?1 AND last_day = ?2 AND shown = 1 \
                 ORDER BY streak DESC, id LIMIT ?3",
                &[of_id(guild), of_day(day), i64::from(n).into()],
            )?;
            rows.iter()
                .map(|row| Ok((to_id(row.int(0)?), to_count(row.int(1)?))))
                .collect()
        })
    }

    /// Takes a member off all boards, or puts them back. Whoever asks for either is in the server.
    ///
    /// # Errors
    /// The store fails.
    pub fn hide(&self, guild: u64, member: u64, hidden: bool) -> Result<(), StoreError> {
        self.write(move |transaction| {
            show(
                transaction,
                guild.cast_signed(),
                member.cast_signed(),
                HIDDEN,
                hidden,
            )
        })
    }

    /// Notes whether a member has left the server. Those who left are on no board until they answer again.
    ///
    /// # Errors
    /// The store fails.
    pub fn departed(&self, guild: u64, member: u64, departed: bool) -> Result<(), StoreError> {
        self.write(move |transaction| {
            show(
                transaction,
                guild.cast_signed(),
                member.cast_signed(),
                DEPARTED,
                departed,
            )
        })
    }

    /// All events of a person, in every server, the oldest first. Of a sealed round that is not over there
    /// is what the person chose alone: that an answer was graded anew tells something of it too.
    ///
    /// # Errors
    /// The store fails.
    pub fn events(&self, member: u64) -> Result<Vec<Event>, StoreError> {
        self.read(|transaction| {
            let mut events = Vec::new();
            for guild in guilds_of(transaction, member.cast_signed())? {
                let rows = transaction.query(
                    concat!(
                        "SELECT event.round, round.question, event.kind, event.choices, \
                         CASE WHEN ",
                        not_told!(),
                        " THEN NULL ELSE event.points END, event.day, event.at, event.reason \
                         FROM round JOIN event ON event.round = round.id AND event.member = ?2 \
                         WHERE round.guild = ?1 AND NOT (event.choices IS NULL AND ",
                        not_told!(),
                        ") ORDER BY event.at, event.round, event.number"
                    ),
                    &[guild.into(), of_id(member)],
                )?;
                for row in &rows {
                    events.push(Event {
                        guild: to_id(guild),
                        round: row.int(0)?,
                        question: row.opt_text(1)?.map(str::to_owned),
                        kind: row.text(2)?.to_owned(),
                        choices: row.opt_int(3)?,
                        points: row.opt_int(4)?,
                        day: to_day(row.text(5)?)?,
                        at: to_time(row.int(6)?)?,
                        reason: row.opt_text(7)?.map(str::to_owned),
                    });
                }
            }
            Ok(events)
        })
    }

    /// Puts `stranger`, a number that nobody has, in a person's place everywhere: nobody else's
    /// points and ranks change, and in a file of SQLite no byte of the number remains. Whether
    /// anything was known of the person.
    ///
    /// # Errors
    /// The store fails. Where it fails after the number was replaced, the rest is owed: the next call
    /// and [`Scores::scrub_owed`] do it.
    pub fn forget(&self, member: u64, stranger: i64) -> Result<bool, StoreError> {
        let was_known = self.write(move |transaction| {
            // What is added to sums meanwhile would be added under the old number.
            alone(transaction)?;
            let member = member.cast_signed();
            let mut n_changed = 0;
            for statement in [
                "UPDATE event SET member = ?1, interaction = NULL WHERE member = ?2",
                "UPDATE sealed SET member = ?1 WHERE member = ?2",
                "UPDATE pending SET member = ?1 WHERE member = ?2",
                "UPDATE total SET member = ?1 WHERE member = ?2",
                "UPDATE member SET id = ?1 WHERE id = ?2",
                "UPDATE report SET member = ?1 WHERE member = ?2",
                "UPDATE act SET actor = ?1, interaction = NULL WHERE actor = ?2",
                "UPDATE event SET actor = ?1 WHERE actor = ?2",
                "UPDATE schedule SET organiser = ?1 WHERE organiser = ?2",
            ] {
                n_changed += transaction.execute(statement, &[stranger.into(), member.into()])?;
            }
            for statement in [
                "DELETE FROM practice WHERE member = ?1",
                "DELETE FROM review WHERE member = ?1",
            ] {
                n_changed += transaction.execute(statement, &[member.into()])?;
            }
            // The name of a draft begins with the number of whoever made it.
            let drafts = format!("{DRAFT}{member}/%");
            n_changed +=
                transaction.execute("DELETE FROM schedule WHERE name LIKE ?1", &[drafts.into()])?;
            if n_changed > 0 {
                owe_scrub(transaction, stranger)?;
            }
            Ok(n_changed > 0)
        })?;
        self.scrub_owed()?;
        Ok(was_known)
    }

    /// Does what is still to be done of the files for what was forgotten.
    ///
    /// # Errors
    /// It could not be done now, and is owed as before.
    pub fn scrub_owed(&self) -> Result<(), StoreError> {
        let owed = self.read(|transaction| {
            let rows = transaction.query("SELECT value FROM setting WHERE name = 'scrub'", &[])?;
            let value = |row: &Row| Ok(row.text(0)?.to_owned());
            rows.first().map(value).transpose()
        })?;
        let Some(owed) = owed else {
            return Ok(());
        };
        self.scrub()?;
        self.write(move |transaction| {
            // Who was forgotten meanwhile has left another value.
            transaction.execute(
                "DELETE FROM setting WHERE name = 'scrub' AND value = ?1",
                &[owed.as_str().into()],
            )?;
            Ok(())
        })
    }

    /// Sees to it that what was deleted or overwritten stands in no file of the scores any more.
    ///
    /// # Errors
    /// It could not be done now.
    pub fn scrub(&self) -> Result<(), StoreError> {
        self.database.scrub()
    }

    /// The practice that a person left off.
    ///
    /// # Errors
    /// The store fails.
    pub fn practice(&self, guild: u64, member: u64) -> Result<Option<Practice>, StoreError> {
        self.read(|transaction| {
            let rows = transaction.query(
                "SELECT questions, place, n_right FROM practice WHERE guild = ?1 AND member = ?2",
                &[of_id(guild), of_id(member)],
            )?;
            rows.first().map(|row| to_practice(row, 0)).transpose()
        })
    }

    /// Begins a practice; it takes the place of an earlier one.
    ///
    /// # Errors
    /// The store fails.
    pub fn keep_practice(
        &self,
        guild: u64,
        member: u64,
        practice: Practice,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        self.write(move |transaction| {
            transaction.execute(
                "INSERT INTO practice (guild, member, questions, place, n_right, started_at) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (guild, member) DO UPDATE SET \
                 questions = excluded.questions, place = excluded.place, n_right = excluded.n_right, \
                 started_at = excluded.started_at",
                &[
                    of_id(guild),
                    of_id(member),
                    practice.questions.join(",").into(),
                    i64::from(practice.place).into(),
                    i64::from(practice.n_right).into(),
                    of_time(at),
                ],
            )?;
            Ok(())
        })
    }

    /// Goes a question on in a practice that stands like this, if it still does, and writes down what
    /// was got wrong: its card, and how often that was written before.
    ///
    /// # Errors
    /// The store fails; the practice stands as before.
    pub fn step_practice(
        &self,
        guild: u64,
        member: u64,
        practice: Practice,
        is_right: bool,
        mistake: Option<(u32, Card)>,
    ) -> Result<(), StoreError> {
        self.write(move |transaction| {
            let n_changed = transaction.execute(
                "UPDATE practice SET place = place + 1, n_right = n_right + ?5 \
                 WHERE guild = ?1 AND member = ?2 AND questions = ?3 AND place = ?4",
                &[
                    of_id(guild),
                    of_id(member),
                    practice.questions.join(",").into(),
                    i64::from(practice.place).into(),
                    i64::from(is_right).into(),
                ],
            )?;
            if let Some((n_written, card)) = mistake.as_ref().filter(|_| n_changed > 0) {
                // Another answer of the same moment counts just as well.
                reviews::keep(transaction, guild, member, *n_written, card)?;
            }
            Ok(())
        })
    }
}

/// Has the files scrubbed once this transaction has deleted or overwritten something. `mark` is a number
/// that no other transaction has: what is owed for one is not done by what another began before.
pub(super) fn owe_scrub(transaction: &mut dyn Transaction, mark: i64) -> Result<(), StoreError> {
    transaction.execute(
        "INSERT INTO setting (name, value) VALUES ('scrub', ?1) \
         ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        &[mark.to_string().into()],
    )?;
    Ok(())
}

fn guilds_of(transaction: &mut dyn Transaction, member: i64) -> Result<Vec<i64>, StoreError> {
    let rows = transaction.query(
        "SELECT guild FROM member WHERE id = ?1 ORDER BY guild",
        &[member.into()],
    )?;
    rows.iter().map(|row| row.int(0)).collect()
}

const HIDDEN: &str = "UPDATE member SET hidden = ?1, departed = 0 WHERE guild = ?2 AND id = ?3";
const DEPARTED: &str = "UPDATE member SET departed = ?1 WHERE guild = ?2 AND id = ?3";

/// Notes that a member who had left the server is there again.
pub(super) fn returned(
    transaction: &mut dyn Transaction,
    guild: i64,
    member: i64,
) -> Result<(), StoreError> {
    show(transaction, guild, member, DEPARTED, false)
}

/// Sets one reason for which a member is not shown, and whether they are, everywhere.
fn show(
    transaction: &mut dyn Transaction,
    guild: i64,
    member: i64,
    reason: &'static str,
    holds: bool,
) -> Result<(), StoreError> {
    alone(transaction)?;
    let values = [guild.into(), member.into()];
    transaction.execute(
        "INSERT INTO member (guild, id, shown, hidden, departed, streak, streak_best, freezes, \
         n_toward, last_day) VALUES (?1, ?2, 1, 0, 0, 0, 0, 0, 0, NULL) \
         ON CONFLICT (guild, id) DO NOTHING",
        &values,
    )?;
    transaction.execute(reason, &[of_flag(holds), guild.into(), member.into()])?;
    let rows = transaction.query(
        "SELECT hidden, departed FROM member WHERE guild = ?1 AND id = ?2",
        &values,
    )?;
    let row = only(rows)?;
    let shown = of_flag(row.int(0)? == 0 && row.int(1)? == 0);
    add_to_steps(transaction, guild, member, -1)?;
    for statement in [
        "UPDATE member SET shown = ?1 WHERE guild = ?2 AND id = ?3",
        "UPDATE total SET shown = ?1 WHERE member = ?3 \
         AND board IN (SELECT id FROM board WHERE guild = ?2)",
    ] {
        transaction.execute(statement, &[shown.clone(), guild.into(), member.into()])?;
    }
    add_to_steps(transaction, guild, member, 1)
}
