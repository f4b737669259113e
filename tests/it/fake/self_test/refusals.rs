//! What the fake refuses, as Discord does.

use std::time::Duration;

use serde_json::{Value, json};

use super::raw::{self, Heard};
use crate::fake::{ADA, APPLICATION, CHANNEL, Fake, Interaction, Receipt};

/// A Discord whose log is nobody's example, with a command to call.
async fn discord() -> Fake {
    let mut discord = Fake::start().await;
    discord.off_the_record();
    let option = json!({"name": "text", "description": "What", "type": 3, "autocomplete": true});
    let commands = json!([
        {"name": "echo", "description": "Repeats", "options": [option]},
    ]);
    let route = format!("PUT /applications/{APPLICATION}/commands");
    assert_eq!(send(&discord, &route, &commands).await.status, 200);
    discord
}

async fn send(discord: &Fake, route: &str, body: &Value) -> Heard {
    raw::send(discord, route, body).await.expect("an answer")
}

/// The first response to an interaction.
async fn respond(discord: &Fake, receipt: &Receipt, body: &Value) -> Heard {
    let route = format!(
        "POST /interactions/{}/{}/callback",
        receipt.id(),
        receipt.token()
    );
    send(discord, &route, body).await
}

fn webhook(method: &str, receipt: &Receipt, rest: &str) -> String {
    format!("{method} /webhooks/{APPLICATION}/{}{rest}", receipt.token())
}

fn quiet(content: &str) -> Value {
    json!({"content": content, "allowed_mentions": {"parse": []}})
}

fn echo(discord: &Fake) -> Receipt {
    discord.interact(&Interaction::slash("echo").option("text", "hi"))
}

/// Status and code of an answer.
fn verdict(heard: &Heard) -> (u16, Option<u64>) {
    (heard.status, heard.code())
}

#[tokio::test]
async fn strangers_and_unknown_routes_are_turned_away() {
    let discord = discord().await;
    let me = "GET /users/@me";
    let mut stranger = raw::Caller::of(&discord);
    stranger.token = "wrong".to_owned();
    let wrong = stranger.call(me, &Value::Null).await;
    assert_eq!(verdict(&wrong.expect("an answer")), (401, Some(0)));
    let mut browser = raw::Caller::of(&discord);
    browser.agent = "curl/8".to_owned();
    let agent = browser.call(me, &Value::Null).await;
    assert_eq!(verdict(&agent.expect("an answer")), (403, Some(40333)));
    assert_eq!(send(&discord, me, &Value::Null).await.status, 200);
    let cases = [
        ("GET /unheard-of", 404, 0),
        ("GET /guilds/1/unheard-of", 404, 10004),
        ("PUT /channels/1", 404, 10003),
        ("DELETE /applications/1/commands/1", 403, 20012),
        ("PUT /webhooks/1/2", 404, 10015),
    ];
    for (route, status, code) in cases {
        let heard = send(&discord, route, &Value::Null).await;
        assert_eq!(verdict(&heard), (status, Some(code)), "{route}");
    }
    let route = format!("POST /channels/{CHANNEL}/messages");
    assert_eq!(
        verdict(&send(&discord, &route, &json!("{oops")).await),
        (400, Some(50109))
    );
}

#[tokio::test]
async fn an_interaction_is_answered_once_and_in_time() {
    let discord = discord().await;
    let answer = json!({"type": 4, "data": quiet("hello")});
    let receipt = echo(&discord);
    let early = send(
        &discord,
        &webhook("POST", &receipt, ""),
        &quiet("too early"),
    )
    .await;
    assert_eq!(verdict(&early), (404, Some(10015)));
    assert_eq!(respond(&discord, &receipt, &answer).await.status, 204);
    assert_eq!(
        verdict(&respond(&discord, &receipt, &answer).await),
        (400, Some(40060))
    );

    let late = echo(&discord);
    discord.pass(Duration::from_secs(4));
    assert_eq!(
        verdict(&respond(&discord, &late, &answer).await),
        (404, Some(10062))
    );
    let unknown = send(&discord, "POST /interactions/1/abc/callback", &answer).await;
    assert_eq!(verdict(&unknown), (404, Some(10062)));

    let edit = webhook("PATCH", &receipt, "/messages/@original");
    assert_eq!(send(&discord, &edit, &quiet("edited")).await.status, 200);
    discord.pass(Duration::from_secs(15 * 60));
    assert_eq!(
        verdict(&send(&discord, &edit, &quiet("again")).await),
        (401, Some(50027))
    );
}

