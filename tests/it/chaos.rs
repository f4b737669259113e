//! The shipped `serve` while Discord fails in one way after the other: it is there again within a
//! minute each time, nothing is lost or doubled, and Discord is not asked more than it bears.

mod away;
mod deck;
mod limit;
mod weather;

use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use studyhall::scores::Scores;

use crate::desk::{Desk, Serving};
use crate::fake::{Entry, Event};
use crate::kills::{Seen, Storm, plan};
use crate::rush::minute_after;
use weather::Weather;

/// The environment variable that says how many seconds the long run takes, and what it takes where
/// the variable says nothing.
const LENGTH: &str = "STUDYHALL_TEST_CHAOS";
const LENGTH_USUAL: Duration = Duration::from_secs(180);
/// From this length on the heart beats as Discord wants it.
const LENGTH_REAL: Duration = Duration::from_secs(1_800);
const LENGTH_SHORT: Duration = Duration::from_secs(20);
/// The environment variable that names the seed of an earlier run.
const SEED: &str = "STUDYHALL_TEST_CHAOS_SEED";
/// Between two heartbeats: in the short run, in the usual one, and as Discord wants them.
const HEARTBEAT_SHORT_MS: u64 = 400;
const HEARTBEAT_MS: u64 = 5_000;
const HEARTBEAT_REAL_MS: u64 = 41_250;
/// Between two rounds that the organiser wants, in a short run and in a long one.
const POST_EVERY: Duration = Duration::from_millis(400);
const POST_EVERY_REAL: Duration = Duration::from_secs(2);
/// Questions in the bank, and schedules that are due at each minute.
const N_QUESTIONS: usize = 200;
const PER_MINUTE: u64 = 5;
/// Sessions that may be started within an hour.
const STARTS_MAX: usize = 20;
const HOUR_MS: i64 = 3_600_000;
/// Requests refused within ten minutes, at most.
const REFUSED_MAX: usize = 100;
const TEN_MINUTES_MS: i64 = 600_000;
/// The exit code by which the process asks to be restarted.
const TEMPORARY: i32 = 75;
/// What Discord says of a second answer, of one that comes too late, and of words after one that
/// never came: what follows where an answer was lost on its way.
const CODES_OF_LOSS: [&str; 3] = ["40060", "10062", "10015"];

/// Restarts the bot where it asks for that, as a service manager does.
pub(crate) struct Keeper {
    storm: Arc<Storm>,
    n_restarts: AtomicUsize,
}

impl Keeper {
    fn new(storm: &Arc<Storm>) -> Arc<Self> {
        Arc::new(Self {
            storm: Arc::clone(storm),
            n_restarts: AtomicUsize::new(0),
        })
    }

    fn n_restarts(&self) -> usize {
        self.n_restarts.load(Ordering::SeqCst)
    }

