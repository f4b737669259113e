//! People before the balancer: they press, ask and look, and send again what was not answered.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::task::JoinHandle;

use super::Hall;
use crate::fake::{CHANNEL, Interaction, Letter, Person, Posted, Receipt, member_number};
use crate::kills::{Dice, round_of};

/// People who answer, and of how many of the newest rounds.
const N_PEOPLE: u64 = 12;
const NEWEST: usize = 8;
/// Between two rounds that the organiser wants.
const POST_EVERY: Duration = Duration::from_millis(500);
/// One time in so many somebody looks at the board, ten times asks privately. What all can see is kept
/// rare: a process that finds a round of which nobody knows whether it was posted looks through a
/// thousand messages, and where the channel holds more since then it rightly leaves the round alone.
const LOOKS_EACH: u64 = 60;
/// From one thing that somebody does to the next, in milliseconds, at most.
const PAUSE_MAX_MS: u64 = 100;
/// Before something is sent again.
const AGAIN: Duration = Duration::from_millis(20);
/// Sendings of one interaction, at most: far more than the two processes can leave unanswered.
const SENDINGS_MAX: usize = 200;
/// A process answers within this time, or says that it could not. Who is told later than that that an
/// interaction came before cannot know whether it was done: its process may have died over it.
const CERTAIN: Duration = Duration::from_secs(2);

/// What became of an interaction in the end.
#[derive(Debug)]
enum Told {
    /// This was answered, to each sending that was.
    Words(Vec<String>),
    /// It came before, and whoever took it had the time to do it.
    Done,
    /// The person does not know.
    Nothing,
}

/// How often what happened.
#[derive(Default)]
pub(super) struct Tally {
    n_interactions: usize,
    n_sent: usize,
    n_broken: usize,
    n_unready: usize,
    n_words: usize,
    n_done: usize,
    n_nothing: usize,
}

/// What people saw.
#[derive(Default)]
pub(super) struct Seen {
    /// Round and member, and the interactions by which the member answered.
    pub(super) tried: BTreeMap<(i64, u64), Vec<u64>>,
    /// The interaction whose answer said so, and whether the choice was right.
    pub(super) verdicts: Vec<((i64, u64), u64, bool)>,
    /// The interaction of which it was said that it came before.
    pub(super) done: Vec<((i64, u64), u64)>,
    /// Interactions by which the organiser wanted rounds, and those of them that were promised.
    pub(super) wishes: Vec<u64>,
    pub(super) promised: Vec<u64>,
    pub(super) tally: Tally,
}

impl Seen {
    pub(super) fn add(&mut self, other: Self) {
        self.tried.extend(other.tried);
        self.verdicts.extend(other.verdicts);
        self.done.extend(other.done);
        self.wishes.extend(other.wishes);
        self.promised.extend(other.promised);
        let (all, more) = (&mut self.tally, other.tally);
        all.n_interactions += more.n_interactions;
        all.n_sent += more.n_sent;
        all.n_broken += more.n_broken;
        all.n_unready += more.n_unready;
        all.n_words += more.n_words;
        all.n_done += more.n_done;
        all.n_nothing += more.n_nothing;
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} interactions sent {} times, {} connections broke and {} processes were not ready; {} \
             answered, {} times told that it came before, {} times nothing in time",
            self.n_interactions,
            self.n_sent,
            self.n_broken,
            self.n_unready,
            self.n_words,
            self.n_done,
            self.n_nothing
        )
    }
}

/// The organiser and the people, until it is over.
pub(super) fn live(hall: &Arc<Hall>) -> Vec<JoinHandle<Seen>> {
    let play = |n| tokio::spawn(Arc::clone(hall).play(n));
    let mut life: Vec<_> = (0..N_PEOPLE).map(play).collect();
    life.push(tokio::spawn(Arc::clone(hall).organise()));
    life
}

impl Hall {
    /// Wants rounds, some wishes sent twice.
    async fn organise(self: Arc<Self>) -> Seen {
        let mut dice = Dice(0x5EED);
        let mut seen = Seen::default();
        while !self.is_over.load(Ordering::SeqCst) {
            let wish = Interaction::slash("quiz post-now").option("schedule", "daily 1");
            let (id, told) = self.send(&wish, &mut dice, &mut seen.tally).await;
            seen.wishes.push(id);
            match told {
                Told::Words(said) => {
                    let said = alike(said);
                    assert!(said.contains("On its way"), "{said}");
                    seen.promised.push(id);
                }
                Told::Done => seen.promised.push(id),
                Told::Nothing => {}
            }
            tokio::time::sleep(POST_EVERY).await;
        }
        seen
    }

    /// Answers rounds, each once; asks and looks at the board in between.
    async fn play(self: Arc<Self>, n: u64) -> Seen {
        let mut dice = Dice(0xACE + 977 * n);
        let mut seen = Seen::default();
        let me = member_number(n);
        while !self.is_over.load(Ordering::SeqCst) {
            tokio::time::sleep(Duration::from_millis(dice.below(PAUSE_MAX_MS))).await;
            match dice.below(LOOKS_EACH) {
                0 => {
                    let board = Interaction::slash("leaderboard").by(me);
                    self.look(board, "", &mut dice, &mut seen).await;
                }
                1..=10 => {
                    let ask = Interaction::slash("ask").option("question", "visibility timeout");
                    let ask = ask.option("private", true).by(me);
                    self.look(ask, "30 seconds", &mut dice, &mut seen).await;
                }
                _ => {
                    let posts = self.desk.discord.newest(CHANNEL, NEWEST).into_iter();
                    let open = posts.filter_map(|post| Some((round_of(&post)?, post)));
                    let left: Vec<_> = open
                        .filter(|(round, _)| !seen.tried.contains_key(&(*round, me.id)))
                        .collect();
                    if !left.is_empty() {
                        let (round, post) = &left[dice.pick(left.len())];
                        self.answer(me, *round, post, &mut dice, &mut seen).await;
                    }
                }
            }
        }
        seen
    }

