//! Databases as a scenario has them.

use std::time::Duration;

use serde::Deserialize;

use crate::backend::sim::scenario::{long_ago, one, some_span, span, yes};
use crate::error::{Error, nearest};

/// An instance of its own: with a standby (Multi-AZ), without, or a replica.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::backend::sim) struct DatabaseSpec {
    pub name: String,
    pub engine: String,
    pub version: String,
    pub class: String,
    pub zone: String,
    /// The standby's zone; absent: there is none.
    #[serde(default)]
    pub standby: Option<String>,
    /// GiB.
    #[serde(default = "storage")]
    pub storage: u32,
    /// GiB up to which storage grows by itself.
    #[serde(default)]
    pub storage_up_to: Option<u32>,
    /// Of the storage, at the start.
    #[serde(default = "free")]
    pub free: f64,
    #[serde(default)]
    pub replica_of: Option<String>,
    #[serde(default = "seven")]
    pub backup_days: u32,
    #[serde(default)]
    pub log_exports: Vec<String>,
    /// Whether RDS keeps the master user's secret.
    #[serde(default)]
    pub managed_secret: bool,
    #[serde(flatten)]
    pub common: CommonSpec,
}

/// What instances of every kind have.
#[expect(clippy::struct_excessive_bools, reason = "settings of RDS, each with a name of its own")]
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub(in crate::backend::sim) struct CommonSpec {
    /// GiB.
    #[serde(default = "memory")]
    pub memory: u32,
    /// Percent, on a usual day.
    #[serde(default = "cpu")]
    pub cpu: f64,
    /// Connections on a usual day.
    #[serde(default = "connections")]
    pub connections: u32,
    /// `max_connections`.
    #[serde(default = "max_connections")]
    pub max_connections: u32,
    #[serde(default)]
    pub unencrypted: bool,
    #[serde(default)]
    pub public: bool,
    #[serde(default = "yes")]
    pub deletion_protection: bool,
    #[serde(default = "yes")]
    pub auto_minor_upgrade: bool,
    #[serde(default = "certificate", deserialize_with = "span")]
    pub certificate_lasts: Duration,
    #[serde(default = "long_ago", deserialize_with = "span")]
    pub age: Duration,
    /// The start of the maintenance window, an hour long: `sun:05:00`.
    #[serde(default = "window")]
    pub window: String,
    /// An update of the system that waits, and when it is applied.
    #[serde(default, deserialize_with = "some_span")]
    pub update_in: Option<Duration>,
}

/// An Aurora cluster, or a Multi-AZ DB cluster.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::backend::sim) struct DbClusterSpec {
    pub name: String,
    /// `aurora-…`, or `mysql` or `postgres` for a Multi-AZ DB cluster.
    pub engine: String,
    pub version: String,
    pub class: String,
    /// Its members; the first is the writer.
    #[serde(rename = "member")]
    pub members: Vec<ClusterMemberSpec>,
    #[serde(default = "seven")]
    pub backup_days: u32,
    #[serde(default)]
    pub log_exports: Vec<String>,
    #[serde(flatten)]
    pub common: CommonSpec,
}

/// A member of a cluster.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::backend::sim) struct ClusterMemberSpec {
    pub name: String,
    pub zone: String,
    /// Promotion tier, 0 to 15: the lowest is promoted first.
    #[serde(default = "one")]
    pub tier: u32,
}

/// A proxy before an instance or a cluster.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::backend::sim) struct ProxySpec {
    pub name: String,
    /// The instance or cluster behind it.
    pub target: String,
    /// Names of secrets.
    pub secrets: Vec<String>,
    #[serde(default = "hundred")]
    pub max_connections_percent: u32,
    #[serde(default = "yes")]
    pub tls: bool,
    /// Connections of clients on a usual day.
    #[serde(default = "connections")]
    pub clients: u32,
}

/// The names that a script may use.
pub(in crate::backend::sim) struct Names<'a> {
    pub instances: Vec<&'a str>,
    pub clusters: Vec<&'a str>,
    pub proxies: Vec<&'a str>,
    pub zones: Vec<&'a str>,
}

/// Every name of these databases.
pub(in crate::backend::sim) fn names<'a>(
    databases: &'a [DatabaseSpec],
    clusters: &'a [DbClusterSpec],
    proxies: &'a [ProxySpec],
) -> Names<'a> {
    let members = || clusters.iter().flat_map(|c| &c.members);
    let own = || databases.iter();
    let standbys = own().filter_map(|d| d.standby.as_deref());
    Names {
        instances: own().map(|d| d.name.as_str()).chain(members().map(|m| m.name.as_str())).collect(),
        clusters: clusters.iter().map(|c| c.name.as_str()).collect(),
        proxies: proxies.iter().map(|p| p.name.as_str()).collect(),
        zones: own().map(|d| d.zone.as_str()).chain(members().map(|m| m.zone.as_str())).chain(standbys).collect(),
    }
}

/// Whether what refers to each other is there.
pub(in crate::backend::sim) fn validate(
    names: &Names<'_>,
    databases: &[DatabaseSpec],
    clusters: &[DbClusterSpec],
    proxies: &[ProxySpec],
) -> Result<(), Error> {
    let mut seen = std::collections::BTreeSet::new();
    if let Some(twice) = names.instances.iter().find(|name| !seen.insert(**name)) {
        return Err(Error::usage(format!("database \"{twice}\" is there twice")));
    }
    if let Some(empty) = clusters.iter().find(|c| c.members.is_empty()) {
        return Err(Error::usage(format!("DB cluster {}: has no members", empty.name)));
    }
    for database in databases {
        if !(0.0..=1.0).contains(&database.free) || database.storage == 0 {
            let what = format!("database {}: storage cannot be 0, and free is a share from 0 to 1", database.name);
            return Err(Error::usage(what));
        }
    }
    let targets: Vec<&str> = names.instances.iter().chain(&names.clusters).copied().collect();
    let sources = databases.iter().filter_map(|d| Some((format!("source of {}", d.name), d.replica_of.as_deref()?)));
    let behind = proxies.iter().map(|p| (format!("target of proxy {}", p.name), p.target.as_str()));
    for (what, name) in sources.chain(behind) {
        if !targets.contains(&name) {
            let error = Error::usage(format!("{what}: unknown \"{name}\""));
            let near = nearest(name, targets.iter().copied());
            return Err(match near {
                Some(near) => error.hint(format!("did you mean \"{near}\"?")),
                None => error,
            });
        }
    }
    Ok(())
}

const fn storage() -> u32 {
    100
}

const fn free() -> f64 {
    0.55
}

const fn seven() -> u32 {
    7
}

const fn hundred() -> u32 {
    100
}

const fn memory() -> u32 {
    16
}

const fn cpu() -> f64 {
    22.0
}

const fn connections() -> u32 {
    90
}

const fn max_connections() -> u32 {
    1_700
}

const fn certificate() -> Duration {
    Duration::from_hours(24 * 500)
}

fn window() -> String {
    "sun:05:00".to_owned()
}
