//! The metrics feed: what CloudWatch measures of databases and proxies. Each metric asked for costs money, so only what is on
//! screen and what is in trouble is read every minute, and everything else every quarter of an hour.
//!
//! What is in trouble is read so wherever the user looks: the damage after a failover (a pool that is used up, logins that are
//! refused) is told by metrics alone, and it comes minutes after the failover, while the user still looks at the overview.
//! These are databases that are not available, fail over or did so within half an hour, or fill up; proxies before those; and
//! proxies that are not available themselves or have a target that is not.

mod trouble;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::future::join_all;

use super::series::{self, ACTION};
use super::{Context, Feed, FeedSpec};
use crate::backend::ports::limits;
use crate::model::metric::{Query, Statistic};
use crate::model::rds::{Cost, DbInstance, Measured, Proxy, RdsFacts, RdsMetrics};
use crate::model::{Facts, Fault, FaultKind};
use crate::store::{Gap, Snapshot};
use crate::text::Text;
use crate::time::Timestamp;

/// Between readings of what is on screen or in trouble: RDS gives CloudWatch one point a minute.
const EVERY_SHOWN: Duration = Duration::from_mins(1);
/// Between readings of everything else: a disk that fills up is noticed by someone who looks elsewhere, at a fifteenth of the
/// price.
const EVERY_OTHER: Duration = Duration::from_mins(15);
/// Polls come up to a tenth early.
const EARLY: Duration = Duration::from_secs(10);
/// How much is read each time; the price of a metric is the same for one point and for sixty.
const SPAN: Duration = Duration::from_hours(1);
/// The finest RDS gives.
const PERIOD: Duration = Duration::from_mins(1);

/// `metrics`.
pub const SPEC: FeedSpec = FeedSpec {
    id: "metrics",
    domain: "rds",
    doc: "CloudWatch metrics of databases and proxies: every minute what is on screen or in trouble, every 15 minutes the rest",
    actions: &[ACTION],
    after: Some("rds"),
    interval: EVERY_SHOWN,
    deadline: Duration::from_secs(30),
    rules_tell_gaps: false,
    is_apart: false,
    start: || Box::new(MetricsFeed::default()),
};

#[derive(Default)]
struct MetricsFeed {
    known: BTreeMap<Name, Measured>,
    /// When each was last asked for by a poll that came to an end, whether or not it was told.
    asked: HashMap<Name, Timestamp>,
    /// As old as the last snapshot was; a later one that is older would be taken for late.
    taken_at: Timestamp,
}

