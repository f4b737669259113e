//! Who may do what on Discord: every command, every button and every suggestion, against what a
//! member may do in the server at that moment.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use studyhall::chat::command::{Config, Privacy, Quiz, Suggest};
use studyhall::chat::{Press, Request};

use crate::fake::{ADA, BEN, Interaction, Posted};
use crate::house::House;

const MANAGE_MESSAGES: u64 = 1 << 13;
const MANAGE_GUILD: u64 = 1 << 5;
const ADMINISTRATOR: u64 = 1 << 3;
/// What members may do, and whether that makes them organisers.
const MEMBERS: [(u64, bool); 4] = [
    (0, false),
    (MANAGE_MESSAGES, false),
    (MANAGE_GUILD, true),
    (ADMINISTRATOR, true),
];
/// What is said to whoever may not.
const REFUSED: &str = "Only members who may manage this server";
const EPHEMERAL: u64 = 64;
const N_QUESTIONS: usize = 20;

/// Who is served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Whom {
    Anybody,
    Organisers,
}
use Whom::{Anybody, Organisers};

/// A row for each thing that can be heard: what it is called, and who is served. The compiler says
/// where one is missing.
macro_rules! matrix {
    ($name:ident, $rows:ident, $of:ty: $($what:pat => $called:literal, $whom:expr;)+) => {
        const $rows: &[(&str, Whom)] = &[$(($called, $whom)),+];

        fn $name(what: &$of) -> &'static str {
            match what {
                $($what => $called,)+
            }
        }
    };
}

matrix! { called, COMMANDS, Request:
    Request::Ask { .. } => "ask", Anybody;
    Request::AnswerMessage { .. } => "Answer from the notes", Anybody;
    Request::Note { .. } => "note", Anybody;
    Request::Topics => "topics", Anybody;
    Request::Setup(_) => "setup", Organisers;
    Request::Quiz(Quiz::Preview { .. }) => "quiz preview", Organisers;
    Request::Quiz(Quiz::Skip { .. }) => "quiz skip", Organisers;
    Request::Quiz(Quiz::Pin { .. }) => "quiz pin", Organisers;
    Request::Quiz(Quiz::PostNow { .. }) => "quiz post-now", Organisers;
    Request::Quiz(Quiz::Pause { .. }) => "quiz pause", Organisers;
    Request::Quiz(Quiz::Resume { .. }) => "quiz resume", Organisers;
    Request::Quiz(Quiz::Queue { .. }) => "quiz queue", Organisers;
    Request::Quiz(Quiz::Status) => "quiz status", Organisers;
    Request::Quiz(Quiz::Void { .. }) => "quiz void", Organisers;
    Request::Quiz(Quiz::Regrade { .. }) => "quiz regrade", Organisers;
    Request::Quiz(Quiz::Practice { .. }) => "quiz practice", Anybody;
    Request::Quiz(Quiz::Review) => "quiz review", Anybody;
    Request::Config(Config::Show) => "config show", Organisers;
    Request::Config(Config::Set { .. }) => "config set", Organisers;
    Request::Doctor { .. } => "doctor", Organisers;
    Request::Leaderboard { .. } => "leaderboard", Anybody;
    Request::Stats { .. } => "stats", Anybody;
    Request::Privacy(Privacy::Export) => "privacy export", Anybody;
    Request::Privacy(Privacy::Forget) => "privacy forget", Anybody;
    Request::Privacy(Privacy::Hide { .. }) => "privacy hide", Anybody;
    Request::Suggest(_) => "(suggestions)", Anybody;
    Request::Press { .. } => "(buttons)", Anybody;
}

matrix! { pressed, PRESSES, Press:
    Press::Open { .. } => "sh1:o:0123456789abcdef:0", Anybody;
    Press::Next { .. } => "sh1:n:0123456789abcdef", Anybody;
    Press::Previous { .. } => "sh1:p:0123456789abcdef", Anybody;
    Press::Share { .. } => "sh1:s:0123456789abcdef:0:-", Anybody;
    Press::Helped { .. } => "sh1:y:0123456789abcdef", Anybody;
    Press::DidNotHelp { .. } => "sh1:x:0123456789abcdef", Anybody;
    Press::Topics { .. } => "sh1:t:0", Anybody;
    Press::Answer { .. } => "sh1:a:{round}:1", Anybody;
    Press::Report { .. } => "sh1:r:{round}", Anybody;
    Press::SaveSchedule { .. } => "sh1:k:{draft}", Organisers;
    Press::DropSchedule { .. } => "sh1:d:{draft}", Organisers;
    Press::Board { .. } => "sh1:b:w:20000:-:0", Anybody;
    Press::Practice { .. } => "sh1:q:0:1", Anybody;
    Press::PracticeNext => "sh1:m", Anybody;
    Press::Review { .. } => "sh1:v:00000000000000ff:0:10:0:0:1", Anybody;
    Press::ReviewNext { .. } => "sh1:w:10:0:0", Anybody;
    Press::Forget => "sh1:f", Anybody;
}

