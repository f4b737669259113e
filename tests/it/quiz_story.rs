//! The daily quiz, told: a week of a study group, and what goes wrong in it.

use std::sync::{Arc, Mutex};

use jiff::{SignedDuration, Timestamp};
use studyhall::chat::command::{Config, Privacy, Quiz, Setup};
use studyhall::chat::{Message, Press, Refusal, Request};
use studyhall::quiz::grade::Choices;
use studyhall::quiz::period::Span;
use studyhall::scores::round::{RoundId, RoundState};

use crate::group::{CHANNEL, GUILD, Group, ORGANISER};
use crate::stage::Fate;

/// A group with a quiz every day at nine in Zurich, on a Monday at eight.
pub(crate) fn group() -> Group {
    let mut group = Group::new("2027-03-01T07:00:00Z", 40);
    group.set_up(daily());
    group
}

/// The same an hour after its first question: its round, and the shown places of the right choice and of
/// a wrong one.
pub(crate) fn asked() -> (Group, i64, usize, usize) {
    let group = group();
    group.wait(SignedDuration::from_hours(2));
    let round = group.rounds()[0];
    let (right, wrong) = (right_place(&group, round), wrong_place(&group, round));
    (group, round, right, wrong)
}

pub(crate) fn daily() -> Setup {
    Setup {
        time: Some("09:00".to_owned()),
        zone: Some("Europe/Zurich".to_owned()),
        days: Some("daily".to_owned()),
        open_hours: Some(20),
        ..Setup::default()
    }
}

/// The shown place of the right choice: the one that the text of the question names as next.
pub(crate) fn right_place(group: &Group, round: i64) -> usize {
    let round = group
        .bot
        .scores
        .round(RoundId(round))
        .expect("scores")
        .expect("a round");
    let shown = round.asks.expect("a question").shown;
    shown
        .iter()
        .position(|place| *place == 0)
        .expect("the right choice")
}

pub(crate) fn wrong_place(group: &Group, round: i64) -> usize {
    usize::from(right_place(group, round) == 0)
}

pub(crate) fn leaderboard(group: &mut Group, member: u64, span: Span) -> Message {
    let request = Request::Leaderboard {
        span,
        previous: false,
        topic: None,
    };
    group.hear(member, request)
}

#[test]
fn a_question_is_posted_at_its_hour_once() {
    let group = group();
    group.wait_until("2027-03-01T07:59:59Z".parse().unwrap());
    assert_eq!(group.rounds(), Vec::<i64>::new());
    group.wait_until("2027-03-01T08:00:00Z".parse().unwrap());
    assert_eq!(group.rounds().len(), 1);
    for _ in 0..5 {
        group.tick();
    }
    assert_eq!(group.rounds().len(), 1);
    let room = group.stage.room();
    let post = room.posts.values().next().unwrap();
    assert_eq!(
        (post.channel, post.at),
        (CHANNEL, "2027-03-01T08:00:00Z".parse().unwrap())
    );
    assert!(
        post.message.body.contains("closes <t:"),
        "{}",
        post.message.body
    );
}

#[test]
fn answers_are_explained_counted_and_revealed() {
    let mut group = group();
    group.wait(SignedDuration::from_hours(1));
    let round = group.rounds()[0];
    let (right, wrong) = (right_place(&group, round), wrong_place(&group, round));
    let yes = group.answer(1, round, &[right]);
    assert!(yes.body.contains("✅ **Right.**"), "{}", yes.body);
    let no = group.answer(2, round, &[wrong]);
    assert!(
        no.body.contains("❌ **Not right.**") && no.body.contains("One more than"),
        "{}",
        no.body
    );
    let again = group.answer(2, round, &[right]);
    assert!(again.body.contains("answered already"), "{}", again.body);
    group.wait(SignedDuration::from_mins(2));
    let body = |group: &Group| group.first_body();
    assert!(body(&group).contains("2 answered"), "{}", body(&group));
    assert!(!body(&group).contains('✅'));
    group.wait_until("2027-03-02T04:00:00Z".parse().unwrap());
    let revealed = body(&group);
    assert!(
        revealed.contains("✅ · 1 (50 %)") && revealed.contains("**Right:** <@1>"),
        "{revealed}"
    );
    assert!(revealed.contains("One more than"), "{revealed}");
    let late = group.answer(3, round, &[right]);
    assert!(late.body.contains("closed"), "{}", late.body);
    let board = leaderboard(&mut group, 2, Span::Week);
    assert!(
        board.body.contains("**1.** <@1>") && board.body.contains("**2.** <@2> · 0 points"),
        "{}",
        board.body
    );
    assert!(board.body.contains("◀ you"));
}

