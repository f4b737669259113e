//! Several people talk with the bot in a terminal.

use crate::world::{S3, SQS, World, s3_and_sqs};

#[test]
fn several_people_talk_in_a_terminal() {
    let mut world = s3_and_sqs();
    let answer = world.says("what is the default visibility timeout?");
    assert!(
        answer.starts_with("── m1\nSQS › Visibility timeout\n"),
        "{answer}"
    );
    assert!(answer.contains("[a] "), "{answer}");

    let private = world.says("ben: /ask --private topic:S3 versioning");
    assert!(
        private.starts_with("── m2 (only ben sees this)\nS3 › Versioning\n"),
        "{private}"
    );
    assert_eq!(
        world.says("m2 a"),
        "There is no such message with buttons here.\n"
    );
    assert_eq!(world.says("/as ben"), "You are ben now.\n");
    let letter = |shown: &str, label: &str| -> String {
        let at = shown
            .find(&format!("] {label}"))
            .expect("the button is there");
        shown[at - 1..at].to_owned()
    };
    let next = world.says(&letter(&private, "Next section"));
    assert!(
        next.starts_with("── m2 becomes (only ben sees this)\nS3 › Storage"),
        "{next}"
    );
    let shared = world.says(&letter(&next, "Share"));
    assert!(
        shared.starts_with("── m3\nS3 › Storage classes\nShared by ben\n"),
        "{shared}"
    );
    let topics = world.says("/topics");
    assert!(topics.contains("**SQS**"), "{topics}");
    let offers = world.says("/suggest dead let");
    let offer = offers.lines().next().expect("an offer");
    let (name, command) = offer.split_once("   ").expect("a name and a command");
    assert_eq!(name, "  SQS › Dead letter queue");
    assert!(world.says(command).contains("\nSQS › Dead letter queue\n"));
    let reply = world.says("/answer so what is a DLQ?");
    assert!(reply.contains("Dead letter queue"), "{reply}");
    assert!(world.says("/help").contains("/topics"));
    assert_eq!(
        world.says("/dance"),
        "There is no /dance. /help lists what there is.\n"
    );
    assert_eq!(world.says("   "), "");
}

#[test]
fn a_rehearsal_reads_lines_until_the_end() {
    let world = s3_and_sqs();
    let out = tempfile::NamedTempFile::new().expect("a file");
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .expect("a runtime");
    let mut input: &[u8] = b"ada: visibility timeout\n\xff\xfe\n/quit\nnever read\n";
    let writer = Box::new(out.reopen().expect("the file again"));
    let rehearsal = studyhall::console::rehearse(&world.bot, &mut input, writer);
    runtime.block_on(rehearsal).expect("the terminal is there");
    let shown = std::fs::read_to_string(out.path()).expect("text");
    assert!(shown.contains("SQS › Visibility timeout"), "{shown}");
    assert!(!shown.contains("never"), "{shown}");
}

/// Questions with one right choice, and one with two.
const QUESTIONS: &str = "\
## Which service stores objects in buckets? {#s3-buckets}

- [x] S3
- [ ] SQS
- [ ] EC2

