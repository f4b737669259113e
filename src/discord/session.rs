//! What is said on one line to the gateway: greeting, heartbeats, events, and when to hang up.
//!
//! Nothing here reads a clock or the network, so that every turn of a session can be tested.
//! <https://docs.discord.com/developers/events/gateway>

use std::time::{Duration, Instant};

use serde::Deserialize;
use serde_json::json;
use serde_json::value::RawValue;
use serenity::model::gateway::GatewayIntents;

use super::number::Numbered;

/// What the bot wants to hear of: that servers exist. Interactions come without asking.
const INTENTS: GatewayIntents = GatewayIntents::GUILDS;
/// How long Discord may take to greet, and to take us in.
const HELLO_MAX: Duration = Duration::from_secs(10);
const READY_MAX: Duration = Duration::from_secs(60);
/// Heartbeats that are believed to be wanted.
const INTERVAL_MIN: Duration = Duration::from_millis(10);
const INTERVAL_MAX: Duration = Duration::from_secs(600);
/// How long Discord may take to say that it heard a heartbeat. The next is due much later: a line
/// that died must be found, and another be ready, within a minute.
const HEARD_MAX: Duration = Duration::from_secs(10);
/// Heartbeats that Discord may ask for out of turn, between two of ours. It takes 120 words a
/// minute before it hangs up.
const ASKED_BEATS_MAX: u32 = 30;
/// Hanging up with this leaves the session to be resumed; 1000 ends it.
const RESUMABLE: u16 = 4_000;

/// A session that can be resumed on another line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Session {
    /// Its name at Discord's.
    pub(super) id: String,
    /// Where it wants to be resumed.
    pub(super) url: Option<String>,
    /// The last event that was heard.
    pub(super) seq: Option<u64>,
}

/// What to do after something was heard, or after some time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Act {
    /// Say this.
    Send(String),
    /// Discord has taken us in, as this application.
    Ready {
        /// The application behind the token.
        application: u64,
    },
    /// The session goes on; what was missed has been heard.
    Resumed,
    /// Discord heard our heartbeat.
    Acknowledged,
    /// Somebody did something. The JSON of the interaction.
    Interaction(String),
    /// Something was heard that makes no sense.
    Unreadable,
    /// Hang up with this code, then do that.
    Leave(u16, Next),
}

/// What comes after a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// Another line, on which the session goes on.
    Resume,
    /// Another line, with a new session.
    Start,
    /// Nothing: another try would end the same way.
    Stop(&'static str),
}

/// One line to the gateway, from the dial to the end.
pub(super) struct Line {
    token: String,
    /// Which shard it is, of how many.
    shard: (u16, u16),
    session: Option<Session>,
    /// Between 0 and 1: where in the first interval the first heartbeat falls.
    jitter: f64,
    interval: Option<Duration>,
    next_beat: Instant,
    /// When the heartbeat was sent of which Discord has not said that it heard it.
    unheard_since: Option<Instant>,
    asked_beats: u32,
    is_ready: bool,
    opened: Instant,
}

#[derive(Deserialize)]
struct Frame<'a> {
    op: u8,
    #[serde(borrow)]
    d: Option<&'a RawValue>,
    s: Option<u64>,
    t: Option<&'a str>,
}

#[derive(Deserialize)]
struct Hello {
    heartbeat_interval: u64,
}

#[derive(Deserialize)]
struct Ready {
    session_id: String,
    resume_gateway_url: Option<String>,
    application: Numbered,
}

impl Line {
    /// A line of this shard, of so many, that was opened now. It resumes the session, or starts one.
    pub(super) fn new(
        token: &str,
        shard: (u16, u16),
        session: Option<Session>,
        jitter: f64,
        now: Instant,
    ) -> Self {
        Self {
            token: token.to_owned(),
            shard,
            session,
            jitter,
            interval: None,
            next_beat: now,
            unheard_since: None,
            asked_beats: 0,
            is_ready: false,
            opened: now,
        }
    }

    /// The session as it stands, for the next line.
    pub(super) fn into_session(self) -> Option<Session> {
        self.session
    }

    /// Whether Discord has taken us in on this line.
    pub(super) fn is_ready(&self) -> bool {
        self.is_ready
    }

    /// Between two heartbeats, once Discord has said.
    pub(super) fn interval(&self) -> Option<Duration> {
        self.interval
    }

    /// When [`Line::tick`] wants to be called.
    pub(super) fn wake(&self) -> Instant {
        match (self.interval, self.is_ready) {
            (None, _) => self.opened + HELLO_MAX,
            (Some(_), false) => self.next_turn().min(self.opened + READY_MAX),
            (Some(_), true) => self.next_turn(),
        }
    }

