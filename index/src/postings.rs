//! Which documents hold which terms of a field, while a segment is being written.

use std::io;

use tantivy::DocId;
use tantivy::fieldnorm::{FieldNormReaders, FieldNormsWriter};
use tantivy::postings::{FieldSerializer, InvertedIndexSerializer};
use tantivy::schema::{Field, IndexRecordOption};

use crate::schema::FIELDS;
use crate::words::Numbered;

/// Bits of an entry that count.
const COUNT_BITS: u32 = 8;
/// The most that one entry counts; what a document holds more often has several.
const COUNT_MAX: u32 = (1 << COUNT_BITS) - 1;

/// The terms of one field, document by document.
///
/// Lists by term would be written to all over the memory, a miss of the cache for each word. Here
/// each document's terms stand behind those of the one before, and are sorted once at the end.
pub(crate) struct Postings {
    pub(crate) field: Field,
    /// Terms of all documents, repeated ones as well.
    n_terms: u64,
    /// A term's number, and in the lowest bits how often the document holds it.
    entries: Vec<u32>,
    /// Where each document's entries end.
    ends: Vec<u32>,
    /// Where each term's last entry lies.
    last: Vec<u32>,
}

impl Postings {
    pub(crate) fn new(field: Field) -> Self {
        Self {
            field,
            n_terms: 0,
            entries: Vec::new(),
            ends: Vec::new(),
            last: Vec::new(),
        }
    }

    /// Adds a term to the document that is open.
    pub(crate) fn add(&mut self, term: u32) {
        self.n_terms += 1;
        let start = self.ends.last().copied().unwrap_or(0);
        let place = term as usize;
        if place >= self.last.len() {
            self.last.resize(place + 1, u32::MAX);
        }
        let last = self.last[place];
        if last >= start
            && let Some(entry) = self.entries.get_mut(last as usize)
            && *entry & COUNT_MAX < COUNT_MAX
        {
            *entry += 1;
            return;
        }
        self.last[place] = self.entries.len() as u32;
        self.entries.push(term << COUNT_BITS | 1);
    }

    /// Closes the document that is open.
    pub(crate) fn close_document(&mut self) {
        self.ends.push(self.entries.len() as u32);
    }

    /// About how many bytes of memory this takes, and will take while it is sorted.
    pub(crate) fn mem_usage(&self) -> usize {
        let n_numbers = self.entries.len() * 2 + self.ends.len() + self.last.len() * 2;
        n_numbers * size_of::<u32>()
    }

    /// The entries of each document.
    fn documents(&self) -> impl Iterator<Item = (DocId, &[u32])> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        let ranges = starts.zip(&self.ends);
        let entries = ranges.map(|(start, end)| &self.entries[start as usize..*end as usize]);
        (0..).zip(entries)
    }

    /// Says how many terms each document has.
    pub(crate) fn count(&self, norms: &mut FieldNormsWriter) {
        for (doc, entries) in self.documents() {
            let n_terms = entries.iter().map(|entry| entry & COUNT_MAX).sum();
            norms.record(doc, self.field, n_terms);
        }
    }

    /// Writes the documents of each term. The terms are given by their numbers, in order.
    pub(crate) fn write(
        self,
        terms: &Numbered,
        sorted: &[u32],
        norms: &FieldNormReaders,
        into: &mut InvertedIndexSerializer,
    ) -> tantivy::Result<()> {
        if self.entries.is_empty() {
            return Ok(());
        }
        let field_type = FIELDS.schema.get_field_entry(self.field).field_type();
        let with_counts =
            field_type.get_index_record_option() == Some(IndexRecordOption::WithFreqs);
        let mut field = into.new_field(self.field, self.n_terms, norms.get_field(self.field)?)?;
        let (ends, entries) = self.by_term();
        for &number in sorted {
            let Some(&end) = ends.get(number as usize) else {
                continue;
            };
            let start = (number as usize)
                .checked_sub(1)
                .map_or(0, |before| ends[before]);
            if start < end {
                let entries = &entries[start as usize..end as usize];
                write_term(&mut field, terms.text(number), entries, with_counts)?;
            }
        }
        field.close()?;
        Ok(())
    }

    /// Where each term's entries end, and the entries by term: a document's number, and in the
    /// lowest bits how often it holds the term.
    fn by_term(self) -> (Vec<u32>, Vec<u32>) {
        let mut next = vec![0; self.last.len()];
        for entry in &self.entries {
            next[(entry >> COUNT_BITS) as usize] += 1;
        }
        let mut n_before = 0;
        for next in &mut next {
            n_before += std::mem::replace(next, n_before);
        }
        let mut sorted = vec![0; self.entries.len()];
        for (doc, entries) in self.documents() {
            for entry in entries {
                let next = &mut next[(entry >> COUNT_BITS) as usize];
                sorted[*next as usize] = doc << COUNT_BITS | entry & COUNT_MAX;
                *next += 1;
            }
        }
        (next, sorted)
    }
}

fn write_term(
    field: &mut FieldSerializer<'_>,
    term: &str,
    entries: &[u32],
    with_counts: bool,
) -> io::Result<()> {
    let of_one_document = |a: &u32, b: &u32| a >> COUNT_BITS == b >> COUNT_BITS;
    let n_docs = match with_counts {
        true => entries.chunk_by(of_one_document).count() as u32,
        false => 0,
    };
    field.new_term(term.as_bytes(), n_docs, with_counts)?;
    for entries in entries.chunk_by(of_one_document) {
        let count = match with_counts {
            true => entries.iter().map(|entry| entry & COUNT_MAX).sum(),
            false => 0,
        };
        field.write_doc(entries[0] >> COUNT_BITS, count, &[]);
    }
    field.close_term()
}
