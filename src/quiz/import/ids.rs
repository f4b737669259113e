//! Ids for questions that have none, made from their own words so that they stay the same.

use std::collections::HashSet;

use super::super::ID_CHARS;
use super::Found;

/// Characters of a prefix, at most.
pub const PREFIX_MAX: usize = 24;
/// Characters of the stem's words in an id, at most.
const WORDS_MAX: usize = 30;
/// Digits of a hash in an id.
const HASH_DIGITS: usize = 8;

/// The ids that are given already.
pub(super) struct Ids<'a> {
    prefix: &'a str,
    taken: HashSet<String>,
    /// Stem and choices of each question that has been given one.
    known: HashSet<Vec<String>>,
}

impl<'a> Ids<'a> {
    pub(super) fn new(prefix: &'a str) -> Self {
        Self {
            prefix,
            taken: HashSet::new(),
            known: HashSet::new(),
        }
    }

    /// An id for a question: the words of its stem, with a hash of the stem where they do not fit
    /// or are taken, and one of stem and choices where that is taken too. None where a question
    /// with the same stem and choices has been given one.
    pub(super) fn give(&mut self, question: &Found) -> Option<String> {
        let choices = question.choices.iter().map(|choice| choice.text.clone());
        let all = std::iter::once(question.stem.clone())
            .chain(choices)
            .collect();
        if !self.known.insert(all) {
            return None;
        }
        let (words, is_whole) = words(&question.stem);
        let with = |end: &str| {
            let parts = [self.prefix, &words, end];
            let parts: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
            parts.join("-")
        };
        let of_stem = hash([question.stem.as_str()].into_iter());
        let texts = question.choices.iter().map(|choice| choice.text.as_str());
        let of_all = hash(std::iter::once(question.stem.as_str()).chain(texts));
        let plain = with("");
        let fits = is_whole && plain.len() >= *ID_CHARS.start();
        let all = [
            fits.then_some(plain),
            Some(with(&of_stem)),
            Some(with(&of_all)),
        ];
        let free = all
            .into_iter()
            .flatten()
            .find(|id| !self.taken.contains(id))?;
        self.taken.insert(free.clone());
        Some(free)
    }
}

/// Reads what ids shall begin with: small letters, digits and hyphens.
///
/// # Errors
///
/// Says what a prefix is, if this is none.
pub fn prefix(text: &str) -> Result<String, String> {
    let is_plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    let prefix = text.trim_end_matches('-');
    if prefix.is_empty() || prefix.len() > PREFIX_MAX || !prefix.bytes().all(is_plain) {
        return Err(format!(
            "a prefix has 1 to {PREFIX_MAX} small letters, digits and hyphens, as s3"
        ));
    }
    Ok(prefix.to_owned())
}

/// The first words of a stem, and whether they are all of it.
fn words(stem: &str) -> (String, bool) {
    let mut out = String::new();
    let is_other = |c: char| !c.is_alphanumeric() && c != '\'' && c != '’';
    for word in stem.split(is_other) {
        let plain = word.chars().filter(|c| c.is_alphanumeric());
        let plain: String = plain.flat_map(char::to_lowercase).collect();
        if plain.is_empty() {
            continue;
        }
        if !plain.is_ascii() || out.len() + 1 + plain.len() > WORDS_MAX {
            return (out, false);
        }
        if !out.is_empty() {
            out.push('-');
        }
        out.push_str(&plain);
    }
    (out, true)
}

/// A hash that never changes (FNV-1a).
fn hash<'a>(texts: impl Iterator<Item = &'a str>) -> String {
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    for text in texts {
        for byte in text.bytes().chain([0]) {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
    let folded = (hash >> 32) ^ (hash & 0xffff_ffff);
    format!("{folded:0HASH_DIGITS$x}")
}
