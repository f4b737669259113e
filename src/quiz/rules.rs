//! What good questions keep to: one by one, and as a bank.

use std::collections::{BTreeMap, HashMap};

use jiff::civil::Date;
use studyhall_index::{Target, links, target};

use super::code::Code;
use super::numbers::{numbers, numbers_and_words};
use super::{Bank, CHOICES, Choice, Finding, Place, Question, letter, similar};

/// Questions with one right choice from which on the bank as a whole is judged.
const JUDGED_MIN: usize = 40;
/// The share of questions whose right choice may be the longest, in percent, and the shortest.
const LONGEST_MAX: usize = 30;
const SHORTEST_MAX: usize = 40;
/// What chi-square exceeds by chance once in a thousand, for one degree of freedom and up.
const CHI_SQUARE: [f64; 9] = [
    10.828, 13.816, 16.266, 18.467, 20.515, 22.458, 24.322, 26.124, 27.877,
];

/// What is wrong or odd about a bank, beside what reading it found.
///
/// `is_there` says whether there is a note (`path`) or section (`path#anchor`); `section_text` gives
/// a section's text with its headings.
#[must_use]
pub fn check(
    bank: &Bank,
    is_there: &dyn Fn(&str) -> bool,
    section_text: &dyn Fn(&str) -> Option<String>,
    today: Date,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    for question in bank.questions() {
        findings.extend(broken_links(question, is_there));
        findings.extend(
            section_text(&question.section).and_then(|text| unheld_numbers(question, &text)),
        );
        findings.extend(dated(question, today));
    }
    let stems: Vec<&str> = bank.questions().iter().map(|q| q.stem.as_str()).collect();
    for (at, earlier) in similar::near_duplicates(&stems) {
        let (this, earlier) = (&bank.questions()[at], &bank.questions()[earlier]);
        let message = format!("asks nearly the same as {}; drop one", earlier.id);
        findings.push(finding(this, Code::NearDuplicate, message));
    }
    findings.extend(position_bias(bank));
    findings.extend(length_tells(bank));
    findings
}

fn finding(question: &Question, code: Code, message: String) -> Finding {
    Finding {
        place: question.place.clone(),
        code,
        message,
    }
}

fn broken_links(question: &Question, is_there: &dyn Fn(&str) -> bool) -> Vec<Finding> {
    let whys = question.choices.iter().filter_map(|c| c.why.as_deref());
    let texts = [question.stem.as_str(), &question.explanation];
    let mut findings = Vec::new();
    for text in texts.into_iter().chain(whys) {
        for link in links(text) {
            let message = match target(&question.place.path, &link.address) {
                Target::Note(id) if !is_there(&id) => match id.split_once('#') {
                    Some((note, anchor)) if is_there(note) => {
                        format!("no heading of {note} has the anchor #{anchor}")
                    }
                    _ => format!("there is no note {}", id.split('#').next().unwrap_or(&id)),
                },
                Target::Outside => format!("{} leads out of the notes folder", link.address),
                Target::Note(_) | Target::Elsewhere => continue,
            };
            findings.push(finding(question, Code::BrokenLink, message));
        }
    }
    findings
}

fn unheld_numbers(question: &Question, section: &str) -> Option<Finding> {
    let held = numbers_and_words(section);
    let mut said = numbers(&question.explanation);
    for choice in question.choices.iter().filter(|choice| choice.is_right) {
        said.extend(numbers(&choice.text));
    }
    let missing: Vec<&str> = said.difference(&held).map(String::as_str).collect();
    (!missing.is_empty()).then(|| {
        let (missing, section) = (missing.join(", "), &question.section);
        let message = format!("the answer says {missing}, and {section} does not");
        finding(question, Code::Number, message)
    })
}

fn dated(question: &Question, today: Date) -> Option<Finding> {
    let until = question.until.filter(|until| *until < today)?;
    let message = format!("was known to hold until {until}; look it up again");
    Some(finding(question, Code::Dated, message))
}

