//! Where the tasks of an instance would go: the placement of ECS, as far as an answer of its API shows it. Placement
//! expressions and network interfaces are not in it, so what fits here may still not be placed.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use crate::model::ecs::{EcsIndex, HostPorts, Instance, Scheduling, Service, Size, Task};
use crate::text::Text;

/// The tasks of one service on the instance, and where they would go.
#[derive(Debug)]
pub(super) struct Move<'a> {
    /// The service.
    pub service: &'a Service,
    /// Its tasks on the instance.
    pub tasks: Vec<&'a Task>,
    /// The instances that have room for them, one a task.
    pub places: Vec<&'a Instance>,
    /// Why the others find none, one a task.
    pub unplaced: Vec<Text>,
    /// Tasks of which it is not known what they need.
    pub unknown: usize,
}

impl Move<'_> {
    /// Whether ECS may start a replacement before it stops one: its bounds allow one more. `None` where they are not known.
    pub fn starts_first(&self) -> Option<bool> {
        Some(self.service.upper_bound()? > self.service.running)
    }

    /// Whether ECS may stop one before a replacement runs.
    pub fn stops_first(&self) -> Option<bool> {
        Some(self.service.running > self.service.lower_bound()?)
    }
}

/// What is on an instance.
#[derive(Debug, Default)]
pub(super) struct Load<'a> {
    /// What ECS moves, by the service's name.
    pub moves: Vec<Move<'a>>,
    /// Tasks of daemons: they are stopped last and not replaced.
    pub daemons: Vec<&'a Task>,
    /// Tasks that are not moved, and keep the instance draining until they end.
    pub standalone: Vec<&'a Task>,
    /// Tasks of services that are not known.
    pub strange: Vec<&'a Task>,
}

impl<'a> Load<'a> {
    /// Sorts the tasks of `instance`, and finds places for those that move.
    pub fn of(instance: &'a Instance, index: &'a EcsIndex) -> Self {
        let mut load = Self::default();
        let mut by_service: BTreeMap<&Text, (&Service, Vec<&Task>)> = BTreeMap::new();
        for task in index.tasks_on(instance).iter().map(AsRef::as_ref) {
            match (task.service(), index.service_of(task)) {
                (None, _) => load.standalone.push(task),
                (Some(_), None) => load.strange.push(task),
                (Some(_), Some(service)) if service.scheduling == Scheduling::Daemon => load.daemons.push(task),
                (Some(_), Some(service)) => {
                    by_service.entry(&service.name).or_insert((service, Vec::new())).1.push(task);
                }
            }
        }
        let others: Vec<&Instance> = index.instances(&instance.cluster_arn).iter().map(AsRef::as_ref).collect();
        let others: Vec<&Instance> = others.into_iter().filter(|i| i.arn != instance.arn && i.placeable()).collect();
        let wanted: Vec<(&Service, Vec<&Task>)> = by_service.into_values().collect();
        let spread = place(&wanted, &others, index, true);
        let lacks = |moves: &[Move<'_>]| moves.iter().map(|m| m.unplaced.len()).sum::<usize>();
        // ECS spreads over the zones first; where that leaves something over, closer packing may not.
        load.moves = if lacks(&spread) == 0 { spread } else { place(&wanted, &others, index, false) };
        load
    }

    /// The services it would move tasks of.
    pub fn services(&self) -> impl Iterator<Item = &'a Service> {
        self.moves.iter().map(|one| one.service)
    }
}

/// What an instance has left while tasks are put on it.
struct Bin<'a> {
    instance: &'a Instance,
    left: Option<Size>,
    ports: HostPorts,
    services: Vec<&'a Text>,
}

