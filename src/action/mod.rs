//! Actions: what changes the world. An action is one file and one line in [`ACTIONS`].
//!
//! The way of each: a [`Plan`] says what would be sent, to what, by whom, what speaks against it and what it rests on; the
//! [`policy`] lets it through or says what is missing; the [`executor`] reads again and compares, notes the intent in the
//! [`audit`], sends once, notes the answer, watches until the outcome is known, and notes that. Nothing is ever sent twice.

mod actor;
mod archive;
pub mod arming;
pub mod audit;
mod bench;
mod cancel_rotation;
mod copy;
mod desired_count;
mod details;
mod drain;
mod evidence;
pub mod executor;
mod failover;
mod force_deploy;
mod group;
mod growth;
mod member;
pub mod plan;
pub mod policy;
mod reactivate;
mod rollback;
mod rotate;
mod scaled;
pub mod settle;
mod step_down;
mod suspend;

use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::future::BoxFuture;

pub use actor::Actor;
pub use bench::Bench;
pub use plan::Plan;

use crate::error::Error;
use crate::model::{Facts, Fault};
use crate::text::Text;
use crate::time::Timestamp;
use plan::{Check, Level, State};

/// A kind of action.
pub struct ActionSpec {
    /// Its id: `force-deploy`.
    pub id: &'static str,
    /// What it does, as a title.
    pub title: &'static str,
    /// What it does, in a sentence or two.
    pub doc: &'static str,
    /// The kind of thing it acts on: `service`.
    pub kind: &'static str,
    /// Other kinds of rows that lead to such a thing: `scaling-target`.
    pub also: &'static [&'static str],
    /// How its target is written: `CLUSTER/SERVICE`; where it takes a value, `CLUSTER/SERVICE=TASKS`.
    pub target: &'static str,
    /// What its value is, where it takes one: `tasks wanted`. It is what stands behind the last `=` of the target.
    pub asks: Option<&'static str>,
    /// Whether it is off unless the configuration's `opt_in`, the command line and the stack's `allow` all name it.
    pub opt_in: bool,
    /// The IAM actions its plan reads with, beyond those of the feeds. Without them a plan tells what it could not read.
    pub reads: &'static [&'static str],
    /// The IAM actions that change something; none where AWS is not asked.
    pub actions: &'static [&'static str],
    /// The resources these are about, as a policy names them; where AWS is not asked, what the user needs instead.
    pub resource: &'static str,
    /// The target, as it is written, of what has this id; with the value as it is now, for a person to change.
    pub aim: fn(&Facts, &str) -> Option<Text>,
    /// Reads what there is, and plans.
    pub plan: for<'a> fn(&'a Bench, &'a str) -> BoxFuture<'a, Result<Plan, Error>>,
}

impl ActionSpec {
    /// The kinds of rows it may be offered on.
    pub fn kinds(&self) -> impl Iterator<Item = &'static str> {
        std::iter::once(self.kind).chain(self.also.iter().copied())
    }
}

impl Debug for ActionSpec {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.id)
    }
}

/// Every action.
pub const ACTIONS: &[&ActionSpec] = &[
    &force_deploy::SPEC,
    &rollback::SPEC,
    &drain::SPEC,
    &reactivate::SPEC,
    &rotate::SPEC,
    &cancel_rotation::SPEC,
    &desired_count::SPEC,
    &suspend::SUSPEND,
    &suspend::RESUME,
    &group::DESIRED,
    &group::SUSPEND,
    &group::RESUME,
    &archive::ARCHIVE,
    &archive::UNARCHIVE,
    &step_down::SPEC,
    &failover::instance::SPEC,
    &failover::cluster::SPEC,
];

/// The action with this id.
#[must_use]
pub fn action(id: &str) -> Option<&'static ActionSpec> {
    ACTIONS.iter().copied().find(|spec| spec.id == id)
}

/// The ids of all actions.
#[must_use]
pub fn ids() -> Vec<&'static str> {
    ACTIONS.iter().map(|spec| spec.id).collect()
}

