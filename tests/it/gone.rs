//! Servers that the bot was removed from: a look a day finds them, and what is kept of one goes after
//! thirty days.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use studyhall::chat::command::Setup;
use studyhall::quiz::review::Card;
use studyhall::scores::Scores;
use studyhall::scores::gone::{Gone, KEPT_FOR, LOOK_EVERY};
use studyhall::scores::guilds::Guild;
use studyhall::scores::people::Practice;

use crate::desk::Desk;
use crate::fake::Interaction;
use crate::group::{GUILD, Group, ORGANISER, by};

/// Another server, with somebody in it.
const OTHER: u64 = 78;
const MEMBER: u64 = 5;

/// A group whose quiz is answered every day, and of whose member another server knows.
fn group() -> Group {
    let mut group = Group::new("2027-03-01T07:00:00Z", 40);
    group.set_up(Setup {
        time: Some("09:00".to_owned()),
        zone: Some("Europe/Zurich".to_owned()),
        days: Some("daily".to_owned()),
        ..Setup::default()
    });
    group.wait(SignedDuration::from_hours(2));
    let round = group.rounds()[0];
    group.answer(MEMBER, round, &[0]);
    let hidden = group.bot.scores.hide(OTHER, MEMBER, true);
    hidden.expect("scores");
    group
}

fn days(n: i32) -> SignedDuration {
    SignedDuration::from_hours(24 * i64::from(n))
}

/// Whether anything is known of the member in the first server, and whether in the other.
fn is_known(group: &Group) -> (bool, bool) {
    let traces = group.bot.scores.traces(MEMBER).expect("scores");
    let is_in = |guild| traces.memberships.iter().any(|of| of.guild == guild);
    let n_rounds = group.bot.scores.newest(GUILD, 10).expect("scores").len();
    let n_schedules = group.bot.scores.schedules(GUILD).expect("scores").len();
    assert_eq!(
        (n_rounds > 0, n_schedules > 0),
        (is_in(GUILD), is_in(GUILD))
    );
    (is_in(GUILD), is_in(OTHER))
}

#[test]
fn what_is_kept_of_a_server_goes_thirty_days_after_the_bot() {
    let group = group();
    group.wait(days(2));
    group.stage.room().out_of = Some(vec![GUILD]);
    group.wait(KEPT_FOR);
    assert_eq!(is_known(&group), (true, true));
    group.wait(LOOK_EVERY * 2);
    assert_eq!(is_known(&group), (false, true));
    group.wait(days(40));
    assert_eq!(is_known(&group), (false, true));
}

#[test]
fn a_server_that_the_bot_is_in_again_is_kept() {
    let group = group();
    for _ in 0..3 {
        group.stage.room().out_of = Some(vec![GUILD]);
        group.wait(days(20));
        group.stage.room().out_of = Some(Vec::new());
        group.wait(days(2));
    }
    assert_eq!(is_known(&group), (true, true));
}

#[test]
fn nothing_goes_while_nobody_says_which_servers_the_bot_is_in() {
    let group = group();
    group.wait(days(2));
    for n_days in [10, 60] {
        // One look tells, and begins the thirty days.
        group.stage.room().out_of = Some(vec![GUILD, OTHER]);
        group.wait(LOOK_EVERY + SignedDuration::from_mins(2));
        assert_eq!(is_known(&group), (true, true));
        group.stage.room().out_of = None;
        group.wait(days(n_days));
        assert_eq!(is_known(&group), (true, true));
    }
    group.stage.room().out_of = Some(vec![GUILD, OTHER]);
    group.wait(days(2));
    assert_eq!(is_known(&group), (false, false));
}

#[test]
fn a_clock_that_is_set_right_makes_nothing_go() {
    let group = group();
    for (behind, n_days) in [(0, 0), (40, 40), (0, -40)] {
        {
            let mut room = group.stage.room();
            room.out_of = Some(vec![GUILD, OTHER]);
            room.behind = days(behind);
            room.now += days(n_days);
        }
        group.wait(days(2));
        assert_eq!(is_known(&group), (true, true), "{behind} days behind");
    }
}

