//! The RDS feed: instances, clusters, events, pending maintenance and proxies, side by side; what cannot be read again stays
//! as it was, with its time.

mod moves;
mod proxies;

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::join;

use super::budget::RDS;
use super::pages::{Listed, all_pages};
use super::part::{Part, when};
use super::{Context, Feed, FeedSpec};
use crate::backend::ports::limits;
use crate::model::rds::{DbCluster, DbInstance, Event, Maintenance, PartsRead, RdsFacts};
use crate::model::{Facts, Fault, FaultKind};
use crate::store::{Gap, Snapshot};
use crate::text::Text;
use crate::time::Timestamp;
use moves::Moves;
use proxies::Proxies;

const INSTANCES: &str = "rds:DescribeDBInstances";
const CLUSTERS: &str = "rds:DescribeDBClusters";
const EVENTS: &str = "rds:DescribeEvents";
const MAINTENANCE: &str = "rds:DescribePendingMaintenanceActions";

/// How far back the first poll reads events: a failover of last night is still to be seen in the morning.
const FIRST_EVENTS: Duration = Duration::from_hours(24);
/// What later polls read again of events: one may be told minutes after its time, and the clocks need not agree.
const OVERLAP: Duration = Duration::from_mins(15);
/// Events are kept as long as the first poll looks back, which is more than any rule does. With the begin of a failover goes what
/// is said of its missing end.
const KEPT_FOR: Duration = FIRST_EVENTS;
/// Events kept at most; the oldest go first.
const KEPT_EVENTS: usize = 1_000;

/// `rds`.
pub const SPEC: FeedSpec = FeedSpec {
    id: "rds",
    domain: "rds",
    doc: "DB instances, clusters, events, pending maintenance; proxies and their targets",
    actions: &[INSTANCES, CLUSTERS, EVENTS, MAINTENANCE, proxies::LIST, proxies::TARGETS, proxies::GROUPS],
    after: None,
    interval: PartsRead::EVERY,
    deadline: Duration::from_mins(1),
    rules_tell_gaps: false,
    is_apart: false,
    start: || Box::new(RdsFeed::default()),
};

#[derive(Default)]
struct RdsFeed {
    instances: Part<DbInstance>,
    clusters: Part<DbCluster>,
    events: Part<Event>,
    maintenance: Part<Maintenance>,
    proxies: Proxies,
    moves: Moves,
}

#[async_trait]
impl Feed for RdsFeed {
    async fn poll(&mut self, context: &Context, _: &Facts) -> Result<Snapshot, Fault> {
        let (now, asked) = (context.clock.now(), context.asked);
        let since = self.events_since(now);
        let due = [
            self.instances.is_due(now, Duration::ZERO, asked),
            self.clusters.is_due(now, Duration::ZERO, asked),
            self.events.is_due(now, Duration::ZERO, asked),
            self.maintenance.is_due(now, PartsRead::MAINTENANCE_EVERY, asked),
        ];
        let (instances, clusters, events, maintenance, proxies_read) = join!(
            when(due[0], instances(context)),
            when(due[1], clusters(context)),
            when(due[2], events(context, since)),
            when(due[3], maintenance(context)),
            self.proxies.read(context),
        );
        let read = [
            self.instances.take(instances, |i| key(&i.arn, &i.id), now),
            self.clusters.take(clusters, |c| key(&c.arn, &c.id), now),
            self.take_events(events, now),
            self.maintenance.take(maintenance, maintenance_key, now),
            proxies_read,
        ];
        let gaps = self.gaps();
        // What is remembered is no news: where nothing could be read, that is the result.
        if let Some(gap) = gaps.first().filter(|_| !read.contains(&true)) {
            return Err(gap.fault.clone());
        }
        self.moves.look(self.instances.items(), self.clusters.items(), now);
        let data = Arc::new(self.facts(context.stack.protected));
        Ok(Snapshot { taken_at: now, data, gaps, slowed: context.gate.was_slowed() })
    }
}

impl RdsFeed {
    /// Since when events are asked for: what a reading that was cut short left out is asked for again.
    fn events_since(&self, now: Timestamp) -> Timestamp {
        // The service refuses what is further back, and a poll takes its time.
        let furthest = now - limits::RDS_EVENTS + OVERLAP;
        let since = self.events.whole_at().map_or(now - FIRST_EVENTS, |at| at - OVERLAP);
        since.max(furthest)
    }

