use minicbor::Encoder;
use minicbor::data::{IanaTag, Tag};
use serde_json::json;

use super::*;
use crate::backend::aws::replay::{self, cbor};
use crate::model::FaultKind;

/// A tree in CBOR; the numbers of members whose names say so are times.
fn packed(tree: &Value) -> Vec<u8> {
    let mut out = Encoder::new(Vec::new());
    put(&mut out, "", tree).unwrap();
    out.into_writer()
}

fn put(
    out: &mut Encoder<Vec<u8>>,
    name: &str,
    value: &Value,
) -> Result<(), minicbor::encode::Error<std::convert::Infallible>> {
    match value {
        Value::Null => drop(out.null()?),
        Value::Bool(flag) => drop(out.bool(*flag)?),
        Value::String(text) => drop(out.str(text)?),
        Value::Number(number) if name.ends_with("imestamp") => {
            out.tag(Tag::from(IanaTag::Timestamp))?.f64(number.as_f64().unwrap())?;
        }
        Value::Number(number) => match number.as_i64() {
            Some(whole) => drop(out.i64(whole)?),
            None => drop(out.f64(number.as_f64().unwrap())?),
        },
        Value::Array(items) => {
            out.array(items.len() as u64)?;
            items.iter().try_for_each(|item| put(out, name, item))?;
        }
        Value::Object(members) => {
            out.begin_map()?;
            for (name, value) in members {
                put(out.str(name)?, name, value)?;
            }
            out.end()?;
        }
    }
    Ok(())
}

#[expect(clippy::unnecessary_wraps, reason = "most members of a model are optional")]
fn some(value: &str) -> Option<Text> {
    Some(Text::from(value))
}

#[expect(clippy::unnecessary_wraps, reason = "most members of a model are optional")]
fn at(seconds: i64) -> Option<Timestamp> {
    Some(Timestamp::from_secs(seconds))
}

async fn alarms(answer: Value) -> Vec<Alarm> {
    let (config, access, sent) = replay::of([cbor(200, &packed(&answer))]);
    let page = AwsAlarms::new(&config, access).alarms(Some("m-1")).await.unwrap();
    let asked = sent.lock().unwrap()[0].clone();
    for part in ["AlarmTypes", "MetricAlarm", "CompositeAlarm", "MaxRecords", "m-1"] {
        assert!(asked.contains(part), "{part}: {asked:?}");
    }
    assert_eq!(page.next.as_deref(), answer["NextToken"].as_str().filter(|token| !token.is_empty()));
    page.items
}

async fn transitions(items: Value) -> Vec<Transition> {
    let (config, access, sent) = replay::of([cbor(200, &packed(&json!({ "AlarmHistoryItems": items })))]);
    let page = AwsAlarms::new(&config, access).transitions(Timestamp::from_secs(1_000), None).await.unwrap();
    let asked = sent.lock().unwrap()[0].clone();
    for part in ["MetricAlarm", "CompositeAlarm", "StateUpdate", "StartDate", "TimestampDescending", "MaxRecords"] {
        assert!(asked.contains(part), "{part}: {asked:?}");
    }
    assert!(!asked.contains("EndDate") && page.next.is_none(), "{asked:?}");
    page.items
}

fn metric_alarm() -> Value {
    json!({
        "AlarmName": "cpu\u{1b}[2J high", "AlarmArn": "arn:cpu", "AlarmDescription": "for people",
        "ActionsEnabled": false, "AlarmActions": ["arn:policy", ""], "OKActions": ["arn:ok"], "StateValue": "ALARM",
        "StateReason": "Threshold Crossed", "StateUpdatedTimestamp": 2000, "StateTransitionedTimestamp": 1500,
        "MetricName": "CPUUtilization", "Namespace": "AWS/ECS", "Statistic": "Average",
        "Dimensions": [{"Name": "ServiceName", "Value": "ehr-api"}, {}], "Period": 60, "EvaluationPeriods": 3,
        "DatapointsToAlarm": 2, "Threshold": 62.5, "ComparisonOperator": "GreaterThanThreshold",
        "TreatMissingData": "breaching", "EvaluationState": "PARTIAL_DATA",
    })
}

fn composite_alarm() -> Value {
    json!({
        "AlarmName": "pages", "AlarmArn": "arn:pages", "AlarmRule": "ALARM(cpu)", "ActionsEnabled": true,
        "AlarmActions": ["arn:topic"], "StateValue": "LEVITATING", "StateReason": "arn:cpu went to ALARM",
        "StateUpdatedTimestamp": 2000, "ActionsSuppressedBy": "WaitPeriod", "ActionsSuppressor": "deploys",
    })
}

