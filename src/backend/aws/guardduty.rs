//! Amazon GuardDuty.

mod changes;
mod findings;

use async_trait::async_trait;
use aws_config::SdkConfig;
use aws_sdk_guardduty::Client;
use aws_sdk_guardduty::config::Builder;
use aws_sdk_guardduty::operation::get_detector::GetDetectorOutput;
use aws_sdk_guardduty::types::{Condition, DetectorFeatureConfigurationResult, FindingCriteria, OrderBy, SortCriteria};

use super::access::Access;
use super::values::{text, token, word};
use super::whole::Whole;
use crate::backend::ports::{GuardDuty, Page, limits};
use crate::model::Fault;
use crate::model::finding::{Detector, Feature, Finding};
use crate::text::Text;

/// What findings are listed by.
const ARCHIVED: &str = "service.archived";

/// The adapter.
pub(super) struct AwsGuardDuty {
    client: Client,
    access: Access,
}

impl AwsGuardDuty {
    pub fn new(config: &SdkConfig, access: Access) -> Self {
        Self { client: Client::from_conf(Builder::from(config).interceptor(Whole).build()), access }
    }
}

/// `maxResults` of every list.
fn page_size() -> i32 {
    i32::try_from(limits::FINDINGS_PAGE).unwrap_or(i32::MAX)
}

fn most_severe_first() -> SortCriteria {
    SortCriteria::builder().attribute_name("severity").order_by(OrderBy::Desc).build()
}

#[async_trait]
impl GuardDuty for AwsGuardDuty {
    async fn detectors(&self, from: Option<&str>) -> Result<Page<String>, Fault> {
        let request = self.client.list_detectors().max_results(page_size()).set_next_token(from.map(str::to_owned));
        let page = self.access.ask("guardduty:ListDetectors", request.send()).await?;
        Ok(Page { items: page.detector_ids().to_vec(), next: token(page.next_token()) })
    }

    async fn detector(&self, id: &str) -> Result<Detector, Fault> {
        let request = self.client.get_detector().detector_id(id);
        let answer = self.access.ask("guardduty:GetDetector", request.send()).await?;
        Ok(detector(id, &answer))
    }

    async fn administrator(&self, detector: &str) -> Result<Option<Text>, Fault> {
        let request = self.client.get_administrator_account().detector_id(detector);
        let answer = self.access.ask("guardduty:GetAdministratorAccount", request.send()).await?;
        Ok(answer.administrator().and_then(|administrator| text(administrator.account_id())))
    }

    async fn finding_ids(&self, detector: &str, archived: bool, from: Option<&str>) -> Result<Page<String>, Fault> {
        let condition = Condition::builder().equals(archived.to_string()).build();
        let request = self
            .client
            .list_findings()
            .detector_id(detector)
            .finding_criteria(FindingCriteria::builder().criterion(ARCHIVED, condition).build())
            .sort_criteria(most_severe_first())
            .max_results(page_size())
            .set_next_token(from.map(str::to_owned));
        let page = self.access.ask("guardduty:ListFindings", request.send()).await?;
        Ok(Page { items: page.finding_ids().to_vec(), next: token(page.next_token()) })
    }

    async fn findings(&self, detector: &str, ids: &[String]) -> Result<Vec<Finding>, Fault> {
        let request = self
            .client
            .get_findings()
            .detector_id(detector)
            .set_finding_ids(Some(ids.to_vec()))
            .sort_criteria(most_severe_first());
        let answer = self.access.ask("guardduty:GetFindings", request.send()).await?;
        Ok(answer.findings().iter().map(|raw| findings::finding(detector, raw)).collect())
    }
}

fn detector(id: &str, raw: &GetDetectorOutput) -> Detector {
    Detector {
        id: Text::new(id),
        status: word(raw.status()),
        frequency: word(raw.finding_publishing_frequency()),
        features: raw.features().iter().flat_map(features).collect(),
        administrator: None,
    }
}

/// A feature and the parts of it that are switched by themselves.
fn features(raw: &DetectorFeatureConfigurationResult) -> Vec<Feature> {
    let Some(name) = word(raw.name()) else { return Vec::new() };
    let parts = raw.additional_configuration().iter().filter_map(|part| {
        let own = word(part.name())?;
        Some(Feature { name: Text::new(&format!("{name}/{own}")), status: word(part.status()) })
    });
    let parts: Vec<Feature> = parts.collect();
    let whole = Feature { name, status: word(raw.status()) };
    std::iter::once(whole).chain(parts).collect()
}

#[cfg(test)]
mod tests;
