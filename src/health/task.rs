//! Running tasks: their health checks and their connection to ECS.

use std::sync::Arc;
use std::time::Duration;

use super::placement::Placements;
use super::{About, Rule, Sink, Threshold, capacity, service, subject, words};
use crate::model::ecs::{EcsFacts, EcsIndex, Task};
use crate::model::scaling::GroupFacts;
use crate::model::{Facts, Severity};
use crate::text::Text;

pub(super) const UNHEALTHY: Rule = Rule {
    id: "ecs-task-unhealthy",
    domain: "ecs",
    doc: "Running tasks fail their container health check. A task without a health check is not judged.",
    source: "ECS API: Task.healthStatus, where UNKNOWN means that no check is configured; more than half (practice)",
    thresholds: &[Threshold::share("crit", 0.5)],
    read_at: Facts::taken_at::<EcsFacts>,
    check: unhealthy,
};

pub(super) const DISCONNECTED: Rule = Rule {
    id: "ecs-task-disconnected",
    domain: "ecs",
    doc: "A task has lost its connection to ECS although the agent of its instance has not.",
    source: "ECS API: Task.connectivity and connectivityAt; 2 min (practice)",
    thresholds: &[Threshold::minutes("warn", 2)],
    read_at: Facts::taken_at::<EcsFacts>,
    check: disconnected,
};

pub(super) const WAITING: Rule = Rule {
    id: "ecs-task-waiting",
    domain: "ecs",
    doc: "A task does not run: it waits for a place, is starting or stopping. An alarm only where it waits long and belongs to no \
          service: for the tasks of a service the rules of services speak.",
    source: "ECS developer guide: task lifecycle; 5 min (practice)",
    thresholds: &[Threshold::minutes("warn", 5)],
    read_at: Facts::taken_at::<EcsFacts>,
    check: waiting,
};

fn is(value: Option<&Text>, word: &str) -> bool {
    value.is_some_and(|v| *v == *word)
}

fn unhealthy(facts: &Facts, sink: &mut Sink<'_>) {
    let index = facts.derived::<EcsIndex>();
    service::each(facts, sink, |service, sink| {
        let Health { bad, checked, untold } = health(index.tasks(service).iter());
        let Some(first) = bad.first() else {
            if checked > 0 && untold == 0 {
                sink.ok(|| subject::service(service));
            }
            return;
        };
        let n = bad.len();
        #[expect(clippy::cast_precision_loss, reason = "task counts are far below 2^52")]
        let share = n as f64 / checked as f64;
        let crit = n == checked || share > sink.share("crit");
        let how_many = match (n, checked) {
            (1, 1) => "its only checked task is".to_owned(),
            (n, all) if n == all => format!("all {all} checked tasks are"),
            (n, all) => format!("{n} of {all} checked tasks are"),
        };
        let message = format!("{}: {how_many} unhealthy", words::headline(service));
        let about = About::new(message)
            .with("unhealthy", words::list(bad.iter().map(|t| t.id())))
            .with(
                "containers",
                words::list(first.containers.iter().filter(|c| is(c.health.as_ref(), "UNHEALTHY")).map(|c| &c.name)),
            )
            .with("tasks with a health check", checked)
            .next("see what the health check says: enter");
        sink.found(if crit { Severity::Crit } else { Severity::Warn }, subject::service(service), about);
    });
    let tasks = facts.get::<EcsFacts>().map_or(&[][..], |ecs| &ecs.tasks);
    for seen in tasks.iter().filter(|seen| index.service_of(&seen.item).is_none()) {
        let (task, mut sink) = (&seen.item, sink.at(seen.at));
        let Health { bad, checked, .. } = health(std::iter::once(task));
        if !bad.is_empty() {
            let about = About::new(format!("{}: task is unhealthy", task.label())).with("healthStatus", "UNHEALTHY");
            sink.found(Severity::Warn, subject::task(task), about);
        } else if checked > 0 {
            sink.ok(|| subject::task(task));
        }
    }
}

/// Running tasks by what they tell of their health.
struct Health<'a> {
    bad: Vec<&'a Task>,
    checked: usize,
    untold: usize,
}

fn health<'a>(tasks: impl Iterator<Item = &'a Arc<Task>>) -> Health<'a> {
    let mut health = Health { bad: Vec::new(), checked: 0, untold: 0 };
    for task in tasks.filter(|t| t.status.as_deref().is_none_or(|s| s == "RUNNING")) {
        match task.health.as_deref() {
            Some("UNHEALTHY") => health.bad.push(task),
            Some("HEALTHY") => {}
            Some(_) => continue,
            None => {
                health.untold += 1;
                continue;
            }
        }
        health.checked += 1;
    }
    health
}

