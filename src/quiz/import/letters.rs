//! The letters by which choices are named: before a choice, and in an answer.

/// What people put around a letter.
const OPENING: [char; 7] = ['*', '_', '`', '(', '[', '"', ' '];
const CLOSING: [char; 8] = ['*', '_', '`', ')', ']', '"', '.', ':'];
/// What joins two letters.
const JOINING: [char; 5] = [',', ';', '&', '/', '+'];
/// Letters that are written as one word, at most (`BD`).
const RUN_MAX: usize = 10;

/// A line that begins with the letter of a choice, as `A.`, `A)`, `(A)` or `**A:**`: the letter's
/// place and the words.
pub(super) fn choice(line: &str) -> Option<(usize, &str)> {
    let line = line.trim();
    let bare = line.trim_start_matches(OPENING);
    let (at, rest) = token(bare)?;
    let tail = rest.trim_start_matches(CLOSING);
    let closing = &rest[..rest.len() - tail.len()];
    let is_marked = closing.contains([')', '.', ':', ']']);
    let is_apart = tail.is_empty() || tail.starts_with(char::is_whitespace);
    // What opens before the letter closes behind it, or belongs to the words.
    let opened = &line[..line.len() - bare.len()];
    let is_whole = opened.trim() == "" || opened.len() <= closing.len();
    (is_marked && is_apart && is_whole).then(|| (at, tail.trim()))
}

/// The letters that a text begins with, as `B`, `A, C`, `A and C`, `BD` or `B) Four days`, and what
/// follows them.
pub(super) fn answer(text: &str) -> Option<(Vec<usize>, &str)> {
    let mut rest = text.trim_start_matches(OPENING);
    if let Some(found) = run(rest) {
        return Some(found);
    }
    let mut found = Vec::new();
    loop {
        let (at, after) = token(rest)?;
        found.push(at);
        let tail = after.trim_start_matches(CLOSING);
        let is_closed = tail.len() < after.len();
        let tail = tail.trim_start_matches(' ');
        match joined(tail) {
            Some(next) if token(next).is_some() => rest = next,
            Some(next) => return Some((found, next.trim())),
            None => {
                let is_end = tail.is_empty() || tail.starts_with(['\n', '-', '–', '—', '=', '(']);
                return (is_end || is_closed).then(|| (found, tail.trim()));
            }
        }
    }
}

/// A letter that stands alone.
fn token(text: &str) -> Option<(usize, &str)> {
    let first = text.bytes().next().filter(u8::is_ascii_alphabetic)?;
    let rest = &text[1..];
    let is_alone = !rest.starts_with(|c: char| c.is_alphanumeric() || matches!(c, '\'' | '’'));
    is_alone.then(|| (usize::from(first.to_ascii_uppercase() - b'A'), rest))
}

/// What follows the mark or word that joins two letters.
fn joined(tail: &str) -> Option<&str> {
    let marked = tail.strip_prefix(JOINING).map(str::trim_start);
    let words = marked.unwrap_or(tail);
    let word = words
        .strip_prefix("and ")
        .or_else(|| words.strip_prefix("AND "));
    let next = word.or(marked)?;
    Some(next.trim_start_matches(OPENING))
}

/// Capitals in one word, in their order, with nothing behind them in the line.
fn run(text: &str) -> Option<(Vec<usize>, &str)> {
    let n = text.bytes().take_while(u8::is_ascii_uppercase).count();
    let (word, rest) = text.split_at(n);
    let tail = rest.trim_start_matches(CLOSING).trim_start_matches(' ');
    let is_ordered = word.as_bytes().windows(2).all(|pair| pair[0] < pair[1]);
    let is_end = tail.is_empty() || tail.starts_with('\n');
    let places = || word.bytes().map(|b| usize::from(b - b'A')).collect();
    ((2..=RUN_MAX).contains(&n) && is_ordered && is_end).then(|| (places(), tail.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn choices_are_named_in_many_ways() {
        for line in [
            "A. One",
            "A) One",
            "(A) One",
            "**A.** One",
            "**A**. One",
            "A: One",
            "a) One",
        ] {
            assert_eq!(choice(line), Some((0, "One")), "{line}");
        }
        for line in ["A One", "AB. One", "A.One", "1. One", "A", "", "**A) One**"] {
            assert_eq!(choice(line), None, "{line}");
        }
    }

    #[test]
    fn answers_name_letters_in_many_ways() {
        let check = |text: &str, letters: &[usize], rest: &str| {
            assert_eq!(answer(text), Some((letters.to_vec(), rest)), "{text}");
        };
        check("B", &[1], "");
        check("**B**", &[1], "");
        check("A, C", &[0, 2], "");
        check("A and C.", &[0, 2], "");
        check("A, B, and D\nbecause", &[0, 1, 3], "because");
        check("BD", &[1, 3], "");
        check("B) Four days", &[1], "Four days");
        check("B - Four days", &[1], "- Four days");
        for text in ["A bucket", "Both", "", "BE careful", "I'm", "4"] {
            assert_eq!(answer(text), None, "{text}");
        }
    }
}
