//! `studyhall config`: every setting, its value and where that comes from.

use std::io::Write;

use serde_json::json;

use super::Outcome;
use super::output::{FAINT, Output, STRONG, harmless, styled};
use crate::config::Settings;

/// Show every setting, its value and where that comes from
#[derive(Debug, clap::Args)]
pub(super) struct Config {
    /// Print one JSON object: {"KEY": {"value", "origin"}}
    #[arg(long)]
    json: bool,
}

pub(super) fn run(
    config: &Config,
    settings: &Settings,
    out: &mut Output,
) -> anyhow::Result<Outcome> {
    let shown = settings.shown();
    if config.json {
        let entry = |s: &crate::config::Shown| {
            let value = json!({"value": s.value, "origin": s.origin});
            (s.key.to_owned(), value)
        };
        let object: serde_json::Map<_, _> = shown.iter().map(entry).collect();
        writeln!(out, "{}", serde_json::to_string_pretty(&object)?)?;
        return Ok(Outcome::Done);
    }
    let widest = |width: fn(&crate::config::Shown) -> usize| shown.iter().map(width).max();
    let key_width = widest(|s| s.key.len()).unwrap_or(0);
    let value_of = |s: &crate::config::Shown| harmless(s.value.as_deref().unwrap_or("(not set)"));
    let value_width = shown.iter().map(|s| value_of(s).chars().count()).max();
    let value_width = value_width.unwrap_or(0);
    for setting in &shown {
        writeln!(
            out,
            "{}  {:value_width$}  {}",
            styled(STRONG, format_args!("{:key_width$}", setting.key)),
            value_of(setting),
            styled(FAINT, &setting.origin),
        )?;
    }
    Ok(Outcome::Done)
}
