//! The chat in a terminal: several people, private messages, buttons as letters.

mod line;
mod readable;

use std::collections::VecDeque;
use std::io::{self, BufRead, Write};
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use jiff::Timestamp;

use crate::bot::Bot;
use crate::chat::{
    Audience, Button, Chat, Heard, Member, Message, Place, Press, Reply, Request, Suggest,
};

/// Messages whose buttons can still be pressed, at most.
pub const MESSAGES_MAX: usize = 200;
/// Where everything is said.
const PLACE: Place = Place {
    guild: Some(1),
    channel: 1,
};
/// Who speaks first.
const FIRST_MEMBER: &str = "ada";

const HELP: &str = "\
Type a question, or:
  /ask [--private] [topic:NAME] QUESTION   ask the notes (topic:\"two words\" for longer names)
  /answer TEXT                             answer somebody's message from the notes
  /note NAME                               open a section
  /topics                                  see what the notes are about
  /suggest TEXT                            see what is offered while TEXT is being typed
  /as NAME                                 go on as somebody else
  NAME: LINE                               say one line as somebody else
  a                                        press button [a] of the last message
  m3 b                                     press button [b] of message 3
  /help, /quit";

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

struct Room {
    out: Box<dyn Write + Send>,
    speaker: String,
    messages: VecDeque<Shown>,
    n_messages: usize,
}

/// A message that stands in the terminal.
struct Shown {
    number: usize,
    audience: Audience,
    /// Whom it answers.
    person: String,
    buttons: Vec<Button>,
}

/// What the terminal needs to know to show a reply.
#[derive(Clone, Debug)]
pub struct Origin {
    /// Who is answered.
    pub person: String,
    /// The number of the message whose button was pressed.
    pub pressed: Option<usize>,
}

/// A line as the terminal understands it.
enum Said {
    Nothing,
    Heard(Request, Option<usize>),
    Speaker(String),
    Help,
    Mistake(String),
    Quit,
}

/// Lets people talk with the bot, a line at a time, until the input ends or somebody quits.
///
/// # Errors
/// The terminal cannot be read or written.
pub async fn rehearse(
    bot: &Bot,
    input: &mut (dyn BufRead + Send),
    out: Box<dyn Write + Send>,
) -> anyhow::Result<()> {
    let console = Console::new(out);
    console.tell("Ask the notes. /help says what else there is, /quit ends.")?;
    let mut line = Vec::new();
    loop {
        console.prompt()?;
        line.clear();
        if input.read_until(b'\n', &mut line)? == 0 {
            return Ok(());
        }
        let flow = console
            .line(bot, &String::from_utf8_lossy(&line), now())
            .await?;
        if flow == Flow::Ends {
            return Ok(());
        }
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
        Self {
            room: Mutex::new(Room {
                out,
                speaker: FIRST_MEMBER.to_owned(),
                messages: VecDeque::new(),
                n_messages: 0,
            }),
        }
    }

    /// Takes a line that was typed, and shows what the bot says to it.
    ///
    /// # Errors
    /// The terminal cannot be written.
    pub async fn line(&self, bot: &Bot, line: &str, at: Timestamp) -> anyhow::Result<Flow> {
        let (person, said) = {
            let room = self.room();
            let (person, line) = line::split_speaker(line.trim(), &room.speaker);
            let said = room.understand(&person, &line);
            (person, said)
        };
        match said {
            Said::Nothing => {}
            Said::Quit => return Ok(Flow::Ends),
            Said::Help => self.tell(HELP)?,
            Said::Mistake(mend) => self.tell(&mend)?,
            Said::Speaker(name) => {
                self.tell(&format!("You are {name} now."))?;
                self.room().speaker = name;
            }
            Said::Heard(request, pressed) => {
                let heard = Heard {
                    member: Member {
                        id: line::member_id(&person),
                        name: person.clone(),
                    },
                    place: PLACE,
                    at,
                    request,
                };
                bot.respond(self, &Origin { person, pressed }, heard)
                    .await?;
            }
        }
        Ok(Flow::Goes)
    }

    fn tell(&self, text: &str) -> io::Result<()> {
        writeln!(self.room().out, "{text}")
    }

    fn prompt(&self) -> io::Result<()> {
        let mut room = self.room();
        let speaker = room.speaker.clone();
        write!(room.out, "{speaker}> ")?;
        room.out.flush()
    }

    fn room(&self) -> MutexGuard<'_, Room> {
        self.room.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Chat for Console {
    type Origin = Origin;

    async fn reply(&self, origin: &Origin, reply: Reply) -> anyhow::Result<()> {
        let mut room = self.room();
        match reply {
            Reply::Say(message) => room.say(origin, &message)?,
            Reply::Replace(message) => room.replace(origin, &message)?,
            Reply::Offer(suggestions) => {
                if suggestions.is_empty() {
                    writeln!(room.out, "(nothing to suggest)")?;
                }
                for suggestion in suggestions {
                    let (name, value) = (readable::markdown(&suggestion.name), suggestion.value);
                    writeln!(room.out, "  {name}   /note {value}")?;
                }
            }
        }
        room.out.flush()?;
        Ok(())
    }
}

impl Room {
    fn say(&mut self, origin: &Origin, message: &Message) -> io::Result<()> {
        self.n_messages += 1;
        let number = self.n_messages;
        if self.messages.len() >= MESSAGES_MAX {
            self.messages.pop_front();
        }
        self.messages
            .push_back(Shown::new(number, &origin.person, message));
        self.show(number, "", &origin.person, message)
    }

    fn replace(&mut self, origin: &Origin, message: &Message) -> io::Result<()> {
        let old = self
            .messages
            .iter_mut()
            .find(|shown| Some(shown.number) == origin.pressed);
        let Some(old) = old else {
            return self.say(origin, message);
        };
        let number = old.number;
        *old = Shown::new(number, &origin.person, message);
        self.show(number, " becomes", &origin.person, message)
    }

    fn show(
        &mut self,
        number: usize,
        becomes: &str,
        person: &str,
        message: &Message,
    ) -> io::Result<()> {
        let seen_by = match message.audience {
            Audience::Channel => String::new(),
            Audience::Person => format!(" (only {person} sees this)"),
        };
        writeln!(self.out, "── m{number}{becomes}{seen_by}")?;
        if let Some(title) = &message.title {
            writeln!(self.out, "{}", readable::plain(title))?;
        }
        if let Some(url) = &message.url {
            writeln!(self.out, "{url}")?;
        }
        writeln!(self.out, "{}", readable::markdown(&message.body))?;
        if let Some(footer) = &message.footer {
            writeln!(self.out, "({})", readable::plain(footer))?;
        }
        let mut letters = letters();
        for row in &message.buttons {
            let row: Vec<String> = row
                .iter()
                .zip(&mut letters)
                .map(|(button, letter)| {
                    let label = readable::plain(&button.label);
                    if button.enabled {
                        format!("[{letter}] {label}")
                    } else {
                        format!("[-] {label}")
                    }
                })
                .collect();
            writeln!(self.out, "{}", row.join("  "))?;
        }
        Ok(())
    }

    fn understand(&self, person: &str, line: &str) -> Said {
        if line.is_empty() {
            return Said::Nothing;
        }
        if let Some((message, letter)) = self.button_named(person, line) {
            return self.press(message, letter);
        }
        let Some(command) = line.strip_prefix('/') else {
            return heard(Request::Ask {
                question: line.to_owned(),
                topic: None,
                private: false,
            });
        };
        let (name, rest) = command
            .split_once(char::is_whitespace)
            .unwrap_or((command, ""));
        let rest = rest.trim();
        match name {
            "ask" => heard(line::ask(rest)),
            "answer" => heard(Request::AnswerMessage {
                text: rest.to_owned(),
            }),
            "note" => heard(Request::Note {
                section: rest.to_owned(),
            }),
            "topics" => heard(Request::Topics),
            "suggest" => heard(Request::Suggest(Suggest::Question {
                typed: rest.to_owned(),
            })),
            "as" if line::is_name(rest) => Said::Speaker(rest.to_owned()),
            "as" => Said::Mistake("Say as whom, in one word: /as ben".to_owned()),
            "help" => Said::Help,
            "quit" | "exit" => Said::Quit,
            other => Said::Mistake(format!("There is no /{other}. /help lists what there is.")),
        }
    }

    /// `a` means the last message that this person sees, `m3 b` message 3.
    fn button_named(&self, person: &str, line: &str) -> Option<(Option<&Shown>, char)> {
        let (number, letter) = match line.split_once(char::is_whitespace) {
            None => (None, line),
            Some((message, letter)) => {
                let number: usize = message.strip_prefix('m')?.parse().ok()?;
                (Some(number), letter.trim())
            }
        };
        let mut chars = letter.chars();
        let letter = chars.next().filter(char::is_ascii_lowercase)?;
        if chars.next().is_some() {
            return None;
        }
        let mut seen = self
            .messages
            .iter()
            .rev()
            .filter(|shown| shown.seen_by(person));
        let message = match number {
            None => seen.find(|shown| !shown.buttons.is_empty()),
            Some(number) => seen.find(|shown| shown.number == number),
        };
        Some((message, letter))
    }

    fn press(&self, message: Option<&Shown>, letter: char) -> Said {
        let Some(message) = message else {
            return Said::Mistake("There is no such message with buttons here.".to_owned());
        };
        let mut buttons = message.buttons.iter().zip(letters());
        match buttons.find(|(_, other)| *other == letter) {
            Some((button, _)) if button.enabled => Said::Heard(
                pressed(button.press, message.audience),
                Some(message.number),
            ),
            Some((button, _)) => {
                Said::Mistake(format!("“{}” leads nowhere from here.", button.label))
            }
            None => Said::Mistake(format!(
                "Message m{} has no button [{letter}].",
                message.number
            )),
        }
    }
}

impl Shown {
    fn new(number: usize, person: &str, message: &Message) -> Self {
        Self {
            number,
            audience: message.audience,
            person: person.to_owned(),
            buttons: message.buttons.concat(),
        }
    }

    fn seen_by(&self, person: &str) -> bool {
        match self.audience {
            Audience::Channel => true,
            Audience::Person => self.person == person,
        }
    }
}

fn heard(request: Request) -> Said {
    Said::Heard(request, None)
}

fn pressed(press: Press, audience: Audience) -> Request {
    Request::Press {
        press,
        on_private: audience == Audience::Person,
    }
}

fn letters() -> impl Iterator<Item = char> {
    'a'..='z'
}