#[test]
fn a_count_is_not_written_so_late_that_it_could_come_after_the_reveal() {
    let mut group = group();
    group.wait(SignedDuration::from_hours(1));
    let round = group.rounds()[0];
    let right = right_place(&group, round);
    group.wait_until("2027-03-02T03:56:30Z".parse().unwrap());
    group.answer(1, round, &[right]);
    group.wait_until("2027-03-02T03:57:45Z".parse().unwrap());
    let counted = group.first_body();
    assert!(counted.contains("1 answered"), "{counted}");
    group.answer(2, round, &[right]);
    group.wait_until("2027-03-02T03:59:30Z".parse().unwrap());
    assert_eq!(group.first_body(), counted);
    group.wait_until("2027-03-02T04:00:00Z".parse().unwrap());
    let revealed = group.first_body();
    assert!(revealed.contains("2 answered · closed"), "{revealed}");
}

#[test]
fn the_closing_second_is_too_late_and_the_one_before_is_not() {
    let mut group = group();
    group.wait_until("2027-03-01T08:00:00Z".parse().unwrap());
    let round = group.rounds()[0];
    let right = right_place(&group, round);
    // Nothing ticks in between: the close itself is not what refuses an answer.
    group.stage.room().now = "2027-03-02T03:59:59Z".parse().unwrap();
    assert!(group.answer(1, round, &[right]).body.contains("Right"));
    group.stage.room().now = "2027-03-02T04:00:00Z".parse().unwrap();
    assert!(group.answer(2, round, &[right]).body.contains("closed"));
}

#[test]
fn buttons_and_streaks_survive_a_restart_and_an_event_counts_once() {
    let mut group = group();
    group.wait(SignedDuration::from_hours(2));
    let round = group.rounds()[0];
    let right = right_place(&group, round);
    group.restart();
    let press = Request::Press {
        press: Press::Answer {
            round,
            shown: Choices::of([right]),
        },
        on_private: false,
    };
    let first = group.hear_event(1, press.clone(), 900);
    let again = group.hear_event(1, press, 900);
    assert_eq!(first, again);
    group.restart();
    group.wait(SignedDuration::from_hours(24));
    let next = *group.rounds().last().unwrap();
    assert_ne!(next, round);
    let right = right_place(&group, next);
    let second = group.answer(1, next, &[right]);
    assert!(
        second.body.contains("Your streak: 2 days"),
        "{}",
        second.body
    );
    let chosen = group.bot.scores.chosen(RoundId(round)).unwrap();
    assert_eq!(chosen.len(), 1);
}

#[test]
fn a_day_that_the_bot_missed_breaks_no_streak_and_brings_no_burst() {
    let mut group = group();
    group.wait(SignedDuration::from_hours(2));
    let round = group.rounds()[0];
    let right = right_place(&group, round);
    group.answer(1, round, &[right]);
    // Three days without a tick.
    group.stage.room().now = "2027-03-04T10:00:00Z".parse().unwrap();
    group.wait(SignedDuration::from_mins(1));
    let rounds = group.stage.room().n_posted.len();
    assert_eq!(rounds, 2, "the missed days are skipped, today's comes late");
    let today = *group.rounds().last().unwrap();
    let body = group
        .stage
        .room()
        .posts
        .values()
        .last()
        .unwrap()
        .message
        .body
        .clone();
    assert!(body.contains("posted late"), "{body}");
    let right = right_place(&group, today);
    let answer = group.answer(1, today, &[right]);
    assert!(
        answer.body.contains("Your streak: 2 days"),
        "{}",
        answer.body
    );
    let posted = group.bot.scores.round(RoundId(today)).unwrap().unwrap();
    let open_for = posted
        .closes_at
        .unwrap()
        .duration_since(posted.opened_at.unwrap());
    assert_eq!(
        open_for,
        SignedDuration::from_hours(20),
        "the lost time is given back"
    );
}

