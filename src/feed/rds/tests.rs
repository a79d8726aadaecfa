//! The feed on ports that say what the test wants, in time the test moves.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use super::*;
use crate::backend::ports::{Backend, Page, Rds, RdsProxies};
use crate::backend::sim::{Scenario, Sim};
use crate::feed::{Gate, Progress};
use crate::model::rds::{ClusterMember, Proxy, Target};
use crate::model::stack::Stack;
use crate::time::ManualClock;

const START: Timestamp = Timestamp::from_secs(1_773_457_200);

/// What the service would answer, how it fails, and what it was asked.
#[derive(Default)]
struct World {
    instances: Mutex<Vec<Page<DbInstance>>>,
    clusters: Mutex<Vec<DbCluster>>,
    events: Mutex<Vec<Event>>,
    /// Events of the first page, where the second one cannot be read.
    cut: Mutex<Option<usize>>,
    proxies: Mutex<Vec<Proxy>>,
    faults: Mutex<HashMap<&'static str, FaultKind>>,
    calls: Mutex<Vec<&'static str>>,
    since: Mutex<Vec<Timestamp>>,
}

impl World {
    fn answer<T>(&self, action: &'static str, items: Vec<T>) -> Result<Page<T>, Fault> {
        self.asked(action)?;
        Ok(Page { items, next: None })
    }

    fn asked(&self, action: &'static str) -> Result<(), Fault> {
        self.calls.lock().unwrap().push(action);
        match self.faults.lock().unwrap().get(action) {
            Some(kind) => Err(Fault::new(*kind, action, "scripted")),
            None => Ok(()),
        }
    }

    fn fail(&self, action: &'static str, kind: FaultKind) {
        self.faults.lock().unwrap().insert(action, kind);
    }

    fn calls_of(&self, action: &str) -> usize {
        self.calls.lock().unwrap().iter().filter(|asked| **asked == action).count()
    }

    fn holds(&self, instances: &[DbInstance]) {
        *self.instances.lock().unwrap() = vec![Page { items: instances.to_vec(), next: None }];
    }
}

#[async_trait]
impl Rds for World {
    async fn instances(&self, token: Option<&str>) -> Result<Page<DbInstance>, Fault> {
        self.asked(INSTANCES)?;
        let pages = self.instances.lock().unwrap();
        let at: usize = token.map_or(0, |token| token.parse().unwrap());
        Ok(pages.get(at).cloned().unwrap_or(Page { items: vec![], next: None }))
    }
    async fn clusters(&self, _: Option<&str>) -> Result<Page<DbCluster>, Fault> {
        self.answer(CLUSTERS, self.clusters.lock().unwrap().clone())
    }
    async fn events(&self, since: Timestamp, token: Option<&str>) -> Result<Page<Event>, Fault> {
        if token.is_some() {
            return Err(Fault::new(FaultKind::Server, EVENTS, "scripted"));
        }
        self.since.lock().unwrap().push(since);
        let mut told: Vec<Event> =
            self.events.lock().unwrap().iter().filter(|e| e.at >= Some(since)).cloned().collect();
        let cut = *self.cut.lock().unwrap();
        told.truncate(cut.unwrap_or(usize::MAX));
        Ok(Page { next: cut.map(|_| "more".to_owned()), ..self.answer(EVENTS, told)? })
    }
    async fn maintenance(&self, _: Option<&str>) -> Result<Page<Maintenance>, Fault> {
        self.answer(MAINTENANCE, vec![])
    }
}

#[async_trait]
impl RdsProxies for World {
    async fn proxies(&self, _: Option<&str>) -> Result<Page<Proxy>, Fault> {
        self.answer(proxies::LIST, self.proxies.lock().unwrap().clone())
    }
    async fn targets(&self, proxy: &str, _: Option<&str>) -> Result<Page<Target>, Fault> {
        let target = Target { id: Some(Text::from(format!("behind {proxy}"))), ..Target::default() };
        self.answer(proxies::TARGETS, vec![target])
    }
    async fn max_connections_percent(&self, _: &str) -> Result<Option<u32>, Fault> {
        self.asked(proxies::GROUPS)?;
        Ok(Some(90))
    }
}

