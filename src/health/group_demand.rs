//! Auto Scaling groups that are asked for instances, by `CapacityProviderReservation`, and bring none; and those that could
//! give some back.

use std::time::Duration;

use super::demand::{Demand, Demands};
use super::drivers::Direction;
use super::past::Past;
use super::scaling_why::{Held, ScalingWhy, Why, Wish, is_empty, is_starting};
use super::{About, Level, Rule, Sink, Threshold, group_past, subject, words};
use crate::model::ecs::{EcsFacts, Instance, Task};
use crate::model::scaling::{Group, GroupActivity, GroupFacts, ReservationFacts};
use crate::model::{Facts, Severity};
use crate::time::Timestamp;

pub(super) const LAUNCH_FAILED: Rule = Rule {
    id: "scaling-launch-failed",
    domain: "scaling",
    doc: "ECS asks a group for instances, the group could grow, and its last launch failed: there is no capacity of that kind, a \
          limit of the account is reached, or the launch template is broken. After an hour it explains nothing any more: what fails \
          is tried again within minutes.",
    source: "Auto Scaling API: Activity.StatusCode and StatusMessage; three points above the target, an hour (practice)",
    thresholds: &[Threshold::minutes("crit-for", 60)],
    read_at,
    check: launch_failed,
};

pub(super) const OUT_STUCK: Rule = Rule {
    id: "scaling-out-stuck",
    domain: "scaling",
    doc: "ECS asks a group for instances for longer than a new one needs to warm up, the group could grow, and none is launched.",
    source: "ECS API: instanceWarmupPeriod (300 s by default); 5 min more (practice)",
    thresholds: &[Threshold::minutes("crit", 5)],
    read_at,
    check: out_stuck,
};

pub(super) const TOO_LARGE: Rule = Rule {
    id: "scaling-task-too-large",
    domain: "scaling",
    doc: "Tasks wait for an instance while the reservation stays at 100%, whatever its target: they are larger than the smallest instance type of the \
          group, and ECS will never scale it for them.",
    source: "ECS developer guide, cluster auto scaling: the metric remains at 100% if a task does not fit; 5 min (practice)",
    thresholds: &[Threshold::minutes("crit", 5)],
    read_at,
    check: too_large,
};

pub(super) const IN_BLOCKED: Rule = Rule {
    id: "scaling-in-blocked",
    domain: "scaling",
    doc: "A group has empty instances, its reservation has been below the target for long, and it does not become smaller.",
    source: "ECS developer guide: scale-in needs 15 points below the target; 30 min (practice)",
    thresholds: &[Threshold::minutes("info", 30)],
    read_at,
    check: in_blocked,
};

/// While the reservation was never read nothing is said: its feed tells why.
fn read_at(facts: &Facts) -> Option<Timestamp> {
    facts.taken_at::<ReservationFacts>()?;
    facts.older::<GroupFacts, EcsFacts>()
}

/// Calls `judge` for each group whose reservation is known now, as of the older of both readings.
fn each(facts: &Facts, sink: &mut Sink<'_>, mut judge: impl FnMut(&Group, &Demand, &Why, &mut Sink<'_>)) {
    let (demands, whys) = (facts.derived::<Demands>(), facts.derived::<ScalingWhy>());
    for group in facts.get::<GroupFacts>().map_or(&[][..], |known| &known.groups) {
        let (Some(demand), Some(why)) = (demands.of(&group.name), whys.of_group(&group.name)) else { continue };
        let at = demand.read_at.min(sink.now());
        judge(group, demand, why, &mut sink.at(at));
    }
}

fn about(message: String, demand: &Demand, why: &Why) -> About {
    About::new(message)
        .with("capacity provider", &demand.provider)
        .with("CapacityProviderReservation", format!("{:.0}%", demand.percent))
        .with("targetCapacity", format!("{:.0}%", demand.target))
        .with("why", &why.sentence)
}

fn is_failed(activity: &GroupActivity) -> bool {
    matches!(activity.status.as_deref(), Some("Failed" | "Cancelled"))
}

