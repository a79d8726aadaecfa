//! `drain`: has ECS move the tasks of services off a container instance, which then takes no new ones.

mod checks;
mod places;
mod watch;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use async_trait::async_trait;
use futures_util::future::{BoxFuture, OptionFuture};

use self::checks::Scene;
use self::places::Load;
use super::details::{self, Details};
use super::member::{INSTANCE, Member};
use super::plan::{State, Target, Tier};
use super::{ActionSpec, Bench, Deed, Look, Plan};
use crate::backend::change::{Change, InstanceStatus};
use crate::error::Error;
use crate::health::words::count;
use crate::model::ecs::{EcsFacts, EcsIndex, Instance};
use crate::model::{Facts, Fault};
use crate::text::{Text, shell_word};

/// `drain`.
pub const SPEC: ActionSpec = ActionSpec {
    id: "drain",
    title: "drain a container instance",
    doc: "ECS places no new task on a container instance and moves the tasks of services off it, within the bounds of each \
          service. Tasks of no service stay until they end.",
    kind: "instance",
    also: &[],
    target: "CLUSTER/INSTANCE-ID",
    asks: None,
    opt_in: false,
    reads: &[details::PROTECTION],
    actions: &[Change::INSTANCE_STATE],
    resource: "arn:aws:ecs:REGION:ACCOUNT:container-instance/CLUSTER/*",
    aim,
    plan: boxed,
};

fn aim(facts: &Facts, arn: &str) -> Option<Text> {
    let instance = instance(facts, arn)?;
    (instance.status.as_deref() != Some("DRAINING")).then(|| instance.label())
}

/// The instance with this ARN.
pub(super) fn instance<'a>(facts: &'a Facts, arn: &str) -> Option<&'a Instance> {
    let ecs = facts.get::<EcsFacts>()?;
    ecs.instances.iter().find(|seen| seen.item.arn == arn).map(|seen| seen.item.as_ref())
}

fn boxed<'a>(bench: &'a Bench, target: &'a str) -> BoxFuture<'a, Result<Plan, Error>> {
    Box::pin(plan(bench, target))
}

async fn plan(bench: &Bench, target: &str) -> Result<Plan, Error> {
    let Member { item: instance, identity, reading, taken_at } = INSTANCE.find(bench, target).await?;
    let index = reading.facts.derived::<EcsIndex>();
    let load = Load::of(&instance, &index);
    let tasks: Vec<String> = load.moves.iter().flat_map(|one| &one.tasks).map(|task| task.arn.to_string()).collect();
    let details = Details::of_tasks(bench, &instance.cluster_arn, &tasks).await;
    let scene =
        Scene { instance: &instance, load: &load, index: &index, reading: &reading, details: &details, now: taken_at };
    let name = instance.ec2_id.clone().unwrap_or_else(|| instance.id());
    Ok(Plan {
        action: &SPEC,
        target: Target { name, label: instance.label(), arn: instance.arn.clone() },
        tier: Tier::Name,
        undo: format!(
            "rounds act reactivate {}; tasks that have moved do not come back by themselves",
            shell_word(&instance.label())
        ),
        identity,
        stack: bench.stack.name.clone(),
        is_protected: bench.stack.protected,
        checks: scene.checks(),
        radius: radius(&load, &index),
        state: state(Some(&instance)),
        taken_at,
        change: Change::InstanceState {
            cluster: instance.cluster_arn.clone(),
            instance: instance.arn.clone(),
            status: InstanceStatus::Draining,
        },
        deed: Arc::new(Drained {
            cluster: instance.cluster_arn.clone(),
            instance: instance.arn.clone(),
            services: load.services().map(|service| service.arn.to_string()).collect(),
            daemons: load.daemons.iter().filter_map(|task| task.service()).map(Text::from).collect(),
        }),
    }
    .void_if(&["status"]))
}

/// What the plan rests on: which instance it is, and how much runs there.
pub(super) fn state(instance: Option<&Instance>) -> State {
    let Some(instance) = instance else { return State(vec![("status", Text::from("gone"))]) };
    let agent = match instance.agent_connected {
        Some(true) => "connected",
        Some(false) => "disconnected",
        None => "",
    };
    State(vec![
        ("status", instance.status.clone().unwrap_or_default()),
        ("agent", Text::from(agent)),
        ("running tasks", Text::from(instance.running_tasks.to_string())),
        ("pending tasks", Text::from(instance.pending_tasks.to_string())),
    ])
}

/// What moves, and how each service stands in the zones before and after.
fn radius(load: &Load<'_>, index: &EcsIndex) -> Vec<String> {
    let moving: usize = load.moves.iter().map(|one| one.tasks.len()).sum();
    let of: Vec<String> = load.moves.iter().map(|one| format!("{} {}", one.service.name, one.tasks.len())).collect();
    let mut told = match moving {
        0 => vec!["moves no task; no new one comes".to_owned()],
        n => vec![format!("moves {} ({}); no new one comes", count(n, "task"), of.join(", "))],
    };
    for one in &load.moves {
        let before = index.spread(one.service).zones;
        let mut after = before.clone();
        for task in &one.tasks {
            let az = task.az.clone().or_else(|| index.instance_of(task)?.az.clone());
            if let Some(n) = az.and_then(|az| after.get_mut(&az)) {
                *n = n.saturating_sub(1);
            }
        }
        for place in &one.places {
            if let Some(az) = &place.az {
                *after.entry(az.clone()).or_default() += 1;
            }
        }
        let zones: BTreeSet<&Text> = before.keys().chain(after.keys()).collect();
        let shown = |counts: &BTreeMap<Text, u32>| {
            let each = zones.iter().map(|az| format!("{az} {}", counts.get(*az).copied().unwrap_or_default()));
            each.collect::<Vec<_>>().join(", ")
        };
        told.push(format!("{}: {}; after about {}", one.service.name, shown(&before), shown(&after)));
    }
    if moving > 0 {
        told.push("each stop is SIGTERM, and SIGKILL after stopTimeout (30 s unless set)".to_owned());
        told.push("takes 5 to 15 min as a rule; load balancers let connections end for up to 300 s".to_owned());
    }
    told
}

/// The instance, by its cluster's ARN and its own, and whose tasks were on it when it was planned.
#[derive(Debug)]
struct Drained {
    cluster: Text,
    instance: Text,
    services: Vec<String>,
    daemons: Vec<Text>,
}

#[async_trait]
impl Deed for Drained {
    async fn state(&self, bench: &Bench) -> Result<State, Fault> {
        Ok(state(bench.instance(&self.cluster, &self.instance).await?.as_ref()))
    }

    async fn look(&self, bench: &Bench, before: &State, _: &mut Option<Text>) -> Result<Look, Fault> {
        let instance = bench.instance(&self.cluster, &self.instance).await?;
        let tasks = async {
            let known = instance.is_some().then(|| bench.tasks_on(&self.cluster, &self.instance));
            OptionFuture::from(known).await.transpose()
        };
        let (tasks, services) = tokio::join!(tasks, bench.services(&self.cluster, &self.services));
        let (tasks, services) = (tasks?.unwrap_or_default(), services?.items);
        Ok(watch::Seen { instance, tasks, services, daemons: self.daemons.clone() }.judge(before))
    }
}

#[cfg(test)]
mod tests;
