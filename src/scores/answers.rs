//! Answers, and what later becomes of them: changes, regrades, voids.

use jiff::Timestamp;

use super::database::{StoreError, Transaction};
use super::ledger::{
    Asked, Change, add, add_first, asked, asked_one, keep_streak, note, noted, standing, standings,
};
use super::lookup::find;
use super::people::returned;
use super::round::{RoundId, RoundState};
use super::{By, Scores, of_time, only, to_count};
use crate::quiz::grade::{Choices, Grade, Grading, grade};

/// Characters of an organiser's reason that are kept.
pub const REASON_MAX: usize = 300;

/// An answer as somebody gave it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The round.
    pub round: RoundId,
    /// Who.
    pub member: u64,
    /// What was chosen, by the places in the question file.
    pub choices: Choices,
    /// When it arrived.
    pub at: Timestamp,
    /// The chat's number of the event that brought it, by which a repetition is known.
    pub event: u64,
}

/// What became of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recorded {
    /// It counts. The same event again gives the same.
    Counts {
        /// What it is worth.
        grade: Grade,
        /// The streak with it.
        streak: u32,
    },
    /// It took the place of an earlier one.
    Changed {
        /// What it is worth.
        grade: Grade,
    },
    /// An earlier one counts, and cannot be changed.
    Already {
        /// What was chosen then.
        choices: Choices,
        /// What it is worth.
        grade: Grade,
    },
    /// The round was closed already.
    Late,
    /// The round was voided: whatever was chosen gives nothing.
    Void,
    /// There is no such round.
    NoSuchRound,
}

/// What somebody chose in the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chosen {
    /// Who.
    pub member: u64,
    /// What.
    pub choices: Choices,
    /// What it is worth.
    pub grade: Grade,
}

/// What a void or a regrade changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Receipt {
    /// People whose points rose.
    pub n_up: u32,
    /// People whose points fell.
    pub n_down: u32,
    /// All who answered.
    pub n_answered: u32,
}

impl Scores {
    /// Records an answer, once. It lasts when this returns.
    ///
    /// # Errors
    /// The store fails; the answer then does not count.
    pub fn record(&self, answer: Answer) -> Result<Recorded, StoreError> {
        let recorded = self.write(move |transaction| record(transaction, &answer))?;
        if matches!(recorded, Recorded::Counts { .. } | Recorded::Changed { .. }) {
            self.count_pending();
        }
        Ok(recorded)
    }

    /// What everybody chose in a round, by member.
    ///
    /// # Errors
    /// The store fails.
    pub fn chosen(&self, round: RoundId) -> Result<Vec<Chosen>, StoreError> {
        self.read(|transaction| {
            let standings = standings(transaction, round)?;
            Ok(standings
                .into_iter()
                .map(|(member, standing)| standing.chosen(member))
                .collect())
        })
    }

    /// What one member chose in a round.
    ///
    /// # Errors
    /// The store fails.
    pub fn chosen_by(&self, round: RoundId, member: u64) -> Result<Option<Chosen>, StoreError> {
        self.read(|transaction| {
            let standing = standing(transaction, round, member.cast_signed())?;
            Ok(standing.map(|standing| standing.chosen(member.cast_signed())))
        })
    }

    /// How many answered a round.
    ///
    /// # Errors
    /// The store fails.
    pub fn n_answered(&self, round: RoundId) -> Result<u32, StoreError> {
        self.read(|transaction| {
            let rows = transaction.query(
                "SELECT COUNT(*) FROM event WHERE round = ?1 AND number = 0",
                &[round.0.into()],
            )?;
            Ok(to_count(only(rows)?.int(0)?))
        })
    }

