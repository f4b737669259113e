//! A note's sections as the engine takes them in.

use std::collections::BTreeSet;

use tantivy::TantivyDocument;

use crate::concepts;
use crate::draft::Draft;
use crate::schema::{FIELDS, SEPARATOR, place_of};
use crate::section::{Note, Section};
use crate::words::{hash_of, words};

/// A note's documents, one for each section; the first carries what belongs to the whole note.
pub(crate) struct Documents<'a> {
    note: &'a Note,
    held: String,
    topics: Vec<String>,
    at: usize,
    /// The parents' stems of the section before: neighbours mostly share them.
    parents: (Vec<String>, Vec<u64>),
}

/// What all sections of a note in one state carry.
pub(crate) fn held_text(path: &str, fingerprint: u64) -> String {
    format!("{path}{SEPARATOR}{fingerprint:016x}")
}

impl<'a> Documents<'a> {
    pub(crate) fn new(note: &'a Note, fingerprint: u64) -> Self {
        let mut topics: Vec<String> = Vec::new();
        for topic in std::iter::once(&note.title).chain(&note.tags) {
            let topic = topic.trim().to_lowercase();
            if !topic.is_empty() && !topics.contains(&topic) {
                topics.push(topic);
            }
        }
        Self {
            note,
            held: held_text(&note.path, fingerprint),
            topics,
            at: 0,
            parents: Default::default(),
        }
    }

    /// Whether all documents have been written.
    pub(crate) fn is_done(&self) -> bool {
        // A note without sections leaves only what it held, so that it is not read again.
        self.at >= self.note.sections.len().max(1)
    }

    /// Writes the next document, if there is one.
    pub(crate) fn write_next(&mut self, draft: &mut Draft) -> tantivy::Result<()> {
        let mut stored = TantivyDocument::default();
        draft.add_term(FIELDS.held, &self.held);
        if self.at == 0 {
            self.add_note(draft);
        }
        if let Some(section) = self.note.sections.get(self.at) {
            self.add_section(draft, section);
            stored.add_text(FIELDS.place, place_of(section));
            for tag in &self.note.tags {
                stored.add_text(FIELDS.tags, tag);
            }
            stored.add_text(FIELDS.body, &section.body);
        }
        self.at += 1;
        draft.close_document(&stored)
    }

    /// What belongs to the whole note: its path, abbreviations and aliases.
    fn add_note(&self, draft: &mut Draft) {
        draft.add_term(FIELDS.name, &self.note.path);
        for concept in concepts::abbreviations_of(self.note, &mut draft.stems) {
            draft.add_term(FIELDS.concept, &concept);
        }
        for alias in &self.note.aliases {
            draft.take_in(alias);
            draft.add_heading();
            draft.add_text();
            draft.add_term(FIELDS.name, &draft.taken());
        }
    }

    fn add_section(&mut self, draft: &mut Draft, section: &Section) {
        draft.add_number(FIELDS.key, section.key().0);
        for topic in &self.topics {
            draft.add_term(FIELDS.topic, topic);
        }
        add_heading(draft, section);
        self.add_parents(draft, section);
        let n_words = draft.take_in(&section.body);
        draft.add_text();
        let facts = Facts {
            number: self.at,
            n_words,
            opens_with_name: concepts::opens_with_name(section.heading()),
        };
        draft.add_number(FIELDS.facts, facts.pack());
    }

    fn add_parents(&mut self, draft: &mut Draft, section: &Section) {
        let parents = section
            .heading_path
            .split_last()
            .map_or(&[][..], |(_, parents)| parents);
        if self.parents.0 != parents {
            let mut hashes: Vec<u64> = Vec::new();
            for word in parents.iter().flat_map(|parent| words(parent)) {
                hashes.push(hash_of(draft.stems.stem(word.text)));
            }
            hashes.sort_unstable();
            hashes.dedup();
            self.parents = (parents.to_vec(), hashes);
        }
        for hash in &self.parents.1 {
            draft.add_number(FIELDS.parent_stems, *hash);
        }
    }
}

/// Adds a section's own heading. A note's title is a name, and so is a heading of one word: what a
/// question is, whole, comes first.
fn add_heading(draft: &mut Draft, section: &Section) {
    let heading = section.heading();
    let n_words = draft.take_in(heading);
    draft.add_heading_stems();
    draft.add_heading();
    draft.add_text();
    let is_title = section.heading_path.len() == 1;
    if n_words == 1 || is_title {
        draft.add_term(FIELDS.name, &draft.taken());
    }
    let initials: BTreeSet<String> = concepts::phrases(heading)
        .map(|phrase| phrase.initials)
        .collect();
    for initials in initials {
        draft.add_term(FIELDS.initials, &initials);
    }
}

/// What ranking reads of a section from its column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Facts {
    /// Which section of its note it is, from 0.
    pub(crate) number: usize,
    /// Words in the body.
    pub(crate) n_words: usize,
    /// Whether its heading opens with two capitalised words.
    pub(crate) opens_with_name: bool,
}

impl Facts {
    const NUMBER_BITS: u32 = 28;
    const WORDS_BITS: u32 = 20;

    fn pack(self) -> u64 {
        let number = (self.number as u64).min((1 << Self::NUMBER_BITS) - 1);
        let n_words = (self.n_words as u64).min((1 << Self::WORDS_BITS) - 1);
        let opens_with_name = u64::from(self.opens_with_name);
        number
            | n_words << Self::NUMBER_BITS
            | opens_with_name << (Self::NUMBER_BITS + Self::WORDS_BITS)
    }

    pub(crate) fn unpack(packed: u64) -> Self {
        let bits = |from: u32, n: u32| ((packed >> from) & ((1 << n) - 1)) as usize;
        Self {
            number: bits(0, Self::NUMBER_BITS),
            n_words: bits(Self::NUMBER_BITS, Self::WORDS_BITS),
            opens_with_name: bits(Self::NUMBER_BITS + Self::WORDS_BITS, 1) == 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_come_back_as_they_went() {
        for facts in [
            (0, 0, false),
            (1, 2, true),
            ((1 << 28) - 1, (1 << 20) - 1, true),
        ] {
            let (number, n_words, opens_with_name) = facts;
            let facts = Facts {
                number,
                n_words,
                opens_with_name,
            };
            assert_eq!(Facts::unpack(facts.pack()), facts);
        }
    }
}
