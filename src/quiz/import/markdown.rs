//! Texts as Markdown that says exactly them.

/// Characters that may follow a `&` up to the `;` of an entity.
const ENTITY_MAX: usize = 33;

/// Plain text as Markdown: each line becomes a paragraph, blanks are single.
pub(super) fn plain(text: &str) -> String {
    let lines = text.lines().map(plain_line);
    let lines: Vec<String> = lines.filter(|line| !line.is_empty()).collect();
    lines.join("\n\n")
}

/// Plain text as one line of Markdown.
pub(super) fn plain_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    escape(&mut line, &single_blanks(text));
    line
}

/// The words with single blanks between them, and a mark in place of what steers a terminal.
pub(super) fn single_blanks(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        if !out.is_empty() {
            out.push(' ');
        }
        out.extend(word.chars().map(visible));
    }
    out
}

/// Markdown as it is kept: without blanks at line ends and blank lines around it.
///
/// Outside code blocks, what a question file would take for a question or a choice is escaped.
pub(super) fn tidy(text: &str) -> String {
    let mut fence = None;
    let mut out = String::with_capacity(text.len());
    for line in text.lines() {
        let line = line.trim_end();
        let words = line.trim_start();
        let run = words.bytes().take_while(|b| *b == b'`').count();
        let is_inside = fence.is_some();
        match fence {
            None if run >= 3 => fence = Some(run),
            Some(open) if run >= open => fence = None,
            _ => {}
        }
        let is_misread = !is_inside && (line.starts_with("## ") || starts_with_box(words));
        out.push_str(&line[..line.len() - words.len()]);
        if is_misread {
            out.push('\\');
        }
        match words.strip_prefix('>') {
            Some(quote) if !is_inside && !quote.is_empty() && !quote.starts_with(' ') => {
                out.push_str("> ");
                out.extend(quote.chars().map(visible));
            }
            _ => out.extend(words.chars().map(visible)),
        }
        out.push('\n');
    }
    out.trim().to_owned()
}

/// Writes plain text so that Markdown reads it as it is. `out` is the line so far.
pub(super) fn escape(out: &mut String, text: &str) {
    let mut before = out.chars().next_back();
    for (at, c) in text.char_indices() {
        let rest = &text[at + c.len_utf8()..];
        let after = rest.chars().next();
        let is_first = out.trim_start().is_empty();
        let is_word = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
        let ends_mark = after.is_none_or(char::is_whitespace);
        let is_escaped = match c {
            '*' | '`' | '[' | '~' => true,
            '\\' => after.is_none_or(|c| c.is_ascii_punctuation()),
            '_' => !(is_word(before) && is_word(after)),
            '<' => after.is_none_or(|c| c.is_alphabetic() || matches!(c, '/' | '!' | '?')),
            '&' => is_entity(rest),
            '#' | '>' => is_first,
            '-' | '+' => is_first && (ends_mark || after == Some(c)),
            '.' | ')' => ends_mark && is_number(out),
            _ => false,
        };
        if is_escaped {
            out.push('\\');
        }
        out.push(c);
        before = Some(c);
    }
}

fn starts_with_box(words: &str) -> bool {
    let rest = words.strip_prefix(['-', '*', '+']).map(str::trim_start);
    rest.is_some_and(|rest| {
        ["[ ]", "[x]", "[X]"]
            .iter()
            .any(|mark| rest.starts_with(mark))
    })
}

/// Whether a line so far is nothing but digits, as of a numbered list.
fn is_number(line: &str) -> bool {
    line.len() <= 9 && !line.is_empty() && line.bytes().all(|b| b.is_ascii_digit())
}

fn is_entity(rest: &str) -> bool {
    let is_named = |c: &char| c.is_ascii_alphanumeric() || *c == '#';
    let mut behind = rest.chars().take(ENTITY_MAX).skip_while(is_named);
    behind.next() == Some(';')
}

fn visible(c: char) -> char {
    match c {
        '\t' => c,
        _ if c.is_control() => '\u{fffd}',
        _ => c,
    }
}
