//! The feed on a port that says what the test wants, in time the test moves.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use super::*;
use crate::backend::ports::{Backend, GuardDuty, Page};
use crate::backend::sim::{Scenario, Sim};
use crate::feed::{Gate, Progress};
use crate::model::FaultKind;
use crate::model::finding::Change;
use crate::model::stack::Stack;
use crate::time::ManualClock;

const START: Timestamp = Timestamp::from_secs(1_773_457_200);

/// What the service would answer, how it fails, and what it was asked.
#[derive(Default)]
struct World {
    detectors: Mutex<Vec<String>>,
    findings: Mutex<Vec<Finding>>,
    /// Ids a page holds.
    page: Mutex<usize>,
    faults: Mutex<HashMap<&'static str, FaultKind>>,
    calls: Mutex<Vec<&'static str>>,
    described: Mutex<Vec<String>>,
}

impl World {
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

    fn change(&self, id: &str, f: impl FnOnce(&mut Finding)) {
        f(self.findings.lock().unwrap().iter_mut().find(|finding| finding.id == *id).unwrap());
    }

    /// The ids asked for since this was asked last.
    fn described(&self) -> Vec<String> {
        let mut ids = std::mem::take(&mut *self.described.lock().unwrap());
        ids.sort();
        ids
    }
}

#[async_trait]
impl GuardDuty for World {
    async fn detectors(&self, _: Option<&str>) -> Result<Page<String>, Fault> {
        self.asked(DETECTORS)?;
        Ok(Page { items: self.detectors.lock().unwrap().clone(), next: None })
    }
    async fn detector(&self, _: &str) -> Result<Detector, Fault> {
        self.asked(DETECTOR)?;
        Ok(Detector { status: Some(Text::from("ENABLED")), ..Detector::default() })
    }
    async fn administrator(&self, _: &str) -> Result<Option<Text>, Fault> {
        self.asked(ADMINISTRATOR)?;
        Ok(Some(Text::from("999999999999")))
    }
    async fn finding_ids(&self, _: &str, archived: bool, token: Option<&str>) -> Result<Page<String>, Fault> {
        self.asked(of_detector::LIST)?;
        assert!(!archived, "archived ones are never listed");
        let findings = self.findings.lock().unwrap();
        let open = findings.iter().filter(|f| f.archived != Some(true)).map(|f| f.id.to_string());
        let ids: Vec<String> = open.collect();
        let (from, size) = (token.map_or(0, |token| token.parse().unwrap()), *self.page.lock().unwrap());
        let next = (from + size < ids.len()).then(|| (from + size).to_string());
        Ok(Page { items: ids.into_iter().skip(from).take(size).collect(), next })
    }
    async fn findings(&self, _: &str, ids: &[String]) -> Result<Vec<Finding>, Fault> {
        self.asked(of_detector::GET)?;
        assert!(ids.len() <= 50, "{}", ids.len());
        self.described.lock().unwrap().extend(ids.iter().cloned());
        let findings = self.findings.lock().unwrap();
        Ok(findings.iter().filter(|f| ids.iter().any(|id| f.id == **id)).cloned().collect())
    }
}

/// A feed, its world and its time.
struct Rig {
    world: Arc<World>,
    clock: Arc<ManualClock>,
    feed: GuardDutyFeed,
    context: Context,
}

impl Rig {
    /// One detector with these findings.
    fn new(findings: &[Finding]) -> Self {
        let world = Arc::new(World::default());
        *world.detectors.lock().unwrap() = vec!["d".to_owned()];
        *world.findings.lock().unwrap() = findings.to_vec();
        *world.page.lock().unwrap() = 50;
        let clock = Arc::new(ManualClock::at(START));
        let sim = Sim::new(&Scenario::sized(1, 1, 1), 1, clock.clone()).backend();
        let context = Context {
            backend: Backend { guardduty: world.clone(), ..sim },
            stack: Stack { protected: true, ..Stack::default() },
            gate: Gate::new(Arc::default()),
            clock: clock.clone(),
            progress: Progress::default(),
            asked: false,
            shown: Vec::new(),
        };
        Self { world, clock, feed: GuardDutyFeed::default(), context }
    }

    /// Polls so many minutes after the start.
    async fn poll(&mut self, minutes: u64) -> Result<(FindingFacts, Vec<Gap>), Fault> {
        self.clock.set(START + Duration::from_mins(minutes));
        let snapshot = self.feed.poll(&self.context, &Facts::default()).await?;
        Ok((snapshot.data.downcast_ref::<FindingFacts>().unwrap().clone(), snapshot.gaps))
    }
}

