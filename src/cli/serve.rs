//! `studyhall serve`: the bot on Discord, until it is told to stop.

use std::sync::{Arc, OnceLock};
use std::time::Instant;

use anyhow::{Context, bail};
use tokio::sync::watch;
use tracing::{info, warn};

use super::{NO_KEY, Outcome, backup, store};
use crate::bot::Bot;
use crate::config::{Environment, Settings, Transport, token};
use crate::ops::{self, Health, Supervisor};
use crate::{discord, meters, web};

const EXAMPLES: &str = "\
Examples:
  STUDYHALL_DISCORD__TOKEN=… studyhall serve
  STUDYHALL_LOG=studyhall=debug studyhall serve

Exit codes: 0 it was told to stop, 2 it could not start, 75 a restart may help,
78 the settings must change first (a refused token, say).";

/// The file in the data folder that remembers when sessions were started on Discord's gateway.
const STARTS: &str = "session-starts.json";

/// Serve on Discord
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Serve {}

pub(super) fn run(settings: &Settings, environment: &Environment) -> anyhow::Result<Outcome> {
    ops::shut_in();
    let on_discord = on_discord(settings)?;
    let listener = web::listen(settings.http.listen)?;
    let bot = store::bot(settings, store::scores(settings)?)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .thread_name("stories")
        .enable_all()
        .build()
        .context("cannot start a runtime")?;
    let supervisor = Arc::new(Supervisor::of(environment));
    let health = Arc::new(Health::new(Instant::now()));
    let edge: Arc<OnceLock<Arc<discord::Edge>>> = Arc::default();
    let interactions = (settings.discord.transport == Transport::Http).then(|| endpoint(&edge));
    let shown = web::Shown {
        interactions,
        ..shown(&health, &bot, &edge)
    };
    if let discord::Transport::Gateway(_) = on_discord.transport {
        // From the first look on: an alert goes by it.
        meters::connected(false);
    }
    let server = web::serve(listener, shown)?;
    let (stop, shutdown) = watch::channel(false);
    runtime.spawn(until_told(
        stop,
        Arc::clone(&supervisor),
        Arc::clone(&health),
    ));
    let questions = bot.questions.clone();
    let notes = settings.notes_dir.clone();
    let _watch = ops::follow_notes(bot.index.clone(), questions, notes, Arc::clone(&health))
        .context("cannot follow the notes")?;
    let mark = backup::mark(settings);
    let data_dir = settings.data_dir.clone();
    let looks = ops::watch_health(Arc::clone(&health), bot.clone(), data_dir, mark)
        .context("cannot watch over the store")?;
    let listening = bot.clone();
    let ear: discord::Ear = Arc::new(move |heard| listening.hear(&heard));
    let work = |chat: Arc<discord::Edge>, shutdown| async move {
        edge.get_or_init(|| Arc::clone(&chat));
        let (line, told) = (Arc::clone(&chat), Arc::clone(&supervisor));
        tokio::spawn(async move {
            line.on_line().await;
            told.ready();
        });
        ops::keep_time(&bot, chat.as_ref(), &supervisor, &health, shutdown).await;
    };
    let ended = discord::run(&on_discord, ear, work, runtime.handle(), shutdown);
    server.stop();
    drop(looks);
    runtime.shutdown_background();
    match ended.exit_code {
        discord::EXIT_DONE => info!("the bot has ended: {}", ended.reason),
        _ => warn!(
            exit.code = ended.exit_code,
            "the bot has ended: {}", ended.reason
        ),
    }
    Ok(Outcome::Exit(ended.exit_code))
}

/// What the web server shows of the bot.
fn shown(health: &Arc<Health>, bot: &Bot, edge: &Arc<OnceLock<Arc<discord::Edge>>>) -> web::Shown {
    let (beating, known, edge) = (Arc::clone(health), Arc::clone(health), Arc::clone(edge));
    let index = bot.index.clone();
    web::Shown {
        alive: Box::new(move || beating.is_alive(Instant::now())),
        causes: Box::new(move || {
            let of_edge = match edge.get() {
                Some(edge) => edge.trouble(),
                None => Some("not connected to Discord yet"),
            };
            let of_index = (!index.is_built()).then_some("the index of the notes is not open");
            let causes = known.causes(Instant::now()).into_iter();
            causes
                .chain(of_edge)
                .chain(of_index)
                .map(str::to_owned)
                .collect()
        }),
        metrics: Box::new(meters::text),
        interactions: None,
    }
}

/// What answers interactions that are posted, once Discord's edge is there.
fn endpoint(edge: &Arc<OnceLock<Arc<discord::Edge>>>) -> web::Endpoint {
    let edge = Arc::clone(edge);
    Arc::new(move |posted: web::Posted| {
        let edge = edge.get().cloned();
        Box::pin(async move {
            let Some(edge) = edge else {
                return web::Answer {
                    status: 503,
                    kind: "text/plain; charset=utf-8",
                    bytes: b"starting\n".to_vec(),
                };
            };
            let posted = discord::Posted {
                signature: posted.signature,
                timestamp: posted.timestamp,
                body: posted.body,
            };
            let answered = edge.posted(posted).await;
            web::Answer {
                status: answered.status,
                kind: answered.kind,
                bytes: answered.bytes,
            }
        })
    })
}

/// What the settings say about Discord, with the token.
pub(super) fn on_discord(settings: &Settings) -> anyhow::Result<discord::Settings> {
    let transport = match (settings.discord.transport, settings.discord.public_key) {
        (Transport::Gateway, _) => discord::Transport::Gateway(settings.discord.shards),
        (Transport::Http, Some(public_key)) => discord::Transport::Signed { public_key },
        (Transport::Http, None) => bail!(NO_KEY),
    };
    let token = token(settings.discord.token.as_ref())?;
    if token.exposed {
        warn!("others can read the file that holds the token; `chmod 600` it");
    }
    Ok(discord::Settings {
        token: token.secret,
        api_url: settings.discord.api_url.as_ref().map(ToString::to_string),
        transport,
        starts: Some(settings.data_dir.join(STARTS)),
        patience: discord::Patience::default(),
    })
}

/// Turns `stop` true when the process is asked to end.
async fn until_told(stop: watch::Sender<bool>, supervisor: Arc<Supervisor>, health: Arc<Health>) {
    told().await;
    info!("told to stop");
    supervisor.stopping();
    health.end();
    // Where nobody listens any more it has stopped already.
    let _ = stop.send(true);
}

#[cfg(unix)]
async fn told() {
    use tokio::signal::unix::{SignalKind, signal};

    let Ok(mut terminate) = signal(SignalKind::terminate()) else {
        warn!("cannot listen for SIGTERM; only Ctrl-C stops the bot cleanly");
        let _ = tokio::signal::ctrl_c().await;
        return;
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = tokio::signal::ctrl_c() => {}
    }
}

#[cfg(not(unix))]
async fn told() {
    let _ = tokio::signal::ctrl_c().await;
}
