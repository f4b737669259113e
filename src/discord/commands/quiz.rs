//! The commands of the quiz, as Discord is told of them and as they are read.

use serenity::builder::{CreateCommand, CreateCommandOption};
use serenity::model::Permissions;
use serenity::model::application::{CommandOptionType, CommandType};
use serenity::model::channel::ChannelType;

use super::{flag, number, option, switch, text};
use crate::chat::command::{Config, Lack, Privacy, Quiz, Setup, Suggest};
use crate::chat::{Member, Request};
use crate::discord::interaction::{CommandOption, Interaction};
use crate::discord::number::Number;
use crate::discord::permissions;
use crate::quiz::grade::Grading;
use crate::quiz::period::{Season, Span};

const SETUP: &str = "setup";
const QUIZ: &str = "quiz";
const CONFIG: &str = "config";
const DOCTOR: &str = "doctor";
const LEADERBOARD: &str = "leaderboard";
const STATS: &str = "stats";
const PRIVACY: &str = "privacy";

const SCHEDULE: &str = "schedule";
const QUESTION: &str = "question";
const TOPIC: &str = "topic";
const ZONE: &str = "zone";
const ROUND: &str = "round";
const REASON: &str = "reason";

/// Characters of a short text that an organiser types, of a list of topics, and of a reason, at most.
const WORD_MAX: u16 = 100;
const LIST_MAX: u16 = 1_000;
const REASON_MAX: u16 = 300;
/// Hours that a round may be open, at most.
const OPEN_HOURS_MAX: u64 = 168;
/// Questions of one practice, at most.
const PRACTICE_MAX: u64 = 50;

/// Periods of a board, by the words that Discord shows.
const PERIODS: [(&str, &str, Span); 5] = [
    ("today", "today", Span::Day),
    ("week", "week", Span::Week),
    ("month", "month", Span::Month),
    ("season", "season", Span::Season),
    ("all time", "all", Span::All),
];

/// The commands, in the order in which they are registered.
pub(super) fn all() -> Vec<CreateCommand> {
    vec![
        setup(),
        quiz(),
        config(),
        doctor(),
        leaderboard(),
        stats(),
        privacy(),
    ]
}

/// What a command asks for. None where it is none of these, or of another version's.
pub(super) fn request(command: &Interaction) -> Option<Request> {
    let options = &command.data.options;
    match command.data.name.as_str() {
        SETUP => Some(read_setup(command)),
        QUIZ => read_quiz(options).map(Request::Quiz),
        CONFIG => read_config(options).map(Request::Config),
        DOCTOR => Some(Request::Doctor {
            lacks: lacks_here(command),
        }),
        LEADERBOARD => read_leaderboard(options),
        STATS => read_stats(command),
        PRIVACY => read_privacy(options).map(Request::Privacy),
        _ => None,
    }
}

/// What a half-typed option of a command, or of its subcommand, wants suggestions for.
pub(super) fn suggest(command: &str, option: &str, typed: String) -> Option<Suggest> {
    match (command, option) {
        (SETUP | CONFIG, ZONE) => Some(Suggest::Zone { typed }),
        (QUIZ, SCHEDULE) => Some(Suggest::Schedule { typed }),
        (QUIZ, QUESTION) => Some(Suggest::QuizQuestion { typed }),
        (QUIZ | LEADERBOARD, TOPIC) => Some(Suggest::QuizTopic { typed }),
        (QUIZ, ROUND) => Some(Suggest::Round { typed }),
        _ => None,
    }
}

fn command(name: &str, description: &str) -> CreateCommand {
    CreateCommand::new(name)
        .kind(CommandType::ChatInput)
        .description(description)
}

fn word(name: &str, description: &str) -> CreateCommandOption {
    CreateCommandOption::new(CommandOptionType::String, name, description)
        .min_length(1)
        .max_length(WORD_MAX)
}

fn yes_or_no(name: &str, description: &str) -> CreateCommandOption {
    CreateCommandOption::new(CommandOptionType::Boolean, name, description)
}

fn one_of(name: &str, description: &str, choices: &[(&str, &str)]) -> CreateCommandOption {
    let option = CreateCommandOption::new(CommandOptionType::String, name, description);
    choices.iter().fold(option, |option, (shown, value)| {
        option.add_string_choice(*shown, *value)
    })
}

fn sub(name: &str, description: &str, options: Vec<CreateCommandOption>) -> CreateCommandOption {
    CreateCommandOption::new(CommandOptionType::SubCommand, name, description)
        .set_sub_options(options)
}

fn zone(description: &str) -> CreateCommandOption {
    word(ZONE, description).set_autocomplete(true)
}

fn topic(description: &str) -> CreateCommandOption {
    word(TOPIC, description).set_autocomplete(true)
}

fn schedule() -> CreateCommandOption {
    word(SCHEDULE, "Which schedule, where there are several").set_autocomplete(true)
}

