//! GuardDuty models in the members and types of the API.

use serde_json::{Value, json};

use super::CANARY;
use super::object::{Object, known};
use crate::model::finding::{Concerned, Detector, Feature, Finding};
use crate::text::Text;
use crate::time::Timestamp;

const SWITCH: &[&str] = &["ENABLED", "DISABLED"];
const FREQUENCIES: &[&str] = &["FIFTEEN_MINUTES", "ONE_HOUR", "SIX_HOURS"];

/// GuardDuty writes its times as text; one that is required and not known is the epoch.
fn time(at: Option<Timestamp>) -> String {
    at.unwrap_or(Timestamp::from_secs(0)).rfc3339()
}

/// A detector; one of which it is not known whether it is on, is off.
pub fn detector(detector: &Detector, account: &str) -> Value {
    let role = format!(
        "arn:aws:iam::{account}:role/aws-service-role/guardduty.amazonaws.com/AWSServiceRoleForAmazonGuardDuty"
    );
    let wholes = detector.features.iter().filter(|feature| !feature.name.contains('/'));
    Object::default()
        .put("serviceRole", role.as_str())
        .put("status", known(detector.status.as_ref(), SWITCH).map_or("DISABLED", Text::as_str))
        .maybe("findingPublishingFrequency", known(detector.frequency.as_ref(), FREQUENCIES))
        .list("features", wholes, |whole| feature(whole, &detector.features))
        .done()
}

/// A feature with its parts among `all`.
fn feature(whole: &Feature, all: &[Feature]) -> Value {
    let part = |part: &Feature| {
        let name = part.name.strip_prefix(whole.name.as_str())?.strip_prefix('/')?;
        let status = known(part.status.as_ref(), SWITCH);
        Some(Object::default().put("name", name).maybe("status", status).done())
    };
    Object::default()
        .put("name", &whole.name)
        .maybe("status", known(whole.status.as_ref(), SWITCH))
        .list("additionalConfiguration", all.iter().filter_map(part), |part| part)
        .done()
}

/// The answer about the administrator; that of an account that has none is empty.
pub fn administrator(account: Option<&Text>) -> Value {
    let administrator =
        account.map(|account| json!({ "accountId": account.as_str(), "relationshipStatus": "Enabled" }));
    json!({ "administrator": administrator.unwrap_or_else(|| json!({})) })
}

/// A finding, and beside what the model holds of it what it does not: what was seen at work.
pub fn finding(finding: &Finding, account: &Text, region: &str) -> Value {
    Object::default()
        .put("id", &finding.id)
        .put("arn", &finding.arn)
        .put("accountId", finding.account.as_ref().unwrap_or(account))
        .put("partition", "aws")
        .put("region", finding.region.as_deref().unwrap_or(region))
        .put("schemaVersion", "2.0")
        .put("type", &finding.kind)
        .maybe("title", finding.title.as_ref())
        .maybe("description", finding.description.as_ref())
        .put("severity", &finding.severity.unwrap_or_default())
        .put("createdAt", time(finding.created_at).as_str())
        .put("updatedAt", time(finding.updated_at).as_str())
        .put("service", &service(finding))
        .put("resource", &resource(&finding.resource))
        .done()
}

fn service(finding: &Finding) -> Value {
    let info = json!({ "value": format!("{{\"sample\":{}}}", finding.sample), "type": "default" });
    let process = json!({
        "name": CANARY, "executablePath": format!("/tmp/{CANARY}"), "user": CANARY, "pid": 7,
    });
    let action = json!({ "actionType": "DNS_REQUEST", "dnsRequestAction": { "domain": format!("{CANARY}.example") } });
    Object::default()
        .put("serviceName", "guardduty")
        .put("detectorId", &finding.detector)
        .maybe("archived", finding.archived.as_ref())
        .maybe("count", finding.count.as_ref())
        .maybe("eventFirstSeen", finding.first_seen_at.map(Timestamp::rfc3339).as_deref())
        .maybe("eventLastSeen", finding.last_seen_at.map(Timestamp::rfc3339).as_deref())
        .put("additionalInfo", &info)
        .put("runtimeDetails", &json!({ "process": process }))
        .put("action", &action)
        .done()
}

fn resource(concerned: &Concerned) -> Value {
    let container = concerned.container.as_ref().map(|name| json!({ "name": name.as_str() }));
    let tags = json!([{ "key": "note", "value": CANARY }]);
    let instance = concerned.instance.as_ref().map(|id| json!({ "instanceId": id.as_str(), "tags": tags }));
    let database = concerned.database.as_ref().map(|id| json!({ "dbInstanceIdentifier": id.as_str(), "tags": tags }));
    let user = concerned.database.as_ref().map(|_| json!({ "user": CANARY, "database": CANARY }));
    let other = concerned.other.as_ref().map(|name| json!({ "userName": name.as_str() }));
    Object::default()
        .maybe("resourceType", concerned.kind.as_ref())
        .maybe("instanceDetails", instance.as_ref())
        .maybe("ecsClusterDetails", cluster(concerned, container.as_ref()).as_ref())
        .maybe("containerDetails", container.as_ref().filter(|_| concerned.task.is_none()))
        .maybe("rdsDbInstanceDetails", database.as_ref())
        .maybe("rdsDbUserDetails", user.as_ref())
        .maybe("accessKeyDetails", other.as_ref())
        .done()
}

/// The cluster and the task in it, with the one container that is known of it.
fn cluster(concerned: &Concerned, container: Option<&Value>) -> Option<Value> {
    let task = concerned
        .task
        .as_ref()
        .map(|arn| Object::default().put("arn", arn).list("containers", container, Clone::clone).done());
    if task.is_none() && concerned.cluster.is_none() {
        return None;
    }
    let arn = concerned.cluster.as_ref();
    let name = arn.and_then(|arn| arn.rsplit_once('/')).map(|(_, name)| name);
    Some(Object::default().maybe("name", name).maybe("arn", arn).maybe("taskDetails", task.as_ref()).done())
}
