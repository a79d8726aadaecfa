//! Whether a service runs the tasks it should.

use super::placement::Placements;
use super::{About, Rule, Sink, Threshold, rollout, subject, words};
use crate::model::ecs::{EcsFacts, EcsIndex, Scheduling, Service};
use crate::model::{Facts, Severity};

pub(super) const STATUS: Rule = Rule {
    id: "ecs-service-status",
    domain: "ecs",
    doc: "A service is being deleted or was deleted.",
    source: "ECS API: Service.status",
    thresholds: &[],
    read_at: Facts::taken_at::<EcsFacts>,
    check: status,
};

pub(super) const NONE_RUNNING: Rule = Rule {
    id: "ecs-service-none-running",
    domain: "ecs",
    doc: "A service wants tasks and none runs: it is down.",
    source: "ECS API: Service.runningCount and desiredCount (practice)",
    thresholds: &[],
    read_at: Facts::taken_at::<EcsFacts>,
    check: none_running,
};

pub(super) const BELOW_MINIMUM: Rule = Rule {
    id: "ecs-service-below-minimum",
    domain: "ecs",
    doc: "Fewer tasks run than a deployment or a drain would have to leave running.",
    source: "ECS API: ceil(desiredCount × minimumHealthyPercent / 100)",
    thresholds: &[],
    read_at: Facts::taken_at::<EcsFacts>,
    check: below_minimum,
};

pub(super) const SHORT: Rule = Rule {
    id: "ecs-service-short",
    domain: "ecs",
    doc: "Fewer tasks run than desired although no deployment is in progress, and it does not mend.",
    source: "practice: tasks are replaced within two minutes",
    thresholds: &[Threshold::minutes("warn", 2), Threshold::minutes("crit", 10)],
    read_at: Facts::taken_at::<EcsFacts>,
    check: short,
};

pub(super) const PENDING: Rule = Rule {
    id: "ecs-service-pending",
    domain: "ecs",
    doc: "Tasks stay pending: they are being placed, pulled or started for too long.",
    source: "ECS developer guide, service throttle logic: the wait between attempts ends at 15 min",
    thresholds: &[Threshold::minutes("warn", 5), Threshold::minutes("crit", 15)],
    read_at: Facts::taken_at::<EcsFacts>,
    check: pending,
};

pub(super) const DAEMON: Rule = Rule {
    id: "ecs-daemon-missing",
    domain: "ecs",
    doc: "A daemon does not run on every active instance.",
    source: "ECS API: a daemon has one task on each active instance that meets its constraints; 5 min (practice)",
    thresholds: &[Threshold::minutes("warn", 5)],
    read_at: Facts::taken_at::<EcsFacts>,
    check: daemon,
};

/// What a service is short of. The cases exclude each other, so that one shortage raises one alarm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shortage {
    None,
    /// Said by `ecs-capacity-full` or `ecs-service-event`.
    Unplaced,
    NoneRunning,
    /// It should have at least this many.
    BelowMinimum(u32),
    /// Within the bounds of a deployment in progress.
    Deploying,
    Short,
}

fn shortage(service: &Service, placements: &Placements) -> Shortage {
    if service.running >= service.desired {
        return Shortage::None;
    }
    if placements.of(service).is_some() {
        return Shortage::Unplaced;
    }
    if service.running == 0 {
        return Shortage::NoneRunning;
    }
    match service.lower_bound() {
        Some(least) if service.running < least => Shortage::BelowMinimum(least),
        _ if service.deployments.iter().any(rollout::in_progress) => Shortage::Deploying,
        _ => Shortage::Short,
    }
}

/// Calls `judge` for every service that is not being deleted, at the time it was read.
pub(super) fn each(facts: &Facts, sink: &mut Sink<'_>, mut judge: impl FnMut(&Service, &mut Sink<'_>)) {
    let services = facts.get::<EcsFacts>().map_or(&[][..], |ecs| &ecs.services);
    for seen in services {
        if !matches!(seen.item.status.as_deref(), Some("INACTIVE" | "DRAINING")) {
            judge(&seen.item, &mut sink.at(seen.at));
        }
    }
}

fn status(facts: &Facts, sink: &mut Sink<'_>) {
    let services = facts.get::<EcsFacts>().map_or(&[][..], |ecs| &ecs.services);
    for seen in services {
        let (service, mut sink) = (&seen.item, sink.at(seen.at));
        let (severity, says) = match service.status.as_deref() {
            Some("ACTIVE") => {
                sink.ok(|| subject::service(service));
                continue;
            }
            Some("DRAINING") => (Severity::Info, "is being deleted, its tasks are stopping"),
            Some("INACTIVE") => (Severity::Info, "was deleted"),
            _ => (Severity::Unknown, "its status is not known"),
        };
        let about = About::new(format!("{}: {says}", words::headline(service)));
        sink.found(severity, subject::service(service), about.with("status", words::given(service.status.as_ref())));
    }
}

