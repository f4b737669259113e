//! The recap of a week on the fake Discord: once, to nobody in particular, whatever dies on the way.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use studyhall::bot::Bot;
use studyhall::chat::{Heard, Member, Place, Press, Request};
use studyhall::quiz::grade::Choices;
use studyhall::scores::guilds::Guild;
use studyhall::scores::recaps::RecapClaim;
use studyhall::scores::round::Rules;
use studyhall::scores::schedules::{Schedule, ScheduleId, ScheduleState};

use crate::fake::{ADA, BEN, CHANNEL, Fault, GUILD, Person, Posted};
use crate::group::by;
use crate::house::House;

/// Monday to Monday, at eight.
const MONDAY: &str = "2027-03-01T08:00:00Z";
const NEXT_MONDAY: &str = "2027-03-08T08:00:00Z";
const N_QUESTIONS: usize = 20;

fn at(text: &str) -> Timestamp {
    text.parse().expect("an instant")
}

fn later(text: &str, seconds: i64) -> Timestamp {
    at(text) + SignedDuration::from_secs(seconds)
}

/// A server that was asked something in the week before, and two who answered.
async fn after_a_week() -> House {
    let house = House::new(1, N_QUESTIONS).await;
    keep_schedule(&house);
    house.tick_at(later(MONDAY, 3_600)).await;
    let post = house.discord.announced(1).await;
    for (event, person) in [(1, ADA), (2, BEN)] {
        answer(&house.replicas[0].bot, &post, person, event);
    }
    house.tick_at(later(MONDAY, 26 * 3_600)).await;
    house
}

/// A schedule for Mondays at nine.
fn keep_schedule(house: &House) {
    let scores = &house.replicas[0].bot.scores;
    let schedule = Schedule {
        id: ScheduleId(5),
        guild: GUILD,
        name: "daily".to_owned(),
        channel: CHANNEL,
        time: jiff::civil::time(9, 0, 0, 0),
        zone: "UTC".to_owned(),
        weekdays: "mon".parse().expect("a day"),
        topics: Vec::new(),
        difficulties: Vec::new(),
        ping_role: Some(GUILD),
        rules: Rules::default(),
        thread: false,
        state: ScheduleState::Active,
        reason: None,
        since: at(MONDAY),
        organiser: ADA.id,
        told_low: None,
    };
    let by = by(ADA.id, at(MONDAY));
    let saved = scores.save_schedule(schedule, by).expect("a store");
    saved.expect("it is saved");
    scores.save_guild(Guild::new(GUILD), by).expect("a store");
}

fn answer(bot: &Bot, post: &Posted, person: Person, event: u64) {
    let id = post.buttons()[0].custom_id.clone();
    let round = id.split(':').nth(2).expect("a round");
    let press = Press::Answer {
        round: round.parse().expect("a number"),
        shown: Choices::of([0]),
    };
    let _ = bot.hear(&Heard {
        event,
        member: Member {
            id: person.id,
            name: person.name.to_owned(),
            is_organiser: false,
        },
        place: Place {
            guild: Some(GUILD),
            channel: CHANNEL,
        },
        at: later(MONDAY, 4_000),
        request: Request::Press {
            press,
            on_private: false,
        },
    });
}

/// The process ends, and another one starts: it knows what the store knows.
fn restart(house: &mut House) {
    house.replicas[0].bot.rhythm = std::sync::Arc::default();
}

fn recaps(house: &House) -> Vec<Posted> {
    let mut posts = house.discord.announcements();
    posts.retain(|post| post.text().contains("The week of 1 March"));
    posts
}

