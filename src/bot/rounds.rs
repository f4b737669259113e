//! What the bot does by itself: rounds are posted when they fall due, and revealed when they close.
//!
//! Every step is claimed in the store before it is taken in the chat, and may be taken twice
//! without harm, so that a crash between any two leaves what the next look finishes.

use std::sync::Arc;

use futures_util::{StreamExt, stream};
use jiff::{SignedDuration, Timestamp};
use tracing::{error, info, warn};

use super::{Bot, Clock};
use crate::chat::{Chat, KEY_MAX, Message, PostError, Refusal, THREAD_MAX, Trace};
use crate::meters;
use crate::quiz::grade::Choices;
use crate::quiz::schedule::{self, LATE_MAX, Plan, Skipped, Step};
use crate::quiz::{Bank, Question, bag, zones};
use crate::scores::By;
use crate::scores::database::StoreError;
use crate::scores::round::{Asks, Lease, NewRound, Round, RoundId, RoundState};
use crate::scores::schedules::{Schedule, ScheduleState};
use crate::wording;

/// How long a round is held by whoever works on it.
const LEASE: SignedDuration = SignedDuration::from_secs(60);
/// How long after the first try the chat is trusted to know the key of a post again. Discord says
/// "the past few minutes"; this is half of the shortest reading of that.
/// <https://docs.discord.com/developers/resources/message#create-message>
pub(super) const KEY_KNOWN: SignedDuration = SignedDuration::from_secs(60);
/// Before something that the chat could not take is tried again.
const TRY_AGAIN: SignedDuration = SignedDuration::from_secs(5);
/// Rounds that are worked on at once.
const AT_ONCE: usize = 16;
/// Between two looks at rounds while something else takes long.
const LOOK_EVERY: SignedDuration = SignedDuration::from_secs(1);
/// Days with new questions left below which the organiser is told.
const LOW_WATER: usize = 7;

/// What is to be done to a server's rounds.
enum Task {
    /// A day of a schedule has come.
    Post(Box<Schedule>, Step),
    /// A round needs somebody.
    Take(Box<Round>),
}

/// A turn of doing what has fallen due. Rounds go before all else, also where that takes long.
pub(super) struct Turn<'a> {
    goes_on: &'a (dyn Fn() -> bool + Send + Sync),
    /// When rounds were looked at last.
    looked_at: Timestamp,
    /// When the next one falls due.
    next: Option<Timestamp>,
}

impl Bot {
    /// Lets rounds that an earlier process of the same name held be taken at once. For a process
    /// that knows that it is the only one of its name.
    ///
    /// # Errors
    /// The store fails.
    pub fn take_up(&self, now: Timestamp) -> Result<(), StoreError> {
        self.scores.release(&self.owner, now)
    }

    /// Does all that has fallen due, and says when to look again. What fails is logged and tried
    /// at a later look.
    pub async fn tick<C: Chat>(&self, chat: &C, clock: &Clock) -> Option<Timestamp> {
        self.tick_while(chat, clock, &|| true).await
    }

    /// The same, but that it begins nothing more once `goes_on` says no.
    pub async fn tick_while<C: Chat>(
        &self,
        chat: &C,
        clock: &Clock,
        goes_on: &(dyn Fn() -> bool + Send + Sync),
    ) -> Option<Timestamp> {
        let mut turn = Turn {
            goes_on,
            looked_at: clock(),
            next: None,
        };
        if !self.do_rounds(chat, clock, &mut turn).await {
            return None;
        }
        if goes_on() {
            self.now_and_then(chat, clock, &mut turn).await;
        }
        let wakes = self.scores.wakes_next().ok().flatten();
        turn.next.into_iter().chain(wakes).min()
    }

    /// Does rounds first where nobody looked at them for a while: between any two of many things that
    /// take a call each. Whether the next may be begun.
    pub(super) async fn rounds_first<C: Chat>(
        &self,
        chat: &C,
        clock: &Clock,
        turn: &mut Turn<'_>,
    ) -> bool {
        let is_time = clock().duration_since(turn.looked_at).abs() >= LOOK_EVERY;
        (turn.goes_on)() && (!is_time || self.do_rounds(chat, clock, turn).await)
    }

