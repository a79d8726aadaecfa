//! Agents that fall silent: a zone lost and found again, an agent that disconnects.
//!
//! What ECS does about it: after some twenty seconds the agent counts as disconnected; health checks of the tasks fail;
//! after a minute or more the scheduler gives up on tasks whose health it can judge. Tasks nobody checks stay as they were.

use std::time::Duration;

use super::entities::{Phase, Stop, TaskKey};
use super::world::{Due, World};

impl World {
    /// Cuts a zone off from everything else.
    pub(super) fn lose_zone(&mut self, zone: &str) {
        self.with_sets(|set| set.lose_zone(zone, true));
        self.with_fleet(|fleet| fleet.lose_zone(zone));
        for i in self.in_zone(zone) {
            let link = &mut self.instances[i].link;
            if link.lost {
                continue;
            }
            link.lost = true;
            link.epoch += 1;
            let epoch = link.epoch;
            let due = self.soon(15, 25);
            self.agenda.add(due, Due::AgentGone(i, epoch));
        }
    }

    /// Gives a zone its network back.
    pub(super) fn restore_zone(&mut self, zone: &str) {
        self.with_sets(|set| set.lose_zone(zone, false));
        self.with_fleet(|fleet| fleet.restore_zone(zone));
        for i in self.in_zone(zone) {
            let link = &mut self.instances[i].link;
            if !link.lost {
                continue;
            }
            link.lost = false;
            link.epoch += 1;
            let epoch = link.epoch;
            let due = self.soon(10, 30);
            self.agenda.add(due, Due::AgentBack(i, epoch));
        }
    }

    /// Silences one agent, for a while or for good; what runs on the instance goes on.
    pub(super) fn disconnect_agent(&mut self, i: usize, lasts: Option<Duration>) {
        let link = &mut self.instances[i].link;
        link.epoch += 1;
        let epoch = link.epoch;
        self.on_agent_gone(i, epoch);
        if let Some(lasts) = lasts {
            self.agenda.add(self.now + lasts, Due::AgentBack(i, epoch));
        }
    }

    pub(super) fn on_agent_gone(&mut self, i: usize, epoch: u32) {
        let link = &mut self.instances[i].link;
        if link.epoch != epoch {
            return;
        }
        link.connected = false;
        let lost = link.lost;
        for key in self.tasks_on(i) {
            self.set_connected(key, false);
            if lost {
                let (unhealthy, given_up) = (self.soon(5, 10), self.soon(47, 60));
                self.agenda.add(unhealthy, Due::Unhealthy(key, epoch));
                self.agenda.add(given_up, Due::GivenUp(key, epoch));
            }
        }
    }

    pub(super) fn on_agent_back(&mut self, i: usize, epoch: u32) {
        let instance = &mut self.instances[i];
        if instance.link.epoch != epoch {
            return;
        }
        instance.link.connected = true;
        let cluster = instance.cluster;
        for key in self.tasks_on(i) {
            self.set_connected(key, true);
            let (started, ready) = (self.soon(2, 5), self.soon(5, 10));
            match self.tasks.get(&key).map(|t| (t.phase, t.ready)) {
                Some((Phase::Pending, _)) => self.agenda.add(started, Due::Started(key)),
                Some((Phase::Running, false)) => self.agenda.add(ready, Due::Ready(key)),
                _ => {}
            }
        }
        self.capacity_came(cluster);
    }

    pub(super) fn on_unhealthy(&mut self, key: TaskKey, epoch: u32) {
        let Some(i) = self.still_cut_off(key, epoch) else { return };
        let Some(s) = self.owner_of(key).filter(|s| self.services[*s].checked()) else { return };
        if let Some(task) = self.tasks.get_mut(&key).filter(|t| t.ready) {
            task.ready = false;
            self.dirty.insert(s);
            self.tell_unhealthy(s, key, i);
        }
    }

    pub(super) fn on_given_up(&mut self, key: TaskKey, epoch: u32) {
        if self.still_cut_off(key, epoch).is_none() {
            return;
        }
        let Some(s) = self.owner_of(key) else { return };
        let never_ran = self.tasks.get(&key).is_some_and(|t| t.phase < Phase::Running);
        let service = &self.services[s];
        let reason = match &service.target_group {
            Some(target_group) => format!("Task failed ELB health checks in (target-group {target_group})"),
            None => "Task failed container health checks".to_owned(),
        };
        if never_ran || service.checked() {
            self.end_task(key, Stop::scheduler(reason));
            self.tell_stopped(s, &[key]);
        }
    }

    /// The instance of a task, if it is cut off and has been since `epoch`.
    fn still_cut_off(&self, key: TaskKey, epoch: u32) -> Option<usize> {
        let task = self.tasks.get(&key).filter(|t| t.phase != Phase::Stopped)?;
        task.instance.filter(|i| self.instances[*i].link.lost && self.instances[*i].link.epoch == epoch)
    }

    fn tell_unhealthy(&mut self, s: usize, key: TaskKey, i: usize) {
        let Some(task) = self.tasks.get(&key) else { return };
        let what = match &self.services[s].target_group {
            Some(target_group) => {
                let (ec2_id, port) = (&self.instances[i].ec2_id, task.definition.ports.first().copied());
                if self.instances[i].is_fargate {
                    let what = format!(
                        "(task {}) is unhealthy in (target-group {target_group}) due to (reason Request timed out)",
                        task.id()
                    );
                    self.tell(s, &what);
                    return;
                }
                // Without a fixed host port Docker picks one of its ephemeral range.
                let port = port.unwrap_or(32_768 + u16::try_from(key % 28_000).unwrap_or(0));
                format!(
                    "(instance {ec2_id}) (port {port}) is unhealthy in (target-group {target_group}) \
                     due to (reason Request timed out)"
                )
            }
            None => format!("(task {}) failed container health checks.", task.id()),
        };
        self.tell(s, &what);
    }

    fn set_connected(&mut self, key: TaskKey, connected: bool) {
        let now = self.now;
        if let Some(task) = self.tasks.get_mut(&key).filter(|t| t.connected != connected) {
            task.connected = connected;
            task.connectivity_at = Some(now);
        }
    }

    fn tasks_on(&self, i: usize) -> Vec<TaskKey> {
        self.instances[i].tasks.iter().copied().collect()
    }

    fn in_zone(&self, zone: &str) -> Vec<usize> {
        self.instances.iter().enumerate().filter(|(_, i)| &*i.zone == zone).map(|(at, _)| at).collect()
    }
}
