//! A bot lives on the fake: it logs in, answers, and comes back after cuts.

use std::time::Duration;

use serde_json::json;

use super::parrot;
use crate::fake::{ADA, BEN, Break, Event, Fake, Interaction};

fn is_start(event: &Event) -> bool {
    matches!(event, Event::Identified(_))
}

fn is_resumption(event: &Event) -> bool {
    matches!(event, Event::Resumed(_))
}

#[tokio::test]
async fn a_bot_logs_in_and_registers_its_commands() {
    let discord = Fake::start().await;
    let _parrot = parrot::hatch(&discord).await;
    discord.ready().await;
    let names: Vec<_> = discord
        .commands()
        .iter()
        .map(|c| c["name"].clone())
        .collect();
    assert_eq!(names, ["echo", "slow", "Repeat"]);
    assert_eq!(discord.identifies()[0]["intents"], 1);
    assert_eq!(discord.blame(), [""; 0]);
}

#[tokio::test]
async fn a_bot_answers_commands_and_suggestions() {
    let discord = Fake::start().await;
    let _parrot = parrot::hatch(&discord).await;
    discord.ready().await;

    let echo = discord.interact(&Interaction::slash("echo").option("text", "hello").by(BEN));
    let said = echo.message().await;
    assert_eq!((said.text().as_str(), said.is_private()), ("hello", true));

    let slow = discord.interact(&Interaction::slash("slow").directly());
    assert_eq!(slow.response().await["type"], 5);
    assert_eq!(slow.followup(1).await.text(), "and more");
    assert_eq!(slow.message().await.text(), "done");

    let typing = discord.interact(&Interaction::typing("echo", "text", "par"));
    assert_eq!(
        typing.choices().await,
        [json!({"name": "par!", "value": "par!"})]
    );

    let original = discord.say(ADA, "polly");
    let repeat = discord.interact(&Interaction::on_message("Repeat", &original));
    assert_eq!(repeat.message().await.text(), "polly");
    assert_eq!(discord.blame(), [""; 0]);
}

#[tokio::test]
async fn a_bot_answers_presses_and_forms() {
    let discord = Fake::start().await;
    let _parrot = parrot::hatch(&discord).await;
    discord.ready().await;
    let echo = discord.interact(&Interaction::slash("echo").option("text", "hey"));
    let said = echo.message().await;
    let labels: Vec<_> = said
        .buttons()
        .into_iter()
        .map(|button| button.label)
        .collect();
    assert_eq!(labels, ["AGAIN", "LATER", "FORM"]);

    let again = &said.button("AGAIN").custom_id;
    let pressed = discord.interact(&Interaction::press(&said, again).by(BEN));
    assert_eq!(pressed.response().await["type"], 7);
    let changed = pressed.message().await;
    assert_eq!(
        (changed.id(), changed.text().as_str()),
        (said.id(), "hey hey")
    );

    let later = discord.interact(&Interaction::press(&said, "later"));
    assert_eq!(later.response().await["type"], 6);
    discord.requested(1, "PATCH /webhooks").await;
    let now = discord
        .message(said.id())
        .expect("the message is still there");
    assert_eq!(now.text(), "later");

    let form = discord.interact(&Interaction::press(&said, "form"));
    let response = form.response().await;
    assert_eq!(response["type"], 9);
    let filled = Interaction::submit(&response["data"], &[("words", "my own")]).from(&said);
    assert_eq!(discord.interact(&filled).message().await.text(), "my own");
    assert_eq!(discord.blame(), [""; 0]);
}

#[tokio::test]
async fn what_is_missed_is_replayed_after_every_kind_of_cut() {
    let discord = Fake::start().await;
    let _parrot = parrot::hatch(&discord).await;
    discord.ready().await;
    let cuts = [
        Break::Close(4000),
        Break::Finish,
        Break::Reset,
        Break::Reconnect,
        Break::Invalid(true),
    ];
    for (n, how) in cuts.into_iter().enumerate() {
        discord.cut(how);
        let missed = discord.interact(&Interaction::slash("echo").option("text", "still here"));
        assert_eq!(missed.message().await.text(), "still here", "after {how:?}");
        discord.happened(n + 1, is_resumption).await;
    }
    assert_eq!(discord.identifies().len(), 1);
    assert_eq!(discord.blame(), [""; 0]);
}