    /// Does what has fallen due of rounds. Whether that could be found.
    async fn do_rounds<C: Chat>(&self, chat: &C, clock: &Clock, turn: &mut Turn<'_>) -> bool {
        turn.looked_at = clock();
        let (tasks, next) = match self.tasks(turn.looked_at) {
            Ok(tasks) => tasks,
            Err(error) => {
                failed("what is due cannot be found", &error);
                return false;
            }
        };
        turn.next = next;
        stream::iter(tasks.into_iter().take_while(|_| (turn.goes_on)()))
            .for_each_concurrent(AT_ONCE, |task| async move {
                let done = match task {
                    Task::Post(schedule, step) => self.post_day(chat, clock, &schedule, step).await,
                    Task::Take(round) => self.go_on(chat, clock, &round).await,
                };
                if let Err(error) = done {
                    failed("a round could not go on", &error);
                }
            })
            .await;
        true
    }

    fn tasks(&self, now: Timestamp) -> Result<(Vec<Task>, Option<Timestamp>), StoreError> {
        let mut tasks = Vec::new();
        let mut next: Option<Timestamp> = None;
        for (schedule, last) in self.scores.active()? {
            let Some(plan) = plan(&schedule) else {
                warn!(schedule.id = schedule.id.0, schedule.zone, "no such zone");
                continue;
            };
            let due = schedule::due(&plan, now, last);
            next = next.into_iter().chain(due.next).min();
            let steps = due.steps.into_iter();
            tasks.extend(steps.map(|step| Task::Post(Box::new(schedule.clone()), step)));
        }
        let waking = self.scores.waking(now)?.into_iter();
        tasks.extend(waking.map(|round| Task::Take(Box::new(round))));
        Ok((tasks, next))
    }

    async fn post_day<C: Chat>(
        &self,
        chat: &C,
        clock: &Clock,
        schedule: &Schedule,
        step: Step,
    ) -> Result<(), StoreError> {
        let id = self.round_id(schedule, step.day().to_string(), 0);
        let (day, due) = match step {
            Step::Post { day, due } => (day, due),
            Step::Skip { day, why } => {
                let reason = match why {
                    Skipped::Missed => "missed",
                    Skipped::NoSuchTime => "no such time",
                    Skipped::TooSoon => "too soon",
                };
                let (schedule, guild, now) = (schedule.id, schedule.guild, clock());
                if self.scores.skip(id, schedule, guild, day, now, reason)? {
                    info!(schedule.id = schedule.0, quiz.day = %day, reason, "no round on this day");
                    meters::round(RoundState::Skipped.name());
                }
                return Ok(());
            }
        };
        let Some(bank) = self.bank() else {
            warn!(
                schedule.id = schedule.id.0,
                "there are no questions to post"
            );
            return Ok(());
        };
        let Some(question) = self.next_question(&bank, schedule, day)? else {
            warn!(schedule.id = schedule.id.0, "no question fits the schedule");
            return Ok(());
        };
        let round = NewRound {
            due_at: due,
            ..self.new_round(schedule, question, id, day)
        };
        if let Some(round) = self.scores.claim(round, self.lease(clock()))? {
            self.post(chat, clock, &round).await?;
            self.tell_low(chat, &bank, schedule, &round).await?;
        }
        Ok(())
    }

    /// Takes a round whose time has come, and does what is next.
    async fn go_on<C: Chat>(
        &self,
        chat: &C,
        clock: &Clock,
        round: &Round,
    ) -> Result<(), StoreError> {
        let Some(round) = self.scores.take(round, self.lease(clock()))? else {
            return Ok(());
        };
        match round.state {
            RoundState::Posting => self.post_again(chat, clock, &round).await,
            RoundState::Closing => self.reveal(chat, clock, &round).await,
            RoundState::Open
            | RoundState::Closed
            | RoundState::Failed
            | RoundState::Uncertain
            | RoundState::Skipped => Ok(()),
        }
    }

    /// Posts a round of which it is not known whether it was posted.
    async fn post_again<C: Chat>(
        &self,
        chat: &C,
        clock: &Clock,
        round: &Round,
    ) -> Result<(), StoreError> {
        let now = clock();
        let first_try = round.first_try_at.unwrap_or(round.due_at);
        if now.duration_since(first_try) < KEY_KNOWN {
            return self.post(chat, clock, round).await;
        }
        let found = chat.find(round.channel, round.id.0, first_try).await;
        // A long look may outlast the lease.
        let now = clock();
        match found {
            Ok(Trace::Posted(message)) => self.opened(round, message, now),
            Ok(Trace::Absent) if now.duration_since(round.due_at) > LATE_MAX => {
                self.settle(round, RoundState::Skipped, Some("missed"))?;
                Ok(())
            }
            Ok(Trace::Absent) => match self.scores.post_anew(round, self.lease(now))? {
                Some(round) => self.post(chat, clock, &round).await,
                None => Ok(()),
            },
            Ok(Trace::Unknown) => {
                let reason = "the channel's history does not tell";
                self.settle(round, RoundState::Uncertain, Some(reason))?;
                self.tell_organiser(chat, round, &wording::organiser::uncertain(round.day))
                    .await
            }
            Err(PostError::Refused(refusal)) => self.refused(chat, clock, round, refusal).await,
            Err(PostError::NotNow(error) | PostError::Unsure(error)) => {
                self.later(round, now, &error)
            }
        }
    }

