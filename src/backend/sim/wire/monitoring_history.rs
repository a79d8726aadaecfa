//! Amazon CloudWatch on the wire: `DescribeAlarmHistory`.

use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use serde_json::{Value, json};

use super::monitoring_alarms::{self as alarms, PAGE, Types};
use super::object::Object;
use super::paging::{every, newest_first};
use super::refusal::Failure;
use super::service::Call;
use crate::model::alarm::{Alarm, Transition, Watches};
use crate::text::Text;
use crate::time::Timestamp;

const KNOWN: &[&str] =
    &["AlarmName", "AlarmTypes", "HistoryItemType", "StartDate", "EndDate", "MaxRecords", "NextToken", "ScanBy"];

/// The one type of which anything is kept here.
const STATE_UPDATE: &str = "StateUpdate";

/// Every type of item (API model).
const ITEMS: &[&str] =
    &[STATE_UPDATE, "ConfigurationUpdate", "Action", "AlarmContributorStateUpdate", "AlarmContributorAction"];

/// How long history is kept: 30 days (API reference).
const KEPT: Duration = Duration::from_hours(30 * 24);

/// `DescribeAlarmHistory`: changes of state, the newest first unless asked otherwise.
pub async fn describe(call: &Call<'_>) -> Result<Value, Failure> {
    call.params.refuse_all_but(KNOWN)?;
    let (types, name) = (Types::asked(call)?, call.params.text("AlarmName")?);
    let is_kept = call.params.choice("HistoryItemType", ITEMS)?.is_none_or(|kind| kind == STATE_UPDATE);
    let order = call.params.choice("ScanBy", &["TimestampAscending", "TimestampDescending"])?;
    let until = call.params.time("EndDate")?;
    let oldest = call.pages.now - KEPT;
    let from = call.params.time("StartDate")?.unwrap_or(oldest).max(oldest);
    if until.is_some_and(|until| until < from) {
        return Err(Failure::invalid("The parameter StartDate must not be later than the parameter EndDate."));
    }
    let known = alarms::all(call).await?;
    let is_composite = |alarm: &&Alarm| matches!(alarm.watches, Watches::Alarms(_));
    let composite: BTreeSet<&Text> = known.iter().filter(is_composite).map(|alarm| &alarm.name).collect();
    let listed: BTreeSet<&Text> = known.iter().filter(|alarm| types.hold(alarm)).map(|alarm| &alarm.name).collect();
    let port = &call.backend.alarms;
    let mut found = every(|token| Box::pin(async move { port.transitions(from, token.as_deref()).await })).await?;
    found.retain(|change| {
        is_kept
            && listed.contains(&change.alarm)
            && name.is_none_or(|name| change.alarm == *name)
            && change.at.is_none_or(|at| from <= at && until.is_none_or(|until| at <= until))
    });
    let (page, next) = call.pages.cut(keyed(found, order == Some("TimestampAscending")), |(key, _)| key, &PAGE)?;
    let kind = |change: &Transition| if composite.contains(&change.alarm) { "CompositeAlarm" } else { "MetricAlarm" };
    let answer = Object::default().list("AlarmHistoryItems", &page, |(_, change)| item(change, kind(change)));
    Ok(answer.maybe("NextToken", next.as_deref()).done())
}

/// Changes have no id: their keys are made of when they were and what they say, and of how many like them there were before.
fn keyed(mut all: Vec<Transition>, ascending: bool) -> Vec<(String, Transition)> {
    all.sort_by(|a, b| (a.at, &a.alarm, &a.from, &a.to, &a.reason).cmp(&(b.at, &b.alarm, &b.from, &b.to, &b.reason)));
    let mut keyed: Vec<(String, Transition)> = Vec::with_capacity(all.len());
    let mut alike = 0;
    for change in all {
        alike = if keyed.last().is_some_and(|(_, last)| *last == change) { alike + 1 } else { 0 };
        let mut hasher = DefaultHasher::new();
        (&change.alarm, &change.from, &change.to, &change.reason).hash(&mut hasher);
        let id = format!("{:016x}-{alike:06}", hasher.finish());
        let oldest_first = || format!("{:020}-{id}", change.at.map_or(0, Timestamp::millis));
        let key = if ascending { oldest_first() } else { newest_first(change.at, &id) };
        keyed.push((key, change));
    }
    keyed
}

fn item(change: &Transition, kind: &str) -> Value {
    let (from, to) = (change.from.as_ref(), change.to.as_ref());
    let data = (from.is_some() || to.is_some()).then(|| data(change));
    let summary = match (from, to) {
        (Some(from), Some(to)) => Some(Text::from(format!("Alarm updated from {from} to {to}"))),
        _ => change.reason.clone(),
    };
    Object::default()
        .put("AlarmName", &change.alarm)
        .put("AlarmType", kind)
        .maybe("Timestamp", change.at.as_ref())
        .put("HistoryItemType", STATE_UPDATE)
        .maybe("HistorySummary", summary.as_ref())
        .maybe("HistoryData", data.as_deref())
        .done()
}

/// The document of the states, which AWS puts into a text.
fn data(change: &Transition) -> String {
    let old = Object::default().maybe("stateValue", change.from.as_ref());
    let new = Object::default().maybe("stateValue", change.to.as_ref()).maybe("stateReason", change.reason.as_ref());
    json!({ "version": "1.0", "oldState": old.done(), "newState": new.done() }).to_string()
}
