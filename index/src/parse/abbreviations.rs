//! Abbreviations that a text explains: "Dead Letter Queue (DLQ)" and "DLQ (Dead Letter Queue)".

use std::collections::HashSet;

use crate::section::Abbreviation;

/// Abbreviations kept for one note.
const ABBREVIATIONS_MAX: usize = 256;
/// Bytes between the brackets, at most.
const INNER_MAX: usize = 100;
/// Bytes before the opening bracket in which the long form must stand.
const BEFORE_MAX: usize = 160;
/// Letters of a short form, its digits spelled out.
const LETTERS_MAX: usize = 10;
/// Words that a short form may pass over.
const SMALL_WORDS: [&str; 14] = [
    "a", "an", "and", "as", "at", "by", "for", "in", "of", "on", "or", "the", "to", "with",
];

/// Gathers the abbreviations of one note, each once.
#[derive(Default)]
pub(super) struct Abbreviations {
    list: Vec<Abbreviation>,
    /// Short and long forms in lower case.
    seen: HashSet<(String, String)>,
}

impl Abbreviations {
    pub(super) fn into_list(self) -> Vec<Abbreviation> {
        self.list
    }

    /// Takes in what brackets explain.
    pub(super) fn mine(&mut self, text: &str) {
        let mut at = 0;
        while let Some(open) = text[at..].find('(').map(|n| at + n) {
            at = open + 1;
            if self.list.len() >= ABBREVIATIONS_MAX {
                return;
            }
            let window = floor(text, at + INNER_MAX);
            let Some(close) = text[at..window].find([')', '(', '\n']) else {
                continue;
            };
            let inner = &text[at..at + close];
            if !text[at + close..].starts_with(')') {
                continue;
            }
            let before = &text[ceil(text, open.saturating_sub(BEFORE_MAX))..open];
            let before = before.rsplit(['\n', '(', ')', '|']).next().unwrap_or("");
            self.pair(before, inner);
        }
    }

    /// Takes in what a heading explains without brackets: "EBS - Elastic Block Store".
    pub(super) fn mine_heading(&mut self, heading: &str) {
        // A short form has two capitals, or a capital and a digit.
        let may_be_short =
            |byte: &u8| !byte.is_ascii() || byte.is_ascii_uppercase() || byte.is_ascii_digit();
        if heading.bytes().filter(may_be_short).count() < 2 {
            return;
        }
        self.mine(heading);
        let heading = heading.split('(').next().unwrap_or("").trim();
        let is_joint = |c: char| matches!(c, '-' | '–' | '—' | ':' | ' ');
        if let Some((first, rest)) = heading.split_once([' ', ':']) {
            let short = first.trim_matches(is_joint);
            let long = rest.trim_matches(is_joint);
            self.push_if_exact(
                short,
                long.split([':', '–', '—', ',', '/']).next().unwrap_or(""),
            );
        }
        if let Some((rest, last)) = heading.rsplit_once([' ', ':']) {
            self.push_if_exact(last.trim_matches(is_joint), rest.trim_matches(is_joint));
        }
    }

    fn pair(&mut self, before: &str, inner: &str) {
        let inner_short = inner.trim_matches(is_mark);
        if let Some(letters) = letters(inner_short) {
            let words = words(before);
            let letters = letters.as_slice();
            for n in 2..=words.len().min(letters.len() + 4) {
                let long = &words[words.len() - n..];
                if starts_with(long[0], letters[0]) && explains(long, letters) {
                    return self.push(inner_short, long);
                }
            }
        }
        let short = before.trim_end().rsplit([' ', '\t']).next().unwrap_or("");
        let long = inner.split([',', ';', ':', '.', '–', '—', '/']).next();
        self.push_if_exact(short.trim_matches(is_mark), long.unwrap_or(""));
    }

    fn push_if_exact(&mut self, short: &str, long: &str) {
        if let Some(letters) = letters(short) {
            let letters = letters.as_slice();
            let words = words(long);
            let is_whole = words.len() >= 2 && words.len() <= letters.len() + 4;
            if is_whole && explains(&words, letters) {
                self.push(short, &words);
            }
        }
    }

