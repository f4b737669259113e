//! What is said, as the JSON that Discord takes.
//!
//! The wording keeps Discord's limits by itself; here they are checked once more and cut to,
//! because a message that is too long by a character is no message at all.

use std::collections::HashMap;

use reqwest::Url;
use serde_json::{Map, Value, json};

use super::{custom_id, form};
use crate::chat::{
    ALT_MAX, Audience, Button, FILE_BYTES_MAX, File, HINT_MAX, KEY_MAX, LABEL_MAX, LINE_MAX,
    LINES_MAX, List, Message, Press, ROW_MAX, SUGGESTION_MAX, SUGGESTIONS_MAX, Suggestion,
    THREAD_MAX, TITLE_MAX,
};

/// Characters in an embed's description, footer and address, and in all its texts, at most.
/// <https://docs.discord.com/developers/resources/message#embed-limits>
const DESCRIPTION_MAX: usize = 4_096;
const FOOTER_MAX: usize = 2_048;
const URL_MAX: usize = 2_048;
const EMBED_MAX: usize = 6_000;
/// The flag of a message that only one person sees.
pub(super) const EPHEMERAL: u64 = 1 << 6;

/// Kinds of interaction responses.
/// <https://docs.discord.com/developers/interactions/receiving-and-responding>
const SAY: u8 = 4;
const SAY_LATER: u8 = 5;
const REPLACE_LATER: u8 = 6;
const REPLACE: u8 = 7;
const OFFER: u8 = 8;

/// Kinds and styles of components. <https://docs.discord.com/developers/components/reference>
const ACTION_ROW: u8 = 1;
const BUTTON: u8 = 2;
const STRING_SELECT: u8 = 3;
const PRIMARY: u8 = 1;
const SECONDARY: u8 = 2;
const DANGER: u8 = 4;
/// Minutes after which Discord puts a quiet thread away.
const THREAD_MINUTES: u32 = 1_440;

/// The first answer to an interaction: a new message.
pub(super) fn say(message: &Message) -> Value {
    response(SAY, new_message(message))
}

/// The first answer to a press: the message with the button becomes this.
pub(super) fn replace(message: &Message) -> Value {
    response(REPLACE, edit(message))
}

/// A first answer. It is put together by hand, as all that holds much: `json!` copies what it is given.
fn response(kind: u8, data: Value) -> Value {
    Value::from_iter([("type", Value::from(kind)), ("data", data)])
}

/// The first answer to a half-typed option.
pub(super) fn offer(suggestions: &[Suggestion]) -> Value {
    let choices: Vec<Value> = suggestions
        .iter()
        .filter(|offer| !offer.name.trim().is_empty() && !offer.value.is_empty())
        .filter(|offer| offer.value.chars().count() <= SUGGESTION_MAX)
        .take(SUGGESTIONS_MAX)
        .map(|offer| json!({ "name": cut(&offer.name, SUGGESTION_MAX), "value": offer.value }))
        .collect();
    json!({ "type": OFFER, "data": { "choices": choices } })
}

/// The first answer where the real one takes longer: a new message will follow.
pub(super) fn say_later(audience: Audience) -> Value {
    match audience {
        Audience::Person => json!({ "type": SAY_LATER, "data": { "flags": EPHEMERAL } }),
        Audience::Channel => json!({ "type": SAY_LATER }),
    }
}

/// The first answer to a press where the real one takes longer: the message will change.
pub(super) fn replace_later() -> Value {
    json!({ "type": REPLACE_LATER })
}

/// A message that is new: a first answer's data, or a follow-up.
pub(super) fn new_message(message: &Message) -> Value {
    let mut body = visible(message);
    if message.audience == Audience::Person {
        body.insert("flags".to_owned(), json!(EPHEMERAL));
    }
    Value::Object(body)
}

