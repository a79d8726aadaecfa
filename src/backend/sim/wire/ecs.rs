//! Amazon ECS on the wire.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::buckets::Class;
use super::changes;
use super::ecs_definitions as definitions;
use super::ecs_deployments as deployments;
use super::ecs_names::{self as names, ClusterRef};
use super::ecs_shapes as shapes;
use super::object::Object;
use super::paging::Bounds;
use super::refusal::Failure;
use super::service::{Call, Operation, Protocol, Service};
use crate::backend::change::{Change, InstanceStatus};
use crate::backend::ports::{Described, Listing, limits};
use crate::model::FaultKind;
use crate::model::ecs::{Instance, Scheduling, Task};
use crate::text::Text;

/// The service.
pub const SERVICE: Service = Service {
    name: "ecs",
    iam: "ecs",
    protocol: Protocol::Json { target: "AmazonEC2ContainerServiceV20141113" },
    operations: &[
        Operation { name: "ListClusters", class: Class::ClusterRead, handler: |c| Box::pin(list_clusters(c)) },
        Operation { name: "DescribeClusters", class: Class::ClusterRead, handler: |c| Box::pin(describe_clusters(c)) },
        Operation { name: "ListServices", class: Class::ServiceRead, handler: |c| Box::pin(list_services(c)) },
        Operation { name: "DescribeServices", class: Class::ServiceRead, handler: |c| Box::pin(describe_services(c)) },
        Operation { name: "ListTasks", class: Class::ResourceRead, handler: |c| Box::pin(list_tasks(c)) },
        Operation { name: "DescribeTasks", class: Class::ResourceRead, handler: |c| Box::pin(describe_tasks(c)) },
        Operation {
            name: "ListContainerInstances",
            class: Class::ResourceRead,
            handler: |c| Box::pin(list_instances(c)),
        },
        Operation {
            name: "DescribeContainerInstances",
            class: Class::ResourceRead,
            handler: |c| Box::pin(describe_instances(c)),
        },
        Operation {
            name: "DescribeCapacityProviders",
            class: Class::ProviderRead,
            handler: |c| Box::pin(describe_providers(c)),
        },
        Operation { name: "GetTaskProtection", class: Class::Protection, handler: |c| Box::pin(task_protection(c)) },
        Operation {
            name: "DescribeServiceRevisions",
            class: Class::RevisionRead,
            handler: |c| Box::pin(describe_revisions(c)),
        },
        Operation {
            name: "DescribeTaskDefinition",
            class: Class::DefinitionRead,
            handler: |c| Box::pin(describe_definition(c)),
        },
        Operation { name: "UpdateService", class: Class::ServiceModify, handler: |c| Box::pin(deployments::update(c)) },
        Operation {
            name: "ListServiceDeployments",
            class: Class::DeploymentRead,
            handler: |c| Box::pin(deployments::list(c)),
        },
        Operation {
            name: "DescribeServiceDeployments",
            class: Class::DeploymentRead,
            handler: |c| Box::pin(deployments::describe(c)),
        },
        Operation {
            name: "StopServiceDeployment",
            class: Class::DeploymentStop,
            handler: |c| Box::pin(deployments::stop(c)),
        },
        Operation {
            name: "UpdateContainerInstancesState",
            class: Class::InstanceModify,
            handler: |c| Box::pin(update_instances(c)),
        },
    ],
};

const LAUNCH_TYPES: &[&str] = &["EC2", "FARGATE", "EXTERNAL", "MANAGED_INSTANCES"];

/// Pages of the lists, from the API model.
const PAGE: Bounds = Bounds { token: "nextToken", size: "maxResults", least: 1, default: 100, most: limits::ECS_PAGE };
/// `ListServices` alone gives ten unless asked for more.
const SERVICES_PAGE: Bounds = Bounds { default: 10, ..PAGE };
/// `DescribeCapacityProviders` never gives more than ten.
const PROVIDERS_PAGE: Bounds = Bounds { default: 10, most: 10, ..PAGE };

