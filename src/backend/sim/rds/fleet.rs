//! What the databases are, and what happens to them.

use std::collections::BTreeSet;

use fastrand::Rng;

use super::events::Told;
use super::spec::{ClusterMemberSpec, CommonSpec, DatabaseSpec, DbClusterSpec, ProxySpec};
use super::verbs::Storm;
use crate::backend::sim::names::Home;
use crate::time::Timestamp;

/// All databases of the world.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::backend::sim) struct Fleet {
    pub home: Home,
    pub instances: Vec<Instance>,
    pub clusters: Vec<Cluster>,
    pub proxies: Vec<Proxy>,
    /// In order of time.
    pub told: Vec<Told>,
    pub lost: BTreeSet<String>,
    pub started: Timestamp,
    pub rng: Rng,
    pub now: Timestamp,
    /// What is to be put on the agenda.
    pub later: Vec<(Timestamp, Happens)>,
}

/// What happens to databases at a certain time.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::backend::sim) enum Happens {
    /// RDS finds that an instance is out of reach.
    Unreachable(usize),
    /// The standby has taken over.
    FailedOver(usize),
    /// The instance is open again after a failover: it is told once more.
    Settled(usize),
    /// The API shows the zones as they are.
    ZonesShown(usize),
    /// An instance is up again.
    Restarted(usize),
    /// RDS finds that a cluster's writer is out of reach.
    WriterUnreachable(usize),
    /// A cluster's writer moves to this instance.
    WriterMoves(usize, usize),
    /// A cluster has failed over to this instance.
    ClusterFailedOver(usize, usize),
    /// An instance's storage has come to a level that is told.
    StorageLow(usize),
    StorageFull(usize),
}

/// A span in which something is not as usual; open while it lasts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::backend::sim) struct Gap {
    pub from: Timestamp,
    pub until: Option<Timestamp>,
}

impl Gap {
    pub fn covers(&self, at: Timestamp) -> bool {
        at >= self.from && self.until.is_none_or(|until| at < until)
    }
}

/// Free storage from a time on: a share of all, and how it changes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::backend::sim) struct Level {
    pub since: Timestamp,
    pub free: f64,
    /// Of the share, a second.
    pub rate: f64,
    /// Where it ends.
    pub least: f64,
}

/// An instance, on its own or of a cluster.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::backend::sim) struct Instance {
    pub id: String,
    pub arn: String,
    pub engine: String,
    pub version: String,
    pub class: String,
    pub common: CommonSpec,
    /// What only an instance on its own has.
    pub alone: Option<DatabaseSpec>,
    pub cluster: Option<usize>,
    pub tier: Option<u32>,
    pub status: &'static str,
    pub zone: String,
    pub standby: Option<String>,
    /// The zones that the API shows.
    pub shown: (String, Option<String>),
    /// When no connection was possible.
    pub down: Vec<Gap>,
    /// When nothing of it could be heard.
    pub dark: Vec<Gap>,
    pub levels: Vec<Level>,
}

/// A cluster.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::backend::sim) struct Cluster {
    pub spec: DbClusterSpec,
    pub arn: String,
    pub status: &'static str,
    /// Its members among the instances.
    pub members: Vec<usize>,
    pub writer: usize,
}

/// A proxy.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::backend::sim) struct Proxy {
    pub spec: ProxySpec,
    pub arn: String,
    pub secrets: Vec<String>,
    pub storms: Vec<Storm>,
    /// Since when its secret is of no use.
    pub broken: Option<Timestamp>,
}

