//! The chat in a terminal: several people, private messages, buttons as letters.

mod clock;
mod command;
mod line;
mod options;
mod readable;
mod room;
mod shown;
mod week;

use std::collections::BTreeSet;
use std::io::{self, BufRead, Write};
use std::sync::{Mutex, MutexGuard, PoisonError};

use anyhow::bail;
use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};

use crate::bot::Bot;
use crate::chat::{Chat, Heard, Message, Place, PostError, Reply, Request, Trace};

pub use room::MESSAGES_MAX;
use room::Room;
use shown::Pressed;

/// Where all is said that is said nowhere else.
const PLACE: Place = Place {
    guild: Some(1),
    channel: 1,
};
/// Before time goes on again where something is due that was due already.
const AT_LEAST: SignedDuration = SignedDuration::from_secs(1);

/// Whether the terminal goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    /// Another line may come.
    Goes,
    /// The person has had enough.
    Ends,
}

/// The terminal as a chat.
pub struct Console {
    room: Mutex<Room>,
}

/// What the terminal needs to know to show a reply.
#[derive(Clone, Debug)]
pub struct Origin {
    /// Who is answered.
    pub person: String,
    /// Where.
    pub place: Place,
    /// The number of the message whose button was pressed.
    pub pressed: Option<usize>,
    /// Whether the reply is shown.
    pub is_shown: bool,
}

/// A line as the terminal understands it.
enum Said {
    Nothing,
    Heard(Request),
    Pressed(Pressed),
    Speaker(String),
    Left(String),
    Wait(Timestamp),
    Week,
    Help,
    Mistake(String),
    Quit,
}

/// Lets people talk with the bot, a line at a time, until the input ends or somebody quits. Time
/// goes by as it does on the wall, and further where somebody waits.
///
/// # Errors
/// The terminal cannot be read or written.
pub async fn rehearse(
    bot: &Bot,
    input: &mut (dyn BufRead + Send),
    out: Box<dyn Write + Send>,
) -> anyhow::Result<()> {
    let console = Console::new(out);
    console.print("Ask the notes. /help says what else there is, /quit ends.")?;
    let mut line = Vec::new();
    let mut ahead = SignedDuration::ZERO;
    loop {
        console.prompt()?;
        line.clear();
        if input.read_until(b'\n', &mut line)? == 0 {
            return Ok(());
        }
        let at = now().saturating_add(ahead)?;
        let flow = console
            .line(bot, &String::from_utf8_lossy(&line), at)
            .await?;
        if flow == Flow::Ends {
            return Ok(());
        }
        ahead = ahead.saturating_add(console.now().duration_since(at));
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the terminal is where a line gets its time"
)]
fn now() -> Timestamp {
    Timestamp::now()
}

impl Console {
    /// A chat that writes to `out`.
    #[must_use]
    pub fn new(out: Box<dyn Write + Send>) -> Self {
        let room = Room::new(out, command::ORGANISER);
        let console = Self {
            room: Mutex::new(room),
        };
        console.meet(command::ORGANISER);
        console
    }

