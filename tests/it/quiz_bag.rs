//! Which question comes next: no repeats, topics in turn, the same on every machine.

use std::collections::{HashMap, HashSet};

use jiff::ToSpan;
use jiff::civil::{Date, date};
use proptest::prelude::*;
use studyhall::quiz::bag::{Drawn, days_left, draw, next, pool};
use studyhall::quiz::{Bank, Difficulty, Question};

const START: Date = date(2027, 1, 1);
const SEED: u64 = 7;

/// A bank with so many questions on each topic, `wording` in every stem.
fn bank_worded(topics: &[(&str, usize)], wording: &str) -> Bank {
    let mut text = String::new();
    for (topic, n_questions) in topics {
        for n in 0..*n_questions {
            let difficulty = Difficulty::ALL[n % 3].name();
            text.push_str(&format!(
                "## {wording} {n} on {topic}? {{#{topic}-{n}}}\n\n- [x] Yes\n- [ ] No\n\n> See \
                 [it](../s3.md#it).\n\ndifficulty: {difficulty}\ntopic: {topic}\n\n"
            ));
        }
    }
    bank_of(&text)
}

fn bank(topics: &[(&str, usize)]) -> Bank {
    bank_worded(topics, "Question")
}

fn bank_of(text: &str) -> Bank {
    let (bank, findings) = Bank::read(&[("quiz/all.md".to_owned(), text.to_owned())]);
    assert!(findings.is_empty(), "{findings:?}");
    bank.expect("a bank")
}

/// A bag that remembers, with a post every day.
struct Bag {
    drawn: HashMap<String, Drawn>,
    seed: u64,
    today: Date,
}

impl Bag {
    fn new(seed: u64) -> Self {
        Self {
            drawn: HashMap::new(),
            seed,
            today: START,
        }
    }

    fn draw<'a>(&mut self, pool: &[&'a Question]) -> &'a Question {
        let question = next(pool, &self.drawn, self.seed, self.today).expect("a question");
        draw(&mut self.drawn, &question.id, self.today);
        self.today += 1.day();
        question
    }

    fn draws(&mut self, bank: &Bank, n: usize) -> Vec<String> {
        let pool = pool(bank, &[], &[]);
        (0..n).map(|_| self.draw(&pool).id.clone()).collect()
    }
}

fn n_different(ids: &[String]) -> usize {
    ids.iter().collect::<HashSet<_>>().len()
}

#[test]
fn nothing_repeats_before_the_pool_is_used_up() {
    let bank = bank(&[("s3", 9), ("ec2", 4), ("iam", 1)]);
    let ids = Bag::new(SEED).draws(&bank, 14 * 5);
    for pass in ids.chunks(14) {
        assert_eq!(n_different(pass), 14, "{pass:?}");
    }
    assert_ne!(ids[..14], ids[14..28], "each pass is shuffled anew");
    // Nor does the end of one pass come again at the beginning of the next.
    for window in ids.windows(7) {
        assert_eq!(n_different(window), 7, "{window:?}");
    }
}

#[test]
fn a_question_added_later_comes_before_any_repeat_and_then_as_often_as_the_others() {
    let before = bank(&[("s3", 5), ("ec2", 5)]);
    let after = bank(&[("s3", 6), ("ec2", 5)]);
    let mut bag = Bag::new(SEED);
    bag.draws(&before, 33);
    assert_eq!(bag.draws(&after, 1), ["s3-5"]);
    // The pass that it joined goes on without it.
    let rest = bag.draws(&after, 7);
    assert!(!rest.contains(&"s3-5".to_owned()), "{rest:?}");
    assert_eq!(n_different(&rest), 7);
    for _ in 0..4 {
        assert_eq!(n_different(&bag.draws(&after, 11)), 11);
    }
}

#[test]
fn topics_take_turns() {
    let bank = bank(&[("s3", 6), ("ec2", 6), ("iam", 6)]);
    let ids = Bag::new(SEED).draws(&bank, 18);
    let topics: Vec<String> = ids.iter().map(|id| id[..id.len() - 2].to_owned()).collect();
    for window in topics.windows(3) {
        assert_eq!(n_different(window), 3, "{topics:?}");
    }
}

#[test]
fn a_seed_gives_one_order_whatever_is_reworded() {
    let topics = [("s3", 8), ("ec2", 8)];
    let ids = Bag::new(SEED).draws(&bank(&topics), 32);
    assert_eq!(Bag::new(SEED).draws(&bank(&topics), 32), ids);
    assert_eq!(
        Bag::new(SEED).draws(&bank_worded(&topics, "Riddle"), 32),
        ids
    );
    let other_files = [("ec2", 8), ("s3", 8)];
    assert_eq!(Bag::new(SEED).draws(&bank(&other_files), 32), ids);
    assert_ne!(Bag::new(SEED + 1).draws(&bank(&topics), 32), ids);
}

