//! `rollback`: stops the deployment of a service that is under way, and has ECS go back to what ran before it.

mod checks;

use std::sync::Arc;

use async_trait::async_trait;
use futures_util::future::BoxFuture;

use self::checks::Revisions;
use super::details::{self, Details};
use super::evidence::evidence;
use super::member::{Member, SERVICE, unread};
use super::plan::{Check, Level, State, Target, Tier};
use super::{ActionSpec, Bench, Deed, Look, Plan, Stage, scaled};
use crate::backend::change::Change;
use crate::error::Error;
use crate::health::words::count;
use crate::model::ecs::{EcsIndex, Image, Service, ServiceDeployment, tail};
use crate::model::stack::Stack;
use crate::model::{Facts, Fault};
use crate::text::{Text, shell_word};

/// `rollback`.
pub const SPEC: ActionSpec = ActionSpec {
    id: "rollback",
    title: "stop a deployment and roll back",
    doc: "Stops the deployment of an ECS service that is under way, and brings back the revision that ran before it, within the \
          service's own bounds. It is the undo of force-deploy.",
    kind: "service",
    also: scaled::ROWS,
    target: "CLUSTER/SERVICE",
    asks: None,
    opt_in: false,
    reads: &["ecs:ListServiceDeployments", "ecs:DescribeServiceDeployments", details::REVISIONS, details::PROTECTION],
    actions: &[Change::ROLL_BACK],
    resource: "arn:aws:ecs:REGION:ACCOUNT:service-deployment/CLUSTER/*",
    aim,
    plan: boxed,
};

fn aim(facts: &Facts, id: &str) -> Option<Text> {
    let service = scaled::of_row(facts, id)?;
    service.deployments.iter().any(crate::model::ecs::Deployment::in_progress).then(|| service.label())
}

fn boxed<'a>(bench: &'a Bench, target: &'a str) -> BoxFuture<'a, Result<Plan, Error>> {
    Box::pin(plan(bench, target))
}

/// The deployment of a service that is under way; where there is none, the newest, in full.
async fn current(bench: &Bench, cluster: &str, service: &str) -> Result<Option<ServiceDeployment>, Fault> {
    for under_way in [true, false] {
        let listed = bench.deployments(cluster, service, under_way).await?;
        if let Some(newest) = listed.into_iter().max_by_key(|deployment| deployment.created_at) {
            return bench.deployment(&newest.arn).await;
        }
    }
    Ok(None)
}

async fn plan(bench: &Bench, target: &str) -> Result<Plan, Error> {
    let Member { item: service, identity, reading, taken_at } = SERVICE.find(bench, target).await?;
    let found = current(bench, &service.cluster_arn, &service.arn).await.map_err(|fault| unread(&fault))?;
    let Some(deployment) = found else {
        let what = format!("ECS knows no deployment of {} to roll back", service.label());
        return Err(Error::absent(what).hint("it keeps those since 2024-10-25; look at the service's deployments"));
    };
    let arns: Vec<String> =
        deployment.target.iter().chain(&deployment.sources).map(|revision| revision.arn.to_string()).collect();
    let index = reading.facts.derived::<EcsIndex>();
    let tasks: Vec<String> = index.tasks(&service).iter().map(|task| task.arn.to_string()).collect();
    let (revisions, details) =
        tokio::join!(bench.revisions(&arns), Details::of_tasks(bench, &service.cluster_arn, &tasks));
    let revisions = Revisions::of(revisions);
    let mut checks = vec![
        checks::status(&deployment),
        checks::previous(&deployment, &revisions),
        checks::images(&deployment, &revisions),
        details.protected(taken_at),
        evidence(&reading.facts, &service.arn, "its tasks or their instances"),
    ];
    let gaps = reading.gaps.iter().chain(&details.gaps).chain(&revisions.gap);
    let gaps: Vec<&str> = gaps.map(String::as_str).collect();
    if !gaps.is_empty() {
        checks.push(Check::new("unread", Level::Warn, format!("not all could be read: {}", gaps.join("; "))));
    }
    Ok(Plan {
        action: &SPEC,
        // The deployment is what is acted on: whoever follows it has its service in hand.
        target: Target { name: service.name.clone(), label: service.label(), arn: deployment.arn.clone() },
        tier: Tier::Name,
        undo: undo(&service, &deployment, &revisions, bench, identity.region.as_deref()),
        identity,
        stack: bench.stack.name.clone(),
        is_protected: bench.stack.protected,
        checks,
        radius: radius(&deployment, &revisions),
        state: state(Some(&deployment)),
        taken_at,
        change: Change::RollBack { deployment: deployment.arn.clone() },
        deed: Arc::new(RolledBack {
            cluster: service.cluster_arn.clone(),
            service: service.arn.clone(),
            deployment: deployment.arn,
        }),
    }
    .void_if(&["status", "previous"]))
}

