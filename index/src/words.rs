//! Words: how a text, a heading and a question are cut and brought to their stems.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::{Mutex, PoisonError};

use frostem::{Algorithm, Stemmer};
use tantivy::tokenizer::{Token, TokenStream, Tokenizer};
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;
use xxhash_rust::xxh3::xxh3_64;

/// Bytes of a word that count; what follows is dropped.
const WORD_MAX: usize = 64;
/// Bytes of a stem that count: as many as an ASCII character can say.
const STEM_MAX: usize = 127;
/// Words whose stems are remembered at once, for each thread that indexes.
const STEMS_MAX: usize = 1 << 18;

/// Memories of stems kept between searches.
const POOL_MAX: usize = 8;

/// A word of a text, as written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Word<'a> {
    /// The letters and digits.
    pub(crate) text: &'a str,
    /// Where it starts in the text, in bytes.
    pub(crate) start: usize,
}

/// The words of a text: runs of letters and digits, a character of a script without spaces each.
///
/// Addresses (`https://…`) are passed over, and so is the `'s` of a genitive.
pub(crate) fn words(text: &str) -> Words<'_> {
    Words { text, at: 0 }
}

/// See [`words`].
#[derive(Clone, Debug)]
pub(crate) struct Words<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Iterator for Words<'a> {
    type Item = Word<'a>;

    fn next(&mut self) -> Option<Word<'a>> {
        let bytes = self.text.as_bytes();
        loop {
            let start = self.at + self.skip_to_word(self.at)?;
            let end = self.word_end(start);
            self.at = end;
            let text = &self.text[start..end];
            if bytes[end..].starts_with(b"://") {
                self.at = end + address_len(&bytes[end..]);
                continue;
            }
            if is_genitive(&bytes[end..]) {
                self.at = end + genitive_len(&bytes[end..]);
            }
            return Some(Word { text, start });
        }
    }
}

impl Words<'_> {
    /// Bytes from `from` to the next letter or digit.
    fn skip_to_word(&self, from: usize) -> Option<usize> {
        let bytes = &self.text.as_bytes()[from..];
        for (at, &byte) in bytes.iter().enumerate() {
            if byte.is_ascii_alphanumeric() {
                return Some(at);
            }
            if !byte.is_ascii() {
                let rest = &self.text[from + at..];
                return rest.find(char::is_alphanumeric).map(|more| at + more);
            }
        }
        None
    }

    /// Where the word that starts at `start` ends.
    fn word_end(&self, start: usize) -> usize {
        let bytes = self.text.as_bytes();
        let mut end = start;
        while end < bytes.len() && bytes[end].is_ascii_alphanumeric() {
            end += 1;
        }
        if end == bytes.len() || bytes[end].is_ascii() {
            return end;
        }
        for (at, letter) in self.text[end..].char_indices() {
            if stands_alone(letter) {
                let alone = end + at == start;
                return end + at + if alone { letter.len_utf8() } else { 0 };
            }
            if !letter.is_alphanumeric() && !is_combining_mark(letter) {
                return end + at;
            }
        }
        bytes.len()
    }
}

/// Whether a character is a word by itself, as in scripts that put no spaces between words.
fn stands_alone(letter: char) -> bool {
    matches!(letter,
        '\u{0e00}'..='\u{0eff}' | '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}'
        | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}')
}

/// Bytes of an address from its `://` on.
fn address_len(bytes: &[u8]) -> usize {
    bytes
        .iter()
        .position(|byte| byte.is_ascii_whitespace() || matches!(byte, b')' | b'>' | b'"' | b']'))
        .unwrap_or(bytes.len())
}

fn is_genitive(rest: &[u8]) -> bool {
    genitive_len(rest) > 0
}

/// Bytes of `'s`, `'t` and the like at the beginning of `rest`, with either apostrophe.
fn genitive_len(rest: &[u8]) -> usize {
    let mark = if rest.first() == Some(&b'\'') {
        1
    } else if rest.starts_with("\u{2019}".as_bytes()) {
        3
    } else {
        return 0;
    };
    let letters = rest[mark..]
        .iter()
        .take_while(|byte| byte.is_ascii_alphabetic())
        .count();
    let closed = rest
        .get(mark + letters)
        .is_none_or(|byte| byte.is_ascii() && !byte.is_ascii_alphanumeric());
    if (1..=2).contains(&letters) && closed {
        mark + letters
    } else {
        0
    }
}

