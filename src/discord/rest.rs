//! Discord's REST API, as far as the bot uses it. Every call passes the gate and has an end.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, DATE, HeaderMap, HeaderValue};
use reqwest::{Method, Response, Url};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::Value;
use tokio::sync::{Semaphore, SemaphorePermit};

use super::form;
use super::gate::{Admission, Caller, Gate, Shut, Verdict};
use super::lanes::{LANES_MIN, Lanes};
use super::number::Number;
use crate::chat::File;
use crate::meters;

/// Where Discord answers unless the settings name another place.
const DISCORD: &str = "https://discord.com";
const VERSION_PATH: &str = "/api/v10";
/// Discord wants an address and a version of every bot.
/// <https://docs.discord.com/developers/reference#user-agent>
pub(super) const AGENT: &str = concat!(
    "DiscordBot (https://studyhall.invalid, ",
    env!("CARGO_PKG_VERSION"),
    ")"
);
/// Bytes of an answer that are read, at most.
const ANSWER_MAX: usize = 1 << 20;
/// Tries of one call, at most.
const TRIES_MAX: u32 = 3;
/// Before the second try of a call that Discord failed; it doubles.
const TRY_AGAIN: Duration = Duration::from_millis(250);
/// How long the bot's own calls and the later words of an interaction may wait for their turn.
const PATIENCE: Duration = Duration::from_secs(90);

/// Why a call came to nothing. No address and no token in it.
#[derive(Debug, thiserror::Error)]
pub(super) enum RestError {
    /// Discord said no.
    #[error("Discord answered {status} (code {code}): {message}")]
    Refused {
        /// The HTTP status.
        status: u16,
        /// Discord's own code, or 0.
        code: u64,
        /// Discord's words.
        message: String,
    },
    /// The gate is shut.
    #[error(transparent)]
    Shut(#[from] Shut),
    /// The call could not pass in the time that it had.
    #[error("the call's time was up before it could be made")]
    TooLate,
    /// Nobody answered, or not in time.
    #[error("Discord could not be reached")]
    Unreachable(#[source] reqwest::Error),
    /// Discord accepted, and what it said makes no sense. Nothing is tried again.
    #[error("Discord's answer could not be read")]
    Unreadable,
}

impl RestError {
    /// Whether Discord no longer knows the interaction.
    pub(super) fn is_gone(&self) -> bool {
        matches!(self, Self::Refused { code: 10_062, .. })
    }

    /// Whether Discord has the interaction's first answer already.
    pub(super) fn is_already_answered(&self) -> bool {
        matches!(self, Self::Refused { code: 40_060, .. })
    }

    /// Whether Discord does not know the interaction's webhook: it has no first answer yet.
    pub(super) fn is_not_yet_known(&self) -> bool {
        matches!(self, Self::Refused { code: 10_015, .. })
    }

    /// Whether Discord found fault with what was sent.
    pub(super) fn is_invalid_body(&self) -> bool {
        matches!(self, Self::Refused { code: 50_035, .. })
    }
}

/// What `GET /gateway/bot` says.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct GatewayBot {
    pub(super) url: String,
    #[serde(default = "one")]
    pub(super) shards: u32,
    pub(super) session_start_limit: StartLimit,
}

/// How many sessions may still be started.
#[derive(Clone, Copy, Debug, Deserialize)]
pub(super) struct StartLimit {
    pub(super) total: u32,
    pub(super) remaining: u32,
    /// Milliseconds until the count starts again.
    pub(super) reset_after: u64,
}

fn one() -> u32 {
    1
}

/// The application behind the token.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Application {
    pub(super) id: Number,
    #[serde(default)]
    pub(super) name: String,
    /// With which Discord signs what it posts, in hexadecimal digits.
    #[serde(default)]
    pub(super) verify_key: Option<String>,
    /// Where Discord posts interactions; nowhere where they go over the gateway.
    #[serde(default)]
    pub(super) interactions_endpoint_url: Option<String>,
}

/// The API, with the bot's token.
pub(super) struct Rest {
    http: reqwest::Client,
    base: String,
    /// The host of the base.
    host: String,
    /// Discord, or the place that the settings name instead.
    is_discord: bool,
    token: HeaderValue,
    call_time: Duration,
    gate: Mutex<Gate>,
    /// How many of the bot's calls may be under way, and how many places there are.
    lanes: Mutex<(Lanes, usize)>,
    bot_calls: Semaphore,
    /// Discord's clock as it said it last, in seconds since 1970, and when it did.
    date: Mutex<Option<(i64, Instant)>>,
}

/// One call.
struct Call<'a> {
    caller: Caller,
    method: Method,
    path: String,
    /// What of the path is limited together. Without the interaction's token.
    route: String,
    body: Option<Body<'a>>,
    /// It is not made after this instant.
    by: Instant,
}

