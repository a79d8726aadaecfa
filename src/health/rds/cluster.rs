//! How the members of a cluster are spread.

use std::collections::BTreeSet;

use super::{Database, Other, each_cluster};
use crate::health::{About, Rule, Sink, words};
use crate::model::rds::{DbCluster, PartsRead, RdsFacts};
use crate::model::{Facts, Severity};
use crate::text::Text;

pub(in super::super) const SPREAD: Rule = Rule {
    id: "rds-cluster-spread",
    domain: "rds",
    doc: "The members of a cluster stand in one zone, or there is only one: then nothing takes over at once. Judged by where the \
          members are, never by MultiAZ, which says nothing of Aurora's instances.",
    source: "Aurora user guide, high availability: readers in other zones; AWS Config managed rule rds-cluster-multi-az-enabled",
    thresholds: &[],
    read_at: Facts::taken_at::<RdsFacts>,
    check: spread,
};

fn spread(facts: &Facts, sink: &mut Sink<'_>) {
    each_cluster(facts, sink, judge);
}

fn judge(rds: &RdsFacts, cluster: &DbCluster, sink: &mut Sink<'_>) {
    let subject = Database::Cluster(cluster).subject();
    // Who is a member is told by the cluster, where each is by the instances.
    let other = Other::new(sink.now(), rds.read_at.instances, PartsRead::EVERY);
    let sink = &mut sink.at(other.at);
    let zone = |id: &Text| rds.instance(id).and_then(|instance| instance.az.clone());
    let zones: Vec<Option<Text>> = cluster.members.iter().map(|member| zone(&member.instance)).collect();
    let known: BTreeSet<&Text> = zones.iter().flatten().collect();
    let told = |words: String| {
        let places = cluster.members.iter().zip(&zones);
        let places = places.map(|(member, zone)| format!("{} in {}", member.instance, words::given(zone.as_ref())));
        About::new(format!("{}: {words}", cluster.id)).with("members", words::list(places))
    };
    let about = match (zones.len(), known.len()) {
        (0, _) => (Severity::Warn, told("no instance, nobody can connect to it".to_owned())),
        (1, _) => (
            Severity::Warn,
            told("a single instance, no failover target".to_owned())
                .next("add a reader in another zone: without one a new instance is made first, which takes minutes"),
        ),
        (_, 0) => (Severity::Unknown, told("the zones of its members are not known".to_owned())),
        (n, 1) if zones.iter().all(Option::is_some) => {
            let zone = words::list(&known);
            (
                Severity::Crit,
                told(format!("all {n} members in {zone}, its loss takes them all"))
                    .next("add a reader in another zone"),
            )
        }
        (_, 1) => (Severity::Unknown, told("the zones of some members are not known".to_owned())),
        _ if tiers_alike(cluster) => {
            (Severity::Info, told("all readers have the same promotion tier, the largest takes over".to_owned()))
        }
        _ if !other.is_fresh => return,
        _ => return sink.ok(|| subject),
    };
    sink.found(about.0, subject, about.1);
}

/// Whether several readers stand in the same tier.
fn tiers_alike(cluster: &DbCluster) -> bool {
    let readers = cluster.members.iter().filter(|member| member.is_writer == Some(false));
    let tiers: Vec<Option<u32>> = readers.map(|member| member.promotion_tier).collect();
    tiers.len() > 1 && tiers[0].is_some() && tiers.iter().all(|tier| *tier == tiers[0])
}
