//! Discord: the one place that knows its words. What people do there becomes [`Heard`], and a
//! [`Reply`] becomes what they see.
//!
//! Discord's work has a runtime of its own; the stories run on the caller's. A plain thread
//! watches both, and ends the process when one of them stands still. What is posted is worked on
//! where it came in, on the web server's.

use std::collections::{HashSet, VecDeque};
use std::future::Future;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Context;
use jiff::Timestamp;
use secrecy::SecretString;
use tokio::runtime::Handle;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinHandle;
use tracing::{error, info, warn};

use crate::chat::{Heard, Reply};
use crate::config::Shards;
use crate::meters::{self, Interaction as Became};

mod again;
mod age;
mod budget;
mod commands;
mod custom_id;
mod door;
mod endpoint;
mod form;
mod gate;
mod gateway;
mod hands;
mod heard;
mod interact;
mod interaction;
mod lanes;
mod number;
mod permissions;
mod register;
mod render;
mod rest;
mod session;
mod signed;
mod starts;
mod watchdog;
pub mod wire;

pub use endpoint::{Answered, Posted};

/// The process did what it was asked to.
pub const EXIT_DONE: u8 = 0;
/// It may go better after a restart.
pub const EXIT_TEMPORARY: u8 = 75;
/// It will not go better until somebody changes the settings.
pub const EXIT_CONFIGURATION: u8 = 78;

/// The filter of log lines below which nothing of Discord's is told: what the libraries say at
/// lower levels holds tokens.
pub const QUIET: &str = "serenity=warn,tungstenite=warn,tokio_tungstenite=warn,reqwest=warn,\
                         hyper=warn,hyper_util=warn,rustls=warn";

/// What hears for the bot: given what somebody did, it says what to answer. It may take its time
/// and may panic; it runs on a thread that may block.
pub type Ear = Arc<dyn Fn(Heard) -> Reply + Send + Sync>;

/// What is needed to be on Discord.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The bot's token.
    pub token: SecretString,
    /// Where the API answers, if not at Discord's: `http://host:port` of a proxy or a test
    /// server. The gateway is then where its `GET /gateway/bot` says.
    pub api_url: Option<String>,
    /// How what people do reaches the bot.
    pub transport: Transport,
    /// The file that remembers when sessions were started on the gateway, for the process after this
    /// one; without it that is forgotten with the process.
    pub starts: Option<PathBuf>,
    /// How long what may take.
    pub patience: Patience,
}

/// How what people do reaches the bot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// Over lines to Discord's gateway, one for each of these shards.
    Gateway(Shards),
    /// Discord posts it, signed: what was posted is given to [`Edge::posted`].
    Signed {
        /// The application's public key.
        public_key: [u8; 32],
    },
}

/// How long what may take.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// One REST call.
    pub call_max: Duration,
    /// A story, before the person is told to wait. Discord gives three seconds in all.
    pub defer_after: Duration,
    /// A story, before the person is told that it failed.
    pub story_max: Duration,
    /// Without a connection, before the process ends with [`EXIT_TEMPORARY`].
    pub offline_max: Duration,
    /// A line on which Discord hears no heartbeat, beyond two heartbeats' time, before the process
    /// ends with [`EXIT_TEMPORARY`].
    pub silent_max: Duration,
    /// A runtime that stands still, before the process ends with [`EXIT_TEMPORARY`].
    pub still_max: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            call_max: Duration::from_secs(10),
            defer_after: Duration::from_millis(1_500),
            story_max: Duration::from_secs(120),
            offline_max: Duration::from_secs(120),
            silent_max: Duration::from_secs(15),
            still_max: Duration::from_secs(20),
        }
    }
}

/// Why [`run`] came to an end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// What the process should exit with.
    pub exit_code: u8,
    /// A sentence for the log.
    pub reason: String,
}

impl Outcome {
    fn new(exit_code: u8, reason: &str) -> Self {
        Self {
            exit_code,
            reason: reason.to_owned(),
        }
    }
}

