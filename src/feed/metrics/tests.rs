//! The feed on a port that counts what it is asked for.

use std::sync::{Arc, Mutex};

use super::*;
use crate::backend::ports::{Backend, Metrics, Page};
use crate::backend::sim::{Scenario, Sim};
use crate::feed::{Gate, Progress};
use crate::model::metric::Series;
use crate::model::rds::{ClusterMember, DbCluster, Event, Move, Target};
use crate::model::stack::Stack;
use crate::time::ManualClock;

const START: Timestamp = Timestamp::from_secs(1_773_457_200);

/// Answers every query with the second it was asked in, in two pieces.
#[derive(Default)]
struct World {
    asked: Mutex<Vec<usize>>,
    fail: Mutex<Option<FaultKind>>,
    silent: Mutex<bool>,
    partial: Mutex<bool>,
}

#[async_trait]
impl Metrics for World {
    async fn data(
        &self,
        queries: &[Query],
        from: Timestamp,
        until: Timestamp,
        token: Option<&str>,
    ) -> Result<Page<(usize, Series)>, Fault> {
        if let Some(kind) = *self.fail.lock().unwrap() {
            return Err(Fault::new(kind, ACTION, "scripted"));
        }
        if token.is_none() {
            self.asked.lock().unwrap().push(queries.len());
        }
        let at = if token.is_none() { until } else { from };
        let points = if *self.silent.lock().unwrap() { vec![] } else { vec![(at, 1.0), (at, f64::NAN)] };
        let is_partial = *self.partial.lock().unwrap();
        let problem = |n| (is_partial && n == 0).then(|| Text::from("PartialData"));
        let items = (0..queries.len()).map(|n| (n, Series { points: points.clone(), problem: problem(n) })).collect();
        Ok(Page { items, next: token.is_none().then(|| "more".to_owned()) })
    }
}

struct Rig {
    world: Arc<World>,
    clock: Arc<ManualClock>,
    feed: MetricsFeed,
    context: Context,
    facts: Facts,
}

impl Rig {
    fn new(rds: RdsFacts) -> Self {
        let (world, clock) = (Arc::new(World::default()), Arc::new(ManualClock::at(START)));
        let sim = Sim::new(&Scenario::sized(1, 1, 1), 1, clock.clone()).backend();
        let context = Context {
            backend: Backend { metrics: world.clone(), ..sim },
            stack: Stack::default(),
            gate: Gate::new(Arc::default()),
            clock: clock.clone(),
            progress: Progress::default(),
            asked: false,
            shown: Vec::new(),
        };
        let mut facts = Facts::default();
        facts.put(START, Arc::new(rds));
        Self { world, clock, feed: MetricsFeed::default(), context, facts }
    }

    async fn poll(&mut self, secs: u64) -> Result<RdsMetrics, Fault> {
        self.clock.set(START + Duration::from_secs(secs));
        let snapshot = self.feed.poll(&self.context, &self.facts).await?;
        Ok(snapshot.data.downcast_ref::<RdsMetrics>().unwrap().clone())
    }

    fn asked(&self) -> Vec<usize> {
        std::mem::take(&mut *self.world.asked.lock().unwrap())
    }
}

fn instance(n: usize) -> DbInstance {
    let id = Text::from(format!("db{n:03}"));
    DbInstance {
        arn: Text::from(format!("arn:{id}")),
        id,
        engine: Some(Text::from("postgres")),
        status: Some(Text::from("available")),
        ..DbInstance::default()
    }
}

fn instances(n: usize) -> RdsFacts {
    RdsFacts { instances: (0..n).map(instance).collect(), ..RdsFacts::default() }
}

