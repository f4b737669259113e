//! The command line: results on standard output, everything else on standard error.

mod ask;
mod backup;
mod batch;
mod check;
mod config;
mod doctor;
mod eval;
mod failure;
mod gaps;
mod healthcheck;
mod index;
mod logs;
mod machine;
mod migrate_store;
mod output;
mod person;
mod quiz;
mod rehearse;
mod serve;
mod store;

use std::ffi::OsString;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, CommandFactory, Parser, Subcommand};

use crate::config::{Environment, Flags, LOG_VARIABLE, Settings, load};
use output::Output;

const EXAMPLES: &str = "\
Examples:
  studyhall ask what is the difference between EBS and EFS
  studyhall --notes-dir ~/wiki ask --json \"default visibility timeout\"
  studyhall rehearse
  studyhall config

Settings come from studyhall.toml, then from STUDYHALL_… in the environment, then from flags.
Exit codes: 0 done, 1 an honest no (no answer found, errors in the notes), 2 it could not run.";

/// Answers questions from a folder of Markdown notes, in the terminal and in Discord.
#[derive(Debug, Parser)]
#[command(name = "studyhall", version, after_help = EXAMPLES, propagate_version = false)]
struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

/// Flags that every command takes.
#[derive(Args, Debug)]
struct Global {
    /// Settings file [default: studyhall.toml, if there is one]
    #[arg(long, global = true, help_heading = "Settings", value_name = "FILE")]
    config: Option<PathBuf>,
    /// Folder of Markdown notes [default: notes]
    #[arg(long, global = true, help_heading = "Settings", value_name = "DIR")]
    notes_dir: Option<PathBuf>,
    /// Folder for what is written at run time [default: .studyhall]
    #[arg(long, global = true, help_heading = "Settings", value_name = "DIR")]
    data_dir: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Answer a question from the notes
    Ask(ask::Ask),
    /// Bring the built index up to date with the notes
    Index(index::Index),
    /// Measure answers on judged questions
    Eval(eval::Eval),
    /// Talk with the bot in the terminal: the same stories and words as in Discord, no token
    Rehearse(rehearse::Rehearse),
    /// Serve on Discord
    Serve(serve::Serve),
    /// List what the notes failed to answer
    Gaps(gaps::Gaps),
    /// Look ahead at the daily questions
    Quiz(quiz::Quiz),
    /// Look for mistakes in the notes and the settings
    Check(check::Check),
    /// Look at everything that the bot needs, and say how to mend what is wrong
    Doctor(doctor::Doctor),
    /// Ask the bot that runs here whether it is well
    Healthcheck(healthcheck::Healthcheck),
    /// Copy the scores to a file, while the bot runs
    Backup(backup::Backup),
    /// Put the scores of a backup in the place of the present ones
    Restore(backup::Restore),
    /// Give out or forget what is kept about one person
    Person(person::Person),
    /// Copy the scores from their file to PostgreSQL
    MigrateStore(migrate_store::MigrateStore),
    /// Show every setting, its value and where that comes from
    Config(config::Config),
    /// Print a completion script for a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
}

/// How a command ended, when it could run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    /// It did what it was asked.
    Done,
    /// The honest "no": no answer found, errors found.
    No,
    /// The bot says itself what the process should exit with.
    Exit(u8),
}

impl From<Outcome> for ExitCode {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Done => Self::SUCCESS,
            Outcome::No => Self::FAILURE,
            Outcome::Exit(code) => Self::from(code),
        }
    }
}

/// Why the bot does not start where Discord is to post events.
const NO_KEY: &str = "`discord.transport = \"http\"` needs `discord.public_key`: the application's \
                      public key, as Discord's developer portal shows it under General Information";

/// The exit code of a command that could not run.
const COULD_NOT_RUN: u8 = 2;

/// Runs the command that `arguments` name, with the variables of `environment`.
#[must_use]
pub fn main(
    arguments: impl IntoIterator<Item = OsString>,
    environment: impl IntoIterator<Item = (OsString, OsString)>,
) -> ExitCode {
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(error) => {
            // Help that nobody reads to its end is no fault.
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(COULD_NOT_RUN));
        }
    };
    let mut out = Output::stdout();
    let environment = Environment::of(environment);
    let ended = run(cli, &environment, &mut out).and_then(|outcome| {
        out.flush()?;
        Ok(outcome)
    });
    match ended {
        Ok(outcome) => outcome.into(),
        Err(error) if output::is_closed(&error) => ExitCode::SUCCESS,
        Err(error) => {
            failure::report(&error);
            ExitCode::from(COULD_NOT_RUN)
        }
    }
}

fn run(cli: Cli, environment: &Environment, out: &mut Output) -> anyhow::Result<Outcome> {
    let flags = Flags {
        config: cli.global.config,
        notes_dir: cli.global.notes_dir,
        data_dir: cli.global.data_dir,
    };
    let logging = |level: &str| -> anyhow::Result<Settings> {
        let settings = load(environment, &flags)?;
        logs::start(environment.get(LOG_VARIABLE), level, settings.log.format)?;
        Ok(settings)
    };
    let settings = || logging(logs::QUIET);
    match cli.command {
        Command::Ask(ask) => ask::run(&ask, &settings()?, out),
        Command::Index(index) => index::run(&index, &settings()?, out),
        Command::Eval(eval) => eval::run(&eval, &settings()?, out),
        Command::Rehearse(_) => rehearse::run(&settings()?),
        Command::Serve(_) => serve::run(&logging(logs::SERVING)?, environment),
        Command::Gaps(gaps) => gaps::run(&gaps, &settings()?, out),
        Command::Quiz(quiz) => quiz::run(&quiz, &settings()?, out),
        Command::Check(check) => check::run(&check, environment, &flags, out),
        Command::Doctor(doctor) => doctor::run(&doctor, environment, &flags, out),
        Command::Healthcheck(check) => healthcheck::run(&check, &settings()?, out),
        Command::Backup(backup) => backup::run(&backup, &settings()?, out),
        Command::Restore(restore) => backup::restore(&restore, &settings()?, out),
        Command::Person(person) => person::run(&person, &settings()?, out),
        Command::MigrateStore(migrate) => migrate_store::run(&migrate, &settings()?, out),
        Command::Config(config) => config::run(&config, &settings()?, out),
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "studyhall", &mut script);
            out.write_all(&script)?;
            Ok(Outcome::Done)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }
}
