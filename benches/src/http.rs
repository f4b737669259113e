//! What is measured on the web server: questions that Discord posts to it, signed.
//!
//! One side is `studyhall serve` itself, run by the very function that the program's `main` calls,
//! on the repository's notes, with its scores in SQLite, its log, and a Discord of three routes for
//! what it asks at its start. The other is an axum handler that verifies the same signature and
//! answers a constant. Both are processes of their own; the client is the same for both, and its
//! work on the two cores weighs on both.

mod client;
mod constant;
mod discord;
mod letters;
mod load;
mod questions;
mod ready;
mod sides;

use std::path::Path;

use anyhow::Result;
use serde_json::Value;

pub(crate) use constant::serve as serve_constant;
pub(crate) use load::run as load;
pub(crate) use ready::run as start;
pub(crate) use sides::{CONSTANT, INDEX, STUDYHALL, index_studyhall, serve_studyhall};

use crate::child;
use crate::numbers::{median, numbers, percentile};
use crate::table::{Goal, Row, Unit};

/// The task of the process that posts.
pub(crate) const LOAD: &str = "http-load";

/// The task of the process that starts the bot.
pub(crate) const START: &str = "http-start";

/// The folders of these measurements below the one for all benchmarks.
const FOLDER: &str = "http";
const START_FOLDER: &str = "ready";

const BARE: &str = "verify, constant";

/// Questions that were answered, in a second and at half of that: medians of the rounds. First with the
/// same questions again and again, whose answers the bot keeps for a while, then with none that is
/// written as one before it.
pub(crate) fn asked(work: &Path) -> Result<Vec<Row>> {
    let found = child::run(LOAD, &[&work.join(FOLDER)])?.found;
    let goals = (Goal::RatioAtLeast(0.4), Goal::Below(20.0));
    let mut rows = rows("asked again", &found["same"], Some(goals));
    rows.extend(self::rows("written anew", &found["new"], None));
    Ok(rows)
}

/// What was found of questions of one kind, and how many a second and how long, at most, it should be.
fn rows(kind: &str, found: &Value, goals: Option<(Goal, Goal)>) -> Vec<Row> {
    let middle = |side: &str, what: &str| median(&numbers(&found[side][what]));
    let row = |name: &str, unit, what: &str| {
        Row::new(format!("{kind}: {name}"), unit, middle("ours", what))
            .against(BARE, middle("bare", what))
    };
    let latency = |what: &str, share| {
        let ms = |side: &str| {
            let rounds = found[side]["ms"].as_array().into_iter().flatten();
            let of_each: Vec<f64> = rounds
                .map(|round| percentile(&numbers(round), share))
                .collect();
            median(&of_each)
        };
        let name = format!("{kind}: at half of that, {what}");
        Row::new(name, Unit::Millis, ms("ours")).against(BARE, ms("bare"))
    };
    let mut full = row(
        &format!("{} at a time", client::N_CONNECTIONS),
        Unit::PerSecond,
        "per_s",
    );
    let mut longest = latency("p99", 0.99);
    if let Some((at_least, below)) = goals {
        full = full.goal(at_least);
        longest = longest.goal(below);
    }
    vec![
        full,
        row("processor time of one", Unit::Micros, "cpu_us"),
        latency("p50", 0.5),
        longest,
    ]
}

/// From the start of the bot until it is ready.
pub(crate) fn ready(work: &Path) -> Result<Vec<Row>> {
    let found = child::run(START, &[work, &work.join(START_FOLDER)])?.found;
    let name = format!("ready, with {} notes", found["n_notes"]);
    let s = median(&numbers(&found["s"]));
    Ok(vec![
        Row::new(name, Unit::Seconds, s).goal(Goal::Below(5.0)),
    ])
}
