//! What is left after a storm, judged: every round stands once, what was told is kept, and the sums
//! are those of the events.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use jiff::civil::date;
use studyhall::quiz::period::{Period, Season, Span};
use studyhall::scores::Scores;
use studyhall::scores::boards::Wanted;
use studyhall::scores::database::{Database, Row};

use super::{Seen, Storm};
use crate::fake::{GUILD, Posted};

impl Storm {
    /// Judges all of it.
    pub(crate) fn judge(&self, seen: &Seen, n_schedules: usize) {
        let shared = self.desk.database();
        let database = shared.as_ref();
        if self.desk.server.is_none() {
            let found = rows(database, "PRAGMA integrity_check");
            assert_eq!(found[0].text(0).expect("a word"), "ok");
        }
        self.judge_rounds(database, n_schedules);
        judge_answers(database, seen);
        judge_sums(&shared);
    }

    /// Every round stands in the chat once, and none was made that nobody wanted.
    fn judge_rounds(&self, database: &dyn Database, n_schedules: usize) {
        let mut shown: BTreeMap<i64, Vec<u64>> = BTreeMap::new();
        for post in self.desk.discord.announcements() {
            if let Some(round) = round_of(&post) {
                shown.entry(round).or_default().push(post.id());
            }
        }
        let mut n_wanted = 0;
        let mut n_of_schedules = 0;
        let sql = "SELECT id, state, message, guild FROM round ORDER BY id";
        let kept = rows(database, sql);
        for row in &kept {
            let id = row.int(0).expect("a number");
            assert_eq!(row.text(1).expect("a state"), "open", "round {id}");
            let message = row.opt_int(2).expect("a number").map(i64::cast_unsigned);
            let posts = shown.remove(&id).unwrap_or_default();
            assert_eq!(posts, [message.expect("a message")], "round {id}");
            match row.int(3).expect("a server").cast_unsigned() == GUILD {
                true => n_wanted += 1,
                false => n_of_schedules += 1,
            }
        }
        assert!(shown.is_empty(), "the scores do not know {shown:?}");
        assert_eq!(n_of_schedules, n_schedules, "each schedule posts once");
        let (promised, wanted) = (&self.n_promised, &self.n_wanted);
        let range = promised.load(Ordering::SeqCst)..=wanted.load(Ordering::SeqCst);
        assert!(range.contains(&n_wanted), "{n_wanted} of {range:?}");
    }
}

/// What was told is kept, once, with the same verdict.
pub(crate) fn judge_answers(database: &dyn Database, seen: &Seen) {
    let sql = "SELECT round, member, number, n_right FROM event ORDER BY round, member, number";
    let mut kept = BTreeMap::new();
    for row in rows(database, sql) {
        let number = |column: usize| row.int(column).expect("a number");
        let key = (number(0), number(1).cast_unsigned());
        assert_eq!(number(2), 0, "{key:?} has more than one event");
        assert_eq!(kept.insert(key, number(3) == 1), None, "{key:?}");
    }
    let lost: Vec<_> = seen
        .verdicts
        .iter()
        .filter(|(round, member, is_right)| kept.get(&(*round, *member)) != Some(is_right))
        .collect();
    assert!(lost.is_empty(), "told and not kept: {lost:?}");
    let gone = seen.already.iter().find(|key| !kept.contains_key(key));
    assert_eq!(gone, None, "told to be there, and not kept");
    assert!(!seen.verdicts.is_empty(), "nobody was told anything");
}

/// The sums are those of the events.
pub(crate) fn judge_sums(shared: &Arc<dyn Database>) {
    // A look at a board brings the sums up to date.
    let wanted = Wanted {
        guild: GUILD,
        period: Period::of(Span::All, date(2026, 1, 1), Season::Month),
        topic: None,
        page: 0,
        member: None,
    };
    let scores = Scores::new(Arc::clone(shared));
    scores.board(&wanted, Season::Month).expect("a board");
    let database = shared.as_ref();
    let events = "SELECT member, CAST(SUM(points) AS BIGINT), CAST(SUM(n_answered) AS BIGINT), CAST(SUM(n_right) AS BIGINT) FROM event \
                  GROUP BY member ORDER BY member";
    let events_by_topic = "SELECT member, CAST(SUM(points) AS BIGINT), CAST(SUM(n_answered) AS BIGINT), CAST(SUM(n_right) AS BIGINT) FROM event \
                           GROUP BY member, topic ORDER BY member, topic";
    let totals = "SELECT member, points, n_answered, n_right \
                  FROM total JOIN board ON board.id = total.board \
                  WHERE period = 'all' AND topic = '' ORDER BY member";
    let totals_by_topic = "SELECT member, points, n_answered, n_right \
                           FROM total JOIN board ON board.id = total.board \
                           WHERE period = 'all' AND topic <> '' ORDER BY member, topic";
    let steps = "SELECT board, points, n_members FROM step WHERE n_members <> 0 \
                 ORDER BY board, points";
    let on_steps = "SELECT board, points, COUNT(*) FROM total WHERE shown = 1 \
                    GROUP BY board, points ORDER BY board, points";
    assert_eq!(rows(database, steps), rows(database, on_steps));
    for (events, totals) in [(events, totals), (events_by_topic, totals_by_topic)] {
        let numbers = |row: &Row| [0, 1, 2, 3].map(|column| row.int(column).expect("a number"));
        let events: Vec<_> = rows(database, events).iter().map(numbers).collect();
        let totals: Vec<_> = rows(database, totals).iter().map(numbers).collect();
        assert_eq!(events, totals);
        assert!(!events.is_empty());
    }
}

pub(crate) fn rows(database: &dyn Database, sql: &'static str) -> Vec<Row> {
    let mut found = Vec::new();
    let read = database.read(&mut |t| t.query(sql, &[]).map(|rows| found = rows));
    read.expect("rows");
    found
}

/// The round that a message asks.
pub(crate) fn round_of(post: &Posted) -> Option<i64> {
    let ids = post.buttons().into_iter().map(|button| button.custom_id);
    let round = |id: String| id.strip_prefix("sh1:a:")?.split(':').next()?.parse().ok();
    ids.into_iter().find_map(round)
}