/// What a call carries: JSON, and a file beside it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Body<'a> {
    /// The JSON.
    pub(super) json: &'a Value,
    /// The file that the JSON names.
    pub(super) file: Option<&'a File>,
}

impl<'a> From<&'a Value> for Body<'a> {
    fn from(json: &'a Value) -> Self {
        Self { json, file: None }
    }
}

impl Call<'_> {
    fn is_first_answer(&self) -> bool {
        self.path.ends_with("/callback")
    }
}

impl Rest {
    /// The API at `api_url`, or Discord's.
    ///
    /// # Errors
    /// The address is none, or the token has characters that no token has.
    pub(super) fn new(
        token: &SecretString,
        api_url: Option<&str>,
        call_time: Duration,
    ) -> anyhow::Result<Self> {
        let base = api_url.unwrap_or(DISCORD).trim_end_matches('/').to_owned();
        let url = Url::parse(&base)?;
        anyhow::ensure!(
            matches!(url.scheme(), "http" | "https") && url.has_host(),
            "`discord.api_url` must be an address that starts with http:// or https://"
        );
        let mut token = HeaderValue::from_str(&format!("Bot {}", bare(token)))
            .map_err(|_| anyhow::anyhow!("`discord.token` holds characters that no token has"))?;
        token.set_sensitive(true);
        let http = reqwest::Client::builder()
            .user_agent(AGENT)
            .connect_timeout(call_time)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build()?;
        Ok(Self {
            http,
            host: url.host_str().unwrap_or_default().to_owned(),
            base,
            is_discord: api_url.is_none(),
            token,
            call_time,
            gate: Mutex::default(),
            lanes: Mutex::new((Lanes::default(), LANES_MIN)),
            bot_calls: Semaphore::new(LANES_MIN),
            date: Mutex::default(),
        })
    }

    /// Whether calls go to Discord itself.
    pub(super) fn is_discord(&self) -> bool {
        self.is_discord
    }

    /// Whether Discord refused the token.
    pub(super) fn is_bad_token(&self) -> bool {
        held(&self.gate).is_bad_token()
    }

    /// Discord's clock as it said it last, in seconds since 1970, and when it did.
    pub(super) fn date(&self) -> Option<(i64, Instant)> {
        *held(&self.date)
    }

    /// Where the gateway is, and how many sessions may still be started.
    pub(super) async fn gateway_bot(&self) -> Result<GatewayBot, RestError> {
        let answer = self
            .bot(Method::GET, "/gateway/bot".to_owned(), None)
            .await?;
        serde_json::from_value(answer).map_err(|_| RestError::Unreadable)
    }

    /// The application behind the token.
    pub(super) async fn application(&self) -> Result<Application, RestError> {
        let answer = self
            .bot(Method::GET, "/applications/@me".to_owned(), None)
            .await?;
        serde_json::from_value(answer).map_err(|_| RestError::Unreadable)
    }

    /// The commands that are registered for everywhere.
    pub(super) async fn commands(&self, application: u64) -> Result<Value, RestError> {
        let path = format!("/applications/{application}/commands");
        self.bot(Method::GET, path, None).await
    }

    /// Replaces the commands that are registered for everywhere.
    pub(super) async fn put_commands(
        &self,
        application: u64,
        commands: &Value,
    ) -> Result<(), RestError> {
        let path = format!("/applications/{application}/commands");
        self.bot(Method::PUT, path, Some(commands.into()))
            .await
            .map(drop)
    }

    /// A call of the bot that is not made after `by`. What Discord answered; null where it said
    /// nothing.
    pub(super) async fn ask(
        &self,
        method: Method,
        path: String,
        body: Option<Body<'_>>,
        by: Instant,
    ) -> Result<Value, RestError> {
        let call = Call {
            caller: Caller::Bot,
            route: format!("{method} {}", path.split('?').next().unwrap_or_default()),
            method,
            path,
            body,
            by,
        };
        self.make(&call).await?.ok_or(RestError::Unreadable)
    }

    /// The first answer to an interaction, made by then or not at all.
    pub(super) async fn respond(
        &self,
        interaction: u64,
        token: &str,
        body: Body<'_>,
        by: Instant,
    ) -> Result<(), RestError> {
        let call = Call {
            caller: Caller::Interaction,
            method: Method::POST,
            path: format!("/interactions/{interaction}/{token}/callback"),
            route: format!("callback {interaction}"),
            body: Some(body),
            by,
        };
        self.make(&call).await.map(drop)
    }

    /// Puts another message in the place of an interaction's first answer.
    pub(super) async fn edit_original(
        &self,
        (application, token): (u64, &str),
        interaction: u64,
        body: Body<'_>,
    ) -> Result<(), RestError> {
        let path = format!("/webhooks/{application}/{token}/messages/@original");
        self.later(Method::PATCH, path, interaction, Some(body))
            .await
    }

