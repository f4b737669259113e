//! `studyhall rehearse`: the bot in a terminal, without a token.

use std::io::{self, BufReader};
use std::sync::Arc;

use anyhow::Context;

use super::output::Output;
use super::{Outcome, index};
use crate::bot::Bot;
use crate::config::Settings;
use crate::console;
use crate::gaps::Gaps;

/// Talk with the bot in the terminal: the same stories and words as in Discord, no token
#[derive(Debug, clap::Args)]
pub(super) struct Rehearse {}

pub(super) fn run(settings: &Settings) -> anyhow::Result<Outcome> {
    let bot = bot(settings)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .context("cannot start a runtime")?;
    let mut input = BufReader::new(io::stdin());
    runtime.block_on(console::rehearse(
        &bot,
        &mut input,
        Box::new(Output::stdout()),
    ))?;
    Ok(Outcome::Done)
}

/// The bot that the settings describe, on an index as new as the notes.
pub(super) fn bot(settings: &Settings) -> anyhow::Result<Bot> {
    let notes_url = settings.notes_url.as_ref().map(|url| url.as_str().into());
    Ok(Bot {
        index: index::fresh(settings)?,
        gaps: Arc::new(Gaps::open(&settings.data_dir)?),
        notes_url,
    })
}
