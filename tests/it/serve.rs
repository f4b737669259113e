//! The shipped `studyhall serve` on the fake Discord: whole stories, from the notes to the chat.

use std::collections::{BTreeSet, VecDeque};
use std::fs;
use std::time::Duration;

use crate::desk::Desk;
use crate::fake::{ADA, BEN, Break, Event, Interaction, Posted};

/// Presses in one walk through all buttons, at most.
const PRESSES_MAX: usize = 120;

fn ask(question: &str) -> Interaction {
    Interaction::slash("ask").option("question", question)
}

fn is_start(event: &Event) -> bool {
    matches!(event, Event::Identified(_))
}

#[tokio::test]
async fn a_question_is_answered_from_the_notes() {
    let desk = Desk::new().await;
    let serving = desk.serve().await;
    let said = desk.answer(ask("default visibility timeout").by(BEN)).await;
    assert!(said.text().contains("30 seconds"), "{}", said.text());
    assert!(!said.is_private());
    let quiet = desk.answer(ask("DLQ").option("private", true)).await;
    assert!(
        quiet.text().contains("could not be processed"),
        "{}",
        quiet.text()
    );
    assert!(quiet.is_private());
    let note = Interaction::slash("note").option("section", "lifecycle rules");
    assert!(desk.answer(note).await.text().contains("Expire them"));
    let question = desk
        .discord
        .say(ADA, "how long does expedited retrieval take?");
    let menu = Interaction::on_message("Answer from the notes", &question);
    assert!(desk.answer(menu).await.text().contains("1 to 5 minutes"));

    assert_eq!(serving.stop().await, Some(0));
    let left = desk
        .discord
        .happened(1, |event| matches!(event, Event::Left(_)))
        .await;
    assert_eq!(left, Event::Left(1000));
    assert_eq!(desk.discord.blame(), [""; 0]);
}

#[tokio::test]
async fn every_suggestion_opens_what_it_offers() {
    let desk = Desk::new().await;
    let _serving = desk.serve().await;
    let mut n_opened = 0;
    for (command, option) in [("ask", "question"), ("note", "section")] {
        for typed in ["", "que", "arch", "life"] {
            let typing = Interaction::typing(command, option, typed);
            for offer in desk.discord.interact(&typing).choices().await {
                let picked = Interaction::slash(command).option(option, offer["value"].clone());
                let opened = desk.answer(picked).await;
                let name = offer["name"].as_str().unwrap_or_default();
                let leaf = name.rsplit(['›', '>']).next().unwrap_or_default().trim();
                assert!(
                    opened.text().contains(leaf),
                    "{name} opened {}",
                    opened.text()
                );
                n_opened += 1;
            }
        }
    }
    assert!(n_opened >= 5, "only {n_opened} were offered");
    assert_eq!(desk.discord.blame(), [""; 0]);
}

/// Presses every button that can be reached from these messages, and gives what was read.
async fn walk(desk: &Desk, starts: Vec<Posted>) -> Vec<String> {
    let mut seen = BTreeSet::new();
    let mut read = Vec::new();
    let mut open: VecDeque<Posted> = starts.into();
    while let Some(message) = open.pop_front() {
        read.push(message.text());
        for button in message.buttons() {
            let is_new = seen.insert((message.is_private(), button.custom_id.clone()));
            if button.disabled || !is_new || seen.len() > PRESSES_MAX {
                continue;
            }
            // A press may turn the message into another one: each is made on a copy.
            let copy = desk.discord.posted_before(&message.0);
            let press = Interaction::press(&copy, &button.custom_id);
            let answer = desk.discord.interact(&press).message().await;
            assert!(!answer.text().trim().is_empty(), "{button:?} says nothing");
            assert!(
                !answer.text().contains("reference"),
                "{button:?}: {}",
                answer.text()
            );
            open.push_back(answer);
        }
    }
    read
}

