//! BM25 over headings and text: what the words of a question earn each section.
//!
//! The engine's own queries join the words of a form, the forms of a concept and the concepts of a
//! question by a buffer of 4,096 sections each, which took a quarter of a search over a thousand and
//! more. Here the postings of each word are read once, from the first to the last, and added up in one
//! number for each section.

use std::cmp::{Ordering, Reverse};
use std::collections::{BinaryHeap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use tantivy::fieldnorm::FieldNormReader;
use tantivy::index::InvertedIndexReader;
use tantivy::postings::BlockSegmentPostings;
use tantivy::schema::{Field, IndexRecordOption};
use tantivy::{DocAddress, Searcher, Term};

use crate::memo::Memo;
use crate::schema::FIELDS;

/// How soon a word that is repeated counts no more, and how much less one counts in a longer text: the
/// usual values of BM25.
const K1: f32 = 1.2;
const B: f32 = 0.75;

/// Spare lists, at most: those of four searches.
const SPARE_MAX: usize = 16;

/// Sections with a word, at most, for what it is worth in each to be remembered, and such words.
const REMEMBERED_MAX: usize = 400;
const WORDS_MAX: usize = 1 << 11;

/// A way in which notes may name what is asked for: all its stems must be there.
pub(crate) struct Form<'a> {
    pub(crate) stems: &'a [String],
    /// What it weighs beside the other forms of its concept.
    pub(crate) weight: f32,
}

/// What each section has earned so far.
pub(crate) struct Tally<'a> {
    searcher: &'a Searcher,
    text: &'a Weighed,
    headings: &'a Weighed,
    /// Weight of the heading beside the text.
    heading: f32,
    /// Earned by the question; by the concept that is being added, by its form, and by that one's stem.
    earned: Sums<'a>,
    by_concept: Sums<'a>,
    by_form: Sums<'a>,
    by_stem: Sums<'a>,
}

