//! What the bot does of its own accord: posts, looks for what it posted, opens threads, writes to
//! people. All of it goes over REST alone, whether or not the gateway's line is up.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use reqwest::Method;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use serenity::model::Permissions;
use tokio::sync::OnceCell;

use super::interact::{self, Asked};
use super::number::{Number, Numbered};
use super::permissions::{self, Channel, Role, Roles};
use super::rest::{Body, Rest, RestError};
use super::{Edge, age, custom_id, render};
use crate::chat::command::Lack;
use crate::chat::{Chat, Message, PostError, Refusal, Reply, Trace};

/// From the wish to the last moment in which it is sent: whoever wished it may try again after
/// half a minute, and two of the same must not pass each other on the way.
const SEND_BY: Duration = Duration::from_secs(20);
/// How long before a post's first try its message is looked for: the clocks may differ.
const LOOK_BACK: SignedDuration = SignedDuration::from_secs(60);
/// How long after it: a minute of tries, the time that the last of them may take, and the clocks.
const LOOK_AHEAD: SignedDuration = SignedDuration::from_mins(5);
/// Messages of one page, and pages that are looked through, at most.
/// <https://docs.discord.com/developers/resources/message#get-channel-messages>
const PAGE: usize = 100;
const PAGES_MAX: usize = 10;
/// Servers of one page, at most.
/// <https://docs.discord.com/developers/resources/user#get-current-user-guilds>
const GUILD_PAGE: usize = 200;

/// Discord's codes for what is not there or not allowed, and for a thread that is there already.
/// <https://docs.discord.com/developers/topics/opcodes-and-status-codes#json>
const UNKNOWN_CHANNEL: u64 = 10_003;
const UNKNOWN_MEMBER: u64 = 10_007;
const UNKNOWN_MESSAGE: u64 = 10_008;
const MISSING_ACCESS: u64 = 50_001;
const MISSING_PERMISSIONS: u64 = 50_013;
const HAS_THREAD: u64 = 160_004;

/// Who the bot is, once that was asked.
#[derive(Debug, Default)]
pub(super) struct Me(OnceCell<u64>);

#[async_trait]
impl Chat for Edge {
    type Origin = Asked;

    /// By the date of its newest reply, which is to the second.
    async fn clock(&self) -> Option<Timestamp> {
        self.rest.gateway_bot().await.ok()?;
        let (seconds, at) = self.rest.date()?;
        let passed = SignedDuration::try_from(at.elapsed()).ok()?;
        Timestamp::from_second(seconds)
            .ok()?
            .checked_add(passed)
            .ok()
    }

    async fn reply(&self, asked: &Asked, reply: Reply) -> anyhow::Result<()> {
        interact::reply(self, asked, reply).await
    }

    async fn post(&self, channel: u64, key: &str, message: &Message) -> Result<u64, PostError> {
        let body = render::post(message, Some(key));
        send(&self.rest, channel, &body, message).await
    }

    async fn edit(&self, channel: u64, posted: u64, message: &Message) -> Result<(), PostError> {
        let json = render::edit(message);
        let body = Body {
            json: &json,
            file: render::file(message),
        };
        let path = format!("/channels/{channel}/messages/{posted}");
        let edited = self.rest.ask(Method::PATCH, path, Some(body), by()).await;
        edited.map(drop).map_err(sent)
    }

    async fn find(&self, channel: u64, round: i64, since: Timestamp) -> Result<Trace, PostError> {
        let prefix = custom_id::answers_to(round);
        let me = me(self).await.map_err(asked)?;
        let mut after = age::number_at(since.saturating_sub(LOOK_BACK).unwrap_or(since));
        let last = age::number_at(since.saturating_add(LOOK_AHEAD).unwrap_or(since));
        for n_seen in 0..PAGES_MAX {
            let page = match page(&self.rest, channel, after).await {
                Ok(page) => page,
                Err(RestError::Refused { status: 403, .. }) => return Ok(Trace::Unknown),
                Err(error) => return Err(asked(error)),
            };
            let is_it =
                |found: &&Found| found.author.id.0 == me && holds(&found.components, &prefix);
            if let Some(found) = page.iter().find(is_it) {
                return Ok(Trace::Posted(found.id.0));
            }
            if page.is_empty() && n_seen == 0 {
                // Whom the history is hidden from is shown an empty one.
                let allowed = allowed(self, channel).await.map_err(asked)?;
                return Ok(match permissions::may_look_back(allowed) {
                    true => Trace::Absent,
                    false => Trace::Unknown,
                });
            }
            if page.len() < PAGE {
                return Ok(Trace::Absent);
            }
            let newest = page.iter().map(|found| found.id.0).max();
            after = newest.unwrap_or(after);
            if after > last {
                return Ok(Trace::Absent);
            }
        }
        Ok(Trace::Unknown)
    }

