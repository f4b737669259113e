//! What a button carries: a press as text of at most a hundred characters, and back.
//!
//! The text outlives the process that wrote it, so its form never changes: a new form gets a new
//! prefix, and the old one stays readable.

use std::str::{FromStr, Split};

use studyhall_index::SectionKey;

use crate::chat::{Press, Tally};
use crate::quiz::grade::Choices;
use crate::quiz::period::Span;

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
        Press::Answer { round, shown } => format!("{}{:x}", answers_to(*round), shown.bits()),
        Press::Report { round } => format!("{PREFIX}:r:{round}"),
        Press::SaveSchedule { schedule } => format!("{PREFIX}:k:{schedule}"),
        Press::DropSchedule { schedule } => format!("{PREFIX}:d:{schedule}"),
        Press::Board {
            span,
            day,
            topic,
            page,
        } => {
            let topic = topic.map_or_else(|| "-".to_owned(), |topic| format!("{topic:016x}"));
            format!("{PREFIX}:b:{}:{day}:{topic}:{page}", letter(*span))
        }
        Press::Practice { place, shown } => format!("{PREFIX}:q:{place}:{:x}", shown.bits()),
        Press::PracticeNext => format!("{PREFIX}:m"),
        Press::Review {
            question,
            times,
            tally,
            shown,
        } => {
            let (tally, shown) = (written(*tally), shown.bits());
            format!("{PREFIX}:v:{question:016x}:{times}:{tally}:{shown:x}")
        }
        Press::ReviewNext { tally } => format!("{PREFIX}:w:{}", written(*tally)),
        Press::Forget => format!("{PREFIX}:f"),
    }
}

/// What every button and list begins with that answers this round, and no other does.
pub(super) fn answers_to(round: i64) -> String {
    format!("{PREFIX}:a:{round}:")
}

/// The press of a list from which the lines at these places were chosen, as Discord names them.
/// None for a press that chooses nothing, and for values that [`line_value`] does not write.
pub(super) fn chosen(press: Press, values: &[String]) -> Option<Press> {
    let places: Option<Vec<usize>> = values.iter().map(|value| line_place(value)).collect();
    let shown = Choices::of(places?);
    match press {
        Press::Answer { round, .. } => Some(Press::Answer { round, shown }),
        Press::Practice { place, .. } => Some(Press::Practice { place, shown }),
        Press::Review {
            question,
            times,
            tally,
            ..
        } => Some(Press::Review {
            question,
            times,
            tally,
            shown,
        }),
        Press::Open { .. }
        | Press::Next { .. }
        | Press::Previous { .. }
        | Press::Share { .. }
        | Press::Helped { .. }
        | Press::DidNotHelp { .. }
        | Press::Topics { .. }
        | Press::Report { .. }
        | Press::SaveSchedule { .. }
        | Press::DropSchedule { .. }
        | Press::Board { .. }
        | Press::PracticeNext
        | Press::ReviewNext { .. }
        | Press::Forget => None,
    }
}

/// What stands for the line at this place of a list.
pub(super) fn line_value(place: usize) -> String {
    place.to_string()
}

fn line_place(value: &str) -> Option<usize> {
    let place = usize::from(number::<u16>(value)?);
    Choices::of([place]).has(place).then_some(place)
}

/// How a review goes: questions, answers, right ones.
fn written(tally: Tally) -> String {
    format!("{}:{}:{}", tally.n, tally.n_done, tally.n_right)
}

fn tally(parts: &mut Split<'_, char>) -> Option<Tally> {
    Some(Tally {
        n: number(parts.next()?)?,
        n_done: number(parts.next()?)?,
        n_right: number(parts.next()?)?,
    })
}

fn letter(span: Span) -> char {
    match span {
        Span::Day => 'd',
        Span::Week => 'w',
        Span::Month => 'm',
        Span::Season => 's',
        Span::All => 'a',
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
        other => decode_quiz(other, &mut parts)?,
    };
    match parts.next() {
        None => {}
        Some(repeated) => {
            let n_before: u16 = number(repeated.strip_prefix('r')?)?;
            if n_before == 0 || parts.next().is_some() {
                return None;
            }
        }
    }
    Some(press)
}

