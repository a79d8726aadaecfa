//! What Application Auto Scaling answers.

use super::state::{DIMENSION, Done, FULFILLED, Kind, Scaling, What};
use crate::model::scaling::{Activity, NotScaled, Policy, Target};
use crate::text::Text;
use crate::time::Timestamp;

impl Scaling {
    pub fn target_facts(&self, t: usize) -> Target {
        let target = &self.targets[t];
        Target {
            resource: Text::from(&target.resource),
            dimension: Text::from(DIMENSION),
            minimum: Some(target.minimum),
            maximum: Some(target.maximum),
            suspended: Some(target.suspended),
            created_at: Some(target.created_at),
        }
    }

    /// All policies, by target and place.
    pub fn policy_facts(&self) -> Vec<Policy> {
        let of = |t: &super::state::Target| t.policies.iter().map(|p| policy(&t.resource, p)).collect::<Vec<_>>();
        self.targets.iter().flat_map(of).collect()
    }

    pub fn activity_facts(&self, done: &Done, now: Timestamp) -> Activity {
        let target = &self.targets[done.target];
        let reason = |code: &str| NotScaled { code: Text::from(code), ..NotScaled::default() };
        let (description, not_scaled) = match done.what {
            What::Set(desired) => (format!("Setting desired count to {desired}."), None),
            What::AtMaximum(most) => {
                (ATTEMPT.to_owned(), Some(NotScaled { maximum: Some(most), ..reason(AT_MAXIMUM) }))
            }
            What::AtMinimum(least) => {
                (ATTEMPT.to_owned(), Some(NotScaled { minimum: Some(least), ..reason(AT_MINIMUM) }))
            }
        };
        let ended_at = Some(done.at + FULFILLED).filter(|at| *at <= now && not_scaled.is_none());
        let set = matches!(done.what, What::Set(_));
        Activity {
            id: Text::from(&done.id),
            resource: Text::from(&target.resource),
            dimension: Text::from(DIMENSION),
            message: set.then(|| Text::from(message(&description, ended_at.is_some()))),
            description: Some(Text::from(description)),
            cause: Some(Text::from(&done.cause)),
            started_at: Some(done.at),
            ended_at,
            status: Some(Text::from(match (set, ended_at) {
                (false, _) => "Failed",
                (true, None) => "InProgress",
                (true, Some(_)) => "Successful",
            })),
            not_scaled: not_scaled.into_iter().collect(),
        }
    }
}

/// What an activity that changed nothing is called, and the codes of the bounds.
const ATTEMPT: &str = "Attempting to scale due to alarm triggered";
const AT_MAXIMUM: &str = "AlreadyAtMaxCapacity";
const AT_MINIMUM: &str = "AlreadyAtMinCapacity";

fn message(description: &str, is_over: bool) -> String {
    let set = description.replacen("Setting", "Successfully set", 1);
    let then =
        if is_over { "Change successfully fulfilled by ecs." } else { "Waiting for change to be fulfilled by ecs." };
    format!("{set} {then}")
}

fn policy(resource: &str, policy: &super::state::Policy) -> Policy {
    let facts = Policy {
        name: Text::from(&policy.name),
        arn: Text::from(&policy.arn),
        resource: Text::from(resource),
        dimension: Text::from(DIMENSION),
        cooldown: u32::try_from(policy.cooldown.as_secs()).ok(),
        alarms: policy.alarms.iter().map(Text::from).collect(),
        ..Policy::default()
    };
    match policy.kind {
        Kind::Step { change } => {
            Policy { kind: Some(Text::from("StepScaling")), steps: Some((change, change)), ..facts }
        }
        Kind::Tracking { value, scale_in_disabled } => Policy {
            kind: Some(Text::from("TargetTrackingScaling")),
            metric: Some(Text::from("ECSServiceAverageCPUUtilization")),
            target: Some(value),
            scale_in_disabled: Some(scale_in_disabled),
            ..facts
        },
    }
}
