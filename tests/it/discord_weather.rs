//! The Discord surface in bad weather: calls that fail, clocks that differ, texts that do not fit.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::json;
use studyhall::chat::command::Suggest;
use studyhall::chat::{Audience, Button, Heard, Message, Press, Reply, Request, Suggestion};
use studyhall::config::Shards;
use studyhall::discord::{self, Patience, Settings};
use tokio::sync::watch;

use crate::fake::{Event, Fake, Fault, Interaction};

/// The requests heard so far, in their order.
type Notebook = Arc<Mutex<Vec<Request>>>;

/// The surface, with stories that the test makes up.
struct Bot {
    /// It stops when this goes.
    _stop: watch::Sender<bool>,
    heard: Notebook,
}

impl Bot {
    fn start(discord: &Fake, story: fn(&Request) -> Reply) -> Self {
        let settings = Settings {
            token: discord.token().into(),
            api_url: Some(discord.api_url()),
            transport: studyhall::discord::Transport::Gateway(Shards::ONE),
            starts: None,
            patience: Patience {
                call_max: Duration::from_secs(2),
                ..Patience::default()
            },
        };
        let (stop, stopped) = watch::channel(false);
        let home = tokio::runtime::Handle::current();
        let heard = Notebook::default();
        let notebook = Arc::clone(&heard);
        let ear = Arc::new(move |heard: Heard| {
            let mut requests = notebook.lock().unwrap_or_else(PoisonError::into_inner);
            requests.push(heard.request.clone());
            drop(requests);
            story(&heard.request)
        });
        std::thread::spawn(move || discord::run(&settings, ear, async |_, _| (), &home, stopped));
        Self { _stop: stop, heard }
    }

    fn n_heard(&self) -> usize {
        self.heard
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .len()
    }
}

fn ask(question: &str) -> Interaction {
    Interaction::slash("ask").option("question", question)
}

/// Says a question back.
fn parrot(request: &Request) -> Reply {
    match request {
        Request::Ask { question, .. } => Reply::Say(message(question)),
        other => panic!("nobody asks for {other:?}"),
    }
}

fn message(body: &str) -> Message {
    let page = |page| Button {
        label: format!("Page {page}"),
        press: Press::Topics { page },
        enabled: true,
    };
    Message {
        audience: Audience::Channel,
        title: Some("Notes".to_owned()),
        url: Some("https://notes.example.org/a.md#b".to_owned()),
        body: body.to_owned(),
        footer: Some("a.md:3".to_owned()),
        buttons: vec![vec![page(0), page(1), page(2)]],
        list: None,
        file: None,
        calls: None,
    }
}

/// One question, whose first answer meets a fault, is answered all the same.
async fn check_answered(fault: Fault) {
    let discord = Fake::start().await;
    let bot = Bot::start(&discord, parrot);
    discord.ready().await;
    discord.next(1, "POST /interactions", fault.clone());
    let said = discord.interact(&ask("hello")).message().await;
    assert!(said.text().contains("hello"), "{fault:?}");
    let answers = discord.requested(2, "POST /interactions").await;
    assert_eq!(answers.len(), 2, "{fault:?}");
    assert_eq!(bot.n_heard(), 1, "{fault:?}");
}

#[tokio::test]
async fn a_first_answer_that_failed_is_given_again() {
    check_answered(Fault::Status(500)).await;
    check_answered(Fault::Page(502)).await;
    check_answered(Fault::Lost).await;
    check_answered(Fault::RouteLimit(0.2)).await;
}

#[tokio::test]
async fn a_first_answer_that_arrived_unheard_is_not_doubled() {
    let discord = Fake::start().await;
    let bot = Bot::start(&discord, parrot);
    discord.ready().await;
    discord.next(1, "POST /interactions", Fault::AnswerLost);
    let said = discord.interact(&ask("hello")).message().await;
    let answers = discord.requested(2, "POST /interactions").await;
    assert_eq!(answers[1].response["code"], 40060);
    assert!(said.text().contains("hello"));
    // The bot goes on as if nothing had happened.
    discord.interact(&ask("next")).message().await;
    assert_eq!(bot.n_heard(), 2);
    assert_eq!(discord.blame().len(), 1);
}

#[tokio::test]
async fn a_slow_answer_holds_nobody_else_up() {
    let discord = Fake::start().await;
    let _bot = Bot::start(&discord, parrot);
    discord.ready().await;
    discord.next(1, "POST /interactions", Fault::Hang);
    discord.interact(&ask("stuck"));
    discord.requested(1, "POST /interactions").await;
    for n in 0..20 {
        discord
            .interact(&ask(&format!("question {n}")))
            .message()
            .await;
    }
    assert_eq!(discord.blame(), [""; 0]);
}

