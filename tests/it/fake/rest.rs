//! The REST side: which route does what, and what it refuses.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::cast::{
    self, ADA, APPLICATION, BEN, CHANNEL, DIRECT, ELSEWHERE, ELSEWHERES, GUILD, N_OTHERS, OTHERS,
};
use super::messages::{self, LOADING};
use super::refusal::{Flaw, Refusal};
use super::rules::{self, EPHEMERAL};
use super::world::State;

/// The first response is due within this time.
const RESPONSE_MS: i64 = 3_000;
/// Edits and follow-ups are taken for this long.
const TOKEN_MS: i64 = 15 * 60_000;
/// For how long a channel remembers a nonce.
const NONCE_MS: i64 = 120_000;
/// Permissions: who lacks the first may not post, who lacks the second is shown no history.
const SEND_MESSAGES: u64 = 1 << 11;
const READ_MESSAGE_HISTORY: u64 = 1 << 16;

/// A request as the API sees it.
pub(crate) struct Request<'a> {
    pub(crate) host: &'a str,
    pub(crate) method: &'a str,
    /// The path's segments after `/api/v10`.
    pub(crate) path: &'a [&'a str],
    pub(crate) query: &'a BTreeMap<String, String>,
    pub(crate) body: &'a Value,
    pub(crate) n_files: usize,
}

type Answer = Result<(u16, Value), Refusal>;

/// Whether a route asks for the bot's token; interaction tokens speak for themselves.
pub(crate) fn needs_token(path: &[&str]) -> bool {
    !matches!(path.first(), Some(&("interactions" | "webhooks")))
}

/// Does what a request asks for.
pub(crate) fn answer(state: &mut State, request: &Request<'_>) -> Answer {
    match (request.method, request.path) {
        ("GET", ["gateway"]) => Ok((200, json!({"url": format!("ws://{}/gw", request.host)}))),
        ("GET", ["gateway", "bot"]) => Ok((
            200,
            json!({
                "url": format!("ws://{}/gw", request.host), "shards": 1,
                "session_start_limit": {
                    "total": 1000, "remaining": state.gateway.settings.n_starts_left,
                    "reset_after": 14_400_000, "max_concurrency": 1,
                },
            }),
        )),
        ("GET", ["users", "@me"]) => Ok((200, cast::me())),
        ("GET", ["users", "@me", "guilds"]) => guilds(state, request),
        ("GET", ["applications", "@me"] | ["oauth2", "applications", "@me"]) => {
            Ok((200, cast::application()))
        }
        (_, ["applications", app, "commands", rest @ ..]) => {
            commands(state, request, app, None, rest)
        }
        (_, ["applications", app, "guilds", guild, "commands", rest @ ..]) => {
            commands(state, request, app, Some(guild), rest)
        }
        ("POST", ["interactions", id, token, "callback"]) => callback(state, request, id, token),
        (_, ["webhooks", app, token, rest @ ..]) => webhook(state, request, app, token, rest),
        ("POST", ["users", "@me", "channels"]) => open_direct(request),
        ("GET", ["guilds", guild, rest @ ..]) => in_guild(state, guild, rest),
        (_, ["channels", id, rest @ ..]) => channel(state, request, id, rest),
        _ => Err(Refusal::no_such_route()),
    }
}

/// A page of the servers that the bot is in, by their numbers.
fn guilds(state: &State, request: &Request<'_>) -> Answer {
    let number = |key: &str| request.query.get(key).and_then(|text| text.parse().ok());
    let limit = number("limit").unwrap_or(200);
    if !(1..=200).contains(&limit) {
        let flaw = Flaw::new("limit", "Must be between 1 and 200.");
        return Err(Refusal::invalid_form(vec![flaw]));
    }
    let after = number("after").unwrap_or(0);
    let elsewhere = ELSEWHERES..ELSEWHERES + state.n_elsewhere;
    let all = elsewhere.chain((!state.is_removed).then_some(GUILD));
    let page = all.filter(|id| *id > after).map(cast::partial_guild);
    let limit = usize::try_from(limit).unwrap_or(200);
    Ok((200, page.take(limit).collect()))
}

