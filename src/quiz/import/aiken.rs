//! Aiken: a question, its choices by letter, and a line `ANSWER: B`.

use super::{Found, Imported, letters, markdown, numbered, tick};
use crate::quiz::{Choice, letter};

/// Whether a line names the answer.
pub(super) fn is_answer(line: &str) -> bool {
    after_word(line, "answer:").is_some_and(|rest| letters::answer(rest).is_some())
}

/// Reads a text. Lines below the choices and before the next question may be wrapped ones; a
/// `FEEDBACK:` or `EXPLANATION:` line behind the answer explains it.
pub(super) fn read(text: &str) -> Imported {
    let mut reader = Reader::default();
    for (number, line) in numbered(text) {
        reader.line(number, line.trim());
    }
    reader.unanswered();
    reader.imported
}

#[derive(Default)]
struct Reader {
    imported: Imported,
    line: u32,
    stem: String,
    choices: Vec<String>,
    wrong: Option<String>,
    after_blank: bool,
    /// Whether the last line read explains the last question, or may.
    explains: bool,
}

impl Reader {
    fn line(&mut self, number: u32, line: &str) {
        if line.is_empty() {
            self.after_blank = true;
            self.explains = false;
            return;
        }
        let after_blank = std::mem::take(&mut self.after_blank);
        if self.explains {
            let words = ["feedback:", "explanation:"];
            let said = words.iter().find_map(|word| after_word(line, word));
            if let Some(question) = self.imported.questions.last_mut()
                && let Some(said) = said.or(question.explanation.is_some().then_some(line))
            {
                let explanation = question.explanation.get_or_insert_default();
                if !explanation.is_empty() {
                    explanation.push_str("\n\n");
                }
                explanation.push_str(&markdown::plain_line(said));
                return;
            }
            self.explains = false;
        }
        if let Some(answer) = after_word(line, "answer:") {
            return self.answer(number, answer);
        }
        match choice(line) {
            Some((at, text)) if at == self.choices.len() && !self.stem.is_empty() => {
                return self.choices.push(text.to_owned());
            }
            Some((at, _)) if !self.choices.is_empty() && !after_blank => {
                let (met, due) = (letter(at), letter(self.choices.len()));
                let message = format!(
                    "line {number} has the choice {met} where {due} is due; letter them in order"
                );
                self.wrong.get_or_insert(message);
                return self.choices.push(String::new());
            }
            _ => {}
        }
        if after_blank {
            self.unanswered();
        }
        let goes_on = match self.choices.last_mut() {
            Some(choice) => choice,
            None => &mut self.stem,
        };
        if goes_on.is_empty() && self.choices.is_empty() {
            self.line = number;
        }
        let goes_on = self.choices.last_mut().unwrap_or(&mut self.stem);
        if !goes_on.is_empty() {
            goes_on.push(' ');
        }
        goes_on.push_str(line);
    }

    /// Ends a question that has no answer.
    fn unanswered(&mut self) {
        if self.stem.is_empty() {
            return;
        }
        let message = match self.choices.is_empty() {
            true => "this text has no choices; put them below it, as `A. …`",
            false => "no answer follows the choices; end them with a line such as `ANSWER: B`",
        };
        let message = self.wrong.take().unwrap_or_else(|| message.to_owned());
        self.imported.problem(self.line, message);
        self.stem.clear();
        self.choices.clear();
    }

    fn answer(&mut self, number: u32, answer: &str) {
        if self.stem.is_empty() {
            let message = "an answer without a question; the question and its choices stand above";
            return self.imported.problem(number, message);
        }
        let texts = std::mem::take(&mut self.choices);
        let stem = std::mem::take(&mut self.stem);
        let right = letters::answer(answer).filter(|(_, rest)| rest.is_empty());
        let question = match (self.wrong.take(), right) {
            (Some(wrong), _) => Err(wrong),
            (None, None) => Err(format!(
                "\"{answer}\" names no choice; write the letter, as `ANSWER: B`"
            )),
            (None, Some((right, _))) => {
                let mut choices: Vec<Choice> = texts.iter().map(|text| choice_of(text)).collect();
                tick(&mut choices, &right).map(|()| Found {
                    line: self.line,
                    stem: markdown::plain(&stem),
                    choices,
                    ..Found::default()
                })
            }
        };
        self.explains = question.is_ok();
        self.imported.take(self.line, question);
    }
}

fn choice_of(text: &str) -> Choice {
    Choice {
        text: markdown::plain_line(text),
        ..Choice::default()
    }
}

/// A line such as `A. One` or `A) One`.
fn choice(line: &str) -> Option<(usize, &str)> {
    let first = line.bytes().next().filter(u8::is_ascii_alphabetic)?;
    let text = line[1..].strip_prefix(['.', ')'])?;
    let is_apart = text.is_empty() || text.starts_with([' ', '\t']);
    is_apart.then(|| (usize::from(first.to_ascii_uppercase() - b'A'), text.trim()))
}

/// What follows a word at the beginning of a line, in whatever capitals.
fn after_word<'a>(line: &'a str, word: &str) -> Option<&'a str> {
    let line = line.trim();
    let start = line.get(..word.len())?;
    start
        .eq_ignore_ascii_case(word)
        .then(|| line[word.len()..].trim())
}
