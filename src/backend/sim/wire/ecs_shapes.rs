//! ECS models in the members and types of the API. What no model holds is left out, but for empty lists ECS always gives.

use serde_json::{Value, json};

use super::ecs_names::tail;
use super::object::Object;
use crate::model::ecs::{
    Cluster, Container, Deployment, HostPorts, Image, Instance, Protection, Provider, Revision, Scheduling, Service,
    Size, Task,
};
use crate::text::Text;

/// A cluster; the state of its attachments only where it is asked for.
pub fn cluster(cluster: &Cluster, attachments: bool) -> Value {
    Object::default()
        .put("clusterArn", &cluster.arn)
        .put("clusterName", &cluster.name)
        .maybe("status", cluster.status.as_ref())
        .put("registeredContainerInstancesCount", &cluster.instances)
        .put("runningTasksCount", &cluster.running_tasks)
        .put("pendingTasksCount", &cluster.pending_tasks)
        .put("activeServicesCount", &cluster.active_services)
        .put("capacityProviders", &cluster.providers)
        .maybe("attachmentsStatus", cluster.attachments_status.as_ref().filter(|_| attachments))
        .put("statistics", &json!([]))
        .put("tags", &json!([]))
        .put("settings", &json!([]))
        .done()
}

/// A service.
pub fn service(service: &Service) -> Value {
    let scheduling = match service.scheduling {
        Scheduling::Replica => "REPLICA",
        Scheduling::Daemon => "DAEMON",
    };
    let controller = service.controller.as_ref().map(|kind| json!({ "type": kind.as_str() }));
    Object::default()
        .put("serviceArn", &service.arn)
        .put("serviceName", &service.name)
        .put("clusterArn", &service.cluster_arn)
        .maybe("status", service.status.as_ref())
        .put("schedulingStrategy", scheduling)
        .maybe("deploymentController", controller.as_ref())
        .maybe("launchType", service.launch_type.as_ref())
        .list("capacityProviderStrategy", &service.providers, strategy_item)
        .put("desiredCount", &service.desired)
        .put("runningCount", &service.running)
        .put("pendingCount", &service.pending)
        .maybe("taskDefinition", service.task_definition.as_ref())
        .put("deploymentConfiguration", &deployment_configuration(service))
        .list("deployments", &service.deployments, deployment)
        .list("currentServiceRevisions", &service.revisions, |arn| json!({ "arn": arn.as_str() }))
        .list("events", &service.events, |event| {
            Object::default()
                .put("id", &event.id)
                .maybe("createdAt", event.at.as_ref())
                .put("message", &event.message)
                .done()
        })
        .list("loadBalancers", 0..service.target_groups, |n| load_balancer(service, n))
        .list("placementConstraints", &service.constraints, placement_constraint)
        .maybe("createdAt", service.created_at.as_ref())
        .done()
}

fn strategy_item(provider: &Text) -> Value {
    json!({ "capacityProvider": provider.as_str(), "weight": 1, "base": 0 })
}

fn deployment_configuration(service: &Service) -> Value {
    let rollout = &service.rollout;
    let breaker = rollout.breaker.map(|b| json!({ "enable": b.enabled, "rollback": b.rollback }));
    Object::default()
        .maybe("minimumHealthyPercent", rollout.minimum_percent.as_ref())
        .maybe("maximumPercent", rollout.maximum_percent.as_ref())
        .maybe("strategy", rollout.strategy.as_ref())
        .maybe("deploymentCircuitBreaker", breaker.as_ref())
        .done()
}

fn deployment(deployment: &Deployment) -> Value {
    Object::default()
        .put("id", &deployment.id)
        .maybe("status", deployment.status.as_ref())
        .maybe("rolloutState", deployment.rollout_state.as_ref())
        .maybe("rolloutStateReason", deployment.rollout_reason.as_ref())
        .maybe("taskDefinition", deployment.task_definition.as_ref())
        .put("desiredCount", &deployment.desired)
        .put("pendingCount", &deployment.pending)
        .put("runningCount", &deployment.running)
        .put("failedTasks", &deployment.failed)
        .maybe("createdAt", deployment.created_at.as_ref())
        .maybe("updatedAt", deployment.updated_at.as_ref())
        .done()
}

/// The model counts target groups without naming them; their ARNs are made from the service's.
fn load_balancer(service: &Service, number: u32) -> Value {
    let place = service.cluster_arn.split(":cluster/").next().unwrap_or_default().replacen(
        ":ecs:",
        ":elasticloadbalancing:",
        1,
    );
    json!({ "targetGroupArn": format!("{place}:targetgroup/{}-{number}/{number:016x}", service.name) })
}

