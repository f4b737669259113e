//! Organisers void a round or have it graded anew, whatever state it is in.

use jiff::SignedDuration;
use studyhall::chat::command::{Quiz, Setup};
use studyhall::chat::{Press, Request};
use studyhall::quiz::grade::Choices;
use studyhall::quiz::period::Span;
use studyhall::scores::round::{RoundId, RoundState};

use crate::group::{GUILD, Group, ORGANISER, by};
use crate::quiz_story::{asked, daily, group, leaderboard, right_place, wrong_place};
use crate::stage::Fate;

/// What a press on the button at this shown place chooses.
fn chosen_at(group: &Group, round: i64, place: usize) -> Choices {
    let round = group.bot.scores.round(RoundId(round));
    let round = round.expect("scores").expect("a round");
    let shown = round.asks.expect("a question").shown;
    Choices::of([usize::from(shown[place])])
}

#[test]
fn a_round_is_voided_and_regraded_in_public() {
    let (mut group, round, right, wrong) = asked();
    group.answer(1, round, &[right]);
    group.answer(2, round, &[wrong]);
    let report = group.press(2, Press::Report { round });
    assert!(report.body.contains("only report"), "{}", report.body);
    group.wait(SignedDuration::from_hours(20));
    let letter = char::from(b'A' + u8::try_from(wrong).unwrap());
    let regrade = Request::Quiz(Quiz::Regrade {
        round: None,
        right: letter.to_string(),
        reason: "the note says so".to_owned(),
    });
    let not_you = group.hear(2, regrade.clone());
    assert!(
        not_you.body.starts_with("Only members who may manage"),
        "{}",
        not_you.body
    );
    let receipt = group.hear(ORGANISER, regrade);
    assert!(
        receipt
            .body
            .contains("one person gained points, one person lost some"),
        "{}",
        receipt.body
    );
    group.wait(SignedDuration::from_mins(1));
    let revealed = group.first_body();
    assert!(revealed.contains("**Right:** <@2>"), "{revealed}");
    let void = Request::Quiz(Quiz::Void {
        round: None,
        reason: "twice wrong".to_owned(),
    });
    let receipt = group.hear(ORGANISER, void);
    assert!(
        receipt.body.contains("2 people are taken back"),
        "{}",
        receipt.body
    );
    let board = leaderboard(&mut group, 1, Span::All);
    assert!(
        board.body.contains("<@1> · 0 points") && board.body.contains("<@2> · 0 points"),
        "{}",
        board.body
    );
    let status = group.hear(ORGANISER, Request::Quiz(Quiz::Status));
    assert!(
        status.body.contains("reported by 1") && status.body.contains("regrade"),
        "{}",
        status.body
    );
}

#[test]
fn a_round_that_is_voided_while_open_gives_nobody_points_and_breaks_no_streak() {
    for may_change in [false, true] {
        let mut group = Group::new("2027-03-01T07:00:00Z", 40);
        group.set_up(Setup {
            feedback: may_change.then(|| "sealed".to_owned()),
            may_change: Some(may_change),
            ..daily()
        });
        group.wait(SignedDuration::from_hours(2));
        let first = group.rounds()[0];
        let right = right_place(&group, first);
        group.answer(1, first, &[right]);
        group.wait(SignedDuration::from_hours(24));
        let second = *group.rounds().last().unwrap();
        let (right, wrong) = (right_place(&group, second), wrong_place(&group, second));
        group.answer(2, second, &[wrong]);
        let void = Request::Quiz(Quiz::Void {
            round: None,
            reason: "the note is wrong".to_owned(),
        });
        group.hear(ORGANISER, void);
        for member in [1, 2, 3] {
            let said = group.answer(member, second, &[right]);
            assert!(
                said.body.starts_with("This round was voided"),
                "{}",
                said.body
            );
        }
        group.wait(SignedDuration::from_hours(24));
        let after = leaderboard(&mut group, 1, Span::All).body;
        assert!(after.contains("<@1> · 20 points · 1 of 1"), "{after}");
        assert!(after.contains("<@2> · 0 points"), "{after}");
        assert!(!after.contains("<@3>"), "{after}");
        let third = *group.rounds().last().unwrap();
        assert_ne!(third, second);
        let right = right_place(&group, third);
        group.answer(1, third, &[right]);
        let today = "2027-03-03".parse().unwrap();
        let streaks = group.bot.scores.best_streaks(GUILD, today, 9).unwrap();
        assert!(streaks.contains(&(1, 2)), "{streaks:?}");
    }
}

