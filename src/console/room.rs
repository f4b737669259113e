//! What stands in the terminal: messages, whose buttons can be pressed, and who is there.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::io::{self, Write};

use jiff::Timestamp;

use super::readable::{self, Reader};
use super::shown::{Pressed, Shown, kept, only_line_changed};
use super::{Origin, PLACE, clock};
use crate::chat::{Audience, Message, Place, Press, Suggestion};

/// Messages whose buttons can still be pressed, at most.
pub const MESSAGES_MAX: usize = 200;

/// The terminal and who is in it.
pub(super) struct Room {
    pub(super) out: Box<dyn Write + Send>,
    pub(super) speaker: String,
    pub(super) now: Timestamp,
    /// Those who left the server.
    pub(super) gone: BTreeSet<u64>,
    /// Something by the bot itself could not be written.
    pub(super) is_broken: bool,
    people: BTreeMap<u64, String>,
    messages: VecDeque<Shown>,
    n_messages: usize,
    last_id: u64,
}

impl Room {
    pub(super) fn new(out: Box<dyn Write + Send>, speaker: &str) -> Self {
        Self {
            out,
            speaker: speaker.to_owned(),
            now: Timestamp::UNIX_EPOCH,
            gone: BTreeSet::new(),
            is_broken: false,
            people: BTreeMap::new(),
            messages: VecDeque::new(),
            n_messages: 0,
            last_id: 0,
        }
    }

    /// A number that no event and no message had, and greater than all of them; also than those of
    /// an earlier rehearsal.
    pub(super) fn next_id(&mut self) -> u64 {
        let millis = u64::try_from(self.now.as_millisecond()).unwrap_or_default();
        self.last_id = (self.last_id + 1).max(millis << 12);
        self.last_id
    }

    /// Texts name this person by name from now on.
    pub(super) fn meet(&mut self, id: u64, name: &str) {
        self.people.insert(id, name.to_owned());
    }

    /// The name of this person, as far as it is known.
    pub(super) fn name_of(&self, member: u64) -> String {
        let name = self.people.get(&member);
        name.map_or_else(|| format!("member-{member}"), Clone::clone)
    }

    pub(super) fn say(&mut self, origin: &Origin, message: &Message) -> io::Result<()> {
        let shown = self.shown(&origin.person, origin.place, message);
        let header = format!(
            "m{}{}{}",
            shown.number,
            channel_of(origin.place),
            seen_by(&origin.person, message)
        );
        self.keep(shown);
        self.show(&header, message)
    }

    pub(super) fn replace(&mut self, origin: &Origin, message: &Message) -> io::Result<()> {
        let old = self
            .messages
            .iter_mut()
            .find(|shown| Some(shown.number) == origin.pressed);
        let Some(old) = old else {
            return self.say(origin, message);
        };
        old.person.clone_from(&origin.person);
        old.message = kept(message);
        let header = format!(
            "m{} becomes{}",
            old.number,
            seen_by(&origin.person, message)
        );
        self.show(&header, message)
    }

    pub(super) fn offer(&mut self, suggestions: &[Suggestion]) -> io::Result<()> {
        if suggestions.is_empty() {
            writeln!(self.out, "(nothing to suggest)")?;
        }
        for suggestion in suggestions {
            let name = self.readable(&suggestion.name);
            writeln!(self.out, "  {name}   /note {}", suggestion.value)?;
        }
        Ok(())
    }

    /// Shows a message of the bot's own, once for each key.
    pub(super) fn post(&mut self, channel: u64, key: &str, message: &Message) -> io::Result<u64> {
        let known =
            |shown: &&Shown| shown.place.channel == channel && shown.key.as_deref() == Some(key);
        if let Some(shown) = self.messages.iter().find(known) {
            return Ok(shown.id);
        }
        let place = Place { channel, ..PLACE };
        let shown = Shown {
            key: Some(key.to_owned()),
            ..self.shown("", place, message)
        };
        let id = shown.id;
        let header = format!(
            "m{}{} · {}",
            shown.number,
            channel_of(place),
            clock::stamp(self.now)
        );
        self.keep(shown);
        self.show(&header, message)?;
        Ok(id)
    }

    /// Shows what a message reads now: the line alone where only one line is another.
    pub(super) fn edit(&mut self, channel: u64, id: u64, message: &Message) -> io::Result<()> {
        let stamp = clock::stamp(self.now);
        let Some(old) = self.messages.iter_mut().find(|shown| shown.id == id) else {
            let place = Place { channel, ..PLACE };
            let shown = Shown {
                id,
                ..self.shown("", place, message)
            };
            let number = shown.number;
            self.keep(shown);
            return self.show(
                &format!("{stamp} · an earlier message, m{number} from now on, reads:"),
                message,
            );
        };
        let header = format!("{stamp} · message {} now reads:", old.number);
        let before = std::mem::replace(&mut old.message, kept(message));
        match only_line_changed(&before, &kept(message)) {
            Some(line) => {
                writeln!(self.out, "── {header}")?;
                let line = self.readable(line);
                writeln!(self.out, "… {line}")
            }
            None => self.show(&header, message),
        }
    }

