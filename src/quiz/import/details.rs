//! Markdown as people keep questions on forges: choices in a list, the answer in `<details>`.

mod answer;

use super::{Found, Imported, letters, markdown, numbered, tick};
use crate::quiz::{CHOICES, Choice};
pub(super) use answer::right;

/// Blanks at the beginning of a line that belongs to the choice above.
const INDENT: usize = 2;

/// Reads a text. A question is a heading, a bold or numbered line or a paragraph, then choices by
/// letter or with boxes, then the answer in `<details>`; ticked boxes are an answer too. Text
/// without choices is passed over.
pub(super) fn read(text: &str) -> Imported {
    let mut reader = Reader::default();
    let mut lines = numbered(text).peekable();
    if lines
        .next_if(|(_, line)| line.trim_end() == "---")
        .is_some()
    {
        // What stands above the text is settings.
        for (_, line) in lines.by_ref() {
            if line.trim_end() == "---" {
                break;
            }
        }
    }
    for (number, line) in lines {
        reader.line(number, line);
    }
    reader.end();
    reader.imported
}

/// A choice being read: its words, and whether its box is ticked.
struct Open {
    text: String,
    is_ticked: bool,
}

#[derive(Default)]
struct Reader {
    imported: Imported,
    line: u32,
    /// What is asked, line by line.
    stem: String,
    /// Whether the stem has more than headings.
    has_text: bool,
    choices: Vec<Open>,
    after_blank: bool,
    /// The code block being read: its mark, and the line at which it began.
    fence: Option<(String, u32)>,
    /// The answer being read, and the line at which it began.
    answer: Option<(String, u32)>,
}

impl Reader {
    fn line(&mut self, number: u32, line: &str) {
        let mut rest = Some(line);
        while let Some(line) = rest {
            rest = match self.answer.is_some() {
                true => self.answer_line(number, line),
                false => self.question_line(number, line),
            };
        }
    }

