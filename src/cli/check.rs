//! `studyhall check`: what is odd in the notes and wrong in the settings.

use std::io::Write;
use std::path::Path;

use serde::Serialize;
use studyhall_index::NoteWarning;

use super::output::{BAD, DOUBTFUL, Output, harmless, styled};
use super::{Outcome, index};
use crate::config::{Environment, Flags, Place, Problem, load};

/// Look for mistakes in the notes and the settings
///
/// Each is printed as `file:line:col: level[code]: message`. Exit code 1 if one is an error.
#[derive(Debug, clap::Args)]
pub(super) struct Check {
    /// The form of the report
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// One line for each finding
    Text,
    /// One JSON array
    Json,
    /// Annotations in a GitHub workflow
    Github,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Level {
    Error,
    Warning,
}

/// One thing that is odd or wrong. A setting from the environment has no line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct Finding {
    /// The file, or the variable or flag.
    file: String,
    line: Option<u32>,
    column: Option<u32>,
    level: Level,
    code: &'static str,
    message: String,
}

pub(super) fn run(
    check: &Check,
    environment: &Environment,
    flags: &Flags,
    out: &mut Output,
) -> anyhow::Result<Outcome> {
    let findings: Vec<Finding> = match load(environment, flags) {
        Ok(settings) => {
            let of_notes = index::lint(&settings.notes_dir)?;
            let of_note = |warning| of_warning(&settings.notes_dir, warning);
            of_notes.into_iter().map(of_note).collect()
        }
        Err(rejected) => rejected.problems.into_iter().map(of_problem).collect(),
    };
    match check.format {
        Format::Text => {
            for finding in &findings {
                writeln!(out, "{}", text_line(finding))?;
            }
        }
        Format::Json => writeln!(out, "{}", serde_json::to_string_pretty(&findings)?)?,
        Format::Github => {
            for finding in &findings {
                writeln!(out, "{}", github_line(finding))?;
            }
        }
    }
    let has_error = findings.iter().any(|f| f.level == Level::Error);
    Ok(match has_error {
        true => Outcome::No,
        false => Outcome::Done,
    })
}

fn of_warning(notes_dir: &Path, NoteWarning { path, warning }: NoteWarning) -> Finding {
    Finding {
        file: notes_dir.join(path).display().to_string(),
        line: Some(warning.line),
        column: Some(warning.column),
        level: Level::Warning,
        code: warning.code,
        message: warning.message,
    }
}

fn of_problem(problem: Problem) -> Finding {
    let (file, line, column) = match &problem.place {
        Place::File { path, line, column } => {
            (path.display().to_string(), Some(*line), Some(*column))
        }
        place => (place.to_string(), None, None),
    };
    Finding {
        file,
        line,
        column,
        level: Level::Error,
        code: problem.code,
        message: problem.message,
    }
}

fn text_line(finding: &Finding) -> String {
    let (style, level) = match finding.level {
        Level::Error => (BAD, "error"),
        Level::Warning => (DOUBTFUL, "warning"),
    };
    let place = match (finding.line, finding.column) {
        (Some(line), Some(column)) => format!("{}:{line}:{column}", finding.file),
        _ => finding.file.clone(),
    };
    let level = styled(style, format!("{level}[{}]", finding.code));
    format!(
        "{}: {level}: {}",
        one_line(&place),
        one_line(&finding.message)
    )
}

fn one_line(text: &str) -> String {
    harmless(text).replace(['\n', '\t'], " ")
}

/// A workflow command; see "Workflow commands for GitHub Actions", `error` and `warning`.
fn github_line(finding: &Finding) -> String {
    let level = match finding.level {
        Level::Error => "error",
        Level::Warning => "warning",
    };
    let place = match (finding.line, finding.column) {
        (Some(line), Some(column)) => {
            format!("file={},line={line},col={column},", property(&finding.file))
        }
        _ => String::new(),
    };
    // Without a line the file is a variable or a flag, which only the message can name.
    let subject = match finding.line {
        Some(_) => String::new(),
        None => format!("{}: ", finding.file),
    };
    let message = data(&format!("{subject}{}", finding.message));
    format!(
        "::{level} {place}title={}::{message}",
        property(finding.code)
    )
}

fn data(text: &str) -> String {
    text.replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(file: &str, line: Option<u32>, message: &str) -> Finding {
        Finding {
            file: file.to_owned(),
            line,
            column: line,
            level: Level::Warning,
            code: "odd",
            message: message.to_owned(),
        }
    }

    #[track_caller]
    fn check(finding: &Finding, text: &str, github: &str) {
        assert_eq!(
            anstream::adapter::strip_str(&text_line(finding)).to_string(),
            text
        );
        assert_eq!(github_line(finding), github);
    }

    #[test]
    fn a_finding_is_written_as_compilers_and_as_github_write_it() {
        check(
            &finding("notes/a,b.md", Some(3), "50% done\nmore"),
            "notes/a,b.md:3:3: warning[odd]: 50% done more",
            "::warning file=notes/a%2Cb.md,line=3,col=3,title=odd::50%25 done%0Amore",
        );
        check(
            &finding("STUDYHALL_X", None, "unknown"),
            "STUDYHALL_X: warning[odd]: unknown",
            "::warning title=odd::STUDYHALL_X: unknown",
        );
    }
}
