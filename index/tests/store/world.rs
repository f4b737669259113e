//! A folder of notes with its index, and what ought to be in it.

use std::fs;
use std::path::{Path, PathBuf};

use studyhall_index::{Found, Index, Section, Synced, decode, parse};
use tempfile::TempDir;

/// A folder of notes, and beside it a folder for the index.
pub(crate) struct World {
    pub(crate) root: TempDir,
}

impl World {
    pub(crate) fn new(notes: &[(&str, &str)]) -> Self {
        let root = TempDir::new().expect("a temporary folder");
        let world = Self { root };
        fs::create_dir(world.notes()).expect("a notes folder");
        for (path, text) in notes {
            world.write(path, text);
        }
        world
    }

    pub(crate) fn notes(&self) -> PathBuf {
        self.root.path().join("notes")
    }

    pub(crate) fn folder(&self) -> PathBuf {
        self.root.path().join("index")
    }

    pub(crate) fn file(&self, path: &str) -> PathBuf {
        self.notes().join(path)
    }

    pub(crate) fn write(&self, path: &str, text: &str) {
        let file = self.file(path);
        fs::create_dir_all(file.parent().expect("a folder")).expect("folders can be made");
        fs::write(file, text).expect("a note can be written");
    }

    pub(crate) fn remove(&self, path: &str) {
        fs::remove_file(self.file(path)).expect("a note can be removed");
    }

    pub(crate) fn open(&self) -> Index {
        Index::open(&self.folder()).expect("the index opens")
    }

    /// The index, up to date.
    pub(crate) fn built(&self) -> Index {
        let index = self.open();
        self.sync(&index);
        index
    }

    pub(crate) fn sync(&self, index: &Index) -> Synced {
        index.sync(&self.notes(), &|_| ()).expect("a sync succeeds")
    }

    pub(crate) fn rebuild(&self, index: &Index) -> Synced {
        index
            .rebuild(&self.notes(), &|_| ())
            .expect("a rebuild succeeds")
    }

    /// The names of the builds on disk.
    pub(crate) fn builds(&self) -> Vec<String> {
        let mut builds: Vec<String> = files_of(&self.folder())
            .into_iter()
            .filter(|file| file.is_dir())
            .map(|folder| name_of(&folder))
            .collect();
        builds.sort();
        builds
    }

    /// The folder of the one build on disk.
    pub(crate) fn build(&self) -> PathBuf {
        let builds = self.builds();
        assert_eq!(builds.len(), 1, "{builds:?}");
        self.folder().join(&builds[0])
    }

    /// What the index ought to hold: the sections of all the notes as they lie there now.
    pub(crate) fn expected(&self) -> Vec<Section> {
        let mut sections = Vec::new();
        self.parse_below(&self.notes(), &mut sections);
        sorted(sections)
    }

    fn parse_below(&self, folder: &Path, sections: &mut Vec<Section>) {
        for file in files_of(folder) {
            if file.is_dir() {
                self.parse_below(&file, sections);
                continue;
            }
            let path = file.strip_prefix(self.notes()).expect("a path of a note");
            let path = path.to_str().expect("a path in UTF-8").replace('\\', "/");
            let bytes = fs::read(&file).expect("a note can be read");
            sections.extend(parse(&path, &decode(&bytes).0).sections);
        }
    }

    #[track_caller]
    pub(crate) fn check(&self, index: &Index) {
        let (held, expected) = (held(index), self.expected());
        assert_eq!(lines(&held), lines(&expected));
        assert_eq!(held, expected);
        assert_eq!(index.n_sections(), expected.len());
    }
}

/// Every section that the index holds, by id.
pub(crate) fn held(index: &Index) -> Vec<Section> {
    let names = index.suggest("", usize::MAX);
    let section = |key| index.section(key).expect("the index can be read");
    let placed = names.iter().map(|name| section(name.key));
    let sections = placed.map(|placed| placed.expect("each name resolves").section);
    sorted(sections.collect())
}

/// Sections by id, without what the index does not keep.
pub(crate) fn sorted(mut sections: Vec<Section>) -> Vec<Section> {
    for section in &mut sections {
        section.bold.clear();
    }
    sections.sort_by_key(Section::id);
    sections
}

/// Sections short enough to be compared by eye.
pub(crate) fn lines(sections: &[Section]) -> Vec<String> {
    let line = |section: &Section| {
        let body: String = section.body.chars().take(60).collect();
        format!("{} {body:?}", section.id())
    };
    sections.iter().map(line).collect()
}

pub(crate) fn ids(sections: &[Section]) -> Vec<String> {
    sections.iter().map(Section::id).collect()
}

pub(crate) fn files_of(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("a folder can be listed");
    let mut files: Vec<PathBuf> = entries
        .map(|entry| entry.expect("an entry can be read").path())
        .collect();
    files.sort();
    files
}

pub(crate) fn name_of(file: &Path) -> String {
    let name = file.file_name().expect("a name");
    name.to_str().expect("a name in UTF-8").to_owned()
}

pub(crate) fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder can be made");
    for file in files_of(from) {
        let copy = to.join(name_of(&file));
        if file.is_dir() {
            copy_folder(&file, &copy);
        } else {
            fs::copy(&file, &copy).expect("a file can be copied");
        }
    }
}

pub(crate) fn search(index: &Index, question: &str) -> Found {
    index
        .search(question, None, 10)
        .expect("the index can be read")
}

/// The ids of the hits, best first.
pub(crate) fn hits(index: &Index, question: &str) -> Vec<String> {
    let found = search(index, question);
    found.hits.iter().map(|hit| hit.section.id()).collect()
}

/// A sequence of numbers that looks random and is the same in each run.
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % n as u64).expect("a small number")
    }
}
