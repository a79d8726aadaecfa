//! The life of a task: from its creation to the hour after its end.

use std::sync::Arc;
use std::time::Duration;

use super::entities::{Definition, Outcome, Owner, Phase, Stop, Task, TaskKey};
use super::names;
use super::world::{Due, World};
use crate::time::Timestamp;

/// ECS shows a stopped task for about an hour.
const REMEMBERED: Duration = Duration::from_secs(3_600);

impl World {
    /// Makes a task that has no place yet.
    pub(super) fn create_task(&mut self, cluster: usize, owner: Owner, definition: Arc<Definition>) -> TaskKey {
        let key = self.next_task;
        self.next_task += 1;
        let id = names::ecs_id(&mut self.rng);
        let arn = self.home.ecs(&format!("task/{}/{id}", self.clusters[cluster].name));
        if let Owner::Service { service, .. } = owner {
            self.services[service].tasks.insert(key);
        }
        let task = Task {
            arn,
            cluster,
            owner,
            definition,
            instance: None,
            phase: Phase::Provisioning,
            ready: false,
            proven: false,
            connected: true,
            connectivity_at: None,
            protected_until: None,
            created_at: self.now,
            started_at: None,
            stopped_at: None,
            stop: None,
        };
        self.tasks.insert(key, task);
        key
    }

    /// Reserves a place for a task.
    pub(super) fn reserve(&mut self, key: TaskKey, at: usize) {
        let Some(task) = self.tasks.get_mut(&key) else { return };
        let instance = &mut self.instances[at];
        task.instance = Some(at);
        instance.used.cpu += task.definition.size.cpu;
        instance.used.memory += task.definition.size.memory;
        instance.ports.extend(&task.definition.ports);
        instance.tasks.insert(key);
    }

    /// Reserves a place for a task and starts it there.
    pub(super) fn seat(&mut self, key: TaskKey, at: usize) {
        self.reserve(key, at);
        let due = self.soon(1, 2);
        self.agenda.add(due, Due::Pending(key));
    }

    pub(super) fn on_pending(&mut self, key: TaskKey) {
        let due = self.soon(3, 6);
        let now = self.now;
        let Some(task) = self.tasks.get_mut(&key).filter(|t| t.phase == Phase::Provisioning) else { return };
        task.phase = Phase::Pending;
        task.connectivity_at = Some(now);
        self.agenda.add(due, Due::Started(key));
    }

    pub(super) fn on_started(&mut self, key: TaskKey) {
        let (settled, crashed) = (self.soon(6, 12), self.soon(2, 4));
        let Some(task) = self.tasks.get_mut(&key).filter(|t| t.phase == Phase::Pending) else { return };
        // An instance out of reach cannot report a start; the line's return, or ECS giving up, settles it.
        if !task.instance.is_some_and(|i| self.instances[i].reachable()) {
            return;
        }
        let outcome = task.definition.outcome;
        if outcome == Outcome::CannotPull {
            let stop = cannot_pull(&task.definition);
            self.end_task(key, stop);
            return;
        }
        task.phase = Phase::Running;
        task.started_at = Some(self.now);
        match outcome {
            Outcome::Runs => self.agenda.add(settled, Due::Ready(key)),
            _ => self.agenda.add(crashed, Due::Exited(key)),
        }
        self.dirty.extend(self.owner_of(key));
    }

    pub(super) fn on_ready(&mut self, key: TaskKey) {
        let Some(task) = self.tasks.get_mut(&key).filter(|t| t.phase == Phase::Running && !t.ready) else { return };
        if !task.instance.is_some_and(|i| self.instances[i].reachable()) {
            return;
        }
        task.ready = true;
        task.proven = true;
        if let Owner::Service { service, deployment } = task.owner.clone() {
            self.proved(service, &deployment);
            self.tell_registered(service);
            self.dirty.insert(service);
        }
    }

