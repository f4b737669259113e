//! A study group: a bot with questions, scores in a file, a chat in memory, and a clock of its own.

use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex};

use jiff::{SignedDuration, Timestamp};
use studyhall::bot::{self, Bot, Questions};
use studyhall::chat::command::Setup;
use studyhall::chat::{Heard, Member, Message, Place, Press, Reply, Request};
use studyhall::quiz::grade::Choices;
use studyhall::scores::database::{Database, StoreError, Work};
use studyhall::scores::sqlite::Sqlite;
use studyhall::scores::{By, Scores};
use studyhall_index::Index;
use tempfile::TempDir;

use crate::stage::Stage;

pub(crate) const GUILD: u64 = 77;
pub(crate) const CHANNEL: u64 = 42;
/// Who manages the server.
pub(crate) const ORGANISER: u64 = 1_000;

/// A bot and its surroundings.
pub(crate) struct Group {
    dir: TempDir,
    pub(crate) bot: Bot,
    pub(crate) stage: Arc<Stage>,
    runtime: tokio::runtime::Runtime,
    n_events: u64,
}

impl Group {
    /// A group whose clock shows `now`, with `n` easy questions.
    pub(crate) fn new(now: &str, n: usize) -> Self {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let bot = bot_in(dir.path(), scores_in(dir.path()), n);
        Self {
            dir,
            bot,
            stage: Arc::new(Stage::new(now.parse().expect("an instant"))),
            runtime: tokio::runtime::Builder::new_current_thread()
                .build()
                .expect("a runtime"),
            n_events: 0,
        }
    }

    /// The folder with all that is written.
    pub(crate) fn folder(&self) -> &Path {
        self.dir.path()
    }

    /// The process ends, and another one starts.
    pub(crate) fn restart(&mut self) {
        let questions = self.bot.questions.clone();
        let Self { bot, dir, .. } = self;
        // The file can be opened again only when nobody holds it.
        let idle = Scores::new(Arc::new(Nothing));
        bot.scores = idle;
        *bot = Bot {
            questions,
            ..bot_in(dir.path(), scores_in(dir.path()), 0)
        };
        bot.take_up(self.stage.now())
            .expect("scores that can be written");
    }

    /// The note keeper leaves `n` questions in the files.
    pub(crate) fn ask_of(&self, n: usize) {
        let files = [("quiz/all.md".to_owned(), questions_text(n))];
        self.bot.questions.take(&files);
    }

    /// What the first post says now.
    pub(crate) fn first_body(&self) -> String {
        let room = self.stage.room();
        let first = room.posts.values().next().expect("a post");
        first.message.body.clone()
    }

    /// What the bot says to a member.
    pub(crate) fn hear(&mut self, member: u64, request: Request) -> Message {
        self.n_events += 1;
        let event = self.n_events;
        self.hear_event(member, request, event)
    }

    /// The same for an event with this number.
    pub(crate) fn hear_event(&self, member: u64, request: Request, event: u64) -> Message {
        let heard = heard(member, request, event, self.stage.now());
        match self.bot.hear(&heard) {
            Reply::Say(message) | Reply::Replace(message) => message,
            Reply::Offer(_) => panic!("a message was expected"),
        }
    }

    /// A member presses a button.
    pub(crate) fn press(&mut self, member: u64, press: Press) -> Message {
        let request = Request::Press {
            press,
            on_private: false,
        };
        self.hear(member, request)
    }

    /// A member answers a round with the choices at these shown places.
    pub(crate) fn answer(&mut self, member: u64, round: i64, places: &[usize]) -> Message {
        let shown = Choices::of(places.iter().copied());
        self.press(member, Press::Answer { round, shown })
    }

    /// The organiser sets a schedule up, and saves it.
    pub(crate) fn set_up(&mut self, setup: Setup) {
        let draft = self.hear(ORGANISER, Request::Setup(setup));
        let save = draft
            .buttons
            .iter()
            .flatten()
            .find(|button| button.label == "Save");
        let save = save
            .unwrap_or_else(|| panic!("no draft but: {}", draft.body))
            .press;
        let saved = self.press(ORGANISER, save);
        assert!(saved.body.starts_with("Saved"), "{}", saved.body);
    }

    /// Lets the bot do what is due; when it wants to look again.
    pub(crate) fn tick(&self) -> Option<Timestamp> {
        let stage = Arc::clone(&self.stage);
        let clock = move || stage.now();
        self.runtime
            .block_on(self.bot.tick(self.stage.as_ref(), &clock))
    }

