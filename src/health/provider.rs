//! Capacity providers: settings that keep a cluster from growing or from shrinking safely.

use std::collections::HashSet;

use super::{About, Rule, Sink, subject, words};
use crate::model::ecs::{EcsFacts, Provider};
use crate::model::scaling::GroupFacts;
use crate::model::{Facts, Severity};
use crate::text::Text;

pub(super) const SCALING_OFF: Rule = Rule {
    id: "scaling-provider-unscaled",
    domain: "scaling",
    doc: "Services place their tasks through a capacity provider whose managed scaling is off: its group never grows for them.",
    source: "ECS API: managedScaling.status",
    thresholds: &[],
    read_at: Facts::taken_at::<EcsFacts>,
    check: scaling_off,
};

pub(super) const PROTECTION: Rule = Rule {
    id: "scaling-provider-protection",
    domain: "scaling",
    doc: "Managed termination protection is on, but the group does not protect new instances: both are needed.",
    source: "ECS developer guide: managedTerminationProtection needs NewInstancesProtectedFromScaleIn",
    thresholds: &[],
    read_at: Facts::older::<EcsFacts, GroupFacts>,
    check: protection,
};

pub(super) const DRAINING_OFF: Rule = Rule {
    id: "scaling-provider-draining-off",
    domain: "scaling",
    doc: "Managed draining is off: instances are terminated with their tasks still on them.",
    source: "ECS API: managedDraining",
    thresholds: &[],
    read_at: Facts::taken_at::<EcsFacts>,
    check: draining_off,
};

pub(super) const UPDATE_FAILED: Rule = Rule {
    id: "scaling-provider-update-failed",
    domain: "scaling",
    doc: "The last change of a capacity provider failed.",
    source: "ECS API: CapacityProvider.updateStatus and updateStatusReason",
    thresholds: &[],
    read_at: Facts::taken_at::<EcsFacts>,
    check: update_failed,
};

/// Calls `judge` for every provider that stands on a group, at the time it was read.
fn each(facts: &Facts, sink: &mut Sink<'_>, mut judge: impl FnMut(&Provider, &Text, &mut Sink<'_>)) {
    for seen in facts.get::<EcsFacts>().map_or(&[][..], |ecs| &ecs.providers) {
        if let Some(group) = seen.item.group_name() {
            judge(&seen.item, &group, &mut sink.at(seen.at));
        }
    }
}

fn scaling_off(facts: &Facts, sink: &mut Sink<'_>) {
    let services = facts.get::<EcsFacts>().map_or(&[][..], |ecs| &ecs.services);
    let live = services.iter().filter(|s| s.item.status.as_deref() != Some("INACTIVE"));
    let used: HashSet<&Text> = live.flat_map(|s| &s.item.providers).collect();
    each(facts, sink, |provider, group, sink| match provider.managed_scaling.as_deref() {
        None => {}
        Some("DISABLED") if used.contains(&provider.name) => {
            let about = About::new(format!("{}: managed scaling is off, {group} does not grow", provider.name))
                .with("managedScaling", "DISABLED")
                .next("turn managed scaling on, or change the group's size by hand");
            sink.found(Severity::Warn, subject::provider(provider), about);
        }
        Some(_) => sink.ok(|| subject::provider(provider)),
    });
}

fn protection(facts: &Facts, sink: &mut Sink<'_>) {
    let Some(groups) = facts.get::<GroupFacts>() else { return };
    each(facts, sink, |provider, name, sink| {
        let Some(group) = groups.group(name) else { return };
        let (severity, says) = match (provider.termination_protection.as_deref(), group.protects_new_instances) {
            (None, _) => return,
            (Some("ENABLED"), Some(false)) => (Severity::Warn, "does not protect its new instances"),
            (Some("ENABLED"), None) => (Severity::Unknown, "does not say whether it protects its new instances"),
            _ => return sink.ok(|| subject::provider(provider)),
        };
        let about = About::new(format!("{}: termination protection has no effect, {name} {says}", provider.name))
            .with("managedTerminationProtection", "ENABLED")
            .with("NewInstancesProtectedFromScaleIn", words::given(group.protects_new_instances))
            .next("turn on instance scale-in protection in the group");
        sink.found(severity, subject::provider(provider), about);
    });
}

