//! Targets, policies, and what was done.

use std::time::Duration;

use fastrand::Rng;

use super::spec::{ProcessSpec, TargetSpec};
use crate::backend::sim::names;
use crate::backend::sim::scenario::Scenario;
use crate::backend::sim::world::World;
use crate::model::scaling::Suspended;
use crate::time::Timestamp;

/// How far back activities are kept: six weeks.
pub(in crate::backend::sim) const CONTROL_PLANE: Duration = Duration::from_hours(42 * 24);
/// How long it takes until a change counts as made.
pub(super) const FULFILLED: Duration = Duration::from_secs(12);
/// The dimension of all targets here.
pub(super) const DIMENSION: &str = "ecs:service:DesiredCount";

/// Application Auto Scaling.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::backend::sim) struct Scaling {
    pub targets: Vec<Target>,
    /// In order of time.
    pub activities: Vec<Done>,
    pub(super) rng: Rng,
}

/// A scalable target.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::backend::sim) struct Target {
    pub service: usize,
    /// `service/CLUSTER/SERVICE`.
    pub resource: String,
    pub minimum: u32,
    pub maximum: u32,
    pub suspended: Suspended,
    pub created_at: Timestamp,
    pub policies: Vec<Policy>,
}

/// A policy of a target.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::backend::sim) struct Policy {
    pub name: String,
    pub arn: String,
    pub kind: Kind,
    pub cooldown: Duration,
    /// Names of its alarms.
    pub alarms: Vec<String>,
    /// When it changed something last.
    pub changed_at: Option<Timestamp>,
}

/// How a policy finds the number it wants.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::backend::sim) enum Kind {
    Step { change: i32 },
    Tracking { value: f64, scale_in_disabled: bool },
}

/// An activity.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::backend::sim) struct Done {
    pub id: String,
    pub target: usize,
    pub cause: String,
    pub at: Timestamp,
    pub what: What,
}

/// What an activity did.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::backend::sim) enum What {
    /// Set the number of tasks.
    Set(u32),
    /// Nothing, because the number is at a bound already.
    AtMaximum(u32),
    AtMinimum(u32),
}

/// `monitor alarm A in state ALARM triggered policy P`: the cause as the service words it.
pub(super) fn cause(alarm: &str, policy: &str) -> String {
    format!("monitor alarm {alarm} in state ALARM triggered policy {policy}")
}

impl Scaling {
    pub fn new(seed: u64) -> Self {
        Self { targets: Vec::new(), activities: Vec::new(), rng: Rng::with_seed(seed) }
    }

    /// Targets and policies that an alarm of this name drives.
    pub fn driven_by(&self, alarm: &str) -> Vec<(usize, usize)> {
        let policies = self.targets.iter().enumerate().flat_map(|(t, of)| (0..of.policies.len()).map(move |p| (t, p)));
        policies.filter(|(t, p)| self.targets[*t].policies[*p].alarms.iter().any(|name| name == alarm)).collect()
    }

    pub(super) fn note(&mut self, target: usize, at: Timestamp, what: What, cause: String) {
        let id = names::uuid(self.rng.u128(..));
        self.activities.push(Done { id, target, cause, at, what });
    }
}

impl World {
    /// Registers the targets of a scenario.
    pub(in crate::backend::sim) fn add_targets(&mut self, scenario: &Scenario) {
        for spec in &scenario.targets {
            let named = |s: &super::super::entities::Service| {
                s.spec.name == spec.service && spec.cluster.as_ref().is_none_or(|c| s.spec.cluster == *c)
            };
            let Some(service) = self.services.iter().position(named) else { continue };
            let resource = format!("service/{}/{}", self.services[service].spec.cluster, spec.service);
            let has = |process| spec.suspended.contains(&process);
            let target = Target {
                service,
                policies: self.policies(spec, &resource),
                resource,
                minimum: spec.minimum,
                maximum: spec.maximum,
                suspended: Suspended {
                    scaling_out: has(ProcessSpec::ScaleOut),
                    scaling_in: has(ProcessSpec::ScaleIn),
                    scheduled: has(ProcessSpec::Scheduled),
                },
                created_at: self.now - spec.age,
            };
            self.scaling.targets.push(target);
            self.add_past(self.scaling.targets.len() - 1, spec);
        }
        self.scaling.activities.sort_by_key(|done| done.at);
    }

    fn policies(&mut self, spec: &TargetSpec, resource: &str) -> Vec<Policy> {
        let mut all = Vec::new();
        for step in &spec.steps {
            all.push(Policy {
                name: step.name.clone(),
                arn: self.policy_arn(resource, &step.name),
                kind: Kind::Step { change: step.change },
                cooldown: step.cooldown,
                alarms: vec![step.alarm.clone()],
                changed_at: None,
            });
        }
        for tracking in &spec.trackings {
            let ends = ["AlarmHigh", "AlarmLow"];
            let mut alarm = |end| format!("TargetTracking-{resource}-{end}-{}", names::uuid(self.scaling.rng.u128(..)));
            let alarms = ends.map(&mut alarm).to_vec();
            all.push(Policy {
                name: tracking.name.clone(),
                arn: self.policy_arn(resource, &tracking.name),
                kind: Kind::Tracking { value: tracking.value, scale_in_disabled: tracking.scale_in_disabled },
                cooldown: tracking.cooldown,
                alarms,
                changed_at: None,
            });
        }
        all
    }

    fn policy_arn(&mut self, resource: &str, name: &str) -> String {
        let id = names::uuid(self.scaling.rng.u128(..));
        let (region, account) = (&self.home.region, &self.home.account);
        format!("arn:aws:autoscaling:{region}:{account}:scalingPolicy:{id}:resource/ecs/{resource}:policyName/{name}")
    }

    fn add_past(&mut self, t: usize, spec: &TargetSpec) {
        for past in &spec.past {
            let policy = self.scaling.targets[t].policies.iter().find(|p| p.name == past.policy);
            let Some(policy) = policy else { continue };
            // Of the two alarms of target tracking the first one adds tasks.
            let alarm = policy.alarms.first().cloned().unwrap_or_default();
            let why = cause(&alarm, &past.policy);
            self.scaling.note(t, self.now - past.ago, What::Set(past.desired), why);
        }
    }
}
