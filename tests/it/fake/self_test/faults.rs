//! What goes wrong when it is told to.

use std::time::Duration;

use serde_json::{Value, json};

use super::raw;
use crate::fake::{CHANNEL, Fake, Fault};

const ME: &str = "GET /users/@me";

async fn discord() -> Fake {
    let mut discord = Fake::start().await;
    discord.off_the_record();
    discord
}

#[tokio::test]
async fn limits_are_told_as_discord_tells_them() {
    let discord = discord().await;
    discord.next(1, "GET /users", Fault::RouteLimit(0.5));
    let limited = raw::send(&discord, ME, &Value::Null)
        .await
        .expect("an answer");
    assert_eq!(
        (limited.status, limited.json()["retry_after"].as_f64()),
        (429, Some(0.5))
    );
    assert!(
        limited.headers.contains("retry-after: 1"),
        "{}",
        limited.headers
    );
    assert!(
        !limited.headers.contains("x-ratelimit-global"),
        "{}",
        limited.headers
    );
    let after = raw::send(&discord, ME, &Value::Null)
        .await
        .expect("an answer");
    assert_eq!(after.status, 200);

    discord.during(Duration::from_secs(60), "", Fault::GlobalLimit(60.0));
    let limited = raw::send(&discord, ME, &Value::Null)
        .await
        .expect("an answer");
    assert!(
        limited.headers.contains("x-ratelimit-global: true"),
        "{}",
        limited.headers
    );
    assert_eq!(limited.json()["global"], json!(true));
    discord.pass(Duration::from_secs(61));
    let after = raw::send(&discord, ME, &Value::Null)
        .await
        .expect("an answer");
    assert_eq!(after.status, 200);

    discord.next(9, "", Fault::MuteLimit);
    let limited = raw::send(&discord, ME, &Value::Null)
        .await
        .expect("an answer");
    assert_eq!(limited.status, 429);
    assert!(
        !limited.headers.contains("retry-after"),
        "{}",
        limited.headers
    );
    discord.mend();
    let after = raw::send(&discord, ME, &Value::Null)
        .await
        .expect("an answer");
    assert_eq!(after.status, 200);
}

#[tokio::test]
async fn failures_look_like_failures() {
    let discord = discord().await;
    let cases = [
        (Fault::Banned, 429, "text/html"),
        (Fault::Status(500), 500, "application/json"),
        (Fault::Page(502), 502, "text/html"),
        (
            Fault::Slow(Duration::from_millis(1)),
            200,
            "application/json",
        ),
    ];
    for (fault, status, kind) in cases {
        discord.next(1, ME, fault.clone());
        let heard = raw::send(&discord, ME, &Value::Null)
            .await
            .expect("an answer");
        assert_eq!(heard.status, status, "{fault:?}");
        assert!(heard.headers.contains(kind), "{fault:?}: {}", heard.headers);
    }
    discord.next(1, ME, Fault::Hang);
    let null = Value::Null;
    let hanging = raw::send(&discord, ME, &null);
    assert!(
        tokio::time::timeout(Duration::from_millis(200), hanging)
            .await
            .is_err()
    );
    // What faults did is nobody's fault.
    assert_eq!(discord.blame(), [""; 0]);
    let faults = discord
        .requests()
        .iter()
        .filter(|entry| entry.fault.is_some())
        .count();
    assert_eq!(faults, 5);
}

#[tokio::test]
async fn a_message_may_be_there_though_its_answer_was_lost() {
    let discord = discord().await;
    let route = format!("POST /channels/{CHANNEL}/messages");
    discord.next(1, "POST /channels", Fault::Lost);
    assert!(
        raw::send(&discord, &route, &json!({"content": "lost"}))
            .await
            .is_none()
    );
    discord.next(1, "POST /channels", Fault::AnswerLost);
    assert!(
        raw::send(&discord, &route, &json!({"content": "kept"}))
            .await
            .is_none()
    );
    assert_eq!(discord.announced(1).await.text(), "kept");
    let heard = raw::send(&discord, &route, &json!({"content": "heard"})).await;
    assert_eq!(heard.expect("an answer").json()["content"], "heard");
}

#[tokio::test]
async fn a_message_may_carry_files() {
    let discord = Fake::start().await;
    let route = format!("POST /channels/{CHANNEL}/messages");
    let message = json!({"content": "the week", "allowed_mentions": {"parse": []}});
    let part = |head: &str, content: &str| {
        format!("--x7\r\nContent-Disposition: form-data; {head}\r\n\r\n{content}\r\n")
    };
    let file = part("name=\"files[0]\"; filename=\"week.txt\"", "Mon Tue Wed");
    let form = part("name=\"payload_json\"", &message.to_string()) + &file + "--x7--\r\n";
    let caller = raw::Caller::of(&discord);
    let sent = caller
        .send(&route, "multipart/form-data; boundary=x7", &form)
        .await;
    assert_eq!(sent.expect("an answer").json()["content"], "the week");
    let posted = discord.requested(1, "POST /channels").await;
    assert_eq!(
        (&posted[0].body, &posted[0].files[..]),
        (&message, &["files[0]".to_owned()][..])
    );
    assert_eq!(discord.blame(), [""; 0]);
}

#[tokio::test]
async fn discord_tells_its_own_time() {
    let discord = discord().await;
    discord.pass(Duration::from_secs(400 * 24 * 3600));
    let before = raw::send(&discord, ME, &Value::Null)
        .await
        .expect("an answer");
    discord.pass(Duration::from_secs(400 * 24 * 3600));
    let after = raw::send(&discord, ME, &Value::Null)
        .await
        .expect("an answer");
    let date = |heard: &raw::Heard| {
        let line = heard
            .headers
            .lines()
            .find(|line| line.starts_with("date: "));
        line.expect("a date").to_owned()
    };
    assert_ne!(date(&before), date(&after));
    assert!(date(&after).ends_with(" gmt"), "{}", after.headers);
}

#[tokio::test]
async fn a_shut_door_resets_whoever_knocks() {
    let discord = discord().await;
    discord.shut(true);
    assert!(raw::send(&discord, ME, &Value::Null).await.is_none());
    discord.shut(false);
    assert!(raw::send(&discord, ME, &Value::Null).await.is_some());
}

#[tokio::test]
async fn a_saved_log_has_one_object_a_line() {
    let discord = discord().await;
    let route = format!("POST /channels/{CHANNEL}/messages?x=1");
    raw::send(&discord, &route, &json!({"content": "hello"})).await;
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("log.jsonl");
    discord.save_log(&path).expect("the log is written");
    let text = std::fs::read_to_string(&path).expect("the log is there");
    let line: Value = serde_json::from_str(text.trim()).expect("one object");
    assert_eq!(
        line["path"],
        format!("/api/v10/channels/{CHANNEL}/messages?x=1")
    );
    assert_eq!(line["body"], json!({"content": "hello"}));
    assert_eq!(
        (line["status"].as_u64(), &line["response"]["content"]),
        (Some(200), &json!("hello"))
    );
}