#[tokio::test(start_paused = true)]
async fn everything_is_read_at_the_start_and_then_what_is_on_screen_each_minute() {
    let mut rig = Rig::new(instances(150));
    rig.poll(0).await.unwrap();
    assert_eq!(rig.asked(), [500, 100], "four metrics each, 500 a call");
    rig.context.shown = vec![Text::from("arn:db007"), Text::from("no database")];
    let metrics = rig.poll(60).await.unwrap();
    assert_eq!(rig.asked(), [4]);
    let cost = Cost { shown: 4, shown_every: EVERY_SHOWN, others: 596, others_every: EVERY_OTHER };
    assert_eq!(metrics.cost, cost);
    let read_at = |id: &str| metrics.get(&Text::from(id), RdsMetrics::CPU).unwrap().read_at;
    assert_eq!((read_at("arn:db007"), read_at("arn:db008")), (START + Duration::from_secs(60), START));
    rig.poll(80).await.unwrap();
    assert_eq!(rig.asked(), [0; 0], "CloudWatch has nothing new within a minute");
    rig.context.shown.clear();
    rig.poll(840).await.unwrap();
    assert_eq!(rig.asked(), [0; 0]);
    rig.poll(900).await.unwrap();
    assert_eq!(rig.asked(), [500, 96], "all but those that were on screen");
    rig.poll(960).await.unwrap();
    assert_eq!(rig.asked(), [4]);
}

#[tokio::test(start_paused = true)]
async fn a_refresh_reads_what_is_on_screen_and_nothing_else() {
    let mut rig = Rig::new(instances(3));
    rig.context.shown = vec![Text::from("arn:db001")];
    rig.poll(0).await.unwrap();
    rig.asked();
    rig.context.asked = true;
    let metrics = rig.poll(20).await.unwrap();
    assert_eq!(rig.asked(), [4]);
    let read_at = |id: &str| metrics.get(&Text::from(id), RdsMetrics::CPU).unwrap().read_at;
    assert_eq!((read_at("arn:db001"), read_at("arn:db002")), (START + Duration::from_secs(20), START));
}

#[tokio::test(start_paused = true)]
async fn a_reading_is_as_old_as_the_oldest_number_on_screen() {
    let mut rig = Rig::new(instances(3));
    let mut taken = async |shown: &[&str], secs: u64| {
        rig.clock.set(START + Duration::from_secs(secs));
        rig.context.shown = shown.iter().copied().map(Text::from).collect();
        let snapshot = rig.feed.poll(&rig.context, &rig.facts).await.unwrap();
        snapshot.taken_at.since(START).as_secs()
    };
    assert_eq!(taken(&["arn:db000"], 0).await, 0);
    assert_eq!(taken(&["arn:db000"], 40).await, 0, "looked at again and not read");
    assert_eq!(taken(&["arn:db000", "arn:db001"], 70).await, 70);
    assert_eq!(taken(&["arn:db000", "arn:db002"], 80).await, 70, "one of them was read ten seconds before");
    assert_eq!(taken(&[], 90).await, 90, "where none is on screen it is the time of the look");
}

#[tokio::test(start_paused = true)]
async fn pieces_come_together_and_what_is_no_number_is_left_out() {
    let mut rig = Rig::new(instances(1));
    let metrics = rig.poll(0).await.unwrap();
    let cpu = metrics.get(&Text::from("arn:db000"), RdsMetrics::CPU).unwrap();
    assert_eq!(cpu.series.points, [(START - SPAN, 1.0), (START, 1.0)]);
}

#[tokio::test(start_paused = true)]
async fn no_point_is_not_zero_and_a_failure_keeps_what_was_read() {
    let mut rig = Rig::new(instances(1));
    *rig.world.silent.lock().unwrap() = true;
    let metrics = rig.poll(0).await.unwrap();
    let cpu = metrics.get(&Text::from("arn:db000"), RdsMetrics::CPU).unwrap();
    assert_eq!(cpu.series.last(), None);
    *rig.world.silent.lock().unwrap() = false;
    rig.poll(900).await.unwrap();
    *rig.world.fail.lock().unwrap() = Some(FaultKind::Denied);
    assert_eq!(rig.poll(1_800).await.map_err(|f| f.kind), Err(FaultKind::Denied));
    *rig.world.fail.lock().unwrap() = None;
    rig.context.shown.clear();
    assert_eq!(rig.feed.known.len(), 4);
    assert!(rig.feed.known.values().all(|m| m.read_at == START + Duration::from_secs(900)));
}