    /// Takes a round's points back from all; the streaks stay. None where there is no such round.
    ///
    /// # Errors
    /// The store fails.
    pub fn void(
        &self,
        round: RoundId,
        by: By,
        reason: &str,
    ) -> Result<Option<Receipt>, StoreError> {
        let reason: String = reason.chars().take(REASON_MAX).collect();
        self.write(move |transaction| {
            let Some(asked) = asked(transaction, round)? else {
                return Ok(None);
            };
            let mut receipt = Receipt::default();
            if noted(transaction, by)?.is_some() {
                return done_before(transaction, round, by).map(Some);
            }
            for (member, standing) in standings(transaction, round)? {
                receipt.n_answered += 1;
                let change = Change {
                    points: -standing.points,
                    n_answered: -standing.n_answered,
                    n_right: -standing.n_right,
                    event: by.event,
                    actor: Some(by.actor),
                    reason: Some(&reason),
                    ..Change::new("void", member, by.at, &standing)
                };
                if (change.points, change.n_answered) != (0, 0) {
                    receipt.count(change.points);
                    add(transaction, round, &asked, &change)?;
                }
            }
            transaction.execute(
                "UPDATE round SET voided = 1 WHERE id = ?1",
                &[round.0.into()],
            )?;
            reveal_again(transaction, round, by.at)?;
            let detail = format!("round {}: {reason}", round.0);
            note(transaction, asked.guild, by, "void", &detail)?;
            Ok(Some(receipt))
        })
    }

    /// Grades a round's answers again, by other right choices; each of them is right where the
    /// question takes one. None where there is no such round, or it is void.
    ///
    /// # Errors
    /// The store fails.
    pub fn regrade(
        &self,
        round: RoundId,
        right: Choices,
        by: By,
        reason: &str,
    ) -> Result<Option<Receipt>, StoreError> {
        let reason: String = reason.chars().take(REASON_MAX).collect();
        self.write(move |transaction| {
            let Some(asked) = asked(transaction, round)?.filter(|asked| !asked.is_voided) else {
                return Ok(None);
            };
            if noted(transaction, by)?.is_some() {
                return done_before(transaction, round, by).map(Some);
            }
            let asks = find(transaction, round)?.and_then(|round| round.asks);
            let grading = match asks.is_some_and(|asks| asks.question.n_right() == 1) {
                true => Grading::Any,
                false => asked.grading,
            };
            let mut receipt = Receipt::default();
            for (member, standing) in standings(transaction, round)? {
                receipt.n_answered += 1;
                let grade = grade(right, standing.choices, asked.difficulty, grading);
                let change = Change {
                    points: i64::from(grade.points) - standing.points,
                    n_right: i64::from(grade.is_right) - standing.n_right,
                    event: by.event,
                    actor: Some(by.actor),
                    reason: Some(&reason),
                    ..Change::new("regrade", member, by.at, &standing)
                };
                if (change.points, change.n_right) != (0, 0) {
                    receipt.count(change.points);
                    add(transaction, round, &asked, &change)?;
                }
            }
            transaction.execute(
                "UPDATE round SET right_choices = ?1, grading = ?2 WHERE id = ?3",
                &[
                    i64::from(right.bits()).into(),
                    grading.name().into(),
                    round.0.into(),
                ],
            )?;
            reveal_again(transaction, round, by.at)?;
            let detail = format!("round {}: {reason}", round.0);
            note(transaction, asked.guild, by, "regrade", &detail)?;
            Ok(Some(receipt))
        })
    }
}

/// What the same event did to a round's points before.
fn done_before(
    transaction: &mut dyn Transaction,
    round: RoundId,
    by: By,
) -> Result<Receipt, StoreError> {
    let mut receipt = Receipt {
        n_answered: u32::try_from(standings(transaction, round)?.len()).unwrap_or(u32::MAX),
        ..Receipt::default()
    };
    let rows = transaction.query(
        "SELECT points FROM event WHERE round = ?1 AND interaction = ?2 AND number > 0",
        &[round.0.into(), by.event.map(u64::cast_signed).into()],
    )?;
    for row in &rows {
        receipt.count(row.int(0)?);
    }
    Ok(receipt)
}