#[tokio::test]
async fn each_kind_of_interaction_takes_its_own_answers() {
    let discord = discord().await;
    let button = json!({"type": 2, "style": 1, "label": "More", "custom_id": "more"});
    let option = json!({"label": "One", "value": "1"});
    let select = json!({"type": 3, "custom_id": "which", "options": [option]});
    let message = discord.posted_before(&json!({"content": "old", "components": [
        {"type": 1, "components": [button]}, {"type": 1, "components": [select]},
    ]}));
    let input = json!({"type": 4, "custom_id": "a", "style": 1, "label": "A"});
    let modal = json!({
        "title": "A form", "custom_id": "form", "components": [{"type": 1, "components": [input]}],
    });
    let cases = [
        (Interaction::slash("echo"), vec![4, 5, 9]),
        (Interaction::typing("echo", "text", "h"), vec![8]),
        (Interaction::press(&message, "more"), vec![4, 5, 6, 7, 9]),
        (Interaction::submit(&modal, &[("a", "b")]), vec![4, 5]),
        (
            Interaction::pick(&message, "which", &["1"]),
            vec![4, 5, 6, 7, 9],
        ),
        (
            Interaction::submit(&modal, &[("a", "b")]).from(&message),
            vec![4, 5, 6, 7],
        ),
    ];
    for (interaction, allowed) in cases {
        for kind in 1..=10 {
            let data = match kind {
                8 => json!({"choices": []}),
                9 => modal.clone(),
                4 | 7 => quiet("x"),
                _ => Value::Null,
            };
            let receipt = discord.interact(&interaction);
            let heard = respond(&discord, &receipt, &json!({"type": kind, "data": data})).await;
            let expected = if allowed.contains(&kind) { 204 } else { 400 };
            assert_eq!(
                heard.status, expected,
                "{kind} to {interaction:?}: {}",
                heard.text
            );
        }
    }
}

#[tokio::test]
async fn answers_come_back_when_asked_for() {
    let discord = discord().await;
    let receipt = echo(&discord);
    let route = format!(
        "POST /interactions/{}/{}/callback?with_response=true",
        receipt.id(),
        receipt.token()
    );
    let heard = send(
        &discord,
        &route,
        &json!({"type": 4, "data": quiet("hello")}),
    )
    .await;
    assert_eq!(heard.status, 200);
    assert_eq!(heard.json()["resource"]["message"]["content"], "hello");

    // The first follow-up to a deferral fills the deferred message, and keeps it private.
    let deferred = echo(&discord);
    let defer = json!({"type": 5, "data": {"flags": 64}});
    assert_eq!(respond(&discord, &deferred, &defer).await.status, 204);
    let posted = send(&discord, &webhook("POST", &deferred, ""), &quiet("first")).await;
    let original = deferred.message().await;
    assert_eq!(posted.json()["id"], original.id().to_string());
    assert!(original.is_private());
    let delete = webhook("DELETE", &deferred, "/messages/@original");
    assert_eq!(send(&discord, &delete, &Value::Null).await.status, 204);
    let get = webhook("GET", &deferred, "/messages/@original");
    assert_eq!(
        verdict(&send(&discord, &get, &Value::Null).await),
        (404, Some(10008))
    );
}

/// Sends one body as a new message and expects these fields to be at fault.
async fn check_message(discord: &Fake, body: Value, faulty: &[&str]) {
    let route = format!("POST /channels/{CHANNEL}/messages");
    let heard = send(discord, &route, &body).await;
    let errors = &heard.json()["errors"];
    for field in faulty {
        assert_eq!(heard.code(), Some(50035), "{body} got {}", heard.text);
        assert!(
            !errors[field].is_null(),
            "{field} is not at fault in {}",
            heard.text
        );
    }
    if faulty.is_empty() {
        assert_eq!(heard.status, 200, "{body} got {}", heard.text);
    }
}