impl Fleet {
    /// The databases at the start, all well.
    pub fn new(
        home: Home,
        databases: &[DatabaseSpec],
        clusters: &[DbClusterSpec],
        proxies: &[ProxySpec],
        now: Timestamp,
        seed: u64,
    ) -> Self {
        let mut fleet = Self {
            home,
            instances: Vec::new(),
            clusters: Vec::new(),
            proxies: Vec::new(),
            told: Vec::new(),
            lost: BTreeSet::new(),
            started: now,
            rng: Rng::with_seed(seed),
            now,
            later: Vec::new(),
        };
        for spec in databases {
            let instance = fleet.on_its_own(spec);
            fleet.instances.push(instance);
        }
        for (c, spec) in clusters.iter().enumerate() {
            let first = fleet.instances.len();
            fleet.instances.extend(spec.members.iter().map(|m| fleet.member(c, spec, m)).collect::<Vec<_>>());
            fleet.clusters.push(Cluster {
                arn: fleet.arn("cluster", &spec.name),
                status: "available",
                members: (first..fleet.instances.len()).collect(),
                writer: first,
                spec: spec.clone(),
            });
        }
        for spec in proxies {
            let id = fleet.rng.u64(..);
            fleet.proxies.push(Proxy {
                arn: fleet.arn("db-proxy", &format!("prx-{id:017x}")),
                secrets: spec.secrets.iter().map(|name| fleet.home.secret(name)).collect(),
                storms: Vec::new(),
                broken: None,
                spec: spec.clone(),
            });
        }
        fleet.tell_past();
        fleet
    }

    fn arn(&self, kind: &str, name: &str) -> String {
        format!("arn:aws:rds:{}:{}:{kind}:{name}", self.home.region, self.home.account)
    }

    fn on_its_own(&self, spec: &DatabaseSpec) -> Instance {
        let level = Level { since: self.now, free: spec.free, rate: 0.0, least: 0.0 };
        Instance {
            id: spec.name.clone(),
            arn: self.arn("db", &spec.name),
            engine: spec.engine.clone(),
            version: spec.version.clone(),
            class: spec.class.clone(),
            common: spec.common.clone(),
            cluster: None,
            tier: None,
            status: "available",
            zone: spec.zone.clone(),
            standby: spec.standby.clone(),
            shown: (spec.zone.clone(), spec.standby.clone()),
            down: Vec::new(),
            dark: Vec::new(),
            levels: vec![level],
            alone: Some(spec.clone()),
        }
    }

    fn member(&self, cluster: usize, of: &DbClusterSpec, spec: &ClusterMemberSpec) -> Instance {
        Instance {
            id: spec.name.clone(),
            arn: self.arn("db", &spec.name),
            engine: of.engine.clone(),
            version: of.version.clone(),
            class: of.class.clone(),
            common: of.common.clone(),
            alone: None,
            cluster: Some(cluster),
            tier: Some(spec.tier),
            status: "available",
            zone: spec.zone.clone(),
            standby: None,
            shown: (spec.zone.clone(), None),
            down: Vec::new(),
            dark: Vec::new(),
            levels: vec![Level { since: self.now, free: 0.5, rate: 0.0, least: 0.0 }],
        }
    }

    /// Lets happen what is due now.
    pub fn happen(&mut self, what: &Happens) {
        match *what {
            Happens::Unreachable(i) => self.found_unreachable(i),
            Happens::FailedOver(i) => self.failed_over(i),
            Happens::Settled(i) => self.settled(i),
            Happens::ZonesShown(i) => self.show_zones(i),
            Happens::Restarted(i) => self.restarted(i),
            Happens::WriterUnreachable(c) => self.found_writer_unreachable(c),
            Happens::WriterMoves(c, i) => self.writer_moves(c, i),
            Happens::ClusterFailedOver(c, i) => self.cluster_failed_over(c, i),
            Happens::StorageLow(i) => self.storage_low(i),
            Happens::StorageFull(i) => self.storage_full(i),
        }
    }

    pub fn instance(&self, name: &str) -> Option<usize> {
        self.instances.iter().position(|i| i.id == name)
    }

    pub fn cluster(&self, name: &str) -> Option<usize> {
        self.clusters.iter().position(|c| c.spec.name == name)
    }

    pub fn proxy(&self, name: &str) -> Option<usize> {
        self.proxies.iter().position(|p| p.spec.name == name)
    }

    /// A time between `from` and `to` seconds from now.
    pub(super) fn soon(&mut self, from: u64, to: u64) -> Timestamp {
        self.now + std::time::Duration::from_secs(self.rng.u64(from..=to))
    }

    /// Whether an instance can be reached at all.
    pub(super) fn reachable(&self, i: usize) -> bool {
        !self.lost.contains(&self.instances[i].zone)
    }
}