#[tokio::test]
async fn an_invalid_session_is_started_anew() {
    let discord = Fake::start().await;
    let _parrot = parrot::hatch(&discord).await;
    discord.ready().await;
    discord.set(|gateway| gateway.n_unresumable = 1);
    discord.cut(Break::Close(4000));
    discord.happened(2, is_start).await;
    let echo = discord.interact(&Interaction::slash("echo").option("text", "back"));
    assert_eq!(echo.message().await.text(), "back");
    assert_eq!(discord.blame(), [""; 0]);
}

#[tokio::test]
async fn a_silent_gateway_is_noticed_by_its_heartbeats() {
    let discord = Fake::start().await;
    discord.set(|gateway| gateway.heartbeat_ms = 200);
    let _parrot = parrot::hatch(&discord).await;
    discord.ready().await;
    discord
        .happened(2, |event| matches!(event, Event::Beat(_)))
        .await;
    discord.cut(Break::Hang);
    discord.happened(1, is_resumption).await;
    discord.set(|gateway| gateway.acknowledges = false);
    discord.happened(2, is_resumption).await;
}

#[tokio::test]
async fn a_refused_token_ends_the_bot() {
    let discord = Fake::start().await;
    discord.set(|gateway| gateway.identify_closes = Some(4004));
    let mut parrot = parrot::hatch(&discord).await;
    assert_eq!((&mut parrot.life).await.expect("no panic"), 4004);
    assert_eq!(discord.identifies().len(), 1);
}

#[tokio::test]
async fn an_event_may_come_twice() {
    let discord = Fake::start().await;
    let _parrot = parrot::hatch(&discord).await;
    discord.ready().await;
    let twice = Interaction::slash("echo").option("text", "once").twice();
    assert_eq!(discord.interact(&twice).message().await.text(), "once");
    let answers = discord.requested(2, "POST /interactions").await;
    let mut statuses: Vec<_> = answers.iter().map(|answer| answer.status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [Some(204), Some(400)]);
    assert!(
        discord.blame()[0].contains("40060"),
        "{:?}",
        discord.blame()
    );
}

#[tokio::test]
async fn an_event_that_lacks_a_field_is_lost_on_the_library() {
    let discord = Fake::start().await;
    let _parrot = parrot::hatch(&discord).await;
    discord.ready().await;
    let broken = Interaction::slash("echo")
        .option("text", "lost")
        .without("locale");
    let lost = discord.interact(&broken);
    let next = discord.interact(&Interaction::slash("echo").option("text", "heard"));
    assert_eq!(next.message().await.text(), "heard");
    assert_eq!(lost.response_so_far(), None);
    assert!(lost.id() < next.id());
}

#[tokio::test]
async fn a_gateway_that_is_down_comes_back() {
    let discord = Fake::start().await;
    let _parrot = parrot::hatch(&discord).await;
    discord.ready().await;
    discord.set(|gateway| gateway.is_down = true);
    discord.cut(Break::Reset);
    tokio::time::sleep(Duration::from_millis(100)).await;
    discord.set(|gateway| gateway.is_down = false);
    let echo = discord.interact(&Interaction::slash("echo").option("text", "again"));
    assert_eq!(echo.message().await.text(), "again");
}

#[tokio::test]
async fn a_goodbye_is_heard() {
    let discord = Fake::start().await;
    let mut parrot = parrot::hatch(&discord).await;
    discord.ready().await;
    parrot.leave();
    let left = discord
        .happened(1, |event| matches!(event, Event::Left(_)))
        .await;
    assert_eq!(left, Event::Left(1000));
}
