//! What is kept about one person: given out, and taken out.

use anyhow::Context;
use serde_json::{Value, json};

use super::rounds::positive;
use crate::scores::Scores;
use crate::scores::database::StoreError;

/// All that is kept about a person, as JSON, and how many rows that is.
///
/// # Errors
/// The store fails.
pub fn export(scores: &Scores, member: u64) -> anyhow::Result<(Vec<u8>, usize)> {
    let events = scores.events(member)?;
    let rows: Vec<_> = events
        .iter()
        .map(|event| {
            json!({
                "guild": event.guild.to_string(),
                "round": event.round.to_string(),
                "question": event.question,
                "kind": event.kind,
                "choices": event.choices,
                "points": event.points,
                "day": event.day.to_string(),
                "at": event.at.to_string(),
                "reason": event.reason,
            })
        })
        .collect();
    let cards = scores.written_reviews(member)?;
    let reviews: Vec<_> = cards
        .iter()
        .map(|(guild, card)| {
            json!({
                "guild": guild.to_string(),
                "question": card.question,
                "stability": card.memory.stability(),
                "difficulty": card.memory.difficulty(),
                "at": card.at.to_string(),
                "times": card.times,
            })
        })
        .collect();
    let traces = scores.traces(member)?;
    let export = json!({
        "person": member.to_string(),
        "events": rows,
        "reviews": reviews,
        "memberships": each(&traces.memberships, |of| json!({
            "guild": of.guild.to_string(),
            "streak": of.streak.current,
            "streak_best": of.streak.best,
            "freezes": of.streak.freezes,
            "last_day": of.streak.last.map(|day| day.to_string()),
            "is_hidden": of.is_hidden,
            "has_departed": of.has_departed,
        })),
        "practices": each(&traces.practices, |(guild, practice, at)| json!({
            "guild": guild.to_string(),
            "questions": practice.questions,
            "n_done": practice.place,
            "n_right": practice.n_right,
            "at": at.to_string(),
        })),
        "reports": each(&traces.reports, |(guild, round, at)| json!({
            "guild": guild.to_string(),
            "round": round.to_string(),
            "at": at.to_string(),
        })),
        "acts": each(&traces.acts, |act| json!({
            "guild": act.guild.to_string(),
            "at": act.at.to_string(),
            "what": act.what,
            "detail": act.detail,
        })),
        "schedules": each(&traces.schedules, |(guild, name)| json!({
            "guild": guild.to_string(),
            "name": name,
        })),
    });
    let bytes = serde_json::to_vec_pretty(&export).context("the export cannot be written")?;
    Ok((bytes, events.len() + cards.len() + traces.n_rows()))
}

fn each<T>(all: &[T], show: impl Fn(&T) -> Value) -> Vec<Value> {
    all.iter().map(show).collect()
}

/// Takes a person out of the scores that have this secret; `chance` is any number that nobody can
/// guess. Whether anything was known.
///
/// # Errors
/// The store fails.
pub fn forget(scores: &Scores, secret: u64, member: u64, chance: u64) -> Result<bool, StoreError> {
    let text = format!("{chance}/{member}");
    let hash = xxhash_rust::xxh3::xxh3_64_with_seed(text.as_bytes(), secret.rotate_left(17));
    scores.forget(member, -positive(hash))
}
