//! How often a new session may be started: at most twenty an hour. Discord counts a thousand a day, and
//! takes the token away from a bot that starts more.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// New sessions in [`WINDOW`] that need no pause; with each shard more, two more.
const STARTS_MAX: usize = 5;
const WINDOW: Duration = Duration::from_secs(300);
/// New sessions in [`HOUR`], for each shard. Starts are counted a little before Discord hears of them,
/// and clocks are set: a minute more makes sure of the hour.
const HOUR_MAX: usize = 20;
const HOUR: Duration = Duration::from_secs(3_660);
/// New sessions that Discord still allows, below which each needs a pause.
const REMAINING_MIN: u32 = 50;
/// Between two new sessions.
/// <https://docs.discord.com/developers/events/gateway#rate-limiting>
const SPACING: Duration = Duration::from_secs(5);
/// The pauses double from the first to the last.
const PAUSE_MIN: Duration = Duration::from_secs(30);
const PAUSE_MAX: Duration = Duration::from_secs(1_800);

/// A session was started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Start {
    /// When.
    pub(super) at: Instant,
    /// The pause that it needed after the one before, if any.
    pub(super) pause: Option<Duration>,
}

/// The sessions started of late, by this process and those before it.
#[derive(Debug, Default)]
pub(super) struct Budget {
    /// Shards besides the first: each needs a session, and may lose it when the others do.
    n_more: usize,
    /// The last ones, in their order; no more than [`HOUR`] allows.
    starts: VecDeque<Start>,
    /// The pause that the next one needs, if any.
    next_pause: Option<Duration>,
}

impl Budget {
    /// That of a process that keeps so many shards, where these sessions were started before.
    pub(super) fn new(n_shards: usize, starts: Vec<Start>) -> Self {
        let mut budget = Self {
            n_more: n_shards.saturating_sub(1),
            starts: starts.into(),
            next_pause: None,
        };
        budget.forget();
        budget
    }

    /// How long to wait before the next session is started, of which Discord allows `remaining`
    /// until its count starts again after `reset_after`.
    pub(super) fn pause(
        &mut self,
        now: Instant,
        remaining: u32,
        reset_after: Duration,
    ) -> Duration {
        let ago = |start: &Start| now.saturating_duration_since(start.at);
        let n_of_late = self.starts.iter().filter(|start| ago(start) < WINDOW);
        let is_calm = n_of_late.count() < STARTS_MAX + 2 * self.n_more;
        let is_short = remaining < REMAINING_MIN;
        let last = self.starts.back();
        // Until a session has lasted, each pause is longer than the one before.
        let last_pause = last
            .filter(|last| ago(last) < WINDOW)
            .and_then(|last| last.pause);
        self.next_pause = match last_pause {
            None if is_calm && !is_short => None,
            None => Some(PAUSE_MIN),
            Some(last) => Some(last.saturating_mul(2).min(PAUSE_MAX)),
        };
        let after = |start: Option<&Start>, time: Duration| {
            start.map_or(Duration::ZERO, |start| time.saturating_sub(ago(start)))
        };
        let n_spare = self.hour_max().checked_sub(self.starts.len());
        let pause = after(last, self.next_pause.unwrap_or(SPACING)).max(match n_spare {
            None | Some(0) => after(self.starts.front(), HOUR),
            Some(_) => Duration::ZERO,
        });
        match (remaining, self.next_pause) {
            (0, next) => pause.max(next.unwrap_or_default()).max(reset_after),
            (_, Some(next)) if is_short => pause.max(next),
            _ => pause,
        }
    }

    /// A session is started now.
    pub(super) fn start(&mut self, now: Instant) {
        let pause = self.next_pause.take();
        self.starts.push_back(Start { at: now, pause });
        self.forget();
    }

    /// The last sessions, in the order in which they were started.
    pub(super) fn starts(&self) -> Vec<Start> {
        self.starts.iter().copied().collect()
    }

    fn hour_max(&self) -> usize {
        HOUR_MAX * (1 + self.n_more)
    }

    fn forget(&mut self) {
        let n_old = self.starts.len().saturating_sub(self.hour_max());
        self.starts.drain(..n_old);
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
    fn sessions_that_last_a_little_are_twenty_an_hour_at_most() {
        let mut budget = Budget::default();
        let begin = Instant::now();
        let mut now = begin;
        let mut at = Vec::new();
        // More than a minute each: never five in five minutes.
        while now < begin + 3 * HOUR {
            now += budget.pause(now, PLENTY, Duration::ZERO);
            budget.start(now);
            at.push(now);
            now += Duration::from_secs(97);
        }
        assert_eq!(at[19] - at[0], 19 * Duration::from_secs(97));
        for (n, first) in at.iter().enumerate().take(at.len() - HOUR_MAX) {
            assert!(at[n + HOUR_MAX] - *first >= HOUR, "{n}");
        }
    }

    #[test]
    fn each_shard_has_sessions_of_its_own() {
        let now = Instant::now() + HOUR;
        let start = |n: u32| Start {
            at: now - n * Duration::from_secs(60),
            pause: None,
        };
        let starts: Vec<_> = (1..=39).rev().map(start).collect();
        let pause =
            |n_shards, starts| Budget::new(n_shards, starts).pause(now, PLENTY, Duration::ZERO);
        assert_eq!(pause(2, starts.clone()), Duration::ZERO);
        assert_eq!(pause(1, starts), HOUR - 20 * Duration::from_secs(60));
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
