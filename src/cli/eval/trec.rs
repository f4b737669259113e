//! Collections in TREC's manner: questions, and documents judged for each.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Write;
use std::path::Path;

use anyhow::{Context, ensure};
use serde_json::json;
use studyhall_index::Index;

use super::measure::ndcg;
use crate::cli::Outcome;
use crate::cli::output::Output;

/// Sections that are looked at for each question: enough for ten documents.
const DEPTH: usize = 100;
/// Documents that count.
const CUT: usize = 10;

/// Questions, and how relevant each judged document is to each.
#[derive(Debug)]
pub(super) struct Collection {
    /// Ids and texts in the order of the file.
    queries: Vec<(String, String)>,
    /// Relevance by question and document.
    judged: BTreeMap<String, BTreeMap<String, f64>>,
}

pub(super) fn read(queries: &Path, qrels: &Path) -> anyhow::Result<Collection> {
    let read = |path: &Path| {
        fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
    };
    let queries = parse_queries(&read(queries)?, queries)?;
    let judged = parse_qrels(&read(qrels)?, qrels)?;
    Ok(Collection { queries, judged })
}

fn parse_queries(text: &str, path: &Path) -> anyhow::Result<Vec<(String, String)>> {
    let mut queries = Vec::new();
    for (at, line) in text.lines().enumerate() {
        if line.trim().is_empty() {
            continue;
        }
        let (id, query) = line
            .split_once('\t')
            .with_context(|| format!("{}:{}: no tab", path.display(), at + 1))?;
        queries.push((id.trim().to_owned(), query.trim().to_owned()));
    }
    ensure!(!queries.is_empty(), "{} holds no questions", path.display());
    Ok(queries)
}

fn parse_qrels(text: &str, path: &Path) -> anyhow::Result<BTreeMap<String, BTreeMap<String, f64>>> {
    let mut judged: BTreeMap<String, BTreeMap<String, f64>> = BTreeMap::new();
    for (at, line) in text.lines().enumerate() {
        let fields: Vec<&str> = line.split_whitespace().collect();
        if fields.is_empty() {
            continue;
        }
        let place = || {
            let path = path.display();
            format!(
                "{path}:{}: not of the form `question 0 document relevance`",
                at + 1
            )
        };
        let &[query, _, document, relevance] = fields.as_slice() else {
            return Err(anyhow::Error::msg(place()));
        };
        let relevance: i32 = relevance.parse().with_context(place)?;
        let documents = judged.entry(query.to_owned()).or_default();
        documents.insert(document.to_owned(), f64::from(relevance.max(0)));
    }
    Ok(judged)
}

/// Prints the mean nDCG@10 over all questions; one that finds nothing counts as zero.
pub(super) fn run(
    collection: &Collection,
    index: &Index,
    as_json: bool,
    out: &mut Output,
) -> anyhow::Result<Outcome> {
    let none = BTreeMap::new();
    let mut sum = 0.0;
    for (id, query) in &collection.queries {
        let found = index.search(query, None, DEPTH)?;
        let paths = found.hits.iter().map(|hit| hit.section.path.as_str());
        let relevance = collection.judged.get(id).unwrap_or(&none);
        let documents = documents(paths);
        let gain = |document: &&str| relevance.get(*document).copied().unwrap_or(0.0);
        let gains: Vec<f64> = documents.iter().map(gain).collect();
        sum += ndcg(&gains, relevance.values().copied().collect());
    }
    let n = collection.queries.len();
    let mean = sum / n as f64;
    match as_json {
        true => writeln!(out, "{}", json!({"n": n, "ndcg@10": mean}))?,
        false => writeln!(out, "n        {n}\nnDCG@10  {mean:.4}")?,
    }
    Ok(Outcome::Done)
}

/// The documents that the sections of these notes belong to, best first, at most [`CUT`]: the
/// first section of a note is its best.
fn documents<'a>(paths: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut seen = BTreeSet::new();
    let document = |path: &'a str| {
        let name = path.rsplit('/').next().unwrap_or(path);
        name.strip_suffix(".md").unwrap_or(name)
    };
    paths
        .map(document)
        .filter(|id| seen.insert(*id))
        .take(CUT)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_stands_where_its_best_section_stands() {
        let paths = ["7.md", "old/9.md", "7.md", "8.md"];
        assert_eq!(documents(paths.into_iter()), ["7", "9", "8"]);
    }

    #[test]
    fn a_wrong_line_is_named() {
        let error = parse_qrels("1 0 7 2\n1 0 7\n", Path::new("qrels")).unwrap_err();
        assert!(error.to_string().starts_with("qrels:2:"), "{error}");
        let error = parse_queries("1 no tab", Path::new("q.tsv")).unwrap_err();
        assert!(error.to_string().starts_with("q.tsv:1:"), "{error}");
    }
}
