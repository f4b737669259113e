//! The client: connections that are kept, each with a thread that waits for one answer at a time.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow, bail, ensure};

use super::letters::Letter;

/// Connections, and so interactions under way at the same time, at most.
pub(crate) const N_CONNECTIONS: usize = 32;
/// How long an answer may take before the measurement fails: what Discord waits.
const PATIENCE: Duration = Duration::from_secs(3);
/// From the last connection to the first request: all threads are there by then.
const LEAD: Duration = Duration::from_millis(20);
/// Bytes of an answer that are read at once.
const CHUNK: usize = 16 << 10;
/// Characters of a wrong answer that are shown.
const SHOWN_MAX: usize = 300;

/// When requests are sent.
#[derive(Clone, Copy, Debug)]
pub(super) enum Pace {
    /// As soon as a connection is free.
    Full,
    /// One after so long, whatever became of those before it.
    Each(Duration),
}

/// What sending some letters took.
#[derive(Debug)]
pub(super) struct Lap {
    /// From the first request to the last answer, in seconds.
    pub(super) wall_s: f64,
    /// For each letter, from the instant for which it was planned to its answer.
    pub(super) ms: Vec<f64>,
}

/// Sends all letters, and holds each answer against the one that its question should have.
pub(super) fn lap(
    address: SocketAddr,
    letters: &[Letter],
    answers: &[Vec<u8>],
    pace: Pace,
) -> Result<Lap> {
    let connections: Vec<_> = (0..N_CONNECTIONS)
        .map(|_| Connection::open(address))
        .collect::<Result<_>>()?;
    let next = AtomicUsize::new(0);
    let from = Instant::now() + LEAD;
    let results: Vec<Result<Sent>> = thread::scope(|scope| {
        let send = |connection| {
            let next = &next;
            scope.spawn(move || send(connection, next, letters, answers, (from, pace)))
        };
        let threads: Vec<_> = connections.into_iter().map(send).collect();
        let join = |thread: thread::ScopedJoinHandle<'_, _>| {
            let panicked = |_| Err(anyhow!("a thread that posts panicked"));
            thread.join().unwrap_or_else(panicked)
        };
        threads.into_iter().map(join).collect()
    });
    let wall_s = from.elapsed().as_secs_f64();
    let mut all = Sent::default();
    for sent in results {
        let sent = sent?;
        all.ms.extend(sent.ms);
        all.wrong.extend(sent.wrong);
    }
    if let Some(first) = all.wrong.first() {
        let (n_wrong, n) = (all.wrong.len(), letters.len());
        bail!("{n_wrong} of {n} answers are not the right ones: {first}");
    }
    ensure!(all.ms.len() == letters.len(), "letters were left over");
    Ok(Lap { wall_s, ms: all.ms })
}

/// What came of the letters of one connection.
#[derive(Debug, Default)]
struct Sent {
    ms: Vec<f64>,
    /// Answers that are not the right ones.
    wrong: Vec<String>,
}

/// Sends one letter after the other, each as soon as it is its turn.
fn send(
    mut connection: Connection,
    next: &AtomicUsize,
    letters: &[Letter],
    answers: &[Vec<u8>],
    (from, pace): (Instant, Pace),
) -> Result<Sent> {
    let mut sent = Sent::default();
    thread::sleep(from.saturating_duration_since(Instant::now()));
    loop {
        let at = next.fetch_add(1, Ordering::Relaxed);
        let Some(letter) = letters.get(at) else {
            return Ok(sent);
        };
        let planned = match pace {
            Pace::Full => Instant::now(),
            Pace::Each(pause) => {
                let planned = from + pause.mul_f64(at as f64);
                thread::sleep(planned.saturating_duration_since(Instant::now()));
                planned
            }
        };
        let (status, body) = connection.exchange(&letter.bytes)?;
        sent.ms.push(planned.elapsed().as_secs_f64() * 1e3);
        if status != 200 || body != answers[letter.question] {
            sent.wrong.push(shown(status, body));
        }
    }
}

/// A connection that is kept.
pub(super) struct Connection {
    stream: TcpStream,
    /// What came, from the first byte of the last answer.
    came: Vec<u8>,
}

impl Connection {
    /// Opens one.
    pub(super) fn open(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address).context("nobody takes the connection")?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        Ok(Self {
            stream,
            came: Vec::new(),
        })
    }

    /// Sends a request and waits for its answer: the status and the body.
    pub(super) fn exchange(&mut self, request: &[u8]) -> Result<(u16, &[u8])> {
        self.stream.write_all(request)?;
        self.came.clear();
        let mut head = None;
        loop {
            let n_before = self.came.len();
            self.came.resize(n_before + CHUNK, 0);
            let read = self.stream.read(&mut self.came[n_before..]);
            let n_read = read.context("no answer in three seconds")?;
            ensure!(n_read > 0, "the server ended the connection");
            self.came.truncate(n_before + n_read);
            if head.is_none() {
                head = read_head(&self.came)?;
            }
            if let Some(Head { status, body, end }) = head
                && self.came.len() >= end
            {
                ensure!(self.came.len() == end, "more came than the answer");
                return Ok((status, &self.came[body..end]));
            }
        }
    }
}

/// What the head of an answer says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Head {
    status: u16,
    /// Where the body begins and ends.
    body: usize,
    end: usize,
}

/// Reads the head of an answer; none where it has not come to its end.
fn read_head(came: &[u8]) -> Result<Option<Head>> {
    let Some(at) = came.windows(4).position(|four| four == b"\r\n\r\n") else {
        return Ok(None);
    };
    let head = std::str::from_utf8(&came[..at])?;
    let mut lines = head.lines();
    let status = lines.next().and_then(|line| line.split(' ').nth(1));
    let length = lines
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .map(|(_, value)| value.trim());
    let (Some(status), Some(length)) = (status, length) else {
        bail!("not an answer that this client can read: {head}");
    };
    let length: usize = length.parse()?;
    Ok(Some(Head {
        status: status.parse()?,
        body: at + 4,
        end: at + 4 + length,
    }))
}

/// A wrong answer, for people.
fn shown(status: u16, body: &[u8]) -> String {
    let text: String = String::from_utf8_lossy(body)
        .chars()
        .take(SHOWN_MAX)
        .collect();
    format!("{status} {text}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_says_where_the_body_ends() {
        let answer = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 3\r\n\r\nno\n";
        let head = read_head(answer).unwrap();
        let expected = Head {
            status: 503,
            body: answer.len() - 3,
            end: answer.len(),
        };
        assert_eq!(head, Some(expected));
        assert_eq!(read_head(&answer[..40]).unwrap(), None);
        assert!(read_head(b"HTTP/1.1 200 OK\r\n\r\n").is_err());
    }
}
