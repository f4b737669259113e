//! The answer index: Markdown in, sections out; sections in, ranked hits out.
//!
//! Nothing here knows of chat. [`parse`] turns one note's text into [`Section`]s and never fails;
//! [`blocks`] reads a section's Markdown as a small tree for those who show it.

pub mod blocks;
mod parse;
mod section;

pub use parse::{decode, parse};
pub use section::{Abbreviation, BODY_MAX, Note, Section, SectionKey, Warning};
