//! What a service does to have the tasks it wants: starts what is missing, stops what is too much or in the wrong place,
//! within its minimum and maximum percent.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::entities::{Owner, Phase, Rolling, Stop, Task, TaskKey};
use super::world::{Due, World};

/// The tasks of a service that have not stopped.
#[derive(Debug, Default)]
struct Census {
    /// Of the primary deployment, and not on an instance that drains.
    wanted: Vec<TaskKey>,
    /// All others that are not stopping already.
    unwanted: Vec<TaskKey>,
    running: u32,
    ready: u32,
    stopping: u32,
}

impl Census {
    fn active(&self) -> u32 {
        count(self.wanted.len() + self.unwanted.len())
    }
}

impl World {
    /// Lets a service act once.
    pub(super) fn reconcile(&mut self, s: usize) {
        self.forget_deployments(s);
        self.waiting.remove(&s);
        // A failed deployment starts and stops nothing until another one takes its place.
        if self.services[s].deployments.first().is_none_or(|d| d.state == Rolling::Failed) {
            self.services[s].steady = None;
            return;
        }
        self.place_waiting(s);
        self.shed(s);
        self.raise(s);
        self.finish(s);
    }

    fn census(&self, s: usize) -> Census {
        let mut census = Census::default();
        for (key, task) in self.services[s].tasks.iter().filter_map(|key| Some((*key, self.tasks.get(key)?))) {
            if !task.active() {
                census.stopping += 1;
                continue;
            }
            census.running += u32::from(task.phase == Phase::Running);
            census.ready += u32::from(task.ready);
            if self.wanted(task) { census.wanted.push(key) } else { census.unwanted.push(key) }
        }
        census
    }

    /// Tries again to place the tasks that found no place.
    fn place_waiting(&mut self, s: usize) {
        let unplaced = |t: &Task| t.phase == Phase::Provisioning && t.instance.is_none() && self.wanted(t);
        let keys = self.services[s].tasks.iter().copied();
        let waiting: Vec<TaskKey> = keys.filter(|key| self.tasks.get(key).is_some_and(unplaced)).collect();
        let mut started = Vec::new();
        for key in waiting {
            let Ok(at) = self.find_seat(s, None) else {
                self.wait_for_capacity(s);
                break;
            };
            self.seat(key, at);
            started.push(key);
        }
        self.tell_started(s, &started);
    }

    /// Stops what is in the wrong place, and what is too much, as far as the lower bound allows.
    fn shed(&mut self, s: usize) {
        let census = self.census(s);
        let (lower, _) = self.services[s].bounds();
        let mut leaving = self.surplus(&census.wanted, self.services[s].desired);
        leaving.extend(&census.unwanted);
        leaving.retain(|key| self.tasks.get(key).is_some_and(|task| !task.is_protected(self.now)));
        leaving.sort_by_key(|key| self.tasks.get(key).map(|t| (t.phase, t.ready, *key)));
        let (mut running, mut ready) = (census.running, census.ready);
        let mut stopped = Vec::new();
        for key in leaving {
            let Some(task) = self.tasks.get(&key) else { continue };
            if task.phase == Phase::Running {
                if running <= lower || (task.ready && ready <= lower) {
                    continue;
                }
                running -= 1;
                ready -= u32::from(task.ready);
                stopped.push(key);
            }
            let id = self.services[s].deployments.first().map_or("", |d| &d.id);
            let stop = Stop::scheduler(format!("Scaling activity initiated by (deployment {id})"));
            self.stop_task(key, stop);
        }
        self.tell_stopped(s, &stopped);
    }

    /// The tasks beyond `desired`, protected ones last: those without a place first, then those in the fullest zone, the newest first.
    fn surplus(&self, wanted: &[TaskKey], desired: u32) -> Vec<TaskKey> {
        let too_many = wanted.len().saturating_sub(usize::try_from(desired).unwrap_or(usize::MAX));
        let zone = |key: &TaskKey| self.tasks.get(key).and_then(|t| t.instance).map(|i| &*self.instances[i].zone);
        let mut zones: BTreeMap<Option<&str>, usize> = BTreeMap::new();
        for key in wanted.iter().filter(|_| too_many > 0) {
            *zones.entry(zone(key)).or_default() += 1;
        }
        let mut left = wanted.to_vec();
        let mut out = Vec::with_capacity(too_many);
        for _ in 0..too_many {
            let ready = |key: &TaskKey| self.tasks.get(key).is_some_and(|t| t.ready);
            let free = |key: &TaskKey| self.tasks.get(key).is_some_and(|t| !t.is_protected(self.now));
            let rank =
                |key: &TaskKey| (free(key), zone(key).is_none(), zones.get(&zone(key)).copied(), !ready(key), *key);
            let Some(at) = (0..left.len()).max_by_key(|at| rank(&left[*at])) else { break };
            let key = left.swap_remove(at);
            if let Some(n) = zones.get_mut(&zone(&key)) {
                *n -= 1;
            }
            out.push(key);
        }
        out
    }

