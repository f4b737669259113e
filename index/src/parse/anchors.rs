//! Anchors of headings, as GitHub makes them.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fmt::Write as _;

use unicode_normalization::char::is_combining_mark;
use xxhash_rust::xxh3::xxh3_64;

/// Gives each heading of one note its anchor.
pub(super) struct Anchors {
    /// How often each anchor was asked for again since it was given. Anchors are known by their
    /// hashes: should two have the same, the second gets a number that it could do without.
    given: HashMap<u64, u32>,
}

impl Anchors {
    /// Expects so many headings.
    pub(super) fn with_capacity(n_headings: usize) -> Self {
        Self {
            given: HashMap::with_capacity(n_headings),
        }
    }

    /// The anchor of the next heading with this [`slug`]. A second heading of the same slug gets
    /// `-1` behind its anchor, a third `-2`, and so on; a number that a heading took by its own
    /// words is passed over.
    pub(super) fn next(&mut self, slug: String) -> String {
        let plain = xxh3_64(slug.as_bytes());
        let mut n = match self.given.entry(plain) {
            Entry::Vacant(free) => {
                free.insert(0);
                return slug;
            }
            Entry::Occupied(taken) => *taken.get(),
        };
        let len = slug.len();
        let mut anchor = slug;
        loop {
            n += 1;
            anchor.truncate(len);
            // Writing to a string cannot fail.
            let _ = write!(anchor, "-{n}");
            if let Entry::Vacant(free) = self.given.entry(xxh3_64(anchor.as_bytes())) {
                free.insert(0);
                break;
            }
        }
        self.given.insert(plain, n);
        anchor
    }

    /// Keeps the empty anchor for the text before the first heading.
    pub(super) fn reserve_empty(&mut self) {
        self.given.insert(xxh3_64(b""), 0);
    }
}

/// The heading in lower case, without punctuation and symbols, with `-` for each space.
pub(super) fn slug(heading: &str) -> String {
    let mut slug = String::with_capacity(heading.len());
    if heading.is_ascii() {
        slug.extend(heading.bytes().filter_map(|byte| match byte {
            b' ' => Some('-'),
            b'-' | b'_' => Some(char::from(byte)),
            _ if byte.is_ascii_alphanumeric() => Some(char::from(byte.to_ascii_lowercase())),
            _ => None,
        }));
        return slug;
    }
    slug.extend(heading.to_lowercase().chars().filter_map(|c| match c {
        ' ' => Some('-'),
        '-' => Some('-'),
        _ => is_word(c).then_some(c),
    }));
    slug
}

fn is_word(c: char) -> bool {
    c.is_alphabetic() || is_decimal_digit(c) || is_connector(c) || is_combining_mark(c)
}

fn is_connector(c: char) -> bool {
    matches!(
        c,
        '_' | '\u{203f}' | '\u{2040}' | '\u{2054}' | '\u{fe33}' | '\u{fe34}' | '\u{fe4d}'
            ..='\u{fe4f}' | '\u{ff3f}'
    )
}

/// Whether it is a digit of some script; `½`, `²` and `①` are numbers but no digits.
fn is_decimal_digit(c: char) -> bool {
    if c.is_ascii() || !c.is_numeric() {
        return c.is_ascii_digit();
    }
    let code = u32::from(c);
    let set = ZEROS.partition_point(|zero| *zero <= code);
    set > 0 && code - ZEROS[set - 1] < 10
}

/// The zero of each script's digits; the other nine follow it.
const ZEROS: [u32; 66] = [
    0x30, 0x660, 0x6f0, 0x7c0, 0x966, 0x9e6, 0xa66, 0xae6, 0xb66, 0xbe6, 0xc66, 0xce6, 0xd66,
    0xde6, 0xe50, 0xed0, 0xf20, 0x1040, 0x1090, 0x17e0, 0x1810, 0x1946, 0x19d0, 0x1a80, 0x1a90,
    0x1b50, 0x1bb0, 0x1c40, 0x1c50, 0xa620, 0xa8d0, 0xa900, 0xa9d0, 0xa9f0, 0xaa50, 0xabf0, 0xff10,
    0x104a0, 0x10d30, 0x11066, 0x110f0, 0x11136, 0x111d0, 0x112f0, 0x11450, 0x114d0, 0x11650,
    0x116c0, 0x11730, 0x118e0, 0x11950, 0x11c50, 0x11d50, 0x11da0, 0x16a60, 0x16ac0, 0x16b50,
    0x1d7ce, 0x1d7d8, 0x1d7e2, 0x1d7ec, 0x1d7f6, 0x1e140, 0x1e2f0, 0x1e950, 0x1fbf0,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(headings: &[&str], anchors: &[&str]) {
        let mut given = Anchors::with_capacity(headings.len());
        let got: Vec<_> = headings.iter().map(|h| given.next(slug(h))).collect();
        assert_eq!(got, anchors);
    }

    #[test]
    fn punctuation_goes_and_spaces_become_hyphens() {
        check(&["EBS vs. EFS: what's what?"], &["ebs-vs-efs-whats-what"]);
        check(&["a  b - c_d"], &["a--b---c_d"]);
        check(&["Lambda@Edge & S3 (HTTP/2)"], &["lambdaedge--s3-http2"]);
    }

    #[test]
    fn other_scripts_stay() {
        check(&["Größe É"], &["größe-é"]);
        check(&["日本語 テスト。"], &["日本語-テスト"]);
        check(&["🚀 Launch ½ ²"], &["-launch--"]);
        check(&["٣ ৪"], &["٣-৪"]);
    }

    #[test]
    fn repeated_headings_are_numbered() {
        check(&["A", "a", "A!"], &["a", "a-1", "a-2"]);
        check(&["A", "A 1", "A", "A"], &["a", "a-1", "a-2", "a-3"]);
        check(&["A", "A", "A 1", "A"], &["a", "a-1", "a-1-1", "a-2"]);
        check(&["!", "?"], &["", "-1"]);
    }
}