/// What the plan rests on. How far the deployment has come is not in it: that changes by itself.
fn state(deployment: Option<&ServiceDeployment>) -> State {
    let Some(deployment) = deployment else { return State(vec![("deployment", Text::default())]) };
    let status =
        if deployment.is_under_way() { Text::from("under way") } else { deployment.status.clone().unwrap_or_default() };
    let sources: Vec<&str> = deployment.sources.iter().map(|source| source.arn.as_str()).collect();
    State(vec![
        ("deployment", deployment.arn.clone()),
        ("status", status),
        ("new revision", deployment.target.as_ref().map(|target| target.arn.clone()).unwrap_or_default()),
        ("goes back to", Text::from(sources.join(", "))),
    ])
}

fn radius(deployment: &ServiceDeployment, revisions: &Revisions) -> Vec<String> {
    let mut told = Vec::new();
    if let Some(new) = &deployment.target {
        let tasks = count(new.running.saturating_add(new.pending), "task");
        told.push(format!(
            "stops {tasks} of the new revision {} ({} run, {} start)",
            new.arn, new.running, new.pending
        ));
    } else {
        told.push("stops the tasks of the new revision; how many there are is not known".to_owned());
    }
    for old in &deployment.sources {
        told.push(format!("goes back to {}, of which {} still run", old.arn, count(old.running, "task")));
        let images = revisions.get(&old.arn).map(|revision| revision.images.iter().map(image));
        told.extend(images.into_iter().flatten());
    }
    told.push("each stop is SIGTERM, and SIGKILL after stopTimeout (30 s unless set)".to_owned());
    told
}

/// `api: registry/api:2.4 is sha256:…`.
fn image(image: &Image) -> String {
    let name = image.name.as_deref().unwrap_or("an unknown image");
    let digest = image.digest.as_deref().unwrap_or("of an unknown digest");
    format!("{}: {name} is {digest}", image.container)
}

/// A new deployment is of what the service then has, which after this is the old task definition.
fn undo(
    service: &Service,
    deployment: &ServiceDeployment,
    revisions: &Revisions,
    bench: &Bench,
    region: Option<&str>,
) -> String {
    let definition = |arn: &Text| revisions.get(arn).and_then(|revision| revision.task_definition.clone());
    let new = deployment.target.as_ref().and_then(|target| definition(&target.arn));
    let old: Vec<Option<Text>> = deployment.sources.iter().map(|source| definition(&source.arn)).collect();
    let forced = format!("rounds act force-deploy {}", shell_word(&service.label()));
    match new {
        Some(new) if old.iter().all(|old| old.as_ref() == Some(&new)) => {
            format!("{forced}: both revisions are of {}", tail(&new))
        }
        Some(new) => {
            // The CLI asks as that role only once it is told to; everything else of the call holds.
            let stack = Stack { role_arn: None, ..bench.stack.clone() };
            let (cluster, name) = (service.cluster(), &service.name);
            let words =
                ["ecs", "update-service", "--cluster", &cluster, "--service", name, "--task-definition", &tail(&new)];
            format!("deploy its task definition again: {}", stack.aws_call(region, &words).unwrap_or_default())
        }
        None => format!("a new deployment of the task definition that was stopped ({forced} where it is the same)"),
    }
}

/// The deployment that is stopped, and its service, by their ARNs and that of the cluster.
#[derive(Debug)]
struct RolledBack {
    cluster: Text,
    service: Text,
    deployment: Text,
}

#[async_trait]
impl Deed for RolledBack {
    async fn state(&self, bench: &Bench) -> Result<State, Fault> {
        Ok(state(current(bench, &self.cluster, &self.service).await?.as_ref()))
    }

    async fn look(&self, bench: &Bench, before: &State, _: &mut Option<Text>) -> Result<Look, Fault> {
        // What was stopped is what the record names; a plan made anew to settle it is about the newest.
        let stopped = Some(before.get("deployment")).filter(|arn| !arn.is_empty()).unwrap_or(&self.deployment);
        Ok(look(bench.deployment(stopped).await?.as_ref()))
    }
}

