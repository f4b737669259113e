//! Spaced repetition: when a question that somebody got wrong is asked again.
//!
//! The arithmetic is FSRS-6 with its default parameters, as its authors publish it
//! (<https://github.com/open-spaced-repetition/fsrs4anki/wiki/The-Algorithm>), without learning steps
//! and without chance. An answer is right, which is FSRS's "good", or wrong, its "again". Days are
//! whole days of the calendar.

use jiff::Timestamp;
use jiff::ToSpan;
use jiff::civil::Date;
use jiff::tz::TimeZone;

/// Days until a question comes back, from the fewest to the most.
pub const INTERVAL: std::ops::RangeInclusive<i32> = 1..=365;

/// Days that a memory may be stable.
const STABILITY: std::ops::RangeInclusive<f64> = 0.001..=36_500.0;
/// How difficult a question may be.
const DIFFICULTY: std::ops::RangeInclusive<f64> = 1.0..=10.0;

/// The parameters w₀ to w₂₀. Those of "hard" and "easy" stand here for their numbers alone.
const W: [f64; 21] = [
    0.212, 1.2931, 2.3065, 8.2956, 6.4133, 0.8334, 3.0194, 0.001, 1.8722, 0.1666, 0.796, 1.4835,
    0.0614, 0.2629, 1.6483, 0.6014, 1.8729, 0.5425, 0.0912, 0.0658, 0.1542,
];
/// The share of questions that should be known when they come back. At this one the days until then
/// are the stability itself: that is what stability means.
const RETENTION: f64 = 0.9;

/// How an answer counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rating {
    /// It was wrong.
    Again,
    /// It was right.
    Good,
}

/// How well somebody remembers the answer to a question.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Memory {
    stability: f64,
    difficulty: f64,
}

impl Memory {
    /// The memory of who got a question wrong for the first time.
    pub const OF_A_MISTAKE: Self = Self {
        stability: W[0],
        difficulty: W[4],
    };

    /// The memory with these values. None where no answers lead to them.
    #[must_use]
    pub fn new(stability: f64, difficulty: f64) -> Option<Self> {
        let is_sound = STABILITY.contains(&stability) && DIFFICULTY.contains(&difficulty);
        is_sound.then_some(Self {
            stability,
            difficulty,
        })
    }

    /// The days after which nine of ten such questions are still known.
    #[must_use]
    pub fn stability(self) -> f64 {
        self.stability
    }

    /// How hard the question is for this person, from 1 to 10.
    #[must_use]
    pub fn difficulty(self) -> f64 {
        self.difficulty
    }

    /// The memory after an answer `n_days` after the one before; below 0 is the same day.
    #[must_use]
    pub fn after(self, rating: Rating, n_days: i32) -> Self {
        let stability = match n_days {
            ..=0 => self.same_day(rating),
            _ => match rating {
                Rating::Good => self.remembered(n_days),
                Rating::Again => self.forgotten(n_days),
            },
        };
        Self {
            stability: stability.clamp(*STABILITY.start(), *STABILITY.end()),
            difficulty: self.next_difficulty(rating),
        }
    }

    /// Days until the question comes back, within [`INTERVAL`].
    #[must_use]
    pub fn interval(self) -> i32 {
        // No stability is too large for the type.
        let days = self.stability.round() as i32;
        days.clamp(*INTERVAL.start(), *INTERVAL.end())
    }

    /// How likely the answer is known after so many days, from 0 to 1.
    fn retrievability(self, n_days: i32) -> f64 {
        let factor = RETENTION.powf(-1.0 / W[20]) - 1.0;
        (1.0 + factor * f64::from(n_days) / self.stability).powf(-W[20])
    }

    /// The stability after a right answer.
    fn remembered(self, n_days: i32) -> f64 {
        let growth = W[8].exp()
            * (11.0 - self.difficulty)
            * self.stability.powf(-W[9])
            * ((W[10] * (1.0 - self.retrievability(n_days))).exp() - 1.0);
        self.stability * (1.0 + growth)
    }

