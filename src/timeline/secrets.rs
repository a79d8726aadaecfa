//! Rotations of secrets.

use super::{Pen, Seen, Source, Told, mark};
use crate::model::secret::{Secret, SecretFacts};
use crate::model::{Facts, Severity, Subject};
use crate::text::Text;

/// `rotation`.
pub const SOURCE: Source = Source {
    id: "rotation",
    feed: "secrets",
    doc: "Rotations of secrets: completed, and versions that were seen in the making",
    tell,
};

fn tell(facts: &Facts, pen: &mut Pen<'_>) {
    for secret in facts.get::<SecretFacts>().map_or(&[][..], |known| &known.secrets) {
        if pen.look(&secret.arn, mark((secret.rotated_at, secret.pending()))) == Seen::Same {
            continue;
        }
        let mut tell = |at, key: String, severity, words: String| {
            pen.tell(Told {
                at,
                severity,
                subject: Subject { kind: "secret", name: secret.name.clone(), id: secret.arn.clone() },
                related: Vec::new(),
                message: Text::from(words),
                key,
            });
        };
        if let Some(at) = secret.rotated_at {
            tell(Some(at), format!("{}|{}", secret.arn, at.millis()), Severity::Ok, "rotated".to_owned());
        }
        if let Some(version) = secret.pending() {
            let words = format!("a rotation has begun: version {version} is {}", Secret::PENDING);
            tell(None, format!("{}|pending|{version}", secret.arn), Severity::Info, words);
        }
    }
}
