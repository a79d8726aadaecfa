//! What holds for every rule, whatever the facts.

use std::collections::HashMap;
use std::time::Duration;

use fastrand::Rng;
use proptest::prelude::*;

use super::fixture::*;
use super::{Evaluation, Observed, Thresholds, evaluate};
use crate::model::ecs::*;
use crate::model::mongo::{
    Connections, FlowControl, Hello, Member, MemberConfig, MemberState, MongoFacts, Oplog, Peer, ReplicaSet, Role,
    ServerStatus, SetConfig, Status, Tickets,
};
use crate::model::scaling::{Group, GroupFacts, GroupInstance};
use crate::model::{Fault, FaultKind, Severity};
use crate::text::Text;
use crate::time::Timestamp;

/// One of a vocabulary, now and then a word nobody knows, now and then nothing.
fn word(rng: &mut Rng, words: &[&str]) -> Option<Text> {
    match rng.u8(..20) {
        0 => None,
        1 => text("SOMETHING_NEW"),
        _ => text(rng.choice(words)?),
    }
}

fn maybe<T>(rng: &mut Rng, make: impl FnOnce(&mut Rng) -> T) -> Option<T> {
    (rng.u8(..10) > 0).then(|| make(rng))
}

fn time(rng: &mut Rng) -> Option<Timestamp> {
    // Some lie ahead: clocks disagree.
    maybe(rng, |rng| now() + Duration::from_secs(120) - Duration::from_secs(rng.u64(..20_000)))
}

const ZONES: &[&str] = &["a", "b", "c"];
const EVENTS: &[&str] = &[
    "has reached a steady state",
    "was unable to place a task because no room",
    "unable to place a task: insufficient CPU",
    "is unhealthy in x",
    "is not AZ balanced",
    "deployment failed: x",
    "is unable to consistently start tasks successfully",
    "nothing",
];

fn any_size(rng: &mut Rng) -> Size {
    Size { cpu: rng.u32(..3) * 512, memory: rng.u32(..3) * 1_024 }
}

fn any_deployment(rng: &mut Rng, primary: bool) -> Deployment {
    Deployment {
        id: Text::from("d"),
        status: word(rng, &[if primary { "PRIMARY" } else { "ACTIVE" }]),
        rollout_state: word(rng, &["IN_PROGRESS", "COMPLETED", "FAILED"]),
        rollout_reason: word(rng, &["because"]),
        desired: rng.u32(..6),
        pending: rng.u32(..2),
        running: rng.u32(..6),
        failed: rng.u32(..4),
        created_at: time(rng),
        ..Deployment::default()
    }
}

fn any_service(rng: &mut Rng, n: usize) -> Service {
    let desired = rng.u32(..6);
    Service {
        arn: Text::from(format!("service{n}")),
        name: Text::from(format!("s{n}")),
        cluster_arn: cluster().arn,
        status: word(rng, &["ACTIVE", "ACTIVE", "ACTIVE", "DRAINING", "INACTIVE"]),
        scheduling: if rng.u8(..5) == 0 { Scheduling::Daemon } else { Scheduling::Replica },
        controller: maybe(rng, |rng| word(rng, &["ECS", "ECS", "CODE_DEPLOY"])).flatten(),
        launch_type: if rng.bool() { None } else { word(rng, &["EC2", "FARGATE"]) },
        providers: if rng.bool() { vec![Text::from("main")] } else { vec![] },
        desired,
        running: if rng.bool() { desired } else { rng.u32(..6) },
        pending: rng.u32(..3),
        rollout: Rollout {
            minimum_percent: maybe(rng, |rng| rng.u32(..3) * 50),
            maximum_percent: maybe(rng, |rng| 100 + rng.u32(..3) * 50),
            strategy: None,
            breaker: maybe(rng, |rng| Breaker { enabled: rng.bool(), rollback: rng.bool() }),
        },
        deployments: (0..rng.usize(..3)).map(|n| any_deployment(rng, n == 0)).collect(),
        events: (0..rng.usize(..4))
            .map(|_| Event { id: Text::default(), at: time(rng), message: word(rng, EVENTS).unwrap_or_default() })
            .collect(),
        ..Service::default()
    }
}