/// Whether what an activity came to still tells of now; one without a time may.
fn is_recent(activity: &GroupActivity, sink: &Sink<'_>) -> bool {
    let Level::Span(span) = sink.level(&LAUNCH_FAILED, "crit-for") else { return true };
    activity.ended_at.or(activity.started_at).is_none_or(|at| sink.now().since(at) <= span)
}

fn launch_failed(facts: &Facts, sink: &mut Sink<'_>) {
    let past = facts.derived::<Past>();
    each(facts, sink, |group, demand, why, sink| {
        if !demand.asks_for_more() {
            return sink.ok(|| subject::group(group));
        }
        // At its maximum it launches nothing, which is said of it; and repeated failures are said by their number.
        if group.at_maximum() != Some(false) || group_past::is_failing(facts, group, sink) {
            return;
        }
        // What does not tell what it was may have been a launch.
        let mut may_launch = past.of_group(facts, &group.name).filter(|activity| activity.launches() != Some(false));
        let mut newest: Vec<&GroupActivity> = Vec::new();
        while let Some(activity) = may_launch.next().filter(|_| newest.iter().all(|a| a.launches().is_none())) {
            newest.push(activity);
        }
        let Some(last) = newest.first() else { return };
        let failed = newest.iter().filter(|activity| is_failed(activity)).count();
        if failed == newest.len() {
            let told = last.message.as_deref().map(|words| format!(": {}", words::quote(words))).unwrap_or_default();
            let about = about(format!("{}: its last launch failed{told}", group.name), demand, why)
                .since(last.started_at)
                .with("StatusMessage", words::given(last.message.as_ref()))
                .next(group_past::mend(last.message.as_deref()));
            let severity = if is_recent(last, sink) { Severity::Crit } else { Severity::Info };
            sink.found(severity, subject::group(group), about);
        } else if failed > 0 || newest.iter().any(|activity| activity.status.is_none()) {
            let message = format!("{}: what came of its last launch is not known", group.name);
            sink.found(Severity::Unknown, subject::group(group), about(message, demand, why));
        } else {
            sink.ok(|| subject::group(group));
        }
    });
}

/// Whether a launch brings an instance, or brought one that may not have joined yet; `None`: it does not tell what came of it.
fn brings_one(launch: &GroupActivity, now: Timestamp, patience: Duration) -> Option<bool> {
    match launch.is_under_way()? {
        true => Some(true),
        false if is_failed(launch) => Some(false),
        false => launch.ended_at.or(launch.started_at).map(|at| now.since(at) < patience),
    }
}

fn out_stuck(facts: &Facts, sink: &mut Sink<'_>) {
    let past = facts.derived::<Past>();
    each(facts, sink, |group, demand, why, sink| {
        if !demand.asks_for_more() {
            return sink.ok(|| subject::group(group));
        }
        let patience = demand.warmup + sink.span("crit");
        let now = sink.now();
        let may_launch = past.of_group(facts, &group.name).filter(|activity| activity.launches() != Some(false));
        let mut may_launch = may_launch.peekable();
        // What does not tell what it was may have been the last launch, or the one before it was.
        let mut brings = Vec::new();
        while let Some(activity) = may_launch.next_if(|activity| activity.launches().is_none()) {
            brings.push(brings_one(activity, now, patience));
        }
        brings.push(may_launch.next().map_or(Some(false), |launch| brings_one(launch, now, patience)));
        let is_starting = group.instances.iter().any(|i| i.lifecycle.as_deref().is_some_and(is_starting));
        if is_starting || brings.iter().all(|brings| *brings == Some(true)) {
            return sink.ok(|| subject::group(group));
        }
        // What stands in the way for a reason that is known is said with that reason.
        let is_said = match &why.held {
            // What failed long ago explains nothing.
            Some(Held::Failed(_)) => past.of_group(facts, &group.name).next().is_none_or(|last| is_recent(last, sink)),
            held => held.is_some(),
        };
        if is_said || larger(facts, group, demand, why).is_some() {
            return;
        }
        let is_uncertain = brings.iter().any(|brings| *brings != Some(false));
        let outcome = if is_uncertain { "whether an instance comes is not known" } else { "nothing is launched" };
        let message = format!("{}: {} asks for more, {outcome}", group.name, demand.words());
        let about = about(message, demand, why)
            .since(demand.above_since)
            .next("see whether its scaling policy and the alarms of ECS are still there: AWS console, Auto Scaling");
        if group.at_maximum().is_none() || is_uncertain {
            return sink.found(Severity::Unknown, subject::group(group), about);
        }
        sink.lasting(&[(Severity::Crit, patience)], subject::group(group), about);
    });
}

