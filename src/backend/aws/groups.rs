//! Amazon EC2 Auto Scaling.

mod changes;

use async_trait::async_trait;
use aws_config::SdkConfig;
use aws_sdk_autoscaling::Client;
use aws_sdk_autoscaling::config::Builder;
use aws_sdk_autoscaling::types::{AutoScalingGroup, Instance};

use super::access::Access;
use super::values::{number, text, text_or_empty, texts, time, token};
use super::whole::Whole;
use crate::backend::ports::{Groups, Page, limits};
use crate::model::Fault;
use crate::model::scaling::{Group, GroupInstance};

/// The tag ECS puts on a group whose scaling it manages.
const MANAGED_TAG: &str = "AmazonECSManaged";

/// The adapter.
pub(super) struct AwsGroups {
    client: Client,
    access: Access,
}

impl AwsGroups {
    pub fn new(config: &SdkConfig, access: Access) -> Self {
        Self { client: Client::from_conf(Builder::from(config).interceptor(Whole).build()), access }
    }
}

#[async_trait]
impl Groups for AwsGroups {
    async fn groups(&self, names: &[String], from: Option<&str>) -> Result<Page<Group>, Fault> {
        let request = self
            .client
            .describe_auto_scaling_groups()
            .set_auto_scaling_group_names(Some(names.to_vec()))
            .max_records(i32::try_from(limits::GROUPS_PAGE).unwrap_or(i32::MAX))
            .set_next_token(from.map(str::to_owned));
        let page = self.access.ask("autoscaling:DescribeAutoScalingGroups", request.send()).await?;
        Ok(Page { items: page.auto_scaling_groups().iter().map(group).collect(), next: token(page.next_token()) })
    }
}

/// The SDK fills in 0 for sizes that are absent, so here they are never `None`; Auto Scaling always sends them.
fn group(raw: &AutoScalingGroup) -> Group {
    Group {
        name: text_or_empty(raw.auto_scaling_group_name()),
        arn: text(raw.auto_scaling_group_arn()),
        minimum: number(raw.min_size()),
        maximum: number(raw.max_size()),
        desired: number(raw.desired_capacity()),
        zones: texts(raw.availability_zones()),
        instances: raw.instances().iter().map(instance).collect(),
        termination_policies: texts(raw.termination_policies()),
        suspended: raw
            .suspended_processes()
            .iter()
            .map(|p| (text_or_empty(p.process_name()), text(p.suspension_reason())))
            .collect(),
        protects_new_instances: raw.new_instances_protected_from_scale_in(),
        managed_by_ecs: raw.tags().iter().any(|tag| tag.key() == Some(MANAGED_TAG)),
        created_at: time(raw.created_time()),
    }
}

fn instance(raw: &Instance) -> GroupInstance {
    GroupInstance {
        id: text_or_empty(raw.instance_id()),
        az: text(raw.availability_zone()),
        lifecycle: text(raw.lifecycle_state()),
        health: text(raw.health_status()),
        protected: raw.protected_from_scale_in(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::aws::replay::{self, xml};
    use crate::time::Timestamp;

    async fn read(groups: &str) -> Page<Group> {
        let body = format!(
            "<DescribeAutoScalingGroupsResponse xmlns=\"http://autoscaling.amazonaws.com/doc/2011-01-01/\">\
             <DescribeAutoScalingGroupsResult><AutoScalingGroups>{groups}</AutoScalingGroups><NextToken>n</NextToken>\
             </DescribeAutoScalingGroupsResult></DescribeAutoScalingGroupsResponse>"
        );
        let (config, access, sent) = replay::of([xml(200, &body)]);
        let page = AwsGroups::new(&config, access).groups(&["web".to_owned()], Some("m")).await.unwrap();
        let asked = sent.lock().unwrap()[0].clone();
        for part in ["AutoScalingGroupNames.member.1=web", "MaxRecords=100", "NextToken=m"] {
            assert!(asked.contains(part), "{asked}");
        }
        page
    }

    #[tokio::test]
    async fn a_full_group_keeps_every_field() {
        let page = read(
            "<member><AutoScalingGroupName>web</AutoScalingGroupName><AutoScalingGroupARN>arn:g</AutoScalingGroupARN>\
             <MinSize>1</MinSize><MaxSize>4</MaxSize><DesiredCapacity>-2</DesiredCapacity>\
             <AvailabilityZones><member>us-east-1a</member></AvailabilityZones>\
             <NewInstancesProtectedFromScaleIn>true</NewInstancesProtectedFromScaleIn>\
             <CreatedTime>2026-03-14T03:12:44Z</CreatedTime>\
             <Instances><member><InstanceId>i-1</InstanceId><AvailabilityZone>us-east-1a</AvailabilityZone>\
             <LifecycleState>Terminating:Wait</LifecycleState><HealthStatus>Unhealthy</HealthStatus>\
             <ProtectedFromScaleIn>false</ProtectedFromScaleIn></member></Instances>\
             <SuspendedProcesses><member><ProcessName>Launch</ProcessName></member></SuspendedProcesses>\
             <Tags><member><Key>AmazonECSManaged</Key><Value></Value></member></Tags></member>",
        )
        .await;
        let group = &page.items[0];
        assert_eq!(
            (page.next.as_deref(), &*group.name, group.minimum, group.maximum),
            (Some("n"), "web", Some(1), Some(4))
        );
        assert_eq!((group.desired, group.managed_by_ecs, group.protects_new_instances), (Some(0), true, Some(true)));
        assert_eq!(group.instances[0].lifecycle.as_deref(), Some("Terminating:Wait"));
        assert_eq!(group.instances[0].protected, Some(false));
        assert_eq!(group.suspended, [("Launch".into(), None)]);
        assert_eq!(group.created_at, Timestamp::parse("2026-03-14T03:12:44Z").ok());
    }

    #[tokio::test]
    async fn an_empty_group_is_still_a_group() {
        let page = read("<member/>").await;
        let zero = Some(0);
        assert_eq!(page.items, [Group { minimum: zero, maximum: zero, desired: zero, ..Group::default() }]);
    }
}
