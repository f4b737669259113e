//! What the commands of the quiz carry, and what is asked for while one is typed.

/// What `/setup` was told. What is left out keeps its value, or gets the usual one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Setup {
    /// What the schedule is called.
    pub name: Option<String>,
    /// Where it posts; where the command was given, otherwise.
    pub channel: Option<u64>,
    /// When, as `HH:MM`.
    pub time: Option<String>,
    /// The zone, as the IANA calls it.
    pub zone: Option<String>,
    /// On which days, as `mon-fri`.
    pub days: Option<String>,
    /// Topics, with commas between them; `all` for all.
    pub topics: Option<String>,
    /// Difficulties, with commas between them; `all` for all.
    pub difficulty: Option<String>,
    /// The role that a post calls.
    pub ping_role: Option<u64>,
    /// `instant` or `sealed`.
    pub feedback: Option<String>,
    /// How many hours a round is open.
    pub open_hours: Option<i64>,
    /// Whether answers may be changed until the close.
    pub may_change: Option<bool>,
    /// `all` or `balanced`.
    pub grading: Option<String>,
    /// Whether a closed round gets a thread to talk about it.
    pub thread: Option<bool>,
    /// What the bot may not do in the channel, as far as the surface could find out.
    pub lacks: Vec<Lack>,
}

/// Something the bot must be allowed to do in a channel, and is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lack {
    /// See the channel.
    See,
    /// Send messages.
    Send,
    /// Show embeds.
    Embed,
    /// Read earlier messages: without it, nobody can tell after a crash whether a round was posted.
    History,
    /// Open threads.
    Threads,
    /// There is no such channel, or it holds no messages.
    Channel,
}

/// A command of `/quiz`. A schedule is named where a server has several.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Quiz {
    /// The coming posts.
    Preview {
        /// Of which schedule.
        schedule: Option<String>,
    },
    /// The question that comes next is left out.
    Skip {
        /// Of which schedule.
        schedule: Option<String>,
    },
    /// A question comes next.
    Pin {
        /// In which schedule.
        schedule: Option<String>,
        /// The question's id.
        question: String,
    },
    /// A round now, besides the day's own.
    PostNow {
        /// Of which schedule.
        schedule: Option<String>,
    },
    /// Nothing is posted until further notice.
    Pause {
        /// Of which schedule.
        schedule: Option<String>,
    },
    /// Posting goes on.
    Resume {
        /// Of which schedule.
        schedule: Option<String>,
    },
    /// What is pinned, and how many questions are left.
    Queue {
        /// Of which schedule.
        schedule: Option<String>,
    },
    /// How the newest rounds went, and what organisers did.
    Status,
    /// A round's points are taken back.
    Void {
        /// Which, as the round's footer names it; the newest, where none is named.
        round: Option<String>,
        /// Why, for all to see.
        reason: String,
    },
    /// A round is graded anew.
    Regrade {
        /// Which, as the round's footer names it; the newest, where none is named.
        round: Option<String>,
        /// The letters of the right choices, as the round shows them.
        right: String,
        /// Why, for all to see.
        reason: String,
    },
    /// Questions for oneself.
    Practice {
        /// Only of this topic.
        topic: Option<String>,
        /// How many.
        count: Option<i64>,
    },
    /// What oneself got wrong, where it is due.
    Review,
}

/// A command of `/config`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Config {
    /// What is set.
    Show,
    /// What holds for the whole server. What is left out keeps its value.
    Set {
        /// The zone in which the server's days begin.
        zone: Option<String>,
        /// `month`, `quarter` or `year`.
        season: Option<String>,
        /// Whether a recap of the week is posted.
        recap: Option<bool>,
    },
}

/// A command of `/privacy`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Privacy {
    /// All that is kept about the asker.
    Export,
    /// The asker is forgotten, once that is confirmed.
    Forget,
    /// The asker stands on boards, or on none.
    Hide {
        /// On none.
        hidden: bool,
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
    /// A zone.
    Zone {
        /// What has been typed so far.
        typed: String,
    },
    /// A schedule of the server.
    Schedule {
        /// What has been typed so far.
        typed: String,
    },
    /// A question of the bank.
    QuizQuestion {
        /// What has been typed so far.
        typed: String,
    },
    /// A topic of the bank.
    QuizTopic {
        /// What has been typed so far.
        typed: String,
    },
    /// One of the newest rounds.
    Round {
        /// What has been typed so far.
        typed: String,
    },
}
