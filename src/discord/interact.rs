//! From an interaction to its answer: within three seconds, once, whatever came.
//!
//! <https://docs.discord.com/developers/interactions/receiving-and-responding>

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;
use serenity::model::application::{
    CommandInteraction, ComponentInteraction, ComponentInteractionDataKind, Interaction,
};
use serenity::model::channel::MessageFlags;
use serenity::model::guild::Member as GuildMember;
use serenity::model::user::User;
use tracing::{debug, error, warn};

use super::rest::{Body, RestError};
use super::{Edge, commands, custom_id, hands, permissions, render};
use crate::chat::command::{Quiz, Setup};
use crate::chat::{Audience, Chat, Heard, Member, Message, Place, Press, Reply, Request};
use crate::wording;

/// From the arrival to the last moment in which a first answer is worth sending.
const ANSWER_BY: Duration = Duration::from_millis(2_900);
/// How old an interaction may be, by Discord's clock or on our desk, to be answered.
const AGE_MAX: Duration = Duration::from_millis(2_500);
/// How long a story may take once the person has been told to wait.
const STORY_MAX: Duration = Duration::from_secs(120);
/// How long it may take to find out what the bot may do in another channel.
const LACKS_MAX: Duration = Duration::from_secs(5);
/// Characters of an interaction's token, at most.
const TOKEN_MAX: usize = 1_000;

/// What happened to interactions since the start.
#[derive(Debug, Default)]
pub(super) struct Counts {
    /// They came.
    pub(super) heard: AtomicU64,
    /// Their first answer took longer.
    pub(super) deferred: AtomicU64,
    /// They came twice.
    pub(super) repeated: AtomicU64,
    /// They came too late to be answered.
    pub(super) late: AtomicU64,
    /// They could not be read.
    pub(super) unreadable: AtomicU64,
    /// Discord no longer knew them (10062).
    pub(super) gone: AtomicU64,
    /// They had an answer already (40060): another process of the same bot was faster.
    pub(super) elsewhere: AtomicU64,
    /// Their answer could not be delivered.
    pub(super) failed: AtomicU64,
    /// There were too many at once.
    pub(super) refused: AtomicU64,
}

/// One more.
pub(super) fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

/// When something reached us, by the steady clock and by the one on the wall.
#[derive(Clone, Copy, Debug)]
pub(super) struct Arrival {
    pub(super) at: Instant,
    pub(super) clock: Timestamp,
}

/// What every interaction has, readable even where the rest is not.
struct Envelope {
    id: u64,
    application: u64,
    kind: u64,
    /// The right to answer for fifteen minutes: never printed.
    token: String,
}

/// Where the answer goes if it takes longer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Deferral {
    /// Into a new message.
    Say(Audience),
    /// Into the message whose button was pressed.
    Replace,
}

/// Answers an interaction, given as its JSON.
pub(super) async fn take(edge: Arc<Edge>, json: String, arrival: Arrival) {
    count(&edge.counts.heard);
    let Some(envelope) = envelope(&json) else {
        count(&edge.counts.unreadable);
        error!("an interaction without number, kind or token was dropped");
        return;
    };
    if !edge.is_first(envelope.id) {
        count(&edge.counts.repeated);
        debug!(interaction.id = envelope.id, "an interaction came again");
        return;
    }
    let age = edge.age(envelope.id, arrival.at);
    let is_late = age > AGE_MAX || arrival.at.elapsed() > AGE_MAX;
    let read = read(&json);
    drop(json);
    match read {
        _ if is_late && envelope.kind == AUTOCOMPLETE => count(&edge.counts.late),
        Read::Request(read) => {
            let (member, place, request) = *read;
            let heard = Heard {
                event: envelope.id,
                member,
                place,
                at: arrival.clock,
                request,
            };
            if is_late {
                let age_ms = age.max(arrival.at.elapsed()).as_millis();
                count(&edge.counts.late);
                warn!(
                    interaction.id = envelope.id,
                    age_ms, "an interaction came too late"
                );
                // Done all the same; only nobody can be told.
                drop(told(&edge, heard).await);
            } else {
                answer(&edge, envelope, heard, arrival.at).await;
            }
        }
        _ if is_late => count(&edge.counts.late),
        Read::Unknown => apologise(&edge, &envelope, arrival.at).await,
        Read::Unreadable(why) => {
            count(&edge.counts.unreadable);
            error!(
                interaction.id = envelope.id,
                interaction.kind = envelope.kind,
                reason = why,
                "an interaction could not be read"
            );
            apologise(&edge, &envelope, arrival.at).await;
        }
    }
}

