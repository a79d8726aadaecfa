//! Databases over the wire: what the adapters read through the loopback is what the world behind it has, member by member.

use std::time::Duration;

use aws_sdk_cloudwatch::types::{Dimension, Metric, MetricDataQuery, MetricStat, ScanBy, StatusCode};
use aws_sdk_rds::error::ProvideErrorMetadata;
use aws_smithy_types::DateTime;
use rounds::backend::ports::{Backend, Page};
use rounds::backend::sim::wire::{Fault, Server};
use rounds::model;
use rounds::model::FaultKind;
use rounds::model::metric::{Query, Statistic};
use rounds::model::rds::{Maintenance, Proxy};
use rounds::time::Timestamp;

use crate::databases::{self, databases};
use crate::ports::{ANY, connect, stack};
use crate::{clients, quiet};

macro_rules! code {
    ($call:expr) => {
        $call.send().await.unwrap_err().code().unwrap_or("none").to_owned()
    };
}

pub async fn through(server: &Server) -> Backend {
    connect(&stack(&server.endpoint_url(), &[]), ANY).await
}

/// All pages of a list; none may be longer than RDS allows.
pub async fn all<T>(mut next: impl AsyncFnMut(Option<String>) -> Result<Page<T>, model::Fault>) -> Vec<T> {
    let (mut items, mut token) = (Vec::new(), None);
    loop {
        let page = next(token).await.unwrap();
        items.extend(page.items);
        token = page.next;
        if token.is_none() {
            return items;
        }
    }
}

#[tokio::test]
async fn instances_and_clusters_keep_every_member_and_hostile_words() {
    let (server, world) = (quiet().await, databases());
    let aws = through(&server).await;
    assert_eq!(all(async |token| aws.rds.instances(token.as_deref()).await).await, world.instances);
    assert_eq!(all(async |token| aws.rds.clusters(token.as_deref()).await).await, world.clusters);
    let counters = server.counters();
    assert_eq!((counters.calls("rds:DescribeDBInstances"), counters.calls("rds:DescribeDBClusters")), (2, 1));
}

#[tokio::test]
async fn every_event_of_the_window_comes_once_the_oldest_first_and_alike_ones_twice() {
    let (server, world) = (quiet().await, databases());
    let aws = through(&server).await;
    for (seconds, expected) in [(3_600, 260), (30, 95), (29, 90)] {
        let since = databases::NOW - Duration::from_secs(seconds);
        let read = all(async |token| aws.rds.events(since, token.as_deref()).await).await;
        assert_eq!(read.len(), expected, "since {seconds} s ago");
        assert!(read.is_sorted_by_key(|event| event.at));
        let mut left: Vec<_> = world.events.iter().filter(|event| event.at >= Some(since)).collect();
        for event in &read {
            let at = left.iter().position(|expected| *expected == event).expect("an event of the world, once");
            left.swap_remove(at);
        }
        assert!(left.is_empty(), "{left:?}");
    }
}

#[tokio::test]
async fn maintenance_is_grouped_by_resource_and_none_is_lost() {
    let (server, world) = (quiet().await, databases());
    let aws = through(&server).await;
    let read = all(async |token| aws.rds.maintenance(token.as_deref()).await).await;
    let mut expected = world.maintenance;
    let key = |action: &Maintenance| (action.arn.clone(), action.action.clone());
    let mut read = read;
    read.sort_by_key(key);
    expected.sort_by_key(key);
    assert_eq!(read, expected);
}

