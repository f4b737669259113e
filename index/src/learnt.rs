//! What searches learn of a build, kept as long as it stays as it is: questions share most of their words.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use tantivy::columnar::Column;
use tantivy::index::SegmentId;
use tantivy::{DocId, Searcher};

use crate::documents::Facts;
use crate::memo::Memo;
use crate::schema::FIELDS;
use crate::tally::Weighed;
use crate::words::{Hashed, hash_of};

/// Stems of which is remembered how many sections hold them, at most; words of questions of which other
/// things are.
const STEMS_MAX: usize = 1 << 16;
const WORDS_MAX: usize = 1 << 12;

/// What searches have learnt of a build in one state.
pub(crate) struct Learnt {
    /// The segments, and how many sections of each are gone.
    state: Vec<(SegmentId, u32)>,
    /// How many headings hold each stem, by the stem's hash.
    pub(crate) n_headings: HashMap<u64, u32, Hashed>,
    /// The words of texts and of headings, with what they are worth.
    pub(crate) text: Weighed,
    pub(crate) headings: Weighed,
    /// By segment; opened when they are first asked for, for not every segment has them.
    columns: Vec<OnceLock<Columns>>,
    /// What [`crate::lexicon`] has found out of single words.
    pub(crate) doc_freqs: Memo<u64, STEMS_MAX>,
    pub(crate) themes: Memo<bool, WORDS_MAX>,
    pub(crate) shared_headings: Memo<bool, WORDS_MAX>,
    pub(crate) phrases: Memo<Vec<Vec<String>>, WORDS_MAX>,
    pub(crate) concepts: Memo<Vec<String>, WORDS_MAX>,
    pub(crate) openings: Memo<bool, WORDS_MAX>,
    pub(crate) corrections: Memo<Option<String>, WORDS_MAX>,
    pub(crate) halves: Memo<Vec<Vec<String>>, WORDS_MAX>,
    pub(crate) related: Memo<Vec<String>, WORDS_MAX>,
}

/// What ranking reads of a segment's sections without their text.
pub(crate) struct Columns {
    facts: Column<u64>,
    heading: Column<u64>,
    parents: Column<u64>,
}

impl Columns {
    fn open(searcher: &Searcher, segment_ord: u32) -> tantivy::Result<Self> {
        let columns = searcher.segment_reader(segment_ord).fast_fields();
        Ok(Self {
            facts: columns.u64("facts")?,
            heading: columns.u64("heading_stems")?,
            parents: columns.u64("parent_stems")?,
        })
    }

    pub(crate) fn facts(&self, doc: DocId) -> Facts {
        Facts::unpack(self.facts.first(doc).unwrap_or_default())
    }

    /// Hashes of the heading's stems, in its order.
    pub(crate) fn heading(&self, doc: DocId) -> impl Iterator<Item = u64> {
        self.heading.values_for_doc(doc)
    }

    /// Hashes of the parents' stems.
    pub(crate) fn parents(&self, doc: DocId) -> impl Iterator<Item = u64> {
        self.parents.values_for_doc(doc)
    }
}

impl Learnt {
    fn new(searcher: &Searcher, state: Vec<(SegmentId, u32)>) -> tantivy::Result<Self> {
        Ok(Self {
            n_headings: n_headings(searcher)?,
            text: Weighed::new(searcher, FIELDS.text)?,
            headings: Weighed::new(searcher, FIELDS.heading)?,
            columns: state.iter().map(|_| OnceLock::new()).collect(),
            state,
            doc_freqs: Memo::default(),
            themes: Memo::default(),
            shared_headings: Memo::default(),
            phrases: Memo::default(),
            concepts: Memo::default(),
            openings: Memo::default(),
            corrections: Memo::default(),
            halves: Memo::default(),
            related: Memo::default(),
        })
    }

    /// The columns of a segment.
    pub(crate) fn columns(
        &self,
        searcher: &Searcher,
        segment_ord: u32,
    ) -> tantivy::Result<&Columns> {
        let place = &self.columns[segment_ord as usize];
        if let Some(columns) = place.get() {
            return Ok(columns);
        }
        let columns = Columns::open(searcher, segment_ord)?;
        Ok(place.get_or_init(|| columns))
    }
}

fn n_headings(searcher: &Searcher) -> tantivy::Result<HashMap<u64, u32, Hashed>> {
    let mut n_headings: HashMap<u64, u32, Hashed> = HashMap::default();
    for segment in searcher.segment_readers() {
        let inverted = segment.inverted_index(FIELDS.heading)?;
        let mut terms = inverted.terms().stream()?;
        while terms.advance() {
            if let Ok(stem) = std::str::from_utf8(terms.key()) {
                *n_headings.entry(hash_of(stem)).or_default() += terms.value().doc_freq;
            }
        }
    }
    Ok(n_headings)
}

/// What was learnt of a build in the state in which it was searched last.
#[derive(Default)]
pub(crate) struct LearntCache(Mutex<Option<Arc<Learnt>>>);

impl LearntCache {
    pub(crate) fn of(&self, searcher: &Searcher) -> tantivy::Result<Arc<Learnt>> {
        let state = state_of(searcher);
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(learnt) = last.as_ref().filter(|learnt| learnt.state == state) {
            return Ok(Arc::clone(learnt));
        }
        let learnt = Arc::new(Learnt::new(searcher, state)?);
        *last = Some(Arc::clone(&learnt));
        Ok(learnt)
    }

    /// Lets go of what was learnt, and of the files that it holds open, unless this is the state of
    /// which it was.
    pub(crate) fn forget_unless(&self, searcher: &Searcher) {
        let state = state_of(searcher);
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        last.take_if(|learnt| learnt.state != state);
    }
}

fn state_of(searcher: &Searcher) -> Vec<(SegmentId, u32)> {
    let segments = searcher.segment_readers().iter();
    segments
        .map(|segment| (segment.segment_id(), segment.num_deleted_docs()))
        .collect()
}
