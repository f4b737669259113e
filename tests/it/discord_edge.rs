//! The Discord surface against the fake Discord, with an ear in the bot's place.

use std::io;
use std::sync::mpsc;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use studyhall::chat::command::Suggest;
use studyhall::chat::{Audience, Button, Heard, Message, Press, Reply, Request, Suggestion};
use studyhall::config::Shards;
use studyhall::discord::{self, Outcome, Patience, Settings};
use studyhall_index::SectionKey;
use tokio::runtime::Handle;
use tokio::sync::{oneshot, watch};

use crate::fake::{ADA, BEN, Break, Event, Fake, Fault, Interaction};

const SECTION: SectionKey = SectionKey(7);

/// The surface, running.
struct Surface {
    stop: watch::Sender<bool>,
    outcome: oneshot::Receiver<Outcome>,
    /// Lets a story that waits go on.
    go_on: mpsc::Sender<()>,
    heard: Arc<Mutex<Vec<Heard>>>,
}

impl Surface {
    fn start(discord: &Fake) -> Self {
        Self::start_with(discord, patience(), discord.token())
    }

    fn start_with(discord: &Fake, patience: Patience, token: &str) -> Self {
        let settings = Settings {
            token: token.into(),
            api_url: Some(discord.api_url()),
            transport: studyhall::discord::Transport::Gateway(Shards::ONE),
            patience,
        };
        let (stop, stopped) = watch::channel(false);
        let (go_on, gate) = mpsc::channel();
        let (end, outcome) = oneshot::channel();
        let heard = Arc::new(Mutex::new(Vec::new()));
        let (gate, list) = (Mutex::new(gate), Arc::clone(&heard));
        let ear = Arc::new(move |heard: Heard| {
            list.lock().expect("no panic").push(heard.clone());
            reply(&heard, &gate)
        });
        let home = Handle::current();
        thread::spawn(move || {
            let outcome = discord::run(&settings, ear, async |_, _| (), &home, stopped);
            drop(end.send(outcome));
        });
        Self {
            stop,
            outcome,
            go_on,
            heard,
        }
    }

    fn n_heard(&self) -> usize {
        self.heard.lock().expect("no panic").len()
    }

    async fn stop(self) -> Outcome {
        self.stop.send_replace(true);
        self.outcome.await.expect("an outcome")
    }

    async fn end(self) -> Outcome {
        self.outcome.await.expect("an outcome")
    }
}

fn patience() -> Patience {
    Patience {
        call_max: Duration::from_secs(2),
        // On a busy machine a quick story may take a moment.
        defer_after: Duration::from_millis(1_000),
        ..Patience::default()
    }
}

/// The ear: it says back what it heard, waits where it hears "wait", and fails at "fail".
fn reply(heard: &Heard, gate: &Mutex<mpsc::Receiver<()>>) -> Reply {
    match &heard.request {
        Request::Ask {
            question, private, ..
        } => {
            if question.contains("wait") {
                gate.lock().expect("no panic").recv().ok();
            }
            assert!(!question.contains("fail"), "as asked");
            let audience = match *private || question.contains("aside") {
                true => Audience::Person,
                false => Audience::Channel,
            };
            Reply::Say(message(audience, question))
        }
        Request::AnswerMessage { text } => Reply::Say(message(Audience::Channel, text)),
        Request::Note { section } => Reply::Say(message(Audience::Person, section)),
        Request::Topics => Reply::Say(message(Audience::Channel, "topics")),
        Request::Suggest(
            Suggest::Question { typed } | Suggest::Topic { typed } | Suggest::Section { typed },
        ) => Reply::Offer(vec![Suggestion {
            name: typed.to_uppercase(),
            value: typed.clone(),
        }]),
        Request::Suggest(_) => Reply::Offer(Vec::new()),
        Request::Press { press, on_private } => {
            if matches!(press, Press::Next { .. }) {
                gate.lock().expect("no panic").recv().ok();
            }
            let message = message(Audience::Person, &format!("{press:?}"));
            match on_private {
                true => Reply::Replace(message),
                false => Reply::Say(message),
            }
        }
        other => Reply::Say(message(Audience::Person, &format!("{other:?}"))),
    }
}