fn draining_off(facts: &Facts, sink: &mut Sink<'_>) {
    each(facts, sink, |provider, group, sink| match provider.managed_draining.as_deref() {
        None => {}
        Some("DISABLED") => {
            let message =
                format!("{}: managed draining is off, {group} ends instances with their tasks", provider.name);
            sink.found(
                Severity::Info,
                subject::provider(provider),
                About::new(message).with("managedDraining", "DISABLED"),
            );
        }
        Some(_) => sink.ok(|| subject::provider(provider)),
    });
}

fn update_failed(facts: &Facts, sink: &mut Sink<'_>) {
    each(facts, sink, |provider, _, sink| match provider.update_status.as_deref() {
        None => {}
        Some(status) if status.ends_with("_FAILED") => {
            let why = provider.update_reason.as_deref().filter(|r| !r.is_empty());
            let why = why.map(|r| format!(": {}", words::quote(r))).unwrap_or_default();
            let about = About::new(format!("{}: its last change failed{why}", provider.name))
                .with("updateStatus", status)
                .with("updateStatusReason", words::given(provider.update_reason.as_ref()));
            sink.found(Severity::Warn, subject::provider(provider), about);
        }
        Some(_) => sink.ok(|| subject::provider(provider)),
    });
}

#[cfg(test)]
pub(in crate::health) mod tests {
    use super::super::fixture::*;
    use super::*;
    use crate::model::ecs::Service;

    /// The tests with tables of rules.
    pub(in crate::health) const TABLES: &[fn()] = &[
        managed_scaling_matters_where_services_rely_on_it,
        termination_protection_needs_the_group_too,
        draining_and_updates_are_said_as_told,
    ];

    fn provided(change: impl FnOnce(&mut Provider)) -> World {
        let mut world = with(service(2, 2)).scaled(group(5, 6, 12));
        change(&mut world.providers[0]);
        world
    }

    #[test]
    fn managed_scaling_matters_where_services_rely_on_it() {
        let off = |p: &mut Provider| p.managed_scaling = text("DISABLED");
        let mut unused = provided(off);
        unused.services = vec![Service { providers: vec![], ..service(2, 2) }];
        table(
            SCALING_OFF.id,
            &[
                (provided(|_| {}), &["ok"]),
                (provided(off), &["warn main: managed scaling is off, asg-ehr does not grow"]),
                (unused, &["ok"]),
                (provided(|p| p.managed_scaling = None), &[]),
                (provided(|p| p.group_arn = None), &[]),
            ],
        );
    }

    #[test]
    fn termination_protection_needs_the_group_too() {
        let group_says = |protects| {
            let mut world = provided(|_| {});
            world.groups.as_mut().unwrap().groups[0].protects_new_instances = protects;
            world
        };
        let mut unread = provided(|_| {});
        unread.groups = None;
        table(
            PROTECTION.id,
            &[
                (group_says(Some(true)), &["ok"]),
                (
                    group_says(Some(false)),
                    &["warn main: termination protection has no effect, asg-ehr does not protect its new instances"],
                ),
                (
                    group_says(None),
                    &[
                        "unknown main: termination protection has no effect, asg-ehr does not say whether it protects its \
                     new instances",
                    ],
                ),
                (provided(|p| p.termination_protection = text("DISABLED")), &["ok"]),
                (provided(|p| p.termination_protection = None), &[]),
                (unread, &[]),
            ],
        );
    }

    #[test]
    fn draining_and_updates_are_said_as_told() {
        table(
            DRAINING_OFF.id,
            &[
                (provided(|_| {}), &["ok"]),
                (
                    provided(|p| p.managed_draining = text("DISABLED")),
                    &["info main: managed draining is off, asg-ehr ends instances with their tasks"],
                ),
                (provided(|p| p.managed_draining = None), &[]),
            ],
        );
        let update = |status: Option<&str>, why: &str| {
            provided(|p| (p.update_status, p.update_reason) = (status.and_then(text), text(why)))
        };
        table(
            UPDATE_FAILED.id,
            &[
                (update(Some("UPDATE_COMPLETE"), ""), &["ok"]),
                (update(Some("UPDATE_FAILED"), "no group."), &["warn main: its last change failed: no group"]),
                (update(Some("DELETE_FAILED"), ""), &["warn main: its last change failed"]),
                (update(None, ""), &[]),
            ],
        );
    }
}
