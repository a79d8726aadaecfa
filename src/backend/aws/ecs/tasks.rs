//! Tasks and their containers.

use std::collections::BTreeSet;

use aws_sdk_ecs::types;

use crate::backend::aws::values::{cpu_units, mebibytes, shared, text, text_or_empty, time};
use crate::model::ecs::{Container, HostPorts, Size, Task};

pub(super) fn task(cluster: &str, raw: &types::Task) -> Task {
    Task {
        arn: text_or_empty(raw.task_arn()),
        cluster_arn: shared(raw.cluster_arn()).or_else(|| shared(Some(cluster))).unwrap_or_default(),
        group: shared(raw.group()),
        task_definition: shared(raw.task_definition_arn()),
        status: shared(raw.last_status()),
        desired_status: shared(raw.desired_status()),
        health: shared(raw.health_status()),
        az: shared(raw.availability_zone()),
        instance_arn: shared(raw.container_instance_arn()),
        provider: shared(raw.capacity_provider_name()),
        size: size(raw),
        ports: ports(raw.containers()),
        connectivity: shared(raw.connectivity()),
        connectivity_at: time(raw.connectivity_at()),
        created_at: time(raw.created_at()),
        started_at: time(raw.started_at()),
        stopped_at: time(raw.stopped_at()),
        stop_code: text(raw.stop_code()),
        stopped_reason: text(raw.stopped_reason()),
        containers: raw.containers().iter().map(container).collect(),
    }
}

fn container(raw: &types::Container) -> Container {
    Container {
        name: shared(raw.name()).unwrap_or_default(),
        status: shared(raw.last_status()),
        health: shared(raw.health_status()),
        exit_code: raw.exit_code(),
        reason: text(raw.reason()),
        image: shared(raw.image()),
        digest: shared(raw.image_digest()),
    }
}

/// What the task holds of its instance: its own size where it has one, else the sum over its containers.
fn size(raw: &types::Task) -> Option<Size> {
    let cpu = cpu_units(raw.cpu()).or_else(|| total(raw.containers(), |c| cpu_units(c.cpu())));
    let memory = mebibytes(raw.memory()).or_else(|| total(raw.containers(), container_memory));
    (cpu.is_some() || memory.is_some()).then(|| Size { cpu: cpu.unwrap_or(0), memory: memory.unwrap_or(0) })
}

fn total(containers: &[types::Container], of: impl Fn(&types::Container) -> Option<u32>) -> Option<u32> {
    containers.iter().filter_map(of).reduce(u32::saturating_add)
}

/// The larger of reservation and limit: never less than what ECS sets aside for the container.
fn container_memory(raw: &types::Container) -> Option<u32> {
    mebibytes(raw.memory_reservation()).max(mebibytes(raw.memory()))
}