#[tokio::test]
async fn proxies_and_their_targets_read_as_they_are() {
    let (server, world) = (quiet().await, databases());
    let aws = through(&server).await;
    let read: Vec<Proxy> = all(async |token| aws.proxies.proxies(token.as_deref()).await).await;
    assert_eq!(read, world.proxies);
    for (proxy, percent) in [("proxy-39", Some(80)), ("proxy-00", Some(80)), ("zz-bare", None)] {
        let targets = all(async |token| aws.proxies.targets(proxy, token.as_deref()).await).await;
        let expected = world.targets.iter().filter(|(name, _)| *name == *proxy).map(|(_, target)| target.clone());
        assert_eq!(targets, expected.collect::<Vec<_>>(), "{proxy}");
        assert_eq!(aws.proxies.max_connections_percent(proxy).await, Ok(percent), "{proxy}");
    }
    let nobody = aws.proxies.targets("nobody", None).await.unwrap_err();
    assert_eq!((nobody.kind, nobody.code.as_deref()), (FaultKind::Rejected, Some("DBProxyNotFoundFault")));
}

#[tokio::test]
async fn what_rds_refuses_is_refused() {
    let server = quiet().await;
    let rds = clients::rds(&server);
    let wrong = "InvalidParameterValue";
    for size in [0, 19, 101] {
        assert_eq!(code!(rds.describe_db_instances().max_records(size)), wrong);
        assert_eq!(code!(rds.describe_db_clusters().max_records(size)), wrong);
        assert_eq!(code!(rds.describe_events().max_records(size)), wrong);
        assert_eq!(code!(rds.describe_pending_maintenance_actions().max_records(size)), wrong);
        assert_eq!(code!(rds.describe_db_proxies().max_records(size)), wrong);
        assert_eq!(code!(rds.describe_db_proxy_targets().db_proxy_name("proxy-39").max_records(size)), wrong);
    }
    let page = rds.describe_db_instances().max_records(20).send().await.unwrap();
    assert_eq!(page.db_instances().len(), 20);
    let marker = page.marker().unwrap();
    assert_eq!(code!(rds.describe_db_clusters().marker(marker)), wrong);
    assert_eq!(code!(rds.describe_db_instances().db_instance_identifier("db-001").marker(marker)), wrong);
    assert_eq!(code!(rds.describe_db_instances().marker("made-up")), wrong);
    let filter = aws_sdk_rds::types::Filter::builder().name("engine").values("postgres").build();
    assert_eq!(code!(rds.describe_db_instances().filters(filter)), wrong);
    assert_eq!(code!(rds.describe_db_instances().db_instance_identifier("none")), "DBInstanceNotFound");
    assert_eq!(code!(rds.describe_db_clusters().db_cluster_identifier("none")), "DBClusterNotFoundFault");
    let group = rds.describe_db_proxy_target_groups().db_proxy_name("proxy-00").target_group_name("other");
    assert_eq!(code!(group), "DBProxyTargetGroupNotFoundFault");
    let (now, hour) = (DateTime::from_millis(databases::NOW.millis()), 3_600);
    let before = DateTime::from_secs(now.secs() - hour);
    assert_eq!(code!(rds.describe_events().start_time(now).end_time(before)), "InvalidParameterCombination");
    assert_eq!(code!(rds.describe_events().source_identifier("db-000")), "InvalidParameterCombination");
    let by_arn = rds.describe_db_instances().db_instance_identifier(databases::arn("db", "db-007").as_str());
    assert_eq!(by_arn.send().await.unwrap().db_instances().len(), 1);
}

#[tokio::test]
async fn events_are_of_the_last_hour_unless_asked_otherwise_and_can_be_filtered() {
    use aws_sdk_rds::types::SourceType;
    let (server, world) = (quiet().await, databases());
    let events = clients::rds(&server).describe_events();
    assert_eq!(events.clone().send().await.unwrap().events().len(), 100);
    let one = |source: &str| world.events.iter().filter(|e| e.source == *source && e.source_type.is_some()).count();
    let of_one = events.clone().source_identifier("db-003").source_type(SourceType::DbInstance).send().await.unwrap();
    let of_cluster =
        events.clone().source_identifier("db-003").source_type(SourceType::DbCluster).send().await.unwrap();
    assert_eq!(of_one.events().len() + of_cluster.events().len(), one("db-003"));
    assert!(events.clone().event_categories("backup").send().await.unwrap().events().is_empty());
    assert_eq!(events.clone().event_categories("failover").send().await.unwrap().events().len(), 100);
    let minute = DateTime::from_millis((databases::NOW - Duration::from_mins(10)).millis());
    assert!(events.end_time(minute).duration(5).send().await.unwrap().events().is_empty());
}

