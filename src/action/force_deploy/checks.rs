//! What is looked at before a new deployment is forced. Each thing gives one check, whatever its weight, so that what was not
//! said was not overlooked.

use std::collections::BTreeSet;

use crate::action::bench::Reading;
use crate::action::plan::{Check, Level};
use crate::health::words::count;
use crate::model::ecs::{EcsIndex, Provider, Scheduling, Service};
use crate::model::scaling::{Group, GroupFacts};
use crate::time::{Timestamp, human};

use Level::{Block, Pass, Warn};

/// Most images a sentence names.
const NAMED: usize = 3;

/// Everything that is looked at.
pub(super) fn checks(service: &Service, reading: &Reading, now: Timestamp) -> Vec<Check> {
    let index = reading.facts.derived::<EcsIndex>();
    let groups = reading.facts.get::<GroupFacts>();
    let mut all = vec![
        controller(service),
        status(service),
        deadlock(service),
        room(service, &index, groups),
        rollout(service, now),
        breaker(service),
        image(service, &index),
        health(service, &index),
        desired(service),
        outage(service),
        strategy(service),
    ];
    if !reading.gaps.is_empty() {
        all.push(Check::new("unread", Warn, format!("not all could be read: {}", reading.gaps.join("; "))));
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
            let what = format!(
                "minimum {minimum} % and maximum {maximum} % of {desired} let it neither stop a task nor start one: it would hang"
            );
            Check::new(id, Block, what)
        }
        (Some(false), Some(lower), Some(upper)) => {
            Check::new(id, Pass, format!("it may run {lower} to {upper} while it replaces {}", count(desired, "task")))
        }
        _ => Check::new(id, Warn, "its minimum and maximum percent are not known: it may hang"),
    }
}

/// Whether the new tasks find a place on container instances.
fn room(service: &Service, index: &EcsIndex, groups: Option<&GroupFacts>) -> Check {
    let id = "room";
    match index.on_instances(service) {
        Some(false) => return Check::new(id, Pass, "it needs no container instances"),
        None => return Check::new(id, Warn, "whether it needs room on container instances is not known"),
        Some(true) if service.scheduling == Scheduling::Daemon => {
            return Check::new(id, Pass, "a daemon takes the place of the task it replaces");
        }
        Some(true) => {}
    }
    if service.desired == 0 {
        return Check::new(id, Pass, "no task needs room");
    }
    let bounds = service.lower_bound().zip(service.upper_bound());
    let Some(((lower, upper), room)) = bounds.zip(index.headroom(service)) else {
        return Check::new(id, Warn, "how much room the container instances have for its tasks is not known");
    };
    let running = service.running;
    let wanted = upper.saturating_sub(running);
    if room == 0 && running <= lower {
        let stuck = format!("no room for a new task, and none may stop first ({running} running, minimum {lower})");
        return match growth(service, index, groups) {
            Growth::Never(why) => Check::new(id, Block, format!("{stuck}; {why}")),
            Growth::May => Check::new(id, Warn, format!("{stuck}: it waits until instances come")),
        };
    }
    if room < wanted {
        let what = format!(
            "room for {} where its bounds allow {wanted}: slower, or it waits for instances",
            count(room, "more task")
        );
        return Check::new(id, Warn, what);
    }
    Check::new(id, Pass, format!("room for {}", count(room, "more task")))
}

/// Whether instances can come.
enum Growth {
    May,
    Never(String),
}

/// Only what is known to stand still blocks.
fn growth(service: &Service, index: &EcsIndex, groups: Option<&GroupFacts>) -> Growth {
    let names = index.providers_for(service);
    if names.is_empty() && index.cluster(&service.cluster_arn).is_some() {
        return Growth::Never("no capacity provider brings instances".to_owned());
    }
    let mut full = Vec::new();
    for name in names {
        let group = index.provider(name).and_then(Provider::group_name).and_then(|name| groups?.group(&name));
        match group {
            Some(group) if group.at_maximum() == Some(true) => full.push(size(group)),
            _ => return Growth::May,
        }
    }
    if full.is_empty() { Growth::May } else { Growth::Never(full.join(", ")) }
}

fn size(group: &Group) -> String {
    let number = |n: Option<u32>| n.map_or("?".to_owned(), |n| n.to_string());
    format!("{} is at its maximum ({}/{})", group.name, number(group.desired), number(group.maximum))
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

fn image(service: &Service, index: &EcsIndex) -> Check {
    let id = "image";
    let containers: Vec<_> = index.tasks(service).iter().flat_map(|task| &task.containers).collect();
    if containers.iter().all(|container| container.image.is_none()) {
        return Check::new(id, Warn, "no task shows its image: a tag may mean another image by now");
    }
    let tags: BTreeSet<String> = containers
        .iter()
        .filter_map(|container| {
            let image = container.image.as_ref().filter(|image| !image.contains("@sha256:"))?;
            Some(
                container.digest.as_ref().map_or_else(|| image.to_string(), |digest| format!("{image} (now {digest})")),
            )
        })
        .collect();
    if tags.is_empty() {
        return Check::new(id, Pass, "its images are named by digest");
    }
    let more = tags.len().saturating_sub(NAMED);
    let mut named = tags.into_iter().take(NAMED).collect::<Vec<_>>().join(", ");
    if more > 0 {
        named = format!("{named} and {more} more");
    }
    Check::new(id, Warn, format!("pulled again by tag, which may mean another image by now: {named}"))
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
