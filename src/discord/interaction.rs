//! An interaction as Discord tells it: the fields that the bot reads, and no others, so that it
//! understands also what has grown since.
//! <https://docs.discord.com/developers/interactions/receiving-and-responding#interaction-object>

use std::collections::HashMap;

use serde::Deserialize;
use serde_json::Value;
use serenity::model::Permissions;
use serenity::model::channel::ChannelType;

use super::number::Number;
use super::permissions;
use crate::chat;

/// Kinds of interactions.
pub(super) const PING: u64 = 1;
pub(super) const COMMAND: u64 = 2;
pub(super) const COMPONENT: u64 = 3;
pub(super) const AUTOCOMPLETE: u64 = 4;

/// Kinds of commands: typed, and picked from a message's menu.
/// <https://docs.discord.com/developers/interactions/application-commands#application-command-object-application-command-types>
pub(super) const TYPED: u64 = 1;
pub(super) const ON_MESSAGE: u64 = 3;

/// Kinds of components.
pub(super) const BUTTON: u64 = 2;
pub(super) const STRING_SELECT: u64 = 3;

/// Kinds of options.
/// <https://docs.discord.com/developers/interactions/application-commands#application-command-object-application-command-option-type>
const SUB_COMMAND: u64 = 1;
const STRING: u64 = 3;
const INTEGER: u64 = 4;
const BOOLEAN: u64 = 5;
const USER: u64 = 6;
const CHANNEL: u64 = 7;
const ROLE: u64 = 8;

/// What every interaction has, readable even where the rest is not.
#[derive(Deserialize)]
pub(super) struct Head {
    pub(super) id: Number,
    pub(super) application_id: Number,
    #[serde(rename = "type")]
    pub(super) kind: u64,
    pub(super) token: String,
}

/// An interaction of any kind. What another kind would have is missing, or empty.
#[derive(Deserialize)]
pub(super) struct Interaction {
    pub(super) id: Number,
    pub(super) application_id: Number,
    #[serde(rename = "type")]
    pub(super) kind: u64,
    /// The right to answer for fifteen minutes: never printed.
    pub(super) token: String,
    pub(super) guild_id: Option<Number>,
    pub(super) channel_id: Option<Number>,
    pub(super) channel: Option<Channel>,
    /// Who did it, in a server.
    pub(super) member: Option<Member>,
    /// Who did it, in a direct message.
    pub(super) user: Option<User>,
    /// What the bot may do there.
    pub(super) app_permissions: Option<Permissions>,
    #[serde(default)]
    pub(super) data: Data,
    /// The message that carries the component.
    pub(super) message: Option<Message>,
}

impl Interaction {
    pub(super) fn into_head(self) -> Head {
        Head {
            id: self.id,
            application_id: self.application_id,
            kind: self.kind,
            token: self.token,
        }
    }
}

/// Where it happened.
#[derive(Deserialize)]
pub(super) struct Channel {
    #[serde(rename = "type")]
    pub(super) kind: ChannelType,
}

/// A member of a server.
#[derive(Deserialize)]
pub(super) struct Member {
    /// Missing where the user stands beside it.
    pub(super) user: Option<User>,
    pub(super) nick: Option<String>,
    /// What the member may do there.
    pub(super) permissions: Option<Permissions>,
}

#[derive(Deserialize)]
pub(super) struct User {
    pub(super) id: Number,
    pub(super) username: String,
    pub(super) global_name: Option<String>,
}

impl User {
    /// This person, by the name that the others see.
    pub(super) fn known(&self, member: Option<&Member>) -> chat::Member {
        let nick = member.and_then(|member| member.nick.as_ref());
        let name = nick.or(self.global_name.as_ref());
        chat::Member {
            id: self.id.0,
            name: name.unwrap_or(&self.username).clone(),
            is_organiser: member
                .and_then(|member| member.permissions)
                .is_some_and(permissions::is_organiser),
        }
    }
}

/// What was asked, or pressed.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Data {
    /// Of a command: its name, its kind, and what was given with it.
    pub(super) name: String,
    #[serde(rename = "type")]
    pub(super) kind: u64,
    pub(super) options: Vec<CommandOption>,
    /// The message on which it was picked.
    pub(super) target_id: Option<Number>,
    /// What its numbers stand for.
    pub(super) resolved: Resolved,
    /// Of a component: what it carries, its kind, and what was chosen on it.
    pub(super) custom_id: String,
    pub(super) component_type: u64,
    pub(super) values: Vec<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Resolved {
    pub(super) users: HashMap<Number, User>,
    pub(super) members: HashMap<Number, Member>,
    pub(super) messages: HashMap<Number, Message>,
}

/// A message, whole or in part.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Message {
    pub(super) content: String,
    pub(super) embeds: Vec<Embed>,
    pub(super) flags: Option<u64>,
}

#[derive(Deserialize)]
pub(super) struct Embed {
    pub(super) title: Option<String>,
    pub(super) description: Option<String>,
}

/// What was given for one of a command's options.
#[derive(Deserialize)]
pub(super) struct CommandOption {
    pub(super) name: String,
    #[serde(rename = "type")]
    kind: u64,
    #[serde(default)]
    value: Value,
    #[serde(default)]
    options: Vec<CommandOption>,
    #[serde(default)]
    focused: bool,
}

impl CommandOption {
    /// The options of a subcommand.
    pub(super) fn inner(&self) -> Option<&[Self]> {
        (self.kind == SUB_COMMAND).then_some(&self.options)
    }

    /// What has been typed so far, where the person is still typing.
    pub(super) fn typed(&self) -> Option<&str> {
        self.value.as_str().filter(|_| self.focused)
    }

    pub(super) fn text(&self) -> Option<&str> {
        self.of_kind(STRING)?.as_str()
    }

    pub(super) fn number(&self) -> Option<i64> {
        self.of_kind(INTEGER)?.as_i64()
    }

    pub(super) fn switch(&self) -> Option<bool> {
        self.of_kind(BOOLEAN)?.as_bool()
    }

    pub(super) fn user(&self) -> Option<Number> {
        self.of_kind(USER).and_then(named)
    }

    pub(super) fn channel(&self) -> Option<Number> {
        self.of_kind(CHANNEL).and_then(named)
    }

    pub(super) fn role(&self) -> Option<Number> {
        self.of_kind(ROLE).and_then(named)
    }

    /// The value, if it is whole and of this kind.
    fn of_kind(&self, kind: u64) -> Option<&Value> {
        (self.kind == kind && !self.focused).then_some(&self.value)
    }
}

fn named(value: &Value) -> Option<Number> {
    Number::deserialize(value).ok()
}
