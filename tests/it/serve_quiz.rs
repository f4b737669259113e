//! The quiz of the shipped `studyhall serve` on the fake Discord, from the setup to the board.

use rusqlite::Connection;

use crate::desk::{Desk, Serving};
use crate::fake::{ADA, BEN, Entry, Event, Fake, Interaction, Person, Posted, member_number};
use crate::kills::round_of;

/// Questions in the bank.
const N_QUESTIONS: usize = 40;
/// People who answer.
const N_PEOPLE: u64 = 30;
const HOUR_MS: i64 = 3_600_000;

/// A group with a quiz, and the process that serves it.
struct Hall {
    desk: Desk,
    serving: Option<Serving>,
    n_started: usize,
}

impl Hall {
    async fn new() -> Self {
        Self::on(Desk::new().await).await
    }

    /// A group whose interactions Discord posts.
    async fn by_post() -> Self {
        let mut desk = Desk::new().await;
        desk.by_post = true;
        Self::on(desk).await
    }

    async fn on(desk: Desk) -> Self {
        desk.write_questions(N_QUESTIONS);
        let mut hall = Self {
            desk,
            serving: None,
            n_started: 0,
        };
        hall.start().await;
        hall.desk.discord.registered().await;
        hall
    }

    async fn start(&mut self) {
        self.serving = Some(self.desk.serve_with("info"));
        self.n_started += 1;
        if self.desk.by_post {
            return self.desk.says_of_itself(200, "ready").await;
        }
        let is_start = |event: &Event| matches!(event, Event::Identified(_));
        self.desk.discord.happened(self.n_started, is_start).await;
    }

    async fn stop(&mut self) {
        let serving = self.serving.take().expect("it runs");
        assert_eq!(serving.stop().await, Some(0), "{}", self.desk.log());
    }

    /// Changes the scores while nobody serves from them, and starts again.
    async fn meanwhile(&mut self, sql: &str) {
        self.stop().await;
        let n_changed = self.rows().execute(sql, []).expect("a statement");
        assert_eq!(n_changed, 1, "{sql}");
        self.start().await;
    }

    fn rows(&self) -> Connection {
        Connection::open(self.desk.file()).expect("a file of scores")
    }

    /// The draft of a schedule is made and kept.
    async fn set_up(&self) {
        let setup = Interaction::slash("setup")
            .option("time", self.now_on_the_clock())
            .option("zone", "UTC")
            .option("days", "daily");
        let draft = self.desk.answer(setup).await;
        assert!(draft.is_private(), "{}", draft.text());
        let save = draft.button("Save").custom_id;
        let saved = self.desk.answer(Interaction::press(&draft, &save)).await;
        assert!(saved.text().starts_with("Saved"), "{}", saved.text());
    }

    /// The minute that it is.
    fn now_on_the_clock(&self) -> String {
        let sql = "SELECT strftime('%H:%M', 'now')";
        let query = Connection::open_in_memory().expect("a clock");
        query.query_row(sql, [], |row| row.get(0)).expect("a time")
    }

    async fn post_now(&self) -> Posted {
        let n_before = self.desk.discord.announcements().len();
        let said = self.desk.answer(Interaction::slash("quiz post-now")).await;
        assert!(said.text().contains("On its way"), "{}", said.text());
        self.desk.discord.announced(n_before + 1).await
    }

    /// Presses the button of the right choice, or of a wrong one.
    fn choice(&self, post: &Posted, right: bool) -> Interaction {
        let right_letter = self.right_letter(post);
        let letter = match (right, right_letter.as_str()) {
            (true, letter) => letter,
            (false, "A") => "B",
            (false, _) => "A",
        };
        Interaction::press(post, &post.button(letter).custom_id)
    }

    /// The letter of the right choice; the scores alone know it.
    fn right_letter(&self, post: &Posted) -> String {
        let sql = "SELECT shown FROM round WHERE id = ?1";
        let round = round_of(post).expect("a round");
        let shown: String = self
            .rows()
            .query_row(sql, [round], |row| row.get(0))
            .expect("a round with a question");
        let at = shown.split(',').position(|place| place == "0");
        char::from(b'A' + u8::try_from(at.expect("it is shown")).expect("a letter")).to_string()
    }

    async fn says(&self, interaction: Interaction) -> String {
        self.desk.answer(interaction).await.text()
    }
}

