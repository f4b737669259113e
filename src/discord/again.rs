//! When the gateway is dialled again: at once after a line that was cut, ever later after lines
//! that fail.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// Before another line after two in a row that failed; it doubles up to the last.
const AGAIN_MIN: Duration = Duration::from_secs(1);
const AGAIN_MAX: Duration = Duration::from_secs(30);
/// Lines that may end within [`ENDS_WINDOW`] before the next waits.
const ENDS_MAX: usize = 10;
const ENDS_WINDOW: Duration = Duration::from_secs(60);
const AGAIN_RESTLESS: Duration = Duration::from_secs(10);
/// When to dial again.
#[derive(Debug, Default)]
pub(super) struct Again {
    /// Lines in a row that could not be dialled, or on which Discord did not take us in.
    n_failed: u32,
    /// When lines on which it did have ended of late.
    ends: VecDeque<Instant>,
}

impl Again {
    /// No line was to be had.
    pub(super) fn failed(&mut self) {
        self.n_failed = self.n_failed.saturating_add(1);
    }

    /// A line ended, on which Discord had taken us in.
    pub(super) fn ended(&mut self, now: Instant) {
        self.n_failed = 0;
        self.ends.push_back(now);
        if self.ends.len() > ENDS_MAX {
            self.ends.pop_front();
        }
    }

    /// How long to wait before the next.
    pub(super) fn wait(&self, now: Instant) -> Duration {
        let is_restless = self.ends.len() >= ENDS_MAX
            && self
                .ends
                .front()
                .is_some_and(|first| now.duration_since(*first) < ENDS_WINDOW);
        match self.n_failed {
            0 | 1 if is_restless => AGAIN_RESTLESS,
            0 | 1 => Duration::ZERO,
            n => (AGAIN_MIN * 2_u32.saturating_pow(n - 2)).min(AGAIN_MAX),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_waits_after_failed_lines_grow_to_half_a_minute() {
        let mut again = Again::default();
        let now = Instant::now();
        let waits: Vec<u64> = (0..9)
            .map(|_| {
                let wait = again.wait(now).as_secs();
                again.failed();
                wait
            })
            .collect();
        assert_eq!(waits, [0, 0, 1, 2, 4, 8, 16, 30, 30]);
        again.ended(now);
        assert_eq!(again.wait(now), Duration::ZERO);
    }

    #[test]
    fn lines_that_end_again_and_again_are_dialled_less_often() {
        let mut again = Again::default();
        let start = Instant::now();
        for n in 0..10 {
            assert_eq!(again.wait(start), Duration::ZERO);
            again.ended(start + Duration::from_secs(n));
        }
        assert_eq!(again.wait(start + Duration::from_secs(10)), AGAIN_RESTLESS);
        assert_eq!(again.wait(start + Duration::from_secs(60)), Duration::ZERO);
    }
}
