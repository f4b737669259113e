//! Writing notes into segments: threads that read, cut and write, each on its own.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use tantivy::indexer::{AddOperation, SegmentWriter};
use tantivy::{IndexWriter, TantivyError};
use xxhash_rust::xxh3::xxh3_64;

use crate::documents::{Documents, Learner};
use crate::folder;
use crate::holdings::held_term;
use crate::index::{IndexError, Live};
use crate::parse::{decode, parse};
use crate::section::Note;
use crate::sync::{NoteWarning, Progress, unreadable};

/// Threads that read and write notes, at most.
const THREADS_MAX: usize = 4;
/// Notes for which a further thread is worth its start.
const NOTES_PER_THREAD: usize = 64;
/// Bytes that one thread gathers before it writes a segment.
const SEGMENT_BYTES: usize = 40 << 20;
/// The engine's own writer gets as little as it takes: it only deletes and commits.
const WRITER_BYTES: usize = 15 << 20;
/// Sections after which a note's segment is asked for its size again.
const SECTIONS_PER_LOOK: usize = 1_000;

/// The notes to look at, shared by the threads that do.
pub(crate) struct Work<'a> {
    pub(crate) notes: &'a Path,
    pub(crate) held: &'a BTreeMap<String, u64>,
    pub(crate) paths: &'a [String],
    pub(crate) next: AtomicUsize,
    pub(crate) done: AtomicUsize,
    pub(crate) progress: &'a (dyn Fn(Progress) + Sync),
}

/// What one thread brings home.
#[derive(Default)]
struct Share {
    changed: Vec<String>,
    warnings: Vec<NoteWarning>,
}

impl Work<'_> {
    /// Writes the changed notes, removes the gone ones, and commits. Returns the changed paths.
    pub(crate) fn write(
        &self,
        live: &Live,
        gone: &[String],
        warnings: &mut Vec<NoteWarning>,
    ) -> Result<Vec<String>, IndexError> {
        let writer: IndexWriter = live.index.writer_with_num_threads(1, WRITER_BYTES)?;
        let pending = Mutex::new(writer);
        let cores = thread::available_parallelism().map_or(1, usize::from);
        let n_threads = (self.paths.len() / NOTES_PER_THREAD + 1).min(cores.min(THREADS_MAX));
        let shares = thread::scope(|scope| {
            let threads: Vec<_> = (0..n_threads)
                .map(|_| scope.spawn(|| self.work(live, &pending)))
                .collect();
            let join = |thread: thread::ScopedJoinHandle<'_, _>| {
                thread.join().unwrap_or_else(|_| {
                    let what = "a note could not be taken in".to_owned();
                    Err(TantivyError::InternalError(what))
                })
            };
            threads
                .into_iter()
                .map(join)
                .collect::<Vec<tantivy::Result<Share>>>()
        });
        let mut changed = Vec::new();
        for share in shares {
            let share = share?;
            changed.extend(share.changed);
            warnings.extend(share.warnings);
        }
        let mut writer = pending.into_inner().unwrap_or_else(PoisonError::into_inner);
        if changed.is_empty() && gone.is_empty() {
            return Ok(changed);
        }
        for (path, old) in gone.iter().filter_map(|path| self.held.get_key_value(path)) {
            writer.delete_term(held_term(path, *old));
        }
        writer.commit()?;
        writer.wait_merging_threads()?;
        Ok(changed)
    }

    fn work(&self, live: &Live, writer: &Mutex<IndexWriter>) -> tantivy::Result<Share> {
        let mut share = Share::default();
        let mut segment = Segment::default();
        let mut learner = Learner::default();
        while let Some(path) = self.paths.get(self.next.fetch_add(1, Ordering::Relaxed)) {
            match folder::read(self.notes, path) {
                Err(error) => share.warnings.push(unreadable(path, &error)),
                Ok(bytes) => {
                    let fingerprint = xxh3_64(&bytes);
                    if self.held.get(path) != Some(&fingerprint) {
                        let (text, warning) = decode(&bytes);
                        let mut note = parse(path, &text);
                        note.warnings.extend(warning);
                        if let Some(old) = self.held.get(path) {
                            lock(writer).delete_term(held_term(path, *old));
                        }
                        let warnings = std::mem::take(&mut note.warnings);
                        let named = |warning| NoteWarning::from((path.clone(), warning));
                        share.warnings.extend(warnings.into_iter().map(named));
                        segment.add(live, writer, &note, fingerprint, &mut learner)?;
                        share.changed.push(path.clone());
                    }
                }
            }
            let done = self.done.fetch_add(1, Ordering::Relaxed) + 1;
            (self.progress)(Progress {
                done,
                total: self.paths.len(),
            });
        }
        segment.finish(writer, &mut learner)?;
        Ok(share)
    }
}

fn lock(writer: &Mutex<IndexWriter>) -> std::sync::MutexGuard<'_, IndexWriter> {
    writer.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The segment that a thread is writing. Each thread writes its own: nothing is handed over, and
/// memory is bounded by [`SEGMENT_BYTES`] a thread.
#[derive(Default)]
struct Segment {
    open: Option<(tantivy::Segment, SegmentWriter)>,
}

impl Segment {
    fn add(
        &mut self,
        live: &Live,
        writer: &Mutex<IndexWriter>,
        note: &Note,
        fingerprint: u64,
        learner: &mut Learner,
    ) -> tantivy::Result<()> {
        let mut documents = Documents::new(note, fingerprint, learner);
        let mut n_added = 0;
        while let Some(document) = documents.next() {
            if self.open.is_none() {
                let segment = live.index.new_segment();
                let fresh = SegmentWriter::for_segment(SEGMENT_BYTES, segment.clone())?;
                self.open = Some((segment, fresh));
            }
            if let Some((_, open)) = &mut self.open {
                // Deletions go by what the note held before, so that the order needs no stamp.
                open.add_document(AddOperation {
                    opstamp: 0,
                    document,
                })?;
            }
            n_added += 1;
            if n_added % SECTIONS_PER_LOOK == 0 {
                self.finish_if_full(writer, documents.learner)?;
            }
        }
        self.finish_if_full(writer, learner)
    }

    fn finish_if_full(
        &mut self,
        writer: &Mutex<IndexWriter>,
        learner: &mut Learner,
    ) -> tantivy::Result<()> {
        match &self.open {
            Some((_, open)) if open.mem_usage() >= SEGMENT_BYTES => self.finish(writer, learner),
            _ => Ok(()),
        }
    }

    /// Hands the written segment to the commit to come.
    fn finish(
        &mut self,
        writer: &Mutex<IndexWriter>,
        learner: &mut Learner,
    ) -> tantivy::Result<()> {
        let Some((segment, mut open)) = self.open.take() else {
            return Ok(());
        };
        open.add_document(AddOperation {
            opstamp: 0,
            document: learner.lesson(),
        })?;
        let n_documents = open.max_doc();
        open.finalize()?;
        let meta = segment.with_max_doc(n_documents).meta().clone();
        meta.untrack_temp_docstore();
        lock(writer).add_segment(meta)
    }
}