/// A word in small letters without accents, cut to [`WORD_MAX`] bytes: how the vocabulary holds it.
pub(crate) fn surface(word: &str, into: &mut String) {
    into.clear();
    if word.is_ascii() {
        into.push_str(&word[..word.len().min(WORD_MAX)]);
        into.make_ascii_lowercase();
        return;
    }
    let plain = word
        .nfkd()
        .filter(|letter| !is_combining_mark(*letter))
        .flat_map(char::to_lowercase);
    for letter in plain {
        if into.len() + letter.len_utf8() > WORD_MAX {
            break;
        }
        into.push(letter);
    }
}

/// Takes numbers that are hashes already as they are.
#[derive(Clone, Copy, Default)]
struct AsIs(u64);

type Hashed = BuildHasherDefault<AsIs>;

impl Hasher for AsIs {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0 = xxh3_64(bytes);
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}

/// What is remembered of a word.
#[derive(Clone, Copy, Debug)]
struct Known {
    /// Number of its stem.
    stem: u32,
    /// The last lesson in which it was met.
    lesson: u32,
}

/// Brings words to their stems (Snowball's English), and remembers those it has seen.
///
/// Stemming takes most of the time of indexing, and words repeat: the memory pays for itself. A
/// word is asked for millions of times, so that what is kept of it lies together.
pub(crate) struct Stems {
    stemmer: Stemmer,
    /// By a word's hash of 64 bits: two words that share one are not to be met with.
    words: HashMap<u64, Known, Hashed>,
    numbers: HashMap<u64, u32, Hashed>,
    /// Each stem's length, as an ASCII character, and letters, one after the other. A stem's number
    /// is its place here.
    stems: String,
    word: String,
}

impl Default for Stems {
    fn default() -> Self {
        Self {
            stemmer: Stemmer::new(Algorithm::English),
            words: HashMap::default(),
            numbers: HashMap::default(),
            stems: String::new(),
            word: String::new(),
        }
    }
}

impl Stems {
    /// The number of a word's stem. Numbers last until the memory is emptied.
    pub(crate) fn know(&mut self, word: &str) -> u32 {
        self.remember(word).stem
    }

    /// Like [`Stems::know`], and whether the word is met for the first time in a lesson. Lessons
    /// are counted from 1.
    pub(crate) fn learn(&mut self, word: &str, lesson: u32) -> (u32, bool) {
        let known = self.remember(word);
        let is_new = known.lesson != lesson;
        known.lesson = lesson;
        (known.stem, is_new)
    }

    fn remember(&mut self, word: &str) -> &mut Known {
        surface(word, &mut self.word);
        let hash = xxh3_64(self.word.as_bytes());
        if self.words.len() >= STEMS_MAX && !self.words.contains_key(&hash) {
            self.words.clear();
            self.numbers.clear();
            self.stems.clear();
        }
        match self.words.entry(hash) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(place) => {
                let stem = stem_of(&self.stemmer, &self.word);
                place.insert(Known {
                    stem: number(&mut self.numbers, &mut self.stems, &stem),
                    lesson: 0,
                })
            }
        }
    }

    /// The number of a stem.
    pub(crate) fn number(&mut self, stem: &str) -> u32 {
        number(&mut self.numbers, &mut self.stems, stem)
    }

    /// The stem of a word as written.
    pub(crate) fn stem(&mut self, word: &str) -> &str {
        let stem = self.know(word);
        self.numbered(stem)
    }

    /// The stem with this number.
    pub(crate) fn numbered(&self, stem: u32) -> &str {
        let start = stem as usize + 1;
        let len = usize::from(self.stems.as_bytes()[start - 1]);
        &self.stems[start..start + len]
    }

    /// The word that was asked for last, as the vocabulary holds it.
    pub(crate) fn last_word(&self) -> &str {
        &self.word
    }

    /// The stems of a text in its order.
    pub(crate) fn of(&mut self, text: &str) -> Vec<String> {
        words(text)
            .map(|word| self.stem(word.text).to_owned())
            .collect()
    }
}

