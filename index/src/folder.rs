//! The folder of notes: which files are notes, and what they hold.

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use walkdir::WalkDir;

use crate::codes;
use crate::parse::decode;
use crate::section::Warning;
use crate::sync::NoteWarning;

/// Bytes of a note, at most. A larger file is passed over with a warning.
pub const NOTE_MAX: u64 = 64 * 1024 * 1024;
/// Notes in a folder, at most. Those beyond are passed over with a warning.
pub const NOTES_MAX: usize = 200_000;
/// Levels of folders below the notes folder that are read.
const DEPTH_MAX: usize = 32;
/// The folder of the question bank, which holds questions and no notes.
const QUIZ: &str = "quiz";

/// The files of a question bank.
#[derive(Debug, Default)]
pub struct QuestionFiles {
    /// Path below the notes folder and text of each, sorted by path.
    pub files: Vec<(String, String)>,
    /// What was passed over or is odd, and why.
    pub warnings: Vec<NoteWarning>,
}

/// The notes below a folder, and what was passed over.
#[derive(Debug, Default)]
pub(crate) struct Listing {
    /// Paths below the folder with `/` between the names, sorted.
    pub(crate) paths: Vec<String>,
    /// Folders that could not be read: nothing is known of the notes below them.
    pub(crate) unread: Vec<String>,
    /// What was passed over, and why.
    pub(crate) warnings: Vec<(String, Warning)>,
}

/// Lists the notes: regular files that end in `.md` or `.markdown`.
///
/// Links are not followed, hidden names and the question bank are not notes: nothing outside the
/// folder is ever read.
pub(crate) fn list(root: &Path) -> io::Result<Listing> {
    list_without(root, Some(QUIZ))
}

/// Lists the Markdown files, but for those in one folder.
fn list_without(root: &Path, left_out: Option<&str>) -> io::Result<Listing> {
    if !fs::metadata(root)?.is_dir() {
        return Err(io::Error::new(io::ErrorKind::NotADirectory, "not a folder"));
    }
    fs::read_dir(root)?;
    let mut listing = Listing::default();
    let mut entries = WalkDir::new(root)
        .min_depth(1)
        .max_depth(DEPTH_MAX)
        .into_iter();
    while let Some(entry) = entries.next() {
        let entry = match entry {
            Ok(entry) => entry,
            Err(error) => {
                let path = error.path().unwrap_or(root);
                listing.unread.extend(relative(root, path));
                let message = format!("cannot be read: {error}");
                listing.pass_over(root, path, codes::UNREADABLE, message);
                continue;
            }
        };
        let hidden = entry.file_name().as_encoded_bytes().starts_with(b".");
        let kind = entry.file_type();
        if kind.is_dir() {
            if hidden
                || (entry.depth() == 1 && left_out.is_some_and(|name| entry.file_name() == name))
            {
                entries.skip_current_dir();
            }
            continue;
        }
        if hidden || !is_note_name(entry.path()) {
            continue;
        }
        if !kind.is_file() {
            let message =
                "is a link or no regular file and is passed over; put the note itself here";
            listing.pass_over(root, entry.path(), codes::NOT_A_FILE, message.to_owned());
            continue;
        }
        match relative(root, entry.path()) {
            Some(_) if listing.paths.len() == NOTES_MAX => {
                let message = format!("is passed over: a folder may hold {NOTES_MAX} notes");
                listing.pass_over(root, entry.path(), codes::TOO_MANY_NOTES, message);
                break;
            }
            Some(path) => listing.paths.push(path),
            None => {
                let message = "has a name that is not UTF-8 and is passed over; rename it";
                listing.pass_over(root, entry.path(), codes::FILE_NAME, message.to_owned());
            }
        }
    }
    listing.paths.sort_unstable();
    Ok(listing)
}