/// The rest of a press that has to do with the quiz.
fn decode_quiz(kind: &str, parts: &mut Split<'_, char>) -> Option<Press> {
    Some(match kind {
        "a" => Press::Answer {
            round: number(parts.next()?)?,
            shown: choices(parts.next()?)?,
        },
        "r" => Press::Report {
            round: number(parts.next()?)?,
        },
        "k" => Press::SaveSchedule {
            schedule: number(parts.next()?)?,
        },
        "d" => Press::DropSchedule {
            schedule: number(parts.next()?)?,
        },
        "b" => Press::Board {
            span: span(parts.next()?)?,
            day: number(parts.next()?)?,
            topic: topic(parts.next()?)?,
            page: number(parts.next()?)?,
        },
        "q" => Press::Practice {
            place: number(parts.next()?)?,
            shown: choices(parts.next()?)?,
        },
        "m" => Press::PracticeNext,
        "v" => Press::Review {
            question: key(parts.next()?)?,
            times: number(parts.next()?)?,
            tally: tally(parts)?,
            shown: choices(parts.next()?)?,
        },
        "w" => Press::ReviewNext {
            tally: tally(parts)?,
        },
        "f" => Press::Forget,
        _ => return None,
    })
}

/// A set of choices as its bits, in lower-case hexadecimal digits.
fn choices(text: &str) -> Option<Choices> {
    let bits = u16::from_str_radix(text, 16).ok()?;
    (format!("{bits:x}") == text).then(|| Choices::from_bits(bits))
}

fn span(text: &str) -> Option<Span> {
    let mut spans = Span::ALL.into_iter();
    spans.find(|span| letter(*span).to_string() == text)
}

/// Sixteen lower-case hexadecimal digits, or a hyphen where no topic is meant.
fn topic(text: &str) -> Option<Option<u64>> {
    if text == "-" {
        return Some(None);
    }
    key(text).map(Some)
}

/// Sixteen lower-case hexadecimal digits.
fn key(text: &str) -> Option<u64> {
    let key = u64::from_str_radix(text, 16).ok()?;
    (format!("{key:016x}") == text).then_some(key)
}

/// Sixteen lower-case hexadecimal digits, as [`SectionKey`] is written.
fn section(parts: &mut Split<'_, char>) -> Option<SectionKey> {
    let text = parts.next()?;
    let key: SectionKey = text.parse().ok()?;
    (key.to_string() == text).then_some(key)
}

/// A number as it is written: no plus sign, no leading zero.
fn number<N: FromStr + ToString>(text: &str) -> Option<N> {
    let number: N = text.parse().ok()?;
    (number.to_string() == text).then_some(number)
}

