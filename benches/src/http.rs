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

/// Questions that were answered, in a second and at half of that: medians of the rounds.
pub(crate) fn asked(work: &Path) -> Result<Vec<Row>> {
    let found = child::run(LOAD, &[&work.join(FOLDER)])?.found;
    let middle = |side: &str, what: &str| median(&numbers(&found[side][what]));
    let row = |name: &str, unit, what: &str| {
        Row::new(name, unit, middle("ours", what)).against(BARE, middle("bare", what))
    };
    let latency = |what: &str, share| {
        let ms = |side: &str| {
            let rounds = found[side]["ms"].as_array().into_iter().flatten();
            let of_each: Vec<f64> = rounds
                .map(|round| percentile(&numbers(round), share))
                .collect();
            median(&of_each)
        };
        let name = format!("at half of that: {what}");
        Row::new(name, Unit::Millis, ms("ours")).against(BARE, ms("bare"))
    };
    let full = format!("answers, {} at a time", client::N_CONNECTIONS);
    let half = found["half_per_s"].as_f64().unwrap_or_default();
    Ok(vec![
        row(&full, Unit::PerSecond, "per_s").goal(Goal::RatioAtLeast(0.4)),
        row("processor time of one", Unit::Micros, "cpu_us"),
        Row::new("half of that", Unit::PerSecond, half),
        latency("p50", 0.5),
        latency("p99", 0.99).goal(Goal::Below(20.0)),
    ])
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
