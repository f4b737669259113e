//! The plain Tantivy program: the same notes, heading and text as two stemmed fields.

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use anyhow::{Result, anyhow};
use tantivy::collector::TopDocs;
use tantivy::query::{BooleanQuery, Query, TermQuery};
use tantivy::schema::{
    Field, IndexRecordOption, STORED, STRING, Schema, TextFieldIndexing, TextOptions, Value as _,
};
use tantivy::tokenizer::TextAnalyzer;
use tantivy::{Index, IndexReader, IndexWriter, ReloadPolicy, TantivyDocument, Term, doc};

use crate::{corpus, sections};

/// Threads that read and split notes, and as many that index sections.
const N_THREADS: usize = 2;

/// What the indexing threads hold before they write a segment, in bytes, all together.
const MEMORY: usize = 100_000_000;

/// The fields of a section.
#[derive(Clone, Copy, Debug)]
struct Fields {
    path: Field,
    heading_path: Field,
    title: Field,
    body: Field,
}

/// Indexes the notes into `folder`, in one commit.
pub(crate) fn index(notes: &Path, folder: &Path) -> Result<()> {
    fs::create_dir_all(folder)?;
    let (schema, fields) = schema();
    let index = Index::create_in_dir(folder, schema)?;
    let mut writer: IndexWriter = index.writer_with_num_threads(N_THREADS, MEMORY)?;
    let files = corpus::notes(notes)?;
    let next = AtomicUsize::new(0);
    let read = || -> Result<()> {
        while let Some(file) = files.get(next.fetch_add(1, Ordering::Relaxed)) {
            add(&writer, fields, notes, file)?;
        }
        Ok(())
    };
    thread::scope(|scope| {
        let readers: Vec<_> = (0..N_THREADS).map(|_| scope.spawn(read)).collect();
        readers.into_iter().try_for_each(|reader| {
            reader
                .join()
                .map_err(|_| anyhow!("a reading thread panicked"))?
        })
    })?;
    writer.commit()?;
    writer.wait_merging_threads()?;
    Ok(())
}

/// The index, open for reading.
pub(crate) struct Searcher {
    reader: IndexReader,
    tokenizer: TextAnalyzer,
    fields: Fields,
}

impl Searcher {
    pub(crate) fn open(folder: &Path) -> Result<Self> {
        let index = Index::open_in_dir(folder)?;
        let (_, fields) = schema();
        let reader = index
            .reader_builder()
            .reload_policy(ReloadPolicy::Manual)
            .try_into()?;
        let tokenizer = index.tokenizer_for_field(fields.body)?;
        Ok(Self {
            reader,
            tokenizer,
            fields,
        })
    }

    /// The best `n` sections that hold any of the words, as path, heading path and text.
    pub(crate) fn search(&mut self, question: &str, n: usize) -> Result<Vec<[String; 3]>> {
        let mut clauses: Vec<Box<dyn Query>> = Vec::new();
        let mut tokens = self.tokenizer.token_stream(question);
        while let Some(token) = tokens.next() {
            for field in [self.fields.title, self.fields.body] {
                let term = Term::from_field_text(field, &token.text);
                clauses.push(Box::new(TermQuery::new(term, IndexRecordOption::WithFreqs)));
            }
        }
        let searcher = self.reader.searcher();
        let best = TopDocs::with_limit(n).order_by_score();
        let hits = searcher.search(&BooleanQuery::union(clauses), &best)?;
        let stored = |hit: &TantivyDocument, field| {
            hit.get_first(field)
                .and_then(|value| value.as_str())
                .unwrap_or_default()
                .to_owned()
        };
        hits.into_iter()
            .map(|(_, address)| {
                let hit: TantivyDocument = searcher.doc(address)?;
                let fields = [self.fields.path, self.fields.heading_path, self.fields.body];
                Ok(fields.map(|field| stored(&hit, field)))
            })
            .collect()
    }
}

/// The index, open for replacing notes one by one.
pub(crate) struct Editor {
    writer: IndexWriter,
    searcher: Searcher,
}

impl Editor {
    pub(crate) fn open(folder: &Path) -> Result<Self> {
        let writer = Index::open_in_dir(folder)?.writer_with_num_threads(1, MEMORY / 4)?;
        Ok(Self {
            writer,
            searcher: Searcher::open(folder)?,
        })
    }

    /// Indexes this one note anew.
    pub(crate) fn replace(&mut self, notes: &Path, file: &Path) -> Result<()> {
        let fields = self.searcher.fields;
        self.writer.delete_term(Term::from_field_text(
            fields.path,
            &corpus::name(notes, file)?,
        ));
        add(&self.writer, fields, notes, file)?;
        self.writer.commit()?;
        self.searcher.reader.reload()?;
        Ok(())
    }

    pub(crate) fn search(&mut self, question: &str, n: usize) -> Result<Vec<[String; 3]>> {
        self.searcher.search(question, n)
    }
}

fn add(writer: &IndexWriter, fields: Fields, notes: &Path, file: &Path) -> Result<()> {
    let path = corpus::name(notes, file)?;
    let mut outcome = Ok(0);
    sections::split(&corpus::read(file)?, &mut |piece| {
        let section = doc!(
            fields.path => path.as_str(),
            fields.heading_path => piece.heading_path.as_str(),
            fields.title => piece.heading,
            fields.body => piece.body,
        );
        if outcome.is_ok() {
            outcome = writer.add_document(section);
        }
    });
    outcome?;
    Ok(())
}

fn schema() -> (Schema, Fields) {
    let stemmed = TextOptions::default().set_indexing_options(
        TextFieldIndexing::default()
            .set_tokenizer("en_stem")
            .set_index_option(IndexRecordOption::WithFreqsAndPositions),
    );
    let mut schema = Schema::builder();
    let fields = Fields {
        path: schema.add_text_field("path", STRING | STORED),
        heading_path: schema.add_text_field("heading_path", STORED),
        title: schema.add_text_field("title", stemmed.clone()),
        body: schema.add_text_field("body", stemmed.set_stored()),
    };
    (schema.build(), fields)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_by_stem_and_forgets_what_was_replaced() {
        let (notes, folder) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let file = notes.path().join("a.md");
        fs::write(&file, "# Cats\nThey were sleeping.\n# Dogs\nThey bark.\n").unwrap();
        index(notes.path(), folder.path()).unwrap();
        let mut editor = Editor::open(folder.path()).unwrap();
        let found = editor.search("sleeps or barking", 10).unwrap();
        assert_eq!(found.len(), 2);
        fs::write(&file, "# Cats\nThey eat.\n").unwrap();
        editor.replace(notes.path(), &file).unwrap();
        assert!(editor.search("sleeps", 10).unwrap().is_empty());
        assert_eq!(
            editor.search("cat", 10).unwrap(),
            [["a.md", "Cats", "They eat."]]
        );
    }
}