#[tokio::test]
async fn commands_are_registered_after_limits() {
    let discord = Fake::start().await;
    discord.next(1, "GET /applications", Fault::RouteLimit(0.1));
    discord.next(1, "PUT /applications", Fault::GlobalLimit(0.1));
    discord.next(1, "GET /applications", Fault::Status(503));
    let _bot = Bot::start(&discord, parrot);
    discord.ready().await;
    let puts = discord.requested(2, "PUT /applications").await;
    assert_eq!(
        puts.iter().map(|put| put.status).collect::<Vec<_>>(),
        [Some(429), Some(200)]
    );
    assert_eq!(discord.blame(), [""; 0]);
}

#[tokio::test]
async fn an_unreadable_limit_is_not_asked_again_at_once() {
    let discord = Fake::start().await;
    discord.next(100, "GET /applications", Fault::MuteLimit);
    let _bot = Bot::start(&discord, parrot);
    discord
        .happened(1, |event| matches!(event, Event::Identified(_)))
        .await;
    discord.requested(1, "GET /applications").await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    let asked = discord
        .requests()
        .into_iter()
        .filter(|r| r.path.contains("/applications"));
    assert_eq!(asked.count(), 1);
}

#[tokio::test]
async fn a_wrong_clock_silences_nobody() {
    let discord = Fake::start().await;
    discord.pass(Duration::from_secs(3_600));
    let _bot = Bot::start(&discord, parrot);
    discord.ready().await;
    for _ in 0..3 {
        discord.interact(&ask("now")).message().await;
        discord.pass(Duration::from_secs(60));
    }
    assert_eq!(discord.blame(), [""; 0]);
}

#[tokio::test]
async fn an_event_that_lacks_something_is_answered_all_the_same() {
    let discord = Fake::start().await;
    let bot = Bot::start(&discord, parrot);
    discord.ready().await;
    for field in [
        "locale",
        "entitlements",
        "attachment_size_limit",
        "version",
        "context",
    ] {
        let said = discord.interact(&ask(field).without(field)).message().await;
        assert!(said.text().contains(field), "{}", said.text());
    }
    // Without these nothing can be made of it, and the person is told so.
    for field in ["data", "channel_id"] {
        let said = discord.interact(&ask(field).without(field)).message().await;
        assert!(said.is_private(), "without {field}: {}", said.text());
    }
    assert_eq!(bot.n_heard(), 5);
    assert_eq!(discord.blame(), [""; 0]);
}

#[tokio::test]
async fn suggestions_are_offered() {
    let discord = Fake::start().await;
    let _bot = Bot::start(&discord, |request| match request {
        Request::Suggest(Suggest::Question { typed }) => {
            let offer = |n| Suggestion {
                name: format!("{typed} {n}"),
                value: format!("k{n}"),
            };
            Reply::Offer((0..40).map(offer).collect())
        }
        Request::Suggest(Suggest::Section { typed }) => {
            let long = format!("{typed}{}", "x".repeat(200));
            Reply::Offer(vec![Suggestion {
                name: long,
                value: "k".to_owned(),
            }])
        }
        other => panic!("nobody asks for {other:?}"),
    });
    discord.ready().await;
    let offers = discord
        .interact(&Interaction::typing("ask", "question", "ebs"))
        .choices()
        .await;
    assert_eq!(
        (offers.len(), &offers[0]),
        (25, &json!({"name": "ebs 0", "value": "k0"}))
    );
    let offers = discord
        .interact(&Interaction::typing("note", "section", "e"))
        .choices()
        .await;
    assert_eq!(
        offers[0]["name"].as_str().map(|name| name.chars().count()),
        Some(100)
    );
    // A story that fails offers nothing; a person still may go on typing.
    let offers = discord
        .interact(&Interaction::typing("ask", "topic", "e"))
        .choices()
        .await;
    assert_eq!(offers.len(), 0);
    assert_eq!(discord.blame(), [""; 0]);
}

#[tokio::test]
async fn nothing_that_is_said_breaks_discords_limits() {
    let discord = Fake::start().await;
    let _bot = Bot::start(&discord, |request| {
        let Request::Ask { question, .. } = request else {
            panic!("nobody asks {request:?}")
        };
        let long = |n| "ß".repeat(n);
        let mut said = message("");
        match question.as_str() {
            "empty" => {
                said.title = Some(" ".to_owned());
                said.footer = Some(String::new());
            }
            "long" => {
                said.title = Some(long(300));
                said.body = format!("```\n{}", long(9_000));
                said.footer = Some(long(3_000));
                let row: Vec<_> = said.buttons[0].iter().cycle().take(27).cloned().collect();
                said.buttons = vec![row; 9];
                said.buttons[0][0].label = long(200);
            }
            "odd" => {
                said.url = Some("not an address".to_owned());
                said.buttons = vec![Vec::new()];
                said.body = "\u{202e}@here <@1> <@&2>\u{0}".to_owned();
            }
            other => panic!("nobody asks {other}"),
        }
        Reply::Say(said)
    });
    discord.ready().await;
    for question in ["empty", "long", "odd"] {
        discord.interact(&ask(question)).message().await;
    }
    assert_eq!(discord.blame(), [""; 0]);
}
