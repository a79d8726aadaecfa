//! The requests that change something, kept apart from those that read.
//!
//! All of them are in [`Change`]; nothing else can be asked for. Each is exactly one request, sent once and never repeated, and
//! takes a [`Permit`], which only the policy of actions makes.

mod processes;

use async_trait::async_trait;

use crate::model::{Fault, FaultKind};
use crate::text::Text;

pub use processes::{Process, Processes};

/// Leave to send one change. It cannot be copied, and sending uses it up.
#[derive(Debug)]
pub struct Permit(());

impl Permit {
    /// What the policy gives once everything speaks for a change; `tests/architecture.rs` sees to it that nobody else calls it.
    pub(crate) const fn granted() -> Self {
        Self(())
    }

    /// What stands behind a request that came in over the loopback, where the simulated world plays AWS: whoever sent it had
    /// one. Nobody but the loopback calls it.
    pub(crate) const fn of_the_sender() -> Self {
        Self(())
    }
}

/// What became of a change that was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sent {
    /// The service accepted it.
    Applied {
        /// The service's request id.
        request_id: Option<Text>,
        /// What it made: the id of the deployment.
        made: Option<Text>,
    },
    /// Nothing was changed: the service said no, or the request never left.
    Refused {
        /// Why.
        fault: Fault,
        /// The HTTP status of the service's answer, where there was one.
        status: Option<u16>,
    },
    /// It was sent, and no answer says what became of it.
    Unknown {
        /// What happened instead of an answer.
        fault: Fault,
        /// The HTTP status of the service's answer, where there was one.
        status: Option<u16>,
    },
}

/// What a container instance is told to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InstanceStatus {
    /// Takes tasks.
    Active,
    /// Takes none, and gives those of services away.
    Draining,
}

impl InstanceStatus {
    /// The word on the wire.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Active => "ACTIVE",
            Self::Draining => "DRAINING",
        }
    }
}

/// Everything that can be asked to be changed, each one request. What is shown before it is sent is made of these very fields.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// `UpdateService` with `forceNewDeployment=true` and nothing else.
    ForceDeployment {
        /// The cluster's ARN.
        cluster: Text,
        /// The service's ARN.
        service: Text,
    },
    /// `UpdateContainerInstancesState` for one instance.
    InstanceState {
        /// The cluster's ARN.
        cluster: Text,
        /// The container instance's ARN.
        instance: Text,
        /// What it is to be.
        status: InstanceStatus,
    },
    /// `ArchiveFindings` or `UnarchiveFindings` for one finding.
    FindingArchived {
        /// The detector's id.
        detector: Text,
        /// The finding's id.
        finding: Text,
        /// Whether it is to be archived.
        archived: bool,
    },
    /// `SetDesiredCapacity`. Without `HonorCooldown` it waits for no cooldown.
    GroupDesired {
        /// The Auto Scaling group's name.
        group: Text,
        /// Instances wanted.
        desired: u32,
    },
    /// `SuspendProcesses` or `ResumeProcesses` of processes that are named, one at least.
    GroupProcesses {
        /// The Auto Scaling group's name.
        group: Text,
        /// Which.
        processes: Processes,
        /// Whether they are to be suspended.
        suspended: bool,
    },
    /// `replSetStepDown` of the primary of a replica set, never with `force`.
    StepDown {
        /// The set, as configured here.
        set: Text,
        /// `host:port` of the primary, as the set names it.
        host: Text,
        /// How long it does not stand for election, seconds.
        rests: u32,
        /// How long it waits for a secondary that has everything, seconds.
        waits: u32,
    },
    /// `RebootDBInstance` with `ForceFailover=true`.
    FailOverInstance {
        /// The instance's identifier.
        instance: Text,
    },
    /// `FailoverDBCluster` to a member that is named.
    FailOverCluster {
        /// The cluster's identifier.
        cluster: Text,
        /// The identifier of the instance that is to write.
        to: Text,
    },
    /// `UpdateService` with `desiredCount` and nothing else.
    DesiredCount {
        /// The cluster's ARN.
        cluster: Text,
        /// The service's ARN.
        service: Text,
        /// How many tasks it is to want.
        tasks: u32,
    },
    /// `StopServiceDeployment` with `stopType=ROLLBACK`.
    RollBack {
        /// The ARN of the service deployment.
        deployment: Text,
    },
    /// `RegisterScalableTarget` of a service, with `SuspendedState` and nothing else that is changed.
    SuspendScaling {
        /// `service/CLUSTER/SERVICE`.
        resource: Text,
        /// Whether all three sorts of scaling are suspended, or none.
        suspended: bool,
    },
    /// `RotateSecret` without rules and without a function: these would change the schedule.
    RotateSecret {
        /// The secret's ARN.
        secret: Text,
        /// The token, which becomes the id of the new version: the same token again makes no second one.
        token: Text,
    },
    /// `CancelRotateSecret`.
    CancelRotation {
        /// The secret's ARN.
        secret: Text,
    },
}

