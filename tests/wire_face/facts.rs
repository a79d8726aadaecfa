//! What clients read equals the world.

use std::collections::BTreeSet;
use std::fmt::Debug;

use aws_smithy_types::DateTime;
use rounds::backend::sim::wire::Server;
use rounds::model::ecs as model;
use rounds::text::Text;
use rounds::time::Timestamp;

use crate::{clients, quiet, world};

/// Milliseconds, rounded: JSON numbers are binary fractions.
fn millis(at: Option<&DateTime>) -> Option<i64> {
    at.map(|at| at.secs() * 1_000 + i64::from((at.subsec_nanos() + 500_000) / 1_000_000))
}

fn own(at: Option<Timestamp>) -> Option<i64> {
    at.map(Timestamp::millis)
}

fn plain(text: Option<&Text>) -> Option<&str> {
    text.map(Text::as_str)
}

fn set<T: Ord + Debug>(items: impl IntoIterator<Item = T>) -> BTreeSet<T> {
    let all: Vec<T> = items.into_iter().collect();
    let count = all.len();
    let set: BTreeSet<T> = all.into_iter().collect();
    assert_eq!(set.len(), count, "something is listed twice");
    set
}

async fn arns_of_tasks(server: &Server, cluster: &str) -> Vec<String> {
    let pages = clients::ecs(server).list_tasks().cluster(cluster).into_paginator().items().send();
    pages.collect::<Result<_, _>>().await.unwrap()
}

#[tokio::test]
async fn every_list_is_the_world_s() {
    let (server, world) = (quiet().await, world::world());
    let ecs = clients::ecs(&server);
    let clusters = ecs.list_clusters().into_paginator().items().send().collect::<Result<Vec<_>, _>>().await.unwrap();
    assert_eq!(set(clusters), set(world.clusters.iter().map(|c| c.arn.to_string())));
    for cluster in ["ehr", "rx", "idle-000"] {
        let arn = world::arn("cluster", cluster);
        let services = ecs.list_services().cluster(cluster).into_paginator().items().send();
        let services: Vec<String> = services.collect::<Result<_, _>>().await.unwrap();
        let expected = world.services.iter().filter(|s| s.cluster_arn == arn);
        assert_eq!(set(services), set(expected.map(|s| s.arn.to_string())));
        let expected = world.tasks.iter().filter(|t| t.cluster_arn == arn);
        assert_eq!(set(arns_of_tasks(&server, &arn).await), set(expected.map(|t| t.arn.to_string())));
        let instances = ecs.list_container_instances().cluster(cluster).into_paginator().items().send();
        let instances: Vec<String> = instances.collect::<Result<_, _>>().await.unwrap();
        let expected = world.instances.iter().filter(|i| i.cluster_arn == arn);
        assert_eq!(set(instances), set(expected.map(|i| i.arn.to_string())));
    }
    let expected = 105_u64.div_ceil(100);
    assert_eq!(server.counters().calls("ecs:ListClusters"), expected);
    // 37, 10 and 0 services in pages of ten: the full page of ten has no token after it.
    assert_eq!(server.counters().calls("ecs:ListServices"), 4 + 1 + 1);
    assert_eq!(server.counters().calls("ecs:ListTasks"), 3 + 1 + 1);
}

