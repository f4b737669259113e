//! Made-up notes of any size, shaped like real ones and the same on every machine.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};

use crate::random::Random;
use crate::words::{self, Words};

/// Changes whenever the same size would give other notes, so that old ones are not reused.
pub(crate) const VERSION: u32 = 1;

/// Notes in one folder.
const FOLDER_MAX: usize = 40;

/// Characters of a section's text, at most.
const SECTION_MAX: f64 = 2_500.0;

/// Writes notes of `n_bytes` in all (and at most a note more) below `folder`, which is made.
pub(crate) fn write(folder: &Path, n_bytes: u64) -> Result<()> {
    let words = Words::new();
    let mut written = 0;
    for number in 0.. {
        if written >= n_bytes {
            break;
        }
        let place = number / FOLDER_MAX;
        let parent = folder.join(format!("area-{:02}/topic-{place:04}", place % 24));
        fs::create_dir_all(&parent).with_context(|| format!("cannot make {}", parent.display()))?;
        let text = note(number, &words);
        fs::write(parent.join(format!("note-{number:05}.md")), &text)
            .with_context(|| format!("cannot write below {}", parent.display()))?;
        written += text.len() as u64;
    }
    Ok(())
}

/// The note with this number. It depends on nothing else.
pub(crate) fn note(number: usize, words: &Words) -> String {
    let mut random = Random::new(0xA0 + number as u64);
    let topic = (0..16)
        .map(|_| words.draw(&mut random).to_owned())
        .collect();
    let mut writer = Writer {
        text: String::new(),
        words,
        topic,
        random,
    };
    writer.note(number);
    writer.text
}

struct Writer<'a> {
    text: String,
    words: &'a Words,
    /// Words that this note uses again and again.
    topic: Vec<String>,
    random: Random,
}