fn any_task(rng: &mut Rng, n: usize) -> Task {
    let on = rng.usize(..6);
    Task {
        arn: Text::from(format!("task{n}")),
        cluster_arn: cluster().arn,
        group: maybe(rng, |rng| Text::from(format!("service:s{}", rng.usize(..4)))),
        status: word(rng, &["RUNNING", "RUNNING", "RUNNING", "PENDING", "PROVISIONING"]),
        desired_status: word(rng, &["RUNNING"]),
        health: word(rng, &["HEALTHY", "HEALTHY", "UNHEALTHY", "UNKNOWN"]),
        az: word(rng, ZONES),
        instance_arn: maybe(rng, |_| Text::from(format!("instance{on}"))),
        provider: text("main"),
        size: maybe(rng, any_size),
        ports: vec![rng.u16(80..82)].into(),
        connectivity: word(rng, &["CONNECTED", "DISCONNECTED"]),
        connectivity_at: time(rng),
        created_at: time(rng),
        stopped_at: time(rng),
        stop_code: word(rng, &["EssentialContainerExited", "TaskFailedToStart", "ServiceSchedulerInitiated"]),
        stopped_reason: word(rng, &["OutOfMemoryError", "CannotPull: x", "ELB health checks"]),
        containers: vec![Container { exit_code: maybe(rng, |rng| rng.i32(0..3)), ..Container::default() }],
        ..Task::default()
    }
}

fn any_instance(rng: &mut Rng, n: usize) -> Instance {
    Instance {
        arn: Text::from(format!("instance{n}")),
        cluster_arn: cluster().arn,
        ec2_id: text(&format!("i-{n}")),
        status: word(rng, &["ACTIVE", "ACTIVE", "ACTIVE", "DRAINING", "REGISTRATION_FAILED"]),
        agent_connected: maybe(rng, |rng| rng.u8(..3) > 0),
        agent_update: word(rng, &["UPDATED", "FAILED"]),
        az: word(rng, ZONES),
        provider: text("main"),
        remaining: maybe(rng, any_size),
        running_tasks: rng.u32(..3),
        health: word(rng, &["OK", "IMPAIRED", "INSUFFICIENT_DATA"]),
        ..Instance::default()
    }
}

fn any_group(rng: &mut Rng) -> Group {
    let member = |rng: &mut Rng, n: u32| GroupInstance {
        id: Text::from(format!("i-{n}")),
        az: word(rng, ZONES),
        lifecycle: word(rng, &["InService", "InService", "Pending", "Terminating:Wait"]),
        health: word(rng, &["Healthy", "Unhealthy"]),
        protected: None,
    };
    Group {
        minimum: maybe(rng, |rng| rng.u32(..4)),
        desired: maybe(rng, |rng| rng.u32(..5)),
        maximum: maybe(rng, |rng| rng.u32(..5)),
        instances: (0..rng.u32(..4)).map(|n| member(rng, n)).collect(),
        protects_new_instances: maybe(rng, Rng::bool),
        managed_by_ecs: rng.bool(),
        suspended: if rng.bool() { vec![(Text::from("Launch"), None)] } else { vec![] },
        ..group(0, 0, 0)
    }
}

fn host(n: usize) -> Text {
    Text::from(format!("m{n}:27017"))
}

fn any_peer(rng: &mut Rng, n: usize, is_self: bool) -> Peer {
    let state = *rng.choice(&[MemberState::Primary, MemberState::Secondary, MemberState::Down]).unwrap();
    Peer {
        host: host(n),
        is_healthy: Some(state != MemberState::Down),
        state,
        is_self,
        optime_at: time(rng),
        heartbeat_at: Some(now() - Duration::from_secs(rng.u64(..14))).filter(|_| !is_self),
        heartbeat_message: if rng.u8(..8) == 0 { text("refused") } else { None },
        sync_source: if rng.bool() { None } else { Some(host(rng.usize(..4))) },
        ..Peer::default()
    }
}

fn any_figures(rng: &mut Rng) -> ServerStatus {
    let tickets = |rng: &mut Rng| Some(Tickets { available: rng.u64(..128), total: 128 });
    ServerStatus {
        uptime: Some(rng.u64(..100_000)),
        connections: Connections { current: Some(rng.u32(..1_000)), available: Some(rng.u32(..1_000)) },
        regular_asserts: Some(0),
        rollovers: Some(0),
        flow_control: FlowControl { is_lagged: Some(rng.bool()), target_rate_limit: Some(1_000_000_000) },
        read_tickets: tickets(rng),
        write_tickets: tickets(rng),
        ..ServerStatus::default()
    }
}

