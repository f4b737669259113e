//! The questions that are asked: the repository's judged ones that its notes answer.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;
use studyhall::answer::{self, Answer};
use studyhall_index::Index;

/// Questions that are answered, at least: there are some hundreds.
const N_MIN: usize = 200;

/// A question, and the heading of the section that answers it.
#[derive(Clone, Debug)]
pub(super) struct Judged {
    pub(super) question: String,
    heading: String,
}

impl Judged {
    /// Whether a reply is a whole one, at once, that shows the section.
    pub(super) fn is_answered_by(&self, reply: &[u8]) -> bool {
        let Ok(reply) = serde_json::from_slice::<Value>(reply) else {
            return false;
        };
        let shown = letters(&reply["data"].to_string());
        reply["type"] == 4 && shown.contains(&letters(&self.heading))
    }
}

/// The repository's notes.
pub(super) fn notes() -> Result<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent();
    Ok(root.context("a folder above this crate")?.join("notes"))
}

/// The questions to which the notes have an answer, by an index that is built here, apart from the
/// one that is measured.
pub(super) fn answered(notes: &Path, folder: &Path) -> Result<Vec<Judged>> {
    let index = Index::open(folder)?;
    index.sync(notes, &|_| ())?;
    let mut judged = Vec::new();
    for line in fs::read_to_string(notes.join("eval.jsonl"))?.lines() {
        let line: Value = serde_json::from_str(line)?;
        let question = line["query"].as_str().context("a line without a query")?;
        if let Answer::Found { best, .. } = answer::answer(&index, question, None)? {
            judged.push(Judged {
                question: question.to_owned(),
                heading: best.section.heading().to_owned(),
            });
        }
    }
    ensure!(judged.len() >= N_MIN, "only {} questions", judged.len());
    Ok(judged)
}

/// A text's letters and digits alone: how Markdown and JSON write the others does not matter.
fn letters(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_whole_answer_that_shows_the_section_is_one() {
        let judged = Judged {
            question: "sqs timeout".to_owned(),
            heading: "Visibility_timeout".to_owned(),
        };
        let is_answered = |reply: &str| judged.is_answered_by(reply.as_bytes());
        let shown = r#"{"content":"**Visibility\\_timeout**: 30 seconds"}"#;
        assert!(is_answered(&format!(r#"{{"type":4,"data":{shown}}}"#)));
        assert!(!is_answered(&format!(r#"{{"type":5,"data":{shown}}}"#)));
        assert!(!is_answered(r#"{"type":4,"data":{"content":"No answer"}}"#));
        assert!(!is_answered("too much to do"));
    }
}
