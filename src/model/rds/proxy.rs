//! RDS Proxy.

use crate::text::Text;
use crate::time::Timestamp;

/// A proxy and where its connections lead.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Proxy {
    /// `DBProxyName`.
    pub name: Text,
    /// `DBProxyArn`.
    pub arn: Text,
    /// `Status`: `available`, `insufficient-resource-limits`, `incompatible-network` …
    pub status: Option<Text>,
    /// `EngineFamily`.
    pub engine: Option<Text>,
    /// `RequireTLS`.
    pub requires_tls: Option<bool>,
    /// `Endpoint`.
    pub endpoint: Option<Text>,
    /// `Auth[].SecretArn`.
    pub secrets: Vec<Text>,
    /// `ConnectionPoolConfig.MaxConnectionsPercent` of its default target group, 1 to 100.
    pub max_connections_percent: Option<u32>,
    /// Its targets.
    pub targets: Vec<Target>,
    /// When its targets were read; absent: they could not be.
    pub targets_at: Option<Timestamp>,
}

/// A database behind a proxy.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Target {
    /// `RdsResourceId`: identifier of the instance or cluster.
    pub id: Option<Text>,
    /// `TrackedClusterId`: the cluster it is tracked through.
    pub cluster: Option<Text>,
    /// `Type`: `RDS_INSTANCE`, `TRACKED_CLUSTER` …
    pub kind: Option<Text>,
    /// `Role`: `READ_WRITE`, `READ_ONLY`.
    pub role: Option<Text>,
    /// `TargetHealth.State`: `AVAILABLE`, `UNAVAILABLE`, `REGISTERING`.
    pub state: Option<Text>,
    /// `TargetHealth.Reason`: `AUTH_FAILURE`, `UNREACHABLE`, `PENDING_PROXY_CAPACITY` …
    pub reason: Option<Text>,
    /// `TargetHealth.Description`.
    pub description: Option<Text>,
}
