//! Several people talk with the bot in a terminal.

use crate::world::s3_and_sqs;

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