    /// Takes an interaction's first answer away.
    pub(super) async fn delete_original(
        &self,
        (application, token): (u64, &str),
        interaction: u64,
    ) -> Result<(), RestError> {
        let path = format!("/webhooks/{application}/{token}/messages/@original");
        self.later(Method::DELETE, path, interaction, None).await
    }

    /// Says more to an interaction that was answered.
    pub(super) async fn follow_up(
        &self,
        (application, token): (u64, &str),
        interaction: u64,
        body: Body<'_>,
    ) -> Result<(), RestError> {
        let path = format!("/webhooks/{application}/{token}");
        self.later(Method::POST, path, interaction, Some(body))
            .await
    }

    async fn later(
        &self,
        method: Method,
        path: String,
        interaction: u64,
        body: Option<Body<'_>>,
    ) -> Result<(), RestError> {
        let call = Call {
            caller: Caller::Interaction,
            route: format!("webhook {interaction}"),
            method,
            path,
            body,
            by: Instant::now() + PATIENCE,
        };
        self.make(&call).await.map(drop)
    }

    async fn bot(
        &self,
        method: Method,
        path: String,
        body: Option<Body<'_>>,
    ) -> Result<Value, RestError> {
        self.ask(method, path, body, Instant::now() + PATIENCE)
            .await
    }

    /// Makes the call, and again where Discord was too busy, failed or was not reached and the same
    /// call twice does no harm: a first answer given twice is refused, a follow-up is not.
    async fn make(&self, call: &Call<'_>) -> Result<Option<Value>, RestError> {
        let harmless = call.method != Method::POST || call.is_first_answer();
        let mut n_tries = 0;
        let mut perhaps_heard = false;
        loop {
            let turn = self.turn(call).await?;
            n_tries += 1;
            let outcome = self.try_once(call).await;
            if let Some(place) = turn {
                self.leave(place, !is_strained(&outcome));
            }
            let (error, again_after) = match outcome {
                Ok(answer) => return Ok(answer),
                Err((error, _)) if perhaps_heard && error.is_already_answered() => return Ok(None),
                Err((error, NotHeard::Limited)) => (error, Duration::ZERO),
                Err((error, NotHeard::Perhaps)) if harmless => {
                    perhaps_heard = true;
                    (error, TRY_AGAIN * 2_u32.pow(n_tries))
                }
                Err((error, _)) => return Err(error),
            };
            let again = Instant::now() + again_after;
            if n_tries >= TRIES_MAX || again >= call.by {
                return Err(error);
            }
            tokio::time::sleep_until(again.into()).await;
        }
    }

