//! Interactions that Discord posts to the bot, signed, in the place of events on the gateway.

use std::sync::Arc;
use std::time::Duration;

use ed25519_dalek::{Signer, SigningKey};
use serde_json::Value;

use super::interactions::Interaction;
use super::rest::{self, Request};
use super::{Fake, Receipt};

/// The application's key: Discord holds the secret half.
const SECRET: [u8; 32] = [42; 32];
/// How long Discord waits for an answer.
const PATIENCE: Duration = Duration::from_secs(3);

/// The public half, as Discord's portal shows it.
pub(crate) fn public_key() -> String {
    let key = SigningKey::from_bytes(&SECRET).verifying_key();
    key.to_bytes().map(|byte| format!("{byte:02x}")).concat()
}

/// A request as Discord posts it; a test may change what it likes.
#[derive(Clone, Debug)]
pub(crate) struct Letter {
    pub(crate) signature: String,
    pub(crate) timestamp: String,
    pub(crate) body: Vec<u8>,
}

impl Letter {
    /// This body, signed at this second.
    pub(crate) fn signed(body: &[u8], at_s: i64) -> Self {
        let timestamp = at_s.to_string();
        let signed = [timestamp.as_bytes(), body].concat();
        let signature = SigningKey::from_bytes(&SECRET).sign(&signed).to_bytes();
        Self {
            signature: signature.map(|byte| format!("{byte:02x}")).concat(),
            timestamp,
            body: body.to_vec(),
        }
    }

    /// Posts it to this address: the status, and the body that came back.
    pub(crate) async fn post(&self, url: &str) -> (u16, String) {
        let posted = self.try_post(url).await;
        posted.expect("an answer in three seconds")
    }

    /// The same where the connection may break, or nobody may answer in time.
    pub(crate) async fn try_post(&self, url: &str) -> reqwest::Result<(u16, String)> {
        let client = reqwest::Client::builder()
            .no_proxy()
            .timeout(PATIENCE)
            .build();
        let request = client
            .expect("a client")
            .post(url)
            .header("content-type", "application/json")
            .header("x-signature-ed25519", &self.signature)
            .header("x-signature-timestamp", &self.timestamp)
            .body(self.body.clone());
        let response = request.send().await?;
        let status = response.status().as_u16();
        Ok((status, response.text().await?))
    }
}

impl Fake {
    /// A person does something: what Discord would post, and what becomes of it.
    pub(crate) fn write_down(&self, interaction: &Interaction) -> (Letter, Receipt) {
        let (id, event) = self.world.change(|state| state.take_in(interaction));
        let letter = Letter::signed(event.to_string().as_bytes(), self.now_ms() / 1_000);
        let world = Arc::clone(&self.world);
        (letter, Receipt { world, id })
    }

    /// A person does something, and Discord posts it there, as often as it is delivered. What
    /// comes back first is taken as the answer; `delay` later, where the network is slow.
    pub(crate) async fn post(
        &self,
        url: &str,
        interaction: &Interaction,
        delay: Duration,
    ) -> Receipt {
        let (letter, receipt) = self.write_down(interaction);
        let (status, answer) = letter.post(url).await;
        assert_eq!(status, 200, "{answer}");
        for _ in 1..interaction.n_deliveries {
            let (status, answer) = letter.post(url).await;
            assert_eq!(status, 409, "{answer}");
        }
        tokio::time::sleep(delay).await;
        assert_eq!(self.take_answer(&receipt, &answer), None, "{answer}");
        receipt
    }

    /// Takes what was answered to a posted interaction as its first answer; why Discord does not.
    pub(crate) fn take_answer(&self, receipt: &Receipt, answer: &str) -> Option<Value> {
        let body: Value = serde_json::from_str(answer).expect("JSON");
        let (id, token) = (receipt.id.to_string(), receipt.token());
        let request = Request {
            host: &self.world.host,
            method: "POST",
            path: &["interactions", &id, &token, "callback"],
            query: &std::collections::BTreeMap::new(),
            body: &body,
            n_files: 0,
        };
        let answered = self.world.change(|state| rest::answer(state, &request));
        answered.err().map(|no| no.body())
    }
}
