//! The quiz on the Discord surface: what the bot does of its own accord, and what people choose.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::Timestamp;
use studyhall::chat::command::{Lack, Setup};
use studyhall::chat::{
    Audience, Button, Chat, File, Heard, List, Message, PostError, Press, Refusal, Reply, Request,
    Trace,
};
use studyhall::config::Shards;
use studyhall::discord::{self, Edge, Outcome, Patience, Settings};
use studyhall::quiz::grade::Choices;
use tokio::runtime::Handle;
use tokio::sync::{oneshot, watch};

use crate::fake::{ADA, BEN, CHANNEL, ELSEWHERE, Fake, Fault, Interaction};

const GUILD: u64 = CHANNEL - 1;
const SEND_MESSAGES: u64 = 1 << 11;
const READ_MESSAGE_HISTORY: u64 = 1 << 16;

/// The surface, running, with its hands in ours.
struct Surface {
    stop: watch::Sender<bool>,
    outcome: oneshot::Receiver<Outcome>,
    edge: Arc<Edge>,
    heard: Arc<Mutex<Vec<Heard>>>,
}

impl Surface {
    async fn start(discord: &Fake) -> Self {
        let settings = Settings {
            token: discord.token().into(),
            api_url: Some(discord.api_url()),
            transport: studyhall::discord::Transport::Gateway(Shards::ONE),
            starts: None,
            patience: Patience {
                call_max: Duration::from_secs(1),
                ..Patience::default()
            },
        };
        let (stop, stopped) = watch::channel(false);
        let (end, outcome) = oneshot::channel();
        let (give, edge) = oneshot::channel();
        let heard = Arc::new(Mutex::new(Vec::new()));
        let list = Arc::clone(&heard);
        let ear = Arc::new(move |heard: Heard| {
            list.lock().expect("no panic").push(heard.clone());
            reply(&heard)
        });
        let work = move |edge, mut ended: watch::Receiver<bool>| async move {
            drop(give.send(edge));
            drop(ended.wait_for(|ended| *ended).await);
        };
        let home = Handle::current();
        std::thread::spawn(move || {
            let outcome = discord::run(&settings, ear, work, &home, stopped);
            drop(end.send(outcome));
        });
        Self {
            stop,
            outcome,
            edge: edge.await.expect("hands"),
            heard,
        }
    }

    fn last(&self) -> Heard {
        let heard = self.heard.lock().expect("no panic");
        heard.last().expect("something was heard").clone()
    }

    async fn stop(self) -> Outcome {
        self.stop.send_replace(true);
        self.outcome.await.expect("an outcome")
    }
}

/// Says what was heard, with a picture where somebody's numbers are asked for.
fn reply(heard: &Heard) -> Reply {
    let said = Message {
        audience: Audience::Person,
        ..message(&format!("{:?}", heard.request))
    };
    match heard.request {
        Request::Stats { .. } => Reply::Say(Message {
            file: Some(picture()),
            ..said
        }),
        Request::Leaderboard { .. } => Reply::Say(Message {
            audience: Audience::Channel,
            buttons: round(5).buttons,
            list: round(5).list,
            ..said
        }),
        Request::Suggest(_) => Reply::Offer(Vec::new()),
        _ => Reply::Say(said),
    }
}

fn message(body: &str) -> Message {
    Message {
        audience: Audience::Channel,
        title: None,
        url: None,
        body: body.to_owned(),
        footer: None,
        buttons: Vec::new(),
        list: None,
        file: None,
        calls: None,
    }
}

fn picture() -> File {
    File {
        name: "calendar.png".to_owned(),
        bytes: b"\x89PNG\r\n--boundary\r\n\r\n\xff\0".to_vec(),
        alt: Some("Twelve weeks".to_owned()),
    }
}

/// A round from whose choices several can be chosen.
fn round(round: i64) -> Message {
    let shown = Choices::default();
    Message {
        title: Some("Question".to_owned()),
        list: Some(List {
            hint: "Choose 2".to_owned(),
            lines: vec!["A".to_owned(), "B".to_owned(), "C".to_owned()],
            press: Press::Answer { round, shown },
        }),
        buttons: vec![vec![Button {
            label: "Report a mistake".to_owned(),
            press: Press::Report { round },
            enabled: true,
        }]],
        ..message("Which?")
    }
}