#[tokio::test]
async fn every_button_leads_somewhere() {
    let desk = Desk::new().await;
    let long: String = (0..400).map(|n| format!("- point {n} of many\n")).collect();
    desk.write(
        "long.md",
        &format!("# Long\n\n## The list\n\n{long}\n## After it\n\nThe end.\n"),
    );
    let _serving = desk.serve().await;
    let starts = vec![
        desk.answer(ask("point of many").option("private", true))
            .await,
        desk.answer(ask("archive")).await,
        desk.answer(Interaction::slash("topics")).await,
        desk.answer(ask("how do I bake bread?")).await,
    ];
    let read = walk(&desk, starts).await;
    assert!(
        read.iter().any(|text| text.contains("point 399 of many")),
        "not to the last page"
    );
    assert!(
        read.iter().any(|text| text.contains("The end.")),
        "not to the next section"
    );
    assert_eq!(desk.discord.blame(), [""; 0]);
}

#[tokio::test]
async fn yesterdays_buttons_work_and_what_has_gone_is_said_so() {
    let desk = Desk::new().await;
    let serving = desk.serve().await;
    let said = desk
        .answer(ask("visibility timeout").option("private", true))
        .await;
    let button = said
        .buttons()
        .into_iter()
        .find(|b| !b.disabled)
        .expect("a button");
    drop(serving);

    let serving = desk.serve().await;
    desk.discord.happened(2, is_start).await;
    let pressed = desk
        .answer(Interaction::press(&said, &button.custom_id))
        .await;
    assert!(!pressed.text().contains("no longer"), "{}", pressed.text());
    drop(serving);

    desk.remove("queues.md");
    let fresh = desk.discord.posted_before(&said.0);
    let _serving = desk.serve().await;
    desk.discord.happened(3, is_start).await;
    let gone = desk
        .answer(Interaction::press(&fresh, &button.custom_id))
        .await;
    assert!(
        gone.text().contains("no longer in the notes"),
        "{}",
        gone.text()
    );
    assert_eq!(desk.discord.blame(), [""; 0]);
}

#[tokio::test]
async fn an_edit_is_answered_without_a_restart() {
    let desk = Desk::new().await;
    let _serving = desk.serve().await;
    let before = desk.answer(ask("what is a plover?")).await;
    assert!(!before.text().contains("wading bird"), "{}", before.text());
    desk.write(
        "birds.md",
        "# Birds\n\n## Plover\n\nA plover is a small wading bird.\n",
    );
    soon_answered(&desk, "wading bird").await;
    assert_eq!(desk.discord.blame(), [""; 0]);
}