impl<'a> Tally<'a> {
    /// Nothing is earned yet. `heading` is the weight of the heading beside the text.
    pub(crate) fn new(
        searcher: &'a Searcher,
        [text, headings]: [&'a Weighed; 2],
        heading: f32,
        spare: &'a Spare,
    ) -> Self {
        let sums = || Sums {
            sums: spare.take(n_sections(searcher) as usize),
            above_zero: Vec::new(),
            spare,
        };
        Self {
            searcher,
            text,
            headings,
            heading,
            earned: sums(),
            by_concept: sums(),
            by_form: sums(),
            by_stem: sums(),
        }
    }

    /// Adds what a concept earns: `share` of what the best of its forms does.
    pub(crate) fn add(&mut self, forms: &[Form<'_>], share: f32) -> tantivy::Result<()> {
        if let [form] = forms
            && let [stem] = form.stems
        {
            let (weight, earned) = (form.weight * share, &mut self.earned);
            self.text.each(stem, weight, earned)?;
            return self.headings.each(stem, weight * self.heading, earned);
        }
        for form in forms {
            self.add_form(form.stems)?;
            for (section, sum) in self.by_form.drain() {
                let more = form.weight * sum - self.by_concept.of(section);
                if more > 0.0 {
                    self.by_concept.add(section, more);
                }
            }
        }
        for (section, sum) in self.by_concept.drain() {
            self.earned.add(section, share * sum);
        }
        Ok(())
    }

    /// Has the sections that hold all these stems earn what they are worth there, by their form.
    fn add_form(&mut self, stems: &[String]) -> tantivy::Result<()> {
        for (place, stem) in stems.iter().enumerate() {
            self.text.each(stem, 1.0, &mut self.by_stem)?;
            self.headings.each(stem, self.heading, &mut self.by_stem)?;
            if place == 0 {
                std::mem::swap(&mut self.by_form, &mut self.by_stem);
                continue;
            }
            let mut both = Vec::new();
            for (section, sum) in self.by_stem.drain() {
                let before = self.by_form.of(section);
                if before > 0.0 {
                    both.push((section, before + sum));
                }
            }
            self.by_form.drain().for_each(drop);
            for (section, sum) in both {
                self.by_form.add(section, sum);
            }
        }
        Ok(())
    }

    /// Adds what a stem earns in the text of sections that have earned something already.
    pub(crate) fn add_to_those(&mut self, stem: &str, weight: f32) -> tantivy::Result<()> {
        self.text.each(stem, weight, &mut self.by_stem)?;
        for (section, sum) in self.by_stem.drain() {
            if self.earned.of(section) > 0.0 {
                self.earned.add(section, sum);
            }
        }
        Ok(())
    }

    /// The `n` sections that earned most, best first; of `topic` alone if one is named.
    pub(crate) fn best(
        &self,
        n: usize,
        topic: Option<&str>,
    ) -> tantivy::Result<Vec<(f32, DocAddress)>> {
        let within = topic.map(|topic| self.of_topic(topic)).transpose()?;
        let mut best = BinaryHeap::with_capacity(n + 1);
        // What the last of the best has earned, once there are enough of them.
        let mut worst = 0.0;
        for &section in &self.earned.above_zero {
            let earned = self.earned.of(section);
            if earned < worst {
                continue;
            }
            let at = self.text.listed.address_of(section);
            let segment = self.searcher.segment_reader(at.segment_ord);
            let is_within = within
                .as_ref()
                .is_none_or(|within| within.contains(&section));
            if is_within && !segment.is_deleted(at.doc_id) {
                best.push(Reverse(Earned(earned, at)));
                if best.len() > n {
                    best.pop();
                }
                if let (true, Some(Reverse(Earned(last, _)))) = (best.len() >= n, best.peek()) {
                    worst = *last;
                }
            }
        }
        let best = best.into_sorted_vec().into_iter();
        Ok(best
            .map(|Reverse(Earned(earned, at))| (earned, at))
            .collect())
    }

    fn of_topic(&self, topic: &str) -> tantivy::Result<HashSet<u32>> {
        let mut within = HashSet::new();
        let topics = Listed::new(self.searcher, FIELDS.topic)?;
        for (segment, mut postings) in topics.postings(&topic.trim().to_lowercase())? {
            let first = topics.segments[segment].0;
            while postings.block_len() > 0 {
                within.extend(postings.docs().iter().map(|doc| first + doc));
                postings.advance();
            }
        }
        Ok(within)
    }
}

/// A section with what it earned; of two that earned the same, the one that lies first is greater.
#[derive(Clone, Copy, PartialEq)]
struct Earned(f32, DocAddress);

impl Eq for Earned {}

impl PartialOrd for Earned {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Earned {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.total_cmp(&other.0).then(other.1.cmp(&self.1))
    }
}

/// Lists of zeros, kept from one search to the next: to make and clear a list for all sections of a
/// large index takes longer than to fill in the few that a question finds.
#[derive(Debug, Default)]
pub(crate) struct Spare(Mutex<Vec<Vec<f32>>>);

impl Spare {
    /// A list of `n` zeros.
    fn take(&self, n: usize) -> Vec<f32> {
        let mut lists = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Those of another length are of an index that has been replaced.
        lists.retain(|list| list.len() == n);
        lists.pop().unwrap_or_else(|| vec![0.0; n])
    }

    /// Takes back a list of zeros.
    fn give_back(&self, list: Vec<f32>) {
        let mut lists = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if lists.len() < SPARE_MAX {
            lists.push(list);
        }
    }
}

/// A number for each section of the index, mostly zero.
struct Sums<'a> {
    sums: Vec<f32>,
    /// Sections with another number, in any order.
    above_zero: Vec<u32>,
    spare: &'a Spare,
}

impl Drop for Sums<'_> {
    fn drop(&mut self) {
        self.drain().for_each(drop);
        self.spare.give_back(std::mem::take(&mut self.sums));
    }
}