fn person(n: u64) -> Person {
    member_number(n)
}

#[tokio::test]
async fn a_schedule_is_drafted_kept_and_posts_when_its_time_has_come() {
    a_scheduled_day(Hall::new().await).await;
}

#[tokio::test]
async fn a_schedule_is_kept_where_discord_posts_what_people_do() {
    let discord = a_scheduled_day(Hall::by_post().await).await;
    assert_eq!(discord.events(), []);
}

/// From the draft to an answer, with two restarts on the way.
async fn a_scheduled_day(mut hall: Hall) -> Fake {
    hall.set_up().await;
    let preview = hall.says(Interaction::slash("quiz preview")).await;
    assert!(preview.lines().count() >= 7, "{preview}");
    assert_eq!(hall.desk.discord.announcements().len(), 0);
    // As though it had been kept two days ago.
    hall.meanwhile("UPDATE schedule SET since = since - 172800000")
        .await;
    let post = hall.desk.discord.announced(1).await;
    assert!(
        post.text().contains("nobody has answered yet"),
        "{}",
        post.text()
    );
    hall.stop().await;
    hall.start().await;
    let answered = hall.says(hall.choice(&post, true).by(BEN)).await;
    assert!(answered.contains("**Right.**"), "{answered}");
    assert_eq!(hall.desk.discord.announcements().len(), 1);
    assert_eq!(hall.desk.discord.blame(), [""; 0]);
    hall.desk.discord
}

#[tokio::test]
async fn thirty_people_answer_once_each_and_are_told_who_was_right() {
    a_round_of_thirty(Hall::new().await).await;
}

#[tokio::test]
async fn thirty_people_answer_once_each_where_discord_posts_what_they_do() {
    let discord = a_round_of_thirty(Hall::by_post().await).await;
    assert_eq!(discord.events(), []);
    // First answers go back the way that the interactions came.
    let called = |entry: &Entry| entry.path.ends_with("/callback");
    assert!(!discord.requests().iter().any(called));
}

/// A round that thirty people answer, to its close and what follows.
async fn a_round_of_thirty(mut hall: Hall) -> Fake {
    hall.set_up().await;
    let post = hall.post_now().await;
    for n in 1..N_PEOPLE {
        let said = hall
            .desk
            .answer(hall.choice(&post, n % 3 != 0).by(person(n)))
            .await;
        assert!(said.is_private());
        let is_right = said.text().contains("✅ **Right.**");
        assert_eq!(is_right, n % 3 != 0, "{}", said.text());
    }
    let again = hall.says(hall.choice(&post, true).by(person(3))).await;
    assert!(again.contains("answered already"), "{again}");
    let twice = hall.choice(&post, true).by(BEN).twice();
    assert!(hall.says(twice).await.contains("**Right.**"));
    hall.stop().await;
    hall.start().await;
    let later = hall
        .says(hall.choice(&post, true).by(person(N_PEOPLE)))
        .await;
    assert!(later.contains("**Right.**"), "{later}");
    let report = Interaction::press(&post, &post.button("Report").custom_id).by(BEN);
    assert!(hall.says(report).await.contains("only report"));

    // Its time goes by.
    let open = hall.desk.discord.posted_before(&post.0);
    let past = format!(
        "UPDATE round SET closes_at = closes_at - {0}, wake_at = closes_at - {0}",
        24 * HOUR_MS
    );
    hall.meanwhile(&past).await;
    let is_closed = |post: &Posted| post.text().contains("closed");
    let closed = hall.desk.discord.becomes(post.id(), is_closed).await;
    let text = closed.text();
    assert!(
        text.contains("31 answered") && text.contains("· 22 (70 %)"),
        "{text}"
    );
    assert!(text.contains("One more than") && text.contains("**Right:** <@"));
    let late = hall.says(hall.choice(&open, true).by(ADA)).await;
    assert!(late.contains("closed"), "{late}");

    check_what_follows(&hall, &post).await;
    assert_eq!(hall.desk.discord.blame(), [""; 0]);
    hall.desk.discord
}

