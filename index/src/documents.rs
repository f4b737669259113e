//! A note's sections as the engine takes them in.

use std::collections::BTreeSet;

use tantivy::TantivyDocument;
use xxhash_rust::xxh3::xxh3_64;

use crate::concepts::{self, Capitals};
use crate::schema::{FIELDS, SEPARATOR, place_of};
use crate::section::{Note, Section};
use crate::words::{Stems, words};

/// What a thread remembers from note to note, and learns of the words of a segment.
#[derive(Default)]
pub(crate) struct Learner {
    stems: Stems,
    /// Segments begun before this one.
    n_lessons: u32,
    stemmed: String,
    /// The words of the segment as written, in small letters, a space behind each.
    vocabulary: String,
    capitals: Capitals,
}

/// A note's documents, one for each section; the first carries what belongs to the whole note.
pub(crate) struct Documents<'a> {
    note: &'a Note,
    pub(crate) learner: &'a mut Learner,
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

impl Learner {
    /// Brings a text to its stems, each with a space behind it, and counts its words. What is new
    /// in the segment is learnt.
    fn take_in(&mut self, text: &str) -> usize {
        let mut n_words = 0;
        self.stemmed.clear();
        for word in words(text) {
            let (stem, is_new) = self.stems.learn(word.text, self.n_lessons + 1);
            self.stemmed.push_str(self.stems.numbered(stem));
            self.stemmed.push(' ');
            n_words += 1;
            if is_new {
                self.vocabulary.push_str(self.stems.last_word());
                self.vocabulary.push(' ');
            }
            self.capitals.learn(word.text);
        }
        n_words
    }

    /// The document that holds what was learnt of the segment's words. It belongs to no note and
    /// lasts as long as the segment.
    pub(crate) fn lesson(&mut self) -> TantivyDocument {
        let mut document = TantivyDocument::default();
        document.add_text(FIELDS.vocabulary, self.vocabulary.trim_end());
        for concept in std::mem::take(&mut self.capitals).concepts(&mut self.stems) {
            document.add_text(FIELDS.concept, concept);
        }
        self.vocabulary.clear();
        self.n_lessons += 1;
        document
    }

    /// The stems of the text that was taken in last, a space between each.
    fn stemmed(&self) -> &str {
        self.stemmed.trim_end()
    }
}

impl<'a> Documents<'a> {
    pub(crate) fn new(note: &'a Note, fingerprint: u64, learner: &'a mut Learner) -> Self {
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
            learner,
            topics,
            at: 0,
            parents: Default::default(),
        }
    }

    /// What belongs to the whole note: its path, abbreviations and aliases.
    fn add_note(&mut self, document: &mut TantivyDocument) {
        document.add_text(FIELDS.name, &self.note.path);
        for concept in concepts::abbreviations_of(self.note, &mut self.learner.stems) {
            document.add_text(FIELDS.concept, concept);
        }
        for alias in &self.note.aliases {
            self.learner.take_in(alias);
            for field in [FIELDS.heading, FIELDS.text, FIELDS.name] {
                document.add_text(field, self.learner.stemmed());
            }
        }
    }

    fn add_section(&mut self, document: &mut TantivyDocument, section: &Section) {
        document.add_u64(FIELDS.key, section.key().0);
        for topic in &self.topics {
            document.add_text(FIELDS.topic, topic);
        }
        for tag in &self.note.tags {
            document.add_text(FIELDS.tags, tag);
        }
        self.add_heading(document, section.heading());
        self.add_parents(document, section);
        let n_words = self.learner.take_in(&section.body);
        document.add_text(FIELDS.text, self.learner.stemmed());
        let facts = Facts {
            number: self.at,
            n_words,
            opens_with_name: concepts::opens_with_name(section.heading()),
        };
        document.add_u64(FIELDS.facts, facts.pack());
        document.add_text(FIELDS.place, place_of(section));
        document.add_text(FIELDS.body, &section.body);
    }

    fn add_heading(&mut self, document: &mut TantivyDocument, heading: &str) {
        let n_words = self.learner.take_in(heading);
        let stemmed = self.learner.stemmed();
        for stem in stemmed.split(' ').filter(|stem| !stem.is_empty()) {
            document.add_u64(FIELDS.heading_stems, hash_of(stem));
        }
        let initials: BTreeSet<String> = concepts::phrases(heading)
            .map(|phrase| phrase.initials)
            .collect();
        for initials in initials {
            document.add_text(FIELDS.initials, initials);
        }
        if n_words == 1 {
            document.add_text(FIELDS.name, stemmed);
        }
        document.add_text(FIELDS.heading, stemmed);
        document.add_text(FIELDS.text, stemmed);
    }

    fn add_parents(&mut self, document: &mut TantivyDocument, section: &Section) {
        let parents = section
            .heading_path
            .split_last()
            .map_or(&[][..], |(_, parents)| parents);
        if self.parents.0 != parents {
            let mut hashes: Vec<u64> = Vec::new();
            for word in parents.iter().flat_map(|parent| words(parent)) {
                hashes.push(hash_of(self.learner.stems.stem(word.text)));
            }
            hashes.sort_unstable();
            hashes.dedup();
            self.parents = (parents.to_vec(), hashes);
        }
        for hash in &self.parents.1 {
            document.add_u64(FIELDS.parent_stems, *hash);
        }
    }
}

impl Iterator for Documents<'_> {
    type Item = TantivyDocument;

    fn next(&mut self) -> Option<TantivyDocument> {
        let section = self.note.sections.get(self.at);
        if section.is_none() && self.at > 0 {
            return None;
        }
        let mut document = TantivyDocument::default();
        document.add_text(FIELDS.held, &self.held);
        if self.at == 0 {
            self.add_note(&mut document);
        }
        // A note without sections leaves only what it held, so that it is not read again.
        if let Some(section) = section {
            self.add_section(&mut document, section);
        }
        self.at += 1;
        Some(document)
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

/// A stem in the 32 bits that the columns hold.
pub(crate) fn hash_of(stem: &str) -> u64 {
    xxh3_64(stem.as_bytes()) >> 32
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
