//! Lines that people type in the terminal.

use crate::chat::Request;

/// Reads `[--private] [topic:NAME] QUESTION`, the options in any order before the question.
pub(super) fn ask(mut rest: &str) -> Request {
    let mut private = false;
    let mut topic = None;
    loop {
        if let Some(after) = rest.strip_prefix("--private") {
            private = true;
            rest = after.trim_start();
        } else if let Some(after) = rest.strip_prefix("topic:") {
            let (name, after) = match after.strip_prefix('"') {
                Some(quoted) => quoted.split_once('"').unwrap_or((quoted, "")),
                None => after.split_once(char::is_whitespace).unwrap_or((after, "")),
            };
            topic = Some(name.to_owned());
            rest = after.trim_start();
        } else {
            return Request::Ask {
                question: rest.to_owned(),
                topic,
                private,
            };
        }
    }
}

/// `ben: hello` is said by ben, everything else by the speaker. A question that begins with a
/// word and a colon keeps it unless the word is all lower case.
pub(super) fn split_speaker(line: &str, speaker: &str) -> (String, String) {
    match line.split_once(": ") {
        Some((name, rest)) if is_name(name) => (name.to_owned(), rest.trim().to_owned()),
        _ => (speaker.to_owned(), line.to_owned()),
    }
}

/// Whether this can be somebody's name in the terminal.
pub(super) fn is_name(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= 32
        && name.chars().all(|c| c.is_lowercase() || c.is_ascii_digit())
}

/// The same name is the same person, today and tomorrow. Below 2^63, as a chat's numbers are.
pub(super) fn member_id(name: &str) -> u64 {
    let hash = name.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    hash >> 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_stand_before_the_question() {
        let check = |line: &str, question: &str, topic: Option<&str>, private: bool| {
            let expected = Request::Ask {
                question: question.to_owned(),
                topic: topic.map(str::to_owned),
                private,
            };
            assert_eq!(ask(line), expected, "{line}");
        };
        check("what is S3", "what is S3", None, false);
        check("--private topic:s3 what", "what", Some("s3"), true);
        check(
            "topic:\"two words\" --private what",
            "what",
            Some("two words"),
            true,
        );
        check("what is topic:s3", "what is topic:s3", None, false);
        check("topic:s3", "", Some("s3"), false);
        check("topic:\"never closed", "", Some("never closed"), false);
    }

    #[test]
    fn people_have_numbers_as_a_chat_has_them() {
        for name in ["ada", "bo", "cy", "di", "ben", "eve"] {
            let id = member_id(name);
            assert!(i64::try_from(id).is_ok_and(|id| id > 0), "{name}");
            assert_eq!(id, member_id(name));
        }
    }

    #[test]
    fn a_name_and_a_colon_change_the_speaker_for_a_line() {
        let check = |line: &str, name: &str, rest: &str| {
            let (speaker, said) = split_speaker(line, "ada");
            assert_eq!((speaker.as_str(), said.as_str()), (name, rest));
        };
        check("ben: /topics", "ben", "/topics");
        check("what is S3?", "ada", "what is S3?");
        check("S3: what is it", "ada", "S3: what is it");
        check("two words: what", "ada", "two words: what");
        check("https://a.example", "ada", "https://a.example");
    }
}
