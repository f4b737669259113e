//! The chat's Markdown as people read it in a terminal.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::wording::text::ZERO_WIDTH_SPACE;

/// What a text's mentions mean to those who read it.
#[derive(Clone, Copy)]
pub(super) struct Reader<'a> {
    /// The names of the people, by their numbers.
    pub(super) people: &'a BTreeMap<u64, String>,
    /// How late it is.
    pub(super) now: Timestamp,
}

/// Chat Markdown as a person reads it in a terminal: without escapes and invisible signs, with the
/// names of those who are mentioned.
pub(super) fn markdown(text: &str, reader: Reader<'_>) -> String {
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
            out.push_str(&without_escapes(&plain(&mentions(line, reader))));
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

/// The line with names in place of numbers, outside of code.
fn mentions(line: &str, reader: Reader<'_>) -> String {
    let mut out = String::with_capacity(line.len());
    let mut rest = line;
    let mut in_code = false;
    while let Some(c) = rest.chars().next() {
        in_code ^= c == '`';
        let mention = (c == '<' && !in_code)
            .then(|| rest[1..].split_once('>'))
            .flatten()
            .and_then(|(inner, after)| Some((mention(inner, reader)?, after)));
        rest = match mention {
            Some((shown, after)) => {
                out.push_str(&shown);
                after
            }
            None => {
                out.push(c);
                &rest[c.len_utf8()..]
            }
        };
    }
    out
}

fn mention(inner: &str, reader: Reader<'_>) -> Option<String> {
    if let Some(role) = inner.strip_prefix("@&") {
        return Some(format!("@role-{}", role.parse::<u64>().ok()?));
    }
    if let Some(member) = inner.strip_prefix('@') {
        let member: u64 = member.parse().ok()?;
        return Some(match reader.people.get(&member) {
            Some(name) => format!("@{name}"),
            None => format!("@member-{member}"),
        });
    }
    if let Some(channel) = inner.strip_prefix('#') {
        return Some(format!("#channel-{}", channel.parse::<u64>().ok()?));
    }
    let seconds = inner.strip_prefix("t:")?.strip_suffix(":R")?;
    let at = Timestamp::from_second(seconds.parse().ok()?).ok()?;
    Some(how_far_off(at, reader.now))
}

/// As in "in 20 hours" or "2 days ago", rounded to the nearest of the largest unit that fits.
fn how_far_off(at: Timestamp, now: Timestamp) -> String {
    const UNITS: [(i64, i64, &str); 6] = [
        (1, 60, "second"),
        (60, 60, "minute"),
        (60 * 60, 24, "hour"),
        (24 * 60 * 60, 30, "day"),
        (30 * 24 * 60 * 60, 12, "month"),
        (365 * 24 * 60 * 60, i64::MAX, "year"),
    ];
    // Texts name whole seconds: the beginning of this one is now.
    let off = at.as_second() - now.as_second();
    let rounded = |(secs, max, name): (i64, i64, &'static str)| {
        let n = (off.abs() + secs / 2) / secs;
        (n < max).then_some((n, name))
    };
    let Some((n, name)) = UNITS.into_iter().find_map(rounded).filter(|_| off != 0) else {
        return "now".to_owned();
    };
    let several = if n == 1 { "" } else { "s" };
    if off > 0 {
        format!("in {n} {name}{several}")
    } else {
        format!("{n} {name}{several} ago")
    }
}

/// A number with commas, as in 1,234.
pub(super) fn counted(n: usize) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (at, digit) in digits.char_indices() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
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

    #[track_caller]
    fn check(text: &str, shown: &str) {
        let people = BTreeMap::from([(7, "ada".to_owned())]);
        let now = Timestamp::from_second(1_000_000).expect("an instant");
        let people = &people;
        assert_eq!(markdown(text, Reader { people, now }), shown);
    }

    #[test]
    fn mentions_become_names() {
        check(
            "<@7>, <@8>, <@&5> in <#2>",
            "@ada, @member-8, @role-5 in #channel-2",
        );
        check("`<@7>` <@7>", "`<@7>` @ada");
        check("```\n<@7>\n```", "```\n<@7>\n```");
        // What a person typed is no mention.
        check("<\u{200b}@7> <@x> <@7 <b>", "<@7> <@x> <@7 <b>");
    }

    #[test]
    fn instants_become_how_far_off_they_are() {
        let off = |secs: i64, shown: &str| check(&format!("<t:{}:R>", 1_000_000 + secs), shown);
        off(0, "now");
        off(1, "in 1 second");
        off(-30, "30 seconds ago");
        off(89, "in 1 minute");
        off(59 * 60 + 40, "in 1 hour");
        off(20 * 3600, "in 20 hours");
        off(-2 * 86_400, "2 days ago");
        off(45 * 86_400, "in 2 months");
        off(800 * 86_400, "in 2 years");
        check("<t:0> <t:x:R>", "<t:0> <t:x:R>");
    }

    #[test]
    fn large_numbers_have_commas() {
        let shown = [0, 999, 1_000, 1_234_567].map(counted);
        assert_eq!(shown, ["0", "999", "1,000", "1,234,567"]);
    }

    #[test]
    fn escapes_and_invisible_signs_are_taken_away() {
        let text =
            "-# “a\\_b”\n\n> \\# c @\u{200b}here `d\\_`\n```sh\ne\\_f\n```\n\\*g\\* \u{1b}[31m";
        check(
            text,
            "“a_b”\n\n> # c @here `d\\_`\n```sh\ne\\_f\n```\n*g* [31m",
        );
    }
}