    fn push(&mut self, short: &str, long: &[&str]) {
        let abbreviation = Abbreviation {
            short: singular(short).to_owned(),
            long: long.join(" "),
        };
        let key = (
            abbreviation.short.to_lowercase(),
            abbreviation.long.to_lowercase(),
        );
        if self.list.len() < ABBREVIATIONS_MAX && self.seen.insert(key) {
            self.list.push(abbreviation);
        }
    }
}

/// The words of the last clause, without marks around them.
fn words(text: &str) -> Vec<&str> {
    let mut words: Vec<&str> = Vec::new();
    for word in text.split([' ', '\t']).filter(|word| !word.is_empty()) {
        let bare = word.trim_matches(is_mark);
        let ends_clause = word.ends_with(['.', ';', ':', ',', '?', '!', '/']);
        if bare.is_empty() {
            // A lone hyphen or bullet parts two clauses; an ampersand joins two words.
            if word != "&" {
                words.clear();
            }
            continue;
        }
        words.push(bare);
        if ends_clause {
            words.clear();
        }
    }
    words
}

/// Marks that surround words without belonging to them.
fn is_mark(c: char) -> bool {
    !c.is_alphanumeric()
}

/// "SGs" is more than one "SG".
fn singular(short: &str) -> &str {
    match short.strip_suffix('s') {
        Some(stem) if stem.chars().filter(|c| c.is_uppercase()).count() >= 2 => stem,
        _ => short,
    }
}

/// The letters that a short form asks for, in lower case: `EC2` asks for e, c and c.
#[derive(Clone, Copy, Default)]
struct Letters {
    chars: [char; LETTERS_MAX],
    n: usize,
}

impl Letters {
    fn push(&mut self, c: char) -> Option<()> {
        *self.chars.get_mut(self.n)? = c;
        self.n += 1;
        Some(())
    }

    fn as_slice(&self) -> &[char] {
        &self.chars[..self.n]
    }
}

/// The letters of a short form; nothing if it does not look like one.
fn letters(short: &str) -> Option<Letters> {
    let may_be_capital = |byte: &u8| !byte.is_ascii_lowercase() && !byte.is_ascii_punctuation();
    if !(2..=12).contains(&short.len())
        || short.bytes().filter(may_be_capital).count() < 2
        || !short.starts_with(char::is_alphabetic)
    {
        return None;
    }
    let mut letters = Letters::default();
    let mut n_capitals = 0;
    let mut has_digit = false;
    for c in singular(short).chars() {
        match c {
            '2'..='9' => {
                has_digit = true;
                let last = *letters.as_slice().last()?;
                for _ in 1..c.to_digit(10)? {
                    letters.push(last)?;
                }
            }
            '-' | '/' | '&' | '.' => {}
            _ if c.is_alphabetic() => {
                n_capitals += usize::from(c.is_uppercase());
                for lower in c.to_lowercase() {
                    letters.push(lower)?;
                }
            }
            _ => return None,
        }
    }
    let looks_short = n_capitals >= 2 || (n_capitals == 1 && has_digit);
    (looks_short && letters.n >= 2).then_some(letters)
}

/// Whether the words, all of them, yield the letters: each word gives its first letter and may
/// give further ones; small words may give none. The first word and the last give theirs always.
fn explains(words: &[&str], letters: &[char]) -> bool {
    let pieces: Vec<&str> = words.iter().flat_map(|word| pieces(word)).collect();
    let is_small = |word: &str| {
        SMALL_WORDS
            .iter()
            .any(|small| small.eq_ignore_ascii_case(word))
    };
    match (pieces.first(), pieces.last()) {
        (Some(first), Some(last)) if !is_small(first) && !is_small(last) => {}
        _ => return false,
    }
    if pieces.len() < 2 || pieces.len() > LETTERS_MAX + 6 {
        return false;
    }
    // Bit n says that the pieces so far can yield exactly the first n letters.
    let mut reached = 1_u32;
    for piece in pieces {
        let mut next = if is_small(piece) { reached } else { 0 };
        for n in (0..letters.len()).filter(|n| reached >> n & 1 == 1) {
            let mut chars = piece.chars().flat_map(char::to_lowercase);
            if chars.next() != Some(letters[n]) {
                continue;
            }
            let mut taken = n + 1;
            next |= 1 << taken;
            for c in chars {
                if letters.get(taken) == Some(&c) {
                    taken += 1;
                    next |= 1 << taken;
                }
            }
        }
        reached = next;
    }
    reached >> letters.len() & 1 == 1
}

