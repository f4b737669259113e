//! What Discord is told of the quiz, and how what people do with it is read.

use serde_json::{Value, json};

use super::super::tests::command;
use super::super::{request, suggest};
use super::*;
use crate::discord::register;

/// A line for each command and subcommand: who may use it, and its options with their types,
/// limits and choices; `!` stands for required, `~` for suggestions.
fn told() -> Vec<String> {
    let wanted = register::wanted();
    let commands = wanted.as_array().unwrap().iter();
    let quiz = commands.filter(|command| command["contexts"] == json!([0]));
    let mut lines = Vec::new();
    for command in quiz {
        assert_eq!(command["integration_types"], json!([0]));
        let who = &command["default_member_permissions"];
        let name = format!(
            "{}{}",
            command["name"].as_str().unwrap(),
            who.as_str()
                .map_or(String::new(), |who| format!(" [{who}]"))
        );
        let (subs, plain): (Vec<&Value>, Vec<&Value>) = options(command)
            .into_iter()
            .partition(|option| option["type"] == 1);
        if subs.is_empty() {
            lines.push(line(&name, &plain));
        } else {
            assert_eq!(plain, Vec::<&Value>::new());
        }
        for sub in subs {
            let name = format!("{name} {}", sub["name"].as_str().unwrap());
            lines.push(line(&name, &options(sub)));
        }
    }
    lines
}

fn options(of: &Value) -> Vec<&Value> {
    let length = of["description"].as_str().unwrap().chars().count();
    assert!((1..=100).contains(&length), "{of}");
    of["options"].as_array().into_iter().flatten().collect()
}

fn line(name: &str, options: &[&Value]) -> String {
    let options = options.iter().map(|option| {
        let mut text = format!(
            " {}:{}",
            option["name"].as_str().unwrap(),
            option["type"].as_u64().unwrap()
        );
        for (least, most) in [("min_length", "max_length"), ("min_value", "max_value")] {
            if let (Some(least), Some(most)) = (option[least].as_u64(), option[most].as_u64()) {
                text += &format!("({least}-{most})");
            }
        }
        let choices = option["choices"].as_array().into_iter().flatten();
        let choices: Vec<&str> = choices.map(|c| c["value"].as_str().unwrap()).collect();
        if !choices.is_empty() {
            text += &format!("({})", choices.join("|"));
        }
        if let Some(kinds) = option.get("channel_types") {
            text += &kinds.to_string();
        }
        if option["required"] == true {
            text.push('!');
        }
        if option["autocomplete"] == true {
            text.push('~');
        }
        text
    });
    format!("{name}{}", options.collect::<String>())
}

#[test]
fn this_is_what_discord_is_told_of_the_quiz() {
    assert_eq!(
        told(),
        [
            "setup [32] name:3(1-100) channel:7[0,5] time:3(1-100) zone:3(1-100)~ days:3(1-100) \
             topics:3(1-1000) difficulty:3(1-100) ping_role:8 feedback:3(instant|sealed) \
             open_hours:4(1-168) may_change:5 grading:3(all|balanced) thread:5",
            "quiz preview schedule:3(1-100)~",
            "quiz skip schedule:3(1-100)~",
            "quiz pin question:3(1-100)!~ schedule:3(1-100)~",
            "quiz post-now schedule:3(1-100)~",
            "quiz pause schedule:3(1-100)~",
            "quiz resume schedule:3(1-100)~",
            "quiz queue schedule:3(1-100)~",
            "quiz status",
            "quiz void reason:3(1-300)! round:3(1-100)~",
            "quiz regrade right:3(1-100)! reason:3(1-300)! round:3(1-100)~",
            "quiz practice topic:3(1-100)~ count:4(1-50)",
            "quiz review",
            "config [32] show",
            "config [32] set zone:3(1-100)~ season:3(month|quarter|year) recap:5",
            "doctor [32]",
            "leaderboard period:3(today|week|month|season|all) previous:5 topic:3(1-100)~",
            "stats member:6",
            "privacy export",
            "privacy forget",
            "privacy hide hidden:5!",
        ]
    );
}

/// A command as it comes, with these options: (name, type, value).
fn given(name: &str, options: &[(&str, u8, Value)]) -> Value {
    let options: Value = options
        .iter()
        .map(|(name, kind, value)| json!({ "name": name, "type": kind, "value": value }))
        .collect();
    json!({ "id": "9", "name": name, "type": 1, "options": options })
}

