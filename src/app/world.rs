//! What the console knows: the store, and the problems the rules find in it.

use std::collections::VecDeque;
use std::time::Duration;

use crate::feed::{FEEDS, all_failed};
use crate::health::{Observed, Thresholds};
use crate::model::identity::Identity;
use crate::model::stack::Stack;
use crate::model::{Facts, Fault, Problem, Severity};
use crate::store::{Fetched, Store};
use crate::text::Text;
use crate::time::Timestamp;
use crate::view::{Scene, StackScene, judge};

/// Faults kept for the error log; the oldest go first.
const LOGGED: usize = 500;
/// How often the age of the data itself is judged, where nothing else happens.
const JUDGED_EVERY: Duration = Duration::from_secs(5);

/// A line of the error log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    /// When it happened, the last time.
    pub at: Timestamp,
    /// How often it has happened in a row.
    pub times: u32,
    /// In which stack.
    pub stack: Text,
    /// In which feed.
    pub feed: &'static str,
    /// What happened.
    pub fault: Fault,
}

/// What is known of all stacks.
#[derive(Clone)]
pub struct World {
    /// The stacks, in configured order.
    pub stacks: Vec<Stack>,
    /// What was read.
    pub store: Store,
    /// The error log, newest first.
    pub log: VecDeque<LogLine>,
    thresholds: Thresholds,
    observed: Vec<Observed>,
    problems: Vec<Vec<Problem>>,
    judged_at: Vec<Timestamp>,
    empty: Facts,
}

impl World {
    /// Nothing known yet of these stacks.
    #[must_use]
    pub fn new(stacks: Vec<Stack>, thresholds: Thresholds) -> Self {
        let n = stacks.len();
        Self {
            stacks,
            store: Store::new(n),
            log: VecDeque::new(),
            thresholds,
            observed: vec![Observed::default(); n],
            problems: vec![Vec::new(); n],
            judged_at: vec![Timestamp::default(); n],
            empty: Facts::default(),
        }
    }

    /// Takes the result of a poll.
    pub fn adopt(&mut self, fetched: Fetched, now: Timestamp) {
        self.note(&fetched, now);
        let stack = fetched.stack;
        self.store.adopt(fetched);
        self.judge(stack, now);
    }

    /// Judges again what only time changes. True if it was due.
    pub fn grow_older(&mut self, now: Timestamp) -> bool {
        let due = |stack: &usize| now.since(self.judged_at[*stack]) >= JUDGED_EVERY;
        let due: Vec<usize> = (0..self.stacks.len()).filter(due).collect();
        for &stack in &due {
            self.judge(stack, now);
        }
        !due.is_empty()
    }

    /// A stack could not be connected to: nothing of it can be read.
    pub fn unconnected(&mut self, stack: usize, fault: &Fault, now: Timestamp) {
        let Some(known) = self.stacks.get(stack) else { return };
        let line = LogLine { at: now, times: 1, stack: known.name.clone(), feed: "identity", fault: fault.clone() };
        self.log_fault(line);
        for fetched in all_failed(stack, FEEDS.iter().map(|spec| spec.id), fault, now) {
            self.store.adopt(fetched);
        }
        self.judge(stack, now);
    }

    /// Whether every feed of every stack has been read at least once.
    #[must_use]
    pub fn all_read(&self) -> bool {
        let is_read = |stack| FEEDS.iter().all(|spec| self.store.slot(stack, spec.id).snapshot.is_some());
        (0..self.stacks.len()).all(is_read)
    }

    fn judge(&mut self, index: usize, now: Timestamp) {
        let Some(stack) = self.stacks.get(index) else { return };
        let judgement = judge(index, stack, &self.store, &self.thresholds, &self.observed[index], now, false);
        let name = &stack.name;
        let problems = judgement.checks.into_iter().filter(|check| check.severity > Severity::Ok);
        self.problems[index] = problems.map(|check| Problem { stack: name.clone(), check }).collect();
        self.observed[index] = judgement.observed;
        self.judged_at[index] = now;
    }

    fn note(&mut self, fetched: &Fetched, now: Timestamp) {
        let stack = self.stacks.get(fetched.stack).map(|s| s.name.clone()).unwrap_or_default();
        let faults: Vec<Fault> = match &fetched.result {
            Ok(snapshot) => snapshot.gaps.iter().map(|gap| gap.fault.clone()).collect(),
            Err(fault) => vec![fault.clone()],
        };
        for fault in faults {
            self.log_fault(LogLine { at: now, times: 1, stack: stack.clone(), feed: fetched.feed, fault });
        }
    }

    /// Adds to the error log; what is already there is counted, not repeated.
    pub fn log_fault(&mut self, line: LogLine) {
        let same = |old: &LogLine| {
            old.stack == line.stack
                && old.feed == line.feed
                && (old.fault.kind, old.fault.action, &old.fault.code)
                    == (line.fault.kind, line.fault.action, &line.fault.code)
        };
        let times = self.log.iter().position(same).and_then(|i| self.log.remove(i)).map_or(0, |old| old.times);
        self.log.push_front(LogLine { times: times + line.times, ..line });
        self.log.truncate(LOGGED);
    }

    /// What views look at.
    #[must_use]
    pub fn scene(&self) -> Scene<'_> {
        let look = |(i, stack)| {
            let scene = StackScene::new(stack, self.facts(i), &self.problems[i]);
            scene.configured(&self.thresholds).telling(self.store.chronicle(i))
        };
        Scene { stacks: self.stacks.iter().enumerate().map(look).collect() }
    }

    /// What is known of a stack.
    #[must_use]
    pub fn facts(&self, index: usize) -> &Facts {
        self.store.facts(index).unwrap_or(&self.empty)
    }

    /// The identity STS gave for a stack.
    #[must_use]
    pub fn identity(&self, index: usize) -> Option<&Identity> {
        self.facts(index).get()
    }

    /// All problems, in the order of the stacks.
    pub fn problems(&self) -> impl Iterator<Item = &Problem> {
        self.problems.iter().flatten()
    }

    /// The thresholds in force.
    #[must_use]
    pub const fn thresholds(&self) -> &Thresholds {
        &self.thresholds
    }

    /// The index of the stack with this name.
    #[must_use]
    pub fn index_of(&self, stack: &str) -> usize {
        self.stacks.iter().position(|s| s.name == *stack).unwrap_or(0)
    }
}
