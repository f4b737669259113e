//! Sections as searches read them: unpacked and cut into words once, and kept while they are used.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use lru::LruCache;
use tantivy::index::SegmentId;
use tantivy::{DocAddress, DocId, Searcher};

use crate::feedback::Lendable;
use crate::quote::{Quotable, quotables};
use crate::schema::section_of;
use crate::section::Section;
use crate::words::{Stems, hashes};

/// Bytes that the kept sections may take, by estimate.
const BYTES_MAX: usize = 8 << 20;
/// What a section takes besides its text, in bytes, and how many times its text it takes with all
/// that is cut out of it.
const BYTES_EACH: usize = 500;
const BYTES_BY_TEXT: usize = 6;
/// Characters from which on a line counts by its sentences.
const LINE_MAX: usize = 300;

/// A section with what searches want to know of it.
#[derive(Debug)]
pub(crate) struct Unpacked {
    pub(crate) section: Section,
    lines: OnceLock<Lines>,
    pieces: OnceLock<Vec<Quotable>>,
    lendable: OnceLock<Lendable>,
}

/// The words of a section by their stems' hashes, line by line; the heading is the first line. Lines
/// without words are left out.
#[derive(Debug, Default)]
pub(crate) struct Lines {
    words: Vec<u32>,
    ends: Vec<u32>,
    has_heading: bool,
}

impl Lines {
    fn of(section: &Section, stems: &mut Stems) -> Self {
        let mut lines = Self::default();
        lines.add(section.heading(), stems);
        lines.has_heading = !lines.ends.is_empty();
        for line in section.body.lines() {
            if line.len() <= LINE_MAX {
                lines.add(line, stems);
            } else {
                for sentence in line.split_inclusive(['.', '!', '?']) {
                    lines.add(sentence, stems);
                }
            }
        }
        lines.words.shrink_to_fit();
        lines.ends.shrink_to_fit();
        lines
    }

    fn add(&mut self, line: &str, stems: &mut Stems) {
        let before = self.words.len();
        self.words.extend(hashes(line, stems));
        if self.words.len() > before {
            self.ends.push(self.words.len() as u32);
        }
    }

    /// The lines, the heading among them.
    pub(crate) fn iter(&self) -> impl ExactSizeIterator<Item = &[u32]> {
        let mut start = 0;
        self.ends.iter().map(move |&end| {
            let line = &self.words[start..end as usize];
            start = end as usize;
            line
        })
    }

    /// The words of the heading.
    pub(crate) fn heading(&self) -> &[u32] {
        let heading = self.iter().next().filter(|_| self.has_heading);
        heading.unwrap_or_default()
    }
}

impl Unpacked {
    fn new(section: Section) -> Self {
        Self {
            section,
            lines: OnceLock::new(),
            pieces: OnceLock::new(),
            lendable: OnceLock::new(),
        }
    }

    /// Its words, line by line.
    pub(crate) fn lines(&self, stems: &mut Stems) -> &Lines {
        self.lines.get_or_init(|| Lines::of(&self.section, stems))
    }

    /// What may be quoted.
    pub(crate) fn pieces(&self, stems: &mut Stems) -> &[Quotable] {
        self.pieces
            .get_or_init(|| quotables(&self.section.body, stems))
    }

    /// Words that a question may borrow.
    pub(crate) fn lendable(&self, stems: &mut Stems) -> &Lendable {
        self.lendable
            .get_or_init(|| Lendable::of(&self.section, stems))
    }

    /// About how many bytes of memory this takes once all of it is known.
    fn mem_usage(&self) -> usize {
        BYTES_EACH + BYTES_BY_TEXT * self.section.body.len()
    }
}

/// The sections that were used last.
pub(crate) struct UnpackedCache(Mutex<Kept>);

struct Kept {
    sections: LruCache<(SegmentId, DocId), Arc<Unpacked>>,
    n_bytes: usize,
}

