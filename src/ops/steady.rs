//! What to do where the clock on the wall jumps: nothing, until the chat's own clock agrees with it.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::time::{Instant, sleep};
use tracing::{error, info, warn};

use crate::bot::Clock;

/// How far the clock may run from the time that passes: setting it right moves it by less.
const JUMP_MAX: SignedDuration = SignedDuration::from_mins(5);
/// How far it may be from the chat's to be believed.
const APART_MAX: SignedDuration = SignedDuration::from_mins(1);
/// Between two questions to the chat.
const ASK_REST: Duration = Duration::from_secs(5);
/// How long nothing is done at most: after that the clock is believed.
const HOLD_MAX: Duration = Duration::from_mins(10);

/// The clock, seen beside the time that passes.
#[derive(Debug, Default)]
pub(super) struct Steady {
    /// What the clock said when it was believed last.
    believed: Option<(Timestamp, Instant)>,
}

impl Steady {
    /// How far the clock has jumped since it was believed last.
    fn jump(&self, now: Timestamp) -> SignedDuration {
        self.believed.map_or(SignedDuration::ZERO, |(then, at)| {
            let passed = SignedDuration::try_from(at.elapsed()).unwrap_or(SignedDuration::MAX);
            now.duration_since(then) - passed
        })
    }

    /// Waits while the clock cannot be believed, and asks `theirs` for the chat's. A computer that slept is believed at once: the chat's
    /// clock has gone on as well.
    pub(super) async fn wait(
        &mut self,
        theirs: impl AsyncFn() -> Option<Timestamp>,
        clock: &Clock,
        goes_on: &(dyn Fn() -> bool + Send + Sync),
    ) {
        let jump = self.jump(clock());
        if jump.abs() > JUMP_MAX {
            warn!(
                jump_s = jump.as_secs(),
                "the clock jumped; nothing is posted until Discord's clock agrees with it"
            );
            hold(theirs, clock, goes_on).await;
        }
        self.believed = Some((clock(), Instant::now()));
    }
}

async fn hold(
    theirs: impl AsyncFn() -> Option<Timestamp>,
    clock: &Clock,
    goes_on: &(dyn Fn() -> bool + Send + Sync),
) {
    let began = Instant::now();
    while began.elapsed() < HOLD_MAX {
        let apart = theirs().await.map(|theirs| theirs.duration_since(clock()));
        if apart.is_some_and(|apart| apart.abs() <= APART_MAX) {
            return info!("Discord's clock agrees");
        }
        if !goes_on() {
            return;
        }
        sleep(ASK_REST).await;
    }
    error!("Discord's clock did not agree; the computer's is believed all the same");
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicI64, Ordering};

    use super::*;

    /// The chat's clock is so many seconds apart from the true one.
    async fn apart(seconds: i64) -> Option<Timestamp> {
        Some(true_time() + SignedDuration::from_secs(seconds))
    }

    thread_local! {
        static BEGAN: Instant = Instant::now();
    }

    fn true_time() -> Timestamp {
        let passed = BEGAN.with(Instant::elapsed);
        Timestamp::UNIX_EPOCH + SignedDuration::try_from(passed).unwrap()
    }

    /// How long nothing is done where the clock jumps by so many seconds while ten pass.
    async fn held(
        jump: i64,
        theirs: impl AsyncFn() -> Option<Timestamp>,
        goes_on: bool,
    ) -> Duration {
        BEGAN.with(|_| ());
        let ahead = Arc::new(AtomicI64::new(0));
        let of_clock = Arc::clone(&ahead);
        let clock =
            move || true_time() + SignedDuration::from_secs(of_clock.load(Ordering::Relaxed));
        let mut steady = Steady::default();
        steady.wait(&theirs, &clock, &|| goes_on).await;
        sleep(Duration::from_secs(10)).await;
        ahead.store(jump, Ordering::Relaxed);
        let began = Instant::now();
        steady.wait(&theirs, &clock, &|| goes_on).await;
        let held = began.elapsed();
        // Once believed, it is believed.
        steady.wait(&theirs, &clock, &|| goes_on).await;
        assert_eq!(began.elapsed(), held);
        held
    }

    #[tokio::test(start_paused = true)]
    async fn a_clock_that_jumps_is_not_believed_before_the_chats_agrees() {
        let right = async || apart(0).await;
        for small in [0, 290, -290] {
            assert_eq!(held(small, &right, true).await, Duration::ZERO, "{small}");
        }
        for wrong in [310, -310, 86_400] {
            assert_eq!(held(wrong, &right, true).await, HOLD_MAX, "{wrong}");
            assert_eq!(held(wrong, &right, false).await, Duration::ZERO, "{wrong}");
            // As after a sleep, or where the clock was wrong before.
            let same = async || apart(wrong + 50).await;
            assert_eq!(held(wrong, &same, true).await, Duration::ZERO, "{wrong}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn where_the_chat_cannot_be_asked_the_clock_is_believed_in_the_end() {
        assert_eq!(held(86_400, async || None, true).await, HOLD_MAX);
    }
}
