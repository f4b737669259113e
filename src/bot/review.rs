//! Stories of those who review what they got wrong.

use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::Bot;
use crate::chat::{Heard, Message, Tally, question_key};
use crate::quiz::grade::{Choices, Grading, grade};
use crate::quiz::review::{Card, Rating, begins};
use crate::quiz::{Bank, Question};
use crate::scores::database::StoreError;
use crate::scores::reviews::{Known, Reviews};
use crate::wording;
use crate::wording::review::Ahead;

/// Questions of one review, at most.
const REVIEW_MAX: u8 = 10;

/// What somebody has to review, sorted by when it is due.
struct Desk {
    /// What is due, the longest overdue first.
    due: Vec<Known>,
    /// What is due later, the soonest first.
    later: Vec<(Date, Known)>,
    /// How many are due but asked by a round that is open.
    n_waiting: usize,
    zone: TimeZone,
}

impl Desk {
    /// Sorts what is in the bank; a question that is not there is not asked, but its card is kept.
    fn new(reviews: Reviews, bank: &Bank, zone: TimeZone, today: Date) -> Self {
        let mut desk = Self {
            due: Vec::new(),
            later: Vec::new(),
            n_waiting: 0,
            zone,
        };
        let asked_now = reviews.asked_now;
        let in_bank = |known: &Known| bank.find(&known.card.question).is_some();
        let cards = reviews.cards.into_iter().filter(in_bank);
        let mut cards: Vec<(Date, Known)> = cards
            .map(|known| (known.card.due(&desk.zone), known))
            .collect();
        cards.sort_by(|(a_due, a), (b_due, b)| {
            (a_due, a.card.at, &a.card.question).cmp(&(b_due, b.card.at, &b.card.question))
        });
        for (due, known) in cards {
            if due > today {
                desk.later.push((due, known));
            } else if asked_now.contains(&known.card.question) {
                // Its review would tell the answer before the close.
                desk.n_waiting += 1;
            } else {
                desk.due.push(known);
            }
        }
        desk
    }

    fn ahead(&self) -> Ahead {
        let first = self.later.first().map(|(due, _)| *due);
        let next = first.map(|first| {
            let n = self.later.iter().take_while(|(due, _)| *due == first);
            (begins(first, &self.zone), n.count())
        });
        Ahead {
            n_due: self.due.len(),
            next,
            n_waiting: self.n_waiting,
        }
    }
}

impl Bot {
    /// Begins a review of what is due.
    pub(super) fn review(&self, heard: &Heard) -> Result<Message, StoreError> {
        let Some(bank) = self.bank() else {
            return Ok(wording::practice::no_questions());
        };
        let desk = self.desk(heard, &bank)?;
        let n = u8::try_from(desk.due.len()).map_or(REVIEW_MAX, |n| n.min(REVIEW_MAX));
        let tally = Tally {
            n,
            ..Tally::default()
        };
        let ahead = desk.ahead();
        Ok(match self.ask_first(heard, &bank, &desk, tally) {
            Some(asked) => asked,
            None if ahead == Ahead::default() => wording::review::nothing(),
            None => wording::review::nothing_due(&ahead),
        })
    }

    /// The next question of a review, or how it went.
    pub(super) fn review_on(&self, heard: &Heard, tally: Tally) -> Result<Message, StoreError> {
        let Some(bank) = self.bank() else {
            return Ok(wording::practice::no_questions());
        };
        let desk = self.desk(heard, &bank)?;
        let next = match tally.n_done < tally.n {
            true => self.ask_first(heard, &bank, &desk, tally),
            false => None,
        };
        Ok(next.unwrap_or_else(|| wording::review::done(tally, &desk.ahead())))
    }

    /// An answer of a review. Where it comes too late, because the question was answered since or
    /// cannot be asked any more, the review goes on and nothing counts.
    pub(super) fn reviewed(
        &self,
        heard: &Heard,
        (key, times): (u64, u32),
        tally: Tally,
        shown: Choices,
    ) -> Result<Message, StoreError> {
        let Some(bank) = self.bank() else {
            return Ok(wording::practice::no_questions());
        };
        let desk = self.desk(heard, &bank)?;
        let is_meant =
            |known: &&Known| question_key(&known.card.question) == key && known.card.times == times;
        let known = desk.due.iter().find(is_meant);
        let question = known.and_then(|known| bank.find(&known.card.question));
        let (Some(known), Some(question)) = (known, question) else {
            return self.review_on(heard, tally);
        };
        let order = self.review_order(heard, question, times);
        let choices = wording::question::chosen(&order, shown);
        if choices.is_empty() {
            return Ok(wording::round::nothing_chosen());
        }
        let right = Choices::right_of(question);
        let grade = grade(right, choices, question.difficulty, Grading::AllOrNothing);
        let rating = match grade.is_right {
            true => Rating::Good,
            false => Rating::Again,
        };
        let card = known.card.clone().answered(rating, heard.at, &desk.zone);
        let due = begins(card.due(&desk.zone), &desk.zone);
        if !self.keep_card(heard, known.n_written, card)? {
            return self.review_on(heard, tally);
        }
        let tally = Tally {
            n_done: tally.n_done.saturating_add(1),
            n_right: tally.n_right.saturating_add(u8::from(grade.is_right)),
            ..tally
        };
        let shown = self.practice_shown(heard, question, &order);
        let section = self.section_of(question);
        let answer = (choices, grade.is_right);
        Ok(wording::review::graded(&shown, answer, due, section, tally))
    }

    /// The card of a question that somebody got wrong outside a round, and how often it was written.
    pub(super) fn mistake(&self, heard: &Heard, question: &str) -> Result<(u32, Card), StoreError> {
        let zone = self.zone_here(heard)?;
        let reviews = self.reviews_of(heard, &zone)?;
        let mut cards = reviews.cards.into_iter();
        let known = cards.find(|known| known.card.question == question);
        Ok(match known {
            Some(known) => {
                let card = known.card.answered(Rating::Again, heard.at, &zone);
                (known.n_written, card)
            }
            None => (0, Card::of_mistake(question.to_owned(), heard.at)),
        })
    }

    /// Asks what is due first. None where nothing is.
    fn ask_first(&self, heard: &Heard, bank: &Bank, desk: &Desk, tally: Tally) -> Option<Message> {
        let card = &desk.due.first()?.card;
        let question = bank.find(&card.question)?;
        let order = self.review_order(heard, question, card.times);
        let shown = self.practice_shown(heard, question, &order);
        Some(wording::review::asked(&shown, card.times, tally))
    }

    /// The order of a question's choices: another each time it comes back.
    fn review_order(&self, heard: &Heard, question: &Question, times: u32) -> Vec<u8> {
        self.practice_order(heard, question, times as usize)
    }

    fn desk(&self, heard: &Heard, bank: &Bank) -> Result<Desk, StoreError> {
        let zone = self.zone_here(heard)?;
        let reviews = self.reviews_of(heard, &zone)?;
        let today = heard.at.to_zoned(zone.clone()).date();
        Ok(Desk::new(reviews, bank, zone, today))
    }

    fn reviews_of(&self, heard: &Heard, zone: &TimeZone) -> Result<Reviews, StoreError> {
        let guild = heard.place.guild.unwrap_or_default();
        self.scores.reviews(guild, heard.member.id, zone)
    }

    fn keep_card(&self, heard: &Heard, n_written: u32, card: Card) -> Result<bool, StoreError> {
        let guild = heard.place.guild.unwrap_or_default();
        self.scores
            .keep_review(guild, heard.member.id, n_written, card)
    }
}
