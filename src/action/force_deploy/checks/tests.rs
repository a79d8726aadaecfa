use std::collections::BTreeSet;
use std::sync::Arc;

use super::*;
use crate::model::Facts;
use crate::model::ecs::{
    Breaker, Cluster, Container, Deployment, EcsFacts, Event, Image, Instance, Protection, Provider, Revision, Rollout,
    Scheduling, Seen, Size, Task,
};
use crate::model::finding::{Concerned, Finding, FindingFacts, FindingsRead};
use crate::model::scaling::Group;
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
    /// Suspended processes of the group.
    suspended: &'static [&'static str],
    cluster: Cluster,
    neighbour: Option<Service>,
    gaps: Vec<String>,
    /// The scores of findings on the instance; absent: not read.
    found: Option<&'static [f64]>,
    details: Details,
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
            suspended: &[],
            cluster: Cluster {
                arn: Text::from(CLUSTER),
                name: Text::from("ehr"),
                providers: vec![Text::from("cp")],
                ..Cluster::default()
            },
            neighbour: None,
            gaps: Vec::new(),
            found: Some(&[]),
            details: Details {
                protection: vec![Protection { task: Text::from("arn:task/1"), ..Protection::default() }],
                ..Details::default()
            },
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
            ec2_id: text("i-1"),
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
            suspended: self.suspended.iter().map(|process| (Text::from(*process), None)).collect(),
            ..Group::default()
        };
        let ecs = EcsFacts {
            clusters: vec![seen(self.cluster.clone())],
            services: [Some(self.service.clone()), self.neighbour.clone()].into_iter().flatten().map(seen).collect(),
            tasks: vec![seen(self.task.clone())],
            instances: vec![seen(instance)],
            providers: vec![seen(provider)],
            ..EcsFacts::default()
        };
        let mut facts = Facts::default();
        facts.put(NOW, Arc::new(ecs));
        facts.put(NOW, Arc::new(GroupFacts { groups: vec![group], ..GroupFacts::default() }));
        if let Some(scores) = self.found {
            let finding = |score: &f64| Finding {
                id: Text::from(score.to_string()),
                kind: Text::from("Backdoor:EC2/C&CActivity.B"),
                severity: Some(*score),
                resource: Concerned { instance: text("i-1"), ..Concerned::default() },
                ..Finding::default()
            };
            let read_at = FindingsRead { detectors: Some(NOW), findings: Some(NOW) };
            let findings = scores.iter().map(finding).collect();
            facts.put(NOW, Arc::new(FindingFacts { findings, read_at, ..FindingFacts::default() }));
        }
        checks(&self.service, &Reading { facts, gaps: self.gaps.clone() }, &self.details, NOW)
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
    let mut cases = vec![
        (
            World::with(|w| w.free = 3),
            "room",
            Warn,
            "room for 3 more tasks where its bounds allow 4: slower, or it waits until somebody, or the group's own \
             scaling, brings instances; cp brings none for tasks of a launch type",
        ),
        (World::with(|w| w.free = 0), "room", Warn, "room for 0 more tasks"),
        (
            World::with(|w| {
                percent(w, 100, 200);
                w.free = 0;
            }),
            "room",
            Warn,
            "it waits until somebody, or the group's own scaling, brings instances",
        ),
        (World::with(|w| w.task.size = None), "room", Warn, "not known"),
        (
            World::with(|w| (w.service.launch_type, w.service.providers) = (None, vec![])),
            "room",
            Warn,
            "whether it needs room on container instances is not known",
        ),
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
        (World::with(|w| w.found = Some(&[6.9])), "evidence", Pass, "no high or critical finding"),
        (World::with(|w| w.found = Some(&[6.9, 7.0])), "evidence", Warn, "C&CActivity.B is open on its tasks or their"),
        (World::with(|w| w.found = None), "evidence", Warn, "is not known"),
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
        (World::with(|w| w.service.running = 1), "outage", Pass, "its bounds keep 2 running, now 1 task runs"),
        (World::with(|w| w.service.rollout.strategy = text("ROLLING")), "strategy", Pass, "rolling"),
        (World::with(|w| w.service.controller = text("ECS")), "controller", Pass, "ECS itself"),
    ]);
}

