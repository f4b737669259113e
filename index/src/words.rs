//! Words: how a text, a heading and a question are cut and brought to their stems.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::num::NonZero;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::available_parallelism;

use frostem::{Algorithm, Stemmer};
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;
use xxhash_rust::xxh3::xxh3_64;

/// Bytes of a word that count; what follows is dropped.
const WORD_MAX: usize = 64;
/// Memories of stems that are lent at the same time, where there are few processors and many.
const POOL_MIN: usize = 2;
const POOL_MAX: usize = 8;
/// Words whose stems a memory between searches may hold.
const POOL_WORDS_MAX: usize = 1 << 16;

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

/// A stem in the 32 bits that the columns hold.
pub(crate) fn hash_of(stem: &str) -> u64 {
    xxh3_64(stem.as_bytes()) >> 32
}

/// The words of a text by the hashes of their stems.
pub(crate) fn hashes(text: &str, stems: &mut Stems) -> impl Iterator<Item = u32> {
    words(text).map(|word| hash_of(stems.stem(word.text)) as u32)
}

/// Spreads small numbers over all 64 bits: an odd number near 2^64 divided by the golden ratio, as in
/// Knuth's multiplicative hashing.
pub(crate) const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;

/// For maps by texts, and by numbers that are hashes already, of 32 bits or of 64.
pub(crate) type Hashed = BuildHasherDefault<Spread>;

/// Spreads the last bits of a number over the first ones, by which maps tell entries apart.
#[derive(Clone, Copy, Default)]
pub(crate) struct Spread(u64);

impl Hasher for Spread {
    fn finish(&self) -> u64 {
        self.0.wrapping_mul(SPREAD)
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0 = xxh3_64(bytes);
    }

    /// Says that a text has ended; it has been hashed as a whole.
    fn write_u8(&mut self, _: u8) {}

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}

/// Texts with a number each: from 0, in the order in which they were met.
#[derive(Default)]
pub(crate) struct Numbered {
    /// By a text's hash of 64 bits: two texts that share one are not to be met with.
    numbers: HashMap<u64, u32, Hashed>,
    /// The texts, one after the other.
    letters: String,
    /// Where each text ends.
    ends: Vec<u32>,
}

impl Numbered {
    /// The number of a text.
    pub(crate) fn number(&mut self, text: &str) -> u32 {
        *self
            .numbers
            .entry(xxh3_64(text.as_bytes()))
            .or_insert_with(|| {
                self.letters.push_str(text);
                self.ends.push(self.letters.len() as u32);
                self.ends.len() as u32 - 1
            })
    }

    /// The text with this number.
    pub(crate) fn text(&self, number: u32) -> &str {
        let number = number as usize;
        let start = number.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.letters[start as usize..self.ends[number] as usize]
    }

    /// All numbers, by their texts' bytes.
    pub(crate) fn sorted(&self) -> Vec<u32> {
        let mut sorted: Vec<u32> = (0..self.ends.len() as u32).collect();
        sorted.sort_unstable_by_key(|number| self.text(*number).as_bytes());
        sorted
    }

    /// About how many bytes of memory this takes.
    pub(crate) fn mem_usage(&self) -> usize {
        map_bytes(&self.numbers) + self.letters.capacity() + self.ends.capacity() * size_of::<u32>()
    }
}

/// About how many bytes of memory a map takes: a number and its hash, and a mark for each place.
fn map_bytes(map: &HashMap<u64, u32, Hashed>) -> usize {
    map.capacity() * (size_of::<(u64, u32)>() + 1)
}

/// Brings words to their stems (Snowball's English), and remembers those it has seen.
///
/// Stemming takes most of the time of indexing, and words repeat: the memory pays for itself.
pub(crate) struct Stems {
    stemmer: Stemmer,
    /// The number of a word's stem, by the word's hash.
    words: HashMap<u64, u32, Hashed>,
    stems: Numbered,
    /// The words in small letters, a space behind each.
    met: String,
    word: String,
}

impl Default for Stems {
    fn default() -> Self {
        Self {
            stemmer: Stemmer::new(Algorithm::English),
            words: HashMap::default(),
            stems: Numbered::default(),
            met: String::new(),
            word: String::new(),
        }
    }
}

impl Stems {
    /// The number of a word's stem. Numbers last as long as the memory.
    pub(crate) fn know(&mut self, word: &str) -> u32 {
        surface(word, &mut self.word);
        let hash = xxh3_64(self.word.as_bytes());
        *self.words.entry(hash).or_insert_with(|| {
            self.met.push_str(&self.word);
            self.met.push(' ');
            self.stems.number(&stem_of(&self.stemmer, &self.word))
        })
    }