    /// Keeps the bot running until `is_over`; the process that runs then.
    async fn keep(self: Arc<Self>, mut serving: Serving, is_over: Arc<AtomicBool>) -> Serving {
        while !is_over.load(Ordering::SeqCst) {
            if let Some(code) = serving.exit_code() {
                assert_eq!(code, Some(TEMPORARY), "{}", self.storm.desk.log());
                self.n_restarts.fetch_add(1, Ordering::SeqCst);
                serving = self.storm.desk.serve_with("info");
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        serving
    }
}

/// One run.
struct Run {
    length: Duration,
    heartbeat_ms: u64,
    post_every: Duration,
}

fn number(name: &str) -> Option<u64> {
    let said = std::env::var(name).ok()?;
    Some(said.parse().expect("a number"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn some_seconds_of_bad_weather_lose_nothing() {
    let run = Run {
        length: LENGTH_SHORT,
        heartbeat_ms: HEARTBEAT_SHORT_MS,
        post_every: POST_EVERY,
    };
    run.play().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes three minutes, or as many seconds as STUDYHALL_TEST_CHAOS says"]
async fn chaos_loses_nothing() {
    let length = number(LENGTH).map_or(LENGTH_USUAL, Duration::from_secs);
    let is_real = length >= LENGTH_REAL;
    let run = Run {
        length,
        heartbeat_ms: if is_real {
            HEARTBEAT_REAL_MS
        } else {
            HEARTBEAT_MS
        },
        post_every: if is_real { POST_EVERY_REAL } else { POST_EVERY },
    };
    run.play().await;
}

impl Run {
    #[expect(
        clippy::print_stderr,
        reason = "who runs this wants to know what it did, and from which seed"
    )]
    async fn play(&self) {
        let by_chance = || RandomState::new().build_hasher().finish();
        let seed = number(SEED).unwrap_or_else(by_chance).max(1);
        eprintln!("{SEED}={seed}");
        let mut desk = Desk::new().await;
        desk.remembers_starts = true;
        desk.write_questions(N_QUESTIONS);
        desk.discord
            .set(|gateway| gateway.heartbeat_ms = self.heartbeat_ms);
        let storm = Arc::new(Storm::new(desk, self.post_every));
        let n_schedules = self.plan(Arc::clone(&storm)).await;
        let serving = storm.desk.serve().await;
        storm.set_up().await;

        let keeper = Keeper::new(&storm);
        let is_over = Arc::new(AtomicBool::new(false));
        let kept = tokio::spawn(Arc::clone(&keeper).keep(serving, Arc::clone(&is_over)));
        let life = storm.live();
        let mut weather = Weather::new(Arc::clone(&storm), Arc::clone(&keeper), seed);
        weather.rage(self.length).await;
        let seen = storm.over(life).await;
        let n_rounds = storm.clone().settle(n_schedules).await;
        is_over.store(true, Ordering::SeqCst);
        let serving = kept
            .await
            .expect("it was restarted where it asked for that");
        assert_eq!(serving.stop().await, Some(0));

        let (n_starts, most_starts) = starts(&storm.desk.discord.events());
        let (n_refused, most_refused) = refused(&storm.desk.discord.requests());
        eprintln!(
            "{weather}\n{} restarts, {n_starts} sessions, {n_refused} refused requests ({most_refused} \
             within ten minutes), {n_rounds} rounds ({n_schedules} of schedules), {} presses, {} \
             verdicts told, {} times the same round again",
            keeper.n_restarts(),
            seen.n_presses,
            seen.verdicts.len(),
            storm.desk.discord.n_repeated(),
        );
        assert!(most_starts <= STARTS_MAX, "{most_starts} sessions an hour");
        let n_reasons = 1 + weather.n_sessions_lost() + keeper.n_restarts();
        assert!(
            n_starts <= n_reasons,
            "{n_starts} sessions, {n_reasons} reasons"
        );
        assert!(most_refused <= REFUSED_MAX, "{most_refused} were refused");
        judge(storm, seen, n_schedules).await;
    }

    /// Some schedules for each minute that the run lasts; how many.
    async fn plan(&self, storm: Arc<Storm>) -> usize {
        let n_minutes = self.length.as_secs() / 60;
        let planned = tokio::task::spawn_blocking(move || {
            let scores = Scores::new(storm.desk.database());
            let mut n_planned = 0;
            for minute in 0..n_minutes.max(1) {
                let due = minute_after(&storm.desk, minute.cast_signed());
                for _ in 0..PER_MINUTE {
                    n_planned += 1;
                    plan(&scores, n_planned, due);
                }
            }
            usize::try_from(n_planned).expect("a small number")
        });
        planned.await.expect("schedules")
    }
}

/// The scores and the chat agree, and Discord was asked for nothing that it forbids.
async fn judge(storm: Arc<Storm>, seen: Seen, n_schedules: usize) {
    let blame = storm.desk.discord.blame();
    let is_loss = |line: &&String| CODES_OF_LOSS.iter().any(|code| line.contains(code));
    let left: Vec<_> = blame.iter().filter(|line| !is_loss(line)).collect();
    assert!(left.is_empty(), "{left:?}");
    let judged = tokio::task::spawn_blocking(move || storm.judge(&seen, n_schedules));
    judged.await.expect("all is well");
}

/// Sessions that were started: all, and the most within an hour.
fn starts(events: &[(i64, Event)]) -> (usize, usize) {
    let started = events.iter();
    let started = started.filter(|(_, event)| matches!(event, Event::Identified(_)));
    most_within(HOUR_MS, started.map(|(at, _)| *at).collect())
}

/// Requests that were refused: all, and the most within ten minutes.
fn refused(requests: &[Entry]) -> (usize, usize) {
    let refused = requests.iter().filter(|request| request.is_refused);
    most_within(
        TEN_MINUTES_MS,
        refused.map(|request| request.at_ms).collect(),
    )
}

/// How many moments there are, in milliseconds, and the most of them within so long.
fn most_within(window_ms: i64, mut at_ms: Vec<i64>) -> (usize, usize) {
    at_ms.sort_unstable();
    let after = |from: usize| {
        let end = at_ms.partition_point(|at| *at < at_ms[from] + window_ms);
        end - from
    };
    let most = (0..at_ms.len()).map(after).max();
    (at_ms.len(), most.unwrap_or_default())
}
