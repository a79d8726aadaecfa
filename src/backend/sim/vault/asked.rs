//! What a caller can have done to a secret: rotate it now, and no longer.

use super::rotation::{CREATE, Happens, SET};
use super::state::Version;
use crate::backend::change::Change;
use crate::backend::sim::actions::refused;
use crate::backend::sim::world::World;
use crate::model::Fault;
use crate::model::secret::Secret as Facts;

const NOT_COMPLETE: &str = "A previous rotation isn't complete. That rotation will be reattempted.";
const MARKED: &str = "You can't perform this operation on the secret because it was marked for deletion.";
const NO_FUNCTION: &str = "No Lambda rotation function ARN is associated with this secret.";
const REPLICA: &str = "Operation not permitted on a replica secret. Call must be made in primary secret's region.";

impl World {
    /// Begins to rotate a secret, by ARN or name, into the version of this id; gives that. The same id again changes nothing.
    ///
    /// # Errors
    /// Refused by Secrets Manager: it is not there, is to be deleted, is a replica, cannot rotate, or rotates already.
    pub fn rotate_secret(&mut self, name: &str, token: &str) -> Result<String, Fault> {
        let n = self.secret_to_change(name, Change::ROTATE_SECRET)?;
        let now = self.now;
        let secret = &mut self.vault.secrets[n];
        if secret.at(now).is_some_and(|state| state.versions.iter().any(|version| version.id == token)) {
            return Ok(token.to_owned());
        }
        if secret.is_rotating(now) {
            return Err(refused(Change::ROTATE_SECRET, "InvalidRequestException", NOT_COMPLETE));
        }
        let (arn, version) =
            (secret.arn.clone(), Version { id: token.to_owned(), created_at: now, stages: vec![Facts::PENDING] });
        secret.change(now, |state| {
            // The label on the version in use is what the rotation before may have left.
            for old in &mut state.versions {
                old.stages.retain(|stage| *stage != Facts::PENDING);
            }
            state.versions.push(version);
            state.rotates = true;
        });
        self.later(CREATE + SET, Happens::Sets(n, false));
        self.changed(Change::ROTATE_SECRET, arn, format!("ClientRequestToken={token}"));
        Ok(token.to_owned())
    }

    /// Has a secret, by ARN or name, rotate no more; what is being made stays as it is.
    ///
    /// # Errors
    /// Refused by Secrets Manager: it is not there, is to be deleted, is a replica, or cannot rotate.
    pub fn cancel_rotation(&mut self, name: &str) -> Result<(), Fault> {
        let n = self.secret_to_change(name, Change::CANCEL_ROTATION)?;
        let (now, secret) = (self.now, &mut self.vault.secrets[n]);
        let arn = secret.arn.clone();
        secret.change(now, |state| (state.rotates, state.rotates_at) = (false, None));
        self.changed(Change::CANCEL_ROTATION, arn, "rotation off".to_owned());
        Ok(())
    }

    fn secret_to_change(&self, name: &str, action: &'static str) -> Result<usize, Fault> {
        let n = self.secret(name, action)?;
        let secret = &self.vault.secrets[n];
        let refuse = |message| Err(refused(action, "InvalidRequestException", message));
        match secret.at(self.now) {
            Some(state) if state.deleted_at.is_some() => refuse(MARKED),
            _ if secret.spec.primary_region.as_deref().is_some_and(|region| *region != *self.home.region) => {
                refuse(REPLICA)
            }
            _ if secret.spec.every.is_none() => refuse(NO_FUNCTION),
            _ => Ok(n),
        }
    }
}
