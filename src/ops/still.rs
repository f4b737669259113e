//! A watch over the loop that keeps time and over the store: where one stands still, it ends the
//! process, also where no service manager wants signs of life.

use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread;
use std::time::Duration;

use tracing::error;

use super::{Health, Supervisor};

/// What the process ends with: a restart may help.
const EXIT_TEMPORARY: i32 = 75;
/// Between two looks at what is watched.
const ROUND: Duration = Duration::from_secs(1);

/// How long something may stand still before the process is ended.
#[derive(Clone, Copy, Debug)]
pub struct StillMax {
    /// The loop that keeps time. It gives a sign of life every two seconds, and while it waits for a
    /// call to Discord too.
    pub time: Duration,
    /// The store, looked at every five seconds. What it does takes seconds at most, and what cannot be
    /// reached is an answer too.
    pub store: Duration,
}

impl Default for StillMax {
    fn default() -> Self {
        Self {
            time: Duration::from_secs(75),
            store: Duration::from_secs(75),
        }
    }
}

/// The watch; it ends when this is dropped.
#[derive(Debug)]
pub(super) struct Watch {
    /// Nothing is sent: the thread ends when this goes.
    _over: Sender<()>,
}

impl Watch {
    /// Watches from a thread of its own, which ends the process.
    ///
    /// # Errors
    /// The system gives no thread.
    pub(super) fn begin(
        supervisor: &Arc<Supervisor>,
        health: &Arc<Health>,
    ) -> std::io::Result<Self> {
        let (supervisor, health) = (Arc::clone(supervisor), Arc::clone(health));
        let (over, watching) = mpsc::channel();
        thread::Builder::new()
            .name("still-watch".to_owned())
            .spawn(move || {
                let max = supervisor.still_max;
                let mut time = Pulse::new("the loop that keeps time", max.time);
                let mut store = Pulse::new("the store", max.store);
                while has_time(&watching, ROUND) {
                    let stopped = time
                        .stopped(supervisor.n_signs())
                        .or_else(|| store.stopped(health.n_looks()));
                    if let Some(name) = stopped {
                        return end_at_once(name);
                    }
                }
            })?;
        Ok(Self { _over: over })
    }
}

/// Lets time pass; false where the watch is over.
fn has_time(over: &Receiver<()>, time: Duration) -> bool {
    matches!(over.recv_timeout(time), Err(RecvTimeoutError::Timeout))
}

/// How far something had counted, and for how many rounds it has stayed there. Rounds rather than
/// time: a process that was stopped and goes on has missed signs, but no round.
struct Pulse {
    name: &'static str,
    n_seen: u64,
    n_still: u64,
    n_still_max: u64,
}

impl Pulse {
    fn new(name: &'static str, still_max: Duration) -> Self {
        Self {
            name,
            n_seen: 0,
            n_still: 0,
            n_still_max: still_max.as_secs().div_ceil(ROUND.as_secs()).max(1),
        }
    }

    /// The name, where it has stood still for all rounds.
    fn stopped(&mut self, n_counted: u64) -> Option<&'static str> {
        self.n_still = match n_counted == self.n_seen {
            true => self.n_still + 1,
            false => 0,
        };
        self.n_seen = n_counted;
        (self.n_still >= self.n_still_max).then_some(self.name)
    }
}

#[expect(
    clippy::exit,
    reason = "what stands still cannot be asked to end in any other way"
)]
fn end_at_once(stopped: &'static str) {
    error!("{stopped} stands still; the process ends");
    std::process::exit(EXIT_TEMPORARY);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_still_for_all_rounds_is_named_and_nothing_else() {
        let mut slow = Pulse::new("slow", Duration::from_secs(75));
        for round in 0..1_000 {
            assert_eq!(slow.stopped(1 + round / 75), None, "{round}");
        }
        let mut stuck = Pulse::new("stuck", Duration::from_secs(75));
        assert_eq!(stuck.stopped(7), None);
        for round in 1..75 {
            assert_eq!(stuck.stopped(7), None, "{round}");
        }
        assert_eq!(stuck.stopped(7), Some("stuck"));
    }

    #[test]
    fn a_loop_that_never_begins_is_named() {
        let mut never = Pulse::new("never", Duration::from_secs(2));
        assert_eq!([0, 0].map(|n| never.stopped(n)), [None, Some("never")]);
    }
}