fn message(audience: Audience, body: &str) -> Message {
    let button = |label: &str, press| Button {
        label: label.to_owned(),
        press,
        enabled: true,
    };
    let open = Press::Open {
        section: SECTION,
        page: 1,
    };
    Message {
        audience,
        title: Some("Title".to_owned()),
        url: Some("https://notes.example/s3.md".to_owned()),
        body: body.to_owned(),
        footer: Some("s3.md".to_owned()),
        buttons: vec![vec![
            button("More", open),
            button("Next", Press::Next { section: SECTION }),
        ]],
        list: None,
        file: None,
        calls: None,
    }
}

fn ask(question: &str) -> Interaction {
    Interaction::slash("ask").option("question", question)
}

fn is_start(event: &Event) -> bool {
    matches!(event, Event::Identified(_))
}

fn is_resumption(event: &Event) -> bool {
    matches!(event, Event::Resumed(_))
}

fn is_end(event: &Event) -> bool {
    matches!(event, Event::Left(_))
}

fn n_callbacks(discord: &Fake) -> usize {
    let requests = discord.requests();
    let callbacks = requests
        .iter()
        .filter(|entry| entry.path.ends_with("/callback"));
    callbacks.count()
}

#[tokio::test]
async fn commands_suggestions_and_presses_are_answered() {
    let discord = Fake::start().await;
    let surface = Surface::start(&discord);
    discord.ready().await;
    assert_eq!(discord.identifies()[0]["intents"], 1);

    let asked = discord
        .interact(&ask("what is S3?").by(BEN))
        .message()
        .await;
    assert!(asked.text().contains("what is S3?") && !asked.is_private());
    let private = discord.interact(&ask("quietly").option("private", true));
    let private = private.message().await;
    assert!(private.is_private());

    let more = &private.button("More").custom_id;
    let pressed = discord.interact(&Interaction::press(&private, more));
    assert_eq!(pressed.response().await["type"], 7);
    assert!(pressed.message().await.text().contains("Open"));
    let pressed = discord.interact(&Interaction::press(&asked, more));
    assert_eq!(pressed.response().await["type"], 4);

    let typing = discord.interact(&Interaction::typing("ask", "topic", "sto"));
    assert_eq!(typing.choices().await[0]["name"], "STO");
    let said = discord.say(ADA, "what is EBS?");
    let answered = discord.interact(&Interaction::on_message("Answer from the notes", &said));
    assert!(answered.message().await.text().contains("what is EBS?"));
    let direct = discord.interact(&Interaction::slash("topics").directly());
    assert!(direct.message().await.text().contains("topics"));

    let heard = surface.heard.lock().expect("no panic").clone();
    assert_eq!(heard[0].member.id, BEN.id);
    assert!(heard[0].place.guild.is_some() && heard.last().expect("one").place.guild.is_none());
    assert_eq!(discord.blame(), [""; 0]);
    assert_eq!(surface.stop().await.exit_code, discord::EXIT_DONE);
}

#[tokio::test]
async fn commands_are_written_only_when_they_differ() {
    let discord = Fake::start().await;
    let surface = Surface::start(&discord);
    discord.ready().await;
    surface.stop().await;
    let again = Surface::start(&discord);
    discord.requested(2, "GET /applications").await;
    discord.interact(&ask("still there?")).message().await;
    again.stop().await;
    assert_eq!(discord.requested(1, "PUT /applications").await.len(), 1);
    assert_eq!(discord.blame(), [""; 0]);
}

#[tokio::test]
async fn who_waits_is_told_so_and_gets_the_answer_in_the_same_place() {
    let discord = Fake::start().await;
    let surface = Surface::start(&discord);
    discord.ready().await;
    for (private, flags) in [(false, None), (true, Some(64))] {
        let slow = discord.interact(&ask("wait for it").option("private", private));
        let told = slow.response().await;
        assert_eq!(told["type"], 5);
        assert_eq!(told["data"]["flags"].as_u64(), flags);
        surface.go_on.send(()).expect("it listens");
        let said = slow.message().await;
        assert!(said.text().contains("wait for it"));
        assert_eq!(said.is_private(), private);
    }

    let private = discord.interact(&Interaction::slash("note").option("section", "x"));
    let private = private.message().await;
    let next = &private.button("Next").custom_id;
    let pressed = discord.interact(&Interaction::press(&private, next));
    assert_eq!(pressed.response().await["type"], 6);
    surface.go_on.send(()).expect("it listens");
    discord.requested(3, "PATCH /webhooks").await;
    let changed = discord.message(private.id()).expect("it is there");
    assert!(changed.text().contains("Next"));
    assert_eq!(discord.blame(), [""; 0]);
}