    async fn post<C: Chat>(
        &self,
        chat: &C,
        clock: &Clock,
        round: &Round,
    ) -> Result<(), StoreError> {
        let Some(asks) = &round.asks else {
            self.settle(round, RoundState::Failed, Some("it asks nothing"))?;
            return Ok(());
        };
        let now = clock();
        let calls = self
            .scores
            .schedule(round.schedule)?
            .and_then(|schedule| schedule.ping_role);
        let closes_at = now.saturating_add(round.rules.open_for).unwrap_or(now);
        let shown = self.shown(round, asks, closes_at);
        let message = wording::round::open(&shown, 0, calls);
        match chat.post(round.channel, &key(round), &message).await {
            Ok(message) => self.opened(round, message, now),
            Err(PostError::Refused(Refusal::NoMessage)) => {
                // The chat knows the key, and the message is gone: somebody deleted it.
                self.settle(round, RoundState::Closed, Some("the message was deleted"))?;
                Ok(())
            }
            Err(PostError::Refused(refusal)) => self.refused(chat, clock, round, refusal).await,
            Err(PostError::NotNow(error) | PostError::Unsure(error)) => {
                self.later(round, clock(), &error)
            }
        }
    }

    fn opened(&self, round: &Round, message: u64, at: Timestamp) -> Result<(), StoreError> {
        let closes_at = at.saturating_add(round.rules.open_for).unwrap_or(at);
        if self.scores.opened(round, message, at, closes_at)? {
            meters::round(RoundState::Open.name());
            meters::lateness(at.duration_since(round.due_at).as_millis());
            info!(
                round.id = round.id.0,
                quiz.day = %round.day,
                lateness_ms = at.duration_since(round.due_at).as_millis() as i64,
                "a round is open"
            );
        }
        Ok(())
    }

    async fn reveal<C: Chat>(
        &self,
        chat: &C,
        clock: &Clock,
        round: &Round,
    ) -> Result<(), StoreError> {
        let ended =
            |reason: Option<&str>| self.settle(round, RoundState::Closed, reason).map(|_| ());
        let Some(message) = round.message else {
            return ended(Some("it has no message"));
        };
        let Some(asks) = &round.asks else {
            return ended(Some("it asks nothing"));
        };
        let closes_at = round.closes_at.unwrap_or(round.due_at);
        let shown = self.shown(round, asks, closes_at);
        let outcome = self.outcome(round, &asks.question)?;
        let section = self.section_of(&asks.question);
        let revealed = wording::round::revealed(&shown, &outcome, section);
        match chat.edit(round.channel, message, &revealed).await {
            Ok(()) => {}
            Err(PostError::Refused(refusal)) => return ended(Some(&refusal.to_string())),
            Err(PostError::NotNow(error) | PostError::Unsure(error)) => {
                return self.later(round, clock(), &error);
            }
        }
        let schedule = self.scores.schedule(round.schedule)?;
        if schedule.is_some_and(|schedule| schedule.thread) && !round.is_voided {
            let name: String = format!("{} · {}", round.day, asks.question.topic)
                .chars()
                .take(THREAD_MAX)
                .collect();
            if let Err(error) = chat.discuss(round.channel, message, &name).await {
                warn!(
                    round.id = round.id.0,
                    error = &error as &dyn std::error::Error,
                    "no thread"
                );
            }
        }
        info!(round.id = round.id.0, quiz.day = %round.day, n_answered = outcome.n_answered, "a round is closed");
        ended(None)
    }

    fn outcome(
        &self,
        round: &Round,
        question: &Question,
    ) -> Result<wording::round::Outcome, StoreError> {
        let chosen = self.scores.chosen(round.id)?;
        let mut n_chosen = vec![0; question.choices.len()];
        for chosen in &chosen {
            for (place, n) in n_chosen.iter_mut().enumerate() {
                *n += u32::from(chosen.choices.has(place));
            }
        }
        let right = chosen.iter().filter(|chosen| chosen.grade.is_right);
        Ok(wording::round::Outcome {
            n_chosen,
            n_answered: u32::try_from(chosen.len()).unwrap_or(u32::MAX),
            right: right.map(|chosen| chosen.member).collect(),
            streaks: self.scores.best_streaks(round.guild, round.day, 3)?,
        })
    }