/// The same of a subcommand.
fn below(name: &str, sub: &str, options: &[(&str, u8, Value)]) -> Value {
    let mut data = given(name, options);
    let options = data["options"].take();
    data["options"] = json!([{ "name": sub, "type": 1, "options": options }]);
    data
}

#[track_caller]
fn check(data: Value, expect: Option<Request>) {
    assert_eq!(request(&command(2, &data)), expect, "{data}");
}

#[track_caller]
fn check_quiz(sub: &str, options: &[(&str, u8, Value)], expect: Option<Quiz>) {
    check(below("quiz", sub, options), expect.map(Request::Quiz));
}

#[test]
fn a_setup_is_read_with_all_its_options() {
    let options = [
        ("name", 3, json!("daily")),
        ("channel", 7, json!("33")),
        ("time", 3, json!("09:00")),
        ("zone", 3, json!("Europe/Berlin")),
        ("days", 3, json!("mon-fri")),
        ("topics", 3, json!("storage, network")),
        ("difficulty", 3, json!("easy")),
        ("ping_role", 8, json!("44")),
        ("feedback", 3, json!("sealed")),
        ("open_hours", 4, json!(20)),
        ("may_change", 5, json!(false)),
        ("grading", 3, json!("balanced")),
        ("thread", 5, json!(true)),
    ];
    let word = |text: &str| Some(text.to_owned());
    check(
        given("setup", &options),
        Some(Request::Setup(Setup {
            name: word("daily"),
            channel: Some(33),
            time: word("09:00"),
            zone: word("Europe/Berlin"),
            days: word("mon-fri"),
            topics: word("storage, network"),
            difficulty: word("easy"),
            ping_role: Some(44),
            feedback: word("sealed"),
            open_hours: Some(20),
            may_change: Some(false),
            grading: word("balanced"),
            thread: Some(true),
            lacks: Vec::new(),
        })),
    );
    check(given("setup", &[]), Some(Request::Setup(Setup::default())));
}

#[test]
fn what_the_bot_lacks_where_it_was_asked_is_read() {
    let asked = |name: &str, channel: Option<&str>, guild: Option<u64>| {
        let options: Vec<_> = channel
            .map(|id| ("channel", 7, json!(id)))
            .into_iter()
            .collect();
        let mut command = command(2, &given(name, &options));
        command.guild_id = guild.map(Number);
        // All but EMBED_LINKS and CREATE_PUBLIC_THREADS.
        command.app_permissions = Permissions::from_bits(1 << 10 | 1 << 11 | 1 << 16);
        request(&command)
    };
    let lacks = vec![Lack::Embed, Lack::Threads];
    let here = Request::Doctor {
        lacks: lacks.clone(),
    };
    assert_eq!(asked("doctor", None, Some(5)), Some(here));
    let nowhere = Request::Doctor { lacks: Vec::new() };
    assert_eq!(asked("doctor", None, None), Some(nowhere));
    for (channel, lacks) in [
        (None, lacks.clone()),
        (Some("3"), lacks),
        (Some("33"), Vec::new()),
    ] {
        let setup = Setup {
            channel: channel.map(|id| id.parse().unwrap()),
            lacks,
            ..Setup::default()
        };
        let expect = Some(Request::Setup(setup));
        assert_eq!(asked("setup", channel, Some(5)), expect);
    }
}

#[test]
fn each_command_of_the_quiz_is_read() {
    let name = [("schedule", 3, json!("daily"))];
    let schedule = Some("daily".to_owned());
    type Makes = fn(Option<String>) -> Quiz;
    let alike: [(&str, Makes); 6] = [
        ("preview", |schedule| Quiz::Preview { schedule }),
        ("skip", |schedule| Quiz::Skip { schedule }),
        ("post-now", |schedule| Quiz::PostNow { schedule }),
        ("pause", |schedule| Quiz::Pause { schedule }),
        ("resume", |schedule| Quiz::Resume { schedule }),
        ("queue", |schedule| Quiz::Queue { schedule }),
    ];
    for (sub, makes) in alike {
        check_quiz(sub, &name, Some(makes(schedule.clone())));
        check_quiz(sub, &[], Some(makes(None)));
    }
    let question = ("question", 3, json!("s3-1"));
    check_quiz(
        "pin",
        &[question, name[0].clone()],
        Some(Quiz::Pin {
            schedule,
            question: "s3-1".to_owned(),
        }),
    );
    check_quiz("pin", &name, None);
    check_quiz("status", &[], Some(Quiz::Status));
    let (round, reason) = (("round", 3, json!("17")), ("reason", 3, json!("wrong")));
    let void = Quiz::Void {
        round: Some("17".to_owned()),
        reason: "wrong".to_owned(),
    };
    check_quiz("void", &[reason.clone(), round.clone()], Some(void));
    check_quiz("void", &[round], None);
    let regrade = Quiz::Regrade {
        round: None,
        right: "AC".to_owned(),
        reason: "wrong".to_owned(),
    };
    check_quiz(
        "regrade",
        &[("right", 3, json!("AC")), reason],
        Some(regrade),
    );
    let practice = Quiz::Practice {
        topic: Some("storage".to_owned()),
        count: Some(12),
    };
    let options = [("topic", 3, json!("storage")), ("count", 4, json!(12))];
    check_quiz("practice", &options, Some(practice));
    check_quiz("review", &[], Some(Quiz::Review));
    check_quiz("unheard-of", &[], None);
    check(given("quiz", &[]), None);
}

