use std::sync::Mutex;

use super::super::fixture::{Asked, at, context};
use super::*;
use crate::backend::ports::{AppScaling, Backend, Page};
use crate::model::FaultKind;
use crate::store::Gap;
use crate::text::Text;
use crate::time::ManualClock;

#[derive(Default)]
struct World {
    asked: Asked,
    targets: Mutex<Vec<Target>>,
    policies: Mutex<Vec<Policy>>,
    activities: Mutex<Vec<Activity>>,
}

#[async_trait]
impl AppScaling for World {
    async fn targets(&self, token: Option<&str>) -> Result<Page<Target>, Fault> {
        self.asked.answer(TARGETS, &self.targets.lock().unwrap(), 2, token)
    }
    async fn policies(&self, token: Option<&str>) -> Result<Page<Policy>, Fault> {
        self.asked.answer(POLICIES, &self.policies.lock().unwrap(), 2, token)
    }
    async fn activities(&self, token: Option<&str>) -> Result<Page<Activity>, Fault> {
        self.asked.answer(ACTIVITIES, &self.activities.lock().unwrap(), 2, token)
    }
}

struct Rig {
    world: Arc<World>,
    clock: Arc<ManualClock>,
    feed: ScalingFeed,
    context: Context,
}

impl Rig {
    fn new() -> Self {
        let world = Arc::new(World::default());
        *world.targets.lock().unwrap() = ["b", "a", "c"].map(target).to_vec();
        let (context, clock) = context(|sim| Backend { app_scaling: world.clone(), ..sim });
        Self { world, clock, feed: ScalingFeed::default(), context }
    }

    async fn poll(&mut self, secs: u64) -> Result<(ScalingFacts, Vec<Gap>), Fault> {
        self.clock.set(at(secs));
        let snapshot = self.feed.poll(&self.context, &Facts::default()).await?;
        Ok((snapshot.data.downcast_ref::<ScalingFacts>().unwrap().clone(), snapshot.gaps))
    }
}

fn target(name: &str) -> Target {
    Target { resource: Text::from(format!("service/ehr/{name}")), ..Target::default() }
}

fn activity(secs: u64, status: &str) -> Activity {
    Activity {
        id: Text::from(format!("a{secs}")),
        started_at: Some(at(secs)),
        status: Some(Text::from(status)),
        ..Activity::default()
    }
}

#[tokio::test(start_paused = true)]
async fn what_concerns_clusters_of_others_is_left_out() {
    let mut rig = Rig::new();
    rig.context.stack.clusters = vec!["ehr*".to_owned()];
    let foreign = Text::from("service/dev/x");
    rig.world.targets.lock().unwrap().push(Target { resource: foreign.clone(), ..Target::default() });
    rig.world.policies.lock().unwrap().push(Policy { resource: foreign.clone(), ..Policy::default() });
    rig.world.activities.lock().unwrap().push(Activity { resource: foreign, ..activity(1, "Failed") });
    let (facts, _) = rig.poll(10).await.unwrap();
    assert_eq!((facts.targets.len(), facts.policies.len(), facts.activities.len()), (3, 0, 0));
}

#[tokio::test(start_paused = true)]
async fn all_pages_are_read_each_part_at_its_own_pace() {
    let mut rig = Rig::new();
    let (facts, gaps) = rig.poll(0).await.unwrap();
    let names: Vec<&str> = facts.targets.iter().map(|t| t.service().unwrap().1).collect();
    assert_eq!((names, gaps.len()), (vec!["a", "b", "c"], 0));
    assert_eq!((rig.world.asked.count(TARGETS), rig.world.asked.count(POLICIES)), (2, 1));
    for secs in [30, 60, 270] {
        rig.poll(secs).await.unwrap();
    }
    assert_eq!((rig.world.asked.count(TARGETS), rig.world.asked.count(POLICIES)), (6, 0));
    let (facts, _) = rig.poll(300).await.unwrap();
    let read = ScalingRead { targets: Some(at(300)), policies: Some(at(300)), activities: Some(at(300)) };
    assert_eq!(facts.read_at, read);
}

