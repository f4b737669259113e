//! What people do in the chat, as Discord tells the bot.

use serde_json::{Map, Value, json};

use super::cast::{self, ADA, APPLICATION, CHANNEL, DIRECT, GUILD, Person};
use super::messages::Posted;
use super::world::{Asked, State};

/// Something a person does.
#[derive(Clone, Debug)]
pub(crate) struct Interaction {
    act: Act,
    person: Person,
    direct: bool,
    /// How often the event is delivered.
    pub(crate) n_deliveries: usize,
    missing: Vec<&'static str>,
    /// What the person may do, where that is not what the person usually may.
    permissions: Option<u64>,
}

#[derive(Clone, Debug)]
enum Act {
    Slash {
        name: String,
        options: Vec<(String, Value)>,
        focused: Option<String>,
    },
    OnMessage {
        name: String,
        message: u64,
    },
    Component {
        message: u64,
        custom_id: String,
        values: Option<Vec<String>>,
    },
    Submit {
        modal: Value,
        fields: Vec<(String, String)>,
        message: Option<u64>,
    },
}

impl Interaction {
    fn new(act: Act) -> Self {
        Self {
            act,
            person: ADA,
            direct: false,
            n_deliveries: 1,
            missing: Vec::new(),
            permissions: None,
        }
    }

    /// A slash command; a subcommand's name follows after a space.
    pub(crate) fn slash(name: &str) -> Self {
        let name = name.to_owned();
        Self::new(Act::Slash {
            name,
            options: Vec::new(),
            focused: None,
        })
    }

    /// Half a slash command: the person is typing into this option.
    pub(crate) fn typing(name: &str, option: &str, so_far: &str) -> Self {
        let name = name.to_owned();
        let options = vec![(option.to_owned(), json!(so_far))];
        Self::new(Act::Slash {
            name,
            options,
            focused: Some(option.to_owned()),
        })
    }

    /// A command from a message's menu.
    pub(crate) fn on_message(name: &str, message: &Posted) -> Self {
        Self::new(Act::OnMessage {
            name: name.to_owned(),
            message: message.id(),
        })
    }

    /// A press of a button.
    pub(crate) fn press(message: &Posted, custom_id: &str) -> Self {
        let custom_id = custom_id.to_owned();
        Self::new(Act::Component {
            message: message.id(),
            custom_id,
            values: None,
        })
    }

    /// A choice in a select.
    pub(crate) fn pick(message: &Posted, custom_id: &str, values: &[&str]) -> Self {
        let values = Some(values.iter().map(|&value| value.to_owned()).collect());
        let custom_id = custom_id.to_owned();
        Self::new(Act::Component {
            message: message.id(),
            custom_id,
            values,
        })
    }

    /// A modal sent off, with these texts in its fields; `modal` is what the bot had shown.
    pub(crate) fn submit(modal: &Value, fields: &[(&str, &str)]) -> Self {
        let owned = |&(id, text): &(&str, &str)| (id.to_owned(), text.to_owned());
        let fields = fields.iter().map(owned).collect();
        Self::new(Act::Submit {
            modal: modal.clone(),
            fields,
            message: None,
        })
    }

    /// A value for an option of the slash command.
    pub(crate) fn option(mut self, name: &str, value: impl Into<Value>) -> Self {
        match &mut self.act {
            Act::Slash { options, .. } => options.push((name.to_owned(), value.into())),
            other => panic!("no options in {other:?}"),
        }
        self
    }

    /// The modal was shown by a component of this message.
    pub(crate) fn from(mut self, from: &Posted) -> Self {
        match &mut self.act {
            Act::Submit { message, .. } => *message = Some(from.id()),
            other => panic!("no modal in {other:?}"),
        }
        self
    }

    /// Somebody else does it.
    pub(crate) fn by(mut self, person: Person) -> Self {
        self.person = person;
        self
    }

    /// The person may do this at the moment, as bits, and nothing else.
    pub(crate) fn may(mut self, permissions: u64) -> Self {
        self.permissions = Some(permissions);
        self
    }

    /// In a direct message.
    pub(crate) fn directly(mut self) -> Self {
        self.direct = true;
        self
    }

