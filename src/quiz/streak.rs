//! Streaks: how many posted days in a row somebody answered.

use jiff::civil::Date;

/// Freezes that a person can hold.
pub const FREEZES_MAX: u32 = 2;
/// Answered days that earn a freeze.
pub const DAYS_PER_FREEZE: u32 = 7;

/// A person's streak. Only days on which a question was posted count: a day that the bot missed
/// breaks nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Streak {
    /// Days answered in a row, until the newest.
    pub current: u32,
    /// The most that it ever was.
    pub best: u32,
    /// Missed days that it survives.
    pub freezes: u32,
    /// Days answered towards the next freeze.
    pub n_toward: u32,
    /// The newest day answered.
    pub last: Option<Date>,
}

impl Streak {
    /// The streak after an answer on `day`, where `n_missed` posted days lie between the newest
    /// answered one and it. An older day, or the same again, changes nothing.
    #[must_use]
    pub fn answered(self, day: Date, n_missed: u32) -> Self {
        if self.last.is_some_and(|last| day <= last) {
            return self;
        }
        let mut next = self;
        if n_missed <= self.freezes {
            next.freezes -= n_missed;
            next.current += 1;
        } else {
            next.current = 1;
            next.n_toward = 0;
        }
        next.n_toward += 1;
        if next.n_toward == DAYS_PER_FREEZE {
            next.n_toward = 0;
            next.freezes = (next.freezes + 1).min(FREEZES_MAX);
        }
        next.best = next.best.max(next.current);
        next.last = Some(day);
        next
    }

    /// How long the streak is where `n_missed` posted days have gone by since its newest.
    #[must_use]
    pub fn now(self, n_missed: u32) -> u32 {
        if n_missed <= self.freezes {
            self.current
        } else {
            0
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(n: i8) -> Date {
        jiff::civil::date(2027, 3, n)
    }

    fn after(days: &[(i8, u32)]) -> Streak {
        days.iter()
            .fold(Streak::default(), |streak, (n, n_missed)| {
                streak.answered(day(*n), *n_missed)
            })
    }

    #[test]
    fn it_grows_by_days_and_not_by_answers() {
        let streak = after(&[(1, 0), (1, 0), (2, 0), (1, 0)]);
        assert_eq!((streak.current, streak.best), (2, 2));
    }

    #[test]
    fn a_missed_day_ends_it_unless_it_is_frozen() {
        assert_eq!(after(&[(1, 0), (2, 0), (4, 1)]).current, 1);
        let seven: Vec<(i8, u32)> = (1..=7).map(|n| (n, 0)).collect();
        let week = after(&seven);
        assert_eq!((week.current, week.freezes, week.n_toward), (7, 1, 0));
        let frozen = week.answered(day(9), 1);
        assert_eq!((frozen.current, frozen.freezes), (8, 0));
        let broken = week.answered(day(10), 2);
        assert_eq!((broken.current, broken.best, broken.freezes), (1, 7, 1));
        assert_eq!((week.now(1), week.now(2)), (7, 0));
    }

    #[test]
    fn two_freezes_are_the_most() {
        let days: Vec<(i8, u32)> = (1..=28).map(|n| (n, 0)).collect();
        assert_eq!(after(&days).freezes, FREEZES_MAX);
    }
}
