//! Tasks that stopped, with the reason in words.

use super::{Pen, Source, Told, zone};
use crate::health::stops::stop_words;
use crate::model::ecs::{StoppedFacts, Task};
use crate::model::{Facts, Severity, Subject};
use crate::text::Text;

/// `stop`.
pub const SOURCE: Source = Source {
    id: "stop",
    feed: "stopped-tasks",
    doc: "Tasks that stopped, and why; ECS forgets them after an hour",
    tell,
};

fn tell(facts: &Facts, pen: &mut Pen<'_>) {
    let tasks = facts.get::<StoppedFacts>().map_or(&[][..], |stopped| &stopped.tasks);
    for task in tasks.iter().map(|seen| seen.item.as_ref()) {
        // One that is listed and has not come to its end yet is told when it has.
        if task.status.as_deref() == Some("STOPPED") && pen.is_new(&task.arn, task.stopped_at) {
            put(task, pen);
        }
    }
}

fn put(task: &Task, pen: &mut Pen<'_>) {
    let (severity, words) = stop_words(task);
    let service = task.service().map(|name| ("service", Text::from(format!("{}/{name}", task.cluster()))));
    let host = task.instance_arn.clone().map(|arn| ("instance", arn));
    // That others stop in a zone says something of it where it is no deployment that stops them.
    let place = task.az.as_deref().filter(|_| severity > Severity::Info).map(zone);
    pen.tell(Told {
        at: task.stopped_at,
        severity,
        subject: Subject { kind: "task", name: task.label(), id: task.arn.clone() },
        related: service.into_iter().chain(host).chain(place).chain([("cluster", task.cluster_arn.clone())]).collect(),
        message: Text::from(words),
        key: task.arn.to_string(),
    });
}
