//! Availability zones: whether losing one would take a service or a cluster down.

use std::collections::BTreeSet;

use super::guardduty::Evidence;
use super::{About, Rule, Sink, service, subject, words};
use crate::model::ecs::{Cluster, EcsFacts, EcsIndex, Instance, Scheduling, Service};
use crate::model::{Facts, Severity};
use crate::text::Text;

pub(super) const SPREAD: Rule = Rule {
    id: "ecs-service-zones",
    domain: "ecs",
    doc: "The tasks of a service are not spread over the zones it may use; with all of them in one zone, losing it takes the \
          service down. Not judged during a deployment, nor where a placement expression decides.",
    source: "ECS itself writes \"is not AZ balanced\" at a difference above one; practice",
    thresholds: &[],
    read_at: Facts::taken_at::<EcsFacts>,
    check: spread,
};

pub(super) const ONE_ZONE: Rule = Rule {
    id: "ecs-cluster-one-zone",
    domain: "ecs",
    doc: "Only one zone has container instances that can take tasks, or none has. A cluster of a single instance is a warning.",
    source: "practice, no AWS source",
    thresholds: &[],
    read_at: Facts::taken_at::<EcsFacts>,
    check: one_zone,
};

/// The zone all of `instances` are in, if it is one and known.
pub(super) fn only_zone(instances: &[&Instance]) -> Option<Text> {
    let first = instances.first()?.az.clone()?;
    instances.iter().all(|i| i.az.as_ref() == Some(&first)).then_some(first)
}

/// Tasks in each usable zone of a service, most first, where they are uneven.
pub(super) struct Uneven {
    pub(super) zones: Vec<(Text, u32)>,
    /// All tasks are in the first zone.
    pub(super) one: bool,
}

/// Whether the tasks of `service` are spread worse than they could be.
pub(super) fn uneven(service: &Service, index: &EcsIndex) -> Option<Uneven> {
    judged(service, index)?.err()
}

/// `Ok` for an even spread, `Err` for an uneven one, `None` where it cannot or need not be judged.
fn judged(service: &Service, index: &EcsIndex) -> Option<Result<(), Uneven>> {
    let bound = service.has_expression();
    let moving = service.deployments.iter().any(super::rollout::in_progress);
    if service.scheduling == Scheduling::Daemon || service.desired < 2 || bound || moving {
        return None;
    }
    let on_instances = index.on_instances(service)?;
    let spread = index.spread(service);
    let usable = index.usable_zones(service)?;
    let running: u32 = spread.zones.values().sum();
    if spread.unknown > 0 || running < 2 || usable.len() < 2 {
        return None;
    }
    let one = spread.zones.len() == 1;
    let mut zones: Vec<(Text, u32)> =
        usable.iter().map(|z| (z.clone(), spread.zones.get(z).copied().unwrap_or(0))).collect();
    if one {
        // The one zone may not be usable any more; it is still where they all are.
        zones = spread.zones.into_iter().chain(zones.into_iter().filter(|(_, n)| *n == 0)).collect();
    }
    zones.sort_by(|(a, n), (b, m)| m.cmp(n).then(a.cmp(b)));
    let gap = zones.first().map_or(0, |(_, n)| *n).saturating_sub(zones.last().map_or(0, |(_, n)| *n));
    // Without instances the zones a service may use are not told; only all in one is sure to be bad.
    let bad = one || (on_instances && gap > 1);
    Some(if bad { Err(Uneven { zones, one }) } else { Ok(()) })
}

fn spread(facts: &Facts, sink: &mut Sink<'_>) {
    let (index, evidence) = (facts.derived::<EcsIndex>(), facts.derived::<Evidence>());
    service::each(facts, sink, |service, sink| match judged(service, &index) {
        None => {}
        Some(Ok(())) => sink.ok(|| subject::service(service)),
        Some(Err(uneven)) => {
            let zones = words::list(uneven.zones.iter().map(|(zone, n)| format!("{zone} {n}")));
            let (severity, message) = match uneven.zones.first() {
                Some((zone, _)) if uneven.one => {
                    (Severity::Crit, format!("{}: all tasks are in {zone}", words::headline(service)))
                }
                _ => (Severity::Warn, format!("{}: uneven over zones: {zones}", words::headline(service))),
            };
            // While instances it could use are lost, that is the cause, and said once for all services.
            let lost = index.pool(service).any(|i| i.agent_connected == Some(false));
            let severity = if lost { Severity::Info } else { severity };
            let step = "a forced deployment spreads them anew, if its placement strategy spreads over zones";
            let about = About::new(message).with("running tasks by zone", zones).next(evidence.unless_destroyed(
                &service.arn,
                "do not force a deployment",
                step,
            ));
            sink.found(severity, subject::service(service), about);
        }
    });
}

/// What there is to say of the zones of a cluster's instances; `None` if all is well, or nothing can be told.
pub(super) fn exposed(cluster: &Cluster, index: &EcsIndex) -> Option<(Severity, String)> {
    let all = index.instances(&cluster.arn);
    let good: Vec<&Instance> = all.iter().map(AsRef::as_ref).filter(|i| i.placeable()).collect();
    let zones: BTreeSet<&Text> = good.iter().filter_map(|i| i.az.as_ref()).collect();
    let (name, n) = (&cluster.name, all.len());
    let of = words::count(n, "instance");
    match (n, good.len(), zones.first()) {
        (0, ..) => None,
        (_, 0, _) => Some((Severity::Crit, format!("{name}: none of its {of} can take tasks"))),
        (1, ..) => Some((Severity::Warn, format!("{name}: has a single instance, all its tasks are in one zone"))),
        (_, _, None) => Some((Severity::Unknown, format!("{name}: the zones of its {of} are not known"))),
        (_, _, Some(zone)) if zones.len() == 1 => {
            let sure = good.iter().all(|i| i.az.is_some());
            let severity = if sure { Severity::Crit } else { Severity::Unknown };
            Some((severity, format!("{name}: only {zone} has instances that can take tasks ({} of {n})", good.len())))
        }
        _ => None,
    }
}

