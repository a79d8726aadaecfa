//! Amazon RDS on the wire: instances, clusters, events, pending maintenance, proxies.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use serde_json::Value;

use super::buckets::Class;
use super::object::Object;
use super::paging::{Bounds, every};
use super::rds_changes as changes;
use super::rds_shapes as shapes;
use super::refusal::{Common, Failure};
use super::service::{Call, Operation, Protocol, Service};
use crate::backend::ports::limits;
use crate::model::rds::{Event, Maintenance, Proxy};
use crate::text::Text;
use crate::time::Timestamp;

/// The service.
pub const SERVICE: Service = Service {
    name: "rds",
    iam: "rds",
    protocol: Protocol::Query {
        version: "2014-10-31",
        namespace: "http://rds.amazonaws.com/doc/2014-10-31/",
        items: ITEMS,
    },
    operations: &[
        read("DescribeDBInstances", |c| Box::pin(async { instances(c).await.map_err(own) })),
        read("DescribeDBClusters", |c| Box::pin(async { clusters(c).await.map_err(own) })),
        read("DescribeEvents", |c| Box::pin(async { events(c).await.map_err(own) })),
        read("DescribePendingMaintenanceActions", |c| Box::pin(async { maintenance(c).await.map_err(own) })),
        read("DescribeDBProxies", |c| Box::pin(async { proxies(c).await.map_err(own) })),
        read("DescribeDBProxyTargets", |c| Box::pin(async { targets(c).await.map_err(own) })),
        read("DescribeDBProxyTargetGroups", |c| Box::pin(async { target_groups(c).await.map_err(own) })),
        modify("RebootDBInstance", |c| Box::pin(async { changes::reboot(c).await.map_err(own) })),
        modify("FailoverDBCluster", |c| Box::pin(async { changes::fail_over(c).await.map_err(own) })),
    ],
};

/// What the items of lists are called (API model); of all others `member`.
const ITEMS: &[(&str, &str)] = &[
    ("AvailabilityZones", "AvailabilityZone"),
    ("DBClusterMembers", "DBClusterMember"),
    ("DBClusters", "DBCluster"),
    ("DBInstances", "DBInstance"),
    ("EventCategories", "EventCategory"),
    ("Events", "Event"),
    ("Filters", "Filter"),
    ("PendingMaintenanceActionDetails", "PendingMaintenanceAction"),
    ("PendingMaintenanceActions", "ResourcePendingMaintenanceActions"),
    ("StatusInfos", "DBInstanceStatusInfo"),
];

/// Bounds of `MaxRecords` (API reference), the same for every list.
const PAGE: Bounds = Bounds { token: "Marker", size: "MaxRecords", least: 20, default: 100, most: limits::RDS_PAGE };

/// The span of events where no time is given (API reference).
const EVENTS_SPAN: Duration = Duration::from_mins(60);

/// `SourceType` of events (API model).
const SOURCES: &[&str] = &[
    "db-instance",
    "db-parameter-group",
    "db-security-group",
    "db-snapshot",
    "db-cluster",
    "db-cluster-snapshot",
    "custom-engine-version",
    "db-proxy",
    "blue-green-deployment",
    "db-shard-group",
    "zero-etl",
];

/// The one target group a proxy has.
const DEFAULT_GROUP: &str = "default";

const fn read(name: &'static str, handler: super::service::Handler) -> Operation {
    Operation { name, class: Class::DatabaseRead, handler }
}

const fn modify(name: &'static str, handler: super::service::Handler) -> Operation {
    Operation { name, class: Class::DatabaseModify, handler }
}

/// What is wrong with a parameter or a marker, RDS calls by one name.
fn own(failure: Failure) -> Failure {
    match failure {
        Failure::Common(Common::Invalid | Common::Token, message) => Failure::Own("InvalidParameterValue", message),
        other => other,
    }
}

/// The page that is asked for of `items`, each of which has its own key; as the list `name`, with the marker of the next one.
fn page<T>(
    call: &Call<'_>,
    name: &str,
    items: Vec<(String, T)>,
    mut shape: impl FnMut(&T) -> Value,
) -> Result<Value, Failure> {
    let (page, next) = call.pages.cut(items, |(key, _)| key, &PAGE)?;
    let answer = Object::default().list(name, &page, |(_, item)| shape(item));
    Ok(answer.maybe("Marker", next.as_deref()).done())
}

