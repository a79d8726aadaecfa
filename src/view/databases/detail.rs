//! Everything known of one database.

use std::collections::BTreeSet;

use super::super::{Detail, Line, StackScene};
use super::{engine, find, flag, until};
use crate::health::Level;
use crate::health::rds::Database;
use crate::health::rds::load::default_connections;
use crate::health::rds::pending::due;
use crate::model::rds::{
    DbCluster, DbInstance, Event, Maintenance, PendingChange, Proxy, RdsFacts, RdsMetrics, Target,
};
use crate::table::{Cell, Row, Trend, Unit};
use crate::text::Text;

/// Events shown; the feed keeps more.
const EVENTS: usize = 30;
const GIB: f64 = 1_073_741_824.0;

pub(super) fn detail(scene: &StackScene<'_>, row: &Row) -> Detail {
    let Some((rds, database)) = find(scene, &row.id) else { return Detail::of(row.id.clone()) };
    let detail = Detail::of(database.name().clone()).words("arn", Some(database.arn()));
    let detail = match database {
        Database::Instance(i) => of_instance(scene, i, detail),
        Database::Cluster(c) => of_cluster(rds, c, detail),
        Database::Proxy(p) => of_proxy(scene, p, detail),
    };
    with_events(rds, with_maintenance(rds, detail, database), database)
}