#[tokio::test(start_paused = true)]
async fn what_is_gone_is_forgotten_and_what_is_new_is_read() {
    let mut rig = Rig::new(instances(2));
    rig.poll(0).await.unwrap();
    rig.asked();
    let later = RdsFacts { instances: vec![instance(1), instance(2)], ..RdsFacts::default() };
    rig.facts.put(START, Arc::new(later));
    let metrics = rig.poll(60).await.unwrap();
    assert_eq!((rig.asked(), metrics.series.len()), (vec![4], 8));
    assert_eq!(metrics.get(&Text::from("arn:db000"), RdsMetrics::CPU), None);
}

#[test]
fn each_kind_is_asked_for_what_it_has() {
    let member =
        |id: &str, writer| ClusterMember { instance: Text::from(id), is_writer: Some(writer), ..Default::default() };
    let aurora = |id: &str| DbInstance {
        engine: Some(Text::from("aurora-postgresql")),
        cluster: Some(Text::from("c")),
        id: Text::from(id),
        arn: Text::from(id),
        ..DbInstance::default()
    };
    let rds = RdsFacts {
        instances: vec![aurora("w"), aurora("r"), DbInstance { replica_of: Some(Text::from("db000")), ..instance(1) }],
        clusters: vec![DbCluster {
            id: Text::from("c"),
            members: vec![member("w", true), member("r", false)],
            ..DbCluster::default()
        }],
        proxies: vec![Proxy { arn: Text::from("p"), name: Text::from("proxy"), ..Proxy::default() }],
        ..RdsFacts::default()
    };
    let all = wanted(&rds);
    let of = |arn: &str| -> Vec<&str> { all.iter().filter(|((a, _), _)| *a == *arn).map(|((_, m), _)| *m).collect() };
    assert_eq!(of("w"), [RdsMetrics::CPU, RdsMetrics::CONNECTIONS, RdsMetrics::MEMORY]);
    assert_eq!(of("r").last(), Some(&RdsMetrics::AURORA_LAG));
    assert_eq!(of("arn:db001")[3..], [RdsMetrics::STORAGE, RdsMetrics::LAG]);
    assert_eq!(of("p").len(), 7);
    let proxy = all.iter().find(|((arn, _), _)| *arn == *"p").map(|(_, query)| query.clone()).unwrap();
    assert_eq!(proxy.dimensions, [("ProxyName", "proxy".to_owned())]);
    assert_eq!((proxy.namespace, proxy.statistic, proxy.period), ("AWS/RDS", Statistic::Sum, PERIOD));
}

fn named(id: &str) -> Text {
    Text::from(id)
}

/// Three instances and a proxy before the first.
fn fleet() -> RdsFacts {
    let mut rds = instances(3);
    for i in &mut rds.instances {
        i.allocated = Some(1);
    }
    let state = Some(named("AVAILABLE"));
    let target = |id: &str| Target { id: Some(named(id)), state: state.clone(), ..Target::default() };
    let proxy = |name: &str, id: &str| Proxy {
        name: named(name),
        arn: named(name),
        status: Some(named("available")),
        targets: vec![target(id)],
        ..Proxy::default()
    };
    rds.proxies = vec![proxy("p0", "db000"), proxy("p1", "db001")];
    rds
}

#[tokio::test(start_paused = true)]
async fn a_part_of_the_points_is_shown_and_told_as_a_part() {
    let mut rig = Rig::new(fleet());
    *rig.world.partial.lock().unwrap() = true;
    let snapshot = rig.feed.poll(&rig.context, &rig.facts).await.unwrap();
    let metrics = snapshot.data.downcast_ref::<RdsMetrics>().unwrap();
    assert!(metrics.series.values().all(|measured| !measured.series.points.is_empty()));
    let [gap] = snapshot.gaps.as_slice() else { panic!("one gap") };
    assert!(gap.read < gap.known && gap.fault.message.contains("PartialData"), "{gap:?}");
}

/// What is in trouble in the fleet after this change to it.
fn in_trouble(change: impl FnOnce(&mut RdsFacts), free: f64, now: Timestamp) -> Vec<String> {
    let mut rds = fleet();
    change(&mut rds);
    let mut facts = Facts::default();
    facts.put(START, Arc::new(rds));
    let series = Series { points: vec![(START, free * 1_073_741_824.0)], problem: None };
    let known = [((named("arn:db000"), RdsMetrics::STORAGE), Measured { read_at: START, series })].into();
    let mut arns: Vec<String> = trouble::in_trouble(&facts, &known, now).iter().map(ToString::to_string).collect();
    arns.sort();
    arns
}

