//! A Discord on one loopback port, REST and gateway: it does what Discord does for a bot, refuses
//! what Discord refuses, and fails as it is told to.
//!
//! It shares no code with the bot: bodies are judged by another library's models and limits
//! (`rules`), and each test can ask what passed that the house does not allow.

mod cast;
mod clock;
mod faults;
mod gateway;
mod http;
mod interactions;
mod line;
mod log;
mod messages;
mod post;
mod refusal;
mod rest;
mod rules;
mod world;

mod self_test;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Router;
use axum::routing::any;
use serde_json::Value;
use tokio::task::JoinHandle;

use line::{Doorway, Line};
use world::World;

pub(crate) use cast::{
    ADA, APPLICATION, BEN, CHANNEL, ELSEWHERE, GUILD, OTHERS, Person, member_number,
};
pub(crate) use faults::Fault;
pub(crate) use gateway::{Break, Event, Settings};
pub(crate) use interactions::Interaction;
pub(crate) use log::Entry;
pub(crate) use messages::Posted;
pub(crate) use post::{Letter, public_key};

/// The environment variable that names a folder in which each fake leaves its log.
const LOG_FOLDER: &str = "STUDYHALL_REST_LOG";

/// A running fake Discord.
pub(crate) struct Fake {
    world: Arc<World>,
    shut: Arc<AtomicBool>,
    server: JoinHandle<()>,
    log_folder: Option<PathBuf>,
}

impl Fake {
    /// A fresh Discord on a free port.
    pub(crate) async fn start() -> Self {
        let (doorway, address, shut) = Doorway::open().await.expect("a free loopback port");
        let token = format!(
            "MTEw.{:x}.fake-token-of-port-{}",
            address.port(),
            address.port()
        );
        let world = Arc::new(World::new(address.to_string(), token));
        let router = Router::new()
            .route("/gw", any(gateway::serve))
            .route("/gw/", any(gateway::serve))
            .route("/resume", any(gateway::serve))
            .route("/resume/", any(gateway::serve))
            .fallback(http::serve)
            .with_state(Arc::clone(&world));
        let service = router.into_make_service_with_connect_info::<Line>();
        let server = tokio::spawn(async move {
            if let Err(error) = axum::serve(doorway, service).await {
                panic!("the fake Discord fell over: {error}");
            }
        });
        let log_folder = std::env::var_os(LOG_FOLDER).map(PathBuf::from);
        Self {
            world,
            shut,
            server,
            log_folder,
        }
    }

    /// The bot's token.
    pub(crate) fn token(&self) -> &str {
        &self.world.token
    }

    /// `http://127.0.0.1:port`, without a path.
    pub(crate) fn api_url(&self) -> String {
        format!("http://{}", self.world.host)
    }

    /// Changes how the gateway behaves.
    pub(crate) fn set(&self, change: impl FnOnce(&mut Settings)) {
        self.world
            .change(|state| change(&mut state.gateway.settings));
    }

    /// Lets time pass at Discord alone: tokens grow old, nonces are forgotten.
    pub(crate) fn pass(&self, time: Duration) {
        self.world.change(|state| state.clock.pass(time));
    }

    /// What time it is at Discord, in milliseconds since 1970.
    pub(crate) fn now_ms(&self) -> i64 {
        self.world.look().clock.now_ms()
    }

    /// While `shut`, every new connection is reset.
    pub(crate) fn shut(&self, shut: bool) {
        self.shut.store(shut, Ordering::SeqCst);
    }

    /// The next `n` requests whose route starts like this (`"POST /channels"`) meet this fault.
    pub(crate) fn next(&self, n: usize, route: &str, fault: Fault) {
        self.world
            .change(|state| state.faults.times(n, route, fault));
    }

    /// For so long, requests whose route starts like this meet this fault.
    pub(crate) fn during(&self, time: Duration, route: &str, fault: Fault) {
        self.world.change(|state| {
            let end = state.clock.now_ms() + i64::try_from(time.as_millis()).unwrap_or(i64::MAX);
            state.faults.until(end, route, fault);
        });
    }

    /// From now on, every request takes so long to arrive.
    pub(crate) fn lag(&self, time: Duration) {
        self.world.change(|state| state.faults.lag = time);
    }

    /// How many requests have met a fault.
    pub(crate) fn n_struck(&self) -> usize {
        self.world.look().faults.n_struck
    }

    /// No fault is left.
    pub(crate) fn mend(&self) {
        self.world.change(|state| state.faults.clear());
    }

    /// Ends the bot's gateway connections.
    pub(crate) fn cut(&self, how: Break) {
        self.world.change(|state| state.gateway.cut(how));
    }

    /// Waits until the bot has a session and commands that people can use.
    pub(crate) async fn ready(&self) {
        let ready = |state: &world::State| {
            let has_commands = state.commands.values().any(|list| !list.is_empty());
            (state.gateway.is_connected() && has_commands).then_some(())
        };
        self.world
            .until("the bot to connect and register its commands", ready)
            .await;
    }