#[tokio::test]
async fn a_late_answer_for_one_person_is_not_put_where_all_look() {
    let discord = Fake::start().await;
    let surface = Surface::start(&discord);
    discord.ready().await;
    let slow = discord.interact(&ask("wait, aside"));
    assert_eq!(slow.response().await["type"], 5);
    surface.go_on.send(()).expect("it listens");
    let aside = slow.followup(1).await;
    assert!(aside.is_private());
    assert_eq!(discord.requested(1, "DELETE /webhooks").await.len(), 1);
    assert_eq!(discord.blame(), [""; 0]);
}

#[tokio::test]
async fn what_fails_or_cannot_be_read_is_answered_too() {
    let discord = Fake::start().await;
    let surface = Surface::start(&discord);
    discord.ready().await;
    let failed = discord.interact(&ask("fail")).message().await;
    assert!(failed.is_private() && failed.text().contains("eference"));

    let lacking = ask("complete me").without("locale").without("entitlements");
    let answered = discord.interact(&lacking).message().await;
    assert!(answered.text().contains("complete me"));
    let broken = discord.interact(&ask("broken").without("channel_id"));
    let sorry = broken.message().await;
    assert!(sorry.is_private() && sorry.text().contains("could not make sense"));
    let typing = Interaction::typing("ask", "question", "x").without("channel_id");
    assert!(discord.interact(&typing).choices().await.is_empty());

    let old = discord.posted_before(&serde_json::json!({
        "content": "old", "components": [{ "type": 1, "components": [
            { "type": 2, "style": 2, "label": "Old", "custom_id": "sh0:old" },
        ] }],
    }));
    let pressed = discord.interact(&Interaction::press(&old, "sh0:old"));
    assert!(pressed.message().await.is_private());
    assert_eq!(surface.n_heard(), 2);
    assert_eq!(discord.blame(), [""; 0]);
}

#[tokio::test]
async fn what_comes_twice_is_answered_once() {
    let discord = Fake::start().await;
    let surface = Surface::start(&discord);
    discord.ready().await;
    for n in 0..5 {
        discord
            .interact(&ask(&n.to_string()).twice())
            .message()
            .await;
    }
    assert_eq!(surface.stop().await.exit_code, discord::EXIT_DONE);
    assert_eq!(n_callbacks(&discord), 5);
    assert_eq!(discord.blame(), [""; 0]);
}

#[tokio::test]
async fn a_limit_or_a_failure_costs_nobody_the_answer() {
    let discord = Fake::start().await;
    let surface = Surface::start(&discord);
    discord.ready().await;
    for fault in [
        Fault::RouteLimit(1.0),
        Fault::Status(500),
        Fault::Lost,
        Fault::AnswerLost,
    ] {
        discord.next(1, "POST /interactions", fault.clone());
        let asked = discord
            .interact(&ask(&format!("{fault:?}")))
            .message()
            .await;
        assert!(asked.text().contains(&format!("{fault:?}")));
    }
    for fault in [Fault::AnswerLost, Fault::Hang] {
        discord.next(1, "POST /interactions", fault.clone());
        let slow = discord.interact(&ask(&format!("wait {fault:?}")));
        assert_eq!(slow.response().await["type"], 5);
        surface.go_on.send(()).expect("it listens");
        assert!(slow.message().await.text().contains("wait"));
    }
    // The bot's own limit is not the interactions'.
    discord.next(9, "GET /", Fault::GlobalLimit(60.0));
    discord.interact(&ask("global")).message().await;
    assert_eq!(surface.stop().await.exit_code, discord::EXIT_DONE);
}

#[tokio::test]
async fn cut_lines_go_on_where_they_were() {
    let discord = Fake::start().await;
    let surface = Surface::start(&discord);
    discord.ready().await;
    let cuts = [
        Break::Reset,
        Break::Finish,
        Break::Close(4_000),
        Break::Close(1_001),
    ];
    for (n, cut) in cuts.into_iter().enumerate() {
        discord.cut(cut);
        discord.interact(&ask("missed?")).message().await;
        discord.happened(n + 1, is_resumption).await;
    }
    assert_eq!(discord.identifies().len(), 1);
    assert_eq!(surface.stop().await.exit_code, discord::EXIT_DONE);
    assert_eq!(discord.blame(), [""; 0]);
}

