//! What holds the evidence of a finding: as long as one that is high or critical is open, nothing may advise to replace it.

use std::collections::{BTreeMap, HashMap};

use super::finding::name;
use super::{Band, is_active};
use crate::model::Facts;
use crate::model::ecs::{EcsFacts, EcsIndex};
use crate::model::facts::Derived;
use crate::model::finding::{FindingFacts, Related};
use crate::text::Text;

/// The tasks, container instances and services that open findings of level high or critical concern, by their ARNs, each with
/// what the first of these is called. Taken by `facts.derived::<Evidence>()`.
#[derive(Debug, Default)]
pub struct Evidence {
    by_id: HashMap<Text, String>,
    /// Tasks of services, instances: what of each service is concerned.
    services: BTreeMap<Text, Vec<Text>>,
}

impl Derived for Evidence {
    fn derive(facts: &Facts) -> Self {
        let mut evidence = Self::default();
        let Some(found) = facts.get::<FindingFacts>() else { return evidence };
        let (related, index) = (facts.derived::<Related>(), facts.derived::<EcsIndex>());
        let is_grave = |score: f64| Band::of(score).is_some_and(|band| band >= Band::High);
        for finding in found.findings.iter().filter(|f| is_active(f) && f.severity.is_some_and(is_grave)) {
            let Some(resources) = related.of(finding.key()) else { continue };
            for subject in resources.named.iter().chain(&resources.beside) {
                evidence.by_id.entry(subject.id.clone()).or_insert_with(|| name(finding));
            }
        }
        for service in facts.get::<EcsFacts>().map_or(&[][..], |ecs| &ecs.services).iter().map(|seen| &seen.item) {
            let concerned = |id: &Text| evidence.by_id.contains_key(id).then(|| id.clone());
            let tasks = index.tasks(service).iter();
            let of = tasks.flat_map(|task| [Some(&task.arn), task.instance_arn.as_ref()].into_iter().flatten());
            let mut ids: Vec<Text> = of.chain([&service.arn]).filter_map(concerned).collect();
            ids.sort();
            ids.dedup();
            if !ids.is_empty() {
                evidence.services.insert(service.arn.clone(), ids);
            }
        }
        evidence
    }
}

impl Evidence {
    /// What was found on the thing with this ARN; of a service on its tasks and on the instances that they run on, too.
    #[must_use]
    pub fn on(&self, arn: &str) -> Option<&str> {
        let of_service = || self.services.get(arn)?.first().and_then(|id| self.by_id.get(id));
        self.by_id.get(arn).or_else(of_service).map(String::as_str)
    }

    /// A step that replaces the thing with this ARN, or instead why that must wait.
    #[must_use]
    pub fn unless_destroyed(&self, arn: &str, what: &str, step: impl Into<String>) -> String {
        self.on(arn).map_or_else(|| step.into(), |finding| waits(what, finding))
    }
}

/// That something must not be done yet.
fn waits(what: &str, finding: &str) -> String {
    format!("{what} yet: that would destroy the evidence of {finding} (view findings)")
}
