//! The gateway: sessions, their events, and how connections end.

use std::io::Write;
use std::sync::Arc;

use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade};
use axum::extract::{ConnectInfo, State as Shared};
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use flate2::Compression;
use flate2::write::ZlibEncoder;
use serde_json::{Value, json};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::cast;
use super::line::Line;
use super::world::{State, World};

/// Bytes in a payload from the bot, at most.
const PAYLOAD_MAX: usize = 4096;
/// GUILD_MEMBERS, GUILD_PRESENCES and MESSAGE_CONTENT: this application was not given them.
const PRIVILEGED: u64 = 1 << 1 | 1 << 8 | 1 << 15;

/// How the gateway behaves; a test may change it at any time.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// What HELLO asks for.
    pub(crate) heartbeat_ms: u64,
    /// Whether heartbeats are acknowledged.
    pub(crate) acknowledges: bool,
    /// How many sessions may still be started today, as `GET /gateway/bot` tells.
    pub(crate) n_starts_left: u32,
    /// So many IDENTIFYs are answered with "invalid session".
    pub(crate) n_invalid: usize,
    /// So many RESUMEs are answered with "invalid session".
    pub(crate) n_unresumable: usize,
    /// Every IDENTIFY is answered by closing with this code.
    pub(crate) identify_closes: Option<u16>,
    /// Nobody is let in: the upgrade is answered with 503.
    pub(crate) is_down: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            heartbeat_ms: 2_000,
            acknowledges: true,
            n_starts_left: 1_000,
            n_invalid: 0,
            n_unresumable: 0,
            identify_closes: None,
            is_down: false,
        }
    }
}

/// How the gateway ends a connection, or tells the bot to.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Break {
    /// A close frame with this code.
    Close(u16),
    /// The TCP connection ends without a close frame.
    Finish,
    /// The TCP connection is reset.
    Reset,
    /// It stays open, and nobody reads or writes any more.
    Hang,
    /// Op 7: reconnect and resume.
    Reconnect,
    /// Op 9: the session is invalid; true where it can be resumed.
    Invalid(bool),
    /// It goes on, after payloads that make no sense.
    Babble,
}

/// What nobody can make sense of.
const BABBLE: &[&str] = &[
    "",
    "nonsense",
    "[]",
    r#"{"op":0,"t":"INTERACTION_CREATE","#,
    r#"{"op":0,"s":null,"t":"INTERACTION_CREATE","d":{"id":7}}"#,
    r#"{"op":0,"s":null,"t":"INTERACTION_CREATE","d":null}"#,
    r#"{"op":0,"s":null,"t":"A_NEW_KIND","d":{"a":[1]}}"#,
    r#"{"op":250,"s":null,"t":null,"d":"later"}"#,
];

/// Something that happened on the gateway.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Event {
    /// A session was started with this payload.
    Identified(Value),
    /// A session went on after this number.
    Resumed(u64),
    /// A heartbeat with this number came.
    Beat(Value),
    /// A connection ended: the bot's close code, 1006 where it went without one.
    Left(u16),
}

/// Sessions, and what has happened.
#[derive(Default)]
pub(crate) struct Gateway {
    pub(crate) settings: Settings,
    /// What happened, and when by Discord's clock.
    pub(crate) events: Vec<(i64, Event)>,
    sessions: Vec<Session>,
}

struct Session {
    id: String,
    /// Its shard, and of how many.
    shard: (u64, u64),
    seq: u64,
    sent: Vec<(u64, Value)>,
    /// Payloads travel as one zlib document each.
    compresses: bool,
    wire: Option<UnboundedSender<Order>>,
    over: bool,
}

enum Order {
    Send(Value),
    Break(Break),
}

impl Gateway {
    /// Sends an event to every session, or keeps it for those that may resume.
    pub(crate) fn dispatch(&mut self, kind: &str, data: &Value) {
        let concerned = |session: &&mut Session| !session.over && session.keeps(data);
        for session in self.sessions.iter_mut().filter(concerned) {
            session.dispatch(kind, data);
        }
    }

