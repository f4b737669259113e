//! A stranger's walk through `deploy/runbook.md`: its own commands, in its order, on a machine that
//! knows nothing of the bot, up to answers on Discord.
//!
//! The machine is this one under a layer of its own that is thrown away afterwards. What it lacks of a
//! real one: systemd, of which `walk/systemctl` does as much as the text asks for, and the time that a
//! release build takes: the program is the one that all tests use.
#![cfg(target_os = "linux")]

use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::desk::program;
use crate::fake::{ADA, Fake, Interaction};

/// The sections that are followed, as far as their commands go. An upgrade is never the last one.
const SECTIONS: [&str; 6] = [
    "Install",
    "Look after",
    "Upgrade",
    "Upgrade",
    "Back up",
    "Restore",
];
/// What the text leaves to whoever reads it.
const NUMBER: &str = "NUMBER";
/// How long the walk may take from one stop to the next.
const STOP_MAX: Duration = Duration::from_secs(120);

/// The commands of the runbook's section, block by block.
fn blocks(runbook: &str, section: &str) -> Vec<String> {
    let heading = format!("\n## {section}\n");
    let (_, rest) = runbook.split_once(&heading).expect(section);
    let text = rest.split("\n## ").next().unwrap_or(rest);
    let mut blocks = Vec::new();
    let mut open: Option<String> = None;
    for line in text.lines() {
        match (line.trim(), &mut open) {
            ("```sh", _) => open = Some(String::new()),
            ("```", _) => blocks.extend(open.take()),
            (line, Some(block)) => {
                block.push_str(line);
                block.push('\n');
            }
            (_, None) => {}
        }
    }
    assert!(!blocks.is_empty(), "{section} has no commands");
    blocks
}

/// Everything that is typed, and two stops at which the test looks at Discord.
fn script(discord: &Fake) -> String {
    let runbook = include_str!("../../deploy/runbook.md");
    let mut script = String::new();
    for section in SECTIONS {
        for block in blocks(runbook, section) {
            // Nothing is known of her, and that is what they say: with 1.
            let her = format!("{} || [[ $? == 1 ]]", ADA.id);
            script.push_str(&block.replace(NUMBER, &her));
            if block.contains("> /etc/studyhall/studyhall.toml") {
                // The fake in Discord's place is all that the text does not know.
                script.push_str(&format!(
                    "printf '%s\\n' '[discord]' 'api_url = \"{}\"' >> /etc/studyhall/studyhall.toml\n",
                    discord.api_url()
                ));
            }
        }
        script.push_str(&format!("at_stop '{section}'\n"));
    }
    script.push_str("systemctl stop studyhall\n");
    script
}

/// The folder that the walk and the test share.
struct Way {
    folder: tempfile::TempDir,
}

impl Way {
    /// With the program where a build would have left it, and what stands in for cargo and systemd.
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let way = Self { folder };
        let built = way.path("target/release");
        fs::create_dir_all(&built).expect("a folder");
        fs::copy(program(), built.join("studyhall")).expect("a copy of the program");
        fs::create_dir(way.path("bin")).expect("a folder");
        way.put("bin/cargo", "#!/bin/sh\n");
        way.put("bin/systemctl", include_str!("walk/systemctl"));
        way.put("bin/journalctl", "#!/bin/sh\ncat /var/log/studyhall.log\n");
        way
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn put(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::write(&path, text).expect("a program");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("permissions");
    }

    /// Begins the walk below a layer of its own; the token is what is typed.
    fn begin(&self, discord: &Fake) -> std::process::Child {
        let log = File::create(self.path("log")).expect("a log");
        let mut walk = Command::new("unshare");
        walk.args(["--mount", "--pid", "--fork", "--kill-child", "bash", "-euc"])
            .args([include_str!("walk/machine"), "walk"])
            .arg(self.folder.path())
            .arg(Path::new(env!("CARGO_MANIFEST_DIR")))
            .arg(script(discord))
            .stdin(Stdio::piped())
            .stderr(log.try_clone().expect("a log"))
            .stdout(log);
        let mut walking = walk.spawn().expect("unshare");
        let mut typed = walking.stdin.take().expect("a keyboard");
        writeln!(typed, "{}", discord.token()).expect("a token");
        walking
    }

    fn log(&self) -> String {
        fs::read_to_string(self.path("log")).unwrap_or_default()
    }

    /// Waits until the walk has come to the end of this section.
    async fn stop(&self, section: &str, walking: &mut std::process::Child) {
        let waiting = async {
            while !self.path(section).exists() {
                let ended = walking.try_wait().expect("a process of ours");
                assert_eq!(ended, None, "before {section}: {}", self.log());
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        let stopped = tokio::time::timeout(STOP_MAX, waiting).await;
        stopped.unwrap_or_else(|_| panic!("no end of {section}: {}", self.log()));
    }

    /// Lets it go on.
    fn go_on(&self, section: &str) {
        fs::remove_file(self.path(section)).expect("it waits");
    }
}

#[tokio::test]
#[ignore = "needs root, to make a machine that is thrown away"]
async fn the_runbook_alone_leads_to_a_bot_that_answers_is_backed_up_and_restored() {
    let discord = Fake::start().await;
    let way = Way::new();
    let mut walking = way.begin(&discord);
    for section in SECTIONS {
        way.stop(section, &mut walking).await;
        discord.ready().await;
        let ask = Interaction::slash("ask").option("question", "difference between EBS and EFS");
        let answer = discord.interact(&ask).message().await;
        assert!(answer.text().contains("EFS"), "{}", answer.text());
        way.go_on(section);
    }
    let ended = tokio::task::spawn_blocking(move || walking.wait()).await;
    let ended = ended.expect("no panic").expect("a process of ours");
    assert!(ended.success(), "{}", way.log());
    assert_eq!(discord.blame(), [""; 0]);
}
