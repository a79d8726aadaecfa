use super::*;
use crate::backend::aws::replay::{self, json};
use crate::model::FaultKind;
use crate::model::finding::Concerned;
use crate::time::Timestamp;

const CANARY: &str = "canary-never-shown";

type Sent = std::sync::Arc<std::sync::Mutex<Vec<String>>>;

fn answered(body: &str) -> (AwsGuardDuty, Sent) {
    let (config, access, sent) = replay::of([json(200, body)]);
    (AwsGuardDuty::new(&config, access), sent)
}

#[expect(clippy::unnecessary_wraps, reason = "most members of a model are optional")]
fn some(value: &str) -> Option<Text> {
    Some(Text::from(value))
}

#[tokio::test]
async fn a_detector_tells_what_it_watches_in_words_of_today_and_of_tomorrow() {
    let (guardduty, _) = answered(
        r#"{"status":"ENABLED","findingPublishingFrequency":"EACH_SECOND","serviceRole":"arn:r","features":[
        {"name":"RUNTIME_MONITORING","status":"ENABLED","additionalConfiguration":[
          {"name":"ECS_FARGATE_AGENT_MANAGEMENT","status":"DISABLED"},{"name":"NEW","status":"HALF"},{}]},
        {"name":"QUANTUM","status":"ENABLED"},{"name":"S3_DATA_EVENTS"},{}]}"#,
    );
    let detector = guardduty.detector("d1").await.unwrap();
    let feature = |name: &str, status: Option<&str>| Feature { name: name.into(), status: status.map(Text::from) };
    let features = vec![
        feature("RUNTIME_MONITORING", Some("ENABLED")),
        feature("RUNTIME_MONITORING/ECS_FARGATE_AGENT_MANAGEMENT", Some("DISABLED")),
        feature("RUNTIME_MONITORING/NEW", Some("HALF")),
        feature("QUANTUM", Some("ENABLED")),
        feature("S3_DATA_EVENTS", None),
    ];
    let full = Detector {
        id: "d1".into(),
        status: some("ENABLED"),
        frequency: some("EACH_SECOND"),
        features,
        administrator: None,
    };
    assert_eq!(detector, full);
    let bare = answered("{}").0.detector("d1").await.unwrap();
    assert_eq!(bare, Detector { id: "d1".into(), ..Detector::default() });
}

