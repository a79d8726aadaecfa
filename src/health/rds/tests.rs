//! Worlds of databases, and what the rules say of them.

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

#[test]
fn a_database_as_it_should_be_raises_nothing() {
    assert_eq!(of(instance()).alarms(), [""; 0]);
    assert_eq!(clustered(&[("w", "a"), ("r", "b")]).alarms(), [""; 0]);
    assert_eq!(pooled(vec![target("AVAILABLE", "")]).alarms(), [""; 0]);
}

#[test]
fn a_status_counts_by_what_it_means() {
    let status = |status: &str| of(DbInstance { status: text(status), ..instance() });
    table(
        "rds-status",
        &[
            (of(instance()), &["ok"]),
            (status("modifying"), &["info ehr: modifying"]),
            (status("configuring-log-exports").lasting(61), &["warn ehr: configuring-log-exports"]),
            (status("storage-optimization").lasting(600), &["info ehr: storage-optimization"]),
            (status("rebooting"), &["warn ehr: rebooting"]),
            (status("stopped"), &["warn ehr: stopped"]),
            (status("stopped").protected(), &["crit ehr: stopped"]),
            (status("storage-full"), &["crit ehr: storage-full"]),
            (status("incompatible-parameters"), &["crit ehr: incompatible-parameters"]),
            (status("on-holiday"), &["unknown ehr: status on-holiday, which these rules do not know"]),
            (of(DbInstance { status: None, ..instance() }), &["unknown ehr: its status was not told"]),
        ],
    );
    let window =
        DbInstance { maintenance_window: text("sat:00:00-sun:00:00"), status: text("upgrading"), ..instance() };
    table("rds-status", &[(of(window).lasting(120), &["info ehr: upgrading"])]);
}

#[test]
fn a_standby_is_judged_of_instances_by_themselves() {
    let single = || DbInstance { multi_az: Some(false), standby_az: None, ..instance() };
    let change = PendingChange { name: "MultiAZ", value: Text::from("true") };
    table(
        "rds-multi-az",
        &[
            (of(instance()), &["ok"]),
            (of(single()), &["warn ehr: one zone only, nothing takes over when it is lost"]),
            (of(single()).protected(), &["crit ehr: one zone only, nothing takes over when it is lost"]),
            (
                of(DbInstance { pending: vec![change], ..single() }).protected(),
                &["warn ehr: no standby yet, a change to Multi-AZ waits"],
            ),
            (
                of(DbInstance { standby_az: text("us-east-1a"), ..instance() }),
                &["warn ehr: Multi-AZ, the standby is not reported yet"],
            ),
            (of(DbInstance { multi_az: None, ..instance() }), &["unknown ehr: whether it has a standby was not told"]),
            (of(DbInstance { replica_of: text("x"), ..single() }), &[]),
            (of(DbInstance { engine: text("aurora-mysql"), ..single() }), &[]),
        ],
    );
}

#[test]
fn aurora_is_judged_by_where_its_members_are() {
    let unread = || {
        let mut world = clustered(&[("w", "a"), ("r", "b")]);
        world.rds.instances.clear();
        world
    };
    table(
        "rds-cluster-spread",
        &[
            (clustered(&[("w", "a"), ("r", "b")]), &["ok"]),
            (clustered(&[("w", "a"), ("r", "a")]), &["crit aurora: all 2 members in a, its loss takes them all"]),
            (clustered(&[("w", "a")]), &["warn aurora: a single instance, no failover target"]),
            (clustered(&[]), &["warn aurora: no instance, nobody can connect to it"]),
            (unread(), &["unknown aurora: the zones of its members are not known"]),
        ],
    );
    for rule in ["rds-multi-az", "rds-backup", "rds-encryption"] {
        let told = clustered(&[("w", "a"), ("r", "b")]).says(rule);
        assert!(told.len() <= 1 && told.iter().all(|words| words == "ok"), "{rule}: {told:?}");
    }
}

