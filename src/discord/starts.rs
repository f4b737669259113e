//! When sessions were started, in a file: a process that is started anew counts on where the last one
//! ended, so that a bot that ends again and again asks Discord for no more than one that does not.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::ensure;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tracing::warn;

use super::budget::{Budget, Start};
use super::clock;

/// How far ahead of the clock a start may lie: clocks are set back a little now and then.
const AHEAD_MAX: Duration = Duration::from_secs(60);
/// How long it may take to write down that a session is started.
const KEEP_MAX: Duration = Duration::from_secs(5);

/// What is known of the sessions that were started.
pub(super) struct Starts {
    /// Whoever holds it may start the next: one shard at a time.
    pub(super) budget: tokio::sync::Mutex<Budget>,
    file: Option<PathBuf>,
    /// How long shards have paused for the budget, in milliseconds.
    paused_ms: AtomicU64,
}

impl Starts {
    /// Those that the file remembers, with a budget for so many shards.
    pub(super) fn of(file: Option<PathBuf>, n_shards: usize) -> Self {
        let read = |file: &PathBuf| {
            read(file, clock(), Instant::now()).unwrap_or_else(|error| {
                let (file, error) = (file.display(), format!("{error:#}"));
                warn!(%file, error, "nobody knows when sessions were started; counting from none");
                Vec::new()
            })
        };
        let known = file.as_ref().map(read).unwrap_or_default();
        Self {
            budget: tokio::sync::Mutex::new(Budget::new(n_shards, known)),
            file,
            paused_ms: AtomicU64::new(0),
        }
    }

    /// Makes the file remember them, for the process after this one.
    pub(super) async fn keep(&self, budget: &Budget) {
        let Some(file) = self.file.clone() else {
            return;
        };
        let known = budget.starts();
        let writing = tokio::task::spawn_blocking(move || {
            if let Err(error) = write(&file, &known, clock(), Instant::now()) {
                let (file, error) = (file.display(), format!("{error:#}"));
                warn!(%file, error, "when sessions were started cannot be written down");
            }
        });
        // A disk that stands still keeps nobody from serving: the next process counts from what was
        // written last.
        if tokio::time::timeout(KEEP_MAX, writing).await.is_err() {
            warn!("when sessions were started could not be written down in time");
        }
    }

    /// How long shards have paused for the budget so far.
    pub(super) fn paused(&self) -> Duration {
        Duration::from_millis(self.paused_ms.load(Ordering::SeqCst))
    }

    pub(super) fn add_pause(&self, pause: Duration) {
        let pause_ms = u64::try_from(pause.as_millis()).unwrap_or(u64::MAX);
        self.paused_ms.fetch_add(pause_ms, Ordering::SeqCst);
    }
}

/// A start as it stands in the file.
#[derive(Serialize, Deserialize)]
struct Line {
    at: Timestamp,
    /// The pause that it needed, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pause_s: Option<u64>,
}

/// The starts that the file remembers, in their order; none where it is missing. `clock` and `now`
/// are the same instant.
fn read(file: &Path, clock: Timestamp, now: Instant) -> anyhow::Result<Vec<Start>> {
    let bytes = match fs::read(file) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error.into()),
    };
    let mut lines: Vec<Line> = serde_json::from_slice(&bytes)?;
    lines.sort_by_key(|line| line.at);
    let start = |line: Line| {
        let ago = clock.duration_since(line.at);
        ensure!(-ago <= AHEAD_MAX.try_into()?, "{} is yet to come", line.at);
        // Ahead of the clock by little is now.
        let ago = Duration::try_from(ago).unwrap_or(Duration::ZERO);
        Ok(Start {
            // A clock that does not reach back so far began with the machine.
            at: now.checked_sub(ago).unwrap_or(now),
            pause: line.pause_s.map(Duration::from_secs),
        })
    };
    lines.into_iter().map(start).collect()
}

