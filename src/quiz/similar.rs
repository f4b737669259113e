//! Stems that say nearly the same.

use std::collections::{BTreeSet, HashMap};

/// The share of words that two stems must have in common to be nearly the same (Jaccard's index).
const NEAR: f64 = 0.8;
/// The rarest words of a stem, by which others like it are looked for.
const N_RARE: usize = 4;
/// Stems with a word in common that are compared, at most: what stands in more tells nothing.
const COMPARED_MAX: usize = 200;

/// For each stem the earlier one that is most like it, if one is nearly the same.
///
/// Only stems that share a rare word are compared, so that a large bank takes little longer than
/// reading it does.
pub(super) fn near_duplicates(stems: &[&str]) -> Vec<(usize, usize)> {
    let words: Vec<BTreeSet<String>> = stems.iter().map(|stem| words(stem)).collect();
    let mut n_with: HashMap<&str, usize> = HashMap::new();
    for word in words.iter().flatten() {
        *n_with.entry(word).or_default() += 1;
    }
    let mut held_by: HashMap<&str, Vec<usize>> = HashMap::new();
    let mut pairs = Vec::new();
    for (at, own) in words.iter().enumerate() {
        let mut rare: Vec<&str> = own.iter().map(String::as_str).collect();
        rare.sort_by_key(|word| (n_with[word], *word));
        // Two stems alike to this degree may differ in this many of their rarest words.
        let n_rare = N_RARE.max(own.len() - (own.len() as f64 * NEAR) as usize + 1);
        rare.truncate(n_rare);
        let earlier: BTreeSet<usize> = rare
            .iter()
            .filter_map(|word| held_by.get(word))
            .flatten()
            .copied()
            .collect();
        let likeness = |other: &usize| likeness(own, &words[*other]);
        let best = earlier.into_iter().map(|other| (likeness(&other), other));
        let best = best.max_by(|a, b| a.0.total_cmp(&b.0));
        if let Some((likeness, other)) = best
            && likeness >= NEAR
        {
            pairs.push((at, other));
        }
        for word in rare {
            let held = held_by.entry(word).or_default();
            if held.len() < COMPARED_MAX {
                held.push(at);
            }
        }
    }
    pairs
}

fn words(text: &str) -> BTreeSet<String> {
    let words = text.split(|c: char| !c.is_alphanumeric());
    words
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect()
}

fn likeness(a: &BTreeSet<String>, b: &BTreeSet<String>) -> f64 {
    let n_both = a.intersection(b).count();
    let n_any = a.len() + b.len() - n_both;
    n_both as f64 / n_any.max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stems_are_near_by_their_words() {
        let stems = [
            "Which storage class fits data that is read once a year?",
            "Which service keeps messages for four days?",
            "which storage class fits data, that is read once a month?",
            "Which storage class costs least for data read daily?",
            "Which service keeps messages for four days?",
        ];
        assert_eq!(near_duplicates(&stems), [(2, 0), (4, 1)]);
    }

    #[test]
    fn many_alike_are_compared_in_good_time() {
        let stems: Vec<String> = (0..5_000).map(|n| format!("a b c d e {}", n / 2)).collect();
        let stems: Vec<&str> = stems.iter().map(String::as_str).collect();
        assert!(near_duplicates(&stems).len() > 2_000);
    }
}
