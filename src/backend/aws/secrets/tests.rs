use super::*;
use crate::backend::aws::replay::{self, json};
use crate::model::FaultKind;
use crate::time::Timestamp;

const CANARY: &str = "canary-never-shown";

fn answered(body: &str) -> (AwsSecrets, std::sync::Arc<std::sync::Mutex<Vec<String>>>) {
    let (config, access, sent) = replay::of([json(200, body)]);
    (AwsSecrets::new(&config, access), sent)
}

/// A secret with every member, its labels under the name that the answer has for them.
fn full_body(labels: &str) -> String {
    format!(
        r#"{{"ARN":"arn:s/db-AbCdEf","Name":"prod/db\u001b]0;x\u0007","Description":"{CANARY}","KmsKeyId":"alias/own",
        "RotationEnabled":true,"RotationLambdaARN":"arn:l","RotationRules":{{"AutomaticallyAfterDays":30,"Duration":"3h",
        "ScheduleExpression":"cron(0 16 1,15 * ? *)"}},"LastRotatedDate":1700000000.25,"LastChangedDate":1700000001,
        "LastAccessedDate":1699920000,"DeletedDate":1700600000,"NextRotationDate":1702600000,"CreatedDate":1600000000,
        "Tags":[{{"Key":"rotation","Value":"30"}},{{}}],"OwningService":"rds","PrimaryRegion":"eu-west-1","Type":"odd",
        "ExternalSecretRotationRoleArn":"{CANARY}",
        "{labels}":{{"v1":["AWSPREVIOUS"],"v2":["AWSCURRENT","AWSPENDING"],"v3":[]}}}}"#
    )
}

fn full() -> Secret {
    let some = |value: &str| Some(Text::from(value));
    let at = |secs| Some(Timestamp::from_secs(secs));
    let labels = |labels: &[&str]| labels.iter().map(|l| Text::from(*l)).collect::<Vec<_>>();
    Secret {
        name: "prod/db␛]0;x␇".into(),
        arn: "arn:s/db-AbCdEf".into(),
        key: some("alias/own"),
        rotation_enabled: Some(true),
        lambda: some("arn:l"),
        rotates_after_days: Some(30),
        schedule: some("cron(0 16 1,15 * ? *)"),
        window: some("3h"),
        rotated_at: Some(Timestamp::from_millis(1_700_000_000_250)),
        rotates_at: at(1_702_600_000),
        changed_at: at(1_700_000_001),
        accessed_at: at(1_699_920_000),
        deleted_at: at(1_700_600_000),
        created_at: at(1_600_000_000),
        owner: some("rds"),
        primary_region: some("eu-west-1"),
        versions: [
            ("v1".into(), labels(&["AWSPREVIOUS"])),
            ("v2".into(), labels(&["AWSCURRENT", "AWSPENDING"])),
            ("v3".into(), Vec::new()),
        ]
        .into(),
        tags: vec![("rotation".into(), "30".into()), (Text::default(), Text::default())],
        ..Secret::default()
    }
}

#[tokio::test]
async fn those_to_be_deleted_are_asked_for_and_every_field_but_the_description_is_kept() {
    let bare = r#"{"RotationRules":{"AutomaticallyAfterDays":-1},"LastRotatedDate":0,"KmsKeyId":""}"#;
    let body = format!(r#"{{"SecretList":[{},{bare}],"NextToken":"n"}}"#, full_body("SecretVersionsToStages"));
    let (secrets, sent) = answered(&body);
    let page = secrets.secrets(Some("m")).await.unwrap();
    assert_eq!((&page.items, page.next.as_deref()), (&vec![full(), Secret::default()], Some("n")));
    assert_eq!(sent.lock().unwrap()[0], r#"{"IncludePlannedDeletion":true,"MaxResults":100,"NextToken":"m"}"#);
    assert!(!format!("{page:?}").contains(CANARY));
}

#[tokio::test]
async fn a_secret_by_itself_is_read_as_in_the_list() {
    let (secrets, sent) = answered(&full_body("VersionIdsToStages"));
    assert_eq!(secrets.secret("arn:s/db-AbCdEf").await.unwrap(), full());
    assert_eq!(sent.lock().unwrap()[0], r#"{"SecretId":"arn:s/db-AbCdEf"}"#);
}

#[tokio::test]
async fn versions_without_a_label_are_listed_too() {
    let body = r#"{"Versions":[{"VersionId":"v1","VersionStages":["AWSCURRENT",""],"CreatedDate":1700000000},{}]}"#;
    let (secrets, sent) = answered(body);
    let page = secrets.versions("arn:s", None).await.unwrap();
    let first = Version {
        id: "v1".into(),
        stages: vec!["AWSCURRENT".into()],
        created_at: Some(Timestamp::from_secs(1_700_000_000)),
    };
    assert_eq!((page.items, page.next), (vec![first, Version::default()], None));
    assert_eq!(sent.lock().unwrap()[0], r#"{"SecretId":"arn:s","MaxResults":100,"IncludeDeprecated":true}"#);
}

#[tokio::test]
async fn a_list_that_breaks_off_is_malformed_and_its_fault_tells_nothing_of_it() {
    let body = format!(r#"{{"SecretList":[{}]}}"#, full_body("SecretVersionsToStages"));
    for end in (1..body.len()).step_by(7) {
        let fault = answered(&body[..end]).0.secrets(None).await.expect_err(&body[..end]);
        assert_eq!(fault.kind, FaultKind::Malformed, "{end}: {fault}");
        assert!(!format!("{fault} {fault:?}").contains("canary"), "{fault:?}");
    }
}

#[tokio::test]
async fn a_refusal_names_the_call() {
    let denied = || json(400, r#"{"__type":"AccessDeniedException","Message":"no"}"#);
    let (config, access, _) = replay::of([denied(), denied(), denied()]);
    let secrets = AwsSecrets::new(&config, access);
    for (fault, action) in [
        (secrets.secrets(None).await.unwrap_err(), "secretsmanager:ListSecrets"),
        (secrets.secret("s").await.unwrap_err(), "secretsmanager:DescribeSecret"),
        (secrets.versions("s", None).await.unwrap_err(), "secretsmanager:ListSecretVersionIds"),
    ] {
        assert_eq!((fault.kind, fault.action), (FaultKind::Denied, action), "{fault}");
    }
}
