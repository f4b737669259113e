//! A small bot: it uses every kind of answer once.
//!
//! It reads events with the strict models of a library, so that what the fake says is what such a
//! library expects, and writes its answers with that library's builders.

use std::io::Read;
use std::time::Duration;

use flate2::read::ZlibDecoder;
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use serenity::all::{
    ActionRowComponent, AutocompleteChoice, ButtonStyle, CommandInteraction, CommandOptionType,
    CommandType, ComponentInteraction, CreateActionRow, CreateAllowedMentions,
    CreateAutocompleteResponse, CreateButton, CreateCommand, CreateCommandOption, CreateInputText,
    CreateInteractionResponse, CreateInteractionResponseMessage, CreateModal, Event, GatewayEvent,
    InputTextStyle, Interaction, ModalInteraction,
};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::Interval;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

use super::raw;
use crate::fake::{APPLICATION, Fake};

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// A running bot; it ends with the test.
pub(crate) struct Parrot {
    /// Why it ended: the gateway's close code.
    pub(crate) life: JoinHandle<u16>,
    goodbye: Option<oneshot::Sender<()>>,
}

impl Parrot {
    /// Closes its connection as a bot does that will not come back.
    pub(crate) fn leave(&mut self) {
        drop(self.goodbye.take());
    }
}

impl Drop for Parrot {
    fn drop(&mut self) {
        self.life.abort();
    }
}

/// Starts the bot.
pub(crate) async fn hatch(discord: &Fake) -> Parrot {
    let caller = raw::Caller::of(discord);
    let gateway = caller.call("GET /gateway/bot", &Value::Null).await;
    let gateway = gateway.expect("an answer").json()["url"].clone();
    let (goodbye, leaving) = oneshot::channel();
    let bot = Bot {
        caller,
        gateway: gateway.as_str().expect("an address").to_owned(),
        session: None,
        seq: 0,
        unheard: false,
    };
    Parrot {
        life: tokio::spawn(bot.live(leaving)),
        goodbye: Some(goodbye),
    }
}

struct Bot {
    caller: raw::Caller,
    gateway: String,
    session: Option<String>,
    seq: u64,
    /// The last heartbeat was not acknowledged.
    unheard: bool,
}

/// What comes after a connection.
enum Next {
    Again,
    End(u16),
}

impl Bot {
    async fn live(mut self, mut leaving: oneshot::Receiver<()>) -> u16 {
        loop {
            match self.connect(&mut leaving).await {
                Some(Next::End(code)) => return code,
                Some(Next::Again) => {}
                None => tokio::time::sleep(Duration::from_millis(50)).await,
            }
        }
    }

