//! What a note's keeper is told, and under which name.

use crate::section::Warning;

use super::lines::LineCounter;

/// The front matter is not YAML, or a key holds something that it cannot mean.
pub(super) const FRONT_MATTER: &str = "front-matter";
/// The file's bytes are not UTF-8.
pub(super) const NOT_UTF8: &str = "not-utf8";
/// A code fence is never closed, so it ends at the next heading.
pub(super) const UNCLOSED_FENCE: &str = "unclosed-fence";
/// A comment or an element of raw HTML is never closed, so it ends at the next heading.
pub(super) const UNCLOSED_HTML: &str = "unclosed-html";
/// The file has text and no heading, and was cut into several sections.
pub(super) const NO_HEADING: &str = "no-heading";
/// Two headings under the same parent have the same words.
pub(super) const DUPLICATE_HEADING: &str = "duplicate-heading";
/// A heading is more than one level below the heading that holds it.
pub(super) const SKIPPED_LEVEL: &str = "skipped-level";
/// A heading has no words.
pub(super) const EMPTY_HEADING: &str = "empty-heading";
/// A heading has neither text nor deeper headings below it.
pub(super) const EMPTY_SECTION: &str = "empty-section";
/// The text below one heading was cut into parts because it is too long to read at once.
pub(super) const LONG_SECTION: &str = "long-section";
/// The file has no text at all.
pub(super) const EMPTY_NOTE: &str = "empty-note";

/// Warnings kept for one note; a file that is odd in more places is odd enough.
const WARNINGS_MAX: usize = 500;

/// Gathers the warnings of one note.
pub(super) struct Warnings<'a> {
    pub(super) list: Vec<Warning>,
    lines: LineCounter<'a>,
}

impl<'a> Warnings<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self {
            list: Vec::new(),
            lines: LineCounter::new(text),
        }
    }

    /// Whether no further warning is kept, so that none need be looked for.
    pub(super) fn is_full(&self) -> bool {
        self.list.len() >= WARNINGS_MAX
    }

    /// Adds a warning about the place at byte `offset`.
    pub(super) fn add(&mut self, offset: usize, code: &'static str, message: String) {
        if !self.is_full() {
            self.list.push(Warning {
                line: self.lines.line(offset),
                column: self.lines.column(offset),
                code,
                message,
            });
        }
    }
}