    async fn discuss(&self, channel: u64, posted: u64, name: &str) -> Result<(), PostError> {
        let body = render::thread(name);
        let path = format!("/channels/{channel}/messages/{posted}/threads");
        let body = Some((&body).into());
        match self.rest.ask(Method::POST, path, body, by()).await {
            Ok(_)
            | Err(RestError::Refused {
                code: HAS_THREAD, ..
            }) => Ok(()),
            Err(error) => Err(sent(error)),
        }
    }

    async fn tell(&self, member: u64, message: &Message) -> Result<(), PostError> {
        let body = json!({ "recipient_id": member.to_string() });
        let path = "/users/@me/channels".to_owned();
        let opened = self
            .rest
            .ask(Method::POST, path, Some((&body).into()), by());
        // A channel that was perhaps opened shows nobody anything.
        let Numbered {
            id: Number(channel),
        } = read(opened.await).map_err(asked)?;
        let body = render::post(message, None);
        send(&self.rest, channel, &body, message).await.map(drop)
    }

    async fn has_left(&self, guild: u64, member: u64) -> Result<bool, PostError> {
        let path = format!("/guilds/{guild}/members/{member}");
        match self.rest.ask(Method::GET, path, None, by()).await {
            Ok(_) => Ok(false),
            Err(RestError::Refused {
                status: 404,
                code: UNKNOWN_MEMBER,
                ..
            }) => Ok(true),
            Err(error) => Err(asked(error)),
        }
    }

    async fn guilds(&self, after: u64) -> Result<BTreeSet<u64>, PostError> {
        let path = format!("/users/@me/guilds?after={after}&limit={GUILD_PAGE}");
        let page: Vec<Numbered> = get(&self.rest, path).await.map_err(asked)?;
        behind(after, page).map_err(asked)
    }
}

/// The numbers on a page behind this one. Another page than that says nothing of where the list ends.
fn behind(after: u64, page: Vec<Numbered>) -> Result<BTreeSet<u64>, RestError> {
    let page: BTreeSet<u64> = page.into_iter().map(|numbered| numbered.id.0).collect();
    match page.first() {
        Some(first) if *first <= after => Err(RestError::Unreadable),
        _ => Ok(page),
    }
}

/// What the quiz lacks in a channel, asked until `by`. Nothing where that could not be found out.
pub(super) async fn lacks(edge: &Edge, channel: u64, by: Instant) -> Vec<Lack> {
    let found = tokio::time::timeout_at(by.into(), async {
        let place: Place = get(&edge.rest, format!("/channels/{channel}")).await?;
        let kind = place.channel.kind;
        let allowed = match permissions::lacks(kind, Permissions::all()).first() {
            Some(Lack::Channel) => Permissions::all(),
            _ => allowed_in(edge, place).await?,
        };
        Ok(permissions::lacks(kind, allowed))
    });
    match found.await {
        Ok(Ok(lacks)) => lacks,
        Ok(Err(RestError::Refused { status: 404, .. })) => vec![Lack::Channel],
        Ok(Err(RestError::Refused {
            code: MISSING_ACCESS,
            ..
        })) => vec![Lack::See],
        Ok(Err(error)) => {
            let error = &error as &dyn std::error::Error;
            tracing::warn!(
                error,
                "what the bot may do in a channel could not be found out"
            );
            Vec::new()
        }
        Err(_) => Vec::new(),
    }
}

/// A channel, with the server that it belongs to.
#[derive(Deserialize)]
struct Place {
    #[serde(default)]
    guild_id: Option<String>,
    #[serde(flatten)]
    channel: Channel,
}

async fn allowed(edge: &Edge, channel: u64) -> Result<Permissions, RestError> {
    let place = get(&edge.rest, format!("/channels/{channel}")).await?;
    allowed_in(edge, place).await
}

/// What the bot may do in this channel.
async fn allowed_in(edge: &Edge, mut place: Place) -> Result<Permissions, RestError> {
    let guild = place.guild_id.as_deref();
    let Some(guild) = guild.and_then(|guild| guild.parse::<u64>().ok()) else {
        // Nothing is overwritten where two write to each other.
        return Ok(Permissions::all());
    };
    if let Some(parent) = place.channel.parent_id.as_deref()
        && permissions::is_thread(place.channel.kind)
    {
        place = get(&edge.rest, format!("/channels/{parent}")).await?;
    }
    let me = me(edge).await?;
    let (roles, of_me): (Vec<Role>, Roles) = tokio::try_join!(
        get(&edge.rest, format!("/guilds/{guild}/roles")),
        get(&edge.rest, format!("/guilds/{guild}/members/{me}")),
    )?;
    Ok(permissions::allowed(
        guild,
        me,
        &of_me,
        &roles,
        &place.channel,
    ))
}

/// The bot's own number. An old application's is not the bot's.
async fn me(edge: &Edge) -> Result<u64, RestError> {
    let asked = edge.me.0.get_or_try_init(|| async {
        let me: Numbered = get(&edge.rest, "/users/@me".to_owned()).await?;
        Ok(me.id.0)
    });
    asked.await.copied()
}

/// A message in a channel's history, as far as it matters here.
#[derive(Deserialize)]
struct Found {
    id: Number,
    author: Numbered,
    #[serde(default)]
    components: Value,
}