#[test]
fn sealed_rounds_keep_the_answer_until_the_close_and_let_people_change_it() {
    let mut group = Group::new("2027-03-01T07:00:00Z", 10);
    group.set_up(Setup {
        feedback: Some("sealed".to_owned()),
        may_change: Some(true),
        ..daily()
    });
    group.wait(SignedDuration::from_hours(2));
    let round = group.rounds()[0];
    let (right, wrong) = (right_place(&group, round), wrong_place(&group, round));
    let noted = group.answer(1, round, &[wrong]);
    assert!(
        noted.body.starts_with("Noted") && !noted.body.contains("ight."),
        "{}",
        noted.body
    );
    let told = |group: &mut Group| {
        let stats = group.hear(1, Request::Stats { of: None }).body;
        let boards = Span::ALL.map(|span| leaderboard(group, 2, span).body);
        let export = group.hear(1, Request::Privacy(Privacy::Export));
        let export = export.file.expect("a file").bytes;
        let export = String::from_utf8(export).expect("text");
        assert!(export.contains("\"points\": null"), "{export}");
        (stats, boards)
    };
    let before = told(&mut group);
    let changed = group.answer(1, round, &[right]);
    assert!(changed.body.starts_with("Changed"), "{}", changed.body);
    assert_eq!(told(&mut group), before, "it shows that this is right");
    group.wait(SignedDuration::from_hours(12));
    group.restart();
    assert_eq!(told(&mut group), before, "it shows that this is right");
    group.wait(SignedDuration::from_hours(8));
    let stats = group.hear(1, Request::Stats { of: None });
    assert!(stats.body.contains("1 of 1"), "{}", stats.body);
    let board = leaderboard(&mut group, 1, Span::Season);
    assert!(board.body.contains("1 of 1 right"), "{}", board.body);
}

#[test]
fn a_refused_post_suspends_the_schedule_and_tells_the_organiser_once() {
    let mut group = group();
    group.stage.room().dice = {
        let mut is_first = true;
        Box::new(move || match std::mem::take(&mut is_first) {
            true => Fate::Refused(Refusal::NoPermission),
            false => Fate::Done,
        })
    };
    group.wait(SignedDuration::from_hours(30));
    {
        let room = group.stage.room();
        assert!(room.posts.is_empty());
        let told: Vec<u64> = room.told.iter().map(|(member, _)| *member).collect();
        assert_eq!(told, [ORGANISER]);
    }
    let resumed = group.hear(ORGANISER, Request::Quiz(Quiz::Resume { schedule: None }));
    assert!(resumed.body.contains("goes on"), "{}", resumed.body);
    group.wait(SignedDuration::from_hours(24));
    assert_eq!(group.stage.room().posts.len(), 1);
}

