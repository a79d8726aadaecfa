//! Laws of these rules, on any world.

use std::collections::HashMap;
use std::time::Duration;

use fastrand::Rng;
use proptest::prelude::*;

use super::tests::{World, cluster, event, instance, member, proxy, target};
use crate::health::fixture::{now, text};
use crate::health::{Evaluation, Thresholds};
use crate::model::Severity;
use crate::model::metric::Series;
use crate::model::rds::*;
use crate::text::Text;
use crate::time::Timestamp;

fn one<'a>(rng: &mut Rng, words: &[&'a str]) -> &'a str {
    words[rng.usize(..words.len())]
}

#[expect(clippy::unnecessary_wraps, reason = "the fields it fills are optional")]
fn time(rng: &mut Rng) -> Option<Timestamp> {
    Some(now() + Duration::from_secs(90_000) - Duration::from_secs(rng.u64(..180_000)))
}

const STATES: &[&str] =
    &["available", "available", "available", "rebooting", "modifying", "stopped", "storage-full", "odd"];
const EVENTS: &[&str] = &[
    "Multi-AZ instance failover started",
    "Multi-AZ instance failover completed",
    "Replication has stopped",
    "DB instance shutdown",
    "DB instance restarted",
    "Disabled automated backups",
    "nothing",
];

fn any_instance(rng: &mut Rng, instance: DbInstance) -> DbInstance {
    DbInstance {
        status: text(one(rng, STATES)),
        az: text(one(rng, &["a", "b"])),
        standby_az: text(one(rng, &["a", "b"])),
        multi_az: Some(rng.bool()),
        encrypted: Some(rng.bool()),
        encryption_type: text(one(rng, &["none", "sse-kms", "sse-rds", "odd"])),
        public: Some(rng.bool()),
        deletion_protection: Some(rng.bool()),
        auto_minor_upgrade: Some(rng.bool()),
        backup_days: Some(rng.u32(..9)),
        restorable_at: time(rng),
        certificate_until: time(rng),
        allocated: Some(rng.u32(..1_000)),
        replication: vec![ReplicaState { normal: Some(rng.bool()), ..ReplicaState::default() }],
        master_secret: Some(MasterSecret { arn: None, status: text(one(rng, &["active", "impaired", "rotating"])) }),
        ..instance
    }
}

fn any_world(seed: u64) -> World {
    let mut rng = Rng::with_seed(seed);
    let rng = &mut rng;
    let instances =
        vec![any_instance(rng, instance()), any_instance(rng, member("m1", "a")), any_instance(rng, member("m2", "a"))];
    let cluster = DbCluster {
        status: text(one(rng, STATES)),
        backup_days: Some(rng.u32(..9)),
        deletion_protection: Some(rng.bool()),
        encryption_type: text(one(rng, &["none", "sse-kms"])),
        ..cluster(&["m1", "m2"])
    };
    let state =
        target(one(rng, &["AVAILABLE", "UNAVAILABLE", "REGISTERING"]), one(rng, &["AUTH_FAILURE", "UNREACHABLE"]));
    let proxy = Proxy { requires_tls: Some(rng.bool()), ..proxy(vec![state]) };
    let events = (0..rng.usize(..5)).map(|_| event(rng.u64(..90), one(rng, EVENTS))).collect();
    let due = time(rng);
    let maintenance =
        Maintenance { arn: Text::from("arn:ehr"), action: Text::from("x"), current_at: due, ..Maintenance::default() };
    let mut metrics = RdsMetrics::default();
    for (arn, metric, most) in [
        ("arn:ehr", RdsMetrics::STORAGE, 2e11),
        ("arn:ehr", RdsMetrics::CPU, 100.0),
        ("arn:m2", RdsMetrics::AURORA_LAG, 20_000.0),
        ("arn:pool", RdsMetrics::AUTH_FAILED, 2.0),
        ("arn:pool", RdsMetrics::BORROWED, 100.0),
        ("arn:pool", RdsMetrics::ALLOWED, 100.0),
    ] {
        let points = (0..rng.usize(..20)).rev().map(|n| (now() - Duration::from_secs(60 * n as u64), rng.f64() * most));
        let series = Series { points: points.collect(), problem: None };
        metrics.series.insert((Text::from(arn), metric), Measured { read_at: now(), series });
    }
    let rds = RdsFacts {
        instances,
        clusters: vec![cluster],
        proxies: vec![proxy],
        events,
        maintenance: vec![maintenance],
        protected: rng.bool(),
        ..RdsFacts::default()
    };
    World { rds, metrics, minutes: 180, thresholds: Thresholds::default(), late: |_| {} }
}

