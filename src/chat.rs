//! The chat as the stories see it: what was heard, and what is said.
//!
//! A surface (Discord, the terminal) turns its own events into [`Heard`] and [`Reply`] into its
//! own messages. Nothing here knows which surface that is.

pub mod command;

use std::collections::BTreeSet;

use async_trait::async_trait;
use jiff::Timestamp;
use studyhall_index::SectionKey;

use crate::quiz::grade::Choices;
use crate::quiz::period::Span;
use command::{Config, Lack, Privacy, Quiz, Setup, Suggest};

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
/// Characters of what stands on a list before anything is chosen, at most.
pub const HINT_MAX: usize = 150;
/// Lines of a list, at most.
pub const LINES_MAX: usize = 25;
/// Characters of a line of a list, at most.
pub const LINE_MAX: usize = 100;
/// Bytes of a file, at most; Discord takes ten MiB.
pub const FILE_BYTES_MAX: usize = 8 << 20;
/// Characters of what a file shows, at most (Discord: 1,024).
pub const ALT_MAX: usize = 1_000;
/// Characters of a thread's name, at most.
pub const THREAD_MAX: usize = 100;
/// Characters of the key of a post, at most.
/// <https://docs.discord.com/developers/resources/message#create-message>
pub const KEY_MAX: usize = 25;
/// Characters of a question, at most; Discord lets a person type as many.
pub const QUESTION_MAX: usize = 6_000;

/// A person in the chat.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// The chat's own number for this person.
    pub id: u64,
    /// The name that the others see.
    pub name: String,
    /// Whether this person may manage the server, and so the quiz.
    pub is_organiser: bool,
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
    /// The chat's own number for this event, the same where it is told twice.
    pub event: u64,
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
    /// `/setup`: a schedule to be drafted.
    Setup(Setup),
    /// A command of `/quiz`.
    Quiz(Quiz),
    /// `/config show` and `/config set`.
    Config(Config),
    /// `/doctor`: what keeps the quiz from being posted.
    Doctor {
        /// What the bot may not do in this channel, as far as the surface could find out.
        lacks: Vec<Lack>,
    },
    /// `/leaderboard`.
    Leaderboard {
        /// Over which days.
        span: Span,
        /// Whether the period before this one is meant.
        previous: bool,
        /// Only this topic.
        topic: Option<String>,
    },
    /// `/stats`: how somebody does; the asker, where nobody is named.
    Stats {
        /// Who.
        of: Option<Member>,
    },
    /// `/privacy`.
    Privacy(Privacy),
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
    /// Answer a round.
    Answer {
        /// The round's number.
        round: i64,
        /// What was chosen, by the places in which the choices are shown. Empty on a list from which
        /// several are chosen: the surface fills it in.
        shown: Choices,
    },
    /// Say that a round's question is wrong.
    Report {
        /// The round's number.
        round: i64,
    },
    /// Keep a drafted schedule.
    SaveSchedule {
        /// The schedule's number.
        schedule: i64,
    },
    /// Drop a drafted schedule.
    DropSchedule {
        /// The schedule's number.
        schedule: i64,
    },
    /// Show a page of a board.
    Board {
        /// Over which days.
        span: Span,
        /// A day of the period, counted from 1970 on.
        day: i32,
        /// The topic, by [`topic_key`].
        topic: Option<u64>,
        /// Which page, from 0.
        page: u16,
    },
    /// Answer a question of a practice.
    Practice {
        /// Its place in the practice, from 0.
        place: u16,
        /// What was chosen, as for [`Press::Answer`].
        shown: Choices,
    },
    /// The next question of a practice.
    PracticeNext,
    /// Answer a question of a review.
    Review {
        /// The question, by [`question_key`].
        question: u64,
        /// How many answers to it counted before; one that was given since makes the button stale.
        times: u32,
        /// How the review went until then.
        tally: Tally,
        /// What was chosen, as for [`Press::Answer`].
        shown: Choices,
    },
    /// The next question of a review.
    ReviewNext {
        /// How the review went until then.
        tally: Tally,
    },
    /// Be forgotten.
    Forget,
}

impl Press {
    /// The same where these choices, by the places shown, are answered with it; a press that answers
    /// nothing stays as it is.
    #[must_use]
    pub fn choosing(self, shown: Choices) -> Self {
        match self {
            Self::Answer { round, .. } => Self::Answer { round, shown },
            Self::Practice { place, .. } => Self::Practice { place, shown },
            Self::Review {
                question,
                times,
                tally,
                ..
            } => Self::Review {
                question,
                times,
                tally,
                shown,
            },
            other => other,
        }
    }
}

/// How a review goes. Its buttons carry it; nothing else knows of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Questions of this review.
    pub n: u8,
    /// How many of them are answered.
    pub n_done: u8,
    /// How many of the answers were right.
    pub n_right: u8,
}

/// A topic as a button carries it.
#[must_use]
pub fn topic_key(topic: &str) -> u64 {
    xxhash_rust::xxh3::xxh3_64(topic.as_bytes())
}

