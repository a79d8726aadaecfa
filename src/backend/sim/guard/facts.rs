//! What GuardDuty answers.

use super::state::Guard;
use crate::backend::sim::names::Home;
use crate::model::finding::{Detector, Feature, Finding};
use crate::text::Text;

impl Guard {
    /// The detector with this id, all but who administers it.
    pub fn detector_facts(&self, id: &str) -> Option<Detector> {
        let (known, spec) = self.detector.as_ref().filter(|(known, _)| known == id)?;
        let feature =
            |name: &String, status: &str| Feature { name: Text::from(name), status: Some(Text::from(status)) };
        let on = spec.on.iter().map(|name| feature(name, "ENABLED"));
        Some(Detector {
            id: Text::from(known),
            status: Some(Text::from(&spec.status)),
            frequency: Some(Text::from(&spec.frequency)),
            features: on.chain(spec.off.iter().map(|name| feature(name, "DISABLED"))).collect(),
            administrator: None,
        })
    }

    /// Places of the findings that are, or are not, archived: the most severe first, then the newest.
    pub fn by_severity(&self, archived: bool) -> Vec<usize> {
        let mut places: Vec<usize> =
            (0..self.findings.len()).filter(|n| self.findings[*n].archived == archived).collect();
        places
            .sort_by(|a, b| self.findings[*b].spec.severity.total_cmp(&self.findings[*a].spec.severity).then(b.cmp(a)));
        places
    }

    pub fn finding_facts(&self, n: usize, home: &Home) -> Finding {
        let finding = &self.findings[n];
        let spec = &finding.spec;
        let detector = self.detector.as_ref().map_or("", |(id, _)| id);
        let Home { region, account, .. } = home;
        let arn = format!("arn:aws:guardduty:{region}:{account}:detector/{detector}/finding/{}", finding.id);
        let title = if spec.sample { format!("[SAMPLE] {}", spec.title) } else { spec.title.clone() };
        Finding {
            id: Text::from(&finding.id),
            arn: Text::from(arn),
            detector: Text::from(detector),
            kind: Text::from(&spec.kind),
            title: Some(Text::from(title)),
            description: Some(Text::from(&spec.description)),
            severity: Some(spec.severity),
            count: Some(finding.count.into()),
            created_at: Some(finding.created_at),
            updated_at: Some(finding.updated_at),
            first_seen_at: Some(finding.first_seen_at),
            last_seen_at: Some(finding.last_seen_at),
            archived: Some(finding.archived),
            account: Some(Text::from(spec.account.as_ref().unwrap_or(account))),
            region: Some(Text::from(region)),
            sample: spec.sample,
            resource: finding.resource.clone(),
        }
    }
}
