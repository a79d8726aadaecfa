//! Databases: failovers in their phases, what is told and measured of them, proxies, pages.

use super::*;
use crate::backend::ports::{Metrics, Page, Rds, RdsProxies, limits};
use crate::backend::sim::Sim;
use crate::model::metric::{Query, Series, Statistic};
use crate::model::{Fault, FaultKind};
use crate::time::{ManualClock, Timestamp};

const DATABASES: &str = "
    [[database]]
    name = 'pg'
    engine = 'postgres'
    version = '16.4'
    class = 'db.r6g.xlarge'
    zone = 'za'
    standby = 'zb'
    storage = 200
    connections = 200
    max_connections = 1000
    update_in = '3d'
    [[database]]
    name = 'single'
    engine = 'mysql'
    version = '8.0.36'
    class = 'db.t4g.medium'
    zone = 'zb'
    backup_days = 0
    [[database]]
    name = 'replica'
    engine = 'postgres'
    version = '16.4'
    class = 'db.r6g.xlarge'
    zone = 'zc'
    replica_of = 'pg'
    [[db-cluster]]
    name = 'ws'
    engine = 'aurora-postgresql'
    version = '15.6'
    class = 'db.r6g.2xlarge'
    member = [{ name = 'ws-1', zone = 'za' }, { name = 'ws-2', zone = 'zb', tier = 1 }, { name = 'ws-3', zone = 'za', tier = 2 }]
    [[proxy]]
    name = 'app'
    target = 'pg'
    secrets = ['prod/db/app']
    max_connections_percent = 90
    clients = 400
";

fn world(script: &str, seed: u64) -> World {
    World::new(&small(1, &format!("{DATABASES}{script}")), seed)
}

fn step(time: &str, verb: &str, rest: &str) -> String {
    format!("[[at]]\ntime = '{time}'\ndo = '{verb}'\n{rest}\n")
}

impl World {
    fn db(&self, name: &str) -> crate::model::rds::DbInstance {
        self.fleet.instance_facts(self.fleet.instance(name).unwrap())
    }

    /// What was told since the start: seconds and words.
    fn told(&self, of: &str) -> Vec<(u64, String)> {
        let events = self.fleet.told.iter().map(|told| self.fleet.event_facts(told));
        let events = events.filter(|e| e.source == *of && e.at.unwrap() >= self.fleet.started);
        events.map(|e| (e.at.unwrap().since(self.fleet.started).as_secs(), e.message.to_string())).collect()
    }