/// Most instances of one `UpdateContainerInstancesState`.
const UPDATED_INSTANCES: usize = 10;

/// Names every account has, in no cluster's list but those that use them.
const FARGATE_PROVIDERS: [&str; 2] = ["FARGATE", "FARGATE_SPOT"];

async fn list_clusters(call: &Call<'_>) -> Result<Value, Failure> {
    page(call, names::list(call, &Listing::Clusters).await?, "clusterArns", &PAGE)
}

async fn describe_clusters(call: &Call<'_>) -> Result<Value, Failure> {
    let known = &["ATTACHMENTS", "CONFIGURATIONS", "SETTINGS", "STATISTICS", "TAGS"];
    let attachments = call.params.asks_for("include", "ATTACHMENTS", known)?;
    let wanted = call.params.texts("clusters")?.unwrap_or_default();
    not_over("clusters", wanted.len(), limits::ECS_DESCRIBE)?;
    let wanted = names::clusters(call, &wanted).await?;
    let found = call.backend.ecs.clusters(&wanted).await?;
    Ok(described("clusters", &found, &wanted, |c| &c.arn, |c| shapes::cluster(c, attachments)))
}

async fn list_services(call: &Call<'_>) -> Result<Value, Failure> {
    call.params.refuse(&["resourceManagementType"])?;
    let launch_type = call.params.choice("launchType", LAUNCH_TYPES)?;
    let scheduling = call.params.choice("schedulingStrategy", &["REPLICA", "DAEMON"])?;
    let cluster = names::cluster(call).await?;
    let mut arns = names::list(call, &Listing::Services(cluster.arn.clone())).await?;
    if launch_type.is_some() || scheduling.is_some() {
        let mut kept = Vec::new();
        for some in arns.chunks(limits::ECS_DESCRIBE_SERVICES) {
            kept.extend(call.backend.ecs.services(&cluster.arn, some).await?.items);
        }
        let daemon = scheduling.map(|strategy| strategy == "DAEMON");
        kept.retain(|s| launch_type.is_none_or(|t| s.launch_type.as_deref() == Some(t)));
        kept.retain(|s| daemon.is_none_or(|daemon| daemon == (s.scheduling == Scheduling::Daemon)));
        arns = kept.into_iter().map(|s| s.arn.to_string()).collect();
    }
    page(call, arns, "serviceArns", &SERVICES_PAGE)
}

async fn describe_services(call: &Call<'_>) -> Result<Value, Failure> {
    call.params.asks_for("include", "TAGS", &["TAGS"])?;
    let cluster = names::cluster(call).await?;
    let wanted = members(call, &cluster, "services", "service", limits::ECS_DESCRIBE_SERVICES)?;
    let found = call.backend.ecs.services(&cluster.arn, &wanted).await?;
    Ok(described("services", &found, &wanted, |s| &s.arn, shapes::service))
}

async fn task_protection(call: &Call<'_>) -> Result<Value, Failure> {
    // Here alone a cluster must be named (API model).
    if call.params.text("cluster")?.is_none_or(str::is_empty) {
        return Err(Failure::invalid("cluster cannot be empty."));
    }
    let cluster = names::cluster(call).await?;
    let wanted = members(call, &cluster, "tasks", "task", limits::ECS_DESCRIBE)?;
    let found = call.backend.ecs_preflight.protection(&cluster.arn, &wanted).await?;
    Ok(described("protectedTasks", &found, &wanted, |p| &p.task, shapes::protection))
}

