//! From the start of the bot until it is ready, with many notes and answers.

use std::fs;
use std::path::Path;
use std::time::Instant;

use anyhow::{Context as _, Result};
use serde_json::json;

use super::discord;
use super::sides::{self, DATA, Side};
use crate::{child, corpus, scores};

/// Megabytes of made-up notes: more than 100,000 of them.
const NOTES_MB: u64 = 380;
/// Times the bot is started.
const N_STARTS: usize = 9;

/// The task of the process that starts the bot.
pub(crate) fn run(work: &Path, folder: &Path) -> Result<()> {
    let corpus = corpus::generated(NOTES_MB, work)?;
    corpus::clear(folder)?;
    sides::index(&corpus.notes, folder)?;
    let file = folder.join(DATA).join("scores.sqlite");
    fs::copy(scores::made_file(work)?, &file).context("the scores cannot be copied")?;
    let discord = discord::start()?;
    let mut s = Vec::new();
    for _ in 0..N_STARTS {
        let started = Instant::now();
        let bot = Side::studyhall(&corpus.notes, folder, discord)?;
        s.push(started.elapsed().as_secs_f64());
        // It is killed, so that the next one finds what a crash leaves.
        drop(bot);
    }
    corpus::clear(folder)?;
    child::report(&json!({"s": s, "n_notes": corpus.n_notes}))
}
