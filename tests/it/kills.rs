//! The shipped `serve`, killed or told to stop at any instant: no round stands twice, and no answer
//! that somebody was told of is lost.

mod judged;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use studyhall::scores::Scores;
use tokio::task::JoinHandle;

use crate::database::OwnDatabase;
use crate::desk::{Desk, Serving};
use crate::fake::{ADA, CHANNEL, ELSEWHERE, Fault, Interaction, Posted, Receipt, member_number};
use crate::group::by;
use crate::rush::{daily_at, minute_after};

pub(crate) use judged::{judge_answers, judge_sums, round_of, rows};

/// The environment variable that says how often to kill, and how often where it says nothing.
const KILLS: &str = "STUDYHALL_TEST_KILLS";
const KILLS_USUAL: usize = 40;
/// The same for being told to stop, and how often that is tried along with all other tests.
const STOPS: &str = "STUDYHALL_TEST_STOPS";
const STOPS_USUAL: usize = 200;
const STOPS_FEW: usize = 10;
/// From being told to stop to the end, at most.
const STOP_MAX: Duration = Duration::from_secs(20);
/// Processes on one database of PostgreSQL.
const N_REPLICAS: usize = 4;
/// Questions in the bank.
const N_QUESTIONS: usize = 200;
/// People who answer, and of how many of the newest rounds.
const N_PEOPLE: u64 = 8;
const NEWEST: usize = 4;
/// From a kill to the next, at most.
const LIFE_MAX: Duration = Duration::from_millis(1_600);
/// From a post to what Discord says of it: long enough to die in.
const POST_TAKES: Duration = Duration::from_millis(250);
/// How long a person waits for an answer: Discord takes none after three seconds.
const PATIENCE: Duration = Duration::from_secs(3);
/// Between two rounds that the organiser wants.
const POST_EVERY: Duration = Duration::from_millis(400);
/// How long it may take until everything stands after the last kill: a round that a dead process
/// held is free after a minute, and is then looked for.
const SETTLE_MAX: Duration = Duration::from_secs(180);

/// How processes are ended.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    /// Without a word.
    Kill,
    /// As a supervisor does it: they are told to.
    Stop,
}

/// How they ended.
#[derive(Default)]
struct Ends {
    n: usize,
    /// Those that were told to stop before they could hear it.
    n_deaf: usize,
    slowest: Duration,
}

/// What the people of a server saw.
#[derive(Default)]
pub(crate) struct Seen {
    /// Round, member and whether the answer was told to be right.
    pub(crate) verdicts: Vec<(i64, u64, bool)>,
    /// Round and member to whom it was said that they have answered before.
    already: BTreeSet<(i64, u64)>,
    pub(crate) n_presses: usize,
}

/// A server, its bots and what goes on.
pub(crate) struct Storm {
    pub(crate) desk: Desk,
    /// Between two rounds that the organiser wants.
    post_every: Duration,
    is_over: AtomicBool,
    n_wanted: AtomicUsize,
    n_promised: AtomicUsize,
}

/// Numbers by chance, the same for the same seed.
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % n.max(1)
    }

    pub(crate) fn pick(&mut self, n: usize) -> usize {
        usize::try_from(self.below(n as u64)).expect("a small number")
    }
}