#[tokio::test]
async fn an_account_without_an_administrator_is_its_own() {
    let of = |body| async move { answered(body).0.administrator("d1").await.unwrap() };
    let member = r#"{"administrator":{"accountId":"999988887777","relationshipStatus":"Enabled"}}"#;
    assert_eq!(of(member).await, some("999988887777"));
    assert_eq!((of("{}").await, of(r#"{"administrator":{}}"#).await), (None, None));
}

#[tokio::test]
async fn findings_are_listed_the_most_severe_first_and_an_empty_token_ends_the_list() {
    let (guardduty, sent) = answered(r#"{"findingIds":["f1","f2"],"nextToken":""}"#);
    let page = guardduty.finding_ids("d1", false, Some("m")).await.unwrap();
    assert_eq!(page, Page { items: vec!["f1".to_owned(), "f2".to_owned()], next: None });
    let asked = sent.lock().unwrap()[0].clone();
    for part in [
        r#""criterion":{"service.archived":{"equals":["false"]}}"#,
        r#""sortCriteria":{"attributeName":"severity","orderBy":"DESC"}"#,
        r#""maxResults":50"#,
        r#""nextToken":"m""#,
    ] {
        assert!(asked.contains(part), "{asked}");
    }
    let (guardduty, _) = answered(r#"{"detectorIds":["d1"],"nextToken":"n"}"#);
    let page = guardduty.detectors(None).await.unwrap();
    assert_eq!(page, Page { items: vec!["d1".to_owned()], next: Some("n".to_owned()) });
}

const FULL: &str = r#"{"id":"f1","arn":"arn:f1","accountId":"111122223333","region":"eu-west-1","schemaVersion":"2.0",
    "type":"CryptoCurrency:Runtime/BitcoinTool.B","severity":8.5,"title":"Bitcoin \u001b[2J tool",
    "description":"process \u202exmr\u202c of api","createdAt":"2026-03-14T03:12:44.123Z",
    "updatedAt":"2026-03-14T04:00:00Z","confidence":9.0,
    "service":{"archived":false,"count":7,"detectorId":"d1","eventFirstSeen":"2026-03-14T03:00:00.000Z",
      "eventLastSeen":"2026-03-14T03:59:00.000Z","additionalInfo":{"value":"{\"a\":\"\\\"sample\\\":true\"}","type":"default"},
      "runtimeDetails":{"process":{"name":"canary-never-shown","executablePath":"/tmp/canary-never-shown"}},
      "action":{"actionType":"NEW","dnsRequestAction":{"domain":"canary-never-shown.example"}}},
    "resource":{"resourceType":"ECSCluster","instanceDetails":{"instanceId":"i-1","tags":[{"key":"k","value":"canary-never-shown"}]},
      "ecsClusterDetails":{"name":"ehr","arn":"arn:c/ehr","taskDetails":{"arn":"arn:t/ehr/1",
        "containers":[{"name":"first"},{"name":"second"}]}},
      "rdsDbInstanceDetails":{"dbInstanceIdentifier":"ehr-1"},"rdsDbUserDetails":{"user":"canary-never-shown"},
      "s3BucketDetails":[{},{"name":"bucket"}],"lambdaDetails":{"functionName":"fn"}}}"#;

async fn read(findings: &str) -> Vec<Finding> {
    let (guardduty, sent) = answered(&format!(r#"{{"findings":[{findings}]}}"#));
    let found = guardduty.findings("d1", &["f1".to_owned(), "f2".to_owned()]).await.unwrap();
    assert!(sent.lock().unwrap()[0].contains(r#""findingIds":["f1","f2"]"#));
    found
}

#[tokio::test]
async fn a_finding_keeps_what_it_is_about_and_none_of_what_was_seen() {
    let at = |time| Timestamp::parse(time).ok();
    let full = Finding {
        id: "f1".into(),
        arn: "arn:f1".into(),
        detector: "d1".into(),
        kind: "CryptoCurrency:Runtime/BitcoinTool.B".into(),
        title: some("Bitcoin \u{1b}[2J tool"),
        description: some("process \u{202e}xmr\u{202c} of api"),
        severity: Some(8.5),
        count: Some(7),
        created_at: at("2026-03-14T03:12:44.123Z"),
        updated_at: at("2026-03-14T04:00:00Z"),
        first_seen_at: at("2026-03-14T03:00:00Z"),
        last_seen_at: at("2026-03-14T03:59:00Z"),
        archived: Some(false),
        account: some("111122223333"),
        region: some("eu-west-1"),
        sample: false,
        resource: Concerned {
            kind: some("ECSCluster"),
            instance: some("i-1"),
            cluster: some("arn:c/ehr"),
            task: some("arn:t/ehr/1"),
            container: some("first"),
            database: some("ehr-1"),
            other: some("bucket"),
        },
    };
    let found = read(FULL).await;
    assert_eq!(found, [full]);
    assert_eq!(found[0].title.as_deref(), Some("Bitcoin ␛[2J tool"), "no escape code comes through");
    assert!(!found[0].description.as_deref().unwrap().contains('\u{202e}'));
    assert!(!format!("{found:?}").contains(CANARY));
}

#[tokio::test]
async fn what_is_absent_or_makes_no_sense_is_absent() {
    let bare = Finding { detector: "d1".into(), ..Finding::default() };
    let odd = r#"{"severity":0,"createdAt":"yesterday","updatedAt":"1970-01-01T00:00:00Z","service":{"count":-3}}"#;
    let found = read(&format!("{{}},{odd}")).await;
    assert_eq!(found, [bare.clone(), Finding { count: Some(0), ..bare }]);
}

#[tokio::test]
async fn samples_are_known_by_their_title_and_by_their_service() {
    let by_service = r#"{"service":{"additionalInfo":{"value":"{ \"unusual\" : {}, \"sample\" : true }"}}}"#;
    let found =
        read(&format!(r#"{{"title":"[SAMPLE] x"}},{by_service},{{"title":"x [SAMPLE]"}},{{"title":"sample"}},{FULL}"#))
            .await;
    let samples: Vec<bool> = found.iter().map(|finding| finding.sample).collect();
    assert_eq!(samples, [true, true, false, false, false]);
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_malformed_and_its_fault_tells_nothing_of_it() {
    let body = format!(r#"{{"findings":[{FULL}]}}"#);
    for end in (1..body.len()).step_by(7) {
        let fault = answered(&body[..end]).0.findings("d1", &[]).await.expect_err(&body[..end]);
        assert_eq!(fault.kind, FaultKind::Malformed, "{end}: {fault}");
        assert!(!format!("{fault} {fault:?}").contains("canary"), "{fault:?}");
    }
}

#[tokio::test]
async fn a_refusal_names_the_call() {
    let denied = || json(403, r#"{"__type":"AccessDeniedException","message":"no"}"#);
    let (config, access, _) = replay::of([denied(), denied(), denied(), denied(), denied()]);
    let guardduty = AwsGuardDuty::new(&config, access);
    for (fault, action) in [
        (guardduty.detectors(None).await.unwrap_err(), "guardduty:ListDetectors"),
        (guardduty.detector("d").await.unwrap_err(), "guardduty:GetDetector"),
        (guardduty.administrator("d").await.unwrap_err(), "guardduty:GetAdministratorAccount"),
        (guardduty.finding_ids("d", true, None).await.unwrap_err(), "guardduty:ListFindings"),
        (guardduty.findings("d", &[]).await.unwrap_err(), "guardduty:GetFindings"),
    ] {
        assert_eq!((fault.kind, fault.action), (FaultKind::Denied, action), "{fault}");
    }
}
