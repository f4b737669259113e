//! Interactions as Discord posts them: each with its own number, its instant and its signature.

use std::fmt::Write as _;

use ed25519_dalek::{Signer, SigningKey};
use jiff::Timestamp;
use serde_json::{Value, json};

/// The secret half of the application's key.
const SECRET: [u8; 32] = [42; 32];
/// Where Discord's numbers start, in milliseconds since 1970.
const EPOCH_MS: i64 = 1_420_070_400_000;
/// The bits of a number that tell apart what was made in one millisecond.
const BELOW_MS: u64 = (1 << 22) - 1;
/// Signs at the end of a question, by which three to that power are told apart.
const SIGNS: [char; 3] = ['.', '!', '?'];
const N_SIGNS: u32 = 16;
/// People who ask.
const N_PEOPLE: u64 = 500;

/// The application's number.
pub(super) const APPLICATION: u64 = 1_100_000_000_000_000_001;
const GUILD: u64 = 1_100_000_000_000_000_002;
const CHANNEL: u64 = 1_100_000_000_000_000_003;
const PERSON: u64 = 1_100_000_000_000_001_000;

/// A request that is ready to be sent.
pub(super) struct Letter {
    /// Its head and body.
    pub(super) bytes: Vec<u8>,
    /// Which question it asks.
    pub(super) question: usize,
}

/// How the questions are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hand {
    /// Each as it was before, as where a class asks.
    Same,
    /// None as any before it, by signs at its end. Only the person sees the answer, which repeats the
    /// question otherwise.
    New,
}

impl Hand {
    /// A question as the `n`th letter asks it.
    fn question(self, n: u64, question: &str) -> String {
        match self {
            Self::Same => question.to_owned(),
            Self::New => {
                let signs = (0..N_SIGNS).map(|at| SIGNS[(n / 3_u64.pow(at) % 3) as usize]);
                format!("{question} {}", signs.collect::<String>())
            }
        }
    }
}

/// Who writes and signs them.
pub(super) struct Writer {
    key: SigningKey,
    n_written: u64,
}

impl Writer {
    /// One who has written nothing yet.
    pub(super) fn new() -> Self {
        Self {
            key: SigningKey::from_bytes(&SECRET),
            n_written: 0,
        }
    }

    /// So many, asking one question after the other, all made now: they are to be sent at once,
    /// for the bot answers nothing that is older than 2.5 seconds.
    pub(super) fn write(&mut self, n: usize, questions: &[String], hand: Hand) -> Vec<Letter> {
        let now_ms = now().as_millisecond();
        let write = |at: usize| {
            let question = at % questions.len();
            let body = self.interaction(now_ms, &questions[question], hand);
            let body = body.to_string();
            Letter {
                bytes: self.signed(now_ms / 1_000, &body),
                question,
            }
        };
        (0..n).map(write).collect()
    }

    /// `/ask` with a question, with all that Discord tells beside it.
    fn interaction(&mut self, now_ms: i64, question: &str, hand: Hand) -> Value {
        self.n_written += 1;
        let question = hand.question(self.n_written, question);
        let made_ms = u64::try_from(now_ms - EPOCH_MS).unwrap_or_default();
        let id = made_ms << 22 | self.n_written & BELOW_MS;
        let person = (PERSON + self.n_written % N_PEOPLE).to_string();
        json!({
            "id": id.to_string(), "application_id": APPLICATION.to_string(), "type": 2,
            "token": format!("aW50ZXJhY3Rpb246{id}{:0120x}", u128::from(id).pow(2)),
            "version": 1, "locale": "en-US", "guild_locale": "en-US",
            "guild_id": GUILD.to_string(),
            "guild": {"id": GUILD.to_string(), "features": [], "locale": "en-US"},
            "channel_id": CHANNEL.to_string(),
            "channel": {
                "id": CHANNEL.to_string(), "type": 0, "guild_id": GUILD.to_string(),
                "name": "study", "position": 0, "parent_id": null, "topic": null, "nsfw": false,
                "rate_limit_per_user": 0, "last_message_id": null, "flags": 0,
                "permissions": "2248473465835073",
            },
            "member": {
                "user": {
                    "id": person, "username": "somebody", "global_name": "Somebody",
                    "avatar": null, "discriminator": "0", "public_flags": 0,
                    "avatar_decoration_data": null, "collectibles": null, "primary_guild": null,
                },
                "nick": null, "avatar": null, "banner": null, "roles": [],
                "joined_at": "2023-11-14T22:13:20.000000+00:00", "premium_since": null,
                "deaf": false, "mute": false, "flags": 0, "pending": false,
                "permissions": "2248473465835073",
                "communication_disabled_until": null, "unusual_dm_activity_until": null,
            },
            "data": {
                "id": "1100000000000000010", "name": "ask", "type": 1,
                "options": [
                    {"name": "question", "type": 3, "value": question},
                    {"name": "private", "type": 5, "value": hand == Hand::New},
                ],
            },
            "app_permissions": "2248473465835073", "entitlements": [],
            "entitlement_sku_ids": [], "attachment_size_limit": 10_485_760,
            "authorizing_integration_owners": {"0": GUILD.to_string()}, "context": 0,
        })
    }

    /// The request that brings this body, signed at this second.
    fn signed(&self, at_s: i64, body: &str) -> Vec<u8> {
        let signature = self.key.sign(format!("{at_s}{body}").as_bytes());
        format!(
            "POST /interactions HTTP/1.1\r\n\
             Host: 127.0.0.1\r\n\
             User-Agent: Discord-Interactions/1.0 (+https://discord.com)\r\n\
             Content-Type: application/json\r\n\
             X-Signature-Ed25519: {}\r\n\
             X-Signature-Timestamp: {at_s}\r\n\
             Content-Length: {}\r\n\r\n{body}",
            digits(&signature.to_bytes()),
            body.len(),
        )
        .into_bytes()
    }
}

/// The public half of the application's key.
pub(super) fn public_key() -> [u8; 32] {
    SigningKey::from_bytes(&SECRET).verifying_key().to_bytes()
}

/// Bytes in hexadecimal digits.
pub(super) fn digits(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a text cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[expect(
    clippy::disallowed_methods,
    reason = "Discord's clock is the one on the wall"
)]
fn now() -> Timestamp {
    Timestamp::now()
}
