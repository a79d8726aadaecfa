//! Small worlds for the tests of rules.

use std::sync::Arc;
use std::time::Duration;

use super::{Evaluation, Observed, Thresholds, evaluate};
use crate::model::alarm::{Alarm, AlarmFacts, MetricAlarm, Transition, Watches};
use crate::model::ecs::*;
use crate::model::metric::Series;
use crate::model::mongo::MongoFacts;
use crate::model::scaling::{
    Activity, Group, GroupActivity, GroupFacts, GroupHistory, GroupInstance, Policy, ReservationFacts, ScalingFacts,
    ScalingRead, Suspended, Target,
};
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
    pub scaling: Option<ScalingFacts>,
    pub history: Option<GroupHistory>,
    pub reservation: Option<ReservationFacts>,
    pub alarms: Option<AlarmFacts>,
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
            ..EcsFacts::default()
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
        self.put_scaling(&mut facts, at);
        facts
    }

    /// What scaling is told of, read as a whole.
    fn put_scaling(&self, facts: &mut Facts, at: Timestamp) {
        if let Some(scaling) = &self.scaling {
            let read_at = ScalingRead { targets: Some(at), policies: Some(at), activities: Some(at) };
            facts.put(at, Arc::new(ScalingFacts { read_at, ..scaling.clone() }));
        }
        if let Some(history) = &self.history {
            let groups = self.groups.iter().flat_map(|known| &known.groups);
            let read_at = groups.map(|group| (group.name.clone(), at)).collect();
            facts.put(at, Arc::new(GroupHistory { read_at, ..history.clone() }));
        }
        if let Some(ReservationFacts { series }) = &self.reservation {
            let series = series.iter().map(|(name, (_, series))| (name.clone(), (at, series.clone()))).collect();
            facts.put(at, Arc::new(ReservationFacts { series }));
        }
        if let Some(alarms) = &self.alarms {
            let read = AlarmFacts { alarms_at: Some(at), transitions_at: Some(at), ..alarms.clone() };
            facts.put(at, Arc::new(read));
        }
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
        of_rule.inspect(|c| super::rows::note(rule, c.severity)).map(|c| say(c.severity, &c.message)).collect()
    }

    /// The service `ehr-api` may have 4 to `maximum` tasks; `ehr-api-cpu-high` asks for more by the policy `cpu-out`.
    pub(super) fn with_target(mut self, maximum: u32) -> Self {
        let target = Target { minimum: Some(4), maximum: Some(maximum), ..target() };
        self.scaling =
            Some(ScalingFacts { targets: vec![target], policies: vec![policy()], ..ScalingFacts::default() });
        self
    }

    /// What its target was or was not scaled to, the newest first.
    pub(super) fn did(mut self, activities: impl IntoIterator<Item = Activity>) -> Self {
        self.scaling.get_or_insert_default().activities = activities.into_iter().collect();
        self
    }

    /// These alarms.
    pub(super) fn alarms(mut self, alarms: impl IntoIterator<Item = Alarm>) -> Self {
        self.alarms.get_or_insert_default().alarms = alarms.into_iter().collect();
        self
    }

    /// These changes of alarms.
    pub(super) fn changed(mut self, transitions: impl IntoIterator<Item = Transition>) -> Self {
        self.alarms.get_or_insert_default().transitions = transitions.into_iter().collect();
        self
    }

    /// What its group did, the newest first.
    pub(super) fn group_did(mut self, activities: impl IntoIterator<Item = GroupActivity>) -> Self {
        self.history = Some(GroupHistory { activities: activities.into_iter().collect(), ..GroupHistory::default() });
        self
    }

    /// The reservation of `main` for so many minutes until now, percent of a target of 100.
    pub(super) fn reserved(mut self, points: &[(u64, f64)]) -> Self {
        for provider in &mut self.providers {
            provider.target_capacity = Some(100);
        }
        let mut minute: u64 = points.iter().map(|(minutes, _)| minutes).sum();
        let mut series = Series::default();
        for (minutes, percent) in points {
            for _ in 0..*minutes {
                minute -= 1;
                series.points.push((now() - Duration::from_secs(minute * 60), *percent));
            }
        }
        let name = (cluster().name, provider().name);
        self.reservation = Some(ReservationFacts { series: [(name, (now(), series))].into() });
        self
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

/// The target of `ehr-api`, without bounds.
pub(super) fn target() -> Target {
    Target { resource: Text::from("service/ehr/ehr-api"), suspended: Some(Suspended::default()), ..Target::default() }
}

/// `cpu-out`, which adds two tasks.
pub(super) fn policy() -> Policy {
    Policy {
        name: Text::from("cpu-out"),
        arn: Text::from(
            "arn:aws:autoscaling:us-east-1:1:scalingPolicy:8-4:resource/ecs/service/ehr/ehr-api:policyName/cpu-out",
        ),
        resource: target().resource,
        kind: text("StepScaling"),
        steps: Some((2, 2)),
        alarms: vec![Text::from("ehr-api-cpu-high")],
        ..Policy::default()
    }
}

/// `ehr-api-cpu-high`, which calls `cpu-out`, in this state.
pub(super) fn cpu_high(state: &str) -> Alarm {
    Alarm { actions: vec![policy().arn], ..alarm("ehr-api-cpu-high", state) }
}

/// An alarm on a metric that does nothing, in this state since ten minutes.
pub(super) fn alarm(name: &str, state: &str) -> Alarm {
    let comparison = text("GreaterThanThreshold");
    Alarm {
        name: Text::from(name),
        arn: Text::from(format!("arn:aws:cloudwatch:us-east-1:1:alarm:{name}")),
        watches: Watches::Metric(MetricAlarm { comparison, threshold: Some(80.0), ..MetricAlarm::default() }),
        state: text(state),
        since: ago(10),
        actions_enabled: Some(true),
        ..Alarm::default()
    }
}

/// An activity of `ehr-api` so many minutes ago.
pub(super) fn activity(minutes: u64, status: &str, desired: u32) -> Activity {
    Activity {
        id: Text::from(format!("{minutes}")),
        resource: target().resource,
        description: text(&format!("Setting desired count to {desired}.")),
        started_at: ago(minutes),
        status: text(status),
        ..Activity::default()
    }
}

/// A launch of `asg-ehr` so many minutes ago.
pub(super) fn launch(minutes: u64, status: &str) -> GroupActivity {
    GroupActivity {
        id: Text::from(format!("{minutes}")),
        group: Text::from("asg-ehr"),
        description: text("Launching a new EC2 instance"),
        started_at: ago(minutes),
        ended_at: ago(minutes),
        status: text(status),
        ..GroupActivity::default()
    }
}
