//! What this tool left unfinished.

use std::time::Duration;

use super::{About, Rule, Sink, Threshold};
use crate::model::audit::{Acted, AuditFacts};
use crate::model::{Facts, Severity, Subject};

pub(super) const UNFINISHED: Rule = Rule {
    id: "audit-unfinished",
    domain: "audit",
    doc: "An action was intended, and nobody noted how it ended: the program or the machine was ended meanwhile; or its outcome \
          is unknown: the answer was lost, or watching was ended. What became of it must be looked up, unless the same was done \
          again since. After a day it is only worth knowing.",
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
        // What was done to the same since has told what there was to know.
        let is_settled = audit.acted.iter().any(|later| {
            later.at > acted.at
                && (&later.action, &later.arn) == (&acted.action, &acted.arn)
                && later.outcome.as_deref() == Some("done")
        });
        let severity = match acted.outcome.as_deref().filter(|_| !is_settled) {
            Some("unknown") if !acted.is_closed => Severity::Unknown,
            None if !acted.is_held && !is_settled => Severity::Warn,
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
        Some("applied") => "it was accepted, and nobody saw how it ended",
        Some("refused") => "it was refused",
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
        .next("rounds audit settle, or :settle here, reads what became of it; nothing is sent")
        .next("rounds audit show tells every record; CloudTrail knows whether a request arrived")
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::fixture::{ago, now, text};
    use super::super::{Observed, Thresholds, evaluate};
    use super::*;

    /// An action of so many minutes ago, and what came of it.
    fn acted(id: &str, minutes: u64, outcome: Option<&str>) -> Acted {
        let [target, arn] = ["ehr/web", "arn:web"].map(crate::text::Text::from);
        let message = outcome.and_then(text);
        Acted {
            id: id.into(),
            at: ago(minutes).unwrap(),
            target,
            arn,
            message,
            outcome: outcome.and_then(text),
            ..Acted::default()
        }
    }

    fn severities(acted: &[Acted]) -> Vec<Severity> {
        let mut facts = Facts::default();
        facts.put(now(), Arc::new(AuditFacts { acted: acted.to_vec() }));
        let told = evaluate(&facts, &Thresholds::default(), &Observed::default(), true).checks;
        told.into_iter().filter(|check| check.rule == UNFINISHED.id).map(|check| check.severity).collect()
    }

    #[test]
    fn what_nobody_saw_the_end_of_is_told_until_the_same_was_done_again() {
        let unknown = || acted("a", 60, Some("unknown"));
        let other = |minutes| Acted { arn: "arn:other".into(), ..acted("b", minutes, Some("done")) };
        for (all, expected) in [
            (vec![acted("a", 60, Some("done"))], vec![Severity::Ok]),
            (vec![acted("a", 60, Some("failed"))], vec![Severity::Ok]),
            (vec![acted("a", 60, None)], vec![Severity::Warn]),
            (vec![Acted { is_held: true, ..acted("a", 60, None) }], vec![Severity::Ok]),
            (vec![unknown()], vec![Severity::Unknown]),
            (vec![Acted { is_closed: true, ..unknown() }], vec![Severity::Ok]),
            (vec![acted("a", 25 * 60, Some("unknown"))], vec![Severity::Info]),
            (vec![acted("b", 5, Some("done")), unknown()], vec![Severity::Ok, Severity::Ok]),
            (vec![acted("b", 5, Some("done")), acted("a", 60, None)], vec![Severity::Ok, Severity::Ok]),
            (vec![acted("b", 5, Some("failed")), unknown()], vec![Severity::Ok, Severity::Unknown]),
            (vec![unknown(), acted("b", 90, Some("done"))], vec![Severity::Unknown, Severity::Ok]),
            (vec![other(5), unknown()], vec![Severity::Ok, Severity::Unknown]),
        ] {
            assert_eq!(severities(&all), expected, "{all:?}");
        }
    }
}