    /// Moves the clock to `until`, ticking whenever the bot wants to, and at the end.
    pub(crate) fn wait_until(&self, until: Timestamp) {
        loop {
            let next = self.tick();
            let now = self.stage.now();
            if now >= until {
                return;
            }
            let soon = now
                .saturating_add(SignedDuration::from_secs(1))
                .expect("a near instant");
            let next = next.unwrap_or(until).clamp(soon, until.max(soon));
            self.stage.room().now = next.min(until);
        }
    }

    /// Moves the clock on.
    pub(crate) fn wait(&self, time: SignedDuration) {
        self.wait_until(self.stage.now().checked_add(time).expect("an instant"));
    }

    /// The rounds in the chat, the newest last.
    pub(crate) fn rounds(&self) -> Vec<i64> {
        self.stage
            .room()
            .posts
            .values()
            .filter_map(|post| post.round())
            .collect()
    }
}

/// What a member does in the server's channel, as the event of this number.
pub(crate) fn heard(member: u64, request: Request, event: u64, at: Timestamp) -> Heard {
    Heard {
        event,
        member: Member {
            id: member,
            name: format!("member {member}"),
            is_organiser: member == ORGANISER,
        },
        place: Place {
            guild: Some(GUILD),
            channel: CHANNEL,
        },
        at,
        request,
    }
}

/// Something done at this instant that no event of the chat asked for.
pub(crate) fn by(actor: u64, at: Timestamp) -> By {
    By {
        actor,
        at,
        event: None,
    }
}

/// Scores in a file below a folder.
pub(crate) fn scores_in(dir: &Path) -> Scores {
    Scores::new(Arc::new(
        Sqlite::open(&dir.join("scores.sqlite")).expect("a file of scores"),
    ))
}

/// A bot with `n` questions, each with its first choice right.
pub(crate) fn bot_in(dir: &Path, scores: Scores, n: usize) -> Bot {
    let notes = dir.join("notes");
    fs::create_dir_all(&notes).expect("a folder for notes");
    let index = Index::open(&dir.join("index")).expect("an index");
    let questions = Questions::default();
    let findings = questions.take(&[("quiz/all.md".to_owned(), questions_text(n))]);
    assert!(findings.is_empty(), "{findings:?}");
    Bot {
        index,
        notes_url: None,
        questions,
        secret: bot::secret(&scores, 7).expect("scores that can be written"),
        scores,
        owner: "one".into(),
        nudge: Arc::default(),
        rhythm: Arc::default(),
        recent: Arc::default(),
    }
}

/// `n` questions, easy ones about even numbers and medium ones about odd ones.
pub(crate) fn questions_text(n: usize) -> String {
    let question = |number: usize| {
        let (topic, difficulty) = [("even", "easy"), ("odd", "medium")][number % 2];
        format!(
            "## What comes after the number {number} in counting? {{#after-{number}}}\n\n\
             - [x] It is {}\n- [ ] It is {}\n- [ ] It is {}\n- [ ] It is {}\n\n\
             > One more than {number}. See [counting](../counting.md#counting).\n\n\
             difficulty: {difficulty}\ntopic: {topic}\n\n",
            number + 1,
            number + 2,
            number + 30,
            number + 400,
        )
    };
    (0..n).map(question).collect()
}

/// A database that is not there.
#[derive(Debug)]
pub(crate) struct Nothing;

impl Database for Nothing {
    fn write(&self, _work: Box<Work<'static>>) -> Result<(), StoreError> {
        Err(gone())
    }

    fn read(&self, _work: &mut Work<'_>) -> Result<(), StoreError> {
        Err(gone())
    }
}

pub(crate) fn gone() -> StoreError {
    StoreError::Unavailable("the process has ended".into())
}

/// A database in front of another that ends like a process: before or after a write.
pub(crate) struct Mortal {
    inner: Arc<dyn Database>,
    life: Mutex<Life>,
}

/// How long something lives.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Life {
    /// Writes until the end.
    pub(crate) n_left: u32,
    /// Whether the last one is still done.
    pub(crate) does_last: bool,
}

impl Mortal {
    pub(crate) fn new(inner: Arc<dyn Database>, life: Life) -> Self {
        Self {
            inner,
            life: Mutex::new(life),
        }
    }

    pub(crate) fn is_dead(&self) -> bool {
        self.life.lock().expect("no panic").n_left == 0
    }
}

impl Database for Mortal {
    fn write(&self, work: Box<Work<'static>>) -> Result<(), StoreError> {
        let mut life = self.life.lock().expect("no panic");
        if life.n_left == 0 {
            return Err(gone());
        }
        life.n_left -= 1;
        if life.n_left == 0 {
            if life.does_last {
                self.inner.write(work)?;
            }
            return Err(gone());
        }
        self.inner.write(work)
    }

    fn read(&self, work: &mut Work<'_>) -> Result<(), StoreError> {
        if self.is_dead() {
            return Err(gone());
        }
        self.inner.read(work)
    }
}
