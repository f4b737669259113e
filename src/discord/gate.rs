//! The gate before Discord's REST API: how fast calls may pass, and when none may.
//!
//! Nothing here reads a clock or the network: each call is admitted at an instant, and what
//! Discord answered is settled at an instant.

use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

use serde_json::Value;

/// Between two calls of the bot: 42 a second, so that no second holds more than 45 where some are
/// under way longer than others. Discord allows 50.
/// <https://docs.discord.com/developers/topics/rate-limits>
const SPACING: Duration = Duration::from_micros(23_810);
/// The pause where Discord does not say, in a readable way, how long to wait.
const PAUSE_DEFAULT: Duration = Duration::from_secs(60);
/// The pause that is believed, at most.
const PAUSE_MAX: Duration = Duration::from_secs(3_600);
/// Answers 401, 403 and 429 in [`INVALID_WINDOW`] after which no call passes. Discord bans the
/// address at 10,000.
const INVALID_MAX: usize = 2_000;
const INVALID_WINDOW: Duration = Duration::from_secs(600);
/// Routes whose pause is remembered, at most; the oldest news go first.
const ROUTES_MAX: usize = 1_000;

/// Whose call it is: the two are limited apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Caller {
    /// The bot with its token.
    Bot,
    /// An interaction with its own token, outside the bot's limit.
    Interaction,
}

/// Whether a call may pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Admission {
    /// Now.
    Pass,
    /// Ask again then.
    Wait(Instant),
    /// No.
    Shut(Shut),
}

/// Why no call passes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Shut {
    /// Discord refused the token. It stays refused, and asking again counts against us.
    #[error("Discord refused the bot's token")]
    BadToken,
    /// Too many calls were refused; more would get this address banned.
    #[error("too many calls were refused in the last ten minutes")]
    TooManyRefused,
}

/// What Discord answered, as far as the gate cares.
#[derive(Clone, Debug, Default)]
pub(super) struct Verdict<'a> {
    /// The HTTP status.
    pub(super) status: u16,
    /// `Retry-After`.
    pub(super) retry_after: Option<&'a str>,
    /// `X-RateLimit-Scope`.
    pub(super) scope: Option<&'a str>,
    /// Whether `X-RateLimit-Global` is set.
    pub(super) global: bool,
    /// `X-RateLimit-Remaining`.
    pub(super) remaining: Option<&'a str>,
    /// `X-RateLimit-Reset-After`.
    pub(super) reset_after: Option<&'a str>,
    /// The body, where it is JSON.
    pub(super) body: Option<&'a Value>,
}

impl Verdict<'_> {
    /// Whether the call counts against this address.
    /// <https://docs.discord.com/developers/topics/rate-limits#invalid-request-limit-aka-cloudflare-bans>
    pub(super) fn is_invalid(&self) -> bool {
        matches!(self.status, 401 | 403 | 429) && self.scope != Some("shared")
    }

    /// Whether it is the API that speaks, and not the wall before it (error 1015).
    pub(super) fn is_api(&self) -> bool {
        self.body.is_some() || self.scope.is_some() || self.global
    }
}

/// The gate's memory.
#[derive(Debug, Default)]
pub(super) struct Gate {
    /// The bot's next call passes no earlier.
    next: Option<Instant>,
    /// The bot's calls wait until then.
    bot_pause: Option<Instant>,
    /// All calls wait until then: this address is blocked.
    address_pause: Option<Instant>,
    /// Calls of a route wait until then.
    routes: HashMap<String, Instant>,
    /// When calls were refused, within the window.
    refused: VecDeque<Instant>,
    bad_token: bool,
}

impl Gate {
    /// Whether a call on this route may pass at this instant. One that passes is counted.
    pub(super) fn admit(&mut self, now: Instant, caller: Caller, route: &str) -> Admission {
        if self.bad_token && caller == Caller::Bot {
            return Admission::Shut(Shut::BadToken);
        }
        self.forget(now);
        if self.refused.len() >= INVALID_MAX {
            return Admission::Shut(Shut::TooManyRefused);
        }
        let of_bot = match caller {
            Caller::Bot => [self.bot_pause, self.next],
            Caller::Interaction => [None, None],
        };
        let gates = [
            of_bot[0],
            of_bot[1],
            self.address_pause,
            self.routes.get(route).copied(),
        ];
        match gates.into_iter().flatten().max() {
            Some(open) if open > now => Admission::Wait(open),
            _ => {
                if caller == Caller::Bot {
                    // A call that came late does not hold the next one up.
                    let late = self.next.map(|next| now.saturating_duration_since(next));
                    let late = late.unwrap_or_default().min(SPACING / 2);
                    self.next = Some(now + SPACING - late);
                }
                Admission::Pass
            }
        }
    }

