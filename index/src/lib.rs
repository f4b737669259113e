//! The answer index: Markdown in, sections out; sections in, ranked hits out.
//!
//! Nothing here knows of chat. [`parse`] turns one note's text into [`Section`]s and never fails;
//! [`Index`] keeps the sections of a folder of notes on disk and finds those that answer a
//! question; [`blocks`] reads a section's Markdown as a small tree for those who show it.

pub mod blocks;
mod codes;
mod concepts;
mod disk;
mod documents;
mod draft;
mod feedback;
mod folder;
mod holdings;
mod index;
mod learnt;
mod lexicon;
mod links;
mod lint;
mod lists;
mod memo;
mod outline;
mod parse;
mod postings;
mod question;
mod quote;
mod rank;
mod schema;
mod search;
mod section;
mod sought;
mod sync;
mod synonyms;
mod tally;
mod unpacked;
mod words;
mod writing;

pub use codes::{CODES, explanation};
pub use folder::{NOTE_MAX, NOTES_MAX, QuestionFiles, note_path, question_files};
pub use index::{Index, IndexError, Placed, State};
pub use links::{Link, Target, links, target};
pub use lint::{Survey, lint, read_note};
pub use outline::{SectionName, Topic};
pub use parse::{decode, parse};
pub use quote::{QUOTE_MAX, Quote};
pub use search::{Correction, Found, HITS_MAX, Hit, Reason};
pub use section::{Abbreviation, BODY_MAX, Note, Section, SectionKey, Warning};
pub use sync::{NoteWarning, Progress, Synced};