    /// Ends a round in this state. Whether it was still ours to end.
    fn settle(
        &self,
        round: &Round,
        state: RoundState,
        reason: Option<&str>,
    ) -> Result<bool, StoreError> {
        let is_ours = self.scores.end(round, state, reason)?;
        if is_ours {
            meters::round(state.name());
        }
        Ok(is_ours)
    }

    /// The chat refused a round: it has failed, and its schedule waits until somebody mends it.
    async fn refused<C: Chat>(
        &self,
        chat: &C,
        clock: &Clock,
        round: &Round,
        refusal: Refusal,
    ) -> Result<(), StoreError> {
        let reason = refusal.to_string();
        warn!(
            round.id = round.id.0,
            channel.id = round.channel,
            reason,
            "a round was refused"
        );
        if !self.settle(round, RoundState::Failed, Some(&reason))? {
            return Ok(());
        }
        let suspends = matches!(refusal, Refusal::NoChannel | Refusal::NoPermission);
        let Some(schedule) = self.scores.schedule(round.schedule)?.filter(|_| suspends) else {
            return Ok(());
        };
        if schedule.state == ScheduleState::Active {
            let state = ScheduleState::Suspended;
            self.scores
                .set_state(&schedule, state, Some(&reason), by_itself(clock()))?;
            let message = wording::organiser::suspended(&schedule, &reason);
            self.tell_organiser(chat, round, &message).await?;
        }
        Ok(())
    }

    /// Tells whoever set the schedule up, privately. Where they wanted to be forgotten, have left the
    /// server or take no private messages, it is said in the schedule's channel, if that can be.
    async fn tell_organiser<C: Chat>(
        &self,
        chat: &C,
        round: &Round,
        message: &Message,
    ) -> Result<(), StoreError> {
        let Some(schedule) = self.scores.schedule(round.schedule)? else {
            return Ok(());
        };
        let untold = |error: &PostError| {
            warn!(
                schedule.id = schedule.id.0,
                error = error as &dyn std::error::Error,
                "the organiser could not be told"
            );
        };
        let (guild, organiser) = (schedule.guild, schedule.organiser);
        let is_forgotten = i64::try_from(organiser).is_err();
        if !is_forgotten && !chat.has_left(guild, organiser).await.unwrap_or(false) {
            match chat.tell(organiser, message).await {
                Ok(()) => return Ok(()),
                Err(error @ PostError::Refused(_)) => untold(&error),
                // It may have arrived, or the chat is not there for anybody.
                Err(error) => {
                    untold(&error);
                    return Ok(());
                }
            }
        }
        let mut key = format!("{:x}-told", round.id.0);
        key.truncate(KEY_MAX);
        let message = wording::organiser::for_all(message);
        if let Err(error) = chat.post(schedule.channel, &key, &message).await {
            untold(&error);
        }
        Ok(())
    }

    async fn tell_low<C: Chat>(
        &self,
        chat: &C,
        bank: &Bank,
        schedule: &Schedule,
        round: &Round,
    ) -> Result<(), StoreError> {
        let pool = bag::pool(bank, &schedule.topics, &schedule.difficulties);
        let drawn = self.scores.drawn(schedule.id)?;
        let left = bag::days_left(&pool, &drawn, round.day);
        let is_low = left < LOW_WATER;
        if is_low == schedule.told_low.is_some() {
            return Ok(());
        }
        let day = is_low.then_some(round.day);
        self.scores.told_low(schedule.id, day)?;
        if !is_low {
            return Ok(());
        }
        self.tell_organiser(chat, round, &wording::organiser::low(schedule, left))
            .await
    }

    fn later(
        &self,
        round: &Round,
        now: Timestamp,
        error: &anyhow::Error,
    ) -> Result<(), StoreError> {
        warn!(
            round.id = round.id.0,
            error = format!("{error:#}"),
            "a round has to wait"
        );
        self.scores
            .rest(round, now.saturating_add(TRY_AGAIN).unwrap_or(now))
    }