fn commands(
    state: &mut State,
    request: &Request<'_>,
    application: &str,
    guild: Option<&str>,
    rest: &[&str],
) -> Answer {
    if application != APPLICATION.to_string() {
        return Err(Refusal::other_application());
    }
    let guild = guild.map(|id| id.parse::<u64>().unwrap_or_default());
    if guild.is_some_and(|id| id != GUILD) {
        return Err(Refusal::unknown_guild());
    }
    let kept = state.commands.entry(guild).or_default().clone();
    let place = |id: &str| {
        let found = kept.iter().position(|command| command["id"] == json!(id));
        found.ok_or_else(Refusal::unknown_command)
    };
    let namesake = |wish: &Value| {
        let kind = wish["type"].as_u64().unwrap_or(1);
        let same = |old: &&Value| old["name"] == wish["name"] && old["type"] == json!(kind);
        kept.iter().find(same)
    };
    let (status, list, shown) = match (request.method, rest) {
        ("GET", []) => (200, kept.clone(), json!(kept)),
        ("PUT", []) => {
            let Some(list) = request.body.as_array() else {
                return Err(Refusal::invalid_form(vec![Flaw::new(
                    "",
                    "a list is required",
                )]));
            };
            accept(rules::commands(list))?;
            let list: Vec<Value> = list
                .iter()
                .map(|wish| registered(state, wish, guild, namesake(wish)))
                .collect();
            (200, list.clone(), json!(list))
        }
        ("POST", []) => {
            accept(rules::commands(std::slice::from_ref(request.body)))?;
            let command = registered(state, request.body, guild, namesake(request.body));
            let mut list = kept.clone();
            list.retain(|old| old["id"] != command["id"]);
            let status = if list.len() == kept.len() { 201 } else { 200 };
            list.push(command.clone());
            (status, list, command)
        }
        ("GET", [id]) => (200, kept.clone(), kept[place(id)?].clone()),
        ("PATCH", [id]) => {
            let n = place(id)?;
            let mut wish = kept[n].clone();
            for (key, value) in request.body.as_object().into_iter().flatten() {
                wish[key] = value.clone();
            }
            accept(rules::commands(std::slice::from_ref(&wish)))?;
            let mut list = kept.clone();
            list[n] = registered(state, &wish, guild, Some(&kept[n]));
            (200, list.clone(), list[n].clone())
        }
        ("DELETE", [id]) => {
            let mut list = kept.clone();
            list.remove(place(id)?);
            (204, list, Value::Null)
        }
        (_, [] | [_]) => return Err(Refusal::wrong_method()),
        _ => return Err(Refusal::no_such_route()),
    };
    state.commands.insert(guild, list);
    Ok((status, shown))
}

fn accept(flaws: Vec<Flaw>) -> Result<(), Refusal> {
    if flaws.is_empty() {
        Ok(())
    } else {
        Err(Refusal::invalid_form(flaws))
    }
}

/// A command as Discord keeps it: defaults filled in, empty members left out, the id of an earlier
/// one that it replaces, and that one's version where nothing has changed.
fn registered(
    state: &mut State,
    wish: &Value,
    guild: Option<u64>,
    earlier: Option<&Value>,
) -> Value {
    let mut command = json!({
        "application_id": APPLICATION.to_string(), "type": 1, "description": "", "nsfw": false,
        "default_member_permissions": null, "name_localizations": null,
        "description_localizations": null, "integration_types": [0], "contexts": null,
    });
    for (key, value) in wish.as_object().into_iter().flatten() {
        let is_empty = value.is_null()
            || value.as_array().is_some_and(Vec::is_empty)
            || value.as_object().is_some_and(Map::is_empty);
        if key == "options" && !is_empty {
            command[key] = without_defaults(value.clone());
        } else if !is_empty {
            command[key] = value.clone();
        }
    }
    match guild {
        Some(id) => command["guild_id"] = json!(id.to_string()),
        None => command["dm_permission"] = json!(true),
    }
    let fresh = json!(state.clock.id().to_string());
    command["id"] = earlier.map_or(fresh, |old| old["id"].clone());
    command["version"] = earlier.map_or(Value::Null, |old| old["version"].clone());
    if earlier != Some(&command) {
        command["version"] = json!(state.clock.id().to_string());
    }
    command
}

