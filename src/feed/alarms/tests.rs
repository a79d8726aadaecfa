use std::sync::Mutex;

use super::super::fixture::{Asked, at, context};
use super::*;
use crate::backend::ports::{Alarms, Backend, Page};
use crate::model::FaultKind;
use crate::store::Gap;
use crate::text::Text;
use crate::time::ManualClock;

#[derive(Default)]
struct World {
    asked: Asked,
    alarms: Mutex<Vec<Alarm>>,
    transitions: Mutex<Vec<Transition>>,
    since: Mutex<Vec<Timestamp>>,
}

#[async_trait]
impl Alarms for World {
    async fn alarms(&self, token: Option<&str>) -> Result<Page<Alarm>, Fault> {
        self.asked.answer(LIST, &self.alarms.lock().unwrap(), 2, token)
    }
    async fn transitions(&self, since: Timestamp, token: Option<&str>) -> Result<Page<Transition>, Fault> {
        self.since.lock().unwrap().push(since);
        let all = self.transitions.lock().unwrap();
        let told: Vec<Transition> = all.iter().filter(|t| t.at >= Some(since)).cloned().collect();
        self.asked.answer(HISTORY, &told, 2, token)
    }
}

struct Rig {
    world: Arc<World>,
    clock: Arc<ManualClock>,
    feed: AlarmsFeed,
    context: Context,
}

impl Rig {
    fn new(alarms: &[&str]) -> Self {
        let world = Arc::new(World::default());
        let alarm = |name: &&str| Alarm { name: Text::from(*name), ..Alarm::default() };
        *world.alarms.lock().unwrap() = alarms.iter().map(alarm).collect();
        let (context, clock) = context(|sim| Backend { alarms: world.clone(), ..sim });
        Self { world, clock, feed: AlarmsFeed::default(), context }
    }

    async fn poll(&mut self, secs: u64) -> Result<(AlarmFacts, Vec<Gap>), Fault> {
        self.clock.set(at(secs));
        let snapshot = self.feed.poll(&self.context, &Facts::default()).await?;
        Ok((snapshot.data.downcast_ref::<AlarmFacts>().unwrap().clone(), snapshot.gaps))
    }
}

fn change(secs: u64, to: &str) -> Transition {
    Transition { alarm: Text::from("a"), at: Some(at(secs)), to: Some(Text::from(to)), ..Transition::default() }
}

#[tokio::test(start_paused = true)]
async fn alarms_are_read_each_poll_and_their_history_once_a_minute_from_where_it_was_left() {
    let mut rig = Rig::new(&["c", "a", "b"]);
    *rig.world.transitions.lock().unwrap() = vec![change(0, "ALARM")];
    for secs in [0, 15, 30, 45] {
        let (facts, gaps) = rig.poll(secs).await.unwrap();
        let told: Vec<_> = facts.alarms.iter().map(|a| (a.name.as_str(), a.arn.as_str())).collect();
        assert_eq!((told, gaps.len()), (vec![("a", "a"), ("b", "b"), ("c", "c")], 0));
    }
    assert_eq!((rig.world.asked.count(LIST), rig.world.asked.count(HISTORY)), (8, 1));
    *rig.world.transitions.lock().unwrap() = vec![change(50, "OK")];
    let (facts, _) = rig.poll(60).await.unwrap();
    assert_eq!(facts.transitions, [change(50, "OK"), change(0, "ALARM")], "kept, the newest first");
    assert_eq!(facts.transitions_at, Some(at(60)));
    let back = at(0) - super::super::log::OVERLAP;
    assert_eq!(*rig.world.since.lock().unwrap(), [at(0) - super::super::log::FIRST, back]);
}

#[tokio::test(start_paused = true)]
async fn a_history_that_is_denied_hides_no_alarm() {
    let mut rig = Rig::new(&["a"]);
    rig.world.asked.fail(HISTORY, FaultKind::Denied);
    for secs in [0, 60, 120] {
        let (facts, gaps) = rig.poll(secs).await.unwrap();
        assert_eq!((facts.alarms.len(), facts.alarms_at, facts.transitions_at), (1, Some(at(secs)), None));
        assert_eq!(gaps.iter().map(Gap::extent).collect::<Vec<_>>(), ["changes of alarms not listed"]);
    }
    assert_eq!(rig.world.asked.count(HISTORY), 1);
    rig.world.asked.fail(LIST, FaultKind::Denied);
    assert_eq!(rig.poll(135).await.map_err(|fault| fault.action), Err(LIST));
}
