//! Secrets Manager of the simulated world: how secrets rotate. There are no values.
//!
//! `spec` is the scenario's part; `state` versions and their labels; `rotation` how a rotation goes, step by step; `facts`
//! the answers, of which the list lags behind; `asked` what a caller can have done.

mod asked;
mod facts;
mod rotation;
mod spec;
mod state;

pub(super) use rotation::Happens;
pub(super) use spec::{SecretSpec, validate};
pub(super) use state::{Secret, Vault};

use super::world::{Due, World};

impl World {
    /// Puts the rotations that are due one day on the agenda.
    pub(super) fn schedule_rotations(&mut self) {
        for n in 0..self.vault.secrets.len() {
            self.schedule_rotation(n);
        }
    }

    /// Something happens to a secret.
    pub(super) fn in_vault(&mut self, happens: Happens) {
        self.rotate(happens);
    }

    fn later(&mut self, after: std::time::Duration, happens: Happens) {
        self.agenda.add(self.now + after, Due::InVault(happens));
    }
}