/// A message that nobody asked for. Discord takes the same key twice within minutes for the same
/// message. <https://docs.discord.com/developers/resources/message#create-message>
pub(super) fn post(message: &Message, key: Option<&str>) -> Value {
    let mut body = visible(message);
    if let Some(key) = key {
        let key: String = key.chars().take(KEY_MAX).collect();
        body.insert("nonce".to_owned(), Value::String(key));
        body.insert("enforce_nonce".to_owned(), Value::Bool(true));
    }
    Value::Object(body)
}

/// A message that takes another's place. Who sees it was decided with the first one.
pub(super) fn edit(message: &Message) -> Value {
    let mut body = visible(message);
    // What is left out would stay.
    body.entry("content").or_insert(json!(""));
    body.entry("attachments").or_insert(json!([]));
    Value::Object(body)
}

/// A thread below a message.
pub(super) fn thread(name: &str) -> Value {
    let name = present(Some(name)).unwrap_or("…");
    json!({ "name": cut(name, THREAD_MAX), "auto_archive_duration": THREAD_MINUTES })
}

/// The file that is sent with a message.
pub(super) fn file(message: &Message) -> Option<&File> {
    let file = message.file.as_ref();
    file.filter(|file| file.bytes.len() <= FILE_BYTES_MAX)
}

/// All that people see of a message. Nobody is called but the one role that it names.
fn visible(message: &Message) -> Map<String, Value> {
    let mut body = Map::new();
    let mut embed = embed(message);
    let mut mentions = json!({ "parse": [] });
    if let Some(role) = message.calls {
        body.insert("content".to_owned(), json!(format!("<@&{role}>")));
        mentions["roles"] = json!([role.to_string()]);
    }
    if let Some(file) = file(message) {
        let name = form::name(file);
        if form::is_picture(&name) {
            let image = json!({ "url": format!("attachment://{name}") });
            embed.insert("image".to_owned(), image);
        }
        let mut attachment = json!({ "id": 0, "filename": name });
        if let Some(alt) = present(file.alt.as_deref()) {
            attachment["description"] = json!(cut(alt, ALT_MAX));
        }
        body.insert("attachments".to_owned(), json!([attachment]));
    }
    let embeds = Value::Array(vec![Value::Object(embed)]);
    body.insert("embeds".to_owned(), embeds);
    body.insert("components".to_owned(), Value::Array(rows(message)));
    body.insert("allowed_mentions".to_owned(), mentions);
    body
}

fn embed(message: &Message) -> Map<String, Value> {
    let mut embed = Map::new();
    let mut left = EMBED_MAX;
    if let Some(title) = present(message.title.as_deref()) {
        let title = cut(title, TITLE_MAX);
        left -= title.chars().count();
        embed.insert("title".to_owned(), Value::String(title));
    }
    let mut footer = None;
    if let Some(text) = present(message.footer.as_deref()) {
        let text = cut(text, FOOTER_MAX);
        footer = Some(json!({ "text": text }));
        left -= text.chars().count();
    }
    let body = cut_markdown(&message.body, DESCRIPTION_MAX.min(left));
    if !body.trim().is_empty() {
        embed.insert("description".to_owned(), Value::String(body));
    }
    if embed.is_empty() {
        // Discord refuses a message without any text.
        embed.insert("description".to_owned(), Value::String("…".to_owned()));
    }
    if let Some(footer) = footer {
        embed.insert("footer".to_owned(), footer);
    }
    if let Some(url) = message.url.as_deref().and_then(link) {
        embed.insert("url".to_owned(), Value::String(url));
    }
    embed
}

