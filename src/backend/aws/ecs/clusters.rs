//! Clusters and capacity providers.

use aws_sdk_ecs::types;

use crate::backend::aws::values::{count, number, text, text_or_empty, texts};
use crate::model::ecs::{Cluster, Provider, tail};

pub(super) fn cluster(raw: &types::Cluster) -> Cluster {
    let arn = text_or_empty(raw.cluster_arn());
    Cluster {
        name: text(raw.cluster_name()).unwrap_or_else(|| tail(&arn)),
        arn,
        status: text(raw.status()),
        attachments_status: text(raw.attachments_status()),
        running_tasks: count(raw.running_tasks_count()),
        pending_tasks: count(raw.pending_tasks_count()),
        active_services: count(raw.active_services_count()),
        instances: count(raw.registered_container_instances_count()),
        providers: texts(raw.capacity_providers()),
    }
}

pub(super) fn provider(raw: &types::CapacityProvider) -> Provider {
    let arn = text(raw.capacity_provider_arn());
    let group = raw.auto_scaling_group_provider();
    let scaling = group.and_then(types::AutoScalingGroupProvider::managed_scaling);
    Provider {
        name: text(raw.name()).or_else(|| arn.as_deref().map(tail)).unwrap_or_default(),
        arn,
        status: text(raw.status()),
        group_arn: text(group.map(types::AutoScalingGroupProvider::auto_scaling_group_arn)),
        managed_scaling: text(scaling.and_then(types::ManagedScaling::status)),
        target_capacity: number(scaling.and_then(types::ManagedScaling::target_capacity)),
        warmup: number(scaling.and_then(types::ManagedScaling::instance_warmup_period)),
        termination_protection: text(group.and_then(types::AutoScalingGroupProvider::managed_termination_protection)),
        managed_draining: text(group.and_then(types::AutoScalingGroupProvider::managed_draining)),
        update_status: text(raw.update_status()),
        update_reason: text(raw.update_status_reason()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use types::{AutoScalingGroupProvider, CapacityProviderStatus, ManagedScaling, ManagedScalingStatus};

    #[test]
    fn a_cluster_keeps_every_field_and_absent_ones_stay_absent() {
        let raw = types::Cluster::builder()
            .cluster_arn("arn:aws:ecs:us-east-1:1:cluster/ehr")
            .status("ACTIVE")
            .attachments_status("")
            .running_tasks_count(7)
            .pending_tasks_count(-1)
            .active_services_count(i32::MAX)
            .registered_container_instances_count(3)
            .capacity_providers("FARGATE")
            .capacity_providers("")
            .build();
        let seen = cluster(&raw);
        assert_eq!((&*seen.name, seen.status.as_deref(), seen.attachments_status), ("ehr", Some("ACTIVE"), None));
        assert_eq!((seen.running_tasks, seen.pending_tasks, seen.active_services), (7, 0, 2_147_483_647));
        assert_eq!((seen.instances, seen.providers), (3, vec!["FARGATE".into()]));
        assert_eq!(cluster(&types::Cluster::builder().build()), Cluster::default());
    }

    #[test]
    fn a_provider_keeps_every_field_and_absent_ones_stay_absent() {
        let scaling = ManagedScaling::builder()
            .status(ManagedScalingStatus::Enabled)
            .target_capacity(90)
            .instance_warmup_period(-5)
            .build();
        let group = AutoScalingGroupProvider::builder()
            .auto_scaling_group_arn("arn:aws:autoscaling:us-east-1:1:autoScalingGroup:x:autoScalingGroupName/web")
            .managed_scaling(scaling)
            .managed_draining("SOMEDAY".into())
            .build()
            .unwrap();
        let raw = types::CapacityProvider::builder()
            .name("web")
            .capacity_provider_arn("arn:cp/web")
            .status(CapacityProviderStatus::Active)
            .auto_scaling_group_provider(group)
            .update_status_reason("late\u{202e}")
            .build();
        let seen = provider(&raw);
        assert_eq!(
            (&*seen.name, seen.status.as_deref(), seen.managed_scaling.as_deref()),
            ("web", Some("ACTIVE"), Some("ENABLED"))
        );
        assert_eq!(
            (seen.target_capacity, seen.warmup, seen.termination_protection.as_deref()),
            (Some(90), Some(0), None)
        );
        assert_eq!(
            (seen.managed_draining.as_deref(), seen.update_reason.as_deref()),
            (Some("SOMEDAY"), Some("late⟨U+202E⟩"))
        );
        assert_eq!(seen.group_name().as_deref(), Some("web"));
        assert_eq!(provider(&types::CapacityProvider::builder().build()), Provider::default());
    }
}
