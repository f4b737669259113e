//! The line to Discord's gateway: cut, silent, lost, refused, and at the end.

use std::fs;
use std::path::Path;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use studyhall::config::Shards;
use studyhall::discord::{self, Patience, Settings, Transport};

use crate::fake::{Break, Event, Fake, Fault};
use crate::surface::{Surface, ask, is_resumption, patience, settings};

/// Sessions that may be started within an hour.
const STARTS_MAX: usize = 20;

fn is_start(event: &Event) -> bool {
    matches!(event, Event::Identified(_))
}

fn is_end(event: &Event) -> bool {
    matches!(event, Event::Left(_))
}

#[tokio::test]
async fn cut_lines_go_on_where_they_were() {
    let discord = Fake::start().await;
    let surface = Surface::start(&discord);
    discord.ready().await;
    let cuts = [
        Break::Reset,
        Break::Finish,
        Break::Close(4_000),
        Break::Close(1_001),
    ];
    for (n, cut) in cuts.into_iter().enumerate() {
        discord.cut(cut);
        discord.interact(&ask("missed?")).message().await;
        discord.happened(n + 1, is_resumption).await;
    }
    assert_eq!(discord.identifies().len(), 1);
    assert_eq!(surface.stop().await.exit_code, discord::EXIT_DONE);
    assert_eq!(discord.blame(), [""; 0]);
}

#[tokio::test]
async fn discord_may_ask_for_another_line() {
    for how in [Break::Reconnect, Break::Invalid(true), Break::Close(4_008)] {
        let discord = Fake::start().await;
        let surface = Surface::start(&discord);
        discord.ready().await;
        discord.cut(how);
        discord.happened(1, is_resumption).await;
        discord.interact(&ask("there?")).message().await;
        assert_eq!(discord.identifies().len(), 1, "{how:?}");
        surface.stop().await;
    }
}

#[tokio::test]
async fn a_lost_session_is_started_anew() {
    for how in [
        Break::Invalid(false),
        Break::Close(4_003),
        Break::Close(4_009),
    ] {
        let discord = Fake::start().await;
        let surface = Surface::start(&discord);
        discord.ready().await;
        discord.cut(how);
        discord.happened(2, is_start).await;
        discord.interact(&ask("there?")).message().await;
        surface.stop().await;
        let mut events = discord.events().into_iter().map(|(_, event)| event);
        let last = events.rfind(is_end);
        assert_eq!(last, Some(Event::Left(1_000)), "{how:?}");
    }
}

#[tokio::test]
async fn a_line_that_goes_silent_is_left_and_the_session_goes_on() {
    let discord = Fake::start().await;
    discord.set(|settings| settings.heartbeat_ms = 300);
    let surface = Surface::start(&discord);
    discord.ready().await;
    discord.cut(Break::Hang);
    discord.interact(&ask("missed?")).message().await;
    discord.happened(1, is_resumption).await;
    assert_eq!(discord.identifies().len(), 1);
    surface.stop().await;
}

#[tokio::test]
async fn a_gateway_that_never_hears_the_heart_ends_the_process() {
    let discord = Fake::start().await;
    discord.set(|settings| {
        settings.heartbeat_ms = 100;
        settings.acknowledges = false;
    });
    let patience = Patience {
        silent_max: Duration::from_millis(300),
        ..patience()
    };
    let surface = Surface::start_with(&discord, patience, discord.token());
    assert_eq!(surface.end().await.exit_code, discord::EXIT_TEMPORARY);
}

#[tokio::test]
async fn a_gateway_that_is_down_for_too_long_ends_the_process() {
    let discord = Fake::start().await;
    discord.set(|settings| settings.is_down = true);
    let patience = Patience {
        offline_max: Duration::from_millis(1_500),
        ..patience()
    };
    let surface = Surface::start_with(&discord, patience, discord.token());
    assert_eq!(surface.end().await.exit_code, discord::EXIT_TEMPORARY);
    assert!(discord.identifies().is_empty());
}

#[tokio::test]
async fn what_no_restart_can_mend_ends_the_process_for_good() {
    for code in [4_004, 4_010, 4_011, 4_012, 4_013, 4_014] {
        let discord = Fake::start().await;
        discord.set(|settings| settings.identify_closes = Some(code));
        let outcome = Surface::start(&discord).end().await;
        assert_eq!(outcome.exit_code, discord::EXIT_CONFIGURATION, "{code}");
        assert!(outcome.reason.contains(&code.to_string()));
        assert_eq!(discord.identifies().len(), 1);
    }
    let discord = Fake::start().await;
    let surface = Surface::start_with(&discord, patience(), "no-such-token");
    assert_eq!(surface.end().await.exit_code, discord::EXIT_CONFIGURATION);
    assert_eq!(discord.requests().len(), 1);
    assert!(discord.identifies().is_empty());
}

#[tokio::test]
async fn without_the_gateways_address_nothing_is_dialled() {
    let discord = Fake::start().await;
    discord.next(2, "GET /gateway/bot", Fault::Status(500));
    discord.next(1, "GET /gateway/bot", Fault::Lost);
    let surface = Surface::start(&discord);
    discord.ready().await;
    discord.requested(4, "GET /gateway/bot").await;
    assert_eq!(discord.identifies().len(), 1);
    surface.stop().await;
}