/// `distinctInstance`, or `memberOf: expression`.
fn placement_constraint(constraint: &Text) -> Value {
    match constraint.split_once(": ") {
        Some((kind, expression)) => json!({ "type": kind, "expression": expression }),
        None => json!({ "type": constraint.as_str() }),
    }
}

/// A task. The model does not say which container holds a port: its first one has them all.
pub fn task(task: &Task) -> Value {
    Object::default()
        .put("taskArn", &task.arn)
        .put("clusterArn", &task.cluster_arn)
        .maybe("group", task.group.as_ref())
        .maybe("taskDefinitionArn", task.task_definition.as_ref())
        .maybe("lastStatus", task.status.as_ref())
        .maybe("desiredStatus", task.desired_status.as_ref())
        .maybe("healthStatus", task.health.as_ref())
        .maybe("availabilityZone", task.az.as_ref())
        .maybe("containerInstanceArn", task.instance_arn.as_ref())
        .maybe("capacityProviderName", task.provider.as_ref())
        .maybe("launchType", launch_type(task))
        .maybe("cpu", task.size.map(|size| size.cpu.to_string()).as_deref())
        .maybe("memory", task.size.map(|size| size.memory.to_string()).as_deref())
        .maybe("connectivity", task.connectivity.as_ref())
        .maybe("connectivityAt", task.connectivity_at.as_ref())
        .maybe("createdAt", task.created_at.as_ref())
        .maybe("startedAt", task.started_at.as_ref())
        .maybe("stoppedAt", task.stopped_at.as_ref())
        .maybe("stopCode", task.stop_code.as_ref())
        .maybe("stoppedReason", task.stopped_reason.as_ref())
        .list("containers", task.containers.iter().enumerate(), |(n, c)| {
            container(task, c, if n == 0 { task.ports.clone() } else { HostPorts::default() })
        })
        .put("overrides", &json!({ "containerOverrides": [] }))
        .put("attachments", &json!([]))
        .put("tags", &json!([]))
        .done()
}

fn container(task: &Task, container: &Container, ports: HostPorts) -> Value {
    let of = |protocol, ports: Vec<u16>| ports.into_iter().map(move |port| (protocol, port));
    let bindings = of("tcp", ports.tcp).chain(of("udp", ports.udp));
    Object::default()
        .put("taskArn", &task.arn)
        .put("name", &container.name)
        .maybe("image", container.image.as_ref())
        .maybe("imageDigest", container.digest.as_ref())
        .maybe("lastStatus", container.status.as_ref())
        .maybe("healthStatus", container.health.as_ref())
        .maybe("exitCode", container.exit_code.as_ref())
        .maybe("reason", container.reason.as_ref())
        .list(
            "networkBindings",
            bindings,
            |(protocol, port)| json!({ "bindIP": "0.0.0.0", "hostPort": port, "protocol": protocol }),
        )
        .put("networkInterfaces", &json!([]))
        .done()
}

/// Whether a task is protected.
pub fn protection(protection: &Protection) -> Value {
    Object::default()
        .put("taskArn", &protection.task)
        .put("protectionEnabled", &protection.enabled)
        .maybe("expirationDate", protection.expires_at.as_ref())
        .done()
}

/// A service revision; whose it is stands in its ARN.
pub fn revision(revision: &Revision) -> Value {
    let owner = revision.arn.rsplit_once('/').map(|(owner, _)| owner.replacen(":service-revision/", ":service/", 1));
    let cluster = owner.as_deref().and_then(|arn| arn.rsplit_once('/'));
    let cluster = cluster.map(|(arn, _)| arn.replacen(":service/", ":cluster/", 1));
    Object::default()
        .put("serviceRevisionArn", &revision.arn)
        .maybe("serviceArn", owner.as_deref())
        .maybe("clusterArn", cluster.as_deref())
        .maybe("taskDefinition", revision.task_definition.as_ref())
        .list("containerImages", &revision.images, container_image)
        .maybe("createdAt", revision.created_at.as_ref())
        .done()
}

fn container_image(image: &Image) -> Value {
    Object::default()
        .put("containerName", &image.container)
        .maybe("image", image.name.as_ref())
        .maybe("imageDigest", image.digest.as_ref())
        .done()
}

