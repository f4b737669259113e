//! Settings: built-in values, a file, the environment, flags; the later one wins.

mod layers;
mod problem;
mod token;
mod values;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
use std::fs;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

pub use problem::{CODES, Place, Problem, Rejected};
pub use token::{Token, TokenError, TokenSource, token};
pub use values::{LogFormat, Shards, Transport, WebAddress};

use layers::Layer;

/// The settings file that is read where none is named and this one exists.
pub const FILE: &str = "studyhall.toml";
/// The variable that names the settings file.
pub const FILE_VARIABLE: &str = "STUDYHALL_CONFIG";
/// The variable that says what is logged, in the words of `tracing`'s filter.
pub const LOG_VARIABLE: &str = "STUDYHALL_LOG";

/// Variables that a service manager sets and that the bot heeds.
const OF_SERVICE_MANAGERS: &[&str] = &[
    token::CREDENTIALS_VARIABLE,
    "NOTIFY_SOCKET",
    "WATCHDOG_PID",
    "WATCHDOG_USEC",
];

/// A setting that exists.
#[derive(Clone, Copy, Debug)]
pub struct Key {
    /// Its name, with a dot between levels.
    pub name: &'static str,
    /// The value that it has when nobody sets it.
    pub default: Option<&'static str>,
    /// Whether its value must never be shown.
    pub secret: bool,
}

impl Key {
    const fn new(name: &'static str, default: Option<&'static str>) -> Self {
        Self {
            name,
            default,
            secret: false,
        }
    }

    const fn secret(name: &'static str) -> Self {
        Self {
            name,
            default: None,
            secret: true,
        }
    }

    /// The environment variable that sets it.
    #[must_use]
    pub fn variable(&self) -> String {
        layers::variable_of(self.name)
    }
}

/// All settings.
pub const KEYS: &[Key] = &[
    Key::new("notes_dir", Some("notes")),
    Key::new("data_dir", Some(".studyhall")),
    Key::new("notes_url", None),
    Key::secret("database_url"),
    Key::new("database_url_file", None),
    Key::secret("discord.token"),
    Key::new("discord.token_file", None),
    Key::new("discord.api_url", None),
    Key::new("discord.transport", Some("gateway")),
    Key::new("discord.shards", Some("0/1")),
    Key::new("discord.public_key", None),
    Key::new("http.listen", Some("127.0.0.1:8080")),
    Key::new("log.format", Some("text")),
];

/// The settings as they hold. Its `Debug` form masks the secrets.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The folder of notes.
    pub notes_dir: PathBuf,
    /// The folder for what is written at run time.
    pub data_dir: PathBuf,
    /// Where a reader finds the notes on the web.
    pub notes_url: Option<WebAddress>,
    /// The database of the scores, where it is not a file under the data folder.
    pub database_url: Option<SecretString>,
    /// The file from which `database_url` was read, if it came from one.
    pub database_url_file: Option<PathBuf>,
    /// What concerns Discord.
    pub discord: Discord,
    /// What concerns the bot's own web server.
    pub http: Http,
    /// What concerns the log.
    pub log: Log,
    /// The settings file that was read, if one was.
    pub file: Option<PathBuf>,
    places: BTreeMap<&'static str, Place>,
}

/// Settings of Discord.
#[derive(Clone, Debug)]
pub struct Discord {
    /// Where the bot's token is to be had, if anywhere was named.
    pub token: Option<TokenSource>,
    /// Where Discord's REST interface is; Discord's own if none.
    pub api_url: Option<WebAddress>,
    /// How events reach the bot.
    pub transport: Transport,
    /// Which part of the gateway this process keeps.
    pub shards: Shards,
    /// The application's public key, with which Discord's signatures are checked.
    pub public_key: Option<[u8; 32]>,
}

/// Settings of the web server.
#[derive(Clone, Debug)]
pub struct Http {
    /// Where it listens.
    pub listen: SocketAddr,
}

/// Settings of the log.
#[derive(Clone, Debug)]
pub struct Log {
    /// How a line is written.
    pub format: LogFormat,
}

/// What was said on the command line about the settings.
#[derive(Clone, Debug, Default)]
pub struct Flags {
    /// `--config`
    pub config: Option<PathBuf>,
    /// `--notes-dir`
    pub notes_dir: Option<PathBuf>,
    /// `--data-dir`
    pub data_dir: Option<PathBuf>,
}

/// The variables of the environment that concern the bot.
#[derive(Clone, Default)]
pub struct Environment {
    variables: BTreeMap<String, String>,
}

impl fmt::Debug for Environment {
    /// Names only: a value may be a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.variables.keys()).finish()
    }
}

impl Environment {
    /// Keeps what concerns the bot. A name or value that is not Unicode has its odd bytes replaced.
    #[must_use]
    pub fn of(variables: impl IntoIterator<Item = (OsString, OsString)>) -> Self {
        let lossy = |text: OsString| text.to_string_lossy().into_owned();
        let concerns =
            |name: &str| name.starts_with(layers::PREFIX) || OF_SERVICE_MANAGERS.contains(&name);
        let variables = variables.into_iter();
        Self {
            variables: variables
                .map(|(name, value)| (lossy(name), value))
                .filter(|(name, _)| concerns(name))
                .map(|(name, value)| (name, lossy(value)))
                .collect(),
        }
    }