fn row(parts: Vec<Value>) -> Value {
    json!({"content": "x", "components": [{"type": 1, "components": parts}]})
}

fn button(id: usize) -> Value {
    json!({"type": 2, "style": 2, "label": "b", "custom_id": format!("b{id}")})
}

#[tokio::test]
async fn messages_keep_discords_limits() {
    let discord = discord().await;
    let long = |n| "x".repeat(n);
    let embed = |embed: Value| json!({"embeds": [embed]});
    let field = json!({"name": "n", "value": "v"});
    check_message(&discord, json!({"content": long(2000)}), &[]).await;
    check_message(&discord, json!({"content": long(2001)}), &["content"]).await;
    check_message(&discord, embed(json!({"description": long(4096)})), &[]).await;
    check_message(
        &discord,
        embed(json!({"description": long(4097)})),
        &["embeds"],
    )
    .await;
    check_message(&discord, embed(json!({"title": long(257)})), &["embeds"]).await;
    check_message(
        &discord,
        embed(json!({"footer": {"text": long(2049)}})),
        &["embeds"],
    )
    .await;
    check_message(&discord, embed(json!({"fields": vec![&field; 25]})), &[]).await;
    check_message(
        &discord,
        embed(json!({"fields": vec![&field; 26]})),
        &["embeds"],
    )
    .await;
    check_message(
        &discord,
        embed(json!({"title": "t", "url": "note.md"})),
        &["embeds"],
    )
    .await;
    let two = json!([{"description": long(4000)}, {"description": long(2001)}]);
    check_message(&discord, json!({"embeds": two}), &["embeds"]).await;
    check_message(&discord, json!({"embeds": ["no object"]}), &["embeds"]).await;
    check_message(
        &discord,
        json!({"content": "x", "nonce": long(26)}),
        &["nonce"],
    )
    .await;
    check_message(&discord, json!({"content": "x", "flags": 64}), &["flags"]).await;
    let both = json!({"parse": ["users"], "users": ["1"]});
    let body = json!({"content": "x", "allowed_mentions": both});
    check_message(&discord, body, &["allowed_mentions"]).await;
    let route = format!("POST /channels/{CHANNEL}/messages");
    let blank = send(&discord, &route, &json!({"content": " "})).await;
    assert_eq!(verdict(&blank), (400, Some(50006)));
}

#[tokio::test]
async fn components_keep_discords_limits() {
    let discord = discord().await;
    let buttons = |n: usize| (0..n).map(button).collect::<Vec<_>>();
    let faulty = &["components"];
    check_message(&discord, row(buttons(5)), &[]).await;
    check_message(&discord, row(buttons(6)), faulty).await;
    check_message(&discord, row(vec![]), faulty).await;
    check_message(&discord, row(vec![button(1), button(1)]), faulty).await;
    check_message(
        &discord,
        json!({"content": "x", "components": [button(1)]}),
        faulty,
    )
    .await;
    let rows: Vec<Value> = (0..6)
        .map(|n| json!({"type": 1, "components": [button(n)]}))
        .collect();
    check_message(
        &discord,
        json!({"content": "x", "components": rows}),
        faulty,
    )
    .await;
    let with = |key: &str, value: Value| {
        let mut changed = button(1);
        changed[key] = value;
        row(vec![changed])
    };
    check_message(&discord, with("label", json!("x".repeat(81))), faulty).await;
    check_message(&discord, with("label", json!("")), faulty).await;
    check_message(&discord, with("custom_id", json!("x".repeat(101))), faulty).await;
    check_message(&discord, with("custom_id", json!("")), faulty).await;
    let select = |n: usize, values: fn(usize) -> usize| {
        let option = |n| json!({"label": "o", "value": values(n).to_string()});
        let options: Vec<Value> = (0..n).map(option).collect();
        json!({"type": 3, "custom_id": "s", "options": options})
    };
    check_message(&discord, row(vec![select(25, |n| n)]), &[]).await;
    check_message(&discord, row(vec![select(26, |n| n)]), faulty).await;
    check_message(&discord, row(vec![select(2, |_| 0)]), faulty).await;
    check_message(&discord, row(vec![select(2, |n| n), button(1)]), faulty).await;
}