impl Sums<'_> {
    fn of(&self, section: u32) -> f32 {
        self.sums[section as usize]
    }

    /// Adds a number above zero.
    fn add(&mut self, section: u32, number: f32) {
        let sum = &mut self.sums[section as usize];
        if *sum == 0.0 {
            self.above_zero.push(section);
        }
        *sum += number;
    }

    /// Gives the sections with their sums, and is left with zeros.
    fn drain(&mut self) -> impl Iterator<Item = (u32, f32)> {
        let sums = &mut self.sums;
        let taken = |section| (section, std::mem::take(&mut sums[section as usize]));
        self.above_zero.drain(..).map(taken)
    }
}

/// Which sections hold the words of a field. They are numbered through all segments.
struct Listed {
    field: Field,
    /// With the number of its first section each.
    segments: Vec<(u32, Arc<InvertedIndexReader>)>,
}

impl Listed {
    fn new(searcher: &Searcher, field: Field) -> tantivy::Result<Self> {
        let (mut segments, mut first) = (Vec::new(), 0);
        for segment in searcher.segment_readers() {
            segments.push((first, segment.inverted_index(field)?));
            first += segment.max_doc();
        }
        Ok(Self { field, segments })
    }

    /// The postings of a term, with the place of each segment that holds it.
    fn postings(&self, term: &str) -> tantivy::Result<Vec<(usize, BlockSegmentPostings)>> {
        let term = Term::from_field_text(self.field, term);
        let mut found = Vec::with_capacity(self.segments.len());
        for (place, (_, inverted)) in self.segments.iter().enumerate() {
            let postings = inverted.read_block_postings(&term, IndexRecordOption::WithFreqs)?;
            found.extend(postings.map(|postings| (place, postings)));
        }
        Ok(found)
    }

    /// Where a section lies.
    fn address_of(&self, section: u32) -> DocAddress {
        let after = self
            .segments
            .partition_point(|(first, _)| *first <= section);
        let segment = after.saturating_sub(1);
        DocAddress::new(segment as u32, section - self.segments[segment].0)
    }
}

/// The sections in which a word stands, and what it is worth in each beside its rarity.
type Worths = Arc<[(u32, f32)]>;

/// The words of a field, with what they are worth.
pub(crate) struct Weighed {
    listed: Listed,
    n_sections: f32,
    /// How long the sections of each segment are.
    lengths: Vec<FieldNormReader>,
    /// What a length holds against the words of a text, by its code.
    by_length: [f32; 256],
    /// None for a word that stands in too many sections.
    remembered: Memo<Option<Worths>, WORDS_MAX>,
}

impl Weighed {
    pub(crate) fn new(searcher: &Searcher, field: Field) -> tantivy::Result<Self> {
        let listed = Listed::new(searcher, field)?;
        let n_words = listed
            .segments
            .iter()
            .map(|(_, inverted)| inverted.total_num_tokens());
        let n_sections = n_sections(searcher) as f32;
        let average = n_words.sum::<u64>() as f32 / n_sections;
        let lengths = searcher.segment_readers().iter();
        Ok(Self {
            lengths: lengths
                .map(|segment| segment.get_fieldnorms_reader(field))
                .collect::<Result<_, _>>()?,
            by_length: std::array::from_fn(|code| {
                let length = FieldNormReader::id_to_fieldnorm(code as u8);
                K1 * (1.0 - B + B * length as f32 / average)
            }),
            listed,
            n_sections,
            remembered: Memo::default(),
        })
    }

