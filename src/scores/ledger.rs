//! The ledger: what an event adds to a member's points, and what the events of a round come to.

use jiff::Timestamp;
use jiff::civil::Date;

use super::answers::{Answer, Chosen};
use super::database::{Row, StoreError, Transaction, Value};
use super::round::{Feedback, RoundId, RoundState};
use super::sums;
use super::{By, of_day, of_id, of_time, only, strange, to_count, to_day, to_id, to_time};
use crate::quiz::Difficulty;
use crate::quiz::grade::{Choices, Grade, Grading};
use crate::quiz::streak::Streak;

/// A round as grading sees it.
pub(super) struct Asked {
    pub(super) guild: i64,
    pub(super) day: Date,
    pub(super) topic: String,
    pub(super) difficulty: Difficulty,
    pub(super) right: Choices,
    pub(super) grading: Grading,
    pub(super) may_change: bool,
    pub(super) state: RoundState,
    pub(super) closes_at: Option<Timestamp>,
    pub(super) is_voided: bool,
    pub(super) feedback: Feedback,
}

impl Asked {
    /// Whether nobody may be told yet who was right.
    fn is_sealed(&self) -> bool {
        let is_over = !matches!(self.state, RoundState::Posting | RoundState::Open);
        self.feedback == Feedback::Sealed && !is_over
    }
}

/// What an event adds to somebody's sums.
pub(super) struct Change<'a> {
    pub(super) kind: &'static str,
    pub(super) number: i64,
    pub(super) member: i64,
    pub(super) choices: Option<Choices>,
    pub(super) points: i64,
    pub(super) n_answered: i64,
    pub(super) n_right: i64,
    pub(super) at: Timestamp,
    pub(super) event: Option<u64>,
    pub(super) actor: Option<u64>,
    pub(super) reason: Option<&'a str>,
}

/// What a member's events in a round come to.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Standing {
    pub(super) choices: Choices,
    pub(super) points: i64,
    pub(super) n_answered: i64,
    pub(super) n_right: i64,
    pub(super) n_events: i64,
    pub(super) first_event: Option<i64>,
}

impl Standing {
    /// Counts an event in: its choices, points, answers, right ones and interaction stand in the row
    /// from this column on.
    fn take(&mut self, row: &Row, first: usize) -> Result<(), StoreError> {
        if let Some(bits) = row.opt_int(first)? {
            self.choices = to_choices(bits)?;
        }
        if self.n_events == 0 {
            self.first_event = row.opt_int(first + 4)?;
        }
        self.points += row.int(first + 1)?;
        self.n_answered += row.int(first + 2)?;
        self.n_right += row.int(first + 3)?;
        self.n_events += 1;
        Ok(())
    }

    pub(super) fn grade(&self) -> Grade {
        Grade {
            points: to_count(self.points),
            is_right: self.n_right > 0,
        }
    }

    pub(super) fn chosen(&self, member: i64) -> Chosen {
        Chosen {
            member: to_id(member),
            choices: self.choices,
            grade: self.grade(),
        }
    }
}

impl Change<'_> {
    /// An event after those that made this standing; it changes nothing yet.
    pub(super) fn new(kind: &'static str, member: i64, at: Timestamp, standing: &Standing) -> Self {
        Self {
            kind,
            number: standing.n_events,
            member,
            choices: None,
            points: 0,
            n_answered: 0,
            n_right: 0,
            at,
            event: None,
            actor: None,
            reason: None,
        }
    }
}

/// The columns of a round that [`to_asked`] reads.
macro_rules! asked {
    ($more:literal, $rest:literal) => {
        concat!(
            "SELECT round.guild, round.day, round.topic, round.difficulty, round.right_choices, \
             round.grading, round.may_change, round.state, round.closes_at, round.voided, \
             round.feedback",
            $more,
            " FROM round",
            $rest
        )
    };
}