fn query(name: &'static str, n: usize) -> Query {
    Query {
        namespace: "AWS/RDS",
        name,
        dimensions: vec![("DBInstanceIdentifier", format!("db-{n:03}"))],
        statistic: Statistic::Average,
        period: Duration::from_mins(1),
    }
}

/// In whole seconds, as CloudWatch's own points are: the SDK cuts the fractions of CBOR down to the millisecond below.
fn last_hour() -> (Timestamp, Timestamp) {
    let now = Timestamp::from_secs(databases::NOW.secs());
    (now - Duration::from_hours(1), now)
}

#[tokio::test]
async fn the_adapter_reads_every_point_of_five_hundred_queries_and_why_some_are_missing() {
    let server = quiet().await;
    let aws = through(&server).await;
    let names = ["CPUUtilization", "FreeStorageSpace", "Nothing", "Forbidden", "Partial"];
    let queries: Vec<Query> = (0..500).map(|n| query(names[n % names.len()], n)).collect();
    let (from, until) = last_hour();
    let page = aws.metrics.data(&queries, from, until, None).await.unwrap();
    assert_eq!((page.items.len(), page.next), (500, None));
    for (place, series) in page.items {
        assert_eq!(series, databases::series(&queries[place], from, until), "{place}");
    }
    let refused = aws.metrics.data(&vec![query("Nothing", 0); 501], from, until, None).await.unwrap_err();
    assert_eq!((refused.kind, refused.code.as_deref()), (FaultKind::Rejected, Some("ValidationError")), "{refused}");
    let refused = aws.metrics.data(&queries[..1], until, from, None).await.unwrap_err();
    assert!(refused.message.contains("StartTime must be less than the parameter EndTime"), "{refused}");
    let refused = aws.metrics.data(&queries[..1], from, until, Some("made up")).await.unwrap_err();
    assert_eq!(refused.code.as_deref(), Some("InvalidNextToken"), "{refused}");
    assert_eq!(server.counters().calls("cloudwatch:GetMetricData"), 4);
}

fn raw_query(id: &str, name: &str) -> MetricDataQuery {
    let dimension = Dimension::builder().name("DBInstanceIdentifier").value("db-001").build();
    let metric = Metric::builder().namespace("AWS/RDS").metric_name(name).dimensions(dimension).build();
    let stat = MetricStat::builder().metric(metric).period(60).stat("Average").build();
    MetricDataQuery::builder().id(id).metric_stat(stat).build()
}

#[tokio::test]
async fn metrics_come_in_pages_of_so_many_points_the_newest_first() {
    let server = quiet().await;
    let (from, until) = last_hour();
    let call = clients::metrics(&server)
        .get_metric_data()
        .start_time(DateTime::from_millis(from.millis()))
        .end_time(DateTime::from_millis(until.millis()))
        .metric_data_queries(raw_query("one", "CPUUtilization"))
        .metric_data_queries(raw_query("none", "Nothing"))
        .metric_data_queries(raw_query("two", "FreeStorageSpace"))
        .max_datapoints(50);
    let pages: Vec<_> = call.clone().into_paginator().send().collect::<Result<_, _>>().await.unwrap();
    let shape: Vec<Vec<(&str, usize, bool)>> = pages
        .iter()
        .map(|page| {
            let results = page.metric_data_results().iter();
            let done = |code: Option<&StatusCode>| code == Some(&StatusCode::Complete);
            results.map(|r| (r.id().unwrap(), r.values().len(), done(r.status_code()))).collect()
        })
        .collect();
    let expected = [
        vec![("one", 50, false)],
        vec![("one", 10, true), ("none", 0, true), ("two", 40, false)],
        vec![("two", 20, true)],
    ];
    assert_eq!(shape, expected);
    let times = pages[0].metric_data_results()[0].timestamps();
    assert!(times.is_sorted_by(|a, b| a > b), "{times:?}");
    let ascending = call.clone().scan_by(ScanBy::TimestampAscending).send().await.unwrap();
    assert!(ascending.metric_data_results()[0].timestamps().is_sorted());
    let token = ascending.next_token().unwrap();
    assert_eq!(code!(call.clone().next_token(token)), "InvalidNextToken");
    assert_eq!(code!(call.clone().metric_data_queries(raw_query("one", "Nothing"))), "ValidationError");
    assert_eq!(code!(call.clone().metric_data_queries(raw_query("Big", "Nothing"))), "ValidationError");
    assert_eq!(code!(call.max_datapoints(0)), "ValidationError");
}