#[test]
fn whoever_waits_for_room_may_take_what_is_freed() {
    let unplaced = Event {
        at: Some(NOW),
        message: Text::from(
            "(service api) was unable to place a task because no container instance met all of its requirements. The closest \
             matching container-instance has insufficient CPU units available.",
        ),
        ..Event::default()
    };
    let api = Service {
        arn: Text::from("arn:service/ehr/api"),
        name: Text::from("api"),
        desired: 12,
        events: vec![unplaced],
        ..World::well().service
    };
    let beside = |w: &mut World| w.neighbour = Some(api.clone());
    holds(vec![
        (
            World::with(beside),
            "rivals",
            Warn,
            "8 tasks of api wait for room in this cluster and may take the place of what is stopped: it may stay at 2 of 4 until",
        ),
        (
            World::with(|w| {
                beside(w);
                w.service.running = 2;
            }),
            "rivals",
            Warn,
            "8 tasks of api wait for room in this cluster, too",
        ),
        (
            World::with(|w| {
                beside(w);
                w.service.scheduling = Scheduling::Daemon;
            }),
            "rivals",
            Pass,
            "no other service waits",
        ),
        (
            World::with(|w| {
                beside(w);
                w.service.launch_type = text("FARGATE");
            }),
            "rivals",
            Pass,
            "no other service waits",
        ),
        (World::with(|w| w.neighbour = Some(Service { events: vec![], ..api.clone() })), "rivals", Pass, "no other"),
    ]);
}

#[test]
fn f8_what_no_group_will_make_room_for_is_told_with_the_group_and_why() {
    let suspended = |w: &mut World| w.suspended = &["AZRebalance", "Launch"];
    let stuck = |w: &mut World| {
        percent(w, 100, 200);
        w.free = 0;
    };
    holds(vec![
        (
            World::with(|w| {
                stuck(w);
                suspended(w);
            }),
            "room",
            Block,
            "none may stop first (4 running, minimum 4); asg cannot add instances (Launch suspended)",
        ),
        (
            World::with(|w| {
                w.free = 3;
                suspended(w);
            }),
            "room",
            Warn,
            "bounds allow 4: slower, for no instance comes; asg cannot add instances (Launch suspended)",
        ),
        (
            World::with(|w| (w.free, w.group) = (3, (3, 3))),
            "room",
            Warn,
            "bounds allow 4: slower, for no instance comes; asg is at its maximum (3/3)",
        ),
        // What is suspended otherwise keeps no instance away.
        (
            World::with(|w| {
                stuck(w);
                w.suspended = &["Terminate", "AZRebalance"];
            }),
            "room",
            Warn,
            "it waits until somebody, or the group's own scaling, brings instances",
        ),
        (World::with(suspended), "room", Pass, "room for 4 more tasks"),
    ]);
}

#[test]
fn f9_a_deployment_in_progress_and_what_stops_a_failing_one_are_told() {
    let going = |created_at| Deployment {
        id: Text::from("ecs-svc/7"),
        rollout_state: text("IN_PROGRESS"),
        created_at,
        ..Deployment::default()
    };
    let breaker = |enabled, rollback| World::with(|w| w.service.rollout.breaker = Some(Breaker { enabled, rollback }));
    holds(vec![
        (World::well(), "in-progress", Pass, "no deployment is in progress"),
        (
            World::with(|w| w.service.deployments.push(going(Some(Timestamp::from_secs(10_000 - 192))))),
            "in-progress",
            Warn,
            "for 3m12s; forcing takes its place (ecs-svc/7)",
        ),
        (World::with(|w| w.service.deployments.push(going(None))), "in-progress", Warn, "of unknown age"),
        (breaker(true, true), "breaker", Pass, "stops and rolls back"),
        (breaker(true, false), "breaker", Pass, "without rolling back"),
        (breaker(false, true), "breaker", Warn, "no circuit breaker"),
        (World::with(|w| w.service.rollout.breaker = None), "breaker", Warn, "no circuit breaker"),
    ]);
}

