//! Auto Scaling groups behind capacity providers.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use super::demand::Demands;
use super::placement::Placements;
use super::scaling_why::ScalingWhy;
use super::{About, Rule, Sink, Threshold, group_past, subject, words, zone};
use crate::model::ecs::{EcsFacts, EcsIndex, Provider, Task};
use crate::model::scaling::{Group, GroupFacts, GroupInstance};
use crate::model::{Facts, Severity, Subject};
use crate::text::Text;

pub(super) const AT_MAXIMUM: Rule = Rule {
    id: "scaling-group-at-maximum",
    domain: "scaling",
    doc: "A group is as large as it may become, and ECS never raises the maximum. Critical at once while services \
          wait for room on it, as `ecs-capacity-full` says of them, and while its reservation is above the target; other tasks may \
          wait for its instances a while.",
    source: "Amazon ECS cluster auto scaling changes DesiredCapacity only; three points above the target, 2 min (practice)",
    thresholds: &[Threshold::minutes("crit", 2)],
    read_at: Facts::older::<GroupFacts, EcsFacts>,
    check: at_maximum,
};

pub(super) const SUSPENDED: Rule = Rule {
    id: "scaling-group-suspended",
    domain: "scaling",
    doc: "A process of a group is suspended, which nothing takes back but somebody: a warning where the process keeps the group at its \
          size and healthy, critical where it cannot launch what ECS asks for.",
    source: "Auto Scaling API: SuspendedProcesses; three points of the reservation above the target (practice)",
    thresholds: &[],
    read_at: Facts::taken_at::<GroupFacts>,
    check: suspended,
};

pub(super) const UNHEALTHY: Rule = Rule {
    id: "scaling-instance-unhealthy",
    domain: "scaling",
    doc: "Instances of a group are unhealthy and will be replaced.",
    source: "Auto Scaling API: Instance.HealthStatus",
    thresholds: &[],
    read_at: Facts::taken_at::<GroupFacts>,
    check: unhealthy,
};

pub(super) const STUCK: Rule = Rule {
    id: "scaling-instance-terminating",
    domain: "scaling",
    doc: "An instance waits in Terminating:Wait, held by a lifecycle hook. Managed draining can hold one for 48 hours when a \
          single service cannot move.",
    source: "Auto Scaling API: Instance.LifecycleState; 1 h (practice)",
    thresholds: &[Threshold::minutes("crit", 60)],
    read_at: Facts::older::<GroupFacts, EcsFacts>,
    check: stuck,
};

pub(super) const ONE_ZONE: Rule = Rule {
    id: "scaling-group-one-zone",
    domain: "scaling",
    doc: "A group spans several zones and has its instances in one. Only worth knowing where `ecs-cluster-one-zone` says it of \
          the cluster.",
    source: "AWS Config managed rule autoscaling-multiple-az",
    thresholds: &[],
    read_at: Facts::older::<GroupFacts, EcsFacts>,
    check: one_zone,
};

pub(super) const NOT_MANAGED: Rule = Rule {
    id: "scaling-group-not-managed",
    domain: "scaling",
    doc: "A group lacks the tag AmazonECSManaged, without which managed scaling cannot change it.",
    source: "ECS developer guide: capacity providers with managed scaling",
    thresholds: &[],
    read_at: Facts::older::<GroupFacts, EcsFacts>,
    check: not_managed,
};

pub(super) const MISSING: Rule = Rule {
    id: "scaling-group-missing",
    domain: "scaling",
    doc: "A capacity provider names a group that was not found: whether the cluster can grow is unknown.",
    source: "Auto Scaling API: DescribeAutoScalingGroups leaves out what it does not find",
    thresholds: &[],
    read_at: Facts::older::<GroupFacts, EcsFacts>,
    check: missing,
};

pub(super) fn groups(facts: &Facts) -> &[Group] {
    facts.get::<GroupFacts>().map_or(&[], |known| &known.groups)
}

