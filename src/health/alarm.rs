//! CloudWatch alarms: which are on, which are muted, which cannot be evaluated, which go back and forth.
//!
//! An alarm that only calls scaling policies is how scaling works: that of target tracking that asks for fewer is in `ALARM`
//! most of the time. It is tied to its policy and is no trouble of its own.

use std::collections::HashMap;

use super::drivers::Drivers;
use super::{About, Rule, Sink, Threshold, subject, words};
use crate::model::alarm::{Alarm, AlarmFacts, AlarmPolicy, Transition, Watches};
use crate::model::{Facts, Severity, Subject};
use crate::text::Text;
use crate::time::Timestamp;

pub(super) const ACTIVE: Rule = Rule {
    id: "alarm-active",
    domain: "alarms",
    doc: "An alarm is in ALARM. Critical where it tells somebody (a topic of SNS), or where `critical` of [stack.alarms] names it. \
          Unknown where it has not the data to tell, unless missing data counts as good or changes nothing. An alarm that only scales is no trouble.",
    source: "CloudWatch API: StateValue, AlarmActions, TreatMissingData",
    thresholds: &[],
    read_at: alarms_at,
    check: active,
};

pub(super) const MUTED: Rule = Rule {
    id: "alarm-muted",
    domain: "alarms",
    doc: "An alarm is in ALARM and its actions are switched off: nobody is told, and nothing is scaled.",
    source: "CloudWatch API: ActionsEnabled",
    thresholds: &[],
    read_at: alarms_at,
    check: muted,
};

pub(super) const EVALUATION: Rule = Rule {
    id: "alarm-evaluation",
    domain: "alarms",
    doc: "CloudWatch cannot evaluate an alarm, or not on all of its data: its state is not to be relied upon.",
    source: "CloudWatch API: EvaluationState",
    thresholds: &[],
    read_at: alarms_at,
    check: evaluation,
};

pub(super) const FLAPPING: Rule = Rule {
    id: "alarm-flapping",
    domain: "alarms",
    doc: "An alarm changes its state again and again; who is told so often stops to listen.",
    source: "CloudWatch API: history of StateUpdate; four changes in 60 min (practice)",
    thresholds: &[Threshold::count("changes", 4), Threshold::minutes("within", 60)],
    read_at: |facts| facts.get::<AlarmFacts>()?.transitions_at,
    check: flapping,
};

fn alarms_at(facts: &Facts) -> Option<Timestamp> {
    facts.get::<AlarmFacts>()?.alarms_at
}

/// Where what alarms watch is to be seen.
const VIEWS: &[(&str, &str)] =
    &[("service", "services"), ("database", "databases"), ("group", "scaling"), ("instance", "instances")];

/// Calls `judge` for every alarm of which something is to be said.
fn each(facts: &Facts, sink: &mut Sink<'_>, mut judge: impl FnMut(&Alarm, &AlarmPolicy, &mut Sink<'_>)) {
    let Some(known) = facts.get::<AlarmFacts>() else { return };
    for alarm in known.alarms.iter().filter(|alarm| !known.policy.ignores(&alarm.name)) {
        judge(alarm, &known.policy, sink);
    }
}

/// What it watches of what is known, where that is to be seen, and else what there is to go on.
fn lead(about: About, facts: &Facts, alarm: &Alarm) -> About {
    let watched = alarm.watched(facts);
    if !watched.is_empty() {
        return watched.into_iter().fold(about, |about, Subject { kind, name, .. }| {
            let view = VIEWS.iter().find(|(of, _)| *of == kind).map_or("overview", |(_, view)| view);
            about.with("watches", format!("{kind} {name}")).next(format!("look at {kind} {name}: view {view}"))
        });
    }
    let metric = match &alarm.watches {
        Watches::Alarms(rule) => return of_others(about, facts, rule),
        Watches::Metric(metric) => metric,
    };
    let named = |(key, value): &(Text, Text)| format!("{key} {value}");
    let of = metric.dimensions.iter().map(named).collect::<Vec<_>>().join(", ");
    let name = [metric.namespace.as_deref(), metric.metric.as_deref()].into_iter().flatten().collect::<Vec<_>>();
    let (name, of) = (name.join(" "), if of.is_empty() { String::new() } else { format!(" of {of}") });
    let name = if name.is_empty() { "what it computes".to_owned() } else { name };
    about.next(format!("see {name}{of} in CloudWatch; what else changed then: timeline of the alarm"))
}