impl Change {
    /// The IAM action of [`Change::ForceDeployment`].
    pub const FORCE_DEPLOYMENT: &'static str = "ecs:UpdateService";
    /// The IAM action of [`Change::InstanceState`].
    pub const INSTANCE_STATE: &'static str = "ecs:UpdateContainerInstancesState";
    /// The IAM action of [`Change::FindingArchived`] where it archives.
    pub const ARCHIVE: &'static str = "guardduty:ArchiveFindings";
    /// The IAM action of [`Change::FindingArchived`] where it takes that back.
    pub const UNARCHIVE: &'static str = "guardduty:UnarchiveFindings";
    /// The IAM action of [`Change::GroupDesired`].
    pub const GROUP_DESIRED: &'static str = "autoscaling:SetDesiredCapacity";
    /// The IAM action of [`Change::GroupProcesses`] where it suspends.
    pub const SUSPEND: &'static str = "autoscaling:SuspendProcesses";
    /// The IAM action of [`Change::GroupProcesses`] where it resumes.
    pub const RESUME: &'static str = "autoscaling:ResumeProcesses";

    /// The command of [`Change::StepDown`], for which there is no IAM action.
    pub const STEP_DOWN: &'static str = "replSetStepDown";
    /// The IAM action of [`Change::FailOverInstance`].
    pub const FAIL_OVER_INSTANCE: &'static str = "rds:RebootDBInstance";
    /// The IAM action of [`Change::FailOverCluster`].
    pub const FAIL_OVER_CLUSTER: &'static str = "rds:FailoverDBCluster";
    /// The IAM action of [`Change::DesiredCount`].
    pub const DESIRED_COUNT: &'static str = "ecs:UpdateService";
    /// The IAM action of [`Change::RollBack`].
    pub const ROLL_BACK: &'static str = "ecs:StopServiceDeployment";
    /// The IAM action of [`Change::SuspendScaling`].
    pub const SUSPEND_SCALING: &'static str = "application-autoscaling:RegisterScalableTarget";
    /// The dimension of a service that [`Change::SuspendScaling`] is about.
    pub const SERVICE_DIMENSION: &'static str = "ecs:service:DesiredCount";
    /// The IAM action of [`Change::RotateSecret`].
    pub const ROTATE_SECRET: &'static str = "secretsmanager:RotateSecret";
    /// The IAM action of [`Change::CancelRotation`].
    pub const CANCEL_ROTATION: &'static str = "secretsmanager:CancelRotateSecret";

