//! Amazon CloudWatch on the wire: `DescribeAlarms`.

use serde_json::{Value, json};

use super::object::{Object, known};
use super::paging::{Bounds, every};
use super::refusal::Failure;
use super::service::Call;
use crate::backend::ports::limits;
use crate::model::alarm::{Alarm, MetricAlarm, Watches};
use crate::text::Text;

/// Default and most of `MaxRecords` (API reference and model).
pub const PAGE: Bounds =
    Bounds { token: "NextToken", size: "MaxRecords", least: 1, default: 50, most: limits::ALARMS_PAGE };

const KNOWN: &[&str] =
    &["AlarmNames", "AlarmNamePrefix", "AlarmTypes", "StateValue", "ActionPrefix", "MaxRecords", "NextToken"];

/// Every type of alarm; of the last there are none here.
const TYPES: &[&str] = &["MetricAlarm", "CompositeAlarm", "LogAlarm"];

const STATES: &[&str] = &["OK", "ALARM", "INSUFFICIENT_DATA"];

const COMPARISONS: &[&str] = &[
    "GreaterThanOrEqualToThreshold",
    "GreaterThanThreshold",
    "LessThanThreshold",
    "LessThanOrEqualToThreshold",
    "LessThanLowerOrGreaterThanUpperThreshold",
    "LessThanLowerThreshold",
    "GreaterThanUpperThreshold",
];

/// `Statistic`; any other is `ExtendedStatistic`.
const STATISTICS: &[&str] = &["SampleCount", "Average", "Sum", "Minimum", "Maximum"];

/// The types of alarms that are asked for.
pub struct Types {
    metric: bool,
    composite: bool,
}

impl Types {
    /// Without a word of it: metric alarms alone.
    pub fn asked(call: &Call<'_>) -> Result<Self, Failure> {
        let none = call.params.texts("AlarmTypes")?.is_none_or(|types| types.is_empty());
        let metric = call.params.asks_for("AlarmTypes", TYPES[0], TYPES)? || none;
        Ok(Self { metric, composite: call.params.asks_for("AlarmTypes", TYPES[1], TYPES)? })
    }

    /// Whether this alarm is of one of them.
    pub fn hold(&self, alarm: &Alarm) -> bool {
        match alarm.watches {
            Watches::Metric(_) => self.metric,
            Watches::Alarms(_) => self.composite,
        }
    }
}

/// Every alarm there is.
pub async fn all(call: &Call<'_>) -> Result<Vec<Alarm>, Failure> {
    let alarms = &call.backend.alarms;
    every(|token| Box::pin(async move { alarms.alarms(token.as_deref()).await })).await
}

/// `DescribeAlarms`: composite alarms before metric alarms, both by name.
pub async fn describe(call: &Call<'_>) -> Result<Value, Failure> {
    call.params.refuse_all_but(KNOWN)?;
    let types = Types::asked(call)?;
    let names = call.params.texts("AlarmNames")?.filter(|names| !names.is_empty());
    let prefix = call.params.text("AlarmNamePrefix")?;
    if names.is_some() && prefix.is_some() {
        return Err(Failure::invalid("AlarmNames and AlarmNamePrefix cannot be given together."));
    }
    if names.as_ref().is_some_and(|names| names.len() > limits::ALARMS_PAGE) {
        return Err(Failure::invalid("The collection AlarmNames must not have a size greater than 100."));
    }
    let state = call.params.choice("StateValue", STATES)?;
    let action = call.params.text("ActionPrefix")?;
    let mut found = all(call).await?;
    found.retain(|alarm| {
        types.hold(alarm)
            && names.as_ref().is_none_or(|names| names.contains(&alarm.name.as_str()))
            && prefix.is_none_or(|prefix| alarm.name.starts_with(prefix))
            && state.is_none_or(|state| alarm.state.as_deref() == Some(state))
            && action.is_none_or(|prefix| alarm.actions.iter().any(|action| action.starts_with(prefix)))
    });
    let key = |alarm: &Alarm| format!("{}-{}", u8::from(matches!(alarm.watches, Watches::Metric(_))), alarm.name);
    let keyed: Vec<(String, Alarm)> = found.into_iter().map(|alarm| (key(&alarm), alarm)).collect();
    let (page, next) = call.pages.cut(keyed, |(key, _)| key, &PAGE)?;
    let (mut of_metric, mut of_alarms) = (Vec::new(), Vec::new());
    for (_, alarm) in &page {
        match &alarm.watches {
            Watches::Metric(metric) => of_metric.push(compared(common(alarm), metric)),
            Watches::Alarms(rule) => of_alarms.push(composite(common(alarm), alarm, rule)),
        }
    }
    Ok(Object::default()
        .put("CompositeAlarms", &of_alarms)
        .put("MetricAlarms", &of_metric)
        .maybe("NextToken", next.as_deref())
        .done())
}

fn common(alarm: &Alarm) -> Object {
    Object::default()
        .put("AlarmName", &alarm.name)
        .put("AlarmArn", &alarm.arn)
        .maybe("ActionsEnabled", alarm.actions_enabled.as_ref())
        .put("OKActions", &json!([]))
        .put("AlarmActions", &alarm.actions)
        .put("InsufficientDataActions", &json!([]))
        .maybe("StateValue", known(alarm.state.as_ref(), STATES))
        .maybe("StateReason", alarm.reason.as_ref())
        .maybe("StateUpdatedTimestamp", alarm.since.as_ref())
        .maybe("StateTransitionedTimestamp", alarm.since.as_ref())
}

fn composite(common: Object, alarm: &Alarm, rule: &Text) -> Value {
    let suppressed = known(alarm.suppressed_by.as_ref(), &["WaitPeriod", "ExtensionPeriod", "Alarm"]);
    common.put("AlarmRule", rule).maybe("ActionsSuppressedBy", suppressed).done()
}

/// A metric without a namespace is what an expression is called.
fn compared(common: Object, metric: &MetricAlarm) -> Value {
    let period = metric.period.map(|period| Value::from(period.as_secs()));
    let evaluation = known(metric.evaluation.as_ref(), &["PARTIAL_DATA", "EVALUATION_ERROR", "EVALUATION_FAILURE"]);
    let answer = common
        .maybe("ComparisonOperator", known(metric.comparison.as_ref(), COMPARISONS))
        .maybe("Threshold", metric.threshold.as_ref())
        .maybe("EvaluationPeriods", metric.evaluation_periods.as_ref())
        .maybe("DatapointsToAlarm", metric.datapoints_to_alarm.as_ref())
        .maybe("TreatMissingData", metric.treat_missing.as_ref())
        .maybe("EvaluationState", evaluation);
    if let (None, Some(label)) = (&metric.namespace, &metric.metric) {
        let query = Object::default()
            .put("Id", "e1")
            .put("Expression", "SUM(METRICS())")
            .put("Label", label)
            .put("ReturnData", &true)
            .maybe("Period", period.as_ref());
        return answer.put("Metrics", &json!([query.done()])).done();
    }
    let statistic = known(metric.statistic.as_ref(), STATISTICS);
    answer
        .maybe("Namespace", metric.namespace.as_ref())
        .maybe("MetricName", metric.metric.as_ref())
        .list(
            "Dimensions",
            &metric.dimensions,
            |(name, value)| json!({ "Name": name.as_str(), "Value": value.as_str() }),
        )
        .maybe("Statistic", statistic)
        .maybe("ExtendedStatistic", metric.statistic.as_ref().filter(|_| statistic.is_none()))
        .maybe("Period", period.as_ref())
        .done()
}
