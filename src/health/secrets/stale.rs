//! Tasks that hold the value of before the last rotation.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{each, subject};
use crate::health::{About, Rule, Sink, words};
use crate::model::ecs::{EcsFacts, Task};
use crate::model::secret::{Consumers, Holds, Secret, SecretFacts, TaskDefinitionFacts, Uses};
use crate::model::{Facts, Severity};
use crate::time::Timestamp;

pub(in super::super) const STALE: Rule = Rule {
    id: "secret-stale-tasks",
    domain: "secrets",
    doc: "Tasks that started before the last rotation of a secret they were handed: they hold the value of before, which may be \
          refused from the next rotation on, or at the next connection. A rotation does not reach a container that runs.",
    source: "ECS developer guide, passing secrets to containers: a new value reaches only new tasks",
    thresholds: &[],
    read_at: Facts::older::<SecretFacts, EcsFacts>,
    check: stale,
};

fn stale(facts: &Facts, sink: &mut Sink<'_>) {
    // Without these nobody knows who was handed what.
    if facts.get::<TaskDefinitionFacts>().is_none() || facts.get::<EcsFacts>().is_none() {
        return;
    }
    let tasks_at = facts.taken_at::<EcsFacts>();
    let consumers = facts.derived::<Consumers>();
    each(facts, sink, |_, secret, sink| {
        let at = tasks_at.map_or(sink.now(), |at| at.min(sink.now()));
        judge(secret, consumers.of(&secret.arn), consumers.is_complete(), &mut sink.at(at));
    });
}

fn judge(secret: &Secret, uses: Option<&Uses>, is_complete: bool, sink: &mut Sink<'_>) {
    let holding = |holds| uses.into_iter().flat_map(|uses| uses.holding(holds)).collect::<Vec<_>>();
    let (previous, untold, either) = (holding(Holds::Previous), holding(Holds::Unknown), holding(Holds::Either));
    let about = |tasks: &[&Arc<Task>], words: &str| {
        let about = About::new(format!("{}: {} {words}", secret.name, words::count(tasks.len(), "task")))
            .with("LastRotatedDate", words::given(secret.rotated_at.map(Timestamp::rfc3339)));
        by_service(tasks)
            .into_iter()
            .fold(about, |about, (service, n)| about.with("tasks of", format!("{service}: {n}")))
    };
    let hold = |n: usize, words: &str| format!("{} {words}", if n == 1 { "holds" } else { "hold" });
    if !previous.is_empty() {
        let services: Vec<String> = by_service(&previous).into_keys().collect();
        let about = about(&previous, &hold(previous.len(), "the previous secret")).since(secret.rotated_at).next(
            format!("force a new deployment of {}: only new tasks are handed the new value", words::list(services)),
        );
        sink.found(Severity::Warn, subject(secret), about);
    } else if !untold.is_empty() {
        let about =
            about(&untold, "did not tell when they started: whether they hold the previous secret is not known");
        sink.found(Severity::Unknown, subject(secret), about);
    } else if !either.is_empty() {
        let about = about(&either, "started while it was rotated, and may hold the previous secret");
        sink.found(Severity::Info, subject(secret), about.since(secret.rotated_at));
    } else if is_complete && secret.rotated_at.or(secret.created_at).is_some() {
        sink.ok(|| subject(secret));
    }
}

fn by_service(tasks: &[&Arc<Task>]) -> BTreeMap<String, usize> {
    let mut all = BTreeMap::new();
    for task in tasks {
        let name = task.service().or(task.group.as_deref()).unwrap_or("no service");
        *all.entry(format!("{}/{name}", task.cluster())).or_default() += 1;
    }
    all
}
