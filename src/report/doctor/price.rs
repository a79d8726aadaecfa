//! What asking CloudWatch for metrics costs.

use std::time::Duration;

use crate::model::rds::Cost;

/// List price of a thousand metrics asked for by `GetMetricData`, US dollars; there is no free tier for it (Amazon CloudWatch
/// pricing, us-east-1; other regions differ a little).
pub(super) const PER_THOUSAND: f64 = 0.01;
/// Most metrics of one call (`GetMetricData`).
const BATCH: usize = 500;
const DAY: Duration = Duration::from_hours(24);

/// What it costs while the databases are on screen, all of them, and while they are not.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Price {
    /// Metrics of all databases together.
    pub(super) metrics: usize,
    /// With all of them on screen.
    pub(super) shown: Pace,
    /// With none of them on screen.
    pub(super) others: Pace,
}

/// A pace and its price.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Pace {
    /// Between two rounds.
    pub(super) every: Duration,
    /// Calls a day.
    pub(super) calls: f64,
    /// US dollars a day.
    pub(super) dollars: f64,
}

impl Price {
    pub(super) fn of(cost: &Cost) -> Self {
        let metrics = cost.shown + cost.others;
        Self { metrics, shown: Pace::of(metrics, cost.shown_every), others: Pace::of(metrics, cost.others_every) }
    }
}

impl Pace {
    /// So many metrics, read every so often.
    pub(super) fn of(metrics: usize, every: Duration) -> Self {
        let rounds = if every.is_zero() { 0.0 } else { DAY.as_secs_f64() / every.as_secs_f64() };
        Self {
            every,
            calls: rounds * number(metrics.div_ceil(BATCH)),
            dollars: rounds * number(metrics) * PER_THOUSAND / 1_000.0,
        }
    }
}

fn number(n: usize) -> f64 {
    f64::from(u32::try_from(n).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hundred_metrics_a_minute_cost_a_dollar_forty_four_a_day() {
        let every = Duration::from_mins;
        let price = Price::of(&Cost { shown: 40, shown_every: every(1), others: 60, others_every: every(15) });
        assert_eq!((price.metrics, price.shown.calls), (100, 1_440.0));
        assert!((price.shown.dollars - 1.44).abs() < 1e-9, "{price:?}");
        assert!((price.others.dollars - 0.096).abs() < 1e-9 && (price.others.calls - 96.0).abs() < 1e-9, "{price:?}");
        let many = Price::of(&Cost { shown: 501, shown_every: every(1), others: 0, others_every: every(15) });
        assert!((many.shown.calls - 2_880.0).abs() < 1e-9, "{many:?}");
        assert!(Price::of(&Cost::default()).shown.dollars.abs() < 1e-9);
        let one = Pace::of(1, every(1));
        assert!((one.dollars - 0.0144).abs() < 1e-9 && (one.calls - 1_440.0).abs() < 1e-9, "{one:?}");
    }
}