async fn describe_revisions(call: &Call<'_>) -> Result<Value, Failure> {
    let wanted = call.params.texts("serviceRevisionArns")?.unwrap_or_default();
    if wanted.is_empty() {
        return Err(Failure::invalid("serviceRevisionArns cannot be empty."));
    }
    not_over("serviceRevisionArns", wanted.len(), limits::ECS_DESCRIBE_REVISIONS)?;
    if let Some(other) = wanted.iter().find(|arn| !names::is_arn(arn) || !arn.contains(":service-revision/")) {
        return Err(Failure::invalid(format!("Invalid service revision ARN: {other}")));
    }
    let wanted: Vec<String> = wanted.into_iter().map(str::to_owned).collect();
    let found = call.backend.ecs_preflight.revisions(&wanted).await?;
    Ok(described("serviceRevisions", &found, &wanted, |r| &r.arn, shapes::revision))
}

async fn describe_definition(call: &Call<'_>) -> Result<Value, Failure> {
    call.params.asks_for("include", "TAGS", &["TAGS"])?;
    let Some(wanted) = call.params.text("taskDefinition")?.filter(|wanted| !wanted.is_empty()) else {
        return Err(Failure::Own("ClientException", "TaskDefinition cannot be empty.".to_owned()));
    };
    let arn = if names::is_arn(wanted) {
        wanted.to_owned()
    } else {
        names::account_arn(call, "task-definition", wanted).await?
    };
    match call.backend.task_definitions.task_definition(&arn).await {
        Err(fault) if fault.kind == FaultKind::Rejected => {
            Err(Failure::Own("ClientException", "Unable to describe task definition.".to_owned()))
        }
        answer => Ok(json!({ "taskDefinition": definitions::definition(&answer?), "tags": [] })),
    }
}

/// Each instance by itself: what cannot be changed is told beside what was.
async fn update_instances(call: &Call<'_>) -> Result<Value, Failure> {
    let status = match call.params.choice("status", &["ACTIVE", "DRAINING"])? {
        Some("ACTIVE") => InstanceStatus::Active,
        Some(_) => InstanceStatus::Draining,
        None => return Err(Failure::invalid("Container instance status should be one of [ACTIVE,DRAINING].")),
    };
    let cluster = names::cluster(call).await?;
    let wanted = members(call, &cluster, "containerInstances", "container-instance", UPDATED_INSTANCES)?;
    let before = call.backend.ecs.instances(&cluster.arn, &wanted).await?;
    let known = |arn: &String| before.items.iter().any(|instance| instance.arn == arn.as_str());
    for arn in wanted.iter().filter(|arn| known(arn)) {
        let (cluster, instance) = (Text::from(&cluster.arn), Text::from(arn));
        changes::send(call, &Change::InstanceState { cluster, instance, status }).await?;
    }
    let found = call.backend.ecs.instances(&cluster.arn, &wanted).await?;
    Ok(described("containerInstances", &found, &wanted, |i| &i.arn, |i| shapes::instance(i, false)))
}

async fn list_tasks(call: &Call<'_>) -> Result<Value, Failure> {
    call.params.refuse(&["startedBy", "daemonName"])?;
    let status = call.params.choice("desiredStatus", &["RUNNING", "PENDING", "STOPPED"])?;
    let launch_type = call.params.choice("launchType", LAUNCH_TYPES)?;
    let family = call.params.text("family")?;
    let cluster = names::cluster(call).await?;
    let service = service_asked(call, &cluster).await?;
    let instance = call.params.text("containerInstance")?;
    let instance = instance.map(|id| cluster.member("container-instance", id)).transpose()?;

    let mut arns = match status {
        // ECS never wants a task to be pending, so that filter finds nothing (API model).
        Some("PENDING") => Vec::new(),
        Some("STOPPED") => names::list(call, &Listing::StoppedTasks(cluster.arn.clone())).await?,
        _ => names::list(call, &Listing::Tasks(cluster.arn.clone())).await?,
    };
    if launch_type.is_some() || family.is_some() || service.is_some() || instance.is_some() {
        let mut kept = tasks(call, &cluster, &arns).await?;
        kept.retain(|t| launch_type.is_none_or(|wanted| shapes::launch_type(t) == Some(wanted)));
        kept.retain(|t| family.is_none_or(|wanted| shapes::family(t) == Some(wanted)));
        kept.retain(|t| service.as_deref().is_none_or(|wanted| t.service() == Some(wanted)));
        kept.retain(|t| instance.is_none() || t.instance_arn.as_deref() == instance.as_deref());
        arns = kept.into_iter().map(|t| t.arn.to_string()).collect();
    }
    page(call, arns, "taskArns", &PAGE)
}

