//! What problems hang on in another domain: an alarm on what it watches, a secret on the database it opens, a service on the
//! groups it stands on.

use std::collections::BTreeSet;
use std::time::Duration;

use super::hooks::{self, Look};
use crate::health::rds::failover::Failovers;
use crate::model::Check;
use crate::model::ecs::{Instance, Service};
use crate::model::scaling::GroupFacts;
use crate::model::secret::{Consumers, SecretFacts};
use crate::text::Text;

/// What a metric of a database or a proxy measures, and the rule that says the same of it.
const MEASURED: &[(&str, &str)] = &[
    ("DatabaseConnectionsCurrentlyBorrowed", "rds-proxy-pool"),
    ("DatabaseConnectionsBorrowLatency", "rds-proxy-pool"),
    ("ClientConnections", "rds-proxy-pool"),
    ("ClientConnectionsSetupFailedAuth", "rds-proxy-auth"),
    ("DatabaseConnections", "rds-connections"),
    ("CPUUtilization", "rds-cpu"),
    ("FreeableMemory", "rds-memory"),
    ("FreeStorageSpace", "rds-storage-free"),
    ("ReplicaLag", "rds-replica-lag"),
    ("AuroraReplicaLag", "rds-aurora-lag"),
];

/// A rotation that was due this long before or after a failover may have failed for it: the window of a rotation is an hour at
/// least (Secrets Manager user guide, rotation schedules).
const NEAR: Duration = Duration::from_hours(1);

/// What an alarm measures, as the rule says it that judges the same.
pub(super) fn measured(look: &Look<'_>, check: &Check) -> Vec<String> {
    let alarm = look.alarm(check);
    let metric = alarm.and_then(|alarm| alarm.metric()?.metric.as_deref());
    let rule = MEASURED.iter().find(|(name, _)| metric == Some(*name)).map(|(_, rule)| rule);
    let watched = alarm.map(|alarm| alarm.watched(look.facts())).unwrap_or_default();
    let said = |rule: &&str| watched.iter().map(|thing| format!("{rule} {} {}", thing.kind, thing.id)).collect();
    rule.map(said).unwrap_or_default()
}

/// What a check says, and of what.
pub(super) fn said(_: &Look<'_>, check: &Check) -> Vec<String> {
    vec![format!("{} {} {}", check.rule, check.subject.kind, check.subject.id)]
}

/// The databases of what is told by others: those an alarm watches, those that a secret opens.
pub(super) fn databases(look: &Look<'_>, check: &Check) -> Vec<String> {
    match check.subject.kind {
        "alarm" => {
            let watched = look.alarm(check).map(|alarm| alarm.watched(look.facts())).unwrap_or_default();
            let all = watched.iter().filter(|thing| thing.kind == "database");
            all.flat_map(|thing| hooks::databases_of(look, &thing.id)).collect()
        }
        "secret" => opened(look, check),
        _ => Vec::new(),
    }
}

/// The databases behind the proxies that use a secret, and those whose own it is, if they failed over when it was to be
/// rotated.
fn opened(look: &Look<'_>, check: &Check) -> Vec<String> {
    let secrets = look.facts().get::<SecretFacts>().map_or(&[][..], |known| &known.secrets);
    let due = secrets.iter().find(|secret| secret.arn == check.subject.id).and_then(|secret| secret.rotates_at);
    let Some(due) = due.or(check.since) else { return Vec::new() };
    let (consumers, failovers) = (look.facts().derived::<Consumers>(), look.facts().derived::<Failovers>());
    let Some(uses) = consumers.of(&check.subject.id) else { return Vec::new() };
    let of_uses = uses.proxies.iter().chain(&uses.databases);
    let all: BTreeSet<String> = of_uses.flat_map(|thing| hooks::databases_of(look, &thing.id)).collect();
    let failed = |arn: &String| {
        let failover = failovers.of(&Text::from(arn));
        failover
            .and_then(|failover| failover.started.or(failover.completed))
            .is_some_and(|at| due.since(at) <= NEAR && at.since(due) <= NEAR)
    };
    all.into_iter().filter(failed).collect()
}

/// The secrets a proxy logs in with.
pub(super) fn secrets(look: &Look<'_>, check: &Check) -> Vec<String> {
    let known = look.facts().get::<SecretFacts>().map_or(&[][..], |known| &known.secrets);
    let consumers = look.facts().derived::<Consumers>();
    let uses =
        |arn: &str| consumers.of(arn).is_some_and(|uses| uses.proxies.iter().any(|proxy| proxy.id == check.subject.id));
    known.iter().filter(|secret| uses(&secret.arn)).map(|secret| format!("secret {}", secret.arn)).collect()
}

/// The groups that the instances of a service come from.
pub(super) fn groups_under(look: &Look<'_>, check: &Check) -> Vec<String> {
    look.services_of(check).into_iter().flat_map(|service| groups_of(look, service)).collect()
}

fn groups_of(look: &Look<'_>, service: &Service) -> Vec<String> {
    let providers = look.index().providers_for(service).iter();
    providers.filter_map(|name| look.group_of(name)).collect()
}

/// The same, of a service that lost tasks together with their instances.
pub(super) fn groups_lost(look: &Look<'_>, check: &Check) -> Vec<String> {
    let lost = look.lost();
    let services = look.services_of(check).into_iter().filter(|service| lost.contains(service.label().as_str()));
    services.flat_map(|service| groups_of(look, service)).collect()
}

/// A group that has fewer instances in service than it wants: its maximum is not what holds it.
pub(super) fn groups_short(look: &Look<'_>, check: &Check) -> Vec<String> {
    let groups = look.facts().get::<GroupFacts>().filter(|_| check.subject.kind == "group");
    let group =
        groups.and_then(|groups| groups.group(&check.subject.name)).filter(|group| group.is_short() == Some(true));
    group.map(|group| group.name.to_string()).into_iter().collect()
}

/// The groups whose instances drain: of an instance its own, of a service those of its tasks; and the group itself.
pub(super) fn groups_draining(look: &Look<'_>, check: &Check) -> Vec<String> {
    let of_instance = |instance: &Instance| look.group_of(instance.provider.as_deref()?);
    let is_draining = |instance: &&Instance| instance.status.as_deref() == Some("DRAINING");
    if let Some(instance) = look.instance(&check.subject.id) {
        return of_instance(instance).into_iter().collect();
    }
    if check.subject.kind == "group" {
        return hooks::groups(look, check);
    }
    let index = look.index();
    let services = look.services_of(check).into_iter();
    let on = services.flat_map(|service| index.tasks(service).iter().filter_map(|task| index.instance_of(task)));
    on.filter(is_draining).filter_map(of_instance).collect::<BTreeSet<String>>().into_iter().collect()
}
