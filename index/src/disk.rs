//! Where the built index lies: one folder for each build, and a pointer to the one in use.
//!
//! ```text
//! index/CURRENT              the name of the build in use
//! index/LOCK                 held by the one process that writes
//! index/1-v0.27.0-7/         a build: format, version of tantivy, number
//! ```
//!
//! A build is never repaired. One that cannot be used stays where it is until another has been
//! built beside it and the pointer has been swung over, in one rename; then it goes.

use std::fs::{self, File, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::schema::FORMAT;

const CURRENT: &str = "CURRENT";
const LOCK: &str = "LOCK";

/// The folder that holds the builds.
#[derive(Clone, Debug)]
pub(crate) struct Disk {
    root: PathBuf,
}

/// The right to write. It ends with the value, and with the process.
#[derive(Debug)]
pub(crate) struct WriteLock {
    file: File,
}

impl Drop for WriteLock {
    fn drop(&mut self) {
        // Closing the file is not enough while a process that is just being started holds a copy.
        if let Err(error) = self.file.unlock() {
            tracing::warn!(%error, "the lock of the index could not be given back");
        }
    }
}

impl Disk {
    /// Takes the folder as it is, and makes it where there is none.
    pub(crate) fn open(root: &Path) -> io::Result<Self> {
        fs::create_dir_all(root)?;
        Ok(Self {
            root: root.to_path_buf(),
        })
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// The build in use, if it is one that this program can read.
    pub(crate) fn current(&self) -> Option<PathBuf> {
        let name = self.pointer()?;
        let usable = name.starts_with(&kind_of_build()) && is_build(&name);
        usable.then(|| self.root.join(name))
    }

    /// What the pointer says, right or wrong.
    fn pointer(&self) -> Option<String> {
        let name = fs::read_to_string(self.root.join(CURRENT)).ok()?;
        Some(name.trim().to_owned())
    }

    /// The right to write, or none while another process has it.
    pub(crate) fn lock(&self) -> io::Result<Option<WriteLock>> {
        fs::create_dir_all(&self.root)?;
        let file = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(self.root.join(LOCK))?;
        match file.try_lock() {
            Ok(()) => Ok(Some(WriteLock { file })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    /// A new, empty folder for a build. What was begun before and never finished goes first.
    pub(crate) fn new_build(&self, lock: &WriteLock) -> io::Result<PathBuf> {
        self.sweep(lock)?;
        let last = self
            .builds()?
            .iter()
            .filter_map(|name| name.rsplit('-').next()?.parse::<u64>().ok())
            .max()
            .unwrap_or(0);
        let build = self
            .root
            .join(format!("{}{}", kind_of_build(), last.saturating_add(1)));
        fs::create_dir(&build)?;
        Ok(build)
    }

    /// Swings the pointer over to a build; it counts from the instant that this returns.
    pub(crate) fn set_current(&self, build: &Path, _lock: &WriteLock) -> io::Result<()> {
        let name = build
            .file_name()
            .ok_or_else(|| io::Error::other("a build has a name"))?;
        let draft = self.root.join("CURRENT.new");
        let mut file = File::create(&draft)?;
        file.write_all(name.as_encoded_bytes())?;
        file.sync_all()?;
        fs::rename(&draft, self.root.join(CURRENT))?;
        File::open(&self.root)?.sync_all()
    }

    /// Removes every build but the one that the pointer names. What cannot be removed stays for
    /// the next time.
    pub(crate) fn sweep(&self, _lock: &WriteLock) -> io::Result<()> {
        let current = self.pointer();
        for name in self.builds()? {
            let build = self.root.join(&name);
            if Some(name) != current
                && let Err(error) = remove(&build)
            {
                let build = build.display();
                tracing::warn!(index.build = %build, %error, "cannot remove an old build");
            }
        }
        Ok(())
    }

    /// The names of all builds of any format.
    fn builds(&self) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(&self.root)? {
            let name = entry?.file_name().into_string();
            names.extend(name.ok().filter(|name| is_build(name)));
        }
        Ok(names)
    }
}

fn remove(build: &Path) -> io::Result<()> {
    match fs::symlink_metadata(build)?.is_dir() {
        true => fs::remove_dir_all(build),
        false => fs::remove_file(build),
    }
}

/// How the names of builds begin that this program can read.
fn kind_of_build() -> String {
    let version = tantivy::version_string()
        .split([' ', ','])
        .find(|word| word.starts_with('v'))
        .unwrap_or("v");
    format!("{FORMAT}-{version}-")
}

/// Whether a folder's name is one that this program, or another version of it, gave to a build.
fn is_build(name: &str) -> bool {
    let parts: Vec<&str> = name.split('-').collect();
    matches!(parts[..], [format, version, number]
        if format.parse::<u32>().is_ok() && version.starts_with('v') && number.parse::<u64>().is_ok())
}
