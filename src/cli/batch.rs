//! `studyhall ask --batch`: JSON lines in, JSON lines out, in the same order.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::Path;

use anyhow::{Context, bail};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use studyhall_index::Index;

use super::machine::{Answer, Explain};
use super::output::{Output, note};
use super::{Outcome, ask};

/// Bytes of one line, at most: a question of the greatest length, in any spelling of JSON.
const LINE_MAX: usize = 128 * 1024;

/// A line of the input.
#[derive(Deserialize)]
struct Line {
    #[serde(default)]
    id: Value,
    query: String,
}

/// What stands in the place of an answer.
#[derive(Serialize)]
struct Failed<'a> {
    id: &'a Value,
    error: String,
}

/// The lines of a file, or of standard input for `-`.
pub(super) fn open(file: &Path) -> anyhow::Result<Box<dyn BufRead>> {
    if file.as_os_str() == "-" {
        return Ok(Box::new(io::stdin().lock()));
    }
    let opened = File::open(file).with_context(|| format!("cannot open {}", file.display()))?;
    Ok(Box::new(BufReader::new(opened)))
}

/// Answers each line. A line that cannot be answered becomes `{"id", "error"}` in its place, and
/// the command ends with the honest "no".
pub(super) fn run(
    mut input: Box<dyn BufRead>,
    index: &Index,
    n: usize,
    explain: Explain,
    out: &mut Output,
) -> anyhow::Result<Outcome> {
    let mut n_errors = 0;
    let mut bytes = Vec::new();
    for number in 1.. {
        if !next_line(&mut input, &mut bytes)? {
            break;
        }
        if bytes.trim_ascii().is_empty() {
            continue;
        }
        let mut id = Value::Null;
        if let Err(error) = answer(&bytes, index, n, explain, &mut id, out) {
            if error.is::<io::Error>() {
                return Err(error);
            }
            n_errors += 1;
            let error = format!("line {number}: {error:#}");
            writeln!(
                out,
                "{}",
                serde_json::to_string(&Failed { id: &id, error })?
            )?;
        }
        // Whoever feeds line by line may be waiting for this one.
        out.flush()?;
    }
    if n_errors == 0 {
        return Ok(Outcome::Done);
    }
    note(format_args!("{n_errors} lines could not be answered."));
    Ok(Outcome::No)
}

fn answer(
    bytes: &[u8],
    index: &Index,
    n: usize,
    explain: Explain,
    id: &mut Value,
    out: &mut Output,
) -> anyhow::Result<()> {
    if bytes.len() > LINE_MAX {
        bail!("longer than {LINE_MAX} bytes");
    }
    // The id is echoed even where the rest of the line does not fit.
    let value: Value = serde_json::from_slice(bytes).context("not JSON")?;
    *id = value.get("id").cloned().unwrap_or_default();
    let line: Line = serde_json::from_value(value).context("not an object with a `query`")?;
    let question = ask::acceptable(&line.query)?;
    let found = index.search(question, None, n)?;
    let answer = Answer::new(&line.query, &found, explain).with_id(&line.id);
    let text = serde_json::to_string(&answer)?;
    writeln!(out, "{text}")?;
    Ok(())
}

/// Reads one line into `bytes`, of a line that is too long only the beginning. False at the end.
fn next_line(input: &mut dyn BufRead, bytes: &mut Vec<u8>) -> anyhow::Result<bool> {
    bytes.clear();
    let room = LINE_MAX as u64 + 1;
    let n_read = input
        .take(room)
        .read_until(b'\n', bytes)
        .context("cannot read the questions")?;
    if n_read as u64 == room && bytes.last() != Some(&b'\n') {
        input
            .skip_until(b'\n')
            .context("cannot read the questions")?;
    }
    Ok(n_read > 0)
}
