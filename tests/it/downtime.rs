//! The bot is away: for an hour, for days, again and again, or for good while another one serves.
//! What is due then is posted late, once, or not at all; a month of such days in a moment.
//!
//! `STUDYHALL_TEST_MONTHS` says how many months are lived through, each with other accidents.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::civil::{Date, Time, date, time};
use jiff::{SignedDuration, Timestamp, ToSpan};
use studyhall::bot::Bot;
use studyhall::quiz::schedule::LATE_MAX;
use studyhall::quiz::weekdays::Weekdays;
use studyhall::scores::Scores;
use studyhall::scores::database::Database;
use studyhall::scores::round::{Round, RoundState, Rules};
use studyhall::scores::schedules::{Schedule, ScheduleId, ScheduleState};
use studyhall::scores::sqlite::Sqlite;

use crate::group::{CHANNEL, GUILD, Group, Life, Mortal, ORGANISER, bot_in, by};
use crate::simulation::{Chance, number};
use crate::stage::{Fate, Stage};

/// Questions in the bank.
const N_QUESTIONS: usize = 60;
/// Months where nobody says how many.
const MONTHS: u64 = 2;
/// Days of a month.
const DAYS: i32 = 30;
/// A post this long after it was due is still on time.
const ON_TIME: SignedDuration = SignedDuration::from_secs(60);
/// From a start to the first look, at most, in seconds.
const START_MAX_S: u64 = 20;
/// How long a round is held by whoever works on it.
const LEASE: SignedDuration = SignedDuration::from_secs(60);
/// How often a bot looks at least.
const LOOK: SignedDuration = SignedDuration::from_secs(30);
/// What a post may take longer than it must.
const LATENESS: SignedDuration = SignedDuration::from_secs(2);

/// Quizzes in many places of the world; in some the clocks change in the month.
const SCHEDULES: &[(&str, Time)] = &[
    ("Europe/Zurich", time(9, 0, 0, 0)),
    ("Europe/London", time(1, 30, 0, 0)),
    ("America/New_York", time(18, 15, 0, 0)),
    ("America/Los_Angeles", time(7, 0, 0, 0)),
    ("Asia/Kathmandu", time(12, 0, 0, 0)),
    ("Asia/Tokyo", time(0, 0, 0, 0)),
    ("Australia/Lord_Howe", time(21, 45, 0, 0)),
    ("Pacific/Auckland", time(23, 0, 0, 0)),
];

fn schedule(number: usize, since: Timestamp) -> Schedule {
    let (zone, time) = SCHEDULES[number];
    Schedule {
        id: ScheduleId(number as i64 + 1),
        guild: GUILD,
        name: format!("quiz {number}"),
        channel: CHANNEL + number as u64,
        time,
        zone: zone.to_owned(),
        weekdays: Weekdays::DAILY,
        topics: Vec::new(),
        difficulties: Vec::new(),
        ping_role: None,
        rules: Rules::default(),
        thread: false,
        state: ScheduleState::Active,
        reason: None,
        since,
        organiser: ORGANISER,
        told_low: None,
    }
}

fn instant(text: &str) -> Timestamp {
    text.parse().expect("an instant")
}

/// A group with the first `n` of the schedules.
fn group(now: &str, n: usize) -> Group {
    let group = Group::new(now, N_QUESTIONS);
    for number in 0..n {
        let schedule = schedule(number, instant(now));
        let saved = group
            .bot
            .scores
            .save_schedule(schedule, by(ORGANISER, instant(now)));
        saved.expect("scores").expect("a new name");
    }
    group
}

/// The rounds of a schedule, by day.
fn rounds_of(group: &Group, number: usize) -> BTreeMap<Date, Round> {
    let all = group.bot.scores.newest(GUILD, 1_000).expect("scores");
    let id = ScheduleId(number as i64 + 1);
    let of_it = all.into_iter().filter(|round| round.schedule == id);
    of_it.map(|round| (round.day, round)).collect()
}