#[tokio::test]
async fn a_week_is_recapped_once_and_nobody_is_called() {
    let mut house = after_a_week().await;
    house.tick_at(later(NEXT_MONDAY, -60)).await;
    assert_eq!(recaps(&house).len(), 0);
    for seconds in [0, 61, 122, 3_000] {
        house.tick_at(later(NEXT_MONDAY, seconds)).await;
    }
    restart(&mut house);
    house.tick_at(later(NEXT_MONDAY, 3_001)).await;
    let recaps = recaps(&house);
    assert_eq!(recaps.len(), 1);
    let text = recaps[0].text();
    assert!(text.contains("2 answers this week."), "{text}");
    assert!(text.contains(&format!("<@{}>", BEN.id)), "{text}");
    let sent = house.discord.requests().into_iter();
    let is_recap = |body: &serde_json::Value| body.to_string().contains("The week of 1 March");
    let sent: Vec<_> = sent.filter(|entry| is_recap(&entry.body)).collect();
    assert_eq!(sent.len(), 1);
    assert_eq!(sent[0].body["allowed_mentions"], json!({ "parse": [] }));
    assert_eq!(sent[0].body["enforce_nonce"], json!(true));
    assert_eq!(recaps[0].0["content"], json!(""));
    assert_eq!(house.discord.blame(), [""; 0]);
}

#[tokio::test]
async fn a_recap_whose_fate_nobody_knows_is_repeated_while_discord_knows_its_key() {
    for fault in [Fault::AnswerLost, Fault::Lost] {
        let mut house = after_a_week().await;
        house.discord.next(1, "POST /channels", fault.clone());
        house.tick_at(at(NEXT_MONDAY)).await;
        restart(&mut house);
        for seconds in [1, 30, 50, 200] {
            house.tick_at(later(NEXT_MONDAY, seconds)).await;
        }
        assert_eq!(recaps(&house).len(), 1, "{fault:?}");
        let n_repeated = usize::from(fault == Fault::AnswerLost);
        assert_eq!(house.discord.n_repeated(), n_repeated, "{fault:?}");
    }
}

#[tokio::test]
async fn a_process_that_dies_before_the_post_leaves_it_to_another() {
    let house = after_a_week().await;
    let scores = &house.replicas[0].bot.scores;
    let (hold, again) = (SignedDuration::from_secs(25), SignedDuration::from_secs(60));
    let day = at(MONDAY).to_zoned(jiff::tz::TimeZone::UTC).date();
    let claim = scores.claim_recap(GUILD, day, at(NEXT_MONDAY), hold, again);
    assert!(matches!(claim, Ok(RecapClaim::Ours(_))), "{claim:?}");
    house.tick_at(later(NEXT_MONDAY, 1)).await;
    assert_eq!(recaps(&house).len(), 0, "another process is at it");
    house.tick_at(later(NEXT_MONDAY, 26)).await;
    assert_eq!(recaps(&house).len(), 1);
}

#[tokio::test]
async fn a_recap_is_rather_lost_than_posted_twice() {
    let mut house = after_a_week().await;
    house.discord.next(1, "POST /channels", Fault::AnswerLost);
    house.tick_at(at(NEXT_MONDAY)).await;
    // Nobody comes back for so long that Discord has forgotten the key.
    house.discord.pass(Duration::from_secs(3_600));
    restart(&mut house);
    for seconds in [3_600, 3_700, 7_200] {
        house.tick_at(later(NEXT_MONDAY, seconds)).await;
    }
    assert_eq!(recaps(&house).len(), 1);
}

#[tokio::test]
async fn a_recap_that_was_not_sent_is_not_lost() {
    let house = after_a_week().await;
    // Longer than a post may wait: it is not sent at all.
    house
        .discord
        .next(1, "POST /channels", Fault::RouteLimit(30.0));
    house.tick_at(at(NEXT_MONDAY)).await;
    assert_eq!(recaps(&house).len(), 0);
    // It is as though nobody had tried.
    let scores = &house.replicas[0].bot.scores;
    let tried = scores.recap_try(GUILD, jiff::civil::date(2027, 3, 1));
    assert_eq!(tried.expect("a store"), None);
}

#[tokio::test]
async fn what_an_organiser_takes_no_letters_about_is_said_in_the_channel() {
    let house = House::new(1, 3).await;
    house.discord.refuse_direct();
    keep_schedule(&house);
    house.tick_at(later(MONDAY, 3_600)).await;
    let told = house.discord.announced(2).await;
    let text = told.text();
    assert!(text.starts_with("For those who run the quiz:"), "{text}");
    let refused = house.discord.blame();
    assert_eq!(refused.len(), 1, "the letter: {refused:?}");
}