#[tokio::test]
async fn suggestions_and_forms_keep_discords_limits() {
    let discord = discord().await;
    let choices = |n: usize, name: usize, value: usize| {
        let choice = json!({"name": "n".repeat(name), "value": "v".repeat(value)});
        json!({"type": 8, "data": {"choices": vec![choice; n]}})
    };
    let cases = [
        (choices(25, 100, 100), 204),
        (choices(26, 1, 1), 400),
        (choices(1, 101, 1), 400),
        (choices(1, 0, 1), 400),
        (choices(1, 1, 101), 400),
    ];
    for (body, status) in cases {
        let typing = discord.interact(&Interaction::typing("echo", "text", "h"));
        let heard = respond(&discord, &typing, &body).await;
        assert_eq!(heard.status, status, "{}", heard.text);
    }
    let input = json!({"type": 4, "custom_id": "a", "style": 1, "label": "A"});
    let form = |title: usize, rows: usize| {
        let row = json!({"type": 1, "components": [input]});
        json!({"type": 9, "data": {
            "title": "t".repeat(title), "custom_id": "f", "components": vec![row; rows],
        }})
    };
    for (body, status) in [(form(45, 1), 204), (form(46, 1), 400), (form(1, 6), 400)] {
        let heard = respond(&discord, &echo(&discord), &body).await;
        assert_eq!(heard.status, status, "{}", heard.text);
    }
}

#[tokio::test]
async fn commands_keep_discords_limits() {
    let discord = discord().await;
    let route = format!("POST /applications/{APPLICATION}/commands");
    let option = |n: usize| json!({"name": format!("o{n}"), "description": "d", "type": 3});
    let options = |n: usize| (0..n).map(option).collect::<Vec<_>>();
    let slash = |name: &str, options: Vec<Value>| json!({"name": name, "description": "d", "options": options});
    let mut required = option(2);
    required["required"] = json!(true);
    let mut chatty = options(25);
    for option in &mut chatty {
        let choice = |n: usize| json!({"name": format!("{n:050}"), "value": format!("{n:050}")});
        option["choices"] = (0..4).map(choice).collect();
    }
    let mut torn = option(1);
    torn["autocomplete"] = json!(true);
    torn["choices"] = json!([{"name": "a", "value": "a"}]);
    let cases = [
        (slash("fine", options(25)), 201),
        (slash("fine", options(24)), 200),
        (slash("Not-Lower", vec![]), 400),
        (slash("no blanks", vec![]), 400),
        (slash("twice", vec![option(1), option(1)]), 400),
        (slash("many", options(26)), 400),
        (slash("late", vec![option(1), required]), 400),
        (slash("chatty", chatty), 400),
        (slash("torn", vec![torn]), 400),
        (json!({"name": "mute"}), 400),
        (json!({"name": "Any Name", "type": 3}), 201),
        (
            json!({"name": "Any Name", "type": 3, "description": "d"}),
            400,
        ),
    ];
    for (body, status) in cases {
        let heard = send(&discord, &route, &body).await;
        assert_eq!(heard.status, status, "{body} got {}", heard.text);
    }
    let route = format!("PUT /applications/{APPLICATION}/commands");
    let twice = json!([slash("one", vec![]), slash("one", vec![])]);
    assert_eq!(send(&discord, &route, &twice).await.status, 400);
}

#[tokio::test]
async fn commands_keep_their_ids_while_nothing_changes() {
    let discord = discord().await;
    let route = format!("PUT /applications/{APPLICATION}/commands");
    let before = discord.commands();
    let mut wish = before.clone();
    send(&discord, &route, &json!(wish)).await;
    assert_eq!(discord.commands(), before);
    wish[0]["description"] = json!("Something else");
    send(&discord, &route, &json!(wish)).await;
    let after = discord.commands();
    assert_eq!(after[0]["id"], before[0]["id"]);
    assert_ne!(after[0]["version"], before[0]["version"]);

    let id = before[0]["id"].as_str().expect("an id");
    let one = |method: &str| format!("{method} /applications/{APPLICATION}/commands/{id}");
    let renamed = send(&discord, &one("PATCH"), &json!({"name": "parrot"})).await;
    assert_eq!(renamed.json()["name"], "parrot");
    assert_eq!(
        send(&discord, &one("DELETE"), &Value::Null).await.status,
        204
    );
    let gone = send(&discord, &one("GET"), &Value::Null).await;
    assert_eq!(verdict(&gone), (404, Some(10063)));
}