matrix! { offered, OFFERS, Suggest:
    Suggest::Question { .. } => "question of the notes", Anybody;
    Suggest::Topic { .. } => "topic of the notes", Anybody;
    Suggest::Section { .. } => "section", Anybody;
    Suggest::Zone { .. } => "zone", Anybody;
    Suggest::Schedule { .. } => "schedule", Organisers;
    Suggest::QuizQuestion { .. } => "question of the bank", Organisers;
    Suggest::QuizTopic { .. } => "topic of the bank", Anybody;
    Suggest::Round { .. } => "round", Organisers;
}

fn whom(rows: &[(&str, Whom)], name: &str) -> Whom {
    let row = rows.iter().find(|(row, _)| *row == name);
    row.unwrap_or_else(|| panic!("nobody has said who may {name:?}"))
        .1
}

/// A server with a schedule and a round that was posted: their house, the draft's buttons, the post.
async fn with_a_round() -> (House, Posted) {
    let house = House::new(1, N_QUESTIONS).await;
    let draft = draft(&house, "daily").await;
    let save = Interaction::press(&draft, &draft.button("Save").custom_id);
    let saved = house.answer(&save).await.text();
    assert!(saved.starts_with("Saved"), "{saved}");
    house.answer(&Interaction::slash("quiz post-now")).await;
    house.tick().await;
    let post = house.discord.announced(1).await;
    (house, post)
}

/// A draft of Ada's.
async fn draft(house: &House, name: &str) -> Posted {
    let setup = Interaction::slash("setup").option("name", name);
    let setup = setup.option("days", "daily").option("zone", "UTC");
    house.answer(&setup).await
}

/// The commands as they are registered, down to the subcommands: the kind, the whole name, and
/// the definition.
fn registered(house: &House) -> Vec<(u64, String, Value)> {
    let mut found = Vec::new();
    for command in house.discord.commands() {
        let name = command["name"].as_str().expect("a name").to_owned();
        let kind = command["type"].as_u64().unwrap_or(1);
        let options = command["options"].as_array().cloned().unwrap_or_default();
        assert!(options.iter().all(|o| o["type"] != 2), "a group of {name}");
        let subs = options.into_iter().filter(|option| option["type"] == 1);
        let subs: Vec<_> = subs
            .map(|sub| {
                let whole = format!("{name} {}", sub["name"].as_str().expect("a name"));
                (kind, whole, sub)
            })
            .collect();
        match subs.is_empty() {
            true => found.push((kind, name, command)),
            false => found.extend(subs),
        }
    }
    found
}

/// The command with what must be filled in.
fn given(house: &House, (kind, name, definition): &(u64, String, Value)) -> Interaction {
    if *kind == 3 {
        let message = house.discord.say(BEN, "What is a queue?");
        return Interaction::on_message(name, &message);
    }
    let options = definition["options"].as_array().into_iter().flatten();
    let required = options.filter(|option| option["required"] == json!(true));
    required.fold(Interaction::slash(name), |slash, option| {
        let option = option["name"].as_str().expect("a name");
        match option {
            "question" if name == "quiz pin" => slash.option(option, "after-1"),
            "hidden" => slash.option(option, true),
            "right" => slash.option(option, "A"),
            _ => slash.option(option, "some text"),
        }
    })
}

/// A message of the bot's, that one person alone sees, with this button.
fn panel(house: &House, custom_id: &str) -> Posted {
    let button = json!({ "type": 2, "style": 1, "label": "x", "custom_id": custom_id });
    let row = json!({ "type": 1, "components": [button] });
    let body = json!({ "content": "x", "flags": EPHEMERAL, "components": [row] });
    house.discord.posted_before(&body)
}

/// Whoever may is served; whoever may not is told so alone, and nothing is written.
async fn check(house: &House, whom: Whom, of: impl Fn() -> Interaction, what: &str) {
    for (permissions, is_organiser) in MEMBERS {
        let before = house.rows();
        let said = house.answer(&of().may(permissions)).await;
        let is_refused = said.text().contains(REFUSED);
        let expect = whom == Organisers && !is_organiser;
        assert_eq!(is_refused, expect, "{what}, {permissions}: {}", said.text());
        if is_refused {
            assert!(said.is_private(), "{what}");
            assert_eq!(house.rows(), before, "{what}, {permissions}");
        }
        assert!(!said.text().contains("went wrong"), "{}", said.text());
    }
}

