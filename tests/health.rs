//! The rules on a stack as large as they come.

use std::sync::Arc;
use std::time::{Duration, Instant};

use rounds::health::{Observed, Thresholds, evaluate};
use rounds::model::Facts;
use rounds::model::ecs::{
    Cluster, Container, Deployment, EcsFacts, Event, Instance, Provider, Rollout, Seen, Service, Size, StoppedFacts,
    Task,
};
use rounds::model::scaling::{Group, GroupFacts};
use rounds::text::Text;
use rounds::time::Timestamp;

const NOW: Timestamp = Timestamp::from_secs(1_773_457_964);
const CLUSTER: &str = "arn:aws:ecs:us-east-1:1:cluster/big";

#[expect(clippy::unnecessary_wraps, reason = "the fields it fills are optional")]
fn text(s: &str) -> Option<Text> {
    Some(Text::from(s))
}

fn seen<T>(items: impl Iterator<Item = T>) -> Vec<Seen<T>> {
    items.map(|item| Seen { at: NOW, item: Arc::new(item) }).collect()
}

fn zone(n: usize) -> Option<Text> {
    text(["us-east-1a", "us-east-1b", "us-east-1c"][n % 3])
}

fn service(n: usize, well: bool) -> Service {
    let message =
        if well { "(service s) has reached a steady state." } else { "was unable to place a task because full." };
    let event = Event { id: Text::default(), at: Some(NOW), message: Text::from(message) };
    Service {
        arn: Text::from(format!("arn:aws:ecs:us-east-1:1:service/big/s{n}")),
        name: Text::from(format!("s{n}")),
        cluster_arn: Text::from(CLUSTER),
        status: text("ACTIVE"),
        providers: vec![Text::from("main")],
        desired: 2,
        running: if well { 2 } else { 1 },
        rollout: Rollout { minimum_percent: Some(50), maximum_percent: Some(200), ..Rollout::default() },
        deployments: vec![Deployment {
            status: text("PRIMARY"),
            rollout_state: text("COMPLETED"),
            ..Deployment::default()
        }],
        events: vec![event; 20],
        ..Service::default()
    }
}

fn task(n: usize, instances: usize) -> Task {
    Task {
        arn: Text::from(format!("arn:aws:ecs:us-east-1:1:task/big/t{n}")),
        cluster_arn: Text::from(CLUSTER),
        group: text(&format!("service:s{n}")),
        status: text("RUNNING"),
        health: text("HEALTHY"),
        instance_arn: text(&format!("instance/{}", n % instances)),
        size: Some(Size { cpu: 256, memory: 512 }),
        stop_code: text("EssentialContainerExited"),
        stopped_at: Some(NOW),
        containers: vec![Container { exit_code: Some(1), reason: text("it broke"), ..Container::default() }],
        ..Task::default()
    }
}

fn instance(n: usize) -> Instance {
    Instance {
        arn: Text::from(format!("instance/{n}")),
        cluster_arn: Text::from(CLUSTER),
        status: text("ACTIVE"),
        agent_connected: Some(true),
        az: zone(n),
        provider: text("main"),
        remaining: Some(Size { cpu: 128, memory: 64 }),
        ..Instance::default()
    }
}

/// `n` services, as many tasks running and stopped, on 100 instances; all well, or all in trouble.
fn stack(n: usize, well: bool) -> Facts {
    let cluster = Cluster { arn: Text::from(CLUSTER), name: Text::from("big"), ..Cluster::default() };
    let provider = Provider { name: Text::from("main"), group_arn: text("asg"), ..Provider::default() };
    let ecs = EcsFacts {
        clusters: seen([cluster].into_iter()),
        services: seen((0..n).map(|s| service(s, well))),
        tasks: seen((0..n).map(|t| task(t, 100))),
        instances: seen((0..100).map(instance)),
        providers: seen([provider].into_iter()),
        missing: vec![],
        ..EcsFacts::default()
    };
    let group = Group { name: Text::from("asg"), desired: Some(100), maximum: Some(100), ..Group::default() };
    let mut facts = Facts::default();
    facts.put(NOW, Arc::new(ecs));
    facts.put(NOW, Arc::new(StoppedFacts { tasks: seen((0..n).map(|t| task(t, 100))), missing: vec![] }));
    facts.put(NOW, Arc::new(GroupFacts { groups: vec![group], missing: vec![] }));
    facts
}

/// The best of several, each on facts nothing was worked out from yet.
fn best(n: usize, well: bool) -> Duration {
    let once = || {
        let facts = stack(n, well);
        let began = Instant::now();
        let evaluation = evaluate(&facts, &Thresholds::default(), &Observed::default(), false);
        let took = began.elapsed();
        assert!(evaluation.evaluated > n * 10);
        let full = evaluation.checks.iter().filter(|c| c.rule == "ecs-capacity-full").count();
        assert_eq!(full, if well { 0 } else { n });
        took
    };
    (0..5).map(|_| once()).min().unwrap_or_default()
}

#[test]
fn evaluating_takes_time_in_proportion_to_the_stack() {
    for well in [true, false] {
        let (small, large) = (best(250, well), best(2_000, well));
        assert!(large < small * 24, "eight times the stack took {small:?} → {large:?}");
    }
}