/// Serves on Discord until `shutdown` turns true, its sender is gone, or going on is of no use.
///
/// Blocks; at most about fifteen seconds after `shutdown`. The stories run on `home`'s threads
/// for blocking work. Where one of the two runtimes stands still, the process is ended from here.
///
/// `work` is what the bot does of its own accord. It begins at once, whether or not the gateway
/// is up, on a thread of its own that may block, and it ends when what it is given turns true.
/// Where it panics, serving ends with [`EXIT_TEMPORARY`].
///
/// # Panics
/// Called from within an asynchronous task.
#[must_use]
pub fn run<W, F>(
    settings: &Settings,
    ear: Ear,
    work: W,
    home: &Handle,
    shutdown: watch::Receiver<bool>,
) -> Outcome
where
    W: FnOnce(Arc<Edge>, watch::Receiver<bool>) -> F + Send + 'static,
    F: Future<Output = ()>,
{
    let runtime = match runtime() {
        Ok(runtime) => runtime,
        Err(e) => return Outcome::new(EXIT_TEMPORARY, &format!("{e:#}")),
    };
    let edge = match Edge::new(settings, ear, home) {
        Ok(edge) => Arc::new(edge),
        Err(e) => return Outcome::new(EXIT_CONFIGURATION, &format!("{e:#}")),
    };
    let hearts = vec![
        watchdog::Heart::of("Discord's runtime", runtime.handle()),
        watchdog::Heart::of("the bot's runtime", home),
    ];
    let watch = watchdog::Watch::begin(hearts, settings.patience.still_max, end_at_once);
    let outcome = match watch {
        Ok(_watch) => {
            let (end, ended) = watch::channel(false);
            let at_work = runtime.spawn_blocking({
                let (edge, ended) = (Arc::clone(&edge), ended.clone());
                let handle = runtime.handle().clone();
                move || handle.block_on(work(edge, ended))
            });
            let token = rest::bare(&settings.token);
            runtime.block_on(serve(&edge, token, (shutdown, end, ended), at_work))
        }
        Err(e) => Outcome::new(EXIT_TEMPORARY, &format!("no thread for the watchdog: {e}")),
    };
    runtime.shutdown_timeout(RUNTIME_END_MAX);
    edge.tell_counts();
    outcome
}

/// Serves, and ends the work beside it in time.
async fn serve(
    edge: &Arc<Edge>,
    token: &str,
    (mut shutdown, end, ended): (
        watch::Receiver<bool>,
        watch::Sender<bool>,
        watch::Receiver<bool>,
    ),
    mut at_work: JoinHandle<()>,
) -> Outcome {
    let mut is_broken = false;
    let outcome = {
        let serving = async {
            match edge.key {
                None => gateway::serve(edge, token, ended).await,
                Some(_) => endpoint::serve(edge, ended).await,
            }
        };
        tokio::pin!(serving);
        let asked = async {
            // Where the sender is gone, nobody can ask any more.
            let _ = shutdown.wait_for(|asked| *asked).await;
        };
        let early = tokio::select! {
            outcome = &mut serving => Some(outcome),
            () = asked => None,
            () = broken(&mut at_work) => {
                is_broken = true;
                None
            }
        };
        end.send_replace(true);
        match early {
            Some(outcome) => outcome,
            None => serving.await,
        }
    };
    if is_broken {
        return Outcome::new(EXIT_TEMPORARY, "what the bot does by itself panicked");
    }
    if !at_work.is_finished() && tokio::time::timeout(WORK_END_MAX, at_work).await.is_err() {
        warn!("what the bot does by itself was still under way at the end");
    }
    outcome
}

/// Ends where the work panicked; where it came to its end, never.
async fn broken(at_work: &mut JoinHandle<()>) {
    if at_work.await.is_ok() {
        std::future::pending().await
    }
    error!("what the bot does by itself ended in a panic");
}