    /// The message with answers to this round, if it was posted since then.
    pub(super) fn find(&self, channel: u64, round: i64, since: Timestamp) -> Option<u64> {
        let asks =
            |press: Press| matches!(press, Press::Answer { round: other, .. } if other == round);
        let found = self.messages.iter().find(|shown| {
            let mut presses = shown.presses();
            shown.place.channel == channel && shown.posted_at >= since && presses.any(asks)
        });
        found.map(|shown| shown.id)
    }

    pub(super) fn discuss(&mut self, posted: u64, name: &str) -> io::Result<()> {
        let number = self.messages.iter().find(|shown| shown.id == posted);
        let number = number.map_or_else(String::new, |shown| format!(" {}", shown.number));
        let stamp = clock::stamp(self.now);
        writeln!(
            self.out,
            "── {stamp} · a thread opens below message{number}: {}",
            readable::plain(name)
        )
    }

    pub(super) fn tell(&mut self, member: u64, message: &Message) -> io::Result<()> {
        let person = self.name_of(member);
        let place = Place {
            guild: None,
            channel: member,
        };
        let message = Message {
            audience: Audience::Person,
            ..message.clone()
        };
        let shown = self.shown(&person, place, &message);
        let header = format!(
            "m{} · {}{}",
            shown.number,
            clock::stamp(self.now),
            seen_by(&person, &message)
        );
        self.keep(shown);
        self.show(&header, &message)
    }

    /// What the newest message that this person sees offers to press, where it offers that.
    pub(super) fn offered(&self, person: &str, fits: fn(Press) -> bool) -> Option<Pressed> {
        let seen = self.messages.iter().rev();
        let message = seen.into_iter().find(|shown| shown.seen_by(person))?;
        let mut buttons = message.buttons();
        let button = buttons.find(|button| button.enabled && fits(button.press))?;
        Some(message.pressed(button.press))
    }

    /// What a line presses, where it names a button or lines of a list: `a` and `1,3` mean the last
    /// message that this person sees, `m3 b` and `m3 1,3` message 3. What is wrong with it, where
    /// there is no such button.
    pub(super) fn pressed(&self, person: &str, line: &str) -> Option<Result<Pressed, String>> {
        let (number, what) = match line.split_once(char::is_whitespace) {
            Some((message, what)) if message.starts_with('m') => {
                let number: usize = message[1..].parse().ok()?;
                (Some(number), what.trim())
            }
            _ => (None, line),
        };
        let mut seen = self.messages.iter().rev();
        let mut message = |has_any: fn(&Shown) -> bool| {
            seen.find(|shown| {
                shown.seen_by(person)
                    && number.map_or_else(|| has_any(shown), |number| shown.number == number)
            })
        };
        if let Some(letter) = only_letter(what) {
            let message = message(|shown| shown.buttons().next().is_some());
            return Some(match message {
                Some(message) => message.press(letter),
                None => Err("There is no such message with buttons here.".to_owned()),
            });
        }
        let places = line_numbers(what)?;
        match (message(|shown| shown.message.list.is_some()), number) {
            (Some(message), _) => Some(message.choose(&places)),
            (None, Some(_)) => Some(Err("There is no such message with a list here.".to_owned())),
            // A number by itself may well be a question.
            (None, None) => None,
        }
    }

    fn shown(&mut self, person: &str, place: Place, message: &Message) -> Shown {
        self.n_messages += 1;
        Shown {
            number: self.n_messages,
            id: self.next_id(),
            place,
            key: None,
            posted_at: self.now,
            person: person.to_owned(),
            message: kept(message),
        }
    }

    fn keep(&mut self, shown: Shown) {
        if self.messages.len() >= MESSAGES_MAX {
            self.messages.pop_front();
        }
        self.messages.push_back(shown);
    }

    fn readable(&self, text: &str) -> String {
        let reader = Reader {
            people: &self.people,
            now: self.now,
        };
        readable::markdown(text, reader)
    }

