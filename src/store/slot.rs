//! A feed's place in the store: the last good snapshot and how fresh it is.

use std::any::Any;
use std::sync::Arc;
use std::time::Duration;

use crate::model::{Fault, FaultKind};
use crate::text::Text;
use crate::time::Timestamp;

/// The typed result of one poll.
#[derive(Clone)]
pub struct Snapshot {
    /// When the poll ended.
    pub taken_at: Timestamp,
    /// The facts; their type is known to who reads them.
    pub data: Arc<dyn Any + Send + Sync>,
    /// What could not be read. Empty: the snapshot is complete.
    pub gaps: Vec<Gap>,
    /// Whether the service asked to slow down on the way.
    pub slowed: bool,
}

/// Something a poll could not read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gap {
    /// What kind of thing, as [`crate::model::Subject::kind`] names it.
    pub kind: &'static str,
    /// What: `services of ehr`.
    pub what: Text,
    /// How many were read.
    pub read: usize,
    /// How many there are as far as known.
    pub known: usize,
    /// Why the rest is missing.
    pub fault: Fault,
}

impl Gap {
    /// How much of it was read, in words.
    #[must_use]
    pub fn extent(&self) -> String {
        // Where not even a list could be read, nobody knows how many there are.
        if self.fault.kind == FaultKind::Unfinished {
            format!("{} {} so far", self.read, self.what)
        } else if self.known == 0 {
            format!("{} not listed", self.what)
        } else {
            format!("{} of {} {}", self.read, self.known, self.what)
        }
    }
}

/// How far a first reading is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reading {
    /// Of what: `services of ehr`.
    pub what: Text,
    /// How many were read.
    pub read: usize,
    /// How many there are.
    pub known: usize,
}

/// How fresh a slot is.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub enum Freshness {
    /// Not read yet.
    #[default]
    Never,
    /// The last poll went well.
    Fresh,
    /// The last polls failed.
    Failing {
        /// Since when.
        since: Timestamp,
        /// Why, the last time.
        fault: Fault,
    },
}

/// A feed's place in the store.
#[derive(Clone, Default)]
pub struct Slot {
    /// The last good snapshot.
    pub snapshot: Option<Snapshot>,
    /// How the last poll went.
    pub freshness: Freshness,
    /// When the next poll is due.
    pub next: Option<Timestamp>,
    /// How far the first poll is, while it goes on.
    pub reading: Option<Reading>,
}

/// A panel is stale when its last success is older than three intervals, and never before a minute.
const STALE_AFTER: Duration = Duration::from_mins(1);

impl Slot {
    /// Takes the result of a poll; gives what is new.
    pub(super) fn adopt(
        &mut self,
        at: Timestamp,
        next: Timestamp,
        result: Result<Snapshot, Fault>,
    ) -> Option<(Timestamp, Arc<dyn Any + Send + Sync>)> {
        self.next = Some(next);
        self.reading = None;
        match result {
            Ok(snapshot) if self.snapshot.as_ref().is_some_and(|old| old.taken_at > snapshot.taken_at) => None,
            Ok(snapshot) => {
                let news = (snapshot.taken_at, Arc::clone(&snapshot.data));
                self.freshness = Freshness::Fresh;
                self.snapshot = Some(snapshot);
                Some(news)
            }
            Err(fault) => {
                let since = match &self.freshness {
                    Freshness::Failing { since, .. } => *since,
                    _ => at,
                };
                self.freshness = Freshness::Failing { since, fault };
                None
            }
        }
    }

    /// Notes how far the first reading is. Of what is read side by side, the one with most left is told.
    pub(super) fn note(&mut self, reading: Reading) {
        let left = |r: &Reading| r.known.saturating_sub(r.read);
        if self.reading.as_ref().is_none_or(|old| old.what == reading.what || left(old) <= left(&reading)) {
            self.reading = Some(reading);
        }
    }

    /// How old the snapshot is.
    #[must_use]
    pub fn age(&self, now: Timestamp) -> Option<Duration> {
        self.snapshot.as_ref().map(|s| now.since(s.taken_at))
    }

    /// Whether what is shown is too old to be believed: older than three intervals to the poll that was due next, and a minute
    /// at least.
    #[must_use]
    pub fn is_stale(&self, now: Timestamp) -> bool {
        let interval = self.snapshot.as_ref().zip(self.next).map_or(Duration::ZERO, |(s, next)| next.since(s.taken_at));
        self.age(now).is_some_and(|age| age > STALE_AFTER.max(interval * 3))
    }

    /// The fault of the last poll, if it failed.
    #[must_use]
    pub const fn fault(&self) -> Option<&Fault> {
        match &self.freshness {
            Freshness::Failing { fault, .. } => Some(fault),
            _ => None,
        }
    }

    /// What the snapshot lacks.
    #[must_use]
    pub fn gaps(&self) -> &[Gap] {
        self.snapshot.as_ref().map_or(&[], |s| &s.gaps)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::FaultKind;

    fn snapshot(secs: i64) -> Snapshot {
        Snapshot { taken_at: Timestamp::from_secs(secs), data: Arc::new(secs), gaps: Vec::new(), slowed: false }
    }

    fn fault() -> Fault {
        Fault::new(FaultKind::Timeout, "ecs:ListClusters", "no answer")
    }

    #[test]
    fn a_failure_keeps_the_last_snapshot_and_when_it_began() {
        let at = Timestamp::from_secs;
        let mut slot = Slot::default();
        assert!(slot.adopt(at(10), at(15), Ok(snapshot(10))).is_some());
        for t in [15, 20] {
            assert!(slot.adopt(at(t), at(t + 5), Err(fault())).is_none());
        }
        assert_eq!(slot.freshness, Freshness::Failing { since: at(15), fault: fault() });
        assert_eq!(slot.age(at(20)), Some(Duration::from_secs(10)));
        assert!(!slot.is_stale(at(70)));
        assert!(slot.is_stale(at(71)));
    }

    #[test]
    fn of_what_is_read_side_by_side_the_one_with_most_left_is_told() {
        let reading = |what: &str, read, known| Reading { what: what.into(), read, known };
        let mut slot = Slot::default();
        for (told, shown) in [
            (reading("services", 10, 12), "services"),
            (reading("tasks", 100, 1_000), "tasks"),
            (reading("services", 11, 12), "tasks"),
            (reading("tasks", 1_000, 1_000), "tasks"),
            (reading("services", 11, 12), "services"),
        ] {
            slot.note(told);
            assert_eq!(slot.reading.as_ref().map(|r| r.what.as_str()), Some(shown));
        }
        slot.adopt(Timestamp::from_secs(1), Timestamp::from_secs(6), Err(fault()));
        assert_eq!(slot.reading, None);
    }

    #[test]
    fn an_older_answer_that_arrives_late_is_dropped() {
        let at = Timestamp::from_secs;
        let mut slot = Slot::default();
        slot.adopt(at(10), at(15), Ok(snapshot(10)));
        assert!(slot.adopt(at(11), at(15), Ok(snapshot(9))).is_none());
        assert_eq!(slot.snapshot.as_ref().map(|s| s.taken_at), Some(at(10)));
    }
}
