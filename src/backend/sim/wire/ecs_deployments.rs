//! Deployments of services on the wire: begun and sized by `UpdateService`, listed, described and stopped.

use serde_json::{Value, json};

use super::changes;
use super::ecs_names as names;
use super::ecs_shapes as shapes;
use super::object::Object;
use super::paging::{Bounds, newest_first};
use super::refusal::Failure;
use super::service::Call;
use crate::backend::change::Change;
use crate::backend::ports::limits;
use crate::model::ecs::{RevisionTasks, Scheduling, ServiceDeployment};
use crate::text::Text;

/// Every `ServiceDeploymentStatus` (API model).
const STATUSES: &[&str] = &[
    "PENDING",
    "SUCCESSFUL",
    "STOPPED",
    "STOP_REQUESTED",
    "IN_PROGRESS",
    "ROLLBACK_REQUESTED",
    "ROLLBACK_IN_PROGRESS",
    "ROLLBACK_SUCCESSFUL",
    "ROLLBACK_FAILED",
];

/// Pages of the list (API model).
const PAGE: Bounds = Bounds { token: "nextToken", size: "maxResults", least: 1, default: 20, most: limits::ECS_PAGE };

/// Of all that `UpdateService` can do, a new deployment or another count, and not both.
pub async fn update(call: &Call<'_>) -> Result<Value, Failure> {
    call.params.refuse_all_but(&["cluster", "service", "forceNewDeployment", "desiredCount"])?;
    let wanted = service_asked(call)?;
    let (forced, desired) = (call.params.flag("forceNewDeployment")?, call.params.number("desiredCount")?);
    let tasks = match (forced, desired) {
        (Some(true), None) => None,
        (None, Some(count)) => {
            let wrong = || Failure::invalid("desiredCount must not be negative");
            Some(u32::try_from(count).map_err(|_| wrong())?)
        }
        _ => {
            let what = "only forceNewDeployment=true, or a desiredCount, is supported by this endpoint";
            return Err(Failure::invalid(what));
        }
    };
    let cluster = names::cluster(call).await?;
    let arn = cluster.member("service", wanted)?;
    let found = call.backend.ecs.services(&cluster.arn, std::slice::from_ref(&arn)).await?;
    let Some(service) = found.items.first() else { return Err(not_found()) };
    if service.status.as_deref() != Some("ACTIVE") {
        return Err(Failure::Own("ServiceNotActiveException", "Service was not ACTIVE.".to_owned()));
    }
    if tasks.is_none() && !service.deployed_by_ecs() {
        let message = "Cannot force a new deployment on services with a CODE_DEPLOY or EXTERNAL deployment controller.";
        return Err(Failure::invalid(message));
    }
    if tasks.is_some() && service.scheduling == Scheduling::Daemon {
        return Err(Failure::invalid("The daemon scheduling strategy does not support a desired count for services."));
    }
    let (cluster_arn, service) = (Text::from(&cluster.arn), Text::from(&arn));
    let asked = match tasks {
        None => Change::ForceDeployment { cluster: cluster_arn, service },
        Some(tasks) => Change::DesiredCount { cluster: cluster_arn, service, tasks },
    };
    changes::send(call, &asked).await?;
    let found = call.backend.ecs.services(&cluster.arn, &[arn]).await?;
    Ok(Object::default().maybe("service", found.items.first().map(shapes::service).as_ref()).done())
}

pub async fn list(call: &Call<'_>) -> Result<Value, Failure> {
    call.params.refuse(&["createdAt"])?;
    let statuses = call.params.texts("status")?.unwrap_or_default();
    call.params.asks_for("status", "PENDING", STATUSES)?;
    let wanted = service_asked(call)?;
    let cluster = names::cluster(call).await?;
    let arn = cluster.member("service", wanted)?;
    let found = call.backend.ecs.services(&cluster.arn, std::slice::from_ref(&arn)).await?;
    let Some(service) = found.items.first() else { return Err(not_found()) };
    let all = call.backend.ecs_preflight.deployments(&cluster.arn, &arn, false).await?;
    let is_asked = |found: &ServiceDeployment| {
        statuses.is_empty() || found.status.as_deref().is_some_and(|status| statuses.contains(&status))
    };
    let keyed = all.into_iter().filter(is_asked).map(|one| (newest_first(one.created_at, &one.arn), one)).collect();
    let (page, next) = call.pages.cut(keyed, |(key, _): &(String, ServiceDeployment)| key, &PAGE)?;
    let answer = Object::default().list("serviceDeployments", &page, |(_, one)| {
        head(one, &service.arn, &service.cluster_arn)
            .maybe("targetServiceRevisionArn", one.target.as_ref().map(|target| &target.arn))
            .done()
    });
    Ok(answer.maybe("nextToken", next.as_deref()).done())
}

