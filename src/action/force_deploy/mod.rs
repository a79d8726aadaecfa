//! `force-deploy`: has an ECS service start all its tasks anew, from the same task definition.

mod checks;
mod stale;
mod watch;

use std::sync::Arc;

use async_trait::async_trait;
use futures_util::future::BoxFuture;

pub(super) use stale::{Stale, stale_of};

use super::details::{self, Details};
use super::executor::UNSEEN;
use super::member::{Member, SERVICE};
use super::plan::{State, Target, Tier};
use super::{ActionSpec, Bench, Deed, Look, Plan, scaled};
use crate::backend::change::Change;
use crate::error::Error;
use crate::health::words::count;
use crate::model::ecs::{EcsIndex, Scheduling, Service};
use crate::model::stack::Stack;
use crate::model::{Facts, Fault};
use crate::text::Text;
use crate::time::Timestamp;

/// `force-deploy`.
pub const SPEC: ActionSpec = ActionSpec {
    id: "force-deploy",
    title: "force a new deployment",
    doc: "Replaces every task of an ECS service by a new one of the same task definition, within the service's own bounds. Tags \
          of images are resolved anew. stale:SECRET is every service whose running tasks hold a value of that secret of before its \
          last rotation: one plan, and then each by itself, one after the other.",
    kind: "service",
    also: scaled::ROWS,
    target: "CLUSTER/SERVICE or stale:SECRET",
    asks: None,
    opt_in: false,
    reads: &[details::REVISIONS, details::PROTECTION],
    actions: &[Change::FORCE_DEPLOYMENT],
    resource: "arn:aws:ecs:REGION:ACCOUNT:service/CLUSTER/*",
    aim,
    plan: boxed,
};

fn aim(facts: &Facts, id: &str) -> Option<Text> {
    scaled::of_row(facts, id).map(Service::label)
}

fn boxed<'a>(bench: &'a Bench, target: &'a str) -> BoxFuture<'a, Result<Plan, Error>> {
    Box::pin(plan(bench, target))
}

async fn plan(bench: &Bench, target: &str) -> Result<Plan, Error> {
    match stale::secret_of(target) {
        Some(secret) => stale::plan(bench, secret).await,
        None => one(bench, target).await,
    }
}

/// The plan for one service.
async fn one(bench: &Bench, target: &str) -> Result<Plan, Error> {
    let Member { item: service, identity, reading, taken_at } = SERVICE.find(bench, target).await?;
    let index = reading.facts.derived::<EcsIndex>();
    let details = Details::read(bench, &service, &index).await;
    let (cluster, service_arn) = (service.cluster_arn.clone(), service.arn.clone());
    Ok(Plan {
        action: &SPEC,
        target: Target { name: service.name.clone(), label: service.label(), arn: service.arn.clone() },
        tier: Tier::Name,
        undo: undo(&service, bench, identity.region.as_deref()),
        identity,
        stack: bench.stack.name.clone(),
        is_protected: bench.stack.protected,
        checks: checks::checks(&service, &reading, &details, taken_at),
        radius: radius(&service, index.headroom(&service)),
        state: state(&service),
        taken_at,
        change: Change::ForceDeployment { cluster: cluster.clone(), service: service_arn.clone() },
        deed: Arc::new(Forced { cluster, service: service_arn }),
    })
}

/// What the plan rests on: what forcing would replace, and within which bounds. How many tasks run right now is not in it: that
/// changes by itself.
fn state(service: &Service) -> State {
    let given = |value: Option<u32>| value.map_or_else(Text::default, |n| Text::from(n.to_string()));
    let primary = service.primary();
    State(vec![
        ("status", service.status.clone().unwrap_or_default()),
        ("controller", service.controller.clone().unwrap_or_else(|| Text::from("ECS"))),
        ("task definition", service.task_definition.clone().unwrap_or_default()),
        ("desired", Text::from(service.desired.to_string())),
        ("minimum percent", given(service.rollout.minimum_percent)),
        ("maximum percent", given(service.rollout.maximum_percent)),
        (DEPLOYMENT, primary.map(|d| d.id.clone()).unwrap_or_default()),
    ])
}

/// The id of the primary deployment, in the state.
const DEPLOYMENT: &str = "deployment";

