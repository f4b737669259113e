//! Ranking, in three passes, each over fewer sections with more to go by.
//!
//! 1. The thirty best are found by BM25 over text and heading; for a long question again, with
//!    words borrowed from the first of them.
//! 2. Those are weighed by what the columns say: how much of the heading the question explains and
//!    of the question the heading, what the parents say, how much text there is.
//! 3. The best six are read: how much of the question they hold, and how close together.

use std::collections::HashSet;
use std::sync::Arc;

use tantivy::{DocAddress, Searcher};

use crate::feedback::{self, LENDERS};
use crate::lexicon::Lexicon;
use crate::lists::HASHED;
use crate::question::Question;
use crate::search::Reason;
use crate::sought::{BITS, Form, Sought};
use crate::tally::{self, Spare, Tally};
use crate::unpacked::{Lines, Unpacked, UnpackedCache};
use crate::words::{Stems, hash_of};

/// Sections that the second pass weighs.
const FIRST: usize = 30;
/// Sections that the third pass reads, at least.
const READ: usize = 6;

/// Weight of the heading beside the text for a question of one concept; it falls with their
/// number, for a long question hits headings by chance.
const HEADING: f32 = 3.0;
const HEADING_MIN: f32 = 0.2;
const HEADING_MAX: f32 = 1.0;
/// What a long form weighs beside its short form.
const LONG_FORM: f32 = 1.3;
/// What a synonym weighs beside the word that was typed, at most.
const SYNONYM: f32 = 0.8;

/// What a name adds that is the question, whole: a title or an alias comes first.
const BY_NAME: f32 = 2.0;
/// What a heading adds that the question explains and that explains the question.
const BY_HEADING: f32 = 4.0;
/// What parent headings add that hold the question's words.
const BY_PARENTS: f32 = 0.3;
/// What the length of the text adds, per e-fold of [`LENGTH`] words.
const BY_LENGTH: f32 = 0.15;
const LENGTH: f32 = 80.0;
/// What is left of a section of fewer than [`N_EMPTY`] words: a heading alone answers nothing.
const IF_EMPTY: f32 = 0.05;
const N_EMPTY: usize = 3;
/// What a heading adds that names both sides of a comparison.
const BY_BOTH_SIDES: f32 = 2.5;
const BY_COMPARING: f32 = 0.5;

/// What a heading adds that promises limits to a question that asks for one.
const BY_LIMITS: f32 = 0.4;

/// What a text adds that holds the question's words: all of it, and with its parents.
const BY_COVER: f32 = 0.75;
const BY_COVER_WITH_PARENTS: f32 = 0.3;
/// What the mere number of concepts held adds, in long questions.
const BY_NUMBER: f32 = 0.5;
/// What the best four lines together add, and the best single line in long questions.
const BY_FOUR_LINES: f32 = 1.5;
const BY_ONE_LINE: f32 = 0.5;
/// What words add that stand side by side as in the question.
const BY_PAIRS: f32 = 0.4;
/// Concepts above the first after which a question is fully long.
const LONG_QUESTION: f32 = 8.0;

/// A section with its score and what made it.
pub(crate) struct Ranked {
    pub(crate) unpacked: Arc<Unpacked>,
    pub(crate) score: f32,
    pub(crate) reasons: Vec<Reason>,
    /// Whether the question is its name.
    pub(crate) is_name: bool,
    /// How surely each concept of the question stands in the heading or its parents, from 0 to 1.
    pub(crate) named: Vec<f32>,
    /// The same for there and the text.
    pub(crate) held: Vec<f32>,
}

/// A section on its way through the passes.
struct Candidate {
    at: DocAddress,
    score: f32,
    reasons: Vec<Reason>,
    /// Whether the question is its name.
    is_name: bool,
    /// Whether that counts: a heading alone answers nothing.
    named: bool,
    /// The stems of the heading and of its parents, as hashes.
    heading: Vec<u64>,
    parents: Vec<u64>,
}