/// Options without what is null, false or empty, which Discord does not give back.
fn without_defaults(mut options: Value) -> Value {
    for option in options
        .as_array_mut()
        .into_iter()
        .flatten()
        .filter_map(Value::as_object_mut)
    {
        option.retain(|_, value| {
            let is_empty = value.as_array().is_some_and(Vec::is_empty)
                || value.as_object().is_some_and(Map::is_empty);
            !(value.is_null() || *value == json!(false) || is_empty)
        });
        if let Some(inner) = option.get_mut("options") {
            *inner = without_defaults(inner.take());
        }
    }
    options
}

fn callback(state: &mut State, request: &Request<'_>, id: &str, token: &str) -> Answer {
    let now = state.clock.now_ms();
    let id = id.parse::<u64>().unwrap_or_default();
    let asked = match state.interactions.get(&id) {
        Some(asked) if asked.token == token => asked,
        _ => return Err(Refusal::unknown_interaction()),
    };
    if asked.response.is_some() {
        return Err(Refusal::already_acknowledged());
    }
    if now - asked.at_ms > RESPONSE_MS {
        return Err(Refusal::unknown_interaction());
    }
    let (kind, source) = (asked.kind, asked.source);
    accept(rules::response(kind, source.is_some(), request.body))?;
    let data = &request.body["data"];
    accept(rules::files(data, "data.", request.n_files))?;
    let answer = request.body["type"].as_u64().unwrap_or_default();
    let message = match answer {
        4 => {
            mind_the_house(state, request, data);
            Some(state.post_response(id, data)?)
        }
        5 => {
            let flags = LOADING | (data["flags"].as_u64().unwrap_or_default() & EPHEMERAL);
            Some(state.post_response(id, &json!({"flags": flags}))?)
        }
        7 => {
            mind_the_house(state, request, data);
            Some(state.edit(source.unwrap_or_default(), data)?)
        }
        _ => source
            .filter(|_| answer == 6)
            .and_then(|id| state.messages.get(&id).cloned()),
    };
    let original = message
        .as_ref()
        .map(|message| messages::number(&message["id"]));
    if let Some(asked) = state.interactions.get_mut(&id) {
        asked.response = Some(request.body.clone());
        asked.original = original;
    }
    if request.query.get("with_response").map(String::as_str) != Some("true") {
        return Ok((204, Value::Null));
    }
    let mut shown = json!({"interaction": {"id": id.to_string(), "type": kind}});
    if let Some(message) = message {
        shown["interaction"]["response_message_id"] = message["id"].clone();
        shown["interaction"]["response_message_loading"] = json!(answer == 5);
        let ephemeral = messages::flags(&message) & EPHEMERAL != 0;
        shown["interaction"]["response_message_ephemeral"] = json!(ephemeral);
        if matches!(answer, 4 | 7) {
            shown["resource"] = json!({"type": answer, "message": message});
        }
    }
    Ok((200, shown))
}

fn webhook(
    state: &mut State,
    request: &Request<'_>,
    application: &str,
    token: &str,
    rest: &[&str],
) -> Answer {
    let now = state.clock.now_ms();
    let asked = state
        .interactions
        .iter()
        .find(|(_, asked)| asked.token == token);
    let Some((&id, asked)) = asked.filter(|_| application == APPLICATION.to_string()) else {
        return Err(Refusal::unknown_webhook());
    };
    if now - asked.at_ms > TOKEN_MS {
        return Err(Refusal::expired_token());
    }
    if asked.response.is_none() {
        return Err(Refusal::unknown_webhook());
    }
    let original = asked
        .original
        .filter(|original| state.messages.contains_key(original));
    let followups = asked.followups.clone();
    let message = |which: &str| {
        let found = match which {
            "@original" => original,
            id => id
                .parse()
                .ok()
                .filter(|id| original == Some(*id) || followups.contains(id)),
        };
        found.ok_or_else(Refusal::unknown_message)
    };
    match (request.method, rest) {
        ("POST", []) => {
            accept(rules::message(request.body, "", true))?;
            accept(rules::files(request.body, "", request.n_files))?;
            let loading = original.filter(|id| messages::flags(&state.messages[id]) & LOADING != 0);
            let posted = match loading {
                Some(original) => state.edit(original, request.body)?,
                None => state.post_response(id, request.body)?,
            };
            mind_the_house(state, request, request.body);
            if let (None, Some(asked)) = (loading, state.interactions.get_mut(&id)) {
                asked.followups.push(messages::number(&posted["id"]));
            }
            Ok((200, posted))
        }
        ("GET", ["messages", which]) => {
            let message = state.messages.get(&message(which)?).cloned();
            message
                .map(|message| (200, message))
                .ok_or_else(Refusal::unknown_message)
        }
        ("PATCH", ["messages", which]) => {
            let message = message(which)?;
            accept(rules::message(request.body, "", false))?;
            let edited = state.edit(message, request.body)?;
            mind_the_house(state, request, request.body);
            Ok((200, edited))
        }
        ("DELETE", ["messages", which]) => {
            state.messages.remove(&message(which)?);
            Ok((204, Value::Null))
        }
        (_, [] | ["messages", _]) => Err(Refusal::wrong_method()),
        _ => Err(Refusal::no_such_route()),
    }
}