#[test]
fn who_is_forgotten_leaves_everybody_elses_rank_as_it_was() {
    let mut group = group();
    group.wait(SignedDuration::from_hours(2));
    let round = group.rounds()[0];
    let right = right_place(&group, round);
    for member in 1..=4 {
        group.answer(member, round, &[right]);
    }
    let hidden = group.hear(2, Request::Privacy(Privacy::Hide { hidden: true }));
    assert!(hidden.body.contains("no board"), "{}", hidden.body);
    let before = leaderboard(&mut group, 4, Span::All).body;
    assert!(
        !before.contains("<@2>") && before.contains("<@3>"),
        "{before}"
    );
    let export = group.hear(1, Request::Privacy(Privacy::Export));
    let file = export.file.expect("a file");
    assert!(
        String::from_utf8(file.bytes)
            .unwrap()
            .contains("\"kind\": \"answer\"")
    );
    let forget = group.hear(1, Request::Privacy(Privacy::Forget));
    let press = forget.buttons[0][0].press;
    let forgotten = group.press(1, press);
    assert!(
        forgotten.body.starts_with("You are forgotten"),
        "{}",
        forgotten.body
    );
    let after = leaderboard(&mut group, 4, Span::All).body;
    assert_eq!(after, before.replace("<@1>", "*somebody who left*"));
    let export = group.hear(1, Request::Privacy(Privacy::Export));
    assert_eq!(export.file, None, "{}", export.body);
}

#[test]
fn the_week_is_recapped_on_monday_without_those_who_left() {
    let (mut group, round, right, wrong) = asked();
    group.answer(1, round, &[right]);
    group.answer(2, round, &[wrong]);
    group.answer(3, round, &[right]);
    group.stage.room().left.push(3);
    group.wait_until("2027-03-08T12:00:00Z".parse().unwrap());
    let room = group.stage.room();
    let is_recap = |title: &str| title.starts_with("The week of 1 March");
    let mut recaps = room
        .posts
        .values()
        .filter(|post| post.message.title.as_deref().is_some_and(is_recap));
    let recap = recaps.next().expect("a recap").message.clone();
    assert!(recaps.next().is_none());
    assert!(
        recap.body.contains("🥇 <@1>") && !recap.body.contains("<@3>"),
        "{}",
        recap.body
    );
    assert!(recap.body.contains("Missed most"), "{}", recap.body);
}

#[test]
fn who_left_and_comes_back_is_on_the_boards_again() {
    let mut group = group();
    group.wait(SignedDuration::from_hours(2));
    let round = group.rounds()[0];
    let right = right_place(&group, round);
    for member in 1..=4 {
        group.answer(member, round, &[right]);
    }
    group.stage.room().left = vec![2, 3, 4];
    group.wait_until("2027-03-08T12:00:00Z".parse().unwrap());
    let has = |board: &Message, member: u64| board.body.contains(&format!("<@{member}>"));
    let board = leaderboard(&mut group, 1, Span::All);
    assert!([2, 3, 4].iter().all(|member| !has(&board, *member)));
    let round = *group.rounds().last().expect("a round");
    let right = right_place(&group, round);
    group.answer(2, round, &[right]);
    group.hear(3, Request::Privacy(Privacy::Hide { hidden: false }));
    let board = leaderboard(&mut group, 1, Span::All);
    let text = &board.body;
    assert!(
        has(&board, 2) && has(&board, 3) && !has(&board, 4),
        "{text}"
    );
    group.bot.scores.sum_anew(GUILD).expect("scores");
    let anew = leaderboard(&mut group, 1, Span::All);
    assert_eq!(anew.body, board.body);
}

#[test]
fn a_recap_gives_nothing_away_of_a_round_that_is_still_open() {
    let mut group = Group::new("2027-03-01T07:00:00Z", 40);
    group.set_up(Setup {
        days: Some("mon, sun".to_owned()),
        open_hours: Some(30),
        ..daily()
    });
    let mut stems = Vec::new();
    for (day, n_right) in [("2027-03-01", 1), ("2027-03-07", 0)] {
        group.wait_until(format!("{day}T09:00:00Z").parse().unwrap());
        let round = *group.rounds().last().expect("a round");
        let (right, wrong) = (right_place(&group, round), wrong_place(&group, round));
        for member in 1..=2 {
            let place = if member <= n_right { right } else { wrong };
            group.answer(member, round, &[place]);
        }
        let round = group.bot.scores.round(RoundId(round)).expect("scores");
        let asks = round.and_then(|round| round.asks).expect("a question");
        stems.push(asks.question.stem);
    }
    group.wait_until("2027-03-08T07:30:00Z".parse().unwrap());
    let room = group.stage.room();
    let recap = room.posts.values().last().expect("a recap").message.clone();
    let title = recap.title.unwrap_or_default();
    assert!(title.starts_with("The week of 1 March"), "{title}");
    let (closed, open) = (&stems[0], &stems[1]);
    assert!(recap.body.contains(closed), "{}", recap.body);
    assert!(!recap.body.contains(open), "{}", recap.body);
}

