//! The domains of the overview: one line each for every stack. A domain is one value and one line in [`DOMAINS`].

use super::{StackScene, findings, mongo, secrets};
use crate::model::Severity;
use crate::model::alarm::AlarmFacts;
use crate::model::audit::AuditFacts;
use crate::model::ecs::EcsFacts;
use crate::model::rds::RdsFacts;
use crate::model::scaling::{GroupFacts, ScalingFacts};

/// A domain.
pub struct Domain {
    /// Its id, as rules and feeds name it.
    pub id: &'static str,
    /// Its name on screen.
    pub label: &'static str,
    /// The view its line opens.
    pub view: &'static str,
    /// What there is of it, in a few words, where nothing is the matter with it, and whether that is well or only worth knowing;
    /// `None` where it has not been read.
    pub summary: fn(&StackScene<'_>) -> Option<(Severity, String)>,
}

/// Every domain, in the order of the overview.
pub const DOMAINS: &[&Domain] = &[&ECS, &MONGO, &RDS, &SCALING, &ALARMS, &GUARDDUTY, &SECRETS, &AUDIT];

const ECS: Domain = Domain {
    id: "ecs",
    label: "ECS",
    view: "services",
    summary: |scene| {
        let ecs = scene.facts.get::<EcsFacts>()?;
        let counts = [
            (ecs.clusters.len(), "cluster"),
            (ecs.services.len(), "service"),
            (ecs.tasks.len(), "task"),
            (ecs.instances.len(), "instance"),
        ];
        Some((Severity::Ok, counts.map(|(n, word)| plural(n, word)).join(", ")))
    },
};

const MONGO: Domain = Domain { id: "mongo", label: "MongoDB", view: "mongo", summary: mongo::summary };

const SCALING: Domain = Domain {
    id: "scaling",
    label: "Scaling",
    view: "scaling",
    summary: |scene| {
        let groups = &scene.facts.get::<GroupFacts>()?.groups;
        // Without the targets nothing is known of services; that they could not be read is told by their feed.
        let targets = scene.facts.get::<ScalingFacts>().filter(|scaling| scaling.read_at.targets.is_some())?;
        let full = groups.iter().filter(|g| g.at_maximum() == Some(true)).count();
        let full = if full > 0 { format!(", {full} at maximum") } else { String::new() };
        let told = format!(
            "{}, {}{full}",
            plural(targets.targets.len(), "target"),
            plural(groups.len(), "Auto Scaling group")
        );
        Some((Severity::Ok, told))
    },
};

const ALARMS: Domain = Domain {
    id: "alarms",
    label: "Alarms",
    view: "alarms",
    summary: |scene| {
        let known = scene.facts.get::<AlarmFacts>().filter(|known| known.alarms_at.is_some())?;
        let on = known.alarms.iter().filter(|alarm| alarm.is_on() == Some(true));
        let scaling = on.filter(|alarm| alarm.only_scales()).count();
        let told = if known.alarms.is_empty() { "no alarms".to_owned() } else { plural(known.alarms.len(), "alarm") };
        Some((Severity::Ok, if scaling > 0 { format!("{told}, {scaling} in ALARM only to scale") } else { told }))
    },
};

const RDS: Domain = Domain {
    id: "rds",
    label: "RDS",
    view: "databases",
    summary: |scene| {
        let rds = scene.facts.get::<RdsFacts>()?;
        let alone = rds.instances.iter().filter(|i| i.cluster.is_none()).count();
        let counts = [(rds.clusters.len(), "cluster"), (alone, "database"), (rds.proxies.len(), "proxy")];
        let told: Vec<String> = counts.into_iter().filter(|(n, _)| *n > 0).map(|(n, word)| plural(n, word)).collect();
        // What could not be listed is told by its gap.
        Some((Severity::Ok, if told.is_empty() { "no databases".to_owned() } else { told.join(", ") }))
    },
};

const GUARDDUTY: Domain = Domain { id: "guardduty", label: "GuardDuty", view: "findings", summary: findings::summary };

const SECRETS: Domain = Domain { id: "secrets", label: "Secrets", view: "secrets", summary: secrets::summary };

const AUDIT: Domain = Domain {
    id: "audit",
    label: "Actions",
    view: "audit",
    summary: |scene| {
        let acted = &scene.facts.get::<AuditFacts>()?.acted;
        let Some(last) = acted.first() else { return Some((Severity::Ok, "none taken with this tool".to_owned())) };
        let under_way = acted.iter().filter(|acted| acted.is_held).count();
        let (standing, word) = last.standing();
        // What needs somebody is a problem by its rule; a failed action is over and was told.
        let severity = standing.min(Severity::Info);
        let mut told = format!("last {} {}: {word}", last.action, last.target);
        if let (Severity::Info, Some(message)) = (severity, &last.message) {
            told = format!("{told}: {message}");
        }
        Some((severity, if under_way > 0 { format!("{under_way} under way, {told}") } else { told }))
    },
};

fn plural(n: usize, word: &str) -> String {
    match word.strip_suffix('y') {
        _ if n == 1 => format!("1 {word}"),
        Some(stem) => format!("{n} {stem}ies"),
        None => format!("{n} {word}s"),
    }
}