/// The capacity providers that stand on a group.
fn providers<'a>(facts: &'a Facts, group: &'a Group) -> impl Iterator<Item = &'a Provider> {
    let all = facts.get::<EcsFacts>().map_or(&[][..], |ecs| &ecs.providers);
    all.iter().map(|seen| seen.item.as_ref()).filter(|p| p.group_name().is_some_and(|name| name == group.name))
}

/// Tasks that wait for an instance of each group and that no other rule speaks of.
fn waiting(facts: &Facts) -> HashMap<Text, Vec<&Task>> {
    let (index, placements) = (facts.derived::<EcsIndex>(), facts.derived::<Placements>());
    let mut waiting: HashMap<Text, Vec<&Task>> = HashMap::new();
    let tasks = facts.get::<EcsFacts>().map_or(&[][..], |ecs| &ecs.tasks);
    for task in tasks.iter().map(|seen| seen.item.as_ref()) {
        let placed = task.instance_arn.is_some() || task.status.as_deref() != Some("PROVISIONING");
        if placed || index.service_of(task).is_some_and(|s| placements.of(s).is_some()) {
            continue;
        }
        let provider = task.provider.as_ref().and_then(|name| index.provider(name));
        if let Some(group) = provider.and_then(Provider::group_name) {
            waiting.entry(group).or_default().push(task);
        }
    }
    waiting
}

/// `asg-ehr 12/12`: the group, its desired size and its maximum; and how many of these are there, where that is fewer.
fn headline(group: &Group) -> String {
    let size = format!("{} {}/{}", group.name, words::given(group.desired), words::given(group.maximum));
    if group.is_short() == Some(true) { format!("{size}, {} in service", group.in_service()) } else { size }
}

/// A sentence with the sizes of the group.
pub(super) fn sized(message: String, group: &Group) -> About {
    About::new(message)
        .with("minimum", words::given(group.minimum))
        .with("desired", words::given(group.desired))
        .with("maximum", words::given(group.maximum))
        .with("in service", group.in_service())
}

fn in_service(instance: &GroupInstance) -> bool {
    instance.lifecycle.as_deref() == Some("InService")
}

/// Adds what the capacity provider asks for, and the whole sentence.
fn explained(about: About, facts: &Facts, group: &Group) -> About {
    let (demands, whys) = (facts.derived::<Demands>(), facts.derived::<ScalingWhy>());
    let about = match demands.of(&group.name) {
        Some(demand) => about.with("CapacityProviderReservation", demand.words()),
        None => about,
    };
    match whys.of_group(&group.name) {
        Some(why) => about.with("why", &why.sentence),
        None => about,
    }
}

fn at_maximum(facts: &Facts, sink: &mut Sink<'_>) {
    let (mut waiting, placements) = (waiting(facts), facts.derived::<Placements>());
    let demands = facts.derived::<Demands>();
    for group in groups(facts) {
        match group.at_maximum() {
            None => {
                let about = sized(format!("{}: its size or its bounds are not known", group.name), group);
                sink.found(Severity::Unknown, subject::group(group), about);
            }
            Some(false) => sink.ok(|| subject::group(group)),
            Some(true) => {
                let tasks = waiting.remove(&group.name).unwrap_or_default();
                if tasks.is_empty() {
                    let at_maximum = |held: &str| {
                        explained(sized(format!("{}: at its maximum{held}", headline(group)), group), facts, group)
                    };
                    let demand = demands.of(&group.name).filter(|demand| demand.asks_for_more());
                    if let (Some(demand), false) = (demand, placements.waiting_for(group)) {
                        let about = at_maximum(&format!(", {}", demand.words()))
                            .since(demand.above_since)
                            .next(group_past::more_room(facts, group));
                        sink.found(Severity::Crit, subject::group(group), about);
                    } else if placements.waiting_for(group) {
                        let about = at_maximum(&format!(", {}", placements.waiting_words(group)))
                            .next("see which services wait, and whether instances were lost: view instances")
                            .next(group_past::more_room(facts, group));
                        // No time of this condition's own: that of the services is told with them.
                        sink.lasting(&[(Severity::Crit, Duration::ZERO)], subject::group(group), about);
                    } else {
                        sink.found(Severity::Info, subject::group(group), at_maximum(""));
                    }
                    continue;
                }
                let n = words::count(tasks.len(), "task");
                let sentence = format!("{}: at its maximum, no instance for {n}", headline(group));
                let about = explained(sized(sentence, group), facts, group)
                    .since(tasks.iter().filter_map(|t| t.created_at).min())
                    .with("waiting", words::list(tasks.iter().map(|t| t.label())))
                    .next(group_past::more_room(facts, group));
                let steps = [(Severity::Info, Duration::ZERO), (Severity::Crit, sink.span("crit"))];
                sink.lasting(&steps, subject::group(group), about);
            }
        }
    }
}