fn finding(n: usize, severity: f64) -> Finding {
    Finding {
        id: Text::from(format!("f{n:03}")),
        arn: Text::from(format!("arn:f{n:03}")),
        severity: Some(severity),
        count: Some(1),
        archived: Some(false),
        ..Finding::default()
    }
}

fn ids(facts: &FindingFacts) -> Vec<(&str, Option<bool>)> {
    facts.findings.iter().map(|f| (f.id.as_str(), f.archived)).collect()
}

#[tokio::test(start_paused = true)]
async fn all_pages_are_read_the_most_severe_first_and_the_detector_told() {
    let all: Vec<Finding> = (0..101).map(|n| finding(n, if n == 77 { 9.5 } else { 2.0 })).collect();
    let mut rig = Rig::new(&all);
    let (facts, gaps) = rig.poll(0).await.unwrap();
    assert_eq!((facts.findings.len(), facts.findings[0].id.as_str(), gaps.len()), (101, "f077", 0));
    assert_eq!((rig.world.calls_of(of_detector::LIST), rig.world.calls_of(of_detector::GET)), (3, 3));
    let detector = &facts.detectors[0];
    assert_eq!((detector.id.as_str(), detector.status.as_deref()), ("d", Some("ENABLED")));
    assert_eq!(detector.administrator, Some(Some(Text::from("999999999999"))));
    assert_eq!((facts.findings[3].detector.as_str(), facts.protected), ("d", true));
    assert_eq!(facts.read_at, FindingsRead { detectors: Some(START), findings: Some(START) });
    assert!(facts.changes.is_empty(), "what was there at the first look is no news");
    let due = rig.feed.due(&[], &Facts::default(), START + Duration::from_secs(20));
    assert_eq!(due, Some(Duration::from_secs(40)), "whatever is on screen");
}

#[tokio::test(start_paused = true)]
async fn only_what_is_new_or_on_screen_is_read_each_minute_and_the_rest_every_five() {
    let mut rig = Rig::new(&[finding(1, 2.0), finding(2, 2.0)]);
    rig.poll(0).await.unwrap();
    assert_eq!(rig.world.described(), ["f001", "f002"]);
    rig.world.findings.lock().unwrap().push(finding(3, 8.0));
    rig.context.shown = vec![Text::from("arn:f002")];
    let (facts, _) = rig.poll(1).await.unwrap();
    assert_eq!(rig.world.described(), ["f002", "f003"]);
    assert_eq!(facts.changes, [(Text::from("f003"), Change::New)].into());
    rig.context.shown.clear();
    rig.poll(2).await.unwrap();
    assert_eq!(rig.world.described(), [""; 0]);
    rig.world.change("f001", |f| f.count = Some(4));
    let (facts, _) = rig.poll(5).await.unwrap();
    assert_eq!(rig.world.described(), ["f001"]);
    assert_eq!(facts.changes.get("f001"), Some(&Change::More(3)));
    rig.context.asked = true;
    rig.poll(6).await.unwrap();
    assert_eq!(rig.world.described(), ["f001", "f002", "f003"], "who asks is answered");
    assert_eq!((rig.world.calls_of(DETECTORS), rig.world.calls_of(ADMINISTRATOR)), (3, 3), "at 0, 5 and 6 minutes");
}

#[tokio::test(start_paused = true)]
async fn what_vanishes_from_the_list_is_read_once_more_and_stays_as_archived() {
    let mut rig = Rig::new(&[finding(1, 2.0), finding(2, 2.0)]);
    rig.poll(0).await.unwrap();
    rig.world.described();
    rig.world.change("f001", |f| (f.archived, f.count) = (Some(true), Some(9)));
    for (minute, asked) in [(1, vec!["f001"]), (2, vec![])] {
        let (facts, _) = rig.poll(minute).await.unwrap();
        assert_eq!(ids(&facts), [("f001", Some(true)), ("f002", Some(false))]);
        assert_eq!(facts.findings[0].count, Some(9));
        assert_eq!(rig.world.described(), asked);
    }
    rig.world.change("f001", |f| f.archived = Some(false));
    let (facts, _) = rig.poll(3).await.unwrap();
    assert_eq!(ids(&facts), [("f001", Some(false)), ("f002", Some(false))], "it was taken out of the archive");
    rig.world.findings.lock().unwrap().remove(0);
    let (facts, gaps) = rig.poll(4).await.unwrap();
    assert_eq!((ids(&facts), gaps.len()), (vec![("f002", Some(false))], 0), "it has run out");
}