    /// One connection, from its beginning to its end; none where nobody answered.
    async fn connect(&mut self, leaving: &mut oneshot::Receiver<()>) -> Option<Next> {
        let address = format!("{}?v=10&encoding=json", self.gateway);
        let (mut socket, _) = tokio_tungstenite::connect_async(address).await.ok()?;
        let mut heartbeat: Option<Interval> = None;
        self.unheard = false;
        loop {
            let due = async {
                match &mut heartbeat {
                    Some(interval) => drop(interval.tick().await),
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                _ = &mut *leaving => {
                    let frame = CloseFrame { code: 1000.into(), reason: "".into() };
                    socket.close(Some(frame)).await.ok()?;
                    return Some(Next::End(1000));
                }
                () = due => {
                    if self.unheard {
                        return Some(Next::Again);
                    }
                    self.unheard = true;
                    say(&mut socket, 1, json!(self.seq)).await?;
                }
                frame = socket.next() => match frame {
                    Some(Ok(Message::Close(frame))) => {
                        let code = frame.map_or(1005, |frame| frame.code.into());
                        let ends = matches!(code, 4004 | 4010..=4014);
                        return Some(if ends { Next::End(code) } else { Next::Again });
                    }
                    Some(Ok(frame)) => {
                        let payload = payload(frame);
                        let again = self.hear(&mut socket, &payload).await?;
                        if again {
                            return Some(Next::Again);
                        }
                        if let Some(ms) = payload["d"]["heartbeat_interval"].as_u64() {
                            heartbeat = Some(tokio::time::interval(Duration::from_millis(ms)));
                        }
                    }
                    Some(Err(_)) | None => return Some(Next::Again),
                },
            }
        }
    }

    /// Does what a payload asks for; true where that needs another connection.
    async fn hear(&mut self, socket: &mut Socket, payload: &Value) -> Option<bool> {
        self.seq = payload["s"].as_u64().unwrap_or(self.seq);
        match payload["op"].as_u64() {
            Some(0) => self.event(payload),
            Some(7) => return Some(true),
            Some(9) => {
                if payload["d"] == json!(false) {
                    self.session = None;
                }
                return Some(true);
            }
            Some(10) => self.greet(socket).await?,
            Some(11) => self.unheard = false,
            other => panic!("the parrot does not know op {other:?}"),
        }
        Some(false)
    }

    async fn greet(&self, socket: &mut Socket) -> Option<()> {
        let token = &self.caller.token;
        match &self.session {
            Some(session) => {
                let resume = json!({"token": token, "session_id": session, "seq": self.seq});
                say(socket, 6, resume).await
            }
            None => {
                let properties = json!({"os": "linux", "browser": "parrot", "device": "parrot"});
                let identify = json!({
                    "token": token, "intents": 1, "compress": true, "properties": properties,
                });
                say(socket, 2, identify).await
            }
        }
    }

    /// An event, read by the library's models; what they cannot read is lost, as it is there.
    fn event(&mut self, payload: &Value) {
        let Ok(GatewayEvent::Dispatch(_, event)) = serde_json::from_value(payload.clone()) else {
            return;
        };
        let caller = self.caller.clone();
        match event {
            Event::Ready(ready) => {
                self.session = Some(ready.ready.session_id);
                tokio::spawn(async move { register(&caller).await });
            }
            Event::InteractionCreate(created) => {
                tokio::spawn(async move { react(&caller, created.interaction).await });
            }
            Event::GuildCreate(_) | Event::Resumed(_) => {}
            _ => assert_eq!(payload["t"], "INTERACTION_CREATE", "unreadable: {payload}"),
        }
    }
}

async fn say(socket: &mut Socket, op: u8, data: Value) -> Option<()> {
    socket
        .send(Message::text(json!({"op": op, "d": data}).to_string()))
        .await
        .ok()
}

fn payload(frame: Message) -> Value {
    let text = match frame {
        Message::Text(text) => text.as_str().to_owned(),
        Message::Binary(bytes) => {
            let mut text = String::new();
            ZlibDecoder::new(&bytes[..])
                .read_to_string(&mut text)
                .expect("one zlib document");
            text
        }
        other => panic!("the parrot does not read {other:?}"),
    };
    serde_json::from_str(&text).expect("JSON")
}

async fn register(caller: &raw::Caller) {
    let text = CreateCommandOption::new(CommandOptionType::String, "text", "What to repeat")
        .required(true)
        .set_autocomplete(true);
    let loud = CreateCommandOption::new(CommandOptionType::Boolean, "loud", "In capitals");
    let commands = vec![
        CreateCommand::new("echo")
            .description("Repeats you")
            .add_option(text)
            .add_option(loud),
        CreateCommand::new("slow").description("Takes its time"),
        CreateCommand::new("Repeat").kind(CommandType::Message),
    ];
    caller
        .call(
            &format!("PUT /applications/{APPLICATION}/commands"),
            &json!(commands),
        )
        .await;
}

async fn react(caller: &raw::Caller, interaction: Interaction) {
    let (id, token) = (interaction.id(), interaction.token().to_owned());
    let callback = format!("POST /interactions/{id}/{token}/callback");
    let response = match &interaction {
        Interaction::Command(command) => answer(command),
        Interaction::Autocomplete(typing) => suggest(typing),
        Interaction::Component(press) => pressed(press),
        Interaction::Modal(modal) => submitted(modal),
        other => panic!("the parrot was never asked {other:?}"),
    };
    caller.call(&callback, &json!(response)).await;
    let original = format!("PATCH /webhooks/{APPLICATION}/{token}/messages/@original");
    let followup = format!("POST /webhooks/{APPLICATION}/{token}");
    match response {
        CreateInteractionResponse::Defer(_) => {
            caller.call(&original, &json!(message("done"))).await;
            caller.call(&followup, &json!(message("and more"))).await;
        }
        CreateInteractionResponse::Acknowledge => {
            caller.call(&original, &json!(message("later"))).await;
        }
        _ => {}
    }
}

/// A message that pings nobody.
fn message(text: &str) -> CreateInteractionResponseMessage {
    let nobody = CreateAllowedMentions::new();
    CreateInteractionResponseMessage::new()
        .content(text)
        .allowed_mentions(nobody)
}

fn answer(command: &CommandInteraction) -> CreateInteractionResponse {
    match command.data.name.as_str() {
        "echo" => {
            let text = command.data.options[0].value.as_str().unwrap_or_default();
            let buttons = ["again", "later", "form"].map(|id| {
                CreateButton::new(id)
                    .label(id.to_uppercase())
                    .style(ButtonStyle::Secondary)
            });
            let row = CreateActionRow::Buttons(buttons.to_vec());
            let said = message(text).components(vec![row]).ephemeral(true);
            CreateInteractionResponse::Message(said)
        }
        "slow" => CreateInteractionResponse::Defer(CreateInteractionResponseMessage::new()),
        _ => {
            let target = command.data.resolved.messages.values().next();
            let content = target.map_or("nothing", |message| &message.content);
            CreateInteractionResponse::Message(message(content))
        }
    }
}

fn suggest(typing: &CommandInteraction) -> CreateInteractionResponse {
    let so_far = typing.data.autocomplete().map_or("", |option| option.value);
    let offer = AutocompleteChoice::new(format!("{so_far}!"), format!("{so_far}!"));
    let offers = CreateAutocompleteResponse::new().set_choices(vec![offer]);
    CreateInteractionResponse::Autocomplete(offers)
}

fn pressed(press: &ComponentInteraction) -> CreateInteractionResponse {
    match press.data.custom_id.as_str() {
        "again" => {
            let twice = format!("{0} {0}", press.message.content);
            CreateInteractionResponse::UpdateMessage(message(&twice))
        }
        "later" => CreateInteractionResponse::Acknowledge,
        _ => {
            let input = CreateInputText::new(InputTextStyle::Short, "Your words", "words");
            let row = CreateActionRow::InputText(input);
            let modal = CreateModal::new("say", "Say something").components(vec![row]);
            CreateInteractionResponse::Modal(modal)
        }
    }
}

fn submitted(modal: &ModalInteraction) -> CreateInteractionResponse {
    let words = match &modal.data.components[0].components[0] {
        ActionRowComponent::InputText(input) => input.value.clone().unwrap_or_default(),
        other => panic!("not a text: {other:?}"),
    };
    CreateInteractionResponse::Message(message(&words))
}
