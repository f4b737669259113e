//! `/quiz review`, told: what people got wrong comes back, when it is due and never too early.

use jiff::{SignedDuration, Timestamp};
use studyhall::chat::command::{Privacy, Quiz, Setup};
use studyhall::chat::{Audience, Message, Press, Request};
use studyhall::quiz::grade::Choices;
use studyhall::quiz::review::{Card, Rating};
use studyhall::scores::round::{Asks, RoundId};

use crate::group::{GUILD, Group, ORGANISER, by};

/// Nothing was got wrong that may be told.
const NOTHING: &str = "You have nothing to review.";

/// A group with one round a week, on Mondays at nine, from a Monday at eight on.
fn group(feedback: &str, open_hours: i64) -> Group {
    let mut group = Group::new("2027-03-01T08:00:00Z", 40);
    group.set_up(Setup {
        time: Some("09:00".to_owned()),
        zone: Some("UTC".to_owned()),
        days: Some("mon".to_owned()),
        feedback: Some(feedback.to_owned()),
        open_hours: Some(open_hours),
        ..Setup::default()
    });
    group
}

fn until(group: &Group, at: &str) {
    group.wait_until(at.parse().expect("an instant"));
}

fn review(group: &mut Group, member: u64) -> Message {
    let message = group.hear(member, Request::Quiz(Quiz::Review));
    assert_eq!(message.audience, Audience::Person);
    message
}

/// The button of the right choice of a question that somebody is asked alone, or of a wrong one.
fn choice(asked: &Message, right: bool) -> Press {
    let stem = asked.body.lines().next().expect("a stem");
    let number = stem.split_whitespace().find_map(|word| word.parse().ok());
    let number: u32 = number.unwrap_or_else(|| panic!("no question but: {}", asked.body));
    let right_line = format!(" It is {}", number + 1);
    let choices = asked.body.lines().filter(|line| line.contains(" It is "));
    let mut at = choices
        .enumerate()
        .filter(|(_, line)| line.ends_with(&right_line) == right);
    let (at, _) = at.next().expect("a choice");
    asked.buttons.concat()[at].press
}

/// What a round asks.
fn asks(group: &Group, round: i64) -> Asks {
    let round = group.bot.scores.round(RoundId(round)).expect("a store");
    round.and_then(|round| round.asks).expect("a question")
}

/// Answers a round with a wrong choice.
fn fail(group: &mut Group, member: u64, round: i64) {
    let shown = asks(group, round).shown;
    let wrong = shown.iter().position(|place| *place != 0);
    group.answer(member, round, &[wrong.expect("a wrong choice")]);
}

/// Writes down that a member got a question wrong at this time.
fn remember(group: &Group, member: u64, question: &str, at: &str) {
    let at = at.parse().expect("an instant");
    let card = Card::of_mistake(question.to_owned(), at);
    let is_kept = group.bot.scores.keep_review(GUILD, member, 0, card);
    assert!(is_kept.expect("a store"));
}

/// How a text tells of this instant.
fn moment(at: &str) -> String {
    format!(
        "<t:{}:R>",
        at.parse::<Timestamp>().expect("an instant").as_second()
    )
}

