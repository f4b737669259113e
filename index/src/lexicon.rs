//! What the notes' words weigh, stand for, and might have been meant to be.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, LazyLock};

use random_word::Lang;
use tantivy::collector::TopDocs;
use tantivy::query::{FuzzyTermQuery, TermQuery};
use tantivy::schema::{Field, IndexRecordOption};
use tantivy::{DocAddress, DocSet, Searcher, TERMINATED, Term};

use crate::concepts::phrases;
use crate::documents::Facts;
use crate::index::section_at;
use crate::learnt::{Columns, Learnt, LearntCache};
use crate::schema::{FIELDS, SEPARATOR};
use crate::tally::{Weighed, idf};
use crate::words::{Stems, hash_of};

/// What is looked up of one abbreviation, theme or phrase, at most.
const FOUND_MAX: usize = 12;

/// Sections that hold a theme, at least, as a share of all.
const THEME_SHARE: f32 = 0.1;
/// Different words behind a theme in headings, at least.
const THEME_FOLLOWERS: usize = 5;
/// Headings of a segment that are looked at for those.
const HEADINGS_SEEN: usize = 400;
/// Letters that related stems share, at least.
const RELATED_MIN: usize = 5;
/// Related stems that stand in for one that the notes lack.
const N_RELATED: usize = 3;

/// What a `concept` term says. The letter stands first in the term.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A short form, and the long form that the notes give for it.
    Short,
    /// A long form, and its short form.
    Long,
    /// A word in capitals, by the initials that it may stand for, and the word.
    Capitals,
}

impl Kind {
    fn letter(self) -> char {
        match self {
            Self::Short => 's',
            Self::Long => 'l',
            Self::Capitals => 'c',
        }
    }

    /// The term that says `value` of `key`.
    pub(crate) fn term(self, key: &str, value: &str) -> String {
        format!("{}{SEPARATOR}{value}", self.key(key))
    }

    /// How the terms begin that say something of `key`, or of what begins so.
    fn key(self, key: &str) -> String {
        format!("{}{SEPARATOR}{key}", self.letter())
    }
}

/// The words of an index as one search sees them.
pub(crate) struct Lexicon<'a> {
    searcher: &'a Searcher,
    learnt: Arc<Learnt>,
    /// All sections, with those that are gone but not yet merged away: the engine counts them too
    /// where it counts who holds a word.
    n_sections: f32,
}

impl<'a> Lexicon<'a> {
    pub(crate) fn new(searcher: &'a Searcher, cache: &LearntCache) -> tantivy::Result<Self> {
        let segments = searcher.segment_readers().iter();
        Ok(Self {
            searcher,
            learnt: cache.of(searcher)?,
            n_sections: segments.map(|segment| segment.max_doc() as f32).sum(),
        })
    }

    /// The words of texts and of headings, with what they are worth.
    pub(crate) fn weighed(&self) -> [&Weighed; 2] {
        [&self.learnt.text, &self.learnt.headings]
    }

    /// What ranking reads of the sections of a segment.
    pub(crate) fn columns(&self, segment_ord: u32) -> tantivy::Result<&Columns> {
        self.learnt.columns(self.searcher, segment_ord)
    }

    /// Sections whose heading or body holds a stem.
    pub(crate) fn n_with(&self, stem: &str) -> u64 {
        self.doc_freq(FIELDS.text, stem)
    }

    /// What a stem weighs, as in BM25: the rarer the more.
    pub(crate) fn weight(&self, stem: &str) -> f32 {
        idf(self.n_sections, self.n_with(stem) as f32)
    }

    /// What a stem would weigh that no section holds.
    pub(crate) fn weight_max(&self) -> f32 {
        idf(self.n_sections, 0.0)
    }

    /// The share of sections that hold a stem.
    pub(crate) fn share_with(&self, stem: &str) -> f32 {
        self.n_with(stem) as f32 / self.n_sections.max(1.0)
    }

    /// What a heading's stem weighs by its hash: the fewer headings hold it the more.
    pub(crate) fn heading_weight(&self, hash: u64) -> f32 {
        let n_headings = self.learnt.n_headings.get(&hash).copied().unwrap_or(0);
        idf(self.n_sections, n_headings as f32)
    }

    /// Headings that hold a stem.
    pub(crate) fn n_headings_with(&self, stem: &str) -> u32 {
        let n_headings = self.learnt.n_headings.get(&hash_of(stem));
        n_headings.copied().unwrap_or(0)
    }

    /// Whether a stem stands before everything in these notes, such as their maker's name: in many
    /// sections, before many different words in headings, but never a heading alone.
    pub(crate) fn is_theme(&self, stem: &str) -> tantivy::Result<bool> {
        if self.share_with(stem) < THEME_SHARE || self.is_name(stem) {
            return Ok(false);
        }
        self.learnt.themes.of((0, stem), || {
            let is_theme = self.n_followers(stem)? >= THEME_FOLLOWERS;
            Ok(is_theme && self.look_up(Kind::Short, stem)?.is_empty())
        })
    }

