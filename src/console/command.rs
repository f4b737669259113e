//! Commands that people type in the terminal, how they are written, and what they ask for.

use super::line;
use super::options::{Options, word};
use crate::chat::command::{Config, Privacy, Quiz, Setup, Suggest};
use crate::chat::{Member, Request};
use crate::quiz::period::Span;

/// Who may manage the server of the terminal.
pub(super) const ORGANISER: &str = "ada";
/// How wide the forms are before what they do.
const FORM_WIDTH: usize = 44;

/// The commands: the name, the form, and what it does.
const FORMS: &[(&str, &str, &str)] = &[
    (
        "ask",
        "/ask [--private] [topic:NAME] QUESTION",
        "ask the notes (topic:\"two words\" for longer names)",
    ),
    (
        "answer",
        "/answer TEXT",
        "answer somebody's message from the notes",
    ),
    ("note", "/note NAME", "open a section"),
    ("topics", "/topics", "see what the notes are about"),
    (
        "suggest",
        "/suggest TEXT",
        "see what is offered while TEXT is being typed",
    ),
    (
        "setup",
        "/setup [time:09:00] [zone:Europe/Zurich] [days:mon-fri] [topics:s3,ec2] [difficulty:easy,hard] \
         [feedback:instant|sealed] [open_hours:20] [may_change:on|off] [grading:all|balanced] \
         [thread:on|off] [ping_role:5] [channel:2] [name:daily]",
        "draft a schedule (only ada, the organiser, may)",
    ),
    (
        "quiz",
        "/quiz preview|skip|post-now|pause|resume|queue [schedule:NAME]",
        "see and steer what is posted",
    ),
    (
        "quiz",
        "/quiz pin ID [schedule:NAME]",
        "let a question come next",
    ),
    ("quiz", "/quiz status", "see how the newest rounds went"),
    (
        "quiz",
        "/quiz void [round:NUMBER] REASON",
        "take a round's points back",
    ),
    (
        "quiz",
        "/quiz regrade [round:NUMBER] LETTERS REASON",
        "grade a round anew, as in AC",
    ),
    (
        "quiz",
        "/quiz practice [topic:NAME] [count:5]",
        "questions for yourself",
    ),
    (
        "quiz",
        "/quiz review",
        "what you got wrong, again when it is due",
    ),
    (
        "config",
        "/config [zone:UTC] [season:month|quarter|year] [recap:on|off]",
        "see or change what is set",
    ),
    (
        "doctor",
        "/doctor",
        "see what keeps the quiz from being posted",
    ),
    (
        "leaderboard",
        "/leaderboard [today|week|month|season|all] [previous] [topic:NAME]",
        "see who has how many points",
    ),
    ("stats", "/stats [NAME]", "see how somebody does"),
    (
        "privacy",
        "/privacy export|forget|hide|show",
        "what is kept about you",
    ),
    (
        "wait",
        "/wait 2h | 1d 30m | until 09:00",
        "let time go on (clocks are UTC)",
    ),
    (
        "week",
        "/week",
        "watch a week of the quiz with ada, bo, cy and di",
    ),
    ("leave", "/leave NAME", "somebody leaves the server"),
    ("as", "/as NAME", "go on as somebody else"),
    ("", "NAME: LINE", "say one line as somebody else"),
    ("", "a", "press button [a] of the last message"),
    ("", "m3 b", "press button [b] of message 3"),
    (
        "",
        "m3 1,3",
        "choose lines 1 and 3 of the list of message 3",
    ),
    ("help", "/help, /quit", ""),
];

/// All that can be typed.
pub(super) fn help() -> String {
    let mut lines = vec!["Type a question, or:".to_owned()];
    for (_, form, does) in FORMS {
        let n = form.chars().count();
        lines.push(if n > FORM_WIDTH {
            format!("  {form}\n  {:FORM_WIDTH$} {does}", "")
        } else {
            format!("  {form:FORM_WIDTH$} {does}").trim_end().to_owned()
        });
    }
    lines.join("\n")
}

