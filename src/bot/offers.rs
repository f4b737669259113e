//! What is offered while somebody types an option of the quiz.

use super::Bot;
use crate::chat::{Heard, SUGGESTIONS_MAX, Suggestion};
use crate::quiz::zones;
use crate::scores::database::StoreError;
use crate::wording::offer;

impl Bot {
    pub(super) fn zones_like(&self, typed: &str) -> Vec<Suggestion> {
        let typed = typed.trim().to_lowercase().replace(' ', "_");
        let fits = zones::names().filter(|name| name.to_lowercase().contains(&typed));
        fits.take(SUGGESTIONS_MAX)
            .map(|name| offer(&name, &name))
            .collect()
    }

    pub(super) fn schedules_like(
        &self,
        heard: &Heard,
        typed: &str,
    ) -> Result<Vec<Suggestion>, StoreError> {
        if !heard.member.is_organiser {
            return Ok(Vec::new());
        }
        let schedules = self.kept_schedules(heard.place.guild.unwrap_or_default())?;
        let fits = schedules
            .iter()
            .filter(|schedule| like(&schedule.name, typed));
        Ok(fits
            .take(SUGGESTIONS_MAX)
            .map(|schedule| offer(&schedule.name, &schedule.name))
            .collect())
    }

    pub(super) fn questions_like(&self, heard: &Heard, typed: &str) -> Vec<Suggestion> {
        if !heard.member.is_organiser {
            return Vec::new();
        }
        let bank = self.bank();
        let questions = bank.iter().flat_map(|bank| bank.questions());
        let fits =
            questions.filter(|question| like(&question.stem, typed) || like(&question.id, typed));
        fits.take(SUGGESTIONS_MAX)
            .map(|question| offer(&question.stem, &question.id))
            .collect()
    }

    pub(super) fn quiz_topics_like(&self, typed: &str) -> Vec<Suggestion> {
        let bank = self.bank();
        let mut topics: Vec<&str> = bank
            .iter()
            .flat_map(|bank| bank.questions())
            .map(|question| question.topic.as_str())
            .filter(|topic| like(topic, typed))
            .collect();
        topics.sort_unstable();
        topics.dedup();
        topics
            .into_iter()
            .take(SUGGESTIONS_MAX)
            .map(|topic| offer(topic, topic))
            .collect()
    }

    pub(super) fn rounds_like(
        &self,
        heard: &Heard,
        typed: &str,
    ) -> Result<Vec<Suggestion>, StoreError> {
        if !heard.member.is_organiser {
            return Ok(Vec::new());
        }
        let rounds = self.scores.newest(
            heard.place.guild.unwrap_or_default(),
            SUGGESTIONS_MAX as u32,
        )?;
        let offers = rounds.iter().filter_map(|round| {
            let asks = round.asks.as_ref()?;
            Some(offer(
                &format!("{} · {}", round.day, asks.question.id),
                &round.id.0.to_string(),
            ))
        });
        Ok(offers.filter(|offer| like(&offer.name, typed)).collect())
    }
}

fn like(name: &str, typed: &str) -> bool {
    name.to_lowercase()
        .contains(typed.trim().to_lowercase().as_str())
}
