//! How the process is: whether its scheduler moves, its store can be written and its index is new.

use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant, UNIX_EPOCH};

use tracing::{error, info};

use super::disk::Disk;
use crate::bot::Bot;
use crate::meters;

/// How long ago the scheduler's last beat may lie: a call that is waited for takes ten seconds at
/// most, and a few may come one after another.
const BEAT_MAX: Duration = Duration::from_secs(30);
/// Between two looks at the store.
const LOOK: Duration = Duration::from_secs(5);
/// How long ago the store was last written, at most: a write that takes five seconds is too slow.
const WRITTEN_MAX: Duration = Duration::from_secs(10);
/// How long the last look may take when the process ends.
const END_MAX: Duration = Duration::from_secs(2);

/// How the process is.
#[derive(Debug)]
pub struct Health {
    known: Mutex<Known>,
    is_ending: AtomicBool,
    n_looks: AtomicU64,
}

/// When what was last seen.
#[derive(Clone, Copy, Debug)]
struct Known {
    beat: Instant,
    written: Option<Instant>,
    /// Whether the last try to write failed.
    is_refused: bool,
    index_new: Instant,
}

impl Health {
    /// Begins with a beat now, and an index that was just brought up to date.
    #[must_use]
    pub fn new(now: Instant) -> Self {
        Self {
            known: Mutex::new(Known {
                beat: now,
                written: None,
                is_refused: false,
                index_new: now,
            }),
            is_ending: AtomicBool::new(false),
            n_looks: AtomicU64::new(0),
        }
    }

    /// The scheduler moves.
    pub fn beat(&self, now: Instant) {
        self.know(|known| known.beat = now);
    }

    /// The index has just been found, or made, as new as the notes.
    pub fn index_is_new(&self, now: Instant) {
        self.know(|known| known.index_new = now);
    }

    /// The store was written, or refused it.
    pub fn wrote(&self, now: Instant, went_well: bool) {
        self.n_looks.fetch_add(1, Ordering::Relaxed);
        self.know(|known| {
            known.is_refused = !went_well;
            if went_well {
                known.written = Some(now);
            }
        });
    }

    /// How often the store has answered, be it with a refusal.
    pub(super) fn n_looks(&self) -> u64 {
        self.n_looks.load(Ordering::Relaxed)
    }

    /// The process was told to end: from now on it is not ready.
    pub fn end(&self) {
        self.is_ending.store(true, Ordering::SeqCst);
    }

    /// Whether the scheduler moves.
    #[must_use]
    pub fn is_alive(&self, now: Instant) -> bool {
        let beat = self.know(|known| known.beat);
        now.saturating_duration_since(beat) < BEAT_MAX
    }

    /// Why nobody should rely on the process now.
    #[must_use]
    pub fn causes(&self, now: Instant) -> Vec<&'static str> {
        let known = self.know(|known| *known);
        let is_written = known.written.is_some_and(|written| {
            !known.is_refused && now.saturating_duration_since(written) < WRITTEN_MAX
        });
        let causes = [
            (self.is_ending.load(Ordering::SeqCst), "shutting down"),
            (!is_written, "the store cannot be written"),
            (!self.is_alive(now), "the scheduler stands still"),
        ];
        let holding = causes.into_iter().filter(|(holds, _)| *holds);
        holding.map(|(_, cause)| cause).collect()
    }

    /// How long ago the index was last as new as the notes.
    #[must_use]
    pub fn index_age(&self, now: Instant) -> Duration {
        let new = self.know(|known| known.index_new);
        now.saturating_duration_since(new)
    }

    fn know<T>(&self, what: impl FnOnce(&mut Known) -> T) -> T {
        what(&mut self.known.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// A thread that looks at the store until this is dropped.
#[derive(Debug)]
pub struct HealthWatch {
    tell: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// Writes to the store every few seconds to see whether that can be done, and tells the meters how
/// the index is, what is free on the disk with the data folder, and when the file `backed_up` last
/// changed, where there is one.
///
/// # Errors
/// No thread can be started.
pub fn watch_health(
    health: Arc<Health>,
    bot: Bot,
    data_dir: PathBuf,
    backed_up: Option<PathBuf>,
) -> io::Result<HealthWatch> {
    let (tell, told) = mpsc::channel();
    let thread = thread::Builder::new()
        .name("health".to_owned())
        .spawn(move || {
            let mut went_well = true;
            let mut disk = Disk::default();
            loop {
                went_well = look(&health, &bot, went_well);
                let age = health.index_age(Instant::now());
                meters::index(bot.index.n_sections(), age);
                disk.look(&data_dir);
                if let Some(file) = &backed_up {
                    meters::backed_up(changed_at(file).unwrap_or_default());
                }
                if told.recv_timeout(LOOK) != Err(RecvTimeoutError::Timeout) {
                    return;
                }
            }
        })?;
    Ok(HealthWatch {
        tell: Some(tell),
        thread: Some(thread),
    })
}

impl Drop for HealthWatch {
    /// The thread holds the store, which can only be put away when it is let go.
    fn drop(&mut self) {
        self.tell = None;
        let by = Instant::now() + END_MAX;
        let is_over = |thread: &JoinHandle<()>| thread.is_finished() || Instant::now() > by;
        while self.thread.as_ref().is_some_and(|thread| !is_over(thread)) {
            thread::sleep(Duration::from_millis(10));
        }
    }
}

/// Whether the store could be written, as it could the last time or not.
fn look(health: &Health, bot: &Bot, went_well: bool) -> bool {
    let written = bot.scores.touch(super::time::clock());
    health.wrote(Instant::now(), written.is_ok());
    match &written {
        Err(error) if went_well => {
            let error = error as &dyn std::error::Error;
            error!(error, "the store cannot be written");
        }
        Ok(()) if !went_well => info!("the store can be written again"),
        _ => {}
    }
    written.is_ok()
}

/// When a file was last written, in seconds since 1970; none where it is not there.
fn changed_at(file: &std::path::Path) -> Option<i64> {
    let changed = std::fs::metadata(file).and_then(|about| about.modified());
    let since = changed.ok()?.duration_since(UNIX_EPOCH).ok()?;
    i64::try_from(since.as_secs()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn each_cause_is_named_and_goes_again() {
        let start = Instant::now();
        let health = Health::new(start);
        assert_eq!(health.causes(start), ["the store cannot be written"]);
        health.wrote(start, true);
        assert!(health.causes(start).is_empty());
        assert!(health.is_alive(start + 29 * SECOND));

        let later = start + 30 * SECOND;
        assert!(!health.is_alive(later));
        let expected = ["the store cannot be written", "the scheduler stands still"];
        assert_eq!(health.causes(later), expected);
        health.beat(later);
        health.wrote(later, false);
        assert_eq!(health.causes(later), ["the store cannot be written"]);
        health.wrote(later, true);
        assert!(health.causes(later).is_empty());

        health.end();
        assert_eq!(health.causes(later), ["shutting down"]);
        assert!(health.is_alive(later));
        assert_eq!(health.index_age(later), 30 * SECOND);
        health.index_is_new(later);
        assert_eq!(health.index_age(later), Duration::ZERO);
    }
}
