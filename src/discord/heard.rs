//! What Discord tells of an interaction, as what was heard: read leniently, judged strictly.

use super::interaction::{
    AUTOCOMPLETE, BUTTON, COMMAND, COMPONENT, Head, Interaction, STRING_SELECT,
};
use super::number::Number;
use super::render::EPHEMERAL;
use super::{commands, custom_id};
use crate::chat::{Member, Place, Request};

/// Characters of an interaction's token, at most.
const TOKEN_MAX: usize = 1_000;

/// What every interaction has.
pub(super) struct Envelope {
    pub(super) id: u64,
    pub(super) application: u64,
    pub(super) kind: u64,
    /// The right to answer for fifteen minutes: never printed.
    pub(super) token: String,
}

impl Envelope {
    fn of(head: Head) -> Option<Self> {
        let token = head.token;
        let is_token = (1..=TOKEN_MAX).contains(&token.len())
            && token.bytes().all(|byte| {
                byte.is_ascii_alphanumeric()
                    || matches!(byte, b'-' | b'_' | b'.' | b'~' | b'=' | b':')
            })
            && token.bytes().any(|byte| byte != b'.');
        Some(Self {
            id: head.id.0,
            application: head.application_id.0,
            kind: head.kind,
            token: is_token.then_some(token)?,
        })
    }
}

/// What an interaction turned out to be.
pub(super) enum Read {
    Request(Box<(Member, Place, Request)>),
    /// It is well formed, and not of ours.
    Unknown,
    /// It is not of the form that is documented. Why, without any of its content.
    Unreadable(String),
}

/// Reads an interaction, given as its JSON; none where nobody could answer it.
pub(super) fn read(json: &str) -> Option<(Envelope, Read)> {
    let (head, read) = match serde_json::from_str::<Interaction>(json) {
        Ok(interaction) => {
            let read = meant(&interaction);
            (interaction.into_head(), read)
        }
        Err(error) => (
            serde_json::from_str(json).ok()?,
            Read::Unreadable(named(&error)),
        ),
    };
    Some((Envelope::of(head)?, read))
}

fn meant(interaction: &Interaction) -> Read {
    let request = match interaction.kind {
        COMMAND => commands::request(interaction),
        AUTOCOMPLETE => commands::suggest(interaction).map(Request::Suggest),
        COMPONENT => press(interaction),
        _ => None,
    };
    let Some(request) = request else {
        return Read::Unknown;
    };
    match (who(interaction), interaction.channel_id) {
        (Some(member), Some(Number(channel))) => {
            let guild = interaction.guild_id.map(|Number(guild)| guild);
            Read::Request(Box::new((member, Place { guild, channel }, request)))
        }
        (None, _) => Read::Unreadable("missing field user".to_owned()),
        (_, None) => Read::Unreadable("missing field channel_id".to_owned()),
    }
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

fn press(interaction: &Interaction) -> Option<Request> {
    let data = &interaction.data;
    let press = custom_id::decode(&data.custom_id)?;
    let press = match data.component_type {
        BUTTON => press,
        STRING_SELECT => custom_id::chosen(press, &data.values)?,
        _ => return None,
    };
    let flags = interaction.message.as_ref()?.flags.unwrap_or_default();
    Some(Request::Press {
        press,
        on_private: flags & EPHEMERAL != 0,
    })
}

fn who(interaction: &Interaction) -> Option<Member> {
    let member = interaction.member.as_ref();
    let user = member.and_then(|member| member.user.as_ref());
    Some(user.or(interaction.user.as_ref())?.known(member))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn ask() -> Value {
        json!({
            "id": "1", "application_id": "2", "type": 2, "token": "t", "channel_id": "3",
            "guild_id": "4", "member": { "nick": null, "permissions": "32", "user": {
                "id": "5", "username": "ada", "global_name": "Ada",
            } },
            "data": { "name": "ask", "type": 1, "options": [
                { "name": "question", "type": 3, "value": "what is S3?" },
            ] },
        })
    }

    fn changed(path: &str, value: Value) -> Option<(Envelope, Read)> {
        let mut ask = ask();
        let (above, name) = path.rsplit_once('/').unwrap();
        ask.pointer_mut(above).unwrap()[name] = value;
        read(&ask.to_string())
    }

    #[test]
    fn what_discord_adds_one_day_keeps_nobody_from_asking() {
        let question = ask()["data"]["options"][0].clone();
        let tone = json!({ "name": "tone", "type": 99, "value": { "warm": 1 } });
        for (path, value) in [
            ("/version", json!(2)),
            ("/channel", json!({ "type": 77, "id": "3" })),
            ("/data/options", json!([tone, question])),
            ("/app_permissions", json!(u64::MAX.to_string())),
            ("/member/permissions", json!(u64::MAX.to_string())),
            ("/context", json!("somewhere")),
        ] {
            let Some((_, Read::Request(read))) = changed(path, value) else {
                panic!("{path} is in the way")
            };
            let (member, place, request) = *read;
            assert_eq!((member.name.as_str(), place.guild), ("Ada", Some(4)));
            assert!(member.is_organiser, "{path}");
            let question = "what is S3?".to_owned();
            let expect = Request::Ask {
                question,
                topic: None,
                private: false,
            };
            assert_eq!(request, expect);
        }
    }

    #[test]
    fn what_is_malformed_can_be_answered_and_is_named_without_its_text() {
        for (path, value, expect) in [
            ("/data/options", json!("canary"), "data error"),
            ("/member/user/id", json!("canary"), "data error"),
            ("/guild_id", json!(["canary"]), "data error"),
            ("/channel_id", Value::Null, "missing field channel_id"),
            ("/member", Value::Null, "missing field user"),
            (
                "/data/options",
                json!([{ "canary": 1 }]),
                "missing field name",
            ),
        ] {
            let Some((envelope, Read::Unreadable(why))) = changed(path, value) else {
                panic!("{path} is read")
            };
            assert_eq!((envelope.id, envelope.kind), (1, 2));
            assert_eq!(why, expect, "{path}");
        }
    }

    #[test]
    fn what_nobody_can_answer_is_none() {
        for (path, value) in [
            ("/id", json!("one")),
            ("/id", json!(1)),
            ("/application_id", Value::Null),
            ("/type", json!("2")),
            ("/token", json!("")),
            ("/token", json!("../../canary")),
            ("/token", json!("..")),
            ("/token", json!("t".repeat(TOKEN_MAX + 1))),
        ] {
            assert!(changed(path, value.clone()).is_none(), "{path} {value}");
        }
        assert!(read("").is_none() && read("[]").is_none());
    }
}