#[test]
fn what_is_down_fails_over_or_fills_up_is_in_trouble_and_so_are_the_proxies_before_it() {
    assert_eq!(in_trouble(|_| {}, 0.15, START), [""; 0]);
    assert_eq!(in_trouble(|_| {}, 0.14, START), ["arn:db000", "p0"]);
    let status = |status: &'static str| move |rds: &mut RdsFacts| rds.instances[0].status = Some(named(status));
    assert_eq!(in_trouble(status("rebooting"), 1.0, START), ["arn:db000", "p0"]);
    assert_eq!(in_trouble(status("stopped"), 1.0, START), [""; 0], "nothing is measured there");
    assert_eq!(in_trouble(|rds| rds.proxies[1].targets[0].state = None, 1.0, START), ["p1"]);
    assert_eq!(in_trouble(|rds| rds.proxies[1].status = Some(named("modifying")), 1.0, START), ["p1"]);
    let event = |rds: &mut RdsFacts| {
        rds.events = vec![Event {
            at: Some(START),
            source: named("db000"),
            message: named("Multi-AZ instance failover completed"),
            ..Event::default()
        }];
    };
    assert_eq!(in_trouble(event, 1.0, START + Duration::from_mins(30)), ["arn:db000", "p0"]);
    assert_eq!(in_trouble(event, 1.0, START + Duration::from_mins(31)), [""; 0]);
    let moved = |rds: &mut RdsFacts| {
        let [from, to] = [named("a"), named("b")];
        rds.moves = vec![Move { seen_at: START, arn: named("arn:db002"), from, to }];
    };
    assert_eq!(in_trouble(moved, 1.0, START + Duration::from_mins(30)), ["arn:db002"]);
}

#[test]
fn a_cluster_in_trouble_is_so_with_its_members_and_the_proxies_before_it() {
    let cluster = |rds: &mut RdsFacts| {
        let status = Some(named("failing-over"));
        rds.clusters = vec![DbCluster { id: named("c"), arn: named("c"), status, ..DbCluster::default() }];
        rds.instances[1].cluster = Some(named("c"));
        rds.proxies[0].targets[0].id = Some(named("c"));
    };
    assert_eq!(in_trouble(cluster, 1.0, START), ["arn:db001", "p0", "p1"]);
}

#[tokio::test(start_paused = true)]
async fn what_is_in_trouble_is_read_and_paid_for_as_if_it_were_on_screen() {
    let mut rds = fleet();
    for i in &mut rds.instances[1..] {
        i.allocated = None;
    }
    let mut rig = Rig::new(rds);
    let metrics = rig.poll(0).await.unwrap();
    let paid = (rig.asked(), metrics.cost.shown, metrics.cost.others);
    assert_eq!(paid, (vec![3 * 4 + 2 * 7], 4 + 7, 2 * 4 + 7), "one byte of the first is free, which is behind p0");
    rig.poll(60).await.unwrap();
    assert_eq!(rig.asked(), [4 + 7]);
}

#[tokio::test(start_paused = true)]
async fn it_wants_to_read_what_comes_on_screen_and_nothing_twice_in_a_minute() {
    let mut rig = Rig::new(instances(3));
    let due = |rig: &Rig, shown: &[&str], secs| {
        let shown: Vec<Text> = shown.iter().copied().map(Text::from).collect();
        rig.feed.due(&shown, &rig.facts, START + Duration::from_secs(secs)).map(|due| due.as_secs())
    };
    rig.poll(0).await.unwrap();
    assert_eq!(due(&rig, &[], 300), None);
    assert_eq!(due(&rig, &["no database"], 300), None);
    assert_eq!(due(&rig, &["arn:db001"], 20), Some(40));
    assert_eq!(due(&rig, &["arn:db001"], 300), Some(0));
    rig.context.shown = vec![Text::from("arn:db001")];
    *rig.world.silent.lock().unwrap() = true;
    rig.poll(300).await.unwrap();
    assert_eq!(due(&rig, &["arn:db001"], 301), Some(59), "whether or not there was anything");
    assert_eq!(due(&rig, &["arn:db001", "arn:db002"], 301), Some(0));
}
