//! Messages: how a body becomes one, and what a test reads in one.

use serde_json::{Value, json};

use super::cast::{self, APPLICATION, Person};
use super::refusal::Refusal;
use super::rules::{self, EPHEMERAL};
use super::world::{Asked, State};

/// The bot is still thinking: a deferred response before its first edit.
pub(crate) const LOADING: u64 = 1 << 7;

/// A message as Discord keeps it.
#[derive(Clone, Debug)]
pub(crate) struct Posted(pub(crate) Value);

/// A button on a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Button {
    pub(crate) label: String,
    pub(crate) custom_id: String,
    pub(crate) disabled: bool,
}

impl Posted {
    pub(crate) fn id(&self) -> u64 {
        number(&self.0["id"])
    }

    /// All that a person reads in it: content, and each embed's title, text, fields and footer.
    pub(crate) fn text(&self) -> String {
        let mut parts = vec![self.0["content"].as_str()];
        for embed in self.0["embeds"].as_array().into_iter().flatten() {
            parts.extend([embed["title"].as_str(), embed["description"].as_str()]);
            for field in embed["fields"].as_array().into_iter().flatten() {
                parts.extend([field["name"].as_str(), field["value"].as_str()]);
            }
            parts.push(embed["footer"]["text"].as_str());
        }
        let shown: Vec<&str> = parts
            .into_iter()
            .flatten()
            .filter(|t| !t.is_empty())
            .collect();
        shown.join("\n")
    }

    /// Whether one person alone sees it.
    pub(crate) fn is_private(&self) -> bool {
        flags(&self.0) & EPHEMERAL != 0
    }

    /// Its buttons, row by row.
    pub(crate) fn buttons(&self) -> Vec<Button> {
        let rows = self.0["components"].as_array().into_iter().flatten();
        let parts = rows.flat_map(|row| row["components"].as_array().into_iter().flatten());
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        parts
            .filter(|part| part["type"] == json!(2))
            .map(|part| Button {
                label: text(&part["label"]),
                custom_id: text(&part["custom_id"]),
                disabled: part["disabled"] == json!(true),
            })
            .collect()
    }

    /// The button with this on its label.
    pub(crate) fn button(&self, label: &str) -> Button {
        let found = self
            .buttons()
            .into_iter()
            .find(|button| button.label.contains(label));
        found.unwrap_or_else(|| panic!("no button {label:?} among {:?}", self.buttons()))
    }
}

/// An id, which travels as text.
pub(crate) fn number(id: &Value) -> u64 {
    id.as_str()
        .and_then(|id| id.parse().ok())
        .unwrap_or_default()
}

/// Whether the bot posted it of its own accord.
pub(crate) fn is_announced(message: &Value) -> bool {
    message["author"]["bot"] == json!(true) && message["interaction_metadata"].is_null()
}

pub(crate) fn flags(message: &Value) -> u64 {
    message["flags"].as_u64().unwrap_or_default()
}

impl State {
    /// A new message, which is kept; nothing is checked.
    pub(crate) fn post(&mut self, channel: u64, author: Value, body: &Value) -> Value {
        let id = self.clock.id();
        let mut message = json!({
            "id": id.to_string(), "channel_id": channel.to_string(), "author": author,
            "type": 0, "content": "", "timestamp": cast::timestamp(self.clock.now_ms()),
            "edited_timestamp": null, "tts": false, "mention_everyone": false, "mentions": [],
            "mention_roles": [], "attachments": [], "embeds": [], "components": [],
            "pinned": false, "flags": body["flags"].as_u64().unwrap_or_default(),
        });
        if !body["nonce"].is_null() {
            message["nonce"] = body["nonce"].clone();
        }
        write(&mut message, body);
        self.messages.insert(id, message.clone());
        message
    }

