//! What CloudWatch measures of the databases: a figure a minute, a function of the time and of what happened.

use std::time::Duration;

use super::fleet::{Fleet, Instance};
use super::verbs::Storm;
use crate::backend::sim::noise::noise;
use crate::model::metric::{Query, Series, Statistic};
use crate::time::Timestamp;

const GIB: f64 = 1_073_741_824.0;
/// A figure is taken at this second of its minute.
const TAKEN: Duration = Duration::from_secs(55);
/// A minute is there to be asked for this long after its end.
const DELAY: Duration = Duration::from_secs(60);
/// A proxy runs on so many machines, and each counts for itself.
const MACHINES: f64 = 2.0;
/// How long a storm takes to reach its height.
const RISE: f64 = 60.0;

/// One minute's figures.
#[derive(Clone, Copy)]
pub(in crate::backend::sim) struct Minute {
    pub value: f64,
    /// How many samples it is of, all the same.
    pub samples: f64,
}

/// The points of a query between two times, as far as they are there at `now`.
pub(in crate::backend::sim) fn points(
    query: &Query,
    now: Timestamp,
    (from, until): (Timestamp, Timestamp),
    minute: impl Fn(Timestamp) -> Option<Minute>,
) -> Series {
    let period = i64::try_from(query.period.as_secs()).unwrap_or(60).max(60);
    let until = until.min(now - DELAY);
    let first = from.secs().div_euclid(period) * period;
    let starts = (0..).map(|n| first + n * period).take_while(|start| *start < until.secs());
    let points = starts.filter(|start| *start >= from.secs()).filter_map(|start| {
        let minutes = (0..period / 60).map(|n| Timestamp::from_secs(start + n * 60));
        let minutes: Vec<Minute> =
            minutes.filter(|at| at.secs() < until.secs()).filter_map(|at| minute(at + TAKEN)).collect();
        Some((Timestamp::from_secs(start), aggregate(&minutes, query.statistic)?))
    });
    Series { points: points.collect(), problem: None }
}

impl Fleet {
    /// The points of a query about databases.
    pub fn data(&self, query: &Query, from: Timestamp, until: Timestamp) -> Series {
        points(query, self.now, (from, until), |at| self.minute(query, at))
    }

    fn minute(&self, query: &Query, at: Timestamp) -> Option<Minute> {
        let [(dimension, value)] = &query.dimensions[..] else { return None };
        match (query.namespace, *dimension) {
            ("AWS/RDS", "DBInstanceIdentifier") => {
                let value = self.of_instance(self.instance(value)?, query.name, at)?;
                Some(Minute { value, samples: 1.0 })
            }
            ("AWS/RDS", "ProxyName") => {
                let value = self.of_proxy(self.proxy(value)?, query.name, at)?;
                Some(Minute { value: value / MACHINES, samples: MACHINES })
            }
            _ => None,
        }
    }

    /// The figure of a minute of an instance or a proxy.
    pub fn figure(&self, dimension: &str, value: &str, metric: &str, at: Timestamp) -> Option<f64> {
        match dimension {
            "DBInstanceIdentifier" => self.of_instance(self.instance(value)?, metric, at),
            "ProxyName" => self.of_proxy(self.proxy(value)?, metric, at),
            _ => None,
        }
    }

    fn of_instance(&self, i: usize, metric: &str, at: Timestamp) -> Option<f64> {
        let instance = &self.instances[i];
        if instance.is_dark(at) || at < self.started - instance.common.age {
            return None;
        }
        let (common, down) = (&instance.common, instance.is_down(at));
        let wobble = noise(&format!("{} {metric}", instance.id), at);
        let crowd = self.crowd(i, at);
        let fresh = calm_since(instance, at);
        let is_aurora = instance.engine.starts_with("aurora");
        Some(match metric {
            "CPUUtilization" if down => 3.0 + wobble,
            "CPUUtilization" => {
                (common.cpu * (1.0 + 0.25 * wobble) + 30.0 * fresh + 45.0 * crowd.unwrap_or(0.0)).clamp(0.5, 99.0)
            }
            "DatabaseConnections" if down => 0.0,
            "DatabaseConnections" => {
                let usual = f64::from(common.connections) * (1.0 + 0.08 * wobble) * (1.0 + 0.4 * fresh);
                crowd.map_or(usual, |share| usual.max(share * f64::from(common.max_connections))).round()
            }
            "FreeableMemory" => {
                let share = if down { 0.9 } else { 0.38 + 0.03 * wobble - 0.15 * crowd.unwrap_or(0.0) };
                f64::from(common.memory) * GIB * share
            }
            "FreeStorageSpace" => f64::from(instance.alone.as_ref()?.storage) * GIB * self.free_at(i, at),
            "ReplicaLag" if !is_aurora && self.replicates(i) => (0.6 + 0.6 * wobble).round(),
            "AuroraReplicaLag" if is_aurora && self.replicates(i) => 18.0 + 5.0 * wobble + 240.0 * fresh,
            _ => return None,
        })
    }