/// A question as a button carries it.
#[must_use]
pub fn question_key(id: &str) -> u64 {
    xxhash_rust::xxh3::xxh3_64(id.as_bytes())
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
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
    /// A list to choose several from, above the buttons; it takes the place of one row.
    pub list: Option<List>,
    /// A file that comes with it.
    pub file: Option<File>,
    /// The one role that the message calls; nobody else is ever called.
    pub calls: Option<u64>,
}

/// A list below a message, from which people choose several lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct List {
    /// What stands on it before anything is chosen, at most [`HINT_MAX`] characters.
    pub hint: String,
    /// Its lines, at most [`LINES_MAX`], each at most [`LINE_MAX`] characters.
    pub lines: Vec<String>,
    /// What choosing does. Its set of choices is filled in by the places of the lines.
    pub press: Press,
}

/// A file that comes with a message, at most [`FILE_BYTES_MAX`] bytes.
#[derive(Clone, PartialEq, Eq)]
pub struct File {
    /// Its name.
    pub name: String,
    /// What is in it.
    pub bytes: Vec<u8>,
    /// What it shows, for those who cannot see it, at most [`ALT_MAX`] characters.
    pub alt: Option<String>,
}

impl std::fmt::Debug for File {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "File({:?}, {} bytes)", self.name, self.bytes.len())
    }
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

/// How a text names a member: each surface shows the name that the others see, and calls nobody.
#[must_use]
pub fn member_name(id: u64) -> String {
    match i64::try_from(id) {
        Ok(id) if id > 0 => format!("<@{id}>"),
        Ok(_) | Err(_) => FORGOTTEN.to_owned(),
    }
}

/// How a text names somebody who wanted to be forgotten: such members have numbers that no chat has.
pub const FORGOTTEN: &str = "*somebody who left*";

/// How a text names an instant: each surface shows how far off it is.
#[must_use]
pub fn moment(at: Timestamp) -> String {
    format!("<t:{}:R>", at.as_second())
}

/// A surface on which the bot talks.
#[async_trait]
pub trait Chat: Send + Sync {
    /// What the surface needs to know to answer one thing heard.
    type Origin: Send + Sync;

    /// What the chat's own clock says; nothing where it cannot be asked.
    async fn clock(&self) -> Option<Timestamp>;

    /// Answers what was heard.
    ///
    /// # Errors
    /// The surface could not deliver the reply. Nothing may be retried blindly: the person may
    /// have seen it.
    async fn reply(&self, origin: &Self::Origin, reply: Reply) -> anyhow::Result<()>;

    /// Posts a message. The same key again within a minute gives the message that is there already.
    ///
    /// # Errors
    /// See [`PostError`].
    async fn post(&self, channel: u64, key: &str, message: &Message) -> Result<u64, PostError>;

    /// Puts another message in the place of one of the bot's own.
    ///
    /// # Errors
    /// See [`PostError`].
    async fn edit(&self, channel: u64, posted: u64, message: &Message) -> Result<(), PostError>;

    /// Looks for the bot's own message with answers to this round, among those since `since`.
    ///
    /// # Errors
    /// See [`PostError`].
    async fn find(&self, channel: u64, round: i64, since: Timestamp) -> Result<Trace, PostError>;

    /// Opens a thread below a message. One that is there already is well.
    ///
    /// # Errors
    /// See [`PostError`].
    async fn discuss(&self, channel: u64, posted: u64, name: &str) -> Result<(), PostError>;

    /// Tells one person something, privately.
    ///
    /// # Errors
    /// See [`PostError`]. Many people take no private messages of bots.
    async fn tell(&self, member: u64, message: &Message) -> Result<(), PostError>;

    /// Whether this person has left the server.
    ///
    /// # Errors
    /// See [`PostError`].
    async fn has_left(&self, guild: u64, member: u64) -> Result<bool, PostError>;

    /// Servers that the bot is in with numbers above `after`, the first of them; none where there are no
    /// more.
    ///
    /// # Errors
    /// See [`PostError`].
    async fn guilds(&self, after: u64) -> Result<BTreeSet<u64>, PostError>;
}

/// What was found of a post whose fate was unknown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trace {
    /// It is there: this message.
    Posted(u64),
    /// It is not there.
    Absent,
    /// Nobody may look, or more was written at that time than is looked through.
    Unknown,
}

/// Something could not be posted or changed.
#[derive(Debug, thiserror::Error)]
pub enum PostError {
    /// The chat said no, and will say so again.
    #[error("the chat refused it: {0}")]
    Refused(Refusal),
    /// Nothing was sent. Later it may go better.
    #[error("the chat cannot be reached now")]
    NotNow(#[source] anyhow::Error),
    /// It was sent, and nobody knows whether it arrived.
    #[error("nobody knows whether the chat took it")]
    Unsure(#[source] anyhow::Error),
}

/// Why the chat refused something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The channel is gone.
    #[error("the channel is gone")]
    NoChannel,
    /// The bot lacks the permission.
    #[error("a permission is missing")]
    NoPermission,
    /// The message is gone.
    #[error("the message is gone")]
    NoMessage,
    /// What was sent breaks a rule of the chat.
    #[error("the chat found fault with what was sent")]
    Invalid,
}
