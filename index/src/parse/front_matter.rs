//! Front matter: what a file says about itself in YAML before its text.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::codes::FRONT_MATTER;

use super::lines::line_end;
use super::warnings::Warnings;

/// Bytes of front matter, at most; a longer stretch between two `---` is text.
const FRONT_MATTER_MAX: usize = 64 * 1024;
/// Names kept for one key, at most.
const NAMES_MAX: usize = 256;

/// What the front matter tells.
#[derive(Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(default)]
pub(super) struct FrontMatter {
    title: Names,
    aliases: Names,
    tags: Names,
    exam: Names,
    language: Names,
}

/// One name, several names, or nothing that could be one.
#[derive(Debug, Default, PartialEq, Eq)]
struct Names {
    names: Vec<String>,
    /// Whether it was written as a list.
    is_list: bool,
}

impl FrontMatter {
    pub(super) fn title(&self) -> Option<String> {
        self.title.one()
    }

    pub(super) fn aliases(&self) -> Vec<String> {
        self.aliases.many()
    }

    /// The tags, without the `#` that some write before them.
    pub(super) fn tags(&self) -> Vec<String> {
        let tags = self.tags.many();
        tags.iter()
            .map(|tag| tag.trim_start_matches('#').to_owned())
            .collect()
    }

    pub(super) fn exam(&self) -> Vec<String> {
        self.exam.many()
    }

    pub(super) fn language(&self) -> Option<String> {
        self.language.one()
    }
}

impl Names {
    fn one(&self) -> Option<String> {
        let name = self.names.first()?.split_whitespace();
        let name = name.collect::<Vec<_>>().join(" ");
        (!name.is_empty()).then_some(name)
    }

    /// All names, each once; a single string is split at its commas.
    fn many(&self) -> Vec<String> {
        let mut many: Vec<String> = Vec::new();
        for name in &self.names {
            let separator = if self.is_list { '\n' } else { ',' };
            for part in name.split(separator) {
                let part = part.trim();
                if !part.is_empty() && many.len() < NAMES_MAX && !many.iter().any(|m| m == part) {
                    many.push(part.to_owned());
                }
            }
        }
        many
    }
}

/// Reads the front matter, and says where the text begins.
///
/// Front matter starts with `---` on the first line and ends with `---` or `...`. What is not
/// closed, or does not begin like a mapping, is text: a file may well open with a line across.
pub(super) fn read(text: &str, warnings: &mut Warnings<'_>) -> (FrontMatter, usize) {
    let Some((yaml, end)) = find(text) else {
        return (FrontMatter::default(), 0);
    };
    let start = line_end(text, 0);
    if yaml.trim().is_empty() {
        return (FrontMatter::default(), end);
    }
    let options = serde_saphyr::options! {
        duplicate_keys: serde_saphyr::options::DuplicateKeyPolicy::LastWins,
        strict_booleans: true,
        budget: serde_saphyr::budget! { max_events: 20_000, max_nodes: 10_000 },
    };
    match serde_saphyr::from_str_with_options(yaml, options) {
        Ok(front_matter) => (front_matter, end),
        Err(_) if !begins_like_a_mapping(yaml) => (FrontMatter::default(), 0),
        Err(error) => {
            let offset = start + error.location().map_or(0, |at| offset_of(yaml, &at));
            let message = "the front matter is not valid YAML; keys on lines of their own were \
                           read as far as they make sense";
            warnings.add(offset, FRONT_MATTER, message.to_owned());
            (salvage(yaml), end)
        }
    }
}

/// The YAML and where the line that closes it ends.
fn find(text: &str) -> Option<(&str, usize)> {
    let start = line_end(text, 0);
    if text[..start].trim_end() != "---" {
        return None;
    }
    let mut at = start;
    while at < text.len() && at - start <= FRONT_MATTER_MAX {
        let end = line_end(text, at);
        if matches!(text[at..end].trim_end(), "---" | "...") {
            return Some((&text[start..at], end));
        }
        at = end;
    }
    None
}

