//! The answer index: Markdown in, sections out; sections in, ranked hits out.
//!
//! Nothing here knows of chat. [`parse`] turns one note's text into [`Section`]s and never fails;
//! [`Index`] keeps the sections of a folder of notes on disk and finds those that answer a
//! question; [`blocks`] reads a section's Markdown as a small tree for those who show it.

pub mod blocks;
mod index;
mod parse;
mod section;

pub use index::{
    Correction, Direction, Found, Hit, Index, IndexError, NoteWarning, Placed, Progress, Quote,
    Reason, SectionName, Synced, Topic,
};
pub use parse::parse;
pub use section::{Abbreviation, BODY_MAX, Note, Section, SectionKey, Warning};
