//! Container instances: agents, drains, registration, health, room.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use super::placement::Placements;
use super::{About, Rule, Sink, Threshold, subject, words, zone};
use crate::model::ecs::{EcsFacts, EcsIndex, HostPorts, Instance, Seen, Size, Task, fits};
use crate::model::{Facts, Severity, Subject};
use crate::text::Text;

pub(super) const AGENT: Rule = Rule {
    id: "ecs-agent-disconnected",
    domain: "ecs",
    doc: "The agent of an instance has been disconnected for longer than its normal reconnects take, so no task can be placed \
          there; until then it is only worth knowing. Where it is a fifth of the instances or more, it is said once, of the cluster.",
    source: "ECS developer guide: agents reconnect several times an hour as part of normal operation; 5 and 15 min, 20 % (practice). \
             Two instances count as many after 1 min, three at once",
    thresholds: &[
        Threshold::minutes("warn", 5),
        Threshold::minutes("crit", 15),
        Threshold::share("many", 0.2),
        Threshold::minutes("two", 1),
    ],
    read_at: Facts::taken_at::<EcsFacts>,
    check: agent,
};

pub(super) const DRAINING: Rule = Rule {
    id: "ecs-instance-draining",
    domain: "ecs",
    doc: "An instance drains for too long: which tasks are left, and why they do not leave.",
    source: "practice; a managed drain can hold an instance for 48 hours",
    thresholds: &[Threshold::minutes("warn", 15), Threshold::minutes("crit", 60)],
    read_at: Facts::taken_at::<EcsFacts>,
    check: draining,
};

pub(super) const REGISTRATION: Rule = Rule {
    id: "ecs-instance-registration",
    domain: "ecs",
    doc: "An instance could not join its cluster.",
    source: "ECS API: ContainerInstance.status and statusReason",
    thresholds: &[],
    read_at: Facts::taken_at::<EcsFacts>,
    check: registration,
};

pub(super) const HEALTH: Rule = Rule {
    id: "ecs-instance-health",
    domain: "ecs",
    doc: "ECS finds the container runtime of an instance impaired.",
    source: "ECS API: ContainerInstance.healthStatus.overallStatus",
    thresholds: &[],
    read_at: Facts::taken_at::<EcsFacts>,
    check: health,
};

pub(super) const AGENT_UPDATE: Rule = Rule {
    id: "ecs-agent-update-failed",
    domain: "ecs",
    doc: "An update of the agent failed.",
    source: "ECS API: ContainerInstance.agentUpdateStatus",
    thresholds: &[],
    read_at: Facts::taken_at::<EcsFacts>,
    check: agent_update,
};

pub(super) const NO_ROOM: Rule = Rule {
    id: "ecs-instance-no-room",
    domain: "ecs",
    doc: "An instance has no room for another task of any service of its cluster.",
    source: "ECS API: remainingResources against the sizes of running tasks",
    thresholds: &[],
    read_at: Facts::taken_at::<EcsFacts>,
    check: no_room,
};

/// The instances of the facts.
fn all(facts: &Facts) -> &[Seen<Instance>] {
    facts.get::<EcsFacts>().map_or(&[], |ecs| &ecs.instances)
}

/// What an instance is called in a sentence.
fn name(instance: &Instance) -> Text {
    instance.ec2_id.clone().unwrap_or_else(|| instance.id())
}

/// The disconnected instances of one cluster, and how many tell of their agent.
#[derive(Default)]
struct Agents<'a> {
    lost: Vec<&'a Instance>,
    told: usize,
}

impl Agents<'_> {
    /// From when on they count as many together; `None` if they are few.
    fn many(&self, share: f64, two: Duration) -> Option<Duration> {
        #[expect(clippy::cast_precision_loss, reason = "instance counts are far below 2^52")]
        let enough = self.lost.len() as f64 >= share * self.told as f64;
        match self.lost.len() {
            0 | 1 => None,
            2 => enough.then_some(two),
            _ => enough.then_some(Duration::ZERO),
        }
    }
}