fn any_member(rng: &mut Rng, n: usize, of: usize) -> Member {
    use MemberState::{Arbiter, Primary, Recovering, Rollback, Secondary, Startup2};
    let all = [Primary, Secondary, Secondary, Secondary, Arbiter, Recovering, Rollback, Startup2];
    let state = *rng.choice(&all).unwrap();
    let role = match state {
        Primary => Role::Primary,
        Secondary => Role::Secondary,
        Arbiter => Role::Arbiter,
        _ => Role::Other,
    };
    let hello = Hello {
        set_version: Some(rng.i64(5..7)),
        me: Some(host(n)),
        hosts: (0..of).map(host).collect(),
        primary: maybe(rng, |rng| host(rng.usize(..of))),
        role,
        is_hidden: rng.u8(..10) == 0,
        tags: maybe(rng, |rng| (Text::from("az"), Text::from(*rng.choice(ZONES).unwrap()))).into_iter().collect(),
        last_write_at: Some(now() - Duration::from_secs(rng.u64(..200))),
        is_protected: rng.u8(..4) > 0,
        ..Hello::default()
    };
    let status = Status {
        date: Some(now()),
        my_state: state,
        term: Some(rng.i64(41..43)),
        members: (0..of).map(|p| any_peer(rng, p, p == n)).collect(),
        ..Status::default()
    };
    let first_at = Some(now() - Duration::from_secs(rng.u64(..200_000)));
    Member {
        host: host(n),
        asked_at: now(),
        answered_at: Some(now() - Duration::from_secs(rng.u64(..30))),
        hello: Some(hello),
        fault: (rng.u8(..4) == 0).then(|| Fault::new(FaultKind::Timeout, "hello", "no answer")),
        status: Some(status),
        server: Some((now(), any_figures(rng))),
        oplog: Some((now(), Oplog { first_at, last_at: Some(now()) })),
        ..Member::default()
    }
}

fn any_set(rng: &mut Rng) -> ReplicaSet {
    let of = rng.usize(1..6);
    let config = |rng: &mut Rng, n: usize| MemberConfig {
        host: host(n),
        priority: Some(f64::from(rng.u8(..3))),
        votes: Some(u32::from(rng.u8(..5) > 0)),
        builds_indexes: true,
        ..MemberConfig::default()
    };
    ReplicaSet {
        name: Text::from("ehr"),
        members: (0..of).map(|n| any_member(rng, n, of)).collect(),
        config: Some(SetConfig { members: (0..of).map(|n| config(rng, n)).collect(), ..SetConfig::default() }),
        ..ReplicaSet::default()
    }
}

fn any_world(seed: u64) -> World {
    let mut rng = Rng::with_seed(seed);
    let rng = &mut rng;
    let provider = Provider {
        managed_scaling: word(rng, &["ENABLED", "DISABLED"]),
        termination_protection: word(rng, &["ENABLED", "DISABLED"]),
        managed_draining: word(rng, &["ENABLED", "DISABLED"]),
        update_status: word(rng, &["UPDATE_COMPLETE", "UPDATE_FAILED"]),
        ..provider()
    };
    let stopped: Vec<Task> = (0..rng.usize(..8)).map(|n| any_task(rng, 100 + n)).collect();
    let cluster = Cluster {
        status: word(rng, &["ACTIVE", "FAILED"]),
        attachments_status: word(rng, &["UPDATE_COMPLETE", "UPDATE_FAILED"]),
        providers: vec![provider.name.clone()],
        ..cluster()
    };
    let mut world = World {
        clusters: vec![cluster],
        services: (0..4).map(|n| any_service(rng, n)).collect(),
        tasks: (0..rng.usize(..12)).map(|n| any_task(rng, n)).collect(),
        instances: (0..rng.usize(..6)).map(|n| any_instance(rng, n)).collect(),
        providers: vec![provider],
        groups: maybe(rng, |rng| GroupFacts { groups: vec![any_group(rng)], missing: vec![] }),
        mongo: maybe(rng, |rng| MongoFacts { sets: vec![any_set(rng)] }),
        minutes: 180,
        ..World::default()
    };
    for task in &mut world.tasks {
        if let Some(host) = world.instances.iter().find(|i| Some(&i.arn) == task.instance_arn.as_ref()) {
            task.az.clone_from(&host.az);
        }
    }
    world.stopped(stopped)
}

fn lose<T>(field: &mut Option<T>, rng: &mut Rng) {
    if rng.u8(..5) == 0 {
        *field = None;
    }
}

