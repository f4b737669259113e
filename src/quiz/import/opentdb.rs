//! Open Trivia Database: the JSON of its API, in each of its encodings.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::percent_decode_str;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{Found, Imported, html, markdown};
use crate::quiz::{Choice, Difficulty};

/// The object that the API sends.
#[derive(Deserialize)]
struct Sent<'a> {
    #[serde(default)]
    response_code: u32,
    #[serde(borrow, default)]
    results: Vec<&'a RawValue>,
}

/// A question that the API sends.
#[derive(Deserialize)]
struct Item {
    #[serde(default)]
    category: String,
    #[serde(default, rename = "type")]
    kind: String,
    #[serde(default)]
    difficulty: String,
    question: String,
    correct_answer: String,
    incorrect_answers: Vec<String>,
}

/// Reads a text: what the API sends, or its `results` alone.
pub(super) fn read(text: &str) -> Imported {
    let mut imported = Imported::default();
    let results = match text.trim_start().starts_with('[') {
        true => serde_json::from_str(text),
        false => serde_json::from_str::<Sent<'_>>(text).map(|sent| {
            if let Some(message) = refused(sent.response_code) {
                imported.problem(1, message);
            }
            sent.results
        }),
    };
    let results: Vec<&RawValue> = match results {
        Ok(results) => results,
        Err(error) => {
            let line = u32::try_from(error.line()).unwrap_or(u32::MAX).max(1);
            let message = format!("not the JSON that opentdb.com sends: {error}");
            imported.problem(line, message);
            return imported;
        }
    };
    let mut line = 1;
    let mut from = 0;
    for (number, result) in (1..).zip(results) {
        // The piece lies in the text, so the distance of their first bytes is its place.
        let at = (result.get().as_ptr() as usize).saturating_sub(text.as_ptr() as usize);
        let between = text.as_bytes().get(from..at).unwrap_or_default();
        line += between.iter().filter(|b| **b == b'\n').count();
        from = at.max(from);
        let line = u32::try_from(line).unwrap_or(u32::MAX);
        let read = serde_json::from_str(result.get()).map_err(|error| error.to_string());
        let question = read.and_then(|result| question(result, line));
        let question = question.map_err(|error| format!("question {number}: {error}"));
        imported.take(line, question);
    }
    imported
}

/// What the code of an answer without questions means.
fn refused(code: u32) -> Option<String> {
    let meaning = match code {
        0 => return None,
        1 => "it has not so many questions of this kind; ask for fewer",
        2 => "it did not understand what was asked for; look at the address",
        3 => "it does not know the session's token; ask for a new one",
        4 => "the session's token has seen all questions; reset it",
        5 => "it was asked too often; wait five seconds and fetch again",
        _ => "its documentation may say what that means",
    };
    Some(format!("opentdb.com answered with code {code}: {meaning}"))
}

fn question(result: Item, line: u32) -> Result<Found, String> {
    let all = [&result.category, &result.question, &result.correct_answer];
    let texts = all.into_iter().chain(&result.incorrect_answers);
    let encoding = Encoding::of(&result.kind, texts);
    let read = |text: &str| encoding.read(text);
    let kind = read(&result.kind)?;
    if !matches!(kind.as_str(), "multiple" | "boolean" | "") {
        return Err(format!(
            "\"{kind}\" is neither multiple choice nor true or false"
        ));
    }
    let right = markdown::plain_line(&read(&result.correct_answer)?);
    let mut choices = vec![choice(right, true)];
    for wrong in &result.incorrect_answers {
        choices.push(choice(markdown::plain_line(&read(wrong)?), false));
    }
    in_order(&mut choices);
    let difficulty = read(&result.difficulty)?;
    let mut all = Difficulty::ALL.into_iter();
    Ok(Found {
        line,
        stem: markdown::plain(&read(&result.question)?),
        choices,
        explanation: None,
        topic: Some(read(&result.category)?).filter(|topic| !topic.is_empty()),
        difficulty: all.find(|known| known.name() == difficulty),
    })
}

fn choice(text: String, is_right: bool) -> Choice {
    Choice {
        text,
        is_right,
        why: None,
    }
}

/// Puts the choices in an order that says nothing of the right one: by number, or by letters; true
/// before false.
fn in_order(choices: &mut [Choice]) {
    let number = |choice: &Choice| choice.text.replace(',', "").parse::<f64>().ok();
    if choices
        .iter()
        .all(|choice| number(choice).is_some_and(f64::is_finite))
    {
        choices.sort_by(|a, b| {
            number(a)
                .unwrap_or(0.0)
                .total_cmp(&number(b).unwrap_or(0.0))
        });
    } else {
        choices.sort_by_cached_key(|choice| (choice.text != "True", choice.text.to_lowercase()));
    }
}

/// How the texts are written.
#[derive(Clone, Copy)]
enum Encoding {
    /// With entities of HTML.
    Entities,
    /// As in an address (RFC 3986).
    Percent,
    /// As in an address, with `+` for blanks.
    PercentPlus,
    /// As base64.
    Base64,
}

impl Encoding {
    fn of<'a>(kind: &str, texts: impl Iterator<Item = &'a String> + Clone) -> Self {
        // The two kinds of question in base64.
        if matches!(kind, "bXVsdGlwbGU=" | "Ym9vbGVhbg==") {
            return Self::Base64;
        }
        let has = |mark: &str| texts.clone().any(|text| text.contains(mark));
        let is_encoded = |text: &String| {
            let bytes = text.as_bytes().windows(3);
            let mut marks = bytes.filter(|bytes| bytes[0] == b'%');
            marks.any(|bytes| bytes[1..].iter().all(u8::is_ascii_hexdigit))
        };
        match texts.clone().any(is_encoded) && !has(" ") {
            false => Self::Entities,
            true if has("+") && !has("%20") => Self::PercentPlus,
            true => Self::Percent,
        }
    }

    fn read(self, text: &str) -> Result<String, String> {
        let bytes = match self {
            Self::Entities => return Ok(html::read_entities(text)),
            Self::Percent => percent_decode_str(text).collect(),
            Self::PercentPlus => {
                let text = text.replace('+', " ");
                percent_decode_str(&text).collect()
            }
            Self::Base64 => STANDARD.decode(text).map_err(|error| error.to_string())?,
        };
        String::from_utf8(bytes).map_err(|_| "a text is not UTF-8; fetch it again".to_owned())
    }
}
