//! Bots with scores of their own on the surface of the fake Discord, several on one store if need be.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::Timestamp;
use studyhall::bot::Bot;
use studyhall::chat::{Heard, Request};
use studyhall::config::Shards;
use studyhall::discord::{self, Edge, Patience, Settings, Transport};
use studyhall::scores::Scores;
use studyhall::scores::database::Database;
use studyhall::scores::sqlite::Sqlite;
use tempfile::TempDir;
use tokio::runtime::Handle;
use tokio::sync::{oneshot, watch};

use crate::fake::{Event, Fake, Interaction, Posted};
use crate::group::bot_in;

/// Every table in which the bot keeps what people and organisers do.
const TABLES: &[&str] = &[
    "SELECT * FROM setting ORDER BY 1",
    "SELECT * FROM guild ORDER BY 1",
    "SELECT * FROM schedule ORDER BY 1",
    "SELECT * FROM round ORDER BY 1",
    "SELECT * FROM drawn ORDER BY 1, 2",
    "SELECT * FROM pin ORDER BY 1, 2",
    "SELECT * FROM event ORDER BY 1, 2, 3",
    "SELECT * FROM pending ORDER BY 1",
    "SELECT * FROM sealed ORDER BY 1, 2, 3, 4",
    "SELECT * FROM board ORDER BY 1",
    "SELECT * FROM total ORDER BY 1, 2",
    "SELECT * FROM step ORDER BY 1, 2",
    "SELECT * FROM member ORDER BY 1, 2",
    "SELECT * FROM report ORDER BY 1, 2",
    "SELECT * FROM act ORDER BY 1",
    "SELECT * FROM review ORDER BY 1, 2, 3",
    "SELECT * FROM practice ORDER BY 1, 2",
];

/// A Discord, and bots that serve on it.
pub(crate) struct House {
    pub(crate) discord: Fake,
    pub(crate) database: Arc<dyn Database>,
    pub(crate) replicas: Vec<Replica>,
    _dir: TempDir,
}

/// A bot, and its hands on Discord.
pub(crate) struct Replica {
    pub(crate) bot: Bot,
    pub(crate) edge: Arc<Edge>,
    heard: Arc<Mutex<Vec<Request>>>,
    _stop: watch::Sender<bool>,
}

impl House {
    /// A house with `n` bots on one store, each with a line to Discord, and `n_questions` to ask.
    pub(crate) async fn new(n: usize, n_questions: usize) -> Self {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let file = dir.path().join("scores.sqlite");
        let database: Arc<dyn Database> = Arc::new(Sqlite::open(&file).expect("a file of scores"));
        let mut house = Self {
            discord: Fake::start().await,
            database,
            replicas: Vec::new(),
            _dir: dir,
        };
        for number in 0..n {
            let folder = house._dir.path().join(number.to_string());
            let bot = Bot {
                owner: format!("replica {number}").into(),
                ..bot_in(&folder, Scores::new(house.database.clone()), n_questions)
            };
            house
                .replicas
                .push(Replica::start(&house.discord, bot).await);
            let is_start = |event: &Event| matches!(event, Event::Identified(_));
            house.discord.happened(number + 1, is_start).await;
        }
        house.discord.ready().await;
        house
    }

    /// All that is kept.
    pub(crate) fn rows(&self) -> String {
        rows(self.database.as_ref())
    }

    /// What the bot answers.
    pub(crate) async fn answer(&self, interaction: &Interaction) -> Posted {
        self.discord.interact(interaction).message().await
    }

    /// Lets the first bot do what is due at this instant.
    pub(crate) async fn tick_at(&self, now: Timestamp) {
        let replica = &self.replicas[0];
        replica.bot.tick(replica.edge.as_ref(), &move || now).await;
    }

    /// The same for what is due now, by Discord's clock.
    pub(crate) async fn tick(&self) {
        let now = Timestamp::from_millisecond(self.discord.now_ms());
        self.tick_at(now.expect("an instant")).await;
    }

    /// What the first bot heard last.
    pub(crate) fn last_heard(&self) -> Request {
        let heard = self.replicas[0].heard.lock().expect("no panic");
        heard.last().expect("something was heard").clone()
    }
}

impl Replica {
    async fn start(discord: &Fake, bot: Bot) -> Self {
        let settings = Settings {
            transport: Transport::Gateway(Shards::ONE),
            starts: None,
            token: discord.token().into(),
            api_url: Some(discord.api_url()),
            patience: Patience {
                call_max: Duration::from_secs(1),
                ..Patience::default()
            },
        };
        let (stop, stopped) = watch::channel(false);
        let (give, edge) = oneshot::channel();
        let heard = Arc::new(Mutex::new(Vec::new()));
        let (list, listening) = (Arc::clone(&heard), bot.clone());
        let ear = Arc::new(move |heard: Heard| {
            let request = heard.request.clone();
            list.lock().expect("no panic").push(request);
            listening.hear(&heard)
        });
        let work = move |edge, mut ended: watch::Receiver<bool>| async move {
            drop(give.send(edge));
            drop(ended.wait_for(|ended| *ended).await);
        };
        let home = Handle::current();
        std::thread::spawn(move || drop(discord::run(&settings, ear, work, &home, stopped)));
        Self {
            bot,
            edge: edge.await.expect("hands"),
            heard,
            _stop: stop,
        }
    }
}

/// All that is kept in a database of scores.
pub(crate) fn rows(database: &dyn Database) -> String {
    let mut all = String::new();
    database
        .read(&mut |t| {
            all.clear();
            for sql in TABLES {
                all.push_str(&format!("{sql}: {:?}\n", t.query(sql, &[])?));
            }
            Ok(())
        })
        .expect("rows");
    all
}
