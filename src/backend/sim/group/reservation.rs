//! `CapacityProviderReservation`: the instances that are needed, in percent of those that are there.

use super::bins;
use crate::backend::sim::entities::Stage;
use crate::backend::sim::rollout::count;
use crate::backend::sim::world::World;
use crate::model::ecs::Size;
use crate::time::Timestamp;

/// What managed scaling says where tasks wait and there is no instance at all.
const FROM_NOTHING: f64 = 200.0;

/// The reservation from a time on.
pub(in crate::backend::sim) type Reserved = Vec<(Timestamp, f64)>;

impl World {
    /// Notes the reservation of every provider.
    pub(in crate::backend::sim) fn measure_reservations(&mut self) {
        for p in 0..self.providers.len() {
            if !self.providers[p].spec.managed_scaling {
                continue;
            }
            let value = self.reservation(p);
            let reserved = &mut self.providers[p].reserved;
            if reserved.last().is_none_or(|(_, last)| last.to_bits() != value.to_bits()) {
                reserved.push((self.now, value));
            }
        }
    }

    /// The reservation of a provider at a time; before the first measure as then.
    pub(in crate::backend::sim) fn reservation_at(&self, p: usize, at: Timestamp) -> Option<f64> {
        let provider = &self.providers[p];
        if at < self.groups[provider.group].created_at {
            return None;
        }
        let known = provider.reserved.iter().rev().find(|(since, _)| *since <= at);
        known.or_else(|| provider.reserved.first()).map(|(_, value)| *value)
    }

    /// Needed are the instances with tasks, those nothing is known of, and as many as the tasks without a place would fill.
    fn reservation(&self, p: usize) -> f64 {
        let g = self.providers[p].group;
        let there = || self.members(g).filter(|i| i.stage != Stage::Booting);
        let in_use = count(there().filter(|i| !i.tasks.is_empty() || !i.placeable()).count());
        let needed = in_use.saturating_add(self.bins_over_zones(g, &self.waiting_sizes(p)));
        match count(there().count()) {
            0 if needed == 0 => 100.0,
            0 => FROM_NOTHING,
            present => f64::from(needed) / f64::from(present) * 100.0,
        }
    }

    /// How many empty instances hold these tasks, spread over the zones of a group.
    pub(super) fn bins_over_zones(&self, g: usize, tasks: &[Size]) -> u32 {
        let group = &self.groups[g];
        let zones = group.zones.len().max(1);
        let in_zone = |zone: usize| tasks.iter().skip(zone).step_by(zones).copied().collect::<Vec<_>>();
        (0..zones).map(|zone| bins(&in_zone(zone), group.shape)).sum()
    }
}
