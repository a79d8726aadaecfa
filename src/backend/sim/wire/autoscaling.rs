//! Amazon EC2 Auto Scaling on the wire.

use serde_json::{Value, json};

use super::autoscaling_changes as changes;
use super::autoscaling_history as history;
use super::buckets::Class;
use super::object::Object;
use super::paging::{Bounds, every};
use super::refusal::Failure;
use super::service::{Call, Handler, Operation, Protocol, Service};
use crate::backend::ports::limits;
use crate::model::scaling::{Group, GroupInstance};
use crate::time::Timestamp;

/// The service.
pub const SERVICE: Service = Service {
    name: "autoscaling",
    iam: "autoscaling",
    protocol: Protocol::Query {
        version: "2011-01-01",
        namespace: "http://autoscaling.amazonaws.com/doc/2011-01-01/",
        items: &[],
    },
    operations: &[
        read("DescribeAutoScalingGroups", |c| Box::pin(describe_groups(c))),
        read("DescribeScalingActivities", |c| Box::pin(history::activities(c))),
        read("DescribeInstanceRefreshes", |c| Box::pin(history::refreshes(c))),
        modify("SetDesiredCapacity", |c| Box::pin(changes::set_desired(c))),
        modify("SuspendProcesses", |c| Box::pin(changes::set_processes(c, true))),
        modify("ResumeProcesses", |c| Box::pin(changes::set_processes(c, false))),
    ],
};

const fn read(name: &'static str, handler: Handler) -> Operation {
    Operation { name, class: Class::GroupRead, handler }
}

const fn modify(name: &'static str, handler: Handler) -> Operation {
    Operation { name, class: Class::GroupModify, handler }
}

/// Default and most of `MaxRecords`, and most names unless it is given (API model).
pub const PAGE: Bounds =
    Bounds { token: "NextToken", size: "MaxRecords", least: 1, default: 50, most: limits::GROUPS_PAGE };

/// Required of every group and in no model: AWS's default cooldown, seconds.
const DEFAULT_COOLDOWN: u32 = 300;

async fn describe_groups(call: &Call<'_>) -> Result<Value, Failure> {
    call.params.refuse(&["Filters"])?;
    let size = call.params.page_size(&PAGE)?;
    let with_instances = call.params.flag("IncludeInstances")?.unwrap_or(true);
    let names = call.params.texts("AutoScalingGroupNames")?.unwrap_or_default();
    if names.len() > size {
        return Err(Failure::invalid(format!("The number of Auto Scaling group names must not be over {size}")));
    }
    let names: Vec<String> = names.into_iter().map(str::to_owned).collect();
    let found = all_groups(call, &names).await?;
    let (page, next) = call.pages.cut(found, |group| &group.name, &PAGE)?;
    let answer = Object::default().list("AutoScalingGroups", &page, |group| group_shape(group, with_instances));
    Ok(answer.maybe("NextToken", next.as_deref()).done())
}

/// The groups with these names; all where none is named.
pub async fn all_groups(call: &Call<'_>, names: &[String]) -> Result<Vec<Group>, Failure> {
    let groups = &call.backend.groups;
    every(|token| Box::pin(async move { groups.groups(names, token.as_deref()).await })).await
}

/// A group. Members that AWS requires and the model does not know have AWS's defaults, or zero.
fn group_shape(group: &Group, with_instances: bool) -> Value {
    let created = group.created_at.unwrap_or(Timestamp::from_secs(0));
    let instances = group.instances.iter().filter(|_| with_instances);
    Object::default()
        .put("AutoScalingGroupName", &group.name)
        .maybe("AutoScalingGroupARN", group.arn.as_ref())
        .put("MinSize", &group.minimum.unwrap_or(0))
        .put("MaxSize", &group.maximum.unwrap_or(0))
        .put("DesiredCapacity", &group.desired.unwrap_or(0))
        .put("DefaultCooldown", &DEFAULT_COOLDOWN)
        .put("AvailabilityZones", &group.zones)
        .put("HealthCheckType", "EC2")
        .list("Instances", instances, instance_shape)
        .put("TerminationPolicies", &group.termination_policies)
        .put("CreatedTime", created.rfc3339().as_str())
        .list("SuspendedProcesses", &group.suspended, |(process, reason)| {
            Object::default().put("ProcessName", process).maybe("SuspensionReason", reason.as_ref()).done()
        })
        .maybe("NewInstancesProtectedFromScaleIn", group.protects_new_instances.as_ref())
        .list("Tags", group.managed_by_ecs.then_some(()), |()| {
            json!({
                "ResourceId": group.name.as_str(),
                "ResourceType": "auto-scaling-group",
                "Key": "AmazonECSManaged",
                "Value": "",
                "PropagateAtLaunch": true,
            })
        })
        .done()
}

fn instance_shape(instance: &GroupInstance) -> Value {
    Object::default()
        .put("InstanceId", &instance.id)
        .put("AvailabilityZone", instance.az.as_deref().unwrap_or_default())
        .put("LifecycleState", instance.lifecycle.as_deref().unwrap_or("InService"))
        .put("HealthStatus", instance.health.as_deref().unwrap_or("Healthy"))
        .put("ProtectedFromScaleIn", &instance.protected.unwrap_or(false))
        .done()
}
