//! The index of studyhall, through its library and through its program.

use std::env;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context as _, Result, bail, ensure};
use studyhall_index::Index;

/// Indexes the notes into `folder`, until all of it is on disk.
pub(crate) fn index(notes: &Path, folder: &Path) -> Result<()> {
    let index = Index::open(folder)?;
    index.sync(notes, &|_| ())?;
    Ok(())
}

/// The release build of the program beside this one, brought up to date where cargo started us.
pub(crate) fn program() -> Result<Option<PathBuf>> {
    if let Some(cargo) = env::var_os("CARGO") {
        let status = Command::new(cargo)
            .args(["build", "--release", "--quiet", "--package", "studyhall"])
            .status()
            .context("cannot start cargo")?;
        ensure!(status.success(), "cargo could not build studyhall");
    }
    let program =
        env::current_exe()?.with_file_name(format!("studyhall{}", env::consts::EXE_SUFFIX));
    Ok(program.exists().then_some(program))
}

/// Runs the program once on these notes and says how long it took, in milliseconds.
pub(crate) fn run(program: &Path, notes: &Path, data: &Path, args: &[&str]) -> Result<f64> {
    let started = Instant::now();
    let output = Command::new(program)
        .args(args)
        .env("STUDYHALL_NOTES_DIR", notes)
        .env("STUDYHALL_DATA_DIR", data)
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("cannot start {}", program.display()))?;
    let wall_ms = started.elapsed().as_secs_f64() * 1e3;
    // 1 is the honest "no": an answer as well.
    if !matches!(output.status.code(), Some(0 | 1)) {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!(
            "studyhall {} ended with {}: {}",
            args.join(" "),
            output.status,
            said.trim()
        );
    }
    Ok(wall_ms)
}

/// Asks the system to forget the contents of every file below these; false where it cannot.
pub(crate) fn evict(paths: &[&Path]) -> Result<bool> {
    for path in paths {
        if path.is_dir() {
            for entry in fs::read_dir(path)? {
                if !evict(&[&entry?.path()])? {
                    return Ok(false);
                }
            }
            continue;
        }
        let mut input = OsStr::new("if=").to_owned();
        input.push(path);
        // With a count of nothing, dd does nothing but advise the system to drop the file.
        let done = Command::new("dd")
            .arg(input)
            .args(["iflag=nocache", "count=0"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        if !done.is_ok_and(|status| status.success()) {
            return Ok(false);
        }
    }
    Ok(true)
}