    /// Whether an instance has its data from another one.
    fn replicates(&self, i: usize) -> bool {
        let instance = &self.instances[i];
        let reads = instance.cluster.is_some_and(|c| self.clusters[c].writer != i);
        reads || instance.alone.as_ref().is_some_and(|spec| spec.replica_of.is_some())
    }

    fn of_proxy(&self, p: usize, metric: &str, at: Timestamp) -> Option<f64> {
        let proxy = &self.proxies[p];
        let behind = self.behind(p);
        let open: Vec<&Instance> =
            behind.iter().map(|i| &self.instances[*i]).filter(|i| !i.is_down(at) && !i.is_dark(at)).collect();
        let allowed: f64 = behind.iter().map(|i| f64::from(self.instances[*i].common.max_connections)).sum::<f64>()
            * f64::from(proxy.spec.max_connections_percent)
            / 100.0;
        let wobble = noise(&format!("{} {metric}", proxy.spec.name), at);
        let is_shut = open.is_empty() || proxy.broken.is_some_and(|since| at >= since);
        let storm = proxy.storms.iter().find_map(|storm| Some((storm, height(storm, at)?)));
        let share = storm.map_or(0.0, |(storm, height)| storm.share * height);
        let usual = 0.2 + 0.02 * wobble;
        let borrowed = if is_shut { 0.0 } else { allowed * usual.max(share) };
        Some(
            match metric {
                "MaxDatabaseConnectionsAllowed" => allowed,
                "ClientConnections" => {
                    let more = if is_shut { 0.6 } else { 1.5 * share };
                    f64::from(proxy.spec.clients) * (1.0 + 0.05 * wobble + more)
                }
                "DatabaseConnections" if is_shut => 0.0,
                "DatabaseConnections" => (borrowed * 1.25).min(allowed),
                "DatabaseConnectionsCurrentlyBorrowed" => borrowed,
                "DatabaseConnectionsCurrentlySessionPinned" => borrowed * 0.04,
                "DatabaseConnectionsBorrowLatency" => 900.0 * (1.0 + 0.1 * wobble) * (1.0 + 40.0 * share),
                "ClientConnectionsSetupFailedAuth" => {
                    storm.map_or(0.0, |(storm, height)| f64::from(storm.refused) * height)
                }
                "ClientConnectionsNoTLS" => 0.0,
                _ => return None,
            }
            .round(),
        )
    }

    /// The height of a storm that comes through a proxy, as a share of the connections.
    fn crowd(&self, i: usize, at: Timestamp) -> Option<f64> {
        let through = (0..self.proxies.len()).filter(|p| self.behind(*p).contains(&i)).map(|p| &self.proxies[p]);
        let share = |storm: &Storm, percent: u32| Some(storm.share * height(storm, at)? * f64::from(percent) / 100.0);
        let mut shares =
            through.flat_map(|p| p.storms.iter().filter_map(move |s| share(s, p.spec.max_connections_percent)));
        shares.next()
    }
}

/// How much of the haste after an outage is left: 1 at its end, less and less after.
fn calm_since(instance: &Instance, at: Timestamp) -> f64 {
    let up = instance.down.iter().filter_map(|gap| gap.until).filter(|until| *until <= at).max();
    up.map_or(0.0, |up| (-at.since(up).as_secs_f64() / 120.0).exp())
}

/// How far a storm has risen, from 0 to 1; absent while there is none.
fn height(storm: &Storm, at: Timestamp) -> Option<f64> {
    (at >= storm.from && at < storm.until).then(|| (at.since(storm.from).as_secs_f64() / RISE).min(1.0))
}

fn aggregate(minutes: &[Minute], statistic: Statistic) -> Option<f64> {
    let samples: f64 = minutes.iter().map(|m| m.samples).sum();
    let sum = || minutes.iter().map(|m| m.value * m.samples).sum::<f64>();
    (!minutes.is_empty()).then(|| match statistic {
        Statistic::Sum => sum(),
        Statistic::Average => sum() / samples,
        Statistic::Maximum => minutes.iter().map(|m| m.value).fold(f64::MIN, f64::max),
        Statistic::Minimum => minutes.iter().map(|m| m.value).fold(f64::MAX, f64::min),
    })
}