#[test]
fn a_failover_is_told_once_whoever_tells_of_it() {
    let base = || of(instance());
    let lag = "; DNS may lag";
    let (began, ended) = ("Multi-AZ instance failover started.", "Multi-AZ INSTANCE failover completed.");
    let time = |minutes: u64| ago(minutes).map(Timestamp::time_of_day).unwrap_or_default();
    let moved = format!("warn ehr: failed over us-east-1a → us-east-1b at {}{lag}", time(20));
    let seen = format!("warn ehr: failed over us-east-1a → us-east-1b seen at {}{lag}", time(19));
    let told = format!("warn ehr: failed over at {}{lag}", time(20));
    let lost = format!("warn ehr: a failover began at {} and its end was never told", time(90));
    let zones = |world: World| world.moved("arn:ehr", 19, "us-east-1a", "us-east-1b");
    table(
        "rds-failover",
        &[
            (base(), &["ok"]),
            (base().event(1, began), &[&format!("crit ehr: failing over since {}", time(1))]),
            (zones(base().event(21, began).event(20, ended)), &[&moved]),
            (zones(base()), &[&seen]),
            (base().event(21, began).event(20, ended), &[&told]),
            (base().event(90, began), &[&lost]),
            (base().event(70, began).event(69, ended), &["ok"]),
        ],
    );
    let failing = of(DbInstance { status: text("rebooting"), ..instance() }).event(1, began);
    let alarms = failing.event(1, "DB instance restarted").alarms();
    assert_eq!(alarms.len(), 1, "one cause is said once: {alarms:?}");
}

#[test]
fn a_failover_whose_end_was_missed_explains_nothing() {
    let began = "Multi-AZ instance failover started.";
    let judge = |minutes: u64| {
        let rebooting = of(DbInstance { status: text("rebooting"), ..instance() }).event(minutes, began);
        let alone = of(DbInstance { standby_az: None, ..instance() }).event(minutes, began);
        let away = pooled(vec![target("UNAVAILABLE", "UNREACHABLE")]).event(minutes, began);
        let restarted = of(instance()).event(minutes, began).event(5, "DB instance restarted");
        [
            rebooting.words("rds-status"),
            alone.words("rds-multi-az"),
            away.words("rds-proxy-target"),
            restarted.words("rds-event"),
        ]
        .concat()
    };
    assert_eq!(judge(59), ["info"; 4]);
    assert_eq!(judge(61), ["warn"; 4]);
}

#[test]
fn what_rests_on_two_parts_is_as_old_as_the_older_and_not_well_without_the_other() {
    fn earlier(at: &mut Option<Timestamp>, secs: u64) {
        *at = at.map(|at| at - Duration::from_secs(secs));
    }
    type Late = fn(&mut PartsRead);
    let single = || of(instance());
    let spread = || clustered(&[("w", "a"), ("r", "b")]);
    let maintenance: [Late; 3] =
        [|r| earlier(&mut r.maintenance, 900), |r| earlier(&mut r.maintenance, 901), |r| r.maintenance = None];
    let events: [Late; 3] = [|r| earlier(&mut r.events, 45), |r| earlier(&mut r.events, 46), |r| r.events = None];
    let instances: [Late; 2] = [|r| earlier(&mut r.instances, 45), |r| earlier(&mut r.instances, 46)];
    for (rule, world, late, secs) in [
        ("rds-pending", single(), &maintenance[..], 900),
        ("rds-certificate", single(), &maintenance[..], 900),
        ("rds-failover", single(), &events[..], 45),
        ("rds-cluster-spread", spread(), &instances[..], 45),
    ] {
        let well = world.clone().late(late[0]);
        assert_eq!(well.words(rule), ["ok"], "{rule}");
        assert_eq!(well.taken_at(rule), [now() - Duration::from_secs(secs)], "{rule}");
        for (n, late) in late.iter().enumerate().skip(1) {
            assert_eq!(world.clone().late(*late).words(rule), [""; 0], "{rule}, {n}");
        }
    }
    let change = PendingChange { name: "DBInstanceClass", value: Text::from("db.r6g.xlarge") };
    let changing = of(DbInstance { pending: vec![change], ..instance() }).late(maintenance[1]);
    assert_eq!(changing.words("rds-pending"), ["info"], "what is known is said all the same");
    let moved = single().moved("arn:ehr", 90, "us-east-1a", "us-east-1b").late(|r| earlier(&mut r.events, 7_200));
    assert_eq!(moved.words("rds-failover"), [""; 0], "what this console saw ends though no events are read");
    let part = single().late(events[2]);
    assert_eq!(part.words("rds-event"), [""; 0], "events that were never read as a whole make nothing well");
    assert_eq!(part.event(5, "Replication has stopped.").words("rds-event"), ["crit"], "but they count");
}