    /// A new message in answer to an interaction.
    pub(crate) fn post_response(&mut self, asked: u64, body: &Value) -> Result<Value, Refusal> {
        let Some(of) = self.interactions.get(&asked) else {
            return Err(Refusal::unknown_interaction());
        };
        let metadata = metadata(asked, of);
        let (channel, named) = (of.channel, of.name.clone().zip(Some(of.person)));
        let mut message = self.post(channel, cast::bot(), body);
        message["application_id"] = json!(APPLICATION.to_string());
        message["webhook_id"] = json!(APPLICATION.to_string());
        message["interaction_metadata"] = metadata;
        if let Some((name, person)) = named {
            let user = cast::user(person);
            message["type"] = json!(20);
            message["interaction"] =
                json!({"id": asked.to_string(), "type": 2, "name": name, "user": user});
        }
        if rules::is_empty(&message) && flags(&message) & LOADING == 0 {
            self.messages.remove(&number(&message["id"]));
            return Err(Refusal::empty_message());
        }
        self.messages
            .insert(number(&message["id"]), message.clone());
        Ok(message)
    }

    /// Edits a message.
    pub(crate) fn edit(&mut self, id: u64, body: &Value) -> Result<Value, Refusal> {
        let now = cast::timestamp(self.clock.now_ms());
        let Some(message) = self.messages.get_mut(&id) else {
            return Err(Refusal::unknown_message());
        };
        let mut edited = message.clone();
        write(&mut edited, body);
        if rules::is_empty(&edited) {
            return Err(Refusal::empty_message());
        }
        if flags(&edited) & LOADING == 0 {
            edited["edited_timestamp"] = json!(now);
        }
        edited["flags"] = json!(flags(&edited) & !LOADING);
        *message = edited.clone();
        Ok(edited)
    }

    /// A message that a member wrote.
    pub(crate) fn say(&mut self, channel: u64, person: Person, content: &str) -> Posted {
        Posted(self.post(channel, cast::user(person), &json!({"content": content})))
    }
}

fn metadata(id: u64, of: &Asked) -> Value {
    let mut metadata = json!({
        "id": id.to_string(), "type": of.kind, "user": cast::user(of.person),
        "authorizing_integration_owners": {"0": cast::GUILD.to_string()},
    });
    if let Some(source) = of.source {
        metadata["interacted_message_id"] = json!(source.to_string());
    }
    if let Some(original) = of.original {
        metadata["original_response_message_id"] = json!(original.to_string());
    }
    if of.kind == 5 {
        metadata["triggering_interaction_metadata"] = json!({
            "id": id.to_string(), "type": 2, "user": cast::user(of.person),
            "authorizing_integration_owners": {"0": cast::GUILD.to_string()},
        });
    }
    metadata
}

/// Writes what a body says into a message: absent is kept, null is emptied.
fn write(message: &mut Value, body: &Value) {
    let Some(said) = body.as_object() else { return };
    if let Some(content) = said.get("content") {
        message["content"] = json!(content.as_str().unwrap_or_default());
    }
    if let Some(embeds) = said.get("embeds") {
        let embeds = rules::complete(embeds.clone());
        message["embeds"] = if embeds.is_array() { embeds } else { json!([]) };
    }
    if let Some(attachments) = said.get("attachments") {
        let of = number(&message["id"]);
        let kept = attachments.as_array().into_iter().flatten();
        let kept = kept.zip(1_u64..).map(|(attachment, n)| {
            let name = attachment["filename"].as_str().unwrap_or("file");
            let url = format!("https://cdn.discordapp.com/attachments/1/{of}/{name}");
            let mut kept = json!({
                "id": (of + n).to_string(), "filename": name, "size": 1, "url": url,
                "proxy_url": url,
            });
            if !attachment["description"].is_null() {
                kept["description"] = attachment["description"].clone();
            }
            kept
        });
        message["attachments"] = kept.collect();
    }
    if let Some(components) = said.get("components") {
        let mut components = rules::without_nulls(components.clone());
        number_components(&mut components, &mut 0);
        message["components"] = if components.is_array() {
            components
        } else {
            json!([])
        };
    }
}

/// Gives each component its id, and what a sender may leave out.
fn number_components(list: &mut Value, n: &mut u32) {
    for part in list
        .as_array_mut()
        .into_iter()
        .flatten()
        .filter_map(Value::as_object_mut)
    {
        *n += 1;
        part.entry("id").or_insert(json!(*n));
        if part.get("type") == Some(&json!(3)) {
            part.entry("min_values").or_insert(json!(1));
            part.entry("max_values").or_insert(json!(1));
        }
        if let Some(children) = part.get_mut("components") {
            number_components(children, n);
        }
    }
}
