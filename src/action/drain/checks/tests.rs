use std::sync::Arc;

use super::*;
use crate::action::drain::radius;
use crate::model::Facts;
use crate::model::ecs::{Cluster, Deployment, EcsFacts, Protection, Rollout, Scheduling, Seen, Service, Size};
use crate::model::finding::{Concerned, Finding, FindingFacts, FindingsRead};
use crate::model::scaling::Group;

const CLUSTER: &str = "arn:aws:ecs:r:1:cluster/c";
const NOW: Timestamp = Timestamp::from_secs(1_773_457_200);

#[expect(clippy::unnecessary_wraps, reason = "most members of a model are optional")]
fn text(value: &str) -> Option<Text> {
    Some(Text::from(value))
}

/// An instance `id` in a zone, with so much CPU and memory left.
fn instance(id: &str, az: &str, cpu: u32, memory: u32) -> Instance {
    Instance {
        arn: Text::from(format!("arn:aws:ecs:r:1:container-instance/c/{id}")),
        cluster_arn: Text::from(CLUSTER),
        ec2_id: text(id),
        status: text("ACTIVE"),
        agent_connected: Some(true),
        az: text(az),
        provider: text("p"),
        remaining: Some(Size { cpu, memory }),
        ports: vec![22].into(),
        ..Instance::default()
    }
}

/// A service that runs all it wants, within these percentages.
fn service(name: &str, desired: u32, minimum: u32, maximum: u32) -> Service {
    Service {
        arn: Text::from(format!("arn:aws:ecs:r:1:service/c/{name}")),
        name: Text::from(name),
        cluster_arn: Text::from(CLUSTER),
        providers: vec![Text::from("p")],
        desired,
        running: desired,
        rollout: Rollout { minimum_percent: Some(minimum), maximum_percent: Some(maximum), ..Rollout::default() },
        ..Service::default()
    }
}

/// A task of a group on an instance.
fn task(id: &str, group: &str, on: &str, cpu: u32, memory: u32) -> Task {
    Task {
        arn: Text::from(format!("arn:aws:ecs:r:1:task/c/{id}")),
        cluster_arn: Text::from(CLUSTER),
        group: text(group),
        status: text("RUNNING"),
        instance_arn: text(&format!("arn:aws:ecs:r:1:container-instance/c/{on}")),
        size: Some(Size { cpu, memory }),
        ..Task::default()
    }
}

/// A cluster of which the instance `a` is drained.
struct World {
    instances: Vec<Instance>,
    services: Vec<Service>,
    tasks: Vec<Task>,
    group: Group,
    provider: Provider,
    details: Details,
    /// Severities of findings on the instance; absent: not read.
    found: Option<&'static [f64]>,
}

impl World {
    /// The fixture of the design: two tasks of `web` on `a`, and room for one each on `b` and `c`.
    fn new() -> Self {
        let on = |id: &str, on: &str| task(id, "service:web", on, 1_024, 2_048);
        Self {
            instances: vec![
                instance("a", "za", 512, 1_024),
                instance("b", "zb", 2_048, 4_096),
                instance("c", "zc", 2_048, 3_072),
            ],
            services: vec![service("web", 4, 100, 200)],
            tasks: vec![on("1", "a"), on("2", "a"), on("3", "b"), on("4", "c")],
            group: Group { name: Text::from("asg"), desired: Some(3), maximum: Some(6), ..Group::default() },
            provider: Provider {
                name: Text::from("p"),
                group_arn: text("asg"),
                managed_scaling: text("DISABLED"),
                ..Provider::default()
            },
            details: Details::default(),
            found: Some(&[]),
        }
    }

    fn with(change: impl FnOnce(&mut Self)) -> Self {
        let mut world = Self::new();
        change(&mut world);
        world
    }