/// Asks what a plover is until the answer holds these words: long before all notes are looked at
/// without being told.
async fn soon_answered(desk: &Desk, words: &str) {
    for _ in 0..200 {
        let now = desk.answer(ask("what is a plover?")).await;
        if now.text().contains(words) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("an edit is not seen: {words}");
}

/// The folder itself is another one, as after a deployment of the notes, and edits in it are told too.
#[cfg(unix)]
#[tokio::test]
async fn another_folder_in_the_place_of_the_notes_is_followed() {
    let desk = Desk::new().await;
    let notes = desk.folder().join("notes");
    let release = desk.folder().join("release");
    let _serving = desk.serve().await;
    let ways: [(&str, &dyn Fn()); 3] = [
        ("moved", &|| {
            fs::rename(&notes, desk.folder().join("old")).unwrap()
        }),
        ("removed", &|| fs::remove_dir_all(&notes).unwrap()),
        ("linked", &|| {
            fs::rename(&notes, &release).unwrap();
            std::os::unix::fs::symlink(&release, &notes).unwrap();
        }),
    ];
    for (way, replace) in ways {
        replace();
        for time in ["first", "then"] {
            let words = format!("{way} {time}");
            desk.write(
                "birds.md",
                &format!("# Birds\n\n## Plover\n\nA plover was {words}.\n"),
            );
            soon_answered(&desk, &words).await;
        }
    }
}

#[tokio::test]
async fn an_unanswered_question_is_kept_for_the_note_keeper() {
    let desk = Desk::new().await;
    let serving = desk.serve().await;
    let said = desk.answer(ask("how do I bake sourdough bread?")).await;
    assert!(
        said.text().contains("Nothing in the notes"),
        "{}",
        said.text()
    );
    assert_eq!(serving.stop().await, Some(0));
    let gaps = desk.command("gaps").output().expect("the command runs");
    let listed = String::from_utf8_lossy(&gaps.stdout).into_owned();
    assert!(listed.contains("sourdough"), "{listed}");
}

#[tokio::test]
async fn a_cut_costs_nobody_an_answer() {
    let desk = Desk::new().await;
    let _serving = desk.serve().await;
    desk.discord.cut(Break::Close(4000));
    let missed = desk.answer(ask("DLQ")).await;
    assert!(
        missed.text().contains("could not be processed"),
        "{}",
        missed.text()
    );
    assert_eq!(desk.discord.identifies().len(), 1);
    assert_eq!(desk.discord.blame(), [""; 0]);
}

#[tokio::test]
async fn whatever_is_typed_is_answered() {
    let desk = Desk::new().await;
    let _serving = desk.serve().await;
    for typed in [
        "(".repeat(6_000),
        "NOT ".repeat(1_500),
        "\"alpha beta\"~1000 ".repeat(300),
        "section:* OR path:/.*/".to_owned(),
        "\u{202e}\u{200b}@everyone <@1> ```".to_owned(),
        " \t ".to_owned(),
        "🦀".repeat(3_000),
    ] {
        let said = desk.answer(ask(&typed)).await;
        assert!(!said.text().is_empty());
        let typing = Interaction::typing("ask", "question", &typed);
        desk.discord.interact(&typing).choices().await;
    }
    assert_eq!(desk.discord.blame(), [""; 0]);
}

#[tokio::test]
async fn no_secret_is_logged_whatever_is_turned_on() {
    let desk = Desk::new().await;
    let serving = desk.serve_with("trace");
    desk.discord.ready().await;
    let asked = desk
        .discord
        .interact(&ask("canary question about timeouts"));
    asked.message().await;
    let broken = desk.discord.interact(&ask("canary").without("channel_id"));
    broken.message().await;
    desk.discord.cut(Break::Reset);
    desk.answer(ask("again")).await;
    assert_eq!(serving.stop().await, Some(0));
    let log = desk.log();
    for secret in [desk.discord.token(), &asked.token(), &broken.token()] {
        assert!(!log.contains(secret), "{secret} is in the log");
    }
}

#[tokio::test]
async fn a_refused_token_ends_the_process_for_good() {
    let desk = Desk::new().await;
    desk.discord
        .set(|gateway| gateway.identify_closes = Some(4004));
    let serving = desk.serve_with("info");
    assert_eq!(serving.ended().await, Some(78));
    assert!(desk.log().contains("token"), "{}", desk.log());
}

#[tokio::test]
async fn doctor_asks_discord() {
    let desk = Desk::new().await;
    desk.write("queues.md", "# Queues\n\nA queue holds messages.\n");
    let mut doctor = desk.command("doctor");
    let output = tokio::task::spawn_blocking(move || doctor.output());
    let output = output.await.expect("it ran").expect("a command that ends");
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    assert_eq!(output.status.code(), Some(0), "{text}");
    assert!(text.contains("the token is good"), "{text}");
    assert!(text.contains("`studyhall serve` registers them"), "{text}");
}

#[tokio::test]
async fn the_doctor_knows_the_bot_by_its_answer() {
    let desk = Desk::new().await;
    let serving = desk.serve().await;
    let address = desk.web().await.replace("http://", "");
    let mut doctor = desk.command("doctor");
    doctor.env("STUDYHALL_HTTP__LISTEN", &address);
    let output = tokio::task::spawn_blocking(move || doctor.output());
    let output = output.await.expect("it ran").expect("a command that ends");
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    assert_eq!(output.status.code(), Some(0), "{text}");
    let said = format!("the bot that serves has {address}");
    assert!(text.contains(&said), "{text}");
    assert_eq!(serving.stop().await, Some(0));
}

#[tokio::test]
async fn a_restart_waits_for_its_turn_after_the_last_session() {
    let mut desk = Desk::new().await;
    desk.remembers_starts = true;
    assert_eq!(desk.serve().await.stop().await, Some(0));
    assert!(desk.starts().is_file());
    let serving = desk.serve_with("info");
    desk.discord.happened(2, is_start).await;
    assert!(desk.log().contains("waiting before the next"));
    assert_eq!(serving.stop().await, Some(0));
}
