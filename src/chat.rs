//! The chat as the stories see it: what was heard, and what is said.
//!
//! A surface (Discord, the terminal) turns its own events into [`Heard`] and [`Reply`] into its
//! own messages. Nothing here knows which surface that is.

use async_trait::async_trait;
use jiff::Timestamp;
use studyhall_index::SectionKey;

/// Characters of Markdown in a message's body, at most.
///
/// Discord holds 4,096 in an embed's description
/// (<https://docs.discord.com/developers/resources/message#embed-limits>).
pub const BODY_MAX: usize = 3_600;
/// Characters in a message's title, at most (Discord: 256).
pub const TITLE_MAX: usize = 256;
/// Characters on a button's label, at most.
pub const LABEL_MAX: usize = 80;
/// Buttons in one row, and rows in one message, at most.
pub const ROW_MAX: usize = 5;
/// Suggestions offered at once while a person types, at most.
pub const SUGGESTIONS_MAX: usize = 25;
/// Characters in a suggestion's name and in its value, at most.
pub const SUGGESTION_MAX: usize = 100;
/// Characters of a question, at most; Discord lets a person type as many.
pub const QUESTION_MAX: usize = 6_000;

/// A person in the chat.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// The chat's own number for this person.
    pub id: u64,
    /// The name that the others see.
    pub name: String,
}

/// Where something was said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The server; none in a direct message.
    pub guild: Option<u64>,
    /// The channel.
    pub channel: u64,
}

/// Something a person did, with who, where and when.
#[derive(Clone, Debug)]
pub struct Heard {
    /// Who.
    pub member: Member,
    /// Where.
    pub place: Place,
    /// When it reached us.
    pub at: Timestamp,
    /// What.
    pub request: Request,
}

/// What a person can ask of the bot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// `/ask`: a question, or the key of a suggestion that the person picked.
    Ask {
        /// What the person typed or picked.
        question: String,
        /// Only sections of this topic may answer.
        topic: Option<String>,
        /// Only the person sees the answer.
        private: bool,
    },
    /// "Answer from the notes" on somebody's message.
    AnswerMessage {
        /// The message's text.
        text: String,
    },
    /// `/note`: a section by id, key or name.
    Note {
        /// What the person typed or picked.
        section: String,
    },
    /// `/topics`: what the notes are about.
    Topics,
    /// Suggestions for a half-typed option.
    Suggest(Suggest),
    /// A button was pressed.
    Press {
        /// What the button is for.
        press: Press,
        /// Whether the message that carries the button is seen by this person alone.
        on_private: bool,
    },
}

/// A half-typed option for which the person wants suggestions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Suggest {
    /// The question of `/ask`.
    Question {
        /// What has been typed so far.
        typed: String,
    },
    /// The topic of `/ask`.
    Topic {
        /// What has been typed so far.
        typed: String,
    },
    /// The section of `/note`.
    Section {
        /// What has been typed so far.
        typed: String,
    },
}

/// What a button does. All it needs is in here: a button of yesterday's process works today.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Press {
    /// Show this page (from 0) of a section.
    Open {
        /// The section.
        section: SectionKey,
        /// Which page of it.
        page: u16,
    },
    /// Show the section that follows this one in its note.
    Next {
        /// The section to start from.
        section: SectionKey,
    },
    /// Show the section before this one in its note.
    Previous {
        /// The section to start from.
        section: SectionKey,
    },
    /// Say for all to see what only this person saw.
    Share {
        /// The section.
        section: SectionKey,
        /// Which page of it.
        page: u16,
        /// Which quote of it stood first, where one did.
        quote: Option<u16>,
    },
    /// The answer helped.
    Helped {
        /// The section that answered.
        section: SectionKey,
    },
    /// The answer did not help.
    DidNotHelp {
        /// The section that was meant to answer.
        section: SectionKey,
    },
    /// Show this page (from 0) of the topics.
    Topics {
        /// Which page.
        page: u16,
    },
}

/// What the bot says to something heard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// A new message.
    Say(Message),
    /// The message whose button was pressed becomes this.
    Replace(Message),
    /// Suggestions for what the person is typing, at most [`SUGGESTIONS_MAX`].
    Offer(Vec<Suggestion>),
}

/// Who sees a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audience {
    /// Everybody in the channel.
    Channel,
    /// Only the person it answers.
    Person,
}

/// A message in the chat. Its texts are the Markdown that a chat can show: bold, italics, code,
/// fences, lists, quotes and links; nothing in them can ping anyone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Who sees it.
    pub audience: Audience,
    /// The line above the body, at most [`TITLE_MAX`] characters of plain text.
    pub title: Option<String>,
    /// Where the title leads.
    pub url: Option<String>,
    /// The text, at most [`BODY_MAX`] characters.
    pub body: String,
    /// Small print below the body: where the text stands.
    pub footer: Option<String>,
    /// Rows of buttons, at most [`ROW_MAX`] of at most [`ROW_MAX`].
    pub buttons: Vec<Vec<Button>>,
}

/// A button below a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Button {
    /// What stands on it, at most [`LABEL_MAX`] characters.
    pub label: String,
    /// What it does.
    pub press: Press,
    /// Whether it can be pressed.
    pub enabled: bool,
}

/// An offer for a half-typed option.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suggestion {
    /// What the person sees, at most [`SUGGESTION_MAX`] characters.
    pub name: String,
    /// What comes back when the person picks it, at most [`SUGGESTION_MAX`] characters.
    pub value: String,
}

/// A surface on which the bot talks.
#[async_trait]
pub trait Chat: Send + Sync {
    /// What the surface needs to know to answer one thing heard.
    type Origin: Send + Sync;

    /// Answers what was heard.
    ///
    /// # Errors
    /// The surface could not deliver the reply. Nothing may be retried blindly: the person may
    /// have seen it.
    async fn reply(&self, origin: &Self::Origin, reply: Reply) -> anyhow::Result<()>;
}
