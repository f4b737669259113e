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
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;
    use studyhall_index::SectionKey;

    use super::*;
    use crate::quiz::grade::Choices;

    fn message(body: &str) -> Message {
        Message {
            audience: Audience::Channel,
            title: None,
            url: None,
            body: body.to_owned(),
            footer: None,
            buttons: Vec::new(),
            list: None,
            file: None,
            calls: None,
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
            footer: Some("s3.md:41".to_owned()),
            buttons: vec![vec![open(1, "More")]],
            ..message("Keeps **every** version.")
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
        assert_eq!(body["content"], "");
        assert_eq!(body["attachments"], json!([]));
        assert_eq!(body.get("flags"), None);
        assert_eq!(replace(&message("gone"))["type"], 7);
    }

    #[test]
    fn a_post_carries_its_key_and_calls_its_role_alone() {
        let called = Message {
            calls: Some(77),
            ..message("Who knows <@1>, <@&2>, @everyone?")
        };
        let body = post(&called, Some("studyhall-1-0123456789abcdef"));
        assert_eq!(body["content"], "<@&77>");
        assert_eq!(
            body["allowed_mentions"],
            json!({ "parse": [], "roles": ["77"] })
        );
        assert_eq!(body["nonce"], "studyhall-1-0123456789abc");
        assert_eq!(body["enforce_nonce"], true);
        let plain = post(&message("x"), None);
        assert_eq!(plain["allowed_mentions"], json!({ "parse": [] }));
        assert_eq!((plain.get("nonce"), plain.get("content")), (None, None));
    }

    #[test]
    fn a_list_is_a_select_above_the_buttons() {
        let shown = Choices::default();
        let mut asked = message("x");
        asked.buttons = vec![vec![open(0, "a")]; 7];
        asked.list = Some(List {
            hint: "Choose 2".to_owned(),
            lines: vec!["A · S3".to_owned(), " ".to_owned()],
            press: Press::Answer { round: 5, shown },
        });
        let body = post(&asked, None);
        assert_eq!(body["components"].as_array().map(Vec::len), Some(5));
        assert_eq!(
            body["components"][0],
            json!({ "type": 1, "components": [{
                "type": 3,
                "custom_id": "sh1:a:5:0",
                "placeholder": "Choose 2",
                "min_values": 1,
                "max_values": 2,
                "options": [
                    { "label": "A · S3", "value": "0" },
                    { "label": "…", "value": "1" },
                ],
            }] })
        );
        assert_eq!(body["components"][1]["components"][0]["type"], 2);
    }

    #[test]
    fn a_file_is_named_and_a_picture_shown() {
        let file_of = |name: &str, alt: Option<&str>| Message {
            file: Some(File {
                name: name.to_owned(),
                bytes: vec![1],
                alt: alt.map(str::to_owned),
            }),
            ..message("x")
        };
        let picture = new_message(&file_of("calendar.png", Some("12 weeks")));
        let attachment = json!({ "id": 0, "filename": "calendar.png", "description": "12 weeks" });
        assert_eq!(picture["attachments"], json!([attachment]));
        assert_eq!(
            picture["embeds"][0]["image"],
            json!({ "url": "attachment://calendar.png" })
        );
        let export = new_message(&file_of("you.json", None));
        assert_eq!(
            export["attachments"],
            json!([{ "id": 0, "filename": "you.json" }])
        );
        assert_eq!(export["embeds"][0].get("image"), None);
        let mut huge = file_of("huge.bin", None);
        huge.file.as_mut().unwrap().bytes = vec![0; FILE_BYTES_MAX + 1];
        assert_eq!(new_message(&huge).get("attachments"), None);
        assert!(file(&huge).is_none());
    }

    #[test]
    fn a_thread_always_has_a_name() {
        let wanted = json!({ "name": "…", "auto_archive_duration": 1440 });
        assert_eq!(thread(" "), wanted);
        assert_eq!(length(&thread(&"x".repeat(150))["name"]), 100);
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
            lines in prop::collection::vec(".{0,120}", 0..30),
            hint in ".{0,200}",
        ) {
            let shown = Choices::default();
            let press = Press::Practice { place: 0, shown };
            let message = Message {
                list: Some(List { hint, lines, press }),
                title,
                url,
                body: body.repeat(times),
                footer: footer.map(|text| text.repeat(n_footers)),
                buttons: rows
                    .iter()
                    .map(|row| row.iter().map(|(page, label)| open(*page, label)).collect())
                    .collect(),
                ..self::message("")
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
                let select = &row["components"][0];
                if select["type"] == 3 {
                    let options = select["options"].as_array().unwrap();
                    prop_assert!((1..=25).contains(&options.len()));
                    prop_assert!(options.iter().all(|o| (1..=100).contains(&length(&o["label"]))));
                    prop_assert!(length(&select["placeholder"]) <= 150);
                    prop_assert_eq!(&row["components"].as_array().unwrap().len(), &1);
                    continue;
                }
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
