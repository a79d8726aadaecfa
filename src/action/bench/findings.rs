//! Reads of GuardDuty.

use super::Bench;
use crate::feed::GUARDDUTY;
use crate::model::Fault;
use crate::model::finding::Finding;
use crate::text::Text;

impl Bench {
    /// The ids of the detectors there are.
    ///
    /// # Errors
    /// The fault of the first call that failed.
    pub async fn detectors(&self) -> Result<Vec<String>, Fault> {
        const ACTION: &str = "guardduty:ListDetectors";
        let ports = &self.backend.guardduty;
        let mut ids = Vec::new();
        let mut token: Option<String> = None;
        loop {
            let page = self.gate.read(&GUARDDUTY, ACTION, || ports.detectors(token.as_deref())).await?;
            ids.extend(page.items);
            if page.next.is_none() || page.next == token {
                return Ok(ids);
            }
            token = page.next;
        }
    }

    /// The account that administers a detector; `None` where its own account does.
    ///
    /// # Errors
    /// The fault of the call.
    pub async fn administrator(&self, detector: &str) -> Result<Option<Text>, Fault> {
        let ports = &self.backend.guardduty;
        self.gate.read(&GUARDDUTY, "guardduty:GetAdministratorAccount", || ports.administrator(detector)).await
    }

    /// One finding as it is now, archived or not; `None` where the detector does not know it.
    ///
    /// # Errors
    /// The fault of the call.
    pub async fn finding(&self, detector: &str, id: &str) -> Result<Option<Finding>, Fault> {
        let (ports, ids) = (&self.backend.guardduty, [id.to_owned()]);
        let found = self.gate.read(&GUARDDUTY, "guardduty:GetFindings", || ports.findings(detector, &ids)).await?;
        Ok(found.into_iter().find(|finding| *finding.id == *id))
    }
}
