//! As much of Discord as the bot asks for at its start: who it is, and which commands it has.

use std::net::{SocketAddr, TcpListener};
use std::thread;

use anyhow::{Context as _, Result};
use axum::Router;
use axum::body::Bytes;
use axum::http::HeaderName;
use axum::http::header::CONTENT_TYPE;
use axum::routing::get;
use serde_json::json;

use super::letters;

type Json = ([(HeaderName, &'static str); 1], Vec<u8>);

/// Serves it on a thread of this process until that ends; where.
pub(super) fn start() -> Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    listener.set_nonblocking(true)?;
    let address = listener.local_addr()?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let listener = {
        let _inside = runtime.enter();
        tokio::net::TcpListener::from_std(listener)?
    };
    let app = letters::APPLICATION;
    let router = Router::new()
        .route("/api/v10/applications/@me", get(application))
        .route(
            &format!("/api/v10/applications/{app}/commands"),
            get(async || said(b"[]".to_vec())).put(async |body: Bytes| said(body.to_vec())),
        );
    thread::Builder::new()
        .name("discord".to_owned())
        .spawn(move || runtime.block_on(async { axum::serve(listener, router).await }))
        .context("no thread for Discord")?;
    Ok(address)
}

async fn application() -> Json {
    let application = json!({
        "id": letters::APPLICATION.to_string(), "name": "studyhall",
        "verify_key": letters::digits(&letters::public_key()),
        "interactions_endpoint_url": "https://example.com/interactions",
    });
    said(application.to_string().into_bytes())
}

fn said(json: Vec<u8>) -> Json {
    ([(CONTENT_TYPE, "application/json")], json)
}
