//! The table of results, for people and as JSON.

use std::io::{self, Write as _};

use anyhow::Result;
use serde_json::{Value, json};

/// The unit of a measured value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unit {
    Seconds,
    Millis,
    Micros,
    Megabytes,
    PerSecond,
    Count,
}

/// What a row should show.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Goal {
    /// The value, in the unit of the row.
    Below(f64),
    /// Our value divided by theirs.
    RatioAtMost(f64),
    /// The same, where more is better.
    RatioAtLeast(f64),
    /// Their value divided by ours.
    TimesLess(f64),
}

/// One measurement, with what it is compared with.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) name: String,
    pub(crate) unit: Unit,
    pub(crate) ours: f64,
    /// The alternative's name and value.
    pub(crate) theirs: Option<(&'static str, f64)>,
    pub(crate) goal: Option<Goal>,
}

impl Row {
    pub(crate) fn new(name: impl Into<String>, unit: Unit, ours: f64) -> Self {
        Self {
            name: name.into(),
            unit,
            ours,
            theirs: None,
            goal: None,
        }
    }

    pub(crate) fn against(mut self, name: &'static str, value: f64) -> Self {
        self.theirs = Some((name, value));
        self
    }

    pub(crate) fn goal(mut self, goal: Goal) -> Self {
        self.goal = Some(goal);
        self
    }

    /// Our value divided by theirs.
    fn ratio(&self) -> Option<f64> {
        self.theirs
            .filter(|(_, value)| *value > 0.0)
            .map(|(_, value)| self.ours / value)
    }

    /// None without a goal, and where a value that it takes is not there: none that is measured is 0.
    pub(crate) fn is_met(&self) -> Option<bool> {
        let goal = self.goal.filter(|_| self.ours > 0.0)?;
        Some(match goal {
            Goal::Below(limit) => self.ours < limit,
            Goal::RatioAtMost(limit) => self.ratio()? <= limit,
            Goal::RatioAtLeast(limit) => self.ratio()? >= limit,
            Goal::TimesLess(limit) => self.ratio()? * limit <= 1.0,
        })
    }

    fn cells(&self) -> [String; 7] {
        let goal = match self.goal {
            Some(Goal::Below(limit)) => format!("< {}", shown(limit, self.unit)),
            Some(Goal::RatioAtMost(limit)) => format!("<= {limit}"),
            Some(Goal::RatioAtLeast(limit)) => format!(">= {limit}"),
            Some(Goal::TimesLess(limit)) => format!("<= 1/{limit}"),
            None => String::new(),
        };
        let met = match self.is_met() {
            Some(true) => "yes",
            Some(false) => "NO",
            None if self.goal.is_some() => "?",
            None => "",
        };
        let ratio = match self.ratio() {
            Some(ratio) if ratio > 0.0 && ratio < 0.095 => format!("1/{:.0}", 1.0 / ratio),
            Some(ratio) => format!("{ratio:.2}"),
            None => String::new(),
        };
        let (name, value) = self.theirs.unwrap_or_default();
        let value = self
            .theirs
            .map_or_else(String::new, |_| shown(value, self.unit));
        let ours = shown(self.ours, self.unit);
        [
            self.name.clone(),
            ours,
            value,
            name.to_owned(),
            ratio,
            goal,
            met.to_owned(),
        ]
    }

    fn json(&self) -> Value {
        json!({
            "name": self.name,
            "unit": suffix(self.unit),
            "studyhall": self.ours,
            "other": self.theirs.map(|(name, _)| name),
            "other_value": self.theirs.map(|(_, value)| value),
            "ratio": self.ratio(),
            "goal": self.goal.map(|_| self.cells()[5].clone()),
            "met": self.is_met(),
        })
    }
}

/// Prints a group of rows under its name.
pub(crate) fn print(group: &str, rows: &[Row]) -> Result<()> {
    const HEAD: [&str; 7] = ["", "studyhall", "other", "which", "ratio", "goal", "met"];
    let lines: Vec<_> = std::iter::once(HEAD.map(str::to_owned))
        .chain(rows.iter().map(Row::cells))
        .collect();
    let width = |column: usize| {
        lines
            .iter()
            .map(|line| line[column].len())
            .max()
            .unwrap_or(0)
    };
    let widths: [usize; 7] = std::array::from_fn(width);
    let mut out = io::stdout().lock();
    writeln!(out, "{group}")?;
    for line in &lines {
        let mut text = String::new();
        for (column, cell) in line.iter().enumerate() {
            let width = widths[column];
            // Values stand flush right, words flush left.
            text += &match column {
                1 | 2 | 4 => format!("{cell:>width$}  "),
                _ => format!("{cell:<width$}  "),
            };
        }
        writeln!(out, "  {}", text.trim_end())?;
    }
    writeln!(out)?;
    Ok(())
}

/// Prints a group of rows as one line of JSON.
pub(crate) fn print_json(group: &str, rows: &[Row]) -> Result<()> {
    let rows: Vec<_> = rows.iter().map(Row::json).collect();
    writeln!(io::stdout(), "{}", json!({"notes": group, "rows": rows}))?;
    Ok(())
}

fn shown(value: f64, unit: Unit) -> String {
    let digits = match value {
        _ if value >= 100.0 || value == 0.0 => 0,
        _ if value >= 10.0 => 1,
        _ => 2,
    };
    format!("{value:.digits$} {}", suffix(unit))
        .trim_end()
        .to_owned()
}

fn suffix(unit: Unit) -> &'static str {
    match unit {
        Unit::Seconds => "s",
        Unit::Millis => "ms",
        Unit::Micros => "us",
        Unit::Megabytes => "MB",
        Unit::PerSecond => "/s",
        Unit::Count => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_says_whether_its_goal_is_met() {
        let time = Row::new("time", Unit::Seconds, 2.43).against("Tantivy", 3.6);
        let cells = time.clone().goal(Goal::RatioAtMost(0.85)).cells();
        assert_eq!(
            cells,
            [
                "time", "2.43 s", "3.60 s", "Tantivy", "0.68", "<= 0.85", "yes"
            ]
        );
        assert_eq!(
            time.clone().goal(Goal::RatioAtMost(0.6)).is_met(),
            Some(false)
        );
        assert_eq!(time.goal(Goal::Below(2.0)).is_met(), Some(false));
        let query = Row::new("p50", Unit::Micros, 200.0).against("FTS5", 92_000.0);
        assert_eq!(query.cells()[4], "1/460");
        assert_eq!(
            query.clone().goal(Goal::TimesLess(100.0)).is_met(),
            Some(true)
        );
        assert_eq!(query.goal(Goal::TimesLess(500.0)).is_met(), Some(false));
        assert_eq!(Row::new("time", Unit::Seconds, 1.0).is_met(), None);
        let rate = Row::new("rate", Unit::PerSecond, 900.0).against("bare", 1_000.0);
        let cells = rate.clone().goal(Goal::RatioAtLeast(0.8)).cells();
        assert_eq!(cells[4..], ["0.90", ">= 0.8", "yes"]);
        assert_eq!(rate.goal(Goal::RatioAtLeast(2.0)).is_met(), Some(false));
    }
}