/// The name of the service to filter by.
async fn service_asked(call: &Call<'_>, cluster: &ClusterRef) -> Result<Option<String>, Failure> {
    let Some(wanted) = call.params.text("serviceName")? else { return Ok(None) };
    let found = call.backend.ecs.services(&cluster.arn, &[cluster.member("service", wanted)?]).await?;
    match found.items.first() {
        Some(service) => Ok(Some(service.name.to_string())),
        None => Err(Failure::Own("ServiceNotFoundException", "Service not found.".to_owned())),
    }
}

async fn tasks(call: &Call<'_>, cluster: &ClusterRef, arns: &[String]) -> Result<Vec<Task>, Failure> {
    let mut all = Vec::with_capacity(arns.len());
    for some in arns.chunks(limits::ECS_DESCRIBE) {
        all.extend(call.backend.ecs.tasks(&cluster.arn, some).await?.items);
    }
    Ok(all)
}

async fn describe_tasks(call: &Call<'_>) -> Result<Value, Failure> {
    call.params.asks_for("include", "TAGS", &["TAGS"])?;
    let cluster = names::cluster(call).await?;
    let wanted = members(call, &cluster, "tasks", "task", limits::ECS_DESCRIBE)?;
    let found = call.backend.ecs.tasks(&cluster.arn, &wanted).await?;
    Ok(described("tasks", &found, &wanted, |t| &t.arn, shapes::task))
}

async fn list_instances(call: &Call<'_>) -> Result<Value, Failure> {
    call.params.refuse(&["filter"])?;
    let known = &["ACTIVE", "DRAINING", "REGISTERING", "DEREGISTERING", "REGISTRATION_FAILED"];
    let status = call.params.choice("status", known)?;
    let cluster = names::cluster(call).await?;
    let mut arns = names::list(call, &Listing::Instances(cluster.arn.clone())).await?;
    if let Some(status) = status {
        let mut kept: Vec<Instance> = Vec::new();
        for some in arns.chunks(limits::ECS_DESCRIBE) {
            kept.extend(call.backend.ecs.instances(&cluster.arn, some).await?.items);
        }
        kept.retain(|i| i.status.as_deref() == Some(status));
        arns = kept.into_iter().map(|i| i.arn.to_string()).collect();
    }
    page(call, arns, "containerInstanceArns", &PAGE)
}

async fn describe_instances(call: &Call<'_>) -> Result<Value, Failure> {
    let known = &["TAGS", "CONTAINER_INSTANCE_HEALTH"];
    let health = call.params.asks_for("include", "CONTAINER_INSTANCE_HEALTH", known)?;
    let cluster = names::cluster(call).await?;
    let wanted = members(call, &cluster, "containerInstances", "container-instance", limits::ECS_DESCRIBE)?;
    let found = call.backend.ecs.instances(&cluster.arn, &wanted).await?;
    Ok(described("containerInstances", &found, &wanted, |i| &i.arn, |i| shapes::instance(i, health)))
}

