//! Secrets and task definitions on moto, findings on localemu: what the adapters read is what boto3 lists.

use std::collections::BTreeMap;
use std::io::Write;

use rounds::backend::ports::{Backend, limits};
use rounds::model::secret::Secret;
use rounds::text::Text;
use serde_json::{Value, json};

use crate::binary::rounds;
use crate::databases::all;
use crate::patience::patiently;
use crate::support::opinion::second_opinion;
use crate::support::python::testbed;
use crate::support::server::Server;

/// One more than a page.
const COUNT: &str = "101";
/// Where localemu listens unless it is told otherwise.
const LOCALEMU: &str = "http://127.0.0.1:4566";

fn by(all: impl IntoIterator<Item = Value>, name: &str) -> BTreeMap<String, Value> {
    all.into_iter().map(|one| (one[name].as_str().expect("a name").to_owned(), one)).collect()
}

fn list(listed: &Value, what: &str) -> Vec<Value> {
    listed[what].as_array().expect("a list").clone()
}

/// What is there of these values; the form of `second_opinion.py`.
fn kept(values: Value) -> Value {
    let Value::Object(members) = values else { return values };
    members.into_iter().filter(|(_, value)| !value.is_null()).collect()
}

fn words(text: Option<&Text>) -> Option<&str> {
    text.map(Text::as_str)
}

fn secret(of: &Secret) -> Value {
    let at = |at: Option<rounds::time::Timestamp>| at.map(|at| at.millis() / 1_000);
    let labels = |(id, labels): (&Text, &Vec<Text>)| {
        let mut labels: Vec<&str> = labels.iter().map(Text::as_str).collect();
        labels.sort_unstable();
        (id.to_string(), json!(labels))
    };
    let versions: serde_json::Map<String, Value> = of.versions.iter().map(labels).collect();
    kept(json!({
        "ARN": of.arn.as_str(), "Name": of.name.as_str(), "KmsKeyId": words(of.key.as_ref()),
        "RotationEnabled": of.rotation_enabled, "RotationLambdaARN": words(of.lambda.as_ref()),
        "days": of.rotates_after_days, "LastRotatedDate": at(of.rotated_at), "DeletedDate": at(of.deleted_at),
        "CreatedDate": at(of.created_at), "versions": versions,
        "tags": of.tags.iter().map(|(key, value)| [key.as_str(), value.as_str()]).collect::<Vec<_>>(),
    }))
}

/// The secrets of all pages, one by itself, and its versions, as boto3 has them.
async fn as_boto3(aws: &Backend, listed: &Value) {
    let (read, pages) = all(async |token| aws.secrets.secrets(token.as_deref()).await).await;
    assert_eq!((read.len(), pages), (101, 2));
    assert_eq!(by(read.iter().map(secret), "ARN"), by(list(listed, "secrets"), "ARN"));
    assert!(!format!("{read:?}").contains("not to be read"), "descriptions are left where they are");
    let rotated = read.iter().find(|secret| secret.rotates_after_days == Some(30)).expect("one rotates");
    let alone = patiently(async || aws.secrets.secret(&rotated.arn).await).await.expect("a secret");
    assert_eq!((&alone.versions, alone.rotates_after_days), (&rotated.versions, Some(30)));
    let doomed = read.iter().filter(|secret| secret.deleted_at.is_some()).count();
    assert_eq!(doomed, 1, "one is to be deleted, and listed all the same");
    let (versions, _) = all(async |token| aws.secrets.versions(&rotated.arn, token.as_deref()).await).await;
    assert!(versions.iter().any(|v| v.stages.iter().any(|label| *label == *Secret::CURRENT)), "{versions:?}");
}

/// What `rounds export secrets` prints is what boto3 lists, each secret once.
async fn exported(server: &Server, listed: &Value) {
    let run = rounds("export secrets --format json", &server.endpoint).await;
    let document = run.document();
    let rows = document["rows"].as_array().expect("rows").iter();
    let rows = rows.map(|row| json!({ "id": row["id"], "name": row["secret"], "rotates": row["rotation_enabled"] }));
    let theirs = list(listed, "secrets")
        .into_iter()
        .map(|s| json!({ "id": s["ARN"], "name": s["Name"], "rotates": s["RotationEnabled"] }));
    assert_eq!(by(rows, "id"), by(theirs, "id"), "{}", run.err);
    assert!(!run.out.contains("not to be read"));
}

