//! `studyhall serve`: the bot on Discord, until it is told to stop.

use std::sync::Arc;

use anyhow::{Context, ensure};
use tokio::sync::watch;
use tracing::{info, warn};

use super::{NO_HTTP, Outcome, store};
use crate::config::{Environment, Settings, Transport, token};
use crate::{discord, ops};

const EXAMPLES: &str = "\
Examples:
  STUDYHALL_DISCORD__TOKEN=… studyhall serve
  STUDYHALL_LOG=studyhall=debug studyhall serve

Exit codes: 0 it was told to stop, 2 it could not start, 75 a restart may help,
78 the settings must change first (a refused token, say).";

/// Serve on Discord
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Serve {}

pub(super) fn run(settings: &Settings, environment: &Environment) -> anyhow::Result<Outcome> {
    ensure!(settings.discord.transport == Transport::Gateway, NO_HTTP);
    let on_discord = on_discord(settings)?;
    let bot = store::bot(settings, store::scores(settings)?)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .thread_name("stories")
        .enable_all()
        .build()
        .context("cannot start a runtime")?;
    let supervisor = Arc::new(ops::Supervisor::of(environment));
    let (stop, shutdown) = watch::channel(false);
    runtime.spawn(until_told(stop, Arc::clone(&supervisor)));
    let questions = bot.questions.clone();
    let _watch = ops::follow_notes(bot.index.clone(), questions, settings.notes_dir.clone())
        .context("cannot follow the notes")?;
    let listening = bot.clone();
    let ear: discord::Ear = Arc::new(move |heard| listening.hear(&heard));
    let work = |chat: Arc<discord::Edge>, shutdown| async move {
        let (line, told) = (Arc::clone(&chat), Arc::clone(&supervisor));
        tokio::spawn(async move {
            line.on_line().await;
            told.ready();
        });
        ops::keep_time(&bot, chat.as_ref(), &supervisor, shutdown).await;
    };
    let ended = discord::run(&on_discord, ear, work, runtime.handle(), shutdown);
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

/// What the settings say about Discord, with the token.
pub(super) fn on_discord(settings: &Settings) -> anyhow::Result<discord::Settings> {
    let token = token(settings.discord.token.as_ref())?;
    if token.exposed {
        warn!("others can read the file that holds the token; `chmod 600` it");
    }
    Ok(discord::Settings {
        token: token.secret,
        api_url: settings.discord.api_url.as_ref().map(ToString::to_string),
        transport: discord::Transport::Gateway,
        patience: discord::Patience::default(),
    })
}

/// Turns `stop` true when the process is asked to end.
async fn until_told(stop: watch::Sender<bool>, supervisor: Arc<ops::Supervisor>) {
    told().await;
    info!("told to stop");
    supervisor.stopping();
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