    /// Asks for something that changes nothing.
    async fn look(&self, what: Interaction, says: &str, dice: &mut Dice, seen: &mut Seen) {
        let (_, told) = self.send(&what, dice, &mut seen.tally).await;
        if let Told::Words(said) = told {
            assert!(said.iter().all(|said| said.contains(says)), "{said:?}");
        }
    }

    /// Presses one button of a round until the answer is known to count: again, as people do, where
    /// Discord shows them nothing.
    async fn answer(
        &self,
        me: Person,
        round: i64,
        post: &Posted,
        dice: &mut Dice,
        seen: &mut Seen,
    ) {
        let buttons = post.buttons();
        let letters: Vec<_> = buttons.iter().filter(|b| b.label.len() == 1).collect();
        let letter = &letters[dice.pick(letters.len())].custom_id;
        let key = (round, me.id);
        for n_presses in 0.. {
            let press = Interaction::press(post, letter).by(me);
            let (id, told) = self.send(&press, dice, &mut seen.tally).await;
            seen.tried.entry(key).or_default().push(id);
            let said = match told {
                Told::Words(said) => alike(said),
                Told::Done if n_presses == 0 => return seen.done.push((key, id)),
                Told::Done => return,
                Told::Nothing => continue,
            };
            if said.contains("**Right.**") {
                seen.verdicts.push((key, id, true));
            } else if said.contains("**Not right.**") {
                seen.verdicts.push((key, id, false));
            } else {
                // Only an earlier press, of which nothing was heard, can have counted.
                let is_again = n_presses > 0 && said.contains("answered already");
                assert!(is_again, "an answer was answered: {said}");
            }
            return;
        }
    }

    /// Sends something off, one time in four twice at once, each until it is answered.
    async fn send(&self, what: &Interaction, dice: &mut Dice, tally: &mut Tally) -> (u64, Told) {
        let began = Instant::now();
        let (letter, receipt) = self.desk.discord.write_down(what);
        let mut other = Tally::default();
        let mut bodies = Vec::new();
        if dice.below(4) == 0 {
            let first = self.deliver(&letter, tally);
            let second = self.deliver(&letter, &mut other);
            let (first, second) = tokio::join!(first, second);
            bodies.extend([first, second].into_iter().flatten());
        } else {
            bodies.extend(self.deliver(&letter, tally).await);
        }
        tally.n_sent += other.n_sent;
        tally.n_broken += other.n_broken;
        tally.n_unready += other.n_unready;
        tally.n_interactions += 1;
        let words: Vec<String> = bodies.iter().filter_map(text).collect();
        let told = match words.len() {
            0 if bodies.is_empty() && began.elapsed() < CERTAIN => Told::Done,
            0 => Told::Nothing,
            _ if self.is_taken(&receipt, &bodies[0]) => Told::Words(words),
            _ => Told::Nothing,
        };
        match &told {
            Told::Words(_) => tally.n_words += 1,
            Told::Done => tally.n_done += 1,
            Told::Nothing => tally.n_nothing += 1,
        }
        (receipt.id(), told)
    }

    /// Sends the same interaction, signed anew, until a process answers; the body of the answer, none
    /// where it was said that it came before, or too late.
    async fn deliver(&self, letter: &Letter, tally: &mut Tally) -> Option<Value> {
        let url = format!("http://{}/interactions", self.balancer.address);
        for _ in 0..SENDINGS_MAX {
            let now_s = self.desk.discord.now_ms() / 1_000;
            let posted = Letter::signed(&letter.body, now_s).try_post(&url).await;
            tally.n_sent += 1;
            match posted {
                Ok((200, body)) => return Some(serde_json::from_str(&body).expect("JSON")),
                Ok((408 | 409, _)) => return None,
                Ok((503, _)) => tally.n_unready += 1,
                Ok((status, said)) => panic!("{status}: {said}"),
                Err(_) => tally.n_broken += 1,
            }
            tokio::time::sleep(AGAIN).await;
        }
        panic!("nobody answers");
    }

    /// Whether Discord takes this as the first answer: it does for three seconds.
    fn is_taken(&self, receipt: &Receipt, answer: &Value) -> bool {
        let refusal = self.desk.discord.take_answer(receipt, &answer.to_string());
        let Some(refusal) = refusal else {
            return true;
        };
        assert_eq!(refusal["code"], 10_062, "{refusal}");
        false
    }
}

/// What was said, alike to each sending.
fn alike(said: Vec<String>) -> String {
    assert!(said.windows(2).all(|two| two[0] == two[1]), "{said:?}");
    said.into_iter().next().expect("something was said")
}

/// What an answer says; nothing where it tells the person to wait.
fn text(answer: &Value) -> Option<String> {
    let embed = answer.pointer("/data/embeds/0/description");
    let text = embed.or(answer.pointer("/data/content"));
    Some(text?.as_str()?.to_owned())
}