    /// Sends an event so often to sessions that have a connection, beginning with the `from`th and
    /// going round; to nobody where there is none.
    pub(crate) fn dispatch_around(&mut self, kind: &str, data: &Value, from: usize, n: usize) {
        let is_live = |session: &&mut Session| session.is_live() && session.keeps(data);
        let mut live: Vec<_> = self.sessions.iter_mut().filter(is_live).collect();
        let n_live = live.len().max(1);
        for at in from..from + n {
            if let Some(session) = live.get_mut(at % n_live) {
                session.dispatch(kind, data);
            }
        }
    }

    /// How many sessions have a connection.
    pub(crate) fn n_live(&self) -> usize {
        self.sessions.iter().filter(|s| s.is_live()).count()
    }

    /// Ends the bot's connections.
    pub(crate) fn cut(&mut self, how: Break) {
        for session in &mut self.sessions {
            // An invalid session is over for good, unless it may be resumed.
            session.over |= matches!(how, Break::Invalid(false) | Break::Close(4007 | 4009));
            if let Some(wire) = &session.wire {
                let _ = wire.send(Order::Break(how));
            }
        }
    }

    /// Whether a session has a connection.
    pub(crate) fn is_connected(&self) -> bool {
        self.n_live() > 0
    }

    pub(crate) fn story(&self) -> String {
        let events: Vec<String> = self.events.iter().map(|(_, e)| format!("{e:?}")).collect();
        format!("on the gateway: {}", events.join(", "))
    }
}

impl Session {
    /// Whether an event is for this shard: the one of its server, or the first where it has none.
    fn keeps(&self, data: &Value) -> bool {
        let guild = data["guild_id"].as_str().and_then(|id| id.parse().ok());
        let (shard, total) = self.shard;
        guild.map_or(0, |id: u64| (id >> 22) % total) == shard
    }

    fn is_live(&self) -> bool {
        let is_open = |wire: &UnboundedSender<Order>| !wire.is_closed();
        !self.over && self.wire.as_ref().is_some_and(is_open)
    }

    fn dispatch(&mut self, kind: &str, data: &Value) {
        self.seq += 1;
        let payload = json!({"op": 0, "t": kind, "s": self.seq, "d": data});
        self.sent.push((self.seq, payload.clone()));
        self.send(payload);
    }

    fn send(&self, payload: Value) {
        if let Some(wire) = &self.wire {
            let _ = wire.send(Order::Send(payload));
        }
    }
}

