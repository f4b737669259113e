//! The commands that Discord is told of, each beside the reading of what people do with it.

use serenity::builder::{CreateCommand, CreateCommandOption};
use serenity::model::application::{
    CommandOptionType, CommandType, InstallationContext, InteractionContext,
};

use super::interaction::{CommandOption, Interaction, Message, ON_MESSAGE, TYPED};
use crate::chat::command::Suggest;
use crate::chat::{QUESTION_MAX, Request};

mod quiz;

const ASK: &str = "ask";
const NOTE: &str = "note";
const TOPICS: &str = "topics";
const ANSWER: &str = "Answer from the notes";

const QUESTION: &str = "question";
const TOPIC: &str = "topic";
const PRIVATE: &str = "private";
const SECTION: &str = "section";

/// Characters of a topic and of a section's name that a person may type, at most.
const TOPIC_MAX: u16 = 100;
const SECTION_MAX: u16 = 300;

/// Every command as it is registered.
pub(super) fn all() -> Vec<CreateCommand> {
    let anywhere = [ask(), note(), topics(), answer()].map(|command| {
        command.contexts(vec![InteractionContext::Guild, InteractionContext::BotDm])
    });
    let in_servers = quiz::all().into_iter();
    let in_servers = in_servers.map(|command| command.contexts(vec![InteractionContext::Guild]));
    anywhere
        .into_iter()
        .chain(in_servers)
        .map(|command| command.integration_types(vec![InstallationContext::Guild]))
        .collect()
}

/// What a command asks for. None where it is no command of ours, or of another version's.
pub(super) fn request(command: &Interaction) -> Option<Request> {
    match (command.data.kind, command.data.name.as_str()) {
        (TYPED, ASK) => read_ask(command),
        (TYPED, NOTE) => read_note(command),
        (TYPED, TOPICS) => Some(Request::Topics),
        (ON_MESSAGE, ANSWER) => read_answer(command),
        (TYPED, _) => quiz::request(command),
        _ => None,
    }
}

/// What a half-typed command wants suggestions for.
pub(super) fn suggest(command: &Interaction) -> Option<Suggest> {
    let (option, typed) = half_typed(&command.data.options)?;
    let typed = typed.to_owned();
    match (command.data.name.as_str(), option) {
        (ASK, QUESTION) => Some(Suggest::Question { typed }),
        (ASK, TOPIC) => Some(Suggest::Topic { typed }),
        (NOTE, SECTION) => Some(Suggest::Section { typed }),
        (command, option) => quiz::suggest(command, option, typed),
    }
}

fn ask() -> CreateCommand {
    CreateCommand::new(ASK)
        .kind(CommandType::ChatInput)
        .description("Ask the notes a question, and get the section that answers it")
        .add_option(
            CreateCommandOption::new(
                CommandOptionType::String,
                QUESTION,
                "A question, a name, an abbreviation; or pick a section as you type",
            )
            .required(true)
            .min_length(1)
            .max_length(QUESTION_MAX.try_into().unwrap_or(u16::MAX))
            .set_autocomplete(true),
        )
        .add_option(
            CreateCommandOption::new(
                CommandOptionType::String,
                TOPIC,
                "Answer only from the notes on this topic",
            )
            .min_length(1)
            .max_length(TOPIC_MAX)
            .set_autocomplete(true),
        )
        .add_option(CreateCommandOption::new(
            CommandOptionType::Boolean,
            PRIVATE,
            "Show the answer to you alone",
        ))
}

fn read_ask(command: &Interaction) -> Option<Request> {
    let options = &command.data.options;
    Some(Request::Ask {
        question: text(options, QUESTION)?.to_owned(),
        topic: text(options, TOPIC).map(str::to_owned),
        private: flag(options, PRIVATE),
    })
}

fn note() -> CreateCommand {
    CreateCommand::new(NOTE)
        .kind(CommandType::ChatInput)
        .description("Open a section of the notes by its name")
        .add_option(
            CreateCommandOption::new(
                CommandOptionType::String,
                SECTION,
                "Part of the section's name; pick one as you type",
            )
            .required(true)
            .min_length(1)
            .max_length(SECTION_MAX)
            .set_autocomplete(true),
        )
}

fn read_note(command: &Interaction) -> Option<Request> {
    Some(Request::Note {
        section: text(&command.data.options, SECTION)?.to_owned(),
    })
}

fn topics() -> CreateCommand {
    CreateCommand::new(TOPICS)
        .kind(CommandType::ChatInput)
        .description("See what the notes are about, and browse them")
}

/// The command in a message's menu. Discord wants its name alone, without a description.
fn answer() -> CreateCommand {
    CreateCommand::new(ANSWER).kind(CommandType::Message)
}

fn read_answer(command: &Interaction) -> Option<Request> {
    let target = command.data.target_id?;
    let message = command.data.resolved.messages.get(&target)?;
    Some(Request::AnswerMessage {
        text: said(message),
    })
}

/// What a message says: its text, or that of its embeds where it has none.
fn said(message: &Message) -> String {
    if !message.content.trim().is_empty() {
        return message.content.clone();
    }
    let embeds = message.embeds.iter();
    let texts = embeds.flat_map(|embed| [embed.title.as_deref(), embed.description.as_deref()]);
    texts.flatten().collect::<Vec<_>>().join("\n")
}

