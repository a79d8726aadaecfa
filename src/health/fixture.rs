//! Small worlds for the tests of rules.

use std::sync::Arc;
use std::time::Duration;

use super::{Evaluation, Observed, Thresholds, evaluate};
use crate::model::ecs::*;
use crate::model::mongo::MongoFacts;
use crate::model::scaling::{Group, GroupFacts, GroupInstance};
use crate::model::{Facts, Severity};
use crate::text::Text;
use crate::time::Timestamp;

/// When the worlds are looked at.
pub(super) fn now() -> Timestamp {
    Timestamp::from_secs(1_773_457_964)
}

/// `minutes` before [`now`].
#[expect(clippy::unnecessary_wraps, reason = "the fields it fills are optional")]
pub(super) fn ago(minutes: u64) -> Option<Timestamp> {
    Some(now() - Duration::from_secs(minutes * 60))
}

#[expect(clippy::unnecessary_wraps, reason = "the fields it fills are optional")]
pub(super) fn text(s: &str) -> Option<Text> {
    Some(Text::from(s))
}

/// One stack's facts, and for how many minutes they have been so.
#[derive(Clone, Debug, Default)]
pub(super) struct World {
    pub clusters: Vec<Cluster>,
    pub services: Vec<Service>,
    pub tasks: Vec<Task>,
    pub instances: Vec<Instance>,
    pub providers: Vec<Provider>,
    pub missing: Vec<Missing>,
    pub stopped: Option<StoppedFacts>,
    pub groups: Option<GroupFacts>,
    pub mongo: Option<MongoFacts>,
    pub minutes: u64,
}

fn seen<T: Clone>(items: &[T], at: Timestamp) -> Vec<Seen<T>> {
    items.iter().map(|item| Seen { at, item: Arc::new(item.clone()) }).collect()
}

impl World {
    pub(super) fn facts(&self, at: Timestamp) -> Facts {
        let mut facts = Facts::default();
        let ecs = EcsFacts {
            clusters: seen(&self.clusters, at),
            services: seen(&self.services, at),
            tasks: seen(&self.tasks, at),
            instances: seen(&self.instances, at),
            providers: seen(&self.providers, at),
            missing: self.missing.clone(),
        };
        facts.put(at, Arc::new(ecs));
        if let Some(stopped) = &self.stopped {
            facts.put(at, Arc::new(stopped.clone()));
        }
        if let Some(groups) = &self.groups {
            facts.put(at, Arc::new(groups.clone()));
        }
        if let Some(mongo) = &self.mongo {
            facts.put(at, Arc::new(mongo.clone()));
        }
        facts
    }

    /// Looks at the world when it began to be so, and then now.
    pub(super) fn evaluate(&self) -> Evaluation {
        let began = now() - Duration::from_secs(self.minutes * 60);
        let before = evaluate(&self.facts(began), &Thresholds::default(), &Observed::default(), true).observed;
        evaluate(&self.facts(now()), &Thresholds::default(), &before, true)
    }

    /// What one rule says, `severity message` each; an ok check is the word alone.
    pub(super) fn says(&self, rule: &str) -> Vec<String> {
        let evaluation = self.evaluate();
        let of_rule = evaluation.checks.iter().filter(|c| c.rule == rule);
        let say = |severity: Severity, message: &Text| match severity {
            Severity::Ok => "ok".to_owned(),
            bad => format!("{} {message}", bad.word()),
        };
        of_rule.map(|c| say(c.severity, &c.message)).collect()
    }

    pub(super) fn lasting(mut self, minutes: u64) -> Self {
        self.minutes = minutes;
        self
    }

    pub(super) fn task(mut self, task: Task) -> Self {
        self.tasks.push(task);
        self
    }

    pub(super) fn tasks(mut self, tasks: impl IntoIterator<Item = Task>) -> Self {
        self.tasks.extend(tasks);
        self
    }

    pub(super) fn instances(mut self, instances: impl IntoIterator<Item = Instance>) -> Self {
        self.instances.extend(instances);
        self
    }

    pub(super) fn stopped(mut self, tasks: impl IntoIterator<Item = Task>) -> Self {
        self.stopped =
            Some(StoppedFacts { tasks: seen(&tasks.into_iter().collect::<Vec<_>>(), now()), missing: vec![] });
        self
    }

    /// A provider `main` on the group `asg-ehr`, which is this one.
    pub(super) fn scaled(mut self, group: Group) -> Self {
        self.providers = vec![provider()];
        self.clusters = vec![Cluster { providers: vec![Text::from("main")], ..cluster() }];
        self.groups = Some(GroupFacts { groups: vec![group], missing: vec![] });
        self
    }
}

/// Asserts what `rule` says of each world.
#[track_caller]
pub(super) fn table(rule: &str, rows: &[(World, &[&str])]) {
    for (n, (world, expected)) in rows.iter().enumerate() {
        assert_eq!(world.says(rule), *expected, "{rule}, row {n}");
    }
}

