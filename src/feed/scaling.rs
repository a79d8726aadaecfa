//! The scaling feed: what Application Auto Scaling may do to services, by which policies, and what it did.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::join;

use super::budget::APP_SCALING;
use super::log::{Entry, Log};
use super::part::{Part, when};
use super::walk::{Walk, Walked};
use super::{Context, Feed, FeedSpec};
use crate::model::scaling::{Activity, Policy, ScalingFacts, ScalingRead, Target};
use crate::model::stack::Stack;
use crate::model::{Facts, Fault};
use crate::store::Snapshot;
use crate::text::Text;
use crate::time::Timestamp;

/// What a row of these is.
const KIND: &str = "scaling-target";
const TARGETS: &str = "application-autoscaling:DescribeScalableTargets";
const POLICIES: &str = "application-autoscaling:DescribeScalingPolicies";
const ACTIVITIES: &str = "application-autoscaling:DescribeScalingActivities";

/// Between readings of what changes when somebody deploys: policies, which come ten a page, and targets where they are many.
/// Polls may come early.
const RARELY: Duration = Duration::from_secs(290);
/// Pages of targets, and of policies, that a poll reads at most: a request a second is all there is for the three of them.
const PAGES: usize = 10;
/// Between polls while something was left off.
const GOES_ON: Duration = Duration::from_secs(10);
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
    targets_walk: Walk<Target>,
    policies: Part<Policy>,
    policies_walk: Walk<Policy>,
    activities: Log<Activity>,
    polled_at: Option<Timestamp>,
}

impl Default for ScalingFeed {
    fn default() -> Self {
        Self {
            targets: Part::default(),
            targets_walk: Walk::default(),
            policies: Part::default(),
            policies_walk: Walk::default(),
            activities: Log::keeping(KEPT),
            polled_at: None,
        }
    }
}

impl Entry for Activity {
    fn key(&self) -> String {
        self.key().to_string()
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
        self.polled_at = Some(now);
        let targets_every = if self.targets_walk.is_long() { RARELY } else { Duration::ZERO };
        let (targets, policies, activities) = join!(
            when(self.targets.is_due(now, targets_every, asked), targets(context, &mut self.targets_walk, now)),
            when(self.policies.is_due(now, RARELY, asked), policies(context, &mut self.policies_walk, now)),
            when(self.activities.is_due(now, Duration::ZERO, asked), activities(context, &mut self.activities, now)),
        );
        let read = [
            self.targets.take_walked(targets, target_key, now),
            self.policies.take_walked(policies, policy_key, now),
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

    fn is_unfinished(&self) -> bool {
        self.targets_walk.goes_on() || self.policies_walk.goes_on() || self.activities.goes_on()
    }

    fn due(&self, _: &[Text], _: &Facts, now: Timestamp) -> Option<Duration> {
        self.polled_at.filter(|_| self.is_unfinished()).map(|at| (at + GOES_ON).since(now))
    }
}

impl ScalingFeed {
    /// What concerns the clusters of the stack: the service lists everything of the account and region.
    fn facts(&self, stack: &Stack) -> ScalingFacts {
        let is_watched = |service: Option<(&str, &str)>| service.is_none_or(|(cluster, _)| stack.watches(cluster));
        ScalingFacts {
            targets: self.targets.items().iter().filter(|t| is_watched(t.service())).cloned().collect(),
            policies: self.policies.items().iter().filter(|p| is_watched(p.service())).cloned().collect(),
            activities: self.activities.entries().filter(|a| is_watched(a.service())).cloned().collect(),
            read_at: ScalingRead {
                targets: self.targets.read_at(),
                // That there is no policy can be told by all of them alone.
                policies: self.policies.whole_at(),
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

async fn targets(context: &Context, walk: &mut Walk<Target>, now: Timestamp) -> Walked<Target> {
    let (gate, ports) = (&context.gate, &context.backend.app_scaling);
    let page = |token: Option<String>| async move {
        gate.read(&APP_SCALING, TARGETS, || ports.targets(token.as_deref())).await
    };
    let mut walked = walk.read(TARGETS, now, PAGES, target_key, page).await;
    walked.listed.items.sort_by_key(target_key);
    walked
}

async fn policies(context: &Context, walk: &mut Walk<Policy>, now: Timestamp) -> Walked<Policy> {
    let (gate, ports) = (&context.gate, &context.backend.app_scaling);
    let page = |token: Option<String>| async move {
        gate.read(&APP_SCALING, POLICIES, || ports.policies(token.as_deref())).await
    };
    let mut walked = walk.read(POLICIES, now, PAGES, policy_key, page).await;
    walked.listed.items.sort_by_key(policy_key);
    walked
}

async fn activities(context: &Context, known: &mut Log<Activity>, now: Timestamp) -> Walked<Activity> {
    let (gate, ports) = (&context.gate, &context.backend.app_scaling);
    let page = |_, token: Option<String>| async move {
        gate.read(&APP_SCALING, ACTIVITIES, || ports.activities(token.as_deref())).await
    };
    known.read(ACTIVITIES, now, page).await
}

#[cfg(test)]
mod tests;