    /// Starts what is missing, as far as the upper bound allows.
    fn raise(&mut self, s: usize) {
        let census = self.census(s);
        let (_, upper) = self.services[s].bounds();
        let missing = self.services[s].desired.saturating_sub(count(census.wanted.len()));
        let room = upper.saturating_sub(census.active());
        if missing == 0 {
            self.rebalance(s, &census, room);
            return;
        }
        let throttle = self.services[s].throttle;
        if throttle.until > self.now {
            self.agenda.add(throttle.until, Due::Look(s));
            return;
        }
        let mut started = Vec::new();
        for _ in 0..missing.min(room) {
            match self.find_seat(s, None) {
                Ok(at) => started.push(self.start_task(s, at)),
                Err(why) => {
                    self.tell_unplaceable(s, &why);
                    self.wait_for_capacity(s);
                    // With a capacity provider the task exists while it waits; without one it is tried again later.
                    if self.services[s].provider.is_none() {
                        break;
                    }
                    self.new_task(s);
                }
            }
        }
        self.tell_started(s, &started);
    }

    /// Moves one task from the fullest zone to the emptiest by starting its successor there; the surplus is shed later.
    fn rebalance(&mut self, s: usize, census: &Census, room: u32) {
        let service = &self.services[s];
        let calm = census.unwanted.is_empty()
            && census.stopping == 0
            && count(census.wanted.len()) == service.desired
            && census.ready == service.desired
            && service.deployments.len() == 1;
        if !calm || room == 0 || service.spec.placement.no_rebalancing {
            return;
        }
        let zones = self.zone_counts(s);
        let fullest = zones.values().max().copied().unwrap_or(0);
        let mut emptier: Vec<(u32, &String)> = zones.iter().map(|(zone, n)| (*n, zone)).collect();
        emptier.sort_by_key(|(n, zone)| (*n, Reverse(*zone)));
        let seat = emptier
            .into_iter()
            .take_while(|(n, _)| fullest >= n + 2)
            .find_map(|(_, zone)| self.find_seat(s, Some(zone)).ok());
        if let Some(at) = seat {
            let counts: Vec<String> = zones.iter().map(|(zone, n)| format!("{n} tasks in {zone}")).collect();
            let what = format!("is not AZ balanced with {}. AZ Rebalancing in progress.", counts.join(", "));
            self.tell_once(s, "balance", &what);
            let key = self.start_task(s, at);
            self.tell_started(s, &[key]);
        }
    }

    /// Completes the deployment and says so once everything is as wanted.
    fn finish(&mut self, s: usize) {
        let census = self.census(s);
        let service = &self.services[s];
        let steady = census.unwanted.is_empty()
            && census.stopping == 0
            && count(census.wanted.len()) == service.desired
            && census.ready == service.desired
            && service.deployments.len() == 1;
        if !steady {
            self.services[s].steady = None;
        } else if service.steady.is_none() {
            self.complete_deployment(s);
            self.tell_steady(s);
        }
    }

    fn new_task(&mut self, s: usize) -> TaskKey {
        let service = &self.services[s];
        let primary = &service.deployments[0];
        let owner = Owner::Service { service: s, deployment: primary.id.clone() };
        let definition = primary.definition.clone();
        self.create_task(service.cluster, owner, definition)
    }

    fn start_task(&mut self, s: usize, at: usize) -> TaskKey {
        let key = self.new_task(s);
        self.seat(key, at);
        key
    }

    fn wait_for_capacity(&mut self, s: usize) {
        self.waiting.insert(s);
        if let Some(provider) = self.services[s].provider {
            self.watch_capacity(provider);
        }
    }
}

/// A number of things as the API counts them.
pub(super) fn count(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}
