//! Reading one file of questions, line by line.

use jiff::civil::Date;
use studyhall_index::{Target, links, target};

use super::code::Code;
use super::{
    CHOICE_MAX, CHOICES, Choice, Difficulty, EXPLANATION_MAX, Finding, ID_CHARS, Place, Question,
    STEM_MAX, WHY_MAX, rules,
};

/// What may be set for a question, and for a file.
const QUESTION_KEYS: [&str; 3] = ["difficulty", "topic", "until"];
const FILE_KEYS: [&str; 1] = ["topic"];

/// Reads a file. Never fails: a question with an error is left out, and a finding says why.
pub(super) fn read(path: &str, text: &str) -> (Vec<Question>, Vec<Finding>) {
    let mut reader = Reader {
        path,
        topic: None,
        questions: Vec::new(),
        findings: Vec::new(),
        draft: None,
        fence: None,
    };
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut lines = (1..).zip(text.lines()).peekable();
    if lines
        .peek()
        .is_some_and(|(_, line)| line.trim_end() == "---")
    {
        lines.next();
        for (number, line) in lines.by_ref() {
            if line.trim_end() == "---" {
                break;
            }
            reader.file_setting(number, line);
        }
    }
    for (number, line) in lines {
        reader.line(number, line.trim_end());
    }
    reader.close();
    reader.findings.sort_by(|a, b| a.place.cmp(&b.place));
    (reader.questions, reader.findings)
}

/// Which part of a question is being read. Parts stand in this order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    #[default]
    Stem,
    Choices,
    Explanation,
    Settings,
}

/// A question that is being read.
#[derive(Default)]
struct Draft {
    line: u32,
    part: Part,
    id: Option<String>,
    stem: String,
    choices: Vec<Choice>,
    /// The line of each choice.
    choice_lines: Vec<u32>,
    /// Whether the last choice's words may go on in the next line.
    is_open: bool,
    explanation: String,
    explanation_line: u32,
    topic: Option<String>,
    difficulty: Option<Difficulty>,
    until: Option<Date>,
    /// Keys that were said.
    said: Vec<&'static str>,
    is_wrong: bool,
}

struct Reader<'a> {
    path: &'a str,
    topic: Option<String>,
    questions: Vec<Question>,
    findings: Vec<Finding>,
    draft: Option<Draft>,
    /// The mark that closes the code block being read, if one is.
    fence: Option<String>,
}