/// Takes fields away that the services normally give. Left alone is what is absent by its meaning: the agent of an instance
/// without one, the provider or the instance of a task without one.
fn forget(mut world: World, seed: u64) -> World {
    let mut rng = Rng::with_seed(seed);
    let rng = &mut rng;
    for c in &mut world.clusters {
        lose(&mut c.status, rng);
        lose(&mut c.attachments_status, rng);
    }
    for s in &mut world.services {
        lose(&mut s.rollout.minimum_percent, rng);
        lose(&mut s.rollout.maximum_percent, rng);
        lose(&mut s.rollout.breaker, rng);
        s.events.iter_mut().for_each(|e| lose(&mut e.at, rng));
        for d in &mut s.deployments {
            lose(&mut d.status, rng);
            lose(&mut d.rollout_state, rng);
            lose(&mut d.created_at, rng);
        }
    }
    for t in &mut world.tasks {
        lose(&mut t.health, rng);
        lose(&mut t.az, rng);
        lose(&mut t.size, rng);
        lose(&mut t.connectivity, rng);
        lose(&mut t.connectivity_at, rng);
        lose(&mut t.created_at, rng);
    }
    for i in &mut world.instances {
        lose(&mut i.status, rng);
        lose(&mut i.az, rng);
        lose(&mut i.remaining, rng);
        lose(&mut i.health, rng);
        lose(&mut i.agent_update, rng);
    }
    for p in &mut world.providers {
        lose(&mut p.managed_scaling, rng);
        lose(&mut p.termination_protection, rng);
        lose(&mut p.update_status, rng);
    }
    for g in world.groups.iter_mut().flat_map(|g| &mut g.groups) {
        lose(&mut g.minimum, rng);
        lose(&mut g.desired, rng);
        lose(&mut g.maximum, rng);
        lose(&mut g.protects_new_instances, rng);
        for i in &mut g.instances {
            lose(&mut i.az, rng);
            lose(&mut i.lifecycle, rng);
            lose(&mut i.health, rng);
        }
    }
    forget_of_sets(&mut world, rng);
    world
}

fn forget_of_sets(world: &mut World, rng: &mut Rng) {
    for m in world.mongo.iter_mut().flat_map(|m| &mut m.sets).flat_map(|set| &mut set.members) {
        lose(&mut m.status, rng);
        lose(&mut m.server, rng);
        lose(&mut m.oplog, rng);
        if let Some(hello) = &mut m.hello {
            lose(&mut hello.set_version, rng);
            lose(&mut hello.last_write_at, rng);
        }
        if let Some((_, server)) = &mut m.server {
            lose(&mut server.uptime, rng);
            lose(&mut server.connections.available, rng);
            lose(&mut server.flow_control.is_lagged, rng);
            lose(&mut server.flow_control.target_rate_limit, rng);
            lose(&mut server.read_tickets, rng);
            lose(&mut server.write_tickets, rng);
        }
    }
    for set in world.mongo.iter_mut().flat_map(|m| &mut m.sets) {
        lose(&mut set.config, rng);
    }
}

fn by_subject(evaluation: &Evaluation) -> HashMap<(&'static str, Text), Severity> {
    evaluation.checks.iter().map(|c| ((c.rule, c.subject.id.clone()), c.severity)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(512) })]

    #[test]
    fn no_rule_panics_and_each_says_at_most_one_thing_of_a_subject(seed: u64) {
        let world = any_world(seed);
        let evaluation = world.evaluate();
        prop_assert_eq!(by_subject(&evaluation).len(), evaluation.checks.len(), "{:#?}", evaluation.checks);
        prop_assert_eq!(evaluation.evaluated, evaluation.checks.len());
        for check in &evaluation.checks {
            prop_assert!(!check.message.is_empty() && !check.subject.id.is_empty() && !check.subject.name.is_empty());
            prop_assert!(check.message.chars().count() <= 160, "{}", check.message);
        }
    }

    #[test]
    fn what_is_not_told_turns_nothing_green(seed: u64, lost: u64) {
        let world = any_world(seed);
        let less = forget(world.clone(), lost);
        let (full, partial) = (world.evaluate(), less.evaluate());
        let after = by_subject(&partial);
        for check in full.checks.iter().filter(|c| c.severity > Severity::Unknown) {
            let now = after.get(&(check.rule, check.subject.id.clone()));
            prop_assert_ne!(now, Some(&Severity::Ok), "{}: {}\n{:#?}", check.rule, check.message, less);
        }
    }

    #[test]
    fn leaving_out_the_ok_checks_leaves_out_nothing_else(seed: u64) {
        let facts = any_world(seed).facts(now());
        let look = |keep| evaluate(&facts, &Thresholds::default(), &Observed::default(), keep);
        let (all, found) = (look(true), look(false));
        prop_assert_eq!(all.evaluated, found.evaluated);
        prop_assert_eq!(&all.observed, &found.observed);
        let bad: Vec<_> = all.checks.into_iter().filter(|c| c.severity > Severity::Ok).collect();
        prop_assert_eq!(bad, found.checks);
    }
}

