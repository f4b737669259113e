//! What the notes failed to answer, remembered for the note keeper.
//!
//! An append-only file of JSON lines under the data folder. It holds no member's number or name.
//! One process writes, from any number of threads; any process may read.

use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Name of the file in the data folder.
pub const FILE: &str = "gaps.jsonl";
/// Bytes of the file, at most; beyond that the older half is dropped.
pub const FILE_BYTES_MAX: u64 = 4 * 1024 * 1024;
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
    pub n_met: usize,
    /// For a section: how often it did help.
    pub n_helped: usize,
    /// When it was met last.
    pub last: Timestamp,
}

/// The file of gaps could not be read or written.
#[derive(Debug, thiserror::Error)]
#[error("cannot use the file of gaps {path}")]
pub struct GapsError {
    /// The file.
    pub path: String,
    /// Why.
    pub source: io::Error,
}

/// The file of gaps, open for writing.
#[derive(Debug)]
pub struct Gaps {
    path: PathBuf,
    bytes_max: u64,
    turn: Mutex<()>,
}

impl Gaps {
    /// The gaps kept in this data folder, which is made if it is missing.
    ///
    /// # Errors
    /// The folder cannot be made.
    pub fn open(dir: &Path) -> Result<Self, GapsError> {
        Self::with_limit(dir, FILE_BYTES_MAX)
    }

    /// As [`Gaps::open`], with another limit than [`FILE_BYTES_MAX`].
    ///
    /// # Errors
    /// The folder cannot be made.
    pub fn with_limit(dir: &Path, bytes_max: u64) -> Result<Self, GapsError> {
        let path = dir.join(FILE);
        fs::create_dir_all(dir).map_err(|source| named(&path, source))?;
        Ok(Self {
            path,
            bytes_max,
            turn: Mutex::new(()),
        })
    }

    /// Adds an event. When this returns, the line has been handed to the operating system.
    ///
    /// # Errors
    /// The file cannot be written; the event is then forgotten.
    pub fn record(&self, at: Timestamp, event: Event<'_>) -> Result<(), GapsError> {
        let mut line = serde_json::to_vec(&Line::new(at, event))
            .map_err(|error| named(&self.path, error.into()))?;
        line.push(b'\n');
        // A panic elsewhere leaves nothing half done in here: the file itself is the state.
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        self.append(&line)
            .map_err(|source| named(&self.path, source))
    }

    fn append(&self, line: &[u8]) -> io::Result<()> {
        let mut file = self.file()?;
        let n_bytes = file.metadata()?.len();
        if n_bytes > 0 && n_bytes + line.len() as u64 > self.bytes_max {
            self.drop_older_half()?;
            file = self.file()?;
        }
        // A line torn by a full disk or a kill must not take the next one with it.
        if ends_torn(&mut file)? {
            file.write_all(b"\n")?;
        }
        file.write_all(line)
    }

    fn file(&self) -> io::Result<File> {
        OpenOptions::new()
            .create(true)
            .read(true)
            .append(true)
            .open(&self.path)
    }

    fn drop_older_half(&self) -> io::Result<()> {
        let bytes = fs::read(&self.path)?;
        let half = &bytes[bytes.len() / 2..];
        let kept = match half.iter().position(|&byte| byte == b'\n') {
            Some(end) => &half[end + 1..],
            None => &[],
        };
        let rewritten = self.path.with_extension("jsonl.new");
        let mut file = File::create(&rewritten)?;
        file.write_all(kept)?;
        file.sync_data()?;
        fs::rename(&rewritten, &self.path)
    }
}

/// The gaps kept in this data folder, the most often met first. Lines that cannot be read are
/// passed over.
///
/// # Errors
/// The file is there and cannot be read.
pub fn list(dir: &Path) -> Result<Vec<Gap>, GapsError> {
    let path = dir.join(FILE);
    let bytes = match fs::read(&path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(source) => return Err(named(&path, source)),
    };
    let mut gaps: HashMap<String, Gap> = HashMap::new();
    for line in bytes.split(|&byte| byte == b'\n') {
        if let Ok(line) = serde_json::from_slice::<Line>(line) {
            line.count_in(&mut gaps);
        }
    }
    let mut gaps: Vec<Gap> = gaps.into_values().filter(|gap| gap.n_met > 0).collect();
    gaps.sort_by(|a, b| {
        (b.n_met, b.last)
            .cmp(&(a.n_met, a.last))
            .then_with(|| a.about.text().cmp(b.about.text()))
    });
    Ok(gaps)
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

/// An event as it stands in the file.
#[derive(Serialize, Deserialize)]
struct Line {
    at: Timestamp,
    kind: Kind,
    #[serde(skip_serializing_if = "Option::is_none")]
    question: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    section: Option<String>,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    Unanswered,
    DidNotHelp,
    Helped,
}

impl Line {
    fn new(at: Timestamp, event: Event<'_>) -> Self {
        let (kind, question, section) = match event {
            Event::Unanswered(text) => (Kind::Unanswered, Some(kept(text)), None),
            Event::DidNotHelp(id) => (Kind::DidNotHelp, None, Some(id.to_owned())),
            Event::Helped(id) => (Kind::Helped, None, Some(id.to_owned())),
        };
        Self {
            at,
            kind,
            question,
            section,
        }
    }

    fn count_in(self, gaps: &mut HashMap<String, Gap>) {
        let (key, about) = match (self.kind, self.question, self.section) {
            (Kind::Unanswered, Some(text), _) => (
                format!("question {}", normalised(&text)),
                About::Question(text),
            ),
            (Kind::DidNotHelp | Kind::Helped, _, Some(id)) => {
                (format!("section {id}"), About::Section(id))
            }
            (Kind::Unanswered, None, _) | (Kind::DidNotHelp | Kind::Helped, _, None) => return,
        };
        let gap = gaps.entry(key).or_insert_with(|| Gap {
            about: about.clone(),
            n_met: 0,
            n_helped: 0,
            last: self.at,
        });
        match self.kind {
            Kind::Unanswered | Kind::DidNotHelp => {
                gap.n_met += 1;
                if self.at >= gap.last {
                    gap.last = self.at;
                    gap.about = about;
                }
            }
            Kind::Helped => gap.n_helped += 1,
        }
    }
}

/// The question on one line, without the numbers by which a chat names its members, and cut.
fn kept(question: &str) -> String {
    let words: Vec<String> = question.split_whitespace().map(without_members).collect();
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

fn ends_torn(file: &mut File) -> io::Result<bool> {
    if file.metadata()?.len() == 0 {
        return Ok(false);
    }
    let mut last = [0];
    file.seek(SeekFrom::End(-1))?;
    file.read_exact(&mut last)?;
    Ok(last != *b"\n")
}

fn named(path: &Path, source: io::Error) -> GapsError {
    GapsError {
        path: path.display().to_string(),
        source,
    }
}