async fn describe_providers(call: &Call<'_>) -> Result<Value, Failure> {
    call.params.asks_for("include", "TAGS", &["TAGS"])?;
    let asked = call.params.texts("capacityProviders")?;
    not_over("capacityProviders", asked.as_ref().map_or(0, Vec::len), limits::ECS_DESCRIBE)?;
    let in_cluster = match call.params.text("cluster")? {
        Some(_) => Some(providers_of(call, vec![names::cluster(call).await?.arn]).await?),
        None => None,
    };
    let mut wanted: BTreeSet<String> = match (asked.filter(|names| !names.is_empty()), &in_cluster) {
        (Some(names), _) => names.into_iter().map(|name| names::tail(name).to_owned()).collect(),
        (None, Some(names)) => names.clone(),
        (None, None) => {
            let mut all = providers_of(call, names::list(call, &Listing::Clusters).await?).await?;
            all.extend(FARGATE_PROVIDERS.map(str::to_owned));
            all
        }
    };
    if let Some(in_cluster) = in_cluster {
        wanted.retain(|name| in_cluster.contains(name));
    }
    let (wanted, next) = call.pages.cut(wanted.into_iter().collect(), |name| name, &PROVIDERS_PAGE)?;
    let found = call.backend.ecs.providers(&wanted).await?;
    let mut failures = Vec::new();
    for name in wanted.iter().filter(|name| !found.items.iter().any(|p| p.name == name.as_str())) {
        let reason = found.failures.iter().find(|(arn, _)| names::tail(arn) == name).map_or("MISSING", |(_, r)| r);
        failures.push(failure(&names::account_arn(call, "capacity-provider", name).await?, reason));
    }
    let answer = Object::default().list("capacityProviders", &found.items, shapes::provider);
    Ok(answer.put("failures", &failures).maybe("nextToken", next.as_deref()).done())
}

/// Names of the capacity providers these clusters have.
async fn providers_of(call: &Call<'_>, clusters: Vec<String>) -> Result<BTreeSet<String>, Failure> {
    let mut all = BTreeSet::new();
    for some in clusters.chunks(limits::ECS_DESCRIBE) {
        let found = call.backend.ecs.clusters(some).await?;
        all.extend(found.items.iter().flat_map(|cluster| &cluster.providers).map(ToString::to_string));
    }
    Ok(all)
}

/// A page of ARNs.
fn page(call: &Call<'_>, arns: Vec<String>, member: &str, bounds: &Bounds) -> Result<Value, Failure> {
    let (items, next) = call.pages.cut(arns, |arn| arn, bounds)?;
    let items = items.into_iter().map(Value::from);
    Ok(Object::default().list(member, items, |arn| arn).maybe("nextToken", next.as_deref()).done())
}

/// ARNs of the things to describe, given by id or ARN in the list `member`.
fn members(
    call: &Call<'_>,
    cluster: &ClusterRef,
    member: &str,
    kind: &str,
    most: usize,
) -> Result<Vec<String>, Failure> {
    let wanted = call.params.texts(member)?.unwrap_or_default();
    if wanted.is_empty() {
        return Err(Failure::invalid(format!("{member} cannot be empty.")));
    }
    not_over(member, wanted.len(), most)?;
    wanted.into_iter().map(|id| cluster.member(kind, id)).collect()
}

fn not_over(member: &str, count: usize, most: usize) -> Result<(), Failure> {
    if count > most {
        return Err(Failure::invalid(format!("{member} cannot have more than {most} elements.")));
    }
    Ok(())
}

/// What was found, and a failure for everything else that was wanted.
fn described<T>(
    member: &str,
    found: &Described<T>,
    wanted: &[String],
    arn: impl Fn(&T) -> &str,
    shape: impl Fn(&T) -> Value,
) -> Value {
    let present: BTreeSet<&str> = found.items.iter().map(arn).collect();
    let absent: BTreeSet<&str> = wanted.iter().map(String::as_str).filter(|arn| !present.contains(arn)).collect();
    let reason = |arn: &str| found.failures.iter().find(|(a, _)| a == arn).map_or("MISSING", |(_, reason)| reason);
    let failures = absent.into_iter().map(|arn| failure(arn, reason(arn)));
    Object::default().list(member, &found.items, shape).list("failures", failures, |f| f).done()
}

fn failure(arn: &str, reason: &str) -> Value {
    json!({ "arn": arn, "reason": reason })
}
