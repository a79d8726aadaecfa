//! Tasks that hold the value of before the last rotation.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{each, subject};
use crate::health::guardduty::Evidence;
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
    let (consumers, evidence) = (facts.derived::<Consumers>(), facts.derived::<Evidence>());
    each(facts, sink, |_, secret, sink| {
        let at = tasks_at.map_or(sink.now(), |at| at.min(sink.now()));
        judge(secret, consumers.of(&secret.arn), (consumers.is_complete(), &evidence), &mut sink.at(at));
    });
}

fn judge(secret: &Secret, uses: Option<&Uses>, (is_complete, evidence): (bool, &Evidence), sink: &mut Sink<'_>) {
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
        let about = about(&previous, &hold(previous.len(), "the previous secret")).since(secret.rotated_at);
        let about = steps(&previous, evidence).into_iter().fold(about, About::next);
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

/// Replacing them is what helps, but not where that destroys evidence.
fn steps(holding: &[&Arc<Task>], evidence: &Evidence) -> Vec<String> {
    let found = |task: &Task| evidence.on(&task.arn).or_else(|| evidence.on(task.instance_arn.as_ref()?));
    let (kept, free): (Vec<_>, Vec<_>) = by_service(holding).into_keys().partition(|service| {
        let mut of = holding.iter().filter(|task| label(task) == *service);
        of.any(|task| found(task).is_some())
    });
    let free = (!free.is_empty())
        .then(|| format!("force a new deployment of {}: only new tasks are handed the new value", words::list(free)));
    let kept = (!kept.is_empty()).then(|| {
        format!(
            "do not deploy {} anew yet: that would destroy the evidence of an open finding (view findings)",
            words::list(kept)
        )
    });
    free.into_iter().chain(kept).collect()
}

/// The service of a task.
fn label(task: &Task) -> String {
    let name = task.service().or(task.group.as_deref()).unwrap_or("no service");
    format!("{}/{name}", task.cluster())
}

fn by_service(tasks: &[&Arc<Task>]) -> BTreeMap<String, usize> {
    let mut all = BTreeMap::new();
    for task in tasks {
        *all.entry(label(task)).or_default() += 1;
    }
    all
}