#[tokio::test]
async fn a_post_with_a_key_that_is_known_shows_once() {
    let discord = Fake::start().await;
    // Posting needs no gateway.
    discord.set(|settings| settings.is_down = true);
    let surface = Surface::start(&discord).await;
    let called = Message {
        calls: Some(GUILD),
        file: Some(picture()),
        ..round(5)
    };
    discord.next(1, "POST /channels", Fault::AnswerLost);
    let lost = surface.edge.post(CHANNEL, "key-1", &called).await;
    assert!(matches!(lost, Err(PostError::Unsure(_))), "{lost:?}");
    let posted = surface.edge.post(CHANNEL, "key-1", &called).await.unwrap();
    assert_eq!(discord.n_repeated(), 1);
    let told = surface.edge.clock().await.expect("the date of a reply");
    assert!(told > "2026-01-01T00:00:00Z".parse().unwrap(), "{told}");
    let again = surface.edge.post(CHANNEL, "key-2", &called).await.unwrap();
    assert_ne!(posted, again);
    let shown = discord.message(posted).expect("it is there").0;
    assert_eq!(shown["content"], format!("<@&{GUILD}>"));
    assert_eq!(shown["attachments"][0]["description"], "Twelve weeks");
    let sent = discord.requested(3, "POST /channels").await;
    assert_eq!(sent[0].files, ["files[0]"]);

    let edit = surface.edge.edit(CHANNEL, posted, &message("closed")).await;
    assert!(edit.is_ok(), "{edit:?}");
    let shown = discord.message(posted).expect("it is there").0;
    assert_eq!(
        (&shown["content"], &shown["attachments"]),
        (&"".into(), &serde_json::json!([]))
    );
    assert_eq!(discord.blame(), [""; 0]);
    assert_eq!(surface.stop().await.exit_code, discord::EXIT_DONE);
}

#[tokio::test]
async fn what_became_of_a_post_is_told_apart() {
    let discord = Fake::start().await;
    let surface = Surface::start(&discord).await;
    let text = message("x");
    let post = || surface.edge.post(CHANNEL, "k", &text);
    for fault in [
        Fault::Status(500),
        Fault::Page(502),
        Fault::Hang,
        Fault::Lost,
    ] {
        discord.next(1, "POST /channels", fault.clone());
        let posted = post().await;
        assert!(matches!(posted, Err(PostError::Unsure(_))), "{fault:?}");
    }
    // Longer than a post may wait: it is not sent at all.
    discord.next(1, "POST /channels", Fault::RouteLimit(30.0));
    let posted = post().await;
    assert!(matches!(posted, Err(PostError::NotNow(_))), "{posted:?}");
    let gone = surface.edge.post(7, "k", &text).await;
    assert!(matches!(gone, Err(PostError::Refused(Refusal::NoChannel))));
    discord.deny(SEND_MESSAGES);
    let denied = surface.edge.post(ELSEWHERE, "k", &text).await;
    let refused = PostError::Refused(Refusal::NoPermission).to_string();
    assert_eq!(denied.unwrap_err().to_string(), refused);
    let gone = surface.edge.edit(CHANNEL, 9, &text).await;
    assert!(matches!(gone, Err(PostError::Refused(Refusal::NoMessage))));
}

#[tokio::test]
async fn a_post_is_found_again_by_what_it_carries() {
    let discord = Fake::start().await;
    let surface = Surface::start(&discord).await;
    // Long before anything that this Discord knows.
    let long_before = Timestamp::from_second(1_700_000_000).expect("a moment");
    let found = surface.edge.find(CHANNEL, 5, long_before).await;
    assert_eq!(found.unwrap(), Trace::Absent);
    let posted = surface.edge.post(CHANNEL, "k", &round(5)).await.unwrap();
    let posted_ms = 1_420_070_400_000 + (posted >> 22).cast_signed();
    let since = Timestamp::from_millisecond(posted_ms).expect("a moment");
    let find = |round| surface.edge.find(CHANNEL, round, since);
    for n in 0..150 {
        discord.say(ADA, &format!("chatter {n}"));
    }
    let last = surface.edge.post(CHANNEL, "l", &round(6)).await.unwrap();
    assert_eq!(find(5).await.unwrap(), Trace::Posted(posted));
    assert_eq!(find(6).await.unwrap(), Trace::Posted(last));
    assert_eq!(find(7).await.unwrap(), Trace::Absent);
    // More than is looked through, of which only what was written at that time matters.
    for n in 0..1_000 {
        discord.say(ADA, &format!("more chatter {n}"));
    }
    assert_eq!(find(7).await.unwrap(), Trace::Unknown);
    let found = surface.edge.find(CHANNEL, 7, long_before).await;
    assert_eq!(found.unwrap(), Trace::Absent);
    // Who may not look is shown nothing.
    discord.deny(READ_MESSAGE_HISTORY);
    assert_eq!(find(5).await.unwrap(), Trace::Unknown);
    assert_eq!(discord.blame(), [""; 0]);
}

