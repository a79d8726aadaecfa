//! Alarms that changed their state.

use std::collections::HashMap;

use super::scaling::service;
use super::{Pen, Source, Told};
use crate::model::alarm::{Alarm, AlarmFacts, Watches};
use crate::model::rds::RdsFacts;
use crate::model::scaling::ScalingFacts;
use crate::model::{Facts, Severity, Subject};
use crate::text::Text;

/// `alarm`.
pub const SOURCE: Source =
    Source { id: "alarm", feed: "alarms", doc: "CloudWatch alarms that changed their state, and why", tell };

fn tell(facts: &Facts, pen: &mut Pen<'_>) {
    let Some(known) = facts.get::<AlarmFacts>() else { return };
    let mut alarms: Option<HashMap<&Text, &Alarm>> = None;
    for change in &known.transitions {
        let to = change.to.as_deref().unwrap_or("a state that is not told");
        let key = format!("{}|{:?}|{to}", change.alarm, change.at);
        if !pen.is_new(&key, change.at) {
            continue;
        }
        let alarm = alarms
            .get_or_insert_with(|| known.alarms.iter().map(|alarm| (&alarm.name, alarm)).collect())
            .get(&change.alarm)
            .copied();
        let from = change.from.as_deref().map(|from| format!(", was {from}")).unwrap_or_default();
        let why = change.reason.as_deref().map(|why| format!(": {why}")).unwrap_or_default();
        let id = alarm.map(|alarm| alarm.arn.clone()).filter(|arn| !arn.is_empty());
        pen.tell(Told {
            at: change.at,
            severity: weight(to, alarm),
            subject: Subject {
                kind: "alarm",
                name: change.alarm.clone(),
                id: id.unwrap_or_else(|| change.alarm.clone()),
            },
            related: related(facts, &change.alarm, alarm),
            message: Text::from(format!("{to}{from}{why}")),
            key,
        });
    }
}

/// An alarm that only scales is the machinery at work, and one that is suppressed was meant to be.
fn weight(state: &str, alarm: Option<&Alarm>) -> Severity {
    match state {
        "OK" => Severity::Ok,
        _ if alarm.is_some_and(|alarm| alarm.only_scales() || alarm.suppressed_by.is_some()) => Severity::Info,
        "ALARM" => Severity::Warn,
        _ => Severity::Unknown,
    }
}

/// The ARN of the database a dimension names; its name, where it is not known.
fn database(facts: &Facts, key: &str, name: &Text) -> Text {
    let Some(rds) = facts.get::<RdsFacts>() else { return name.clone() };
    let arn = match key {
        "DBInstanceIdentifier" => rds.instances.iter().find(|i| i.id == *name).map(|i| &i.arn),
        "DBClusterIdentifier" => rds.clusters.iter().find(|c| c.id == *name).map(|c| &c.arn),
        _ => rds.proxies.iter().find(|p| p.name == *name).map(|p| &p.arn),
    };
    arn.unwrap_or(name).clone()
}

/// The services it watches or scales, and the databases it watches.
fn related(facts: &Facts, name: &Text, alarm: Option<&Alarm>) -> Vec<(&'static str, Text)> {
    let dimension = |wanted: &str| match alarm.map(|alarm| &alarm.watches) {
        Some(Watches::Metric(metric)) => metric.dimensions.iter().find(|(key, _)| *key == *wanted).map(|(_, v)| v),
        _ => None,
    };
    let watched = dimension("ClusterName").zip(dimension("ServiceName"));
    let watched = watched.map(|(cluster, name)| ("service", service(facts, cluster, name).id));
    let policies = facts.get::<ScalingFacts>().map_or(&[][..], |scaling| &scaling.policies);
    let driven = policies.iter().filter(|policy| policy.alarms.contains(name)).filter_map(|policy| {
        let (cluster, name) = policy.service()?;
        Some(("service", service(facts, cluster, name).id))
    });
    let databases = ["DBInstanceIdentifier", "DBClusterIdentifier", "ProxyName"];
    let databases = databases.into_iter().filter_map(|key| Some(("database", database(facts, key, dimension(key)?))));
    let mut all: Vec<_> = watched.into_iter().chain(driven).chain(databases).collect();
    all.dedup();
    all
}
