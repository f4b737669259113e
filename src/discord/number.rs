//! Discord's numbers.

use std::fmt;

use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer};

/// One of Discord's numbers, which it writes as a text.
/// <https://docs.discord.com/developers/reference#snowflakes>
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Number(pub(super) u64);

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Digits;

        impl Visitor<'_> for Digits {
            type Value = Number;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number written as a text")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Number, E> {
                text.parse().map(Number).map_err(E::custom)
            }
        }

        from.deserialize_str(Digits)
    }
}

/// Something that has a number, of which nothing else matters.
#[derive(Clone, Copy, Debug, Deserialize)]
pub(super) struct Numbered {
    pub(super) id: Number,
}
