//! What is free on the disk that holds the data folder, and whether that is little.

use std::io;
use std::path::Path;

use tracing::{debug, info, warn};

use crate::meters;

/// Less than this share of a disk is little.
const LITTLE: f64 = 0.05;
/// From this share on it is enough again: what comes and goes near the limit is not told each time.
const ENOUGH: f64 = 0.06;

/// What a disk has room for, as `df` counts: what is kept back for root is neither used nor free.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Space {
    /// Bytes that are free.
    pub free: u64,
    /// Bytes that are free or used.
    pub total: u64,
}

impl Space {
    /// That of the disk on which this folder lies.
    ///
    /// # Errors
    /// The folder is not there, or nobody tells.
    #[cfg(unix)]
    pub fn of(folder: &Path) -> io::Result<Self> {
        let told = rustix::fs::statvfs(folder)?;
        let n_used = told.f_blocks.saturating_sub(told.f_bfree);
        let bytes = |n_blocks: u64| n_blocks.saturating_mul(told.f_frsize);
        let space = Self {
            free: bytes(told.f_bavail),
            total: bytes(n_used.saturating_add(told.f_bavail)),
        };
        match space.total {
            // Some file systems of networks and of the kernel's own have no size.
            0 => Err(io::ErrorKind::Unsupported.into()),
            _ => Ok(space),
        }
    }

    /// That of the disk on which this folder lies.
    ///
    /// # Errors
    /// Nobody tells.
    #[cfg(not(unix))]
    pub fn of(_: &Path) -> io::Result<Self> {
        Err(io::ErrorKind::Unsupported.into())
    }

    /// The share that is free, from 0 to 1.
    #[must_use]
    pub fn free_ratio(self) -> f64 {
        self.free as f64 / self.total as f64
    }

    /// Whether somebody should make room.
    #[must_use]
    pub fn is_little(self) -> bool {
        self.free_ratio() < LITTLE
    }
}

/// What was last told of a disk.
#[derive(Debug, Default)]
pub(super) struct Disk {
    is_little: bool,
}

/// What there is to tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum News {
    Little,
    Enough,
}

impl Disk {
    /// Tells the meters what is free, and the log when it becomes little, or enough again.
    pub(super) fn look(&mut self, folder: &Path) {
        let space = match Space::of(folder) {
            Ok(space) => space,
            Err(error) => return debug!(%error, "nobody tells what is free on the disk"),
        };
        meters::data_free(space.free_ratio());
        let data_dir = folder.display();
        let free_mb = space.free / 1_000_000;
        match self.news(space) {
            Some(News::Little) => warn!(
                data.dir = %data_dir,
                free_mb,
                "less than 5 % of the disk with the data folder is free; make room"
            ),
            Some(News::Enough) => {
                info!(data.dir = %data_dir, free_mb, "the disk with the data folder has room again");
            }
            None => {}
        }
    }

    fn news(&mut self, space: Space) -> Option<News> {
        let news = match self.is_little {
            false if space.is_little() => News::Little,
            true if space.free_ratio() >= ENOUGH => News::Enough,
            _ => return None,
        };
        self.is_little = news == News::Little;
        Some(news)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_change_is_told_once() {
        let mut disk = Disk::default();
        let told = [80, 50, 49, 10, 49, 59, 60, 55, 90, 0, 0].map(|free| {
            disk.news(Space { free, total: 1_000 })
                .map(|news| (free, news))
        });
        let told: Vec<_> = told.into_iter().flatten().collect();
        let expected = [(49, News::Little), (60, News::Enough), (0, News::Little)];
        assert_eq!(told, expected);
    }

    #[cfg(unix)]
    #[test]
    fn a_folder_lies_on_a_disk() {
        let folder = tempfile::tempdir().unwrap();
        let space = Space::of(folder.path()).unwrap();
        assert!(space.total > 1_000_000, "{space:?}");
        assert!((0.0..=1.0).contains(&space.free_ratio()), "{space:?}");
        let nowhere = Space::of(&folder.path().join("nowhere"));
        assert_eq!(nowhere.unwrap_err().kind(), io::ErrorKind::NotFound);
    }
}