/// Rules on the choices of one question: rule, line, message.
pub(super) fn of_choices(choices: &[Choice], lines: &[u32]) -> Vec<(Code, u32, String)> {
    let mut found = Vec::new();
    let mut seen: HashMap<String, u32> = HashMap::new();
    let mut bags: HashMap<Vec<String>, u32> = HashMap::new();
    let mut ranges: Vec<(Range, u32)> = Vec::new();
    for (choice, &line) in choices.iter().zip(lines) {
        let words = choice.text.to_lowercase();
        let words = words.trim_end_matches('.');
        if words.is_empty() {
            found.push((
                Code::ChoiceEmpty,
                line,
                "this choice has no words".to_owned(),
            ));
            continue;
        }
        let plain = words.split_whitespace().collect::<Vec<_>>().join(" ");
        let mut bag: Vec<String> = plain
            .split(|c: char| !c.is_alphanumeric() && !matches!(c, '.' | '+' | '<' | '>' | '='))
            .filter(|word| !word.is_empty())
            .map(str::to_owned)
            .collect();
        bag.sort_unstable();
        if let Some(first) = seen.insert(plain, line) {
            let message = format!("this choice has the words of the one in line {first}");
            found.push((Code::ChoiceDuplicate, line, message));
            continue;
        }
        if let Some(first) = bags.insert(bag, line) {
            let message = format!("this choice says the same as the one in line {first}");
            found.push((Code::ChoiceOverlap, line, message));
        }
        if speaks_of_others(words) {
            let message = "choices may be shown in another order; make it a choose-all question";
            found.push((Code::Above, line, message.to_owned()));
        }
        if let Some(range) = Range::of(words) {
            let other = ranges.iter().find(|(other, _)| other.overlaps(&range));
            if let Some((_, first)) = other {
                let message = format!("this range overlaps the one in line {first}");
                found.push((Code::ChoiceOverlap, line, message));
            }
            ranges.push((range, line));
        }
    }
    found
}

/// Whether a choice, in small letters, speaks of others by their place.
fn speaks_of_others(words: &str) -> bool {
    let of_all = ["of the above", "of these", "of the below", "of them"];
    let is_letter = |word: &str| word.len() == 1 && word.bytes().all(|b| matches!(b, b'a'..=b'j'));
    let words_apart: Vec<&str> = words.split_whitespace().collect();
    let of_two = match words_apart[..] {
        ["both", a, "and", b] | [a, "and", b] => is_letter(a) && is_letter(b),
        _ => false,
    };
    let begins = ["all ", "none ", "any ", "both ", "neither "];
    let of_all = of_all.iter().any(|end| words.ends_with(end));
    (of_all && begins.iter().any(|begin| words.starts_with(begin))) || of_two
}

/// A choice that is a range of numbers of one unit, as "1 to 4 days".
struct Range {
    from: f64,
    to: f64,
    rest: String,
}

impl Range {
    fn of(words: &str) -> Option<Self> {
        let spaced = words.replace(['–', '—'], " to ").replace('-', " to ");
        let all: Vec<&str> = spaced.split_whitespace().collect();
        let (from, to, rest) = match all[..] {
            [from, "to", to, ref rest @ ..] => (from, to, rest),
            ["from", from, "to", to, ref rest @ ..] => (from, to, rest),
            ["between", from, "and", to, ref rest @ ..] => (from, to, rest),
            _ => return None,
        };
        let number = |text: &str| text.replace(',', "").parse::<f64>().ok();
        Some(Self {
            from: number(from)?,
            to: number(to)?,
            rest: rest.join(" "),
        })
    }

    fn overlaps(&self, other: &Self) -> bool {
        self.rest == other.rest && self.from < other.to && other.from < self.to
    }
}

/// What is wrong if a stem and its `n_right` right choices do not agree.
pub(super) fn stem_against_key(stem: &str, n_right: usize) -> Option<String> {
    match (asked_for(stem), n_right) {
        (None, 1) | (Some(1), 1) => None,
        (None, n) => Some(format!(
            "{n} choices are right; the stem must say so, as \"(Choose {}.)\"",
            number_word(n)
        )),
        (Some(asked), n) if asked == n => None,
        (Some(asked), n) => Some(format!(
            "the stem asks for {} and {} right",
            number_word(asked),
            if n == 1 {
                "one choice is".to_owned()
            } else {
                format!("{n} choices are")
            }
        )),
    }
}

const COUNTS: [&str; 10] = [
    "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten",
];

