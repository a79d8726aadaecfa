//! `desired-count`: sets how many tasks an ECS service wants.

mod checks;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::future::BoxFuture;

use super::details::{self, Details};
use super::member::{Member, SERVICE};
use super::plan::{State, Target, Tier};
use super::scaled::{self, Scaled};
use super::{ActionSpec, Bench, Deed, Look, Plan, Stage};
use crate::backend::change::Change;
use crate::document::quoted;
use crate::error::Error;
use crate::health::words::count;
use crate::model::ecs::{EcsIndex, Scheduling, Service};
use crate::model::{Facts, Fault};
use crate::text::{Text, shell_word};

/// How long tasks may take to start or stop until nobody looks any more (practice).
const PATIENCE: Duration = Duration::from_mins(10);

/// `desired-count`.
pub const SPEC: ActionSpec = ActionSpec {
    id: "desired-count",
    title: "set how many tasks a service wants",
    doc: "Has ECS start or stop tasks of a service until as many run as are wanted. Its task definition stays the same.",
    kind: "service",
    also: scaled::ROWS,
    target: "CLUSTER/SERVICE=TASKS",
    asks: Some("tasks wanted"),
    opt_in: true,
    reads: &[details::PROTECTION],
    actions: &[Change::DESIRED_COUNT],
    resource: "arn:aws:ecs:REGION:ACCOUNT:service/CLUSTER/*",
    aim,
    plan: boxed,
};

fn aim(facts: &Facts, id: &str) -> Option<Text> {
    let service = scaled::of_row(facts, id)?;
    (service.scheduling != Scheduling::Daemon).then(|| label(service, service.desired))
}

fn label(service: &Service, tasks: u32) -> Text {
    Text::from(format!("{}={tasks}", service.label()))
}

fn boxed<'a>(bench: &'a Bench, target: &'a str) -> BoxFuture<'a, Result<Plan, Error>> {
    Box::pin(plan(bench, target))
}

/// The service and the number of tasks, as a person writes them.
fn parse(target: &str) -> Result<(&str, u32), Error> {
    let wrong = |what: String| Err(Error::usage(what).hint(format!("write it as in the table: {}", SPEC.target)));
    let Some((service, tasks)) = target.rsplit_once('=') else {
        return wrong(format!("{} does not say how many tasks are wanted", quoted(target)));
    };
    match tasks.parse() {
        Ok(number) if tasks.bytes().all(|byte| byte.is_ascii_digit()) => Ok((service, number)),
        _ => wrong(format!("{} is not a number of tasks", quoted(tasks))),
    }
}

async fn plan(bench: &Bench, target: &str) -> Result<Plan, Error> {
    let (target, tasks) = parse(target)?;
    let Member { item: service, identity, reading, taken_at } = SERVICE.find(bench, target).await?;
    let index = reading.facts.derived::<EcsIndex>();
    let running: Vec<String> = index.tasks(&service).iter().map(|task| task.arn.to_string()).collect();
    let protection = async {
        // Only what is stopped can be protected from it.
        let asked = if tasks < service.desired { running.as_slice() } else { &[] };
        Details::of_tasks(bench, &service.cluster_arn, asked).await
    };
    let (scaled, details) = tokio::join!(Scaled::read(bench, &service), protection);
    let (cluster, arn) = (service.cluster_arn.clone(), service.arn.clone());
    Ok(Plan {
        action: &SPEC,
        target: Target { name: service.name.clone(), label: label(&service, tasks), arn: arn.clone() },
        tier: if tasks == 0 { Tier::NameAndAccount } else { Tier::Name },
        identity,
        stack: bench.stack.name.clone(),
        is_protected: bench.stack.protected,
        checks: checks::Asked { service: &service, tasks, scaled: &scaled, details: &details }.checks(&reading),
        radius: radius(&service, tasks, &scaled),
        undo: format!("rounds act {} {}", SPEC.id, shell_word(&label(&service, service.desired))),
        state: state(&service, &scaled::state(scaled.target.as_ref())),
        taken_at,
        change: Change::DesiredCount { cluster: cluster.clone(), service: arn.clone(), tasks },
        deed: Arc::new(Sized { cluster, service: arn, resource: scaled::resource(&service), tasks }),
    }
    .void_if(&["scheduling", "desired", "status"]))
}

/// What the plan rests on. How many tasks run right now is not in it: that changes by itself.
fn state(service: &Service, target: &State) -> State {
    let mut all = vec![
        ("status", service.status.clone().unwrap_or_default()),
        (DESIRED, Text::from(service.desired.to_string())),
        ("task definition", service.task_definition.clone().unwrap_or_default()),
    ];
    // What is suspended does not matter to it.
    all.extend(target.0.iter().filter(|(name, _)| *name != "suspended").cloned());
    State(all)
}

/// How many tasks it wants, in the state.
const DESIRED: &str = "desired";