    /// The stem of a word as written.
    pub(crate) fn stem(&mut self, word: &str) -> &str {
        let stem = self.know(word);
        self.stems.text(stem)
    }

    /// The stem with this number.
    pub(crate) fn numbered(&self, stem: u32) -> &str {
        self.stems.text(stem)
    }

    /// All stems that were met.
    pub(crate) fn all(&self) -> &Numbered {
        &self.stems
    }

    /// The words that are remembered, as the vocabulary holds them.
    pub(crate) fn met(&self) -> impl Iterator<Item = &str> {
        self.met.split_terminator(' ')
    }

    /// The stems of a text in its order.
    pub(crate) fn of(&mut self, text: &str) -> Vec<String> {
        words(text)
            .map(|word| self.stem(word.text).to_owned())
            .collect()
    }

    /// About how many bytes of memory this takes.
    pub(crate) fn mem_usage(&self) -> usize {
        map_bytes(&self.words) + self.stems.mem_usage() + self.met.capacity()
    }
}

/// Memories of stems that outlive a search: the next one finds its words known.
///
/// No more are lent than there are processors. A search does little but compute: beside more of
/// them each would only take longer, and know fewer words from before.
pub(crate) struct StemsPool {
    n_max: usize,
    kept: Mutex<Kept>,
    returned: Condvar,
}

/// The memories of a pool.
#[derive(Default)]
struct Kept {
    idle: Vec<Stems>,
    n_lent: usize,
}

impl Default for StemsPool {
    fn default() -> Self {
        let n_processors = available_parallelism().map_or(1, NonZero::get);
        Self {
            n_max: n_processors.clamp(POOL_MIN, POOL_MAX),
            kept: Mutex::default(),
            returned: Condvar::new(),
        }
    }
}

impl StemsPool {
    /// Works with a memory, as soon as one can be had. Within the work none is to be had.
    pub(crate) fn with<T>(&self, work: impl FnOnce(&mut Stems) -> T) -> T {
        let (mut stems, place) = self.lend();
        let done = work(&mut stems);
        // A panic does not come here: the memory is lost, and its place is not.
        if stems.words.len() < POOL_WORDS_MAX {
            self.kept().idle.push(stems);
        }
        drop(place);
        done
    }

    fn lend(&self) -> (Stems, Place<'_>) {
        let is_full = |kept: &mut Kept| kept.n_lent >= self.n_max;
        let kept = self.returned.wait_while(self.kept(), is_full);
        let mut kept = kept.unwrap_or_else(PoisonError::into_inner);
        kept.n_lent += 1;
        let stems = kept.idle.pop();
        drop(kept);
        (stems.unwrap_or_default(), Place(self))
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The right to a memory.
struct Place<'a>(&'a StemsPool);

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.kept().n_lent -= 1;
        self.0.returned.notify_one();
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

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::sync::atomic::AtomicUsize;
    use std::sync::atomic::Ordering::SeqCst;

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
    fn no_more_memories_are_lent_than_may_be_and_each_is_lent_again() {
        let pool = StemsPool::default();
        let (n_now, n_most) = (AtomicUsize::new(0), AtomicUsize::new(0));
        std::thread::scope(|scope| {
            for _ in 0..4 * POOL_MAX {
                scope.spawn(|| {
                    pool.with(|stems| {
                        n_most.fetch_max(n_now.fetch_add(1, SeqCst) + 1, SeqCst);
                        stems.know("queues");
                        std::thread::yield_now();
                        n_now.fetch_sub(1, SeqCst);
                    });
                });
            }
        });
        let n_most = n_most.into_inner();
        assert!(n_most <= pool.n_max, "{n_most}");
        let idle = &pool.kept().idle;
        assert!((1..=n_most).contains(&idle.len()), "{}", idle.len());
        assert!(idle.iter().all(|stems| stems.met().eq(["queues"])));
    }

    #[test]
    fn a_panic_keeps_no_place() {
        let pool = StemsPool::default();
        for _ in 0..3 * POOL_MAX {
            let broken = || pool.with(|_| panic!("on purpose"));
            assert!(catch_unwind(AssertUnwindSafe(broken)).is_err());
        }
        assert_eq!(pool.with(|stems| stems.know("queues")), 0);
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
