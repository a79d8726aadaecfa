//! How a group comes to its size: launches what is missing, takes away what is too much.

use std::collections::BTreeMap;
use std::time::Duration;

use super::activity::Why;
use crate::backend::sim::entities::{Instance, Stage};
use crate::backend::sim::rollout::count;
use crate::backend::sim::world::{Due, World};
use crate::time::Timestamp;

/// A launch that failed everywhere is tried again after this long.
const RETRY: Duration = Duration::from_secs(60);

impl World {
    /// The instances a group has, without those it is giving away.
    pub(super) fn members(&self, g: usize) -> impl Iterator<Item = &Instance> {
        let stays = |i: &&Instance| i.stage != Stage::Gone && i.leaving.is_none();
        self.instances.iter().filter(move |i| i.group == Some(g)).filter(stays)
    }

    /// The group of this name gets other bounds and another size.
    pub(in crate::backend::sim) fn resize_group(&mut self, name: &str, bounds: (u32, u32), desired: u32) {
        let Some(g) = self.groups.iter().position(|group| group.name == name) else { return };
        let group = &mut self.groups[g];
        let from = std::mem::replace(&mut group.desired, desired);
        (group.minimum, group.maximum) = bounds;
        let (least, most) = bounds;
        let why = Why::Asked(format!(
            "a user request update of AutoScalingGroup constraints to min: {least}, max: {most}, desired: {desired} changing the \
             desired capacity from {from} to {desired}"
        ));
        self.fill_group(g, &why);
        self.shrink_group(g, &why);
    }

    /// A process of a group is suspended or resumed.
    pub(in crate::backend::sim) fn suspend_process(&mut self, name: &str, process: &str, is_suspended: bool) {
        let Some(g) = self.groups.iter().position(|group| group.name == name) else { return };
        let suspended = &mut self.groups[g].suspended;
        suspended.retain(|other| other != process);
        if is_suspended {
            suspended.push(process.to_owned());
        } else {
            self.fill_group(g, &Why::Short);
            self.shrink_group(g, &Why::Short);
        }
    }

    /// There is nothing to be had in these zones for a while.
    pub(in crate::backend::sim) fn run_short(&mut self, name: &str, zones: &[String], until: Timestamp) {
        if let Some(group) = self.groups.iter_mut().find(|group| group.name == name) {
            group.short.extend(zones.iter().map(|zone| (zone.clone(), until)));
        }
    }

    pub(in crate::backend::sim) fn on_refill(&mut self, g: usize) {
        self.fill_group(g, &Why::Short);
    }

    /// Launches what is missing.
    pub(super) fn fill_group(&mut self, g: usize, why: &Why) {
        if self.suspends(g, "Launch") {
            return;
        }
        let have = count(self.members(g).count());
        for n in have..self.groups[g].desired {
            if !self.launch(g, why, (n, n + 1)) {
                self.agenda.add(self.now + RETRY, Due::Refill(g));
                return;
            }
        }
    }

    /// Takes away what is too much, from the zone that has the most, the oldest first.
    pub(super) fn shrink_group(&mut self, g: usize, why: &Why) {
        let have = count(self.members(g).count());
        let desired = self.groups[g].desired;
        if desired >= have || self.suspends(g, "Terminate") {
            return;
        }
        if self.providers.iter().any(|p| p.group == g && p.spec.termination_protection) {
            self.groups[g].tell_protected(why, self.now);
            return;
        }
        for _ in desired..have {
            let mut zones: BTreeMap<&str, usize> = BTreeMap::new();
            for member in self.members(g) {
                *zones.entry(&member.zone).or_default() += 1;
            }
            let Some(fullest) = zones.into_iter().max_by_key(|(_, n)| *n).map(|(zone, _)| zone.to_owned()) else {
                return;
            };
            let in_zone = self.instances.iter().enumerate().filter(|(_, i)| {
                i.group == Some(g) && i.stage != Stage::Gone && i.leaving.is_none() && *i.zone == *fullest
            });
            let Some(i) = in_zone.min_by_key(|(at, i)| (i.registered_at, *at)).map(|(at, _)| at) else { return };
            self.take_out(i, why, (have, desired));
        }
    }

    pub(super) fn suspends(&self, g: usize, process: &str) -> bool {
        self.groups[g].suspended.iter().any(|suspended| suspended == process)
    }

    /// Launches an instance in the zone that has the fewest, or in the next where there is nothing to be had; tells whether it
    /// could.
    fn launch(&mut self, g: usize, why: &Why, sizes: (u32, u32)) -> bool {
        let members = |zone: &str| self.members(g).filter(|i| &*i.zone == zone).count();
        let mut zones = self.groups[g].zones.clone();
        zones.sort_by_cached_key(|zone| (self.zone_lost(zone), members(zone)));
        let now = self.now;
        for zone in zones {
            let group = &mut self.groups[g];
            if group.short.iter().any(|(short, until)| **short == *zone && now < *until) {
                let why_not = no_capacity(group.spot, &zone);
                group.tell_launch(Err(&why_not), why, sizes, now);
                continue;
            }
            let (boot, shape, cluster) = (group.boot, group.shape, group.cluster);
            let mut instance = self.machine(cluster, zone, shape);
            instance.group = Some(g);
            instance.provider = self.providers.iter().position(|p| p.group == g);
            let id = instance.ec2_id.clone();
            self.instances.push(instance);
            let i = self.instances.len() - 1;
            self.groups[g].tell_launch(Ok((i, &id)), why, sizes, now);
            self.agenda.add(now + boot, Due::Booted(i));
            return true;
        }
        false
    }

    /// An instance that was launched is in service.
    pub(super) fn launched(&mut self, i: usize) {
        if let Some(g) = self.instances[i].group {
            let now = self.now;
            self.groups[g].goes_on(i, "Successful", 100, Some(now));
        }
    }
}

/// Why there is no instance, as EC2 says it.
fn no_capacity(spot: bool, zone: &str) -> String {
    if spot {
        return "Could not launch Spot Instances. InsufficientInstanceCapacity - There is no Spot capacity available that \
                matches your request. Launching EC2 instance failed."
            .to_owned();
    }
    format!(
        "We currently do not have sufficient c5.2xlarge capacity in the Availability Zone you requested ({zone}). Our system \
         will be working on provisioning additional capacity. Launching EC2 instance failed."
    )
}