#[test]
fn the_order_is_that_of_every_release() {
    let ids = Bag::new(SEED).draws(&bank(&[("s3", 3), ("ec2", 3)]), 8);
    assert_eq!(ids.join(" "), "s3-0 ec2-1 s3-1 ec2-0 s3-2 ec2-2 s3-1 ec2-0");
}

#[test]
fn what_may_no_longer_hold_is_left_out() {
    let text = "---\ntopic: s3\n---\n## Is it? {#for-now}\n\n- [x] Yes\n- [ ] No\n\n> See \
                [it](../s3.md#it).\n\ndifficulty: easy\nuntil: 2027-01-02\n";
    let bank = bank_of(text);
    let pool = pool(&bank, &[], &[]);
    let drawn = HashMap::new();
    assert!(next(&pool, &drawn, SEED, date(2027, 1, 2)).is_some());
    assert!(next(&pool, &drawn, SEED, date(2027, 1, 3)).is_none());
    assert_eq!(days_left(&pool, &drawn, date(2027, 1, 2)), 1);
    assert_eq!(days_left(&pool, &drawn, date(2027, 1, 3)), 0);
    assert!(next(&[], &drawn, SEED, START).is_none());
}

#[test]
fn a_pool_has_the_topics_and_difficulties_asked_for() {
    let bank = bank(&[("s3", 3), ("ec2", 3)]);
    let ids = |topics: &[&str], difficulties: &[Difficulty]| -> Vec<String> {
        let topics: Vec<String> = topics.iter().map(|topic| (*topic).to_owned()).collect();
        let pool = pool(&bank, &topics, difficulties);
        pool.iter().map(|question| question.id.clone()).collect()
    };
    assert_eq!(ids(&[], &[]).len(), 6);
    assert_eq!(ids(&["ec2"], &[]), ["ec2-0", "ec2-1", "ec2-2"]);
    assert_eq!(ids(&[], &[Difficulty::Hard]), ["s3-2", "ec2-2"]);
    assert_eq!(
        ids(&["s3"], &[Difficulty::Easy, Difficulty::Hard]),
        ["s3-0", "s3-2"]
    );
}

#[test]
fn the_days_that_are_left_are_counted() {
    let bank = bank(&[("s3", 2), ("ec2", 1)]);
    let pool = pool(&bank, &[], &[]);
    let mut bag = Bag::new(SEED);
    for left in [3, 2, 1, 0, 0] {
        assert_eq!(days_left(&pool, &bag.drawn, bag.today), left);
        bag.draw(&pool);
    }
}

proptest! {
    /// Questions join at any time. Whoever counts along sees one pass after the other.
    #[test]
    fn every_pass_holds_every_question_once(
        seed in any::<u64>(),
        sizes in prop::collection::vec(1..6_usize, 1..5),
        joins in prop::collection::vec((0..4_usize, 0..30_usize), 0..6),
    ) {
        let names = ["s3", "ec2", "iam", "sqs"];
        let mut topics: Vec<(&str, usize)> = names.iter().copied().zip(sizes).collect();
        let mut bag = Bag::new(seed);
        let mut seen: HashSet<String> = HashSet::new();
        let mut order: Vec<String> = Vec::new();
        for (joined, n_draws) in std::iter::once((None, 20)).chain(joins.into_iter().map(|(t, n)| (Some(t), n))) {
            if let Some(joined) = joined {
                let at = joined % topics.len();
                topics[at].1 += 1;
            }
            let bank = bank(&topics);
            let pool = pool(&bank, &[], &[]);
            for _ in 0..n_draws {
                let n_fresh = days_left(&pool, &bag.drawn, bag.today);
                let id = bag.draw(&pool).id.clone();
                if n_fresh > 0 {
                    prop_assert!(!order.contains(&id), "{id} again while {n_fresh} were never asked");
                }
                if !seen.insert(id.clone()) {
                    prop_assert_eq!(seen.len(), pool.len(), "{} came twice in a pass", id);
                    seen = HashSet::from([id.clone()]);
                }
                if let Some(before) = order.iter().rposition(|earlier| *earlier == id) {
                    let between = n_different(&order[before + 1..]);
                    prop_assert!(2 * between >= pool.len() - 1, "{id} after {between} others");
                }
                order.push(id);
            }
        }
    }
}
