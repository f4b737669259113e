//! What people do on Discord, and what they see of it, with an ear in the bot's place.

use std::io;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use studyhall::config::Shards;
use studyhall::discord::{self, Patience, Settings};

use crate::fake::{ADA, BEN, Break, Fake, Fault, Interaction, Posted};
use crate::surface::{Surface, ask, is_resumption, patience};

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

/// The reference that somebody was told stands in the log, with this reason.
fn check_reference(failed: &Posted, reason: &str) {
    let text = failed.text();
    let reference = text.split('`').nth(1).expect("a reference");
    let told = Log::of_all().told();
    let field = format!("reference=\"{reference}\"");
    let found: Vec<_> = told.lines().filter(|line| line.contains(&field)).collect();
    assert!(
        matches!(found[..], [line] if line.contains(reason)),
        "{found:?}"
    );
}

#[tokio::test]
async fn who_is_told_a_reference_is_found_in_the_log() {
    Log::of_all();
    let discord = Fake::start().await;
    let patience = Patience {
        defer_after: Duration::from_millis(100),
        story_max: Duration::from_millis(400),
        ..patience()
    };
    let surface = Surface::start_with(&discord, patience, discord.token());
    discord.ready().await;
    let failed = discord.interact(&ask("fail")).message().await;
    check_reference(&failed, "a story ended in a panic");
    let endless = discord.interact(&ask("wait").option("private", true));
    assert_eq!(endless.response().await["type"], 5);
    check_reference(&endless.message().await, "a story took too long");
    surface.go_on.send(()).expect("it listens");
    surface.stop().await;
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
async fn the_doctor_asks_over_rest_alone() {
    let discord = Fake::start().await;
    let settings = |token: &str| Settings {
        token: token.into(),
        api_url: Some(discord.api_url()),
        transport: studyhall::discord::Transport::Gateway(Shards::ONE),
        starts: None,
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

/// The log of this process, told in full once somebody has asked for it.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn of_all() -> &'static Self {
        static LOG: OnceLock<Log> = OnceLock::new();
        LOG.get_or_init(|| {
            let log = Self::default();
            let writer = log.clone();
            let subscriber = tracing_subscriber::fmt()
                .with_max_level(tracing::Level::TRACE)
                .with_ansi(false)
                .with_writer(move || writer.clone())
                .finish();
            tracing::subscriber::set_global_default(subscriber).expect("the only one");
            log
        })
    }

    fn told(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().expect("no panic")).into_owned()
    }
}

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
    let log = Log::of_all();
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

    let told = log.told();
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
