//! The two forms that leave the process and come back from outside, for whoever tries to break them:
//! what a button carries, and a message as Discord takes it.

use serde_json::Value;

use super::{custom_id, render};
use crate::chat::{Message, Press};

/// What a button that does this carries: at most a hundred characters.
#[must_use]
pub fn button_id(press: &Press) -> String {
    custom_id::encode(press)
}

/// What a button with this text does; none for a text that no button of ours carries.
#[must_use]
pub fn press(text: &str) -> Option<Press> {
    custom_id::decode(text)
}

/// The JSON of a new message, within all of Discord's limits.
#[must_use]
pub fn message(message: &Message) -> Value {
    render::new_message(message)
}
