//! What Discord refuses in a body, and what the house does.
//!
//! Shapes and limits are judged by twilight's models and validators, which share no code with the
//! bot; the rest are documented rules that they leave out.

use std::collections::BTreeSet;

use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use twilight_model::application::command::{Command, CommandOptionChoice};
use twilight_model::channel::message::{AllowedMentions, Component, Embed};
use twilight_model::http::interaction::InteractionResponse;
use twilight_validate::{command, component, message};

use super::refusal::Flaw;

pub(crate) const EPHEMERAL: u64 = 1 << 6;
const COMPONENTS_V2: u64 = 1 << 15;
/// SUPPRESS_EMBEDS, SUPPRESS_NOTIFICATIONS, IS_VOICE_MESSAGE, IS_COMPONENTS_V2.
const MESSAGE_FLAGS: u64 = 1 << 2 | 1 << 12 | 1 << 13 | COMPONENTS_V2;
const NONCE_MAX: usize = 25;
const MODAL_TITLE_MAX: usize = 45;
const CUSTOM_ID_MAX: usize = 100;
const CHOICES_MAX: usize = 25;
const URL_MAX: usize = 2048;
const ALT_MAX: usize = 1024;

/// The flaws of a message's body, of a new message as of an edit.
pub(crate) fn message(body: &Value, at: &str, ephemeral_allowed: bool) -> Vec<Flaw> {
    let mut flaws = Vec::new();
    let flags = body["flags"].as_u64().unwrap_or_default();
    let allowed = if ephemeral_allowed {
        MESSAGE_FLAGS | EPHEMERAL
    } else {
        MESSAGE_FLAGS
    };
    if flags & !allowed != 0 {
        flaws.push(Flaw::new(
            format!("{at}flags"),
            format!("flags {flags} cannot be set here"),
        ));
    }
    if let Some(content) = typed::<String>(body, "content", at, &mut flaws) {
        let verdict = message::content(content);
        flaws.extend(
            verdict
                .err()
                .map(|e| Flaw::new(format!("{at}content"), e.to_string())),
        );
    }
    embeds(body, at, &mut flaws);
    let is_v2 = flags & COMPONENTS_V2 != 0;
    if is_v2
        && ["content", "embeds", "poll"]
            .iter()
            .any(|key| present(&body[*key]))
    {
        flaws.push(Flaw::new(
            at,
            "content, embeds and poll exclude IS_COMPONENTS_V2",
        ));
    }
    if let Some(parsed) = typed::<Vec<Component>>(body, "components", at, &mut flaws) {
        let verdict = message::components(&parsed, is_v2);
        flaws.extend(
            verdict
                .err()
                .map(|e| Flaw::new(format!("{at}components"), e.to_string())),
        );
        components(
            &body["components"],
            &format!("{at}components"),
            is_v2,
            &mut flaws,
        );
    }
    if let Some(mentions) = typed::<AllowedMentions>(body, "allowed_mentions", at, &mut flaws) {
        let parse = serde_json::to_value(&mentions.parse).unwrap_or_default();
        for (kind, named) in [
            ("users", mentions.users.len()),
            ("roles", mentions.roles.len()),
        ] {
            let parsed = parse
                .as_array()
                .is_some_and(|list| list.contains(&json!(kind)));
            if (parsed && named > 0) || named > 100 {
                let at = format!("{at}allowed_mentions.{kind}");
                flaws.push(Flaw::new(at, "excluded by parse, or more than 100"));
            }
        }
    }
    let nonce_fits = match &body["nonce"] {
        Value::Null => body["enforce_nonce"] != json!(true),
        Value::String(nonce) => nonce.chars().count() <= NONCE_MAX,
        other => other.is_i64(),
    };
    if !nonce_fits {
        flaws.push(Flaw::new(
            format!("{at}nonce"),
            "an integer or at most 25 characters",
        ));
    }
    flaws
}

/// The flaws of what a body says of the files beside it.
pub(crate) fn files(body: &Value, at: &str, n_files: usize) -> Vec<Flaw> {
    let mut flaws = Vec::new();
    let attachments = body["attachments"].as_array();
    let attachments: Vec<&Value> = attachments.into_iter().flatten().collect();
    let mut names = BTreeSet::new();
    for (n, attachment) in attachments.iter().enumerate() {
        let id = attachment["id"].as_u64();
        if id.is_none_or(|id| id >= n_files as u64) {
            let at = format!("{at}attachments.{n}.id");
            flaws.push(Flaw::new(at, "there is no such file"));
        }
        names.extend(attachment["filename"].as_str());
        let alt = attachment["description"].as_str().unwrap_or_default();
        if alt.chars().count() > ALT_MAX {
            let at = format!("{at}attachments.{n}.description");
            flaws.push(Flaw::new(at, "Must be 1024 or fewer in length."));
        }
    }
    for embed in body["embeds"].as_array().into_iter().flatten() {
        let url = embed["image"]["url"].as_str().unwrap_or_default();
        if let Some(name) = url.strip_prefix("attachment://")
            && !names.contains(name)
        {
            flaws.push(Flaw::new(format!("{at}embeds"), "an image that is no file"));
        }
    }
    flaws
}

