//! The feed on a port that says what the test wants, in time the test moves.

use std::sync::Mutex;

use super::*;
use crate::backend::ports::{Backend, Page, Secrets};
use crate::backend::sim::{Scenario, Sim};
use crate::feed::{Gate, Progress};
use crate::model::stack::Stack;
use crate::time::{Clock, ManualClock};

const START: Timestamp = Timestamp::from_secs(1_773_457_200);

/// What the service would answer, how it fails, and what it was asked.
#[derive(Default)]
struct World {
    listed: Mutex<Vec<Secret>>,
    /// What a close look tells, where it differs from the list.
    close: Mutex<Vec<Secret>>,
    faults: Mutex<HashMap<&'static str, FaultKind>>,
    calls: Mutex<Vec<String>>,
}

impl World {
    fn asked(&self, action: &'static str, what: &str) -> Result<(), Fault> {
        self.calls.lock().unwrap().push(format!("{action} {what}").trim().to_owned());
        match self.faults.lock().unwrap().get(action) {
            Some(kind) => Err(Fault::new(*kind, action, "scripted")),
            None => Ok(()),
        }
    }

    fn fail(&self, action: &'static str, kind: FaultKind) {
        self.faults.lock().unwrap().insert(action, kind);
    }

    /// What was asked for since this was asked last, without the service's name.
    fn calls(&self) -> Vec<String> {
        let mut calls = std::mem::take(&mut *self.calls.lock().unwrap());
        calls.sort();
        calls.into_iter().map(|call| call.replace("secretsmanager:", "")).collect()
    }
}

#[async_trait]
impl Secrets for World {
    async fn secrets(&self, token: Option<&str>) -> Result<Page<Secret>, Fault> {
        self.asked(LIST, "")?;
        let all = self.listed.lock().unwrap();
        let from: usize = token.map_or(0, |token| token.parse().unwrap());
        let next = (from + 100 < all.len()).then(|| (from + 100).to_string());
        Ok(Page { items: all.iter().skip(from).take(100).cloned().collect(), next })
    }
    async fn secret(&self, arn: &str) -> Result<Secret, Fault> {
        self.asked(DESCRIBE, arn)?;
        let (close, listed) = (self.close.lock().unwrap(), self.listed.lock().unwrap());
        Ok(close.iter().chain(listed.iter()).find(|secret| secret.arn == *arn).cloned().unwrap())
    }
    async fn versions(&self, arn: &str, _: Option<&str>) -> Result<Page<Version>, Fault> {
        self.asked(VERSIONS, arn)?;
        let version = Version {
            id: Text::from("v2"),
            created_at: Some(START - Duration::from_hours(2)),
            stages: vec![Text::from(Secret::PENDING)],
        };
        Ok(Page { items: vec![version], next: None })
    }
}

/// A feed, its world and its time.
struct Rig {
    world: Arc<World>,
    clock: Arc<ManualClock>,
    feed: SecretsFeed,
    context: Context,
}

impl Rig {
    fn new(listed: &[Secret]) -> Self {
        let world = Arc::new(World::default());
        *world.listed.lock().unwrap() = listed.to_vec();
        let clock = Arc::new(ManualClock::at(START));
        let sim = Sim::new(&Scenario::sized(1, 1, 1), 1, clock.clone()).backend();
        let context = Context {
            backend: Backend { secrets: world.clone(), ..sim },
            stack: Stack::default(),
            gate: Gate::new(Arc::default()),
            clock: clock.clone(),
            progress: Progress::default(),
            asked: false,
            shown: Vec::new(),
        };
        Self { world, clock, feed: SecretsFeed::default(), context }
    }

    /// Polls so many minutes after the start.
    async fn poll(&mut self, minutes: u64) -> Result<(SecretFacts, Vec<Gap>), Fault> {
        self.clock.set(START + Duration::from_mins(minutes));
        let snapshot = self.feed.poll(&self.context, &Facts::default()).await?;
        Ok((snapshot.data.downcast_ref::<SecretFacts>().unwrap().clone(), snapshot.gaps))
    }

