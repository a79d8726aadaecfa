//! How a rotation goes: create, set, test, finish. One that cannot set the password stays where it is.

use std::time::Duration;

use super::state::{DAY, PREVIOUS};
use crate::backend::sim::world::World;
use crate::model::secret::Secret as Facts;

/// A rotation begins this long before it is due at the latest.
const LEAD: Duration = Duration::from_secs(60);
/// From the begin to the first step, and from one step to the next.
pub(super) const CREATE: Duration = Duration::from_secs(10);
pub(super) const SET: Duration = Duration::from_secs(15);
const FINISH: Duration = Duration::from_secs(12);
/// Versions kept: the one in use, the one before, and one that is being made.
const KEPT: usize = 3;

/// What happens to a secret at a certain time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::backend::sim) enum Happens {
    Begins(usize),
    Creates(usize),
    /// The new password is set; whether that is to fail.
    Sets(usize, bool),
    Finishes(usize),
}

impl World {
    pub(super) fn schedule_rotation(&mut self, n: usize) {
        let Some(at) = self.vault.secrets[n].at(self.now).and_then(|state| state.rotates_at) else { return };
        if at - LEAD > self.now && self.vault.secrets[n].exists(self.now) {
            let after = (at - LEAD).since(self.now);
            self.later(after, Happens::Begins(n));
        }
    }

    /// Rotates a secret now.
    pub(in crate::backend::sim) fn begin_rotation(&mut self, n: usize, fails: bool) {
        // One that is stuck blocks every further one.
        let secret = &self.vault.secrets[n];
        let rotates = secret.at(self.now).is_some_and(|state| state.rotates);
        if rotates && !secret.is_rotating(self.now) && secret.exists(self.now) {
            self.later(CREATE, Happens::Creates(n));
            self.later(CREATE + SET, Happens::Sets(n, fails));
        }
    }

    /// Has a secret deleted after a while.
    pub(in crate::backend::sim) fn delete_secret(&mut self, n: usize, after: Duration) {
        let now = self.now;
        self.vault.secrets[n].change(now, |state| state.deleted_at = Some(now + after));
    }

    pub(super) fn rotate(&mut self, happens: Happens) {
        match happens {
            Happens::Begins(n) => self.begin_rotation(n, false),
            Happens::Creates(n) => self.create_version(n),
            Happens::Sets(n, fails) => {
                let database = self.vault.secrets[n].spec.database.as_ref();
                let instance = database.and_then(|name| self.fleet.instance(name));
                let is_down = instance.is_some_and(|i| self.fleet.instances[i].is_down(self.now));
                if !fails && !is_down && self.goes_on(n) {
                    self.later(FINISH, Happens::Finishes(n));
                }
            }
            Happens::Finishes(n) if self.goes_on(n) => {
                self.finish_rotation(n);
                self.schedule_rotation(n);
            }
            Happens::Finishes(_) => {}
        }
    }

    /// Whether a rotation is under way and was not cancelled.
    fn goes_on(&self, n: usize) -> bool {
        let secret = &self.vault.secrets[n];
        secret.is_rotating(self.now) && secret.at(self.now).is_some_and(|state| state.rotates)
    }

    fn create_version(&mut self, n: usize) {
        // Somebody was faster.
        if self.vault.secrets[n].is_rotating(self.now) {
            return;
        }
        let version = self.vault.version(self.now, vec![Facts::PENDING]);
        let now = self.now;
        self.vault.secrets[n].change(now, |state| {
            for old in &mut state.versions {
                old.stages.retain(|stage| *stage != Facts::PENDING);
            }
            state.versions.push(version);
        });
    }

    fn finish_rotation(&mut self, n: usize) {
        let now = self.now;
        let secret = &mut self.vault.secrets[n];
        let every = secret.spec.every.map(|days| DAY * days);
        let leaves = secret.spec.leaves_pending;
        secret.change(now, |state| {
            for version in &mut state.versions {
                version.stages = match version.stages.as_slice() {
                    [Facts::PENDING] if leaves => vec![Facts::CURRENT, Facts::PENDING],
                    [Facts::PENDING] => vec![Facts::CURRENT],
                    [Facts::CURRENT, ..] => vec![PREVIOUS],
                    _ => Vec::new(),
                };
            }
            let surplus = state.versions.len().saturating_sub(KEPT);
            state.versions.drain(..surplus);
            state.rotated_at = Some(now);
            state.rotates_at = every.map(|every| now + every);
        });
    }
}
