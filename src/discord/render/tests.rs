//! What Discord is sent, held against its limits.

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