    /// The gateway delivers the event twice.
    pub(crate) fn twice(mut self) -> Self {
        self.n_deliveries = 2;
        self
    }

    /// The event lacks this field.
    pub(crate) fn without(mut self, field: &'static str) -> Self {
        self.missing.push(field);
        self
    }
}

impl State {
    /// Takes in what a person does: the interaction's id and the event.
    ///
    /// Panics where Discord would not let a person do it: an unknown command, an option that the
    /// command lacks, a button that the message does not carry.
    pub(crate) fn take_in(&mut self, interaction: &Interaction) -> (u64, Value) {
        let id = self.clock.id();
        let (kind, data, name, source) = match &interaction.act {
            Act::Slash {
                name,
                options,
                focused,
            } => {
                let kind = if focused.is_some() { 4 } else { 2 };
                let (top, below) = match name.split_once(' ') {
                    Some((top, below)) => (top, Some(below)),
                    None => (name.as_str(), None),
                };
                let command = self.command(1, top);
                let options = match below {
                    None => json!(filled(&command, options, focused.as_deref())),
                    Some(below) => {
                        let subs = command["options"].as_array();
                        let mut subs = subs.into_iter().flatten();
                        let sub = subs.find(|sub| sub["name"] == json!(below));
                        let sub = sub.unwrap_or_else(|| panic!("no subcommand {name:?}"));
                        let options = filled(sub, options, focused.as_deref());
                        json!([{ "name": below, "type": 1, "options": options }])
                    }
                };
                let data = json!({
                    "id": command["id"], "name": top, "type": 1, "options": options,
                });
                (kind, data, Some(name.clone()), None)
            }
            Act::OnMessage { name, message } => {
                let command = self.command(3, name);
                let target = self
                    .messages
                    .get(message)
                    .cloned()
                    .expect("the message is there");
                let data = json!({
                    "id": command["id"], "name": name, "type": 3,
                    "target_id": message.to_string(),
                    "resolved": {"messages": {message.to_string(): target}},
                });
                (2, data, Some(name.clone()), None)
            }
            Act::Component {
                message,
                custom_id,
                values,
            } => {
                let carrier = self.messages.get(message).expect("the message is there");
                let component = find(&carrier["components"], custom_id);
                let component = component.unwrap_or_else(|| panic!("no {custom_id:?} to press"));
                assert_ne!(
                    component["disabled"],
                    json!(true),
                    "{custom_id:?} is disabled"
                );
                let mut data = json!({
                    "custom_id": custom_id, "component_type": component["type"],
                    "id": component["id"],
                });
                if let Some(values) = values {
                    data["values"] = json!(values);
                }
                (3, data, None, Some(*message))
            }
            Act::Submit {
                modal,
                fields,
                message,
            } => (5, sent(modal, fields), None, *message),
        };
        let mut event = self.event(id, kind, interaction);
        event["data"] = data;
        if let Some(message) = source.and_then(|source| self.messages.get(&source)) {
            event["message"] = message.clone();
        }
        for field in &interaction.missing {
            event.as_object_mut().and_then(|event| event.remove(*field));
        }
        let asked = Asked {
            token: event["token"].as_str().unwrap_or_default().to_owned(),
            kind,
            name,
            at_ms: self.clock.now_ms(),
            person: interaction.person,
            channel: if interaction.direct { DIRECT } else { CHANNEL },
            source,
            response: None,
            original: None,
            followups: Vec::new(),
        };
        self.interactions.insert(id, asked);
        (id, event)
    }

    fn command(&self, kind: u8, name: &str) -> Value {
        let known = self.commands.values().flatten();
        let mut found = known.filter(|c| c["name"] == json!(name) && c["type"] == json!(kind));
        found
            .next()
            .cloned()
            .unwrap_or_else(|| panic!("no command {name:?} is registered"))
    }

