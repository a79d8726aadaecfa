//! What waits to be done to a database.

use std::time::Duration;

use super::{Database, Other, each_database};
use crate::health::{About, Rule, Sink, Threshold, words};
use crate::model::rds::{Maintenance, PartsRead, PendingChange, RdsFacts};
use crate::model::{Facts, Severity};
use crate::time::{Timestamp, human};

pub(in super::super) const PENDING: Rule = Rule {
    id: "rds-pending",
    domain: "rds",
    doc: "A change or maintenance waits to be applied. A warning once it is due within days: it may restart the database or make \
          it fail over.",
    source: "RDS API: PendingModifiedValues, PendingMaintenanceActions; 7 days (practice)",
    thresholds: &[Threshold::minutes("warn", 7 * 24 * 60)],
    read_at: Facts::taken_at::<RdsFacts>,
    check: pending,
};

fn pending(facts: &Facts, sink: &mut Sink<'_>) {
    each_database(facts, sink, |rds, database, sink| {
        let changes: &[PendingChange] = match database {
            Database::Instance(instance) => &instance.pending,
            Database::Cluster(cluster) => &cluster.pending,
            Database::Proxy(_) => &[],
        };
        judge(rds, database, changes, sink);
    });
}

/// When it will be done, whoever does nothing.
#[must_use]
pub fn due(maintenance: &Maintenance) -> Option<Timestamp> {
    [maintenance.current_at, maintenance.forced_at].into_iter().flatten().min()
}

fn judge(rds: &RdsFacts, database: Database<'_>, changes: &[PendingChange], sink: &mut Sink<'_>) {
    // The certificate has a rule of its own.
    let waits: Vec<&Maintenance> =
        rds.maintenance.iter().filter(|m| m.arn == *database.arn() && m.action != "ca-certificate-rotation").collect();
    let first = waits.iter().filter_map(|m| Some((due(m)?, *m))).min_by_key(|(at, _)| *at);
    let names = || {
        let actions = waits.iter().map(|m| m.action.to_string());
        words::list(changes.iter().map(|change| change.name.to_owned()).chain(actions))
    };
    let evidence = |mut about: About| {
        for change in changes {
            about = about.with(change.name, &change.value);
        }
        for wait in &waits {
            about = about.with("maintenance", format!("{} {}", wait.action, words::given(wait.description.as_ref())));
        }
        about
    };
    let name = database.name();
    let other = Other::new(sink.now(), rds.read_at.maintenance, PartsRead::MAINTENANCE_EVERY);
    let sink = &mut sink.at(other.at);
    match first {
        Some((at, m)) if at <= sink.now() + sink.span("warn") => {
            let when = match at.since(sink.now()) {
                Duration::ZERO => "due now".to_owned(),
                left => format!("due in {}", human(left)),
            };
            let about = evidence(About::new(format!(
                "{name}: {} {when}, a restart or failover is likely",
                words::quote(&m.action)
            )))
            .with("due", at.rfc3339())
            .next("apply it at a time of your choice, or move the maintenance window");
            sink.found(Severity::Warn, database.subject(), about);
        }
        _ if !changes.is_empty() || !waits.is_empty() => {
            sink.found(Severity::Info, database.subject(), evidence(About::new(format!("{name}: {} waits", names()))));
        }
        // What was not read lately may wait all the same.
        _ if !other.is_fresh => {}
        _ => sink.ok(|| database.subject()),
    }
}