#[tokio::test]
async fn a_nonce_is_remembered_for_a_while() {
    let discord = discord().await;
    let route = format!("POST /channels/{CHANNEL}/messages");
    let mut body = quiet("today's question");
    body["nonce"] = json!("day-1");
    body["enforce_nonce"] = json!(true);
    let first = send(&discord, &route, &body).await.json()["id"].clone();
    assert_eq!(send(&discord, &route, &body).await.json()["id"], first);
    discord.announced(1).await;
    discord.pass(Duration::from_secs(180));
    assert_ne!(send(&discord, &route, &body).await.json()["id"], first);
    let listed = send(&discord, &route.replace("POST", "GET"), &Value::Null).await;
    assert_eq!(listed.json().as_array().map(Vec::len), Some(2));
}

#[tokio::test]
async fn messages_of_the_channel_are_edited_by_their_author_alone() {
    let discord = discord().await;
    let route = format!("/channels/{CHANNEL}/messages");
    let own = discord.posted_before(&quiet("mine"));
    let others = discord.say(ADA, "not yours");
    let edit = format!("PATCH {route}/{}", own.id());
    assert_eq!(
        send(&discord, &edit, &quiet("changed")).await.json()["content"],
        "changed"
    );
    assert_eq!(
        verdict(&send(&discord, &edit, &quiet("")).await),
        (400, Some(50006))
    );
    let edit = format!("PATCH {route}/{}", others.id());
    assert_eq!(
        verdict(&send(&discord, &edit, &quiet("x")).await),
        (403, Some(50005))
    );
    let newest = send(&discord, &format!("GET {route}?limit=1"), &Value::Null).await;
    assert_eq!(newest.json()[0]["content"], "not yours");
    let delete = format!("DELETE {route}/{}", own.id());
    assert_eq!(send(&discord, &delete, &Value::Null).await.status, 204);
    let get = format!("GET {route}/{}", own.id());
    assert_eq!(
        verdict(&send(&discord, &get, &Value::Null).await),
        (404, Some(10008))
    );

    // What one person alone sees is not in the channel.
    let receipt = echo(&discord);
    let mut whisper = quiet("psst");
    whisper["flags"] = json!(64);
    respond(&discord, &receipt, &json!({"type": 4, "data": whisper})).await;
    let get = format!("GET {route}/{}", receipt.message().await.id());
    assert_eq!(
        verdict(&send(&discord, &get, &Value::Null).await),
        (404, Some(10008))
    );
}

#[tokio::test]
async fn the_house_notices_what_could_ping() {
    let discord = discord().await;
    let route = format!("POST /channels/{CHANNEL}/messages");
    send(&discord, &route, &quiet("nobody")).await;
    assert_eq!(discord.blame(), [""; 0]);
    let pinging = [
        json!({"content": "by default"}),
        json!({"content": "everyone", "allowed_mentions": {"parse": ["everyone"]}}),
        json!({"content": "somebody", "allowed_mentions": {"parse": [], "users": ["1"]}}),
        json!({"content": "you", "allowed_mentions": {"parse": [], "replied_user": true}}),
    ];
    for (n, body) in pinging.iter().enumerate() {
        send(&discord, &route, body).await;
        assert_eq!(discord.blame().len(), n + 1, "{body}");
    }
}

#[tokio::test]
async fn a_disabled_button_cannot_be_pressed() {
    let discord = discord().await;
    let mut dead = button(1);
    dead["disabled"] = json!(true);
    let message = discord.posted_before(&row(vec![dead, button(2)]));
    let states: Vec<bool> = message
        .buttons()
        .iter()
        .map(|button| button.disabled)
        .collect();
    assert_eq!(states, [true, false]);
    let press = |id| {
        let press = Interaction::press(&message, id);
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| discord.interact(&press))).is_ok()
    };
    assert!(press("b2"));
    assert!(!press("b1"));
    assert!(!press("unknown"));
}
