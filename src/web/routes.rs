//! What is to be had from the web server, and what each costs at most.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, HeaderValue, Response, StatusCode};
use axum::routing::{get, post};
use futures_util::StreamExt;

use super::{ALIVE, Answer, Posted, Shown};

/// Bytes of an interaction, at most: a command on a long message has some tens of thousands.
const BODY_MAX: usize = 256 << 10;
/// Bytes of a larger one that are read and thrown away, at most: who still sends hears no answer.
const DISCARD_MAX: usize = 8 << 20;
/// How long the body of an interaction may take to come.
const BODY_TIME: Duration = Duration::from_secs(3);

const TEXT: &str = "text/plain; charset=utf-8";
/// <https://prometheus.io/docs/specs/om/open_metrics_spec/>
const METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Where Discord puts what it signed.
/// <https://docs.discord.com/developers/interactions/overview>
const SIGNATURE: &str = "x-signature-ed25519";
const TIMESTAMP: &str = "x-signature-timestamp";

/// All routes.
pub(super) fn router(shown: Arc<Shown>) -> Router {
    let mut router = Router::new()
        .route("/healthz", get(alive))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics));
    if shown.interactions.is_some() {
        router = router.route("/interactions", post(interaction));
    }
    router.with_state(shown)
}

async fn alive(State(shown): State<Arc<Shown>>) -> Response<Body> {
    match (shown.alive)() {
        true => said(StatusCode::OK, ALIVE),
        false => said(
            StatusCode::SERVICE_UNAVAILABLE,
            "what the bot does by itself stands still\n",
        ),
    }
}

async fn ready(State(shown): State<Arc<Shown>>) -> Response<Body> {
    let causes = (shown.causes)();
    if causes.is_empty() {
        return said(StatusCode::OK, "ready\n");
    }
    let lines: String = causes.iter().map(|cause| format!("{cause}\n")).collect();
    said(StatusCode::SERVICE_UNAVAILABLE, &lines)
}

async fn metrics(State(shown): State<Arc<Shown>>) -> Response<Body> {
    response(StatusCode::OK, METRICS, (shown.metrics)().into_bytes())
}

async fn interaction(State(shown): State<Arc<Shown>>, request: Request) -> Response<Body> {
    let Some(endpoint) = &shown.interactions else {
        return said(StatusCode::NOT_FOUND, "nothing is posted here\n");
    };
    let (head, body) = request.into_parts();
    let body = match tokio::time::timeout(BODY_TIME, read(body)).await {
        Ok(Some(body)) => body,
        Ok(None) => return said(StatusCode::PAYLOAD_TOO_LARGE, "the body is too large\n"),
        Err(_) => return said(StatusCode::REQUEST_TIMEOUT, "the body took too long\n"),
    };
    let posted = Posted {
        signature: text(&head.headers, SIGNATURE).to_owned(),
        timestamp: text(&head.headers, TIMESTAMP).to_owned(),
        body,
    };
    let Answer {
        status,
        kind,
        bytes,
    } = endpoint(posted).await;
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response(status, kind, bytes)
}

/// The body; none where it is too large, or broke off.
async fn read(body: Body) -> Option<Vec<u8>> {
    let mut chunks = body.into_data_stream();
    let (mut kept, mut n_read) = (Vec::new(), 0);
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.ok()?;
        n_read += chunk.len();
        if n_read > DISCARD_MAX {
            return None;
        }
        if n_read <= BODY_MAX {
            kept.extend_from_slice(&chunk);
        }
    }
    (n_read <= BODY_MAX).then_some(kept)
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    let value = headers.get(name).and_then(|value| value.to_str().ok());
    value.unwrap_or_default()
}

fn said(status: StatusCode, words: &str) -> Response<Body> {
    response(status, TEXT, words.as_bytes().to_vec())
}

fn response(status: StatusCode, kind: &'static str, bytes: Vec<u8>) -> Response<Body> {
    let mut response = Response::new(Body::from(bytes));
    *response.status_mut() = status;
    let kind = HeaderValue::from_static(kind);
    response.headers_mut().insert(CONTENT_TYPE, kind);
    response
}