/// When messages with rounds were posted, by channel.
fn posted(stage: &Stage) -> BTreeMap<u64, Vec<Timestamp>> {
    let mut posted: BTreeMap<u64, Vec<Timestamp>> = BTreeMap::new();
    for post in stage.room().posts.values() {
        // A closed round has lost its buttons; the keys of all rounds look like this.
        if post.key.contains('-') {
            posted.entry(post.channel).or_default().push(post.at);
        }
    }
    posted
}

/// The process ends, time passes, and another one starts.
fn away_until(group: &mut Group, until: Timestamp) {
    group.stage.room().now = until;
    group.restart();
}

#[test]
fn an_hour_away_costs_one_late_post() {
    let mut group = group("2027-03-01T07:30:00Z", 1);
    away_until(&mut group, instant("2027-03-01T08:30:00Z"));
    group.wait(SignedDuration::from_hours(6));
    let posted = posted(&group.stage);
    assert_eq!(posted[&CHANNEL], [instant("2027-03-01T08:30:00Z")]);
    let round = &rounds_of(&group, 0)[&date(2027, 3, 1)];
    assert_eq!(round.due_at, instant("2027-03-01T08:00:00Z"));
    let room = group.stage.room();
    let text = &room.posts.values().next().expect("a post").message.body;
    assert!(text.contains("posted late"), "{text}");
}

#[test]
fn three_days_away_cost_each_schedule_one_post_at_most_and_the_others_are_missed() {
    let n = SCHEDULES.len();
    let mut group = group("2027-03-01T03:00:00Z", n);
    let (gone, back) = (
        instant("2027-03-02T03:00:00Z"),
        instant("2027-03-05T03:00:00Z"),
    );
    group.wait_until(gone);
    let before = posted(&group.stage);
    away_until(&mut group, back);
    group.wait(SignedDuration::from_mins(10));
    let after = posted(&group.stage);
    let mut n_late = 0;
    for (number, (zone, _)) in SCHEDULES.iter().enumerate() {
        let channel = CHANNEL + number as u64;
        let n_before = before.get(&channel).map_or(0, Vec::len);
        let n_new = after.get(&channel).map_or(0, Vec::len) - n_before;
        let rounds = rounds_of(&group, number);
        let missed = rounds.values().filter(|r| r.state == RoundState::Skipped);
        let n_missed = missed
            .inspect(|r| assert_eq!(r.reason.as_deref(), Some("missed"), "{r:?}"))
            .count();
        // Three slots fell into the time: the newest is posted where that is not too late.
        let day = back.in_tz(zone).expect("a zone").date();
        let newest = [day, day.yesterday().expect("a date")]
            .map(|day| due(number, day))
            .into_iter()
            .find(|due| *due <= back);
        let is_late = back.duration_since(newest.expect("a slot")) <= LATE_MAX;
        let expected = if is_late { (1, 2) } else { (0, 3) };
        assert_eq!((n_new, n_missed), expected, "{zone}");
        n_late += n_new;
    }
    assert!((1..n).contains(&n_late), "{n_late} of {n} late");
}

#[test]
fn twenty_restarts_in_ten_minutes_post_nothing_more() {
    let due = instant("2027-03-01T08:00:00Z");
    // What becomes of the first calls after each start, and when the first start is.
    for fate in [Fate::Done, Fate::DoneAndLost, Fate::Lost, Fate::NotSent] {
        for second in [0, 7, 29] {
            let mut group = group("2027-03-01T07:55:00Z", 1);
            group.wait(SignedDuration::from_secs(second));
            for _ in 0..20 {
                group.restart();
                let mut is_first = true;
                group.stage.room().dice = Box::new(move || match std::mem::take(&mut is_first) {
                    true => fate,
                    false => Fate::NotSent,
                });
                group.tick();
                group.stage.room().now += SignedDuration::from_secs(30);
            }
            group.stage.room().dice = Box::new(|| Fate::Done);
            group.restart();
            group.wait(SignedDuration::from_hours(2));
            let posted = posted(&group.stage);
            let case = format!("{fate:?} {second}");
            assert_eq!(posted[&CHANNEL].len(), 1, "{case}: {posted:?}");
            let rounds = rounds_of(&group, 0);
            let states: Vec<_> = rounds.values().map(|round| round.state).collect();
            assert_eq!(states, [RoundState::Open], "{case}");
            if fate == Fate::Done {
                let late = posted[&CHANNEL][0].duration_since(due);
                assert!(late <= ON_TIME, "{case}: {late}");
            }
        }
    }
}

