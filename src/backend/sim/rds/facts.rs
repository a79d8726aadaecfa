//! What RDS answers of the databases.

use std::collections::BTreeSet;
use std::time::Duration;

use super::events::{Source, Told};
use super::failover::{NOTICED, PENDING};
use super::fleet::{Fleet, Gap, Instance};
use super::spec::CommonSpec;
use crate::model::rds::{
    ClusterMember, DbCluster, DbInstance, Event, Maintenance, MasterSecret, Proxy, ReplicaState, Target,
};
use crate::text::Text;
use crate::time::Timestamp;

/// Every account has a part like this in its endpoints.
const SUFFIX: &str = "c9akciq32rxq";
const CA: &str = "rds-ca-rsa2048-g1";
/// `LatestRestorableTime` moves on so often.
const LOGGED: Duration = Duration::from_secs(300);

impl Fleet {
    pub fn instance_facts(&self, i: usize) -> DbInstance {
        let instance = &self.instances[i];
        let (alone, common) = (instance.alone.as_ref(), &instance.common);
        let of = instance.cluster.map(|c| &self.clusters[c].spec);
        let backed_up = alone.filter(|spec| spec.backup_days > 0);
        let replica_of = alone.and_then(|spec| spec.replica_of.as_ref());
        DbInstance {
            id: Text::from(&instance.id),
            arn: Text::from(&instance.arn),
            status: Some(Text::from(instance.status)),
            class: Some(Text::from(&instance.class)),
            engine: Some(Text::from(&instance.engine)),
            version: Some(Text::from(&instance.version)),
            endpoint: Some(self.endpoint(&instance.id, "")),
            az: Some(Text::from(&instance.shown.0)),
            standby_az: instance.shown.1.as_ref().map(Text::from),
            multi_az: Some(instance.standby.is_some()),
            cluster: of.map(|spec| Text::from(&spec.name)),
            promotion_tier: instance.tier,
            replica_of: replica_of.map(Text::from),
            replication: replica_of.map(|_| replicating()).into_iter().collect(),
            // Aurora's storage grows by itself; its instances show 1.
            allocated: Some(alone.map_or(1, |spec| spec.storage)),
            max_allocated: alone.and_then(|spec| spec.storage_up_to),
            encrypted: Some(!common.unencrypted),
            encryption_type: Some(Text::from(if common.unencrypted { "none" } else { "sse-kms" })),
            public: Some(common.public),
            deletion_protection: Some(common.deletion_protection),
            log_exports: alone
                .map_or(of.map(|spec| &spec.log_exports), |spec| Some(&spec.log_exports))
                .map(|exports| texts(exports))
                .unwrap_or_default(),
            iam_auth: Some(false),
            auto_minor_upgrade: Some(common.auto_minor_upgrade),
            backup_days: Some(alone.map_or(of.map_or(0, |spec| spec.backup_days), |spec| spec.backup_days)),
            restorable_at: backed_up.map(|_| self.restorable(i)),
            ca: Some(Text::from(CA)),
            certificate_until: Some(self.started + common.certificate_lasts),
            pending: Vec::new(),
            maintenance_window: Some(window(common)),
            master_secret: alone.filter(|spec| spec.managed_secret).map(|spec| self.master_secret(&spec.name)),
            created_at: Some(self.started - common.age),
        }
    }

