//! What the adapters of databases and metrics make of answers that no emulator gives, over HTTP.

use std::time::Duration;

use bytes::Bytes;
use rounds::backend::ports::Backend;
use rounds::backend::sim::Scenario;
use rounds::backend::sim::wire::{Fault, Rates, Server};
use rounds::model::FaultKind;
use rounds::model::metric::{Query, Series, Statistic};
use rounds::model::rds::DbInstance;
use rounds::time::Timestamp;

use crate::backend::{ANY, connect, stack};
use crate::{NIGHT, serving, still};

const INSTANCES: &str = "rds:DescribeDBInstances";
const EVENTS: &str = "rds:DescribeEvents";
const DATA: &str = "cloudwatch:GetMetricData";

async fn loopback() -> (Server, Backend) {
    let (sim, _) = still(&Scenario::sized(1, 1, 1));
    let server = serving(&sim, Rates::Off).await;
    let aws = connect(&stack(&server.endpoint_url(), &[]), ANY).await;
    (server, aws)
}

fn xml(operation: &str, inner: &str) -> Fault {
    let body = format!(
        "<{operation}Response xmlns=\"http://rds.amazonaws.com/doc/2014-10-31/\"><{operation}Result>{inner}\
         </{operation}Result></{operation}Response>"
    );
    Fault::Answer { status: 200, content_type: "text/xml", body: body.into() }
}

fn refusal(status: u16, code: &str) -> Fault {
    let body = format!("<ErrorResponse><Error><Code>{code}</Code><Message>no</Message></Error></ErrorResponse>");
    Fault::Answer { status, content_type: "text/xml", body: body.into() }
}