/// What it does, with room for so many more tasks; none where that is not known or does not matter.
fn radius(service: &Service, room: Option<u32>) -> Vec<String> {
    let desired = service.desired;
    let tasks = count(desired, "task");
    let mut told = Vec::new();
    match (service.lower_bound(), service.upper_bound()) {
        _ if service.scheduling == Scheduling::Daemon => {
            told.push(format!("replaces {tasks}, one an instance: each is stopped before the new one starts"));
        }
        (Some(lower), Some(upper)) => {
            let (missing, extra) = (desired.saturating_sub(lower), upper.saturating_sub(desired));
            told.push(format!("replaces {tasks}, at most {missing} missing and {extra} extra at any time"));
            // What may stop now, and what may start: no more than there is room for.
            let may_start = upper.saturating_sub(service.running);
            let starts = room.map_or(may_start, |room| room.min(may_start));
            let at_once = service.running.saturating_sub(lower) + starts;
            let limited = if starts < may_start { " with the room there is" } else { "" };
            match at_once {
                _ if desired == 0 => {}
                0 if starts < may_start => told.push("waits for room before the first wave".to_owned()),
                // A check says why.
                0 => told.push("no wave: nothing may stop and nothing start".to_owned()),
                _ => told.push(format!("about {}{limited}", count(desired.div_ceil(at_once), "wave"))),
            }
        }
        _ => told.push(format!("replaces {tasks}; its bounds are not known, so neither is how many at a time")),
    }
    told.push("each stop is SIGTERM, and SIGKILL after stopTimeout (30 s unless set)".to_owned());
    if service.target_groups > 0 {
        told.push("load balancers let connections end for up to 300 s unless set otherwise".to_owned());
    }
    told
}

/// In two calls: what a deployment is called as a thing of its own is not known before it is there.
fn undo(service: &Service, bench: &Bench, region: Option<&str>) -> String {
    let again = service.task_definition.as_ref().map_or_else(Text::default, |arn| crate::model::ecs::tail(arn));
    let role = bench.stack.role_arn.as_ref().map(|role| format!(" as {role}")).unwrap_or_default();
    // The CLI asks as that role only once it is told to; everything else of the call holds.
    let stack = Stack { role_arn: None, ..bench.stack.clone() };
    let call = |words: &[&str]| stack.aws_call(region, words).unwrap_or_default();
    let cluster = crate::model::ecs::tail(&service.cluster_arn);
    let names = ["ecs", "list-service-deployments", "--cluster", &cluster, "--service", &service.name];
    let stops = ["ecs", "stop-service-deployment", "--stop-type", "ROLLBACK", "--service-deployment-arn", "ARN"];
    format!(
        "while it is in progress: rounds act rollback {}, or{role}: {} with the ARN that {} tells; afterwards there is nothing to undo, the task definition is the \
         same ({again})",
        crate::text::shell_word(&service.label()),
        call(&stops),
        call(&names),
    )
}

/// The service whose tasks are replaced, by its cluster's ARN and its own.
#[derive(Debug)]
struct Forced {
    cluster: Text,
    service: Text,
}

#[async_trait]
impl Deed for Forced {
    async fn state(&self, bench: &Bench) -> Result<State, Fault> {
        Ok(state(&bench.service(&self.cluster, &self.service).await?))
    }

    async fn look(&self, bench: &Bench, before: &State, made: &mut Option<Text>) -> Result<Look, Fault> {
        let service = bench.service(&self.cluster, &self.service).await?;
        Ok(watch::look(&service, before, made))
    }

    async fn is_later(&self, bench: &Bench, made: Option<&Text>, then: Timestamp) -> Result<Option<String>, Fault> {
        let service = bench.service(&self.cluster, &self.service).await?;
        let ours = service.deployments.iter().find(|deployment| Some(&deployment.id) == made);
        let began = ours.and_then(|ours| ours.created_at).filter(|began| began.since(then) > UNSEEN);
        Ok(began.zip(made).map(|(began, made)| format!("deployment {made} was begun at {}", began.date_time())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ecs::Rollout;

    #[test]
    fn the_radius_is_counted_from_the_bounds() {
        let rollout = Rollout { minimum_percent: Some(50), maximum_percent: Some(150), ..Rollout::default() };
        let service = Service { desired: 7, running: 7, rollout, target_groups: 1, ..Service::default() };
        let told = radius(&service, None);
        assert_eq!(told[0], "replaces 7 tasks, at most 3 missing and 3 extra at any time");
        assert_eq!((told[1].as_str(), told.len()), ("about 2 waves", 4));
        assert!(radius(&Service::default(), None)[0].contains("not known"));
        let waves = |running, room| radius(&Service { running, ..service.clone() }, Some(room))[1].clone();
        assert_eq!(waves(7, 9), "about 2 waves");
        assert_eq!(waves(7, 0), "about 3 waves with the room there is");
        assert_eq!(waves(4, 1), "about 7 waves with the room there is");
        assert_eq!(waves(4, 0), "waits for room before the first wave");
        assert_eq!(waves(12, 0), "about 1 wave");
        let stuck = Rollout { minimum_percent: Some(100), maximum_percent: Some(100), ..Rollout::default() };
        let stuck = Service { rollout: stuck, ..service.clone() };
        assert_eq!(radius(&stuck, Some(9))[1], "no wave: nothing may stop and nothing start");
        assert!(!radius(&Service { desired: 0, ..service }, None).join(" ").contains("wave"));
    }
}
