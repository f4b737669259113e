//! Several processes on one store: what both hear is done once, and said alike by both.

use std::sync::{Arc, Barrier};
use std::thread;

use jiff::SignedDuration;
use studyhall::bot::Bot;
use studyhall::chat::command::{Config, Quiz, Setup};
use studyhall::chat::{Heard, Message, Press, Reply, Request};
use studyhall::quiz::grade::Choices;
use studyhall::scores::Scores;
use studyhall::scores::database::Database;
use studyhall::scores::sqlite::Sqlite;
use tempfile::TempDir;

use crate::database::OwnDatabase;
use crate::fake::Interaction;
use crate::group::{GUILD, ORGANISER, bot_in, heard};
use crate::house::{House, rows};
use crate::stage::Stage;

const START: &str = "2027-03-01T07:00:00Z";
const N_QUESTIONS: usize = 30;
/// How often two processes hear something at the very same time.
const N_RACES: usize = 20;

/// Two processes on one store.
struct Pair {
    one: Bot,
    two: Bot,
    database: Arc<dyn Database>,
    stage: Stage,
    n_events: u64,
    _dir: TempDir,
}

impl Pair {
    fn new() -> Self {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let file = dir.path().join("scores.sqlite");
        let database: Arc<dyn Database> = Arc::new(Sqlite::open(&file).expect("scores"));
        Self::on(dir, database.clone(), database)
    }

    fn on(dir: TempDir, of_one: Arc<dyn Database>, of_two: Arc<dyn Database>) -> Self {
        let bot = |name: &str, database: &Arc<dyn Database>| Bot {
            owner: name.into(),
            ..bot_in(
                &dir.path().join(name),
                Scores::new(database.clone()),
                N_QUESTIONS,
            )
        };
        Self {
            one: bot("one", &of_one),
            two: bot("two", &of_two),
            database: of_one,
            stage: Stage::new(START.parse().expect("an instant")),
            n_events: 0,
            _dir: dir,
        }
    }

    fn event(&mut self) -> u64 {
        self.n_events += 1;
        self.n_events
    }

    fn heard(&self, member: u64, request: Request, event: u64) -> Heard {
        heard(member, request, event, self.stage.now())
    }

    /// One hears something, and the other hears it a moment later: it is done once.
    #[track_caller]
    fn both(&mut self, member: u64, request: Request) -> Message {
        let event = self.event();
        let mut heard = self.heard(member, request, event);
        let first = said(&self.one, &heard);
        let after_one = rows(self.database.as_ref());
        heard.at += SignedDuration::from_millis(300);
        let second = said(&self.two, &heard);
        let after_two = rows(self.database.as_ref());
        assert_eq!(after_two, after_one, "{:?}", heard.request);
        assert_eq!(second.body, first.body, "{:?}", heard.request);
        second
    }

    fn alone(&mut self, member: u64, request: Request) -> Message {
        let event = self.event();
        said(&self.one, &self.heard(member, request, event))
    }

    fn wait(&self, hours: i64) {
        let runtime = tokio::runtime::Builder::new_current_thread().build();
        let runtime = runtime.expect("a runtime");
        self.stage.room().now += SignedDuration::from_hours(hours);
        let now = self.stage.now();
        for bot in [&self.one, &self.two] {
            runtime.block_on(bot.tick(&self.stage, &move || now));
        }
    }

    /// The round that was posted last.
    fn round(&self) -> i64 {
        let room = self.stage.room();
        let mut rounds = room.posts.values().filter_map(|post| post.round());
        rounds.next_back().expect("a round")
    }
}

fn said(bot: &Bot, heard: &Heard) -> Message {
    match bot.hear(heard) {
        Reply::Say(message) | Reply::Replace(message) => message,
        Reply::Offer(_) => panic!("a message was expected"),
    }
}

fn setup(change: impl FnOnce(&mut Setup)) -> Request {
    let mut setup = Setup {
        time: Some("09:00".to_owned()),
        zone: Some("UTC".to_owned()),
        days: Some("daily".to_owned()),
        ..Setup::default()
    };
    change(&mut setup);
    Request::Setup(setup)
}

fn press(press: Press) -> Request {
    Request::Press {
        press,
        on_private: true,
    }
}

