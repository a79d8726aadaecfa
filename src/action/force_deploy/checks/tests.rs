use std::sync::Arc;

use super::*;
use crate::model::Facts;
use crate::model::ecs::{
    Breaker, Cluster, Container, Deployment, EcsFacts, Instance, Provider, Rollout, Seen, Size, Task,
};
use crate::text::Text;

const CLUSTER: &str = "arn:cluster/ehr";
const NOW: Timestamp = Timestamp::from_secs(10_000);

#[expect(clippy::unnecessary_wraps, reason = "most members of a model are optional")]
fn text(value: &str) -> Option<Text> {
    Some(Text::from(value))
}

fn seen<T>(item: T) -> Seen<T> {
    Seen { at: NOW, item: Arc::new(item) }
}

/// Four tasks of 1,024 CPU units, 50 to 200 %, on one instance with room for `free` more, behind a group of 2 of at most 3.
#[derive(Clone)]
struct World {
    service: Service,
    task: Task,
    free: u32,
    group: (u32, u32),
    cluster: Cluster,
    gaps: Vec<String>,
}

impl World {
    fn well() -> Self {
        let container = Container { image: text("repo/app@sha256:0af"), ..Container::default() };
        Self {
            service: Service {
                arn: Text::from("arn:service/ehr/web"),
                name: Text::from("web"),
                cluster_arn: Text::from(CLUSTER),
                status: text("ACTIVE"),
                launch_type: text("EC2"),
                desired: 4,
                running: 4,
                rollout: Rollout {
                    minimum_percent: Some(50),
                    maximum_percent: Some(200),
                    breaker: Some(Breaker { enabled: true, rollback: true }),
                    ..Rollout::default()
                },
                deployments: vec![Deployment { rollout_state: text("COMPLETED"), ..Deployment::default() }],
                ..Service::default()
            },
            task: Task {
                cluster_arn: Text::from(CLUSTER),
                group: text("service:web"),
                status: text("RUNNING"),
                health: text("HEALTHY"),
                instance_arn: text("arn:instance/1"),
                size: Some(Size { cpu: 1_024, memory: 1_024 }),
                containers: vec![container],
                ..Task::default()
            },
            free: 4,
            group: (2, 3),
            cluster: Cluster {
                arn: Text::from(CLUSTER),
                name: Text::from("ehr"),
                providers: vec![Text::from("cp")],
                ..Cluster::default()
            },
            gaps: Vec::new(),
        }
    }

    fn with(change: impl FnOnce(&mut Self)) -> Self {
        let mut world = Self::well();
        change(&mut world);
        world
    }

    fn checks(&self) -> Vec<Check> {
        let instance = Instance {
            arn: Text::from("arn:instance/1"),
            cluster_arn: Text::from(CLUSTER),
            status: text("ACTIVE"),
            remaining: Some(Size { cpu: 1_024 * self.free, memory: 65_536 }),
            ..Instance::default()
        };
        let provider = Provider { name: Text::from("cp"), group_arn: text("asg"), ..Provider::default() };
        let group = Group {
            name: Text::from("asg"),
            desired: Some(self.group.0),
            maximum: Some(self.group.1),
            ..Group::default()
        };
        let ecs = EcsFacts {
            clusters: vec![seen(self.cluster.clone())],
            services: vec![seen(self.service.clone())],
            tasks: vec![seen(self.task.clone())],
            instances: vec![seen(instance)],
            providers: vec![seen(provider)],
            ..EcsFacts::default()
        };
        let mut facts = Facts::default();
        facts.put(NOW, Arc::new(ecs));
        facts.put(NOW, Arc::new(GroupFacts { groups: vec![group], ..GroupFacts::default() }));
        checks(&self.service, &Reading { facts, gaps: self.gaps.clone() }, NOW)
    }
}

#[test]
fn a_service_that_is_well_passes_every_check() {
    let told: Vec<Check> = World::well().checks().into_iter().filter(|c| c.level != Pass).collect();
    assert_eq!(told, []);
}

/// What one change of a well service gives: the check, its weight, and words of its sentence.
type Case = (World, &'static str, Level, &'static str);

fn holds(cases: Vec<Case>) {
    for (world, id, level, words) in cases {
        let all = world.checks();
        let check = all.iter().find(|check| check.id == id).unwrap_or_else(|| panic!("no check {id}"));
        assert!(check.level == level && check.text.contains(words), "{id}: {check:?}, not {level:?} {words:?}");
        let ids: BTreeSet<&str> = all.iter().map(|check| check.id).collect();
        assert_eq!(ids.len(), all.len(), "one check a thing");
    }
}

fn percent(world: &mut World, minimum: u32, maximum: u32) {
    world.service.rollout.minimum_percent = Some(minimum);
    world.service.rollout.maximum_percent = Some(maximum);
}

