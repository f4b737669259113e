//! The form in which machines get an answer.

use serde::Serialize;
use serde_json::Value;
use studyhall_index::{Found, Hit};

/// What a search brought to light, as one JSON object.
#[derive(Debug, Serialize)]
pub(super) struct Answer<'a> {
    /// The id of a line of a batch, as it came.
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a Value>,
    query: &'a str,
    answered: bool,
    /// With `--explain` only.
    #[serde(skip_serializing_if = "Option::is_none")]
    confidence: Option<f32>,
    /// With `--explain` only.
    #[serde(skip_serializing_if = "Option::is_none")]
    corrections: Option<Vec<Correction<'a>>>,
    results: Vec<Ranked<'a>>,
}

#[derive(Debug, Serialize)]
struct Ranked<'a> {
    section: String,
    path: &'a str,
    anchor: &'a str,
    line: u32,
    heading_path: &'a [String],
    score: f32,
    quote: Option<&'a str>,
    body: &'a str,
    /// With `--explain` only.
    #[serde(skip_serializing_if = "Option::is_none")]
    reasons: Option<Vec<Reason>>,
}

#[derive(Debug, Serialize)]
struct Correction<'a> {
    typed: &'a str,
    read_as: &'a str,
}

#[derive(Debug, Serialize)]
struct Reason {
    name: &'static str,
    value: f32,
}

/// Whether an answer says why its hits rank where they do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Explain {
    No,
    Yes,
}

impl<'a> Answer<'a> {
    /// The answer to `query`, without an id.
    pub(super) fn new(query: &'a str, found: &'a Found, explain: Explain) -> Self {
        let explained = explain == Explain::Yes;
        let corrections = || {
            let each = |c: &'a studyhall_index::Correction| Correction {
                typed: &c.typed,
                read_as: &c.read_as,
            };
            found.corrections.iter().map(each).collect()
        };
        Self {
            id: None,
            query,
            answered: found.answered,
            confidence: explained.then_some(found.confidence),
            corrections: explained.then(corrections),
            results: found.hits.iter().map(|hit| result(hit, explain)).collect(),
        }
    }

    /// The same for the line of a batch with this id.
    pub(super) fn with_id(self, id: &'a Value) -> Self {
        Self {
            id: Some(id),
            ..self
        }
    }
}

fn result(hit: &Hit, explain: Explain) -> Ranked<'_> {
    let reasons = || {
        let each = |reason: &studyhall_index::Reason| Reason {
            name: reason.name,
            value: reason.value,
        };
        hit.reasons.iter().map(each).collect()
    };
    Ranked {
        section: hit.section.id(),
        path: &hit.section.path,
        anchor: &hit.section.anchor,
        line: hit.section.line,
        heading_path: &hit.section.heading_path,
        score: hit.score,
        quote: hit.quote.as_ref().map(|quote| quote.text.as_str()),
        body: &hit.section.body,
        reasons: (explain == Explain::Yes).then(reasons),
    }
}
