//! What a run found, as the document `rounds.check/1`.

use serde_json::{Map, Value, json};

use super::{Finding, Outcome};
use crate::health::RULES;
use crate::health::words::whole;
use crate::model::Check;
use crate::report::reading::{Trouble, fault_document};
use crate::text::Text;
use crate::time::Timestamp;

/// The document, ending in a line feed.
pub(super) fn document(outcome: &Outcome<'_>) -> String {
    let tally = &outcome.tally;
    let stacks = outcome.stacks.iter().zip(&outcome.readings);
    let errors = stacks.clone().flat_map(|(stack, reading)| reading.troubles.iter().map(|t| error(&stack.name, t)));
    let document = json!({
        "schema": "rounds.check/1",
        "started_at": outcome.started_at.rfc3339(),
        "finished_at": outcome.finished_at.rfc3339(),
        "version": env!("CARGO_PKG_VERSION"),
        "overall": outcome.verdict.overall.word(),
        "stacks": stacks.map(|(stack, reading)| reading.document(stack)).collect::<Vec<_>>(),
        "counts": {
            "crit": tally.crit,
            "warn": tally.warn,
            "unknown": tally.unknown,
            "info": tally.info,
            "ok": tally.ok,
            "checks": tally.checks(),
        },
        "checks": outcome.findings.iter().map(check).collect::<Vec<_>>(),
        "errors": errors.collect::<Vec<_>>(),
    });
    format!("{document:#}\n")
}

fn check(finding: &Finding) -> Value {
    let check = &finding.check;
    json!({
        "rule": check.rule,
        "severity": check.severity.word(),
        "stack": finding.stack.as_str(),
        "domain": check.domain,
        "subject": check.subject.name.as_str(),
        "kind": check.subject.kind,
        "id": check.subject.id.as_str(),
        "message": whole(check),
        "since": check.since.map(Timestamp::rfc3339),
        "evidence": evidence(&check.evidence),
        "source": source(check),
        "next": check.next.iter().map(Text::as_str).collect::<Vec<_>>(),
        "references": references(check),
        "follows": check.follows.as_ref().map(|root| json!({ "rule": root.rule, "id": root.id.as_str() })),
        "taken_at": check.taken_at.rfc3339(),
    })
}

/// The fields by name; a field that is there several times holds a list.
fn evidence(fields: &[(&'static str, Text)]) -> Map<String, Value> {
    let mut object = Map::new();
    for (name, value) in fields {
        let value = json!(value.as_str());
        match object.get_mut(*name) {
            Some(Value::Array(values)) => values.push(value),
            Some(first) => *first = json!([first.take(), value]),
            None => {
                object.insert((*name).to_owned(), value);
            }
        }
    }
    object
}

/// Where the judgement and its numbers come from.
fn source(check: &Check) -> Option<&'static str> {
    RULES.iter().find(|rule| rule.id == check.rule).map(|rule| rule.source)
}

/// Where the judgement and its numbers come from, then what to look at next.
fn references(check: &Check) -> Vec<&str> {
    source(check).into_iter().chain(check.next.iter().map(Text::as_str)).collect()
}

fn error(stack: &Text, trouble: &Trouble) -> Value {
    let mut error = json!({ "stack": stack.as_str(), "feed": trouble.feed });
    if let (Value::Object(error), Value::Object(fault)) = (&mut error, fault_document(&trouble.fault)) {
        let (what, read, known) = trouble
            .part
            .as_ref()
            .map_or((None, None, None), |(what, read, known)| (Some(what.as_str()), Some(read), Some(known)));
        error.extend(fault);
        error.extend([
            ("what".to_owned(), json!(what)),
            ("read".to_owned(), json!(read)),
            ("known".to_owned(), json!(known)),
        ]);
    }
    error
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn evidence_given_twice_is_a_list() {
        let fields = [("group", "a"), ("tasks", "1"), ("group", "b"), ("group", "c")];
        let fields: Vec<_> = fields.map(|(name, value)| (name, Text::from(value))).into();
        assert_eq!(Value::Object(evidence(&fields)), json!({ "group": ["a", "b", "c"], "tasks": "1" }));
    }
}
