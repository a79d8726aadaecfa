//! The simulated world: its state, and how time passes in it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use super::act::Step;
use super::actions::Mutation;
use super::alarms::Board;
use super::entities::{Cluster, Group, Instance, Provider, Service, Task, TaskKey};
use super::guard::Guard;
use super::logs::LogGroups;
use super::mongo::{self, Happens};
use super::names::Home;
use super::rds;
use super::scaling::{Loads, Scaling};
use super::vault::{self, Vault};
use crate::time::Timestamp;

const MINUTE: Duration = Duration::from_secs(60);

/// A simulated world: a function of scenario, seed, time and the actions taken.
///
/// Time passes from one due event to the next, so it makes no difference in how many steps it is advanced.
#[derive(Clone, Debug, PartialEq)]
pub struct World {
    pub(super) now: Timestamp,
    pub(super) rng: fastrand::Rng,
    pub(super) home: Home,
    pub(super) clusters: Vec<Cluster>,
    pub(super) groups: Vec<Group>,
    pub(super) providers: Vec<Provider>,
    pub(super) instances: Vec<Instance>,
    pub(super) services: Vec<Service>,
    pub(super) tasks: BTreeMap<TaskKey, Task>,
    pub(super) next_task: TaskKey,
    pub(super) sets: Vec<mongo::Set>,
    pub(super) fleet: rds::Fleet,
    pub(super) loads: Loads,
    pub(super) scaling: Scaling,
    pub(super) board: Board,
    pub(super) guard: Guard,
    pub(super) vault: Vault,
    pub(super) logs: LogGroups,
    pub(super) agenda: Agenda,
    /// Services to look at again before time goes on.
    pub(super) dirty: BTreeSet<usize>,
    /// Services with tasks that found no place.
    pub(super) waiting: BTreeSet<usize>,
    pub(super) script: Arc<[Step]>,
    pub(super) mutations: Vec<Mutation>,
}

/// What happens at a certain time.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Due {
    Step(usize),
    Pending(TaskKey),
    Started(TaskKey),
    Ready(TaskKey),
    Exited(TaskKey),
    Stopped(TaskKey),
    Forgotten(TaskKey),
    /// The agent of this instance is found to be silent; the epoch of its link.
    AgentGone(usize, u32),
    AgentBack(usize, u32),
    Unhealthy(TaskKey, u32),
    GivenUp(TaskKey, u32),
    Look(usize),
    Steady(usize, Timestamp),
    Scaling(usize),
    Booted(usize),
    /// Something happens in this replica set.
    InSet(usize, Happens),
    /// Something happens to a database.
    InFleet(rds::Happens),
    /// Something happens to a secret.
    InVault(vault::Happens),
    /// The figures of this minute are taken.
    Measure,
    /// CloudWatch looks at the figures of the last one.
    Evaluate,
    /// A group looks for what it could not have.
    Refill(usize),
    /// Whether an instance that is to go is empty; until when that is waited for.
    Leaves(usize, Timestamp),
    Ends(usize),
    Refresh(usize),
}

/// What is due, in order of time; at one time, in the order it was added.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Agenda {
    due: BTreeMap<(Timestamp, u64), Due>,
    added: u64,
}

impl Agenda {
    pub(super) fn add(&mut self, at: Timestamp, due: Due) {
        self.due.insert((at, self.added), due);
        self.added += 1;
    }

    fn next_until(&mut self, to: Timestamp) -> Option<(Timestamp, Due)> {
        let first = self.due.first_entry()?;
        let at = first.key().0;
        (at <= to).then(|| (at, first.remove()))
    }

    fn nothing_more_at(&self, at: Timestamp) -> bool {
        self.due.first_key_value().is_none_or(|((next, _), _)| *next > at)
    }
}

impl World {
    /// The simulated time.
    #[must_use]
    pub const fn now(&self) -> Timestamp {
        self.now
    }

    /// Lets time pass until `to`; a time in the past changes nothing.
    pub fn advance_to(&mut self, to: Timestamp) {
        while let Some((at, due)) = self.agenda.next_until(to) {
            self.now = self.now.max(at);
            self.handle(&due);
            if self.agenda.nothing_more_at(at) {
                self.settle();
            }
        }
        self.now = self.now.max(to);
        for set in &mut self.sets {
            set.now = self.now;
        }
        self.fleet.now = self.now;
    }

    /// Lets every service that needs it act.
    pub(super) fn settle(&mut self) {
        while let Some(s) = self.dirty.pop_first() {
            self.reconcile(s);
        }
    }

    fn handle(&mut self, due: &Due) {
        match *due {
            Due::Step(step) => self.run_step(step),
            Due::Pending(task) => self.on_pending(task),
            Due::Started(task) => self.on_started(task),
            Due::Ready(task) => self.on_ready(task),
            Due::Exited(task) => self.on_exited(task),
            Due::Stopped(task) => self.on_stopped(task),
            Due::Forgotten(task) => {
                self.tasks.remove(&task);
            }
            Due::AgentGone(instance, epoch) => self.on_agent_gone(instance, epoch),
            Due::AgentBack(instance, epoch) => self.on_agent_back(instance, epoch),
            Due::Unhealthy(task, epoch) => self.on_unhealthy(task, epoch),
            Due::GivenUp(task, epoch) => self.on_given_up(task, epoch),
            Due::Look(service) => {
                self.dirty.insert(service);
            }
            Due::Steady(service, since) => self.still_steady(service, since),
            Due::Scaling(provider) => self.on_scaling(provider),
            Due::Booted(instance) => self.on_booted(instance),
            Due::InSet(set, ref happens) => self.in_set(set, happens),
            Due::InFleet(ref happens) => self.in_fleet(happens),
            Due::InVault(happens) => self.in_vault(happens),
            Due::Measure => self.measure(),
            Due::Evaluate => self.evaluate(),
            Due::Refill(group) => self.on_refill(group),
            Due::Leaves(instance, until) => self.on_leaves(instance, until),
            Due::Ends(instance) => self.on_ends(instance),
            Due::Refresh(group) => self.on_refresh(group),
        }
    }

    fn measure(&mut self) {
        self.measure_loads();
        self.measure_reservations();
        self.agenda.add(self.now + MINUTE, Due::Measure);
    }

    fn evaluate(&mut self) {
        self.evaluate_alarms();
        self.agenda.add(self.now + MINUTE, Due::Evaluate);
    }

    /// A time between `from` and `to` seconds from now.
    pub(super) fn soon(&mut self, from: u64, to: u64) -> Timestamp {
        self.now + Duration::from_secs(self.rng.u64(from..=to))
    }

    /// The cluster of this name or ARN.
    pub(super) fn cluster(&self, name_or_arn: &str) -> Option<usize> {
        self.clusters.iter().position(|c| c.name == name_or_arn || c.arn == name_or_arn)
    }

    /// The service of this name or ARN in a cluster.
    pub(super) fn service(&self, cluster: usize, name_or_arn: &str) -> Option<usize> {
        let named = |s: &Service| s.spec.name == name_or_arn || s.arn == name_or_arn;
        self.services.iter().position(|s| s.cluster == cluster && named(s))
    }
}
