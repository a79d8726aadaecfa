//! Findings by how severe they are and how long they lie.

use std::time::Duration;

use super::{Band, archiving, is_active};
use crate::health::{About, Level, Rule, Sink, Threshold, subject, words};
use crate::model::ecs::{EcsFacts, EcsIndex};
use crate::model::finding::{Finding, FindingFacts, Related};
use crate::model::{Facts, Severity, Subject};
use crate::text::Text;
use crate::time::{Timestamp, human};

pub(in super::super) const FINDING: Rule = Rule {
    id: "guardduty-finding",
    domain: "guardduty",
    doc: "Findings that nobody has archived. High and critical ones are critical, medium ones a warning, low ones worth knowing; one \
          that lies longer than its level allows counts one step worse. Samples never count.",
    source: "GuardDuty user guide, severity levels; AWS Config managed rule guardduty-non-archived-findings (1, 7 and 30 days)",
    thresholds: &[
        Threshold::minutes("high", 24 * 60),
        Threshold::minutes("medium", 7 * 24 * 60),
        Threshold::minutes("low", 30 * 24 * 60),
    ],
    read_at: Facts::taken_at::<FindingFacts>,
    check: finding,
};

/// Most characters of a finding's type and of what it concerns that a sentence holds.
const KIND: usize = 68;
const RESOURCE: usize = 32;

/// How bad a finding is.
pub(super) struct Verdict {
    pub severity: Severity,
    pub band: Option<Band>,
    /// The limit it lies longer than.
    pub overdue: Option<Duration>,
}

/// Judges a finding at the time of this sink.
pub(super) fn judge(finding: &Finding, sink: &Sink<'_>) -> Verdict {
    let Some(band) = finding.severity.and_then(Band::of) else {
        return Verdict { severity: Severity::Unknown, band: None, overdue: None };
    };
    let limit = match band {
        Band::Critical => None,
        _ => match sink.level(&FINDING, band.word()) {
            Level::Span(span) => Some(span),
            _ => None,
        },
    };
    let age = finding.created_at.map(|at| sink.now().since(at));
    let overdue = limit.filter(|limit| age.is_some_and(|age| age > *limit));
    let severity = match (band.severity(), overdue) {
        (Severity::Info, Some(_)) => Severity::Warn,
        (Severity::Warn, Some(_)) => Severity::Crit,
        (severity, _) => severity,
    };
    Verdict { severity, band: Some(band), overdue }
}

/// When it was known last that these findings are there.
pub(super) fn known_at(facts: &Facts) -> Option<(&FindingFacts, Timestamp)> {
    let found = facts.get::<FindingFacts>()?;
    Some((found, found.read_at.findings?))
}

fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    format!("{}…", text.chars().take(most - 1).collect::<String>())
}

/// What a finding is called in a sentence.
pub(super) fn name(finding: &Finding) -> String {
    cut(if finding.kind.is_empty() { &finding.id } else { &finding.kind }, KIND)
}

/// `high 8`, or that it is not known.
pub(super) fn level(finding: &Finding, verdict: &Verdict) -> String {
    match (verdict.band, finding.severity) {
        (Some(band), Some(score)) => format!("{} {}", band.word(), short(score)),
        (None, Some(score)) => format!("score {}, none of GuardDuty's", short(score)),
        _ => "its severity was not told".to_owned(),
    }
}

/// A score with one decimal where it has any.
fn short(score: f64) -> String {
    let written = format!("{score:.1}");
    written.strip_suffix(".0").map_or(written.clone(), str::to_owned)
}

/// What the checks of a finding and of what it concerns have in common.
pub(super) fn cause(finding: &Finding) -> Text {
    Text::from(format!("finding {}", finding.key()))
}

fn finding(facts: &Facts, sink: &mut Sink<'_>) {
    let Some((found, at)) = known_at(facts) else { return };
    let mut sink = sink.at(at);
    for finding in found.findings.iter().filter(|finding| is_active(finding)) {
        let verdict = judge(finding, &sink);
        let about = about(facts, found, finding, &verdict);
        let subject = Subject { kind: "finding", name: Text::from(name(finding)), id: finding.key().clone() };
        sink.found(verdict.severity, subject, about);
    }
}

fn about(facts: &Facts, found: &FindingFacts, finding: &Finding, verdict: &Verdict) -> About {
    let on = finding.resource.words().map(|words| format!(" on {}", cut(&words, RESOURCE))).unwrap_or_default();
    let times = finding.count.filter(|n| *n > 1).map(|n| format!(", {n} times")).unwrap_or_default();
    let overdue = if verdict.overdue.is_some() { ", overdue" } else { "" };
    let mut about = About::new(format!("{}{on}: {}{times}{overdue}", name(finding), level(finding, verdict)))
        .since(finding.created_at)
        .cause(cause(finding))
        .with("Severity", words::given(finding.severity))
        .with("Service.Count", words::given(finding.count))
        .with("CreatedAt", words::given(finding.created_at.map(Timestamp::rfc3339)))
        .with("UpdatedAt", words::given(finding.updated_at.map(Timestamp::rfc3339)));
    if let Some(limit) = verdict.overdue {
        about = about.with("overdue", format!("not archived within {}", human(limit)));
    }
    about = preserve(about, facts, finding);
    let detector = found.detectors.iter().find(|detector| detector.id == finding.detector);
    archiving(detector).into_iter().fold(about, About::next)
}

/// Where what happened is written, what else is there, and how it is kept.
fn preserve(about: About, facts: &Facts, finding: &Finding) -> About {
    let (related, index) = (facts.derived::<Related>(), facts.derived::<EcsIndex>());
    let resources = related.of(finding.key());
    let all = || resources.into_iter().flat_map(|known| known.named.iter().chain(&known.beside));
    let of_kind = |kind: &'static str| all().filter(move |subject| subject.kind == kind);
    let mut about = of_kind("service").fold(about, |about, service| about.with("service", &service.name));
    let mut hosts: Vec<Text> = Vec::new();
    let known = facts.get::<EcsFacts>().map_or(&[][..], |ecs| &ecs.instances);
    for named in of_kind("instance") {
        let Some(host) = known.iter().map(|seen| &seen.item).find(|i| i.arn == named.id) else { continue };
        let tasks = index.tasks_on(host);
        about = about
            .with("container instance", host.label())
            .with("tasks on it", words::list(tasks.iter().map(|task| subject::short(task))));
        hosts.extend(host.ec2_id.clone());
    }
    if hosts.is_empty() {
        hosts.extend(finding.resource.instance.clone());
    }
    let services: Vec<&Text> = of_kind("service").map(|service| &service.name).collect();
    let what = match (hosts.first(), finding.resource.task.is_some()) {
        (Some(host), _) => format!("instance {host}"),
        (None, true) => "the task".to_owned(),
        (None, false) => return about,
    };
    about = about.next(format!("isolate {what}: a security group that lets nothing in or out"));
    if !hosts.is_empty() {
        about = about.next(format!(
            "protect {what} from scale-in and termination: managed scaling ends one that is drained within some 15 min"
        ));
    }
    let deploy = if services.is_empty() {
        String::new()
    } else {
        format!(", and force no deployment of {}", words::list(services))
    };
    about.next(format!("do not stop, drain or replace it yet{deploy}: that destroys evidence"))
}