impl Reader<'_> {
    fn find(&mut self, line: u32, column: u32, code: Code, message: impl Into<String>) {
        if let Some(draft) = &mut self.draft
            && code.is_error()
        {
            draft.is_wrong = true;
        }
        self.findings.push(Finding {
            place: self.place(line, column),
            code,
            message: message.into(),
        });
    }

    fn place(&self, line: u32, column: u32) -> Place {
        Place {
            path: self.path.to_owned(),
            line,
            column,
        }
    }

    fn line(&mut self, number: u32, line: &str) {
        if let Some(mark) = &self.fence {
            if line.trim_start().starts_with(mark.as_str()) {
                self.fence = None;
            }
            return self.more_stem(line);
        }
        if let Some(heading) = line.strip_prefix("## ") {
            self.close();
            return self.open(number, heading.trim());
        }
        let Some(draft) = &mut self.draft else {
            // Before the first question a file may say what it is about.
            return;
        };
        let indent = line.len() - line.trim_start().len();
        let words = line.trim_start();
        if words.is_empty() {
            draft.is_open = false;
            if draft.part == Part::Stem {
                self.more_stem("");
            }
        } else if let Some((is_right, text)) = boxed(words).filter(|_| indent < 4) {
            self.choice(number, is_right, text);
        } else if let Some(quote) = words.strip_prefix('>') {
            self.quote(number, indent, quote.strip_prefix(' ').unwrap_or(quote));
        } else if draft.part == Part::Choices && draft.is_open && indent >= 2 {
            if let Some(choice) = draft.choices.last_mut() {
                choice.text.push(' ');
                choice.text.push_str(words);
            }
        } else if draft.part == Part::Stem {
            let fence = words.chars().take_while(|c| *c == '`').count();
            if fence >= 3 {
                self.fence = Some("`".repeat(fence));
            }
            self.more_stem(line);
        } else if let Some((key, value)) = setting(words) {
            self.setting(number, key, value);
        } else {
            self.stray(number, indent);
        }
    }

    fn stray(&mut self, number: u32, indent: usize) {
        let column = u32::try_from(indent + 1).unwrap_or(u32::MAX);
        self.find(
            number,
            column,
            Code::Stray,
            "this line belongs to nothing; the stem stands before the choices, and what explains \
             the answer is a quote (`> …`)",
        );
    }

    fn more_stem(&mut self, line: &str) {
        if let Some(draft) = &mut self.draft
            && draft.part == Part::Stem
        {
            draft.stem.push('\n');
            draft.stem.push_str(line);
        }
    }

    fn choice(&mut self, number: u32, is_right: bool, text: &str) {
        let Some(draft) = &mut self.draft else {
            return;
        };
        if draft.part > Part::Choices {
            return self.stray(number, 0);
        }
        draft.part = Part::Choices;
        draft.is_open = true;
        draft.choice_lines.push(number);
        draft.choices.push(Choice {
            text: text.trim().to_owned(),
            is_right,
            why: None,
        });
    }

    fn quote(&mut self, number: u32, indent: usize, text: &str) {
        let Some(draft) = &mut self.draft else {
            return;
        };
        match (draft.part, draft.choices.last_mut()) {
            (Part::Choices, Some(choice)) if indent >= 2 => {
                draft.is_open = false;
                append(choice.why.get_or_insert_default(), text);
            }
            (Part::Choices | Part::Explanation, _) => {
                if draft.part == Part::Choices {
                    draft.explanation_line = number;
                }
                draft.part = Part::Explanation;
                append(&mut draft.explanation, text);
            }
            (Part::Stem, _) => self.more_stem(&format!("> {text}")),
            (Part::Settings, _) => self.stray(number, indent),
        }
    }

    fn open(&mut self, number: u32, heading: &str) {
        let (stem, id) = match heading.rsplit_once("{#") {
            Some((stem, id)) if id.ends_with('}') => (stem.trim(), Some(&id[..id.len() - 1])),
            _ => (heading, None),
        };
        self.draft = Some(Draft {
            line: number,
            stem: stem.to_owned(),
            ..Draft::default()
        });
        match id {
            None => self.find(
                number,
                1,
                Code::IdMissing,
                "this question has no id; put one behind its heading, as {#s3-name}",
            ),
            Some(id) if !is_id(id) => {
                let message = format!(
                    "\"{id}\" is no id: 3 to 64 small letters, digits and hyphens, as {{#s3-name}}"
                );
                let column = heading.chars().count() - id.chars().count() + 3;
                self.find(
                    number,
                    u32::try_from(column).unwrap_or(1),
                    Code::IdForm,
                    message,
                );
            }
            Some(id) => {
                if let Some(draft) = &mut self.draft {
                    draft.id = Some(id.to_owned());
                }
            }
        }
    }

    fn file_setting(&mut self, number: u32, line: &str) {
        match setting(line.trim()) {
            None if line.trim().is_empty() || line.starts_with('#') => {}
            Some(("topic", topic)) => {
                self.topic = self.topic_named(number, topic.trim_matches(['"', '\'']));
            }
            Some((key, _)) => {
                let message = unknown(key, &FILE_KEYS);
                self.find(number, 1, Code::Setting, message);
            }
            None => self.find(
                number,
                1,
                Code::Setting,
                "the lines between the two `---` are settings, as `topic: s3`",
            ),
        }
    }

    /// A topic as it can be chosen in a list with commas.
    fn topic_named(&mut self, number: u32, topic: &str) -> Option<String> {
        if topic.is_empty() || topic.contains(',') {
            let message = "name one topic, as `topic: s3`, without commas";
            self.find(number, 1, Code::Setting, message);
            return None;
        }
        Some(topic.to_owned())
    }

    fn setting(&mut self, number: u32, key: &str, value: &str) {
        let Some(draft) = &mut self.draft else {
            return;
        };
        draft.part = Part::Settings;
        let Some(known) = QUESTION_KEYS.into_iter().find(|known| *known == key) else {
            let message = unknown(key, &QUESTION_KEYS);
            return self.find(number, 1, Code::Setting, message);
        };
        if draft.said.contains(&known) {
            return self.find(number, 1, Code::Setting, format!("`{key}` is said twice"));
        }
        draft.said.push(known);
        match known {
            "difficulty" => {
                let mut all = Difficulty::ALL.into_iter();
                draft.difficulty = all.find(|difficulty| difficulty.name() == value);
                if draft.difficulty.is_none() {
                    let message =
                        format!("the difficulty is easy, medium or hard, not \"{value}\"");
                    self.find(number, 1, Code::Difficulty, message);
                }
            }
            "topic" => {
                let topic = self.topic_named(number, value);
                if let Some(draft) = &mut self.draft {
                    draft.topic = topic;
                }
            }
            _ => match value.parse() {
                Ok(until) => draft.until = Some(until),
                Err(_) => {
                    let message = format!("`until` is a date such as 2027-05-31, not \"{value}\"");
                    self.find(number, 1, Code::Setting, message);
                }
            },
        }
    }

    /// Ends the question that is being read: it is held to the rules, and kept if it breaks none.
    fn close(&mut self) {
        self.fence = None;
        let Some(mut draft) = self.draft.take() else {
            return;
        };
        draft.stem = draft.stem.trim().to_owned();
        draft.explanation = draft.explanation.trim().to_owned();
        draft.topic = draft.topic.or_else(|| self.topic.clone());
        let faults = faults(&draft, self.path);
        for (line, code, message) in faults {
            draft.is_wrong |= code.is_error();
            self.find(line, 1, code, message);
        }
        let section = section(&draft, self.path);
        if let (false, Some(id), Some(topic), Some(difficulty), Some(section)) = (
            draft.is_wrong,
            draft.id,
            draft.topic,
            draft.difficulty,
            section,
        ) {
            self.questions.push(Question {
                id,
                topic,
                stem: draft.stem,
                choices: draft.choices,
                explanation: draft.explanation,
                section,
                difficulty,
                until: draft.until,
                place: self.place(draft.line, 1),
            });
        }
    }
}