fn text<'a>(options: &'a [CommandOption], name: &str) -> Option<&'a str> {
    option(options, name)?.text()
}

fn flag(options: &[CommandOption], name: &str) -> bool {
    switch(options, name).unwrap_or_default()
}

fn switch(options: &[CommandOption], name: &str) -> Option<bool> {
    option(options, name)?.switch()
}

fn number(options: &[CommandOption], name: &str) -> Option<i64> {
    option(options, name)?.number()
}

fn option<'a>(options: &'a [CommandOption], name: &str) -> Option<&'a CommandOption> {
    options.iter().find(|option| option.name == name)
}

/// The option in which the person is typing, also below a subcommand, and what it holds.
fn half_typed(options: &[CommandOption]) -> Option<(&str, &str)> {
    options.iter().find_map(|option| match option.inner() {
        Some(inner) => half_typed(inner),
        None => Some((option.name.as_str(), option.typed()?)),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::discord::register;

    #[test]
    fn this_is_what_discord_is_told() {
        let shared = json!({ "integration_types": [0], "contexts": [0, 1] });
        let told: Vec<Value> = [
            json!({
                "type": 1,
                "name": "ask",
                "description": "Ask the notes a question, and get the section that answers it",
                "options": [
                    {
                        "type": 3,
                        "name": "question",
                        "description":
                            "A question, a name, an abbreviation; or pick a section as you type",
                        "required": true,
                        "min_length": 1,
                        "max_length": 6000,
                        "autocomplete": true,
                    },
                    {
                        "type": 3,
                        "name": "topic",
                        "description": "Answer only from the notes on this topic",
                        "min_length": 1,
                        "max_length": 100,
                        "autocomplete": true,
                    },
                    {
                        "type": 5,
                        "name": "private",
                        "description": "Show the answer to you alone",
                    },
                ],
            }),
            json!({
                "type": 1,
                "name": "note",
                "description": "Open a section of the notes by its name",
                "options": [{
                    "type": 3,
                    "name": "section",
                    "description": "Part of the section's name; pick one as you type",
                    "required": true,
                    "min_length": 1,
                    "max_length": 300,
                    "autocomplete": true,
                }],
            }),
            json!({
                "type": 1,
                "name": "topics",
                "description": "See what the notes are about, and browse them",
            }),
            json!({ "type": 3, "name": "Answer from the notes" }),
        ]
        .into_iter()
        .map(|mut command| {
            for (key, value) in shared.as_object().unwrap() {
                command[key] = value.clone();
            }
            command
        })
        .collect();
        let Value::Array(mut wanted) = register::wanted() else {
            panic!("no list")
        };
        // What is told of the quiz stands beside it.
        wanted.truncate(told.len());
        assert_eq!(wanted, told);
    }

    pub(super) fn command(kind: u8, data: &Value) -> Interaction {
        let interaction = json!({
            "id": "1", "application_id": "2", "type": kind, "token": "t", "version": 1,
            "channel_id": "3", "locale": "en-US", "entitlements": [],
            "attachment_size_limit": 1, "data": data,
            "user": { "id": "4", "username": "ada", "discriminator": "0", "avatar": null },
        });
        serde_json::from_value(interaction).unwrap()
    }

    #[test]
    fn a_question_is_read_with_its_options() {
        let asked = command(
            2,
            &json!({ "id": "9", "name": "ask", "type": 1, "options": [
                { "type": 3, "name": "question", "value": "what is S3?" },
                { "type": 3, "name": "topic", "value": "storage" },
                { "type": 5, "name": "private", "value": true },
            ] }),
        );
        assert_eq!(
            request(&asked),
            Some(Request::Ask {
                question: "what is S3?".to_owned(),
                topic: Some("storage".to_owned()),
                private: true,
            })
        );
    }

    #[test]
    fn each_half_typed_option_asks_for_its_own_suggestions() {
        let typed = "ve".to_owned();
        for (name, option, expect) in [
            (
                "ask",
                "question",
                Some(Suggest::Question {
                    typed: typed.clone(),
                }),
            ),
            (
                "ask",
                "topic",
                Some(Suggest::Topic {
                    typed: typed.clone(),
                }),
            ),
            ("note", "section", Some(Suggest::Section { typed })),
            ("note", "chapter", None),
        ] {
            let half = json!({ "id": "9", "name": name, "type": 1, "options": [
                { "type": 3, "name": option, "value": "ve", "focused": true },
            ] });
            assert_eq!(suggest(&command(4, &half)), expect);
        }
    }

    #[test]
    fn what_is_not_ours_is_not_read() {
        for data in [
            json!({ "id": "9", "name": "ask", "type": 1 }),
            json!({ "id": "9", "name": "quiz", "type": 1 }),
            json!({ "id": "9", "name": "ask", "type": 3 }),
            json!({ "id": "9", "name": "Answer from the notes", "type": 3, "target_id": "5" }),
        ] {
            assert_eq!(request(&command(2, &data)), None, "{data}");
        }
    }
}
