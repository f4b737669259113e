//! Ranking, in three passes, each over fewer sections with more to go by.
//!
//! 1. The thirty best are found by BM25 over text and heading; for a long question again, with
//!    words borrowed from the first of them.
//! 2. Those are weighed by what the columns say: how much of the heading the question explains and
//!    of the question the heading, what the parents say, how much text there is.
//! 3. The best six are read: how much of the question they hold, and how close together.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};

use tantivy::columnar::Column;
use tantivy::{DocAddress, Searcher};

use crate::documents::{Facts, hash_of};
use crate::feedback::{self, LENDERS};
use crate::index::section_at;
use crate::lexicon::Lexicon;
use crate::question::{Concept, HASHED, Question};
use crate::search::Reason;
use crate::section::Section;
use crate::tally::{Form, Spare, Tally};
use crate::words::{Stems, words};

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
/// Characters from which on a line counts by its sentences.
const LINE_MAX: usize = 300;
/// Stems of a question that a text is searched for.
const BITS: usize = 128;
/// Concepts above the first after which a question is fully long.
const LONG_QUESTION: f32 = 8.0;

/// A section with its score and what made it.
pub(crate) struct Ranked {
    pub(crate) section: Section,
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
    heading: HashSet<u64>,
    parents: HashSet<u64>,
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

/// The best `n` sections for a question, best first.
pub(crate) fn rank(
    question: &Question,
    topic: Option<&str>,
    n: usize,
    searcher: &Searcher,
    lexicon: &Lexicon<'_>,
    spare: &Spare,
    stems: &mut Stems,
) -> tantivy::Result<Vec<Ranked>> {
    let mut tally = tally_of(question, searcher, lexicon, spare)?;
    let mut found = tally.best(FIRST.max(n), topic)?;
    if feedback::borrows(question) {
        let mut lenders = Vec::with_capacity(LENDERS);
        for (score, at) in found.iter().take(LENDERS) {
            let section = section_at(searcher, *at)?;
            lenders.extend(section.map(|section| (*score, section)));
        }
        for (stem, weight) in feedback::borrowed(question, &lenders, lexicon, stems) {
            tally.add_to_those(&stem, weight)?;
        }
        found = tally.best(FIRST.max(n), topic)?;
    }
    let mut weigher = Weigher::new(question, lexicon)?;
    let mut candidates = Vec::with_capacity(found.len());
    for (score, at) in found {
        candidates.push(weigher.weigh(score, at, searcher)?);
    }
    sort(&mut candidates);
    let mut reader = Reader::new(question, stems);
    let mut ranked = Vec::with_capacity(n);
    let rest = candidates.split_off(candidates.len().min(READ));
    for candidate in candidates {
        let section = section_at(searcher, candidate.at)?;
        ranked.extend(section.map(|section| reader.read(candidate, section, stems)));
    }
    ranked.sort_by(|a, b| b.score.total_cmp(&a.score));
    for candidate in rest.into_iter().take(n.saturating_sub(ranked.len())) {
        let section = section_at(searcher, candidate.at)?;
        // The third pass only ever multiplies by one or more: those not read stay below.
        let ceiling = ranked.last().map_or(f32::MAX, |last| last.score);
        ranked.extend(section.map(|section| Ranked {
            section,
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

fn sort(candidates: &mut [Candidate]) {
    candidates.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.at.cmp(&b.at)));
}

/// The weight of a heading beside the text.
fn heading_weight(question: &Question) -> f32 {
    (HEADING / question.n_strong() as f32).clamp(HEADING_MIN, HEADING_MAX)
}

/// The first pass: what the question's words earn each section.
fn tally_of<'a>(
    question: &Question,
    searcher: &'a Searcher,
    lexicon: &Lexicon<'_>,
    spare: &'a Spare,
) -> tantivy::Result<Tally<'a>> {
    let mut tally = Tally::new(searcher, heading_weight(question), spare)?;
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
            Form {
                stems: form,
                weight,
            }
        });
        let forms: Vec<Form<'_>> = forms.collect();
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
    lexicon: &'a Lexicon<'a>,
    /// The forms of each concept as hashes.
    forms: Vec<Vec<Vec<u64>>>,
    total: f32,
    /// Sections whose name the question is.
    named: HashSet<DocAddress>,
    columns: HashMap<u32, Columns>,
}

/// The columns of a segment.
struct Columns {
    facts: Column<u64>,
    heading: Column<u64>,
    parents: Column<u64>,
}

impl<'a> Weigher<'a> {
    fn new(question: &'a Question, lexicon: &'a Lexicon<'a>) -> tantivy::Result<Self> {
        let hashes = |concept: &Concept| {
            let forms = concept.forms.iter();
            forms
                .map(|form| form.iter().map(|stem| hash_of(stem)).collect())
                .collect()
        };
        Ok(Self {
            question,
            lexicon,
            forms: question.concepts.iter().map(hashes).collect(),
            total: question.weight(),
            named: lexicon.named(&question.names)?,
            columns: HashMap::new(),
        })
    }

