//! A question becomes what to quote, or "the notes do not say".

use std::str::FromStr;

use studyhall_index::{
    Correction, Found, Hit, Index, IndexError, Placed, SectionKey, SectionName, Topic,
};

use crate::chat::{QUESTION_MAX, SUGGESTION_MAX};

/// Sections that one search brings: the best, and the others to choose from.
pub const HITS_MAX: usize = 5;
/// Hits that are quoted: of the others only the name is shown.
const QUOTES: usize = 1;
/// Sections named when nothing answers, at most.
pub const NEAREST_MAX: usize = 4;
/// Stands before a section's key in the value of a suggestion. A person would not type it.
pub const KEY_SIGN: char = '§';

/// What the notes have to say to a question.
#[derive(Clone, Debug)]
pub enum Answer {
    /// A section answers.
    Found {
        /// The best section.
        best: Box<Hit>,
        /// The same section with what stands around it.
        placed: Box<Placed>,
        /// Other sections that may be meant, best first.
        others: Vec<SectionName>,
        /// Words that were read as others.
        corrections: Vec<Correction>,
    },
    /// The notes do not say.
    Unknown {
        /// The nearest sections, nearest first, at most [`NEAREST_MAX`].
        nearest: Vec<SectionName>,
        /// Words that were read as others.
        corrections: Vec<Correction>,
    },
    /// The person picked this very section.
    Section(Box<Placed>),
    /// The section that the person picked has gone.
    Gone,
    /// Nothing was asked.
    Empty,
    /// The question has this many characters, more than [`QUESTION_MAX`].
    TooLong(usize),
    /// No topic has this name.
    NoSuchTopic {
        /// The name as typed.
        name: String,
    },
}

/// Which section a name means.
#[derive(Clone, Debug)]
pub enum Named {
    /// This one.
    Section(Box<Placed>),
    /// None; these have names like it, at most [`NEAREST_MAX`].
    Nothing {
        /// Names that are like it, most alike first.
        nearest: Vec<SectionName>,
    },
    /// The section that the person picked has gone.
    Gone,
    /// No name was given.
    Empty,
}

/// Answers a question, from the sections of `topic` alone if one is named. A picked suggestion
/// opens its section.
///
/// # Errors
/// The index on disk cannot be read.
pub fn answer(index: &Index, question: &str, topic: Option<&str>) -> Result<Answer, IndexError> {
    let question = question.trim();
    if question.is_empty() {
        return Ok(Answer::Empty);
    }
    let n_characters = question.chars().count();
    if n_characters > QUESTION_MAX {
        return Ok(Answer::TooLong(n_characters));
    }
    if let Some(key) = picked(question) {
        return Ok(match index.section(key)? {
            Some(placed) => Answer::Section(Box::new(placed)),
            None => Answer::Gone,
        });
    }
    let topic = match topic.map(str::trim).filter(|topic| !topic.is_empty()) {
        None => None,
        Some(typed) => match topic_named(&index.topics(), typed) {
            Some(topic) => Some(topic.name.clone()),
            None => {
                return Ok(Answer::NoSuchTopic {
                    name: typed.to_owned(),
                });
            }
        },
    };
    let found = index.search_quoting(question, topic.as_deref(), HITS_MAX, QUOTES)?;
    judged(index, found)
}

/// Opens the section that a person named or picked.
///
/// # Errors
/// The index on disk cannot be read.
pub fn named(index: &Index, name: &str) -> Result<Named, IndexError> {
    let name = name.trim();
    if name.is_empty() {
        return Ok(Named::Empty);
    }
    if let Some(key) = picked(name) {
        return Ok(match index.section(key)? {
            Some(placed) => Named::Section(Box::new(placed)),
            None => Named::Gone,
        });
    }
    // A name longer than any question cannot be one; the index need not look.
    let name: String = name.chars().take(QUESTION_MAX).collect();
    let placed = match index.resolve(&name)? {
        Some(key) => index.section(key)?,
        None => None,
    };
    Ok(match placed {
        Some(placed) => Named::Section(Box::new(placed)),
        None => Named::Nothing {
            nearest: index.suggest(&name, NEAREST_MAX),
        },
    })
}

/// The value by which a suggestion names a section.
#[must_use]
pub fn section_value(key: SectionKey) -> String {
    format!("{KEY_SIGN}{key}")
}

/// The value by which a suggestion names a topic: its name, cut to what a suggestion can carry.
#[must_use]
pub fn topic_value(name: &str) -> String {
    let mut n_units = 0;
    name.chars()
        .filter(|c| !c.is_control())
        .collect::<String>()
        .trim()
        .chars()
        .take_while(|c| {
            n_units += c.len_utf16();
            n_units <= SUGGESTION_MAX
        })
        .collect()
}

/// The topics whose names hold what was typed, those that begin with it first.
#[must_use]
pub fn topics_like(topics: Vec<Topic>, typed: &str) -> Vec<Topic> {
    let lower = typed.trim().to_lowercase();
    let mut like: Vec<(bool, Topic)> = topics
        .into_iter()
        .filter_map(|topic| {
            let name = topic.name.to_lowercase();
            let at = name.find(&lower)?;
            Some((at > 0, topic))
        })
        .filter(|(_, topic)| !topic_value(&topic.name).is_empty())
        .collect();
    like.sort_by_key(|(within, _)| *within);
    like.into_iter().map(|(_, topic)| topic).collect()
}

fn judged(index: &Index, found: Found) -> Result<Answer, IndexError> {
    let Found {
        hits,
        answered,
        corrections,
        ..
    } = found;
    let mut hits = hits.into_iter();
    let best = match hits.next() {
        Some(best) if answered => best,
        first => {
            return Ok(Answer::Unknown {
                nearest: names(first.into_iter().chain(hits))
                    .take(NEAREST_MAX)
                    .collect(),
                corrections,
            });
        }
    };
    // An edit may have taken the section away since the search: it is still the answer.
    let placed = index
        .section(best.section.key())?
        .unwrap_or_else(|| Placed {
            section: best.section.clone(),
            previous: None,
            next: None,
        });
    Ok(Answer::Found {
        best: Box::new(best),
        placed: Box::new(placed),
        others: names(hits).collect(),
        corrections,
    })
}

fn names(hits: impl Iterator<Item = Hit>) -> impl Iterator<Item = SectionName> {
    hits.map(|hit| SectionName {
        key: hit.section.key(),
        heading_path: hit.section.heading_path,
    })
}

fn picked(text: &str) -> Option<SectionKey> {
    let digits = text.strip_prefix(KEY_SIGN)?;
    if digits.len() != 16 {
        return None;
    }
    SectionKey::from_str(digits).ok()
}

fn topic_named<'a>(topics: &'a [Topic], typed: &str) -> Option<&'a Topic> {
    let lower = typed.to_lowercase();
    topics
        .iter()
        .find(|topic| topic.name.trim().to_lowercase() == lower)
        .or_else(|| {
            topics
                .iter()
                .find(|topic| topic_value(&topic.name).trim() == typed)
        })
}
