//! Amazon ECS: clusters, services, tasks, container instances, capacity providers.

mod capacity;
mod join;
mod preflight;

use std::sync::Arc;

pub use capacity::{FIRST_EPHEMERAL_PORT, HostPorts, Instance, Provider, Size, fits};
pub use join::{EcsIndex, Spread};
pub use preflight::{Image, Protection, Revision, RevisionTasks, ServiceDeployment};

use crate::text::Text;
use crate::time::Timestamp;

/// Something read at a certain time. After a partial failure, what could not be read again keeps its older time.
#[derive(Debug, PartialEq)]
pub struct Seen<T> {
    /// When it was read.
    pub at: Timestamp,
    /// What was read.
    pub item: Arc<T>,
}

impl<T> Clone for Seen<T> {
    fn clone(&self) -> Self {
        Self { at: self.at, item: Arc::clone(&self.item) }
    }
}

/// Everything the ECS feed knows of one stack.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EcsFacts {
    /// Watched clusters, by name.
    pub clusters: Vec<Seen<Cluster>>,
    /// How many other clusters the account has in the region, which the stack leaves out: nothing is known of them.
    pub unwatched: usize,
    /// Their services, by cluster and name.
    pub services: Vec<Seen<Service>>,
    /// Their running tasks, by cluster and id.
    pub tasks: Vec<Seen<Task>>,
    /// Their container instances, by cluster and id.
    pub instances: Vec<Seen<Instance>>,
    /// The capacity providers their clusters name.
    pub providers: Vec<Seen<Provider>>,
    /// Things listed or asked for that could not be described. Each becomes a row, never silence.
    pub missing: Vec<Missing>,
}

/// Tasks that have stopped, kept for as long as the console runs (ECS itself forgets them after about an hour).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StoppedFacts {
    /// The tasks, newest stop first.
    pub tasks: Vec<Seen<Task>>,
    /// Stopped tasks that could not be described.
    pub missing: Vec<Missing>,
}

/// What a [`Missing`] thing is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A cluster.
    Cluster,
    /// A service.
    Service,
    /// A task.
    Task,
    /// A container instance.
    Instance,
    /// A capacity provider.
    Provider,
}

impl Kind {
    /// The word for it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Cluster => "cluster",
            Self::Service => "service",
            Self::Task => "task",
            Self::Instance => "instance",
            Self::Provider => "provider",
        }
    }
}

/// A thing that exists by one answer and is absent from another.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Missing {
    /// What it is.
    pub kind: Kind,
    /// The cluster's name, where there is one.
    pub cluster: Option<Text>,
    /// Its ARN or name as it was asked for.
    pub arn: Text,
    /// Why, in the service's words: `MISSING`, `ACCESS_DENIED`, or the fault of the call.
    pub reason: Text,
    /// Whether the call failed, which is told of all it asked for together.
    pub unread: bool,
}

/// A cluster.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Cluster {
    /// Its ARN.
    pub arn: Text,
    /// Its name.
    pub name: Text,
    /// `ACTIVE`, `PROVISIONING`, `DEPROVISIONING`, `FAILED`, `INACTIVE`.
    pub status: Option<Text>,
    /// `attachmentsStatus`: `UPDATE_COMPLETE`, `UPDATE_FAILED` …
    pub attachments_status: Option<Text>,
    /// Tasks in `RUNNING`.
    pub running_tasks: u32,
    /// Tasks in `PENDING`.
    pub pending_tasks: u32,
    /// Services in `ACTIVE`.
    pub active_services: u32,
    /// Container instances registered.
    pub instances: u32,
    /// Names of its capacity providers.
    pub providers: Vec<Text>,
}

/// How a service schedules its tasks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Scheduling {
    /// A number of copies.
    #[default]
    Replica,
    /// One on every instance.
    Daemon,
}