    /// What is due.
    pub(super) fn tick(&mut self, now: Instant) -> Option<Act> {
        let Some(interval) = self.interval else {
            let over = now >= self.opened + HELLO_MAX;
            return over.then(|| Act::Leave(RESUMABLE, self.again()));
        };
        if !self.is_ready && now >= self.opened + READY_MAX {
            return Some(Act::Leave(RESUMABLE, self.again()));
        }
        if now < self.next_turn() {
            return None;
        }
        if self.unheard_since.is_some() {
            // The line is dead, though nobody has said so. The session is not.
            return Some(Act::Leave(RESUMABLE, self.again()));
        }
        self.next_beat = now + interval;
        self.unheard_since = Some(now);
        self.asked_beats = 0;
        Some(self.beat())
    }

    /// What follows from something heard.
    pub(super) fn hear(&mut self, text: &str, now: Instant) -> Option<Act> {
        const DISPATCH: u8 = 0;
        const HEARTBEAT: u8 = 1;
        const RECONNECT: u8 = 7;
        const INVALID_SESSION: u8 = 9;
        const HELLO: u8 = 10;
        const ACKNOWLEDGED: u8 = 11;

        let Ok(frame) = serde_json::from_str::<Frame<'_>>(text) else {
            return Some(Act::Unreadable);
        };
        let data = frame.d.map_or("null", RawValue::get);
        match frame.op {
            DISPATCH => {
                if let (Some(session), Some(seq)) = (&mut self.session, frame.s) {
                    session.seq = Some(seq);
                }
                self.event(frame.t.unwrap_or_default(), data, frame.s)
            }
            HEARTBEAT if self.asked_beats < ASKED_BEATS_MAX => {
                self.asked_beats += 1;
                Some(self.beat())
            }
            RECONNECT => Some(Act::Leave(RESUMABLE, self.again())),
            INVALID_SESSION => {
                if data != "true" {
                    self.session = None;
                }
                Some(Act::Leave(RESUMABLE, self.again()))
            }
            HELLO if self.interval.is_none() => Some(match serde_json::from_str::<Hello>(data) {
                Ok(hello) => self.greet(&hello, now),
                Err(_) => Act::Unreadable,
            }),
            ACKNOWLEDGED => {
                self.unheard_since = None;
                Some(Act::Acknowledged)
            }
            _ => None,
        }
    }

    /// What follows from the line's end, with Discord's code or without.
    pub(super) fn ended(&mut self, code: Option<u16>) -> Next {
        match code {
            Some(4_004) => Next::Stop("Discord refuses the bot's token (4004)"),
            Some(4_010) => Next::Stop("Discord refuses the shard (4010)"),
            Some(4_011) => Next::Stop("Discord wants the bot to be sharded (4011)"),
            Some(4_012) => Next::Stop("Discord refuses the gateway's version (4012)"),
            Some(4_013) => Next::Stop("Discord refuses the intents (4013)"),
            Some(4_014) => Next::Stop("Discord disallows the intents (4014)"),
            Some(4_003 | 4_006 | 4_007 | 4_009) => {
                self.session = None;
                Next::Start
            }
            _ => self.again(),
        }
    }

    fn again(&self) -> Next {
        match self.session {
            Some(_) => Next::Resume,
            None => Next::Start,
        }
    }

    /// When the next heartbeat is due, or the last one should have been heard.
    fn next_turn(&self) -> Instant {
        let heard_by = self.unheard_since.map(|since| since + HEARD_MAX);
        heard_by.map_or(self.next_beat, |by| by.min(self.next_beat))
    }

    fn greet(&mut self, hello: &Hello, now: Instant) -> Act {
        let interval = Duration::from_millis(hello.heartbeat_interval);
        let interval = interval.clamp(INTERVAL_MIN, INTERVAL_MAX);
        self.interval = Some(interval);
        self.next_beat = now + interval.mul_f64(self.jitter.clamp(0.0, 1.0));
        Act::Send(
            match &self.session {
                Some(session) => json!({ "op": 6, "d": {
                "token": self.token,
                "session_id": session.id,
                "seq": session.seq,
            } }),
                None => json!({ "op": 2, "d": {
                "token": self.token,
                "intents": INTENTS.bits(),
                "properties": {
                    "os": std::env::consts::OS,
                    "browser": "studyhall",
                    "device": "studyhall",
                },
                "shard": [self.shard.0, self.shard.1],
            } }),
            }
            .to_string(),
        )
    }

    fn event(&mut self, name: &str, data: &str, seq: Option<u64>) -> Option<Act> {
        match name {
            "READY" => {
                let Ok(ready) = serde_json::from_str::<Ready>(data) else {
                    return Some(Act::Unreadable);
                };
                self.is_ready = true;
                self.session = Some(Session {
                    id: ready.session_id,
                    url: ready.resume_gateway_url,
                    seq,
                });
                Some(Act::Ready {
                    application: ready.application.id.0,
                })
            }
            "RESUMED" => {
                self.is_ready = true;
                Some(Act::Resumed)
            }
            "INTERACTION_CREATE" => Some(Act::Interaction(data.to_owned())),
            _ => None,
        }
    }

    fn beat(&self) -> Act {
        let seq = self.session.as_ref().and_then(|session| session.seq);
        Act::Send(json!({ "op": 1, "d": seq }).to_string())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    const HELLO: &str = r#"{"op":10,"d":{"heartbeat_interval":40000},"s":null,"t":null}"#;
    const READY: &str = r#"{"op":0,"s":1,"t":"READY","d":{"v":10,"session_id":"abc",
        "resume_gateway_url":"wss://elsewhere.example","application":{"id":"77","flags":0}}}"#;
    const ACK: &str = r#"{"op":11}"#;

    fn at(start: Instant, ms: u64) -> Instant {
        start + Duration::from_millis(ms)
    }

    fn sent(act: Option<Act>) -> Value {
        match act {
            Some(Act::Send(text)) => serde_json::from_str(&text).unwrap(),
            other => panic!("{other:?}"),
        }
    }

    /// A line that is past READY, and the instant when it was opened.
    fn ready() -> (Line, Instant) {
        let start = Instant::now();
        let mut line = Line::new("secret", (0, 1), None, 0.5, start);
        line.hear(HELLO, start);
        assert_eq!(
            line.hear(READY, start),
            Some(Act::Ready { application: 77 })
        );
        (line, start)
    }

    fn session() -> Session {
        Session {
            id: "abc".to_owned(),
            url: None,
            seq: Some(9),
        }
    }

    #[test]
    fn a_new_session_is_started_with_one_intent() {
        let start = Instant::now();
        let mut line = Line::new("secret", (0, 1), None, 0.5, start);
        let identify = sent(line.hear(HELLO, start));
        assert_eq!(identify["op"], 2);
        assert_eq!(identify["d"]["intents"], 1);
        assert_eq!(identify["d"]["token"], "secret");
    }

    #[test]
    fn a_session_goes_on_from_the_last_event_heard() {
        let (mut line, start) = ready();
        line.hear(r#"{"op":0,"s":5,"t":"GUILD_CREATE","d":{}}"#, start);
        assert_eq!(line.ended(None), Next::Resume);
        let session = line.into_session();
        let url = session.as_ref().and_then(|session| session.url.clone());
        assert_eq!(url.as_deref(), Some("wss://elsewhere.example"));
        let mut line = Line::new("secret", (0, 1), session, 0.5, start);
        let resume = sent(line.hear(HELLO, start));
        assert_eq!(resume["op"], 6);
        assert_eq!(
            resume["d"],
            json!({ "token": "secret", "session_id": "abc", "seq": 5 })
        );
        let resumed = line.hear(r#"{"op":0,"s":8,"t":"RESUMED","d":{}}"#, start);
        assert_eq!(resumed, Some(Act::Resumed));
        assert!(line.is_ready());
    }

    #[test]
    fn the_heart_beats_first_within_the_interval_and_then_each() {
        let (mut line, start) = ready();
        assert_eq!(line.wake(), at(start, 20_000));
        assert_eq!(line.tick(at(start, 19_999)), None);
        assert_eq!(
            sent(line.tick(at(start, 20_000))),
            json!({ "op": 1, "d": 1 })
        );
        assert_eq!(line.hear(ACK, start), Some(Act::Acknowledged));
        assert_eq!(line.wake(), at(start, 60_000));
        assert_eq!(
            sent(line.tick(at(start, 60_000))),
            json!({ "op": 1, "d": 1 })
        );
    }

    #[test]
    fn a_beat_before_the_first_event_carries_no_number() {
        let start = Instant::now();
        let mut line = Line::new("secret", (0, 1), None, 0.0, start);
        line.hear(HELLO, start);
        assert_eq!(sent(line.tick(start)), json!({ "op": 1, "d": null }));
    }

    #[test]
    fn a_line_that_does_not_answer_heartbeats_is_left_and_the_session_resumed() {
        let (mut line, start) = ready();
        line.tick(at(start, 20_000));
        assert_eq!(line.wake(), at(start, 30_000));
        assert_eq!(line.tick(at(start, 29_999)), None);
        let act = line.tick(at(start, 30_000));
        assert_eq!(act, Some(Act::Leave(4_000, Next::Resume)));

        // Where heartbeats follow each other fast, the next one is late enough.
        let mut line = Line::new("secret", (0, 1), None, 0.0, start);
        line.hear(&HELLO.replace("40000", "300"), start);
        line.tick(start);
        assert_eq!(line.wake(), at(start, 300));
        let act = line.tick(at(start, 300));
        assert_eq!(act, Some(Act::Leave(4_000, Next::Start)));
    }

    #[test]
    fn a_beat_that_discord_asks_for_is_given_at_once_but_not_without_end() {
        let (mut line, start) = ready();
        let ask = r#"{"op":1,"d":null}"#;
        assert_eq!(sent(line.hear(ask, start))["op"], 1);
        let n_beats = (0..200).filter(|_| line.hear(ask, start).is_some()).count();
        assert!(n_beats < 60, "{n_beats}");
    }

    #[test]
    fn discord_may_send_us_to_another_line() {
        let (mut line, start) = ready();
        let reconnect = line.hear(r#"{"op":7,"d":null}"#, start);
        assert_eq!(reconnect, Some(Act::Leave(4_000, Next::Resume)));
        let still_good = line.hear(r#"{"op":9,"d":true}"#, start);
        assert_eq!(still_good, Some(Act::Leave(4_000, Next::Resume)));
        let lost = line.hear(r#"{"op":9,"d":false}"#, start);
        assert_eq!(lost, Some(Act::Leave(4_000, Next::Start)));
        assert_eq!(line.into_session(), None);
    }

    #[test]
    fn each_close_code_leads_where_discords_table_says() {
        for code in 4_000..=4_014 {
            let (mut line, _) = ready();
            let next = line.ended(Some(code));
            match code {
                4_004 | 4_010..=4_014 => assert!(matches!(next, Next::Stop(_)), "{code}"),
                4_003 | 4_006 | 4_007 | 4_009 => assert_eq!(next, Next::Start, "{code}"),
                _ => assert_eq!(next, Next::Resume, "{code}"),
            }
        }
        for code in [None, Some(1_000), Some(1_001), Some(1_006)] {
            assert_eq!(ready().0.ended(code), Next::Resume, "{code:?}");
        }
        let mut fresh = Line::new("secret", (0, 1), None, 0.5, Instant::now());
        assert_eq!(fresh.ended(None), Next::Start);
    }

    #[test]
    fn a_gateway_that_says_nothing_is_left() {
        let start = Instant::now();
        let mut silent = Line::new("secret", (0, 1), Some(session()), 0.5, start);
        assert_eq!(silent.wake(), start + HELLO_MAX);
        assert_eq!(silent.tick(start), None);
        let act = silent.tick(start + HELLO_MAX);
        assert_eq!(act, Some(Act::Leave(4_000, Next::Resume)));

        let mut greeting = Line::new("secret", (0, 1), None, 1.0, start);
        greeting.hear(&HELLO.replace("40000", "600000"), start);
        let act = greeting.tick(start + READY_MAX);
        assert_eq!(act, Some(Act::Leave(4_000, Next::Start)));
    }

    #[test]
    fn an_interaction_is_handed_on_as_it_came() {
        let (mut line, start) = ready();
        let frame = r#"{"t":"INTERACTION_CREATE","s":3,"op":0,"d":{"id":"1", "x":[1]}}"#;
        assert_eq!(
            line.hear(frame, start),
            Some(Act::Interaction(r#"{"id":"1", "x":[1]}"#.to_owned()))
        );
    }

    #[test]
    fn nonsense_is_survived() {
        let (mut line, start) = ready();
        let mut fresh = Line::new("secret", (0, 1), None, 0.5, start);
        let hello = r#"{"op":10,"d":{"heartbeat_interval":-1}}"#;
        assert_eq!(fresh.hear(hello, start), Some(Act::Unreadable));
        for frame in [
            "",
            "nonsense",
            "[]",
            r#"{"op":300}"#,
            r#"{"op":0,"s":2,"t":"READY","d":{"session_id":4}}"#,
        ] {
            assert_eq!(line.hear(frame, start), Some(Act::Unreadable), "{frame}");
        }
        for frame in [
            HELLO,
            r#"{"op":99}"#,
            r#"{"op":0}"#,
            r#"{"op":0,"t":"NEW","d":1}"#,
        ] {
            assert_eq!(line.hear(frame, start), None, "{frame}");
        }
        assert!(line.is_ready());
    }
}