#[tokio::test]
async fn discord_may_ask_for_another_line() {
    for how in [Break::Reconnect, Break::Invalid(true), Break::Close(4_008)] {
        let discord = Fake::start().await;
        let surface = Surface::start(&discord);
        discord.ready().await;
        discord.cut(how);
        discord.happened(1, is_resumption).await;
        discord.interact(&ask("there?")).message().await;
        assert_eq!(discord.identifies().len(), 1, "{how:?}");
        surface.stop().await;
    }
}

#[tokio::test]
async fn a_lost_session_is_started_anew() {
    for how in [
        Break::Invalid(false),
        Break::Close(4_003),
        Break::Close(4_009),
    ] {
        let discord = Fake::start().await;
        let surface = Surface::start(&discord);
        discord.ready().await;
        discord.cut(how);
        discord.happened(2, is_start).await;
        discord.interact(&ask("there?")).message().await;
        surface.stop().await;
        let mut events = discord.events().into_iter().map(|(_, event)| event);
        let last = events.rfind(is_end);
        assert_eq!(last, Some(Event::Left(1_000)), "{how:?}");
    }
}

#[tokio::test]
async fn a_line_that_goes_silent_is_left_and_the_session_goes_on() {
    let discord = Fake::start().await;
    discord.set(|settings| settings.heartbeat_ms = 300);
    let surface = Surface::start(&discord);
    discord.ready().await;
    discord.cut(Break::Hang);
    discord.interact(&ask("missed?")).message().await;
    discord.happened(1, is_resumption).await;
    assert_eq!(discord.identifies().len(), 1);
    surface.stop().await;
}

#[tokio::test]
async fn a_gateway_that_never_hears_the_heart_ends_the_process() {
    let discord = Fake::start().await;
    discord.set(|settings| {
        settings.heartbeat_ms = 100;
        settings.acknowledges = false;
    });
    let patience = Patience {
        silent_max: Duration::from_millis(300),
        ..patience()
    };
    let surface = Surface::start_with(&discord, patience, discord.token());
    assert_eq!(surface.end().await.exit_code, discord::EXIT_TEMPORARY);
}

#[tokio::test]
async fn a_gateway_that_is_down_for_too_long_ends_the_process() {
    let discord = Fake::start().await;
    discord.set(|settings| settings.is_down = true);
    let patience = Patience {
        offline_max: Duration::from_millis(1_500),
        ..patience()
    };
    let surface = Surface::start_with(&discord, patience, discord.token());
    assert_eq!(surface.end().await.exit_code, discord::EXIT_TEMPORARY);
    assert!(discord.identifies().is_empty());
}

#[tokio::test]
async fn what_no_restart_can_mend_ends_the_process_for_good() {
    for code in [4_004, 4_010, 4_011, 4_012, 4_013, 4_014] {
        let discord = Fake::start().await;
        discord.set(|settings| settings.identify_closes = Some(code));
        let outcome = Surface::start(&discord).end().await;
        assert_eq!(outcome.exit_code, discord::EXIT_CONFIGURATION, "{code}");
        assert!(outcome.reason.contains(&code.to_string()));
        assert_eq!(discord.identifies().len(), 1);
    }
    let discord = Fake::start().await;
    let surface = Surface::start_with(&discord, patience(), "no-such-token");
    assert_eq!(surface.end().await.exit_code, discord::EXIT_CONFIGURATION);
    assert_eq!(discord.requests().len(), 1);
    assert!(discord.identifies().is_empty());
}

#[tokio::test]
async fn without_the_gateways_address_nothing_is_dialled() {
    let discord = Fake::start().await;
    discord.next(2, "GET /gateway/bot", Fault::Status(500));
    discord.next(1, "GET /gateway/bot", Fault::Lost);
    let surface = Surface::start(&discord);
    discord.ready().await;
    discord.requested(4, "GET /gateway/bot").await;
    assert_eq!(discord.identifies().len(), 1);
    surface.stop().await;
}

#[tokio::test]
async fn where_few_sessions_are_left_the_next_one_waits() {
    let discord = Fake::start().await;
    discord.set(|settings| settings.n_starts_left = 49);
    let surface = Surface::start(&discord);
    discord.requested(1, "GET /gateway/bot").await;
    assert_eq!(surface.stop().await.exit_code, discord::EXIT_DONE);
    assert!(discord.identifies().is_empty());
}

