//! The barest HTTP client: it sends what no library would.

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::fake::Fake;

/// An answer: status, headers in lower case, and the body as text.
#[derive(Debug)]
pub(crate) struct Heard {
    pub(crate) status: u16,
    pub(crate) headers: String,
    pub(crate) text: String,
}

impl Heard {
    /// Discord's own code for what went wrong.
    pub(crate) fn code(&self) -> Option<u64> {
        self.json()["code"].as_u64()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_default()
    }
}

/// Who calls: where to, and under which names.
#[derive(Clone)]
pub(crate) struct Caller {
    pub(crate) host: String,
    pub(crate) token: String,
    pub(crate) agent: String,
}

impl Caller {
    /// A bot of this Discord.
    pub(crate) fn of(discord: &Fake) -> Self {
        Self {
            host: discord.api_url().replace("http://", ""),
            token: discord.token().to_owned(),
            agent: "DiscordBot (https://example.org, 1)".to_owned(),
        }
    }

    /// Sends a request; none where the connection broke.
    pub(crate) async fn call(&self, route: &str, body: &Value) -> Option<Heard> {
        let body = match body {
            Value::Null => String::new(),
            Value::String(text) => text.clone(),
            json => json.to_string(),
        };
        self.send(route, "application/json", &body).await
    }

    /// Sends a request with any kind of body.
    pub(crate) async fn send(&self, route: &str, kind: &str, body: &str) -> Option<Heard> {
        let (method, path) = route.split_once(' ').expect("a method and a path");
        let Self { host, token, agent } = self;
        let request = format!(
            "{method} /api/v10{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\
             Authorization: Bot {token}\r\nUser-Agent: {agent}\r\n\
             Content-Type: {kind}\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        let mut stream = TcpStream::connect(host).await.ok()?;
        stream.write_all(request.as_bytes()).await.ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.ok()?;
        let (head, text) = answer.split_once("\r\n\r\n")?;
        let status = head.split(' ').nth(1)?.parse().ok()?;
        Some(Heard {
            status,
            headers: head.to_lowercase(),
            text: text.to_owned(),
        })
    }
}

/// Sends a request as a bot of this Discord does; none where the connection broke.
pub(crate) async fn send(discord: &Fake, route: &str, body: &Value) -> Option<Heard> {
    Caller::of(discord).call(route, body).await
}
