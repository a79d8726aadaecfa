//! The GuardDuty feed: detectors and who administers them, and every finding that is not archived.
//!
//! The list of findings holds ids alone, so what is new is read at once, page by page, and what is known is read again at a slower pace: what is
//! on screen each time, everything else when it is older than five minutes, the longest unread first. What vanishes from the
//! list is read once more and stays, as archived, for as long as the console runs.

mod of_detector;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::future::join_all;
use futures_util::join;

use super::budget::GUARDDUTY;
use super::each::Each;
use super::pages::all_pages;
use super::part::{Part, when};
use super::{Context, Feed, FeedSpec};
use crate::model::finding::{Detector, Finding, FindingFacts, FindingsRead};
use crate::model::{Facts, Fault};
use crate::store::{Gap, Snapshot};
use crate::text::Text;
use crate::time::Timestamp;
use of_detector::OfDetector;

const DETECTORS: &str = "guardduty:ListDetectors";
const DETECTOR: &str = "guardduty:GetDetector";
const ADMINISTRATOR: &str = "guardduty:GetAdministratorAccount";

/// Polls come up to a tenth early.
const EARLY: Duration = Duration::from_secs(30);
/// Between polls while a list was left off.
const GOES_ON: Duration = Duration::from_secs(10);
/// How often detectors are read again.
const RARELY: Duration = FindingsRead::DETECTORS_EVERY.saturating_sub(EARLY);

/// `guardduty`.
pub const SPEC: FeedSpec = FeedSpec {
    id: "guardduty",
    domain: "guardduty",
    doc: "GuardDuty: detectors and what they watch, every finding that is not archived, and what was archived meanwhile",
    actions: &[DETECTORS, DETECTOR, ADMINISTRATOR, of_detector::LIST, of_detector::GET],
    after: None,
    interval: FindingsRead::FINDINGS_EVERY,
    deadline: Duration::from_mins(1),
    rules_tell_gaps: false,
    is_apart: false,
    start: || Box::new(GuardDutyFeed::default()),
};

#[derive(Default)]
struct GuardDutyFeed {
    list: Part<String>,
    detectors: Each<Detector>,
    administrators: Each<Option<Text>>,
    findings: Vec<OfDetector>,
    polled_at: Option<Timestamp>,
}

#[async_trait]
impl Feed for GuardDutyFeed {
    async fn poll(&mut self, context: &Context, _: &Facts) -> Result<Snapshot, Fault> {
        let now = context.clock.now();
        self.polled_at = Some(now);
        let listed = when(self.list.is_due(now, RARELY, context.asked), list(context)).await;
        let mut brought = self.list.take(listed, Clone::clone, now);
        let ids = self.list.items().to_vec();
        self.findings.retain(|of| ids.contains(&of.detector));
        for id in &ids {
            if !self.findings.iter().any(|of| of.detector == *id) {
                self.findings.push(OfDetector::new(id));
            }
        }
        let (gate, ports) = (&context.gate, &context.backend.guardduty);
        let every = if context.asked { Duration::ZERO } else { RARELY };
        let detector = |id: String| async move { gate.read(&GUARDDUTY, DETECTOR, || ports.detector(&id)).await };
        let administrator =
            |id: String| async move { gate.read(&GUARDDUTY, ADMINISTRATOR, || ports.administrator(&id)).await };
        let (detectors, administrators, findings) = join!(
            self.detectors.read(context, &ids, every, detector),
            self.administrators.read(context, &ids, every, administrator),
            join_all(self.findings.iter_mut().map(|of| of.read(context))),
        );
        brought |= detectors || administrators || findings.contains(&true);
        let gaps = self.gaps(&ids);
        // What is remembered is no news: where nothing could be read, that is the result.
        if let Some(gap) = gaps.first().filter(|_| !brought) {
            return Err(gap.fault.clone());
        }
        let data = Arc::new(self.facts(&ids, context.stack.protected));
        Ok(Snapshot { taken_at: now, data, gaps, slowed: context.gate.was_slowed() })
    }

    fn is_unfinished(&self) -> bool {
        self.findings.iter().any(OfDetector::goes_on)
    }

    /// Findings are listed each minute, whatever is on screen; a list that was left off goes on sooner.
    fn due(&self, _: &[Text], _: &Facts, now: Timestamp) -> Option<Duration> {
        let every = if self.is_unfinished() { GOES_ON } else { FindingsRead::FINDINGS_EVERY };
        Some((self.polled_at? + every).since(now))
    }
}

impl GuardDutyFeed {
    fn gaps(&self, ids: &[String]) -> Vec<Gap> {
        let own = [
            self.list.gap("detector", "GuardDuty detectors"),
            self.detectors.gap("detector", ids, "GuardDuty detectors described"),
            self.administrators.gap("detector", ids, "administrators of GuardDuty"),
        ];
        own.into_iter().flatten().chain(self.findings.iter().flat_map(OfDetector::gaps)).collect()
    }

    fn facts(&self, ids: &[String], protected: bool) -> FindingFacts {
        let mut findings: Vec<Finding> = self.findings.iter().flat_map(OfDetector::findings).collect();
        let score = |f: &Finding| f.severity.filter(|score| score.is_finite()).unwrap_or_default();
        findings.sort_by(|a, b| {
            let by_score = score(b).total_cmp(&score(a));
            by_score.then_with(|| b.updated_at.cmp(&a.updated_at)).then_with(|| a.id.cmp(&b.id))
        });
        let read = self.findings.iter().map(OfDetector::listed_at);
        // Where there is no detector there is nothing to list.
        let oldest = read.min().unwrap_or_else(|| self.list.whole_at());
        FindingFacts {
            detectors: ids.iter().map(|id| self.detector(id)).collect(),
            findings,
            changes: self.findings.iter().flat_map(OfDetector::changes).collect(),
            read_at: FindingsRead { detectors: self.list.whole_at(), findings: oldest },
            protected,
        }
    }

    /// What is known of a detector, if only its id.
    fn detector(&self, id: &str) -> Detector {
        let known = self.detectors.get(id).map(|(_, detector)| detector.clone()).unwrap_or_default();
        let administrator = self.administrators.get(id).map(|(_, account)| account.clone());
        Detector { id: Text::from(id), administrator, ..known }
    }
}

async fn list(context: &Context) -> super::pages::Listed<String> {
    let (gate, ports) = (&context.gate, &context.backend.guardduty);
    let page = |token: Option<String>| async move {
        gate.read(&GUARDDUTY, DETECTORS, || ports.detectors(token.as_deref())).await
    };
    let mut listed = all_pages(DETECTORS, Clone::clone, page).await;
    listed.items.sort();
    listed
}

#[cfg(test)]
mod tests;