fn of_instance(scene: &StackScene<'_>, i: &DbInstance, detail: Detail) -> Detail {
    let gib = |n: Option<u32>| n.map_or(Cell::Missing, |n| Cell::Bytes(f64::from(n) * GIB));
    let logs = Text::from(i.log_exports.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "));
    let detail = detail
        .words("status", i.status.as_ref())
        .words("class", i.class.as_ref())
        .field("engine", engine(i.engine.as_ref(), i.version.as_ref()))
        .words("endpoint", i.endpoint.as_ref())
        .words("zone", i.az.as_ref())
        .words("zone of the standby", i.standby_az.as_ref())
        .words("cluster", i.cluster.as_ref())
        .field("promotion tier", Cell::count(i.promotion_tier))
        .words("replica of", i.replica_of.as_ref())
        .field("storage", gib(i.allocated))
        .field("storage may grow to", gib(i.max_allocated))
        .field("encrypted", flag(i.encrypted))
        .words("encryption", i.encryption_type.as_ref())
        .field("reachable from the internet", flag(i.public))
        .field("deletion protection", flag(i.deletion_protection))
        .field("IAM authentication", flag(i.iam_auth))
        .field("minor upgrades", flag(i.auto_minor_upgrade))
        .words("log exports", Some(&logs))
        .field("backups kept, days", Cell::count(i.backup_days))
        .field("can be restored to", Cell::at(i.restorable_at))
        .words("certificate authority", i.ca.as_ref())
        .field("certificate valid until", until(i.certificate_until))
        .words("maintenance window", i.maintenance_window.as_ref())
        .words("master secret", i.master_secret.as_ref().and_then(|secret| secret.status.as_ref()))
        .field("created", Cell::at(i.created_at));
    let replication = i.replication.iter().map(|state| {
        let words = [&state.status, &state.message].into_iter().flatten().map(ToString::to_string);
        Line::Field(Text::from("replication"), Cell::Text(Text::from(words.collect::<Vec<_>>().join(": "))))
    });
    with_changes(detail.lines(replication), &i.pending).lines(trends_of_instance(scene, i))
}

/// A metric of a database over the last hour, where it was ever measured.
fn trend(
    scene: &StackScene<'_>,
    arn: &Text,
    metric: (&'static str, &'static str),
    scale: f64,
    shape: &Trend,
) -> Option<Line> {
    Some(Line::Trend(Text::from(metric.0), past(scene, arn, metric.1, scale, shape)?))
}

fn past(scene: &StackScene<'_>, arn: &Text, metric: &'static str, scale: f64, shape: &Trend) -> Option<Trend> {
    let measured = scene.facts.get::<RdsMetrics>()?.get(arn, metric)?;
    let points = measured.series.points.iter().map(|(at, value)| (*at, value * scale)).collect();
    Some(Trend { points, ..shape.clone() })
}

/// How busy an instance was in the last hour, where that was ever measured.
pub(super) fn cpu(scene: &StackScene<'_>, i: &DbInstance) -> Option<Trend> {
    past(scene, &i.arn, RdsMetrics::CPU, 0.01, &shape(Unit::Share, scene.warns("rds-cpu")))
}

fn shape(unit: Unit, limit: Option<f64>) -> Trend {
    Trend { unit, limit, ..Trend::default() }
}

/// How many connections an instance may have: as configured, else as estimated.
fn most_connections(scene: &StackScene<'_>, i: &DbInstance) -> Option<f64> {
    match scene.level("rds-connections", "limit") {
        Some(Level::Known(Some(limit))) => Some(f64::from(limit)),
        _ => default_connections(i),
    }
}

fn trends_of_instance(scene: &StackScene<'_>, i: &DbInstance) -> Vec<Line> {
    let of = |name, metric, scale, shape: Trend| trend(scene, &i.arn, (name, metric), scale, &shape);
    let share_of = |whole: Option<f64>, rule| Some(whole? * scene.warns(rule)?);
    let room = share_of(i.allocated.map(|gib| f64::from(gib) * GIB), "rds-storage-free");
    let storage = Trend { falling: true, ..shape(Unit::Bytes, room) };
    let most = share_of(most_connections(scene, i), "rds-connections");
    let lines: Vec<Line> = [
        cpu(scene, i).map(|trend| Line::Trend(Text::from("CPU"), trend)),
        of("free storage", RdsMetrics::STORAGE, 1.0, storage),
        of("connections", RdsMetrics::CONNECTIONS, 1.0, shape(Unit::Count, most)),
        of("freeable memory", RdsMetrics::MEMORY, 1.0, Trend { falling: true, ..shape(Unit::Bytes, None) }),
        of("lag", RdsMetrics::LAG, 1.0, shape(Unit::Seconds, scene.warns("rds-replica-lag"))),
        of("lag", RdsMetrics::AURORA_LAG, 0.001, shape(Unit::Seconds, scene.warns("rds-aurora-lag"))),
    ]
    .into_iter()
    .flatten()
    .collect();
    headed("last hour", lines)
}

/// Lines under a heading, if there are any.
fn headed(heading: &'static str, lines: Vec<Line>) -> Vec<Line> {
    if lines.is_empty() {
        return lines;
    }
    std::iter::once(Line::Heading(heading)).chain(lines).collect()
}

fn of_cluster(rds: &RdsFacts, c: &DbCluster, detail: Detail) -> Detail {
    let detail = detail
        .words("status", c.status.as_ref())
        .field("engine", engine(c.engine.as_ref(), c.version.as_ref()))
        .words("endpoint", c.endpoint.as_ref())
        .field("instances in several zones", flag(c.multi_az))
        .words("replica of", c.replica_of.as_ref())
        .field("encrypted", flag(c.encrypted))
        .words("encryption", c.encryption_type.as_ref())
        .field("deletion protection", flag(c.deletion_protection))
        .field("IAM authentication", flag(c.iam_auth))
        .field("backups kept, days", Cell::count(c.backup_days))
        .field("can be restored to", Cell::at(c.restorable_at))
        .words("certificate authority", c.ca.as_ref())
        .field("certificate valid until", until(c.certificate_until))
        .words("maintenance window", c.maintenance_window.as_ref())
        .words("master secret", c.master_secret.as_ref().and_then(|secret| secret.status.as_ref()))
        .field("created", Cell::at(c.created_at));
    let members = c.members.iter().map(|member| {
        let role = match member.is_writer {
            Some(true) => "writer",
            Some(false) => "reader",
            None => "role not told",
        };
        let instance = rds.instance(&member.instance);
        let zone =
            instance.and_then(|i| i.az.as_ref()).map_or_else(|| "zone not known".to_owned(), ToString::to_string);
        let status = instance.and_then(|i| i.status.as_ref()).map(ToString::to_string);
        let tier = member.promotion_tier.map(|tier| format!("promotion tier {tier}"));
        let parameters =
            member.parameters.as_ref().filter(|state| **state != "in-sync").map(|p| format!("parameters {p}"));
        let parts = [Some(role.to_owned()), Some(zone), status, tier, parameters];
        let words = parts.into_iter().flatten().collect::<Vec<_>>().join(", ");
        Line::Field(member.instance.clone(), Cell::Text(Text::from(words)))
    });
    let members: Vec<Line> = members.collect();
    with_changes(detail.lines(headed("members", members)).lines(zones(rds, c)), &c.pending)
}

/// What the loss of a zone would take: as the members are laid out, and as they are available now.
fn zones(rds: &RdsFacts, c: &DbCluster) -> Vec<Line> {
    let known: Vec<&DbInstance> = c.members.iter().filter_map(|member| rds.instance(&member.instance)).collect();
    if known.len() < c.members.len() || known.iter().any(|i| i.az.is_none()) {
        let words = Text::from("not known: the zones of some members were not told");
        return headed("loss of a zone", vec![Line::Words(words)]);
    }
    let available: Vec<&DbInstance> = known.iter().copied().filter(|i| Database::Instance(i).is_usable()).collect();
    let laid_out = Line::Field(Text::from("as laid out"), Cell::Text(Text::from(survives(&known))));
    let missing = known.len() - available.len();
    let words = format!("{missing} of {} members not available, {}", known.len(), survives(&available));
    let now = (missing > 0).then(|| Line::Field(Text::from("now"), Cell::Text(Text::from(words))));
    headed("loss of a zone", std::iter::once(laid_out).chain(now).collect())
}

/// What is left of these after the loss of a zone.
fn survives(members: &[&DbInstance]) -> String {
    let zones: BTreeSet<&Text> = members.iter().filter_map(|i| i.az.as_ref()).collect();
    match (members.len(), zones.first()) {
        (0, _) | (_, None) => "nothing is left to lose".to_owned(),
        (_, Some(zone)) if zones.len() == 1 => format!("all in {zone}, its loss takes them all"),
        _ => format!("in {} zones, each of which may be lost", zones.len()),
    }
}

fn of_proxy(scene: &StackScene<'_>, p: &Proxy, detail: Detail) -> Detail {
    let secrets = Text::from(p.secrets.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "));
    let detail = detail
        .words("status", p.status.as_ref())
        .words("engine", p.engine.as_ref())
        .words("endpoint", p.endpoint.as_ref())
        .field("requires TLS", flag(p.requires_tls))
        .words("secrets", Some(&secrets))
        .field("may use, % of the most", Cell::count(p.max_connections_percent))
        .field("targets read", Cell::at(p.targets_at));
    let allowed = super::value(scene, &p.arn, RdsMetrics::ALLOWED);
    let allowed = allowed.and_then(|most| Some(most * scene.warns("rds-proxy-pool")?));
    let of = |name, metric, limit| trend(scene, &p.arn, (name, metric), 1.0, &shape(Unit::Count, limit));
    let lines: Vec<Line> = [
        of("clients", RdsMetrics::CLIENTS, None),
        of("connections in use", RdsMetrics::BORROWED, allowed),
        of("connections open", RdsMetrics::CONNECTIONS, allowed),
        of("pinned to one client", RdsMetrics::PINNED, None),
        of("logins that fail", RdsMetrics::AUTH_FAILED, Some(0.0)),
        of("without TLS", RdsMetrics::NO_TLS, Some(0.0)),
    ]
    .into_iter()
    .flatten()
    .collect();
    detail.lines(headed("targets", p.targets.iter().map(target_line).collect())).lines(headed("last hour", lines))
}

fn target_line(t: &Target) -> Line {
    let name = t.id.as_ref().or(t.cluster.as_ref()).cloned().unwrap_or_else(|| Text::from("target"));
    let parts = [&t.kind, &t.role, &t.state, &t.reason, &t.description];
    let words: Vec<String> = parts.into_iter().flatten().map(ToString::to_string).collect();
    Line::Field(name, Cell::Text(Text::from(words.join(", "))))
}

fn with_changes(detail: Detail, changes: &[PendingChange]) -> Detail {
    let line = |change: &PendingChange| Line::Field(Text::from(change.name), Cell::Text(change.value.clone()));
    detail.lines(headed("changes that wait", changes.iter().map(line).collect()))
}

fn with_maintenance(rds: &RdsFacts, detail: Detail, database: Database<'_>) -> Detail {
    let lines = |m: &Maintenance| {
        let words = m.description.as_ref().map_or_else(|| "no description".to_owned(), ToString::to_string);
        [Line::Field(m.action.clone(), Cell::Text(Text::from(words))), Line::Field(Text::from("  due"), until(due(m)))]
    };
    let waits = rds.maintenance.iter().filter(|m| m.arn == *database.arn());
    detail.lines(headed("pending maintenance", waits.flat_map(lines).collect()))
}

fn with_events(rds: &RdsFacts, detail: Detail, database: Database<'_>) -> Detail {
    let members: &[crate::model::rds::ClusterMember] = match database {
        Database::Cluster(cluster) => &cluster.members,
        _ => &[],
    };
    let concerns = |event: &&Event| {
        event.source == *database.name() || members.iter().any(|member| member.instance == event.source)
    };
    let line = |event: &Event| {
        let foreign = event.source != *database.name();
        let words = if foreign { format!("{}: {}", event.source, event.message) } else { event.message.to_string() };
        Line::Event(Cell::at(event.at), Text::from(words))
    };
    detail.lines(headed("events", rds.events.iter().filter(concerns).take(EVENTS).map(line).collect()))
}