/// The largest first, each to an instance it fits: into the zone that has the fewest of its service, or onto the first.
fn place<'a>(
    wanted: &[(&'a Service, Vec<&'a Task>)],
    others: &[&'a Instance],
    index: &'a EcsIndex,
    spread: bool,
) -> Vec<Move<'a>> {
    let held = |i: &'a Instance| index.tasks_on(i).iter().filter_map(|task| index.service_of(task)).map(|s| &s.name);
    let mut bins: Vec<Bin<'a>> = others
        .iter()
        .map(|i| Bin { instance: i, left: i.remaining, ports: i.ports.clone(), services: held(i).collect() })
        .collect();
    let mut moves: Vec<Move<'a>> = wanted
        .iter()
        .map(|(service, tasks)| Move {
            service,
            tasks: tasks.clone(),
            places: Vec::new(),
            unplaced: Vec::new(),
            unknown: 0,
        })
        .collect();
    let mut queue: Vec<(usize, &Task)> =
        wanted.iter().enumerate().flat_map(|(n, (_, tasks))| tasks.iter().map(move |task| (n, *task))).collect();
    queue.sort_by_key(|(n, task)| (Reverse(task.size.map(|size| (size.cpu, size.memory))), *n, &task.arn));
    for (n, task) in queue {
        let one = &mut moves[n];
        let Some(need) = task.size.map(|size| Need { size, ports: task.ports.fixed(), service: one.service }) else {
            one.unknown += 1;
            continue;
        };
        let in_zone = |bins: &[Bin<'_>], az: Option<&Text>| {
            let same = bins.iter().filter(|bin| bin.instance.az.as_ref() == az);
            same.flat_map(|bin| &bin.services).filter(|name| **name == &one.service.name).count()
        };
        let fitting = (0..bins.len()).filter(|at| need.refused(&bins[*at]).is_none());
        let chosen = if spread {
            fitting.min_by_key(|at| {
                let bin = &bins[*at];
                (in_zone(&bins, bin.instance.az.as_ref()), Reverse(bin.left.map(|left| left.cpu)), *at)
            })
        } else {
            { fitting }.next()
        };
        let Some(at) = chosen else {
            let unknown = bins.iter().any(|bin| bin.left.is_none());
            if unknown {
                one.unknown += 1;
            } else {
                one.unplaced.push(Text::from(need.why(&bins)));
            }
            continue;
        };
        let bin = &mut bins[at];
        let left = bin.left.unwrap_or_default();
        bin.left = Some(Size { cpu: left.cpu - need.size.cpu, memory: left.memory - need.size.memory });
        bin.ports.extend(&need.ports);
        bin.services.push(&one.service.name);
        one.places.push(bin.instance);
    }
    moves
}

/// What one task needs.
struct Need<'a> {
    size: Size,
    ports: HostPorts,
    service: &'a Service,
}

/// Why an instance does not take a task; the later, the closer it came.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Refused {
    Elsewhere,
    Full,
    Distinct,
    Port(String),
}

impl Need<'_> {
    fn refused(&self, bin: &Bin<'_>) -> Option<Refused> {
        let providers = &self.service.providers;
        if !providers.is_empty() && !bin.instance.provider.as_ref().is_some_and(|p| providers.contains(p)) {
            return Some(Refused::Elsewhere);
        }
        let left = bin.left.unwrap_or_default();
        if left.cpu < self.size.cpu || left.memory < self.size.memory {
            return Some(Refused::Full);
        }
        if self.service.is_distinct() && bin.services.contains(&&self.service.name) {
            return Some(Refused::Distinct);
        }
        self.ports.clash(&bin.ports).map(Refused::Port)
    }

    /// Why no instance takes it: what keeps out the one that came closest.
    fn why(&self, bins: &[Bin<'_>]) -> String {
        let Size { cpu, memory } = self.size;
        match bins.iter().filter_map(|bin| self.refused(bin)).max() {
            None => "there is no other instance".to_owned(),
            Some(Refused::Elsewhere) => {
                let providers: Vec<&str> = self.service.providers.iter().map(Text::as_str).collect();
                format!("there is no other instance of {}", providers.join(", "))
            }
            Some(Refused::Full) => format!("no instance has {cpu} CPU and {memory} MiB left"),
            Some(Refused::Distinct) => "each instance with room has one of them already (distinctInstance)".to_owned(),
            Some(Refused::Port(port)) => format!("port {port} is taken on each instance with room"),
        }
    }
}