#[test]
fn an_event_is_said_by_what_knows_of_it_and_by_nothing_older() {
    const GIB: f64 = 1_073_741_824.0;
    let dying = "Free storage capacity for DB instance ehr is low at 8% of the allocated storage [Allocated storage: 100 GB, \
                 Free storage: 8 GB]. The database will be shut down to prevent corruption if free storage is lower than 2 GB.";
    let low = "The free storage capacity for DB instance: ehr is low at 9% of the provisioned storage.";
    let free = |newest| of(instance()).measured_at("arn:ehr", RdsMetrics::STORAGE, [0, newest], &[50.0 * GIB]);
    let full = "DB instance has reached the storage-full threshold, and the database has been shut down.";
    let status = |status| of(DbInstance { status: text(status), ..instance() });
    for (n, (world, message, word)) in [
        (of(instance()), dying, "crit"),
        (of(instance()), low, "warn"),
        (free(1), dying, "info"),
        (free(5), dying, "crit"),
        (free(8), dying, "crit"),
        (free(8), low, "warn"),
        (status("available"), full, "crit"),
        (status("backing-up"), full, "crit"),
        (status("storage-full"), full, "info"),
        (status("available"), "The downtime started for the DB instance.", "warn"),
        (status("available"), "Error restarting mysql: out of memory", "crit"),
    ]
    .into_iter()
    .enumerate()
    {
        assert_eq!(world.event(5, message).words("rds-event"), [word], "row {n}");
    }
    let unread = of(instance()).measured_at("arn:ehr", RdsMetrics::STORAGE, [0, 16], &[50.0 * GIB]).event(20, dying);
    assert_eq!(unread.words("rds-event"), ["crit"], "a measurement that is not judged says nothing");
    let upgraded = of(instance())
        .event(5, "The downtime started for the DB engine version upgrade.")
        .event(4, "The engine version upgrade finished.");
    assert_eq!(upgraded.words("rds-event"), ["ok"]);
}

#[test]
fn what_comes_and_goes_is_judged_over_the_last_quarter_of_an_hour() {
    let well = || pooled(vec![target("AVAILABLE", "")]);
    let failed = |minutes, values: &[f64]| well().measured_at("arn:pool", RdsMetrics::AUTH_FAILED, minutes, values);
    let bare = |minutes, values: &[f64]| well().measured_at("arn:pool", RdsMetrics::NO_TLS, minutes, values);
    let mut long_ago = [0.0; 20];
    long_ago[0] = 9.0;
    table(
        "rds-proxy-auth",
        &[
            (
                failed([0, 0], &[3.0, 9.0, 0.0]),
                &["warn pool: 12 logins failed within 15 min, wrong password or no permission"],
            ),
            (
                failed([30, 32], &[3.0, 0.0]),
                &["warn pool: 3 logins failed within 15 min, wrong password or no permission"],
            ),
            (failed([0, 0], &long_ago), &["ok"]),
            (failed([0, 16], &[3.0]), &[]),
        ],
    );
    table(
        "rds-proxy-tls",
        &[
            (bare([0, 0], &[4.0, 9.0, 0.0]), &["warn pool: up to 9 connections without TLS within 15 min"]),
            (bare([0, 0], &long_ago), &["ok"]),
            (bare([0, 16], &[3.0]), &["ok"]),
        ],
    );
    assert_eq!(bare([30, 32], &[4.0]).taken_at("rds-proxy-tls"), [now() - Duration::from_secs(1_800)]);
}