#[cfg(test)]
mod hostile;

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
            (any::<i64>(), any::<i32>(), any::<Option<u64>>()),
        )
            .prop_map(|(kind, key, page, quote, (round, day, topic))| {
                let section = SectionKey(key);
                let shown = Choices::from_bits(quote.unwrap_or_default());
                let tally = Tally {
                    n: kind,
                    n_done: kind / 2,
                    n_right: kind / 3,
                };
                match kind % 17 {
                    7 => Press::Answer { round, shown },
                    8 => Press::Report { round },
                    9 => Press::SaveSchedule { schedule: round },
                    10 => Press::DropSchedule { schedule: round },
                    11 => Press::Board {
                        span: Span::ALL[usize::from(page) % Span::ALL.len()],
                        day,
                        topic,
                        page,
                    },
                    12 => Press::Practice { place: page, shown },
                    13 => Press::PracticeNext,
                    14 => Press::Forget,
                    15 => Press::Review {
                        question: key,
                        times: day.unsigned_abs(),
                        tally,
                        shown,
                    },
                    16 => Press::ReviewNext { tally },
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

        #[test]
        fn what_is_read_of_the_quiz_is_what_would_be_written(
            text in "sh1:([arkdqmfw]|b:[dwmsax]:-?[0-9]{1,2}|v:[0-9a-f]{15,17}:[0-9]:1:0)(:[-+r0-9a-f]{1,4}){0,3}"
        ) {
            if let Some(press) = decode(&text) {
                prop_assert!((0..1_000).any(|n| encode_again(&press, n) == text));
            }
        }
    }

    #[test]
    fn the_lines_of_a_list_fill_in_what_was_chosen() {
        let values = |values: &[&str]| -> Vec<String> {
            values.iter().map(|value| (*value).to_owned()).collect()
        };
        let shown = Choices::default();
        let press = Press::Answer { round: 5, shown };
        for (said, shown) in [
            (values(&["0", "2"]), Some(Choices::of([0, 2]))),
            (values(&["15"]), Some(Choices::of([15]))),
            (values(&[]), Some(Choices::default())),
            (values(&["16"]), None),
            (values(&["01"]), None),
            (values(&["0", "x"]), None),
        ] {
            let expect = shown.map(|shown| Press::Answer { round: 5, shown });
            assert_eq!(chosen(press, &said), expect, "{said:?}");
        }
        let practice = Press::Practice { place: 3, shown };
        let shown = Choices::of([1]);
        let expect = Some(Press::Practice { place: 3, shown });
        assert_eq!(chosen(practice, &[line_value(1)]), expect);
        let review = |shown| Press::Review {
            question: 7,
            times: 2,
            tally: Tally::default(),
            shown,
        };
        let empty = review(Choices::default());
        assert_eq!(chosen(empty, &[line_value(1)]), Some(review(shown)));
        assert_eq!(chosen(Press::Forget, &values(&["0"])), None);
    }

    #[test]
    fn the_quizs_form_of_the_first_release_stays_readable() {
        let shown = Choices::of([0, 3]);
        let tally = Tally {
            n: 10,
            n_done: 9,
            n_right: 8,
        };
        let board = |span, day, topic, page| Press::Board {
            span,
            day,
            topic,
            page,
        };
        for (text, press) in [
            ("sh1:a:17:9", Press::Answer { round: 17, shown }),
            (
                "sh1:a:-9223372036854775808:0",
                Press::Answer {
                    round: i64::MIN,
                    shown: Choices::default(),
                },
            ),
            ("sh1:r:17", Press::Report { round: 17 }),
            ("sh1:k:4", Press::SaveSchedule { schedule: 4 }),
            ("sh1:d:4", Press::DropSchedule { schedule: 4 }),
            ("sh1:b:d:20512:-:0", board(Span::Day, 20_512, None, 0)),
            ("sh1:b:w:20512:-:1", board(Span::Week, 20_512, None, 1)),
            (
                "sh1:b:m:-1:00000000000000ff:2",
                board(Span::Month, -1, Some(255), 2),
            ),
            ("sh1:b:s:0:-:0", board(Span::Season, 0, None, 0)),
            ("sh1:b:a:0:-:65535", board(Span::All, 0, None, 65_535)),
            ("sh1:q:0:9", Press::Practice { place: 0, shown }),
            ("sh1:m", Press::PracticeNext),
            (
                "sh1:v:00000000000000ff:4294967295:10:9:8:9",
                Press::Review {
                    question: 255,
                    times: u32::MAX,
                    tally,
                    shown,
                },
            ),
            ("sh1:w:10:9:8", Press::ReviewNext { tally }),
            ("sh1:f", Press::Forget),
        ] {
            assert_eq!(decode(text), Some(press), "{text}");
            assert_eq!(encode(&press), text);
        }
        assert!(encode(&Press::Answer { round: 17, shown }).starts_with(&answers_to(17)));
        assert!(!encode(&Press::Answer { round: 171, shown }).starts_with(&answers_to(17)));
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
            "sh1:a:17",
            "sh1:a:017:1",
            "sh1:a:17:09",
            "sh1:a:17:A",
            "sh1:a:17:10000",
            "sh1:a:9223372036854775808:1",
            "sh1:b:x:0:-:0",
            "sh1:b:d:0:ff:0",
            "sh1:b:d:0:-",
            "sh1:q:0",
            "sh1:m:0",
            "sh1:f:r0",
            "sh1:v:ff:1:10:9:8:9",
            "sh1:v:00000000000000ff:1:256:9:8:9",
            "sh1:v:00000000000000ff:1:10:9:8",
            "sh1:w:10:9",
        ] {
            assert_eq!(decode(text), None, "{text:?}");
        }
    }
}
