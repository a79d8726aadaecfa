//! The feed on a port that says what the test wants, in time the test moves.

use std::sync::Mutex;

use super::*;
use crate::backend::ports::{Backend, TaskDefinitions};
use crate::backend::sim::{Scenario, Sim};
use crate::feed::{Gate, Progress};
use crate::model::ecs::{Deployment, Seen, Service, Task};
use crate::model::secret::Handed;
use crate::model::stack::Stack;
use crate::time::{ManualClock, Timestamp};

const START: Timestamp = Timestamp::from_secs(1_773_457_200);

#[derive(Default)]
struct World {
    fault: Mutex<Option<FaultKind>>,
    asked: Mutex<Vec<String>>,
}

#[async_trait]
impl TaskDefinitions for World {
    async fn task_definition(&self, arn: &str) -> Result<TaskDefinition, Fault> {
        self.asked.lock().unwrap().push(arn.to_owned());
        let secrets = vec![Handed { from: Text::from("arn:secret"), ..Handed::default() }];
        match *self.fault.lock().unwrap() {
            Some(kind) => Err(Fault::new(kind, ACTION, "scripted")),
            None => Ok(TaskDefinition { secrets, ..TaskDefinition::default() }),
        }
    }
}

struct Rig {
    world: Arc<World>,
    clock: Arc<ManualClock>,
    feed: TaskDefinitionsFeed,
    context: Context,
}

impl Rig {
    fn new() -> Self {
        let world = Arc::new(World::default());
        let clock = Arc::new(ManualClock::at(START));
        let sim = Sim::new(&Scenario::sized(1, 1, 1), 1, clock.clone()).backend();
        let context = Context {
            backend: Backend { task_definitions: world.clone(), ..sim },
            stack: Stack::default(),
            gate: Gate::new(Arc::default()),
            clock: clock.clone(),
            progress: Progress::default(),
            asked: false,
            shown: Vec::new(),
        };
        Self { world, clock, feed: TaskDefinitionsFeed::default(), context }
    }

    async fn poll(&mut self, secs: u64, facts: &Facts) -> Result<(TaskDefinitionFacts, Vec<Gap>), Fault> {
        self.clock.set(START + Duration::from_secs(secs));
        let snapshot = self.feed.poll(&self.context, facts).await?;
        Ok((snapshot.data.downcast_ref::<TaskDefinitionFacts>().unwrap().clone(), snapshot.gaps))
    }

    fn asked(&self) -> Vec<String> {
        let mut asked = std::mem::take(&mut *self.world.asked.lock().unwrap());
        asked.sort();
        asked
    }
}

/// A service on its way from one definition to another, and tasks of these.
fn facts(from: &str, to: &str, tasks: &[&str]) -> Facts {
    let definition = |arn: &str| Some(Text::from(arn));
    let deployment = |arn: &str| Deployment { task_definition: definition(arn), ..Deployment::default() };
    let service = Service {
        task_definition: definition(to),
        deployments: vec![deployment(to), deployment(from)],
        ..Service::default()
    };
    let task =
        |arn: &&str| Seen { at: START, item: Arc::new(Task { task_definition: definition(arn), ..Task::default() }) };
    let ecs = EcsFacts {
        services: vec![Seen { at: START, item: Arc::new(service) }],
        tasks: tasks.iter().map(task).collect(),
        ..EcsFacts::default()
    };
    let mut facts = Facts::default();
    facts.put(START, Arc::new(ecs));
    facts
}

#[tokio::test(start_paused = true)]
async fn each_definition_in_use_is_read_once() {
    let mut rig = Rig::new();
    let before = facts("td:1", "td:2", &["td:2", "td:2", "other:7"]);
    let (read, gaps) = rig.poll(0, &before).await.unwrap();
    assert_eq!(rig.asked(), ["other:7", "td:1", "td:2"]);
    assert_eq!((read.definitions.len(), read.unread.len(), gaps.len()), (3, 0, 0));
    assert_eq!(read.definitions.get("td:1").map(|d| d.arn.as_str()), Some("td:1"));
    assert_eq!(rig.feed.due(&[], &before, START), None);
    let after = facts("td:2", "td:3", &["td:2"]);
    assert_eq!(rig.feed.due(&[], &after, START), Some(Duration::ZERO));
    let (read, _) = rig.poll(15, &after).await.unwrap();
    assert_eq!((rig.asked(), read.definitions.len()), (vec!["td:3".to_owned()], 2));
    let (read, _) = rig.poll(30, &before).await.unwrap();
    assert_eq!((rig.asked(), read.definitions.len()), (vec![], 3), "a definition never changes");
}

#[tokio::test(start_paused = true)]
async fn a_denied_permission_is_found_by_one_request_and_is_one_gap() {
    let mut rig = Rig::new();
    *rig.world.fault.lock().unwrap() = Some(FaultKind::Denied);
    let used = facts("td:1", "td:2", &["other:7"]);
    for secs in [0, 15] {
        let (read, gaps) = rig.poll(secs, &used).await.unwrap();
        assert_eq!((read.definitions.len(), read.unread.len()), (0, 3));
        assert_eq!(gaps.iter().map(Gap::extent).collect::<Vec<_>>(), ["0 of 3 task definitions"]);
    }
    assert_eq!(rig.asked(), ["other:7"], "the first of them, once");
    assert_eq!(rig.feed.due(&[], &used, START), None);
    *rig.world.fault.lock().unwrap() = None;
    let (read, gaps) = rig.poll(300, &used).await.unwrap();
    assert_eq!((read.definitions.len(), gaps.len()), (3, 0), "after five minutes it is tried again");
}

#[tokio::test(start_paused = true)]
async fn where_nothing_can_be_read_the_poll_fails() {
    let mut rig = Rig::new();
    *rig.world.fault.lock().unwrap() = Some(FaultKind::Unreachable);
    let lost = rig.poll(0, &facts("td:1", "td:2", &[])).await;
    assert_eq!(lost.map(|_| ()).map_err(|fault| fault.kind), Err(FaultKind::Unreachable));
    assert!(rig.poll(0, &Facts::default()).await.is_ok(), "nothing is in use");
}
