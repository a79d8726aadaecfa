//! Running tasks: their health checks and their connection to ECS.

use std::sync::Arc;

use super::{About, Rule, Sink, Threshold, service, subject, words};
use crate::model::ecs::{EcsFacts, EcsIndex, Task};
use crate::model::{Facts, Severity};

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

fn is(value: Option<&crate::text::Text>, word: &str) -> bool {
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

#[cfg(test)]
mod tests {
    use super::super::fixture::*;
    use super::*;

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
}
