//! Full clusters: the one sentence that names the service, what it lacks, and the group that would have to grow.

use std::time::Duration;

use super::placement::{GroupSize, Growth, Placements, Unplaced};
use super::{About, Rule, Sink, Threshold, events, group_past, service, subject, words};
use crate::model::ecs::{EcsFacts, EcsIndex, Instance, Service};
use crate::model::scaling::GroupFacts;
use crate::model::{Facts, Severity};

pub(super) const FULL: Rule = Rule {
    id: "ecs-capacity-full",
    domain: "ecs",
    doc: "Tasks of a service cannot be placed because no instance has room. It stands for every other alarm \
          the lack of room would raise, and names the group that is at its maximum. Critical at once where ECS says so and the group \
          cannot grow, or where the service is below its minimum; else after the limits.",
    source: "ECS service event messages; task sizes against remaining resources (an upper bound); cluster auto scaling never \
             goes past MaxSize. While the group can still grow: 10 min = instance warm-up of 5 min and as long again (practice)",
    thresholds: &[Threshold::minutes("warn", 2), Threshold::minutes("crit", 10)],
    read_at: Facts::taken_at::<EcsFacts>,
    check: full,
};

fn full(facts: &Facts, sink: &mut Sink<'_>) {
    let (index, placements) = (facts.derived::<EcsIndex>(), facts.derived::<Placements>());
    service::each(facts, sink, |service, sink| {
        let unplaced = placements.of(service);
        let Some((unplaced, growth)) = unplaced.and_then(|u| Some((u, u.full?))) else {
            if unplaced.is_none() && all_placed(service, &index) {
                sink.ok(|| subject::service(service));
            }
            return;
        };
        let about = about(service, unplaced, growth, facts);
        let hurts = service.running == 0 || service.lower_bound().is_some_and(|least| service.running < least);
        let at_once = Duration::ZERO;
        let (warn, crit) = (sink.span("warn"), sink.span("crit"));
        let steps = match (growth, unplaced.event.is_some()) {
            _ if hurts && !unplaced.of_rollout => vec![(Severity::Crit, at_once)],
            (Growth::CanGrow, true) => vec![(Severity::Warn, at_once), (Severity::Crit, crit)],
            (Growth::AtMaximum, false) => vec![(Severity::Crit, warn)],
            (_, false) => vec![(Severity::Warn, warn), (Severity::Crit, crit)],
            (_, true) => vec![(Severity::Crit, at_once)],
        };
        sink.lasting(&steps, subject::service(service), about);
    });
}

/// Whether it is sure that no task waits for room.
fn all_placed(service: &Service, index: &EcsIndex) -> bool {
    let room_known = || service.running >= service.desired || index.headroom(service).is_some();
    !events::active(service).any(|e| e.says(events::UNABLE_TO_PLACE)) && room_known()
}

fn about(service: &Service, unplaced: &Unplaced, growth: Growth, facts: &Facts) -> About {
    let index = facts.derived::<EcsIndex>();
    let tasks = words::count(unplaced.tasks, "task");
    let whose = if unplaced.of_rollout { " of its rollout" } else { "" };
    let why = cause(growth, &unplaced.groups);
    let sentence = format!("{}: cannot place {tasks}{whose}, cluster full ({why})", words::headline(service));
    let mut about = About::new(sentence)
        .since(unplaced.since)
        .with("running", service.running)
        .with("desired", service.desired)
        .with("pending", service.pending)
        .with("minimum running", words::given(service.lower_bound()));
    if let Some(size) = index.task_size(service) {
        about = about.with("needed", format!("{} of {}", tasks, words::size(size)));
    }
    about = about.with("placeable instances", placeable(index.pool(service)));
    if let Some(room) = index.headroom(service) {
        about = about.with("headroom", format!("{} (upper bound)", words::count(room, "more task")));
    }
    for group in &unplaced.groups {
        about = about.with("group", bounds(group));
    }
    if let Some(event) = &unplaced.event {
        about = about.with("event", &event.message);
    }
    advise(about, service, unplaced, growth, facts)
}

