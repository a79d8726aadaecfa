//! A rotation that does not come to its end.

use super::{each_rotating, rotation_of, subject};
use crate::health::{About, Level, Rule, Sink, Threshold, words};
use crate::model::secret::{Secret, SecretFacts, Version};
use crate::model::{Facts, Severity};
use crate::text::Text;
use crate::time::{Timestamp, human};

pub(in super::super) const STUCK: Rule = Rule {
    id: "secret-rotation-stuck",
    domain: "secrets",
    doc: "A version of a secret is being made and does not come into use. While it waits, no other rotation can begin. A pending \
          label on the version in use is what a rotation that was completed may leave.",
    source: "Secrets Manager API: AWSPENDING and AWSCURRENT; a rotation function runs 15 min at most; 60 min (practice)",
    thresholds: &[Threshold::minutes("warn", 15), Threshold::minutes("crit", 60)],
    read_at: Facts::taken_at::<SecretFacts>,
    check: stuck,
};

fn stuck(facts: &Facts, sink: &mut Sink<'_>) {
    each_rotating(facts, sink, |known, secret, sink| {
        let Some(version) = secret.pending() else {
            // Where no label was told, none is known to be missing.
            if secret.version(Secret::CURRENT).is_some() {
                sink.ok(|| subject(secret));
            }
            return;
        };
        let versions = known.versions.get(&secret.arn);
        let own = made_at(known, secret);
        // Each version has a time of its own: the next rotation begins anew.
        let seen = sink.observe(&Text::from(format!("{} {version}", secret.arn)));
        let since = own.unwrap_or(seen);
        let held = sink.now().since(since);
        let severity = match held {
            held if held >= sink.span("crit") => Severity::Crit,
            held if held >= sink.span("warn") => Severity::Warn,
            // How long it has been so nobody tells, and that it is overdue is said: it may have failed long ago.
            _ if own.is_none() && secret.rotates_at.is_some_and(|at| at < sink.now()) => return,
            _ => Severity::Info,
        };
        let about = about(secret, version, versions, (severity, human(held)));
        let about = if own.is_some() { about.since(own) } else { dated(sink, about, since) };
        sink.found(severity, subject(secret), about);
    });
}

/// When the version that is being made was made, where its versions were asked for.
fn made_at(known: &SecretFacts, secret: &Secret) -> Option<Timestamp> {
    let version = secret.pending()?;
    known.versions.get(&secret.arn)?.iter().find(|v| v.id == *version)?.created_at
}

/// Whether a secret is known to be rotated just now, for not too long: [`STUCK`] says so of it.
pub(super) fn is_rotating(known: &SecretFacts, secret: &Secret, sink: &Sink<'_>) -> bool {
    let Level::Span(patience) = sink.level(&STUCK, "warn") else { return false };
    made_at(known, secret).is_some_and(|at| sink.now().since(at) < patience)
}

/// AWS tells the version's time only where its versions were asked for.
fn dated(sink: &Sink<'_>, about: About, since: Timestamp) -> About {
    sink.dated(about, since)
}

/// Whether the version that is being made holds no value yet: it has a label, and is not among the versions.
#[must_use]
pub fn is_empty(secret: &Secret, versions: Option<&Vec<Version>>) -> Option<bool> {
    let version = secret.pending()?;
    Some(!versions?.iter().any(|listed| listed.id == *version))
}

fn about(
    secret: &Secret,
    version: &Text,
    versions: Option<&Vec<Version>>,
    (severity, held): (Severity, String),
) -> About {
    let words = match severity {
        Severity::Info => "rotating".to_owned(),
        _ => format!("rotation stuck for {held}, blocks the next one"),
    };
    let about = About::new(format!("{}: {words}", secret.name))
        .cause(rotation_of(secret))
        .with("AWSPENDING", version)
        .with("AWSCURRENT", words::given(secret.version(Secret::CURRENT)));
    match is_empty(secret, versions) {
        Some(true) => about.with("pending version", "empty: it failed in createSecret, the first step"),
        Some(false) => {
            about.with("pending version", "has a value: it failed in setSecret, testSecret or finishSecret, or goes on")
        }
        None => about,
    }
    .next("read the log of the rotation function; CloudTrail has RotationFailed with the step")
}