    fn weigh(
        &mut self,
        score: f32,
        at: DocAddress,
        searcher: &Searcher,
    ) -> tantivy::Result<Candidate> {
        let columns = match self.columns.entry(at.segment_ord) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(place) => {
                let columns = searcher.segment_reader(at.segment_ord).fast_fields();
                place.insert(Columns {
                    facts: columns.u64("facts")?,
                    heading: columns.u64("heading_stems")?,
                    parents: columns.u64("parent_stems")?,
                })
            }
        };
        let facts = Facts::unpack(columns.facts.first(at.doc_id).unwrap_or_default());
        let heading: HashSet<u64> = columns.heading.values_for_doc(at.doc_id).collect();
        let parents: HashSet<u64> = columns.parents.values_for_doc(at.doc_id).collect();
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
        let by_parents = self.share(|forms| any_form_in(forms, &candidate.parents));
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
            && !candidate.heading.is_disjoint(&HASHED.limits)
        {
            candidate.times("limits", 1.0 + BY_LIMITS);
        }
        if facts.n_words < N_EMPTY {
            candidate.times("empty", IF_EMPTY);
        }
        Ok(candidate)
    }

    /// How well heading and question explain each other, and how many concepts the heading names.
    fn heading_fit(&self, heading: &HashSet<u64>) -> (f32, usize) {
        let mut explained = 0.0;
        let mut used: HashSet<u64> = HashSet::new();
        let mut n_named = 0;
        for (concept, forms) in self.question.concepts.iter().zip(&self.forms) {
            let inside = forms
                .iter()
                .filter(|form| form.iter().all(|hash| heading.contains(hash)));
            let before = used.len();
            let mut named = false;
            for form in inside {
                named = true;
                used.extend(form);
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
            used.extend(heading.intersection(&HASHED.compare));
        }
        let weigh = |hash: &u64| match hash {
            hash if HASHED.stop.contains(hash) => 0.0,
            hash if HASHED.weak.contains(hash) => 0.25 * self.lexicon.heading_weight(*hash),
            hash if HASHED.compare.contains(hash) => 0.3 * self.lexicon.heading_weight(*hash),
            hash => self.lexicon.heading_weight(*hash),
        };
        let all: f32 = heading.iter().map(weigh).sum();
        let own: f32 = used.iter().map(weigh).sum();
        let of_heading = if all > 0.0 { (own / all).min(1.0) } else { 0.0 };
        (of_heading * (explained / self.total).min(1.0), n_named)
    }

    /// The share of the question whose concepts pass a test.
    fn share(&self, test: impl Fn(&[Vec<u64>]) -> bool) -> f32 {
        let concepts = self.question.concepts.iter().zip(&self.forms);
        let weights = concepts.filter(|(_, forms)| test(forms));
        weights.map(|(concept, _)| concept.weight()).sum::<f32>() / self.total
    }
}

fn any_form_in(forms: &[Vec<u64>], set: &HashSet<u64>) -> bool {
    forms
        .iter()
        .any(|form| form.iter().all(|hash| set.contains(hash)))
}

/// The third pass. Each stem of the question is a bit; a text is the bits that it holds.
struct Reader<'a> {
    question: &'a Question,
    /// By a stem's number: its bit.
    bits: HashMap<u32, u32>,
    /// The forms of each concept as bits, and as hashes for the parents.
    forms: Vec<Vec<(u128, Vec<u64>)>>,
    /// Neighbours in the question, with what each pair weighs.
    pairs: Vec<(u32, u32, f32)>,
    total: f32,
    /// How long the question is, from 0 to 1.
    long: f32,
}

/// What a reading of a section's text found.
struct Reading {
    lines: Vec<u128>,
    pairs: u128,
}

impl<'a> Reader<'a> {
    fn new(question: &'a Question, stems: &mut Stems) -> Self {
        let mut bits: HashMap<&str, u32> = HashMap::new();
        let forms = question
            .concepts
            .iter()
            .flat_map(|concept| concept.forms.iter().flatten());
        for stem in forms.chain(&question.stems) {
            let next = bits.len() as u32;
            if next < BITS as u32 {
                bits.entry(stem.as_str()).or_insert(next);
            }
        }
        let bits_of = |form: &Vec<String>| {
            let bits = form.iter().map(|stem| bits.get(stem.as_str()));
            // A form that found no room can never be held.
            bits.map(|bit| bit.map_or(u128::MAX, |bit| 1 << bit))
                .fold(0, |all, bit| all | bit)
        };
        let hashes = |form: &Vec<String>| form.iter().map(|stem| hash_of(stem)).collect();
        let forms_of = |concept: &Concept| {
            let forms = concept.forms.iter();
            forms.map(|form| (bits_of(form), hashes(form))).collect()
        };
        let forms = question.concepts.iter().map(forms_of).collect();
        let rarity = |stem: &str| {
            let holds = |concept: &&Concept| concept.forms.iter().flatten().any(|own| own == stem);
            question
                .concepts
                .iter()
                .find(holds)
                .map(|concept| concept.rarity)
        };
        let pair = |pair: &[String]| {
            let weight = rarity(&pair[0])?.min(rarity(&pair[1])?);
            Some((
                *bits.get(pair[0].as_str())?,
                *bits.get(pair[1].as_str())?,
                weight,
            ))
        };
        let pairs = question
            .stems
            .windows(2)
            .filter_map(pair)
            .take(BITS)
            .collect();
        Self {
            question,
            forms,
            pairs,
            total: question.weight(),
            long: ((question.n_strong() as f32 - 1.0) / LONG_QUESTION).min(1.0),
            bits: bits
                .into_iter()
                .map(|(stem, bit)| (stems.number(stem), bit))
                .collect(),
        }
    }

