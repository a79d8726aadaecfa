//! CloudWatch alarms: metric alarms and composite ones, and how they changed.

mod watched;

use std::time::Duration;

use super::stack::glob;
use crate::text::Text;
use crate::time::Timestamp;

/// Everything the alarms feed knows of one stack.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AlarmFacts {
    /// Alarms, by name.
    pub alarms: Vec<Alarm>,
    /// Changes of state, the newest first; kept for as long as the console runs.
    pub transitions: Vec<Transition>,
    /// When the alarms were read; absent: never.
    pub alarms_at: Option<Timestamp>,
    /// When the changes were read; absent: never.
    pub transitions_at: Option<Timestamp>,
    /// What the user says of them.
    pub policy: AlarmPolicy,
}

/// What a user says of alarms by name (`[stack.alarms]`). A `*` stands for any run of characters.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AlarmPolicy {
    /// In `ALARM` these are critical, whatever they do.
    pub critical: Vec<String>,
    /// Nothing is said of these.
    pub ignore: Vec<String>,
}

impl AlarmPolicy {
    /// Whether the alarm of this name is critical by what the user says.
    #[must_use]
    pub fn is_critical(&self, name: &str) -> bool {
        self.critical.iter().any(|pattern| glob(pattern, name))
    }

    /// Whether nothing is to be said of the alarm of this name.
    #[must_use]
    pub fn ignores(&self, name: &str) -> bool {
        self.ignore.iter().any(|pattern| glob(pattern, name))
    }
}

/// What an alarm watches.
#[derive(Clone, Debug, PartialEq)]
pub enum Watches {
    /// A metric, or an expression of several.
    Metric(MetricAlarm),
    /// Other alarms: `AlarmRule`.
    Alarms(Text),
}

impl Default for Watches {
    fn default() -> Self {
        Self::Metric(MetricAlarm::default())
    }
}

/// What a metric alarm compares.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MetricAlarm {
    /// `Namespace`; absent for an expression.
    pub namespace: Option<Text>,
    /// `MetricName`; for an expression the label or id of what it compares.
    pub metric: Option<Text>,
    /// `Dimensions`, name and value.
    pub dimensions: Vec<(Text, Text)>,
    /// `Statistic` or `ExtendedStatistic`.
    pub statistic: Option<Text>,
    /// `ComparisonOperator`: `GreaterThanThreshold` …
    pub comparison: Option<Text>,
    /// `Threshold`, in the metric's unit; absent for a band.
    pub threshold: Option<f64>,
    /// `Period`.
    pub period: Option<Duration>,
    /// `EvaluationPeriods`.
    pub evaluation_periods: Option<u32>,
    /// `DatapointsToAlarm`.
    pub datapoints_to_alarm: Option<u32>,
    /// `TreatMissingData`: `missing`, `notBreaching`, `breaching`, `ignore`.
    pub treat_missing: Option<Text>,
    /// `EvaluationState`: `PARTIAL_DATA`, `EVALUATION_ERROR`, `EVALUATION_FAILURE`; absent while all is well.
    pub evaluation: Option<Text>,
}

/// An alarm.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Alarm {
    /// `AlarmName`.
    pub name: Text,
    /// `AlarmArn`.
    pub arn: Text,
    /// What it watches.
    pub watches: Watches,
    /// `StateValue`: `OK`, `ALARM`, `INSUFFICIENT_DATA`.
    pub state: Option<Text>,
    /// `StateReason`.
    pub reason: Option<Text>,
    /// `StateTransitionedTimestamp`, else `StateUpdatedTimestamp`: since when it is in that state.
    pub since: Option<Timestamp>,
    /// `ActionsEnabled`.
    pub actions_enabled: Option<bool>,
    /// `AlarmActions`: ARNs of what is done when it goes to `ALARM`.
    pub actions: Vec<Text>,
    /// `ActionsSuppressedBy`: what keeps a composite alarm from acting; absent: nothing.
    pub suppressed_by: Option<Text>,
}

impl Alarm {
    /// Whether it is in `ALARM`; `None`: its state is not told.
    #[must_use]
    pub fn is_on(&self) -> Option<bool> {
        Some(self.state.as_deref()? == "ALARM")
    }

    /// What a metric alarm compares; `None` for one of other alarms.
    #[must_use]
    pub const fn metric(&self) -> Option<&MetricAlarm> {
        match &self.watches {
            Watches::Metric(metric) => Some(metric),
            Watches::Alarms(_) => None,
        }
    }

    /// Whether it tells somebody: one of its actions is a topic of SNS.
    #[must_use]
    pub fn pages(&self) -> bool {
        self.actions.iter().any(|arn| arn.split(':').nth(2) == Some("sns"))
    }

    /// ARNs of the scaling policies it calls, of services and of groups.
    pub fn scales(&self) -> impl Iterator<Item = &Text> {
        self.actions.iter().filter(|arn| is_policy(arn))
    }

    /// Whether scaling is all it is for: that it is in `ALARM` is then how scaling works, not trouble.
    #[must_use]
    pub fn only_scales(&self) -> bool {
        !self.actions.is_empty() && self.actions.iter().all(|arn| is_policy(arn))
    }
}

/// Whether this is the ARN of a scaling policy, which both services write the same way.
fn is_policy(arn: &str) -> bool {
    let mut parts = arn.split(':');
    parts.nth(2) == Some("autoscaling") && parts.nth(2) == Some("scalingPolicy")
}

/// A change of an alarm's state (`HistoryItemType` `StateUpdate`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Transition {
    /// `AlarmName`.
    pub alarm: Text,
    /// `Timestamp`.
    pub at: Option<Timestamp>,
    /// `oldState.stateValue` of `HistoryData`.
    pub from: Option<Text>,
    /// `newState.stateValue`.
    pub to: Option<Text>,
    /// `newState.stateReason`, else `HistorySummary`.
    pub reason: Option<Text>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn doing(actions: &[&str]) -> Alarm {
        Alarm { actions: actions.iter().map(|arn| Text::from(*arn)).collect(), ..Alarm::default() }
    }

    #[test]
    fn what_an_alarm_does_is_told_by_its_actions() {
        let policy =
            "arn:aws:autoscaling:us-east-1:1:scalingPolicy:8-4:resource/ecs/service/ehr/api:policyName/cpu-out";
        let topic = "arn:aws:sns:us-east-1:1:pager";
        let of =
            |actions: &[&str]| (doing(actions).pages(), doing(actions).only_scales(), doing(actions).scales().count());
        assert_eq!(of(&[]), (false, false, 0));
        assert_eq!(of(&[policy]), (false, true, 1));
        assert_eq!(of(&[topic, policy]), (true, false, 1));
        assert_eq!(of(&["arn:aws:lambda:us-east-1:1:function:scalingPolicy"]), (false, false, 0));
    }

    #[test]
    fn names_match_patterns() {
        let policy = AlarmPolicy { critical: vec!["ehr-*".to_owned()], ignore: vec!["*-test".to_owned()] };
        assert!(policy.is_critical("ehr-down") && !policy.is_critical("an-ehr"));
        assert!(policy.ignores("ehr-test") && !AlarmPolicy::default().ignores("ehr-test"));
    }
}