#[tokio::test]
async fn lists_are_filtered() {
    use aws_sdk_ecs::types::{ContainerInstanceStatus, DesiredStatus, LaunchType, SchedulingStrategy};
    let (server, world) = (quiet().await, world::world());
    let ecs = clients::ecs(&server);
    let tasks = || ecs.list_tasks().cluster("ehr");
    let of_service = tasks().service_name("svc-03").send().await.unwrap();
    let expected = world.tasks[..205].iter().filter(|t| t.service() == Some("svc-03"));
    assert_eq!(set(of_service.task_arns().to_vec()), set(expected.map(|t| t.arn.to_string())));
    let instance = world.instances[3].arn.to_string();
    let on_instance = tasks().container_instance(instance.rsplit('/').next().unwrap()).send().await.unwrap();
    let expected = world.tasks.iter().filter(|t| t.instance_arn.as_deref() == Some(instance.as_str()));
    assert_eq!(set(on_instance.task_arns().to_vec()), set(expected.map(|t| t.arn.to_string())));
    let gone = tasks().desired_status(DesiredStatus::Stopped).send().await.unwrap();
    assert_eq!(set(gone.task_arns().to_vec()), set(world.stopped.iter().map(|t| t.arn.to_string())));
    let pending = tasks().desired_status(DesiredStatus::Pending).send().await.unwrap();
    assert!(pending.task_arns().is_empty());
    assert!(tasks().launch_type(LaunchType::Fargate).send().await.unwrap().task_arns().is_empty());
    assert_eq!(tasks().family("svc-04").send().await.unwrap().task_arns().len(), 21);
    let nobody = tasks().service_name("no-such").send().await.unwrap_err().into_service_error();
    assert!(nobody.is_service_not_found_exception());

    let services = ecs.list_services().cluster("ehr").max_results(100);
    let daemons = services.scheduling_strategy(SchedulingStrategy::Daemon).send().await.unwrap();
    assert_eq!(daemons.service_arns().len(), 3);
    let instances = ecs.list_container_instances().cluster("ehr").status(ContainerInstanceStatus::Draining);
    assert_eq!(instances.send().await.unwrap().container_instance_arns().len(), 23);
}

#[tokio::test]
async fn clusters_and_services_read_as_they_are() {
    use aws_sdk_ecs::types::ClusterField;
    let (server, world) = (quiet().await, world::world());
    let ecs = clients::ecs(&server);
    let request = ecs.describe_clusters().clusters("ehr").clusters(world.clusters[1].arn.as_str());
    let found = request.include(ClusterField::Attachments).send().await.unwrap();
    for (cluster, expected) in found.clusters().iter().zip(&world.clusters) {
        assert_eq!(cluster.cluster_arn(), Some(expected.arn.as_str()));
        assert_eq!(cluster.attachments_status(), plain(expected.attachments_status.as_ref()));
        assert_eq!(cluster.registered_container_instances_count(), 112);
        assert_eq!(
            cluster.capacity_providers(),
            expected.providers.iter().map(ToString::to_string).collect::<Vec<_>>()
        );
    }
    let without = ecs.describe_clusters().clusters("ehr").send().await.unwrap();
    assert_eq!(without.clusters()[0].attachments_status(), None);

    for some in world.services[..37].chunks(10) {
        let names = some.iter().map(|s| s.name.to_string()).collect();
        let found = ecs.describe_services().cluster("ehr").set_services(Some(names)).send().await.unwrap();
        assert!(found.failures().is_empty());
        assert_eq!(found.services().len(), some.len());
        for (service, expected) in found.services().iter().zip(some) {
            same_service(service, expected);
        }
    }
}

