//! Databases of the small world: full ones with every member set, and bare ones with a name alone.

use std::time::Duration;

use async_trait::async_trait;
use rounds::backend::ports::{Metrics, Page, Rds, RdsProxies};
use rounds::model::Fault;
use rounds::model::metric::{Query, Series};
use rounds::model::rds::{
    ClusterMember, DbCluster, DbInstance, Event, Maintenance, MasterSecret, PendingChange, Proxy, ReplicaState, Target,
};
use rounds::text::Text;
use rounds::time::Timestamp;

use crate::world::{ACCOUNT, REGION, START, later, paged, some, text};

/// What nobody should write and somebody will.
pub const HOSTILE: &str = "<b>&amp;]]> \"'\u{1b}[2J\u{202e}\u{9b}31m\t\r\n ümläut 𝄞";

#[derive(Clone)]
pub struct Databases {
    pub instances: Vec<DbInstance>,
    pub clusters: Vec<DbCluster>,
    pub events: Vec<Event>,
    pub maintenance: Vec<Maintenance>,
    pub proxies: Vec<Proxy>,
    /// By the name of their proxy.
    pub targets: Vec<(Text, Target)>,
}

pub fn arn(kind: &str, name: &str) -> Text {
    text(format!("arn:aws:rds:{REGION}:{ACCOUNT}:{kind}:{name}"))
}

/// 103 instances, 45 clusters, 260 events, 103 actions of maintenance and 41 proxies, the last but one with 45 targets.
pub fn databases() -> Databases {
    let maintenance = (0..101).map(|n| maintenance(n, "system-update"));
    let bare = Maintenance { arn: arn("db", "db-001"), action: text("odd"), ..Maintenance::default() };
    let mut databases = Databases {
        instances: (0..101).map(instance).collect(),
        clusters: (0..44).map(cluster).collect(),
        events: (0..258).map(event).collect(),
        maintenance: maintenance.chain([bare, maintenance_of_rotation()]).collect(),
        proxies: (0..40).map(proxy).collect(),
        targets: (0..45).map(|n| (text("proxy-39"), target(n))).collect(),
    };
    let bare = |name| DbInstance { id: text(name), arn: arn("db", name), ..DbInstance::default() };
    databases.instances.extend([bare("zz-bare"), bare("zz-hostile")]);
    databases.instances[102].replication =
        vec![ReplicaState { message: some(HOSTILE), ..ReplicaState::default() }, ReplicaState::default()];
    databases.clusters.push(DbCluster { id: text("zz-bare"), arn: arn("cluster", "zz-bare"), ..DbCluster::default() });
    // The same words at the same time are two events.
    let twice = Event { at: later(-30_000), source: text("db-000"), message: text(HOSTILE), ..Event::default() };
    databases.events.extend([twice.clone(), twice]);
    databases.proxies.push(Proxy { name: text("zz-bare"), arn: arn("db-proxy", "zz-bare"), ..Proxy::default() });
    databases.targets.push((text("proxy-00"), Target::default()));
    databases
}

fn instance(n: u32) -> DbInstance {
    let name = format!("db-{n:03}");
    DbInstance {
        id: text(&name),
        arn: arn("db", &name),
        status: some("available"),
        class: some("db.r6g.large"),
        engine: some("postgres"),
        version: some("16.4"),
        endpoint: Some(text(format!("{name}.abc.{REGION}.rds.example"))),
        az: some("eu-west-1a"),
        standby_az: some("eu-west-1b"),
        multi_az: Some(n.is_multiple_of(2)),
        cluster: some("cluster-00"),
        promotion_tier: Some(n % 16),
        replica_of: some("db-000"),
        replication: vec![ReplicaState { normal: Some(true), status: some("replicating"), message: some(HOSTILE) }],
        allocated: Some(100 + n),
        max_allocated: Some(1_000),
        encrypted: Some(true),
        encryption_type: some("sse-kms"),
        public: Some(false),
        deletion_protection: Some(true),
        log_exports: vec![text("postgresql"), text("upgrade")],
        iam_auth: Some(true),
        auto_minor_upgrade: Some(false),
        backup_days: Some(n % 36),
        restorable_at: later(-60_000),
        ca: some("rds-ca-rsa2048-g1"),
        certificate_until: later(1_000_000_000),
        pending: vec![
            change("MultiAZ", "true"),
            change("AllocatedStorage", "200"),
            change("MasterUserPassword", "new"),
            change("PendingCloudwatchLogsExports", "audit, -upgrade"),
        ],
        maintenance_window: some("sun:05:00-sun:06:00"),
        master_secret: Some(MasterSecret { arn: some("arn:aws:secretsmanager:::secret:x"), status: some("active") }),
        created_at: later(-86_400_000),
    }
}

fn change(name: &'static str, value: &str) -> PendingChange {
    PendingChange { name, value: text(value) }
}

fn cluster(n: u32) -> DbCluster {
    let name = format!("cluster-{n:02}");
    let member = |i: u32| ClusterMember {
        instance: text(format!("db-{i:03}")),
        is_writer: Some(i == 0),
        promotion_tier: Some(i),
        parameters: some("in-sync"),
    };
    DbCluster {
        id: text(&name),
        arn: arn("cluster", &name),
        status: some("available"),
        engine: some("aurora-postgresql"),
        version: some("16.4"),
        endpoint: Some(text(format!("{name}.cluster.example"))),
        multi_az: Some(true),
        zones: vec![text("eu-west-1a"), text("eu-west-1b"), text("eu-west-1c")],
        members: (0..n % 4).map(member).collect(),
        allocated: Some(1),
        encrypted: Some(false),
        encryption_type: some("sse-rds"),
        public: Some(false),
        deletion_protection: Some(false),
        log_exports: vec![text("postgresql")],
        iam_auth: Some(false),
        auto_minor_upgrade: Some(true),
        backup_days: Some(7),
        restorable_at: later(-1_000),
        ca: some("rds-ca-ecc384-g1"),
        certificate_until: later(2_000_000_000),
        pending: vec![change("EngineVersion", "17.1"), change("CertificateDetails", "rds-ca-rsa4096-g1")],
        maintenance_window: some("mon:01:00-mon:02:00"),
        replica_of: Some(arn("cluster", "primary")),
        master_secret: Some(MasterSecret { arn: None, status: some("rotating") }),
        created_at: later(-5_000),
    }
}