/// Where a task runs, as far as the model tells.
pub fn launch_type(task: &Task) -> Option<&'static str> {
    let fargate = |provider: &Text| provider == "FARGATE" || provider == "FARGATE_SPOT";
    match (&task.instance_arn, &task.provider) {
        (Some(_), _) => Some("EC2"),
        (None, Some(provider)) if fargate(provider) => Some("FARGATE"),
        _ => None,
    }
}

/// The family of a task's definition.
pub fn family(task: &Task) -> Option<&str> {
    tail(task.task_definition.as_deref()?).split(':').next()
}

/// A container instance; its health only where it is asked for.
pub fn instance(instance: &Instance, health: bool) -> Value {
    let version = instance.agent_version.as_ref().map(|version| json!({ "agentVersion": version.as_str() }));
    let zone = instance.az.as_ref().map(|az| json!({ "name": "ecs.availability-zone", "value": az.as_str() }));
    let health = instance.health.as_ref().filter(|_| health).map(|status| json!({ "overallStatus": status.as_str() }));
    Object::default()
        .put("containerInstanceArn", &instance.arn)
        .maybe("ec2InstanceId", instance.ec2_id.as_ref())
        .maybe("capacityProviderName", instance.provider.as_ref())
        .maybe("versionInfo", version.as_ref())
        .put("remainingResources", &resources(instance.remaining, Some(&instance.ports)))
        .put("registeredResources", &resources(instance.total, None))
        .maybe("status", instance.status.as_ref())
        .maybe("statusReason", instance.status_reason.as_ref())
        .maybe("agentConnected", instance.agent_connected.as_ref())
        .maybe("agentUpdateStatus", instance.agent_update.as_ref())
        .put("runningTasksCount", &instance.running_tasks)
        .put("pendingTasksCount", &instance.pending_tasks)
        .list("attributes", zone, |zone| zone)
        .maybe("registeredAt", instance.registered_at.as_ref())
        .maybe("healthStatus", health.as_ref())
        .put("attachments", &json!([]))
        .put("tags", &json!([]))
        .done()
}

/// Resources as ECS lists them. Among the remaining ones, ports are those that are taken.
fn resources(size: Option<Size>, ports: Option<&HostPorts>) -> Value {
    let integer = |name: &str, value: u32| json!({ "name": name, "type": "INTEGER", "doubleValue": 0.0, "longValue": 0, "integerValue": value });
    let mut all = Vec::new();
    all.extend(size.map(|size| integer("CPU", size.cpu)));
    all.extend(size.map(|size| integer("MEMORY", size.memory)));
    let set = |name: &str, ports: &[u16]| {
        let ports: Vec<String> = ports.iter().map(u16::to_string).collect();
        json!({
            "name": name, "type": "STRINGSET",
            "doubleValue": 0.0, "longValue": 0, "integerValue": 0, "stringSetValue": ports,
        })
    };
    all.extend(ports.into_iter().flat_map(|ports| [set("PORTS", &ports.tcp), set("PORTS_UDP", &ports.udp)]));
    Value::Array(all)
}

/// A capacity provider.
pub fn provider(provider: &Provider) -> Value {
    let kind = match (&provider.group_arn, provider.name.as_str()) {
        (Some(_), _) => Some("EC2_AUTOSCALING"),
        (None, fargate @ ("FARGATE" | "FARGATE_SPOT")) => Some(fargate),
        (None, _) => None,
    };
    let group = provider.group_arn.as_ref().map(|arn| group_provider(provider, arn));
    Object::default()
        .maybe("capacityProviderArn", provider.arn.as_ref())
        .put("name", &provider.name)
        .maybe("status", provider.status.as_ref())
        .maybe("autoScalingGroupProvider", group.as_ref())
        .maybe("updateStatus", provider.update_status.as_ref())
        .maybe("updateStatusReason", provider.update_reason.as_ref())
        .maybe("type", kind)
        .put("tags", &json!([]))
        .done()
}

fn group_provider(provider: &Provider, group_arn: &Text) -> Value {
    let scaling = Object::default()
        .maybe("status", provider.managed_scaling.as_ref())
        .maybe("targetCapacity", provider.target_capacity.as_ref())
        .maybe("instanceWarmupPeriod", provider.warmup.as_ref());
    Object::default()
        .put("autoScalingGroupArn", group_arn)
        .put("managedScaling", &scaling.done())
        .maybe("managedTerminationProtection", provider.termination_protection.as_ref())
        .maybe("managedDraining", provider.managed_draining.as_ref())
        .done()
}