    /// The stability after a wrong answer: never more than a wrong one on the same day would leave.
    fn forgotten(self, n_days: i32) -> f64 {
        let left = W[11]
            * self.difficulty.powf(-W[12])
            * ((self.stability + 1.0).powf(W[13]) - 1.0)
            * (W[14] * (1.0 - self.retrievability(n_days))).exp();
        left.min(self.stability / (W[17] * W[18]).exp())
    }

    /// The stability after a second answer on one day.
    fn same_day(self, rating: Rating) -> f64 {
        let growth = (W[17] * (rating.number() - 3.0 + W[18])).exp() * self.stability.powf(-W[19]);
        match rating {
            Rating::Good => self.stability * growth.max(1.0),
            Rating::Again => self.stability * growth,
        }
    }

    /// A wrong answer makes a question harder, the less so the harder it is; every answer draws it
    /// a little towards what is easy.
    fn next_difficulty(self, rating: Rating) -> f64 {
        let change = -W[6] * (rating.number() - 3.0);
        let next = self.difficulty + change * (10.0 - self.difficulty) / 9.0;
        let easy = W[4] - (W[5] * 3.0).exp() + 1.0;
        (W[7] * easy + (1.0 - W[7]) * next).clamp(*DIFFICULTY.start(), *DIFFICULTY.end())
    }
}

impl Rating {
    /// Its number in the formulas.
    fn number(self) -> f64 {
        match self {
            Self::Again => 1.0,
            Self::Good => 3.0,
        }
    }
}

/// A question that somebody got wrong once, as they know it now.
#[derive(Clone, Debug, PartialEq)]
pub struct Card {
    /// The question's id.
    pub question: String,
    /// How well they remember it.
    pub memory: Memory,
    /// When they answered it last.
    pub at: Timestamp,
    /// How many of their answers count, the first mistake included.
    pub times: u32,
}

impl Card {
    /// The card of who got a question wrong.
    #[must_use]
    pub fn of_mistake(question: String, at: Timestamp) -> Self {
        Self {
            question,
            memory: Memory::OF_A_MISTAKE,
            at,
            times: 1,
        }
    }

    /// The card after an answer, by the days of this zone.
    #[must_use]
    pub fn answered(self, rating: Rating, at: Timestamp, zone: &TimeZone) -> Self {
        let n_days = day(self.at, zone).until(day(at, zone));
        let n_days = n_days.map_or(0, |span| span.get_days());
        Self {
            memory: self.memory.after(rating, n_days),
            at,
            times: self.times.saturating_add(1),
            ..self
        }
    }

    /// The day from which on the question is due, in this zone.
    #[must_use]
    pub fn due(&self, zone: &TimeZone) -> Date {
        day(self.at, zone).saturating_add(self.memory.interval().days())
    }
}

/// The instant at which a day begins in this zone.
#[must_use]
pub fn begins(day: Date, zone: &TimeZone) -> Timestamp {
    let begins = day.to_zoned(zone.clone()).map(|zoned| zoned.timestamp());
    begins.unwrap_or(Timestamp::MAX)
}