    fn show(&mut self, header: &str, message: &Message) -> io::Result<()> {
        writeln!(self.out, "── {header}")?;
        if let Some(role) = message.calls {
            writeln!(self.out, "[calls role {role}]")?;
        }
        if let Some(title) = &message.title {
            writeln!(self.out, "{}", readable::plain(title))?;
        }
        if let Some(url) = &message.url {
            writeln!(self.out, "{url}")?;
        }
        let body = self.readable(&message.body);
        writeln!(self.out, "{body}")?;
        if let Some(file) = &message.file {
            let alt = file.alt.as_deref().map(readable::plain);
            let alt = alt.map_or_else(String::new, |alt| format!(": {alt}"));
            let (name, n) = (readable::plain(&file.name), file.bytes.len());
            writeln!(
                self.out,
                "[file {name}, {} bytes{alt}]",
                readable::counted(n)
            )?;
        }
        if let Some(footer) = &message.footer {
            writeln!(self.out, "({})", readable::plain(footer))?;
        }
        if let Some(list) = &message.list {
            writeln!(self.out, "{}:", readable::plain(&list.hint))?;
            for (at, line) in list.lines.iter().enumerate() {
                writeln!(self.out, "[{}] {}", at + 1, readable::plain(line))?;
            }
        }
        let mut letters = 'a'..='z';
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
}

fn channel_of(place: Place) -> String {
    if place.guild == PLACE.guild && place.channel != PLACE.channel {
        format!(" in #channel-{}", place.channel)
    } else {
        String::new()
    }
}

fn seen_by(person: &str, message: &Message) -> String {
    match message.audience {
        Audience::Channel => String::new(),
        Audience::Person => format!(" (only {person} sees this)"),
    }
}

fn only_letter(what: &str) -> Option<char> {
    let mut chars = what.chars();
    let letter = chars.next().filter(char::is_ascii_lowercase)?;
    chars.next().is_none().then_some(letter)
}

/// Numbers with commas or blanks between them.
fn line_numbers(what: &str) -> Option<Vec<usize>> {
    let parts = what.split([',', ' ']).filter(|part| !part.is_empty());
    let numbers: Option<Vec<usize>> = parts.map(|part| part.parse().ok()).collect();
    numbers.filter(|numbers| !numbers.is_empty())
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;
    use crate::chat::{Button, File};
    use crate::quiz::grade::Choices;

    #[derive(Clone, Default)]
    struct Out(Arc<Mutex<Vec<u8>>>);

    impl Write for Out {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Out {
        fn take(&self) -> String {
            String::from_utf8(std::mem::take(&mut *self.0.lock().unwrap())).unwrap()
        }
    }

    fn room() -> (Room, Out) {
        let out = Out::default();
        let mut room = Room::new(Box::new(out.clone()), "ada");
        room.now = "2026-03-02T09:00:00Z".parse().unwrap();
        (room, out)
    }

    fn asked(round: i64, body: &str) -> Message {
        let press = Press::Answer {
            round,
            shown: Choices::of([0]),
        };
        Message {
            audience: Audience::Channel,
            title: None,
            url: None,
            body: body.to_owned(),
            footer: None,
            buttons: vec![vec![Button {
                label: "A".to_owned(),
                press,
                enabled: true,
            }]],
            list: None,
            file: None,
            calls: None,
        }
    }

    #[test]
    fn a_key_posts_once() {
        let (mut room, out) = room();
        let first = room.post(1, "k", &asked(5, "one")).unwrap();
        assert_eq!(out.take(), "── m1 · Mon 2 Mar 09:00 UTC\none\n[a] A\n");
        assert_eq!(room.post(1, "k", &asked(5, "one")).unwrap(), first);
        assert_eq!(out.take(), "");
        assert!(room.post(1, "l", &asked(6, "two")).unwrap() > first);
        assert!(out.take().starts_with("── m2 · "));
    }

    #[test]
    fn a_round_is_found_where_and_since_it_was_posted() {
        let (mut room, _out) = room();
        let at = room.now;
        let id = room.post(2, "k", &asked(5, "one")).unwrap();
        let later = at + jiff::SignedDuration::from_secs(1);
        assert_eq!(room.find(2, 5, at), Some(id));
        assert_eq!(room.find(1, 5, at), None);
        assert_eq!(room.find(2, 6, at), None);
        assert_eq!(room.find(2, 5, later), None);
    }

    #[test]
    fn an_edit_shows_all_or_the_one_line_that_changed() {
        let (mut room, out) = room();
        let id = room.post(1, "k", &asked(5, "one\ntwo")).unwrap();
        out.take();
        room.edit(1, id, &asked(5, "one\nthree")).unwrap();
        let header = "── Mon 2 Mar 09:00 UTC · message 1 now reads:\n";
        assert_eq!(out.take(), format!("{header}… three\n"));
        room.edit(1, id, &asked(5, "1\n3")).unwrap();
        assert_eq!(out.take(), format!("{header}1\n3\n[a] A\n"));
        let closed = Message {
            buttons: Vec::new(),
            ..asked(5, "1\nclosed")
        };
        room.edit(1, id, &closed).unwrap();
        assert_eq!(out.take(), format!("{header}1\nclosed\n"));
        assert_eq!(room.find(1, 5, room.now), None);
        room.edit(1, 7, &asked(5, "old")).unwrap();
        assert!(
            out.take()
                .contains("an earlier message, m2 from now on, reads:\nold\n")
        );
    }

    #[test]
    fn a_private_message_names_who_sees_it() {
        let (mut room, out) = room();
        room.meet(9, "bo");
        let file = File {
            name: "a.png".to_owned(),
            bytes: vec![0; 1_234],
            alt: Some("a calendar".to_owned()),
        };
        let message = Message {
            file: Some(file),
            calls: Some(5),
            ..asked(5, "hello <@9>")
        };
        room.tell(9, &message).unwrap();
        let expected = "── m1 · Mon 2 Mar 09:00 UTC (only bo sees this)\n[calls role 5]\nhello @bo\n\
                        [file a.png, 1,234 bytes: a calendar]\n[a] A\n";
        assert_eq!(out.take(), expected);
        assert!(room.pressed("bo", "a").unwrap().is_ok());
        assert!(room.pressed("ada", "a").unwrap().is_err());
    }
}