/// `asg-ehr 12/12, at max`.
pub(super) fn cause(growth: Growth, groups: &[GroupSize]) -> String {
    let size = |g: &GroupSize| match (g.desired, g.maximum) {
        (Some(desired), Some(maximum)) => format!("{} {desired}/{maximum}", g.name),
        _ => format!("{}, size not known", g.name),
    };
    let named = words::list(groups.iter().map(size));
    let what = match growth {
        Growth::AtMaximum => "at max",
        Growth::CanGrow => "can grow",
        Growth::Fixed(why) => why,
        Growth::Unknown if groups.is_empty() => "what scales it is not known",
        Growth::Unknown => "",
    };
    match (named.is_empty(), what.is_empty()) {
        (true, _) => what.to_owned(),
        (_, true) => named,
        _ => format!("{named}, {what}"),
    }
}

fn bounds(group: &GroupSize) -> String {
    let (min, desired) = (words::given(group.minimum), words::given(group.desired));
    format!("{}: min {min}, desired {desired}, max {}", group.name, words::given(group.maximum))
}

/// `7 of 12 (5 with a disconnected agent, all in us-east-1b)`.
fn placeable<'a>(pool: impl Iterator<Item = &'a Instance>) -> String {
    let (mut all, mut good) = (0_u32, 0_u32);
    let mut lost: Vec<&Instance> = Vec::new();
    let (mut draining, mut other) = (0_u32, 0_u32);
    for instance in pool {
        all += 1;
        match instance.status.as_deref() {
            _ if instance.placeable() => good += 1,
            Some("DRAINING") => draining += 1,
            Some("ACTIVE") => lost.push(instance),
            _ => other += 1,
        }
    }
    let mut why = Vec::new();
    if !lost.is_empty() {
        let zone = super::zone::only_zone(&lost).map(|z| format!(", all in {z}")).unwrap_or_default();
        why.push(format!("{} with a disconnected agent{zone}", lost.len()));
    }
    if draining > 0 {
        why.push(format!("{draining} draining"));
    }
    if other > 0 {
        why.push(format!("{other} not active"));
    }
    if why.is_empty() { format!("{good} of {all}") } else { format!("{good} of {all} ({})", why.join("; ")) }
}

/// What brings more room, of each group that is at its maximum.
fn more_room(about: About, unplaced: &Unplaced, facts: &Facts, groups: &str) -> About {
    let known = facts.get::<GroupFacts>();
    let short =
        unplaced.groups.iter().filter_map(|size| known?.group(&size.name)).filter(|g| g.is_short() == Some(true));
    let short: Vec<String> = short.map(|group| group_past::more_room(facts, group)).collect();
    if short.is_empty() {
        return about.next(format!("raise the maximum of {groups}, or free room on the cluster"));
    }
    short.into_iter().fold(about, About::next)
}

fn advise(about: About, service: &Service, unplaced: &Unplaced, growth: Growth, facts: &Facts) -> About {
    let index = facts.derived::<EcsIndex>();
    let groups = words::list(unplaced.groups.iter().map(|g| &g.name));
    let lost = index.pool(service).any(|i| !i.placeable());
    let about =
        if lost { about.next("bring back the instances that cannot take tasks: view instances") } else { about };
    let mut about = match growth {
        Growth::AtMaximum => more_room(about, unplaced, facts, &groups),
        Growth::CanGrow => about.next(format!("see whether {groups} launches instances: view instances")),
        Growth::Fixed(_) => {
            about.next("add instances by hand, or free room: nothing scales the cluster for this service")
        }
        Growth::Unknown => about.next("see what brings instances to this cluster: view instances"),
    };
    if service.lower_bound() == Some(service.desired) && service.deployed_by_ecs() {
        about = about.next("do not force a deployment: it must start new tasks first and finds no room for them");
    }
    about
}

