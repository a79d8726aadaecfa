//! Where a task goes: by CPU, memory, host ports, constraints and capacity provider, spread over the zones.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use super::entities::{Definition, Instance, Phase, Stage, State, Task};
use super::world::World;
use crate::model::ecs::Size;

/// Why no instance takes a task, in the words of ECS.
pub(super) type Refusal = String;

/// Where tasks of a service are.
#[derive(Default)]
struct Spread {
    /// Tasks to be kept, by zone and by instance.
    zones: BTreeMap<String, u32>,
    instances: BTreeMap<usize, u32>,
    /// Instances with any task of the service on them.
    touched: BTreeSet<usize>,
}

impl World {
    /// The best instance for one more task of a service's primary deployment, or why there is none.
    pub(super) fn find_seat(&self, s: usize, zone: Option<&str>) -> Result<usize, Refusal> {
        let service = &self.services[s];
        let Some(definition) = service.deployments.first().map(|d| &d.definition) else { return Err(none()) };
        let spread = self.spread(s);
        let candidates = || self.candidates(s).filter(|(_, i)| zone.is_none_or(|zone| &*i.zone == zone));
        let distinct = service.spec.placement.distinct;
        let suits =
            |at: usize, i: &Instance| lacks(definition, i).is_none() && !(distinct && spread.touched.contains(&at));
        candidates()
            .filter(|(at, i)| i.placeable() && suits(*at, i))
            .min_by_key(|(at, i)| {
                let in_zone = spread.zones.get(&*i.zone).copied().unwrap_or(0);
                (in_zone, spread.instances.get(at).copied().unwrap_or(0), Reverse(i.free().cpu), *at)
            })
            .map(|(at, _)| at)
            .ok_or_else(|| {
                let closest = candidates().max_by_key(|(at, i)| (i.placeable(), i.free().cpu, Reverse(*at)));
                closest.map_or_else(none, |(_, i)| refusal(definition, i))
            })
    }

    /// Zones in which a service has tasks to be kept or could have some, with their numbers.
    pub(super) fn zone_counts(&self, s: usize) -> BTreeMap<String, u32> {
        let mut zones = self.spread(s).zones;
        for (_, instance) in self.candidates(s).filter(|(_, i)| i.placeable()) {
            zones.entry(instance.zone.to_string()).or_default();
        }
        zones
    }

    /// Whether a task belongs to the primary deployment and may stay where it is.
    pub(super) fn wanted(&self, task: &Task) -> bool {
        let Some(service) = task.service().map(|s| &self.services[s]) else { return false };
        let primary = service.deployments.first().is_some_and(|d| task.of_deployment(&d.id));
        primary && !task.instance.is_some_and(|i| self.instances[i].draining())
    }

    /// Registered instances of the right cluster, provider and zones.
    fn candidates(&self, s: usize) -> impl Iterator<Item = (usize, &Instance)> {
        let service = &self.services[s];
        let zones = &service.spec.placement.zones;
        self.instances.iter().enumerate().filter(move |(_, i)| {
            i.cluster == service.cluster
                && i.stage == Stage::Registered(State::Active)
                && (service.provider.is_none() || i.provider == service.provider)
                && suits(&service.spec.fargate, i)
                && (zones.is_empty() || zones.iter().any(|zone| *zone == *i.zone))
        })
    }

    fn spread(&self, s: usize) -> Spread {
        let mut spread = Spread::default();
        for task in self.services[s].tasks.iter().filter_map(|key| self.tasks.get(key)) {
            let Some(at) = task.instance else { continue };
            spread.touched.insert(at);
            if task.phase < Phase::Stopping && self.wanted(task) {
                *spread.instances.entry(at).or_default() += 1;
                let zone = &self.instances[at].zone;
                match spread.zones.get_mut(&**zone) {
                    Some(n) => *n += 1,
                    None => {
                        spread.zones.insert(zone.to_string(), 1);
                    }
                }
            }
        }
        spread
    }
}

/// Whether it is an instance, or Fargate in one of these zones.
fn suits(fargate: &[String], instance: &Instance) -> bool {
    instance.is_fargate != fargate.is_empty()
        && (fargate.is_empty() || fargate.iter().any(|zone| *zone == *instance.zone))
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lack {
    Cpu,
    Memory,
    Port,
}

fn lacks(definition: &Definition, instance: &Instance) -> Option<Lack> {
    let Size { cpu, memory } = instance.free();
    if definition.size.cpu > cpu {
        Some(Lack::Cpu)
    } else if definition.size.memory > memory {
        Some(Lack::Memory)
    } else if definition.ports.iter().any(|port| instance.ports.contains(port)) {
        Some(Lack::Port)
    } else {
        None
    }
}

fn refusal(definition: &Definition, closest: &Instance) -> Refusal {
    let id = closest.arn.rsplit('/').next().unwrap_or(&closest.arn);
    let why = match lacks(definition, closest) {
        _ if !closest.link.connected => "doesn't have the agent connected.",
        Some(Lack::Cpu) => "has insufficient CPU units available.",
        Some(Lack::Memory) => "has insufficient memory available.",
        Some(Lack::Port) => "is already using a port required by your task.",
        None => "encountered error \"DistinctInstance placement constraint unsatisfied.\".",
    };
    format!("The closest matching (container-instance {id}) {why}")
}

fn none() -> Refusal {
    "Reason: No Container Instances were found in your cluster.".to_owned()
}
