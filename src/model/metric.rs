//! CloudWatch metrics: what to ask for, and what comes back.

use std::time::Duration;

use crate::text::Text;
use crate::time::Timestamp;

/// How data points of a period become one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Statistic {
    /// The mean.
    Average,
    /// The largest.
    Maximum,
    /// The smallest.
    Minimum,
    /// All together.
    Sum,
}

impl Statistic {
    /// AWS's word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Average => "Average",
            Self::Maximum => "Maximum",
            Self::Minimum => "Minimum",
            Self::Sum => "Sum",
        }
    }
}

/// One metric of one thing. AWS charges for each that is asked for, however many points come back.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Query {
    /// `AWS/RDS` …
    pub namespace: &'static str,
    /// `CPUUtilization` …
    pub name: &'static str,
    /// Name and value. Values go back to the service, never to a screen.
    pub dimensions: Vec<(&'static str, String)>,
    /// How points become one.
    pub statistic: Statistic,
    /// The span of one point; a multiple of a minute.
    pub period: Duration,
}

/// The data of one query.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Series {
    /// The points, the oldest first; none: nothing was recorded.
    pub points: Vec<(Timestamp, f64)>,
    /// Why it is not complete, where the service says so.
    pub problem: Option<Text>,
}

impl Series {
    /// The newest point.
    #[must_use]
    pub fn last(&self) -> Option<(Timestamp, f64)> {
        self.points.last().copied()
    }

    /// The values of the points at `from` and later.
    pub fn since(&self, from: Timestamp) -> impl Iterator<Item = f64> + '_ {
        self.points.iter().filter(move |(at, _)| *at >= from).map(|(_, value)| *value)
    }
}