/// Processes whose suspension takes a group's self-repair or growth away.
const NEEDED: &[(&str, &str)] = &[
    ("Launch", "cannot add instances"),
    ("Terminate", "cannot remove instances"),
    ("ReplaceUnhealthy", "does not replace unhealthy instances"),
    ("HealthCheck", "does not check the health of its instances"),
    ("AlarmNotification", "does not change its size on alarms"),
];

fn suspended(facts: &Facts, sink: &mut Sink<'_>) {
    let (placements, demands) = (facts.derived::<Placements>(), facts.derived::<Demands>());
    for group in groups(facts) {
        let lost: Vec<&(&str, &str)> = NEEDED.iter().filter(|(process, _)| group.suspends(process)).collect();
        if group.suspended.is_empty() {
            sink.ok(|| subject::group(group));
            continue;
        }
        let says = match lost.first() {
            Some((_, first)) => {
                format!("{first} ({} suspended)", words::list(lost.iter().map(|(process, _)| process)))
            }
            None => format!("{} suspended", words::list(group.suspended.iter().map(|(process, _)| process))),
        };
        let mut about = About::new(format!("{}: {says}", group.name))
            .next("resume the processes when the work they were suspended for is done");
        for (process, why) in &group.suspended {
            about = about.with("suspended", format!("{process}: {}", words::given(why.as_ref())));
        }
        if group.suspends("Launch") && placements.waiting_for(group) {
            about = about.with("alarm", "services wait for its instances");
        }
        let asked = demands.of(&group.name).filter(|demand| demand.asks_for_more() && group.suspends("Launch"));
        let severity = match asked {
            Some(_) => Severity::Crit,
            None if lost.is_empty() => Severity::Info,
            None => Severity::Warn,
        };
        sink.found(severity, subject::group(group), explained(about, facts, group));
    }
}

fn unhealthy(facts: &Facts, sink: &mut Sink<'_>) {
    for group in groups(facts) {
        let is = |i: &&GroupInstance| i.health.as_deref().is_some_and(|h| h.eq_ignore_ascii_case("unhealthy"));
        let bad: Vec<&Text> = group.instances.iter().filter(is).map(|i| &i.id).collect();
        if bad.is_empty() {
            if group.instances.iter().all(|i| i.health.is_some()) {
                sink.ok(|| subject::group(group));
            }
            continue;
        }
        let (n, all) = (bad.len(), words::count(group.instances.len(), "instance"));
        let about = About::new(format!("{}: {n} of {all} unhealthy", group.name)).with("unhealthy", words::list(bad));
        sink.found(Severity::Warn, subject::group(group), about);
    }
}