#[test]
fn a_mistake_in_a_sealed_round_comes_back_after_the_reveal_until_it_is_known() {
    let mut group = group("sealed", 72);
    until(&group, "2027-03-01T10:00:00Z");
    let round = group.rounds()[0];
    fail(&mut group, 1, round);
    // It is due tomorrow, but the round is still open.
    for hour in [
        "2027-03-01T11:00:00Z",
        "2027-03-03T11:00:00Z",
        "2027-03-04T08:59:59Z",
    ] {
        until(&group, hour);
        let said = review(&mut group, 1);
        assert!(said.body.starts_with(NOTHING), "{hour}: {}", said.body);
    }
    until(&group, "2027-03-04T09:00:00Z");
    let asked = review(&mut group, 1);
    assert_eq!(asked.title.as_deref(), Some("Review · 1 of 1"));
    group.restart();
    assert_eq!(
        review(&mut group, 1),
        asked,
        "the same buttons after a restart"
    );

    let old = choice(&asked, true);
    let graded = group.press(1, old);
    assert_eq!(graded.title.as_deref(), Some("Review · 1 of 1 · 1 right"));
    assert!(graded.body.contains("✅ **Right.**") && graded.body.contains("One more than"));
    assert!(!graded.body.contains("points"), "{}", graded.body);
    // Right after three days: three more, as the reference implementation says.
    let due = moment("2027-03-07T00:00:00Z");
    assert!(
        graded.body.contains(&format!("comes back {due}")),
        "{}",
        graded.body
    );
    let done = group.press(1, graded.buttons[0][0].press);
    assert!(
        done.body
            .starts_with("1 of 1 right. The next question comes back")
    );
    until(&group, "2027-03-06T23:59:59Z");
    let early = review(&mut group, 1);
    assert_eq!(
        early.body,
        format!("Nothing is due now. The next question comes back {due}.")
    );
    group.restart();
    until(&group, "2027-03-07T00:00:00Z");
    let again = review(&mut group, 1);
    assert_eq!(again.title.as_deref(), Some("Review · 1 of 1"));
    assert_eq!(
        group.press(1, old),
        again,
        "a button of the last time grades nothing"
    );
    let wrong = group.press(1, choice(&again, false));
    assert!(wrong.body.contains("❌ **Not right.**"), "{}", wrong.body);
    let tomorrow = moment("2027-03-08T00:00:00Z");
    assert!(wrong.body.contains(&tomorrow), "{}", wrong.body);
    assert_eq!(
        group.bot.scores.events(1).unwrap().len(),
        1,
        "no score changed"
    );
}

#[test]
fn what_is_wrong_in_a_practice_comes_back_the_day_after() {
    let mut group = group("instant", 20);
    let practice = Quiz::Practice {
        topic: None,
        count: Some(2),
    };
    let first = group.hear(1, Request::Quiz(practice));
    let graded = group.press(1, choice(&first, false));
    let second = group.press(1, graded.buttons[0][0].press);
    let graded = group.press(1, choice(&second, true));
    let done = group.press(1, graded.buttons[0][0].press);
    assert!(
        done.body.contains("comes back in `/quiz review`"),
        "{}",
        done.body
    );
    let due = moment("2027-03-02T00:00:00Z");
    let said = review(&mut group, 1);
    assert_eq!(
        said.body,
        format!("Nothing is due now. The next question comes back {due}.")
    );
    until(&group, "2027-03-02T00:00:00Z");
    let asked = review(&mut group, 1);
    assert_eq!(asked.title.as_deref(), Some("Review · 1 of 1"));
    let stem = |message: &Message| message.body.lines().next().map(str::to_owned);
    assert_eq!(stem(&asked), stem(&first));
    assert!(review(&mut group, 2).body.starts_with(NOTHING));
}

#[test]
fn a_mistake_in_a_practice_is_taken_down_once_however_often_it_is_told() {
    let mut group = group("instant", 20);
    let practice = Quiz::Practice {
        topic: None,
        count: Some(2),
    };
    let first = group.hear(1, Request::Quiz(practice));
    let scores = &group.bot.scores;
    let begun = scores.practice(GUILD, 1).unwrap().expect("a practice");
    let wrong = choice(&first, false);
    group.press(1, wrong);
    group.press(1, wrong);
    let scores = &group.bot.scores;
    let cards = || scores.written_reviews(1).unwrap();
    let [(_, card)] = &cards()[..] else {
        panic!("no card alone: {:?}", cards());
    };
    assert_eq!(card.times, 1);
    // A process that had read the practice before it went on.
    let zone = jiff::tz::TimeZone::UTC;
    let again = card.clone().answered(Rating::Again, card.at, &zone);
    scores
        .step_practice(GUILD, 1, begun.clone(), true, Some((1, again)))
        .unwrap();
    assert_eq!(cards()[0].1.times, 1);
    let now = scores.practice(GUILD, 1).unwrap().expect("a practice");
    assert_eq!((now.place, now.n_right), (begun.place + 1, 0));
}

