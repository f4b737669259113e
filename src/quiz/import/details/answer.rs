//! Which choices an answer names, in the ways that people write it.

use super::super::{letters, markdown};
use crate::quiz::Choice;

/// Words after which the answer stands, the longest first.
const WORDS: [&str; 12] = [
    "correct answers",
    "correct answer",
    "correct options",
    "correct option",
    "correct choices",
    "correct choice",
    "right answer",
    "answers",
    "answer",
    "solution",
    "correct",
    "ans",
];
/// Words with which an explanation is headed.
const EXPLAINS: [&str; 4] = ["explanation", "reason", "rationale", "why"];

/// Reads what stands in `<details>`: the right choices if it names any, and the explanation.
pub(super) fn read(html: &str, choices: &[Choice]) -> (Option<Vec<usize>>, String) {
    let (summary, body) = parted(html);
    let body = without_tags(body);
    let lines: Vec<&str> = body.lines().collect();
    for (at, line) in lines.iter().enumerate() {
        let Some(after) = after_word(line) else {
            continue;
        };
        if let Some((right, rest)) = right(after, choices) {
            return (Some(right), said(&lines[..at], &rest, &lines[at + 1..]));
        }
        if !bare(after).is_empty() {
            continue;
        }
        let items = lines[at + 1..]
            .iter()
            .skip_while(|line| line.trim().is_empty());
        let items = items.map_while(|line| right_item(line, choices));
        let found: Vec<usize> = items.flatten().collect();
        if !found.is_empty() {
            let below = lines[at + 1..]
                .iter()
                .position(|line| !line.trim().is_empty());
            let from = (at + 1 + below.unwrap_or(0) + found.len()).min(lines.len());
            return (Some(sorted(found)), said(&lines[..at], "", &lines[from..]));
        }
    }
    let first = lines.iter().position(|line| !line.trim().is_empty());
    if let Some(at) = first
        && let Some((found, rest)) = right(lines[at], choices)
    {
        return (Some(found), said(&[], &rest, &lines[at + 1..]));
    }
    let of_summary = after_word(&summary).and_then(|after| right(after, choices));
    match of_summary {
        Some((found, _)) => (Some(found), said(&lines, "", &[])),
        None => (None, said(&lines, "", &[])),
    }
}

/// The choices that a text begins with, by letters or by the words of one, and what follows.
pub(in crate::quiz::import) fn right(
    text: &str,
    choices: &[Choice],
) -> Option<(Vec<usize>, String)> {
    let text = text.trim();
    let (first, below) = text.split_once('\n').unwrap_or((text, ""));
    if let Some(at) = named(first, choices) {
        return Some((vec![at], below.trim().to_owned()));
    }
    let first = after_word(first).unwrap_or(first);
    let (found, rest) = letters::answer(first)?;
    // The words of the choice may stand behind its letter; they explain nothing.
    let repeats = found.len() == 1 && found.first().copied() == named(rest, choices);
    let rest = if repeats || bare(rest).is_empty() {
        ""
    } else {
        unmarked(rest)
    };
    let said = [rest, below.trim()];
    let said: Vec<&str> = said.into_iter().filter(|text| !text.is_empty()).collect();
    Some((sorted(found), said.join("\n\n")))
}

fn sorted(mut places: Vec<usize>) -> Vec<usize> {
    places.sort_unstable();
    places.dedup();
    places
}

/// The choice whose words these are.
fn named(text: &str, choices: &[Choice]) -> Option<usize> {
    let words = bare(text);
    if words.is_empty() {
        return None;
    }
    choices
        .iter()
        .position(|choice| bare(&choice.text) == words)
}

/// The choice that an item of a list names.
fn right_item(line: &str, choices: &[Choice]) -> Option<Vec<usize>> {
    let item = line.trim().strip_prefix(['-', '*', '+'])?;
    let (found, _) = right(item, choices)?;
    (found.len() == 1).then_some(found)
}

/// Words without marks, in small letters.
fn bare(text: &str) -> String {
    let is_mark = |c: char| c.is_whitespace() || matches!(c, '.' | ':' | '>');
    let text = text.replace(['*', '_', '`', '\\'], "");
    text.trim_matches(is_mark).to_lowercase()
}