    /// Different words that follow a stem where a heading opens with both, as far as it matters.
    fn n_followers(&self, stem: &str) -> tantivy::Result<usize> {
        let mut followers = HashSet::new();
        let wanted = hash_of(stem);
        let term = Term::from_field_text(FIELDS.heading, stem);
        for segment in self.searcher.segment_readers() {
            let columns = segment.fast_fields();
            let (stems, facts) = (columns.u64("heading_stems")?, columns.u64("facts")?);
            let inverted = segment.inverted_index(FIELDS.heading)?;
            let postings = inverted.read_postings(&term, IndexRecordOption::Basic)?;
            let Some(mut postings) = postings else {
                continue;
            };
            let mut n_seen = 0;
            while postings.doc() != TERMINATED && n_seen < HEADINGS_SEEN {
                let doc = postings.doc();
                let opens = facts.first(doc).map(Facts::unpack);
                if opens.is_some_and(|facts| facts.opens_with_name) {
                    let mut stems = stems.values_for_doc(doc);
                    if stems.next() == Some(wanted) {
                        followers.extend(stems.next());
                    }
                }
                n_seen += 1;
                postings.advance();
            }
        }
        Ok(followers.len())
    }

    /// Whether a heading holds both stems.
    pub(crate) fn share_a_heading(&self, left: &str, right: &str) -> tantivy::Result<bool> {
        let pair = (hash_of(left), right);
        let find = || self.find_shared_heading(left, right);
        self.learnt.shared_headings.of(pair, find)
    }

    fn find_shared_heading(&self, left: &str, right: &str) -> tantivy::Result<bool> {
        for segment in self.searcher.segment_readers() {
            let inverted = segment.inverted_index(FIELDS.heading)?;
            let postings = |stem: &str| {
                let term = Term::from_field_text(FIELDS.heading, stem);
                inverted.read_postings(&term, IndexRecordOption::Basic)
            };
            let (Some(mut left), Some(mut right)) = (postings(left)?, postings(right)?) else {
                continue;
            };
            while left.doc() != TERMINATED {
                let doc = left.doc();
                if right.doc() < doc {
                    right.seek(doc);
                }
                if right.doc() == doc {
                    return Ok(true);
                }
                left.advance();
            }
        }
        Ok(false)
    }

    /// Capitalised phrases of headings with these initials, as stems.
    pub(crate) fn phrases(
        &self,
        initials: &str,
        stems: &mut Stems,
    ) -> tantivy::Result<Vec<Vec<String>>> {
        let find = || self.find_phrases(initials, stems);
        self.learnt.phrases.of((0, initials), find)
    }

    fn find_phrases(&self, initials: &str, stems: &mut Stems) -> tantivy::Result<Vec<Vec<String>>> {
        let term = Term::from_field_text(FIELDS.initials, initials);
        let query = TermQuery::new(term, IndexRecordOption::Basic);
        let collector = TopDocs::with_limit(FOUND_MAX).order_by_score();
        let mut found: Vec<Vec<String>> = Vec::new();
        for (_, at) in self.searcher.search(&query, &collector)? {
            let Some(section) = section_at(self.searcher, at)? else {
                continue;
            };
            for phrase in phrases(section.heading()) {
                let phrase_stems = stems.of(phrase.text);
                if phrase.initials == initials && !found.contains(&phrase_stems) {
                    found.push(phrase_stems);
                }
            }
        }
        Ok(found)
    }

    /// Whether an alias, or a heading of one word, consists of these stems.
    pub(crate) fn is_name(&self, stem: &str) -> bool {
        self.doc_freq(FIELDS.name, stem) > 0
    }

    /// Whether the notes hold a word exactly as typed, in small letters.
    pub(crate) fn knows(&self, word: &str) -> bool {
        self.doc_freq(FIELDS.vocabulary, word) > 0
    }

    /// What the notes say of `key`, at most [`FOUND_MAX`] values.
    pub(crate) fn look_up(&self, kind: Kind, key: &str) -> tantivy::Result<Vec<String>> {
        let find = || self.find_concepts(kind, key);
        self.learnt.concepts.of((kind as u64, key), find)
    }

    fn find_concepts(&self, kind: Kind, key: &str) -> tantivy::Result<Vec<String>> {
        let prefix = kind.term(key, "");
        let mut found: Vec<String> = Vec::new();
        for segment in self.searcher.segment_readers() {
            let inverted = segment.inverted_index(FIELDS.concept)?;
            let mut terms = inverted.terms().range().ge(&prefix).into_stream()?;
            while found.len() < FOUND_MAX && terms.advance() {
                let Some(value) = terms.key().strip_prefix(prefix.as_bytes()) else {
                    break;
                };
                if let Ok(value) = std::str::from_utf8(value)
                    && !found.iter().any(|known| known == value)
                {
                    found.push(value.to_owned());
                }
            }
        }
        Ok(found)
    }

    /// Whether a long form of several words begins with this stem.
    pub(crate) fn opens_long_form(&self, stem: &str) -> tantivy::Result<bool> {
        let find = || self.find_long_form(stem);
        self.learnt.openings.of((0, stem), find)
    }