/// A feed, its world and its time.
struct Rig {
    world: Arc<World>,
    clock: Arc<ManualClock>,
    feed: RdsFeed,
    context: Context,
}

impl Rig {
    fn new() -> Self {
        let world = Arc::new(World::default());
        let clock = Arc::new(ManualClock::at(START));
        let sim = Sim::new(&Scenario::sized(1, 1, 1), 1, clock.clone()).backend();
        let context = Context {
            backend: Backend { rds: world.clone(), proxies: world.clone(), ..sim },
            stack: Stack { protected: true, ..Stack::default() },
            gate: Gate::new(Arc::default()),
            clock: clock.clone(),
            progress: Progress::default(),
            asked: false,
            shown: Vec::new(),
        };
        Self { world, clock, feed: RdsFeed::default(), context }
    }

    /// Polls so many seconds after the start.
    async fn poll(&mut self, secs: u64) -> Result<(RdsFacts, Vec<Gap>), Fault> {
        self.clock.set(START + Duration::from_secs(secs));
        let snapshot = self.feed.poll(&self.context, &Facts::default()).await?;
        Ok((snapshot.data.downcast_ref::<RdsFacts>().unwrap().clone(), snapshot.gaps))
    }
}

fn instance(id: &str, zone: &str) -> DbInstance {
    let az = (!zone.is_empty()).then(|| Text::from(zone));
    DbInstance { id: Text::from(id), arn: Text::from(format!("arn:{id}")), az, ..DbInstance::default() }
}

fn proxy(n: usize) -> Proxy {
    Proxy { name: Text::from(format!("p{n:02}")), arn: Text::from(format!("arn:p{n:02}")), ..Proxy::default() }
}

fn event(secs: u64, message: &str) -> Event {
    Event { at: Some(START + Duration::from_secs(secs)), message: Text::from(message), ..Event::default() }
}

#[expect(clippy::unnecessary_wraps, reason = "the fields it is compared with are optional")]
fn at(secs: u64) -> Option<Timestamp> {
    Some(START + Duration::from_secs(secs))
}

fn ids(facts: &RdsFacts) -> Vec<&str> {
    facts.instances.iter().map(|i| i.id.as_str()).collect()
}

#[tokio::test(start_paused = true)]
async fn all_pages_are_read_and_the_stack_says_whether_it_is_protected() {
    let mut rig = Rig::new();
    let page = |id: &str, next: Option<&str>| Page { items: vec![instance(id, "a")], next: next.map(str::to_owned) };
    *rig.world.instances.lock().unwrap() = vec![page("b", Some("1")), page("a", Some("2")), page("c", None)];
    let (facts, gaps) = rig.poll(0).await.unwrap();
    assert_eq!((ids(&facts), gaps.len(), facts.protected), (vec!["a", "b", "c"], 0, true));
    assert_eq!(facts.read_at.instances, at(0));
}

