//! Bringing the index up to date with the notes: what changed is read, cut and written, in one
//! commit.

use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use tantivy::TantivyError;
use tantivy::directory::error::OpenWriteError;
use xxhash_rust::xxh3::xxh3_64;

use crate::codes;
use crate::disk::WriteLock;
use crate::folder;
use crate::holdings::{self, held_term};
use crate::index::{Index, IndexError, Live, n_notes, n_sections};
use crate::section::Warning;
use crate::writing::Work;

/// A warning with the note that it is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoteWarning {
    /// Path of the note below the notes folder.
    pub path: String,
    /// The warning.
    pub warning: Warning,
}

/// How far a sync has come.
#[derive(Clone, Copy, Debug, Default)]
pub struct Progress {
    /// Notes dealt with so far.
    pub done: usize,
    /// Notes to deal with.
    pub total: usize,
}

/// What a sync found and did.
#[derive(Clone, Debug, Default)]
pub struct Synced {
    /// Notes in the folder; after [`Index::sync_notes`] those that the index knows of.
    pub n_notes: usize,
    /// Sections in the index now.
    pub n_sections: usize,
    /// Notes that were new or had changed.
    pub n_changed: usize,
    /// Notes that are gone.
    pub n_removed: usize,
    /// Warnings of the notes that were read anew, and of files that could not be read.
    pub warnings: Vec<NoteWarning>,
}

impl Index {
    /// Brings the index up to date with the folder of notes: all of it at once, or nothing. A
    /// note that cannot be read keeps the sections that it had, with a warning.
    ///
    /// # Errors
    /// [`IndexError::Notes`] where the folder of notes cannot be read; [`IndexError::Busy`] while
    /// another process writes; [`IndexError::Folder`] or [`IndexError::Engine`] where the disk
    /// refuses. The index answers as before then.
    pub fn sync(
        &self,
        notes: &Path,
        progress: &(dyn Fn(Progress) + Sync),
    ) -> Result<Synced, IndexError> {
        let lock = self.lock()?;
        self.bring_up_or_build(&lock, notes, None, progress)
    }

    /// Like [`Index::sync`], for the notes with these paths alone.
    ///
    /// # Errors
    /// As [`Index::sync`].
    pub fn sync_notes(&self, notes: &Path, paths: &BTreeSet<String>) -> Result<Synced, IndexError> {
        let lock = self.lock()?;
        self.bring_up_or_build(&lock, notes, Some(paths), &|_| ())
    }

