//! What an open round must not tell: which choice is right.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use studyhall::chat::command::{Quiz, Setup};
use studyhall::chat::{Message, Press, Request};
use studyhall::scores::round::RoundId;

use crate::group::{Group, ORGANISER};

/// Rounds whose orders are counted.
const N_ROUNDS: usize = 1_000;
/// Choices of the question.
const N_CHOICES: usize = 4;
/// The standard normal's 0.999 quantile: one test in a thousand of true chance exceeds it.
const QUANTILE: f64 = 3.09;

/// A group with one question, whose right choice is the one at this place.
fn group_with(right: usize) -> Group {
    let group = Group::new("2027-03-01T07:00:00Z", 0);
    let choices = ["sixty", "seventy", "eighty", "ninety"].iter().enumerate();
    let choices = choices.map(|(place, words)| {
        let mark = if place == right { "x" } else { " " };
        format!("- [{mark}] It is {words}\n")
    });
    let text = format!(
        "## How many are they? {{#how-many}}\n\n{}\n> Because. See [counting](../counting.md#counting).\n\n\
         difficulty: easy\ntopic: even\n",
        choices.collect::<String>()
    );
    group
        .bot
        .questions
        .take(&[("quiz/all.md".to_owned(), text)]);
    group
}

/// Posts so many rounds; the messages, the oldest first.
fn posted(group: &mut Group, n: usize) -> Vec<Message> {
    group.set_up(Setup {
        time: Some("23:00".to_owned()),
        ..Setup::default()
    });
    for _ in 0..n {
        let now = Request::Quiz(Quiz::PostNow { schedule: None });
        let said = group.hear(ORGANISER, now);
        assert!(said.body.contains("On its way"), "{}", said.body);
        group.wait(SignedDuration::from_secs(1));
    }
    let room = group.stage.room();
    room.posts
        .values()
        .map(|post| post.message.clone())
        .collect()
}

#[test]
fn a_round_looks_the_same_whichever_choice_is_right() {
    let told: Vec<Vec<Message>> = (0..N_CHOICES)
        .map(|right| posted(&mut group_with(right), 20))
        .collect();
    assert_eq!(told[0].len(), 20);
    for other in &told[1..] {
        assert_eq!(*other, told[0]);
    }
    for message in &told[0] {
        assert!(!message.body.contains("Because"), "{}", message.body);
    }
}

#[test]
fn the_place_of_the_right_choice_follows_from_nothing_that_is_shown() {
    let mut group = group_with(0);
    let messages = posted(&mut group, N_ROUNDS);
    assert_eq!(messages.len(), N_ROUNDS);
    let rounds: Vec<(i64, usize)> = messages.iter().map(|m| shown(&group, m)).collect();
    check(rounds.iter().map(|(_, place)| (0, *place)), 1);
    for n in [2, 3, 4, 5, 7] {
        let by_number = rounds.iter().map(|(id, place)| (id.rem_euclid(n), *place));
        check(by_number, usize::try_from(n).expect("a small number"));
    }
    // Neither does it follow from the place in the round before.
    let pairs = rounds.windows(2).map(|pair| (pair[0].1 as i64, pair[1].1));
    check(pairs, N_CHOICES);
}

/// A round's number, and the place at which its right choice is shown.
fn shown(group: &Group, message: &Message) -> (i64, usize) {
    let press = message.buttons[0][0].press;
    let Press::Answer { round, .. } = press else {
        panic!("no answer but {press:?}")
    };
    let lines: Vec<&str> = message.body.lines().collect();
    let lines = lines.iter().filter(|line| line.contains("It is "));
    let place = lines.clone().position(|line| line.contains("sixty"));
    assert_eq!(lines.count(), N_CHOICES, "{}", message.body);
    let kept = group.bot.scores.round(RoundId(round));
    let asks = kept.expect("scores").expect("a round").asks;
    let place = place.expect("the right choice is shown");
    assert_eq!(asks.expect("a question").shown[place], 0);
    (round, place)
}

/// Panics where the places depend on the group that they are in, or are not equally frequent.
fn check(places: impl Iterator<Item = (i64, usize)>, n_groups: usize) {
    let mut counts: BTreeMap<(i64, usize), f64> = BTreeMap::new();
    let mut of_groups: BTreeMap<i64, f64> = BTreeMap::new();
    for (group, place) in places {
        *counts.entry((group, place)).or_default() += 1.0;
        *of_groups.entry(group).or_default() += 1.0;
    }
    assert_eq!(of_groups.len(), n_groups);
    let mut chi_square = 0.0;
    for (group, n) in &of_groups {
        let expected = n / N_CHOICES as f64;
        for place in 0..N_CHOICES {
            let count = counts.get(&(*group, place)).copied().unwrap_or_default();
            chi_square += (count - expected).powi(2) / expected;
        }
    }
    let freedom = (n_groups * (N_CHOICES - 1)) as f64;
    // Wilson and Hilferty's approximation of the quantile of chi-square.
    let spread = 2.0 / (9.0 * freedom);
    let limit = freedom * (1.0 - spread + QUANTILE * spread.sqrt()).powi(3);
    assert!(
        chi_square < limit,
        "{n_groups} groups: {chi_square} of {limit}"
    );
}
