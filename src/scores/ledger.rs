//! The ledger: what an event adds to a member's points, and what the events of a round come to.

use jiff::Timestamp;
use jiff::civil::Date;

use super::answers::Chosen;
use super::database::{Row, StoreError, Transaction, Value};
use super::guilds::to_season;
use super::rounds::{RoundId, RoundState};
use super::{of_day, of_flag, of_id, of_time, only, strange, to_count, to_day, to_id, to_time};
use crate::quiz::Difficulty;
use crate::quiz::grade::{Choices, Grade, Grading};
use crate::quiz::period::{Period, Season, Span};
use crate::quiz::streak::Streak;

/// A round as grading sees it.
pub(super) struct Asked {
    pub(super) guild: i64,
    /// How long the server's seasons are.
    pub(super) season: Season,
    pub(super) day: Date,
    pub(super) topic: String,
    pub(super) difficulty: Difficulty,
    pub(super) right: Choices,
    pub(super) grading: Grading,
    pub(super) may_change: bool,
    pub(super) state: RoundState,
    pub(super) closes_at: Option<Timestamp>,
    pub(super) is_voided: bool,
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
    fn take(&mut self, row: &Row) -> Result<(), StoreError> {
        if let Some(bits) = row.opt_int(1)? {
            self.choices = to_choices(bits)?;
        }
        if self.n_events == 0 {
            self.first_event = row.opt_int(5)?;
        }
        self.points += row.int(2)?;
        self.n_answered += row.int(3)?;
        self.n_right += row.int(4)?;
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

pub(super) fn asked(
    transaction: &mut dyn Transaction,
    round: RoundId,
) -> Result<Option<Asked>, StoreError> {
    let rows = transaction.query(
        "SELECT round.guild, round.day, round.topic, round.difficulty, round.right_choices, \
         round.grading, round.may_change, round.state, round.closes_at, round.voided, guild.season \
         FROM round LEFT JOIN guild ON guild.id = round.guild \
         WHERE round.id = $1 AND round.question IS NOT NULL",
        &[round.0.into()],
    )?;
    let Some(row) = rows.first() else {
        return Ok(None);
    };
    Ok(Some(Asked {
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
        season: to_season(row.opt_text(10)?)?,
    }))
}

/// Columns as [`Standing::take`] reads them.
const STANDING: &str = "SELECT member, choices, points, n_answered, n_right, interaction FROM event \
                        WHERE round = $1 ORDER BY member, number";

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
            standing.take(&row)?;
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
         WHERE round = $1 AND member = $2 ORDER BY number",
        &[round.0.into(), member.into()],
    )?;
    let mut standing = Standing::default();
    for row in &rows {
        standing.take(row)?;
    }
    Ok((!rows.is_empty()).then_some(standing))
}