impl Writer<'_> {
    fn note(&mut self, number: usize) {
        let title = self.heading();
        if self.random.chance(0.3) {
            let tag = self.topic[0].clone();
            let _ = write!(self.text, "---\ntitle: {title}\ntags: [{tag}]\n---\n\n");
        }
        let _ = write!(self.text, "# {title}\n\n");
        self.section(number);
        let mut level: usize = 1;
        for _ in 0..self.random.between(3, 14) {
            level = match self.random.below(10) {
                0..4 => level.max(2),
                4..7 => (level + 1).min(4),
                _ => 2,
            };
            let heading = self.heading();
            let _ = write!(self.text, "{} {heading}\n\n", "#".repeat(level));
            self.section(number);
        }
    }

    fn section(&mut self, number: usize) {
        let length = (60.0 - 260.0 * (1.0 - self.random.unit()).ln()).min(SECTION_MAX);
        let end = self.text.len() + length as usize;
        while self.text.len() < end {
            let room = end - self.text.len();
            match self.random.below(20) {
                0..10 => self.paragraph(room),
                10..16 => self.bullets(room),
                16 => self.table(),
                17 => self.code(number),
                18 => self.quote(),
                _ if self.random.chance(0.3) => self.abbreviation(),
                _ => self.paragraph(room),
            }
        }
    }

    fn heading(&mut self) -> String {
        let n_words = self.random.between(1, 4);
        let words: Vec<_> = (0..n_words)
            .map(|_| capitalised(&self.content_word()))
            .collect();
        words.join(" ")
    }

    fn paragraph(&mut self, room: usize) {
        let end = self.text.len() + room.min(450);
        while self.text.len() < end {
            let n_words = self.random.between(6, 20);
            self.sentence(n_words);
            self.text.push(' ');
        }
        self.text.truncate(self.text.trim_end().len());
        self.text.push_str("\n\n");
    }

    fn bullets(&mut self, room: usize) {
        let end = self.text.len() + room.min(500);
        let mut depth = 0;
        while self.text.len() < end {
            let n_words = self.random.between(3, 14);
            let _ = write!(self.text, "{:1$}- ", "", depth * 2);
            self.sentence(n_words);
            self.text.push('\n');
            depth = self.random.below(depth.min(2) + 2);
        }
        self.text.push('\n');
    }

    fn table(&mut self) {
        let n_columns = self.random.between(2, 4);
        for row in 0..self.random.between(3, 6) {
            for _ in 0..n_columns {
                let cell = self.content_word();
                let _ = match self.random.chance(0.3) && row > 0 {
                    true => write!(self.text, "| {cell} {} ", self.random.below(1_000)),
                    false => write!(self.text, "| {cell} "),
                };
            }
            self.text.push_str("|\n");
            if row == 0 {
                self.text.push_str(&"|---".repeat(n_columns));
                self.text.push_str("|\n");
            }
        }
        self.text.push('\n');
    }

    fn code(&mut self, number: usize) {
        self.text.push_str("```sh\n");
        for _ in 0..self.random.between(1, 4) {
            let (verb, flag) = (self.content_word(), self.content_word());
            let value = self.random.below(10_000);
            let _ = writeln!(self.text, "{verb} --{flag}={value} {flag}-{number:05}");
        }
        self.text.push_str("```\n\n");
    }

    fn quote(&mut self) {
        self.text.push_str("> ");
        let n_words = self.random.between(6, 18);
        self.sentence(n_words);
        self.text.push_str("\n\n");
    }

    /// A long name with its initials, as notes explain them.
    fn abbreviation(&mut self) {
        let names: Vec<_> = (0..3)
            .map(|_| capitalised(self.words.draw(&mut self.random)))
            .collect();
        let initials: String = names
            .iter()
            .filter_map(|name| name.chars().next())
            .collect();
        let _ = write!(self.text, "The {} ({initials}) ", names.join(" "));
        let n_words = self.random.between(5, 12);
        self.sentence(n_words);
        self.text.push_str("\n\n");
    }

    fn sentence(&mut self, n_words: usize) {
        for at in 0..n_words {
            if at > 0 {
                self.text.push(' ');
            }
            let word = match self.random.below(100) {
                0..38 => words::stop_word(&mut self.random).to_owned(),
                38..40 => self.random.below(2_000).to_string(),
                _ => self.content_word(),
            };
            let _ = match self.random.below(100) {
                _ if at == 0 => write!(self.text, "{}", capitalised(&word)),
                0..3 => write!(self.text, "**{word}**"),
                3 => write!(self.text, "`{word}`"),
                4 => write!(
                    self.text,
                    "[{word}](../topic-{:04}/)",
                    self.random.below(700)
                ),
                5..10 if at + 1 < n_words => write!(self.text, "{word},"),
                _ => write!(self.text, "{word}"),
            };
        }
        self.text.push('.');
    }

    fn content_word(&mut self) -> String {
        let word = match self.random.chance(0.25) {
            true => self.random.pick(&self.topic),
            false => self.words.draw(&mut self.random),
        };
        format!("{word}{}", words::ending(&mut self.random))
    }
}

fn capitalised(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(letters).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{corpus, sections};

    #[test]
    fn a_note_is_the_same_every_time_and_unlike_the_next() {
        let words = Words::new();
        assert_eq!(note(3, &words), note(3, &Words::new()));
        assert_ne!(note(3, &words), note(4, &words));
    }

    #[test]
    fn notes_have_the_size_and_the_sections_of_real_ones() {
        let words = Words::new();
        let (mut n_bytes, mut n_sections) = (0, 0);
        for number in 0..400 {
            let text = note(number, &words);
            n_bytes += text.len();
            sections::split(&text, &mut |_| n_sections += 1);
        }
        assert!((3_400..3_900).contains(&(n_bytes / 400)), "{n_bytes}");
        assert!((9 * 400..10 * 400).contains(&n_sections), "{n_sections}");
    }

    #[test]
    fn small_notes_are_the_beginning_of_large_ones() {
        let (small, large) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        write(small.path(), 60_000).unwrap();
        write(large.path(), 300_000).unwrap();
        let small_notes = corpus::notes(small.path()).unwrap();
        assert!(small_notes.len() >= 10, "{}", small_notes.len());
        for note in small_notes {
            let below = note.strip_prefix(small.path()).unwrap();
            assert_eq!(
                fs::read(&note).unwrap(),
                fs::read(large.path().join(below)).unwrap()
            );
        }
    }
}
