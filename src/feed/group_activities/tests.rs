use std::sync::Mutex;

use super::super::fixture::{Asked, at, context};
use super::*;
use crate::backend::ports::{Backend, GroupActivities, Page};
use crate::model::FaultKind;
use crate::model::scaling::Group;
use crate::time::ManualClock;

#[derive(Default)]
struct World {
    asked: Asked,
    asked_about: Mutex<Vec<String>>,
    activities: Mutex<Vec<GroupActivity>>,
    refreshes: Mutex<Vec<Refresh>>,
    broken: Mutex<Option<&'static str>>,
}

#[async_trait]
impl GroupActivities for World {
    async fn activities(&self, group: &str, token: Option<&str>) -> Result<Page<GroupActivity>, Fault> {
        self.asked_about.lock().unwrap().push(group.to_owned());
        if *self.broken.lock().unwrap() == Some(group) {
            return Err(Fault::new(FaultKind::Denied, ACTIVITIES, "scripted"));
        }
        self.asked.answer(ACTIVITIES, &self.activities.lock().unwrap(), 2, token)
    }
    async fn refreshes(&self, _: &str, token: Option<&str>) -> Result<Page<Refresh>, Fault> {
        self.asked.answer(REFRESHES, &self.refreshes.lock().unwrap(), 2, token)
    }
}

struct Rig {
    world: Arc<World>,
    clock: Arc<ManualClock>,
    feed: GroupActivitiesFeed,
    context: Context,
    facts: Facts,
}

impl Rig {
    fn new(groups: &[&str]) -> Self {
        let world = Arc::new(World::default());
        let (context, clock) = context(|sim| Backend { group_activities: world.clone(), ..sim });
        let mut rig = Self { world, clock, feed: GroupActivitiesFeed::default(), context, facts: Facts::default() };
        rig.holds(groups);
        rig
    }

    fn holds(&mut self, groups: &[&str]) {
        let group = |name: &&str| Group { name: Text::from(*name), ..Group::default() };
        let groups = groups.iter().map(group).collect();
        self.facts.put(at(0), Arc::new(GroupFacts { groups, missing: vec![] }));
    }

    async fn poll(&mut self, secs: u64) -> Result<(GroupHistory, Vec<Gap>), Fault> {
        self.clock.set(at(secs));
        let snapshot = self.feed.poll(&self.context, &self.facts).await?;
        Ok((snapshot.data.downcast_ref::<GroupHistory>().unwrap().clone(), snapshot.gaps))
    }

    fn asked_about(&self) -> Vec<String> {
        let mut names = std::mem::take(&mut *self.world.asked_about.lock().unwrap());
        names.sort();
        names
    }
}

fn activity(secs: u64, status: &str) -> GroupActivity {
    GroupActivity {
        id: Text::from(format!("a{secs}")),
        started_at: Some(at(secs)),
        status: Some(Text::from(status)),
        ..GroupActivity::default()
    }
}

#[tokio::test(start_paused = true)]
async fn each_group_is_asked_about_by_name_and_its_activities_are_kept() {
    let mut rig = Rig::new(&["g1", "g2"]);
    *rig.world.activities.lock().unwrap() = vec![activity(9, "InProgress"), activity(5, "Failed")];
    *rig.world.refreshes.lock().unwrap() = vec![Refresh { id: Text::from("r"), ..Refresh::default() }];
    let (history, gaps) = rig.poll(10).await.unwrap();
    let groups = |history: &GroupHistory| history.activities.iter().map(|a| a.group.to_string()).collect::<Vec<_>>();
    assert_eq!(
        (groups(&history), gaps.len(), history.refreshes.len()),
        (["g1", "g2", "g1", "g2"].map(str::to_owned).to_vec(), 0, 2)
    );
    assert_eq!(history.read_at.iter().map(|(_, read)| *read).collect::<Vec<_>>(), [at(10), at(10)]);
    *rig.world.activities.lock().unwrap() = vec![activity(9, "Successful")];
    let (history, _) = rig.poll(40).await.unwrap();
    assert!(history.activities.iter().all(Entry::is_over) && history.activities.len() == 4);
    assert_eq!((rig.world.asked.count(ACTIVITIES), rig.world.asked.count(REFRESHES)), (4, 2), "refreshes each minute");
    rig.holds(&["g2"]);
    let (history, _) = rig.poll(70).await.unwrap();
    assert_eq!(groups(&history), ["g2", "g2"], "a group that is gone is forgotten");
}

#[tokio::test(start_paused = true)]
async fn one_group_that_is_denied_hides_no_other() {
    let mut rig = Rig::new(&["g1", "g2"]);
    *rig.world.broken.lock().unwrap() = Some("g1");
    let (history, gaps) = rig.poll(0).await.unwrap();
    assert_eq!(history.read_at, [(Text::from("g2"), at(0))]);
    assert_eq!(gaps.iter().map(Gap::extent).collect::<Vec<_>>(), ["1 of 2 groups' activities"]);
    rig.asked_about();
    rig.poll(30).await.unwrap();
    assert_eq!(rig.asked_about(), ["g2"]);
    rig.world.asked.fail(ACTIVITIES, FaultKind::Server);
    rig.world.asked.fail(REFRESHES, FaultKind::Server);
    assert_eq!(rig.poll(90).await.map_err(|fault| fault.action), Err(ACTIVITIES));
}

#[tokio::test(start_paused = true)]
async fn many_groups_take_turns_once_each_was_read() {
    let names: Vec<String> = (0..25).map(|n| format!("g{n:02}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut rig = Rig::new(&names);
    rig.poll(0).await.unwrap();
    assert_eq!(rig.asked_about().len(), 25);
    rig.poll(30).await.unwrap();
    assert_eq!(rig.asked_about(), &names[..10]);
    rig.poll(60).await.unwrap();
    assert_eq!(rig.asked_about(), &names[10..20]);
}

#[tokio::test(start_paused = true)]
async fn no_group_is_nothing_to_ask_about() {
    let mut rig = Rig::new(&[]);
    assert_eq!(rig.poll(0).await.unwrap(), (GroupHistory::default(), vec![]));
}