pub async fn describe(call: &Call<'_>) -> Result<Value, Failure> {
    let wanted = call.params.texts("serviceDeploymentArns")?.unwrap_or_default();
    if wanted.is_empty() || wanted.len() > limits::ECS_DESCRIBE_DEPLOYMENTS {
        return Err(Failure::invalid("serviceDeploymentArns must have 1 to 20 elements."));
    }
    wanted.iter().try_for_each(|arn| is_deployment(arn))?;
    let wanted: Vec<String> = wanted.into_iter().map(str::to_owned).collect();
    let found = call.backend.ecs_preflight.describe_deployments(&wanted).await?;
    let failures = found.failures.iter().map(|(arn, why)| json!({ "arn": arn.as_str(), "reason": why.as_str() }));
    let answer = Object::default().list("serviceDeployments", &found.items, deployment);
    Ok(answer.list("failures", failures, |failure| failure).done())
}

/// Of both ways to stop one, that which the documentation has: going back.
pub async fn stop(call: &Call<'_>) -> Result<Value, Failure> {
    call.params.refuse_all_but(&["serviceDeploymentArn", "stopType"])?;
    let Some(arn) = call.params.text("serviceDeploymentArn")?.filter(|arn| !arn.is_empty()) else {
        return Err(Failure::invalid("serviceDeploymentArn cannot be empty."));
    };
    is_deployment(arn)?;
    // Without a type it is this one (API model).
    if call.params.choice("stopType", &["ABORT", "ROLLBACK"])? == Some("ABORT") {
        return Err(Failure::invalid("only stopType=ROLLBACK is supported by this endpoint"));
    }
    let found = call.backend.ecs_preflight.describe_deployments(&[arn.to_owned()]).await?;
    if found.items.is_empty() {
        let message = "Service deployment not found.".to_owned();
        return Err(Failure::Own("ServiceDeploymentNotFoundException", message));
    }
    changes::send(call, &Change::RollBack { deployment: Text::from(arn) }).await?;
    Ok(json!({ "serviceDeploymentArn": arn }))
}

fn service_asked<'a>(call: &'a Call<'_>) -> Result<&'a str, Failure> {
    let wanted = call.params.text("service")?.filter(|name| !name.is_empty());
    wanted.ok_or_else(|| Failure::invalid("service cannot be empty."))
}

fn not_found() -> Failure {
    Failure::Own("ServiceNotFoundException", "Service not found.".to_owned())
}

fn is_deployment(arn: &str) -> Result<(), Failure> {
    if names::is_arn(arn) && arn.contains(":service-deployment/") {
        return Ok(());
    }
    Err(Failure::invalid(format!("Invalid service deployment ARN: {arn}")))
}

fn head(one: &ServiceDeployment, service: &Text, cluster: &Text) -> Object {
    Object::default()
        .put("serviceDeploymentArn", &one.arn)
        .put("serviceArn", service)
        .put("clusterArn", cluster)
        .maybe("status", one.status.as_ref())
        .maybe("statusReason", one.reason.as_ref())
        .maybe("createdAt", one.created_at.as_ref())
}

/// Whose it is stands in its ARN.
fn deployment(one: &ServiceDeployment) -> Value {
    let owner = one.arn.rsplit_once('/').map_or("", |(owner, _)| owner);
    let service = owner.replacen(":service-deployment/", ":service/", 1);
    let cluster = service.rsplit_once('/').map_or("", |(cluster, _)| cluster).replacen(":service/", ":cluster/", 1);
    head(one, &Text::from(&service), &Text::from(&cluster))
        .maybe("targetServiceRevision", one.target.as_ref().map(tasks).as_ref())
        .list("sourceServiceRevisions", &one.sources, tasks)
        .maybe("rollback", one.back_to.as_ref().map(|arn| json!({ "serviceRevisionArn": arn.as_str() })).as_ref())
        .done()
}

fn tasks(of: &RevisionTasks) -> Value {
    json!({
        "arn": of.arn.as_str(),
        "requestedTaskCount": of.wanted,
        "runningTaskCount": of.running,
        "pendingTaskCount": of.pending,
    })
}