#[test]
fn a_writer_that_moved_is_the_failover_of_its_cluster() {
    let mut world = clustered(&[("w", "a"), ("r", "b")]).moved("arn:aurora", 5, "r", "w");
    let source = |message: &str, minutes| Event { source: Text::from("aurora"), ..event(minutes, message) };
    world.rds.events = vec![
        source("Completed failover to DB instance: w.", 6),
        source("Started cross AZ failover to DB instance: w", 7),
    ];
    let at = ago(6).map(Timestamp::time_of_day).unwrap_or_default();
    let told = format!("rds-failover warn aurora: failed over r → w at {at}; DNS may lag");
    assert_eq!(world.alarms(), [told]);
}

#[test]
fn a_failover_goes_on_until_an_event_or_the_status_says_that_it_is_over() {
    let source = |message: &str, minutes| Event { source: Text::from("aurora"), ..event(minutes, message) };
    let at = |minutes: u64| ago(minutes).map(Timestamp::time_of_day).unwrap_or_default();
    let says = |status: &str, moved: bool, events: &[Event]| {
        let mut world = clustered(&[("w", "a"), ("r", "b")]);
        world = if moved { world.moved("arn:aurora", 1, "r", "w") } else { world };
        world.rds.clusters[0].status = text(status);
        world.rds.events = events.to_vec();
        world.says("rds-failover")
    };
    let began = || source("Started cross AZ failover to DB instance: w", 2);
    let ended = |minutes| source("Completed failover to DB instance: w.", minutes);
    let (failing, since) = ("crit aurora: failing over", format!("crit aurora: failing over since {}", at(2)));
    let over = |how: &str, minutes| vec![format!("warn aurora: failed over r → w {how} {}; DNS may lag", at(minutes))];
    assert_eq!(says("failing-over", true, &[began()]), [since.as_str()], "the writer has moved, and it goes on");
    assert_eq!(says("failing-over", true, &[]), [failing], "without events");
    assert_eq!(says("failing-over", false, &[ended(90)]), [failing], "the end of another one");
    assert_eq!(says("failing-over", true, &[ended(0), began()]), over("at", 0), "an event ends it");
    assert_eq!(says("available", true, &[began()]), over("seen at", 1), "so does the status");
    assert_eq!(says("available", false, &[began()]), [since.as_str()], "which may be available still");
    let alone = |status: &str| {
        let world = of(DbInstance { status: text(status), ..instance() });
        world.event(2, "Multi-AZ instance failover started.").moved("arn:ehr", 1, "us-east-1b", "us-east-1a")
    };
    let found = ["rebooting", "available"].map(|status| alone(status).words("rds-failover").concat());
    assert_eq!(found, ["crit", "warn"]);
    assert_eq!(alone("rebooting").alarms().len(), 1, "one cause is said once");
}

#[test]
fn events_are_known_by_their_words_and_end_with_their_end() {
    let at = |minutes: u64| ago(minutes).map(Timestamp::time_of_day).unwrap_or_default();
    let failure = |message: &str| {
        let mut world = of(instance());
        world.rds.events = vec![Event { categories: vec![Text::from("failure")], ..event(5, message) }];
        world
    };
    let untimed = Event { at: None, ..event(0, "Disabled automated backups") };
    let mut timeless = of(instance());
    timeless.rds.events = vec![untimed];
    table(
        "rds-event",
        &[
            (of(instance()), &["ok"]),
            (of(instance()).event(5, "Finished DB Instance backup"), &["ok"]),
            (
                of(instance()).event(5, "Replication has stopped."),
                &[&format!("crit ehr: Replication has stopped at {}", at(5))],
            ),
            (
                of(instance()).event(5, "Replication has stopped.").event(4, "Replication resumed."),
                &["info ehr: Replication resumed at 03:08:44Z"],
            ),
            (of(instance()).event(61, "Replication has stopped."), &["ok"]),
            (failure("the disk went away"), &[&format!("crit ehr: the disk went away at {}", at(5))]),
            (
                failure("cooling-off period. Autoscaling will retry after it."),
                &[&format!("info ehr: cooling-off period. Autoscaling will retry after it at {}", at(5))],
            ),
            (
                of(instance()).event(5, "Multi-AZ instance activation started"),
                &[&format!("warn ehr: Multi-AZ instance activation started at {}", at(5))],
            ),
            (timeless, &["unknown ehr: Disabled automated backups at a time that was not told"]),
        ],
    );
}