/// Reads the question bank, which lies in the folder `quiz` of the notes folder: Markdown files, found
/// and bounded as notes are. Where there is no such folder there are no questions.
///
/// # Errors
/// The folder is there and cannot be read, or is a link.
pub fn question_files(notes: &Path) -> io::Result<QuestionFiles> {
    let folder = notes.join(QUIZ);
    match fs::symlink_metadata(&folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Ok(QuestionFiles::default());
        }
        Err(error) => return Err(error),
        Ok(kind) if !kind.is_dir() => {
            let message = "the question bank is a link or a file; put the folder itself here";
            return Err(io::Error::new(io::ErrorKind::NotADirectory, message));
        }
        Ok(_) => {}
    }
    let named = |path: String| format!("{QUIZ}/{path}");
    let listing = list_without(&folder, None)?;
    let mut found = QuestionFiles::default();
    for (path, warning) in listing.warnings {
        found
            .warnings
            .push(NoteWarning::from((named(path), warning)));
    }
    for path in listing.paths {
        match read(&folder, &path) {
            Err(error) => {
                let message = format!("cannot be read: {error}");
                let warning = Warning::of_file(codes::UNREADABLE, message);
                found
                    .warnings
                    .push(NoteWarning::from((named(path), warning)));
            }
            Ok(bytes) => {
                let (text, warning) = decode(&bytes);
                let warning =
                    warning.map(|warning| NoteWarning::from((named(path.clone()), warning)));
                found.warnings.extend(warning);
                found.files.push((named(path), text.into_owned()));
            }
        }
    }
    Ok(found)
}

impl Listing {
    /// Whether a note with this path may be there unseen.
    pub(crate) fn may_hide(&self, path: &str) -> bool {
        let below = |folder: &String| {
            let rest = path.strip_prefix(folder.as_str());
            folder.is_empty() || rest.is_some_and(|rest| rest.starts_with('/'))
        };
        self.unread.iter().any(below)
    }

    fn pass_over(&mut self, root: &Path, path: &Path, code: &'static str, message: String) {
        let path = path.strip_prefix(root).unwrap_or(path);
        let warning = Warning::of_file(code, message);
        self.warnings
            .push((path.to_string_lossy().into_owned(), warning));
    }
}

/// The path by which the index knows the note that lies in this file, or none where the file is
/// no note of the folder: another ending, a hidden name, the question bank, outside.
#[must_use]
pub fn note_path(root: &Path, file: &Path) -> Option<String> {
    let path = relative(root, file)?;
    let hidden = path.split('/').any(|name| name.starts_with('.'));
    (!hidden && is_note_path(&path)).then_some(path)
}

/// Whether a file with this path below the notes folder would be a note, were it there.
pub(crate) fn is_note_path(path: &str) -> bool {
    let in_quiz = path.split_once('/').is_some_and(|(first, _)| first == QUIZ);
    is_note_name(Path::new(path)) && !in_quiz
}

/// Whether a file of this name is a note.
fn is_note_name(path: &Path) -> bool {
    path.extension().is_some_and(|extension| {
        extension.eq_ignore_ascii_case("md") || extension.eq_ignore_ascii_case("markdown")
    })
}

/// A note's path below the folder, with `/` between the names.
fn relative(root: &Path, path: &Path) -> Option<String> {
    let names: Option<Vec<&str>> = path
        .strip_prefix(root)
        .ok()?
        .iter()
        .map(|name| name.to_str())
        .collect();
    Some(names?.join("/"))
}