    pub fn cluster_facts(&self, c: usize) -> DbCluster {
        let cluster = &self.clusters[c];
        let (spec, common) = (&cluster.spec, &cluster.spec.common);
        let members = || cluster.members.iter().map(|i| &self.instances[*i]);
        let zones: BTreeSet<&String> = members().map(|m| &m.zone).collect();
        let is_aurora = spec.engine.starts_with("aurora");
        DbCluster {
            id: Text::from(&spec.name),
            arn: Text::from(&cluster.arn),
            status: Some(Text::from(cluster.status)),
            engine: Some(Text::from(&spec.engine)),
            version: Some(Text::from(&spec.version)),
            endpoint: Some(self.endpoint(&spec.name, "cluster-")),
            multi_az: Some(zones.len() > 1),
            zones: zones.into_iter().map(Text::from).collect(),
            members: cluster.members.iter().map(|i| self.member_facts(*i, cluster.writer == *i)).collect(),
            allocated: Some(if is_aurora { 1 } else { 100 }),
            encrypted: Some(!common.unencrypted),
            encryption_type: Some(Text::from(if common.unencrypted { "none" } else { "sse-kms" })),
            public: (!is_aurora).then_some(common.public),
            deletion_protection: Some(common.deletion_protection),
            log_exports: texts(&spec.log_exports),
            iam_auth: Some(false),
            auto_minor_upgrade: (!is_aurora).then_some(common.auto_minor_upgrade),
            backup_days: Some(spec.backup_days),
            restorable_at: (spec.backup_days > 0).then(|| self.restorable(cluster.writer)),
            ca: (!is_aurora).then(|| Text::from(CA)),
            certificate_until: (!is_aurora).then(|| self.started + common.certificate_lasts),
            pending: Vec::new(),
            maintenance_window: Some(window(common)),
            replica_of: None,
            master_secret: None,
            created_at: Some(self.started - common.age),
        }
    }

    fn member_facts(&self, i: usize, is_writer: bool) -> ClusterMember {
        ClusterMember {
            instance: Text::from(&self.instances[i].id),
            is_writer: Some(is_writer),
            promotion_tier: self.instances[i].tier,
            parameters: Some(Text::from("in-sync")),
        }
    }

    pub fn event_facts(&self, told: &Told) -> Event {
        let (source, kind, arn) = match told.of {
            Source::Instance(i) => (&self.instances[i].id, "db-instance", &self.instances[i].arn),
            Source::Cluster(c) => (&self.clusters[c].spec.name, "db-cluster", &self.clusters[c].arn),
        };
        Event {
            at: Some(told.at),
            source: Text::from(source),
            source_type: Some(Text::from(kind)),
            arn: Some(Text::from(arn)),
            categories: vec![Text::from(told.category)],
            message: Text::from(&told.message),
        }
    }

    /// Instances with maintenance that waits.
    pub fn maintained(&self) -> Vec<usize> {
        (0..self.instances.len()).filter(|i| self.instances[*i].common.update_in.is_some()).collect()
    }

    pub fn maintenance_facts(&self, i: usize) -> Maintenance {
        let instance = &self.instances[i];
        let at = instance.common.update_in.map(|span| self.started + span);
        Maintenance {
            arn: Text::from(&instance.arn),
            action: Text::from("system-update"),
            description: Some(Text::from("New Operating System update is available")),
            auto_at: at,
            forced_at: None,
            current_at: at,
            opt_in: None,
        }
    }

    pub fn proxy_facts(&self, p: usize) -> Proxy {
        let proxy = &self.proxies[p];
        let behind = self.behind(p).first().map_or("", |i| self.instances[*i].engine.as_str());
        let family = if behind.contains("postgres") { "POSTGRESQL" } else { "MYSQL" };
        Proxy {
            name: Text::from(&proxy.spec.name),
            arn: Text::from(&proxy.arn),
            status: Some(Text::from("available")),
            engine: Some(Text::from(family)),
            requires_tls: Some(proxy.spec.tls),
            endpoint: Some(self.endpoint(&proxy.spec.name, "proxy-")),
            secrets: texts(&proxy.secrets),
            max_connections_percent: None,
            targets: Vec::new(),
            targets_at: None,
        }
    }

    /// The instances behind a proxy.
    pub fn behind(&self, p: usize) -> Vec<usize> {
        let target = &self.proxies[p].spec.target;
        let members = self.cluster(target).map(|c| self.clusters[c].members.clone());
        members.unwrap_or_else(|| self.instance(target).into_iter().collect())
    }

