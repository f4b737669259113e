//! What a round asks stays what was posted, whatever becomes of the question file.

use std::fs;

use jiff::SignedDuration;
use studyhall::bot::Questions;
use studyhall::chat::command::{Quiz, Setup};
use studyhall::chat::{Message, Request};
use studyhall::scores::round::RoundId;

use crate::group::{Group, ORGANISER};
use crate::stage::Fate;

/// The question that is posted; the notes have the section that it names.
const POSTED: &str = "\
## Which of these are `prime` as posted? (Choose two.) {#prime}

- [x] Two as posted
  > It divides by itself as posted.
- [ ] Four as posted
  > Twice two as posted.
- [x] Three as posted
- [ ] Nine as posted

> Primes divide by nothing else as posted. See [primes](../counting.md#primes).

difficulty: easy
topic: posted
";

/// The same in another order and other words, with other choices right, fewer of them, and beside
/// another section.
const REWRITTEN: &str = "\
## Is this rewritten? {#prime}

- [ ] Rewritten nine
- [x] Rewritten four
  > Rewritten note.
- [ ] Rewritten two

> Rewritten reasons. See [others](../counting.md#rewritten).

difficulty: hard
topic: rewritten
";

/// Another question; the one that was posted is gone.
const DELETED: &str = "\
## Was the other one deleted? {#other}

- [x] It was, rewritten
- [ ] It was not, rewritten

> Rewritten reasons. See [others](../counting.md#rewritten).

difficulty: hard
topic: rewritten
";

const NOTE: &str = "# Counting\n\n## Primes\n\nTwo and three.\n\n## Rewritten\n\nFour.\n";

/// A group with that one question and its note, on a Monday an hour before the post.
fn group() -> Group {
    let mut group = Group::new("2027-03-01T07:00:00Z", 1);
    let notes = group.folder().join("notes");
    fs::write(notes.join("counting.md"), NOTE).expect("a note");
    let synced = group.bot.index.sync(&notes, &|_| {});
    synced.expect("the index takes the note");
    write(&group, POSTED);
    group.set_up(Setup {
        time: Some("09:00".to_owned()),
        zone: Some("Europe/Zurich".to_owned()),
        days: Some("mon".to_owned()),
        open_hours: Some(20),
        ..Setup::default()
    });
    group
}

/// The question file becomes this.
fn write(group: &Group, text: &str) {
    let findings = group
        .bot
        .questions
        .take(&[("quiz/all.md".to_owned(), text.to_owned())]);
    assert!(findings.is_empty(), "{findings:?}");
}

/// The post of the group's only round.
fn post(group: &Group) -> Message {
    let room = group.stage.room();
    room.posts.values().next().expect("a post").message.clone()
}

/// Everything that a message says.
fn words(message: &Message) -> String {
    let list = message.list.iter().flat_map(|list| &list.lines);
    let lines: Vec<&str> = list.map(String::as_str).collect();
    let title = message.title.as_deref().unwrap_or_default();
    format!("{title}\n{}\n{}", message.body, lines.join("\n"))
}

/// The message says all of this, and nothing of the file as it is now.
#[track_caller]
fn check(message: &Message, parts: &[&str]) {
    let words = words(message);
    for part in parts {
        assert!(words.contains(part), "{part} is missing: {words}");
    }
    assert!(!words.to_lowercase().contains("rewritten"), "{words}");
}

/// The letters and places at which the posted choices are shown, by their places in the posted file.
fn shown(group: &Group, place: u8) -> (char, usize) {
    let round = group.rounds()[0];
    let round = group.bot.scores.round(RoundId(round)).expect("scores");
    let shown = round.expect("a round").asks.expect("a question").shown;
    let at = shown.iter().position(|other| *other == place);
    let at = at.expect("the place of a posted choice");
    (char::from(b'A' + u8::try_from(at).expect("a letter")), at)
}

/// The four posted choices, each behind its letter.
fn lines(group: &Group) -> Vec<String> {
    let choices = ["Two", "Four", "Three", "Nine"].iter().zip(0..);
    choices
        .map(|(word, place)| format!("**{}** {word} as posted", shown(group, place).0))
        .collect()
}

const STEM: &str = "Which of these are `prime` as posted?";
const EXPLANATION: &str = "Primes divide by nothing else as posted.";

#[test]
fn a_round_shows_what_was_posted_though_the_file_is_rewritten_and_emptied() {
    let mut group = group();
    group.wait(SignedDuration::from_hours(2));
    let round = group.rounds()[0];
    let ([two, four, three], lines) = ([0, 1, 2].map(|at| shown(&group, at)), lines(&group));
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let posted = post(&group);
    check(&posted, &lines);
    let button_to = |message: &Message| message.buttons.concat().first().map(|b| b.press);

    write(&group, REWRITTEN);
    let right = group.answer(1, round, &[two.1, three.1]);
    let note = format!("**{}:** It divides by itself as posted.", two.0);
    check(&right, &["✅ **Right.** 10 points", &note, EXPLANATION]);
    let primes = button_to(&right).expect("a button to the section that was named");
    group.restart();
    group.wait(SignedDuration::from_mins(2));
    let counted = post(&group);
    check(&counted, &["1 answered", STEM]);
    check(&counted, &lines);
    assert_eq!(counted.list, posted.list);

    write(&group, DELETED);
    let wrong = group.answer(2, round, &[four.1]);
    let note = format!("**{}:** Twice two as posted.", four.0);
    check(&wrong, &["❌ **Not right.**", &note, EXPLANATION]);
    assert_eq!(button_to(&wrong), Some(primes));
    // The process starts anew and finds no question at all.
    group.restart();
    group.bot.questions = Questions::default();
    let again = group.answer(2, round, &[two.1]);
    check(&again, &[&format!("already: **{}**", four.0)]);
    group.wait(SignedDuration::from_mins(2));
    check(&post(&group), &["2 answered", STEM]);

    group.wait_until("2027-03-02T05:00:00Z".parse().unwrap());
    let revealed = post(&group);
    let marked = format!("**{}** Two as posted ✅ · 1 (50 %)", two.0);
    check(&revealed, &[STEM, &marked, EXPLANATION, "**Right:** <@1>"]);
    check(&revealed, &lines);
    assert_eq!(button_to(&revealed), Some(primes));

    group.wait_until("2027-03-08T12:00:00Z".parse().unwrap());
    let room = group.stage.room();
    let recap = &room.posts.values().last().expect("a recap").message;
    check(recap, &["The week of 1 March", "Missed most", "as posted?"]);
    assert_eq!(button_to(recap), Some(primes));
}

#[test]
fn a_regrade_goes_by_the_letters_that_were_posted() {
    let mut group = group();
    group.wait(SignedDuration::from_hours(2));
    let round = group.rounds()[0];
    let [two, four, three, nine] = [0, 1, 2, 3].map(|at| shown(&group, at));
    group.answer(1, round, &[two.1, three.1]);
    group.answer(2, round, &[nine.1]);
    write(&group, DELETED);
    group.wait_until("2027-03-02T05:00:00Z".parse().unwrap());
    let receipt = group.hear(
        ORGANISER,
        Request::Quiz(Quiz::Regrade {
            round: None,
            right: nine.0.to_string(),
            reason: "it was meant so".to_owned(),
        }),
    );
    let letter = format!("right is **{}**", nine.0);
    check(&receipt, &[&letter, "one person gained points"]);
    group.wait(SignedDuration::from_mins(1));
    let revealed = post(&group);
    let marked = format!("**{}** Nine as posted ✅ · 1 (50 %)", nine.0);
    check(&revealed, &[&marked, "**Right:** <@2>"]);
    let plain = format!("**{}** Four as posted · 0 (0 %)", four.0);
    check(&revealed, &[&plain]);
}

#[test]
fn a_claimed_question_is_posted_though_it_is_deleted_meanwhile() {
    let group = group();
    group.stage.room().dice = {
        let mut is_first = true;
        Box::new(move || match std::mem::take(&mut is_first) {
            true => Fate::NotSent,
            false => Fate::Done,
        })
    };
    group.wait_until("2027-03-01T08:00:00Z".parse().unwrap());
    assert!(group.rounds().is_empty(), "the first try was not sent");
    write(&group, DELETED);
    group.wait(SignedDuration::from_mins(2));
    check(&post(&group), &[STEM, "Four as posted"]);
}

#[test]
fn a_round_wanted_now_keeps_its_question_too() {
    let mut group = group();
    group.hear(ORGANISER, Request::Quiz(Quiz::PostNow { schedule: None }));
    write(&group, DELETED);
    group.wait(SignedDuration::from_secs(2));
    check(&post(&group), &[STEM, "Nine as posted"]);
}