/// The alarms of a rule that are in `ALARM`.
fn of_others(about: About, facts: &Facts, rule: &str) -> About {
    let known = facts.get::<AlarmFacts>().map_or(&[][..], |known| &known.alarms);
    let named = |name: &str| rule.contains(&format!("\"{name}\"")) || rule.contains(&format!("({name})"));
    let on: Vec<&Text> = known.iter().filter(|a| a.is_on() == Some(true) && named(&a.name)).map(|a| &a.name).collect();
    let about = about.with("AlarmRule", rule);
    if on.is_empty() {
        return about.next("look at the alarms that its rule names: view alarms");
    }
    about.next(format!("look at what is in ALARM of its rule: {}", words::list(on)))
}

fn about(message: String, alarm: &Alarm, drivers: &Drivers) -> About {
    let about = About::new(message)
        .since(alarm.since)
        .with("StateValue", words::given(alarm.state.as_ref()))
        .with("StateReason", words::given(alarm.reason.as_ref()));
    let about = match alarm.actions_enabled {
        Some(enabled) => about.with("ActionsEnabled", enabled),
        None => about,
    };
    let about = if alarm.actions.is_empty() {
        about.with("AlarmActions", "none")
    } else {
        about.with("AlarmActions", words::list(&alarm.actions))
    };
    let driven: Vec<String> =
        drivers.by(&alarm.name).map(|d| format!("{} of {}", d.policy.name, d.policy.resource)).collect();
    if driven.is_empty() { about } else { about.with("drives", words::list(driven)) }
}

/// Whether its actions are switched off while there are some.
fn is_muted(alarm: &Alarm) -> bool {
    alarm.actions_enabled == Some(false) && !alarm.actions.is_empty()
}

fn reason(alarm: &Alarm) -> String {
    alarm.reason.as_deref().map(|reason| format!(": {}", words::quote(reason))).unwrap_or_default()
}

fn active(facts: &Facts, sink: &mut Sink<'_>) {
    let drivers = facts.derived::<Drivers>();
    each(facts, sink, |alarm, policy, sink| {
        let is_critical = policy.is_critical(&alarm.name);
        let (severity, says) = match alarm.state.as_deref() {
            None => (Severity::Unknown, "does not tell its state".to_owned()),
            Some("OK") => return sink.ok(|| subject::alarm(alarm)),
            Some("ALARM") if is_critical && is_muted(alarm) => {
                (Severity::Crit, format!("is in ALARM and muted{}", reason(alarm)))
            }
            Some("ALARM") if is_critical => (Severity::Crit, format!("is in ALARM{}", reason(alarm))),
            // `alarm-muted` says so.
            Some("ALARM") if is_muted(alarm) => return,
            Some("ALARM") if alarm.only_scales() => return sink.ok(|| subject::alarm(alarm)),
            Some("ALARM") => match &alarm.suppressed_by {
                Some(by) => (Severity::Info, format!("is in ALARM, suppressed by {}", words::quote(by))),
                None if alarm.pages() => (Severity::Crit, format!("is in ALARM{}", reason(alarm))),
                None => (Severity::Warn, format!("is in ALARM{}", reason(alarm))),
            },
            Some("INSUFFICIENT_DATA") => {
                let treats = alarm.metric().and_then(|m| m.treat_missing.as_deref());
                let is_good = matches!(treats, Some("notBreaching" | "ignore"));
                let severity = if is_good || alarm.only_scales() { Severity::Info } else { Severity::Unknown };
                (severity, "has not enough data to tell".to_owned())
            }
            Some(odd) => (Severity::Unknown, format!("is in a state that is not known: {}", words::quote(odd))),
        };
        let mut about = lead(about(format!("{} {says}", alarm.name), alarm, &drivers), facts, alarm);
        if severity == Severity::Unknown && alarm.state.as_deref() == Some("INSUFFICIENT_DATA") {
            about = about
                .next("if its metric is sparse: let missing data count as good, TreatMissingData = notBreaching")
                .next("if it does not matter: name it in ignore of [stack.alarms]");
        }
        sink.found(severity, subject::alarm(alarm), about);
    });
}