/// A round, for whoever changes what its answers are worth: nobody answers before that has ended.
pub(super) fn asked(
    transaction: &mut dyn Transaction,
    round: RoundId,
) -> Result<Option<Asked>, StoreError> {
    let rows = transaction.query(
        asked!(
            "",
            " WHERE round.id = ?1 AND round.question IS NOT NULL /*postgres FOR UPDATE */"
        ),
        &[round.0.into()],
    )?;
    rows.first().map(to_asked).transpose()
}

fn to_asked(row: &Row) -> Result<Asked, StoreError> {
    Ok(Asked {
        guild: row.int(0)?,
        day: to_day(row.text(1)?)?,
        topic: row.text(2)?.to_owned(),
        difficulty: to_difficulty(row.text(3)?)?,
        right: to_choices(row.int(4)?)?,
        grading: Grading::named(row.text(5)?).ok_or_else(|| strange("a grading"))?,
        may_change: row.int(6)? != 0,
        state: RoundState::named(row.text(7)?).ok_or_else(|| strange("a round's state"))?,
        closes_at: row.opt_int(8)?.map(to_time).transpose()?,
        is_voided: row.int(9)? != 0,
        feedback: Feedback::named(row.text(10)?).ok_or_else(|| strange("a feedback"))?,
    })
}

/// What is known of one member before they answer.
#[derive(Default)]
pub(super) struct Known {
    /// The streak, where there is a row for it.
    pub(super) streak: Option<Streak>,
    /// Whether the member was found to have left the server.
    pub(super) has_departed: bool,
}

/// A round, and one member. What an answer is worth in the round stays so until the transaction ends.
pub(super) fn asked_one(
    transaction: &mut dyn Transaction,
    round: RoundId,
    member: i64,
) -> Result<Option<(Asked, Known)>, StoreError> {
    let rows = transaction.query(
        asked!(
            ", member.streak, member.streak_best, member.freezes, member.n_toward, \
             member.last_day, member.departed",
            " LEFT JOIN member ON member.guild = round.guild AND member.id = ?2 \
             WHERE round.id = ?1 AND round.question IS NOT NULL \
             /*postgres FOR KEY SHARE OF round */"
        ),
        &[round.0.into(), member.into()],
    )?;
    let found = rows.first().map(|row| {
        let is_known = row.opt_int(11)?.is_some();
        let known = match is_known {
            true => Known {
                streak: Some(to_streak(row, 11)?),
                has_departed: row.int(16)? != 0,
            },
            false => Known::default(),
        };
        Ok((to_asked(row)?, known))
    });
    found.transpose()
}

/// Columns as [`standings`] reads them.
const STANDING: &str = "SELECT member, choices, points, n_answered, n_right, interaction FROM event \
                        WHERE round = ?1 ORDER BY member, number";

pub(super) fn standings(
    transaction: &mut dyn Transaction,
    round: RoundId,
) -> Result<Vec<(i64, Standing)>, StoreError> {
    let mut standings: Vec<(i64, Standing)> = Vec::new();
    for row in transaction.query(STANDING, &[round.0.into()])? {
        let member = row.int(0)?;
        if standings.last().is_none_or(|(last, _)| *last != member) {
            standings.push((member, Standing::default()));
        }
        if let Some((_, standing)) = standings.last_mut() {
            standing.take(&row, 1)?;
        }
    }
    Ok(standings)
}

pub(super) fn standing(
    transaction: &mut dyn Transaction,
    round: RoundId,
    member: i64,
) -> Result<Option<Standing>, StoreError> {
    let rows = transaction.query(
        "SELECT member, choices, points, n_answered, n_right, interaction FROM event \
         WHERE round = ?1 AND member = ?2 ORDER BY number",
        &[round.0.into(), member.into()],
    )?;
    let mut standing = Standing::default();
    for row in &rows {
        standing.take(row, 1)?;
    }
    Ok((!rows.is_empty()).then_some(standing))
}

