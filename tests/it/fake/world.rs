//! The state of the fake Discord, and how to wait for it to change.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::Value;
use tokio::sync::watch;

use super::cast::Person;
use super::clock::Clock;
use super::faults::Faults;
use super::gateway::Gateway;
use super::log::Entry;

/// How long a test waits for something that should be there in a moment.
const PATIENCE: Duration = Duration::from_secs(20);

/// What the fake's connections and the test share.
pub(crate) struct World {
    /// `127.0.0.1:port`.
    pub(crate) host: String,
    /// The bot's token.
    pub(crate) token: String,
    state: Mutex<State>,
    changed: watch::Sender<()>,
}

/// Everything that Discord knows.
pub(crate) struct State {
    pub(crate) clock: Clock,
    pub(crate) faults: Faults,
    pub(crate) log: Vec<Entry>,
    /// What Discord lets pass and the house does not.
    pub(crate) violations: Vec<String>,
    /// Global commands, and those of the server under its id.
    pub(crate) commands: BTreeMap<Option<u64>, Vec<Value>>,
    pub(crate) messages: BTreeMap<u64, Value>,
    /// Channel, nonce, message, and when.
    pub(crate) nonces: Vec<(u64, Value, u64, i64)>,
    /// How often an enforced nonce came again.
    pub(crate) n_repeated: usize,
    /// Threads, by the message that they hang on.
    pub(crate) threads: BTreeMap<u64, Value>,
    /// Members who have left.
    pub(crate) left: Vec<u64>,
    /// Whether the bot was removed from the server.
    pub(crate) is_removed: bool,
    /// Other servers that the bot is in.
    pub(crate) n_elsewhere: u64,
    /// Whether members take no direct messages.
    pub(crate) is_unwilling: bool,
    /// What everybody may not do in the server's channels, as bits.
    pub(crate) denied: u64,
    pub(crate) interactions: BTreeMap<u64, Asked>,
    pub(crate) gateway: Gateway,
}

/// An interaction and what has become of it.
pub(crate) struct Asked {
    pub(crate) token: String,
    /// 2 command, 3 component, 4 autocomplete, 5 modal.
    pub(crate) kind: u8,
    pub(crate) name: Option<String>,
    pub(crate) at_ms: i64,
    pub(crate) person: Person,
    pub(crate) channel: u64,
    /// The message whose component led here.
    pub(crate) source: Option<u64>,
    /// The first response, as the bot sent it.
    pub(crate) response: Option<Value>,
    /// The message that the response made or changed.
    pub(crate) original: Option<u64>,
    pub(crate) followups: Vec<u64>,
}

impl World {
    pub(crate) fn new(host: String, token: String) -> Self {
        let state = State {
            clock: Clock::default(),
            faults: Faults::default(),
            log: Vec::new(),
            violations: Vec::new(),
            commands: BTreeMap::new(),
            messages: BTreeMap::new(),
            nonces: Vec::new(),
            n_repeated: 0,
            threads: BTreeMap::new(),
            left: Vec::new(),
            is_removed: false,
            n_elsewhere: 0,
            is_unwilling: false,
            denied: 0,
            interactions: BTreeMap::new(),
            gateway: Gateway::default(),
        };
        Self {
            host,
            token,
            state: Mutex::new(state),
            changed: watch::Sender::new(()),
        }
    }

    /// A look at the state.
    pub(crate) fn look(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the state and wakes those who wait.
    pub(crate) fn change<T>(&self, step: impl FnOnce(&mut State) -> T) -> T {
        let outcome = step(&mut self.look());
        self.changed.send_replace(());
        outcome
    }

    /// Waits for what `ready` looks for.
    pub(crate) async fn until<T>(&self, what: &str, ready: impl Fn(&State) -> Option<T>) -> T {
        let mut changes = self.changed.subscribe();
        let wait = async {
            loop {
                if let Some(found) = ready(&self.look()) {
                    return found;
                }
                if changes.changed().await.is_err() {
                    std::future::pending::<()>().await;
                }
            }
        };
        match tokio::time::timeout(PATIENCE, wait).await {
            Ok(found) => found,
            Err(_) => panic!("waited in vain for {what}; {}", self.look().story()),
        }
    }
}

impl State {
    /// The latest requests, for a test that fails.
    fn story(&self) -> String {
        let latest = self.log.iter().rev().take(5).rev();
        let lines: Vec<String> = latest
            .map(|entry| format!("{} {:?} {}", entry.route(), entry.status, entry.response))
            .collect();
        format!(
            "the latest requests:\n{}\n{}",
            lines.join("\n"),
            self.gateway.story()
        )
    }
}