    fn show(&mut self, arns: &[&str]) {
        self.context.shown = arns.iter().map(|arn| Text::from(*arn)).collect();
    }

    fn due(&self) -> Option<u64> {
        let due = self.feed.due(&self.context.shown, &Facts::default(), self.clock.now());
        due.map(|due| due.as_secs())
    }
}

fn secret(name: &str) -> Secret {
    Secret { name: Text::from(name), arn: Text::from(format!("arn:{name}")), ..Secret::default() }
}

/// A rotation of it is under way.
fn rotating(name: &str) -> Secret {
    let labels = [("v1", Secret::CURRENT), ("v2", Secret::PENDING)];
    let versions = labels.map(|(id, label)| (Text::from(id), vec![Text::from(label)]));
    Secret { versions: versions.into(), ..secret(name) }
}

#[tokio::test(start_paused = true)]
async fn all_pages_are_read_and_then_again_after_five_minutes() {
    let all: Vec<Secret> = (0..101).map(|n| secret(&format!("s{n:03}"))).collect();
    let mut rig = Rig::new(&all);
    let (facts, gaps) = rig.poll(0).await.unwrap();
    assert_eq!((facts.secrets.len(), gaps.len(), rig.world.calls().len()), (101, 0, 2));
    assert_eq!((facts.secrets[100].read_at, facts.read_at), (START, Some(START)));
    for (minute, calls) in [(1, 0), (3, 0), (5, 2)] {
        rig.poll(minute).await.unwrap();
        assert_eq!(rig.world.calls().len(), calls, "minute {minute}");
    }
    assert_eq!(rig.due(), Some(300));
}

#[tokio::test(start_paused = true)]
async fn on_screen_the_list_is_read_each_minute_and_closely_the_selected_one_and_those_in_trouble() {
    let late = Secret { rotates_at: Some(START - Duration::from_secs(1)), ..secret("late") };
    let mut rig = Rig::new(&[secret("a"), secret("b"), rotating("c"), late, rotating("off")]);
    rig.poll(0).await.unwrap();
    let trouble = ["DescribeSecret arn:c", "DescribeSecret arn:late", "DescribeSecret arn:off"];
    let versions = ["ListSecretVersionIds arn:c", "ListSecretVersionIds arn:off"];
    assert_eq!(rig.world.calls(), [&trouble[..], &versions, &["ListSecrets"]].concat(), "nothing is on screen");
    rig.show(&["arn:b", "arn:a", "arn:c", "arn:late"]);
    assert_eq!(rig.due(), Some(0));
    let (facts, _) = rig.poll(1).await.unwrap();
    let close = ["DescribeSecret arn:b", "DescribeSecret arn:c", "DescribeSecret arn:late"];
    assert_eq!(rig.world.calls(), [&close[..], &[versions[0], "ListSecrets"]].concat(), "off screen not so soon again");
    assert_eq!(facts.versions.keys().map(Text::as_str).collect::<Vec<_>>(), ["arn:c", "arn:off"]);
    assert_eq!(rig.due(), Some(60));
    rig.show(&["arn:a", "arn:b", "arn:c", "arn:late"]);
    assert_eq!(rig.due(), Some(0), "another one is selected");
    rig.clock.set(START + Duration::from_secs(70));
    rig.feed.poll(&rig.context, &Facts::default()).await.unwrap();
    assert_eq!(rig.world.calls(), ["DescribeSecret arn:a"]);
    rig.show(&["row of another view"]);
    assert_eq!(rig.due(), Some(230), "the one that was looked at first");
}