/// How many choices a stem asks for in words: "choose two", "which three …".
pub(super) fn asked_for(stem: &str) -> Option<usize> {
    let stem = stem.to_lowercase();
    let words: Vec<&str> = stem
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .collect();
    let asks = |word: &str| {
        matches!(
            word,
            "choose" | "select" | "pick" | "mark" | "tick" | "which" | "what" | "name"
        )
    };
    let count = |word: &str| {
        let by_word = COUNTS.iter().position(|count| *count == word);
        by_word.map(|at| at + 1).or_else(|| word.parse().ok())
    };
    let mut asked = words.windows(2).filter(|pair| asks(pair[0]));
    // What is said last is what is meant: "(Choose two.)" stands at the end.
    asked
        .clone()
        .rev()
        .find_map(|pair| count(pair[1]).filter(|n| *n > 1 && CHOICES.contains(n)))
        .or_else(|| asked.find_map(|pair| count(pair[1])).filter(|n| *n == 1))
}

/// A number in words, up to ten.
pub(super) fn number_word(n: usize) -> String {
    let word = n.checked_sub(1).and_then(|at| COUNTS.get(at));
    word.map_or_else(|| n.to_string(), |word| (*word).to_owned())
}

/// The questions with one right choice, and where it stands.
pub fn right_places(bank: &Bank) -> impl Iterator<Item = (&Question, usize)> {
    let single = bank.questions().iter().filter(|q| q.n_right() == 1);
    single.filter_map(|q| Some((q, q.choices.iter().position(|choice| choice.is_right)?)))
}

fn of_bank(bank: &Bank, code: Code, message: String) -> Finding {
    let first = bank.questions().first();
    Finding {
        place: first.map_or_else(Place::default, |first| first.place.clone()),
        code,
        message,
    }
}

fn position_bias(bank: &Bank) -> Option<Finding> {
    let mut met: BTreeMap<usize, usize> = BTreeMap::new();
    let mut expected: BTreeMap<usize, f64> = BTreeMap::new();
    let mut n = 0;
    for (question, at) in right_places(bank) {
        n += 1;
        *met.entry(at).or_default() += 1;
        for place in 0..question.choices.len() {
            *expected.entry(place).or_default() += 1.0 / question.choices.len() as f64;
        }
    }
    let off = |(place, expected): (&usize, &f64)| {
        let met = met.get(place).copied().unwrap_or_default() as f64;
        (met - expected).powi(2) / expected
    };
    let chi_square: f64 = expected.iter().map(off).sum();
    let limit = CHI_SQUARE.get(expected.len().checked_sub(2)?)?;
    if n < JUDGED_MIN || chi_square <= *limit {
        return None;
    }
    let counts = expected.keys().map(|place| {
        let met = met.get(place).copied().unwrap_or_default();
        format!("{} {met}", letter(*place))
    });
    let counts = counts.collect::<Vec<_>>().join(", ");
    let message = format!("the right letter is not spread evenly over the bank: {counts}");
    Some(of_bank(bank, Code::PositionBias, message))
}

/// Of the questions with one right choice, how many give it away by its length.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lengths {
    /// All such questions.
    pub n: usize,
    /// Those whose right choice is longer than all others.
    pub n_longest: usize,
    /// Those whose right choice is shorter than all others.
    pub n_shortest: usize,
}

/// Counts the questions whose right choice is the longest or the shortest, in characters.
#[must_use]
pub fn lengths(bank: &Bank) -> Lengths {
    let length = |choice: &Choice| choice.text.chars().count();
    let mut lengths = Lengths::default();
    for (question, at) in right_places(bank) {
        let right = length(&question.choices[at]);
        let others = question
            .choices
            .iter()
            .enumerate()
            .filter(|(n, _)| *n != at);
        let others: Vec<usize> = others.map(|(_, choice)| length(choice)).collect();
        lengths.n += 1;
        lengths.n_longest += usize::from(others.iter().all(|other| *other < right));
        lengths.n_shortest += usize::from(others.iter().all(|other| *other > right));
    }
    lengths
}

fn length_tells(bank: &Bank) -> Vec<Finding> {
    let Lengths {
        n,
        n_longest,
        n_shortest,
    } = lengths(bank);
    let tells = [
        (n_longest, LONGEST_MAX, "longest"),
        (n_shortest, SHORTEST_MAX, "shortest"),
    ];
    let tells = tells
        .into_iter()
        .filter(|(told, max, _)| n >= JUDGED_MIN && told * 100 > n * max);
    let finding = |(told, max, which)| {
        let message = format!(
            "in {told} of {n} questions the right choice is the {which}; {max} % is the most"
        );
        of_bank(bank, Code::LengthTell, message)
    };
    tells.map(finding).collect()
}
