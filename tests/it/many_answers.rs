//! Many people answer at once, and Discord delivers each press twice: everybody is answered once, and
//! what was told is kept once.

use std::collections::HashMap;
use std::time::Duration;

use crate::desk::Desk;
use crate::fake::{Interaction, Posted, Receipt, member_number};
use crate::kills::{Seen, judge_answers, judge_sums, round_of, rows};
use crate::simulation::number;

/// Answers where nobody says how many, and along with all other tests.
const ANSWERS_USUAL: u64 = 1_000;
const ANSWERS_FEW: u64 = 60;
/// From one answer to the next: a hundred a second.
const BETWEEN: Duration = Duration::from_millis(10);
/// Questions in the bank.
const N_QUESTIONS: usize = 40;

/// A press that was sent off.
struct Press {
    receipt: Receipt,
    member: u64,
    sent_ms: i64,
}

/// A round that stands in the channel.
async fn round(desk: &Desk) -> Posted {
    let setup = Interaction::slash("setup").option("time", "23:59");
    let draft = desk.answer(setup).await;
    let save = draft.button("Save").custom_id;
    let saved = desk.answer(Interaction::press(&draft, &save)).await;
    assert!(saved.text().starts_with("Saved"), "{}", saved.text());
    desk.answer(Interaction::slash("quiz post-now")).await;
    desk.discord.announced(1).await
}

/// As many people press a button as there are presses, each of them once.
async fn press_all(desk: &Desk, post: &Posted, n_answers: u64) -> Vec<Press> {
    let buttons = post.buttons();
    let letters: Vec<_> = buttons.iter().filter(|b| b.label.len() == 1).collect();
    let began = tokio::time::Instant::now();
    let mut presses = Vec::new();
    for n in 0..n_answers {
        let so_far = BETWEEN * u32::try_from(n).expect("a small number");
        tokio::time::sleep_until(began + so_far).await;
        let me = member_number(n);
        let letter = &letters[usize::try_from(n).expect("a small number") % letters.len()];
        let press = Interaction::press(post, &letter.custom_id).by(me).twice();
        let sent_ms = desk.discord.now_ms();
        presses.push(Press {
            receipt: desk.discord.interact(&press),
            member: me.id,
            sent_ms,
        });
    }
    presses
}

/// From each press to the first answer that Discord took, in milliseconds, the quickest first. None
/// was given two.
fn waits_ms(desk: &Desk, presses: &[Press]) -> Vec<i64> {
    let mut taken: HashMap<u64, Vec<i64>> = HashMap::new();
    for call in desk.discord.requests() {
        let route = call.route();
        let Some(rest) = route.strip_prefix("POST /interactions/") else {
            continue;
        };
        let id = rest.split('/').next().expect("a number").parse();
        if matches!(call.status, Some(200..300)) {
            let id = id.expect("a number");
            taken.entry(id).or_default().push(call.at_ms);
        }
    }
    let wait = |press: &Press| {
        let answers = taken.remove(&press.receipt.id()).unwrap_or_default();
        assert_eq!(answers.len(), 1, "{}: {answers:?}", press.member);
        answers[0] - press.sent_ms
    };
    let mut waits: Vec<i64> = presses.iter().map(wait).collect();
    waits.sort_unstable();
    waits
}

#[expect(
    clippy::print_stderr,
    reason = "who runs this wants to know how long it took"
)]
async fn all_answer(n_answers: u64) {
    let desk = Desk::new().await;
    desk.write_questions(N_QUESTIONS);
    let serving = desk.serve().await;
    let post = round(&desk).await;
    let number = round_of(&post).expect("a round");
    let presses = press_all(&desk, &post, n_answers).await;
    let mut seen = Seen::default();
    for press in &presses {
        let said = press.receipt.message().await.text();
        let is_right = said.contains("**Right.**");
        assert!(is_right || said.contains("**Not right.**"), "{said}");
        seen.verdicts.push((number, press.member, is_right));
    }
    let waits = waits_ms(&desk, &presses);
    let at = |percent: usize| waits[(waits.len() - 1) * percent / 100];
    eprintln!(
        "{n_answers} answers, each delivered twice: first response p50 {} ms, p99 {} ms, the last {} ms",
        at(50),
        at(99),
        at(100)
    );
    assert_eq!(desk.discord.blame(), [""; 0]);
    assert_eq!(serving.stop().await, Some(0));
    let judged = tokio::task::spawn_blocking(move || {
        let database = desk.database();
        judge_answers(database.as_ref(), &seen);
        let n_kept = rows(database.as_ref(), "SELECT COUNT(*) FROM event");
        let n_kept = n_kept[0].int(0).expect("a count");
        assert_eq!(u64::try_from(n_kept), Ok(n_answers));
        judge_sums(&database);
    });
    judged.await.expect("all is well");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_answers_is_answered_once_however_often_it_is_delivered() {
    all_answer(ANSWERS_FEW).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes a while: STUDYHALL_TEST_ANSWERS"]
async fn a_thousand_who_answer_at_once_are_answered_once() {
    all_answer(number("STUDYHALL_TEST_ANSWERS").unwrap_or(ANSWERS_USUAL)).await;
}