fn same_service(service: &aws_sdk_ecs::types::Service, expected: &model::Service) {
    assert_eq!(service.service_name(), Some(expected.name.as_str()));
    assert_eq!(
        service.scheduling_strategy().unwrap().as_str() == "DAEMON",
        expected.scheduling == model::Scheduling::Daemon
    );
    assert_eq!(
        [service.desired_count(), service.running_count(), service.pending_count()].map(i32::unsigned_abs),
        [expected.desired, expected.running, expected.pending]
    );
    assert_eq!(service.load_balancers().len(), expected.target_groups as usize);
    assert_eq!(service.capacity_provider_strategy()[0].capacity_provider(), expected.providers[0].as_str());
    let rollout = service.deployment_configuration().unwrap();
    assert_eq!((rollout.minimum_healthy_percent(), rollout.maximum_percent()), (Some(50), Some(200)));
    let breaker = rollout.deployment_circuit_breaker().map(|b| (b.enable(), b.rollback()));
    assert_eq!(breaker, expected.rollout.breaker.map(|b| (b.enabled, b.rollback)));
    let constraints: Vec<String> = service
        .placement_constraints()
        .iter()
        .map(|c| {
            [c.r#type().map(aws_sdk_ecs::types::PlacementConstraintType::as_str), c.expression()]
                .into_iter()
                .flatten()
                .collect::<Vec<_>>()
                .join(": ")
        })
        .collect();
    assert_eq!(constraints, expected.constraints.iter().map(ToString::to_string).collect::<Vec<_>>());
    assert_eq!(millis(service.created_at()), own(expected.created_at));
    let events: Vec<_> = service.events().iter().map(|e| (e.id(), millis(e.created_at()), e.message())).collect();
    let expected_events: Vec<_> =
        expected.events.iter().map(|e| (Some(e.id.as_str()), own(e.at), Some(e.message.as_str()))).collect();
    assert_eq!(events, expected_events);
    let (deployment, expected) = (&service.deployments()[0], &expected.deployments[0]);
    assert_eq!(
        deployment.rollout_state().map(aws_sdk_ecs::types::DeploymentRolloutState::as_str),
        plain(expected.rollout_state.as_ref())
    );
    assert_eq!(deployment.rollout_state_reason(), plain(expected.rollout_reason.as_ref()));
    assert_eq!(deployment.failed_tasks().unsigned_abs(), expected.failed);
    assert_eq!(millis(deployment.updated_at()), own(expected.updated_at));
}

#[tokio::test]
async fn tasks_read_as_they_are() {
    let (server, world) = (quiet().await, world::world());
    let ecs = clients::ecs(&server);
    for some in world.tasks[..205].chunks(100).chain([&world.stopped[..]]) {
        let arns = some.iter().map(|t| t.arn.to_string()).collect();
        let found = ecs.describe_tasks().cluster("ehr").set_tasks(Some(arns)).send().await.unwrap();
        assert_eq!(found.tasks().len(), some.len());
        for (task, expected) in found.tasks().iter().zip(some) {
            assert_eq!(task.task_arn(), Some(expected.arn.as_str()));
            assert_eq!(task.group(), plain(expected.group.as_ref()));
            assert_eq!(task.container_instance_arn(), plain(expected.instance_arn.as_ref()));
            assert_eq!(
                task.health_status().map(aws_sdk_ecs::types::HealthStatus::as_str),
                plain(expected.health.as_ref())
            );
            assert_eq!(
                task.stop_code().map(aws_sdk_ecs::types::TaskStopCode::as_str),
                plain(expected.stop_code.as_ref())
            );
            assert_eq!(task.stopped_reason(), plain(expected.stopped_reason.as_ref()));
            assert_eq!(task.memory(), expected.size.map(|s| s.memory.to_string()).as_deref());
            let times = [task.created_at(), task.started_at(), task.stopped_at(), task.connectivity_at()].map(millis);
            let expected_times =
                [expected.created_at, expected.started_at, expected.stopped_at, expected.connectivity_at];
            assert_eq!(times, expected_times.map(own));
            let container = &task.containers()[0];
            let ports: Vec<i32> =
                container.network_bindings().iter().filter_map(aws_sdk_ecs::types::NetworkBinding::host_port).collect();
            assert_eq!(ports, expected.ports.tcp.iter().map(|p| i32::from(*p)).collect::<Vec<_>>());
            assert_eq!(container.exit_code(), expected.containers[0].exit_code);
            assert_eq!(container.reason(), plain(expected.containers[0].reason.as_ref()));
        }
    }
}

#[tokio::test]
async fn protection_and_revisions_read_as_they_are() {
    let (server, world) = (quiet().await, world::world());
    let ecs = clients::ecs(&server);
    let arns = world.protection[..100].iter().map(|p| p.task.to_string()).collect();
    let found = ecs.get_task_protection().cluster("ehr").set_tasks(Some(arns)).send().await.unwrap();
    assert_eq!((found.protected_tasks().len(), found.failures().len()), (100, 0));
    for (task, expected) in found.protected_tasks().iter().zip(&world.protection) {
        assert_eq!((task.task_arn(), task.protection_enabled()), (Some(expected.task.as_str()), expected.enabled));
        assert_eq!(millis(task.expiration_date()), own(expected.expires_at));
    }
    let by_id = world.protection[3].task.rsplit('/').next().unwrap().to_owned();
    let found = ecs.get_task_protection().cluster("ehr").tasks(by_id).tasks("none").send().await.unwrap();
    assert_eq!(found.protected_tasks()[0].task_arn(), Some(world.protection[3].task.as_str()));
    assert_eq!(found.failures()[0].arn(), Some(world::arn("task", "ehr/none").as_str()));

    let services = ecs.describe_services().cluster("ehr").services("svc-01").services("svc-02").send().await.unwrap();
    let current = services
        .services()
        .iter()
        .flat_map(aws_sdk_ecs::types::Service::current_service_revisions)
        .filter_map(aws_sdk_ecs::types::ServiceCurrentRevisionSummary::arn);
    let old = world::arn("service-revision", "ehr/svc-01/1").to_string();
    let arns: Vec<String> = current.map(str::to_owned).chain([old.clone()]).collect();
    let found = ecs.describe_service_revisions().set_service_revision_arns(Some(arns)).send().await.unwrap();
    assert_eq!(found.service_revisions().len(), 2);
    for (revision, expected) in found.service_revisions().iter().zip(&world.revisions[1..]) {
        assert_eq!(revision.service_revision_arn(), Some(expected.arn.as_str()));
        assert_eq!(revision.cluster_arn(), Some(world::arn("cluster", "ehr").as_str()));
        assert_eq!(revision.task_definition(), plain(expected.task_definition.as_ref()));
        assert_eq!(millis(revision.created_at()), own(expected.created_at));
        let images: Vec<_> =
            revision.container_images().iter().map(|i| (i.container_name(), i.image(), i.image_digest())).collect();
        let image = |i: &'static str, digest| (Some(i), Some("registry.example:5000/app:1"), digest);
        assert_eq!(images, [image("app", Some("sha256:0af")), image("log", None)]);
    }
    assert_eq!(found.service_revisions()[0].service_arn(), plain(Some(&world.services[1].arn)));
    assert_eq!((found.failures()[0].arn(), found.failures()[0].reason()), (Some(old.as_str()), Some("MISSING")));
}

#[tokio::test]
async fn instances_and_providers_read_as_they_are() {
    use aws_sdk_ecs::types::ContainerInstanceField;
    let (server, world) = (quiet().await, world::world());
    let ecs = clients::ecs(&server);
    let arns = world.instances[..100].iter().map(|i| i.arn.to_string()).collect();
    let request = ecs.describe_container_instances().cluster("ehr").set_container_instances(Some(arns));
    let found = request.include(ContainerInstanceField::ContainerInstanceHealth).send().await.unwrap();
    assert_eq!(found.container_instances().len(), 100);
    for (instance, expected) in found.container_instances().iter().zip(&world.instances) {
        assert_eq!(instance.ec2_instance_id(), plain(expected.ec2_id.as_ref()));
        assert_eq!(Some(instance.agent_connected()), expected.agent_connected);
        assert_eq!(
            instance
                .health_status()
                .and_then(|h| h.overall_status())
                .map(aws_sdk_ecs::types::InstanceHealthCheckState::as_str),
            plain(expected.health.as_ref())
        );
        let resource = |name: &str| instance.remaining_resources().iter().find(|r| r.name() == Some(name)).unwrap();
        assert_eq!(resource("CPU").integer_value().unsigned_abs(), expected.remaining.unwrap().cpu);
        assert_eq!(resource("PORTS").string_set_value(), ["22", "2375", "8080"]);
        assert_eq!(instance.attributes()[0].value(), plain(expected.az.as_ref()));
        assert_eq!(millis(instance.registered_at()), own(expected.registered_at));
    }

    let mut names = Vec::new();
    let mut token = None;
    loop {
        let page = ecs.describe_capacity_providers().set_next_token(token.take()).send().await.unwrap();
        assert!(page.capacity_providers().len() <= 10);
        names.extend(page.capacity_providers().iter().map(|p| p.name().unwrap().to_owned()));
        token = page.next_token().map(str::to_owned);
        if token.is_none() {
            break;
        }
    }
    assert_eq!(set(names), set(world.providers.iter().map(|p| p.name.to_string())));
    let one = ecs.describe_capacity_providers().capacity_providers("cp-07").send().await.unwrap();
    let group = one.capacity_providers()[0].auto_scaling_group_provider().unwrap();
    assert_eq!(Some(group.auto_scaling_group_arn()), plain(world.providers[7].group_arn.as_ref()));
    assert_eq!(group.managed_scaling().and_then(aws_sdk_ecs::types::ManagedScaling::target_capacity), Some(90));
    let of_cluster = ecs.describe_capacity_providers().cluster("rx").send().await.unwrap();
    assert_eq!(of_cluster.capacity_providers().len(), 1);
}

#[tokio::test]
async fn groups_and_the_caller_read_as_they_are() {
    let (server, world) = (quiet().await, world::world());
    let pages = clients::groups(&server).describe_auto_scaling_groups().into_paginator().items().send();
    let groups: Vec<aws_sdk_autoscaling::types::AutoScalingGroup> = pages.collect::<Result<_, _>>().await.unwrap();
    assert_eq!(server.counters().calls("autoscaling:DescribeAutoScalingGroups"), 2);
    assert_eq!(groups.len(), world.groups.len());
    for (group, expected) in groups.iter().zip(&world.groups) {
        assert_eq!(group.auto_scaling_group_name(), Some(expected.name.as_str()));
        let sizes = [group.min_size(), group.max_size(), group.desired_capacity()];
        assert_eq!(sizes.map(|s| s.map(i32::unsigned_abs)), [expected.minimum, expected.maximum, expected.desired]);
        assert_eq!(group.availability_zones(), ["eu-west-1a", "eu-west-1b"]);
        assert_eq!(group.instances().len(), expected.instances.len());
        assert_eq!(group.suspended_processes()[0].suspension_reason(), plain(expected.suspended[0].1.as_ref()));
        assert_eq!(group.new_instances_protected_from_scale_in(), expected.protects_new_instances);
        assert_eq!(group.tags().iter().any(|t| t.key() == Some("AmazonECSManaged")), expected.managed_by_ecs);
        assert_eq!(millis(group.created_time()), own(expected.created_at));
    }
    let caller = clients::sts(&server).get_caller_identity().send().await.unwrap();
    assert_eq!(caller.account(), Some(world::ACCOUNT));
    assert_eq!(caller.user_id(), Some("AROAEXAMPLEEXAMPLE:ana"));
}

#[tokio::test]
async fn what_is_not_there_is_missing_by_its_arn() {
    let server = quiet().await;
    let ecs = clients::ecs(&server);
    let clusters = ecs.describe_clusters().clusters("none").clusters("ehr").send().await.unwrap();
    let missing = |arn: Option<&str>, reason: Option<&str>| (arn.map(str::to_owned), reason.map(str::to_owned));
    let expect = |kind: &str, rest: &str| (Some(world::arn(kind, rest).to_string()), Some("MISSING".to_owned()));
    assert_eq!(clusters.clusters().len(), 1);
    let failure = &clusters.failures()[0];
    assert_eq!(missing(failure.arn(), failure.reason()), expect("cluster", "none"));
    let services = ecs.describe_services().cluster("ehr").services("none").services("svc-01").send().await.unwrap();
    assert_eq!(services.services().len(), 1);
    let failure = &services.failures()[0];
    assert_eq!(missing(failure.arn(), failure.reason()), expect("service", "ehr/none"));
    let providers = ecs.describe_capacity_providers().capacity_providers("none").send().await.unwrap();
    let failure = &providers.failures()[0];
    assert_eq!(missing(failure.arn(), failure.reason()), expect("capacity-provider", "none"));
}