    /// The question that a schedule asks next on a day: a pinned one, or one from the bag.
    pub(super) fn next_question<'a>(
        &self,
        bank: &'a Bank,
        schedule: &Schedule,
        day: jiff::civil::Date,
    ) -> Result<Option<&'a Question>, StoreError> {
        let pins = self.scores.pins(schedule.id)?;
        if let Some(pinned) = pins.iter().find_map(|id| bank.find(id)) {
            return Ok(Some(pinned));
        }
        let pool = bag::pool(bank, &schedule.topics, &schedule.difficulties);
        let drawn = self.scores.drawn(schedule.id)?;
        Ok(bag::next(&pool, &drawn, self.seed_of(schedule), day))
    }

    /// A round of a schedule with this question, its choices in an order of its own.
    pub(super) fn new_round(
        &self,
        schedule: &Schedule,
        question: &Question,
        id: RoundId,
        day: jiff::civil::Date,
    ) -> NewRound {
        NewRound {
            id,
            schedule: schedule.id,
            guild: schedule.guild,
            day,
            number: 0,
            asks: Asks {
                question: question.clone(),
                shown: shuffled(question.choices.len(), self.order_of(id)),
                right: Choices::right_of(question),
            },
            rules: schedule.rules,
            due_at: Timestamp::UNIX_EPOCH,
            channel: schedule.channel,
        }
    }

    pub(super) fn lease(&self, at: Timestamp) -> Lease {
        Lease {
            owner: self.owner.to_string(),
            at,
            until: at.saturating_add(LEASE).unwrap_or(at),
        }
    }

    /// The number of a round: a hash that needs the store's secret, so that nobody can tell from it
    /// in which order the choices stand.
    pub(super) fn round_id(&self, schedule: &Schedule, day: String, number: u32) -> RoundId {
        let text = format!("{}/{day}/{number}", schedule.id.0);
        RoundId(positive(xxhash_rust::xxh3::xxh3_64_with_seed(
            text.as_bytes(),
            self.secret,
        )))
    }

    /// What the order of a round's choices follows from; nobody can tell it from the round's number.
    fn order_of(&self, round: RoundId) -> u64 {
        xxhash_rust::xxh3::xxh3_64_with_seed(&round.0.to_le_bytes(), self.secret)
    }

    pub(super) fn seed_of(&self, schedule: &Schedule) -> u64 {
        self.secret ^ schedule.id.0.cast_unsigned()
    }

    /// A round as it is to be shown: with the texts that it keeps, whatever became of the file.
    pub(super) fn shown<'a>(
        &'a self,
        round: &Round,
        asks: &'a Asks,
        closes_at: Timestamp,
    ) -> wording::question::Shown<'a> {
        let opened_at = closes_at.saturating_sub(round.rules.open_for);
        let opened_at = opened_at.unwrap_or(round.due_at);
        wording::question::Shown {
            round: round.id.0,
            day: round.day,
            question: &asks.question,
            order: &asks.shown,
            right: asks.right,
            closes_at,
            is_late: opened_at.duration_since(round.due_at) > LATE_AFTER,
            is_voided: round.is_voided,
            notes_url: self.notes_url.as_deref(),
        }
    }

    pub(super) fn bank(&self) -> Option<Arc<Bank>> {
        self.questions.now()
    }
}

/// How long after its time a post counts as late.
const LATE_AFTER: SignedDuration = SignedDuration::from_mins(5);

/// What a schedule plans; nothing where its zone is none.
pub(super) fn plan(schedule: &Schedule) -> Option<Plan> {
    Some(Plan {
        time: schedule.time,
        zone: zones::zone(&schedule.zone).ok()?,
        weekdays: schedule.weekdays,
        open_for: schedule.rules.open_for,
        since: schedule.since,
    })
}

/// The key under which a round is posted.
fn key(round: &Round) -> String {
    let mut key = format!("{:x}-{}", round.id.0, round.generation);
    key.truncate(KEY_MAX);
    key
}

/// A number above nothing, as ids are.
pub(super) fn positive(hash: u64) -> i64 {
    (hash >> 1).cast_signed().max(1)
}

/// The places of `n` choices in an order that follows from a seed.
pub(super) fn shuffled(n: usize, seed: u64) -> Vec<u8> {
    let mut places: Vec<u8> = (0..u8::try_from(n).unwrap_or(u8::MAX)).collect();
    places.sort_by_cached_key(|place| xxhash_rust::xxh3::xxh3_64_with_seed(&[*place], seed));
    places
}

/// Nobody asked for it.
fn by_itself(at: Timestamp) -> By {
    By {
        actor: 0,
        at,
        event: None,
    }
}

fn failed(what: &str, error: &StoreError) {
    error!(error = error as &dyn std::error::Error, "{what}");
}