fn agent(facts: &Facts, sink: &mut Sink<'_>) {
    let mut clusters: BTreeMap<&Text, Agents<'_>> = BTreeMap::new();
    for instance in all(facts).iter().map(|seen| seen.item.as_ref()) {
        let Some(connected) = instance.agent_connected else { continue };
        let agents = clusters.entry(&instance.cluster_arn).or_default();
        agents.told += 1;
        if !connected {
            agents.lost.push(instance);
        }
    }
    let (share, two) = (sink.share("many"), sink.span("two"));
    let index = facts.derived::<EcsIndex>();
    for (arn, agents) in &clusters {
        if let Some(after) = agents.many(share, two) {
            sink.lasting(&[(Severity::Crit, after)], cluster_subject(arn, &index), many(agents));
        }
    }
    let at_once = (Severity::Info, Duration::ZERO);
    let steps = [at_once, (Severity::Warn, sink.span("warn")), (Severity::Crit, sink.span("crit"))];
    for seen in all(facts) {
        let (instance, mut sink) = (&seen.item, sink.at(seen.at));
        let subject = subject::instance(instance);
        match instance.agent_connected {
            None => {}
            Some(true) => sink.ok(|| subject),
            Some(false) => {
                let agents = clusters.get(&instance.cluster_arn);
                let together = agents.and_then(|a| Some((a.lost.len() - 1, a.many(share, two)?)));
                let (id, zone) = (name(instance), words::given(instance.az.as_ref()));
                let about = About::new(format!("{id}: its agent is disconnected, in {zone}"))
                    .with("agentConnected", false)
                    .with("status", words::given(instance.status.as_ref()))
                    .with("running tasks", instance.running_tasks)
                    .with("agent version", words::given(instance.agent_version.as_ref()))
                    .next("check the instance, its agent and its route to ECS");
                if let Some((others, _)) = together {
                    // Kept in mind, so that nothing is forgotten when the others come back.
                    let since = sink.observe(&subject.id);
                    let about = about.with("alarm", format!("raised on the cluster, with {others} more"));
                    let about = sink.dated(about, since);
                    sink.found(Severity::Info, subject, about);
                } else {
                    sink.lasting(&steps, subject, about);
                }
            }
        }
    }
}

fn cluster_subject(arn: &Text, index: &EcsIndex) -> Subject {
    index.cluster(arn).map_or_else(
        || Subject { kind: "cluster", name: crate::model::ecs::tail(arn), id: arn.clone() },
        subject::cluster,
    )
}

/// `5 of 12 instances have a disconnected agent, all in us-east-1b`.
fn many(agents: &Agents<'_>) -> About {
    let n = agents.lost.len();
    let zone = zone::only_zone(&agents.lost).map(|z| format!(", all in {z}")).unwrap_or_default();
    let zones: BTreeSet<String> = agents.lost.iter().map(|i| words::given(i.az.as_ref())).collect();
    let cluster = agents.lost.first().map(|i| i.cluster()).unwrap_or_default();
    About::new(format!("{cluster}: {n} of {} instances have a disconnected agent{zone}", agents.told))
        .with("instances", words::list(agents.lost.iter().map(|i| name(i))))
        .with("zones", words::list(zones))
        .with("tasks on them", agents.lost.iter().map(|i| u64::from(i.running_tasks)).sum::<u64>())
        .next("their tasks may still run; no new task is placed there: view instances")
        .next("if they share a zone, check its network and the AWS health page")
}

fn draining(facts: &Facts, sink: &mut Sink<'_>) {
    let (index, placements) = (facts.derived::<EcsIndex>(), facts.derived::<Placements>());
    for seen in all(facts) {
        let (instance, mut sink) = (&seen.item, sink.at(seen.at));
        let id = name(instance);
        match instance.status.as_deref() {
            None => {}
            Some("DRAINING") => {
                let left = index.tasks_on(instance);
                let known = u32::try_from(left.len()).unwrap_or(u32::MAX);
                let n = known.max(instance.running_tasks.saturating_add(instance.pending_tasks));
                if n == 0 {
                    let about = About::new(format!("{id}: drained, no task is left")).with("status", "DRAINING");
                    sink.found(Severity::Info, subject::instance(instance), about);
                    continue;
                }
                let whose = why_left(left.iter().map(AsRef::as_ref), &index, &placements);
                let mut sentence = format!("{id}: draining, {} left", words::count(n, "task"));
                if let Some(first) = whose.first() {
                    sentence = format!("{sentence}: {first}");
                }
                if whose.len() > 1 {
                    sentence = format!("{sentence}, and {} more", words::count(whose.len() - 1, "reason"));
                }
                let mut about = About::new(sentence).with("tasks", words::list(left.iter().map(|t| t.label())));
                for reason in &whose {
                    about = about.with("left", reason);
                }
                let about = about.next("see its tasks: enter");
                let (warn, crit) = (sink.span("warn"), sink.span("crit"));
                let steps = [(Severity::Info, Duration::ZERO), (Severity::Warn, warn), (Severity::Crit, crit)];
                sink.lasting(&steps, subject::instance(instance), about);
            }
            Some(_) => sink.ok(|| subject::instance(instance)),
        }
    }
}