#[test]
fn backups_certificates_and_encryption_are_judged_by_their_fields() {
    let days = |days| of(DbInstance { backup_days: days, ..instance() });
    table(
        "rds-backup",
        &[
            (days(Some(14)), &["ok"]),
            (days(Some(1)), &["warn ehr: backups are kept for 1 day"]),
            (days(Some(0)), &["crit ehr: no automated backups"]),
            (days(None), &["unknown ehr: whether it is backed up was not told"]),
            (of(DbInstance { replica_of: text("x"), backup_days: Some(0), ..instance() }), &[]),
        ],
    );
    let restorable = |minutes| of(DbInstance { restorable_at: ago(minutes), ..instance() });
    table(
        "rds-restorable",
        &[
            (restorable(5), &["ok"]),
            (restorable(20), &["warn ehr: can be restored to 20m00s ago only"]),
            (restorable(70), &["crit ehr: can be restored to 1h10m ago only"]),
        ],
    );
    let valid =
        |days: u64| of(DbInstance { certificate_until: Some(now() + Duration::from_hours(24 * days)), ..instance() });
    table(
        "rds-certificate",
        &[
            (valid(100), &["ok"]),
            (valid(60), &["info ehr: its certificate runs out in 60d00h"]),
            (valid(20), &["warn ehr: its certificate runs out in 20d00h"]),
            (valid(10), &["crit ehr: its certificate runs out in 10d00h"]),
            (
                of(DbInstance { ca: text("rds-ca-2019"), ..instance() }),
                &["crit ehr: its certificate is of rds-ca-2019, which expired in 2024"],
            ),
            (
                of(DbInstance { certificate_until: None, ..instance() }),
                &["unknown ehr: how long its certificate is valid was not told"],
            ),
        ],
    );
    let kept = |encrypted, kind: &str| of(DbInstance { encrypted, encryption_type: text(kind), ..instance() });
    table(
        "rds-encryption",
        &[
            (kept(Some(true), "sse-kms"), &["ok"]),
            (kept(Some(false), "sse-rds"), &["info ehr: encrypted with a key that AWS owns"]),
            (kept(Some(false), "none"), &["crit ehr: its storage is not encrypted"]),
            (kept(None, "later"), &["unknown ehr: encrypted in a way these rules do not know"]),
        ],
    );
}

#[test]
fn what_is_wrong_with_the_settings_is_one_sentence() {
    let bare = DbInstance { public: Some(true), deletion_protection: Some(false), log_exports: vec![], ..instance() };
    table(
        "rds-posture",
        &[
            (of(instance()), &["ok"]),
            (of(bare), &["crit ehr: reachable from the internet, no deletion protection, no log exports"]),
            (of(DbInstance { auto_minor_upgrade: Some(false), ..instance() }), &["info ehr: no minor upgrades"]),
            (of(DbInstance { public: None, ..instance() }), &["unknown ehr: PubliclyAccessible not told"]),
        ],
    );
    let secret =
        |status| of(DbInstance { master_secret: Some(MasterSecret { arn: None, status: text(status) }), ..instance() });
    table(
        "rds-master-secret",
        &[
            (of(instance()), &[]),
            (secret("active"), &["ok"]),
            (secret("impaired"), &["crit ehr: the secret of its master user is impaired"]),
        ],
    );
}

