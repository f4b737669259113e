//! `studyhall eval`: the quality of the answers, measured on judged questions.

mod measure;
mod questions;
mod trec;

use std::io::Write;
use std::path::PathBuf;

use serde_json::json;
use studyhall_index::{Index, Section, SectionKey};

use super::output::{Output, STRONG, harmless, note, styled};
use super::{Outcome, index};
use crate::config::Settings;
use measure::{Judgement, Measures};
use questions::Question;

/// Sections that are looked at for each question.
const DEPTH: usize = 10;

const EXAMPLES: &str = "\
FILE holds JSON lines: {\"query\", \"expect\": [\"path#anchor\" or \"path\", …], \"kind\"}.
An empty `expect` means that the notes do not hold the answer and must be said not to.
`kind` is optional; with it the measures are also given for each kind.

  hit@1, hit@3   the part of the answerable questions with an expected section first, among
                 the first three
  MRR@10         the mean of 1/rank of the first expected section
  nDCG@10        the same for all expected sections, those further down counting less
  wrong abstentions  answerable, but the notes were said not to hold the answer
  wrong answers      not answerable, but answered

Ranks count whether or not the answer was held to be one.

With --min-hit1 or --min-refused the questions that went wrong are listed and the exit code is 1
where a part falls below its floor: a guard for notes that are edited.

With --queries and --qrels a document is a note, its id the file's name without .md, its score
that of its best section.

Examples:
  studyhall eval judged.jsonl --failures
  studyhall eval judged.jsonl --min-hit1 0.95 --min-refused 0.95
  studyhall --notes-dir docs eval --queries queries.tsv --qrels qrels";

/// Measure answers on judged questions
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Eval {
    /// Judged questions, as JSON lines
    #[arg(required_unless_present = "queries", conflicts_with_all = ["queries", "qrels"])]
    file: Option<PathBuf>,
    /// Questions in TREC's manner: id, tab, text
    #[arg(long, value_name = "FILE", requires = "qrels")]
    queries: Option<PathBuf>,
    /// Judgements in TREC's manner: question, 0, document, relevance
    #[arg(long, value_name = "FILE", requires = "queries")]
    qrels: Option<PathBuf>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    /// List the questions that went wrong
    #[arg(long)]
    failures: bool,
    /// The part of the answerable questions whose first section must be an expected one, 0 to 1
    #[arg(long, value_name = "PART", value_parser = part, conflicts_with = "queries")]
    min_hit1: Option<f64>,
    /// The part of the questions without an answer that must be refused, 0 to 1
    #[arg(long, value_name = "PART", value_parser = part, conflicts_with = "queries")]
    min_refused: Option<f64>,
}

fn part(text: &str) -> Result<f64, String> {
    let part = text.parse().ok().filter(|part| (0.0..=1.0).contains(part));
    part.ok_or_else(|| "not a number from 0 to 1, such as 0.95".to_owned())
}

pub(super) fn run(eval: &Eval, settings: &Settings, out: &mut Output) -> anyhow::Result<Outcome> {
    if let (Some(queries), Some(qrels)) = (&eval.queries, &eval.qrels) {
        let collection = trec::read(queries, qrels)?;
        let index = index::fresh(settings)?;
        return trec::run(&collection, &index, eval.json, out);
    }
    let file = eval.file.clone().unwrap_or_default();
    let questions = questions::read(&file)?;
    let index = index::fresh(settings)?;
    note_missing(&questions, &index)?;
    let mut judged = Vec::with_capacity(questions.len());
    for question in &questions {
        let found = index.search(&question.query, None, DEPTH)?;
        let sections: Vec<&Section> = found.hits.iter().map(|hit| &hit.section).collect();
        let judgement = measure::judge(&question.expect, &sections, found.answered);
        let first = sections.first().map(|section| section.id());
        judged.push(Judged {
            question,
            judgement,
            first,
        });
    }
    let missed = eval.missed(&judged);
    let failures = eval.failures || !missed.is_empty();
    match eval.json {
        true => print_json(&judged, failures, out)?,
        false => print_table(&judged, failures, out)?,
    }
    for sentence in &missed {
        note(sentence);
    }
    Ok(match missed.is_empty() {
        true => Outcome::Done,
        false => Outcome::No,
    })
}

