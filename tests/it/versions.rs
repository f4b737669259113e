//! What a newer program left: scores, a backup, settings. Each is refused before anything is changed.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use studyhall::scores::Scores;
use studyhall::scores::database::StoreError;
use studyhall::scores::sqlite::Sqlite;
use studyhall::scores::sqlite::backup::{self, BackupError, Overwrite};

use crate::database::NEWER;
use crate::desk::Desk;

/// All files whose name begins with that of this one, with what they hold; locks hold nothing.
fn files_of(file: &Path) -> BTreeMap<String, Vec<u8>> {
    let name = file.file_name().expect("a name").to_string_lossy();
    let folder = fs::read_dir(file.parent().expect("a folder")).expect("a folder");
    let paths = folder.map(|entry| entry.expect("an entry").path());
    let mut files = BTreeMap::new();
    for path in paths {
        let its = path.file_name().expect("a name").to_string_lossy();
        if its.starts_with(&*name) && !its.ends_with(".lock") {
            files.insert(its.into_owned(), fs::read(&path).expect("a file"));
        }
    }
    files
}

/// A newer program brings a file of scores up to date.
fn make_newer(file: &Path) {
    let other = rusqlite::Connection::open(file).expect("a file");
    other.execute_batch(NEWER).expect("a newer version");
}

#[tokio::test]
async fn a_bot_does_not_touch_the_scores_of_a_newer_one() {
    let desk = Desk::new().await;
    assert_eq!(desk.serve().await.stop().await, Some(0));
    make_newer(&desk.file());
    let before = files_of(&desk.file());
    assert_eq!(before.len(), 1, "a log is left beside the scores");
    for _ in 0..2 {
        assert_eq!(desk.serve_with("info").ended().await, Some(2));
        assert!(desk.log().contains("newer studyhall"), "{}", desk.log());
        assert!(files_of(&desk.file()) == before, "the scores were changed");
    }
}

#[test]
fn the_backup_of_a_newer_bot_leaves_the_scores_as_they_are() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = |name: &str| folder.path().join(name);
    let make = |name: &str| {
        let scores = Scores::new(std::sync::Arc::new(
            Sqlite::open(&path(name)).expect("a file"),
        ));
        scores.setting("secret", name.to_owned()).expect("a store");
    };
    make("newer.sqlite");
    make("ours.sqlite");
    make_newer(&path("newer.sqlite"));
    let to = path("backup");
    backup::back_up(&path("newer.sqlite"), &to, Overwrite::No).expect("a backup");
    let before = files_of(&path("ours.sqlite"));
    let restored = backup::restore(&to, &path("ours.sqlite"));
    let is_newer = matches!(restored, Err(BackupError::Store(StoreError::Newer { .. })));
    assert!(is_newer, "{restored:?}");
    assert!(files_of(&path("ours.sqlite")) == before);
}

#[tokio::test]
async fn settings_that_only_a_newer_bot_knows_stop_the_start_before_anything_is_made() {
    let desk = Desk::new().await;
    desk.write("../studyhall.toml", "[tomorrow]\ncolour = \"blue\"\n");
    assert_eq!(desk.serve_with("info").ended().await, Some(2));
    assert!(desk.log().contains("tomorrow"), "{}", desk.log());
    let data = desk.file();
    assert!(!data.parent().expect("a folder").exists());
    assert_eq!(desk.discord.requests().len(), 0);
}