    /// All that an interaction has whatever its type.
    fn event(&self, id: u64, kind: u8, interaction: &Interaction) -> Value {
        let guild = (!interaction.direct).then_some(GUILD);
        let channel = cast::channel_in_brief(guild);
        let mut event = json!({
            "id": id.to_string(), "application_id": APPLICATION.to_string(), "type": kind,
            "token": format!("aW50ZXJhY3Rpb24{id}X{:040x}", id.wrapping_mul(0x9E37_79B9_7F4A_7C15)),
            "version": 1, "channel_id": channel["id"], "channel": channel,
            "app_permissions": "2248473465835073", "locale": "en-US", "entitlements": [],
            "entitlement_sku_ids": [], "attachment_size_limit": 10_485_760,
        });
        match guild {
            Some(guild) => {
                event["guild_id"] = json!(guild.to_string());
                event["guild"] =
                    json!({"id": guild.to_string(), "features": [], "locale": "en-US"});
                event["guild_locale"] = json!("en-US");
                event["member"] = cast::member(interaction.person);
                if let Some(permissions) = interaction.permissions {
                    event["member"]["permissions"] = json!(permissions.to_string());
                }
                event["authorizing_integration_owners"] = json!({"0": guild.to_string()});
                event["context"] = json!(0);
            }
            None => {
                event["user"] = cast::user(interaction.person);
                event["authorizing_integration_owners"] = json!({"0": "0"});
                event["context"] = json!(1);
            }
        }
        event
    }
}

/// The options that a person has filled in, each checked against its definition.
fn filled(command: &Value, options: &[(String, Value)], focused: Option<&str>) -> Vec<Value> {
    let defined: Vec<&Value> = command["options"]
        .as_array()
        .into_iter()
        .flatten()
        .collect();
    if focused.is_none() {
        for option in defined
            .iter()
            .filter(|option| option["required"] == json!(true))
        {
            let given = options
                .iter()
                .any(|(name, _)| option["name"] == json!(name));
            assert!(given, "the option {} must be filled in", option["name"]);
        }
    }
    let fill = |(name, value): &(String, Value)| {
        let option = defined.iter().find(|option| option["name"] == json!(name));
        let option = option.unwrap_or_else(|| panic!("no option {name:?} in {command}"));
        let fits = match option["type"].as_u64() {
            Some(3) => value.is_string(),
            Some(4) => value.is_i64() || value.is_string() && focused.is_some(),
            Some(5) => value.is_boolean(),
            _ => true,
        };
        assert!(fits, "{value} does not fit the option {option}");
        let n_chars = value.as_str().map_or(0, |text| text.chars().count() as u64);
        let most = option["max_length"].as_u64().unwrap_or(6_000);
        assert!(
            n_chars <= most,
            "{n_chars} characters do not fit the option {option}"
        );
        let mut filled = json!({"name": name, "type": option["type"], "value": value});
        if focused == Some(name) {
            assert_eq!(
                option["autocomplete"],
                json!(true),
                "{name:?} offers nothing"
            );
            filled["focused"] = json!(true);
        }
        filled
    };
    options.iter().map(fill).collect()
}

/// The component with this `custom_id`, at any depth.
fn find<'a>(components: &'a Value, custom_id: &str) -> Option<&'a Value> {
    components.as_array()?.iter().find_map(|component| {
        let is_it = component["custom_id"] == json!(custom_id);
        if is_it {
            Some(component)
        } else {
            find(&component["components"], custom_id)
        }
    })
}

/// What Discord sends when a modal's fields have been filled in.
fn sent(modal: &Value, fields: &[(String, String)]) -> Value {
    let mut n = 0;
    let rows = modal["components"]
        .as_array()
        .expect("a modal has components")
        .iter()
        .map(|row| {
            n += 2;
            let inputs = row["components"]
                .as_array()
                .into_iter()
                .flatten()
                .map(|input| {
                    let id = &input["custom_id"];
                    let text = fields.iter().find(|(field, _)| *id == json!(field));
                    let text = text.map_or("", |(_, text)| text.as_str());
                    json!({"type": 4, "id": n, "custom_id": id, "value": text})
                });
            json!({"type": 1, "id": n - 1, "components": inputs.collect::<Vec<_>>()})
        });
    let components: Vec<Value> = rows.collect();
    let mut data = Map::new();
    data.insert("custom_id".to_owned(), modal["custom_id"].clone());
    data.insert("components".to_owned(), json!(components));
    Value::Object(data)
}
