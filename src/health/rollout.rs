//! Deployments of a service: failed, slow, failing, or unable to move at all.

use super::{About, Rule, Sink, Threshold, service, subject, words};
use crate::model::ecs::{Deployment, EcsFacts, EcsIndex, Instance, Service};
use crate::model::{Facts, Severity};
use crate::time::Timestamp;

pub(super) const FAILED: Rule = Rule {
    id: "ecs-rollout-failed",
    domain: "ecs",
    doc: "The newest deployment has failed.",
    source: "ECS API: Deployment.rolloutState and rolloutStateReason",
    thresholds: &[],
    read_at: Facts::taken_at::<EcsFacts>,
    check: failed,
};

pub(super) const SLOW: Rule = Rule {
    id: "ecs-rollout-slow",
    domain: "ecs",
    doc: "A deployment is in progress for longer than deployments take.",
    source: "the AWS waiter ServicesStable gives up after 40 × 15 s = 10 min; 30 min (practice)",
    thresholds: &[Threshold::minutes("warn", 10), Threshold::minutes("crit", 30)],
    read_at: Facts::taken_at::<EcsFacts>,
    check: slow,
};

pub(super) const OVERLAPPING: Rule = Rule {
    id: "ecs-rollout-overlapping",
    domain: "ecs",
    doc: "An old deployment is still there long after the newest one began, and that one does not say it is in progress.",
    source: "practice: old tasks stop within their deregistration delay and stop timeout, minutes",
    thresholds: &[Threshold::minutes("warn", 30)],
    read_at: Facts::taken_at::<EcsFacts>,
    check: overlapping,
};

pub(super) const FAILING_TASKS: Rule = Rule {
    id: "ecs-rollout-failing-tasks",
    domain: "ecs",
    doc: "Tasks of the deployment in progress fail one after another; at the circuit breaker's threshold it is given up.",
    source: "ECS developer guide: the breaker trips at half the desired count, at least 3 and at most 200 failed tasks; the \
             count goes back to 0 once a task runs",
    thresholds: &[Threshold::count("warn", 1), Threshold::share("crit", 0.5)],
    read_at: Facts::taken_at::<EcsFacts>,
    check: failing_tasks,
};

pub(super) const BREAKER_OFF: Rule = Rule {
    id: "ecs-breaker-off",
    domain: "ecs",
    doc: "The deployment circuit breaker is off: a deployment with a bad image would retry for ever.",
    source: "ECS developer guide: deployment circuit breaker",
    thresholds: &[],
    read_at: Facts::taken_at::<EcsFacts>,
    check: breaker_off,
};

pub(super) const DEADLOCK: Rule = Rule {
    id: "ecs-rollout-deadlock",
    domain: "ecs",
    doc: "The deployment bounds allow neither stopping nor starting a task, so deployments and drains hang without an event. \
          Critical while one of them is under way.",
    source: "ECS developer guide: ceil(desired × minimum %) ≥ desired and floor(desired × maximum %) ≤ desired",
    thresholds: &[],
    read_at: Facts::taken_at::<EcsFacts>,
    check: deadlock,
};

/// Whether `deployment` is still rolling out, for iterators.
pub(super) fn in_progress(deployment: &Deployment) -> bool {
    deployment.in_progress()
}

/// Whether the newest deployment has failed.
pub(super) fn has_failed(service: &Service) -> bool {
    service.primary().is_some_and(|d| d.rollout_state.as_deref() == Some("FAILED"))
}

/// The fields of a deployment the judgements rest on.
fn described(message: String, deployment: &Deployment) -> About {
    About::new(message)
        .with("deployment", &deployment.id)
        .with("rolloutState", words::given(deployment.rollout_state.as_ref()))
        .with(
            "tasks",
            format!("{} of {} running, {} pending", deployment.running, deployment.desired, deployment.pending),
        )
        .with("failedTasks", deployment.failed)
        .with("began", words::given(deployment.created_at.map(Timestamp::rfc3339)))
        .with("task definition", words::given(deployment.task_definition.as_ref()))
}

