//! Stretches of days over which points are counted.

use jiff::ToSpan;
use jiff::civil::{Date, Weekday};

/// How long a season is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Season {
    /// A month of the calendar.
    #[default]
    Month,
    /// A quarter of a year: from January, April, July or October on.
    Quarter,
    /// A year.
    Year,
}

impl Season {
    /// All of them, the shortest first.
    pub const ALL: [Self; 3] = [Self::Month, Self::Quarter, Self::Year];

    /// The word for it in settings.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Month => "month",
            Self::Quarter => "quarter",
            Self::Year => "year",
        }
    }

    /// The season of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|season| season.name() == name)
    }

    fn n_months(self) -> i8 {
        match self {
            Self::Month => 1,
            Self::Quarter => 3,
            Self::Year => 12,
        }
    }
}

/// What a board counts over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Span {
    /// A day.
    Day,
    /// A week from Monday on.
    Week,
    /// A month of the calendar.
    Month,
    /// A season of the server.
    #[default]
    Season,
    /// Everything.
    All,
}

impl Span {
    /// All of them, the shortest first.
    pub const ALL: [Self; 5] = [Self::Day, Self::Week, Self::Month, Self::Season, Self::All];
}

/// A stretch of whole days; both ends belong to it. Without ends it is all time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Period {
    /// What kind it is.
    pub span: Span,
    /// Its first day.
    pub first: Date,
    /// Its last day.
    pub last: Date,
}

impl Period {
    /// The period of this kind that holds `day`.
    #[must_use]
    pub fn of(span: Span, day: Date, season: Season) -> Self {
        let (first, last) = match span {
            Span::Day => (day, day),
            Span::Week => {
                let back = i64::from(day.weekday().since(Weekday::Monday));
                let monday = day.saturating_sub(back.days());
                (monday, monday.saturating_add(6.days()))
            }
            Span::Month => months(day, 1),
            Span::Season => months(day, season.n_months()),
            Span::All => (Date::MIN, Date::MAX),
        };
        Self { span, first, last }
    }

    /// The one before. All time has none.
    #[must_use]
    pub fn previous(self, season: Season) -> Option<Self> {
        match self.span {
            Span::All => None,
            span => Some(Self::of(span, self.first.yesterday().ok()?, season)),
        }
    }

    /// The name under which its sums are kept.
    ///
    /// A month and a season of one month are the same sum.
    #[must_use]
    pub fn key(self) -> String {
        match self.span {
            Span::All => "all".to_owned(),
            _ => format!("{}/{}", self.first, self.last),
        }
    }
}

/// The stretch of `n` months, counted from January on, that holds `day`.
fn months(day: Date, n: i8) -> (Date, Date) {
    let month = (day.month() - 1) / n * n + 1;
    let first = Date::new(day.year(), month, 1).unwrap_or(day);
    let next = first.saturating_add(i64::from(n).months());
    (first, next.yesterday().unwrap_or(next))
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[track_caller]
    fn check(span: Span, season: Season, day: Date, key: &str, before: &str) {
        let period = Period::of(span, day, season);
        assert_eq!(period.key(), key);
        let previous = period.previous(season).map(Period::key);
        assert_eq!(previous.unwrap_or_default(), before);
    }

    #[test]
    fn periods_follow_the_calendar() {
        let month = Season::Month;
        let day = date(2027, 3, 1);
        check(
            Span::Day,
            month,
            day,
            "2027-03-01/2027-03-01",
            "2027-02-28/2027-02-28",
        );
        check(
            Span::Week,
            month,
            day,
            "2027-03-01/2027-03-07",
            "2027-02-22/2027-02-28",
        );
        check(
            Span::Week,
            month,
            date(2027, 1, 3),
            "2026-12-28/2027-01-03",
            "2026-12-21/2026-12-27",
        );
        check(
            Span::Month,
            month,
            day,
            "2027-03-01/2027-03-31",
            "2027-02-01/2027-02-28",
        );
        check(
            Span::Season,
            month,
            day,
            "2027-03-01/2027-03-31",
            "2027-02-01/2027-02-28",
        );
        check(
            Span::Season,
            Season::Quarter,
            day,
            "2027-01-01/2027-03-31",
            "2026-10-01/2026-12-31",
        );
        check(
            Span::Season,
            Season::Year,
            day,
            "2027-01-01/2027-12-31",
            "2026-01-01/2026-12-31",
        );
        check(Span::All, month, day, "all", "");
    }

    #[test]
    fn seasons_are_found_by_name() {
        for season in Season::ALL {
            assert_eq!(Season::named(season.name()), Some(season));
        }
        assert_eq!(Season::named("decade"), None);
    }
}