/// How a command is written; where its first word fits one form only, that one.
pub(super) fn mend(name: &str, rest: &str) -> String {
    let forms = FORMS.iter().filter(|(other, _, _)| *other == name);
    let forms: Vec<&str> = forms.map(|(_, form, _)| *form).collect();
    let (first, _) = word(rest);
    let is_meant = |form: &&&str| {
        let mut words = form.split([' ', '|']);
        words.any(|word| word == first)
    };
    let meant: Vec<&str> = forms.iter().filter(is_meant).copied().collect();
    let forms = if meant.is_empty() { forms } else { meant };
    format!("Write it as\n  {}", forms.join("\n  "))
}

/// What a command asks for.
///
/// # Errors
/// It is not understood: how to write it.
pub(super) fn request(name: &str, rest: &str) -> Result<Request, String> {
    let read = match name {
        "ask" => Some(line::ask(rest)),
        "answer" => Some(Request::AnswerMessage {
            text: rest.to_owned(),
        }),
        "note" => Some(Request::Note {
            section: rest.to_owned(),
        }),
        "topics" => Some(Request::Topics),
        "suggest" => Some(Request::Suggest(Suggest::Question {
            typed: rest.to_owned(),
        })),
        "setup" => setup(rest).map(Request::Setup),
        "quiz" => quiz(rest).map(Request::Quiz),
        "config" => config(rest).map(Request::Config),
        "doctor" => rest
            .is_empty()
            .then_some(Request::Doctor { lacks: Vec::new() }),
        "leaderboard" => leaderboard(rest),
        "stats" => stats(rest),
        "privacy" => privacy(rest).map(Request::Privacy),
        other => {
            return Err(format!("There is no /{other}. /help lists what there is."));
        }
    };
    read.ok_or_else(|| mend(name, rest))
}

/// Somebody in the terminal.
pub(super) fn member(name: &str) -> Member {
    Member {
        id: line::member_id(name),
        name: name.to_owned(),
        is_organiser: name == ORGANISER,
    }
}

fn setup(rest: &str) -> Option<Setup> {
    let options = Options::read(
        rest,
        &[
            "name",
            "channel",
            "time",
            "zone",
            "days",
            "topics",
            "difficulty",
            "ping_role",
            "feedback",
            "open_hours",
            "may_change",
            "grading",
            "thread",
        ],
    );
    if !options.rest.is_empty() {
        return None;
    }
    Some(Setup {
        name: options.text("name"),
        channel: options.number("channel")?,
        time: options.text("time"),
        zone: options.text("zone"),
        days: options.text("days"),
        topics: options.text("topics"),
        difficulty: options.text("difficulty"),
        ping_role: options.number("ping_role")?,
        feedback: options.text("feedback"),
        open_hours: options.number("open_hours")?,
        may_change: options.switch("may_change")?,
        grading: options.text("grading"),
        thread: options.switch("thread")?,
        lacks: Vec::new(),
    })
}

fn quiz(rest: &str) -> Option<Quiz> {
    let (command, rest) = word(rest);
    let names: &[&str] = match command {
        "void" | "regrade" => &["round"],
        "practice" => &["topic", "count"],
        _ => &["schedule"],
    };
    let options = Options::read(rest, names);
    let (schedule, round) = (options.text("schedule"), options.text("round"));
    let rest = options.rest.as_str();
    let quiz = match command {
        "pin" if !rest.is_empty() && !rest.contains(' ') => Quiz::Pin {
            schedule,
            question: rest.to_owned(),
        },
        "void" if !rest.is_empty() => Quiz::Void {
            round,
            reason: rest.to_owned(),
        },
        "regrade" => {
            let (right, reason) = rest.split_once(' ')?;
            Quiz::Regrade {
                round,
                right: right.to_owned(),
                reason: reason.to_owned(),
            }
        }
        _ if !rest.is_empty() => return None,
        "preview" => Quiz::Preview { schedule },
        "skip" => Quiz::Skip { schedule },
        "post-now" => Quiz::PostNow { schedule },
        "pause" => Quiz::Pause { schedule },
        "resume" => Quiz::Resume { schedule },
        "queue" => Quiz::Queue { schedule },
        "status" if schedule.is_none() => Quiz::Status,
        "practice" => Quiz::Practice {
            topic: options.text("topic"),
            count: options.number("count")?,
        },
        "review" if schedule.is_none() => Quiz::Review,
        _ => return None,
    };
    Some(quiz)
}

