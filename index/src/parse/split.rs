//! The places at which running text is cut into pieces.

use std::ops::Range;

use super::lines::line_start;

/// Characters that a forced cut steps back to find a word's beginning.
const STEP_BACK_MAX: usize = 200;
/// Kinds of places to cut: after a sentence, after a line, after a word; the lower the better.
const N_RANKS: usize = 3;
/// Bytes that are looked at together.
const CHUNK: usize = 64;

/// Cuts text into pieces of at most `limit` characters. `places` are the stretches in which a cut
/// does no harm; where there are none, any white space will do.
///
/// Each piece ends at the last place of the best rank in its second half, else in its first half.
/// Pieces are looked through from their ends, so that most of the text is never looked at.
pub(super) fn split(text: &str, limit: usize, places: Vec<Range<usize>>) -> Vec<Range<usize>> {
    let is_free = places.is_empty();
    let whole = std::iter::once(0..text.len());
    let mut splitter = Splitter {
        text,
        is_free,
        places: if is_free { whole.collect() } else { places },
        last_blank: Blank::default(),
    };
    let mut pieces = Vec::new();
    let mut start = 0;
    loop {
        let window_end = window_end(text, start, limit.max(1));
        if window_end == text.len() {
            pieces.push(start..window_end);
            return pieces;
        }
        let middle = start + (window_end - start) / 2;
        let at = splitter
            .best(middle, window_end)
            .or_else(|| splitter.best(start, middle))
            .unwrap_or_else(|| forced(text, start, window_end));
        pieces.push(start..at);
        start = at;
    }
}

/// Where a piece from `start` on must end at the latest.
fn window_end(text: &str, start: usize, limit: usize) -> usize {
    let mut rest = text[start..].chars();
    let _ = rest.nth(limit - 1);
    text.len() - rest.as_str().len()
}

/// A place to cut where none was offered: before a letter if one is near.
fn forced(text: &str, start: usize, end: usize) -> usize {
    let piece = &text[start..end];
    let mut near = piece.char_indices().rev().take(STEP_BACK_MAX);
    let mut after = text[end..].chars().next();
    let mut at = end;
    loop {
        let before = near.next();
        let at_word = after.is_some_and(char::is_alphabetic)
            && before.is_some_and(|(_, c)| !c.is_alphanumeric());
        match before {
            _ if at_word => return at,
            Some((n, c)) if n > 0 => {
                at = start + n;
                after = Some(c);
            }
            _ => return end,
        }
    }
}

/// Looks for the places to cut.
struct Splitter<'a> {
    text: &'a str,
    is_free: bool,
    places: Vec<Range<usize>>,
    /// The white space looked at last; if it is very long, many pieces meet it.
    last_blank: Blank,
}

/// White space, and the cut that it allows: where, and of which rank.
#[derive(Clone, Debug, Default)]
struct Blank {
    range: Range<usize>,
    cut: Option<(usize, usize)>,
}

