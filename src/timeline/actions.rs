//! What was done with this tool.

use super::{Pen, Source, Told};
use crate::model::audit::{Acted, AuditFacts};
use crate::model::{Facts, Severity, Subject};
use crate::text::Text;

/// `action`.
pub const SOURCE: Source =
    Source { id: "action", feed: "audit", doc: "What was done with this tool, and what came of it", tell };

/// What ARNs of targets contain, and the kind of thing it is.
const KINDS: [(&str, &str); 4] =
    [(":service/", "service"), (":container-instance/", "instance"), (":task/", "task"), (":secret:", "secret")];

fn tell(facts: &Facts, pen: &mut Pen<'_>) {
    for acted in facts.get::<AuditFacts>().map_or(&[][..], |audit| &audit.acted) {
        let by = if acted.user.is_empty() { String::new() } else { format!(" by {}", acted.user) };
        let why = if acted.reason.is_empty() { String::new() } else { format!(": {}", acted.reason) };
        let begun = acted.id.to_string();
        if pen.is_new(&begun, Some(acted.at)) {
            put(acted, begun, Some(acted.at), Severity::Info, format!("{} confirmed{by}{why}", acted.action), pen);
        }
        let Some(ended_at) = acted.ended_at.filter(|_| acted.outcome.is_some()) else { continue };
        let key = format!("{}|ended", acted.id);
        if pen.is_new(&key, Some(ended_at)) {
            let (severity, word) = acted.standing();
            let how = acted.message.as_deref().map(|how| format!(": {how}")).unwrap_or_default();
            put(acted, key, Some(ended_at), severity, format!("{} {word}{how}", acted.action), pen);
        }
    }
}

fn put(
    acted: &Acted,
    key: String,
    at: Option<crate::time::Timestamp>,
    severity: Severity,
    message: String,
    pen: &mut Pen<'_>,
) {
    let kind = KINDS.iter().find(|(piece, _)| acted.arn.contains(piece)).map(|(_, kind)| *kind);
    let action = || Subject { kind: "action", name: acted.target.clone(), id: acted.id.clone() };
    pen.tell(Told {
        at,
        severity,
        subject: kind.map_or_else(action, |kind| Subject { kind, name: acted.target.clone(), id: acted.arn.clone() }),
        related: vec![("action", acted.id.clone())],
        message: Text::from(message),
        key,
    });
}
