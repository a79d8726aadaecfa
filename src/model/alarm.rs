//! CloudWatch alarms: metric alarms and composite ones, and how they changed.

use std::time::Duration;

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