fn stuck(facts: &Facts, sink: &mut Sink<'_>) {
    let index = facts.derived::<EcsIndex>();
    for group in groups(facts) {
        for instance in &group.instances {
            let known = index.instance_by_ec2_id(&instance.id);
            let subject = || {
                let name = Text::from(format!("{}/{}", group.name, instance.id));
                known.map_or_else(|| Subject { kind: "instance", name, id: instance.id.clone() }, subject::instance)
            };
            match instance.lifecycle.as_deref() {
                None => {}
                Some("Terminating:Wait") => {
                    // While it drains, `ecs-instance-draining` says which tasks are left and why.
                    if known.is_some_and(|i| i.status.as_deref() == Some("DRAINING") && i.running_tasks > 0) {
                        continue;
                    }
                    let about =
                        About::new(format!("{}: waits to be terminated, held by a lifecycle hook", instance.id))
                            .with("group", &group.name)
                            .with("LifecycleState", "Terminating:Wait")
                            .next("see which lifecycle hook of the group holds it");
                    sink.lasting(&[(Severity::Crit, sink.span("crit"))], subject(), about);
                }
                Some(_) => sink.ok(subject),
            }
        }
    }
}

fn one_zone(facts: &Facts, sink: &mut Sink<'_>) {
    let index = facts.derived::<EcsIndex>();
    for group in groups(facts) {
        let serving: Vec<&GroupInstance> = group.instances.iter().filter(|i| in_service(i)).collect();
        let zones: BTreeSet<&Text> = serving.iter().filter_map(|i| i.az.as_ref()).collect();
        let told = serving.iter().all(|i| i.az.is_some()) && group.instances.iter().all(|i| i.lifecycle.is_some());
        if group.zones.len() < 2 || serving.len() < 2 || !told {
            continue;
        }
        let (Some(zone), 1) = (zones.first(), zones.len()) else {
            sink.ok(|| subject::group(group));
            continue;
        };
        let clusters = facts.get::<EcsFacts>().map_or(&[][..], |ecs| &ecs.clusters);
        let said = providers(facts, group).any(|p| {
            clusters.iter().any(|c| {
                c.item.providers.contains(&p.name)
                    && zone::exposed(&c.item, &index).is_some_and(|(severity, _)| severity > Severity::Unknown)
            })
        });
        let severity = if said { Severity::Info } else { Severity::Crit };
        let of = group.zones.len();
        let about = About::new(format!("{}: all {} instances are in {zone}, of {of} zones", group.name, serving.len()))
            .with("zones of the group", words::list(&group.zones))
            .next("see whether launches fail in the other zones: view instances");
        sink.found(severity, subject::group(group), about);
    }
}

fn not_managed(facts: &Facts, sink: &mut Sink<'_>) {
    for group in groups(facts) {
        let mut all = providers(facts, group).peekable();
        let unused = all.peek().is_some() && all.all(|p| p.managed_scaling.as_deref() == Some("DISABLED"));
        if group.managed_by_ecs || unused {
            sink.ok(|| subject::group(group));
            continue;
        }
        let about = About::new(format!("{}: has no tag AmazonECSManaged, ECS cannot scale it", group.name))
            .with("tag AmazonECSManaged", "absent")
            .next("add the tag AmazonECSManaged to the group, with an empty value");
        sink.found(Severity::Warn, subject::group(group), about);
    }
}

fn missing(facts: &Facts, sink: &mut Sink<'_>) {
    let Some(known) = facts.get::<GroupFacts>() else { return };
    let wanted = facts.get::<EcsFacts>().map_or(&[][..], |ecs| &ecs.providers);
    let mut absent: BTreeSet<Text> = known.missing.iter().cloned().collect();
    absent.extend(wanted.iter().filter_map(|p| p.item.group_name()).filter(|name| known.group(name).is_none()));
    for name in absent {
        let whose = wanted.iter().filter(|p| p.item.group_name().as_ref() == Some(&name)).map(|p| &p.item.name);
        let about = About::new(format!("{name}: the Auto Scaling group was not found"))
            .with("capacity providers", words::list(whose))
            .next("it was deleted, or lies in another account or region");
        sink.found(Severity::Unknown, Subject { kind: "group", name: name.clone(), id: name }, about);
    }
}

#[cfg(test)]
pub(in crate::health) mod tests;