/// Takes fields away that RDS normally gives.
fn forget(mut world: World, seed: u64) -> World {
    fn lose<T>(field: &mut Option<T>, rng: &mut Rng) {
        if rng.u8(..4) == 0 {
            *field = None;
        }
    }
    let mut rng = Rng::with_seed(seed);
    let rng = &mut rng;
    for i in &mut world.rds.instances {
        lose(&mut i.status, rng);
        lose(&mut i.az, rng);
        lose(&mut i.standby_az, rng);
        lose(&mut i.multi_az, rng);
        lose(&mut i.encrypted, rng);
        lose(&mut i.encryption_type, rng);
        lose(&mut i.public, rng);
        lose(&mut i.deletion_protection, rng);
        lose(&mut i.auto_minor_upgrade, rng);
        lose(&mut i.backup_days, rng);
        lose(&mut i.restorable_at, rng);
        lose(&mut i.certificate_until, rng);
        lose(&mut i.allocated, rng);
        lose(&mut i.max_allocated, rng);
        lose(&mut i.class, rng);
        i.replication.iter_mut().for_each(|state| lose(&mut state.normal, rng));
        i.master_secret.iter_mut().for_each(|secret| lose(&mut secret.status, rng));
    }
    for c in &mut world.rds.clusters {
        lose(&mut c.status, rng);
        lose(&mut c.backup_days, rng);
        lose(&mut c.deletion_protection, rng);
        lose(&mut c.encryption_type, rng);
        lose(&mut c.encrypted, rng);
        c.members.iter_mut().for_each(|member| lose(&mut member.is_writer, rng));
    }
    for p in &mut world.rds.proxies {
        lose(&mut p.status, rng);
        lose(&mut p.requires_tls, rng);
        for t in &mut p.targets {
            lose(&mut t.state, rng);
            lose(&mut t.reason, rng);
            lose(&mut t.kind, rng);
        }
    }
    world.rds.maintenance.iter_mut().for_each(|m| lose(&mut m.current_at, rng));
    world
}

fn by_subject(evaluation: &Evaluation) -> HashMap<(&'static str, Text), Severity> {
    evaluation.checks.iter().map(|c| ((c.rule, c.subject.id.clone()), c.severity)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(512) })]

    #[test]
    fn no_rule_panics_and_each_says_at_most_one_thing_of_a_database(seed: u64) {
        let evaluation = any_world(seed).evaluate();
        prop_assert_eq!(by_subject(&evaluation).len(), evaluation.checks.len(), "{:#?}", evaluation.checks);
        for check in &evaluation.checks {
            prop_assert!(!check.message.is_empty() && !check.subject.id.is_empty() && !check.subject.name.is_empty());
            prop_assert!(check.message.chars().count() <= 160, "{}", check.message);
        }
    }

    #[test]
    fn what_is_not_told_turns_nothing_green(seed: u64, lost: u64) {
        let world = any_world(seed);
        let less = forget(world.clone(), lost);
        let (full, partial) = (world.evaluate(), less.evaluate());
        let after = by_subject(&partial);
        for check in full.checks.iter().filter(|c| c.severity > Severity::Unknown) {
            let now = after.get(&(check.rule, check.subject.id.clone()));
            prop_assert_ne!(now, Some(&Severity::Ok), "{}: {}\n{:#?}", check.rule, check.message, less);
        }
    }
}