pub(crate) async fn serve(
    Shared(world): Shared<Arc<World>>,
    ConnectInfo(line): ConnectInfo<Line>,
    uri: Uri,
    upgrade: WebSocketUpgrade,
) -> Response {
    if world.look().gateway.settings.is_down {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    let version = uri
        .query()
        .unwrap_or_default()
        .split('&')
        .any(|pair| pair == "v=10");
    upgrade.on_upgrade(async move |socket| {
        let (wire, orders) = unbounded_channel();
        let talk = Talk {
            world,
            line,
            socket,
            wire,
            session: None,
            compresses: false,
        };
        talk.go_on(orders, version).await;
    })
}

/// One connection.
struct Talk {
    world: Arc<World>,
    line: Line,
    socket: WebSocket,
    wire: UnboundedSender<Order>,
    session: Option<String>,
    compresses: bool,
}

/// What comes of a payload: go on, or close with this code.
type Verdict = Result<(), u16>;

impl Talk {
    async fn go_on(mut self, mut orders: UnboundedReceiver<Order>, version: bool) {
        let heartbeat_ms = self.world.look().gateway.settings.heartbeat_ms;
        let hello =
            json!({"op": 10, "t": null, "s": null, "d": {"heartbeat_interval": heartbeat_ms}});
        self.send(&hello).await;
        let mut verdict = if version { Ok(()) } else { Err(4012) };
        let left = loop {
            if let Err(code) = verdict {
                self.close(code).await;
                break None;
            }
            tokio::select! {
                frame = self.socket.recv() => match frame {
                    Some(Ok(Message::Text(text))) => verdict = self.hear(text.as_bytes()).await,
                    Some(Ok(Message::Binary(bytes))) => verdict = self.hear(&bytes).await,
                    Some(Ok(Message::Close(frame))) => {
                        break Some(frame.map_or(1005, |frame| frame.code));
                    }
                    Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                    Some(Err(_)) | None => break Some(1006),
                },
                order = orders.recv() => match order {
                    Some(Order::Send(payload)) => self.send(&payload).await,
                    Some(Order::Break(how)) => {
                        if self.obey(how, &mut orders).await {
                            break None;
                        }
                    }
                    None => break None,
                },
            }
        };
        self.leave(left);
    }

    /// Notes who ended the connection and whether the session is over with it.
    fn leave(&self, left: Option<u16>) {
        self.world.change(|state| {
            let at = state.clock.now_ms();
            if let Some(code) = left {
                state.gateway.events.push((at, Event::Left(code)));
            }
            let own = |session: &&mut Session| Some(&session.id) == self.session.as_ref();
            if let Some(session) = state.gateway.sessions.iter_mut().find(own) {
                session.over |= matches!(left, Some(1000 | 1001));
                if session
                    .wire
                    .as_ref()
                    .is_some_and(|wire| wire.same_channel(&self.wire))
                {
                    session.wire = None;
                }
            }
        });
    }

    /// Does what the test asks for; true where the connection has ended.
    async fn obey(&mut self, how: Break, orders: &mut UnboundedReceiver<Order>) -> bool {
        match how {
            Break::Close(code) => self.close(code).await,
            Break::Finish => {}
            Break::Reset => self.line.cut(),
            Break::Reconnect => self.send(&json!({"op": 7, "d": null})).await,
            Break::Invalid(resumable) => self.send(&json!({"op": 9, "d": resumable})).await,
            Break::Babble => {
                for &text in BABBLE {
                    let _ = self.socket.send(Message::Text(text.into())).await;
                }
                let _ = self.socket.send(Message::Binary(vec![0, 255].into())).await;
            }
            Break::Hang => while let Some(Order::Send(_)) = orders.recv().await {},
        }
        !matches!(how, Break::Reconnect | Break::Invalid(_) | Break::Babble)
    }

    async fn close(&mut self, code: u16) {
        let frame = CloseFrame {
            code,
            reason: "as told".into(),
        };
        let _ = self.socket.send(Message::Close(Some(frame))).await;
        // The peer answers with its own frame; without waiting, TCP would cut ours off.
        while let Some(Ok(frame)) = self.socket.recv().await {
            if matches!(frame, Message::Close(_)) {
                break;
            }
        }
    }

    async fn send(&mut self, payload: &Value) {
        let text = payload.to_string();
        let frame = if self.compresses {
            Message::Binary(zlib(text.as_bytes()).into())
        } else {
            Message::Text(text.into())
        };
        // A connection that is gone is noticed by the next read.
        let _ = self.socket.send(frame).await;
    }

    async fn hear(&mut self, bytes: &[u8]) -> Verdict {
        if bytes.len() > PAYLOAD_MAX {
            return Err(4002);
        }
        let Ok(payload) = serde_json::from_slice::<Value>(bytes) else {
            return Err(4002);
        };
        let data = &payload["d"];
        match payload["op"].as_u64() {
            Some(1) => {
                let acknowledges = self.world.change(|state| {
                    let at = state.clock.now_ms();
                    state.gateway.events.push((at, Event::Beat(data.clone())));
                    state.gateway.settings.acknowledges
                });
                if acknowledges {
                    self.send(&json!({"op": 11})).await;
                }
                Ok(())
            }
            Some(2) => self.identify(data).await,
            Some(6) => self.resume(data).await,
            Some(3 | 4 | 8) if self.session.is_none() => Err(4003),
            Some(3 | 4 | 8) => Ok(()),
            _ => Err(4001),
        }
    }

    fn has_token(&self, data: &Value) -> bool {
        // The gateway takes the token with and without the word that REST wants before it.
        let token = data["token"].as_str().unwrap_or_default();
        token.strip_prefix("Bot ").unwrap_or(token) == self.world.token
    }

    async fn identify(&mut self, data: &Value) -> Verdict {
        if self.session.is_some() {
            return Err(4005);
        }
        let started = self.world.change(|state| {
            let at = state.clock.now_ms();
            state
                .gateway
                .events
                .push((at, Event::Identified(data.clone())));
            let settings = &mut state.gateway.settings;
            settings.n_starts_left = settings.n_starts_left.saturating_sub(1);
            if let Some(code) = settings.identify_closes {
                return Err(code);
            }
            if !self.has_token(data) {
                return Err(4004);
            }
            match data["intents"].as_u64() {
                None => return Err(4013),
                Some(intents) if intents & PRIVILEGED != 0 => return Err(4014),
                Some(_) => {}
            }
            if settings.n_invalid > 0 {
                settings.n_invalid -= 1;
                return Ok(None);
            }
            Ok(Some(start(state, data, &self.wire, &self.world.host)))
        });
        match started? {
            Some(session) => {
                self.session = Some(session);
                self.compresses = data["compress"] == json!(true);
            }
            None => self.send(&json!({"op": 9, "d": false})).await,
        }
        Ok(())
    }

    async fn resume(&mut self, data: &Value) -> Verdict {
        if self.session.is_some() {
            return Err(4005);
        }
        if !self.has_token(data) {
            return Err(4004);
        }
        let after = data["seq"].as_u64().unwrap_or_default();
        let resumed = self.world.change(|state| {
            let at = state.clock.now_ms();
            state.gateway.events.push((at, Event::Resumed(after)));
            let gateway = &mut state.gateway;
            if gateway.settings.n_unresumable > 0 {
                gateway.settings.n_unresumable -= 1;
                return None;
            }
            let named = |session: &&mut Session| {
                data["session_id"] == json!(session.id) && !session.over && after <= session.seq
            };
            let session = gateway.sessions.iter_mut().find(named)?;
            session.wire = Some(self.wire.clone());
            for (_, missed) in session.sent.iter().filter(|(seq, _)| *seq > after) {
                session.send(missed.clone());
            }
            session.dispatch("RESUMED", &json!({}));
            Some((session.id.clone(), session.compresses))
        });
        match resumed {
            Some((session, compresses)) => {
                self.session = Some(session);
                self.compresses = compresses;
            }
            None => self.send(&json!({"op": 9, "d": false})).await,
        }
        Ok(())
    }
}

/// A new session, READY and with its server.
fn start(state: &mut State, identify: &Value, wire: &UnboundedSender<Order>, host: &str) -> String {
    let id = format!("{:032x}", state.clock.id());
    let number = |at: usize, usual| identify["shard"][at].as_u64().unwrap_or(usual);
    let mut session = Session {
        id: id.clone(),
        shard: (number(0, 0), number(1, 1)),
        seq: 0,
        sent: Vec::new(),
        compresses: identify["compress"] == json!(true),
        wire: Some(wire.clone()),
        over: false,
    };
    let guild = cast::GUILD.to_string();
    let ready = json!({
        "v": 10, "user": cast::me(), "guilds": [{"id": guild, "unavailable": true}],
        "session_id": id, "resume_gateway_url": format!("ws://{host}/resume"),
        "session_type": "normal", "private_channels": [], "presences": [], "relationships": [],
        "user_settings": {}, "guild_join_requests": [], "geo_ordered_rtc_regions": [],
        "application": {"id": cast::APPLICATION.to_string(), "flags": 0},
        "shard": identify["shard"].as_array().map_or(json!([0, 1]), |shard| json!(shard)),
        "_trace": [],
    });
    session.dispatch("READY", &ready);
    session.dispatch("GUILD_CREATE", &cast::guild());
    state.gateway.sessions.push(session);
    id
}

fn zlib(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::fast());
    encoder
        .write_all(bytes)
        .and_then(|()| encoder.finish())
        .expect("memory holds it")
}
