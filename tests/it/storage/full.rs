//! A disk that has no room left: nobody is told that an answer counts which could not be kept, and
//! when there is room again the bot goes on by itself.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::thread;

use studyhall::scores::Scores;
use studyhall::scores::answers::{Answer, Recorded};
use studyhall::scores::database::{Database, StoreError, Transaction};
use studyhall::scores::sqlite::Sqlite;

use super::{answered, open_round, right};

/// People who answer at the same time.
const N_PEOPLE: u64 = 8;
/// Answers of each that find no room, until they give up.
const N_REFUSED: usize = 3;
/// Answers of each, at most: the room is for far fewer.
const N_ANSWERS: u64 = 5_000;

/// As a disk with room for so many pages would, SQLite says that it is full.
const LITTLE_ROOM: &str = "PRAGMA max_page_count = 60";
const MUCH_ROOM: &str = "PRAGMA max_page_count = 1000000";

/// Sets what the connection that writes is set to.
fn set(database: &Sqlite, sql: &'static str) {
    let work = move |t: &mut dyn Transaction| t.query(sql, &[]).map(drop);
    database.write(Box::new(work)).expect("a setting");
}

#[test]
fn on_a_full_disk_no_answer_counts_that_is_not_kept_and_later_each_counts_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("scores.sqlite");
    let database = Arc::new(Sqlite::open(&file).expect("a file of scores"));
    let scores = Scores::new(database.clone());
    let round = open_round(&scores, 0);
    set(&database, LITTLE_ROOM);
    let (told, refused) = (
        Mutex::new(BTreeSet::new()),
        Mutex::new(Vec::<Answer>::new()),
    );
    thread::scope(|scope| {
        for person in 0..N_PEOPLE {
            let (scores, told, refused) = (&scores, &told, &refused);
            scope.spawn(move || {
                let mut n_refused = 0;
                for n in 0..N_ANSWERS {
                    let member = n * N_PEOPLE + person + 1;
                    let answer = right(round, member, member);
                    match scores.record(answer) {
                        Ok(Recorded::Counts { .. }) => {
                            told.lock().expect("no panic").insert((round.0, member));
                        }
                        Err(StoreError::Unavailable(_)) => {
                            refused.lock().expect("no panic").push(answer);
                            n_refused += 1;
                        }
                        other => panic!("on a full disk: {other:?}"),
                    }
                    if n_refused == N_REFUSED {
                        return;
                    }
                }
                panic!("the disk is not full");
            });
        }
    });
    let (mut told, refused) = (
        told.into_inner().expect("no panic"),
        refused.into_inner().expect("no panic"),
    );
    assert!(!told.is_empty(), "there was no room at all");
    assert!(answered(&*database).into_iter().eq(told.iter().copied()));

    set(&database, MUCH_ROOM);
    for answer in refused {
        let first = scores.record(answer).expect("room");
        assert!(matches!(first, Recorded::Counts { .. }), "{first:?}");
        assert_eq!(scores.record(answer).expect("room"), first);
        told.insert((round.0, answer.member));
    }
    assert!(answered(&*database).into_iter().eq(told));
}

#[cfg(target_os = "linux")]
mod in_the_shipped_bot {
    use std::process::Command;

    use crate::desk::{Desk, Serving};
    use crate::fake::{Interaction, member_number};
    use crate::kills::round_of;

    /// No file of the bot may become longer than this many bytes, or as long as it likes.
    fn limit(bot: &Serving, bytes: &str) {
        let limited = Command::new("prlimit")
            .args(["--pid", &bot.id().to_string()])
            .arg(format!("--fsize={bytes}:unlimited"))
            .status();
        assert!(limited.expect("prlimit of util-linux").success());
    }

    #[tokio::test]
    async fn who_answers_on_a_full_disk_is_told_so_and_the_next_press_counts() {
        let desk = Desk::new().await;
        desk.write_questions(5);
        let bot = desk.serve_deaf_to_limits();
        desk.discord.ready().await;
        let setup = Interaction::slash("setup").option("time", "23:59");
        let draft = desk.answer(setup).await;
        let save = draft.button("Save").custom_id;
        let saved = desk.answer(Interaction::press(&draft, &save)).await;
        assert!(saved.text().starts_with("Saved"), "{}", saved.text());
        desk.answer(Interaction::slash("quiz post-now")).await;
        let post = desk.discord.announced(1).await;
        let button = post.button("A").custom_id;
        let press = || Interaction::press(&post, &button).by(member_number(7));

        // No file may grow, the log no more than the scores.
        limit(&bot, "4096");
        for _ in 0..3 {
            let said = desk.answer(press()).await.text();
            assert!(said.contains("Something went wrong on my side"), "{said}");
            assert!(said.contains("reference: `"), "{said}");
        }
        limit(&bot, "unlimited");
        let said = desk.answer(press()).await.text();
        assert!(said.contains("ight.**"), "{said}");
        let again = desk.answer(press()).await.text();
        assert!(again.contains("answered already"), "{again}");
        assert_eq!(bot.stop().await, Some(0), "{}", desk.log());
        let round = round_of(&post).expect("a round");
        let database = desk.database();
        let of_member = super::answered(database.as_ref());
        assert_eq!(of_member, [(round, member_number(7).id)]);
    }
}