#[tokio::test]
async fn every_command_serves_those_who_may_and_no_others() {
    let (house, _) = with_a_round().await;
    let commands = registered(&house);
    let names: BTreeSet<&str> = commands.iter().map(|(_, name, _)| name.as_str()).collect();
    let rows = COMMANDS.iter().map(|(name, _)| *name);
    let rows: BTreeSet<&str> = rows.filter(|name| !name.starts_with('(')).collect();
    assert_eq!(names, rows, "registered commands, and rows of the matrix");
    for command in &commands {
        let (_, name, _) = command;
        check(
            &house,
            whom(COMMANDS, name),
            || given(&house, command).by(BEN),
            name,
        )
        .await;
        assert_eq!(called(&house.last_heard()), name.as_str());
    }
    // Nothing is asked for in a window of its own, whose answers would need rows too.
    let requests = house.discord.requests();
    assert!(!requests.iter().any(|entry| entry.body["type"] == json!(9)));
    assert_eq!(house.discord.blame(), [""; 0]);
}

#[tokio::test]
async fn every_button_serves_those_who_may_and_no_others() {
    let (house, post) = with_a_round().await;
    let id = post.buttons()[0].custom_id.clone();
    let round = id.split(':').nth(2).expect("a round").to_owned();
    for (row, whom) in PRESSES {
        // A draft lasts until it is saved or dropped: the organiser makes a new one each time.
        let draft = draft(&house, "weekly").await.button("Save").custom_id;
        let draft = draft.split(':').nth(2).expect("a draft").to_owned();
        let id = row.replace("{round}", &round).replace("{draft}", &draft);
        let panel = panel(&house, &id);
        let press = || Interaction::press(&house.discord.posted_before(&panel.0), &id);
        check(&house, *whom, press, row).await;
        let Request::Press { press, .. } = house.last_heard() else {
            panic!("no press was heard")
        };
        assert_eq!(pressed(&press), *row);
    }
    assert_eq!(house.discord.blame(), [""; 0]);
}

#[tokio::test]
async fn every_suggestion_is_for_those_who_may_use_it() {
    let (house, _) = with_a_round().await;
    let mut seen = BTreeSet::new();
    for (_, name, definition) in registered(&house) {
        let options = definition["options"].as_array().into_iter().flatten();
        for option in options.filter(|option| option["autocomplete"] == json!(true)) {
            let option = option["name"].as_str().expect("a name");
            for (permissions, is_organiser) in MEMBERS {
                let typing = Interaction::typing(&name, option, "").by(BEN);
                let offers = house.discord.interact(&typing.may(permissions));
                let n_offers = offers.choices().await.len();
                let Request::Suggest(suggest) = house.last_heard() else {
                    panic!("nothing was typed")
                };
                let row = offered(&suggest);
                seen.insert(row);
                if whom(OFFERS, row) == Organisers {
                    assert_eq!(n_offers > 0, is_organiser, "{name} {option}: {row}");
                }
            }
        }
    }
    let rows: BTreeSet<&str> = OFFERS.iter().map(|(row, _)| *row).collect();
    assert_eq!(seen, rows);
}

#[tokio::test]
async fn a_draft_is_kept_by_whoever_made_it_while_they_may() {
    let house = House::new(1, N_QUESTIONS).await;
    for label in ["Save", "Cancel"] {
        let draft = draft(&house, "daily").await;
        let id = draft.button(label).custom_id;
        let press = || Interaction::press(&house.discord.posted_before(&draft.0), &id);
        let before = house.rows();
        // The permission was withdrawn since the draft was made.
        let said = house.answer(&press().by(ADA).may(MANAGE_MESSAGES)).await;
        assert!(said.text().contains(REFUSED), "{}", said.text());
        let said = house.answer(&press().by(BEN).may(ADMINISTRATOR)).await;
        assert!(
            said.text().contains("Somebody else made"),
            "{}",
            said.text()
        );
        assert_eq!(house.rows(), before);
        let said = house.answer(&press().by(ADA).may(MANAGE_GUILD)).await;
        let done = said.text().starts_with("Saved") || said.text().starts_with("Dropped");
        assert!(done, "{}", said.text());
        assert_ne!(house.rows(), before);
    }
}
