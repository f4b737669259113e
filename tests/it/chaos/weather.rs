//! One failure after the other, and after each a question that must be answered.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::Keeper;
use super::deck::{Card, Deck, Lasts};
use crate::fake::{Event, Interaction};
use crate::kills::{Dice, Storm};

/// From the end of a failure until a question is answered, at most.
const READY_MAX: Duration = Duration::from_secs(60);
/// How long a failure may take to meet somebody and to be over.
const STRIKES_MAX: Duration = Duration::from_secs(300);
/// How long the bot stays away where nobody says for how long.
const A_MINUTE: Duration = Duration::from_secs(60);
/// A long failure takes so long; one may come in each such time, and none at the end.
const LONG: Duration = Duration::from_secs(60);
/// Sessions are lost so seldom that the bot need not wait with the next, which it does after five in
/// five minutes, and that an hour holds fewer than are allowed.
const SESSIONS_MAX: usize = 4;
const SESSIONS_WINDOW: Duration = Duration::from_secs(310);
/// Between two looks.
const LOOK: Duration = Duration::from_millis(50);
/// Between a failure and the next, at most.
const CALM_MAX_MS: u64 = 1_000;

/// What happens to a bot, and what it makes of it.
pub(crate) struct Weather {
    storm: Arc<Storm>,
    keeper: Arc<Keeper>,
    dice: Dice,
    deck: Deck,
    n_long: u32,
    n_sessions_lost: usize,
    /// How often each failure came, and the longest time until a question was answered.
    tally: BTreeMap<String, (usize, Duration)>,
}

impl Weather {
    pub(crate) fn new(storm: Arc<Storm>, keeper: Arc<Keeper>, seed: u64) -> Self {
        Self {
            storm,
            keeper,
            dice: Dice(seed),
            deck: Deck::new(),
            n_long: 0,
            n_sessions_lost: 0,
            tally: BTreeMap::new(),
        }
    }

    /// How many failures took a session away.
    pub(crate) fn n_sessions_lost(&self) -> usize {
        self.n_sessions_lost
    }

    /// Lets one thing after the other fail for so long.
    pub(crate) async fn rage(&mut self, length: Duration) {
        let began = Instant::now();
        self.wait_for_an_answer("the start").await;
        while began.elapsed() < length {
            let card = self.deal(began.elapsed(), length);
            self.n_long += u32::from(card.is_long());
            self.n_sessions_lost += usize::from(matches!(card, Card::Session(_)));
            let name = format!("{card:?}");
            self.strike(card).await;
            let took = self.wait_for_an_answer(&name).await;
            let (n, longest) = self.tally.entry(name).or_default();
            *n += 1;
            *longest = took.max(*longest);
            let calm = Duration::from_millis(self.dice.below(CALM_MAX_MS));
            tokio::time::sleep(calm).await;
        }
    }

    fn deal(&mut self, elapsed: Duration, length: Duration) -> Card {
        let may_be_long = elapsed >= LONG * self.n_long && elapsed + LONG <= length;
        let starts = self.starts();
        let now_ms = self.storm.desk.discord.now_ms();
        let window_ms = i64::try_from(SESSIONS_WINDOW.as_millis()).expect("a small number");
        let of_late = starts.iter().filter(|at| now_ms - **at < window_ms).count();
        let n_bearable = 1 + SESSIONS_MAX + (elapsed.div_duration_f64(SESSIONS_WINDOW)) as usize;
        let may_cost = of_late <= SESSIONS_MAX && starts.len() < n_bearable;
        self.deck.deal(&mut self.dice, |card| {
            (may_be_long || !card.is_long()) && (may_cost || !card.costs_a_session())
        })
    }

    /// When sessions were started.
    fn starts(&self) -> Vec<i64> {
        let events = self.storm.desk.discord.events().into_iter();
        let starts = events.filter(|(_, event)| matches!(event, Event::Identified(_)));
        starts.map(|(at, _)| at).collect()
    }

    /// Lets it happen, and waits until it is over.
    async fn strike(&self, card: Card) {
        let discord = &self.storm.desk.discord;
        match card {
            Card::Line(how) | Card::Session(how) => discord.cut(how),
            Card::Deaf => {
                let n_left = self.n_left();
                discord.set(|gateway| gateway.acknowledges = false);
                self.until("the line was left", || self.n_left() > n_left)
                    .await;
                discord.set(|gateway| gateway.acknowledges = true);
            }
            Card::DeafForLong => {
                let n_restarts = self.keeper.n_restarts();
                discord.set(|gateway| gateway.acknowledges = false);
                let given_up = || self.keeper.n_restarts() > n_restarts;
                self.until("the process gave up", given_up).await;
                discord.set(|gateway| gateway.acknowledges = true);
            }
            Card::Rest(route, fault, lasts) => {
                let n_struck = discord.n_struck();
                let n = match lasts {
                    Lasts::Times(n) => n,
                    Lasts::AMinute | Lasts::During(_) => 1,
                };
                match lasts {
                    Lasts::During(time) => {
                        discord.during(time, route, fault);
                        tokio::time::sleep(time).await;
                        return;
                    }
                    Lasts::Times(_) | Lasts::AMinute => discord.next(n, route, fault),
                }
                let has_struck = || discord.n_struck() >= n_struck + n;
                self.until("it met somebody", has_struck).await;
                if matches!(lasts, Lasts::AMinute) {
                    tokio::time::sleep(A_MINUTE).await;
                }
            }
        }
    }

    /// How many lines the bot has left.
    fn n_left(&self) -> usize {
        let events = self.storm.desk.discord.events().into_iter();
        let left = events.filter(|(_, event)| matches!(event, Event::Left(_)));
        left.count()
    }

    async fn until(&self, what: &str, is_so: impl Fn() -> bool) {
        let began = Instant::now();
        while !is_so() {
            let log = || self.storm.desk.log();
            assert!(began.elapsed() < STRIKES_MAX, "not {what}: {}", log());
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Asks until somebody answers; how long that took.
    async fn wait_for_an_answer(&self, after: &str) -> Duration {
        let began = Instant::now();
        loop {
            let ask = Interaction::slash("ask").option("question", "default visibility timeout");
            let receipt = self
                .storm
                .desk
                .discord
                .interact(&ask.option("private", true));
            let said = self.storm.answer(&receipt).await;
            if said.is_some_and(|said| said.contains("30 seconds")) {
                return began.elapsed();
            }
            let log = || self.storm.desk.log();
            assert!(began.elapsed() < READY_MAX, "away after {after}: {}", log());
            tokio::time::sleep(LOOK).await;
        }
    }
}

impl fmt::Display for Weather {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let n_failures: usize = self.tally.values().map(|(n, _)| n).sum();
        write!(f, "{n_failures} failures of {} kinds", self.tally.len())?;
        for (name, (n, longest)) in &self.tally {
            write!(f, "\n  {n} × {name}: {} ms", longest.as_millis())?;
        }
        Ok(())
    }
}
