//! The shipped bot does not serve from a damaged file, and says what to do.

use std::fs;
use std::process::Output;

use crate::desk::Desk;

/// A file in which half of all bits are wrong, from the middle on.
fn damaged(whole: &[u8]) -> Vec<u8> {
    let (sound, rest) = whole.split_at(whole.len() / 2);
    let rest = rest.iter().map(|byte| !byte);
    sound.iter().copied().chain(rest).collect()
}

fn said(ended: &Output) -> String {
    String::from_utf8_lossy(&ended.stderr).into_owned()
}

#[tokio::test]
async fn a_damaged_file_is_refused_with_the_way_to_mend_it_and_the_way_works() {
    let desk = Desk::new().await;
    drop(desk.database());
    let run = |arguments: &[&str]| {
        let mut command = desk.command(arguments[0]);
        command.args(&arguments[1..]).output().expect("a command")
    };
    let made = run(&["backup", "mine.backup"]);
    assert!(made.status.success(), "{}", said(&made));
    let bytes = damaged(&fs::read(desk.file()).expect("a file of scores"));
    fs::write(desk.file(), &bytes).expect("a file of scores");

    let served = run(&["serve"]);
    assert_eq!(served.status.code(), Some(2), "{}", said(&served));
    let sentence = said(&served);
    assert!(sentence.contains("the scores are damaged"), "{sentence}");
    assert!(
        sentence.contains("restore a backup with `studyhall restore`"),
        "{sentence}"
    );
    assert!(
        fs::read(desk.file()).expect("a file") == bytes,
        "it was changed"
    );
    assert_eq!(desk.discord.n_live(), 0);

    let restored = run(&["restore", "mine.backup"]);
    assert!(restored.status.success(), "{}", said(&restored));
    assert_eq!(desk.serve().await.stop().await, Some(0), "{}", desk.log());
}
