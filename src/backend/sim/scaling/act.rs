//! What a policy does while its alarm is in alarm.

use super::state::{Kind, What, cause};
use crate::backend::sim::world::World;

impl World {
    /// An alarm is in alarm: its policies act, once a minute for as long as that lasts.
    pub(in crate::backend::sim) fn on_alarm(&mut self, alarm: &str) {
        for (t, p) in self.scaling.driven_by(alarm) {
            self.apply_policy(t, p, alarm);
        }
    }

    /// The policies whose alarm was in alarm before the start, and that can do no more: that was said back then.
    pub(in crate::backend::sim) fn add_unscaled(&mut self) {
        let lasting = self.board.in_alarm();
        for (alarm, since) in lasting {
            for (t, p) in self.scaling.driven_by(&alarm) {
                let target = &self.scaling.targets[t];
                let desired = self.services[target.service].desired;
                let wanted = self.wanted_by(t, p, &alarm);
                if wanted.is_some_and(|wanted| wanted < desired) && desired == target.minimum {
                    let why = cause(&alarm, &target.policies[p].name);
                    let what = What::AtMinimum(target.minimum);
                    self.scaling.note(t, since, what, why);
                }
            }
        }
        self.scaling.activities.sort_by_key(|done| done.at);
    }

    fn apply_policy(&mut self, t: usize, p: usize, alarm: &str) {
        let target = &self.scaling.targets[t];
        let policy = &target.policies[p];
        let service = target.service;
        let desired = self.services[service].desired;
        let rests = policy.changed_at.is_some_and(|at| self.now.since(at) < policy.cooldown);
        let Some(wanted) = self.wanted_by(t, p, alarm).filter(|_| !rests) else { return };
        let (is_out, suspended) = (wanted > desired, target.suspended);
        // Nothing is taken away while a deployment is under way.
        let deploys = self.services[service].deployments.len() > 1;
        if wanted == desired || (is_out && suspended.scaling_out) || (!is_out && (suspended.scaling_in || deploys)) {
            return;
        }
        let set = wanted.clamp(target.minimum, target.maximum);
        let why = cause(alarm, &policy.name);
        if set == desired || (set > desired) != is_out {
            let what = if is_out { What::AtMaximum(target.maximum) } else { What::AtMinimum(target.minimum) };
            self.not_scaled(t, what, why);
            return;
        }
        self.scaling.targets[t].policies[p].changed_at = Some(self.now);
        self.scaling.note(t, self.now, What::Set(set), why);
        self.change_desired(service, set);
    }

    /// The number a policy wants; absent where it wants none.
    fn wanted_by(&self, t: usize, p: usize, alarm: &str) -> Option<u32> {
        let target = &self.scaling.targets[t];
        let policy = &target.policies[p];
        let desired = self.services[target.service].desired;
        match policy.kind {
            Kind::Step { change } => Some(desired.saturating_add_signed(change)),
            Kind::Tracking { value, scale_in_disabled } => {
                let is_low = policy.alarms.get(1).is_some_and(|name| name == alarm);
                if is_low && scale_in_disabled {
                    return None;
                }
                let load = self.loads.get(&target.service)?;
                // The one alarm only takes away, the other only adds.
                Some(tasks_for(load.sum, value)).filter(|wanted| is_low == (*wanted < desired))
            }
        }
    }

    /// Says that nothing was done, once for as long as the reason stays the same.
    fn not_scaled(&mut self, t: usize, what: What, why: String) {
        let last = self.scaling.activities.iter().rev().find(|done| done.target == t);
        if last.is_none_or(|done| done.what != what) {
            self.scaling.note(t, self.now, what, why);
        }
    }
}

/// The tasks that carry a load at this value each.
fn tasks_for(load: f64, value: f64) -> u32 {
    let exact = (load / value.max(1.0)).ceil().clamp(0.0, 100_000.0);
    (0_u32..=100_000).find(|n| f64::from(*n) >= exact).unwrap_or(0)
}
