//! What Secrets Manager answers.

use super::state::{Secret, State, Vault};
use crate::backend::sim::names::Home;
use crate::model::secret;
use crate::text::Text;
use crate::time::Timestamp;

impl Vault {
    /// A secret of the list, which is behind.
    pub fn listed(&self, n: usize, now: Timestamp, home: &Home) -> Option<secret::Secret> {
        let secret = &self.secrets[n];
        Some(secret_facts(secret, secret.at(now - secret.behind)?, now, home))
    }

    /// A secret as it is.
    pub fn described(&self, n: usize, now: Timestamp, home: &Home) -> Option<secret::Secret> {
        let secret = &self.secrets[n];
        Some(secret_facts(secret, secret.at(now)?, now, home))
    }

    /// The versions of a secret.
    pub fn version_facts(&self, n: usize, now: Timestamp) -> Vec<secret::Version> {
        let versions = self.secrets[n].at(now).map(|state| state.versions.as_slice()).unwrap_or_default();
        let facts = versions.iter().map(|v| secret::Version {
            id: Text::from(&v.id),
            stages: v.stages.iter().map(|stage| Text::from(*stage)).collect(),
            created_at: Some(v.created_at),
        });
        facts.collect()
    }
}

fn secret_facts(secret: &Secret, state: &State, now: Timestamp, home: &Home) -> secret::Secret {
    let spec = &secret.spec;
    let Home { region, account, .. } = home;
    let can_rotate = spec.every.is_some();
    let lambda = || format!("arn:aws:lambda:{region}:{account}:function:rotate-{}", spec.name.replace('/', "-"));
    let labelled = state.versions.iter().filter(|v| !v.stages.is_empty());
    secret::Secret {
        name: Text::from(&spec.name),
        arn: Text::from(&secret.arn),
        read_at: now,
        key: spec.key.as_ref().map(|alias| Text::from(format!("arn:aws:kms:{region}:{account}:alias/{alias}"))),
        rotation_enabled: can_rotate.then_some(state.rotates),
        lambda: (can_rotate && spec.owner.is_none()).then(|| Text::from(lambda())),
        rotates_after_days: spec.every,
        schedule: spec.schedule.as_ref().map(Text::from),
        window: spec.window.as_ref().map(Text::from),
        rotated_at: state.rotated_at,
        rotates_at: state.rotates_at,
        changed_at: Some(state.changed_at),
        accessed_at: secret.accessed_at,
        deleted_at: state.deleted_at,
        created_at: Some(secret.created_at),
        owner: spec.owner.as_ref().map(Text::from),
        primary_region: spec.primary_region.as_ref().map(Text::from),
        versions: labelled
            .map(|v| (Text::from(&v.id), v.stages.iter().map(|stage| Text::from(*stage)).collect()))
            .collect(),
        tags: spec.tags.iter().map(|(key, value)| (Text::from(key), Text::from(value))).collect(),
    }
}
