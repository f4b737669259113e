//! What is done now and then: the counts below open rounds, and the recap of a week.

use std::sync::atomic::{AtomicI64, Ordering};

use jiff::civil::Weekday;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan};
use tracing::warn;

use super::rounds::{KEY_KNOWN, Turn};
use super::{Bot, Clock};
use crate::chat::{Chat, KEY_MAX, Message, PostError};
use crate::quiz::Question;
use crate::quiz::period::{Period, Span};
use crate::quiz::zones;
use crate::scores::boards::{Board, Wanted};
use crate::scores::database::StoreError;
use crate::scores::recaps::RecapClaim;
use crate::scores::round::Round;
use crate::scores::schedules::Schedule;
use crate::wording;

/// Between two looks at what is done now and then.
const EVERY: SignedDuration = SignedDuration::from_secs(60);
/// Counts that are written at one look, at most: each is an edit in the chat.
const EDITS_MAX: u32 = 25;
/// Before a round's close its count is written no more: an edit waits a minute and a half at most for
/// its turn, and one that came after another process's reveal would hide it for good.
const COUNTED_UNTIL: SignedDuration = SignedDuration::from_mins(2);
/// The hour of Monday from which on the week before is recapped.
const RECAP_HOUR: i8 = 8;
/// How long a recap is held by whoever posts it: longer than a post may wait to be sent.
const RECAP_HOLD: SignedDuration = SignedDuration::from_secs(25);
/// Places that a recap names.
const WINNERS: usize = 3;
/// Answers that a question needs to count as missed.
const MISSED_MIN: u32 = 2;
/// People who are asked for at a recap whether they have left, at most.
const ASKED_MAX: usize = 10;

/// When what is done now and then was done last.
#[derive(Debug, Default)]
pub struct Rhythm {
    last: AtomicI64,
}

impl Rhythm {
    /// Whether it is time again; if so, it counts as done.
    fn is_time(&self, now: Timestamp) -> bool {
        let (now, last) = (now.as_second(), self.last.load(Ordering::Relaxed));
        let is_time = (now - last).abs() >= EVERY.as_secs();
        is_time
            && self
                .last
                .compare_exchange(last, now, Ordering::Relaxed, Ordering::Relaxed)
                .is_ok()
    }

    /// Lets it be time again no later than at this instant.
    fn again_at(&self, at: Timestamp) {
        let last = at.as_second() - EVERY.as_secs();
        self.last.fetch_min(last, Ordering::Relaxed);
    }
}

impl Bot {
    /// Does what is done now and then, if it is time; what falls due of rounds meanwhile goes first.
    pub(super) async fn now_and_then<C: Chat>(&self, chat: &C, clock: &Clock, turn: &mut Turn<'_>) {
        if !self.rhythm.is_time(clock()) {
            return;
        }
        if let Err(error) = self.scores.unseal_over().and_then(|()| self.scores.fold()) {
            let error = &error as &dyn std::error::Error;
            tracing::error!(error, "answers could not be added up for the boards");
        }
        if let Err(error) = self.scores.scrub_owed() {
            let error = &error as &dyn std::error::Error;
            tracing::error!(
                error,
                "what was forgotten may still stand in the files of the scores"
            );
        }
        if let Err(error) = self.count(chat, clock, turn).await {
            let error = &error as &dyn std::error::Error;
            tracing::error!(error, "answers could not be counted");
        }
        if let Err(error) = self.recaps(chat, clock, turn).await {
            let error = &error as &dyn std::error::Error;
            tracing::error!(error, "a week could not be recapped");
        }
        if let Err(error) = self.purge_gone(chat, clock, turn).await {
            let error = &error as &dyn std::error::Error;
            tracing::error!(error, "servers that are gone could not be looked for");
        }
    }

    /// Writes below open rounds how many have answered.
    async fn count<C: Chat>(
        &self,
        chat: &C,
        clock: &Clock,
        turn: &mut Turn<'_>,
    ) -> Result<(), StoreError> {
        let ends = |now: Timestamp| now.saturating_add(COUNTED_UNTIL).unwrap_or(now);
        for (round, n) in self.scores.miscounted(ends(clock()), EDITS_MAX)? {
            if !self.rounds_first(chat, clock, turn).await {
                return Ok(());
            }
            let Some((message, asks)) = round.message.zip(round.asks.as_ref()) else {
                continue;
            };
            let closes_at = round.closes_at.unwrap_or(round.due_at);
            if closes_at <= ends(clock()) {
                continue;
            }
            let shown = self.shown(&round, asks, closes_at);
            let counted = wording::round::open(&shown, n, None);
            let edited = chat.edit(round.channel, message, &counted).await;
            if let Err(error) = &edited {
                let error = error as &dyn std::error::Error;
                warn!(round.id = round.id.0, error, "a count was not shown");
            }
            match edited {
                // It would be refused again, before others: the next answer is another try.
                Ok(()) | Err(PostError::Refused(_)) => self.scores.counted(round.id, n)?,
                Err(PostError::NotNow(_) | PostError::Unsure(_)) => {}
            }
        }
        Ok(())
    }

