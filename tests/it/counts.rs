//! The numbers of answers below open rounds, where more rounds change than are written at one look.

use jiff::SignedDuration;
use studyhall::chat::Request;
use studyhall::chat::command::{Quiz, Setup};

use crate::group::{Group, ORGANISER};

/// More rounds than counts are written at one look.
const N_OPEN: usize = 41;

/// A group with many open rounds; the one that comes last in every order of ids, and the others.
fn busy_group() -> (Group, i64, Vec<i64>) {
    let mut group = Group::new("2027-03-01T07:00:00Z", N_OPEN);
    group.set_up(Setup {
        time: Some("09:00".to_owned()),
        ..Setup::default()
    });
    for _ in 0..N_OPEN {
        let now = Quiz::PostNow { schedule: None };
        group.hear(ORGANISER, Request::Quiz(now));
        group.wait(SignedDuration::from_secs(2));
    }
    let mut rounds = group.rounds();
    assert_eq!(rounds.len(), N_OPEN);
    rounds.sort_unstable();
    let last = rounds.pop().expect("a round");
    (group, last, rounds)
}

fn body_of(group: &Group, round: i64) -> String {
    let room = group.stage.room();
    let mut posts = room.posts.values();
    let post = posts.find(|post| post.round() == Some(round));
    post.expect("a post").message.body.clone()
}

#[test]
fn a_quiet_round_is_counted_however_many_busier_ones_there_are() {
    let (mut group, quiet, busy) = busy_group();
    group.answer(1, quiet, &[0]);
    for member in [2, 4] {
        for round in &busy {
            group.answer(member, *round, &[0]);
            group.answer(member + 1, *round, &[0]);
        }
        group.wait(SignedDuration::from_mins(1));
    }
    let counted = body_of(&group, quiet);
    assert!(counted.contains("1 answered"), "{counted}");
}

#[test]
fn posts_that_cannot_be_edited_keep_no_count_back() {
    let (mut group, kept, deleted) = busy_group();
    for round in deleted.iter().chain([&kept]) {
        group.answer(1, *round, &[0]);
    }
    for post in group.stage.room().posts.values_mut() {
        post.is_deleted = post.round() != Some(kept);
    }
    for _ in 0..2 {
        group.wait(SignedDuration::from_mins(1));
    }
    let counted = body_of(&group, kept);
    assert!(counted.contains("1 answered"), "{counted}");
}
