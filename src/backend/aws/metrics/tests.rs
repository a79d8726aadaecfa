use std::time::Duration;

use minicbor::Encoder;
use minicbor::data::{IanaTag, Tag};
use proptest::prelude::*;

use super::*;
use crate::backend::aws::replay::{self, cbor};
use crate::model::FaultKind;
use crate::model::metric::Statistic;

/// One result of an answer.
struct Given {
    id: &'static str,
    points: Vec<(f64, f64)>,
    status: Option<&'static str>,
    message: Option<(&'static str, &'static str)>,
}

impl Given {
    fn of(id: &'static str, points: &[(f64, f64)]) -> Self {
        Self { id, points: points.to_vec(), status: Some("Complete"), message: None }
    }
}

type Written = Result<(), minicbor::encode::Error<std::convert::Infallible>>;

fn messages(out: &mut Encoder<Vec<u8>>, (code, value): (&str, &str)) -> Written {
    out.str("Messages")?.array(1)?.map(2)?.str("Code")?.str(code)?.str("Value")?.str(value)?;
    Ok(())
}

fn result(out: &mut Encoder<Vec<u8>>, given: &Given) -> Written {
    out.begin_map()?.str("Id")?.str(given.id)?.str("Label")?.str("x")?;
    out.str("Timestamps")?.array(given.points.len() as u64)?;
    for (at, _) in &given.points {
        out.tag(Tag::from(IanaTag::Timestamp))?.f64(*at)?;
    }
    out.str("Values")?.array(given.points.len() as u64)?;
    for (_, value) in &given.points {
        out.f64(*value)?;
    }
    if let Some(status) = given.status {
        out.str("StatusCode")?.str(status)?;
    }
    given.message.map_or(Ok(()), |message| messages(out, message))?;
    out.end()?;
    Ok(())
}

fn answer(given: &[Given], next: Option<&str>, remark: Option<(&str, &str)>) -> Vec<u8> {
    let mut out = Encoder::new(Vec::new());
    let mut write = || -> Written {
        out.begin_map()?.str("MetricDataResults")?.array(given.len() as u64)?;
        given.iter().try_for_each(|given| result(&mut out, given))?;
        if let Some(next) = next {
            out.str("NextToken")?.str(next)?;
        }
        remark.map_or(Ok(()), |remark| messages(&mut out, remark))?;
        out.end()?;
        Ok(())
    };
    write().unwrap();
    out.into_writer()
}

fn queries(count: usize) -> Vec<Query> {
    let query = |n: usize| Query {
        namespace: "AWS/RDS",
        name: "CPUUtilization",
        dimensions: vec![("DBInstanceIdentifier", format!("db-{n}"))],
        statistic: Statistic::Maximum,
        period: Duration::from_mins(1),
    };
    (0..count).map(query).collect()
}

async fn asked(status: u16, body: &[u8]) -> Result<Page<(usize, Series)>, Fault> {
    let (config, access, _) = replay::of([cbor(status, body)]);
    let (from, until) = (Timestamp::from_secs(1_000), Timestamp::from_secs(4_600));
    AwsMetrics::new(&config, access).data(&queries(3), from, until, None).await
}

async fn read(given: &[Given], next: Option<&str>, remark: Option<(&str, &str)>) -> Page<(usize, Series)> {
    asked(200, &answer(given, next, remark)).await.unwrap()
}

fn points(points: &[(i64, f64)]) -> Vec<(Timestamp, f64)> {
    points.iter().map(|(millis, value)| (Timestamp::from_millis(*millis), *value)).collect()
}

#[tokio::test]
async fn a_query_says_what_is_asked_and_where_to_go_on() {
    let (config, access, sent) = replay::of([cbor(200, &answer(&[], None, None))]);
    let (from, until) = (Timestamp::from_secs(1_000), Timestamp::from_secs(4_600));
    let page = AwsMetrics::new(&config, access).data(&queries(2), from, until, Some("token-1")).await.unwrap();
    assert_eq!(page, Page { items: Vec::new(), next: None });
    let asked = sent.lock().unwrap()[0].clone();
    for part in ["q0", "q1", "AWS/RDS", "CPUUtilization", "db-0", "db-1", "Maximum", "TimestampAscending", "token-1"] {
        assert!(asked.contains(part), "{part}: {asked:?}");
    }
}