/// Adds an event, and what it is worth for the sums.
pub(super) fn add(
    transaction: &mut dyn Transaction,
    round: RoundId,
    asked: &Asked,
    change: &Change<'_>,
) -> Result<(), StoreError> {
    let choices = change.choices.map(|choices| i64::from(choices.bits()));
    transaction.execute(
        "INSERT INTO event (round, member, number, guild, kind, choices, points, n_answered, \
         n_right, day, topic, at, interaction, actor, reason) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)",
        &[
            round.0.into(),
            change.member.into(),
            change.number.into(),
            asked.guild.into(),
            change.kind.into(),
            choices.into(),
            change.points.into(),
            change.n_answered.into(),
            change.n_right.into(),
            of_day(asked.day),
            asked.topic.as_str().into(),
            of_time(change.at),
            change.event.map(u64::cast_signed).into(),
            change.actor.map(u64::cast_signed).into(),
            change.reason.into(),
        ],
    )?;
    let of = (round, change.member, change.number);
    keep_for_sums(transaction, asked, of, change.at)
}

/// Has the sums hold an event of a round, member and number, as soon as they may.
fn keep_for_sums(
    transaction: &mut dyn Transaction,
    asked: &Asked,
    (round, member, number): (RoundId, i64, i64),
    at: Timestamp,
) -> Result<(), StoreError> {
    match asked.is_sealed() {
        true => sums::seal(transaction, round, at, member, number),
        false => sums::add(transaction, round, member, number),
    }
}

/// Adds a member's first answer in a round, unless there is one: whether there was none.
pub(super) fn add_first(
    transaction: &mut dyn Transaction,
    asked: &Asked,
    answer: &Answer,
    grade: Grade,
) -> Result<bool, StoreError> {
    let member = answer.member.cast_signed();
    let n_added = transaction.execute(
        "INSERT INTO event (round, member, number, guild, kind, choices, points, n_answered, \
         n_right, day, topic, at, interaction) \
         VALUES (?1, ?2, 0, ?3, 'answer', ?4, ?5, 1, ?6, ?7, ?8, ?9, ?10) \
         ON CONFLICT (round, member, number) DO NOTHING",
        &[
            answer.round.0.into(),
            member.into(),
            asked.guild.into(),
            i64::from(answer.choices.bits()).into(),
            i64::from(grade.points).into(),
            i64::from(grade.is_right).into(),
            of_day(asked.day),
            asked.topic.as_str().into(),
            of_time(answer.at),
            answer.event.cast_signed().into(),
        ],
    )?;
    if n_added == 0 {
        return Ok(false);
    }
    let of = (answer.round, member, 0);
    keep_for_sums(transaction, asked, of, answer.at)?;
    Ok(true)
}

/// A member's streak as it is kept; none where there is no row for it.
pub(super) fn streak(
    transaction: &mut dyn Transaction,
    guild: i64,
    member: i64,
) -> Result<Option<Streak>, StoreError> {
    let rows = transaction.query(
        "SELECT streak, streak_best, freezes, n_toward, last_day FROM member \
         WHERE guild = ?1 AND id = ?2",
        &[guild.into(), member.into()],
    )?;
    rows.first().map(|row| to_streak(row, 0)).transpose()
}

/// A streak that stands in a row from this column on.
pub(super) fn to_streak(row: &Row, first: usize) -> Result<Streak, StoreError> {
    Ok(Streak {
        current: to_count(row.int(first)?),
        best: to_count(row.int(first + 1)?),
        freezes: to_count(row.int(first + 2)?),
        n_toward: to_count(row.int(first + 3)?),
        last: row.opt_text(first + 4)?.map(to_day).transpose()?,
    })
}

/// Days on which the server was asked something, between two days; what was voided breaks no streak.
pub(super) fn n_asked_between(
    transaction: &mut dyn Transaction,
    guild: i64,
    after: Date,
    before: Date,
) -> Result<u32, StoreError> {
    let rows = transaction.query(
        "SELECT COUNT(DISTINCT day) FROM round \
         WHERE guild = ?1 AND day > ?2 AND day < ?3 AND opened_at IS NOT NULL \
         AND voided = 0",
        &[guild.into(), of_day(after), of_day(before)],
    )?;
    Ok(to_count(only(rows)?.int(0)?))
}