    pub fn target_facts(&self, p: usize) -> Vec<Target> {
        let cluster = self.cluster(&self.proxies[p].spec.target);
        let name = cluster.map(|c| Text::from(&self.clusters[c].spec.name));
        let tracked = name.clone().map(|name| Target {
            id: Some(name),
            kind: Some(Text::from("TRACKED_CLUSTER")),
            ..Target::default()
        });
        let writes = |i: usize| cluster.is_none_or(|c| self.clusters[c].writer == i);
        let instances = self.behind(p).into_iter().map(|i| {
            let (state, reason, description) = self.target_health(p, i);
            Target {
                id: Some(Text::from(&self.instances[i].id)),
                cluster: name.clone(),
                kind: Some(Text::from("RDS_INSTANCE")),
                role: Some(Text::from(if writes(i) { "READ_WRITE" } else { "READ_ONLY" })),
                state: Some(Text::from(state)),
                reason: reason.map(Text::from),
                description: description.map(Text::from),
            }
        });
        tracked.into_iter().chain(instances).collect()
    }

    fn target_health(&self, p: usize, i: usize) -> (&'static str, Option<&'static str>, Option<&'static str>) {
        let instance = &self.instances[i];
        let gone = |gap: &Gap| gap.covers(self.now) && self.now.since(gap.from) >= NOTICED;
        let new = |gap: &Gap| gap.until.is_some_and(|until| self.now >= until && self.now.since(until) < PENDING);
        if instance.down.iter().chain(&instance.dark).any(gone) {
            return ("UNAVAILABLE", Some("UNREACHABLE"), Some("Database host or port is unreachable"));
        }
        if instance.down.iter().any(new) {
            let why = "DBProxy Target is waiting for proxy to scale to desired capacity";
            return ("UNAVAILABLE", Some("PENDING_PROXY_CAPACITY"), Some(why));
        }
        if self.proxies[p].broken.is_some() {
            return ("UNAVAILABLE", Some("AUTH_FAILURE"), Some("Proxy does not have any registered credentials"));
        }
        ("AVAILABLE", None, None)
    }

    /// The last time an instance's log was saved.
    fn restorable(&self, i: usize) -> Timestamp {
        let instance = &self.instances[i];
        let stopped = instance.down.iter().chain(&instance.dark).find(|gap| gap.covers(self.now)).map(|gap| gap.from);
        let saved = stopped.unwrap_or(self.now).min(self.now);
        // Not all at the same second: by the length of the name.
        let phase = i64::try_from(instance.id.len() * 37 % 300).unwrap_or(0);
        let every = i64::try_from(LOGGED.as_secs()).unwrap_or(1);
        Timestamp::from_secs((saved.secs() - phase).div_euclid(every) * every + phase)
    }

    fn endpoint(&self, name: &str, kind: &str) -> Text {
        Text::from(format!("{name}.{kind}{SUFFIX}.{}.rds.amazonaws.com", self.home.region))
    }

    fn master_secret(&self, name: &str) -> MasterSecret {
        MasterSecret {
            arn: Some(Text::from(self.home.secret(&format!("rds!db-{name}")))),
            status: Some(Text::from("active")),
        }
    }
}

impl Instance {
    /// Whether it takes connections at a time.
    pub fn is_down(&self, at: Timestamp) -> bool {
        self.down.iter().any(|gap| gap.covers(at))
    }

    /// Whether nothing of it is heard at a time.
    pub fn is_dark(&self, at: Timestamp) -> bool {
        self.dark.iter().any(|gap| gap.covers(at))
    }
}

fn replicating() -> ReplicaState {
    ReplicaState { normal: Some(true), status: Some(Text::from("replicating")), message: None }
}

fn texts(all: &[String]) -> Vec<Text> {
    all.iter().map(Text::from).collect()
}

/// `sun:05:00-sun:06:00`.
fn window(spec: &CommonSpec) -> Text {
    let begin = &spec.window;
    let end = begin.rsplit_once(':').and_then(|(rest, minutes)| {
        let (day, hour) = rest.split_once(':')?;
        Some(format!("{day}:{:02}:{minutes}", (hour.parse::<u32>().ok()? + 1) % 24))
    });
    Text::from(format!("{begin}-{}", end.unwrap_or_else(|| begin.clone())))
}