impl Splitter<'_> {
    /// The last cut of the best rank behind `after` and not behind `until`.
    fn best(&mut self, after: usize, until: usize) -> Option<usize> {
        let bytes = self.text.as_bytes();
        let mut best = [None; N_RANKS];
        let n_places = self.places.partition_point(|place| place.start < until);
        'places: for n in (0..n_places).rev() {
            let place = self.places[n].clone();
            // White space at the end of a place may reach behind it.
            let from = place.start.max(after.min(place.end.saturating_sub(1)));
            let mut at = place.end.min(until);
            while at > from {
                let chunk = from.max(at.saturating_sub(CHUNK))..at;
                // The byte before the chunk may end a sentence.
                let around = &bytes[chunk.start.saturating_sub(1)..chunk.end];
                let is_dull = match best[N_RANKS - 1] {
                    Some(_) => has_no_end(around),
                    None => has_no_blank(around),
                };
                if is_dull && chunk.start >= after {
                    at = chunk.start;
                }
                while at > chunk.start {
                    at -= 1;
                    if !is_blank(bytes[at]) {
                        continue;
                    }
                    let blank = self.blank(place.start, at);
                    match blank.cut {
                        Some((cut, 0)) if cut > after && cut <= until => return Some(cut),
                        Some((cut, rank)) if cut > after && cut <= until => {
                            best[rank].get_or_insert(cut);
                        }
                        _ => {}
                    }
                    if blank.range.end <= after {
                        break 'places;
                    }
                    at = blank.range.start;
                }
            }
            if place.end <= after && !bytes[..place.end].last().copied().is_some_and(is_blank) {
                break;
            }
        }
        best.into_iter().flatten().next()
    }

    /// The white space around `at`, from `place_start` on.
    fn blank(&mut self, place_start: usize, at: usize) -> &Blank {
        let bytes = self.text.as_bytes();
        let known = &self.last_blank.range;
        let is_known = known.contains(&at) && known.start >= place_start;
        if !is_known {
            let before = bytes[place_start..at].iter().rposition(|b| !is_blank(*b));
            let start = before.map_or(place_start, |n| place_start + n + 1);
            let behind = bytes[at..].iter().position(|b| !is_blank(*b));
            let end = behind.map_or(bytes.len(), |n| at + n);
            self.last_blank = Blank {
                range: start..end,
                cut: self.cut(start, end),
            };
        }
        &self.last_blank
    }

    /// The cut in this white space, if what follows may start a piece.
    fn cut(&self, start: usize, end: usize) -> Option<(usize, usize)> {
        let crosses_line = self.text.as_bytes()[start..end].contains(&b'\n');
        let next = &self.text[end..];
        if next.is_empty() || !(is_safe_start(next) || self.is_free && crosses_line) {
            return None;
        }
        let ends_sentence = self.text[..start].ends_with(['.', '!', '?', '。', '！', '？']);
        Some(match (ends_sentence, crosses_line) {
            (true, false) => (end, 0),
            (false, false) => (end, 2),
            // A cut keeps the indentation of the line that follows it.
            (is_sentence, true) => (line_start(self.text, end), usize::from(!is_sentence)),
        })
    }
}

/// Whether there is nothing to cut at. All bytes are looked at without a branch, which the
/// compiler makes fast.
fn has_no_blank(chunk: &[u8]) -> bool {
    !chunk.iter().fold(false, |any, byte| any | is_blank(*byte))
}

/// Whether any white space behind the first byte does no more than part two words. White space
/// that begins further ahead may do more.
fn has_no_end(chunk: &[u8]) -> bool {
    if chunk.iter().take(2).all(|byte| is_blank(*byte)) {
        return false;
    }
    let may_end = |byte: u8| {
        !byte.is_ascii() | (byte == b'\n') | (byte == b'.') | (byte == b'!') | (byte == b'?')
    };
    !chunk.iter().fold(false, |any, byte| any | may_end(*byte))
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n')
}

/// Whether text that starts like this is a paragraph rather than a list, a heading or a fence.
fn is_safe_start(text: &str) -> bool {
    let n_digits = text.bytes().take_while(u8::is_ascii_digit).count();
    match text[n_digits..].chars().next() {
        Some('.' | ')') if n_digits > 0 => false,
        Some(c) => n_digits > 0 || c.is_alphanumeric() || matches!(c, '(' | '"' | '\''),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, limit: usize, expected: &[&str]) {
        let pieces = split(text, limit, Vec::new());
        let pieces: Vec<_> = pieces.into_iter().map(|piece| &text[piece]).collect();
        assert_eq!(pieces, expected);
    }

    #[test]
    fn a_sentence_comes_before_a_line_and_a_line_before_a_word() {
        check("aa bb. cc\ndd ee", 12, &["aa bb. ", "cc\ndd ee"]);
        check("aa bb cc\ndd ee", 12, &["aa bb cc\n", "dd ee"]);
        check("aa bb cc dd ee", 11, &["aa bb cc ", "dd ee"]);
        check("aaaaaaaaa", 4, &["aaaa", "aaaa", "a"]);
    }

    #[test]
    fn the_first_half_serves_where_the_second_has_no_place() {
        check("a. bbbbbbbbbbbbb", 10, &["a. ", "bbbbbbbbbb", "bbb"]);
    }

    #[test]
    fn a_sentence_far_ahead_of_a_word_is_found() {
        let sentence = format!("{}. ", "a".repeat(600));
        let words = "bb ".repeat(130);
        check(&format!("{sentence}{words}"), 990, &[&sentence, &words]);
        let gap = format!("{}.{}", "a".repeat(100), " ".repeat(500));
        check(&format!("{gap}{words}"), 900, &[&gap, &words]);
    }

    #[test]
    fn only_places_are_cut() {
        let text = "aa bb cc dd";
        assert_eq!(
            split(text, 10, std::iter::once(0..4).collect()),
            [0..3, 3..11]
        );
    }
}