fn disconnected(facts: &Facts, sink: &mut Sink<'_>) {
    let index = facts.derived::<EcsIndex>();
    let tasks = facts.get::<EcsFacts>().map_or(&[][..], |ecs| &ecs.tasks);
    for seen in tasks {
        let (task, mut sink) = (&seen.item, sink.at(seen.at));
        match task.connectivity.as_deref() {
            Some("CONNECTED") => sink.ok(|| subject::task(task)),
            Some("DISCONNECTED") => {
                // The instance's own lost agent explains it, and `ecs-agent-disconnected` says so.
                if index.instance_of(task).is_some_and(|i| i.agent_connected == Some(false)) {
                    continue;
                }
                let about = About::new(format!("{}: task is disconnected from ECS", task.label()))
                    .since(task.connectivity_at)
                    .with("connectivity", "DISCONNECTED")
                    .with("instance", words::given(index.instance_of(task).map(crate::model::ecs::Instance::label)))
                    .next("see its instance and its network: view instances");
                sink.lasting(&[(Severity::Warn, sink.span("warn"))], subject::task(task), about);
            }
            _ => {}
        }
    }
}

fn waiting(facts: &Facts, sink: &mut Sink<'_>) {
    let index = facts.derived::<EcsIndex>();
    let tasks = facts.get::<EcsFacts>().map_or(&[][..], |ecs| &ecs.tasks);
    for seen in tasks {
        let (task, mut sink) = (&seen.item, sink.at(seen.at));
        let about = |says: &str| {
            About::new(format!("{}: {says}", subject::short(task)))
                .with("lastStatus", words::given(task.status.as_ref()))
                .with("desiredStatus", words::given(task.desired_status.as_ref()))
                .with("instance", words::given(index.instance_of(task).map(crate::model::ecs::Instance::label)))
        };
        let soon = (Severity::Info, Duration::ZERO);
        let late = (Severity::Warn, sink.span("warn"));
        match task.status.as_deref() {
            None => sink.found(Severity::Unknown, subject::task(task), about("its status is not known")),
            Some("RUNNING") => sink.ok(|| subject::task(task)),
            // `ecs-task-stopped` says why.
            Some("STOPPED") => {}
            Some(status) if is_ending(task, status) => {
                sink.lasting(&[soon], subject::task(task), about(&format!("is stopping ({status})")));
            }
            Some(status) => {
                let obstacle = obstacle(facts, &index, task);
                let said = obstacle.is_some() || index.service_of(task).is_some();
                let about = match obstacle {
                    Some(Obstacle { words, said_of }) => about(&words).with("alarm", format!("raised on {said_of}")),
                    None if needs_place(task) => about("waits for a place"),
                    None => about(&format!("is starting ({status})")),
                };
                let steps = if said { &[soon][..] } else { &[soon, late] };
                sink.lasting(steps, subject::task(task), about.since(task.created_at));
            }
        }
    }
}

fn is_ending(task: &Task, status: &str) -> bool {
    is(task.desired_status.as_ref(), "STOPPED") || ["DEACTIVATING", "STOPPING", "DEPROVISIONING"].contains(&status)
}

/// Whether a task waits for an instance. On Fargate it never stands on one; where only a launch type is given it is placed at
/// once or not at all.
fn needs_place(task: &Task) -> bool {
    task.instance_arn.is_none() && task.provider.as_ref().is_some_and(|p| !p.starts_with("FARGATE"))
}

/// Why a task finds no place, and of what that is said.
struct Obstacle {
    words: String,
    said_of: Text,
}

fn obstacle(facts: &Facts, index: &EcsIndex, task: &Task) -> Option<Obstacle> {
    if task.instance_arn.is_some() {
        return None;
    }
    let placements = facts.derived::<Placements>();
    if let Some((service, unplaced)) = index.service_of(task).and_then(|s| Some((s, placements.of(s)?))) {
        let full =
            unplaced.full.map(|growth| format!(", cluster full ({})", capacity::cause(growth, &unplaced.groups)));
        let words = format!("waits for a place{}", full.unwrap_or_default());
        return Some(Obstacle { words, said_of: service.label() });
    }
    let group = index.provider(task.provider.as_ref()?)?.group_name()?;
    let full = facts.get::<GroupFacts>()?.group(&group)?.at_maximum() == Some(true);
    full.then(|| Obstacle { words: format!("waits for a place, {group} is at its maximum"), said_of: group })
}

#[cfg(test)]
mod tests {
    use super::super::fixture::*;
    use super::*;
    use crate::model::ecs::Service;