    /// Waits until the call may pass. The bot's calls hold one of few places while they are under
    /// way, and none while they wait.
    async fn turn(&self, call: &Call<'_>) -> Result<Option<SemaphorePermit<'_>>, RestError> {
        loop {
            let place = match call.caller {
                Caller::Bot => {
                    self.open_lanes();
                    let place = tokio::time::timeout_at(call.by.into(), self.bot_calls.acquire());
                    Some(
                        place
                            .await
                            .ok()
                            .and_then(Result::ok)
                            .ok_or(RestError::TooLate)?,
                    )
                }
                Caller::Interaction => None,
            };
            let admission = held(&self.gate).admit(Instant::now(), call.caller, &call.route);
            match admission {
                Admission::Pass => return Ok(place),
                Admission::Shut(shut) => return Err(shut.into()),
                Admission::Wait(until) if until >= call.by => return Err(RestError::TooLate),
                Admission::Wait(until) => {
                    drop(place);
                    tokio::time::sleep_until(until.into()).await;
                }
            }
        }
    }

    /// Makes it as many places as there are to be for a call that is about to be made.
    fn open_lanes(&self) {
        let mut lanes = held(&self.lanes);
        let n_open = lanes.0.begin(Instant::now());
        self.fit(&mut lanes.1, n_open);
    }

    /// Gives up a call's place, and opens or closes others.
    fn leave(&self, place: SemaphorePermit<'_>, went_well: bool) {
        let mut lanes = held(&self.lanes);
        let n_open = lanes.0.settle(Instant::now(), went_well);
        self.fit(&mut lanes.1, n_open);
        if lanes.1 > n_open {
            lanes.1 -= 1;
            place.forget();
        }
    }

    /// Makes it `n_open` places, as far as they are not taken.
    fn fit(&self, n_places: &mut usize, n_open: usize) {
        self.bot_calls.add_permits(n_open.saturating_sub(*n_places));
        *n_places = n_open.max(*n_places);
        *n_places -= self.bot_calls.forget_permits(*n_places - n_open);
    }

    /// How long one try of a call may take.
    fn time_of(&self, call: &Call<'_>) -> Duration {
        let left = call.by.saturating_duration_since(Instant::now());
        match call.caller {
            // What was sent in time may be answered later.
            Caller::Bot => self.call_time,
            // A first answer has so little time that a silent server must leave some for another try.
            Caller::Interaction if call.is_first_answer() => self.call_time.min(left / 2),
            Caller::Interaction => self.call_time.min(left),
        }
    }

    async fn try_once(&self, call: &Call<'_>) -> Result<Option<Value>, (RestError, NotHeard)> {
        let mut request = self
            .http
            .request(
                call.method.clone(),
                format!("{}{VERSION_PATH}{}", self.base, call.path),
            )
            .timeout(self.time_of(call));
        if call.caller == Caller::Bot {
            request = request.header(AUTHORIZATION, self.token.clone());
        }
        request = match call.body {
            None => request,
            Some(Body { json, file: None }) => request
                .header(CONTENT_TYPE, "application/json")
                .body(json.to_string()),
            Some(Body {
                json,
                file: Some(file),
            }) => {
                let form = form::of(json, file);
                request.header(CONTENT_TYPE, form.kind).body(form.bytes)
            }
        };
        // The address holds the interaction's token: it never leaves with the error.
        let unreached =
            |e: reqwest::Error| (RestError::Unreachable(e.without_url()), NotHeard::Perhaps);
        let started = Instant::now();
        let sent = request.send().await;
        let status = sent.as_ref().ok().map(|sent| sent.status().as_u16());
        meters::called(call.method.as_str(), status, &self.host, started.elapsed());
        let mut response = sent.map_err(unreached)?;
        let status = response.status().as_u16();
        let headers = std::mem::take(response.headers_mut());
        self.note_date(&headers);
        let body = body(response).await.map_err(unreached)?;
        let body: Option<Value> = serde_json::from_slice(&body).ok();
        let verdict = Verdict {
            status,
            retry_after: text(&headers, "retry-after"),
            scope: text(&headers, "x-ratelimit-scope"),
            global: text(&headers, "x-ratelimit-global").is_some_and(|set| set != "false"),
            remaining: text(&headers, "x-ratelimit-remaining"),
            reset_after: text(&headers, "x-ratelimit-reset-after"),
            body: body.as_ref(),
        };
        measure(&verdict);
        let limited = held(&self.gate).settle(Instant::now(), call.caller, &call.route, &verdict);
        if (200..300).contains(&status) {
            return Ok(body);
        }
        let error = refusal(status, body.as_ref());
        Err(match status {
            _ if limited => (error, NotHeard::Limited),
            500.. => (error, NotHeard::Perhaps),
            _ => (error, NotHeard::No),
        })
    }

    fn note_date(&self, headers: &HeaderMap) {
        let date = text(headers, DATE.as_str())
            .and_then(|date| jiff::fmt::rfc2822::parse(date).ok())
            .map(|date| (date.timestamp().as_second(), Instant::now()));
        if date.is_some() {
            *held(&self.date) = date;
        }
    }
}

fn measure(verdict: &Verdict<'_>) {
    if verdict.is_invalid() {
        meters::invalid_request();
    }
    if verdict.status == 429 {
        let scope = match verdict.global {
            true => Some("global"),
            false => verdict.scope.or(Some("user")),
        };
        meters::limited(scope.filter(|_| verdict.is_api()));
    }
}

/// Whether a failed call was perhaps not heard.
enum NotHeard {
    /// It was refused for coming too soon.
    Limited,
    /// Nobody knows.
    Perhaps,
    /// It was heard.
    No,
}

/// Whether an outcome says that Discord has too much to do.
fn is_strained(outcome: &Result<Option<Value>, (RestError, NotHeard)>) -> bool {
    matches!(outcome, Err((_, NotHeard::Limited | NotHeard::Perhaps)))
}

/// The token as it stands in the settings, without the word that some put before it.
pub(super) fn bare(token: &SecretString) -> &str {
    let token = token.expose_secret().trim();
    token.strip_prefix("Bot ").unwrap_or(token).trim()
}

fn refusal(status: u16, body: Option<&Value>) -> RestError {
    const MESSAGE_MAX: usize = 200;
    let message = body.and_then(|body| body["message"].as_str());
    RestError::Refused {
        status,
        code: body.and_then(|body| body["code"].as_u64()).unwrap_or(0),
        message: message
            .unwrap_or("no reason given")
            .chars()
            .take(MESSAGE_MAX)
            .collect(),
    }
}

async fn body(mut response: Response) -> Result<Vec<u8>, reqwest::Error> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        if body.len() + chunk.len() > ANSWER_MAX {
            break;
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

fn held<T>(lock: &Mutex<T>) -> MutexGuard<'_, T> {
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