/// How long answers that are under way may take at the end.
const DRAIN_MAX: Duration = Duration::from_secs(8);
/// How long the bot's own work may take to end once serving has ended.
const WORK_END_MAX: Duration = Duration::from_secs(5);
/// How long Discord's runtime may take to end.
const RUNTIME_END_MAX: Duration = Duration::from_secs(2);
/// Threads of Discord's runtime.
const N_WORKERS: usize = 2;

fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(N_WORKERS)
        .thread_name("discord")
        .enable_all()
        .build()
        .context("no runtime for Discord")
}

#[expect(
    clippy::exit,
    reason = "a runtime that stands still cannot be asked to end in any other way"
)]
fn end_at_once(stopped: &'static str) {
    error!("{stopped} stands still; the process ends");
    std::process::exit(EXIT_TEMPORARY.into());
}

/// What Discord knows of the bot, asked over REST alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// The application's name.
    pub application: String,
    /// Whether the registered commands are the ones of this version. [`run`] registers them.
    pub commands_registered: bool,
    /// Sessions that may still be started today, and in a whole day.
    pub sessions_remaining: u32,
    /// Sessions that may be started in a day.
    pub sessions_total: u32,
    /// Shards that Discord recommends.
    pub shards: u32,
    /// Whether the key in the settings is the application's own; no answer without one.
    pub is_own_key: Option<bool>,
    /// Where Discord posts interactions; nowhere where they go over the gateway.
    pub endpoint: Option<String>,
}

/// Asks Discord whether the token is good, and what it knows of the bot. Blocks.
///
/// # Errors
/// The settings are wrong, Discord refuses the token, or it cannot be reached.
///
/// # Panics
/// Called from within an asynchronous task.
pub fn check(settings: &Settings) -> anyhow::Result<Report> {
    let api_url = settings.api_url.as_deref();
    let rest = rest::Rest::new(&settings.token, api_url, settings.patience.call_max)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let application = rest.application().await?;
        let gateway = rest.gateway_bot().await?;
        Ok(Report {
            application: application.name,
            commands_registered: register::is_registered(&rest, application.id.0).await?,
            sessions_remaining: gateway.session_start_limit.remaining,
            sessions_total: gateway.session_start_limit.total,
            shards: gateway.shards,
            is_own_key: application
                .verify_key
                .and_then(|own| match &settings.transport {
                    Transport::Gateway(_) => None,
                    Transport::Signed { public_key } => Some(endpoint::is_same(&own, public_key)),
                }),
            endpoint: application.interactions_endpoint_url,
        })
    })
}

/// Interactions under way at once, at most. What comes on top is dropped and counted.
const INTERACTIONS_MAX: u32 = 1_000;
/// Those who come while the bot is ending and are told so, at once, at most.
const LAST_MAX: u32 = 100;
/// How long it may take to tell the last of them.
const LAST_TELL_MAX: Duration = Duration::from_secs(2);
/// Stories told at once, at most; the others wait.
const STORIES_MAX: usize = 32;
/// Interactions that are remembered so that none is answered twice.
const SEEN_MAX: usize = 4_096;
/// The same where anybody who saw a signed request could post it again, for as long as its
/// signature is good: ten minutes at 400 a second.
const SEEN_SIGNED_MAX: usize = 240_000;

/// Discord as the stories see it: a `Chat`. [`run`] makes it.
pub struct Edge {
    rest: rest::Rest,
    me: hands::Me,
    ear: Ear,
    home: Handle,
    /// With which Discord signs what it posts; none where it posts nothing.
    key: Option<ed25519_dalek::VerifyingKey>,
    /// Nothing more is taken in.
    is_ending: AtomicBool,
    patience: Patience,
    counts: interact::Counts,
    places: Arc<Semaphore>,
    /// For those who come while the bot is ending.
    last_places: Arc<Semaphore>,
    stories: Arc<Semaphore>,
    seen: Mutex<Seen>,
    ages: Mutex<age::Ages>,
    /// Which shards of the gateway are ours.
    shards: Shards,
    /// A line for each of them; none where there is no gateway.
    lines: watch::Sender<Vec<Uplink>>,
    /// The file that remembers when sessions were started, if any.
    starts: Option<PathBuf>,
}