fn button(message: &Message, label: &str) -> Request {
    let mut buttons = message.buttons.iter().flatten();
    let found = buttons.find(|button| button.label == label);
    press(found.unwrap_or_else(|| panic!("{}", message.body)).press)
}

fn answer(round: i64, place: usize) -> Request {
    let shown = Choices::of([place]);
    press(Press::Answer { round, shown })
}

#[test]
fn what_two_processes_hear_is_done_once_and_said_alike() {
    let mut pair = Pair::new();
    let draft = pair.both(ORGANISER, setup(|_| {}));
    let saved = pair.both(ORGANISER, button(&draft, "Save"));
    assert!(saved.body.starts_with("Saved"), "{}", saved.body);
    let draft = pair.both(
        ORGANISER,
        setup(|setup| setup.name = Some("weekly".to_owned())),
    );
    let dropped = pair.both(ORGANISER, button(&draft, "Cancel"));
    assert!(dropped.body.starts_with("Dropped"), "{}", dropped.body);
    let schedule = None;
    for quiz in [
        Quiz::Skip {
            schedule: schedule.clone(),
        },
        Quiz::Pin {
            schedule: schedule.clone(),
            question: "after-3".to_owned(),
        },
        Quiz::PostNow {
            schedule: schedule.clone(),
        },
        Quiz::Pause {
            schedule: schedule.clone(),
        },
        Quiz::Resume { schedule },
    ] {
        pair.both(ORGANISER, Request::Quiz(quiz));
    }
    pair.wait(0);
    let round = pair.round();
    for member in 1..5 {
        pair.both(
            member,
            answer(round, usize::try_from(member).expect("a place") % 4),
        );
    }
    let reason = "wrong".to_owned();
    let regrade = Quiz::Regrade {
        round: None,
        right: "B".to_owned(),
        reason: reason.clone(),
    };
    let regraded = pair.both(ORGANISER, Request::Quiz(regrade)).body;
    assert!(!regraded.contains("0 people gained"), "{regraded}");
    let void = Quiz::Void {
        round: None,
        reason,
    };
    pair.both(ORGANISER, Request::Quiz(void));
    let config = Config::Set {
        zone: Some("Europe/Berlin".to_owned()),
        season: Some("year".to_owned()),
        recap: None,
    };
    pair.both(ORGANISER, Request::Config(config));
    let practice = Quiz::Practice {
        topic: None,
        count: Some(3),
    };
    pair.both(7, Request::Quiz(practice));
    for place in 0..3 {
        let shown = Choices::of([1]);
        pair.both(7, press(Press::Practice { place, shown }));
        pair.both(7, press(Press::PracticeNext));
    }
}

#[test]
fn a_draft_made_at_one_process_is_kept_at_the_other() {
    let mut pair = Pair::new();
    let draft = pair.alone(ORGANISER, setup(|_| {}));
    let event = pair.event();
    let heard = pair.heard(ORGANISER, button(&draft, "Save"), event);
    let saved = said(&pair.two, &heard);
    assert!(saved.body.starts_with("Saved"), "{}", saved.body);
    // Another press on the same button is another wish, and there is nothing left to keep.
    let again = pair.alone(ORGANISER, button(&draft, "Save"));
    assert!(again.body.contains("gone"), "{}", again.body);
}

#[test]
fn what_a_process_hears_much_too_late_does_not_undo_what_came_after() {
    let mut pair = Pair::new();
    let sealed = setup(|setup| {
        setup.feedback = Some("sealed".to_owned());
        setup.may_change = Some(true);
    });
    let draft = pair.alone(ORGANISER, sealed);
    pair.alone(ORGANISER, button(&draft, "Save"));
    let schedule = None;
    pair.alone(
        ORGANISER,
        Request::Quiz(Quiz::PostNow {
            schedule: schedule.clone(),
        }),
    );
    pair.wait(0);
    let round = pair.round();
    let requests = [
        (
            ORGANISER,
            Request::Quiz(Quiz::Pause {
                schedule: schedule.clone(),
            }),
        ),
        (ORGANISER, Request::Quiz(Quiz::Resume { schedule })),
        (1, answer(round, 0)),
        (1, answer(round, 1)),
        (1, answer(round, 2)),
    ];
    let mut heard = Vec::new();
    for (member, request) in requests {
        let event = pair.event();
        heard.push(pair.heard(member, request, event));
        said(&pair.one, heard.last().expect("it was heard"));
    }
    let before = rows(pair.database.as_ref());
    for heard in &heard {
        said(&pair.two, heard);
    }
    assert_eq!(rows(pair.database.as_ref()), before);
}

