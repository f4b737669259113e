//! From a question to ranked hits.

use crate::index::{Index, IndexError, Live, guarded};
use crate::lexicon::Lexicon;
use crate::question::Question;
use crate::quote::{self, Quote};
use crate::rank::{Ranked, Source, rank};
use crate::section::Section;
use crate::sought::Sought;
use crate::tally::Spare;
use crate::words::Stems;

/// What a search brought to light.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// The best sections, best first.
    pub hits: Vec<Hit>,
    /// Whether the first hit holds the answer; otherwise the hits are only the nearest sections.
    pub answered: bool,
    /// How sure the index is of that, from 0 to 1.
    pub confidence: f32,
    /// Words that were read as others because the notes lack them as typed.
    pub corrections: Vec<Correction>,
}

/// A section that was found.
#[derive(Clone, Debug)]
pub struct Hit {
    /// The section.
    pub section: Section,
    /// How well it fits; comparable within one search only.
    pub score: f32,
    /// The piece of the section that answers best, where one was asked for.
    pub quote: Option<Quote>,
    /// Why it ranks where it does.
    pub reasons: Vec<Reason>,
}

/// A part of a hit's score: the score is the product of all parts.
#[derive(Clone, Debug, PartialEq)]
pub struct Reason {
    /// What it rewards; below 1, what it holds against the section.
    pub name: &'static str,
    /// What it multiplies the score by; the first part is what the words alone earn.
    pub value: f32,
}

/// A typed word that was read as another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Correction {
    /// As typed.
    pub typed: String,
    /// As read.
    pub read_as: String,
}

/// Hits of one search, at most.
pub const HITS_MAX: usize = 200;

impl Index {
    /// The sections that answer `question`, at most `n` and [`HITS_MAX`], best first; of `topic`
    /// alone if one is named. Each has its quote.
    ///
    /// # Errors
    /// The index on disk cannot be read.
    pub fn search(
        &self,
        question: &str,
        topic: Option<&str>,
        n: usize,
    ) -> Result<Found, IndexError> {
        self.search_quoting(question, topic, n, n)
    }

    /// The same, where only the first `n_quotes` have their quote: to choose one takes about as long
    /// as to find the section.
    ///
    /// # Errors
    /// The index on disk cannot be read.
    pub fn search_quoting(
        &self,
        question: &str,
        topic: Option<&str>,
        n: usize,
        n_quotes: usize,
    ) -> Result<Found, IndexError> {
        let Some(live) = self.live() else {
            return Ok(Found::default());
        };
        let n = n.min(HITS_MAX);
        guarded(|| {
            let search = |stems: &mut Stems| {
                let wants = (topic, n, n_quotes);
                search(&live, &self.shared.spare, question, wants, stems)
            };
            Ok(self.shared.stems.with(search)?)
        })
    }

    /// Piece `number` of a section, counted as in [`Quote::number`].
    #[must_use]
    pub fn quote(section: &Section, number: u16) -> Option<Quote> {
        quote::nth(&section.body, number)
    }
}

fn search(
    live: &Live,
    spare: &Spare,
    text: &str,
    (topic, n, n_quotes): (Option<&str>, usize, usize),
    stems: &mut Stems,
) -> tantivy::Result<Found> {
    let searcher = &live.searcher();
    let lexicon = Lexicon::new(searcher, &live.learnt)?;
    let question = Question::read(text, &lexicon, stems)?;
    let sought = Sought::new(&question);
    let source = Source {
        searcher,
        lexicon: &lexicon,
        unpacked: &live.unpacked,
        spare,
    };
    let ranked = rank(&question, &sought, topic, n, &source, stems)?;
    let confidence = ranked.first().map_or(0.0, |best| {
        confidence(&question, best, lexicon.weight_max())
    });
    let mut hits = Vec::with_capacity(ranked.len());
    for ranked in ranked {
        let unpacked = &ranked.unpacked;
        let quote = if hits.len() < n_quotes {
            let pieces = unpacked.pieces(stems);
            quote::choose(unpacked.lines(stems).heading(), pieces, &question, &sought)
        } else {
            None
        };
        hits.push(Hit {
            quote,
            section: unpacked.section.clone(),
            score: ranked.score,
            reasons: ranked.reasons,
        });
    }
    Ok(Found {
        hits,
        answered: confidence >= ANSWERED,
        confidence,
        corrections: question.corrections,
    })
}

/// The confidence from which on the first hit counts as the answer.
const ANSWERED: f32 = 0.5;

/// The evidence, at least, for a section whose name the question is, however common its words are.
const BY_NAME: f32 = 3.0;

/// How sure we are that the best section holds the answer, from 0 to 1.
///
/// A logistic curve over the share of the question that the section holds, how much that is, how
/// much of it the headings name, the rarest word that it lacks, and how many of the question's
/// words no note holds. The weights were fitted on questions that notes do and do not answer.
fn confidence(question: &Question, best: &Ranked, weight_max: f32) -> f32 {
    let is_strong = |at: &usize| question.concepts[*at].counts();
    let mut counted: Vec<usize> = (0..question.concepts.len()).filter(is_strong).collect();
    if counted.is_empty() {
        counted = (0..question.concepts.len()).collect();
    }
    let (mut all, mut held, mut named, mut lacked) = (0.0, 0.0, 0.0, 0.0_f32);
    for &at in &counted {
        let concept = &question.concepts[at];
        let rarity = concept.rarity / weight_max.max(f32::EPSILON);
        all += rarity;
        let sureness = best.held.get(at).copied().unwrap_or_default();
        held += rarity * sureness;
        lacked = lacked.max(rarity * (1.0 - sureness));
        named += rarity * best.named.get(at).copied().unwrap_or_default();
    }
    let n_strong = question.n_strong() as f32;
    let evidence =
        -9.3 + 8.3 * held / all.max(f32::EPSILON) + 5.7 * held.ln_1p() + 4.75 * named.ln_1p()
            - 3.6 * lacked
            + 1.4 * n_strong.ln()
            - 0.42 * question.n_unknown() as f32;
    let evidence = match best.is_name {
        true => evidence.max(BY_NAME),
        false => evidence,
    };
    1.0 / (1.0 + (-evidence).exp())
}
