//! What becomes of a rotation, and who still holds the old value afterwards.

use super::{CURRENT, state};
use crate::action::plan::State;
use crate::action::{Bench, Look, Stage, force_deploy};
use crate::health::words::count;
use crate::model::secret::Secret;
use crate::text::Text;

/// The label of the version before the current one.
const PREVIOUS: &str = "AWSPREVIOUS";

/// How far the rotation into the version `wanted` has come.
pub(super) fn look(secret: &Secret, before: &State, wanted: &Text) -> Look {
    let (current, pending) = (secret.version(Secret::CURRENT), secret.pending());
    let name = |version: Option<&Text>| version.map_or("no version".to_owned(), Text::to_string);
    let (stage, text) = if current == Some(wanted) {
        (Stage::Done, format!("AWSCURRENT is the new version {wanted}"))
    } else if secret.version(PREVIOUS) == Some(wanted) {
        (Stage::Done, format!("the new version {wanted} was AWSCURRENT, and has been replaced since"))
    } else if secret.deleted_at.is_some() {
        (Stage::Failed, "the secret is to be deleted now".to_owned())
    } else if pending == Some(wanted) && secret.rotation_enabled == Some(false) {
        (Stage::Failed, format!("it was cancelled: rotation is off, and AWSPENDING still on {wanted}"))
    } else if pending == Some(wanted) {
        (Stage::Going, format!("AWSPENDING is on the new version {wanted}, AWSCURRENT not yet"))
    } else if current.map_or("", Text::as_str) != before.get(CURRENT) {
        (Stage::Failed, format!("AWSCURRENT moved to {}, which this rotation did not make", name(current)))
    } else if pending.is_some() {
        (Stage::Failed, format!("another rotation is under way: AWSPENDING is on {}", name(pending)))
    } else if secret.versions.contains_key(wanted) {
        (Stage::Going, format!("the new version {wanted} is there, AWSCURRENT still on {}", name(current)))
    } else {
        (Stage::Unseen, format!("AWSCURRENT is still {}, and no new version is to be seen", name(current)))
    };
    Look { stage, text, state: state(secret) }
}

/// Which tasks hold the value of before, in words, and whether there are any of services.
pub(super) async fn left(bench: &Bench, secret: &Secret) -> (String, bool) {
    let reading = match bench.around(secret).await {
        Ok(reading) => reading,
        Err(fault) => return (format!("who holds the old value could not be read: {fault}"), false),
    };
    let stale = force_deploy::Stale::of(&reading, &secret.arn);
    let unsure = stale.unsure().map(|words| format!("; {words}")).unwrap_or_default();
    if stale.services.is_empty() {
        let known = if stale.is_complete { "" } else { " that could be read" };
        return (format!("no task of a service{known} holds the old value{unsure}"), false);
    }
    let services: Vec<&str> = stale.services.iter().map(Text::as_str).collect();
    let hold = if services.len() == 1 { "holds" } else { "hold" };
    (format!("{} still {hold} the old value: {}{unsure}", count(services.len(), "service"), services.join(", ")), true)
}
