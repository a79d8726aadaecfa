use std::sync::Mutex;

use super::super::fixture::{at, context};
use super::*;
use crate::backend::ports::{Backend, Metrics, Page};
use crate::model::ecs::{Cluster, Seen};
use crate::model::metric::Series;
use crate::time::ManualClock;

#[derive(Default)]
struct World {
    asked: Mutex<Vec<Query>>,
    fail: Mutex<bool>,
}

#[async_trait]
impl Metrics for World {
    async fn data(
        &self,
        queries: &[Query],
        _: Timestamp,
        until: Timestamp,
        _: Option<&str>,
    ) -> Result<Page<(usize, Series)>, Fault> {
        if *self.fail.lock().unwrap() {
            return Err(Fault::new(FaultKind::Denied, ACTION, "scripted"));
        }
        self.asked.lock().unwrap().extend(queries.iter().cloned());
        let items = (0..queries.len()).map(|n| (n, Series { points: vec![(until, 125.0)], problem: None }));
        Ok(Page { items: items.collect(), next: None })
    }
}

struct Rig {
    world: Arc<World>,
    clock: Arc<ManualClock>,
    feed: ReservationFeed,
    context: Context,
}

impl Rig {
    fn new() -> Self {
        let world = Arc::new(World::default());
        let (context, clock) = context(|sim| Backend { metrics: world.clone(), ..sim });
        Self { world, clock, feed: ReservationFeed::default(), context }
    }

    async fn poll(&mut self, secs: u64, facts: &Facts) -> Result<ReservationFacts, Fault> {
        self.clock.set(at(secs));
        let snapshot = self.feed.poll(&self.context, facts).await?;
        Ok(snapshot.data.downcast_ref::<ReservationFacts>().unwrap().clone())
    }
}

/// A cluster with these capacity providers: name, group and managed scaling.
fn facts(providers: &[(&str, &str, &str)]) -> Facts {
    let seen = |item| Seen { at: at(0), item: Arc::new(item) };
    let provider = |(name, group, scaling): &(&str, &str, &str)| Provider {
        name: Text::from(*name),
        group_arn: (!group.is_empty()).then(|| Text::from(*group)),
        managed_scaling: Some(Text::from(*scaling)),
        ..Provider::default()
    };
    let cluster = Cluster {
        name: Text::from("ehr"),
        providers: providers.iter().map(|(name, ..)| Text::from(*name)).collect(),
        ..Cluster::default()
    };
    let ecs = EcsFacts {
        clusters: vec![Seen { at: at(0), item: Arc::new(cluster) }],
        providers: providers.iter().map(provider).map(seen).collect(),
        ..EcsFacts::default()
    };
    let mut facts = Facts::default();
    facts.put(at(0), Arc::new(ecs));
    facts
}

const MAIN: (&str, &str, &str) = ("main", "asg-ehr", "ENABLED");

#[tokio::test(start_paused = true)]
async fn only_providers_that_ecs_scales_are_asked_for_by_cluster() {
    let mut rig = Rig::new();
    let facts = facts(&[MAIN, ("FARGATE", "", "ENABLED"), ("by-hand", "asg-2", "DISABLED")]);
    let known = rig.poll(0, &facts).await.unwrap();
    let asked = std::mem::take(&mut *rig.world.asked.lock().unwrap());
    assert_eq!(asked, [query(&(Text::from("ehr"), Text::from("main")))]);
    let (read_at, series) = &known.series[&(Text::from("ehr"), Text::from("main"))];
    assert_eq!((*read_at, series.last()), (at(0), Some((at(0), 125.0))));
}

#[tokio::test(start_paused = true)]
async fn it_is_read_once_a_minute_wherever_the_user_looks_and_never_where_there_is_nothing() {
    let mut rig = Rig::new();
    let (some, none) = (facts(&[MAIN]), facts(&[]));
    assert_eq!(rig.feed.due(&[], &some, at(0)), Some(Duration::ZERO));
    rig.poll(0, &some).await.unwrap();
    assert_eq!(rig.feed.due(&[], &some, at(20)), Some(Duration::from_secs(40)));
    assert_eq!(
        (rig.feed.due(&[], &none, at(300)), rig.poll(300, &none).await.unwrap()),
        (None, ReservationFacts::default())
    );
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_read_is_a_fault_and_what_was_read_stays() {
    let mut rig = Rig::new();
    let facts = facts(&[MAIN]);
    rig.poll(0, &facts).await.unwrap();
    *rig.world.fail.lock().unwrap() = true;
    assert_eq!(rig.poll(60, &facts).await.map_err(|fault| fault.kind), Err(FaultKind::Denied));
    assert_eq!(rig.feed.known.series.len(), 1);
}
