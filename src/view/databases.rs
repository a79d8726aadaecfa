//! The databases view: clusters with their members, instances by themselves, proxies.

mod detail;
#[cfg(test)]
mod tests;

use std::time::Duration;

use super::scene::{aws_call, standing};
use super::{Scene, StackScene, View};
use crate::health::rds::storage::share;
use crate::health::rds::{Database, backup};
use crate::model::rds::{DbCluster, DbInstance, PendingChange, Proxy, RdsFacts, RdsMetrics};
use crate::table::{Cell, Column, Row, SHORT, Section};
use crate::text::Text;
use crate::time::Timestamp;

/// `databases`.
pub const VIEW: View = View {
    id: "databases",
    title: "databases",
    short: "db",
    doc: "RDS and Aurora: clusters with their members, instances, proxies; what CloudWatch measures of those on screen",
    kind: "database",
    feeds: &["rds", "metrics"],
    columns: COLUMNS,
    exported: true,
    rows,
    detail: detail::detail,
    // There is nothing below a database but its detail.
    open: |_| None,
    aws,
};

const COLUMNS: &[Column] = &[
    Column::words("identifier", "identifier", 1, 32, "The identifier; of a proxy its name").usually(12),
    Column::words("kind", "kind", 4, 8, "cluster, instance or proxy").usually(8),
    Column::words("engine", "engine", 5, 24, "The engine and its version").usually(16),
    Column::words("role", "role", 2, 7, "writer or reader of its cluster, replica of something else, or primary")
        .usually(7),
    Column::words("status", "status", 1, 24, "available, rebooting, failing-over …").usually(9),
    Column::words("az", "zone", 2, 16, "Availability zone; of a cluster those of its members").usually(10),
    Column::words("standby_az", "standby", 4, 16, "Availability zone of the standby").usually(10),
    Column::words(
        "multi_az",
        "multi-az",
        7,
        8,
        "Whether there is a standby; says nothing of Aurora's instances, so it is absent there",
    )
    .usually(8),
    Column::number("lag", "lag", 3, "How far a replica is behind, in seconds in exports").usually(6),
    Column::number(
        "storage_free_ratio",
        "free",
        3,
        "Free storage, as a share between 0 and 1 in exports; Aurora's grows by itself",
    )
    .usually(4),
    Column::number("connections", "conns", 3, "Connections; of a proxy those to its database").usually(5),
    Column::number("backup_age", "backup", 6, "How long ago the latest time is to which it can be restored").usually(7),
    Column::number("certificate_expires_at", "cert", 7, "When the certificate of the server runs out").usually(7),
    Column::words("pending", "pending", 8, 30, "Changes and maintenance that wait").usually(16),
    Column::trend("cpu_trend", "cpu past", 9, "CPU of the last hour, from none to all").usually(SHORT),
];

const DATABASES: Section = Section { order: 0, title: "databases" };
const PROXIES: Section = Section { order: 1, title: "proxies" };

fn rows(scene: &Scene<'_>) -> Vec<Row> {
    scene.stacks.iter().flat_map(of_stack).collect()
}

fn of_stack(scene: &StackScene<'_>) -> Vec<Row> {
    let Some(rds) = scene.facts.get::<RdsFacts>() else { return Vec::new() };
    let mut rows = Vec::new();
    for cluster in &rds.clusters {
        rows.push(cluster_row(scene, rds, cluster));
        let mut members: Vec<&DbInstance> = rds.instances.iter().filter(|i| is_of(i, cluster)).collect();
        members.sort_by_key(|member| cluster.writer() != Some(&member.id));
        rows.extend(members.into_iter().map(|member| instance_row(scene, rds, member)));
    }
    // A member whose cluster could not be read stands by itself.
    let alone = rds.instances.iter().filter(|i| !rds.clusters.iter().any(|cluster| is_of(i, cluster)));
    rows.extend(alone.map(|instance| instance_row(scene, rds, instance)));
    rows.extend(rds.proxies.iter().map(|proxy| proxy_row(scene, rds, proxy)));
    rows
}

