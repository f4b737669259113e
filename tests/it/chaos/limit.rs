//! A limit on everything that is met with forty posts waiting.

use std::time::Duration;

use studyhall::scores::Scores;

use crate::desk::Desk;
use crate::fake::{Entry, Fault};
use crate::kills::plan;
use crate::rush::minute_after;

/// Posts that are due at once.
const N_POSTS: usize = 40;
const N_QUESTIONS: usize = 40;
/// How long Discord wants to be left alone, in seconds.
const LIMIT_S: u8 = 3;
/// The limit is lifted so long before its end, that nobody who waits for the end meets it.
const LIFTED_EARLIER_MS: i64 = 300;
/// Requests within the limit, at most, with the one that finds it.
const WITHIN_MAX: usize = 2;
/// How long each request is on its way: time in which others set out.
const LAG: Duration = Duration::from_millis(250);

fn is_post(request: &Entry) -> bool {
    request.method == "POST" && request.path.ends_with("/messages")
}

#[tokio::test]
async fn a_global_limit_is_met_twice_at_most_and_none_of_forty_posts_is_lost() {
    let desk = Desk::new().await;
    desk.write_questions(N_QUESTIONS);
    {
        let scores = Scores::new(desk.database());
        let due = minute_after(&desk, 0);
        (1..).take(N_POSTS).for_each(|n| plan(&scores, n, due));
    }
    desk.discord.lag(LAG);
    let day = Duration::from_secs(86_400);
    let limit = Fault::GlobalLimit(LIMIT_S.into());
    desk.discord.during(day, "", limit);
    let serving = desk.serve_with("info");
    let met = desk.discord.requested(1, "").await;
    let end_ms = met[0].at_ms + i64::from(LIMIT_S) * 1_000;
    while desk.discord.now_ms() < end_ms - LIFTED_EARLIER_MS {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    desk.discord.mend();
    desk.discord.announced(N_POSTS).await;

    let requests = desk.discord.requests();
    let within = requests.iter().filter(|r| r.at_ms < end_ms).count();
    assert!(
        (1..=WITHIN_MAX).contains(&within),
        "{within} within the limit"
    );
    let posts = requests.iter().filter(|request| is_post(request));
    let n_heard = posts.filter(|post| !post.is_refused).count();
    assert_eq!(n_heard, N_POSTS, "each is posted once");
    assert_eq!(serving.stop().await, Some(0));
    assert_eq!(desk.discord.announcements().len(), N_POSTS);
}