impl Default for UnpackedCache {
    fn default() -> Self {
        Self(Mutex::new(Kept {
            sections: LruCache::unbounded(),
            n_bytes: 0,
        }))
    }
}

impl UnpackedCache {
    /// The section at an address; none where there is none, or its stored form cannot be read.
    pub(crate) fn get(
        &self,
        searcher: &Searcher,
        at: DocAddress,
    ) -> tantivy::Result<Option<Arc<Unpacked>>> {
        let segment = searcher.segment_reader(at.segment_ord).segment_id();
        let key = (segment, at.doc_id);
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = kept.sections.get(&key) {
            return Ok(Some(Arc::clone(known)));
        }
        drop(kept);
        let Some(section) = section_of(&searcher.doc(at)?) else {
            return Ok(None);
        };
        let unpacked = Arc::new(Unpacked::new(section));
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.add(key, Arc::clone(&unpacked));
        Ok(Some(unpacked))
    }
}

impl Kept {
    fn add(&mut self, key: (SegmentId, DocId), unpacked: Arc<Unpacked>) {
        self.n_bytes += unpacked.mem_usage();
        if let Some(before) = self.sections.put(key, unpacked) {
            self.n_bytes -= before.mem_usage();
        }
        while self.n_bytes > BYTES_MAX
            && let Some((_, last)) = self.sections.pop_lru()
        {
            self.n_bytes -= last.mem_usage();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unpacked(n_characters: usize) -> Arc<Unpacked> {
        Arc::new(Unpacked::new(Section {
            body: "x".repeat(n_characters),
            ..Section::default()
        }))
    }

    #[test]
    fn what_is_kept_stays_within_its_bytes_and_the_last_used_stays() {
        let cache = UnpackedCache::default();
        let mut kept = cache.0.lock().unwrap();
        let segment = SegmentId::generate_random();
        let used = (segment, 0);
        kept.add(used, unpacked(1_000));
        for at in 1..5_000 {
            assert!(kept.sections.get(&used).is_some(), "{at}");
            kept.add((segment, at), unpacked(at as usize % 4_000));
            assert!(kept.n_bytes <= BYTES_MAX, "{at}: {}", kept.n_bytes);
        }
        let n_bytes = kept.sections.iter().map(|(_, one)| one.mem_usage());
        assert_eq!(n_bytes.sum::<usize>(), kept.n_bytes);
        assert!(kept.n_bytes > BYTES_MAX / 2, "{}", kept.n_bytes);
        assert!(kept.sections.get(&(segment, 1)).is_none());
    }

    #[test]
    fn a_section_that_two_read_at_once_counts_once() {
        let cache = UnpackedCache::default();
        let mut kept = cache.0.lock().unwrap();
        let key = (SegmentId::generate_random(), 0);
        kept.add(key, unpacked(10));
        kept.add(key, unpacked(10));
        assert_eq!(kept.n_bytes, unpacked(10).mem_usage());
    }

    #[test]
    fn lines_are_read_as_words_the_heading_first() {
        let mut stems = Stems::default();
        let long = "One queue here. ".repeat(30);
        let unpacked = Unpacked::new(Section {
            heading_path: vec!["Notes".to_owned(), "Dead letters".to_owned()],
            body: format!("First line\n\n---\n\nsecond\n{long}\n"),
            ..Section::default()
        });
        let lines = unpacked.lines(&mut stems);
        let n_words: Vec<usize> = lines.iter().map(<[u32]>::len).collect();
        assert_eq!(n_words[..3], [2, 2, 1]);
        assert_eq!(n_words[3..], [3; 30]);
        let expected: Vec<u32> = hashes("dead letter", &mut stems).collect();
        assert_eq!(lines.heading(), expected);
        let nameless = Unpacked::new(Section {
            body: "Text".to_owned(),
            ..Section::default()
        });
        assert!(nameless.lines(&mut stems).heading().is_empty());
    }
}