fn open_direct(request: &Request<'_>) -> Answer {
    let id = messages::number(&request.body["recipient_id"]);
    let person = [ADA, BEN].into_iter().find(|person| person.id == id);
    let person = person.ok_or_else(Refusal::unknown_user)?;
    Ok((200, cast::direct(person)))
}

fn in_guild(state: &State, guild: &str, rest: &[&str]) -> Answer {
    if guild != GUILD.to_string() {
        return Err(Refusal::unknown_guild());
    }
    match rest {
        ["roles"] => Ok((200, cast::guild()["roles"].clone())),
        ["members", id] => {
            let id = id.parse::<u64>().unwrap_or_default();
            if id == APPLICATION {
                return Ok((200, cast::bot_member()));
            }
            let mut people = [ADA, BEN].into_iter();
            let person = people.find(|person| person.id == id && !state.left.contains(&id));
            let mut member = cast::member(person.ok_or_else(Refusal::unknown_member)?);
            // Only interactions say what a member may do.
            member
                .as_object_mut()
                .map(|member| member.remove("permissions"));
            Ok((200, member))
        }
        _ => Err(Refusal::no_such_route()),
    }
}

/// A channel of the server as it is now.
fn described(state: &State, channel: u64) -> Value {
    let mut described = cast::channel();
    described["id"] = json!(channel.to_string());
    described["permission_overwrites"] = json!([{
        "id": GUILD.to_string(), "type": 0, "allow": "0", "deny": state.denied.to_string(),
    }]);
    described
}

fn open_thread(state: &mut State, channel: u64, message: u64, body: &Value) -> Answer {
    let name = body["name"].as_str().unwrap_or_default();
    if !(1..=100).contains(&name.chars().count()) {
        let flaw = Flaw::new("name", "Must be between 1 and 100 in length.");
        return Err(Refusal::invalid_form(vec![flaw]));
    }
    let minutes = body["auto_archive_duration"].as_u64();
    if !matches!(minutes, None | Some(60 | 1_440 | 4_320 | 10_080)) {
        let flaw = Flaw::new("auto_archive_duration", "not one of the documented values");
        return Err(Refusal::invalid_form(vec![flaw]));
    }
    if state.threads.contains_key(&message) {
        return Err(Refusal::has_thread());
    }
    let thread = cast::thread(channel, message, body, state.clock.now_ms());
    state.threads.insert(message, thread.clone());
    Ok((201, thread))
}

