//! Names and patterns of the configuration that nothing answers to: mostly a misspelling, which silently does nothing.

use crate::document::quoted;
use crate::model::Facts;
use crate::model::alarm::AlarmFacts;
use crate::model::ecs::EcsFacts;
use crate::model::secret::{PolicyPart, SecretFacts};
use crate::model::stack::{Stack, glob};

/// What of a stack's configuration fits nothing, of what the feeds that `is_whole` names have read in full.
pub(super) fn unmatched(stack: &Stack, facts: &Facts, is_whole: impl Fn(&str) -> bool) -> Vec<String> {
    let mut out = Vec::new();
    if let Some(ecs) = facts.get::<EcsFacts>().filter(|_| is_whole("ecs")) {
        let idle = |pattern: &&String| !ecs.clusters.iter().any(|seen| glob(pattern, &seen.item.name));
        out.extend(stack.clusters.iter().filter(idle).map(|pattern| said("clusters", pattern, "cluster")));
    }
    if let Some(known) = facts.get::<AlarmFacts>().filter(|_| is_whole("alarms")) {
        let idle = |pattern: &&String| !known.alarms.iter().any(|alarm| glob(pattern, &alarm.name));
        for (name, patterns) in [("critical", &known.policy.critical), ("ignore", &known.policy.ignore)] {
            let name = format!("[stack.alarms] {name}");
            out.extend(patterns.iter().filter(idle).map(|pattern| said(&name, pattern, "alarm")));
        }
    }
    if let Some(known) = facts.get::<SecretFacts>().filter(|_| is_whole("secrets")) {
        let idle = known.policy.parts.iter().filter(|part| !known.secrets.iter().any(|secret| part.fits(secret)));
        let which = idle.filter_map(PolicyPart::which);
        out.extend(which.map(|which| said("[[stack.secrets.policy]]", &which, "secret")));
    }
    out
}

fn said(place: &str, written: &str, what: &str) -> String {
    format!("{place}: no {what} fits {}", quoted(written))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::model::alarm::{Alarm, AlarmPolicy};
    use crate::model::ecs::{Cluster, Seen};
    use crate::model::secret::{RotationPolicy, Secret};
    use crate::text::Text;
    use crate::time::Timestamp;

    fn facts() -> Facts {
        let at = Timestamp::from_secs(0);
        let cluster = Cluster { name: Text::from("ehr"), ..Cluster::default() };
        let ecs = EcsFacts { clusters: vec![Seen { at, item: Arc::new(cluster) }], ..EcsFacts::default() };
        let named = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let policy = AlarmPolicy { critical: named(&["ehr-*", "her-*"]), ignore: named(&["*-tets"]) };
        let alarm = Alarm { name: Text::from("ehr-down"), ..Alarm::default() };
        let part = |prefix: &str| PolicyPart { prefix: Some(prefix.to_owned()), ..PolicyPart::default() };
        let tagged = PolicyPart { tag: Some(("tier".to_owned(), "gold".to_owned())), ..PolicyPart::default() };
        let secrets = SecretFacts {
            secrets: vec![Secret { name: Text::from("prod/db/app"), ..Secret::default() }],
            policy: RotationPolicy { parts: vec![part("prod/"), part("prd/"), tagged], ..RotationPolicy::default() },
            ..SecretFacts::default()
        };
        let mut facts = Facts::default();
        facts.put(at, Arc::new(ecs));
        facts.put(at, Arc::new(AlarmFacts { alarms: vec![alarm], policy, ..AlarmFacts::default() }));
        facts.put(at, Arc::new(secrets));
        facts
    }

    #[test]
    fn what_fits_nothing_is_told_where_all_was_read() {
        let stack = Stack {
            clusters: ["ehr*", "her"].map(str::to_owned).to_vec(),
            name: Text::from("prod"),
            ..Stack::default()
        };
        let right = [
            "clusters: no cluster fits \"her\"",
            "[stack.alarms] critical: no alarm fits \"her-*\"",
            "[stack.alarms] ignore: no alarm fits \"*-tets\"",
            "[[stack.secrets.policy]]: no secret fits \"prd/\"",
            "[[stack.secrets.policy]]: no secret fits \"tag tier=gold\"",
        ];
        assert_eq!(unmatched(&stack, &facts(), |_| true), right);
        assert_eq!(
            unmatched(&stack, &facts(), |feed| feed == "ecs"),
            right[..1],
            "of what was not read nothing is said"
        );
        assert_eq!(unmatched(&stack, &Facts::default(), |_| true), Vec::<String>::new());
    }
}
