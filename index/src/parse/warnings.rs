//! What a note's keeper is told.

use crate::section::Warning;

use super::lines::LineCounter;

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