fn muted(facts: &Facts, sink: &mut Sink<'_>) {
    let drivers = facts.derived::<Drivers>();
    each(facts, sink, |alarm, policy, sink| {
        // Without actions there is nothing to mute.
        match (alarm.is_on(), alarm.actions_enabled) {
            (None, _) | (Some(true), None) => {}
            // `alarm-active` says it with the rest.
            (Some(true), Some(false)) if is_muted(alarm) && policy.is_critical(&alarm.name) => {}
            (Some(true), Some(false)) if is_muted(alarm) => {
                let what = if alarm.only_scales() { "nothing is scaled" } else { "nobody is told" };
                let message = format!("{} is in ALARM and muted: {what}{}", alarm.name, reason(alarm));
                let about = about(message, alarm, &drivers)
                    .next("switch its actions on when the work they were off for is done");
                sink.found(Severity::Warn, subject::alarm(alarm), lead(about, facts, alarm));
            }
            _ => sink.ok(|| subject::alarm(alarm)),
        }
    });
}

fn evaluation(facts: &Facts, sink: &mut Sink<'_>) {
    let drivers = facts.derived::<Drivers>();
    each(facts, sink, |alarm, _, sink| {
        let Some(metric) = alarm.metric() else { return };
        let (severity, says) = match metric.evaluation.as_deref() {
            None => return sink.ok(|| subject::alarm(alarm)),
            Some("EVALUATION_ERROR") => (Severity::Warn, "is set up so that it cannot be evaluated".to_owned()),
            Some("EVALUATION_FAILURE") => (Severity::Unknown, "could not be evaluated by CloudWatch".to_owned()),
            Some("PARTIAL_DATA") => (Severity::Unknown, "was evaluated on a part of its data".to_owned()),
            Some(odd) => (Severity::Unknown, format!("is evaluated in a way that is not known: {}", words::quote(odd))),
        };
        let about = about(format!("{} {says}", alarm.name), alarm, &drivers)
            .since(None)
            .with("EvaluationState", words::given(metric.evaluation.as_ref()));
        sink.found(severity, subject::alarm(alarm), about);
    });
}

fn flapping(facts: &Facts, sink: &mut Sink<'_>) {
    let Some(known) = facts.get::<AlarmFacts>() else { return };
    let (limit, within, now) = (sink.count("changes"), sink.span("within"), sink.now());
    let mut changes: HashMap<&Text, Vec<&Transition>> = HashMap::new();
    for change in &known.transitions {
        if change.at.is_none_or(|at| now.since(at) <= within) {
            changes.entry(&change.alarm).or_default().push(change);
        }
    }
    let drivers = facts.derived::<Drivers>();
    each(facts, sink, |alarm, _, sink| {
        let changes = changes.get(&alarm.name).map_or(&[][..], Vec::as_slice);
        let n = u32::try_from(changes.len()).unwrap_or(u32::MAX);
        if n < limit {
            return sink.ok(|| subject::alarm(alarm));
        }
        // Whether scaling goes back and forth is told by what it did.
        let severity = if alarm.only_scales() { Severity::Info } else { Severity::Warn };
        let told = changes.iter().filter_map(|change| change.to.as_ref());
        let message =
            format!("{} changed its state {} within {}", alarm.name, words::count(n, "time"), words::span(within));
        let about = about(message, alarm, &drivers)
            .since(changes.last().and_then(|first| first.at))
            .with("went to, the newest first", words::list(told))
            .next("let it need more data points before it changes: datapoints to alarm");
        sink.found(severity, subject::alarm(alarm), about);
    });
}

#[cfg(test)]
pub(in crate::health) mod tests;
