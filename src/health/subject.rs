//! What checks are about, named as the tables name it.

use crate::model::Subject;
use crate::model::alarm::Alarm;
use crate::model::ecs::{Cluster, EcsIndex, Instance, Provider, Service, Task};
use crate::model::scaling::{Group, Target};
use crate::text::Text;

pub(super) fn cluster(cluster: &Cluster) -> Subject {
    Subject { kind: "cluster", name: cluster.name.clone(), id: cluster.arn.clone() }
}

pub(super) fn service(service: &Service) -> Subject {
    Subject { kind: "service", name: service.label(), id: service.arn.clone() }
}

/// The service of a task, which may be known by its name alone.
pub(super) fn service_of(task: &Task, name: &str, index: &EcsIndex) -> Subject {
    index.service(&task.cluster_arn, name).map_or_else(
        || {
            let label = Text::from(format!("{}/{name}", task.cluster()));
            Subject { kind: "service", name: label.clone(), id: label }
        },
        service,
    )
}

pub(super) fn task(task: &Task) -> Subject {
    Subject { kind: "task", name: task.label(), id: task.arn.clone() }
}

/// What a task is called in a sentence: `ehr-api task 060c1a87`.
pub(super) fn short(task: &Task) -> String {
    let id: String = task.id().chars().take(8).collect();
    format!("{} task {id}", task.service().or(task.group.as_deref()).unwrap_or("task"))
}

pub(super) fn instance(instance: &Instance) -> Subject {
    Subject { kind: "instance", name: instance.label(), id: instance.arn.clone() }
}

pub(super) fn provider(provider: &Provider) -> Subject {
    let id = provider.arn.clone().unwrap_or_else(|| provider.name.clone());
    Subject { kind: "provider", name: provider.name.clone(), id }
}

pub(super) fn group(group: &Group) -> Subject {
    let id = group.arn.clone().unwrap_or_else(|| group.name.clone());
    Subject { kind: "group", name: group.name.clone(), id }
}

/// A scalable target, named as the service it scales.
pub(super) fn target(target: &Target) -> Subject {
    let label = target.service().map(|(cluster, service)| Text::from(format!("{cluster}/{service}")));
    let name = label.unwrap_or_else(|| target.resource.clone());
    Subject { kind: "scaling-target", name, id: target.resource.clone() }
}

pub(super) fn alarm(alarm: &Alarm) -> Subject {
    Subject { kind: "alarm", name: alarm.name.clone(), id: alarm.arn.clone() }
}