#[test]
#[ignore = "needs a PostgreSQL server: STUDYHALL_TEST_POSTGRES"]
fn what_two_processes_hear_at_once_is_done_once_postgres() {
    let own = OwnDatabase::new();
    let dir = tempfile::tempdir().expect("a temporary folder");
    let mut pair = Pair::on(dir, Arc::new(own.open()), Arc::new(own.open()));
    for round in 0..N_RACES {
        let draft = pair.alone(ORGANISER, setup(|_| {}));
        let wishes = [
            button(&draft, "Save"),
            Request::Quiz(Quiz::Skip { schedule: None }),
            Request::Quiz(Quiz::Pin {
                schedule: None,
                question: format!("after-{}", round % N_QUESTIONS),
            }),
            Request::Quiz(Quiz::Pause { schedule: None }),
            Request::Quiz(Quiz::Resume { schedule: None }),
        ];
        for wish in wishes {
            let event = pair.event();
            let heard = pair.heard(ORGANISER, wish, event);
            let start = Barrier::new(2);
            let hear = |bot: &Bot| {
                start.wait();
                said(bot, &heard).body
            };
            let (one, two) = thread::scope(|scope| {
                let one = scope.spawn(|| hear(&pair.one));
                let two = scope.spawn(|| hear(&pair.two));
                (one.join().expect("no panic"), two.join().expect("no panic"))
            });
            assert_eq!(one, two, "{:?}", heard.request);
            let acts = pair.one.scores.acts(GUILD).expect("acts");
            let n_acts = u64::try_from(acts.len()).expect("a few");
            assert_eq!(n_acts, event.min(50), "{:?}", heard.request);
        }
    }
}

#[tokio::test]
async fn of_two_processes_on_discord_one_answers_and_the_other_is_silent() {
    let house = House::new(2, N_QUESTIONS).await;
    assert_eq!(house.discord.n_live(), 2);
    let slash = Interaction::slash("setup")
        .option("days", "daily")
        .option("zone", "UTC");
    let draft = house
        .discord
        .interact_around(&slash.twice(), 0)
        .message()
        .await;
    let save = Interaction::press(&draft, &draft.button("Save").custom_id);
    let receipt = house.discord.interact_around(&save.twice(), 0);
    let saved = receipt.message().await.text();
    assert!(saved.starts_with("Saved"), "{saved}");
    let skip = Interaction::slash("quiz skip").twice();
    let receipt = house.discord.interact_around(&skip, 1);
    let skipped = receipt.message().await.text();
    // Each process answered each of the three, and Discord took one answer of each.
    let answers = house.discord.requested(6, "POST /interactions").await;
    let n_taken = answers.iter().filter(|entry| entry.status == Some(204));
    assert_eq!(n_taken.count(), 3);
    let others = answers.iter().filter(|entry| entry.status == Some(400));
    let others: Vec<_> = others.map(|entry| entry.response["code"].clone()).collect();
    assert_eq!(others, [40060, 40060, 40060]);
    assert_eq!(receipt.message().await.text(), skipped);
    // Nobody was told of a fault, or anything else, once more.
    let sent = house.discord.requests();
    assert!(
        !sent
            .iter()
            .any(|entry| entry.route().contains("/webhooks/"))
    );
    let acts = house.replicas[1].bot.scores.acts(crate::fake::GUILD);
    assert_eq!(acts.expect("a store").len(), 3);
}

#[tokio::test]
async fn a_draft_is_kept_by_whichever_process_hears_the_press() {
    let house = House::new(2, N_QUESTIONS).await;
    let slash = Interaction::slash("setup")
        .option("days", "daily")
        .option("zone", "UTC");
    let draft = house.discord.interact_around(&slash, 0).message().await;
    let save = Interaction::press(&draft, &draft.button("Save").custom_id);
    let saved = house.discord.interact_around(&save, 1).message().await;
    assert!(saved.text().starts_with("Saved"), "{}", saved.text());
    assert_eq!(house.discord.blame(), [""; 0]);
}
