//! What other processes can read of a bot that serves.
#![cfg(target_os = "linux")]

use std::ffi::OsStr;
use std::io::Read;
use std::process::{Command, Stdio};

use crate::desk::{Desk, program};

/// A command that root may not do more with than anybody else: who has no rights of root's is held to
/// what a user may do with their own processes.
fn as_anybody(program: impl AsRef<OsStr>) -> Command {
    if !rustix::process::geteuid().is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    let nothing = ["--bounding-set=-all", "--inh-caps=-all", "--"];
    command.args(nothing).arg(program);
    command
}

#[tokio::test]
async fn nobody_else_reads_the_environment_of_a_bot_that_serves() {
    let desk = Desk::new().await;
    let mut serve = as_anybody(program());
    let own = desk.command("serve");
    serve.arg("serve").current_dir(desk.folder());
    for (name, value) in own.get_envs() {
        match value {
            Some(value) => serve.env(name, value),
            None => serve.env_remove(name),
        };
    }
    let serving = desk.start(serve);
    desk.discord.ready().await;
    // It has the rights that it will have once it says something.
    let mut other = as_anybody("sh");
    let waits = other.args(["-c", "echo up; read line"]);
    let waits = waits.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut other = waits.spawn().expect("a process");
    let mut said = [0; 3];
    let mut out = other.stdout.take().expect("a pipe");
    out.read_exact(&mut said).expect("it says so");
    let environment_of = |process: u32| {
        let mut read = as_anybody("cat");
        read.arg(format!("/proc/{process}/environ"));
        read.output().expect("it ran").status.success()
    };
    assert!(
        environment_of(other.id()),
        "of any other process it is read"
    );
    drop(other.stdin.take());
    other.wait().expect("it ends");
    assert!(!environment_of(serving.id()));
    assert_eq!(serving.stop().await, Some(0), "{}", desk.log());
}
