//! `studyhall quiz`: what a keeper of questions does without a server.

mod import;
mod preview;

use super::Outcome;
use super::output::Output;
use crate::config::Settings;

/// Look ahead at the daily questions, and bring questions in from other formats
#[derive(Debug, clap::Args)]
pub(super) struct Quiz {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Show the posts of the next days
    Preview(preview::Preview),
    /// Turn questions from another format into a question file, on standard output
    Import(import::Import),
}

pub(super) fn run(quiz: &Quiz, settings: &Settings, out: &mut Output) -> anyhow::Result<Outcome> {
    match &quiz.command {
        Command::Preview(preview) => preview::run(preview, settings, out),
        Command::Import(import) => import::run(import, out),
    }
}
