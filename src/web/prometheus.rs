//! What was counted, as Prometheus reads it.

use anyhow::Context;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

use crate::meters;

/// Everything that this process has counted. A clone is another handle on the same.
#[derive(Clone)]
pub struct Meters(PrometheusHandle);

impl Meters {
    /// Counts from now on, for the whole process.
    ///
    /// # Errors
    /// The process counts already.
    pub fn begin() -> anyhow::Result<Self> {
        let mut builder = PrometheusBuilder::new();
        for (name, buckets) in meters::BUCKETS {
            let name = Matcher::Full((*name).to_owned());
            builder = builder.set_buckets_for_metric(name, buckets)?;
        }
        let recorder = builder.build_recorder();
        let meters = Self(recorder.handle());
        metrics::set_global_recorder(recorder)
            .ok()
            .context("this process counts already")?;
        meters::begin();
        Ok(meters)
    }

    /// All of it, in Prometheus' text format.
    #[must_use]
    pub fn text(&self) -> String {
        self.0.render()
    }

    /// Gathers what was measured, so that it takes no more room than its buckets.
    pub fn gather(&self) {
        self.0.run_upkeep();
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// Servers, and odd things that may come from outside.
    const N_ODD: u64 = 10_000;

    #[test]
    fn however_many_come_the_list_stays_short() {
        let recorder = PrometheusBuilder::new().build_recorder();
        let handle = recorder.handle();
        metrics::with_local_recorder(&recorder, || {
            meters::begin();
            meters::backed_up(0);
            for n in 0..N_ODD {
                let took = Duration::from_millis(n);
                let odd = format!("odd-{n}");
                meters::limited(Some(&odd));
                meters::called(&odd, u16::try_from(n).ok(), "discord.example", took);
                meters::answer(meters::Answer::Counted);
                meters::round("open");
                meters::lateness(i128::from(n) - 100);
                meters::acknowledged(took);
                meters::transacted("write", "sqlite", took);
            }
            meters::round("of a kind that nobody knows");
            meters::transacted("of a kind that nobody knows", "sqlite", Duration::ZERO);
        });
        let text = handle.render();
        let is_series = |line: &&str| !line.is_empty() && !line.starts_with('#');
        let n_series = text.lines().filter(is_series).count();
        assert!(n_series < 400, "{n_series}: {text}");
        assert!(!text.contains("odd-") && !text.contains("nobody"));
        for name in meters::NAMES {
            assert!(text.contains(&format!("# TYPE {name} ")), "{name}");
        }
    }
}