#[tokio::test(start_paused = true)]
async fn proxies_that_are_denied_hide_no_instances_and_are_not_asked_for_again_at_once() {
    let mut rig = Rig::new();
    rig.world.holds(&[instance("a", "a")]);
    rig.world.fail(proxies::LIST, FaultKind::Denied);
    for secs in [0, 15, 30] {
        let (facts, gaps) = rig.poll(secs).await.unwrap();
        assert_eq!((ids(&facts), facts.read_at.proxies), (vec!["a"], None));
        let told: Vec<_> = gaps.iter().map(|gap| (gap.extent(), gap.fault.kind)).collect();
        assert_eq!(told, [("RDS proxies not listed".to_owned(), FaultKind::Denied)]);
    }
    assert_eq!(rig.world.calls_of(proxies::LIST), 1);
    assert_eq!(rig.world.calls_of(INSTANCES), 3);
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_read_again_stays_with_its_time() {
    let mut rig = Rig::new();
    rig.world.holds(&[instance("a", "a"), instance("b", "a")]);
    rig.poll(0).await.unwrap();
    rig.world.fail(INSTANCES, FaultKind::Server);
    let (facts, gaps) = rig.poll(15).await.unwrap();
    assert_eq!((ids(&facts), facts.read_at.instances, facts.read_at.clusters), (vec!["a", "b"], at(0), at(15)));
    assert_eq!(gaps.iter().map(Gap::extent).collect::<Vec<_>>(), ["0 of 2 DB instances"]);
}

#[tokio::test(start_paused = true)]
async fn where_nothing_is_read_the_poll_fails() {
    let mut rig = Rig::new();
    for action in [INSTANCES, CLUSTERS, EVENTS, MAINTENANCE, proxies::LIST] {
        rig.world.fail(action, FaultKind::Denied);
    }
    assert_eq!(rig.poll(0).await.map_err(|fault| (fault.kind, fault.action)), Err((FaultKind::Denied, INSTANCES)));
}

#[tokio::test(start_paused = true)]
async fn an_object_without_a_name_is_missing_and_said() {
    let mut rig = Rig::new();
    rig.world.holds(&[instance("a", "a"), DbInstance::default()]);
    let (facts, gaps) = rig.poll(0).await.unwrap();
    assert_eq!((ids(&facts), gaps.len()), (vec!["a"], 1));
    assert_eq!(gaps[0].fault.kind, FaultKind::Malformed);
}

#[tokio::test(start_paused = true)]
async fn events_are_read_a_day_back_and_then_from_the_last_reading() {
    let mut rig = Rig::new();
    *rig.world.events.lock().unwrap() = vec![event(0, "one")];
    rig.poll(10).await.unwrap();
    rig.world.events.lock().unwrap().extend([event(5, "late"), event(20, "two"), event(20, "two")]);
    rig.world.fail(EVENTS, FaultKind::Server);
    rig.poll(30).await.unwrap();
    rig.world.faults.lock().unwrap().clear();
    let (facts, _) = rig.poll(60).await.unwrap();
    let told: Vec<&str> = facts.events.iter().map(|e| e.message.as_str()).collect();
    assert_eq!(told, ["two", "late", "one"], "newest first, each once, the late one too");
    let since = rig.world.since.lock().unwrap();
    let first = START + Duration::from_secs(10);
    assert_eq!(since.first(), Some(&(first - FIRST_EVENTS)));
    assert_eq!(since.last(), Some(&(first - OVERLAP)), "from the last reading that went well");
}

#[tokio::test(start_paused = true)]
async fn events_that_a_reading_left_out_are_asked_for_again() {
    const HOUR: u64 = 3_600;
    let mut rig = Rig::new();
    let told = |facts: &RdsFacts| facts.events.iter().map(|e| e.message.to_string()).collect::<Vec<_>>();
    *rig.world.events.lock().unwrap() = vec![event(9 * HOUR, "new"), event(HOUR, "old")];
    *rig.world.cut.lock().unwrap() = Some(1);
    let (facts, gaps) = rig.poll(10 * HOUR).await.unwrap();
    assert_eq!((told(&facts), facts.read_at.events, gaps.len()), (vec!["new".to_owned()], None, 1));
    *rig.world.cut.lock().unwrap() = None;
    let (facts, gaps) = rig.poll(10 * HOUR + 60).await.unwrap();
    assert_eq!(told(&facts), ["new", "old"]);
    assert_eq!((facts.read_at.events, gaps.len()), (at(10 * HOUR + 60), 0));
    rig.world.events.lock().unwrap().insert(0, event(10 * HOUR + 70, "later"));
    *rig.world.cut.lock().unwrap() = Some(1);
    let (facts, _) = rig.poll(10 * HOUR + 120).await.unwrap();
    assert_eq!((told(&facts).len(), facts.read_at.events), (3, at(10 * HOUR + 60)), "as old as the last whole one");
}

#[tokio::test(start_paused = true)]
async fn events_are_forgotten_after_a_day_also_where_no_more_are_read() {
    let mut rig = Rig::new();
    *rig.world.events.lock().unwrap() = vec![event(0, "Multi-AZ instance failover started.")];
    rig.poll(10).await.unwrap();
    rig.world.fail(EVENTS, FaultKind::Denied);
    for (secs, left) in [(86_400, 1), (86_401, 0)] {
        assert_eq!(rig.poll(secs).await.unwrap().0.events.len(), left, "{secs}");
    }
}

#[tokio::test(start_paused = true)]
async fn events_are_bounded() {
    let mut rig = Rig::new();
    *rig.world.events.lock().unwrap() = (0..1_500).map(|n| event(n, "x")).collect();
    let (facts, _) = rig.poll(1_500).await.unwrap();
    assert_eq!((facts.events.len(), facts.events[0].at), (KEPT_EVENTS, at(1_499)));
}

#[tokio::test(start_paused = true)]
async fn maintenance_and_settings_are_not_asked_for_with_every_poll() {
    let mut rig = Rig::new();
    *rig.world.proxies.lock().unwrap() = vec![proxy(0)];
    for poll in 0..21 {
        rig.poll(poll * 15).await.unwrap();
    }
    let counts = [INSTANCES, proxies::TARGETS, MAINTENANCE, proxies::GROUPS].map(|action| rig.world.calls_of(action));
    assert_eq!(counts, [21, 21, 2, 1], "in five minutes");
}

#[tokio::test(start_paused = true)]
async fn of_many_proxies_each_has_its_turn() {
    let mut rig = Rig::new();
    *rig.world.proxies.lock().unwrap() = (0..25).map(proxy).collect();
    let (facts, _) = rig.poll(0).await.unwrap();
    assert!(facts.proxies.iter().all(|p| p.targets_at == at(0) && p.max_connections_percent == Some(90)));
    for secs in [15, 30] {
        rig.poll(secs).await.unwrap();
    }
    let (facts, _) = rig.poll(45).await.unwrap();
    assert!(facts.proxies.iter().all(|p| p.targets_at > at(0)), "{:?}", facts.proxies);
    assert_eq!(rig.world.calls_of(proxies::TARGETS), 25 + 30);
}

#[tokio::test(start_paused = true)]
async fn targets_that_cannot_be_read_are_a_gap_and_stay_absent() {
    let mut rig = Rig::new();
    *rig.world.proxies.lock().unwrap() = vec![proxy(0), proxy(1)];
    rig.world.fail(proxies::TARGETS, FaultKind::Denied);
    let (facts, gaps) = rig.poll(0).await.unwrap();
    assert!(facts.proxies.iter().all(|p| p.targets_at.is_none()));
    assert_eq!(gaps.iter().map(Gap::extent).collect::<Vec<_>>(), ["0 of 2 targets of proxies"]);
}

#[tokio::test(start_paused = true)]
async fn what_moved_is_remembered_and_what_was_not_told_moved_nowhere() {
    let mut rig = Rig::new();
    let member =
        |id: &str, writer| ClusterMember { instance: Text::from(id), is_writer: Some(writer), ..Default::default() };
    let cluster = |writer: &str| DbCluster {
        id: Text::from("c"),
        arn: Text::from("arn:c"),
        members: ["m1", "m2"].map(|id| member(id, id == writer)).to_vec(),
        ..DbCluster::default()
    };
    for (secs, zone, writer) in [(0, "z-a", "m1"), (15, "", ""), (30, "z-b", "m1"), (45, "z-b", "m2")] {
        rig.world.holds(&[instance("a", zone)]);
        *rig.world.clusters.lock().unwrap() = vec![cluster(writer)];
        rig.poll(secs).await.unwrap();
    }
    let told = |facts: &RdsFacts| -> Vec<String> {
        let words = |m: &crate::model::rds::Move| format!("{} {} {}", m.arn, m.from, m.to);
        facts.moves.iter().map(words).collect()
    };
    let (facts, _) = rig.poll(3_600).await.unwrap();
    assert_eq!(told(&facts), ["arn:c m1 m2", "arn:a z-a z-b"]);
    let (facts, _) = rig.poll(25 * 3_600).await.unwrap();
    assert_eq!(told(&facts), [""; 0]);
}