/// Plans; what the audit has to say comes last: who has the target in hand, and whether its chain holds.
///
/// # Errors
/// What is needed cannot be read, or there is no such target.
pub async fn planned(spec: &ActionSpec, bench: &Bench, target: &str, audit: &audit::Audit) -> Result<Plan, Error> {
    let mut plan = (spec.plan)(bench, target).await?;
    plan.checks.extend(audit.in_hand(&plan));
    plan.checks.push(audit.check().await);
    if let Some(group) = &bench.stack.audit_log_group {
        let copy = format!("a copy of each record is to go to the log group {group}");
        plan.checks.push(Check::new("audit-copy", Level::Pass, copy));
    }
    Ok(plan)
}

/// One action on one target: what there is, and how far it has come. What is sent is the plan's [`change`](Plan::change).
#[async_trait]
pub trait Deed: Debug + Send + Sync {
    /// Reads what the plan rests on.
    async fn state(&self, bench: &Bench) -> Result<State, Fault>;
    /// Looks once how far it has come since `before`. `made` is what the service said it made, or what was found to be that.
    async fn look(&self, bench: &Bench, before: &State, made: &mut Option<Text>) -> Result<Look, Fault>;
    /// Why what a look sees, whose request nobody saw answered, cannot be of a request made then: it began too long after.
    /// `None`: it may be, or when it began is not told. `made` is what that look found.
    async fn is_later(&self, _: &Bench, _made: Option<&Text>, _then: Timestamp) -> Result<Option<String>, Fault> {
        Ok(None)
    }
    /// How long to look at most; where the order says less, that holds.
    fn patience(&self) -> Duration {
        executor::WATCH
    }
    /// After how long it takes longer than it should.
    fn usual(&self) -> Duration {
        executor::SLOW
    }
    /// The plans of which this one is made, if it is made of several: each is carried out by itself, one after the other.
    fn parts(&self) -> &[Arc<Plan>] {
        &[]
    }
    /// What is to be planned next, once it is done.
    fn next(&self) -> Option<Next> {
        None
    }
}

/// What is to be planned after an action.
#[derive(Clone, Debug)]
pub struct Next {
    /// The action.
    pub action: &'static ActionSpec,
    /// Its target, as it is written.
    pub target: Text,
    /// What it is for, as `replace the tasks …`.
    pub what: &'static str,
}

/// What one look gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Look {
    /// How far it has come.
    pub stage: Stage,
    /// The same in words.
    pub text: String,
    /// What there is now, to compare with what the plan rested on.
    pub state: State,
}

/// How far an action has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Nothing of it is to be seen.
    Unseen,
    /// Under way.
    Going,
    /// All is as it should be.
    Done,
    /// It went wrong.
    Failed,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn actions_have_ids_of_their_own_and_say_what_they_need() {
        let mut ids = ids();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), ACTIONS.len());
        for spec in ACTIONS {
            assert_eq!(action(spec.id).map(|found| found.id), Some(spec.id));
            assert!(!spec.doc.is_empty() && !spec.resource.is_empty(), "{spec:?}");
            assert_eq!(spec.actions.is_empty(), !spec.resource.starts_with("arn:"), "{spec:?}");
        }
        assert!(action("drop-everything").is_none());
    }

    #[test]
    fn f11_only_what_an_action_sends_can_change_anything() {
        let is_read = |action: &&str| {
            let name = action.split_once(':').map_or(*action, |(_, name)| name);
            ["List", "Describe", "Get"].iter().any(|verb| name.starts_with(verb))
        };
        let feeds = crate::feed::FEEDS.iter().flat_map(|feed| feed.actions);
        let reads = ACTIONS.iter().flat_map(|spec| spec.reads);
        let odd: Vec<&&str> = feeds.chain(reads).filter(|action| !is_read(action)).collect();
        assert_eq!(odd, [&""; 0]);
        assert!(ACTIONS.iter().flat_map(|spec| spec.actions).all(|action| !is_read(action)));
    }
}
