//! `studyhall rehearse`: the bot in a terminal, without a token.

use std::fs;
use std::io::{self, BufReader};

use anyhow::Context;

use super::output::Output;
use super::{Outcome, store};
use crate::config::Settings;
use crate::console;

/// Folder in the data folder for the scores of a rehearsal, which begins with none.
const FOLDER: &str = "rehearsal";

/// Talk with the bot in the terminal: the same stories and words as in Discord, no token
#[derive(Debug, clap::Args)]
pub(super) struct Rehearse {}

pub(super) fn run(settings: &Settings) -> anyhow::Result<Outcome> {
    let file = settings.data_dir.join(FOLDER).join(store::FILE);
    for ending in ["", "-wal", "-shm"] {
        let mut name = file.clone().into_os_string();
        name.push(ending);
        match fs::remove_file(&name) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(error).context("cannot clear the scores of the last rehearsal");
            }
            _ => {}
        }
    }
    let bot = store::bot(settings, store::in_file(&file)?)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
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
