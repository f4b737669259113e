//! The calls against a server that says what it is told to.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::sync::mpsc;

use serde_json::json;

use super::*;

/// A request as the server heard it: its first line, then its headers in lower case.
type Heard = (String, Vec<String>, String);

/// A server that gives each of these answers once, in this order, and tells what it heard.
fn server(answers: Vec<String>) -> (String, mpsc::Receiver<Heard>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let (tell, told) = mpsc::channel();
    std::thread::spawn(move || {
        for answer in answers {
            let (mut socket, _) = listener.accept().unwrap();
            let mut reader = BufReader::new(socket.try_clone().unwrap());
            let mut lines = Vec::new();
            loop {
                let mut line = String::new();
                reader.read_line(&mut line).unwrap();
                if line.trim().is_empty() {
                    break;
                }
                lines.push(line.trim().to_lowercase());
            }
            let length = lines
                .iter()
                .find_map(|line| line.strip_prefix("content-length: "))
                .map_or(0, |length| length.parse().unwrap());
            let mut body = vec![0; length];
            reader.read_exact(&mut body).unwrap();
            let first = lines.remove(0);
            // A test that gave up waiting no longer listens.
            let _ = tell.send((first, lines, String::from_utf8(body).unwrap()));
            if answer.is_empty() {
                std::mem::forget(socket);
            } else {
                socket.write_all(answer.as_bytes()).unwrap();
            }
        }
    });
    (address, told)
}

fn answer(status: u16, headers: &str, body: &str) -> String {
    format!(
        "HTTP/1.1 {status} x\r\nconnection: close\r\ncontent-length: {}\r\n{headers}\r\n{body}",
        body.len()
    )
}

fn rest(address: &str) -> Rest {
    let call_max = Duration::from_millis(500);
    Rest::new(&"Bot canary".into(), Some(address), call_max).unwrap()
}

const GATEWAY: &str = r#"{"url":"ws://127.0.0.1:1","shards":1,"session_start_limit":
    {"total":1000,"remaining":999,"reset_after":0,"max_concurrency":1}}"#;