    /// The variable's value, unless it is empty or not set.
    #[must_use]
    pub fn get(&self, variable: &str) -> Option<&str> {
        let value = self.variables.get(variable).map(String::as_str);
        value.filter(|value| !value.is_empty())
    }
}

/// A setting for people to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// Its name.
    pub key: &'static str,
    /// Its value, masked where it is secret; none where it is not set.
    pub value: Option<String>,
    /// Where the value comes from.
    pub origin: String,
}

/// Reads the settings file, if there is one, and puts all layers together.
///
/// # Errors
/// Everything that is wrong with the settings. A settings file that was named must exist.
pub fn load(environment: &Environment, flags: &Flags) -> Result<Settings, Rejected> {
    let (path, named_by) = match (&flags.config, environment.get(FILE_VARIABLE)) {
        (Some(path), _) => (path.clone(), Some(Place::Flag { name: "--config" })),
        (None, Some(path)) => {
            let variable = FILE_VARIABLE.to_owned();
            (path.into(), Some(Place::Environment { variable }))
        }
        (None, None) => (FILE.into(), None),
    };
    match (fs::read_to_string(&path), named_by) {
        (Ok(text), _) => resolve(Some((&path, &text)), environment, flags),
        (Err(error), None) if error.kind() == io::ErrorKind::NotFound => {
            resolve(None, environment, flags)
        }
        (Err(error), named_by) => Err(Rejected {
            problems: vec![Problem {
                place: named_by.unwrap_or(Place::Default),
                code: problem::FILE_UNREADABLE,
                message: format!("cannot read the settings file {}: {error}", path.display()),
            }],
        }),
    }
}

/// Puts all layers together: the built-in values, the settings file's path and text, the
/// environment, the flags.
///
/// # Errors
/// Everything that is wrong with the settings.
pub fn resolve(
    file: Option<(&Path, &str)>,
    environment: &Environment,
    flags: &Flags,
) -> Result<Settings, Rejected> {
    let layers = [
        layers::defaults(),
        file.map_or_else(Layer::default, |(path, text)| layers::file(path, text)),
        layers::environment(environment),
        layers::flags(flags),
    ];
    let mut problems = Vec::new();
    let mut places = BTreeMap::new();
    let mut builder = config::Config::builder();
    for layer in layers {
        problems.extend(layer.problems.iter().cloned());
        places.extend(layer.entries.iter().map(|e| (e.key, e.place.clone())));
        builder = builder.add_source(layer);
    }
    let raw = builder.build().and_then(config::Config::try_deserialize);
    let raw: Raw = match raw {
        Ok(raw) => raw,
        Err(error) => {
            problems.push(Problem {
                place: Place::Default,
                code: problem::FILE_UNREADABLE,
                message: error.to_string(),
            });
            return Err(Rejected { problems });
        }
    };
    let mut reader = Reader { places, problems };
    let file = file.map(|(path, _)| path.to_owned());
    let settings = reader.settings(raw, environment, file);
    match reader.problems {
        problems if problems.is_empty() => Ok(Settings {
            places: reader.places,
            ..settings
        }),
        problems => Err(Rejected { problems }),
    }
}

