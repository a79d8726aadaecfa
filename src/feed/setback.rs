//! What went wrong with reading something, and when it is worth another try.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use super::backoff::Backoff;
use crate::model::{Fault, FaultKind};
use crate::time::Timestamp;

/// A permission does not come back by the second.
const DENIED_FOR: Duration = Duration::from_mins(5);

/// The failures in a row; none where all is well.
#[derive(Debug, Default)]
pub struct Setback {
    failures: u32,
    retry_at: Option<Timestamp>,
    fault: Option<Fault>,
}

impl Setback {
    /// Whether it is too early for the next try; never where somebody asked for it.
    pub fn holds(&self, now: Timestamp, asked: bool) -> bool {
        !asked && self.retry_at.is_some_and(|at| now < at)
    }

    /// Takes the result of a try that ended `at`.
    pub fn note(&mut self, fault: Option<Fault>, at: Timestamp) {
        let Some(fault) = fault else {
            *self = Self::default();
            return;
        };
        self.failures += 1;
        let wait = match fault.kind {
            FaultKind::Denied | FaultKind::Unsupported => DENIED_FOR,
            // The budget waits already.
            FaultKind::Throttled => Duration::ZERO,
            _ => Backoff::POLL.wait(self.failures, fastrand::f64()),
        };
        self.retry_at = Some(at + wait);
        self.fault = Some(fault);
    }

    /// Why the last try failed.
    pub const fn fault(&self) -> Option<&Fault> {
        self.fault.as_ref()
    }
}

/// Which of many things could not be read, and why. Only they wait for another try; the others are read on.
#[derive(Debug, Default)]
pub struct Unread {
    faults: HashMap<String, Fault>,
    setback: Setback,
}

impl Unread {
    /// Those of `ids` that are to be asked for now.
    pub fn due(&self, ids: &[String], now: Timestamp, asked: bool) -> Vec<String> {
        let held = self.setback.holds(now, asked);
        ids.iter().filter(|id| !held || !self.faults.contains_key(*id)).cloned().collect()
    }

    /// Takes what came of asking for `due` of `ids`, until `at`.
    pub fn note(&mut self, ids: &[String], due: &[String], unread: Vec<(String, Fault)>, at: Timestamp) {
        for id in due {
            self.faults.remove(id);
        }
        let fault = unread.first().map(|(_, fault)| fault.clone());
        self.faults.extend(unread);
        let known: HashSet<&String> = ids.iter().collect();
        self.faults.retain(|id, _| known.contains(id));
        // Nothing was heard of what was not asked for.
        if fault.is_some() || self.faults.is_empty() {
            self.setback.note(fault, at);
        }
    }

    /// Why this one could not be read, if so.
    pub fn fault(&self, id: &str) -> Option<&Fault> {
        self.faults.get(id)
    }
}