fn one_zone(facts: &Facts, sink: &mut Sink<'_>) {
    let index = facts.derived::<EcsIndex>();
    let clusters = facts.get::<EcsFacts>().map_or(&[][..], |ecs| &ecs.clusters);
    for seen in clusters {
        let (cluster, mut sink) = (&seen.item, sink.at(seen.at));
        let instances = index.instances(&cluster.arn);
        let Some((severity, message)) = exposed(cluster, &index) else {
            if !instances.is_empty() {
                sink.ok(|| subject::cluster(cluster));
            }
            continue;
        };
        let good: Vec<&Instance> = instances.iter().map(AsRef::as_ref).filter(|i| i.placeable()).collect();
        let zones: BTreeSet<&Text> = good.iter().filter_map(|i| i.az.as_ref()).collect();
        let about = About::new(message)
            .with("instances", instances.len())
            .with("active and connected", good.len())
            .with("their zones", words::list(zones))
            .next("see the instances and their zones: view instances");
        sink.found(severity, subject::cluster(cluster), about);
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture::*;
    use super::*;

    fn hosts() -> [Instance; 3] {
        ["a", "b", "c"].map(|z| instance(&format!("i-{z}"), z, 1))
    }

    fn spread_over(zones: &str) -> World {
        let tasks = zones.chars().enumerate().map(|(n, zone)| {
            let host = hosts().into_iter().find(|h| h.az == text(&zone.to_string())).unwrap();
            task(&n.to_string(), &host)
        });
        let n = u32::try_from(zones.len()).unwrap();
        with(service(n, n)).tasks(tasks).instances(hosts())
    }

    #[test]
    fn tasks_spread_over_the_zones_that_can_take_them() {
        let mut away = spread_over("aaabb");
        away.instances[2].agent_connected = Some(false);
        let mut bound = spread_over("aa");
        bound.services[0].constraints = vec![Text::from("memberOf: attribute:ecs.availability-zone == a")];
        let mut moving = spread_over("aa");
        moving.services[0].deployments = vec![deployment("IN_PROGRESS", 2, 2)];
        let mut untold = spread_over("aaa");
        untold.tasks[1].az = None;
        untold.tasks[1].instance_arn = None;
        table(
            SPREAD.id,
            &[
                (spread_over("aabbc"), &["ok"]),
                (spread_over("aaab"), &["warn ehr-api 4/4: uneven over zones: a 3, b 1, c 0"]),
                (spread_over("aa"), &["crit ehr-api 2/2: all tasks are in a"]),
                (spread_over("a"), &[]),
                (away, &["ok"]),
                (bound, &[]),
                (moving, &[]),
                (untold, &[]),
            ],
        );
    }

    #[test]
    fn on_fargate_only_a_single_zone_is_judged_and_only_beside_others() {
        let fargate = |mine: &str, others: &str| {
            let make = |name: &str, zones: &str| -> Vec<crate::model::ecs::Task> {
                let one = |(n, zone): (usize, char)| crate::model::ecs::Task {
                    group: text(&format!("service:{name}")),
                    instance_arn: None,
                    az: text(&zone.to_string()),
                    ..task(&format!("{name}{n}"), &Instance::default())
                };
                zones.chars().enumerate().map(one).collect()
            };
            let n = u32::try_from(mine.len()).unwrap();
            let service = Service { providers: vec![], launch_type: text("FARGATE"), ..service(n, n) };
            with(service).tasks(make("ehr-api", mine)).tasks(make("other", others))
        };
        table(
            SPREAD.id,
            &[
                (fargate("aaa", "bc"), &["crit ehr-api 3/3: all tasks are in a"]),
                (fargate("aaa", "a"), &[]),
                (fargate("aaaab", "c"), &["ok"]),
            ],
        );
    }

    #[test]
    fn a_cluster_in_one_zone_is_critical() {
        let world = |instances: Vec<Instance>| with(service(2, 2)).instances(instances);
        let zoneless = |id| Instance { az: None, ..instance(id, "", 1) };
        table(
            ONE_ZONE.id,
            &[
                (world(hosts().to_vec()), &["ok"]),
                (
                    world(vec![instance("1", "a", 1), instance("2", "a", 1), lost("3", "b")]),
                    &["crit ehr: only a has instances that can take tasks (2 of 3)"],
                ),
                (world(vec![lost("1", "a"), lost("2", "b")]), &["crit ehr: none of its 2 instances can take tasks"]),
                (
                    world(vec![instance("1", "a", 1)]),
                    &["warn ehr: has a single instance, all its tasks are in one zone"],
                ),
                (
                    world(vec![instance("1", "a", 1), zoneless("2")]),
                    &["unknown ehr: only a has instances that can take tasks (2 of 2)"],
                ),
                (
                    world(vec![zoneless("1"), zoneless("2")]),
                    &["unknown ehr: the zones of its 2 instances are not known"],
                ),
                (world(vec![]), &[]),
            ],
        );
    }
}
