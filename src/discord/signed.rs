//! Whether what was posted is signed by Discord, and lately.
//! <https://docs.discord.com/developers/interactions/overview#setting-up-an-endpoint-validating-security-request-headers>

use ed25519_dalek::{SIGNATURE_LENGTH, Signature, VerifyingKey};
use jiff::Timestamp;

/// How far the time that was signed may lie from ours, in seconds, either way.
pub(super) const OFF_MAX_S: u64 = 300;
/// Digits of a time that are read, at most.
const DIGITS_MAX: usize = 12;

/// What is wrong with a signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unsigned {
    /// It is none, or not one of this application's over these bytes.
    Forged,
    /// It is good, but its time is too far from ours.
    Stale,
}

/// Reads an application's public key.
///
/// # Errors
/// It is no key, or one with which anybody could sign.
pub(super) fn key(bytes: &[u8; 32]) -> anyhow::Result<VerifyingKey> {
    let key = VerifyingKey::from_bytes(bytes).ok();
    key.filter(|key| !key.is_weak())
        .ok_or_else(|| anyhow::anyhow!("`discord.public_key` is no public key of an application"))
}

/// Whether Discord signed this body at this time, given in the two headers that it sends.
pub(super) fn check(
    key: &VerifyingKey,
    signature: &str,
    timestamp: &str,
    body: &[u8],
    now: Timestamp,
) -> Result<(), Unsigned> {
    let is_time = (1..=DIGITS_MAX).contains(&timestamp.len())
        && timestamp.bytes().all(|byte| byte.is_ascii_digit());
    let (Some(signature), true) = (hex(signature), is_time) else {
        return Err(Unsigned::Forged);
    };
    let signed = [timestamp.as_bytes(), body].concat();
    key.verify_strict(&signed, &Signature::from_bytes(&signature))
        .map_err(|_| Unsigned::Forged)?;
    let at_s: i64 = timestamp.parse().map_err(|_| Unsigned::Forged)?;
    match now.as_second().abs_diff(at_s) <= OFF_MAX_S {
        true => Ok(()),
        false => Err(Unsigned::Stale),
    }
}

/// The bytes of a signature that is written in hexadecimal digits.
fn hex(text: &str) -> Option<[u8; SIGNATURE_LENGTH]> {
    let text = text.as_bytes();
    if text.len() != 2 * SIGNATURE_LENGTH {
        return None;
    }
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let mut bytes = [0; SIGNATURE_LENGTH];
    for (byte, pair) in bytes.iter_mut().zip(text.chunks_exact(2)) {
        *byte = u8::try_from(digit(pair[0])? << 4 | digit(pair[1])?).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use ed25519_dalek::{Signer, SigningKey};

    use super::*;

    const NOW_S: i64 = 1_790_000_000;

    fn signed(body: &[u8], at_s: i64) -> (String, String) {
        let timestamp = at_s.to_string();
        let signing = SigningKey::from_bytes(&[7; 32]);
        let signature = signing.sign(&[timestamp.as_bytes(), body].concat());
        let digits = signature.to_bytes().map(|byte| format!("{byte:02x}"));
        (digits.concat(), timestamp)
    }

    fn checked(signature: &str, timestamp: &str, body: &[u8]) -> Result<(), Unsigned> {
        let key = key(SigningKey::from_bytes(&[7; 32]).verifying_key().as_bytes());
        let now = Timestamp::from_second(NOW_S).unwrap();
        check(&key.unwrap(), signature, timestamp, body, now)
    }

    #[test]
    fn what_discord_signed_lately_is_good() {
        for off_s in [-300, 0, 300] {
            let (signature, timestamp) = signed(b"{}", NOW_S + off_s);
            assert_eq!(checked(&signature, &timestamp, b"{}"), Ok(()));
            let loud = signature.to_uppercase();
            assert_eq!(checked(&loud, &timestamp, b"{}"), Ok(()));
        }
    }

    #[test]
    fn an_old_signature_and_one_from_the_future_are_stale() {
        for at_s in [0, NOW_S - 301, NOW_S + 301, 999_999_999_999] {
            let (signature, timestamp) = signed(b"{}", at_s);
            assert_eq!(checked(&signature, &timestamp, b"{}"), Err(Unsigned::Stale));
        }
    }

    #[test]
    fn whatever_is_changed_is_forged() {
        let (good, timestamp) = signed(b"{}", NOW_S);
        let later = (NOW_S + 1).to_string();
        let padded = format!("0{timestamp}");
        let mut flipped = good.clone();
        flipped.replace_range(..1, if good.starts_with('0') { "1" } else { "0" });
        let strange = "é".repeat(SIGNATURE_LENGTH);
        for (signature, timestamp, body) in [
            (&*good, &*timestamp, &b"{} "[..]),
            (&good, &later, b"{}"),
            (&good, &padded, b"{}"),
            (&good, "", b"{}"),
            (&good, "-1", b"{}"),
            (&flipped, &timestamp, b"{}"),
            (&good[2..], &timestamp, b"{}"),
            (&strange, &timestamp, b"{}"),
            ("", &timestamp, b"{}"),
        ] {
            let found = checked(signature, timestamp, body);
            assert_eq!(found, Err(Unsigned::Forged), "{signature} {timestamp}");
        }
    }

    #[test]
    fn a_key_with_which_anybody_could_sign_is_none() {
        assert!(key(&[0; 32]).is_err());
        let mut one = [0; 32];
        one[0] = 1;
        assert!(key(&one).is_err());
    }
}
