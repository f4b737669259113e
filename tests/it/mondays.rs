//! A bot of many servers when much is to be done at once: what is not urgent holds up no round.

use jiff::{SignedDuration, Timestamp};
use studyhall::quiz::grade::Choices;
use studyhall::scores::answers::{Answer, Recorded};
use studyhall::scores::guilds::Guild;
use studyhall::scores::round::{RoundId, Rules};
use studyhall::scores::schedules::{Schedule, ScheduleId, ScheduleState};

use crate::group::{Group, ORGANISER, by};

/// Servers that are asked something on Mondays at nine.
const N_SERVERS: u64 = 12;
/// Members of each who answer.
const N_MEMBERS: u64 = 5;
/// The channel of the server that is asked at another time.
const CHANNEL: u64 = 500;

fn at(text: &str) -> Timestamp {
    text.parse().expect("an instant")
}

/// Sets a schedule up, in a server and a channel of its own.
fn set_up(group: &Group, number: u64, days: &str, time: jiff::civil::Time) {
    let now = group.stage.now();
    let schedule = Schedule {
        id: ScheduleId(number.cast_signed()),
        guild: number,
        name: "daily".to_owned(),
        channel: number,
        time,
        zone: "UTC".to_owned(),
        weekdays: days.parse().expect("days"),
        topics: Vec::new(),
        difficulties: Vec::new(),
        ping_role: None,
        rules: Rules::default(),
        thread: false,
        state: ScheduleState::Active,
        reason: None,
        since: now,
        organiser: ORGANISER,
        told_low: None,
    };
    let by = by(ORGANISER, now);
    let saved = group.bot.scores.save_schedule(schedule, by);
    saved.expect("scores").expect("it is saved");
    let guild = Guild::new(number);
    group.bot.scores.save_guild(guild, by).expect("scores");
}

/// Many servers whose round is open and was answered, at ten on a Monday.
fn group() -> Group {
    let group = Group::new("2027-03-01T08:00:00Z", 40);
    for number in 1..=N_SERVERS {
        set_up(&group, number, "mon", jiff::civil::time(9, 0, 0, 0));
    }
    group.wait_until(at("2027-03-01T10:00:00Z"));
    let mut event = 0;
    for round in group.rounds() {
        for member in 1..=N_MEMBERS {
            event += 1;
            let answer = Answer {
                round: RoundId(round),
                member,
                choices: Choices::of([0]),
                at: group.stage.now(),
                event,
            };
            let recorded = group.bot.scores.record(answer).expect("scores");
            assert!(matches!(recorded, Recorded::Counts { .. }), "{recorded:?}");
        }
    }
    group
}

/// Does what is due in one go, with calls of a second each; when the round of the other server was
/// posted, and how many calls there were before it and in all.
fn posted_amid_calls(group: &Group) -> (Timestamp, u32, u32) {
    let n_before = {
        let mut room = group.stage.room();
        room.takes = SignedDuration::from_secs(1);
        room.n_calls
    };
    let began = group.stage.now();
    group.tick();
    let room = group.stage.room();
    let n_calls = room.n_calls - n_before;
    let mut posts = room.posts.values();
    let post = posts.find(|post| post.channel == CHANNEL);
    let posted_at = post.expect("the round of the other server").at;
    let n_earlier = posted_at.duration_since(began).as_secs();
    (
        posted_at,
        u32::try_from(n_earlier).expect("a count"),
        n_calls,
    )
}

#[test]
fn a_round_that_falls_due_among_many_recaps_goes_first() {
    let group = group();
    set_up(&group, CHANNEL, "mon", jiff::civil::time(8, 1, 0, 0));
    group.wait_until(at("2027-03-08T07:59:00Z"));
    group.stage.room().now = at("2027-03-08T08:00:30Z");
    let (posted_at, n_earlier, n_calls) = posted_amid_calls(&group);
    let late = posted_at.duration_since(at("2027-03-08T08:01:00Z"));
    assert!(late.as_secs() <= 3, "{late:#}");
    // The rest was done all the same: who is asked for, and the recap.
    let n_for_recaps = N_SERVERS * (N_MEMBERS + 1);
    assert!(n_earlier > 10, "{n_earlier} calls before it");
    assert_eq!(u64::from(n_calls), n_for_recaps + 1);
}

#[test]
fn a_round_that_falls_due_among_many_counts_goes_first() {
    let group = group();
    set_up(&group, CHANNEL, "mon", jiff::civil::time(10, 2, 0, 0));
    group.stage.room().now = at("2027-03-01T10:01:54Z");
    let (posted_at, n_earlier, n_calls) = posted_amid_calls(&group);
    let late = posted_at.duration_since(at("2027-03-01T10:02:00Z"));
    assert!(late.as_secs() <= 3, "{late:#}");
    assert!(n_earlier > 3, "{n_earlier} calls before it");
    assert_eq!(u64::from(n_calls), N_SERVERS + 1);
}