    /// Posts the recap of the week before, on Mondays, once.
    async fn recaps<C: Chat>(
        &self,
        chat: &C,
        clock: &Clock,
        turn: &mut Turn<'_>,
    ) -> Result<(), StoreError> {
        let mut guilds: Vec<Schedule> = Vec::new();
        for (schedule, _) in self.scores.active()? {
            if guilds.iter().all(|other| other.guild != schedule.guild) {
                guilds.push(schedule);
            }
        }
        for schedule in guilds {
            if !self.rounds_first(chat, clock, turn).await {
                return Ok(());
            }
            let now = clock();
            let guild = self.scores.guild(schedule.guild)?;
            let zone = zones::zone(&guild.zone).unwrap_or(TimeZone::UTC);
            let local = now.to_zoned(zone);
            let is_time = local.weekday() == Weekday::Monday && local.hour() >= RECAP_HOUR;
            let monday = local.date().saturating_sub(7.days());
            let is_done = guild.recapped.is_some_and(|done| done >= monday);
            if !guild.recap || !is_time || is_done {
                continue;
            }
            let week = Period::of(Span::Week, monday, guild.season);
            let rounds = self
                .scores
                .closed_between(schedule.guild, week.first, week.last)?;
            if rounds.is_empty() {
                continue;
            }
            match self.scores.recap_try(schedule.guild, monday)? {
                // Should whoever holds it be dead, it is repeated while the chat knows its key.
                Some(tried) if tried.until > now => self.rhythm.again_at(tried.until),
                Some(_) | None => {
                    let told = (week, rounds.as_slice());
                    self.recap(chat, clock, turn, &schedule, told).await?;
                }
            }
        }
        Ok(())
    }

    async fn recap<C: Chat>(
        &self,
        chat: &C,
        clock: &Clock,
        turn: &mut Turn<'_>,
        schedule: &Schedule,
        (week, rounds): (Period, &[Round]),
    ) -> Result<(), StoreError> {
        // What takes time comes before the claim, so that the post follows it at once.
        for member in self.first_of(schedule.guild, week)? {
            if !self.rounds_first(chat, clock, turn).await {
                return Ok(());
            }
            if chat.has_left(schedule.guild, member).await.unwrap_or(false) {
                self.scores.departed(schedule.guild, member, true)?;
            }
        }
        let message = self.recap_of(schedule, week, rounds)?;
        let (guild, monday) = (schedule.guild, week.first);
        let claim = self
            .scores
            .claim_recap(guild, monday, clock(), RECAP_HOLD, KEY_KNOWN)?;
        let tried = match claim {
            RecapClaim::Ours(tried) => tried,
            RecapClaim::NotOurs => return Ok(()),
            RecapClaim::Lost => {
                warn!(guild.id = guild, quiz.week = %monday, "a recap was given up: nobody knows whether it was posted");
                return Ok(());
            }
        };
        let mut key = format!("{guild:x}{}", monday.strftime("%y%m%d"));
        key.truncate(KEY_MAX);
        let Err(error) = chat.post(schedule.channel, &key, &message).await else {
            return self.scores.recapped(guild, monday);
        };
        let why = &error as &dyn std::error::Error;
        warn!(guild.id = guild, quiz.week = %monday, error = why, "a recap was not posted");
        match error {
            PostError::Refused(_) => self.scores.recapped(guild, monday),
            PostError::NotNow(_) if tried.is_first(RECAP_HOLD) => {
                self.scores.recap_not_sent(guild, monday, tried)
            }
            PostError::NotNow(_) | PostError::Unsure(_) => {
                self.rhythm.again_at(tried.until);
                Ok(())
            }
        }
    }

    fn recap_of(
        &self,
        schedule: &Schedule,
        week: Period,
        rounds: &[Round],
    ) -> Result<Message, StoreError> {
        let board = self.week(schedule.guild, week)?;
        let mut n_answered = 0;
        let mut missed: Option<(&Question, u32, u32)> = None;
        for round in rounds.iter().filter(|round| !round.is_voided) {
            let chosen = self.scores.chosen(round.id)?;
            let n = u32::try_from(chosen.len()).unwrap_or(u32::MAX);
            let n_right = chosen.iter().filter(|chosen| chosen.grade.is_right).count();
            let n_right = u32::try_from(n_right).unwrap_or(u32::MAX);
            n_answered += n;
            let is_worse = missed.is_none_or(|(_, right, all)| n_right * all < right * n);
            if let Some(asks) = round
                .asks
                .as_ref()
                .filter(|_| n >= MISSED_MIN && n_right < n && is_worse)
            {
                missed = Some((&asks.question, n_right, n));
            }
        }
        let section = missed.and_then(|(question, _, _)| self.section_of(question));
        let winners = &board.places[..board.places.len().min(WINNERS)];
        Ok(wording::board::recap(
            week, winners, n_answered, missed, section,
        ))
    }

    fn week(&self, guild: u64, week: Period) -> Result<Board, StoreError> {
        let season = self.scores.guild(guild)?.season;
        let wanted = Wanted {
            guild,
            period: week,
            topic: None,
            page: 0,
            member: None,
        };
        self.scores.board(&wanted, season)
    }

    /// The first of a week who can be asked for: whoever was forgotten has no number of theirs.
    fn first_of(&self, guild: u64, week: Period) -> Result<Vec<u64>, StoreError> {
        let board = self.week(guild, week)?;
        let members = board.places.iter().map(|place| place.member);
        let is_known = |member: &u64| i64::try_from(*member).is_ok();
        Ok(members.take(ASKED_MAX).filter(is_known).collect())
    }
}