#[test]
fn nothing_is_said_without_facts() {
    let facts = crate::model::Facts::default();
    assert_eq!(evaluate(&facts, &Thresholds::default(), &Observed::default(), true).evaluated, 0);
}

#[test]
fn what_could_not_be_read_again_grows_no_worse() {
    let short = with(service(27, 28));
    let look = |facts: &crate::model::Facts, before: &Observed| evaluate(facts, &Thresholds::default(), before, false);
    let first = look(&short.facts(now()), &Observed::default());
    let mut later = short.facts(now());
    let ecs = later.get::<EcsFacts>().cloned().unwrap_or_default();
    later.put(now() + Duration::from_secs(3_600), std::sync::Arc::new(ecs));
    assert!(look(&later, &first.observed).checks.is_empty(), "the service was last read an hour ago");
    let read = look(&short.facts(now() + Duration::from_secs(3_600)), &first.observed);
    assert_eq!(read.checks.len(), 1);
}

#[test]
fn configured_levels_count_and_the_others_stay() {
    let mut thresholds = Thresholds::default();
    thresholds.set("ecs-service-short", "warn", super::Level::Span(Duration::ZERO));
    let facts = with(service(27, 28)).facts(now());
    let look = |thresholds: &Thresholds| evaluate(&facts, thresholds, &Observed::default(), false).checks;
    assert!(look(&Thresholds::default()).is_empty());
    let checks = look(&thresholds);
    assert_eq!(
        checks.iter().map(|c| (c.rule, c.severity)).collect::<Vec<_>>(),
        [("ecs-service-short", Severity::Warn)]
    );
    let duration =
        checks[0].evidence.iter().find(|(field, _)| *field == "duration").map(|(_, value)| value.to_string());
    let at_once = "warn at once, crit after 10m00s";
    assert_eq!(duration.as_deref(), Some(at_once), "where there is no limit to wait for, no duration decided");
}

#[test]
fn a_condition_that_went_away_starts_anew() {
    let look = |world: &World, minute: u64, before: &Observed| {
        evaluate(&world.facts(now() + Duration::from_secs(minute * 60)), &Thresholds::default(), before, false)
    };
    let (short, whole) = (with(service(27, 28)), with(service(28, 28)));
    let mut observed = Observed::default();
    for (world, minute, alarms) in [(&short, 0, 0), (&short, 3, 1), (&whole, 4, 0), (&short, 5, 0), (&short, 7, 1)] {
        let evaluation = look(world, minute, &observed);
        assert_eq!(evaluation.checks.len(), alarms, "minute {minute}");
        observed = evaluation.observed;
    }
}

#[test]
fn what_this_console_saw_first_is_told_apart_from_the_time_aws_gives() {
    let first_seen = |world: World, rule: &str| {
        let evaluation = world.lasting(20).evaluate();
        let check = evaluation.checks.into_iter().find(|c| c.rule == rule && c.severity > Severity::Ok).unwrap();
        assert!(check.since.is_some(), "{rule}");
        check.evidence.iter().any(|(field, _)| *field == "first seen")
    };
    assert!(first_seen(with(service(27, 28)), "ecs-service-short"));
    assert!(first_seen(with(service(0, 28)), "ecs-service-none-running"));
    let lost = || (0..3).map(|n| lost(&format!("i-{n}"), "us-east-1b"));
    assert!(first_seen(with(service(2, 2)).instances(lost()), "ecs-agent-disconnected"));
    let rolling = Service { deployments: vec![deployment("IN_PROGRESS", 3, 28)], ..service(28, 28) };
    assert!(!first_seen(with(rolling), "ecs-rollout-slow"), "a deployment tells when it began");
}
