//! Each layer of settings becomes plain entries: a key that exists, its text, its place.

use std::path::Path;

use config::{Map, Value, ValueKind};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::problem::{self, Place, Problem};
use super::{Environment, Flags, KEYS};

/// Prefix of the environment variables that are settings.
pub(super) const PREFIX: &str = "STUDYHALL_";
/// Variables with the prefix that are no settings of the file.
const APART: [&str; 2] = ["STUDYHALL_CONFIG", "STUDYHALL_LOG"];
/// A known key counts as meant if it is at least this similar (0 to 1) to the unknown one.
const SIMILAR_MIN: f64 = 0.7;

/// The entries of one source, and what is wrong with it.
#[derive(Clone, Debug, Default)]
pub(super) struct Layer {
    pub(super) entries: Vec<Entry>,
    pub(super) problems: Vec<Problem>,
}

/// A key that exists, with its text.
#[derive(Clone)]
pub(super) struct Entry {
    pub(super) key: &'static str,
    pub(super) text: String,
    pub(super) place: Place,
}

impl std::fmt::Debug for Entry {
    /// Without the text, which may be a secret.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} from {}", self.key, self.place)
    }
}

impl config::Source for Layer {
    fn clone_into_box(&self) -> Box<dyn config::Source + Send + Sync> {
        Box::new(self.clone())
    }

    fn collect(&self) -> Result<Map<String, Value>, config::ConfigError> {
        let value = |entry: &Entry| {
            let kind = ValueKind::String(entry.text.clone());
            Value::new(Some(&entry.place.origin()), kind)
        };
        let entries = self.entries.iter();
        Ok(entries.map(|e| (e.key.to_owned(), value(e))).collect())
    }
}

/// Built-in values.
pub(super) fn defaults() -> Layer {
    let entries = KEYS.iter().filter_map(|key| {
        Some(Entry {
            key: key.name,
            text: key.default?.to_owned(),
            place: Place::Default,
        })
    });
    Layer {
        entries: entries.collect(),
        problems: Vec::new(),
    }
}

/// The settings file with this text.
pub(super) fn file(path: &Path, text: &str) -> Layer {
    let at = |offset: usize| place_in(path, text, offset);
    let mut layer = Layer::default();
    match DeTable::parse(text) {
        Ok(table) => {
            table_entries("", table.get_ref(), &at, &mut layer);
            layer.problems.sort_by_key(|problem| match problem.place {
                Place::File { line, column, .. } => (line, column),
                _ => (0, 0),
            });
        }
        // The parser's own report shows the line, which may hold a secret.
        Err(error) => layer.problems.push(Problem {
            place: at(error.span().map_or(0, |span| span.start)),
            code: problem::SYNTAX,
            message: format!("this is not TOML: {}", error.message()),
        }),
    }
    layer
}

fn table_entries(
    prefix: &str,
    table: &DeTable<'_>,
    at: &dyn Fn(usize) -> Place,
    layer: &mut Layer,
) {
    for (name, value) in table {
        let name_place = at(name.span().start);
        let path = match prefix {
            "" => name.get_ref().to_string(),
            _ => format!("{prefix}.{}", name.get_ref()),
        };
        let is_group = KEYS
            .iter()
            .any(|key| key.name.starts_with(&format!("{path}.")));
        let key = KEYS.iter().find(|key| key.name == path);
        match (key, value.get_ref()) {
            (None, DeValue::Table(inner)) if is_group => {
                table_entries(&path, inner, at, layer);
            }
            (None, _) if is_group => layer.problems.push(Problem {
                place: name_place,
                code: problem::NOT_A_TABLE,
                message: format!("`{path}` is a group of settings: write `[{path}]`"),
            }),
            (None, _) => layer
                .problems
                .push(unknown(&path, name_place, |key| format!("`{key}`"))),
            (Some(key), DeValue::String(text)) => layer.entries.push(Entry {
                key: key.name,
                text: text.to_string(),
                place: at(value.span().start),
            }),
            (Some(key), _) => layer.problems.push(Problem {
                place: at(Spanned::span(value).start),
                code: problem::NOT_TEXT,
                message: format!("`{}` must be text between quotes", key.name),
            }),
        }
    }
}

/// The variables of the environment that are settings. An empty one counts as not set.
pub(super) fn environment(environment: &Environment) -> Layer {
    let mut layer = Layer::default();
    for (variable, text) in &environment.variables {
        let Some(name) = variable.strip_prefix(PREFIX) else {
            continue;
        };
        if APART.contains(&variable.as_str()) || is_service_link(variable) {
            continue;
        }
        let place = Place::Environment {
            variable: variable.clone(),
        };
        let path = name.replace("__", ".").to_lowercase();
        let known = KEYS.iter().find(|key| variable_of(key.name) == *variable);
        match known {
            None => layer.problems.push(unknown(&path, place, variable_of)),
            Some(_) if text.is_empty() => {}
            Some(key) => layer.entries.push(Entry {
                key: key.name,
                text: text.clone(),
                place,
            }),
        }
    }
    layer
}

/// Whether Kubernetes set the variable, as it does in every pod of a namespace that holds a service
/// named `studyhall`. Nobody typed it.
fn is_service_link(variable: &str) -> bool {
    let name = variable.strip_prefix(PREFIX).unwrap_or(variable);
    matches!(name, "PORT" | "SERVICE_HOST")
        || name.starts_with("PORT_")
        || name.starts_with("SERVICE_PORT")
}

/// The variable that sets this key.
pub(super) fn variable_of(key: &str) -> String {
    format!("{PREFIX}{}", key.replace('.', "__").to_uppercase())
}

/// The flags that are settings.
pub(super) fn flags(flags: &Flags) -> Layer {
    let mut layer = Layer::default();
    let given = [
        ("notes_dir", "--notes-dir", &flags.notes_dir),
        ("data_dir", "--data-dir", &flags.data_dir),
    ];
    for (key, name, path) in given {
        let Some(path) = path else { continue };
        let place = Place::Flag { name };
        match path.to_str() {
            Some(text) => layer.entries.push(Entry {
                key,
                text: text.to_owned(),
                place,
            }),
            None => layer.problems.push(Problem {
                place,
                code: problem::NOT_UNICODE,
                message: "the path must be Unicode".to_owned(),
            }),
        }
    }
    layer
}

fn unknown(path: &str, place: Place, name: impl Fn(&str) -> String) -> Problem {
    let similar = |key: &str| {
        let whole = strsim::jaro_winkler(path, key);
        // `token` at the top level means `discord.token`.
        let last = key.rsplit('.').next().unwrap_or(key);
        let last_typed = path.rsplit('.').next().unwrap_or(path);
        whole.max(strsim::jaro_winkler(last_typed, last) * 0.95)
    };
    let nearest = KEYS
        .iter()
        .map(|key| (similar(key.name), key.name))
        .filter(|(similarity, _)| *similarity >= SIMILAR_MIN)
        .max_by(|a, b| a.0.total_cmp(&b.0));
    let message = match nearest {
        Some((_, key)) => format!("unknown key `{path}`; did you mean {}?", name(key)),
        None => format!("unknown key `{path}`; `studyhall config` lists the keys"),
    };
    Problem {
        place,
        code: problem::UNKNOWN_KEY,
        message,
    }
}

fn place_in(path: &Path, text: &str, offset: usize) -> Place {
    let before = text.get(..offset).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    Place::File {
        path: path.to_owned(),
        line: count(before.matches('\n').count() + 1),
        column: count(before[line_start..].chars().count() + 1),
    }
}
