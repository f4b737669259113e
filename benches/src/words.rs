//! A made-up language whose words are as unevenly frequent as those of a real one.

use std::collections::HashSet;

use crate::random::Random;

/// Words without their endings.
const N_WORDS: usize = 60_000;

/// Common English words with their frequency per thousand words of English text.
const STOP_WORDS: [(&str, f64); 40] = [
    ("the", 60.0),
    ("of", 30.0),
    ("and", 28.0),
    ("to", 26.0),
    ("a", 22.0),
    ("in", 20.0),
    ("is", 16.0),
    ("for", 10.0),
    ("that", 10.0),
    ("it", 9.0),
    ("as", 8.0),
    ("with", 8.0),
    ("be", 7.0),
    ("on", 7.0),
    ("are", 6.0),
    ("by", 6.0),
    ("from", 5.0),
    ("or", 5.0),
    ("this", 5.0),
    ("at", 5.0),
    ("an", 4.0),
    ("can", 4.0),
    ("not", 4.0),
    ("you", 4.0),
    ("when", 3.0),
    ("if", 3.0),
    ("which", 3.0),
    ("has", 2.0),
    ("more", 2.0),
    ("one", 2.0),
    ("all", 2.0),
    ("will", 2.0),
    ("its", 2.0),
    ("each", 2.0),
    ("how", 1.0),
    ("what", 1.0),
    ("does", 1.0),
    ("than", 1.0),
    ("between", 1.0),
    ("only", 1.0),
];

/// Endings with how often a word carries them, in percent. The rest stand bare.
const ENDINGS: [(&str, usize); 6] = [
    ("s", 14),
    ("ing", 8),
    ("ed", 8),
    ("tion", 4),
    ("ly", 3),
    ("er", 3),
];

/// The words and how often each of them is drawn.
#[derive(Debug)]
pub(crate) struct Words {
    words: Vec<String>,
    /// Sums of the weights up to each word: one by its rank, behind all the stop words.
    sums: Vec<f64>,
}

impl Words {
    /// The same words every time: the frequent ones are short.
    pub(crate) fn new() -> Self {
        let mut random = Random::new(1);
        let mut seen = HashSet::new();
        let mut words = Vec::with_capacity(N_WORDS);
        while words.len() < N_WORDS {
            let n_syllables = match words.len() {
                0..300 => 1,
                300..8_000 => 2,
                _ => 3,
            };
            let word = compose(n_syllables, &mut random);
            if !is_stop_word(&word) && seen.insert(word.clone()) {
                words.push(word);
            }
        }
        let sums = (1..=N_WORDS)
            .scan(0.0, |sum, rank| {
                *sum += 1.0 / (STOP_WORDS.len() + rank) as f64;
                Some(*sum)
            })
            .collect();
        Self { words, sums }
    }

    /// A word by Zipf's law, without an ending.
    pub(crate) fn draw(&self, random: &mut Random) -> &str {
        let total = self.sums[N_WORDS - 1];
        let at = random.unit() * total;
        let rank = self.sums.partition_point(|&sum| sum <= at);
        &self.words[rank.min(N_WORDS - 1)]
    }
}

/// A stop word, the frequent ones more often.
pub(crate) fn stop_word(random: &mut Random) -> &'static str {
    let total: f64 = STOP_WORDS.iter().map(|(_, weight)| weight).sum();
    let mut at = random.unit() * total;
    for (word, weight) in STOP_WORDS {
        if at < weight {
            return word;
        }
        at -= weight;
    }
    STOP_WORDS[0].0
}

pub(crate) fn is_stop_word(word: &str) -> bool {
    STOP_WORDS.iter().any(|(stop_word, _)| *stop_word == word)
}

/// An ending for a word, most often none.
pub(crate) fn ending(random: &mut Random) -> &'static str {
    let mut at = random.below(100);
    for (ending, percent) in ENDINGS {
        if at < percent {
            return ending;
        }
        at -= percent;
    }
    ""
}

fn compose(n_syllables: usize, random: &mut Random) -> String {
    const ONSETS: [&str; 24] = [
        "b", "br", "c", "cl", "d", "dr", "f", "fl", "g", "gr", "h", "j", "k", "l", "m", "n", "p",
        "pr", "r", "s", "st", "t", "tr", "v",
    ];
    const NUCLEI: [&str; 8] = ["a", "e", "i", "o", "u", "ai", "ea", "oo"];
    const CODAS: [&str; 10] = ["n", "r", "l", "s", "t", "m", "nd", "rk", "ck", "x"];
    let mut word = String::new();
    for _ in 0..n_syllables {
        word.push_str(random.pick::<&str>(&ONSETS));
        word.push_str(random.pick::<&str>(&NUCLEI));
        if random.chance(0.3) {
            word.push_str(random.pick::<&str>(&CODAS));
        }
    }
    if n_syllables == 1 && !word.ends_with(|last: char| CODAS.iter().any(|c| c.ends_with(last))) {
        word.push_str(random.pick::<&str>(&CODAS));
    }
    word
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_are_the_same_every_time() {
        assert_eq!(Words::new().words, Words::new().words);
    }

    #[test]
    fn a_few_words_make_most_of_the_text() {
        let words = Words::new();
        let mut random = Random::new(7);
        let drawn: Vec<_> = (0..20_000).map(|_| words.draw(&mut random)).collect();
        let frequent: HashSet<_> = words.words[..300].iter().map(String::as_str).collect();
        let n_frequent = drawn.iter().filter(|word| frequent.contains(*word)).count();
        let n_distinct = drawn.iter().collect::<HashSet<_>>().len();
        assert!((4_500..7_500).contains(&n_frequent), "{n_frequent}");
        assert!(n_distinct > 4_000, "{n_distinct}");
    }
}
