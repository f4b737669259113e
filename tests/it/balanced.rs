//! Two of the shipped `serve` on one database, behind a balancer that knows nothing of HTTP, killed by
//! turns while people play: whatever was sent is answered, and done once.

mod balancer;
mod judged;
mod people;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use studyhall::scores::Scores;

use crate::database::OwnDatabase;
use crate::desk::{Desk, Serving};
use crate::fake::{ADA, CHANNEL, GUILD};
use crate::group::by;
use crate::kills::Dice;
use crate::rush::{daily_at, minute_after};
use crate::simulation::number;
use balancer::Balancer;
use people::Seen;

/// The environment variable that says how often to kill, and how often where it says nothing.
const KILLS: &str = "STUDYHALL_TEST_KILLS";
const KILLS_USUAL: u64 = 12;
/// Schedules that are due when both processes start.
const N_SCHEDULES: u64 = 3;
/// Questions in the bank.
const N_QUESTIONS: usize = 200;
/// From the moment that both are ready to the next kill, and from the kill to the next start, in
/// milliseconds, at most.
const LIFE_MAX_MS: u64 = 1_000;
const AWAY_MAX_MS: u64 = 400;
/// How long two processes that have just started may take over what is due.
const SETTLE_MAX: Duration = Duration::from_secs(60);
/// Looks at whether a process is ready, and the time between two looks.
const READY_LOOKS: usize = 1_000;
const LOOK: Duration = Duration::from_millis(20);

/// A server, its people, and the balancer before its two bots.
struct Hall {
    desk: Desk,
    balancer: Arc<Balancer>,
    is_over: AtomicBool,
}

/// One of the two bots.
struct Replica {
    place: usize,
    n_starts: usize,
    serving: Option<Serving>,
}

impl Replica {
    fn at(place: usize) -> Self {
        Self {
            place,
            n_starts: 0,
            serving: None,
        }
    }

    fn log(&self) -> String {
        format!("log-{}", self.place)
    }

    fn start(&mut self, hall: &Hall) {
        let mut command = hall.desk.command("serve");
        command.env("STUDYHALL_DATA_DIR", format!("data-{}", self.place));
        command.env("STUDYHALL_LOG", "info");
        self.serving = Some(hall.desk.start_logging(command, &self.log()));
        self.n_starts += 1;
    }

    /// Waits until it can be relied on; the balancer knows where it is before.
    async fn ready(&self, hall: &Hall) {
        let address = hall.desk.address_in(&self.log(), self.n_starts).await;
        let known = address.parse().expect("an address");
        hall.balancer.leads_to(self.place, known);
        let client = reqwest::Client::builder().no_proxy().build();
        let client = client.expect("a client");
        for _ in 0..READY_LOOKS {
            let said = client.get(format!("http://{address}/readyz")).send().await;
            if said.is_ok_and(|said| said.status().is_success()) {
                return;
            }
            tokio::time::sleep(LOOK).await;
        }
        panic!("it is not ready: {}", hall.desk.log_named(&self.log()));
    }

    fn kill(&mut self) {
        self.serving.take().expect("it runs").kill();
    }