#[tokio::test]
async fn the_bots_calls_carry_its_token_and_an_interactions_do_not() {
    let ok = answer(200, "", GATEWAY);
    let (address, heard) = server(vec![ok, answer(204, "", "")]);
    let rest = rest(&format!("{address}/"));
    assert_eq!(
        rest.gateway_bot()
            .await
            .unwrap()
            .session_start_limit
            .remaining,
        999
    );
    let (line, headers, _) = heard.recv().unwrap();
    assert_eq!(line, "get /api/v10/gateway/bot http/1.1");
    assert!(headers.contains(&"authorization: bot canary".to_owned()));
    assert!(
        headers
            .iter()
            .any(|line| line.starts_with("user-agent: discordbot (http"))
    );

    let by = Instant::now() + Duration::from_secs(5);
    rest.respond(7, "tok", (&json!({ "type": 6 })).into(), by)
        .await
        .unwrap();
    let (line, headers, body) = heard.recv().unwrap();
    assert_eq!(line, "post /api/v10/interactions/7/tok/callback http/1.1");
    assert!(!headers.iter().any(|line| line.starts_with("authorization")));
    assert_eq!(body, r#"{"type":6}"#);
}

#[tokio::test]
async fn a_limited_call_is_made_again_after_the_time_that_discord_names() {
    let limited = answer(429, "retry-after: 0.05\r\n", r#"{"retry_after":0.05}"#);
    let (address, heard) = server(vec![limited, answer(200, "", GATEWAY)]);
    rest(&address).gateway_bot().await.unwrap();
    assert_eq!(heard.iter().take(2).count(), 2);
}

#[tokio::test]
async fn a_call_that_stays_limited_is_given_up() {
    let limited = answer(429, "retry-after: 0.01\r\n", "{}");
    let (address, heard) = server(vec![limited; 3]);
    let error = rest(&address).gateway_bot().await.unwrap_err();
    assert!(matches!(error, RestError::Refused { status: 429, .. }));
    assert_eq!(heard.iter().count(), 3);
}

#[tokio::test]
async fn a_failed_call_is_made_again_only_where_that_does_no_harm() {
    let failed = answer(500, "", "oops");
    let (address, heard) = server(vec![failed.clone(), answer(200, "", "[]")]);
    rest(&address).commands(1).await.unwrap();
    assert_eq!(heard.iter().count(), 2);

    let (address, heard) = server(vec![failed]);
    let rest = rest(&address);
    let error = rest
        .follow_up((1, "tok"), 7, (&json!({})).into())
        .await
        .unwrap_err();
    assert!(matches!(error, RestError::Refused { status: 500, .. }));
    assert_eq!(heard.iter().count(), 1);
}

#[tokio::test]
async fn an_answer_that_makes_no_sense_is_not_asked_for_again() {
    let (address, heard) = server(vec![answer(200, "", "<html>")]);
    let error = rest(&address).gateway_bot().await.unwrap_err();
    assert!(matches!(error, RestError::Unreadable));
    assert_eq!(heard.iter().count(), 1);
}

#[tokio::test]
async fn a_server_that_never_answers_is_left() {
    let (address, _heard) = server(vec![String::new(); 3]);
    let error = rest(&address).gateway_bot().await.unwrap_err();
    assert!(matches!(error, RestError::Unreachable(_)));
}

#[tokio::test]
async fn a_first_answer_whose_time_is_up_is_not_sent() {
    let (address, heard) = server(vec![answer(429, "retry-after: 5\r\n", "{}")]);
    let by = Instant::now() + Duration::from_secs(2);
    let error = rest(&address)
        .respond(7, "tok", (&json!({})).into(), by)
        .await
        .unwrap_err();
    assert!(matches!(error, RestError::TooLate));
    assert_eq!(heard.iter().count(), 1);
}

#[tokio::test]
async fn a_refused_token_ends_all_calls_of_the_bot() {
    let (address, heard) = server(vec![answer(401, "", r#"{"message":"401","code":0}"#)]);
    let rest = rest(&address);
    assert!(rest.gateway_bot().await.is_err());
    assert!(rest.is_bad_token());
    let error = rest.commands(1).await.unwrap_err();
    assert!(matches!(error, RestError::Shut(Shut::BadToken)));
    assert_eq!(heard.iter().count(), 1);
}

#[tokio::test]
async fn no_error_tells_a_token() {
    let rest = rest("http://127.0.0.1:1");
    let by = Instant::now() + Duration::from_millis(10);
    let error = rest
        .respond(7, "canary", (&json!({})).into(), by)
        .await
        .unwrap_err();
    let told = format!("{error:?} {error} {:?}", std::error::Error::source(&error));
    assert!(!told.contains("canary"), "{told}");
}

#[tokio::test]
async fn discords_clock_is_noted() {
    let dated = answer(200, "date: Tue, 15 Nov 1994 08:12:31 GMT\r\n", GATEWAY);
    let (address, _heard) = server(vec![dated]);
    let rest = rest(&address);
    rest.gateway_bot().await.unwrap();
    assert_eq!(rest.date().map(|(date_s, _)| date_s), Some(784_887_151));
}

#[tokio::test]
async fn calls_that_wait_meet_a_global_limit_at_most_twice() {
    let limited = answer(
        429,
        "retry-after: 600\r\nx-ratelimit-global: true\r\n",
        "{}",
    );
    let (address, heard) = server(vec![limited; 40]);
    let rest = rest(&address);
    let calls = (0..40).map(|application| rest.commands(application));
    let outcomes = futures_util::future::join_all(calls).await;
    assert!(outcomes.iter().all(Result::is_err));
    assert!((1..=2).contains(&heard.try_iter().count()));
}

#[test]
fn settings_that_make_no_sense_are_refused() {
    let call_max = Duration::from_secs(1);
    for address in ["", "discord", "ftp://127.0.0.1", "http://"] {
        assert!(
            Rest::new(&"t".into(), Some(address), call_max).is_err(),
            "{address}"
        );
    }
    assert!(Rest::new(&"a\nb".into(), None, call_max).is_err());
    assert!(Rest::new(&"t".into(), None, call_max).unwrap().is_discord());
}
