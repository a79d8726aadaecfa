//! What GuardDuty found, and found again.

use super::{Pen, Seen, Source, Told, mark};
use crate::model::ecs::EcsIndex;
use crate::model::finding::{Finding, FindingFacts};
use crate::model::rds::RdsFacts;
use crate::model::{Facts, Severity, Subject};
use crate::text::Text;

/// `finding`.
pub const SOURCE: Source = Source {
    id: "finding",
    feed: "guardduty",
    doc: "What GuardDuty found: when it was first seen, and seen again",
    tell,
};

fn tell(facts: &Facts, pen: &mut Pen<'_>) {
    for finding in facts.get::<FindingFacts>().map_or(&[][..], |found| &found.findings) {
        let state = mark((finding.count, finding.last_seen_at, finding.archived));
        if pen.look(&finding.id, state) != Seen::Same {
            put(facts, finding, pen);
        }
    }
}

/// By GuardDuty's own bands: low to 3.9, medium to 6.9, high to 8.9, critical.
fn weight(finding: &Finding) -> Severity {
    match finding.severity {
        _ if finding.sample || finding.archived == Some(true) => Severity::Info,
        None => Severity::Unknown,
        Some(score) if score >= 7.0 => Severity::Crit,
        Some(score) if score >= 4.0 => Severity::Warn,
        Some(_) => Severity::Info,
    }
}

fn put(facts: &Facts, finding: &Finding, pen: &mut Pen<'_>) {
    let sample = if finding.sample { "sample, " } else { "" };
    let title = finding.title.as_deref().map(|title| format!(": {title}")).unwrap_or_default();
    let id = if finding.arn.is_empty() { &finding.id } else { &finding.arn };
    let first = finding.first_seen_at.or(finding.created_at);
    let (last, related) = (finding.last_seen_at, related(facts, finding));
    let mut tell = |at, key: String, how: String| {
        pen.tell(Told {
            at,
            severity: weight(finding),
            subject: Subject { kind: "finding", name: finding.kind.clone(), id: id.clone() },
            related: related.clone(),
            message: Text::from(format!("{sample}{how}{title}")),
            key,
        });
    };
    tell(first, format!("{}|first", finding.id), "first seen".to_owned());
    if let Some(last) = last.filter(|last| first.is_none_or(|first| *last > first)) {
        let times = finding.count.map(|n| format!(", {n} times by now")).unwrap_or_default();
        tell(Some(last), format!("{}|{}", finding.id, last.millis()), format!("seen again{times}"));
    }
}

fn related(facts: &Facts, finding: &Finding) -> Vec<(&'static str, Text)> {
    let concerned = &finding.resource;
    let index = facts.derived::<EcsIndex>();
    let instance = concerned.instance.as_ref().map(|id| {
        let arn = index.instance_by_ec2_id(id).map(|instance| instance.arn.clone());
        ("instance", arn.unwrap_or_else(|| id.clone()))
    });
    let database = concerned.database.as_ref().map(|id| {
        let arn = facts.get::<RdsFacts>().and_then(|rds| Some(rds.instance(id)?.arn.clone()));
        ("database", arn.unwrap_or_else(|| id.clone()))
    });
    let task = concerned.task.clone().map(|arn| ("task", arn));
    let cluster = concerned.cluster.clone().map(|arn| ("cluster", arn));
    task.into_iter().chain(instance).chain(database).chain(cluster).collect()
}