fn radius(service: &Service, tasks: u32, scaled: &Scaled) -> Vec<String> {
    let mut told = Vec::new();
    let change = count(tasks.abs_diff(service.desired), "task");
    match tasks.cmp(&service.desired) {
        std::cmp::Ordering::Greater => told.push(format!("starts {change}: {} wanted, {tasks} then", service.desired)),
        std::cmp::Ordering::Equal => told.push("changes nothing".to_owned()),
        std::cmp::Ordering::Less => {
            let left = if tasks == 0 { "none is left".to_owned() } else { format!("{tasks} are left") };
            told.push(format!("stops {change}, which ECS chooses: {left}"));
            told.push("each stop is SIGTERM, and SIGKILL after stopTimeout (30 s unless set)".to_owned());
        }
    }
    let suspended = scaled.target.as_ref().and_then(|target| target.suspended).unwrap_or_default();
    let is_off = suspended.scaling_in && suspended.scaling_out;
    if !scaled.policies.is_empty() {
        let policies = scaled::named(&scaled.policies);
        told.push(if is_off {
            format!("{policies} may set it again once scaling is resumed")
        } else {
            format!("{policies} may set it again at any time")
        });
    }
    told
}

/// A service, by its cluster's ARN and its own, and how many tasks it is to want.
#[derive(Debug)]
struct Sized {
    cluster: Text,
    service: Text,
    resource: Text,
    tasks: u32,
}

#[async_trait]
impl Deed for Sized {
    async fn state(&self, bench: &Bench) -> Result<State, Fault> {
        let (service, target) =
            tokio::join!(bench.service(&self.cluster, &self.service), scaled::state_now(bench, &self.resource),);
        // What could not be read for the plan is none there, either.
        Ok(state(&service?, &target.unwrap_or_else(|_| scaled::state(None))))
    }

    async fn look(&self, bench: &Bench, before: &State, _: &mut Option<Text>) -> Result<Look, Fault> {
        let service = bench.service(&self.cluster, &self.service).await?;
        Ok(look(&service, before, self.tasks))
    }

    fn patience(&self) -> Duration {
        PATIENCE
    }
}

fn look(service: &Service, before: &State, tasks: u32) -> Look {
    let Service { desired, running, pending, .. } = service;
    let (stage, text) = if *desired == tasks {
        let steady = *running == tasks && *pending == 0;
        let stage = if steady { Stage::Done } else { Stage::Going };
        (stage, format!("it wants {}, {running} run and {pending} start", count(tasks, "task")))
    } else if desired.to_string() == before.get(DESIRED) {
        (Stage::Unseen, format!("it wants {} as before", count(*desired, "task")))
    } else {
        (Stage::Failed, format!("something else has set it: it wants {}", count(*desired, "task")))
    };
    // Of its target nothing is read any more.
    let bounds = State(before.0.iter().filter(|(name, _)| name.ends_with(" tasks")).cloned().collect());
    Look { stage, text, state: state(service, &bounds) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::scaling::{Policy, Suspended};

    #[test]
    fn a_value_is_a_plain_number_behind_the_last_equals_sign() {
        assert_eq!(parse("ehr/web=6").unwrap(), ("ehr/web", 6));
        assert_eq!(parse("arn:aws:ecs:r:1:service/ehr/web=0").unwrap(), ("arn:aws:ecs:r:1:service/ehr/web", 0));
        for (wrong, why) in [
            ("ehr/web", "does not say how many tasks are wanted"),
            ("ehr/web=", "\"\" is not a number of tasks"),
            ("ehr/web=six", "\"six\" is not a number of tasks"),
            ("ehr/web=-1", "\"-1\" is not a number of tasks"),
            ("ehr/web=+6", "\"+6\" is not a number of tasks"),
            ("ehr/web=6 ", "\"6 \" is not a number of tasks"),
            ("ehr/web=99999999999", "is not a number of tasks"),
        ] {
            let told = parse(wrong).unwrap_err().to_string();
            assert!(told.contains(why) && told.contains("CLUSTER/SERVICE=TASKS"), "{told}");
        }
    }

    #[test]
    fn the_radius_counts_what_starts_and_stops_and_names_who_may_revert_it() {
        let service = Service { desired: 4, running: 4, ..Service::default() };
        let told = |tasks, scaled: &Scaled| radius(&service, tasks, scaled).join("; ");
        let none = Scaled::default();
        assert_eq!(told(6, &none), "starts 2 tasks: 4 wanted, 6 then");
        assert!(told(1, &none).starts_with("stops 3 tasks, which ECS chooses: 1 are left; each stop is SIGTERM"));
        assert!(told(0, &none).contains("none is left"));
        let policy = Policy { name: "cpu".into(), kind: Some("StepScaling".into()), ..Policy::default() };
        let scaled = |off| {
            let suspended = Some(Suspended { scaling_in: off, scaling_out: off, scheduled: false });
            let target = crate::model::scaling::Target { suspended, ..Default::default() };
            Scaled { target: Some(target), policies: vec![policy.clone()], gaps: Vec::new() }
        };
        assert!(told(6, &scaled(false)).ends_with("cpu (StepScaling) may set it again at any time"));
        assert!(told(6, &scaled(true)).ends_with("may set it again once scaling is resumed"));
    }

    #[test]
    fn it_is_done_once_as_many_run_as_were_asked_for() {
        let service = |desired, running, pending| Service { desired, running, pending, ..Service::default() };
        let before = state(&service(4, 4, 0), &scaled::state(None));
        for (now, stage) in [
            (service(6, 6, 0), Stage::Done),
            (service(6, 5, 1), Stage::Going),
            (service(6, 7, 0), Stage::Going),
            (service(4, 4, 0), Stage::Unseen),
            (service(8, 8, 0), Stage::Failed),
        ] {
            let seen = look(&now, &before, 6);
            assert_eq!(seen.stage, stage, "{}", seen.text);
        }
    }
}