    /// Adds the events of one poll to the known ones.
    fn take_events(&mut self, listed: Option<Listed<Event>>, now: Timestamp) -> bool {
        let known = self.events.items().to_vec();
        let read = self.events.take(listed, event_key, now);
        self.events.change(|events| {
            let new: HashSet<String> = events.iter().map(event_key).collect();
            events.extend(known.into_iter().filter(|event| !new.contains(&event_key(event))));
            events.retain(|event| event.at.is_none_or(|at| now.since(at) <= KEPT_FOR));
            events.sort_by(|a, b| (b.at, &b.source, &b.message).cmp(&(a.at, &a.source, &a.message)));
            events.truncate(KEPT_EVENTS);
        });
        read
    }

    fn gaps(&self) -> Vec<Gap> {
        let mut gaps: Vec<Gap> = [
            self.instances.gap("database", "DB instances"),
            self.clusters.gap("database", "DB clusters"),
            self.events.gap("database", "RDS events"),
            self.maintenance.gap("database", "pending maintenance"),
        ]
        .into_iter()
        .flatten()
        .collect();
        gaps.extend(self.proxies.gaps());
        gaps
    }

    fn facts(&self, protected: bool) -> RdsFacts {
        RdsFacts {
            instances: self.instances.items().to_vec(),
            clusters: self.clusters.items().to_vec(),
            events: self.events.items().to_vec(),
            maintenance: self.maintenance.items().to_vec(),
            proxies: self.proxies.known(),
            moves: self.moves.seen(),
            read_at: PartsRead {
                instances: self.instances.read_at(),
                clusters: self.clusters.read_at(),
                events: self.events.whole_at(),
                maintenance: self.maintenance.read_at(),
                proxies: self.proxies.read_at(),
            },
            protected,
        }
    }
}

/// What tells one thing from another.
fn key(arn: &Text, id: &Text) -> String {
    if arn.is_empty() { id.to_string() } else { arn.to_string() }
}

fn maintenance_key(m: &Maintenance) -> String {
    format!("{} {}", m.arn, m.action)
}

/// The API gives events no id. Two of a second with the same words are one.
fn event_key(e: &Event) -> String {
    format!("{:?} {} {:?} {}", e.at, e.source, e.categories, e.message)
}

async fn instances(context: &Context) -> Listed<DbInstance> {
    let (gate, ports) = (&context.gate, &context.backend.rds);
    let page =
        |token: Option<String>| async move { gate.read(&RDS, INSTANCES, || ports.instances(token.as_deref())).await };
    let mut listed = all_pages(INSTANCES, |i: &DbInstance| key(&i.arn, &i.id), page).await;
    // What has no ARN is found by its identifier.
    listed.items.iter_mut().filter(|i| i.arn.is_empty()).for_each(|i| i.arn = i.id.clone());
    listed.items.sort_by(|a, b| a.id.cmp(&b.id));
    named(INSTANCES, listed, |i| &i.arn)
}

async fn clusters(context: &Context) -> Listed<DbCluster> {
    let (gate, ports) = (&context.gate, &context.backend.rds);
    let page =
        |token: Option<String>| async move { gate.read(&RDS, CLUSTERS, || ports.clusters(token.as_deref())).await };
    let mut listed = all_pages(CLUSTERS, |c: &DbCluster| key(&c.arn, &c.id), page).await;
    listed.items.iter_mut().filter(|c| c.arn.is_empty()).for_each(|c| c.arn = c.id.clone());
    listed.items.sort_by(|a, b| a.id.cmp(&b.id));
    named(CLUSTERS, listed, |c| &c.arn)
}

/// Leaves out what has neither ARN nor identifier, and says that something is missing.
fn named<T>(action: &'static str, mut listed: Listed<T>, arn: impl Fn(&T) -> &Text) -> Listed<T> {
    let all = listed.items.len();
    listed.items.retain(|item| !arn(item).is_empty());
    if listed.items.len() < all {
        let nameless = || Fault::new(FaultKind::Malformed, action, "an object without a name");
        listed.fault = listed.fault.or_else(|| Some(nameless()));
    }
    listed
}

async fn events(context: &Context, since: Timestamp) -> Listed<Event> {
    let (gate, ports) = (&context.gate, &context.backend.rds);
    let page =
        |token: Option<String>| async move { gate.read(&RDS, EVENTS, || ports.events(since, token.as_deref())).await };
    all_pages(EVENTS, event_key, page).await
}

async fn maintenance(context: &Context) -> Listed<Maintenance> {
    let (gate, ports) = (&context.gate, &context.backend.rds);
    let page = |token: Option<String>| async move {
        gate.read(&RDS, MAINTENANCE, || ports.maintenance(token.as_deref())).await
    };
    all_pages(MAINTENANCE, maintenance_key, page).await
}

#[cfg(test)]
mod tests;
