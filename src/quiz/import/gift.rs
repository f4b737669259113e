//! GIFT, Moodle's format of questions: multiple choice, several right answers, true or false.

use super::{Found, Imported, html, markdown, numbered};
use crate::quiz::Choice;

/// How far the weights of the right choices may be from a whole, in percent.
const WEIGHTS_OFF_MAX: f64 = 2.0;

/// A character, and whether a backslash stood before it.
type Glyph = (char, bool);

/// How a text is to be read.
#[derive(Clone, Copy)]
enum Texts {
    Html,
    Plain,
    Markdown,
}

/// Whether a text looks like GIFT: a category, a title, or choices in braces.
pub(super) fn is_seen(text: &str) -> bool {
    let begins = |line: &str| line.starts_with("$CATEGORY:") || line.starts_with("::");
    let has_choices = |piece: &str| {
        let inner = piece.split('}').next().unwrap_or_default().trim_start();
        let is_true = ["T}", "F}", "TRUE}", "FALSE}"];
        inner.starts_with(['=', '~']) || is_true.iter().any(|word| piece.starts_with(word))
    };
    text.lines().any(begins) || text.split('{').skip(1).any(has_choices)
}

/// Reads a text. Blank lines part the questions, as Moodle has it.
pub(super) fn read(text: &str) -> Imported {
    let mut imported = Imported::default();
    let mut category = None;
    let mut block = String::new();
    let mut line = 0;
    for (number, text) in numbered(text).chain([(u32::MAX, "")]) {
        let words = text.trim();
        if words.starts_with("//") {
            continue;
        }
        let named = words.strip_prefix("$CATEGORY:");
        if (words.is_empty() || named.is_some()) && !block.is_empty() {
            let question = question(&block, line, category.as_deref());
            imported.take(line, question);
            block.clear();
        }
        if let Some(named) = named {
            category = topic(named);
        } else if !words.is_empty() {
            if block.is_empty() {
                line = number;
            }
            block.push_str(text);
            block.push('\n');
        }
    }
    imported
}

/// The last part of a category's path.
fn topic(category: &str) -> Option<String> {
    let parts = category.trim().rsplit('/').map(str::trim);
    let mut named = parts.filter(|part| !part.is_empty() && !part.starts_with('$'));
    named
        .next()
        .filter(|part| *part != "top")
        .map(str::to_owned)
}

fn question(block: &str, line: u32, topic: Option<&str>) -> Result<Found, String> {
    let glyphs = glyphs(block.trim());
    let mut stem = glyphs.as_slice();
    if let Some(rest) = after(stem, "::") {
        let end = find(rest, "::").ok_or("the title is not closed; end it with ::")?;
        stem = trim(&rest[end + 2..]);
    }
    let open = find(stem, "{").ok_or(
        "no answers in braces: a description is no question; give it choices, as {=right ~wrong}",
    )?;
    let inner = &stem[open + 1..];
    let close = find(inner, "}").ok_or(
        "the brace is not closed before the next blank line; close it, or write \\{ for a plain one",
    )?;
    let (inner, behind) = (&inner[..close], trim(&inner[close + 1..]));
    if find(inner, "{").is_some() {
        return Err("a brace inside the answers; write \\{ for a plain one".to_owned());
    }
    if !behind.is_empty() {
        return Err(
            "a missing-word question; put the answers behind the whole question".to_owned(),
        );
    }
    let (texts, stem) = marked(trim(&stem[..open]), Texts::Html);
    let (answers, general) = match find(inner, "####") {
        Some(at) => (trim(&inner[..at]), Some(trim(&inner[at + 4..]))),
        None => (trim(inner), None),
    };
    let choices = match true_or_false(answers, texts) {
        Some(choices) => choices,
        None => multiple(answers, texts)?,
    };
    Ok(Found {
        line,
        stem: written(stem, texts),
        choices,
        explanation: general.map(|glyphs| formed(glyphs, texts)),
        topic: topic.map(str::to_owned),
        difficulty: None,
    })
}

/// The choices of a true-or-false question. Its first feedback is for whoever is wrong.
fn true_or_false(answers: &[Glyph], texts: Texts) -> Option<Vec<Choice>> {
    let mut parts = answers.split(|glyph| *glyph == ('#', false));
    let word = plain(parts.next()?).trim().to_ascii_uppercase();
    let is_true = match word.as_str() {
        "T" | "TRUE" => true,
        "F" | "FALSE" => false,
        _ => return None,
    };
    let mut said = parts.map(|part| Some(formed(part, texts)).filter(|text| !text.is_empty()));
    let (if_wrong, if_right) = (said.next().flatten(), said.next().flatten());
    let choice = |text: &str, is_right: bool| Choice {
        text: text.to_owned(),
        is_right,
        why: if is_right {
            if_right.clone()
        } else {
            if_wrong.clone()
        },
    };
    Some(vec![choice("True", is_true), choice("False", !is_true)])
}