/// Whether nothing of this message would show.
pub(crate) fn is_empty(message: &Value) -> bool {
    let text = message["content"].as_str().unwrap_or_default();
    let lists = ["embeds", "components", "attachments"];
    text.trim().is_empty() && !lists.iter().any(|key| present(&message[*key]))
}

fn present(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::String(text) => !text.is_empty(),
        Value::Array(list) => !list.is_empty(),
        _ => true,
    }
}

fn embeds(body: &Value, at: &str, flaws: &mut Vec<Flaw>) {
    let completed = json!({"embeds": complete(body["embeds"].clone())});
    for (n, embed) in completed["embeds"]
        .as_array()
        .into_iter()
        .flatten()
        .enumerate()
    {
        let at = format!("{at}embeds.{n}");
        for (n, field) in embed["fields"].as_array().into_iter().flatten().enumerate() {
            for part in ["name", "value"] {
                if field[part]
                    .as_str()
                    .is_some_and(|text| text.trim().is_empty())
                {
                    flaws.push(Flaw::new(
                        format!("{at}.fields.{n}.{part}"),
                        "must not be empty",
                    ));
                }
            }
        }
        let links = [
            ("url", &embed["url"]),
            ("author.url", &embed["author"]["url"]),
        ];
        for (part, link) in links {
            let fits = |link: &str| {
                link.is_empty()
                    || (link.starts_with("http://") || link.starts_with("https://"))
                        && link.chars().count() <= URL_MAX
                        && !link.chars().any(|c| c.is_whitespace() || c.is_control())
            };
            if link.as_str().is_some_and(|link| !fits(link)) {
                flaws.push(Flaw::new(format!("{at}.{part}"), "not a well formed URL"));
            }
        }
    }
    if let Some(parsed) = typed::<Vec<Embed>>(&completed, "embeds", at, flaws) {
        let verdict = message::embeds(&parsed);
        flaws.extend(
            verdict
                .err()
                .map(|e| Flaw::new(format!("{at}embeds"), e.to_string())),
        );
    }
}

/// Embeds with what a sender may leave out and Discord fills in.
pub(crate) fn complete(mut embeds: Value) -> Value {
    for embed in embeds
        .as_array_mut()
        .into_iter()
        .flatten()
        .filter_map(Value::as_object_mut)
    {
        embed.insert("type".to_owned(), json!("rich"));
        let fields = embed.get_mut("fields").and_then(Value::as_array_mut);
        for field in fields
            .into_iter()
            .flatten()
            .filter_map(Value::as_object_mut)
        {
            let inline = field.entry("inline").or_insert(Value::Null);
            *inline = json!(*inline == json!(true));
        }
    }
    without_nulls(embeds)
}

/// The rules on components that twilight leaves out.
fn components(list: &Value, at: &str, is_v2: bool, flaws: &mut Vec<Flaw>) {
    let mut seen = BTreeSet::new();
    let mut stack: Vec<&Value> = list.as_array().into_iter().flatten().collect();
    if !is_v2 && stack.iter().any(|top| top["type"] != json!(1)) {
        flaws.push(Flaw::new(at, "only action rows stand at the top"));
    }
    while let Some(component) = stack.pop() {
        let children: Vec<&Value> = component["components"]
            .as_array()
            .into_iter()
            .flatten()
            .collect();
        if let Some(id) = component["custom_id"].as_str() {
            if !(1..=CUSTOM_ID_MAX).contains(&id.chars().count()) {
                flaws.push(Flaw::new(at, "a custom_id has 1 to 100 characters"));
            }
            if !seen.insert(id) {
                flaws.push(Flaw::new(at, format!("custom_id {id:?} stands twice")));
            }
        }
        match component["type"].as_u64() {
            Some(1) => {
                let selects = children
                    .iter()
                    .filter(|c| c["type"].as_u64() >= Some(3))
                    .count();
                if children.is_empty() || selects > 0 && children.len() > 1 {
                    flaws.push(Flaw::new(at, "a row holds 1 to 5 buttons or one select"));
                }
            }
            Some(2) if !present(&component["label"]) && !present(&component["emoji"]) => {
                flaws.push(Flaw::new(at, "a button needs a label or an emoji"));
            }
            Some(3) => select(component, at, flaws),
            Some(4) => flaws.push(Flaw::new(at, "text inputs stand in modals alone")),
            _ => {}
        }
        stack.extend(children);
        stack.extend(component.get("accessory"));
    }
}

