//! From an HTTP request to its answer: faults, authorization, the log.

use std::collections::BTreeMap;
use std::future::pending;
use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::{ConnectInfo, State};
use axum::http::{HeaderMap, Method, Response, StatusCode, Uri, header};
use serde_json::Value;

use super::cast;
use super::faults::{Fault, respond};
use super::line::Line;
use super::log::Entry;
use super::refusal::Refusal;
use super::rest::{self, Request};
use super::world::World;

/// The prefix of every route.
const API: &str = "/api/v10/";

pub(crate) async fn serve(
    State(world): State<Arc<World>>,
    ConnectInfo(line): ConnectInfo<Line>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    bytes: Bytes,
) -> Response<Body> {
    let lag = world.look().faults.lag;
    tokio::time::sleep(lag).await;
    let (body, files) = read(&headers, &bytes);
    let mut entry = Entry {
        method: method.to_string(),
        path: uri.to_string(),
        body: body.clone().unwrap_or_default(),
        files,
        status: None,
        response: Value::Null,
        fault: None,
        is_refused: false,
        at_ms: 0,
    };
    let fault = world.change(|state| {
        entry.at_ms = state.clock.now_ms();
        state.faults.take(&entry.route(), entry.at_ms)
    });
    entry.fault = fault.as_ref().map(|fault| format!("{fault:?}"));
    entry.is_refused = fault.as_ref().is_some_and(Fault::is_refusal);
    // Discord tells its own time, which may not be the bot's.
    let date = ("date", cast::http_date(entry.at_ms));
    if let Some((status, mut headers, body)) = fault.as_ref().and_then(Fault::response) {
        if fault.as_ref().is_some_and(Fault::is_documented) {
            entry.status = Some(status.as_u16());
            entry.response = body.clone();
        }
        world.change(|state| state.log.push(entry));
        headers.push(date);
        return respond(status, headers, &body);
    }
    match fault {
        Some(Fault::Slow(delay)) => tokio::time::sleep(delay).await,
        Some(Fault::Hang) => {
            world.change(|state| state.log.push(entry));
            return pending().await;
        }
        Some(Fault::Lost) => {
            world.change(|state| state.log.push(entry));
            line.cut();
            return Response::default();
        }
        _ => {}
    }
    let (status, body) = ask(&world, &mut entry, &uri, &headers, body);
    match fault {
        Some(Fault::AnswerLost) => line.cut(),
        Some(Fault::SlowAnswer(delay)) => tokio::time::sleep(delay).await,
        _ => {}
    }
    respond(status, vec![date], &body)
}

/// Puts the request to the API and into the log.
fn ask(
    world: &World,
    entry: &mut Entry,
    uri: &Uri,
    headers: &HeaderMap,
    body: Option<Value>,
) -> (StatusCode, Value) {
    let query = query(uri.query().unwrap_or_default());
    let path = uri.path().strip_prefix(API).unwrap_or_default();
    let path: Vec<&str> = path.split('/').collect();
    let text = |name| {
        headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    };
    let permitted = text(header::AUTHORIZATION) == format!("Bot {}", world.token);
    let known_agent = text(header::USER_AGENT).starts_with("DiscordBot (");
    let (status, response) = world.change(|state| {
        let answer = if !known_agent {
            Err(Refusal::unknown_agent())
        } else if rest::needs_token(&path) && !permitted {
            Err(Refusal::unauthorized())
        } else if let Some(body) = &body {
            let request = Request {
                host: &world.host,
                method: entry.method.as_str(),
                path: &path,
                query: &query,
                body,
                n_files: entry.files.len(),
            };
            rest::answer(state, &request)
        } else {
            Err(Refusal::bad_json())
        };
        let (status, response) = answer.unwrap_or_else(|no| (no.status, no.body()));
        entry.status = Some(status);
        entry.is_refused = matches!(status, 401 | 403 | 429);
        entry.response = response.clone();
        state.log.push(entry.clone());
        (status, response)
    });
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, response)
}

/// The body's JSON, null where there is none and nothing where it cannot be read, and the names
/// of the files beside it.
fn read(headers: &HeaderMap, bytes: &[u8]) -> (Option<Value>, Vec<String>) {
    if bytes.is_empty() {
        return (Some(Value::Null), Vec::new());
    }
    let kind = headers
        .get(header::CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok());
    match kind.and_then(|kind| kind.strip_prefix("multipart/form-data; boundary=")) {
        Some(boundary) => parts(boundary.trim_matches('"'), bytes),
        None => (serde_json::from_slice(bytes).ok(), Vec::new()),
    }
}

/// The parts of a form: `payload_json`, and the names of the others.
fn parts(boundary: &str, bytes: &[u8]) -> (Option<Value>, Vec<String>) {
    let form = String::from_utf8_lossy(bytes);
    let (mut json, mut files) = (None, Vec::new());
    for part in form.split(&format!("--{boundary}")) {
        let Some((head, content)) = part.split_once("\r\n\r\n") else {
            continue;
        };
        let name = head
            .split("name=\"")
            .nth(1)
            .and_then(|name| name.split('"').next());
        match name {
            Some("payload_json") => json = serde_json::from_str(content.trim_end()).ok(),
            Some(name) => files.push(name.to_owned()),
            None => {}
        }
    }
    (json, files)
}

fn query(text: &str) -> BTreeMap<String, String> {
    let pairs = text.split('&').filter_map(|pair| pair.split_once('='));
    pairs
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .collect()
}
