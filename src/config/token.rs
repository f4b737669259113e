//! Secrets, the bot's token above all: where they come from, and how they are read without being
//! shown.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use secrecy::{ExposeSecret, SecretString};

use super::{Environment, Place};

/// The variable in which systemd names the folder of a service's credentials.
pub(super) const CREDENTIALS_VARIABLE: &str = "CREDENTIALS_DIRECTORY";
/// Bytes of a file that holds a secret, at most.
const FILE_MAX: u64 = 4_096;

/// Under which names a secret may come.
pub(super) struct Names {
    /// The key of the secret itself.
    pub(super) key: &'static str,
    /// The key of the file that holds it.
    pub(super) file_key: &'static str,
    /// Its name in the folder of a service's credentials.
    credential: &'static str,
}

/// The names of the bot's token.
pub(super) const TOKEN: Names = Names {
    key: "discord.token",
    file_key: "discord.token_file",
    credential: "discord_token",
};

/// The names of the address of the database.
pub(super) const DATABASE_URL: Names = Names {
    key: "database_url",
    file_key: "database_url_file",
    credential: "database_url",
};

/// Where a secret is to be had.
#[derive(Clone, Debug)]
pub enum TokenSource {
    /// It was given itself.
    Given(SecretString),
    /// It stands in the file named by `discord.token_file`.
    File(PathBuf),
    /// It stands in a file that the service manager provides, if that file exists.
    Credential(PathBuf),
}

/// The token, and what its file lets others do.
#[derive(Clone, Debug)]
pub struct Token {
    /// The token.
    pub secret: SecretString,
    /// Whether people other than the file's owner can read it there.
    pub exposed: bool,
}

/// Why there is no token.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TokenError {
    /// No setting names one.
    #[error(
        "no token: set `STUDYHALL_DISCORD__TOKEN`, or name a file that holds it in \
         `discord.token_file`"
    )]
    Missing,
    /// Its file cannot be read.
    #[error("cannot read the token file {path}")]
    Unreadable {
        /// The file.
        path: String,
        /// Why.
        source: io::Error,
    },
    /// What was found cannot be a token.
    #[error("the token from {place} is empty or holds blanks")]
    Malformed {
        /// Where it was found.
        place: String,
    },
}

/// The source that counts: of a secret and a file of it the one from the later layer, the secret
/// itself if both come from the same; then the service manager's credential.
pub(super) fn source(
    names: &Names,
    secret: Option<SecretString>,
    file: Option<PathBuf>,
    environment: &Environment,
    places: &BTreeMap<&'static str, Place>,
) -> Option<TokenSource> {
    let layer = |key: &str| places.get(key).map_or(0, Place::layer);
    match (secret, file) {
        (Some(_), Some(file)) if layer(names.file_key) > layer(names.key) => {
            Some(TokenSource::File(file))
        }
        (Some(secret), _) => Some(TokenSource::Given(secret)),
        (None, Some(file)) => Some(TokenSource::File(file)),
        (None, None) => {
            let folder = Path::new(environment.get(CREDENTIALS_VARIABLE)?);
            Some(TokenSource::Credential(folder.join(names.credential)))
        }
    }
}

/// Fetches the token from its source.
///
/// # Errors
/// Nothing names one, its file cannot be read, or what stands there cannot be a token.
pub fn token(source: Option<&TokenSource>) -> Result<Token, TokenError> {
    match source {
        None => Err(TokenError::Missing),
        Some(TokenSource::Given(token)) => {
            checked(token.expose_secret(), false, "the settings".to_owned())
        }
        Some(TokenSource::Credential(path)) if !path.exists() => Err(TokenError::Missing),
        Some(TokenSource::File(path) | TokenSource::Credential(path)) => {
            let (text, exposed) = read(path).map_err(|source| TokenError::Unreadable {
                path: path.display().to_string(),
                source,
            })?;
            checked(text.expose_secret(), exposed, path.display().to_string())
        }
    }
}

/// Fetches another secret from its source; none where nothing names one.
pub(super) fn other(source: Option<&TokenSource>) -> io::Result<Option<SecretString>> {
    match source {
        None => Ok(None),
        Some(TokenSource::Given(secret)) => Ok(Some(secret.clone())),
        Some(TokenSource::Credential(path)) if !path.exists() => Ok(None),
        Some(TokenSource::File(path) | TokenSource::Credential(path)) => {
            let (text, _) = read(path)?;
            Ok(Some(text.expose_secret().trim().into()))
        }
    }
}

fn checked(text: &str, exposed: bool, place: String) -> Result<Token, TokenError> {
    let text = text.trim();
    let fits = |c: char| c.is_ascii_graphic();
    if text.is_empty() || !text.chars().all(fits) {
        return Err(TokenError::Malformed { place });
    }
    Ok(Token {
        secret: text.to_owned().into(),
        exposed,
    })
}

fn read(path: &Path) -> io::Result<(SecretString, bool)> {
    let file = File::open(path)?;
    let exposed = is_exposed(&file)?;
    let mut text = String::new();
    file.take(FILE_MAX).read_to_string(&mut text)?;
    Ok((text.into(), exposed))
}

#[cfg(unix)]
fn is_exposed(file: &File) -> io::Result<bool> {
    use std::os::unix::fs::PermissionsExt;

    Ok(file.metadata()?.permissions().mode() & 0o044 != 0)
}

#[cfg(not(unix))]
fn is_exposed(_file: &File) -> io::Result<bool> {
    Ok(false)
}
