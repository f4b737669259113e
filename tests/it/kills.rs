//! The shipped `serve`, killed at any instant: no round stands twice, and no answer that somebody
//! was told of is lost.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use jiff::civil::date;
use studyhall::quiz::period::{Period, Season, Span};
use studyhall::scores::Scores;
use studyhall::scores::boards::Wanted;
use studyhall::scores::database::{Database, Row};
use tokio::task::JoinHandle;

use crate::database::OwnDatabase;
use crate::desk::{Desk, Serving};
use crate::fake::{
    ADA, CHANNEL, ELSEWHERE, Fault, GUILD, Interaction, Posted, Receipt, member_number,
};
use crate::group::by;
use crate::rush::{daily_at, minute_after};

/// The environment variable that says how often to kill, and how often where it says nothing.
const KILLS: &str = "STUDYHALL_TEST_KILLS";
const KILLS_USUAL: usize = 40;
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

fn n_kills() -> usize {
    let said = std::env::var(KILLS).ok();
    said.map_or(KILLS_USUAL, |said| said.parse().expect("a number of kills"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes minutes: STUDYHALL_TEST_KILLS"]
async fn kills_of_one_process_lose_nothing() {
    storm(1, None).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes minutes and a PostgreSQL server: STUDYHALL_TEST_KILLS, STUDYHALL_TEST_POSTGRES"]
async fn kills_of_four_processes_lose_nothing_postgres() {
    let own = tokio::task::spawn_blocking(OwnDatabase::new).await;
    storm(N_REPLICAS, Some(own.expect("a database"))).await;
}

/// Lets it all happen, and judges.
#[expect(
    clippy::print_stderr,
    reason = "who runs this wants to know what it did"
)]
async fn storm(n_processes: usize, server: Option<OwnDatabase>) {
    let n_kills = n_kills();
    let mut desk = Desk::new().await;
    desk.server = server;
    desk.write_questions(N_QUESTIONS);
    desk.discord.set(|gateway| {
        gateway.n_starts_left = 1_000_000;
        gateway.heartbeat_ms = 40_000;
    });
    for_ever(&desk, Fault::SlowAnswer(POST_TAKES));
    let storm = Arc::new(Storm::new(desk, POST_EVERY));
    let mut serving: Vec<Serving> = Vec::new();
    let n_schedules = storm.clone().plan(n_kills).await;
    serving.push(storm.desk.serve().await);
    storm.set_up().await;
    serving.extend((1..n_processes).map(|_| storm.desk.serve_with("info")));

    let crowd = storm.clone().begin();
    let n_kills_done = storm.kill(&mut serving, n_kills).await;
    let seen = storm.end(crowd).await;
    let n_rounds = storm.clone().settle(n_schedules).await;
    for serving in serving {
        assert_eq!(serving.stop().await, Some(0));
    }
    eprintln!(
        "{n_kills_done} kills: {n_rounds} rounds, {n_schedules} of them of schedules; {} presses, \
         {} verdicts told, {} times the same round again",
        seen.n_presses,
        seen.verdicts.len(),
        storm.desk.discord.n_repeated()
    );
    let judged = tokio::task::spawn_blocking(move || storm.judge(&seen, n_schedules));
    judged.await.expect("all is well");
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

/// The organiser and the people of a server.
pub(crate) struct Crowd {
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

    /// The organiser wants rounds and people answer them, until the end.
    pub(crate) fn begin(self: Arc<Self>) -> Crowd {
        let people = (0..N_PEOPLE).map(|n| tokio::spawn(self.clone().play(n)));
        Crowd {
            people: people.collect(),
            organiser: tokio::spawn(self.organise()),
        }
    }

    /// Nobody does anything any more; what they saw.
    pub(crate) async fn end(&self, crowd: Crowd) -> Seen {
        self.is_over.store(true, Ordering::SeqCst);
        crowd.organiser.await.expect("the organiser is well");
        let mut seen = Seen::default();
        for person in crowd.people {
            let saw = person.await.expect("everybody is well");
            seen.verdicts.extend(saw.verdicts);
            seen.already.extend(saw.already);
            seen.n_presses += saw.n_presses;
        }
        seen
    }

    /// One schedule a kill, in bursts: some due at once, the others at the minutes to come.
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
            if said.contains("**Right.**") {
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

    /// Kills one process after the other, at any instant, and starts another each time.
    async fn kill(&self, serving: &mut [Serving], n_kills: usize) -> usize {
        let mut dice = Dice(0xD1CE);
        for n in 0..n_kills {
            let life = dice.below(u64::try_from(LIFE_MAX.as_millis()).expect("milliseconds"));
            // Half of them die while they start, half while they serve.
            let began = Instant::now();
            while n % 2 == 1 && self.desk.discord.n_live() < serving.len() {
                assert!(began.elapsed() < SETTLE_MAX, "{}", self.desk.log());
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            tokio::time::sleep(Duration::from_millis(life)).await;
            let at = dice.pick(serving.len());
            let fresh = || self.desk.serve_with("info");
            serving[at].kill();
            serving[at] = fresh();
        }
        n_kills
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

    pub(crate) fn judge(&self, seen: &Seen, n_schedules: usize) {
        let kept = self.desk.database();
        let database = kept.as_ref();
        if self.desk.server.is_none() {
            let found = rows(database, "PRAGMA integrity_check");
            assert_eq!(found[0].text(0).expect("a word"), "ok");
        }
        self.judge_rounds(database, n_schedules);
        judge_answers(database, seen);
        // A look at a board brings the sums up to date.
        let scores = Scores::new(Arc::clone(&kept));
        let wanted = Wanted {
            guild: GUILD,
            period: Period::of(Span::All, date(2026, 1, 1), Season::Month),
            topic: None,
            page: 0,
            member: None,
        };
        scores.board(&wanted, Season::Month).expect("a board");
        judge_sums(database);
    }

    /// Every round stands in the chat once, and none was made that nobody wanted.
    pub(crate) fn judge_rounds(&self, database: &dyn Database, n_schedules: usize) {
        let mut shown: BTreeMap<i64, Vec<u64>> = BTreeMap::new();
        for post in self.desk.discord.announcements() {
            if let Some(round) = round_of(&post) {
                shown.entry(round).or_default().push(post.id());
            }
        }
        let mut n_wanted = 0;
        let mut n_of_schedules = 0;
        let sql = "SELECT id, state, message, guild FROM round ORDER BY id";
        let kept = rows(database, sql);
        for row in &kept {
            let id = row.int(0).expect("a number");
            assert_eq!(row.text(1).expect("a state"), "open", "round {id}");
            let message = row.opt_int(2).expect("a number").map(i64::cast_unsigned);
            let posts = shown.remove(&id).unwrap_or_default();
            assert_eq!(posts, [message.expect("a message")], "round {id}");
            match row.int(3).expect("a server").cast_unsigned() == GUILD {
                true => n_wanted += 1,
                false => n_of_schedules += 1,
            }
        }
        assert!(shown.is_empty(), "the scores do not know {shown:?}");
        assert_eq!(n_of_schedules, n_schedules, "each schedule posts once");
        let (promised, wanted) = (&self.n_promised, &self.n_wanted);
        let range = promised.load(Ordering::SeqCst)..=wanted.load(Ordering::SeqCst);
        assert!(range.contains(&n_wanted), "{n_wanted} of {range:?}");
    }
}

/// What was told is kept, once, with the same verdict.
fn judge_answers(database: &dyn Database, seen: &Seen) {
    let sql = "SELECT round, member, number, n_right FROM event ORDER BY round, member, number";
    let mut kept = BTreeMap::new();
    for row in rows(database, sql) {
        let number = |column: usize| row.int(column).expect("a number");
        let key = (number(0), number(1).cast_unsigned());
        assert_eq!(number(2), 0, "{key:?} has more than one event");
        assert_eq!(kept.insert(key, number(3) == 1), None, "{key:?}");
    }
    let lost: Vec<_> = seen
        .verdicts
        .iter()
        .filter(|(round, member, is_right)| kept.get(&(*round, *member)) != Some(is_right))
        .collect();
    assert!(lost.is_empty(), "told and not kept: {lost:?}");
    let gone = seen.already.iter().find(|key| !kept.contains_key(key));
    assert_eq!(gone, None, "told to be there, and not kept");
    assert!(!seen.verdicts.is_empty(), "nobody was told anything");
}

/// The sums are those of the events.
fn judge_sums(database: &dyn Database) {
    let events = "SELECT member, CAST(SUM(points) AS BIGINT), CAST(SUM(n_answered) AS BIGINT), CAST(SUM(n_right) AS BIGINT) FROM event \
                  GROUP BY member ORDER BY member";
    let events_by_topic = "SELECT member, CAST(SUM(points) AS BIGINT), CAST(SUM(n_answered) AS BIGINT), CAST(SUM(n_right) AS BIGINT) FROM event \
                           GROUP BY member, topic ORDER BY member, topic";
    let totals = "SELECT member, points, n_answered, n_right FROM total \
                  WHERE period = 'all' AND topic = '' ORDER BY member";
    let totals_by_topic = "SELECT member, points, n_answered, n_right FROM total \
                           WHERE period = 'all' AND topic <> '' ORDER BY member, topic";
    for (events, totals) in [(events, totals), (events_by_topic, totals_by_topic)] {
        let numbers = |row: &Row| [0, 1, 2, 3].map(|column| row.int(column).expect("a number"));
        let events: Vec<_> = rows(database, events).iter().map(numbers).collect();
        let totals: Vec<_> = rows(database, totals).iter().map(numbers).collect();
        assert_eq!(events, totals);
        assert!(!events.is_empty());
    }
}

fn rows(database: &dyn Database, sql: &'static str) -> Vec<Row> {
    let mut found = Vec::new();
    let read = database.read(&mut |t| t.query(sql, &[]).map(|rows| found = rows));
    read.expect("rows");
    found
}

/// The round that a message asks.
pub(crate) fn round_of(post: &Posted) -> Option<i64> {
    let ids = post.buttons().into_iter().map(|button| button.custom_id);
    let round = |id: String| id.strip_prefix("sh1:a:")?.split(':').next()?.parse().ok();
    ids.into_iter().find_map(round)
}
