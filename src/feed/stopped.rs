//! The stopped feed: tasks that have stopped, kept beyond the hour for which ECS remembers them.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::future::join_all;

use super::budget::ECS_RESOURCES;
use super::ecs::{describe_tasks, list};
use super::pages::{Batches, in_batches};
use super::setback::Setback;
use super::{Context, Feed, FeedSpec};
use crate::backend::ports::{Listing, limits};
use crate::model::ecs::{Cluster, EcsFacts, Kind, Missing, Seen, StoppedFacts, Task, tail};
use crate::model::{Facts, Fault};
use crate::store::{Gap, Snapshot};
use crate::text::Text;
use crate::time::Timestamp;

/// Stopped tasks kept at most; the oldest go first.
const KEPT: usize = 5_000;

/// `stopped`.
pub const SPEC: FeedSpec = FeedSpec {
    id: "stopped",
    domain: "ecs",
    doc: "Tasks that have stopped, with the reason; kept for as long as the console runs",
    actions: &["ecs:ListTasks", "ecs:DescribeTasks"],
    after: Some("ecs"),
    interval: Duration::from_secs(2),
    deadline: Duration::from_mins(2),
    start: || Box::new(StoppedFeed::default()),
};

/// A task that has come to its end never changes again, so each is described until then; what cannot be read is asked by itself from then on.
#[derive(Default)]
struct StoppedFeed {
    tasks: BTreeMap<String, Seen<Task>>,
    spoilers: HashSet<String>,
    setbacks: HashMap<String, Setback>,
}

/// What one look at a cluster gave.
struct Look {
    cluster: String,
    fault: Option<Fault>,
    asked: usize,
    batches: Batches<Task>,
}

#[async_trait]
impl Feed for StoppedFeed {
    async fn poll(&mut self, context: &Context, facts: &Facts) -> Result<Snapshot, Fault> {
        let clusters = facts.get::<EcsFacts>().map(|ecs| ecs.clusters.as_slice()).unwrap_or_default();
        let (mut missing, now) = (Vec::new(), context.clock.now());
        let held = |arn: &str| self.setbacks.get(arn).is_some_and(|setback| setback.holds(now, context.asked));
        let due = clusters.iter().map(|c| c.item.arn.as_str()).filter(|arn| !held(arn));
        let looks = join_all(due.map(|arn| self.look(context, arn))).await;
        for look in looks {
            self.keep(look, context.clock.now(), &mut missing);
        }
        let gap = |c: &Seen<Cluster>| self.setbacks.get(c.item.arn.as_str()).and_then(Setback::gap).cloned();
        let gaps: Vec<Gap> = clusters.iter().filter_map(gap).collect();
        // What is remembered is no news: where nothing could be read, that is the result.
        if let Some(gap) = gaps.first().filter(|_| gaps.len() == clusters.len() && gaps.iter().all(|g| g.read == 0)) {
            return Err(gap.fault.clone());
        }
        self.forget_oldest();
        let mut tasks: Vec<Seen<Task>> = self.tasks.values().cloned().collect();
        tasks.sort_by(|a, b| b.item.stopped_at.cmp(&a.item.stopped_at).then_with(|| a.item.arn.cmp(&b.item.arn)));
        Ok(Snapshot {
            taken_at: context.clock.now(),
            data: Arc::new(StoppedFacts { tasks, missing }),
            gaps,
            slowed: context.gate.was_slowed(),
        })
    }
}

impl StoppedFeed {
    /// Lists the stopped tasks of a cluster, and describes those that are not known to have come to their end: a task is
    /// listed as stopped while it is still stopping.
    async fn look(&self, context: &Context, cluster: &str) -> Look {
        let listed = list(context, &ECS_RESOURCES, &Listing::StoppedTasks(cluster.to_owned())).await;
        let ended = |arn: &String| self.tasks.get(arn).is_some_and(|t| t.item.status.as_deref() == Some("STOPPED"));
        let new: Vec<String> = listed.items.into_iter().filter(|arn| !ended(arn)).collect();
        let batches = in_batches(
            "ecs:DescribeTasks",
            &new,
            limits::ECS_DESCRIBE,
            &self.spoilers,
            |t: &Task| &t.arn,
            |ids| async move { describe_tasks(context, cluster, &ids).await },
        )
        .await;
        Look { cluster: cluster.to_owned(), fault: listed.fault, asked: new.len(), batches }
    }

    fn keep(&mut self, look: Look, at: Timestamp, missing: &mut Vec<Missing>) {
        let (name, batches) = (tail(&look.cluster), look.batches);
        let read = batches.items.len();
        self.spoilers.extend(batches.spoilers);
        for task in batches.items {
            self.tasks.insert(task.arn.to_string(), Seen { at, item: Arc::new(task) });
        }
        let lost = batches.failures.into_iter();
        missing.extend(lost.map(|(arn, reason)| Missing {
            kind: Kind::Task,
            cluster: Some(name.clone()),
            arn,
            reason,
        }));
        let fault = look.fault.or_else(|| batches.unread.first().map(|(_, fault)| fault.clone()));
        let what = Text::from(format!("stopped tasks of {name}"));
        let gap = fault.map(|fault| Gap { what, read, known: look.asked, fault });
        self.setbacks.entry(look.cluster).or_default().note(gap, at);
    }

    fn forget_oldest(&mut self) {
        let Some(excess) = self.tasks.len().checked_sub(KEPT).filter(|n| *n > 0) else { return };
        let mut by_age: Vec<_> = self.tasks.iter().map(|(arn, t)| (t.item.stopped_at, arn.clone())).collect();
        by_age.sort();
        let oldest: HashSet<String> = by_age.into_iter().take(excess).map(|(_, arn)| arn).collect();
        self.tasks.retain(|arn, _| !oldest.contains(arn));
    }
}
