//! A long question borrows words from the sections that it finds first.
//!
//! Whoever describes a need at length seldom names the thing that meets it; the sections found
//! first often do. This is relevance feedback as in Lavrenko and Croft, "Relevance-based language
//! models" (SIGIR 2001), with the question kept beside what it borrows.

use std::collections::HashMap;

use crate::documents::hash_of;
use crate::lexicon::Lexicon;
use crate::question::{HASHED, Question};
use crate::section::Section;
use crate::words::{Stems, words};

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

/// The stems to look for besides those of the question, with their weights, given the sections
/// found first and their scores.
pub(crate) fn borrowed(
    question: &Question,
    lenders: &[(f32, Section)],
    lexicon: &Lexicon<'_>,
    stems: &mut Stems,
) -> Vec<(String, f32)> {
    let best = lenders.first().map_or(1.0, |(score, _)| *score);
    let mut weights: HashMap<String, f32> = HashMap::new();
    let mut known = HashMap::new();
    for (score, section) in lenders {
        for (stem, weight) in rare_words(section, lexicon, stems, &mut known) {
            *weights.entry(stem).or_default() += weight * score / best;
        }
    }
    let mut weights: Vec<(String, f32)> = weights.into_iter().collect();
    weights.sort_by(|a, b| b.1.total_cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    weights.truncate(WORDS);
    let total: f32 = weights.iter().map(|(_, weight)| weight).sum();
    let scale = WEIGHT * question.n_strong() as f32 / total.max(f32::EPSILON);
    for (_, weight) in &mut weights {
        *weight *= scale;
    }
    weights
}

/// The words of a section by how often they stand there and how rare they are elsewhere, the
/// section as a vector of length 1. The weights by stem are known from the sections before.
fn rare_words(
    section: &Section,
    lexicon: &Lexicon<'_>,
    stems: &mut Stems,
    known: &mut HashMap<u32, f32>,
) -> Vec<(String, f32)> {
    let mut counts: HashMap<u32, u16> = HashMap::new();
    for text in [section.heading(), &section.body] {
        for word in words(text) {
            let stem = stems.know(word.text);
            if counts.len() < LOOKED_AT || counts.contains_key(&stem) {
                let count = counts.entry(stem).or_default();
                *count = count.saturating_add(1);
            }
        }
    }
    let mut weights = Vec::with_capacity(counts.len());
    for (number, count) in counts {
        let stem = stems.numbered(number);
        if !HASHED.stop.contains(&hash_of(stem)) {
            let rarity = *known.entry(number).or_insert_with(|| lexicon.weight(stem));
            let weight = (1.0 + f32::from(count).ln()) * rarity;
            weights.push((stem.to_owned(), weight));
        }
    }
    let length = weights.iter().map(|(_, weight)| weight * weight);
    let length = length.sum::<f32>().sqrt().max(f32::EPSILON);
    for (_, weight) in &mut weights {
        *weight /= length;
    }
    weights
}