/// Reads a note.
///
/// # Errors
/// The file cannot be read, is no regular file, is reached through a link, or is larger than
/// [`NOTE_MAX`].
pub(crate) fn read(root: &Path, path: &str) -> io::Result<Vec<u8>> {
    let file = open(root, path)?;
    let kind = file.metadata()?;
    if !kind.is_file() {
        return Err(io::Error::other("is no regular file"));
    }
    if kind.len() > NOTE_MAX {
        return Err(io::Error::new(
            io::ErrorKind::FileTooLarge,
            format!(
                "is {} MiB large; a note may have {} MiB: cut it into several files",
                kind.len() >> 20,
                NOTE_MAX >> 20
            ),
        ));
    }
    let mut bytes = Vec::with_capacity(usize::try_from(kind.len()).unwrap_or(0) + 1);
    file.take(NOTE_MAX).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Opens a note, folder by folder, so that none of them can become a link on the way. What is no
/// regular file is not waited for.
#[cfg(unix)]
fn open(root: &Path, path: &str) -> io::Result<fs::File> {
    use rustix::fs::{Mode, OFlags, open, openat};
    let to_read = OFlags::RDONLY | OFlags::CLOEXEC;
    let to_follow = to_read | OFlags::NOFOLLOW;
    let mut names = path.split('/');
    let name = names.next_back().unwrap_or(path);
    let mut folder = open(root, to_read | OFlags::DIRECTORY, Mode::empty())?;
    for name in names {
        folder = openat(&folder, name, to_follow | OFlags::DIRECTORY, Mode::empty())?;
    }
    let note = openat(&folder, name, to_follow | OFlags::NONBLOCK, Mode::empty())?;
    Ok(note.into())
}

#[cfg(not(unix))]
fn open(root: &Path, path: &str) -> io::Result<fs::File> {
    let file = file_of(root, path);
    match fs::symlink_metadata(&file)?.is_file() {
        true => fs::File::open(&file),
        false => Err(io::Error::other("is no regular file")),
    }
}

/// Whether a note with this path lies in the folder itself, reached through no link.
pub(crate) fn is_there(root: &Path, path: &str) -> bool {
    let file = file_of(root, path);
    if note_path(root, &file).as_deref() != Some(path) {
        return false;
    }
    let folders = file.ancestors().skip(1);
    let is_folder = |folder: &Path| fs::symlink_metadata(folder).is_ok_and(|kind| kind.is_dir());
    folders.take_while(|folder| *folder != root).all(is_folder)
        && fs::symlink_metadata(&file).is_ok_and(|kind| kind.is_file())
}

/// Where the note with this path lies.
fn file_of(root: &Path, path: &str) -> PathBuf {
    let mut file = root.to_path_buf();
    file.extend(path.split('/'));
    file
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_question_bank_is_read_beside_the_notes() {
        let root = tempfile::tempdir().unwrap();
        let found = question_files(root.path()).unwrap();
        assert_eq!((found.files.len(), found.warnings.len()), (0, 0));
        write(root.path(), "quiz/quiz/b.md", "two");
        write(root.path(), "quiz/a/c.md", "one");
        fs::write(root.path().join("quiz/d.md"), b"\xff").unwrap();
        let found = question_files(root.path()).unwrap();
        let paths: Vec<&str> = found.files.iter().map(|(path, _)| path.as_str()).collect();
        assert_eq!(paths, ["quiz/a/c.md", "quiz/d.md", "quiz/quiz/b.md"]);
        assert_eq!(found.warnings[0].path, "quiz/d.md");
    }

    fn write(root: &Path, path: &str, text: &str) {
        let file = file_of(root, path);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
    }

    #[test]
    fn only_notes_are_listed() {
        let root = tempfile::tempdir().unwrap();
        for path in [
            "b.md",
            "a/c.MD",
            "d.txt",
            ".git/e.md",
            ".hidden.md",
            "quiz/f.md",
            "a/quiz/g.md",
        ] {
            write(root.path(), path, "# x");
        }
        let listing = list(root.path()).unwrap();
        assert_eq!(listing.paths, ["a/c.MD", "a/quiz/g.md", "b.md"]);
        assert_eq!(listing.warnings, []);
    }

    #[cfg(unix)]
    #[test]
    fn nothing_outside_is_read() {
        use std::os::unix::fs::symlink;
        let outside = tempfile::tempdir().unwrap();
        write(outside.path(), "secret.md", "# secret");
        let root = tempfile::tempdir().unwrap();
        symlink(outside.path(), root.path().join("out")).unwrap();
        symlink(outside.path().join("secret.md"), root.path().join("s.md")).unwrap();
        symlink(root.path(), root.path().join("loop")).unwrap();
        let listing = list(root.path()).unwrap();
        assert_eq!(listing.paths, Vec::<String>::new());
        assert_eq!(listing.warnings.len(), 1, "{:?}", listing.warnings);
        assert!(read(root.path(), "s.md").is_err());
    }

    #[cfg(unix)]
    #[test]
    fn a_folder_that_becomes_a_link_leads_nowhere() {
        use std::os::unix::fs::symlink;
        let outside = tempfile::tempdir().unwrap();
        write(outside.path(), "a.md", "# secret");
        let root = tempfile::tempdir().unwrap();
        write(root.path(), "here/there/a.md", "# a");
        let listing = list(root.path()).unwrap();
        assert_eq!(listing.paths, ["here/there/a.md"]);
        assert_eq!(read(root.path(), &listing.paths[0]).unwrap(), b"# a");
        fs::remove_dir_all(root.path().join("here/there")).unwrap();
        symlink(outside.path(), root.path().join("here/there")).unwrap();
        assert!(read(root.path(), &listing.paths[0]).is_err());
    }

    #[test]
    fn notes_below_an_unread_folder_may_be_there() {
        let listing = Listing {
            unread: vec!["a/b".to_owned()],
            ..Listing::default()
        };
        assert!(listing.may_hide("a/b/c.md"));
        assert!(!listing.may_hide("a/bc.md"));
        assert!(!listing.may_hide("a.md"));
    }

    #[test]
    fn a_folder_that_is_not_there_is_an_error() {
        let root = tempfile::tempdir().unwrap();
        assert!(list(&root.path().join("none")).is_err());
        write(root.path(), "file.md", "");
        assert!(list(&root.path().join("file.md")).is_err());
    }
}
