//! Room on disk.

use super::{Database, each_instance, newest, percent};
use crate::health::{About, Rule, Sink, Threshold, words};
use crate::model::rds::{DbInstance, RdsFacts, RdsMetrics};
use crate::model::{Facts, Severity};

pub(in super::super) const FREE: Rule = Rule {
    id: "rds-storage-free",
    domain: "rds",
    doc: "Little of a database's storage is free; when none is, it stops. Aurora's storage grows by itself and is not judged, nor is \
          what was not measured.",
    source: "RDS user guide, best practices: look into it at 85 % used; its event at 90 % used",
    thresholds: &[Threshold::share("warn", 0.15), Threshold::share("crit", 0.10)],
    read_at: Facts::taken_at::<RdsFacts>,
    check: free,
};

pub(in super::super) const CEILING: Rule = Rule {
    id: "rds-storage-ceiling",
    domain: "rds",
    doc: "Storage has grown near the most it may grow to by itself, or may not grow at all.",
    source: "RDS user guide, storage autoscaling: MaxAllocatedStorage; its event at 80 %",
    thresholds: &[Threshold::share("warn", 0.80)],
    read_at: Facts::taken_at::<RdsFacts>,
    check: ceiling,
};

const GIB: f64 = 1_073_741_824.0;

/// The share of an instance's storage that so many free bytes are.
#[must_use]
pub fn share(instance: &DbInstance, free: f64) -> Option<f64> {
    let whole = instance.allocated.filter(|gib| *gib > 0).map(|gib| f64::from(gib) * GIB)?;
    (!instance.is_aurora()).then_some((free / whole).clamp(0.0, 1.0))
}

fn free(facts: &Facts, sink: &mut Sink<'_>) {
    each_instance(facts, sink, |_, i, sink| {
        let Some((at, bytes)) = newest(facts, &i.arn, RdsMetrics::STORAGE).filter(|_| !i.is_aurora()) else { return };
        let (mut sink, subject) = (sink.at(at), Database::Instance(i).subject());
        let Some(share) = share(i, bytes) else {
            let about = About::new(format!("{}: how much storage it has was not told", i.id));
            return sink.found(Severity::Unknown, subject, about);
        };
        let severity = match share {
            _ if share < sink.share("crit") => Severity::Crit,
            _ if share < sink.share("warn") => Severity::Warn,
            _ => return sink.ok(|| subject),
        };
        let about = About::new(format!("{}: {} of its storage is free", i.id, percent(share)))
            .with("FreeStorageSpace", format!("{:.1} GiB of {} GiB", bytes / GIB, words::given(i.allocated)))
            .next("raise the allocated storage, which needs no downtime, or find what grows");
        sink.found(severity, subject, about);
    });
}

fn ceiling(facts: &Facts, sink: &mut Sink<'_>) {
    each_instance(facts, sink, |_, i, sink| {
        if i.is_aurora() || i.cluster.is_some() {
            return;
        }
        let subject = Database::Instance(i).subject();
        let told = |words: String| {
            About::new(format!("{}: {words}", i.id)).with("AllocatedStorage", words::given(i.allocated))
        };
        let (severity, about) = match (i.allocated, i.max_allocated) {
            (_, None) => (Severity::Info, told("its storage does not grow by itself".to_owned())),
            (None, Some(_)) => (Severity::Unknown, told("how much storage it has was not told".to_owned())),
            (Some(now), Some(most)) if f64::from(now) >= f64::from(most) * sink.share("warn") => (
                Severity::Warn,
                told(format!("{now} GiB of storage, it grows to {most} GiB at most"))
                    .next("raise the maximum storage threshold"),
            ),
            _ => return sink.ok(|| subject),
        };
        sink.found(severity, subject, about);
    });
}
