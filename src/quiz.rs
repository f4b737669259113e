//! Questions: what they are, the bank that holds them, and when which one is asked.
//!
//! Texts come in and values go out; nothing here reads a file or a clock.

pub mod bag;
pub mod code;
pub mod grade;
pub mod import;
mod numbers;
pub mod period;
mod reading;
pub mod review;
pub mod rules;
pub mod schedule;
mod similar;
pub mod streak;
pub mod weekdays;
pub mod zones;

use std::collections::HashMap;
use std::fmt;

use jiff::civil::Date;

use code::Code;

/// Questions of a bank, at most. Those beyond are left out with an error.
pub const QUESTIONS_MAX: usize = 20_000;
/// Characters of a stem.
pub const STEM_MAX: usize = 1_000;
/// Characters of a choice.
pub const CHOICE_MAX: usize = 300;
/// Characters of what is said about one choice.
pub const WHY_MAX: usize = 500;
/// Characters of an explanation.
pub const EXPLANATION_MAX: usize = 2_000;
/// Choices of a question, from the fewest to the most.
pub const CHOICES: std::ops::RangeInclusive<usize> = 2..=10;
/// Characters of an id, from the fewest to the most.
pub const ID_CHARS: std::ops::RangeInclusive<usize> = 3..=64;

/// A question with its choices, the right ones, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// Its name for life: scores refer to it, whatever is reworded.
    pub id: String,
    /// The topic that it belongs to.
    pub topic: String,
    /// What is asked, as Markdown.
    pub stem: String,
    /// What can be chosen, in the order of the file.
    pub choices: Vec<Choice>,
    /// Why the right ones are right, as Markdown.
    pub explanation: String,
    /// The section of the notes that holds the answer, as `path#anchor`.
    pub section: String,
    /// How hard it is.
    pub difficulty: Difficulty,
    /// The last day on which it is known to hold, for what may change.
    pub until: Option<Date>,
    /// Where it stands.
    pub place: Place,
}

impl Question {
    /// How many of the choices are right.
    #[must_use]
    pub fn n_right(&self) -> usize {
        self.choices.iter().filter(|choice| choice.is_right).count()
    }
}

/// One thing that can be chosen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Choice {
    /// Its words, as Markdown.
    pub text: String,
    /// Whether it is right.
    pub is_right: bool,
    /// Why it is right or wrong.
    pub why: Option<String>,
}

/// How hard a question is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Difficulty {
    /// Ten points.
    Easy,
    /// Twenty points.
    Medium,
    /// Thirty points.
    Hard,
}

impl Difficulty {
    /// All of them, the easiest first.
    pub const ALL: [Self; 3] = [Self::Easy, Self::Medium, Self::Hard];

    /// The word for it in the files.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Easy => "easy",
            Self::Medium => "medium",
            Self::Hard => "hard",
        }
    }
}

/// Where something stands in the question files.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Path of the file below the notes folder.
    pub path: String,
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
}

/// Something wrong or odd in the question files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Where.
    pub place: Place,
    /// Which rule says so.
    pub code: Code,
    /// What is wrong and how to mend it.
    pub message: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Place { path, line, column } = &self.place;
        let (code, message) = (self.code.name(), &self.message);
        write!(f, "{path}:{line}:{column}: {code}: {message}")
    }
}

/// All questions that can be asked: at least one, no two of one id, in the order of the files.
#[derive(Clone, Debug)]
pub struct Bank {
    questions: Vec<Question>,
    by_id: HashMap<String, usize>,
}

impl Bank {
    /// Reads the question files, each a path below the notes folder with its text. A question
    /// with an error is left out, and the finding says why; without any question there is no bank.
    #[must_use]
    pub fn read(files: &[(String, String)]) -> (Option<Self>, Vec<Finding>) {
        let mut bank = Self {
            questions: Vec::new(),
            by_id: HashMap::new(),
        };
        let mut findings = Vec::new();
        for (path, text) in files {
            let (questions, found) = reading::read(path, text);
            findings.extend(found);
            for question in questions {
                findings.extend(bank.add(question));
            }
        }
        let bank = (!bank.questions.is_empty()).then_some(bank);
        (bank, findings)
    }

    /// All questions.
    #[must_use]
    pub fn questions(&self) -> &[Question] {
        &self.questions
    }

    /// The question with this id.
    #[must_use]
    pub fn find(&self, id: &str) -> Option<&Question> {
        self.by_id.get(id).map(|at| &self.questions[*at])
    }

    fn add(&mut self, question: Question) -> Option<Finding> {
        if let Some(first) = self.find(&question.id) {
            let Place { path, line, .. } = &first.place;
            return Some(Finding {
                message: format!(
                    "the id {} belongs to the question at {path}:{line}; give this one another",
                    question.id
                ),
                place: question.place,
                code: Code::IdDuplicate,
            });
        }
        if self.questions.len() == QUESTIONS_MAX {
            return Some(Finding {
                message: format!("a bank holds {QUESTIONS_MAX} questions; this one is left out"),
                place: question.place,
                code: Code::TooLong,
            });
        }
        self.by_id.insert(question.id.clone(), self.questions.len());
        self.questions.push(question);
        None
    }
}

/// The letter of the choice at this place: A for the first.
#[must_use]
pub fn letter(at: usize) -> char {
    u8::try_from(at).map_or('?', |at| char::from(b'A'.saturating_add(at)))
}
