//! What is wrong with the settings, and where it was said.

use std::fmt;
use std::path::PathBuf;

/// Where a setting got its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// Built in.
    Default,
    /// A settings file.
    File {
        /// The file as named.
        path: PathBuf,
        /// Line, from 1.
        line: u32,
        /// Column in characters, from 1.
        column: u32,
    },
    /// An environment variable.
    Environment {
        /// Its name.
        variable: String,
    },
    /// A flag on the command line.
    Flag {
        /// Its name, with the dashes.
        name: &'static str,
    },
}

impl Place {
    /// Which layer it is; a higher one wins.
    pub(super) fn layer(&self) -> u8 {
        match self {
            Self::Default => 0,
            Self::File { .. } => 1,
            Self::Environment { .. } => 2,
            Self::Flag { .. } => 3,
        }
    }

    /// The place as `studyhall config` names it.
    #[must_use]
    pub fn origin(&self) -> String {
        match self {
            Self::Default => "default".to_owned(),
            Self::File { path, .. } => format!("file:{}", path.display()),
            Self::Environment { variable } => format!("env {variable}"),
            Self::Flag { name } => format!("flag {name}"),
        }
    }
}

impl fmt::Display for Place {
    /// A file comes with line and column, as compilers write it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File { path, line, column } => write!(f, "{}:{line}:{column}", path.display()),
            Self::Environment { variable } => f.write_str(variable),
            Self::Flag { name } => f.write_str(name),
        }
    }
}

/// The file is not TOML.
pub(super) const SYNTAX: &str = "syntax";
/// A group of settings is no table.
pub(super) const NOT_A_TABLE: &str = "not-a-table";
/// A setting is of a type that says nothing.
pub(super) const NOT_TEXT: &str = "not-text";
/// A variable's value is not Unicode.
pub(super) const NOT_UNICODE: &str = "not-unicode";
/// There is no such setting.
pub(super) const UNKNOWN_KEY: &str = "unknown-key";
/// A settings file cannot be read.
pub(super) const FILE_UNREADABLE: &str = "settings-unreadable";
/// A value cannot mean what is set by it.
pub(super) const INVALID_VALUE: &str = "invalid-value";

/// All names of problems, each with its explanation.
pub const CODES: &[(&str, &str)] = &[
    (
        SYNTAX,
        "The settings file is not TOML. Texts stand in double quotes, and a group begins with its name \
         in square brackets.\n\nwrong:  notes_dir = notes\nright:  notes_dir = \"notes\"",
    ),
    (
        NOT_A_TABLE,
        "The name of a group of settings was given a value. Write the group as [discord], with its \
         settings below.",
    ),
    (
        NOT_TEXT,
        "A setting holds a list, a date or a table where one text, number or true/false is meant.",
    ),
    (
        NOT_UNICODE,
        "The value of an environment variable is not Unicode, so it cannot be read.",
    ),
    (
        UNKNOWN_KEY,
        "There is no such setting; the message names the nearest that there is. `studyhall config` lists \
         them all. Unknown settings are refused so that a slip of the pen cannot go unseen.",
    ),
    (
        FILE_UNREADABLE,
        "The settings file, or the file that holds the token, cannot be read: look at its path and \
         permissions.",
    ),
    (
        INVALID_VALUE,
        "The value is not of the kind that this setting takes, or is out of its bounds. The message says \
         what it takes.",
    ),
];

/// One thing wrong with the settings. It never repeats the value of a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Where.
    pub place: Place,
    /// A name for the kind of problem that never changes, such as `unknown-key`.
    pub code: &'static str,
    /// What is wrong and how to mend it.
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.message)
    }
}

/// The settings were refused: all that is wrong with them, at least one thing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct Rejected {
    /// What is wrong, in the order of the layers.
    pub problems: Vec<Problem>,
}

impl fmt::Display for Rejected {
    /// One problem a line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, problem) in self.problems.iter().enumerate() {
            if n > 0 {
                f.write_str("\n")?;
            }
            problem.fmt(f)?;
        }
        Ok(())
    }
}