impl Eval {
    /// A sentence for each floor that was not reached.
    fn missed(&self, judged: &[Judged<'_>]) -> Vec<String> {
        let all = Measures::of(judged.iter().map(|j| &j.judgement));
        let floors = [
            ("hit@1", all.hit_at_1, self.min_hit1),
            ("the part refused", all.refused(), self.min_refused),
        ];
        let missed = floors.into_iter().filter_map(|(name, reached, floor)| {
            let floor = floor?;
            match reached {
                None => Some(format!(
                    "{name} has a floor, but no question is of that kind"
                )),
                Some(reached) if reached < floor => Some(format!(
                    "{name} is {reached:.4}, below its floor of {floor}"
                )),
                Some(_) => None,
            }
        });
        missed.collect()
    }
}

/// Says which expectations no ranking can meet, for the notes have changed.
fn note_missing(questions: &[Question], index: &Index) -> anyhow::Result<()> {
    for question in questions {
        for expected in question.expect.iter().filter(|id| id.contains('#')) {
            if index.section(SectionKey::of(expected))?.is_none() {
                let line = question.line;
                note(format!(
                    "line {line} expects {expected}, but there is no such section"
                ));
            }
        }
    }
    Ok(())
}

/// A question, how it went, and the section that came first.
struct Judged<'a> {
    question: &'a Question,
    judgement: Judgement,
    first: Option<String>,
}

/// The measures of all questions, then those of each kind by name.
fn by_kind<'a>(judged: &[Judged<'a>]) -> Vec<(&'a str, Measures)> {
    let of = |kind: Option<&str>| {
        let of_kind = judged
            .iter()
            .filter(|j| kind.is_none() || j.question.kind.as_deref() == kind);
        Measures::of(of_kind.map(|j| &j.judgement))
    };
    let mut kinds: Vec<&str> = judged
        .iter()
        .filter_map(|j| j.question.kind.as_deref())
        .collect();
    kinds.sort_unstable();
    kinds.dedup();
    let each = kinds.into_iter().map(|kind| (kind, of(Some(kind))));
    std::iter::once(("all", of(None))).chain(each).collect()
}

fn print_table(judged: &[Judged<'_>], failures: bool, out: &mut Output) -> anyhow::Result<()> {
    let rows = by_kind(judged);
    let width = rows.iter().map(|(kind, _)| kind.chars().count()).max();
    let width = width.unwrap_or(0);
    let head = format!(
        "{:width$}      n   hit@1   hit@3  MRR@10  nDCG@10  wrong abstentions  wrong answers",
        ""
    );
    writeln!(out, "{}", styled(STRONG, head))?;
    for (kind, m) in rows {
        let mean = |value: Option<f64>| value.map_or("-".to_owned(), |v| format!("{v:.4}"));
        writeln!(
            out,
            "{:width$}  {:>5}  {:>6}  {:>6}  {:>6}  {:>7}  {:>17}  {:>13}",
            harmless(kind),
            m.n,
            mean(m.hit_at_1),
            mean(m.hit_at_3),
            mean(m.mrr_at_10),
            mean(m.ndcg_at_10),
            format!("{} of {}", m.wrong_abstentions, m.n_answerable),
            format!("{} of {}", m.wrong_answers, m.n - m.n_answerable),
        )?;
    }
    if !failures {
        return Ok(());
    }
    writeln!(out)?;
    for j in judged {
        let Some(failure) = j.judgement.failure() else {
            continue;
        };
        writeln!(
            out,
            "line {}: {failure}: {}\n    expected {}\n    first    {}",
            j.question.line,
            harmless(&j.question.query),
            harmless(&j.question.expect.join(", ")),
            harmless(j.first.as_deref().unwrap_or("nothing")),
        )?;
    }
    Ok(())
}

fn print_json(judged: &[Judged<'_>], failures: bool, out: &mut Output) -> anyhow::Result<()> {
    let mut rows = by_kind(judged).into_iter();
    let all = rows.next().map(|(_, measures)| measures.to_json());
    let mut object = all.unwrap_or_default();
    let kinds: serde_json::Map<_, _> = rows
        .map(|(kind, measures)| (kind.to_owned(), measures.to_json()))
        .collect();
    if !kinds.is_empty() {
        object["kinds"] = kinds.into();
    }
    if failures {
        let failed = judged.iter().filter_map(|j| {
            let failure = j.judgement.failure()?;
            Some(json!({
                "line": j.question.line,
                "query": j.question.query,
                "failure": failure,
                "expect": j.question.expect,
                "first": j.first,
            }))
        });
        object["failures"] = failed.collect();
    }
    writeln!(out, "{object}")?;
    Ok(())
}
