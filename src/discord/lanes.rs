//! How many of the bot's calls may be under way at once: few at first, so that a limit which the
//! first of them finds is not met by many, and more as long as all goes well.

use std::time::{Duration, Instant};

/// Calls under way at once to begin with: so many can still meet a limit that one of them has just
/// found.
pub(super) const LANES_MIN: usize = 2;
/// Calls under way at once, at most: where an answer takes a quarter of a second, 45 a second.
const LANES_MAX: usize = 12;
/// After so long without an answer it begins anew.
const QUIET: Duration = Duration::from_secs(5);

/// The lanes that are open.
#[derive(Debug)]
pub(super) struct Lanes {
    n_open: usize,
    /// When the last answer came.
    last: Option<Instant>,
}

impl Default for Lanes {
    fn default() -> Self {
        Self {
            n_open: LANES_MIN,
            last: None,
        }
    }
}

impl Lanes {
    /// A call is about to be made. How many may be under way.
    pub(super) fn begin(&mut self, now: Instant) -> usize {
        let is_quiet = |last: Instant| now.saturating_duration_since(last) >= QUIET;
        if self.last.is_some_and(is_quiet) {
            *self = Self::default();
        }
        self.n_open
    }

    /// An answer came; it went well, or did not. How many may be under way now.
    pub(super) fn settle(&mut self, now: Instant, went_well: bool) -> usize {
        self.last = Some(now);
        self.n_open = match went_well {
            true => (self.n_open + 1).min(LANES_MAX),
            false => LANES_MIN,
        };
        self.n_open
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lanes_open_while_all_goes_well_and_close_at_once() {
        let (mut lanes, now) = (Lanes::default(), Instant::now());
        assert_eq!(lanes.begin(now), LANES_MIN);
        let open: Vec<usize> = (0..12).map(|_| lanes.settle(now, true)).collect();
        assert_eq!(open, [3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 12, 12]);
        assert_eq!(lanes.settle(now, false), LANES_MIN);
    }

    #[test]
    fn after_a_quiet_time_it_begins_anew() {
        let (mut lanes, now) = (Lanes::default(), Instant::now());
        lanes.settle(now, true);
        assert_eq!(lanes.begin(now + QUIET / 2), LANES_MIN + 1);
        assert_eq!(lanes.begin(now + QUIET), LANES_MIN);
    }
}
