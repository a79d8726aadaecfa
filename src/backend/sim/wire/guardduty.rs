//! Amazon GuardDuty on the wire.

use serde_json::Value;

use super::buckets::Class;
use super::changes;
use super::guardduty_shapes as shapes;
use super::object::Object;
use super::paging::{Bounds, every, newest_first};
use super::params::Params;
use super::refusal::Failure;
use super::rest::Route;
use super::service::{Call, Handler, Operation, Protocol, Service};
use crate::backend::change::Change;
use crate::backend::ports::limits;
use crate::model::finding::Finding;
use crate::text::Text;

/// The service.
pub const SERVICE: Service = Service {
    name: "guardduty",
    iam: "guardduty",
    protocol: Protocol::Rest {
        routes: &[
            Route { method: "GET", path: "/detector", operation: "ListDetectors" },
            Route { method: "GET", path: "/detector/{detectorId}", operation: "GetDetector" },
            Route { method: "GET", path: "/detector/{detectorId}/administrator", operation: "GetAdministratorAccount" },
            Route { method: "POST", path: "/detector/{detectorId}/findings", operation: "ListFindings" },
            Route { method: "POST", path: "/detector/{detectorId}/findings/get", operation: "GetFindings" },
            Route { method: "POST", path: "/detector/{detectorId}/findings/archive", operation: "ArchiveFindings" },
            Route { method: "POST", path: "/detector/{detectorId}/findings/unarchive", operation: "UnarchiveFindings" },
        ],
    },
    operations: &[
        read("ListDetectors", |c| Box::pin(list_detectors(c))),
        read("GetDetector", |c| Box::pin(get_detector(c))),
        read("GetAdministratorAccount", |c| Box::pin(get_administrator(c))),
        read("ListFindings", |c| Box::pin(list_findings(c))),
        read("GetFindings", |c| Box::pin(get_findings(c))),
        modify("ArchiveFindings", |c| Box::pin(set_archived(c, true))),
        modify("UnarchiveFindings", |c| Box::pin(set_archived(c, false))),
    ],
};

const fn read(name: &'static str, handler: Handler) -> Operation {
    Operation { name, class: Class::FindingRead, handler }
}

const fn modify(name: &'static str, handler: Handler) -> Operation {
    Operation { name, class: Class::FindingModify, handler }
}

/// Default and most of every list (API reference).
const PAGE: Bounds =
    Bounds { token: "nextToken", size: "maxResults", least: 1, default: 50, most: limits::FINDINGS_PAGE };

/// The one attribute findings can be chosen by here.
const ARCHIVED: &str = "service.archived";

async fn list_detectors(call: &Call<'_>) -> Result<Value, Failure> {
    call.params.refuse_all_but(&["maxResults", "nextToken"])?;
    let (page, next) = call.pages.cut(detectors(call).await?, |id| id, &PAGE)?;
    let ids = page.into_iter().map(Value::from);
    Ok(Object::default().list("detectorIds", ids, |id| id).maybe("nextToken", next.as_deref()).done())
}

async fn detectors(call: &Call<'_>) -> Result<Vec<String>, Failure> {
    let port = &call.backend.guardduty;
    every(|token| Box::pin(async move { port.detectors(token.as_deref()).await })).await
}

/// The detector that is asked about.
async fn asked<'a>(call: &'a Call<'_>) -> Result<&'a str, Failure> {
    let wanted = call.params.text("detectorId")?.unwrap_or_default();
    if detectors(call).await?.iter().any(|id| id == wanted) {
        return Ok(wanted);
    }
    let message = "The request is rejected because the input detectorId is not owned by the current account.";
    Err(Failure::invalid(message))
}

async fn get_detector(call: &Call<'_>) -> Result<Value, Failure> {
    let detector = call.backend.guardduty.detector(asked(call).await?).await?;
    let account = call.backend.sts.caller().await?.account;
    Ok(shapes::detector(&detector, &account))
}

async fn get_administrator(call: &Call<'_>) -> Result<Value, Failure> {
    let account = call.backend.guardduty.administrator(asked(call).await?).await?;
    Ok(shapes::administrator(account.as_ref()))
}

async fn list_findings(call: &Call<'_>) -> Result<Value, Failure> {
    let known = ["detectorId", "findingCriteria", "maxResults", "nextToken", "sortCriteria"];
    call.params.refuse_all_but(&known)?;
    let (archived, order) = (archived_asked(call.params)?, Order::of(call.params)?);
    let detector = asked(call).await?;
    let port = &call.backend.guardduty;
    let mut ids = Vec::new();
    for is_archived in [false, true].into_iter().filter(|is| archived.is_none_or(|asked| asked == *is)) {
        let page =
            |token: Option<String>| async move { port.finding_ids(detector, is_archived, token.as_deref()).await };
        ids.extend(every(|token| Box::pin(page(token))).await?);
    }
    let mut keyed = Vec::with_capacity(ids.len());
    for some in ids.chunks(limits::FINDINGS_PAGE) {
        keyed.extend(port.findings(detector, some).await?.iter().map(|f| (order.key(f), f.id.to_string())));
    }
    let (page, next) = call.pages.cut(keyed, |(key, _)| key, &PAGE)?;
    let ids = page.into_iter().map(|(_, id)| Value::from(id));
    // The last page has an empty token here, where other services leave it out.
    Ok(Object::default().list("findingIds", ids, |id| id).put("nextToken", next.as_deref().unwrap_or_default()).done())
}

