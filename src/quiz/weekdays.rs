//! The days of the week on which a quiz is posted, and how people write them.

use std::fmt;
use std::str::FromStr;

use jiff::civil::Weekday;

/// The days as they are printed, Monday first.
const NAMES: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
/// The same in full; both can be typed.
const FULL_NAMES: [&str; 7] = [
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
];
/// Days in a row from which on they are printed as `mon-wed`.
const RANGE_MIN: usize = 3;

/// A set of days of the week, at least one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Weekdays {
    /// A bit for each day, Monday the lowest.
    bits: u8,
}

/// A text that names no days of the week.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{typed}` names no days of the week; write them as mon-fri, daily, weekends or mon,wed,fri"
)]
pub struct WeekdaysError {
    /// The part that is not understood.
    pub typed: String,
}

impl Weekdays {
    /// Every day.
    pub const DAILY: Self = Self { bits: 0b111_1111 };
    /// Monday to Friday.
    pub const MON_FRI: Self = Self { bits: 0b001_1111 };
    /// Saturday and Sunday.
    pub const WEEKENDS: Self = Self { bits: 0b110_0000 };

    /// The set of these days; none where there are no days.
    #[must_use]
    pub fn of(days: &[Weekday]) -> Option<Self> {
        let bits = days.iter().fold(0, |bits, day| bits | bit(*day));
        (bits != 0).then_some(Self { bits })
    }

    /// Whether a day is one of them.
    #[must_use]
    pub fn contains(self, day: Weekday) -> bool {
        self.bits & bit(day) != 0
    }

    fn holds(self, place: usize) -> bool {
        self.bits >> place & 1 == 1
    }
}

fn bit(day: Weekday) -> u8 {
    1 << day.to_monday_zero_offset()
}

/// Understands `mon-fri`, `daily`, `weekends`, `mon,wed,fri` and mixtures; a range may go over the
/// weekend, as `fri-mon`. Case and blanks do not matter.
impl FromStr for Weekdays {
    type Err = WeekdaysError;

    fn from_str(text: &str) -> Result<Self, WeekdaysError> {
        let mut bits = 0;
        for part in text.split(',') {
            bits |= part_bits(&part.trim().to_lowercase()).ok_or_else(|| WeekdaysError {
                typed: part.trim().to_owned(),
            })?;
        }
        Ok(Self { bits })
    }
}

fn part_bits(part: &str) -> Option<u8> {
    match part {
        "daily" => return Some(Weekdays::DAILY.bits),
        "weekdays" => return Some(Weekdays::MON_FRI.bits),
        "weekends" => return Some(Weekdays::WEEKENDS.bits),
        _ => {}
    }
    let (from, to) = part.split_once('-').unwrap_or((part, part));
    let (from, to) = (place(from.trim())?, place(to.trim())?);
    let n_days = (to + NAMES.len() - from) % NAMES.len() + 1;
    let days = (from..from + n_days).map(|day| day % NAMES.len());
    Some(days.fold(0, |bits, day| bits | 1 << day))
}

fn place(name: &str) -> Option<usize> {
    let among = |names: &[&str]| names.iter().position(|known| *known == name);
    among(&NAMES).or_else(|| among(&FULL_NAMES))
}

/// Prints `daily`, `weekends`, and else the days in order with ranges, as `mon-thu,sat`.
impl fmt::Display for Weekdays {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::DAILY => return f.write_str("daily"),
            Self::WEEKENDS => return f.write_str("weekends"),
            _ => {}
        }
        let mut parts = Vec::new();
        let mut at = 0;
        while at < NAMES.len() {
            let n_in_row = (at..NAMES.len()).take_while(|day| self.holds(*day)).count();
            if n_in_row >= RANGE_MIN {
                parts.push(format!("{}-{}", NAMES[at], NAMES[at + n_in_row - 1]));
            } else {
                let days = NAMES[at..at + n_in_row].iter();
                parts.extend(days.map(|day| (*day).to_owned()));
            }
            at += n_in_row.max(1);
        }
        f.write_str(&parts.join(","))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(typed: &str, printed: &str) {
        let days: Weekdays = typed.parse().unwrap();
        assert_eq!(days.to_string(), printed);
    }

    #[test]
    fn days_are_read_as_people_write_them() {
        check("mon-fri", "mon-fri");
        check("weekdays", "mon-fri");
        check("Mon - FRI", "mon-fri");
        check("daily", "daily");
        check("mon-sun", "daily");
        check("weekends", "weekends");
        check("sun,saturday", "weekends");
        check("mon,wed,fri", "mon,wed,fri");
        check("fri, wed, mon", "mon,wed,fri");
        check("mon,tue", "mon,tue");
        check("fri-mon", "mon,fri-sun");
        check("weekends,wed", "wed,sat,sun");
        check("sun", "sun");
    }

    #[test]
    fn what_is_no_day_is_named() {
        for (typed, part) in [
            ("mon,fryday", "fryday"),
            ("", ""),
            ("mon,", ""),
            ("1-5", "1-5"),
        ] {
            let error = typed.parse::<Weekdays>().unwrap_err();
            assert_eq!(error.typed, part);
            assert!(error.to_string().contains("mon-fri"), "{error}");
        }
    }

    #[test]
    fn every_set_is_printed_so_that_it_is_read_again() {
        for bits in 1..=0b111_1111 {
            let days = Weekdays { bits };
            assert_eq!(days.to_string().parse(), Ok(days));
        }
    }

    #[test]
    fn a_set_holds_its_days_and_at_least_one() {
        let days = Weekdays::of(&[Weekday::Monday, Weekday::Sunday]).unwrap();
        assert_eq!(days.to_string(), "mon,sun");
        assert!(days.contains(Weekday::Sunday) && !days.contains(Weekday::Tuesday));
        assert_eq!(Weekdays::of(&[]), None);
    }
}