fn failed(facts: &Facts, sink: &mut Sink<'_>) {
    service::each(facts, sink, |service, sink| {
        let Some(primary) = service.primary() else { return };
        match primary.rollout_state.as_deref() {
            Some("FAILED") => {
                let why = primary.rollout_reason.as_deref().filter(|r| !r.is_empty());
                let why = why.map(|r| format!(": {}", words::quote(r))).unwrap_or_default();
                let about = described(format!("{}: rollout failed{why}", words::headline(service)), primary)
                    .with("rolloutStateReason", words::given(primary.rollout_reason.as_ref()))
                    .since(primary.updated_at)
                    .next("see why its tasks stopped: enter, then the stopped tasks");
                sink.found(Severity::Crit, subject::service(service), about);
            }
            Some(_) => sink.ok(|| subject::service(service)),
            None => {}
        }
    });
}

fn slow(facts: &Facts, sink: &mut Sink<'_>) {
    service::each(facts, sink, |service, sink| {
        let Some(primary) = service.primary() else { return };
        if !primary.in_progress() {
            if primary.rollout_state.is_some() {
                sink.ok(|| subject::service(service));
            }
            return;
        }
        let tasks = format!("{} of {} new tasks running", primary.running, primary.desired);
        let about = described(format!("{}: rollout not finished, {tasks}", words::headline(service)), primary)
            .since(primary.created_at)
            .next("see what holds it: enter, then the events and the stopped tasks");
        let steps = [(Severity::Warn, sink.span("warn")), (Severity::Crit, sink.span("crit"))];
        sink.lasting(&steps, subject::service(service), about);
    });
}

fn overlapping(facts: &Facts, sink: &mut Sink<'_>) {
    service::each(facts, sink, |service, sink| {
        if service.deployments.len() < 2 {
            return sink.ok(|| subject::service(service));
        }
        // A deployment in progress is the business of `ecs-rollout-slow`.
        let Some(newest) = service.primary().or(service.deployments.first()).filter(|d| !d.in_progress()) else {
            return;
        };
        let n = service.deployments.len();
        let about = described(format!("{}: {n} deployments side by side", words::headline(service)), newest)
            .with("deployments", words::list(service.deployments.iter().map(|d| &d.id)))
            .since(newest.created_at)
            .next("see which tasks of the old deployment do not stop: enter");
        sink.lasting(&[(Severity::Warn, sink.span("warn"))], subject::service(service), about);
    });
}

/// Failed tasks at which the circuit breaker gives a deployment up, for the default configuration.
fn breaker_threshold(desired: u32) -> u32 {
    desired.div_ceil(2).clamp(3, 200)
}

fn failing_tasks(facts: &Facts, sink: &mut Sink<'_>) {
    service::each(facts, sink, |service, sink| {
        let moving = service.deployments.iter().filter(|d| d.in_progress()).max_by_key(|d| d.failed);
        let Some(deployment) = moving.filter(|d| d.failed >= sink.count("warn")) else {
            if service.deployments.iter().all(|d| d.rollout_state.is_some()) {
                sink.ok(|| subject::service(service));
            }
            return;
        };
        let limit = breaker_threshold(deployment.desired);
        let near = f64::from(deployment.failed) >= sink.share("crit") * f64::from(limit);
        let severity = if near { Severity::Crit } else { Severity::Warn };
        let breaker = match service.rollout.breaker {
            Some(b) if b.enabled && b.rollback => format!("the breaker rolls back at {limit}"),
            Some(b) if b.enabled => format!("the breaker stops it at {limit}"),
            Some(_) => "no breaker stops it".to_owned(),
            None => format!("a breaker would trip at {limit}"),
        };
        let tasks = words::count(deployment.failed, "failed task");
        let message = format!("{}: rollout has {tasks}, {breaker}", words::headline(service));
        let about = described(message, deployment)
            .with("breaker threshold", limit)
            .since(deployment.created_at)
            .next("see why its tasks stopped: enter, then the stopped tasks");
        sink.found(severity, subject::service(service), about);
    });
}

