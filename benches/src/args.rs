//! What the command line asks for.

use std::env;
use std::path::PathBuf;

use anyhow::{Context as _, Result, bail, ensure};

pub(crate) const USAGE: &str = "\
Usage: cargo run --release -p studyhall-benches -- [OPTIONS]

  --mb 1,10,100     sizes of the made-up notes, in megabytes
  --notes FOLDER    measure on a copy of these notes instead
  --only PARTS      any of index,query,edit,start,parse,scores,backup,http,ready
  --work FOLDER     where notes and indexes are kept (default: bench beside the build)
  --json            one line of JSON for each group of rows

Exit codes: 0 every goal was met, 1 one was missed, or something could not be measured. What needs a tool
that this machine lacks is left out, which is said; it fails nothing.";

/// Something that can be measured on its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Index,
    Query,
    Edit,
    Start,
    Parse,
    Scores,
    Backup,
    Http,
    Ready,
}

impl Part {
    /// Whether it is measured on notes.
    pub(crate) fn has_notes(self) -> bool {
        match self {
            Self::Index | Self::Query | Self::Edit | Self::Start => true,
            Self::Parse | Self::Scores | Self::Backup | Self::Http | Self::Ready => false,
        }
    }
}

/// The command line, read.
#[derive(Debug)]
pub(crate) struct Args {
    pub(crate) sizes_mb: Vec<u64>,
    pub(crate) notes: Option<PathBuf>,
    pub(crate) parts: Vec<Part>,
    pub(crate) work: PathBuf,
    pub(crate) json: bool,
    pub(crate) help: bool,
}

/// Reads the command line, without the program's own name.
pub(crate) fn parse(given: &[String]) -> Result<Args> {
    let mut args = Args {
        sizes_mb: vec![1, 10, 100],
        notes: None,
        parts: vec![
            Part::Index,
            Part::Query,
            Part::Edit,
            Part::Start,
            Part::Parse,
            Part::Scores,
            Part::Backup,
            Part::Http,
            Part::Ready,
        ],
        work: work()?,
        json: false,
        help: false,
    };
    let mut given = given.iter();
    while let Some(option) = given.next() {
        let mut value = || {
            given
                .next()
                .with_context(|| format!("{option} needs a value"))
        };
        match option.as_str() {
            "--mb" => args.sizes_mb = value()?.split(',').map(size).collect::<Result<_>>()?,
            "--notes" => args.notes = Some(PathBuf::from(value()?)),
            "--only" => args.parts = value()?.split(',').map(part).collect::<Result<_>>()?,
            "--work" => args.work = PathBuf::from(value()?),
            "--json" => args.json = true,
            "--help" | "-h" => args.help = true,
            _ => bail!("no such option: {option}"),
        }
    }
    Ok(args)
}

fn size(text: &str) -> Result<u64> {
    let n_mb = text
        .parse()
        .with_context(|| format!("not a number of megabytes: {text}"))?;
    ensure!(
        (1..=10_000).contains(&n_mb),
        "1 to 10000 megabytes, not {n_mb}"
    );
    Ok(n_mb)
}

fn part(name: &str) -> Result<Part> {
    Ok(match name {
        "index" => Part::Index,
        "query" => Part::Query,
        "edit" => Part::Edit,
        "start" => Part::Start,
        "parse" => Part::Parse,
        "scores" => Part::Scores,
        "backup" => Part::Backup,
        "http" => Part::Http,
        "ready" => Part::Ready,
        _ => bail!("no such part: {name}"),
    })
}

/// The folder `bench` in the folder of cargo's builds, which this program stands two levels below.
fn work() -> Result<PathBuf> {
    let program = env::current_exe()?;
    let target = program
        .ancestors()
        .nth(2)
        .context("the program stands in no folder")?;
    Ok(target.join("bench"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<Args> {
        parse(
            &line
                .split_whitespace()
                .map(str::to_owned)
                .collect::<Vec<_>>(),
        )
    }

    #[test]
    fn options_choose_sizes_and_parts() {
        let args = parsed("--mb 2,30 --only query,parse --json").unwrap();
        assert_eq!(args.sizes_mb, [2, 30]);
        assert_eq!(args.parts, [Part::Query, Part::Parse]);
        assert!(args.json);
    }

    #[test]
    fn mistakes_are_named() {
        let mistake = |line| parsed(line).unwrap_err().to_string();
        assert_eq!(mistake("--mb ten"), "not a number of megabytes: ten");
        assert_eq!(mistake("--only speed"), "no such part: speed");
        assert_eq!(mistake("--notes"), "--notes needs a value");
        assert_eq!(mistake("--fast"), "no such option: --fast");
    }
}