/// Has a reveal written once more. Where one is under way, its holder may end it, and what they say
/// of the round falls on the floor: the next comes when their lease is over, so that it comes last.
fn reveal_again(
    transaction: &mut dyn Transaction,
    round: RoundId,
    at: Timestamp,
) -> Result<(), StoreError> {
    transaction.execute(
        "UPDATE round SET wake_at = CASE WHEN state = 'closed' THEN ?1 ELSE wake_at END, \
         state = 'closing', epoch = epoch + 1 WHERE id = ?2 AND state IN ('closed', 'closing')",
        &[of_time(at), round.0.into()],
    )?;
    Ok(())
}

impl Receipt {
    fn count(&mut self, points: i64) {
        self.n_up += u32::from(points > 0);
        self.n_down += u32::from(points < 0);
    }
}

/// Whether this very event changed the member's answer before: heard again, and perhaps late, it
/// must not undo what the member chose since.
fn has_changed(transaction: &mut dyn Transaction, answer: &Answer) -> Result<bool, StoreError> {
    let rows = transaction.query(
        "SELECT number FROM event WHERE round = ?1 AND member = ?2 AND interaction = ?3",
        &[
            answer.round.0.into(),
            answer.member.cast_signed().into(),
            answer.event.cast_signed().into(),
        ],
    )?;
    Ok(!rows.is_empty())
}

fn record(transaction: &mut dyn Transaction, answer: &Answer) -> Result<Recorded, StoreError> {
    let member = answer.member.cast_signed();
    let Some((asked, known)) = asked_one(transaction, answer.round, member)? else {
        return Ok(Recorded::NoSuchRound);
    };
    if known.has_departed {
        // Before all else, as whoever changes sums does, so that no two wait for each other.
        returned(transaction, asked.guild, member)?;
    }
    if asked.is_voided {
        return Ok(Recorded::Void);
    }
    let grade = grade(asked.right, answer.choices, asked.difficulty, asked.grading);
    let is_open = is_open(&asked, answer.at);
    // Hardly anybody has an answer already: that is asked only where theirs turns out not to be new.
    if is_open && add_first(transaction, &asked, answer, grade)? {
        let streak = keep_streak(transaction, &asked, member, known.streak)?;
        return Ok(Recorded::Counts { grade, streak });
    }
    let Some(before) = standing(transaction, answer.round, member)? else {
        return Ok(Recorded::Late);
    };
    if before.first_event == Some(answer.event.cast_signed()) {
        return Ok(Recorded::Counts {
            grade: before.grade(),
            streak: known.streak.map_or(0, |streak| streak.current),
        });
    }
    if asked.may_change && has_changed(transaction, answer)? {
        let grade = before.grade();
        return Ok(Recorded::Changed { grade });
    }
    if !is_open {
        return Ok(Recorded::Late);
    }
    if asked.may_change && before.choices != answer.choices {
        let change = Change {
            choices: Some(answer.choices),
            points: i64::from(grade.points) - before.points,
            n_right: i64::from(grade.is_right) - before.n_right,
            event: Some(answer.event),
            ..Change::new("change", member, answer.at, &before)
        };
        add(transaction, answer.round, &asked, &change)?;
        return Ok(Recorded::Changed { grade });
    }
    Ok(Recorded::Already {
        choices: before.choices,
        grade: before.grade(),
    })
}

/// Whether an answer that arrived then may count.
fn is_open(asked: &Asked, at: Timestamp) -> bool {
    match asked.state {
        RoundState::Open | RoundState::Closing => {
            asked.closes_at.is_some_and(|closes_at| at < closes_at)
        }
        // Its number stands nowhere but in the chat: who has it has seen the post, although we were
        // not told yet that it arrived.
        RoundState::Posting => true,
        RoundState::Closed | RoundState::Failed | RoundState::Uncertain | RoundState::Skipped => {
            false
        }
    }
}