pub(super) fn cluster() -> Cluster {
    let (arn, name) = (Text::from("arn:aws:ecs:us-east-1:1:cluster/ehr"), Text::from("ehr"));
    Cluster { arn, name, status: text("ACTIVE"), ..Cluster::default() }
}

/// `ehr-api`, on EC2, fully deployed, with its breaker on.
pub(super) fn service(running: u32, desired: u32) -> Service {
    Service {
        arn: Text::from("arn:aws:ecs:us-east-1:1:service/ehr/ehr-api"),
        name: Text::from("ehr-api"),
        cluster_arn: cluster().arn,
        status: text("ACTIVE"),
        providers: vec![Text::from("main")],
        desired,
        running,
        rollout: Rollout {
            minimum_percent: Some(50),
            maximum_percent: Some(200),
            strategy: None,
            breaker: Some(Breaker { enabled: true, rollback: true }),
        },
        deployments: vec![deployment("COMPLETED", running, desired)],
        ..Service::default()
    }
}

pub(super) fn deployment(state: &str, running: u32, desired: u32) -> Deployment {
    Deployment {
        id: Text::from("ecs-svc/1"),
        status: text("PRIMARY"),
        rollout_state: text(state),
        desired,
        running,
        created_at: ago(600),
        ..Deployment::default()
    }
}

/// A world of one service.
pub(super) fn with(service: Service) -> World {
    World { clusters: vec![cluster()], services: vec![service], ..World::default() }
}

pub(super) fn event(minutes: u64, message: &str) -> Event {
    Event { id: Text::from(message), at: ago(minutes), message: Text::from(message) }
}

/// A running task of `ehr-api` on an instance.
pub(super) fn task(id: &str, instance: &Instance) -> Task {
    Task {
        arn: Text::from(format!("arn:aws:ecs:us-east-1:1:task/ehr/{id}")),
        cluster_arn: cluster().arn,
        group: text("service:ehr-api"),
        status: text("RUNNING"),
        desired_status: text("RUNNING"),
        az: instance.az.clone(),
        instance_arn: Some(instance.arn.clone()),
        provider: text("main"),
        size: Some(Size { cpu: 1_024, memory: 2_048 }),
        connectivity: text("CONNECTED"),
        created_at: ago(600),
        ..Task::default()
    }
}

/// A task that waits for a place.
pub(super) fn queued(id: &str, minutes: u64) -> Task {
    Task {
        status: text("PROVISIONING"),
        instance_arn: None,
        az: None,
        created_at: ago(minutes),
        ..task(id, &Instance::default())
    }
}

/// An active, connected instance with room for `room` tasks of 1,024 units and 2,048 MiB.
pub(super) fn instance(id: &str, zone: &str, room: u32) -> Instance {
    Instance {
        arn: Text::from(format!("arn:aws:ecs:us-east-1:1:container-instance/ehr/{id}")),
        cluster_arn: cluster().arn,
        ec2_id: text(id),
        status: text("ACTIVE"),
        agent_connected: Some(true),
        az: text(zone),
        provider: text("main"),
        remaining: Some(Size { cpu: 1_024 * room, memory: 2_048 * room }),
        health: text("OK"),
        ..Instance::default()
    }
}

pub(super) fn lost(id: &str, zone: &str) -> Instance {
    Instance { agent_connected: Some(false), ..instance(id, zone, 4) }
}

pub(super) fn provider() -> Provider {
    Provider {
        name: Text::from("main"),
        arn: text("arn:aws:ecs:us-east-1:1:capacity-provider/main"),
        group_arn: text("arn:aws:autoscaling:us-east-1:1:autoScalingGroup:x:autoScalingGroupName/asg-ehr"),
        managed_scaling: text("ENABLED"),
        termination_protection: text("ENABLED"),
        managed_draining: text("ENABLED"),
        ..Provider::default()
    }
}

/// `asg-ehr`, all of its instances in service, spread over three zones.
pub(super) fn group(minimum: u32, desired: u32, maximum: u32) -> Group {
    let zones = ["us-east-1a", "us-east-1b", "us-east-1c"];
    let member = |n: u32| GroupInstance {
        id: Text::from(format!("i-{n}")),
        az: text(zones[n as usize % 3]),
        lifecycle: text("InService"),
        health: text("Healthy"),
        protected: Some(true),
    };
    Group {
        name: Text::from("asg-ehr"),
        minimum: Some(minimum),
        desired: Some(desired),
        maximum: Some(maximum),
        zones: zones.iter().map(|z| Text::from(*z)).collect(),
        instances: (0..desired).map(member).collect(),
        protects_new_instances: Some(true),
        managed_by_ecs: true,
        ..Group::default()
    }
}
