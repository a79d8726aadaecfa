//! Application Auto Scaling of ECS services.

use async_trait::async_trait;
use aws_config::SdkConfig;
use aws_sdk_applicationautoscaling::Client;
use aws_sdk_applicationautoscaling::config::Config;
use aws_sdk_applicationautoscaling::operation::RequestId;
use aws_sdk_applicationautoscaling::types::{
    CustomizedMetricSpecification, NotScaledReason, ScalableDimension, ScalableTarget, ScalingActivity, ScalingPolicy,
    ServiceNamespace, StepAdjustment, StepScalingPolicyConfiguration, SuspendedState, TargetTrackingMetricDataQuery,
    TargetTrackingScalingPolicyConfiguration,
};

use aws_smithy_types::retry::RetryConfig;

use super::access::Access;
use super::changes::{became, patience};
use super::values::{count, number, text, text_or_empty, time, token, word};
use crate::backend::change::{Change, Sent};
use crate::backend::ports::{AppScaling, Page, limits};
use crate::model::Fault;
use crate::model::scaling::{Activity, NotScaled, Policy, Suspended, Target};
use crate::text::Text;

/// The adapter.
pub(super) struct AwsAppScaling {
    client: Client,
    access: Access,
}

impl AwsAppScaling {
    pub fn new(config: &SdkConfig, access: Access) -> Self {
        Self { client: Client::new(config), access }
    }
}

impl AwsAppScaling {
    /// Suspends all scaling of a service, or none, once. Its bounds are left as they are.
    pub(super) async fn suspend(&self, resource: &str, suspended: bool) -> Sent {
        let state = SuspendedState::builder()
            .dynamic_scaling_in_suspended(suspended)
            .dynamic_scaling_out_suspended(suspended)
            .scheduled_scaling_suspended(suspended)
            .build();
        let request = self.client.register_scalable_target().service_namespace(ServiceNamespace::Ecs);
        let request = request.resource_id(resource).scalable_dimension(ScalableDimension::EcsServiceDesiredCount);
        // One attempt, whatever the client is set to.
        let once = Config::builder().timeout_config(patience()).retry_config(RetryConfig::disabled());
        let request = request.suspended_state(state).customize().config_override(once);
        let answer = self.access.send(Change::SUSPEND_SCALING, request.send()).await;
        became(answer, |answer| (text(answer.request_id()), None))
    }
}

fn page_size(most: usize) -> i32 {
    i32::try_from(most).unwrap_or(i32::MAX)
}

#[async_trait]
impl AppScaling for AwsAppScaling {
    async fn targets(&self, from: Option<&str>) -> Result<Page<Target>, Fault> {
        let request = self
            .client
            .describe_scalable_targets()
            .service_namespace(ServiceNamespace::Ecs)
            .max_results(page_size(limits::SCALING_PAGE))
            .set_next_token(from.map(str::to_owned));
        let page = self.access.ask("application-autoscaling:DescribeScalableTargets", request.send()).await?;
        Ok(Page { items: page.scalable_targets().iter().map(target).collect(), next: token(page.next_token()) })
    }

    async fn policies(&self, from: Option<&str>) -> Result<Page<Policy>, Fault> {
        let request = self
            .client
            .describe_scaling_policies()
            .service_namespace(ServiceNamespace::Ecs)
            .max_results(page_size(limits::SCALING_POLICIES_PAGE))
            .set_next_token(from.map(str::to_owned));
        let page = self.access.ask("application-autoscaling:DescribeScalingPolicies", request.send()).await?;
        Ok(Page { items: page.scaling_policies().iter().map(policy).collect(), next: token(page.next_token()) })
    }

    async fn activities(&self, from: Option<&str>) -> Result<Page<Activity>, Fault> {
        let request = self
            .client
            .describe_scaling_activities()
            .service_namespace(ServiceNamespace::Ecs)
            .include_not_scaled_activities(true)
            .max_results(page_size(limits::SCALING_PAGE))
            .set_next_token(from.map(str::to_owned));
        let page = self.access.ask("application-autoscaling:DescribeScalingActivities", request.send()).await?;
        Ok(Page { items: page.scaling_activities().iter().map(activity).collect(), next: token(page.next_token()) })
    }
}