/// The round is regraded, the board shows it, and one person is forgotten.
async fn check_what_follows(hall: &Hall, post: &Posted) {
    let status = hall.says(Interaction::slash("quiz status")).await;
    assert!(status.contains("reported by 1"), "{status}");
    let wrong = match hall.right_letter(post).as_str() {
        "A" => "B",
        _ => "A",
    };
    let regrade = Interaction::slash("quiz regrade")
        .option("right", wrong)
        .option("reason", "the note says so");
    let receipt = hall.desk.answer(regrade).await;
    assert!(!receipt.is_private());
    assert!(
        receipt
            .text()
            .contains("9 people gained points, 22 people lost some"),
        "{}",
        receipt.text()
    );
    let is_regraded = |post: &Posted| post.text().contains("· 9 (29 %)");
    hall.desk.discord.becomes(post.id(), is_regraded).await;
    let board = Interaction::slash("leaderboard").option("period", "season");
    let board = hall.desk.answer(board.by(person(3))).await;
    let gained = format!("<@{}>", person(3).id);
    assert!(
        board.text().contains(&gained) && board.text().contains("◀ you"),
        "{}",
        board.text()
    );
    for button in board.buttons().iter().filter(|button| !button.disabled) {
        let copy = hall.desk.discord.posted_before(&board.0);
        let page = Interaction::press(&copy, &button.custom_id);
        assert!(!hall.says(page).await.is_empty());
    }
    let stats = hall
        .desk
        .answer(Interaction::slash("stats").by(person(3)))
        .await;
    assert_eq!(
        stats.0["attachments"].as_array().map(Vec::len),
        Some(1),
        "{}",
        stats.text()
    );

    let forget = Interaction::slash("privacy forget").by(person(3));
    let asked = hall.desk.answer(forget).await;
    let yes = &asked.buttons()[0].custom_id;
    let forgotten = hall
        .says(Interaction::press(&asked, yes).by(person(3)))
        .await;
    assert!(forgotten.contains("You are forgotten"), "{forgotten}");
    let board = Interaction::slash("leaderboard").option("period", "season");
    let board = hall.says(board).await;
    assert!(
        !board.contains(&gained) && board.contains("somebody who left"),
        "{board}"
    );
}

#[tokio::test]
async fn a_mistake_comes_back_in_a_review_once_its_round_is_closed() {
    let mut hall = Hall::new().await;
    hall.set_up().await;
    let post = hall.post_now().await;
    hall.says(hall.choice(&post, false).by(BEN)).await;
    let review = || Interaction::slash("quiz review").by(BEN);
    let said = hall.desk.answer(review()).await;
    assert!(said.is_private());
    assert!(said.text().contains("nothing to review"), "{}", said.text());
    let past = |column: &str| format!("{column} = {column} - {}", 72 * HOUR_MS);
    let answer = format!("UPDATE event SET {}", past("at"));
    hall.meanwhile(&answer).await;
    let said = hall.says(review()).await;
    assert!(said.contains("nothing to review"), "{said}");
    let close = format!("UPDATE round SET {}, wake_at = 0", past("closes_at"));
    hall.meanwhile(&close).await;
    let is_closed = |post: &Posted| post.text().contains("closed");
    hall.desk.discord.becomes(post.id(), is_closed).await;

    let asked = hall.desk.answer(review()).await;
    assert!(asked.is_private() && asked.text().contains("Review · 1 of 1"));
    let stem = asked.text();
    let number = stem.split("the number ").nth(1);
    let number = number.and_then(|rest| rest.split(' ').next()?.parse().ok());
    let right = format!(" It is {}", number.map_or(0, |number: u32| number + 1));
    let line = stem.lines().find(|line| line.ends_with(&right));
    let letter = line.and_then(|line| line.strip_prefix("**")?.chars().next());
    let press = asked
        .button(&letter.expect("a letter").to_string())
        .custom_id;
    // The button outlives the process that made it.
    hall.stop().await;
    hall.start().await;
    let press = Interaction::press(&asked, &press).by(BEN);
    let graded = hall.desk.answer(press).await;
    let text = graded.text();
    assert!(
        text.contains("✅ **Right.**") && text.contains("comes back <t:"),
        "{text}"
    );
    let next = graded.button("How it went").custom_id;
    let done = hall.says(Interaction::press(&graded, &next).by(BEN)).await;
    assert!(done.contains("1 of 1 right"), "{done}");
    assert_eq!(hall.desk.discord.blame(), [""; 0]);
}
