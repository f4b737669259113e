//! What people got wrong and review: the cards that are kept, and the mistakes in rounds.
//!
//! A mistake in a round is an event already and is not written a second time: it becomes a card
//! whenever cards are read, once its round is over. So nothing of a round shows before its close, and
//! a round that is voided or regraded takes its cards back. A card is written when it is answered.

use std::collections::{BTreeSet, HashMap};

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::database::{Row, StoreError, Transaction};
use super::lookup::asked_now;
use super::{Scores, of_id, of_time, strange, to_count, to_id, to_time};
use crate::quiz::review::{Card, Memory, Rating};

/// What somebody has to review.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reviews {
    /// A card for each question that they got wrong, by the question's id.
    pub cards: Vec<Known>,
    /// The questions that rounds of the server are asking now.
    pub asked_now: BTreeSet<String>,
}

/// A card, and what of it is written.
#[derive(Clone, Debug, PartialEq)]
pub struct Known {
    /// The card.
    pub card: Card,
    /// The [`Card::times`] that are written; 0 where there is no row.
    pub n_written: u32,
}

impl Scores {
    /// What a member has to review, by the days of this zone. Mistakes count from when they were made.
    ///
    /// # Errors
    /// The store fails.
    pub fn reviews(&self, guild: u64, member: u64, zone: &TimeZone) -> Result<Reviews, StoreError> {
        self.read(|transaction| {
            let values = [of_id(guild), of_id(member)];
            let rows = transaction.query(
                "SELECT question, stability, difficulty, at, times FROM review \
                 WHERE guild = ?1 AND member = ?2 ORDER BY question",
                &values,
            )?;
            let written: Vec<Card> = rows.iter().map(to_card).collect::<Result<_, _>>()?;
            // Only answers and changes hold choices: their times are those of the mistakes.
            let rows = transaction.query(
                "SELECT round.question, \
                 MAX(CASE WHEN event.choices IS NOT NULL THEN event.at END) AS answered_at \
                 FROM round JOIN event ON event.round = round.id AND event.member = ?2 \
                 WHERE round.guild = ?1 \
                 AND round.state IN ('closing', 'closed') AND round.question IS NOT NULL \
                 GROUP BY event.round, round.question \
                 HAVING SUM(event.n_answered) > 0 AND SUM(event.n_right) = 0 \
                 ORDER BY answered_at, event.round",
                &values,
            )?;
            let mistakes = rows.iter().map(to_mistake);
            let mistakes: Vec<(String, Timestamp)> = mistakes.collect::<Result<_, _>>()?;
            Ok(Reviews {
                cards: known(written, mistakes, zone),
                asked_now: asked_now(transaction, guild)?,
            })
        })
    }

    /// Writes a card down as it is after an answer, where it was `before` (0 where no row of it was
    /// written). Whether it was: somebody may have answered it at the same time.
    ///
    /// # Errors
    /// The store fails; the answer then does not count.
    pub fn keep_review(
        &self,
        guild: u64,
        member: u64,
        before: u32,
        card: Card,
    ) -> Result<bool, StoreError> {
        self.write(move |transaction| Ok(keep(transaction, guild, member, before, &card)? > 0))
    }

    /// The cards of a person that are written, with their servers.
    ///
    /// # Errors
    /// The store fails.
    pub fn written_reviews(&self, member: u64) -> Result<Vec<(u64, Card)>, StoreError> {
        self.read(|transaction| {
            let rows = transaction.query(
                "SELECT question, stability, difficulty, at, times, guild FROM review \
                 WHERE member = ?1 ORDER BY guild, question",
                &[of_id(member)],
            )?;
            let cards = rows.iter();
            cards
                .map(|row| Ok((to_id(row.int(5)?), to_card(row)?)))
                .collect()
        })
    }
}

/// The rows that changed. A row that was seen is only changed: where its owner was forgotten in the
/// meantime, it does not come back.
pub(super) fn keep(
    transaction: &mut dyn Transaction,
    guild: u64,
    member: u64,
    before: u32,
    card: &Card,
) -> Result<u64, StoreError> {
    let memory = card.memory;
    let (stability, difficulty) = (memory.stability(), memory.difficulty());
    let mut values = vec![
        of_id(guild),
        of_id(member),
        card.question.as_str().into(),
        stability.to_string().into(),
        difficulty.to_string().into(),
        of_time(card.at),
        i64::from(card.times).into(),
    ];
    if before == 0 {
        return transaction.execute(
            "INSERT INTO review (guild, member, question, stability, difficulty, at, times) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (guild, member, question) DO NOTHING",
            &values,
        );
    }
    values.push(i64::from(before).into());
    transaction.execute(
        "UPDATE review SET stability = ?4, difficulty = ?5, at = ?6, times = ?7 \
         WHERE guild = ?1 AND member = ?2 AND question = ?3 AND times = ?8",
        &values,
    )
}

/// The cards with the mistakes that are newer than what is written, the oldest mistake first.
fn known(written: Vec<Card>, mistakes: Vec<(String, Timestamp)>, zone: &TimeZone) -> Vec<Known> {
    let written = written.into_iter().map(|card| {
        let n_written = card.times;
        (card.question.clone(), Known { card, n_written })
    });
    let mut cards: HashMap<String, Known> = written.collect();
    for (question, at) in mistakes {
        let known = match cards.remove(&question) {
            None => Known {
                card: Card::of_mistake(question.clone(), at),
                n_written: 0,
            },
            Some(known) if known.card.at >= at => known,
            Some(known) => Known {
                card: known.card.answered(Rating::Again, at, zone),
                ..known
            },
        };
        cards.insert(question, known);
    }
    let mut cards: Vec<Known> = cards.into_values().collect();
    cards.sort_by(|a, b| a.card.question.cmp(&b.card.question));
    cards
}

fn to_card(row: &Row) -> Result<Card, StoreError> {
    let number = |column| -> Result<f64, StoreError> {
        let text = row.text(column)?;
        text.parse().map_err(|_| strange("a memory"))
    };
    Ok(Card {
        question: row.text(0)?.to_owned(),
        memory: Memory::new(number(1)?, number(2)?).ok_or_else(|| strange("a memory"))?,
        at: to_time(row.int(3)?)?,
        times: to_count(row.int(4)?),
    })
}

fn to_mistake(row: &Row) -> Result<(String, Timestamp), StoreError> {
    Ok((row.text(0)?.to_owned(), to_time(row.int(1)?)?))
}