    /// Adds what a stem is worth in each section that holds it, times a weight.
    fn each(&self, stem: &str, weight: f32, sums: &mut Sums<'_>) -> tantivy::Result<()> {
        let weigh = |n_with: usize| weight * (1.0 + K1) * idf(self.n_sections, n_with as f32);
        let find = || self.worths_of_few(stem);
        if let Some(worths) = self.remembered.of((0, stem), find)? {
            let weight = weigh(worths.len());
            for &(section, worth) in &*worths {
                sums.add(section, weight * worth);
            }
            return Ok(());
        }
        let postings = self.listed.postings(stem)?;
        let weight = weigh(n_with(&postings));
        self.worths(postings, |section, worth| sums.add(section, weight * worth));
        Ok(())
    }

    /// Where a stem stands; none where that is in too many sections.
    fn worths_of_few(&self, stem: &str) -> tantivy::Result<Option<Worths>> {
        let postings = self.listed.postings(stem)?;
        if n_with(&postings) > REMEMBERED_MAX {
            return Ok(None);
        }
        let mut worths = Vec::new();
        self.worths(postings, |section, worth| worths.push((section, worth)));
        Ok(Some(worths.into()))
    }

    /// Tells in which sections a stem stands, and what it is worth there beside its rarity.
    fn worths(&self, postings: Vec<(usize, BlockSegmentPostings)>, mut tell: impl FnMut(u32, f32)) {
        for (segment, mut postings) in postings {
            let (first, lengths) = (self.listed.segments[segment].0, &self.lengths[segment]);
            while postings.block_len() > 0 {
                for (&doc, &count) in postings.docs().iter().zip(postings.freqs()) {
                    let length = self.by_length[usize::from(lengths.fieldnorm_id(doc))];
                    let count = count as f32;
                    tell(first + doc, count / (count + length));
                }
                postings.advance();
            }
        }
    }
}

/// How many sections these postings name.
fn n_with(postings: &[(usize, BlockSegmentPostings)]) -> usize {
    let of_each = postings.iter().map(|(_, postings)| postings.doc_freq());
    of_each.sum::<u32>() as usize
}

/// Robertson and Sparck Jones' weight, kept positive as in Lucene's BM25.
pub(crate) fn idf(n: f32, n_with: f32) -> f32 {
    (1.0 + (n - n_with + 0.5).max(0.0) / (n_with + 0.5)).ln()
}