    /// Every check and the radius.
    fn judged(&self) -> (Vec<Check>, Vec<String>) {
        fn seen<T: Clone>(all: &[T]) -> Vec<Seen<T>> {
            all.iter().map(|item| Seen { at: NOW, item: Arc::new(item.clone()) }).collect()
        }
        let cluster = Cluster {
            arn: Text::from(CLUSTER),
            name: Text::from("c"),
            providers: vec![Text::from("p")],
            ..Cluster::default()
        };
        let ecs = EcsFacts {
            clusters: seen(&[cluster]),
            services: seen(&self.services),
            tasks: seen(&self.tasks),
            instances: seen(&self.instances),
            providers: seen(std::slice::from_ref(&self.provider)),
            ..EcsFacts::default()
        };
        let mut facts = Facts::default();
        facts.put(NOW, Arc::new(ecs));
        facts.put(NOW, Arc::new(GroupFacts { groups: vec![self.group.clone()], ..GroupFacts::default() }));
        if let Some(scores) = self.found {
            let finding = |score: &f64| Finding {
                id: Text::from(score.to_string()),
                kind: Text::from("Backdoor:EC2/C&CActivity.B"),
                severity: Some(*score),
                resource: Concerned { instance: text("a"), ..Concerned::default() },
                ..Finding::default()
            };
            let read_at = FindingsRead { detectors: Some(NOW), findings: Some(NOW) };
            let findings = scores.iter().map(finding).collect();
            facts.put(NOW, Arc::new(FindingFacts { findings, read_at, ..FindingFacts::default() }));
        }
        let reading = Reading { facts, gaps: Vec::new() };
        let index = reading.facts.derived::<EcsIndex>();
        let load = Load::of(&self.instances[0], &index);
        let scene = Scene {
            instance: &self.instances[0],
            load: &load,
            index: &index,
            reading: &reading,
            details: &self.details,
            now: NOW,
        };
        (scene.checks(), radius(&load, &index))
    }

    /// The ids of the checks of this weight.
    fn of(&self, level: Level) -> Vec<&'static str> {
        self.judged().0.iter().filter(|check| check.level == level).map(|check| check.id).collect()
    }

    fn text(&self, id: &str) -> String {
        let found = self.judged().0.into_iter().find(|check| check.id == id);
        found.map(|check| format!("{} {}", check.level.word(), check.text)).unwrap_or_default()
    }
}

#[test]
fn the_worked_fixture_passes_and_blocks_as_stated() {
    let world = World::new();
    let (checks, radius) = world.judged();
    assert!(checks.iter().all(|check| check.level < Block), "{checks:?}");
    assert_eq!(world.text("room"), "pass there is room elsewhere for 2 tasks");
    assert_eq!(world.text("deadlock"), "pass every service on it may stop a task or start one");
    assert_eq!(radius[0], "moves 2 tasks (web 2); no new one comes");
    assert_eq!(radius[1], "web: za 2, zb 1, zc 1; after about za 0, zb 2, zc 2");
    // The same with one place fewer, and a group that is full.
    let tight = |maximum| {
        World::with(|w| {
            w.instances[1].remaining = Some(Size { cpu: 512, memory: 4_096 });
            w.group.maximum = Some(maximum);
        })
    };
    assert_eq!(tight(3).of(Block), ["room"]);
    assert_eq!(
        tight(3).text("room"),
        "block no place for 1 task of web: no instance has 1024 CPU and 2048 MiB left; and no instance comes: \
         asg is at its maximum (3/3)"
    );
    assert_eq!(tight(6).of(Block), [""; 0]);
    let wait = "they wait 5 min and more, until somebody, or the group's own scaling, brings instances; the managed scaling of p is \
                off";
    assert!(tight(6).text("room").ends_with(wait), "{}", tight(6).text("room"));
}