#[tokio::test]
async fn points_come_in_order_with_the_place_of_their_query() {
    let given = [
        Given::of("q2", &[(120.5, 2.0), (60.0, 1.0), (180.0, f64::NAN), (240.0, f64::INFINITY)]),
        Given::of("q0", &[]),
        Given::of("q3", &[(60.0, 9.0)]),
        Given::of("Q1", &[(60.0, 9.0)]),
    ];
    let page = read(&given, Some("n"), None).await;
    assert_eq!(page.next.as_deref(), Some("n"));
    let series = Series { points: points(&[(60_000, 1.0), (120_500, 2.0)]), problem: None };
    assert_eq!(page.items, [(2, series), (0, Series::default())]);
}

#[tokio::test]
async fn what_is_missing_is_said_unless_another_page_follows() {
    let told = |status, message| Given { status, message, ..Given::of("q0", &[]) };
    for (status, message, more, expected) in [
        (Some("Complete"), None, false, None),
        (None, None, false, None),
        (Some("PartialData"), None, true, None),
        (Some("PartialData"), None, false, Some("PartialData")),
        (
            Some("Forbidden"),
            Some(("AccessDenied", "not\u{1b} yours")),
            false,
            Some("Forbidden: AccessDenied: not␛ yours"),
        ),
        (Some("InternalError"), None, true, Some("InternalError")),
        (Some("Mislaid"), None, false, Some("Mislaid")),
        (Some("Complete"), Some(("Note", "odd")), false, Some("Note: odd")),
    ] {
        let page = read(&[told(status, message)], more.then_some("n"), None).await;
        assert_eq!(page.items[0].1.problem.as_deref(), expected, "{status:?} {message:?} {more}");
    }
    let page = read(&[told(Some("Complete"), None)], None, Some(("MaxMetricsExceeded", "too many"))).await;
    assert_eq!(page.items[0].1.problem.as_deref(), Some("MaxMetricsExceeded: too many"));
}

#[tokio::test]
async fn refusals_are_told_by_their_codes() {
    for (status, code, kind) in [
        (400, "com.amazonaws.cloudwatch#InvalidNextToken", FaultKind::Rejected),
        (400, "ThrottlingException", FaultKind::Throttled),
        (400, "Throttling", FaultKind::Throttled),
        (403, "AccessDenied", FaultKind::Denied),
        (400, "com.amazon.coral.service#AccessDeniedException", FaultKind::Denied),
        (500, "InternalServiceFault", FaultKind::Server),
        (501, "NotImplemented", FaultKind::Unsupported),
    ] {
        let mut out = Encoder::new(Vec::new());
        out.map(2).unwrap().str("__type").unwrap().str(code).unwrap();
        out.str("message").unwrap().str("because").unwrap();
        let fault = asked(status, &out.into_writer()).await.unwrap_err();
        assert_eq!((fault.kind, fault.action), (kind, "cloudwatch:GetMetricData"), "{fault}");
        assert_eq!((fault.code.as_deref(), &*fault.message), (code.rsplit('#').next(), "because"));
    }
}

#[tokio::test]
async fn an_answer_that_is_cut_off_or_of_another_form_cannot_be_read() {
    let whole = answer(&[Given::of("q0", &[(60.0, 1.0)])], None, None);
    for body in [&b""[..], b"{}", b"<html>", b"\xff\xff", b"\x9b\xff\xff\xff\xff\xff\xff\xff\xff", &whole[..20]] {
        assert_eq!(asked(200, body).await.unwrap_err().kind, FaultKind::Malformed, "{body:?}");
        assert_eq!(asked(500, body).await.unwrap_err().kind, FaultKind::Server, "{body:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever comes, it is a page or a fault.
    #[test]
    fn no_answer_is_a_panic(
        noise in prop::collection::vec(any::<u8>(), 0..40),
        cut in any::<prop::sample::Index>(),
        status in prop::sample::select(vec![200_u16, 400, 403, 503]),
    ) {
        let whole = answer(&[Given::of("q0", &[(60.0, 1.0), (120.0, 2.0)])], Some("n"), Some(("a", "b")));
        let cut = cut.index(whole.len());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let _ = runtime.block_on(asked(status, &noise));
        let spliced = [&whole[..cut], &noise, &whole[cut..]].concat();
        let _ = runtime.block_on(asked(status, &spliced));
    }
}