fn setup() -> CreateCommand {
    let channel = CreateCommandOption::new(
        CommandOptionType::Channel,
        "channel",
        "Where it posts; here, if left out",
    )
    .channel_types(vec![ChannelType::Text, ChannelType::News]);
    let open_hours = CreateCommandOption::new(
        CommandOptionType::Integer,
        "open_hours",
        "How many hours a round is open",
    )
    .min_int_value(1)
    .max_int_value(OPEN_HOURS_MAX);
    command(SETUP, "Draft a schedule for the quiz; a button keeps it")
        .default_member_permissions(Permissions::MANAGE_GUILD)
        .add_option(word("name", "What the schedule is called"))
        .add_option(channel)
        .add_option(word("time", "When it posts, as 09:00"))
        .add_option(zone("In which time zone, as Europe/Berlin"))
        .add_option(word(
            "days",
            "On which days, as mon-fri or mon,wed,sat or daily",
        ))
        .add_option(
            word("topics", "Only these topics, with commas; all for all").max_length(LIST_MAX),
        )
        .add_option(word(
            "difficulty",
            "easy, medium, hard, with commas; all for all",
        ))
        .add_option(CreateCommandOption::new(
            CommandOptionType::Role,
            "ping_role",
            "The role that a post calls",
        ))
        .add_option(one_of(
            "feedback",
            "When people learn whether they were right",
            &[("at once", "instant"), ("at the close", "sealed")],
        ))
        .add_option(open_hours)
        .add_option(yes_or_no(
            "may_change",
            "Whether answers may be changed until the close",
        ))
        .add_option(one_of(
            "grading",
            "What an answer is worth where several choices are right",
            &[
                ("all or nothing", Grading::AllOrNothing.name()),
                ("in part", Grading::Balanced.name()),
            ],
        ))
        .add_option(yes_or_no(
            "thread",
            "Whether a closed round gets a thread to talk about it",
        ))
}

fn read_setup(command: &Interaction) -> Request {
    let options = &command.data.options;
    let word = |name| text(options, name).map(str::to_owned);
    let channel = option(options, "channel").and_then(CommandOption::channel);
    let ping_role = option(options, "ping_role").and_then(CommandOption::role);
    let is_here = channel.is_none() || channel == command.channel_id;
    Request::Setup(Setup {
        name: word("name"),
        channel: channel.map(|Number(channel)| channel),
        time: word("time"),
        zone: word(ZONE),
        days: word("days"),
        topics: word("topics"),
        difficulty: word("difficulty"),
        ping_role: ping_role.map(|Number(role)| role),
        feedback: word("feedback"),
        open_hours: number(options, "open_hours"),
        may_change: switch(options, "may_change"),
        grading: word("grading"),
        thread: switch(options, "thread"),
        // What is lacking elsewhere is asked before the story is told.
        lacks: match is_here {
            true => lacks_here(command),
            false => Vec::new(),
        },
    })
}

/// What the bot may not do where the command was given.
fn lacks_here(command: &Interaction) -> Vec<Lack> {
    let allowed = command.guild_id.and(command.app_permissions);
    let kind = command.channel.as_ref().map(|channel| channel.kind);
    allowed.map_or_else(Vec::new, |allowed| {
        permissions::lacks(kind.unwrap_or(ChannelType::Text), allowed)
    })
}

fn quiz() -> CreateCommand {
    let count = CreateCommandOption::new(CommandOptionType::Integer, "count", "How many questions")
        .min_int_value(1)
        .max_int_value(PRACTICE_MAX);
    let question = word(QUESTION, "The question; pick one as you type")
        .required(true)
        .set_autocomplete(true);
    let reason = || {
        word(REASON, "Why, for all to see")
            .max_length(REASON_MAX)
            .required(true)
    };
    let round = || word(ROUND, "Which round; the newest, if left out").set_autocomplete(true);
    let right = word("right", "The letters of the right choices, as A or AC").required(true);
    command(QUIZ, "Practise, or look after the quiz")
        .add_option(sub("preview", "Show what comes next", vec![schedule()]))
        .add_option(sub("skip", "Leave the next question out", vec![schedule()]))
        .add_option(sub(
            "pin",
            "Let a question come next",
            vec![question, schedule()],
        ))
        .add_option(sub(
            "post-now",
            "Post a round now, besides the day's own",
            vec![schedule()],
        ))
        .add_option(sub(
            "pause",
            "Post nothing until further notice",
            vec![schedule()],
        ))
        .add_option(sub("resume", "Go on posting", vec![schedule()]))
        .add_option(sub(
            "queue",
            "Show what is pinned and how many questions are left",
            vec![schedule()],
        ))
        .add_option(sub("status", "Show how the newest rounds went", Vec::new()))
        .add_option(sub(
            "void",
            "Take the points of a round back",
            vec![reason(), round()],
        ))
        .add_option(sub(
            "regrade",
            "Grade a round anew",
            vec![right, reason(), round()],
        ))
        .add_option(sub(
            "practice",
            "Questions for you alone, without points",
            vec![topic("Only questions of this topic"), count],
        ))
        .add_option(sub(
            "review",
            "What you got wrong, again when it is due, for you alone",
            Vec::new(),
        ))
}

