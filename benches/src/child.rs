//! Each program is measured in a process of its own, so that time and memory are its alone.

use std::env;
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

/// The first argument of a process that measures.
pub(crate) const COMMAND: &str = "child";

/// What a process needed, and what it found.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// From start to end of the process.
    pub(crate) wall_s: f64,
    /// Of all its threads; 0 where the system does not tell.
    pub(crate) cpu_s: f64,
    /// The most memory it ever held; 0 where the system does not tell.
    pub(crate) peak_mb: f64,
    pub(crate) found: Value,
}

/// Runs this program once more with the task and its paths.
pub(crate) fn run(task: &str, paths: &[&Path]) -> Result<Outcome> {
    let started = Instant::now();
    let output = Command::new(env::current_exe()?)
        .args([COMMAND, task])
        .args(paths)
        .stderr(Stdio::inherit())
        .output()
        .with_context(|| format!("cannot start the task {task}"))?;
    let wall_s = started.elapsed().as_secs_f64();
    ensure!(
        output.status.success(),
        "the task {task} ended with {}",
        output.status
    );
    let mut report: Value = serde_json::from_slice(&output.stdout)
        .with_context(|| format!("the task {task} reported no JSON"))?;
    let number = |name: &str| report[name].as_f64().unwrap_or_default();
    let (cpu_s, peak_mb) = (number("cpu_s"), number("peak_mb"));
    Ok(Outcome {
        wall_s,
        cpu_s,
        peak_mb,
        found: report["found"].take(),
    })
}

/// Tells the process that waits what this one found and needed. The last thing that a task does.
pub(crate) fn report(found: &Value) -> Result<()> {
    let report = json!({"found": found, "cpu_s": cpu_s("self"), "peak_mb": peak_mb()});
    writeln!(std::io::stdout(), "{report}")?;
    Ok(())
}

/// The most memory that this process ever held.
fn peak_mb() -> Option<f64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: f64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kib * 1_024.0 / 1e6)
}

/// Processor time of all threads of a process, named by its number or `self`. Linux counts it in
/// hundredths of a second.
pub(crate) fn cpu_s(process: &str) -> Option<f64> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The name of the program, in parentheses, may hold spaces: count from behind it.
    let (_, fields) = stat.rsplit_once(')')?;
    let mut ticks = fields.split_whitespace().skip(11);
    let user: f64 = ticks.next()?.parse().ok()?;
    let system: f64 = ticks.next()?.parse().ok()?;
    Some((user + system) / 100.0)
}

#[cfg(test)]
mod tests {
    #[cfg(target_os = "linux")]
    #[test]
    fn a_process_knows_what_it_needed() {
        let held = std::hint::black_box(vec![1_u8; 64_000_000]);
        assert!(super::peak_mb().unwrap() > 60.0);
        assert!(super::cpu_s("self").is_some());
        drop(held);
    }
}