/// A service.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Service {
    /// Its ARN.
    pub arn: Text,
    /// Its name.
    pub name: Text,
    /// Its cluster's ARN.
    pub cluster_arn: Text,
    /// `ACTIVE`, `DRAINING`, `INACTIVE`.
    pub status: Option<Text>,
    /// Replica or daemon.
    pub scheduling: Scheduling,
    /// Who deploys it: `ECS` (also where absent), `CODE_DEPLOY`, `EXTERNAL`.
    pub controller: Option<Text>,
    /// `EC2`, `FARGATE`, `EXTERNAL`; absent where a provider strategy stands instead.
    pub launch_type: Option<Text>,
    /// Capacity providers of its strategy.
    pub providers: Vec<Text>,
    /// `desiredCount`.
    pub desired: u32,
    /// `runningCount`.
    pub running: u32,
    /// `pendingCount`.
    pub pending: u32,
    /// The task definition's ARN.
    pub task_definition: Option<Text>,
    /// How a deployment may proceed.
    pub rollout: Rollout,
    /// Deployments, the primary one first.
    pub deployments: Vec<Deployment>,
    /// ARNs of the revisions it runs now: of the primary deployment, and of those that are running out. Empty where the
    /// answer has none.
    pub revisions: Vec<Text>,
    /// The newest events, newest first.
    pub events: Vec<Event>,
    /// Target groups it registers with.
    pub target_groups: u32,
    /// Placement constraints, as `distinctInstance` or `memberOf: expression`.
    pub constraints: Vec<Text>,
    /// When it was made.
    pub created_at: Option<Timestamp>,
}

impl Service {
    /// The cluster's name, from its ARN.
    #[must_use]
    pub fn cluster(&self) -> Text {
        tail(&self.cluster_arn)
    }

    /// `CLUSTER/SERVICE`, as a person and `rounds act` write it.
    #[must_use]
    pub fn label(&self) -> Text {
        Text::from(format!("{}/{}", tail(&self.cluster_arn), self.name))
    }

    /// The primary deployment.
    #[must_use]
    pub fn primary(&self) -> Option<&Deployment> {
        self.deployments.iter().find(|d| d.status.as_deref() == Some("PRIMARY"))
    }

    /// Whether ECS itself deploys it.
    #[must_use]
    pub fn deployed_by_ecs(&self) -> bool {
        self.controller.as_deref().is_none_or(|c| c == "ECS")
    }

    /// The fewest tasks a deployment or a drain leaves running: `ceil(desired × minimum %)`.
    #[must_use]
    pub fn lower_bound(&self) -> Option<u32> {
        let share = u64::from(self.rollout.minimum_percent?) * u64::from(self.desired);
        u32::try_from(share.div_ceil(100)).ok()
    }

    /// The most tasks a deployment runs at once: `floor(desired × maximum %)`.
    #[must_use]
    pub fn upper_bound(&self) -> Option<u32> {
        let share = u64::from(self.rollout.maximum_percent?) * u64::from(self.desired);
        u32::try_from(share / 100).ok()
    }

    /// Whether the bounds forbid both stopping and starting a task, so that deployments and drains hang without an event.
    #[must_use]
    pub fn deadlocked(&self) -> Option<bool> {
        let (lower, upper) = (self.lower_bound()?, self.upper_bound()?);
        Some(
            self.scheduling == Scheduling::Replica
                && self.desired > 0
                && upper <= self.desired
                && lower >= self.desired,
        )
    }
}

/// Deployment settings of a service.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rollout {
    /// `minimumHealthyPercent`.
    pub minimum_percent: Option<u32>,
    /// `maximumPercent`.
    pub maximum_percent: Option<u32>,
    /// `ROLLING` (also where absent), `BLUE_GREEN`, `LINEAR`, `CANARY`.
    pub strategy: Option<Text>,
    /// Circuit breaker: whether it is on and rolls back; `None` where the service does not say.
    pub breaker: Option<Breaker>,
}

/// The deployment circuit breaker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Breaker {
    /// It stops a failing deployment.
    pub enabled: bool,
    /// It also goes back to the last one that completed.
    pub rollback: bool,
}

/// One deployment of a service.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Deployment {
    /// Its id, `ecs-svc/…`.
    pub id: Text,
    /// `PRIMARY`, `ACTIVE`, `INACTIVE`.
    pub status: Option<Text>,
    /// `IN_PROGRESS`, `COMPLETED`, `FAILED`; absent for some controllers.
    pub rollout_state: Option<Text>,
    /// Why it is in that state.
    pub rollout_reason: Option<Text>,
    /// Task definition's ARN.
    pub task_definition: Option<Text>,
    /// Tasks wanted.
    pub desired: u32,
    /// Tasks pending.
    pub pending: u32,
    /// Tasks running.
    pub running: u32,
    /// Tasks that failed to start one after another; goes back to 0 once one runs.
    pub failed: u32,
    /// When it began.
    pub created_at: Option<Timestamp>,
    /// When it last changed.
    pub updated_at: Option<Timestamp>,
}

impl Deployment {
    /// Whether it is still rolling out.
    #[must_use]
    pub fn in_progress(&self) -> bool {
        self.rollout_state.as_deref() == Some("IN_PROGRESS")
    }
}