#[tokio::test]
async fn metrics_are_spoken_of_in_cbor_alone() {
    let server = quiet().await;
    let signed = clients::AUTHORIZATION.replace("/ecs/", "/monitoring/");
    let head = format!("Authorization: {signed}\r\nX-Amz-Date: 20260314T031244Z\r\n");
    let json =
        "Content-Type: application/x-amz-json-1.0\r\nX-Amz-Target: GraniteServiceVersion20100801.GetMetricData\r\n";
    let answer = clients::raw(&server, &format!("{head}{json}"), "{}").await;
    assert!(answer.starts_with("HTTP/1.1 400 ") && answer.contains("InvalidAction"), "{answer}");
    let cbor = "Content-Type: application/cbor\r\nsmithy-protocol: rpc-v2-cbor\r\n";
    let path = "/service/GraniteServiceVersion20100801/operation/";
    for (operation, more, body, code) in [
        ("ListMetrics", "", "", "InvalidAction"),
        ("GetMetricData", "", "{}", "MalformedQueryString"),
        ("GetMetricData", "Content-Encoding: gzip\r\n", "", "MalformedQueryString"),
        ("GetMetricData", "", "", "ValidationError"),
    ] {
        let answer =
            clients::raw_to(&server, &format!("{path}{operation}"), &format!("{head}{cbor}{more}"), body).await;
        assert!(answer.contains(&format!("x-amzn-query-error: {code};Sender")), "{operation} {more}: {answer}");
        assert!(answer.contains("smithy-protocol: rpc-v2-cbor"), "{answer}");
    }
}

#[tokio::test]
async fn faults_reach_the_adapters_as_their_kinds() {
    let server = quiet().await;
    let aws = through(&server).await;
    let (from, until) = last_hour();
    let queries = [query("CPUUtilization", 1)];
    for (fault, kind) in [
        (Fault::Throttle, FaultKind::Throttled),
        (Fault::Deny, FaultKind::Denied),
        (Fault::Internal, FaultKind::Server),
        (Fault::Unavailable, FaultKind::Server),
        (Fault::Expire, FaultKind::Expired),
        (Fault::Garbage, FaultKind::Malformed),
        (Fault::Html, FaultKind::Malformed),
        (Fault::CutOff, FaultKind::Unreachable),
        (Fault::Reset, FaultKind::Unreachable),
    ] {
        server.faults().set("*", fault.clone(), None);
        let told = aws.rds.instances(None).await.unwrap_err();
        assert_eq!((told.kind, told.action), (kind, "rds:DescribeDBInstances"), "{fault:?}: {told}");
        let told = aws.metrics.data(&queries, from, until, None).await.unwrap_err();
        assert_eq!((told.kind, told.action), (kind, "cloudwatch:GetMetricData"), "{fault:?}: {told}");
    }
    server.faults().clear();
    server.faults().set("*", Fault::EmptyObjects, None);
    let hollow = aws.rds.instances(None).await.unwrap();
    assert!(hollow.items.iter().all(|instance| *instance == model::rds::DbInstance::default()));
    assert_eq!(aws.metrics.data(&queries, from, until, None).await.unwrap().items, []);
}
