//! What the events of a database tell that nothing else does.

use std::collections::HashMap;

use super::event_table::{Kind, Said, meaning};
use super::failover::Failovers;
use super::{Database, each_database, each_proxy, measured, newest, storage};
use crate::health::{About, Rule, Sink, Threshold, words};
use crate::model::rds::{Event, RdsFacts, RdsMetrics};
use crate::model::{Facts, Severity};
use crate::time::Timestamp;

pub(in super::super) const EVENT: Rule = Rule {
    id: "rds-event",
    domain: "rds",
    doc: "RDS told of something that needs attention within the last hour, and has not told since that it is over. Failovers are \
          said by `rds-failover`.",
    source: "RDS user guide: event categories and messages; 60 min (practice)",
    thresholds: &[Threshold::minutes("recent", 60)],
    read_at: Facts::taken_at::<RdsFacts>,
    check: events,
};

fn events(facts: &Facts, sink: &mut Sink<'_>) {
    // Some events may be known though they were never read as a whole: they count, but nothing is well by them.
    let read_at = facts.get::<RdsFacts>().and_then(|rds| rds.read_at.events);
    let mut by_source: HashMap<&str, Vec<(&Event, String)>> = HashMap::new();
    for event in facts.get::<RdsFacts>().into_iter().flat_map(|rds| &rds.events) {
        by_source.entry(&event.source).or_default().push((event, event.message.to_lowercase()));
    }
    let failovers = facts.derived::<Failovers>();
    let judge = |rds: &RdsFacts, database: Database<'_>, sink: &mut Sink<'_>| {
        // A member has the name of no cluster, but an instance and a cluster may share one.
        let events = by_source.get(database.name().as_str()).map_or(&[][..], Vec::as_slice);
        let found = match database {
            Database::Instance(instance) => failovers.around(rds, instance),
            other => failovers.of(other.arn()),
        };
        let moved = found.is_some_and(|found| found.is_recent(sink.now(), sink.span("recent")));
        let look =
            Look { database, explained: moved || !database.is_available(), measured: storage_at(facts, database) };
        look.judge(events, read_at.is_some(), sink);
    };
    let at = |sink: &Sink<'_>| read_at.unwrap_or(sink.now());
    each_database(facts, sink, |rds, database, sink| judge(rds, database, &mut sink.at(at(sink))));
    each_proxy(facts, sink, |rds, proxy, sink| judge(rds, Database::Proxy(proxy), &mut sink.at(at(sink))));
}

/// The time of the newest free storage, where `rds-storage-free` judges it.
fn storage_at(facts: &Facts, database: Database<'_>) -> Option<Timestamp> {
    let Database::Instance(instance) = database else { return None };
    let (_, free) = newest(facts, &instance.arn, RdsMetrics::STORAGE)?;
    storage::share(instance, free)?;
    measured(facts, &instance.arn, RdsMetrics::STORAGE)?.series.last().map(|(at, _)| at)
}

/// One database as its events are looked at.
struct Look<'a> {
    database: Database<'a>,
    /// Whether its status or a failover says that it went down.
    explained: bool,
    /// Of when its free storage is judged by itself.
    measured: Option<Timestamp>,
}

impl Look<'_> {
    fn judge(&self, events: &[(&Event, String)], all: bool, sink: &mut Sink<'_>) {
        let of_kind = |event: &Event| match (self.database, event.source_type.as_deref()) {
            (Database::Cluster(_), Some(kind)) => kind == "db-cluster",
            (Database::Instance(_), Some(kind)) => kind == "db-instance",
            (Database::Proxy(_), Some(kind)) => kind == "db-proxy",
            (_, None) => true,
        };
        let events: Vec<&(&Event, String)> = events.iter().filter(|(event, _)| of_kind(event)).collect();
        let recent = sink.span("recent");
        let active = events.iter().filter_map(|(event, words)| {
            let kind = meaning(event, words)?;
            let over = |end: &str| events.iter().any(|(other, words)| other.at > event.at && words.contains(end));
            let old = event.at.is_some_and(|at| sink.now().since(at) > recent);
            (!old && !kind.ended_by.is_some_and(over)).then(|| (self.severity(kind, event), *event))
        });
        // Of equally bad ones the newest, which comes first.
        let worst = active.reduce(|worst, next| if next.0 > worst.0 { next } else { worst });
        let (severity, event) = match worst {
            Some(worst) => worst,
            None if all => return sink.ok(|| self.database.subject()),
            None => return,
        };
        let at =
            event.at.map_or_else(|| "at a time that was not told".to_owned(), |at| format!("at {}", at.time_of_day()));
        let about = About::new(format!("{}: {} {at}", self.database.name(), words::quote(&event.message)))
            .since(event.at)
            .with("categories", words::list(&event.categories))
            .with("message", &event.message)
            .next("see the events before and after it: detail of the database");
        sink.found(severity, self.database.subject(), about);
    }

    fn severity(&self, kind: &Kind, event: &Event) -> Severity {
        let said = match kind.said {
            Said::Here => false,
            Said::ByStatus => self.explained,
            Said::ByThisStatus(status) => self.database.status() == Some(status),
            // What was measured before the event knows nothing of it.
            Said::ByStorage => event.at.is_some() && self.measured > event.at,
        };
        match kind.severity {
            _ if said => Severity::Info,
            bad if bad > Severity::Info && event.at.is_none() => Severity::Unknown,
            severity => severity,
        }
    }
}