    fn read(&mut self, mut candidate: Candidate, section: Section, stems: &mut Stems) -> Ranked {
        let mut reading = self.take_in(&section, stems);
        if candidate.named {
            // The name counts as a line of the text that holds the whole question.
            reading.lines.push(u128::MAX);
            reading.pairs = u128::MAX;
        }
        let all = reading.lines.iter().fold(0, |all, line| all | line);
        let cover = self.share(|bits, _| all & bits == bits);
        let parents = &candidate.parents;
        let in_parents = |hashes: &[u64]| hashes.iter().all(|hash| parents.contains(hash));
        let with_parents = self.share(|bits, hashes| all & bits == bits || in_parents(hashes));
        let window = |n: usize| {
            let windows = reading.lines.windows(n.min(reading.lines.len()).max(1));
            let windows = windows.map(|lines| lines.iter().fold(0, |all, line| all | line));
            let shares = windows.map(|lines| self.share(|bits, _| lines & bits == bits));
            shares.fold(0.0, f32::max)
        };
        let n_held = self.forms.iter();
        let n_held = n_held.filter(|forms| forms.iter().any(|(bits, _)| all & bits == *bits));
        let above: HashSet<u64> = candidate.heading.union(parents).copied().collect();
        let in_any =
            |set: &HashSet<u64>, hashes: &[u64]| hashes.iter().all(|hash| set.contains(hash));
        let concepts = self.question.concepts.iter().zip(&self.forms);
        let mut named = Vec::with_capacity(self.forms.len());
        let mut held = Vec::with_capacity(self.forms.len());
        for (concept, forms) in concepts {
            let in_names = forms.iter().position(|(_, hashes)| in_any(&above, hashes));
            let in_text = forms.iter().position(|(bits, _)| all & bits == *bits);
            let in_names = if candidate.named { Some(0) } else { in_names };
            let by_name = concept.sureness(in_names);
            named.push(by_name);
            held.push(concept.sureness(in_text).max(by_name));
        }
        let number = n_held.count() as f32 / self.forms.len().max(1) as f32;
        let (four, one) = (window(4), window(1));
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
            section,
            score: candidate.score,
            reasons: candidate.reasons,
            is_name: candidate.is_name,
            named,
            held,
        }
    }

    /// Reads heading and body, line by line.
    fn take_in(&self, section: &Section, stems: &mut Stems) -> Reading {
        let mut reading = Reading {
            lines: Vec::new(),
            pairs: 0,
        };
        self.take_line(section.heading(), &mut reading, stems);
        for line in section.body.lines() {
            if line.len() <= LINE_MAX {
                self.take_line(line, &mut reading, stems);
            } else {
                for sentence in line.split_inclusive(['.', '!', '?']) {
                    self.take_line(sentence, &mut reading, stems);
                }
            }
        }
        reading
    }

    fn take_line(&self, line: &str, reading: &mut Reading, stems: &mut Stems) {
        let mut held: u128 = 0;
        let mut before = None;
        let mut n_words = 0;
        for word in words(line) {
            let bit = self.bits.get(&stems.know(word.text)).copied();
            if let Some(bit) = bit {
                held |= 1 << bit;
            }
            if let (Some(before), Some(bit)) = (before, bit) {
                for (at, (left, right, _)) in self.pairs.iter().enumerate() {
                    if (*left, *right) == (before, bit) {
                        reading.pairs |= 1 << at;
                    }
                }
            }
            before = bit;
            n_words += 1;
        }
        if n_words > 0 {
            reading.lines.push(held);
        }
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
    fn share(&self, test: impl Fn(u128, &[u64]) -> bool) -> f32 {
        let concepts = self.question.concepts.iter().zip(&self.forms);
        let held = concepts.filter(|(_, forms)| forms.iter().any(|(bits, hash)| test(*bits, hash)));
        held.map(|(concept, _)| concept.weight()).sum::<f32>() / self.total
    }
}