    /// How late it is in the terminal: when the last line was said, or until when somebody waited.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.room().now
    }

    /// It is this late by now; the terminal's clock never goes back.
    pub fn reach(&self, at: Timestamp) {
        let mut room = self.room();
        room.now = room.now.max(at);
    }

    /// Takes a line that was typed, and shows what the bot says to it and what it does then.
    ///
    /// # Errors
    /// The terminal cannot be written.
    pub async fn line(&self, bot: &Bot, line: &str, at: Timestamp) -> anyhow::Result<Flow> {
        self.reach(at);
        let (person, said) = {
            let room = self.room();
            let (person, line) = line::split_speaker(line.trim(), &room.speaker);
            let said = understand(&room, &person, &line);
            (person, said)
        };
        let origin = |place: Place, pressed: Option<usize>| Origin {
            person: person.clone(),
            place,
            pressed,
            is_shown: true,
        };
        match said {
            Said::Nothing => {}
            Said::Quit => return Ok(Flow::Ends),
            Said::Help => self.print(&command::help())?,
            Said::Mistake(mend) => self.print(&mend)?,
            Said::Speaker(name) => {
                self.print(&format!("You are {name} now."))?;
                self.meet(&name);
                self.room().speaker = name;
            }
            Said::Left(name) => {
                self.print(&format!("{name} has left the server."))?;
                self.room().gone.insert(line::member_id(&name));
            }
            Said::Wait(until) => {
                self.wait(bot, until).await?;
                self.print(&format!("It is {}.", clock::stamp(self.now())))?;
            }
            Said::Week => self.week(bot).await?,
            Said::Heard(request) => self.hear(bot, origin(PLACE, None), request).await?,
            Said::Pressed(pressed) => {
                let origin = origin(pressed.place, Some(pressed.number));
                self.hear(bot, origin, pressed.request).await?;
            }
        }
        self.tick(bot).await?;
        Ok(Flow::Goes)
    }

    async fn hear(&self, bot: &Bot, origin: Origin, request: Request) -> anyhow::Result<()> {
        let member = command::member(&origin.person);
        self.meet(&origin.person);
        if let Request::Stats { of: Some(of) } = &request {
            self.meet(&of.name);
        }
        let heard = {
            let mut room = self.room();
            room.gone.remove(&member.id);
            Heard {
                event: room.next_id(),
                member,
                place: origin.place,
                at: room.now,
                request,
            }
        };
        bot.respond(self, &origin, heard).await
    }

    /// Does what is due; when the bot wants to look again.
    async fn tick(&self, bot: &Bot) -> anyhow::Result<Option<Timestamp>> {
        let at = self.now();
        let next = bot.tick(self, &move || at).await;
        let mut room = self.room();
        if room.is_broken {
            bail!("the terminal cannot be written");
        }
        room.out.flush()?;
        Ok(next)
    }

    /// Lets time go on. The bot looks whenever something falls due on the way, and every hour for
    /// what it does now and then.
    async fn wait(&self, bot: &Bot, until: Timestamp) -> anyhow::Result<()> {
        loop {
            let next = self.tick(bot).await?;
            let now = self.now();
            if now >= until {
                return Ok(());
            }
            let soonest = now.saturating_add(AT_LEAST)?;
            let next = next.unwrap_or(until).max(soonest);
            self.reach(next.min(clock::next_hour(now)).min(until));
        }
    }

    fn meet(&self, name: &str) {
        self.room().meet(line::member_id(name), name);
    }

    fn print(&self, text: &str) -> io::Result<()> {
        writeln!(self.room().out, "{text}")
    }

    fn prompt(&self) -> io::Result<()> {
        let mut room = self.room();
        let speaker = room.speaker.clone();
        write!(room.out, "{speaker}> ")?;
        room.out.flush()
    }

    /// Does something that the bot asks for by itself.
    fn by_itself<T>(&self, show: impl FnOnce(&mut Room) -> io::Result<T>) -> Result<T, PostError> {
        let mut room = self.room();
        show(&mut room).map_err(|error| {
            room.is_broken = true;
            PostError::NotNow(error.into())
        })
    }

    fn room(&self) -> MutexGuard<'_, Room> {
        self.room.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Chat for Console {
    type Origin = Origin;

    async fn clock(&self) -> Option<Timestamp> {
        None
    }

    async fn reply(&self, origin: &Origin, reply: Reply) -> anyhow::Result<()> {
        if !origin.is_shown {
            return Ok(());
        }
        let mut room = self.room();
        match reply {
            Reply::Say(message) => room.say(origin, &message)?,
            Reply::Replace(message) => room.replace(origin, &message)?,
            Reply::Offer(suggestions) => room.offer(&suggestions)?,
        }
        room.out.flush()?;
        Ok(())
    }

    async fn post(&self, channel: u64, key: &str, message: &Message) -> Result<u64, PostError> {
        self.by_itself(|room| room.post(channel, key, message))
    }

    async fn edit(&self, channel: u64, posted: u64, message: &Message) -> Result<(), PostError> {
        self.by_itself(|room| room.edit(channel, posted, message))
    }

    async fn find(&self, channel: u64, round: i64, since: Timestamp) -> Result<Trace, PostError> {
        let found = self.room().find(channel, round, since);
        Ok(found.map_or(Trace::Absent, Trace::Posted))
    }

    async fn discuss(&self, _channel: u64, posted: u64, name: &str) -> Result<(), PostError> {
        self.by_itself(|room| room.discuss(posted, name))
    }

    async fn tell(&self, member: u64, message: &Message) -> Result<(), PostError> {
        self.by_itself(|room| room.tell(member, message))
    }

    async fn has_left(&self, _guild: u64, member: u64) -> Result<bool, PostError> {
        Ok(self.room().gone.contains(&member))
    }

    async fn guilds(&self, after: u64) -> Result<BTreeSet<u64>, PostError> {
        let guild = PLACE.guild.filter(|guild| *guild > after);
        Ok(guild.into_iter().collect())
    }
}

fn understand(room: &Room, person: &str, line: &str) -> Said {
    if line.is_empty() {
        return Said::Nothing;
    }
    match room.pressed(person, line) {
        Some(Ok(pressed)) => return Said::Pressed(pressed),
        Some(Err(mend)) => return Said::Mistake(mend),
        None => {}
    }
    let Some(command) = line.strip_prefix('/') else {
        return Said::Heard(Request::Ask {
            question: line.to_owned(),
            topic: None,
            private: false,
        });
    };
    let (name, rest) = options::word(command);
    let rest = rest.trim();
    match name {
        "as" if line::is_name(rest) => Said::Speaker(rest.to_owned()),
        "as" => Said::Mistake("Say as whom, in one word: /as ben".to_owned()),
        "leave" if line::is_name(rest) => Said::Left(rest.to_owned()),
        "wait" => match clock::wait(rest, room.now) {
            Some(until) => Said::Wait(until),
            None => Said::Mistake(command::mend(name, rest)),
        },
        "week" if rest.is_empty() => Said::Week,
        "leave" | "week" => Said::Mistake(command::mend(name, rest)),
        "help" => Said::Help,
        "quit" | "exit" => Said::Quit,
        _ => match command::request(name, rest) {
            Ok(request) => Said::Heard(request),
            Err(mend) => Said::Mistake(mend),
        },
    }
}