/// Discord's number for a half-typed option.
const AUTOCOMPLETE: u64 = 4;

#[derive(Deserialize)]
struct RawEnvelope {
    id: String,
    application_id: String,
    #[serde(rename = "type")]
    kind: u64,
    token: String,
}

fn envelope(json: &str) -> Option<Envelope> {
    let raw: RawEnvelope = serde_json::from_str(json).ok()?;
    let is_token = raw.token.len() <= TOKEN_MAX
        && !raw.token.is_empty()
        && raw.token.bytes().all(|byte| {
            byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~' | b'=' | b':')
        })
        && raw.token.bytes().any(|byte| byte != b'.');
    Some(Envelope {
        id: raw.id.parse().ok()?,
        application: raw.application_id.parse().ok()?,
        kind: raw.kind,
        token: is_token.then_some(raw.token)?,
    })
}

/// What an interaction turned out to be.
enum Read {
    Request(Box<(Member, Place, Request)>),
    /// It is well formed, and not of ours.
    Unknown,
    /// It is not of the form that is documented. Why, without any of its content.
    Unreadable(String),
}

fn read(json: &str) -> Read {
    let interaction: Interaction = match serde_json::from_str(json).or_else(|e| completed(json, e))
    {
        Ok(interaction) => interaction,
        Err(e) => return Read::Unreadable(named(&e)),
    };
    let read = match &interaction {
        Interaction::Command(command) => {
            commands::request(command).map(|request| (of_command(command), request))
        }
        Interaction::Autocomplete(command) => commands::suggest(command)
            .map(|suggest| (of_command(command), Request::Suggest(suggest))),
        Interaction::Component(component) => {
            press(component).map(|request| (of_component(component), request))
        }
        _ => None,
    };
    match read {
        Some(((member, place), request)) => Read::Request(Box::new((member, place, request))),
        None => Read::Unknown,
    }
}

/// A second reading of an interaction that lacks what only serenity's model needs.
fn completed(json: &str, error: serde_json::Error) -> Result<Interaction, serde_json::Error> {
    let mut value: Value = serde_json::from_str(json)?;
    let Some(members) = value.as_object_mut() else {
        return Err(error);
    };
    for (key, default) in [
        ("version", Value::from(1)),
        ("locale", Value::from("en-US")),
        ("entitlements", Value::Array(Vec::new())),
        ("attachment_size_limit", Value::from(0)),
    ] {
        members.entry(key).or_insert(default);
    }
    serde_json::from_value(value)
}

/// What is wrong, without quoting the text that is wrong.
fn named(error: &serde_json::Error) -> String {
    let text = error.to_string();
    match text.strip_prefix("missing field `") {
        Some(rest) => format!(
            "missing field {}",
            rest.split('`').next().unwrap_or_default()
        ),
        None => format!("{:?} error", error.classify()).to_lowercase(),
    }
}

fn press(component: &ComponentInteraction) -> Option<Request> {
    let press = custom_id::decode(&component.data.custom_id)?;
    let press = match &component.data.kind {
        ComponentInteractionDataKind::Button => press,
        ComponentInteractionDataKind::StringSelect { values } => custom_id::chosen(press, values)?,
        _ => return None,
    };
    let flags = component.message.flags.unwrap_or_default();
    Some(Request::Press {
        press,
        on_private: flags.contains(MessageFlags::EPHEMERAL),
    })
}

fn of_command(command: &CommandInteraction) -> (Member, Place) {
    let place = Place {
        guild: command.guild_id.map(|guild| guild.get()),
        channel: command.channel_id.get(),
    };
    (member(&command.user, command.member.as_deref()), place)
}

fn of_component(component: &ComponentInteraction) -> (Member, Place) {
    let place = Place {
        guild: component.guild_id.map(|guild| guild.get()),
        channel: component.channel_id.get(),
    };
    (member(&component.user, component.member.as_ref()), place)
}

fn member(user: &User, member: Option<&GuildMember>) -> Member {
    let nick = member.and_then(|member| member.nick.as_deref());
    let name = nick.or(user.global_name.as_deref()).unwrap_or(&user.name);
    Member {
        id: user.id.get(),
        name: name.to_owned(),
        is_organiser: member
            .and_then(|member| member.permissions)
            .is_some_and(permissions::is_organiser),
    }
}

