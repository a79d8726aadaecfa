//! Whether another zone can take over.

use super::failover::{self, Failovers};
use super::{Database, each_instance};
use crate::health::{About, Rule, Sink, words};
use crate::model::rds::{DbInstance, RdsFacts};
use crate::model::{Facts, Severity};

pub(in super::super) const MULTI_AZ: Rule = Rule {
    id: "rds-multi-az",
    domain: "rds",
    doc: "An instance by itself has no standby in another zone: the loss of one zone, or maintenance, takes it away. Members of \
          clusters are judged by `rds-cluster-spread`, replicas not at all. Critical in a stack that is protected.",
    source: "AWS Config managed rule rds-multi-az-support, which leaves out Aurora; RDS API: SecondaryAvailabilityZone",
    thresholds: &[],
    read_at: Facts::taken_at::<RdsFacts>,
    check: multi_az,
};

fn multi_az(facts: &Facts, sink: &mut Sink<'_>) {
    let failovers = facts.derived::<Failovers>();
    each_instance(facts, sink, |rds, instance, sink| {
        if instance.is_aurora() || instance.cluster.is_some() || instance.replica_of.is_some() {
            return;
        }
        let found = failovers.of(&instance.arn);
        let moving = found.is_some_and(|found| found.is_running(sink.now(), failover::span(sink)));
        judge(rds, instance, moving, sink);
    });
}

fn judge(rds: &RdsFacts, i: &DbInstance, moving: bool, sink: &mut Sink<'_>) {
    let subject = Database::Instance(i).subject();
    let told = |words: &str| {
        About::new(format!("{}: {words}", i.id))
            .with("MultiAZ", words::given(i.multi_az))
            .with("AvailabilityZone", words::given(i.az.as_ref()))
            .with("SecondaryAvailabilityZone", words::given(i.standby_az.as_ref()))
    };
    let converting =
        i.pending.iter().any(|change| change.name == "MultiAZ" && change.value.eq_ignore_ascii_case("true"));
    match i.multi_az {
        None => sink.found(Severity::Unknown, subject, told("whether it has a standby was not told")),
        Some(false) if converting => {
            sink.found(Severity::Warn, subject, told("no standby yet, a change to Multi-AZ waits"));
        }
        Some(false) => {
            let severity = if rds.protected { Severity::Crit } else { Severity::Warn };
            let about = told("one zone only, nothing takes over when it is lost")
                .next("a change to Multi-AZ needs no downtime; it slows writes while the copy is made");
            sink.found(severity, subject, about);
        }
        // Between the zones nobody stands by.
        Some(true) if moving => sink.found(Severity::Info, subject, told("its standby takes over")),
        Some(true) if i.standby_az.is_none() || i.standby_az == i.az => {
            sink.found(Severity::Warn, subject, told("Multi-AZ, the standby is not reported yet"));
        }
        Some(true) if i.az.is_none() => sink.found(Severity::Unknown, subject, told("its zone was not told")),
        Some(true) => sink.ok(|| subject),
    }
}
