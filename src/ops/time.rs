//! The loop that lets the bot do what has fallen due.

use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use tokio::sync::{Notify, watch};

use super::steady::Steady;
use super::{Health, Supervisor, still};
use crate::bot::{Bot, Clock};
use crate::chat::Chat;

/// Between two looks, at most: another process may have changed what is due.
const LOOK: Duration = Duration::from_secs(30);
/// Between two looks, at least, whatever is due.
const REST: Duration = Duration::from_millis(100);
/// Between two signs of life while nothing blocks the loop, at most.
const BEAT: Duration = Duration::from_secs(2);
/// How long a tick may wait for something without a look at the clock until it no longer counts as
/// alive: a call to Discord waits a minute and a half at most for its turn.
const WAIT_MAX: Duration = Duration::from_secs(120);

/// Lets the bot tick until `shutdown` turns true or its sender is gone, and tells that it goes on; a
/// tick under way begins nothing new then. It calls the store, which blocks: it needs a thread of
/// its own.
///
/// Where it, or the store that [`super::watch_health`] looks at, stands still for longer than
/// [`super::StillMax`], the process is ended from here with 75: a supervisor starts another, also one
/// that wants no signs of life.
pub async fn keep_time<C: Chat>(
    bot: &Bot,
    chat: &C,
    supervisor: &Arc<Supervisor>,
    health: &Arc<Health>,
    shutdown: watch::Receiver<bool>,
) {
    let watch = still::Watch::begin(supervisor, health);
    if let Err(error) = &watch {
        tracing::warn!(%error, "nobody watches whether the bot goes on");
    }
    if let Err(error) = bot.take_up(clock()) {
        let error = &error as &dyn std::error::Error;
        tracing::error!(error, "what an earlier process left waits for its time");
    }
    let told = shutdown.clone();
    let goes_on = move || !*told.borrow();
    let steady = tokio::sync::Mutex::new(Steady::default());
    let tick = async |clock: &Clock| {
        let theirs = async || chat.clock().await;
        steady.lock().await.wait(theirs, clock, &goes_on).await;
        bot.tick_while(chat, clock, &goes_on).await
    };
    let beat = supervisor.rhythm().map_or(BEAT, |rhythm| rhythm.min(BEAT));
    let (supervisor, health) = (Arc::clone(supervisor), Arc::clone(health));
    let alive = move || {
        supervisor.alive();
        health.beat(Instant::now());
    };
    turns(tick, alive, beat, &bot.nudge, shutdown).await;
}

/// Does what `tick` does, again when it said and at least every [`LOOK`], until `shutdown`. Each look
/// at the clock is a sign of life, and there is one every `beat` besides while nothing is due or a tick
/// waits for something, be it for [`WAIT_MAX`]. One that blocks the loop gives none.
async fn turns(
    tick: impl AsyncFn(&Clock) -> Option<Timestamp>,
    alive: impl Fn() + Send + Sync + 'static,
    beat: Duration,
    nudge: &Notify,
    mut shutdown: watch::Receiver<bool>,
) {
    let looked = Arc::new(Mutex::new(Instant::now()));
    let alive = Arc::new(alive);
    let clock = {
        let (alive, looked) = (Arc::clone(&alive), Arc::clone(&looked));
        move || {
            alive();
            *looked.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
            clock()
        }
    };
    let waits_for = || {
        let looked = looked.lock().unwrap_or_else(PoisonError::into_inner);
        looked.elapsed()
    };
    while !*shutdown.borrow_and_update() {
        let mut ticking = pin!(tick(&clock));
        let next = loop {
            tokio::select! {
                next = &mut ticking => break next,
                () = tokio::time::sleep(beat) => if waits_for() < WAIT_MAX {
                    alive();
                },
            }
        };
        let (began, now) = (Instant::now(), clock());
        let wait = next.map_or(LOOK, |next| {
            Duration::try_from(next.duration_since(now)).unwrap_or_default()
        });
        let wait = wait.clamp(REST, LOOK);
        while let Some(left) = wait.checked_sub(began.elapsed()) {
            tokio::select! {
                () = tokio::time::sleep(left.min(beat)) => drop(clock()),
                () = nudge.notified() => break,
                changed = shutdown.changed() => match changed {
                    Ok(()) => break,
                    Err(_) => return,
                },
            }
        }
    }
}

/// What the clock on the wall says.
#[expect(clippy::disallowed_methods, reason = "an edge reads the clock")]
pub(super) fn clock() -> Timestamp {
    Timestamp::now()
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use tokio::task::yield_now;

    use super::*;

    /// How often a loop is let go on. It is nudged all the time, so that no time need pass.
    const N_TURNS: usize = 1_000;

    /// Signs of life that a loop with these ticks gives in its first turns and in those after.
    async fn signs(tick: impl AsyncFn(&Clock) -> Option<Timestamp>) -> (u64, u64) {
        let n_signs = Arc::new(AtomicU64::new(0));
        let counted = Arc::clone(&n_signs);
        let alive = move || {
            counted.fetch_add(1, Ordering::Relaxed);
        };
        let (_stop, shutdown) = watch::channel(false);
        let nudge = Notify::new();
        let mut going = pin!(turns(tick, alive, BEAT, &nudge, shutdown));
        let mut counts = [0; 2];
        for count in &mut counts {
            for _ in 0..N_TURNS {
                nudge.notify_one();
                tokio::select! {
                    biased;
                    () = &mut going => panic!("nobody asked the loop to end"),
                    () = yield_now() => {}
                }
            }
            *count = n_signs.swap(0, Ordering::Relaxed);
        }
        (counts[0], counts[1])
    }

    #[tokio::test]
    async fn a_loop_that_has_nothing_to_do_gives_signs_of_life() {
        let (first, second) = signs(async |_| None).await;
        assert!(first > 100 && second > 100, "{first}, {second}");
    }

    #[tokio::test]
    async fn a_loop_that_stands_still_gives_no_sign_of_life() {
        let n_ticks = AtomicU64::new(0);
        let tick = async |_: &Clock| {
            if n_ticks.fetch_add(1, Ordering::Relaxed) == 5 {
                std::future::pending::<()>().await;
            }
            None
        };
        assert_eq!(signs(tick).await, (5, 0));
    }

    #[tokio::test]
    async fn a_tick_that_waits_for_a_call_gives_signs_of_life() {
        let n_signs = Arc::new(AtomicU64::new(0));
        let counted = Arc::clone(&n_signs);
        let alive = move || {
            counted.fetch_add(1, Ordering::Relaxed);
        };
        let (_stop, shutdown) = watch::channel(false);
        let nudge = Notify::new();
        let tick = async |_: &Clock| std::future::pending().await;
        let beat = Duration::from_millis(1);
        let mut going = pin!(turns(tick, alive, beat, &nudge, shutdown));
        while n_signs.load(Ordering::Relaxed) < 10 {
            tokio::select! {
                () = &mut going => panic!("nobody asked the loop to end"),
                () = tokio::time::sleep(beat) => {}
            }
        }
    }

    #[tokio::test]
    async fn a_long_tick_that_goes_on_gives_signs_of_life() {
        let tick = async |clock: &Clock| {
            loop {
                yield_now().await;
                clock();
            }
        };
        let (first, second) = signs(tick).await;
        assert!(first > 100 && second > 100, "{first}, {second}");
    }
}
