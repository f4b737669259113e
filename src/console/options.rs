//! Options of a line, as in `topic:s3 count:3`, and the words between them.

use std::str::FromStr;

/// What was said with a command.
pub(super) struct Options {
    named: Vec<(String, String)>,
    /// All that is no option, with single blanks.
    pub(super) rest: String,
}

impl Options {
    /// Reads options of these names, wherever they stand; a value of several words stands in
    /// quotes.
    pub(super) fn read(line: &str, names: &[&str]) -> Self {
        let (mut named, mut rest) = (Vec::new(), Vec::new());
        let mut line = line.trim_start();
        while !line.is_empty() {
            let option = line.split_once(':');
            line = match option.filter(|(name, _)| names.contains(name)) {
                Some((name, after)) => {
                    let (value, after) = value(after);
                    named.push((name.to_owned(), value.to_owned()));
                    after
                }
                None => {
                    let (word, after) = word(line);
                    rest.push(word);
                    after
                }
            }
            .trim_start();
        }
        let rest = rest.join(" ");
        Self { named, rest }
    }

    /// The value of an option, if it was given.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        let mut named = self.named.iter().rev();
        let (_, value) = named.find(|(other, _)| other == name)?;
        Some(value.clone())
    }

    /// The number of an option, if it was given; nothing at all where it is none.
    pub(super) fn number<T: FromStr>(&self, name: &str) -> Option<Option<T>> {
        match self.text(name) {
            Some(text) => text.parse().ok().map(Some),
            None => Some(None),
        }
    }

    /// Whether an option is on, if it was given; nothing at all where it is neither on nor off.
    pub(super) fn switch(&self, name: &str) -> Option<Option<bool>> {
        match self.text(name).as_deref() {
            Some("on" | "yes" | "true") => Some(Some(true)),
            Some("off" | "no" | "false") => Some(Some(false)),
            Some(_) => None,
            None => Some(None),
        }
    }
}

fn value(after: &str) -> (&str, &str) {
    match after.strip_prefix('"') {
        Some(quoted) => quoted.split_once('"').unwrap_or((quoted, "")),
        None => word(after),
    }
}

/// The first word, and what follows it.
pub(super) fn word(line: &str) -> (&str, &str) {
    line.split_once(char::is_whitespace).unwrap_or((line, ""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_may_stand_anywhere_and_in_quotes() {
        let options = Options::read(
            "  a topic:\"two words\" reason: none:x  count:3 b",
            &["topic", "count"],
        );
        assert_eq!(options.text("topic").as_deref(), Some("two words"));
        assert_eq!(options.number("count"), Some(Some(3)));
        assert_eq!(options.rest, "a reason: none:x b");
        assert_eq!(options.text("none"), None);
    }

    #[test]
    fn numbers_and_switches_are_given_or_not_or_wrong() {
        let options = Options::read("a:x b:on c:off d: e:\"never closed", &["a", "b", "c", "d"]);
        assert_eq!(options.number::<u64>("a"), None);
        assert_eq!(options.number::<u64>("z"), Some(None));
        assert_eq!(options.switch("b"), Some(Some(true)));
        assert_eq!(options.switch("c"), Some(Some(false)));
        assert_eq!(options.switch("a"), None);
        assert_eq!(options.switch("z"), Some(None));
        assert_eq!(options.text("d").as_deref(), Some(""));
    }
}