#[tokio::test(start_paused = true)]
async fn activities_stay_when_the_service_forgets_them_and_what_goes_on_is_read_until_it_ends() {
    let mut rig = Rig::new();
    *rig.world.activities.lock().unwrap() =
        vec![activity(30, "InProgress"), activity(20, "Successful"), activity(10, "Failed")];
    rig.poll(40).await.unwrap();
    *rig.world.activities.lock().unwrap() = vec![activity(30, "Successful")];
    let (facts, _) = rig.poll(70).await.unwrap();
    let told: Vec<_> = facts.activities.iter().map(|a| (a.id.as_str(), a.status.as_deref().unwrap())).collect();
    assert_eq!(told, [("a30", "Successful"), ("a20", "Successful"), ("a10", "Failed")]);
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_read_again_stays_with_its_time_and_hides_nothing_else() {
    let mut rig = Rig::new();
    rig.poll(0).await.unwrap();
    rig.world.asked.fail(POLICIES, FaultKind::Denied);
    let (facts, gaps) = rig.poll(300).await.unwrap();
    assert_eq!((facts.read_at.targets, facts.read_at.policies), (Some(at(300)), Some(at(0))));
    let told: Vec<_> = gaps.iter().map(|gap| (gap.extent(), gap.fault.kind)).collect();
    assert_eq!(told, [("scaling policies not listed".to_owned(), FaultKind::Denied)]);
    rig.world.asked.count(POLICIES);
    for secs in [360, 420, 480] {
        rig.poll(secs).await.unwrap();
    }
    assert_eq!(rig.world.asked.count(POLICIES), 0, "a permission does not come back by the minute");
    rig.world.asked.mend();
    rig.context.asked = true;
    assert_eq!(rig.poll(490).await.unwrap().0.read_at.policies, Some(at(490)), "who asks is answered");
    for action in [TARGETS, POLICIES, ACTIVITIES] {
        rig.world.asked.fail(action, FaultKind::Server);
    }
    assert_eq!(rig.poll(520).await.map_err(|fault| fault.action), Err(TARGETS), "nothing could be read");
}

/// 300 services with two policies each, ten a page, a request a second after the first burst.
#[tokio::test(start_paused = true)]
async fn many_policies_are_read_in_parts_told_as_partial_and_then_every_five_minutes() {
    let mut rig = Rig::new();
    let policy = |n: usize| Policy {
        resource: Text::from(format!("service/ehr/s{}", n / 2)),
        name: Text::from(format!("p{n}")),
        ..Policy::default()
    };
    // Pages of the fixture hold two.
    *rig.world.policies.lock().unwrap() = (0..120).map(policy).collect();
    *rig.world.activities.lock().unwrap() = (0..120).rev().map(|n| activity(n, "Successful")).collect();
    let began = tokio::time::Instant::now();
    let mut secs = 0;
    let mut told = Vec::new();
    loop {
        let (facts, gaps) = rig.poll(secs).await.unwrap();
        assert_eq!(facts.targets.len(), 3, "small lists are whole in each poll");
        told.push((facts.policies.len(), facts.read_at.policies.is_some(), gaps.len()));
        if !rig.feed.is_unfinished() {
            break;
        }
        assert!(told.len() < 30, "{told:?}");
        let wait = rig.feed.due(&[], &Facts::default(), at(began.elapsed().as_secs())).unwrap();
        tokio::time::sleep(wait).await;
        secs = began.elapsed().as_secs();
    }
    let whole = told.len();
    assert!(whole > 3 && secs < 240, "{whole} polls in {secs} s");
    assert_eq!(told[0], (20, false, 2), "policies and activities, both told as partial");
    assert_eq!(told[whole - 1], (120, true, 0));
    assert!(told[..whole - 1].iter().all(|(_, is_whole, gaps)| *is_whole || *gaps > 0), "{told:?}");
    rig.world.asked.count(POLICIES);
    rig.world.activities.lock().unwrap().clear();
    rig.poll(secs + 30).await.unwrap();
    assert_eq!((rig.world.asked.count(POLICIES), rig.world.asked.count(ACTIVITIES) > 0), (0, true));
    let (facts, gaps) = rig.poll(secs + 300).await.unwrap();
    assert_eq!((rig.world.asked.count(POLICIES), facts.policies.len(), gaps.len()), (10, 120, 0), "whole as it was");
}
