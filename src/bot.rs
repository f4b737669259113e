//! The stories: what is heard in a chat, what the bot says to it, and what it does by itself.

mod gone;
mod notes;
mod offers;
mod organise;
pub mod person;
mod play;
mod points;
mod questions;
mod recap;
mod recent;
mod review;
mod rounds;
mod setup;

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use jiff::Timestamp;
use studyhall_index::Index;
use tokio::sync::Notify;

use crate::answer;
use crate::chat::command::Suggest;
use crate::chat::{Audience, Chat, Heard, Message, Press, Reply, Request, SUGGESTIONS_MAX};
use crate::scores::database::StoreError;
use crate::scores::{By, Scores};
use crate::wording;

pub use questions::Questions;
pub use recap::Rhythm;
pub use recent::Recent;

/// What says how late it is.
pub type Clock = dyn Fn() -> Timestamp + Send + Sync;

/// The bot. A clone is another handle on the same one.
#[derive(Clone, Debug)]
pub struct Bot {
    /// The notes.
    pub index: Index,
    /// The address below which readers find the notes on the web.
    pub notes_url: Option<Arc<str>>,
    /// The questions.
    pub questions: Questions,
    /// The scores.
    pub scores: Scores,
    /// A number that only this store knows: what the bot does by chance follows from it.
    pub secret: u64,
    /// The process, as rounds are held in its name.
    pub owner: Arc<str>,
    /// Tells whoever calls [`Bot::tick`] that something has fallen due.
    pub nudge: Arc<Notify>,
    /// When what is done now and then was done last.
    pub rhythm: Arc<Rhythm>,
    /// Answers that were given last.
    pub recent: Arc<Recent>,
}

/// The secret of these scores, made from `chance` when first asked for.
///
/// # Errors
/// The store fails.
pub fn secret(scores: &Scores, chance: u64) -> Result<u64, StoreError> {
    let kept = scores.setting("secret", format!("{chance:016x}"))?;
    u64::from_str_radix(&kept, 16)
        .map_err(|_| StoreError::Damaged("the secret cannot be read".to_owned()))
}

impl Bot {
    /// Answers something heard and says so on the chat. Searching happens on a thread for work
    /// that blocks.
    ///
    /// # Errors
    /// The chat could not deliver the reply.
    pub async fn respond<C: Chat>(
        &self,
        chat: &C,
        origin: &C::Origin,
        heard: Heard,
    ) -> anyhow::Result<()> {
        let bot = self.clone();
        let excuse = Excuse::of(&heard);
        let reply = match tokio::task::spawn_blocking(move || bot.hear(&heard)).await {
            Ok(reply) => reply,
            Err(panic) => excuse.made(&panic),
        };
        chat.reply(origin, reply).await
    }

    /// What the bot says to something heard. A fault of ours is logged, and told with a reference.
    #[must_use]
    pub fn hear(&self, heard: &Heard) -> Reply {
        self.reply(heard)
            .unwrap_or_else(|error| Excuse::of(heard).made(error.as_ref()))
    }

    fn reply(&self, heard: &Heard) -> anyhow::Result<Reply> {
        let message = match &heard.request {
            Request::Ask {
                question,
                topic,
                private,
            } => {
                let audience = match private {
                    true => Audience::Person,
                    false => Audience::Channel,
                };
                self.answer(heard.at, question, topic.as_deref(), audience)?
            }
            Request::AnswerMessage { text } => {
                self.answer(heard.at, text, None, Audience::Channel)?
            }
            Request::Note { section } => self.note(section)?,
            Request::Topics => wording::topics(&self.index.topics(), 0),
            Request::Setup(setup) => self.setup(heard, setup)?,
            Request::Quiz(quiz) => self.quiz(heard, quiz)?,
            Request::Config(config) => self.config(heard, config)?,
            Request::Doctor { lacks } => self.doctor(heard, lacks)?,
            Request::Leaderboard {
                span,
                previous,
                topic,
            } => self.leaderboard(heard, *span, *previous, topic.as_deref())?,
            Request::Stats { of } => self.stats(heard, of.as_ref())?,
            Request::Privacy(privacy) => self.privacy(heard, *privacy)?,
            Request::Suggest(suggest) => return self.offer(heard, suggest),
            Request::Press { press, on_private } => {
                let message = self.pressed(heard, *press)?;
                let replaces = replaces(*press, *on_private, &message);
                return Ok(if replaces {
                    Reply::Replace(message)
                } else {
                    Reply::Say(message)
                });
            }
        };
        Ok(Reply::Say(message))
    }

