//! When a quiz is posted: clock changes, dates that do not exist, downtime, changes of the plan.

use jiff::civil::{Date, Weekday, date, time};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan};
use studyhall::quiz::schedule::{
    Due, LATE_MAX, LOOK_BACK_DAYS, Last, OPEN_FOR_DEFAULT, Plan, Skipped, Step, due, slots,
    time_of_day,
};
use studyhall::quiz::weekdays::Weekdays;
use studyhall::quiz::zones::zone;

/// A daily plan that has always been there.
pub(crate) fn plan(zone_name: &str, at: &str) -> Plan {
    Plan {
        time: time_of_day(at).expect("a time of day"),
        zone: zone(zone_name).expect("a zone"),
        weekdays: Weekdays::DAILY,
        open_for: OPEN_FOR_DEFAULT,
        since: Timestamp::MIN,
    }
}

pub(crate) fn instant(text: &str) -> Timestamp {
    text.parse().expect("an instant")
}

fn last(day: Date, posted_at: &str) -> Option<Last> {
    Some(Last {
        day,
        posted_at: Some(instant(posted_at)),
    })
}

fn hours(n: i64) -> SignedDuration {
    SignedDuration::from_hours(n)
}

fn skip(day: Date, why: Skipped) -> Step {
    Step::Skip { day, why }
}

/// Holds a slot against its instant in UTC; an empty text where it cannot be posted.
#[track_caller]
fn check(zone: &str, at: &str, day: &str, expected: &str) {
    let day: Date = day.parse().expect("a date");
    let plan = plan(zone, at);
    let slot = slots(&plan, day).next().expect("a slot");
    assert_eq!(slot.day, day);
    let shown = slot.due.map(|due| due.to_string()).unwrap_or_default();
    assert_eq!(shown, expected, "{zone} {at} on {day}");
    // The same slot, by the way of the bot: the step is due from that instant on.
    let before = Last {
        day: day.yesterday().expect("a date"),
        posted_at: None,
    };
    let quiet = due(&plan, plan.since, Some(before));
    assert_eq!(quiet.steps, []);
    let step = due(&plan, quiet.next.expect("a slot"), Some(before)).steps[0];
    match slot.due {
        Some(due) => assert_eq!(step, Step::Post { day, due }),
        None => assert_eq!(step, skip(day, Skipped::NoSuchTime)),
    }
}

#[test]
fn a_time_that_clocks_skip_is_shifted_with_them() {
    check(
        "Europe/Zurich",
        "02:30",
        "2027-03-28",
        "2027-03-28T01:30:00Z",
    );
    check(
        "Europe/London",
        "01:30",
        "2027-03-28",
        "2027-03-28T01:30:00Z",
    );
    check(
        "America/New_York",
        "02:30",
        "2027-03-14",
        "2027-03-14T07:30:00Z",
    );
    check(
        "Australia/Lord_Howe",
        "02:15",
        "2026-10-04",
        "2026-10-03T15:45:00Z",
    );
    check(
        "Antarctica/Troll",
        "01:30",
        "2027-03-28",
        "2027-03-28T01:30:00Z",
    );
    check(
        "Africa/Casablanca",
        "02:30",
        "2026-03-22",
        "2026-03-22T02:30:00Z",
    );
    // Midnight itself is skipped.
    check(
        "America/Sao_Paulo",
        "00:00",
        "2018-11-04",
        "2018-11-04T03:00:00Z",
    );
    check(
        "Africa/Cairo",
        "00:00",
        "2027-04-30",
        "2027-04-29T22:00:00Z",
    );
    check("Asia/Beirut", "00:00", "2027-03-28", "2027-03-27T22:00:00Z");
    check(
        "Asia/Kathmandu",
        "00:00",
        "1986-01-01",
        "1985-12-31T18:30:00Z",
    );
}

#[test]
fn of_a_time_that_comes_twice_the_first_counts() {
    check(
        "Europe/Zurich",
        "02:30",
        "2027-10-31",
        "2027-10-31T00:30:00Z",
    );
    check(
        "America/New_York",
        "01:30",
        "2027-11-07",
        "2027-11-07T05:30:00Z",
    );
    check(
        "Australia/Lord_Howe",
        "01:45",
        "2026-04-05",
        "2026-04-04T14:45:00Z",
    );
    check(
        "Africa/Casablanca",
        "02:30",
        "2026-02-15",
        "2026-02-15T01:30:00Z",
    );
    // The clocks go back over midnight, so that the date comes twice.
    check(
        "America/Sao_Paulo",
        "23:30",
        "2019-02-16",
        "2019-02-17T01:30:00Z",
    );
    check(
        "America/St_Johns",
        "23:30",
        "2010-11-06",
        "2010-11-07T02:00:00Z",
    );
    check(
        "America/St_Johns",
        "00:00",
        "2010-11-07",
        "2010-11-07T02:30:00Z",
    );
}

