//! What an alarm watches.

use super::spec::AlarmSpec;
use crate::backend::sim::world::World;
use crate::time::Timestamp;

/// What an alarm watches.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::backend::sim) enum Watch {
    Metric(Metric),
    /// Alarms of which one is enough, and the rule that says so.
    Any {
        of: Vec<String>,
        rule: String,
    },
}

/// A metric and what it is compared with.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::backend::sim) struct Metric {
    pub(super) source: Source,
    pub namespace: String,
    pub name: String,
    pub dimensions: Vec<(&'static str, String)>,
    pub statistic: String,
    pub is_above: bool,
    pub threshold: f64,
    /// Minutes of a period.
    pub minutes: u32,
    pub periods: u32,
    pub needed: u32,
    pub missing: String,
}

/// Where the figures come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// CPU of this service.
    Service(usize),
    /// A metric of RDS.
    Rds,
    /// Nobody measures it here.
    Elsewhere,
}

impl Metric {
    /// What this alarm watches; absent where there is no such thing.
    pub(super) fn of(world: &World, spec: &AlarmSpec) -> Option<Self> {
        let named = |name: &str| {
            let clusters = |cluster: &String| spec.cluster.as_ref().is_none_or(|c| c == cluster);
            world.services.iter().position(|s| s.spec.name == name && clusters(&s.spec.cluster))
        };
        let (source, namespace, dimensions) = match (&spec.service, &spec.database, &spec.proxy, &spec.namespace) {
            (Some(service), ..) => {
                let s = named(service)?;
                (Source::Service(s), "AWS/ECS", dimensions_of(world, s))
            }
            (_, Some(database), ..) => (Source::Rds, "AWS/RDS", vec![("DBInstanceIdentifier", database.clone())]),
            (_, _, Some(proxy), _) => (Source::Rds, "AWS/RDS", vec![("ProxyName", proxy.clone())]),
            (.., Some(namespace)) => (Source::Elsewhere, namespace.as_str(), Vec::new()),
            _ => return None,
        };
        Some(Self {
            source,
            namespace: namespace.to_owned(),
            name: spec.metric.clone(),
            dimensions,
            statistic: spec.statistic.clone(),
            is_above: spec.above.is_some(),
            threshold: spec.above.or(spec.below)?,
            minutes: spec.minutes,
            periods: spec.periods,
            needed: spec.needed.unwrap_or(spec.periods),
            missing: spec.missing.clone(),
        })
    }

    /// CPU of a service, compared by the minute.
    pub(super) fn of_service(world: &World, s: usize, is_above: bool, threshold: f64, periods: u32) -> Self {
        Self {
            source: Source::Service(s),
            namespace: "AWS/ECS".to_owned(),
            name: "CPUUtilization".to_owned(),
            dimensions: dimensions_of(world, s),
            statistic: "Average".to_owned(),
            is_above,
            threshold,
            minutes: 1,
            periods,
            needed: periods,
            missing: "missing".to_owned(),
        }
    }

    /// Whether there are figures.
    pub(super) fn is_measured(&self) -> bool {
        self.source != Source::Elsewhere
    }

    /// `GreaterThanThreshold` …
    pub const fn comparison(&self) -> &'static str {
        if self.is_above { "GreaterThanThreshold" } else { "LessThanThreshold" }
    }

    pub(super) fn is_beyond(&self, value: f64) -> bool {
        if self.is_above { value > self.threshold } else { value < self.threshold }
    }

    /// The figure of a minute; `at` is a time in it.
    pub(super) fn figure(&self, world: &World, at: Timestamp) -> Option<f64> {
        match self.source {
            Source::Service(s) => world.cpu_of(s, at),
            Source::Rds => {
                let (dimension, value) = self.dimensions.first()?;
                world.fleet.figure(dimension, value, &self.name, at)
            }
            Source::Elsewhere => None,
        }
    }
}

fn dimensions_of(world: &World, s: usize) -> Vec<(&'static str, String)> {
    let spec = &world.services[s].spec;
    vec![("ClusterName", spec.cluster.clone()), ("ServiceName", spec.name.clone())]
}
