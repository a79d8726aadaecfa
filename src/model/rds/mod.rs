//! Amazon RDS and Aurora: instances, clusters, events, pending maintenance, proxies; and what CloudWatch measures of them.

mod cluster;
mod instance;
mod proxy;

use std::collections::BTreeMap;
use std::time::Duration;

pub use cluster::{ClusterMember, DbCluster};
pub use instance::{DbInstance, MasterSecret, PendingChange, ReplicaState};
pub use proxy::{Proxy, Target};

use crate::model::metric::Series;
use crate::text::Text;
use crate::time::Timestamp;

/// Everything the RDS feed knows of one stack.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RdsFacts {
    /// Instances, by identifier; the members of clusters among them.
    pub instances: Vec<DbInstance>,
    /// Multi-AZ DB clusters and Aurora clusters, by identifier.
    pub clusters: Vec<DbCluster>,
    /// Events, the newest first.
    pub events: Vec<Event>,
    /// Maintenance that waits.
    pub maintenance: Vec<Maintenance>,
    /// Proxies, by name.
    pub proxies: Vec<Proxy>,
    /// What this console saw move, the newest first.
    pub moves: Vec<Move>,
    /// When each part was read.
    pub read_at: PartsRead,
    /// Whether the stack is configured as protected, which rules take for production.
    pub protected: bool,
}

/// When each part was read last; absent: never. A part of which only some could be read again is as old as the oldest of it; the
/// events are as old as the last reading that told all of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PartsRead {
    /// Instances.
    pub instances: Option<Timestamp>,
    /// Clusters.
    pub clusters: Option<Timestamp>,
    /// Events.
    pub events: Option<Timestamp>,
    /// Maintenance.
    pub maintenance: Option<Timestamp>,
    /// Proxies; their targets have times of their own.
    pub proxies: Option<Timestamp>,
}

impl PartsRead {
    /// How often instances, clusters and events are read.
    pub const EVERY: Duration = Duration::from_secs(15);
    /// How often maintenance is read: it is announced days ahead, and need not be asked for with every poll.
    pub const MAINTENANCE_EVERY: Duration = Duration::from_mins(5);
}

/// An event. The API gives it no id: it is known by its categories and its message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Event {
    /// When.
    pub at: Option<Timestamp>,
    /// `SourceIdentifier`.
    pub source: Text,
    /// `SourceType`: `db-instance`, `db-cluster`, `db-proxy` …
    pub source_type: Option<Text>,
    /// `SourceArn`.
    pub arn: Option<Text>,
    /// `EventCategories`.
    pub categories: Vec<Text>,
    /// `Message`.
    pub message: Text,
}

/// A maintenance action that waits for a resource.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Maintenance {
    /// ARN of the resource.
    pub arn: Text,
    /// `Action`: `system-update`, `ca-certificate-rotation` …
    pub action: Text,
    /// `Description`.
    pub description: Option<Text>,
    /// `AutoAppliedAfterDate`.
    pub auto_at: Option<Timestamp>,
    /// `ForcedApplyDate`.
    pub forced_at: Option<Timestamp>,
    /// `CurrentApplyDate`.
    pub current_at: Option<Timestamp>,
    /// `OptInStatus`.
    pub opt_in: Option<Text>,
}

/// Something that moved between two polls: the writer of a cluster, or an instance from one zone to another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Move {
    /// When the poll that saw it was taken; it happened at some time since the one before.
    pub seen_at: Timestamp,
    /// ARN of the cluster or instance.
    pub arn: Text,
    /// Where it was: an instance's zone, or the writer's identifier.
    pub from: Text,
    /// Where it is now.
    pub to: Text,
}

/// What CloudWatch measures of databases.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RdsMetrics {
    /// By what is measured: ARN of the instance, cluster or proxy, and the name of the metric.
    pub series: BTreeMap<(Text, &'static str), Measured>,
    /// What the asking costs at its present pace.
    pub cost: Cost,
}

/// One series, and when it was read.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Measured {
    /// When it was read.
    pub read_at: Timestamp,
    /// The points of the last hour.
    pub series: Series,
}

/// What asking for metrics costs.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Cost {
    /// Metrics asked for in the last round on what is on screen, and how long until the next.
    pub shown: usize,
    /// Between rounds of those.
    pub shown_every: Duration,
    /// Metrics of everything else in the last round.
    pub others: usize,
    /// Between rounds of those.
    pub others_every: Duration,
}

impl RdsFacts {
    /// The instance with this identifier.
    #[must_use]
    pub fn instance(&self, id: &str) -> Option<&DbInstance> {
        self.instances.iter().find(|instance| instance.id == *id)
    }

    /// The cluster with this identifier.
    #[must_use]
    pub fn cluster(&self, id: &str) -> Option<&DbCluster> {
        self.clusters.iter().find(|cluster| cluster.id == *id)
    }
}

impl RdsMetrics {
    /// `CPUUtilization`, percent.
    pub const CPU: &'static str = "CPUUtilization";
    /// `FreeStorageSpace`, bytes; not of Aurora.
    pub const STORAGE: &'static str = "FreeStorageSpace";
    /// `DatabaseConnections`; of a proxy those to its database.
    pub const CONNECTIONS: &'static str = "DatabaseConnections";
    /// `FreeableMemory`, bytes.
    pub const MEMORY: &'static str = "FreeableMemory";
    /// `ReplicaLag`, seconds.
    pub const LAG: &'static str = "ReplicaLag";
    /// `AuroraReplicaLag`, milliseconds.
    pub const AURORA_LAG: &'static str = "AuroraReplicaLag";
    /// `ClientConnections` of a proxy.
    pub const CLIENTS: &'static str = "ClientConnections";
    /// `DatabaseConnectionsCurrentlyBorrowed` of a proxy.
    pub const BORROWED: &'static str = "DatabaseConnectionsCurrentlyBorrowed";
    /// `DatabaseConnectionsCurrentlySessionPinned` of a proxy.
    pub const PINNED: &'static str = "DatabaseConnectionsCurrentlySessionPinned";
    /// `MaxDatabaseConnectionsAllowed` of a proxy.
    pub const ALLOWED: &'static str = "MaxDatabaseConnectionsAllowed";
    /// `ClientConnectionsSetupFailedAuth` of a proxy.
    pub const AUTH_FAILED: &'static str = "ClientConnectionsSetupFailedAuth";
    /// `ClientConnectionsNoTLS` of a proxy.
    pub const NO_TLS: &'static str = "ClientConnectionsNoTLS";

    /// A series, if it was ever read.
    #[must_use]
    pub fn get(&self, arn: &Text, metric: &'static str) -> Option<&Measured> {
        self.series.get(&(arn.clone(), metric))
    }
}