#[tokio::test]
async fn where_few_sessions_are_left_the_next_one_waits() {
    let discord = Fake::start().await;
    discord.set(|settings| settings.n_starts_left = 49);
    let surface = Surface::start(&discord);
    discord.requested(1, "GET /gateway/bot").await;
    assert_eq!(surface.stop().await.exit_code, discord::EXIT_DONE);
    assert!(discord.identifies().is_empty());
}

#[tokio::test]
async fn a_stop_closes_the_line_and_finishes_what_is_under_way() {
    let discord = Fake::start().await;
    let surface = Surface::start(&discord);
    discord.ready().await;
    let slow = discord.interact(&ask("wait for it"));
    assert_eq!(slow.response().await["type"], 5);
    surface.stop.send_replace(true);
    let mut n_heard = surface.n_heard();
    loop {
        let late = discord.interact(&ask("too late?")).message().await;
        if late.text().contains("being restarted") {
            assert!(late.is_private());
            assert_eq!(surface.n_heard(), n_heard, "it was told to nobody");
            break;
        }
        n_heard = surface.n_heard();
    }
    assert!(!discord.events().iter().any(|(_, event)| is_end(event)));
    surface.go_on.send(()).expect("it listens");
    assert!(slow.message().await.text().contains("wait for it"));
    let last = discord.happened(1, is_end).await;
    assert_eq!(last, Event::Left(1_000));
    assert_eq!(surface.end().await.exit_code, discord::EXIT_DONE);
}

#[tokio::test]
async fn a_stop_is_heard_while_nobody_answers() {
    let discord = Fake::start().await;
    discord.shut(true);
    let surface = Surface::start(&discord);
    assert_eq!(surface.stop().await.exit_code, discord::EXIT_DONE);
}

/// Lets time pass for a file that remembers when sessions were started.
fn age(file: &Path, time: Duration) {
    let bytes = fs::read(file).expect("a file of starts");
    let mut starts: Value = serde_json::from_slice(&bytes).expect("a list");
    for start in starts.as_array_mut().expect("a list") {
        let at: Timestamp = start["at"].as_str().expect("a time").parse().expect("UTC");
        start["at"] = (at - time).to_string().into();
    }
    fs::write(file, starts.to_string()).expect("a file of starts");
}

#[tokio::test]
async fn no_restart_forgets_how_many_sessions_were_started() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("starts.json");
    let discord = Fake::start().await;
    // Discord takes the bot in for no time, and the bot ends for whatever reason after a while.
    discord.set(|gateway| gateway.n_invalid = 100);
    let start = || {
        Surface::start_as(Settings {
            starts: Some(file.clone()),
            ..settings(&discord)
        })
    };
    for n in 1..=STARTS_MAX {
        let surface = start();
        discord.happened(n, is_start).await;
        surface.stop().await;
        age(&file, Duration::from_secs(97));
    }
    let n_asked = discord.requests().len();
    let surface = start();
    discord.requested(n_asked + 1, "GET /gateway/bot").await;
    // Nothing shows that it waits but that nothing happens.
    tokio::time::sleep(Duration::from_millis(500)).await;
    surface.stop().await;
    assert_eq!(discord.identifies().len(), STARTS_MAX);

    age(&file, Duration::from_secs(3_600));
    let surface = start();
    discord.happened(STARTS_MAX + 1, is_start).await;
    surface.stop().await;
}

#[tokio::test]
async fn starts_that_cannot_be_read_or_kept_keep_nobody_from_serving() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("starts.json");
    let discord = Fake::start().await;
    let ahead = Timestamp::from_millisecond(discord.now_ms()).expect("a time")
        + SignedDuration::from_hours(1);
    let yet_to_come = format!("[{{\"at\":\"{ahead}\"}}]");
    for (n, text) in ["nonsense", &yet_to_come].into_iter().enumerate() {
        fs::write(&file, text).expect("a file");
        let surface = Surface::start_as(Settings {
            starts: Some(file.clone()),
            ..settings(&discord)
        });
        discord.happened(n + 1, is_start).await;
        let starts: Vec<Value> =
            serde_json::from_slice(&fs::read(&file).expect("a file")).expect("a list");
        assert_eq!(starts.len(), 1, "{starts:?}");
        surface.stop().await;
    }
    let surface = Surface::start_as(Settings {
        starts: Some(folder.path().join("no such folder").join("starts.json")),
        ..settings(&discord)
    });
    discord.happened(3, is_start).await;
    surface.stop().await;
}

#[tokio::test]
async fn shards_that_wait_for_the_pauses_of_others_are_not_given_up() {
    let discord = Fake::start().await;
    // Less than one pause between two sessions.
    let patience = Patience {
        offline_max: Duration::from_secs(3),
        ..patience()
    };
    let surface = Surface::start_as(Settings {
        transport: Transport::Gateway(Shards {
            first: 0,
            last: 2,
            total: 3,
        }),
        patience,
        ..settings(&discord)
    });
    while discord.n_live() < 3 && !surface.has_ended() {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(surface.stop().await.exit_code, discord::EXIT_DONE);
}
