//! How often a new session may be started. Discord counts a thousand a day, and takes the token
//! away from a bot that starts more.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// New sessions in [`WINDOW`] that need no pause; with each shard more, two more.
const STARTS_MAX: usize = 5;
const WINDOW: Duration = Duration::from_secs(300);
/// New sessions that Discord still allows, below which each needs a pause.
const REMAINING_MIN: u32 = 50;
/// Between two new sessions.
/// <https://docs.discord.com/developers/events/gateway#rate-limiting>
const SPACING: Duration = Duration::from_secs(5);
/// The pauses double from the first to the last.
const PAUSE_MIN: Duration = Duration::from_secs(30);
const PAUSE_MAX: Duration = Duration::from_secs(1_800);

/// The sessions started of late.
#[derive(Debug, Default)]
pub(super) struct Budget {
    /// Shards besides the first: each needs a session, and may lose it when the others do.
    n_more: usize,
    starts: VecDeque<Instant>,
    /// The pause before the last session, until a session has lasted.
    last_pause: Option<Duration>,
}

impl Budget {
    /// That of a process that keeps so many shards.
    pub(super) fn new(n_shards: usize) -> Self {
        Self {
            n_more: n_shards.saturating_sub(1),
            ..Self::default()
        }
    }

    /// How long to wait before the next session is started, of which Discord allows `remaining`
    /// until its count starts again after `reset_after`.
    pub(super) fn pause(
        &mut self,
        now: Instant,
        remaining: u32,
        reset_after: Duration,
    ) -> Duration {
        let was_quiet = |last: &Instant| now.duration_since(*last) >= WINDOW;
        if self.starts.back().is_none_or(was_quiet) {
            self.last_pause = None;
        }
        while let Some(oldest) = self.starts.front()
            && now.duration_since(*oldest) >= WINDOW
        {
            self.starts.pop_front();
        }
        let is_calm = self.starts.len() < STARTS_MAX + 2 * self.n_more && self.last_pause.is_none();
        if is_calm && remaining >= REMAINING_MIN {
            let next = self.starts.back().map(|last| *last + SPACING);
            return next.map_or(Duration::ZERO, |next| next.saturating_duration_since(now));
        }
        let pause = self
            .last_pause
            .map_or(PAUSE_MIN, |last| (last * 2).min(PAUSE_MAX));
        self.last_pause = Some(pause);
        match remaining {
            0 => pause.max(reset_after),
            _ => pause,
        }
    }

    /// A session is started now.
    pub(super) fn start(&mut self, now: Instant) {
        self.starts.push_back(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLENTY: u32 = 900;

    /// Starts sessions one after the other, each lost at once, and says when.
    fn starts(n_starts: usize, remaining: u32) -> Vec<u64> {
        let mut budget = Budget::default();
        let begin = Instant::now();
        let mut now = begin;
        (0..n_starts)
            .map(|_| {
                now += budget.pause(now, remaining, Duration::ZERO);
                budget.start(now);
                now.duration_since(begin).as_secs()
            })
            .collect()
    }

    #[test]
    fn the_first_sessions_start_five_seconds_apart() {
        assert_eq!(starts(5, PLENTY), [0, 5, 10, 15, 20]);
    }

    #[test]
    fn a_loop_of_lost_sessions_slows_down() {
        let n_in_first_hour = starts(40, PLENTY)
            .into_iter()
            .filter(|at| *at < 3_600)
            .count();
        assert!(n_in_first_hour <= 20, "{n_in_first_hour}");
        let day = 86_400;
        let n_in_first_day = starts(1_100, PLENTY)
            .into_iter()
            .filter(|at| *at < day)
            .count();
        assert!(n_in_first_day < 500, "{n_in_first_day}");
    }

    #[test]
    fn where_few_are_left_each_waits_longer_up_to_half_an_hour() {
        let at = starts(10, 49);
        let pauses: Vec<u64> = at.windows(2).map(|pair| pair[1] - pair[0]).collect();
        assert_eq!(at[0], 30);
        assert_eq!(pauses, [60, 120, 240, 480, 960, 1_800, 1_800, 1_800, 1_800]);
    }

    #[test]
    fn where_none_is_left_the_count_must_start_again() {
        let day = Duration::from_secs(86_400);
        assert_eq!(Budget::default().pause(Instant::now(), 0, day), day);
    }

    #[test]
    fn after_quiet_minutes_the_pauses_are_forgotten() {
        let mut budget = Budget::default();
        let now = Instant::now();
        for _ in 0..STARTS_MAX {
            budget.start(now);
        }
        assert_eq!(budget.pause(now, PLENTY, Duration::ZERO), PAUSE_MIN);
        let later = now + WINDOW;
        assert_eq!(budget.pause(later, PLENTY, Duration::ZERO), Duration::ZERO);
    }
}
