//! What goes wrong on the way: faults of the REST side that a test asks for.

use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, Response, StatusCode, header};
use serde_json::{Value, json};

/// What happens to a request in place of, or on top of, its answer.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Fault {
    /// 429 for this route: wait so many seconds.
    RouteLimit(f64),
    /// 429 for everything the bot sends: wait so many seconds.
    GlobalLimit(f64),
    /// 429 that does not say for how long.
    MuteLimit,
    /// 429 whose `Retry-After` is no number.
    GarbledLimit,
    /// 429 with the page that the network's edge shows to an address that it has banned.
    Banned,
    /// This status with Discord's JSON for it.
    Status(u16),
    /// This status with a page for people.
    Page(u16),
    /// The right answer, so much later.
    Slow(Duration),
    /// It is done at once, and answered so much later.
    SlowAnswer(Duration),
    /// No answer, the connection stays open.
    Hang,
    /// The connection is reset and nothing has been done.
    Lost,
    /// It has been done, and then the connection is reset.
    AnswerLost,
}

/// Headers on top of the usual ones.
type Headers = Vec<(&'static str, String)>;

/// For how long a fault lasts.
#[derive(Clone, Copy, Debug)]
enum Lasting {
    Times(usize),
    Until(i64),
}

/// The faults to come, the first that fits a request first.
#[derive(Default)]
pub(crate) struct Faults {
    planned: Vec<(String, Fault, Lasting)>,
    /// How long every request is on its way.
    pub(crate) lag: Duration,
    /// How many requests have met a fault.
    pub(crate) n_struck: usize,
}

impl Faults {
    pub(crate) fn times(&mut self, n: usize, route: &str, fault: Fault) {
        self.planned
            .push((route.to_owned(), fault, Lasting::Times(n)));
    }

    pub(crate) fn until(&mut self, ms: i64, route: &str, fault: Fault) {
        self.planned
            .push((route.to_owned(), fault, Lasting::Until(ms)));
    }

    pub(crate) fn clear(&mut self) {
        self.planned.clear();
    }

    /// The fault that strikes a request to this route now.
    pub(crate) fn take(&mut self, route: &str, now_ms: i64) -> Option<Fault> {
        self.planned.retain(|(_, _, lasting)| match lasting {
            Lasting::Times(n) => *n > 0,
            Lasting::Until(end) => now_ms < *end,
        });
        let (_, fault, lasting) = self
            .planned
            .iter_mut()
            .find(|(prefix, _, _)| route.starts_with(prefix.as_str()))?;
        if let Lasting::Times(n) = lasting {
            *n -= 1;
        }
        self.n_struck += 1;
        Some(fault.clone())
    }
}

impl Fault {
    /// What is said in the API's place; none where the API itself answers, or nobody does.
    pub(crate) fn response(&self) -> Option<(StatusCode, Headers, Value)> {
        let limited = |wait: f64, global: bool| {
            let mut headers = vec![("retry-after", format!("{}", wait.ceil()))];
            headers.push((
                "x-ratelimit-scope",
                if global { "global" } else { "user" }.to_owned(),
            ));
            if global {
                headers.push(("x-ratelimit-global", "true".to_owned()));
            }
            let message = "You are being rate limited.";
            let body =
                json!({"message": message, "code": 0, "retry_after": wait, "global": global});
            Some((StatusCode::TOO_MANY_REQUESTS, headers, body))
        };
        match self {
            Self::RouteLimit(wait) => limited(*wait, false),
            Self::GlobalLimit(wait) => limited(*wait, true),
            Self::MuteLimit => {
                let body = json!({"message": "You are being rate limited.", "code": 0});
                Some((StatusCode::TOO_MANY_REQUESTS, Vec::new(), body))
            }
            Self::GarbledLimit => {
                let body = json!({"message": "You are being rate limited.", "code": 0});
                let soon = ("retry-after", "soon".to_owned());
                Some((StatusCode::TOO_MANY_REQUESTS, vec![soon], body))
            }
            Self::Status(status) => {
                let body = json!({"message": format!("{status}: out of order"), "code": 0});
                Some((code(*status), Vec::new(), body))
            }
            Self::Banned => Some((StatusCode::TOO_MANY_REQUESTS, Vec::new(), page("1015"))),
            Self::Page(status) => Some((code(*status), Vec::new(), page(&status.to_string()))),
            Self::Slow(_) | Self::SlowAnswer(_) | Self::Hang | Self::Lost | Self::AnswerLost => {
                None
            }
        }
    }

    /// Whether the network counts the request as one that should not have been made.
    pub(crate) fn is_refusal(&self) -> bool {
        let refused = [401, 403, 429];
        match self {
            Self::RouteLimit(_)
            | Self::GlobalLimit(_)
            | Self::MuteLimit
            | Self::GarbledLimit
            | Self::Banned => true,
            Self::Status(status) | Self::Page(status) => refused.contains(status),
            Self::Slow(_) | Self::SlowAnswer(_) | Self::Hang | Self::Lost | Self::AnswerLost => {
                false
            }
        }
    }

    /// Whether the API's own documents describe this answer.
    pub(crate) fn is_documented(&self) -> bool {
        matches!(self, Self::RouteLimit(_) | Self::GlobalLimit(_))
    }
}

fn code(status: u16) -> StatusCode {
    StatusCode::from_u16(status).expect("an HTTP status")
}

fn page(what: &str) -> Value {
    json!(format!(
        "<!DOCTYPE html><html><body><h1>Error {what}</h1></body></html>"
    ))
}

/// An HTTP response: JSON, a page where the body is text, nothing where it is null.
pub(crate) fn respond(status: StatusCode, headers: Headers, body: &Value) -> Response<Body> {
    let (kind, text) = match body {
        Value::Null => (None, String::new()),
        Value::String(page) => (Some("text/html; charset=UTF-8"), page.clone()),
        json => (Some("application/json"), json.to_string()),
    };
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = status;
    if let Some(kind) = kind {
        response
            .headers_mut()
            .insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    }
    for (name, value) in headers {
        let value = HeaderValue::from_str(&value).expect("a header's value");
        response
            .headers_mut()
            .insert(HeaderName::from_static(name), value);
    }
    response
}
