//! Numbers in texts, so that answers can be held against the notes.

use std::collections::BTreeSet;

/// Numbers that are often written as words.
const WORDS: [(&str, &str); 25] = [
    ("zero", "0"),
    ("one", "1"),
    ("two", "2"),
    ("three", "3"),
    ("four", "4"),
    ("five", "5"),
    ("six", "6"),
    ("seven", "7"),
    ("eight", "8"),
    ("nine", "9"),
    ("ten", "10"),
    ("eleven", "11"),
    ("twelve", "12"),
    ("fifteen", "15"),
    ("sixteen", "16"),
    ("twenty", "20"),
    ("thirty", "30"),
    ("forty", "40"),
    ("fifty", "50"),
    ("sixty", "60"),
    ("seventy", "70"),
    ("eighty", "80"),
    ("ninety", "90"),
    ("hundred", "100"),
    ("thousand", "1000"),
];

/// The numbers of a text as plain digits: `3,000` as `3000`, `10GB` as `10`. Digits inside names
/// (`S3`, `gp3`, `x-1`) are none, nor are years, nor what stands in the address of a link.
pub(super) fn numbers(text: &str) -> BTreeSet<String> {
    let text = without_addresses(text);
    let mut found = BTreeSet::new();
    let mut before = ' ';
    let mut rest = text.as_str();
    while let Some(c) = rest.chars().next() {
        let n_bytes = match c {
            '0'..='9' => {
                let n_bytes = number_length(rest);
                let number = rest[..n_bytes].replace(',', "");
                if !before.is_alphanumeric()
                    && !matches!(before, '-' | '_' | '.')
                    && !is_year(&number)
                {
                    found.insert(number);
                }
                n_bytes
            }
            c => c.len_utf8(),
        };
        before = rest[..n_bytes].chars().next_back().unwrap_or(' ');
        rest = &rest[n_bytes..];
    }
    found
}

/// The same, with numbers written as words, and with each part of what hyphens join.
pub(super) fn numbers_and_words(text: &str) -> BTreeSet<String> {
    let mut found = numbers(&text.replace(['-', '–'], " "));
    for word in text.split(|c: char| !c.is_alphabetic()) {
        let word = word.to_lowercase();
        let number = WORDS.iter().find(|(known, _)| *known == word);
        found.extend(number.map(|(_, number)| (*number).to_owned()));
    }
    found
}

/// Bytes of the number that begins here: digits, commas before three of them, a decimal point.
fn number_length(text: &str) -> usize {
    let bytes = text.as_bytes();
    let is_digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
    let mut at = 0;
    while is_digit(at)
        || (bytes.get(at) == Some(&b',') && (1..=3).all(|n| is_digit(at + n)) && !is_digit(at + 4))
        || (bytes.get(at) == Some(&b'.') && is_digit(at + 1))
    {
        at += 1;
    }
    at
}

fn is_year(number: &str) -> bool {
    number.len() == 4 && (number.starts_with("19") || number.starts_with("20"))
}

/// The text without the addresses of its links: `](…)`.
fn without_addresses(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("](") {
        kept.push_str(&rest[..at]);
        let address = &rest[at..];
        rest = &address[address.find(')').map_or(address.len(), |end| end + 1)..];
        kept.push(' ');
    }
    kept.push_str(rest);
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &[&str]) {
        let expected: BTreeSet<String> = expected.iter().map(|&n| n.to_owned()).collect();
        assert_eq!(numbers(text), expected, "{text}");
    }

    #[test]
    fn numbers_are_told_from_digits_in_names() {
        check(
            "3,000 IOPS, 99.9 % in 12 hours, 10GB.",
            &["3000", "99.9", "12", "10"],
        );
        check("S3 and gp3 on EC2 in us-east-1, TLS 1.2", &["1.2"]);
        check("since 2024, see [5 limits](a.md#15-more)", &["5"]);
        check("1,2,3 and 1,234,567", &["1", "2", "3", "1234567"]);
    }

    #[test]
    fn words_count_in_the_notes() {
        let found = numbers_and_words("Twelve hours, a 30-day window");
        assert!(found.contains("12") && found.contains("30"), "{found:?}");
    }
}