/// All sections, with those that are gone but not yet merged away: they count where rarity does.
fn n_sections(searcher: &Searcher) -> u32 {
    let segments = searcher.segment_readers().iter();
    segments.map(|segment| segment.max_doc()).sum()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use tantivy::collector::TopDocs;
    use tantivy::query::{BooleanQuery, BoostQuery, DisjunctionMaxQuery, Occur, Query, TermQuery};

    use super::*;
    use crate::index::Index;

    /// A form and its weight; a concept's forms and its share.
    type Weighty = (Vec<String>, f32);
    type Concept = (Vec<Weighty>, f32);

    const HEADING: f32 = 0.7;
    const N_NOTES: usize = 40;
    const WORDS: [&str; 8] = [
        "queue", "bucket", "key", "zone", "disk", "role", "cache", "lock",
    ];

    /// An index of sections that hold the words by turns, in several segments, some of them deleted.
    fn index(folder: &tempfile::TempDir) -> Index {
        let notes = folder.path().join("notes");
        fs::create_dir(&notes).unwrap();
        let index = Index::open(&folder.path().join("index")).unwrap();
        for build in 0..2 {
            for note in 0..N_NOTES {
                let mut text = format!("# {}\n", WORDS[note % WORDS.len()]);
                for section in 0..20 {
                    let word =
                        |n: usize| WORDS[(n * (note + 2) + section * 3 + build) % WORDS.len()];
                    text += &format!("\n## {} {}\n\n", word(1), word(5));
                    for n in 0..(note * section + 3) % 17 {
                        text += word(n);
                        text += if n % 5 == 4 { " else " } else { " " };
                    }
                    text.push('\n');
                }
                // Only the last one changes, so that the others are not written anew.
                if build == 0 || note == N_NOTES - 1 {
                    fs::write(notes.join(format!("{note}.md")), text).unwrap();
                }
            }
            index.sync(&notes, &|_| ()).unwrap();
        }
        index
    }

    fn stems(words: &[usize]) -> Vec<String> {
        let mut stems = crate::words::Stems::default();
        words
            .iter()
            .flat_map(|word| stems.of(WORDS[*word]))
            .collect()
    }

    fn both(stem: &str) -> Box<dyn Query> {
        let term = |field, weight| -> (Occur, Box<dyn Query>) {
            let term = Term::from_field_text(field, stem);
            let query = TermQuery::new(term, IndexRecordOption::WithFreqs);
            (
                Occur::Should,
                Box::new(BoostQuery::new(Box::new(query), weight)),
            )
        };
        let parts = vec![term(FIELDS.text, 1.0), term(FIELDS.heading, HEADING)];
        Box::new(BooleanQuery::new(parts))
    }

    /// Concepts as the engine's own queries say them.
    fn query(concepts: &[Concept]) -> BooleanQuery {
        let concept = |(forms, share): &Concept| {
            let form = |(stems, weight): &Weighty| -> Box<dyn Query> {
                let all = stems.iter().map(|stem| (Occur::Must, both(stem)));
                let all = BooleanQuery::new(all.collect());
                Box::new(BoostQuery::new(Box::new(all), *weight))
            };
            let best = DisjunctionMaxQuery::new(forms.iter().map(form).collect());
            let best: Box<dyn Query> = Box::new(BoostQuery::new(Box::new(best), *share));
            (Occur::Should, best)
        };
        BooleanQuery::new(concepts.iter().map(concept).collect())
    }

    #[test]
    fn sections_earn_what_the_engine_gives_them() {
        let folder = tempfile::tempdir().unwrap();
        let searcher = index(&folder).searcher().unwrap();
        assert!(
            searcher
                .segment_readers()
                .iter()
                .any(|s| s.num_deleted_docs() > 0)
        );
        assert!(searcher.segment_readers().len() > 1);
        let spare = Spare::default();
        let [text, headings] = [FIELDS.text, FIELDS.heading];
        let [text, headings] =
            [text, headings].map(|field| Weighed::new(&searcher, field).unwrap());
        // Words that are remembered, and words that stand in too many sections.
        let stem = &stems(&[0])[0];
        assert!(text.worths_of_few(stem).unwrap().is_none());
        assert!(headings.worths_of_few(stem).unwrap().is_some());
        let concepts = [
            (vec![(stems(&[0]), 1.0)], 1.0),
            (vec![(stems(&[1, 2]), 1.3), (stems(&[3]), 0.8)], 0.5),
            (vec![(stems(&[4, 5, 6]), 1.0)], 0.25),
        ];
        for n_concepts in 1..=concepts.len() {
            let concepts = &concepts[..n_concepts];
            let weighed = [&text, &headings];
            let mut tally = Tally::new(&searcher, weighed, HEADING, &spare);
            for (forms, share) in concepts {
                let forms = forms.iter();
                let forms = forms.map(|(stems, weight)| Form {
                    stems,
                    weight: *weight,
                });
                let forms: Vec<Form<'_>> = forms.collect();
                tally.add(&forms, *share).unwrap();
            }
            for n in [1, 30, 10_000] {
                let found = tally.best(n, None).unwrap();
                let collector = TopDocs::with_limit(n).order_by_score();
                let expected = searcher.search(&query(concepts), &collector).unwrap();
                assert!(expected.len() >= n.min(100), "{}", expected.len());
                assert_eq!(found.len(), expected.len());
                for ((found, _), (expected, _)) in found.iter().zip(&expected) {
                    assert!(
                        (found - expected).abs() < 1e-4 * expected,
                        "{found} {expected}"
                    );
                }
            }
        }
    }
}