/// The merged layers as text, before the forms are checked.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    notes_dir: String,
    data_dir: String,
    notes_url: Option<String>,
    database_url: Option<SecretString>,
    database_url_file: Option<PathBuf>,
    #[serde(default)]
    discord: RawDiscord,
    http: RawHttp,
    log: RawLog,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawDiscord {
    token: Option<SecretString>,
    token_file: Option<PathBuf>,
    api_url: Option<String>,
    transport: Option<String>,
    shards: Option<String>,
    public_key: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawHttp {
    listen: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawLog {
    format: String,
}

/// Turns texts into values and collects what does not fit.
struct Reader {
    places: BTreeMap<&'static str, Place>,
    problems: Vec<Problem>,
}

impl Reader {
    fn settings(&mut self, raw: Raw, environment: &Environment, file: Option<PathBuf>) -> Settings {
        let unset = SocketAddr::from(([127, 0, 0, 1], 0));
        let (url, url_file) = (raw.database_url, raw.database_url_file);
        let database = token::source(
            &token::DATABASE_URL,
            url,
            url_file,
            environment,
            &self.places,
        );
        let discord = raw.discord;
        let (token, token_file) = (discord.token, discord.token_file);
        let token = token::source(&token::TOKEN, token, token_file, environment, &self.places);
        Settings {
            notes_dir: self.folder("notes_dir", raw.notes_dir),
            data_dir: self.folder("data_dir", raw.data_dir),
            notes_url: self.optional("notes_url", raw.notes_url, values::web_address),
            database_url: self.database_url(database.as_ref()),
            database_url_file: match database {
                Some(TokenSource::File(path)) => Some(path),
                _ => None,
            },
            discord: Discord {
                token,
                api_url: self.optional("discord.api_url", discord.api_url, values::web_address),
                transport: self
                    .optional("discord.transport", discord.transport, values::transport)
                    .unwrap_or_default(),
                shards: self
                    .optional("discord.shards", discord.shards, values::shards)
                    .unwrap_or_default(),
                public_key: self.optional(
                    "discord.public_key",
                    discord.public_key,
                    values::public_key,
                ),
            },
            http: Http {
                listen: self
                    .read("http.listen", &raw.http.listen, values::listen)
                    .unwrap_or(unset),
            },
            log: Log {
                format: self
                    .read("log.format", &raw.log.format, values::log_format)
                    .unwrap_or_default(),
            },
            file,
            places: BTreeMap::new(),
        }
    }

    fn database_url(&mut self, source: Option<&TokenSource>) -> Option<SecretString> {
        let token::Names { key, file_key, .. } = token::DATABASE_URL;
        match token::other(source) {
            Ok(url) => {
                // What is wrong with it is said of where it was named.
                let key = match source {
                    Some(TokenSource::File(_)) => file_key,
                    _ => key,
                };
                self.read(key, url.as_ref()?.expose_secret(), values::database);
                url
            }
            Err(error) => {
                self.problems.push(Problem {
                    place: self.places.get(file_key).cloned().unwrap_or(Place::Default),
                    code: problem::FILE_UNREADABLE,
                    message: format!("cannot read the file with the database's address: {error}"),
                });
                None
            }
        }
    }

    fn folder(&mut self, key: &'static str, text: String) -> PathBuf {
        let given = |text: &str| match text {
            "" => Err("must name a folder"),
            _ => Ok(()),
        };
        self.read(key, &text, given);
        text.into()
    }

    fn optional<T>(
        &mut self,
        key: &'static str,
        text: Option<String>,
        read: fn(&str) -> Result<T, &'static str>,
    ) -> Option<T> {
        self.read(key, &text?, read)
    }

    fn read<T>(
        &mut self,
        key: &'static str,
        text: &str,
        read: impl Fn(&str) -> Result<T, &'static str>,
    ) -> Option<T> {
        match read(text) {
            Ok(value) => Some(value),
            Err(why) => {
                self.problems.push(Problem {
                    place: self.places.get(key).cloned().unwrap_or(Place::Default),
                    code: problem::INVALID_VALUE,
                    message: format!("`{key}` {why}"),
                });
                None
            }
        }
    }
}

impl Settings {
    /// The folder of the built index of this folder of notes. Each folder of notes has its own, so
    /// that a question put to other notes leaves a running bot's index alone.
    #[must_use]
    pub fn index_dir(&self) -> PathBuf {
        let notes = std::path::absolute(&self.notes_dir).unwrap_or(self.notes_dir.clone());
        let hash = fnv1a(notes.as_os_str().as_encoded_bytes());
        self.data_dir.join("index").join(format!("{hash:016x}"))
    }

    /// Every setting with its value and where that comes from, secrets masked.
    #[must_use]
    pub fn shown(&self) -> Vec<Shown> {
        let show = |key: &Key| Shown {
            key: key.name,
            value: self.value(key.name),
            origin: self.origin(key.name),
        };
        KEYS.iter().map(show).collect()
    }

    fn origin(&self, key: &str) -> String {
        match self.places.get(key) {
            Some(place) => place.origin(),
            None => Place::Default.origin(),
        }
    }

    fn value(&self, key: &str) -> Option<String> {
        let text = |path: &Path| path.display().to_string();
        let masked = || "(set)".to_owned();
        match key {
            "notes_dir" => Some(text(&self.notes_dir)),
            "data_dir" => Some(text(&self.data_dir)),
            "notes_url" => self.notes_url.as_ref().map(WebAddress::to_string),
            "database_url" => self.database_url.as_ref().map(|_| masked()),
            "database_url_file" => self.database_url_file.as_deref().map(text),
            "discord.token" => match &self.discord.token {
                Some(TokenSource::Given(_)) => Some(masked()),
                _ => None,
            },
            "discord.token_file" => match &self.discord.token {
                Some(TokenSource::File(path)) => Some(text(path)),
                _ => None,
            },
            "discord.api_url" => self.discord.api_url.as_ref().map(WebAddress::to_string),
            "discord.transport" => Some(self.discord.transport.name().to_owned()),
            "discord.shards" => Some(self.discord.shards.to_string()),
            "discord.public_key" => self.discord.public_key.map(|key| {
                let digits = key.iter().map(|byte| format!("{byte:02x}"));
                digits.collect()
            }),
            "http.listen" => Some(self.http.listen.to_string()),
            "log.format" => Some(self.log.format.name().to_owned()),
            _ => None,
        }
    }
}

/// A short name for a path that is the same in every build (Fowler, Noll and Vo's hash).
fn fnv1a(bytes: &[u8]) -> u64 {
    let start = 0xcbf2_9ce4_8422_2325;
    let mix = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
    bytes.iter().fold(start, mix)
}