#[test]
fn what_would_never_be_empty_blocks() {
    let bounds = World::with(|w| w.services[0] = service("web", 4, 100, 100));
    assert_eq!(bounds.of(Block), ["deadlock"]);
    assert_eq!(
        bounds.text("deadlock"),
        "block it would never be empty: web may run 4 to 4 and runs 4: neither stop nor start"
    );
    // It may start one, which finds no room, and must not stop one: it waits for instances, if any can come.
    let full = |maximum| {
        World::with(|w| {
            w.instances.iter_mut().for_each(|i| i.remaining = Some(Size { cpu: 256, memory: 256 }));
            w.group.maximum = Some(maximum);
        })
    };
    assert_eq!((full(3).of(Block), full(6).of(Block)), (vec!["room"], vec![]));
    // It may stop first, so it is slow and not stuck.
    let stops = World::with(|w| {
        w.services[0] = service("web", 4, 50, 100);
        w.instances.iter_mut().for_each(|i| i.remaining = Some(Size { cpu: 256, memory: 256 }));
    });
    assert_eq!(stops.of(Block), [""; 0]);
    assert_eq!(
        stops.text("room"),
        "warn no place for 2 tasks of web: no instance has 1024 CPU and 2048 MiB left; they wait 5 min and more, until \
         somebody, or the group's own scaling, brings instances; the managed scaling of p is off"
    );
    // Two services on it, one of which is stuck.
    let second = World::with(|w| {
        w.services.push(service("api", 1, 100, 150));
        w.tasks.push(task("5", "service:api", "a", 128, 128));
    });
    assert_eq!(second.of(Block), ["deadlock"]);
    assert_eq!(
        second.text("deadlock"),
        "block it would never be empty: api may run 1 to 1 and runs 1: neither stop nor start"
    );
    let untold = World::with(|w| w.services[0].rollout.maximum_percent = None);
    assert_eq!(untold.text("deadlock"), "warn whether web may stop or start a task is not known: it may hang");
}

#[test]
fn placement_heeds_constraints_ports_and_pools() {
    let full = |w: &mut World| w.group.maximum = Some(3);
    let distinct = World::with(|w| {
        full(w);
        w.services[0].constraints = vec![Text::from("distinctInstance")];
        w.tasks.remove(1);
    });
    assert_eq!(distinct.of(Block), ["room"]);
    let none_comes = "and no instance comes: asg is at its maximum (3/3)";
    assert_eq!(
        distinct.text("room"),
        format!(
            "block no place for 1 task of web: each instance with room has one of them already (distinctInstance); \
             {none_comes}"
        )
    );
    let free = World::with(|w| {
        w.services[0].constraints = vec![Text::from("distinctInstance")];
        w.tasks.truncate(2);
    });
    assert_eq!(free.text("room"), "pass there is room elsewhere for 2 tasks");
    let port = World::with(|w| {
        full(w);
        w.tasks[0].ports = vec![8_080, 49_153].into();
        w.instances[1].ports = vec![8_080].into();
        w.instances[2].ports = vec![8_080, 49_153].into();
    });
    assert_eq!(
        port.text("room"),
        format!("block no place for 1 task of web: port 8080 is taken on each instance with room; {none_comes}")
    );
    // Two that want the same port go to different instances; the third finds none.
    let three = World::with(|w| {
        w.instances.iter_mut().for_each(|i| i.remaining = Some(Size { cpu: 9_999, memory: 9_999 }));
        w.tasks.push(task("5", "service:web", "a", 128, 128));
        w.tasks.iter_mut().for_each(|task| task.ports = vec![80].into());
    });
    assert_eq!(
        three.text("room"),
        "warn no place for 1 task of web: port 80 is taken on each instance with room; they wait 5 min and more, until \
         somebody, or the group's own scaling, brings instances; the managed scaling of p is off"
    );
    let pool = World::with(|w| {
        full(w);
        w.instances[1].provider = text("other");
        w.instances[2].provider = None;
    });
    assert_eq!(
        pool.text("room"),
        format!("block no place for 2 tasks of web: there is no other instance of p; {none_comes}")
    );
    let away = World::with(|w| {
        w.instances[1].status = text("DRAINING");
        w.instances[2].agent_connected = Some(false);
    });
    assert!(away.text("room").contains("2 tasks of web: there is no other instance"));
    assert_eq!(away.text("last"), "block it is the last instance of its cluster that takes tasks");
    let expression = World::with(|w| w.services[0].constraints = vec![Text::from("memberOf: attribute:gpu exists")]);
    assert_eq!(
        expression.text("expressions"),
        "warn web may only go where a placement expression says, which was not looked at"
    );
}

#[test]
fn large_tasks_are_placed_before_small_ones() {
    // One large and two small ones; only if the large one comes first is there room for all.
    let world = World::with(|w| {
        w.services = vec![service("small", 2, 100, 200), service("web", 1, 100, 200)];
        w.tasks = vec![
            task("1", "service:small", "a", 512, 512),
            task("2", "service:small", "a", 512, 512),
            task("3", "service:web", "a", 2_048, 2_048),
        ];
        w.instances[1].remaining = Some(Size { cpu: 2_048, memory: 4_096 });
        w.instances[2].remaining = Some(Size { cpu: 1_024, memory: 4_096 });
    });
    assert_eq!(world.text("room"), "pass there is room elsewhere for 3 tasks");
}

