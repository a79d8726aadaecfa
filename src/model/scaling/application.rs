//! Application Auto Scaling: what it may scale, by which policies, and what it did.

use super::Activity;
use crate::text::Text;
use crate::time::Timestamp;

/// Everything the scaling feed knows of one stack: scalable targets of ECS, their policies and activities.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ScalingFacts {
    /// Targets, by resource and dimension.
    pub targets: Vec<Target>,
    /// Policies, by resource and name.
    pub policies: Vec<Policy>,
    /// Activities, the newest first; kept for as long as the console runs. Those that changed nothing (not scaled) are among them.
    pub activities: Vec<Activity>,
    /// When each part was read.
    pub read_at: ScalingRead,
}

/// When each part was read last; absent: never.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ScalingRead {
    /// Targets.
    pub targets: Option<Timestamp>,
    /// Policies.
    pub policies: Option<Timestamp>,
    /// Activities.
    pub activities: Option<Timestamp>,
}

/// A scalable target.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Target {
    /// `ResourceId`: `service/CLUSTER/SERVICE` for a service.
    pub resource: Text,
    /// `ScalableDimension`: `ecs:service:DesiredCount`.
    pub dimension: Text,
    /// `MinCapacity`.
    pub minimum: Option<u32>,
    /// `MaxCapacity`.
    pub maximum: Option<u32>,
    /// `SuspendedState`; absent: the answer has none.
    pub suspended: Option<Suspended>,
    /// When it was registered.
    pub created_at: Option<Timestamp>,
}

impl Target {
    /// Cluster and name of the service it scales; `None` for anything else.
    #[must_use]
    pub fn service(&self) -> Option<(&str, &str)> {
        service_of(&self.resource)
    }
}

/// Cluster and name of a service from `service/CLUSTER/SERVICE`.
pub(super) fn service_of(resource: &str) -> Option<(&str, &str)> {
    resource.strip_prefix("service/")?.split_once('/')
}

/// `SuspendedState` of a target; absent fields are false (API reference).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Suspended {
    /// `DynamicScalingOutSuspended`.
    pub scaling_out: bool,
    /// `DynamicScalingInSuspended`.
    pub scaling_in: bool,
    /// `ScheduledScalingSuspended`.
    pub scheduled: bool,
}

/// A scaling policy.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Policy {
    /// `PolicyName`.
    pub name: Text,
    /// `PolicyARN`: what an alarm's action names.
    pub arn: Text,
    /// `ResourceId`, as of [`Target::resource`].
    pub resource: Text,
    /// `ScalableDimension`.
    pub dimension: Text,
    /// `PolicyType`: `StepScaling`, `TargetTrackingScaling`, `PredictiveScaling`.
    pub kind: Option<Text>,
    /// The metric it tracks: `PredefinedMetricType`, or the name of a customized metric.
    pub metric: Option<Text>,
    /// `TargetValue` of target tracking, in the metric's unit.
    pub target: Option<f64>,
    /// `DisableScaleIn` of target tracking.
    pub scale_in_disabled: Option<bool>,
    /// Seconds of `ScaleOutCooldown`, or of `Cooldown` of step scaling.
    pub cooldown: Option<u32>,
    /// The least and the most change of its steps (`ScalingAdjustment`) of step scaling.
    pub steps: Option<(i32, i32)>,
    /// Names of the alarms that drive it.
    pub alarms: Vec<Text>,
}

impl Policy {
    /// Cluster and name of the service it scales; `None` for anything else.
    #[must_use]
    pub fn service(&self) -> Option<(&str, &str)> {
        service_of(&self.resource)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_is_named_by_its_resource() {
        let target = |resource: &str| Target { resource: Text::from(resource), ..Target::default() };
        assert_eq!(target("service/ehr/ehr-api").service(), Some(("ehr", "ehr-api")));
        assert_eq!(target("table/ehr").service(), None);
        assert_eq!(target("service/ehr").service(), None);
    }
}
