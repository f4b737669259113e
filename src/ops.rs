//! What happens by itself while the bot serves: the index and the questions follow the notes,
//! rounds are posted and revealed when their time comes, and the service manager hears of it.

mod health;
mod still;
mod supervisor;
mod time;

pub use health::{Health, HealthWatch, watch_health};
pub use still::StillMax;
pub use supervisor::Supervisor;
pub use time::keep_time;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use notify::event::{AccessKind, AccessMode};
use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use studyhall_index::{Index, IndexError, Synced, question_files};
use tracing::{error, info, warn};

use crate::bot::Questions;

/// How long the notes must be quiet before they are read: an editor writes in several steps.
const QUIET: Duration = Duration::from_millis(150);
/// How long edits are gathered at most, however busy the notes are.
const GATHER_MAX: Duration = Duration::from_millis(800);
/// How often all notes are looked at without being told: some file systems tell nothing.
const LOOK: Duration = Duration::from_secs(60);
/// How long to wait for another process to end its writing.
const BUSY: Duration = Duration::from_millis(250);
/// The folder of questions in the notes folder.
const QUESTIONS: &str = "quiz";
/// Changed notes above which all notes are looked at instead.
const CHANGED_MAX: usize = 1_000;

/// Keeps the index as new as the notes until it is dropped.
#[derive(Debug)]
pub struct NotesWatch {
    /// Ends the thread when it goes: nobody can tell it anything any more.
    _watcher: Option<RecommendedWatcher>,
}

/// What is known to have changed.
#[derive(Debug, Default)]
struct Changed {
    notes: BTreeSet<String>,
    /// A folder came, went or was renamed, or too much happened to tell.
    all: bool,
    /// A file of questions.
    questions: bool,
}

/// Starts to follow the notes. An edit can be found a moment after it was written; a note that
/// cannot be read keeps its old sections, and so do all where the folder is gone for a while.
///
/// # Errors
/// No thread can be started.
pub fn follow_notes(
    index: Index,
    questions: Questions,
    notes: PathBuf,
    health: Arc<Health>,
) -> std::io::Result<NotesWatch> {
    // Events carry the path as it was given; links in the way to the folder stay as they are.
    let notes = std::path::absolute(&notes).unwrap_or(notes);
    let (tell, told) = channel();
    let watcher = notify::recommended_watcher(move |event| {
        // The thread has ended: there is nobody to tell.
        let _ = tell.send(event);
    });
    let mut watcher = match watcher {
        Ok(watcher) => Some(watcher),
        Err(error) => {
            warn!(%error, "edits cannot be watched; the notes are looked at every minute");
            None
        }
    };
    if let Some(watcher) = &mut watcher {
        watch(watcher, &notes);
    }
    thread::Builder::new()
        .name("notes".to_owned())
        .spawn(move || follow(&index, &questions, &notes, &health, &told))?;
    Ok(NotesWatch { _watcher: watcher })
}

fn watch(watcher: &mut RecommendedWatcher, notes: &Path) {
    if let Err(error) = watcher.watch(notes, RecursiveMode::Recursive) {
        warn!(%error, notes.dir = %notes.display(), "edits of these notes are not told");
    }
}

fn follow(
    index: &Index,
    questions: &Questions,
    notes: &Path,
    health: &Health,
    told: &Receiver<notify::Result<Event>>,
) {
    let mut last_failure = String::new();
    loop {
        let changed = match told.recv_timeout(LOOK) {
            Ok(event) => gather(event, notes, told),
            Err(RecvTimeoutError::Timeout) => Changed {
                all: true,
                ..Changed::default()
            },
            Err(RecvTimeoutError::Disconnected) => return,
        };
        if changed.all || changed.questions {
            read_questions(questions, notes);
        }
        if !changed.all && changed.notes.is_empty() {
            continue;
        }
        let started = Instant::now();
        match sync(index, notes, &changed) {
            Ok(synced) => {
                last_failure.clear();
                health.index_is_new(Instant::now());
                report(&synced, started.elapsed());
            }
            Err(error) => {
                let failure = format!("{:#}", anyhow::Error::from(error));
                if failure != last_failure {
                    error!(error = failure, "the index stays as it was");
                    last_failure = failure;
                }
            }
        }
    }
}

