//! What is odd in a folder of notes, without building anything.

use std::path::Path;

use crate::folder;
use crate::index::IndexError;
use crate::parse::{decode, parse};
use crate::sync::{NoteWarning, unreadable};

/// Reads every note of the folder and says what is odd, by path and line.
///
/// # Errors
/// [`IndexError::Notes`] where the folder of notes cannot be read.
pub fn lint(notes: &Path) -> Result<Vec<NoteWarning>, IndexError> {
    let listing = folder::list(notes).map_err(|source| IndexError::Notes {
        folder: notes.to_path_buf(),
        source,
    })?;
    let mut warnings: Vec<NoteWarning> = listing
        .warnings
        .into_iter()
        .map(NoteWarning::from)
        .collect();
    for path in listing.paths {
        match folder::read(notes, &path) {
            Err(error) => warnings.push(unreadable(&path, &error)),
            Ok(bytes) => {
                let (text, warning) = decode(&bytes);
                let found = warning.into_iter().chain(parse(&path, &text).warnings);
                warnings.extend(found.map(|warning| NoteWarning::from((path.clone(), warning))));
            }
        }
    }
    warnings.sort_by(|a, b| (&a.path, a.warning.line).cmp(&(&b.path, b.warning.line)));
    Ok(warnings)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn what_is_odd_is_named_by_note_and_line() {
        let notes = tempfile::tempdir().unwrap();
        fs::write(notes.path().join("b.md"), b"# Odd\n\n\xff\n").unwrap();
        fs::write(notes.path().join("a.md"), "# Fence\n\n```\nnever closed\n").unwrap();
        fs::write(notes.path().join("c.md"), "# Fine\n\nText.\n").unwrap();
        let found = lint(notes.path()).unwrap();
        let places: Vec<(&str, u32)> = found
            .iter()
            .map(|w| (w.path.as_str(), w.warning.line))
            .collect();
        assert_eq!(places, [("a.md", 3), ("b.md", 3)], "{found:?}");
        assert!(lint(&notes.path().join("none")).is_err());
    }
}
