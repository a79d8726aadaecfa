//! What is in trouble, by what is known of it without any metric that is read seldom.

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use super::Name;
use crate::health::rds::Database;
use crate::health::rds::failover::Failovers;
use crate::health::rds::storage::share;
use crate::model::Facts;
use crate::model::rds::{DbInstance, Measured, Proxy, RdsFacts, RdsMetrics, Target};
use crate::text::Text;
use crate::time::Timestamp;

/// What follows a failover (connections that come back all at once, a replica that catches up) shows within this time.
const AFTER_FAILOVER: Duration = Duration::from_mins(30);
/// Free storage below which a database is looked at closely: 85 % used, as the rule `rds-storage-free` warns by default.
const FILLING: f64 = 0.15;
/// Of an instance that is stopped nothing is measured.
const STOPPED: &str = "stopped";

/// ARNs of the instances and proxies that are in trouble.
pub(super) fn in_trouble(facts: &Facts, known: &BTreeMap<Name, Measured>, now: Timestamp) -> HashSet<Text> {
    let Some(rds) = facts.get::<RdsFacts>() else { return HashSet::new() };
    let failovers = facts.derived::<Failovers>();
    let fails_over = |i: &DbInstance| failovers.around(rds, i).is_some_and(|last| last.is_recent(now, AFTER_FAILOVER));
    let troubled = |i: &DbInstance| is_down(rds, i) || fails_over(i) || is_filling(known, i);
    let instances: Vec<&DbInstance> = rds.instances.iter().filter(|i| troubled(i)).collect();
    let behind = |target: &Target| {
        let is = |id: &Text| instances.iter().any(|i| i.id == *id || i.cluster.as_ref() == Some(id));
        target.id.iter().chain(&target.cluster).any(is)
    };
    let unwell = |target: &Target| target.state.as_deref() != Some("AVAILABLE") || behind(target);
    let proxies =
        rds.proxies.iter().filter(|p: &&Proxy| !Database::Proxy(p).is_available() || p.targets.iter().any(unwell));
    let arns = instances.iter().map(|i| &i.arn).chain(proxies.map(|p| &p.arn));
    arns.cloned().collect()
}

fn is_down(rds: &RdsFacts, i: &DbInstance) -> bool {
    let stopped = i.status.as_deref() == Some(STOPPED);
    let cluster = i.cluster.as_deref().and_then(|id| rds.cluster(id));
    !stopped && (!Database::Instance(i).is_available() || cluster.is_some_and(|c| !Database::Cluster(c).is_available()))
}

fn is_filling(known: &BTreeMap<Name, Measured>, i: &DbInstance) -> bool {
    let free = known.get(&(i.arn.clone(), RdsMetrics::STORAGE)).and_then(|measured| measured.series.last());
    free.and_then(|(_, bytes)| share(i, bytes)).is_some_and(|share| share < FILLING)
}