/// Those of `all` that `parameter` names by identifier or ARN; all where it names none.
fn named<T>(
    call: &Call<'_>,
    parameter: &str,
    all: Vec<T>,
    names: impl Fn(&T) -> [&Text; 2],
    missing: (&'static str, &str),
) -> Result<Vec<(String, T)>, Failure> {
    let wanted = call.params.text(parameter)?;
    let is_wanted = |item: &T| wanted.is_none_or(|wanted| names(item).iter().any(|name| **name == *wanted));
    let found: Vec<T> = all.into_iter().filter(is_wanted).collect();
    match wanted {
        Some(wanted) if found.is_empty() => {
            Err(Failure::Missing(missing.0, format!("{} {wanted} not found.", missing.1)))
        }
        _ => Ok(found.into_iter().map(|item| (names(&item)[0].to_string(), item)).collect()),
    }
}

async fn instances(call: &Call<'_>) -> Result<Value, Failure> {
    call.params.refuse(&["Filters"])?;
    let rds = &call.backend.rds;
    let all = every(|token| Box::pin(async move { rds.instances(token.as_deref()).await })).await?;
    let missing = ("DBInstanceNotFound", "DBInstance");
    let found = named(call, "DBInstanceIdentifier", all, |i| [&i.id, &i.arn], missing)?;
    page(call, "DBInstances", found, shapes::instance)
}

async fn clusters(call: &Call<'_>) -> Result<Value, Failure> {
    call.params.refuse(&["Filters", "IncludeShared"])?;
    let rds = &call.backend.rds;
    let all = every(|token| Box::pin(async move { rds.clusters(token.as_deref()).await })).await?;
    let missing = ("DBClusterNotFoundFault", "DBCluster");
    let found = named(call, "DBClusterIdentifier", all, |c| [&c.id, &c.arn], missing)?;
    page(call, "DBClusters", found, shapes::cluster)
}

/// The times that events are asked for of.
fn window(call: &Call<'_>) -> Result<(Timestamp, Timestamp), Failure> {
    let now = call.pages.now;
    let (from, until) = (call.params.time("StartTime")?, call.params.time("EndTime")?);
    let minutes = call.params.number("Duration")?.map(u64::try_from).transpose();
    let span = minutes.map_err(|_| Failure::invalid("Duration must not be negative"))?.map(|m| m.saturating_mul(60));
    let span = span.map_or(EVENTS_SPAN, Duration::from_secs);
    let (from, until) = match (from, until) {
        (Some(from), Some(until)) => (from, until),
        (Some(from), None) if call.params.number("Duration")?.is_some() => (from, from + span),
        (Some(from), None) => (from, now),
        (None, until) => (until.unwrap_or(now) - span, until.unwrap_or(now)),
    };
    if from > until {
        let message = "The specified start time is later than the end time.".to_owned();
        return Err(Failure::Own("InvalidParameterCombination", message));
    }
    Ok((from.max(now - limits::RDS_EVENTS), until))
}

async fn events(call: &Call<'_>) -> Result<Value, Failure> {
    call.params.refuse(&["Filters"])?;
    let (from, until) = window(call)?;
    let source_type = call.params.choice("SourceType", SOURCES)?;
    let source = call.params.text("SourceIdentifier")?;
    if source.is_some() && source_type.is_none() {
        let message = "SourceType is required with SourceIdentifier.".to_owned();
        return Err(Failure::Own("InvalidParameterCombination", message));
    }
    let categories = call.params.texts("EventCategories")?.unwrap_or_default();
    let rds = &call.backend.rds;
    let mut all = every(|token| Box::pin(async move { rds.events(from, token.as_deref()).await })).await?;
    all.retain(|event| event.at.is_none_or(|at| from <= at && at <= until));
    all.retain(|event| source_type.is_none_or(|kind| event.source_type.as_deref() == Some(kind)));
    all.retain(|event| source.is_none_or(|source| event.source == *source));
    all.retain(|e| {
        categories.is_empty() || e.categories.iter().any(|category| categories.contains(&category.as_str()))
    });
    page(call, "Events", in_order(all), shapes::event)
}

/// Events have no id: their keys are made of when they were and what they say, and of how many like them there were before.
fn in_order(mut all: Vec<Event>) -> Vec<(String, Event)> {
    all.sort_by(|a, b| (a.at, &a.source, &a.message).cmp(&(b.at, &b.source, &b.message)));
    let mut keyed: Vec<(String, Event)> = Vec::with_capacity(all.len());
    let mut alike = 0;
    for event in all {
        alike = if keyed.last().is_some_and(|(_, last)| *last == event) { alike + 1 } else { 0 };
        let mut hasher = DefaultHasher::new();
        (&event.source, &event.message, &event.categories).hash(&mut hasher);
        let at = event.at.map_or(0, Timestamp::millis);
        keyed.push((format!("{at:020}-{:016x}-{alike:06}", hasher.finish()), event));
    }
    keyed
}

async fn maintenance(call: &Call<'_>) -> Result<Value, Failure> {
    call.params.refuse(&["Filters"])?;
    let wanted = call.params.text("ResourceIdentifier")?;
    let rds = &call.backend.rds;
    let all = every(|token| Box::pin(async move { rds.maintenance(token.as_deref()).await })).await?;
    let mut resources: Vec<(String, Vec<Maintenance>)> = Vec::new();
    for action in all.into_iter().filter(|action| wanted.is_none_or(|wanted| action.arn == *wanted)) {
        match resources.iter_mut().find(|(arn, _)| *arn == *action.arn) {
            Some((_, actions)) => actions.push(action),
            None => resources.push((action.arn.to_string(), vec![action])),
        }
    }
    page(call, "PendingMaintenanceActions", resources, |actions| shapes::maintenance(actions))
}

const NO_PROXY: (&str, &str) = ("DBProxyNotFoundFault", "DBProxy");

async fn all_proxies(call: &Call<'_>) -> Result<Vec<(String, Proxy)>, Failure> {
    call.params.refuse(&["Filters"])?;
    let proxies = &call.backend.proxies;
    let all = every(|token| Box::pin(async move { proxies.proxies(token.as_deref()).await })).await?;
    named(call, "DBProxyName", all, |proxy| [&proxy.name, &proxy.name], NO_PROXY)
}

async fn proxies(call: &Call<'_>) -> Result<Value, Failure> {
    page(call, "DBProxies", all_proxies(call).await?, shapes::proxy)
}

/// The name of the one proxy that is asked for, whose target group is there.
async fn one_proxy(call: &Call<'_>) -> Result<String, Failure> {
    let Some(name) = call.params.text("DBProxyName")?.filter(|name| !name.is_empty()) else {
        return Err(Failure::invalid("DBProxyName must be given."));
    };
    all_proxies(call).await?;
    match call.params.text("TargetGroupName")? {
        Some(other) if other != DEFAULT_GROUP => {
            let message = format!("DBProxyTargetGroup {other} not found.");
            Err(Failure::Missing("DBProxyTargetGroupNotFoundFault", message))
        }
        _ => Ok(name.to_owned()),
    }
}

async fn targets(call: &Call<'_>) -> Result<Value, Failure> {
    let (name, proxies) = (&one_proxy(call).await?, &call.backend.proxies);
    let all = every(|token| Box::pin(async move { proxies.targets(name, token.as_deref()).await })).await?;
    let keyed = all.into_iter().enumerate().map(|(number, target)| (format!("{number:06}"), target)).collect();
    page(call, "Targets", keyed, shapes::target)
}

async fn target_groups(call: &Call<'_>) -> Result<Value, Failure> {
    let name = one_proxy(call).await?;
    let percent = call.backend.proxies.max_connections_percent(&name).await?;
    page(call, "TargetGroups", vec![(DEFAULT_GROUP.to_owned(), percent)], |percent| {
        shapes::target_group(&name, DEFAULT_GROUP, *percent)
    })
}
