//! The scaling feed: what Application Auto Scaling may do to services, by which policies, and what it did.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::join;

use super::budget::APP_SCALING;
use super::log::{Entry, Log};
use super::pages::{Listed, all_pages};
use super::part::{Part, when};
use super::{Context, Feed, FeedSpec};
use crate::model::scaling::{Activity, Policy, ScalingFacts, ScalingRead, Target};
use crate::model::stack::Stack;
use crate::model::{Facts, Fault};
use crate::store::Snapshot;
use crate::time::Timestamp;

/// What a row of these is.
const KIND: &str = "scaling-target";
const TARGETS: &str = "application-autoscaling:DescribeScalableTargets";
const POLICIES: &str = "application-autoscaling:DescribeScalingPolicies";
const ACTIVITIES: &str = "application-autoscaling:DescribeScalingActivities";

/// Policies change when somebody deploys: every second poll, which may come a tenth early, is often enough.
const POLICIES_EVERY: Duration = Duration::from_secs(50);
/// Activities kept at most; the oldest go first.
const KEPT: usize = 5_000;

/// `scaling`.
pub const SPEC: FeedSpec = FeedSpec {
    id: "scaling",
    domain: "scaling",
    doc: "Scalable targets of ECS services, their policies, and activities, those that changed nothing among them",
    actions: &[TARGETS, POLICIES, ACTIVITIES],
    after: None,
    interval: Duration::from_secs(30),
    deadline: Duration::from_mins(1),
    rules_tell_gaps: false,
    is_apart: false,
    start: || Box::new(ScalingFeed::default()),
};

struct ScalingFeed {
    targets: Part<Target>,
    policies: Part<Policy>,
    activities: Log<Activity>,
}

impl Default for ScalingFeed {
    fn default() -> Self {
        Self { targets: Part::default(), policies: Part::default(), activities: Log::keeping(KEPT) }
    }
}

impl Entry for Activity {
    fn key(&self) -> String {
        // One without an id is told apart by what it says.
        if self.id.is_empty() { format!("{self:?}") } else { self.id.to_string() }
    }
    fn at(&self) -> Option<Timestamp> {
        self.started_at
    }
    fn is_over(&self) -> bool {
        !matches!(self.status.as_deref(), None | Some("Pending" | "InProgress"))
    }
}

#[async_trait]
impl Feed for ScalingFeed {
    async fn poll(&mut self, context: &Context, _: &Facts) -> Result<Snapshot, Fault> {
        let (now, asked) = (context.clock.now(), context.asked);
        let (targets, policies, activities) = join!(
            when(self.targets.is_due(now, Duration::ZERO, asked), targets(context)),
            when(self.policies.is_due(now, POLICIES_EVERY, asked), policies(context)),
            when(self.activities.is_due(now, Duration::ZERO, asked), activities(context, &self.activities, now)),
        );
        let read = [
            self.targets.take(targets, target_key, now),
            self.policies.take(policies, policy_key, now),
            self.activities.take(activities, now),
        ];
        let gaps: Vec<_> = [
            self.targets.gap(KIND, "scalable targets"),
            self.policies.gap(KIND, "scaling policies"),
            self.activities.gap(KIND, "scaling activities"),
        ]
        .into_iter()
        .flatten()
        .collect();
        // What is remembered is no news: where nothing could be read, that is the result.
        if let Some(gap) = gaps.first().filter(|_| !read.contains(&true)) {
            return Err(gap.fault.clone());
        }
        Ok(Snapshot {
            taken_at: now,
            data: Arc::new(self.facts(&context.stack)),
            gaps,
            slowed: context.gate.was_slowed(),
        })
    }
}

impl ScalingFeed {
    /// What concerns the clusters of the stack: the service lists everything of the account and region.
    fn facts(&self, stack: &Stack) -> ScalingFacts {
        let is_watched = |service: Option<(&str, &str)>| service.is_none_or(|(cluster, _)| stack.watches(cluster));
        ScalingFacts {
            targets: self.targets.items().iter().filter(|t| is_watched(t.service())).cloned().collect(),
            policies: self.policies.items().iter().filter(|p| is_watched(p.service())).cloned().collect(),
            activities: self.activities.entries().iter().filter(|a| is_watched(a.service())).cloned().collect(),
            read_at: ScalingRead {
                targets: self.targets.read_at(),
                policies: self.policies.read_at(),
                activities: self.activities.whole_at(),
            },
        }
    }
}

fn target_key(t: &Target) -> String {
    format!("{} {}", t.resource, t.dimension)
}

fn policy_key(p: &Policy) -> String {
    format!("{} {} {}", p.resource, p.dimension, p.name)
}

async fn targets(context: &Context) -> Listed<Target> {
    let (gate, ports) = (&context.gate, &context.backend.app_scaling);
    let page = |token: Option<String>| async move {
        gate.read(&APP_SCALING, TARGETS, || ports.targets(token.as_deref())).await
    };
    let mut listed = all_pages(TARGETS, target_key, page).await;
    listed.items.sort_by_key(target_key);
    listed
}

async fn policies(context: &Context) -> Listed<Policy> {
    let (gate, ports) = (&context.gate, &context.backend.app_scaling);
    let page = |token: Option<String>| async move {
        gate.read(&APP_SCALING, POLICIES, || ports.policies(token.as_deref())).await
    };
    let mut listed = all_pages(POLICIES, policy_key, page).await;
    listed.items.sort_by_key(policy_key);
    listed
}

async fn activities(context: &Context, known: &Log<Activity>, now: Timestamp) -> Listed<Activity> {
    let (gate, ports) = (&context.gate, &context.backend.app_scaling);
    let page = |token: Option<String>| async move {
        gate.read(&APP_SCALING, ACTIVITIES, || ports.activities(token.as_deref())).await
    };
    known.read(ACTIVITIES, now, page).await
}

#[cfg(test)]
mod tests;
