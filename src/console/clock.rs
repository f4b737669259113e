//! The terminal's clock: what it shows, and how far somebody lets it go on.

use jiff::civil::Weekday;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use crate::quiz::schedule::time_of_day;

/// How far time goes on by one line, at most.
const WAIT_MAX: SignedDuration = SignedDuration::from_hours(366 * 24);

/// An instant as in "Mon 2 Mar 09:00 UTC".
pub(super) fn stamp(at: Timestamp) -> String {
    at.strftime("%a %-d %b %H:%M UTC").to_string()
}

/// The instant that `2h`, `1d 30m` or `until 09:00` means.
pub(super) fn wait(rest: &str, now: Timestamp) -> Option<Timestamp> {
    if let Some(time) = rest.strip_prefix("until ") {
        let time = time_of_day(time).ok()?;
        let today = now.to_zoned(TimeZone::UTC).date();
        let at = |day: jiff::civil::Date| TimeZone::UTC.to_timestamp(day.to_datetime(time)).ok();
        return at(today)
            .filter(|at| *at > now)
            .or_else(|| at(today.tomorrow().ok()?));
    }
    let mut all = SignedDuration::ZERO;
    let mut rest = rest.trim();
    while !rest.is_empty() {
        let (n, after) = rest.split_at(rest.find(|c: char| !c.is_ascii_digit())?);
        let n: i64 = n.parse().ok().filter(|n| *n <= WAIT_MAX.as_secs())?;
        let mut chars = after.chars();
        let unit_secs = match chars.next()? {
            's' => 1,
            'm' => 60,
            'h' => 60 * 60,
            'd' => 24 * 60 * 60,
            'w' => 7 * 24 * 60 * 60,
            _ => return None,
        };
        all = all.checked_add(SignedDuration::from_secs(n * unit_secs))?;
        rest = chars.as_str().trim_start();
    }
    let fits = all.is_positive() && all <= WAIT_MAX;
    fits.then(|| now.checked_add(all).ok()).flatten()
}

/// The next full hour.
pub(super) fn next_hour(now: Timestamp) -> Timestamp {
    let hour = 60 * 60;
    let next = (now.as_second().div_euclid(hour) + 1) * hour;
    Timestamp::from_second(next).unwrap_or(Timestamp::MAX)
}

/// The beginning of a week: now, or the first one to come.
pub(super) fn next_monday(now: Timestamp) -> Timestamp {
    let mut at = Timestamp::from_second(now.as_second()).unwrap_or(now);
    loop {
        let local = at.to_zoned(TimeZone::UTC);
        let is_midnight = local.time() == jiff::civil::Time::midnight();
        if at == Timestamp::MAX || at >= now && is_midnight && local.weekday() == Weekday::Monday {
            return at;
        }
        at = next_hour(at);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().expect("an instant")
    }

    #[test]
    fn time_goes_on_as_far_as_somebody_says() {
        let now = at("2026-03-02T09:00:05Z");
        let check = |rest: &str, then: Option<&str>| {
            assert_eq!(wait(rest, now), then.map(at), "{rest}");
        };
        check("2h", Some("2026-03-02T11:00:05Z"));
        check("1d 30m", Some("2026-03-03T09:30:05Z"));
        check("1w2s", Some("2026-03-09T09:00:07Z"));
        check("until 09:00", Some("2026-03-03T09:00:00Z"));
        check("until 09:01", Some("2026-03-02T09:01:00Z"));
        for rest in [
            "",
            "2",
            "h",
            "2 h",
            "0s",
            "367d",
            "-1h",
            "until 25:00",
            "99999999999999999999d",
        ] {
            check(rest, None);
        }
    }

    #[test]
    fn weeks_begin_on_mondays() {
        let check = |now: &str, monday: &str| assert_eq!(next_monday(at(now)), at(monday));
        check("2026-03-02T00:00:00Z", "2026-03-02T00:00:00Z");
        check("2026-03-02T00:00:00.001Z", "2026-03-09T00:00:00Z");
        check("2026-03-07T22:10:00Z", "2026-03-09T00:00:00Z");
        assert_eq!(stamp(at("2026-03-02T09:00:05Z")), "Mon 2 Mar 09:00 UTC");
    }
}