/// What is measured, and the metric.
type Name = (Text, &'static str);

#[async_trait]
impl Feed for MetricsFeed {
    async fn poll(&mut self, context: &Context, facts: &Facts) -> Result<Snapshot, Fault> {
        let now = context.clock.now();
        let wanted = facts.get::<RdsFacts>().map(wanted).unwrap_or_default();
        let names: HashSet<&Name> = wanted.iter().map(|(name, _)| name).collect();
        self.known.retain(|name, _| names.contains(name));
        self.asked.retain(|name, _| names.contains(name));
        let close = self.close(&context.shown, facts, now);
        let is_close = |name: &Name| close.contains(&name.0);
        let due: Vec<&(Name, Query)> =
            wanted.iter().filter(|(name, _)| self.is_due(name, is_close(name), context, now)).collect();
        let gap = self.read(context, &due, now).await?;
        self.asked.extend(due.iter().map(|(name, _)| (name.clone(), now)));
        // What was just read may tell that a disk fills up, which is to be paid for from now on.
        let close = self.close(&context.shown, facts, now);
        let often = wanted.iter().filter(|(name, _)| close.contains(&name.0)).count();
        let cost =
            Cost { shown: often, shown_every: EVERY_SHOWN, others: wanted.len() - often, others_every: EVERY_OTHER };
        let data = Arc::new(RdsMetrics { series: self.known.clone(), cost });
        let gaps = gap.into_iter().collect();
        self.taken_at = self.oldest(&context.shown).unwrap_or(now).max(self.taken_at);
        Ok(Snapshot { taken_at: self.taken_at, data, gaps, slowed: context.gate.was_slowed() })
    }

    fn due(&self, shown: &[Text], facts: &Facts, now: Timestamp) -> Option<Duration> {
        let close = self.close(shown, facts, now);
        let wanted = facts.get::<RdsFacts>().map(wanted).unwrap_or_default();
        let left = |name: &Name| self.asked.get(name).map_or(Duration::ZERO, |at| (*at + EVERY_SHOWN).since(now));
        wanted.iter().filter(|(name, _)| close.contains(&name.0)).map(|(name, _)| left(name)).min()
    }
}

impl MetricsFeed {
    /// ARNs of what is read every minute.
    fn close(&self, shown: &[Text], facts: &Facts, now: Timestamp) -> HashSet<Text> {
        let mut close = trouble::in_trouble(facts, &self.known, now);
        close.extend(shown.iter().cloned());
        close
    }

    /// When the oldest of the numbers on screen was read: these polls read some and leave others as they were.
    fn oldest(&self, shown: &[Text]) -> Option<Timestamp> {
        let on_screen = self.known.iter().filter(|((arn, _), _)| shown.contains(arn));
        on_screen.map(|(_, measured)| measured.read_at).min()
    }

    fn is_due(&self, name: &Name, close: bool, context: &Context, now: Timestamp) -> bool {
        let every = match () {
            // Whoever asks for it wants what is on screen as it is now.
            () if context.asked && context.shown.contains(&name.0) => Duration::ZERO,
            () if close => EVERY_SHOWN,
            () => EVERY_OTHER,
        };
        self.known.get(name).is_none_or(|old| now.since(old.read_at) + EARLY >= every)
    }

    /// Reads these in batches. What could not be read stays as it was, with its time.
    async fn read(&mut self, context: &Context, due: &[&(Name, Query)], now: Timestamp) -> Result<Option<Gap>, Fault> {
        let batches: Vec<&[&(Name, Query)]> = due.chunks(limits::METRIC_QUERIES).collect();
        let queries = |batch: &&[&(Name, Query)]| batch.iter().map(|(_, query)| query.clone()).collect::<Vec<_>>();
        let asked: Vec<Vec<Query>> = batches.iter().map(queries).collect();
        let answers = join_all(asked.iter().map(|queries| series::read(context, queries, now - SPAN, now))).await;
        let (mut read, mut kept, mut fault) = (0, 0, None);
        for (batch, answer) in batches.iter().zip(answers) {
            let all = match answer {
                Ok(all) => all,
                Err(failed) => {
                    fault = fault.or(Some(failed));
                    continue;
                }
            };
            for ((name, _), series) in batch.iter().zip(all) {
                // A part of the points is shown, and that it is a part is told.
                match series.problem.clone() {
                    Some(problem) => fault = fault.or_else(|| Some(Fault::new(FaultKind::Server, ACTION, problem))),
                    None => read += 1,
                }
                if series.problem.is_none() || !series.points.is_empty() {
                    kept += 1;
                    self.known.insert(name.clone(), Measured { read_at: now, series });
                }
            }
        }
        match fault {
            Some(fault) if kept == 0 => Err(fault),
            fault => Ok(fault.map(|fault| {
                let what = Text::from("metrics of databases");
                Gap { kind: "database", what, read, known: due.len(), fault }
            })),
        }
    }
}

/// What is worth asking for of everything in these facts.
fn wanted(rds: &RdsFacts) -> Vec<(Name, Query)> {
    let mut all: Vec<(Name, Query)> = rds.instances.iter().flat_map(|i| of_instance(rds, i)).collect();
    all.extend(rds.proxies.iter().flat_map(of_proxy));
    all
}

fn of_instance<'a>(rds: &RdsFacts, instance: &'a DbInstance) -> impl Iterator<Item = (Name, Query)> + use<'a> {
    let mut metrics = vec![
        (RdsMetrics::CPU, Statistic::Average),
        (RdsMetrics::CONNECTIONS, Statistic::Maximum),
        (RdsMetrics::MEMORY, Statistic::Minimum),
    ];
    let cluster = instance.cluster.as_deref().and_then(|id| rds.cluster(id));
    let reads = cluster.is_some_and(|cluster| cluster.writer().is_none_or(|writer| *writer != instance.id));
    if instance.is_aurora() {
        // Its storage belongs to the cluster and grows by itself.
        metrics.extend(reads.then_some((RdsMetrics::AURORA_LAG, Statistic::Maximum)));
    } else {
        metrics.push((RdsMetrics::STORAGE, Statistic::Minimum));
        metrics.extend((reads || instance.replica_of.is_some()).then_some((RdsMetrics::LAG, Statistic::Maximum)));
    }
    metrics.into_iter().map(|(metric, statistic)| {
        query(&instance.arn, metric, statistic, ("DBInstanceIdentifier", instance.id.to_string()))
    })
}

/// A proxy runs on several machines, each of which counts for itself: their sum is the proxy's (RDS user guide, metrics of RDS
/// Proxy, dimension set `ProxyName`).
fn of_proxy(proxy: &Proxy) -> impl Iterator<Item = (Name, Query)> {
    let metrics = [
        RdsMetrics::CLIENTS,
        RdsMetrics::CONNECTIONS,
        RdsMetrics::BORROWED,
        RdsMetrics::PINNED,
        RdsMetrics::ALLOWED,
        RdsMetrics::AUTH_FAILED,
        RdsMetrics::NO_TLS,
    ];
    metrics.into_iter().map(|metric| query(&proxy.arn, metric, Statistic::Sum, ("ProxyName", proxy.name.to_string())))
}

fn query(arn: &Text, name: &'static str, statistic: Statistic, dimension: (&'static str, String)) -> (Name, Query) {
    let query = Query { namespace: "AWS/RDS", name, dimensions: vec![dimension], statistic, period: PERIOD };
    ((arn.clone(), name), query)
}

#[cfg(test)]
mod tests;
