//! A file's bytes become text, whatever wrote them.

use std::borrow::Cow;

use crate::codes::NOT_UTF8;
use crate::section::Warning;

/// Reads a file's bytes as text. Never fails: UTF-16 is known by its byte-order mark, everything
/// else is UTF-8 in which single wrong bytes are read as Windows-1252, and a warning says so.
#[must_use]
pub fn decode(bytes: &[u8]) -> (Cow<'_, str>, Option<Warning>) {
    match bytes {
        [0xff, 0xfe, rest @ ..] => (utf16(rest, u16::from_le_bytes), Some(utf16_warning())),
        [0xfe, 0xff, rest @ ..] => (utf16(rest, u16::from_be_bytes), Some(utf16_warning())),
        [0xef, 0xbb, 0xbf, rest @ ..] => utf8(rest),
        _ => utf8(bytes),
    }
}

fn utf8(bytes: &[u8]) -> (Cow<'_, str>, Option<Warning>) {
    let first_wrong = match std::str::from_utf8(bytes) {
        Ok(text) => return (Cow::Borrowed(text), None),
        Err(error) => error.valid_up_to(),
    };
    let mut text = String::with_capacity(bytes.len() + bytes.len() / 8);
    let mut wrong_at = None;
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        if !chunk.invalid().is_empty() {
            wrong_at.get_or_insert(text.len());
        }
        text.extend(chunk.invalid().iter().map(|byte| windows_1252(*byte)));
    }
    let before = &text[..wrong_at.unwrap_or(first_wrong)];
    let n_lines = before.matches('\n').count() + lone_returns(before);
    let n_chars = before
        .rsplit(['\n', '\r'])
        .next()
        .map_or(0, |line| line.chars().count());
    let warning = Warning {
        line: position(n_lines),
        column: position(n_chars),
        code: NOT_UTF8,
        message: "the file is not UTF-8; bytes that make no sense were read as Windows-1252: \
                  save it as UTF-8"
            .to_owned(),
    };
    (Cow::Owned(text), Some(warning))
}

fn lone_returns(text: &str) -> usize {
    text.matches('\r').count() - text.matches("\r\n").count()
}

/// A position counted from 1.
fn position(n_before: usize) -> u32 {
    u32::try_from(n_before).map_or(u32::MAX, |n| n.saturating_add(1))
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Cow<'static, str> {
    let (pairs, rest) = bytes.as_chunks::<2>();
    let units = pairs.iter().map(|pair| unit(*pair));
    let mut text: String = char::decode_utf16(units)
        .map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER))
        .collect();
    if !rest.is_empty() {
        text.push(char::REPLACEMENT_CHARACTER);
    }
    Cow::Owned(text)
}

fn utf16_warning() -> Warning {
    Warning {
        line: 1,
        column: 1,
        code: NOT_UTF8,
        message: "the file is UTF-16; save it as UTF-8 so that every tool can read it".to_owned(),
    }
}

/// The characters of the bytes 0x80 to 0x9f; five of them stand for nothing.
const WINDOWS_1252: [char; 32] = [
    '€', '\u{fffd}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{fffd}', 'Ž',
    '\u{fffd}', '\u{fffd}', '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{fffd}',
    'ž', 'Ÿ',
];

fn windows_1252(byte: u8) -> char {
    match byte {
        0x80..=0x9f => WINDOWS_1252[usize::from(byte - 0x80)],
        _ => char::from(byte),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(bytes: &[u8], text: &str, place: Option<(u32, u32)>) {
        let (got, warning) = decode(bytes);
        assert_eq!(got, text);
        assert_eq!(warning.map(|w| (w.line, w.column)), place);
    }

    #[test]
    fn byte_order_marks_are_no_text() {
        check(b"\xef\xbb\xbfa", "a", None);
        check(b"\xff\xfea\0\xe9\0", "aé", Some((1, 1)));
        check(b"\xfe\xff\0a\xd8", "a\u{fffd}", Some((1, 1)));
    }

    #[test]
    fn wrong_bytes_become_letters_and_are_told() {
        check(b"ok\r\nCaf\xe9 \x93hi\x94", "ok\r\nCafé “hi”", Some((2, 4)));
        check("é\n".as_bytes(), "é\n", None);
        check(b"\xc3\xa9\xff", "éÿ", Some((1, 2)));
    }
}