    /// Reads a line, or what of it stands before an answer; gives the rest.
    fn question_line<'a>(&mut self, number: u32, line: &'a str) -> Option<&'a str> {
        let words = line.trim();
        if let Some((mark, _)) = &self.fence {
            let ends =
                words.starts_with(mark.as_str()) && words.trim_start_matches(&mark[..1]).is_empty();
            self.more(number, line);
            if ends {
                self.fence = None;
            }
            return None;
        }
        if words.is_empty() {
            self.after_blank = true;
            if self.choices.is_empty() && !self.stem.is_empty() {
                self.stem.push('\n');
            }
            return None;
        }
        let after_blank = std::mem::take(&mut self.after_blank);
        if let Some(at) = find_tag(words, "<details") {
            if at > 0 {
                self.other(number, &words[..at], after_blank);
            }
            self.answer = Some((String::new(), number));
            return Some(&words[at..]);
        }
        let mark = words.len() - words.trim_start_matches(['`', '~']).len();
        if mark >= 3 {
            self.fence = Some((words[..mark].to_owned(), number));
            self.more(number, line);
            return None;
        }
        self.other(number, line, after_blank);
        None
    }

    /// A line that is neither code nor an answer.
    fn other(&mut self, number: u32, line: &str, after_blank: bool) {
        let words = line.trim();
        let indent = line.len() - line.trim_start().len();
        if let Some((is_ticked, text)) = self.choice(words) {
            return self.choices.push(Open { text, is_ticked });
        }
        let heading = words.trim_start_matches('#');
        let level = words.len() - heading.len();
        if (1..=6).contains(&level) && heading.starts_with([' ', '\t']) {
            self.finish();
            self.stem.clear();
            self.has_text = false;
            let heading = heading.trim().trim_end_matches('#').trim_end();
            return self.begin(number, heading, false);
        }
        if is_rule(words) {
            self.finish();
            self.stem.clear();
            self.has_text = false;
        } else if !self.choices.is_empty() && (indent >= INDENT || !after_blank) {
            self.more(number, line);
        } else if let Some(start) = start(words) {
            self.finish();
            if !self.has_text {
                self.stem.clear();
                return self.begin(number, start, true);
            }
            self.more(number, line);
        } else {
            self.finish();
            self.has_text = true;
            self.more(number, line);
        }
    }

    fn begin(&mut self, number: u32, words: &str, is_text: bool) {
        self.line = number;
        self.has_text = is_text;
        self.stem.push_str(unnumbered(unbold(words)));
        self.stem.push('\n');
    }

    fn more(&mut self, number: u32, line: &str) {
        match self.choices.last_mut() {
            Some(choice) => {
                choice.text.push('\n');
                choice.text.push_str(line);
            }
            None => {
                if self.stem.trim().is_empty() {
                    self.line = number;
                }
                self.stem.push_str(line);
                self.stem.push('\n');
            }
        }
    }

    /// A line of choice: by the next letter, or with a box.
    fn choice(&self, words: &str) -> Option<(bool, String)> {
        let item = words
            .strip_prefix(['-', '*', '+'])
            .filter(|rest| rest.starts_with([' ', '\t']));
        let item = item.map(str::trim_start);
        let boxed = item.and_then(|item| {
            let marks = [("[ ]", false), ("[]", false), ("[x]", true), ("[X]", true)];
            let mut marks = marks.into_iter();
            marks.find_map(|(mark, is_ticked)| Some((is_ticked, item.strip_prefix(mark)?.trim())))
        });
        let words = boxed.map(|(_, text)| text).or(item).unwrap_or(words);
        let lettered = letters::choice(words).filter(|(at, _)| *at == self.choices.len());
        match (boxed, lettered) {
            (Some((is_ticked, _)), Some((_, text))) => Some((is_ticked, text.to_owned())),
            (Some((is_ticked, text)), None) => Some((is_ticked, text.to_owned())),
            (None, Some((_, text))) if !self.stem.trim().is_empty() => {
                Some((false, text.to_owned()))
            }
            _ => None,
        }
    }

    /// Reads a line of an answer; gives what stands behind it.
    fn answer_line<'a>(&mut self, number: u32, line: &'a str) -> Option<&'a str> {
        let (answer, begun) = self.answer.as_mut()?;
        let begun = *begun;
        let end = find_tag(line, "</details");
        // One that is never closed ends where the next question can only begin.
        let is_lost = end.is_none() && number > begun && line.starts_with('#');
        if end.is_none() && !is_lost {
            answer.push_str(line);
            answer.push('\n');
            return None;
        }
        answer.push_str(&line[..end.unwrap_or(0)]);
        let answer = std::mem::take(answer);
        self.answer = None;
        self.answered(begun, Some(&answer));
        let rest = match end {
            Some(end) => line[end..].split_once('>').map_or("", |(_, rest)| rest),
            None => line,
        };
        Some(rest).filter(|rest| !rest.trim().is_empty())
    }

    /// Ends a question whose answer is not in `<details>`.
    fn finish(&mut self) {
        if !self.choices.is_empty() {
            self.answered(self.line, None);
        }
    }

    fn answered(&mut self, number: u32, answer: Option<&str>) {
        let open = std::mem::take(&mut self.choices);
        let stem = markdown::tidy(&std::mem::take(&mut self.stem));
        let has_text = std::mem::take(&mut self.has_text);
        self.after_blank = true;
        if open.is_empty() {
            if !stem.is_empty() && (has_text || answer.is_some()) {
                let message = "no choices stand above the answer; list them, as `- A. …`";
                self.imported.problem(self.line, message);
            } else {
                let message = "an answer that belongs to no question";
                self.imported.problem(number, message);
            }
            return;
        }
        let line = if stem.is_empty() { number } else { self.line };
        let question = question(line, stem, &open, answer);
        self.imported.take(line, question);
    }

    fn end(&mut self) {
        if let Some((_, number)) = self.fence.take() {
            let message =
                "this block of code is never closed, and all below belongs to it; close it";
            self.imported.problem(number, message);
        }
        if let Some((answer, number)) = self.answer.take() {
            return self.answered(number, Some(&answer));
        }
        self.finish();
    }
}

