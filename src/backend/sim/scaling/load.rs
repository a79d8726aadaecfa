//! How hot the tasks of a service run: its load, shared by the tasks that serve.

use std::collections::BTreeMap;

use crate::backend::sim::noise::noise;
use crate::backend::sim::world::World;
use crate::time::Timestamp;

/// How far a figure goes up and down by itself.
const WOBBLE: f64 = 0.03;

/// The load of services, by their place in the world; those without one are not measured.
pub(in crate::backend::sim) type Loads = BTreeMap<usize, Load>;

/// The load of one service.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::backend::sim) struct Load {
    /// In percent of one task's CPU, over all tasks together.
    pub sum: f64,
    /// What a task had to carry, in percent, from a time on; absent while none served.
    carried: Vec<(Timestamp, Option<f64>)>,
}

impl Load {
    pub(super) const fn new(sum: f64) -> Self {
        Self { sum, carried: Vec::new() }
    }

    /// What a task carried at a time; before the first measure as then.
    fn at(&self, at: Timestamp) -> Option<f64> {
        let known = self.carried.iter().rev().find(|(since, _)| *since <= at).or_else(|| self.carried.first());
        known.and_then(|(_, value)| *value)
    }
}

impl World {
    /// Gives every service of the scenario its load.
    pub(in crate::backend::sim) fn add_loads(&mut self) {
        let loads = self.services.iter().enumerate().filter_map(|(s, of)| Some((s, Load::new(of.spec.load?))));
        self.loads = loads.collect();
        self.measure_loads();
    }

    /// The load of a service becomes another; how hot that makes the tasks is seen at the next measure.
    pub(in crate::backend::sim) fn set_load(&mut self, s: usize, sum: f64) {
        self.loads.entry(s).or_insert_with(|| Load::new(sum)).sum = sum;
    }

    /// Notes how hot the tasks run now.
    pub(in crate::backend::sim) fn measure_loads(&mut self) {
        let now = self.now;
        let services: Vec<usize> = self.loads.keys().copied().collect();
        for s in services {
            let serving = self.serving(s);
            let Some(load) = self.loads.get_mut(&s) else { continue };
            let value = (serving > 0).then(|| load.sum / f64::from(serving));
            if load.carried.last().is_none_or(|(_, last)| *last != value) {
                load.carried.push((now, value));
            }
        }
    }

    /// CPU of a service's tasks at a time, in percent of what they reserve; absent where nothing is measured.
    pub(in crate::backend::sim) fn cpu_of(&self, s: usize, at: Timestamp) -> Option<f64> {
        let service = &self.services[s];
        let value = self.loads.get(&s)?.at(at)?;
        let wobble = noise(&format!("{} CPUUtilization", service.arn), at);
        Some((value * (1.0 + WOBBLE * wobble)).clamp(0.0, 100.0))
    }

    /// Tasks that take their share of the load.
    fn serving(&self, s: usize) -> u32 {
        let tasks = self.services[s].tasks.iter().filter_map(|key| self.tasks.get(key));
        let serves = tasks.filter(|t| t.ready && t.instance.is_some_and(|i| self.instances[i].reachable()));
        u32::try_from(serves.count()).unwrap_or(u32::MAX)
    }
}
