//! How old an interaction is, by Discord's clock.
//!
//! Its number says when it was made. Our clock may be wrong, so that time counts only against
//! what Discord's own answers and the youngest interactions of late say the difference is.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use jiff::Timestamp;

/// Where Discord's numbers start, in milliseconds since 1970.
/// <https://docs.discord.com/developers/reference#snowflakes>
const EPOCH_MS: i64 = 1_420_070_400_000;
/// Differences that are remembered, at most, and for how long.
const LAGS_MAX: usize = 64;
const LAGS_FOR: Duration = Duration::from_secs(600);
/// An interaction's token lives fifteen minutes; a number that is further off is no time.
const PLAUSIBLE_MS: i64 = 900_000;

/// The least number that Discord gives at this instant.
pub(super) fn number_at(at: Timestamp) -> u64 {
    let since_ms = at.as_millisecond().saturating_sub(EPOCH_MS);
    u64::try_from(since_ms).unwrap_or_default() << 22
}

/// What is known of the difference between the clocks.
#[derive(Debug)]
pub(super) struct Ages {
    /// Our clock as it stood once, in milliseconds since 1970. It goes on with the steady clock,
    /// so that setting the time does not make everything old.
    clock_ms: i64,
    then: Instant,
    lags_ms: VecDeque<(Instant, i64)>,
}

impl Ages {
    /// Starts from what our clock says now.
    pub(super) fn new(clock: Timestamp, now: Instant) -> Self {
        Self {
            clock_ms: clock.as_millisecond(),
            then: now,
            lags_ms: VecDeque::new(),
        }
    }

    /// How long ago the interaction was made, at least. `date` is what Discord's clock said last,
    /// in whole seconds since 1970, and when. Zero where the number is no time.
    pub(super) fn age(
        &mut self,
        interaction: u64,
        now: Instant,
        date: Option<(i64, Instant)>,
    ) -> Duration {
        let made_ms = i64::try_from(interaction >> 22).unwrap_or_default() + EPOCH_MS;
        let lag_ms = self.ours_ms(now) - made_ms;
        let recent = |at: Instant| now.saturating_duration_since(at) <= LAGS_FOR;
        self.lags_ms.retain(|(at, _)| recent(*at));
        let by_date = date
            .filter(|(_, at)| recent(*at))
            .map(|(date_s, at)| self.ours_ms(at) - date_s * 1_000);
        let known = self
            .lags_ms
            .iter()
            .map(|(_, lag_ms)| *lag_ms)
            .chain(by_date);
        let least_ms = known.min();
        // With nothing to compare with, our clock is taken for right and the first one for new.
        let off_ms = lag_ms - least_ms.unwrap_or(0);
        if off_ms.abs() > PLAUSIBLE_MS {
            return Duration::ZERO;
        }
        let late_ms = least_ms.map_or(0, |_| off_ms);
        if self.lags_ms.len() >= LAGS_MAX {
            self.lags_ms.pop_front();
        }
        self.lags_ms.push_back((now, lag_ms));
        Duration::from_millis(u64::try_from(late_ms).unwrap_or(0))
    }

    fn ours_ms(&self, at: Instant) -> i64 {
        let passed = at.saturating_duration_since(self.then).as_millis();
        self.clock_ms
            .saturating_add(i64::try_from(passed).unwrap_or(i64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLOCK_S: i64 = 1_790_000_000;

    /// Our clock, wrong by so much.
    fn ages(wrong_by_s: i64, then: Instant) -> Ages {
        Ages::new(Timestamp::from_second(CLOCK_S + wrong_by_s).unwrap(), then)
    }

    /// The number of an interaction made so many milliseconds after the test began.
    fn made_at(ms: i64) -> u64 {
        u64::try_from(CLOCK_S * 1_000 + ms - EPOCH_MS).unwrap() << 22
    }

    fn after(then: Instant, ms: u64) -> Instant {
        then + Duration::from_millis(ms)
    }

    #[test]
    fn a_number_tells_its_instant() {
        let at = Timestamp::from_millisecond(CLOCK_S * 1_000 + 7).unwrap();
        assert_eq!(number_at(at), made_at(7));
        assert_eq!(number_at(Timestamp::UNIX_EPOCH), 0);
    }

    #[test]
    fn a_replayed_interaction_is_old_whatever_our_clock_says() {
        for wrong_by_s in [0, 3, 600, -600] {
            let then = Instant::now();
            let mut ages = ages(wrong_by_s, then);
            assert_eq!(ages.age(made_at(0), after(then, 80), None), Duration::ZERO);
            let live = ages.age(made_at(30_000), after(then, 30_100), None);
            assert_eq!(live, Duration::from_millis(20));
            let replayed = ages.age(made_at(30_200), after(then, 36_280), None);
            assert_eq!(replayed, Duration::from_secs(6));
        }
    }

    #[test]
    fn discords_date_judges_the_very_first() {
        let then = Instant::now();
        let date = Some((CLOCK_S, then));
        for wrong_by_s in [0, 600, -600] {
            let mut ages = ages(wrong_by_s, then);
            let old = ages.age(made_at(0), after(then, 9_000), date);
            assert_eq!(old, Duration::from_secs(9), "{wrong_by_s}");
        }
    }

    #[test]
    fn a_number_that_is_no_time_is_not_held_against_anyone() {
        let then = Instant::now();
        let mut ages = ages(0, then);
        for date in [None, Some((CLOCK_S, then))] {
            for number in [0, 1, u64::MAX, made_at(-86_400_000), made_at(86_400_000)] {
                assert_eq!(ages.age(number, after(then, 50), date), Duration::ZERO);
            }
        }
        assert_eq!(ages.age(made_at(0), after(then, 50), None), Duration::ZERO);
    }

    #[test]
    fn an_old_difference_is_forgotten() {
        let then = Instant::now();
        let mut ages = ages(0, then);
        ages.age(made_at(0), then, None);
        let next_day = 86_400_000;
        let drifted = ages.age(made_at(next_day - 4_000), after(then, 86_400_000), None);
        assert_eq!(drifted, Duration::ZERO);
    }
}
