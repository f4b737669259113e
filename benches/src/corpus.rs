//! The notes that are measured: made up, or copied from a folder.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};

use crate::{generate, sections};

/// A folder of notes and a folder for what the benchmarks make of it.
#[derive(Debug)]
pub(crate) struct Corpus {
    pub(crate) name: String,
    pub(crate) notes: PathBuf,
    /// Indexes, databases and questions.
    pub(crate) work: PathBuf,
    pub(crate) n_bytes: u64,
    pub(crate) n_notes: usize,
    pub(crate) n_sections: usize,
}

/// Made-up notes of `n_mb` megabytes. They are written once and kept below `work`.
pub(crate) fn generated(n_mb: u64, work: &Path) -> Result<Corpus> {
    let work = work.join(format!("{n_mb}mb-v{}", generate::VERSION));
    let notes = work.join("notes");
    if !notes.exists() {
        let unfinished = work.join("notes.unfinished");
        clear(&unfinished)?;
        generate::write(&unfinished, n_mb * 1_000_000)?;
        fs::rename(&unfinished, &notes)?;
    }
    measured(format!("generated notes, {n_mb} MB"), notes, work)
}

/// The notes in `folder`, copied below `work`, for the benchmarks edit them.
pub(crate) fn copied(folder: &Path, work: &Path) -> Result<Corpus> {
    let work = work.join("folder");
    let copy = work.join("notes");
    clear(&copy)?;
    for note in notes(folder)? {
        let to = copy.join(note.strip_prefix(folder)?);
        fs::create_dir_all(to.parent().context("a note stands in a folder")?)?;
        fs::copy(&note, &to).with_context(|| format!("cannot copy {}", note.display()))?;
    }
    measured(format!("notes in {}", folder.display()), copy, work)
}

/// The Markdown files below `folder`, by name. Links are not followed.
pub(crate) fn notes(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let entries = fs::read_dir(&folder)
            .with_context(|| format!("cannot read the folder {}", folder.display()))?;
        for entry in entries {
            let entry = entry?;
            let kind = entry.file_type()?;
            let path = entry.path();
            if kind.is_dir() {
                folders.push(path);
            } else if kind.is_file() && path.extension().is_some_and(|ending| ending == "md") {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

/// A note's path below the folder, with `/` between the names.
pub(crate) fn name(notes: &Path, note: &Path) -> Result<String> {
    let names: Option<Vec<_>> = note
        .strip_prefix(notes)?
        .iter()
        .map(OsStr::to_str)
        .collect();
    Ok(names.context("a note's name is no UTF-8")?.join("/"))
}

/// A note's text, whatever its bytes are.
pub(crate) fn read(note: &Path) -> Result<String> {
    let bytes = fs::read(note).with_context(|| format!("cannot read {}", note.display()))?;
    Ok(String::from_utf8(bytes)
        .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()))
}

/// Removes a folder that may not exist.
pub(crate) fn clear(folder: &Path) -> Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot remove {}", folder.display()))
        }
        _ => Ok(()),
    }
}

fn measured(name: String, folder: PathBuf, work: PathBuf) -> Result<Corpus> {
    let mut n_bytes = 0;
    let mut n_sections = 0;
    let notes = notes(&folder)?;
    for note in &notes {
        let text = read(note)?;
        n_bytes += text.len() as u64;
        sections::split(&text, &mut |_| n_sections += 1);
    }
    ensure!(n_sections > 0, "no Markdown files in {name}");
    Ok(Corpus {
        name,
        notes: folder,
        work,
        n_bytes,
        n_notes: notes.len(),
        n_sections,
    })
}
