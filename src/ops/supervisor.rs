//! The service manager above the process, such as systemd: it is told that the bot serves, that it
//! goes on, and that it ends.
//!
//! The words are those of `sd_notify(3)`: lines in a datagram to the socket that the environment
//! names. Where it names none nobody is told.

use std::process;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use tracing::warn;

use super::StillMax;
use crate::config::Environment;

/// The variable that names the socket.
const SOCKET: &str = "NOTIFY_SOCKET";
/// The variable that says how often a sign of life must come, in microseconds.
const WATCHDOG_US: &str = "WATCHDOG_USEC";
/// The variable that says from which process it must come; from any if it is not set.
const WATCHDOG_PID: &str = "WATCHDOG_PID";
/// Signs of life in the time in which one must come: two may be late or lost.
const SIGNS: u32 = 3;
/// Of the time between two signs of life the part in which no other one is sent.
const REST: u32 = 4;

/// What can be told to the service manager. It never blocks, and what cannot be told is let go.
#[derive(Debug, Default)]
pub struct Supervisor {
    line: Option<line::Line>,
    watchdog: Option<Duration>,
    last_sign: Mutex<Option<Instant>>,
    n_signs: AtomicU64,
    pub(super) still_max: StillMax,
}

impl Supervisor {
    /// The service manager that the environment names, or none.
    #[must_use]
    pub fn of(environment: &Environment) -> Self {
        let line = environment.get(SOCKET).and_then(|address| {
            line::Line::to(address)
                .inspect_err(|error| warn!(%error, "the service manager cannot be told anything"))
                .ok()
        });
        let ours = environment
            .get(WATCHDOG_PID)
            .is_none_or(|pid| pid.parse() == Ok(process::id()));
        let wanted = environment.get(WATCHDOG_US).filter(|_| ours);
        let watchdog = wanted
            .and_then(|us| us.parse().ok())
            .map(Duration::from_micros);
        Self {
            watchdog: watchdog.filter(|time| line.is_some() && !time.is_zero()),
            line,
            last_sign: Mutex::default(),
            n_signs: AtomicU64::new(0),
            still_max: StillMax::default(),
        }
    }

    /// The same where other things than usual count as standing still.
    #[must_use]
    pub fn with_patience(self, still_max: StillMax) -> Self {
        Self { still_max, ..self }
    }

    /// How often the bot has said that it goes on.
    pub(super) fn n_signs(&self) -> u64 {
        self.n_signs.load(Ordering::Relaxed)
    }

    /// How often [`Self::alive`] is to be called at least, if anybody watches.
    #[must_use]
    pub fn rhythm(&self) -> Option<Duration> {
        self.watchdog.map(|time| time / SIGNS)
    }

    /// The bot serves from now on.
    pub fn ready(&self) {
        self.tell("READY=1");
    }

    /// The bot goes on. May be called at any rate.
    pub fn alive(&self) {
        self.n_signs.fetch_add(1, Ordering::Relaxed);
        let Some(rhythm) = self.rhythm() else { return };
        let mut last = self
            .last_sign
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if last.is_none_or(|last| last.elapsed() >= rhythm / REST) {
            *last = Some(Instant::now());
            self.tell("WATCHDOG=1");
        }
    }

    /// The bot has been told to end.
    pub fn stopping(&self) {
        self.tell("STOPPING=1");
    }

    fn tell(&self, word: &str) {
        if let Some(line) = &self.line {
            // A service manager that takes nothing will notice the silence.
            let _ = line.send(word);
        }
    }
}

#[cfg(unix)]
mod line {
    //! The socket.

    use std::io;
    use std::os::unix::net::UnixDatagram;

    #[derive(Debug)]
    pub(super) struct Line(UnixDatagram);

    impl Line {
        /// A line to the socket of this address: a path, or on Linux `@` and an abstract name.
        pub(super) fn to(address: &str) -> io::Result<Self> {
            let socket = UnixDatagram::unbound()?;
            socket.set_nonblocking(true)?;
            match address.strip_prefix('@') {
                #[cfg(target_os = "linux")]
                Some(name) => {
                    use std::os::linux::net::SocketAddrExt;
                    use std::os::unix::net::SocketAddr;

                    socket.connect_addr(&SocketAddr::from_abstract_name(name)?)?;
                }
                _ => socket.connect(address)?,
            }
            Ok(Self(socket))
        }

        pub(super) fn send(&self, word: &str) -> io::Result<()> {
            self.0.send(word.as_bytes()).map(drop)
        }
    }
}

#[cfg(not(unix))]
mod line {
    //! Elsewhere there is no such socket.

    use std::io;

    #[derive(Debug)]
    pub(super) struct Line;

    impl Line {
        pub(super) fn to(_address: &str) -> io::Result<Self> {
            Err(io::ErrorKind::Unsupported.into())
        }

        pub(super) fn send(&self, _word: &str) -> io::Result<()> {
            Ok(())
        }
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::ffi::OsString;
    use std::os::linux::net::SocketAddrExt;
    use std::os::unix::net::{SocketAddr, UnixDatagram};

    use super::*;

    fn supervisor(variables: &[(&str, &str)]) -> Supervisor {
        let pair = |(name, value): &(&str, &str)| (OsString::from(name), OsString::from(value));
        Supervisor::of(&Environment::of(variables.iter().map(pair)))
    }

    fn word(socket: &UnixDatagram) -> String {
        let mut bytes = [0; 64];
        let n_bytes = socket.recv(&mut bytes).expect("a word");
        String::from_utf8_lossy(&bytes[..n_bytes]).into_owned()
    }

    #[test]
    fn an_abstract_address_is_told_the_words_in_order() {
        let name = format!("studyhall-test-{}", process::id());
        let address = SocketAddr::from_abstract_name(&name).unwrap();
        let socket = UnixDatagram::bind_addr(&address).unwrap();
        let at = format!("@{name}");
        let supervisor = supervisor(&[(SOCKET, &at), (WATCHDOG_US, "60000000")]);
        assert_eq!(supervisor.rhythm(), Some(Duration::from_secs(20)));
        supervisor.ready();
        for _ in 0..1_000 {
            supervisor.alive();
        }
        supervisor.stopping();
        let words = [word(&socket), word(&socket), word(&socket)];
        assert_eq!(words, ["READY=1", "WATCHDOG=1", "STOPPING=1"]);
    }

    #[test]
    fn where_nobody_watches_nobody_is_told() {
        for variables in [
            &[][..],
            &[(WATCHDOG_US, "60000000")],
            &[(SOCKET, "/nonexistent"), (WATCHDOG_US, "60000000")],
        ] {
            let supervisor = supervisor(variables);
            assert_eq!(supervisor.rhythm(), None, "{variables:?}");
            supervisor.ready();
            supervisor.alive();
        }
    }

    #[test]
    fn the_watch_over_another_process_is_not_ours() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("notify");
        let _socket = UnixDatagram::bind(&path).unwrap();
        let at = path.to_str().unwrap();
        let of = |pid: &str, us: &str| {
            let variables = [(SOCKET, at), (WATCHDOG_PID, pid), (WATCHDOG_US, us)];
            supervisor(&variables).rhythm()
        };
        let ours = process::id().to_string();
        assert_eq!(of(&ours, "3000000"), Some(Duration::from_secs(1)));
        assert_eq!(of("1", "3000000"), None);
        assert_eq!(of(&ours, "0"), None);
        assert_eq!(of(&ours, "soon"), None);
    }
}
