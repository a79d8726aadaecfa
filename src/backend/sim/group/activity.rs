//! What Auto Scaling tells of a group, in its own words.

use std::time::Duration;

use fastrand::Rng;

use crate::backend::sim::entities::Group;
use crate::backend::sim::names::{self, second};
use crate::backend::sim::rollout::count;
use crate::backend::sim::scenario::Scenario;
use crate::backend::sim::world::World;
use crate::model::scaling::GroupActivity;
use crate::text::Text;
use crate::time::Timestamp;

/// How far back activities are kept: six weeks.
pub(in crate::backend::sim) const CONTROL_PLANE: Duration = Duration::from_hours(42 * 24);
/// An activity follows its reason after this long.
const FOLLOWS: Duration = Duration::from_secs(5);

/// An activity.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::backend::sim) struct Activity {
    pub id: String,
    /// The instance it is about.
    pub instance: Option<usize>,
    pub description: String,
    pub cause: String,
    pub at: Timestamp,
    pub ended_at: Option<Timestamp>,
    pub status: &'static str,
    pub message: Option<String>,
    pub progress: u32,
}

/// Why a group changes.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::backend::sim) enum Why {
    /// Managed scaling of ECS has another number.
    Managed { from: u32, to: u32 },
    /// Somebody set it; what Auto Scaling says of that after "At …".
    Asked(String),
    /// Instances are missing.
    Short,
    /// EC2 took the instance away.
    Unhealthy,
    /// All instances are replaced.
    Refresh,
}

impl Why {
    /// The first sentence of the cause, or nothing where there is no more to say than the second.
    fn words(&self, at: Timestamp, group: &Group) -> String {
        let at = second(at);
        match self {
            Self::Managed { from, to } if from < to => {
                let mut dice = Rng::with_seed(group.name.bytes().fold(7, |seed, b| seed * 31 + u64::from(b)));
                let (alarm, policy) = (names::uuid(dice.u128(..)), names::uuid(dice.u128(..)));
                format!(
                    "At {at} a monitor alarm TargetTracking-{}-AlarmHigh-{alarm} in state ALARM triggered policy \
                     ECSManagedAutoScalingPolicy-{policy} changing the desired capacity from {from} to {to}.  ",
                    group.name
                )
            }
            Self::Asked(what) => format!("At {at} {what}.  "),
            Self::Managed { .. } | Self::Short | Self::Unhealthy | Self::Refresh => String::new(),
        }
    }
}

impl Group {
    fn activity(
        &mut self,
        instance: Option<usize>,
        description: String,
        cause: String,
        at: Timestamp,
    ) -> &mut Activity {
        let id = names::uuid(self.rng.u128(..));
        let (status, message) = ("InProgress", None);
        self.activities.push(Activity {
            id,
            instance,
            description,
            cause,
            at,
            ended_at: None,
            status,
            message,
            progress: 30,
        });
        let last = self.activities.len() - 1;
        &mut self.activities[last]
    }

    /// Tells of a launch; `of` is the instance and its id, or why there is none.
    pub(super) fn tell_launch(
        &mut self,
        of: Result<(usize, &str), &str>,
        why: &Why,
        sizes: (u32, u32),
        now: Timestamp,
    ) {
        let cause = format!(
            "{}At {} an instance was started in response to a difference between desired and actual capacity, increasing the \
             capacity from {} to {}.",
            why.words(now, self),
            second(now + FOLLOWS),
            sizes.0,
            sizes.1
        );
        match of {
            Ok((i, id)) => {
                let activity =
                    self.activity(Some(i), format!("Launching a new EC2 instance: {id}"), cause, now + FOLLOWS);
                activity.status = "PreInService";
            }
            Err(message) => {
                let description = format!("Launching a new EC2 instance.  Status Reason: {message}");
                let activity = self.activity(None, description, cause, now + FOLLOWS);
                activity.status = "Failed";
                activity.message = Some(message.to_owned());
                activity.ended_at = Some(now + FOLLOWS);
                activity.progress = 100;
            }
        }
    }

    /// Tells that an instance is taken away.
    pub(super) fn tell_termination(&mut self, i: usize, id: &str, why: &Why, sizes: (u32, u32), now: Timestamp) {
        let at = second(now + FOLLOWS);
        let words = why.words(now, self);
        let cause = match why {
            Why::Unhealthy => format!(
                "At {at} an instance was taken out of service in response to an EC2 health check that indicated it has been \
                 terminated or stopped."
            ),
            Why::Refresh => format!("At {at} an instance was taken out of service in response to an instance refresh."),
            _ => format!(
                "{words}At {at} an instance was taken out of service in response to a difference between desired and actual \
                 capacity, shrinking the capacity from {} to {}.  At {at} instance {id} was selected for termination.",
                sizes.0, sizes.1
            ),
        };
        self.activity(Some(i), format!("Terminating EC2 instance: {id}"), cause, now + FOLLOWS);
    }

    /// Tells that nothing could be taken away.
    pub(super) fn tell_protected(&mut self, why: &Why, now: Timestamp) {
        let message =
            "Could not scale to desired capacity because all remaining instances are protected from scale-in.";
        let cause = format!("{}At {} {message}", why.words(now, self), second(now));
        let activity = self.activity(None, "Terminating EC2 instance".to_owned(), cause, now);
        activity.status = "Cancelled";
        activity.message = Some(message.to_owned());
        activity.ended_at = Some(now);
    }

    /// The activity about this instance goes on.
    pub(super) fn goes_on(&mut self, i: usize, status: &'static str, progress: u32, ended_at: Option<Timestamp>) {
        if let Some(activity) = self.activities.iter_mut().rev().find(|a| a.instance == Some(i)) {
            activity.status = status;
            activity.progress = progress;
            activity.ended_at = ended_at;
        }
    }

    pub(in crate::backend::sim) fn activity_facts(&self, n: usize) -> GroupActivity {
        let activity = &self.activities[n];
        GroupActivity {
            id: Text::from(&activity.id),
            group: Text::from(&self.name),
            description: Some(Text::from(&activity.description)),
            cause: Some(Text::from(&activity.cause)),
            started_at: Some(activity.at),
            ended_at: activity.ended_at,
            status: Some(Text::from(activity.status)),
            message: activity.message.as_ref().map(Text::from),
            progress: Some(activity.progress),
        }
    }
}

impl World {
    /// The launches of the instances that are there at the start, the oldest first.
    pub(in crate::backend::sim) fn add_launches(&mut self, scenario: &Scenario) {
        for g in 0..self.groups.len() {
            let reasons = scenario.instances.iter().filter(|of| of.group.as_ref() == Some(&self.groups[g].name));
            let reasons: Vec<Option<String>> =
                reasons.flat_map(|of| (0..of.count).map(|_| of.because.clone())).collect();
            let members = (0..self.instances.len()).filter(|i| self.instances[*i].group == Some(g));
            let mut members: Vec<(usize, Option<String>)> = members.zip(reasons).collect();
            members.sort_by_key(|(i, _)| self.instances[*i].registered_at);
            for (n, (i, because)) in members.into_iter().enumerate() {
                let instance = &self.instances[i];
                let at = instance.registered_at - self.groups[g].boot;
                if self.now.since(at) >= CONTROL_PLANE {
                    continue;
                }
                let (id, why) = (instance.ec2_id.clone(), because.map_or(Why::Short, Why::Asked));
                let before = count(n);
                let registered_at = instance.registered_at;
                self.groups[g].tell_launch(Ok((i, &id)), &why, (before, before + 1), at);
                self.groups[g].goes_on(i, "Successful", 100, Some(registered_at));
            }
        }
    }
}