    fn find_long_form(&self, stem: &str) -> tantivy::Result<bool> {
        let prefix = Kind::Long.key(&format!("{stem} "));
        for segment in self.searcher.segment_readers() {
            let inverted = segment.inverted_index(FIELDS.concept)?;
            let mut terms = inverted.terms().range().ge(&prefix).into_stream()?;
            if terms.advance() && terms.key().starts_with(prefix.as_bytes()) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// What a word was meant to be, found out where that is not known yet.
    pub(crate) fn corrected(
        &self,
        word: &str,
        find: impl FnOnce() -> tantivy::Result<Option<String>>,
    ) -> tantivy::Result<Option<String>> {
        self.learnt.corrections.of((0, word), find)
    }

    /// As which two words headings write one, found out where that is not known yet.
    pub(crate) fn halves(
        &self,
        word: &str,
        find: impl FnOnce() -> tantivy::Result<Vec<Vec<String>>>,
    ) -> tantivy::Result<Vec<Vec<String>>> {
        self.learnt.halves.of((0, word), find)
    }

    /// Words of the notes within `distance` edits of a word that they lack.
    pub(crate) fn near(&self, word: &str, distance: u8) -> tantivy::Result<HashSet<String>> {
        let mut near = HashSet::new();
        let term = Term::from_field_text(FIELDS.vocabulary, word);
        let query = FuzzyTermQuery::new(term, distance, true);
        for segment in self.searcher.segment_readers() {
            let inverted = segment.inverted_index(FIELDS.vocabulary)?;
            let mut terms = inverted.terms().search(query.automaton()?).into_stream()?;
            while terms.advance() {
                near.extend(std::str::from_utf8(terms.key()).map(str::to_owned));
            }
        }
        Ok(near)
    }

    /// Where the sections lie that have one of these names, whole, as far as they matter.
    pub(crate) fn named(&self, names: &[String]) -> tantivy::Result<HashSet<DocAddress>> {
        let mut named = HashSet::new();
        for name in names.iter().filter(|name| self.is_name(name)) {
            let term = Term::from_field_text(FIELDS.name, name);
            let query = TermQuery::new(term, IndexRecordOption::Basic);
            let collector = TopDocs::with_limit(FOUND_MAX).order_by_score();
            let found = self.searcher.search(&query, &collector)?;
            named.extend(found.into_iter().map(|(_, at)| at));
        }
        Ok(named)
    }

    /// Stems of the notes that share a long beginning with a stem that they lack, the likeliest
    /// first: `warehous` for `warehousing`.
    pub(crate) fn related(&self, stem: &str) -> tantivy::Result<Vec<String>> {
        let find = || self.find_related(stem);
        self.learnt.related.of((0, stem), find)
    }

    fn find_related(&self, stem: &str) -> tantivy::Result<Vec<String>> {
        let is_word = |text: &str| text.chars().all(char::is_alphabetic);
        let n_letters = stem.chars().count();
        if n_letters < RELATED_MIN || !is_word(stem) {
            return Ok(Vec::new());
        }
        let n_shared = RELATED_MIN.max(n_letters - 2);
        let start: String = stem.chars().take(n_shared).collect();
        let mut related: HashMap<String, u32> = HashMap::new();
        for segment in self.searcher.segment_readers() {
            let inverted = segment.inverted_index(FIELDS.text)?;
            let mut terms = inverted.terms().range().ge(&start).into_stream()?;
            while related.len() < FOUND_MAX * FOUND_MAX
                && terms.advance()
                && terms.key().starts_with(start.as_bytes())
            {
                let Ok(other) = std::str::from_utf8(terms.key()) else {
                    continue;
                };
                if is_word(other) && other.chars().count() <= n_letters + 3 {
                    *related.entry(other.to_owned()).or_default() += terms.value().doc_freq;
                }
            }
        }
        let shared = |other: &str| {
            let pairs = other.chars().zip(stem.chars());
            pairs.take_while(|(a, b)| a == b).count()
        };
        let longest = related.keys().map(|other| shared(other)).max().unwrap_or(0);
        let mut best: Vec<(String, u32)> = related.into_iter().collect();
        best.retain(|(other, _)| shared(other) == longest);
        best.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        Ok(best
            .into_iter()
            .take(N_RELATED)
            .map(|(other, _)| other)
            .collect())
    }

    fn doc_freq(&self, field: Field, text: &str) -> u64 {
        let kind = u64::from(field.field_id());
        let find = || {
            let term = Term::from_field_text(field, text);
            self.searcher.doc_freq(&term)
        };
        self.learnt.doc_freqs.of((kind, text), find).unwrap_or(0)
    }
}

/// Whether a word in small letters is one of the English language.
pub(crate) fn is_english(word: &str) -> bool {
    static ENGLISH: LazyLock<Vec<&'static str>> = LazyLock::new(|| {
        let mut words = random_word::all(Lang::En).to_vec();
        words.sort_unstable();
        words
    });
    ENGLISH.binary_search(&word).is_ok()
}
