//! Stories of those who play: answers, reports, practice.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use studyhall_index::SectionKey;

use super::Bot;
use super::rounds::{positive, shuffled};
use crate::chat::{Heard, Message};
use crate::meters;
use crate::quiz::grade::{Choices, Grade, Grading, grade};
use crate::quiz::{Question, bag, zones};
use crate::scores::answers::{Answer, Recorded};
use crate::scores::database::StoreError;
use crate::scores::people::{PRACTICE_MAX, Practice};
use crate::scores::round::{Feedback, Round, RoundId};
use crate::wording;

/// Questions of a practice, where nobody says how many.
const PRACTICE_USUAL: usize = 5;

impl Bot {
    /// An answer to a round: kept before anything is said.
    pub(super) fn answered(
        &self,
        heard: &Heard,
        round: i64,
        shown: Choices,
    ) -> Result<Message, StoreError> {
        let Some(round) = self.round_here(heard, round)? else {
            meters::answer(meters::Answer::Unknown);
            return Ok(wording::round::no_such_round());
        };
        let Some(asks) = &round.asks else {
            return Ok(wording::round::no_such_round());
        };
        let choices = wording::question::chosen(&asks.shown, shown);
        if choices.is_empty() {
            return Ok(wording::round::nothing_chosen());
        }
        let recorded = self.scores.record(Answer {
            round: round.id,
            member: heard.member.id,
            choices,
            at: heard.at,
            event: heard.event,
        })?;
        meters::answer(match recorded {
            Recorded::NoSuchRound => meters::Answer::Unknown,
            Recorded::Late => meters::Answer::Late,
            Recorded::Void => meters::Answer::Void,
            Recorded::Counts { .. } => meters::Answer::Counted,
            Recorded::Changed { .. } => meters::Answer::Changed,
            Recorded::Already { .. } => meters::Answer::Repeated,
        });
        let closes_at = round.closes_at.unwrap_or(round.due_at);
        let shown = self.shown(&round, asks, closes_at);
        let section = self.section_of(&asks.question);
        let is_sealed = round.rules.feedback == Feedback::Sealed;
        Ok(match recorded {
            Recorded::NoSuchRound => wording::round::no_such_round(),
            Recorded::Late => wording::round::late(),
            Recorded::Void => wording::round::is_void(),
            Recorded::Counts { .. } if is_sealed => {
                wording::round::sealed(&shown, choices, round.rules.may_change)
            }
            Recorded::Counts { grade, streak } => {
                wording::round::graded(&shown, choices, grade, Some(streak), section)
            }
            Recorded::Changed { .. } if is_sealed => wording::round::changed(&shown, choices),
            Recorded::Changed { grade } => {
                wording::round::graded(&shown, choices, grade, None, section)
            }
            Recorded::Already { choices, .. } => wording::round::already(&shown, choices),
        })
    }

    pub(super) fn reported(&self, heard: &Heard, round: i64) -> Result<Message, StoreError> {
        let Some(round) = self.round_here(heard, round)? else {
            return Ok(wording::round::no_such_round());
        };
        let (n_reports, is_new) = self.scores.report(&round, heard.member.id, heard.at)?;
        Ok(wording::round::reported(n_reports, is_new))
    }

    /// The round of this number, if it belongs to where the button was pressed.
    fn round_here(&self, heard: &Heard, round: i64) -> Result<Option<Round>, StoreError> {
        let round = self.scores.round(RoundId(round))?;
        let is_here = |round: &Round| {
            Some(round.guild) == heard.place.guild && round.channel == heard.place.channel
        };
        Ok(round.filter(is_here))
    }

    /// The section that holds a question's answer, if the notes have it.
    pub(super) fn section_of(&self, question: &Question) -> Option<SectionKey> {
        self.index.resolve(&question.section).ok().flatten()
    }

    /// Begins a practice, or goes on with the one left off.
    pub(super) fn practice(
        &self,
        heard: &Heard,
        topic: Option<&str>,
        count: Option<i64>,
    ) -> Result<Message, StoreError> {
        let guild = heard.place.guild.unwrap_or_default();
        if topic.is_none() && count.is_none() && self.left_off(heard)?.is_some() {
            return self.practice_on(heard);
        }
        let Some(bank) = self.bank() else {
            return Ok(wording::practice::no_questions());
        };
        let topics: Vec<String> = topic.map(str::to_owned).into_iter().collect();
        let mut pool = bag::pool(&bank, &topics, &[]);
        if pool.is_empty() {
            return Ok(wording::practice::no_such_topic(topic.unwrap_or_default()));
        }
        let asked_now = self.scores.asked_now(guild)?;
        pool.retain(|question| !asked_now.contains(&question.id));
        if pool.is_empty() {
            return Ok(wording::practice::all_asked_now());
        }
        let wanted = count
            .and_then(|n| usize::try_from(n).ok())
            .unwrap_or(PRACTICE_USUAL);
        let n = wanted.clamp(1, PRACTICE_MAX).min(pool.len());
        let practice = Practice {
            questions: chosen_by_chance(&pool, n, self.secret ^ heard.event),
            place: 0,
            n_right: 0,
        };
        // The same wish, heard again by another process, begins nothing anew.
        let left_off = self.left_off(heard)?;
        if left_off.is_none_or(|left_off| left_off.questions != practice.questions) {
            self.scores
                .keep_practice(guild, heard.member.id, practice, heard.at)?;
        }
        self.practice_on(heard)
    }

