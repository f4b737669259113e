//! Judged questions are read, and a line that does not fit is named.

use std::fs;
use std::path::Path;

use anyhow::{Context, ensure};
use serde::Deserialize;

use crate::cli::ask;

/// A question and the sections that answer it.
#[derive(Debug)]
pub(super) struct Question {
    /// Line in the file, from 1.
    pub(super) line: usize,
    pub(super) query: String,
    /// Sections as `path#anchor`, or `path` for any section of a note; empty where the notes do
    /// not hold the answer.
    pub(super) expect: Vec<String>,
    pub(super) kind: Option<String>,
}

#[derive(Deserialize)]
struct Line {
    query: String,
    expect: Vec<String>,
    kind: Option<String>,
}

pub(super) fn read(file: &Path) -> anyhow::Result<Vec<Question>> {
    let shown = file.display();
    let text = fs::read_to_string(file).with_context(|| format!("cannot read {shown}"))?;
    let lines = text.lines().enumerate();
    let questions = lines
        .filter(|(_, text)| !text.trim().is_empty())
        .map(|(at, text)| question(at + 1, text).with_context(|| format!("{shown}:{}", at + 1)))
        .collect::<anyhow::Result<Vec<Question>>>()?;
    ensure!(!questions.is_empty(), "{shown} holds no questions");
    Ok(questions)
}

fn question(number: usize, text: &str) -> anyhow::Result<Question> {
    let line: Line = serde_json::from_str(text)
        .context("not a line of the form {\"query\": \"…\", \"expect\": [\"path#anchor\", …]}")?;
    let query = ask::acceptable(&line.query)?.to_owned();
    Ok(Question {
        line: number,
        query,
        expect: line.expect,
        kind: line.kind,
    })
}