#[test]
fn the_other_commands_are_read() {
    let config = |config| Some(Request::Config(config));
    check(below("config", "show", &[]), config(Config::Show));
    let options = [("season", 3, json!("quarter")), ("recap", 5, json!(false))];
    let set = Config::Set {
        zone: None,
        season: Some("quarter".to_owned()),
        recap: Some(false),
    };
    check(below("config", "set", &options), config(set));

    let board = |span, previous, topic: Option<&str>| {
        Some(Request::Leaderboard {
            span,
            previous,
            topic: topic.map(str::to_owned),
        })
    };
    check(given("leaderboard", &[]), board(Span::Season, false, None));
    for (word, span) in [
        ("today", Span::Day),
        ("week", Span::Week),
        ("month", Span::Month),
        ("season", Span::Season),
        ("all", Span::All),
    ] {
        let options = [("period", 3, json!(word)), ("previous", 5, json!(true))];
        check(given("leaderboard", &options), board(span, true, None));
    }
    let options = [("topic", 3, json!("storage"))];
    let expect = board(Span::Season, false, Some("storage"));
    check(given("leaderboard", &options), expect);
    check(given("leaderboard", &[("period", 3, json!("age"))]), None);

    check(given("stats", &[]), Some(Request::Stats { of: None }));
    let mut of_ben = given("stats", &[("member", 6, json!("12"))]);
    let ben = json!({ "id": "12", "username": "ben", "global_name": "Ben", "discriminator": "0",
        "avatar": null });
    of_ben["resolved"] = json!({ "users": { "12": ben } });
    let of = Some(Member {
        id: 12,
        name: "Ben".to_owned(),
        is_organiser: false,
    });
    check(of_ben, Some(Request::Stats { of }));

    let privacy = |privacy| Some(Request::Privacy(privacy));
    check(below("privacy", "export", &[]), privacy(Privacy::Export));
    check(below("privacy", "forget", &[]), privacy(Privacy::Forget));
    for hidden in [false, true] {
        let hide = below("privacy", "hide", &[("hidden", 5, json!(hidden))]);
        check(hide, privacy(Privacy::Hide { hidden }));
    }
}

#[test]
fn each_half_typed_option_of_the_quiz_asks_for_its_own_suggestions() {
    let typed = "ve".to_owned();
    let zone = || {
        Some(Suggest::Zone {
            typed: typed.clone(),
        })
    };
    let topic = || {
        Some(Suggest::QuizTopic {
            typed: typed.clone(),
        })
    };
    let schedule = Some(Suggest::Schedule {
        typed: typed.clone(),
    });
    let question = Some(Suggest::QuizQuestion {
        typed: typed.clone(),
    });
    let round = || {
        Some(Suggest::Round {
            typed: typed.clone(),
        })
    };
    for (name, sub, option, expect) in [
        ("setup", None, "zone", zone()),
        ("setup", None, "name", None),
        ("config", Some("set"), "zone", zone()),
        ("quiz", Some("skip"), "schedule", schedule),
        ("quiz", Some("pin"), "question", question),
        ("quiz", Some("practice"), "topic", topic()),
        ("quiz", Some("void"), "round", round()),
        ("quiz", Some("regrade"), "round", round()),
        ("leaderboard", None, "topic", topic()),
    ] {
        let half = json!({ "type": 3, "name": option, "value": "ve", "focused": true });
        let options = match sub {
            Some(sub) => json!([{ "name": sub, "type": 1, "options": [half] }]),
            None => json!([half]),
        };
        let data = json!({ "id": "9", "name": name, "type": 1, "options": options });
        assert_eq!(suggest(&command(4, &data)), expect, "{name} {option}");
    }
}