#[cfg(test)]
mod tests {
    use super::super::fixture::*;
    use super::*;
    use crate::model::Check;
    use crate::model::ecs::{Event, Rollout, Task};
    use crate::model::scaling::{Group, GroupFacts};
    use crate::text::Text;

    const UNABLE: &str = "(service ehr-api) was unable to place a task because no container instance met all of its \
                          requirements. The closest matching (container-instance i-3) has insufficient CPU units available.";

    /// `running` of 28 tasks, no room on any instance, on a group of these bounds.
    fn crowded(running: u32, group: Group, events: Vec<Event>) -> World {
        let hosts = [instance("i-1", "us-east-1a", 0), instance("i-2", "us-east-1c", 0)];
        let tasks: Vec<Task> = (0..running).map(|n| task(&n.to_string(), &hosts[n as usize % 2])).collect();
        with(Service { events, ..service(running, 28) }).tasks(tasks).instances(hosts).scaled(group)
    }

    fn refused() -> Vec<Event> {
        vec![event(4, UNABLE)]
    }

    #[test]
    fn a_full_cluster_is_one_sentence_with_the_group_in_it() {
        let at_max = "ehr-api 20/28: cannot place 8 tasks, cluster full (asg-ehr 12/12, at max)";
        let growing = "ehr-api 20/28: cannot place 8 tasks, cluster full (asg-ehr 9/12, can grow)";
        let crit = |s: &str| format!("crit {s}");
        let warn = |s: &str| format!("warn {s}");
        let suspended = Group { suspended: vec![(Text::from("Launch"), None)], ..group(5, 9, 12) };
        let mut unmanaged = crowded(20, group(5, 9, 12), refused());
        unmanaged.providers[0].managed_scaling = text("DISABLED");
        let mut unread = crowded(20, group(5, 9, 12), refused());
        unread.groups = None;
        let mut alone = crowded(20, group(5, 9, 12), refused());
        (alone.services[0].providers, alone.services[0].launch_type) = (vec![], text("EC2"));
        alone.clusters[0].providers = vec![];
        let roomy = crowded(20, group(5, 9, 12), refused()).instances([instance("i-3", "us-east-1b", 8)]);
        let late = crowded(20, group(5, 9, 12), vec![event(10, UNABLE)]);
        for (world, expected) in [
            (crowded(20, group(5, 12, 12), refused()), crit(at_max)),
            (crowded(20, group(5, 9, 12), refused()), warn(growing)),
            (late, crit(growing)),
            (
                crowded(13, group(5, 9, 12), refused()),
                crit("ehr-api 13/28: cannot place 15 tasks, cluster full (asg-ehr 9/12, can grow)"),
            ),
            (
                crowded(20, suspended, refused()),
                crit("ehr-api 20/28: cannot place 8 tasks, cluster full (asg-ehr 9/12, launching is suspended)"),
            ),
            (
                unmanaged,
                crit("ehr-api 20/28: cannot place 8 tasks, cluster full (asg-ehr 9/12, managed scaling is off)"),
            ),
            (unread, crit("ehr-api 20/28: cannot place 8 tasks, cluster full (asg-ehr, size not known)")),
            (alone, crit("ehr-api 20/28: cannot place 8 tasks, cluster full (no group scales it)")),
            (
                crowded(0, group(5, 12, 12), refused()),
                crit("ehr-api 0/28: cannot place 28 tasks, cluster full (asg-ehr 12/12, at max)"),
            ),
            (crowded(20, group(5, 12, 12), vec![]).lasting(1), "ok".to_owned()),
            (crowded(20, group(5, 12, 12), vec![]).lasting(2), crit(at_max)),
            (crowded(20, group(5, 9, 12), vec![]).lasting(2), warn(growing)),
            (
                crowded(13, group(5, 12, 12), vec![]),
                crit("ehr-api 13/28: cannot place 15 tasks, cluster full (asg-ehr 12/12, at max)"),
            ),
        ] {
            assert_eq!(world.says(FULL.id), [expected]);
        }
        assert!(roomy.says(FULL.id).is_empty(), "there is room: not the cluster's fault");
        assert_eq!(crowded(28, group(5, 12, 12), vec![]).says(FULL.id), ["ok"]);
        assert!(crowded(28, group(5, 12, 12), refused()).says(FULL.id).is_empty(), "no steady state has followed");
    }