/// Whether the first line that says anything is `key:`.
fn begins_like_a_mapping(yaml: &str) -> bool {
    let mut lines = yaml.lines().map(str::trim);
    lines
        .find(|line| !line.is_empty() && !line.starts_with('#'))
        .and_then(|line| line.split_once(':'))
        .is_some_and(|(key, value)| {
            !key.is_empty()
                && key
                    .chars()
                    .all(|c| c.is_alphanumeric() || "_-.\"'".contains(c))
                && (value.is_empty() || value.starts_with([' ', '\t']))
        })
}

fn offset_of(yaml: &str, at: &serde_saphyr::Location) -> usize {
    let n_lines = usize::try_from(at.line()).unwrap_or(1).saturating_sub(1);
    let n_chars = usize::try_from(at.column()).unwrap_or(1).saturating_sub(1);
    let line: usize = yaml.split_inclusive('\n').take(n_lines).map(str::len).sum();
    let column = yaml[line..]
        .char_indices()
        .take_while(|(_, c)| *c != '\n')
        .take(n_chars)
        .map(|(_, c)| c.len_utf8());
    (line + column.sum::<usize>()).min(yaml.trim_end().len())
}

/// Reads `key: value` line by line where YAML gave up, as with a second colon in a title.
fn salvage(yaml: &str) -> FrontMatter {
    let mut front_matter = FrontMatter::default();
    let mut list: Option<&mut Names> = None;
    for line in yaml.lines() {
        if let (Some(list), Some(name)) = (&mut list, line.trim_start().strip_prefix("- ")) {
            list.is_list = true;
            list.names.push(unquote(name));
            continue;
        }
        list = None;
        let Some((key, value)) = line.split_once(':') else {
            continue;
        };
        let names = match key.trim().to_ascii_lowercase().as_str() {
            "title" => &mut front_matter.title,
            "aliases" => &mut front_matter.aliases,
            "tags" => &mut front_matter.tags,
            "exam" => &mut front_matter.exam,
            "language" => &mut front_matter.language,
            _ => continue,
        };
        let value = value.trim();
        match value.strip_prefix('[') {
            Some(flow) => {
                names.is_list = true;
                names.names = flow.trim_end_matches(']').split(',').map(unquote).collect();
            }
            None if value.is_empty() => names.names.clear(),
            None => names.names = vec![unquote(value)],
        }
        list = Some(names);
    }
    front_matter
}

fn unquote(value: &str) -> String {
    value.trim().trim_matches(['"', '\'']).trim().to_owned()
}

impl<'de> Deserialize<'de> for Names {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NamesVisitor)
    }
}

/// Takes what may be a name and lets everything else pass.
struct NamesVisitor;

impl NamesVisitor {
    fn one<T: fmt::Display>(value: T) -> Names {
        Names {
            names: vec![value.to_string()],
            is_list: false,
        }
    }
}

impl<'de> Visitor<'de> for NamesVisitor {
    type Value = Names;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name or a list of names")
    }

    fn visit_str<E>(self, value: &str) -> Result<Names, E> {
        Ok(Self::one(value))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Names, E> {
        Ok(Self::one(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Names, E> {
        Ok(Self::one(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Names, E> {
        Ok(Self::one(value))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Names, E> {
        Ok(Self::one(value))
    }

    fn visit_unit<E>(self) -> Result<Names, E> {
        Ok(Names::default())
    }

    fn visit_none<E>(self) -> Result<Names, E> {
        Ok(Names::default())
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Names, D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Names, A::Error> {
        let mut all = Names {
            is_list: true,
            ..Names::default()
        };
        while let Some(item) = seq.next_element::<Names>()? {
            if all.names.len() < NAMES_MAX {
                all.names.extend(item.names);
            }
        }
        Ok(all)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Names, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Names::default())
    }
}
