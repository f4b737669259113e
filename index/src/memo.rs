//! What was found out of late, so that it is not found out again.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use xxhash_rust::xxh3::xxh3_64;

use crate::words::{Hashed, SPREAD};

/// What is known of texts, of so many at most: one more, and all are forgotten. They are known by their
/// hashes of 64 bits: two texts that share one are not to be met with.
#[derive(Debug)]
pub(crate) struct Memo<V, const TEXTS_MAX: usize>(Mutex<HashMap<u64, V, Hashed>>);

impl<V, const TEXTS_MAX: usize> Default for Memo<V, TEXTS_MAX> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<V: Clone, const TEXTS_MAX: usize> Memo<V, TEXTS_MAX> {
    /// What is known of a text, found out where it is not. The same text may be known under several
    /// `kinds`.
    pub(crate) fn of<E>(
        &self,
        (kind, text): (u64, &str),
        find: impl FnOnce() -> Result<V, E>,
    ) -> Result<V, E> {
        // As a seed of the hash, a small number and the last letter of a short word would add up alike.
        let hash = xxh3_64(text.as_bytes()) ^ kind.wrapping_mul(SPREAD);
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = known.get(&hash) {
            return Ok(known.clone());
        }
        drop(known);
        let found = find()?;
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= TEXTS_MAX {
            known.clear();
        }
        known.insert(hash, found.clone());
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_found_out_is_found_out_once() {
        let memo = Memo::<_, 10>::default();
        let know = |kind, text, find| memo.of::<()>((kind, text), || Ok(find));
        assert_eq!(know(0, "queue", 1), Ok(1));
        assert_eq!(know(0, "queue", 2), Ok(1));
        assert_eq!(know(1, "queue", 2), Ok(2));
        assert_eq!(know(0, "bucket", 3), Ok(3));
        assert_eq!(memo.of((0, "lock"), || Err("full")), Err("full"));
        assert_eq!(memo.of::<()>((0, "lock"), || Ok(4)), Ok(4));
    }

    #[test]
    fn short_words_of_several_kinds_are_told_apart() {
        let memo = Memo::<_, 1_000_000>::default();
        let letters = || 'a'..='z';
        let words = letters().flat_map(|a| letters().map(move |b| format!("{a}{b}")));
        let words: Vec<String> = words.chain(letters().map(String::from)).collect();
        for kind in 0..100 {
            for word in &words {
                memo.of::<()>((kind, word), || Ok(format!("{kind} {word}")))
                    .unwrap();
            }
        }
        for kind in 0..100 {
            for word in &words {
                let known = memo.of((kind, word), || Err("unknown"));
                assert_eq!(known, Ok(format!("{kind} {word}")));
            }
        }
    }

    #[test]
    fn it_forgets_before_it_grows_too_large() {
        let memo = Memo::<_, 10>::default();
        for n in 0..21 {
            memo.of::<()>((0, &n.to_string()), || Ok(n)).unwrap();
            assert!(memo.0.lock().unwrap().len() <= 10);
        }
        assert_eq!(memo.0.lock().unwrap().len(), 1);
    }
}
