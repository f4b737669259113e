//! Questions from other formats: what each reader gives, and which format a file has.
//!
//! A reader takes a text and never fails: what cannot become a question is a problem with its line.

mod aiken;
mod anki;
mod details;
mod gift;
mod html;
mod ids;
mod letters;
mod markdown;
mod native;
mod opentdb;

pub use ids::{PREFIX_MAX, prefix};
pub use native::{Form, Written, section, write};

use super::{Choice, Difficulty};

/// Bytes of a file that is imported, at most.
pub const FILE_MAX: usize = 64 * 1024 * 1024;

/// What a reader made of a text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Imported {
    /// The questions, in the order of the text. They are not yet held to the rules.
    pub questions: Vec<Found>,
    /// What could not become a question.
    pub problems: Vec<Problem>,
}

impl Imported {
    fn problem(&mut self, line: u32, message: impl Into<String>) {
        let message = message.into();
        self.problems.push(Problem { line, message });
    }

    fn take(&mut self, line: u32, question: Result<Found, String>) {
        match question {
            Ok(question) => self.questions.push(question),
            Err(message) => self.problem(line, message),
        }
    }
}

/// A question as it was found. All texts are Markdown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// Line at which it begins, from 1.
    pub line: u32,
    /// What is asked.
    pub stem: String,
    /// What can be chosen.
    pub choices: Vec<Choice>,
    /// Why the right ones are right, where the file says so.
    pub explanation: Option<String>,
    /// The category that it stands in, where the file names one.
    pub topic: Option<String>,
    /// How hard it is, where the file says so.
    pub difficulty: Option<Difficulty>,
}

/// What could not become a question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Line at which it begins, from 1.
    pub line: u32,
    /// What is wrong and how to mend it.
    pub message: String,
}

/// A format that can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Aiken: the choices by letter, then `ANSWER: B`.
    Aiken,
    /// Moodle's GIFT.
    Gift,
    /// Open Trivia Database: the JSON of its API.
    Opentdb,
    /// Anki: notes exported as text.
    Anki,
    /// Markdown with the answers in `<details>`.
    Details,
}

impl Format {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Aiken,
        Self::Gift,
        Self::Opentdb,
        Self::Anki,
        Self::Details,
    ];

    /// The word for it on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Aiken => "aiken",
            Self::Gift => "gift",
            Self::Opentdb => "opentdb",
            Self::Anki => "anki",
            Self::Details => "details",
        }
    }

    /// The format of a file by its extension (without the dot), or else by its text; none where it
    /// is not clear.
    #[must_use]
    pub fn of(extension: &str, text: &str) -> Option<Self> {
        match extension.to_ascii_lowercase().as_str() {
            "aiken" => return Some(Self::Aiken),
            "gift" => return Some(Self::Gift),
            "json" => return Some(Self::Opentdb),
            "tsv" => return Some(Self::Anki),
            "md" | "markdown" => return Some(Self::Details),
            _ => {}
        }
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut signs = Self::ALL.into_iter().filter(|format| format.is_seen(text));
        match (signs.next(), signs.next()) {
            (Some(format), None) => Some(format),
            _ => None,
        }
    }

    /// Whether a text has what only this format has.
    fn is_seen(self, text: &str) -> bool {
        match self {
            Self::Aiken => text.lines().any(aiken::is_answer),
            Self::Gift => gift::is_seen(text),
            Self::Opentdb => text.trim_start().starts_with(['{', '[']) && text.contains("_answer"),
            Self::Anki => anki::is_seen(text),
            Self::Details => text.to_ascii_lowercase().contains("<details"),
        }
    }

    /// Reads a text of this format.
    #[must_use]
    pub fn read(self, text: &str) -> Imported {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let text = text.replace("\r\n", "\n").replace('\r', "\n");
        match self {
            Self::Aiken => aiken::read(&text),
            Self::Gift => gift::read(&text),
            Self::Opentdb => opentdb::read(&text),
            Self::Anki => anki::read(&text),
            Self::Details => details::read(&text),
        }
    }
}

/// The lines of a text with their numbers.
fn numbered(text: &str) -> impl Iterator<Item = (u32, &str)> {
    (1..).zip(text.lines())
}

/// Ticks the choices at these places; says what is wrong if one is not there.
fn tick(choices: &mut [Choice], right: &[usize]) -> Result<(), String> {
    for at in right {
        let n_choices = choices.len();
        let Some(choice) = choices.get_mut(*at) else {
            return Err(format!(
                "the answer is {}, and there are {n_choices} choices; name one of theirs",
                super::letter(*at)
            ));
        };
        choice.is_right = true;
    }
    Ok(())
}