#[test]
fn what_stays_and_what_is_lost_is_told() {
    let alone = World::with(|w| w.tasks.push(task("9", "family:migrate", "a", 128, 128)));
    assert_eq!(
        alone.text("standalone"),
        "warn 1 task of no service is not moved (migrate): it stays draining until it ends"
    );
    let daemons = World::with(|w| {
        w.services = vec![Service { scheduling: Scheduling::Daemon, ..service("log", 3, 0, 100) }];
        w.tasks = vec![task("1", "service:log", "a", 128, 128)];
    });
    assert_eq!((daemons.of(Block), daemons.of(Warn)), (vec![], vec!["zone"]));
    assert_eq!(daemons.text("daemons"), "pass 1 task of daemons stop last and are not replaced");
    assert_eq!(daemons.judged().1, ["moves no task; no new one comes"]);
    assert_eq!(World::new().text("zone"), "warn it is the last one in za that takes tasks: nothing new runs there");
    let two_zones = World::with(|w| w.instances[2].az = text("za"));
    assert_eq!(two_zones.text("zone"), "pass 1 other instance in za");
    assert_eq!(two_zones.judged().1[1], "web: za 3, zb 1; after about za 2, zb 2");
    let nowhere = World::with(|w| w.instances[0].az = None);
    assert!(nowhere.text("zone").starts_with("warn its zone is not known"));
    let managed = World::with(|w| w.provider.managed_scaling = text("ENABLED"));
    assert_eq!(managed.text("scaling"), "warn once empty it is ended by p within about 15 min, and its disk is gone");
    let untold = World::with(|w| w.provider.managed_scaling = None);
    assert_eq!(untold.text("scaling"), "warn whether p ends it once it is empty is not known");
    let held = World::with(|w| {
        let task = w.tasks[0].arn.clone();
        w.details.protection = vec![Protection { task, enabled: true, expires_at: Some(NOW) }];
    });
    assert!(held.text("protected").starts_with("warn 1 task is protected from scale-in until 2026-03-14"));
    let rolling = World::with(|w| {
        let going = Deployment { rollout_state: text("IN_PROGRESS"), ..Deployment::default() };
        w.services[0].deployments = vec![going];
    });
    assert_eq!(rolling.text("in-progress"), "warn a deployment of web is in progress: both move tasks at once");
}

#[test]
fn the_evidence_of_a_finding_is_not_drained_away_unseen() {
    let told = |found| World::with(|w| w.found = found).text("evidence");
    assert_eq!(told(Some(&[6.9])), "pass no high or critical finding of GuardDuty is open on it");
    let grave = told(Some(&[6.9, 8.0]));
    assert!(
        grave.starts_with("warn ") && grave.contains("C&CActivity.B is open on it: evidence would be destroyed"),
        "{grave}"
    );
    assert!(grave.ends_with("; protect it from scale-in in its group first"), "{grave}");
    assert!(told(None).starts_with("warn whether GuardDuty found anything on it is not known"));
}

#[test]
fn only_an_instance_that_takes_tasks_is_drained_and_what_is_not_told_is_not_good() {
    for (status, told) in [
        (text("DRAINING"), "block it is being drained already"),
        (text("REGISTERING"), "block it is REGISTERING, not ACTIVE"),
        (None, "block its status is not known"),
    ] {
        assert_eq!(World::with(|w| w.instances[0].status = status).text("status"), told);
    }
    let deaf = World::with(|w| w.instances[0].agent_connected = Some(false));
    assert!(deaf.text("agent").starts_with("warn its agent is not connected"));
    let sizeless = World::with(|w| w.tasks[0].size = None);
    assert_eq!(sizeless.text("room"), "warn whether there is room elsewhere for 1 task is not known");
    let blank = World::with(|w| w.instances[1..].iter_mut().for_each(|i| i.remaining = None));
    assert_eq!(blank.text("room"), "warn whether there is room elsewhere for 2 tasks is not known");
    let strange = World::with(|w| w.tasks[0].group = text("service:gone"));
    assert_eq!(strange.text("room"), "warn whether there is room elsewhere for 1 task is not known");
}
