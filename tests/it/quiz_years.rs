//! Years of slots in every zone, and whatever may happen to a bot on the way.

use std::collections::BTreeSet;
use std::thread;

use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use studyhall::quiz::schedule::{APART_MIN, Due, LATE_MAX, Last, Plan, Skipped, Step, due};
use studyhall::quiz::zones::{self, zone};

use crate::quiz_schedule::{instant, plan};

fn hours(n: i64) -> SignedDuration {
    SignedDuration::from_hours(n)
}

/// The local dates that come in a zone while `from..until` passes in UTC, found by its clocks alone.
fn dates_of(zone: &TimeZone, from: Timestamp, until: Timestamp) -> BTreeSet<Date> {
    let instants = std::iter::successors(Some(from), |at| Some(*at + hours(6)));
    let instants = instants.take_while(|at| *at < until);
    instants.map(|at| zone.to_datetime(at).date()).collect()
}

/// Whether the clocks of a zone ever show this minute.
fn comes(zone: &TimeZone, day: Date, at: Time) -> bool {
    let noon = TimeZone::UTC
        .to_timestamp(day.at(12, 0, 0, 0))
        .expect("an instant");
    let minutes = -48 * 60..48 * 60;
    let mut shown = minutes.map(|n| zone.to_datetime(noon + SignedDuration::from_mins(n)));
    shown.any(|shown| shown == day.to_datetime(at))
}

/// Steps a plan from each `next` to the following, and gives all steps up to an instant.
fn steps_until(plan: &Plan, until: Timestamp) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    let mut now = plan.since;
    let mut last: Option<Last> = None;
    while now < until {
        let Due { steps: new, next } = due(plan, now, last);
        for step in new {
            let posted_at = match step {
                Step::Post { due, .. } => {
                    assert_eq!(due, now, "{step:?} in {:?}", plan.zone);
                    Some(now)
                }
                Step::Skip { .. } => last.and_then(|last| last.posted_at),
            };
            last = Some(Last {
                day: step.day(),
                posted_at,
            });
            steps.push(step);
        }
        let next = next.expect("another slot");
        assert!(next > now, "time stands still in {:?}", plan.zone);
        now = next;
    }
    steps
}

/// What was met in all zones.
#[derive(Debug, Default)]
struct Met {
    n_zones: usize,
    /// Slots on dates that a zone leaves out.
    n_no_date: usize,
    /// Slots on dates that come, and end before the plan's time.
    n_no_time: usize,
}

/// In every zone, stepping from slot to slot: each date that exists has exactly one slot, in order,
/// and is posted if the date goes on until the plan's time; none that the zone leaves out is posted.
fn every_zone_has_each_date_once(since: &str, until: &str) -> Met {
    let (since, until) = (instant(since), instant(until));
    let names: Vec<String> = zones::names().collect();
    let (some, others) = names.split_at(names.len() / 2);
    let (mut met, others) = thread::scope(|scope| {
        let others = scope.spawn(|| each_zone_has_each_date_once(others, since, until));
        let some = each_zone_has_each_date_once(some, since, until);
        (some, others.join().expect("what has failed is shown above"))
    });
    met.n_zones += others.n_zones;
    met.n_no_date += others.n_no_date;
    met.n_no_time += others.n_no_time;
    met
}

fn each_zone_has_each_date_once(names: &[String], since: Timestamp, until: Timestamp) -> Met {
    let mut met = Met::default();
    for name in names {
        let zone = zone(name).expect("a zone of the list");
        let dates = dates_of(&zone, since, until);
        // The first and the last date are cut by the limits of the time that is looked at.
        let (first, end) = (
            *dates.first().expect("a date"),
            *dates.last().expect("a date"),
        );
        let is_whole = |day: &Date| first < *day && *day < end;
        let whole: Vec<Date> = dates.iter().copied().filter(is_whole).collect();
        for at in ["00:00", "01:30", "02:30", "09:00", "23:59"] {
            let plan = Plan {
                since,
                ..plan(name, at)
            };
            let mut with_slot = Vec::new();
            for step in steps_until(&plan, until + hours(24)) {
                let day = step.day();
                let exists = dates.contains(&day);
                if let Step::Skip { why, .. } = step {
                    assert_eq!(why, Skipped::NoSuchTime, "{name} {at} {day}");
                    assert!(!comes(&zone, day, plan.time), "{name} {at} {day} exists");
                    met.n_no_date += usize::from(!exists);
                    met.n_no_time += usize::from(exists);
                } else {
                    assert!(
                        exists || !is_whole(&day),
                        "{name} {at} {day} does not exist"
                    );
                }
                if exists && is_whole(&day) {
                    with_slot.push(day);
                }
            }
            assert_eq!(with_slot, whole, "{name} {at}");
        }
        met.n_zones += 1;
    }
    met
}