/// What somebody does once a day where the bot is no member.
type Use = fn(&Scores, u32, Timestamp);

fn practise(scores: &Scores, n: u32, at: Timestamp) {
    let practice = Practice {
        questions: vec![format!("after-{n}")],
        place: 0,
        n_right: 0,
    };
    let kept = scores.keep_practice(GUILD, MEMBER, practice, at);
    kept.expect("scores");
}

fn review(scores: &Scores, n: u32, at: Timestamp) {
    let card = Card::of_mistake(format!("after-{n}"), at);
    let kept = scores.keep_review(GUILD, MEMBER, 0, card);
    assert!(kept.expect("scores"));
}

fn organise(scores: &Scores, _: u32, at: Timestamp) {
    let saved = scores.save_guild(Guild::new(GUILD), by(ORGANISER, at));
    saved.expect("scores");
}

#[test]
fn where_people_use_commands_the_bot_need_not_be_a_member() {
    for uses in [practise as Use, review, organise] {
        let group = group();
        group.stage.room().out_of = Some(vec![GUILD, OTHER]);
        for n in 0..40 {
            group.wait(days(1));
            uses(&group.bot.scores, n, group.stage.now());
        }
        assert_eq!(is_known(&group), (true, false));
    }
}

#[test]
fn whoever_comes_back_at_the_last_moment_keeps_all() {
    let group = group();
    let (scores, at) = (&group.bot.scores, group.stage.now() + days(1));
    let gone = scores.looked(BTreeSet::from([OTHER]), at).expect("scores");
    assert_eq!(
        gone,
        [Gone {
            guild: GUILD,
            since: at
        }]
    );
    practise(scores, 1, at);
    assert!(!scores.purge(gone[0], 1).expect("scores"));
    assert_eq!(is_known(&group), (true, true));
}

#[tokio::test]
async fn the_program_forgets_a_server_that_it_was_removed_from() {
    let desk = Desk::new().await;
    let serving = desk.serve_with("info");
    desk.discord.ready().await;
    let hide = Interaction::slash("privacy hide").option("hidden", true);
    desk.answer(hide).await;
    assert_eq!(serving.stop().await, Some(0), "{}", desk.log());
    let file = rusqlite::Connection::open(desk.file()).expect("a file of scores");
    let count = |table: &str| -> u32 {
        let sql = format!("SELECT COUNT(*) FROM {table}");
        let counted = file.query_row(&sql, [], |row| row.get(0));
        counted.expect("a count")
    };
    assert_eq!((count("member"), count("gone")), (1, 0));

    // Each of three looks comes thirty days after the one before; it ends with a page that is empty.
    let looks = [
        (false, 2, (1, 0), ""),
        (true, 3, (1, 1), "will be deleted if that stays so"),
        (true, 4, (0, 0), "what was kept of a server was deleted"),
    ];
    for (is_removed, n_requests, kept, said) in looks {
        if is_removed {
            desk.discord.remove_bot();
        }
        let earlier = format!(
            "UPDATE setting SET value = value - {0} WHERE name = 'looked'; \
             UPDATE gone SET since = since - {0};",
            KEPT_FOR.as_millis()
        );
        file.execute_batch(&earlier).expect("a statement");
        let serving = desk.serve_with("info");
        let route = "GET /users/@me/guilds";
        desk.discord.requested(n_requests, route).await;
        for _ in 0..200 {
            if (count("member"), count("gone")) == kept {
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        assert_eq!(serving.stop().await, Some(0), "{}", desk.log());
        assert_eq!((count("member"), count("gone")), kept, "{}", desk.log());
        assert!(desk.log().contains(said), "{}", desk.log());
    }
    assert_eq!(desk.discord.blame(), [""; 0]);
}