/// The fields every judgement of missing tasks rests on.
fn counted(message: String, service: &Service) -> About {
    About::new(message)
        .with("running", service.running)
        .with("desired", service.desired)
        .with("pending", service.pending)
        .next("see why its tasks stop or do not start: enter, then the stopped tasks and the events")
}

fn none_running(facts: &Facts, sink: &mut Sink<'_>) {
    let placements = facts.derived::<Placements>();
    each(facts, sink, |service, sink| match shortage(service, &placements) {
        Shortage::NoneRunning => {
            let about = counted(format!("{}: no task is running", words::headline(service)), service);
            sink.found(Severity::Crit, subject::service(service), about);
        }
        Shortage::Unplaced => {}
        _ => sink.ok(|| subject::service(service)),
    });
}

fn below_minimum(facts: &Facts, sink: &mut Sink<'_>) {
    let placements = facts.derived::<Placements>();
    each(facts, sink, |service, sink| match shortage(service, &placements) {
        Shortage::BelowMinimum(least) => {
            let message = format!("{}: below its minimum of {}", words::headline(service), words::count(least, "task"));
            let percent = words::given(service.rollout.minimum_percent.map(|p| format!("{p} %")));
            let about = counted(message, service).with("minimumHealthyPercent", percent);
            sink.found(Severity::Crit, subject::service(service), about);
        }
        Shortage::Unplaced | Shortage::NoneRunning => {}
        Shortage::None => sink.ok(|| subject::service(service)),
        _ if service.lower_bound().is_none() => {
            if service.deployed_by_ecs() {
                let message = format!("{}: short, and its minimum is not known", words::headline(service));
                let about = counted(message, service).with("minimumHealthyPercent", "not given");
                sink.found(Severity::Unknown, subject::service(service), about);
            }
        }
        _ => sink.ok(|| subject::service(service)),
    });
}

fn short(facts: &Facts, sink: &mut Sink<'_>) {
    let placements = facts.derived::<Placements>();
    each(facts, sink, |service, sink| match shortage(service, &placements) {
        _ if service.scheduling == Scheduling::Daemon => {}
        Shortage::Short => {
            let missing = words::count(service.desired - service.running, "task");
            let message = format!("{}: {missing} short, no deployment in progress", words::headline(service));
            let steps = [(Severity::Warn, sink.span("warn")), (Severity::Crit, sink.span("crit"))];
            sink.lasting(&steps, subject::service(service), counted(message, service));
        }
        Shortage::None => sink.ok(|| subject::service(service)),
        _ => {}
    });
}

fn pending(facts: &Facts, sink: &mut Sink<'_>) {
    let placements = facts.derived::<Placements>();
    each(facts, sink, |service, sink| match shortage(service, &placements) {
        _ if service.pending == 0 => sink.ok(|| subject::service(service)),
        Shortage::None | Shortage::Deploying if placements.of(service).is_none() => {
            let tasks = words::count(service.pending, "task");
            let message = format!("{}: {tasks} pending, not starting", words::headline(service));
            let steps = [(Severity::Warn, sink.span("warn")), (Severity::Crit, sink.span("crit"))];
            sink.lasting(&steps, subject::service(service), counted(message, service));
        }
        _ => {}
    });
}

fn daemon(facts: &Facts, sink: &mut Sink<'_>) {
    let (index, placements) = (facts.derived::<EcsIndex>(), facts.derived::<Placements>());
    each(facts, sink, |service, sink| {
        if service.scheduling != Scheduling::Daemon {
            return;
        }
        let active = index.pool(service).filter(|i| i.status.as_deref() == Some("ACTIVE")).count();
        let active = u32::try_from(active).unwrap_or(u32::MAX);
        // Constraints say where it may run; then only ECS knows how many instances that leaves.
        let wanted = if service.constraints.is_empty() { active.max(service.desired) } else { service.desired };
        if service.running >= wanted {
            if index.pool(service).all(|i| i.status.is_some()) {
                sink.ok(|| subject::service(service));
            }
            return;
        }
        if !matches!(shortage(service, &placements), Shortage::None | Shortage::Short | Shortage::Deploying) {
            return;
        }
        let message =
            format!("{}: missing on {}", words::headline(service), words::count(wanted - service.running, "instance"));
        let about = counted(message, service).with("active instances", active);
        sink.lasting(&[(Severity::Warn, sink.span("warn"))], subject::service(service), about);
    });
}

#[cfg(test)]
mod tests {
    use super::super::fixture::*;
    use super::*;
    use crate::model::ecs::{Breaker, Rollout};

