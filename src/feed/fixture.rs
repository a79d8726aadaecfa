//! What feeds poll with in tests: ports that say what the test wants, in time the test moves.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::{Context, Gate, Progress};
use crate::backend::ports::{Backend, Page};
use crate::backend::sim::{Scenario, Sim};
use crate::model::stack::Stack;
use crate::model::{Fault, FaultKind};
use crate::time::{ManualClock, Timestamp};

pub(super) const START: Timestamp = Timestamp::from_secs(1_773_457_200);

/// So many seconds after the start.
pub(super) fn at(secs: u64) -> Timestamp {
    START + Duration::from_secs(secs)
}

/// A context whose ports `change` replaces, and its clock.
pub(super) fn context(change: impl FnOnce(Backend) -> Backend) -> (Context, Arc<ManualClock>) {
    let clock = Arc::new(ManualClock::at(START));
    let sim = Sim::new(&Scenario::sized(1, 1, 1), 1, clock.clone()).backend();
    let context = Context {
        backend: change(sim),
        stack: Stack::default(),
        gate: Gate::new(Arc::default()),
        clock: clock.clone(),
        progress: Progress::default(),
        asked: false,
        shown: Vec::new(),
    };
    (context, clock)
}

/// What was asked of a port, and how it fails.
#[derive(Default)]
pub(super) struct Asked {
    calls: Mutex<Vec<&'static str>>,
    faults: Mutex<HashMap<&'static str, FaultKind>>,
}

impl Asked {
    /// One page of these items, `size` at a time, or the fault of this action.
    pub(super) fn answer<T: Clone>(
        &self,
        action: &'static str,
        items: &[T],
        size: usize,
        token: Option<&str>,
    ) -> Result<Page<T>, Fault> {
        self.calls.lock().unwrap().push(action);
        if let Some(kind) = self.faults.lock().unwrap().get(action) {
            return Err(Fault::new(*kind, action, "scripted"));
        }
        let from: usize = token.map_or(0, |token| token.parse().unwrap());
        let until = items.len().min(from + size);
        Ok(Page { items: items[from..until].to_vec(), next: (until < items.len()).then(|| until.to_string()) })
    }

    /// From now on this action fails so.
    pub(super) fn fail(&self, action: &'static str, kind: FaultKind) {
        self.faults.lock().unwrap().insert(action, kind);
    }

    /// Nothing fails any more.
    pub(super) fn mend(&self) {
        self.faults.lock().unwrap().clear();
    }

    /// How often this action was asked for since the last time this was asked.
    pub(super) fn count(&self, action: &str) -> usize {
        let mut calls = self.calls.lock().unwrap();
        let before = calls.len();
        calls.retain(|asked| *asked != action);
        before - calls.len()
    }
}
