//! Stories of the notes: a question, a section, a topic, and the buttons below them.

use jiff::Timestamp;
use studyhall_index::{Index, IndexError, Placed, SectionKey};

use super::Bot;
use super::recent::{Query, Told};
use crate::answer::{self, Answer, Named};
use crate::chat::{Audience, Heard, Message, Press};
use crate::scores::gaps::Event;
use crate::wording::{self, Noted, View};

impl Bot {
    pub(super) fn answer(
        &self,
        at: Timestamp,
        question: &str,
        topic: Option<&str>,
        audience: Audience,
    ) -> Result<Message, IndexError> {
        let query = Query {
            question: question.to_owned(),
            topic: topic.map(str::to_owned),
            audience,
        };
        self.recent.answer(&self.index, query, || {
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
                    Told::Answer(wording::answer(&view, question, &others, &corrections))
                }
                Answer::Unknown {
                    nearest,
                    corrections,
                } => {
                    let noted = self.note_down(at, Event::Unanswered(question));
                    let message =
                        wording::unknown(question, &nearest, &corrections, noted, audience);
                    Told::Once(message)
                }
                Answer::Section(placed) => {
                    Told::Once(wording::section(&self.view(&placed, audience)))
                }
                Answer::Gone => Told::Once(wording::gone()),
                Answer::Empty => Told::Once(wording::empty_question()),
                Answer::TooLong(n_characters) => {
                    Told::Once(wording::question_too_long(n_characters))
                }
                Answer::NoSuchTopic { name } => Told::Once(wording::no_such_topic(&name)),
            })
        })
    }

    pub(super) fn note(&self, name: &str) -> Result<Message, IndexError> {
        Ok(match answer::named(&self.index, name)? {
            Named::Section(placed) => wording::section(&self.view(&placed, Audience::Person)),
            Named::Nothing { nearest } => wording::no_such_section(name, &nearest),
            Named::Gone => wording::gone(),
            Named::Empty => wording::empty_name(),
        })
    }

    /// What a button below a section does; nothing for other buttons.
    pub(super) fn pressed_note(
        &self,
        heard: &Heard,
        press: Press,
    ) -> Result<Option<Message>, IndexError> {
        Ok(Some(match press {
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
            Press::Answer { .. }
            | Press::Report { .. }
            | Press::SaveSchedule { .. }
            | Press::DropSchedule { .. }
            | Press::Board { .. }
            | Press::Practice { .. }
            | Press::PracticeNext
            | Press::Review { .. }
            | Press::ReviewNext { .. }
            | Press::Forget => return Ok(None),
        }))
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

    /// An answer is worth more than its record: where the scores cannot be written, that is logged and told.
    fn note_down(&self, at: Timestamp, event: Event<'_>) -> Noted {
        match self.scores.note_gap(at, event) {
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
