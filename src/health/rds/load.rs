//! CPU, memory and connections of an instance.

use super::{Database, each_instance, measured, newest, percent};
use crate::health::{About, Rule, Sink, Threshold, words};
use crate::model::rds::{DbInstance, RdsFacts, RdsMetrics};
use crate::model::{Facts, Severity};

pub(in super::super) const CPU: Rule = Rule {
    id: "rds-cpu",
    domain: "rds",
    doc: "The CPU of an instance is busy all the time, not for a moment. What was not measured is not judged.",
    source: "RDS Multi-AZ and performance guidance: 75 % over 15 min; 90 % (practice)",
    thresholds: &[Threshold::share("warn", 0.75), Threshold::share("crit", 0.90), Threshold::minutes("for", 15)],
    read_at: Facts::taken_at::<RdsFacts>,
    check: cpu,
};

pub(in super::super) const MEMORY: Rule = Rule {
    id: "rds-memory",
    domain: "rds",
    doc: "Little of an instance's memory can be freed. The memory is that of its class; classes of which it is not known are not judged.",
    source: "RDS user guide, best practices: freeable memory; DB instance class tables; 10 % (practice)",
    thresholds: &[Threshold::share("warn", 0.10)],
    read_at: Facts::taken_at::<RdsFacts>,
    check: memory,
};

pub(in super::super) const CONNECTIONS: Rule = Rule {
    id: "rds-connections",
    domain: "rds",
    doc: "An instance has nearly as many connections as it may have. The limit is not in the API: set `limit`, which counts for every \
          instance. Without it the default for the engine and class is estimated, which is too high and may have been changed: \
          nothing is then said to be well.",
    source: "RDS user guide, quotas: default of max_connections; 80 and 90 % (practice)",
    thresholds: &[Threshold::share("warn", 0.80), Threshold::share("crit", 0.90), Threshold::known("limit")],
    read_at: Facts::taken_at::<RdsFacts>,
    check: connections,
};

/// Fewer points than this in the span say nothing of all of it.
const ENOUGH: f64 = 0.6;

fn cpu(facts: &Facts, sink: &mut Sink<'_>) {
    each_instance(facts, sink, |_, i, sink| {
        let Some(found) = measured(facts, &i.arn, RdsMetrics::CPU) else { return };
        let span = sink.span("for");
        let mut sink = sink.at(found.read_at);
        let points: Vec<f64> = found.series.since(found.read_at - span).map(|percent| percent / 100.0).collect();
        let Some(least) = points.iter().copied().reduce(f64::min) else { return };
        let minutes = u32::try_from(span.as_secs() / 60).unwrap_or(u32::MAX);
        let enough = f64::from(u32::try_from(points.len()).unwrap_or(u32::MAX)) >= f64::from(minutes) * ENOUGH;
        let severity = match least {
            _ if least > sink.share("crit") => Severity::Crit,
            _ if least > sink.share("warn") => Severity::Warn,
            _ => return sink.ok(|| Database::Instance(i).subject()),
        };
        let about = About::new(format!("{}: CPU at {} or more for {}", i.id, percent(least), words::span(span)))
            .with("CPUUtilization", format!("{} points, the lowest {}", points.len(), percent(least)))
            .next("see what runs: Performance Insights, or the engine's list of sessions");
        let severity = if enough { severity } else { Severity::Unknown };
        sink.found(severity, Database::Instance(i).subject(), about);
    });
}

const MIB: f64 = 1_048_576.0;
const GIB: f64 = 1_024.0 * MIB;

fn memory(facts: &Facts, sink: &mut Sink<'_>) {
    each_instance(facts, sink, |_, i, sink| {
        let newest = newest(facts, &i.arn, RdsMetrics::MEMORY);
        let Some(((at, free), whole)) = newest.zip(i.class.as_deref().and_then(class_memory)) else { return };
        let (mut sink, share) = (sink.at(at), free / (whole * GIB));
        if share >= sink.share("warn") {
            return sink.ok(|| Database::Instance(i).subject());
        }
        let about = About::new(format!(
            "{}: {:.0} MiB of memory can be freed, {} of its class",
            i.id,
            free / MIB,
            percent(share)
        ))
        .with("class", format!("{}, {whole} GiB", words::given(i.class.as_ref())));
        sink.found(Severity::Warn, Database::Instance(i).subject(), about);
    });
}