    async fn stop(&mut self, hall: &Hall) {
        let serving = self.serving.take().expect("it runs");
        let code = serving.stop().await;
        assert_eq!(code, Some(0), "{}", hall.desk.log_named(&self.log()));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a PostgreSQL server: STUDYHALL_TEST_POSTGRES; STUDYHALL_TEST_KILLS for long"]
async fn what_is_sent_through_a_balancer_is_done_once_whoever_is_killed_postgres() {
    let n_kills = number(KILLS).unwrap_or(KILLS_USUAL);
    let server = tokio::task::spawn_blocking(OwnDatabase::new).await;
    let mut desk = Desk::new().await;
    desk.server = Some(server.expect("a database"));
    desk.by_post = true;
    desk.write_questions(N_QUESTIONS);
    let hall = Arc::new(Hall {
        desk,
        balancer: Balancer::open().await,
        is_over: AtomicBool::new(false),
    });
    hall.at_rest(Hall::plan).await;
    let mut replicas = [0, 1].map(Replica::at);
    hall.start(&mut replicas).await;

    let life = people::live(&hall);
    hall.kill_by_turns(&mut replicas, n_kills).await;
    hall.is_over.store(true, Ordering::SeqCst);
    let mut seen = Seen::default();
    for person in life {
        seen.add(person.await.expect("everybody is well"));
    }
    hall.tell(&seen, n_kills);
    // The minute for which a dead process holds a round passes, and then the day of all rounds, each
    // time while nobody is there; then both are there at once.
    for state in ["posting", "open"] {
        hall.stop(&mut replicas).await;
        hall.at_rest(move |hall| hall.let_pass(state)).await;
        hall.start(&mut replicas).await;
        hall.until_none_is(state).await;
    }
    hall.until_none_is("closing").await;
    hall.stop(&mut replicas).await;
    assert_eq!(hall.desk.discord.blame(), [""; 0]);
    hall.at_rest(move |hall| hall.judge(&seen)).await;
}

impl Hall {
    /// Does something with the database, whose client blocks.
    async fn at_rest<T: Send + 'static>(
        self: &Arc<Self>,
        what: impl FnOnce(&Self) -> T + Send + 'static,
    ) -> T {
        let hall = Arc::clone(self);
        let done = tokio::task::spawn_blocking(move || what(&hall)).await;
        done.expect("all is well")
    }

    /// Schedules that are due now.
    fn plan(&self) {
        let scores = Scores::new(self.desk.database());
        let due = minute_after(&self.desk, 0);
        for number in 1..=N_SCHEDULES {
            let schedule = daily_at(number, GUILD, CHANNEL, due);
            let saved = scores.save_schedule(schedule, by(ADA.id, due));
            saved.expect("a store").expect("a new name");
        }
    }

    /// Rounds that stand so have had their time.
    fn let_pass(&self, state: &str) {
        let server = self.desk.server.as_ref().expect("a server");
        server.sql(&format!(
            "UPDATE round SET closes_at = opened_at + 1, wake_at = due_at WHERE state = '{state}'"
        ));
    }

    /// Starts both at once, and waits until both are ready.
    async fn start(&self, replicas: &mut [Replica; 2]) {
        for replica in &mut *replicas {
            replica.start(self);
        }
        for replica in replicas {
            replica.ready(self).await;
        }
        self.desk.discord.registered().await;
    }

    async fn stop(&self, replicas: &mut [Replica; 2]) {
        for replica in replicas {
            replica.stop(self).await;
        }
    }

    /// Kills the one and the other, at any instant, but the one only while the other serves.
    async fn kill_by_turns(&self, replicas: &mut [Replica; 2], n_kills: u64) {
        let mut dice = Dice(0xD1CE);
        for n in 0..n_kills {
            tokio::time::sleep(Duration::from_millis(dice.below(LIFE_MAX_MS))).await;
            let replica = &mut replicas[usize::from(n % 2 == 1)];
            replica.kill();
            tokio::time::sleep(Duration::from_millis(dice.below(AWAY_MAX_MS))).await;
            replica.start(self);
            replica.ready(self).await;
        }
    }

    /// Waits until no round stands so.
    async fn until_none_is(self: &Arc<Self>, state: &'static str) {
        let began = Instant::now();
        while self.at_rest(move |hall| hall.n_rounds(state)).await > 0 {
            assert!(began.elapsed() < SETTLE_MAX, "some rounds are {state}");
            tokio::time::sleep(10 * LOOK).await;
        }
    }

    #[expect(
        clippy::print_stderr,
        reason = "who runs this wants to know what it did"
    )]
    fn tell(&self, seen: &Seen, n_kills: u64) {
        let n_rounds = self.desk.discord.announcements().len();
        let n_broken = self.balancer.n_broken.load(Ordering::SeqCst);
        eprintln!(
            "{n_kills} kills: {n_rounds} rounds, {} answers; {}; the balancer found {} \
             doors shut and broke {n_broken} connections itself",
            seen.tried.len(),
            seen.tally,
            self.balancer.n_refused.load(Ordering::SeqCst),
        );
        assert!(n_broken > 0, "nobody had to send anything again");
    }
}