fn day(at: Timestamp, zone: &TimeZone) -> Date {
    at.to_zoned(zone.clone()).date()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What py-fsrs 6.3.2 makes of answers (the days since the one before, whether it was right):
    /// stability, difficulty and interval after each, without learning steps and without chance.
    type Told = (i32, Rating, f64, f64, i32);

    use Rating::{Again, Good};

    const KNOWN: &[Told] = &[
        (1, Good, 1.886_787_619_520_415_4, 6.402_115_069_296_838, 2),
        (2, Good, 6.269_161_317_502_347, 6.390_941_323_524_379_5, 6),
        (7, Good, 18.662_620_601_341_292, 6.379_778_751_497_693, 19),
        (20, Good, 48.626_629_559_392_07, 6.368_627_342_043_034, 49),
        (60, Good, 122.176_250_404_072_02, 6.357_487_083_997_829, 122),
        (200, Good, 313.373_997_431_096_37, 6.346_357_966_210_67, 313),
        (365, Good, 649.036_860_854_655_4, 6.335_239_977_541_297, 365),
    ];
    const LAPSES: &[Told] = &[
        (1, Again, 0.100_885_789_820_998_44, 8.806_304_468_856_837, 1),
        (1, Again, 0.055_034_530_118_331_04, 9.592_868_765_339_693, 1),
        (3, Good, 0.416_088_671_005_364_5, 9.578_504_265_871_19, 1),
        (9, Again, 0.231_381_085_362_433_85, 9.846_685_587_659_69, 1),
        (0, Again, 0.090_455_030_012_685_28, 9.934_834_964_498_581, 1),
        (1, Good, 0.358_690_271_596_772_9, 9.920_128_498_830_92, 1),
        (0, Good, 0.403_186_704_292_749_05, 9.905_436_739_628_927, 1),
    ];
    const LATE: &[Told] = &[
        (400, Good, 6.165_821_001_581_766, 6.402_115_069_296_838, 6),
        (1, Good, 8.625_829_365_817_186, 6.390_941_323_524_379_5, 9),
        (
            1_000,
            Again,
            2.532_416_431_283_777_4,
            8.798_955_323_938_301,
            3,
        ),
    ];

    #[test]
    fn memories_are_those_of_the_reference_implementation() {
        for told in [KNOWN, LAPSES, LATE] {
            let mut memory = Memory::OF_A_MISTAKE;
            assert_eq!(memory.interval(), 1);
            for (n_days, rating, stability, difficulty, interval) in told {
                memory = memory.after(*rating, *n_days);
                let is_near = |a: f64, b: f64| ((a - b) / b).abs() < 1e-9;
                assert!(is_near(memory.stability, *stability), "{memory:?}");
                assert!(is_near(memory.difficulty, *difficulty), "{memory:?}");
                assert_eq!(memory.interval(), *interval, "{memory:?}");
            }
        }
    }

    #[test]
    fn nothing_leads_out_of_bounds() {
        for rating in [Again, Good] {
            let mut memory = Memory::OF_A_MISTAKE;
            for n_days in [1, 0, 3_000, i32::MAX, -5, i32::MIN].repeat(200) {
                memory = memory.after(rating, n_days);
                let again = Memory::new(memory.stability(), memory.difficulty());
                assert_eq!(again, Some(memory));
                assert!(INTERVAL.contains(&memory.interval()));
            }
        }
        for (stability, difficulty) in [(0.0, 5.0), (f64::NAN, 5.0), (1.0, f64::INFINITY)] {
            assert_eq!(Memory::new(stability, difficulty), None);
        }
    }

    #[test]
    fn days_begin_where_the_zone_says() {
        let zone = crate::quiz::zones::zone("Europe/Zurich").unwrap();
        // Five to midnight in Zurich.
        let card = Card::of_mistake("q".to_owned(), "2027-03-01T22:55:00Z".parse().unwrap());
        assert_eq!(card.due(&zone), jiff::civil::date(2027, 3, 2));
        assert_eq!(card.due(&TimeZone::UTC), jiff::civil::date(2027, 3, 2));
        let soon: Timestamp = "2027-03-01T23:05:00Z".parse().unwrap();
        let next_day = card.clone().answered(Good, soon, &zone);
        assert_eq!(next_day.memory, card.memory.after(Good, 1));
        assert_eq!(next_day.due(&zone), jiff::civil::date(2027, 3, 4));
        let same_day = card.clone().answered(Good, soon, &TimeZone::UTC);
        assert_eq!(same_day.memory, card.memory.after(Good, 0));
        assert_eq!((same_day.times, same_day.at), (2, soon));
        assert_eq!(
            begins(card.due(&zone), &zone),
            "2027-03-01T23:00:00Z".parse().unwrap()
        );
    }
}
