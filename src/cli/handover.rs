//! Secrets that come by the environment, and how they leave it.
//!
//! What a process was started with can be read beside it until it ends (on Linux in
//! `/proc/PID/environ`), whatever the process forgets meanwhile. So the bot starts itself once more in
//! its own place, without its secrets, and finds them in a pipe that nobody else has.

use std::ffi::OsString;
use std::io::{self, Read};

use crate::config::Environment;

/// The variable that says that secrets wait on standard input. It is no setting.
const WAITING: &str = "_STUDYHALL_HANDED_OVER";
/// Bytes of all secrets, at most: what every system's pipe takes before somebody reads it.
const SECRETS_MAX: usize = 8 << 10;

/// What a process was given.
pub(super) struct Given {
    /// The bot's part of the environment, with the secrets.
    pub(super) environment: Environment,
    /// Whether the secrets came in another way than the environment.
    is_handed_over: bool,
}

/// Takes the variables, and the secrets that were handed over, if any were.
///
/// # Errors
/// Secrets were handed over and cannot be read.
pub(super) fn receive(
    variables: impl IntoIterator<Item = (OsString, OsString)>,
) -> io::Result<Given> {
    let mut variables: Vec<(OsString, OsString)> = variables.into_iter().collect();
    let is_handed_over = variables.iter().any(|(name, _)| name == WAITING);
    if is_handed_over {
        let mut text = String::new();
        let mut waiting = io::stdin().take(SECRETS_MAX as u64);
        waiting.read_to_string(&mut text)?;
        let secrets = text.split_terminator('\0');
        let secrets = secrets.filter_map(|secret| secret.split_once('='));
        variables.extend(secrets.map(|(name, value)| (name.into(), value.into())));
    }
    Ok(Given {
        environment: Environment::of(variables),
        is_handed_over,
    })
}

/// Goes on as a process without secrets in its environment. It returns where there are none, or with
/// the reason why they stay.
///
/// # Errors
/// They cannot be handed over; everything is as before.
pub(super) fn hand_over(given: &Given, arguments: &[OsString]) -> io::Result<()> {
    let secrets = given.environment.secrets();
    if secrets.is_empty() || given.is_handed_over {
        return Ok(());
    }
    let text: String = secrets
        .iter()
        .map(|(name, value)| format!("{name}={value}\0"))
        .collect();
    if text.len() > SECRETS_MAX {
        let why = format!("they are longer than {SECRETS_MAX} bytes");
        return Err(io::Error::new(io::ErrorKind::InvalidInput, why));
    }
    let names = secrets.iter().map(|(name, _)| name.as_str());
    again(&text, names, arguments)
}

#[cfg(unix)]
fn again<'a>(
    text: &str,
    names: impl Iterator<Item = &'a str>,
    arguments: &[OsString],
) -> io::Result<()> {
    use std::io::Write;
    use std::os::unix::process::CommandExt;
    use std::process::Command;

    let (reader, mut writer) = io::pipe()?;
    writer.write_all(text.as_bytes())?;
    drop(writer);
    let mut command = Command::new(std::env::current_exe()?);
    if let Some((name, rest)) = arguments.split_first() {
        command.arg0(name).args(rest);
    }
    for name in names {
        command.env_remove(name);
    }
    Err(command.env(WAITING, "1").stdin(reader).exec())
}

#[cfg(not(unix))]
fn again<'a>(_: &str, _: impl Iterator<Item = &'a str>, _: &[OsString]) -> io::Result<()> {
    // Nobody else can read the environment of a process there.
    Ok(())
}