    #[test]
    fn tasks_already_placed_and_rollouts_within_their_bounds_do_not_count() {
        let mut placed = crowded(20, group(5, 12, 12), refused());
        let host = placed.instances[0].clone();
        placed.tasks.extend((0..3).map(|n| Task { status: text("PENDING"), ..task(&format!("p{n}"), &host) }));
        assert_eq!(
            placed.says(FULL.id),
            ["crit ehr-api 20/28: cannot place 5 tasks, cluster full (asg-ehr 12/12, at max)"]
        );

        let mut rolling = crowded(20, group(5, 12, 12), vec![]).lasting(30);
        rolling.services[0].deployments = vec![deployment("IN_PROGRESS", 3, 28)];
        assert_eq!(rolling.says(FULL.id), ["ok"], "it stops and starts as its bounds allow");

        let mut whole = crowded(28, group(5, 12, 12), refused());
        whole.services[0].deployments = vec![deployment("IN_PROGRESS", 26, 28)];
        assert_eq!(
            whole.says(FULL.id),
            ["crit ehr-api 28/28: cannot place 2 tasks of its rollout, cluster full (asg-ehr 12/12, at max)"]
        );
    }

    /// Incident T: a zone is lost, its five instances are disconnected, and the group may not grow.
    fn lost_zone() -> World {
        let zone = |n: u32| ["us-east-1a", "us-east-1b", "us-east-1c"][usize::from(n >= 4) + usize::from(n >= 9)];
        let host = |n: u32| match zone(n) {
            "us-east-1b" => Instance { running_tasks: 2, ..lost(&format!("i-{n}"), "us-east-1b") },
            zone => instance(&format!("i-{n}"), zone, 0),
        };
        let hosts: Vec<Instance> = (0..12).map(host).collect();
        let on = [0, 0, 1, 1, 2, 3, 4, 4, 5, 5, 6, 7, 8, 8, 9, 9, 10, 10, 11, 11];
        let tasks = on.iter().enumerate().map(|(n, host)| {
            let host = &hosts[*host];
            let connectivity = text(if host.placeable() { "CONNECTED" } else { "DISCONNECTED" });
            Task { connectivity, connectivity_at: ago(3), ..task(&format!("t{n}"), host) }
        });
        let minimum = Rollout { minimum_percent: Some(50), ..service(20, 28).rollout };
        let api = Service { pending: 8, rollout: minimum, events: refused(), ..service(20, 28) };
        let mut group = group(5, 12, 12);
        for (n, member) in (0..).zip(&mut group.instances) {
            member.az = text(zone(n));
        }
        with(api)
            .tasks(tasks)
            .tasks((0..8).map(|n| queued(&format!("w{n}"), 4)))
            .instances(hosts)
            .scaled(group)
            .lasting(20)
    }

    fn alarms(world: &World) -> Vec<Check> {
        let evaluation = world.evaluate();
        evaluation.worst_first().into_iter().filter(|c| c.severity > Severity::Info).cloned().collect()
    }

