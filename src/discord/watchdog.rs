//! A plain thread that ends the process when a runtime stands still.
//!
//! A runtime that no longer runs its tasks cannot notice it, nor a signal that asks it to stop.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use tokio::runtime::Handle;

/// Between two beats of a runtime.
const BEAT: Duration = Duration::from_millis(250);
/// Between two looks at all of them.
const ROUND: Duration = Duration::from_secs(1);

/// A runtime's heart: it beats while the runtime runs its tasks.
#[derive(Debug)]
pub(super) struct Heart {
    name: &'static str,
    beats: AtomicU64,
}

impl Heart {
    /// Beats on this runtime for as long as the runtime or the heart lasts.
    pub(super) fn of(name: &'static str, runtime: &Handle) -> Arc<Self> {
        let heart = Arc::new(Self {
            name,
            beats: AtomicU64::new(0),
        });
        let beating = Arc::downgrade(&heart);
        runtime.spawn(async move {
            while let Some(heart) = beating.upgrade() {
                heart.beats.fetch_add(1, Ordering::Relaxed);
                drop(heart);
                tokio::time::sleep(BEAT).await;
            }
        });
        heart
    }
}

/// The watch over hearts; it ends when this is dropped.
#[derive(Debug)]
pub(super) struct Watch {
    over: Arc<AtomicBool>,
}

impl Watch {
    /// Watches from a thread of its own, and calls `stopped` with the name of the first heart
    /// that has not beaten for `still_max`.
    ///
    /// # Errors
    /// The system gives no thread.
    pub(super) fn begin(
        hearts: Vec<Arc<Heart>>,
        still_max: Duration,
        stopped: impl FnOnce(&'static str) + Send + 'static,
    ) -> std::io::Result<Self> {
        let over = Arc::new(AtomicBool::new(false));
        let ended = Arc::clone(&over);
        thread::Builder::new()
            .name("watchdog".to_owned())
            .spawn(move || {
                let mut rounds = Rounds::new(&hearts, still_max);
                while !ended.load(Ordering::Relaxed) {
                    thread::sleep(ROUND);
                    if let Some(name) = rounds.stopped(&hearts) {
                        if !ended.load(Ordering::Relaxed) {
                            stopped(name);
                        }
                        return;
                    }
                }
            })?;
        Ok(Self { over })
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
    }
}

/// What each heart had counted, and for how many rounds it has stayed there. Rounds rather than
/// time: a process that was stopped and goes on has missed beats, but no round.
struct Rounds {
    seen: Vec<(u64, u64)>,
    still_max: u64,
}

impl Rounds {
    fn new(hearts: &[Arc<Heart>], still_max: Duration) -> Self {
        Self {
            seen: vec![(0, 0); hearts.len()],
            still_max: still_max.as_secs().div_ceil(ROUND.as_secs()).max(1),
        }
    }

    fn stopped(&mut self, hearts: &[Arc<Heart>]) -> Option<&'static str> {
        for (heart, (beats, still)) in hearts.iter().zip(&mut self.seen) {
            let now = heart.beats.load(Ordering::Relaxed);
            *still = if now == *beats { *still + 1 } else { 0 };
            *beats = now;
            if *still >= self.still_max {
                return Some(heart.name);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    fn heart(name: &'static str) -> Arc<Heart> {
        Arc::new(Heart {
            name,
            beats: AtomicU64::new(0),
        })
    }

    #[test]
    fn a_heart_that_stands_still_for_all_rounds_is_named() {
        let hearts = [heart("ours"), heart("Discord's")];
        let mut rounds = Rounds::new(&hearts, Duration::from_secs(20));
        for round in 0..100 {
            hearts[0].beats.fetch_add(1, Ordering::Relaxed);
            if round % 20 == 0 {
                hearts[1].beats.fetch_add(1, Ordering::Relaxed);
            }
            assert_eq!(rounds.stopped(&hearts), None, "{round}");
        }
        hearts[0].beats.fetch_add(1, Ordering::Relaxed);
        assert_eq!(rounds.stopped(&hearts), Some("Discord's"));
    }

    #[test]
    fn a_runtime_that_never_yields_is_found_from_outside() {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_time()
            .build()
            .unwrap();
        let (tell, told) = mpsc::channel();
        let heart = Heart::of("stuck", runtime.handle());
        let (free, freed) = mpsc::channel::<()>();
        runtime.spawn(async move {
            let _ = freed.recv();
        });
        let watch = Watch::begin(vec![heart], ROUND, move |name| tell.send(name).unwrap());
        let _watch = watch.unwrap();
        assert_eq!(told.recv(), Ok("stuck"));
        drop(free);
    }
}