/// Whose tasks are left on a draining instance and why, most tasks first: `2 of ehr-api (no room elsewhere)`.
fn why_left<'a>(left: impl Iterator<Item = &'a Task>, index: &EcsIndex, placements: &Placements) -> Vec<String> {
    let mut groups: BTreeMap<(Option<&str>, &'static str), u32> = BTreeMap::new();
    for task in left {
        let reason = match index.service_of(task) {
            None if task.service().is_none() => "standalone, a drain does not move it",
            None => "its service is not known",
            Some(s) if s.scheduling == crate::model::ecs::Scheduling::Daemon => "daemon, stops last",
            Some(s) if s.deadlocked() == Some(true) => "its service may neither stop nor start a task",
            Some(s) if placements.of(s).is_some() || index.headroom(s) == Some(0) => "no room elsewhere",
            Some(_) => "still stopping, or protected",
        };
        *groups.entry((task.service(), reason)).or_default() += 1;
    }
    let mut groups: Vec<_> = groups.into_iter().collect();
    groups.sort_by_key(|((_, reason), n)| (*reason == "daemon, stops last", std::cmp::Reverse(*n)));
    let say = |((service, reason), n): ((Option<&str>, &str), u32)| match service {
        Some(service) => format!("{n} of {service} ({reason})"),
        None => format!("{n} ({reason})"),
    };
    groups.into_iter().map(say).collect()
}

fn registration(facts: &Facts, sink: &mut Sink<'_>) {
    for seen in all(facts) {
        let (instance, mut sink) = (&seen.item, sink.at(seen.at));
        let id = name(instance);
        let (severity, message) = match instance.status.as_deref() {
            Some("REGISTRATION_FAILED") => {
                let why = instance.status_reason.as_deref().filter(|r| !r.is_empty());
                let why = why.map(|r| format!(": {}", words::quote(r))).unwrap_or_default();
                (Severity::Crit, format!("{id}: could not join the cluster{why}"))
            }
            Some(_) => {
                sink.ok(|| subject::instance(instance));
                continue;
            }
            None => (Severity::Unknown, format!("{id}: its status is not known")),
        };
        let about = About::new(message)
            .with("status", words::given(instance.status.as_ref()))
            .with("statusReason", words::given(instance.status_reason.as_ref()));
        sink.found(severity, subject::instance(instance), about);
    }
}

fn health(facts: &Facts, sink: &mut Sink<'_>) {
    for seen in all(facts) {
        let (instance, mut sink) = (&seen.item, sink.at(seen.at));
        let (severity, says) = match instance.health.as_deref() {
            None => continue,
            Some("OK") => {
                sink.ok(|| subject::instance(instance));
                continue;
            }
            // A lost agent cannot tell of health; that it is lost is said by its own rule.
            Some(word) if word != "IMPAIRED" && instance.agent_connected == Some(false) => continue,
            Some("IMPAIRED") => (Severity::Crit, "its container runtime is impaired"),
            Some("INITIALIZING") => (Severity::Info, "its health is being determined"),
            Some(_) => (Severity::Unknown, "its health is not known"),
        };
        let about = About::new(format!("{}: {says}", name(instance)))
            .with("overallStatus", words::given(instance.health.as_ref()))
            .with("running tasks", instance.running_tasks);
        sink.found(severity, subject::instance(instance), about);
    }
}

fn agent_update(facts: &Facts, sink: &mut Sink<'_>) {
    for seen in all(facts) {
        let (instance, mut sink) = (&seen.item, sink.at(seen.at));
        match instance.agent_update.as_deref() {
            None => {}
            Some("FAILED") => {
                let about = About::new(format!("{}: the last update of its agent failed", name(instance)))
                    .with("agentUpdateStatus", "FAILED")
                    .with("agent version", words::given(instance.agent_version.as_ref()));
                sink.found(Severity::Warn, subject::instance(instance), about);
            }
            Some(_) => sink.ok(|| subject::instance(instance)),
        }
    }
}

fn no_room(facts: &Facts, sink: &mut Sink<'_>) {
    let index = facts.derived::<EcsIndex>();
    let mut sizes: HashMap<&Text, Vec<Size>> = HashMap::new();
    for seen in all(facts) {
        let (instance, mut sink) = (&seen.item, sink.at(seen.at));
        let Some(left) = instance.remaining.filter(|_| instance.placeable()) else { continue };
        let sizes = sizes.entry(&instance.cluster_arn).or_insert_with(|| task_sizes(&instance.cluster_arn, &index));
        if sizes.is_empty() {
            continue;
        }
        if sizes.iter().any(|size| fits(*size, &HostPorts::default(), instance) > 0) {
            sink.ok(|| subject::instance(instance));
            continue;
        }
        let about = About::new(format!("{}: no room for a task of any service", name(instance)))
            .with("left", words::size(left))
            .with(
                "smallest task",
                words::list(sizes.iter().min_by_key(|s| (s.cpu, s.memory)).map(|s| words::size(*s))),
            );
        sink.found(Severity::Info, subject::instance(instance), about);
    }
}

/// The different task sizes of the services of a cluster.
fn task_sizes(cluster_arn: &Text, index: &EcsIndex) -> Vec<Size> {
    let mut sizes: Vec<Size> = index.services(cluster_arn).filter_map(|s| index.task_size(s)).collect();
    sizes.sort_unstable_by_key(|s| (s.cpu, s.memory));
    sizes.dedup();
    sizes
}

#[cfg(test)]
mod tests {
    use super::super::fixture::*;
    use super::*;
    use crate::model::ecs::{Rollout, Service};

    fn world(instances: Vec<Instance>) -> World {
        with(service(2, 2)).instances(instances)
    }

    fn connected(n: u32) -> Vec<Instance> {
        (0..n).map(|n| instance(&format!("i-{n}"), ["a", "c"][n as usize % 2], 1)).collect()
    }

    /// `lost` disconnected instances in `zones` among `all`, disconnected for `minutes`.
    fn agents(all: u32, zones: &[&str], minutes: u64) -> Vec<String> {
        let lost = zones.iter().enumerate().map(|(n, zone)| lost(&format!("i-lost{n}"), zone));
        let present = connected(all - u32::try_from(zones.len()).unwrap());
        let said = world(present.into_iter().chain(lost).collect()).lasting(minutes).says(AGENT.id);
        said.into_iter().filter(|s| s != "ok").collect()
    }

    #[test]
    fn a_lost_agent_is_judged_by_time_and_many_at_once_by_their_share() {
        let one = |severity| vec![format!("{severity} i-lost0: its agent is disconnected, in b")];
        assert_eq!(agents(12, &["b"], 4), one("info"), "reconnects are normal, but it is no green instance meanwhile");
        assert_eq!(agents(12, &["b"], 5), one("warn"));
        assert_eq!(agents(12, &["b"], 15), one("crit"));
        assert_eq!(agents(1, &["b"], 5), one("warn"), "one instance is never many");

        let five = agents(12, &["b"; 5], 0);
        assert_eq!(five[0], "crit ehr: 5 of 12 instances have a disconnected agent, all in b");
        assert_eq!(five[1], "info i-lost0: its agent is disconnected, in b");
        assert_eq!(five.len(), 6);
        assert_eq!(agents(12, &["a", "b", "b"], 0)[0], "crit ehr: 3 of 12 instances have a disconnected agent");
        assert_eq!(agents(100, &["b"; 5], 5).len(), 5, "a twentieth is not many");
        assert_eq!(agents(4, &["b", "b"], 1)[0], "crit ehr: 2 of 4 instances have a disconnected agent, all in b");
        assert_eq!(agents(4, &["b", "b"], 0).len(), 2, "two at once may be chance: only the instances, not alarming");

        let untold = Instance { agent_connected: None, ..instance("i", "a", 1) };
        assert!(world(vec![untold]).says(AGENT.id).is_empty());
    }

    #[test]
    fn a_long_drain_names_the_tasks_left_and_why() {
        let host = || Instance { status: text("DRAINING"), ..instance("i-1", "a", 9) };
        let alone = || Task { group: text("family:batch"), ..task("b", &host()) };
        let drain = |tasks: Vec<Task>| with(service(2, 2)).tasks(tasks).instances([host(), instance("i-2", "b", 9)]);
        let full = with(service(2, 2)).task(task("t", &host())).instances([host(), instance("i-2", "b", 0)]);
        let bound = Rollout { minimum_percent: Some(100), maximum_percent: Some(100), ..Rollout::default() };
        let stuck = with(Service { rollout: bound, ..service(2, 2) }).task(task("t", &host())).instances([host()]);
        let both = vec![alone(), task("t", &host()), task("u", &host())];
        let last = |world: World| world.says(DRAINING.id).into_iter().find(|s| s != "ok");
        for (world, minutes, expected) in [
            (
                drain(vec![alone()]),
                14,
                Some("info i-1: draining, 1 task left: 1 (standalone, a drain does not move it)"),
            ),
            (
                drain(vec![alone()]),
                15,
                Some("warn i-1: draining, 1 task left: 1 (standalone, a drain does not move it)"),
            ),
            (
                drain(vec![alone()]),
                60,
                Some("crit i-1: draining, 1 task left: 1 (standalone, a drain does not move it)"),
            ),
            (
                drain(both),
                15,
                Some(
                    "warn i-1: draining, 3 tasks left: 2 of ehr-api (still stopping, or protected), and 1 reason more",
                ),
            ),
            (full, 15, Some("warn i-1: draining, 1 task left: 1 of ehr-api (no room elsewhere)")),
            (
                stuck,
                15,
                Some("warn i-1: draining, 1 task left: 1 of ehr-api (its service may neither stop nor start a task)"),
            ),
            (drain(vec![]), 90, Some("info i-1: drained, no task is left")),
        ] {
            assert_eq!(last(world.lasting(minutes)).as_deref(), expected);
        }
        let untold = Instance { status: None, ..host() };
        assert!(world(vec![untold]).says(DRAINING.id).is_empty());
    }

    #[test]
    fn registration_health_and_agent_updates_are_said_as_told() {
        let status = |status: Option<&str>, reason: &str| {
            world(vec![Instance {
                status: status.and_then(text),
                status_reason: text(reason),
                ..instance("i-1", "a", 1)
            }])
        };
        table(
            REGISTRATION.id,
            &[
                (status(Some("ACTIVE"), ""), &["ok"]),
                (status(Some("REGISTRATION_FAILED"), "no ENI."), &["crit i-1: could not join the cluster: no ENI"]),
                (status(Some("REGISTRATION_FAILED"), ""), &["crit i-1: could not join the cluster"]),
                (status(None, ""), &["unknown i-1: its status is not known"]),
            ],
        );
        let health = |h: Option<&str>| world(vec![Instance { health: h.and_then(text), ..instance("i-1", "a", 1) }]);
        table(
            HEALTH.id,
            &[
                (health(Some("OK")), &["ok"]),
                (health(Some("IMPAIRED")), &["crit i-1: its container runtime is impaired"]),
                (health(Some("INSUFFICIENT_DATA")), &["unknown i-1: its health is not known"]),
                (health(Some("INITIALIZING")), &["info i-1: its health is being determined"]),
                (health(None), &[]),
            ],
        );
        let update =
            |u: Option<&str>| world(vec![Instance { agent_update: u.and_then(text), ..instance("i-1", "a", 1) }]);
        table(
            AGENT_UPDATE.id,
            &[
                (update(Some("UPDATED")), &["ok"]),
                (update(Some("FAILED")), &["warn i-1: the last update of its agent failed"]),
                (update(None), &[]),
            ],
        );
    }

    #[test]
    fn an_instance_without_room_is_worth_knowing() {
        let host = |room| instance("i-1", "a", room);
        let on = |host: Instance| with(service(1, 1)).task(task("t", &host)).instances([host]);
        table(
            NO_ROOM.id,
            &[
                (on(host(1)), &["ok"]),
                (on(host(0)), &["info i-1: no room for a task of any service"]),
                (on(Instance { remaining: None, ..host(1) }), &[]),
                (on(lost("i-1", "a")), &[]),
                (world(vec![host(0)]), &[]),
            ],
        );
    }
}
