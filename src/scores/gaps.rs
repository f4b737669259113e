//! What the notes failed to answer, remembered for the note keeper. No member's number or name is kept.

use jiff::Timestamp;

use super::database::{Row, StoreError, Transaction};
use super::{Scores, of_time, strange, to_count, to_time};

/// Gaps that are kept, at most: beyond that, those go that were met longest ago.
pub const GAPS_MAX: u32 = 2_000;
/// Characters kept of a question, at most.
pub const QUESTION_MAX: usize = 300;

/// Something that happened to the notes' readers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event<'a> {
    /// The notes held no answer to this question.
    Unanswered(&'a str),
    /// The section with this id was shown as an answer, and did not help.
    DidNotHelp(&'a str),
    /// The section with this id was shown as an answer, and helped.
    Helped(&'a str),
}

/// What a gap is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum About {
    /// A question without an answer, as last typed.
    Question(String),
    /// The id of a section that did not help.
    Section(String),
}

/// A gap in the notes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gap {
    /// What it is about.
    pub about: About,
    /// How often it was met.
    pub n_met: u32,
    /// For a section: how often it did help.
    pub n_helped: u32,
    /// When it was met last.
    pub last: Timestamp,
}

impl About {
    /// The question or the id.
    #[must_use]
    pub fn text(&self) -> &str {
        match self {
            Self::Question(text) | Self::Section(text) => text,
        }
    }
}

const QUESTION: &str = "question";
const SECTION: &str = "section";

impl Scores {
    /// Adds an event.
    ///
    /// # Errors
    /// The store fails; the event is then forgotten.
    pub fn note_gap(&self, at: Timestamp, event: Event<'_>) -> Result<(), StoreError> {
        let (kind, text, n_met) = match event {
            Event::Unanswered(question) => (QUESTION, kept(question), 1),
            Event::DidNotHelp(id) => (SECTION, id.to_owned(), 1),
            Event::Helped(id) => (SECTION, id.to_owned(), 0),
        };
        let name = match kind {
            QUESTION => normalised(&text),
            _ => text.clone(),
        };
        self.write(move |transaction| {
            let before = transaction.query(
                "SELECT n_met FROM gap WHERE kind = ?1 AND name = ?2",
                &[kind.into(), name.as_str().into()],
            )?;
            transaction.execute(
                "INSERT INTO gap (kind, name, text, n_met, n_helped, last) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (kind, name) DO UPDATE SET \
                 n_met = gap.n_met + excluded.n_met, \
                 n_helped = gap.n_helped + excluded.n_helped, \
                 text = CASE WHEN excluded.n_met > 0 AND excluded.last >= gap.last \
                 THEN excluded.text ELSE gap.text END, \
                 last = CASE WHEN excluded.n_met > 0 AND excluded.last >= gap.last \
                 THEN excluded.last ELSE gap.last END",
                &[
                    kind.into(),
                    name.as_str().into(),
                    text.as_str().into(),
                    n_met.into(),
                    (1 - n_met).into(),
                    of_time(at),
                ],
            )?;
            match before.is_empty() {
                true => drop_oldest(transaction),
                false => Ok(()),
            }
        })
    }

    /// All gaps, the most often met first.
    ///
    /// # Errors
    /// The store fails.
    pub fn gaps(&self) -> Result<Vec<Gap>, StoreError> {
        self.read(|transaction| {
            let rows = transaction.query(
                "SELECT kind, text, n_met, n_helped, last FROM gap WHERE n_met > 0 \
                 ORDER BY n_met DESC, last DESC, kind, name",
                &[],
            )?;
            rows.iter().map(to_gap).collect()
        })
    }
}

fn drop_oldest(transaction: &mut dyn Transaction) -> Result<(), StoreError> {
    let n_kept = super::only(transaction.query("SELECT COUNT(*) FROM gap", &[])?)?.int(0)?;
    let n_more = n_kept - i64::from(GAPS_MAX);
    if n_more > 0 {
        transaction.execute(
            "DELETE FROM gap WHERE (kind, name) IN \
             (SELECT kind, name FROM gap ORDER BY last, kind, name LIMIT ?1)",
            &[n_more.into()],
        )?;
    }
    Ok(())
}

fn to_gap(row: &Row) -> Result<Gap, StoreError> {
    let text = row.text(1)?.to_owned();
    Ok(Gap {
        about: match row.text(0)? {
            QUESTION => About::Question(text),
            SECTION => About::Section(text),
            _ => return Err(strange("a gap")),
        },
        n_met: to_count(row.int(2)?),
        n_helped: to_count(row.int(3)?),
        last: to_time(row.int(4)?)?,
    })
}

/// The question on one line, without the numbers by which a chat names its members, and cut.
fn kept(question: &str) -> String {
    let without_nul = question.replace('\0', " ");
    let words: Vec<String> = without_nul
        .split_whitespace()
        .map(without_members)
        .collect();
    words.join(" ").chars().take(QUESTION_MAX).collect()
}

/// `<@123>`, `<@!123>` and `<@&123>` become `<@>`.
fn without_members(word: &str) -> String {
    let mut out = String::with_capacity(word.len());
    let mut rest = word;
    while let Some(start) = rest.find("<@") {
        let (before, mention) = rest.split_at(start + 2);
        out.push_str(before);
        rest = mention
            .trim_start_matches(['!', '&'])
            .trim_start_matches(|c: char| c.is_ascii_digit());
    }
    out.push_str(rest);
    out
}

/// Two questions that differ in case, spaces or the last sign are the same gap.
fn normalised(question: &str) -> String {
    question
        .trim_end_matches(|c: char| c.is_ascii_punctuation() || c.is_whitespace())
        .to_lowercase()
}