    /// Waits until the bot has commands that people can use.
    pub(crate) async fn registered(&self) {
        let registered = |state: &world::State| {
            let has_commands = state.commands.values().any(|list| !list.is_empty());
            has_commands.then_some(())
        };
        let what = "the bot to register its commands";
        self.world.until(what, registered).await;
    }

    /// Waits until this has happened on the gateway `n` times; gives the last.
    pub(crate) async fn happened(&self, n: usize, what: fn(&Event) -> bool) -> Event {
        let look = |state: &world::State| {
            let fitting = state.gateway.events.iter().filter(|(_, event)| what(event));
            fitting.map(|(_, event)| event.clone()).nth(n - 1)
        };
        self.world.until("an event on the gateway", look).await
    }

    /// What has happened on the gateway, and when in milliseconds since 1970.
    pub(crate) fn events(&self) -> Vec<(i64, Event)> {
        self.world.look().gateway.events.clone()
    }

    /// The payloads of the IDENTIFYs so far.
    pub(crate) fn identifies(&self) -> Vec<Value> {
        let payload = |(_, event)| match event {
            Event::Identified(payload) => Some(payload),
            _ => None,
        };
        self.events().into_iter().filter_map(payload).collect()
    }

    /// The global commands.
    pub(crate) fn commands(&self) -> Vec<Value> {
        self.world
            .look()
            .commands
            .get(&None)
            .cloned()
            .unwrap_or_default()
    }

    /// A member writes into the channel.
    pub(crate) fn say(&self, person: Person, content: &str) -> Posted {
        self.world
            .change(|state| state.say(CHANNEL, person, content))
    }

    /// The bot's message of another day, as it would look had an earlier process posted it.
    pub(crate) fn posted_before(&self, body: &Value) -> Posted {
        Posted(
            self.world
                .change(|state| state.post(CHANNEL, cast::bot(), body)),
        )
    }

    /// From now on, nobody may do this in the server's channels: permissions as bits.
    pub(crate) fn deny(&self, permissions: u64) {
        self.world.change(|state| state.denied = permissions);
    }

    /// A member leaves the server.
    pub(crate) fn leave(&self, person: Person) {
        self.world.change(|state| state.left.push(person.id));
    }

    /// The bot is removed from the server.
    pub(crate) fn remove_bot(&self) {
        self.world.change(|state| state.is_removed = true);
    }

    /// The bot is added to so many other servers.
    pub(crate) fn add_elsewhere(&self, n: u64) {
        self.world.change(|state| state.n_elsewhere += n);
    }

    /// Nobody takes direct messages any more.
    pub(crate) fn refuse_direct(&self) {
        self.world.change(|state| state.is_unwilling = true);
    }

    /// How often a nonce came again and was answered with the message that was there.
    pub(crate) fn n_repeated(&self) -> usize {
        self.world.look().n_repeated
    }

    /// The names of the threads.
    pub(crate) fn threads(&self) -> Vec<Value> {
        let state = self.world.look();
        state.threads.values().map(|t| t["name"].clone()).collect()
    }

    /// A message as it is now; none where it has been deleted.
    pub(crate) fn message(&self, id: u64) -> Option<Posted> {
        self.world.look().messages.get(&id).cloned().map(Posted)
    }

    /// Waits for the bot's `n`th message in the channel that is not an answer to anyone.
    pub(crate) async fn announced(&self, n: usize) -> Posted {
        let find = |state: &world::State| {
            state
                .messages
                .values()
                .filter(|message| messages::is_announced(message))
                .nth(n - 1)
                .cloned()
                .map(Posted)
        };
        self.world
            .until("a message of the bot's own accord", find)
            .await
    }

    /// A person does something, and the bot is told.
    pub(crate) fn interact(&self, interaction: &Interaction) -> Receipt {
        let id = self.world.change(|state| {
            let (id, event) = state.take_in(interaction);
            for _ in 0..interaction.n_deliveries {
                state.gateway.dispatch("INTERACTION_CREATE", &event);
            }
            id
        });
        Receipt {
            world: Arc::clone(&self.world),
            id,
        }
    }

    /// The same where the bot has several sessions: as many deliveries, each to the next session,
    /// beginning with the `from`th and going round.
    pub(crate) fn interact_around(&self, interaction: &Interaction, from: usize) -> Receipt {
        let id = self.world.change(|state| {
            let (id, event) = state.take_in(interaction);
            let n = interaction.n_deliveries;
            let kind = "INTERACTION_CREATE";
            state.gateway.dispatch_around(kind, &event, from, n);
            id
        });
        Receipt {
            world: Arc::clone(&self.world),
            id,
        }
    }

    /// How many sessions have a connection.
    pub(crate) fn n_live(&self) -> usize {
        self.world.look().gateway.n_live()
    }

    /// What the bot has posted of its own accord, as it is now, the oldest first.
    pub(crate) fn announcements(&self) -> Vec<Posted> {
        let state = self.world.look();
        let messages = state.messages.values();
        let own = messages.filter(|m| messages::is_announced(m));
        own.cloned().map(Posted).collect()
    }