impl Candidate {
    fn times(&mut self, name: &'static str, factor: f32) {
        if (factor - 1.0).abs() > 1e-3 {
            self.score *= factor;
            self.reasons.push(Reason {
                name,
                value: factor,
            });
        }
    }
}

/// What a search reads.
pub(crate) struct Source<'a> {
    pub(crate) searcher: &'a Searcher,
    pub(crate) lexicon: &'a Lexicon<'a>,
    pub(crate) unpacked: &'a UnpackedCache,
    pub(crate) spare: &'a Spare,
}

impl Source<'_> {
    fn section(&self, at: DocAddress) -> tantivy::Result<Option<Arc<Unpacked>>> {
        self.unpacked.get(self.searcher, at)
    }
}

/// The best `n` sections for a question, best first.
pub(crate) fn rank(
    question: &Question,
    sought: &Sought,
    topic: Option<&str>,
    n: usize,
    source: &Source<'_>,
    stems: &mut Stems,
) -> tantivy::Result<Vec<Ranked>> {
    let found = first_pass(question, topic, FIRST.max(n), source, stems)?;
    let weigher = Weigher::new(question, sought, source)?;
    let mut candidates = Vec::with_capacity(found.len());
    for (score, at) in found {
        candidates.push(weigher.weigh(score, at)?);
    }
    sort(&mut candidates);
    let reader = Reader::new(question, sought);
    let mut ranked = Vec::with_capacity(n);
    let rest = candidates.split_off(candidates.len().min(READ));
    for candidate in candidates {
        let unpacked = source.section(candidate.at)?;
        ranked.extend(unpacked.map(|unpacked| reader.read(candidate, unpacked, stems)));
    }
    ranked.sort_by(|a, b| b.score.total_cmp(&a.score));
    for candidate in rest.into_iter().take(n.saturating_sub(ranked.len())) {
        let unpacked = source.section(candidate.at)?;
        // The third pass only ever multiplies by one or more: those not read stay below.
        let ceiling = ranked.last().map_or(f32::MAX, |last| last.score);
        ranked.extend(unpacked.map(|unpacked| Ranked {
            unpacked,
            score: candidate.score.min(ceiling),
            reasons: candidate.reasons,
            is_name: candidate.is_name,
            named: Vec::new(),
            held: Vec::new(),
        }));
    }
    ranked.truncate(n);
    Ok(ranked)
}

/// The `n` sections that the words find.
fn first_pass(
    question: &Question,
    topic: Option<&str>,
    n: usize,
    source: &Source<'_>,
    stems: &mut Stems,
) -> tantivy::Result<Vec<(f32, DocAddress)>> {
    let mut tally = tally_of(question, source)?;
    let found = tally.best(n, topic)?;
    if !feedback::borrows(question) {
        return Ok(found);
    }
    let mut lenders = Vec::with_capacity(LENDERS);
    for (score, at) in found.iter().take(LENDERS) {
        let unpacked = source.section(*at)?;
        lenders.extend(unpacked.map(|unpacked| (*score, unpacked)));
    }
    let lendable = lenders.iter();
    let lendable: Vec<_> = lendable
        .map(|(score, unpacked)| (*score, unpacked.lendable(stems)))
        .collect();
    for (stem, weight) in feedback::borrowed(question, &lendable, source.lexicon) {
        tally.add_to_those(stem, weight)?;
    }
    tally.best(n, topic)
}

fn sort(candidates: &mut [Candidate]) {
    candidates.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.at.cmp(&b.at)));
}

/// The weight of a heading beside the text.
fn heading_weight(question: &Question) -> f32 {
    (HEADING / question.n_strong() as f32).clamp(HEADING_MIN, HEADING_MAX)
}

