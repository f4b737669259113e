//! Both sides under all the load that they take, and under half of what ours does.

use std::path::Path;
use std::time::Duration;

use anyhow::{Result, ensure};
use serde_json::{Value, json};

use super::client::{self, Connection, Lap, Pace};
use super::letters::{Hand, Writer};
use super::questions::{self, Judged};
use super::sides::Side;
use super::{constant, discord};
use crate::numbers::median;
use crate::{child, corpus};

/// Times each side is measured, in turns.
const N_ROUNDS: usize = 9;
/// Interactions of the first lap, and laps after which a side is warm and its pace is known.
const N_FIRST: usize = 200;
const N_WARM_UP: usize = 3;
/// How long a lap takes, in seconds. All its letters are signed before it, and the bot answers
/// none that is older than 2.5 s.
const LAP_S: f64 = 1.0;

/// A server, what it should answer to each question, and what was measured of it.
struct Measured<'a> {
    side: &'a Side,
    answers: Vec<Vec<u8>>,
    /// Interactions of a lap at full load.
    n_lap: usize,
    per_s: Vec<f64>,
    /// Processor time for each interaction of a lap, in microseconds.
    cpu_us: Vec<f64>,
    /// Latencies at half load, round by round.
    ms: Vec<Vec<f64>>,
}

impl<'a> Measured<'a> {
    fn new(side: &'a Side, answers: Vec<Vec<u8>>) -> Self {
        Self {
            side,
            answers,
            n_lap: N_FIRST,
            per_s: Vec::new(),
            cpu_us: Vec::new(),
            ms: Vec::new(),
        }
    }

    fn lap(&self, post: &mut Post<'_>, n: usize, pace: Pace) -> Result<Lap> {
        let letters = post.writer.write(n, post.questions, post.hand);
        client::lap(self.side.address, &letters, &self.answers, pace)
    }

    /// Warms up, and finds how many interactions make a lap.
    fn first(&mut self, post: &mut Post<'_>) -> Result<()> {
        for _ in 0..N_WARM_UP {
            let lap = self.lap(post, self.n_lap, Pace::Full)?;
            self.n_lap = (self.n_lap as f64 / lap.wall_s * LAP_S) as usize;
        }
        Ok(())
    }

    /// All that it takes.
    fn full(&mut self, post: &mut Post<'_>) -> Result<()> {
        let cpu_s = self.side.cpu_s();
        let lap = self.lap(post, self.n_lap, Pace::Full)?;
        let cpu_s = self.side.cpu_s() - cpu_s;
        self.per_s.push(self.n_lap as f64 / lap.wall_s);
        self.cpu_us.push(cpu_s * 1e6 / self.n_lap as f64);
        Ok(())
    }

    /// So many a second, each at its instant.
    fn half(&mut self, post: &mut Post<'_>, per_s: f64) -> Result<()> {
        let pace = Pace::Each(Duration::from_secs_f64(1.0 / per_s));
        let lap = self.lap(post, (per_s * LAP_S) as usize, pace)?;
        self.ms.push(lap.ms);
        Ok(())
    }

    fn json(&self) -> Value {
        json!({"per_s": self.per_s, "cpu_us": self.cpu_us, "ms": self.ms})
    }
}

/// Who writes the letters, and what they ask.
struct Post<'a> {
    writer: &'a mut Writer,
    questions: &'a [String],
    hand: Hand,
}

/// The task of the process that posts.
pub(crate) fn run(work: &Path) -> Result<()> {
    corpus::clear(work)?;
    let notes = questions::notes()?;
    let judged = questions::answered(&notes, &work.join("index"))?;
    let mut writer = Writer::new();
    let studyhall = Side::studyhall(&notes, &work.join("studyhall"), discord::start()?)?;
    let constant = Side::constant()?;
    let sides = (&studyhall, &constant);
    let mut measure = |hand| measure(sides, &judged, &mut writer, hand);
    let found = json!({"same": measure(Hand::Same)?, "new": measure(Hand::New)?});
    drop((studyhall, constant));
    corpus::clear(work)?;
    child::report(&found)
}

/// Measures both sides, in turns, with questions written like this.
fn measure(
    (studyhall, constant): (&Side, &Side),
    judged: &[Judged],
    writer: &mut Writer,
    hand: Hand,
) -> Result<Value> {
    let asked: Vec<_> = judged.iter().map(|one| one.question.clone()).collect();
    let mut post = Post {
        writer,
        questions: &asked,
        hand,
    };
    let mut ours = Measured::new(studyhall, learn(studyhall, judged, &mut post)?);
    let constants = vec![constant::ANSWER.as_bytes().to_vec(); judged.len()];
    let mut bare = Measured::new(constant, constants);
    for side in [&mut ours, &mut bare] {
        side.first(&mut post)?;
    }
    for _ in 0..N_ROUNDS {
        ours.full(&mut post)?;
        bare.full(&mut post)?;
    }
    let half_per_s = median(&ours.per_s) / 2.0;
    for _ in 0..N_ROUNDS {
        ours.half(&mut post, half_per_s)?;
        bare.half(&mut post, half_per_s)?;
    }
    Ok(json!({"ours": ours.json(), "bare": bare.json(), "half_per_s": half_per_s}))
}

/// Asks each question once: the reply, which must be an answer. It is the same ever after, to the
/// byte, so that under load the comparison costs next to nothing.
fn learn(side: &Side, judged: &[Judged], post: &mut Post<'_>) -> Result<Vec<Vec<u8>>> {
    let mut connection = Connection::open(side.address)?;
    let ask = |judged: &Judged| {
        let question = std::slice::from_ref(&judged.question);
        let letters = post.writer.write(1, question, post.hand);
        let (status, body) = connection.exchange(&letters[0].bytes)?;
        let text = String::from_utf8_lossy(body);
        ensure!(
            status == 200 && judged.is_answered_by(body),
            "`{}` is answered by {status} {text}",
            judged.question
        );
        Ok(body.to_vec())
    };
    judged.iter().map(ask).collect()
}