fn config(rest: &str) -> Option<Config> {
    if rest.is_empty() || rest == "show" {
        return Some(Config::Show);
    }
    let rest = rest.strip_prefix("set ").unwrap_or(rest);
    let options = Options::read(rest, &["zone", "season", "recap"]);
    if !options.rest.is_empty() {
        return None;
    }
    Some(Config::Set {
        zone: options.text("zone"),
        season: options.text("season"),
        recap: options.switch("recap")?,
    })
}

fn leaderboard(rest: &str) -> Option<Request> {
    let options = Options::read(rest, &["topic"]);
    let (mut span, mut previous) = (None, false);
    for word in options.rest.split_whitespace() {
        let named = match word {
            "previous" => {
                previous = true;
                continue;
            }
            "today" => Span::Day,
            "week" => Span::Week,
            "month" => Span::Month,
            "season" => Span::Season,
            "all" => Span::All,
            _ => return None,
        };
        if span.replace(named).is_some() {
            return None;
        }
    }
    Some(Request::Leaderboard {
        span: span.unwrap_or_default(),
        previous,
        topic: options.text("topic"),
    })
}

fn stats(rest: &str) -> Option<Request> {
    let name = rest.strip_prefix('@').unwrap_or(rest);
    if name.is_empty() {
        return Some(Request::Stats { of: None });
    }
    line::is_name(name).then(|| Request::Stats {
        of: Some(member(name)),
    })
}

