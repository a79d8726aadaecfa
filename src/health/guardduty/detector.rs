//! Whether GuardDuty is on, and what it looks at.

use crate::health::{About, Rule, Sink, words};
use crate::model::finding::{Detector, FindingFacts};
use crate::model::{Facts, Severity, Subject};
use crate::text::Text;

pub(in super::super) const DETECTOR: Rule = Rule {
    id: "guardduty-detector",
    domain: "guardduty",
    doc: "GuardDuty is off in the region, or suspended: nobody is told of an attack. Critical where the stack is protected.",
    source: "AWS Config managed rule guardduty-enabled-centralized; GuardDuty API: Detector.Status",
    thresholds: &[],
    read_at: Facts::taken_at::<FindingFacts>,
    check: detector,
};

pub(in super::super) const FEATURES: Rule = Rule {
    id: "guardduty-features",
    domain: "guardduty",
    doc: "Protections of GuardDuty that are off. One that is not told of while others are is one the region may not have. Of agents for runtime monitoring it is only told whether GuardDuty installs them: \
          they may be installed by hand.",
    source: "GuardDuty API: Detector.Features",
    thresholds: &[],
    read_at: Facts::taken_at::<FindingFacts>,
    check: features,
};

pub(in super::super) const FREQUENCY: Rule = Rule {
    id: "guardduty-frequency",
    domain: "guardduty",
    doc: "Updates of findings go to EventBridge every six hours only: who is alarmed by it hears late that a finding goes on. What \
          this console reads is current.",
    source: "GuardDuty API: Detector.FindingPublishingFrequency",
    thresholds: &[],
    read_at: Facts::taken_at::<FindingFacts>,
    check: frequency,
};

fn subject(detector: &Detector) -> Subject {
    Subject { kind: "detector", name: Text::from("GuardDuty"), id: detector.id.clone() }
}

/// Every detector, at the time they were listed. Those of which nothing but the id is known are told by the gap.
fn each<'a>(facts: &'a Facts, sink: &mut Sink<'_>, mut judge: impl FnMut(&'a Detector, &mut Sink<'_>)) {
    let Some(found) = facts.get::<FindingFacts>() else { return };
    let Some(at) = found.read_at.detectors else { return };
    found.detectors.iter().for_each(|detector| judge(detector, &mut sink.at(at)));
}

fn detector(facts: &Facts, sink: &mut Sink<'_>) {
    let Some(found) = facts.get::<FindingFacts>() else { return };
    let off = if found.protected { Severity::Crit } else { Severity::Warn };
    if let (Some(at), true) = (found.read_at.detectors, found.detectors.is_empty()) {
        let subject = Subject { kind: "detector", name: Text::from("GuardDuty"), id: Text::from("guardduty") };
        let about = About::new("GuardDuty is off: there is no detector in this region")
            .next("turn GuardDuty on in this account and region, or add it to the organisation's");
        sink.at(at).found(off, subject, about);
    }
    each(facts, sink, |detector, sink| {
        let told = |words: String| {
            About::new(format!("GuardDuty {words}")).with("Status", words::given(detector.status.as_ref()))
        };
        let (severity, about) = match detector.status.as_deref() {
            Some("ENABLED") => return sink.ok(|| subject(detector)),
            Some("DISABLED") => (off, told("is suspended: it looks at nothing".to_owned())),
            Some(other) => {
                (Severity::Unknown, told(format!("is {}, which these rules do not know", words::quote(other))))
            }
            None => (Severity::Unknown, told("does not say whether it is on".to_owned())),
        };
        sink.found(severity, subject(detector), about);
    });
}

/// What is expected to be on: what every detector looks at, and the protections that can be had.
const EXPECTED: &[&str] = &[
    "CLOUD_TRAIL",
    "DNS_LOGS",
    "FLOW_LOGS",
    "S3_DATA_EVENTS",
    "RDS_LOGIN_EVENTS",
    "RUNTIME_MONITORING",
    "EBS_MALWARE_PROTECTION",
    "LAMBDA_NETWORK_LOGS",
];
/// Agents that GuardDuty may install by itself.
const AGENTS: &[&str] = &["RUNTIME_MONITORING/ECS_FARGATE_AGENT_MANAGEMENT", "RUNTIME_MONITORING/EC2_AGENT_MANAGEMENT"];

fn features(facts: &Facts, sink: &mut Sink<'_>) {
    each(facts, sink, |detector, sink| {
        if detector.status.as_deref() == Some("DISABLED") {
            return;
        }
        let status = |name: &str| {
            let feature = detector.features.iter().find(|feature| feature.name == *name);
            feature.and_then(|feature| feature.status.as_deref())
        };
        let with = |names: &'static [&'static str], wanted: Option<&str>| -> Vec<&'static str> {
            names.iter().copied().filter(|name| status(name) == wanted).collect()
        };
        let strange = |name: &&&str| !matches!(status(name), None | Some("ENABLED" | "DISABLED"));
        let off = with(EXPECTED, Some("DISABLED"));
        let is_listed = |name: &str| detector.features.iter().any(|feature| feature.name == *name);
        let is_any_listed = EXPECTED.iter().any(|name| is_listed(name));
        let (mut untold, absent): (Vec<_>, Vec<_>) =
            with(EXPECTED, None).into_iter().partition(|name| is_listed(name) || !is_any_listed);
        untold.extend(EXPECTED.iter().filter(strange));
        let by_hand = with(AGENTS, Some("DISABLED"));
        let names = |names: &[&str]| words::list(names.iter().map(|name| name.rsplit('/').next().unwrap_or(name)));
        let (severity, message) = match [&off, &untold, &absent, &by_hand].map(Vec::is_empty) {
            [false, ..] => (Severity::Warn, format!("GuardDuty: off: {}", names(&off))),
            [true, false, ..] => (Severity::Unknown, format!("GuardDuty: not told whether on: {}", names(&untold))),
            [true, true, false, _] => {
                (Severity::Info, format!("GuardDuty: not told of, perhaps not in this region: {}", names(&absent)))
            }
            [true, true, true, false] => {
                (Severity::Info, format!("GuardDuty: agents are not installed by it: {}", names(&by_hand)))
            }
            [true, true, true, true] => return sink.ok(|| subject(detector)),
        };
        let mut about = About::new(message);
        for (state, which) in
            [("off", &off), ("not told", &untold), ("not in the list", &absent), ("agents by hand", &by_hand)]
        {
            if !which.is_empty() {
                about = about.with(state, which.join(", "));
            }
        }
        sink.found(severity, subject(detector), about);
    });
}

fn frequency(facts: &Facts, sink: &mut Sink<'_>) {
    each(facts, sink, |detector, sink| {
        let about = |words: String| {
            About::new(format!("GuardDuty: {words}"))
                .with("FindingPublishingFrequency", words::given(detector.frequency.as_ref()))
        };
        let (severity, about) = match detector.frequency.as_deref() {
            Some("FIFTEEN_MINUTES" | "ONE_HOUR") => return sink.ok(|| subject(detector)),
            Some("SIX_HOURS") => (
                Severity::Info,
                about("EventBridge hears of updates every six hours; what is read here is current".to_owned()),
            ),
            Some(other) => (
                Severity::Unknown,
                about(format!("updates go out {}, which these rules do not know", words::quote(other))),
            ),
            None => (Severity::Unknown, about("how often updates go out was not told".to_owned())),
        };
        sink.found(severity, subject(detector), about);
    });
}
