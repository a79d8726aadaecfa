//! Clusters, and whatever ECS lists without describing it.

use super::{About, Rule, Sink, subject, words};
use crate::model::ecs::{EcsFacts, Missing, StoppedFacts, tail};
use crate::model::{Facts, Severity, Subject};
use crate::text::Text;

pub(super) const STATUS: Rule = Rule {
    id: "ecs-cluster-status",
    domain: "ecs",
    doc: "A cluster has failed, or is being made or deleted.",
    source: "ECS API: Cluster.status",
    thresholds: &[],
    read_at: Facts::taken_at::<EcsFacts>,
    check: status,
};

pub(super) const ATTACHMENTS: Rule = Rule {
    id: "ecs-cluster-attachments",
    domain: "ecs",
    doc: "ECS could not attach a capacity provider to the cluster.",
    source: "ECS API: Cluster.attachmentsStatus",
    thresholds: &[],
    read_at: Facts::taken_at::<EcsFacts>,
    check: attachments,
};

pub(super) const NOT_DESCRIBED: Rule = Rule {
    id: "ecs-not-described",
    domain: "ecs",
    doc: "Something is listed or asked for, but could not be described: its state is unknown, not good.",
    source: "ECS API: failures[] of the describe calls. A stopped task that is MISSING has only been forgotten by ECS",
    thresholds: &[],
    read_at: Facts::taken_at::<EcsFacts>,
    check: not_described,
};

fn status(facts: &Facts, sink: &mut Sink<'_>) {
    let clusters = facts.get::<EcsFacts>().map_or(&[][..], |ecs| &ecs.clusters);
    for seen in clusters {
        let (cluster, mut sink) = (&seen.item, sink.at(seen.at));
        let (severity, says) = match cluster.status.as_deref() {
            Some("ACTIVE") => {
                sink.ok(|| subject::cluster(cluster));
                continue;
            }
            Some("INACTIVE") => continue,
            Some("FAILED") => (Severity::Crit, "the cluster has failed"),
            Some("PROVISIONING") => (Severity::Info, "is being set up"),
            Some("DEPROVISIONING") => (Severity::Info, "is being deleted"),
            _ => (Severity::Unknown, "its status is not known"),
        };
        let about =
            About::new(format!("{}: {says}", cluster.name)).with("status", words::given(cluster.status.as_ref()));
        sink.found(severity, subject::cluster(cluster), about);
    }
}

fn attachments(facts: &Facts, sink: &mut Sink<'_>) {
    let clusters = facts.get::<EcsFacts>().map_or(&[][..], |ecs| &ecs.clusters);
    for seen in clusters {
        let (cluster, mut sink) = (&seen.item, sink.at(seen.at));
        match cluster.attachments_status.as_deref() {
            None => {}
            Some("UPDATE_FAILED") => {
                let about = About::new(format!("{}: attaching its capacity providers failed", cluster.name))
                    .with("attachmentsStatus", "UPDATE_FAILED")
                    .with("capacity providers", words::list(&cluster.providers))
                    .next("see the capacity providers: view instances");
                sink.found(Severity::Warn, subject::cluster(cluster), about);
            }
            Some(_) => sink.ok(|| subject::cluster(cluster)),
        }
    }
}

fn not_described(facts: &Facts, sink: &mut Sink<'_>) {
    // What a failed call left unread is told by the state of the feed, all of it together.
    for missing in facts.get::<EcsFacts>().map_or(&[][..], |ecs| &ecs.missing).iter().filter(|m| !m.unread) {
        tell(missing, Severity::Unknown, sink);
    }
    for missing in facts.get::<StoppedFacts>().map_or(&[][..], |stopped| &stopped.missing) {
        let forgotten = missing.reason == *"MISSING";
        tell(missing, if forgotten { Severity::Info } else { Severity::Unknown }, sink);
    }
}

fn tell(missing: &Missing, severity: Severity, sink: &mut Sink<'_>) {
    let kind = missing.kind.word();
    let short = tail(&missing.arn);
    let name = missing
        .cluster
        .as_ref()
        .filter(|c| **c != short)
        .map_or_else(|| short.clone(), |c| Text::from(format!("{c}/{short}")));
    let about = About::new(format!("{name}: the {kind} could not be described ({})", words::quote(&missing.reason)))
        .with("asked for", &missing.arn)
        .with("reason", &missing.reason)
        .next(if missing.reason == *"MISSING" {
            "it may just have gone; if it stays, compare account and region"
        } else {
            "see which calls are denied or fail: !"
        });
    sink.found(severity, Subject { kind, name, id: missing.arn.clone() }, about);
}

#[cfg(test)]
mod tests {
    use super::super::fixture::*;
    use super::*;
    use crate::model::ecs::{Cluster, Kind};

    #[test]
    fn a_cluster_that_failed_is_critical() {
        let at = |status: Option<&str>| World {
            clusters: vec![Cluster { status: status.and_then(text), ..cluster() }],
            ..World::default()
        };
        table(
            STATUS.id,
            &[
                (at(Some("ACTIVE")), &["ok"]),
                (at(Some("FAILED")), &["crit ehr: the cluster has failed"]),
                (at(Some("PROVISIONING")), &["info ehr: is being set up"]),
                (at(Some("DEPROVISIONING")), &["info ehr: is being deleted"]),
                (at(Some("INACTIVE")), &[]),
                (at(None), &["unknown ehr: its status is not known"]),
            ],
        );
    }

    #[test]
    fn providers_that_could_not_be_attached_are_said() {
        let at = |status: Option<&str>| World {
            clusters: vec![Cluster { attachments_status: status.and_then(text), ..cluster() }],
            ..World::default()
        };
        table(
            ATTACHMENTS.id,
            &[
                (at(Some("UPDATE_COMPLETE")), &["ok"]),
                (at(Some("UPDATE_FAILED")), &["warn ehr: attaching its capacity providers failed"]),
                (at(None), &[]),
            ],
        );
    }

    #[test]
    fn each_thing_that_was_not_described_is_unknown() {
        let missing = |kind, id: &str, reason: &str| Missing {
            kind,
            cluster: text("ehr"),
            arn: Text::from(format!("arn:x/ehr/{id}")),
            reason: Text::from(reason),
            unread: reason.starts_with("not read"),
        };
        let mut world = World {
            missing: vec![
                missing(Kind::Service, "web", "MISSING"),
                missing(Kind::Instance, "i", "ACCESS_DENIED"),
                missing(Kind::Service, "left", "not read: denied"),
            ],
            ..World::default()
        };
        world.stopped = Some(StoppedFacts {
            tasks: vec![],
            missing: vec![missing(Kind::Task, "t1", "MISSING"), missing(Kind::Task, "t2", "ecs:DescribeTasks: denied")],
        });
        table(
            NOT_DESCRIBED.id,
            &[(
                world,
                &[
                    "unknown ehr/web: the service could not be described (MISSING)",
                    "unknown ehr/i: the instance could not be described (ACCESS_DENIED)",
                    "info ehr/t1: the task could not be described (MISSING)",
                    "unknown ehr/t2: the task could not be described (ecs:DescribeTasks: denied)",
                ],
            )],
        );
    }
}
