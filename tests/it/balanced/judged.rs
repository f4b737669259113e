//! What is left, judged: what was told stands, once, and each round was posted and revealed once.

use std::collections::{BTreeMap, BTreeSet};

use super::people::Seen;
use super::{Hall, N_SCHEDULES};
use crate::fake::CHANNEL;
use crate::kills::{judge_sums, round_of, rows};

/// What a revealed round says below its question.
const REVEALED: &str = "· closed";

impl Hall {
    /// How many rounds stand so.
    pub(super) fn n_rounds(&self, state: &str) -> usize {
        let database = self.desk.database_beside();
        let states = rows(database.as_ref(), "SELECT state FROM round");
        let states = states.iter().map(|row| row.text(0).expect("a state"));
        states.filter(|found| *found == state).count()
    }

    /// Judges all of it.
    pub(super) fn judge(&self, seen: &Seen) {
        let n_answered = self.judge_answers(seen);
        let n_wanted = self.judge_wishes(seen);
        self.judge_rounds(n_wanted, &n_answered);
        judge_sums(&self.desk.database());
    }

    /// Whoever answered has one answer, the one whose verdict was told; how many each round has.
    fn judge_answers(&self, seen: &Seen) -> BTreeMap<i64, u32> {
        let database = self.desk.database();
        let sql = "SELECT round, member, number, interaction, n_right FROM event \
                   ORDER BY round, member, number";
        let mut kept = BTreeMap::new();
        let mut n_answered: BTreeMap<i64, u32> = BTreeMap::new();
        for row in rows(database.as_ref(), sql) {
            let number = |column| row.int(column).expect("a number");
            let key = (number(0), number(1).cast_unsigned());
            assert_eq!(number(2), 0, "{key:?} has more than one event");
            let event = (number(3).cast_unsigned(), number(4) == 1);
            assert_eq!(kept.insert(key, event), None, "{key:?}");
            *n_answered.entry(key.0).or_default() += 1;
        }
        let answered: Vec<_> = kept.keys().collect();
        let tried: Vec<_> = seen.tried.keys().collect();
        assert_eq!(answered, tried, "who answered");
        for (key, (event, _)) in &kept {
            assert!(seen.tried[key].contains(event), "{key:?} was another's");
        }
        for (key, event, is_right) in &seen.verdicts {
            assert_eq!(kept[key], (*event, *is_right), "{key:?} was told");
        }
        for (key, event) in &seen.done {
            assert_eq!(kept[key].0, *event, "{key:?} was told to have come");
        }
        assert!(!seen.verdicts.is_empty(), "nobody was told anything");
        n_answered
    }

    /// Every wish that was promised is written down once, and none that nobody had; how many are.
    fn judge_wishes(&self, seen: &Seen) -> usize {
        let database = self.desk.database();
        let sql = "SELECT interaction FROM act WHERE what = 'post-now'";
        let acts = rows(database.as_ref(), sql);
        let acts: Vec<u64> = acts
            .iter()
            .map(|row| row.int(0).expect("a number").cast_unsigned())
            .collect();
        let done: BTreeSet<u64> = acts.iter().copied().collect();
        assert_eq!(done.len(), acts.len(), "a wish was done twice");
        let wishes: BTreeSet<u64> = seen.wishes.iter().copied().collect();
        assert!(done.is_subset(&wishes), "nobody wanted that");
        let lost: Vec<_> = seen
            .promised
            .iter()
            .filter(|id| !done.contains(id))
            .collect();
        assert!(lost.is_empty(), "promised and not done: {lost:?}");
        acts.len()
    }

    /// Every round stands in the chat once, with its own count, and was revealed once.
    fn judge_rounds(&self, n_wanted: usize, n_answered: &BTreeMap<i64, u32>) {
        let database = self.desk.database();
        let sql = "SELECT id, state, message, reason FROM round";
        let kept = rows(database.as_ref(), sql);
        for row in &kept {
            let (state, reason) = (row.text(1), row.opt_text(3));
            assert_eq!(state.expect("a state"), "closed", "{reason:?}");
        }
        let posts = self.desk.discord.newest(CHANNEL, usize::MAX);
        let messages: BTreeSet<u64> = kept
            .iter()
            .filter_map(|row| row.opt_int(2).expect("a message"))
            .map(i64::cast_unsigned)
            .collect();
        let strange = posts.iter().filter(|post| !messages.contains(&post.id()));
        let strange: Vec<_> = strange.map(|post| (round_of(post), post.text())).collect();
        assert!(strange.is_empty(), "nobody knows of {strange:?}");
        let n_of_schedules = u64::try_from(kept.len() - n_wanted).expect("a small number");
        assert_eq!(n_of_schedules, N_SCHEDULES, "each schedule posts once");
        let posts: BTreeMap<u64, String> = posts.iter().map(|p| (p.id(), p.text())).collect();
        let n_reveals = self.n_reveals();
        for row in &kept {
            let id = row.int(0).expect("a number");
            let message = row.int(2).expect("a message").cast_unsigned();
            let text = &posts[&message];
            let count = match n_answered.get(&id) {
                None => "nobody has answered yet".to_owned(),
                Some(n) => format!("{n} answered"),
            };
            let end = format!("{count} {REVEALED}");
            assert!(text.contains(&end), "{end}: {text}");
            let n = n_reveals.get(&message);
            assert_eq!(n, Some(&1), "round {id} was revealed once");
        }
    }

    /// How often each message was changed to a revealed round.
    fn n_reveals(&self) -> BTreeMap<u64, usize> {
        let mut n_reveals = BTreeMap::new();
        for call in self.desk.discord.requests() {
            let route = call.route();
            let message = route.strip_prefix("PATCH /channels/");
            let message = message.and_then(|rest| rest.split("/messages/").nth(1));
            if let Some(message) = message
                && call.body.to_string().contains(REVEALED)
            {
                let message = message.parse().expect("a number");
                *n_reveals.entry(message).or_default() += 1;
            }
        }
        n_reveals
    }
}
