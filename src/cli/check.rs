//! `studyhall check`: what is odd in the notes, and wrong in the questions and the settings.

mod explain;
mod summary;

use std::collections::HashMap;
use std::io::Write;
use std::path::Path;

use anyhow::Context;
use jiff::Zoned;
use jiff::civil::Date;
use serde::Serialize;
use studyhall_index::{NoteWarning, Section, Survey, question_files, read_note};

use super::output::{BAD, DOUBTFUL, Output, harmless, styled};
use super::{Outcome, index};
use crate::config::{Environment, Flags, Place, Problem, load};
use crate::quiz::{self, Bank, rules};

/// Look for mistakes in the notes, the questions and the settings
///
/// Each is printed as `file:line:col: level[code]: message`; what the notes and the question bank
/// hold follows. Exit code 1 if there is an error.
#[derive(Debug, clap::Args)]
pub(super) struct Check {
    /// The form of the report
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// Say what a code means and how to mend it, and look for nothing
    #[arg(long, value_name = "CODE")]
    explain: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// One line for each finding, and a summary
    Text,
    /// One JSON array of findings
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

/// What was found in all that could be looked at.
#[derive(Default)]
struct Report {
    findings: Vec<Finding>,
    survey: Survey,
    n_files: usize,
    bank: Option<Bank>,
}

pub(super) fn run(
    check: &Check,
    environment: &Environment,
    flags: &Flags,
    out: &mut Output,
) -> anyhow::Result<Outcome> {
    if let Some(code) = &check.explain {
        return explain::run(code, out);
    }
    let report = match load(environment, flags) {
        Ok(settings) => look(&settings.notes_dir, today())?,
        Err(rejected) => Report {
            findings: rejected.problems.into_iter().map(of_problem).collect(),
            ..Report::default()
        },
    };
    let findings = &report.findings;
    match check.format {
        Format::Text => {
            for finding in findings {
                writeln!(out, "{}", text_line(finding))?;
            }
            summary::write(&report, out)?;
        }
        Format::Json => writeln!(out, "{}", serde_json::to_string_pretty(findings)?)?,
        Format::Github => {
            for finding in findings {
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

#[expect(
    clippy::disallowed_methods,
    reason = "a command is an edge: questions are held against the day on which it runs"
)]
fn today() -> Date {
    Zoned::now().date()
}

/// Looks at the notes and the question bank.
fn look(notes_dir: &Path, today: Date) -> anyhow::Result<Report> {
    let mut survey = index::lint(notes_dir)?;
    let questions = question_files(notes_dir).context("cannot read the question bank")?;
    let (bank, mut found) = Bank::read(&questions.files);
    if let Some(bank) = &bank {
        let sections = linked_sections(bank, notes_dir);
        let section_text = |id: &str| sections.get(id).cloned();
        let is_there = |id: &str| survey.holds(id);
        found.extend(rules::check(bank, &is_there, &section_text, today));
    }
    found.sort_by(|a, b| a.place.cmp(&b.place));
    let of_notes = std::mem::take(&mut survey.warnings).into_iter();
    let odd = of_notes.chain(questions.warnings);
    let mut findings: Vec<Finding> = odd.map(|warning| of_warning(notes_dir, warning)).collect();
    findings.extend(
        found
            .into_iter()
            .map(|finding| of_question(notes_dir, finding)),
    );
    Ok(Report {
        findings,
        survey,
        n_files: questions.files.len(),
        bank,
    })
}

/// The text of each section that a question links to, with its headings. A section that is not
/// there is a broken link, and said elsewhere.
fn linked_sections(bank: &Bank, notes_dir: &Path) -> HashMap<String, String> {
    let mut texts: HashMap<String, String> = HashMap::new();
    let ids = bank.questions().iter().map(|q| q.section.as_str());
    let paths: std::collections::BTreeSet<&str> =
        ids.filter_map(|id| id.split('#').next()).collect();
    for path in paths {
        let Ok(note) = read_note(notes_dir, path) else {
            continue;
        };
        for section in &note.sections {
            let id = format!("{path}#{}", section.link_anchor());
            let text = texts.entry(id).or_insert_with(|| headings(section));
            text.push('\n');
            text.push_str(&section.body);
        }
    }
    texts
}

fn headings(section: &Section) -> String {
    section.heading_path.join("\n")
}

fn of_question(notes_dir: &Path, finding: quiz::Finding) -> Finding {
    let quiz::Finding {
        place,
        code,
        message,
    } = finding;
    Finding {
        file: notes_dir.join(place.path).display().to_string(),
        line: Some(place.line),
        column: Some(place.column),
        level: match code.is_error() {
            true => Level::Error,
            false => Level::Warning,
        },
        code: code.name(),
        message,
    }
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