#[test]
fn what_waits_counts_when_it_is_due() {
    let waiting = |days: u64| {
        let mut world = of(instance());
        let due = Some(now() + Duration::from_hours(24 * days));
        let (arn, action) = (Text::from("arn:ehr"), Text::from("system-update"));
        world.rds.maintenance = vec![Maintenance { arn, action, current_at: due, ..Maintenance::default() }];
        world
    };
    let change = PendingChange { name: "DBInstanceClass", value: Text::from("db.r6g.xlarge") };
    table(
        "rds-pending",
        &[
            (of(instance()), &["ok"]),
            (of(DbInstance { pending: vec![change], ..instance() }), &["info ehr: DBInstanceClass waits"]),
            (waiting(30), &["info ehr: system-update waits"]),
            (waiting(2), &["warn ehr: system-update due in 2d00h, a restart or failover is likely"]),
        ],
    );
}

#[test]
fn what_was_not_measured_is_not_judged() {
    for rule in ["rds-storage-free", "rds-cpu", "rds-memory", "rds-connections", "rds-replica-lag", "rds-aurora-lag"] {
        assert_eq!(of(instance()).says(rule), [""; 0], "{rule}");
        let empty =
            of(instance()).measured("arn:ehr", RdsMetrics::STORAGE, &[]).measured("arn:ehr", RdsMetrics::CPU, &[]);
        assert_eq!(empty.says(rule), [""; 0], "{rule}");
    }
}

#[test]
fn measures_are_judged_by_their_levels() {
    const GIB: f64 = 1_073_741_824.0;
    let at = |metric, values: &[f64]| of(instance()).measured("arn:ehr", metric, values);
    let open = |n| at(RdsMetrics::CONNECTIONS, &[n]);
    let limited = |n| open(n).configured("rds-connections", "limit", Level::Known(Some(1_000)));
    table(
        "rds-storage-free",
        &[
            (at(RdsMetrics::STORAGE, &[50.0 * GIB]), &["ok"]),
            (at(RdsMetrics::STORAGE, &[14.0 * GIB]), &["warn ehr: 14% of its storage is free"]),
            (at(RdsMetrics::STORAGE, &[20.0 * GIB, 9.0 * GIB]), &["crit ehr: 9% of its storage is free"]),
        ],
    );
    table(
        "rds-cpu",
        &[
            (at(RdsMetrics::CPU, &[20.0; 15]), &["ok"]),
            (at(RdsMetrics::CPU, &[99.0, 99.0, 20.0]), &["ok"]),
            (at(RdsMetrics::CPU, &[80.0; 15]), &["warn ehr: CPU at 80% or more for 15 min"]),
            (at(RdsMetrics::CPU, &[95.0; 15]), &["crit ehr: CPU at 95% or more for 15 min"]),
            (at(RdsMetrics::CPU, &[95.0; 3]), &["unknown ehr: CPU at 95% or more for 15 min"]),
        ],
    );
    table(
        "rds-memory",
        &[
            (at(RdsMetrics::MEMORY, &[4.0 * GIB]), &["ok"]),
            (at(RdsMetrics::MEMORY, &[GIB]), &["warn ehr: 1024 MiB of memory can be freed, 6% of its class"]),
        ],
    );
    table(
        "rds-connections",
        &[
            (open(100.0), &[]),
            (open(1_200.0), &["info ehr: about 67% of an estimated limit, 1200 of 1802 connections"]),
            (open(1_700.0), &["unknown ehr: about 94% of an estimated limit, 1700 of 1802 connections"]),
            (open(2_500.0), &["info ehr: about 139% of an estimated limit, 2500 of 1802 connections"]),
            (limited(700.0), &["ok"]),
            (limited(850.0), &["warn ehr: 850 connections, 85% of the 1000 it may have"]),
            (limited(950.0), &["crit ehr: 950 connections, 95% of the 1000 it may have"]),
            (limited(1_700.0), &["crit ehr: 1700 connections, 170% of the 1000 it may have"]),
        ],
    );
    table(
        "rds-replica-lag",
        &[
            (at(RdsMetrics::LAG, &[0.0]), &["ok"]),
            (at(RdsMetrics::LAG, &[90.0]), &["warn ehr: 1m30s behind what it copies"]),
            (at(RdsMetrics::LAG, &[-1.0]), &["unknown ehr: how far it is behind is not known, it does not replicate"]),
        ],
    );
    table(
        "rds-aurora-lag",
        &[
            (at(RdsMetrics::AURORA_LAG, &[20.0]), &["ok"]),
            (at(RdsMetrics::AURORA_LAG, &[2_000.0]), &["warn ehr: 2s behind what it copies"]),
        ],
    );
    let full = of(DbInstance { allocated: Some(900), ..instance() });
    table("rds-storage-ceiling", &[(full, &["warn ehr: 900 GiB of storage, it grows to 1000 GiB at most"])]);
}

