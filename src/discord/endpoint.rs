//! Interactions that Discord posts, in the place of a line to its gateway.
//! <https://docs.discord.com/developers/interactions/receiving-and-responding>

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::json;
use tokio::sync::watch;
use tracing::{debug, error, info, warn};

use super::door::{Door, Out};
use super::interact::{self, ANSWER_BY, Arrival};
use super::rest::RestError;
use super::signed::{self, Unsigned};
use super::{EXIT_CONFIGURATION, EXIT_DONE, Edge, Outcome, clock, register};
use crate::meters::Interaction as Became;

/// Between two looks whether Discord has refused the token.
const LOOK: Duration = Duration::from_secs(1);
/// Between two tries to learn which application this is: doubles from the first to the last.
const AGAIN_MIN: Duration = Duration::from_secs(1);
const AGAIN_MAX: Duration = Duration::from_secs(60);
/// Discord's number for the answer to the question whether anybody is here.
const PONG: u64 = 1;

const JSON: &str = "application/json";
const TEXT: &str = "text/plain; charset=utf-8";

/// An interaction as it was posted.
#[derive(Clone)]
pub struct Posted {
    /// `X-Signature-Ed25519`.
    pub signature: String,
    /// `X-Signature-Timestamp`.
    pub timestamp: String,
    /// The body, to the byte.
    pub body: Vec<u8>,
}

/// What is answered to the request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answered {
    /// The HTTP status.
    pub status: u16,
    /// What the bytes are.
    pub kind: &'static str,
    /// The body.
    pub bytes: Vec<u8>,
}

impl Answered {
    fn json(bytes: Vec<u8>) -> Self {
        Self {
            status: 200,
            kind: JSON,
            bytes,
        }
    }

    fn no(status: u16, why: &str) -> Self {
        Self {
            status,
            kind: TEXT,
            bytes: format!("{why}\n").into_bytes(),
        }
    }
}

impl Edge {
    /// Answers an interaction that was posted: within three seconds, and only where Discord signed
    /// it, lately, for the first time.
    ///
    /// Discord delivers each once; a balancer or whoever has read one may do so again. This process
    /// refuses a number that it has heard with 409, however it was signed, also where its answer was
    /// lost on the way: answers are not kept, so that nobody can fetch one again, and what the first
    /// delivery did stands. Another process, or this one after a restart, knows nothing of it and
    /// answers as the first would have: by the number the scores know it, and do it once.
    pub async fn posted(self: Arc<Self>, posted: Posted) -> Answered {
        let arrival = Arrival {
            at: Instant::now(),
            clock: clock(),
        };
        let Some(key) = &self.key else {
            return Answered::no(404, "interactions come over the gateway");
        };
        if self.is_ending() {
            return Answered::no(503, "restarting");
        }
        let Posted {
            signature,
            timestamp,
            body,
        } = posted;
        if let Err(why) = signed::check(key, &signature, &timestamp, &body, arrival.clock) {
            self.counts.add(Became::Unsigned);
            match why {
                Unsigned::Forged => debug!("something was posted that Discord did not sign"),
                Unsigned::Stale => warn!(
                    off_max_s = signed::OFF_MAX_S,
                    "something was posted that Discord signed at another time; \
                     if that lasts, this machine's clock is wrong"
                ),
            }
            return Answered::no(401, "not signed by Discord, or not lately");
        }
        let Ok(json) = String::from_utf8(body) else {
            self.counts.add(Became::Unreadable);
            return Answered::no(400, "not an interaction");
        };
        let (door, outside) = Door::here();
        self.spawn(|edge| interact::take(edge, json, arrival, door));
        let by = arrival.at + ANSWER_BY;
        match tokio::time::timeout_at(by.into(), outside).await {
            Ok(Ok(Out::Answer(bytes))) => Answered::json(bytes),
            Ok(Ok(Out::Pong)) => Answered::json(json!({ "type": PONG }).to_string().into_bytes()),
            Ok(Ok(Out::Repeated)) => Answered::no(409, "this interaction came before"),
            Ok(Ok(Out::Unreadable)) => Answered::no(400, "not an interaction"),
            Ok(Ok(Out::Late)) => Answered::no(408, "this interaction came too late"),
            Ok(Err(_)) | Err(_) => Answered::no(503, "too much to do"),
        }
    }
}

/// Registers the commands and serves what is posted, until told to stop or until there is no use in
/// going on.
pub(super) async fn serve(edge: &Arc<Edge>, mut shutdown: watch::Receiver<bool>) -> Outcome {
    info!("interactions are taken as Discord posts them");
    let outcome = {
        let told = async {
            drop(shutdown.wait_for(|stop| *stop).await);
        };
        tokio::select! {
            () = told => Outcome::new(EXIT_DONE, "asked to stop"),
            outcome = keep(edge) => outcome,
        }
    };
    edge.finish().await;
    outcome
}

/// Does what is to be done beside the interactions; ends where they are of no use.
async fn keep(edge: &Arc<Edge>) -> Outcome {
    let application = match application(edge).await {
        Ok(application) => application,
        Err(outcome) => return outcome,
    };
    let registering = async {
        register::keep_trying(&edge.rest, application).await;
        std::future::pending::<()>().await;
    };
    let refused = async {
        while !edge.rest.is_bad_token() {
            tokio::time::sleep(LOOK).await;
        }
    };
    tokio::select! {
        () = registering => {}
        () = refused => {}
    }
    error!("Discord refuses the bot's token");
    Outcome::new(EXIT_CONFIGURATION, "Discord refuses the bot's token")
}

/// Which application this is, asked for as long as it takes, and whether the key is its own.
async fn application(edge: &Edge) -> Result<u64, Outcome> {
    let refuse = |reason: &str| {
        error!("{reason}");
        Outcome::new(EXIT_CONFIGURATION, reason)
    };
    let mut again = AGAIN_MIN;
    let application = loop {
        match edge.rest.application().await {
            Ok(application) => break application,
            Err(RestError::Refused { status: 401, .. } | RestError::Shut(_))
                if edge.rest.is_bad_token() =>
            {
                return Err(refuse("Discord refuses the bot's token"));
            }
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                warn!(error, again_s = again.as_secs(), "Discord does not answer");
            }
        }
        tokio::time::sleep(again).await;
        again = (again * 2).min(AGAIN_MAX);
    };
    let own = application.verify_key.as_deref();
    let differs = |own: &str| {
        edge.key
            .as_ref()
            .is_some_and(|key| !is_same(own, key.as_bytes()))
    };
    if own.is_some_and(differs) {
        return Err(refuse(
            "`discord.public_key` is not the key of the application that the token belongs to",
        ));
    }
    if application.interactions_endpoint_url.is_none() {
        warn!(
            "Discord posts nothing yet: set this server's public address with /interactions as the \
             application's Interactions Endpoint URL"
        );
    }
    Ok(application.id.0)
}

/// Whether hexadecimal digits are these bytes.
pub(super) fn is_same(digits: &str, bytes: &[u8; 32]) -> bool {
    let ours = bytes.map(|byte| format!("{byte:02x}")).concat();
    ours.eq_ignore_ascii_case(digits)
}