    /// The newest of them in a channel, the newest first.
    pub(crate) fn newest(&self, channel: u64, n: usize) -> Vec<Posted> {
        let channel = channel.to_string();
        let state = self.world.look();
        let messages = state.messages.values().rev();
        let here = messages.filter(|message| {
            messages::is_announced(message) && message["channel_id"] == channel.as_str()
        });
        here.take(n).cloned().map(Posted).collect()
    }

    /// Waits until a message looks like this.
    pub(crate) async fn becomes(&self, id: u64, looks: impl Fn(&Posted) -> bool) -> Posted {
        let find = |state: &world::State| {
            let message = state.messages.get(&id).cloned().map(Posted);
            message.filter(|message| looks(message))
        };
        self.world.until("a message to change", find).await
    }

    /// The requests so far.
    pub(crate) fn requests(&self) -> Vec<Entry> {
        self.world.look().log.clone()
    }

    /// Waits until `n` requests to routes that start like this have been answered; gives them.
    pub(crate) async fn requested(&self, n: usize, route: &str) -> Vec<Entry> {
        let find = |state: &world::State| {
            let fitting = state
                .log
                .iter()
                .filter(|entry| entry.route().starts_with(route));
            let fitting: Vec<Entry> = fitting.cloned().collect();
            (fitting.len() >= n).then_some(fitting)
        };
        self.world
            .until(&format!("{n} requests to {route}"), find)
            .await
    }

    /// What Discord refused (but for what faults did), and what it took that the house forbids.
    pub(crate) fn blame(&self) -> Vec<String> {
        let state = self.world.look();
        let is_posted = state.gateway.events.is_empty();
        let refused = state.log.iter().filter(|entry| {
            // A call may overtake the answer to a posted interaction; it is made again then.
            let is_overtaken = is_posted && entry.response["code"] == 10_015;
            let is_refused = entry.status.is_some_and(|status| status >= 400);
            entry.fault.is_none() && is_refused && !is_overtaken
        });
        let refused = refused.map(|e| format!("{}: {} for {}", e.route(), e.response, e.body));
        refused.chain(state.violations.iter().cloned()).collect()
    }

    /// Appends the log to a file, one JSON object a line.
    pub(crate) fn save_log(&self, path: &Path) -> std::io::Result<()> {
        log::save(&self.requests(), path)
    }

    /// The log is not left in the folder of logs: the test sends what no bot should.
    pub(crate) fn off_the_record(&mut self) {
        self.log_folder = None;
    }
}

impl Drop for Fake {
    fn drop(&mut self) {
        self.server.abort();
        if let Some(folder) = &self.log_folder {
            let port = self.world.host.rsplit(':').next().unwrap_or_default();
            let name = format!("{}-{port}.jsonl", std::process::id());
            let saved = self.save_log(&folder.join(name));
            // A second panic would abort and hide the first.
            if !std::thread::panicking() {
                saved.expect("the log is saved");
            }
        }
    }
}

/// What becomes of an interaction.
pub(crate) struct Receipt {
    world: Arc<World>,
    id: u64,
}

impl Receipt {
    /// The interaction's id.
    pub(crate) fn id(&self) -> u64 {
        self.id
    }

    /// The token by which the bot answers it.
    pub(crate) fn token(&self) -> String {
        let state = self.world.look();
        state
            .interactions
            .get(&self.id)
            .map(|asked| asked.token.clone())
            .unwrap_or_default()
    }

    /// Waits for the first response, as the bot sent it: `type` and `data`.
    pub(crate) async fn response(&self) -> Value {
        let find = |state: &world::State| state.interactions.get(&self.id)?.response.clone();
        self.world.until("a response to an interaction", find).await
    }

    /// The first response, if there is one yet.
    pub(crate) fn response_so_far(&self) -> Option<Value> {
        self.world
            .look()
            .interactions
            .get(&self.id)?
            .response
            .clone()
    }

    /// Waits for the message that answers, past any deferral; after a press this is the message
    /// that was pressed where the bot changed that one.
    pub(crate) async fn message(&self) -> Posted {
        let find = |state: &world::State| {
            let original = state.interactions.get(&self.id)?.original?;
            let message = state.messages.get(&original)?;
            (messages::flags(message) & messages::LOADING == 0).then(|| Posted(message.clone()))
        };
        self.world
            .until("a message in answer to an interaction", find)
            .await
    }

    /// Waits for the `n`th follow-up.
    pub(crate) async fn followup(&self, n: usize) -> Posted {
        let find = |state: &world::State| {
            let id = state.interactions.get(&self.id)?.followups.get(n - 1)?;
            state.messages.get(id).cloned().map(Posted)
        };
        self.world
            .until("a follow-up to an interaction", find)
            .await
    }

    /// Waits for the suggestions.
    pub(crate) async fn choices(&self) -> Vec<Value> {
        let response = self.response().await;
        assert_eq!(response["type"], 8, "not suggestions: {response}");
        response["data"]["choices"]
            .as_array()
            .cloned()
            .unwrap_or_default()
    }
}