/// A service event: text without code or severity.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Event {
    /// Its id.
    pub id: Text,
    /// When it was written.
    pub at: Option<Timestamp>,
    /// What it says.
    pub message: Text,
}

/// A task.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Task {
    /// Its ARN.
    pub arn: Text,
    /// Its cluster's ARN.
    pub cluster_arn: Text,
    /// `service:NAME` for a service's task; `family:NAME` otherwise.
    pub group: Option<Text>,
    /// Task definition's ARN.
    pub task_definition: Option<Text>,
    /// `PROVISIONING`, `PENDING`, `RUNNING`, `STOPPED` …
    pub status: Option<Text>,
    /// What ECS wants it to be.
    pub desired_status: Option<Text>,
    /// `HEALTHY`, `UNHEALTHY`; `UNKNOWN` means that no health check is configured.
    pub health: Option<Text>,
    /// Availability zone.
    pub az: Option<Text>,
    /// Container instance's ARN; absent on Fargate.
    pub instance_arn: Option<Text>,
    /// Capacity provider.
    pub provider: Option<Text>,
    /// What it reserves, where the answer says.
    pub size: Option<Size>,
    /// Host ports it holds.
    pub ports: HostPorts,
    /// `CONNECTED` or `DISCONNECTED`.
    pub connectivity: Option<Text>,
    /// When connectivity last changed.
    pub connectivity_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Option<Timestamp>,
    /// When it ran.
    pub started_at: Option<Timestamp>,
    /// When it stopped.
    pub stopped_at: Option<Timestamp>,
    /// `stopCode`.
    pub stop_code: Option<Text>,
    /// `stoppedReason`.
    pub stopped_reason: Option<Text>,
    /// Its containers.
    pub containers: Vec<Container>,
}

impl Task {
    /// The short id, the tail of the ARN.
    #[must_use]
    pub fn id(&self) -> Text {
        tail(&self.arn)
    }

    /// The cluster's name, from its ARN.
    #[must_use]
    pub fn cluster(&self) -> Text {
        tail(&self.cluster_arn)
    }

    /// The service it belongs to.
    #[must_use]
    pub fn service(&self) -> Option<&str> {
        self.group.as_deref()?.strip_prefix("service:")
    }

    /// `CLUSTER/SERVICE/ID`, or `CLUSTER/ID` for a task of no service.
    #[must_use]
    pub fn label(&self) -> Text {
        let (cluster, id) = (self.cluster(), self.id());
        Text::from(self.service().map_or_else(|| format!("{cluster}/{id}"), |s| format!("{cluster}/{s}/{id}")))
    }
}

/// A container of a task.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Container {
    /// Its name.
    pub name: Text,
    /// `RUNNING`, `STOPPED` …
    pub status: Option<Text>,
    /// `HEALTHY`, `UNHEALTHY`, `UNKNOWN`.
    pub health: Option<Text>,
    /// Exit code, once it has ended.
    pub exit_code: Option<i32>,
    /// Why it stopped.
    pub reason: Option<Text>,
    /// The image, with its tag.
    pub image: Option<Text>,
    /// What the tag meant when the container started, `sha256:…`.
    pub digest: Option<Text>,
}

/// The part of an ARN (or of a path) after its last slash.
#[must_use]
pub fn tail(arn: &str) -> Text {
    Text::from(arn.rsplit('/').next().unwrap_or(arn))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn service(desired: u32, minimum: u32, maximum: u32) -> Service {
        Service {
            desired,
            rollout: Rollout { minimum_percent: Some(minimum), maximum_percent: Some(maximum), ..Rollout::default() },
            ..Service::default()
        }
    }

    #[test]
    fn bounds_follow_the_percentages() {
        let s = service(7, 50, 150);
        assert_eq!((s.lower_bound(), s.upper_bound()), (Some(4), Some(10)));
        assert_eq!(Service { desired: 3, ..Service::default() }.lower_bound(), None);
    }

    #[test]
    fn a_deadlock_is_computed_not_observed() {
        assert_eq!(service(1, 100, 150).deadlocked(), Some(true));
        assert_eq!(service(4, 100, 100).deadlocked(), Some(true));
        assert_eq!(service(4, 100, 200).deadlocked(), Some(false));
        assert_eq!(service(4, 50, 100).deadlocked(), Some(false));
        assert_eq!(service(0, 100, 100).deadlocked(), Some(false));
        assert_eq!(Service { scheduling: Scheduling::Daemon, ..service(4, 100, 100) }.deadlocked(), Some(false));
    }
}