/// Writes the starts down in place of those that the file remembers.
fn write(file: &Path, starts: &[Start], clock: Timestamp, now: Instant) -> anyhow::Result<()> {
    let line = |start: &Start| {
        let ago = now.saturating_duration_since(start.at);
        Ok(Line {
            at: clock.checked_sub(ago)?,
            pause_s: start.pause.map(|pause| pause.as_secs()),
        })
    };
    let lines: Vec<Line> = starts.iter().map(line).collect::<anyhow::Result<_>>()?;
    let text = serde_json::to_vec(&lines)?;
    let draft = file.with_extension("json.new");
    let mut writing = File::create(&draft)?;
    writing.write_all(&text)?;
    writing.sync_data()?;
    Ok(fs::rename(&draft, file)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    fn clock() -> Timestamp {
        "2026-03-01T12:00:00Z".parse().unwrap()
    }

    #[test]
    fn what_was_written_down_is_read_by_the_next_process() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("starts.json");
        let now = Instant::now() + 10 * MINUTE;
        assert_eq!(read(&file, clock(), now).unwrap(), []);
        let starts = [
            Start {
                at: now - 3 * MINUTE,
                pause: None,
            },
            Start {
                at: now - MINUTE,
                pause: Some(MINUTE),
            },
        ];
        write(&file, &starts, clock(), now).unwrap();
        assert_eq!(read(&file, clock(), now).unwrap(), starts);
        let later = read(&file, clock() + MINUTE, now).unwrap();
        assert_eq!(later[0].at, now - 4 * MINUTE);
        // The clock was set back by some seconds meanwhile.
        let earlier = read(&file, clock() - 90 * Duration::from_secs(1), now).unwrap();
        assert_eq!(earlier[1].at, now);
        let names: Vec<_> = fs::read_dir(folder.path()).unwrap().collect();
        assert_eq!(names.len(), 1);
    }

    #[test]
    fn what_cannot_be_right_is_no_list_of_starts() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("starts.json");
        for text in [
            "",
            "[",
            "nonsense",
            r#"[{"at":"soon"}]"#,
            r#"[{"at":"2026-03-01T11:00:00Z"},{"at":"2026-03-01T12:01:01Z"}]"#,
        ] {
            fs::write(&file, text).unwrap();
            assert!(read(&file, clock(), Instant::now()).is_err(), "{text}");
        }
        let odd = r#"[{"at":"-009999-01-02T01:59:59Z","pause_s":18446744073709551615}]"#;
        fs::write(&file, odd).unwrap();
        let starts = read(&file, clock(), Instant::now()).unwrap();
        let mut budget = Budget::new(1, starts);
        assert_eq!(
            budget.pause(Instant::now(), 900, Duration::ZERO),
            Duration::ZERO
        );
        assert!(read(folder.path(), clock(), Instant::now()).is_err());
        let nowhere = folder.path().join("no").join("starts.json");
        assert!(write(&nowhere, &[], clock(), Instant::now()).is_err());
    }

    /// For some hours processes that each live so long start sessions that last so long; when.
    fn starts_of_hours(life: Duration, session: Duration) -> Vec<Duration> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("starts.json");
        let began = Instant::now();
        let (hours, mut passed) = (6 * 60 * MINUTE, Duration::ZERO);
        let mut starts = Vec::new();
        while passed < hours {
            // Each process has a clock of its own; a pause for the budget is no part of its life.
            let (now, clock) = (began + passed, clock() + passed);
            let mut budget = Budget::new(1, read(&file, clock, now).unwrap());
            let mut lived = Duration::ZERO;
            while lived < life {
                passed += budget.pause(began + passed, 900, Duration::ZERO);
                budget.start(began + passed);
                starts.push(passed);
                let clock = self::clock() + passed;
                write(&file, &budget.starts(), clock, began + passed).unwrap();
                passed += session;
                lived += session;
            }
        }
        starts
    }

    #[test]
    fn no_loop_of_restarts_takes_more_than_twenty_sessions_an_hour() {
        let second = Duration::from_secs(1);
        for (life_s, session_s) in [
            (1, 1),
            (120, 7),
            (97, 97),
            (120, 61),
            (3_600, 61),
            (400, 310),
        ] {
            let starts = starts_of_hours(life_s * second, session_s * second);
            let most = starts.iter().map(|first| {
                let within = |at: &&Duration| **at >= *first && **at < *first + 60 * MINUTE;
                starts.iter().filter(within).count()
            });
            let most = most.max().unwrap();
            assert!((1..=20).contains(&most), "{life_s} {session_s}: {most}");
        }
    }
}