/// What a process dies with: it holds the day, and this much of its work is done.
fn dies_after(life: Life, is_told: bool) -> bool {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let file = dir.path().join("scores.sqlite");
    let database: Arc<dyn Database> = Arc::new(Sqlite::open(&file).expect("scores"));
    let due = instant("2027-03-01T08:00:00Z");
    let scores = Scores::new(Arc::clone(&database));
    let saved = scores.save_schedule(schedule(0, due - LOOK), by(ORGANISER, due - LOOK));
    saved.expect("scores").expect("a new name");
    let two = Bot {
        owner: "two".into(),
        ..bot_in(dir.path(), scores.clone(), N_QUESTIONS)
    };
    let mortal = Arc::new(Mortal::new(Arc::clone(&database), life));
    let one = Bot {
        owner: "one".into(),
        scores: Scores::new(Arc::<Mortal>::clone(&mortal)),
        rhythm: Arc::default(),
        recent: Arc::default(),
        ..two.clone()
    };
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    let runtime = runtime.expect("a runtime");
    let stage = Arc::new(Stage::new(due));
    let tick = |bot: &Bot| {
        let clock = {
            let stage = Arc::clone(&stage);
            move || stage.now()
        };
        runtime.block_on(bot.tick(stage.as_ref(), &clock))
    };
    // The first one takes the day and dies of it.
    let dead = Arc::clone(&mortal);
    stage.room().dice = Box::new(move || match (dead.is_dead(), is_told) {
        (true, _) => Fate::NotSent,
        (false, true) => Fate::Done,
        (false, false) => Fate::DoneAndLost,
    });
    tick(&one);
    if !mortal.is_dead() {
        return false;
    }
    let held = scores.newest(GUILD, 9).expect("scores");
    stage.room().dice = Box::new(|| Fate::Done);
    // The other one looks a moment later, and again as often as it wants to.
    stage.room().now += SignedDuration::from_secs(1);
    let end = due + SignedDuration::from_mins(10);
    while stage.now() < end {
        let now = stage.now();
        let next = tick(&two).unwrap_or(end);
        let soon = now + SignedDuration::from_millis(100);
        stage.room().now = next.clamp(soon, now + LOOK);
    }
    let rounds = scores.newest(GUILD, 9).expect("scores");
    assert_eq!(rounds.len(), 1, "{life:?}");
    assert_eq!(rounds[0].state, RoundState::Open, "{life:?}");
    let posted = posted(&stage);
    assert_eq!(posted[&CHANNEL].len(), 1, "{life:?}: {posted:?}");
    let late = posted[&CHANNEL][0].duration_since(due);
    assert!(late <= LEASE + LATENESS, "{life:?}: {late}");
    !held.is_empty() && late >= LEASE
}

#[test]
fn what_a_dead_process_held_another_posts_within_a_minute() {
    let mut n_taken_over = 0;
    for n_left in 1..8 {
        for does_last in [false, true] {
            for is_told in [false, true] {
                let life = Life { n_left, does_last };
                n_taken_over += u32::from(dies_after(life, is_told));
            }
        }
    }
    assert!(n_taken_over > 0, "nobody died while it held the day");
}

/// The instant of a slot, as a calendar says.
fn due(number: usize, day: Date) -> Timestamp {
    let (zone, time) = SCHEDULES[number];
    let zoned = day.to_datetime(time).in_tz(zone).expect("a zone");
    zoned.timestamp()
}

/// What became of the slots of months.
#[derive(Default)]
struct Tally {
    n_slots: u32,
    n_on_time: u32,
    n_in_outage: u32,
    n_on_time_outside: u32,
    latest: SignedDuration,
}

