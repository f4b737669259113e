//! Stories of points: boards, somebody's standing, and what people may ask about their data.

use jiff::ToSpan;

use super::{Bot, person};
use crate::chat::command::Privacy;
use crate::chat::{FILE_BYTES_MAX, Heard, Member, Message, topic_key};
use crate::quiz::period::{Period, Span};
use crate::scores::boards::Wanted;
use crate::scores::database::StoreError;
use crate::wording;
use crate::wording::calendar::N_WEEKS;

impl Bot {
    pub(super) fn leaderboard(
        &self,
        heard: &Heard,
        span: Span,
        previous: bool,
        topic: Option<&str>,
    ) -> Result<Message, StoreError> {
        let Some(guild) = heard.place.guild else {
            return Ok(wording::organiser::only_in_servers());
        };
        let season = self.scores.guild(guild)?.season;
        let now = Period::of(span, self.today(heard)?, season);
        let period = match previous {
            true => now.previous(season).unwrap_or(now),
            false => now,
        };
        self.board_of(heard, guild, period, topic, 0)
    }

    pub(super) fn board_page(
        &self,
        heard: &Heard,
        span: Span,
        day: i32,
        topic: Option<u64>,
        page: u16,
    ) -> Result<Message, StoreError> {
        let Some(guild) = heard.place.guild else {
            return Ok(wording::organiser::only_in_servers());
        };
        let season = self.scores.guild(guild)?.season;
        let day = match wording::board::numbered_day(day) {
            Some(day) => day,
            None => self.today(heard)?,
        };
        let bank = self.bank();
        let questions = bank.iter().flat_map(|bank| bank.questions());
        let mut topics = questions.map(|question| question.topic.as_str());
        let topic = topic.and_then(|key| topics.find(|topic| topic_key(topic) == key));
        self.board_of(
            heard,
            guild,
            Period::of(span, day, season),
            topic,
            u32::from(page),
        )
    }

    fn board_of(
        &self,
        heard: &Heard,
        guild: u64,
        period: Period,
        topic: Option<&str>,
        page: u32,
    ) -> Result<Message, StoreError> {
        let season = self.scores.guild(guild)?.season;
        let wanted = Wanted {
            guild,
            period,
            topic: topic.map(str::to_owned),
            page,
            member: Some(heard.member.id),
        };
        let board = self.scores.board(&wanted, season)?;
        let today = self.today(heard)?;
        Ok(wording::board::board(
            &board,
            period,
            topic,
            page,
            heard.member.id,
            today,
        ))
    }

    pub(super) fn stats(&self, heard: &Heard, of: Option<&Member>) -> Result<Message, StoreError> {
        let Some(guild) = heard.place.guild else {
            return Ok(wording::organiser::only_in_servers());
        };
        let member = of.map_or(heard.member.id, |member| member.id);
        let today = self.today(heard)?;
        let first = today.saturating_sub((N_WEEKS as i64).weeks());
        let standing = self.scores.standing(guild, member, first, today)?;
        if standing.is_hidden && member != heard.member.id {
            return Ok(wording::board::hidden());
        }
        let season = self.scores.guild(guild)?.season;
        let wanted = Wanted {
            guild,
            period: Period::of(Span::All, today, season),
            topic: None,
            page: 0,
            member: Some(member),
        };
        let board = self.scores.board(&wanted, season)?;
        let mut places = board.places.iter().chain(&board.own);
        let rank = places
            .find(|place| place.member == member)
            .map(|place| place.rank);
        Ok(wording::board::standing(&standing, member, rank, today))
    }

    pub(super) fn privacy(&self, heard: &Heard, privacy: Privacy) -> anyhow::Result<Message> {
        Ok(match privacy {
            Privacy::Export => {
                let (bytes, n_rows) = person::export(&self.scores, heard.member.id)?;
                match bytes.len() {
                    _ if n_rows == 0 => wording::board::nothing_kept(),
                    n if n > FILE_BYTES_MAX => wording::board::export_too_large(),
                    _ => wording::board::exported(bytes, n_rows),
                }
            }
            Privacy::Forget => wording::board::forget(),
            Privacy::Hide { hidden } => {
                let Some(guild) = heard.place.guild else {
                    return Ok(wording::organiser::only_in_servers());
                };
                self.scores.hide(guild, heard.member.id, hidden)?;
                wording::board::is_hidden(hidden)
            }
        })
    }

    pub(super) fn forget(&self, heard: &Heard) -> Result<Message, StoreError> {
        let was_known = person::forget(&self.scores, self.secret, heard.member.id, heard.event)?;
        Ok(wording::board::forgotten(was_known))
    }
}
