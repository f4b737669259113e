//! The shipped `studyhall serve` where Discord posts interactions, signed, to its web server.

use std::time::Duration;

use serde_json::{Value, json};

use crate::desk::{Desk, Serving};
use crate::fake::{BEN, Interaction, Letter};

/// A desk whose interactions are posted, the bot that serves there, and where.
async fn desk() -> (Desk, Serving, String) {
    let mut desk = Desk::new().await;
    desk.by_post = true;
    let serving = desk.serve().await;
    let url = format!("{}/interactions", desk.web().await);
    (desk, serving, url)
}

fn ask(question: &str) -> Interaction {
    Interaction::slash("ask").option("question", question)
}

fn ping() -> Vec<u8> {
    json!({"id": "1", "application_id": "2", "type": 1, "token": "x", "version": 1})
        .to_string()
        .into_bytes()
}

#[tokio::test]
async fn a_question_is_answered_in_the_answer_to_its_request() {
    let (desk, serving, _) = desk().await;
    let said = desk.answer(ask("default visibility timeout").by(BEN)).await;
    assert!(said.text().contains("30 seconds"), "{}", said.text());
    assert!(!said.is_private());
    let quiet = desk.answer(ask("DLQ").option("private", true)).await;
    assert!(quiet.is_private());
    let typing = Interaction::typing("ask", "question", "vis");
    let offers = desk.interact(&typing).await.choices().await;
    assert!(!offers.is_empty());
    let more = quiet.buttons().into_iter().find(|b| !b.disabled);
    let press = Interaction::press(&quiet, &more.expect("a button").custom_id);
    assert!(!desk.answer(press).await.text().is_empty());
    let unread = desk.answer(ask("DLQ").without("channel_id")).await;
    assert!(
        unread.text().contains("could not make sense"),
        "{}",
        unread.text()
    );

    let requests = desk.discord.requests();
    let asked: Vec<_> = requests
        .iter()
        .filter(|e| e.path.contains("gateway"))
        .collect();
    assert!(asked.is_empty() && desk.discord.events().is_empty());
    assert!(
        !requests
            .iter()
            .any(|entry| entry.path.ends_with("/callback"))
    );
    assert_eq!(desk.discord.blame(), [""; 0]);
    assert_eq!(serving.stop().await, Some(0));
}

#[tokio::test]
async fn only_what_discord_signed_lately_is_believed() {
    let (desk, _serving, url) = desk().await;
    let now_s = desk.discord.now_ms() / 1_000;
    let good = Letter::signed(&ping(), now_s);
    let (status, pong) = good.post(&url).await;
    let pong: Value = serde_json::from_str(&pong).expect("JSON");
    assert_eq!((status, pong), (200, json!({"type": 1})));

    let mut forged = good.clone();
    forged.signature = "0".repeat(128);
    let mut tampered = good.clone();
    tampered.body.push(b' ');
    let mut moved = good.clone();
    moved.timestamp = (now_s + 1).to_string();
    let unsigned = Letter {
        signature: String::new(),
        timestamp: String::new(),
        ..good.clone()
    };
    let stale = Letter::signed(&ping(), now_s - 400);
    let early = Letter::signed(&ping(), now_s + 400);
    for letter in [forged, tampered, moved, unsigned, stale, early] {
        assert_eq!(letter.post(&url).await.0, 401, "{letter:?}");
    }

    for garbage in [&b"{"[..], b"[]", b"\xff", b"{}", br#"{"type":2}"#, b""] {
        let (status, _) = Letter::signed(garbage, now_s).post(&url).await;
        assert_eq!(status, 400, "{garbage:?}");
    }
    let huge = vec![b' '; 2 << 20];
    assert_eq!(Letter::signed(&huge, now_s).post(&url).await.0, 413);
    assert_eq!(good.post(&url).await.0, 200);
}

#[tokio::test]
async fn what_came_before_is_refused() {
    let (desk, _serving, url) = desk().await;
    let (letter, _) = desk.discord.write_down(&ask("DLQ"));
    assert_eq!(letter.post(&url).await.0, 200);
    assert_eq!(letter.post(&url).await.0, 409);
    // The same interaction signed anew is no other one.
    let again = Letter::signed(&letter.body, desk.discord.now_ms() / 1_000 + 1);
    assert_eq!(again.post(&url).await.0, 409);
}

