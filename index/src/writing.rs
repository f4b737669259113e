//! Writing notes into segments: threads that read, cut and write, each on its own.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use tantivy::indexer::LogMergePolicy;
use tantivy::{IndexWriter, TantivyError};
use xxhash_rust::xxh3::xxh3_64;

use crate::documents::Documents;
use crate::draft::Draft;
use crate::folder;
use crate::holdings::held_term;
use crate::index::{IndexError, Live};
use crate::parse::{decode, parse};
use crate::sync::{NoteWarning, Progress, unreadable};

/// Threads that read and write notes, at most.
const THREADS_MAX: usize = 4;
/// Notes for which a further thread is worth its start.
const NOTES_PER_THREAD: usize = 64;
/// Bytes that all threads together gather, at most, before they write segments.
const DRAFTS_BYTES: usize = 160 << 20;
/// The engine's own writer gets as little as it takes: it only deletes and commits.
const WRITER_BYTES: usize = 15 << 20;

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
        let writer = Writer {
            live,
            begun: Mutex::new(None),
        };
        let cores = thread::available_parallelism().map_or(1, usize::from);
        let n_threads = (self.paths.len() / NOTES_PER_THREAD + 1).min(cores.min(THREADS_MAX));
        let shares = thread::scope(|scope| {
            let threads: Vec<_> = (0..n_threads)
                .map(|_| scope.spawn(|| self.work(&writer, DRAFTS_BYTES / n_threads)))
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
        for (path, old) in gone.iter().filter_map(|path| self.held.get_key_value(path)) {
            writer.delete(path, *old)?;
        }
        writer.end()?;
        Ok(changed)
    }

    /// What one thread does. It writes segments of its own, of about `n_bytes` in memory: nothing
    /// is handed over.
    fn work(&self, writer: &Writer<'_>, n_bytes: usize) -> tantivy::Result<Share> {
        let mut share = Share::default();
        let mut draft: Option<Draft> = None;
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
                            writer.delete(path, *old)?;
                        }
                        let warnings = std::mem::take(&mut note.warnings);
                        let named = |warning| NoteWarning::from((path.clone(), warning));
                        share.warnings.extend(warnings.into_iter().map(named));
                        let mut documents = Documents::new(&note, fingerprint);
                        while !documents.is_done() {
                            let mut open = match draft.take() {
                                Some(open) => open,
                                None => Draft::new(writer.live.index.new_segment())?,
                            };
                            documents.write_next(&mut open)?;
                            match open.mem_usage() < n_bytes {
                                true => draft = Some(open),
                                false => writer.add(open)?,
                            }
                        }
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
        if let Some(draft) = draft {
            writer.add(draft)?;
        }
        Ok(share)
    }
}

/// The share of a segment's sections above which, once they are gone, the segment is written anew.
///
/// The engine counts them until then where it counts who holds a word, so that a note that is
/// often edited would be found less and less surely.
const GONE_SHARE_MAX: f32 = 0.1;

fn merge_policy() -> LogMergePolicy {
    let mut policy = LogMergePolicy::default();
    policy.set_del_docs_ratio_before_merge(GONE_SHARE_MAX);
    policy
}

/// The engine's own writer, which begins with the first thing that there is to write: it has threads
/// of its own and takes megabytes, and most looks at the notes find nothing new.
struct Writer<'a> {
    live: &'a Live,
    begun: Mutex<Option<IndexWriter>>,
}

impl Writer<'_> {
    fn with<T>(&self, what: impl FnOnce(&IndexWriter) -> tantivy::Result<T>) -> tantivy::Result<T> {
        let mut begun = self.begun.lock().unwrap_or_else(PoisonError::into_inner);
        let writer = match begun.take() {
            Some(writer) => writer,
            None => {
                let index = &self.live.index;
                let writer = index.writer_with_num_threads(1, WRITER_BYTES)?;
                writer.set_merge_policy(Box::new(merge_policy()));
                writer
            }
        };
        what(begun.insert(writer))
    }

    /// Takes away what a note held, by what it held.
    fn delete(&self, path: &str, held: u64) -> tantivy::Result<()> {
        self.with(|writer| {
            writer.delete_term(held_term(path, held));
            Ok(())
        })
    }

    /// Hands a written segment to the commit to come. Deletions go by what a note held before, so that
    /// their order needs no stamp.
    fn add(&self, draft: Draft) -> tantivy::Result<()> {
        let meta = draft.finish()?;
        meta.untrack_temp_docstore();
        self.with(|writer| writer.add_segment(meta))
    }

    /// Makes all of it last, if there is something.
    fn end(self) -> tantivy::Result<()> {
        let begun = self.begun.into_inner();
        if let Some(mut writer) = begun.unwrap_or_else(PoisonError::into_inner) {
            writer.commit()?;
            writer.wait_merging_threads()?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::index::Index;

    #[test]
    fn a_look_that_finds_nothing_new_begins_no_writer() {
        let dir = tempfile::tempdir().unwrap();
        let notes = dir.path().join("notes");
        fs::create_dir(&notes).unwrap();
        fs::write(notes.join("a.md"), "# One\n\nwords\n").unwrap();
        let index = Index::open(&dir.path().join("index")).unwrap();
        index.sync(&notes, &|_| ()).unwrap();
        // There can be but one: whoever begins another fails.
        let live = index.live_on_disk().unwrap();
        let _only: IndexWriter = live.index.writer_with_num_threads(1, WRITER_BYTES).unwrap();
        let synced = index.sync(&notes, &|_| ()).unwrap();
        assert_eq!((synced.n_notes, synced.n_changed), (1, 0));
        fs::write(notes.join("a.md"), "# Two\n\nwords\n").unwrap();
        index.sync(&notes, &|_| ()).unwrap_err();
    }
}
