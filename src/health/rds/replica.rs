//! Replication.

use super::{Database, each_instance, newest};
use crate::health::{About, Rule, Sink, Threshold, words};
use crate::model::rds::{RdsFacts, RdsMetrics};
use crate::model::{Facts, Severity};
use crate::time::human;
use std::time::Duration;

pub(in super::super) const STATE: Rule = Rule {
    id: "rds-replication",
    domain: "rds",
    doc: "The replication of a replica is broken.",
    source: "RDS API: StatusInfos",
    thresholds: &[],
    read_at: Facts::taken_at::<RdsFacts>,
    check: state,
};

pub(in super::super) const LAG: Rule = Rule {
    id: "rds-replica-lag",
    domain: "rds",
    doc: "A replica is behind what it copies. What was not measured is not judged.",
    source: "CloudWatch ReplicaLag, in seconds; 1 and 5 min (practice)",
    thresholds: &[Threshold::minutes("warn", 1), Threshold::minutes("crit", 5)],
    read_at: Facts::taken_at::<RdsFacts>,
    check: |facts, sink| lag(facts, sink, RdsMetrics::LAG, 1.0),
};

pub(in super::super) const AURORA_LAG: Rule = Rule {
    id: "rds-aurora-lag",
    domain: "rds",
    doc: "A reader of Aurora is behind its writer, from which it is usually some ten milliseconds away. What was not measured is \
          not judged.",
    source: "CloudWatch AuroraReplicaLag, in milliseconds; 1 and 10 s (practice)",
    thresholds: &[
        Threshold { name: "warn", default: crate::health::Level::Span(Duration::from_secs(1)) },
        Threshold { name: "crit", default: crate::health::Level::Span(Duration::from_secs(10)) },
    ],
    read_at: Facts::taken_at::<RdsFacts>,
    check: |facts, sink| lag(facts, sink, RdsMetrics::AURORA_LAG, 1_000.0),
};

fn state(facts: &Facts, sink: &mut Sink<'_>) {
    each_instance(facts, sink, |_, i, sink| {
        if i.replication.is_empty() {
            return;
        }
        let subject = Database::Instance(i).subject();
        let states = |about: About| {
            about.with("replication", words::list(i.replication.iter().map(|r| words::given(r.status.as_ref()))))
        };
        if let Some(broken) = i.replication.iter().find(|r| r.normal == Some(false)) {
            let why = broken.message.as_ref().or(broken.status.as_ref()).map(|m| words::quote(m));
            let why = why.filter(|why| !why.is_empty()).unwrap_or_else(|| "no reason told".to_owned());
            let about = states(About::new(format!("{}: replication is broken: {why}", i.id)));
            sink.found(Severity::Crit, subject, about);
        } else if i.replication.iter().any(|r| r.normal.is_none()) {
            sink.found(
                Severity::Unknown,
                subject,
                states(About::new(format!("{}: whether it replicates was not told", i.id))),
            );
        } else {
            sink.ok(|| subject);
        }
    });
}

fn lag(facts: &Facts, sink: &mut Sink<'_>, metric: &'static str, a_second: f64) {
    each_instance(facts, sink, |_, i, sink| {
        let Some((at, value)) = newest(facts, &i.arn, metric) else { return };
        let (mut sink, subject) = (sink.at(at), Database::Instance(i).subject());
        // CloudWatch has -1 where replication does not run: how far it is behind is then not known.
        let Ok(behind) = Duration::try_from_secs_f64(value / a_second) else {
            let about = About::new(format!("{}: how far it is behind is not known, it does not replicate", i.id))
                .with(metric, value);
            return sink.found(Severity::Unknown, subject, about);
        };
        let severity = match behind {
            _ if behind > sink.span("crit") => Severity::Crit,
            _ if behind > sink.span("warn") => Severity::Warn,
            _ => return sink.ok(|| subject),
        };
        let about = About::new(format!("{}: {} behind what it copies", i.id, human(behind))).with(metric, value);
        sink.found(severity, subject, about);
    });
}