    fn healths(healths: &[Option<&str>]) -> World {
        let host = instance("i-1", "us-east-1a", 1);
        let tasks: Vec<Task> = healths
            .iter()
            .enumerate()
            .map(|(n, health)| Task { health: health.and_then(text), ..task(&n.to_string(), &host) })
            .collect();
        with(service(4, 4)).tasks(tasks)
    }

    #[test]
    fn health_counts_only_tasks_that_have_a_check() {
        let (good, bad, none) = (Some("HEALTHY"), Some("UNHEALTHY"), Some("UNKNOWN"));
        let alone =
            Task { group: text("family:batch"), health: text("UNHEALTHY"), ..task("b", &instance("i", "a", 1)) };
        table(
            UNHEALTHY.id,
            &[
                (healths(&[good, good]), &["ok"]),
                (healths(&[good, bad, none]), &["warn ehr-api 4/4: 1 of 2 checked tasks are unhealthy"]),
                (healths(&[good, bad, bad]), &["crit ehr-api 4/4: 2 of 3 checked tasks are unhealthy"]),
                (healths(&[bad, none, None]), &["crit ehr-api 4/4: its only checked task is unhealthy"]),
                (healths(&[good, None]), &[]),
                (healths(&[bad, bad]), &["crit ehr-api 4/4: all 2 checked tasks are unhealthy"]),
                (healths(&[none, None]), &[]),
                (with(service(4, 4)).task(alone), &["warn ehr/b: task is unhealthy"]),
            ],
        );
    }

    #[test]
    fn a_lost_connection_is_said_unless_the_instance_explains_it() {
        let at = |connectivity: Option<&str>, minutes, host: crate::model::ecs::Instance| {
            let connectivity = connectivity.and_then(text);
            let task = Task { connectivity, connectivity_at: ago(minutes), ..task("t", &host) };
            with(service(1, 1)).task(task).instances([host])
        };
        let host = || instance("i-1", "us-east-1a", 1);
        table(
            DISCONNECTED.id,
            &[
                (at(Some("CONNECTED"), 9, host()), &["ok"]),
                (at(Some("DISCONNECTED"), 1, host()), &["ok"]),
                (at(Some("DISCONNECTED"), 2, host()), &["warn ehr/ehr-api/t: task is disconnected from ECS"]),
                (at(Some("DISCONNECTED"), 9, lost("i-1", "us-east-1a")), &[]),
                (at(None, 9, host()), &[]),
            ],
        );
    }

    #[test]
    fn a_task_that_does_not_run_is_never_well_and_says_what_it_waits_for() {
        let host = instance("i-1", "us-east-1a", 1);
        let in_state = |status: Option<&str>| Task { status: status.and_then(text), ..task("t", &host) };
        let of_service = |task: Task| with(service(1, 1)).task(task);
        let batch = |minutes| Task { group: text("family:batch"), ..queued("b", minutes) };
        let on = |provider: &str, task: Task| Task { provider: text(provider), ..task };
        let deploying = || Service { deployments: vec![deployment("IN_PROGRESS", 1, 2)], ..service(1, 1) };
        table(
            WAITING.id,
            &[
                (of_service(in_state(Some("RUNNING"))), &["ok"]),
                (of_service(in_state(Some("STOPPED"))), &[]),
                (of_service(in_state(Some("PENDING"))), &["info ehr-api task t: is starting (PENDING)"]),
                (of_service(in_state(Some("DEACTIVATING"))), &["info ehr-api task t: is stopping (DEACTIVATING)"]),
                (of_service(in_state(None)), &["unknown ehr-api task t: its status is not known"]),
                (with(deploying()).task(queued("q", 90)), &["info ehr-api task q: waits for a place"]),
                (with(service(0, 0)).task(batch(4)), &["info family:batch task b: waits for a place"]),
                (with(service(0, 0)).task(batch(5)), &["warn family:batch task b: waits for a place"]),
                (
                    with(service(0, 0)).task(on("FARGATE", batch(5))),
                    &["warn family:batch task b: is starting (PROVISIONING)"],
                ),
                (
                    with(service(0, 0)).scaled(group(5, 12, 12)).task(batch(90)),
                    &["info family:batch task b: waits for a place, asg-ehr is at its maximum"],
                ),
            ],
        );
        let full = with(service(1, 2)).tasks([task("t", &instance("i-1", "a", 0)), queued("q", 3)]);
        let full = full.instances([instance("i-1", "a", 0)]).scaled(group(1, 1, 1));
        assert_eq!(
            full.says(WAITING.id),
            ["ok", "info ehr-api task q: waits for a place, cluster full (asg-ehr 1/1, at max)"]
        );
        let check = full.evaluate().checks.into_iter().rfind(|c| c.rule == WAITING.id).unwrap();
        assert_eq!(check.since, ago(3), "since it was made");
    }
}