    /// Takes note of an answer. Whether the same call may be tried again: it was not heard.
    pub(super) fn settle(
        &mut self,
        now: Instant,
        caller: Caller,
        route: &str,
        verdict: &Verdict<'_>,
    ) -> bool {
        if verdict.is_invalid() {
            self.refused.push_back(now);
        }
        if verdict.status == 401 && caller == Caller::Bot {
            self.bad_token = true;
        }
        if verdict.status != 429 {
            let used_up = verdict.remaining == Some("0");
            if let Some(pause) = verdict.reset_after.and_then(seconds).filter(|_| used_up) {
                self.hold(route, now + pause);
            }
            return false;
        }
        let said = verdict
            .retry_after
            .and_then(seconds)
            .or_else(|| verdict.body.and_then(|body| pause(&body["retry_after"])));
        let until = now + said.unwrap_or(PAUSE_DEFAULT);
        let in_body = verdict.body.is_some_and(|body| body["global"] == true);
        if !verdict.is_api() {
            self.address_pause = self.address_pause.max(Some(until));
        } else if verdict.global || in_body || verdict.scope == Some("global") || said.is_none() {
            self.bot_pause = self.bot_pause.max(Some(until));
        }
        self.hold(route, until);
        true
    }

    /// Whether the token was refused.
    pub(super) fn is_bad_token(&self) -> bool {
        self.bad_token
    }

    fn hold(&mut self, route: &str, until: Instant) {
        if self.routes.len() >= ROUTES_MAX {
            let earliest = self.routes.iter().min_by_key(|(_, until)| **until);
            if let Some(route) = earliest.map(|(route, _)| route.clone()) {
                self.routes.remove(&route);
            }
        }
        self.routes.insert(route.to_owned(), until);
    }

    fn forget(&mut self, now: Instant) {
        self.routes.retain(|_, until| *until > now);
        while let Some(oldest) = self.refused.front()
            && now.duration_since(*oldest) >= INVALID_WINDOW
        {
            self.refused.pop_front();
        }
    }
}

fn pause(value: &Value) -> Option<Duration> {
    believable(value.as_f64()?)
}

fn seconds(text: &str) -> Option<Duration> {
    believable(text.trim().parse().ok()?)
}