/// What explains, without what only closes a mark or joins.
fn unmarked(rest: &str) -> &str {
    let rest = rest.trim_start_matches(['-', '–', '—', '=', ' ']);
    // One mark without its other half would show.
    match rest.matches("**").count() {
        1 => rest.trim_end_matches('*').trim(),
        _ => rest.trim(),
    }
}

/// What follows "Correct answer:" in a line that begins so.
fn after_word(line: &str) -> Option<&str> {
    let line = line.trim();
    let line = line.trim_start_matches(['*', '_', '>', '#', ' ', '✅', '-']);
    let line = line
        .strip_prefix("The ")
        .or_else(|| line.strip_prefix("the "))
        .unwrap_or(line);
    let word = WORDS.iter().find(|word| {
        let start = line.get(..word.len());
        let is_start = start.is_some_and(|start| start.eq_ignore_ascii_case(word));
        is_start && !line[word.len()..].starts_with(char::is_alphanumeric)
    })?;
    let rest = line[word.len()..].trim_start_matches("(s)");
    let rest = rest.trim_start_matches(['*', '_', ' ']);
    let verb = ["is", "are"]
        .iter()
        .find_map(|verb| rest.strip_prefix(verb));
    let rest = verb
        .filter(|rest| rest.starts_with([' ', ':']))
        .unwrap_or(rest);
    Some(rest.trim_start_matches([':', '-', '–', '*', '_', ' ', '>']))
}

/// The summary and what stands below it.
fn parted(html: &str) -> (String, &str) {
    let lower = html.to_ascii_lowercase();
    let inner = html.find('>').map_or(html.len(), |at| at + 1);
    let from = lower.find("<summary");
    let to = lower.find("</summary>");
    match (from, to) {
        (Some(from), Some(to)) if from < to => {
            let summary = &html[from..to];
            let summary = summary.split_once('>').map_or("", |(_, text)| text);
            (without_tags(summary), &html[to + "</summary>".len()..])
        }
        _ => (String::new(), &html[inner..]),
    }
}

/// A text without the few tags that stand around answers.
fn without_tags(html: &str) -> String {
    const TAGS: [(&str, &str); 14] = [
        ("<b>", "**"),
        ("</b>", "**"),
        ("<strong>", "**"),
        ("</strong>", "**"),
        ("<i>", "*"),
        ("</i>", "*"),
        ("<em>", "*"),
        ("</em>", "*"),
        ("<p>", "\n\n"),
        ("</p>", "\n\n"),
        ("<br>", "\n"),
        ("<br/>", "\n"),
        ("<br />", "\n"),
        ("</details>", ""),
    ];
    TAGS.iter()
        .fold(html.to_owned(), |text, (tag, mark)| text.replace(tag, mark))
}

/// The explanation: what stands above the answer, behind it, and below.
fn said(above: &[&str], behind: &str, below: &[&str]) -> String {
    let parts = [dedented(above), behind.to_owned(), dedented(below)];
    let parts = parts
        .iter()
        .map(|part| unheaded(part))
        .filter(|part| !part.is_empty());
    let said: Vec<&str> = parts.collect();
    markdown::tidy(&said.join("\n\n"))
}

/// Lines without the indent that all of them have: answers stand below list items.
fn dedented(lines: &[&str]) -> String {
    let full = lines.iter().filter(|line| !line.trim().is_empty());
    let indent = full
        .map(|line| line.len() - line.trim_start_matches(' ').len())
        .min();
    let indent = indent.unwrap_or(0);
    let lines = lines.iter().map(|line| line.get(indent..).unwrap_or(""));
    lines.collect::<Vec<_>>().join("\n")
}

/// A text without "Explanation:" before it.
fn unheaded(text: &str) -> &str {
    let text = text.trim();
    let plain = text.trim_start_matches(['*', '_', '#', ' ']);
    let word = EXPLAINS.iter().find(|word| {
        plain
            .get(..word.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(word))
    });
    let Some(word) = word else {
        return text;
    };
    let rest = &plain[word.len()..];
    let tail = rest.trim_start_matches(['*', '_', ':', ' ']);
    match rest[..rest.len() - tail.len()].contains(':') || tail.starts_with('\n') {
        true => tail.trim(),
        false => text,
    }
}