#[test]
fn protected_tasks_are_counted_and_told_with_the_end_of_the_last() {
    let task = |n: u32, until: Option<i64>| Protection {
        task: Text::from(format!("arn:task/{n}")),
        enabled: true,
        expires_at: until.map(Timestamp::from_secs),
    };
    let with = |tasks: Vec<Protection>, unknown| {
        World::with(|w| {
            w.details.protection.extend(tasks);
            w.details.unknown = unknown;
        })
    };
    holds(vec![
        (World::well(), "protected", Pass, "no task is protected from scale-in"),
        (World::with(|w| w.details.protection.clear()), "protected", Pass, "no task is protected"),
        (
            with(vec![task(2, Some(13_600))], 0),
            "protected",
            Warn,
            "1 task is protected from scale-in until 1970-01-01 03:46:40Z (1h00m): ECS does not stop it before",
        ),
        (
            with(vec![task(2, Some(17_200)), task(3, Some(13_600)), task(4, None)], 0),
            "protected",
            Warn,
            "3 tasks are protected from scale-in until 1970-01-01 04:46:40Z (2h00m): ECS does not stop them before",
        ),
        (with(vec![task(2, None)], 0), "protected", Warn, "until an unknown time: ECS does not stop it"),
        (
            with(vec![task(2, Some(13_600))], 2),
            "protected",
            Warn,
            "ECS does not stop it before; whether 2 tasks are protected from scale-in is not known",
        ),
        (with(vec![], 1), "protected", Warn, "whether 1 task is protected from scale-in is not known"),
        (
            World::with(|w| w.details.gaps = vec!["ecs:GetTaskProtection: denied: no".to_owned()]),
            "unread",
            Warn,
            "not all could be read: ecs:GetTaskProtection: denied: no",
        ),
    ]);
}

#[test]
fn a_tag_is_told_with_what_it_was_resolved_to_where_anything_knows_it() {
    let of_task = |image: &str, digest: Option<Text>| {
        let container = Container { name: Text::from("api"), image: text(image), digest, ..Container::default() };
        World::with(|w| w.task.containers = vec![container])
    };
    let revision = |definition: &str, images: &[(&str, &str, &str)]| Revision {
        task_definition: text(definition),
        images: images
            .iter()
            .map(|(container, name, digest)| Image {
                container: Text::from(*container),
                name: text(name),
                digest: text(digest).filter(|digest| !digest.is_empty()),
            })
            .collect(),
        ..Revision::default()
    };
    let of_revisions = |revisions: &[Revision]| {
        let mut world = of_task("repo/api:0", text("sha256:task"));
        world.service.deployments[0].status = text("PRIMARY");
        world.service.deployments[0].task_definition = text("td:7");
        world.details.revisions = revisions.to_vec();
        world
    };
    let four: Vec<(String, String)> = (1..=4).map(|n| (format!("c{n}"), format!("repo/c{n}:{n}"))).collect();
    let four: Vec<(&str, &str, &str)> = four.iter().map(|(c, i)| (c.as_str(), i.as_str(), "sha256:0af")).collect();
    holds(vec![
        (World::well(), "image", Pass, "named by digest"),
        (
            of_revisions(&[revision(
                "td:7",
                &[("api", "host:5000/api:2.4", "sha256:0af"), ("log", "log@sha256:1", "")],
            )]),
            "image",
            Warn,
            "api: tag 2.4 is sha256:0af as it runs now; forcing resolves it anew",
        ),
        // Two of the same definition: the one before is still running out, and what its tag meant then runs too.
        (
            of_revisions(&[
                revision("td:7", &[("api", "api:2", "sha256:b")]),
                revision("td:7", &[("api", "api:2", "sha256:a")]),
                revision("td:6", &[("api", "api:1", "sha256:c")]),
            ]),
            "image",
            Warn,
            "api: tag 2 is sha256:a and sha256:b as it runs now; forcing",
        ),
        (
            of_revisions(&[revision("td:7", &[("api", "host:5000/api", "")])]),
            "image",
            Warn,
            "api: what tag latest is now is not known (host:5000/api); forcing resolves it anew",
        ),
        (
            of_revisions(&[revision("td:7", &four)]),
            "image",
            Warn,
            "c3: tag 3 is sha256:0af as it runs now, and 1 more; forcing resolves them anew",
        ),
        (of_revisions(&[revision("td:7", &[("api", "api@sha256:1", "sha256:1")])]), "image", Pass, "named by digest"),
        // ECS keeps no revision from before 2024-10-25, nor is one of another definition the current one.
        (of_revisions(&[]), "image", Warn, "api: tag 0 is sha256:task as it runs now"),
        (of_revisions(&[revision("td:6", &[("api", "api:1", "sha256:c")])]), "image", Warn, "tag 0 is sha256:task"),
        (of_task("repo/app:1", text("sha256:0af")), "image", Warn, "api: tag 1 is sha256:0af as it runs now"),
        (of_task("repo/app", None), "image", Warn, "api: what tag latest is now is not known (repo/app)"),
        (World::with(|w| w.task.containers = vec![]), "image", Warn, "no task shows its image"),
    ]);
}
