//! Amazon GuardDuty of a simulated world.

use async_trait::async_trait;

use super::Sim;
use super::actions::refused;
use super::guard::Guard;
use super::paging::List;
use super::world::World;
use crate::backend::ports::{GuardDuty, Page, limits};
use crate::model::Fault;
use crate::model::finding::{Detector, Finding};
use crate::text::Text;

/// What GuardDuty says of everything it does not like.
pub(super) const BAD: &str = "BadRequestException";

const fn list(action: &'static str) -> List {
    let refusal = (BAD, "The request is rejected because the parameter nextToken has an invalid value.");
    List { action, size: limits::FINDINGS_PAGE, refusal }
}

#[async_trait]
impl GuardDuty for Sim {
    async fn detectors(&self, token: Option<&str>) -> Result<Page<String>, Fault> {
        let action = "guardduty:ListDetectors";
        self.call(action, |world| {
            let ids: Vec<&String> = world.guard.detector.iter().map(|(id, _)| id).collect();
            list(action).page("", token, 0..ids.len(), |key| ids[key].clone())
        })
        .await
    }

    async fn detector(&self, id: &str) -> Result<Detector, Fault> {
        let action = "guardduty:GetDetector";
        self.call(action, |world| world.owned(id, action)?.detector_facts(id).ok_or_else(|| not_owned(action))).await
    }

    async fn administrator(&self, detector: &str) -> Result<Option<Text>, Fault> {
        let action = "guardduty:GetAdministratorAccount";
        self.call(action, |world| {
            let spec = world.owned(detector, action)?.detector.as_ref().map(|(_, spec)| spec);
            Ok(spec.and_then(|spec| spec.administrator.as_ref()).map(Text::from))
        })
        .await
    }

    async fn finding_ids(&self, detector: &str, archived: bool, token: Option<&str>) -> Result<Page<String>, Fault> {
        let action = "guardduty:ListFindings";
        self.call(action, |world| {
            let guard = world.owned(detector, action)?;
            let places = guard.by_severity(archived);
            let of = format!("{detector} {archived}");
            list(action).page(&of, token, 0..places.len(), |key| guard.findings[places[key]].id.clone())
        })
        .await
    }

    async fn findings(&self, detector: &str, ids: &[String]) -> Result<Vec<Finding>, Fault> {
        let action = "guardduty:GetFindings";
        if ids.len() > limits::FINDINGS_PAGE {
            let why = "The request is rejected because the parameter findingIds has more than 50 items.";
            return Err(refused(action, BAD, why));
        }
        self.call(action, |world| {
            let guard = world.owned(detector, action)?;
            let found = ids.iter().filter_map(|id| guard.findings.iter().position(|f| f.id == *id));
            Ok(found.map(|n| guard.finding_facts(n, &world.home)).collect())
        })
        .await
    }
}

impl World {
    /// GuardDuty, if the detector is its own.
    pub(super) fn owned(&self, detector: &str, action: &'static str) -> Result<&Guard, Fault> {
        let is_own = self.guard.detector.as_ref().is_some_and(|(id, _)| id == detector);
        if is_own { Ok(&self.guard) } else { Err(not_owned(action)) }
    }
}

fn not_owned(action: &'static str) -> Fault {
    let why = "The request is rejected because the input detectorId is not owned by the current account.";
    refused(action, BAD, why)
}