/// GiB of memory of a class such as `db.r6g.2xlarge`: families have so much for a `large`, and twice that with each size.
#[must_use]
pub fn class_memory(class: &str) -> Option<f64> {
    let mut parts = class.strip_prefix("db.")?.split('.');
    let (family, size) = (parts.next()?, parts.next()?);
    let large = match family.chars().next()? {
        'm' | 't' => 8.0,
        'r' => 16.0,
        'c' => 4.0,
        _ => return None,
    };
    let times = match size {
        "micro" => 0.125,
        "small" => 0.25,
        "medium" => 0.5,
        "large" => 1.0,
        "xlarge" => 2.0,
        _ => 2.0 * size.strip_suffix("xlarge")?.parse::<f64>().ok()?,
    };
    // An m3 or an r3 has a little less, which is not worth a table.
    (times > 0.0 && times.is_finite()).then_some(large * times)
}

/// The default of `max_connections`: for `mysql` and `mariadb` memory / 12,582,880, for `postgres` memory / 9,531,392, 5,000 at
/// most. The memory they mean is less than the class has, so that this is too high.
#[must_use]
pub fn default_connections(i: &DbInstance) -> Option<f64> {
    let bytes = class_memory(i.class.as_deref()?)? * GIB;
    match i.engine.as_deref()? {
        "mysql" | "mariadb" => Some(bytes / 12_582_880.0),
        "postgres" | "aurora-postgresql" => Some((bytes / 9_531_392.0).min(5_000.0)),
        _ => None,
    }
}

/// From this share of an estimated limit on it is worth a look: the real one may be much lower.
const WORTH_A_LOOK: f64 = 0.60;

fn connections(facts: &Facts, sink: &mut Sink<'_>) {
    each_instance(facts, sink, |_, i, sink| {
        let Some((at, open)) = newest(facts, &i.arn, RdsMetrics::CONNECTIONS) else { return };
        let mut sink = sink.at(at);
        match (sink.known("limit"), default_connections(i)) {
            (Some(limit), _) => against_limit(i, open, f64::from(limit), &mut sink),
            (None, Some(most)) => against_estimate(i, open, most, &mut sink),
            (None, None) => {}
        }
    });
}

const CONNECTIONS_NEXT: &str = "see which clients hold them, and whether a pool or a proxy is bypassed";

fn against_limit(i: &DbInstance, open: f64, limit: f64, sink: &mut Sink<'_>) {
    let (share, subject) = (open / limit, Database::Instance(i).subject());
    let severity = match share {
        _ if share > sink.share("crit") => Severity::Crit,
        _ if share > sink.share("warn") => Severity::Warn,
        _ => return sink.ok(|| subject),
    };
    let message = format!("{}: {open:.0} connections, {} of the {limit:.0} it may have", i.id, percent(share));
    sink.found(severity, subject, About::new(message).with("limit", "as configured").next(CONNECTIONS_NEXT));
}

/// The limit is not known: nothing is said to be well, and what is near may be far.
fn against_estimate(i: &DbInstance, open: f64, most: f64, sink: &mut Sink<'_>) {
    let share = open / most;
    let severity = match share {
        _ if share <= WORTH_A_LOOK => return,
        // More than that shows that the limit is another one.
        _ if share > sink.share("warn") && share <= 1.0 => Severity::Unknown,
        _ => Severity::Info,
    };
    let message =
        format!("{}: about {} of an estimated limit, {open:.0} of {most:.0} connections", i.id, percent(share));
    let about = About::new(message)
        .with("limit", format!("the default for {}, estimated", words::given(i.class.as_ref())))
        .next("set the limit of rds-connections in the configuration to max_connections")
        .next(CONNECTIONS_NEXT);
    sink.found(severity, Database::Instance(i).subject(), about);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_memory_of_a_class_follows_from_its_name() {
        let known = ["db.t3.micro", "db.t4g.medium", "db.m6i.large", "db.r6g.xlarge", "db.r6g.16xlarge"];
        assert_eq!(known.map(class_memory), [Some(1.0), Some(4.0), Some(8.0), Some(32.0), Some(512.0)]);
        assert_eq!(
            ["db.serverless", "db.x2g.large", "r6g.large", "db.r6g.huge", "db.r6g.xxlarge", ""].map(class_memory),
            [None; 6]
        );
    }
}
