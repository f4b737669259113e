//! The shipped `serve` under load for a while: what it holds of memory, threads and files.
#![cfg(target_os = "linux")]

use std::fs;
use std::time::Duration;

use crate::kills::fresh;
use crate::simulation::number;

/// Seconds where nobody says how many, and along with all other tests.
const SECONDS_USUAL: u64 = 60;
const SECONDS_FEW: u64 = 6;
/// From so many seconds on, the second half says whether memory grows: caches are full by then.
const SECONDS_LONG: u64 = 3_600;
/// What memory may rise by in an hour of the second half of a long run.
const RISE_MAX_MIB: f64 = 1.0;
/// Threads and open files on top of what there were in the first half, at most.
const MORE_MAX: u64 = 16;

/// What a process holds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Held {
    pub(crate) memory_kib: u64,
    /// The part of it that no file lies behind: what leaks is in there.
    own_kib: u64,
    n_threads: u64,
    /// For how many open files there is room, which doubles when more are needed: nobody else may count
    /// those of a bot that serves.
    n_files: u64,
}

impl Held {
    pub(crate) fn by(process: u32) -> Self {
        let status = fs::read_to_string(format!("/proc/{process}/status"));
        let status = status.expect("the process lives");
        let of = |name: &str| {
            let mut lines = status.lines();
            let line = lines.find_map(|line| line.strip_prefix(name));
            let value = line.and_then(|line| line.split_whitespace().next());
            value.and_then(|value| value.parse().ok()).expect(name)
        };
        Self {
            memory_kib: of("VmRSS:"),
            own_kib: of("RssAnon:"),
            n_threads: of("Threads:"),
            n_files: of("FDSize:"),
        }
    }
}

/// How much a line through these values, one a second, rises in an hour.
fn rise_per_hour(values: &[f64]) -> f64 {
    let n = values.len() as f64;
    let middle = (n - 1.0) / 2.0;
    let mean = values.iter().sum::<f64>() / n;
    let mut above = 0.0;
    let mut below = 0.0;
    for (at, value) in values.iter().enumerate() {
        let from_middle = at as f64 - middle;
        above += from_middle * (value - mean);
        below += from_middle * from_middle;
    }
    above / below * 3_600.0
}

/// Whether a run of this length, in whose second half memory rises by so much an hour, shows that it grows.
fn grows(seconds: u64, rise_mib: f64) -> bool {
    seconds >= SECONDS_LONG && rise_mib >= RISE_MAX_MIB
}

#[expect(
    clippy::print_stderr,
    reason = "who runs this wants to know what it held"
)]
async fn soak(seconds: u64) {
    let storm = fresh(None).await;
    let serving = storm.desk.serve().await;
    storm.set_up().await;
    let life = storm.live();
    let mut held = Vec::new();
    for _ in 0..seconds {
        tokio::time::sleep(Duration::from_secs(1)).await;
        held.push(Held::by(serving.id()));
    }
    let seen = storm.over(life).await;
    assert!(!seen.verdicts.is_empty(), "nobody was told anything");
    assert_eq!(serving.stop().await, Some(0), "{}", storm.desk.log());
    let (first, second) = held.split_at(held.len() / 2);
    let rise = |of: fn(&Held) -> u64| {
        let memory: Vec<f64> = second.iter().map(|held| of(held) as f64).collect();
        rise_per_hour(&memory) / 1_024.0
    };
    let rise_mib = rise(|held| held.memory_kib);
    eprintln!(
        "{seconds} s, {} verdicts: {:?} at first, {:?} in the middle, {:?} in the end; in the second \
         half memory rises by {:.2} MiB an hour, without mapped files by {:.2}",
        seen.verdicts.len(),
        held[0],
        second[0],
        held[held.len() - 1],
        rise_mib,
        rise(|held| held.own_kib),
    );
    let most = |part: &[Held], of: fn(&Held) -> u64| part.iter().map(of).max().expect("some");
    let threads = [first, second].map(|part| most(part, |held| held.n_threads));
    let files = [first, second].map(|part| most(part, |held| held.n_files));
    assert!(threads[1] <= threads[0] + MORE_MAX, "threads: {threads:?}");
    assert!(files[1] <= files[0] + MORE_MAX, "files: {files:?}");
    assert!(
        !grows(seconds, rise_mib),
        "memory rises by {rise_mib:.2} MiB an hour"
    );
}

#[test]
fn a_line_rises_as_it_rises() {
    let values: Vec<f64> = (0..9).map(|at| 5.0 + 2.0 * f64::from(at)).collect();
    assert!((rise_per_hour(&values) - 7_200.0).abs() < 1e-6);
    assert!(rise_per_hour(&[3.0; 9]).abs() < 1e-6);
}

#[test]
fn only_a_long_run_says_whether_memory_grows() {
    assert!(!grows(SECONDS_FEW, 900.0));
    assert!(!grows(SECONDS_LONG - 1, 2.0));
    assert!(!grows(SECONDS_LONG, 0.9));
    assert!(grows(SECONDS_LONG, 1.0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bot_under_load_holds_no_more_threads_and_files() {
    soak(SECONDS_FEW).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes a minute or as long as it is told: STUDYHALL_TEST_SOAK, in seconds; memory counts from an hour on"]
async fn a_bot_under_load_for_long_holds_no_more_threads_files_and_memory() {
    soak(
        number("STUDYHALL_TEST_SOAK")
            .unwrap_or(SECONDS_USUAL)
            .max(4),
    )
    .await;
}