fn rows(message: &Message) -> Vec<Value> {
    let mut seen: HashMap<String, usize> = HashMap::new();
    let mut n_before = |press: &Press| {
        let n = seen.entry(custom_id::encode(press)).or_default();
        *n += 1;
        *n - 1
    };
    let list = message.list.as_ref().filter(|list| !list.lines.is_empty());
    let list = list.map(|shown| vec![select(shown, n_before(&shown.press))]);
    let buttons = message.buttons.iter().filter(|row| !row.is_empty());
    let buttons = buttons.map(|row| {
        row.iter()
            .take(ROW_MAX)
            .map(|shown| button(shown, n_before(&shown.press)))
            .collect()
    });
    list.into_iter()
        .chain(buttons)
        .take(ROW_MAX)
        .map(|row: Vec<Value>| {
            let components = Value::Array(row);
            Value::from_iter([
                ("type", Value::from(ACTION_ROW)),
                ("components", components),
            ])
        })
        .collect()
}

fn select(list: &List, n_before: usize) -> Value {
    let lines = list.lines.iter().take(LINES_MAX).enumerate();
    let options: Vec<Value> = lines
        .map(|(place, line)| {
            let label = cut(present(Some(line)).unwrap_or("…"), LINE_MAX);
            json!({ "label": label, "value": custom_id::line_value(place) })
        })
        .collect();
    json!({
        "type": STRING_SELECT,
        "custom_id": custom_id::encode_again(&list.press, n_before),
        "placeholder": cut(&list.hint, HINT_MAX),
        "min_values": 1,
        "max_values": options.len(),
        "options": options,
    })
}

fn button(button: &Button, n_before: usize) -> Value {
    let style = match button.press {
        Press::Share { .. }
        | Press::Answer { .. }
        | Press::Practice { .. }
        | Press::PracticeNext
        | Press::Review { .. }
        | Press::ReviewNext { .. }
        | Press::SaveSchedule { .. } => PRIMARY,
        Press::Forget => DANGER,
        Press::Open { .. }
        | Press::Next { .. }
        | Press::Previous { .. }
        | Press::Helped { .. }
        | Press::DidNotHelp { .. }
        | Press::Topics { .. }
        | Press::Report { .. }
        | Press::DropSchedule { .. }
        | Press::Board { .. } => SECONDARY,
    };
    json!({
        "type": BUTTON,
        "style": style,
        "label": cut(present(Some(&button.label)).unwrap_or("…"), LABEL_MAX),
        "custom_id": custom_id::encode_again(&button.press, n_before),
        "disabled": !button.enabled,
    })
}

/// The text, unless nobody would see it.
fn present(text: Option<&str>) -> Option<&str> {
    text.filter(|text| !text.trim().is_empty())
}

/// The address in the form that Discord takes behind a title, if it takes it.
fn link(url: &str) -> Option<String> {
    let url = Url::parse(url).ok()?;
    let fits = matches!(url.scheme(), "http" | "https")
        && url.has_host()
        && url.as_str().chars().count() <= URL_MAX;
    fits.then(|| url.into())
}

/// The text in at most `n_chars_max` characters; what is cut shows as an ellipsis.
fn cut(text: &str, n_chars_max: usize) -> String {
    if text.chars().count() <= n_chars_max {
        return text.to_owned();
    }
    let kept: String = text.chars().take(n_chars_max.saturating_sub(1)).collect();
    format!("{}…", kept.trim_end())
}

/// Markdown in at most `n_chars_max` characters, cut at a line where one is near, its last fence
/// closed.
fn cut_markdown(text: &str, n_chars_max: usize) -> String {
    const CLOSING: &str = "\n```";
    if text.chars().count() <= n_chars_max {
        return text.to_owned();
    }
    let room = n_chars_max.saturating_sub(CLOSING.len() + 2);
    let kept: String = text.chars().take(room).collect();
    let kept = match kept.rfind('\n') {
        Some(line_end) if line_end > kept.len() / 2 => &kept[..line_end],
        _ => kept.trim_end(),
    };
    let fences = kept
        .lines()
        .filter(|line| line.trim_start().starts_with("```"))
        .count();
    let closing = if fences % 2 == 1 { CLOSING } else { "" };
    format!("{kept}{closing}\n…")
}

#[cfg(test)]
mod tests;