/// Reads the question files anew. Files that cannot be read leave the questions as they are.
pub fn read_questions(questions: &Questions, notes: &Path) {
    let files = match question_files(notes) {
        Ok(files) => files.files,
        Err(error) => return warn!(%error, "the questions stay as they were"),
    };
    let findings = questions.take(&files);
    let n_questions = questions.now().map_or(0, |bank| bank.questions().len());
    if findings.is_empty() {
        tracing::debug!(n_questions, "the questions have been read");
    } else {
        let first = findings.first().map(ToString::to_string);
        warn!(
            n_questions,
            n_findings = findings.len(),
            first,
            "look at the questions with `studyhall check`"
        );
    }
}

/// Gathers what happens until the notes are quiet.
fn gather(
    first: notify::Result<Event>,
    notes: &Path,
    told: &Receiver<notify::Result<Event>>,
) -> Changed {
    let started = Instant::now();
    let mut changed = Changed::default();
    changed.take(first, notes);
    while started.elapsed() < GATHER_MAX {
        match told.recv_timeout(QUIET) {
            Ok(event) => changed.take(event, notes),
            Err(_) => break,
        }
    }
    changed.all |= changed.notes.len() > CHANGED_MAX;
    changed
}

impl Changed {
    fn take(&mut self, event: notify::Result<Event>, notes: &Path) {
        let Ok(event) = event else {
            self.all = true;
            return;
        };
        match event.kind {
            EventKind::Access(AccessKind::Close(AccessMode::Write))
            | EventKind::Create(_)
            | EventKind::Modify(_)
            | EventKind::Remove(_) => {}
            EventKind::Access(_) => return,
            EventKind::Any | EventKind::Other => self.all = true,
        }
        self.all |= event.need_rescan();
        for path in &event.paths {
            match studyhall_index::note_path(notes, path) {
                Some(note) => {
                    self.notes.insert(note);
                }
                None if path.starts_with(notes.join(QUESTIONS)) => self.questions = true,
                // A file that is no note matters to nobody; a folder may hold notes.
                None => self.all |= path.extension().is_none(),
            }
        }
    }
}

fn sync(index: &Index, notes: &Path, changed: &Changed) -> Result<Synced, IndexError> {
    loop {
        let synced = if changed.all {
            index.sync(notes, &|_| ())
        } else {
            index.sync_notes(notes, &changed.notes)
        };
        match synced {
            Err(IndexError::Busy) => thread::sleep(BUSY),
            synced => return synced,
        }
    }
}

fn report(synced: &Synced, took: Duration) {
    for found in &synced.warnings {
        let warning = &found.warning;
        warn!(
            note.path = found.path,
            note.line = warning.line,
            code = warning.code,
            "{}",
            warning.message
        );
    }
    if synced.n_changed + synced.n_removed > 0 {
        info!(
            n_changed = synced.n_changed,
            n_removed = synced.n_removed,
            n_sections = synced.n_sections,
            duration_ms = took.as_millis() as u64,
            "the notes have been read anew"
        );
    }
}

#[cfg(test)]
mod tests {
    use notify::event::{CreateKind, ModifyKind, RemoveKind};

    use super::*;

    #[track_caller]
    fn check(kind: EventKind, path: &str, all: bool, notes: &[&str]) {
        let mut changed = Changed::default();
        let event = Event::new(kind).add_path(PathBuf::from(path));
        changed.take(Ok(event), Path::new("/n"));
        assert_eq!(changed.all, all, "{path}");
        assert!(changed.notes.iter().eq(notes), "{:?}", changed.notes);
    }

    #[test]
    fn notes_are_told_from_the_rest() {
        let written = EventKind::Access(AccessKind::Close(AccessMode::Write));
        check(written, "/n/a/b.md", false, &["a/b.md"]);
        check(
            EventKind::Modify(ModifyKind::Any),
            "/n/.b.md.swp",
            false,
            &[],
        );
        check(EventKind::Create(CreateKind::Folder), "/n/a", true, &[]);
        check(
            EventKind::Remove(RemoveKind::File),
            "/n/quiz/a.md",
            false,
            &[],
        );
        check(EventKind::Access(AccessKind::Read), "/n/a.md", false, &[]);
    }

    #[test]
    fn what_cannot_be_told_means_all() {
        let mut changed = Changed::default();
        changed.take(Err(notify::Error::generic("lost")), Path::new("/n"));
        assert!(changed.all);
    }
}
