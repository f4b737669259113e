//! The forms that settings must have, and how they are read.

use std::fmt;
use std::net::SocketAddr;

/// How Discord's events reach the bot.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Transport {
    /// Over a connection that the bot opens.
    #[default]
    Gateway,
    /// Discord posts each one, signed, to the bot's own address.
    Http,
}

impl Transport {
    /// The name in the settings.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Gateway => "gateway",
            Self::Http => "http",
        }
    }
}

/// Which shards of how many this process keeps. Discord sends a server's events to the shard
/// `(server >> 22) % total`, and from 2,500 servers on it wants more than one.
/// <https://docs.discord.com/developers/events/gateway#sharding>
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shards {
    /// The first, from 0.
    pub first: u16,
    /// The last, which belongs to them.
    pub last: u16,
    /// All that there are, in all processes together.
    pub total: u16,
}

/// Shards that one process keeps, at most.
const SHARDS_MAX: u16 = 16;

impl Shards {
    /// The only one.
    pub const ONE: Self = Self {
        first: 0,
        last: 0,
        total: 1,
    };

    /// How many this process keeps.
    #[must_use]
    pub fn n(self) -> usize {
        usize::from(self.last - self.first) + 1
    }
}

impl Default for Shards {
    fn default() -> Self {
        Self::ONE
    }
}

impl fmt::Display for Shards {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.first == self.last {
            true => write!(f, "{}/{}", self.first, self.total),
            false => write!(f, "{}-{}/{}", self.first, self.last, self.total),
        }
    }
}

/// How log lines are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

impl LogFormat {
    /// The name in the settings.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Json => "json",
        }
    }
}

/// An address that begins with `http://` or `https://` and does not end in a slash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebAddress(String);

impl WebAddress {
    /// The address as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Where a reader finds a section under this address, which is that of the notes: the note's
    /// `path` and the heading's `anchor`, which may be empty.
    #[must_use]
    pub fn of_section(&self, path: &str, anchor: &str) -> String {
        let mut url = format!("{}/", self.0);
        percent_encode(path, &mut url);
        if !anchor.is_empty() {
            url.push('#');
            percent_encode(anchor, &mut url);
        }
        url
    }
}

impl fmt::Display for WebAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn percent_encode(text: &str, url: &mut String) {
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' | b'/' => {
                url.push(char::from(byte));
            }
            _ => url.push_str(&format!("%{byte:02X}")),
        }
    }
}

/// Reads a web address. The reason for a refusal never repeats the text.
pub(super) fn web_address(text: &str) -> Result<WebAddress, &'static str> {
    let rest = text
        .strip_prefix("https://")
        .or_else(|| text.strip_prefix("http://"))
        .ok_or("must begin with `http://` or `https://`")?;
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if host.is_empty() || host.starts_with(':') {
        return Err("must name a host");
    }
    if host.contains('@') {
        return Err("must not carry a user name or a password");
    }
    if text.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Err("must not contain blanks");
    }
    Ok(WebAddress(text.trim_end_matches('/').to_owned()))
}

/// Reads the transport's name.
pub(super) fn transport(text: &str) -> Result<Transport, &'static str> {
    match text {
        "gateway" => Ok(Transport::Gateway),
        "http" => Ok(Transport::Http),
        _ => Err("must be `gateway` or `http`"),
    }
}

/// Reads which shards a process keeps.
pub(super) fn shards(text: &str) -> Result<Shards, &'static str> {
    const FORM: &str = "must be a shard or a range of them, from 0, and how many there are in all, such \
                        as `0/1`, `2/4` or `0-1/4`, where 0 and 1 both belong to the range";
    let (range, total) = text.split_once('/').ok_or(FORM)?;
    let (first, last) = range.split_once('-').unwrap_or((range, range));
    let number = |text: &str| text.trim().parse::<u16>().map_err(|_| FORM);
    let (first, last, total) = (number(first)?, number(last)?, number(total)?);
    if first > last {
        return Err("must name the lower shard first");
    }
    if last >= total {
        return Err("must count the shards from 0, so that the last of 4 is 3");
    }
    if last - first >= SHARDS_MAX {
        return Err("must not be more than 16 shards in one process");
    }
    Ok(Shards { first, last, total })
}

/// Reads the name of a log format.
pub(super) fn log_format(text: &str) -> Result<LogFormat, &'static str> {
    match text {
        "text" => Ok(LogFormat::Text),
        "json" => Ok(LogFormat::Json),
        _ => Err("must be `text` or `json`"),
    }
}

/// Reads an address to listen on.
pub(super) fn listen(text: &str) -> Result<SocketAddr, &'static str> {
    text.parse()
        .map_err(|_| "must be an IP address and a port, such as `127.0.0.1:8080` or `[::1]:8080`")
}

/// Reads an application's public key.
pub(super) fn public_key(text: &str) -> Result<[u8; 32], &'static str> {
    const WRONG: &str = "must be the 64 hexadecimal digits that Discord shows";
    if text.len() != 64 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(WRONG);
    }
    let mut key = [0; 32];
    for (n, byte) in key.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&text[2 * n..2 * n + 2], 16).map_err(|_| WRONG)?;
    }
    Ok(key)
}

/// Checks the form of a database's address.
pub(super) fn database(text: &str) -> Result<(), &'static str> {
    let known = ["postgres://", "postgresql://", "sqlite:"];
    let rest = known.iter().find_map(|scheme| text.strip_prefix(scheme));
    match rest {
        Some(rest) if !rest.is_empty() => Ok(()),
        _ => Err("must be `postgres://user@host/name` or `sqlite:path`"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shards_are_read_with_both_ends() {
        for (text, first, last, total, n) in [
            ("0/1", 0, 0, 1, 1),
            ("2/4", 2, 2, 4, 1),
            ("0-1/4", 0, 1, 4, 2),
            (" 2 - 3 / 4 ", 2, 3, 4, 2),
            ("0-15/16", 0, 15, 16, 16),
        ] {
            let shards = shards(text).expect(text);
            assert_eq!(shards, Shards { first, last, total });
            assert_eq!(shards.n(), n);
        }
        assert_eq!(
            shards("2-3/4").map(|shards| shards.to_string()),
            Ok("2-3/4".to_owned())
        );
        for wrong in [
            "", "1", "1/1", "0-4/4", "3-2/4", "-1/4", "0/0", "0-16/17", "a/b", "0/70000",
        ] {
            assert!(shards(wrong).is_err(), "{wrong}");
        }
    }
}