fn privacy(rest: &str) -> Option<Privacy> {
    match rest {
        "export" => Some(Privacy::Export),
        "forget" => Some(Privacy::Forget),
        "hide" => Some(Privacy::Hide { hidden: true }),
        "show" => Some(Privacy::Hide { hidden: false }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(line: &str, expected: &Request) {
        let (name, rest) = word(line);
        assert_eq!(request(name, rest.trim()).as_ref(), Ok(expected), "{line}");
    }

    #[test]
    fn a_schedule_is_set_up_in_one_line() {
        let line = "setup time:09:00 zone:Europe/Zurich days:mon-fri topics:s3,ec2 difficulty:easy \
                    feedback:sealed open_hours:20 may_change:on grading:balanced thread:off \
                    ping_role:5 name:\"late quiz\" channel:2";
        let text = |text: &str| Some(text.to_owned());
        let setup = Setup {
            name: text("late quiz"),
            channel: Some(2),
            time: text("09:00"),
            zone: text("Europe/Zurich"),
            days: text("mon-fri"),
            topics: text("s3,ec2"),
            difficulty: text("easy"),
            ping_role: Some(5),
            feedback: text("sealed"),
            open_hours: Some(20),
            may_change: Some(true),
            grading: text("balanced"),
            thread: Some(false),
            lacks: Vec::new(),
        };
        check(line, &Request::Setup(setup));
        check("setup", &Request::Setup(Setup::default()));
    }

    #[test]
    fn the_quiz_is_steered_by_lines() {
        let quiz = |line: &str, expected: Quiz| check(line, &Request::Quiz(expected));
        let daily = Some("daily".to_owned());
        let schedule = None;
        quiz("quiz preview", Quiz::Preview { schedule });
        let schedule = daily.clone();
        quiz("quiz skip schedule:daily", Quiz::Skip { schedule });
        let (schedule, question) = (daily, "s3-1".to_owned());
        quiz(
            "quiz pin s3-1 schedule:daily",
            Quiz::Pin { schedule, question },
        );
        quiz("quiz post-now", Quiz::PostNow { schedule: None });
        quiz("quiz pause", Quiz::Pause { schedule: None });
        quiz("quiz resume", Quiz::Resume { schedule: None });
        quiz("quiz queue", Quiz::Queue { schedule: None });
        quiz("quiz status", Quiz::Status);
        let (round, reason) = (Some("12".to_owned()), "two are right: B, C".to_owned());
        quiz(
            "quiz void round:12 two are right: B, C",
            Quiz::Void { round, reason },
        );
        let (right, reason) = ("AC".to_owned(), "both hold".to_owned());
        quiz(
            "quiz regrade AC both hold",
            Quiz::Regrade {
                round: None,
                right,
                reason,
            },
        );
        let (topic, count) = (Some("s3".to_owned()), Some(3));
        quiz(
            "quiz practice topic:s3 count:3",
            Quiz::Practice { topic, count },
        );
        quiz("quiz review", Quiz::Review);
    }

    #[test]
    fn boards_and_settings_are_asked_for_by_lines() {
        let board = |line: &str, span, previous, topic: Option<&str>| {
            let topic = topic.map(str::to_owned);
            check(
                line,
                &Request::Leaderboard {
                    span,
                    previous,
                    topic,
                },
            );
        };
        board("leaderboard", Span::Season, false, None);
        board("leaderboard today", Span::Day, false, None);
        board("leaderboard week previous", Span::Week, true, None);
        board("leaderboard month", Span::Month, false, None);
        board("leaderboard all topic:s3", Span::All, false, Some("s3"));
        check("stats", &Request::Stats { of: None });
        let of = Some(member("bo"));
        check("stats bo", &Request::Stats { of });
        check("privacy export", &Request::Privacy(Privacy::Export));
        check("privacy forget", &Request::Privacy(Privacy::Forget));
        let hide = |hidden| Request::Privacy(Privacy::Hide { hidden });
        check("privacy hide", &hide(true));
        check("privacy show", &hide(false));
        check("config", &Request::Config(Config::Show));
        let set = Config::Set {
            zone: None,
            season: Some("year".to_owned()),
            recap: Some(false),
        };
        check("config season:year recap:off", &Request::Config(set));
        check("doctor", &Request::Doctor { lacks: Vec::new() });
    }

    #[test]
    fn a_mistake_says_how_to_write_it() {
        let check = |line: &str, form: &str| {
            let (name, rest) = word(line);
            let mend = request(name, rest).expect_err(line);
            assert_eq!(mend, format!("Write it as\n  {form}"), "{line}");
        };
        check("quiz void", "/quiz void [round:NUMBER] REASON");
        check(
            "quiz regrade A",
            "/quiz regrade [round:NUMBER] LETTERS REASON",
        );
        check(
            "quiz skip now",
            "/quiz preview|skip|post-now|pause|resume|queue [schedule:NAME]",
        );
        check("quiz practice count:many", FORMS[11].1);
        check("privacy", "/privacy export|forget|hide|show");
        check("stats Two Words", "/stats [NAME]");
        check("leaderboard week month", FORMS[15].1);
        check("config recap:maybe", FORMS[13].1);
        check("setup channel:general", FORMS[5].1);
        check("setup when:09:00", FORMS[5].1);
        check("doctor please", "/doctor");
        let all = request("quiz", "dance").expect_err("no such command");
        assert_eq!(all.lines().count(), 8, "{all}");
    }

    #[test]
    fn help_lists_every_form_in_lines_that_fit() {
        let help = help();
        for (_, form, does) in FORMS {
            assert!(help.contains(form) && help.contains(does), "{form}");
        }
    }

    #[test]
    fn only_one_person_runs_the_quiz() {
        assert!(member("ada").is_organiser);
        assert!(!member("bo").is_organiser);
    }
}