/// The SDK fills in 0 for bounds that are absent, as it does 1970 for the time of registration. AWS always sends all three, so
/// a target without the time has no bounds to be believed either.
fn target(raw: &ScalableTarget) -> Target {
    let created_at = time(Some(raw.creation_time()));
    let bound = |raw| created_at.map(|_| count(raw));
    Target {
        resource: text_or_empty(Some(raw.resource_id())),
        dimension: word(Some(raw.scalable_dimension().as_str())).unwrap_or_default(),
        minimum: bound(raw.min_capacity()),
        maximum: bound(raw.max_capacity()),
        suspended: raw.suspended_state().map(suspended),
        created_at,
    }
}

fn suspended(raw: &SuspendedState) -> Suspended {
    Suspended {
        scaling_out: raw.dynamic_scaling_out_suspended().unwrap_or(false),
        scaling_in: raw.dynamic_scaling_in_suspended().unwrap_or(false),
        scheduled: raw.scheduled_scaling_suspended().unwrap_or(false),
    }
}

fn policy(raw: &ScalingPolicy) -> Policy {
    let (step, tracking) =
        (raw.step_scaling_policy_configuration(), raw.target_tracking_scaling_policy_configuration());
    let cooldown = tracking
        .and_then(TargetTrackingScalingPolicyConfiguration::scale_out_cooldown)
        .or_else(|| step.and_then(StepScalingPolicyConfiguration::cooldown));
    Policy {
        name: text_or_empty(Some(raw.policy_name())),
        arn: text_or_empty(Some(raw.policy_arn())),
        resource: text_or_empty(Some(raw.resource_id())),
        dimension: word(Some(raw.scalable_dimension().as_str())).unwrap_or_default(),
        kind: word(Some(raw.policy_type().as_str())),
        metric: tracking.and_then(tracked),
        // The SDK fills in 0 where it is absent, which is no target that AWS accepts.
        target: tracking.map(TargetTrackingScalingPolicyConfiguration::target_value).filter(|value| value.is_normal()),
        scale_in_disabled: tracking.and_then(TargetTrackingScalingPolicyConfiguration::disable_scale_in),
        cooldown: number(cooldown),
        steps: step.and_then(extremes),
        alarms: raw.alarms().iter().filter_map(|alarm| text(Some(alarm.alarm_name()))).collect(),
    }
}

/// The metric a policy tracks.
fn tracked(raw: &TargetTrackingScalingPolicyConfiguration) -> Option<Text> {
    let predefined =
        raw.predefined_metric_specification().and_then(|p| word(Some(p.predefined_metric_type().as_str())));
    predefined.or_else(|| customized(raw.customized_metric_specification()?))
}

/// The name of a metric of one's own; of an expression the label or id of what it gives back.
fn customized(raw: &CustomizedMetricSpecification) -> Option<Text> {
    let returned = |query: &&TargetTrackingMetricDataQuery| query.return_data() != Some(false);
    text(raw.metric_name()).or_else(|| named(raw.metrics().iter().find(returned)?))
}

fn named(query: &TargetTrackingMetricDataQuery) -> Option<Text> {
    let metric = query.metric_stat().and_then(|stat| stat.metric()).and_then(|metric| text(metric.metric_name()));
    metric.or_else(|| text(query.label())).or_else(|| text(Some(query.id())))
}

fn extremes(raw: &StepScalingPolicyConfiguration) -> Option<(i32, i32)> {
    let changes = || raw.step_adjustments().iter().map(StepAdjustment::scaling_adjustment);
    Some((changes().min()?, changes().max()?))
}

fn activity(raw: &ScalingActivity) -> Activity {
    Activity {
        id: text_or_empty(Some(raw.activity_id())),
        resource: text_or_empty(Some(raw.resource_id())),
        dimension: word(Some(raw.scalable_dimension().as_str())).unwrap_or_default(),
        description: text(Some(raw.description())),
        cause: text(Some(raw.cause())),
        started_at: time(Some(raw.start_time())),
        ended_at: time(raw.end_time()),
        status: word(Some(raw.status_code().as_str())),
        message: text(raw.status_message()),
        not_scaled: raw.not_scaled_reasons().iter().map(not_scaled).collect(),
    }
}

fn not_scaled(raw: &NotScaledReason) -> NotScaled {
    NotScaled {
        code: text_or_empty(Some(raw.code())),
        maximum: number(raw.max_capacity()),
        minimum: number(raw.min_capacity()),
        current: number(raw.current_capacity()),
    }
}

#[cfg(test)]
mod tests;