fn select(component: &Value, at: &str, flaws: &mut Vec<Flaw>) {
    let options: Vec<&Value> = component["options"]
        .as_array()
        .into_iter()
        .flatten()
        .collect();
    let values: BTreeSet<&str> = options.iter().filter_map(|o| o["value"].as_str()).collect();
    if values.len() != options.len() {
        flaws.push(Flaw::new(at, "a select's values are unique"));
    }
    let least = component["min_values"].as_u64().unwrap_or(1);
    let most = component["max_values"].as_u64().unwrap_or(1);
    if least > most || most > options.len() as u64 {
        flaws.push(Flaw::new(
            at,
            "min_values, max_values and the options disagree",
        ));
    }
}

/// The flaws of a response to an interaction of this type (2 command, 3 component, 4 autocomplete,
/// 5 modal); `on_message` tells whether a message's component led to it.
pub(crate) fn response(interaction: u8, on_message: bool, body: &Value) -> Vec<Flaw> {
    let allowed: &[u64] = match interaction {
        2 => &[4, 5, 9],
        3 => &[4, 5, 6, 7, 9],
        4 => &[8],
        _ if on_message => &[4, 5, 6, 7],
        _ => &[4, 5],
    };
    let Some(kind) = body["type"].as_u64().filter(|kind| allowed.contains(kind)) else {
        return vec![Flaw::new(
            "type",
            format!("Value must be one of {allowed:?}"),
        )];
    };
    let data = &body["data"];
    let mut flaws = match kind {
        4 | 7 if data.is_null() => vec![Flaw::new("data", "This field is required")],
        4 | 7 => message(data, "data.", true),
        5 if data["flags"].as_u64().unwrap_or_default() & !EPHEMERAL != 0 => {
            vec![Flaw::new("data.flags", "a deferral can only be ephemeral")]
        }
        8 => choices(&data["choices"]),
        9 => modal(data),
        _ => Vec::new(),
    };
    if flaws.is_empty() {
        let mut body = body.clone();
        if let Some(embeds) = body.pointer_mut("/data/embeds") {
            *embeds = complete(embeds.take());
        }
        let parsed = serde_json::from_value::<InteractionResponse>(without_nulls(body));
        flaws.extend(parsed.err().map(|e| Flaw::new("", e.to_string())));
    }
    flaws
}

fn choices(list: &Value) -> Vec<Flaw> {
    let Some(list) = list.as_array() else {
        return vec![Flaw::new("data.choices", "This field is required")];
    };
    let mut flaws = Vec::new();
    if list.len() > CHOICES_MAX {
        flaws.push(Flaw::new("data.choices", "Must be 25 or fewer in length."));
    }
    for (n, choice) in list.iter().enumerate() {
        let at = format!("data.choices.{n}");
        match serde_json::from_value::<CommandOptionChoice>(choice.clone()) {
            Ok(choice) => {
                let verdict = command::choice(&choice);
                flaws.extend(verdict.err().map(|e| Flaw::new(at, e.to_string())));
            }
            Err(error) => flaws.push(Flaw::new(at, error.to_string())),
        }
    }
    flaws
}

fn modal(data: &Value) -> Vec<Flaw> {
    let mut flaws = Vec::new();
    let long = |value: &Value, max| {
        let n_chars = value.as_str().unwrap_or_default().chars().count();
        !(1..=max).contains(&n_chars)
    };
    if long(&data["title"], MODAL_TITLE_MAX) {
        flaws.push(Flaw::new(
            "data.title",
            "Must be between 1 and 45 in length.",
        ));
    }
    if long(&data["custom_id"], CUSTOM_ID_MAX) {
        flaws.push(Flaw::new(
            "data.custom_id",
            "Must be between 1 and 100 in length.",
        ));
    }
    let at = "data.components";
    let list = typed::<Vec<Component>>(data, "components", "data.", &mut flaws).unwrap_or_default();
    if !(1..=5).contains(&list.len()) {
        flaws.push(Flaw::new(at, "Must be between 1 and 5 in length."));
    }
    for part in &list {
        let verdict = match part {
            Component::ActionRow(_) => component::component_v1(part),
            _ => component::component_v2(part),
        };
        flaws.extend(verdict.err().map(|e| Flaw::new(at, e.to_string())));
    }
    flaws
}