/// Lives a month through: one restart a day, an hour's outage a week, a call in fifty fails.
fn live_month(seed: u64, tally: &mut Tally) {
    let mut chance = Chance(seed);
    let start = instant("2027-03-10T00:00:00Z");
    let end = start + SignedDuration::from_hours(24 * i64::from(DAYS));
    let mut group = group("2027-03-10T00:00:00Z", SCHEDULES.len());
    let mut chat = Chance(seed + 1);
    group.stage.room().dice = Box::new(move || match chat.below(100) {
        0 => Fate::NotSent,
        1 => Fate::DoneAndLost,
        _ => Fate::Done,
    });
    // When the process goes, and for how long.
    let mut away: Vec<(Timestamp, SignedDuration)> = Vec::new();
    for day in 0..DAYS {
        let at = start + SignedDuration::from_secs(86_400 * i64::from(day));
        let at = at + SignedDuration::from_secs(chance.below(86_400) as i64);
        let start_s = 1 + chance.below(START_MAX_S) as i64;
        away.push((at, SignedDuration::from_secs(start_s)));
    }
    let mut outages = Vec::new();
    for week in 0..i64::from(DAYS) / 7 {
        let at = start + SignedDuration::from_hours(7 * 24 * week);
        let at = at + SignedDuration::from_secs(chance.below(7 * 86_400 - 3_600) as i64);
        away.push((at, SignedDuration::from_hours(1)));
        outages.push((at, at + SignedDuration::from_hours(1)));
    }
    away.sort();
    for (at, time) in away {
        // A restart that falls into an outage happens at its end.
        if at > group.stage.now() {
            group.wait_until(at);
        }
        let back = group.stage.now() + time;
        away_until(&mut group, back);
    }
    group.wait_until(end + LATE_MAX);
    let posted = posted(&group.stage);
    for number in 0..SCHEDULES.len() {
        let posts = &posted[&(CHANNEL + number as u64)];
        let mut day = date(2027, 3, 9);
        while due(number, day) < end {
            let due_at = due(number, day);
            let before_next = due(number, day.tomorrow().expect("a date"));
            day += 1.day();
            if due_at < start {
                continue;
            }
            let mut its = posts.iter().filter(|at| (due_at..before_next).contains(at));
            let at = its.next();
            let slot = format!("seed {seed}: {:?} on {due_at}", SCHEDULES[number]);
            let late = at.unwrap_or_else(|| panic!("never posted: {slot}"));
            let late = late.duration_since(due_at);
            assert_eq!(its.next(), None, "posted twice: {slot}");
            assert!(late <= LATE_MAX, "{late} late: {slot}");
            let is_in_outage = outages
                .iter()
                .any(|(from, to)| (*from..*to).contains(&due_at));
            let is_on_time = late <= ON_TIME;
            tally.n_slots += 1;
            tally.n_on_time += u32::from(is_on_time);
            tally.n_in_outage += u32::from(is_in_outage);
            tally.n_on_time_outside += u32::from(is_on_time && !is_in_outage);
            tally.latest = tally.latest.max(late);
        }
    }
}

#[test]
fn a_month_with_restarts_and_outages_is_on_time_but_for_the_outages() {
    let mut tally = Tally::default();
    let n_months = number("STUDYHALL_TEST_MONTHS").unwrap_or(MONTHS);
    for seed in 0..n_months {
        live_month(seed, &mut tally);
    }
    let n_outside = tally.n_slots - tally.n_in_outage;
    let share = |n: u32, of: u32| 100.0 * f64::from(n) / f64::from(of);
    println!(
        "{n_months} months: {} slots, {:.3} % within a minute; of the {n_outside} outside an outage \
         {:.3} %; the latest {:#} late, none missing",
        tally.n_slots,
        share(tally.n_on_time, tally.n_slots),
        share(tally.n_on_time_outside, n_outside),
        tally.latest,
    );
    assert!(
        share(tally.n_on_time_outside, n_outside) >= 99.5,
        "too late"
    );
}