    /// The IAM action; of MongoDB the command.
    #[must_use]
    pub const fn action(&self) -> &'static str {
        match self {
            Self::ForceDeployment { .. } => Self::FORCE_DEPLOYMENT,
            Self::InstanceState { .. } => Self::INSTANCE_STATE,
            Self::FindingArchived { archived: true, .. } => Self::ARCHIVE,
            Self::FindingArchived { archived: false, .. } => Self::UNARCHIVE,
            Self::GroupDesired { .. } => Self::GROUP_DESIRED,
            Self::GroupProcesses { suspended: true, .. } => Self::SUSPEND,
            Self::GroupProcesses { suspended: false, .. } => Self::RESUME,
            Self::StepDown { .. } => Self::STEP_DOWN,
            Self::FailOverInstance { .. } => Self::FAIL_OVER_INSTANCE,
            Self::FailOverCluster { .. } => Self::FAIL_OVER_CLUSTER,
            Self::DesiredCount { .. } => Self::DESIRED_COUNT,
            Self::RollBack { .. } => Self::ROLL_BACK,
            Self::SuspendScaling { .. } => Self::SUSPEND_SCALING,
            Self::RotateSecret { .. } => Self::ROTATE_SECRET,
            Self::CancelRotation { .. } => Self::CANCEL_ROTATION,
        }
    }

    /// Every parameter as it is sent, by its name on the wire; a list by its items, with commas between.
    #[must_use]
    pub fn parameters(&self) -> Vec<(&'static str, Text)> {
        match self {
            Self::ForceDeployment { cluster, service } => vec![
                ("cluster", cluster.clone()),
                ("service", service.clone()),
                ("forceNewDeployment", Text::from("true")),
            ],
            Self::InstanceState { cluster, instance, status } => vec![
                ("cluster", cluster.clone()),
                ("containerInstances", instance.clone()),
                ("status", Text::from(status.word())),
            ],
            Self::FindingArchived { detector, finding, .. } => {
                vec![("detectorId", detector.clone()), ("findingIds", finding.clone())]
            }
            Self::GroupDesired { group, desired } => {
                vec![("AutoScalingGroupName", group.clone()), ("DesiredCapacity", Text::from(desired.to_string()))]
            }
            Self::GroupProcesses { group, processes, .. } => {
                vec![("AutoScalingGroupName", group.clone()), ("ScalingProcesses", Text::from(processes.to_string()))]
            }
            Self::StepDown { rests, waits, .. } => vec![
                ("replSetStepDown", Text::from(rests.to_string())),
                ("secondaryCatchUpPeriodSecs", Text::from(waits.to_string())),
            ],
            Self::FailOverInstance { instance } => {
                vec![("DBInstanceIdentifier", instance.clone()), ("ForceFailover", Text::from("true"))]
            }
            Self::FailOverCluster { cluster, to } => {
                vec![("DBClusterIdentifier", cluster.clone()), ("TargetDBInstanceIdentifier", to.clone())]
            }
            Self::DesiredCount { cluster, service, tasks } => vec![
                ("cluster", cluster.clone()),
                ("service", service.clone()),
                ("desiredCount", Text::from(tasks.to_string())),
            ],
            Self::RollBack { deployment } => {
                vec![("serviceDeploymentArn", deployment.clone()), ("stopType", Text::from("ROLLBACK"))]
            }
            Self::SuspendScaling { resource, suspended } => {
                let flags = ["DynamicScalingInSuspended", "DynamicScalingOutSuspended", "ScheduledScalingSuspended"];
                vec![
                    ("ServiceNamespace", Text::from("ecs")),
                    ("ResourceId", resource.clone()),
                    ("ScalableDimension", Text::from(Self::SERVICE_DIMENSION)),
                    ("SuspendedState", Text::from(flags.map(|flag| format!("{flag}:{suspended}")).join(","))),
                ]
            }
            Self::RotateSecret { secret, token } => {
                vec![("SecretId", secret.clone()), ("ClientRequestToken", token.clone())]
            }
            Self::CancelRotation { secret } => vec![("SecretId", secret.clone())],
        }
    }
}

/// What changes something: one request, sent once.
#[async_trait]
pub trait Changes: Send + Sync {
    /// Sends it.
    async fn send(&self, permit: Permit, change: &Change) -> Sent;
}

/// Stands where nothing can be changed.
pub struct NoChanges;

#[async_trait]
impl Changes for NoChanges {
    async fn send(&self, _: Permit, change: &Change) -> Sent {
        let what = "nothing can be changed here";
        Sent::Refused { fault: Fault::new(FaultKind::Unsupported, change.action(), what), status: None }
    }
}