#[test]
fn in_every_zone_each_date_has_one_slot() {
    let met = every_zone_has_each_date_once("2026-01-01T00:00:00Z", "2028-01-01T00:00:00Z");
    assert!(met.n_zones > 550, "{met:?}");
    assert_eq!(met.n_no_date, 0, "{met:?}");
    // In Greenland alone clocks go forward from 23:00 to midnight, and 23:59 would be tomorrow.
    assert!((1..=12).contains(&met.n_no_time), "{met:?}");
}

#[test]
fn dates_that_a_zone_has_left_out_are_not_posted() {
    // At the end of 2011 Samoa and Tokelau went over the date line: two zones at five times.
    let met = every_zone_has_each_date_once("2011-12-01T00:00:00Z", "2012-02-01T00:00:00Z");
    assert_eq!(met.n_no_date, 2 * 5, "{met:?}");
}

/// What happens to a bot.
#[derive(Clone, Debug)]
enum Turn {
    /// So many minutes pass; less than none where the clock is put back.
    Jump(i64),
    /// It waits for the next slot.
    Wait,
    /// The organiser changes the plan.
    Change(usize, i8, i8),
}

const ZONES: [&str; 6] = [
    "Europe/Zurich",
    "Pacific/Apia",
    "Pacific/Pago_Pago",
    "Pacific/Kiritimati",
    "America/Sao_Paulo",
    "Australia/Lord_Howe",
];

fn turns() -> impl Strategy<Value = Vec<Turn>> {
    let turn = prop_oneof![
        (-600..4_000_i64).prop_map(Turn::Jump),
        (0..60_i64).prop_map(Turn::Jump),
        Just(Turn::Wait),
        Just(Turn::Wait),
        (0..ZONES.len(), 0..24_i8, 0..60_i8).prop_map(|(z, h, m)| Turn::Change(z, h, m)),
    ];
    prop::collection::vec(turn, 1..80)
}

proptest! {
    #[test]
    fn no_day_is_posted_twice_and_no_two_at_once(turns in turns()) {
        let mut plan = plan("Europe/Zurich", "09:00");
        plan.since = instant("2011-12-01T00:00:00Z");
        let mut now = plan.since;
        let mut last: Option<Last> = None;
        let mut dealt_with: BTreeSet<Date> = BTreeSet::new();
        for turn in turns {
            match turn {
                Turn::Jump(minutes) => now += SignedDuration::from_mins(minutes),
                Turn::Wait => now = due(&plan, now, last).next.unwrap().max(now),
                Turn::Change(at, hour, minute) => {
                    plan.zone = zone(ZONES[at]).unwrap();
                    plan.time = Time::constant(hour, minute, 0, 0);
                }
            }
            let asked = due(&plan, now, last);
            let posts = asked.steps.iter().filter(|s| matches!(s, Step::Post { .. }));
            prop_assert!(posts.count() <= 1, "{asked:?}");
            prop_assert!(asked.next.unwrap() > now);
            for step in asked.steps {
                prop_assert!(dealt_with.insert(step.day()), "{step:?} again");
                let mut posted_at = last.and_then(|last| last.posted_at);
                if let Step::Post { due, day } = step {
                    prop_assert!(due <= now && now.duration_since(due) <= LATE_MAX);
                    prop_assert_eq!(plan.zone.to_datetime(due).date(), day);
                    let apart = posted_at.map(|posted_at| due.duration_since(posted_at));
                    prop_assert!(apart.is_none_or(|apart| apart >= APART_MIN));
                    posted_at = Some(now);
                }
                prop_assert!(last.is_none_or(|last| last.day < step.day()));
                last = Some(Last { day: step.day(), posted_at });
            }
            // A process that starts anew at the same instant finds nothing left to do.
            prop_assert_eq!(due(&plan, now, last).steps, vec![]);
        }
    }
}
