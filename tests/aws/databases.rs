//! Databases, proxies and metrics on emulators: what the adapters read is what boto3 lists.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use rounds::backend::ports::{Backend, Page, limits};
use rounds::model::metric::{Query, Statistic};
use rounds::model::rds::{DbCluster, DbInstance};
use rounds::model::{Fault, FaultKind};
use rounds::text::Text;
use rounds::time::{Clock, SystemClock, Timestamp};
use serde_json::{Value, json};

use crate::binary::rounds;
use crate::patience::patiently;
use crate::support::opinion::second_opinion;
use crate::support::python::{Testbed, testbed};
use crate::support::server::Server;

/// With the four that have a name of their own one more than a page, and one more than that.
const MORE: &str = "98";

/// A server of its own, filled with databases, and what boto3 lists there.
fn filled(name: &str) -> Option<(&'static Testbed, Server, Value)> {
    let testbed = testbed()?;
    let server = Server::start(testbed, &format!("{name}_server.py"));
    let listed = second_opinion(testbed, &[&server.endpoint, "databases", MORE]);
    Some((testbed, server, listed))
}

pub async fn all<T>(next: impl AsyncFn(Option<String>) -> Result<Page<T>, Fault>) -> (Vec<T>, usize) {
    let (mut items, mut token, mut pages) = (Vec::new(), None, 0);
    loop {
        let page = patiently(async || next(token.clone()).await).await.expect("a page");
        (token, pages) = (page.next, pages + 1);
        items.extend(page.items);
        if token.is_none() {
            return (items, pages);
        }
    }
}

async fn instances(aws: &Backend) -> (Vec<DbInstance>, usize) {
    all(async |token| aws.rds.instances(token.as_deref()).await).await
}

/// What is there of these values; the form of `second_opinion.py`.
pub fn kept(values: Value) -> Value {
    let Value::Object(members) = values else { return values };
    members.into_iter().filter(|(_, value)| !value.is_null()).collect()
}

pub fn words(text: Option<&Text>) -> Option<&str> {
    text.map(Text::as_str)
}

fn instance(of: &DbInstance) -> Value {
    kept(json!({
        "DBInstanceIdentifier": of.id.as_str(), "DBInstanceArn": of.arn.as_str(),
        "DBInstanceStatus": words(of.status.as_ref()), "DBInstanceClass": words(of.class.as_ref()),
        "Engine": words(of.engine.as_ref()), "EngineVersion": words(of.version.as_ref()), "MultiAZ": of.multi_az,
        "StorageEncrypted": of.encrypted, "DeletionProtection": of.deletion_protection,
        "BackupRetentionPeriod": of.backup_days, "AllocatedStorage": of.allocated,
        "AvailabilityZone": words(of.az.as_ref()), "DBClusterIdentifier": words(of.cluster.as_ref()),
    }))
}

fn cluster(of: &DbCluster) -> Value {
    let member = |member: &rounds::model::rds::ClusterMember| {
        kept(json!({
            "DBInstanceIdentifier": member.instance.as_str(), "IsClusterWriter": member.is_writer,
            "PromotionTier": member.promotion_tier,
        }))
    };
    kept(json!({
        "DBClusterIdentifier": of.id.as_str(), "DBClusterArn": of.arn.as_str(), "Status": words(of.status.as_ref()),
        "Engine": words(of.engine.as_ref()), "EngineVersion": words(of.version.as_ref()), "MultiAZ": of.multi_az,
        "AvailabilityZones": of.zones.iter().map(Text::as_str).collect::<Vec<_>>(),
        "members": of.members.iter().map(member).collect::<Vec<_>>(),
    }))
}

pub fn by_name(all: impl IntoIterator<Item = Value>, name: &str) -> BTreeMap<String, Value> {
    all.into_iter().map(|one| (one[name].as_str().expect("a name").to_owned(), one)).collect()
}