    #[test]
    fn a_lost_zone_in_a_full_cluster_gives_three_alarms_that_name_everything() {
        let alarms = alarms(&lost_zone());
        let said: Vec<(Severity, &str, &str)> =
            alarms.iter().map(|c| (c.severity, c.rule, c.message.as_str())).collect();
        assert_eq!(
            said,
            [
                (
                    Severity::Crit,
                    "ecs-capacity-full",
                    "ehr-api 20/28: cannot place 8 tasks, cluster full (asg-ehr 12/12, at max)"
                ),
                (
                    Severity::Crit,
                    "ecs-agent-disconnected",
                    "ehr: 5 of 12 instances have a disconnected agent, all in us-east-1b"
                ),
                (
                    Severity::Crit,
                    "scaling-group-at-maximum",
                    "asg-ehr 12/12: at its maximum, ehr-api waits for room for 8 tasks"
                ),
            ]
        );
        let full = &alarms[0];
        assert_eq!(full.since, ago(4));
        assert_eq!(full.subject.name, "ehr/ehr-api");
        let evidence: Vec<(&str, &str)> = full.evidence.iter().map(|(k, v)| (*k, v.as_str())).collect();
        for field in [
            ("needed", "8 tasks of 1024 CPU units, 2048 MiB"),
            ("placeable instances", "7 of 12 (5 with a disconnected agent, all in us-east-1b)"),
            ("headroom", "0 more tasks (upper bound)"),
            ("group", "asg-ehr: min 5, desired 12, max 12"),
            ("event", UNABLE),
        ] {
            assert!(evidence.contains(&field), "{field:?} in {evidence:?}");
        }
        assert_eq!(full.next[0], "bring back the instances that cannot take tasks: view instances");
        assert_eq!(full.next[1], "raise the maximum of asg-ehr, or free room on the cluster");
    }

    #[test]
    fn the_lost_zone_is_worth_knowing_elsewhere_but_no_further_alarm() {
        let evaluation = lost_zone().evaluate();
        let infos: Vec<&str> =
            evaluation.worst_first().into_iter().filter(|c| c.severity == Severity::Info).map(|c| c.rule).collect();
        let count = |rule| infos.iter().filter(|r| **r == rule).count();
        assert_eq!(count("ecs-agent-disconnected"), 5);
        assert_eq!(count("ecs-instance-no-room"), 7);
        assert_eq!(count("ecs-task-waiting"), 8);
        assert_eq!(infos.len(), 20);
    }

    #[test]
    fn what_follows_from_lost_instances_is_no_alarm_of_its_own() {
        let mut world = lost_zone();
        let silent = world.instances.iter().find(|i| i.agent_connected == Some(false)).cloned().unwrap();
        let ec2_id = silent.ec2_id.clone().unwrap();
        let unhealthy = format!("(service web) (instance {ec2_id}) (port 80) is unhealthy in (target-group web)");
        let mut web = service(4, 4);
        web.name = Text::from("web");
        web.arn = Text::from("arn:aws:ecs:us-east-1:123456789012:service/ehr/web");
        web.events = (0..4).map(|_| event(1, &unhealthy)).collect();
        world.services.push(web);
        let failed = |n: usize| Task {
            group: text("service:web"),
            status: text("STOPPED"),
            stopped_at: ago(1),
            stopped_reason: text("Task failed ELB health checks"),
            ..task(&format!("stopped-{n}"), &silent)
        };
        let world = world.stopped((0..4).map(failed));
        let said: Vec<String> = alarms(&world).iter().map(|c| c.message.to_string()).collect();
        assert_eq!(said.len(), 3, "{said:?}");
    }

    #[test]
    fn an_absent_group_leaves_the_alarm_and_says_that_it_is_unknown() {
        let mut world = lost_zone();
        world.groups = Some(GroupFacts::default());
        let said: Vec<String> = alarms(&world).into_iter().map(|c| c.message.to_string()).collect();
        assert_eq!(
            said,
            [
                "ehr-api 20/28: cannot place 8 tasks, cluster full (asg-ehr, size not known)",
                "ehr: 5 of 12 instances have a disconnected agent, all in us-east-1b",
                "asg-ehr: the Auto Scaling group was not found",
            ]
        );
    }
}
