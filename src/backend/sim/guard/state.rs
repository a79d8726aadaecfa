//! The detector and what it found.

use std::time::Duration;

use fastrand::Rng;

use super::spec::{DetectorSpec, FindingSpec, ResourceSpec};
use crate::backend::change::Change;
use crate::backend::sim::actions::refused;
use crate::backend::sim::names::Home;
use crate::backend::sim::port_guardduty::BAD;
use crate::backend::sim::scenario::Scenario;
use crate::backend::sim::world::World;
use crate::model::Fault;
use crate::model::finding::Concerned;
use crate::text::Text;
use crate::time::Timestamp;

/// A finding is there some minutes after what it saw.
const LAG: Duration = Duration::from_secs(150);

/// GuardDuty of the account and region.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::backend::sim) struct Guard {
    pub detector: Option<(String, DetectorSpec)>,
    /// Findings a script may bring.
    pub known: Vec<FindingSpec>,
    /// In the order they were made.
    pub findings: Vec<Finding>,
    rng: Rng,
}

/// A finding that was made.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::backend::sim) struct Finding {
    pub id: String,
    pub spec: FindingSpec,
    pub resource: Concerned,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub first_seen_at: Timestamp,
    pub last_seen_at: Timestamp,
    pub count: u32,
    pub archived: bool,
}

impl Guard {
    pub fn new(scenario: &Scenario, seed: u64) -> Self {
        let mut rng = Rng::with_seed(seed);
        let detector = scenario.detector.clone().map(|spec| (format!("{:032x}", rng.u128(..)), spec));
        Self { detector, known: scenario.findings.clone(), findings: Vec::new(), rng }
    }
}

impl World {
    /// The findings that were made before the start.
    pub(in crate::backend::sim) fn add_findings(&mut self) {
        let mut past: Vec<(Duration, FindingSpec)> =
            self.guard.known.iter().filter_map(|spec| Some((spec.ago?, spec.clone()))).collect();
        past.sort_by_key(|(ago, _)| std::cmp::Reverse(*ago));
        for (ago, spec) in past {
            let until = spec.seen_for.unwrap_or_default();
            self.make_finding(spec, self.now - ago, until);
        }
    }

    /// A finding the script has kept back is made, or one that is there is seen once more.
    pub(in crate::backend::sim) fn find(&mut self, name: &str) {
        let now = self.now;
        if let Some(finding) = self.guard.findings.iter_mut().find(|f| f.spec.name == name) {
            finding.count += 1;
            finding.updated_at = now;
            finding.last_seen_at = now - LAG;
            return;
        }
        if let Some(spec) = self.guard.known.iter().find(|f| f.name == name).cloned() {
            self.make_finding(spec, now, Duration::ZERO);
        }
    }

    /// Somebody archives a finding.
    pub(in crate::backend::sim) fn archive_finding(&mut self, name: &str) {
        let now = self.now;
        if let Some(finding) = self.guard.findings.iter_mut().find(|f| f.spec.name == name) {
            finding.archived = true;
            finding.updated_at = now;
        }
    }

    /// Archives a finding of this detector, or takes that back.
    ///
    /// # Errors
    /// Refused by GuardDuty: the detector is another one's or administered by another account, or has no such finding.
    pub(in crate::backend::sim) fn set_archived(
        &mut self,
        detector: &str,
        finding: &str,
        archived: bool,
    ) -> Result<(), Fault> {
        let action = if archived { Change::ARCHIVE } else { Change::UNARCHIVE };
        let now = self.now;
        if self.owned(detector, action)?.detector.as_ref().is_some_and(|(_, spec)| spec.administrator.is_some()) {
            let why = "The request is rejected because a member account cannot change findings of its administrator.";
            return Err(refused(action, BAD, why));
        }
        let Some(found) = self.guard.findings.iter_mut().find(|known| known.id == finding) else {
            let why =
                "The request is rejected because an invalid or out-of-range value is specified as an input parameter.";
            return Err(refused(action, BAD, why));
        };
        if found.archived != archived {
            found.archived = archived;
            found.updated_at = now;
        }
        let Home { region, account, .. } = &self.home;
        let arn = format!("arn:aws:guardduty:{region}:{account}:detector/{detector}/finding/{finding}");
        self.changed(action, arn, format!("archived={archived}"));
        Ok(())
    }

    fn make_finding(&mut self, spec: FindingSpec, at: Timestamp, seen_for: Duration) {
        let finding = Finding {
            id: format!("{:032x}", self.guard.rng.u128(..)),
            resource: self.concerned(&spec.resource),
            created_at: at,
            updated_at: at + seen_for,
            first_seen_at: at - LAG,
            last_seen_at: at + seen_for - LAG,
            count: spec.count,
            archived: spec.archived,
            spec,
        };
        self.guard.findings.push(finding);
    }

    fn concerned(&self, resource: &ResourceSpec) -> Concerned {
        match resource {
            ResourceSpec::TaskOf(service) => self.task_concerned(service),
            ResourceSpec::Instance(name) => Concerned {
                kind: Some(Text::from("Instance")),
                instance: self.instance_named(name).map(|i| Text::from(&self.instances[i].ec2_id)),
                ..Concerned::default()
            },
            ResourceSpec::Database(name) => Concerned {
                kind: Some(Text::from("RDSDBInstance")),
                database: Some(Text::from(name)),
                ..Concerned::default()
            },
            ResourceSpec::Other { kind, name } => {
                Concerned { kind: Some(Text::from(kind)), other: Some(Text::from(name)), ..Concerned::default() }
            }
        }
    }

    fn task_concerned(&self, service: &str) -> Concerned {
        let kind = Some(Text::from("ECSCluster"));
        let Some(s) = self.services.iter().position(|s| s.spec.name == service) else { return Concerned::default() };
        let tasks = self.services[s].tasks.iter().filter_map(|key| self.tasks.get(key));
        let oldest = tasks.filter(|t| t.ready).min_by_key(|t| (t.started_at, &t.arn));
        Concerned {
            kind,
            cluster: Some(Text::from(&self.clusters[self.services[s].cluster].arn)),
            task: oldest.map(|t| Text::from(&t.arn)),
            container: oldest.and_then(|t| t.definition.containers.first()).map(|(name, _)| Text::from(name)),
            ..Concerned::default()
        }
    }
}