/// The number of a stem; a new one is written behind the others.
fn number(numbers: &mut HashMap<u64, u32, Hashed>, stems: &mut String, stem: &str) -> u32 {
    *numbers.entry(xxh3_64(stem.as_bytes())).or_insert_with(|| {
        let number = stems.len() as u32;
        let end = stem.floor_char_boundary(STEM_MAX);
        stems.push(char::from(end as u8));
        stems.push_str(&stem[..end]);
        number
    })
}

/// Memories of stems that outlive a search: the next one finds its words known.
#[derive(Default)]
pub(crate) struct StemsPool {
    idle: Mutex<Vec<Stems>>,
}

impl StemsPool {
    /// A memory that nobody uses, or a new one.
    pub(crate) fn take(&self) -> Stems {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.pop().unwrap_or_default()
    }

    /// Leaves a memory for the next search.
    pub(crate) fn give_back(&self, stems: Stems) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < POOL_MAX {
            idle.push(stems);
        }
    }
}

/// Snowball leaves the plural of a word without vowels alone (`cmks`), so its `s` goes first.
fn stem_of(stemmer: &Stemmer, word: &str) -> String {
    let bare = match word.strip_suffix('s') {
        Some(bare) if bare.len() >= 3 && !bare.contains(['a', 'e', 'i', 'o', 'u', 'y']) => bare,
        _ => word,
    };
    stemmer.stem(bare).into_owned()
}

/// Cuts a list of words at its spaces: what [`Stems`] has prepared is not looked at again.
#[derive(Clone, Default)]
pub(crate) struct ListTokenizer {
    token: Token,
}

impl Tokenizer for ListTokenizer {
    type TokenStream<'a> = ListStream<'a>;

    fn token_stream<'a>(&'a mut self, text: &'a str) -> ListStream<'a> {
        self.token.reset();
        ListStream {
            rest: text,
            token: &mut self.token,
        }
    }
}

/// See [`ListTokenizer`].
pub(crate) struct ListStream<'a> {
    rest: &'a str,
    token: &'a mut Token,
}

impl TokenStream for ListStream<'_> {
    fn advance(&mut self) -> bool {
        if self.rest.is_empty() {
            return false;
        }
        let (word, rest) = self.rest.split_once(' ').unwrap_or((self.rest, ""));
        self.rest = rest;
        self.token.text.clear();
        self.token.text.push_str(word);
        self.token.position = self.token.position.wrapping_add(1);
        true
    }

    fn token(&self) -> &Token {
        self.token
    }

    fn token_mut(&mut self) -> &mut Token {
        self.token
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expect: &[&str]) {
        assert_eq!(Stems::default().of(text), expect, "{text}");
    }

    #[test]
    fn words_become_stems() {
        check(
            "What are Dead-Letter Queues?",
            &["what", "are", "dead", "letter", "queue"],
        );
        check(
            "S3's buckets, the users\u{2019} data",
            &["s3", "bucket", "the", "user", "data"],
        );
        check(
            "CMKs and ASGs, DNS over HTTPS",
            &["cmk", "and", "asg", "dns", "over", "http"],
        );
        check(
            "caf\u{e9} CAFE\u{301} \u{5bff}\u{53f8}",
            &["cafe", "cafe", "\u{5bff}", "\u{53f8}"],
        );
    }

    #[test]
    fn addresses_are_passed_over() {
        check(
            "see [docs](https://docs.example.com/a-b?c#d) now",
            &["see", "doc", "now"],
        );
        check("https://example.com", &[]);
    }

    #[test]
    fn every_word_lies_where_it_says() {
        let text = "a-b 'c' d's \u{e9}t\u{e9}\u{5bff}x\u{1f600}y";
        for word in words(text) {
            assert!(text[word.start..].starts_with(word.text), "{word:?}");
        }
    }
}