/// The choices of a multiple-choice question; says what else it is.
fn multiple(answers: &[Glyph], texts: Texts) -> Result<Vec<Choice>, String> {
    let kind = match answers.first() {
        None => "an essay question has no choices",
        Some(('#', false)) => "a numerical question has no choices",
        Some(('=' | '~', false)) if find(answers, "~").is_some() => "",
        Some(('=', false)) if find(answers, "->").is_some() => "a matching question",
        Some(('=', false)) => "a short-answer question: it has right answers alone",
        Some(_) => "text in the braces before the first = or ~",
    };
    if !kind.is_empty() {
        return Err(format!("{kind}; offer choices, as {{=right ~wrong}}"));
    }
    let starts = |glyph: &Glyph| matches!(glyph, ('=' | '~', false));
    let places = answers
        .iter()
        .enumerate()
        .filter(|(_, glyph)| starts(glyph));
    let places: Vec<usize> = places.map(|(at, _)| at).collect();
    let ends = places.iter().skip(1).copied().chain([answers.len()]);
    let mut choices = Vec::new();
    let mut weights = Vec::new();
    for (&from, to) in places.iter().zip(ends) {
        let is_full = answers[from].0 == '=';
        let answer = trim(&answers[from + 1..to]);
        if answer.is_empty() && !is_full && answers.get(to).is_some_and(|next| next.0 == '=') {
            // Some write ~= for a right choice.
            continue;
        }
        let (weight, answer) = weighed(answer)?;
        weights.push(weight.unwrap_or(if is_full { 100.0 } else { 0.0 }));
        let at = find(answer, "#").unwrap_or(answer.len());
        let why = answer.get(at + 1..).map(|why| formed(why, texts));
        choices.push(Choice {
            text: one_line(&formed(&answer[..at], texts))?,
            is_right: false,
            why: why.filter(|why| !why.is_empty()),
        });
    }
    let positive = || weights.iter().filter(|weight| **weight > 0.0);
    let sum: f64 = positive().sum();
    if positive().next().is_some() && (sum - 100.0).abs() > WEIGHTS_OFF_MAX {
        let message = format!(
            "the weights of the right choices come to {sum} %; without part marks they make 100 %, \
             as ~%50%one ~%50%two ~%-100%wrong"
        );
        return Err(message);
    }
    for (choice, weight) in choices.iter_mut().zip(weights) {
        choice.is_right = weight > 0.0;
    }
    Ok(choices)
}

/// The weight before a choice, and the choice.
fn weighed(answer: &[Glyph]) -> Result<(Option<f64>, &[Glyph]), String> {
    let Some(rest) = after(answer, "%") else {
        return Ok((None, answer));
    };
    let Some(end) = find(rest, "%") else {
        return Ok((None, answer));
    };
    let text = plain(&rest[..end]);
    match text.trim().replace(',', ".").parse::<f64>() {
        Ok(weight) if weight.is_finite() => Ok((Some(weight), trim(&rest[end + 1..]))),
        _ => Err(format!("\"{text}\" is no weight; write it as %50%")),
    }
}

/// A choice stands on one line.
fn one_line(text: &str) -> Result<String, String> {
    if text.contains("```") {
        return Err("a choice holds a block of code; a choice has one line".to_owned());
    }
    Ok(markdown::single_blanks(text))
}

fn glyphs(text: &str) -> Vec<Glyph> {
    let mut glyphs = Vec::new();
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let escaped = chars.peek().copied().filter(|_| c == '\\');
        match escaped {
            Some(next @ ('~' | '=' | '#' | '{' | '}' | ':' | '\\')) => glyphs.push((next, true)),
            Some('n') => glyphs.push(('\n', true)),
            _ => {
                glyphs.push((c, false));
                continue;
            }
        }
        chars.next();
    }
    glyphs
}

/// The format that a text names at its beginning, and the text.
fn marked(glyphs: &[Glyph], otherwise: Texts) -> (Texts, &[Glyph]) {
    let marks = [
        ("[html]", Texts::Html),
        ("[moodle]", Texts::Html),
        ("[plain]", Texts::Plain),
        ("[markdown]", Texts::Markdown),
    ];
    let mut named = marks
        .into_iter()
        .filter_map(|(mark, texts)| after(glyphs, mark).map(|rest| (texts, rest)));
    named.next().unwrap_or((otherwise, glyphs))
}

/// A text that may name its own format.
fn formed(glyphs: &[Glyph], otherwise: Texts) -> String {
    let (texts, glyphs) = marked(trim(glyphs), otherwise);
    written(glyphs, texts)
}

fn written(glyphs: &[Glyph], texts: Texts) -> String {
    let mut text = String::with_capacity(glyphs.len());
    for glyph in glyphs {
        match (glyph, texts) {
            (('\n', true), Texts::Html) => text.push_str("<br>"),
            (('\n', false), Texts::Plain) => text.push(' '),
            ((c, _), _) => text.push(*c),
        }
    }
    match texts {
        Texts::Html => html::to_markdown(&text),
        Texts::Plain => markdown::plain(&text),
        Texts::Markdown => markdown::tidy(&text),
    }
}

fn plain(glyphs: &[Glyph]) -> String {
    glyphs.iter().map(|(c, _)| *c).collect()
}

/// Where a mark stands of which nothing is escaped.
fn find(glyphs: &[Glyph], mark: &str) -> Option<usize> {
    (0..glyphs.len()).find(|at| after(&glyphs[*at..], mark).is_some())
}

/// What follows a mark.
fn after<'a>(glyphs: &'a [Glyph], mark: &str) -> Option<&'a [Glyph]> {
    let mut rest = glyphs;
    for c in mark.chars() {
        rest = rest.strip_prefix(&[(c, false)])?;
    }
    Some(rest)
}

fn trim(glyphs: &[Glyph]) -> &[Glyph] {
    let is_blank = |glyph: &Glyph| glyph.0.is_whitespace() && !glyph.1;
    let from = glyphs.iter().position(|glyph| !is_blank(glyph));
    let to = glyphs.iter().rposition(|glyph| !is_blank(glyph));
    match (from, to) {
        (Some(from), Some(to)) => &glyphs[from..=to],
        _ => &[],
    }
}
