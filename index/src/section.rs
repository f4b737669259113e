//! What a note is made of: sections, each with its place and its text.

use std::fmt;
use std::str::FromStr;

use xxhash_rust::xxh3::xxh3_64;

/// Characters of Markdown in one section, at most.
///
/// Longer text is cut at block boundaries into parts that stand one after the other.
pub const BODY_MAX: usize = 4_000;

/// A parsed note: what its file says about itself, and its sections in reading order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Note {
    /// Path below the notes folder, with `/` between the names.
    pub path: String,
    /// Front matter's `title`, else the heading that opens the file, else the file's name.
    pub title: String,
    /// Other names of the whole note, from front matter.
    pub aliases: Vec<String>,
    /// Topics that the note belongs to, from front matter.
    pub tags: Vec<String>,
    /// Exams and domains that the note serves, from front matter.
    pub exam: Vec<String>,
    /// Language tag from front matter (`en`, `de`, …).
    pub language: Option<String>,
    /// Abbreviations that the text explains, such as `Dead Letter Queue (DLQ)`.
    pub abbreviations: Vec<Abbreviation>,
    /// The sections in the order of the file.
    pub sections: Vec<Section>,
    /// What is odd about the file. A warning never costs a section.
    pub warnings: Vec<Warning>,
}

/// A heading with the text up to the next heading of any level, or a part of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Section {
    /// Path of the note below the notes folder, with `/` between the names.
    pub path: String,
    /// The heading's anchor as GitHub makes it. Empty for text before the first heading;
    /// part `n` of a long section carries `~n` behind the anchor, from `~2` on.
    pub anchor: String,
    /// Line of the heading in the file, from 1; for text without a heading its first line.
    pub line: u32,
    /// The note's title, every parent heading, the section's own heading.
    pub heading_path: Vec<String>,
    /// The text below the heading as Markdown, at most [`BODY_MAX`] characters.
    pub body: String,
    /// Names that stand out in bold type in the text.
    pub bold: Vec<String>,
}

impl Section {
    /// The section's name within the notes: `path#anchor`, or `path` where there is no anchor.
    #[must_use]
    pub fn id(&self) -> String {
        match self.anchor.as_str() {
            "" => self.path.clone(),
            anchor => format!("{}#{anchor}", self.path),
        }
    }

    /// The short form of [`Section::id`] for places that hold few characters.
    #[must_use]
    pub fn key(&self) -> SectionKey {
        SectionKey::of(&self.id())
    }

    /// The section's own heading, the last of the heading path.
    #[must_use]
    pub fn heading(&self) -> &str {
        self.heading_path.last().map_or("", String::as_str)
    }

    /// The anchor that a web view of the note knows: without the number of the part.
    #[must_use]
    pub fn link_anchor(&self) -> &str {
        self.anchor.split('~').next().unwrap_or_default()
    }
}

/// A section's id in 64 bits. It lasts as long as the id, whatever the text becomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SectionKey(pub u64);

impl SectionKey {
    /// The key of the section with this id (`path#anchor`).
    #[must_use]
    pub fn of(id: &str) -> Self {
        Self(xxh3_64(id.as_bytes()))
    }
}

impl fmt::Display for SectionKey {
    /// Sixteen hexadecimal digits.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl FromStr for SectionKey {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        u64::from_str_radix(text, 16).map(Self)
    }
}

/// An abbreviation and the words that it stands for.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Abbreviation {
    /// The short form as written, such as `DLQ`.
    pub short: String,
    /// The long form as written, such as `Dead Letter Queue`.
    pub long: String,
}

/// Something odd in a note that its keeper may want to mend.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    /// Line in the file, from 1.
    pub line: u32,
    /// Column in the line in characters, from 1.
    pub column: u32,
    /// A name for the kind of warning that never changes, such as `unclosed-fence`.
    pub code: &'static str,
    /// What is odd and how to mend it.
    pub message: String,
}

impl Warning {
    /// A warning about a file as a whole.
    pub(crate) fn of_file(code: &'static str, message: String) -> Self {
        Self {
            line: 1,
            column: 1,
            code,
            message,
        }
    }
}
