//! Secrets: whether they rotate as they should, and who still holds the value of before.

mod keeping;
mod rotation;
mod stale;
mod stuck;

#[cfg(test)]
mod laws;
#[cfg(test)]
pub(in crate::health) mod tests;

pub(super) use keeping::{DELETED, KEY, MANAGED, UNUSED};
pub(super) use rotation::{AGE, OFF, OVERDUE, SCHEDULE};
pub(super) use stale::STALE;
pub(super) use stuck::STUCK;
pub use stuck::is_empty;

use std::time::Duration;

use super::Sink;
use crate::model::secret::{Secret, SecretFacts};
use crate::model::{Facts, Subject};
use crate::text::Text;

const DAY: Duration = Duration::from_hours(24);

fn subject(secret: &Secret) -> Subject {
    Subject { kind: "secret", name: secret.name.clone(), id: secret.arn.clone() }
}

/// Every secret, at the time it was read.
fn each<'a>(facts: &'a Facts, sink: &mut Sink<'_>, mut judge: impl FnMut(&'a SecretFacts, &'a Secret, &mut Sink<'_>)) {
    let Some(known) = facts.get::<SecretFacts>() else { return };
    known.secrets.iter().for_each(|secret| judge(known, secret, &mut sink.at(secret.read_at)));
}

/// Every secret that rotates here, or should: not one that is to be deleted, nor a replica, which follows its primary.
fn each_rotating<'a>(
    facts: &'a Facts,
    sink: &mut Sink<'_>,
    mut judge: impl FnMut(&'a SecretFacts, &'a Secret, &mut Sink<'_>),
) {
    each(facts, sink, |known, secret, sink| {
        if secret.deleted_at.is_none() && !is_replica(secret) {
            judge(known, secret, sink);
        }
    });
}

/// Whether its primary is in another region.
#[must_use]
pub fn is_replica(secret: &Secret) -> bool {
    let own = secret.arn.split(':').nth(3).filter(|region| !region.is_empty());
    matches!((&secret.primary_region, own), (Some(primary), Some(own)) if *primary != *own)
}

/// What the checks on the rotation of one secret have in common: one of them says it. All that do not rotate by themselves are
/// one matter.
fn rotation_of(secret: &Secret) -> Text {
    match secret.rotation_enabled {
        Some(true) => Text::from(format!("rotation of {}", secret.arn)),
        _ => Text::from("rotation that is off"),
    }
}

/// The service that made a secret for itself and keeps it. RDS names its own `rds!…`, which nobody else can.
fn manager(secret: &Secret) -> Option<Text> {
    let by_name = || secret.name.starts_with("rds!").then(|| Text::from("rds"));
    secret.owner.clone().or_else(by_name)
}

/// Whole days, as policies and schedules are written.
fn days(span: Duration) -> String {
    format!("{} d", span.as_secs() / DAY.as_secs())
}
