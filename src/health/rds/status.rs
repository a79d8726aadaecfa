//! What a database says of itself.

use std::time::Duration;

use super::failover::{self, Failovers};
use super::{Database, each_database};
use crate::health::{About, Rule, Sink, Threshold, words};
use crate::model::rds::RdsFacts;
use crate::model::{Facts, Severity};
use crate::time::Timestamp;

pub(in super::super) const STATUS: Rule = Rule {
    id: "rds-status",
    domain: "rds",
    doc: "The status of a database or a cluster. Work such as a modification counts once it goes on for long outside the \
          maintenance window; what follows from a failover is said by `rds-failover`.",
    source: "RDS user guide: DB instance status, DB cluster status; 60 min (practice)",
    thresholds: &[Threshold::minutes("warn", 60)],
    read_at: Facts::taken_at::<RdsFacts>,
    check: status,
};

/// Work during which the database can be used, except while it is [`CREATING`]. Optimising storage may take a day, so it never
/// counts.
const AT_WORK: &[&str] = &[
    "backing-up",
    "backtracking",
    CREATING,
    "maintenance",
    "migrating",
    "modifying",
    "moving-to-vpc",
    "promoting",
    "renaming",
    "preparing-data-migration",
    "resetting-master-credentials",
    "storage-config-upgrade",
    "update-iam-db-auth",
    "upgrading",
];
const FOR_LONG: &[&str] = &["storage-optimization", "storage-initialization"];
const CREATING: &str = "creating";
/// States that pass, in which there are no connections.
const PASSING: &[&str] = &["deleting", "failing-over", "rebooting", "starting", "stopping"];
const BROKEN: &[&str] = &[
    "cloning-failed",
    "failed",
    "inaccessible-encryption-credentials",
    "inaccessible-encryption-credentials-recoverable",
    "insufficient-capacity",
    "migration-failed",
    "restore-error",
    "storage-full",
];

fn status(facts: &Facts, sink: &mut Sink<'_>) {
    let failovers = facts.derived::<Failovers>();
    each_database(facts, sink, |rds, database, sink| {
        let found = match database {
            Database::Instance(instance) => failovers.around(rds, instance),
            other => failovers.of(other.arn()),
        };
        let explained = found.is_some_and(|found| found.is_running(sink.now(), failover::span(sink)));
        judge(database, explained, rds.protected, sink);
    });
}

fn judge(database: Database<'_>, explained: bool, protected: bool, sink: &mut Sink<'_>) {
    let name = database.name();
    let Some(status) = database.status() else {
        let about = About::new(format!("{name}: its status was not told"));
        return sink.found(Severity::Unknown, database.subject(), about);
    };
    let about = About::new(format!("{name}: {}", words::quote(status))).with("status", status);
    let passing = PASSING.contains(&status);
    match status {
        "available" => sink.ok(|| database.subject()),
        _ if explained && (passing || AT_WORK.contains(&status)) => {
            sink.found(Severity::Info, database.subject(), about);
        }
        _ if FOR_LONG.contains(&status) => sink.found(Severity::Info, database.subject(), about),
        _ if is_work(status) => {
            let about = about.with("maintenance window", words::given(database.window()));
            if database.window().is_some_and(|window| is_in(window, sink.now()) == Some(true)) {
                return sink.found(Severity::Info, database.subject(), about);
            }
            let steps = [(Severity::Info, Duration::ZERO), (Severity::Warn, sink.span("warn"))];
            sink.lasting(&steps, database.subject(), about);
        }
        "stopped" => {
            let severity = if protected { Severity::Crit } else { Severity::Warn };
            sink.found(
                severity,
                database.subject(),
                about.next("start it, or delete what is no longer needed: AWS starts it again after 7 days"),
            );
        }
        _ if passing => sink.found(Severity::Warn, database.subject(), about),
        _ if BROKEN.contains(&status) || status.starts_with("incompatible-") => {
            let about = about.next("see its last events: detail of the database");
            sink.found(Severity::Crit, database.subject(), about);
        }
        _ => {
            let message = format!("{name}: status {}, which these rules do not know", words::quote(status));
            sink.found(Severity::Unknown, database.subject(), About::new(message).with("status", status));
        }
    }
}

/// Work that is judged by how long it goes on.
fn is_work(status: &str) -> bool {
    AT_WORK.contains(&status) || status.starts_with("configuring-")
}

/// Whether the database can be used meanwhile, though the status is not that it is available.
pub(super) fn goes_on(status: &str) -> bool {
    status != CREATING && (is_work(status) || FOR_LONG.contains(&status))
}

const WEEK: i64 = 7 * 24 * 60;

/// Whether a time is in a weekly window such as `sun:05:00-sun:06:00` (UTC); none where it cannot be read.
fn is_in(window: &str, at: Timestamp) -> Option<bool> {
    let (from, to) = window.split_once('-')?;
    let (from, to) = (minute_of_week(from)?, minute_of_week(to)?);
    // The first of January 1970 was a Thursday.
    let now = (at.secs().div_euclid(60) + 4 * 24 * 60).rem_euclid(WEEK);
    Some((now - from).rem_euclid(WEEK) < (to - from).rem_euclid(WEEK))
}

fn minute_of_week(time: &str) -> Option<i64> {
    let mut parts = time.trim().split(':');
    let day = parts.next()?.to_lowercase();
    let day = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"].iter().position(|d| *d == day)?;
    let (hour, minute): (i64, i64) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
    let valid = (0..24).contains(&hour) && (0..60).contains(&minute);
    valid.then_some(i64::try_from(day).ok()? * 24 * 60 + hour * 60 + minute)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_weekly_window_may_run_over_midnight_and_over_the_week() {
        // 2026-03-14 was a Saturday.
        let at = |time: &str| Timestamp::parse(&format!("2026-03-14T{time}Z")).unwrap();
        for (window, time, inside) in [
            ("sat:05:00-sat:06:00", "05:30:00", Some(true)),
            ("sat:05:00-sat:06:00", "06:00:00", Some(false)),
            ("sat:23:30-sun:00:30", "23:59:00", Some(true)),
            ("fri:23:30-sat:00:30", "00:10:00", Some(true)),
            ("Sun:23:00-sun:23:30", "23:10:00", Some(false)),
            ("whenever", "05:30:00", None),
            ("sat:25:00-sat:26:00", "05:30:00", None),
        ] {
            assert_eq!(is_in(window, at(time)), inside, "{window} at {time}");
        }
    }
}
