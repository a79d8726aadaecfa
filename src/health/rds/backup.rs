//! Whether what is lost can be brought back.

use super::{Database, each_database};
use crate::health::{About, Rule, Sink, Threshold, words};
use crate::model::rds::RdsFacts;
use crate::model::{Facts, Severity};
use crate::time::{Timestamp, human};

pub(in super::super) const BACKUP: Rule = Rule {
    id: "rds-backup",
    domain: "rds",
    doc: "Automated backups are off, or kept for less than a week. Members of clusters and replicas are not judged.",
    source: "AWS Config managed rule db-instance-backup-enabled; 7 days (practice)",
    thresholds: &[Threshold::count("warn", 7)],
    read_at: Facts::taken_at::<RdsFacts>,
    check: backup,
};

pub(in super::super) const RESTORABLE: Rule = Rule {
    id: "rds-restorable",
    domain: "rds",
    doc: "The latest time to which a database can be restored lies too far back: what was written since would be lost.",
    source: "RDS user guide, point-in-time recovery: logs are uploaded every five minutes; 15 and 60 min (practice)",
    thresholds: &[Threshold::minutes("warn", 15), Threshold::minutes("crit", 60)],
    read_at: Facts::taken_at::<RdsFacts>,
    check: restorable,
};

/// Days that backups are kept and the latest restorable time, of what has backups of its own.
#[must_use]
pub fn own(database: Database<'_>) -> Option<(Option<u32>, Option<Timestamp>)> {
    match database {
        Database::Instance(i) if i.cluster.is_none() && i.replica_of.is_none() => {
            Some((i.backup_days, i.restorable_at))
        }
        Database::Cluster(c) if c.replica_of.is_none() => Some((c.backup_days, c.restorable_at)),
        _ => None,
    }
}

fn backup(facts: &Facts, sink: &mut Sink<'_>) {
    each_database(facts, sink, |_, database, sink| {
        let Some((days, _)) = own(database) else { return };
        let told = |words: String| {
            About::new(format!("{}: {words}", database.name())).with("BackupRetentionPeriod", words::given(days))
        };
        let (severity, about) = match days {
            None => (Severity::Unknown, told("whether it is backed up was not told".to_owned())),
            Some(0) => {
                (Severity::Crit, told("no automated backups".to_owned()).next("set a retention of at least 7 days"))
            }
            Some(n) if n < sink.count("warn") => {
                (Severity::Warn, told(format!("backups are kept for {}", words::count(n, "day"))))
            }
            Some(_) => return sink.ok(|| database.subject()),
        };
        sink.found(severity, database.subject(), about);
    });
}

fn restorable(facts: &Facts, sink: &mut Sink<'_>) {
    each_database(facts, sink, |_, database, sink| {
        let Some((days, at)) = own(database) else { return };
        // Without backups, and while it does not run, nothing is uploaded.
        if days == Some(0) || !database.is_available() {
            return;
        }
        let name = database.name();
        let Some(at) = at else {
            let about = About::new(format!("{name}: the time it can be restored to was not told"));
            return sink.found(Severity::Unknown, database.subject(), about);
        };
        let behind = sink.now().since(at);
        let severity = match behind {
            _ if behind > sink.span("crit") => Severity::Crit,
            _ if behind > sink.span("warn") => Severity::Warn,
            _ => return sink.ok(|| database.subject()),
        };
        let about = About::new(format!("{name}: can be restored to {} ago only", human(behind)))
            .since(Some(at))
            .with("LatestRestorableTime", at.rfc3339())
            .next("see whether backups fail: events of the database");
        sink.found(severity, database.subject(), about);
    });
}