/// Multi-AZ and single-AZ instances, a cluster with its members, and a hundred more, as boto3 has them.
async fn as_boto3(aws: &Backend, listed: &Value, pages: usize) {
    let (read, count) = instances(aws).await;
    assert_eq!((read.len(), count), (102, pages));
    let theirs = |what: &str| listed[what].as_array().expect("a list").clone();
    let name = "DBInstanceIdentifier";
    assert_eq!(by_name(read.iter().map(instance), name), by_name(theirs("instances"), name));
    let (read, _) = all(async |token| aws.rds.clusters(token.as_deref()).await).await;
    let name = "DBClusterIdentifier";
    assert_eq!(by_name(read.iter().map(cluster), name), by_name(theirs("clusters"), name));
    assert_eq!(read[0].writer().map(Text::as_str), Some("aurora-1"));
}

/// What `rounds export databases` prints is what boto3 lists: each object once, field by field. Gives the exit code and what
/// was said beside it.
async fn exported(server: &Server, listed: &Value) -> (i32, String) {
    let run = rounds("export databases --format json", &server.endpoint).await;
    let document = run.document();
    let fields = ["identifier", "kind", "engine", "role", "status", "az", "multi_az"];
    let rows = document["rows"].as_array().expect("rows").iter().filter(|row| row["kind"] != "proxy");
    let rows = rows.map(|row| json!({ "id": row["id"], "fields": fields.map(|name| row[name].clone()) }));
    let list = |what: &str| listed[what].as_array().expect("a list").clone();
    let engine = |raw: &Value| {
        let words = ["Engine", "EngineVersion"].map(|name| raw[name].as_str().unwrap_or_default());
        words.join(" ").trim().to_owned()
    };
    let members: BTreeMap<String, Value> = by_name(
        list("clusters").iter().flat_map(|cluster| cluster["members"].as_array().expect("members").clone()),
        "DBInstanceIdentifier",
    );
    let instance = |raw: &Value| {
        let member = members.get(raw["DBInstanceIdentifier"].as_str().expect("a name"));
        let role = match member.map(|member| &member["IsClusterWriter"]) {
            None => "primary",
            Some(is_writer) if *is_writer == json!(true) => "writer",
            Some(_) => "reader",
        };
        // The flag says nothing of Aurora's instances.
        let multi_az = if member.is_some() { Value::Null } else { raw["MultiAZ"].clone() };
        json!({ "id": raw["DBInstanceArn"], "fields": [
            raw["DBInstanceIdentifier"], "instance", engine(raw), role, raw["DBInstanceStatus"], raw["AvailabilityZone"],
            multi_az,
        ] })
    };
    let cluster = |raw: &Value| {
        json!({ "id": raw["DBClusterArn"], "fields": [
            raw["DBClusterIdentifier"], "cluster", engine(raw), null, raw["Status"], zones(listed, raw), raw["MultiAZ"],
        ] })
    };
    let theirs: Vec<Value> =
        list("clusters").iter().map(cluster).chain(list("instances").iter().map(instance)).collect();
    assert_eq!(rows.clone().count(), theirs.len(), "{}", run.err);
    assert_eq!(by_name(rows, "id"), by_name(theirs, "id"));
    (run.code, run.err)
}

/// The zones in which the members of a cluster are.
fn zones(listed: &Value, cluster: &Value) -> Value {
    let instances = listed["instances"].as_array().expect("a list").iter();
    let members = instances.filter(|i| i["DBClusterIdentifier"] == cluster["DBClusterIdentifier"]);
    let zones: BTreeSet<&str> = members.filter_map(|i| i["AvailabilityZone"].as_str()).collect();
    json!(zones.into_iter().collect::<Vec<_>>().join(" "))
}

async fn proxied(testbed: &Testbed, server: &Server, aws: &Backend) {
    assert_eq!(second_opinion(testbed, &[&server.endpoint, "proxy", "front", "multi"]), json!(["multi"]));
    let (proxies, _) = all(async |token| aws.proxies.proxies(token.as_deref()).await).await;
    let found: Vec<_> =
        proxies.iter().map(|p| (&*p.name, p.status.as_deref(), p.requires_tls, p.secrets.len())).collect();
    assert_eq!(found, [("front", Some("available"), Some(true), 1)]);
    let (targets, _) = all(async |token| aws.proxies.targets("front", token.as_deref()).await).await;
    let found: Vec<_> = targets.iter().map(|t| (words(t.id.as_ref()), words(t.state.as_ref()))).collect();
    assert_eq!(found, [(Some("multi"), Some("AVAILABLE"))]);
    let percent = patiently(async || aws.proxies.max_connections_percent("front").await).await;
    assert_eq!(percent, Ok(Some(100)));
}