    fn pressed(&self, heard: &Heard, press: Press) -> anyhow::Result<Message> {
        if let Some(message) = self.pressed_note(heard, press)? {
            return Ok(message);
        }
        Ok(match press {
            Press::Answer { round, shown } => self.answered(heard, round, shown)?,
            Press::Report { round } => self.reported(heard, round)?,
            Press::SaveSchedule { schedule } => self.save_schedule(heard, schedule)?,
            Press::DropSchedule { schedule } => self.drop_schedule(heard, schedule)?,
            Press::Board {
                span,
                day,
                topic,
                page,
            } => self.board_page(heard, span, day, topic, page)?,
            Press::Practice { place, shown } => self.practiced(heard, place, shown)?,
            Press::PracticeNext => self.practice_on(heard)?,
            Press::Review {
                question,
                times,
                tally,
                shown,
            } => self.reviewed(heard, (question, times), tally, shown)?,
            Press::ReviewNext { tally } => self.review_on(heard, tally)?,
            Press::Forget => self.forget(heard)?,
            Press::Open { .. }
            | Press::Next { .. }
            | Press::Previous { .. }
            | Press::Share { .. }
            | Press::Helped { .. }
            | Press::DidNotHelp { .. }
            | Press::Topics { .. } => wording::gone(),
        })
    }

    fn offer(&self, heard: &Heard, suggest: &Suggest) -> anyhow::Result<Reply> {
        Ok(Reply::Offer(match suggest {
            Suggest::Question { typed } | Suggest::Section { typed } => {
                wording::section_offers(&self.index.suggest(typed, SUGGESTIONS_MAX))
            }
            Suggest::Topic { typed } => {
                let topics = answer::topics_like(self.index.topics(), typed);
                let topics = topics.iter().take(SUGGESTIONS_MAX);
                topics.map(wording::topic_offer).collect()
            }
            Suggest::Zone { typed } => self.zones_like(typed),
            Suggest::Schedule { typed } => self.schedules_like(heard, typed)?,
            Suggest::QuizQuestion { typed } => self.questions_like(heard, typed),
            Suggest::QuizTopic { typed } => self.quiz_topics_like(typed),
            Suggest::Round { typed } => self.rounds_like(heard, typed)?,
        }))
    }
}

/// Who did what was heard, for the store: the same in every process that hears it.
fn by(heard: &Heard) -> By {
    By {
        actor: heard.member.id,
        at: heard.at,
        event: Some(heard.event),
    }
}

/// Whether a message takes the place of the one whose button was pressed. What only acknowledges
/// or explains leaves the section in view.
fn replaces(press: Press, on_private: bool, message: &Message) -> bool {
    match press {
        Press::Open { .. } | Press::Next { .. } | Press::Previous { .. } | Press::Topics { .. } => {
            on_private && message.title.is_some()
        }
        Press::SaveSchedule { .. }
        | Press::DropSchedule { .. }
        | Press::Practice { .. }
        | Press::PracticeNext
        | Press::Review { .. }
        | Press::ReviewNext { .. }
        | Press::Forget => on_private,
        Press::Board { .. } => true,
        Press::Share { .. }
        | Press::Helped { .. }
        | Press::DidNotHelp { .. }
        | Press::Answer { .. }
        | Press::Report { .. } => false,
    }
}

/// What is needed to excuse a fault after the thing heard is gone.
struct Excuse {
    reference: String,
    reply: fn(&str) -> Reply,
}

impl Excuse {
    fn of(heard: &Heard) -> Self {
        let mut hasher = DefaultHasher::new();
        (heard.at, heard.member.id).hash(&mut hasher);
        let reply = match heard.request {
            // There is no room for a sentence in a list of suggestions.
            Request::Suggest(_) => |_: &str| Reply::Offer(Vec::new()),
            Request::Ask { .. }
            | Request::AnswerMessage { .. }
            | Request::Note { .. }
            | Request::Topics
            | Request::Setup(_)
            | Request::Quiz(_)
            | Request::Config(_)
            | Request::Doctor { .. }
            | Request::Leaderboard { .. }
            | Request::Stats { .. }
            | Request::Privacy(_)
            | Request::Press { .. } => |reference: &str| Reply::Say(wording::fault(reference)),
        };
        Self {
            reference: format!("{:06x}", hasher.finish() & 0xff_ffff),
            reply,
        }
    }

    fn made(self, error: &(dyn std::error::Error + 'static)) -> Reply {
        let reference = self.reference.as_str();
        tracing::error!(reference, error, "something heard could not be answered");
        (self.reply)(reference)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::{Member, Place};

    fn heard(request: Request) -> Heard {
        Heard {
            event: 1,
            member: Member {
                id: 1,
                name: "Ada".to_owned(),
                is_organiser: false,
            },
            place: Place {
                guild: None,
                channel: 1,
            },
            at: Timestamp::UNIX_EPOCH,
            request,
        }
    }

    #[test]
    fn a_fault_is_excused_with_a_reference() {
        let fault = std::io::Error::other("the disk said /secret/path");
        let Reply::Say(message) = Excuse::of(&heard(Request::Topics)).made(&fault) else {
            panic!("a sentence was expected")
        };
        let reference = Excuse::of(&heard(Request::Topics)).reference;
        assert_eq!(reference.len(), 6);
        assert!(message.body.contains(&format!("`{reference}`")));
        assert!(!message.body.contains("secret"));
        let typed = Suggest::Question {
            typed: "s".to_owned(),
        };
        let reply = Excuse::of(&heard(Request::Suggest(typed))).made(&fault);
        assert_eq!(reply, Reply::Offer(Vec::new()));
    }
}
