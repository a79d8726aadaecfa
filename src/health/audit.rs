//! What this tool left unfinished.

use std::time::Duration;

use super::{About, Rule, Sink, Threshold};
use crate::model::audit::{Acted, AuditFacts};
use crate::model::{Facts, Severity, Subject};

pub(super) const UNFINISHED: Rule = Rule {
    id: "audit-unfinished",
    domain: "audit",
    doc: "An action was intended, and nobody noted how it ended: the program or the machine was ended meanwhile; or its outcome \
          is unknown: the answer was lost, or watching was ended. What became of it must be looked up. After a day it is only \
          worth knowing.",
    source: "the audit of this tool; 1 day (practice)",
    thresholds: &[Threshold::minutes("forgotten", 24 * 60)],
    read_at: Facts::taken_at::<AuditFacts>,
    check: unfinished,
};

fn unfinished(facts: &Facts, sink: &mut Sink<'_>) {
    let Some(audit) = facts.get::<AuditFacts>() else { return };
    let forgotten: Duration = sink.span("forgotten");
    for acted in &audit.acted {
        let subject = Subject { kind: "action", name: acted.target.clone(), id: acted.id.clone() };
        let severity = match acted.outcome.as_deref() {
            Some("unknown") => Severity::Unknown,
            None if !acted.is_held => Severity::Warn,
            _ => {
                sink.ok(|| subject);
                continue;
            }
        };
        let severity = if sink.now().since(acted.at) < forgotten { severity } else { Severity::Info };
        sink.found(severity, subject, about(acted));
    }
}

fn about(acted: &Acted) -> About {
    let came = match acted.answer.as_deref() {
        Some("applied") => "AWS accepted it, and nobody saw how it ended",
        Some("refused") => "AWS refused it",
        _ => "whether it was carried out is not known",
    };
    let message = match &acted.message {
        Some(message) => format!("{} {}: what became of it is not known: {message}", acted.action, acted.target),
        None => format!("{} {} was left unfinished: {came}", acted.action, acted.target),
    };
    About::new(message)
        .since(Some(acted.at))
        .with("by", &acted.caller)
        .with("reason", &acted.reason)
        .with("record", acted.seq)
        .with("answer", acted.answer.as_deref().unwrap_or("none noted"))
        .next(format!("look at {} itself: its deployments and events tell", acted.target))
        .next("rounds audit show tells every record; CloudTrail knows whether a request arrived")
}
