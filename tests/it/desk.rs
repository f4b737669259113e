//! The shipped `studyhall` in a folder of its own, beside a fake Discord.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use secrecy::ExposeSecret;
use studyhall::scores::database::Database;
use studyhall::scores::sqlite::Sqlite;
use tempfile::TempDir;

use crate::database::OwnDatabase;
use crate::fake::{ELSEWHERE, Fake, Fault, Interaction, Posted, Receipt, public_key};
use crate::group::questions_text;

const QUEUES: &str = "\
# Queues

A queue decouples who sends from who works.

## Visibility timeout

The default visibility timeout is 30 seconds. The maximum is 12 hours.

## Dead-letter queue

A dead-letter queue (DLQ) keeps messages that could not be processed.
";

const STORAGE: &str = "\
# Storage

| Class | Retrieval |
|---|---|
| Archive | Expedited retrieval takes 1 to 5 minutes |
| Deep archive | Standard retrieval takes 12 hours |

## Lifecycle rules

1. Move objects after 30 days
   - or earlier @everyone <@&1>
2. Expire them

```yaml
rules: [archive]
```
";

/// The environment variable that names another program to test than the one just built.
const PROGRAM: &str = "STUDYHALL_TEST_PROGRAM";

/// Looks for the line of the log that says where the bot listens, and at whether it is ready.
const WEB_LOOKS: usize = 1_000;
const READY_LOOKS: usize = 600;

/// How long a slow story takes: longer than anybody waits without being told.
const SLOW: Duration = Duration::from_secs(4);

/// The program that is tested.
pub(crate) fn program() -> PathBuf {
    let built = || env!("CARGO_BIN_EXE_studyhall").into();
    std::env::var_os(PROGRAM).map_or_else(built, PathBuf::from)
}

/// A folder of notes, and a Discord.
pub(crate) struct Desk {
    folder: TempDir,
    pub(crate) discord: Fake,
    /// A database of PostgreSQL in the place of the file of scores.
    pub(crate) server: Option<OwnDatabase>,
    /// Whether Discord posts interactions to the bot.
    pub(crate) by_post: bool,
    /// Whether the bot's file of when it started sessions outlasts its process. In most tests it does
    /// not: they start the bot more often than it likes.
    pub(crate) remembers_starts: bool,
    /// How often the bot was started.
    n_starts: AtomicUsize,
}