#[tokio::test]
async fn threads_letters_and_members_who_left() {
    let discord = Fake::start().await;
    let surface = Surface::start(&discord).await;
    let edge = &surface.edge;
    let posted = edge.post(CHANNEL, "k", &round(5)).await.unwrap();
    edge.discuss(CHANNEL, posted, "2027-03-01 · storage")
        .await
        .unwrap();
    assert_eq!(discord.threads(), ["2027-03-01 · storage"]);
    edge.tell(ADA.id, &message("the questions run low"))
        .await
        .unwrap();
    assert!(!edge.has_left(GUILD, BEN.id).await.unwrap());
    assert_eq!(discord.blame(), [""; 0]);

    // A thread that is there already is well.
    edge.discuss(CHANNEL, posted, "again").await.unwrap();
    assert_eq!(discord.threads().len(), 1);
    discord.leave(BEN);
    assert!(edge.has_left(GUILD, BEN.id).await.unwrap());
    assert!(edge.has_left(7, BEN.id).await.is_err());
    discord.refuse_direct();
    let refused = edge.tell(ADA.id, &message("x")).await;
    assert!(matches!(
        refused,
        Err(PostError::Refused(Refusal::NoPermission))
    ));
}

#[tokio::test]
async fn the_servers_that_the_bot_is_in_come_page_by_page() {
    let discord = Fake::start().await;
    let surface = Surface::start(&discord).await;
    let edge = &surface.edge;
    assert_eq!(edge.guilds(0).await.unwrap(), BTreeSet::from([GUILD]));
    assert_eq!(edge.guilds(GUILD).await.unwrap(), BTreeSet::new());
    // Two pages and a half.
    discord.add_elsewhere(499);
    let (mut all, mut n_pages) = (BTreeSet::new(), 0);
    loop {
        let page = edge.guilds(all.last().copied().unwrap_or(0)).await.unwrap();
        if page.is_empty() {
            break;
        }
        all.extend(page);
        n_pages += 1;
    }
    assert_eq!((n_pages, all.len(), all.last()), (3, 500, Some(&GUILD)));
    discord.remove_bot();
    assert_eq!(edge.guilds(GUILD - 1).await.unwrap(), BTreeSet::new());
    assert_eq!(discord.blame(), [""; 0]);
    discord.next(1, "GET /users/@me/guilds", Fault::Status(403));
    assert!(edge.guilds(0).await.is_err());
}

#[tokio::test]
async fn what_people_choose_and_set_up_is_heard() {
    let discord = Fake::start().await;
    let surface = Surface::start(&discord).await;
    discord.ready().await;
    let board = discord.interact(&Interaction::slash("leaderboard"));
    let board = board.message().await;
    let picked = Interaction::pick(&board, "sh1:a:5:0", &["0", "2"]).by(BEN);
    let picked = discord.interact(&picked);
    assert!(picked.message().await.is_private());
    let heard = surface.last();
    assert_eq!((heard.event, heard.member.id), (picked.id(), BEN.id));
    let shown = Choices::of([0, 2]);
    let press = Press::Answer { round: 5, shown };
    let on_private = false;
    assert_eq!(heard.request, Request::Press { press, on_private });

    let stats = discord
        .interact(&Interaction::slash("stats"))
        .message()
        .await;
    assert_eq!(stats.0["attachments"][0]["filename"], "calendar.png");
    let practice = Interaction::slash("quiz practice").option("count", 5);
    discord.interact(&practice).message().await;
    let typing = Interaction::typing("quiz skip", "schedule", "d");
    assert!(discord.interact(&typing).choices().await.is_empty());

    discord.deny(SEND_MESSAGES | READ_MESSAGE_HISTORY);
    for (channel, lacks) in [
        (ELSEWHERE, vec![Lack::Send, Lack::History]),
        (7, vec![Lack::Channel]),
    ] {
        let setup = Interaction::slash("setup").option("channel", channel.to_string());
        discord.interact(&setup).message().await;
        let Request::Setup(Setup { lacks: found, .. }) = surface.last().request else {
            panic!("no setup was heard")
        };
        assert_eq!(found, lacks);
        assert!(surface.last().member.is_organiser);
    }
    assert_eq!(discord.blame().len(), 1, "the channel that is not there");
}

#[tokio::test]
async fn work_that_panics_ends_the_process() {
    let discord = Fake::start().await;
    let settings = Settings {
        token: discord.token().into(),
        api_url: Some(discord.api_url()),
        transport: studyhall::discord::Transport::Gateway(Shards::ONE),
        starts: None,
        patience: Patience::default(),
    };
    let (_stop, stopped) = watch::channel(false);
    let home = Handle::current();
    let ended = tokio::task::spawn_blocking(move || {
        let ear = Arc::new(|heard: Heard| reply(&heard));
        discord::run(
            &settings,
            ear,
            async |_, _| panic!("as asked"),
            &home,
            stopped,
        )
    });
    assert_eq!(ended.await.unwrap().exit_code, discord::EXIT_TEMPORARY);
}
