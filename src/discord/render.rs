//! What is said, as the JSON that Discord takes.
//!
//! The wording keeps Discord's limits by itself; here they are checked once more and cut to,
//! because a message that is too long by a character is no message at all.

use std::collections::HashMap;

use reqwest::Url;
use serde_json::{Map, Value, json};

use super::custom_id;
use crate::chat::{
    Audience, Button, LABEL_MAX, Message, Press, ROW_MAX, SUGGESTION_MAX, SUGGESTIONS_MAX,
    Suggestion, TITLE_MAX,
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
const PRIMARY: u8 = 1;
const SECONDARY: u8 = 2;

/// The first answer to an interaction: a new message.
pub(super) fn say(message: &Message) -> Value {
    json!({ "type": SAY, "data": new_message(message) })
}

/// The first answer to a press: the message with the button becomes this.
pub(super) fn replace(message: &Message) -> Value {
    json!({ "type": REPLACE, "data": edit(message) })
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
    let mut body = edit(message);
    if message.audience == Audience::Person
        && let Some(body) = body.as_object_mut()
    {
        body.insert("flags".to_owned(), json!(EPHEMERAL));
    }
    body
}

/// A message that takes another's place. Who sees it was decided with the first one.
pub(super) fn edit(message: &Message) -> Value {
    json!({
        "embeds": [embed(message)],
        "components": rows(&message.buttons),
        "allowed_mentions": { "parse": [] },
    })
}

fn embed(message: &Message) -> Value {
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
    Value::Object(embed)
}

fn rows(rows: &[Vec<Button>]) -> Vec<Value> {
    let mut seen: HashMap<String, usize> = HashMap::new();
    rows.iter()
        .filter(|row| !row.is_empty())
        .take(ROW_MAX)
        .map(|row| {
            let buttons: Vec<Value> = row
                .iter()
                .take(ROW_MAX)
                .map(|shown| {
                    let n_before = seen.entry(custom_id::encode(&shown.press)).or_default();
                    *n_before += 1;
                    button(shown, *n_before - 1)
                })
                .collect();
            json!({ "type": ACTION_ROW, "components": buttons })
        })
        .collect()
}

fn button(button: &Button, n_before: usize) -> Value {
    let style = match button.press {
        Press::Share { .. } => PRIMARY,
        _ => SECONDARY,
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
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;
    use studyhall_index::SectionKey;

    use super::*;

    fn message(body: &str) -> Message {
        Message {
            audience: Audience::Channel,
            title: None,
            url: None,
            body: body.to_owned(),
            footer: None,
            buttons: Vec::new(),
        }
    }

    fn open(page: u16, label: &str) -> Button {
        Button {
            label: label.to_owned(),
            press: Press::Open {
                section: SectionKey(7),
                page,
            },
            enabled: true,
        }
    }

    fn length(value: &Value) -> usize {
        value.as_str().unwrap_or_default().chars().count()
    }

    #[test]
    fn a_message_is_an_embed_with_rows_of_buttons_that_pings_nobody() {
        let message = Message {
            audience: Audience::Person,
            title: Some("S3 › Versioning".to_owned()),
            url: Some("https://notes.example/s3.md#versioning".to_owned()),
            body: "Keeps **every** version.".to_owned(),
            footer: Some("s3.md:41".to_owned()),
            buttons: vec![vec![open(1, "More")]],
        };
        assert_eq!(
            say(&message),
            json!({
                "type": 4,
                "data": {
                    "flags": 64,
                    "allowed_mentions": { "parse": [] },
                    "embeds": [{
                        "title": "S3 › Versioning",
                        "url": "https://notes.example/s3.md#versioning",
                        "description": "Keeps **every** version.",
                        "footer": { "text": "s3.md:41" },
                    }],
                    "components": [{
                        "type": 1,
                        "components": [{
                            "type": 2,
                            "style": 2,
                            "label": "More",
                            "custom_id": "sh1:o:0000000000000007:1",
                            "disabled": false,
                        }],
                    }],
                },
            })
        );
    }

    #[test]
    fn an_edit_carries_no_flags_and_clears_what_was_there() {
        let body = edit(&message("gone"));
        assert_eq!(body["components"], json!([]));
        assert_eq!(body.get("flags"), None);
        assert_eq!(replace(&message("gone"))["type"], 7);
    }

    #[test]
    fn who_sees_a_late_answer_is_told_at_once() {
        assert_eq!(
            say_later(Audience::Person),
            json!({ "type": 5, "data": { "flags": 64 } })
        );
        assert_eq!(say_later(Audience::Channel), json!({ "type": 5 }));
        assert_eq!(replace_later(), json!({ "type": 6 }));
    }

    #[test]
    fn a_message_of_nothing_still_has_a_text() {
        assert_eq!(
            say(&message(" \n"))["data"]["embeds"][0]["description"],
            "…"
        );
    }

    #[test]
    fn buttons_that_do_the_same_carry_different_ids() {
        let mut twice = message("x");
        twice.buttons = vec![vec![open(0, "a"), open(0, " ")], vec![], vec![open(0, "c")]];
        let body = edit(&twice);
        let ids: Vec<&str> = (0..2)
            .flat_map(|row| body["components"][row]["components"].as_array().unwrap())
            .map(|button| button["custom_id"].as_str().unwrap())
            .collect();
        let id = "sh1:o:0000000000000007:0";
        assert_eq!(ids, [id, &format!("{id}:r1"), &format!("{id}:r2")]);
        assert!(
            ids.iter()
                .all(|id| custom_id::decode(id) == Some(open(0, "").press))
        );
        assert_eq!(body["components"][0]["components"][1]["label"], "…");
    }

    #[test]
    fn an_address_that_discord_refuses_is_left_out() {
        for url in ["javascript:alert(1)", "notes/s3.md", "", "https://"] {
            let mut linked = message("x");
            linked.url = Some(url.to_owned());
            assert_eq!(edit(&linked)["embeds"][0].get("url"), None, "{url}");
        }
    }

    #[test]
    fn a_cut_closes_its_fence() {
        let long = format!("```\n{}\n```", "line of code\n".repeat(500));
        let body = edit(&message(&long));
        let shown = body["embeds"][0]["description"].as_str().unwrap();
        assert!(shown.ends_with("\n```\n…"));
        assert_eq!(shown.matches("```").count(), 2);
    }

    #[test]
    fn suggestions_keep_discords_limits() {
        let many: Vec<_> = (0..40)
            .map(|n| Suggestion {
                name: "é".repeat(120),
                value: n.to_string(),
            })
            .collect();
        let body = offer(&many);
        let choices = body["data"]["choices"].as_array().unwrap();
        assert_eq!((body["type"].as_u64(), choices.len()), (Some(8), 25));
        assert_eq!(length(&choices[0]["name"]), 100);
        let unfit = ["", &"x".repeat(101)].map(|value| Suggestion {
            name: "n".to_owned(),
            value: value.to_owned(),
        });
        assert_eq!(offer(&unfit)["data"]["choices"], json!([]));
    }

    proptest! {
        #[test]
        fn no_message_is_too_long_for_discord(
            title in prop::option::of(".{0,300}"),
            url in prop::option::of(".{0,50}"),
            body in "(.|\n){0,80}",
            times in 0_usize..200,
            footer in prop::option::of(".{0,30}"),
            n_footers in 0_usize..100,
            rows in prop::collection::vec(prop::collection::vec((0_u16..9, ".{0,100}"), 0..8), 0..8),
        ) {
            let message = Message {
                audience: Audience::Channel,
                title,
                url,
                body: body.repeat(times),
                footer: footer.map(|text| text.repeat(n_footers)),
                buttons: rows
                    .iter()
                    .map(|row| row.iter().map(|(page, label)| open(*page, label)).collect())
                    .collect(),
            };
            let body = new_message(&message);
            let embed = &body["embeds"][0];
            let (title, text, small) =
                (length(&embed["title"]), length(&embed["description"]), length(&embed["footer"]["text"]));
            prop_assert!(title <= 256 && text <= 4_096 && small <= 2_048);
            prop_assert!(title + text + small <= 6_000 && title + text > 0);
            prop_assert_eq!(&body["allowed_mentions"], &json!({ "parse": [] }));
            let rows = body["components"].as_array().unwrap();
            prop_assert!(rows.len() <= 5);
            let mut ids = HashSet::new();
            for row in rows {
                let buttons = row["components"].as_array().unwrap();
                prop_assert!((1..=5).contains(&buttons.len()));
                for button in buttons {
                    prop_assert!((1..=80).contains(&length(&button["label"])));
                    prop_assert!(ids.insert(button["custom_id"].clone()));
                }
            }
        }
    }
}
