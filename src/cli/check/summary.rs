//! What the notes and the question bank hold, in a few lines.

use std::collections::BTreeMap;
use std::io::{self, Write};

use super::{Level, Report};
use crate::cli::output::Output;
use crate::quiz::rules::Lengths;
use crate::quiz::{Bank, Difficulty, letter, rules};

/// Topics that stand in one line.
const TOPICS_PER_LINE: usize = 6;

pub(super) fn write(report: &Report, out: &mut Output) -> io::Result<()> {
    if !report.findings.is_empty() {
        writeln!(out)?;
    }
    let survey = &report.survey;
    if survey.n_notes > 0 {
        let (n_notes, n_sections) = (survey.n_notes, survey.n_sections);
        writeln!(out, "notes      {n_notes} with {n_sections} sections")?;
    }
    if let Some(bank) = &report.bank {
        questions(bank, report.n_files, out)?;
    }
    let n_of = |level| report.findings.iter().filter(|f| f.level == level).count();
    let (n_errors, n_warnings) = (n_of(Level::Error), n_of(Level::Warning));
    writeln!(out, "errors     {n_errors}")?;
    writeln!(out, "warnings   {n_warnings}")
}

fn questions(bank: &Bank, n_files: usize, out: &mut Output) -> io::Result<()> {
    let n = bank.questions().len();
    writeln!(out, "questions  {n} in {n_files} files")?;
    let by_difficulty = Difficulty::ALL.map(|difficulty| {
        let of_it = bank
            .questions()
            .iter()
            .filter(|q| q.difficulty == difficulty);
        let n_of_it = of_it.count();
        format!("{} {n_of_it} ({})", difficulty.name(), percent(n_of_it, n))
    });
    writeln!(out, "difficulty {}", by_difficulty.join(", "))?;
    let n_all = bank.questions().iter().filter(|q| q.n_right() > 1).count();
    writeln!(out, "choose-all {n_all} ({})", percent(n_all, n))?;
    let mut letters: BTreeMap<usize, usize> = BTreeMap::new();
    for (_, at) in rules::right_places(bank) {
        *letters.entry(at).or_default() += 1;
    }
    let letters = letters.iter().map(|(at, n)| format!("{} {n}", letter(*at)));
    let letters = letters.collect::<Vec<_>>().join(", ");
    let Lengths {
        n: n_single,
        n_longest,
        n_shortest,
    } = rules::lengths(bank);
    let longest = percent(n_longest, n_single);
    let shortest = percent(n_shortest, n_single);
    writeln!(
        out,
        "right      {letters}; the longest in {longest}, the shortest in {shortest}"
    )?;
    let mut topics: BTreeMap<&str, usize> = BTreeMap::new();
    for question in bank.questions() {
        *topics.entry(&question.topic).or_default() += 1;
    }
    let mut topics: Vec<(&str, usize)> = topics.into_iter().collect();
    topics.sort_by_key(|(topic, n)| (std::cmp::Reverse(*n), *topic));
    let mut name = "topics";
    for line in topics.chunks(TOPICS_PER_LINE) {
        let line = line.iter().map(|(topic, n)| format!("{topic} {n}"));
        writeln!(out, "{name:10} {}", line.collect::<Vec<_>>().join(", "))?;
        name = "";
    }
    Ok(())
}

fn percent(n: usize, of: usize) -> String {
    format!("{} %", (100 * n + of / 2) / of.max(1))
}