    pub(super) fn on_exited(&mut self, key: TaskKey) {
        let Some(task) = self.tasks.get(&key).filter(|t| t.phase == Phase::Running) else { return };
        let stop = match task.definition.outcome {
            Outcome::Oom => Stop::exited(137, Some("OutOfMemoryError: Container killed due to memory usage")),
            _ => Stop::exited(1, None),
        };
        self.end_task(key, stop);
    }

    /// Lets a task end in good order: SIGTERM, and behind a load balancer the time to drain connections.
    pub(super) fn stop_task(&mut self, key: TaskKey, mut stop: Stop) {
        let balanced = self.owner_of(key).is_some_and(|s| self.services[s].target_group.is_some());
        let due = if balanced { self.soon(10, 15) } else { self.soon(2, 6) };
        let Some(task) = self.tasks.get_mut(&key).filter(|t| t.active()) else { return };
        if task.phase < Phase::Running {
            self.end_task(key, stop);
            return;
        }
        stop.exit = Some(143);
        task.phase = Phase::Stopping;
        task.stop = Some(stop);
        self.agenda.add(due, Due::Stopped(key));
    }

    pub(super) fn on_stopped(&mut self, key: TaskKey) {
        if let Some(stop) = self.tasks.get(&key).and_then(|t| t.stop.clone()) {
            self.end_task(key, stop);
        }
    }

    /// Ends a task at once and gives its place back.
    pub(super) fn end_task(&mut self, key: TaskKey, stop: Stop) {
        let now = self.now;
        let Some(task) = self.tasks.get_mut(&key).filter(|t| t.phase != Phase::Stopped) else { return };
        let failed = task.active() && !task.proven && stop.code != "ServiceSchedulerInitiated";
        let (owner, size) = (task.owner.clone(), task.definition.size);
        task.phase = Phase::Stopped;
        task.ready = false;
        task.stopped_at = Some(now);
        task.stop = Some(stop);
        if let Some(instance) = task.instance.map(|i| &mut self.instances[i]) {
            instance.used.cpu -= size.cpu;
            instance.used.memory -= size.memory;
            instance.ports.retain(|port| !task.definition.ports.contains(port));
            instance.tasks.remove(&key);
        }
        self.agenda.add(now + REMEMBERED, Due::Forgotten(key));
        if let Owner::Service { service, deployment } = owner {
            self.services[service].tasks.remove(&key);
            self.dirty.insert(service);
            if failed {
                self.failed_to_start(service, &deployment);
            }
        }
        self.dirty.extend(&self.waiting);
    }

    /// Kills running tasks of a service from outside, the oldest first.
    pub(super) fn kill_tasks(&mut self, s: usize, count: u32, exit: i32, reason: Option<&str>) {
        for key in self.oldest_running(s, count) {
            self.end_task(key, Stop::exited(exit, reason));
        }
    }

    /// Protects running tasks of a service from scale-in, the oldest first: until then the scheduler does not stop them.
    pub(super) fn protect_tasks(&mut self, s: usize, count: u32, until: Timestamp) {
        for key in self.oldest_running(s, count) {
            if let Some(task) = self.tasks.get_mut(&key) {
                task.protected_until = Some(until);
            }
        }
        self.agenda.add(until, Due::Look(s));
    }

    fn oldest_running(&self, s: usize, count: u32) -> Vec<TaskKey> {
        let running = |key: &&TaskKey| self.tasks.get(key).is_some_and(|t| t.phase == Phase::Running);
        let count = usize::try_from(count).unwrap_or(usize::MAX);
        self.services[s].tasks.iter().filter(running).take(count).copied().collect()
    }

    pub(super) fn owner_of(&self, key: TaskKey) -> Option<usize> {
        self.tasks.get(&key)?.service()
    }
}

fn cannot_pull(definition: &Definition) -> Stop {
    let image = definition.containers.first().map_or("", |(_, image)| image);
    let reason = format!(
        "CannotPullContainerError: Error response from daemon: manifest for {image} not found: manifest unknown"
    );
    Stop { code: "TaskFailedToStart".to_owned(), container_reason: Some(reason.clone()), reason, exit: None }
}
