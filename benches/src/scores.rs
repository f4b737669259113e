//! What is measured on the scores: answers that last, and boards of many people.

mod answers;
mod backup;
mod boards;
mod made;

use std::path::{Path, PathBuf};

use anyhow::Result;

pub(crate) use answers::record_all;
pub(crate) use backup::back_up_all;
pub(crate) use boards::ask_all;

use crate::child;
use crate::numbers::{median, numbers, percentile};
use crate::table::{Goal, Row, Unit};

/// The folder of the scores below the one for all benchmarks.
const FOLDER: &str = "scores";

const BARE: &str = "bare insert";
const VACUUM: &str = "bare VACUUM INTO";
const PLAIN: &str = "plain GROUP BY";

/// Answers that were recorded, in a second and one by one.
pub(crate) fn answers(work: &Path) -> Result<Vec<Row>> {
    let found = child::run("scores-answers", &[&work.join(FOLDER)])?.found;
    let rate = |name: &str| median(&numbers(&found[name]["per_s"]));
    let us = |name: &str, share| percentile(&numbers(&found[name]["us"]), share);
    let latency = |name: &str, share| {
        Row::new(name, Unit::Micros, us("one", share)).against(BARE, us("bare", share))
    };
    let many = format!("answers, {} at a time", answers::N_THREADS);
    Ok(vec![
        Row::new("answers, one at a time", Unit::PerSecond, rate("one"))
            .against(BARE, rate("bare"))
            .goal(Goal::RatioAtLeast(0.8)),
        Row::new(many, Unit::PerSecond, rate("many"))
            .against(BARE, rate("bare"))
            .goal(Goal::RatioAtLeast(2.0)),
        latency("one answer: p50", 0.5),
        latency("one answer: p99", 0.99),
        Row::new(
            "adding it up for the boards",
            Unit::Micros,
            median(&numbers(&found["one"]["sums_us"])),
        ),
    ])
}

/// A file with a million answers; it is made once and kept below `work`.
pub(crate) fn made_file(work: &Path) -> Result<PathBuf> {
    boards::made_file(&work.join(FOLDER))
}

/// First pages of boards, with the place of somebody who stands anywhere.
pub(crate) fn boards(work: &Path) -> Result<Vec<Row>> {
    let found = child::run("scores-boards", &[&work.join(FOLDER)])?.found;
    let mut rows = Vec::new();
    for kind in boards::KINDS {
        let ms = |side: &str, share| percentile(&numbers(&found[kind.name][side]), share);
        for (what, share) in [("p50", 0.5), ("p99", 0.99)] {
            let name = format!("board, {}: {what}", kind.name);
            let row =
                Row::new(name, Unit::Millis, ms("ours", share)).against(PLAIN, ms("plain", share));
            rows.push(match kind.has_goal && what == "p99" {
                true => row.goal(Goal::Below(5.0)),
                false => row,
            });
        }
    }
    Ok(rows)
}

/// A backup while somebody answers: how long it takes, and how long an answer waits for it.
pub(crate) fn backup(work: &Path) -> Result<Vec<Row>> {
    let found = child::run("scores-backup", &[&work.join(FOLDER)])?.found;
    let of = |side: &str, what: &str| numbers(&found[side][what]);
    let row = |name: &str, unit, what: &str, of_runs: fn(&[f64]) -> f64| {
        let (ours, bare) = (of_runs(&of("ours", what)), of_runs(&of("bare", what)));
        Row::new(name, unit, ours).against(VACUUM, bare)
    };
    let longest = |runs: &[f64]| percentile(runs, 1.0);
    let calm = median(&numbers(&found["calm_ms"]));
    Ok(vec![
        row("backup", Unit::Seconds, "s", median).goal(Goal::Below(2.0)),
        row(
            "longest wait of an answer meanwhile",
            Unit::Millis,
            "stall_ms",
            longest,
        )
        .goal(Goal::Below(250.0)),
        row("answers meanwhile", Unit::PerSecond, "per_s", median),
        Row::new(
            "restoring it",
            Unit::Seconds,
            median(&numbers(&found["restored_s"])),
        )
        .goal(Goal::Below(60.0)),
        Row::new("longest wait of an answer without", Unit::Millis, calm),
    ])
}
