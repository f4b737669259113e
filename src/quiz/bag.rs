//! Which question comes next: a shuffled bag, drawn empty before it is filled again.
//!
//! Nothing is remembered but how often and when each question was drawn; the rest follows from a
//! seed, the same on every machine and in every release.

use std::collections::HashMap;

use jiff::civil::Date;
use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::{Bank, Difficulty, Question};

/// How often and when a question was drawn. Draws are kept by the question's id, so that one which
/// is reworded stays the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Drawn {
    /// How often; at least once.
    pub times: u32,
    /// The day of the last time.
    pub last: Date,
}

/// The questions of a bank with one of these topics and one of these difficulties, in the order of
/// the files. No topics means all of them; so it is with difficulties.
#[must_use]
pub fn pool<'a>(
    bank: &'a Bank,
    topics: &[String],
    difficulties: &[Difficulty],
) -> Vec<&'a Question> {
    let fits = |question: &&Question| {
        (topics.is_empty() || topics.contains(&question.topic))
            && (difficulties.is_empty() || difficulties.contains(&question.difficulty))
    };
    bank.questions().iter().filter(fits).collect()
}

/// The question to draw on a day; none where the pool holds none that is still known to hold.
///
/// What was never drawn comes first. After that the bag is drawn again and again: no question comes
/// twice in one pass, and at least half of the others lie between a question and its return. Among
/// those that may come, the topic that was asked longest ago is drawn, and in it a question by
/// chance, that is, by a hash of seed, question and how often it came.
#[must_use]
pub fn next<'a>(
    pool: &[&'a Question],
    drawn: &HashMap<String, Drawn>,
    seed: u64,
    day: Date,
) -> Option<&'a Question> {
    let topics = topics_asked(pool, drawn);
    candidates(pool, drawn, day)
        .into_iter()
        .min_by_key(|question| {
            let times = drawn.get(&question.id).map_or(0, |drawn| drawn.times);
            let asked = topics.get(question.topic.as_str());
            let lot = lot(seed, times, &question.id);
            (asked, lot, question.id.as_str())
        })
}

/// How many posts come until one is a repeat, if no question goes out of date before. 0 once every
/// question has been drawn.
#[must_use]
pub fn days_left(pool: &[&Question], drawn: &HashMap<String, Drawn>, day: Date) -> usize {
    let open = pool.iter().filter(|question| holds_on(question, day));
    open.filter(|question| !drawn.contains_key(&question.id))
        .count()
}

/// Notes that a question was drawn on a day.
pub fn draw(drawn: &mut HashMap<String, Drawn>, id: &str, day: Date) {
    let entry = drawn.entry(id.to_owned());
    let entry = entry.or_insert(Drawn {
        times: 0,
        last: day,
    });
    entry.times = entry.times.saturating_add(1);
    entry.last = day;
}

fn holds_on(question: &Question, day: Date) -> bool {
    question.until.is_none_or(|until| until >= day)
}

/// The questions that may come next, before topics and chance decide.
fn candidates<'a>(
    pool: &[&'a Question],
    drawn: &HashMap<String, Drawn>,
    day: Date,
) -> Vec<&'a Question> {
    let mut open = Vec::new();
    let mut fresh = Vec::new();
    for &question in pool.iter().filter(|question| holds_on(question, day)) {
        match drawn.get(&question.id) {
            Some(drawn) => open.push((question, *drawn)),
            None => fresh.push(question),
        }
    }
    let times_max = open.iter().map(|(_, drawn)| drawn.times).max();
    let Some(times_max) = times_max.filter(|_| fresh.is_empty()) else {
        return fresh;
    };
    // A question that joined later was drawn less often than the others; if counts alone decided,
    // it would come again and again until it has caught up. So a pass is told by when it began:
    // with the first of those that were drawn most often, one of which begins the next pass too.
    let most = open.iter().filter(|(_, drawn)| drawn.times == times_max);
    let began = most.map(|(_, drawn)| drawn.last).min();
    let is_to_come = |drawn: &Drawn| began.is_some_and(|began| drawn.last < began);
    let is_pass_over = !open.iter().any(|(_, drawn)| is_to_come(drawn));
    let mut days: Vec<Date> = open.iter().map(|(_, drawn)| drawn.last).collect();
    days.sort_unstable();
    // The longest unasked question of all may always come, so that somebody is left.
    let rested = days[(days.len() - 1) / 2];
    let may_come = |drawn: &Drawn| {
        drawn.last <= rested
            && match is_pass_over {
                true => drawn.times == times_max,
                false => is_to_come(drawn),
            }
    };
    let candidates = open.into_iter().filter(|(_, drawn)| may_come(drawn));
    candidates.map(|(question, _)| question).collect()
}

/// The last day of each topic that was asked.
fn topics_asked<'a>(
    pool: &[&'a Question],
    drawn: &HashMap<String, Drawn>,
) -> HashMap<&'a str, Date> {
    let mut topics: HashMap<&str, Date> = HashMap::new();
    for question in pool {
        if let Some(drawn) = drawn.get(&question.id) {
            let last = topics.entry(&question.topic).or_insert(drawn.last);
            *last = drawn.last.max(*last);
        }
    }
    topics
}

/// Chance, as XXH3 (64 bits) with the seed, over how often the question came (four bytes, the lowest
/// first) and its id in UTF-8. The least is drawn.
fn lot(seed: u64, times: u32, id: &str) -> u64 {
    let mut bytes = times.to_le_bytes().to_vec();
    bytes.extend_from_slice(id.as_bytes());
    xxh3_64_with_seed(&bytes, seed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chance_is_the_same_in_every_release() {
        let lots = [
            lot(0, 0, "s3-deep-archive"),
            lot(0, 1, "s3-deep-archive"),
            lot(1, 0, "s3-deep-archive"),
        ];
        assert_eq!(
            lots,
            [
                7_022_574_109_319_027_862,
                6_982_568_050_998_911_712,
                9_294_079_614_055_692_109
            ]
        );
    }
}