#[test]
fn each_of_several_letters_is_right_where_one_is_to_be_chosen() {
    let (mut group, round, right, wrong) = asked();
    let other = (0..4).find(|at| ![right, wrong].contains(at)).unwrap();
    for (member, place) in [(1, right), (2, wrong), (3, other)] {
        group.answer(member, round, &[place]);
    }
    let letter = |place: usize| char::from(b'A' + u8::try_from(place).unwrap());
    let (first, last) = (right.min(wrong), right.max(wrong));
    let regrade = Request::Quiz(Quiz::Regrade {
        round: None,
        right: format!("{}{}", letter(first), letter(last)),
        reason: "both hold".to_owned(),
    });
    let receipt = group.hear(ORGANISER, regrade.clone()).body;
    assert!(
        receipt.contains("one person gained points, 0 people lost some"),
        "{receipt}"
    );
    let both = format!("**{}** or **{}**", letter(first), letter(last));
    let no = group.answer(4, round, &[other]).body;
    assert!(no.contains(&format!("{both} is the answer")), "{no}");
    let yes = group.answer(5, round, &[wrong]).body;
    assert!(yes.contains("✅ **Right.**"), "{yes}");
    group.wait(SignedDuration::from_hours(20));
    let revealed = group.first_body();
    assert!(
        revealed.contains("**Right:** <@1>, <@2>, <@5>")
            && revealed.contains("✅ · 2 (40 %)")
            && revealed.contains("✅ · 1 (20 %)"),
        "{revealed}"
    );
    let receipt = group.hear(ORGANISER, regrade).body;
    assert!(receipt.contains(&format!("right is {both}.")), "{receipt}");
}

#[test]
fn what_is_right_is_told_to_nobody_while_answers_count() {
    let mut group = group();
    group.wait(SignedDuration::from_hours(2));
    let round = group.rounds()[0];
    let wrong = wrong_place(&group, round);
    group.answer(1, round, &[wrong]);
    let letter = char::from(b'A' + u8::try_from(wrong).unwrap());
    let regrade = Request::Quiz(Quiz::Regrade {
        round: None,
        right: letter.to_string(),
        reason: "the note says so".to_owned(),
    });
    let named = format!("**{letter}**");
    let receipt = group.hear(ORGANISER, regrade.clone()).body;
    assert!(
        receipt.contains("one person gained points") && !receipt.contains(&named),
        "{receipt}"
    );
    group.wait(SignedDuration::from_hours(20));
    let receipt = group.hear(ORGANISER, regrade).body;
    assert!(receipt.contains(&named), "{receipt}");
}

#[test]
fn what_changes_while_a_reveal_is_under_way_is_shown_all_the_same() {
    for is_void in [true, false] {
        let mut group = group();
        group.wait(SignedDuration::from_hours(2));
        let round = group.rounds()[0];
        let (right, wrong) = (right_place(&group, round), wrong_place(&group, round));
        group.answer(1, round, &[right]);
        group.answer(2, round, &[wrong]);
        group.wait_until("2027-03-02T03:59:30Z".parse().unwrap());
        let (scores, now) = (group.bot.scores.clone(), group.stage.now());
        let wrong = chosen_at(&group, round, wrong);
        let mut is_first = true;
        group.stage.room().dice = Box::new(move || {
            if std::mem::take(&mut is_first) {
                let organiser = by(ORGANISER, now);
                let receipt = match is_void {
                    true => scores.void(RoundId(round), organiser, "wrong"),
                    false => scores.regrade(RoundId(round), wrong, organiser, "better"),
                };
                receipt.unwrap().expect("a round");
            }
            Fate::Done
        });
        group.wait(SignedDuration::from_mins(3));
        let revealed = group.first_body();
        let shown = match is_void {
            true => "**This round is void:**",
            false => "**Right:** <@2>",
        };
        assert!(revealed.contains(shown), "{revealed}");
        let ended = group.bot.scores.round(RoundId(round)).unwrap().unwrap();
        assert_eq!(ended.state, RoundState::Closed);
    }
}
