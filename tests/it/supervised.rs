//! The shipped `studyhall` under a service manager: what it is told, by a socket as systemd gives one
//! and by `studyhall healthcheck`.
#![cfg(unix)]

use std::io::{Read, Write};
use std::net::TcpListener;
use std::os::unix::net::UnixDatagram;
use std::process::Command;
use std::time::Duration;

use crate::desk::{Desk, Serving};
use crate::fake::Event;

/// How often the manager wants a sign of life: often, so that twenty take no time. The loop by itself
/// would look every half a minute.
const WATCHDOG_US: u64 = 300_000;

/// The manager's end of the socket, and the command that talks to it.
struct Manager {
    socket: UnixDatagram,
    _folder: tempfile::TempDir,
}

impl Manager {
    /// Starts the bot under a manager that wants a sign of life in each `watchdog_us`.
    fn start(desk: &Desk, watchdog_us: u64) -> (Self, Serving) {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("notify");
        let socket = UnixDatagram::bind(&path).expect("a socket");
        socket.set_nonblocking(true).expect("a socket of ours");
        let mut command: Command = desk.command("serve");
        command
            .env("NOTIFY_SOCKET", &path)
            .env("WATCHDOG_USEC", watchdog_us.to_string());
        let manager = Self {
            socket,
            _folder: folder,
        };
        (manager, desk.start(command))
    }

    /// What is told next.
    async fn told(&self) -> String {
        loop {
            match self.told_now() {
                Some(word) => return word,
                None => tokio::time::sleep(Duration::from_millis(10)).await,
            }
        }
    }

    /// What was told and not heard yet, if anything.
    fn told_now(&self) -> Option<String> {
        let mut bytes = [0; 256];
        let n_bytes = self.socket.recv(&mut bytes).ok()?;
        Some(String::from_utf8_lossy(&bytes[..n_bytes]).into_owned())
    }

    /// Hears all until this word.
    async fn hear_until(&self, word: &str) -> Vec<String> {
        let mut heard = Vec::new();
        while heard.last().is_none_or(|last| last != word) {
            heard.push(self.told().await);
        }
        heard
    }
}

#[tokio::test]
async fn a_service_manager_hears_of_the_start_of_life_and_of_the_end() {
    let desk = Desk::new().await;
    let (manager, serving) = Manager::start(&desk, WATCHDOG_US);
    manager.hear_until("READY=1").await;
    let is_start = |event: &Event| matches!(event, Event::Identified(_));
    desk.discord.happened(1, is_start).await;
    for _ in 0..20 {
        assert_eq!(manager.told().await, "WATCHDOG=1");
    }
    assert_eq!(serving.stop().await, Some(0));
    let last = manager.hear_until("STOPPING=1").await;
    assert!(!last.contains(&"READY=1".to_owned()), "{last:?}");
}

#[tokio::test]
async fn a_bot_that_discord_refuses_never_says_that_it_serves() {
    let desk = Desk::new().await;
    desk.discord
        .set(|gateway| gateway.identify_closes = Some(4004));
    let (manager, serving) = Manager::start(&desk, WATCHDOG_US);
    assert_eq!(serving.ended().await, Some(78));
    let heard: Vec<String> = std::iter::from_fn(|| manager.told_now()).collect();
    assert!(heard.iter().all(|word| word == "WATCHDOG=1"), "{heard:?}");
}

/// What `studyhall healthcheck` prints and exits with where this is all that is answered.
async fn asked(answer: &'static str, flags: &[&str]) -> (String, Option<i32>, String) {
    let desk = Desk::new().await;
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("a port of ours").to_string();
    let answering = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("a call");
        let (mut call, mut part) = (Vec::new(), [0; 1_024]);
        // A call may come in several parts.
        while !call.ends_with(b"\r\n\r\n") {
            let n_bytes = stream.read(&mut part).expect("a call");
            assert_ne!(n_bytes, 0, "half a call");
            call.extend_from_slice(&part[..n_bytes]);
        }
        stream.write_all(answer.as_bytes()).expect("an answer");
        String::from_utf8_lossy(&call).into_owned()
    });
    let mut command = desk.command("healthcheck");
    command.args(flags).env("STUDYHALL_HTTP__LISTEN", address);
    let output = command.output().expect("the command runs");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let call = answering.join().expect("a call");
    let call = call.lines().next().unwrap_or_default().to_owned();
    (call, output.status.code(), said)
}

#[tokio::test]
async fn a_container_asks_after_its_bot() {
    let well = asked("HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nok\n", &[]).await;
    let expected = ("GET /healthz HTTP/1.1", Some(0), "ok\n");
    assert_eq!((well.0.as_str(), well.1, well.2.as_str()), expected);
    let unready = "HTTP/1.1 503 Service Unavailable\r\n\r\nstore: \u{1b}[31mlocked\n";
    let unready = asked(unready, &["--ready"]).await;
    assert_eq!(
        (unready.0.as_str(), unready.1),
        ("GET /readyz HTTP/1.1", Some(1))
    );
    assert!(unready.2.contains("locked"), "{}", unready.2);
    assert!(!unready.2.contains('\u{1b}'), "{:?}", unready.2);
}

#[tokio::test]
async fn where_no_bot_runs_none_is_well() {
    let desk = Desk::new().await;
    let mut command = desk.command("healthcheck");
    // Nobody listens on the port of a protocol that is not spoken any more.
    command.env("STUDYHALL_HTTP__LISTEN", "127.0.0.1:1");
    let output = command.output().expect("the command runs");
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(said.contains("http://127.0.0.1:1/healthz"), "{said}");
}
