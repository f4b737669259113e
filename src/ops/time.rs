//! The loop that lets the bot do what has fallen due.

use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::watch;

use crate::bot::Bot;
use crate::chat::Chat;

/// Between two looks, at most: another process may have changed what is due.
const LOOK: Duration = Duration::from_secs(30);
/// Between two looks, at least, whatever is due.
const REST: Duration = Duration::from_millis(100);

/// Lets the bot tick until `shutdown` turns true or its sender is gone. It calls the store, which
/// blocks: it needs a thread of its own.
pub async fn keep_time<C: Chat>(bot: &Bot, chat: &C, mut shutdown: watch::Receiver<bool>) {
    if let Err(error) = bot.take_up(clock()) {
        let error = &error as &dyn std::error::Error;
        tracing::error!(error, "what an earlier process left waits for its time");
    }
    while !*shutdown.borrow_and_update() {
        let next = bot.tick(chat, &clock).await;
        let wait = next.map_or(LOOK, |next| {
            let wait = next.duration_since(clock());
            Duration::try_from(wait).unwrap_or_default()
        });
        tokio::select! {
            () = tokio::time::sleep(wait.clamp(REST, LOOK)) => {}
            () = bot.nudge.notified() => {}
            changed = shutdown.changed() => if changed.is_err() { return },
        }
    }
}

/// What the clock on the wall says.
#[expect(clippy::disallowed_methods, reason = "an edge reads the clock")]
fn clock() -> Timestamp {
    Timestamp::now()
}
