//! Worlds of databases, and what the rules say of them.

mod failover;
mod load;
mod posture;
mod proxy;
mod status;

use std::sync::Arc;
use std::time::Duration;

use crate::health::fixture::{ago, now, text};
use crate::health::{Evaluation, Level, Observed, RULES, Thresholds, evaluate};
use crate::model::metric::Series;
use crate::model::rds::*;
use crate::model::{Facts, Severity};
use crate::text::Text;
use crate::time::Timestamp;

/// What is known of databases, and for how many minutes it has been so.
#[derive(Clone, Debug)]
pub(super) struct World {
    pub rds: RdsFacts,
    pub metrics: RdsMetrics,
    pub minutes: u64,
    /// What is configured.
    pub thresholds: Thresholds,
    /// Sets the parts apart that were read earlier, or never.
    pub late: fn(&mut PartsRead),
}

impl World {
    pub fn facts(&self, at: Timestamp) -> Facts {
        let mut facts = Facts::default();
        let read = Some(at);
        let mut read_at = PartsRead { instances: read, clusters: read, events: read, maintenance: read, proxies: read };
        (self.late)(&mut read_at);
        let mut rds = RdsFacts { read_at, ..self.rds.clone() };
        rds.proxies.iter_mut().for_each(|p| p.targets_at = read);
        facts.put(at, Arc::new(rds));
        facts.put(at, Arc::new(self.metrics.clone()));
        facts
    }

    pub fn evaluate(&self) -> Evaluation {
        let began = now() - Duration::from_secs(self.minutes * 60);
        let before = evaluate(&self.facts(began), &self.thresholds, &Observed::default(), true).observed;
        evaluate(&self.facts(now()), &self.thresholds, &before, true)
    }

    fn says(&self, rule: &str) -> Vec<String> {
        let say = |severity: Severity, message: &Text| match severity {
            Severity::Ok => "ok".to_owned(),
            bad => format!("{} {message}", bad.word()),
        };
        self.evaluate().checks.iter().filter(|c| c.rule == rule).map(|c| say(c.severity, &c.message)).collect()
    }

    fn alarms(&self) -> Vec<String> {
        let bad = self.evaluate().checks.into_iter().filter(|c| c.severity > Severity::Info);
        bad.map(|c| format!("{} {} {}", c.rule, c.severity.word(), c.message)).collect()
    }

    fn protected(mut self) -> Self {
        self.rds.protected = true;
        self
    }

    fn lasting(mut self, minutes: u64) -> Self {
        self.minutes = minutes;
        self
    }

    fn late(mut self, late: fn(&mut PartsRead)) -> Self {
        self.late = late;
        self
    }

    fn configured(mut self, rule: &str, name: &str, level: Level) -> Self {
        self.thresholds.set(rule, name, level);
        self
    }

    /// How bad a rule finds each thing.
    fn words(&self, rule: &str) -> Vec<&'static str> {
        self.evaluate().checks.iter().filter(|c| c.rule == rule).map(|c| c.severity.word()).collect()
    }

    /// Of when a rule's sentences are.
    fn taken_at(&self, rule: &str) -> Vec<Timestamp> {
        self.evaluate().checks.iter().filter(|c| c.rule == rule).map(|c| c.taken_at).collect()
    }

    fn event(mut self, minutes: u64, message: &str) -> Self {
        self.rds.events.insert(0, event(minutes, message));
        self
    }

    fn moved(mut self, arn: &str, minutes: u64, from: &str, to: &str) -> Self {
        let seen_at = now() - Duration::from_secs(minutes * 60);
        self.rds.moves.push(Move { seen_at, arn: Text::from(arn), from: Text::from(from), to: Text::from(to) });
        self
    }

    /// Points of the last hour, one a minute, the newest last and of now.
    fn measured(self, arn: &str, metric: &'static str, values: &[f64]) -> Self {
        self.measured_at(arn, metric, [0, 0], values)
    }

    /// The same of so many minutes ago: when they were read, and the newest point.
    fn measured_at(mut self, arn: &str, metric: &'static str, minutes: [u64; 2], values: &[f64]) -> Self {
        let [read, last] = minutes.map(|minutes| now() - Duration::from_secs(60 * minutes));
        let first = last - Duration::from_secs(60 * values.len() as u64);
        let at = |n: usize| first + Duration::from_secs(60 * (n as u64 + 1));
        let points = values.iter().enumerate().map(|(n, value)| (at(n), *value)).collect();
        let series = Series { points, problem: None };
        self.metrics.series.insert((Text::from(arn), metric), Measured { read_at: read, series });
        self
    }
}