/// The first pass: what the question's words earn each section.
fn tally_of<'a>(question: &Question, source: &Source<'a>) -> tantivy::Result<Tally<'a>> {
    let lexicon = source.lexicon;
    let heading = heading_weight(question);
    let mut tally = Tally::new(source.searcher, lexicon.weighed(), heading, source.spare);
    for concept in question.concepts.iter().filter(|concept| concept.known) {
        let forms = concept.forms.iter().enumerate();
        let known = forms.filter(|(_, form)| form.iter().all(|stem| lexicon.n_with(stem) > 0));
        let forms = known.map(|(at, form)| {
            let weight = match at < concept.n_own {
                true => 1.0,
                // A rare word is not worth more for standing in for a common one.
                false => {
                    let rarity = lexicon.weight(&form[0]).max(f32::EPSILON);
                    SYNONYM * (concept.rarity / rarity).min(1.0)
                }
            };
            let weight = weight * form_weight(form, lexicon);
            tally::Form {
                stems: form,
                weight,
            }
        });
        let forms: Vec<tally::Form<'_>> = forms.collect();
        tally.add(&forms, concept.share)?;
    }
    Ok(tally)
}

/// What the stems of a form weigh: those of a long form in all about what its rarest does.
fn form_weight(form: &[String], lexicon: &Lexicon<'_>) -> f32 {
    if form.len() == 1 {
        return 1.0;
    }
    let weights: Vec<f32> = form.iter().map(|stem| lexicon.weight(stem)).collect();
    let sum = weights.iter().sum::<f32>().max(f32::EPSILON);
    LONG_FORM * weights.iter().fold(0.0_f32, |max, weight| max.max(*weight)) / sum
}

/// The second pass.
struct Weigher<'a> {
    question: &'a Question,
    sought: &'a Sought,
    source: &'a Source<'a>,
    total: f32,
    /// Sections whose name the question is.
    named: HashSet<DocAddress>,
}

impl<'a> Weigher<'a> {
    fn new(
        question: &'a Question,
        sought: &'a Sought,
        source: &'a Source<'a>,
    ) -> tantivy::Result<Self> {
        Ok(Self {
            question,
            sought,
            source,
            total: question.weight(),
            named: source.lexicon.named(&question.names)?,
        })
    }

    fn weigh(&self, score: f32, at: DocAddress) -> tantivy::Result<Candidate> {
        let columns = self.source.lexicon.columns(at.segment_ord)?;
        let facts = columns.facts(at.doc_id);
        let mut heading: Vec<u64> = columns.heading(at.doc_id).collect();
        heading.sort_unstable();
        heading.dedup();
        let parents: Vec<u64> = columns.parents(at.doc_id).collect();
        let (fit, n_named) = self.heading_fit(&heading);
        // An alias stands in no heading, and is as good as one.
        let is_name = self.named.contains(&at);
        let named = is_name && facts.n_words >= N_EMPTY;
        let fit = if named { 1.0 } else { fit };
        let mut candidate = Candidate {
            at,
            score,
            reasons: vec![Reason {
                name: "words",
                value: score,
            }],
            is_name,
            named,
            heading,
            parents,
        };
        if named {
            candidate.times("name", 1.0 + BY_NAME);
        }
        candidate.times("heading", 1.0 + BY_HEADING * fit);
        let parents = &candidate.parents;
        let by_parents = self.share(|forms| forms.iter().any(|form| form.is_among(parents)));
        candidate.times("parents", 1.0 + BY_PARENTS * by_parents);
        let length = (1.0 + facts.n_words as f32 / LENGTH).ln();
        candidate.times("length", 1.0 + BY_LENGTH * length);
        if self.question.compares && n_named >= 2 {
            let compares = candidate
                .heading
                .iter()
                .any(|hash| HASHED.compare.contains(hash));
            let by_word = if compares { 1.0 + BY_COMPARING } else { 1.0 };
            candidate.times("both sides", by_word * (1.0 + BY_BOTH_SIDES));
        }
        if self.question.wants_limit
            && n_named > 0
            && candidate
                .heading
                .iter()
                .any(|hash| HASHED.limits.contains(hash))
        {
            candidate.times("limits", 1.0 + BY_LIMITS);
        }
        if facts.n_words < N_EMPTY {
            candidate.times("empty", IF_EMPTY);
        }
        Ok(candidate)
    }