#[tokio::test(flavor = "multi_thread")]
async fn secrets_and_task_definitions_of_moto_are_what_boto3_lists() {
    let Some(testbed) = testbed() else { return };
    let server = Server::start(testbed, "moto_server.py");
    let listed = second_opinion(testbed, &[&server.endpoint, "secrets", COUNT]);
    let aws = crate::connect(&server.endpoint).await;
    as_boto3(&aws, &listed).await;
    exported(&server, &listed).await;
    for theirs in list(&listed, "definitions") {
        let arn = theirs["arn"].as_str().expect("an ARN");
        let read = patiently(async || aws.task_definitions.task_definition(arn).await).await.expect("a definition");
        let handed: Vec<[&str; 3]> = read.secrets.iter().map(|h| [&*h.container, &*h.name, &*h.from]).collect();
        assert_eq!((read.arn.as_str(), json!(handed)), (arn, theirs["handed"].clone()));
        assert!(!format!("{read:?}").contains("not to be read"), "environment is left where it is");
    }
}

/// Needs a localemu that runs: `ROUNDS_TEST_LOCALEMU` is its endpoint, or `1` for the one it has unless told otherwise.
#[tokio::test(flavor = "multi_thread")]
async fn findings_of_localemu_are_what_boto3_lists_archived_or_not() {
    let endpoint = match std::env::var("ROUNDS_TEST_LOCALEMU") {
        Ok(named) if named == "1" => LOCALEMU.to_owned(),
        Ok(named) => named,
        Err(_) => {
            writeln!(std::io::stderr(), "skipped: ROUNDS_TEST_LOCALEMU names no localemu").expect("stderr");
            return;
        }
    };
    let Some(testbed) = testbed() else { return };
    let listed = second_opinion(testbed, &[&endpoint, "findings"]);
    let aws = crate::connect(&endpoint).await;
    let detector = listed["detector"].as_str().expect("a detector");
    let (detectors, _) = all(async |token| aws.guardduty.detectors(token.as_deref()).await).await;
    assert_eq!(detectors, [detector]);
    let found = patiently(async || aws.guardduty.detector(detector).await).await.expect("a detector");
    assert_eq!((found.status.as_deref(), found.frequency.as_deref()), (Some("ENABLED"), Some("SIX_HOURS")));
    let administrator = patiently(async || aws.guardduty.administrator(detector).await).await;
    assert_eq!(administrator, Ok(None));
    for (archived, what) in [(false, "active"), (true, "archived")] {
        let next = async |token: Option<String>| aws.guardduty.finding_ids(detector, archived, token.as_deref()).await;
        let (ids, pages) = all(next).await;
        let mut read = Vec::new();
        for batch in ids.chunks(limits::FINDINGS_PAGE) {
            read.extend(patiently(async || aws.guardduty.findings(detector, batch).await).await.expect("findings"));
        }
        let read = read.iter().map(|finding| {
            kept(json!({
                "Id": finding.id.as_str(), "Arn": finding.arn.as_str(), "Type": finding.kind.as_str(),
                "Severity": finding.severity, "Title": words(finding.title.as_ref()), "Count": finding.count,
                "Archived": finding.archived, "AccountId": words(finding.account.as_ref()),
                "ResourceType": words(finding.resource.kind.as_ref()),
                "InstanceId": words(finding.resource.instance.as_ref()),
            }))
        });
        let theirs = list(&listed, what);
        writeln!(std::io::stderr(), "localemu: {} findings {what}, {pages} pages", theirs.len()).expect("stderr");
        assert!(!theirs.is_empty());
        assert_eq!(by(read, "Id"), by(theirs, "Id"), "{what}");
    }
    let run = rounds("export findings --format json", &endpoint).await;
    let document = run.document();
    let rows = document["rows"].as_array().expect("rows").iter();
    let rows = rows
        .map(|row| json!({ "id": row["finding_id"], "type": row["type"], "score": row["severity_score"].as_f64() }));
    let theirs = list(&listed, "active").into_iter();
    let theirs = theirs.map(|f| json!({ "id": f["Id"], "type": f["Type"], "score": f["Severity"].as_f64() }));
    assert_eq!(by(rows, "id"), by(theirs, "id"), "{}", run.err);
}
