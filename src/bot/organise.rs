//! Stories of those who run the quiz. Who may is asked each time anew, whatever a menu shows.

use jiff::Timestamp;
use jiff::civil::Date;

use super::rounds::plan;
use super::{Bot, by};
use crate::chat::command::{Config, Lack, Quiz};
use crate::chat::{Heard, Message};
use crate::quiz::grade::Choices;
use crate::quiz::period::Season;
use crate::quiz::schedule::{Plan, due, slots};
use crate::quiz::{Bank, Question, bag, letter, zones};
use crate::scores::database::StoreError;
use crate::scores::queue::PINS_MAX;
use crate::scores::round::{Round, RoundId, RoundState};
use crate::scores::schedules::{Schedule, ScheduleState};
use crate::wording;
use crate::wording::organiser;
use crate::wording::schedule::{Coming, Left};

/// Posts that a preview shows.
const COMING: usize = 7;
/// Rounds that `/quiz status` shows.
const NEWEST: u32 = 10;

/// How often a round wanted now is tried with the next place of its day, where others want one too.
const PLACES_TRIED: usize = 5;

impl Bot {
    pub(super) fn quiz(&self, heard: &Heard, quiz: &Quiz) -> Result<Message, StoreError> {
        if let Quiz::Practice { topic, count } = quiz {
            return self.practice(heard, topic.as_deref(), *count);
        }
        if *quiz == Quiz::Review {
            return self.review(heard);
        }
        let guild = match organiser_of(heard) {
            Ok(guild) => guild,
            Err(why) => return Ok(why.said()),
        };
        let schedule = match quiz {
            Quiz::Status => return self.status(guild),
            Quiz::Void { round, reason } => {
                return self.void(heard, guild, round.as_deref(), reason);
            }
            Quiz::Regrade {
                round,
                right,
                reason,
            } => {
                return self.regrade(heard, guild, round.as_deref(), right, reason);
            }
            Quiz::Preview { schedule }
            | Quiz::Skip { schedule }
            | Quiz::Pin { schedule, .. }
            | Quiz::PostNow { schedule }
            | Quiz::Pause { schedule }
            | Quiz::Resume { schedule }
            | Quiz::Queue { schedule } => schedule.as_deref(),
            Quiz::Practice { .. } | Quiz::Review => None,
        };
        let schedule = match self.named_schedule(guild, schedule)? {
            Ok(schedule) => schedule,
            Err(message) => return Ok(message),
        };
        let Some(bank) = self.bank() else {
            return Ok(wording::practice::no_questions());
        };
        match quiz {
            Quiz::Preview { .. } => {
                let coming = self.coming(&bank, &schedule, heard.at)?;
                Ok(organiser::preview(
                    &schedule,
                    &coming,
                    self.left(&bank, &schedule, heard.at)?,
                ))
            }
            Quiz::Queue { .. } => {
                let pins = self.scores.pins(schedule.id)?;
                let pins: Vec<&Question> = pins.iter().filter_map(|id| bank.find(id)).collect();
                Ok(organiser::queue(
                    &schedule,
                    &pins,
                    self.left(&bank, &schedule, heard.at)?,
                ))
            }
            Quiz::Skip { .. } => self.skip(heard, &bank, &schedule),
            Quiz::Pin { question, .. } => self.pin(heard, &bank, &schedule, question),
            Quiz::PostNow { .. } => self.post_now(heard, &bank, &schedule),
            Quiz::Pause { .. } => self.set_state(heard, &schedule, ScheduleState::Paused),
            Quiz::Resume { .. } => self.set_state(heard, &schedule, ScheduleState::Active),
            Quiz::Status
            | Quiz::Void { .. }
            | Quiz::Regrade { .. }
            | Quiz::Practice { .. }
            | Quiz::Review => Ok(organiser::no_schedule()),
        }
    }