    /// How well heading and question explain each other, and how many concepts the heading names.
    fn heading_fit(&self, heading: &[u64]) -> (f32, usize) {
        let mut explained = 0.0;
        let mut used: Vec<u64> = Vec::new();
        let mut n_named = 0;
        for (concept, forms) in self.question.concepts.iter().zip(&self.sought.concepts) {
            let before = used.len();
            let mut named = false;
            for form in forms.iter().filter(|form| form.is_among(heading)) {
                named = true;
                for hash in &form.hashes {
                    if !used.contains(hash) {
                        used.push(*hash);
                    }
                }
            }
            if named {
                explained += concept.weight();
                n_named += usize::from(!concept.weak && used.len() > before);
            }
        }
        if explained == 0.0 {
            return (0.0, 0);
        }
        if self.question.compares {
            for hash in heading {
                if HASHED.compare.contains(hash) && !used.contains(hash) {
                    used.push(*hash);
                }
            }
        }
        let lexicon = self.source.lexicon;
        let weigh = |hash: &u64| match hash {
            hash if HASHED.stop.contains(hash) => 0.0,
            hash if HASHED.weak.contains(hash) => 0.25 * lexicon.heading_weight(*hash),
            hash if HASHED.compare.contains(hash) => 0.3 * lexicon.heading_weight(*hash),
            hash => lexicon.heading_weight(*hash),
        };
        let all: f32 = heading.iter().map(weigh).sum();
        let own: f32 = used.iter().map(weigh).sum();
        let of_heading = if all > 0.0 { (own / all).min(1.0) } else { 0.0 };
        (of_heading * (explained / self.total).min(1.0), n_named)
    }

    /// The share of the question whose concepts pass a test.
    fn share(&self, test: impl Fn(&[Form]) -> bool) -> f32 {
        share(self.question, self.sought, self.total, test)
    }
}

/// The share of a question whose concepts pass a test, by what they weigh of `total`.
fn share(question: &Question, sought: &Sought, total: f32, test: impl Fn(&[Form]) -> bool) -> f32 {
    let concepts = question.concepts.iter().zip(&sought.concepts);
    let passing = concepts.filter(|(_, forms)| test(forms));
    passing.map(|(concept, _)| concept.weight()).sum::<f32>() / total
}

/// The third pass.
struct Reader<'a> {
    question: &'a Question,
    sought: &'a Sought,
    /// Neighbours in the question, with what each pair weighs.
    pairs: Vec<(u32, u32, f32)>,
    total: f32,
    /// How long the question is, from 0 to 1.
    long: f32,
}

/// What a reading of a section's text found.
struct Reading {
    /// What each line holds, as bits.
    lines: Vec<u128>,
    /// Which of the question's neighbours stand side by side.
    pairs: u128,
}

impl<'a> Reader<'a> {
    fn new(question: &'a Question, sought: &'a Sought) -> Self {
        let rarity = |stem: &String| {
            let mut concepts = question.concepts.iter();
            let concept =
                concepts.find(|concept| concept.forms.iter().flatten().any(|own| own == stem));
            concept.map(|concept| concept.rarity)
        };
        let bit = |stem: &String| sought.bit(hash_of(stem) as u32);
        let pair = |pair: &[String]| {
            let weight = rarity(&pair[0])?.min(rarity(&pair[1])?);
            Some((bit(&pair[0])?, bit(&pair[1])?, weight))
        };
        let pairs = question.stems.windows(2).filter_map(pair).take(BITS);
        Self {
            question,
            sought,
            pairs: pairs.collect(),
            total: question.weight(),
            long: ((question.n_strong() as f32 - 1.0) / LONG_QUESTION).min(1.0),
        }
    }