async fn get_findings(call: &Call<'_>) -> Result<Value, Failure> {
    call.params.refuse_all_but(&["detectorId", "findingIds", "sortCriteria"])?;
    let order = Order::of(call.params)?;
    let wanted = named(call)?;
    let mut found = call.backend.guardduty.findings(asked(call).await?, &wanted).await?;
    found.sort_by_cached_key(|finding| order.key(finding));
    let account = call.backend.sts.caller().await?.account;
    Ok(Object::default().list("findings", &found, |f| shapes::finding(f, &account, call.region)).done())
}

/// The findings that are named.
fn named(call: &Call<'_>) -> Result<Vec<String>, Failure> {
    let Some(wanted) = call.params.texts("findingIds")? else {
        return Err(Failure::invalid("The request is rejected because the required parameter findingIds is missing."));
    };
    if wanted.len() > limits::FINDINGS_PAGE {
        let message = "The request is rejected because the number of findingIds is out of range.";
        return Err(Failure::invalid(message));
    }
    Ok(wanted.into_iter().map(str::to_owned).collect())
}

/// Archives findings or takes that back: one at a time, which is all that is sent here.
async fn set_archived(call: &Call<'_>, archived: bool) -> Result<Value, Failure> {
    call.params.refuse_all_but(&["detectorId", "findingIds"])?;
    let [finding] =
        named(call)?.try_into().map_err(|_| Failure::invalid("this endpoint takes one finding at a time"))?;
    let (detector, finding) = (Text::from(asked(call).await?), Text::from(finding));
    changes::send(call, &Change::FindingArchived { detector, finding, archived }).await?;
    Ok(Object::default().done())
}

/// Whether archived findings are asked for, or those that are not; `None`: both.
fn archived_asked(params: &Params) -> Result<Option<bool>, Failure> {
    let Some(criteria) = params.structure("findingCriteria")? else { return Ok(None) };
    let Some(criterion) = criteria.structure("criterion")? else { return Ok(None) };
    criterion.refuse_all_but(&[ARCHIVED])?;
    let Some(condition) = criterion.structure(ARCHIVED)? else { return Ok(None) };
    condition.refuse_all_but(&["eq", "equals"])?;
    let values = match condition.texts("equals")? {
        Some(values) => values,
        None => condition.texts("eq")?.unwrap_or_default(),
    };
    match values.as_slice() {
        ["true"] => Ok(Some(true)),
        ["false"] => Ok(Some(false)),
        _ => Err(Failure::invalid(format!("{ARCHIVED} is either [\"true\"] or [\"false\"]"))),
    }
}

/// How findings are sorted.
enum Order {
    Severity,
    SeverityDown,
    Id,
}

impl Order {
    fn of(params: &Params) -> Result<Self, Failure> {
        let Some(asked) = params.structure("sortCriteria")? else { return Ok(Self::Id) };
        let down = asked.choice("orderBy", &["ASC", "DESC"])? == Some("DESC");
        Ok(match asked.choice("attributeName", &["severity"])? {
            Some(_) if down => Self::SeverityDown,
            Some(_) => Self::Severity,
            None => Self::Id,
        })
    }

    /// What sorts a finding into its place; of equal ones, those that changed last come first.
    fn key(&self, finding: &Finding) -> String {
        let severity = finding.severity.unwrap_or_default().clamp(0.0, 99.0);
        let rank = match self {
            Self::Severity => severity,
            Self::SeverityDown => 100.0 - severity,
            Self::Id => return finding.id.to_string(),
        };
        format!("{rank:07.3}|{}", newest_first(finding.updated_at, &finding.id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Timestamp;

    #[test]
    fn the_most_severe_stand_first_and_of_equal_ones_the_newest() {
        let finding = |id: &str, severity, updated| Finding {
            id: Text::from(id),
            severity: Some(severity),
            updated_at: Some(Timestamp::from_secs(updated)),
            ..Finding::default()
        };
        let mut all = [finding("a", 2.0, 9), finding("b", 10.0, 1), finding("c", 8.5, 1), finding("d", 8.5, 2)];
        let sorted = |all: &mut [Finding], order: &Order| {
            all.sort_by_key(|finding| order.key(finding));
            all.iter().map(|finding| finding.id.to_string()).collect::<String>()
        };
        assert_eq!(sorted(&mut all, &Order::SeverityDown), "bdca");
        assert_eq!(sorted(&mut all, &Order::Severity), "adcb");
        assert_eq!(sorted(&mut all, &Order::Id), "abcd");
    }

    #[test]
    fn what_is_archived_is_told_by_one_word() {
        let asked = |condition: &str| {
            let body = format!(r#"{{"findingCriteria":{{"criterion":{condition}}}}}"#);
            archived_asked(&Params::json(body.as_bytes()).unwrap())
        };
        assert_eq!(asked("{}"), Ok(None));
        assert_eq!(asked(r#"{"service.archived":{"equals":["true"]}}"#), Ok(Some(true)));
        assert_eq!(asked(r#"{"service.archived":{"eq":["false"]}}"#), Ok(Some(false)));
        for refused in [r#"{"severity":{"gte":4}}"#, r#"{"service.archived":{"eq":["maybe"]}}"#] {
            assert!(asked(refused).is_err(), "{refused}");
        }
    }
}
