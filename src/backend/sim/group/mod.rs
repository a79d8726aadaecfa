//! Auto Scaling groups and the managed scaling of capacity providers: out only, never past the maximum.
//!
//! `asked` is what a caller sets; `change` is how a group comes to its size; `leave` how an instance goes; `refresh` how all are replaced; `activity` what is
//! told of it; `reservation` what managed scaling measures.

mod activity;
mod asked;
mod change;
mod leave;
mod refresh;
mod reservation;

pub(super) use activity::{Activity, CONTROL_PLANE, Why};
pub(super) use refresh::Refresh;
pub(super) use reservation::Reserved;

use std::cmp::Reverse;
use std::sync::Arc;
use std::time::Duration;

use super::entities::{Instance, Link, Phase, Stage, State};
use super::names;
use super::rollout::count;
use super::world::{Due, World};
use crate::model::ecs::Size;

/// How often managed scaling looks at what waits: the period of its metric.
const PERIOD: Duration = Duration::from_secs(60);

impl World {
    /// Has managed scaling look at what waits for a place.
    pub(super) fn watch_capacity(&mut self, p: usize) {
        let provider = &mut self.providers[p];
        if provider.spec.managed_scaling && !provider.watching {
            provider.watching = true;
            self.agenda.add(self.now + PERIOD, Due::Scaling(p));
        }
    }

    pub(super) fn on_scaling(&mut self, p: usize) {
        let group = self.providers[p].group;
        let waiting = self.waiting_sizes(p);
        self.providers[p].watching = !waiting.is_empty();
        if waiting.is_empty() {
            return;
        }
        // Managed scaling is told by an alarm, as any policy is.
        if self.suspends(group, "AlarmNotification") {
            self.agenda.add(self.now + PERIOD, Due::Scaling(p));
            return;
        }
        let booting = count(self.members(group).filter(|i| i.stage == Stage::Booting).count());
        let have = count(self.members(group).count());
        let target = have.saturating_add(self.bins_over_zones(group, &waiting).saturating_sub(booting));
        let (from, target) = (self.groups[group].desired, target.min(self.groups[group].maximum));
        if target > from {
            self.groups[group].desired = target;
        }
        self.fill_group(group, &Why::Managed { from, to: target });
        self.agenda.add(self.now + PERIOD, Due::Scaling(p));
    }

    pub(super) fn on_booted(&mut self, i: usize) {
        let zone = self.instances[i].zone.clone();
        if self.zone_lost(&zone) {
            self.agenda.add(self.now + PERIOD, Due::Booted(i));
            return;
        }
        let now = self.now;
        let instance = &mut self.instances[i];
        instance.stage = Stage::Registered(State::Active);
        instance.link.connected = true;
        instance.registered_at = now;
        let cluster = instance.cluster;
        self.launched(i);
        self.capacity_came(cluster);
    }

    /// There is more room than before: every service of the cluster may look for it.
    pub(super) fn capacity_came(&mut self, cluster: usize) {
        let services = self.services.iter().enumerate().filter(|(_, s)| s.cluster == cluster);
        self.dirty.extend(services.map(|(at, _)| at));
    }

    /// What the tasks without a place need that wait for this provider.
    fn waiting_sizes(&self, p: usize) -> Vec<Size> {
        let services = self.waiting.iter().map(|s| &self.services[*s]).filter(|s| s.provider == Some(p));
        let tasks = services.flat_map(|s| &s.tasks).filter_map(|key| self.tasks.get(key));
        tasks.filter(|t| t.phase == Phase::Provisioning && t.instance.is_none()).map(|t| t.definition.size).collect()
    }

    /// An instance that has not registered yet.
    pub(super) fn machine(&mut self, cluster: usize, zone: Arc<str>, shape: Size) -> Instance {
        let id = names::ecs_id(&mut self.rng);
        let arn = self.home.ecs(&format!("container-instance/{}/{id}", self.clusters[cluster].name));
        Instance {
            arn,
            ec2_id: names::ec2_id(&mut self.rng),
            cluster,
            group: None,
            provider: None,
            zone,
            stage: Stage::Booting,
            link: Link { lost: false, connected: false, epoch: 0 },
            total: shape,
            used: Size::default(),
            ports: std::collections::BTreeSet::new(),
            tasks: std::collections::BTreeSet::new(),
            registered_at: self.now,
            leaving: None,
            is_fargate: false,
        }
    }

    fn zone_lost(&self, zone: &str) -> bool {
        self.instances.iter().any(|i| &*i.zone == zone && i.link.lost)
    }
}

/// How many empty instances of this shape hold the tasks: first fit, the largest first. A task larger than an instance
/// is left out, as managed scaling leaves it out.
fn bins(tasks: &[Size], shape: Size) -> u32 {
    let mut tasks: Vec<Size> =
        tasks.iter().copied().filter(|t| t.cpu <= shape.cpu && t.memory <= shape.memory).collect();
    tasks.sort_by_key(|t| Reverse((t.cpu, t.memory)));
    let mut free: Vec<Size> = Vec::new();
    for task in tasks {
        let at = free.iter().position(|f| f.cpu >= task.cpu && f.memory >= task.memory).unwrap_or_else(|| {
            free.push(shape);
            free.len() - 1
        });
        free[at].cpu -= task.cpu;
        free[at].memory -= task.memory;
    }
    count(free.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waiting_tasks_are_packed_into_as_few_instances_as_first_fit_finds() {
        let shape = Size { cpu: 4_096, memory: 8_192 };
        let task = |cpu, memory| Size { cpu, memory };
        assert_eq!(bins(&[], shape), 0);
        assert_eq!(bins(&[task(1_024, 1_024); 5], shape), 2);
        assert_eq!(bins(&[task(1_024, 8_192), task(3_072, 100)], shape), 2);
        assert_eq!(bins(&[task(8_192, 100)], shape), 0);
    }
}
