//! The stopped feed: tasks that have stopped, kept beyond the hour for which ECS remembers them.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::future::join_all;

use super::budget::ECS_RESOURCES;
use super::ecs::{describe_tasks, list};
use super::pages::in_batches;
use super::setback::{Setback, Unread};
use super::{Context, Feed, FeedSpec};
use crate::backend::ports::{Listing, limits};
use crate::model::ecs::{EcsFacts, Kind, Missing, Seen, StoppedFacts, Task, tail};
use crate::model::{Facts, Fault};
use crate::store::{Gap, Snapshot};
use crate::text::Text;

/// Stopped tasks kept at most; the oldest go first.
const KEPT: usize = 5_000;

/// `stopped-tasks`.
pub const SPEC: FeedSpec = FeedSpec {
    id: "stopped-tasks",
    domain: "ecs",
    doc: "Tasks that have stopped, with the reason; kept for as long as the console runs",
    actions: &["ecs:ListTasks", "ecs:DescribeTasks"],
    after: Some("ecs"),
    interval: Duration::from_secs(2),
    deadline: Duration::from_mins(2),
    rules_tell_gaps: false,
    is_apart: false,
    start: || Box::new(StoppedFeed::default()),
};

/// A task that has come to its end never changes again, so each is described until then.
#[derive(Default)]
struct StoppedFeed {
    tasks: BTreeMap<String, Seen<Task>>,
    clusters: BTreeMap<String, Cluster>,
}

/// What is remembered of one cluster beside its tasks.
#[derive(Default)]
struct Cluster {
    listed: Vec<String>,
    listing: Setback,
    unread: Unread,
    spoilers: HashSet<String>,
}

/// What one look at a cluster gave.
struct Look {
    read: Vec<Task>,
    missing: Vec<Missing>,
    gap: Option<Gap>,
    /// Whether it brought nothing at all.
    failed: bool,
}

#[async_trait]
impl Feed for StoppedFeed {
    async fn poll(&mut self, context: &Context, facts: &Facts) -> Result<Snapshot, Fault> {
        let clusters = facts.get::<EcsFacts>().map(|ecs| ecs.clusters.as_slice()).unwrap_or_default();
        let arns: Vec<&str> = clusters.iter().map(|c| c.item.arn.as_str()).collect();
        self.clusters.retain(|arn, _| arns.contains(&arn.as_str()));
        for arn in &arns {
            self.clusters.entry((*arn).to_owned()).or_default();
        }
        let (tasks, clusters) = (&self.tasks, &mut self.clusters);
        let looks = join_all(clusters.iter_mut().map(|(arn, cluster)| cluster.look(context, arn, tasks))).await;
        // What is remembered is no news: where nothing could be read, that is the result.
        if let Some(gap) = looks.first().and_then(|look| look.gap.as_ref()).filter(|_| looks.iter().all(|l| l.failed)) {
            return Err(gap.fault.clone());
        }
        let at = context.clock.now();
        let (mut missing, mut gaps) = (Vec::new(), Vec::new());
        for look in looks {
            self.tasks.extend(look.read.into_iter().map(|t| (t.arn.to_string(), Seen { at, item: Arc::new(t) })));
            missing.extend(look.missing);
            gaps.extend(look.gap);
        }
        self.forget_oldest();
        let mut tasks: Vec<Seen<Task>> = self.tasks.values().cloned().collect();
        tasks.sort_by(|a, b| b.item.stopped_at.cmp(&a.item.stopped_at).then_with(|| a.item.arn.cmp(&b.item.arn)));
        Ok(Snapshot {
            taken_at: at,
            data: Arc::new(StoppedFacts { tasks, missing }),
            gaps,
            slowed: context.gate.was_slowed(),
        })
    }
}

impl Cluster {
    /// Lists the stopped tasks of a cluster, and describes those that are not known to have come to their end: a task is
    /// listed as stopped while it is still stopping.
    async fn look(&mut self, context: &Context, arn: &str, known: &BTreeMap<String, Seen<Task>>) -> Look {
        if !self.listing.holds(context.clock.now(), context.asked) {
            let listed = list(context, &ECS_RESOURCES, &Listing::StoppedTasks(arn.to_owned())).await;
            self.listed = listed.items;
            self.listing.note(listed.fault, context.clock.now());
        }
        let ended = |arn: &String| known.get(arn).is_some_and(|t| t.item.status.as_deref() == Some("STOPPED"));
        let new: Vec<String> = self.listed.iter().filter(|arn| !ended(arn)).cloned().collect();
        let due = self.unread.due(&new, context.clock.now(), context.asked);
        let batches = in_batches(
            "ecs:DescribeTasks",
            &due,
            limits::ECS_DESCRIBE,
            &self.spoilers,
            |t: &Task| &t.arn,
            |ids| async move { describe_tasks(context, arn, &ids).await },
        )
        .await;
        self.unread.note(&new, &due, batches.unread, context.clock.now());
        self.spoilers.retain(|arn| self.unread.fault(arn).is_some());
        self.spoilers.extend(batches.spoilers);
        let (name, read) = (tail(arn), batches.items.len());
        let fault = self.listing.fault().or_else(|| new.iter().find_map(|arn| self.unread.fault(arn)));
        let what = Text::from(format!("stopped tasks of {name}"));
        let gap =
            fault.map(|fault| Gap { kind: Kind::Task.word(), what, read, known: new.len(), fault: fault.clone() });
        let lost = batches.failures.into_iter();
        let missing = lost.map(|(arn, reason)| Missing {
            kind: Kind::Task,
            cluster: Some(name.clone()),
            arn,
            reason,
            unread: false,
        });
        let nothing = gap.is_some() && read == 0;
        Look {
            read: batches.items,
            missing: missing.collect(),
            gap,
            failed: nothing && (self.listing.fault().is_some() || known.is_empty()),
        }
    }
}

impl StoppedFeed {
    fn forget_oldest(&mut self) {
        let Some(excess) = self.tasks.len().checked_sub(KEPT).filter(|n| *n > 0) else { return };
        let mut by_age: Vec<_> = self.tasks.iter().map(|(arn, t)| (t.item.stopped_at, arn.clone())).collect();
        by_age.sort();
        let oldest: HashSet<String> = by_age.into_iter().take(excess).map(|(_, arn)| arn).collect();
        self.tasks.retain(|arn, _| !oldest.contains(arn));
    }
}