fn breaker_off(facts: &Facts, sink: &mut Sink<'_>) {
    service::each(facts, sink, |service, sink| {
        let rolling = service.rollout.strategy.as_deref().is_none_or(|s| s == "ROLLING");
        let Some(breaker) = service.rollout.breaker.filter(|_| rolling && service.deployed_by_ecs()) else { return };
        if breaker.enabled {
            return sink.ok(|| subject::service(service));
        }
        let about = About::new(format!("{}: circuit breaker off, a bad image would retry for ever", service.name))
            .with("deploymentCircuitBreaker.enable", false)
            .next("turn the deployment circuit breaker on, with rollback");
        sink.found(Severity::Info, subject::service(service), about);
    });
}

fn deadlock(facts: &Facts, sink: &mut Sink<'_>) {
    let index = facts.derived::<EcsIndex>();
    service::each(facts, sink, |service, sink| match service.deadlocked().filter(|_| service.deployed_by_ecs()) {
        None => {}
        Some(false) => sink.ok(|| subject::service(service)),
        Some(true) => {
            let rollout = service.deployments.iter().any(in_progress);
            let drain = index.tasks(service).iter().filter_map(|t| index.instance_of(t)).any(is_draining);
            let (severity, stuck) = match (rollout, drain) {
                (true, _) => (Severity::Crit, "its deployment cannot proceed"),
                (false, true) => (Severity::Crit, "a draining instance waits for its tasks"),
                (false, false) => (Severity::Warn, "deployments and drains would hang"),
            };
            let percent = |p: Option<u32>| words::given(p.map(|p| format!("{p} %")));
            let (minimum, maximum) = (service.rollout.minimum_percent, service.rollout.maximum_percent);
            let message = format!("{}: may neither stop nor start a task, {stuck}", words::headline(service));
            let about = About::new(message)
                .with("minimumHealthyPercent", percent(minimum))
                .with("maximumPercent", percent(maximum))
                .with("fewest running", words::given(service.lower_bound()))
                .with("most running", words::given(service.upper_bound()))
                .next("raise the maximum percent, or lower the minimum percent");
            sink.found(severity, subject::service(service), about);
        }
    });
}

fn is_draining(instance: &Instance) -> bool {
    instance.status.as_deref() == Some("DRAINING")
}

#[cfg(test)]
mod tests {
    use super::super::fixture::*;
    use super::*;
    use crate::model::ecs::{Breaker, Rollout};

    fn rolling(deployment: Deployment) -> World {
        with(Service { deployments: vec![deployment], ..service(28, 28) })
    }

    #[test]
    fn a_failed_rollout_is_said_with_its_reason() {
        let failed = |why: Option<&str>| {
            rolling(Deployment { rollout_reason: why.and_then(text), ..deployment("FAILED", 0, 28) })
        };
        table(
            FAILED.id,
            &[
                (
                    failed(Some("tasks failed to start.")),
                    &["crit ehr-api 28/28: rollout failed: tasks failed to start"],
                ),
                (failed(None), &["crit ehr-api 28/28: rollout failed"]),
                (rolling(deployment("COMPLETED", 28, 28)), &["ok"]),
                (rolling(Deployment { rollout_state: None, ..deployment("", 28, 28) }), &[]),
                (with(Service { deployments: vec![], ..service(28, 28) }), &[]),
            ],
        );
    }

    #[test]
    fn a_slow_rollout_is_measured_by_its_own_time_or_by_observation() {
        let since = |created_at| rolling(Deployment { created_at, ..deployment("IN_PROGRESS", 3, 28) });
        table(
            SLOW.id,
            &[
                (since(ago(9)), &["ok"]),
                (since(ago(10)), &["warn ehr-api 28/28: rollout not finished, 3 of 28 new tasks running"]),
                (since(ago(30)), &["crit ehr-api 28/28: rollout not finished, 3 of 28 new tasks running"]),
                (since(None).lasting(9), &["ok"]),
                (since(None).lasting(10), &["warn ehr-api 28/28: rollout not finished, 3 of 28 new tasks running"]),
                (rolling(deployment("COMPLETED", 28, 28)), &["ok"]),
            ],
        );
    }