    fn skip(&self, heard: &Heard, bank: &Bank, schedule: &Schedule) -> Result<Message, StoreError> {
        let day = local_day(schedule, heard.at);
        let Some(question) = self.next_question(bank, schedule, day)? else {
            return Ok(organiser::no_question());
        };
        let (guild, id) = (schedule.guild, question.id.as_str());
        let left_out = self
            .scores
            .pass_over(schedule.id, guild, id, day, by(heard))?;
        Ok(organiser::skipped(
            bank.find(&left_out).unwrap_or(question),
            self.next_question(bank, schedule, day)?,
        ))
    }

    fn pin(
        &self,
        heard: &Heard,
        bank: &Bank,
        schedule: &Schedule,
        question: &str,
    ) -> Result<Message, StoreError> {
        let Some(question) = bank.find(question.trim()) else {
            return Ok(organiser::no_such_question(question));
        };
        Ok(match self.scores.pin(schedule, &question.id, by(heard))? {
            true => organiser::pinned(question),
            false => organiser::too_many_pins(PINS_MAX),
        })
    }

    fn post_now(
        &self,
        heard: &Heard,
        bank: &Bank,
        schedule: &Schedule,
    ) -> Result<Message, StoreError> {
        let day = local_day(schedule, heard.at);
        let Some(question) = self.next_question(bank, schedule, day)? else {
            return Ok(organiser::no_question());
        };
        // The wish gives the round its number, so that one heard twice, by two processes, is one
        // round; its place on the day is the next that nobody else takes.
        let id = self.round_id(schedule, format!("now/{}", heard.event), 0);
        for _ in 0..PLACES_TRIED {
            if self.scores.round(id)?.is_some() {
                break;
            }
            let mut round = self.new_round(schedule, question, id, day);
            round.number = self.scores.n_on(schedule.id, day)? + 1;
            round.due_at = heard.at;
            self.scores.post_now(round, by(heard))?;
        }
        self.nudge.notify_one();
        Ok(organiser::posting_now(schedule.channel))
    }

    fn set_state(
        &self,
        heard: &Heard,
        schedule: &Schedule,
        state: ScheduleState,
    ) -> Result<Message, StoreError> {
        self.scores.set_state(schedule, state, None, by(heard))?;
        self.nudge.notify_one();
        Ok(organiser::is_now(
            schedule,
            state,
            next_post(schedule, heard.at),
        ))
    }

    fn status(&self, guild: u64) -> Result<Message, StoreError> {
        let rounds = self.scores.newest(guild, NEWEST)?.into_iter();
        let rounds = rounds.map(|round| {
            let n_reports = self.scores.n_reports(round.id)?;
            Ok((round, n_reports))
        });
        let rounds: Vec<(Round, u32)> = rounds.collect::<Result<_, StoreError>>()?;
        Ok(organiser::status(&rounds, &self.scores.acts(guild)?))
    }

    fn void(
        &self,
        heard: &Heard,
        guild: u64,
        round: Option<&str>,
        reason: &str,
    ) -> Result<Message, StoreError> {
        let Some(round) = self.named_round(guild, round)? else {
            return Ok(wording::round::no_such_round());
        };
        let receipt = self.scores.void(round.id, by(heard), reason)?;
        self.nudge.notify_one();
        Ok(match receipt {
            Some(receipt) => {
                wording::round::voided(round.day, receipt.n_answered, heard.member.id, reason)
            }
            None => wording::round::no_such_round(),
        })
    }