#[test]
fn a_date_or_a_time_that_does_not_exist_is_skipped() {
    check(
        "Pacific/Apia",
        "09:00",
        "2011-12-29",
        "2011-12-29T19:00:00Z",
    );
    check("Pacific/Apia", "09:00", "2011-12-30", "");
    check(
        "Pacific/Apia",
        "09:00",
        "2011-12-31",
        "2011-12-30T19:00:00Z",
    );
    check("Pacific/Kwajalein", "00:00", "1993-08-21", "");
    check("America/Nuuk", "23:59", "2026-03-28", "");
    check(
        "America/Nuuk",
        "22:59",
        "2026-03-28",
        "2026-03-29T00:59:00Z",
    );
    // Clocks went from 23:30 to 00:30: a quarter to twelve would be on the next date.
    check("America/Toronto", "23:45", "1919-03-30", "");
    check(
        "America/Toronto",
        "23:15",
        "1919-03-30",
        "1919-03-31T04:15:00Z",
    );
}

#[test]
fn nine_stays_nine_when_clocks_change() {
    check(
        "Europe/Zurich",
        "09:00",
        "2027-03-27",
        "2027-03-27T08:00:00Z",
    );
    check(
        "Europe/Zurich",
        "09:00",
        "2027-03-28",
        "2027-03-28T07:00:00Z",
    );
    check(
        "Asia/Kathmandu",
        "09:00",
        "2027-03-28",
        "2027-03-28T03:15:00Z",
    );
    check("UTC", "09:00", "2027-03-28", "2027-03-28T09:00:00Z");
    check(
        "Pacific/Kiritimati",
        "09:00",
        "2027-03-28",
        "2027-03-27T19:00:00Z",
    );
    check(
        "Pacific/Pago_Pago",
        "23:59",
        "2027-03-28",
        "2027-03-29T10:59:00Z",
    );
}

#[test]
fn an_hour_of_downtime_costs_one_late_post() {
    let plan = plan("Europe/Zurich", "09:00");
    let yesterday = last(date(2027, 3, 1), "2027-03-01T08:00:00Z");
    let (day, at) = (date(2027, 3, 2), instant("2027-03-02T08:00:00Z"));
    let post = Step::Post { day, due: at };
    let tomorrow = Some(instant("2027-03-03T08:00:00Z"));
    let asked = |now| due(&plan, now, yesterday);
    assert_eq!(asked(at - SignedDuration::from_nanos(1)).steps, []);
    assert_eq!(asked(at - SignedDuration::from_nanos(1)).next, Some(at));
    for late in [hours(0), hours(1), LATE_MAX] {
        let expected = Due {
            steps: vec![post],
            next: tomorrow,
        };
        assert_eq!(asked(at + late), expected, "{late} late");
    }
    let too_late = asked(at + LATE_MAX + SignedDuration::from_nanos(1));
    assert_eq!(too_late.steps, [skip(day, Skipped::Missed)]);
    assert_eq!(too_late.next, tomorrow);
    // Once it is posted, another start finds nothing to do.
    let done = last(day, "2027-03-02T09:00:00Z");
    assert_eq!(due(&plan, at + hours(1), done).steps, []);
}

#[test]
fn three_days_of_downtime_cost_one_post_at_most() {
    let plan = plan("Europe/Zurich", "09:00");
    let before = last(date(2027, 3, 1), "2027-03-01T08:00:00Z");
    let missed = |day| skip(date(2027, 3, day), Skipped::Missed);
    let in_time = due(&plan, instant("2027-03-04T10:00:00Z"), before);
    let post = Step::Post {
        day: date(2027, 3, 4),
        due: instant("2027-03-04T08:00:00Z"),
    };
    assert_eq!(in_time.steps, [missed(2), missed(3), post]);
    let too_late = due(&plan, instant("2027-03-04T20:00:00Z"), before);
    assert_eq!(too_late.steps, [missed(2), missed(3), missed(4)]);
}

#[test]
fn of_two_slots_in_the_window_the_newest_is_posted() {
    // No real zone brings two slots within six hours. This one puts its clocks forward by twenty,
    // so that four hours lie between nine in the evening of the 9th and of the 10th.
    let zone = TimeZone::posix("AAA0BBB-20,J100/0,J200/0").unwrap();
    let plan = Plan {
        zone,
        ..plan("UTC", "21:00")
    };
    let before = last(date(2027, 4, 8), "2027-04-08T21:00:00Z");
    let both = due(&plan, instant("2027-04-10T02:00:00Z"), before);
    let posts = both.steps.iter().filter(|s| matches!(s, Step::Post { .. }));
    assert_eq!(posts.count(), 1, "{both:?}");
    assert!(
        matches!(both.steps.last(), Some(Step::Post { .. })),
        "{both:?}"
    );
    assert!(
        both.steps
            .contains(&skip(date(2027, 4, 9), Skipped::Missed)),
        "{both:?}"
    );
}