fn channel(state: &mut State, request: &Request<'_>, id: &str, rest: &[&str]) -> Answer {
    let channel = id.parse::<u64>().unwrap_or_default();
    let is_other = (OTHERS..OTHERS + N_OTHERS).contains(&channel);
    if ![CHANNEL, DIRECT, ELSEWHERE].contains(&channel) && !is_other {
        return Err(Refusal::unknown_channel());
    }
    let is_hidden = channel != DIRECT && state.denied & READ_MESSAGE_HISTORY != 0;
    // What one person alone sees can be reached by the interaction's token alone.
    let visible = |message: &Value| {
        message["channel_id"] == json!(id) && messages::flags(message) & EPHEMERAL == 0
    };
    let find = |state: &State, which: &str| {
        let which = which.parse::<u64>().unwrap_or_default();
        let found = state
            .messages
            .get(&which)
            .filter(|message| visible(message));
        found
            .map(|message| (which, message.clone()))
            .ok_or_else(Refusal::unknown_message)
    };
    match (request.method, rest) {
        ("GET", []) if channel == DIRECT => Ok((200, cast::direct(ADA))),
        ("GET", []) => Ok((200, described(state, channel))),
        ("GET", ["messages"]) if is_hidden => Ok((200, json!([]))),
        ("GET", ["messages"]) => {
            let bound = |key: &str| request.query.get(key).and_then(|id| id.parse::<u64>().ok());
            let limit = bound("limit").unwrap_or(50).clamp(1, 100);
            let (after, before) = (bound("after"), bound("before"));
            let listed = state.messages.iter().rev().filter(|(id, message)| {
                visible(message)
                    && after.is_none_or(|after| **id > after)
                    && before.is_none_or(|before| **id < before)
            });
            let mut page: Vec<&Value> = listed.map(|(_, message)| message).collect();
            let limit = usize::try_from(limit).unwrap_or(100);
            if after.is_some() {
                // Those that follow closest, the newest first all the same.
                page.drain(..page.len().saturating_sub(limit));
            }
            page.truncate(limit);
            Ok((200, json!(page)))
        }
        ("GET", ["messages", which]) => Ok((200, find(state, which)?.1)),
        ("POST", ["messages"]) if channel == DIRECT && state.is_unwilling => {
            Err(Refusal::no_messages_to_this_user())
        }
        ("POST", ["messages"]) if channel != DIRECT && state.denied & SEND_MESSAGES != 0 => {
            Err(Refusal::missing_permissions())
        }
        ("POST", ["messages"]) => create_message(state, request, channel),
        ("POST", ["messages", which, "threads"]) => {
            let (message, _) = find(state, which)?;
            open_thread(state, channel, message, request.body)
        }
        ("PATCH", ["messages", which]) => {
            let (id, message) = find(state, which)?;
            if messages::number(&message["author"]["id"]) != APPLICATION {
                return Err(Refusal::not_the_author());
            }
            accept(rules::message(request.body, "", false))?;
            accept(rules::files(request.body, "", request.n_files))?;
            mind_the_house(state, request, request.body);
            Ok((200, state.edit(id, request.body)?))
        }
        ("DELETE", ["messages", which]) => {
            let (id, _) = find(state, which)?;
            state.messages.remove(&id);
            Ok((204, Value::Null))
        }
        (_, ["messages"] | ["messages", _]) => Err(Refusal::wrong_method()),
        _ => Err(Refusal::no_such_route()),
    }
}

fn create_message(state: &mut State, request: &Request<'_>, channel: u64) -> Answer {
    let body = request.body;
    accept(rules::message(body, "", false))?;
    accept(rules::files(body, "", request.n_files))?;
    if rules::is_empty(body) && request.n_files == 0 {
        return Err(Refusal::empty_message());
    }
    mind_the_house(state, request, body);
    let now = state.clock.now_ms();
    state.nonces.retain(|(_, _, _, at)| now - at < NONCE_MS);
    if body["enforce_nonce"] == json!(true) {
        let known = state
            .nonces
            .iter()
            .find(|(c, n, _, _)| *c == channel && *n == body["nonce"]);
        if let Some((_, _, id, _)) = known {
            state.n_repeated += 1;
            let message = state.messages.get(id).cloned();
            return message
                .map(|message| (200, message))
                .ok_or_else(Refusal::unknown_message);
        }
    }
    let message = state.post(channel, cast::bot(), body);
    if !body["nonce"].is_null() {
        let id = messages::number(&message["id"]);
        state.nonces.push((channel, body["nonce"].clone(), id, now));
    }
    Ok((200, message))
}

/// Notes what Discord would let pass and the house does not.
fn mind_the_house(state: &mut State, request: &Request<'_>, message: &Value) {
    if let Some(violation) = rules::house(message) {
        let route = format!("{} /{}", request.method, request.path.join("/"));
        state.violations.push(format!("{route}: {violation}"));
    }
}
