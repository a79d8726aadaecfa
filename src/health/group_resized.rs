//! Auto Scaling groups whose size somebody set: a deployment of infrastructure, or a person.

use std::time::Duration;

use super::demand::{Demand, Demands};
use super::past::Past;
use super::placement::Placements;
use super::{About, Rule, Sink, Threshold, subject, words};
use crate::model::ecs::{EcsFacts, EcsIndex, Provider};
use crate::model::scaling::{Group, GroupActivity, GroupFacts, GroupHistory, Resized};
use crate::model::{Facts, Severity};

pub(super) const RESIZED: Rule = Rule {
    id: "scaling-group-resized",
    domain: "scaling",
    doc: "A user request set the size or the bounds of a group, as a deployment of infrastructure does that takes back what was set by \
          hand. A warning where it took instances away and something suffers from it: services wait for room, more is asked for at \
          the maximum, or a drained instance waits for tasks that may not move.",
    source: "Auto Scaling API: Activity.Cause, \"a user request update of AutoScalingGroup constraints\"; a day (practice)",
    thresholds: &[Threshold::minutes("told-for", 24 * 60)],
    read_at: Facts::older::<GroupHistory, GroupFacts>,
    check: resized,
};

/// The last time that somebody set the size of a group, and the activity that tells of it.
fn last<'a>(
    past: &'a Past,
    facts: &'a Facts,
    group: &Group,
    told_for: Duration,
    sink: &Sink<'_>,
) -> Option<(&'a GroupActivity, Resized)> {
    let mut all = past.of_group(facts, &group.name).filter_map(|activity| Some((activity, activity.resized()?)));
    all.find(|(_, resized)| resized.at.is_some_and(|at| sink.now().since(at) <= told_for))
}

/// Whether something suffers from it that a group has no more instances.
fn hurts(facts: &Facts, group: &Group) -> bool {
    let (placements, demands) = (facts.derived::<Placements>(), facts.derived::<Demands>());
    let asks = || demands.of(&group.name).is_some_and(Demand::asks_for_more);
    group.at_maximum() == Some(true) && (placements.waiting_for(group) || asks()) || is_held(facts, group)
}

/// Whether an instance of the group drains that a service may not leave.
fn is_held(facts: &Facts, group: &Group) -> bool {
    let index = facts.derived::<EcsIndex>();
    let instances = facts.get::<EcsFacts>().map_or(&[][..], |ecs| &ecs.instances);
    let is_of_group = |name: &str| index.provider(name).and_then(Provider::group_name).is_some_and(|n| n == group.name);
    let mut draining = instances.iter().map(|seen| seen.item.as_ref()).filter(|instance| {
        instance.status.as_deref() == Some("DRAINING") && instance.provider.as_deref().is_some_and(is_of_group)
    });
    draining.any(|instance| {
        let mut services = index.tasks_on(instance).iter().filter_map(|task| index.service_of(task));
        services.any(|service| service.deployed_by_ecs() && service.deadlocked() == Some(true))
    })
}

fn resized(facts: &Facts, sink: &mut Sink<'_>) {
    let (past, told_for) = (facts.derived::<Past>(), sink.span("told-for"));
    let Some(history) = facts.get::<GroupHistory>() else { return };
    for group in facts.get::<GroupFacts>().map_or(&[][..], |known| &known.groups) {
        if !history.read_at.iter().any(|(name, _)| *name == group.name) {
            continue;
        }
        let Some((activity, set)) = last(&past, facts, group, told_for, sink) else {
            sink.ok(|| subject::group(group));
            continue;
        };
        let size = format!("{} {}/{}", group.name, words::given(group.desired), words::given(group.maximum));
        let what = match set.desired {
            Some((from, to)) if to < from => format!("cut from {from} to {to} by a user request"),
            Some((from, to)) if to > from => format!("raised from {from} to {to} by a user request"),
            _ => "its bounds were set by a user request".to_owned(),
        };
        let at = set.at.map(|at| format!(" at {}", at.time_of_day())).unwrap_or_default();
        let about = About::new(format!("{size}: {what}{at}"))
            .since(set.at)
            .with("set", set.words())
            .with("Cause", words::given(activity.cause.as_ref()))
            .next("see who set it: a deployment of infrastructure, or UpdateAutoScalingGroup in CloudTrail");
        let severity = if set.is_cut() && hurts(facts, group) { Severity::Warn } else { Severity::Info };
        let about = if severity == Severity::Warn {
            about.next("if it was not meant: set the size again, and in the template too, or the next deployment takes it back again")
        } else {
            about
        };
        sink.found(severity, subject::group(group), about);
    }
}