/// Ports of the host, each once, in order.
fn ports(containers: &[types::Container]) -> HostPorts {
    let bindings = containers.iter().flat_map(types::Container::network_bindings);
    let (udp, tcp) = bindings.partition(|binding| binding.protocol() == Some(&types::TransportProtocol::Udp));
    let numbers = |bindings: Vec<&types::NetworkBinding>| {
        let ports = bindings.iter().filter_map(|binding| u16::try_from(binding.host_port()?).ok());
        ports.filter(|port| *port != 0).collect::<BTreeSet<u16>>().into_iter().collect()
    };
    HostPorts { tcp: numbers(tcp), udp: numbers(udp) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::aws::ecs::AwsEcs;
    use crate::backend::aws::replay::{self, json};
    use crate::backend::ports::Ecs;
    use crate::time::Timestamp;

    const CLUSTER: &str = "arn:aws:ecs:us-east-1:1:cluster/ehr";

    async fn read(body: &str) -> Task {
        let (config, access, _) = replay::of([json(200, &format!("{{\"tasks\":[{body}]}}"))]);
        let mut answer = AwsEcs::new(&config, access).tasks(CLUSTER, &["x".to_owned()]).await.unwrap();
        assert!(answer.failures.is_empty(), "{:?}", answer.failures);
        answer.items.remove(0)
    }

    #[tokio::test]
    async fn a_full_task_keeps_every_field_and_no_override() {
        let seen = read(
            r#"{"taskArn":"arn:aws:ecs:us-east-1:1:task/ehr/0123","clusterArn":"arn:aws:ecs:us-east-1:1:cluster/ehr",
            "group":"service:web","taskDefinitionArn":"arn:td/web:7","lastStatus":"STOPPED","desiredStatus":"STOPPED",
            "healthStatus":"UNHEALTHY","availabilityZone":"us-east-1a","containerInstanceArn":"arn:ci","capacityProviderName":"cp",
            "cpu":"512","memory":"1 GB","connectivity":"DISCONNECTED","connectivityAt":1700000001,"createdAt":1700000002,
            "startedAt":1700000003,"stoppedAt":1700000004.25,"stopCode":"EssentialContainerExited",
            "stoppedReason":"Essential container in task exited\r\n\u001b[31m",
            "overrides":{"containerOverrides":[{"name":"app","environment":[{"name":"PASSWORD","value":"hunter2"}]}]},
            "containers":[{"name":"app","lastStatus":"STOPPED","healthStatus":"UNKNOWN","exitCode":137,"reason":"OutOfMemoryError: x",
              "image":"repo/app:1","imageDigest":"sha256:0af","networkBindings":[{"hostPort":443,"protocol":"tcp"},{"hostPort":53,"protocol":"udp"},
              {"hostPort":0},{"hostPort":80},{"hostPort":-1},{"hostPort":70000}]}]}"#,
        )
        .await;
        assert_eq!((&*seen.id(), seen.service(), seen.status.as_deref()), ("0123", Some("web"), Some("STOPPED")));
        assert_eq!(
            (seen.size, seen.ports.clone()),
            (Some(Size { cpu: 512, memory: 1_024 }), HostPorts { tcp: vec![80, 443], udp: vec![53] })
        );
        assert_eq!(seen.stop_code.as_deref(), Some("EssentialContainerExited"));
        assert_eq!(seen.stopped_reason.as_deref(), Some("Essential container in task exited␍␊␛[31m"));
        assert_eq!(seen.stopped_at, Some(Timestamp::from_millis(1_700_000_004_250)));
        assert_eq!(seen.connectivity.as_deref(), Some("DISCONNECTED"));
        let app = &seen.containers[0];
        assert_eq!((&*app.name, app.exit_code, app.reason.as_deref()), ("app", Some(137), Some("OutOfMemoryError: x")));
        assert!(!format!("{seen:?}").contains("hunter2"));
    }

    #[tokio::test]
    async fn a_sparse_task_has_only_its_arn() {
        let seen =
            read(r#"{"taskArn":"arn:t","containers":[{"networkBindings":[{}]}],"overrides":{},"healthStatus":""}"#)
                .await;
        let expected = Task {
            arn: "arn:t".into(),
            cluster_arn: CLUSTER.into(),
            containers: vec![Container::default()],
            ..Task::default()
        };
        assert_eq!(seen, expected);
    }

    #[tokio::test]
    async fn a_task_without_a_size_of_its_own_takes_its_containers_together() {
        let seen = read(
            r#"{"taskArn":"arn:t","containers":[{"cpu":"256","memory":"512","memoryReservation":"128"},
            {"cpu":"64","memoryReservation":"256"},{"cpu":"odd","memory":"-1"}]}"#,
        )
        .await;
        assert_eq!(seen.size, Some(Size { cpu: 320, memory: 768 }));
        let seen =
            read(r#"{"taskArn":"arn:t","cpu":"4294967295","containers":[{"memory":"4294967295"},{"memory":"9"}]}"#)
                .await;
        assert_eq!(seen.size, Some(Size { cpu: u32::MAX, memory: u32::MAX }));
    }

    #[tokio::test]
    async fn unknown_words_are_kept() {
        let seen = read(
            r#"{"taskArn":"arn:t","stopCode":"BoredException","healthStatus":"FEELING_FINE","lastStatus":"LIMBO"}"#,
        )
        .await;
        assert_eq!(seen.stop_code.as_deref(), Some("BoredException"));
        assert_eq!((seen.health.as_deref(), seen.status.as_deref()), (Some("FEELING_FINE"), Some("LIMBO")));
    }
}
