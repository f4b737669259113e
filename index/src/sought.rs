//! What a question looks for in texts: its stems as bits, so that a text is the bits that it holds.

use crate::question::{Concept, Question};
use crate::words::hash_of;

/// Stems of a question that a text is searched for.
pub(crate) const BITS: usize = 128;
/// Bits of the first look at a word: most words of a text are not among those of a question.
const SIEVE: usize = 1_024;

/// The stems of a question and the forms of its concepts.
#[derive(Debug)]
pub(crate) struct Sought {
    /// Which hashes may be among those below, by their last bits.
    sieve: [u64; SIEVE / 64],
    /// The hashes of the stems, sorted, each with its bit.
    bits: Vec<(u32, u32)>,
    /// The forms of each concept of the question, in their order.
    pub(crate) concepts: Vec<Vec<Form>>,
}

/// A form of a concept: all of its stems must be there.
#[derive(Debug)]
pub(crate) struct Form {
    /// As bits; all bits where there was no room for one of them, so that it is never held.
    pub(crate) bits: u128,
    /// As hashes.
    pub(crate) hashes: Vec<u64>,
}

impl Form {
    /// Whether it is among these hashes.
    pub(crate) fn is_among(&self, hashes: &[u64]) -> bool {
        self.hashes.iter().all(|hash| hashes.contains(hash))
    }

    /// Whether it is among these bits.
    pub(crate) fn is_held(&self, bits: u128) -> bool {
        bits & self.bits == self.bits
    }
}

impl Sought {
    pub(crate) fn new(question: &Question) -> Self {
        let mut sought = Self {
            sieve: [0; SIEVE / 64],
            bits: Vec::new(),
            concepts: Vec::new(),
        };
        let concepts = question.concepts.iter();
        let in_forms = concepts.flat_map(|concept| concept.forms.iter().flatten());
        for stem in in_forms.chain(&question.stems) {
            sought.add(hash_of(stem) as u32);
        }
        let forms = |concept: &Concept| {
            let forms = concept.forms.iter();
            forms.map(|form| sought.form(form)).collect()
        };
        sought.concepts = question.concepts.iter().map(forms).collect();
        sought
    }

    fn add(&mut self, hash: u32) {
        let next = self.bits.len() as u32;
        if let Err(place) = self.place(hash)
            && next < BITS as u32
        {
            self.bits.insert(place, (hash, next));
            let (block, bit) = sieved(hash);
            self.sieve[block] |= bit;
        }
    }

    fn form(&self, stems: &[String]) -> Form {
        let hashes: Vec<u64> = stems.iter().map(|stem| hash_of(stem)).collect();
        let bits = hashes.iter().map(|hash| self.bit(*hash as u32));
        Form {
            bits: bits.fold(0, |all, bit| all | bit.map_or(u128::MAX, |bit| 1 << bit)),
            hashes,
        }
    }

    /// The bit of a stem by its hash, where the question has it.
    pub(crate) fn bit(&self, hash: u32) -> Option<u32> {
        let (block, bit) = sieved(hash);
        if self.sieve[block] & bit == 0 {
            return None;
        }
        self.place(hash).ok().map(|place| self.bits[place].1)
    }

    /// The bits of a text, given as hashes of stems.
    pub(crate) fn held(&self, words: &[u32]) -> u128 {
        let bits = words.iter().filter_map(|word| self.bit(*word));
        bits.fold(0, |all, bit| all | 1 << bit)
    }

    fn place(&self, hash: u32) -> Result<usize, usize> {
        self.bits.binary_search_by_key(&hash, |(hash, _)| *hash)
    }
}

/// Where a hash is in the sieve.
fn sieved(hash: u32) -> (usize, u64) {
    let place = hash as usize % SIEVE;
    (place / 64, 1 << (place % 64))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn question(stems: &[String]) -> Question {
        let forms =
            |stem: &String| vec![vec![stem.clone()], vec![stem.clone(), "queue".to_owned()]];
        let concept = |stem: &String| Concept::with_forms(forms(stem));
        Question {
            concepts: stems.iter().map(concept).collect(),
            stems: stems.to_vec(),
            ..Question::default()
        }
    }

    fn hash(stem: &str) -> u32 {
        hash_of(stem) as u32
    }

    #[test]
    fn a_text_is_the_bits_that_it_holds() {
        let stems = ["dead", "letter"].map(str::to_owned);
        let sought = Sought::new(&question(&stems));
        let held = |words: &[&str]| {
            let words: Vec<u32> = words.iter().map(|word| hash(word)).collect();
            sought.held(&words)
        };
        let [dead, letter] = &sought.concepts[..] else {
            panic!("two concepts: {sought:?}");
        };
        assert!(dead[0].is_held(held(&["a", "dead", "end"])));
        assert!(!letter[0].is_held(held(&["a", "dead", "end"])));
        assert!(!letter[1].is_held(held(&["letter"])));
        assert!(letter[1].is_held(held(&["queue", "of", "letter"])));
        assert!(letter[1].is_among(&[hash_of("queue"), hash_of("letter")]));
        assert!(!letter[1].is_among(&[hash_of("letter")]));
    }

    #[test]
    fn a_form_without_room_is_never_held() {
        let stems: Vec<String> = (0..2 * BITS).map(|n| format!("word{n}")).collect();
        let sought = Sought::new(&question(&stems));
        let all: Vec<u32> = stems.iter().map(|stem| hash(stem)).collect();
        let held = sought.held(&all);
        let n_held = sought
            .concepts
            .iter()
            .filter(|forms| forms[0].is_held(held));
        assert_eq!(n_held.count(), BITS - 1, "one bit is the queue's");
        let unknown = (0..10_000).map(|n| hash(&format!("other{n}")));
        assert!(unknown.into_iter().all(|word| sought.bit(word).is_none()));
    }
}