pub(super) fn event(minutes: u64, message: &str) -> Event {
    Event { at: ago(minutes), source: Text::from("ehr"), message: Text::from(message), ..Event::default() }
}

/// `ehr`, Multi-AZ, as it should be.
pub(super) fn instance() -> DbInstance {
    DbInstance {
        id: Text::from("ehr"),
        arn: Text::from("arn:ehr"),
        status: text("available"),
        class: text("db.r6g.large"),
        engine: text("postgres"),
        az: text("us-east-1a"),
        standby_az: text("us-east-1b"),
        multi_az: Some(true),
        allocated: Some(100),
        max_allocated: Some(1_000),
        encrypted: Some(true),
        encryption_type: text("sse-kms"),
        public: Some(false),
        deletion_protection: Some(true),
        log_exports: vec![Text::from("postgresql")],
        auto_minor_upgrade: Some(true),
        backup_days: Some(14),
        restorable_at: ago(3),
        ca: text("rds-ca-rsa2048-g1"),
        certificate_until: Some(now() + Duration::from_hours(24 * 400)),
        maintenance_window: text("sun:05:00-sun:06:00"),
        ..DbInstance::default()
    }
}

pub(super) fn member(id: &str, zone: &str) -> DbInstance {
    DbInstance {
        id: Text::from(id),
        arn: Text::from(format!("arn:{id}")),
        engine: text("aurora-postgresql"),
        cluster: text("aurora"),
        az: text(zone),
        standby_az: None,
        multi_az: Some(false),
        deletion_protection: Some(false),
        log_exports: vec![],
        backup_days: Some(1),
        encrypted: Some(false),
        encryption_type: None,
        ..instance()
    }
}

pub(super) fn cluster(members: &[&str]) -> DbCluster {
    let member = |(n, id): (usize, &&str)| ClusterMember {
        instance: Text::from(*id),
        is_writer: Some(n == 0),
        promotion_tier: u32::try_from(n).ok(),
        parameters: None,
    };
    DbCluster {
        id: Text::from("aurora"),
        arn: Text::from("arn:aurora"),
        status: text("available"),
        engine: text("aurora-postgresql"),
        multi_az: Some(false),
        members: members.iter().enumerate().map(member).collect(),
        encrypted: Some(false),
        encryption_type: text("sse-kms"),
        deletion_protection: Some(true),
        log_exports: vec![Text::from("postgresql")],
        backup_days: Some(14),
        restorable_at: ago(3),
        ..DbCluster::default()
    }
}

pub(super) fn proxy(targets: Vec<Target>) -> Proxy {
    Proxy {
        name: Text::from("pool"),
        arn: Text::from("arn:pool"),
        status: text("available"),
        requires_tls: Some(true),
        targets,
        ..Proxy::default()
    }
}

pub(super) fn target(state: &str, reason: &str) -> Target {
    let reason = (!reason.is_empty()).then(|| Text::from(reason));
    Target { id: text("ehr"), kind: text("RDS_INSTANCE"), state: text(state), reason, ..Target::default() }
}

fn world(rds: RdsFacts) -> World {
    World { rds, metrics: RdsMetrics::default(), minutes: 0, thresholds: Thresholds::default(), late: |_| {} }
}

fn of(instance: DbInstance) -> World {
    world(RdsFacts { instances: vec![instance], ..RdsFacts::default() })
}

fn clustered(members: &[(&str, &str)]) -> World {
    let ids: Vec<&str> = members.iter().map(|(id, _)| *id).collect();
    let instances = members.iter().map(|(id, zone)| member(id, zone)).collect();
    world(RdsFacts { instances, clusters: vec![cluster(&ids)], ..RdsFacts::default() })
}

fn pooled(targets: Vec<Target>) -> World {
    let mut world = of(instance());
    world.rds.proxies = vec![proxy(targets)];
    world
}

#[track_caller]
fn table(rule: &str, rows: &[(World, &[&str])]) {
    assert!(RULES.iter().any(|known| known.id == rule), "no rule {rule}");
    for (n, (world, expected)) in rows.iter().enumerate() {
        assert_eq!(world.says(rule), *expected, "{rule}, row {n}");
    }
}