fn cbor(status: u16, body: &'static [u8]) -> Fault {
    Fault::Answer { status, content_type: "application/cbor", body: Bytes::from_static(body) }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_instance_without_anything_is_one_of_which_nothing_is_known_and_a_new_status_is_kept() {
    let (server, aws) = loopback().await;
    let list = "<DBInstances><DBInstance/><DBInstance><DBInstanceStatus>defragmenting-warp-core</DBInstanceStatus>\
        <StorageEncryptionType>sse-quantum</StorageEncryptionType></DBInstance></DBInstances>";
    server.faults().set(INSTANCES, xml("DescribeDBInstances", list), Some(1));
    let page = aws.rds.instances(None).await.unwrap();
    assert_eq!(page.items[0], DbInstance::default());
    let known = (page.items[1].status.as_deref(), page.items[1].encryption_type.as_deref());
    assert_eq!(known, (Some("defragmenting-warp-core"), Some("sse-quantum")));
    assert_eq!((page.items.len(), page.next), (2, None));
    server.faults().set(INSTANCES, xml("DescribeDBInstances", ""), Some(1));
    assert_eq!(aws.rds.instances(None).await.unwrap().items, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn events_of_one_second_go_on_over_the_end_of_a_page() {
    let (server, aws) = loopback().await;
    let page = |from: usize, marker: &str| {
        let event = |n: usize| {
            format!(
                "<Event><SourceIdentifier>db</SourceIdentifier><Message>event {n}</Message>\
                 <Date>2026-03-14T03:12:44Z</Date></Event>"
            )
        };
        let events: String = (from..from + 60).map(event).collect();
        xml("DescribeEvents", &format!("<Events>{events}</Events>{marker}"))
    };
    server.faults().set(EVENTS, page(0, "<Marker>m</Marker>"), Some(1));
    server.faults().then(EVENTS, page(60, ""), Some(1));
    let since = NIGHT - Duration::from_hours(1);
    let first = aws.rds.events(since, None).await.unwrap();
    assert_eq!((first.items.len(), first.next.as_deref()), (60, Some("m")));
    let second = aws.rds.events(since, first.next.as_deref()).await.unwrap();
    let all: Vec<String> = first.items.iter().chain(&second.items).map(|event| event.message.to_string()).collect();
    assert_eq!(all, (0..120).map(|n| format!("event {n}")).collect::<Vec<_>>());
    assert_eq!(second.next, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_refusal_and_every_broken_answer_of_rds_is_told_as_what_it_is() {
    let (server, aws) = loopback().await;
    let other =
        |body: &'static [u8]| Fault::Answer { status: 200, content_type: "text/xml", body: Bytes::from_static(body) };
    for (fault, kind) in [
        (refusal(400, "Throttling"), FaultKind::Throttled),
        (refusal(400, "RequestLimitExceeded"), FaultKind::Throttled),
        (refusal(403, "AccessDenied"), FaultKind::Denied),
        (refusal(403, "InvalidClientTokenId"), FaultKind::Expired),
        (refusal(501, "NotImplemented"), FaultKind::Unsupported),
        (refusal(400, "InvalidAction"), FaultKind::Unsupported),
        (refusal(503, "ServiceUnavailable"), FaultKind::Server),
        (other(b""), FaultKind::Malformed),
        (other(b"{\"DBInstances\":[]}"), FaultKind::Malformed),
        (other(b"<DescribeDBInstancesResponse><DescribeDBInst"), FaultKind::Malformed),
        (other(b"<html><body>sign in</body></html>"), FaultKind::Malformed),
        (Fault::CutOff, FaultKind::Unreachable),
        (Fault::Reset, FaultKind::Unreachable),
        (Fault::Garbage, FaultKind::Malformed),
    ] {
        server.faults().set(INSTANCES, fault.clone(), Some(1));
        let told = aws.rds.instances(None).await.unwrap_err();
        assert_eq!((told.kind, told.action), (kind, INSTANCES), "{fault:?}: {told}");
    }
}

async fn data(aws: &Backend) -> Result<Vec<(usize, Series)>, rounds::model::Fault> {
    let query = Query {
        namespace: "AWS/RDS",
        name: "CPUUtilization",
        dimensions: vec![("DBInstanceIdentifier", "db".to_owned())],
        statistic: Statistic::Maximum,
        period: Duration::from_mins(1),
    };
    aws.metrics.data(&[query], NIGHT - Duration::from_hours(1), NIGHT, None).await.map(|page| page.items)
}

#[tokio::test(flavor = "multi_thread")]
async fn metrics_with_members_missing_are_read_and_broken_ones_told() {
    let (server, aws) = loopback().await;
    // {"MetricDataResults": [{}, {"Id": "q0"}, {"Id": "q0", "Timestamps": [1(60), 1(120)], "Values": [1.5], "StatusCode": "Odd"}]}
    let sparse =
        b"\xa1\x71MetricDataResults\x83\xa0\xa1\x62Id\x62q0\xa4\x62Id\x62q0\x6aTimestamps\x82\xc1\x18\x3c\xc1\x18\x78\
        \x66Values\x81\xfb\x3f\xf8\x00\x00\x00\x00\x00\x00\x6aStatusCode\x63Odd";
    server.faults().set(DATA, cbor(200, sparse), Some(1));
    let read = data(&aws).await.unwrap();
    let odd = Series { points: vec![(Timestamp::from_secs(60), 1.5)], problem: Some("2 times for 1 values".into()) };
    assert_eq!(read, [(0, Series::default()), (0, odd)]);
    let throttled = b"\xa2\x66__type\x73ThrottlingException\x67message\x62no";
    for (fault, kind) in [
        (cbor(400, throttled), FaultKind::Throttled),
        (cbor(400, b"\xa1\x66__type\x6cAccessDenied"), FaultKind::Denied),
        (cbor(403, b""), FaultKind::Denied),
        (cbor(200, b""), FaultKind::Malformed),
        (cbor(200, &sparse[..40]), FaultKind::Malformed),
        (cbor(200, b"\xa1\x71MetricDataResults\x01"), FaultKind::Malformed),
        (cbor(200, b"{\"MetricDataResults\":[]}"), FaultKind::Malformed),
        (cbor(503, b"<html>"), FaultKind::Server),
        (Fault::CutOff, FaultKind::Unreachable),
        (Fault::Throttle, FaultKind::Throttled),
        (Fault::Deny, FaultKind::Denied),
    ] {
        server.faults().set(DATA, fault.clone(), Some(1));
        let told = data(&aws).await.unwrap_err();
        assert_eq!((told.kind, told.action), (kind, DATA), "{fault:?}: {told}");
    }
}