/// Sixty of them a minute, so that pages end between events of the same second.
fn event(n: u32) -> Event {
    Event {
        at: later(-1_000 * i64::from(n / 3)),
        source: text(format!("db-{:03}", n % 7)),
        source_type: some(if n.is_multiple_of(2) { "db-instance" } else { "db-cluster" }),
        arn: Some(arn("db", &format!("db-{:03}", n % 7))),
        categories: vec![text("failover"), text("notification")],
        message: text(format!("Multi-AZ instance failover started. {n:03} {HOSTILE}")),
    }
}

fn maintenance(n: u32, action: &str) -> Maintenance {
    Maintenance {
        arn: arn("db", &format!("db-{n:03}")),
        action: text(action),
        description: some(HOSTILE),
        auto_at: later(1_000),
        forced_at: later(2_000),
        current_at: later(3_000),
        opt_in: some("next-maintenance"),
    }
}

fn maintenance_of_rotation() -> Maintenance {
    maintenance(1, "ca-certificate-rotation")
}

fn proxy(n: u32) -> Proxy {
    let name = format!("proxy-{n:02}");
    Proxy {
        arn: arn("db-proxy", &format!("prx-{n:02}")),
        status: some("available"),
        engine: some("POSTGRESQL"),
        requires_tls: Some(true),
        endpoint: Some(text(format!("{name}.proxy.example"))),
        secrets: vec![text("arn:aws:secretsmanager:::secret:x")],
        name: text(name),
        ..Proxy::default()
    }
}

fn target(n: u32) -> Target {
    Target {
        id: Some(text(format!("db-{n:03}"))),
        cluster: some("cluster-00"),
        kind: some("RDS_INSTANCE"),
        role: some("READ_WRITE"),
        state: some("UNAVAILABLE"),
        reason: some("AUTH_FAILURE"),
        description: some(HOSTILE),
    }
}

#[async_trait]
impl Rds for Databases {
    async fn instances(&self, token: Option<&str>) -> Result<Page<DbInstance>, Fault> {
        Ok(paged(&self.instances, token))
    }
    async fn clusters(&self, token: Option<&str>) -> Result<Page<DbCluster>, Fault> {
        Ok(paged(&self.clusters, token))
    }
    async fn events(&self, since: Timestamp, token: Option<&str>) -> Result<Page<Event>, Fault> {
        let fresh: Vec<Event> = self.events.iter().filter(|event| event.at >= Some(since)).cloned().collect();
        Ok(paged(&fresh, token))
    }
    async fn maintenance(&self, token: Option<&str>) -> Result<Page<Maintenance>, Fault> {
        Ok(paged(&self.maintenance, token))
    }
}

#[async_trait]
impl RdsProxies for Databases {
    async fn proxies(&self, token: Option<&str>) -> Result<Page<Proxy>, Fault> {
        Ok(paged(&self.proxies, token))
    }
    async fn targets(&self, proxy: &str, token: Option<&str>) -> Result<Page<Target>, Fault> {
        let own: Vec<Target> =
            self.targets.iter().filter(|(name, _)| *name == *proxy).map(|(_, target)| target.clone()).collect();
        Ok(paged(&own, token))
    }
    async fn max_connections_percent(&self, proxy: &str) -> Result<Option<u32>, Fault> {
        Ok(if proxy == "zz-bare" { None } else { Some(80) })
    }
}

/// What a metric of this name is like: `Nothing` has no points, `Forbidden` and `Partial` have a problem.
pub fn series(query: &Query, from: Timestamp, until: Timestamp) -> Series {
    let database = query.dimensions.first().and_then(|(_, value)| value.rsplit('-').next()?.parse().ok());
    let base: f64 = database.unwrap_or(0.0);
    let minutes = u32::try_from(until.since(from).as_secs() / 60).unwrap();
    let minutes = if query.name == "Nothing" { 0 } else { minutes };
    let at = |n: u32| from + Duration::from_secs(60) * n;
    let problem = match query.name {
        "Forbidden" => some("Forbidden: AccessDenied: not <yours>"),
        "Partial" => some("PartialData"),
        _ => None,
    };
    Series { points: (0..minutes).map(|n| (at(n), base + f64::from(n) / 4.0)).collect(), problem }
}

#[async_trait]
impl Metrics for Databases {
    /// Two pages: the first half of every series, then the other.
    async fn data(
        &self,
        queries: &[Query],
        from: Timestamp,
        until: Timestamp,
        token: Option<&str>,
    ) -> Result<Page<(usize, Series)>, Fault> {
        let half = |query| {
            let Series { points, problem } = series(query, from, until);
            let (first, second) = points.split_at(points.len() / 2);
            match token {
                None => Series { points: first.to_vec(), problem: None },
                Some(_) => Series { points: second.to_vec(), problem },
            }
        };
        let next = if token.is_none() { Some("second".to_owned()) } else { None };
        Ok(Page { items: queries.iter().map(half).enumerate().collect(), next })
    }
}

/// The time of the newest event.
pub const NOW: Timestamp = START;