    #[test]
    fn deployments_side_by_side_are_said_when_none_is_in_progress() {
        let two = |state, minutes| {
            let newest = Deployment { created_at: ago(minutes), ..deployment(state, 28, 28) };
            let old = Deployment { status: text("ACTIVE"), ..deployment("COMPLETED", 2, 0) };
            with(Service { deployments: vec![newest, old], ..service(28, 28) })
        };
        table(
            OVERLAPPING.id,
            &[
                (two("COMPLETED", 29), &["ok"]),
                (two("COMPLETED", 30), &["warn ehr-api 28/28: 2 deployments side by side"]),
                (two("IN_PROGRESS", 90), &[]),
                (with(service(28, 28)), &["ok"]),
            ],
        );
    }

    #[test]
    fn failed_tasks_count_against_the_breakers_threshold() {
        let failing = |failed, desired, breaker| {
            let deployments = vec![Deployment { failed, ..deployment("IN_PROGRESS", 0, desired) }];
            let rollout = Rollout { breaker, ..service(0, 0).rollout };
            with(Service { rollout, deployments, ..service(desired, desired) })
        };
        let on = |rollback| Some(Breaker { enabled: true, rollback });
        let off = Some(Breaker { enabled: false, rollback: false });
        table(
            FAILING_TASKS.id,
            &[
                (failing(0, 28, on(true)), &["ok"]),
                (
                    failing(6, 28, on(true)),
                    &["warn ehr-api 28/28: rollout has 6 failed tasks, the breaker rolls back at 14"],
                ),
                (
                    failing(7, 28, on(false)),
                    &["crit ehr-api 28/28: rollout has 7 failed tasks, the breaker stops it at 14"],
                ),
                (failing(1, 1, off), &["warn ehr-api 1/1: rollout has 1 failed task, no breaker stops it"]),
                (failing(2, 1, None), &["crit ehr-api 1/1: rollout has 2 failed tasks, a breaker would trip at 3"]),
                (with(service(2, 2)), &["ok"]),
            ],
        );
        assert_eq!([1, 28, 1_000].map(breaker_threshold), [3, 14, 200]);
    }

    #[test]
    fn a_breaker_that_is_off_is_worth_knowing() {
        let breaker = |breaker, strategy: &str| {
            let rollout = Rollout { breaker, strategy: text(strategy), ..service(2, 2).rollout };
            with(Service { rollout, ..service(2, 2) })
        };
        let off = Some(Breaker { enabled: false, rollback: false });
        table(
            BREAKER_OFF.id,
            &[
                (breaker(off, "ROLLING"), &["info ehr-api: circuit breaker off, a bad image would retry for ever"]),
                (breaker(off, "BLUE_GREEN"), &[]),
                (breaker(None, "ROLLING"), &[]),
                (with(service(2, 2)), &["ok"]),
            ],
        );
    }

    #[test]
    fn a_deadlock_is_computed_and_critical_once_something_hangs() {
        let bound = |minimum, maximum| {
            let rollout = Rollout { minimum_percent: minimum, maximum_percent: maximum, ..service(1, 1).rollout };
            Service { rollout, ..service(1, 1) }
        };
        let stuck = || bound(Some(100), Some(150));
        let rolling = Service { deployments: vec![deployment("IN_PROGRESS", 0, 1)], ..stuck() };
        let host = Instance { status: text("DRAINING"), ..instance("i-1", "us-east-1a", 0) };
        let draining = with(stuck()).task(task("t", &host)).instances([host]);
        table(
            DEADLOCK.id,
            &[
                (
                    with(stuck()),
                    &["warn ehr-api 1/1: may neither stop nor start a task, deployments and drains would hang"],
                ),
                (
                    with(rolling),
                    &["crit ehr-api 1/1: may neither stop nor start a task, its deployment cannot proceed"],
                ),
                (
                    draining,
                    &["crit ehr-api 1/1: may neither stop nor start a task, a draining instance waits for its tasks"],
                ),
                (with(bound(Some(100), Some(200))), &["ok"]),
                (with(bound(None, Some(100))), &[]),
            ],
        );
    }
}