    #[test]
    fn status_tells_of_services_being_deleted() {
        let at = |status: Option<&str>| with(Service { status: status.and_then(text), ..service(2, 2) });
        table(
            STATUS.id,
            &[
                (at(Some("ACTIVE")), &["ok"]),
                (at(Some("DRAINING")), &["info ehr-api 2/2: is being deleted, its tasks are stopping"]),
                (at(Some("INACTIVE")), &["info ehr-api 2/2: was deleted"]),
                (at(None), &["unknown ehr-api 2/2: its status is not known"]),
            ],
        );
    }

    #[test]
    fn none_running_is_critical_unless_none_is_wanted() {
        table(
            NONE_RUNNING.id,
            &[
                (with(service(0, 28)), &["crit ehr-api 0/28: no task is running"]),
                (with(service(1, 28)), &["ok"]),
                (with(service(0, 0)), &["ok"]),
                (with(Service { status: text("DRAINING"), ..service(0, 2) }), &[]),
            ],
        );
    }

    #[test]
    fn below_minimum_is_critical_and_unknown_bounds_are_said() {
        let unbound =
            |controller: &str| Service { rollout: Rollout::default(), controller: text(controller), ..service(1, 4) };
        table(
            BELOW_MINIMUM.id,
            &[
                (with(service(13, 28)), &["crit ehr-api 13/28: below its minimum of 14 tasks"]),
                (with(service(14, 28)), &["ok"]),
                (with(service(28, 28)), &["ok"]),
                (with(service(0, 28)), &[]),
                (with(unbound("ECS")), &["unknown ehr-api 1/4: short, and its minimum is not known"]),
                (with(unbound("CODE_DEPLOY")), &[]),
            ],
        );
    }

    #[test]
    fn short_grows_worse_with_time_and_not_during_a_deployment() {
        let short = || with(service(27, 28));
        let rolling = Service { deployments: vec![deployment("IN_PROGRESS", 27, 28)], ..service(27, 28) };
        table(
            SHORT.id,
            &[
                (short().lasting(1), &["ok"]),
                (short().lasting(2), &["warn ehr-api 27/28: 1 task short, no deployment in progress"]),
                (short().lasting(10), &["crit ehr-api 27/28: 1 task short, no deployment in progress"]),
                (with(rolling).lasting(10), &[]),
                (with(service(3, 28)).lasting(10), &[]),
                (with(service(28, 28)).lasting(10), &["ok"]),
            ],
        );
    }

    #[test]
    fn pending_tasks_are_said_once_and_only_when_they_stay() {
        let rolling = || {
            let deployments = vec![deployment("IN_PROGRESS", 20, 28)];
            with(Service { deployments, pending: 8, ..service(20, 28) })
        };
        table(
            PENDING.id,
            &[
                (rolling().lasting(4), &["ok"]),
                (rolling().lasting(5), &["warn ehr-api 20/28: 8 tasks pending, not starting"]),
                (rolling().lasting(15), &["crit ehr-api 20/28: 8 tasks pending, not starting"]),
                (with(Service { pending: 1, ..service(27, 28) }).lasting(15), &[]),
                (with(service(28, 28)).lasting(15), &["ok"]),
            ],
        );
    }

    #[test]
    fn a_daemon_belongs_on_every_active_instance() {
        let daemon = |running, constraints: &[&str]| {
            let constraints = constraints.iter().map(|c| crate::text::Text::from(*c)).collect();
            let scheduling = Scheduling::Daemon;
            let service =
                Service { scheduling, providers: vec![], launch_type: text("EC2"), constraints, ..service(running, 2) };
            with(service).instances([instance("i-1", "a", 1), instance("i-2", "b", 1), lost("i-3", "c")])
        };
        table(
            DAEMON.id,
            &[
                (daemon(3, &[]), &["ok"]),
                (daemon(2, &[]).lasting(4), &["ok"]),
                (daemon(2, &[]).lasting(5), &["warn ehr-api 2/2: missing on 1 instance"]),
                (daemon(2, &["memberOf: x"]).lasting(5), &["ok"]),
                (with(service(1, 2)).lasting(5), &[]),
            ],
        );
    }

    #[test]
    fn one_shortage_raises_one_alarm() {
        for running in 0..=28 {
            let breaker = Some(Breaker { enabled: true, rollback: true });
            let rollout = Rollout { minimum_percent: Some(50), maximum_percent: Some(200), strategy: None, breaker };
            let world = with(Service { pending: 28 - running, rollout, ..service(running, 28) }).lasting(60);
            let evaluation = world.evaluate();
            let alarms = evaluation.worst_first().into_iter().filter(|c| c.severity > Severity::Info).count();
            assert_eq!(alarms, usize::from(running < 28), "{running} of 28");
        }
    }
}