#[tokio::test(start_paused = true)]
async fn a_list_that_was_cut_short_archives_nothing() {
    let mut rig = Rig::new(&[finding(1, 2.0), finding(2, 2.0)]);
    rig.poll(0).await.unwrap();
    rig.world.fail(of_detector::LIST, FaultKind::Denied);
    let denied = rig.poll(1).await.map(|(facts, _)| facts).map_err(|fault| fault.kind);
    assert_eq!(denied, Err(FaultKind::Denied), "nothing was read");
    rig.context.asked = true;
    let (facts, gaps) = rig.poll(2).await.unwrap();
    assert_eq!(ids(&facts), [("f001", Some(false)), ("f002", Some(false))]);
    assert_eq!(facts.read_at.findings, Some(START), "and they are as old as that");
    assert_eq!(gaps.iter().map(Gap::extent).collect::<Vec<_>>(), ["0 of 2 GuardDuty findings"]);
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_described_is_there_by_its_id() {
    let mut rig = Rig::new(&[finding(1, 9.0)]);
    rig.world.fail(of_detector::GET, FaultKind::Denied);
    let (facts, gaps) = rig.poll(0).await.unwrap();
    assert_eq!(ids(&facts), [("f001", None)]);
    assert_eq!((facts.findings[0].severity, facts.findings[0].detector.as_str()), (None, "d"));
    assert_eq!(gaps.iter().map(Gap::extent).collect::<Vec<_>>(), ["0 of 1 GuardDuty findings"]);
    rig.poll(1).await.unwrap();
    assert_eq!(rig.world.calls_of(of_detector::GET), 1, "a permission does not come back by the minute");
}

#[tokio::test(start_paused = true)]
async fn without_a_detector_there_is_nothing_to_list_and_that_is_known() {
    let mut rig = Rig::new(&[]);
    rig.world.detectors.lock().unwrap().clear();
    let (facts, gaps) = rig.poll(0).await.unwrap();
    assert_eq!((facts.detectors.len(), gaps.len(), facts.read_at.detectors), (0, 0, Some(START)));
    rig.world.fail(DETECTORS, FaultKind::Denied);
    let mut denied = Rig::new(&[]);
    denied.world.fail(DETECTORS, FaultKind::Denied);
    assert_eq!(denied.poll(0).await.map_err(|fault| fault.action).err(), Some(DETECTORS));
}

/// At a request a second a poll has sixty: listing must leave some for describing.
#[tokio::test(start_paused = true)]
async fn five_thousand_findings_are_all_described_within_minutes_and_told_as_partial_until_then() {
    const MANY: usize = 5_000;
    let all: Vec<Finding> = (0..MANY).map(|n| finding(n, 5.0)).collect();
    let mut rig = Rig::new(&all);
    let began = tokio::time::Instant::now();
    let (mut most, mut last) = (Duration::ZERO, 0);
    loop {
        let poll = tokio::time::Instant::now();
        rig.clock.set(START + began.elapsed());
        let snapshot = rig.feed.poll(&rig.context, &Facts::default()).await.unwrap();
        most = most.max(poll.elapsed());
        let facts = snapshot.data.downcast_ref::<FindingFacts>().unwrap();
        assert!(facts.findings.iter().all(|f| f.severity.is_some()), "what is listed is described in the same poll");
        assert!(facts.findings.len() > last, "each poll brings some");
        assert!(facts.changes.is_empty(), "none is new: they were there before");
        last = facts.findings.len();
        if !rig.feed.is_unfinished() {
            assert_eq!((last, snapshot.gaps.len()), (MANY, 0));
            break;
        }
        assert_eq!(
            snapshot.gaps.iter().map(Gap::extent).collect::<Vec<_>>(),
            [format!("{last} GuardDuty findings so far")]
        );
        tokio::time::sleep(rig.feed.due(&[], &Facts::default(), START + began.elapsed()).unwrap()).await;
    }
    assert_eq!(rig.world.described().len(), MANY, "each of them once");
    assert!(began.elapsed() < Duration::from_mins(4), "{:?}", began.elapsed());
    assert!(most < SPEC.deadline / 2, "{most:?}");
    rig.world.change("f4999", |f| f.archived = Some(true));
    let lists = rig.world.calls_of(of_detector::LIST);
    let mut relisted = None;
    for minute in 4..=8 {
        let (facts, gaps) = rig.poll(minute).await.unwrap();
        assert_eq!((facts.findings.len(), gaps.len()), (MANY, 0), "it is whole as it was");
        relisted = relisted.or((rig.world.calls_of(of_detector::LIST) > lists).then_some(minute));
    }
    assert_eq!(relisted, Some(5), "it is not listed each minute any more");
}
