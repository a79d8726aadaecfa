//! What scaling did: of services, and of the groups behind capacity providers.

use super::{Pen, Seen, Source, Told, mark, zone};
use crate::model::ecs::{EcsFacts, EcsIndex};
use crate::model::scaling::{Activity, GroupActivity, GroupFacts, GroupHistory, Refresh, ScalingFacts};
use crate::model::{Facts, Severity, Subject};
use crate::text::Text;

/// `scaling`.
pub const SERVICES: Source = Source {
    id: "scaling",
    feed: "scaling",
    doc: "What Application Auto Scaling did, and what it left undone and why",
    tell: services,
};

/// `group`.
pub const GROUPS: Source = Source {
    id: "group",
    feed: "group-activities",
    doc: "What Auto Scaling groups did: launches, terminations, instance refreshes",
    tell: groups,
};

/// The service of this name in the cluster of this name, as a subject; by its name alone where it is not known.
pub(super) fn service(facts: &Facts, cluster: &str, name: &str) -> Subject {
    let services = facts.get::<EcsFacts>().map_or(&[][..], |ecs| &ecs.services);
    let is_in = |arn: &str| arn.rsplit('/').next() == Some(cluster);
    let known = services.iter().find(|seen| seen.item.name == *name && is_in(&seen.item.cluster_arn));
    let label = Text::from(format!("{cluster}/{name}"));
    let id = known.map_or_else(|| label.clone(), |seen| seen.item.arn.clone());
    Subject { kind: "service", name: label, id }
}

/// Reasons for not scaling that are as it should be.
const QUIET: [&str; 3] = ["AlreadyAtMinCapacity", "AlreadyAtDesiredCapacity", "AutoScalingAnticipatedFlapping"];

fn services(facts: &Facts, pen: &mut Pen<'_>) {
    for activity in facts.get::<ScalingFacts>().map_or(&[][..], |scaling| &scaling.activities) {
        if pen.look(&activity.key(), mark((&activity.status, &activity.message))) != Seen::Same {
            put(facts, activity, pen);
        }
    }
}

fn put(facts: &Facts, activity: &Activity, pen: &mut Pen<'_>) {
    let target = || Subject { kind: "scaling-target", name: activity.resource.clone(), id: activity.resource.clone() };
    let subject = activity.service().map_or_else(target, |(cluster, name)| service(facts, cluster, name));
    let reasons: Vec<&str> = activity.not_scaled.iter().map(|reason| reason.code.as_str()).collect();
    let words = |text: &Option<Text>| text.as_ref().map(|t| t.trim_end_matches('.').to_owned());
    let did = words(&activity.description).or_else(|| words(&activity.cause)).unwrap_or_else(|| "scaled".to_owned());
    let (severity, message) = match activity.status.as_deref() {
        _ if !reasons.is_empty() => {
            // Every idle service is at its minimum, and a scale-in put off is no trouble.
            let severity = if reasons.iter().all(|r| QUIET.contains(r)) { Severity::Info } else { Severity::Warn };
            (severity, format!("not scaled: {}: {did}", reasons.join(", ")))
        }
        Some("Failed" | "Unfulfilled") => {
            let why = activity.message.as_deref().unwrap_or("no reason given");
            (Severity::Warn, format!("failed: {did}: {why}"))
        }
        _ => (Severity::Info, did),
    };
    pen.tell(Told {
        at: activity.started_at,
        severity,
        subject,
        related: vec![("scaling-target", activity.resource.clone())],
        message: Text::from(message),
        key: activity.key().to_string(),
    });
}

fn groups(facts: &Facts, pen: &mut Pen<'_>) {
    let Some(history) = facts.get::<GroupHistory>() else { return };
    for activity in &history.activities {
        if pen.look(&activity.key(), mark((&activity.status, &activity.message))) != Seen::Same {
            put_group(facts, activity, pen);
        }
    }
    for refresh in &history.refreshes {
        if pen.look(&refresh.id, mark(&refresh.status)) != Seen::Same {
            put_refresh(facts, refresh, pen);
        }
    }
}

fn group(facts: &Facts, name: &Text) -> Subject {
    let known = facts.get::<GroupFacts>().and_then(|groups| groups.group(name)?.arn.clone());
    Subject { kind: "group", name: name.clone(), id: known.unwrap_or_else(|| name.clone()) }
}

fn put_group(facts: &Facts, activity: &GroupActivity, pen: &mut Pen<'_>) {
    let did = activity.description.as_deref().unwrap_or("an activity without a description").trim_end_matches('.');
    let why = activity.message.as_deref().map(|why| format!(": {why}")).unwrap_or_default();
    let (severity, message) = match activity.status.as_deref() {
        Some("Failed") => (Severity::Warn, format!("failed: {did}{why}")),
        Some("Cancelled") => (Severity::Info, format!("cancelled: {did}{why}")),
        _ => (Severity::Info, did.to_owned()),
    };
    let ids = did.split(|c: char| !c.is_ascii_alphanumeric() && c != '-').filter(|word| word.starts_with("i-"));
    let index = facts.derived::<EcsIndex>();
    let related = ids.filter_map(|id| index.instance_by_ec2_id(id)).flat_map(|instance| {
        let place = instance.az.as_deref().filter(|_| severity > Severity::Info).map(zone);
        [("instance", instance.arn.clone())].into_iter().chain(place)
    });
    put_resized(facts, activity, pen);
    pen.tell(Told {
        at: activity.started_at,
        severity,
        subject: group(facts, &activity.group),
        related: related.collect(),
        message: Text::from(message),
        key: activity.key().to_string(),
    });
}

/// What somebody set of a group's size: told by the cause of each activity that it led to, and one entry.
fn put_resized(facts: &Facts, activity: &GroupActivity, pen: &mut Pen<'_>) {
    let Some(set) = activity.resized() else { return };
    let key = format!("{}/resized/{:?}", activity.group, set.at);
    if !pen.is_new(&key, set.at) {
        return;
    }
    let severity = if set.is_cut() { Severity::Warn } else { Severity::Info };
    let message = Text::from(format!("a user request set {}", set.words()));
    pen.tell(Told { at: set.at, severity, subject: group(facts, &activity.group), related: Vec::new(), message, key });
}

/// One entry for each state a refresh was seen in.
fn put_refresh(facts: &Facts, refresh: &Refresh, pen: &mut Pen<'_>) {
    let status = refresh.status.as_deref().unwrap_or("in a state that is not told");
    let severity = match status {
        "Failed" | "RollbackFailed" => Severity::Warn,
        "Successful" | "RollbackSuccessful" => Severity::Ok,
        _ => Severity::Info,
    };
    let at = if matches!(status, "Pending" | "InProgress") { refresh.started_at } else { refresh.ended_at };
    let why = refresh.reason.as_deref().map(|why| format!(": {why}")).unwrap_or_default();
    pen.tell(Told {
        at,
        severity,
        subject: group(facts, &refresh.group),
        related: Vec::new(),
        message: Text::from(format!("instance refresh {status}{why}")),
        key: format!("{}/{status}", refresh.id),
    });
}
