//! How an instance goes: taken out by its group, which waits for its tasks, or taken away by EC2.

use std::time::Duration;

use super::activity::Why;
use crate::backend::sim::entities::{Leaving, Stage, State, Stop, TaskKey};
use crate::backend::sim::world::{Due, World};

/// How often it is looked whether an instance is empty.
const LOOK: Duration = Duration::from_secs(10);
/// The longest a group waits for that: the lifecycle hook of managed draining.
const LONGEST: Duration = Duration::from_hours(48);
/// From the end of the wait to the end of the instance.
const SHUTDOWN: Duration = Duration::from_secs(30);
/// From the notice of a spot instance to its end.
const NOTICE: Duration = Duration::from_secs(120);
/// A group finds that an instance is gone after this long.
const FOUND: Duration = Duration::from_secs(15);

impl World {
    /// A group takes an instance out of service. With managed draining it waits for the tasks.
    pub(super) fn take_out(&mut self, i: usize, why: &Why, sizes: (u32, u32)) {
        let Some(g) = self.instances[i].group else { return };
        let drains = self.providers.iter().any(|p| p.group == g && p.spec.managed_draining);
        let (id, now) = (self.instances[i].ec2_id.clone(), self.now);
        self.groups[g].tell_termination(i, &id, why, sizes, now);
        if drains && self.instances[i].is_listed() {
            self.instances[i].leaving = Some(Leaving::Waits);
            self.groups[g].goes_on(i, "MidLifecycleAction", 60, None);
            self.change_state(i, State::Draining);
            self.agenda.add(now + LOOK, Due::Leaves(i, now + LONGEST));
        } else {
            self.instances[i].leaving = Some(Leaving::Proceeds);
            self.agenda.add(now + SHUTDOWN, Due::Ends(i));
        }
    }

    /// Looks whether an instance that is to go has no service task left.
    pub(in crate::backend::sim) fn on_leaves(&mut self, i: usize, until: crate::time::Timestamp) {
        let busy = |key: &TaskKey| self.tasks.get(key).is_some_and(|t| t.service().is_some());
        let waits = self.instances[i].tasks.iter().any(busy) && self.now < until;
        if waits {
            self.agenda.add(self.now + LOOK, Due::Leaves(i, until));
            return;
        }
        self.instances[i].leaving = Some(Leaving::Proceeds);
        self.agenda.add(self.now + SHUTDOWN, Due::Ends(i));
    }

    /// An instance ends, and everything on it.
    pub(in crate::backend::sim) fn on_ends(&mut self, i: usize) {
        if self.instances[i].stage == Stage::Gone {
            return;
        }
        let reason = format!("Host EC2 (instance {}) terminated.", self.instances[i].ec2_id);
        let tasks: Vec<TaskKey> = self.instances[i].tasks.iter().copied().collect();
        for key in tasks {
            let code = "TerminationNotice".to_owned();
            self.end_task(key, Stop { code, reason: reason.clone(), exit: None, container_reason: None });
        }
        self.instances[i].stage = Stage::Gone;
        self.instances[i].link.epoch += 1;
        let now = self.now;
        if let Some(g) = self.instances[i].group {
            let told = self.instances[i].leaving.is_some();
            if !told {
                let id = self.instances[i].ec2_id.clone();
                self.groups[g].tell_termination(i, &id, &Why::Unhealthy, (0, 0), now);
            }
            self.groups[g].goes_on(i, "Successful", 100, Some(now + FOUND));
            self.agenda.add(now + FOUND, Due::Refill(g));
        }
        let cluster = self.instances[i].cluster;
        self.capacity_came(cluster);
    }

    /// EC2 wants a spot instance back, in two minutes.
    pub(in crate::backend::sim) fn reclaim(&mut self, i: usize) {
        let drains = self.instances[i].group.is_some_and(|g| self.groups[g].spot_draining);
        if drains {
            self.change_state(i, State::Draining);
        }
        self.agenda.add(self.now + NOTICE, Due::Ends(i));
    }
}