#[test]
fn every_block_is_told() {
    holds(vec![
        (
            World::with(|w| w.service.controller = text("CODE_DEPLOY")),
            "controller",
            Block,
            "by CODE_DEPLOY, not by ECS",
        ),
        (World::with(|w| w.service.controller = text("EXTERNAL")), "controller", Block, "by EXTERNAL"),
        (World::with(|w| w.service.status = text("DRAINING")), "status", Block, "DRAINING, not ACTIVE"),
        (World::with(|w| w.service.status = text("INACTIVE")), "status", Block, "INACTIVE"),
        (World::with(|w| w.service.status = None), "status", Block, "not known"),
        (World::with(|w| percent(w, 100, 100)), "deadlock", Block, "minimum 100 % and maximum 100 % of 4"),
        (
            World::with(|w| {
                percent(w, 100, 200);
                (w.free, w.group) = (0, (3, 3));
            }),
            "room",
            Block,
            "none may stop first (4 running, minimum 4); asg is at its maximum (3/3)",
        ),
        (
            World::with(|w| {
                percent(w, 100, 200);
                (w.free, w.cluster.providers) = (0, vec![]);
            }),
            "room",
            Block,
            "no capacity provider brings instances",
        ),
    ]);
}

#[test]
fn every_warning_is_told() {
    let going = Deployment {
        id: Text::from("ecs-svc/7"),
        rollout_state: text("IN_PROGRESS"),
        created_at: Some(Timestamp::from_secs(10_000 - 192)),
        ..Deployment::default()
    };
    let container =
        |image: &str, digest: Option<Text>| Container { image: text(image), digest, ..Container::default() };
    let mut cases = vec![
        (
            World::with(|w| w.service.deployments.push(going)),
            "in-progress",
            Warn,
            "for 3m12s; forcing takes its place (ecs-svc/7)",
        ),
        (World::with(|w| w.free = 3), "room", Warn, "room for 3 more tasks where its bounds allow 4"),
        (World::with(|w| w.free = 0), "room", Warn, "room for 0 more tasks"),
        (
            World::with(|w| {
                percent(w, 100, 200);
                w.free = 0;
            }),
            "room",
            Warn,
            "it waits until instances come",
        ),
        (World::with(|w| w.task.size = None), "room", Warn, "not known"),
        (
            World::with(|w| (w.service.launch_type, w.service.providers) = (None, vec![])),
            "room",
            Warn,
            "whether it needs room on container instances is not known",
        ),
        (World::with(|w| w.service.rollout.breaker = None), "breaker", Warn, "no circuit breaker"),
        (
            World::with(|w| w.service.rollout.breaker = Some(Breaker { enabled: false, rollback: true })),
            "breaker",
            Warn,
            "no circuit breaker",
        ),
        (
            World::with(|w| w.task.containers = vec![container("repo/app:1", text("sha256:0af"))]),
            "image",
            Warn,
            "repo/app:1 (now sha256:0af)",
        ),
        (World::with(|w| w.task.containers = vec![container("repo/app", None)]), "image", Warn, "by now: repo/app"),
        (World::with(|w| w.task.containers = vec![]), "image", Warn, "no task shows its image"),
        (World::with(|w| w.task.health = text("UNHEALTHY")), "health", Warn, "unhealthy: 1 of 1 task"),
        (World::with(|w| w.service.desired = 0), "desired", Warn, "nothing is replaced"),
        (
            World::with(|w| {
                w.service.desired = 1;
                percent(w, 0, 100);
            }),
            "outage",
            Warn,
            "its only task may stop before",
        ),
        (World::with(|w| percent(w, 0, 100)), "outage", Warn, "all tasks stop at once"),
        (World::with(|w| w.service.rollout.minimum_percent = None), "outage", Warn, "not known"),
        (World::with(|w| w.service.rollout.minimum_percent = None), "deadlock", Warn, "not known"),
        (World::with(|w| w.gaps = vec!["tasks of ehr: denied".to_owned()]), "unread", Warn, "tasks of ehr: denied"),
    ];
    for strategy in ["BLUE_GREEN", "LINEAR", "CANARY"] {
        cases.push((World::with(|w| w.service.rollout.strategy = text(strategy)), "strategy", Warn, strategy));
    }
    holds(cases);
}

#[test]
fn what_does_not_apply_does_not_warn() {
    holds(vec![
        (
            World::with(|w| (w.service.launch_type, w.free) = (text("FARGATE"), 0)),
            "room",
            Pass,
            "no container instances",
        ),
        (World::with(|w| (w.service.scheduling, w.free) = (Scheduling::Daemon, 0)), "room", Pass, "daemon"),
        (World::with(|w| (w.service.desired, w.free) = (0, 0)), "room", Pass, "no task needs room"),
        // ECS rounds the minimum up: half of one task is one task.
        (World::with(|w| w.service.desired = 1), "outage", Pass, "1 task at least"),
        (World::with(|w| w.service.rollout.strategy = text("ROLLING")), "strategy", Pass, "rolling"),
        (World::with(|w| w.service.controller = text("ECS")), "controller", Pass, "ECS itself"),
        (
            World::with(|w| w.service.rollout.breaker = Some(Breaker { enabled: true, rollback: false })),
            "breaker",
            Pass,
            "without rolling back",
        ),
    ]);
}
