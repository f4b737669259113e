//! A long question borrows words from the sections that it finds first.
//!
//! Whoever describes a need at length seldom names the thing that meets it; the sections found
//! first often do. This is relevance feedback as in Lavrenko and Croft, "Relevance-based language
//! models" (SIGIR 2001), with the question kept beside what it borrows.

use std::collections::HashMap;

use crate::lexicon::Lexicon;
use crate::lists::HASHED;
use crate::question::Question;
use crate::section::Section;
use crate::words::{Hashed, Stems, hash_of, words};

/// Concepts from which on a question borrows: a shorter one says what it means.
const LONG: usize = 8;
/// Sections that are borrowed from.
pub(crate) const LENDERS: usize = 5;
/// Words that are borrowed.
const WORDS: usize = 15;
/// Different words of a section that are looked at, in the order of the text.
const LOOKED_AT: usize = 200;
/// What all that is borrowed weighs beside a question, for each of its concepts.
const WEIGHT: f32 = 0.5;

/// Whether a question borrows words.
pub(crate) fn borrows(question: &Question) -> bool {
    question.n_strong() >= LONG
}

/// The different words of a section that a question may borrow, in the order of the text.
#[derive(Debug)]
pub(crate) struct Lendable {
    /// The stems, one after the other.
    letters: String,
    words: Vec<Lent>,
}

/// A word of a section.
#[derive(Debug)]
struct Lent {
    /// Where its stem ends among the letters.
    end: u32,
    /// What it weighs by how often it stands there.
    weight: f32,
}

impl Lendable {
    pub(crate) fn of(section: &Section, stems: &mut Stems) -> Self {
        let mut counts: HashMap<u32, usize, Hashed> = HashMap::default();
        let mut met: Vec<(u32, u16)> = Vec::new();
        for text in [section.heading(), &section.body] {
            for word in words(text) {
                let stem = stems.know(word.text);
                match counts.get(&stem) {
                    Some(&at) => met[at].1 = met[at].1.saturating_add(1),
                    None if met.len() < LOOKED_AT => {
                        counts.insert(stem, met.len());
                        met.push((stem, 1));
                    }
                    None => {}
                }
            }
        }
        let mut lendable = Self {
            letters: String::new(),
            words: Vec::new(),
        };
        for (stem, count) in met {
            let stem = stems.numbered(stem);
            if !HASHED.stop.contains(&hash_of(stem)) {
                lendable.letters.push_str(stem);
                lendable.words.push(Lent {
                    end: lendable.letters.len() as u32,
                    weight: 1.0 + f32::from(count).ln(),
                });
            }
        }
        lendable.letters.shrink_to_fit();
        lendable.words.shrink_to_fit();
        lendable
    }

    /// The stems, and what each weighs by how often it stands there.
    fn iter(&self) -> impl Iterator<Item = (&str, f32)> {
        let mut start = 0;
        self.words.iter().map(move |word| {
            let stem = &self.letters[start..word.end as usize];
            start = word.end as usize;
            (stem, word.weight)
        })
    }
}

/// The stems to look for besides those of the question, with their weights, given what the sections
/// found first have to lend, and their scores.
pub(crate) fn borrowed<'a>(
    question: &Question,
    lenders: &[(f32, &'a Lendable)],
    lexicon: &Lexicon<'_>,
) -> Vec<(&'a str, f32)> {
    let best = lenders.first().map_or(1.0, |(score, _)| *score);
    let mut weights: HashMap<&str, f32, Hashed> = HashMap::default();
    for (score, lendable) in lenders {
        for (stem, weight) in rare_words(lendable, lexicon) {
            *weights.entry(stem).or_default() += weight * score / best;
        }
    }
    let mut weights: Vec<(&str, f32)> = weights.into_iter().collect();
    let by_weight = |a: &(&str, f32), b: &(&str, f32)| b.1.total_cmp(&a.1).then(a.0.cmp(b.0));
    if weights.len() > WORDS {
        weights.select_nth_unstable_by(WORDS, by_weight);
        weights.truncate(WORDS);
    }
    weights.sort_by(by_weight);
    let total: f32 = weights.iter().map(|(_, weight)| weight).sum();
    let scale = WEIGHT * question.n_strong() as f32 / total.max(f32::EPSILON);
    for (_, weight) in &mut weights {
        *weight *= scale;
    }
    weights
}

/// The words of a section by how often they stand there and how rare they are elsewhere, the
/// section as a vector of length 1.
fn rare_words<'a>(lendable: &'a Lendable, lexicon: &Lexicon<'_>) -> Vec<(&'a str, f32)> {
    let mut weights: Vec<(&str, f32)> = lendable
        .iter()
        .map(|(stem, weight)| (stem, weight * lexicon.weight(stem)))
        .collect();
    let length = weights.iter().map(|(_, weight)| weight * weight);
    let length = length.sum::<f32>().sqrt().max(f32::EPSILON);
    for (_, weight) in &mut weights {
        *weight /= length;
    }
    weights
}
