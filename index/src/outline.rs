//! The names of all sections in memory: suggestions for half-typed names, and topics.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use tantivy::index::SegmentId;
use tantivy::{DocId, SegmentReader};

use crate::index::{Index, guarded};
use crate::schema::section_of;
use crate::section::SectionKey;
use crate::words::{surface, words};

/// Characters of a half-typed name that count.
const TYPED_MAX: usize = 200;

/// A section's name, for lists and suggestions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SectionName {
    /// The section.
    pub key: SectionKey,
    /// The note's title, every parent heading, the section's own heading.
    pub heading_path: Vec<String>,
}

/// A topic of the notes: a note's title or one of its tags.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Topic {
    /// The name.
    pub name: String,
    /// How many sections belong to it.
    pub n_sections: usize,
    /// The first of them.
    pub first: SectionKey,
}

/// The names of all sections. A segment never changes: what was read of it once stays true, and
/// an edited note costs the reading of its own small segment.
#[derive(Default)]
pub(crate) struct Outline {
    segments: Mutex<HashMap<SegmentId, Arc<[Entry]>>>,
}

/// What is kept of a section.
struct Entry {
    doc: DocId,
    key: SectionKey,
    heading_path: Vec<String>,
    path: String,
    line: u32,
    topics: Vec<String>,
    /// The words of the heading path in small letters, a space before each.
    words: String,
    /// Where in `words` those of the section's own heading begin.
    own: usize,
}

impl Index {
    /// Sections whose name fits a half-typed one, best first, at most `n`. Answers from memory.
    ///
    /// Every typed word must begin a word of the heading path. Names whose own heading begins as
    /// typed come first, then those whose own heading holds the words, then shallow before deep.
    #[must_use]
    pub fn suggest(&self, typed: &str, n: usize) -> Vec<SectionName> {
        let typed: String = typed.chars().take(TYPED_MAX).collect();
        let whole = spaced_words([typed.as_str()]);
        if whole.is_empty() && !typed.trim().is_empty() {
            return Vec::new();
        }
        let wanted: Vec<String> = whole
            .split_whitespace()
            .map(|word| format!(" {word}"))
            .collect();
        let mut fits = Vec::new();
        let segments = self.entries();
        for (order, entry) in segments.iter().flat_map(Alive::each).enumerate() {
            if !wanted.iter().all(|word| entry.words.contains(word)) {
                continue;
            }
            let heading = &entry.words[entry.own..];
            let begins = heading.starts_with(&whole);
            let inside = wanted.iter().all(|word| heading.contains(word));
            let depth = entry.heading_path.len();
            let rank = (
                Reverse(begins),
                Reverse(inside),
                depth,
                heading.len(),
                order,
            );
            fits.push((rank, entry));
        }
        fits.sort_unstable_by_key(|(rank, _)| *rank);
        fits.truncate(n);
        let name = |entry: &Entry| SectionName {
            key: entry.key,
            heading_path: entry.heading_path.clone(),
        };
        fits.into_iter().map(|(_, entry)| name(entry)).collect()
    }

    /// What the notes are about, by name.
    #[must_use]
    pub fn topics(&self) -> Vec<Topic> {
        let segments = self.entries();
        let mut topics: BTreeMap<String, (&String, usize, &Entry)> = BTreeMap::new();
        for entry in segments.iter().flat_map(Alive::each) {
            for name in &entry.topics {
                let topic = topics
                    .entry(name.to_lowercase())
                    .or_insert((name, 0, entry));
                topic.1 += 1;
                if (&entry.path, entry.line) < (&topic.2.path, topic.2.line) {
                    *topic = (name, topic.1, entry);
                }
            }
        }
        let topic = |(name, n_sections, first): (&String, usize, &Entry)| Topic {
            name: name.clone(),
            n_sections,
            first: first.key,
        };
        topics.into_values().map(topic).collect()
    }

    /// The entries of all segments that answer now.
    fn entries(&self) -> Vec<Alive> {
        let Some(searcher) = self.searcher() else {
            return Vec::new();
        };
        let mut known = self
            .shared
            .outline
            .segments
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let mut alive = Vec::new();
        let mut kept = HashMap::new();
        for segment in searcher.segment_readers() {
            let id = segment.segment_id();
            let entries = match known.remove(&id) {
                Some(entries) => entries,
                None => match guarded(|| Ok(read(segment)?)) {
                    Ok(entries) => entries.into(),
                    Err(error) => {
                        tracing::error!(%error, "the names of a segment cannot be read");
                        continue;
                    }
                },
            };
            kept.insert(id, Arc::clone(&entries));
            alive.push(Alive {
                segment: segment.clone(),
                entries,
            });
        }
        *known = kept;
        alive
    }
}

/// A segment's entries with what tells the living from the dead.
struct Alive {
    segment: SegmentReader,
    entries: Arc<[Entry]>,
}

impl Alive {
    fn each(&self) -> impl Iterator<Item = &Entry> {
        self.entries
            .iter()
            .filter(|entry| !self.segment.is_deleted(entry.doc))
    }
}

/// Reads the names of all sections of a segment.
fn read(segment: &SegmentReader) -> tantivy::Result<Vec<Entry>> {
    let store = segment.get_store_reader(1)?;
    let mut entries = Vec::new();
    for doc in segment.doc_ids_alive() {
        let document = store.get(doc)?;
        let Some(section) = section_of(&document) else {
            continue;
        };
        let mut headings = section.heading_path.iter().map(String::as_str);
        let own = headings.next_back().map(|heading| spaced_words([heading]));
        let mut words = spaced_words(headings);
        entries.push(Entry {
            doc,
            key: section.key(),
            own: words.len(),
            words: {
                words.push_str(own.as_deref().unwrap_or_default());
                words
            },
            topics: crate::schema::topics_of(&document),
            heading_path: section.heading_path,
            path: section.path,
            line: section.line,
        });
    }
    Ok(entries)
}

/// The words of some texts in small letters, a space before each.
fn spaced_words<'a>(texts: impl IntoIterator<Item = &'a str>) -> String {
    let mut spaced = String::new();
    let mut word = String::new();
    for text in texts {
        for found in words(text) {
            surface(found.text, &mut word);
            spaced.push(' ');
            spaced.push_str(&word);
        }
    }
    spaced
}