    fn regrade(
        &self,
        heard: &Heard,
        guild: u64,
        round: Option<&str>,
        right: &str,
        reason: &str,
    ) -> Result<Message, StoreError> {
        let Some(round) = self.named_round(guild, round)? else {
            return Ok(wording::round::no_such_round());
        };
        let Some(asks) = &round.asks else {
            return Ok(wording::round::no_such_round());
        };
        let Some(places) = read_letters(right, asks.shown.len()) else {
            let last = letter(asks.shown.len().saturating_sub(1));
            let sentence = format!(
                "Name the right choices by their letters, A to {last}, as in `B` or `A C`."
            );
            return Ok(organiser::mistake(&sentence));
        };
        let right = wording::question::chosen(&asks.shown, Choices::of(places));
        let receipt = self.scores.regrade(round.id, right, by(heard), reason)?;
        self.nudge.notify_one();
        let Some(receipt) = receipt else {
            return Ok(organiser::mistake(
                "That round is void; there is nothing to grade.",
            ));
        };
        let closes_at = round.closes_at.unwrap_or(round.due_at);
        let shown = self.shown(&round, asks, closes_at);
        // All see the receipt, also those who have yet to answer.
        let right = match round.state {
            RoundState::Posting | RoundState::Open => None,
            RoundState::Closing
            | RoundState::Closed
            | RoundState::Failed
            | RoundState::Uncertain
            | RoundState::Skipped => Some(right),
        };
        let by = heard.member.id;
        Ok(wording::round::regraded(
            &shown,
            right,
            receipt.n_up,
            receipt.n_down,
            by,
            reason,
        ))
    }

    pub(super) fn config(&self, heard: &Heard, config: &Config) -> Result<Message, StoreError> {
        let guild = match organiser_of(heard) {
            Ok(guild) => guild,
            Err(why) => return Ok(why.said()),
        };
        let mut settings = self.scores.guild(guild)?;
        if let Config::Set {
            zone,
            season,
            recap,
        } = config
        {
            if let Some(zone) = zone {
                if let Err(unknown) = zones::zone(zone.trim()) {
                    return Ok(organiser::mistake(&unknown.to_string()));
                }
                settings.zone = zone.trim().to_owned();
            }
            if let Some(season) = season {
                let Some(season) = Season::named(season.trim()) else {
                    return Ok(organiser::mistake(
                        "A season is a `month`, a `quarter` or a `year`.",
                    ));
                };
                settings.season = season;
            }
            settings.recap = recap.unwrap_or(settings.recap);
            self.scores.save_guild(settings.clone(), by(heard))?;
        }
        Ok(organiser::config(&settings, &self.kept_schedules(guild)?))
    }

    pub(super) fn doctor(&self, heard: &Heard, lacks: &[Lack]) -> Result<Message, StoreError> {
        let guild = match organiser_of(heard) {
            Ok(guild) => guild,
            Err(why) => return Ok(why.said()),
        };
        let bank = self.bank();
        let mut schedules = Vec::new();
        for schedule in self.kept_schedules(guild)? {
            let left = match &bank {
                Some(bank) => self.left(bank, &schedule, heard.at)?,
                None => Left {
                    n_pool: 0,
                    n_left: 0,
                },
            };
            schedules.push((schedule, left));
        }
        let n_questions = bank.map_or(0, |bank| bank.questions().len());
        Ok(organiser::doctor(&schedules, n_questions, lacks))
    }

    /// The schedules of a server, without drafts.
    pub(super) fn kept_schedules(&self, guild: u64) -> Result<Vec<Schedule>, StoreError> {
        let mut schedules = self.scores.schedules(guild)?;
        schedules.retain(|schedule| schedule.state != ScheduleState::Draft);
        Ok(schedules)
    }

    /// The schedule that is meant, or what to say.
    fn named_schedule(
        &self,
        guild: u64,
        name: Option<&str>,
    ) -> Result<Result<Schedule, Message>, StoreError> {
        let mut schedules = self.kept_schedules(guild)?;
        Ok(match (name.map(str::trim), schedules.len()) {
            (_, 0) => Err(organiser::no_schedule()),
            (None, 1) => Ok(schedules.remove(0)),
            (None, _) => Err(organiser::which_schedule(&schedules)),
            (Some(name), _) => match schedules.iter().position(|schedule| schedule.name == name) {
                Some(at) => Ok(schedules.remove(at)),
                None => Err(organiser::no_such_schedule(name, &schedules)),
            },
        })
    }