#[test]
fn days_missed_long_ago_are_not_listed() {
    let plan = plan("UTC", "09:00");
    let before = last(date(2026, 1, 1), "2026-01-01T09:00:00Z");
    let steps = due(&plan, instant("2027-03-31T20:00:00Z"), before).steps;
    let oldest = date(2027, 3, 31) - LOOK_BACK_DAYS.days();
    assert_eq!(steps.first(), Some(&skip(oldest, Skipped::Missed)));
    assert_eq!(steps.len(), 32);
}

#[test]
fn slots_before_the_plan_was_made_do_not_exist() {
    let plan = Plan {
        since: instant("2027-03-02T08:30:00Z"),
        ..plan("Europe/Zurich", "09:00")
    };
    let first = instant("2027-03-03T08:00:00Z");
    let expected = Due {
        steps: vec![],
        next: Some(first),
    };
    assert_eq!(due(&plan, instant("2027-03-02T09:00:00Z"), None), expected);
    let made_later = due(&plan, instant("2026-06-01T00:00:00Z"), None);
    assert_eq!(made_later, expected);
    let days: Vec<Date> = slots(&plan, date(2027, 3, 1))
        .take(2)
        .map(|s| s.day)
        .collect();
    assert_eq!(days, [date(2027, 3, 3), date(2027, 3, 4)]);
    let in_time = Plan {
        since: instant("2027-03-02T08:00:00Z"),
        ..plan.clone()
    };
    assert_eq!(due(&in_time, in_time.since, None).steps.len(), 1);
}

#[test]
fn only_the_days_of_the_plan_have_slots() {
    let plan = Plan {
        weekdays: Weekdays::of(&[Weekday::Monday, Weekday::Friday]).unwrap(),
        ..plan("UTC", "09:00")
    };
    let days = slots(&plan, date(2027, 3, 2)).take(3).map(|slot| slot.day);
    let expected = [date(2027, 3, 5), date(2027, 3, 8), date(2027, 3, 12)];
    assert_eq!(days.collect::<Vec<_>>(), expected);
}

#[test]
fn a_change_of_time_brings_no_second_post_on_a_date_and_none_too_soon() {
    let early = plan("UTC", "09:00");
    let late = plan("UTC", "23:00");
    // Posted at nine; now eleven at night is the time: not again today.
    let nine = last(date(2027, 3, 2), "2027-03-02T09:00:00Z");
    assert_eq!(due(&late, instant("2027-03-02T23:30:00Z"), nine).steps, []);
    // Posted at eleven at night; now nine in the morning is: not ten hours later.
    let eleven = last(date(2027, 3, 2), "2027-03-02T23:00:00Z");
    let morning = due(&early, instant("2027-03-03T09:00:00Z"), eleven);
    assert_eq!(morning.steps, [skip(date(2027, 3, 3), Skipped::TooSoon)]);
    assert_eq!(morning.next, Some(instant("2027-03-04T09:00:00Z")));
    let noon = due(
        &plan("UTC", "11:00"),
        instant("2027-03-03T11:00:00Z"),
        eleven,
    );
    assert!(matches!(noon.steps[..], [Step::Post { .. }]), "{noon:?}");
}

#[test]
fn a_change_of_zone_brings_no_post_too_soon() {
    // Nine in Los Angeles, and an organiser who moves to Auckland: nine there is four hours later.
    let posted = last(date(2027, 3, 2), "2027-03-02T17:00:00Z");
    let auckland = plan("Pacific/Auckland", "09:00");
    let steps = due(&auckland, instant("2027-03-02T20:00:00Z"), posted).steps;
    assert_eq!(steps, [skip(date(2027, 3, 3), Skipped::TooSoon)]);
    // And the other way the date has had its slot.
    let posted = last(date(2027, 3, 3), "2027-03-02T20:00:00Z");
    let los_angeles = plan("America/Los_Angeles", "09:00");
    let quiet = due(&los_angeles, instant("2027-03-03T17:00:00Z"), posted);
    assert_eq!(quiet.steps, []);
    assert_eq!(quiet.next, Some(instant("2027-03-04T17:00:00Z")));
}

#[test]
fn times_of_day_are_read_as_people_write_them() {
    assert_eq!(time_of_day("09:00"), Ok(time(9, 0, 0, 0)));
    assert_eq!(time_of_day(" 9:05 "), Ok(time(9, 5, 0, 0)));
    assert_eq!(time_of_day("23:59"), Ok(time(23, 59, 0, 0)));
    for wrong in [
        "", "9", "9am", "24:00", "12:60", "12:5", "-1:00", "+9:00", "009:00", "9:00:00",
    ] {
        let error = time_of_day(wrong).unwrap_err();
        assert!(error.to_string().contains("09:00"), "{error}");
    }
}