    fn measured(&self, of: (&'static str, &str), name: &'static str, statistic: Statistic) -> Series {
        self.measured_by(of, name, statistic, 60)
    }

    fn measured_by(&self, of: (&'static str, &str), name: &'static str, statistic: Statistic, period: u64) -> Series {
        let query = Query {
            namespace: "AWS/RDS",
            name,
            dimensions: vec![(of.0, of.1.to_owned())],
            statistic,
            period: Duration::from_secs(period),
        };
        self.fleet.data(&query, self.now - minutes(60), self.now)
    }

    fn target(&self) -> (String, Option<String>) {
        let target = self.fleet.target_facts(0).remove(0);
        (target.state.unwrap().to_string(), target.reason.map(|reason| reason.to_string()))
    }
}

const INSTANCE: &str = "DBInstanceIdentifier";

#[test]
fn a_multi_az_failover_runs_through_its_phases() {
    for seed in 0..20 {
        let mut world = world(&step("5m20s", "fail-over-database", "database = 'pg'"), seed);
        world.pass(Duration::from_secs(319));
        assert_eq!(world.target(), ("AVAILABLE".to_owned(), None));
        world.pass(Duration::from_secs(1));
        assert_eq!(world.db("pg").status.as_deref(), Some("rebooting"));
        assert_eq!(world.told("pg"), [(320, "Multi-AZ instance failover started.".to_owned())]);
        world.pass(Duration::from_secs(5));
        assert_eq!(world.target(), ("UNAVAILABLE".to_owned(), Some("UNREACHABLE".to_owned())));
        while world.db("pg").status.as_deref() != Some("available") {
            world.pass(Duration::from_secs(1));
        }
        let took = world.now.since(world.fleet.started).as_secs() - 320;
        assert!((67..=73).contains(&took), "{took}");
        assert_eq!(world.target().1.as_deref(), Some("PENDING_PROXY_CAPACITY"));
        assert_eq!((world.db("pg").az.as_deref(), world.db("pg").standby_az.as_deref()), (Some("za"), Some("zb")));
        world.pass(Duration::from_secs(20));
        assert_eq!(world.target(), ("AVAILABLE".to_owned(), None));
        let words: Vec<String> = world.told("pg").into_iter().map(|(_, words)| words).collect();
        assert_eq!(
            words[1..],
            [
                "DB instance restarted",
                "Multi-AZ instance failover completed.",
                "Multi-AZ failover to standby complete - DNS propagation may take a few minutes."
            ]
        );
        world.pass(minutes(5));
        assert_eq!((world.db("pg").az.as_deref(), world.db("pg").standby_az.as_deref()), (Some("zb"), Some("za")));
        let connections = world.measured((INSTANCE, "pg"), "DatabaseConnections", Statistic::Maximum);
        let none: Vec<_> = connections.points.iter().filter(|(_, value)| *value == 0.0).collect();
        assert!((1..=2).contains(&none.len()), "{none:?}");
        assert!(connections.points.len() >= 58, "also of before the start");
    }
}

#[test]
fn a_zone_loss_fails_over_what_can_and_silences_what_cannot() {
    let script = step("1m", "lose-zone", "zone = 'za'") + &step("30m", "restore-zone", "zone = 'za'");
    let mut world = world(&script, 3);
    world.pass(minutes(20));
    assert!(world.told("pg").iter().any(|(_, words)| words == "Multi-AZ instance failover completed."));
    assert_eq!(world.db("pg").az.as_deref(), Some("zb"));
    let cluster = world.fleet.cluster_facts(0);
    assert_eq!((cluster.writer().map(ToString::to_string), cluster.multi_az), (Some("ws-2".to_owned()), Some(true)));
    let silent = world.measured((INSTANCE, "ws-3"), "CPUUtilization", Statistic::Average);
    assert!(world.now.since(silent.last().unwrap().0) >= minutes(18));
    let open = world.measured((INSTANCE, "pg"), "CPUUtilization", Statistic::Average);
    assert!(world.now.since(open.last().unwrap().0) <= minutes(2));
    world.pass(minutes(15));
    let back = world.measured((INSTANCE, "ws-3"), "CPUUtilization", Statistic::Average);
    assert!(world.now.since(back.last().unwrap().0) <= minutes(2));
    world.with_fleet(|fleet| fleet.lose_zone("zb"));
    world.pass(minutes(30));
    assert!(world.told("single").is_empty(), "nowhere to go");
    assert_eq!(world.db("single").restorable_at, None);
}

#[test]
fn a_cluster_fails_over_to_the_next_in_line() {
    for seed in 0..20 {
        let mut world = world(&step("2m10s", "fail-over-cluster", "db-cluster = 'ws'"), seed);
        world.pass(Duration::from_secs(131));
        let facts = |world: &World| world.fleet.cluster_facts(0);
        assert_eq!(facts(&world).status.as_deref(), Some("failing-over"));
        assert_eq!(facts(&world).writer().map(ToString::to_string).as_deref(), Some("ws-1"));
        world.pass(Duration::from_secs(17));
        assert_eq!(facts(&world).writer().map(ToString::to_string).as_deref(), Some("ws-2"));
        world.pass(Duration::from_secs(20));
        let told = world.told("ws");
        assert_eq!(told[0], (130, "Started cross AZ failover to DB instance: ws-2.".to_owned()));
        assert_eq!(told[1].1, "Completed failover to DB instance: ws-2.");
        assert!((26..=30).contains(&(told[1].0 - 130)), "{told:?}");
        assert_eq!((facts(&world).status.as_deref(), told.len()), (Some("available"), 2));
        let lag = |of: &str| world.measured((INSTANCE, of), "AuroraReplicaLag", Statistic::Maximum).points.len();
        assert!(lag("ws-1") > 0 && lag("ws-2") == 0, "readers have a lag, the writer has none");
    }
}

#[test]
fn a_cluster_without_another_member_cannot_fail_over() {
    let toml = "[[db-cluster]]\nname = 'c'\nengine = 'aurora-mysql'\nversion = '3.07'\nclass = 'x'\nmember = [{ name = 'c-1', zone = 'za' }]\n";
    let mut world = World::new(&small(1, toml), 1);
    world.with_fleet(|fleet| fleet.fail_over(0));
    assert!(world.told("c")[0].1.starts_with("Cluster failover failed"));
}

#[test]
fn storage_fills_and_says_so() {
    let mut world = world(&step("1m", "fill-storage", "database = 'pg'\nshare = 0.0\nlasts = '55m'"), 3);
    world.pass(minutes(40));
    let free = world.measured((INSTANCE, "pg"), "FreeStorageSpace", Statistic::Minimum);
    assert!(free.points.windows(2).all(|pair| pair[1].1 <= pair[0].1));
    assert!(world.told("pg").is_empty());
    world.pass(minutes(8));
    let told = world.told("pg");
    assert!(told[0].1.contains("is low at 10% of the provisioned storage"), "{told:?}");
    world.pass(minutes(10));
    assert_eq!(world.db("pg").status.as_deref(), Some("storage-full"));
    assert!(world.told("pg")[1].1.starts_with("Allocated storage has been exhausted."));
}

#[test]
fn a_reboot_a_storm_and_a_broken_secret() {
    let script = step("1m", "reboot-database", "database = 'single'")
        + &step("5m", "connection-storm", "proxy = 'app'\nshare = 0.97\nrefused = 12\nlasts = '10m'")
        + &step("40m", "break-secret", "proxy = 'app'");
    let mut world = world(&script, 3);
    world.pass(minutes(1));
    assert_eq!(world.db("single").status.as_deref(), Some("rebooting"));
    world.pass(minutes(2));
    let told: Vec<String> = world.told("single").into_iter().map(|(_, words)| words).collect();
    assert_eq!(told, ["DB instance shutdown", "DB instance restarted"]);
    world.pass(minutes(8));
    let proxy = |world: &World, name| world.measured(("ProxyName", "app"), name, Statistic::Sum).last().unwrap().1;
    let share = |world: &World| {
        proxy(world, "DatabaseConnectionsCurrentlyBorrowed") / proxy(world, "MaxDatabaseConnectionsAllowed")
    };
    assert!((share(&world) - 0.97).abs() < 0.01 && proxy(&world, "ClientConnectionsSetupFailedAuth") > 11.0);
    assert!((proxy(&world, "MaxDatabaseConnectionsAllowed") - 900.0).abs() < 0.1);
    world.pass(minutes(20));
    assert!(share(&world) < 0.3 && proxy(&world, "ClientConnectionsSetupFailedAuth") == 0.0);
    world.pass(minutes(15));
    assert_eq!(world.target().1.as_deref(), Some("AUTH_FAILURE"));
}

#[test]
fn the_log_is_saved_every_five_minutes() {
    let mut world = world("", 3);
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..60 {
        world.pass(minutes(1));
        let at = world.db("pg").restorable_at.unwrap();
        assert!(world.now.since(at) <= minutes(5));
        seen.insert(at);
    }
    assert!((12..=13).contains(&seen.len()));
}

#[test]
fn statistics_are_respected_over_longer_periods() {
    let mut world = world(&step("20m", "fail-over-database", "database = 'pg'"), 3);
    world.pass(minutes(31));
    let of = |statistic, period| world.measured_by((INSTANCE, "pg"), "DatabaseConnections", statistic, period).points;
    let (each, sums) = (of(Statistic::Sum, 60), of(Statistic::Sum, 300));
    let (low, mean, high) = (of(Statistic::Minimum, 300), of(Statistic::Average, 300), of(Statistic::Maximum, 300));
    for (n, (at, sum)) in sums.iter().enumerate() {
        let minutes = each.iter().filter(|(m, _)| m >= at && m.since(*at) < minutes(5)).map(|(_, value)| value);
        assert!((minutes.sum::<f64>() - sum).abs() < 0.001, "{at:?}");
        assert!(low[n].1 <= mean[n].1 && mean[n].1 <= high[n].1);
    }
    assert!(low.iter().any(|(_, value)| *value == 0.0));
    assert!(world.measured((INSTANCE, "pg"), "Nonsense", Statistic::Sum).points.is_empty());
    assert!(world.measured((INSTANCE, "nobody"), "CPUUtilization", Statistic::Sum).points.is_empty());
}

#[test]
fn time_in_one_step_and_in_many_gives_the_same_databases() {
    let script = step("1m", "lose-zone", "zone = 'za'")
        + &step("9m", "restore-zone", "zone = 'za'")
        + &step("12m", "fill-storage", "database = 'pg'\nshare = 0.05\nlasts = '5m'")
        + &step("13m", "connection-storm", "proxy = 'app'\nlasts = '5m'");
    let (mut once, mut often) = (world(&script, 8), world(&script, 8));
    once.pass(minutes(30));
    (0..1_800).for_each(|_| often.pass(Duration::from_secs(1)));
    assert_eq!(once, often);
}

fn sim(scenario: &Scenario) -> Sim {
    Sim::new(scenario, 1, std::sync::Arc::new(ManualClock::at(scenario.start() + minutes(5))))
}

async fn all<T>(ask: impl AsyncFn(Option<String>) -> Result<Page<T>, Fault>) -> (Vec<T>, usize) {
    let (mut items, mut pages, mut token) = (Vec::new(), 0, None);
    loop {
        let page = ask(token).await.unwrap();
        items.extend(page.items);
        pages += 1;
        token = page.next;
        if token.is_none() {
            return (items, pages);
        }
    }
}

#[tokio::test]
async fn lists_come_in_pages_and_refuse_what_is_wrong() {
    let one = |n| format!("[[database]]\nname = 'db-{n}'\nengine = 'mysql'\nversion = '8'\nclass = 'x'\nzone = 'za'\n");
    let many = (0..101).map(one).collect::<Vec<_>>().concat();
    let sim = sim(&small(1, &(DATABASES.to_owned() + &many)));
    let (instances, pages) = all(async |token| Rds::instances(&sim, token.as_deref()).await).await;
    assert_eq!((instances.len(), pages), (107, 2));
    let since = Timestamp::parse("2026-03-01T03:10:00Z").unwrap();
    let (events, pages) = all(async |token| sim.events(since, token.as_deref()).await).await;
    assert!(events.len() > 2_000 && pages > 20 && events.windows(2).all(|pair| pair[0].at <= pair[1].at));
    assert!(events.iter().all(|e| e.categories == [crate::text::Text::from("backup")]));
    let too_old = sim.events(since - minutes(1_500), None).await.unwrap_err();
    assert_eq!((too_old.kind, too_old.code.as_deref()), (FaultKind::Rejected, Some("InvalidParameterValue")));
    assert_eq!(Rds::clusters(&sim, Some("made-up")).await.unwrap_err().kind, FaultKind::Rejected);
    assert_eq!(Rds::maintenance(&sim, None).await.unwrap().items[0].arn, instances[0].arn);
    assert_eq!(sim.proxies(None).await.unwrap().items[0].requires_tls, Some(true));
    assert_eq!(sim.targets("app", None).await.unwrap().items.len(), 1);
    assert_eq!(sim.max_connections_percent("app").await.unwrap(), Some(90));
    assert_eq!(sim.targets("nobody", None).await.unwrap_err().code.as_deref(), Some("DBProxyNotFoundFault"));

    let query = |n: usize| Query {
        namespace: "AWS/RDS",
        name: "CPUUtilization",
        dimensions: vec![(INSTANCE, format!("db-{n}"))],
        statistic: Statistic::Average,
        period: Duration::from_secs(60),
    };
    let now = sim.with(|world| world.now());
    let queries: Vec<Query> = (0..limits::METRIC_QUERIES).map(query).collect();
    let (series, pages) = all(async |token| sim.data(&queries, now - minutes(60), now, token.as_deref()).await).await;
    assert_eq!((series.len(), pages), (500, 5));
    assert!(series.iter().enumerate().all(|(n, (place, series))| n == *place && series.points.is_empty() == (n > 100)));
    let queries: Vec<Query> = (0..=limits::METRIC_QUERIES).map(query).collect();
    assert_eq!(sim.data(&queries, now - minutes(60), now, None).await.unwrap_err().kind, FaultKind::Rejected);
    assert_eq!(sim.data(&queries[..1], now, now, None).await.unwrap_err().kind, FaultKind::Rejected);
}

#[test]
fn what_a_proxy_or_a_step_names_must_be_there() {
    for (toml, words) in [
        (DATABASES.replace("target = 'pg'", "target = 'gp'"), "target of proxy app: unknown \"gp\""),
        (DATABASES.replace("'replica'", "'pg'"), "database \"pg\" is there twice"),
        (DATABASES.replace("storage = 200", "storage = 200\ncolour = 'red'"), "colour"),
        (DATABASES.to_owned() + &step("1m", "fail-over-database", "database = 'gp'"), "unknown \"gp\""),
        (DATABASES.to_owned() + &step("1m", "fill-storage", "database = 'pg'\nlasts = '1m'"), "`share` is missing"),
    ] {
        let start =
            "title='t'\nabout='a'\nhint='h'\nstart='2026-03-14T03:00:00Z'\ncaller={account='1',region='r',arn='x'}\n";
        let error = Scenario::parse(&format!("{start}{toml}"), "bad.toml").unwrap_err().to_string();
        assert!(error.contains(words), "{error}");
    }
}