    /// The round that is meant: by its number, or the newest that was posted.
    fn named_round(&self, guild: u64, round: Option<&str>) -> Result<Option<Round>, StoreError> {
        let round = match round {
            Some(number) => match number.trim().parse() {
                Ok(number) => self.scores.round(RoundId(number))?,
                Err(_) => None,
            },
            None => {
                let newest = self.scores.newest(guild, NEWEST)?;
                newest.into_iter().find(|round| round.message.is_some())
            }
        };
        Ok(round.filter(|round| round.guild == guild && round.asks.is_some()))
    }

    pub(super) fn coming<'a>(
        &self,
        bank: &'a Bank,
        schedule: &Schedule,
        now: Timestamp,
    ) -> Result<Vec<Coming<'a>>, StoreError> {
        let Some(plan) = plan(schedule) else {
            return Ok(Vec::new());
        };
        let mut drawn = self.scores.drawn(schedule.id)?;
        let mut pins = self.scores.pins(schedule.id)?.into_iter();
        let pool = bag::pool(bank, &schedule.topics, &schedule.difficulties);
        let plan = Plan { since: now, ..plan };
        let days = slots(&plan, local_day(schedule, now));
        let mut coming = Vec::new();
        for slot in days
            .filter(|slot| slot.due.is_none_or(|due| due > now))
            .take(COMING)
        {
            let pinned = pins.find_map(|id| bank.find(&id));
            let question = match pinned {
                Some(question) => Some(question),
                None => bag::next(&pool, &drawn, self.seed_of(schedule), slot.day),
            };
            if let Some(question) = question {
                bag::draw(&mut drawn, &question.id, slot.day);
            }
            coming.push(Coming {
                day: slot.day,
                due: slot.due,
                question,
            });
        }
        Ok(coming)
    }

    pub(super) fn left(
        &self,
        bank: &Bank,
        schedule: &Schedule,
        now: Timestamp,
    ) -> Result<Left, StoreError> {
        let pool = bag::pool(bank, &schedule.topics, &schedule.difficulties);
        let drawn = self.scores.drawn(schedule.id)?;
        Ok(Left {
            n_pool: pool.len(),
            n_left: bag::days_left(&pool, &drawn, local_day(schedule, now)),
        })
    }
}

/// Why somebody may not manage a quiz.
pub(super) enum NotAllowed {
    /// There is no server here.
    Elsewhere,
    /// The member may not manage it.
    NotOrganiser,
}

impl NotAllowed {
    pub(super) fn said(self) -> Message {
        match self {
            Self::Elsewhere => organiser::only_in_servers(),
            Self::NotOrganiser => organiser::not_allowed(),
        }
    }
}

/// The server, if the member may manage it.
pub(super) fn organiser_of(heard: &Heard) -> Result<u64, NotAllowed> {
    let guild = heard.place.guild.ok_or(NotAllowed::Elsewhere)?;
    match heard.member.is_organiser {
        true => Ok(guild),
        false => Err(NotAllowed::NotOrganiser),
    }
}

pub(super) fn local_day(schedule: &Schedule, now: Timestamp) -> Date {
    let zone = zones::zone(&schedule.zone).unwrap_or(jiff::tz::TimeZone::UTC);
    now.to_zoned(zone).date()
}

pub(super) fn next_post(schedule: &Schedule, now: Timestamp) -> Option<Timestamp> {
    let plan = Plan {
        since: now,
        ..plan(schedule)?
    };
    due(&plan, now, None).next
}

/// The letters of choices as somebody typed them, by the places in which they are shown. None
/// where one is no letter of the question.
fn read_letters(typed: &str, n: usize) -> Option<Vec<usize>> {
    let letters = typed
        .chars()
        .filter(|c| c.is_alphabetic())
        .map(|c| c.to_ascii_uppercase());
    let places: Option<Vec<usize>> = letters
        .map(|c| (0..n).find(|at| letter(*at) == c))
        .collect();
    places.filter(|places| !places.is_empty())
}