/// The messages of a channel that follow this number.
async fn page(rest: &Rest, channel: u64, after: u64) -> Result<Vec<Found>, RestError> {
    let path = format!("/channels/{channel}/messages?after={after}&limit={PAGE}");
    get(rest, path).await
}

/// Whether a component, at any depth, has an id that begins like this.
fn holds(components: &Value, prefix: &str) -> bool {
    let mut components = components.as_array().into_iter().flatten();
    components.any(|component| {
        let id = component["custom_id"].as_str();
        id.is_some_and(|id| id.starts_with(prefix)) || holds(&component["components"], prefix)
    })
}

async fn send(
    rest: &Rest,
    channel: u64,
    json: &Value,
    message: &Message,
) -> Result<u64, PostError> {
    let body = Body {
        json,
        file: render::file(message),
    };
    let path = format!("/channels/{channel}/messages");
    let answer = rest.ask(Method::POST, path, Some(body), by()).await;
    let Numbered { id: Number(posted) } = read(answer).map_err(sent)?;
    Ok(posted)
}

async fn get<T: DeserializeOwned>(rest: &Rest, path: String) -> Result<T, RestError> {
    read(rest.ask(Method::GET, path, None, by()).await)
}

fn read<T: DeserializeOwned>(answer: Result<Value, RestError>) -> Result<T, RestError> {
    serde_json::from_value(answer?).map_err(|_| RestError::Unreadable)
}

fn by() -> Instant {
    Instant::now() + SEND_BY
}

/// What became of something that shows in the chat.
fn sent(error: RestError) -> PostError {
    match error {
        RestError::Unreadable => PostError::Unsure(error.into()),
        RestError::Unreachable(ref why) if !why.is_connect() => PostError::Unsure(error.into()),
        RestError::Refused { status: 500.., .. } => PostError::Unsure(error.into()),
        error => asked(error),
    }
}

/// What became of a question, which may be asked again as often as one likes.
fn asked(error: RestError) -> PostError {
    let RestError::Refused { status, code, .. } = error else {
        return PostError::NotNow(error.into());
    };
    PostError::Refused(match (code, status) {
        (UNKNOWN_MESSAGE, _) => Refusal::NoMessage,
        (UNKNOWN_CHANNEL, _) => Refusal::NoChannel,
        (MISSING_ACCESS | MISSING_PERMISSIONS, _) => Refusal::NoPermission,
        // A token that Discord refuses ends the process; with another one it goes on.
        (_, 401 | 408 | 429 | 500..) => return PostError::NotNow(error.into()),
        (_, 403) => Refusal::NoPermission,
        (_, 404) => Refusal::NoChannel,
        _ => Refusal::Invalid,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(status: u16, code: u64) -> RestError {
        RestError::Refused {
            status,
            code,
            message: String::new(),
        }
    }

    #[test]
    fn what_became_of_a_post_follows_from_what_discord_said() {
        for (status, code, expect) in [
            (400, 50_035, "the chat found fault with what was sent"),
            (413, 0, "the chat found fault with what was sent"),
            (403, 50_001, "a permission is missing"),
            (403, 50_013, "a permission is missing"),
            (403, 50_007, "a permission is missing"),
            (404, 10_003, "the channel is gone"),
            (404, 0, "the channel is gone"),
            (404, 10_008, "the message is gone"),
            (400, 10_008, "the message is gone"),
        ] {
            let error = sent(refused(status, code)).to_string();
            assert_eq!(error, format!("the chat refused it: {expect}"));
        }
        for status in [401, 429] {
            let error = sent(refused(status, 0));
            assert!(matches!(error, PostError::NotNow(_)), "{status}");
        }
        let too_late = sent(RestError::TooLate);
        assert!(matches!(too_late, PostError::NotNow(_)));
        for error in [refused(500, 0), refused(502, 0), RestError::Unreadable] {
            assert!(matches!(sent(error), PostError::Unsure(_)));
        }
        for error in [refused(500, 0), RestError::Unreadable] {
            assert!(matches!(asked(error), PostError::NotNow(_)));
        }
    }

    #[test]
    fn a_page_that_was_not_asked_for_is_no_end() {
        let page = |ids: &[u64]| {
            let numbered = |id: &u64| Numbered { id: Number(*id) };
            ids.iter().map(numbered).collect()
        };
        let behind = |after, ids| behind(after, page(ids)).ok();
        assert_eq!(behind(5, &[7, 6]), Some(BTreeSet::from([6, 7])));
        assert_eq!(behind(5, &[]), Some(BTreeSet::new()));
        assert_eq!(behind(5, &[6, 5]), None);
    }

    #[test]
    fn the_components_of_a_round_are_found_at_any_depth() {
        let rows = json!([{ "type": 1, "components": [{ "custom_id": "sh1:a:17:1" }] }]);
        assert!(holds(&rows, "sh1:a:17:"));
        assert!(!holds(&rows, "sh1:a:1:"));
        assert!(!holds(&json!(null), "sh1:a:17:"));
    }
}