/// What has rotated for hours is told as stuck wherever the user looks, and by a single reading.
#[tokio::test(start_paused = true)]
async fn what_is_in_trouble_is_looked_at_without_a_screen_some_at_a_time_and_the_rest_is_told_as_missing() {
    let gone = Secret { deleted_at: Some(START), ..rotating("gone") };
    let all: Vec<Secret> = (0..25).map(|n| rotating(&format!("r{n:02}"))).chain([gone, secret("well")]).collect();
    let mut rig = Rig::new(&all);
    let described = |rig: &Rig| {
        let calls = rig.world.calls();
        calls.iter().filter_map(|call| call.strip_prefix("DescribeSecret arn:")).map(str::to_owned).collect::<Vec<_>>()
    };
    let extents = |gaps: &[Gap]| gaps.iter().map(|gap| (gap.extent(), gap.fault.kind)).collect::<Vec<_>>();
    let (facts, gaps) = rig.poll(0).await.unwrap();
    assert_eq!((described(&rig).len(), facts.versions.len()), (20, 20));
    let partial = "20 secrets described that rotate, are overdue or selected so far".to_owned();
    assert_eq!(extents(&gaps), [(partial, FaultKind::Unfinished)]);
    assert_eq!(rig.due(), Some(300), "the rest waits for the next poll");
    let (facts, gaps) = rig.poll(1).await.unwrap();
    assert_eq!(
        (described(&rig), facts.versions.len()),
        (["r20", "r21", "r22", "r23", "r24"].map(str::to_owned).to_vec(), 25)
    );
    assert_eq!(extents(&gaps), []);
    assert_eq!(facts.versions["arn:r07"][0].created_at, Some(START - Duration::from_hours(2)), "since when it goes on");
    rig.poll(3).await.unwrap();
    assert_eq!(described(&rig), [""; 0]);
    rig.poll(5).await.unwrap();
    assert_eq!(described(&rig).len(), 20, "again after five minutes");
}

#[tokio::test(start_paused = true)]
async fn a_close_look_counts_against_a_list_that_may_be_five_minutes_behind() {
    let mut rig = Rig::new(&[rotating("c")]);
    rig.poll(0).await.unwrap();
    *rig.world.close.lock().unwrap() = vec![secret("c")];
    rig.show(&["arn:c"]);
    let (facts, _) = rig.poll(1).await.unwrap();
    assert_eq!(facts.secrets[0].pending(), None);
    rig.show(&[]);
    for (minute, pending) in [(6, false), (12, false), (23, true)] {
        if pending {
            rig.world.fail(DESCRIBE, FaultKind::Denied);
        }
        let (facts, _) = rig.poll(minute).await.unwrap();
        assert_eq!(facts.secrets[0].pending().is_some(), pending, "minute {minute}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_close_look_that_is_denied_hides_no_list_and_is_not_tried_again_at_once() {
    let mut rig = Rig::new(&[secret("a")]);
    rig.poll(0).await.unwrap();
    rig.world.calls();
    rig.show(&["arn:a"]);
    rig.world.fail(DESCRIBE, FaultKind::Denied);
    for minute in [1, 2] {
        let (facts, gaps) = rig.poll(minute).await.unwrap();
        assert_eq!(facts.secrets.len(), 1);
        assert_eq!(
            gaps.iter().map(Gap::extent).collect::<Vec<_>>(),
            ["0 of 1 secrets described that rotate, are overdue or selected"]
        );
    }
    assert_eq!(rig.world.calls(), ["DescribeSecret arn:a", "ListSecrets", "ListSecrets"]);
    assert_eq!(rig.due(), Some(60), "it does not call for a poll either");
}

#[tokio::test(start_paused = true)]
async fn where_the_list_cannot_be_read_again_it_stays_with_its_time() {
    let mut rig = Rig::new(&[secret("a")]);
    rig.poll(0).await.unwrap();
    rig.world.fail(LIST, FaultKind::Server);
    assert_eq!(rig.poll(5).await.map(|_| ()).map_err(|fault| fault.kind), Err(FaultKind::Server));
    rig.show(&["arn:a"]);
    let (facts, gaps) = rig.poll(6).await.unwrap();
    assert_eq!((facts.read_at, gaps.len()), (Some(START), 1), "a close look was had");
    assert_eq!(facts.secrets[0].read_at, START + Duration::from_mins(6));
}