> S3 stores objects. See [S3](../s3.md#s3).

difficulty: easy
topic: s3

## Which two hold for Versioning? (Choose two.) {#s3-versioning}

- [x] It keeps every version
- [ ] It deletes old versions
- [x] It can be suspended
- [ ] It is on from the start

> See [Versioning](../s3.md#versioning).

difficulty: hard
topic: s3

## What takes messages that could not be processed? {#sqs-dlq}

- [x] A dead letter queue
- [ ] A bucket
- [ ] A topic

> See [Dead letter queue](../sqs.md#dead-letter-queue).

difficulty: medium
topic: sqs
";

fn with_a_quiz() -> World {
    World::with_questions(
        &[("s3.md", S3), ("sqs.md", SQS)],
        &[("quiz/all.md", QUESTIONS)],
    )
}

/// A world whose quiz asks at ten every day; it is nine on a Monday.
fn at_ten() -> World {
    let mut world = with_a_quiz();
    let draft = world.says("/setup time:10:00 zone:UTC days:mon-sun open_hours:20");
    assert!(draft.starts_with("── m1 (only ada sees this)\n"), "{draft}");
    let saved = world.says("a");
    assert!(saved.contains("comes in 1 hour"), "{saved}");
    world
}

#[test]
fn a_question_is_posted_answered_and_revealed_while_somebody_waits() {
    let mut world = at_ten();
    let pinned = world.says("/quiz pin s3-buckets");
    assert!(pinned.contains("comes next"), "{pinned}");
    assert_eq!(world.says("/wait 10m"), "It is Mon 2 Mar 09:10 UTC.\n");
    let posted = world.says("/wait until 10:30");
    assert!(
        posted.starts_with("── m3 · Mon 2 Mar 10:00 UTC\n"),
        "{posted}"
    );
    assert!(
        posted.contains("nobody has answered yet · closes in 20 hours"),
        "{posted}"
    );
    assert!(
        posted.contains("[a] A  [b] B  [c] C\n[d] Report a mistake\n"),
        "{posted}"
    );
    assert!(posted.ends_with("It is Mon 2 Mar 10:30 UTC.\n"), "{posted}");

    let right = posted.lines().find_map(|line| line.strip_suffix("** S3"));
    let right = right.and_then(|line| line.strip_prefix("**"));
    let right = right.expect("the right choice").to_lowercase();
    let answer = world.says(&format!("bo: {right}"));
    assert!(
        answer.starts_with("── m5 (only bo sees this)\nYou chose"),
        "{answer}"
    );
    assert!(answer.contains("✅"), "{answer}");
    // Counts are written now and then, at the latest when time goes on.
    let counted = format!("{answer}{}", world.says("/wait 5h"));
    let line = " · message 3 now reads:\n… 1 answered · closes in ";
    assert_eq!(counted.matches(line).count(), 1, "{counted}");

    let revealed = world.says("/wait until 07:00");
    assert!(
        revealed.starts_with("── Tue 3 Mar 06:00 UTC · message 3 now reads:\n"),
        "{revealed}"
    );
    assert!(revealed.contains("✅ · 1 (100 %)"), "{revealed}");
    assert!(revealed.contains("Right:** @bo"), "{revealed}");
    let board = world.says("/leaderboard all");
    assert!(board.contains("**1.** @bo · 10 points"), "{board}");
    let stats = world.says("/stats bo");
    assert!(stats.contains("@bo has **10 points**"), "{stats}");
    assert!(stats.contains("\n[file calendar.png, "), "{stats}");
}

#[test]
fn several_lines_of_a_list_are_chosen_by_their_numbers() {
    let mut world = at_ten();
    let pinned = world.says("/quiz pin s3-versioning");
    assert!(pinned.contains("comes next"), "{pinned}");
    let posted = world.says("/wait until 10:00");
    assert!(posted.contains("\nChoose 2:\n[1] A · "), "{posted}");
    let number = |text: &str| -> String {
        let line = posted
            .lines()
            .find(|line| line.starts_with('[') && line.ends_with(text));
        line.expect("the choice is there")[1..2].to_owned()
    };
    let right = format!("{},{}", number("every version"), number("be suspended"));
    let answer = world.says(&right);
    assert!(answer.contains("✅"), "{answer}");
    let half = world.says(&format!("bo: m3 {}", number("every version")));
    assert!(half.contains("❌"), "{half}");
    assert_eq!(
        world.says("cy: 2,5"),
        "The list of message m3 has no line 5; it has 1 to 4.\n"
    );
    assert_eq!(world.says("m1 1,2"), "Message m1 has no list.\n");
    assert_eq!(
        world.says("m99 1"),
        "There is no such message with a list here.\n"
    );
}

#[test]
fn a_round_now_appears_where_it_belongs_and_calls_a_role() {
    let mut world = with_a_quiz();
    world.says("/setup channel:2 ping_role:5 thread:on open_hours:1");
    world.says("a");
    let posted = world.says("/quiz post-now");
    assert!(posted.contains("On its way to #channel-2."), "{posted}");
    let post = "── m3 in #channel-2 · Mon 2 Mar 09:00 UTC\n[calls role 5]\nQuestion of";
    assert!(posted.contains(post), "{posted}");
    // The answer is heard where the question stands.
    let line = if posted.contains("\n[1] ") {
        "m3 1,2"
    } else {
        "m3 a"
    };
    let answer = world.says(&format!("bo: {line}"));
    assert!(
        answer.contains("in #channel-2 (only bo sees this)\nYou chose"),
        "{answer}"
    );
    let closed = world.says("/wait 2h");
    assert!(
        closed.contains("Mon 2 Mar 10:00 UTC · a thread opens below message 3: "),
        "{closed}"
    );
    assert_eq!(closed.matches("1 answered · closed").count(), 1, "{closed}");
}

#[test]
fn only_the_organiser_runs_the_quiz() {
    let mut world = with_a_quiz();
    let refused = world.says("bo: /setup time:10:00");
    assert!(refused.contains("who may manage this server"), "{refused}");
    assert_eq!(
        world.says("/privacy everything"),
        "Write it as\n  /privacy export|forget|hide|show\n"
    );
    assert_eq!(
        world.says("/wait long"),
        "Write it as\n  /wait 2h | 1d 30m | until 09:00\n"
    );
    assert_eq!(world.says("/leave bo"), "bo has left the server.\n");
    assert!(world.says("/leave").contains("/leave NAME"));
}

#[test]
fn a_week_plays_by_itself() {
    let mut world = with_a_quiz();
    let week = world.says("/week");
    // It is Monday already: the next one is waited for.
    assert!(
        week.starts_with("A week with ada, bo, cy and di, from Mon 9 Mar 00:00 UTC on.\n"),
        "{week}"
    );
    for day in [
        "Mon 9", "Tue 10", "Wed 11", "Thu 12", "Fri 13", "Sat 14", "Sun 15",
    ] {
        let time = format!(" · {day} Mar 09:00 UTC\n");
        assert_eq!(week.matches(&time).count(), 1, "{day}: {week}");
    }
    assert_eq!(week.matches(" 05:00 UTC · message ").count(), 7, "{week}");
    assert!(week.contains("(only bo sees this)\nYou chose"), "{week}");
    assert!(week.matches("You chose").count() <= 4, "{week}");
    assert!(
        week.contains(" · Mon 16 Mar 08:00 UTC\nThe week of 9 March\n"),
        "{week}"
    );
    let (_, end) = week.split_once("The week of 9 March").expect("a recap");
    assert!(end.contains("Leaderboard · week of 9 March 2026"), "{end}");
    for name in ["@ada", "@bo", "@cy", "@di"] {
        assert!(end.contains(name), "{end}");
    }
    assert!(end.contains("[file calendar.png, "), "{end}");
    let again = with_a_quiz().says("/week");
    let board = |week: &str| week.split("Leaderboard").nth(1).map(str::to_owned);
    assert_eq!(board(&again), board(&week));
}