    fn read(&self, mut candidate: Candidate, unpacked: Arc<Unpacked>, stems: &mut Stems) -> Ranked {
        let mut reading = self.take_in(unpacked.lines(stems));
        if candidate.named {
            // The name counts as a line of the text that holds the whole question.
            reading.lines.push(u128::MAX);
            reading.pairs = u128::MAX;
        }
        let all = reading.lines.iter().fold(0, |all, line| all | line);
        let cover = self.share(|form| form.is_held(all));
        let parents = &candidate.parents;
        let with_parents = self.share(|form| form.is_held(all) || form.is_among(parents));
        let above = [&candidate.heading[..], parents].concat();
        let n_concepts = self.sought.concepts.len();
        let (mut named, mut held) = (
            Vec::with_capacity(n_concepts),
            Vec::with_capacity(n_concepts),
        );
        let mut n_held = 0;
        for (concept, forms) in self.question.concepts.iter().zip(&self.sought.concepts) {
            let in_names = match candidate.named {
                true => Some(0),
                false => forms.iter().position(|form| form.is_among(&above)),
            };
            let in_text = forms.iter().position(|form| form.is_held(all));
            n_held += usize::from(in_text.is_some());
            let by_name = concept.sureness(in_names);
            named.push(by_name);
            held.push(concept.sureness(in_text).max(by_name));
        }
        let number = n_held as f32 / n_concepts.max(1) as f32;
        let (four, one) = (self.best_of(4, &reading), self.best_of(1, &reading));
        let close = self.close(&reading);
        let long = self.long;
        candidate.times("cover", 1.0 + BY_COVER * cover);
        candidate.times(
            "cover with parents",
            1.0 + BY_COVER_WITH_PARENTS * with_parents * long,
        );
        candidate.times("number of words", 1.0 + BY_NUMBER * number * long);
        candidate.times("four lines", 1.0 + BY_FOUR_LINES * four);
        candidate.times("one line", 1.0 + BY_ONE_LINE * one * long);
        candidate.times("side by side", 1.0 + BY_PAIRS * close);
        Ranked {
            unpacked,
            score: candidate.score,
            reasons: candidate.reasons,
            is_name: candidate.is_name,
            named,
            held,
        }
    }

    /// Reads heading and body, line by line.
    fn take_in(&self, lines: &Lines) -> Reading {
        let lines = lines.iter();
        let mut reading = Reading {
            lines: Vec::with_capacity(lines.len() + 1),
            pairs: 0,
        };
        for line in lines {
            let (mut held, mut before) = (0, None);
            for word in line {
                let bit = self.sought.bit(*word);
                if let Some(bit) = bit {
                    held |= 1 << bit;
                    reading.pairs |= before.map_or(0, |before| self.pairs_of(before, bit));
                }
                before = bit;
            }
            reading.lines.push(held);
        }
        reading
    }

    /// Which of the question's neighbours these two are.
    fn pairs_of(&self, before: u32, bit: u32) -> u128 {
        let pairs = self.pairs.iter().enumerate();
        let same = pairs.filter(|(_, (left, right, _))| (*left, *right) == (before, bit));
        same.fold(0, |all, (at, _)| all | 1 << at)
    }

    /// The share of the question that the best `n` lines in a row hold.
    fn best_of(&self, n: usize, reading: &Reading) -> f32 {
        let windows = reading.lines.windows(n.min(reading.lines.len()).max(1));
        let windows = windows.map(|lines| lines.iter().fold(0, |all, line| all | line));
        let shares = windows.map(|lines| self.share(|form| form.is_held(lines)));
        shares.fold(0.0, f32::max)
    }

    /// The share of the question's neighbours that stand side by side in the text.
    fn close(&self, reading: &Reading) -> f32 {
        let all: f32 = self.pairs.iter().map(|(_, _, weight)| weight).sum();
        let held = self.pairs.iter().enumerate();
        let held = held.filter(|(at, _)| reading.pairs & (1 << at) != 0);
        let held: f32 = held.map(|(_, (_, _, weight))| weight).sum();
        if all > 0.0 { held / all } else { 0.0 }
    }

    /// The share of the question of which a form passes a test.
    fn share(&self, test: impl Fn(&Form) -> bool) -> f32 {
        let any = |forms: &[Form]| forms.iter().any(&test);
        share(self.question, self.sought, self.total, any)
    }
}