#[test]
fn two_people_review_side_by_side_and_a_second_press_counts_nothing() {
    let mut group = group("instant", 20);
    until(&group, "2027-03-01T10:00:00Z");
    let round = group.rounds()[0];
    fail(&mut group, 1, round);
    fail(&mut group, 2, round);
    until(&group, "2027-03-02T10:00:00Z");
    let (one, two) = (review(&mut group, 1), review(&mut group, 2));
    let right = choice(&one, true);
    group.press(1, right);
    let wrong = group.press(2, choice(&two, false));
    assert!(wrong.body.contains("Not right"), "{}", wrong.body);
    // The first button of the first person, pressed once more, and by somebody else.
    let twice = group.press(1, right);
    assert_eq!(twice.title.as_deref(), Some("Review done"));
    group.press(3, right);
    let zone = jiff::tz::TimeZone::UTC;
    let times = |group: &Group, member| -> Vec<u32> {
        let cards = group
            .bot
            .scores
            .reviews(GUILD, member, &zone)
            .unwrap()
            .cards;
        cards.iter().map(|known| known.card.times).collect()
    };
    assert_eq!(
        (times(&group, 1), times(&group, 2), times(&group, 3)),
        (vec![2], vec![2], vec![])
    );
    until(&group, "2027-03-03T10:00:00Z");
    assert!(review(&mut group, 1).body.starts_with("Nothing is due"));
    assert_eq!(
        review(&mut group, 2).title.as_deref(),
        Some("Review · 1 of 1")
    );
}

#[test]
fn two_answers_that_saw_the_same_card_count_once() {
    let group = group("instant", 20);
    remember(&group, 1, "after-3", "2027-02-01T08:00:00Z");
    let scores = &group.bot.scores;
    let zone = jiff::tz::TimeZone::UTC;
    let known = scores.reviews(GUILD, 1, &zone).unwrap().cards.remove(0);
    let now = group.stage.now();
    let card = known
        .card
        .answered(studyhall::quiz::review::Rating::Good, now, &zone);
    assert!(
        scores
            .keep_review(GUILD, 1, known.n_written, card.clone())
            .unwrap()
    );
    assert!(
        !scores
            .keep_review(GUILD, 1, known.n_written, card.clone())
            .unwrap()
    );
    let first = Card::of_mistake("after-3".to_owned(), now);
    assert!(!scores.keep_review(GUILD, 1, 0, first).unwrap());
    assert_eq!(scores.written_reviews(1).unwrap(), [(GUILD, card.clone())]);
    // Whoever is forgotten meanwhile does not come back.
    assert!(scores.forget(1, -5).unwrap());
    assert!(!scores.keep_review(GUILD, 1, card.times, card).unwrap());
    assert_eq!(scores.written_reviews(1).unwrap(), []);
}

#[test]
fn ten_are_asked_at_a_time_the_longest_overdue_first() {
    let mut group = group("instant", 20);
    for number in 0..12 {
        let at = format!("2027-02-{:02}T08:00:00Z", 20 - number);
        remember(&group, 1, &format!("after-{number}"), &at);
    }
    let mut message = review(&mut group, 1);
    for place in 1..=10 {
        assert_eq!(message.title, Some(format!("Review · {place} of 10")));
        let stem = format!("after the number {} in", 12 - place);
        assert!(message.body.contains(&stem), "{}", message.body);
        let graded = group.press(1, choice(&message, place % 2 == 0));
        message = group.press(1, graded.buttons[0][0].press);
    }
    assert_eq!(message.title.as_deref(), Some("Review done"));
    assert_eq!(
        message.body,
        "5 of 10 right. 2 more are due: `/quiz review` goes on."
    );
    assert_eq!(
        review(&mut group, 1).title.as_deref(),
        Some("Review · 1 of 2")
    );
}

#[test]
fn what_a_round_is_asking_now_waits_for_its_close() {
    let mut group = group("sealed", 20);
    let pin = Quiz::Pin {
        schedule: None,
        question: "after-7".to_owned(),
    };
    group.hear(ORGANISER, Request::Quiz(pin));
    remember(&group, 1, "after-7", "2027-02-01T08:00:00Z");
    remember(&group, 1, "after-8", "2027-02-01T08:00:00Z");
    let asked_before = review(&mut group, 1);
    assert!(asked_before.body.contains("after the number 7 in"));
    until(&group, "2027-03-01T10:00:00Z");
    assert_eq!(asks(&group, group.rounds()[0]).question.id, "after-7");
    // A button from before the round tells nothing of it: the review goes on with the other question.
    let other = group.press(1, choice(&asked_before, true));
    assert_eq!(other.title.as_deref(), Some("Review · 1 of 2"));
    assert!(
        other.body.contains("after the number 8 in"),
        "{}",
        other.body
    );
    let graded = group.press(1, choice(&other, true));
    let done = group.press(1, graded.buttons[0][0].press);
    assert!(done.body.starts_with("1 of 1 right."), "{}", done.body);
    let said = review(&mut group, 1);
    assert!(
        said.body.starts_with("Nothing is due now.")
            && said
                .body
                .ends_with("One waits until the round closes that is asking it now."),
        "{}",
        said.body
    );
    let times = |group: &Group| group.bot.scores.written_reviews(1).unwrap()[0].1.times;
    assert_eq!(times(&group), 1);
    until(&group, "2027-03-02T06:00:00Z");
    let asked = review(&mut group, 1);
    assert!(
        asked.body.contains("after the number 7 in"),
        "{}",
        asked.body
    );
    group.press(1, choice(&asked, true));
    assert_eq!(times(&group), 2);
}

