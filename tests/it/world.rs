//! A world for stories: notes in a temporary folder, a real index, the bot, the terminal chat.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use jiff::{SignedDuration, Timestamp};
use studyhall::bot::{self, Bot, Questions};
use studyhall::chat::{Button, Heard, Member, Message, Place, Press, Reply, Request};
use studyhall::console::Console;
use studyhall::ops;
use studyhall::scores::Scores;
use studyhall::scores::gaps::Gap;
use studyhall_index::{Index, Synced};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::group::{Nothing, scores_in};

/// Notes, an index, a bot and people in a terminal.
pub(crate) struct World {
    dir: TempDir,
    /// The bot as it runs now.
    pub(crate) bot: Bot,
    console: Console,
    shown: Shown,
    runtime: Runtime,
    now: Timestamp,
}

impl World {
    /// An empty world, with no notes on the web.
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().expect("a temporary folder");
        fs::create_dir(dir.path().join("notes")).expect("a folder for notes");
        let shown = Shown::default();
        Self {
            bot: bot(dir.path()),
            dir,
            console: Console::new(Box::new(shown.clone())),
            shown,
            runtime: tokio::runtime::Builder::new_current_thread()
                .build()
                .expect("a runtime"),
            now: "2026-03-02T09:00:00Z".parse().expect("an instant"),
        }
    }

    /// A world with these notes, in the index already.
    pub(crate) fn with(notes: &[(&str, &str)]) -> Self {
        let world = Self::new();
        for (path, text) in notes {
            world.write(path, text);
        }
        world.sync();
        world
    }

    /// A world with these notes and these question files, each a path below the notes.
    pub(crate) fn with_questions(notes: &[(&str, &str)], questions: &[(&str, &str)]) -> Self {
        let world = Self::with(notes);
        for (path, text) in questions {
            world.write(path, text);
        }
        ops::read_questions(&world.bot.questions, &world.notes());
        world
    }

    /// Writes a note.
    pub(crate) fn write(&self, path: &str, text: &str) {
        let path = self.notes().join(path);
        let folder = path.parent().expect("a folder");
        fs::create_dir_all(folder).expect("folders for the note");
        fs::write(path, text).expect("a note");
    }

    /// Removes a note.
    pub(crate) fn remove(&self, path: &str) {
        fs::remove_file(self.notes().join(path)).expect("the note was there");
    }

    /// Brings the index up to date.
    pub(crate) fn sync(&self) -> Synced {
        let synced = self.bot.index.sync(&self.notes(), &|_| {});
        synced.expect("the index takes the notes")
    }

    /// What the bot says to a member, a second later than before.
    pub(crate) fn hear(&mut self, member: &str, request: Request) -> Reply {
        self.now += SignedDuration::from_secs(1);
        self.bot.hear(&Heard {
            event: self.now.as_second().cast_unsigned(),
            member: Member {
                id: member.len() as u64,
                name: member.to_owned(),
                is_organiser: false,
            },
            place: Place {
                guild: Some(1),
                channel: 2,
            },
            at: self.now,
            request,
        })
    }

    /// The message with which the bot answers a public question.
    pub(crate) fn ask(&mut self, question: &str) -> Message {
        said(self.hear("Ada", ask(question)))
    }

    /// What the bot says to a button below a message.
    pub(crate) fn press(&mut self, member: &str, press: Press, on_private: bool) -> Reply {
        self.hear(member, Request::Press { press, on_private })
    }

    /// What the terminal shows after a line was typed.
    pub(crate) fn says(&mut self, line: &str) -> String {
        self.now += SignedDuration::from_secs(1);
        let line = self.console.line(&self.bot, line, self.now);
        self.runtime.block_on(line).expect("the terminal is there");
        self.shown.take()
    }

    /// The process ends, and another one begins.
    pub(crate) fn restart(&mut self) {
        // The scores can be opened again only when nobody holds them.
        self.bot.scores = Scores::new(Arc::new(Nothing));
        self.bot = bot(self.dir.path());
    }

    /// What the notes failed to answer.
    pub(crate) fn gaps(&self) -> Vec<Gap> {
        self.bot.scores.gaps().expect("scores")
    }

    fn notes(&self) -> PathBuf {
        self.dir.path().join("notes")
    }
}

/// A public question about everything.
pub(crate) fn ask(question: &str) -> Request {
    Request::Ask {
        question: question.to_owned(),
        topic: None,
        private: false,
    }
}

/// The message of a reply, new or in place of another.
pub(crate) fn said(reply: Reply) -> Message {
    match reply {
        Reply::Say(message) | Reply::Replace(message) => message,
        Reply::Offer(offers) => panic!("a message was expected, not {offers:?}"),
    }
}

/// The button whose label holds these words.
#[track_caller]
pub(crate) fn button(message: &Message, label: &str) -> Button {
    let buttons = message.buttons.concat();
    match buttons.iter().find(|button| button.label.contains(label)) {
        Some(button) => button.clone(),
        None => panic!("no button “{label}” below {message:#?}"),
    }
}

fn bot(dir: &Path) -> Bot {
    let data = dir.join("data");
    let scores = scores_in(&data);
    Bot {
        index: Index::open(&data.join("index")).expect("an index"),
        notes_url: None,
        questions: questions_of(dir),
        secret: bot::secret(&scores, 7).expect("scores that can be written"),
        scores,
        owner: "one".into(),
        nudge: Arc::default(),
        rhythm: Arc::default(),
        recent: Arc::default(),
    }
}

fn questions_of(dir: &Path) -> Questions {
    let questions = Questions::default();
    ops::read_questions(&questions, &dir.join("notes"));
    questions
}

/// What has been written to the terminal.
#[derive(Clone, Default)]
struct Shown(Arc<Mutex<Vec<u8>>>);

impl Shown {
    fn take(&self) -> String {
        let bytes = std::mem::take(&mut *self.0.lock().expect("nobody panicked here"));
        String::from_utf8(bytes).expect("text")
    }
}

impl Write for Shown {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("nobody panicked here").write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Two notes that the stories are about.
pub(crate) fn s3_and_sqs() -> World {
    World::with(&[("s3.md", S3), ("sqs.md", SQS)])
}

/// A note without front matter.
pub(crate) const S3: &str = "\
# S3

Amazon Simple Storage Service (S3) stores objects in buckets.

## Versioning

Versioning keeps every version of an object, so that a deleted file can be brought back.

- Once switched on it can only be suspended.

## Storage classes

S3 Standard-IA suits data that is read once a month.
S3 Glacier Deep Archive suits data that is read once a year.
";

/// A note with a tag.
pub(crate) const SQS: &str = "\
---
tags: [messaging]
---
# SQS

Amazon Simple Queue Service (SQS) is a message queue.

## Visibility timeout

The default visibility timeout is 30 seconds; the maximum is 12 hours.

## Dead letter queue

A Dead Letter Queue (DLQ) takes the messages that could not be processed.
";