#[test]
fn what_an_organiser_who_is_gone_should_know_is_said_in_the_channel() {
    for is_forgotten in [true, false] {
        let mut group = Group::new("2027-03-01T07:00:00Z", 3);
        group.set_up(daily());
        match is_forgotten {
            true => drop(group.press(ORGANISER, Press::Forget)),
            false => group.stage.room().left.push(ORGANISER),
        }
        group.wait(SignedDuration::from_hours(4));
        let room = group.stage.room();
        assert_eq!(room.told.len(), 0);
        let mut posts = room.posts.values();
        let is_notice = |body: &str| body.starts_with("For those who run the quiz: **daily** has");
        let notice = posts.find(|post| is_notice(&post.message.body));
        assert_eq!(notice.expect("it is said").channel, CHANNEL);
    }
}

#[test]
fn the_organiser_is_told_once_when_questions_run_low() {
    let mut group = Group::new("2027-03-01T07:00:00Z", 9);
    group.set_up(daily());
    group.wait(SignedDuration::from_hours(24 * 6));
    let told = |group: &Group| group.stage.room().told.len();
    assert_eq!(told(&group), 1);
    let (member, message) = group.stage.room().told[0].clone();
    assert_eq!(member, ORGANISER);
    assert!(
        message.body.contains("new questions for 6 more days"),
        "{}",
        message.body
    );
    // The note keeper writes more, and later those run low too.
    group.ask_of(20);
    group.wait(SignedDuration::from_hours(24));
    assert_eq!(told(&group), 1);
    group.wait(SignedDuration::from_hours(24 * 8));
    assert_eq!(told(&group), 2);
}

#[test]
fn organisers_skip_pin_post_now_and_set_the_server() {
    let mut group = group();
    let quiz = |group: &mut Group, quiz: Quiz| group.hear(ORGANISER, Request::Quiz(quiz)).body;
    let coming = quiz(&mut group, Quiz::Preview { schedule: None });
    assert_eq!(coming.lines().count(), 8, "{coming}");
    let skipped = quiz(&mut group, Quiz::Skip { schedule: None });
    assert!(skipped.starts_with("Left out"), "{skipped}");
    let pin = Quiz::Pin {
        schedule: None,
        question: "after-7".to_owned(),
    };
    assert!(quiz(&mut group, pin).contains("after-7"));
    assert!(quiz(&mut group, Quiz::Queue { schedule: None }).contains("1. "));
    quiz(&mut group, Quiz::PostNow { schedule: None });
    group.wait(SignedDuration::from_secs(2));
    let round = group.rounds()[0];
    let asks = group
        .bot
        .scores
        .round(RoundId(round))
        .unwrap()
        .unwrap()
        .asks
        .unwrap();
    assert_eq!(asks.question.id, "after-7");
    quiz(&mut group, Quiz::Pause { schedule: None });
    group.wait(SignedDuration::from_hours(48));
    assert_eq!(
        group.stage.room().n_posted.len(),
        1,
        "a paused schedule posts nothing"
    );
    let set = Request::Config(Config::Set {
        zone: Some("Mars/Olympus".to_owned()),
        season: None,
        recap: None,
    });
    let mistake = group.hear(ORGANISER, set).body;
    assert!(mistake.contains("Mars/Olympus"), "{mistake}");
    let doctor = group
        .hear(ORGANISER, Request::Doctor { lacks: Vec::new() })
        .body;
    assert!(
        doctor.contains("paused") && doctor.contains("40 questions"),
        "{doctor}"
    );
}

