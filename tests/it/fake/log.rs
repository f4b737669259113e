//! What was asked of the REST side and what it said.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::Path;

use serde_json::{Value, json};

/// One request.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    /// `GET`, `POST` …
    pub(crate) method: String,
    /// The path with `/api/v10` and the query.
    pub(crate) path: String,
    /// The body's JSON, or null.
    pub(crate) body: Value,
    /// The names of the files that came with the body.
    pub(crate) files: Vec<String>,
    /// What the API said; none where a fault spoke in its place.
    pub(crate) status: Option<u16>,
    /// The answer's JSON, or null.
    pub(crate) response: Value,
    /// The fault that spoke, or kept silent.
    pub(crate) fault: Option<String>,
    /// Whether the network counts it as invalid: it was answered with 401, 403 or 429.
    pub(crate) is_refused: bool,
    /// Milliseconds since 1970, by Discord's clock.
    pub(crate) at_ms: i64,
}

impl Entry {
    /// Method and path without the API's prefix and without the query: `POST /channels/1/messages`.
    pub(crate) fn route(&self) -> String {
        let path = self.path.split('?').next().unwrap_or_default();
        format!(
            "{} {}",
            self.method,
            path.strip_prefix("/api/v10").unwrap_or(path)
        )
    }

    fn line(&self) -> Value {
        let mut line = json!({
            "method": self.method, "path": self.path, "body": self.body,
            "status": self.status, "response": self.response, "at_ms": self.at_ms,
        });
        if !self.files.is_empty() {
            line["files"] = json!(self.files);
        }
        if let Some(fault) = &self.fault {
            line["fault"] = json!(fault);
        }
        line
    }
}

/// Appends the entries to a file, one JSON object a line.
pub(crate) fn save(entries: &[Entry], path: &Path) -> io::Result<()> {
    let mut file = OpenOptions::new().create(true).append(true).open(path)?;
    for entry in entries {
        writeln!(file, "{}", entry.line())?;
    }
    file.flush()
}
