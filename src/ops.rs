//! What happens by itself while the bot serves: the index and the questions follow the notes,
//! rounds are posted and revealed when their time comes, and the service manager hears of it.

mod disk;
mod health;
mod private;
mod steady;
mod still;
mod supervisor;
mod time;

pub use disk::Space;
pub use health::{Health, HealthWatch, watch_health};
pub use private::shut_in;
pub use still::StillMax;
pub use supervisor::Supervisor;
pub use time::keep_time;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Arc, Weak};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

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
/// How often it is looked at whether the folder is still the one whose edits are told: another may
/// have been put in its place, or a link to it changed.
const PEEK: Duration = Duration::from_secs(1);
/// How long to wait for another process to end its writing.
const BUSY: Duration = Duration::from_millis(250);
/// The folder of questions in the notes folder.
const QUESTIONS: &str = "quiz";
/// Changed notes above which all notes are looked at instead.
const CHANGED_MAX: usize = 1_000;

/// Keeps the index as new as the notes until it is dropped, and for a second more.
#[derive(Debug)]
pub struct NotesWatch {
    _alive: Arc<()>,
}

/// Who tells of edits in which folder.
struct Watching {
    /// None where the system tells nothing.
    watcher: Option<RecommendedWatcher>,
    notes: PathBuf,
    /// The folder whose edits are told.
    told_of: Option<FolderId>,
}

/// What tells a folder from another that takes its place: its disk, its number there, and when it was
/// made.
type FolderId = (u64, u64, Option<SystemTime>);

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
    let watcher = match watcher {
        Ok(watcher) => Some(watcher),
        Err(error) => {
            warn!(%error, "edits cannot be watched; the notes are looked at every minute");
            None
        }
    };
    let mut watching = Watching {
        watcher,
        notes,
        told_of: None,
    };
    watching.watch_again();
    let alive = Arc::new(());
    let until = Arc::downgrade(&alive);
    thread::Builder::new()
        .name("notes".to_owned())
        .spawn(move || follow(&index, &questions, watching, &health, &told, &until))?;
    Ok(NotesWatch { _alive: alive })
}

impl Watching {
    /// Has edits told of the folder that stands where the notes are, if it is another one than
    /// before. Whether it is.
    fn watch_again(&mut self) -> bool {
        let now = folder_id(&self.notes);
        if now == self.told_of {
            return false;
        }
        self.told_of = now;
        if let Some(watcher) = &mut self.watcher {
            // Where nothing was watched, or its folder has gone, there is nothing to end.
            let _ = watcher.unwatch(&self.notes);
            if now.is_some()
                && let Err(error) = watcher.watch(&self.notes, RecursiveMode::Recursive)
            {
                warn!(%error, notes.dir = %self.notes.display(), "edits of these notes are not told");
            }
        }
        true
    }
}

#[cfg(unix)]
fn folder_id(folder: &Path) -> Option<FolderId> {
    use std::os::unix::fs::MetadataExt;
    let found = fs::metadata(folder).ok()?;
    Some((found.dev(), found.ino(), found.created().ok()))
}

/// Without numbers of folders, when it was made must do.
#[cfg(not(unix))]
fn folder_id(folder: &Path) -> Option<FolderId> {
    let found = fs::metadata(folder).ok()?;
    Some((0, 0, found.created().ok()))
}

fn follow(
    index: &Index,
    questions: &Questions,
    mut watching: Watching,
    health: &Health,
    told: &Receiver<notify::Result<Event>>,
    until: &Weak<()>,
) {
    let mut last_failure = String::new();
    let mut looked = Instant::now();
    while until.strong_count() > 0 {
        let event = told.recv_timeout(PEEK);
        let is_another = watching.watch_again();
        let notes = &watching.notes;
        let mut changed = match event {
            Ok(event) => gather(event, notes, told),
            Err(RecvTimeoutError::Timeout) => Changed::default(),
            // Nobody tells anything; what is left is to look.
            Err(RecvTimeoutError::Disconnected) => {
                thread::sleep(PEEK);
                Changed::default()
            }
        };
        if is_another || looked.elapsed() >= LOOK {
            changed.all = true;
        }
        if changed.all {
            looked = Instant::now();
        }
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