fn is_of(instance: &DbInstance, cluster: &DbCluster) -> bool {
    instance.cluster.as_ref() == Some(&cluster.id)
}

/// A value older than this is not shown beside a row that was read a moment ago: what is on screen is read every minute, and
/// CloudWatch has a point within some minutes.
const RECENT: Duration = Duration::from_mins(5);

/// The newest value of a metric; none where it was never measured, or too long before the row was read. The detail tells it
/// with its age.
fn value(scene: &StackScene<'_>, arn: &Text, metric: &'static str) -> Option<f64> {
    let (at, value) = scene.facts.get::<RdsMetrics>()?.get(arn, metric)?.series.last()?;
    let read_at = scene.facts.taken_at::<RdsFacts>()?;
    (read_at.since(at) <= RECENT).then_some(value)
}

fn row(scene: &StackScene<'_>, database: Database<'_>, read_at: Option<Timestamp>, cells: Vec<Cell>) -> Row {
    let status = database.status().map(Text::from);
    Row {
        stack: scene.stack.name.clone(),
        id: database.arn().clone(),
        severity: standing(status.as_ref(), "available"),
        read_at: read_at.unwrap_or_default(),
        section: if matches!(database, Database::Proxy(_)) { PROXIES } else { DATABASES },
        cells,
        ..Row::default()
    }
    .judged(scene.problems_of("database", database.arn()))
}

fn words(words: impl IntoIterator<Item = String>) -> Cell {
    let words: Vec<String> = words.into_iter().filter(|word| !word.is_empty()).collect();
    if words.is_empty() { Cell::Missing } else { Cell::Text(Text::from(words.join(" "))) }
}

fn engine(engine: Option<&Text>, version: Option<&Text>) -> Cell {
    words(engine.into_iter().chain(version).map(ToString::to_string))
}

fn flag(value: Option<bool>) -> Cell {
    value.map_or(Cell::Missing, Cell::Flag)
}

fn until(at: Option<Timestamp>) -> Cell {
    at.map_or(Cell::Missing, Cell::Until)
}

/// How old the latest restorable time of what has backups of its own is.
fn backup_age(database: Database<'_>) -> Cell {
    backup::own(database).and_then(|(_, at)| at).map_or(Cell::Missing, Cell::Since)
}

fn pending(rds: &RdsFacts, arn: &Text, changes: &[PendingChange]) -> Cell {
    let waits = rds.maintenance.iter().filter(|m| m.arn == *arn).map(|m| m.action.to_string());
    words(changes.iter().map(|change| change.name.to_owned()).chain(waits))
}

fn cluster_row(scene: &StackScene<'_>, rds: &RdsFacts, c: &DbCluster) -> Row {
    let mut zones: Vec<&Text> =
        c.members.iter().filter_map(|member| rds.instance(&member.instance)?.az.as_ref()).collect();
    zones.sort();
    zones.dedup();
    let database = Database::Cluster(c);
    let cells = vec![
        Cell::Text(c.id.clone()),
        Cell::Text(Text::from("cluster")),
        engine(c.engine.as_ref(), c.version.as_ref()),
        Cell::Missing,
        Cell::text(c.status.as_ref()),
        words(zones.into_iter().map(ToString::to_string)),
        Cell::Missing,
        flag(c.multi_az),
        Cell::Missing,
        Cell::Missing,
        Cell::Missing,
        backup_age(database),
        until(c.certificate_until),
        pending(rds, &c.arn, &c.pending),
        Cell::Missing,
    ];
    row(scene, database, rds.read_at.clusters, cells)
}