fn look(deployment: Option<&ServiceDeployment>) -> Look {
    let (stage, text) = match deployment {
        None => (Stage::Failed, "ECS does not know the deployment any more".to_owned()),
        Some(deployment) => judge(deployment),
    };
    Look { stage, text, state: state(deployment) }
}

fn judge(deployment: &ServiceDeployment) -> (Stage, String) {
    let because = deployment.reason.as_ref().map(|why| format!(": {why}")).unwrap_or_default();
    let to = deployment.back_to.as_ref().map(|arn| format!(" to {arn}")).unwrap_or_default();
    let left = deployment.target.as_ref().map_or_else(String::new, |new| {
        format!(", {} of the new revision left", count(new.running.saturating_add(new.pending), "task"))
    });
    match deployment.status.as_deref() {
        Some("ROLLBACK_SUCCESSFUL") => (Stage::Done, format!("it is rolled back{to}")),
        Some("ROLLBACK_FAILED") => (Stage::Failed, format!("rolling back{to} failed{because}")),
        Some("STOPPED") => (Stage::Failed, format!("it was stopped and not rolled back{because}")),
        Some("SUCCESSFUL") => (Stage::Failed, "it completed before it could be stopped".to_owned()),
        Some("STOP_REQUESTED" | "ROLLBACK_REQUESTED" | "ROLLBACK_IN_PROGRESS") => {
            (Stage::Going, format!("it is rolling back{to}{left}"))
        }
        Some(status) => (Stage::Unseen, format!("the deployment is {status}")),
        None => (Stage::Unseen, "the status of the deployment is not known".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ecs::{Revision, RevisionTasks};

    fn deployment(status: &str) -> ServiceDeployment {
        let tasks = |arn: &str, running| RevisionTasks { arn: Text::from(arn), running, pending: 1, wanted: 4 };
        ServiceDeployment {
            arn: Text::from("arn:d/1"),
            status: Some(Text::from(status)),
            target: Some(tasks("arn:r/2", 2)),
            sources: vec![tasks("arn:r/1", 3)],
            ..ServiceDeployment::default()
        }
    }

    #[test]
    fn it_is_done_once_ecs_says_that_it_is_rolled_back() {
        for (status, stage, words) in [
            ("IN_PROGRESS", Stage::Unseen, "is IN_PROGRESS"),
            ("PENDING", Stage::Unseen, "is PENDING"),
            ("STOP_REQUESTED", Stage::Going, "rolling back"),
            ("ROLLBACK_REQUESTED", Stage::Going, "rolling back"),
            ("ROLLBACK_IN_PROGRESS", Stage::Going, "3 tasks of the new revision left"),
            ("ROLLBACK_SUCCESSFUL", Stage::Done, "rolled back"),
            ("ROLLBACK_FAILED", Stage::Failed, "failed"),
            ("STOPPED", Stage::Failed, "not rolled back"),
            ("SUCCESSFUL", Stage::Failed, "completed before"),
        ] {
            let seen = look(Some(&deployment(status)));
            assert!(seen.stage == stage && seen.text.contains(words), "{status}: {seen:?}");
        }
        assert_eq!(look(None).stage, Stage::Failed);
        let same = state(Some(&deployment("PENDING"))).differences(&state(Some(&deployment("IN_PROGRESS"))));
        assert_eq!(same, [""; 0]);
        let over = state(Some(&deployment("PENDING"))).differences(&state(Some(&deployment("SUCCESSFUL"))));
        assert_eq!(over, ["status was under way, is SUCCESSFUL"]);
    }

    #[test]
    fn the_radius_names_the_tasks_that_stop_and_the_images_that_come_back() {
        let image = Image { container: "api".into(), name: Some("r/api:1".into()), digest: Some("sha256:0".into()) };
        let old = Revision { arn: "arn:r/1".into(), images: vec![image], ..Revision::default() };
        let revisions = Revisions { known: vec![old], missing: vec![], gap: None };
        let told = radius(&deployment("IN_PROGRESS"), &revisions);
        assert_eq!(
            told[..3],
            [
                "stops 3 tasks of the new revision arn:r/2 (2 run, 1 start)",
                "goes back to arn:r/1, of which 3 tasks still run",
                "api: r/api:1 is sha256:0",
            ]
        );
    }
}