#[tokio::test]
async fn a_stop_closes_the_line_and_finishes_what_is_under_way() {
    let discord = Fake::start().await;
    let surface = Surface::start(&discord);
    discord.ready().await;
    let slow = discord.interact(&ask("wait for it"));
    assert_eq!(slow.response().await["type"], 5);
    surface.stop.send_replace(true);
    let last = discord.happened(1, is_end).await;
    assert_eq!(last, Event::Left(1_000));
    surface.go_on.send(()).expect("it listens");
    assert!(slow.message().await.text().contains("wait for it"));
    assert_eq!(surface.end().await.exit_code, discord::EXIT_DONE);
}

#[tokio::test]
async fn a_stop_is_heard_while_nobody_answers() {
    let discord = Fake::start().await;
    discord.shut(true);
    let surface = Surface::start(&discord);
    assert_eq!(surface.stop().await.exit_code, discord::EXIT_DONE);
}

#[tokio::test]
async fn the_doctor_asks_over_rest_alone() {
    let discord = Fake::start().await;
    let settings = |token: &str| Settings {
        token: token.into(),
        api_url: Some(discord.api_url()),
        transport: studyhall::discord::Transport::Gateway(Shards::ONE),
        patience: patience(),
    };
    let good = settings(discord.token());
    let first = tokio::task::spawn_blocking(move || discord::check(&good));
    let report = first.await.expect("no panic").expect("a report");
    assert!(!report.commands_registered);
    assert_eq!(report.sessions_remaining, 1_000);

    let surface = Surface::start(&discord);
    discord.ready().await;
    surface.stop().await;
    let good = settings(discord.token());
    let then = tokio::task::spawn_blocking(move || discord::check(&good));
    assert!(
        then.await
            .expect("no panic")
            .expect("a report")
            .commands_registered
    );

    let bad = settings("no-such-token");
    let refused = tokio::task::spawn_blocking(move || discord::check(&bad));
    assert!(refused.await.expect("no panic").is_err());
}

#[tokio::test]
async fn an_old_interaction_is_heard_and_not_answered() {
    let discord = Fake::start().await;
    let surface = Surface::start(&discord);
    discord.ready().await;
    discord.interact(&ask("in time")).message().await;
    discord.set(|settings| settings.is_down = true);
    discord.cut(Break::Reset);
    discord.interact(&ask("too late"));
    // Older than an interaction may be to be answered.
    tokio::time::sleep(Duration::from_secs(4)).await;
    discord.set(|settings| settings.is_down = false);
    discord.happened(1, is_resumption).await;
    discord.interact(&ask("in time again")).message().await;
    surface.stop().await;
    assert_eq!(n_callbacks(&discord), 2);
    assert_eq!(discord.blame(), [""; 0]);
}

/// A place where log lines are kept.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("no panic").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn no_token_reaches_the_log_even_where_everything_is_told() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(move || writer.clone())
        .finish();
    tracing::subscriber::set_global_default(subscriber).expect("the only one");

    let discord = Fake::start().await;
    let surface = Surface::start(&discord);
    discord.ready().await;
    let answered = discord.interact(&ask("a canary question"));
    answered.message().await;
    let broken = discord.interact(&ask("broken").without("channel_id"));
    broken.message().await;
    for fault in [Fault::Status(404), Fault::Status(401)] {
        discord.next(1, "POST /interactions", fault);
        discord.interact(&ask("a canary question"));
    }
    discord.requested(4, "POST /interactions").await;
    discord.cut(Break::Reset);
    discord.happened(1, is_resumption).await;
    surface.stop().await;

    let told = String::from_utf8_lossy(&log.0.lock().expect("no panic")).into_owned();
    assert!(told.contains("an answer was not delivered"));
    for secret in [
        discord.token(),
        &answered.token(),
        &broken.token(),
        "canary question",
    ] {
        assert!(!told.contains(secret), "{secret} is in the log");
    }
}

#[tokio::test]
async fn in_a_crowd_each_is_answered_once() {
    let discord = Fake::start().await;
    let surface = Surface::start(&discord);
    discord.ready().await;
    let crowd: Vec<_> = (0..300)
        .map(|n| (n, discord.interact(&ask(&format!("question {n}.")).twice())))
        .collect();
    for (n, asked) in crowd {
        assert!(
            asked
                .message()
                .await
                .text()
                .contains(&format!("question {n}."))
        );
    }
    surface.stop().await;
    assert_eq!(n_callbacks(&discord), 300);
    assert_eq!(discord.blame(), [""; 0]);
}