fn starts_with(word: &str, letter: char) -> bool {
    word.chars()
        .next()
        .is_some_and(|c| c.to_lowercase().next() == Some(letter))
}

/// The parts of a word: `Multi-Factor` has two, `CloudWatch` has two.
fn pieces(word: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    for part in word.split(['-', '/', '\'', '’']) {
        let mut start = 0;
        let mut was_lower = false;
        for (at, c) in part.char_indices() {
            if was_lower && c.is_uppercase() {
                pieces.push(&part[start..at]);
                start = at;
            }
            was_lower = c.is_lowercase();
        }
        if start < part.len() {
            pieces.push(&part[start..]);
        }
    }
    pieces
}

/// The nearest character boundary at or before `at`.
fn floor(text: &str, at: usize) -> usize {
    let at = at.min(text.len());
    (0..=at)
        .rev()
        .find(|at| text.is_char_boundary(*at))
        .unwrap_or(0)
}

/// The nearest character boundary at or after `at`.
fn ceil(text: &str, at: usize) -> usize {
    (at..text.len())
        .find(|at| text.is_char_boundary(*at))
        .unwrap_or(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, pairs: &[(&str, &str)]) {
        let mut found = Abbreviations::default();
        found.mine(text);
        let got = found.into_list();
        let got: Vec<_> = got
            .iter()
            .map(|a| (a.short.as_str(), a.long.as_str()))
            .collect();
        assert_eq!(got, pairs);
    }

    #[test]
    fn brackets_explain_on_either_side() {
        check(
            "Use a Dead Letter Queue (DLQ) with SQS (Simple Queue Service, managed).",
            &[
                ("DLQ", "Dead Letter Queue"),
                ("SQS", "Simple Queue Service"),
            ],
        );
        check(
            "**Identity and Access Management** (**IAM**)",
            &[("IAM", "Identity and Access Management")],
        );
        check(
            "the Internet of Things (IoT)",
            &[("IoT", "Internet of Things")],
        );
        check("Time to Live (TTL)", &[("TTL", "Time to Live")]);
    }

    #[test]
    fn digits_repeat_the_letter_before_them() {
        check(
            "S3 (Simple Storage Service)",
            &[("S3", "Simple Storage Service")],
        );
        check(
            "Elastic Compute Cloud (EC2)",
            &[("EC2", "Elastic Compute Cloud")],
        );
    }

    #[test]
    fn hyphens_humps_and_plurals_count() {
        check(
            "Multi-Factor Authentication (MFA)",
            &[("MFA", "Multi-Factor Authentication")],
        );
        check("CloudWatch Logs (CWL)", &[("CWL", "CloudWatch Logs")]);
        check("some Security Groups (SGs)", &[("SG", "Security Groups")]);
        check(
            "Hypertext Transfer Protocol (HTTP)",
            &[("HTTP", "Hypertext Transfer Protocol")],
        );
    }

    #[test]
    fn what_does_not_fit_is_left_alone() {
        check("stored redundantly (AZ)", &[]);
        check("Lambda (no servers)", &[]);
        check("the latency is low (EBS)", &[]);
        check("a database (RDS or Aurora)", &[]);
        check("(((((", &[]);
        check("Queue.\nDead Letter (DLQ)", &[]);
    }

    #[test]
    fn headings_explain_without_brackets() {
        let mut found = Abbreviations::default();
        found.mine_heading("EBS - Elastic Block Storage");
        found.mine_heading("ELB Elastic Load Balancing");
        found.mine_heading("NAT gateway vs NAT instance");
        found.mine_heading("Simple Notification Service: SNS");
        let shorts: Vec<_> = found.into_list().into_iter().map(|a| a.short).collect();
        assert_eq!(shorts, ["EBS", "ELB", "SNS"]);
    }
}