/// Tasks that wait for an instance of a group while its reservation is at 100%, and since when it is: more instances would be
/// asked for by more than 100% if they could take them. A target below 100% asks for spare instances all the same; while these
/// come, or something known keeps them away, it is not told whether a task fits them.
fn larger<'a>(facts: &'a Facts, group: &Group, demand: &Demand, why: &Why) -> Option<(Vec<&'a Task>, Timestamp)> {
    let full_since = demand.full_since?;
    let is_starting = group.instances.iter().any(|i| i.lifecycle.as_deref().is_some_and(is_starting));
    if demand.percent > demand.target && (is_starting || why.held.is_some()) {
        return None;
    }
    let waits = |task: &&Task| {
        task.provider.as_ref() == Some(&demand.provider)
            && task.instance_arn.is_none()
            && task.status.as_deref() == Some("PROVISIONING")
    };
    let tasks = facts.get::<EcsFacts>().map_or(&[][..], |ecs| &ecs.tasks).iter();
    let waiting: Vec<&Task> = tasks.map(|seen| seen.item.as_ref()).filter(waits).collect();
    (!waiting.is_empty()).then_some((waiting, full_since))
}

fn too_large(facts: &Facts, sink: &mut Sink<'_>) {
    each(facts, sink, |group, demand, why, sink| {
        let Some((waiting, full_since)) = larger(facts, group, demand, why) else {
            return sink.ok(|| subject::group(group));
        };
        // Where one does not tell since when it waits, what this console saw of it counts.
        let told: Option<Vec<Timestamp>> = waiting.iter().map(|task| task.created_at).collect();
        let since = told.and_then(|all| all.into_iter().min()).map(|first| first.max(full_since));
        let n = words::count(waiting.len(), "task");
        let about = about(
            format!("{}: {n} larger than its smallest instance, it never grows for them", group.name),
            demand,
            why,
        )
        .since(since)
        .with("waiting", words::list(waiting.iter().map(|task| task.label())))
        .next("compare the size of the task with the instance types of the group");
        sink.lasting(&[(Severity::Crit, sink.span("crit"))], subject::group(group), about);
    });
}

fn in_blocked(facts: &Facts, sink: &mut Sink<'_>) {
    let instances = facts.get::<EcsFacts>().map_or(&[][..], |ecs| &ecs.instances);
    each(facts, sink, |group, demand, why, sink| {
        let Wish::Change(Direction::In, _) = &why.wish else { return sink.ok(|| subject::group(group)) };
        let of_group = |i: &&Instance| i.provider.as_ref() == Some(&demand.provider) && is_empty(i);
        let empty: Vec<_> = instances.iter().map(|seen| seen.item.as_ref()).filter(of_group).collect();
        let reasons = why.held.as_ref().map_or_else(|| "no reason is known".to_owned(), Held::words);
        let n = words::count(empty.len(), "empty instance");
        let about = about(format!("{}: keeps {n}: {reasons}", group.name), demand, why)
            .since(demand.below_since)
            .with("empty", words::list(empty.iter().map(|i| i.label())));
        sink.lasting(&[(Severity::Info, sink.span("info"))], subject::group(group), about);
    });
}

#[cfg(test)]
pub(in crate::health) mod tests;