/// An interaction that waits for its answer.
pub struct Asked {
    to: Envelope,
    arrived: Instant,
    /// Where the person was told to wait; nobody was told yet where there is none.
    deferral: Option<Deferral>,
}

/// Answers in the only form that is still open.
pub(super) async fn reply(edge: &Edge, asked: &Asked, reply: Reply) -> anyhow::Result<()> {
    let Asked {
        to,
        arrived,
        deferral,
    } = asked;
    if let Some(deferral) = deferral {
        return later(edge, to, *deferral, &reply).await;
    }
    let (json, file) = match (&reply, to.kind) {
        (Reply::Offer(suggestions), AUTOCOMPLETE) => (render::offer(suggestions), None),
        (_, AUTOCOMPLETE) => (render::offer(&[]), None),
        (Reply::Replace(message), COMPONENT) => (render::replace(message), render::file(message)),
        (Reply::Say(message) | Reply::Replace(message), _) => {
            (render::say(message), render::file(message))
        }
        (Reply::Offer(_), _) => (render::say(&fault(to)), None),
    };
    let body = Body { json: &json, file };
    first(edge, to, body, *arrived).await
}

/// What the bot answers, told what the surface alone can find out. Nothing where it failed.
async fn told(edge: &Edge, mut heard: Heard) -> Option<Reply> {
    if let Request::Setup(Setup {
        channel: Some(channel),
        lacks,
        ..
    }) = &mut heard.request
        && *channel != heard.place.channel
        && heard.member.is_organiser
    {
        *lacks = hands::lacks(edge, *channel, Instant::now() + LACKS_MAX).await;
    }
    edge.story(heard).await
}

/// Tells the story, and the person to wait where it takes longer.
async fn answer(edge: &Edge, to: Envelope, heard: Heard, arrived: Instant) {
    let deferral = deferral(&heard.request);
    let mut asked = Asked {
        to,
        arrived,
        deferral: None,
    };
    let story = tokio::time::timeout(STORY_MAX, told(edge, heard));
    tokio::pin!(story);
    let patience = match deferral {
        Some(_) => edge.patience.defer_after,
        None => AGE_MAX,
    };
    let in_time = tokio::time::timeout_at((arrived + patience).into(), &mut story).await;
    let reply = match (in_time, deferral) {
        (Ok(reply), _) => reply.ok().flatten(),
        (Err(_), None) => {
            // Suggestions cannot be given later.
            count(&edge.counts.late);
            Some(Reply::Offer(Vec::new()))
        }
        (Err(_), Some(deferral)) => {
            count(&edge.counts.deferred);
            let wait = match deferral {
                Deferral::Say(audience) => render::say_later(audience),
                Deferral::Replace => render::replace_later(),
            };
            let to = &asked.to;
            let by = arrived + ANSWER_BY;
            let told = edge.rest.respond(to.id, &to.token, (&wait).into(), by);
            let (told, reply) = tokio::join!(told, story);
            match told {
                // Where nobody knows whether the person was told, the answer may still find its place.
                Ok(()) | Err(RestError::Unreachable(_)) => asked.deferral = Some(deferral),
                Err(error) => return undelivered(edge, to, &error),
            }
            reply.ok().flatten()
        }
    };
    let reply = reply.unwrap_or_else(|| Reply::Say(fault(&asked.to)));
    if let Err(error) = edge.reply(&asked, reply).await {
        match error.downcast_ref() {
            Some(error) => undelivered(edge, &asked.to, error),
            None => error!(error = format!("{error:#}"), "an answer was not delivered"),
        }
    }
}

/// Discord's number for a press on a button.
const COMPONENT: u64 = 3;

/// Where the answer to this goes if it takes longer; nowhere, for suggestions.
fn deferral(request: &Request) -> Option<Deferral> {
    Some(match request {
        Request::Ask { private: true, .. } => Deferral::Say(Audience::Person),
        Request::Ask { .. } | Request::AnswerMessage { .. } => Deferral::Say(Audience::Channel),
        Request::Leaderboard { .. } | Request::Quiz(Quiz::Void { .. } | Quiz::Regrade { .. }) => {
            Deferral::Say(Audience::Channel)
        }
        Request::Note { .. }
        | Request::Topics
        | Request::Setup(_)
        | Request::Quiz(_)
        | Request::Config(_)
        | Request::Doctor { .. }
        | Request::Stats { .. }
        | Request::Privacy(_) => Deferral::Say(Audience::Person),
        Request::Suggest(_) => return None,
        Request::Press { press, on_private } => deferral_of_press(*press, *on_private),
    })
}