#[tokio::test]
async fn metric_and_composite_alarms_keep_every_field() {
    let answer = json!({
        "MetricAlarms": [metric_alarm()], "CompositeAlarms": [composite_alarm()], "NextToken": "n",
    });
    let pages = Alarm {
        name: "pages".into(),
        arn: "arn:pages".into(),
        watches: Watches::Alarms("ALARM(cpu)".into()),
        state: some("LEVITATING"),
        reason: some("arn:cpu went to ALARM"),
        since: at(2_000),
        actions_enabled: Some(true),
        actions: vec!["arn:topic".into()],
        suppressed_by: some("WaitPeriod"),
    };
    let cpu = Alarm {
        name: "cpu\u{1b}[2J high".into(),
        arn: "arn:cpu".into(),
        watches: Watches::Metric(MetricAlarm {
            namespace: some("AWS/ECS"),
            metric: some("CPUUtilization"),
            dimensions: vec![("ServiceName".into(), "ehr-api".into()), (Text::default(), Text::default())],
            statistic: some("Average"),
            comparison: some("GreaterThanThreshold"),
            threshold: Some(62.5),
            period: Some(Duration::from_mins(1)),
            evaluation_periods: Some(3),
            datapoints_to_alarm: Some(2),
            treat_missing: some("breaching"),
            evaluation: some("PARTIAL_DATA"),
        }),
        state: some("ALARM"),
        reason: some("Threshold Crossed"),
        since: at(1_500),
        actions_enabled: Some(false),
        actions: vec!["arn:policy".into()],
        suppressed_by: None,
    };
    let read = alarms(answer).await;
    assert_eq!(read, [pages, cpu]);
    assert!(!read[1].name.contains('\u{1b}'));
}

#[tokio::test]
async fn what_an_expression_compares_is_named() {
    let stat = |name: &str| {
        let metric = json!({"Namespace": "AWS/RDS", "MetricName": name, "Dimensions": [{"Name": "Db", "Value": "x"}]});
        json!({"Metric": metric, "Period": 300, "Stat": "p99"})
    };
    let of = |metrics: Value, more: Value| {
        let mut alarm = json!({"AlarmName": "x", "Metrics": metrics});
        alarm.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json!({ "MetricAlarms": [alarm] })
    };
    let compared = async |answer| match alarms(answer).await.remove(0).watches {
        Watches::Metric(metric) => metric,
        Watches::Alarms(rule) => panic!("{rule}"),
    };
    let sum = json!([{"Id": "m1", "MetricStat": stat("Reads"), "ReturnData": false},
        {"Id": "e1", "Expression": "SUM(METRICS())", "Label": "all reads", "Period": 60}]);
    let read = compared(of(sum, json!({"Threshold": 5.0}))).await;
    assert_eq!((read.namespace, read.metric.as_deref(), read.threshold), (None, Some("all reads"), Some(5.0)));
    assert_eq!((read.period, read.statistic), (Some(Duration::from_mins(1)), None));
    let unlabelled = compared(of(json!([{"Id": "e1", "Expression": "1"}]), json!({}))).await;
    assert_eq!((unlabelled.metric.as_deref(), unlabelled.threshold), (Some("e1"), None));
    // A band, which is what the metric is compared with.
    let band = json!([{"Id": "ad1", "Expression": "ANOMALY_DETECTION_BAND(m1)"},
        {"Id": "m1", "MetricStat": stat("CPUUtilization"), "ReturnData": true}]);
    let read = compared(of(band, json!({"ThresholdMetricId": "ad1", "ComparisonOperator": "Sideways"}))).await;
    assert_eq!((read.namespace.as_deref(), read.metric.as_deref()), (Some("AWS/RDS"), Some("CPUUtilization")));
    assert_eq!((read.dimensions, read.statistic.as_deref()), (vec![("Db".into(), "x".into())], Some("p99")));
    assert_eq!((read.period, read.threshold), (Some(Duration::from_mins(5)), None));
    assert_eq!(read.comparison.as_deref(), Some("Sideways"));
}

#[tokio::test]
async fn what_is_absent_stays_absent() {
    let composite = Alarm { watches: Watches::Alarms(Text::default()), ..Alarm::default() };
    let read = alarms(json!({"MetricAlarms": [{}], "CompositeAlarms": [{}], "NextToken": ""})).await;
    assert_eq!(read, [composite, Alarm::default()]);
    assert_eq!(alarms(json!({})).await, []);
    let strange = json!({"Period": 0, "Threshold": f64::MAX, "StateValue": "", "ExtendedStatistic": "p90"});
    let read = alarms(json!({ "MetricAlarms": [strange] })).await;
    let metric = MetricAlarm { threshold: Some(f64::MAX), statistic: some("p90"), ..MetricAlarm::default() };
    assert_eq!(read, [Alarm { watches: Watches::Metric(metric), ..Alarm::default() }]);
    assert_eq!(transitions(json!([{}])).await, [Transition::default()]);
}

