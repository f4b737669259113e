//! A segment that is being written.
//!
//! Tantivy's own writer takes documents as texts, cuts them into words and looks each word up by
//! its letters. The words here have numbers already, by which they are kept; the files are written
//! by Tantivy's serializers.

use tantivy::columnar::{ColumnType, ColumnarWriter};
use tantivy::directory::TerminatingWrite;
use tantivy::fieldnorm::{FieldNormReaders, FieldNormsSerializer, FieldNormsWriter};
use tantivy::index::SegmentComponent;
use tantivy::postings::InvertedIndexSerializer;
use tantivy::schema::Field;
use tantivy::store::StoreWriter;
use tantivy::{DocId, Segment, SegmentMeta, TantivyDocument};

use crate::concepts::Capitals;
use crate::postings::Postings;
use crate::schema::FIELDS;
use crate::words::{Numbered, Stems, hash_of, words};

/// A segment that is being written: what its documents hold, and what its words are.
pub(crate) struct Draft {
    segment: Segment,
    n_documents: DocId,
    pub(crate) stems: Stems,
    /// Numbers of the stems that were taken in last.
    taken: Vec<u32>,
    capitals: Capitals,
    text: Postings,
    heading: Postings,
    /// Terms that are no stems, and the fields that hold them.
    terms: Numbered,
    named: [Postings; 5],
    columns: ColumnarWriter,
    store: StoreWriter,
}

impl Draft {
    pub(crate) fn new(segment: Segment) -> tantivy::Result<Self> {
        let mut columns = ColumnarWriter::default();
        for column in [
            FIELDS.key,
            FIELDS.facts,
            FIELDS.heading_stems,
            FIELDS.parent_stems,
        ] {
            columns.record_column_type(name_of(column), ColumnType::U64, false);
        }
        let settings = segment.index().settings();
        let store = StoreWriter::new(
            segment.open_write(SegmentComponent::Store)?,
            settings.docstore_compression,
            settings.docstore_blocksize,
            settings.docstore_compress_dedicated_thread,
        )?;
        Ok(Self {
            n_documents: 0,
            stems: Stems::default(),
            taken: Vec::new(),
            capitals: Capitals::default(),
            text: Postings::new(FIELDS.text),
            heading: Postings::new(FIELDS.heading),
            terms: Numbered::default(),
            named: [
                FIELDS.held,
                FIELDS.topic,
                FIELDS.name,
                FIELDS.initials,
                FIELDS.concept,
            ]
            .map(Postings::new),
            columns,
            store,
            segment,
        })
    }

    /// Brings a text to its stems and learns its words. Returns how many they are.
    pub(crate) fn take_in(&mut self, text: &str) -> usize {
        self.taken.clear();
        for word in words(text) {
            self.taken.push(self.stems.know(word.text));
            self.capitals.learn(word.text);
        }
        self.taken.len()
    }

    /// The stems of the text that was taken in last, a space between each.
    pub(crate) fn taken(&self) -> String {
        let stems = self.taken.iter().map(|stem| self.stems.numbered(*stem));
        stems.collect::<Vec<_>>().join(" ")
    }

    /// Adds what was taken in last to the document's text.
    pub(crate) fn add_text(&mut self) {
        for stem in &self.taken {
            self.text.add(*stem);
        }
    }

    /// Adds what was taken in last to the document's heading.
    pub(crate) fn add_heading(&mut self) {
        for stem in &self.taken {
            self.heading.add(*stem);
        }
    }

    /// Adds what was taken in last to the column of the heading's stems.
    pub(crate) fn add_heading_stems(&mut self) {
        for stem in &self.taken {
            let hash = hash_of(self.stems.numbered(*stem));
            let column = name_of(FIELDS.heading_stems);
            self.columns
                .record_numerical(self.n_documents, column, hash);
        }
    }

    /// Adds a number to one of the columns.
    pub(crate) fn add_number(&mut self, column: Field, number: u64) {
        self.columns
            .record_numerical(self.n_documents, name_of(column), number);
    }

    /// Adds a term as it is, to a field other than those of stems.
    pub(crate) fn add_term(&mut self, field: Field, term: &str) {
        let number = self.terms.number(term);
        if let Some(postings) = self.named.iter_mut().find(|named| named.field == field) {
            postings.add(number);
        }
    }

    /// Ends the document, of which `stored` is to be kept as it is.
    pub(crate) fn close_document(&mut self, stored: &TantivyDocument) -> tantivy::Result<()> {
        self.store.store(stored, &FIELDS.schema)?;
        for postings in self.postings_mut() {
            postings.close_document();
        }
        self.n_documents += 1;
        Ok(())
    }

    fn postings_mut(&mut self) -> impl Iterator<Item = &mut Postings> {
        [&mut self.text, &mut self.heading]
            .into_iter()
            .chain(&mut self.named)
    }