/// Adds an event, and its worth to the sums.
pub(super) fn add(
    transaction: &mut dyn Transaction,
    round: RoundId,
    asked: &Asked,
    change: &Change<'_>,
) -> Result<(), StoreError> {
    transaction.execute(
        "INSERT INTO event (round, member, number, guild, kind, choices, points, n_answered, \
         n_right, day, topic, at, interaction, actor, reason) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)",
        &[
            round.0.into(),
            change.member.into(),
            change.number.into(),
            asked.guild.into(),
            change.kind.into(),
            change
                .choices
                .map(|choices| i64::from(choices.bits()))
                .into(),
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
    let shown = is_shown(transaction, asked.guild, change.member)?;
    let sum = Sum {
        guild: asked.guild,
        member: change.member,
        points: change.points,
        n_answered: change.n_answered,
        n_right: change.n_right,
        reached_at: if change.points == 0 {
            0
        } else {
            change.at.as_millisecond()
        },
        shown,
    };
    sum.add(transaction, asked.day, &asked.topic, asked.season)
}

/// What is added to the sums of a member.
pub(super) struct Sum {
    pub(super) guild: i64,
    pub(super) member: i64,
    pub(super) points: i64,
    pub(super) n_answered: i64,
    pub(super) n_right: i64,
    pub(super) reached_at: i64,
    pub(super) shown: bool,
}

/// The sums that are kept, without and with the topic. Other boards are summed when asked for.
pub(super) const KEPT: [(Span, bool); 5] = [
    (Span::Week, false),
    (Span::Season, false),
    (Span::All, false),
    (Span::Season, true),
    (Span::All, true),
];

impl Sum {
    pub(super) fn add(
        &self,
        transaction: &mut dyn Transaction,
        day: Date,
        topic: &str,
        season: Season,
    ) -> Result<(), StoreError> {
        let key = |span| Value::from(Period::of(span, day, season).key());
        // A row for each of `KEPT`, in its order.
        transaction.execute(
            "INSERT INTO total (guild, member, period, topic, points, n_answered, n_right, \
             reached_at, shown) VALUES \
             ($1, $2, $8, '', $3, $4, $5, $6, $7), \
             ($1, $2, $9, '', $3, $4, $5, $6, $7), \
             ($1, $2, $10, '', $3, $4, $5, $6, $7), \
             ($1, $2, $9, $11, $3, $4, $5, $6, $7), \
             ($1, $2, $10, $11, $3, $4, $5, $6, $7) \
             ON CONFLICT (guild, member, period, topic) DO UPDATE SET \
             points = total.points + excluded.points, \
             n_answered = total.n_answered + excluded.n_answered, \
             n_right = total.n_right + excluded.n_right, \
             reached_at = CASE WHEN excluded.reached_at > total.reached_at \
             THEN excluded.reached_at ELSE total.reached_at END",
            &[
                self.guild.into(),
                self.member.into(),
                self.points.into(),
                self.n_answered.into(),
                self.n_right.into(),
                self.reached_at.into(),
                of_flag(self.shown),
                key(Span::Week),
                key(Span::Season),
                key(Span::All),
                topic.into(),
            ],
        )?;
        Ok(())
    }
}

fn is_shown(
    transaction: &mut dyn Transaction,
    guild: i64,
    member: i64,
) -> Result<bool, StoreError> {
    let rows = transaction.query(
        "SELECT shown FROM member WHERE guild = $1 AND id = $2",
        &[guild.into(), member.into()],
    )?;
    rows.first().map_or(Ok(true), |row| Ok(row.int(0)? != 0))
}

/// A member's streak as it is kept, and whether there is a row for it.
pub(super) fn streak(
    transaction: &mut dyn Transaction,
    guild: i64,
    member: i64,
) -> Result<(Streak, bool), StoreError> {
    let rows = transaction.query(
        "SELECT streak, streak_best, freezes, n_toward, last_day FROM member \
         WHERE guild = $1 AND id = $2",
        &[guild.into(), member.into()],
    )?;
    let Some(row) = rows.first() else {
        return Ok((Streak::default(), false));
    };
    let streak = Streak {
        current: to_count(row.int(0)?),
        best: to_count(row.int(1)?),
        freezes: to_count(row.int(2)?),
        n_toward: to_count(row.int(3)?),
        last: row.opt_text(4)?.map(to_day).transpose()?,
    };
    Ok((streak, true))
}

/// Days on which the server was asked something, between two days.
pub(super) fn n_asked_between(
    transaction: &mut dyn Transaction,
    guild: i64,
    after: Date,
    before: Date,
) -> Result<u32, StoreError> {
    let rows = transaction.query(
        "SELECT COUNT(DISTINCT day) FROM round \
         WHERE guild = $1 AND day > $2 AND day < $3 AND opened_at IS NOT NULL",
        &[guild.into(), of_day(after), of_day(before)],
    )?;
    Ok(to_count(only(rows)?.int(0)?))
}

/// Counts an answer into the member's streak; how long that is now.
pub(super) fn keep_streak(
    transaction: &mut dyn Transaction,
    asked: &Asked,
    member: i64,
) -> Result<u32, StoreError> {
    let (before, is_known) = streak(transaction, asked.guild, member)?;
    let n_missed = match before.last {
        // Between two days that follow each other there is none.
        Some(last) if last.tomorrow().is_ok_and(|next| next < asked.day) => {
            n_asked_between(transaction, asked.guild, last, asked.day)?
        }
        Some(_) | None => 0,
    };
    let after = before.answered(asked.day, n_missed);
    if after != before || !is_known {
        transaction.execute(
            "INSERT INTO member (guild, id, shown, hidden, departed, streak, streak_best, freezes, \
             n_toward, last_day) VALUES ($1, $2, 1, 0, 0, $3, $4, $5, $6, $7) \
             ON CONFLICT (guild, id) DO UPDATE SET streak = excluded.streak, \
             streak_best = excluded.streak_best, freezes = excluded.freezes, \
             n_toward = excluded.n_toward, last_day = excluded.last_day",
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
    }
    Ok(after.current)
}

/// Writes down what an organiser did.
pub(super) fn note(
    transaction: &mut dyn Transaction,
    guild: i64,
    actor: u64,
    at: Timestamp,
    what: &str,
    detail: &str,
) -> Result<(), StoreError> {
    let values = [
        guild.into(),
        of_id(actor),
        of_time(at),
        what.into(),
        detail.into(),
    ];
    transaction.execute(
        "INSERT INTO act (guild, actor, at, what, detail) VALUES ($1, $2, $3, $4, $5)",
        &values,
    )?;
    Ok(())
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
