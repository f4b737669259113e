//! Anki: notes exported as text, with the choices in columns or in a list on the front.

mod table;

use super::{Found, Imported, details, html, letters, markdown, tick};
use crate::quiz::Choice;
use table::{Row, Table};

/// Names of the columns that are understood, in small letters.
const QUESTION: [&str; 4] = ["question", "stem", "front", "prompt"];
const RIGHT: [&str; 9] = [
    "answer",
    "answers",
    "correct",
    "correct answer",
    "correct answers",
    "correct option",
    "right",
    "solution",
    "back",
];
const CHOICES: [&str; 2] = ["options", "choices"];
const CHOICE: [&str; 2] = ["option", "choice"];
const EXPLANATION: [&str; 7] = [
    "explanation",
    "feedback",
    "rationale",
    "comment",
    "comments",
    "extra",
    "notes",
];
const TAGS: &str = "tags";

/// Whether a text begins with a setting of Anki's.
pub(super) fn is_seen(text: &str) -> bool {
    let first = text.lines().next().unwrap_or_default();
    first.starts_with("#separator:")
        || first.starts_with("#html:")
        || first.starts_with("#columns:")
}

/// Reads a text.
///
/// Columns are known by name: question, the choices (`option 1` …, `choice A` …, `A` …, or one
/// column `options` of lines), answer (letters, or the words of the choices), explanation, tags.
/// Without such names the first column is a front that ends in a list of choices, and the second a
/// back that begins with the letters of the right ones.
pub(super) fn read(text: &str) -> Imported {
    let mut imported = Imported::default();
    let table = Table::read(text);
    let columns = Columns::of(&table);
    for row in &table.rows {
        let question = match row.closed {
            false => Err(
                "a field's quote is never closed, and the rest of the file belongs to it; close it"
                    .to_owned(),
            ),
            true => question(row, &table, &columns),
        };
        imported.take(row.line, question);
    }
    imported
}

/// Which column holds what.
#[derive(Default)]
struct Columns {
    question: Option<usize>,
    choices: Vec<usize>,
    list: Option<usize>,
    right: Option<usize>,
    explanation: Option<usize>,
    tags: Option<usize>,
}

impl Columns {
    fn of(table: &Table) -> Self {
        let names: Vec<String> = table
            .names
            .iter()
            .map(|name| name.trim().to_lowercase())
            .collect();
        let named = |known: &[&str]| known.iter().find_map(|k| names.iter().position(|n| n == k));
        let is_choice = |name: &&String| {
            let rest = CHOICE
                .iter()
                .find_map(|word| name.strip_prefix(word))
                .unwrap_or(name);
            let rest = rest.trim_matches([' ', '_', '-']);
            let is_letter = rest.len() == 1 && rest.bytes().all(|b| b.is_ascii_lowercase());
            let is_number = !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_digit());
            is_letter || (is_number && rest.len() < name.len())
        };
        let plain: Vec<usize> = (0..)
            .filter(|at| !table.aside.contains(at))
            .take(2)
            .collect();
        let choices = (0..).zip(&names).filter(|(_, name)| is_choice(name));
        let has_names = named(&QUESTION).is_some() && named(&RIGHT).is_some();
        Self {
            question: named(&QUESTION)
                .filter(|_| has_names)
                .or(plain.first().copied()),
            choices: choices.map(|(at, _)| at).collect(),
            list: named(&CHOICES),
            right: named(&RIGHT)
                .filter(|_| has_names)
                .or(plain.get(1).copied()),
            explanation: named(&EXPLANATION),
            tags: table.tags.or(named(&[TAGS])),
        }
    }
}

fn question(row: &Row, table: &Table, columns: &Columns) -> Result<Found, String> {
    let field = |at: Option<usize>| {
        at.and_then(|at| row.fields.get(at))
            .map_or("", String::as_str)
    };
    let read = |text: &str| match table.html {
        true => html::to_markdown(text),
        false => markdown::plain(text),
    };
    let front = read(field(columns.question));
    let mut choices: Vec<Choice> = Vec::new();
    let mut stem = front.clone();
    if !columns.choices.is_empty() {
        let fields = columns.choices.iter().map(|at| read(field(Some(*at))));
        choices.extend(
            fields
                .filter(|text| !text.is_empty())
                .map(|text| choice(&text)),
        );
    } else if columns.list.is_some() {
        let list = read(field(columns.list));
        let lines = list.lines().map(bare).filter(|line| !line.is_empty());
        let words = lines.map(|line| letters::choice(line).map_or(line, |(_, words)| words));
        choices.extend(words.map(choice));
    } else {
        (stem, choices) = listed(&front);
    }
    if choices.is_empty() {
        return Err(
            "a card without choices; list them on its front, as `A) …`, and begin its back with the \
             right letter"
                .to_owned(),
        );
    }
    let back = read(field(columns.right));
    let (right, rest) = details::right(&back, &choices)
        .ok_or("the answer is none of the choices; begin it with the letters of the right ones")?;
    tick(&mut choices, &right)?;
    let said = [rest, read(field(columns.explanation))];
    let said: Vec<String> = said.into_iter().filter(|text| !text.is_empty()).collect();
    Ok(Found {
        line: row.line,
        stem,
        choices,
        explanation: (!said.is_empty()).then(|| said.join("\n\n")),
        topic: field(columns.tags)
            .split_whitespace()
            .next()
            .map(|tag| tag.replace("::", " ")),
        difficulty: None,
    })
}

/// Parts a front in what is asked and the choices listed at its end.
fn listed(front: &str) -> (String, Vec<Choice>) {
    let lines: Vec<&str> = front.lines().filter(|line| !line.is_empty()).collect();
    let mut choices: Vec<Choice> = Vec::new();
    let mut stem = Vec::new();
    for line in &lines {
        match letters::choice(bare(line)) {
            Some((at, words)) if at == choices.len() && !stem.is_empty() => {
                choices.push(choice(words));
            }
            _ => match choices.last_mut() {
                Some(last) => last.text = format!("{} {line}", last.text),
                None => stem.push(*line),
            },
        }
    }
    if choices.is_empty() {
        let n_items = lines
            .iter()
            .rev()
            .take_while(|line| line.starts_with("- "))
            .count();
        let (above, items) = lines.split_at(lines.len() - n_items);
        stem = above.to_vec();
        choices.extend(items.iter().map(|item| choice(bare(item))));
    }
    let n_items = stem.iter().filter(|line| line.starts_with("- ")).count();
    let gap = if n_items > 1 { "\n" } else { "\n\n" };
    (stem.join(gap), choices)
}

/// A line without the mark of a list.
fn bare(line: &str) -> &str {
    line.strip_prefix("- ").unwrap_or(line).trim()
}

fn choice(text: &str) -> Choice {
    Choice {
        text: markdown::single_blanks(text),
        ..Choice::default()
    }
}