    /// About how many bytes of memory this takes, and will take while it is written.
    pub(crate) fn mem_usage(&self) -> usize {
        let postings = [&self.text, &self.heading].into_iter().chain(&self.named);
        postings.map(Postings::mem_usage).sum::<usize>()
            + self.stems.mem_usage()
            + self.terms.mem_usage()
            + self.columns.mem_usage()
            + self.store.mem_usage()
    }

    /// Writes the segment, closed by a document of its own that holds what was learnt of the words.
    /// It belongs to no note and lasts as long as the segment.
    pub(crate) fn finish(mut self) -> tantivy::Result<SegmentMeta> {
        for concept in std::mem::take(&mut self.capitals).concepts(&mut self.stems) {
            self.add_term(FIELDS.concept, &concept);
        }
        self.close_document(&TantivyDocument::default())?;
        let Self {
            segment,
            n_documents,
            stems,
            text,
            heading,
            terms,
            named,
            mut columns,
            store,
            ..
        } = self;
        store.close()?;
        let mut into = segment.open_write(SegmentComponent::FastFields)?;
        columns.serialize(n_documents, None, &mut into)?;
        into.terminate()?;
        drop(columns);

        let mut norms = FieldNormsWriter::for_schema(&FIELDS.schema);
        for postings in [&text, &heading].into_iter().chain(&named) {
            postings.count(&mut norms);
        }
        let into = segment.open_write(SegmentComponent::FieldNorms)?;
        norms.serialize(FieldNormsSerializer::from_write(into)?, None)?;
        let norms = FieldNormReaders::open(segment.open_read(SegmentComponent::FieldNorms)?)?;

        let mut into = InvertedIndexSerializer::open(&segment)?;
        let sorted = stems.all().sorted();
        for postings in [text, heading] {
            postings.write(stems.all(), &sorted, &norms, &mut into)?;
        }
        let sorted = terms.sorted();
        for postings in named {
            postings.write(&terms, &sorted, &norms, &mut into)?;
        }
        write_vocabulary(&stems, n_documents - 1, &mut into)?;
        into.close()?;
        Ok(segment.with_max_doc(n_documents).meta().clone())
    }
}

fn name_of(column: Field) -> &'static str {
    FIELDS.schema.get_field_name(column)
}

/// Writes the words as they are written in the notes, each held by one document.
fn write_vocabulary(
    stems: &Stems,
    doc: DocId,
    into: &mut InvertedIndexSerializer,
) -> tantivy::Result<()> {
    let mut words: Vec<&str> = stems.met().collect();
    words.sort_unstable();
    words.dedup();
    let mut field = into.new_field(FIELDS.vocabulary, words.len() as u64, None)?;
    for word in words {
        field.new_term(word.as_bytes(), 0, false)?;
        field.write_doc(doc, 0, &[]);
        field.close_term()?;
    }
    field.close()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use tantivy::postings::Postings as _;
    use tantivy::schema::IndexRecordOption;
    use tantivy::{DocSet, Index, TERMINATED, Term};

    use super::*;

    /// The documents that hold a term, and how often each does.
    fn postings(index: &Index, field: Field, term: &str) -> Vec<(DocId, u32)> {
        let reader = index.reader().unwrap();
        let searcher = reader.searcher();
        let inverted = searcher.segment_reader(0).inverted_index(field).unwrap();
        let term = Term::from_field_text(field, term);
        let with_counts = IndexRecordOption::WithFreqs;
        let mut found = Vec::new();
        if let Some(mut postings) = inverted.read_postings(&term, with_counts).unwrap() {
            while postings.doc() != TERMINATED {
                found.push((postings.doc(), postings.term_freq()));
                postings.advance();
            }
            assert_eq!(searcher.doc_freq(&term).unwrap(), found.len() as u64);
        }
        found
    }

    #[test]
    fn a_segment_holds_what_was_added() {
        let index = Index::create_in_ram(FIELDS.schema.clone());
        let mut draft = Draft::new(index.new_segment()).unwrap();
        let often = "Buckets ".repeat(COUNTED);
        for (text, held) in [("a bucket, a key", "x"), (&often, "y"), ("keys", "y")] {
            draft.take_in(text);
            draft.add_text();
            draft.add_term(FIELDS.held, held);
            draft.close_document(&TantivyDocument::default()).unwrap();
        }
        let mut writer: tantivy::IndexWriter =
            index.writer_with_num_threads(1, 15_000_000).unwrap();
        writer.add_segment(draft.finish().unwrap()).unwrap();
        writer.commit().unwrap();

        let text = |term| postings(&index, FIELDS.text, term);
        assert_eq!(text("bucket"), [(0, 1), (1, COUNTED as u32)]);
        assert_eq!(text("key"), [(0, 1), (2, 1)]);
        assert_eq!(text("a"), [(0, 2)]);
        assert_eq!(text("buckets"), []);
        assert_eq!(postings(&index, FIELDS.held, "y"), [(1, 1), (2, 1)]);
        assert_eq!(postings(&index, FIELDS.vocabulary, "buckets"), [(3, 1)]);
    }

    /// More than one entry can say.
    const COUNTED: usize = 1_000;
}
