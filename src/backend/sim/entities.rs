//! What a simulated world is made of.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;

use super::events::Log;
use super::group::{Activity, Refresh, Reserved};
use super::ledger::Record;
use super::scenario::ProviderSpec;
use super::work::ServiceSpec;
use crate::model::ecs::Size;
use crate::time::Timestamp;

/// Finds a task; keys grow with time and are never used twice.
pub(super) type TaskKey = u64;

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Cluster {
    pub name: String,
    pub arn: String,
    pub status: String,
    pub providers: Vec<String>,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Group {
    pub name: String,
    pub arn: String,
    pub minimum: u32,
    pub maximum: u32,
    pub desired: u32,
    pub zones: Vec<Arc<str>>,
    /// Processes that are suspended.
    pub suspended: Vec<String>,
    /// The cluster its instances join.
    pub cluster: usize,
    /// What one of its instances offers.
    pub shape: Size,
    pub boot: Duration,
    pub created_at: Timestamp,
    /// Its instances are spot instances; those that are to be reclaimed drain.
    pub spot: bool,
    pub spot_draining: bool,
    /// Zones in which there is nothing to be had, and until when.
    pub short: Vec<(String, Timestamp)>,
    /// In order of time.
    pub activities: Vec<Activity>,
    pub refreshes: Vec<Refresh>,
    /// Dice of its own: what is told changes nothing else in the world.
    pub rng: fastrand::Rng,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Provider {
    pub spec: ProviderSpec,
    pub arn: String,
    pub group: usize,
    /// A look at what is waiting is on the agenda.
    pub watching: bool,
    pub reserved: Reserved,
}

/// What becomes of an instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Takes tasks.
    Active,
    /// Gives its service tasks away and takes none.
    Draining,
}

/// How far an instance has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// Launched by its group, not yet registered.
    Booting,
    /// Registered.
    Registered(State),
    /// Terminated.
    Gone,
}

/// How far an instance that its group terminates has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Leaving {
    /// It waits until its service tasks are gone.
    Waits,
    /// It is shut down.
    Proceeds,
}

/// The line between an agent and ECS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Link {
    /// The network around the instance is gone: nothing on it can be reached.
    pub lost: bool,
    /// What ECS knows.
    pub connected: bool,
    /// Counts the changes, so that what an older one set in motion is dropped.
    pub epoch: u32,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Instance {
    pub arn: String,
    pub ec2_id: String,
    pub cluster: usize,
    pub group: Option<usize>,
    pub provider: Option<usize>,
    pub zone: Arc<str>,
    pub stage: Stage,
    pub link: Link,
    pub total: Size,
    pub used: Size,
    pub ports: BTreeSet<u16>,
    /// Tasks that hold a place on it.
    pub tasks: BTreeSet<TaskKey>,
    pub registered_at: Timestamp,
    pub leaving: Option<Leaving>,
    /// It stands for all of Fargate in its zone: tasks have their place on it, and nobody is shown it.
    pub is_fargate: bool,
}

impl Instance {
    /// Whether ECS shows it.
    pub(super) fn is_listed(&self) -> bool {
        matches!(self.stage, Stage::Registered(_)) && !self.is_fargate
    }

    /// Whether ECS would place a task on it.
    pub(super) fn placeable(&self) -> bool {
        self.stage == Stage::Registered(State::Active) && self.link.connected
    }

    pub(super) fn draining(&self) -> bool {
        self.stage == Stage::Registered(State::Draining)
    }

    /// Whether what runs on it can be reached.
    pub(super) const fn reachable(&self) -> bool {
        self.link.connected && !self.link.lost
    }

    pub(super) const fn free(&self) -> Size {
        Size {
            cpu: self.total.cpu.saturating_sub(self.used.cpu),
            memory: self.total.memory.saturating_sub(self.used.memory),
        }
    }
}

/// How the tasks of an image fare.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Outcome {
    #[default]
    #[serde(skip)]
    Runs,
    Crash,
    CannotPull,
    Oom,
}

