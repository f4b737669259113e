//! The chat's Markdown as people read it in a terminal.

use crate::wording::text::ZERO_WIDTH_SPACE;

/// Chat Markdown as a person reads it in a terminal: without escapes and invisible signs.
pub(super) fn markdown(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut in_fence = false;
    for (at, line) in text.lines().enumerate() {
        if at > 0 {
            out.push('\n');
        }
        let line = line.strip_prefix("-# ").unwrap_or(line);
        let is_fence = line.trim_start_matches("> ").starts_with("```");
        if is_fence || in_fence {
            out.push_str(&plain(line));
        } else {
            out.push_str(&without_escapes(&plain(line)));
        }
        in_fence ^= is_fence;
    }
    out
}

/// Text without what a terminal would obey or nobody can see.
pub(super) fn plain(text: &str) -> String {
    text.chars()
        .filter(|&c| c != ZERO_WIDTH_SPACE && (!c.is_control() || c == '\n' || c == '\t'))
        .collect()
}

fn without_escapes(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    let mut chars = line.chars().peekable();
    let mut in_code = false;
    while let Some(c) = chars.next() {
        match (c, chars.peek()) {
            ('\\', Some(next)) if !in_code && next.is_ascii_punctuation() => {
                out.extend(chars.next());
            }
            ('`', _) => {
                in_code = !in_code;
                out.push(c);
            }
            _ => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_and_invisible_signs_are_taken_away() {
        let text =
            "-# “a\\_b”\n\n> \\# c @\u{200b}here `d\\_`\n```sh\ne\\_f\n```\n\\*g\\* \u{1b}[31m";
        assert_eq!(
            markdown(text),
            "“a_b”\n\n> # c @here `d\\_`\n```sh\ne\\_f\n```\n*g* [31m"
        );
    }
}