/// What it is in its cluster, or of what it is a copy.
fn role(rds: &RdsFacts, i: &DbInstance) -> Cell {
    let cluster = i.cluster.as_deref().and_then(|id| rds.cluster(id));
    let member = cluster.and_then(|cluster| cluster.members.iter().find(|member| member.instance == i.id));
    let role = match member.and_then(|member| member.is_writer) {
        Some(true) => "writer",
        Some(false) => "reader",
        None if i.replica_of.is_some() => "replica",
        // Its cluster knows, and could not be read or does not say.
        None if i.cluster.is_some() => return Cell::Missing,
        None => "primary",
    };
    Cell::Text(Text::from(role))
}

/// How many seconds it is behind, by whichever metric it has.
fn lag(scene: &StackScene<'_>, i: &DbInstance) -> Option<f64> {
    // Where replication does not run CloudWatch has -1.
    let seconds = value(scene, &i.arn, RdsMetrics::LAG).filter(|seconds| *seconds >= 0.0);
    seconds.or_else(|| Some(value(scene, &i.arn, RdsMetrics::AURORA_LAG)? / 1_000.0))
}

/// How busy it was of late. Where that is not known of two times at least, there is nothing to see.
fn past(scene: &StackScene<'_>, i: &DbInstance) -> Cell {
    detail::cpu(scene, i).filter(|trend| trend.points.len() > 1).map_or(Cell::Missing, Cell::Trend)
}

fn instance_row(scene: &StackScene<'_>, rds: &RdsFacts, i: &DbInstance) -> Row {
    let database = Database::Instance(i);
    let free = value(scene, &i.arn, RdsMetrics::STORAGE).and_then(|bytes| share(i, bytes));
    let cells = vec![
        Cell::Text(i.id.clone()),
        Cell::Text(Text::from("instance")),
        engine(i.engine.as_ref(), i.version.as_ref()),
        role(rds, i),
        Cell::text(i.status.as_ref()),
        Cell::text(i.az.as_ref()),
        Cell::text(i.standby_az.as_ref()),
        flag(i.multi_az.filter(|_| !i.is_aurora())),
        lag(scene, i).map_or(Cell::Missing, Cell::Seconds),
        free.map_or(Cell::Missing, Cell::Share),
        value(scene, &i.arn, RdsMetrics::CONNECTIONS).map_or(Cell::Missing, Cell::Number),
        backup_age(database),
        until(i.certificate_until),
        pending(rds, &i.arn, &i.pending),
        past(scene, i),
    ];
    row(scene, database, rds.read_at.instances, cells)
}

fn proxy_row(scene: &StackScene<'_>, rds: &RdsFacts, p: &Proxy) -> Row {
    let mut cells = vec![Cell::Missing; COLUMNS.len()];
    cells[0] = Cell::Text(p.name.clone());
    cells[1] = Cell::Text(Text::from("proxy"));
    cells[2] = engine(p.engine.as_ref(), None);
    cells[4] = Cell::text(p.status.as_ref());
    cells[10] = value(scene, &p.arn, RdsMetrics::CONNECTIONS).map_or(Cell::Missing, Cell::Number);
    row(scene, Database::Proxy(p), rds.read_at.proxies, cells)
}

/// The database of a row.
fn find<'a>(scene: &StackScene<'a>, arn: &str) -> Option<(&'a RdsFacts, Database<'a>)> {
    let rds = scene.facts.get::<RdsFacts>()?;
    let clusters = rds.clusters.iter().map(Database::Cluster);
    let all =
        clusters.chain(rds.instances.iter().map(Database::Instance)).chain(rds.proxies.iter().map(Database::Proxy));
    all.into_iter().find(|database| *database.arn() == *arn).map(|database| (rds, database))
}

fn aws(scene: &StackScene<'_>, row: &Row) -> Option<String> {
    let (_, database) = find(scene, &row.id)?;
    let [call, option] = match database {
        Database::Instance(_) => ["describe-db-instances", "--db-instance-identifier"],
        Database::Cluster(_) => ["describe-db-clusters", "--db-cluster-identifier"],
        Database::Proxy(_) => ["describe-db-proxy-targets", "--db-proxy-name"],
    };
    aws_call(scene, &["rds", call, option, database.name()])
}