/// The flaws of a list of commands: a whole set, or the one that is created.
pub(crate) fn commands(list: &[Value]) -> Vec<Flaw> {
    let mut flaws = Vec::new();
    let mut seen = BTreeSet::new();
    for (n, definition) in list.iter().enumerate() {
        let kind = definition["type"].as_u64().unwrap_or(1);
        if !seen.insert((kind, definition["name"].as_str())) {
            flaws.push(Flaw::new(
                format!("{n}.name"),
                "Application command names must be unique",
            ));
        }
        let at = format!("{n}.");
        let mut definition = definition.clone();
        if definition.is_object() {
            definition["version"] = json!("1");
            definition["type"] = json!(kind);
            if definition["description"].is_null() {
                definition["description"] = json!("");
            }
        }
        match serde_json::from_value::<Command>(without_nulls(definition.clone())) {
            Ok(parsed) => {
                let verdict = command::command(&parsed).and(command::options(&parsed.options));
                flaws.extend(
                    verdict
                        .err()
                        .map(|e| Flaw::new(n.to_string(), e.to_string())),
                );
            }
            Err(error) => flaws.push(Flaw::new(n.to_string(), error.to_string())),
        }
        if kind != 1 && present(&definition["options"]) {
            flaws.push(Flaw::new(
                format!("{at}options"),
                "only slash commands take options",
            ));
        }
        options(&definition["options"], &at, &mut flaws);
    }
    for (kind, most) in [(1, 100), (2, 15), (3, 15)] {
        if seen.iter().filter(|(of, _)| *of == kind).count() > most {
            flaws.push(Flaw::new(
                "",
                format!("more than {most} commands of type {kind}"),
            ));
        }
    }
    flaws
}

fn options(list: &Value, at: &str, flaws: &mut Vec<Flaw>) {
    let mut seen = BTreeSet::new();
    for (n, option) in list.as_array().into_iter().flatten().enumerate() {
        let at = format!("{at}options.{n}.");
        let name = option["name"].as_str().unwrap_or_default();
        if !seen.insert(name) {
            flaws.push(Flaw::new(
                format!("{at}name"),
                format!("{name:?} stands twice"),
            ));
        }
        let takes_text = matches!(option["type"].as_u64(), Some(3 | 4 | 10));
        let completes = option["autocomplete"] == json!(true);
        let chooses = present(&option["choices"]);
        if completes && chooses || (completes || chooses) && !takes_text {
            flaws.push(Flaw::new(
                format!("{at}autocomplete"),
                "not together, not on this type",
            ));
        }
        options(&option["options"], &at, flaws);
    }
}

/// What the house asks of every message on top of Discord: nothing in it can ping anyone, but for
/// the one role that is all of its content.
pub(crate) fn house(body: &Value) -> Option<String> {
    let mentions = &body["allowed_mentions"];
    if mentions["parse"] != json!([]) {
        return Some("allowed_mentions.parse is not an empty list".to_owned());
    }
    let role = mentions["roles"][0].as_str();
    let calls = role.is_some_and(|role| {
        mentions["roles"] == json!([role]) && body["content"] == json!(format!("<@&{role}>"))
    });
    let pings = present(&mentions["users"]) || present(&mentions["roles"]) && !calls;
    let replied = mentions["replied_user"] == json!(true);
    (pings || replied).then(|| "allowed_mentions names somebody".to_owned())
}

/// One field as twilight's type; none where it is absent, null or does not fit.
fn typed<T: DeserializeOwned>(
    body: &Value,
    key: &str,
    at: &str,
    flaws: &mut Vec<Flaw>,
) -> Option<T> {
    let value = without_nulls(body[key].clone());
    if value.is_null() {
        return None;
    }
    match serde_json::from_value(value) {
        Ok(parsed) => Some(parsed),
        Err(error) => {
            flaws.push(Flaw::new(format!("{at}{key}"), error.to_string()));
            None
        }
    }
}

/// The same value without the members that are null.
pub(crate) fn without_nulls(mut value: Value) -> Value {
    strip(&mut value);
    value
}

fn strip(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.retain(|_, field| !field.is_null());
            fields.values_mut().for_each(strip);
        }
        Value::Array(items) => items.iter_mut().for_each(strip),
        _ => {}
    }
}
