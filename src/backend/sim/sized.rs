//! Scenarios of a given size, for tests of scale.

use super::guard::DetectorSpec;
use super::scenario::{CallerSpec, ClusterSpec, GroupSpec, InstancesSpec, ProviderSpec, Scenario};
use super::work::{BreakerSpec, PlacementSpec, RolloutSpec, ServiceSpec, TaskSpec};
use crate::time::Timestamp;
use std::collections::BTreeMap;
use std::time::Duration;

const ZONES: [&str; 3] = ["us-east-1a", "us-east-1b", "us-east-1c"];
/// One task of these worlds: a quarter vCPU and half a GiB.
const CPU: u32 = 256;
const MEMORY: u32 = 512;
/// Events ECS keeps for a service; one that has lived for a month has them all.
const EVENTS: u32 = 100;
/// 2026-03-14T03:00:00Z, the start the written scenarios have too.
const START: Timestamp = Timestamp::from_secs(1_773_457_200);
const AGE: Duration = Duration::from_secs(30 * 86_400);

/// See [`Scenario::sized`].
pub(super) fn sized(services: u32, tasks: u32, instances: u32) -> Scenario {
    let caller = CallerSpec {
        account: "123456789012".to_owned(),
        region: "us-east-1".to_owned(),
        arn: "arn:aws:sts::123456789012:assumed-role/SRE/ana".to_owned(),
        credentials_last: None,
    };
    let mut scenario = Scenario::assembled(caller, START);
    scenario.title = format!("{services} services, {tasks} tasks, {instances} instances");
    "a healthy world of a given size".clone_into(&mut scenario.about);
    "press {filter} to filter".clone_into(&mut scenario.hint);
    scenario.clusters.push(ClusterSpec {
        name: "scale".to_owned(),
        status: "ACTIVE".to_owned(),
        providers: vec!["scale-ec2".to_owned()],
    });
    scenario.groups.push(GroupSpec {
        name: "asg-scale".to_owned(),
        minimum: 0,
        maximum: instances,
        zones: ZONES.map(str::to_owned).to_vec(),
        suspended: Vec::new(),
        boot: Duration::from_secs(150),
        age: AGE,
        spot: false,
        spot_draining: false,
    });
    scenario.providers.push(ProviderSpec {
        name: "scale-ec2".to_owned(),
        group: "asg-scale".to_owned(),
        managed_scaling: true,
        target_capacity: 100,
        warmup: 300,
        termination_protection: true,
        managed_draining: true,
    });
    scenario.detector = Some(DetectorSpec::watching_everything());
    scenario.instances = machines(tasks, instances);
    scenario.services = (0..services).map(|n| service(n, services, tasks)).collect();
    scenario
}

fn machines(tasks: u32, instances: u32) -> Vec<InstancesSpec> {
    let each = tasks.div_ceil(instances.max(1));
    let room = each + each.div_ceil(4);
    (0_u32..)
        .zip(ZONES)
        .map(|(n, zone)| InstancesSpec {
            cluster: "scale".to_owned(),
            group: Some("asg-scale".to_owned()),
            zone: zone.to_owned(),
            count: instances / 3 + u32::from(n < instances % 3),
            cpu: room * CPU,
            memory: room * MEMORY,
            ids: Vec::new(),
            age: AGE,
            because: None,
        })
        .collect()
}

fn service(n: u32, services: u32, tasks: u32) -> ServiceSpec {
    ServiceSpec {
        name: format!("service-{n:04}"),
        cluster: "scale".to_owned(),
        provider: Some("scale-ec2".to_owned()),
        fargate: Vec::new(),
        desired: tasks / services + u32::from(n < tasks % services),
        task: TaskSpec {
            cpu: CPU,
            memory: MEMORY,
            image: format!("service-{n:04}:1.0"),
            revision: 1,
            ports: Vec::new(),
            sidecars: BTreeMap::new(),
            secrets: BTreeMap::new(),
        },
        rollout: RolloutSpec { minimum: 50, maximum: 200, breaker: BreakerSpec::Rollback },
        placement: PlacementSpec { no_rebalancing: true, ..PlacementSpec::default() },
        target_groups: 1,
        health_check: true,
        load: None,
        age: AGE,
        deployed: AGE,
        history: EVENTS,
        stopped: Vec::new(),
    }
}
