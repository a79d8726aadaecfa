//! RDS and Aurora: instances, clusters and proxies.
//!
//! What belongs to a cluster is judged once, at the cluster; its members are judged for what is their own.

pub mod backup;
pub mod certificate;
pub mod cluster;
mod event_table;
pub mod events;
pub mod failover;
pub mod load;
pub mod pending;
pub mod posture;
pub mod proxy;
pub mod proxy_pool;
pub mod replica;
pub mod standby;
pub mod status;
pub mod storage;

#[cfg(test)]
mod laws;
#[cfg(test)]
mod tests;

use std::time::Duration;

use super::Sink;
use crate::model::rds::{DbCluster, DbInstance, Event, Measured, Proxy, RdsFacts, RdsMetrics};
use crate::model::{Facts, Severity, Subject};
use crate::text::Text;
use crate::time::Timestamp;

/// An instance, a cluster or a proxy, by what they have in common.
#[derive(Clone, Copy)]
pub enum Database<'a> {
    /// An instance, alone or a member.
    Instance(&'a DbInstance),
    /// A cluster.
    Cluster(&'a DbCluster),
    /// A proxy.
    Proxy(&'a Proxy),
}

impl<'a> Database<'a> {
    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'a Text {
        match self {
            Self::Instance(i) => &i.id,
            Self::Cluster(c) => &c.id,
            Self::Proxy(p) => &p.name,
        }
    }

    /// What finds its row.
    #[must_use]
    pub const fn arn(self) -> &'a Text {
        match self {
            Self::Instance(i) => &i.arn,
            Self::Cluster(c) => &c.arn,
            Self::Proxy(p) => &p.arn,
        }
    }

    /// Its status.
    #[must_use]
    pub fn status(self) -> Option<&'a str> {
        match self {
            Self::Instance(i) => i.status.as_deref(),
            Self::Cluster(c) => c.status.as_deref(),
            Self::Proxy(p) => p.status.as_deref(),
        }
    }

    /// Its weekly maintenance window.
    #[must_use]
    pub fn window(self) -> Option<&'a str> {
        match self {
            Self::Instance(i) => i.maintenance_window.as_deref(),
            Self::Cluster(c) => c.maintenance_window.as_deref(),
            Self::Proxy(_) => None,
        }
    }

    /// Whether it takes connections as far as it says.
    #[must_use]
    pub fn is_available(self) -> bool {
        self.status() == Some("available")
    }

    /// Whether it takes connections, also while some work on it goes on.
    #[must_use]
    pub fn is_usable(self) -> bool {
        self.is_available() || self.status().is_some_and(status::goes_on)
    }

    /// What a check or an entry of the timeline says it of.
    #[must_use]
    pub fn subject(self) -> Subject {
        Subject { kind: "database", name: self.name().clone(), id: self.arn().clone() }
    }
}

/// How bad an event is by its words; what is not known is only worth knowing.
#[must_use]
pub fn event_weight(event: &Event) -> Severity {
    event_table::meaning(event, &event.message.to_lowercase()).map_or(Severity::Info, |kind| kind.severity)
}

/// The facts, if they were read.
fn rds(facts: &Facts) -> Option<&RdsFacts> {
    facts.get()
}

/// Every instance; nothing is judged that was never read.
fn each_instance<'a>(
    facts: &'a Facts,
    sink: &mut Sink<'_>,
    mut judge: impl FnMut(&'a RdsFacts, &'a DbInstance, &mut Sink<'_>),
) {
    let Some((rds, at)) = rds(facts).and_then(|rds| Some((rds, rds.read_at.instances?))) else { return };
    let mut sink = sink.at(at);
    rds.instances.iter().for_each(|instance| judge(rds, instance, &mut sink));
}

/// Every cluster.
fn each_cluster<'a>(
    facts: &'a Facts,
    sink: &mut Sink<'_>,
    mut judge: impl FnMut(&'a RdsFacts, &'a DbCluster, &mut Sink<'_>),
) {
    let Some((rds, at)) = rds(facts).and_then(|rds| Some((rds, rds.read_at.clusters?))) else { return };
    let mut sink = sink.at(at);
    rds.clusters.iter().for_each(|cluster| judge(rds, cluster, &mut sink));
}

/// Every proxy.
fn each_proxy<'a>(
    facts: &'a Facts,
    sink: &mut Sink<'_>,
    mut judge: impl FnMut(&'a RdsFacts, &'a Proxy, &mut Sink<'_>),
) {
    let Some((rds, at)) = rds(facts).and_then(|rds| Some((rds, rds.read_at.proxies?))) else { return };
    let mut sink = sink.at(at);
    rds.proxies.iter().for_each(|proxy| judge(rds, proxy, &mut sink));
}

/// Every instance and cluster.
fn each_database<'a>(
    facts: &'a Facts,
    sink: &mut Sink<'_>,
    mut judge: impl FnMut(&'a RdsFacts, Database<'a>, &mut Sink<'_>),
) {
    each_cluster(facts, sink, |rds, cluster, sink| judge(rds, Database::Cluster(cluster), sink));
    each_instance(facts, sink, |rds, instance, sink| judge(rds, Database::Instance(instance), sink));
}

/// Another part that a rule rests on besides the one it looks at.
#[derive(Clone, Copy)]
struct Other {
    /// When the older of the two was read: nothing is known of both at a later time.
    at: Timestamp,
    /// Whether the other part was read, and not much before the first: only then is a subject well where nothing was found.
    is_fresh: bool,
}

impl Other {
    /// Of a part that was read at `read_at`, for a rule that looks at one that was read at `at`. The other part is usually read
    /// `every` so often; three readings missed are too many (practice).
    fn new(at: Timestamp, read_at: Option<Timestamp>, every: Duration) -> Self {
        Self {
            at: read_at.map_or(at, |other| other.min(at)),
            is_fresh: read_at.is_some_and(|other| at.since(other) <= every * 3),
        }
    }
}

/// A series that was read, and the span its rule looks at.
fn measured<'a>(facts: &'a Facts, arn: &Text, metric: &'static str) -> Option<&'a Measured> {
    facts.get::<RdsMetrics>()?.get(arn, metric)
}

/// The newest value, if it is not older than `until` allows.
fn newest(facts: &Facts, arn: &Text, metric: &'static str) -> Option<(Timestamp, f64)> {
    let measured = measured(facts, arn, metric)?;
    let (at, value) = measured.series.last()?;
    (measured.read_at.since(at) <= STILL_NOW).then_some((measured.read_at, value))
}

/// CloudWatch has the newest point of RDS within minutes; one older than this says nothing of now.
const STILL_NOW: Duration = Duration::from_mins(15);

/// When the series was read and its values of the last while before that, one or more: for what comes and goes between two
/// points.
fn lately(facts: &Facts, arn: &Text, metric: &'static str) -> Option<(Timestamp, Vec<f64>)> {
    let measured = measured(facts, arn, metric)?;
    let values: Vec<f64> = measured.series.since(measured.read_at - STILL_NOW).collect();
    (!values.is_empty()).then_some((measured.read_at, values))
}

/// A share as people write it.
fn percent(share: f64) -> String {
    format!("{:.0}%", share * 100.0)
}