/// What is wrong with a question as a whole: line, rule, message.
fn faults(draft: &Draft, path: &str) -> Vec<(u32, Code, String)> {
    let mut faults: Vec<(u32, Code, String)> = Vec::new();
    let line = draft.line;
    let mut fault = |line: u32, code: Code, message: &str| {
        faults.push((line, code, message.to_owned()));
    };
    if draft.topic.is_none() {
        fault(
            line,
            Code::TopicMissing,
            "begin the file with `topic: …` between two `---`",
        );
    }
    if draft.difficulty.is_none() && !draft.said.contains(&"difficulty") {
        fault(
            line,
            Code::Difficulty,
            "end the question with `difficulty: easy`, medium or hard",
        );
    }
    let n_choices = draft.choices.len();
    if n_choices < *CHOICES.start() {
        fault(
            line,
            Code::FewChoices,
            "offer at least two choices, as `- [ ] …` and `- [x] …`",
        );
    } else if n_choices > *CHOICES.end() {
        fault(line, Code::ManyChoices, "offer at most ten choices");
    } else {
        match draft
            .choices
            .iter()
            .filter(|choice| choice.is_right)
            .count()
        {
            0 => fault(
                line,
                Code::NoRight,
                "no choice is right; tick one, as `- [x] …`",
            ),
            n if n == n_choices => fault(line, Code::AllRight, "all choices are right"),
            n => {
                if let Some(message) = rules::stem_against_key(&draft.stem, n) {
                    fault(line, Code::StemKey, &message);
                }
            }
        }
    }
    if draft.explanation.is_empty() {
        fault(
            line,
            Code::NoExplanation,
            "explain the answer below the choices, as `> …`",
        );
    } else if section(draft, path).is_none() {
        let message =
            "link to the section that holds the answer, as [retention](../sqs.md#retention)";
        fault(draft.explanation_line, Code::NoLink, message);
    }
    for (code, line, message) in rules::of_choices(&draft.choices, &draft.choice_lines) {
        faults.push((line, code, message));
    }
    let whys = draft.choices.iter().zip(&draft.choice_lines);
    let texts = [
        (line, "stem", draft.stem.as_str(), STEM_MAX),
        (
            draft.explanation_line,
            "explanation",
            &draft.explanation,
            EXPLANATION_MAX,
        ),
    ]
    .into_iter()
    .chain(whys.flat_map(|(choice, line)| {
        let why = choice.why.as_deref().unwrap_or_default();
        [
            (*line, "choice", choice.text.as_str(), CHOICE_MAX),
            (*line, "quote below the choice", why, WHY_MAX),
        ]
    }));
    for (line, what, text, max) in texts {
        let n_chars = text.chars().count();
        if n_chars > max {
            let message = format!("this {what} has {n_chars} characters; {max} can be shown");
            faults.push((line, Code::TooLong, message));
        }
    }
    faults
}

/// The section that the explanation's first link to a note leads to.
fn section(draft: &Draft, path: &str) -> Option<String> {
    let found = links(&draft.explanation).into_iter();
    let mut sections = found.filter_map(|link| match target(path, &link.address) {
        Target::Note(id) => Some(id),
        Target::Outside | Target::Elsewhere => None,
    });
    sections.next()
}

/// A list item with a box: whether it is ticked, and its words.
fn boxed(words: &str) -> Option<(bool, &str)> {
    let rest = words.strip_prefix(['-', '*', '+'])?.trim_start();
    let (is_right, rest) = match rest.get(..3)? {
        "[ ]" => (false, &rest[3..]),
        "[x]" | "[X]" => (true, &rest[3..]),
        _ => return None,
    };
    (rest.is_empty() || rest.starts_with([' ', '\t'])).then_some((is_right, rest))
}

/// A line of the form `key: value`.
fn setting(line: &str) -> Option<(&str, &str)> {
    let (key, value) = line.split_once(':')?;
    let is_key = !key.is_empty() && key.bytes().all(|b| b.is_ascii_alphabetic() || b == b'_');
    is_key.then_some((key, value.trim()))
}

fn unknown(key: &str, known: &[&str]) -> String {
    let likeness = |name: &&&str| (1000.0 * strsim::jaro_winkler(key, name)) as u32;
    let nearest = known.iter().max_by_key(likeness).copied();
    let nearest = nearest.unwrap_or_default();
    format!("there is no setting `{key}`; did you mean `{nearest}`?")
}

fn is_id(id: &str) -> bool {
    let is_plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    ID_CHARS.contains(&id.len()) && id.bytes().all(is_plain)
}

/// Adds a line to a text of several.
fn append(text: &mut String, line: &str) {
    if !text.is_empty() {
        text.push('\n');
    }
    text.push_str(line);
}
