//! A question as a round keeps it: the form in which a row holds its texts.
//!
//! What the boards count by, its id, its topic and its difficulty, has columns of its own.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::database::{StoreError, Value};
use super::{strange, to_day};
use crate::quiz::{Choice, Difficulty, Place, Question};

/// The texts of a question, as one JSON text. It holds no NUL, whatever they hold.
#[derive(Serialize, Deserialize)]
struct Texts {
    stem: String,
    choices: Vec<KeptChoice>,
    explanation: String,
    section: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    until: Option<String>,
    path: String,
    line: u32,
    column: u32,
}

#[derive(Serialize, Deserialize)]
struct KeptChoice {
    text: String,
    right: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    why: Option<String>,
}

/// What a row holds of a question besides its id, its topic and its difficulty.
pub(super) fn of_question(question: &Question) -> Result<Value, StoreError> {
    let choices = question.choices.iter().map(|choice| KeptChoice {
        text: choice.text.clone(),
        right: choice.is_right,
        why: choice.why.clone(),
    });
    let texts = Texts {
        stem: question.stem.clone(),
        choices: choices.collect(),
        explanation: question.explanation.clone(),
        section: question.section.clone(),
        until: question.until.as_ref().map(Date::to_string),
        path: question.place.path.clone(),
        line: question.place.line,
        column: question.place.column,
    };
    let text = serde_json::to_string(&texts).map_err(|e| StoreError::Refused(Box::new(e)))?;
    Ok(Value::Text(text))
}

/// The question again.
pub(super) fn to_question(
    id: &str,
    topic: &str,
    difficulty: Difficulty,
    texts: &str,
) -> Result<Question, StoreError> {
    let texts: Texts = serde_json::from_str(texts).map_err(|_| strange("what a round asks"))?;
    let choices = texts.choices.into_iter().map(|choice| Choice {
        text: choice.text,
        is_right: choice.right,
        why: choice.why,
    });
    Ok(Question {
        id: id.to_owned(),
        topic: topic.to_owned(),
        stem: texts.stem,
        choices: choices.collect(),
        explanation: texts.explanation,
        section: texts.section,
        difficulty,
        until: texts.until.as_deref().map(to_day).transpose()?,
        place: Place {
            path: texts.path,
            line: texts.line,
            column: texts.column,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn question() -> Question {
        let choice = |text: &str, is_right, why: Option<&str>| Choice {
            text: text.to_owned(),
            is_right,
            why: why.map(str::to_owned),
        };
        Question {
            id: "odd".to_owned(),
            topic: "Zürich".to_owned(),
            stem: "Which \"one\"?\n\n```sh\na\\tb\t\r\n```\0".to_owned(),
            choices: vec![
                choice("猫", true, None),
                choice("\\N", false, Some("`\\.` ends it")),
                choice("", false, Some("")),
            ],
            explanation: "See [it](../s3.md#it).".to_owned(),
            section: "s3.md#it".to_owned(),
            difficulty: Difficulty::Hard,
            until: Some(jiff::civil::date(2027, 3, 1)),
            place: Place {
                path: "quiz/s3.md".to_owned(),
                line: 7,
                column: 1,
            },
        }
    }

    #[test]
    fn a_question_comes_back_as_it_was() {
        for until in [question().until, None] {
            let question = Question {
                until,
                ..question()
            };
            let Value::Text(texts) = of_question(&question).unwrap() else {
                panic!("a text was expected");
            };
            assert!(!texts.contains('\0'));
            let Question { id, topic, .. } = &question;
            let again = to_question(id, topic, question.difficulty, &texts).unwrap();
            assert_eq!(again, question);
        }
    }

    #[test]
    fn texts_that_cannot_be_read_are_damage() {
        for texts in ["", "{}", "[1]", "{\"stem\":\"Which?\"}"] {
            let read = to_question("odd", "s3", Difficulty::Easy, texts);
            assert!(matches!(read, Err(StoreError::Damaged(_))), "{texts}");
        }
    }
}