    /// Whether the index holds these notes as they are in the folder now.
    ///
    /// # Errors
    /// The index on disk cannot be read. A note that cannot be read counts as changed.
    pub fn is_current<'a>(
        &self,
        notes: &Path,
        paths: impl IntoIterator<Item = &'a str>,
    ) -> Result<bool, IndexError> {
        let Some(searcher) = self.searcher() else {
            return Ok(false);
        };
        for path in paths {
            let Ok(bytes) = folder::read(notes, path) else {
                return Ok(false);
            };
            if searcher.doc_freq(&held_term(path, xxh3_64(&bytes)))? == 0 {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Brings the build up to date; builds anew where there is none, or its files are damaged.
    fn bring_up_or_build(
        &self,
        lock: &WriteLock,
        notes: &Path,
        only: Option<&BTreeSet<String>>,
        progress: &(dyn Fn(Progress) + Sync),
    ) -> Result<Synced, IndexError> {
        let Some(live) = self.live_on_disk() else {
            return self.build(lock, notes, progress);
        };
        if only.is_none() && !live.is_whole() {
            return self.build(lock, notes, progress);
        }
        // Damaged files show themselves as errors, or as panics of the engine.
        let brought = catch_unwind(AssertUnwindSafe(|| {
            self.bring_up(lock, &live, notes, only, progress)
        }));
        match brought {
            Ok(Err(IndexError::Engine(error))) if !is_of_the_disk(&error) => {
                tracing::warn!(%error, "the index is damaged and is built anew");
                self.build(lock, notes, progress)
            }
            Ok(synced) => synced,
            Err(_) => {
                tracing::warn!("the index is damaged and is built anew");
                self.build(lock, notes, progress)
            }
        }
    }

    /// Builds the index from nothing beside the one in use, and swaps them when it is complete.
    ///
    /// # Errors
    /// As [`Index::sync`].
    pub fn rebuild(
        &self,
        notes: &Path,
        progress: &(dyn Fn(Progress) + Sync),
    ) -> Result<Synced, IndexError> {
        let lock = self.lock()?;
        self.build(&lock, notes, progress)
    }

    fn lock(&self) -> Result<WriteLock, IndexError> {
        let lock = self.shared.disk.lock();
        lock.map_err(|source| self.folder_error(source))?
            .ok_or(IndexError::Busy)
    }

    fn folder_error(&self, source: std::io::Error) -> IndexError {
        IndexError::Folder {
            folder: self.shared.disk.root().to_path_buf(),
            source,
        }
    }

    fn build(
        &self,
        lock: &WriteLock,
        notes: &Path,
        progress: &(dyn Fn(Progress) + Sync),
    ) -> Result<Synced, IndexError> {
        let disk = &self.shared.disk;
        let folder = disk
            .new_build(lock)
            .map_err(|source| self.folder_error(source))?;
        let live = Arc::new(Live::create(&folder)?);
        let synced = self.bring_up(lock, &live, notes, None, progress)?;
        disk.set_current(&folder, lock)
            .and_then(|()| disk.sweep(lock))
            .map_err(|source| self.folder_error(source))?;
        self.set_live(live);
        Ok(synced)
    }

    /// Writes what differs between the notes (all, or those in `only`) and the build.
    fn bring_up(
        &self,
        _lock: &WriteLock,
        live: &Live,
        notes: &Path,
        only: Option<&BTreeSet<String>>,
        progress: &(dyn Fn(Progress) + Sync),
    ) -> Result<Synced, IndexError> {
        live.reload()?;
        let mut warnings = Vec::new();
        let (present, held): (Vec<String>, _) = match only {
            Some(paths) => {
                let present = paths.iter().filter(|path| folder::is_there(notes, path));
                (
                    present.cloned().collect(),
                    holdings::of(&live.searcher(), paths)?,
                )
            }
            None => {
                let listing = folder::list(notes).map_err(|source| IndexError::Notes {
                    folder: notes.to_path_buf(),
                    source,
                })?;
                let held = holdings::all(&live.searcher())?;
                let hidden = held.keys().filter(|path| listing.may_hide(path)).cloned();
                let present = listing.paths.iter().cloned().chain(hidden).collect();
                warnings.extend(listing.warnings.into_iter().map(NoteWarning::from));
                (present, held)
            }
        };
        let here: BTreeSet<&String> = present.iter().collect();
        let gone = held.keys().filter(|path| !here.contains(path));
        let gone: Vec<String> = gone.cloned().collect();
        let work = Work {
            notes,
            held: &held,
            paths: &present,
            next: AtomicUsize::new(0),
            done: AtomicUsize::new(0),
            progress,
        };
        let changed = work.write(live, &gone, &mut warnings)?;
        live.reload()?;
        warnings.sort_by(|a, b| (&a.path, a.warning.line).cmp(&(&b.path, b.warning.line)));
        let searcher = live.searcher();
        Ok(Synced {
            n_notes: match only {
                Some(_) => n_notes(&searcher)?,
                None => present.len(),
            },
            n_sections: n_sections(&searcher)?,
            n_changed: changed.len(),
            n_removed: gone.len(),
            warnings,
        })
    }
}

/// Whether an error tells of a disk that is full or refuses, rather than of files that are damaged
/// or that a killed process left in the way.
fn is_of_the_disk(error: &TantivyError) -> bool {
    match error {
        TantivyError::IoError(error) => !matches!(
            error.kind(),
            ErrorKind::InvalidData | ErrorKind::UnexpectedEof
        ),
        TantivyError::OpenWriteError(error) => {
            !matches!(error, OpenWriteError::FileAlreadyExists(_))
        }
        TantivyError::LockFailure(..) | TantivyError::ErrorInThread(_) => true,
        _ => false,
    }
}

impl From<(String, Warning)> for NoteWarning {
    fn from((path, warning): (String, Warning)) -> Self {
        Self { path, warning }
    }
}

pub(crate) fn unreadable(path: &str, error: &std::io::Error) -> NoteWarning {
    let warning = Warning {
        line: 1,
        column: 1,
        code: codes::UNREADABLE,
        message: format!("cannot be read and keeps the sections that it had: {error}"),
    };
    NoteWarning::from((path.to_owned(), warning))
}
