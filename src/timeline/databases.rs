//! What RDS tells of databases, and what this console saw move.

use super::{Pen, Source, Told};
use crate::health::rds::{Database, event_weight};
use crate::model::rds::{Event, RdsFacts};
use crate::model::{Facts, Severity, Subject};
use crate::text::Text;

/// `rds`.
pub const SOURCE: Source = Source {
    id: "rds",
    feed: "rds",
    doc: "Events of databases as RDS tells them; writers and instances that this console saw move",
    tell,
};

fn tell(facts: &Facts, pen: &mut Pen<'_>) {
    let Some(rds) = facts.get::<RdsFacts>() else { return };
    for event in &rds.events {
        let key = format!("{}|{:?}|{}", event.source, event.at, event.message);
        if pen.is_new(&key, event.at) {
            put(rds, event, key, pen);
        }
    }
    for moved in &rds.moves {
        let key = format!("{}|{}|{}", moved.arn, moved.seen_at.millis(), moved.to);
        let Some(database) = by_arn(rds, &moved.arn).filter(|_| pen.is_new(&key, None)) else { continue };
        let what = if matches!(database, Database::Cluster(_)) { "its writer moved" } else { "moved" };
        pen.tell(Told {
            at: None,
            severity: Severity::Info,
            subject: database.subject(),
            related: cluster(rds, database),
            message: Text::from(format!("{what} from {} to {}", moved.from, moved.to)),
            key,
        });
    }
}

fn put(rds: &RdsFacts, event: &Event, key: String, pen: &mut Pen<'_>) {
    let database = event.arn.as_ref().and_then(|arn| by_arn(rds, arn)).or_else(|| by_name(rds, event));
    let id = || event.arn.clone().unwrap_or_else(|| event.source.clone());
    let stranger = || Subject { kind: "database", name: event.source.clone(), id: id() };
    pen.tell(Told {
        at: event.at,
        severity: event_weight(event),
        subject: database.map_or_else(stranger, Database::subject),
        related: database.map(|database| cluster(rds, database)).unwrap_or_default(),
        message: event.message.clone(),
        key,
    });
}

fn all(rds: &RdsFacts) -> impl Iterator<Item = Database<'_>> {
    let instances = rds.instances.iter().map(Database::Instance);
    instances.chain(rds.clusters.iter().map(Database::Cluster)).chain(rds.proxies.iter().map(Database::Proxy))
}

fn by_arn<'a>(rds: &'a RdsFacts, arn: &Text) -> Option<Database<'a>> {
    all(rds).find(|database| database.arn() == arn)
}

fn by_name<'a>(rds: &'a RdsFacts, event: &Event) -> Option<Database<'a>> {
    let is_of_kind = |database: &Database<'_>| match event.source_type.as_deref() {
        Some("db-cluster") => matches!(database, Database::Cluster(_)),
        Some("db-proxy") => matches!(database, Database::Proxy(_)),
        Some("db-instance") => matches!(database, Database::Instance(_)),
        _ => true,
    };
    all(rds).filter(is_of_kind).find(|database| *database.name() == event.source)
}

/// The cluster of a member.
fn cluster(rds: &RdsFacts, database: Database<'_>) -> Vec<(&'static str, Text)> {
    let Database::Instance(instance) = database else { return Vec::new() };
    let cluster = instance.cluster.as_ref().and_then(|id| rds.cluster(id));
    cluster.map(|cluster| ("database", cluster.arn.clone())).into_iter().collect()
}