#[tokio::test]
async fn a_change_says_from_what_to_what_and_why() {
    let data = |text: String| {
        json!({
            "AlarmName": "cpu", "AlarmType": "CompositeAlarm", "Timestamp": 1500, "HistoryItemType": "StateUpdate",
            "HistorySummary": "Alarm updated from OK to ALARM", "HistoryData": text,
        })
    };
    let whole = json!({
        "version": "1.0", "type": "Update",
        "oldState": {"stateValue": "OK", "stateReason": "was fine"},
        "newState": {"stateValue": "ALARM", "stateReason": "crossed\u{9b}31m", "stateReasonData": {"period": 60}},
    })
    .to_string();
    let summary = some("Alarm updated from OK to ALARM");
    let told = |from, to, reason| Transition { alarm: "cpu".into(), at: at(1_500), from, to, reason };
    for (text, expected) in [
        (whole.clone(), told(some("OK"), some("ALARM"), some("crossed\u{9b}31m"))),
        (r#"{"newState": {"stateValue": "OK"}}"#.to_owned(), told(None, some("OK"), summary.clone())),
        (r#"{"oldState": "OK", "newState": {"stateValue": 7}}"#.to_owned(), told(None, None, summary.clone())),
        (whole[..whole.len() - 3].to_owned(), told(None, None, summary.clone())),
        ("[1]".to_owned(), told(None, None, summary.clone())),
        ("[".repeat(5_000), told(None, None, summary.clone())),
        (String::new(), told(None, None, summary.clone())),
    ] {
        let read = transitions(json!([data(text.clone())])).await;
        assert_eq!(read, [expected], "{text}");
        assert!(!read[0].reason.as_deref().unwrap().contains('\u{9b}'));
    }
}

/// What both lists make of the same answer.
async fn both(status: u16, body: &[u8]) -> [Result<usize, (FaultKind, &'static str)>; 2] {
    let (config, access, _) = replay::of([cbor(status, body), cbor(status, body)]);
    let cloudwatch = AwsAlarms::new(&config, access);
    let told = |fault: Fault| (fault.kind, fault.action);
    [
        cloudwatch.alarms(None).await.map(|page| page.items.len()).map_err(told),
        cloudwatch.transitions(Timestamp::from_secs(1), None).await.map(|page| page.items.len()).map_err(told),
    ]
}

#[tokio::test]
async fn refusals_are_told_by_their_codes_and_calls() {
    for (status, code, kind) in [
        (400, "ThrottlingException", FaultKind::Throttled),
        (403, "AccessDenied", FaultKind::Denied),
        (400, "InvalidNextToken", FaultKind::Rejected),
        (501, "NotImplemented", FaultKind::Unsupported),
        (500, "InternalServiceFault", FaultKind::Server),
    ] {
        let body = packed(&json!({"__type": code, "message": "because"}));
        let expected = ["cloudwatch:DescribeAlarms", "cloudwatch:DescribeAlarmHistory"];
        assert_eq!(both(status, &body).await, expected.map(|action| Err((kind, action))), "{code}");
    }
}

#[tokio::test]
async fn an_answer_that_is_cut_off_or_of_another_form_is_no_shorter_list() {
    let item = json!({"AlarmName": "cpu", "Timestamp": 1500, "HistorySummary": "x"});
    let whole = [
        packed(&json!({"MetricAlarms": [metric_alarm(), metric_alarm()], "CompositeAlarms": [composite_alarm()]})),
        packed(&json!({ "AlarmHistoryItems": [item, item, item] })),
    ];
    for (place, whole) in whole.iter().enumerate() {
        assert_eq!(both(200, whole).await[place], Ok(3));
        for end in (1..whole.len()).step_by(7) {
            let told = both(200, &whole[..end]).await;
            assert!(matches!(told[place], Err((FaultKind::Malformed, _))), "{end}: {told:?}");
        }
    }
    for body in [&b""[..], b"{}", b"<html>", b"\xff\xff", b"\x9b\xff\xff\xff\xff\xff\xff\xff\xff"] {
        assert!(both(200, body).await.iter().all(|told| matches!(told, Err((FaultKind::Malformed, _)))), "{body:?}");
        assert!(both(500, body).await.iter().all(|told| matches!(told, Err((FaultKind::Server, _)))), "{body:?}");
    }
}
