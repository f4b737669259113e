//! `studyhall doctor`: everything that the bot needs, looked at one by one.

use std::fs;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use indicatif::{DecimalBytes, HumanDuration};
use serde::Serialize;
use studyhall_index::{Index, IndexError};

use super::output::{BAD, DOUBTFUL, Output, STRONG, harmless, styled};
use super::store::{self, Place};
use super::{Outcome, healthcheck, serve};
use crate::config::{Environment, Flags, Settings, Shards, TokenError, Transport, load, token};
use crate::discord;
use crate::ops::Space;
use crate::scores::postgres::Postgres;
use crate::scores::sqlite::backup;
use crate::web;

/// How long ago the last backup may be: a day, and half of one for a night in which it failed.
const BACKUP_AGE_MAX: Duration = Duration::from_hours(36);

/// Look at everything that the bot needs, and say how to mend what is wrong
///
/// Each line is ok, a warning (it runs, but look at it) or a failure. Exit code 1 if there is a
/// failure.
#[derive(Debug, clap::Args)]
pub(super) struct Doctor {
    /// Print one JSON array: [{"level", "about", "message"}]
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Level {
    Ok,
    Warning,
    Failure,
}

/// What was found about one thing.
#[derive(Clone, Debug, Serialize)]
struct Finding {
    level: Level,
    about: &'static str,
    message: String,
}

impl Finding {
    fn new(level: Level, about: &'static str, message: impl Into<String>) -> Self {
        Self {
            level,
            about,
            message: message.into(),
        }
    }
}

pub(super) fn run(
    doctor: &Doctor,
    environment: &Environment,
    flags: &Flags,
    out: &mut Output,
) -> anyhow::Result<Outcome> {
    let findings = findings(environment, flags);
    if doctor.json {
        writeln!(out, "{}", serde_json::to_string_pretty(&findings)?)?;
    } else {
        for finding in &findings {
            show(finding, out)?;
        }
    }
    let failed = findings.iter().any(|f| f.level == Level::Failure);
    Ok(match failed {
        true => Outcome::No,
        false => Outcome::Done,
    })
}

fn show(finding: &Finding, out: &mut Output) -> io::Result<()> {
    let (style, level) = match finding.level {
        Level::Ok => (STRONG, "ok"),
        Level::Warning => (DOUBTFUL, "warning"),
        Level::Failure => (BAD, "failure"),
    };
    let level = styled(style, format!("{level:8}"));
    let message = harmless(&finding.message);
    writeln!(out, "{level} {:9} {message}", finding.about)
}

fn findings(environment: &Environment, flags: &Flags) -> Vec<Finding> {
    let settings = match load(environment, flags) {
        Ok(settings) => settings,
        Err(rejected) => {
            let problems = rejected.problems.iter();
            let failure = |problem: &crate::config::Problem| {
                Finding::new(Level::Failure, "settings", problem.to_string())
            };
            return problems.map(failure).collect();
        }
    };
    let mut findings = vec![
        settings_file(&settings),
        notes(&settings.notes_dir),
        data(&settings.data_dir),
        disk(&settings.data_dir, Space::of(&settings.data_dir)),
        index(&settings),
        scores(&settings),
    ];
    findings.extend(backup_age(&settings).map(last_backup));
    findings.extend([
        transport(&settings),
        address(&settings),
        discord_token(&settings),
    ]);
    if let Ok(on_discord) = serve::on_discord(&settings) {
        findings.extend(on_discord_itself(&on_discord));
    }
    findings
}

fn settings_file(settings: &Settings) -> Finding {
    let message = match &settings.file {
        Some(file) => format!("read from {}", file.display()),
        None => "no settings file; the built-in values and the environment hold".to_owned(),
    };
    Finding::new(Level::Ok, "settings", message)
}

fn notes(folder: &Path) -> Finding {
    let shown = folder.display();
    match fs::read_dir(folder) {
        Ok(_) => Finding::new(Level::Ok, "notes", format!("{shown} can be read")),
        Err(error) => {
            let mend = "name the folder of your notes as `notes_dir` or with --notes-dir";
            let message = format!("cannot read {shown}: {error}; {mend}");
            Finding::new(Level::Failure, "notes", message)
        }
    }
}

fn data(folder: &Path) -> Finding {
    let shown = folder.display();
    // Created only if it is not there, so that nothing of anybody's is touched.
    let probe = folder.join(format!(".doctor-{}", std::process::id()));
    let tried = fs::create_dir_all(folder)
        .and_then(|()| fs::File::create_new(&probe))
        .and_then(|_| fs::remove_file(&probe));
    match tried {
        Ok(()) => Finding::new(Level::Ok, "data", format!("{shown} can be written")),
        Err(error) => {
            let mend = "let this user write there, or name another folder as `data_dir`";
            let message = format!("cannot write in {shown}: {error}; {mend}");
            Finding::new(Level::Failure, "data", message)
        }
    }
}

/// What is free on the disk that holds the data folder.
fn disk(folder: &Path, space: io::Result<Space>) -> Finding {
    let shown = folder.display();
    let space = match space {
        Ok(space) => space,
        Err(error) => {
            let message = format!("cannot tell what is free on the disk with {shown}: {error}");
            return Finding::new(Level::Warning, "disk", message);
        }
    };
    let percent = 100.0 * space.free_ratio();
    let free = DecimalBytes(space.free);
    let message = format!("{percent:.1} % of the disk with {shown} is free, {free}");
    match space.is_little() {
        true => {
            let mend = "make room: on a full disk no answer to the quiz is kept";
            Finding::new(Level::Warning, "disk", format!("{message}; {mend}"))
        }
        false => Finding::new(Level::Ok, "disk", message),
    }
}

fn index(settings: &Settings) -> Finding {
    let folder = settings.index_dir();
    let mend = "`studyhall index --rebuild` builds it anew";
    let looked_at = folder.exists().then(|| -> Result<_, IndexError> {
        let index = Index::open(&folder)?;
        Ok((index.is_built(), index.n_sections(), index.damaged()?))
    });
    let (level, message) = match looked_at {
        None | Some(Ok((false, _, _))) => {
            let message = "not built; `studyhall index` builds it, and so does the first question";
            (Level::Warning, message.to_owned())
        }
        Some(Ok((true, n, damaged))) if damaged.is_empty() => {
            (Level::Ok, format!("{n} sections in {}", folder.display()))
        }
        Some(Ok((true, _, damaged))) => {
            let n = damaged.len();
            (
                Level::Failure,
                format!("{n} damaged files in {}; {mend}", folder.display()),
            )
        }
        Some(Err(error)) => {
            let error = anyhow::Error::from(error);
            (Level::Failure, format!("{error:#}; {mend}"))
        }
    };
    Finding::new(level, "index", message)
}

/// The scores, which are looked at and left as they are.
fn scores(settings: &Settings) -> Finding {
    let (level, message) = match store::place(settings) {
        Place::File(file) => {
            let shown = file.display();
            match backup::look(&file) {
                Ok(None) => (Level::Ok, format!("none yet; they will be in {shown}")),
                Ok(Some(look)) => {
                    let (bytes, schema) = (look.bytes, look.schema);
                    let message = format!("{shown} is sound: {bytes} bytes, schema {schema}");
                    (Level::Ok, message)
                }
                Err(error) => {
                    let error = anyhow::Error::from(error);
                    (Level::Failure, format!("{shown}: {error:#}"))
                }
            }
        }
        Place::Server(url) => match Postgres::look(&url) {
            Ok(schema) => {
                let message = format!("PostgreSQL can be reached; schema {schema}");
                (Level::Ok, message)
            }
            Err(error) => {
                let error = anyhow::Error::from(error);
                let mend = "see to the server, or to `database_url`";
                (Level::Failure, format!("{error:#}; {mend}"))
            }
        },
    };
    Finding::new(level, "scores", message)
}

/// How long ago the scores were last copied, or none if never. Nothing is known of scores that are on
/// a server, or not there yet.
fn backup_age(settings: &Settings) -> Option<Option<Duration>> {
    let mark = super::backup::mark(settings)?;
    let Place::File(file) = store::place(settings) else {
        return None;
    };
    let copied_at = fs::metadata(mark).and_then(|about| about.modified());
    // What was copied in a moment to come, by another clock, was copied just now.
    let age = copied_at.ok().map(|at| at.elapsed().unwrap_or_default());
    file.exists().then_some(age)
}

fn last_backup(age: Option<Duration>) -> Finding {
    let mend = "`studyhall backup FILE` copies them, while the bot runs";
    let (level, message) = match age {
        Some(age) => {
            let message = format!("the last one was made {} ago", HumanDuration(age));
            match age > BACKUP_AGE_MAX {
                true => (Level::Warning, format!("{message}; {mend}")),
                false => (Level::Ok, message),
            }
        }
        None => (
            Level::Warning,
            format!("the scores were never copied; {mend}"),
        ),
    };
    Finding::new(level, "backup", message)
}

fn transport(settings: &Settings) -> Finding {
    match settings.discord.transport {
        Transport::Gateway if settings.discord.shards == Shards::ONE => {
            Finding::new(Level::Ok, "transport", "gateway")
        }
        Transport::Gateway => {
            let shards = settings.discord.shards;
            let message = format!("gateway, shard {shards}");
            // The other shards are other processes.
            let is_part = shards.n() < usize::from(shards.total);
            match is_part && matches!(store::place(settings), Place::File(_)) {
                true => {
                    let message = format!(
                        "{message}: the processes of the other shards need the same scores; name a \
                         PostgreSQL database with `database_url`"
                    );
                    Finding::new(Level::Warning, "transport", message)
                }
                false => Finding::new(Level::Ok, "transport", message),
            }
        }
        Transport::Http if settings.discord.public_key.is_none() => {
            Finding::new(Level::Failure, "transport", super::NO_KEY)
        }
        Transport::Http => {
            let listen = settings.http.listen;
            let message = format!("http: interactions are taken at http://{listen}/interactions");
            Finding::new(Level::Ok, "transport", message)
        }
    }
}

/// Whether the web server's address is free, or the bot has it. It is taken for a moment to see.
fn address(settings: &Settings) -> Finding {
    let listen: SocketAddr = settings.http.listen;
    let (level, message) = match web::listen(listen) {
        Ok(_) => (Level::Ok, format!("{listen} is free")),
        Err(_) if healthcheck::is_alive(listen) => {
            (Level::Ok, format!("the bot that serves has {listen}"))
        }
        Err(error) if settings.discord.token.is_some() => (Level::Failure, format!("{error:#}")),
        Err(error) => {
            let message = format!("{error:#}. Only `studyhall serve` needs it");
            (Level::Warning, message)
        }
    };
    Finding::new(level, "http", message)
}

fn discord_token(settings: &Settings) -> Finding {
    match token(settings.discord.token.as_ref()) {
        Ok(token) if token.exposed => {
            let message = "others can read the file that holds the token; `chmod 600` it";
            Finding::new(Level::Warning, "token", message)
        }
        Ok(_) => Finding::new(Level::Ok, "token", "set"),
        Err(error @ TokenError::Missing) => {
            let message = format!("{error}. Only `studyhall serve` needs it");
            Finding::new(Level::Warning, "token", message)
        }
        Err(error) => {
            let error = anyhow::Error::from(error);
            Finding::new(Level::Failure, "token", format!("{error:#}"))
        }
    }
}

/// What Discord says, asked with the token.
fn on_discord_itself(on_discord: &discord::Settings) -> Vec<Finding> {
    let report = match discord::check(on_discord) {
        Ok(report) => report,
        Err(error) => {
            return vec![Finding::new(
                Level::Failure,
                "discord",
                format!("{error:#}"),
            )];
        }
    };
    let application = Finding::new(
        Level::Ok,
        "discord",
        format!(
            "the token is good; the application is {}",
            report.application
        ),
    );
    let commands = match report.commands_registered {
        true => Finding::new(Level::Ok, "commands", "registered as this version has them"),
        false => {
            let message = "not as this version has them; `studyhall serve` registers them";
            Finding::new(Level::Warning, "commands", message)
        }
    };
    if let discord::Transport::Signed { .. } = on_discord.transport {
        return [vec![application, commands], by_post(&report)].concat();
    }
    let (remaining, total) = (report.sessions_remaining, report.sessions_total);
    let sessions = match remaining {
        0 => {
            let message =
                format!("none of {total} starts is left today; Discord allows more later");
            Finding::new(Level::Failure, "sessions", message)
        }
        _ => Finding::new(
            Level::Ok,
            "sessions",
            format!("{remaining} of {total} starts left today"),
        ),
    };
    let mut findings = vec![application, commands, sessions];
    if let discord::Transport::Gateway(shards) = on_discord.transport
        && report.shards > u32::from(shards.total)
    {
        let message = format!(
            "Discord recommends {} shards, and there are {}; see `discord.shards`",
            report.shards, shards.total
        );
        findings.push(Finding::new(Level::Warning, "shards", message));
    }
    if report.endpoint.is_some() {
        let message = "Discord posts interactions to the application's Interactions Endpoint URL, \
                       so that none comes over the gateway; clear it, or set \
                       `discord.transport = \"http\"`";
        findings.push(Finding::new(Level::Failure, "endpoint", message));
    }
    findings
}

/// Whether what Discord posts can reach the bot and be believed.
fn by_post(report: &discord::Report) -> Vec<Finding> {
    let key = match report.is_own_key {
        Some(false) => {
            let message = "`discord.public_key` is not the key of this application";
            Finding::new(Level::Failure, "key", message)
        }
        Some(true) => Finding::new(Level::Ok, "key", "the application's own"),
        None => Finding::new(Level::Warning, "key", "Discord does not say which it uses"),
    };
    let endpoint = match &report.endpoint {
        Some(url) => Finding::new(
            Level::Ok,
            "endpoint",
            format!("Discord posts interactions to {url}"),
        ),
        None => {
            let message = "Discord posts nothing yet; set this server's public address with \
                           /interactions as the application's Interactions Endpoint URL";
            Finding::new(Level::Warning, "endpoint", message)
        }
    };
    vec![key, endpoint]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disk_with_little_left_is_a_warning() {
        let found = |free| {
            let space = Space { free, total: 1_000 };
            let found = disk(Path::new("data"), Ok(space));
            (found.level, found.message)
        };
        let message = "5.0 % of the disk with data is free, 50 B".to_owned();
        assert_eq!(found(50), (Level::Ok, message));
        let (level, message) = found(49);
        assert_eq!(level, Level::Warning);
        assert!(message.contains("make room"), "{message}");
        let unknown = disk(Path::new("data"), Err(io::ErrorKind::Unsupported.into()));
        assert_eq!(unknown.level, Level::Warning);
    }

    #[test]
    fn an_old_backup_is_a_warning() {
        let found = |hours| last_backup(Some(Duration::from_hours(hours)));
        assert_eq!(found(36).level, Level::Ok);
        assert_eq!(found(5).message, "the last one was made 5 hours ago");
        assert_eq!(found(37).level, Level::Warning);
        assert_eq!(last_backup(None).level, Level::Warning);
    }
}