/// How a line to the gateway is.
#[derive(Clone, Copy, Debug)]
enum Uplink {
    /// It has not been up yet.
    Never,
    /// Discord has taken us in.
    Up,
    /// It has been down since then.
    Down(Instant),
}

/// For how long the gateway may be away before nobody should rely on the bot: a line that was cut
/// is usually up again in seconds, and misses nothing.
const OUT_MAX: Duration = Duration::from_secs(120);

impl Edge {
    fn new(settings: &Settings, ear: Ear, home: &Handle) -> anyhow::Result<Self> {
        let patience = settings.patience;
        let (shards, key) = match &settings.transport {
            Transport::Gateway(shards) => (Some(*shards), None),
            Transport::Signed { public_key } => (None, Some(signed::key(public_key)?)),
        };
        let seen_max = match key {
            None => SEEN_MAX,
            Some(_) => SEEN_SIGNED_MAX,
        };
        let api_url = settings.api_url.as_deref();
        Ok(Self {
            rest: rest::Rest::new(&settings.token, api_url, patience.call_max)?,
            me: hands::Me::default(),
            ear,
            home: home.clone(),
            is_ending: AtomicBool::new(false),
            patience,
            counts: interact::Counts::default(),
            places: Arc::new(Semaphore::new(INTERACTIONS_MAX as usize)),
            last_places: Arc::new(Semaphore::new(LAST_MAX as usize)),
            stories: Arc::new(Semaphore::new(STORIES_MAX)),
            seen: Mutex::new(Seen::new(seen_max)),
            ages: Mutex::new(age::Ages::new(clock(), Instant::now())),
            lines: watch::Sender::new(vec![Uplink::Never; shards.map_or(0, Shards::n)]),
            shards: shards.unwrap_or_default(),
            key,
            starts: settings.starts.clone(),
        })
    }

    /// Waits until the gateway has taken the bot in for the first time, with each of its shards;
    /// where there is no gateway, not at all.
    pub async fn on_line(&self) {
        let was_up = |line: &Uplink| !matches!(line, Uplink::Never);
        let mut lines = self.lines.subscribe();
        // The sender lasts as long as this.
        let _ = lines.wait_for(|lines| lines.iter().all(was_up)).await;
    }