fn deferral_of_press(press: Press, on_private: bool) -> Deferral {
    match press {
        Press::Share { .. } => Deferral::Say(Audience::Channel),
        Press::Board { .. } => Deferral::Replace,
        Press::Helped { .. }
        | Press::DidNotHelp { .. }
        | Press::Answer { .. }
        | Press::Report { .. } => Deferral::Say(Audience::Person),
        Press::Open { .. }
        | Press::Next { .. }
        | Press::Previous { .. }
        | Press::Topics { .. }
        | Press::SaveSchedule { .. }
        | Press::DropSchedule { .. }
        | Press::Practice { .. }
        | Press::PracticeNext
        | Press::Review { .. }
        | Press::ReviewNext { .. }
        | Press::Forget => match on_private {
            true => Deferral::Replace,
            false => Deferral::Say(Audience::Person),
        },
    }
}

/// Gives the answer for which the person was told to wait.
async fn later(
    edge: &Edge,
    to: &Envelope,
    deferral: Deferral,
    reply: &Reply,
) -> anyhow::Result<()> {
    let place = (to.application, to.token.as_str());
    let apology = fault(to);
    let (message, is_new) = match reply {
        Reply::Say(message) => (message, true),
        Reply::Replace(message) => (message, false),
        Reply::Offer(_) => (&apology, true),
    };
    let file = render::file(message);
    let in_place = match deferral {
        Deferral::Replace => !is_new,
        // Who sees a message was decided when the person was told to wait.
        Deferral::Say(audience) => !is_new || audience == message.audience,
    };
    if in_place {
        let body = Body {
            json: &render::edit(message),
            file,
        };
        edge.rest.edit_original(place, to.id, body).await?;
    } else {
        if let Deferral::Say(_) = deferral
            && let Err(e) = edge.rest.delete_original(place, to.id).await
        {
            undelivered(edge, to, &e);
        }
        let body = Body {
            json: &render::new_message(message),
            file,
        };
        edge.rest.follow_up(place, to.id, body).await?;
    }
    Ok(())
}

/// Answers what could not be read, in the only form that its kind allows.
async fn apologise(edge: &Edge, to: &Envelope, arrived: Instant) {
    let body = match to.kind {
        AUTOCOMPLETE => render::offer(&[]),
        _ => render::say(&wording::unreadable()),
    };
    let by = arrived + ANSWER_BY;
    if let Err(error) = edge
        .rest
        .respond(to.id, &to.token, (&body).into(), by)
        .await
    {
        undelivered(edge, to, &error);
    }
}

/// Sends the first answer; where Discord refuses its body, a plain apology in its place.
async fn first(edge: &Edge, to: &Envelope, body: Body<'_>, arrived: Instant) -> anyhow::Result<()> {
    let by = arrived + ANSWER_BY;
    match edge.rest.respond(to.id, &to.token, body, by).await {
        Err(error) if error.is_invalid_body() && to.kind != AUTOCOMPLETE => {
            undelivered(edge, to, &error);
            let sorry = render::say(&fault(to));
            Ok(edge
                .rest
                .respond(to.id, &to.token, (&sorry).into(), by)
                .await?)
        }
        sent => Ok(sent?),
    }
}

/// Counts and logs, once, an answer that did not arrive. Nothing is tried again: the person may
/// have seen it. Nor is anything undone: what was heard twice was done once.
fn undelivered(edge: &Edge, to: &Envelope, error: &RestError) {
    let reference = reference(to.id);
    if error.is_already_answered() {
        count(&edge.counts.elsewhere);
        debug!(reference, "an interaction was answered by another process");
        return;
    }
    let is_gone = error.is_gone();
    let error = error as &dyn std::error::Error;
    if is_gone {
        count(&edge.counts.gone);
        warn!(
            reference,
            error, "an interaction was gone before its answer came"
        );
    } else {
        count(&edge.counts.failed);
        error!(reference, error, "an answer was not delivered");
    }
}

fn fault(to: &Envelope) -> Message {
    wording::fault(&reference(to.id))
}

/// A few characters by which a person's report and a line in the log find each other.
fn reference(interaction: u64) -> String {
    format!("{:06x}", (interaction ^ interaction >> 22) & 0xff_ffff)
}
