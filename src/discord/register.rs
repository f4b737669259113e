//! Registers the commands, and only when Discord's list is not ours already.

use std::time::Duration;

use serde_json::{Map, Value};
use tracing::{error, info};

use super::commands;
use super::rest::{Rest, RestError};

/// Between two tries: doubles from the first to the last.
const AGAIN_MIN: Duration = Duration::from_secs(30);
const AGAIN_MAX: Duration = Duration::from_secs(1_800);
/// What Discord says about a command that is its own business, not ours.
const NOT_OURS: [&str; 6] = [
    "id",
    "application_id",
    "guild_id",
    "version",
    "dm_permission",
    "handler",
];

/// What became of the commands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Registered {
    /// Discord had them already.
    Already,
    /// They were written.
    Written,
}

/// Registers the commands, again and again until it is done or there is no use in it.
pub(super) async fn keep_trying(rest: &Rest, application: u64) {
    let mut again = AGAIN_MIN;
    loop {
        match register(rest, application).await {
            Ok(Registered::Already) => return info!("the commands are registered already"),
            Ok(Registered::Written) => return info!("the commands are registered"),
            Err(RestError::Refused { status: 401, .. } | RestError::Shut(_))
                if rest.is_bad_token() =>
            {
                return error!("the commands are not registered: Discord refuses the token");
            }
            Err(e) => error!(
                again_s = again.as_secs(),
                error = &e as &dyn std::error::Error,
                "the commands are not registered yet"
            ),
        }
        tokio::time::sleep(again).await;
        again = (again * 2).min(AGAIN_MAX);
    }
}

/// Makes Discord's list of this application's commands ours.
async fn register(rest: &Rest, application: u64) -> Result<Registered, RestError> {
    if is_registered(rest, application).await? {
        return Ok(Registered::Already);
    }
    rest.put_commands(application, &wanted()).await?;
    Ok(Registered::Written)
}

/// Whether Discord's list of this application's commands is ours.
pub(super) async fn is_registered(rest: &Rest, application: u64) -> Result<bool, RestError> {
    let found = rest.commands(application).await?;
    Ok(same(&found, &wanted()))
}

/// The commands in the form in which they are sent: nothing empty in it.
pub(super) fn wanted() -> Value {
    commands::all()
        .iter()
        .map(|command| pruned(serde_json::to_value(command).unwrap_or_default()))
        .collect()
}

/// Whether two lists of commands mean the same.
fn same(one: &Value, other: &Value) -> bool {
    canonical(one) == canonical(other)
}

/// The list in one order, without what is empty or Discord's business.
fn canonical(commands: &Value) -> Vec<Value> {
    let commands = commands.as_array().map(Vec::as_slice).unwrap_or_default();
    let mut commands: Vec<Value> = commands
        .iter()
        .map(|command| {
            let mut command = pruned(command.clone());
            if let Some(command) = command.as_object_mut() {
                command.retain(|key, _| !NOT_OURS.contains(&key.as_str()));
                command.entry("type").or_insert_with(|| 1.into());
                for list in ["contexts", "integration_types"] {
                    if let Some(Value::Array(list)) = command.get_mut(list) {
                        list.sort_by_key(Value::as_u64);
                    }
                }
            }
            command
        })
        .collect();
    commands.sort_by_key(|command| (command["type"].as_u64(), command["name"].to_string()));
    commands
}

/// The value without members that say nothing: null, false, empty texts, lists and maps.
fn pruned(value: Value) -> Value {
    match value {
        Value::Object(members) => Value::Object(
            members
                .into_iter()
                .map(|(key, value)| (key, pruned(value)))
                .filter(|(_, value)| !says_nothing(value))
                .collect::<Map<_, _>>(),
        ),
        Value::Array(items) => Value::Array(items.into_iter().map(pruned).collect()),
        other => other,
    }
}

fn says_nothing(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.is_empty(),
        Value::Bool(true) | Value::Number(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// The list as Discord gives it back: in another order, with its own members and defaults.
    fn as_discord_says_it() -> Value {
        let Value::Array(mut commands) = wanted() else {
            panic!("a list");
        };
        commands.reverse();
        for (n, command) in commands.iter_mut().enumerate() {
            let command = command.as_object_mut().unwrap();
            let theirs = json!({
                "id": n.to_string(), "application_id": "1", "version": "7", "nsfw": false,
                "dm_permission": true, "name_localizations": null, "description_localizations": {},
            });
            command.extend(theirs.as_object().unwrap().clone());
            command["contexts"].as_array_mut().unwrap().reverse();
            command
                .entry("default_member_permissions")
                .or_insert(Value::Null);
            command.entry("description").or_insert_with(|| json!(""));
        }
        Value::Array(commands)
    }

    #[test]
    fn the_same_commands_in_discords_words_are_the_same() {
        assert!(same(&as_discord_says_it(), &wanted()));
    }

    #[test]
    fn a_changed_a_missing_and_an_extra_command_differ() {
        let mut changed = as_discord_says_it();
        changed[0]["options"] = json!([]);
        changed[3]["description"] = json!("Something else");
        let mut missing = as_discord_says_it();
        missing.as_array_mut().unwrap().pop();
        let mut extra = as_discord_says_it();
        extra
            .as_array_mut()
            .unwrap()
            .push(json!({ "name": "old", "type": 1, "description": "x" }));
        let mut other_option = as_discord_says_it();
        let ask = other_option
            .as_array_mut()
            .unwrap()
            .iter_mut()
            .find(|command| command["name"] == "ask")
            .unwrap();
        ask["options"].as_array_mut().unwrap().swap(0, 2);
        for other in [
            changed,
            missing,
            extra,
            other_option,
            json!([]),
            json!(null),
        ] {
            assert!(!same(&other, &wanted()));
        }
    }
}