/// The subcommand that was given, with its options.
fn given(options: &[CommandOption]) -> Option<(&str, &[CommandOption])> {
    let mut options = options.iter();
    options.find_map(|option| Some((option.name.as_str(), option.inner()?)))
}

fn read_quiz(options: &[CommandOption]) -> Option<Quiz> {
    let (name, options) = given(options)?;
    let word = |name| text(options, name).map(str::to_owned);
    let schedule = word(SCHEDULE);
    Some(match name {
        "preview" => Quiz::Preview { schedule },
        "skip" => Quiz::Skip { schedule },
        "pin" => Quiz::Pin {
            schedule,
            question: word(QUESTION)?,
        },
        "post-now" => Quiz::PostNow { schedule },
        "pause" => Quiz::Pause { schedule },
        "resume" => Quiz::Resume { schedule },
        "queue" => Quiz::Queue { schedule },
        "status" => Quiz::Status,
        "void" => Quiz::Void {
            round: word(ROUND),
            reason: word(REASON)?,
        },
        "regrade" => Quiz::Regrade {
            round: word(ROUND),
            right: word("right")?,
            reason: word(REASON)?,
        },
        "practice" => Quiz::Practice {
            topic: word(TOPIC),
            count: number(options, "count"),
        },
        "review" => Quiz::Review,
        _ => return None,
    })
}

fn config() -> CreateCommand {
    let seasons = Season::ALL.map(|season| (season.name(), season.name()));
    command(CONFIG, "What holds for the whole server")
        .default_member_permissions(Permissions::MANAGE_GUILD)
        .add_option(sub("show", "Show what is set", Vec::new()))
        .add_option(sub(
            "set",
            "Set something; the rest keeps its value",
            vec![
                zone("The time zone in which the server's days begin"),
                one_of("season", "How long a season is", &seasons),
                yes_or_no("recap", "Whether a recap of the week is posted"),
            ],
        ))
}

fn read_config(options: &[CommandOption]) -> Option<Config> {
    match given(options)? {
        ("show", _) => Some(Config::Show),
        ("set", options) => Some(Config::Set {
            zone: text(options, ZONE).map(str::to_owned),
            season: text(options, "season").map(str::to_owned),
            recap: switch(options, "recap"),
        }),
        _ => None,
    }
}

fn doctor() -> CreateCommand {
    command(DOCTOR, "Find out what keeps the quiz from being posted")
        .default_member_permissions(Permissions::MANAGE_GUILD)
}

fn leaderboard() -> CreateCommand {
    let periods = PERIODS.map(|(shown, value, _)| (shown, value));
    command(LEADERBOARD, "See who has the most points")
        .add_option(one_of("period", "Over which days", &periods))
        .add_option(yes_or_no("previous", "The period before this one"))
        .add_option(topic("Only this topic"))
}

fn read_leaderboard(options: &[CommandOption]) -> Option<Request> {
    let span = match text(options, "period") {
        None => Span::default(),
        Some(word) => {
            let mut periods = PERIODS.iter();
            periods.find(|(_, value, _)| *value == word)?.2
        }
    };
    Some(Request::Leaderboard {
        span,
        previous: flag(options, "previous"),
        topic: text(options, TOPIC).map(str::to_owned),
    })
}

fn stats() -> CreateCommand {
    command(STATS, "See how somebody does").add_option(CreateCommandOption::new(
        CommandOptionType::User,
        "member",
        "Who; you, if left out",
    ))
}

fn read_stats(command: &Interaction) -> Option<Request> {
    let of = match option(&command.data.options, "member") {
        None => None,
        Some(member) => {
            let id = member.user()?;
            let resolved = &command.data.resolved;
            let member = resolved.members.get(&id);
            let user = resolved.users.get(&id).map(|user| user.known(member));
            let unknown = || Member {
                id: id.0,
                name: String::new(),
                is_organiser: false,
            };
            Some(user.unwrap_or_else(unknown))
        }
    };
    Some(Request::Stats { of })
}

fn privacy() -> CreateCommand {
    command(PRIVACY, "What is kept about you, and how to be rid of it")
        .add_option(sub("export", "Get all that is kept about you", Vec::new()))
        .add_option(sub(
            "forget",
            "Have all that is kept about you deleted",
            Vec::new(),
        ))
        .add_option(sub(
            "hide",
            "Stand on leaderboards, or on none",
            vec![yes_or_no("hidden", "On none").required(true)],
        ))
}

fn read_privacy(options: &[CommandOption]) -> Option<Privacy> {
    match given(options)? {
        ("export", _) => Some(Privacy::Export),
        ("forget", _) => Some(Privacy::Forget),
        ("hide", options) => Some(Privacy::Hide {
            hidden: switch(options, "hidden")?,
        }),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
