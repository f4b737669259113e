//! Questions from other formats: what becomes of them, and that nothing is lost on the way.

mod command;
mod formats;
mod hostile;

use studyhall::quiz::import::{Form, Format, Written, section, write};
use studyhall::quiz::{Bank, Difficulty, Question, letter};

/// A form that links to a section, so that what is written can be asked at once.
fn form() -> Form {
    Form {
        topic: None,
        topic_otherwise: "file".to_owned(),
        prefix: String::new(),
        section: Some(section("sqs.md#retention").expect("the name of a section")),
        difficulty: Difficulty::Medium,
    }
}

/// The questions that a bank reads from what was written, all of them.
#[track_caller]
fn bank(written: &Written) -> Vec<Question> {
    let files = [("quiz/x.md".to_owned(), written.text.clone())];
    let (bank, findings) = Bank::read(&files);
    let errors = findings.iter().filter(|finding| finding.code.is_error());
    let findings: Vec<String> = errors.map(ToString::to_string).collect();
    assert!(findings.is_empty(), "{findings:#?}\n{}", written.text);
    let questions = bank.map_or_else(Vec::new, |bank| bank.questions().to_vec());
    assert_eq!(questions.len(), written.n_questions, "{}", written.text);
    questions
}

/// A question in few lines: stem, choices by letter with `*` for right and `| why`, explanation.
fn shown(question: &Question) -> String {
    let mut lines = vec![question.stem.clone()];
    for (at, choice) in question.choices.iter().enumerate() {
        let mark = if choice.is_right { "*" } else { "" };
        let why = choice.why.as_ref().map(|why| format!(" | {why}"));
        lines.push(format!(
            "{mark}{} {}{}",
            letter(at),
            choice.text,
            why.unwrap_or_default()
        ));
    }
    let explanation = question.explanation.as_str();
    let link = "See [retention](../sqs.md#retention).";
    let plain = explanation.strip_suffix(link).expect("the link at the end");
    lines.push(format!("> {}", plain.trim_end()));
    lines.join("\n")
}

/// Reads a text and compares all questions, and all problems as `line: message`.
#[track_caller]
fn check(format: Format, text: &str, questions: &[&str], problems: &[&str]) {
    for text in [
        text.to_owned(),
        format!("\u{feff}{}", text.replace('\n', "\r\n")),
    ] {
        let written = write(format.read(&text), &form());
        let read: Vec<String> = bank(&written).iter().map(shown).collect();
        assert_eq!(read, questions, "{}", written.text);
        let met = written.problems.iter();
        let met: Vec<String> = met.map(|p| format!("{}: {}", p.line, p.message)).collect();
        assert_eq!(met.len(), problems.len(), "{met:#?}");
        for (met, expected) in met.iter().zip(problems) {
            assert!(met.starts_with(expected), "{met}, not {expected}");
        }
    }
}
