//! What a code means: of the notes, the questions and the settings.

use std::io::Write;

use anyhow::bail;

use crate::cli::Outcome;
use crate::cli::output::Output;
use crate::config;
use crate::quiz::code::Code;

/// Prints the explanation of a code, or says which code may be meant.
pub(super) fn run(code: &str, out: &mut Output) -> anyhow::Result<Outcome> {
    if let Some((code, level, text)) = codes().find(|(known, ..)| *known == code) {
        writeln!(out, "{code} ({level})\n\n{text}")?;
        return Ok(Outcome::Done);
    }
    let likeness =
        |(known, ..): &(&str, &str, &str)| (1000.0 * strsim::jaro_winkler(code, known)) as u32;
    let nearest = codes().max_by_key(likeness);
    let nearest = nearest.map_or("", |(known, ..)| known);
    bail!("there is no code \"{code}\"; did you mean {nearest}?")
}

/// Every code with its level and its explanation.
fn codes() -> impl Iterator<Item = (&'static str, &'static str, &'static str)> {
    let of_notes = studyhall_index::CODES.iter();
    let of_notes = of_notes.map(|(code, text)| (*code, "warning", *text));
    let of_settings = config::CODES.iter();
    let of_settings = of_settings.map(|(code, text)| (*code, "error", *text));
    let of_questions = Code::ALL.into_iter().map(|code| {
        let level = if code.is_error() { "error" } else { "warning" };
        (code.name(), level, code.explanation())
    });
    of_notes.chain(of_questions).chain(of_settings)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn no_two_codes_have_one_name() {
        let names: BTreeSet<&str> = codes().map(|(code, ..)| code).collect();
        assert_eq!(names.len(), codes().count());
    }
}