    /// Why nobody should rely on Discord now; nothing where all is well.
    pub fn trouble(&self) -> Option<&'static str> {
        if self.rest.is_bad_token() {
            return Some("Discord refuses the token");
        }
        let lines = self.lines.borrow();
        lines.iter().find_map(|line| match line {
            Uplink::Never => Some("not connected to Discord yet"),
            Uplink::Down(since) if since.elapsed() > OUT_MAX => Some("not connected to Discord"),
            Uplink::Up | Uplink::Down(_) => None,
        })
    }

    /// The line of a shard is up from now on, or down; shards are counted from our first.
    fn is_up(&self, shard: usize, up: bool) {
        let mut all_up = false;
        self.lines.send_modify(|lines| {
            if let Some(line) = lines.get_mut(shard) {
                *line = match (up, *line) {
                    (true, _) => Uplink::Up,
                    (false, Uplink::Up) => Uplink::Down(Instant::now()),
                    (false, line) => line,
                };
            }
            all_up = lines.iter().all(|line| matches!(line, Uplink::Up));
        });
        meters::connected(all_up);
    }

    /// Whether nothing more is taken in, and whoever comes is told to come again.
    fn is_ending(&self) -> bool {
        self.is_ending.load(Ordering::SeqCst)
    }

    /// Works on an interaction beside all others, if there is a place, on the runtime that heard it: it
    /// changes threads no more often than it must.
    fn spawn<F>(self: &Arc<Self>, work: impl FnOnce(Arc<Self>) -> F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let places = match self.is_ending() {
            true => &self.last_places,
            false => &self.places,
        };
        let Ok(place) = Arc::clone(places).try_acquire_owned() else {
            return self.counts.add(Became::Refused);
        };
        let work = work(Arc::clone(self));
        tokio::spawn(async move {
            work.await;
            drop(place);
        });
    }

    /// Takes nothing more in, and waits until nothing is under way.
    async fn finish(&self) {
        self.is_ending.store(true, Ordering::SeqCst);
        let all = self.places.acquire_many(INTERACTIONS_MAX);
        if tokio::time::timeout(DRAIN_MAX, all).await.is_err() {
            warn!("some answers were still under way at the end");
        }
    }

    /// Waits until those are told who came while the bot was ending.
    async fn have_told_the_last(&self) {
        let all = self.last_places.acquire_many(LAST_MAX);
        if tokio::time::timeout(LAST_TELL_MAX, all).await.is_err() {
            warn!("not everybody could be told that the bot is restarted");
        }
    }

    /// What the bot answers; nothing where it failed.
    async fn story(&self, heard: Heard) -> Option<Reply> {
        let turn = Arc::clone(&self.stories).acquire_owned().await.ok()?;
        let ear = Arc::clone(&self.ear);
        let event = heard.event;
        let told = self.home.spawn_blocking(move || {
            let reply = ear(heard);
            drop(turn);
            reply
        });
        match told.await {
            Ok(reply) => Some(reply),
            Err(_) => {
                let reference = interact::reference(event);
                error!(reference, "a story ended in a panic");
                None
            }
        }
    }

    /// Whether this interaction has not come before.
    fn is_first(&self, interaction: u64) -> bool {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.insert(interaction)
    }

    /// How old an interaction was when it arrived.
    fn age(&self, interaction: u64, arrived: Instant) -> Duration {
        let mut ages = self.ages.lock().unwrap_or_else(PoisonError::into_inner);
        ages.age(interaction, arrived, self.rest.date())
    }

    fn tell_counts(&self) {
        let of = |became| self.counts.get(became);
        info!(
            interactions.heard = of(Became::Heard),
            interactions.deferred = of(Became::Deferred),
            interactions.repeated = of(Became::Repeated),
            interactions.late = of(Became::Late),
            interactions.unreadable = of(Became::Unreadable),
            interactions.gone = of(Became::Gone),
            interactions.elsewhere = of(Became::Elsewhere),
            interactions.failed = of(Became::Failed),
            interactions.refused = of(Became::Refused),
            interactions.unsigned = of(Became::Unsigned),
            "done on Discord"
        );
    }
}

/// The last interactions.
struct Seen {
    max: usize,
    order: VecDeque<u64>,
    numbers: HashSet<u64>,
}

impl Seen {
    /// Remembers so many.
    fn new(max: usize) -> Self {
        Self {
            max,
            order: VecDeque::new(),
            numbers: HashSet::new(),
        }
    }

    fn insert(&mut self, number: u64) -> bool {
        if !self.numbers.insert(number) {
            return false;
        }
        self.order.push_back(number);
        if self.order.len() > self.max
            && let Some(oldest) = self.order.pop_front()
        {
            self.numbers.remove(&oldest);
        }
        true
    }
}

/// What the clock on the wall says.
#[expect(clippy::disallowed_methods, reason = "an edge reads the clock")]
fn clock() -> Timestamp {
    Timestamp::now()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_interactions_are_remembered_and_no_more() {
        let mut seen = Seen::new(SEEN_MAX);
        assert!(seen.insert(1));
        assert!(!seen.insert(1));
        for number in 2..10_000 {
            assert!(seen.insert(number));
        }
        assert!(!seen.insert(9_999));
        assert!(seen.insert(1));
        assert_eq!((seen.order.len(), seen.numbers.len()), (SEEN_MAX, SEEN_MAX));
    }

    #[test]
    fn the_settings_do_not_print_the_token() {
        let settings = Settings {
            token: "canary-token".into(),
            api_url: None,
            transport: Transport::Gateway(Shards::ONE),
            starts: None,
            patience: Patience::default(),
        };
        assert!(!format!("{settings:?}").contains("canary"));
    }
}
