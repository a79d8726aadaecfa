//! What CloudWatch answers of alarms.

use std::time::Duration;

use super::board::{Board, Change};
use super::watch::{Metric, Watch};
use crate::model::alarm::{Alarm, MetricAlarm, Transition, Watches};
use crate::text::Text;

impl Board {
    pub fn alarm_facts(&self, n: usize) -> Alarm {
        let alarm = &self.alarms[n];
        Alarm {
            name: Text::from(&alarm.name),
            arn: Text::from(&alarm.arn),
            watches: match &alarm.watch {
                Watch::Metric(metric) => Watches::Metric(metric_facts(metric)),
                Watch::Any { rule, .. } => Watches::Alarms(Text::from(rule)),
            },
            state: Some(Text::from(alarm.state.word())),
            reason: Some(Text::from(&alarm.reason)),
            since: Some(alarm.since),
            actions_enabled: Some(alarm.enabled),
            actions: alarm.actions.iter().map(Text::from).collect(),
            suppressed_by: None,
        }
    }

    pub fn change_facts(&self, change: &Change) -> Transition {
        Transition {
            alarm: Text::from(&self.alarms[change.alarm].name),
            at: Some(change.at),
            from: Some(Text::from(change.from.word())),
            to: Some(Text::from(change.to.word())),
            reason: Some(Text::from(&change.reason)),
        }
    }
}

fn metric_facts(metric: &Metric) -> MetricAlarm {
    MetricAlarm {
        namespace: Some(Text::from(&metric.namespace)),
        metric: Some(Text::from(&metric.name)),
        dimensions: metric.dimensions.iter().map(|(name, value)| (Text::from(*name), Text::from(value))).collect(),
        statistic: Some(Text::from(&metric.statistic)),
        comparison: Some(Text::from(metric.comparison())),
        threshold: Some(metric.threshold),
        period: Some(Duration::from_secs(60) * metric.minutes),
        evaluation_periods: Some(metric.periods),
        datapoints_to_alarm: Some(metric.needed),
        treat_missing: Some(Text::from(&metric.missing)),
        evaluation: None,
    }
}