#[tokio::test]
async fn who_asks_for_a_file_waits_for_it() {
    let (desk, _serving, _) = desk().await;
    let stats = Interaction::slash("stats").by(BEN);
    let asked = desk.interact(&stats).await;
    assert_eq!(asked.response().await["type"], 5);
    let stats = asked.message().await;
    assert!(stats.is_private(), "{}", stats.text());
    let patched = desk.discord.requested(1, "PATCH /webhooks").await;
    assert_eq!(patched.last().expect("one").files, ["files[0]"]);
    assert_eq!(desk.discord.blame(), [""; 0]);
}

#[tokio::test]
async fn an_answer_that_overtakes_the_deferral_is_sent_again() {
    let (desk, _serving, url) = desk().await;
    let stats = Interaction::slash("stats").by(BEN);
    let asked = desk
        .discord
        .post(&url, &stats, Duration::from_millis(500))
        .await;
    assert!(asked.message().await.is_private());
    let patched = desk.discord.requested(2, "PATCH /webhooks").await;
    assert_eq!(patched[0].status, Some(404));
    let last = patched.last().expect("one");
    assert_eq!(last.status, Some(200));
}

#[tokio::test]
async fn a_slow_story_is_deferred_and_told_later() {
    let (desk, _serving, _) = desk().await;
    let asked = desk.interact(&desk.slow()).await;
    assert_eq!(asked.response().await["type"], 5);
    let draft = asked.message().await;
    assert!(draft.text().contains("questions"), "{}", draft.text());
    assert_eq!(desk.discord.blame(), [""; 0]);
}

#[tokio::test]
async fn a_bot_that_stops_finishes_what_was_asked_and_takes_nothing_new() {
    let (desk, serving, url) = desk().await;
    let asked = desk.interact(&desk.slow()).await;
    let stopping = tokio::spawn(serving.stop());
    desk.says_of_itself(503, "shutting down").await;
    let mut refused = (0, String::new());
    while refused.0 != 503 {
        refused = desk.discord.write_down(&ask("DLQ")).0.post(&url).await;
    }
    assert_eq!(refused.1, "restarting\n");
    assert!(asked.message().await.text().contains("questions"));
    assert_eq!(stopping.await.expect("it ends"), Some(0));
}

#[tokio::test]
async fn a_refused_token_and_a_strange_key_end_the_process_for_good() {
    let (desk, serving, _) = desk().await;
    drop(serving);
    let mut serve = desk.command("serve");
    let strange = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";
    serve.env("STUDYHALL_DISCORD__PUBLIC_KEY", strange);
    let ended = tokio::task::spawn_blocking(move || serve.output()).await;
    let ended = ended.expect("it ran").expect("a command that ends");
    let said = String::from_utf8_lossy(&ended.stderr).into_owned();
    assert_eq!(ended.status.code(), Some(78), "{said}");
    assert!(said.contains("is not the key of the application"), "{said}");

    let mut serve = desk.command("serve");
    serve.env("STUDYHALL_DISCORD__TOKEN", "another");
    let ended = tokio::task::spawn_blocking(move || serve.output()).await;
    assert_eq!(
        ended.expect("it ran").expect("it ends").status.code(),
        Some(78)
    );
}

#[tokio::test]
async fn doctor_says_what_is_true_of_posted_interactions() {
    let mut desk = Desk::new().await;
    desk.by_post = true;
    let mut doctor = desk.command("doctor");
    let output = tokio::task::spawn_blocking(move || doctor.output()).await;
    let output = output.expect("it ran").expect("a command that ends");
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    assert_eq!(output.status.code(), Some(0), "{text}");
    assert!(
        text.contains("interactions are taken at http://127.0.0.1:0/interactions"),
        "{text}"
    );
    assert!(text.contains("the application's own"), "{text}");
    assert!(text.contains("Interactions Endpoint URL"), "{text}");
}
