//! Lines of a note: their ends made one kind, their numbers found again.

use std::borrow::Cow;

/// The text with `\n` for every line end, without a byte-order mark, and with the replacement
/// character for each NUL. Offsets in the other modules refer to this text.
pub(crate) fn normalise(text: &str) -> Cow<'_, str> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    // Whole chunks are looked at without a branch, which the compiler makes fast.
    let is_normal = |chunk: &[u8]| {
        let is_odd = |odd, byte: &u8| odd | u8::from(*byte == b'\r') | u8::from(*byte == 0);
        chunk.iter().fold(0, is_odd) == 0
    };
    if text.as_bytes().chunks(256).all(is_normal) {
        return Cow::Borrowed(text);
    }
    let mut normal = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(['\r', '\0']) {
        normal.push_str(&rest[..at]);
        let is_nul = rest.as_bytes()[at] == 0;
        normal.push(if is_nul { '\u{fffd}' } else { '\n' });
        rest = &rest[at + 1..];
        if !is_nul {
            rest = rest.strip_prefix('\n').unwrap_or(rest);
        }
    }
    normal.push_str(rest);
    Cow::Owned(normal)
}

/// Finds line numbers, at the price of the distance from the place asked for last.
pub(crate) struct LineCounter<'a> {
    text: &'a str,
    at: usize,
    line: u32,
}

impl<'a> LineCounter<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        Self {
            text,
            at: 0,
            line: 1,
        }
    }

    /// The line of the byte at `offset`, from 1.
    pub(crate) fn line(&mut self, offset: usize) -> u32 {
        let bytes = self.text.as_bytes();
        if offset >= self.at {
            self.line += count_lines(&bytes[self.at..offset]);
        } else {
            self.line -= count_lines(&bytes[offset..self.at]);
        }
        self.at = offset;
        self.line
    }

    /// The column of the character at `offset`, from 1.
    pub(crate) fn column(&self, offset: usize) -> u32 {
        let n_chars = self.text[line_start(self.text, offset)..offset]
            .chars()
            .count();
        u32::try_from(n_chars).map_or(u32::MAX, |n| n.saturating_add(1))
    }
}

/// How many lines end in these bytes.
pub(super) fn count_lines(bytes: &[u8]) -> u32 {
    // Counting in chunks of fewer than 256 lets the compiler count many bytes at once.
    bytes
        .chunks(192)
        .map(|chunk| {
            u32::from(
                chunk
                    .iter()
                    .fold(0_u8, |n, byte| n + u8::from(*byte == b'\n')),
            )
        })
        .sum()
}

/// How many lines but the first start with the mark of a heading.
pub(super) fn count_marked_lines(bytes: &[u8]) -> usize {
    let behind = bytes.get(1..).unwrap_or_default();
    let count = |(ends, starts): (&[u8], &[u8])| {
        ends.iter().zip(starts).fold(0_u8, |n, (end, start)| {
            n + u8::from((*end == b'\n') & (*start == b'#'))
        })
    };
    let chunks = bytes.chunks(192).zip(behind.chunks(192));
    chunks.map(|chunk| usize::from(count(chunk))).sum()
}

/// Where the line that holds `offset` begins.
pub(super) fn line_start(text: &str, offset: usize) -> usize {
    text[..offset].rfind('\n').map_or(0, |at| at + 1)
}

/// Where the line that holds `offset` is over, its `\n` included.
pub(super) fn line_end(text: &str, offset: usize) -> usize {
    text[offset..]
        .find('\n')
        .map_or(text.len(), |at| offset + at + 1)
}

/// The range without the blank lines at both ends; the first line keeps its indentation.
pub(super) fn trim_blank_lines(
    text: &str,
    range: std::ops::Range<usize>,
) -> std::ops::Range<usize> {
    let slice = &text[range.clone()];
    let first = slice.len() - slice.trim_start().len();
    if first == slice.len() {
        return range.start..range.start;
    }
    let start = line_start(slice, first);
    range.start + start..range.start + slice.trim_end().len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_end_becomes_a_newline() {
        assert_eq!(
            normalise("\u{feff}a\r\nb\rc\n\r\nd\0"),
            "a\nb\nc\n\nd\u{fffd}"
        );
        assert!(matches!(normalise("a\nb"), Cow::Borrowed(_)));
    }

    #[test]
    fn lines_are_counted_forth_and_back() {
        let text = "a\nbé\n\nd";
        let mut lines = LineCounter::new(text);
        assert_eq!((lines.line(7), lines.line(2), lines.line(0)), (4, 2, 1));
        assert_eq!(lines.column(5), 3);
        assert_eq!(count_marked_lines("# a\n# b\nc #\n## d".as_bytes()), 2);
        assert_eq!(count_marked_lines("#\n".repeat(500).as_bytes()), 499);
    }

    #[test]
    fn blank_lines_go_and_indentation_stays() {
        let text = "\n  \n    code\n\n";
        assert_eq!(&text[trim_blank_lines(text, 0..text.len())], "    code");
        assert!(trim_blank_lines(" \n", 0..2).is_empty());
    }
}
