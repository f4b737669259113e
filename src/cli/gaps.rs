//! `studyhall gaps`: what the notes failed to answer.

use std::io::Write;

use serde_json::json;

use super::output::{FAINT, Output, STRONG, harmless, note, styled};
use super::{Outcome, store};
use crate::config::Settings;
use crate::scores::gaps::{About, Gap};

/// List what the notes failed to answer, the most often met first
#[derive(Debug, clap::Args)]
pub(super) struct Gaps {
    /// Print one JSON array
    #[arg(long)]
    json: bool,
}

pub(super) fn run(gaps: &Gaps, settings: &Settings, out: &mut Output) -> anyhow::Result<Outcome> {
    let listed = store::scores_beside(settings)?.gaps()?;
    if gaps.json {
        let objects: serde_json::Value = listed.iter().map(object).collect();
        writeln!(out, "{}", serde_json::to_string_pretty(&objects)?)?;
        return Ok(Outcome::Done);
    }
    if listed.is_empty() {
        note("Nothing is missing so far: no question has gone without an answer.");
    }
    for gap in &listed {
        let times = styled(STRONG, format!("{:>5}\u{d7}", gap.n_met));
        let text = harmless(gap.about.text()).replace(['\n', '\t'], " ");
        let helped = match gap.n_helped {
            0 => String::new(),
            n => format!(" (helped {n}\u{d7})"),
        };
        let what = match gap.about {
            About::Question(_) => "no answer:",
            About::Section(_) => "no help:  ",
        };
        let day = styled(FAINT, gap.last.strftime("%Y-%m-%d"));
        writeln!(out, "{times}  {day}  {what} {text}{helped}")?;
    }
    Ok(Outcome::Done)
}

fn object(gap: &Gap) -> serde_json::Value {
    let about = match gap.about {
        About::Question(_) => "question",
        About::Section(_) => "section",
    };
    json!({
        about: gap.about.text(),
        "n_met": gap.n_met,
        "n_helped": gap.n_helped,
        "last": gap.last.to_string(),
    })
}
