//! The stories: what is heard in a chat, and what the bot says to it.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use jiff::Timestamp;
use studyhall_index::{Index, IndexError, Placed, SectionKey};

use crate::answer::{self, Answer, Named};
use crate::chat::{
    Audience, Chat, Heard, Message, Press, Reply, Request, SUGGESTIONS_MAX, Suggest,
};
use crate::gaps::{Event, Gaps};
use crate::wording::{self, Noted, View};

/// The bot. A clone is another handle on the same one.
#[derive(Clone, Debug)]
pub struct Bot {
    /// The notes.
    pub index: Index,
    /// What they failed to answer.
    pub gaps: Arc<Gaps>,
    /// The address below which readers find the notes on the web.
    pub notes_url: Option<Arc<str>>,
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
            .unwrap_or_else(|error| Excuse::of(heard).made(&error))
    }

    fn reply(&self, heard: &Heard) -> Result<Reply, IndexError> {
        Ok(match &heard.request {
            Request::Ask {
                question,
                topic,
                private,
            } => {
                let audience = if *private {
                    Audience::Person
                } else {
                    Audience::Channel
                };
                Reply::Say(self.answer(heard.at, question, topic.as_deref(), audience)?)
            }
            Request::AnswerMessage { text } => {
                Reply::Say(self.answer(heard.at, text, None, Audience::Channel)?)
            }
            Request::Note { section } => Reply::Say(self.note(section)?),
            Request::Topics => Reply::Say(wording::topics(&self.index.topics(), 0)),
            Request::Suggest(suggest) => self.offer(suggest),
            Request::Press { press, on_private } => {
                let message = self.pressed(heard, *press)?;
                if *on_private && replaces(*press, &message) {
                    Reply::Replace(message)
                } else {
                    Reply::Say(message)
                }
            }
        })
    }

    fn answer(
        &self,
        at: Timestamp,
        question: &str,
        topic: Option<&str>,
        audience: Audience,
    ) -> Result<Message, IndexError> {
        Ok(match answer::answer(&self.index, question, topic)? {
            Answer::Found {
                best,
                placed,
                others,
                corrections,
            } => {
                let view = View {
                    quote: best.quote.as_ref(),
                    ..self.view(&placed, audience)
                };
                wording::answer(&view, question, &others, &corrections)
            }
            Answer::Unknown {
                nearest,
                corrections,
            } => {
                let noted = self.note_down(at, Event::Unanswered(question));
                wording::unknown(question, &nearest, &corrections, noted, audience)
            }
            Answer::Section(placed) => wording::section(&self.view(&placed, audience)),
            Answer::Gone => wording::gone(),
            Answer::Empty => wording::empty_question(),
            Answer::TooLong(n_characters) => wording::question_too_long(n_characters),
            Answer::NoSuchTopic { name } => wording::no_such_topic(&name),
        })
    }

    fn note(&self, name: &str) -> Result<Message, IndexError> {
        Ok(match answer::named(&self.index, name)? {
            Named::Section(placed) => wording::section(&self.view(&placed, Audience::Person)),
            Named::Nothing { nearest } => wording::no_such_section(name, &nearest),
            Named::Gone => wording::gone(),
            Named::Empty => wording::empty_name(),
        })
    }

    fn offer(&self, suggest: &Suggest) -> Reply {
        Reply::Offer(match suggest {
            Suggest::Question { typed } | Suggest::Section { typed } => {
                wording::section_offers(&self.index.suggest(typed, SUGGESTIONS_MAX))
            }
            Suggest::Topic { typed } => {
                let topics = answer::topics_like(self.index.topics(), typed);
                let topics = topics.iter().take(SUGGESTIONS_MAX);
                topics.map(wording::topic_offer).collect()
            }
        })
    }

    fn pressed(&self, heard: &Heard, press: Press) -> Result<Message, IndexError> {
        Ok(match press {
            Press::Open { section, page } => match self.index.section(section)? {
                Some(placed) => wording::section(&View {
                    page,
                    ..self.view(&placed, Audience::Person)
                }),
                None => wording::gone(),
            },
            Press::Next { section } => self.neighbour(section, |placed| placed.next)?,
            Press::Previous { section } => self.neighbour(section, |placed| placed.previous)?,
            Press::Share {
                section,
                page,
                quote,
            } => match self.index.section(section)? {
                Some(placed) => {
                    let quote = quote.and_then(|number| Index::quote(&placed.section, number));
                    let view = View {
                        page,
                        quote: quote.as_ref(),
                        ..self.view(&placed, Audience::Channel)
                    };
                    wording::shared(&view, &heard.member.name)
                }
                None => wording::gone(),
            },
            Press::Helped { section } => {
                if let Some(placed) = self.index.section(section)? {
                    self.note_down(heard.at, Event::Helped(&placed.section.id()));
                }
                wording::helped()
            }
            Press::DidNotHelp { section } => match self.index.section(section)? {
                Some(placed) => {
                    let id = placed.section.id();
                    wording::did_not_help(self.note_down(heard.at, Event::DidNotHelp(&id)))
                }
                None => wording::gone(),
            },
            Press::Topics { page } => wording::topics(&self.index.topics(), page),
        })
    }

    fn neighbour(
        &self,
        from: SectionKey,
        way: fn(&Placed) -> Option<SectionKey>,
    ) -> Result<Message, IndexError> {
        let Some(placed) = self.index.section(from)? else {
            return Ok(wording::gone());
        };
        let Some(key) = way(&placed) else {
            return Ok(wording::no_neighbour());
        };
        Ok(match self.index.section(key)? {
            Some(placed) => wording::section(&self.view(&placed, Audience::Person)),
            None => wording::gone(),
        })
    }

    fn view<'a>(&'a self, placed: &'a Placed, audience: Audience) -> View<'a> {
        View {
            placed,
            page: 0,
            quote: None,
            audience,
            notes_url: self.notes_url.as_deref(),
        }
    }

    /// An answer is worth more than its record: a full disk is logged and told.
    fn note_down(&self, at: Timestamp, event: Event<'_>) -> Noted {
        match self.gaps.record(at, event) {
            Ok(()) => Noted::Kept,
            Err(error) => {
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    "a gap was not recorded"
                );
                Noted::Lost
            }
        }
    }
}

/// Whether a message takes the place of the private one whose button was pressed. What only
/// acknowledges or explains leaves the section in view.
fn replaces(press: Press, message: &Message) -> bool {
    match press {
        Press::Open { .. } | Press::Next { .. } | Press::Previous { .. } | Press::Topics { .. } => {
            message.title.is_some()
        }
        Press::Share { .. } | Press::Helped { .. } | Press::DidNotHelp { .. } => false,
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
            member: Member {
                id: 1,
                name: "Ada".to_owned(),
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
