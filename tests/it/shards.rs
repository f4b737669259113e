//! A process that keeps several shards of the gateway: a session for each, one after the other.

use std::time::Duration;

use crate::desk::Desk;
use crate::fake::{Event, Interaction};

/// Discord lets a bot start one session in five seconds; ours are never closer than this.
/// <https://docs.discord.com/developers/events/gateway#rate-limiting>
const SPACING_MS: i64 = 4_900;

#[tokio::test]
async fn a_process_keeps_each_of_its_shards() {
    let desk = Desk::new().await;
    let mut serve = desk.command("serve");
    serve.env("STUDYHALL_DISCORD__SHARDS", "0-1/2");
    let serving = desk.start(serve);
    while desk.discord.n_live() < 2 {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let events = desk.discord.events();
    let starts = events.iter().filter_map(|(at_ms, event)| match event {
        Event::Identified(payload) => Some((*at_ms, payload["shard"].to_string())),
        _ => None,
    });
    let mut starts: Vec<_> = starts.collect();
    assert!(starts[1].0 - starts[0].0 >= SPACING_MS, "{starts:?}");
    starts.sort_by(|a, b| a.1.cmp(&b.1));
    let shards: Vec<&str> = starts.iter().map(|(_, shard)| shard.as_str()).collect();
    assert_eq!(shards, ["[0,2]", "[1,2]"]);

    let ask = Interaction::slash("ask").option("question", "what is versioning");
    assert!(!desk.answer(ask).await.text().is_empty());
    assert_eq!(serving.stop().await, Some(0));
    let left = |event: &&(i64, Event)| matches!(event.1, Event::Left(1_000));
    assert_eq!(desk.discord.events().iter().filter(left).count(), 2);
    assert_eq!(desk.discord.blame(), [""; 0]);
}

#[tokio::test]
async fn a_range_that_makes_no_sense_is_refused_with_the_form() {
    let desk = Desk::new().await;
    let mut serve = desk.command("serve");
    let output = serve
        .env("STUDYHALL_DISCORD__SHARDS", "0-4/4")
        .output()
        .expect("the command runs");
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8_lossy(&output.stderr);
    let sentence = "must count the shards from 0, so that the last of 4 is 3";
    assert!(
        said.contains("discord.shards") && said.contains(sentence),
        "{said}"
    );
}