    /// The next question of a practice, or how it went.
    pub(super) fn practice_on(&self, heard: &Heard) -> Result<Message, StoreError> {
        let Some(practice) = self.kept_practice(heard)? else {
            return Ok(wording::practice::none());
        };
        let Some((bank, place)) = self.bank().zip(usize::try_from(practice.place).ok()) else {
            return Ok(wording::practice::no_questions());
        };
        let n = practice.questions.len();
        let asked_now = self
            .scores
            .asked_now(heard.place.guild.unwrap_or_default())?;
        let question = |id: &String| bank.find(id).filter(|_| !asked_now.contains(id));
        match practice.questions.get(place).map(question) {
            None => Ok(wording::practice::done(practice.n_right, n)),
            Some(None) => {
                // The question has gone from the notes, or a round asks it now, which practice must
                // not spoil: the next one, then.
                self.step(heard, practice, None)?;
                self.practice_on(heard)
            }
            Some(Some(question)) => {
                let order = self.practice_order(heard, question, place);
                let shown = self.practice_shown(heard, question, &order);
                Ok(wording::practice::asked(&shown, place, n))
            }
        }
    }

    pub(super) fn practiced(
        &self,
        heard: &Heard,
        place: u16,
        shown: Choices,
    ) -> Result<Message, StoreError> {
        let Some(practice) = self.kept_practice(heard)? else {
            return Ok(wording::practice::none());
        };
        let at = usize::from(place);
        let bank = self.bank();
        let question = practice.questions.get(at).zip(bank.as_ref());
        let asked_now = self
            .scores
            .asked_now(heard.place.guild.unwrap_or_default())?;
        let question = question
            .filter(|(id, _)| !asked_now.contains(*id))
            .and_then(|(id, bank)| bank.find(id));
        let is_next = practice.place == u32::from(place);
        // The press that went a question on may be heard again, by another process: the same is said.
        let is_last = practice.place == u32::from(place) + 1;
        let (Some(question), true) = (question, is_next || is_last) else {
            return self.practice_on(heard);
        };
        let order = self.practice_order(heard, question, at);
        let choices = wording::question::chosen(&order, shown);
        if choices.is_empty() {
            return Ok(wording::round::nothing_chosen());
        }
        let right = Choices::right_of(question);
        let grade = grade(right, choices, question.difficulty, Grading::AllOrNothing);
        let n = practice.questions.len();
        let n_right = match is_next {
            true => self.step(heard, practice, Some((question, grade)))?,
            false => practice.n_right,
        };
        let shown = self.practice_shown(heard, question, &order);
        let section = self.section_of(question);
        Ok(wording::practice::graded(
            &shown,
            choices,
            grade,
            section,
            (at + 1, n, n_right),
        ))
    }

    /// Goes a question on, whose answer has this grade; how many were right by then. Where another
    /// process did so at the same moment, nothing changes.
    fn step(
        &self,
        heard: &Heard,
        practice: Practice,
        graded: Option<(&Question, Grade)>,
    ) -> Result<u32, StoreError> {
        let guild = heard.place.guild.unwrap_or_default();
        let is_right = graded.is_some_and(|(_, grade)| grade.is_right);
        let mistake = match graded {
            Some((question, grade)) if !grade.is_right => Some(self.mistake(heard, &question.id)?),
            Some(_) | None => None,
        };
        let member = heard.member.id;
        self.scores
            .step_practice(guild, member, practice, is_right, mistake)?;
        let kept = self.kept_practice(heard)?;
        Ok(kept.map_or(0, |kept| kept.n_right))
    }

    fn kept_practice(&self, heard: &Heard) -> Result<Option<Practice>, StoreError> {
        let guild = heard.place.guild.unwrap_or_default();
        self.scores.practice(guild, heard.member.id)
    }

    /// A practice that has questions left.
    fn left_off(&self, heard: &Heard) -> Result<Option<Practice>, StoreError> {
        let has_more = |practice: &Practice| (practice.place as usize) < practice.questions.len();
        Ok(self.kept_practice(heard)?.filter(has_more))
    }

    /// The order of a question's choices, the same each time this person comes back to it.
    pub(super) fn practice_order(
        &self,
        heard: &Heard,
        question: &Question,
        place: usize,
    ) -> Vec<u8> {
        let text = format!("{}/{}/{place}", heard.member.id, question.id);
        let seed = xxhash_rust::xxh3::xxh3_64_with_seed(text.as_bytes(), self.secret);
        shuffled(question.choices.len(), seed)
    }

    pub(super) fn practice_shown<'a>(
        &'a self,
        heard: &Heard,
        question: &'a Question,
        order: &'a [u8],
    ) -> wording::question::Shown<'a> {
        wording::question::Shown {
            round: 0,
            day: heard.at.to_zoned(TimeZone::UTC).date(),
            question,
            order,
            right: Choices::right_of(question),
            closes_at: heard.at,
            is_late: false,
            is_voided: false,
            notes_url: self.notes_url.as_deref(),
        }
    }

    /// The day that it is for a server.
    pub(super) fn today(&self, heard: &Heard) -> Result<Date, StoreError> {
        Ok(heard.at.to_zoned(self.zone_here(heard)?).date())
    }

    /// The zone in which a server's days begin.
    pub(super) fn zone_here(&self, heard: &Heard) -> Result<TimeZone, StoreError> {
        let guild = self.scores.guild(heard.place.guild.unwrap_or_default())?;
        Ok(zones::zone(&guild.zone).unwrap_or(TimeZone::UTC))
    }
}

/// `n` questions in an order by chance.
fn chosen_by_chance(pool: &[&Question], n: usize, seed: u64) -> Vec<String> {
    let mut ids: Vec<&str> = pool.iter().map(|question| question.id.as_str()).collect();
    ids.sort_by_cached_key(|id| {
        positive(xxhash_rust::xxh3::xxh3_64_with_seed(id.as_bytes(), seed))
    });
    ids.into_iter().take(n).map(str::to_owned).collect()
}