#[test]
fn practice_goes_on_where_it_was_left_and_changes_no_score() {
    let mut group = group();
    let practice = |count| Request::Quiz(Quiz::Practice { topic: None, count });
    let asked = group.hear(1, practice(Some(2)));
    assert_eq!(asked.title.as_deref(), Some("Practice · 1 of 2"));
    group.restart();
    let again = group.hear(1, practice(None));
    assert_eq!(again.body, asked.body);
    for number in 1..=2 {
        let asked = group.hear(1, practice(None));
        let press = asked.buttons[0][0].press;
        let graded = group.press(1, press);
        let title = graded.title.expect("a title");
        assert!(
            title.starts_with(&format!("Practice · {number} of 2")),
            "{title}"
        );
    }
    let done = group.press(1, Press::PracticeNext);
    assert!(done.body.contains("of 2 right"), "{}", done.body);
    assert_eq!(group.bot.scores.events(1).unwrap(), []);
}

#[test]
fn practice_tells_no_answer_that_a_round_still_asks_for() {
    let mut group = group();
    let practice = |count| Request::Quiz(Quiz::Practice { topic: None, count });
    // Begun before the round, it holds the round's question too.
    let before = group.hear(2, practice(Some(50)));
    assert!(
        before
            .title
            .is_some_and(|title| title.starts_with("Practice · 1"))
    );
    group.wait(SignedDuration::from_hours(2));
    let round = group.rounds()[0];
    let round = group.bot.scores.round(RoundId(round));
    let round = round.expect("scores").expect("a round");
    let question = round.asks.unwrap().question;
    for member in [1, 2] {
        let mut asked = group.hear(member, practice((member == 1).then_some(50)));
        let mut n_asked = 0;
        while let Some(Press::Practice { .. }) = asked.buttons.first().map(|row| row[0].press) {
            assert!(!asked.body.contains(&question.stem), "{}", asked.body);
            n_asked += 1;
            let press = asked.buttons[0][0].press;
            group.press(member, press);
            asked = group.press(member, Press::PracticeNext);
        }
        assert!(n_asked > 1, "{n_asked}");
    }
}

#[test]
fn a_message_that_a_moderator_deletes_ends_its_round() {
    let group = group();
    group.wait(SignedDuration::from_hours(2));
    let round = group.rounds()[0];
    for post in group.stage.room().posts.values_mut() {
        post.is_deleted = true;
    }
    group.wait_until("2027-03-02T05:00:00Z".parse().unwrap());
    let ended = group.bot.scores.round(RoundId(round)).unwrap().unwrap();
    assert_eq!(ended.state, RoundState::Closed);
    assert_eq!(group.stage.room().posts.len(), 1);
    let newest = group.bot.scores.newest(GUILD, 5).unwrap();
    assert_eq!(newest.len(), 1);
}

#[test]
fn whoever_looks_long_for_a_post_posts_it_anew_undisturbed() {
    let group = group();
    let start: Timestamp = "2027-03-01T08:00:00Z".parse().unwrap();
    let now = Arc::new(Mutex::new(start));
    let (scores, shared) = (group.bot.scores.clone(), Arc::clone(&now));
    let mut n_calls = 0;
    group.stage.room().dice = Box::new(move || {
        n_calls += 1;
        let mut now = shared.lock().unwrap();
        match n_calls {
            1 => return Fate::NotSent,
            // The channel is searched, for longer than a lease.
            2 => *now += SignedDuration::from_secs(70),
            // It is posted anew, and nobody else may begin that too.
            3 => assert_eq!(scores.waking(*now).unwrap(), []),
            _ => {}
        }
        Fate::Done
    });
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    let runtime = runtime.unwrap();
    for seconds in [0, 70] {
        *now.lock().unwrap() = start + SignedDuration::from_secs(seconds);
        let now = Arc::clone(&now);
        let clock = move || *now.lock().unwrap();
        runtime.block_on(group.bot.tick(group.stage.as_ref(), &clock));
    }
    assert_eq!(group.rounds().len(), 1);
}
