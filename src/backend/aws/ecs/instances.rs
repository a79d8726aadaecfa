//! Container instances.

use aws_sdk_ecs::types;

use crate::backend::aws::values::{count, text, text_or_empty, time};
use crate::model::ecs::{HostPorts, Instance, Size};
use crate::text::Text;

/// The attribute that holds the zone.
const ZONE: &str = "ecs.availability-zone";

pub(super) fn instance(cluster: &str, raw: &types::ContainerInstance) -> Instance {
    let agent_version = text(raw.version_info().and_then(types::VersionInfo::agent_version));
    let (left, registered) = (raw.remaining_resources(), raw.registered_resources());
    Instance {
        arn: text_or_empty(raw.container_instance_arn()),
        cluster_arn: Text::new(cluster),
        ec2_id: text(raw.ec2_instance_id()),
        status: text(raw.status()),
        status_reason: text(raw.status_reason()),
        agent_connected: agent_connected(raw.agent_connected(), agent_version.is_some()),
        agent_update: text(raw.agent_update_status()),
        agent_version,
        az: text(raw.attributes().iter().find(|a| a.name() == ZONE).and_then(types::Attribute::value)),
        provider: text(raw.capacity_provider_name()),
        remaining: size(left),
        total: size(registered),
        ports: ports(if resource(left, "PORTS").is_some() { left } else { registered }),
        running_tasks: count(raw.running_tasks_count()),
        pending_tasks: count(raw.pending_tasks_count()),
        health: text(raw.health_status().and_then(types::ContainerInstanceHealthStatus::overall_status)),
        registered_at: time(raw.registered_at()),
    }
}

/// The SDK reads an absent `agentConnected` as false. Managed instances run no agent and send neither the flag nor a version,
/// so a false without a version says nothing.
fn agent_connected(connected: bool, has_version: bool) -> Option<bool> {
    (connected || has_version).then_some(connected)
}

fn resource<'a>(all: &'a [types::Resource], name: &str) -> Option<&'a types::Resource> {
    all.iter().find(|resource| resource.name() == Some(name))
}

/// CPU and memory, where both are said.
fn size(all: &[types::Resource]) -> Option<Size> {
    let amount = |name| resource(all, name).map(|resource| count(resource.integer_value()));
    Some(Size { cpu: amount("CPU")?, memory: amount("MEMORY")? })
}

/// Ports taken. ECS lists them under the resources that remain, the ones it keeps for itself (22, 2375 …) among them.
fn ports(all: &[types::Resource]) -> HostPorts {
    let numbers = |name| {
        let values = resource(all, name).map(types::Resource::string_set_value).unwrap_or_default();
        values.iter().filter_map(|port| port.parse().ok()).collect()
    };
    HostPorts { tcp: numbers("PORTS"), udp: numbers("PORTS_UDP") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::aws::ecs::AwsEcs;
    use crate::backend::aws::replay::{self, json};
    use crate::backend::ports::Ecs;
    use crate::time::Timestamp;

    const CLUSTER: &str = "arn:aws:ecs:us-east-1:1:cluster/ehr";

    async fn read(body: &str) -> Instance {
        let (config, access, sent) = replay::of([json(200, &format!("{{\"containerInstances\":[{body}]}}"))]);
        let mut answer = AwsEcs::new(&config, access).instances(CLUSTER, &["x".to_owned()]).await.unwrap();
        assert!(sent.lock().unwrap()[0].contains("\"include\":[\"CONTAINER_INSTANCE_HEALTH\"]"));
        assert!(answer.failures.is_empty(), "{:?}", answer.failures);
        answer.items.remove(0)
    }

    #[tokio::test]
    async fn a_full_instance_keeps_every_field() {
        let seen = read(
            r#"{"containerInstanceArn":"arn:ci/ehr/0123","ec2InstanceId":"i-1","capacityProviderName":"cp","status":"DRAINING",
            "statusReason":"why","versionInfo":{"agentVersion":"1.80.0"},"agentConnected":false,"agentUpdateStatus":"STAGED",
            "attributes":[{"name":"ecs.os-type","value":"linux"},{"name":"ecs.availability-zone","value":"us-east-1b"}],
            "remainingResources":[{"name":"CPU","integerValue":-128},{"name":"MEMORY","integerValue":900},
              {"name":"PORTS","stringSetValue":["22","8080","x"]},{"name":"PORTS_UDP","stringSetValue":["53"]}],
            "registeredResources":[{"name":"CPU","integerValue":2048},{"name":"MEMORY","integerValue":3900},
              {"name":"PORTS","stringSetValue":["22"]}],
            "runningTasksCount":3,"pendingTasksCount":-1,"healthStatus":{"overallStatus":"IMPAIRED"},"registeredAt":1700000000}"#,
        )
        .await;
        assert_eq!(
            (&*seen.label(), seen.status.as_deref(), seen.status_reason.as_deref()),
            ("ehr/i-1", Some("DRAINING"), Some("why"))
        );
        assert_eq!((seen.agent_connected, seen.agent_version.as_deref()), (Some(false), Some("1.80.0")));
        assert_eq!((seen.agent_update.as_deref(), seen.az.as_deref()), (Some("STAGED"), Some("us-east-1b")));
        assert_eq!(seen.remaining, Some(Size { cpu: 0, memory: 900 }));
        assert_eq!(seen.total, Some(Size { cpu: 2_048, memory: 3_900 }));
        let ports = HostPorts { tcp: vec![22, 8_080], udp: vec![53] };
        assert_eq!((seen.ports, seen.running_tasks, seen.pending_tasks), (ports, 3, 0));
        assert_eq!((seen.health.as_deref(), seen.provider.as_deref()), (Some("IMPAIRED"), Some("cp")));
        assert_eq!(seen.registered_at, Some(Timestamp::from_secs(1_700_000_000)));
    }

    #[tokio::test]
    async fn a_sparse_instance_has_only_its_arn_and_no_agent_to_speak_of() {
        let seen = read(r#"{"containerInstanceArn":"arn:ci","versionInfo":{},"remainingResources":[{}],"attributes":[{}],"healthStatus":{}}"#).await;
        let expected = Instance { arn: "arn:ci".into(), cluster_arn: CLUSTER.into(), ..Instance::default() };
        assert_eq!(seen, expected);
    }

    #[tokio::test]
    async fn a_connected_agent_is_believed_even_without_a_version() {
        assert_eq!(
            read(r#"{"containerInstanceArn":"arn:ci","agentConnected":true}"#).await.agent_connected,
            Some(true)
        );
    }
}
