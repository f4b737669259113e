//! What Discord tells of an interaction, as what was heard: read leniently, judged strictly.

use serde::Deserialize;
use serde_json::Value;
use serenity::model::application::{
    CommandInteraction, ComponentInteraction, ComponentInteractionDataKind, Interaction,
};
use serenity::model::channel::MessageFlags;
use serenity::model::guild::Member as GuildMember;
use serenity::model::user::User;

use super::{commands, custom_id, permissions};
use crate::chat::{Member, Place, Request};

/// Characters of an interaction's token, at most.
const TOKEN_MAX: usize = 1_000;
/// Discord's number for a press on a button.
pub(super) const COMPONENT: u64 = 3;
/// Discord's number for a half-typed option.
pub(super) const AUTOCOMPLETE: u64 = 4;

/// What every interaction has, readable even where the rest is not.
pub(super) struct Envelope {
    pub(super) id: u64,
    pub(super) application: u64,
    pub(super) kind: u64,
    /// The right to answer for fifteen minutes: never printed.
    pub(super) token: String,
}

#[derive(Deserialize)]
struct RawEnvelope {
    id: String,
    application_id: String,
    #[serde(rename = "type")]
    kind: u64,
    token: String,
}

/// What every interaction has, of one that is given as its JSON.
pub(super) fn envelope(json: &str) -> Option<Envelope> {
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
pub(super) enum Read {
    Request(Box<(Member, Place, Request)>),
    /// It is well formed, and not of ours.
    Unknown,
    /// It is not of the form that is documented. Why, without any of its content.
    Unreadable(String),
}

/// What an interaction says, given as its JSON.
pub(super) fn read(json: &str) -> Read {
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