/// A revision of a task definition.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Definition {
    pub arn: String,
    pub size: Size,
    pub ports: Vec<u16>,
    /// Names and images, the essential one first.
    pub containers: Vec<(String, String)>,
    /// What the first container is handed: the variable's name, and the secret as the scenario names it.
    pub secrets: Vec<(String, String)>,
    pub outcome: Outcome,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rolling {
    InProgress,
    Completed,
    Failed,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Deployment {
    /// `ecs-svc/…`.
    pub id: String,
    pub definition: Arc<Definition>,
    pub state: Rolling,
    pub reason: String,
    pub failed: u32,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// How long a service waits before it starts tasks again after failures.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Throttle {
    pub level: u32,
    pub until: Timestamp,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Service {
    pub spec: Arc<ServiceSpec>,
    pub arn: String,
    pub cluster: usize,
    pub provider: Option<usize>,
    pub target_group: Option<String>,
    pub desired: u32,
    /// The newest revision of its task definition.
    pub revision: u32,
    /// The primary one first.
    pub deployments: Vec<Deployment>,
    /// The definition of the last deployment that completed.
    pub stable: Arc<Definition>,
    /// Its deployments, the oldest first, those that are over among them.
    pub ledger: Vec<Record>,
    /// Tasks that have not stopped.
    pub tasks: BTreeSet<TaskKey>,
    pub throttle: Throttle,
    /// Since when it is steady; `None` while it is not.
    pub steady: Option<Timestamp>,
    pub log: Log,
    pub created_at: Timestamp,
}

impl Service {
    pub(super) fn bounds(&self) -> (u32, u32) {
        let share = |percent: u32| u64::from(percent) * u64::from(self.desired);
        let lower = share(self.spec.rollout.minimum).div_ceil(100);
        let upper = share(self.spec.rollout.maximum) / 100;
        (u32::try_from(lower).unwrap_or(u32::MAX), u32::try_from(upper).unwrap_or(u32::MAX))
    }

    /// Whether somebody looks at the health of its tasks.
    pub(super) fn checked(&self) -> bool {
        self.spec.health_check || self.spec.target_groups > 0
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Owner {
    Service { service: usize, deployment: String },
    Alone { family: String },
}

/// How far a task has come. It only ever moves on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Phase {
    Provisioning,
    Pending,
    Running,
    Stopping,
    Stopped,
}

/// Why a task stops.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Stop {
    pub code: String,
    pub reason: String,
    pub exit: Option<i32>,
    pub container_reason: Option<String>,
}

impl Stop {
    /// The scheduler's own decision.
    pub(super) fn scheduler(reason: String) -> Self {
        Self { code: "ServiceSchedulerInitiated".to_owned(), reason, exit: None, container_reason: None }
    }

    /// A container ended by itself.
    pub(super) fn exited(exit: i32, container_reason: Option<&str>) -> Self {
        Self {
            code: "EssentialContainerExited".to_owned(),
            reason: "Essential container in task exited".to_owned(),
            exit: Some(exit),
            container_reason: container_reason.map(str::to_owned),
        }
    }
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Task {
    pub arn: String,
    pub cluster: usize,
    pub owner: Owner,
    pub definition: Arc<Definition>,
    pub instance: Option<usize>,
    pub phase: Phase,
    /// Passes its checks, or has settled where there are none.
    pub ready: bool,
    /// It was ready once.
    pub proven: bool,
    pub connected: bool,
    pub connectivity_at: Option<Timestamp>,
    /// Protected from scale-in until then.
    pub protected_until: Option<Timestamp>,
    pub created_at: Timestamp,
    pub started_at: Option<Timestamp>,
    pub stopped_at: Option<Timestamp>,
    pub stop: Option<Stop>,
}

impl Task {
    /// Counted against a service's maximum: neither stopping nor stopped.
    pub(super) fn active(&self) -> bool {
        self.phase <= Phase::Running
    }

    /// Whether the scheduler must not stop it.
    pub(super) fn is_protected(&self, now: Timestamp) -> bool {
        self.protected_until.is_some_and(|until| now < until)
    }

    pub(super) fn id(&self) -> &str {
        self.arn.rsplit('/').next().unwrap_or(&self.arn)
    }

    pub(super) fn of_deployment(&self, id: &str) -> bool {
        matches!(&self.owner, Owner::Service { deployment, .. } if deployment == id)
    }

    pub(super) fn service(&self) -> Option<usize> {
        match self.owner {
            Owner::Service { service, .. } => Some(service),
            Owner::Alone { .. } => None,
        }
    }
}