#[test]
fn a_broken_replica_says_why() {
    let state = |normal| ReplicaState { normal, status: text("error"), message: text("disk full") };
    let replica = |normal| of(DbInstance { replication: vec![state(normal)], ..instance() });
    table(
        "rds-replication",
        &[
            (replica(Some(true)), &["ok"]),
            (replica(Some(false)), &["crit ehr: replication is broken: disk full"]),
            (replica(None), &["unknown ehr: whether it replicates was not told"]),
        ],
    );
}

#[test]
fn three_causes_of_a_proxy_without_connections_are_told_apart() {
    let unreachable = || pooled(vec![target("UNAVAILABLE", "UNREACHABLE")]);
    assert_eq!(unreachable().alarms(), ["rds-proxy-target warn pool: ehr is unavailable (UNREACHABLE)"]);
    assert_eq!(unreachable().lasting(3).alarms(), ["rds-proxy-target crit pool: ehr is unavailable (UNREACHABLE)"]);
    let refused = pooled(vec![target("UNAVAILABLE", "AUTH_FAILURE")]);
    assert_eq!(refused.lasting(9).alarms(), ["rds-proxy-auth crit pool: ehr refuses its password, secret mismatch"]);
    let well = || pooled(vec![target("AVAILABLE", "")]);
    let stormed =
        well().measured("arn:pool", RdsMetrics::BORROWED, &[98.0]).measured("arn:pool", RdsMetrics::ALLOWED, &[100.0]);
    let words = "rds-proxy-pool crit pool: pool nearly exhausted, 98 of 100 connections in use";
    assert_eq!(stormed.alarms(), [words]);
    let wrong = well().measured("arn:pool", RdsMetrics::AUTH_FAILED, &[12.0]);
    assert_eq!(
        wrong.alarms(),
        ["rds-proxy-auth warn pool: 12 logins failed within 15 min, wrong password or no permission"]
    );
    let failing = pooled(vec![target("UNAVAILABLE", "UNREACHABLE")]).event(1, "Multi-AZ instance failover started");
    assert_eq!(failing.alarms().len(), 1, "{:?}", failing.alarms());
}

#[test]
fn a_proxy_says_what_it_lacks() {
    let status = |status: &str| {
        let mut world = pooled(vec![target("AVAILABLE", "")]);
        world.rds.proxies[0].status = text(status);
        world
    };
    table(
        "rds-proxy-status",
        &[
            (status("available"), &["ok"]),
            (status("insufficient-resource-limits"), &["crit pool: insufficient-resource-limits, it cannot grow"]),
            (status("odd"), &["unknown pool: status odd, which these rules do not know"]),
        ],
    );
    let mut open = pooled(vec![target("AVAILABLE", "")]);
    open.rds.proxies[0].requires_tls = Some(false);
    table("rds-proxy-tls", &[(open, &["warn pool: takes connections without TLS"])]);
    table("rds-proxy-target", &[(pooled(vec![]), &["warn pool: no database behind it"])]);
    let pinned = pooled(vec![target("AVAILABLE", "")]).measured("arn:pool", RdsMetrics::PINNED, &[8.0]).measured(
        "arn:pool",
        RdsMetrics::CONNECTIONS,
        &[10.0],
    );
    table("rds-proxy-pinned", &[(pinned, &["info pool: 8 of 10 connections are pinned to one client each"])]);
}
