//! Whether all went as it should: goals that were missed, and what could not be measured.

use std::process::ExitCode;

use anyhow::Result;

use crate::table::Row;

/// What did not go as it should. What this machine lacks a tool for has no row, and counts nowhere.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    n_missed: usize,
    n_failed: usize,
}

impl Tally {
    /// Counts one measurement, which gave rows or failed.
    pub(crate) fn count(&mut self, measured: &Result<Vec<Row>>) {
        let Ok(rows) = measured else {
            self.n_failed += 1;
            return;
        };
        for row in rows.iter().filter(|row| row.goal.is_some()) {
            match row.is_met() {
                Some(true) => {}
                Some(false) => self.n_missed += 1,
                None => self.n_failed += 1,
            }
        }
    }

    /// Where something is not as it should be, what.
    pub(crate) fn trouble(self) -> Option<String> {
        let Self { n_missed, n_failed } = self;
        let told = format!("goals missed: {n_missed}; not measured: {n_failed}");
        (self != Self::default()).then_some(told)
    }

    pub(crate) fn exit_code(self) -> ExitCode {
        match self.trouble() {
            Some(_) => ExitCode::FAILURE,
            None => ExitCode::SUCCESS,
        }
    }
}

#[cfg(test)]
mod tests {
    use anyhow::bail;

    use super::*;
    use crate::table::{Goal, Unit};

    fn took(seconds: f64) -> Row {
        Row::new("time", Unit::Seconds, seconds).goal(Goal::Below(2.0))
    }

    #[track_caller]
    fn check(measured: &[Result<Vec<Row>>], trouble: Option<&str>) {
        let mut tally = Tally::default();
        for one in measured {
            tally.count(one);
        }
        assert_eq!(tally.trouble().as_deref(), trouble);
        let expected = match trouble {
            Some(_) => ExitCode::FAILURE,
            None => ExitCode::SUCCESS,
        };
        assert_eq!(tally.exit_code(), expected);
    }

    #[test]
    fn a_missed_goal_or_a_failure_ends_with_one() {
        let without_goal = Row::new("time", Unit::Seconds, 9.0);
        check(&[Ok(vec![took(1.0), without_goal])], None);
        // Left out for want of a tool.
        check(&[Ok(Vec::new())], None);
        let missed = || Ok(vec![took(1.0), took(2.5)]);
        check(&[missed()], Some("goals missed: 1; not measured: 0"));
        let failed = || -> Result<Vec<Row>> { bail!("an answer was wrong") };
        check(
            &[failed(), Ok(vec![took(1.0)])],
            Some("goals missed: 0; not measured: 1"),
        );
        check(
            &[missed(), failed(), missed()],
            Some("goals missed: 2; not measured: 1"),
        );
    }

    #[test]
    fn a_goal_that_cannot_be_judged_is_not_met() {
        let nothing = took(0.0);
        let ratio = Row::new("rate", Unit::PerSecond, 9.0).goal(Goal::RatioAtLeast(0.5));
        check(
            &[Ok(vec![nothing, ratio])],
            Some("goals missed: 0; not measured: 2"),
        );
    }
}
