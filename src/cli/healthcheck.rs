//! `studyhall healthcheck`: whether the bot that runs here is well, for containers that have neither
//! a shell nor curl.

use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use super::Outcome;
use super::output::{Output, harmless};
use crate::config::Settings;
use crate::web;

const EXAMPLES: &str = "\
Examples:
  studyhall healthcheck
  studyhall healthcheck --ready

Exit codes: 0 it is, 1 it is not or does not answer, 2 the settings are wrong.";

/// From the call to the last byte of the answer, at most.
const TIME_MAX: Duration = Duration::from_secs(3);
/// Bytes of the answer, at most.
const ANSWER_MAX: usize = 16 * 1024;

/// Ask the bot that runs here whether it is well
///
/// It is asked at `http.listen`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Healthcheck {
    /// Ask whether it can do its work now, not only whether it lives
    #[arg(long)]
    ready: bool,
}

pub(super) fn run(
    healthcheck: &Healthcheck,
    settings: &Settings,
    out: &mut Output,
) -> anyhow::Result<Outcome> {
    let path = match healthcheck.ready {
        true => "/readyz",
        false => "/healthz",
    };
    let at = from_here(settings.http.listen);
    let (is_well, said) = match ask(at, path, TIME_MAX) {
        Ok(answer) => answer,
        Err(error) => (false, format!("http://{at}{path}: {error}")),
    };
    for line in said.lines().filter(|line| !line.trim().is_empty()) {
        writeln!(out, "{}", harmless(line))?;
    }
    Ok(match is_well {
        true => Outcome::Done,
        false => Outcome::No,
    })
}

/// Whether a bot that is well listens there.
pub(super) fn is_alive(listen: SocketAddr) -> bool {
    let answer = ask(from_here(listen), "/healthz", TIME_MAX);
    answer.is_ok_and(|answer| answer == (true, web::ALIVE.to_owned()))
}

/// Where a bot that listens there is reached from the same machine.
fn from_here(listen: SocketAddr) -> SocketAddr {
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, listen.port())
}

/// Whether the answer was a good one, and its text.
fn ask(at: SocketAddr, path: &str, time: Duration) -> io::Result<(bool, String)> {
    let until = Instant::now() + time;
    let left = || match until.saturating_duration_since(Instant::now()) {
        Duration::ZERO => Err(io::ErrorKind::TimedOut),
        left => Ok(left),
    };
    let mut stream = TcpStream::connect_timeout(&at, left()?)?;
    stream.set_write_timeout(Some(left()?))?;
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nHost: {at}\r\nConnection: close\r\n\r\n"
    )?;
    let mut answer = Vec::new();
    let mut piece = [0; 4_096];
    loop {
        stream.set_read_timeout(Some(left()?))?;
        match stream.read(&mut piece) {
            Ok(0) => break,
            Ok(n) => answer.extend(&piece[..n]),
            // What a socket says whose time is up.
            Err(e) if e.kind() == io::ErrorKind::WouldBlock => {
                return Err(io::ErrorKind::TimedOut.into());
            }
            Err(e) => return Err(e),
        }
        if answer.len() > ANSWER_MAX {
            break;
        }
    }
    read(&String::from_utf8_lossy(&answer)).ok_or(io::ErrorKind::InvalidData.into())
}

/// An answer in the form of HTTP/1: whether it was good, and its body.
fn read(answer: &str) -> Option<(bool, String)> {
    let (head, body) = answer.split_once("\r\n\r\n")?;
    let status = head.lines().next()?.strip_prefix("HTTP/1.")?;
    let code = status.split_whitespace().nth(1)?;
    Some((code == "200", body.to_owned()))
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::thread;

    use super::*;

    #[test]
    fn a_bot_that_listens_everywhere_is_asked_on_loopback() {
        for (listen, at) in [
            ("0.0.0.0:8080", "127.0.0.1:8080"),
            ("[::]:8080", "[::1]:8080"),
            ("10.0.0.7:80", "10.0.0.7:80"),
        ] {
            assert_eq!(from_here(listen.parse().unwrap()).to_string(), at);
        }
    }

    #[test]
    fn only_what_is_good_is_good() {
        let body = |text: &str| text.to_owned();
        let ok = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
        assert_eq!(read(ok), Some((true, body("ok"))));
        let unready = "HTTP/1.1 503 Service Unavailable\r\n\r\nstore: locked\n";
        assert_eq!(read(unready), Some((false, body("store: locked\n"))));
        let elsewhere = "HTTP/1.1 302 Found\r\nlocation: /200\r\n\r\n";
        assert_eq!(read(elsewhere), Some((false, body(""))));
        for nonsense in ["", "SSH-2.0-x\r\n\r\n", "HTTP/1.1 200 OK\r\n", "200"] {
            assert_eq!(read(nonsense), None, "{nonsense:?}");
        }
    }

    #[test]
    fn one_that_never_ends_its_answer_is_not_waited_for() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let at = listener.local_addr().unwrap();
        let silent = ask(at, "/healthz", Duration::from_millis(50));
        assert_eq!(silent.unwrap_err().kind(), io::ErrorKind::TimedOut);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                while stream.write_all(b"HTTP/1.1 200 OK\r\n").is_ok() {
                    thread::sleep(Duration::from_millis(1));
                }
            }
        });
        let endless = ask(at, "/healthz", Duration::from_millis(50));
        assert_eq!(endless.unwrap_err().kind(), io::ErrorKind::TimedOut);
    }
}