fn question(line: u32, stem: String, open: &[Open], answer: Option<&str>) -> Result<Found, String> {
    if open
        .iter()
        .any(|choice| choice.text.contains("```") || choice.text.contains("~~~"))
    {
        return Err("a choice holds a block of code; a choice has one line".to_owned());
    }
    let (n, max) = (open.len(), CHOICES.end());
    if n > *max {
        // Whoever compares answers with choices may count on few of them.
        return Err(format!(
            "{n} choices are too many; {max} are the most, leave some out"
        ));
    }
    let choice = |open: &Open| Choice {
        text: markdown::single_blanks(&open.text),
        is_right: open.is_ticked,
        why: None,
    };
    let mut choices: Vec<Choice> = open.iter().map(choice).collect();
    let is_ticked = choices.iter().any(|choice| choice.is_right);
    let mut explanation = None;
    match answer.map(|answer| answer::read(answer, &choices)) {
        Some((Some(right), said)) => {
            let ticked = (0..choices.len()).filter(|at| choices[*at].is_right);
            if is_ticked && ticked.collect::<Vec<_>>() != right {
                return Err("the boxes tick other choices than the answer names".to_owned());
            }
            tick(&mut choices, &right)?;
            explanation = Some(said);
        }
        Some((None, said)) if is_ticked => explanation = Some(said),
        Some((None, _)) => {
            return Err("the answer names no choice; write it as `Correct answer: B`".to_owned());
        }
        None if is_ticked => {}
        None => {
            return Err(
                "no answer follows the choices; add `<details>` with `Correct answer: B`, or tick a \
                 box"
                    .to_owned(),
            );
        }
    }
    Ok(Found {
        line,
        stem,
        choices,
        explanation: explanation.filter(|text| !text.is_empty()),
        ..Found::default()
    })
}

/// A line that begins a question: bold all over, or numbered.
fn start(words: &str) -> Option<&str> {
    let bold = unbold(words);
    let plain = unnumbered(words);
    (bold.len() < words.len() || plain.len() < words.len() || is_only_number(words))
        .then_some(words)
}

/// A line without the marks that make all of it bold.
fn unbold(words: &str) -> &str {
    let inner = ["**", "__"].iter().find_map(|mark| {
        let inner = words.strip_prefix(mark)?.strip_suffix(mark)?;
        (!inner.contains(mark)).then_some(inner.trim())
    });
    inner.unwrap_or(words)
}

/// A line without the number of the question.
fn unnumbered(words: &str) -> &str {
    if is_only_number(words) {
        return "";
    }
    let plain = words.trim_start_matches('*');
    let n_marks = words.len() - plain.len();
    let Some(rest) = after_number(plain) else {
        return words;
    };
    let Some(rest) = rest.strip_prefix(['.', ')', ':']) else {
        return words;
    };
    // Where the number alone is bold its marks go with it.
    let rest = match n_marks {
        0 => rest,
        _ => match rest.strip_prefix(&words[..n_marks]) {
            Some(rest) => rest,
            None => return words,
        },
    };
    match rest.starts_with([' ', '\t']) {
        true => rest.trim(),
        false => words,
    }
}

/// Whether a heading has nothing but the question's number, as "Question 12".
fn is_only_number(words: &str) -> bool {
    let words = words.trim_matches(['*', ' ']);
    after_number(words).is_some_and(|rest| matches!(rest, "" | "." | ":" | ")"))
}

/// What follows `12`, `Q12` or `Question 12`.
fn after_number(words: &str) -> Option<&str> {
    let lower = words.get(..8).map(str::to_ascii_lowercase);
    let digits = match lower.as_deref() {
        Some("question") => words[8..].trim_start_matches([' ', '#']),
        _ => words.trim_start_matches(['Q', 'q']),
    };
    let rest = digits.trim_start_matches(|c: char| c.is_ascii_digit());
    (rest.len() < digits.len()).then_some(rest)
}

fn is_rule(words: &str) -> bool {
    let marks = words.bytes().filter(|b| *b != b' ');
    let is_of = |mark: u8| marks.clone().all(|b| b == mark);
    words.len() >= 3 && (is_of(b'-') || is_of(b'*') || is_of(b'_'))
}

/// Where a tag stands, in whatever capitals.
fn find_tag(line: &str, tag: &str) -> Option<usize> {
    let mut marks = line.match_indices('<').map(|(at, _)| at);
    marks.find(|at| {
        let start = line.get(*at..at + tag.len());
        start.is_some_and(|start| start.eq_ignore_ascii_case(tag))
    })
}
