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
        self.failures = if fault.kind == FaultKind::Unfinished { 0 } else { self.failures + 1 };
        let wait = match fault.kind {
            FaultKind::Denied | FaultKind::Unsupported => DENIED_FOR,
            // The budget waits already; and what was left off is no failure.
            FaultKind::Throttled | FaultKind::Unfinished => Duration::ZERO,
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

/// Which of many things could not be read, and why. Only they wait for another try, each as its kind of fault bids; the others
/// are read on.
#[derive(Debug, Default)]
pub struct Unread {
    faults: HashMap<String, Fault>,
    setbacks: HashMap<FaultKind, Setback>,
}

impl Unread {
    /// Those of `ids` that are to be asked for now.
    pub fn due(&self, ids: &[String], now: Timestamp, asked: bool) -> Vec<String> {
        let held = |fault: &Fault| self.setbacks.get(&fault.kind).is_some_and(|setback| setback.holds(now, asked));
        ids.iter().filter(|id| !self.faults.get(*id).is_some_and(held)).cloned().collect()
    }

    /// Takes what came of asking for `due` of `ids`, until `at`.
    pub fn note(&mut self, ids: &[String], due: &[String], unread: Vec<(String, Fault)>, at: Timestamp) {
        for id in due {
            self.faults.remove(id);
        }
        let mut tried: HashMap<FaultKind, Fault> = HashMap::new();
        for (_, fault) in &unread {
            tried.entry(fault.kind).or_insert_with(|| fault.clone());
        }
        self.faults.extend(unread);
        let known: HashSet<&String> = ids.iter().collect();
        self.faults.retain(|id, _| known.contains(id));
        let left: HashSet<FaultKind> = self.faults.values().map(|fault| fault.kind).collect();
        self.setbacks.retain(|kind, _| left.contains(kind));
        for (kind, fault) in tried {
            self.setbacks.entry(kind).or_default().note(Some(fault), at);
        }
    }

    /// Why this one could not be read, if so.
    pub fn fault(&self, id: &str) -> Option<&Fault> {
        self.faults.get(id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_of_fault_has_a_wait_of_its_own() {
        let ids = ["denied", "late", "well"].map(str::to_owned);
        let fault = |kind| Fault::new(kind, "ecs:DescribeServices", "");
        let at = Timestamp::from_secs;
        let mut unread = Unread::default();
        let failed = |unread: &mut Unread, due: &[String], secs| {
            let left = [("denied", FaultKind::Denied), ("late", FaultKind::Timeout)].into_iter();
            let left = left.filter(|(id, _)| due.contains(&(*id).to_owned()));
            unread.note(&ids, due, left.map(|(id, kind)| (id.to_owned(), fault(kind))).collect(), at(secs));
        };
        failed(&mut unread, &ids, 0);
        assert_eq!(unread.due(&ids, at(1), false), ["well"]);
        assert_eq!(unread.due(&ids, at(1), true), ids, "who asks is answered");
        // The denied one waits minutes, the late one seconds.
        for secs in [10, 20, 40] {
            let due = unread.due(&ids, at(secs), false);
            assert_eq!(due, ["late", "well"], "at {secs} s");
            unread.note(&ids, &due, Vec::new(), at(secs));
        }
        assert_eq!(unread.due(&ids, at(299), false), ["late", "well"]);
        assert_eq!(unread.due(&ids, at(300), false), ids);
        // What is gone from the list is forgotten.
        unread.note(&ids[2..], &ids[2..], Vec::new(), at(300));
        assert_eq!((unread.fault("denied"), unread.setbacks.len()), (None, 0));
    }
}