#[cfg(test)]
pub(in crate::health) mod tests {
    use super::super::fixture::*;
    use super::*;
    use crate::model::ecs::{Instance, Rollout, Service, Task};
    use crate::text::Text;

    /// The tests with tables of rules.
    pub(in crate::health) const TABLES: &[fn()] = &[a_cut_that_something_suffers_from_is_a_warning];

    fn set(minutes: u64, from: u32, to: u32) -> GroupActivity {
        let at = ago(minutes).unwrap().rfc3339();
        let cause = format!(
            "At {at} a user request update of AutoScalingGroup constraints to min: 5, max: 12, desired: {to} changing the desired \
             capacity from {from} to {to}.  At {at} an instance was taken out of service."
        );
        GroupActivity { cause: text(&cause), ..launch(minutes, "Successful") }
    }

    fn world(activity: GroupActivity) -> World {
        with(service(4, 4)).scaled(group(5, 12, 12)).group_did([activity])
    }

    /// A drained instance, and a service that may not leave it.
    fn held(activity: GroupActivity) -> World {
        let host = Instance { status: text("DRAINING"), provider: text("main"), ..instance("i-1", "a", 0) };
        let tasks: Vec<Task> = vec![task("1", &host)];
        let rollout = Rollout { minimum_percent: Some(100), maximum_percent: Some(100), ..Rollout::default() };
        let service = Service { rollout, ..service(4, 4) };
        with(service).scaled(group(5, 12, 12)).group_did([activity]).instances([host]).tasks(tasks)
    }

    #[test]
    fn a_cut_that_something_suffers_from_is_a_warning() {
        let cut = |minutes: u64| {
            format!("asg-ehr 12/12: cut from 15 to 12 by a user request at {}", ago(minutes).unwrap().time_of_day())
        };
        let raised =
            format!("info asg-ehr 12/12: raised from 9 to 12 by a user request at {}", ago(10).unwrap().time_of_day());
        table(
            RESIZED.id,
            &[
                (held(set(10, 15, 12)), &[&format!("warn {}", cut(10))]),
                (world(set(10, 15, 12)).reserved(&[(10, 150.0)]), &[&format!("warn {}", cut(10))]),
                (world(set(10, 15, 12)), &[&format!("info {}", cut(10))]),
                (held(set(10, 9, 12)), &[&raised]),
                (held(set(25 * 60, 15, 12)), &["ok"]),
                (world(launch(10, "Successful")), &["ok"]),
            ],
        );
    }

    #[test]
    fn the_whole_cause_is_among_the_evidence() {
        let checks = held(set(10, 15, 12)).evaluate().checks;
        let check = checks.into_iter().find(|check| check.rule == RESIZED.id).unwrap();
        let cause = check.evidence.iter().find(|(name, _)| *name == "Cause").unwrap();
        assert!(cause.1.contains("min: 5, max: 12, desired: 12") && cause.1.ends_with("out of service."), "{cause:?}");
        assert_eq!(check.evidence[0], ("set", Text::from("min 5, max 12, desired 15 to 12")));
        assert_eq!(check.next.len(), 2);
    }
}
