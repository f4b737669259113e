//! The other side: an axum handler that verifies the signature and answers a constant.

use std::io::{self, Write as _};
use std::sync::Arc;

use anyhow::{Context as _, Result};
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, HeaderName, StatusCode};
use axum::routing::post;
use ed25519_dalek::{SIGNATURE_LENGTH, Signature, VerifyingKey};
use tokio::net::TcpListener;

use super::{letters, sides};

/// What every interaction is answered with.
pub(super) const ANSWER: &str = r#"{"type":4,"data":{"content":"30 seconds"}}"#;

type Said = (StatusCode, [(HeaderName, &'static str); 1], &'static str);

/// The task of the process that serves it. It says its address on a line, and does not end.
pub(crate) fn serve() -> Result<()> {
    sides::end_with_measurement();
    let key = VerifyingKey::from_bytes(&letters::public_key())?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        writeln!(io::stdout(), "{}", listener.local_addr()?)?;
        let router = Router::new()
            .route("/interactions", post(answer))
            .with_state(Arc::new(key));
        axum::serve(listener, router)
            .await
            .context("the server ended")
    })
}

async fn answer(State(key): State<Arc<VerifyingKey>>, headers: HeaderMap, body: Bytes) -> Said {
    let said = |status, kind, text| (status, [(CONTENT_TYPE, kind)], text);
    match verify(&key, &headers, &body) {
        Some(()) => said(StatusCode::OK, "application/json", ANSWER),
        None => said(StatusCode::UNAUTHORIZED, "text/plain", "not signed\n"),
    }
}

/// Whether the body is signed as the two headers say; how old that is nobody asks here.
fn verify(key: &VerifyingKey, headers: &HeaderMap, body: &[u8]) -> Option<()> {
    let signature = headers.get("x-signature-ed25519")?.as_bytes();
    let timestamp = headers.get("x-signature-timestamp")?.as_bytes();
    let signed = [timestamp, body].concat();
    key.verify_strict(&signed, &Signature::from_bytes(&bytes(signature)?))
        .ok()
}

fn bytes(digits: &[u8]) -> Option<[u8; SIGNATURE_LENGTH]> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let mut bytes = [0; SIGNATURE_LENGTH];
    let (pairs, rest) = digits.as_chunks::<2>();
    if pairs.len() != SIGNATURE_LENGTH || !rest.is_empty() {
        return None;
    }
    for (byte, [high, low]) in bytes.iter_mut().zip(pairs) {
        *byte = u8::try_from(digit(*high)? << 4 | digit(*low)?).ok()?;
    }
    Some(bytes)
}