fn query(n: usize) -> Query {
    Query {
        namespace: "AWS/RDS",
        name: "CPUUtilization",
        dimensions: vec![("DBInstanceIdentifier", if n == 7 { "multi".to_owned() } else { format!("more-{n:03}") })],
        statistic: Statistic::Average,
        period: Duration::from_mins(1),
    }
}

/// Of as many queries as one call takes, the one that has points gets them, in order.
async fn measured(testbed: &Testbed, server: &Server, aws: &Backend) {
    let recorded = second_opinion(testbed, &[&server.endpoint, "measure", "multi"]).as_i64().expect("a time");
    let now = Timestamp::from_secs(recorded);
    let queries: Vec<Query> = (0..limits::METRIC_QUERIES).map(query).collect();
    let ask = async || aws.metrics.data(&queries, now - Duration::from_hours(1), now, None).await;
    let page = patiently(ask).await.expect("data");
    assert_eq!((page.items.len(), page.next), (limits::METRIC_QUERIES, None));
    for (place, series) in &page.items {
        let values: Vec<f64> = series.points.iter().map(|(_, value)| *value).collect();
        let expected: &[f64] = if *place == 7 { &[14.0, 13.0, 12.0, 11.0] } else { &[] };
        assert_eq!((&*values, series.problem.as_deref()), (expected, None), "{place}");
        assert!(series.points.is_sorted_by_key(|(at, _)| *at));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn databases_proxies_and_metrics_of_moto_are_what_boto3_lists() {
    let Some((testbed, server, listed)) = filled("moto") else { return };
    let aws = crate::connect(&server.endpoint).await;
    as_boto3(&aws, &listed, 2).await;
    let (code, said) = exported(&server, &listed).await;
    assert_eq!(code, 1, "moto does not know of maintenance, so the column of what waits is not whole");
    assert!(said.contains("rds:DescribePendingMaintenanceActions"), "{said}");
    proxied(testbed, &server, &aws).await;
    measured(testbed, &server, &aws).await;
    let since = SystemClock.now() - Duration::from_hours(1);
    let (events, _) = all(async |token| aws.rds.events(since, token.as_deref()).await).await;
    assert!(events.iter().any(|event| event.source == *"multi" && event.message == *"DB instance created"));
    let fault = patiently(async || aws.rds.maintenance(None).await).await.expect_err("moto has no such operation");
    assert_eq!(
        (fault.kind, fault.action),
        (FaultKind::Unsupported, "rds:DescribePendingMaintenanceActions"),
        "{fault}"
    );
    assert_eq!(fault.kind.word(), "not supported here");
}

#[tokio::test(flavor = "multi_thread")]
async fn databases_of_ministack_are_what_boto3_lists_and_a_reboot_is_seen() {
    let Some((testbed, server, listed)) = filled("ministack") else { return };
    let aws = crate::connect(&server.endpoint).await;
    as_boto3(&aws, &listed, 1).await;
    assert_eq!(exported(&server, &listed).await, (0, String::new()));
    proxied(testbed, &server, &aws).await;
    measured(testbed, &server, &aws).await;
    let (maintenance, _) = all(async |token| aws.rds.maintenance(token.as_deref()).await).await;
    assert_eq!(maintenance, []);

    let since = SystemClock.now() - Duration::from_mins(5);
    assert_eq!(second_opinion(testbed, &[&server.endpoint, "reboot", "single"]), json!("rebooting"));
    let (started, mut seen) = (Instant::now(), Vec::<String>::new());
    while seen.last().is_none_or(|last| last != "available") && started.elapsed() < Duration::from_mins(1) {
        let (read, _) = instances(&aws).await;
        let single = read.iter().find(|instance| instance.id == *"single").expect("it is still listed");
        seen.extend(single.status.as_ref().map(ToString::to_string));
        seen.dedup();
    }
    assert_eq!(seen, ["rebooting", "available"]);
    let (events, _) = all(async |token| aws.rds.events(since, token.as_deref()).await).await;
    let told: Vec<_> = events.iter().map(|event| (&*event.source, &*event.message, &*event.categories[0])).collect();
    assert_eq!(told, [("single", "DB instance restarted.", "availability")]);
}
