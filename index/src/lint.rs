//! What is odd in a folder of notes, without building anything.

use std::collections::BTreeSet;
use std::io;
use std::path::Path;

use crate::codes::BROKEN_LINK;
use crate::folder;
use crate::index::IndexError;
use crate::links::{self, Target};
use crate::parse::{decode, lines, parse};
use crate::section::{Note, Warning};
use crate::sync::{NoteWarning, unreadable};

/// Links between notes that are looked after in one folder, at most.
const LINKS_MAX: usize = 1_000_000;

/// What a folder of notes holds, and what is odd about it.
#[derive(Debug, Default)]
pub struct Survey {
    /// Notes that could be read.
    pub n_notes: usize,
    /// Their sections.
    pub n_sections: usize,
    /// What is odd, by path and line.
    pub warnings: Vec<NoteWarning>,
    /// What a link may name: `path` and `path#anchor`.
    targets: BTreeSet<String>,
}

impl Survey {
    /// Whether there is such a note (`path`) or section (`path#anchor`).
    #[must_use]
    pub fn holds(&self, target: &str) -> bool {
        self.targets.contains(target)
    }

    fn take_in(&mut self, note: &Note, text: &str) {
        self.n_notes += 1;
        self.n_sections += note.sections.len();
        self.targets.insert(note.path.clone());
        let path = &note.path;
        for section in &note.sections {
            self.targets
                .insert(format!("{path}#{}", section.link_anchor()));
        }
        for anchor in links::set_anchors(text) {
            self.targets.insert(format!("{path}#{anchor}"));
        }
    }
}

/// A link from a note to another, to be looked after once all notes are known.
struct Promise {
    path: String,
    line: u32,
    column: u32,
    target: Target,
}

/// Reads every note of the folder and says what is odd.
///
/// # Errors
/// [`IndexError::Notes`] where the folder of notes cannot be read.
pub fn lint(notes: &Path) -> Result<Survey, IndexError> {
    let listing = folder::list(notes).map_err(|source| IndexError::Notes {
        folder: notes.to_path_buf(),
        source,
    })?;
    let mut survey = Survey {
        warnings: listing
            .warnings
            .into_iter()
            .map(NoteWarning::from)
            .collect(),
        ..Survey::default()
    };
    let mut promises = Vec::new();
    for path in listing.paths {
        match folder::read(notes, &path) {
            Err(error) => survey.warnings.push(unreadable(&path, &error)),
            Ok(bytes) => {
                let (text, warning) = decode(&bytes);
                let text = lines::normalise(&text);
                let mut note = parse(&path, &text);
                survey.take_in(&note, &text);
                let found = warning
                    .into_iter()
                    .chain(std::mem::take(&mut note.warnings));
                let named = found.map(|warning| NoteWarning::from((path.clone(), warning)));
                survey.warnings.extend(named);
                promise(&path, &text, &mut promises);
            }
        }
    }
    let broken = promises
        .into_iter()
        .filter_map(|link| broken(link, &survey));
    let broken: Vec<NoteWarning> = broken.collect();
    survey.warnings.extend(broken);
    let place = |w: &NoteWarning| (w.path.clone(), w.warning.line, w.warning.column);
    survey.warnings.sort_by_key(place);
    Ok(survey)
}

/// Gathers the links of one note that lead to notes or out of the folder.
fn promise(path: &str, text: &str, promises: &mut Vec<Promise>) {
    let mut counter = lines::LineCounter::new(text);
    for link in links::links(text) {
        let target = links::target(path, &link.address);
        if target != Target::Elsewhere && promises.len() < LINKS_MAX {
            promises.push(Promise {
                path: path.to_owned(),
                line: counter.line(link.start),
                column: counter.column(link.start),
                target,
            });
        }
    }
}

fn broken(link: Promise, survey: &Survey) -> Option<NoteWarning> {
    let message = match &link.target {
        Target::Elsewhere => return None,
        Target::Outside => "this link leads out of the notes folder; nothing there is read".into(),
        Target::Note(target) if survey.holds(target) => return None,
        Target::Note(target) => match target.split_once('#') {
            Some((note, anchor)) if survey.holds(note) => {
                format!("no heading of {note} has the anchor #{anchor}")
            }
            _ => format!(
                "there is no note {}",
                target.split('#').next().unwrap_or(target)
            ),
        },
    };
    let warning = Warning {
        line: link.line,
        column: link.column,
        code: BROKEN_LINK,
        message,
    };
    Some(NoteWarning::from((link.path, warning)))
}

/// Reads one note of the folder, for those who need its text.
///
/// # Errors
/// The file cannot be read, or is no note that may be read.
pub fn read_note(notes: &Path, path: &str) -> io::Result<Note> {
    let bytes = folder::read(notes, path)?;
    Ok(parse(path, &decode(&bytes).0))
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
            .warnings
            .iter()
            .map(|w| (w.path.as_str(), w.warning.line))
            .collect();
        assert_eq!(places, [("a.md", 3), ("b.md", 3)], "{found:?}");
        assert_eq!((found.n_notes, found.n_sections), (3, 3));
        assert!(lint(&notes.path().join("none")).is_err());
    }

    /// Lints a note beside one that has the sections `t`, `x` twice, and an anchor set by HTML.
    #[track_caller]
    fn check(text: &str, expected: &[&str]) {
        let notes = tempfile::tempdir().unwrap();
        let other = "# T\n\n## X\n\na\n\n## Y\n\nb\n\n### X\n\n<a id=\"own\"></a>\n";
        fs::write(notes.path().join("t.md"), other).unwrap();
        fs::create_dir(notes.path().join("in")).unwrap();
        fs::write(notes.path().join("in/n.md"), text).unwrap();
        let warnings = lint(notes.path()).unwrap().warnings;
        let shown: Vec<String> = warnings
            .into_iter()
            .map(|NoteWarning { warning: w, .. }| {
                format!("{}:{} {}: {}", w.line, w.column, w.code, w.message)
            })
            .collect();
        assert_eq!(shown, expected);
    }

    #[test]
    fn links_lead_somewhere() {
        check(
            "# N\n\n[a](../t.md) [b](../t.md#x-1 \"t\") [c](#n) [d](../t.md#own) ![e](no.png)\n\
             [f](https://a.example/x.md) [g](file.zip)\n",
            &[],
        );
        check(
            "# N\n\nA [a](../t.md#z) and\n[b](t.md) and [c](../../u.md).\n",
            &[
                "3:3 broken-link: no heading of t.md has the anchor #z",
                "4:1 broken-link: there is no note in/t.md",
                "4:15 broken-link: this link leads out of the notes folder; nothing there is read",
            ],
        );
    }
}
