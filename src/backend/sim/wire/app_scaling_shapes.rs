//! Models of Application Auto Scaling in the members and types of the API. What AWS requires and no model holds has AWS's
//! default, is empty, or zero.

use serde_json::{Value, json};

use super::object::{Object, known};
use super::refusal::Failure;
use super::service::Call;
use crate::model::scaling::{Activity, NotScaled, Policy, Suspended, Target};
use crate::text::Text;
use crate::time::Timestamp;

/// `ServiceNamespace` of everything here.
const NAMESPACE: &str = "ecs";

/// `ScalableDimension` where a model has none; ECS has no other.
const DIMENSION: &str = "ecs:service:DesiredCount";

/// `StatusCode` of an activity (API model).
const STATUS: &[&str] = &["Pending", "InProgress", "Successful", "Overridden", "Unfulfilled", "Failed"];

/// `PredefinedMetricType` of ECS (API model); any other metric is one of the user's own.
const PREDEFINED: &[&str] = &[
    "ALBRequestCountPerTarget",
    "ECSServiceAverageCPUUtilization",
    "ECSServiceAverageCPUUtilizationHighResolution",
    "ECSServiceAverageMemoryUtilization",
    "ECSServiceAverageMemoryUtilizationHighResolution",
];

/// Where everything is: what ARNs are made of.
pub struct Place {
    partition: String,
    region: String,
    account: Text,
}

impl Place {
    /// Of the caller's account, in the region that is asked.
    ///
    /// # Errors
    /// If it is not known who the caller is.
    pub async fn of(call: &Call<'_>) -> Result<Self, Failure> {
        let identity = call.backend.sts.caller().await?;
        let partition = identity.arn.split(':').nth(1).unwrap_or("aws").to_owned();
        Ok(Self { partition, region: call.region.to_owned(), account: identity.account })
    }

    /// The ARN of a target; real ones end in an id that says nothing, here it is the resource.
    pub fn target(&self, resource: &str) -> String {
        let Self { partition, region, account } = self;
        format!("arn:{partition}:application-autoscaling:{region}:{account}:scalable-target/{resource}")
    }

    fn role(&self) -> String {
        let name = "ecs.application-autoscaling.amazonaws.com/AWSServiceRoleForApplicationAutoScaling_ECSService";
        format!("arn:{}:iam::{}:role/aws-service-role/{name}", self.partition, self.account)
    }

    fn alarm(&self, name: &str) -> String {
        format!("arn:{}:cloudwatch:{}:{}:alarm:{name}", self.partition, self.region, self.account)
    }
}

fn dimension(of: &str) -> &str {
    if of.is_empty() { DIMENSION } else { of }
}

/// A target.
pub fn target(target: &Target, place: &Place) -> Value {
    Object::default()
        .put("ServiceNamespace", NAMESPACE)
        .put("ResourceId", &target.resource)
        .put("ScalableDimension", dimension(&target.dimension))
        .put("MinCapacity", &target.minimum.unwrap_or(0))
        .put("MaxCapacity", &target.maximum.unwrap_or(0))
        .put("RoleARN", place.role().as_str())
        .put("CreationTime", &target.created_at.unwrap_or(Timestamp::from_secs(0)))
        .maybe("SuspendedState", target.suspended.map(suspended).as_ref())
        .done()
}

fn suspended(of: Suspended) -> Value {
    json!({
        "DynamicScalingInSuspended": of.scaling_in,
        "DynamicScalingOutSuspended": of.scaling_out,
        "ScheduledScalingSuspended": of.scheduled,
    })
}

/// A policy.
pub fn policy(policy: &Policy, place: &Place) -> Value {
    let kind = known(policy.kind.as_ref(), &["StepScaling", "TargetTrackingScaling", "PredictiveScaling"]);
    let kind = kind.map_or(if policy.steps.is_some() { "StepScaling" } else { "TargetTrackingScaling" }, |kind| kind);
    let answer = Object::default()
        .put("PolicyARN", &policy.arn)
        .put("PolicyName", &policy.name)
        .put("ServiceNamespace", NAMESPACE)
        .put("ResourceId", &policy.resource)
        .put("ScalableDimension", dimension(&policy.dimension))
        .put("PolicyType", kind)
        .list("Alarms", &policy.alarms, |name| json!({ "AlarmName": name.as_str(), "AlarmARN": place.alarm(name) }))
        .put("CreationTime", &Timestamp::from_secs(0));
    match kind {
        "StepScaling" => answer.put("StepScalingPolicyConfiguration", &steps(policy)).done(),
        "TargetTrackingScaling" => answer.put("TargetTrackingScalingPolicyConfiguration", &tracking(policy)).done(),
        _ => answer.done(),
    }
}

/// The model has the least and the most change of all steps: the first step and the last.
fn steps(policy: &Policy) -> Value {
    let changes = policy.steps.into_iter().flat_map(|(least, most)| [least, most]);
    Object::default()
        .put("AdjustmentType", "ChangeInCapacity")
        .list("StepAdjustments", changes, |change| json!({ "ScalingAdjustment": change }))
        .maybe("Cooldown", policy.cooldown.as_ref())
        .done()
}

fn tracking(policy: &Policy) -> Value {
    let predefined = known(policy.metric.as_ref(), PREDEFINED);
    let customized = policy.metric.as_ref().filter(|_| predefined.is_none());
    Object::default()
        .put("TargetValue", &policy.target.unwrap_or(0.0))
        .maybe(
            "PredefinedMetricSpecification",
            predefined.map(|metric| json!({ "PredefinedMetricType": metric.as_str() })).as_ref(),
        )
        .maybe(
            "CustomizedMetricSpecification",
            customized.map(|metric| json!({ "MetricName": metric.as_str() })).as_ref(),
        )
        .maybe("ScaleOutCooldown", policy.cooldown.as_ref())
        .maybe("DisableScaleIn", policy.scale_in_disabled.as_ref())
        .done()
}

/// An activity.
pub fn activity(activity: &Activity) -> Value {
    let answer = Object::default()
        .put("ActivityId", &activity.id)
        .put("ServiceNamespace", NAMESPACE)
        .put("ResourceId", &activity.resource)
        .put("ScalableDimension", dimension(&activity.dimension))
        .put("Description", activity.description.as_deref().unwrap_or_default())
        .put("Cause", activity.cause.as_deref().unwrap_or_default())
        .put("StartTime", &activity.started_at.unwrap_or(Timestamp::from_secs(0)))
        .maybe("EndTime", activity.ended_at.as_ref())
        .put("StatusCode", known(activity.status.as_ref(), STATUS).map_or("InProgress", |status| status))
        .maybe("StatusMessage", activity.message.as_ref());
    match activity.not_scaled.as_slice() {
        [] => answer.done(),
        reasons => answer.list("NotScaledReasons", reasons, reason).done(),
    }
}

fn reason(reason: &NotScaled) -> Value {
    Object::default()
        .put("Code", &reason.code)
        .maybe("MaxCapacity", reason.maximum.as_ref())
        .maybe("MinCapacity", reason.minimum.as_ref())
        .maybe("CurrentCapacity", reason.current.as_ref())
        .done()
}
