//! What a button carries: a press as text of at most a hundred characters, and back.
//!
//! The text outlives the process that wrote it, so its form never changes: a new form gets a new
//! prefix, and the old one stays readable.

use std::str::Split;

use studyhall_index::SectionKey;

use crate::chat::Press;

/// Characters in a button's id, at most.
/// <https://docs.discord.com/developers/components/reference>
pub(super) const CUSTOM_ID_MAX: usize = 100;

/// Opens every id of this form. The digit grows when the form changes.
const PREFIX: &str = "sh1";

/// The press as a button carries it.
pub(super) fn encode(press: &Press) -> String {
    match press {
        Press::Open { section, page } => format!("{PREFIX}:o:{section}:{page}"),
        Press::Next { section } => format!("{PREFIX}:n:{section}"),
        Press::Previous { section } => format!("{PREFIX}:p:{section}"),
        Press::Share {
            section,
            page,
            quote: Some(quote),
        } => format!("{PREFIX}:s:{section}:{page}:{quote}"),
        Press::Share {
            section,
            page,
            quote: None,
        } => format!("{PREFIX}:s:{section}:{page}:-"),
        Press::Helped { section } => format!("{PREFIX}:y:{section}"),
        Press::DidNotHelp { section } => format!("{PREFIX}:x:{section}"),
        Press::Topics { page } => format!("{PREFIX}:t:{page}"),
    }
}

/// The same where `n_before` buttons of the message do the same: no two may carry the same text.
pub(super) fn encode_again(press: &Press, n_before: usize) -> String {
    match n_before {
        0 => encode(press),
        n => format!("{}:r{n}", encode(press)),
    }
}

/// The press that a button carries. None for anything that [`encode`] does not write: the text
/// comes from outside.
pub(super) fn decode(text: &str) -> Option<Press> {
    if text.len() > CUSTOM_ID_MAX {
        return None;
    }
    let mut parts = text.split(':');
    if parts.next()? != PREFIX {
        return None;
    }
    let press = match parts.next()? {
        "o" => Press::Open {
            section: section(&mut parts)?,
            page: number(parts.next()?)?,
        },
        "n" => Press::Next {
            section: section(&mut parts)?,
        },
        "p" => Press::Previous {
            section: section(&mut parts)?,
        },
        "s" => Press::Share {
            section: section(&mut parts)?,
            page: number(parts.next()?)?,
            quote: match parts.next()? {
                "-" => None,
                quote => Some(number(quote)?),
            },
        },
        "y" => Press::Helped {
            section: section(&mut parts)?,
        },
        "x" => Press::DidNotHelp {
            section: section(&mut parts)?,
        },
        "t" => Press::Topics {
            page: number(parts.next()?)?,
        },
        _ => return None,
    };
    match parts.next() {
        None => {}
        Some(repeated) => {
            let n_before = number(repeated.strip_prefix('r')?)?;
            if n_before == 0 || parts.next().is_some() {
                return None;
            }
        }
    }
    Some(press)
}

/// Sixteen lower-case hexadecimal digits, as [`SectionKey`] is written.
fn section(parts: &mut Split<'_, char>) -> Option<SectionKey> {
    let text = parts.next()?;
    let key: SectionKey = text.parse().ok()?;
    (key.to_string() == text).then_some(key)
}

/// A number as it is written: no sign, no leading zero.
fn number(text: &str) -> Option<u16> {
    let number: u16 = text.parse().ok()?;
    (number.to_string() == text).then_some(number)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn presses() -> impl Strategy<Value = Press> {
        (
            any::<u8>(),
            any::<u64>(),
            any::<u16>(),
            any::<Option<u16>>(),
        )
            .prop_map(|(kind, key, page, quote)| {
                let section = SectionKey(key);
                match kind % 7 {
                    0 => Press::Open { section, page },
                    1 => Press::Next { section },
                    2 => Press::Previous { section },
                    3 => Press::Share {
                        section,
                        page,
                        quote,
                    },
                    4 => Press::Helped { section },
                    5 => Press::DidNotHelp { section },
                    _ => Press::Topics { page },
                }
            })
    }

    proptest! {
        #[test]
        fn a_press_survives_the_way_there_and_back(press in presses(), n_before in 0_usize..25) {
            let text = encode_again(&press, n_before);
            prop_assert!(text.len() <= CUSTOM_ID_MAX);
            prop_assert_eq!(decode(&text), Some(press));
        }

        #[test]
        fn no_text_breaks_the_reader(text in ".{0,120}") {
            let _ = decode(&text);
        }

        #[test]
        fn what_is_read_is_what_would_be_written(
            text in "sh1:[nopstxy]:([0-9a-f+]{15,17}:)?[-+0-9]{1,6}(:[-+r0-9]{1,3}){0,2}"
        ) {
            if let Some(press) = decode(&text) {
                prop_assert!((0..1_000).any(|n| encode_again(&press, n) == text));
            }
        }
    }

    #[test]
    fn the_form_of_the_first_release_stays_readable() {
        let section = SectionKey(0x0123_4567_89ab_cdef);
        for (text, press) in [
            ("sh1:o:0123456789abcdef:2", Press::Open { section, page: 2 }),
            ("sh1:n:0123456789abcdef", Press::Next { section }),
            ("sh1:p:0123456789abcdef", Press::Previous { section }),
            (
                "sh1:s:0123456789abcdef:0:3",
                Press::Share {
                    section,
                    page: 0,
                    quote: Some(3),
                },
            ),
            (
                "sh1:s:0123456789abcdef:65535:-",
                Press::Share {
                    section,
                    page: 65_535,
                    quote: None,
                },
            ),
            ("sh1:y:0123456789abcdef", Press::Helped { section }),
            ("sh1:x:0123456789abcdef", Press::DidNotHelp { section }),
            ("sh1:t:1", Press::Topics { page: 1 }),
        ] {
            assert_eq!(decode(text), Some(press), "{text}");
            assert_eq!(encode(&press), text);
        }
    }

    #[test]
    fn anything_else_is_refused() {
        for text in [
            "",
            "sh1",
            "sh1:o",
            "sh2:t:1",
            "sh1:t:01",
            "sh1:t:+1",
            "sh1:t:65536",
            "sh1:t:1:",
            "sh1:t:1:r",
            "sh1:t:1:r0",
            "sh1:t:1:r01",
            "sh1:t:1:r1:r1",
            "sh1:t:1:1",
            "sh1:n:0123456789ABCDEF",
            "sh1:n:123456789abcdef",
            "sh1:n:0123456789abcdef:0",
            "sh1:s:0123456789abcdef:0",
            " sh1:t:1",
        ] {
            assert_eq!(decode(text), None, "{text:?}");
        }
    }
}
