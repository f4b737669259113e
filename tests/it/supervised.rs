//! The shipped `studyhall` under a service manager: what it is told, by a socket as systemd gives one
//! and by `studyhall healthcheck`.
#![cfg(unix)]

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
