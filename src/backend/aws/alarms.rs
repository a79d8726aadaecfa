//! Amazon CloudWatch alarms: metric and composite ones, and how they changed.

use std::time::Duration;

use async_trait::async_trait;
use aws_config::SdkConfig;
use aws_sdk_cloudwatch::Client;
use aws_sdk_cloudwatch::types::{
    ActionsSuppressedBy, AlarmHistoryItem, AlarmType, ComparisonOperator, CompositeAlarm, Dimension, EvaluationState,
    HistoryItemType, MetricAlarm as RawMetricAlarm, MetricDataQuery, MetricStat, ScanBy, StateValue, Statistic,
};
use aws_smithy_types::DateTime;
use serde_json::Value;

use super::access::Access;
use super::values::{number, text, text_or_empty, texts, time, token, word};
use crate::backend::ports::{Alarms, Page, limits};
use crate::model::Fault;
use crate::model::alarm::{Alarm, MetricAlarm, Transition, Watches};
use crate::text::Text;
use crate::time::Timestamp;

/// The types that are asked for. Without them there are metric alarms alone (API reference).
const TYPES: [AlarmType; 2] = [AlarmType::MetricAlarm, AlarmType::CompositeAlarm];

/// The adapter.
pub(super) struct AwsAlarms {
    client: Client,
    access: Access,
}

impl AwsAlarms {
    pub fn new(config: &SdkConfig, access: Access) -> Self {
        Self { client: Client::new(config), access }
    }
}

fn page_size() -> i32 {
    i32::try_from(limits::ALARMS_PAGE).unwrap_or(i32::MAX)
}

#[async_trait]
impl Alarms for AwsAlarms {
    async fn alarms(&self, from: Option<&str>) -> Result<Page<Alarm>, Fault> {
        let request = self
            .client
            .describe_alarms()
            .set_alarm_types(Some(TYPES.to_vec()))
            .max_records(page_size())
            .set_next_token(from.map(str::to_owned));
        let page = self.access.ask("cloudwatch:DescribeAlarms", request.send()).await?;
        let (metric, composite) = (page.metric_alarms().iter(), page.composite_alarms().iter());
        let items = composite.map(of_alarms).chain(metric.map(of_metric)).collect();
        Ok(Page { items, next: token(page.next_token()) })
    }

    async fn transitions(&self, since: Timestamp, from: Option<&str>) -> Result<Page<Transition>, Fault> {
        let request = self
            .client
            .describe_alarm_history()
            .set_alarm_types(Some(TYPES.to_vec()))
            .history_item_type(HistoryItemType::StateUpdate)
            .start_date(DateTime::from_millis(since.millis()))
            .scan_by(ScanBy::TimestampDescending)
            .max_records(page_size())
            .set_next_token(from.map(str::to_owned));
        let page = self.access.ask("cloudwatch:DescribeAlarmHistory", request.send()).await?;
        Ok(Page { items: page.alarm_history_items().iter().map(transition).collect(), next: token(page.next_token()) })
    }
}

fn of_alarms(raw: &CompositeAlarm) -> Alarm {
    Alarm {
        name: text_or_empty(raw.alarm_name()),
        arn: text_or_empty(raw.alarm_arn()),
        watches: Watches::Alarms(text_or_empty(raw.alarm_rule())),
        state: word(raw.state_value().map(StateValue::as_str)),
        reason: text(raw.state_reason()),
        since: time(raw.state_transitioned_timestamp()).or_else(|| time(raw.state_updated_timestamp())),
        actions_enabled: raw.actions_enabled(),
        actions: texts(raw.alarm_actions()),
        suppressed_by: word(raw.actions_suppressed_by().map(ActionsSuppressedBy::as_str)),
    }
}

fn of_metric(raw: &RawMetricAlarm) -> Alarm {
    Alarm {
        name: text_or_empty(raw.alarm_name()),
        arn: text_or_empty(raw.alarm_arn()),
        watches: Watches::Metric(compared(raw)),
        state: word(raw.state_value().map(StateValue::as_str)),
        reason: text(raw.state_reason()),
        since: time(raw.state_transitioned_timestamp()).or_else(|| time(raw.state_updated_timestamp())),
        actions_enabled: raw.actions_enabled(),
        actions: texts(raw.alarm_actions()),
        suppressed_by: None,
    }
}

/// What it compares: its own metric, or that of the query it watches.
fn compared(raw: &RawMetricAlarm) -> MetricAlarm {
    let own = MetricAlarm {
        namespace: text(raw.namespace()),
        metric: text(raw.metric_name()),
        dimensions: dimensions(raw.dimensions()),
        statistic: word(raw.statistic().map(Statistic::as_str)).or_else(|| text(raw.extended_statistic())),
        comparison: word(raw.comparison_operator().map(ComparisonOperator::as_str)),
        threshold: raw.threshold().filter(|value| value.is_finite()),
        period: period(raw.period()),
        evaluation_periods: number(raw.evaluation_periods()),
        datapoints_to_alarm: number(raw.datapoints_to_alarm()),
        treat_missing: word(raw.treat_missing_data()),
        evaluation: word(raw.evaluation_state().map(EvaluationState::as_str)),
    };
    match watched(raw) {
        Some(query) => of_query(own, query),
        None => own,
    }
}

/// The query it watches: the one that gives data back and is not the band it is compared with.
fn watched(raw: &RawMetricAlarm) -> Option<&MetricDataQuery> {
    let band = raw.threshold_metric_id();
    raw.metrics().iter().find(|query| query.return_data() != Some(false) && (band.is_none() || query.id() != band))
}

fn of_query(alarm: MetricAlarm, query: &MetricDataQuery) -> MetricAlarm {
    let stat = query.metric_stat();
    let Some(metric) = stat.and_then(|stat| stat.metric()) else {
        let metric = alarm.metric.or_else(|| text(query.label())).or_else(|| text(query.id()));
        return MetricAlarm { metric, period: alarm.period.or_else(|| period(query.period())), ..alarm };
    };
    MetricAlarm {
        namespace: text(metric.namespace()),
        metric: text(metric.metric_name()),
        dimensions: dimensions(metric.dimensions()),
        statistic: word(stat.and_then(|stat| stat.stat())),
        period: period(stat.and_then(MetricStat::period)),
        ..alarm
    }
}

fn dimensions(raw: &[Dimension]) -> Vec<(Text, Text)> {
    raw.iter().map(|raw| (text_or_empty(raw.name()), text_or_empty(raw.value()))).collect()
}

fn period(seconds: Option<i32>) -> Option<Duration> {
    number(seconds).filter(|seconds| *seconds > 0).map(|seconds| Duration::from_secs(seconds.into()))
}

/// The states stand in a document of their own, which may be absent or cut off; the summary says what happened all the same.
fn transition(raw: &AlarmHistoryItem) -> Transition {
    let data: Value = raw.history_data().and_then(|data| serde_json::from_str(data).ok()).unwrap_or_default();
    let told = |state: &str, what: &str| text(data[state][what].as_str());
    Transition {
        alarm: text_or_empty(raw.alarm_name()),
        at: time(raw.timestamp()),
        from: told("oldState", "stateValue"),
        to: told("newState", "stateValue"),
        reason: told("newState", "stateReason").or_else(|| text(raw.history_summary())),
    }
}

#[cfg(test)]
mod tests;
