//! The sections of a folder of notes, kept on disk and searched.

use std::path::Path;

use crate::section::{Section, SectionKey, Warning};

/// The built index of a folder of notes. A clone is another handle on the same index.
#[derive(Clone, Debug)]
pub struct Index {}

/// What went wrong with the index itself.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IndexError {
    /// The notes folder cannot be read.
    #[error("cannot read the notes folder {folder}")]
    Notes {
        /// The folder as named in the settings.
        folder: String,
        /// Why.
        source: std::io::Error,
    },
    /// The folder of the index cannot be written or read.
    #[error("cannot use the index folder {folder}")]
    Folder {
        /// The folder.
        folder: String,
        /// Why.
        source: std::io::Error,
    },
    /// Another process holds the writer.
    #[error("another process is writing this index; wait for it to end, or stop it")]
    Busy,
}

/// What a search brought to light.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// The best sections, best first.
    pub hits: Vec<Hit>,
    /// Whether the first hit holds the answer; otherwise the hits are only the nearest sections.
    pub answered: bool,
    /// How sure the index is of that, from 0 to 1.
    pub confidence: f32,
    /// Words that were read as others because the notes lack them as typed.
    pub corrections: Vec<Correction>,
}

/// A section that was found.
#[derive(Clone, Debug)]
pub struct Hit {
    /// The section.
    pub section: Section,
    /// How well it fits; comparable within one search only.
    pub score: f32,
    /// The piece of the section that answers best.
    pub quote: Option<Quote>,
    /// Why it ranks where it does.
    pub reasons: Vec<Reason>,
}

/// A sentence, list item or table row of a section.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quote {
    /// Which of the section's pieces it is, from 0.
    pub number: u16,
    /// Its Markdown.
    pub text: String,
}

/// A part of a hit's score.
#[derive(Clone, Debug, PartialEq)]
pub struct Reason {
    /// What it rewards.
    pub name: &'static str,
    /// How much it adds.
    pub value: f32,
}

/// A typed word that was read as another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Correction {
    /// As typed.
    pub typed: String,
    /// As read.
    pub read_as: String,
}

/// A section with what stands around it.
#[derive(Clone, Debug)]
pub struct Placed {
    /// The section.
    pub section: Section,
    /// The section before it in the note.
    pub previous: Option<SectionKey>,
    /// The section that follows it in the note.
    pub next: Option<SectionKey>,
}

/// A topic of the notes: a note's title or one of its tags.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Topic {
    /// The name.
    pub name: String,
    /// How many sections belong to it.
    pub n_sections: usize,
    /// The first of them.
    pub first: SectionKey,
}

/// A section's name, for lists and suggestions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SectionName {
    /// The section.
    pub key: SectionKey,
    /// The note's title, every parent heading, the section's own heading.
    pub heading_path: Vec<String>,
}

/// A warning with the note that it is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoteWarning {
    /// Path of the note below the notes folder.
    pub path: String,
    /// The warning.
    pub warning: Warning,
}

/// How far a sync has come.
#[derive(Clone, Copy, Debug, Default)]
pub struct Progress {
    /// Notes dealt with so far.
    pub done: usize,
    /// Notes to deal with.
    pub total: usize,
}

/// What a sync found and did.
#[derive(Clone, Debug, Default)]
pub struct Synced {
    /// Notes in the folder.
    pub n_notes: usize,
    /// Sections in the index now.
    pub n_sections: usize,
    /// Notes that were new or had changed.
    pub n_changed: usize,
    /// Notes that are gone.
    pub n_removed: usize,
    /// Warnings of the notes that were read anew.
    pub warnings: Vec<NoteWarning>,
}

/// Which way to turn from a section.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Towards the note's beginning.
    Previous,
    /// Towards the note's end.
    Next,
}

impl Index {
    /// Opens the index in this folder, or makes an empty one. An index that cannot be used (other
    /// version, other schema, damaged) is set aside: the next sync builds it anew.
    ///
    /// # Errors
    /// [`IndexError::Folder`] where the folder cannot be made or read.
    pub fn open(_folder: &Path) -> Result<Self, IndexError> {
        Ok(Self {})
    }

    /// Brings the index up to date with the folder of notes: all of it at once, or nothing.
    ///
    /// # Errors
    /// [`IndexError::Notes`] where the folder of notes cannot be read; [`IndexError::Busy`] while
    /// another process writes; [`IndexError::Folder`] where the disk refuses. The index answers as
    /// before then.
    pub fn sync(
        &self,
        _notes: &Path,
        _progress: &(dyn Fn(Progress) + Sync),
    ) -> Result<Synced, IndexError> {
        Ok(Synced::default())
    }

    /// The sections that answer `question`, at most `n`, best first; of `topic` alone if one is
    /// named.
    ///
    /// # Errors
    /// The index on disk cannot be read.
    pub fn search(
        &self,
        _question: &str,
        _topic: Option<&str>,
        _n: usize,
    ) -> Result<Found, IndexError> {
        Ok(Found::default())
    }

    /// The section with this key, unless it has gone.
    ///
    /// # Errors
    /// The index on disk cannot be read.
    pub fn section(&self, _key: SectionKey) -> Result<Option<Placed>, IndexError> {
        Ok(None)
    }

    /// Piece `number` of a section, counted as in [`Quote::number`].
    #[must_use]
    pub fn quote(_section: &Section, _number: u16) -> Option<Quote> {
        None
    }

    /// The section that a person names by id (`path#anchor`), by path, or by heading or alias.
    ///
    /// # Errors
    /// The index on disk cannot be read.
    pub fn resolve(&self, _name: &str) -> Result<Option<SectionKey>, IndexError> {
        Ok(None)
    }

    /// What the notes are about, by name.
    #[must_use]
    pub fn topics(&self) -> Vec<Topic> {
        Vec::new()
    }

    /// Sections whose name fits a half-typed one, best first, at most `n`. Answers from memory.
    #[must_use]
    pub fn suggest(&self, _typed: &str, _n: usize) -> Vec<SectionName> {
        Vec::new()
    }
}