#[test]
fn a_round_that_is_voided_or_regraded_takes_its_cards_back() {
    for is_void in [true, false] {
        let mut group = group("instant", 20);
        until(&group, "2027-03-01T10:00:00Z");
        let round = group.rounds()[0];
        let shown = asks(&group, round).shown;
        let wrong = shown.iter().position(|place| *place == 2).unwrap();
        group.answer(1, round, &[wrong]);
        until(&group, "2027-03-02T10:00:00Z");
        assert_eq!(
            review(&mut group, 1).title.as_deref(),
            Some("Review · 1 of 1")
        );
        let right = Choices::of([2]);
        let organiser = by(9, group.stage.now());
        let scores = &group.bot.scores;
        let receipt = match is_void {
            true => scores.void(RoundId(round), organiser, "wrong"),
            false => scores.regrade(RoundId(round), right, organiser, "better"),
        };
        receipt.unwrap().expect("a round");
        assert!(review(&mut group, 1).body.starts_with(NOTHING), "{is_void}");
    }
}

#[test]
fn a_question_that_is_gone_is_not_asked_and_its_card_stays() {
    let mut group = group("instant", 20);
    remember(&group, 1, "after-30", "2027-02-01T08:00:00Z");
    group.ask_of(20);
    assert!(review(&mut group, 1).body.starts_with(NOTHING));
    group.ask_of(40);
    assert!(
        review(&mut group, 1)
            .body
            .contains("after the number 30 in")
    );
}

#[test]
fn a_second_mistake_makes_the_first_ones_card_older() {
    let mut group = group("instant", 20);
    until(&group, "2027-03-01T10:00:00Z");
    let round = group.rounds()[0];
    let question = asks(&group, round).question.id;
    remember(&group, 1, &question, "2027-02-20T08:00:00Z");
    fail(&mut group, 1, round);
    until(&group, "2027-03-02T10:00:00Z");
    let zone = jiff::tz::TimeZone::UTC;
    let cards = group.bot.scores.reviews(GUILD, 1, &zone).unwrap().cards;
    assert_eq!(
        (cards.len(), cards[0].card.times, cards[0].n_written),
        (1, 2, 1)
    );
    let asked = review(&mut group, 1);
    group.press(1, choice(&asked, true));
    let cards = group.bot.scores.reviews(GUILD, 1, &zone).unwrap().cards;
    assert_eq!((cards[0].card.times, cards[0].n_written), (3, 3));
    group.wait(SignedDuration::from_hours(1));
    assert!(review(&mut group, 1).body.starts_with("Nothing is due"));
}

#[test]
fn who_only_practised_can_take_their_cards_along_and_be_forgotten() {
    let mut group = group("instant", 20);
    remember(&group, 1, "after-3", "2027-02-01T08:00:00Z");
    remember(&group, 2, "after-3", "2027-02-01T08:00:00Z");
    let export = group.hear(1, Request::Privacy(Privacy::Export));
    let file = export.file.expect("a file");
    let export: serde_json::Value = serde_json::from_slice(&file.bytes).unwrap();
    assert_eq!(export["reviews"][0]["question"], "after-3");
    assert_eq!(export["reviews"][0]["stability"], 0.212);
    assert_eq!(export["reviews"].as_array().map(Vec::len), Some(1));
    let forgotten = group.press(1, Press::Forget);
    assert!(
        forgotten.body.starts_with("You are forgotten"),
        "{}",
        forgotten.body
    );
    assert!(review(&mut group, 1).body.starts_with(NOTHING));
    let export = group.hear(1, Request::Privacy(Privacy::Export));
    assert_eq!(export.file, None);
    assert_eq!(
        review(&mut group, 2).title.as_deref(),
        Some("Review · 1 of 1")
    );
}
