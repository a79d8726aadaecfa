//! Feeds: one unit of polled data of one stack each. A feed is one file and one line in [`FEEDS`].

mod alarms;
mod audit;
mod backoff;
mod budget;
mod each;
mod ecs;
#[cfg(test)]
mod fixture;
mod gate;
mod group_activities;
mod groups;
mod guardduty;
mod identity;
mod kept;
mod log;
mod metrics;
mod mongo;
mod once;
mod pages;
mod part;
mod poller;
mod progress;
mod rds;
mod reservation;
mod scaling;
mod secrets;
mod series;
mod setback;
mod slowing;
mod stopped;
mod task_definitions;
mod walk;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

pub use backoff::Backoff;
pub use budget::{
    APP_SCALING, Bucket, Budgets, ECS_CLUSTERS, ECS_DEPLOYMENTS, ECS_PROTECTION, ECS_PROVIDERS, ECS_RESOURCES,
    ECS_REVISIONS, ECS_SERVICES, GROUP_HISTORY, GROUPS, GUARDDUTY, SECRET, STS,
};
pub use gate::Gate;
pub use once::{Sweep, all_failed, once, with_dependents, with_needs};
pub use poller::{Control, Poller, spawn};
pub use progress::Progress;

use crate::backend::ports::Backend;
use crate::model::stack::Stack;
use crate::model::{Facts, Fault};
use crate::store::Snapshot;
use crate::text::Text;
use crate::time::{Clock, Timestamp};

/// What a feed polls with.
pub struct Context {
    /// The stack's ports.
    pub backend: Backend,
    /// The stack.
    pub stack: Stack,
    /// Where every request passes: budget, deadline, retry.
    pub gate: Gate,
    /// The time snapshots are stamped with.
    pub clock: Arc<dyn Clock>,
    /// Who is told how far the first reading is.
    pub progress: Progress,
    /// Whether somebody asked for this poll: what failed before is then tried again without waiting.
    pub asked: bool,
    /// Ids of the rows on screen, the selected one first: what costs money is read more often for them than for others.
    pub shown: Vec<Text>,
}

/// A running feed of one stack; it may remember what it read before.
#[async_trait]
pub trait Feed: Send {
    /// Reads once. `facts` holds what other feeds of the stack have read.
    async fn poll(&mut self, context: &Context, facts: &Facts) -> Result<Snapshot, Fault>;

    /// Waits for what a poll would not wait for, such as a password that somebody is asked for. Only a single reading does: the
    /// console reads again, and never waits.
    async fn prepare(&mut self, _context: &Context) {}

    /// Whether its last poll left off in the middle of a list: it has not read everything once yet, and would go on.
    fn is_unfinished(&self) -> bool {
        false
    }

    /// In how long at the latest it wants to read again, given the rows on screen and what other feeds know; `None`: its own
    /// interval will do. A poll of it comes then, though never within seconds of the one before.
    fn due(&self, _shown: &[Text], _facts: &Facts, _now: Timestamp) -> Option<Duration> {
        None
    }
}

/// A kind of feed.
pub struct FeedSpec {
    /// Its id: `ecs`, `groups` …
    pub id: &'static str,
    /// The domain its state counts for, as in rules: `ecs`, `scaling` …
    pub domain: &'static str,
    /// What it reads.
    pub doc: &'static str,
    /// The IAM actions it needs.
    pub actions: &'static [&'static str],
    /// A feed whose facts it needs first.
    pub after: Option<&'static str>,
    /// The shortest interval between polls, whatever refresh the user asks for.
    pub interval: Duration,
    /// The longest one poll may take.
    pub deadline: Duration,
    /// Whether a rule says of each of its gaps what is missing, and why. The state of the feed then says nothing: one cause is one
    /// problem.
    pub rules_tell_gaps: bool,
    /// Whether what it adds is of other things than what it rests on: who asks for those alone is spared its calls.
    pub is_apart: bool,
    /// Makes one for a stack.
    pub start: fn() -> Box<dyn Feed>,
}

impl FeedSpec {
    /// Whether reading it asks somebody elsewhere. What was done with this tool is written down here.
    #[must_use]
    pub fn asks_elsewhere(&self) -> bool {
        self.id != audit::SPEC.id
    }
}

/// Every feed, in the order they are first polled.
pub const FEEDS: &[&FeedSpec] = &[
    &identity::SPEC,
    &ecs::SPEC,
    &stopped::SPEC,
    &groups::SPEC,
    &scaling::SPEC,
    &alarms::SPEC,
    &group_activities::SPEC,
    &reservation::SPEC,
    &mongo::SPEC,
    &rds::SPEC,
    &metrics::SPEC,
    &guardduty::SPEC,
    &secrets::SPEC,
    &audit::SPEC,
    // Last: where there are a thousand of them they take minutes, which a single reading may not have.
    &task_definitions::SPEC,
];

/// The feed with this id.
#[must_use]
pub fn feed(id: &str) -> Option<&'static FeedSpec> {
    FEEDS.iter().copied().find(|spec| spec.id == id)
}
