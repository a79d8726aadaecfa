//! The task-definitions feed: which secrets the task definitions in use hand to containers. Of a definition nothing else is
//! kept; its plain environment never gets here. A definition never changes, so each is read once.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::future::join_all;

use super::budget::TASK_DEFINITIONS;
use super::setback::Unread;
use super::{Context, Feed, FeedSpec};
use crate::model::ecs::EcsFacts;
use crate::model::secret::{TaskDefinition, TaskDefinitionFacts};
use crate::model::{Facts, Fault, FaultKind};
use crate::store::{Gap, Snapshot};
use crate::text::Text;

const ACTION: &str = "ecs:DescribeTaskDefinition";
/// Definitions asked for side by side.
const TOGETHER: usize = 10;
/// Definitions kept at most that nothing uses any longer: a deployment that is rolled back needs them again.
const KEPT: usize = 1_000;

/// `task-definitions`.
pub const SPEC: FeedSpec = FeedSpec {
    id: "task-definitions",
    domain: "secrets",
    doc: "Which secrets the task definitions in use hand to containers; nothing else of them",
    actions: &[ACTION],
    after: Some("ecs"),
    interval: Duration::from_secs(15),
    deadline: Duration::from_mins(2),
    rules_tell_gaps: false,
    is_apart: true,
    start: || Box::new(TaskDefinitionsFeed::default()),
};

#[derive(Default)]
struct TaskDefinitionsFeed {
    known: BTreeMap<String, TaskDefinition>,
    unread: Unread,
}

#[async_trait]
impl Feed for TaskDefinitionsFeed {
    async fn poll(&mut self, context: &Context, facts: &Facts) -> Result<Snapshot, Fault> {
        let used: Vec<String> = facts.get::<EcsFacts>().map(in_use).unwrap_or_default().into_iter().collect();
        self.read(context, &used).await;
        let gap = self.gap(&used);
        // Without the permission the console knows less, and goes on.
        let is_lost = |gap: &&Gap| gap.read == 0 && gap.fault.kind != FaultKind::Denied;
        if let Some(gap) = gap.as_ref().filter(is_lost) {
            return Err(gap.fault.clone());
        }
        let definitions = used.iter().filter_map(|arn| self.known.get(arn));
        let unread = used.iter().filter(|arn| !self.known.contains_key(*arn)).map(Text::from);
        let data = TaskDefinitionFacts {
            definitions: definitions.map(|d| (d.arn.clone(), d.clone())).collect(),
            unread: unread.collect(),
        };
        let gaps = gap.into_iter().collect();
        Ok(Snapshot { taken_at: context.clock.now(), data: Arc::new(data), gaps, slowed: context.gate.was_slowed() })
    }

    fn due(&self, _: &[Text], facts: &Facts, _: crate::time::Timestamp) -> Option<Duration> {
        let used = facts.get::<EcsFacts>().map(in_use)?;
        let is_new = |arn: &String| !self.known.contains_key(arn) && self.unread.fault(arn).is_none();
        used.iter().any(is_new).then_some(Duration::ZERO)
    }
}

/// ARNs of the task definitions of services, their deployments and their tasks.
fn in_use(ecs: &EcsFacts) -> BTreeSet<String> {
    let services = ecs.services.iter().map(|seen| &seen.item);
    let deployed = services.flat_map(|s| s.deployments.iter().map(|d| &d.task_definition).chain([&s.task_definition]));
    let running = ecs.tasks.iter().map(|seen| &seen.item.task_definition);
    deployed.chain(running).flatten().filter(|arn| !arn.is_empty()).map(ToString::to_string).collect()
}

impl TaskDefinitionsFeed {
    /// Reads those that were never read.
    async fn read(&mut self, context: &Context, used: &[String]) {
        let new: Vec<String> = used.iter().filter(|arn| !self.known.contains_key(*arn)).cloned().collect();
        let due = self.unread.due(&new, context.clock.now(), context.asked);
        let (what, mut unread, mut left) = (Text::from("task definitions"), Vec::new(), due.as_slice());
        while !left.is_empty() {
            // The first one tells whether the permission is there at all: a denied one is asked for by itself.
            let together = if self.known.is_empty() { 1 } else { TOGETHER };
            let (chunk, rest) = left.split_at(together.min(left.len()));
            left = rest;
            let answers = join_all(chunk.iter().map(|arn| describe(context, arn))).await;
            let mut denied = None;
            for (arn, answer) in chunk.iter().zip(answers) {
                match answer {
                    Ok(definition) => drop(self.known.insert(arn.clone(), definition)),
                    Err(fault) => {
                        denied = Some(fault.clone()).filter(|fault| holds_for_all(fault.kind));
                        unread.push((arn.clone(), fault));
                    }
                }
            }
            context.progress.tell(&what, due.len() - left.len(), due.len());
            if let Some(fault) = denied {
                unread.extend(left.iter().map(|arn| (arn.clone(), fault.clone())));
                break;
            }
        }
        self.unread.note(&new, &due, unread, context.clock.now());
        self.forget(used);
    }

    /// What nothing uses any longer goes, where there is much of it.
    fn forget(&mut self, used: &[String]) {
        if self.known.len() > used.len() + KEPT {
            self.known.retain(|arn, _| used.contains(arn));
        }
    }

    fn gap(&self, used: &[String]) -> Option<Gap> {
        let fault = used.iter().find_map(|arn| self.unread.fault(arn))?.clone();
        let read = used.iter().filter(|arn| self.known.contains_key(*arn)).count();
        Some(Gap { kind: "secret", what: Text::from("task definitions"), read, known: used.len(), fault })
    }
}

/// The action has no permissions by resource: what is denied for one is denied for all.
const fn holds_for_all(kind: FaultKind) -> bool {
    matches!(kind, FaultKind::Denied | FaultKind::Unsupported) || kind.is_about_credentials()
}

async fn describe(context: &Context, arn: &str) -> Result<TaskDefinition, Fault> {
    let ports = &context.backend.task_definitions;
    let read = || ports.task_definition(arn);
    let definition = context.gate.read(&TASK_DEFINITIONS, ACTION, read).await?;
    // It is found by what it was asked for.
    Ok(TaskDefinition { arn: Text::from(arn), ..definition })
}

#[cfg(test)]
mod tests;
