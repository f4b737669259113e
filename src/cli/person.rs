//! `studyhall person`: what is kept about one person, given out and taken out.

use std::io::Write;

use anyhow::Context;

use super::output::{Output, note};
use super::{Outcome, store};
use crate::bot;
use crate::config::Settings;

/// Give out or forget what is kept about one person
#[derive(Debug, clap::Args)]
pub(super) struct Person {
    #[command(subcommand)]
    command: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Print what is kept about a person, as JSON
    Export {
        /// The person's number on Discord
        id: u64,
    },
    /// Put a number that nobody has in a person's place, for good and without asking
    Forget {
        /// The person's number on Discord
        id: u64,
    },
}

pub(super) fn run(
    person: &Person,
    settings: &Settings,
    out: &mut Output,
) -> anyhow::Result<Outcome> {
    let scores = store::scores_beside(settings)?;
    match person.command {
        What::Export { id } => {
            let (bytes, _) = bot::person::export(&scores, id)?;
            out.write_all(&bytes)?;
            writeln!(out)?;
            Ok(Outcome::Done)
        }
        What::Forget { id } => {
            let secret = bot::secret(&scores, store::chance())?;
            let was_known = bot::person::forget(&scores, secret, id, store::chance())?;
            if !was_known {
                // An earlier attempt may have been cut off before its end.
                scores
                    .scrub()
                    .context("what was deleted may still stand in the file")?;
                note(format_args!("Nothing is known of {id}."));
                return Ok(Outcome::No);
            }
            writeln!(
                out,
                "{id} is forgotten: the answers count on for nobody, and nobody's rank changes."
            )?;
            note("Backups made before still hold the number.");
            Ok(Outcome::Done)
        }
    }
}
