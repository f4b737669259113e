//! Fences and raw HTML that are never closed and would hide all that follows.

use super::lines::line_end;

/// How many kinds of unclosed blocks are ended at a heading; one more and the rest of the file
/// stays hidden. This bounds how often a hostile file is read again.
pub(super) const OPENERS_MAX: usize = 8;

/// What starts a block that only its own end can close.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Opener {
    /// A code fence of at least `n` of this character.
    Fence { mark: u8, n: usize },
    /// Raw HTML that starts with `start` and ends with `end`.
    Html {
        start: &'static str,
        end: &'static str,
    },
}

/// Raw HTML that blank lines do not end.
const HTML: [(&str, &str); 7] = [
    ("<!--", "-->"),
    ("<script", "</script>"),
    ("<style", "</style>"),
    ("<pre", "</pre>"),
    ("<textarea", "</textarea>"),
    ("<?", "?>"),
    ("<![cdata[", "]]>"),
];

/// What opens this block, if nothing in the block closes it. The block is a fenced one or HTML,
/// and reaches to the end of the text.
pub(super) fn opener(block: &str) -> Option<Opener> {
    let first = block.lines().next()?.trim_start();
    if let Some((mark, n)) = fence(first) {
        let last = block.trim_end().lines().next_back()?;
        let is_one_line = block.trim_end().lines().nth(1).is_none();
        let closes = !is_one_line
            && fence(last).is_some_and(|(other, n_last)| {
                other == mark && n_last >= n && last.trim().bytes().all(|byte| byte == mark)
            });
        return (!closes).then_some(Opener::Fence { mark, n });
    }
    let (start, end) = HTML
        .into_iter()
        .find(|(start, _)| starts_with_ignore_case(first, start))?;
    (!contains_ignore_case(&block[start.len()..], end)).then_some(Opener::Html { start, end })
}

/// The next line from `at` on that is an ATX heading. A line starts at `at`.
pub(super) fn next_heading(text: &str, at: usize) -> Option<usize> {
    text[at..]
        .match_indices('#')
        .map(|(n, _)| at + n)
        .map(|mark| text[at..mark].trim_end_matches(' ').len() + at)
        .filter(|start| *start == at || text[..*start].ends_with('\n'))
        .find(|start| is_heading(&text[*start..]))
}

/// Where reading must stop to be safe from what is known to stay open: at the first heading after
/// the next line that looks like one of the openers, or at the end.
pub(super) fn next_stop(text: &str, at: usize, openers: &[Opener]) -> usize {
    if openers.is_empty() {
        return text.len();
    }
    line_starts(text, at)
        .find(|start| openers.iter().any(|opener| opens(&text[*start..], *opener)))
        .and_then(|start| next_heading(text, line_end(text, start)))
        .unwrap_or(text.len())
}

fn line_starts(text: &str, at: usize) -> impl Iterator<Item = usize> + '_ {
    std::iter::successors((at < text.len()).then_some(at), |start| {
        let end = line_end(text, *start);
        (end < text.len()).then_some(end)
    })
}

/// Up to three spaces, one to six `#`, then a blank.
fn is_heading(rest: &str) -> bool {
    let bytes = rest.as_bytes();
    let indent = bytes.iter().take_while(|byte| **byte == b' ').count();
    let n = bytes[indent..]
        .iter()
        .take_while(|byte| **byte == b'#')
        .count();
    let next = bytes.get(indent + n);
    indent <= 3 && (1..=6).contains(&n) && matches!(next, None | Some(b' ' | b'\t' | b'\n'))
}

fn opens(rest: &str, opener: Opener) -> bool {
    let bytes = rest.as_bytes();
    let indent = bytes.iter().take_while(|byte| **byte == b' ').count();
    if indent > 3 {
        return false;
    }
    match opener {
        Opener::Fence { mark, n } => {
            bytes[indent..]
                .iter()
                .take(n)
                .filter(|byte| **byte == mark)
                .count()
                == n
        }
        Opener::Html { start, .. } => starts_with_ignore_case(&rest[indent..], start),
    }
}

/// The character of a fence and how many of it stand at the start of this line.
fn fence(line: &str) -> Option<(u8, usize)> {
    let line = line.trim_start().as_bytes();
    let mark = *line.first()?;
    let n = line.iter().take_while(|byte| **byte == mark).count();
    (matches!(mark, b'`' | b'~') && n >= 3).then_some((mark, n))
}

fn starts_with_ignore_case(text: &str, start: &str) -> bool {
    text.as_bytes()
        .get(..start.len())
        .is_some_and(|head| head.eq_ignore_ascii_case(start.as_bytes()))
}

fn contains_ignore_case(text: &str, needle: &str) -> bool {
    text.as_bytes()
        .windows(needle.len())
        .any(|window| window.eq_ignore_ascii_case(needle.as_bytes()))
}
