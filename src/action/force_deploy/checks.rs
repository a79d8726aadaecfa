//! What is looked at before a new deployment is forced. Each thing gives one check, whatever its weight, so that what was not
//! said was not overlooked.

mod image;
mod room;

use crate::action::bench::Reading;
use crate::action::details::Details;
use crate::action::evidence::evidence;
use crate::action::plan::{Check, Level};
use crate::health::words::count;
use crate::model::ecs::{EcsIndex, Service};
use crate::model::scaling::GroupFacts;
use crate::time::{Timestamp, human};

use Level::{Block, Pass, Warn};

/// Everything that is looked at.
pub(super) fn checks(service: &Service, reading: &Reading, details: &Details, now: Timestamp) -> Vec<Check> {
    let index = reading.facts.derived::<EcsIndex>();
    let groups = reading.facts.get::<GroupFacts>();
    let mut all = vec![
        controller(service),
        status(service),
        deadlock(service),
        room::room(service, &index, groups),
        room::rivals(service, &index, &reading.facts),
        rollout(service, now),
        breaker(service),
        image::image(service, &index, details),
        details.protected(now),
        evidence(&reading.facts, &service.arn, "its tasks or their instances"),
        health(service, &index),
        desired(service),
        outage(service),
        strategy(service),
    ];
    let gaps: Vec<&str> = reading.gaps.iter().chain(&details.gaps).map(String::as_str).collect();
    if !gaps.is_empty() {
        all.push(Check::new("unread", Warn, format!("not all could be read: {}", gaps.join("; "))));
    }
    all
}

fn controller(service: &Service) -> Check {
    let id = "controller";
    match service.controller.as_deref() {
        None | Some("ECS") => Check::new(id, Pass, "ECS itself deploys it"),
        Some(other) => Check::new(id, Block, format!("it is deployed by {other}, not by ECS: deploy it there")),
    }
}

fn status(service: &Service) -> Check {
    let id = "status";
    match service.status.as_deref() {
        Some("ACTIVE") => Check::new(id, Pass, "it is ACTIVE"),
        Some(other) => Check::new(id, Block, format!("it is {other}, not ACTIVE")),
        None => Check::new(id, Block, "its status is not known"),
    }
}

fn deadlock(service: &Service) -> Check {
    let (id, desired) = ("deadlock", service.desired);
    let percent = |percent: Option<u32>| percent.map_or("?".to_owned(), |p| p.to_string());
    let (minimum, maximum) = (percent(service.rollout.minimum_percent), percent(service.rollout.maximum_percent));
    match (service.deadlocked(), service.lower_bound(), service.upper_bound()) {
        (Some(true), ..) => {
            // One task fewer, and one more.
            let (low, high) = ((desired - 1) * 100 / desired, ((desired + 1) * 100).div_ceil(desired));
            let what = format!(
                "minimum {minimum} % and maximum {maximum} % of {desired} let it neither stop a task nor start one: it would \
                 hang; a minimum of {low} % or a maximum of {high} % lets it"
            );
            Check::new(id, Block, what)
        }
        (Some(false), Some(lower), Some(upper)) => {
            Check::new(id, Pass, format!("it may run {lower} to {upper} while it replaces {}", count(desired, "task")))
        }
        _ => Check::new(id, Warn, "its minimum and maximum percent are not known: it may hang"),
    }
}

fn rollout(service: &Service, now: Timestamp) -> Check {
    let id = "in-progress";
    let Some(going) = service.deployments.iter().find(|d| d.in_progress()) else {
        return Check::new(id, Pass, "no deployment is in progress");
    };
    let age = going.created_at.map_or("of unknown age".to_owned(), |at| format!("for {}", human(now.since(at))));
    Check::new(id, Warn, format!("a deployment is in progress {age}; forcing takes its place ({})", going.id))
}

fn breaker(service: &Service) -> Check {
    let id = "breaker";
    match service.rollout.breaker {
        Some(breaker) if breaker.enabled && breaker.rollback => {
            Check::new(id, Pass, "the circuit breaker stops and rolls back")
        }
        Some(breaker) if breaker.enabled => Check::new(id, Pass, "the circuit breaker stops it, without rolling back"),
        _ => Check::new(id, Warn, "no circuit breaker: if the new tasks fail, it goes on trying for ever"),
    }
}

/// `1 task runs`, `2 tasks run`.
fn run(n: u32) -> String {
    format!("{} {}", count(n, "task"), if n == 1 { "runs" } else { "run" })
}

fn health(service: &Service, index: &EcsIndex) -> Check {
    let (id, tasks) = ("health", index.tasks(service));
    match tasks.iter().filter(|task| task.health.as_deref() == Some("UNHEALTHY")).count() {
        0 => Check::new(id, Pass, "no task is unhealthy"),
        n => Check::new(id, Warn, format!("unhealthy: {n} of {}", count(tasks.len(), "task"))),
    }
}

fn desired(service: &Service) -> Check {
    match service.desired {
        0 => Check::new("desired", Warn, "it wants no task: nothing is replaced"),
        n => Check::new("desired", Pass, format!("it wants {}", count(n, "task"))),
    }
}

/// ECS rounds the minimum up, so only a minimum of nothing lets the last task stop first.
fn outage(service: &Service) -> Check {
    let id = "outage";
    match service.lower_bound() {
        Some(0) if service.desired == 1 => {
            Check::new(id, Warn, "its only task may stop before the new one runs: a short outage")
        }
        Some(0) if service.desired > 0 => {
            Check::new(id, Warn, "its minimum of 0 lets all tasks stop at once: a short outage")
        }
        Some(lower) if service.running < lower => {
            // Not a warning: how many run changes by itself, and what keeps them from running is told by others.
            Check::new(id, Pass, format!("its bounds keep {lower} running, now {}", run(service.running)))
        }
        Some(lower) => Check::new(id, Pass, format!("running throughout: {} at least", count(lower, "task"))),
        None => Check::new(id, Warn, "how many tasks go on running is not known"),
    }
}

fn strategy(service: &Service) -> Check {
    let id = "strategy";
    match service.rollout.strategy.as_deref() {
        None | Some("ROLLING") => Check::new(id, Pass, "a rolling update"),
        Some(other) => Check::new(
            id,
            Warn,
            format!("strategy {other}: it needs room for twice the tasks, and waits while it bakes"),
        ),
    }
}

#[cfg(test)]
mod tests;
