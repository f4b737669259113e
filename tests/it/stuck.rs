//! Whatever the bot is made of may stand still: a runtime, the loop that keeps time, the store. Each
//! ends the process with 75, for a supervisor to start another.

use std::process::{Command, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use studyhall::bot::Bot;
use studyhall::chat::Reply;
use studyhall::config::Shards;
use studyhall::discord::{self, Patience};
use studyhall::ops::{self, Health, StillMax, Supervisor};
use studyhall::scores::Scores;
use studyhall::scores::database::{Database, StoreError, Work};
use studyhall::scores::sqlite::Sqlite;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::watch;

use crate::group::{bot_in, scores_in};
use crate::stage::Stage;

/// The environment variable that says what stands still in a process of the tests.
const STUCK: &str = "STUDYHALL_TEST_STUCK";
/// The exit code that says that a restart may help.
const EXIT_TEMPORARY: i32 = 75;
/// How long a runtime may stand still here.
const STILL_MAX: Duration = Duration::from_secs(2);
/// How long the loop may, which has something to look at all the time.
const TIME_STILL_MAX: Duration = Duration::from_secs(6);
const NUDGE: Duration = Duration::from_millis(100);
/// How long the store may, which is asked every five seconds.
const STORE_STILL_MAX: Duration = Duration::from_secs(8);
/// How long a process lives in which nothing stands still: longer than all of these.
const LIFE: Duration = Duration::from_secs(11);
/// When a process that nobody ended gives up.
const GIVE_UP: Duration = Duration::from_secs(120);
/// Longer than any test.
const NEVER: Duration = Duration::from_secs(86_400);

/// Stands still for as long as anybody wants to know.
#[expect(
    clippy::exit,
    reason = "a process that nobody ended is not left behind"
)]
fn stand() {
    thread::sleep(GIVE_UP);
    std::process::exit(1);
}

/// A store of which one half may never answer.
struct Half {
    inner: Sqlite,
    reads: bool,
    writes: bool,
}

impl Database for Half {
    fn write(&self, work: Box<Work<'static>>) -> Result<(), StoreError> {
        if !self.writes {
            stand();
        }
        self.inner.write(work)
    }

    fn read(&self, work: &mut Work<'_>) -> Result<(), StoreError> {
        if !self.reads {
            stand();
        }
        self.inner.read(work)
    }
}

fn runtime() -> Runtime {
    let made = Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build();
    made.expect("a runtime")
}

/// The bot serves, its own runtime or Discord's standing still. Nobody is at the other end.
fn serve(stuck: &str) {
    let home = runtime();
    if stuck == "stories" {
        home.spawn(async { stand() });
    }
    let settings = discord::Settings {
        token: "a.b.c".into(),
        api_url: Some("http://127.0.0.1:1".to_owned()),
        transport: discord::Transport::Gateway(Shards::ONE),
        starts: None,
        patience: Patience {
            offline_max: NEVER,
            still_max: STILL_MAX,
            ..Patience::default()
        },
    };
    let is_discord = stuck == "discord";
    let ear: discord::Ear = Arc::new(|_| Reply::Offer(Vec::new()));
    let work = move |_edge, mut ended: watch::Receiver<bool>| async move {
        // More than it has threads.
        for _ in 0..8 {
            if is_discord {
                tokio::spawn(async { stand() });
            }
        }
        drop(ended.wait_for(|ended| *ended).await);
    };
    let (_stop, shutdown) = watch::channel(false);
    drop(discord::run(&settings, ear, work, home.handle(), shutdown));
}

/// The loop keeps time, with a store that reads or writes no more, or is well.
fn keep_time(stuck: &str) {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let bot = bot_in(dir.path(), scores_in(dir.path()), 5);
    let file = dir.path().join("half.sqlite");
    let half = Half {
        inner: Sqlite::open(&file).expect("a file of scores"),
        reads: stuck != "time",
        writes: stuck != "store",
    };
    let bot = Bot {
        scores: Scores::new(Arc::new(half)),
        ..bot
    };
    // What stands still below the loop stops the loop too: only the store may end that process.
    let still_max = StillMax {
        time: if stuck == "store" {
            NEVER
        } else {
            TIME_STILL_MAX
        },
        store: STORE_STILL_MAX,
    };
    let supervisor = Arc::new(Supervisor::default().with_patience(still_max));
    let stage = Stage::new("2027-03-01T08:00:00Z".parse().expect("an instant"));
    let (stop, shutdown) = watch::channel(false);
    let nudge = Arc::clone(&bot.nudge);
    thread::spawn(move || {
        let began = Instant::now();
        while began.elapsed() < LIFE {
            nudge.notify_one();
            thread::sleep(NUDGE);
        }
        drop(stop);
    });
    let health = Arc::new(Health::new(Instant::now()));
    let backed_up = dir.path().join("last-backup");
    let watch = ops::watch_health(
        Arc::clone(&health),
        bot.clone(),
        dir.path().to_owned(),
        Some(backed_up),
    );
    let _watch = watch.expect("a thread");
    let kept = ops::keep_time(&bot, &stage, &supervisor, &health, shutdown);
    runtime().block_on(kept);
}

#[test]
#[ignore = "another test runs it as a process"]
fn a_process_in_which_something_stands_still() {
    let stuck = std::env::var(STUCK).expect("another test says what");
    match stuck.as_str() {
        "discord" | "stories" => serve(&stuck),
        "time" | "store" | "nothing" => keep_time(&stuck),
        other => panic!("what is {other}?"),
    }
}

#[test]
fn whatever_stands_still_ends_the_process_and_nothing_else_does() {
    let start = |stuck: &&'static str| {
        let name = "stuck::a_process_in_which_something_stands_still";
        let process = Command::new(std::env::current_exe().expect("this program"))
            .args(["--exact", name, "--ignored", "--nocapture"])
            .env(STUCK, stuck)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        (*stuck, process.expect("a process"))
    };
    let processes: Vec<_> = ["discord", "stories", "time", "store", "nothing"]
        .iter()
        .map(start)
        .collect();
    for (stuck, mut process) in processes {
        let ended = process.wait().expect("a process of ours");
        let expected = if stuck == "nothing" {
            0
        } else {
            EXIT_TEMPORARY
        };
        assert_eq!(ended.code(), Some(expected), "{stuck}");
    }
}