fn believable(seconds: f64) -> Option<Duration> {
    (seconds.is_finite() && seconds >= 0.0)
        .then(|| Duration::from_secs_f64(seconds.min(PAUSE_MAX.as_secs_f64())))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn passes(gate: &mut Gate, now: Instant, caller: Caller, route: &str) -> bool {
        gate.admit(now, caller, route) == Admission::Pass
    }

    #[test]
    fn the_bot_calls_at_most_45_times_a_second_and_interactions_are_not_held() {
        let (mut gate, start) = (Gate::default(), Instant::now());
        let n_passed = (0..1_000)
            .filter(|ms| {
                let now = start + Duration::from_millis(*ms);
                passes(&mut gate, now, Caller::Bot, "a")
            })
            .count();
        assert!((40..=45).contains(&n_passed), "{n_passed}");
        for n in 0..100 {
            assert!(passes(
                &mut gate,
                start,
                Caller::Interaction,
                &n.to_string()
            ));
        }
    }

    #[test]
    fn calls_that_wake_late_are_still_forty_a_second() {
        let (mut gate, start) = (Gate::default(), Instant::now());
        let mut now = start;
        let mut n_passed = 0;
        while now < start + SECOND {
            match gate.admit(now, Caller::Bot, "a") {
                Admission::Pass => n_passed += 1,
                Admission::Wait(until) => now = until + Duration::from_millis(5),
                Admission::Shut(_) => unreachable!(),
            }
        }
        assert!((40..=43).contains(&n_passed), "{n_passed}");
    }

    #[test]
    fn a_global_limit_holds_every_route_of_the_bot_back() {
        let body = json!({ "retry_after": 3.0, "global": true });
        for verdict in [
            Verdict {
                status: 429,
                retry_after: Some("3"),
                global: true,
                body: Some(&json!({})),
                ..Verdict::default()
            },
            Verdict {
                status: 429,
                body: Some(&body),
                ..Verdict::default()
            },
            Verdict {
                status: 429,
                retry_after: Some("3"),
                scope: Some("global"),
                body: Some(&json!({})),
                ..Verdict::default()
            },
        ] {
            let (mut gate, now) = (Gate::default(), Instant::now());
            assert!(gate.settle(now, Caller::Bot, "a", &verdict));
            let soon = now + 2 * SECOND;
            let then = now + 3 * SECOND;
            assert_eq!(
                gate.admit(soon, Caller::Bot, "b"),
                Admission::Wait(now + 3 * SECOND)
            );
            assert!(passes(&mut gate, soon, Caller::Interaction, "c"));
            assert!(passes(&mut gate, then, Caller::Bot, "b"));
        }
    }

    #[test]
    fn a_routes_limit_holds_that_route_back_alone() {
        let (mut gate, now) = (Gate::default(), Instant::now());
        let verdict = Verdict {
            status: 429,
            retry_after: Some("2"),
            body: Some(&json!({})),
            ..Verdict::default()
        };
        assert!(gate.settle(now, Caller::Bot, "a", &verdict));
        assert_eq!(
            gate.admit(now, Caller::Bot, "a"),
            Admission::Wait(now + 2 * SECOND)
        );
        assert!(passes(&mut gate, now, Caller::Bot, "b"));
        assert!(passes(&mut gate, now + 2 * SECOND, Caller::Bot, "a"));
    }

    #[test]
    fn a_used_up_route_waits_before_it_is_refused() {
        let (mut gate, now) = (Gate::default(), Instant::now());
        let verdict = Verdict {
            status: 200,
            remaining: Some("0"),
            reset_after: Some("1.5"),
            ..Verdict::default()
        };
        assert!(!gate.settle(now, Caller::Bot, "a", &verdict));
        assert_eq!(
            gate.admit(now + SECOND, Caller::Bot, "a"),
            Admission::Wait(now + SECOND * 3 / 2)
        );
    }

    #[test]
    fn where_discord_does_not_say_how_long_a_minute_is_waited() {
        for retry_after in [None, Some("soon"), Some("-1"), Some("NaN"), Some("inf")] {
            let (mut gate, now) = (Gate::default(), Instant::now());
            let verdict = Verdict {
                status: 429,
                retry_after,
                body: Some(&json!({})),
                ..Verdict::default()
            };
            assert!(gate.settle(now, Caller::Bot, "a", &verdict));
            assert_eq!(
                gate.admit(now, Caller::Bot, "b"),
                Admission::Wait(now + PAUSE_DEFAULT)
            );
        }
    }

    #[test]
    fn a_wall_before_the_api_holds_everything_back() {
        let (mut gate, now) = (Gate::default(), Instant::now());
        let html = Verdict {
            status: 429,
            ..Verdict::default()
        };
        assert!(gate.settle(now, Caller::Bot, "a", &html));
        for caller in [Caller::Bot, Caller::Interaction] {
            let later = gate.admit(now + SECOND, caller, "other");
            assert_eq!(later, Admission::Wait(now + PAUSE_DEFAULT));
        }
    }

    #[test]
    fn a_refused_token_shuts_the_bot_out_for_good_and_a_stale_interaction_does_not() {
        let (mut gate, now) = (Gate::default(), Instant::now());
        let refused = Verdict {
            status: 401,
            body: Some(&json!({})),
            ..Verdict::default()
        };
        gate.settle(now, Caller::Interaction, "a", &refused);
        assert!(!gate.is_bad_token());
        gate.settle(now, Caller::Bot, "a", &refused);
        assert!(gate.is_bad_token());
        let later = gate.admit(now + 3_600 * SECOND, Caller::Bot, "b");
        assert_eq!(later, Admission::Shut(Shut::BadToken));
    }

    #[test]
    fn after_two_thousand_refusals_nothing_passes_for_ten_minutes() {
        let (mut gate, now) = (Gate::default(), Instant::now());
        let refused = Verdict {
            status: 403,
            ..Verdict::default()
        };
        let shared = Verdict {
            status: 429,
            scope: Some("shared"),
            retry_after: Some("0"),
            body: Some(&json!({})),
            ..Verdict::default()
        };
        for n in 0..2_000 {
            assert!(passes(&mut gate, now, Caller::Interaction, "b"), "{n}");
            gate.settle(now, Caller::Bot, "a", &refused);
            gate.settle(now, Caller::Bot, "shared", &shared);
        }
        let shut = Admission::Shut(Shut::TooManyRefused);
        assert_eq!(gate.admit(now, Caller::Interaction, "b"), shut);
        assert_eq!(gate.admit(now + 599 * SECOND, Caller::Bot, "b"), shut);
        assert!(passes(&mut gate, now + 600 * SECOND, Caller::Bot, "b"));
    }

    #[test]
    fn the_memory_of_routes_is_bounded() {
        let (mut gate, now) = (Gate::default(), Instant::now());
        let verdict = Verdict {
            status: 429,
            retry_after: Some("60"),
            body: Some(&json!({})),
            ..Verdict::default()
        };
        for n in 0..3 * ROUTES_MAX {
            gate.settle(now, Caller::Interaction, &n.to_string(), &verdict);
        }
        assert!(gate.routes.len() <= ROUTES_MAX);
    }
}
