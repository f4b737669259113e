//! What a note teaches about words: abbreviations, phrases, words in capitals.

use std::collections::{BTreeSet, HashSet};

use crate::lexicon::Kind;
use crate::section::Note;
use crate::words::{Stems, words};

/// Letters of a word in capitals that may be an acronym.
const CAPITALS: std::ops::RangeInclusive<usize> = 2..=7;
/// Words of a phrase in a heading.
const PHRASE: std::ops::RangeInclusive<usize> = 2..=6;
/// Acronyms of one segment, at most.
const N_CAPITALS_MAX: usize = 1 << 16;

/// A note's abbreviations as terms of the index, both ways.
pub(crate) fn abbreviations_of(note: &Note, stems: &mut Stems) -> BTreeSet<String> {
    let mut concepts = BTreeSet::new();
    for pair in &note.abbreviations {
        let short = stems.stem(&pair.short).to_owned();
        let long = stems.of(&pair.long).join(" ");
        concepts.insert(Kind::Short.term(&short, &long));
        concepts.insert(Kind::Long.term(&long, &short));
    }
    concepts
}

/// A phrase of a heading whose words are all capitalised.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Phrase<'a> {
    /// The phrase as written.
    pub(crate) text: &'a str,
    /// The first letters of its words, in small letters.
    pub(crate) initials: String,
}

/// The capitalised phrases of a heading, between dashes, brackets and the like.
pub(crate) fn phrases(heading: &str) -> impl Iterator<Item = Phrase<'_>> {
    heading
        .split(['–', '—', ':', ',', '&', '/', '(', ')'])
        .flat_map(|part| part.split(" - "))
        .flat_map(|part| part.split(" vs "))
        .filter_map(|text| {
            let mut initials = String::new();
            let mut n_words = 0;
            for word in words(text) {
                let first = word
                    .text
                    .chars()
                    .next()
                    .filter(|first| first.is_uppercase())?;
                initials.extend(first.to_lowercase());
                n_words += 1;
            }
            PHRASE
                .contains(&n_words)
                .then_some(Phrase { text, initials })
        })
}

/// Whether a heading opens with two capitalised words, as names do.
pub(crate) fn opens_with_name(heading: &str) -> bool {
    let mut words = words(heading).map(|word| word.text.starts_with(char::is_uppercase));
    words.next() == Some(true) && words.next() == Some(true)
}

/// The words in capitals of a segment.
#[derive(Debug, Default)]
pub(crate) struct Capitals {
    seen: HashSet<String>,
}

impl Capitals {
    /// Looks at a word as written; the plural's `s` is left out.
    pub(crate) fn learn(&mut self, word: &str) {
        let second_is_small = word.as_bytes().get(1).is_none_or(u8::is_ascii_lowercase);
        if second_is_small || !word.starts_with(|first: char| first.is_ascii_uppercase()) {
            return;
        }
        let word = word.strip_suffix('s').unwrap_or(word);
        let is_capital = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit();
        if CAPITALS.contains(&word.len())
            && word.bytes().all(is_capital)
            && self.seen.len() < N_CAPITALS_MAX
            && !self.seen.contains(word)
        {
            self.seen.insert(word.to_owned());
        }
    }

    /// What has been learnt, as terms of the index.
    pub(crate) fn concepts(self, stems: &mut Stems) -> Vec<String> {
        let term = |word: &String| Kind::Capitals.term(&initials_of(word), stems.stem(word));
        self.seen.iter().map(term).collect()
    }
}

/// The initials that an acronym stands for: `S3` has three of `s`.
fn initials_of(acronym: &str) -> String {
    let mut initials = String::new();
    let mut last = None;
    for letter in acronym.to_lowercase().chars() {
        match (last, letter.to_digit(10)) {
            (Some(last), Some(times @ 2..=5)) => {
                initials.extend(std::iter::repeat_n(last, times as usize - 1));
            }
            _ => initials.push(letter),
        }
        last = Some(letter);
    }
    initials
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse::parse;

    #[test]
    fn abbreviations_are_learnt_both_ways() {
        let note = parse("a.md", "# Dead Letter Queue (DLQ)\n\nUses SQS.\n");
        let concepts = abbreviations_of(&note, &mut Stems::default());
        for term in [
            Kind::Short.term("dlq", "dead letter queue"),
            Kind::Long.term("dead letter queue", "dlq"),
        ] {
            assert!(concepts.contains(&term), "{term:?} in {concepts:#?}");
        }
    }

    #[test]
    fn words_in_capitals_are_learnt_once() {
        let mut capitals = Capitals::default();
        for word in ["SQS", "SQSs", "S3", "Sqs", "sqs", "I", "TOOLONGWORD"] {
            capitals.learn(word);
        }
        let mut concepts = capitals.concepts(&mut Stems::default());
        concepts.sort_unstable();
        let sqs = Kind::Capitals.term("sqs", "sqs");
        assert_eq!(concepts, [sqs, Kind::Capitals.term("sss", "s3")]);
    }

    #[test]
    fn phrases_have_initials() {
        let initials =
            |heading| -> Vec<String> { phrases(heading).map(|phrase| phrase.initials).collect() };
        assert_eq!(initials("Classic Load Balancers (v1)"), ["clb"]);
        assert_eq!(initials("SQS – Dead Letter Queue"), ["dlq"]);
        assert_eq!(initials("how it works"), [""; 0]);
    }

    #[test]
    fn digits_repeat_an_initial() {
        assert_eq!(initials_of("S3"), "sss");
        assert_eq!(initials_of("EC2"), "ecc");
        assert_eq!(initials_of("DLQ"), "dlq");
    }
}