/// Counts an answer into the streak that the member has, if there is a row for it; how long that is
/// now.
pub(super) fn keep_streak(
    transaction: &mut dyn Transaction,
    asked: &Asked,
    member: i64,
    kept: Option<Streak>,
) -> Result<u32, StoreError> {
    let before = kept.unwrap_or_default();
    let n_missed = match before.last {
        // Between two days that follow each other there is none.
        Some(last) if last.tomorrow().is_ok_and(|next| next < asked.day) => {
            n_asked_between(transaction, asked.guild, last, asked.day)?
        }
        Some(_) | None => 0,
    };
    let after = before.answered(asked.day, n_missed);
    // Most have a row, and to update it is less work than to try an insert first.
    let sql = match kept {
        Some(kept) if kept == after => return Ok(after.current),
        Some(_) => {
            "UPDATE member SET streak = ?3, streak_best = ?4, freezes = ?5, n_toward = ?6, \
             last_day = ?7 WHERE guild = ?1 AND id = ?2"
        }
        None => {
            "INSERT INTO member (guild, id, shown, hidden, departed, streak, streak_best, freezes, \
             n_toward, last_day) VALUES (?1, ?2, 1, 0, 0, ?3, ?4, ?5, ?6, ?7) \
             ON CONFLICT (guild, id) DO UPDATE SET streak = excluded.streak, \
             streak_best = excluded.streak_best, freezes = excluded.freezes, \
             n_toward = excluded.n_toward, last_day = excluded.last_day"
        }
    };
    transaction.execute(
        sql,
        &[
            asked.guild.into(),
            member.into(),
            i64::from(after.current).into(),
            i64::from(after.best).into(),
            i64::from(after.freezes).into(),
            i64::from(after.n_toward).into(),
            after.last.map(|last| last.to_string()).into(),
        ],
    )?;
    Ok(after.current)
}

/// Writes down what an organiser did. No event does two things: of two processes that hear the
/// same one at once, the second fails here, and finds on its second try what [`noted`] says.
pub(super) fn note(
    transaction: &mut dyn Transaction,
    guild: i64,
    by: By,
    what: &str,
    detail: &str,
) -> Result<(), StoreError> {
    let values = [
        guild.into(),
        of_id(by.actor),
        of_time(by.at),
        what.into(),
        detail.into(),
        by.event.map(u64::cast_signed).into(),
    ];
    transaction.execute(
        "INSERT INTO act (guild, actor, at, what, detail, interaction) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        &values,
    )?;
    Ok(())
}

/// What was written down of the same event: it came again, and has done all that it does.
pub(super) fn noted(
    transaction: &mut dyn Transaction,
    by: By,
) -> Result<Option<String>, StoreError> {
    let Some(event) = by.event else {
        return Ok(None);
    };
    let rows = transaction.query(
        "SELECT detail FROM act WHERE interaction = ?1",
        &[event.cast_signed().into()],
    )?;
    rows.first()
        .map(|row| Ok(row.text(0)?.to_owned()))
        .transpose()
}

pub(super) fn to_choices(bits: i64) -> Result<Choices, StoreError> {
    let bits = u16::try_from(bits).map_err(|_| strange("a set of choices"))?;
    Ok(Choices::from_bits(bits))
}

pub(super) fn to_difficulty(name: &str) -> Result<Difficulty, StoreError> {
    let mut all = Difficulty::ALL.into_iter();
    all.find(|difficulty| difficulty.name() == name)
        .ok_or_else(|| strange("a difficulty"))
}

/// A value for each.
pub(super) fn of_texts(texts: &[String]) -> Value {
    Value::Text(texts.join(","))
}
