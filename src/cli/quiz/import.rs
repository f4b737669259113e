//! `studyhall quiz import`: questions from other formats, as a question file.

use std::fs::File;
use std::io::{Read, Write, stdin};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::builder::PossibleValue;

use crate::cli::Outcome;
use crate::cli::output::{Output, harmless, note};
use crate::quiz::Difficulty;
use crate::quiz::import::{FILE_MAX, Form, Format, Written, prefix, section, write};

const EXAMPLES: &str = "\
Formats:
  aiken    choices by letter, then ANSWER: B
  gift     Moodle's: multiple choice, also with weights, and true or false
  opentdb  the JSON of opentdb.com, in each of its encodings
  anki     notes exported as text: columns named question, option …, answer, explanation;
           or a front that lists choices as A) … and a back that begins with the right letter
  details  Markdown: a question, choices as - A. … or - [ ] …, the answer in <details>

What cannot become a question is listed on standard error as FILE:LINE with what to do about it.
Exit codes: 0 all questions were converted, 1 some were not, 2 none was.

Examples:
  studyhall quiz import exam.gift --topic queues > notes/quiz/queues.md
  studyhall quiz import deck.txt --format anki --section sqs.md#retention --prefix sqs
  curl -s 'https://opentdb.com/api.php?amount=10' | studyhall quiz import - --format opentdb";

/// Turn questions from another format into a question file, on standard output
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(super) struct Import {
    /// The file, or - for standard input
    file: PathBuf,
    /// Its format [default: what its name and its text say]
    #[arg(long)]
    format: Option<Format>,
    /// The topic of all questions [default: their categories, or else the file's name]
    #[arg(long, value_name = "NAME", value_parser = topic)]
    topic: Option<String>,
    /// What ids begin with
    #[arg(long, value_name = "WORD", value_parser = prefix)]
    prefix: Option<String>,
    /// The section of the notes that every explanation shall link to
    #[arg(long, value_name = "PATH#ANCHOR", value_parser = section)]
    section: Option<String>,
    /// How hard questions are that do not say so
    #[arg(long, value_name = "WORD", default_value = "medium", value_parser = difficulty)]
    difficulty: Difficulty,
}

impl clap::ValueEnum for Format {
    fn value_variants<'a>() -> &'a [Self] {
        &Self::ALL
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(self.name()))
    }
}

fn topic(text: &str) -> Result<String, String> {
    match text.contains(char::is_alphanumeric) && !text.contains(char::is_control) {
        true => Ok(text.trim().to_owned()),
        false => Err("a topic is a line with letters or digits, as queues".to_owned()),
    }
}

fn difficulty(text: &str) -> Result<Difficulty, String> {
    let mut all = Difficulty::ALL.into_iter();
    let known = all.find(|difficulty| difficulty.name() == text);
    known.ok_or_else(|| "the difficulty is easy, medium or hard".to_owned())
}

pub(super) fn run(import: &Import, out: &mut Output) -> anyhow::Result<Outcome> {
    let file = import.file.display();
    let text = text(&import.file)?;
    let extension = import
        .file
        .extension()
        .unwrap_or_default()
        .to_string_lossy();
    let format = import.format.or_else(|| Format::of(&extension, &text));
    let Some(format) = format else {
        let names: Vec<&str> = Format::ALL.iter().map(|format| format.name()).collect();
        let names = names.join("|");
        bail!("the format of {file} is not clear; say it with --format {names}");
    };
    let stem = import
        .file
        .file_stem()
        .unwrap_or_default()
        .to_string_lossy();
    let form = Form {
        topic: import.topic.clone(),
        topic_otherwise: stem.into_owned(),
        prefix: import.prefix.clone().unwrap_or_default(),
        section: import.section.clone(),
        difficulty: import.difficulty,
    };
    let Written {
        text,
        n_questions,
        problems,
    } = write(format.read(&text), &form);
    out.write_all(text.as_bytes())?;
    // The questions come first where both go to one terminal.
    out.flush()?;
    for problem in &problems {
        let message = harmless(&problem.message).replace('\n', " ");
        note(format_args!("{file}:{}: {message}", problem.line));
    }
    if n_questions == 0 && problems.is_empty() {
        let name = format.name();
        bail!("{file} holds no question in the format {name}; name another with --format");
    }
    let n_problems = problems.len();
    let questions = if n_questions == 1 {
        "question"
    } else {
        "questions"
    };
    note(format_args!(
        "{n_questions} {questions}, {n_problems} could not be converted."
    ));
    if n_questions > 0 && import.section.is_none() {
        note(
            "The explanations lack a link to the section that holds the answer, and `studyhall check` \
             will ask for it; --section PATH#ANCHOR writes one.",
        );
    }
    match (n_questions, n_problems) {
        (0, _) => bail!("no question of {file} could be converted"),
        (_, 0) => Ok(Outcome::Done),
        _ => Ok(Outcome::No),
    }
}

fn text(file: &Path) -> anyhow::Result<String> {
    let shown = file.display();
    let mut bytes = Vec::new();
    let max = FILE_MAX as u64 + 1;
    if file.as_os_str() == "-" {
        let read = stdin().lock().take(max).read_to_end(&mut bytes);
        read.context("cannot read standard input")?;
    } else {
        let opened = File::open(file).with_context(|| format!("cannot open {shown}"))?;
        let read = opened.take(max).read_to_end(&mut bytes);
        read.with_context(|| format!("cannot read {shown}"))?;
    }
    if bytes.len() > FILE_MAX {
        bail!(
            "{shown} is larger than {} MiB; import it in parts",
            FILE_MAX >> 20
        );
    }
    match String::from_utf8(bytes) {
        Ok(text) => Ok(text),
        Err(error) => {
            let good = &error.as_bytes()[..error.utf8_error().valid_up_to()];
            let line = good.iter().filter(|b| **b == b'\n').count() + 1;
            bail!("{shown} is not UTF-8 (see line {line}); save it as UTF-8 first")
        }
    }
}
