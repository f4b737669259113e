//! How Discord says no.

use serde_json::{Map, Value, json};

/// What is wrong with one field of a body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Flaw {
    /// Where: names and positions joined by dots; empty for the whole body.
    pub(crate) at: String,
    /// What is wrong.
    pub(crate) what: String,
}

impl Flaw {
    pub(crate) fn new(at: impl Into<String>, what: impl Into<String>) -> Self {
        Self {
            at: at.into(),
            what: what.into(),
        }
    }
}

/// A refusal: HTTP status, Discord's own code and message, and the flaws of a body.
#[derive(Clone, Debug)]
pub(crate) struct Refusal {
    pub(crate) status: u16,
    pub(crate) code: u32,
    pub(crate) message: String,
    pub(crate) flaws: Vec<Flaw>,
}

impl Refusal {
    fn plain(status: u16, code: u32, message: &str) -> Self {
        Self {
            status,
            code,
            message: message.to_owned(),
            flaws: Vec::new(),
        }
    }

    pub(crate) fn no_such_route() -> Self {
        Self::plain(404, 0, "404: Not Found")
    }

    pub(crate) fn wrong_method() -> Self {
        Self::plain(405, 0, "405: Method Not Allowed")
    }

    pub(crate) fn unauthorized() -> Self {
        Self::plain(401, 0, "401: Unauthorized")
    }

    pub(crate) fn unknown_agent() -> Self {
        Self::plain(403, 40333, "internal network error")
    }

    pub(crate) fn bad_json() -> Self {
        Self::plain(400, 50109, "The request body contains invalid JSON.")
    }

    pub(crate) fn unknown_channel() -> Self {
        Self::plain(404, 10003, "Unknown Channel")
    }

    pub(crate) fn unknown_guild() -> Self {
        Self::plain(404, 10004, "Unknown Guild")
    }

    pub(crate) fn unknown_member() -> Self {
        Self::plain(404, 10007, "Unknown Member")
    }

    pub(crate) fn unknown_user() -> Self {
        Self::plain(404, 10013, "Unknown User")
    }

    pub(crate) fn missing_permissions() -> Self {
        Self::plain(403, 50013, "Missing Permissions")
    }

    pub(crate) fn no_messages_to_this_user() -> Self {
        Self::plain(403, 50007, "Cannot send messages to this user")
    }

    pub(crate) fn has_thread() -> Self {
        Self::plain(
            400,
            160_004,
            "A thread has already been created for this message",
        )
    }

    pub(crate) fn unknown_message() -> Self {
        Self::plain(404, 10008, "Unknown Message")
    }

    pub(crate) fn unknown_webhook() -> Self {
        Self::plain(404, 10015, "Unknown Webhook")
    }

    pub(crate) fn unknown_interaction() -> Self {
        Self::plain(404, 10062, "Unknown interaction")
    }

    pub(crate) fn unknown_command() -> Self {
        Self::plain(404, 10063, "Unknown application command")
    }

    pub(crate) fn already_acknowledged() -> Self {
        Self::plain(400, 40060, "Interaction has already been acknowledged.")
    }

    pub(crate) fn not_the_author() -> Self {
        Self::plain(403, 50005, "Cannot edit a message authored by another user")
    }

    pub(crate) fn empty_message() -> Self {
        Self::plain(400, 50006, "Cannot send an empty message")
    }

    pub(crate) fn expired_token() -> Self {
        Self::plain(401, 50027, "Invalid Webhook Token")
    }

    pub(crate) fn other_application() -> Self {
        Self::plain(
            403,
            20012,
            "You are not authorized to perform this action on this application",
        )
    }

    /// A body with flaws.
    pub(crate) fn invalid_form(flaws: Vec<Flaw>) -> Self {
        Self {
            status: 400,
            code: 50035,
            message: "Invalid Form Body".to_owned(),
            flaws,
        }
    }

    /// The JSON that Discord sends.
    pub(crate) fn body(&self) -> Value {
        let mut body = json!({"message": self.message, "code": self.code});
        if !self.flaws.is_empty() {
            let mut errors = Value::Object(Map::new());
            for flaw in &self.flaws {
                let mut place = &mut errors;
                for step in flaw.at.split('.').filter(|step| !step.is_empty()) {
                    place = &mut place[step];
                }
                place["_errors"] = json!([{"code": "INVALID_FORM_BODY", "message": flaw.what}]);
            }
            // A field either has errors or fields with errors; the whole wins.
            body["errors"] = match errors.get("_errors") {
                Some(whole) => json!({"_errors": whole}),
                None => errors,
            };
        }
        body
    }
}