fn n_times(variable: &str, usual: usize) -> usize {
    let said = std::env::var(variable).ok();
    said.map_or(usual, |said| said.parse().expect("a number of times"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes minutes: STUDYHALL_TEST_KILLS"]
async fn kills_of_one_process_lose_nothing() {
    storm(1, None, End::Kill, n_times(KILLS, KILLS_USUAL)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes minutes and a PostgreSQL server: STUDYHALL_TEST_KILLS, STUDYHALL_TEST_POSTGRES"]
async fn kills_of_four_processes_lose_nothing_postgres() {
    let own = tokio::task::spawn_blocking(OwnDatabase::new).await;
    let n_kills = n_times(KILLS, KILLS_USUAL);
    let own = Some(own.expect("a database"));
    storm(N_REPLICAS, own, End::Kill, n_kills).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn being_told_to_stop_at_any_instant_loses_nothing() {
    storm(1, None, End::Stop, STOPS_FEW).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes minutes: STUDYHALL_TEST_STOPS"]
async fn being_told_to_stop_very_often_loses_nothing_and_takes_no_time() {
    let ends = storm(1, None, End::Stop, n_times(STOPS, STOPS_USUAL)).await;
    assert!(ends.slowest <= STOP_MAX, "{:?}", ends.slowest);
}

/// Lets it all happen, and judges.
#[expect(
    clippy::print_stderr,
    reason = "who runs this wants to know what it did"
)]
async fn storm(n_processes: usize, server: Option<OwnDatabase>, end: End, n_ends: usize) -> Ends {
    let storm = fresh(server).await;
    let mut serving: Vec<Serving> = Vec::new();
    let n_schedules = storm.clone().plan(n_ends).await;
    serving.push(storm.desk.serve().await);
    storm.set_up().await;
    serving.extend((1..n_processes).map(|_| storm.desk.serve_with("info")));

    let life = storm.live();
    let ends = storm.end(&mut serving, end, n_ends).await;
    let seen = storm.over(life).await;
    let n_rounds = storm.clone().settle(n_schedules).await;
    for serving in serving {
        assert_eq!(serving.stop().await, Some(0));
    }
    let what = match end {
        End::Kill => "kills".to_owned(),
        End::Stop => format!(
            "stops, {} of them before it could hear, the slowest {:?}",
            ends.n_deaf, ends.slowest
        ),
    };
    eprintln!(
        "{} {what}: {n_rounds} rounds, {n_schedules} of them of schedules; {} presses, {} verdicts \
         told, {} times the same round again",
        ends.n,
        seen.n_presses,
        seen.verdicts.len(),
        storm.desk.discord.n_repeated()
    );
    let judged = tokio::task::spawn_blocking(move || storm.judge(&seen, n_schedules));
    judged.await.expect("all is well");
    ends
}

/// A server without bots so far.
pub(crate) async fn fresh(server: Option<OwnDatabase>) -> Arc<Storm> {
    let mut desk = Desk::new().await;
    desk.server = server;
    desk.write_questions(N_QUESTIONS);
    desk.discord.set(|gateway| {
        gateway.n_starts_left = 1_000_000;
        gateway.heartbeat_ms = 40_000;
    });
    for_ever(&desk, Fault::SlowAnswer(POST_TAKES));
    Arc::new(Storm::new(desk, POST_EVERY))
}

/// A schedule of a server of its own that posts at this minute.
pub(crate) fn plan(scores: &Scores, number: u64, due: Timestamp) {
    let schedule = daily_at(number, 5_000 + number, ELSEWHERE, due);
    let saved = scores.save_schedule(schedule, by(ADA.id, due));
    saved.expect("a store").expect("a new name");
}

fn for_ever(desk: &Desk, fault: Fault) {
    let day = Duration::from_secs(86_400);
    desk.discord.during(day, "POST /channels", fault);
}

/// The organiser and the people of a server, who do what they do.
pub(crate) struct Life {
    organiser: JoinHandle<()>,
    people: Vec<JoinHandle<Seen>>,
}

impl Storm {
    /// A server where nothing goes on yet; an organiser will want a round so often.
    pub(crate) fn new(desk: Desk, post_every: Duration) -> Self {
        Self {
            desk,
            post_every,
            is_over: AtomicBool::new(false),
            n_wanted: AtomicUsize::new(0),
            n_promised: AtomicUsize::new(0),
        }
    }

    /// The organiser wants rounds and people answer them, until it is over.
    pub(crate) fn live(self: &Arc<Self>) -> Life {
        let person = |n| tokio::spawn(Arc::clone(self).play(n));
        Life {
            organiser: tokio::spawn(Arc::clone(self).organise()),
            people: (0..N_PEOPLE).map(person).collect(),
        }
    }

    /// Lets everybody end; what they saw.
    pub(crate) async fn over(&self, life: Life) -> Seen {
        self.is_over.store(true, Ordering::SeqCst);
        life.organiser.await.expect("the organiser is well");
        let mut seen = Seen::default();
        for person in life.people {
            let saw = person.await.expect("everybody is well");
            seen.verdicts.extend(saw.verdicts);
            seen.already.extend(saw.already);
            seen.n_presses += saw.n_presses;
        }
        seen
    }

    /// One schedule an end, in bursts: some due at once, the others at the minutes to come.
    async fn plan(self: Arc<Self>, n_kills: usize) -> usize {
        let planned = tokio::task::spawn_blocking(move || {
            let scores = Scores::new(self.desk.database());
            let n_minutes = i64::try_from(n_kills / 60 + 1).expect("a small number");
            let n_schedules = u64::try_from(n_kills).expect("a small number");
            for n in 0..n_schedules {
                let minute = n.cast_signed() % n_minutes;
                plan(&scores, n + 1, minute_after(&self.desk, minute));
            }
            n_kills
        });
        planned.await.expect("schedules")
    }

    /// The organiser sets a quiz up.
    pub(crate) async fn set_up(&self) {
        let setup = Interaction::slash("setup").option("time", "23:59");
        let draft = self.desk.answer(setup).await;
        let save = draft.button("Save").custom_id;
        let saved = self.desk.answer(Interaction::press(&draft, &save)).await;
        assert!(saved.text().starts_with("Saved"), "{}", saved.text());
    }

    fn is_over(&self) -> bool {
        self.is_over.load(Ordering::SeqCst)
    }

    /// Waits for the first answer to something; none where nobody answered in time.
    pub(crate) async fn answer(&self, receipt: &Receipt) -> Option<String> {
        let began = Instant::now();
        while began.elapsed() < PATIENCE {
            if let Some(response) = receipt.response_so_far() {
                let embed = response.pointer("/data/embeds/0/description");
                let text = embed.or(response.pointer("/data/content"));
                return Some(text?.as_str()?.to_owned());
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        None
    }

    /// Wants rounds, each wish delivered twice.
    async fn organise(self: Arc<Self>) {
        let mut dice = Dice(0x5EED);
        while !self.is_over() {
            if self.desk.discord.n_live() > 0 {
                let wish = Interaction::slash("quiz post-now").twice();
                let receipt = self.desk.discord.interact_around(&wish, dice.pick(16));
                self.n_wanted.fetch_add(1, Ordering::SeqCst);
                let said = self.answer(&receipt).await;
                if said.is_some_and(|said| said.contains("On its way")) {
                    self.n_promised.fetch_add(1, Ordering::SeqCst);
                }
            }
            tokio::time::sleep(self.post_every).await;
        }
    }

    /// The newest rounds that can be answered.
    fn open(&self) -> Vec<(i64, Posted)> {
        let posts = self.desk.discord.newest(CHANNEL, NEWEST).into_iter();
        posts
            .filter_map(|post| Some((round_of(&post)?, post)))
            .collect()
    }

    /// Answers rounds, each press delivered twice, until a press is answered.
    async fn play(self: Arc<Self>, n: u64) -> Seen {
        let mut dice = Dice(0xACE + 977 * n);
        let mut seen = Seen::default();
        let mut done = BTreeSet::new();
        let me = member_number(n);
        while !self.is_over() {
            tokio::time::sleep(Duration::from_millis(50 + dice.below(250))).await;
            let open = self.open();
            let left: Vec<_> = open.iter().filter(|(r, _)| !done.contains(r)).collect();
            if left.is_empty() || self.desk.discord.n_live() == 0 {
                continue;
            }
            let (round, post) = left[dice.pick(left.len())];
            let buttons = post.buttons();
            let letters: Vec<_> = buttons.iter().filter(|b| b.label.len() == 1).collect();
            let letter = &letters[dice.pick(letters.len())].custom_id;
            let press = Interaction::press(post, letter).by(me).twice();
            let receipt = self.desk.discord.interact_around(&press, dice.pick(16));
            seen.n_presses += 1;
            let Some(said) = self.answer(&receipt).await else {
                continue;
            };
            if said.contains("being restarted") {
                // Nothing was done: to be pressed again.
                continue;
            } else if said.contains("**Right.**") {
                seen.verdicts.push((*round, me.id, true));
            } else if said.contains("**Not right.**") {
                seen.verdicts.push((*round, me.id, false));
            } else if said.contains("answered already") {
                seen.already.insert((*round, me.id));
            } else {
                panic!("an answer was answered: {said}");
            }
            done.insert(*round);
        }
        seen
    }

    /// Ends one process after the other, at any instant, and starts another each time.
    async fn end(&self, serving: &mut [Serving], end: End, n_ends: usize) -> Ends {
        let mut dice = Dice(0xD1CE);
        let mut ends = Ends::default();
        for n in 0..n_ends {
            let life = dice.below(u64::try_from(LIFE_MAX.as_millis()).expect("milliseconds"));
            // Half of them end while they start, half while they serve.
            let began = Instant::now();
            while n % 2 == 1 && self.desk.discord.n_live() < serving.len() {
                assert!(began.elapsed() < SETTLE_MAX, "{}", self.desk.log());
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            tokio::time::sleep(Duration::from_millis(life)).await;
            let at = dice.pick(serving.len());
            let fresh = || self.desk.serve_with("info");
            match end {
                End::Kill => serving[at].kill(),
                End::Stop => self.stop(&mut serving[at], &mut ends).await,
            }
            serving[at] = fresh();
            ends.n += 1;
        }
        ends
    }

    /// Tells the only process to stop. One that does not listen yet may die of it.
    async fn stop(&self, serving: &mut Serving, ends: &mut Ends) {
        let was_live = self.desk.discord.n_live() > 0;
        let began = Instant::now();
        let status = serving.end().await;
        ends.slowest = ends.slowest.max(began.elapsed());
        // No code: a signal ended it.
        if !was_live && status.code().is_none() {
            ends.n_deaf += 1;
        } else {
            assert_eq!(status.code(), Some(0), "{}", self.desk.log());
        }
    }

    /// Waits until nothing is on its way any more; how many rounds there are.
    pub(crate) async fn settle(self: Arc<Self>, n_schedules: usize) -> usize {
        let began = Instant::now();
        loop {
            tokio::time::sleep(Duration::from_secs(1)).await;
            let storm = Arc::clone(&self);
            let counts = tokio::task::spawn_blocking(move || storm.counts()).await;
            let (n_posting, n_rounds) = counts.expect("scores");
            let n_of_schedules = n_rounds.saturating_sub(self.n_promised.load(Ordering::SeqCst));
            if n_posting == 0 && n_of_schedules >= n_schedules {
                return n_rounds;
            }
            let left = format!("{n_posting} of {n_rounds} rounds are still on their way");
            assert!(began.elapsed() < SETTLE_MAX, "{left}: {}", self.desk.log());
        }
    }

    /// Rounds on their way, and all rounds.
    fn counts(&self) -> (usize, usize) {
        let sql = "SELECT CAST(COALESCE(SUM(CASE state WHEN 'posting' THEN 1 ELSE 0 END), 0) AS BIGINT), \
                   COUNT(*) FROM round";
        let database = self.desk.database_beside();
        let rows = rows(database.as_ref(), sql);
        let count = |column| usize::try_from(rows[0].int(column).expect("a count"));
        (count(0).expect("a count"), count(1).expect("a count"))
    }
}