impl Desk {
    /// A desk with two notes.
    pub(crate) async fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        fs::create_dir(folder.path().join("notes")).expect("a folder for notes");
        let desk = Self {
            folder,
            discord: Fake::start().await,
            server: None,
            by_post: false,
            remembers_starts: false,
            n_starts: AtomicUsize::new(0),
        };
        desk.write("queues.md", QUEUES);
        desk.write("storage.md", STORAGE);
        desk
    }

    /// Where the notes folder and all that is written lie.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Writes a note, or a file of questions; its folder is made.
    pub(crate) fn write(&self, note: &str, text: &str) {
        let path = self.folder.path().join("notes").join(note);
        fs::create_dir_all(path.parent().expect("a folder")).expect("folders for the note");
        fs::write(path, text).expect("a note");
    }

    /// Removes a note.
    pub(crate) fn remove(&self, note: &str) {
        fs::remove_file(self.folder.path().join("notes").join(note)).expect("the note is there");
    }

    /// The command in this folder, with nothing of the caller's own settings.
    pub(crate) fn command(&self, name: &str) -> Command {
        let mut command = Command::new(program());
        command
            .arg(name)
            .current_dir(self.folder.path())
            .stdin(Stdio::null());
        for (variable, _) in std::env::vars_os() {
            if variable.to_string_lossy().starts_with("STUDYHALL_") {
                command.env_remove(variable);
            }
        }
        command.env_remove("CREDENTIALS_DIRECTORY");
        command.env("STUDYHALL_DISCORD__TOKEN", self.discord.token());
        command.env("STUDYHALL_DISCORD__API_URL", self.discord.api_url());
        command.env("STUDYHALL_HTTP__LISTEN", "127.0.0.1:0");
        if self.by_post {
            command.env("STUDYHALL_DISCORD__TRANSPORT", "http");
            command.env("STUDYHALL_DISCORD__PUBLIC_KEY", public_key());
        }
        if let Some(server) = &self.server {
            command.env("STUDYHALL_DATABASE_URL", server.url().expose_secret());
        }
        command
    }

    /// Starts the bot.
    pub(crate) fn serve_with(&self, filter: &str) -> Serving {
        let mut command = self.command("serve");
        command.env("STUDYHALL_LOG", filter);
        self.start(command)
    }

    /// Starts a bot; its log goes to a file of the folder.
    pub(crate) fn start(&self, command: Command) -> Serving {
        self.n_starts.fetch_add(1, Ordering::SeqCst);
        self.start_logging(command, "log")
    }

    /// Starts a bot beside others, with a log of this name for itself.
    pub(crate) fn start_logging(&self, mut command: Command, log: &str) -> Serving {
        if !self.remembers_starts {
            // Before the first start there is none.
            let _ = fs::remove_file(self.starts());
        }
        let log = self.folder.path().join(log);
        let log = File::options().create(true).append(true).open(log);
        let log = log.expect("a log file");
        command.stdout(Stdio::null()).stderr(log);
        Serving {
            process: command.spawn().expect("the bot starts"),
        }
    }

    /// Starts the bot so that a file that may not grow is an error to it, as on a full disk, and not
    /// the signal that ends it.
    pub(crate) fn serve_deaf_to_limits(&self) -> Serving {
        let serve = self.command("serve");
        let mut shell = Command::new("sh");
        shell
            .args(["-c", "trap '' XFSZ; exec \"$0\" \"$@\""])
            .arg(serve.get_program())
            .args(serve.get_args())
            .current_dir(self.folder.path())
            .stdin(Stdio::null());
        for (variable, value) in serve.get_envs() {
            match value {
                Some(value) => shell.env(variable, value),
                None => shell.env_remove(variable),
            };
        }
        self.start(shell)
    }

    /// Starts the bot, and waits until it can be used for the first time.
    pub(crate) async fn serve(&self) -> Serving {
        let serving = self.serve_with("info");
        match self.by_post {
            true => self.discord.registered().await,
            false => self.discord.ready().await,
        }
        serving
    }

    /// Waits until the bot that was started last listens: `http://127.0.0.1:port`.
    pub(crate) async fn web(&self) -> String {
        let n_starts = self.n_starts.load(Ordering::SeqCst);
        format!("http://{}", self.address_in("log", n_starts).await)
    }

    /// Where the bot listens that was the `nth` to write this log.
    pub(crate) async fn address_in(&self, log: &str, nth: usize) -> String {
        for _ in 0..WEB_LOOKS {
            let text = self.log_named(log);
            let mut said = text.split("http.address=").skip(nth);
            if let Some(said) = said.next() {
                return said
                    .split_whitespace()
                    .next()
                    .unwrap_or_default()
                    .to_owned();
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("nobody listens: {}", self.log_named(log));
    }

    /// What is to be had from the bot's web server: the status and the body.
    pub(crate) async fn get(&self, path: &str) -> (u16, String) {
        let url = format!("{}{path}", self.web().await);
        let client = reqwest::Client::builder().no_proxy().build();
        let response = client.expect("a client").get(url).send().await;
        let response = response.expect("an answer");
        let status = response.status().as_u16();
        (status, response.text().await.expect("a body"))
    }

    /// Waits until `/readyz` says this.
    pub(crate) async fn says_of_itself(&self, status: u16, line: &str) {
        let mut last = String::new();
        for _ in 0..READY_LOOKS {
            let (found, text) = self.get("/readyz").await;
            if found == status && text.lines().any(|said| said == line) {
                return;
            }
            last = format!("{found} {text}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("{line} is not said: {last}");
    }

    /// A command whose story takes seconds: what the bot may do in another channel is asked of
    /// Discord, which takes its time.
    pub(crate) fn slow(&self) -> Interaction {
        self.discord.next(1, "GET /channels", Fault::Slow(SLOW));
        Interaction::slash("setup")
            .option("time", "09:00")
            .option("zone", "UTC")
            .option("channel", ELSEWHERE.to_string())
    }

    /// A person does something, and the bot is told by the way that it serves.
    pub(crate) async fn interact(&self, interaction: &Interaction) -> Receipt {
        if !self.by_post {
            return self.discord.interact(interaction);
        }
        let url = format!("{}/interactions", self.web().await);
        self.discord.post(&url, interaction, Duration::ZERO).await
    }

    /// Writes `n` questions, and the note that answers them: the first choice is the right one.
    pub(crate) fn write_questions(&self, n: usize) {
        self.write(
            "counting.md",
            "# Counting\n\nAfter each number comes the next.\n",
        );
        self.write("quiz/all.md", &questions_text(n));
    }

    /// The file of scores.
    pub(crate) fn file(&self) -> PathBuf {
        self.folder.path().join(".studyhall").join("scores.sqlite")
    }

    /// The file of when sessions were started.
    pub(crate) fn starts(&self) -> PathBuf {
        let data = self.folder.path().join(".studyhall");
        data.join("session-starts.json")
    }

    /// The database of the scores, while no bot serves from it.
    pub(crate) fn database(&self) -> Arc<dyn Database> {
        match &self.server {
            Some(server) => Arc::new(server.open()),
            None => Arc::new(Sqlite::open(&self.file()).expect("a file of scores")),
        }
    }

    /// The same beside a bot that serves from it.
    pub(crate) fn database_beside(&self) -> Arc<dyn Database> {
        match &self.server {
            Some(server) => Arc::new(server.open()),
            None => Arc::new(Sqlite::open_beside(&self.file()).expect("a file of scores")),
        }
    }

    /// What the bot has logged.
    pub(crate) fn log(&self) -> String {
        self.log_named("log")
    }

    /// What the bot with a log of this name has logged.
    pub(crate) fn log_named(&self, log: &str) -> String {
        fs::read_to_string(self.folder.path().join(log)).expect("a log")
    }

    /// The message with which the bot answers.
    pub(crate) async fn answer(&self, interaction: Interaction) -> Posted {
        self.interact(&interaction).await.message().await
    }
}

/// The bot's process; it is killed where the test forgets it.
pub(crate) struct Serving {
    process: Child,
}

impl Serving {
    /// Ends it without a word, at whatever it is.
    pub(crate) fn kill(&mut self) {
        self.process.kill().expect("a process of ours");
        self.process.wait().expect("a process of ours");
    }

    /// Its number.
    pub(crate) fn id(&self) -> u32 {
        self.process.id()
    }

    /// Asks it to end, as a supervisor does; its exit code.
    pub(crate) async fn stop(mut self) -> Option<i32> {
        self.end().await.code()
    }

    /// The same for one that is replaced by another.
    pub(crate) async fn end(&mut self) -> ExitStatus {
        let kill = format!("kill -TERM {}", self.process.id());
        let told = Command::new("sh")
            .args(["-c", &kill])
            .status()
            .expect("a shell");
        assert!(told.success());
        self.status().await
    }

    /// Its exit code, where it has ended.
    pub(crate) fn exit_code(&mut self) -> Option<Option<i32>> {
        let status = self.process.try_wait().expect("a process of ours");
        status.map(|status| status.code())
    }

    /// Waits for its exit code.
    pub(crate) async fn ended(mut self) -> Option<i32> {
        self.status().await.code()
    }

    async fn status(&mut self) -> ExitStatus {
        loop {
            if let Some(status) = self.process.try_wait().expect("a process of ours") {
                return status;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}
