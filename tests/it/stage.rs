//! A chat in memory for the stories that the bot tells by itself: it remembers the keys of posts as
//! Discord does, and can fail in every way that matters.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard};

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use studyhall::chat::{Chat, Message, PostError, Press, Refusal, Reply, Trace};

/// How long the chat remembers the key of a post.
const KEY_KNOWN: SignedDuration = SignedDuration::from_secs(120);

/// Servers that there are, and those of one page.
const GUILDS: u64 = 1_000;
const GUILDS_PAGE: u64 = 50;

/// What happens to a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It is done.
    Done,
    /// It is done, and the answer is lost.
    DoneAndLost,
    /// It never arrives, and nobody can tell.
    Lost,
    /// It is not even sent.
    NotSent,
    /// The chat says no.
    Refused(Refusal),
}

/// A message that was posted.
#[derive(Clone, Debug)]
pub(crate) struct Posted {
    pub(crate) channel: u64,
    pub(crate) key: String,
    pub(crate) at: Timestamp,
    pub(crate) message: Message,
    pub(crate) n_edits: u32,
    pub(crate) is_deleted: bool,
}

impl Posted {
    /// The round that can be answered below it.
    pub(crate) fn round(&self) -> Option<i64> {
        let buttons = self
            .message
            .buttons
            .iter()
            .flatten()
            .map(|button| button.press);
        let list = self.message.list.iter().map(|list| list.press);
        buttons.chain(list).find_map(|press| match press {
            Press::Answer { round, .. } => Some(round),
            _ => None,
        })
    }
}

/// Says what happens to the next call.
pub(crate) type Dice = Box<dyn FnMut() -> Fate + Send>;

/// The chat.
pub(crate) struct Stage {
    room: Mutex<Room>,
}

pub(crate) struct Room {
    pub(crate) now: Timestamp,
    pub(crate) posts: BTreeMap<u64, Posted>,
    /// Rounds that were ever posted, with how many messages each.
    pub(crate) n_posted: BTreeMap<i64, u32>,
    pub(crate) told: Vec<(u64, Message)>,
    pub(crate) threads: Vec<u64>,
    pub(crate) left: Vec<u64>,
    /// Servers that the bot was removed from, of those with numbers up to [`GUILDS`]; none where their
    /// list breaks off after its first page.
    pub(crate) out_of: Option<Vec<u64>>,
    /// How far the chat's clock is behind the one that tests set.
    pub(crate) behind: SignedDuration,
    pub(crate) history_is_hidden: bool,
    pub(crate) dice: Dice,
    /// How long each call takes.
    pub(crate) takes: SignedDuration,
    /// Calls that arrived.
    pub(crate) n_calls: u32,
}

impl Stage {
    pub(crate) fn new(now: Timestamp) -> Self {
        Self {
            room: Mutex::new(Room {
                now,
                posts: BTreeMap::new(),
                n_posted: BTreeMap::new(),
                told: Vec::new(),
                threads: Vec::new(),
                left: Vec::new(),
                out_of: Some(Vec::new()),
                behind: SignedDuration::ZERO,
                history_is_hidden: false,
                dice: Box::new(|| Fate::Done),
                takes: SignedDuration::ZERO,
                n_calls: 0,
            }),
        }
    }

    pub(crate) fn room(&self) -> MutexGuard<'_, Room> {
        self.room.lock().expect("nobody panics in here")
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.room().now
    }

    /// Does `what` unless fate is against it.
    fn call<T>(
        &self,
        what: impl FnOnce(&mut Room) -> Result<T, PostError>,
    ) -> Result<T, PostError> {
        let mut room = self.room();
        let takes = room.takes;
        room.now += takes;
        let lost = || anyhow::anyhow!("the line was cut");
        match (room.dice)() {
            Fate::NotSent => Err(PostError::NotNow(lost())),
            Fate::Lost => Err(PostError::Unsure(lost())),
            Fate::Refused(refusal) => Err(PostError::Refused(refusal)),
            Fate::Done => {
                room.n_calls += 1;
                what(&mut room)
            }
            Fate::DoneAndLost => {
                room.n_calls += 1;
                what(&mut room).ok();
                Err(PostError::Unsure(lost()))
            }
        }
    }
}

#[async_trait]
impl Chat for Stage {
    type Origin = ();

    async fn clock(&self) -> Option<Timestamp> {
        let room = self.room();
        room.now.checked_sub(room.behind).ok()
    }

    async fn reply(&self, _origin: &(), _reply: Reply) -> anyhow::Result<()> {
        Ok(())
    }

    async fn post(&self, channel: u64, key: &str, message: &Message) -> Result<u64, PostError> {
        assert!(key.len() <= 25, "{key}");
        self.call(|room| {
            let known = room
                .posts
                .iter()
                .find(|(_, post)| post.key == key && room.now.duration_since(post.at) < KEY_KNOWN);
            if let Some((id, post)) = known {
                return match post.is_deleted {
                    true => Err(PostError::Refused(Refusal::NoMessage)),
                    false => Ok(*id),
                };
            }
            let id = room.posts.len() as u64 + 1;
            let post = Posted {
                channel,
                key: key.to_owned(),
                at: room.now,
                message: message.clone(),
                n_edits: 0,
                is_deleted: false,
            };
            if let Some(round) = post.round() {
                *room.n_posted.entry(round).or_default() += 1;
            }
            room.posts.insert(id, post);
            Ok(id)
        })
    }

    async fn edit(&self, _channel: u64, posted: u64, message: &Message) -> Result<(), PostError> {
        self.call(|room| match room.posts.get_mut(&posted) {
            Some(post) if !post.is_deleted => {
                post.message = message.clone();
                post.n_edits += 1;
                Ok(())
            }
            _ => Err(PostError::Refused(Refusal::NoMessage)),
        })
    }

    async fn find(&self, channel: u64, round: i64, _since: Timestamp) -> Result<Trace, PostError> {
        self.call(|room| {
            if room.history_is_hidden {
                return Ok(Trace::Unknown);
            }
            let found = room.posts.iter().find(|(_, post)| {
                post.channel == channel && !post.is_deleted && post.round() == Some(round)
            });
            Ok(found.map_or(Trace::Absent, |(id, _)| Trace::Posted(*id)))
        })
    }

    async fn discuss(&self, _channel: u64, posted: u64, _name: &str) -> Result<(), PostError> {
        self.call(|room| {
            if !room.threads.contains(&posted) {
                room.threads.push(posted);
            }
            Ok(())
        })
    }

    async fn tell(&self, member: u64, message: &Message) -> Result<(), PostError> {
        self.call(|room| {
            room.told.push((member, message.clone()));
            Ok(())
        })
    }

    async fn has_left(&self, _guild: u64, member: u64) -> Result<bool, PostError> {
        self.call(|room| Ok(room.left.contains(&member)))
    }

    async fn guilds(&self, after: u64) -> Result<BTreeSet<u64>, PostError> {
        self.call(|room| {
            let page = after + 1..=GUILDS.min(after + GUILDS_PAGE);
            match &room.out_of {
                Some(out_of) => Ok(page.filter(|guild| !out_of.contains(guild)).collect()),
                None if after == 0 => Ok(page.collect()),
                None => Err(PostError::NotNow(anyhow::anyhow!("it breaks off"))),
            }
        })
    }
}
