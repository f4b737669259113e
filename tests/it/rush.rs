//! A thousand servers whose quizzes are due at the same minute.

use std::time::Duration;

use jiff::civil::Time;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use studyhall::quiz::weekdays::Weekdays;
use studyhall::scores::Scores;
use studyhall::scores::round::Rules;
use studyhall::scores::schedules::{Schedule, ScheduleId, ScheduleState};

use crate::desk::Desk;
use crate::fake::{ADA, OTHERS};
use crate::group::by;

/// Servers.
const N_SERVERS: u64 = 1_000;
/// Questions, so many that nobody is told that they run low.
const N_QUESTIONS: usize = 40;
/// From the minute to the last post, at most.
const LATE_MAX_MS: i64 = 60_000;
/// Calls within any one second, at most.
const A_SECOND_MAX: usize = 45;

/// A schedule that posts every day at this minute of UTC, from then on.
pub(crate) fn daily_at(number: u64, guild: u64, channel: u64, due: Timestamp) -> Schedule {
    let due = due.to_zoned(TimeZone::UTC);
    Schedule {
        id: ScheduleId(i64::try_from(number).expect("a small number")),
        guild,
        name: format!("daily {number}"),
        channel,
        time: Time::constant(due.hour(), due.minute(), 0, 0),
        zone: "UTC".to_owned(),
        weekdays: "daily".parse::<Weekdays>().expect("weekdays"),
        topics: Vec::new(),
        difficulties: Vec::new(),
        ping_role: None,
        rules: Rules::default(),
        thread: false,
        state: ScheduleState::Active,
        reason: None,
        since: due.timestamp() - SignedDuration::from_secs(60),
        organiser: ADA.id,
        told_low: None,
    }
}

/// The first instant of the minute in which Discord's clock stands, so many minutes on.
pub(crate) fn minute_after(desk: &Desk, minutes: i64) -> Timestamp {
    let now_s = desk.discord.now_ms() / 1_000;
    Timestamp::from_second((now_s / 60 + minutes) * 60).expect("a moment")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes a minute and a half"]
async fn a_thousand_servers_are_served_within_a_minute_and_within_the_limit() {
    let desk = Desk::new().await;
    desk.write_questions(N_QUESTIONS);
    let due = minute_after(&desk, 2);
    {
        let scores = Scores::new(desk.database());
        for n in 0..N_SERVERS {
            let schedule = daily_at(n + 1, n + 1, OTHERS + n, due);
            let saved = scores.save_schedule(schedule, by(ADA.id, due));
            saved.expect("a store").expect("a new name");
        }
    }
    let _serving = desk.serve().await;
    let last_ms = due.as_millisecond() + LATE_MAX_MS + 20_000;
    while desk.discord.announcements().len() < N_SERVERS as usize && desk.discord.now_ms() < last_ms
    {
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    // Whatever would come twice has a while to come.
    tokio::time::sleep(Duration::from_secs(5)).await;

    let calls = desk.discord.requests();
    let posts = calls.iter().filter(|call| {
        call.method == "POST"
            && call.path.contains("/channels/")
            && call.path.ends_with("/messages")
    });
    let late_ms: Vec<i64> = posts
        .map(|post| post.at_ms - due.as_millisecond())
        .collect();
    let (first, last) = (late_ms.iter().min(), late_ms.iter().max());
    let at_ms: Vec<i64> = calls.iter().map(|call| call.at_ms).collect();
    let most = at_ms
        .iter()
        .map(|from| {
            at_ms
                .iter()
                .filter(|at| (*from..from + 1_000).contains(at))
                .count()
        })
        .max()
        .unwrap_or_default();
    eprintln!(
        "{} posts, the first after {first:?} ms, the last after {last:?} ms, {most} calls a second",
        late_ms.len()
    );
    assert_eq!(late_ms.len(), N_SERVERS as usize, "{}", desk.log());
    assert_eq!(desk.discord.announcements().len(), N_SERVERS as usize);
    assert!(last.is_some_and(|last| *last <= LATE_MAX_MS), "{last:?} ms");
    assert!(most <= A_SECOND_MAX, "{most} calls within a second");
    assert_eq!(desk.discord.blame(), [""; 0]);
}
