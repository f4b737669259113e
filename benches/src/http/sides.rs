//! The two servers, each in a process of its own that ends with the measurement.

use std::env;
use std::fs::{self, File};
use std::io::{self, BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, ExitCode, Stdio};
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};

use super::client::Connection;
use super::letters;
use crate::child;

/// The tasks of the two processes, and of one that indexes for the bot.
pub(crate) const CONSTANT: &str = "http-constant";
pub(crate) const STUDYHALL: &str = "http-studyhall";
pub(crate) const INDEX: &str = "http-index";

/// The folder of the bot's data.
pub(super) const DATA: &str = "data";

/// What the bot's log says before its address.
const LISTENS: &str = "http.address=";
/// How often, and after how long each time, one looks whether the bot is ready.
const LOOKS: usize = 3_000;
const LOOK: Duration = Duration::from_millis(10);

/// A server that runs.
pub(super) struct Side {
    process: Child,
    pub(super) address: SocketAddr,
}

impl Side {
    /// Starts the handler that answers a constant.
    pub(super) fn constant() -> Result<Self> {
        let mut process = task(CONSTANT)?.stdout(Stdio::piped()).spawn()?;
        let mut line = String::new();
        let said = process.stdout.take().context("a process that can speak")?;
        BufReader::new(said).read_line(&mut line)?;
        Ok(Self {
            address: line.trim().parse().context("the constant has no address")?,
            process,
        })
    }

    /// Starts the bot on these notes, and waits until it is ready.
    pub(super) fn studyhall(notes: &Path, folder: &Path, discord: SocketAddr) -> Result<Self> {
        fs::create_dir_all(folder)?;
        let log = folder.join("log");
        let process = bot(STUDYHALL, notes, folder)?
            .env("STUDYHALL_DISCORD__TOKEN", "benchmark")
            .env("STUDYHALL_DISCORD__API_URL", format!("http://{discord}"))
            .env("STUDYHALL_DISCORD__TRANSPORT", "http")
            .env(
                "STUDYHALL_DISCORD__PUBLIC_KEY",
                letters::digits(&letters::public_key()),
            )
            .env("STUDYHALL_HTTP__LISTEN", "127.0.0.1:0")
            .stdout(Stdio::null())
            .stderr(File::create(&log)?)
            .spawn()?;
        let mut side = Self {
            process,
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
        };
        for _ in 0..LOOKS {
            thread::sleep(LOOK);
            let text = fs::read_to_string(&log)?;
            let said = text.split(LISTENS).nth(1);
            if let Some(said) = said.and_then(|said| said.split_whitespace().next()) {
                side.address = said.parse()?;
                if is_ready(side.address)? {
                    return Ok(side);
                }
            }
            if side.process.try_wait()?.is_some() {
                break;
            }
        }
        bail!("the bot is not ready: {}", fs::read_to_string(&log)?)
    }

    /// Processor time that it has used so far, in seconds.
    pub(super) fn cpu_s(&self) -> f64 {
        child::cpu_s(&self.process.id().to_string()).unwrap_or_default()
    }
}

impl Drop for Side {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

/// Has the program index these notes as the bot would.
pub(super) fn index(notes: &Path, folder: &Path) -> Result<()> {
    fs::create_dir_all(folder)?;
    let mut command = bot(INDEX, notes, folder)?;
    // What it says of the made-up notes nobody wants to know.
    let status = command
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()?;
    ensure!(status.success(), "`studyhall index` ended with {status}");
    Ok(())
}

/// The program on these notes, with its data below `folder` and no other settings.
fn bot(name: &str, notes: &Path, folder: &Path) -> Result<Command> {
    let mut command = task(name)?;
    for (variable, _) in env::vars_os() {
        if variable.to_string_lossy().starts_with("STUDYHALL_") {
            command.env_remove(variable);
        }
    }
    command
        .current_dir(folder)
        .env("STUDYHALL_NOTES_DIR", notes)
        .env("STUDYHALL_DATA_DIR", folder.join(DATA));
    Ok(command)
}

/// This program once more, with a task that serves.
fn task(name: &str) -> Result<Command> {
    let mut command = Command::new(env::current_exe()?);
    // The other end is held until the side is dropped, or this process has ended in any way.
    command.args([child::COMMAND, name]).stdin(Stdio::piped());
    Ok(command)
}

/// Ends this process as soon as the one that measures has ended, however that did.
pub(super) fn end_with_measurement() {
    thread::spawn(|| {
        // Nothing is ever written: whatever this gives, nobody is at the other end any more.
        drop(io::copy(&mut io::stdin(), &mut io::sink()));
        end_at_once();
    });
}

#[expect(
    clippy::exit,
    reason = "a server for a measurement has nothing to bring to an end"
)]
fn end_at_once() {
    std::process::exit(1);
}

fn is_ready(address: SocketAddr) -> Result<bool> {
    let request = b"GET /readyz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";
    let (status, _) = Connection::open(address)?
        .exchange(request)
        .map(|(status, body)| (status, body.len()))?;
    Ok(status == 200)
}

/// The task of the process that serves the bot: the shipped program with the command `serve`.
pub(crate) fn serve_studyhall() -> Result<()> {
    end_with_measurement();
    let arguments = ["studyhall", "serve"].map(Into::into);
    let ended = studyhall::cli::main(arguments, env::vars_os());
    bail!("the bot ended by itself: {ended:?}")
}

/// The task of the process that indexes: the shipped program with the command `index`.
pub(crate) fn index_studyhall() -> Result<()> {
    let arguments = ["studyhall", "index"].map(Into::into);
    let ended = studyhall::cli::main(arguments, env::vars_os());
    ensure!(ended == ExitCode::SUCCESS, "the notes were not indexed");
    child::report(&serde_json::Value::Null)
}
