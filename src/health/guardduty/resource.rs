//! What findings concern: the task, the container instance or the database shows it, too.

use std::collections::HashMap;

use super::finding::{cause, judge, known_at, level, name};
use super::is_active;
use crate::health::{About, Rule, Sink, words};
use crate::model::finding::{Finding, FindingFacts, Related};
use crate::model::{Facts, Severity};
use crate::text::Text;

pub(in super::super) const RESOURCE: Rule = Rule {
    id: "guardduty-resource",
    domain: "guardduty",
    doc: "A task, a container instance or a database that a finding names. It is as bad as the worst of its findings, and said once \
          together with that one.",
    source: "GuardDuty API: Resource.EcsClusterDetails, InstanceDetails, RdsDbInstanceDetails",
    thresholds: &[],
    read_at: Facts::taken_at::<FindingFacts>,
    check: resource,
};

fn resource(facts: &Facts, sink: &mut Sink<'_>) {
    let Some((found, at)) = known_at(facts) else { return };
    let mut sink = sink.at(at);
    let related = facts.derived::<Related>();
    let mut by_key: HashMap<&Text, Vec<usize>> = HashMap::new();
    for (at, finding) in found.findings.iter().enumerate().filter(|(_, finding)| is_active(finding)) {
        by_key.entry(finding.key()).or_default().push(at);
    }
    for (subject, keys) in related.subjects() {
        let mut places: Vec<usize> = keys.iter().filter_map(|key| by_key.get(key)).flatten().copied().collect();
        places.sort_unstable();
        places.dedup();
        let named = places.into_iter().filter_map(|at| found.findings.get(at));
        let mut judged: Vec<(Severity, &Finding)> = named.map(|f| (judge(f, &sink).severity, f)).collect();
        // Stable: of equally bad ones the first in the feed's order, which is by score.
        judged.sort_by_key(|(severity, _)| std::cmp::Reverse(*severity));
        let Some((severity, worst)) = judged.first().copied() else { continue };
        let others = judged.len() - 1;
        let more = if others > 0 { format!(" and {}", words::count(others, "other finding")) } else { String::new() };
        let verdict = judge(worst, &sink);
        let overdue = if verdict.overdue.is_some() { ", overdue" } else { "" };
        let mut about = About::new(format!("GuardDuty: {}, {}{overdue}{more}", name(worst), level(worst, &verdict)))
            .since(worst.created_at)
            .cause(cause(worst));
        for (_, finding) in &judged {
            about = about.with("finding", format!("{} {}", name(finding), finding.id));
        }
        let about = about.next(
            "look at the finding, which tells what to do, before anything is stopped, drained or replaced: that destroys evidence",
        );
        sink.found(severity, subject.clone(), about);
    }
}
