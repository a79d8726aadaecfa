//! Service events, in the words of ECS.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use super::entities::TaskKey;
use super::world::{Due, World};
use crate::time::Timestamp;

/// ECS keeps the newest 100 events of a service.
const KEPT: usize = 100;
/// A repeated message is held back, and "steady state" is said again, every six hours.
pub(super) const REPEAT: Duration = Duration::from_secs(6 * 3_600);
const HELP: &str = "For more information, see the Troubleshooting section of the Amazon ECS Developer Guide.";

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Entry {
    pub id: u128,
    pub at: Timestamp,
    pub message: Arc<str>,
}

/// The events of a service, newest first, and what was said lately.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Log {
    pub entries: VecDeque<Entry>,
    said: BTreeMap<&'static str, Timestamp>,
}

impl Log {
    pub(super) fn push(&mut self, entry: Entry) {
        self.entries.push_front(entry);
        self.entries.truncate(KEPT);
    }

    /// Whether a message of this cause may be said now; notes that it was.
    fn may_say(&mut self, cause: &'static str, now: Timestamp) -> bool {
        let fresh = self.said.get(cause).is_none_or(|at| now.since(*at) >= REPEAT);
        if fresh {
            self.said.insert(cause, now);
        }
        fresh
    }

    /// The cause of every held-back message is gone.
    fn resolved(&mut self) {
        self.said.clear();
    }
}

impl World {
    /// Writes an event of a service as it is.
    pub(super) fn say(&mut self, s: usize, message: &str) {
        let entry = Entry { id: self.rng.u128(..), at: self.now, message: Arc::from(message) };
        self.services[s].log.push(entry);
    }

    /// `(service NAME) …`.
    pub(super) fn tell(&mut self, s: usize, what: &str) {
        let message = format!("(service {}) {what}", self.services[s].spec.name);
        self.say(s, &message);
    }

    /// As [`World::tell`], at most once in six hours until the service is steady again.
    pub(super) fn tell_once(&mut self, s: usize, cause: &'static str, what: &str) {
        let now = self.now;
        if self.services[s].log.may_say(cause, now) {
            self.tell(s, what);
        }
    }

    pub(super) fn tell_started(&mut self, s: usize, tasks: &[TaskKey]) {
        if !tasks.is_empty() {
            let what = format!("has started {} tasks: {}.", tasks.len(), self.task_list(tasks));
            self.tell(s, &what);
        }
    }

    pub(super) fn tell_stopped(&mut self, s: usize, tasks: &[TaskKey]) {
        if tasks.is_empty() {
            return;
        }
        if let Some(target_group) = self.services[s].target_group.clone() {
            self.tell(s, &format!("has begun draining connections on {} tasks.", tasks.len()));
            self.tell(s, &format!("deregistered {} targets in (target-group {target_group})", tasks.len()));
        }
        let what = format!("has stopped {} running tasks: {}.", tasks.len(), self.task_list(tasks));
        self.tell(s, &what);
    }

    pub(super) fn tell_registered(&mut self, s: usize) {
        if let Some(target_group) = self.services[s].target_group.clone() {
            self.tell(s, &format!("registered 1 targets in (target-group {target_group})"));
        }
    }

    /// No instance takes a task of the service.
    pub(super) fn tell_unplaceable(&mut self, s: usize, why: &str) {
        let what = format!(
            "was unable to place a task because no container instance met all of its requirements. {why} {HELP}"
        );
        self.tell_once(s, "place", &what);
    }

    pub(super) fn tell_failing(&mut self, s: usize) {
        self.tell_once(s, "failing", &format!("is unable to consistently start tasks successfully. {HELP}"));
    }

    /// The service has all it wants: says so now and every six hours from now on.
    pub(super) fn tell_steady(&mut self, s: usize) {
        self.services[s].log.resolved();
        self.services[s].steady = Some(self.now);
        self.tell(s, "has reached a steady state.");
        self.agenda.add(self.now + REPEAT, Due::Steady(s, self.now));
    }

    /// Six hours have passed; `since` is the steady state they were counted from.
    pub(super) fn still_steady(&mut self, s: usize, since: Timestamp) {
        if self.services[s].steady == Some(since) {
            self.tell(s, "has reached a steady state.");
            self.agenda.add(self.now + REPEAT, Due::Steady(s, since));
            self.dirty.insert(s);
        }
    }

    fn task_list(&self, tasks: &[TaskKey]) -> String {
        let ids = tasks.iter().filter_map(|key| self.tasks.get(key)).map(|t| format!("(task {})", t.id()));
        ids.collect::<Vec<_>>().join(" ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cause_is_said_once_in_six_hours_until_it_is_resolved() {
        let mut log = Log::default();
        let at = |hours: i64| Timestamp::from_secs(hours * 3_600);
        assert!(log.may_say("place", at(0)));
        assert!(!log.may_say("place", at(5)));
        assert!(log.may_say("failing", at(5)));
        assert!(log.may_say("place", at(6)));
        log.resolved();
        assert!(log.may_say("place", at(7)));
    }

    #[test]
    fn a_hundred_events_are_kept_newest_first() {
        let mut log = Log::default();
        for n in 0..250_u32 {
            log.push(Entry { id: u128::from(n), at: Timestamp::from_secs(n.into()), message: Arc::from("x") });
        }
        assert_eq!((log.entries.len(), log.entries[0].id, log.entries[99].id), (100, 249, 150));
    }
}
