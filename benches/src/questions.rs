//! What is asked: one to six words that stand together in some section, at times misspelt.

use anyhow::Result;

use crate::corpus::{self, Corpus};
use crate::random::Random;
use crate::{sections, words};

/// Draws `n` questions from the notes, the same ones every time.
pub(crate) fn draw(corpus: &Corpus, n: usize) -> Result<Vec<String>> {
    let notes = corpus::notes(&corpus.notes)?;
    let mut random = Random::new(11);
    let mut questions = Vec::with_capacity(n);
    while questions.len() < n {
        let text = corpus::read(&notes[random.below(notes.len())])?;
        let mut pieces = Vec::new();
        sections::split(&text, &mut |piece| {
            pieces.push(format!("{} {}", piece.heading, piece.body))
        });
        if pieces.is_empty() {
            continue;
        }
        let piece = random.below(pieces.len());
        let question = question(&pieces[piece], &mut random);
        if !question.is_empty() {
            questions.push(question);
        }
    }
    Ok(questions)
}

/// A question about a section: a run of its words as they stand, or some that carry meaning, in
/// one case of ten with a typing mistake.
fn question(section: &str, random: &mut Random) -> String {
    let all: Vec<_> = section
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .collect();
    if all.is_empty() {
        return String::new();
    }
    let n_words = random.between(1, 6);
    let mut asked: Vec<String> = match random.below(3) {
        0 => {
            let start = random.below(all.len());
            all[start..]
                .iter()
                .take(n_words.max(3))
                .map(|word| (*word).to_owned())
                .collect()
        }
        kind => {
            let content: Vec<_> = all
                .iter()
                .filter(|word| !words::is_stop_word(&word.to_lowercase()))
                .collect();
            if content.is_empty() {
                return String::new();
            }
            let mut asked: Vec<_> = (0..n_words)
                .map(|_| random.pick(&content).to_lowercase())
                .collect();
            if kind == 1 && n_words > 2 {
                asked[0] = "what is the".to_owned();
            }
            asked
        }
    };
    if random.chance(0.1)
        && let Some(longest) = asked.iter_mut().max_by_key(|word| word.len())
    {
        *longest = misspelt(longest, random);
    }
    asked.join(" ")
}

/// The word with two neighbouring letters swapped, one left out, or one doubled.
fn misspelt(word: &str, random: &mut Random) -> String {
    let mut letters: Vec<_> = word.chars().collect();
    if letters.len() < 4 {
        return word.to_owned();
    }
    let at = random.between(1, letters.len() - 2);
    match random.below(3) {
        0 => letters.swap(at, at + 1),
        1 => {
            letters.remove(at);
        }
        _ => letters.insert(at, letters[at]),
    }
    letters.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn questions_are_short_and_the_same_every_time() {
        let section = "Alpha beta and the gamma of delta, epsilon; zeta.";
        let ask = || -> Vec<_> {
            let mut random = Random::new(5);
            (0..200).map(|_| question(section, &mut random)).collect()
        };
        assert_eq!(ask(), ask());
        for question in ask() {
            let n_words = question.split(' ').count();
            assert!((1..=8).contains(&n_words), "{question}");
        }
        assert!(
            ask()
                .iter()
                .any(|question| question.starts_with("what is the "))
        );
    }

    #[test]
    fn a_misspelt_word_is_one_edit_away() {
        let mut random = Random::new(5);
        for _ in 0..100 {
            let word = misspelt("gateway", &mut random);
            assert!((6..=8).contains(&word.len()), "{word}");
        }
    }
}
