//! A gateway that lets nobody in for long: what the bot does by itself goes on by REST alone.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use studyhall::scores::Scores;

use super::{Keeper, N_QUESTIONS};
use crate::desk::Desk;
use crate::fake::{Break, Interaction};
use crate::kills::{Storm, plan};
use crate::rush::minute_after;

/// Schedules that are due together.
const N_TOGETHER: u64 = 5;
/// Minutes for which the gateway is away: longer than a process waits for it.
const N_MINUTES: u64 = 4;
/// From a schedule's time to its post, at most.
const LATE_MAX_MS: i64 = 10_000;
/// From the gateway's return until a question is answered, at most.
const READY_MAX: Duration = Duration::from_secs(60);

/// A group whose gateway lets nobody in.
async fn shut_out() -> Desk {
    let desk = Desk::new().await;
    desk.write_questions(N_QUESTIONS);
    desk.discord.set(|gateway| gateway.is_down = true);
    desk
}

fn plan_batch(desk: &Desk, batch: u64, minute: u64) {
    let scores = Scores::new(desk.database());
    let due = minute_after(desk, minute.cast_signed());
    for n in 1..=N_TOGETHER {
        plan(&scores, batch * N_TOGETHER + n, due);
    }
}

fn ask() -> Interaction {
    Interaction::slash("ask").option("question", "default visibility timeout")
}

#[tokio::test]
async fn posts_go_out_while_the_gateway_lets_nobody_in() {
    let desk = shut_out().await;
    let together = usize::try_from(N_TOGETHER).expect("a small number");
    plan_batch(&desk, 0, 0);
    let mut serving = desk.serve_with("info");
    desk.discord.announced(together).await;
    // The next process finds the gateway no better.
    serving.kill();
    plan_batch(&desk, 1, 0);
    let serving = desk.serve_with("info");
    desk.discord.announced(2 * together).await;
    assert!(desk.discord.identifies().is_empty());

    desk.discord.set(|gateway| gateway.is_down = false);
    desk.discord.ready().await;
    assert!(desk.answer(ask()).await.text().contains("30 seconds"));
    assert_eq!(serving.stop().await, Some(0));
    assert_eq!(desk.discord.announcements().len(), 2 * together);
    assert_eq!(desk.discord.blame(), [""; 0]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes more than three minutes"]
async fn minutes_without_a_gateway_hold_no_post_up() {
    let desk = Desk::new().await;
    desk.write_questions(N_QUESTIONS);
    let first = minute_after(&desk, 1).as_millisecond();
    (0..N_MINUTES).for_each(|n| plan_batch(&desk, n, n + 1));
    let storm = Arc::new(Storm::new(desk, Duration::ZERO));
    let discord = &storm.desk.discord;
    let serving = storm.desk.serve().await;
    discord.set(|gateway| gateway.is_down = true);
    discord.cut(Break::Reset);
    let keeper = Keeper::new(&storm);
    let is_over = Arc::new(AtomicBool::new(false));
    let kept = tokio::spawn(Arc::clone(&keeper).keep(serving, Arc::clone(&is_over)));
    let last = first + i64::try_from(N_MINUTES - 1).expect("a small number") * 60_000;
    while discord.now_ms() < last + LATE_MAX_MS {
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    let posts = discord.requests().into_iter();
    let posts = posts.filter(|r| r.method == "POST" && r.path.ends_with("/messages"));
    let late_ms: Vec<i64> = posts
        .map(|post| (post.at_ms - first).rem_euclid(60_000))
        .collect();
    let n_expected = usize::try_from(N_MINUTES * N_TOGETHER).expect("a small number");
    assert_eq!(late_ms.len(), n_expected, "{}", storm.desk.log());
    let latest = late_ms.iter().max().copied().unwrap_or_default();
    assert!(latest <= LATE_MAX_MS, "{late_ms:?}");
    assert!(keeper.n_restarts() > 0, "it asked for no restart");
    assert_eq!(discord.identifies().len(), 1);

    discord.set(|gateway| gateway.is_down = false);
    let back = Instant::now();
    while storm.answer(&discord.interact(&ask())).await.is_none() {
        assert!(back.elapsed() < READY_MAX, "{}", storm.desk.log());
    }
    eprintln!(
        "{n_expected} posts without a gateway, the latest after {latest} ms; {} restarts; a question \
         was answered {} ms after its return",
        keeper.n_restarts(),
        back.elapsed().as_millis()
    );
    is_over.store(true, Ordering::SeqCst);
    let serving = kept
        .await
        .expect("it was restarted where it asked for that");
    assert_eq!(serving.stop().await, Some(0));
    assert_eq!(discord.announcements().len(), n_expected);
}
